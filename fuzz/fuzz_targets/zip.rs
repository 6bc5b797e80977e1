//! Zip archives: by the central directory and by the local headers, reading every entry.

#![no_main]

use std::io::Read as _;

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::zip::{Budget, Walk, inside, open};

fuzz_target!(|bytes: &[u8]| {
    let budget = Budget::new(10_000, 16 << 20, 1 << 20);
    if let Ok(archive) = open(bytes, &budget) {
        for entry in &archive.entries {
            let _ = inside("/a", entry.name);
            let Ok(data) = entry.data(1 << 20, &budget) else {
                continue;
            };
            assert_eq!(data.len() as u64, entry.size);
        }
    }
    let mut source = bytes;
    let mut walk = Walk::new(&mut source, &budget);
    let mut scratch = [0; 100];
    for turn in 0_usize.. {
        let Ok(Some(header)) = walk.next_entry() else {
            break;
        };
        match turn % 3 {
            0 => drop(walk.data(&header, 1 << 20)),
            1 => drop(
                walk.reader(&header)
                    .map(|mut reader| reader.read(&mut scratch)),
            ),
            _ => {}
        }
    }
});
