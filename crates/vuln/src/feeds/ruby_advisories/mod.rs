//! ruby-advisory-db, as a checkout: `gems/<gem>/<id>.yml`.
//!
//! Format (github.com/rubysec/ruby-advisory-db, README): `patched_versions` and `unaffected_versions`
//! are requirements of which one is enough; every other version is affected. Ratings are numbers
//! without vectors. `related` is about other vulnerabilities. Records of Ruby itself (`rubies/`) are
//! not read: Ruby is no gem.

use std::io;
use std::path::Path;

use plimsoll_model::advisory::Advisory;
use plimsoll_model::severity::Severity;
use plimsoll_model::version::Scheme;
use serde::Deserialize;

use super::{
    About, Batch, Feed, Fetched, Record, Remote, Statement, expressions, read_file, rpm_updates,
    title, yaml,
};
use crate::ids;

/// The feed.
pub struct RubyAdvisories;

impl Feed for RubyAdvisories {
    fn name(&self) -> &'static str {
        "ruby-advisories"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "ruby-advisory-db, as a checkout",
            addresses: &["https://github.com/rubysec/ruby-advisory-db"],
            format: "YAML (README of the repository)",
            licence: "public domain",
            changes: "daily",
            files: "`gems/<gem>/<id>.yml`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        Vec::new()
    }

    fn rank(&self) -> u8 {
        2
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        matches!(parts, [.., "gems", _, file] if file.strip_suffix(".yml").is_some_and(is_name))
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        let file = parts.last().copied().unwrap_or("");
        Ok(parse(&read_file(path)?, file))
    }
}

/// Says whether a file is named after a vulnerability, as all records are.
fn is_name(stem: &str) -> bool {
    ["CVE-", "GHSA-", "OSVDB-"]
        .iter()
        .any(|prefix| stem.starts_with(prefix))
        && ids::plausible(stem)
}

/// Is a record.
#[derive(Deserialize)]
struct Entry {
    gem: String,
    #[serde(default)]
    platform: Option<String>,
    #[serde(default)]
    cve: Option<String>,
    #[serde(default)]
    ghsa: Option<String>,
    #[serde(default)]
    osvdb: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    date: Option<String>,
    #[serde(default)]
    cvss_v2: Option<String>,
    #[serde(default)]
    cvss_v3: Option<String>,
    #[serde(default)]
    cvss_v4: Option<String>,
    #[serde(default)]
    patched_versions: Option<Vec<String>>,
    #[serde(default)]
    unaffected_versions: Option<Vec<String>>,
}

/// Reads a file; `file` is its name, which is the record's.
pub fn parse(bytes: &[u8], file: &str) -> Batch {
    let mut batch = Batch::new("ruby-advisories");
    match read(bytes, file.strip_suffix(".yml").unwrap_or(file)) {
        Ok(record) => {
            batch.read = 1;
            batch.records.push(record);
        }
        Err(why) => batch.damage(format!("{file}: {why}")),
    }
    batch
}

/// Reads a record.
fn read(bytes: &[u8], id: &str) -> Result<Record, String> {
    let entry: Entry = yaml::read(bytes)?;
    if !ids::plausible(id) || entry.gem.is_empty() || entry.gem.len() > 300 {
        return Err(format!("`{id}` of `{}`: no id or no gem", entry.gem));
    }
    let named = |prefix: &str, number: &Option<String>| {
        let number = number
            .as_deref()
            .map(str::trim)
            .filter(|number| !number.is_empty())?;
        let name = format!("{prefix}{}", number.strip_prefix(prefix).unwrap_or(number));
        ids::plausible(&name).then_some(name)
    };
    let cve = named("CVE-", &entry.cve).filter(|cve| ids::is_cve(cve));
    let mut same: Vec<String> = [
        named("GHSA-", &entry.ghsa),
        named("OSVDB-", &entry.osvdb),
        cve.clone(),
    ]
    .into_iter()
    .flatten()
    .chain([id.to_owned()])
    .collect();
    same.sort();
    same.dedup();
    let scores = [entry.cvss_v4, entry.cvss_v3, entry.cvss_v2];
    let score = (scores.into_iter().flatten()).find_map(|score| score.trim().parse::<f64>().ok());
    let (patched, unaffected) = (
        entry.patched_versions.unwrap_or_default(),
        entry.unaffected_versions.unwrap_or_default(),
    );
    let allowed = patched.iter().chain(&unaffected).map(String::as_str);
    let allowed = expressions::any_of(Scheme::Gem, allowed)?;
    let ranges = expressions::ranges(&expressions::outside(Scheme::Gem, allowed));
    let url = entry.url.filter(|url| {
        (url.starts_with("https://") || url.starts_with("http://"))
            && url.len() <= 300
            && url.bytes().all(|byte| byte.is_ascii_graphic())
    });
    Ok(Record {
        id: id.to_owned(),
        vulnerabilities: vec![cve.unwrap_or_else(|| id.to_owned())],
        same,
        title: title(entry.title.as_deref().unwrap_or(""), 160),
        published: rpm_updates::date(entry.date.as_deref().unwrap_or("")),
        urls: url.into_iter().collect(),
        severity: score
            .filter(|score| *score > 0.0 && *score <= 10.0)
            .map(Severity::from_score),
        statements: vec![Statement {
            advisory: Advisory {
                id: id.to_owned(),
                ecosystem: "RubyGems".to_owned(),
                package: entry.gem,
                fix: expressions::fix(&ranges),
                ranges,
                // The gem of JRuby is another build of it.
                arches: (entry.platform.as_deref() == Some("jruby"))
                    .then(|| "java".to_owned())
                    .into_iter()
                    .collect(),
                ..Advisory::default()
            },
            ..Statement::default()
        }],
        ..Record::default()
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_model::advisory::Range;

    use super::*;

    #[test]
    fn every_version_that_is_not_allowed_is_affected() {
        let batch = parse(
            b"---\ngem: nokogiri\ncve: 2015-5312\nghsa: xjqg-9jvg-fgx2\nurl: https://groups.google.com/forum/#!topic/ruby-security-ann/aSbgDiwb24s\n\
              title: Nokogiri gem contains several vulnerabilities in libxml2\ndate: 2015-12-15\ncvss_v2: 7.1\nunaffected_versions:\n  - < 1.6.0\npatched_versions:\n  - '>= 1.6.7.1'\n\
              related:\n  cve:\n    - 2015-7497\n",
            "CVE-2015-5312.yml",
        );
        assert_eq!((batch.read, batch.damaged), (1, 0), "{:?}", batch.notes);
        let record = &batch.records[0];
        assert_eq!(record.vulnerabilities, ["CVE-2015-5312"]);
        assert_eq!(record.same, ["CVE-2015-5312", "GHSA-xjqg-9jvg-fgx2"]);
        assert_eq!(record.severity, Some(Severity::High));
        assert_eq!(record.published, "2015-12-15T00:00:00Z");
        let range = |introduced: &str, exclusive, fixed: Option<&str>| Range {
            introduced: introduced.into(),
            exclusive,
            fixed: fixed.map(str::to_owned),
            last_affected: None,
        };
        assert_eq!(
            record.statements[0].advisory.ranges,
            [range("1.6.0", false, Some("1.6.7.1"))]
        );

        let several = parse(
            b"gem: rack\nosvdb: 1234\nplatform: jruby\ncvss_v3: '9.8'\nunaffected_versions: ['<= 1.0']\npatched_versions:\n- ~> 1.4.5\n- '>= 1.5.2, < 1.6'\n- '>= 1.7'\n",
            "OSVDB-1234.yml",
        );
        let record = &several.records[0];
        assert_eq!(record.vulnerabilities, ["OSVDB-1234"]);
        assert_eq!(record.severity, Some(Severity::Critical));
        assert_eq!(
            record.statements[0].advisory.ranges,
            [
                range("1.0", true, Some("1.4.5")),
                range("1.5.A", false, Some("1.5.2")),
                range("1.6", false, Some("1.7")),
            ]
        );
        assert_eq!(record.statements[0].advisory.arches, ["java"]);
        assert_eq!(
            parse(b"gem: x\npatched_versions: ['~> y']", "CVE-2020-0001.yml").damaged,
            1
        );
        assert_eq!(parse(b"gem: [", "CVE-2020-0001.yml").damaged, 1);
        assert!(RubyAdvisories.recognises(&["gems", "rack", "OSVDB-1234.yml"]));
        assert!(!RubyAdvisories.recognises(&["gems", "rack", ".rubocop.yml"]));
    }
}
