//! Licence files beside packages (`LICENSE`, `COPYING`): for packages that declare no licence, or only
//! say that it stands in a file.
//!
//! The analyzer keeps of each file which licence its text is; [`Texts`] joins these with the packages
//! once those are assembled, by folder. Deliberately absent: notices, and files that name in whose
//! favour they stand there (`LICENSE.esprima`): they cover parts.

use std::collections::HashMap;

use plimsoll_model::analyzer::{About, Analyzer, Content, Entry, EntryKind, Fact, Located, Want};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use plimsoll_model::path::parent;
use plimsoll_model::text::escape_bytes;

use super::kit::component;
use crate::license::text::recognise_file;
use crate::license::{DECLARED, placeholder};

/// The analyzer's name.
pub const NAME: &str = "license/texts";
/// The property that names the files by which a package's licence was recognised.
pub const EVIDENCE: &str = "license_evidence";
/// The most bytes of a licence file that is read. Longer ones hold the licences of many others.
pub(crate) const MAX_FILE_BYTES: u64 = 128 * 1024;
/// The most bytes of a licence file's name.
const MAX_NAME_BYTES: usize = 40;
/// The most licence files of one package that are told of.
const MAX_FILES: usize = 16;
/// The key of the note with a file's licence, empty where it is not known.
const NOTE: &str = "license";

/// Recognises licence files.
pub struct LicenseTexts;

impl Analyzer for LicenseTexts {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> u32 {
        2
    }

    fn about(&self) -> About {
        About {
            title: "Licence files",
            reads: &[
                (
                    "*.dist-info/LICENSE*, *.dist-info/licenses/LICENSE*, pip/_vendor/*/LICENSE*",
                    "the licence of a Python package",
                ),
                ("node_modules/*/LICENSE*", "the licence of an npm package"),
                (
                    "gems/*/LICENSE*, gems/*/MIT-LICENSE*",
                    "the licence of a gem",
                ),
                ("vendor/*/*/LICENSE*", "the licence of a Composer package"),
                (
                    "library/*/LICENSE*, site-library/*/LICENSE*",
                    "the licence of an R package",
                ),
                (
                    "usr/share/licenses/*/LICENSE*",
                    "the licence of an rpm package",
                ),
            ],
            not_read: &[
                "NOTICE files, and files that name a part (`LICENSE.esprima`): they do not say under what the whole is.",
                "Licence files inside of archives, those of Java apart (see there).",
                "Folders below `licenses` of a Python package: they hold the licences of what it contains.",
            ],
            certainty: "A licence file counts only where the package declares no licence or points to a file. \
                        It is known by sentences that only one licence has; where a package has a licence file \
                        that is not known, nothing is said.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File
            || !is_license_name(entry.file_name())
            || folder(entry.path).is_none()
        {
            return Want::Nothing;
        }
        Want::Whole {
            limit: MAX_FILE_BYTES,
        }
    }

    fn read(&self, _entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let known = if content.truncated {
            None
        } else {
            recognise_file(content.bytes)
        };
        facts.push(Fact::Note {
            key: NOTE.to_owned(),
            value: known.unwrap_or_default(),
        });
    }
}

/// Removes a beginning without regard to case.
fn strip<'a>(name: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = name.split_at_checked(start.len())?;
    head.eq_ignore_ascii_case(start).then_some(rest)
}

/// Says whether a file of this name holds the licence of the whole: `LICENSE`, `COPYING.txt`,
/// `LICENSE-MIT`.
pub(crate) fn is_license_name(name: &[u8]) -> bool {
    if !matches!(
        name.first(),
        Some(b'L' | b'l' | b'C' | b'c' | b'M' | b'm' | b'U' | b'u')
    ) || name.len() > MAX_NAME_BYTES
    {
        return false;
    }
    let starts: [&[u8]; 6] = [
        b"license",
        b"licence",
        b"copying",
        b"mit-license",
        b"mit_license",
        b"unlicense",
    ];
    let Some(rest) = starts.iter().find_map(|start| strip(name, start)) else {
        return false;
    };
    let more = match rest {
        [] => return true,
        [b'.' | b'-' | b'_', more @ ..] => more,
        [b'1'..=b'3', ..] => rest,
        _ => return false,
    };
    let endings: [&[u8]; 4] = [b"txt", b"md", b"rst", b"markdown"];
    if endings
        .iter()
        .any(|ending| more.eq_ignore_ascii_case(ending))
    {
        return true;
    }
    let families: [&[u8]; 25] = [
        b"0bsd",
        b"1",
        b"2",
        b"3",
        b"agpl",
        b"apache",
        b"artistic",
        b"boost",
        b"bsd",
        b"cc0",
        b"epl",
        b"gpl",
        b"isc",
        b"lesser",
        b"lgpl",
        b"lib",
        b"mit",
        b"mpl",
        b"psf",
        b"python",
        b"ruby",
        b"unlicense",
        b"wtfpl",
        b"x11",
        b"zlib",
    ];
    // A family's name, its version, and an ending: `apache-2.0.txt`, `BSD3`, `APACHE2`.
    families.iter().any(|family| {
        strip(more, family).is_some_and(|rest| {
            let rest = rest
                .iter()
                .rposition(|byte| *byte == b'.')
                .and_then(|at| rest.split_at_checked(at))
                .filter(|(_, ending)| {
                    let ending = ending.get(1..).unwrap_or_default();
                    endings
                        .iter()
                        .any(|known| ending.eq_ignore_ascii_case(known))
                })
                .map_or(rest, |(stem, _)| stem);
            rest.iter()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'v' | b'_'))
                || rest.eq_ignore_ascii_case(b"-clause")
                || rest.eq_ignore_ascii_case(b"-2-clause")
                || rest.eq_ignore_ascii_case(b"-3-clause")
        })
    })
}

/// Returns the folder of the package to which a licence file belongs.
fn folder(path: &[u8]) -> Option<&[u8]> {
    let above = parent(path);
    let first = component(path, 1)?;
    if first.ends_with(b".dist-info") {
        return Some(above);
    }
    let second = component(path, 2)?;
    if first == b"licenses" && second.ends_with(b".dist-info") {
        return Some(parent(above));
    }
    let third = component(path, 3);
    let known = match second {
        b"node_modules" | b"gems" | b"library" | b"site-library" | b"_vendor" => true,
        b"licenses" => third == Some(b"share"),
        _ => {
            (second.starts_with(b"@") && third == Some(b"node_modules")) || third == Some(b"vendor")
        }
    };
    known.then_some(above)
}

/// Returns the folders in which a package's licence files lie, with a leading slash.
fn folders(package: &Package) -> Vec<String> {
    let mut folders = Vec::new();
    for location in &package.locations {
        let Some((folder, file)) = location.rsplit_once('/') else {
            continue;
        };
        match package.kind {
            // What is inside of an archive has no files beside it.
            _ if location.contains("!/") => {}
            PackageKind::Pypi if folder.ends_with("/_vendor") => {
                let module = package.name.to_ascii_lowercase().replace('-', "_");
                folders.push(format!("{folder}/{module}"));
            }
            PackageKind::Pypi if folder.ends_with(".dist-info") => folders.push(folder.to_owned()),
            PackageKind::Npm if file == "package.json" => folders.push(folder.to_owned()),
            PackageKind::Cran if file == "DESCRIPTION" => folders.push(folder.to_owned()),
            PackageKind::Gem => {
                let folder = folder.strip_suffix("/default").unwrap_or(folder);
                match (
                    folder.strip_suffix("/specifications"),
                    file.strip_suffix(".gemspec"),
                ) {
                    (Some(root), Some(full)) => folders.push(format!("{root}/gems/{full}")),
                    _ => folders.push(folder.to_owned()),
                }
            }
            PackageKind::Composer => {
                if let Some(vendor) = folder.strip_suffix("/composer") {
                    folders.push(format!("{vendor}/{}", package.name));
                }
            }
            _ => {}
        }
    }
    if package.kind == PackageKind::Rpm {
        folders.push(format!("/usr/share/licenses/{}", package.name));
    }
    folders.sort();
    folders.dedup();
    folders
}

/// Are the licence files of an image, by the folder of the package to which they belong.
pub struct Texts<'a> {
    by_folder: HashMap<String, Vec<(String, &'a str)>>,
}

impl<'a> Texts<'a> {
    /// Collects what the analyzer found.
    pub fn new(facts: &[Located<'a>]) -> Self {
        let mut by_folder: HashMap<String, Vec<(String, &'a str)>> = HashMap::new();
        for located in facts {
            let Fact::Note { value, .. } = located.fact else {
                continue;
            };
            let Some(folder) = folder(located.path.as_bytes()) else {
                continue;
            };
            by_folder
                .entry(format!("/{}", escape_bytes(folder)))
                .or_default()
                .push((located.path.to_text(), value));
        }
        Self { by_folder }
    }

    /// Gives a package whose settled licences say nothing the licences of its files, and names those
    /// files as the property [`EVIDENCE`].
    ///
    /// Nothing is said where one of the files is not known, or where none is of the family that the
    /// package names.
    pub fn complete(&self, package: &mut Package) {
        let Some(families) = families(&package.licenses) else {
            return;
        };
        if self.by_folder.is_empty() {
            return;
        }
        let mut files: Vec<&(String, &str)> = folders(package)
            .iter()
            .filter_map(|folder| self.by_folder.get(folder))
            .flatten()
            .collect();
        files.sort();
        if files.len() > MAX_FILES {
            return;
        }
        let texts = files.iter().map(|(_, text)| *text);
        let Some(found) = agreed(texts, &families) else {
            return;
        };
        let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        replace(package, found, &paths);
    }
}

/// Returns the families that settled licences name without saying more (see [`placeholder`]); `None`
/// where one of them says which licence it is.
pub(crate) fn families(settled: &[String]) -> Option<Vec<&'static str>> {
    settled.iter().map(|license| placeholder(license)).collect()
}

/// Returns the licences of texts, sorted; `None` where there is none, one is not known, or none is of
/// a family that the package names.
pub(crate) fn agreed<'t>(
    texts: impl Iterator<Item = &'t str>,
    families: &[&str],
) -> Option<Vec<String>> {
    let mut found: Vec<String> = texts.map(str::to_owned).collect();
    found.sort();
    found.dedup();
    // The lesser licence is the general one and more: both texts go with it.
    if found.iter().any(|one| one.starts_with("LGPL-3.0")) {
        found.retain(|one| one != "GPL-3.0-only");
    }
    let stated = |family: &&str| found.iter().any(|one| one.starts_with(*family));
    let known = !found.is_empty() && found.iter().all(|one| !one.is_empty());
    (known && families.iter().all(stated)).then_some(found)
}

/// Gives a package the licences of its files, and keeps what it declared and where the files lie.
pub(crate) fn replace(package: &mut Package, found: Vec<String>, paths: &[&str]) {
    let properties = &mut package.properties;
    properties.insert(EVIDENCE.to_owned(), paths.join("; "));
    if !package.licenses.is_empty() {
        properties
            .entry(DECLARED.to_owned())
            .or_insert_with(|| package.licenses.join("; "));
    }
    package.licenses = found;
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::path::ImagePath;

    #[test]
    fn names_are_of_the_whole_or_of_parts() {
        for name in [
            "LICENSE",
            "licence.md",
            "COPYING",
            "COPYING3",
            "COPYING.LESSER",
            "LICENSE-MIT",
            "MIT-LICENSE",
            "LICENSE.APACHE2",
            "LICENSE-apache-2.0.txt",
            "license-cc0",
            "LICENSE.BSD-3-Clause",
            "UNLICENSE",
        ] {
            assert!(is_license_name(name.as_bytes()), "{name}");
        }
        for name in [
            "LICENSE.esprima",
            "licensed",
            "license.js",
            "LICENSES",
            "LICENSE-3RD-PARTY.txt",
            "NOTICE",
            "LICENSE.libfoo",
            "LICENSE.mitre",
            "copyright",
            "",
            "LICENSE-bundled.md",
        ] {
            assert!(!is_license_name(name.as_bytes()), "{name}");
        }
    }

    fn complete(
        kind: PackageKind,
        name: &str,
        location: &str,
        licenses: &[&str],
        files: &[(&str, &str)],
    ) -> Package {
        let facts: Vec<(ImagePath, Fact)> = files
            .iter()
            .map(|(path, text)| {
                let note = Fact::Note {
                    key: NOTE.to_owned(),
                    value: (*text).to_owned(),
                };
                (ImagePath::from_normalized(*path), note)
            })
            .collect();
        let located: Vec<Located<'_>> = facts
            .iter()
            .map(|(path, fact)| Located {
                path,
                layer: 0,
                introduced: 0,
                fact,
            })
            .collect();
        let mut package = Package::new(kind, name, "1");
        package.locations = vec![location.to_owned()];
        package.licenses = licenses.iter().map(|one| (*one).to_owned()).collect();
        Texts::new(&located).complete(&mut package);
        package
    }

    #[test]
    fn packages_are_joined_with_the_files_of_their_folder() {
        let cases = [
            (
                PackageKind::Pypi,
                "a",
                "/v/a-1.dist-info/METADATA",
                "v/a-1.dist-info/licenses/LICENSE",
            ),
            (
                PackageKind::Pypi,
                "a",
                "/v/a-1.dist-info/METADATA",
                "v/a-1.dist-info/COPYING",
            ),
            (
                PackageKind::Pypi,
                "A-b",
                "/v/pip/_vendor/vendor.txt",
                "v/pip/_vendor/a_b/LICENSE",
            ),
            (
                PackageKind::Npm,
                "a",
                "/n/node_modules/a/package.json",
                "n/node_modules/a/LICENSE",
            ),
            (
                PackageKind::Npm,
                "@s/a",
                "/node_modules/@s/a/package.json",
                "node_modules/@s/a/LICENSE",
            ),
            (
                PackageKind::Gem,
                "a",
                "/g/specifications/a-1.gemspec",
                "g/gems/a-1/MIT-LICENSE",
            ),
            (
                PackageKind::Gem,
                "a",
                "/g/specifications/default/a-1.gemspec",
                "g/gems/a-1/LICENSE.txt",
            ),
            (
                PackageKind::Gem,
                "a",
                "/g/bundler/gems/a-0f/a.gemspec",
                "g/bundler/gems/a-0f/LICENSE",
            ),
            (
                PackageKind::Composer,
                "v/a",
                "/w/vendor/composer/installed.json",
                "w/vendor/v/a/LICENSE",
            ),
            (
                PackageKind::Cran,
                "a",
                "/r/site-library/a/DESCRIPTION",
                "r/site-library/a/LICENSE",
            ),
            (
                PackageKind::Rpm,
                "a",
                "/var/lib/rpm/rpmdb.sqlite",
                "usr/share/licenses/a/COPYING",
            ),
        ];
        for (kind, name, location, file) in cases {
            let package = complete(kind, name, location, &[], &[(file, "MIT")]);
            assert_eq!(package.licenses, ["MIT"], "{location}");
            assert_eq!(package.properties[EVIDENCE], format!("/{file}"));
            let other = complete(kind, "other", "/elsewhere/x", &[], &[(file, "MIT")]);
            assert_eq!(other.licenses, Vec::<String>::new(), "{location}");
        }
    }

    #[test]
    fn only_what_says_nothing_is_completed() {
        let with = |licenses: &[&str], texts: &[&str]| {
            let names = ["n/node_modules/a/LICENSE", "n/node_modules/a/LICENSE-MIT"];
            let files: Vec<(&str, &str)> = names.into_iter().zip(texts.iter().copied()).collect();
            complete(
                PackageKind::Npm,
                "a",
                "/n/node_modules/a/package.json",
                licenses,
                &files,
            )
            .licenses
            .join("; ")
        };
        assert_eq!(with(&["SEE LICENSE IN LICENSE"], &["MIT"]), "MIT");
        assert_eq!(with(&["SEE LICENSE IN LICENSE.md"], &["MIT"]), "MIT");
        assert_eq!(with(&["file LICENSE"], &["MIT"]), "MIT");
        assert_eq!(
            with(&["BSD", "BSD License"], &["BSD-3-Clause"]),
            "BSD-3-Clause"
        );
        assert_eq!(
            with(&["Copyright (c) 2014 A", "BSD License"], &["BSD-3-Clause"]),
            "BSD-3-Clause"
        );
        assert_eq!(with(&["BSD"], &["MIT"]), "BSD");
        assert_eq!(with(&["Apache-2.0"], &["MIT"]), "Apache-2.0");
        assert_eq!(with(&["UNLICENSED"], &["MIT"]), "UNLICENSED");
        assert_eq!(
            with(&["BSD", "Apache-2.0"], &["BSD-3-Clause"]),
            "BSD; Apache-2.0"
        );
        assert_eq!(with(&[], &["MIT", "Apache-2.0"]), "Apache-2.0; MIT");
        assert_eq!(with(&[], &["MIT", ""]), "");
        assert_eq!(
            with(&[], &["GPL-3.0-only", "LGPL-3.0-only"]),
            "LGPL-3.0-only"
        );
    }
}
