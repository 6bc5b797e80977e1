//! What was found and does not count: how much of it, by whose word, and the list where it is asked for.

use std::collections::BTreeMap;

use plimsoll_model::report::{Finding, Report, VulnerabilityFinding};

use super::writer::{Writer, clip, plain, styled};
use super::{BOLD, FAINT, TableOptions, counted, grouped};

/// How many characters of a name or a reason are shown.
const LIMIT: usize = 400;

/// Says how many findings are suppressed and by whom.
pub(super) fn count(out: &mut Writer, report: &Report, options: &TableOptions) {
    if report.suppressed.is_empty() {
        return;
    }
    let mut by: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in each(report) {
        *by.entry(who(finding)).or_default() += 1;
    }
    let by: Vec<String> = by
        .into_iter()
        .map(|(who, count)| format!("{} {}", clip(who, LIMIT), grouped(count)))
        .collect();
    let total = report.suppressed.len();
    let verb = if total == 1 { "is" } else { "are" };
    let them = if total == 1 { "it" } else { "them" };
    let hint = if options.show_suppressed {
        String::new()
    } else {
        format!("; --show-suppressed lists {them}")
    };
    let text = format!(
        "{} {verb} suppressed ({}){hint}",
        counted(total, "finding"),
        by.join(", "),
    );
    out.line("", 2, &[styled(&text, FAINT)]);
}

/// Lists what is suppressed, each with the reason.
pub(super) fn list(out: &mut Writer, report: &Report) {
    if report.suppressed.is_empty() {
        return;
    }
    out.blank();
    out.line("", 0, &[styled("Suppressed", BOLD)]);
    for finding in each(report) {
        let package = report.packages.get(finding.package).map(|p| &p.package);
        let (name, version) = package.map_or(("unknown package", ""), |package| {
            (package.name.as_str(), package.version.as_str())
        });
        out.line(
            "  ",
            4,
            &[
                styled(&clip(&finding.id, LIMIT), BOLD),
                plain(" in "),
                plain(&clip(name, LIMIT)),
                plain(" "),
                plain(&clip(version, LIMIT)),
                plain(" ("),
                plain(finding.severity.as_str()),
                plain(")"),
            ],
        );
        let Some(why) = &finding.suppressed else {
            continue;
        };
        let until = if why.expires.is_empty() {
            String::new()
        } else {
            format!(" (until {})", clip(&why.expires, LIMIT))
        };
        out.line(
            "    ",
            6,
            &[
                plain(&clip(&why.by, LIMIT)),
                plain(": "),
                plain(&clip(&why.reason, LIMIT)),
                plain(&until),
            ],
        );
    }
}

fn each(report: &Report) -> impl Iterator<Item = &VulnerabilityFinding> {
    report
        .suppressed
        .iter()
        .map(|Finding::Vulnerability(finding)| finding.as_ref())
}

fn who(finding: &VulnerabilityFinding) -> &str {
    finding
        .suppressed
        .as_ref()
        .map_or("unknown", |why| why.by.as_str())
}
