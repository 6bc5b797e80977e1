//! The files that name the distribution, each reader over the same bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::release::Release;
use plimsoll_fuzz::analyze_files;

fuzz_target!(|bytes: &[u8]| {
    for path in [
        "etc/os-release",
        "etc/redhat-release",
        "etc/SuSE-release",
        "etc/alpine-release",
        "etc/lsb-release",
        "etc/debian_version",
    ] {
        analyze_files(&Release, &[(path, bytes)]);
    }
});
