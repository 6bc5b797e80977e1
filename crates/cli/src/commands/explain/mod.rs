//! `plimsoll explain`: the evidence for one finding, or for there being none.
//!
//! Owns only what belongs together: the vulnerability, each package that a feed names in connection
//! with it, what each statement says and what came of it. The judgement is the scan's own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_engine::inventory::Progress;
use plimsoll_engine::paths::Dependents;
use plimsoll_engine::{ScanOptions, scan};
use plimsoll_model::advisory::Vulnerability;
use plimsoll_model::package::Package;
use plimsoll_model::report::{CatalogPackage, Finding, Report, VulnerabilityFinding};
use plimsoll_model::text::escape;
use plimsoll_vuln::db::Database;
use plimsoll_vuln::matcher::explain::{Judgement, Outcome, explain};

use super::{db, now, reading};
use crate::args::{ExplainArgs, TextFormat};
use crate::exit::Exit;
use crate::output::{self, Failure};
use crate::progress::Drawing;

mod json;
mod text;

/// Is everything that is known of one finding in one image.
struct Explanation<'a> {
    /// The id that was asked for.
    id: &'a str,
    /// The package that was asked for.
    only: Option<&'a str>,
    report: &'a Report,
    /// What goes by the id, by id.
    vulnerabilities: &'a [Vulnerability],
    /// In how many ecosystems something is stated about it.
    ecosystems: usize,
    /// The packages that statements name, in the report's order.
    packages: Vec<Explained<'a>>,
    /// The installed packages that answer to the name asked for, where no statement names them.
    unnamed: Vec<&'a CatalogPackage>,
}

/// Is one package and how it was judged.
struct Explained<'a> {
    /// Where it stands in the report.
    index: usize,
    entry: &'a CatalogPackage,
    /// What each statement says, by feed and record.
    statements: Vec<Judgement>,
    /// The findings, and what does not count, by id.
    findings: Vec<&'a VulnerabilityFinding>,
    /// The dependency paths that lead to it, as purls.
    paths: Vec<Vec<String>>,
    conclusion: Conclusion,
}

/// Is what all statements about a package come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conclusion {
    Affected,
    Suppressed,
    Undecided,
    NotJudged,
    NotAffected,
}

impl Conclusion {
    fn as_str(self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::Suppressed => "suppressed",
            Self::Undecided => "undecided",
            Self::NotJudged => "not_judged",
            Self::NotAffected => "not_affected",
        }
    }
}

pub(crate) fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let (id, only) = match args.finding.split_once('@') {
        Some((id, package)) => (id.trim(), Some(package.trim())),
        None => (args.finding.trim(), None),
    };
    if id.is_empty() || only.is_some_and(str::is_empty) {
        return Err(Failure::new(format!(
            "'{}': expected an id such as CVE-2023-4911, or ID@PACKAGE",
            escape(&args.finding)
        )));
    }
    let database = db::open(args.db.as_deref())?;
    if !database.knows(id)? {
        return Err(Failure::new(format!(
            "the database knows nothing by the name of '{}', so nothing can be said of it; see \
             'plimsoll db status' for the feeds that it holds",
            escape(id)
        )));
    }
    let options = ScanOptions {
        database: Some(&database),
        today: now()?.strftime("%Y-%m-%d").to_string(),
        ..reading::options(&args.read)
    };
    let progress = Arc::new(Progress::default());
    let drawing = Drawing::start(&progress, !args.read.quiet && !args.read.no_progress);
    let reports = scan(&args.reference, &options, &progress);
    drop(drawing);
    let reports = reports?;
    let found = database.lookup(id)?;
    let ecosystems: BTreeSet<&str> = found
        .stated
        .iter()
        .map(|stated| stated.advisory.ecosystem.as_str())
        .collect();
    let mut explanations = Vec::new();
    for report in &reports {
        let (packages, unnamed) = explained(&database, report, (id, only), &found.vulnerabilities)?;
        explanations.push(Explanation {
            id,
            only,
            report,
            vulnerabilities: &found.vulnerabilities,
            ecosystems: ecosystems.len(),
            packages,
            unnamed,
        });
    }
    if !args.read.quiet {
        output::print(&match args.format {
            TextFormat::Table => text::write(&explanations),
            TextFormat::Json => json::write(&explanations),
        })?;
    }
    let undecided = reports.iter().any(|report| report.coverage.undecided());
    Ok(if undecided || reports.is_empty() {
        Exit::Undecided
    } else {
        Exit::Done
    })
}

/// Puts together what concerns each package, and the packages asked for that nothing concerns.
fn explained<'a>(
    database: &Database,
    report: &'a Report,
    (id, only): (&str, Option<&str>),
    vulnerabilities: &[Vulnerability],
) -> Result<(Vec<Explained<'a>>, Vec<&'a CatalogPackage>), Failure> {
    let ids: BTreeSet<&str> = vulnerabilities.iter().map(|one| one.id.as_str()).collect();
    let judgements = explain(database, &report.packages, report.image.distro.as_ref(), id)?;
    let mut statements: BTreeMap<usize, Vec<Judgement>> = BTreeMap::new();
    for judgement in judgements {
        statements
            .entry(judgement.package)
            .or_default()
            .push(judgement);
    }
    let mut findings: BTreeMap<usize, Vec<&VulnerabilityFinding>> = BTreeMap::new();
    for Finding::Vulnerability(finding) in report.findings.iter().chain(&report.suppressed) {
        let concerned =
            ids.contains(finding.id.as_str()) || finding.aliases.iter().any(|alias| alias == id);
        if concerned {
            findings.entry(finding.package).or_default().push(finding);
            statements.entry(finding.package).or_default();
        }
    }
    let dependents = Dependents::new(&report.packages);
    let asked = |package: &Package| only.is_none_or(|name| answers_to(package, name));
    let mut packages = Vec::new();
    let mut unnamed = Vec::new();
    for (index, entry) in report.packages.iter().enumerate() {
        if !asked(&entry.package) {
            continue;
        }
        let Some(statements) = statements.remove(&index) else {
            unnamed.push(entry);
            continue;
        };
        let findings = findings.remove(&index).unwrap_or_default();
        let said = |outcome| statements.iter().any(|one| one.outcome == outcome);
        let conclusion = if findings.iter().any(|finding| finding.suppressed.is_none()) {
            Conclusion::Affected
        } else if !findings.is_empty() {
            Conclusion::Suppressed
        } else if report.coverage.not_judged.contains_key(&index) {
            Conclusion::NotJudged
        } else if said(Outcome::Undecided) || said(Outcome::NotComparable) {
            Conclusion::Undecided
        } else {
            Conclusion::NotAffected
        };
        packages.push(Explained {
            index,
            entry,
            statements,
            findings,
            paths: dependents.paths_to(index),
            conclusion,
        });
    }
    if only.is_none() {
        unnamed.clear();
    }
    Ok((packages, unnamed))
}

/// Says whether a package goes by a name: its own, its source's, or its purl.
fn answers_to(package: &Package, name: &str) -> bool {
    let source = package.source.as_ref().map(|source| source.name.as_str());
    package.name.eq_ignore_ascii_case(name)
        || source.is_some_and(|source| source.eq_ignore_ascii_case(name))
        || package.purl == name
}

impl Explanation<'_> {
    /// Says why no package is shown.
    fn nothing(&self) -> String {
        let count = self.report.packages.len();
        match (self.only, self.unnamed.is_empty()) {
            (Some(name), true) => format!("{name} is not among the {count} packages of the image"),
            (Some(name), false) => format!(
                "The database knows {}, but no statement about it names {name} in this image's \
                 distribution or in the ecosystem of the package",
                self.id
            ),
            (None, _) => format!(
                "The database knows {} and holds statements about it in {}, but none of them names \
                 one of the {count} packages of the image",
                self.id,
                counted(self.ecosystems, "ecosystem", "ecosystems"),
            ),
        }
    }
}

impl Explained<'_> {
    /// Says in a sentence what the conclusion rests on.
    fn reason(&self, report: &Report) -> String {
        let said = |outcome| self.statements.iter().any(|one| one.outcome == outcome);
        match self.conclusion {
            Conclusion::Affected => {
                let compared = self.findings.iter().filter(|one| one.suppressed.is_none());
                let compared: BTreeSet<&str> = compared
                    .map(|finding| finding.evidence.comparison.as_str())
                    .collect();
                compared.into_iter().collect::<Vec<_>>().join("; ")
            }
            Conclusion::Suppressed => {
                let words = self.findings.iter().filter_map(|one| one.suppressed.as_ref());
                let words: BTreeSet<String> = words
                    .map(|word| format!("by {}: {}", word.by, word.reason))
                    .collect();
                words.into_iter().collect::<Vec<_>>().join("; ")
            }
            Conclusion::NotJudged => report
                .coverage
                .not_judged
                .get(&self.index)
                .map(|reason| reason.clone().into_owned())
                .unwrap_or_default(),
            Conclusion::Undecided if said(Outcome::Undecided) => {
                "the feed has not decided yet whether it applies".to_owned()
            }
            Conclusion::Undecided => "a stated version is not understood".to_owned(),
            Conclusion::NotAffected if said(Outcome::Affected) => {
                "a statement that counts before the others says so: a record about the vulnerability \
                 itself before an update, the distribution's own data before an aggregator"
                    .to_owned()
            }
            Conclusion::NotAffected if said(Outcome::NotAffected) => {
                "no statement applies to the installed version".to_owned()
            }
            Conclusion::NotAffected => {
                "the statements are about other architectures, modules or builds".to_owned()
            }
        }
    }
}

/// Counts in words: `1 package`, `3 packages`.
fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
