//! Paths inside an image: raw bytes, relative to the image's root, never leaving it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::escape_bytes;

/// The longest path that is kept, in bytes. Linux's `PATH_MAX` is 4,096; archives may hold more.
pub const MAX_PATH_BYTES: usize = 16 * 1024;

/// Is a path inside an image: bytes (not necessarily UTF-8) relative to the root, without leading
/// slash and without empty, `.` or `..` components. The root itself is the empty path.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ImagePath(Vec<u8>);

/// Says why a name of an archive names nothing inside the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathError {
    /// More `..` than there are folders above: the name points outside of the image.
    Escapes,
    /// Longer than [`MAX_PATH_BYTES`].
    TooLong,
    /// Holds a NUL byte, which no file system allows.
    Nul,
}

impl ImagePath {
    /// Normalises a raw name lexically: `./a//b/../c` and `/a/c` are both `a/c`.
    ///
    /// # Errors
    /// [`PathError`] when the name points outside of the image or is no name at all.
    pub fn normalize(raw: &[u8]) -> Result<Self, PathError> {
        if raw.len() > MAX_PATH_BYTES {
            return Err(PathError::TooLong);
        }
        let mut out: Vec<u8> = Vec::with_capacity(raw.len());
        Self::normalize_into(raw, &mut out)?;
        Ok(Self(out))
    }

    /// Does what [`ImagePath::normalize`] does, into a buffer that is cleared first and can be
    /// used again for the next name.
    ///
    /// # Errors
    /// As [`ImagePath::normalize`]; the buffer's content is then unspecified.
    pub fn normalize_into(raw: &[u8], out: &mut Vec<u8>) -> Result<(), PathError> {
        out.clear();
        if raw.len() > MAX_PATH_BYTES {
            return Err(PathError::TooLong);
        }
        if raw.contains(&0) {
            return Err(PathError::Nul);
        }
        for part in raw.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => {
                    if out.is_empty() {
                        return Err(PathError::Escapes);
                    }
                    let parent = out.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                    out.truncate(parent);
                }
                name => {
                    if !out.is_empty() {
                        out.push(b'/');
                    }
                    out.extend_from_slice(name);
                }
            }
        }
        Ok(())
    }

    /// Wraps bytes that are known to be normalised (they come from another [`ImagePath`]).
    pub fn from_normalized(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Returns the raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the folder that holds the path, as bytes; the root's is the root.
    pub fn parent(&self) -> &[u8] {
        parent(&self.0)
    }

    /// Returns the last component.
    pub fn file_name(&self) -> &[u8] {
        file_name(&self.0)
    }

    /// Returns the path as text with a leading slash; control characters and bytes that are not
    /// UTF-8 are escaped (`\x1b`, `\xe9`), so that it is safe to show.
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(self.0.len() + 1);
        text.push('/');
        text.push_str(&escape_bytes(&self.0));
        text
    }
}

impl fmt::Display for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

/// Returns the folder part of a normalised path (empty for a name in the root).
pub fn parent(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(at) => path.get(..at).unwrap_or_default(),
        None => &[],
    }
}

/// Returns the last component of a normalised path.
pub fn file_name(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(at) => path.get(at + 1..).unwrap_or_default(),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case = (&'static [u8], Result<&'static [u8], PathError>);

    #[test]
    fn names_are_normalised_and_never_leave_the_root() {
        let cases: &[Case] = &[
            (b"a/b", Ok(b"a/b")),
            (b"/a/b/", Ok(b"a/b")),
            (b"./a//b/../c", Ok(b"a/c")),
            (b"", Ok(b"")),
            (b"./", Ok(b"")),
            (b"..", Err(PathError::Escapes)),
            (b"a/../../b", Err(PathError::Escapes)),
            (b"a\0b", Err(PathError::Nul)),
            (b"caf\xe9", Ok(b"caf\xe9")),
        ];
        for (raw, want) in cases {
            let got = ImagePath::normalize(raw);
            assert_eq!(
                got.as_ref().map(ImagePath::as_bytes).map_err(|e| *e),
                *want,
                "{raw:?}"
            );
        }
        assert_eq!(
            ImagePath::normalize(&vec![b'a'; MAX_PATH_BYTES + 1]),
            Err(PathError::TooLong)
        );
    }

    #[test]
    fn text_is_safe_to_show() {
        let path = ImagePath::normalize(b"a/\x1b[31mred\n\xe9").unwrap();
        assert_eq!(path.to_text(), "/a/\\x1b[31mred\\n\\xe9");
        assert_eq!(path.parent(), b"a");
    }
}
