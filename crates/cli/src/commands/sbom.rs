//! `plimsoll sbom`: the packages alone.

use std::sync::Arc;

use plimsoll_engine::inventory::Progress;
use plimsoll_engine::scan::take_inventory;
use plimsoll_formats::Format;
use plimsoll_model::report::{Coverage, Inventory, Report};

use super::reading::{self, Formats, Look};
use crate::args::SbomArgs;
use crate::exit::Exit;
use crate::output::{self, Failure};
use crate::progress::Drawing;

pub(crate) fn run(args: &SbomArgs) -> Result<Exit, Failure> {
    let formats = Formats::of(&args.report, |format| format.inventory)?;
    let options = reading::options(&args.read);
    let progress = Arc::new(Progress::default());
    let drawing = Drawing::start(&progress, !args.read.quiet && !args.read.no_progress);
    let inventories = take_inventory(&args.reference, &options, &progress);
    drop(drawing);
    let reports: Vec<Report> = inventories?
        .into_iter()
        .map(|inventory| unjudged(inventory, &options.tool_version))
        .collect();
    formats.write(args.read.quiet, |format, look| {
        render(format, &reports, look)
    })?;
    let undecided = reports.iter().any(|report| report.coverage.undecided());
    Ok(if undecided || reports.is_empty() {
        Exit::Undecided
    } else {
        Exit::Done
    })
}

fn render(format: &Format, reports: &[Report], look: &Look) -> String {
    let options = look.options();
    let write = format.inventory.unwrap_or(format.render);
    let texts = reports.iter().map(|report| write(report, &options));
    output::joined(format, &texts.collect::<Vec<_>>())
}

/// Makes the report that judges nothing.
fn unjudged(inventory: Inventory, tool_version: &str) -> Report {
    Report {
        tool_version: tool_version.to_owned(),
        image: inventory.image,
        coverage: Coverage {
            gaps: inventory.gaps,
            ..Coverage::default()
        },
        packages: inventory.packages,
        findings: Vec::new(),
        suppressed: Vec::new(),
        left_out: 0,
        verdict: None,
    }
}
