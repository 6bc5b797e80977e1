//! Reading zip archives that may be hostile: jars, wheels, eggs, `NuGet` packages.
//!
//! [`open`] reads an archive that lies in memory by its central directory, as Java and Python do;
//! [`Walk`] reads one that comes out of a decompressor by its local headers, in bounded memory.
//! Nothing is extracted: a name is only ever compared and shown ([`inside`]), so `../` in one leads
//! nowhere. Specification: APPNOTE.TXT 6.3.10.
//!
//! What bounds the work: a [`Budget`] for all archives of one file together (entries, inflated
//! bytes, bytes held), and per entry the limit that the caller gives. Entries whose data overlap
//! (Fifield, "A better zip bomb", 2019) are refused, and so are encrypted ones, those whose sizes
//! cannot be true, and those that inflate to more than they state.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::io::Read;

use flate2::bufread::DeflateDecoder;
use plimsoll_model::issue::IssueKind;
use plimsoll_model::text::escape_bytes;
use rawzip::{CompressionMethod, ZipArchive, ZipSliceArchive};

mod stream;

pub use stream::{Header, Walk};

/// The most that deflate can make of one byte: 258 bytes of two bits, and a little less in truth
/// (zlib, "Technical details": 1032:1).
const MAX_RATIO: u64 = 1032;

/// The most of a location that is shown, in bytes.
const MAX_LOCATION_BYTES: usize = 4096;

/// The first bytes of a local file header, with which most archives begin.
const LOCAL_HEADER: &[u8; 4] = b"PK\x03\x04";

/// The first bytes of the end of an empty archive.
const EMPTY: &[u8; 4] = b"PK\x05\x06";

/// Bounds what all archives inside one file may cost together. Shared by nested archives.
#[derive(Debug)]
pub struct Budget {
    entries: Cell<usize>,
    inflated: Cell<u64>,
    held: Cell<u64>,
}

impl Budget {
    /// Sets how many entries may be listed, how many bytes may be inflated in total, and how many
    /// inflated bytes of archives may be held in memory at one time.
    pub fn new(entries: usize, inflated: u64, held: u64) -> Self {
        Self {
            entries: Cell::new(entries),
            inflated: Cell::new(inflated),
            held: Cell::new(held),
        }
    }

    /// Takes one entry; false when there are none left.
    pub fn take_entry(&self) -> bool {
        let left = self.entries.get();
        self.entries.set(left.saturating_sub(1));
        left > 0
    }

    /// Takes bytes that are to be inflated; false when there are not so many left.
    pub fn take_inflated(&self, bytes: u64) -> bool {
        let left = self.inflated.get();
        self.inflated.set(left.saturating_sub(bytes));
        left >= bytes
    }

    /// Returns how many bytes may still be inflated.
    pub fn inflated_left(&self) -> u64 {
        self.inflated.get()
    }

    /// Reserves memory for an inflated archive; `None` when there is no room, then it is streamed.
    /// Given back when dropped.
    pub fn hold(&self, bytes: u64) -> Option<Held<'_>> {
        let left = self.held.get().checked_sub(bytes)?;
        self.held.set(left);
        Some(Held {
            budget: self,
            bytes,
        })
    }
}

impl Default for Budget {
    /// A million entries (the largest archives of classes have some 200,000), 4 GiB inflated, 64 MiB
    /// held.
    fn default() -> Self {
        Self::new(1_000_000, 4 << 30, 64 << 20)
    }
}

/// Is memory reserved by [`Budget::hold`].
#[derive(Debug)]
pub struct Held<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.budget.held.set(self.budget.held.get() + self.bytes);
    }
}

/// Says why an archive or an entry of it is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no zip archive: neither its start nor its end looks like one.
    NotZip,
    /// It begins like a zip archive, but its central directory is missing or damaged.
    NoDirectory,
    /// The entry is encrypted.
    Encrypted,
    /// The entry is compressed by a method other than stored and deflate.
    Method,
    /// The entry's data overlap those of another.
    Overlap,
    /// The entry's header or data lie outside of the archive, or are no header.
    Outside,
    /// The entry's sizes cannot be true, or it is not as long as it states.
    Size,
    /// The entry's data are no deflate stream, or their checksum is another.
    Damaged,
    /// The entry is larger than the caller's limit.
    TooLarge,
    /// The budget of the whole file is used up.
    Budget,
}

impl Refusal {
    /// Returns what kind of issue it is.
    pub fn kind(self) -> IssueKind {
        match self {
            Self::Encrypted | Self::Method => IssueKind::Unsupported,
            Self::TooLarge | Self::Budget => IssueKind::LimitReached,
            _ => IssueKind::DamagedMetadata,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotZip => "not a zip archive",
            Self::NoDirectory => "the archive's central directory is missing or damaged",
            Self::Encrypted => "encrypted, not read",
            Self::Method => "compressed by a method that is not read",
            Self::Overlap => "its data overlap those of another entry; not read",
            Self::Outside => "its header or data lie outside of the archive",
            Self::Size => "its size is not what the archive states",
            Self::Damaged => "its data are damaged",
            Self::TooLarge => "larger than is read",
            Self::Budget => "the bound on what is read of one file was reached",
        })
    }
}

/// Is an archive in memory.
#[derive(Debug)]
pub struct Archive<'a> {
    /// Its entries in the order of the central directory, folders included.
    pub entries: Vec<Entry<'a>>,
    /// What was wrong with the directory itself: entries may be missing.
    pub problem: Option<Refusal>,
}

/// Is one entry of an archive.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The name as it is written: any bytes, also `../` and control characters. Never a path to
    /// open.
    pub name: &'a [u8],
    /// Whether it is a file, not a folder.
    pub is_file: bool,
    /// The size that is stated, in bytes.
    pub size: u64,
    deflated: bool,
    crc: u32,
    /// The bytes as they lie in the archive, or why there are none to read.
    raw: Result<&'a [u8], Refusal>,
}

impl<'a> Entry<'a> {
    /// Returns the content, which must not be longer than `limit`: a slice of the archive where it
    /// is stored, inflated where it is compressed. Length and checksum of what was inflated are
    /// checked.
    pub fn data(&self, limit: u64, budget: &Budget) -> Result<Cow<'a, [u8]>, Refusal> {
        let raw = self.raw?;
        if self.size > limit {
            return Err(Refusal::TooLarge);
        }
        if !self.deflated {
            return Ok(Cow::Borrowed(raw));
        }
        if !budget.take_inflated(self.size) {
            return Err(Refusal::Budget);
        }
        inflate(raw, self.size, Some(self.crc)).map(Cow::Owned)
    }

    /// Returns the content as a slice of the archive where it is stored, without any cost.
    pub fn stored(&self) -> Option<&'a [u8]> {
        self.raw.ok().filter(|_| !self.deflated)
    }

    /// Returns the content as a stream that ends, at the latest, after the size that is stated.
    pub fn reader(&self) -> Result<impl Read + use<'a>, Refusal> {
        let raw = self.raw?;
        let reader = if self.deflated {
            Source::Deflated(DeflateDecoder::new(raw))
        } else {
            Source::Stored(raw)
        };
        Ok(reader.take(self.size))
    }
}

/// Is the content of an entry as a stream.
enum Source<'a> {
    Stored(&'a [u8]),
    Deflated(DeflateDecoder<&'a [u8]>),
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Stored(reader) => reader.read(buffer),
            Self::Deflated(reader) => reader.read(buffer),
        }
    }
}

/// Says whether bytes begin as zip archives do. Archives may also have a program in front of them.
pub fn begins_like_zip(head: &[u8]) -> bool {
    head.starts_with(LOCAL_HEADER) || head.starts_with(EMPTY)
}

/// Lists the entries of an archive by its central directory. Bytes in front of the archive (a
/// program that runs it) are allowed.
///
/// Fails when there is no directory; then [`begins_like_zip`] and a walk over the local headers tell
/// more. What is wrong with single entries is told when they are read.
pub fn open<'a>(bytes: &'a [u8], budget: &Budget) -> Result<Archive<'a>, Refusal> {
    let Ok(archive) = ZipArchive::from_slice(bytes) else {
        return Err(if begins_like_zip(bytes) {
            Refusal::NoDirectory
        } else {
            Refusal::NotZip
        });
    };
    let mut entries = Vec::new();
    // Where each entry's data lie, to find those that overlap: start, end, index.
    let mut spans: Vec<(usize, usize, usize)> = Vec::new();
    let mut problem = None;
    let mut records = archive.entries();
    loop {
        let record = match records.next_entry() {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(_) => {
                // What follows the last entry may be anything: signatures stand there.
                if (entries.len() as u64) < archive.entries_hint() || entries.is_empty() {
                    problem = Some(Refusal::NoDirectory);
                }
                break;
            }
        };
        if !budget.take_entry() {
            problem = Some(Refusal::Budget);
            break;
        }
        let method = record.compression_method();
        let deflated = method == CompressionMethod::DEFLATE;
        let size = record.uncompressed_size_hint();
        let raw = match span(&archive, bytes, &record) {
            Some((header, start, end)) => {
                spans.push((header, end, entries.len()));
                bytes.get(start..end).ok_or(Refusal::Outside)
            }
            None => Err(Refusal::Outside),
        };
        let raw = raw.and_then(|raw| {
            if record.flags().is_encrypted() {
                Err(Refusal::Encrypted)
            } else if !deflated && method != CompressionMethod::STORE {
                Err(Refusal::Method)
            } else if plausible(raw.len() as u64, size, deflated) {
                Ok(raw)
            } else {
                Err(Refusal::Size)
            }
        });
        entries.push(Entry {
            name: name_of(bytes, &record),
            is_file: !record.is_dir(),
            size,
            deflated,
            crc: record.crc32(),
            raw,
        });
    }
    // Where the archive was cut, the directory that was found is that of an archive stored in it.
    let first = spans.iter().map(|(header, ..)| *header).min();
    if begins_like_zip(bytes) && first.is_some_and(|first| first > 0) {
        return Err(Refusal::NoDirectory);
    }
    refuse_overlaps(&mut entries, spans);
    Ok(Archive { entries, problem })
}

/// Writes where a file inside an archive lies: `OUTER!/NAME`, both safe to show. A `!/` within the
/// name is escaped, so that the parts stay apart.
pub fn inside(outer: &str, name: &[u8]) -> String {
    let name = escape_bytes(name).replace("!/", "\\x21/");
    let mut out = format!("{outer}!/{name}");
    if out.len() > MAX_LOCATION_BYTES {
        let end = (0..=MAX_LOCATION_BYTES)
            .rev()
            .find(|end| out.is_char_boundary(*end));
        out.truncate(end.unwrap_or_default());
    }
    out
}

type Record<'a> = rawzip::ZipFileHeaderRecord<'a>;

/// Returns a record's name as a slice of the archive itself.
fn name_of<'a>(bytes: &'a [u8], record: &Record<'_>) -> &'a [u8] {
    /// The size of a record's fixed part (APPNOTE 4.3.12).
    const FIXED: u64 = 46;
    let start = record.central_directory_offset() + FIXED;
    let end = start + record.file_path().len() as u64;
    bytes.get(start as usize..end as usize).unwrap_or_default()
}

/// Finds where an entry lies: the start of its local header, the start and end of its data.
fn span(
    archive: &ZipSliceArchive<&[u8]>,
    bytes: &[u8],
    record: &Record<'_>,
) -> Option<(usize, usize, usize)> {
    let entry = archive.get_entry(record.wayfinder()).ok()?;
    let (start, end) = entry.compressed_data_range();
    let header = usize::try_from(record.local_header_offset()).ok()?;
    let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
    (header < start && start <= end && end <= bytes.len()).then_some((header, start, end))
}

/// Says whether so many bytes can become so many.
fn plausible(raw: u64, size: u64, deflated: bool) -> bool {
    if deflated {
        size <= raw.saturating_mul(MAX_RATIO)
    } else {
        size == raw
    }
}

/// Refuses each entry whose header or data begin before those of the entry before it have ended.
fn refuse_overlaps(entries: &mut [Entry<'_>], mut spans: Vec<(usize, usize, usize)>) {
    spans.sort_unstable();
    let mut reached = 0;
    for (start, end, index) in spans {
        if start < reached
            && let Some(entry) = entries.get_mut(index)
        {
            entry.raw = Err(Refusal::Overlap);
        }
        reached = reached.max(end);
    }
}

/// Inflates to exactly `size` bytes.
fn inflate(raw: &[u8], size: u64, crc: Option<u32>) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::with_capacity(usize::try_from(size).map_err(|_| Refusal::TooLarge)?);
    // One byte more shows those that go on beyond what they state.
    DeflateDecoder::new(raw)
        .take(size + 1)
        .read_to_end(&mut out)
        .map_err(|_| Refusal::Damaged)?;
    if out.len() as u64 != size {
        return Err(Refusal::Size);
    }
    if crc.is_some_and(|crc| rawzip::crc32(&out) != crc) {
        return Err(Refusal::Damaged);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_testkit::zip::{Method, Zip};

    const ALL: [Method; 3] = [Method::Stored, Method::Deflated, Method::Streamed];

    fn three() -> Zip {
        ALL.iter().fold(Zip::default(), |zip, method| {
            let name = format!("{method:?}");
            zip.file(&name, *method, name.repeat(1000).as_bytes())
        })
    }

    fn read_all(bytes: &[u8]) -> Vec<Result<Vec<u8>, Refusal>> {
        let budget = Budget::default();
        let archive = open(bytes, &budget).unwrap();
        let data = |entry: &Entry<'_>| entry.data(1 << 20, &budget).map(Cow::into_owned);
        archive.entries.iter().map(data).collect()
    }

    /// Walks over the local headers; reads every `every`th entry.
    fn walk(bytes: &[u8], every: usize) -> (Vec<(String, Vec<u8>)>, Option<Refusal>) {
        let budget = Budget::default();
        let mut source = bytes;
        let mut walk = Walk::new(&mut source, &budget);
        let mut all = Vec::new();
        loop {
            match walk.next_entry() {
                Ok(Some(header)) => {
                    let data = if all.len() % every == 0 {
                        match walk.data(&header, 1 << 20) {
                            Ok(data) => data,
                            Err(refusal) => return (all, Some(refusal)),
                        }
                    } else {
                        Vec::new()
                    };
                    all.push((String::from_utf8(header.name).unwrap(), data));
                }
                Ok(None) => return (all, None),
                Err(refusal) => return (all, Some(refusal)),
            }
        }
    }

    #[test]
    fn both_readers_read_what_was_written() {
        let want: Vec<Vec<u8>> = ALL
            .iter()
            .map(|method| format!("{method:?}").repeat(1000).into_bytes())
            .collect();
        let zip = three();
        let prefixed = zip.records.iter().fold(
            Zip::behind(b"#!/bin/sh\nexec java -jar \"$0\"\n"),
            |zip, record| {
                let name = String::from_utf8(record.name.clone()).unwrap();
                zip.file(&name, Method::Deflated, name.repeat(1000).as_bytes())
            },
        );
        let plain = zip.build();
        for bytes in [&plain, &prefixed.build()] {
            let got: Vec<_> = read_all(bytes).into_iter().map(Result::unwrap).collect();
            assert_eq!(got, want);
        }
        // Undeclared: the offsets do not count the program.
        let behind = [b"#!/bin/sh\n".as_slice(), &plain].concat();
        assert!(read_all(&behind).iter().all(Result::is_ok));
        for every in [1, 2, 3] {
            let (got, end) = walk(&plain, every);
            assert_eq!(end, None);
            assert_eq!(got.len(), 3);
            for (index, (name, data)) in got.iter().enumerate() {
                assert_eq!(*name, format!("{:?}", ALL[index]));
                if index % every == 0 {
                    assert_eq!(data, &want[index]);
                }
            }
        }
    }

    #[test]
    fn lies_about_sizes_are_refused() {
        for (size, want) in [
            (7999, Refusal::Size),
            (8001, Refusal::Size),
            (u32::MAX - 1, Refusal::Size),
            (2_000_000, Refusal::Size),
        ] {
            let mut zip = three();
            zip.records[1].size = size;
            assert_eq!(read_all(&zip.build())[1], Err(want), "{size}");
        }
        let mut zip = three();
        zip.records[0].size -= 1;
        zip.records[1].crc ^= 1;
        zip.records[2].raw = u32::MAX - 1;
        assert_eq!(
            read_all(&zip.build()),
            [
                Err(Refusal::Size),
                Err(Refusal::Damaged),
                Err(Refusal::Outside)
            ]
        );
        let mut zip = three();
        zip.records[0].flags = 1;
        zip.records[1].method = 12;
        zip.records[2].offset += 1;
        assert_eq!(
            read_all(&zip.build()),
            [
                Err(Refusal::Encrypted),
                Err(Refusal::Method),
                Err(Refusal::Outside)
            ]
        );
    }

    #[test]
    fn entries_that_share_their_data_are_refused() {
        let mut zip = three();
        let mut again = zip.records[1].clone();
        again.name = b"again".to_vec();
        zip.records.extend(vec![again; 1000]);
        let read = read_all(&zip.build());
        assert_eq!(read.iter().filter(|one| one.is_ok()).count(), 3);
        assert_eq!(read.last(), Some(&Err(Refusal::Overlap)));
    }

    #[test]
    fn what_is_spent_is_bounded() {
        let bytes = three().build();
        let few = Budget::new(2, 10_000, 100);
        let archive = open(&bytes, &few).unwrap();
        assert_eq!(archive.entries.len(), 2);
        assert_eq!(archive.problem, Some(Refusal::Budget));
        let entry = archive.entries[1];
        assert_eq!(entry.data(100, &few), Err(Refusal::TooLarge));
        assert!(entry.data(10_000, &few).is_ok());
        assert_eq!(entry.data(10_000, &few), Err(Refusal::Budget));
        let held = few.hold(60).unwrap();
        assert!(few.hold(60).is_none());
        drop(held);
        assert!(few.hold(60).is_some());
    }

    #[test]
    fn a_lost_directory_leaves_the_local_headers() {
        let bytes = three().build();
        let cut = &bytes[..bytes.len() - 30];
        assert_eq!(
            open(cut, &Budget::default()).unwrap_err(),
            Refusal::NoDirectory
        );
        assert_eq!(walk(cut, 1).0.len(), 3);
        let (got, end) = walk(&bytes[..100], 2);
        assert_eq!((got.len(), end), (0, Some(Refusal::Damaged)));
        let text = open(b"no archive", &Budget::default());
        assert_eq!(text.unwrap_err(), Refusal::NotZip);
    }

    #[test]
    fn locations_are_safe_and_unambiguous() {
        assert_eq!(inside("/a.war", b"WEB-INF/b.jar"), "/a.war!/WEB-INF/b.jar");
        assert_eq!(inside("/a", b"../x!/\x1b[0m"), "/a!/../x\\x21/\\x1b[0m");
        assert_eq!(inside("/a", &vec![b'x'; 70_000]).len(), MAX_LOCATION_BYTES);
    }
}
