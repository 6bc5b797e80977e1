//! The pass over a layer: decompression, tar, what analyzers are handed.
//!
//! Whatever the bytes are, the layer is read within its limits, twice the same, and no path leaves
//! the image.

#![no_main]

use std::io::Cursor;
use std::sync::atomic::AtomicU64;

use libfuzzer_sys::fuzz_target;
use plimsoll_fuzz::Greedy;
use plimsoll_image::pass::{Limits, Pass, PassError, ReadLayer};
use plimsoll_model::analyzer::{Analyzer, Fact};
use plimsoll_model::digest::Digest;
use plimsoll_model::path::ImagePath;

fuzz_target!(|bytes: &[u8]| {
    let Some(layer) = read(bytes) else { return };
    for fact in &layer.facts.facts {
        let path = ImagePath::normalize(fact.path.as_bytes()).expect("a path can be normalised");
        assert_eq!(
            path.as_bytes(),
            fact.path.as_bytes(),
            "paths are normalised"
        );
    }
    let again = read(bytes).expect("what was read once is read again");
    assert_eq!(
        layer.facts.facts, again.facts.facts,
        "same bytes, same facts"
    );
    let limits = limits();
    let progress = AtomicU64::new(0);
    let analyzers: [&dyn Analyzer; 1] = [&Greedy];
    let pass = Pass {
        analyzers: &analyzers,
        limits: &limits,
        progress: &progress,
    };
    // The second pass verifies the digests again, so it needs a layer that is whole.
    let Some(diff_id) = layer.facts.diff_id.as_ref().filter(|_| layer.whole) else {
        return;
    };
    let links = pass.links(
        Box::new(Cursor::new(bytes.to_vec())),
        Some(&layer.blob),
        diff_id,
        &layer.facts.unread_links,
    );
    for fact in links.expect("reading from memory does not fail") {
        assert!(
            layer
                .facts
                .unread_links
                .iter()
                .any(|link| link.path == fact.path),
            "the second pass tells of the links that it was asked for"
        );
        assert!(matches!(fact.fact, Fact::Note { .. }));
    }
});

fn limits() -> Limits {
    Limits {
        layer_bytes: 4 << 20,
        bomb_floor_bytes: 1 << 20,
        bomb_ratio: 100,
        list_bytes: 1 << 20,
        facts: 1_000,
        issues: 10,
        ..Limits::default()
    }
}

/// Reads a layer, claiming first a wrong diff-id and then the one that it turns out to have.
fn read(bytes: &[u8]) -> Option<ReadLayer> {
    let limits = limits();
    let progress = AtomicU64::new(0);
    let analyzers: [&dyn Analyzer; 1] = [&Greedy];
    let pass = Pass {
        analyzers: &analyzers,
        limits: &limits,
        progress: &progress,
    };
    let reader = || Box::new(Cursor::new(bytes.to_vec()));
    match pass.layer(reader(), None, &Digest::from_sha256([0; 32])) {
        Ok(layer) => Some(layer),
        Err(PassError::DiffId { got, .. }) => Some(
            pass.layer(reader(), None, &got)
                .expect("the claim holds now"),
        ),
        Err(PassError::Source(_)) => None,
        Err(error) => panic!("no digest was claimed: {error}"),
    }
}
