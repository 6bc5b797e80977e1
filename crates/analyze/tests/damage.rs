//! Damaged and hostile databases: nothing panics, everything ends, and damage is said.

#[cfg(test)]
mod tests {
    use plimsoll_analyze::catalog::rpm::{
        Parsed, parse_bdb, parse_manifest, parse_manifest_names, parse_ndb, parse_sqlite,
        wal_notice,
    };
    use plimsoll_analyze::catalog::{apk, deb, release};

    const SQLITE: &[u8] = include_bytes!("../src/catalog/rpm/testdata/rpmdb-512.sqlite");
    const NDB: &[u8] = include_bytes!("../src/catalog/rpm/testdata/Packages.db");
    const BDB: &[u8] = include_bytes!("../src/catalog/rpm/testdata/Packages-little");
    const BDB_BIG: &[u8] = include_bytes!("../src/catalog/rpm/testdata/Packages-big");
    const STATUS: &str = include_str!("../src/catalog/deb/testdata/status.txtar");
    const INSTALLED: &str = include_str!("../src/catalog/apk/testdata/installed.txtar");

    fn details((packages, issues): &Parsed) -> (usize, Vec<&str>) {
        let details = issues.iter().map(|issue| issue.detail.as_str());
        (packages.len(), details.collect())
    }

    fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
        bytes[at..at + value.len()].copy_from_slice(value);
    }

    #[test]
    fn what_is_no_database_is_said() {
        for (parse, name) in [
            (parse_sqlite as fn(&[u8]) -> Parsed, "SQLite"),
            (parse_ndb, "NDB"),
            (parse_bdb, "Berkeley DB"),
        ] {
            assert_eq!(details(&parse(b"")), (0, vec!["the database is empty"]));
            let parsed = parse(b"#!/bin/sh\n");
            let (count, details) = details(&parsed);
            assert_eq!((count, details.len()), (0, 1));
            assert!(details[0].contains(name), "{details:?}");
        }
    }

    #[test]
    fn a_cut_database_yields_what_is_left_and_says_so() {
        for (parse, bytes) in [
            (parse_sqlite as fn(&[u8]) -> Parsed, SQLITE),
            (parse_ndb, NDB),
            (parse_bdb, BDB),
            (parse_bdb, BDB_BIG),
        ] {
            let whole = parse(bytes);
            assert_eq!(details(&whole), (6, vec![]));
            for kept in (0..bytes.len()).step_by(97) {
                let parsed = parse(&bytes[..kept]);
                assert!(parsed.0.len() <= 6);
                let lost = parsed.0 != whole.0;
                assert!(!lost || !parsed.1.is_empty(), "{kept} bytes: nothing said");
            }
        }
    }

    #[test]
    fn cycles_of_sqlite_pages_end() {
        // The table's root becomes an interior page whose only children are itself.
        let mut bytes = SQLITE.to_vec();
        let page = 512;
        let root = (2..bytes.len() / page)
            .find(|n| matches!(bytes[(n - 1) * page], 0x05))
            .unwrap();
        let at = (root - 1) * page;
        let own = u32::try_from(root).unwrap().to_be_bytes();
        put(&mut bytes, at + 8, &own);
        let cell = usize::from(u16::from_be_bytes([bytes[at + 12], bytes[at + 13]]));
        put(&mut bytes, at + cell, &own);
        let parsed = parse_sqlite(&bytes);
        let (_, details) = details(&parsed);
        assert!(
            details.contains(&format!("page {root} is pointed to twice").as_str()),
            "{details:?}"
        );
    }

    #[test]
    fn a_million_slots_in_a_small_ndb_end() {
        let mut bytes = NDB.to_vec();
        put(&mut bytes, 12, &u32::MAX.to_le_bytes());
        let parsed = parse_ndb(&bytes);
        let (count, details) = details(&parsed);
        assert_eq!(count, 6);
        assert!(
            details[0].starts_with("the slots of 4294967295 pages lie outside"),
            "{details:?}"
        );
    }

    #[test]
    fn ndb_slots_that_share_a_blob_are_bounded() {
        let mut bytes = NDB.to_vec();
        let slot = bytes[32..48].to_vec();
        for at in (48..4096).step_by(16) {
            put(&mut bytes, at, &slot);
        }
        let parsed = parse_ndb(&bytes);
        let (count, details) = details(&parsed);
        assert!(count < 16, "{count}");
        assert_eq!(details, ["blobs overlap; the rest was not read"]);
    }

    #[test]
    fn wild_page_numbers_in_berkeley_db_are_noted() {
        let mut bytes = BDB.to_vec();
        let mut changed = 0;
        for page in (512..bytes.len())
            .step_by(512)
            .filter(|page| matches!(BDB[page + 25], 2 | 13))
        {
            let short = |at: usize| usize::from(u16::from_le_bytes([BDB[at], BDB[at + 1]]));
            for index in (1..short(page + 20)).step_by(2) {
                let item = page + short(page + 26 + 2 * index);
                // An item on overflow pages: its type, three unused bytes, the first page.
                if bytes[item] == 3 {
                    put(&mut bytes, item + 4, &0xffff_fff0_u32.to_le_bytes());
                    changed += 1;
                }
            }
        }
        assert!(changed > 0);
        let parsed = parse_bdb(&bytes);
        let (count, details) = details(&parsed);
        assert!(count < 6);
        assert!(
            details
                .iter()
                .any(|d| d.ends_with("overflow page 4294967280 does not exist"))
        );
    }

    #[test]
    fn overflow_pages_that_form_a_cycle_end() {
        let mut bytes = BDB.to_vec();
        for page in 1..bytes.len() / 512 {
            if bytes[page * 512 + 25] == 7 {
                let own = u32::try_from(page).unwrap().to_le_bytes();
                put(&mut bytes, page * 512 + 16, &own);
            }
        }
        assert!(parse_bdb(&bytes).0.len() <= 6);
    }

    #[test]
    fn a_write_ahead_log_counts_once_something_is_committed() {
        let mut wal = Vec::new();
        for word in [0x377f_0682_u32, 3_007_000, 512, 0, 7, 9, 0, 0] {
            wal.extend_from_slice(&word.to_be_bytes());
        }
        assert_eq!(wal_notice(b""), None);
        assert_eq!(wal_notice(&wal), None);
        let mut frame = Vec::new();
        for word in [1_u32, 0, 7, 9, 0, 0] {
            frame.extend_from_slice(&word.to_be_bytes());
        }
        frame.resize(24 + 512, 0);
        wal.extend_from_slice(&frame);
        assert_eq!(wal_notice(&wal), None, "nothing is committed");
        put(&mut frame, 4, &1_u32.to_be_bytes());
        wal.extend_from_slice(&frame);
        assert!(
            wal_notice(&wal)
                .unwrap()
                .starts_with("changes in the write-ahead log")
        );
    }

    #[test]
    fn the_number_of_packages_and_dependencies_is_bounded() {
        let many = "Package: a\nVersion: 1\n\n".repeat(300_000);
        assert_eq!(deb::parse_status(many.as_bytes()).0.len(), 1);
        let wide = format!(
            "Package: a\nVersion: 1\nDepends: {}\n",
            "a,".repeat(300_000)
        );
        let (packages, issues) = deb::parse_status(wide.as_bytes());
        assert_eq!(packages[0].requires.len(), 32 * 1024);
        assert_eq!(issues.len(), 1);
    }

    /// Makes numbers that look random and are the same in every run (xorshift64).
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % bound as u64).unwrap()
        }
    }

    /// Parses many damaged copies of a text or a database.
    fn mutate(original: &[u8], rounds: usize, parse: impl Fn(&[u8])) {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        let interesting = [0_u8, 1, 3, 7, 13, 0x7f, 0x80, 0xff, b'\n', b':', b' '];
        for _ in 0..rounds {
            let mut bytes = original.to_vec();
            for _ in 0..=numbers.below(8) {
                // The structures lie at the front of files and pages: half of the changes go there.
                let at = match numbers.below(4) {
                    0 => numbers.below(bytes.len().min(128)),
                    1 => numbers.below(bytes.len()) / 512 * 512 + numbers.below(32),
                    _ => numbers.below(bytes.len()),
                };
                let at = at.min(bytes.len() - 1);
                bytes[at] = match numbers.below(3) {
                    0 => interesting[numbers.below(interesting.len())],
                    1 => bytes[at] ^ (1 << numbers.below(8)),
                    _ => u8::try_from(numbers.below(256)).unwrap(),
                };
            }
            if numbers.below(4) == 0 {
                bytes.truncate(numbers.below(original.len()) + 1);
            }
            parse(&bytes);
        }
    }

    #[test]
    fn thousands_of_damaged_copies_do_no_harm() {
        let bounded = |parsed: Parsed| {
            assert!(parsed.1.len() <= 21);
            assert!(parsed.0.len() < 1000);
        };
        mutate(SQLITE, 700, |bytes| bounded(parse_sqlite(bytes)));
        mutate(NDB, 400, |bytes| bounded(parse_ndb(bytes)));
        mutate(BDB, 500, |bytes| bounded(parse_bdb(bytes)));
        mutate(BDB_BIG, 500, |bytes| bounded(parse_bdb(bytes)));
        mutate(STATUS.as_bytes(), 400, |bytes| {
            assert!(deb::parse_status(bytes).1.len() <= 21);
            deb::parse_extended_states(bytes);
            deb::parse_copyright(bytes);
            deb::parse_md5sums("a", bytes);
            deb::parse_list("a", bytes);
            release::parse_os_release(bytes);
        });
        mutate(INSTALLED.as_bytes(), 500, |bytes| {
            assert!(apk::parse_installed(bytes).1.len() <= 21);
            apk::parse_world(bytes);
            apk::parse_repositories(bytes);
            bounded(parse_manifest(bytes));
            bounded(parse_manifest_names(bytes));
            release::parse_suse_release(bytes);
        });
    }
}
