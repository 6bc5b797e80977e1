//! How one file's content reaches the analyzers that want it, and how much of what they find is kept.

use std::sync::{Mutex, MutexGuard, PoisonError};

use plimsoll_model::analyzer::{Analyzer, Content, ContentSink, Entry, Fact, Want};
use plimsoll_model::layer::FileFact;
use plimsoll_model::path::ImagePath;

use super::Limits;

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
        for (index, analyzer) in (0_u16..).zip(analyzers) {
            match analyzer.wants(entry) {
                Want::Nothing => {}
                Want::Whole { limit } => {
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
        self.seen += chunk.len() as u64;
        if !self.whole.is_empty() {
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

    /// Ends the content and collects what was found in it, as far as there is room.
    pub(super) fn finish(
        &mut self,
        analyzers: &[&dyn Analyzer],
        entry: &Entry<'_>,
        complete: bool,
        out: &mut Vec<FileFact>,
    ) {
        let mut facts: Vec<Fact> = Vec::new();
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
