//! Package URLs (purls): read, built, normalised per type, written canonically.
//!
//! Owns the grammar and the encoding of the purl specification (ECMA-427); nothing else in the program
//! encodes a purl. Deliberately absent: which qualifiers a cataloger writes (it decides) and the rules
//! of types about what is required. A purl of a type nobody here knows is read like any other; an SBOM
//! whose purl lacks what its type asks for still names a package.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Is a package URL, decoded and normalised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purl {
    /// The type, lower case (`deb`, `npm`).
    pub kind: String,
    /// The parts of the namespace, decoded, none empty.
    pub namespace: Vec<String>,
    /// The name, decoded.
    pub name: String,
    /// The version, decoded; empty for none.
    pub version: String,
    /// The qualifiers by key; no value is empty.
    pub qualifiers: BTreeMap<String, String>,
    /// The parts of the path below the package, decoded.
    pub subpath: Vec<String>,
}

/// Says why a text is no purl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PurlError {
    /// It does not begin with `pkg:`.
    Scheme,
    /// The type is missing or holds other characters than letters, digits, `.` and `-`, or begins
    /// with another one than a letter.
    Type,
    /// The name is missing.
    Name,
    /// The key of a qualifier holds other characters than letters, digits, `.`, `-` and `_`, or
    /// begins with a digit.
    Qualifier,
    /// What is percent-encoded is no UTF-8.
    Encoding,
}

impl fmt::Display for PurlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "a package URL begins with 'pkg:'",
            Self::Type => "the package URL has no valid type",
            Self::Name => "the package URL has no name",
            Self::Qualifier => "the package URL has a qualifier without a valid key",
            Self::Encoding => "the package URL encodes bytes that are not UTF-8",
        })
    }
}

impl std::error::Error for PurlError {}

impl Purl {
    /// Builds a purl of decoded parts and normalises it. Parts of the namespace are separated by `/`.
    ///
    /// # Errors
    /// When type or name are missing or not valid.
    pub fn new(kind: &str, namespace: &str, name: &str, version: &str) -> Result<Self, PurlError> {
        let mut purl = Self {
            kind: type_of(kind)?,
            namespace: segments(namespace),
            name: name.to_owned(),
            version: version.to_owned(),
            qualifiers: BTreeMap::new(),
            subpath: Vec::new(),
        };
        purl.normalize();
        if purl.name.is_empty() {
            return Err(PurlError::Name);
        }
        Ok(purl)
    }

    /// Adds a qualifier; an empty value adds none.
    ///
    /// # Errors
    /// When the key is not valid.
    pub fn qualify(&mut self, key: &str, value: &str) -> Result<(), PurlError> {
        let key = key.to_ascii_lowercase();
        let good = key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
            && !key.is_empty()
            && !key.starts_with(|c: char| c.is_ascii_digit());
        if !good {
            return Err(PurlError::Qualifier);
        }
        if !value.is_empty() {
            self.qualifiers
                .entry(key)
                .or_insert_with(|| value.to_owned());
        }
        Ok(())
    }

    /// Returns a qualifier, or the empty text.
    pub fn qualifier(&self, key: &str) -> &str {
        self.qualifiers.get(key).map_or("", String::as_str)
    }

    /// Brings the parts into the form that the type asks for (purl specification, "purl types").
    fn normalize(&mut self) {
        let lower = |text: &mut String| *text = text.to_lowercase();
        let (namespace, name) = match self.kind.as_str() {
            "alpm" | "apk" | "bitbucket" | "composer" | "deb" | "github" | "golang" | "hex"
            | "vscode-extension" => (true, true),
            "bitnami" | "luarocks" | "oci" | "otp" | "pub" | "pypi" => (false, true),
            "qpkg" | "rpm" => (true, false),
            "mlflow" => (
                false,
                self.qualifier("repository_url").contains("databricks"),
            ),
            _ => (false, false),
        };
        if namespace {
            self.namespace.iter_mut().for_each(lower);
        }
        if name {
            lower(&mut self.name);
        }
        match self.kind.as_str() {
            // Runs of separators are one dash (PEP 503).
            "pypi" => {
                let mut out = String::with_capacity(self.name.len());
                for c in self.name.chars() {
                    let c = if matches!(c, '_' | '.') { '-' } else { c };
                    if c != '-' || !out.ends_with('-') {
                        out.push(c);
                    }
                }
                self.name = out;
            }
            "huggingface" => lower(&mut self.version),
            "cpan" => self
                .namespace
                .iter_mut()
                .for_each(|part| *part = part.to_uppercase()),
            _ => {}
        }
    }
}

impl FromStr for Purl {
    type Err = PurlError;

    /// Reads a purl (purl specification, "How to parse a purl string"). Where a key is given twice, the
    /// first counts. A bare `@` that begins a part of the namespace (`pkg:npm/@babel/core`), which many
    /// tools write, belongs to it.
    fn from_str(text: &str) -> Result<Self, PurlError> {
        let (rest, subpath) = text.trim().rsplit_once('#').unwrap_or((text.trim(), ""));
        let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (scheme, rest) = rest.split_once(':').ok_or(PurlError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("pkg") {
            return Err(PurlError::Scheme);
        }
        let rest = rest.trim_start_matches('/');
        let (kind, rest) = rest.split_once('/').ok_or(PurlError::Type)?;
        let kind = type_of(kind)?;
        let rest = rest.trim_matches('/');
        let (path, version) = match rest.rsplit_once('@') {
            Some((before, after))
                if (before.is_empty() || before.ends_with('/')) && after.contains('/') =>
            {
                (rest, "")
            }
            Some(parted) => parted,
            None => (rest, ""),
        };
        // A name is needed right before the version: `pkg:maven/@1.3.4` has none.
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut purl = Self {
            kind,
            namespace: decoded(namespace.split('/'))?,
            name: decode(name)?,
            version: decode(version)?,
            qualifiers: BTreeMap::new(),
            subpath: decoded(subpath.split('/'))?
                .into_iter()
                .filter(|part| !matches!(part.as_str(), "." | ".."))
                .collect(),
        };
        for pair in qualifiers.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            purl.qualify(key, &decode(value)?)?;
        }
        purl.normalize();
        if purl.name.is_empty() {
            return Err(PurlError::Name);
        }
        Ok(purl)
    }
}

impl fmt::Display for Purl {
    /// Writes the canonical form: qualifiers sorted by key, everything encoded that asks for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}", self.kind)?;
        for part in &self.namespace {
            f.write_str("/")?;
            encode(f, part, "")?;
        }
        f.write_str("/")?;
        encode(f, &self.name, "")?;
        if !self.version.is_empty() {
            f.write_str("@")?;
            encode(f, &self.version, "")?;
        }
        for (index, (key, value)) in self.qualifiers.iter().enumerate() {
            f.write_str(if index == 0 { "?" } else { "&" })?;
            f.write_str(key)?;
            f.write_str("=")?;
            encode(f, value, "/")?;
        }
        for (index, part) in self.subpath.iter().enumerate() {
            f.write_str(if index == 0 { "#" } else { "/" })?;
            encode(f, part, "")?;
        }
        Ok(())
    }
}

/// Writes text percent-encoded: letters, digits, `.`, `-`, `_`, `~`, the colon and `kept` stay, every
/// other byte becomes `%XX`. So a `+` of a version is written `%2B`, which every reader decodes; a bare
/// `+` is read as a blank by some (ECMA-427 section 5.4). The slash stays in values of qualifiers, as
/// the specification's test suite has it.
fn encode(f: &mut fmt::Formatter<'_>, text: &str, kept: &str) -> fmt::Result {
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric()
            || b".-_~:".contains(&byte)
            || kept.as_bytes().contains(&byte);
        if plain {
            write!(f, "{}", char::from(byte))?;
        } else {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

/// Decodes `%XX`; a percent sign that begins no such thing stays.
fn decode(text: &str) -> Result<String, PurlError> {
    if !text.contains('%') {
        return Ok(text.to_owned());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let hex = |byte: u8| char::from(byte).to_digit(16);
        let value = match (first, more) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        let value = value.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        out.push(value.unwrap_or(*first));
        let used = if value.is_some() { 2 } else { 0 };
        rest = more.get(used..).unwrap_or_default();
    }
    String::from_utf8(out).map_err(|_| PurlError::Encoding)
}

fn decoded<'a>(parts: impl Iterator<Item = &'a str>) -> Result<Vec<String>, PurlError> {
    parts.filter(|part| !part.is_empty()).map(decode).collect()
}

fn segments(text: &str) -> Vec<String> {
    text.split('/')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

fn type_of(text: &str) -> Result<String, PurlError> {
    let good = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    if good {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(PurlError::Type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn suite() -> Vec<Value> {
        serde_json::from_str(include_str!("../testdata/purl/test-suite-data.json")).unwrap()
    }

    fn text<'a>(case: &'a Value, field: &str) -> &'a str {
        case[field].as_str().unwrap_or("")
    }

    fn build(case: &Value) -> Result<Purl, PurlError> {
        let mut purl = Purl::new(
            text(case, "type"),
            text(case, "namespace"),
            text(case, "name"),
            text(case, "version"),
        )?;
        if let Some(qualifiers) = case["qualifiers"].as_object() {
            for (key, value) in qualifiers {
                purl.qualify(key, value.as_str().unwrap())?;
            }
        }
        purl.subpath = segments(text(case, "subpath"));
        Ok(purl)
    }

    #[test]
    fn the_suite_of_the_specification_passes() {
        let cases = suite();
        assert!(cases.len() >= 30);
        for case in &cases {
            let (given, canonical) = (text(case, "purl"), text(case, "canonical_purl"));
            let read = given.parse::<Purl>();
            if case["is_invalid"] == true {
                assert!(read.is_err(), "{given} is no purl");
                assert!(build(case).is_err(), "{given} cannot be built");
                continue;
            }
            let read = read.unwrap_or_else(|error| panic!("{given}: {error}"));
            assert_eq!(read.to_string(), canonical);
            assert_eq!(canonical.parse::<Purl>().unwrap(), read, "{canonical}");
            assert_eq!(build(case).unwrap(), read, "{given} from its parts");
        }
    }

    #[test]
    fn what_newer_releases_of_the_specification_add_holds() {
        for (given, canonical) in [
            (
                "pkg:deb/debian/attr@1:2.4.47-2+b1?arch=amd64",
                "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64",
            ),
            (
                "pkg:generic/openssl@1?checksum=sha1:ad,sha256:41",
                "pkg:generic/openssl@1?checksum=sha1:ad%2Csha256:41",
            ),
            ("pkg:pypi/A__b..C-d@1", "pkg:pypi/a-b-c-d@1"),
            (
                "pkg:maven/g/a@1?type=war&repositorY_url=https://r/x",
                "pkg:maven/g/a@1?repository_url=https://r/x&type=war",
            ),
            ("pkg:cpan/gdt/URI-PackageURL", "pkg:cpan/GDT/URI-PackageURL"),
            ("pkg:npm/%40s/a@1?empty=&x=1", "pkg:npm/%40s/a@1?x=1"),
            (
                "pkg:golang/g.o/x@1#./a/%2E%2E/b//c",
                "pkg:golang/g.o/x@1#a/b/c",
            ),
        ] {
            assert_eq!(given.parse::<Purl>().unwrap().to_string(), canonical);
        }
        for (given, error) in [
            ("", PurlError::Scheme),
            ("pkg%3Amaven/org/io", PurlError::Scheme),
            ("http://x/y", PurlError::Scheme),
            ("pkg:deb", PurlError::Type),
            ("pkg:3nginx/nginx@0.8.9", PurlError::Type),
            ("pkg:n&ginx/nginx@0.8.9", PurlError::Type),
            ("pkg:nginx:a/nginx@0.8.9", PurlError::Type),
            ("pkg:npm/", PurlError::Name),
            ("pkg:npm/a@1?9=x", PurlError::Qualifier),
            ("pkg:npm/%ff", PurlError::Encoding),
        ] {
            assert_eq!(given.parse::<Purl>(), Err(error), "{given}");
        }
        assert_eq!("pkg:npm/100%".parse::<Purl>().unwrap().name, "100%");
        assert_eq!("pkg:npm/a%2".parse::<Purl>().unwrap().name, "a%2");
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_read_is_written_and_read_again(text in "(pkg:[a-z]{1,4}/)?\\PC{0,40}") {
            if let Ok(purl) = text.parse::<Purl>() {
                let written = purl.to_string();
                proptest::prop_assert_eq!(written.parse::<Purl>().unwrap(), purl);
            }
        }
    }
}
