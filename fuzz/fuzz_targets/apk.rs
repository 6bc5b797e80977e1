//! apk's database: installed packages, the world and the repositories, parted by the byte 0xFF.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::apk::Apk;
use plimsoll_fuzz::analyze;

fuzz_target!(|bytes: &[u8]| {
    analyze(
        &Apk,
        &[
            "lib/apk/db/installed",
            "etc/apk/world",
            "etc/apk/repositories",
        ],
        bytes,
    );
});
