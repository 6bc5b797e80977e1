//! dpkg's database: status, a file list, checksums, a part of `status.d` with its checksums, a
//! copyright file and apt's extended states, parted by the byte 0xFF.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::deb::Deb;
use plimsoll_fuzz::analyze;

fuzz_target!(|bytes: &[u8]| {
    let paths = [
        "var/lib/dpkg/status",
        "var/lib/dpkg/info/a.list",
        "var/lib/dpkg/info/a.md5sums",
        "usr/share/doc/a/copyright",
        "var/lib/apt/extended_states",
        "var/lib/dpkg/status.d/b",
        "var/lib/dpkg/status.d/b.md5sums",
    ];
    analyze(&Deb, &paths, bytes);
});
