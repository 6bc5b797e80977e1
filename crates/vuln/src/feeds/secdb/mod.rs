//! The security databases of the apk world: Alpine's secdb and the same format at Wolfi and
//! Chainguard.
//!
//! Files: `<release>/<repository>.json` (`v3.11/main.json`, `edge/community.json`) and
//! `security.json`. Format: `packages[].pkg.secfixes` maps the version that fixes to the ids that it
//! fixes; the version `0` means that the package was never affected (Alpine wiki, "secfixes" in
//! APKBUILD). Ids are free text of maintainers: several in one string, comments in brackets.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use plimsoll_model::advisory::{Advisory, FixState, Range};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{About, Batch, Feed, Fetched, Record, Remote, Statement, read_file};
use crate::ids;

/// Where Alpine serves its database.
const ALPINE: &str = "https://secdb.alpinelinux.org";

/// The feed.
pub struct Secdb;

impl Feed for Secdb {
    fn name(&self) -> &'static str {
        "secdb"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "Security databases of Alpine, Wolfi and Chainguard",
            addresses: &[
                ALPINE,
                "https://packages.wolfi.dev",
                "https://packages.cgr.dev",
            ],
            format: "secdb: JSON by package and fixed version (Alpine wiki, \"secfixes\")",
            licence: "none stated; facts of the packages' own recipes",
            changes: "several times a day",
            files: "`<release>/main.json`, `<release>/community.json`, `security.json`",
        }
    }

    fn plan(&self, fetched: &Fetched<'_>) -> Vec<Remote> {
        let index = "alpine/secdb/index.html";
        let mut files = vec![
            Remote::index(format!("{ALPINE}/"), index),
            Remote::new(
                "https://packages.wolfi.dev/os/security.json",
                "wolfi/security.json",
            ),
            Remote::new(
                "https://packages.cgr.dev/chainguard/security.json",
                "chainguard/security.json",
            ),
        ];
        let page = fetched(index).unwrap_or_default();
        for release in releases(&String::from_utf8_lossy(&page)) {
            for name in ["main.json", "community.json"] {
                // The first releases had no community repository.
                if name == "main.json" || !matches!(release, "v3.0" | "v3.1" | "v3.2") {
                    let path = format!("{release}/{name}");
                    let local = format!("alpine/secdb/{path}");
                    files.push(Remote::new(format!("{ALPINE}/{path}"), local));
                }
            }
        }
        files
    }

    fn rank(&self) -> u8 {
        0
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        match parts {
            [.., "security.json"] => true,
            [.., release, "main.json" | "community.json"] => is_release(release),
            _ => false,
        }
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        let folder = parts.iter().rev().nth(1).copied().unwrap_or("");
        Ok(parse(&read_file(path)?, folder))
    }
}

/// Returns the releases that the index page links to, sorted.
fn releases(page: &str) -> Vec<&str> {
    let links = page.split("href=\"").skip(1);
    let names = links.filter_map(|rest| rest.split(['"', '/']).next());
    let mut names: Vec<&str> = names.filter(|name| is_release(name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Says whether a folder is named after an Alpine release.
fn is_release(name: &str) -> bool {
    name == "edge"
        || name.strip_prefix('v').is_some_and(|rest| {
            rest.contains('.')
                && rest
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'.')
        })
}

/// Is the file.
#[derive(Deserialize)]
struct Database<'a> {
    /// `v3.11`; absent at Wolfi and Chainguard.
    #[serde(default)]
    distroversion: Option<String>,
    /// `main`, `community`, `os`.
    #[serde(default)]
    reponame: Option<String>,
    /// Where the packages are served from.
    #[serde(default)]
    urlprefix: Option<String>,
    /// The same, as a template.
    #[serde(default)]
    apkurl: Option<String>,
    /// The packages.
    #[serde(borrow)]
    packages: Vec<&'a RawValue>,
}

/// Is one package's wrapper.
#[derive(Deserialize)]
struct Wrapper {
    /// The package.
    pkg: Package,
}

/// Is one package.
#[derive(Deserialize)]
struct Package {
    /// The origin's name.
    name: String,
    /// Fixed versions and what each fixes.
    #[serde(default)]
    secfixes: Option<BTreeMap<String, Option<Vec<String>>>>,
}

/// Reads a database. `folder` is the name of the folder that the file is in, for databases that do
/// not say what they are of.
pub fn parse(bytes: &[u8], folder: &str) -> Batch {
    let mut batch = Batch::new(format!("secdb/{folder}"));
    let database: Database<'_> = match serde_json::from_slice(bytes) {
        Ok(database) => database,
        Err(error) => {
            batch.damage(format!("not a security database: {error}"));
            return batch;
        }
    };
    let repository = database.reponame.clone().unwrap_or_default();
    let Some(ecosystem) = ecosystem(&database, folder) else {
        batch.damage("neither a release nor a distribution is stated");
        return batch;
    };
    batch.name = match ecosystem.split_once(':') {
        Some((_, release)) => format!("alpine-secdb/{release}"),
        None => format!("{}-secdb", ecosystem.to_lowercase()),
    };
    for raw in database.packages {
        let package = match serde_json::from_str::<Wrapper>(raw.get()) {
            Ok(wrapper) => wrapper.pkg,
            Err(error) => {
                batch.damage(format!("a package: {error}"));
                continue;
            }
        };
        for (version, entries) in package.secfixes.unwrap_or_default() {
            for entry in entries.unwrap_or_default() {
                let (vulnerabilities, also) = names(&entry);
                if vulnerabilities.is_empty() {
                    batch.damage(format!("{}: no id in `{entry}`", package.name));
                    continue;
                }
                batch.read += 1;
                for id in vulnerabilities {
                    batch.records.push(record(
                        id,
                        also.clone(),
                        &ecosystem,
                        &package.name,
                        (&version, &repository),
                    ));
                }
            }
        }
    }
    batch
}

/// Makes the record of one vulnerability in one package.
fn record(
    id: String,
    also: Vec<String>,
    ecosystem: &str,
    package: &str,
    (version, repository): (&str, &str),
) -> Record {
    let affected = version != "0";
    Record {
        vulnerabilities: vec![id.clone()],
        statements: vec![Statement {
            advisory: Advisory {
                id: id.clone(),
                ecosystem: ecosystem.to_owned(),
                package: package.to_owned(),
                ranges: if affected {
                    vec![Range {
                        fixed: Some(version.to_owned()),
                        ..Range::default()
                    }]
                } else {
                    Vec::new()
                },
                fix: if affected {
                    FixState::Fixed
                } else {
                    FixState::Unknown
                },
                ..Advisory::default()
            },
            also,
            repository: repository.to_owned(),
        }],
        id,
        ..Record::default()
    }
}

/// Says which ecosystem a database is of.
fn ecosystem(database: &Database<'_>, folder: &str) -> Option<String> {
    let release = database.distroversion.as_deref().unwrap_or("");
    let from = format!(
        "{} {} {} {folder}",
        database.urlprefix.as_deref().unwrap_or(""),
        database.apkurl.as_deref().unwrap_or(""),
        database.reponame.as_deref().unwrap_or(""),
    )
    .to_lowercase();
    if from.contains("wolfi") {
        Some("Wolfi".to_owned())
    } else if from.contains("chainguard") || from.contains("cgr.dev") {
        Some("Chainguard".to_owned())
    } else if is_release(release) {
        Some(format!("Alpine:{release}"))
    } else if is_release(folder) {
        Some(format!("Alpine:{folder}"))
    } else {
        None
    }
}

/// Splits an entry into the vulnerabilities that it names and names of advisories about them. Where
/// it names no CVE, every name is a vulnerability of its own.
fn names(entry: &str) -> (Vec<String>, Vec<String>) {
    let entry = entry.split('(').next().unwrap_or("");
    let cves = ids::cves_in(entry);
    let mut others: Vec<String> = entry
        .split([' ', '\t', ',', ';'])
        .filter(|word| {
            let (letters, digits) = (
                word.bytes().any(|byte| byte.is_ascii_alphabetic()),
                word.bytes().any(|byte| byte.is_ascii_digit()),
            );
            letters && digits && word.contains('-') && !word.contains("CVE") && ids::plausible(word)
        })
        .map(str::to_owned)
        .collect();
    others.sort();
    others.dedup();
    if cves.is_empty() {
        (others, Vec::new())
    } else {
        (cves, others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_free_text_of_maintainers_is_understood() {
        let cases: [(&str, &[&str], &[&str]); 8] = [
            ("CVE-2019-14904", &["CVE-2019-14904"], &[]),
            ("CVE-2016-9932 XSA-200", &["CVE-2016-9932"], &["XSA-200"]),
            ("CVE-2018-8897  XSA-260", &["CVE-2018-8897"], &["XSA-260"]),
            ("CVE-2017-2616 (+ regression fix)", &["CVE-2017-2616"], &[]),
            ("CVE_2019-2426", &["CVE-2019-2426"], &[]),
            ("XSA-207", &["XSA-207"], &[]),
            ("CVE-????-?????  XSA-295", &["XSA-295"], &[]),
            ("(nothing)", &[], &[]),
        ];
        for (entry, vulnerabilities, also) in cases {
            let (got, got_also) = names(entry);
            assert_eq!(got, vulnerabilities, "{entry}");
            assert_eq!(got_also, also, "{entry}");
        }
    }

    #[test]
    fn releases_and_rolling_distributions_are_told_apart() {
        let alpine = parse(
            br#"{"apkurl":"{{urlprefix}}/{{distroversion}}/{{reponame}}","reponame":"main","urlprefix":"http://dl-cdn.alpinelinux.org/alpine","distroversion":"v3.11",
            "packages":[{"pkg":{"name":"openssl","secfixes":{"1.1.1d-r3":["CVE-2019-1551"],"0":["CVE-2019-0190"]}}},{"pkg":{}},{"pkg":{"name":"x","secfixes":{"1-r0":null}}}]}"#,
            "v3.11",
        );
        assert_eq!(alpine.name, "alpine-secdb/v3.11");
        assert_eq!((alpine.read, alpine.damaged), (2, 1));
        let never = &alpine.records[0].statements[0];
        assert_eq!(never.advisory.ecosystem, "Alpine:v3.11");
        assert_eq!(never.repository, "main");
        assert!(never.advisory.ranges.is_empty(), "0 means not affected");
        let fixed = &alpine.records[1].statements[0].advisory;
        assert_eq!(fixed.ranges[0].fixed.as_deref(), Some("1.1.1d-r3"));

        let wolfi = parse(
            br#"{"apkurl":"{{urlprefix}}/{{reponame}}/{{arch}}/{{pkg.name}}-{{pkg.ver}}.apk","archs":["x86_64"],"reponame":"os","urlprefix":"https://packages.wolfi.dev",
            "packages":[{"pkg":{"name":"curl","secfixes":{"8.1.0-r0":["CVE-2023-28319","GHSA-xxxx-1111-2222"]}}}]}"#,
            "os",
        );
        assert_eq!(wolfi.name, "wolfi-secdb");
        assert_eq!(wolfi.records[0].statements[0].advisory.ecosystem, "Wolfi");
        let chainguard = parse(
            br#"{"reponame":"chainguard","urlprefix":"https://packages.cgr.dev","packages":[]}"#,
            "os",
        );
        assert_eq!(chainguard.name, "chainguard-secdb");
        assert_eq!(parse(br#"{"packages":[]}"#, "x").damaged, 1);
        assert_eq!(parse(b"{", "v3.1").damaged, 1);
    }

    #[test]
    fn files_are_recognised_by_layout() {
        assert!(Secdb.recognises(&["alpine", "secdb", "v3.11", "main.json"]));
        assert!(Secdb.recognises(&["edge", "community.json"]));
        assert!(Secdb.recognises(&["wolfi", "os", "security.json"]));
        assert!(!Secdb.recognises(&["src", "main.json"]));
        assert!(!Secdb.recognises(&["main.json"]));
    }
}
