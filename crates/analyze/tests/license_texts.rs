//! Recognises licence texts through the analyzer that reads them: `license_texts/*.txtar` and, where
//! they are installed, Debian's whole texts.

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests read their fixtures from files"
    )]

    use std::fmt::Write as _;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use plimsoll_analyze::catalog::license_texts::LicenseTexts;
    use plimsoll_model::analyzer::{Analyzer, Content, Entry, EntryKind, Fact, HEAD_BYTES, Want};
    use plimsoll_testkit::skip;
    use plimsoll_testkit::txtar::load_dir;

    /// Reads a licence file of a package as a scan does; empty where it gives nothing.
    fn recognise(bytes: &[u8]) -> String {
        let entry = Entry {
            path: b"usr/share/licenses/a/LICENSE",
            kind: EntryKind::File,
            mode: 0o644,
            uid: 0,
            gid: 0,
            size: bytes.len() as u64,
            link: b"",
            xattrs: &[],
            head: &bytes[..bytes.len().min(HEAD_BYTES)],
        };
        let Want::Whole { limit } = LicenseTexts.wants(&entry) else {
            panic!("a licence file is not wanted");
        };
        let kept = bytes.len().min(usize::try_from(limit).unwrap());
        let content = Content {
            bytes: &bytes[..kept],
            truncated: kept < bytes.len(),
        };
        let mut facts = Vec::new();
        LicenseTexts.read(&entry, content, &mut facts);
        match facts.as_slice() {
            [Fact::Note { value, .. }] => value.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn texts_give_what_they_expect() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/license_texts");
        let mut failures = Vec::new();
        for (path, archive) in load_dir(&folder).unwrap() {
            let mut actual = String::new();
            for file in archive.files.iter().filter(|file| file.name != "expect") {
                let known = recognise(file.data.as_bytes());
                let known = if known.is_empty() { "nothing" } else { &known };
                let _ = writeln!(actual, "{}: {known}", file.name);
            }
            failures.extend(archive.expect(&path, "expect", &actual).err());
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    /// The texts that Debian installs with its base system: their own words for exceptions and
    /// non-commercial use change nothing.
    #[test]
    fn whole_texts_give_their_licence() {
        let folder = Path::new("/usr/share/common-licenses");
        let known = [
            ("Apache-2.0", "Apache-2.0"),
            ("Artistic", "Artistic-1.0-Perl"),
            ("BSD", "BSD-3-Clause"),
            ("CC0-1.0", "CC0-1.0"),
            ("GFDL-1.2", "GFDL-1.2-only"),
            ("GFDL-1.3", "GFDL-1.3-only"),
            ("GPL-1", "GPL-1.0-only"),
            ("GPL-2", "GPL-2.0-only"),
            ("GPL-3", "GPL-3.0-only"),
            ("LGPL-2", "LGPL-2.0-only"),
            ("LGPL-2.1", "LGPL-2.1-only"),
            ("LGPL-3", "LGPL-3.0-only"),
            ("MPL-1.1", "MPL-1.1"),
            ("MPL-2.0", "MPL-2.0"),
        ];
        let mut read = 0;
        for (name, licence) in known {
            let Ok(text) = std::fs::read(folder.join(name)) else {
                continue;
            };
            read += 1;
            assert_eq!(recognise(&text), licence, "{name}");
            let readme = b"# Tool\n\nIt is fast.\n".repeat(100);
            let mit = include_bytes!("license_texts/mit.txt").as_slice();
            for (other, what) in [
                ([&readme, &text[..]].concat(), "at the end of a README"),
                ([&text[..], b"\nDual licensed.\n"].concat(), "a choice"),
                (
                    [&text[..], b"\nFor noncommercial use only.\n"].concat(),
                    "a condition",
                ),
                ([&text[..], mit].concat(), "with another behind it"),
            ] {
                assert_eq!(recognise(&other), "", "{name}: {what}");
            }
        }
        if read == 0 {
            skip(
                "whole_texts_give_their_licence",
                "no common licences are installed",
            );
        }
    }

    #[test]
    fn hostile_texts_take_no_time() {
        let mit = include_str!("license_texts/mit.txt");
        let start = Instant::now();
        for words in [
            "gnu general public license version 2 or any later version ",
            "permission is hereby granted free of charge to any person obtaining a copy of this software and associated documentation files the software to deal in the software without restriction ",
            "as a special exception ",
            "permission to use copy modify and distribute this software ",
            "license ",
            "v.",
            mit,
        ] {
            for size in [127 * 1024, 1 << 20] {
                let text = words.repeat(size / words.len() + 1);
                assert_eq!(
                    recognise(&text.as_bytes()[..size]),
                    "",
                    "{words:.60} {size}"
                );
            }
        }
        assert!(start.elapsed() < Duration::from_secs(20));
        assert_eq!(recognise(b""), "");
        assert_eq!(recognise(&vec![0xff; 100_000]), "");
    }
}
