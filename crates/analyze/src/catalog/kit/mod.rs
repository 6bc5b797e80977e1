//! What the catalogers of language ecosystems share: collecting the packages of a file, reading JSON
//! within bounds, ordering dotted versions, and joining packages by name.
//!
//! Deliberately absent: anything that knows an ecosystem.

use plimsoll_model::analyzer::{Content, Entry, Fact};
use plimsoll_model::package::{Package, Requirement};

use super::budget::Budget;
use super::damage::{Damage, report, text};

pub(crate) mod join;
pub(crate) mod json;
pub(crate) mod version;
pub(crate) mod yaml;

/// One mebibyte.
pub(crate) const MIB: u64 = 1024 * 1024;

/// The most licences of one package. Those of whole collections of fonts have some thirty.
const MAX_LICENSES: usize = 64;

/// Collects what one file states, within the bounds of [`Budget`].
#[derive(Debug, Default)]
pub(crate) struct Found {
    packages: Vec<Package>,
    notes: Vec<(&'static str, String)>,
    budget: Budget,
    /// What could not be read.
    pub(crate) damage: Damage,
}

impl Found {
    /// Keeps a package.
    pub(crate) fn push(&mut self, mut package: Package) {
        if self.budget.admit(&mut package, &mut self.damage) {
            self.packages.push(package);
        }
    }

    /// Keeps a note for the assembly.
    pub(crate) fn note(&mut self, key: &'static str, value: String) {
        self.notes.push((key, value));
    }

    /// Turns all into facts: packages sorted by name and version, then notes, then what was wrong.
    pub(crate) fn finish(self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut packages = self.packages;
        packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        let packages = packages.into_iter().map(Box::new).map(Fact::Package);
        facts.extend(packages);
        let notes = self.notes.into_iter().map(|(key, value)| Fact::Note {
            key: key.to_owned(),
            value,
        });
        facts.extend(notes);
        report(entry, content, self.damage.finish(), facts);
    }
}

/// Sets a property, unless its value is empty.
pub(crate) fn property(package: &mut Package, name: &str, value: &str) {
    let value = text(value.as_bytes());
    if !value.is_empty() {
        package.properties.insert(name.to_owned(), value);
    }
}

/// Adds a licence as declared, unless it is empty or stands there already; at most 64.
pub(crate) fn license(package: &mut Package, value: &str) {
    let value = text(value.as_bytes());
    if !value.is_empty()
        && package.licenses.len() < MAX_LICENSES
        && !package.licenses.contains(&value)
    {
        package.licenses.push(value);
    }
}

/// Makes a requirement; blanks around name and constraint are removed.
pub(crate) fn requirement(name: &str, constraint: &str) -> Requirement {
    Requirement {
        name: text(name.as_bytes()),
        constraint: text(constraint.as_bytes()),
    }
}

/// Returns an address without the user and password that may stand before its host.
pub(crate) fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let host_ends = rest.find('/').unwrap_or(rest.len());
    match rest.get(..host_ends).and_then(|host| host.rfind('@')) {
        Some(at) => format!("{scheme}://{}", rest.get(at + 1..).unwrap_or_default()),
        None => url.to_owned(),
    }
}

/// Returns an address without what may be secret: user and password, and the query, which holds tokens
/// and signatures. The fragment goes with it.
pub(crate) fn public_url(url: &str) -> String {
    // A password may hold what would end a path.
    let mut url = without_credentials(url);
    if let Some(end) = url.find(['?', '#']) {
        url.truncate(end);
    }
    url
}

/// Returns the path's component `back` places before the last (`0` is the file's name).
pub(crate) fn component(path: &[u8], back: usize) -> Option<&[u8]> {
    path.rsplit(|byte| *byte == b'/').nth(back)
}

/// Returns the folder `up` levels above a file (`1` is the folder that holds it).
pub(crate) fn above(path: &[u8], up: usize) -> &[u8] {
    (0..up).fold(path, |path, _| plimsoll_model::path::parent(path))
}

/// Takes bytes from a place on as long as they fit, and moves the place behind them.
pub(crate) fn run<'a>(bytes: &'a [u8], at: &mut usize, fits: impl Fn(u8) -> bool) -> &'a [u8] {
    let rest = bytes.get(*at..).unwrap_or_default();
    let end = rest.iter().position(|byte| !fits(*byte));
    let (run, _) = rest.split_at(end.unwrap_or(rest.len()));
    *at += run.len();
    run
}

/// Says whether text could be a version: it starts with a digit, or with `v` and a digit.
pub(crate) fn looks_like_version(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"v").unwrap_or(text);
    text.first().is_some_and(u8::is_ascii_digit)
}

/// Parts `name-1.2.3` at the last dash before a digit.
pub(crate) fn split_name_version(text: &str) -> Option<(&str, &str)> {
    text.match_indices('-')
        .rev()
        .filter_map(|(at, _)| Some((text.get(..at)?, text.get(at + 1..)?)))
        .find(|(name, version)| {
            !name.is_empty() && version.starts_with(|first: char| first.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_are_parted_and_paths_counted() {
        assert_eq!(split_name_version("a-b-1.0"), Some(("a-b", "1.0")));
        assert_eq!(split_name_version("x-1.0-2"), Some(("x-1.0", "2")));
        assert_eq!(split_name_version("-1.0"), None);
        assert_eq!(component(b"a/b/c", 1), Some(&b"b"[..]));
        assert_eq!(component(b"a", 1), None);
        for (url, want) in [
            (
                "https://user:secret@gems.example.com/a@b",
                "https://gems.example.com/a@b",
            ),
            ("git@example.com:a/b.git", "git@example.com:a/b.git"),
            ("https://example.com", "https://example.com"),
        ] {
            assert_eq!(without_credentials(url), want);
        }
        assert_eq!(above(b"a/b/c", 2), b"a");
    }
}
