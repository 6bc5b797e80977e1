//! Keeps the configurations of daemons' images, so that a second scan need not export the image.
//!
//! A file is named by the digest of its content and verified by it when read: a changed one is as
//! good as none. Nothing is ever removed; a configuration is a few kilobytes.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

use plimsoll_model::digest::Digest;
use sha2::{Digest as _, Sha256};

use crate::source::MAX_CONFIG_BYTES;

/// Returns the configuration of a digest, when it is kept and intact.
pub(super) fn get(folder: &Path, digest: &Digest) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(folder.join(digest.hex()))
        .ok()?
        .take(MAX_CONFIG_BYTES + 1)
        .read_to_end(&mut bytes)
        .ok()?;
    (Digest::from_sha256(Sha256::digest(&bytes)) == *digest).then_some(bytes)
}

/// Keeps a configuration. A cache that cannot be written only costs time: failures are not told.
pub(super) fn put(folder: &Path, digest: &Digest, bytes: &[u8]) {
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.persist(folder.join(digest.hex()))?;
        Ok(())
    };
    let _ = write();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_entry_counts_as_none() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("configs");
        let digest = Digest::from_sha256(Sha256::digest(b"{}"));
        assert_eq!(get(&folder, &digest), None);
        put(&folder, &digest, b"{}");
        assert_eq!(get(&folder, &digest).as_deref(), Some(&b"{}"[..]));
        fs::write(folder.join(digest.hex()), b"{ }").unwrap();
        assert_eq!(get(&folder, &digest), None);
    }
}
