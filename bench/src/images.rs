//! Images of a given size, made up: the same bytes every time.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::json;
use sha2::{Digest, Sha256};

/// Makes an OCI layout: `200mb` and `2gb` are four layers of files of 32 KiB that compress to about
/// a half; `million` is one layer of a million files of a few bytes.
pub(crate) fn make(kind: &str, folder: &Path) -> Result<(), String> {
    let (layers, files, size) = match kind {
        "200mb" => (4, 1_500, 32 << 10),
        "2gb" => (4, 15_000, 32 << 10),
        "million" => (1, 1_000_000, 10),
        _ => return Err(format!("no image '{kind}'; there is 200mb, 2gb, million")),
    };
    write(folder, layers, files, size).map_err(|error| format!("{}: {error}", folder.display()))
}

/// Hashes and counts what goes through.
struct Metered<W> {
    inner: W,
    hasher: Sha256,
    count: u64,
}

impl<W: Write> Write for Metered<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or_default());
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W> Metered<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
            count: 0,
        }
    }
}

fn hex(hasher: Sha256) -> String {
    plimsoll_model::digest::Digest::from_sha256(hasher.finalize())
        .hex()
        .to_owned()
}

fn write(folder: &Path, layers: u64, files: u64, size: usize) -> io::Result<()> {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut descriptors = Vec::new();
    let mut diff_ids = Vec::new();
    for layer in 0..layers {
        let path = folder.join("layer.tmp");
        let packed = Metered::new(BufWriter::new(File::create(&path)?));
        let gzip = flate2::write::GzEncoder::new(packed, flate2::Compression::new(1));
        let mut archive = tar::Builder::new(Metered::new(gzip));
        let mut content = vec![0_u8; size];
        if layer == 0 {
            status(&mut archive)?;
        }
        for file in 0..files {
            fill(&mut content, &mut seed);
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(1_700_000_000);
            let name = format!(
                "srv/data-{layer}/{:03}/{:03}/file-{file}.txt",
                file / 10_000,
                file / 100 % 100
            );
            archive.append_data(&mut header, name, content.as_slice())?;
        }
        let plain = archive.into_inner()?;
        diff_ids.push(format!("sha256:{}", hex(plain.hasher)));
        let mut packed = plain.inner.finish()?;
        packed.flush()?;
        let name = hex(packed.hasher);
        fs::rename(&path, blobs.join(&name))?;
        descriptors.push(json!({
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "digest": format!("sha256:{name}"), "size": packed.count}));
    }
    let put = |document: serde_json::Value| -> io::Result<serde_json::Value> {
        let text = document.to_string();
        let name = hex(Sha256::new_with_prefix(&text));
        fs::write(blobs.join(&name), &text)?;
        Ok(json!({"digest": format!("sha256:{name}"), "size": text.len()}))
    };
    let mut config = put(json!({"architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": []}))?;
    set(
        &mut config,
        "mediaType",
        "application/vnd.oci.image.config.v1+json",
    );
    let mut manifest = put(json!({"schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config, "layers": descriptors}))?;
    set(
        &mut manifest,
        "mediaType",
        "application/vnd.oci.image.manifest.v1+json",
    );
    fs::write(
        folder.join("index.json"),
        json!({"schemaVersion": 2, "manifests": [manifest]}).to_string(),
    )?;
    fs::write(
        folder.join("oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    )
}

fn set(document: &mut serde_json::Value, key: &str, value: &str) {
    if let Some(map) = document.as_object_mut() {
        map.insert(key.to_owned(), value.into());
    }
}

/// Puts a package database and an `os-release` in, so that the image is one.
fn status<W: Write>(archive: &mut tar::Builder<W>) -> io::Result<()> {
    let files = [
        (
            "etc/os-release",
            "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n",
        ),
        (
            "var/lib/dpkg/status",
            "Package: libc6\nStatus: install ok installed\nSource: glibc\nArchitecture: amd64\n\
             Version: 2.36-9+deb12u1\n\n",
        ),
    ];
    for (name, text) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, text.as_bytes())?;
    }
    Ok(())
}

/// Fills a buffer with bytes that compress to about a half.
fn fill(buffer: &mut [u8], seed: &mut u64) {
    for chunk in buffer.chunks_mut(8) {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        let noise = (*seed & 0x0f0f_0f0f_0f0f_0f0f) | 0x6060_6060_6060_6060;
        for (to, from) in chunk.iter_mut().zip(noise.to_le_bytes()) {
            *to = from;
        }
    }
}
