//! The feeds that are one document each, every reader over the same bytes: Alpine's secdb, Debian's
//! tracker and its lists of advisories, CISA's list of exploited vulnerabilities.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_vuln::feeds::{debian_advisories, debian_tracker, kev, secdb};

fuzz_target!(|bytes: &[u8]| {
    assert!(secdb::parse(bytes, "v3.20") == secdb::parse(bytes, "v3.20"));
    assert!(debian_tracker::parse(bytes) == debian_tracker::parse(bytes));
    assert!(debian_advisories::parse(bytes) == debian_advisories::parse(bytes));
    assert!(kev::parse(bytes) == kev::parse(bytes));
});
