//! Reading the header of a GGUF file: key-value pairs before the tensors (ggml, `docs/gguf.md`).

use plimsoll_model::package::Package;

use crate::catalog::kit::{license, property, requirement};

/// The most pairs that are read.
const MAX_PAIRS: u64 = 4096;

/// The most bytes of one text that is kept.
const MAX_TEXT: usize = 4096;

/// Is what a header says.
#[derive(Debug, Default, PartialEq)]
pub struct Header {
    /// The pairs with a text or a number, in order.
    pub pairs: Vec<(String, String)>,
    /// What ended the reading early.
    pub problem: Option<String>,
}

impl Header {
    /// Returns the value of a key; empty where there is none.
    pub fn get(&self, key: &str) -> &str {
        let found = self.pairs.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

/// Describes a package by its header.
pub(super) fn describe(header: &Header, package: &mut Package) {
    let stated = requirement(header.get("general.name"), header.get("general.version"));
    (package.name, package.version) = (stated.name, stated.constraint);
    license(package, header.get("general.license"));
    for (name, key) in [
        ("architecture", "general.architecture"),
        ("author", "general.author"),
        ("basename", "general.basename"),
        ("finetune", "general.finetune"),
        ("homepage", "general.url"),
        ("quantization", "general.file_type"),
        ("repository", "general.repo_url"),
        ("size", "general.size_label"),
        ("source", "general.source.url"),
    ] {
        property(package, name, header.get(key));
    }
}

/// Reads the header. A file that ends early yields the pairs before.
pub fn read_header(bytes: &[u8]) -> Header {
    let mut header = Header::default();
    let mut reader = Reader { rest: bytes };
    if let Err(problem) = reader.pairs(&mut header.pairs) {
        header.problem = Some(problem.to_owned());
    }
    header
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn pairs(&mut self, pairs: &mut Vec<(String, String)>) -> Result<(), &'static str> {
        if self.take(4)? != b"GGUF" {
            return Err("is no GGUF file");
        }
        let version = self.u32()?;
        // Version 1 wrote lengths in four bytes.
        let wide = version > 1;
        self.length(wide)?;
        let count = self.length(wide)?;
        for _ in 0..count.min(MAX_PAIRS) {
            let key = self.text(wide)?;
            let kind = self.u32()?;
            if let Some(value) = self.value(kind, wide)? {
                pairs.push((key, value));
            }
        }
        Ok(())
    }

    /// Reads a value; `None` for lists, which are vocabularies and the like.
    fn value(&mut self, kind: u32, wide: bool) -> Result<Option<String>, &'static str> {
        match kind {
            8 => self.text(wide).map(Some),
            9 => {
                let kind = self.u32()?;
                let count = self.length(wide)?;
                self.skip_list(kind, count, wide)?;
                Ok(None)
            }
            _ => {
                let bytes = self.take(width(kind)?)?;
                let number = match bytes {
                    [one] => u64::from(*one),
                    [a, b] => u64::from(u16::from_le_bytes([*a, *b])),
                    [a, b, c, d] => u64::from(u32::from_le_bytes([*a, *b, *c, *d])),
                    _ => return Ok(None),
                };
                // Fractions (6) are of no interest.
                Ok((kind != 6).then(|| number.to_string()))
            }
        }
    }

    fn skip_list(&mut self, kind: u32, count: u64, wide: bool) -> Result<(), &'static str> {
        match kind {
            8 => {
                for _ in 0..count {
                    let length = self.length(wide)?;
                    self.skip(length)?;
                }
                Ok(())
            }
            9 => Err("holds lists of lists, which are not read"),
            _ => self.skip(count.saturating_mul(width(kind)? as u64)),
        }
    }

    fn skip(&mut self, count: u64) -> Result<(), &'static str> {
        self.take(usize::try_from(count).unwrap_or(usize::MAX))?;
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], &'static str> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err("the header ends early");
        };
        self.rest = rest;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, &'static str> {
        let bytes = self.take(4)?.first_chunk::<4>();
        Ok(bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes)))
    }

    fn length(&mut self, wide: bool) -> Result<u64, &'static str> {
        if !wide {
            return self.u32().map(u64::from);
        }
        let bytes = self.take(8)?.first_chunk::<8>();
        Ok(bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes)))
    }

    fn text(&mut self, wide: bool) -> Result<String, &'static str> {
        let length = self.length(wide)?;
        let bytes = self.take(usize::try_from(length).unwrap_or(usize::MAX))?;
        let kept = bytes.get(..MAX_TEXT).unwrap_or(bytes);
        Ok(String::from_utf8_lossy(kept).into_owned())
    }
}

/// Returns the width of a number's type in bytes.
fn width(kind: u32) -> Result<usize, &'static str> {
    match kind {
        0 | 1 | 7 => Ok(1),
        2 | 3 => Ok(2),
        4..=6 => Ok(4),
        10..=12 => Ok(8),
        _ => Err("holds a value of unknown type"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(out: &mut Vec<u8>, text: &str) {
        out.extend((text.len() as u64).to_le_bytes());
        out.extend(text.as_bytes());
    }

    fn sample() -> Vec<u8> {
        let mut out = b"GGUF\x03\0\0\0".to_vec();
        out.extend(0_u64.to_le_bytes());
        out.extend(3_u64.to_le_bytes());
        text(&mut out, "general.name");
        out.extend(8_u32.to_le_bytes());
        text(&mut out, "Llama 3.2");
        text(&mut out, "tokenizer.ggml.tokens");
        out.extend(9_u32.to_le_bytes());
        out.extend(8_u32.to_le_bytes());
        out.extend(2_u64.to_le_bytes());
        text(&mut out, "a");
        text(&mut out, "b");
        text(&mut out, "general.file_type");
        out.extend(4_u32.to_le_bytes());
        out.extend(15_u32.to_le_bytes());
        out
    }

    #[test]
    fn headers_are_read_and_cut_ones_keep_what_came_before() {
        let bytes = sample();
        let header = read_header(&bytes);
        assert_eq!(header.get("general.name"), "Llama 3.2");
        assert_eq!(header.get("general.file_type"), "15");
        assert_eq!(header.problem, None);
        for kept in 0..bytes.len() {
            let cut = read_header(&bytes[..kept]);
            assert!(cut.problem.is_some(), "{kept}");
            assert!(cut.pairs.len() <= 1);
        }
    }

    #[test]
    fn hostile_lengths_end() {
        let mut bytes = sample();
        bytes[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(read_header(&bytes).problem.is_some());
        bytes[24..32].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(read_header(&bytes).pairs, []);
    }
}
