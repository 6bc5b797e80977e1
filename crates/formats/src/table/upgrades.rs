//! Which upgrades fix the most: one line per source package.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::severity::Severity;

use super::writer::{Writer, clip, columns, pad, plain, styled};
use super::{BOLD, FAINT, GOOD, counted};
use crate::issues::{Counts, Source, SourceIssue};

/// How many upgrades are listed.
const SHOWN: usize = 5;
/// How many characters of a name or version are shown.
const LIMIT: usize = 60;
const GAP: usize = 3;
/// Stands before every line, so that no package can be named like a line of the summary.
const MARGIN: &str = "  ";
const HEADINGS: [&str; 4] = ["Package", "Installed", "Upgrade to", "Fixes"];

struct Upgrade<'a> {
    source: Source<'a>,
    installed: &'a str,
    to: &'a str,
    counts: Counts,
}

/// Writes the upgrades that fix the worst and the most issues, best first.
pub(super) fn write(out: &mut Writer, shown: &[&SourceIssue<'_>]) {
    let upgrades = upgrades(shown);
    if upgrades.is_empty() {
        return;
    }
    out.blank();
    out.line("", 0, &[styled("Upgrades that fix the most", BOLD)]);
    let rows: Vec<[String; 4]> = upgrades
        .iter()
        .take(SHOWN)
        .map(|upgrade| {
            [
                clip(upgrade.source.name, LIMIT),
                clip(upgrade.installed, LIMIT),
                clip(upgrade.to, LIMIT),
                in_words(&upgrade.counts),
            ]
        })
        .collect();
    write_rows(out, &rows);
    if upgrades.len() > SHOWN {
        let rest = upgrades.len() - SHOWN;
        let more = format!("and {} with fixes...", counted(rest, "more package"));
        out.line(MARGIN, 4, &[styled(&more, FAINT)]);
    }
}

fn write_rows(out: &mut Writer, rows: &[[String; 4]]) {
    let mut widths = HEADINGS.map(columns);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(columns(cell));
        }
    }
    let [package, installed, to, fixes] = &widths;
    let indent = MARGIN.len() + package + installed + to + 3 * GAP;
    if indent + fixes > out.width() {
        // Too narrow for columns: a sentence each.
        for [package, installed, to, fixes] in rows {
            let from = format!(" {installed} -> ");
            let fixes = format!(" fixes {fixes}");
            out.line(
                MARGIN,
                6,
                &[
                    plain(package),
                    plain(&from),
                    styled(to, GOOD),
                    plain(&fixes),
                ],
            );
        }
        return;
    }
    let lead = |a: &str, b: &str| {
        format!(
            "{MARGIN}{}{}",
            pad(a, package + GAP),
            pad(b, installed + GAP)
        )
    };
    let [a, b, c, d] = HEADINGS;
    out.line(
        &format!("{}{}{d}", lead(a, b), pad(c, to + GAP)),
        indent,
        &[],
    );
    for [a, b, c, d] in rows {
        // The blanks of a column belong to the lead or stand before the last cell.
        out.cells(&lead(a, b), &[(styled(c, GOOD), to + GAP), (plain(d), 0)]);
    }
}

/// Sums up fixable issues by source package, the worst first.
fn upgrades<'a>(shown: &[&SourceIssue<'a>]) -> Vec<Upgrade<'a>> {
    let mut by_source: BTreeMap<Source<'a>, (Option<&'a str>, Vec<&SourceIssue<'a>>)> =
        BTreeMap::new();
    for issue in shown.iter().filter(|issue| issue.fixable()) {
        let Some(scheme) = issue.source.kind.and_then(PackageKind::scheme) else {
            continue;
        };
        // The first fixed version above the installed one: a record may name one per branch.
        let here = installed(issue);
        let above = |version: &&&str| scheme.compare(version, here).is_gt();
        let nearest = issue
            .fixed_versions
            .iter()
            .find(above)
            .or(issue.fixed_versions.last());
        let entry = by_source.entry(issue.source).or_default();
        entry.1.push(issue);
        if let Some(version) = nearest
            && entry
                .0
                .is_none_or(|highest| scheme.sort_order(version, highest).is_gt())
        {
            entry.0 = Some(version);
        }
    }
    let mut upgrades: Vec<Upgrade<'a>> = by_source
        .into_iter()
        .filter_map(|(source, (to, issues))| {
            Some(Upgrade {
                source,
                installed: issues
                    .first()
                    .map_or(source.version, |issue| installed(issue)),
                to: to?,
                counts: Counts::of_issues(issues),
            })
        })
        .collect();
    upgrades.sort_by_key(|upgrade| {
        let exploited = upgrade.counts.sum().known_exploited;
        let totals: Vec<usize> = upgrade
            .counts
            .rows()
            .rev()
            .map(|(_, row)| row.total)
            .collect();
        Reverse((exploited, totals))
    });
    upgrades
}

/// Returns the version that fixed ones compare with. An rpm's source is named by its file, which leaves
/// out the epoch: the package built from it has it.
fn installed<'a>(issue: &SourceIssue<'a>) -> &'a str {
    let stated = issue.source.version;
    issue
        .affected
        .iter()
        .filter_map(|(package, _)| package.map(|p| p.package.version.as_str()))
        .find(|version| {
            issue.source.kind == Some(PackageKind::Rpm)
                && version
                    .split_once(':')
                    .is_some_and(|(_, rest)| rest == stated)
        })
        .unwrap_or(stated)
}

/// Writes counts as `1 critical, 2 high`, worst first.
fn in_words(counts: &Counts) -> String {
    let words: Vec<String> = counts
        .rows()
        .rev()
        .filter(|(_, row)| row.total > 0)
        .map(|(severity, row): (Severity, _)| format!("{} {}", row.total, severity.as_str()))
        .collect();
    words.join(", ")
}
