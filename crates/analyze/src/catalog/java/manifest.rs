//! Reading the main section of a jar's manifest (JAR File Specification, "JAR Manifest").

use std::collections::BTreeMap;

use crate::catalog::damage::text;

/// The longest value that is kept, in bytes. Class paths are the longest that matter.
const MAX_VALUE_BYTES: usize = 64 * 1024;

/// The most attributes of a main section.
const MAX_ATTRIBUTES: usize = 1000;

/// Is the main section of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    attributes: BTreeMap<String, Vec<u8>>,
}

impl Manifest {
    /// Reads a manifest. What is no attribute is left out: Java refuses such a manifest as a whole,
    /// but what stands in it was meant.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut attributes: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut name = String::new();
        for line in bytes.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                // Sections of single files follow, but some manifests begin with empty lines.
                if attributes.is_empty() {
                    continue;
                }
                break;
            }
            if let Some(more) = line.strip_prefix(b" ") {
                if let Some(value) = attributes.get_mut(&name) {
                    append(value, more);
                }
                continue;
            }
            name.clear();
            let Some(colon) = memchr::memchr(b':', line) else {
                continue;
            };
            let (key, value) = line.split_at(colon);
            if key.len() > 70 || attributes.len() >= MAX_ATTRIBUTES {
                continue;
            }
            name = text(key).to_ascii_lowercase();
            let mut kept = Vec::new();
            append(
                &mut kept,
                value.get(1..).unwrap_or_default().trim_ascii_start(),
            );
            attributes.insert(name.clone(), kept);
        }
        Self { attributes }
    }

    /// Returns an attribute by its name in lower case, as safe text; `None` when it is missing or
    /// empty or a variable that nobody filled in.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let value = text(self.attributes.get(name)?);
        (!value.is_empty() && !value.contains("${")).then_some(value)
    }

    /// Returns the first of these attributes that has a value.
    pub(super) fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name))
    }

    /// Returns the bundle's symbolic name without directives (`OSGi` Core 3.2.1).
    pub(super) fn symbolic_name(&self) -> Option<String> {
        let value = self.get("bundle-symbolicname")?;
        let name = value.split(';').next().unwrap_or_default().trim();
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// Returns the files of the class path: relative addresses, at most 1,000.
    pub(super) fn class_path(&self) -> Vec<String> {
        let value = self.attributes.get("class-path");
        let words = value.map(Vec::as_slice).unwrap_or_default();
        words
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
            .take(1000)
            .map(text)
            .collect()
    }
}

fn append(value: &mut Vec<u8>, more: &[u8]) {
    let room = MAX_VALUE_BYTES.saturating_sub(value.len());
    value.extend_from_slice(more.get(..room.min(more.len())).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_main_section_counts_and_lines_go_on() {
        let manifest = Manifest::parse(
            b"\nManifest-Version: 1.0\r\nBundle-SymbolicName: org.acme;sing\r\n leton:=true\r\n\
              Class-Path: a.jar lib/\r\n b.jar\r\nimplementation-version:${x}\r\n no colon\nx\n\
              \r\nName: a.class\r\nImplementation-Title: no\r\n",
        );
        assert_eq!(manifest.symbolic_name().as_deref(), Some("org.acme"));
        assert_eq!(manifest.class_path(), ["a.jar", "lib/b.jar"]);
        assert_eq!(manifest.get("implementation-version"), None);
        assert_eq!(manifest.get("implementation-title"), None);
    }

    #[test]
    fn a_value_of_ten_megabytes_is_cut() {
        let long = [b"Implementation-Title: ".to_vec(), vec![b'x'; 10 << 20]].concat();
        let manifest = Manifest::parse(&long);
        assert_eq!(manifest.get("implementation-title").unwrap().len(), 4096);
    }
}
