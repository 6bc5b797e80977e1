//! Findings as people count them: one *issue* is one vulnerability of one source package.
//!
//! The matcher finds a vulnerability once per installed package. A source package is often installed
//! as several (`libc6`, `libc-bin`, `locales` of `glibc`), and one upgrade fixes them all: that is one
//! issue, not three. The terminal report shows and counts issues; the JSON report lists findings and
//! states both counts.

use std::collections::{BTreeSet, HashMap};

use plimsoll_model::advisory::FixState;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use plimsoll_model::report::{CatalogPackage, Finding, Report, VulnerabilityFinding};
use plimsoll_model::severity::Severity;

/// Is a source package as far as reports name it: what upgrades are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Source<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its installed version.
    pub(crate) version: &'a str,
    /// Its kind; `None` when a finding names no package of the report.
    pub(crate) kind: Option<PackageKind>,
}

impl<'a> Source<'a> {
    /// Returns the source of a package: the package itself where none is stated.
    pub(crate) fn of(package: Option<&'a Package>) -> Self {
        let Some(package) = package else {
            return Self {
                name: "unknown package",
                version: "",
                kind: None,
            };
        };
        let (name, version) = match &package.source {
            Some(source) => (source.name.as_str(), source.version.as_str()),
            None => (package.name.as_str(), package.version.as_str()),
        };
        Self {
            name,
            version,
            kind: Some(package.kind),
        }
    }
}

/// Is one vulnerability of one source package, with the findings it was made of.
#[derive(Clone, Debug)]
pub(crate) struct SourceIssue<'a> {
    /// The source package.
    pub(crate) source: Source<'a>,
    /// The vulnerability's id.
    pub(crate) id: &'a str,
    /// The worst severity among the findings.
    pub(crate) severity: Severity,
    /// Whether it is known to be exploited.
    pub(crate) known_exploited: bool,
    /// The best fix state among the findings.
    pub(crate) fix: FixState,
    /// The versions that fix it, in the findings' order, without repeats.
    pub(crate) fixed_versions: Vec<&'a str>,
    /// Each installed package that is affected, with its finding; in the report's order, never empty.
    pub(crate) affected: Vec<(Option<&'a CatalogPackage>, &'a VulnerabilityFinding)>,
}

impl SourceIssue<'_> {
    /// Says whether an upgrade fixes it.
    pub(crate) fn fixable(&self) -> bool {
        self.fix == FixState::Fixed
    }
}

/// Groups the findings of a report into issues, in the order of each one's first finding.
pub(crate) fn group(report: &Report) -> Vec<SourceIssue<'_>> {
    let mut issues: Vec<SourceIssue<'_>> = Vec::new();
    let mut index: HashMap<(Source<'_>, &str), usize> = HashMap::new();
    for finding in &report.findings {
        let Finding::Vulnerability(finding) = finding;
        let package = report.packages.get(finding.package);
        let source = Source::of(package.map(|p| &p.package));
        let place = *index.entry((source, &finding.id)).or_insert(issues.len());
        match issues.get_mut(place) {
            Some(issue) => issue.add(package, finding),
            None => issues.push(SourceIssue {
                source,
                id: &finding.id,
                severity: finding.severity,
                known_exploited: finding.known_exploited,
                fix: finding.fix,
                fixed_versions: finding.fixed_versions.iter().map(String::as_str).collect(),
                affected: vec![(package, finding)],
            }),
        }
    }
    issues
}

impl<'a> SourceIssue<'a> {
    fn add(&mut self, package: Option<&'a CatalogPackage>, finding: &'a VulnerabilityFinding) {
        self.severity = self.severity.max(finding.severity);
        self.known_exploited |= finding.known_exploited;
        self.fix = self.fix.min(finding.fix);
        for version in &finding.fixed_versions {
            if !self.fixed_versions.contains(&version.as_str()) {
                self.fixed_versions.push(version);
            }
        }
        self.affected.push((package, finding));
    }
}

/// Is how many there are of each severity, and what can be done about them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    rows: [Count; Severity::ALL.len()],
}

/// Is one row of [`Counts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// All of them.
    pub(crate) total: usize,
    /// Those that an upgrade fixes.
    pub(crate) fixable: usize,
    /// Those known to be exploited.
    pub(crate) known_exploited: usize,
}

impl Counts {
    /// Counts issues.
    pub(crate) fn of_issues<'a>(issues: impl IntoIterator<Item = &'a SourceIssue<'a>>) -> Self {
        let mut counts = Self::default();
        for issue in issues {
            counts.add(issue.severity, issue.fixable(), issue.known_exploited);
        }
        counts
    }

    /// Counts findings.
    pub(crate) fn of_findings(findings: &[Finding]) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            let Finding::Vulnerability(finding) = finding;
            counts.add(
                finding.severity,
                finding.fix == FixState::Fixed,
                finding.known_exploited,
            );
        }
        counts
    }

    fn add(&mut self, severity: Severity, fixable: bool, known_exploited: bool) {
        for (of, row) in Severity::ALL.iter().zip(&mut self.rows) {
            if *of == severity {
                row.total += 1;
                row.fixable += usize::from(fixable);
                row.known_exploited += usize::from(known_exploited);
            }
        }
    }

    /// Returns the rows with their severities, least severe first.
    pub(crate) fn rows(&self) -> impl DoubleEndedIterator<Item = (Severity, Count)> {
        Severity::ALL.into_iter().zip(self.rows)
    }

    /// Returns the row of one severity.
    pub(crate) fn get(&self, severity: Severity) -> Count {
        self.rows()
            .find(|(of, _)| *of == severity)
            .map(|(_, count)| count)
            .unwrap_or_default()
    }

    /// Returns the sum of the rows.
    pub(crate) fn sum(&self) -> Count {
        self.rows.iter().fold(Count::default(), |sum, row| Count {
            total: sum.total + row.total,
            fixable: sum.fixable + row.fixable,
            known_exploited: sum.known_exploited + row.known_exploited,
        })
    }
}

/// Counts the different vulnerability ids among findings.
pub(crate) fn unique_ids(findings: &[Finding]) -> usize {
    findings
        .iter()
        .map(|Finding::Vulnerability(finding)| finding.id.as_str())
        .collect::<BTreeSet<_>>()
        .len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn binaries_of_one_source_are_one_issue() {
        let report = testing::many();
        let issues = group(&report);
        let glibc: Vec<_> = issues.iter().filter(|i| i.id == "CVE-2023-4911").collect();
        assert_eq!(glibc.len(), 1);
        assert_eq!(glibc[0].affected.len(), 2);
        assert!(issues.len() < report.findings.len());
        let counted = Counts::of_issues(&issues);
        assert_eq!(counted.sum().total, issues.len());
        assert_eq!(
            Counts::of_findings(&report.findings).sum().total,
            report.findings.len()
        );
        assert_eq!(counted.get(Severity::Critical).known_exploited, 1);
    }

    #[test]
    fn a_finding_without_its_package_is_still_counted() {
        let mut report = testing::many();
        report.packages.clear();
        let issues = group(&report);
        assert!(issues.iter().all(|i| i.source.name == "unknown package"));
        assert_eq!(issues.len(), unique_ids(&report.findings));
    }
}
