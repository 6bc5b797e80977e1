//! Archives that try to be read differently here than in a container, or to cost more than they
//! weigh.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

use std::fmt::Write;
use std::io::Cursor;
use std::sync::atomic::AtomicU64;

use plimsoll_image::pass::{Limits, Pass, PassError};
use plimsoll_image::source::{self, OpenOptions, Reference};
use plimsoll_model::analyzer::{Analyzer, Content, Entry, Fact, Want};
use plimsoll_model::issue::IssueKind;
use plimsoll_model::layer::{FileFact, LayerFacts, UnreadLink};
use plimsoll_model::path::ImagePath;
use plimsoll_testkit::image::{LayerBuilder, digest};

/// Keeps the start of every file's content as a fact.
struct Everything;

impl Analyzer for Everything {
    fn name(&self) -> &'static str {
        "test/everything"
    }
    fn version(&self) -> u32 {
        1
    }
    fn wants(&self, _entry: &Entry<'_>) -> Want {
        Want::Whole { limit: 1 << 20 }
    }
    fn read(&self, _entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let value = String::from_utf8_lossy(content.bytes).into_owned();
        facts.push(Fact::Note {
            key: String::new(),
            value,
        });
    }
}

fn member(name: &[u8], flag: u8, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.as_mut_bytes()[156] = flag;
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn pax(flag: u8, records: &[(&str, &str)]) -> Vec<u8> {
    let mut body = String::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let mut length = rest + 1;
        while length != rest + length.to_string().len() {
            length = rest + length.to_string().len();
        }
        writeln!(body, "{length} {key}={value}").unwrap();
    }
    member(b"pax", flag, body.as_bytes())
}

fn read(tar: Vec<u8>) -> LayerFacts {
    read_within(tar, &Limits::default())
}

fn read_within(tar: Vec<u8>, limits: &Limits) -> LayerFacts {
    let progress = AtomicU64::new(0);
    let pass = Pass {
        analyzers: &[&Everything],
        limits,
        progress: &progress,
    };
    let diff_id = digest(&tar).parse().unwrap();
    let reader = Box::new(Cursor::new(tar));
    pass.layer(reader, Some(&diff_id), &diff_id).unwrap().facts
}

fn shown(facts: &LayerFacts) -> Vec<String> {
    facts
        .facts
        .iter()
        .map(|fact| {
            let Fact::Note { value, .. } = &fact.fact else {
                panic!("notes only")
            };
            format!("{}={value}", fact.path)
        })
        .collect()
}

/// Go's archive/tar unpacks images in every container runtime: where an archive can be read in two
/// ways, its way is what a container gets.
#[test]
fn an_archive_is_read_as_container_runtimes_read_it() {
    let file = || member(b"db", b'0', b"x");
    let long = |name: &[u8]| member(b"././@LongLink", b'L', name);
    let prefixed = |version: &[u8]| {
        let mut block = file();
        block[263..265].copy_from_slice(version);
        block[345..348].copy_from_slice(b"var");
        let mut header = tar::Header::from_byte_slice(&block[..512]).clone();
        header.set_cksum();
        [header.as_bytes().to_vec(), block[512..].to_vec()].concat()
    };
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            "a global header renames nothing",
            [pax(b'g', &[("path", "decoy")]), file()].concat(),
            "/db=x",
        ),
        (
            "an empty record leaves the header's own name",
            [pax(b'x', &[("path", "")]), file()].concat(),
            "/db=x",
        ),
        (
            "an empty long name leaves the header's own name",
            [long(b"\0"), file()].concat(),
            "/db=x",
        ),
        (
            "a GNU long name comes before a PAX name",
            [pax(b'x', &[("path", "decoy")]), long(b"long\0"), file()].concat(),
            "/long=x",
        ),
        (
            "of two PAX headers the last counts, alone",
            [
                pax(b'x', &[("path", "decoy")]),
                pax(b'x', &[("uid", "7")]),
                file(),
            ]
            .concat(),
            "/db=x",
        ),
        (
            "a sparse name without a sparse map renames nothing",
            [pax(b'x', &[("GNU.sparse.name", "decoy")]), file()].concat(),
            "/db=x",
        ),
        (
            "a sparse size without a sparse map empties nothing",
            [pax(b'x', &[("GNU.sparse.size", "1")]), file()].concat(),
            "/db=x",
        ),
        (
            "an unknown sparse version is no sparse file",
            [
                pax(
                    b'x',
                    &[("GNU.sparse.major", "2"), ("GNU.sparse.minor", "0")],
                ),
                file(),
            ]
            .concat(),
            "/db=x",
        ),
        (
            "a slash after a file's name makes no folder",
            member(b"db/", b'0', b"x"),
            "/db=x",
        ),
        (
            "a prefix counts with any version",
            prefixed(b"\0\0"),
            "/var/db=x",
        ),
        ("a prefix counts", prefixed(b"00"), "/var/db=x"),
        (
            "a GNU folder dump has content, which is no header",
            [member(b"d", b'D', &member(b"decoy", b'0', b"y")), file()].concat(),
            "/db=x",
        ),
    ];
    for (name, tar, want) in cases {
        assert_eq!(shown(&read(tar)), [want], "{name}");
    }
}

fn links(tar: Vec<u8>, links: &[UnreadLink], limits: &Limits) -> Vec<FileFact> {
    let progress = AtomicU64::new(0);
    let pass = Pass {
        analyzers: &[&Everything],
        limits,
        progress: &progress,
    };
    let diff_id = digest(&tar).parse().unwrap();
    let reader = Box::new(Cursor::new(tar));
    pass.links(reader, None, &diff_id, links).unwrap()
}

fn link(path: &str, target: &str) -> UnreadLink {
    UnreadLink {
        path: ImagePath::normalize(path.as_bytes()).unwrap(),
        target: ImagePath::normalize(target.as_bytes()).unwrap(),
    }
}

#[test]
fn names_that_come_again_replace_what_they_said_in_linear_time() {
    let mut layer = LayerBuilder::new();
    for n in 0..20_000 {
        layer = layer.file(&format!("f{n}"), "");
    }
    for n in 0..60_000 {
        layer = layer.file(&format!("f{}", n % 30_000), n.to_string());
    }
    let facts = shown(&read(layer.build()));
    assert_eq!(facts.len(), 30_000);
    for fact in facts {
        let (path, value) = fact.split_once('=').unwrap();
        let number: usize = path[2..].parse().unwrap();
        assert_eq!(value, (number + 30_000).to_string());
    }
}

#[test]
fn a_hard_link_shares_the_file_that_was_there_when_it_was_made() {
    let limits = Limits::default();
    let tar = LayerBuilder::new()
        .file("store", "one")
        .file("store", "two")
        .hard_link("a", "store")
        .file("store", "three")
        .build();
    let found = links(tar, &[link("a", "store")], &limits);
    let Fact::Note { value, .. } = &found[0].fact else {
        panic!("{found:?}")
    };
    assert_eq!((found.len(), value.as_str()), (1, "two"));
    // What comes in a link's place makes the link none.
    let facts = read(
        LayerBuilder::new()
            .file("store", "1")
            .hard_link("a", "store")
            .file("a", "2")
            .hard_link("b", "store")
            .hard_link("b", "other")
            .build(),
    );
    assert_eq!(facts.unread_links, [link("b", "other")]);
    assert_eq!(shown(&facts), ["/store=1", "/a=2"]);
}

#[test]
fn many_hard_links_to_a_large_file_cost_a_bounded_amount() {
    let limits = Limits {
        shared_bytes: 10_000,
        ..Limits::default()
    };
    let all: Vec<UnreadLink> = (0..100).map(|n| link(&format!("l{n}"), "big")).collect();
    let tar = LayerBuilder::new().file("big", vec![b'x'; 1000]).build();
    let found = links(tar, &all, &limits);
    assert_eq!(
        found.len(),
        11,
        "ten files and the word that it was too much"
    );
    let Fact::Issue(issue) = &found[10].fact else {
        panic!("{found:?}")
    };
    assert_eq!(issue.kind, IssueKind::LimitReached);
}

#[test]
fn other_bytes_in_the_second_pass_are_refused() {
    let tar = LayerBuilder::new().file("store", "one").build();
    let other = LayerBuilder::new().file("store", "two").build();
    let progress = AtomicU64::new(0);
    let limits = Limits::default();
    let pass = Pass {
        analyzers: &[&Everything],
        limits: &limits,
        progress: &progress,
    };
    let name = digest(&tar).parse().unwrap();
    let wanted = [link("a", "store")];
    let error = pass
        .links(Box::new(Cursor::new(other)), Some(&name), &name, &wanted)
        .unwrap_err();
    assert!(matches!(error, PassError::Digest { .. }), "{error}");
}

#[test]
fn the_paths_of_facts_are_bounded_too() {
    let limits = Limits {
        path_bytes: 3500,
        ..Limits::default()
    };
    let deep = "d/".repeat(500);
    let tar = (0..10).fold(LayerBuilder::new(), |layer, n| {
        layer.file(&format!("{deep}{n}"), "")
    });
    let facts = read_within(tar.build(), &limits);
    assert_eq!(facts.facts.len(), 3);
    assert_eq!(facts.issues.len(), 7, "{:?}", facts.issues);
}

#[test]
fn the_memory_of_facts_is_bounded_and_replaced_files_give_theirs_back() {
    let limits = Limits {
        fact_bytes: 35_000,
        ..Limits::default()
    };
    let content = vec![b'x'; 10_000];
    let layer = |names: [&str; 5]| {
        let layer = LayerBuilder::new();
        let layer = names
            .iter()
            .fold(layer, |layer, name| layer.file(name, content.clone()));
        read_within(layer.build(), &limits)
    };
    let facts = layer(["a", "b", "c", "d", "e"]);
    assert_eq!(facts.facts.len(), 3);
    assert_eq!(facts.issues.len(), 2, "{:?}", facts.issues);
    assert!(facts.issues[0].detail.contains("35000 bytes"));
    let facts = layer(["a", "a", "b", "a", "c"]);
    assert_eq!(facts.facts.len(), 3);
    assert!(facts.issues.is_empty(), "{:?}", facts.issues);
}

#[test]
fn a_huge_sparse_file_in_a_folder_is_read_only_as_far_as_it_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(folder.path().join("huge")).unwrap();
    if file.set_len(1 << 42).is_err() {
        return plimsoll_testkit::skip("a_huge_sparse_file", "no sparse files of 4 TiB here");
    }
    let progress = AtomicU64::new(0);
    let limits = Limits::default();
    let pass = Pass {
        analyzers: &[&Everything],
        limits: &limits,
        progress: &progress,
    };
    let facts = source::rootfs::read(folder.path(), &pass).unwrap();
    assert_eq!(shown(&facts)[0].len(), "/huge=".len() + (1 << 20));
}

#[test]
fn a_pipe_is_no_archive_and_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe.tar");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    if !made.is_ok_and(|status| status.success()) {
        return plimsoll_testkit::skip("a_pipe_is_no_archive", "there is no mkfifo");
    }
    let given = format!("docker-archive:{}", path.display());
    let reference = Reference::parse(&given).unwrap();
    let error = source::open(&reference, &given, &OpenOptions::default())
        .err()
        .unwrap();
    assert!(error.to_string().contains("not a regular file"), "{error}");
}
