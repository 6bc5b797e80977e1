//! Updates of rpm distributions, whatever the format that announces them: which packages at which
//! version they bring, and what they fix.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::advisory::{Advisory, FixState, Range};
use plimsoll_model::severity::{Cvss, Severity};
use plimsoll_model::version::Scheme;

use super::{Level, Record, Statement, timestamp, title};
use crate::ids;

/// How many references of an update are kept.
const URL_LIMIT: usize = 3;

/// Is an update.
#[derive(Debug, Default)]
pub(super) struct Update {
    /// Its id (`ALAS2023-2023-001`).
    pub(super) id: String,
    /// What it is for: `security`, `bugfix`, `enhancement`, `newpackage`.
    pub(super) kind: String,
    /// Its title.
    pub(super) title: String,
    /// Its rating in words.
    pub(super) severity: String,
    /// When it was issued, as written.
    pub(super) issued: String,
    /// When it was changed last, as written.
    pub(super) updated: String,
    /// The vulnerabilities that it fixes.
    pub(super) cves: Vec<String>,
    /// References, the best first.
    pub(super) urls: Vec<String>,
    /// Ratings of the vulnerabilities.
    pub(super) cvss: Vec<Cvss>,
    /// What it brings.
    pub(super) builds: Vec<Build>,
}

/// Is a package of an update.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Build {
    /// The distribution and release.
    pub(super) ecosystem: String,
    /// The package's name.
    pub(super) name: String,
    /// The version; with its epoch unless that is 0.
    pub(super) version: String,
    /// The first version of the line that the update is of; empty when it is of the only one.
    pub(super) introduced: String,
    /// The architecture; empty where it is not said.
    pub(super) arch: String,
    /// The module and stream; empty where a modular package does not say.
    pub(super) module: Option<String>,
}

impl Build {
    /// Joins the parts of a version.
    pub(super) fn version(epoch: &str, version: &str, release: &str) -> String {
        let epoch = match epoch.trim() {
            "" | "0" | "None" | "(none)" => String::new(),
            epoch => format!("{epoch}:"),
        };
        if release.is_empty() {
            format!("{epoch}{version}")
        } else {
            format!("{epoch}{version}-{release}")
        }
    }
}

/// Splits `name-version-release` (the name of a source package or of a file without its ends).
pub(super) fn split_nvr(nvr: &str) -> Option<(&str, &str, &str)> {
    let (rest, release) = nvr.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let whole = [name, version, release].iter().all(|part| !part.is_empty());
    whole.then_some((name, version, release))
}

/// Returns the release of a distribution that a package's own release names (`el` of `3.el8_4` and
/// of `4.module+el8.5.0+738` is `8`).
pub(super) fn dist_tag<'a>(release: &'a str, tag: &str) -> Option<&'a str> {
    release.match_indices(tag).find_map(|(at, _)| {
        let before = release.get(..at)?.chars().next_back();
        let rest = release.get(at + tag.len()..)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let starts = before.is_none_or(|before| !before.is_ascii_alphanumeric());
        (starts && digits > 0).then(|| rest.get(..digits)).flatten()
    })
}

/// Returns a date as RFC 3339 in UTC: from RFC 3339, `2018-01-11 21:05[:00]`, a day, or seconds since
/// 1970. Empty where it is none.
pub(super) fn date(text: &str) -> String {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return if (0..=253_402_300_799).contains(&seconds) {
            from_seconds(seconds)
        } else {
            String::new()
        };
    }
    let text = text.replacen(' ', "T", 1);
    let shaped = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        16 => format!("{text}:00Z"),
        _ if text.ends_with('Z') => text,
        _ => format!("{}Z", text.strip_suffix("+00:00").unwrap_or(&text)),
    };
    timestamp(&shaped).unwrap_or("").to_owned()
}

/// Turns seconds since 1970 into a date (proleptic Gregorian calendar; years count from March, so
/// that the leap day is the last).
fn from_seconds(seconds: i64) -> String {
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Makes the record of an update; `None` for one that fixes no vulnerability.
pub(super) fn record(mut update: Update) -> Option<Record> {
    update.cves.retain(|cve| ids::is_cve(cve));
    update.cves.sort();
    update.cves.dedup();
    if !ids::plausible(&update.id)
        || (update.cves.is_empty() && !update.kind.eq_ignore_ascii_case("security"))
    {
        return None;
    }
    let severity = Severity::from_name(&update.severity);
    let statements = statements(&update, severity);
    if statements.is_empty() {
        return None;
    }
    update.urls.retain(|url| {
        url.len() <= 300
            && (url.starts_with("https://") || url.starts_with("http://"))
            && url.bytes().all(|byte| byte.is_ascii_graphic())
    });
    update.urls.truncate(URL_LIMIT);
    let modified = date(&update.updated);
    let published = date(&update.issued);
    Some(Record {
        level: Level::Advisory,
        vulnerabilities: if update.cves.is_empty() {
            vec![update.id.clone()]
        } else {
            update.cves
        },
        id: update.id,
        modified: if modified.is_empty() {
            published.clone()
        } else {
            modified
        },
        published,
        title: title(&update.title, 160),
        urls: update.urls,
        severity,
        cvss: update.cvss,
        statements,
        ..Record::default()
    })
}

/// Makes the statements of an update: one per package and version. Several versions of one package
/// for the same architecture are alternatives, so having the lowest is enough.
fn statements(update: &Update, severity: Option<Severity>) -> Vec<Statement> {
    type Key = (String, String, Option<String>, String);
    let mut found: BTreeMap<Key, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for build in &update.builds {
        let debug = ["-debuginfo", "-debugsource"];
        let fits = |text: &str| !text.is_empty() && text.len() <= 300 && !text.contains('\0');
        if matches!(build.arch.as_str(), "src" | "nosrc")
            || debug.iter().any(|end| build.name.ends_with(end))
            || build.name.contains("-debuginfo-")
            || !(fits(&build.name) && fits(&build.version) && fits(&build.ecosystem))
        {
            continue;
        }
        let key = (
            build.ecosystem.clone(),
            build.name.clone(),
            build.module.clone(),
            build.introduced.clone(),
        );
        let versions = found.entry(key).or_default();
        let arches = versions.entry(build.version.clone()).or_default();
        arches.insert(build.arch.clone());
    }
    let mut statements = Vec::new();
    for ((ecosystem, package, module, introduced), versions) in found {
        // The lowest version of each architecture, then the architectures of each version.
        let mut lowest: BTreeMap<String, String> = BTreeMap::new();
        for (version, arches) in &versions {
            for arch in arches {
                let slot = lowest
                    .entry(arch.clone())
                    .or_insert_with(|| version.clone());
                if Scheme::Rpm.sort_order(version, slot).is_lt() {
                    slot.clone_from(version);
                }
            }
        }
        let mut by_version: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (arch, version) in lowest {
            by_version.entry(version).or_default().push(arch);
        }
        let alone = by_version.len() == 1;
        for (version, arches) in by_version {
            let open =
                alone || (arches.iter()).any(|arch| matches!(arch.as_str(), "" | "noarch" | "any"));
            statements.push(Statement {
                advisory: Advisory {
                    id: update.id.clone(),
                    ecosystem: ecosystem.clone(),
                    package: package.clone(),
                    ranges: vec![Range {
                        introduced: introduced.clone(),
                        fixed: Some(version),
                        ..Range::default()
                    }],
                    fix: FixState::Fixed,
                    severity,
                    module: module.clone(),
                    arches: if open { Vec::new() } else { arches },
                    ..Advisory::default()
                },
                ..Statement::default()
            });
        }
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_all_kinds_are_one() {
        for (text, expected) in [
            ("2018-01-11 21:05", "2018-01-11T21:05:00Z"),
            ("2021-07-22 03:13:55", "2021-07-22T03:13:55Z"),
            ("2024-04-17T22:02:46Z", "2024-04-17T22:02:46Z"),
            ("2025-11-18T12:14:01.5+00:00", "2025-11-18T12:14:01.5Z"),
            ("2017-04-11", "2017-04-11T00:00:00Z"),
            ("1628589283", "2021-08-10T09:54:43Z"),
            ("951782400", "2000-02-29T00:00:00Z"),
            ("0", "1970-01-01T00:00:00Z"),
            ("", ""),
            ("99999999999999", ""),
            ("soon", ""),
        ] {
            assert_eq!(date(text), expected, "{text}");
        }
    }

    #[test]
    fn releases_are_found_in_dist_tags() {
        for (release, tag, expected) in [
            ("3.el8_4", "el", Some("8")),
            ("4.module+el8.5.0+738+032c9c02", "el", Some("8")),
            ("18.module_el9.1.0+16+91bc168f", "el", Some("9")),
            ("1.el10_0", "el", Some("10")),
            ("1.rel8", "el", None),
            ("38.79.amzn2", "amzn", Some("2")),
            ("1.fc40", "fc", Some("40")),
            ("1", "fc", None),
        ] {
            assert_eq!(dist_tag(release, tag), expected, "{release}");
        }
        assert_eq!(
            split_nvr("java-17-openjdk-17.0.14.0.7-1.fc40"),
            Some(("java-17-openjdk", "17.0.14.0.7", "1.fc40"))
        );
        assert_eq!(split_nvr("a-b"), None);
    }

    #[test]
    fn alternatives_count_by_architecture() {
        let build = |version: &str, arch: &str| Build {
            ecosystem: "E:1".to_owned(),
            name: "p".to_owned(),
            version: version.to_owned(),
            arch: arch.to_owned(),
            ..Build::default()
        };
        let shown = |builds: Vec<Build>| -> Vec<String> {
            let update = Update {
                id: "U-1".to_owned(),
                kind: "security".to_owned(),
                builds,
                ..Update::default()
            };
            let record = record(update).expect("a record");
            let show = |statement: &Statement| {
                let advisory = &statement.advisory;
                let fixed = advisory.ranges[0].fixed.as_deref().unwrap_or("");
                format!("{fixed} {}", advisory.arches.join(","))
            };
            record.statements.iter().map(show).collect()
        };
        assert_eq!(
            shown(vec![build("2", "x86_64"), build("2", "aarch64")]),
            ["2 "]
        );
        assert_eq!(
            shown(vec![
                build("2", "x86_64"),
                build("1", "x86_64"),
                build("3", "src")
            ]),
            ["1 "]
        );
        assert_eq!(
            shown(vec![
                build("2", "x86_64"),
                build("1", "aarch64"),
                build("2", "i686")
            ]),
            ["1 aarch64", "2 i686,x86_64"]
        );
    }
}
