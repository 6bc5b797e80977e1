//! Installed distributions of Python and what lies beside their metadata, parted by the byte 0xFF; and
//! the whole input as an egg, whose bytes hold any.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::python::Python;
use plimsoll_fuzz::{analyze, analyze_files};

fuzz_target!(|bytes: &[u8]| {
    analyze(
        &Python,
        &[
            "v/lib/python3.11/site-packages/a-1.dist-info/METADATA",
            "v/lib/python3.11/site-packages/b.egg-info/PKG-INFO",
            "v/lib/python3.11/site-packages/b.egg-info/requires.txt",
            "v/lib/python3.11/site-packages/a-1.dist-info/RECORD",
            "v/lib/python3.11/site-packages/a-1.dist-info/direct_url.json",
            "v/lib/python3.11/site-packages/a/_vendor/vendor.txt",
            "v/lib/python3.11/site-packages/b.egg-link",
            "v/lib/python3.11/site-packages/c.dist-info/top_level.txt",
            "v/pyvenv.cfg",
        ],
        bytes,
    );
    analyze_files(
        &Python,
        &[("v/lib/python3.11/site-packages/e-1.egg", bytes)],
    );
});
