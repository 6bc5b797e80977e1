//! The end of the report: how many were tested, how many found, how bad, and the gate's word.

use plimsoll_model::report::{Finding, Report, VerdictStatus};
use plimsoll_model::severity::Severity;

use super::writer::{Writer, clip, pad, pad_left, plain, styled};
use super::{
    BAD, BOLD, FAINT, GOOD, TableOptions, WARNING, counted, grouped, severity_name, severity_style,
    supports_verdict, suppressed,
};
use crate::issues::{self, Counts, SourceIssue};

/// How many reasons are given for having no verdict; all of them are in the coverage statement.
const REASONS_SHOWN: usize = 3;
/// How many characters of a reason are shown.
const REASON_LIMIT: usize = 400;

/// Writes the summary.
pub(super) fn write(
    out: &mut Writer,
    report: &Report,
    shown: &[&SourceIssue<'_>],
    hidden: usize,
    options: &TableOptions,
) {
    let decided = supports_verdict(report);
    write_tested(out, report, shown.len(), hidden, options);
    suppressed::count(out, report, options);
    let counts = Counts::of_issues(shown.iter().copied());
    if !shown.is_empty() {
        write_counts(out, report, &counts, hidden);
    }
    if !decided {
        write_undecided(out, report);
    }
    write_verdict(out, report, options);
}

/// Writes the sentence that the whole report comes down to. The check mark stands only where the
/// data supports it.
fn write_tested(
    out: &mut Writer,
    report: &Report,
    shown: usize,
    hidden: usize,
    options: &TableOptions,
) {
    let packages = report.packages.len();
    let judged = report.coverage.judged_packages;
    let dependencies = if packages == 1 {
        "dependency"
    } else {
        "dependencies"
    };
    let tested = if judged < packages {
        format!("Tested {judged} of {packages} {dependencies} for known issues")
    } else {
        format!("Tested {packages} {dependencies} for known issues")
    };
    if shown + hidden > 0 {
        let issues = if shown == 1 { "issue" } else { "issues" };
        let found = format!("{tested}, found {shown} {issues}.");
        out.line("", 2, &[styled(&found, BOLD)]);
        if hidden > 0 {
            let text = format!(
                "Not shown: {}{}",
                counted(hidden, "issue"),
                why_hidden(options)
            );
            out.line("", 2, &[styled(&text, WARNING)]);
        }
    } else if supports_verdict(report) {
        let clean = format!("✓ {tested}, no vulnerable paths found.");
        out.line("", 2, &[styled(&clean, GOOD.bold())]);
        if judged < packages {
            let rest = counted(packages - judged, "package");
            let text = format!("! {rest} could not be judged: see the coverage above");
            out.line("", 2, &[styled(&text, WARNING)]);
        }
    } else {
        out.line("", 2, &[styled(&format!("{tested}."), BOLD)]);
    }
}

fn why_hidden(options: &TableOptions) -> String {
    let mut reasons = Vec::new();
    if options.min_severity > Severity::Unknown {
        reasons.push(format!("below {}", options.min_severity.as_str()));
    }
    if options.only_fixed {
        reasons.push("without a fixed version".to_owned());
    }
    if reasons.is_empty() {
        String::new()
    } else {
        format!(" ({})", reasons.join(" or "))
    }
}

/// Writes the other counts, then the table of severities, worst last.
fn write_counts(out: &mut Writer, report: &Report, counts: &Counts, hidden: usize) {
    let text = format!(
        "An issue is one vulnerability of one source package. {}{}, {} in installed packages.",
        if hidden > 0 { "In all: " } else { "" },
        counted(issues::unique_ids(&report.findings), "unique id"),
        counted(report.findings.len(), "finding"),
    );
    out.line("", 0, &[styled(&text, FAINT)]);
    out.blank();
    let row = |cells: [&str; 4]| {
        let [severity, issues, fixable, exploited] = cells;
        [
            pad(severity, 10),
            pad_left(issues, 9),
            pad_left(fixable, 10),
            pad_left(exploited, 18),
        ]
    };
    out.line(
        &row(["Severity", "Issues", "Fixable", "Known exploited"]).concat(),
        0,
        &[],
    );
    for (severity, count) in counts.rows() {
        if count.total == 0 && severity <= Severity::Negligible {
            continue;
        }
        let [name, total, fixable, exploited] = row([
            severity_name(severity),
            &count.total.to_string(),
            &count.fixable.to_string(),
            &count.known_exploited.to_string(),
        ]);
        let style = if count.total == 0 {
            FAINT
        } else {
            severity_style(severity)
        };
        let exploited_style = if count.known_exploited > 0 {
            BAD
        } else {
            plain("").style
        };
        out.cells(
            "",
            &[
                (styled(name.trim_end(), style), 10),
                (plain(&format!("{total}{fixable}")), 19),
                (styled(&exploited, exploited_style), 18),
            ],
        );
    }
}

/// Says that the result is no all-clear, and why.
fn write_undecided(out: &mut Writer, report: &Report) {
    let coverage = &report.coverage;
    out.blank();
    let heading = "✗ This result supports no verdict: what was not found may still be there.";
    out.line("", 2, &[styled(heading, BAD)]);
    let grave: Vec<_> = coverage
        .gaps
        .iter()
        .filter(|gap| gap.kind.undecided())
        .collect();
    for gap in grave.iter().take(REASONS_SHOWN) {
        let detail = if gap.detail.is_empty() {
            gap.kind.as_str()
        } else {
            &gap.detail
        };
        let subject = clip(&gap.subject, REASON_LIMIT);
        let separator = if subject.is_empty() { "" } else { ": " };
        out.line(
            "  ",
            4,
            &[
                plain("Because "),
                plain(&subject),
                plain(separator),
                plain(&clip(detail, REASON_LIMIT)),
            ],
        );
    }
    if grave.len() > REASONS_SHOWN {
        let more = grave.len() - REASONS_SHOWN;
        out.line(
            "  ",
            4,
            &[plain(&format!(
                "and {} more reasons above",
                grouped(more as u64)
            ))],
        );
    }
    if grave.is_empty() {
        let reason = if coverage.database.is_none() {
            "Because there is no database of advisories"
        } else {
            "Because no package was compared with any advisory"
        };
        out.line("  ", 4, &[plain(reason)]);
    }
}

fn write_verdict(out: &mut Writer, report: &Report, options: &TableOptions) {
    let Some(verdict) = &report.verdict else {
        return;
    };
    let (mark, style) = match verdict.status {
        VerdictStatus::Pass => ("✓", GOOD.bold()),
        VerdictStatus::Warn => ("!", WARNING.bold()),
        VerdictStatus::Stop | VerdictStatus::Undecided => ("✗", BAD),
    };
    out.blank();
    let word = format!("{mark} Gate: {}", verdict.status.as_str());
    let reason = clip(&verdict.reason, REASON_LIMIT);
    let separator = if reason.is_empty() { "" } else { ", " };
    out.line(
        "",
        2,
        &[styled(&word, style), plain(separator), plain(&reason)],
    );
    // A pass over findings that nobody has rated must not look like a pass over none.
    let unrated = report
        .findings
        .iter()
        .filter(|finding| {
            let Finding::Vulnerability(v) = finding;
            v.severity == Severity::Unknown && !(options.only_fixed && v.fixed_versions.is_empty())
        })
        .count();
    if verdict.status == VerdictStatus::Pass && unrated > 0 {
        let text = format!(
            "{} of unknown severity did not count; --fail-on unknown stops on them",
            counted(unrated, "finding")
        );
        out.line("  ", 4, &[plain(&text)]);
    }
    for rule in verdict
        .rules
        .iter()
        .filter(|rule| rule.status > VerdictStatus::Pass)
    {
        let id = clip(&rule.id, REASON_LIMIT);
        let reason = clip(&rule.reason, REASON_LIMIT);
        out.line("  ", 4, &[plain(&id), plain(": "), plain(&reason)]);
    }
}
