//! Programs known by their bytes. The first two bytes choose the program and one of its samples,
//! which goes before the rest; a file that comes in pieces must state what it states at once.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::classifier::program::{Form, Program};
use plimsoll_analyze::catalog::classifier::{ALL, Classifier};
use plimsoll_model::analyzer::{Analyzer, Content, Entry, EntryKind, HEAD_BYTES};

fuzz_target!(|bytes: &[u8]| {
    let [program, sample, rest @ ..] = bytes else {
        return;
    };
    let programs: Vec<&Program> = ALL.iter().flat_map(|theme| theme.iter()).collect();
    let program = programs[usize::from(*program) % programs.len()];
    let chosen = &program.samples[usize::from(*sample) % program.samples.len()];
    let head: &[u8] = match program.form {
        Form::Native | Form::Any => b"\x7fELF\x02\x01\x01\0",
        Form::Zip => b"PK\x03\x04",
        Form::Text => b"",
    };
    let before: &[u8] = if *sample < 128 { chosen.bytes } else { b"" };
    let file = [head, before, rest].concat();
    let entry = Entry {
        path: chosen.path.as_bytes(),
        kind: EntryKind::File,
        mode: 0o755,
        uid: 0,
        gid: 0,
        size: file.len() as u64,
        link: b"",
        xattrs: &[],
        head: &file[..file.len().min(HEAD_BYTES)],
    };
    let (mut whole, mut parts) = (Vec::new(), Vec::new());
    let content = Content {
        bytes: &file,
        truncated: false,
    };
    Classifier.read(&entry, content, &mut whole);
    if let Some(mut sink) = Classifier.stream(&entry) {
        for part in file.chunks(97) {
            sink.write(part);
        }
        sink.finish(true, &mut parts);
    }
    assert!(whole == parts, "{whole:?} {parts:?}");
    plimsoll_fuzz::analyze_files(&Classifier, &[(chosen.path, &file)]);
});
