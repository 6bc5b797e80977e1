//! How one file's content reaches the analyzers that want it, and how much of what they find is kept.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plimsoll_model::analyzer::{Analyzer, Content, ContentSink, Entry, Fact, Want};
use plimsoll_model::layer::FileFact;
use plimsoll_model::path::ImagePath;

use super::Limits;
use super::code::{code, outside};

/// Whole files of at least this many bytes are held by one thread at a time, so that the peak of
/// memory does not grow with the number of threads.
const LARGE_FILE: u64 = 16 << 20;
static LARGE_FILE_TURN: Mutex<()> = Mutex::new(());

/// Waits for the turn to hold a large file; a small one has no need to.
pub(super) fn wait_for_turn(held: u64) -> Option<MutexGuard<'static, ()>> {
    let turn = || LARGE_FILE_TURN.lock();
    (held >= LARGE_FILE).then(|| turn().unwrap_or_else(PoisonError::into_inner))
}

/// Is the memory that facts may still take.
pub(crate) struct Room {
    paths: usize,
    facts: usize,
}

impl Room {
    /// Takes room for paths and for facts, in bytes; says whether there was enough of both.
    pub(super) fn take(&mut self, paths: usize, facts: usize) -> bool {
        let (Some(paths), Some(facts)) =
            (self.paths.checked_sub(paths), self.facts.checked_sub(facts))
        else {
            return false;
        };
        (self.paths, self.facts) = (paths, facts);
        true
    }

    /// Gives back the room of facts that are dropped.
    pub(super) fn give_back(&mut self, facts: &[FileFact]) {
        for fact in facts {
            self.paths += fact.path.as_bytes().len();
            self.facts += fact.fact.held_bytes();
        }
    }
}

/// Is the way of one file's content to those who want it.
pub(crate) struct Offer {
    whole: Vec<(u16, u64)>,
    pub(super) streams: Vec<(u16, Box<dyn ContentSink>)>,
    pub(super) kept: Vec<u8>,
    pub(super) keep: u64,
    pub(super) seen: u64,
    size: u64,
    /// Where machine code lies that nobody reads.
    code: Vec<Range<u64>>,
    pub(super) room: Room,
    cut: bool,
}

impl Offer {
    /// Makes the way of all files of one layer.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            whole: Vec::new(),
            streams: Vec::new(),
            kept: Vec::new(),
            keep: 0,
            seen: 0,
            size: 0,
            code: Vec::new(),
            room: Room {
                paths: limits.path_bytes,
                facts: limits.fact_bytes,
            },
            cut: false,
        }
    }

    /// Says whether facts were left out for want of room since this was last asked.
    pub(crate) fn take_cut(&mut self) -> bool {
        std::mem::take(&mut self.cut)
    }

    /// Asks every analyzer what it wants of a file.
    pub(super) fn ask(&mut self, analyzers: &[&dyn Analyzer], entry: &Entry<'_>) {
        self.whole.clear();
        self.streams.clear();
        self.kept.clear();
        // A large buffer of a file before is not kept for the small ones after it.
        self.kept.shrink_to(1 << 20);
        (self.keep, self.seen, self.size) = (0, 0, entry.size);
        let mut with_code = false;
        for (index, analyzer) in (0_u16..).zip(analyzers) {
            let want = analyzer.wants(entry);
            with_code |= matches!(want, Want::Whole { .. });
            match want {
                Want::Nothing => {}
                Want::Whole { limit } | Want::Program { limit } => {
                    self.whole.push((index, limit));
                    self.keep = self.keep.max(limit);
                }
                Want::Stream => {
                    if let Some(sink) = analyzer.stream(entry) {
                        self.streams.push((index, sink));
                    }
                }
            }
        }
        self.code = if with_code || self.whole.is_empty() {
            Vec::new()
        } else {
            code(entry.head, entry.size)
        };
    }

    /// Says whether nobody wants the file.
    pub(super) fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.streams.is_empty()
    }

    /// Says whether more content would change nothing: it is known to be cut, and nobody streams.
    pub(super) fn full(&self) -> bool {
        self.streams.is_empty() && self.seen > self.keep
    }

    /// Waits for the turn to hold a large file.
    pub(super) fn turn(&self, size: u64) -> Option<MutexGuard<'static, ()>> {
        let held = if self.whole.is_empty() { 0 } else { self.keep };
        wait_for_turn(size.min(held))
    }

    /// Hands over the next piece of the content.
    pub(super) fn write(&mut self, chunk: &[u8]) {
        for (_, sink) in &mut self.streams {
            sink.write(chunk);
        }
        let start = self.seen;
        self.seen += chunk.len() as u64;
        if !self.code.is_empty() {
            self.write_around_code(start, chunk);
        } else if !self.whole.is_empty() {
            let room = self.keep.saturating_sub(self.kept.len() as u64);
            let room = usize::try_from(room).unwrap_or(usize::MAX).min(chunk.len());
            if self.kept.is_empty() {
                // Growing by doubling would hold a large file twice.
                let size = self.size.min(self.keep);
                let _ = self.kept.try_reserve_exact(size as usize);
            }
            self.kept
                .extend_from_slice(chunk.get(..room).unwrap_or_default());
        }
    }

    /// Keeps what is not code. Memory that was never written to is none: the system hands out one page
    /// of zeros for all of it.
    fn write_around_code(&mut self, start: u64, chunk: &[u8]) {
        if self.kept.is_empty() {
            self.kept = vec![0; self.size.min(self.keep) as usize];
        }
        let end = self.kept.len() as u64;
        for part in outside(start..self.seen, &self.code) {
            let (from, to) = (part.start.min(end), part.end.min(end));
            let read = chunk.get((from - start.min(from)) as usize..(to - start.min(to)) as usize);
            let kept = self.kept.get_mut(from as usize..to as usize);
            if let (Some(kept), Some(read)) = (kept, read)
                && kept.len() == read.len()
            {
                kept.copy_from_slice(read);
            }
        }
    }

    /// Ends the content and collects what was found in it, as far as there is room.
    pub(super) fn finish(
        &mut self,
        analyzers: &[&dyn Analyzer],
        entry: &Entry<'_>,
        complete: bool,
        out: &mut Vec<FileFact>,
    ) {
        let mut facts: Vec<Fact> = Vec::new();
        if !self.code.is_empty() {
            let seen = usize::try_from(self.seen).unwrap_or(usize::MAX);
            self.kept.truncate(seen);
        }
        let room = &mut self.room;
        let cut = &mut self.cut;
        let mut keep = |analyzer: u16, facts: &mut Vec<Fact>| {
            for fact in facts.drain(..) {
                if !room.take(entry.path.len(), fact.held_bytes()) {
                    *cut = true;
                    return;
                }
                out.push(FileFact {
                    path: ImagePath::from_normalized(entry.path),
                    analyzer,
                    fact,
                });
            }
        };
        for (index, limit) in &self.whole {
            let Some(analyzer) = analyzers.get(usize::from(*index)) else {
                continue;
            };
            let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
            let bytes = self
                .kept
                .get(..limit.min(self.kept.len()))
                .unwrap_or_default();
            let truncated = !complete || self.seen > bytes.len() as u64;
            analyzer.read(entry, Content { bytes, truncated }, &mut facts);
            keep(*index, &mut facts);
        }
        for (index, sink) in self.streams.drain(..) {
            sink.finish(complete, &mut facts);
            keep(index, &mut facts);
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::analyzer::EntryKind;

    use super::*;

    const MIB: usize = 1 << 20;

    /// Notes the bytes around the places where code begins and ends.
    struct Reader(bool);

    impl Analyzer for Reader {
        fn name(&self) -> &'static str {
            "test/reader"
        }

        fn version(&self) -> u32 {
            1
        }

        fn wants(&self, _: &Entry<'_>) -> Want {
            let limit = 39 * MIB as u64;
            if self.0 {
                Want::Program { limit }
            } else {
                Want::Whole { limit }
            }
        }

        fn read(&self, _: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
            let at = [4 * MIB - 1, 4 * MIB, 30 * MIB - 1, 30 * MIB];
            let found = at.map(|at| content.bytes[at]);
            let length = content.bytes.len();
            facts.push(Fact::Note {
                key: format!("{length} {}", content.truncated),
                value: format!("{found:?}"),
            });
        }
    }

    #[test]
    fn code_is_left_out_where_nobody_wants_it() {
        let mut file = vec![7; 40 * MIB];
        file[..120].fill(0);
        file[..6].copy_from_slice(b"\x7fELF\x02\x01");
        file[32] = 64;
        file[54] = 56;
        file[56] = 1;
        file[64] = 1;
        file[68] = 5;
        file[72..80].copy_from_slice(&(4 * MIB as u64).to_le_bytes());
        file[96..104].copy_from_slice(&(26 * MIB as u64).to_le_bytes());
        let entry = Entry {
            path: b"a",
            kind: EntryKind::File,
            mode: 0o755,
            uid: 0,
            gid: 0,
            size: file.len() as u64,
            link: b"",
            xattrs: &[],
            head: &file[..512],
        };
        let (program, whole) = (Reader(true), Reader(false));
        for (analyzers, length, want) in [
            (vec![&program as &dyn Analyzer], file.len(), "[7, 0, 0, 7]"),
            (vec![&program, &whole], file.len(), "[7, 7, 7, 7]"),
            (vec![&program], 31 * MIB, "[7, 0, 0, 7]"),
        ] {
            let mut offer = Offer::new(&Limits::default());
            offer.ask(&analyzers, &entry);
            for chunk in file[..length].chunks(999_983) {
                offer.write(chunk);
            }
            let mut out = Vec::new();
            offer.finish(&analyzers, &entry, length == file.len(), &mut out);
            assert_eq!(out.len(), analyzers.len());
            let kept = length.min(39 * MIB);
            for one in out {
                let Fact::Note { key, value } = one.fact else {
                    panic!("no note");
                };
                assert_eq!((key, value.as_str()), (format!("{kept} true"), want));
            }
        }
    }
}
