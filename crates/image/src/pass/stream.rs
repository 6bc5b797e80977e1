//! The byte stream of a layer: hashed as it arrives, decompressed, hashed again, buffered once.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use plimsoll_model::digest::Digest;
use sha2::{Digest as _, Sha256};

use super::Limits;

/// The size of the buffer between source and decompressor, in bytes.
const COMPRESSED_BUFFER: usize = 128 << 10;
/// The size of the buffer of decompressed bytes, in bytes. At least twice what is ever peeked.
const PLAIN_BUFFER: usize = 256 << 10;
/// The largest zstd window that is accepted, as a power of two: 32 MiB of memory per thread.
const ZSTD_WINDOW_LOG: u32 = 25;

/// Counts and hashes the bytes of the source.
pub(super) struct Metered<'a> {
    inner: Box<dyn Read + Send>,
    hasher: Option<Sha256>,
    count: u64,
    /// The source's own failure, kept apart from damage that the decompressor sees.
    failure: Option<io::Error>,
    progress: &'a AtomicU64,
}

impl Read for Metered<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = loop {
            match self.inner.read(buf) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let kind = error.kind();
                    self.failure = Some(error);
                    return Err(io::Error::new(kind, "the source failed"));
                }
            }
        };
        if let (Some(hasher), Some(read)) = (&mut self.hasher, buf.get(..count)) {
            hasher.update(read);
        }
        self.count += count as u64;
        self.progress.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Decompresses, by what the first bytes say.
enum Decoder<'a> {
    Plain(BufReader<Metered<'a>>),
    Gzip(Box<MultiGzDecoder<BufReader<Metered<'a>>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<Metered<'a>>>>),
}

impl<'a> Decoder<'a> {
    fn metered(&mut self) -> &mut Metered<'a> {
        match self {
            Self::Plain(reader) => reader.get_mut(),
            Self::Gzip(decoder) => decoder.get_mut().get_mut(),
            Self::Zstd(decoder) => decoder.get_mut().get_mut(),
        }
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(buf),
            Self::Gzip(decoder) => decoder.read(buf),
            Self::Zstd(decoder) => decoder.read(buf),
        }
    }
}

/// Says why the stream ended before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The source failed: network, disk.
    Source(io::Error),
    /// The compression is damaged; what came before is good.
    Damaged(String),
    /// A bound was reached.
    Limit(String),
}

/// Is the decompressed layer behind a buffer that can be peeked into.
pub(super) struct LayerStream<'a> {
    decoder: Decoder<'a>,
    plain: bool,
    limits: &'a Limits,
    hasher: Option<Sha256>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    total: u64,
    ended: bool,
    stop: Option<Stop>,
}

/// Is what the stream's digests came to.
pub(super) struct Digests {
    /// Of the bytes of the source.
    pub(super) blob: Digest,
    /// Of the decompressed bytes; `None` when they ended early.
    pub(super) diff_id: Option<Digest>,
    /// The number of decompressed bytes.
    pub(super) size: u64,
    /// Why they ended early.
    pub(super) stop: Option<Stop>,
}

impl<'a> LayerStream<'a> {
    /// Starts a stream; reads the first bytes to tell the compression.
    pub(super) fn new(
        inner: Box<dyn Read + Send>,
        limits: &'a Limits,
        progress: &'a AtomicU64,
    ) -> Result<Self, io::Error> {
        let metered = Metered {
            inner,
            hasher: Some(Sha256::new()),
            count: 0,
            failure: None,
            progress,
        };
        let mut reader = BufReader::with_capacity(COMPRESSED_BUFFER, metered);
        let mut stop = None;
        let magic = match reader.fill_buf() {
            Ok(bytes) => Magic::of(bytes),
            Err(error) => return Err(reader.get_mut().failure.take().unwrap_or(error)),
        };
        let decoder = match magic {
            Magic::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(reader))),
            Magic::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(reader)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Decoder::Zstd(Box::new(decoder))
            }
            Magic::Plain => Decoder::Plain(reader),
            Magic::Unsupported(name) => {
                stop = Some(Stop::Damaged(format!(
                    "compressed with {name}, which is not read"
                )));
                Decoder::Plain(reader)
            }
        };
        let plain = matches!(decoder, Decoder::Plain(_));
        Ok(Self {
            decoder,
            plain,
            limits,
            // A plain layer's diff-id is its digest: one hash serves both.
            hasher: (!plain).then(Sha256::new),
            buffer: vec![0; PLAIN_BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
            total: 0,
            ended: stop.is_some(),
            stop,
        })
    }

    /// Returns at least `want` bytes unless the stream ends before; `want` is at most a half of the
    /// buffer.
    pub(super) fn peek(&mut self, want: usize) -> &[u8] {
        while self.end - self.start < want && !self.ended {
            self.fill();
        }
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Drops `count` bytes that were peeked.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Drops `count` bytes; returns how many there were.
    pub(super) fn skip(&mut self, count: u64) -> u64 {
        let mut left = count;
        while left > 0 {
            let there = self.peek(1).len();
            if there == 0 {
                break;
            }
            let step = there.min(usize::try_from(left).unwrap_or(usize::MAX));
            self.consume(step);
            left -= step as u64;
        }
        count - left
    }

    fn fill(&mut self) {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let Some(room) = self.buffer.get_mut(self.end..) else {
            return;
        };
        match self.decoder.read(room) {
            Ok(0) => self.ended = true,
            Ok(count) => {
                if let (Some(hasher), Some(read)) = (&mut self.hasher, room.get(..count)) {
                    hasher.update(read);
                }
                self.end += count;
                self.total += count as u64;
                self.check_limits();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                self.ended = true;
                self.stop = Some(match self.decoder.metered().failure.take() {
                    Some(failure) => Stop::Source(failure),
                    None => Stop::Damaged(format!(
                        "damaged after {} decompressed bytes: {error}",
                        self.total
                    )),
                });
            }
        }
    }

    fn check_limits(&mut self) {
        let problem = if self.total > self.limits.layer_bytes {
            Some(format!("is larger than {} bytes", self.limits.layer_bytes))
        } else if !self.plain && self.total > self.limits.bomb_floor_bytes {
            let compressed = self.decoder.metered().count.max(1);
            let ratio = self.total / compressed;
            (ratio > self.limits.bomb_ratio).then(|| {
                format!(
                    "expands {ratio}-fold to more than {} bytes",
                    self.limits.bomb_floor_bytes
                )
            })
        } else {
            None
        };
        if let Some(problem) = problem {
            self.ended = true;
            self.stop = Some(Stop::Limit(format!("{problem}; reading stopped there")));
        }
    }

    /// Reads to the end, so that the digests cover every byte, and returns them.
    pub(super) fn finish(mut self) -> Digests {
        while !self.ended {
            self.start = 0;
            self.end = 0;
            self.fill();
        }
        // What follows the compressed stream, and what follows damage, counts for the digest; but a
        // bomb is not read on.
        if !matches!(self.stop, Some(Stop::Limit(_) | Stop::Source(_))) {
            self.drain();
        }
        let whole = self.stop.is_none();
        let blob = self
            .decoder
            .metered()
            .hasher
            .take()
            .unwrap_or_default()
            .finalize();
        let blob = Digest::from_sha256(blob);
        let diff_id = match self.hasher.take() {
            Some(hasher) => Digest::from_sha256(hasher.finalize()),
            None => blob.clone(),
        };
        Digests {
            blob,
            diff_id: whole.then_some(diff_id),
            size: self.total,
            stop: self.stop,
        }
    }

    fn drain(&mut self) {
        let metered = self.decoder.metered();
        loop {
            match metered.read(&mut self.buffer) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    self.stop = Some(Stop::Source(metered.failure.take().unwrap_or(error)));
                    return;
                }
            }
        }
    }
}

/// Is the compression that a stream's first bytes tell.
enum Magic {
    Plain,
    Gzip,
    Zstd,
    Unsupported(&'static str),
}

impl Magic {
    fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            // A skippable frame may come first (RFC 8878 section 3.1.2), as zstd:chunked writes.
            [b, 0x2a, 0x4d, 0x18, ..] if b & 0xf0 == 0x50 => Self::Zstd,
            [b'B', b'Z', b'h', ..] => Self::Unsupported("bzip2"),
            [0xfd, b'7', b'z', b'X', b'Z', ..] => Self::Unsupported("xz"),
            _ => Self::Plain,
        }
    }
}
