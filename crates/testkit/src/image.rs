//! Builds small images for tests: layers entry by entry, layouts and archives around them.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::return_self_not_must_use,
    reason = "development only: a test that cannot be set up is to fail at once"
)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Is how a layer is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As it is.
    None,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

/// Builds the tar archive of a layer.
pub struct LayerBuilder {
    tar: tar::Builder<Vec<u8>>,
}

impl Default for LayerBuilder {
    fn default() -> Self {
        Self {
            tar: tar::Builder::new(Vec::new()),
        }
    }
}

impl LayerBuilder {
    /// Starts an empty layer.
    pub fn new() -> Self {
        Self::default()
    }

    fn header(kind: tar::EntryType, size: u64, mode: u32) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(mode);
        header.set_mtime(1_700_000_000);
        header.set_uid(0);
        header.set_gid(0);
        header
    }

    fn add(mut self, path: &str, mut header: tar::Header, content: &[u8]) -> Self {
        // `append_data` refuses names such as `../x`, which tests need: the name is written raw.
        if path.len() <= 100 {
            let name = &mut header.as_mut_bytes()[..100];
            name.fill(0);
            name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_cksum();
            self.tar
                .append(&header, content)
                .expect("memory does not fail");
        } else {
            self.tar
                .append_data(&mut header, path, content)
                .expect("memory does not fail");
        }
        self
    }

    /// Adds a file.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref();
        let header = Self::header(tar::EntryType::Regular, content.len() as u64, 0o644);
        self.add(path, header, content)
    }

    /// Adds a folder.
    pub fn dir(self, path: &str) -> Self {
        let header = Self::header(tar::EntryType::Directory, 0, 0o755);
        self.add(path, header, &[])
    }

    /// Adds a symbolic link.
    pub fn symlink(self, path: &str, target: &str) -> Self {
        let mut header = Self::header(tar::EntryType::Symlink, 0, 0o777);
        header
            .set_link_name_literal(target)
            .expect("a short target");
        self.add(path, header, &[])
    }

    /// Adds a hard link.
    pub fn hard_link(self, path: &str, target: &str) -> Self {
        let mut header = Self::header(tar::EntryType::Link, 0, 0o644);
        header
            .set_link_name_literal(target)
            .expect("a short target");
        self.add(path, header, &[])
    }

    /// Adds a whiteout of a path (`a/b` is deleted by `a/.wh.b`).
    pub fn whiteout(self, path: &str) -> Self {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let whiteout = if folder.is_empty() {
            format!(".wh.{name}")
        } else {
            format!("{folder}/.wh.{name}")
        };
        self.file(&whiteout, "")
    }

    /// Makes a folder opaque.
    pub fn opaque(self, folder: &str) -> Self {
        self.file(&format!("{folder}/.wh..wh..opq"), "")
    }

    /// Ends the archive and returns its bytes.
    pub fn build(self) -> Vec<u8> {
        self.tar.into_inner().expect("memory does not fail")
    }
}

/// Compresses bytes.
pub fn compress(bytes: &[u8], compression: Compression) -> Vec<u8> {
    match compression {
        Compression::None => bytes.to_vec(),
        Compression::Gzip => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
            encoder.write_all(bytes).expect("memory does not fail");
            encoder.finish().expect("memory does not fail")
        }
        Compression::Zstd => zstd::bulk::compress(bytes, 3).expect("memory does not fail"),
    }
}

/// Returns `sha256:<hex>` of bytes.
pub fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("memory does not fail");
    }
    text
}

/// Is an image: layers (plain archives, lowest first) and what its configuration says.
#[derive(Clone, Debug)]
pub struct TestImage {
    /// The plain archives.
    pub layers: Vec<Vec<u8>>,
    /// `created_by` of each layer.
    pub created_by: Vec<String>,
    /// The configuration's architecture.
    pub architecture: String,
    /// The tag in a layout.
    pub tag: String,
    /// Diff-ids to claim instead of the true ones.
    pub claimed_diff_ids: Option<Vec<String>>,
}

impl TestImage {
    /// Makes an image of layers.
    pub fn new(layers: Vec<Vec<u8>>) -> Self {
        let created_by = (0..layers.len()).map(|n| format!("RUN step {n}")).collect();
        Self {
            layers,
            created_by,
            architecture: "amd64".to_owned(),
            tag: "latest".to_owned(),
            claimed_diff_ids: None,
        }
    }

    /// Returns the configuration document.
    pub fn config(&self) -> Vec<u8> {
        let diff_ids = self
            .claimed_diff_ids
            .clone()
            .unwrap_or_else(|| self.layers.iter().map(|layer| digest(layer)).collect());
        let history: Vec<Value> = self
            .created_by
            .iter()
            .map(|by| json!({"created": "2023-06-12T00:00:00Z", "created_by": by}))
            .collect();
        json!({
            "created": "2023-06-12T00:00:00Z",
            "architecture": self.architecture,
            "os": "linux",
            "config": {"User": "1000", "Env": ["PATH=/usr/bin"]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": history,
        })
        .to_string()
        .into_bytes()
    }

    /// Writes an OCI layout into a folder and returns the manifest's digest.
    pub fn write_layout(&self, folder: &Path, compression: Compression) -> String {
        fs::create_dir_all(folder.join("blobs/sha256")).expect("a temporary folder");
        fs::write(
            folder.join("oci-layout"),
            br#"{"imageLayoutVersion":"1.0.0"}"#,
        )
        .expect("write");
        let manifest = self.write_blobs(folder, compression);
        let index = json!({"schemaVersion": 2, "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": digest(&manifest), "size": manifest.len(),
            "annotations": {"org.opencontainers.image.ref.name": self.tag}}]});
        fs::write(folder.join("index.json"), index.to_string()).expect("write");
        digest(&manifest)
    }

    /// Writes the image's blobs into a layout and returns the manifest document.
    pub fn write_blobs(&self, folder: &Path, compression: Compression) -> Vec<u8> {
        let put = |bytes: &[u8]| {
            let name = digest(bytes);
            let path = folder
                .join("blobs/sha256")
                .join(name.trim_start_matches("sha256:"));
            fs::write(path, bytes).expect("write");
            name
        };
        let suffix = match compression {
            Compression::None => "",
            Compression::Gzip => "+gzip",
            Compression::Zstd => "+zstd",
        };
        let layers: Vec<Value> = self
            .layers
            .iter()
            .map(|layer| {
                let packed = compress(layer, compression);
                json!({"mediaType": format!("application/vnd.oci.image.layer.v1.tar{suffix}"),
                       "digest": put(&packed), "size": packed.len()})
            })
            .collect();
        let config = self.config();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                       "digest": put(&config), "size": config.len()},
            "layers": layers,
        })
        .to_string()
        .into_bytes();
        put(&manifest);
        manifest
    }

    /// Writes what `docker save` writes, for the given name.
    pub fn write_docker_archive(&self, path: &Path, name: &str) {
        let mut builder = LayerBuilder::new();
        let config = self.config();
        let config_name = format!("{}.json", digest(&config).trim_start_matches("sha256:"));
        let mut layer_names = Vec::new();
        builder = builder.file(&config_name, &config);
        for layer in &self.layers {
            let layer_name = format!("{}.tar", digest(layer).trim_start_matches("sha256:"));
            if !layer_names.contains(&layer_name) {
                builder = builder.file(&layer_name, layer);
            }
            layer_names.push(layer_name);
        }
        let manifest =
            json!([{"Config": config_name, "RepoTags": [name], "Layers": layer_names}]).to_string();
        fs::write(path, builder.file("manifest.json", manifest).build()).expect("write");
    }

    /// Packs a layout's folder into an `oci-archive`.
    pub fn write_oci_archive(&self, path: &Path, compression: Compression) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        self.write_layout(folder.path(), compression);
        let mut builder = LayerBuilder::new();
        for name in files_below(folder.path()) {
            let content = fs::read(folder.path().join(&name)).expect("read");
            builder = builder.file(&name.to_string_lossy(), content);
        }
        fs::write(path, builder.build()).expect("write");
    }
}

/// Lists the files below a folder, relative to it, sorted.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(at) = todo.pop() {
        for entry in fs::read_dir(&at).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                todo.push(path);
            } else if let Ok(relative) = path.strip_prefix(folder) {
                found.push(relative.to_owned());
            }
        }
    }
    found.sort();
    found
}
