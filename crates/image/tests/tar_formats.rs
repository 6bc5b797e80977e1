//! Every archive format that GNU tar writes is read as it was meant: long names, sparse files,
//! extended attributes, large ids.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, symlink};
use std::process::Command;
use std::sync::atomic::AtomicU64;

use plimsoll_image::pass::{Limits, Pass};
use plimsoll_model::analyzer::{Analyzer, Content, ContentSink, Entry, EntryKind, Fact, Want};
use plimsoll_model::layer::ListedFile;
use plimsoll_testkit::image::digest;
use plimsoll_testkit::skip;

/// Hashes every file's content, as the benchmark's analyzer does.
struct Hashes;

struct Hash(Vec<u8>);

impl ContentSink for Hash {
    fn write(&mut self, chunk: &[u8]) {
        self.0.extend_from_slice(chunk);
    }
    fn finish(self: Box<Self>, complete: bool, facts: &mut Vec<Fact>) {
        facts.push(Fact::Note {
            key: complete.to_string(),
            value: digest(&self.0),
        });
    }
}

impl Analyzer for Hashes {
    fn name(&self) -> &'static str {
        "test/hashes"
    }
    fn version(&self) -> u32 {
        1
    }
    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind == EntryKind::File {
            Want::Stream
        } else {
            Want::Nothing
        }
    }
    fn read(&self, _entry: &Entry<'_>, _content: Content<'_>, _facts: &mut Vec<Fact>) {}
    fn stream(&self, _entry: &Entry<'_>) -> Option<Box<dyn ContentSink>> {
        Some(Box::new(Hash(Vec::new())))
    }
}

/// Is what a listed file is, by its path: kind, size, link.
type Files = BTreeMap<Vec<u8>, (EntryKind, u64, Vec<u8>)>;

fn read(tar: Vec<u8>) -> (Files, BTreeMap<Vec<u8>, String>) {
    let progress = AtomicU64::new(0);
    let limits = Limits::default();
    let pass = Pass {
        analyzers: &[&Hashes],
        limits: &limits,
        progress: &progress,
    };
    let diff_id = digest(&tar).parse().unwrap();
    let read = pass
        .layer(Box::new(Cursor::new(tar)), Some(&diff_id), &diff_id)
        .unwrap();
    assert_eq!(read.facts.issues, []);
    let mut files = BTreeMap::new();
    read.facts.files.for_each(|f: ListedFile<'_>| {
        files.insert(f.path.to_vec(), (f.kind, f.size, f.link.to_vec()));
    });
    let hashes = read
        .facts
        .facts
        .into_iter()
        .map(|fact| {
            let Fact::Note { key, value } = fact.fact else {
                panic!("notes only")
            };
            assert_eq!(key, "true");
            (fact.path.as_bytes().to_vec(), value)
        })
        .collect();
    (files, hashes)
}

#[test]
fn gnu_tar_in_all_its_formats() {
    if Command::new("tar").arg("--version").output().is_err() {
        return skip("gnu_tar_in_all_its_formats", "there is no tar");
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let deep = root.join("d".repeat(90)).join("e".repeat(90));
    fs::create_dir_all(&deep).unwrap();
    fs::write(root.join("plain"), b"plain").unwrap();
    fs::write(root.join("empty"), b"").unwrap();
    fs::write(root.join("block"), vec![b'b'; 512]).unwrap();
    fs::write(deep.join("long"), b"long").unwrap();
    symlink("plain", root.join("link")).unwrap();
    fs::hard_link(root.join("plain"), root.join("same")).unwrap();
    let limited = ["--format=v7", "--format=ustar"];
    let formats: &[&[&str]] = &[
        &["--format=v7"],
        &["--format=ustar"],
        &["--format=oldgnu", "-S"],
        &["--format=gnu", "-S"],
        &["--format=pax", "-S", "--sparse-version=0.0"],
        &["--format=pax", "-S", "--sparse-version=0.1"],
        &["--format=pax", "-S", "--sparse-version=1.0"],
    ];
    for format in formats {
        let limited = limited.contains(&format[0]);
        // A name that is not UTF-8, one of 230 bytes, and holes: not every format can hold them.
        let odd = root.join(std::ffi::OsStr::from_bytes(b"latin1-\xe9"));
        let long = root.join("n".repeat(230));
        let holes = root.join("holes");
        if limited {
            let _ = fs::remove_dir_all(root.join("d".repeat(90)));
        } else {
            fs::create_dir_all(&deep).unwrap();
            fs::write(deep.join("long"), b"long").unwrap();
            fs::write(&odd, b"odd").unwrap();
            fs::write(&long, b"a long name").unwrap();
            let file = File::create(&holes).unwrap();
            file.set_len(9 << 20).unwrap();
            for piece in 0..30_u64 {
                file.write_all_at(b"island", piece * 300_000 + 17).unwrap();
            }
        }
        let output = Command::new("tar")
            .arg("-C")
            .arg(&root)
            .arg("-cf")
            .arg("-")
            .args(*format)
            .arg(".")
            .output();
        let output = output.unwrap();
        assert!(
            output.status.success(),
            "{format:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let (files, hashes) = read(output.stdout);
        assert_eq!(
            files[&b"link"[..]],
            (EntryKind::Symlink, 0, b"plain".to_vec()),
            "{format:?}"
        );
        let linked = [&b"plain"[..], b"same"].map(|name| files[name].0);
        assert!(linked.contains(&EntryKind::File) && linked.contains(&EntryKind::HardLink));
        let mut expected: Vec<&std::path::Path> = vec![];
        let (empty, block) = (root.join("empty"), root.join("block"));
        let long_file = deep.join("long");
        expected.extend([empty.as_path(), block.as_path()]);
        if !limited {
            expected.extend([&*odd, &*long, &*holes, &*long_file]);
        }
        for path in expected {
            let name = path
                .strip_prefix(&root)
                .unwrap()
                .as_os_str()
                .as_bytes()
                .to_vec();
            let content = fs::read(path).unwrap();
            assert_eq!(files[&name].1, content.len() as u64, "{format:?} {path:?}");
            assert_eq!(hashes[&name], digest(&content), "{format:?} {path:?}");
        }
    }
}

#[test]
fn sizes_and_ids_beyond_octal() {
    // Base 256 (GNU) for the size, PAX records for ids; the content is only claimed, so that the
    // archive ends early: what matters is that the numbers are read.
    let mut header = tar::Header::new_gnu();
    header.set_path("huge").unwrap();
    header.set_size(1 << 40);
    header.set_mode(0o600);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.write_all(&[1; 700]).unwrap();
    let progress = AtomicU64::new(0);
    let limits = Limits::default();
    let pass = Pass {
        analyzers: &[&Hashes],
        limits: &limits,
        progress: &progress,
    };
    let diff_id = digest(&bytes).parse().unwrap();
    let read = pass
        .layer(Box::new(Cursor::new(bytes)), None, &diff_id)
        .unwrap();
    let mut sizes = Vec::new();
    read.facts
        .files
        .for_each(|f: ListedFile<'_>| sizes.push(f.size));
    assert_eq!(sizes, [1 << 40]);
    assert_eq!(read.facts.issues.len(), 1, "{:?}", read.facts.issues);
}
