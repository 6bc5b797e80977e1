//! Eggs: zip archives whose `EGG-INFO` holds the metadata (setuptools, "The internal structure of
//! Python eggs").

use super::super::zip::{Budget, open};

/// The most entries of one egg that are looked at.
const MAX_ENTRIES: usize = 200_000;

/// Is what an egg holds of metadata.
#[derive(Debug, Default)]
pub(crate) struct Egg {
    /// `EGG-INFO/PKG-INFO`.
    pub(crate) metadata: Vec<u8>,
    /// `EGG-INFO/requires.txt`; empty for none.
    pub(crate) requires: Vec<u8>,
}

/// Reads the metadata of an egg; `None` when it is no archive or holds none that is readable. Nothing
/// is unpacked but the two files, each at most `limit` bytes; of several entries of one name the first.
pub(crate) fn read_egg(bytes: &[u8], limit: u64) -> Option<Egg> {
    let budget = Budget::new(MAX_ENTRIES, 2 * limit, 0);
    let archive = open(bytes, &budget).ok()?;
    let read = |name: &[u8]| {
        let entry = archive.entries.iter().find(|entry| entry.name == name)?;
        Some(entry.data(limit, &budget).ok()?.into_owned())
    };
    Some(Egg {
        metadata: read(b"EGG-INFO/PKG-INFO")?,
        requires: read(b"EGG-INFO/requires.txt").unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use rawzip::CompressionMethod;

    use super::*;

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut archive = rawzip::ZipArchiveWriter::new(&mut out);
        for (name, content) in files {
            let (mut entry, config) = archive
                .new_file(name)
                .compression_method(CompressionMethod::DEFLATE)
                .start()
                .unwrap();
            let encoder =
                flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::default());
            let mut writer = config.wrap(encoder);
            writer.write_all(content).unwrap();
            let (encoder, descriptor) = writer.finish().unwrap();
            encoder.finish().unwrap();
            entry.finish(descriptor).unwrap();
        }
        archive.finish().unwrap();
        out
    }

    #[test]
    fn eggs_are_read_within_bounds() {
        let bomb = vec![b'a'; 10 << 20];
        let bytes = zip(&[
            ("a/__init__.py", b"x = 1"),
            ("EGG-INFO/PKG-INFO", b"Name: a\nVersion: 1\n"),
            ("EGG-INFO/requires.txt", &bomb),
        ]);
        let egg = read_egg(&bytes, 1024).unwrap();
        assert_eq!(egg.metadata, b"Name: a\nVersion: 1\n");
        assert!(egg.requires.is_empty());
        assert!(read_egg(&bytes[..bytes.len() / 2], 1024).is_none());
        assert!(read_egg(b"", 1024).is_none());
        assert!(read_egg(&zip(&[("a", b"b")]), 1024).is_none());
    }
}
