//! conda's records of one environment and its history, parted by the byte 0xFF.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::conda::Conda;
use plimsoll_fuzz::analyze;

fuzz_target!(|bytes: &[u8]| {
    analyze(
        &Conda,
        &[
            "opt/conda/conda-meta/a-1-0.json",
            "opt/conda/conda-meta/b-2-0.json",
            "opt/conda/conda-meta/history",
        ],
        bytes,
    );
});
