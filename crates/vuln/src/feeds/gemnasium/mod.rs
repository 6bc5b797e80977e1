//! The format of GitLab's gemnasium-db: `gemnasium-db/<type>/<package>/<id>.yml`.
//!
//! Format (gitlab.com/gitlab-org/advisories-community, "ci/schema/schema.json"): `affected_range` is
//! written as the type's package manager does, alternatives joined by `||`; `<0` means no version.
//! The data may be used by whoever its licence allows to; it is never fetched, and none of it is part
//! of this project.

use std::io;
use std::path::Path;

use plimsoll_model::advisory::Advisory;
use plimsoll_model::version::Scheme;
use serde::Deserialize;

use super::{
    About, Batch, Feed, Fetched, Level, Record, Remote, Statement, expressions, read_file,
    rpm_updates, title, yaml,
};
use crate::{ids, rating};

/// The types of packages: as the database calls them, their ecosystem, and their order.
const TYPES: [(&str, &str, Scheme); 11] = [
    ("cargo", "crates.io", Scheme::Cargo),
    ("conan", "ConanCenter", Scheme::Generic),
    ("gem", "RubyGems", Scheme::Gem),
    ("go", "Go", Scheme::Go),
    ("maven", "Maven", Scheme::Maven),
    ("npm", "npm", Scheme::Npm),
    ("nuget", "NuGet", Scheme::Nuget),
    ("packagist", "Packagist", Scheme::Composer),
    ("pub", "Pub", Scheme::Pub),
    ("pypi", "PyPI", Scheme::Pypi),
    ("swift", "SwiftURL", Scheme::Swift),
];

/// The feed.
pub struct Gemnasium;

impl Feed for Gemnasium {
    fn name(&self) -> &'static str {
        "gemnasium"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "GitLab's gemnasium-db, as a checkout, for users whom its licence allows to use it",
            addresses: &["https://gitlab.com/gitlab-org/security-products/gemnasium-db"],
            format: "YAML (\"ci/schema/schema.json\" of gitlab.com/gitlab-org/advisories-community)",
            licence: "GitLab's own; not for redistribution, and never fetched",
            changes: "daily",
            files: "`gemnasium-db/<type>/<package>/<id>.yml`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        Vec::new()
    }

    fn rank(&self) -> u8 {
        3
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        let Some(at) = parts.iter().position(|part| *part == "gemnasium-db") else {
            return false;
        };
        match parts.get(at + 1..) {
            Some([kind, _, .., file]) => {
                TYPES.iter().any(|(name, ..)| name == kind) && file.strip_suffix(".yml").is_some()
            }
            _ => false,
        }
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        let file = parts.last().copied().unwrap_or("");
        Ok(parse(&read_file(path)?, file))
    }
}

/// Is a record.
#[derive(Deserialize)]
struct Entry {
    identifier: String,
    #[serde(default)]
    identifiers: Option<Vec<String>>,
    package_slug: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    pubdate: Option<String>,
    #[serde(default)]
    date: Option<String>,
    #[serde(default)]
    affected_range: Option<String>,
    #[serde(default)]
    urls: Option<Vec<String>>,
    #[serde(default)]
    cvss_v2: Option<String>,
    #[serde(default)]
    cvss_v3: Option<String>,
    #[serde(default)]
    cvss_v4: Option<String>,
}

/// Reads a file; `file` is its name.
pub fn parse(bytes: &[u8], file: &str) -> Batch {
    let mut batch = Batch::new("gemnasium");
    match read(bytes) {
        Ok(record) => {
            batch.read = 1;
            batch.dated(&record.modified);
            batch.records.push(record);
        }
        Err(why) => batch.damage(format!("{file}: {why}")),
    }
    batch
}

/// Returns ecosystem, order and name of a package by its place (`maven/org.apache/commons`).
fn package(slug: &str) -> Option<(&'static str, Scheme, String)> {
    let (kind, name) = slug.trim_matches('/').split_once('/')?;
    let (_, ecosystem, scheme) = TYPES.iter().find(|(known, ..)| *known == kind)?;
    let name = match *scheme {
        Scheme::Maven => name
            .rsplit_once('/')
            .map(|(group, artifact)| format!("{group}:{artifact}"))?,
        _ => name.to_owned(),
    };
    (!name.is_empty() && name.len() <= 300).then_some((*ecosystem, *scheme, name))
}

/// Reads a record.
fn read(bytes: &[u8]) -> Result<Record, String> {
    let entry: Entry = yaml::read(bytes)?;
    let id = entry.identifier.trim().to_owned();
    if !ids::plausible(&id) {
        return Err(format!("`{id}` is no id"));
    }
    let (ecosystem, scheme, package) = package(&entry.package_slug)
        .ok_or_else(|| format!("`{}` is no package of a known type", entry.package_slug))?;
    let range = entry.affected_range.unwrap_or_default();
    let range = range.trim();
    let ranges = if matches!(range, "" | "<0" | "<0.0.0") {
        Vec::new()
    } else {
        let intervals = expressions::any_of(scheme, [range])?;
        expressions::ranges(&expressions::joined(scheme, intervals))
    };
    let mut names: Vec<String> = entry.identifiers.unwrap_or_default();
    names.push(id.clone());
    names.retain(|name| ids::plausible(name) && !name.starts_with("CWE-"));
    names.sort();
    names.dedup();
    let cves: Vec<String> = names
        .iter()
        .filter(|name| ids::is_cve(name))
        .cloned()
        .collect();
    let several = cves.len() > 1;
    let modified = rpm_updates::date(entry.date.as_deref().unwrap_or(""));
    let mut urls = entry.urls.unwrap_or_default();
    urls.retain(|url| {
        url.starts_with("https://")
            && url.len() <= 300
            && url.bytes().all(|byte| byte.is_ascii_graphic())
    });
    urls.truncate(3);
    let vectors = [entry.cvss_v4, entry.cvss_v3, entry.cvss_v2];
    let mut record = Record {
        level: if several {
            Level::Advisory
        } else {
            Level::Vulnerability
        },
        vulnerabilities: if cves.is_empty() {
            vec![id.clone()]
        } else {
            cves
        },
        same: if several { Vec::new() } else { names },
        title: title(entry.title.as_deref().unwrap_or(""), 160),
        published: rpm_updates::date(entry.pubdate.as_deref().unwrap_or("")),
        modified,
        urls,
        cvss: (vectors.into_iter().flatten())
            .filter_map(|vector| rating::rate(&vector, ""))
            .collect(),
        ..Record::default()
    };
    if !ranges.is_empty() {
        record.statements.push(Statement {
            advisory: Advisory {
                id: id.clone(),
                ecosystem: ecosystem.to_owned(),
                package,
                fix: expressions::fix(&ranges),
                ranges,
                ..Advisory::default()
            },
            ..Statement::default()
        });
    }
    record.id = id;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record that is made up, in the format.
    fn made_up(slug: &str, range: &str) -> String {
        format!(
            "---\nidentifier: \"GMS-2099-1\"\nidentifiers:\n- \"GMS-2099-1\"\n- \"CVE-2099-12345\"\npackage_slug: \"{slug}\"\ntitle: \"A made-up weakness\"\n\
             description: \"Nothing.\"\npubdate: \"2099-03-15\"\ndate: \"2099-03-16\"\naffected_range: \"{range}\"\nfixed_versions:\n- \"1.0.1\"\nurls:\n- \"https://example.org/1\"\ncwe_ids:\n- \"CWE-1035\"\n\
             cvss_v3: \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"\n"
        )
    }

    #[test]
    fn ranges_are_read_as_their_type_writes_them() {
        for (slug, range, expected) in [
            (
                "npm/@scope/name",
                ">=1.0.0 <1.2.3||>=2.0.0 <2.0.5",
                "npm @scope/name [1.0.0<1.2.3 [2.0.0<2.0.5",
            ),
            ("pypi/name", ">=1.0,<1.2.3", "PyPI name [1.0<1.2.3"),
            (
                "maven/org.example/name",
                "[1.0,1.2.3)",
                "Maven org.example:name [1.0<1.2.3",
            ),
            (
                "maven/org.example/name",
                "(,1.2.3]",
                "Maven org.example:name [<=1.2.3",
            ),
            ("gem/name", "<1.2.3", "RubyGems name [<1.2.3"),
            (
                "go/example.org/a/b",
                "<v1.2.3",
                "Go example.org/a/b [<v1.2.3",
            ),
            ("nuget/Name", "[1.0,2.0)", "NuGet Name [1.0<2.0"),
            ("conan/name", ">=1.0 <1.1", "ConanCenter name [1.0<1.1"),
            ("npm/name", "<0", ""),
            ("npm/name", "", ""),
        ] {
            let batch = parse(made_up(slug, range).as_bytes(), "x.yml");
            assert_eq!(batch.damaged, 0, "{slug} {range}: {:?}", batch.notes);
            let record = &batch.records[0];
            assert_eq!(record.vulnerabilities, ["CVE-2099-12345"]);
            let shown = record.statements.first().map_or(String::new(), |one| {
                let advisory = &one.advisory;
                let mut text = format!("{} {}", advisory.ecosystem, advisory.package);
                for range in &advisory.ranges {
                    text.extend([
                        " ",
                        if range.exclusive { "(" } else { "[" },
                        &range.introduced,
                    ]);
                    if let Some(fixed) = &range.fixed {
                        text.extend(["<", fixed]);
                    } else if let Some(last) = &range.last_affected {
                        text.extend(["<=", last]);
                    }
                }
                text
            });
            assert_eq!(shown, expected, "{slug} {range}");
        }
        for (slug, range) in [
            ("npm/name", "what"),
            ("cobol/name", "<1"),
            ("maven/name", "<1"),
        ] {
            assert_eq!(
                parse(made_up(slug, range).as_bytes(), "x.yml").damaged,
                1,
                "{slug}"
            );
        }
        let path = [
            "a",
            "gemnasium-db",
            "maven",
            "org.example",
            "name",
            "CVE-2099-12345.yml",
        ];
        assert!(Gemnasium.recognises(&path));
        assert!(!Gemnasium.recognises(&["gemnasium-db", "ci", "x", "y.yml"]));
    }
}
