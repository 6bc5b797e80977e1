//! OSV records: a single one, or an archive of them where the input starts as a zip does.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_vuln::feeds::{Batch, osv};

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"PK") {
        let read = || {
            let mut batch = Batch::default();
            osv::read_archive(bytes, &mut batch);
            batch
        };
        assert!(read() == read(), "same archive, same records");
    } else {
        assert!(
            osv::parse(bytes) == osv::parse(bytes),
            "same text, same record"
        );
    }
});
