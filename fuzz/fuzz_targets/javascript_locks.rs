//! JavaScript lock files of every format and the `package.json` beside them, parted by the byte 0xFF.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::javascript::Locks;
use plimsoll_fuzz::analyze;

fuzz_target!(|bytes: &[u8]| {
    analyze(
        &Locks,
        &[
            "a/package-lock.json",
            "b/yarn.lock",
            "b/package.json",
            "c/pnpm-lock.yaml",
            "d/bun.lock",
        ],
        bytes,
    );
});
