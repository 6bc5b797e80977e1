//! Core metadata: what `METADATA` and `PKG-INFO` state of a distribution ("Core metadata
//! specifications" of the Python Packaging User Guide).
//!
//! The form is that of mail headers: `Name: value`, folded lines, and after the first empty line the
//! description, which is not read.

use std::borrow::Cow;

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::issue::Issue;
use plimsoll_model::package::Package;

use super::super::damage::{Damage, text};
use super::super::requirement::MAX_REQUIREMENTS;
use super::marker::Specifier;
use super::name::Stem;

/// The most lines of headers that are read.
const MAX_LINES: usize = 200_000;

/// The longest licence that is a name and not a text, in bytes.
const MAX_LICENSE_NAME: usize = 200;

/// The most licences of one distribution.
const MAX_LICENSES: usize = 32;

/// Is what the headers state.
#[derive(Default)]
struct Headers {
    name: String,
    version: String,
    expression: String,
    license: String,
    classifiers: Vec<String>,
    requires: Vec<String>,
    home_page: String,
    author: String,
    requires_python: String,
    /// Whether any header of core metadata was seen.
    seen: bool,
}

impl Headers {
    fn take(&mut self, name: &[u8], value: &[u8]) {
        let first = |into: &mut String| {
            let value = text(&unfolded(value));
            // Old versions of setuptools write UNKNOWN for what nobody stated.
            if into.is_empty() && value != "UNKNOWN" {
                *into = value;
            }
        };
        let mut lower = [0; 32];
        let Some(lower) = lower.get_mut(..name.len()) else {
            return;
        };
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        match &*lower {
            b"metadata-version" => self.seen = true,
            b"name" => first(&mut self.name),
            b"version" => first(&mut self.version),
            b"license-expression" => first(&mut self.expression),
            b"license" if self.license.is_empty() => self.license = license_name(value),
            b"classifier" => {
                // `License :: OSI Approved :: MIT License`
                let value = text(value);
                if let Some(rest) = value.strip_prefix("License ::") {
                    let last = rest.rsplit("::").next().unwrap_or_default().trim();
                    if !matches!(last, "" | "OSI Approved") && self.classifiers.len() < MAX_LICENSES
                    {
                        self.classifiers.push(last.to_owned());
                    }
                }
            }
            b"requires-dist" if self.requires.len() < MAX_REQUIREMENTS => {
                self.requires.push(text(&unfolded(value)));
            }
            b"home-page" => first(&mut self.home_page),
            b"project-url" => {
                let value = text(value);
                if let Some((label, url)) = value.split_once(',')
                    && self.home_page.is_empty()
                    && matches!(
                        label.trim().to_ascii_lowercase().as_str(),
                        "homepage" | "home" | "home page"
                    )
                {
                    url.trim().clone_into(&mut self.home_page);
                }
            }
            b"author" | b"author-email" => first(&mut self.author),
            b"requires-python" => first(&mut self.requires_python),
            _ => {}
        }
    }
}

/// Joins the lines of a folded value.
fn unfolded(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.contains(&b'\n') {
        return Cow::Borrowed(value);
    }
    let lines = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    Cow::Owned(lines.collect::<Vec<_>>().join(&b' '))
}

/// Returns a licence's name: the value if it is short, the first line of a text.
fn license_name(value: &[u8]) -> String {
    let line = value
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let name = text(line);
    if name == "UNKNOWN" || name.len() > MAX_LICENSE_NAME {
        return String::new();
    }
    name
}

/// Reads core metadata into a package. `stem` is what the folder's name says: it stands in for a
/// missing name or version. `None` with an issue when neither tells them.
pub(crate) fn parse_metadata(
    bytes: &[u8],
    stem: Option<&Stem>,
    installed: bool,
) -> (Option<Package>, Vec<Issue>) {
    let mut damage = Damage::default();
    let headers = parse_headers(bytes);
    let missing = headers.name.is_empty() || headers.version.is_empty();
    let (mut name, mut version) = (headers.name, headers.version);
    if name.is_empty() {
        name = stem.map(|stem| stem.name.clone()).unwrap_or_default();
    }
    if version.is_empty() {
        version = stem.map(|stem| stem.version.clone()).unwrap_or_default();
    }
    if name.is_empty() || version.is_empty() {
        let part = if name.is_empty() { "name" } else { "version" };
        let detail = || format!("neither the metadata nor the folder states a {part}");
        // Elsewhere than among installed packages this may be a template or test data.
        if installed {
            damage.note(detail);
        } else {
            damage.unsupported(detail);
        }
        return (None, damage.finish());
    }
    let mut package = Package::new(PackageKind::Pypi, name, version);
    if missing {
        damage.unsupported(|| {
            "the metadata states no name or no version; the folder's name was taken".to_owned()
        });
        let properties = &mut package.properties;
        properties.insert("identity_from".to_owned(), "folder name".to_owned());
    }
    if headers.expression.is_empty() {
        let stated = std::iter::once(headers.license).chain(headers.classifiers);
        for license in stated.filter(|license| !license.is_empty()) {
            if !package.licenses.contains(&license) {
                package.licenses.push(license);
            }
        }
    } else {
        package.licenses.push(headers.expression);
    }
    package.requires = headers
        .requires
        .iter()
        .filter_map(|line| Some(vec![Specifier::parse(line)?.requirement()]))
        .collect();
    for (property, value) in [
        ("author", headers.author),
        ("homepage", headers.home_page),
        ("requires_python", headers.requires_python),
    ] {
        if !value.is_empty() {
            package.properties.insert(property.to_owned(), value);
        }
    }
    (Some(package), damage.finish())
}

/// Says whether the headers end within these bytes: what comes after them is not read, so that a cut
/// there loses nothing.
pub(crate) fn headers_end(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"\n\n").is_some()
        || memchr::memmem::find(bytes, b"\n\r\n").is_some()
}

fn parse_headers(bytes: &[u8]) -> Headers {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut headers = Headers::default();
    // The header whose lines are being gathered: its name and where its value begins and ends.
    let mut current: Option<(&[u8], usize, usize)> = None;
    let mut at = 0;
    for line in bytes.split(|byte| *byte == b'\n').take(MAX_LINES) {
        let start = at;
        at += line.len() + 1;
        let end = start + line.len();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            // An empty line before the first header is forgiven.
            if headers.seen || current.is_some() {
                break;
            }
            continue;
        }
        if matches!(line.first(), Some(b' ' | b'\t')) {
            if let Some((_, _, until)) = &mut current {
                *until = end;
            }
            continue;
        }
        if let Some((name, from, until)) = current.take() {
            headers.take(name, bytes.get(from..until).unwrap_or_default());
        }
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let name = line.get(..colon).unwrap_or_default();
        if name.iter().all(u8::is_ascii_graphic) {
            current = Some((name, start + colon + 1, end));
        }
    }
    if let Some((name, from, until)) = current {
        headers.take(name, bytes.get(from..until).unwrap_or_default());
    }
    headers
}

/// Reads `requires.txt` of an egg: requirements, and under `[extra]`, `[:marker]` or `[extra:marker]`
/// those of an extra or under a marker (setuptools, "requires.txt"). Returned as lines of
/// `Requires-Dist`.
pub(crate) fn parse_requires(bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut condition = String::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = text(line);
        if let Some(section) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            let (extra, marker) = section.split_once(':').unwrap_or((section, ""));
            condition = match (extra.is_empty(), marker.is_empty()) {
                (true, true) => String::new(),
                (true, false) => format!("({marker})"),
                (false, true) => format!("extra == \"{extra}\""),
                (false, false) => format!("({marker}) and extra == \"{extra}\""),
            };
            continue;
        }
        if line.is_empty() || line.starts_with('#') || found.len() >= MAX_REQUIREMENTS {
            continue;
        }
        let Some(specifier) = Specifier::parse(&line) else {
            continue;
        };
        found.push(match (specifier.marker, condition.as_str()) {
            (_, "") => line,
            ("", condition) => format!("{line} ; {condition}"),
            (own, condition) => {
                let head = line.strip_suffix(own).unwrap_or(&line);
                format!("{head} ({own}) and {condition}")
            }
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_fold_and_the_description_is_left_out() {
        let bytes = b"Metadata-Version: 2.1\r\nName: a\r\nVersion: 1\r\nLicense: MIT License\r\n        Copyright (c)\r\nRequires-Dist: b\r\n (>=1)\r\n ; python_version < '3'\r\nClassifier: License :: OSI Approved :: MIT License\r\nHome-page: UNKNOWN\r\n\r\nName: other\r\n";
        let (package, issues) = parse_metadata(bytes, None, true);
        let package = package.unwrap();
        assert_eq!(
            (package.name.as_str(), package.version.as_str()),
            ("a", "1")
        );
        assert_eq!(package.licenses, ["MIT License"]);
        assert_eq!(package.requires.len(), 1);
        assert_eq!(
            package.requires[0][0].constraint,
            ">=1 ; python_version < '3'"
        );
        assert!(package.properties.is_empty());
        assert!(issues.is_empty(), "{issues:?}");
        assert!(headers_end(bytes));
    }

    #[test]
    fn sections_of_requires_become_markers() {
        let lines = parse_requires(
            b"six>=1\n\n[:python_version<\"3\"]\nenum34\n\n[tls:os_name=='nt']\nwin ; extra=='z'\n[dev]\n# none\npytest\n",
        );
        assert_eq!(
            lines,
            [
                "six>=1",
                "enum34 ; (python_version<\"3\")",
                "win ;  (extra=='z') and (os_name=='nt') and extra == \"tls\"",
                "pytest ; extra == \"dev\"",
            ]
        );
    }
}
