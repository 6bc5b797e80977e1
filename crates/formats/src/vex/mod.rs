//! VEX: what somebody states of products and vulnerabilities, read from `OpenVEX`, CSAF and
//! `CycloneDX` documents, and written as `OpenVEX`.
//!
//! Owns the wire formats. Deliberately absent: whether a statement is about the image at hand, and
//! which of several counts; the engine decides. A document is hostile: its size and depth are bounded,
//! nothing is looked up. A damaged one is refused as a whole, because half of what somebody stated may
//! be the opposite of all of it. Read [`read`] first.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use plimsoll_model::purl::Purl;
use plimsoll_model::report::VexStatus;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

mod csaf;
mod cyclonedx;
mod openvex;
pub mod write;

/// The largest document that is read, in bytes.
pub const MAX_BYTES: u64 = 64 << 20;
/// How many products the groups of a document may stand for in all.
const MAX_EXPANDED: usize = 4_000_000;
/// How deeply wrappers (envelopes, statements of attestations) are opened.
const MAX_WRAPPERS: u8 = 4;

/// Is what a document states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// What it is called in reasons: the file's name as the user gave it.
    pub name: String,
    /// What it states, in its order.
    pub statements: Vec<Statement>,
    /// How many statements have a status that is not known; they were passed over.
    pub unknown_statuses: usize,
    /// How many products are named in a way that nothing can be compared with; they were passed over.
    pub unknown_products: usize,
}

/// Is one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The vulnerability by all names that are given.
    pub ids: Vec<String>,
    /// What it is about.
    pub products: Vec<Arc<Product>>,
    /// How these stand to the vulnerability.
    pub status: VexStatus,
    /// Why: justification and further words, as far as they are given.
    pub reason: String,
    /// When it was stated, in seconds since 1970.
    pub time: Option<i64>,
}

/// Is a product, or parts of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Product {
    /// Its names; one that fits is enough.
    pub names: Vec<Name>,
    /// The parts that the statement is about, each by its names; none for the whole product.
    pub parts: Vec<Vec<Name>>,
}

/// Is a name of a product or of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A package URL. Without a version it stands for every version; qualifiers must be the same.
    Purl(Box<Purl>),
    /// The digest of an image: `sha256:…`.
    Digest(String),
    /// The reference of an image, or a package as `NAME@VERSION` or `NAME VERSION`.
    Text(String),
}

impl Name {
    /// Reads a name; `None` where nothing can be compared with it.
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        if text
            .get(..4)
            .is_some_and(|p| p.eq_ignore_ascii_case("pkg:"))
        {
            return text.parse().ok().map(|purl| Self::Purl(Box::new(purl)));
        }
        // What a digest says is surer than the name before it.
        let digest = text.rsplit('@').next().unwrap_or(text);
        if digest.starts_with("sha256:") {
            return Some(Self::Digest(digest.to_ascii_lowercase()));
        }
        // A CPE or an address on the web names no image.
        let comparable = !text.is_empty() && !text.starts_with("cpe:") && !text.contains("://");
        comparable.then(|| Self::Text(text.to_owned()))
    }

    /// Makes a name of a SHA-256 in hexadecimal digits.
    fn of_sha256(hex: &str) -> Option<Self> {
        let good = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        good.then(|| Self::Digest(format!("sha256:{}", hex.to_ascii_lowercase())))
    }
}

/// Says why bytes are no VEX document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotVex {
    problem: String,
}

impl fmt::Display for NotVex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot be read as VEX: {}; expected OpenVEX, CSAF or CycloneDX as JSON",
            self.problem
        )
    }
}

impl std::error::Error for NotVex {}

fn no(problem: impl Into<String>) -> NotVex {
    NotVex {
        problem: problem.into(),
    }
}

/// Is as much of a document as tells what it is.
#[derive(Deserialize)]
struct Marks<'a> {
    #[serde(rename = "@context", borrow)]
    context: Option<&'a RawValue>,
    #[serde(rename = "bomFormat", borrow)]
    bom_format: Option<&'a RawValue>,
    document: Option<IgnoredAny>,
    #[serde(borrow)]
    predicate: Option<&'a RawValue>,
    #[serde(borrow)]
    subject: Option<&'a RawValue>,
    payload: Option<String>,
}

/// Is what an attestation is about.
#[derive(Deserialize)]
struct Subject {
    #[serde(default)]
    digest: Hashes,
}

/// Are digests by the names of their functions.
#[derive(Default, Deserialize)]
struct Hashes {
    #[serde(alias = "sha-256")]
    sha256: Option<String>,
}

/// Reads a document. `name` is what it is called in reasons.
///
/// # Errors
/// When it is none of the forms that are read, or damaged.
pub fn read(bytes: &[u8], name: &str) -> Result<Document, NotVex> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(no(format!("it is larger than {MAX_BYTES} bytes")));
    }
    let mut out = Document {
        name: name.to_owned(),
        ..Document::default()
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    unwrap(bytes, &[], 0, &mut out)?;
    Ok(out)
}

/// Reads a document, or what a wrapper holds. `about` is what the wrapper says it is about.
fn unwrap(
    bytes: &[u8],
    about: &[Arc<Product>],
    depth: u8,
    out: &mut Document,
) -> Result<(), NotVex> {
    let marks: Marks<'_> = serde_json::from_slice(bytes).map_err(damaged)?;
    if let Some(context) = marks.context
        && context.get().to_ascii_lowercase().contains("openvex")
    {
        return openvex::read(bytes, about, out);
    }
    if marks
        .bom_format
        .is_some_and(|format| format.get() == "\"CycloneDX\"")
    {
        return cyclonedx::read(bytes, out);
    }
    if marks.document.is_some() {
        return csaf::read(bytes, out);
    }
    if depth >= MAX_WRAPPERS {
        return Err(no("it is wrapped too many times"));
    }
    if let Some(payload) = marks.payload {
        let engine = base64::engine::general_purpose::STANDARD;
        let inner = engine
            .decode(payload.as_bytes())
            .map_err(|_| no("an envelope whose payload is no base64"))?;
        return unwrap(&inner, about, depth + 1, out);
    }
    if let Some(predicate) = marks.predicate {
        let subjects: Vec<Subject> = match marks.subject {
            Some(subject) => serde_json::from_str(subject.get()).map_err(damaged)?,
            None => Vec::new(),
        };
        let about: Vec<Arc<Product>> = subjects
            .iter()
            .filter_map(|subject| Name::of_sha256(subject.digest.sha256.as_deref()?))
            .map(|name| {
                Arc::new(Product {
                    names: vec![name],
                    parts: Vec::new(),
                })
            })
            .collect();
        return unwrap(predicate.get().as_bytes(), &about, depth + 1, out);
    }
    Err(no("JSON without the marks of any of them"))
}

#[expect(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn damaged(error: serde_json::Error) -> NotVex {
    no(error.to_string())
}

/// Joins what is said of a status, leaving out what is empty or said already.
fn joined<'a>(words: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for word in words.into_iter().flatten().map(str::trim) {
        if !word.is_empty() && !parts.contains(&word) {
            parts.push(word);
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests;
