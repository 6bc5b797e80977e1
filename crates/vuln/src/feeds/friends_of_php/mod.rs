//! `FriendsOfPHP`'s security-advisories, as a checkout: `security-advisories/<vendor>/<package>/<id>.yaml`.
//!
//! Format (github.com/FriendsOfPHP/security-advisories, README): per branch the constraints that
//! affected versions meet all of. Branches that touch are one range: that the next branch begins is
//! no fix.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use plimsoll_model::advisory::Advisory;
use plimsoll_model::range::Interval;
use plimsoll_model::version::Scheme;
use serde::Deserialize;

use super::{
    About, Batch, Feed, Fetched, Record, Remote, Statement, expressions, read_file, title, yaml,
};
use crate::ids;

/// The feed.
pub struct FriendsOfPhp;

impl Feed for FriendsOfPhp {
    fn name(&self) -> &'static str {
        "friends-of-php"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "FriendsOfPHP's security advisories, as a checkout",
            addresses: &["https://github.com/FriendsOfPHP/security-advisories"],
            format: "YAML (README of the repository)",
            licence: "Unlicense",
            changes: "weekly",
            files: "`security-advisories/<vendor>/<package>/<id>.yaml`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        Vec::new()
    }

    fn rank(&self) -> u8 {
        2
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        matches!(parts, [.., "security-advisories", vendor, _, file]
            if !vendor.starts_with('.') && file.strip_suffix(".yaml").is_some())
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        let start = parts.len().saturating_sub(3);
        let name = parts.get(start..).unwrap_or(parts).join("/");
        Ok(parse(&read_file(path)?, &name))
    }
}

/// Is a record.
#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    link: Option<String>,
    #[serde(default)]
    cve: Option<String>,
    reference: String,
    branches: BTreeMap<String, Branch>,
}

/// Is a branch.
#[derive(Deserialize)]
struct Branch {
    versions: Vec<String>,
}

/// Reads a file; `name` is its path below the repository.
pub fn parse(bytes: &[u8], name: &str) -> Batch {
    let mut batch = Batch::new("friends-of-php");
    match read(bytes, name.strip_suffix(".yaml").unwrap_or(name)) {
        Ok(record) => {
            batch.read = 1;
            batch.records.push(record);
        }
        Err(why) => batch.damage(format!("{name}: {why}")),
    }
    batch
}

/// Reads a record.
fn read(bytes: &[u8], name: &str) -> Result<Record, String> {
    let entry: Entry = yaml::read(bytes)?;
    let package = (entry.reference.trim())
        .strip_prefix("composer://")
        .filter(|package| package.contains('/') && package.len() <= 300)
        .ok_or_else(|| format!("`{}` is no package of Composer", entry.reference))?;
    let cve = entry
        .cve
        .map(|cve| cve.trim().to_owned())
        .filter(|cve| ids::is_cve(cve));
    // Without a CVE only the place in the repository names a record.
    let id = cve.unwrap_or_else(|| name.chars().filter(char::is_ascii_graphic).collect());
    if !ids::plausible(&id) {
        return Err(format!("`{id}` is no id"));
    }
    let mut affected: Vec<Interval> = Vec::new();
    for branch in entry.branches.values() {
        let constraints = branch.versions.join(",");
        let mut found = expressions::any_of(Scheme::Composer, [constraints.as_str()])?;
        for interval in &mut found {
            readable(interval, &constraints);
        }
        affected.append(&mut found);
    }
    let ranges = expressions::ranges(&expressions::joined(Scheme::Composer, affected));
    if ranges.is_empty() {
        return Err("no version is affected".to_owned());
    }
    let url = entry.link.filter(|url| {
        (url.starts_with("https://") || url.starts_with("http://"))
            && url.len() <= 300
            && url.bytes().all(|byte| byte.is_ascii_graphic())
    });
    Ok(Record {
        vulnerabilities: vec![id.clone()],
        title: title(entry.title.as_deref().unwrap_or(""), 160),
        urls: url.into_iter().collect(),
        statements: vec![Statement {
            advisory: Advisory {
                id: id.clone(),
                ecosystem: "Packagist".to_owned(),
                package: package.to_owned(),
                fix: expressions::fix(&ranges),
                ranges,
                ..Advisory::default()
            },
            ..Statement::default()
        }],
        id,
        ..Record::default()
    })
}

/// Takes back the stability that Composer adds to a written bound (`<2.8.52` ends before
/// `2.8.52-dev`): the written version is the one that fixes, and what precedes it is affected.
fn readable(interval: &mut Interval, written: &str) {
    if let Some(upper) = &mut interval.upper
        && !written.contains(&upper.version)
        && let Some(plain) = upper.version.strip_suffix("-dev")
        && written.contains(plain)
    {
        upper.version = plain.to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_that_touch_are_one_range() {
        let batch = parse(
            b"title:     \"CVE-2019-18888: Prevent argument injection in a MimeTypeGuesser\"\nlink:      https://symfony.com/cve-2019-18888\ncve:       CVE-2019-18888\nbranches:\n\
              \x20   2.7.x:\n        time:     ~\n        versions: ['>=2.7.0', '<2.8.0']\n\
              \x20   2.8.x:\n        time:     2019-11-13 08:00:00\n        versions: ['>=2.8.0', '<2.8.52']\n\
              \x20   4.3.x:\n        time:     2019-11-13 08:00:00\n        versions: ['>=4.3.0', '<4.3.8']\nreference: composer://symfony/http-foundation\n",
            "symfony/http-foundation/CVE-2019-18888.yaml",
        );
        assert_eq!((batch.read, batch.damaged), (1, 0), "{:?}", batch.notes);
        let record = &batch.records[0];
        assert_eq!(record.id, "CVE-2019-18888");
        let stated = &record.statements[0].advisory;
        assert_eq!(stated.package, "symfony/http-foundation");
        let ends: Vec<_> = stated
            .ranges
            .iter()
            .map(|range| range.fixed.as_deref())
            .collect();
        assert_eq!(ends, [Some("2.8.52"), Some("4.3.8")], "{:?}", stated.ranges);

        let unnamed = parse(
            b"title: x\nlink: y\ncve: ~\nbranches:\n  master: {time: ~, versions: ['<=1.2']}\nreference: composer://a/b\n",
            "a/b/2012-11-29.yaml",
        );
        assert_eq!(unnamed.records[0].id, "a/b/2012-11-29");
        for bad in [
            &b"branches: {}"[..],
            b"reference: composer://a/b\nbranches: {}",
            b"reference: pear://a\nbranches: {}",
            b"[",
        ] {
            assert_eq!(parse(bad, "x").damaged, 1);
        }
        assert!(FriendsOfPhp.recognises(&["security-advisories", "a", "b", "CVE-2020-0001.yaml"]));
        assert!(!FriendsOfPhp.recognises(&["security-advisories", ".github", "b", "x.yaml"]));
    }
}
