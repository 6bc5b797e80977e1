//! What has reached its end of life: the distribution and the runtimes in an image. And whether the
//! database is still fresh enough to rest a judgement on.
//!
//! Dates come from the database (endoflife.date); today's date is handed in, so that the same input
//! gives the same report.

use plimsoll_model::advisory::{Cycle, Lifecycle};
use plimsoll_model::distro::Distro;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::package::Package;
use plimsoll_model::report::{CatalogPackage, DatabaseInfo};
use plimsoll_vuln::db::Database;

/// The product that a distribution is, by its `ID` (os-release(5)).
const DISTRIBUTIONS: &[(&str, &str)] = &[
    ("almalinux", "almalinux"),
    ("alpine", "alpine-linux"),
    ("amzn", "amazon-linux"),
    ("centos", "centos"),
    ("debian", "debian"),
    ("fedora", "fedora"),
    ("ol", "oracle-linux"),
    ("opensuse-leap", "opensuse"),
    ("photon", "photon"),
    ("rhel", "rhel"),
    ("rocky", "rocky-linux"),
    ("sles", "sles"),
    ("ubuntu", "ubuntu"),
];

/// The products that are called otherwise than the program of a binary.
const PROGRAMS: &[(&str, &str)] = &[
    ("cassandra", "apache-cassandra"),
    ("cockroach", "cockroachdb"),
    ("flink", "apache-flink"),
    ("httpd", "apache-http-server"),
    ("kafka", "apache-kafka"),
    ("node", "nodejs"),
    ("qtbase", "qt"),
    ("spark", "apache-spark"),
    ("vault", "hashicorp-vault"),
];

/// After how many days a database is called old.
const OLD_DAYS: i64 = 7;

/// Is what was found out about a product's release.
struct Ended<'a> {
    cycle: &'a Cycle,
    /// Whether it has ended by today.
    over: bool,
}

/// Returns the day on which the distribution's release gets no more fixes (`YYYY-MM-DD`), where that
/// is known, and adds a gap for each release in the image that has ended by `today`.
pub(crate) fn judge(
    database: &Database,
    distro: Option<&Distro>,
    packages: &[CatalogPackage],
    today: &str,
    gaps: &mut Vec<Issue>,
) -> Option<String> {
    let mut end = None;
    let mut look_up = |product: &str, version: &str, subject: &str, what: &str| match database
        .lifecycle(product)
    {
        Ok(Some(lifecycle)) => {
            let found = release(&lifecycle, version, today)?;
            if found.over {
                gaps.push(Issue::new(
                    IssueKind::EndOfLife,
                    subject,
                    detail(what, &found, today),
                ));
            }
            let day = &found.cycle.end_of_life;
            (!day.is_empty()).then(|| day.clone())
        }
        Ok(None) => None,
        Err(error) => {
            gaps.push(Issue::new(
                IssueKind::NoDatabase,
                "database",
                error.to_string(),
            ));
            None
        }
    };
    if let Some(distro) = distro
        && let Some((_, product)) = DISTRIBUTIONS.iter().find(|(id, _)| *id == distro.id)
    {
        let product = match distro.id.as_str() {
            "centos" if distro.pretty_name.contains("Stream") => "centos-stream",
            _ => product,
        };
        let subject = format!("{} {}", distro.id, distro.version_id);
        let what = "new vulnerabilities in its packages may not be listed any more";
        end = look_up(product, &distro.version_id, &subject, what);
    }
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for CatalogPackage { package, .. } in packages {
        if let Some((product, version)) = product(package)
            && !seen.contains(&(product, version))
        {
            seen.push((product, version));
            let subject = format!("{} {version}", package.name);
            look_up(product, version, &subject, "it gets no more fixes");
        }
    }
    end
}

/// Returns the product and version of a runtime or server.
fn product(package: &Package) -> Option<(&str, &str)> {
    match package.kind {
        PackageKind::Binary => {
            let name = package.name.as_str();
            let other = PROGRAMS.iter().find(|(program, _)| *program == name);
            Some((other.map_or(name, |(_, product)| product), &package.version))
        }
        PackageKind::Golang if package.name == "stdlib" => {
            let version = package.version.trim_start_matches("go");
            Some(("go", version.trim_start_matches('v')))
        }
        _ => None,
    }
}

/// Finds the release that a version belongs to: the longest whose name the version starts with.
fn release<'a>(lifecycle: &'a Lifecycle, version: &str, today: &str) -> Option<Ended<'a>> {
    let of = |cycle: &&Cycle| {
        let rest = version.strip_prefix(cycle.name.as_str());
        let boundary = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        !cycle.name.is_empty() && rest.is_some_and(boundary)
    };
    let cycle = lifecycle.cycles.iter().filter(of);
    let cycle = cycle.max_by_key(|cycle| cycle.name.len())?;
    let over = if cycle.end_of_life.is_empty() {
        cycle.ended == Some(true)
    } else {
        cycle.end_of_life.as_str() <= today
    };
    Some(Ended { cycle, over })
}

/// Says in words that a release has ended.
fn detail(what: &str, Ended { cycle, .. }: &Ended<'_>, today: &str) -> String {
    let when = if cycle.end_of_life.is_empty() {
        "support of this release has ended".to_owned()
    } else {
        format!("support of this release ended on {}", cycle.end_of_life)
    };
    let extended = if cycle.extended_end.as_str() > today {
        format!("; extended or paid support ends on {}", cycle.extended_end)
    } else {
        String::new()
    };
    format!("{when}: {what}{extended}")
}

/// Says when a database is old: mildly from a week on, and as one that supports no verdict when it is
/// older than the user allows.
pub(crate) fn freshness(
    database: &DatabaseInfo,
    today: &str,
    most_days: Option<u32>,
    gaps: &mut Vec<Issue>,
) {
    let built = database.built_at.get(..10).unwrap_or_default();
    let (Some(built_day), Some(day)) = (days(built), days(today)) else {
        return;
    };
    let age = day - built_day;
    let too_old = most_days.is_some_and(|most| age > i64::from(most));
    if too_old {
        gaps.push(Issue::new(
            IssueKind::NoDatabase,
            "database",
            format!(
                "the database was built on {built}, {age} days ago, and at most {} are allowed; \
                 build or fetch a newer one",
                most_days.unwrap_or_default()
            ),
        ));
    } else if age > OLD_DAYS {
        gaps.push(Issue::new(
            IssueKind::StaleDatabase,
            "database",
            format!(
                "the database was built on {built}, {age} days ago: what became known since is missing"
            ),
        ));
    } else if age < -1 {
        gaps.push(Issue::new(
            IssueKind::StaleDatabase,
            "database",
            format!("the database was built on {built}, which lies in the future: check the clock"),
        ));
    }
}

/// Returns the number of a day of the Gregorian calendar (`YYYY-MM-DD`), counted from some day on.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    // Counted from March on, the leap day is a year's last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    Some(365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cycle(name: &str, end: &str, ended: Option<bool>) -> Cycle {
        Cycle {
            name: name.to_owned(),
            end_of_life: end.to_owned(),
            ended,
            ..Cycle::default()
        }
    }

    #[test]
    fn a_version_belongs_to_the_longest_release_that_it_starts_with() {
        let lifecycle = Lifecycle {
            product: "x".to_owned(),
            cycles: vec![
                cycle("1.2", "2026-01-01", None),
                cycle("1", "", Some(true)),
                cycle("12", "2027-01-01", None),
                cycle("2", "", None),
            ],
        };
        for (version, expected) in [
            ("1.2.3", Some(("1.2", true))),
            ("1.20", Some(("1", true))),
            ("12", Some(("12", false))),
            ("12+3", Some(("12", false))),
            ("2.1", Some(("2", false))),
            ("1a", None),
            ("3", None),
            ("", None),
        ] {
            let found = release(&lifecycle, version, "2026-01-01");
            let found = found
                .as_ref()
                .map(|found| (found.cycle.name.as_str(), found.over));
            assert_eq!(found, expected, "{version}");
        }
    }

    #[test]
    fn days_are_counted() {
        let between = |a, b| days(b).unwrap() - days(a).unwrap();
        assert_eq!(between("2024-02-28", "2024-03-01"), 2);
        assert_eq!(between("2025-02-28", "2025-03-01"), 1);
        assert_eq!(between("1999-12-31", "2000-01-01"), 1);
        assert_eq!(between("2025-11-21", "2026-11-21"), 365);
        for text in ["", "2025", "2025-13-01", "2025-1x-01", "0-01-01"] {
            assert_eq!(days(text), None, "{text}");
        }
    }

    #[test]
    fn old_databases_are_said_to_be_old() {
        let said = |built: &str, most| {
            let info = DatabaseInfo {
                built_at: format!("{built}T10:00:00Z"),
                ..DatabaseInfo::default()
            };
            let mut gaps = Vec::new();
            freshness(&info, "2026-11-21", most, &mut gaps);
            gaps.first().map(|gap| gap.kind)
        };
        assert_eq!(said("2026-11-21", Some(0)), None);
        assert_eq!(said("2026-11-14", None), None);
        assert_eq!(said("2026-11-13", None), Some(IssueKind::StaleDatabase));
        assert_eq!(said("2026-11-13", Some(7)), Some(IssueKind::NoDatabase));
        assert_eq!(said("2026-11-13", Some(30)), Some(IssueKind::StaleDatabase));
        assert_eq!(said("2026-12-24", None), Some(IssueKind::StaleDatabase));
        assert_eq!(said("unknown", Some(1)), None);
    }
}
