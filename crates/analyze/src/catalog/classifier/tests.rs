//! Every entry's samples, in one piece and in pieces.

use plimsoll_model::analyzer::HEAD_BYTES;

use super::program::{Form, Sample};
use super::*;

fn programs() -> impl Iterator<Item = &'static Program> {
    ALL.iter().flat_map(|programs| programs.iter())
}

fn entry<'a>(path: &'a str, bytes: &'a [u8]) -> Entry<'a> {
    Entry {
        path: path.as_bytes(),
        kind: EntryKind::File,
        mode: 0o755,
        uid: 0,
        gid: 0,
        size: bytes.len() as u64,
        link: b"",
        xattrs: &[],
        head: &bytes[..bytes.len().min(HEAD_BYTES)],
    }
}

/// Returns what is found in a file that is handed over in chunks of this size.
fn found(path: &str, bytes: &[u8], chunk: usize) -> Vec<String> {
    let entry = entry(path, bytes);
    let mut facts = Vec::new();
    if Classifier.wants(&entry) == Want::Nothing {
        return Vec::new();
    }
    let mut sink = Classifier.stream(&entry).unwrap();
    for part in bytes.chunks(chunk) {
        sink.write(part);
    }
    sink.finish(true, &mut facts);
    let name = |fact: Fact| match fact {
        Fact::Package(package) => format!("{} {}", package.name, package.version),
        other => panic!("{other:?}"),
    };
    facts.into_iter().map(name).collect()
}

/// Makes a file of a sample: a head of its form, then its bytes.
fn file_of(program: &Program, sample: &Sample, padding: usize) -> Vec<u8> {
    let first = |rule: &Rule| rule.place == Place::First && sample.bytes.starts_with(rule.anchor);
    if program.rules.iter().any(first) {
        return sample.bytes.to_vec();
    }
    let form = program.form;
    let head: &[u8] = match form {
        Form::Native | Form::Any => b"\x7fELF\x02\x01\x01\0",
        Form::Zip => b"PK\x03\x04",
        Form::Text => b"",
    };
    let padding = vec![0; if form == Form::Text { 0 } else { padding }];
    [head, &padding, sample.bytes, b"\0", &padding].concat()
}

#[test]
fn every_entry_recognises_its_samples() {
    let mut wrong = Vec::new();
    for program in programs() {
        for sample in program.samples {
            for (padding, chunk) in [(0, usize::MAX), (0, 1), (600, 7), (300_000, 65_536)] {
                let file = file_of(program, sample, padding);
                let mut found = found(sample.path, &file, chunk);
                // Other entries may share the file's name.
                found.retain(|one| {
                    let name = one.split(' ').next().unwrap();
                    name == program.name || program.rules.iter().any(|rule| rule.name == name)
                });
                let expected: Vec<&str> = Some(sample.found)
                    .into_iter()
                    .filter(|one| !one.is_empty())
                    .collect();
                if found != expected {
                    wrong.push(format!(
                        "{} at {} (padding {padding}, chunks of {chunk}): {found:?}, expected {expected:?}",
                        program.name, sample.path
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_entry_has_a_true_sample_and_a_near_miss() {
    for program in programs() {
        let name = program.name;
        let (hits, misses) = program
            .samples
            .iter()
            .partition::<Vec<&Sample>, _>(|sample| !sample.found.is_empty());
        assert!(!hits.is_empty(), "{name} has no true sample");
        assert!(!misses.is_empty(), "{name} has no near miss");
        assert!(
            !program.files.is_empty() && !program.rules.is_empty(),
            "{name}"
        );
        assert!(
            program.cpe.is_empty() || program.cpe.split(':').count() == 2,
            "{name}: {}",
            program.cpe
        );
        for rule in program.rules {
            assert_eq!(rule.anchor.is_empty(), rule.place == Place::Name, "{name}");
            assert!(rule.anchor.len() < 64, "{name}");
            assert!(rule.name.is_empty() || rule.cpe.contains(':'), "{name}");
            assert!(
                rule.shape.min >= 1 && rule.shape.min <= rule.shape.max,
                "{name}"
            );
            if let Place::Next(within) | Place::Previous(within) = rule.place {
                // What is searched has that much behind it, the anchor included.
                let reach = usize::from(within) + rule.anchor.len();
                assert!(reach <= scan::REACH, "{name}");
            }
        }
    }
}

#[test]
fn hostile_files_state_nothing_and_take_no_time() {
    for (path, piece) in [
        ("usr/bin/dockerd", &b"\0go1."[..]),
        ("usr/lib/libxml2.so.2", b"209"),
        ("usr/bin/python3.11", b"\x003.11.2\x1b[31m"),
        ("usr/bin/python3.11", b"\x003.11.2\x1b[0m\0"),
        ("usr/sbin/nginx", b"nginx version: nginx/1.1.1.1.1.1"),
        ("usr/bin/curl", b"curl/99999999999.1.1"),
    ] {
        let mut file = b"\x7fELF".to_vec();
        while file.len() < 3_000_000 {
            file.extend_from_slice(piece);
        }
        assert_eq!(found(path, &file, 10_000), [""; 0], "{path}");
    }
}

#[test]
fn names_alone_are_not_enough() {
    for path in [
        "usr/bin/python3.11",
        "usr/sbin/nginx",
        "usr/lib/libssl.so.3",
    ] {
        for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fEL", b"PK\x03\x04"] {
            assert_eq!(
                Classifier.wants(&entry(path, bytes)),
                Want::Nothing,
                "{path}"
            );
        }
    }
    let elf = b"\x7fELF";
    for path in [
        "usr/bin/python-config",
        "usr/bin/nginx.conf",
        "lib/libsslx.so.3",
        "a/libssl.so.3.py",
    ] {
        assert_eq!(Classifier.wants(&entry(path, elf)), Want::Nothing, "{path}");
    }
    for path in [
        "libssl.so",
        "x/libssl-81ffa89e.so.1.1.1k",
        "libssl.3.dylib",
        "node.exe",
    ] {
        assert_ne!(Classifier.wants(&entry(path, elf)), Want::Nothing, "{path}");
    }
    let large = Entry {
        size: 1 << 40,
        ..entry("usr/bin/node", elf)
    };
    assert_eq!(Classifier.wants(&large), Want::Stream);
}

#[test]
fn themes_are_sorted_and_names_unique() {
    let mut all = Vec::new();
    for theme in ALL {
        let names: Vec<_> = theme.iter().map(|program| program.name).collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
        all.extend(names);
    }
    all.sort_unstable();
    assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{all:?}");
}
