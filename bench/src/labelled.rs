//! Precision and recall of the matcher over the labelled set.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::measure::say;

#[path = "../../crates/vuln/tests/labelled/cases.rs"]
mod cases;

/// Is how often the matcher and the labels said what.
#[derive(Clone, Copy, Default)]
struct Count {
    /// Both say that it applies.
    found: usize,
    /// Only the matcher says so.
    wrong: usize,
    /// Only the label says so.
    missed: usize,
    /// Neither does.
    clear: usize,
}

/// Writes the table.
pub(crate) fn table(work: &Path, out: &mut String) -> Result<(), String> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/vuln/testdata");
    if !data.is_dir() {
        say("skipped: the labelled set is not there");
        return Ok(());
    }
    fs::create_dir_all(work).map_err(|error| error.to_string())?;
    let all = cases::read(&data.join("labelled.tsv"))?;
    let database = cases::database(&data.join("labelled"), work)?;
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    let mut total = Count::default();
    for case in &all {
        let reported = cases::reported(&database, case);
        if reported != case.applies {
            say(&format!("labelled otherwise: {}", case.name()));
        }
        for count in [counts.entry(case.ecosystem()).or_default(), &mut total] {
            *match (reported, case.applies) {
                (true, true) => &mut count.found,
                (true, false) => &mut count.wrong,
                (false, true) => &mut count.missed,
                (false, false) => &mut count.clear,
            } += 1;
        }
    }
    let _ = writeln!(
        out,
        "### Labelled set: {} packages of which it was decided by reading the record whether the \
         advisory applies\n",
        all.len()
    );
    let _ = writeln!(
        out,
        "| | applies | does not | precision | recall |\n|---|--:|--:|--:|--:|"
    );
    for (name, count) in counts.into_iter().chain([("all", total)]) {
        let _ = writeln!(
            out,
            "| {name} | {} | {} | {} | {} |",
            count.found + count.missed,
            count.wrong + count.clear,
            share(count.found, count.wrong),
            share(count.found, count.missed),
        );
    }
    out.push('\n');
    Ok(())
}

/// Writes the share of the first of both.
fn share(right: usize, other: usize) -> String {
    match (right * 1000).checked_div(right + other) {
        Some(thousandths) => format!("{}.{:03}", thousandths / 1000, thousandths % 1000),
        None => "–".to_owned(),
    }
}
