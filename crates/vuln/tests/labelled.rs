//! The matcher against the labelled set: each case was decided by reading the record, and all agree.

#![allow(
    clippy::expect_used,
    reason = "helpers of tests fail loudly, as tests do"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[path = "labelled/cases.rs"]
mod cases;

#[test]
fn every_case_is_judged_as_labelled() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let all = cases::read(&data.join("labelled.tsv")).expect("the table");
    let folder = tempfile::tempdir().expect("a folder");
    let database = cases::database(&data.join("labelled"), folder.path()).expect("built");
    let info = database.info();
    let damaged: u64 = info.feeds.iter().map(|feed| feed.damaged).sum();
    assert_eq!(damaged, 0, "{:?}", database.bad_records());
    let wrong: Vec<String> = all
        .iter()
        .filter(|case| cases::reported(&database, case) != case.applies)
        .map(cases::Case::name)
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_set_is_large_balanced_and_without_repeats() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/labelled.tsv");
    let all = cases::read(&table).expect("the table");
    assert!(all.len() >= 500, "{} cases", all.len());
    let names: BTreeSet<String> = all.iter().map(cases::Case::name).collect();
    assert_eq!(names.len(), all.len());
    let mut counts: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for case in &all {
        let [applies, not] = counts.entry(case.ecosystem()).or_default();
        *(if case.applies { applies } else { not }) += 1;
    }
    assert_eq!(counts.len(), 16);
    for (ecosystem, [applies, not]) in counts {
        assert!(applies >= 3 && not >= 3, "{ecosystem}: {applies}, {not}");
    }
}
