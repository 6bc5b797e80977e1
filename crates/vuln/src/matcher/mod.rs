//! Compares installed packages with a database.
//!
//! Pure: the same packages, distribution and database give the same findings. What cannot be judged
//! is never silent; it is a gap. The rules:
//!
//! | packages | are compared by | with the version |
//! |---|---|---|
//! | deb | source package | source version, without a binary rebuild's `+bN` |
//! | apk | origin | the package's own |
//! | rpm, AlmaLinux, Amazon Linux | binary package | epoch, version, release; the module stream must agree |
//! | rpm, Rocky Linux | binary package and source package, which is what its records name | for the source its own version, epochs left out where it states none |
//! | rpm, Red Hat and SUSE | binary package, then source package for what is not stated of the binary | likewise; see `flavour` and `extended` for builds of minor releases and paid streams |
//! | rpm; Azure Linux, Fedora, Mageia, Photon OS, openEuler | source package, then binary package | the same |
//! | languages | ecosystem and name, in the ecosystem's one spelling | the package's own |
//! | programs without a package | vendor and product of their CPE | the program's own |
//!
//! A package of a language that the distribution's package manager installed follows the
//! distribution's word: of what the distribution speaks of (affected, fixed, not affected), the
//! language's finding is suppressed and says so; what it is silent about counts.
//!
//! A derivative is not judged with its parent's feed: its packages are other builds, and a match
//! would prove nothing. Severity is the distribution's own rating of the package first, then the
//! CVSS score of the same feed, then what other records of the same vulnerability say.
//!
//! Read [`find`] first, then `run` (which package is compared with what), then `judge` (what the
//! statements about one package come to).

use std::borrow::Cow;
use std::collections::BTreeMap;

use plimsoll_model::advisory::Range;
use plimsoll_model::distro::Distro;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::package::Package;
use plimsoll_model::report::{CatalogPackage, VulnerabilityFinding};
use plimsoll_model::version::Scheme;

use crate::db::Database;
use crate::db::format::RangeDisk;

pub mod ecosystems;
pub mod explain;
mod extended;
mod finding;
mod flavour;
mod judge;
pub mod languages;
mod run;

use ecosystems::Judge;
use extended::Extended;
use judge::Hit;
use run::Run;

/// How many names a gap lists.
const NAMES: usize = 5;
/// Is the result of matching.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matches {
    /// The findings, by package index and id; their dependency paths are empty.
    pub findings: Vec<VulnerabilityFinding>,
    /// The findings that do not count because the distribution speaks of them, in the same order.
    pub suppressed: Vec<VulnerabilityFinding>,
    /// The packages that were not compared, by index, and why.
    pub not_judged: BTreeMap<usize, Cow<'static, str>>,
    /// What could not be judged, sorted, without repeats.
    pub gaps: Vec<Issue>,
    /// How many packages were compared with at least one feed.
    pub judged: usize,
    /// The names of the feeds that they were compared with, sorted.
    pub judged_by: Vec<String>,
}

/// Compares packages with a database. `distro` is what the image states.
pub fn find(db: &Database, packages: &[CatalogPackage], distro: Option<&Distro>) -> Matches {
    let mut run = Run::new(db, packages);
    let judge = ecosystem(db, packages, distro, &mut run.matches.gaps);
    let judge = judge.as_ref().map(|(name, kind)| (name.as_str(), *kind));
    run.distribution(judge);
    run.others(judge);
    run.finish()
}

/// Says whether a version is in a range.
pub(crate) fn inside(scheme: Scheme, version: &str, range: &Range) -> bool {
    let range = RangeDisk {
        introduced: &range.introduced,
        exclusive: range.exclusive,
        fixed: range.fixed.as_deref(),
        last_affected: range.last_affected.as_deref(),
    };
    judge::within(scheme, version, &range)
}

/// Finds the ecosystem to compare with; leaves a gap when there is none.
fn ecosystem(
    db: &Database,
    packages: &[CatalogPackage],
    distro: Option<&Distro>,
    gaps: &mut Vec<Issue>,
) -> Option<(String, PackageKind)> {
    let count = packages
        .iter()
        .filter(|package| package.package.kind.is_os())
        .count();
    let Some(distro) = distro else {
        if count > 0 {
            gaps.push(Issue::new(
                IssueKind::UnknownDistribution,
                "os-release",
                format!(
                    "the distribution is not stated, so {count} of its packages were not compared"
                ),
            ));
        }
        return None;
    };
    let name = format!("{} {}", distro.id, distro.version_id);
    let name = name.trim();
    match ecosystems::judge(distro) {
        Judge::Feed { ecosystem, kind } if db.ecosystem(&ecosystem).is_some() => {
            return Some((ecosystem, kind));
        }
        Judge::Feed { ecosystem, .. } => gaps.push(Issue::new(
            IssueKind::NoFeed,
            name,
            format!("the database holds no feed for {ecosystem}; {count} packages were not compared"),
        )),
        Judge::Derivative { parent } => gaps.push(Issue::new(
            IssueKind::NoFeed,
            name,
            format!(
                "a derivative of {parent} without a feed of its own; its packages are other builds, so {count} were not compared with {parent}'s feed"
            ),
        )),
        Judge::Unknown => gaps.push(Issue::new(
            IssueKind::NoFeed,
            name,
            format!("no feed speaks of this distribution; {count} packages were not compared"),
        )),
    }
    None
}

/// Lists the first few names.
fn some<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names = names.peekable();
    let mut shown: Vec<&str> = names.by_ref().take(NAMES).collect();
    if names.peek().is_some() {
        shown.push("…");
    }
    shown.join(", ")
}

/// Returns the names that a package is looked up by, and whether each is that of its source.
fn names<'p>(ecosystem: &str, package: &'p Package) -> Vec<(&'p str, bool)> {
    let source = package.source.as_ref().map(|source| source.name.as_str());
    match package.kind {
        PackageKind::Deb | PackageKind::Apk => match source {
            Some(source) => vec![(source, true)],
            None => vec![(&package.name, false)],
        },
        PackageKind::Rpm if ecosystems::names_sources(ecosystem) => {
            let mut names: Vec<(&str, bool)> =
                source.map(|source| (source, true)).into_iter().collect();
            if source != Some(&package.name) {
                names.push((&package.name, false));
            }
            names
        }
        _ => {
            let mut names = vec![(package.name.as_str(), false)];
            if by_source(ecosystem)
                && let Some(source) = source
                && source != package.name
            {
                names.push((source, true));
            }
            names
        }
    }
}

/// Says whether an ecosystem's records name source packages beside binary ones.
fn by_source(ecosystem: &str) -> bool {
    ["Rocky Linux", "Red Hat", "SUSE", "openSUSE"]
        .iter()
        .any(|base| ecosystem.starts_with(base))
}

/// Returns a package's module and stream: from its label (`name:stream:version:context`), empty when
/// only its version says that it is modular.
fn stream(package: &Package) -> Option<String> {
    let label = package
        .properties
        .get("modularity_label")
        .map_or("", String::as_str);
    let mut parts = label.split(':');
    match (parts.next(), parts.next()) {
        (Some(name), Some(stream)) if !name.is_empty() && !stream.is_empty() => {
            Some(format!("{name}:{stream}"))
        }
        _ => package.version.contains(".module").then(String::new),
    }
}

/// Cuts the suffix of a binary-only rebuild (`+b1`) off a deb version.
fn without_rebuild(version: &str) -> &str {
    match version.rsplit_once("+b") {
        Some((source, digits))
            if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            source
        }
        _ => version,
    }
}

/// Returns the version of a package that is compared under one of its names, and whether epochs are
/// left out because it states none where one would belong.
fn compared_version(package: &Package, scheme: Scheme, is_source: bool) -> (&str, bool) {
    let own = package.version.as_str();
    let source = package.source.as_ref().filter(|_| is_source);
    let version = source.map_or("", |source| source.version.as_str());
    match package.kind {
        PackageKind::Apk => (own, false),
        PackageKind::Deb if version.is_empty() => (without_rebuild(own), false),
        PackageKind::Deb => (without_rebuild(version), false),
        // An rpm's source is named by its file, which holds no epoch; the package's own version
        // does, and mostly is the same otherwise.
        _ if version.is_empty() || judge::strip_epoch(own) == version => (own, false),
        _ => (version, scheme == Scheme::Rpm && !version.contains(':')),
    }
}

/// Says what it takes to get a continuation's fix; `None` when it has none.
fn needs(stream: &Extended, hit: &Hit<'_, '_>) -> Option<String> {
    let fixed = hit.range.and_then(|range| range.fixed)?;
    Some(format!("; {fixed} fixes it with {}", stream.with))
}

#[cfg(test)]
mod tests;
