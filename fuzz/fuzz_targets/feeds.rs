//! The feeds that are documents of their own. A first byte that no text starts with chooses one
//! reader; without it those of short names all read the same bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_vuln::feeds::{
    Batch, debian_advisories, debian_tracker, endoflife, epss, kev, nvd, oracle, osv_repositories,
    redhat, secdb, suse, ubuntu_vex,
};

/// The readers that are chosen, by the first byte less `FIRST`.
const READERS: &[fn(&[u8]) -> Batch] = &[
    |bytes| secdb::parse(bytes, "v3.20"),
    debian_tracker::parse,
    debian_advisories::parse,
    kev::parse,
    epss::parse,
    |bytes| endoflife::parse(bytes, "debian.json"),
    nvd::parse,
    |bytes| osv_repositories::parse_yaml(bytes, "PYSEC-1.yaml"),
    redhat::parse,
    suse::parse,
    oracle::parse,
    ubuntu_vex::parse,
];

/// The byte that chooses the first reader.
const FIRST: u8 = 0x80;

fuzz_target!(|bytes: &[u8]| {
    let chosen = bytes.split_first().and_then(|(first, rest)| {
        let reader = READERS.get(usize::from(first.checked_sub(FIRST)?))?;
        Some((reader, rest))
    });
    match chosen {
        Some((reader, rest)) => assert!(reader(rest) == reader(rest)),
        None => {
            for reader in READERS.iter().take(4) {
                assert!(reader(bytes) == reader(bytes));
            }
        }
    }
});
