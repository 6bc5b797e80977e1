//! What the fuzz targets share: analyzers as the pass over a layer drives them.

use plimsoll_model::analyzer::{
    Analyzer, Assembled, Content, ContentSink, Entry, EntryKind, Fact, HEAD_BYTES, Located, View,
    Want,
};
use plimsoll_model::path::ImagePath;

/// Parts the files of an input for several paths. Text never holds this byte.
const PART: u8 = 0xff;

/// Hands files to an analyzer and lets it join what it found, as a scan does; twice, to see that
/// it finds the same.
///
/// `bytes` is cut at each `0xFF`: the first part becomes the file at the first of `paths`, and so
/// on. Files that the analyzer does not want are left out, as in a scan.
pub fn analyze(analyzer: &dyn Analyzer, paths: &[&str], bytes: &[u8]) {
    let parts = bytes.splitn(paths.len(), |byte| *byte == PART);
    let files = paths.iter().copied().zip(parts).collect::<Vec<_>>();
    analyze_files(analyzer, &files);
}

/// Hands whole files to an analyzer, as [`analyze`] does.
pub fn analyze_files(analyzer: &dyn Analyzer, files: &[(&str, &[u8])]) {
    let first = run(analyzer, files);
    let second = run(analyzer, files);
    assert!(first == second, "same files, same findings");
}

fn run(analyzer: &dyn Analyzer, files: &[(&str, &[u8])]) -> (Vec<(ImagePath, Fact)>, Assembled) {
    let mut found = Vec::new();
    for (path, bytes) in files {
        let entry = Entry {
            path: path.as_bytes(),
            kind: EntryKind::File,
            mode: 0o644,
            uid: 0,
            gid: 0,
            size: bytes.len() as u64,
            link: b"",
            xattrs: &[],
            head: &bytes[..bytes.len().min(HEAD_BYTES)],
        };
        let mut facts = Vec::new();
        match analyzer.wants(&entry) {
            Want::Nothing => {}
            Want::Whole { limit } | Want::Program { limit } => {
                let kept = bytes
                    .len()
                    .min(usize::try_from(limit).unwrap_or(usize::MAX));
                let content = Content {
                    bytes: &bytes[..kept],
                    truncated: kept < bytes.len(),
                };
                analyzer.read(&entry, content, &mut facts);
            }
            Want::Stream => {
                if let Some(mut sink) = analyzer.stream(&entry) {
                    // Uneven chunks, so that tokens are cut.
                    for chunk in bytes.chunks(97) {
                        sink.write(chunk);
                    }
                    sink.finish(true, &mut facts);
                }
            }
        }
        let path = ImagePath::from_normalized(path.as_bytes());
        found.extend(facts.into_iter().map(|fact| (path.clone(), fact)));
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    let located = found
        .iter()
        .map(|(path, fact)| Located {
            path,
            layer: 0,
            introduced: 0,
            fact,
        })
        .collect::<Vec<_>>();
    let mut assembled = Assembled::default();
    let view = View {
        facts: &located,
        distro: None,
        resolve: &|path| Some(path.clone()),
    };
    analyzer.assemble(&view, &mut assembled);
    (found, assembled)
}

/// Is an analyzer that wants everything: files with an even mode whole, the others as a stream.
pub struct Greedy;

impl Analyzer for Greedy {
    fn name(&self) -> &'static str {
        "fuzz/greedy"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        assert!(entry.head.len() <= HEAD_BYTES);
        match entry.kind {
            EntryKind::File if entry.mode % 2 == 0 => Want::Whole { limit: 64 << 10 },
            EntryKind::File => Want::Stream,
            _ => Want::Nothing,
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        assert!(content.bytes.len() <= 64 << 10);
        facts.push(note(entry.size, content.bytes.len(), !content.truncated));
    }

    fn stream(&self, entry: &Entry<'_>) -> Option<Box<dyn ContentSink>> {
        Some(Box::new(Counter {
            size: entry.size,
            seen: 0,
        }))
    }
}

struct Counter {
    size: u64,
    seen: usize,
}

impl ContentSink for Counter {
    fn write(&mut self, chunk: &[u8]) {
        assert!(!chunk.is_empty(), "chunks are never empty");
        self.seen += chunk.len();
    }

    fn finish(self: Box<Self>, complete: bool, facts: &mut Vec<Fact>) {
        facts.push(note(self.size, self.seen, complete));
    }
}

/// Notes how much of a file was handed over. A complete file is as long as its header says.
fn note(size: u64, seen: usize, complete: bool) -> Fact {
    assert!(
        !complete || size == seen as u64,
        "complete: {seen} of {size} bytes"
    );
    Fact::Note {
        key: format!("{seen}/{size}"),
        value: complete.to_string(),
    }
}
