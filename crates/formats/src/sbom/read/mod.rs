//! SBOMs in: from a document of any tool to what is in the image.
//!
//! Reads CycloneDX 1.2 to 1.7 (JSON, XML), SPDX 2.2 and 2.3 (JSON, tag-value), SPDX 3.0 (JSON-LD) and
//! Syft's own JSON, alone, in an in-toto statement (as build attestations are), or in the wrapper of
//! GitHub's dependency graph. The form is recognised by the content.
//!
//! A document is hostile: depth and counts are bounded, nothing is looked up. A damaged one gives what
//! could be read and an issue. Read [`read`] first, then `stated` (from what a document says of a
//! package to the package).

use std::fmt;

use plimsoll_model::report::Inventory;

mod collector;
mod cyclonedx;
mod json;
mod lenient;
mod spdx2;
mod spdx3;
mod stated;
mod syft;
mod tag_value;
mod vendors;
mod xml;

use collector::Collector;

pub use stated::bitnami_revision;

/// The largest document that is read, in bytes.
pub const MAX_BYTES: u64 = 512 << 20;

/// Says that bytes are no SBOM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnSbom {
    /// Why, where it looks like one at first.
    problem: String,
}

impl fmt::Display for NotAnSbom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not an SBOM ({}); expected CycloneDX (JSON or XML), SPDX 2.2 or 2.3 (JSON or tag-value), \
             SPDX 3.0 (JSON-LD) or Syft's JSON, alone or in an in-toto statement",
            self.problem
        )
    }
}

impl std::error::Error for NotAnSbom {}

/// Reads a document. `name` is what it is called in issues, and the image's reference where the
/// document names none.
///
/// # Errors
/// When it is none of the forms that are read.
pub fn read(bytes: &[u8], name: &str) -> Result<Inventory, NotAnSbom> {
    read_into(bytes, Collector::new(name))
}

/// Reads a document that lies beside what it describes, as [`read`] does; what it is about counts as
/// one of its packages, where its purl is of a kind that is known, and what it says is excluded (tools
/// of the build) does not count.
///
/// # Errors
/// When it is none of the forms that are read.
pub fn read_embedded(bytes: &[u8], name: &str) -> Result<Inventory, NotAnSbom> {
    let mut out = Collector::new(name);
    out.embedded = true;
    read_into(bytes, out)
}

fn read_into(bytes: &[u8], mut out: Collector) -> Result<Inventory, NotAnSbom> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        Some(b'{') => json::read(bytes, &mut out)?,
        Some(b'<') => xml::read(&text(bytes, &mut out), &mut out)?,
        Some(_) => tag_value::read(&text(bytes, &mut out), &mut out)?,
        None => return Err(no("it is empty")),
    }
    Ok(out.finish())
}

/// Returns text; what is no UTF-8 in it is replaced, and said.
fn text<'a>(bytes: &'a [u8], out: &mut Collector) -> std::borrow::Cow<'a, str> {
    let text = String::from_utf8_lossy(bytes);
    if matches!(text, std::borrow::Cow::Owned(_)) {
        out.damaged("it holds bytes that are not UTF-8");
    }
    text
}

fn no(problem: impl Into<String>) -> NotAnSbom {
    NotAnSbom {
        problem: problem.into(),
    }
}

#[cfg(test)]
mod tests;
