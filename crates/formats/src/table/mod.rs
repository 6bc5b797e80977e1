//! The terminal report: every issue, worst last, then what the result rests on, then the summary.
//!
//! Owns the layout, which follows `docker scan`: a block per issue, the labels with their values at
//! column 20, the sentence `Tested N dependencies for known issues, found M issues.` The end of the
//! report stands by the prompt, so the worst issue comes last, and what to know first comes at the end.
//! An *issue* is one vulnerability of one source package (see [`crate::issues`]).
//!
//! A zero is never shown as good news when the result supports no verdict. Everything is escaped by
//! the writer. Deliberately absent: the width of the terminal and whether colours are wanted; the
//! caller knows.

use anstyle::{AnsiColor, Style};
use plimsoll_model::report::Report;
use plimsoll_model::severity::Severity;

use crate::issues::{self, SourceIssue};
use crate::{Format, Options};

mod coverage;
mod issue;
mod labels;
mod packages;
mod summary;
mod suppressed;
mod upgrades;
mod writer;

use writer::{Writer, plain};

/// Is the format for people.
pub static FORMAT: Format = Format {
    name: "table",
    description: "Report for people: every issue, worst last, then coverage and summary",
    aliases: &[],
    json: false,
    render: render_with,
    inventory: Some(packages::render),
};

/// Is how the terminal report looks. Nothing here changes what was found: what is not shown is
/// counted and said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableOptions {
    /// The columns that lines are wrapped at; fewer than 50 count as 50.
    pub width: usize,
    /// Whether ANSI colours are written.
    pub color: bool,
    /// The least severity that is shown (`--severity`).
    pub min_severity: Severity,
    /// Whether only issues with a fixed version are shown (`--only-fixed`).
    pub only_fixed: bool,
    /// Whether what is suppressed is listed (`--show-suppressed`).
    pub show_suppressed: bool,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            width: 80,
            color: false,
            min_severity: Severity::Unknown,
            only_fixed: false,
            show_suppressed: false,
        }
    }
}

impl TableOptions {
    fn shows(&self, issue: &SourceIssue<'_>) -> bool {
        issue.severity >= self.min_severity && (issue.fixable() || !self.only_fixed)
    }
}

fn render_with(report: &Report, options: &Options) -> String {
    render(report, &options.table)
}

/// Writes the terminal report.
pub fn render(report: &Report, options: &TableOptions) -> String {
    let all = issues::group(report);
    let mut shown: Vec<&SourceIssue<'_>> = all.iter().filter(|i| options.shows(i)).collect();
    shown.sort_by(|a, b| {
        (a.severity, a.known_exploited, a.source, a.id).cmp(&(
            b.severity,
            b.known_exploited,
            b.source,
            b.id,
        ))
    });

    let mut out = Writer::new(options.width, options.color);
    out.line(
        "",
        4,
        &[
            plain("Testing "),
            plain(&report.image.reference),
            plain("..."),
        ],
    );
    let paths = issue::Paths::new(report);
    for issue in &shown {
        out.blank();
        issue::write(&mut out, report, &paths, issue);
    }
    out.blank();
    labels::write(&mut out, report);
    out.blank();
    coverage::write(&mut out, report);
    upgrades::write(&mut out, &shown);
    if options.show_suppressed {
        suppressed::list(&mut out, report);
    }
    out.blank();
    summary::write(&mut out, report, &shown, all.len() - shown.len(), options);
    out.finish()
}

/// Bold, for headings and names.
const BOLD: Style = Style::new().bold();
/// For what is good.
const GOOD: Style = AnsiColor::Green.on_default();
/// For what needs a look.
const WARNING: Style = AnsiColor::Yellow.on_default();
/// For what is bad.
const BAD: Style = AnsiColor::Red.on_default().bold();
/// For what may be skipped.
const FAINT: Style = Style::new().dimmed();

/// Returns the colour of a severity.
fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Magenta.on_default().bold(),
        Severity::High => BAD,
        Severity::Medium => WARNING,
        Severity::Low => AnsiColor::Cyan.on_default(),
        Severity::Negligible | Severity::Unknown => FAINT,
    }
}

/// Returns a severity's name as a word that starts a sentence.
fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Negligible => "Negligible",
        Severity::Unknown => "Unknown",
    }
}

/// Writes a count with its noun (`1 issue`, `2 issues`).
fn counted(count: usize, noun: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{} {noun}{end}", grouped(count as u64))
}

/// Writes a number with a comma before every third digit.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns the date of an RFC 3339 time, or the text as it is when it is none.
fn date(time: &str) -> &str {
    match time.split_once('T') {
        Some((date, _)) if date.len() == 10 && date.is_ascii() => date,
        _ => time,
    }
}

/// Says whether the result supports the statement that nothing was found: coverage says so, and at
/// least one package was compared with a database.
fn supports_verdict(report: &Report) -> bool {
    let coverage = &report.coverage;
    !coverage.undecided() && coverage.database.is_some() && coverage.judged_packages > 0
}

#[cfg(test)]
mod tests;
