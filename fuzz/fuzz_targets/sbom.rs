//! SBOMs of every form: the same bytes give the same packages, and these come back from every format.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_formats::sbom::read::read;
use plimsoll_formats::{Options, by_name};
use plimsoll_model::report::{Coverage, Report};

fuzz_target!(|bytes: &[u8]| {
    let Ok(inventory) = read(bytes, "file") else {
        return;
    };
    assert_eq!(inventory, read(bytes, "file").expect("it was read before"));
    let report = Report {
        tool_version: String::new(),
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
    };
    for format in ["cyclonedx", "spdx", "spdx-tag-value", "spdx@3.0"] {
        let write = by_name(format).and_then(|format| format.inventory);
        let text = write.expect("it writes packages")(&report, &Options::default());
        let again = read(text.as_bytes(), "file").expect("what is written can be read");
        let names = |packages: &[plimsoll_model::report::CatalogPackage]| {
            let mut names: Vec<_> = packages
                .iter()
                .map(|entry| (entry.package.name.clone(), entry.package.version.clone()))
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(&again.packages), names(&report.packages), "{format}");
    }
});
