//! Content digests as OCI writes them (`sha256:<64 hex>`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Is a content digest, `sha256:` and 64 lower-case hexadecimal digits
/// (OCI image specification 1.1, "Digests"; the registered algorithm that registries use).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// Says that a text is no digest that Plimsoll can verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestError {
    /// The text as it was given, escaped and cut.
    pub text: String,
}

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not a digest: got '{}', expected 'sha256:' and 64 hexadecimal digits",
            self.text
        )
    }
}

impl std::error::Error for DigestError {}

impl Digest {
    /// Makes a digest of the 32 bytes of a SHA-256.
    pub fn from_sha256(bytes: impl AsRef<[u8]>) -> Self {
        use fmt::Write as _;
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        for byte in bytes.as_ref() {
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// Returns the whole digest, algorithm included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the hexadecimal digits alone.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix("sha256:").unwrap_or(&self.0)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let good = text.strip_prefix("sha256:").is_some_and(|hex| {
            hex.len() == 64
                && hex
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        });
        if good {
            Ok(Self(text.to_owned()))
        } else {
            let shown: String = text.chars().take(100).collect();
            Err(DigestError {
                text: crate::text::escape(&shown).into_owned(),
            })
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;
    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
