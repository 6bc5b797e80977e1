//! Plimsoll's reading of an image, with all its analyzers and no cache.

use plimsoll_engine::inventory::{Progress, Reading, read_layers};
use plimsoll_image::pass::Limits;
use plimsoll_image::source::{self, OpenOptions, Reference};
use plimsoll_model::analyzer::{
    Analyzer, Content as WholeContent, ContentSink, Entry, Evidence, Fact, Want,
};
use sha2::{Digest, Sha256};

/// Is what is done with the content of every file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// As much work as the verification itself: a search for secrets will cost about that.
    Sha256,
    /// Hardly any work: what is left is the cost of handing every byte over.
    Crc32,
}

/// Hashes the content of every file, as a stream.
struct HashContent(Content);

/// Is a hash that goes on.
enum Hash {
    Sha256(Sha256),
    Crc32(crc32fast::Hasher),
}

impl ContentSink for Hash {
    fn write(&mut self, chunk: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(chunk),
            Self::Crc32(hasher) => hasher.update(chunk),
        }
    }

    fn finish(self: Box<Self>, _complete: bool, facts: &mut Vec<Fact>) {
        let first = match *self {
            Self::Sha256(hasher) => hasher.finalize().first().copied(),
            Self::Crc32(hasher) => hasher.finalize().to_le_bytes().first().copied(),
        };
        // A little of each hash is looked at, so that none of the work can be left out.
        if first == Some(0) {
            facts.push(Fact::Note {
                key: "hash".to_owned(),
                value: "starts with 0".to_owned(),
            });
        }
    }
}

impl Analyzer for HashContent {
    fn name(&self) -> &'static str {
        "bench/hash-content"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, _entry: &Entry<'_>) -> Want {
        Want::Stream
    }

    fn read(&self, _entry: &Entry<'_>, _content: WholeContent<'_>, _facts: &mut Vec<Fact>) {}

    fn stream(&self, _entry: &Entry<'_>) -> Option<Box<dyn ContentSink>> {
        Some(Box::new(match self.0 {
            Content::Sha256 => Hash::Sha256(Sha256::new()),
            Content::Crc32 => Hash::Crc32(crc32fast::Hasher::new()),
        }))
    }
}

/// Reads an image; with `content` every file's content is hashed too. Analyzers whose names start
/// with one of those in `without` (parted by commas) are left out.
pub(crate) fn run(
    given: &str,
    jobs: usize,
    content: Option<Content>,
    without: &str,
) -> Result<(), String> {
    let reference = Reference::parse(given).map_err(|error| error.to_string())?;
    let images = source::open(&reference, given, &OpenOptions::default());
    let images = images.map_err(|error| error.to_string())?;
    // As a scan of an image does: lock files count for nothing in it.
    let mut analyzers: Vec<&dyn Analyzer> = plimsoll_analyze::catalog::ALL
        .iter()
        .copied()
        .filter(|analyzer| analyzer.evidence() == Evidence::Installed)
        .filter(|analyzer| {
            !without
                .split(',')
                .any(|start| !start.is_empty() && analyzer.name().starts_with(start))
        })
        .collect();
    let hashing = content.map(HashContent);
    if let Some(hashing) = &hashing {
        analyzers.push(hashing);
    }
    let limits = Limits::default();
    let progress = Progress::default();
    let reading = Reading {
        analyzers: &analyzers,
        limits: &limits,
        cache: None,
        jobs,
        progress: &progress,
    };
    for image in &images {
        let layers = read_layers(image, &reading).map_err(|error| error.to_string())?;
        let facts: usize = layers.iter().map(|layer| layer.facts.len()).sum();
        if facts == 0 && hashing.is_none() {
            crate::measure::say("(no facts in this image)");
        }
    }
    Ok(())
}
