//! Texts of licence files: what is given is an identifier, the same one each time.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::license_texts::LicenseTexts;
use plimsoll_analyze::license::is_expression;
use plimsoll_fuzz::analyze;
use plimsoll_model::analyzer::{Analyzer, Content, Entry, EntryKind, Fact};

fuzz_target!(|bytes: &[u8]| {
    let path = "usr/share/licenses/a/LICENSE";
    analyze(&LicenseTexts, &[path], bytes);
    let entry = Entry {
        path: path.as_bytes(),
        kind: EntryKind::File,
        mode: 0o644,
        uid: 0,
        gid: 0,
        size: bytes.len() as u64,
        link: b"",
        xattrs: &[],
        head: b"",
    };
    let mut facts = Vec::new();
    let content = Content {
        bytes,
        truncated: false,
    };
    LicenseTexts.read(&entry, content, &mut facts);
    for fact in facts {
        if let Fact::Note { value, .. } = fact {
            assert!(value.is_empty() || is_expression(&value), "{value}");
        }
    }
});
