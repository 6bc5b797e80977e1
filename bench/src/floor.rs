//! The floor: the least that any honest reader of an image must do. Every layer is read, decompressed
//! and hashed, on as many threads, and nothing else happens.

use std::io::{BufReader, Read};
use std::sync::Mutex;

use plimsoll_image::source::{self, OpenOptions, Reference};
use plimsoll_model::digest::Digest;
use sha2::{Digest as _, Sha256};

/// Reads an image as the floor does.
pub(crate) fn run(given: &str, jobs: usize) -> Result<(), String> {
    let reference = Reference::parse(given).map_err(|error| error.to_string())?;
    let images = source::open(&reference, given, &OpenOptions::default());
    let images = images.map_err(|error| error.to_string())?;
    for image in &images {
        let mut order: Vec<(u64, usize)> = image
            .layers
            .iter()
            .enumerate()
            .map(|(index, layer)| (layer.size, index))
            .collect();
        order.sort_unstable();
        let order = Mutex::new(order);
        let work = || -> Result<(), String> {
            loop {
                let next = order.lock().map_err(|e| e.to_string())?.pop();
                let Some((_, index)) = next else {
                    return Ok(());
                };
                let reader = image.blobs.open(index).map_err(|error| error.to_string())?;
                let hash = hash(reader).map_err(|error| error.to_string())?;
                let expected = image.layers.get(index).map(|layer| layer.diff_id.clone());
                if Some(hash) != expected {
                    return Err(format!("layer {index} has another diff-id"));
                }
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().unwrap_or(Err("a thread failed".to_owned())))
        })?;
    }
    Ok(())
}

/// Hashes one file.
pub(crate) fn hash_file(path: &std::path::Path) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(fail)?;
    let digest = hash(Box::new(file)).map_err(fail)?;
    crate::measure::say(digest.as_str());
    Ok(())
}

fn hash(reader: Box<dyn Read + Send>) -> std::io::Result<Digest> {
    let mut reader = BufReader::with_capacity(128 << 10, reader);
    let start = std::io::BufRead::fill_buf(&mut reader)?;
    let mut plain: Box<dyn Read> = match start {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(reader)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::stream::read::Decoder::with_buffer(reader)?),
        _ => Box::new(reader),
    };
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 256 << 10];
    loop {
        let count = plain.read(&mut buffer)?;
        if count == 0 {
            return Ok(Digest::from_sha256(hasher.finalize()));
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
    }
}
