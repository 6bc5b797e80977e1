//! rpm's databases. The form is told by the input's first bytes, so that any database is a seed:
//! SQLite, NDB, Berkeley DB, a write-ahead log, or the lists of distroless images.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::rpm::Rpm;
use plimsoll_fuzz::analyze_files;

fuzz_target!(|bytes: &[u8]| {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    if starts(b"SQLite format 3\0") {
        analyze_files(&Rpm, &[("usr/lib/sysimage/rpm/rpmdb.sqlite", bytes)]);
    } else if starts(b"RpmP") {
        analyze_files(&Rpm, &[("usr/lib/sysimage/rpm/Packages.db", bytes)]);
    } else if starts(&[0x37, 0x7f, 0x06]) {
        analyze_files(&Rpm, &[("var/lib/rpm/rpmdb.sqlite-wal", bytes)]);
    } else if bytes.contains(&0) {
        analyze_files(&Rpm, &[("var/lib/rpm/Packages", bytes)]);
    } else {
        let lists = [
            ("var/lib/rpmmanifest/container-manifest-1", bytes),
            ("var/lib/rpmmanifest/container-manifest-2", bytes),
        ];
        analyze_files(&Rpm, &lists);
    }
});
