//! Packages of languages that no cataloger reads yet: counted and said, so that an image full of
//! them never looks judged.
//!
//! Owns the list of files by which such packages are known. A language leaves the list when its own
//! cataloger comes.

use std::collections::BTreeMap;

use plimsoll_model::analyzer::{Analyzer, Assembled, Content, Entry, EntryKind, Fact, View, Want};
use plimsoll_model::issue::{Issue, IssueKind};

/// Counts packages that are not read.
pub struct Unread;

/// Folders whose packages Debian's package manager owns: they are judged as Debian packages.
const OWNED: &[&[u8]] = &[
    b"usr/lib/python3/dist-packages/",
    b"usr/share/nodejs/",
    b"usr/share/java/",
];

impl Analyzer for Unread {
    fn name(&self) -> &'static str {
        "language/unread"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind == EntryKind::File && language(entry.path).is_some() {
            // Only that the file is there counts.
            Want::Whole { limit: 0 }
        } else {
            Want::Nothing
        }
    }

    fn read(&self, entry: &Entry<'_>, _content: Content<'_>, facts: &mut Vec<Fact>) {
        if let Some(language) = language(entry.path) {
            facts.push(Fact::Note {
                key: language.to_owned(),
                value: String::new(),
            });
        }
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let mut counts: BTreeMap<&str, (usize, String)> = BTreeMap::new();
        for located in view.facts {
            if let Fact::Note { key, .. } = located.fact {
                let entry = counts
                    .entry(key)
                    .or_insert_with(|| (0, located.path.to_text()));
                entry.0 += 1;
            }
        }
        for (language, (count, first)) in counts {
            let noun = if count == 1 {
                "package was"
            } else {
                "packages were"
            };
            out.issues.push(Issue::new(
                IssueKind::NotJudged,
                format!("{language} packages"),
                format!(
                    "{count} {noun} seen, such as {first}, but this version reads only the \
                     operating system's packages"
                ),
            ));
        }
    }
}

/// Says of which language a file states a package.
fn language(path: &[u8]) -> Option<&'static str> {
    let ends = |suffix: &[u8]| path.ends_with(suffix);
    let language = match path.last()? {
        b'A' if ends(b".dist-info/METADATA") => "Python",
        b'O' if ends(b".egg-info/PKG-INFO") => "Python",
        b'o' if ends(b".egg-info") => "Python",
        b'n' if ends(b"/package.json") && in_node_modules(path) => "JavaScript",
        b'n' if ends(b"composer/installed.json") => "PHP",
        b'n' if ends(b".deps.json") => ".NET",
        b'r' if ends(b".jar") || ends(b".war") || ends(b".ear") => "Java",
        b'c' if ends(b".gemspec") && contains(path, b"/specifications/") => "Ruby",
        _ => return None,
    };
    (!OWNED.iter().any(|folder| path.starts_with(folder))).then_some(language)
}

/// Says whether the path is `…node_modules/NAME/package.json` or `…node_modules/@SCOPE/NAME/…`.
fn in_node_modules(path: &[u8]) -> bool {
    let mut parts = path.rsplit(|byte| *byte == b'/').skip(2);
    let above = parts.next();
    if above == Some(b"node_modules") {
        return true;
    }
    above.is_some_and(|scope| scope.starts_with(b"@")) && parts.next() == Some(b"node_modules")
}

fn contains(path: &[u8], part: &[u8]) -> bool {
    path.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_installed_packages_that_nobody_else_judges_count() {
        let cases: &[(&str, Option<&str>)] = &[
            (
                "usr/local/lib/python3.11/site-packages/requests-2.19.1.dist-info/METADATA",
                Some("Python"),
            ),
            (
                "usr/lib/python3/dist-packages/requests-2.28.1.egg-info/PKG-INFO",
                None,
            ),
            ("app/node_modules/lodash/package.json", Some("JavaScript")),
            (
                "app/node_modules/@babel/core/package.json",
                Some("JavaScript"),
            ),
            ("app/node_modules/lodash/test/fixtures/package.json", None),
            ("app/package.json", None),
            ("app/app.jar", Some("Java")),
            (
                "var/lib/gems/3.1.0/specifications/rack-2.0.7.gemspec",
                Some("Ruby"),
            ),
            ("src/rack.gemspec", None),
            ("etc/os-release", None),
            ("", None),
        ];
        for (path, want) in cases {
            assert_eq!(language(path.as_bytes()), *want, "{path}");
        }
    }
}
