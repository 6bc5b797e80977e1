//! The one memory map: the only unsafe code of the crate.

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// Maps a file read-only.
///
/// The map is sound as long as nobody cuts the file in place while it is open. Databases are only
/// ever replaced by renaming, which leaves an open one untouched.
pub(super) fn map(path: &Path) -> io::Result<Mmap> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
    }
    #[allow(
        unsafe_code,
        reason = "mapping a file is unsafe by nature; see the function's comment"
    )]
    // SAFETY: the file is only read, and databases are replaced by rename, never written in place.
    unsafe {
        Mmap::map(&file)
    }
}
