//! What a container sees of stacked layers, and what hostile layers come to.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::atomic::AtomicU64;

use plimsoll_image::overlay::{Squashed, squash};
use plimsoll_image::pass::{Limits, Pass, PassError, ReadLayer};
use plimsoll_model::analyzer::{Analyzer, Content, ContentSink, Entry, Fact, Want};
use plimsoll_model::digest::Digest;
use plimsoll_model::issue::IssueKind;
use plimsoll_model::layer::{LayerFacts, ListedFile};
use plimsoll_model::path::ImagePath;
use plimsoll_testkit::image::{Compression, LayerBuilder, compress, digest};

/// Keeps every file's content as a fact.
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
    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut value = String::from_utf8_lossy(content.bytes).into_owned();
        if content.truncated {
            value.push_str("(cut)");
        }
        facts.push(Fact::Note {
            key: format!("{:o}", entry.mode),
            value,
        });
    }
}

/// Counts every file's bytes as a stream.
struct Lengths;

struct Length(u64);

impl ContentSink for Length {
    fn write(&mut self, chunk: &[u8]) {
        assert!(!chunk.is_empty());
        self.0 += chunk.len() as u64;
    }
    fn finish(self: Box<Self>, complete: bool, facts: &mut Vec<Fact>) {
        facts.push(Fact::Note {
            key: format!("{complete}"),
            value: self.0.to_string(),
        });
    }
}

impl Analyzer for Lengths {
    fn name(&self) -> &'static str {
        "test/lengths"
    }
    fn version(&self) -> u32 {
        1
    }
    fn wants(&self, _entry: &Entry<'_>) -> Want {
        Want::Stream
    }
    fn read(&self, _entry: &Entry<'_>, _content: Content<'_>, _facts: &mut Vec<Fact>) {}
    fn stream(&self, _entry: &Entry<'_>) -> Option<Box<dyn ContentSink>> {
        Some(Box::new(Length(0)))
    }
}

fn try_read(
    bytes: Vec<u8>,
    diff_id: &str,
    limits: &Limits,
    analyzers: &[&dyn Analyzer],
) -> Result<ReadLayer, PassError> {
    let progress = AtomicU64::new(0);
    let pass = Pass {
        analyzers,
        limits,
        progress: &progress,
    };
    let blob: Digest = digest(&bytes).parse().unwrap();
    let diff_id: Digest = diff_id.parse().unwrap();
    pass.layer(Box::new(Cursor::new(bytes)), Some(&blob), &diff_id)
}

fn read(layer: LayerBuilder) -> LayerFacts {
    let tar = layer.build();
    let diff_id = digest(&tar);
    let packed = compress(&tar, Compression::Gzip);
    try_read(packed, &diff_id, &Limits::default(), &[&Everything])
        .unwrap()
        .facts
}

fn visible(squashed: &Squashed<'_>) -> BTreeMap<String, String> {
    squashed
        .visible
        .iter()
        .map(|placed| {
            let Fact::Note { value, .. } = placed.fact else {
                panic!("notes only")
            };
            (placed.path.to_text(), value.clone())
        })
        .collect()
}

fn merged(layers: Vec<LayerBuilder>) -> Vec<String> {
    let layers: Vec<LayerFacts> = layers.into_iter().map(read).collect();
    let squashed = squash(&layers, |_| None);
    visible(&squashed)
        .into_iter()
        .map(|(path, text)| format!("{path}={text}"))
        .collect()
}

#[test]
fn upper_layers_cover_lower_ones() {
    let base = || {
        LayerBuilder::new()
            .dir("opt")
            .file("opt/a/f1", "one")
            .file("opt/a/f2", "two")
            .file("opt/b/h1", "hard")
            .file("opt/file", "file")
    };
    let cases: Vec<(&str, LayerBuilder, &[&str])> = vec![
        (
            "a whiteout deletes a file",
            LayerBuilder::new().whiteout("opt/a/f1"),
            &["/opt/a/f2=two", "/opt/b/h1=hard", "/opt/file=file"],
        ),
        (
            "a whiteout deletes a folder with all that is in it",
            LayerBuilder::new().whiteout("opt/a"),
            &["/opt/b/h1=hard", "/opt/file=file"],
        ),
        (
            "an opaque folder hides what is below, not what comes with it",
            LayerBuilder::new().file("opt/b/new", "new").opaque("opt/b"),
            &[
                "/opt/a/f1=one",
                "/opt/a/f2=two",
                "/opt/b/new=new",
                "/opt/file=file",
            ],
        ),
        (
            "a whiteout in the same layer deletes nothing of that layer",
            LayerBuilder::new()
                .file("opt/same", "stays")
                .whiteout("opt/same"),
            &[
                "/opt/a/f1=one",
                "/opt/a/f2=two",
                "/opt/b/h1=hard",
                "/opt/file=file",
                "/opt/same=stays",
            ],
        ),
        (
            "a file becomes a folder",
            LayerBuilder::new()
                .dir("opt/file")
                .file("opt/file/child", "c"),
            &[
                "/opt/a/f1=one",
                "/opt/a/f2=two",
                "/opt/b/h1=hard",
                "/opt/file/child=c",
            ],
        ),
        (
            "a folder becomes a file",
            LayerBuilder::new().file("opt/a", "now a file"),
            &["/opt/a=now a file", "/opt/b/h1=hard", "/opt/file=file"],
        ),
        (
            "a folder becomes a link, and what is written through it lands at its target",
            LayerBuilder::new()
                .symlink("opt/b", "a")
                .file("opt/b/f3", "three"),
            &[
                "/opt/a/f1=one",
                "/opt/a/f2=two",
                "/opt/a/f3=three",
                "/opt/file=file",
            ],
        ),
        (
            "a file replaced in place",
            LayerBuilder::new().file("opt/a/f1", "uno"),
            &[
                "/opt/a/f1=uno",
                "/opt/a/f2=two",
                "/opt/b/h1=hard",
                "/opt/file=file",
            ],
        ),
        (
            "the last of two entries of one name counts",
            LayerBuilder::new()
                .file("opt/t", "first")
                .file("opt/t", "second"),
            &[
                "/opt/a/f1=one",
                "/opt/a/f2=two",
                "/opt/b/h1=hard",
                "/opt/file=file",
                "/opt/t=second",
            ],
        ),
        (
            "odd spellings name the same file",
            LayerBuilder::new().file("./opt//a/./f1", "uno"),
            &[
                "/opt/a/f1=uno",
                "/opt/a/f2=two",
                "/opt/b/h1=hard",
                "/opt/file=file",
            ],
        ),
        (
            "whiteouts of nothing, of the folder itself and AUFS marks delete nothing",
            LayerBuilder::new()
                .whiteout("opt/never")
                .file("opt/.wh.", "")
                .file("opt/.wh..", "")
                .file("opt/.wh...", "")
                .file("opt/.wh..wh.plnk", ""),
            &[
                "/opt/a/f1=one",
                "/opt/a/f2=two",
                "/opt/b/h1=hard",
                "/opt/file=file",
            ],
        ),
    ];
    for (name, upper, want) in cases {
        assert_eq!(merged(vec![base(), upper]), want, "{name}");
    }
}

#[test]
fn linked_folders_are_followed_across_layers() {
    // usr-merge: /bin is a link in the base, and an upper layer still writes to bin/.
    let base = || {
        LayerBuilder::new()
            .dir("usr/bin")
            .symlink("bin", "usr/bin")
            .file("usr/bin/a", "1")
    };
    assert_eq!(
        merged(vec![base(), LayerBuilder::new().file("bin/a", "2")]),
        ["/usr/bin/a=2"]
    );
    let gone: Vec<String> = Vec::new();
    assert_eq!(
        merged(vec![base(), LayerBuilder::new().whiteout("bin/a")]),
        gone
    );
    // A folder in the link's place takes over; the old target stays as it was.
    let folder = LayerBuilder::new().dir("bin").file("bin/b", "3");
    assert_eq!(merged(vec![base(), folder]), ["/bin/b=3", "/usr/bin/a=1"]);
    // A link that leads above the root stays inside.
    let out = LayerBuilder::new()
        .symlink("esc", "../../../../etc")
        .file("esc/passwd", "x");
    assert_eq!(merged(vec![out]), ["/etc/passwd=x"]);
    // A folder in a link's place shields the link's target from its whiteouts.
    let shield = LayerBuilder::new().dir("bin").whiteout("bin/a");
    assert_eq!(merged(vec![base(), shield]), ["/usr/bin/a=1"]);
    // Two names for one place in one layer: the later file is there.
    let twice = LayerBuilder::new()
        .dir("usr/bin")
        .symlink("bin", "usr/bin")
        .file("usr/bin/a", "1")
        .file("bin/a", "2");
    assert_eq!(merged(vec![twice]), ["/usr/bin/a=2"]);
    // A link to a link whose target has `..` after a link.
    let chain = LayerBuilder::new()
        .symlink("one", "two/../three")
        .symlink("two", "/deep/er")
        .file("one/x", "y");
    assert_eq!(merged(vec![chain]), ["/deep/three/x=y"]);
    // Links that come and go while a folder is being filled.
    let moving = LayerBuilder::new()
        .file("f/a", "1")
        .symlink("f", "g")
        .file("f/b", "2")
        .symlink("f", "h")
        .file("f/c", "3");
    assert_eq!(merged(vec![moving]), ["/f/a=1", "/g/b=2", "/h/c=3"]);
    // Deeper than the folders above a fact are remembered.
    let deep = format!("{}x", "d/".repeat(200));
    let lower = LayerBuilder::new().file(&deep, "1");
    let middle = format!("{}d", "d/".repeat(150));
    let upper = LayerBuilder::new().whiteout(&middle);
    assert_eq!(merged(vec![lower, upper]), gone);
    // A loop ends.
    let looped = LayerBuilder::new()
        .symlink("l1", "l2")
        .symlink("l2", "l1")
        .file("l1/x", "y");
    assert_eq!(merged(vec![looped]), ["/l1/x=y"]);
}

#[test]
fn links_are_resolved_as_in_a_container() {
    let layer = read(
        LayerBuilder::new()
            .file("usr/lib/os-release", "ID=x")
            .symlink("etc/os-release", "../usr/lib/os-release")
            .symlink("lib", "/usr/lib")
            .symlink("self", "self"),
    );
    let layers = [layer];
    let squashed = squash(&layers, |_| None);
    let resolve = |path: &str| {
        squashed
            .resolve(&ImagePath::normalize(path.as_bytes()).unwrap())
            .map(|p| p.to_text())
    };
    assert_eq!(
        resolve("etc/os-release").as_deref(),
        Some("/usr/lib/os-release")
    );
    assert_eq!(
        resolve("lib/os-release").as_deref(),
        Some("/usr/lib/os-release")
    );
    assert_eq!(resolve("self"), None);
}

#[test]
fn a_fact_was_introduced_by_the_first_layer_of_its_unbroken_run() {
    let key = |fact: &Fact| match fact {
        Fact::Note { value, .. } => Some(value.clone()),
        _ => None,
    };
    let cases: Vec<(&str, Vec<LayerBuilder>, usize)> = vec![
        (
            "restated by every layer",
            vec![
                LayerBuilder::new().file("db", "a"),
                LayerBuilder::new().file("db", "a"),
                LayerBuilder::new().file("other", "x"),
                LayerBuilder::new().file("db", "a"),
            ],
            0,
        ),
        (
            "gone in between",
            vec![
                LayerBuilder::new().file("db", "a"),
                LayerBuilder::new().file("db", "b"),
                LayerBuilder::new().file("db", "a"),
                LayerBuilder::new().file("db", "a"),
            ],
            2,
        ),
        (
            "deleted and written again",
            vec![
                LayerBuilder::new().file("db", "a"),
                LayerBuilder::new().whiteout("db"),
                LayerBuilder::new().file("db", "a"),
            ],
            2,
        ),
        (
            "replaced by a folder and back",
            vec![
                LayerBuilder::new().file("db", "a"),
                LayerBuilder::new().dir("db"),
                LayerBuilder::new().file("db", "a"),
            ],
            2,
        ),
    ];
    for (name, layers, want) in cases {
        let layers: Vec<LayerFacts> = layers.into_iter().map(read).collect();
        let squashed = squash(&layers, key);
        let placed = squashed
            .visible
            .iter()
            .find(|p| p.path.as_bytes() == b"db")
            .unwrap();
        assert_eq!(placed.introduced, want, "{name}");
    }
}

#[test]
fn what_an_upper_layer_covers_is_hidden_not_lost() {
    let layers: Vec<LayerFacts> = vec![
        read(
            LayerBuilder::new()
                .file("root/key", "secret")
                .file("a", "1"),
        ),
        read(LayerBuilder::new().whiteout("root/key").file("a", "2")),
    ];
    let squashed = squash(&layers, |_| None);
    let hidden: Vec<(String, usize, Option<usize>)> = squashed
        .hidden
        .iter()
        .map(|p| (p.path.to_text(), p.layer, p.hidden_by))
        .collect();
    assert_eq!(
        hidden,
        [("/a".into(), 0, Some(1)), ("/root/key".into(), 0, Some(1))]
    );
}

#[test]
fn every_compression_gives_the_same_facts() {
    let tar = LayerBuilder::new()
        .file("a", vec![b'x'; 300_000])
        .file("b", "b")
        .build();
    let diff_id = digest(&tar);
    let mut all = Vec::new();
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let packed = compress(&tar, compression);
        let read = try_read(
            packed,
            &diff_id,
            &Limits::default(),
            &[&Everything, &Lengths],
        )
        .unwrap();
        assert!(read.whole);
        all.push(read.facts);
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
    // Several gzip members in a row are one stream (RFC 1952 section 2.2).
    let (first, second) = tar.split_at(1000);
    let members = [
        compress(first, Compression::Gzip),
        compress(second, Compression::Gzip),
    ]
    .concat();
    let read = try_read(
        members,
        &diff_id,
        &Limits::default(),
        &[&Everything, &Lengths],
    )
    .unwrap();
    assert_eq!(read.facts, all[0]);
}

#[test]
fn a_layer_that_lies_is_refused() {
    let tar = LayerBuilder::new().file("a", "1").build();
    let other = digest(b"another layer");
    let packed = compress(&tar, Compression::Gzip);
    let limits = Limits::default();
    let error = try_read(packed.clone(), &other, &limits, &[])
        .err()
        .unwrap();
    assert!(matches!(error, PassError::DiffId { .. }), "{error}");
    let progress = AtomicU64::new(0);
    let pass = Pass {
        analyzers: &[],
        limits: &limits,
        progress: &progress,
    };
    let reader: Box<dyn Read + Send> = Box::new(Cursor::new(packed));
    let lie: Digest = other.parse().unwrap();
    let error = pass
        .layer(reader, Some(&lie), &digest(&tar).parse().unwrap())
        .err()
        .unwrap();
    assert!(matches!(error, PassError::Digest { .. }), "{error}");
}

#[test]
fn damage_keeps_what_came_before_and_is_said() {
    let tar = LayerBuilder::new()
        .file("a", "first")
        .file("b", vec![7; 100_000])
        .build();
    let diff_id = digest(&tar);
    let packed = compress(&tar, Compression::Gzip);
    // Cut anywhere: never a panic; nothing is called whole.
    for cut in (1..packed.len()).step_by(7) {
        let read = try_read(
            packed[..cut].to_vec(),
            &diff_id,
            &Limits::default(),
            &[&Everything, &Lengths],
        );
        match read {
            Ok(read) => {
                assert!(!read.whole, "cut at {cut}");
                assert!(
                    read.facts
                        .issues
                        .iter()
                        .any(|i| i.kind == IssueKind::DamagedLayer)
                );
            }
            Err(error) => assert!(matches!(error, PassError::DiffId { .. }), "{cut}: {error}"),
        }
    }
    // A plain archive that was cut before it was named: the digests hold, the end is missing.
    for cut in [100, 512, 700, 1024, 1500, 3000] {
        let short = tar[..cut].to_vec();
        let read = try_read(
            short.clone(),
            &digest(&short),
            &Limits::default(),
            &[&Everything],
        )
        .unwrap();
        let damaged = read
            .facts
            .issues
            .iter()
            .any(|i| i.kind == IssueKind::DamagedLayer);
        assert_eq!(
            damaged,
            cut != 1024,
            "cut at {cut}: {:?}",
            read.facts.issues
        );
    }
    // Any byte changed: an error or facts, never a panic.
    for at in (0..2048).step_by(3) {
        let mut changed = tar.clone();
        changed[at] ^= 0x55;
        let name = digest(&changed);
        let _ = try_read(changed, &name, &Limits::default(), &[&Everything, &Lengths]);
    }
}

#[test]
fn a_bomb_ends_at_its_bounds() {
    let limits = Limits {
        bomb_floor_bytes: 4 << 20,
        bomb_ratio: 100,
        ..Limits::default()
    };
    let tar = LayerBuilder::new().file("zeros", vec![0; 32 << 20]).build();
    let packed = compress(&tar, Compression::Gzip);
    let read = try_read(packed, &digest(&tar), &limits, &[&Lengths]).unwrap();
    assert!(!read.whole);
    assert_eq!(
        read.facts.issues.last().unwrap().kind,
        IssueKind::LimitReached
    );
    assert!(read.facts.size_bytes < 8 << 20, "{}", read.facts.size_bytes);

    let many = (0..2000).fold(LayerBuilder::new(), |layer, n| {
        layer.file(&format!("f{n}"), "")
    });
    let limits = Limits {
        list_bytes: 4096,
        facts: 10,
        issues: 3,
        ..Limits::default()
    };
    let tar = many.build();
    let read = try_read(tar.clone(), &digest(&tar), &limits, &[&Everything]).unwrap();
    assert!(read.facts.files.packed_bytes() < 5000);
    assert_eq!(read.facts.facts.len(), 10);
    assert_eq!(
        read.facts.issues.len(),
        4,
        "three and the count of the rest"
    );
}

#[test]
fn names_that_leave_the_image_are_left_out_and_said() {
    let layer = read(
        LayerBuilder::new()
            .file("../../etc/passwd", "evil")
            .file("/abs/root", "inside")
            .file("x/../../y", "evil")
            .hard_link("opt/out", "../../etc/shadow")
            .file("ok", "1"),
    );
    let mut names = Vec::new();
    layer.files.for_each(|file: ListedFile<'_>| {
        names.push(String::from_utf8_lossy(file.path).into_owned());
    });
    assert_eq!(names, ["abs/root", "ok"]);
    assert_eq!(
        layer
            .issues
            .iter()
            .filter(|i| i.kind == IssueKind::PathEscapes)
            .count(),
        3
    );
}

#[test]
fn hard_links_give_the_content_of_their_file() {
    struct Wanted;
    impl Analyzer for Wanted {
        fn name(&self) -> &'static str {
            "test/wanted"
        }
        fn version(&self) -> u32 {
            1
        }
        fn wants(&self, entry: &Entry<'_>) -> Want {
            if entry.file_name() == b"package.json" {
                Want::Whole { limit: 100 }
            } else {
                Want::Nothing
            }
        }
        fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
            facts.push(Fact::Note {
                key: String::from_utf8_lossy(entry.path).into_owned(),
                value: String::from_utf8_lossy(content.bytes).into_owned(),
            });
        }
    }
    // pnpm keeps files in a store and links them into place.
    let tar = LayerBuilder::new()
        .file("store/ab/cdef", "{}")
        .hard_link("app/node_modules/x/package.json", "store/ab/cdef")
        .build();
    let limits = Limits::default();
    let first = try_read(tar.clone(), &digest(&tar), &limits, &[&Wanted])
        .unwrap()
        .facts;
    assert_eq!(first.unread_links.len(), 1);
    let progress = AtomicU64::new(0);
    let pass = Pass {
        analyzers: &[&Wanted],
        limits: &limits,
        progress: &progress,
    };
    let name = digest(&tar).parse().unwrap();
    let found = pass
        .links(Box::new(Cursor::new(tar)), None, &name, &first.unread_links)
        .unwrap();
    let [fact] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(fact.path.to_text(), "/app/node_modules/x/package.json");
    assert_eq!(
        fact.fact,
        Fact::Note {
            key: "app/node_modules/x/package.json".into(),
            value: "{}".into()
        }
    );
}
