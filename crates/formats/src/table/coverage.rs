//! What the result rests on: the distribution, the feeds, and what could not be judged.

use plimsoll_model::report::{Coverage, DatabaseInfo, FeedInfo, Report};

use super::labels::distro_name;
use super::writer::{Writer, clip, plain, styled};
use super::{BOLD, GOOD, WARNING, counted, date, grouped, supports_verdict};

/// How many feeds that judged the image are listed.
const FEEDS_SHOWN: usize = 10;
/// How many gaps are listed.
pub(super) const GAPS_SHOWN: usize = 20;
/// How many characters of a gap's subject or detail are shown.
const GAP_LIMIT: usize = 400;

/// Writes the coverage statement.
pub(super) fn write(out: &mut Writer, report: &Report) {
    let coverage = &report.coverage;
    out.line("", 0, &[styled("Coverage", BOLD)]);
    let distro = match &report.image.distro {
        Some(distro) => clip(&distro_name(distro), GAP_LIMIT),
        None => "Distribution not recognised".to_owned(),
    };
    let judged = format!(
        ": {} of {} compared with advisories",
        grouped(coverage.judged_packages as u64),
        counted(report.packages.len(), "package"),
    );
    out.line("  ", 4, &[plain(&distro), plain(&judged)]);
    match &coverage.database {
        Some(database) => write_feeds(out, database, &coverage.judged_by),
        None => out.line("  ", 4, &[styled("No database of advisories", WARNING)]),
    }
    write_gaps(out, coverage);
    if coverage.complete() && supports_verdict(report) {
        out.line("  ", 4, &[styled("Complete: nothing was left out", GOOD)]);
    }
}

fn write_feeds(out: &mut Writer, database: &DatabaseInfo, judged_by: &[String]) {
    let (judged, others): (Vec<&FeedInfo>, Vec<&FeedInfo>) = database
        .feeds
        .iter()
        .partition(|feed| judged_by.contains(&feed.name));
    for feed in judged.iter().take(FEEDS_SHOWN) {
        let mut text = counted(feed.records as usize, "record");
        if feed.fetched_at.is_empty() {
            text.push_str(", of a date that the feed does not state");
        } else {
            text = format!("{text} of {}", date(&feed.fetched_at));
        }
        if feed.damaged > 0 {
            text = format!("{text}, {} more could not be read", grouped(feed.damaged));
        }
        let name = clip(&feed.name, GAP_LIMIT);
        out.line(
            "  ",
            4,
            &[
                plain("Feed "),
                styled(&name, BOLD),
                plain(": "),
                plain(&text),
            ],
        );
    }
    if judged.len() > FEEDS_SHOWN {
        let more = format!(
            "and {} more...",
            counted(judged.len() - FEEDS_SHOWN, "feed")
        );
        out.line("  ", 4, &[plain(&more)]);
    }
    if others.is_empty() {
        return;
    }
    let subject = match (judged.len(), others.len()) {
        (0, 1) => "The only feed of the database does not cover this image".to_owned(),
        (0, count) => format!("None of the {count} feeds of the database covers this image"),
        (_, 1) => "1 other feed covers other systems or adds details".to_owned(),
        (_, count) => format!("{count} other feeds cover other systems or add details"),
    };
    out.line(
        "  ",
        4,
        &[plain(&format!("{subject} ({})", extent(&others)))],
    );
}

/// Sums up feeds: how many records, of which dates, how many unreadable.
fn extent(feeds: &[&FeedInfo]) -> String {
    let records = feeds
        .iter()
        .fold(0_u64, |sum, feed| sum.saturating_add(feed.records));
    let damaged = feeds
        .iter()
        .fold(0_u64, |sum, feed| sum.saturating_add(feed.damaged));
    let mut text = counted(records as usize, "record");
    let dates = || {
        feeds
            .iter()
            .map(|feed| date(&feed.fetched_at))
            .filter(|date| !date.is_empty())
    };
    if let (Some(oldest), Some(newest)) = (dates().min(), dates().max()) {
        text = if oldest == newest {
            format!("{text} of {oldest}")
        } else {
            format!("{text} of {oldest} to {newest}")
        };
    }
    if damaged > 0 {
        text = format!("{text}, {} more could not be read", grouped(damaged));
    }
    text
}

pub(super) fn write_gaps(out: &mut Writer, coverage: &Coverage) {
    if coverage.gaps.is_empty() {
        return;
    }
    let heading = format!(
        "Could not be read or judged ({}):",
        counted(coverage.gaps.len(), "gap")
    );
    out.line("  ", 4, &[styled(&heading, WARNING)]);
    // What takes the verdict away comes first, so that a crowd of lesser gaps cannot hide it.
    let (grave, lesser): (Vec<_>, Vec<_>) =
        coverage.gaps.iter().partition(|gap| gap.kind.undecided());
    for gap in grave.iter().chain(&lesser).take(GAPS_SHOWN) {
        let subject = clip(&gap.subject, GAP_LIMIT);
        let detail = clip(&gap.detail, GAP_LIMIT);
        let separator = if subject.is_empty() || detail.is_empty() {
            ""
        } else {
            ": "
        };
        out.line(
            "  ",
            6,
            &[
                styled("! ", WARNING),
                styled(gap.kind.as_str(), WARNING),
                plain(" "),
                plain(&subject),
                plain(separator),
                plain(&detail),
            ],
        );
    }
    if coverage.gaps.len() > GAPS_SHOWN {
        let more = coverage.gaps.len() - GAPS_SHOWN;
        let text = format!("and {} more, all in the JSON report", grouped(more as u64));
        out.line("    ", 6, &[plain(&text)]);
    }
}
