//! The feeds that are documents of their own. A first byte that no text starts with chooses one
//! reader; without it those of short names all read the same bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_vuln::feeds::{
    Batch, almalinux, arch, azure, debian_advisories, debian_tracker, endoflife, epss, fedora,
    friends_of_php, gemnasium, kev, node_security, nvd, oracle, osv_repositories, photon, redhat,
    rocky, ruby_advisories, rustsec, secdb, suse, ubuntu_vex, updateinfo,
};

/// The readers that are chosen, by the first byte less `FIRST`. Seeds hold these bytes, so new ones
/// are added at the end.
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
    updateinfo::parse,
    fedora::parse,
    |bytes| azure::parse(bytes, "azurelinux-3.0-oval.xml"),
    |bytes| photon::parse(bytes, "cve_data_photon4.0.json"),
    arch::parse,
    |bytes| almalinux::parse(bytes, "9"),
    rocky::parse,
    |bytes| rustsec::parse(bytes, "RUSTSEC-1.md"),
    |bytes| ruby_advisories::parse(bytes, "CVE-2020-0001.yml"),
    |bytes| friends_of_php::parse(bytes, "a/b/CVE-2020-0001.yaml"),
    |bytes| node_security::parse(bytes, "1.json"),
    |bytes| gemnasium::parse(bytes, "CVE-2020-0001.yml"),
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
