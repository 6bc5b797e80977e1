//! Plimsoll's reading of an image, with all its analyzers and no cache.

use plimsoll_engine::inventory::{Progress, Reading, read_layers};
use plimsoll_image::pass::Limits;
use plimsoll_image::source::{self, OpenOptions, Reference};
use plimsoll_model::analyzer::{Analyzer, Content, ContentSink, Entry, Fact, Want};
use sha2::{Digest, Sha256};

/// Hashes the content of every file, as a stream: what a search for secrets will need at least.
struct HashContent;

struct Hash(Sha256);

impl ContentSink for Hash {
    fn write(&mut self, chunk: &[u8]) {
        self.0.update(chunk);
    }

    fn finish(self: Box<Self>, _complete: bool, facts: &mut Vec<Fact>) {
        // One bit of each hash is looked at, so that none of the work can be left out.
        if self.0.finalize().first() == Some(&0) {
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

    fn read(&self, _entry: &Entry<'_>, _content: Content<'_>, _facts: &mut Vec<Fact>) {}

    fn stream(&self, _entry: &Entry<'_>) -> Option<Box<dyn ContentSink>> {
        Some(Box::new(Hash(Sha256::new())))
    }
}

/// Reads an image; with `content` every file's content is hashed too.
pub(crate) fn run(given: &str, jobs: usize, content: bool) -> Result<(), String> {
    let reference = Reference::parse(given).map_err(|error| error.to_string())?;
    let images = source::open(&reference, given, &OpenOptions::default());
    let images = images.map_err(|error| error.to_string())?;
    let mut analyzers: Vec<&dyn Analyzer> = plimsoll_analyze::catalog::ALL.to_vec();
    if content {
        analyzers.push(&HashContent);
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
        if facts == 0 && !content {
            crate::measure::say("(no facts in this image)");
        }
    }
    Ok(())
}
