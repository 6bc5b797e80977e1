//! JavaScript packages: an application, its packages and an archive of yarn's cache, parted by the
//! byte 0xFF.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::javascript::Installed;
use plimsoll_fuzz::analyze;

fuzz_target!(|bytes: &[u8]| {
    analyze(
        &Installed,
        &[
            "app/package.json",
            "app/node_modules/a/package.json",
            "app/node_modules/a/node_modules/@s/b/package.json",
            "app/node_modules/c/package.json",
            "app/.yarn/cache/d.zip",
        ],
        bytes,
    );
});
