//! The Debian security tracker's export: `tracker/data/json`.
//!
//! Format (the tracker's "json" view): source package → CVE or `TEMP-…` → `description` and
//! `releases` → `status`, `fixed_version`, `urgency`, `nodsa`, `nodsa_reason`. The status is that of
//! the version which the archive offers; what an installed version is must be compared with
//! `fixed_version`. A fixed version of `0` means never affected. `nodsa` explains why there is no
//! advisory; it may still stand there when the fix came otherwise, so a fixed version counts first.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::Path;

use plimsoll_model::advisory::{Advisory, FixState, Range};
use plimsoll_model::severity::Severity;
use serde::Deserialize;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::debian_advisories::ecosystem;
use super::{About, Batch, Feed, Fetched, Record, Remote, Statement, read_file, title};
use crate::ids;

/// The feed.
pub struct DebianTracker;

impl Feed for DebianTracker {
    fn name(&self) -> &'static str {
        "debian-tracker"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "Debian's security tracker",
            addresses: &["https://security-tracker.debian.org"],
            format: "JSON by source package, vulnerability and release",
            licence: "none stated; facts of a public tracker",
            changes: "several times a day",
            files: "`tracker/data/json`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        let url = "https://security-tracker.debian.org/tracker/data/json";
        vec![Remote::new(url, "debian/tracker/data/json")]
    }

    fn rank(&self) -> u8 {
        0
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        matches!(parts, [.., "tracker", "data", "json" | "json.json"])
    }

    fn read(&self, path: &Path, _parts: &[&str]) -> io::Result<Batch> {
        Ok(parse(&read_file(path)?))
    }
}

/// Is what the tracker says about one vulnerability in one source package.
#[derive(Deserialize)]
struct Entry<'a> {
    /// A sentence, cut by the tracker itself.
    #[serde(default, borrow)]
    description: Option<Cow<'a, str>>,
    /// The releases.
    #[serde(borrow)]
    releases: Pairs<'a>,
}

/// Is what it says about one release.
#[derive(Deserialize)]
struct Release<'a> {
    /// `resolved`, `open`, `undetermined`.
    #[serde(borrow)]
    status: Cow<'a, str>,
    /// The version that fixes it.
    #[serde(default, borrow)]
    fixed_version: Option<Cow<'a, str>>,
    /// Debian's own rating.
    #[serde(default, borrow)]
    urgency: Option<Cow<'a, str>>,
    /// Why there is no advisory, in words.
    #[serde(default, borrow)]
    nodsa: Option<Cow<'a, str>>,
    /// The same, as a keyword.
    #[serde(default, borrow)]
    nodsa_reason: Option<Cow<'a, str>>,
}

/// Reads the export. What comes after a break in the text is lost, what came before it is kept.
pub fn parse(bytes: &[u8]) -> Batch {
    let mut batch = Batch::new("debian-tracker");
    let mut packages = Vec::new();
    if let Err(error) = pairs(bytes, &mut packages) {
        batch.damage(format!("the export ends early: {error}"));
    }
    for (name, raw) in packages {
        let mut vulnerabilities = Vec::new();
        if let Err(error) = pairs(raw.get().as_bytes(), &mut vulnerabilities) {
            batch.damage(format!("{name}: {error}"));
        }
        for (id, raw) in vulnerabilities {
            if !ids::plausible(&id) {
                batch.damage(format!("{name}: `{id}` is no id"));
                continue;
            }
            match serde_json::from_str::<Entry<'_>>(raw.get()) {
                Ok(entry) => one(&name, &id, &entry, &mut batch),
                Err(error) => batch.damage(format!("{name} {id}: {error}")),
            }
        }
    }
    batch
}

/// Adds the record of one vulnerability in one source package.
fn one(package: &str, id: &str, entry: &Entry<'_>, batch: &mut Batch) {
    let mut statements = Vec::new();
    for (codename, raw) in &entry.releases.0 {
        match serde_json::from_str::<Release<'_>>(raw.get()) {
            Ok(release) => {
                if let Some((ranges, fix, severity)) = judge(&release) {
                    statements.push(Statement {
                        advisory: Advisory {
                            id: id.to_owned(),
                            ecosystem: ecosystem(codename),
                            package: package.to_owned(),
                            ranges,
                            fix,
                            severity,
                            undecided: release.status.as_ref() == "undetermined",
                            ..Advisory::default()
                        },
                        ..Statement::default()
                    });
                }
            }
            Err(error) => batch.damage(format!("{package} {id} {codename}: {error}")),
        }
    }
    batch.read += 1;
    batch.records.push(Record {
        id: id.to_owned(),
        vulnerabilities: vec![id.to_owned()],
        title: title(entry.description.as_deref().unwrap_or(""), 120),
        statements,
        ..Record::default()
    });
}

/// Turns a release's fields into ranges, fix and rating; `None` when they say nothing.
fn judge(release: &Release<'_>) -> Option<(Vec<Range>, FixState, Option<Severity>)> {
    let urgency = release
        .urgency
        .as_deref()
        .unwrap_or("")
        .trim_end_matches('*');
    let severity = match urgency {
        "unimportant" => Some(Severity::Negligible),
        "low" => Some(Severity::Low),
        "medium" => Some(Severity::Medium),
        "high" => Some(Severity::High),
        _ => None,
    };
    match (release.status.as_ref(), release.fixed_version.as_deref()) {
        ("undetermined", _) | (_, Some("0")) => Some((Vec::new(), FixState::Unknown, severity)),
        (_, Some(version)) if !version.is_empty() => Some((
            vec![Range {
                fixed: Some(version.to_owned()),
                ..Range::default()
            }],
            FixState::Fixed,
            severity,
        )),
        ("open", _) => {
            let fix = if urgency == "end-of-life" {
                FixState::EndOfLife
            } else {
                match (&release.nodsa, release.nodsa_reason.as_deref()) {
                    (_, Some("ignored")) => FixState::WontFix,
                    (_, Some("postponed")) => FixState::Deferred,
                    _ => FixState::NotFixed,
                }
            };
            Some((vec![Range::default()], fix, severity))
        }
        _ => None,
    }
}

/// Is a JSON object as pairs, its values unread.
struct Pairs<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut found = Vec::new();
        deserializer.deserialize_map(Collect(&mut found))?;
        Ok(Self(found))
    }
}

/// Reads an object's pairs into a list, which keeps what came before an error.
fn pairs<'a>(
    bytes: &'a [u8],
    found: &mut Vec<(Cow<'a, str>, &'a RawValue)>,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    deserializer.deserialize_map(Collect(found))?;
    deserializer.end()
}

/// Collects pairs.
struct Collect<'v, 'a>(&'v mut Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Visitor<'de> for Collect<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key<'de>>()? {
            let value = map.next_value()?;
            self.0.push((key.0, value));
        }
        Ok(())
    }
}

/// Is a key, borrowed where it holds no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = r#"{"coreutils":{"CVE-2016-2781":{"description":"chroot in GNU coreutils, when used with --userspec, allows local users ...","debianbug":816320,"scope":"local","releases":{
      "bookworm":{"status":"open","repositories":{"bookworm":"9.1-1"},"urgency":"low","nodsa":"Minor issue","nodsa_reason":"ignored"},
      "trixie":{"status":"resolved","repositories":{"trixie":"9.7-3"},"fixed_version":"9.4-1","urgency":"low"},
      "sid":{"status":"open","repositories":{},"urgency":"end-of-life"},
      "bullseye":{"status":"open","urgency":"not yet assigned","nodsa":"Minor issue","nodsa_reason":""},
      "buster":{"status":"undetermined","urgency":"not yet assigned"},
      "forky":{"status":"resolved","fixed_version":"0","urgency":"unimportant"},
      "stretch":{"status":7}}},
      "TEMP-0000000-ABCDEF":{"releases":{"bookworm":{"status":"open","nodsa_reason":"postponed"}}},
      "CVE-2000-0001":[]},
     "apt":{"CVE-2011-3374":{"releases":{"bookworm":{"status":"open","urgency":"unimportant","nodsa":"stale","nodsa_reason":"ignored","fixed_version":"2.0"}}}}}"#;

    #[test]
    fn every_status_has_its_meaning() {
        let batch = parse(EXPORT.as_bytes());
        assert_eq!((batch.read, batch.damaged), (3, 2), "{:?}", batch.notes);
        let got: Vec<_> = batch.records[0]
            .statements
            .iter()
            .map(|s| {
                let a = &s.advisory;
                (
                    a.ecosystem.as_str(),
                    a.ranges.first().map(|r| r.fixed.as_deref().unwrap_or("-")),
                    a.fix,
                    a.severity,
                )
            })
            .collect();
        assert_eq!(
            got,
            [
                (
                    "Debian:12",
                    Some("-"),
                    FixState::WontFix,
                    Some(Severity::Low)
                ),
                (
                    "Debian:13",
                    Some("9.4-1"),
                    FixState::Fixed,
                    Some(Severity::Low)
                ),
                ("Debian:sid", Some("-"), FixState::EndOfLife, None),
                ("Debian:11", Some("-"), FixState::NotFixed, None),
                // Undetermined: no all-clear.
                ("Debian:10", None, FixState::Unknown, None),
                (
                    "Debian:14",
                    None,
                    FixState::Unknown,
                    Some(Severity::Negligible)
                ),
            ]
        );
        assert_eq!(
            batch.records[1].statements[0].advisory.fix,
            FixState::Deferred
        );
        let undecided = batch.records[0].statements.iter();
        let undecided: Vec<bool> = undecided.map(|s| s.advisory.undecided).collect();
        assert_eq!(undecided, [false, false, false, false, true, false]);
        // A reason that outlived the fix does not hide the fix.
        assert_eq!(batch.records[2].statements[0].advisory.fix, FixState::Fixed);
    }

    #[test]
    fn a_cut_export_keeps_what_came_before() {
        let whole = parse(EXPORT.as_bytes()).records.len();
        let cut = parse(&EXPORT.as_bytes()[..EXPORT.len() - 20]);
        assert_eq!(cut.records.len(), whole - 1);
        assert!(cut.damaged > 0);
        for end in 0..EXPORT.len() {
            let _ = parse(&EXPORT.as_bytes()[..end]);
        }
    }
}
