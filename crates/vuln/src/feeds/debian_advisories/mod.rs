//! Debian's lists of security advisories: `DSA/list`, `DLA/list` (and `DTSA/list`) of the security
//! tracker's repository.
//!
//! Format (the tracker's "introduction", section "DSA and DLA lists"): a header
//! `[29 Mar 2023] DSA-5380-1 xorg-server - security update`, then indented lines: `{CVE-… CVE-…}`,
//! `[bullseye] - package version`, the version possibly `<not-affected>`, `<end-of-life>` or
//! `<unfixed>` with a comment in brackets, and `NOTE:` lines.

use std::io;
use std::path::Path;

use plimsoll_model::advisory::{Advisory, FixState, Range};

use super::{About, Batch, Feed, Fetched, Level, Record, Remote, Statement, read_file, title};
use crate::ids;

/// The feed.
pub struct DebianAdvisories;

impl Feed for DebianAdvisories {
    fn name(&self) -> &'static str {
        "debian-advisories"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "Debian's security advisories",
            addresses: &[
                "https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master",
            ],
            format: "the tracker's own lists (its introduction, \"DSA and DLA lists\")",
            licence: "none stated; facts of a public tracker",
            changes: "several times a week",
            files: "`data/DSA/list`, `data/DLA/list`, `data/DTSA/list`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        let base = self.about().addresses.first().copied().unwrap_or_default();
        let list = |kind| {
            let path = format!("data/{kind}/list");
            Remote::new(format!("{base}/{path}"), format!("debian/{path}"))
        };
        ["DSA", "DLA"].map(list).to_vec()
    }

    fn rank(&self) -> u8 {
        1
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        matches!(parts, [.., "DSA" | "DLA" | "DTSA", "list"])
    }

    fn read(&self, path: &Path, _parts: &[&str]) -> io::Result<Batch> {
        Ok(parse(&read_file(path)?))
    }
}

/// Returns the ecosystem of a Debian release by its code name (OSV's spelling: `Debian:12`).
pub fn ecosystem(codename: &str) -> String {
    let number = match codename {
        "woody" => "3.0",
        "sarge" => "3.1",
        "etch" => "4.0",
        "lenny" => "5.0",
        "squeeze" => "6.0",
        "wheezy" => "7",
        "jessie" => "8",
        "stretch" => "9",
        "buster" => "10",
        "bullseye" => "11",
        "bookworm" => "12",
        "trixie" => "13",
        "forky" => "14",
        "duke" => "15",
        other => other,
    };
    format!("Debian:{number}")
}

/// Reads a list.
pub fn parse(bytes: &[u8]) -> Batch {
    let mut batch = Batch::new("debian-advisories");
    let mut open: Option<Record> = None;
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let Ok(line) = std::str::from_utf8(line) else {
            batch.damage(format!("line {}: not UTF-8", index + 1));
            continue;
        };
        let indented = line.starts_with([' ', '\t']);
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        if !indented {
            close(open.take(), &mut batch);
            match header(text) {
                Some(record) => {
                    batch.dated(&record.published);
                    open = Some(record);
                }
                None => batch.damage(format!("line {}: no header", index + 1)),
            }
            continue;
        }
        let Some(record) = open.as_mut() else {
            // The rest of an advisory whose header was counted as damaged.
            continue;
        };
        if let Some(names) = text.strip_prefix('{') {
            for name in names.trim_end_matches('}').split_whitespace() {
                if ids::is_cve(name) {
                    record.vulnerabilities.push(name.to_owned());
                }
            }
        } else if text.starts_with('[') {
            match package(text, &record.id) {
                Some(statement) => record.statements.push(statement),
                None => batch.damage(format!("line {}: no package line", index + 1)),
            }
        }
    }
    close(open, &mut batch);
    batch
}

/// Finishes a record.
fn close(record: Option<Record>, batch: &mut Batch) {
    let Some(mut record) = record else { return };
    batch.read += 1;
    record.vulnerabilities.sort();
    record.vulnerabilities.dedup();
    if record.vulnerabilities.is_empty() {
        record.vulnerabilities.push(record.id.clone());
    }
    batch.records.push(record);
}

/// Reads a header.
fn header(text: &str) -> Option<Record> {
    let (date, rest) = text.strip_prefix('[')?.split_once(']')?;
    let rest = rest.trim();
    let (id, summary) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if !ids::is_advisory(id) || !ids::plausible(id) {
        return None;
    }
    let (kind, number) = id.split_once('-')?;
    let number = number.split('-').next().unwrap_or(number);
    let published = published(date);
    let year = published.get(..4).unwrap_or("");
    let mut urls = vec![format!("https://security-tracker.debian.org/tracker/{id}")];
    if !year.is_empty() && matches!(kind, "DSA") {
        urls.push(format!(
            "https://www.debian.org/security/{year}/{}-{number}",
            kind.to_lowercase()
        ));
    }
    Some(Record {
        id: id.to_owned(),
        level: Level::Advisory,
        title: title(summary, 120),
        published,
        urls,
        ..Record::default()
    })
}

/// Turns `29 Mar 2023` into RFC 3339; empty when it is no date.
fn published(date: &str) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut words = date.split_whitespace();
    let (Some(day), Some(month), Some(year)) = (words.next(), words.next(), words.next()) else {
        return String::new();
    };
    let month = MONTHS.iter().position(|name| month.starts_with(name));
    match (day.parse::<u8>(), month, year.parse::<u16>()) {
        (Ok(day @ 1..=31), Some(month), Ok(year @ 1990..=2999)) => {
            format!("{year}-{:02}-{day:02}T00:00:00Z", month + 1)
        }
        _ => String::new(),
    }
}

/// Reads `[bullseye] - package version`.
fn package(text: &str, id: &str) -> Option<Statement> {
    let (release, rest) = text.strip_prefix('[')?.split_once(']')?;
    let mut words = rest.trim().strip_prefix('-')?.split_whitespace();
    let (name, version) = (words.next()?, words.next()?);
    let (ranges, fix) = match version {
        "<not-affected>" => (Vec::new(), FixState::Unknown),
        "<end-of-life>" => (vec![Range::default()], FixState::EndOfLife),
        "<ignored>" => (vec![Range::default()], FixState::WontFix),
        "<unfixed>" | "<no-dsa>" => (vec![Range::default()], FixState::NotFixed),
        marker if marker.starts_with('<') => return None,
        fixed => (
            vec![Range {
                fixed: Some(fixed.to_owned()),
                ..Range::default()
            }],
            FixState::Fixed,
        ),
    };
    Some(Statement {
        advisory: Advisory {
            id: id.to_owned(),
            ecosystem: ecosystem(release.trim()),
            package: name.to_owned(),
            ranges,
            fix,
            ..Advisory::default()
        },
        ..Statement::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\
[29 Mar 2023] DSA-5380-1 xorg-server - security update
\t{CVE-2023-1393 CVE-2023-0001}
\t[bullseye] - xorg-server 2:1.20.11-1+deb11u6
\t[buster] - xorg-server <not-affected> (Vulnerable code not present)
\tNOTE: nothing
[17 Mar 2023] DSA-5356-2 sox - regression update
\t[bullseye] - sox 14.4.2+git20190427-2+deb11u2
[05 Dec 2014] DSA-3040-1 chromium-browser - end of life
        [wheezy] - chromium-browser <end-of-life>
        [sid] - chromium-browser <strange>
not a header
\t[buster] - lost 1.0
";

    #[test]
    fn advisories_are_read_with_every_marker() {
        let batch = parse(LIST.as_bytes());
        assert_eq!(batch.fetched_at, "2023-03-29T00:00:00Z");
        assert_eq!((batch.read, batch.damaged), (3, 2), "{:?}", batch.notes);
        let xorg = &batch.records[0];
        assert_eq!(xorg.vulnerabilities, ["CVE-2023-0001", "CVE-2023-1393"]);
        assert_eq!(xorg.level, Level::Advisory);
        assert_eq!(xorg.statements[0].advisory.ecosystem, "Debian:11");
        assert_eq!(
            xorg.statements[0].advisory.ranges[0].fixed.as_deref(),
            Some("2:1.20.11-1+deb11u6")
        );
        assert!(xorg.statements[1].advisory.ranges.is_empty());
        assert_eq!(batch.records[1].vulnerabilities, ["DSA-5356-2"]);
        assert_eq!(batch.records[2].statements.len(), 1);
        assert_eq!(
            batch.records[2].statements[0].advisory.fix,
            FixState::EndOfLife
        );
    }

    #[test]
    fn damage_costs_only_what_it_hits() {
        for cut in 0..LIST.len() {
            let _ = parse(&LIST.as_bytes()[..cut]);
        }
        let batch = parse(b"[1 Jan 2020] DSA-1-1 a - b\n\t\xff\xfe\n\t[buster] - a 1\n");
        assert_eq!((batch.read, batch.damaged), (1, 1));
        assert_eq!(batch.records[0].statements.len(), 1);
    }
}
