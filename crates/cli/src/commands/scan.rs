//! `plimsoll scan`: the main job.

use std::sync::Arc;

use plimsoll_engine::inventory::Progress;
use plimsoll_engine::{ScanOptions, scan, scan::select};
use plimsoll_formats::Format;
use plimsoll_model::report::{Report, VerdictStatus};
use plimsoll_model::severity::Severity;
use plimsoll_vuln::db::Database;

use super::reading::{self, Formats, Look};
use super::{database_path, now, suppressions};
use crate::args::ScanArgs;
use crate::exit::Exit;
use crate::output::{self, Failure};
use crate::progress::Drawing;

pub(crate) fn run(args: &ScanArgs) -> Result<Exit, Failure> {
    // Everything that the user named is checked before the long work starts.
    let formats = Formats::of(&args.report, |format| Some(format.render))?;
    let database = match database_path(args.db.as_deref()) {
        Some(path) => Some(Database::open(&path)?),
        None => None,
    };
    let options = ScanOptions {
        database: database.as_ref(),
        only_fixed: args.only_fixed,
        fail_on: args.fail_on.map(Severity::from),
        today: now()?.strftime("%Y-%m-%d").to_string(),
        max_database_days: args.max_db_age,
        suppressions: suppressions::read(&args.suppress)?,
        ..reading::options(&args.read)
    };
    let progress = Arc::new(Progress::default());
    let drawing = Drawing::start(&progress, !args.read.quiet && !args.read.no_progress);
    let reports = scan(&args.reference, &options, &progress);
    drop(drawing);
    let reports = reports?;
    formats.write(args.read.quiet, |format, look| {
        render(format, &reports, args, look)
    })?;
    Ok(reports.iter().map(exit_of).max().unwrap_or(Exit::Undecided))
}

/// Renders one report, or those of several platforms one after the other (JSON: as a list).
fn render(format: &Format, reports: &[Report], args: &ScanArgs, look: &Look) -> String {
    let severity = Severity::from(args.severity);
    let mut options = look.options();
    options.table.min_severity = severity;
    options.table.only_fixed = args.only_fixed;
    options.table.show_suppressed = args.suppress.show_suppressed;
    // The table itself leaves out what is not asked for, and says how much that is.
    let for_people = format.name == "table";
    let texts: Vec<String> = reports
        .iter()
        .map(|report| {
            if for_people {
                (format.render)(report, &options)
            } else {
                (format.render)(&select(report.clone(), severity, args.only_fixed), &options)
            }
        })
        .collect();
    output::joined(format, &texts)
}

fn exit_of(report: &Report) -> Exit {
    match report.verdict.as_ref().map(|verdict| verdict.status) {
        Some(VerdictStatus::Stop) => Exit::Stopped,
        _ if report.coverage.undecided() => Exit::Undecided,
        _ => Exit::Done,
    }
}
