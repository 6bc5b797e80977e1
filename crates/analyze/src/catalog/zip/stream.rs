//! Walking over an archive that comes as a stream, by its local headers, in bounded memory.
//!
//! For archives inside archives that are too large to be inflated into memory, and for archives
//! whose central directory is lost. Entries written by streams state their sizes behind the data
//! (data descriptors); the end of those that nobody reads is found by the descriptor's signature,
//! the size it states and the header that follows, without inflating them.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};
use memchr::memmem;

use super::{Budget, LOCAL_HEADER, Refusal};

/// The largest size of the window. A header with the longest name and the longest extra field fits.
const WINDOW: usize = 256 * 1024;

/// The size of the window at first. It doubles each time that the stream fills it, so that an archive of
/// a few bytes costs few.
const FIRST_WINDOW: usize = 1024;

/// The size of a local header's fixed part (APPNOTE 4.3.7).
const FIXED: usize = 30;

/// The first bytes of a data descriptor (APPNOTE 4.3.9.3).
const DESCRIPTOR: &[u8; 4] = b"PK\x07\x08";

/// A descriptor with sizes of 64 bits, and the signature after it.
const DESCRIPTOR_WINDOW: usize = 24 + 4;

/// Is an entry of the stream.
#[derive(Clone, Debug)]
pub struct Header {
    /// The name as it is written (see [`super::Entry::name`]).
    pub name: Vec<u8>,
    /// Whether it is a file, not a folder.
    pub is_file: bool,
    /// The size that is stated; `None` where it stands behind the data.
    pub size: Option<u64>,
    readable: Result<(), Refusal>,
}

/// Walks over the entries of a stream.
pub struct Walk<'s> {
    source: &'s mut dyn Read,
    budget: &'s Budget,
    window: Vec<u8>,
    start: usize,
    end: usize,
    member: Member,
}

/// Is the entry whose data come next.
struct Member {
    /// The compressed bytes that are left; `None` where the size stands behind them.
    left: Option<u64>,
    /// Its decompressor, once bytes were read.
    inflate: Option<Box<Decompress>>,
    deflated: bool,
    /// Whether a data descriptor follows although the size is known.
    described: bool,
    /// Whether all its data were read.
    done: bool,
}

impl<'s> Walk<'s> {
    /// Starts a walk. What it reads counts as inflated.
    pub fn new(source: &'s mut dyn Read, budget: &'s Budget) -> Self {
        Self {
            source,
            budget,
            window: vec![0; FIRST_WINDOW],
            start: 0,
            end: 0,
            member: Member {
                left: Some(0),
                inflate: None,
                deflated: false,
                described: false,
                done: true,
            },
        }
    }

    /// Returns the next entry, `None` at the end of the entries. After an error nothing more can be
    /// read.
    pub fn next_entry(&mut self) -> Result<Option<Header>, Refusal> {
        self.finish_member()?;
        if !self.fill(4)? {
            return Err(Refusal::NoDirectory);
        }
        match self.peek(4) {
            signature if signature == LOCAL_HEADER => {}
            // The central directory, an encrypted one, the ends of it in both sizes.
            [b'P', b'K', 1 | 5 | 6, 2 | 6 | 8] => return Ok(None),
            _ => return Err(Refusal::NoDirectory),
        }
        if !self.fill(FIXED)? {
            return Err(Refusal::NoDirectory);
        }
        if !self.budget.take_entry() {
            return Err(Refusal::Budget);
        }
        let fixed = self.peek(FIXED);
        let (flags, method) = (u16_at(fixed, 6), u16_at(fixed, 8));
        let (raw, size) = (u32_at(fixed, 18), u32_at(fixed, 22));
        let name_end = FIXED + usize::from(u16_at(fixed, 26));
        let extra_end = name_end + usize::from(u16_at(fixed, 28));
        if !self.fill(extra_end)? {
            return Err(Refusal::NoDirectory);
        }
        let all = self.peek(extra_end);
        let name = all.get(FIXED..name_end).unwrap_or_default().to_vec();
        let extra = all.get(name_end..extra_end).unwrap_or_default();
        let (raw, size) = long_sizes(extra, raw, size);
        self.start += extra_end;
        let behind = flags & 8 != 0 && raw == 0;
        self.member = Member {
            left: (!behind).then_some(raw),
            inflate: None,
            deflated: method == 8,
            described: flags & 8 != 0 && !behind,
            done: false,
        };
        let readable = match (flags & 1, method) {
            (1, _) => Err(Refusal::Encrypted),
            (_, 0) if behind => Err(Refusal::Method),
            (_, 0 | 8) => Ok(()),
            _ => Err(Refusal::Method),
        };
        Ok(Some(Header {
            is_file: name.last() != Some(&b'/'),
            name,
            size: (!behind).then_some(size),
            readable,
        }))
    }

    /// Returns the current entry's content, which must not be longer than `limit`.
    pub fn data(&mut self, header: &Header, limit: u64) -> Result<Vec<u8>, Refusal> {
        header.readable?;
        if header.size.is_some_and(|size| size > limit) {
            return Err(Refusal::TooLarge);
        }
        let mut out = Vec::new();
        let mut chunk = vec![0; 16 * 1024];
        loop {
            let read = self.read_member(&mut chunk)?;
            let Some(read) = chunk.get(..read).filter(|read| !read.is_empty()) else {
                break;
            };
            if !self.budget.take_inflated(read.len() as u64) {
                return Err(Refusal::Budget);
            }
            if (out.len() + read.len()) as u64 > limit {
                return Err(Refusal::TooLarge);
            }
            out.extend_from_slice(read);
        }
        if header.size.is_some_and(|size| size != out.len() as u64) {
            return Err(Refusal::Size);
        }
        Ok(out)
    }

    /// Returns the current entry's content as a stream.
    pub fn reader(&mut self, header: &Header) -> Result<impl Read, Refusal> {
        header.readable?;
        Ok(MemberReader { walk: self })
    }

    /// Makes at least `count` bytes available; false when the stream ends before.
    fn fill(&mut self, count: usize) -> Result<bool, Refusal> {
        if self.end - self.start >= count {
            return Ok(true);
        }
        self.window.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < count {
            let room = self.window.get_mut(self.end..).unwrap_or_default();
            match self.source.read(room) {
                Ok(0) => return Ok(false),
                Ok(read) => {
                    self.end += read;
                    let size = self.window.len();
                    if self.end == size && size < WINDOW {
                        self.window.resize(2 * size, 0);
                    }
                    if !self.budget.take_inflated(read as u64) {
                        return Err(Refusal::Budget);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Refusal::Damaged),
            }
        }
        Ok(true)
    }

    /// Returns up to `count` bytes that are available.
    fn peek(&self, count: usize) -> &[u8] {
        let end = self.end.min(self.start.saturating_add(count));
        self.window.get(self.start..end).unwrap_or_default()
    }

    /// Reads decompressed bytes of the current entry; 0 at its end.
    fn read_member(&mut self, out: &mut [u8]) -> Result<usize, Refusal> {
        while !self.member.done && !out.is_empty() {
            if self.member.left == Some(0) && !self.member.deflated {
                self.member.done = true;
                break;
            }
            self.fill(1)?;
            let most = self.member.left.map_or(usize::MAX, |left| left as usize);
            let end = self.end.min(self.start.saturating_add(most));
            let input = self.window.get(self.start..end).unwrap_or_default();
            let (used, made) = if self.member.deflated {
                let inflate = self
                    .member
                    .inflate
                    .get_or_insert_with(|| Box::new(Decompress::new(false)));
                let (in_before, out_before) = (inflate.total_in(), inflate.total_out());
                let status = inflate
                    .decompress(input, out, FlushDecompress::None)
                    .map_err(|_| Refusal::Damaged)?;
                if status == Status::StreamEnd {
                    self.member.done = true;
                }
                let used = inflate.total_in() - in_before;
                (used as usize, (inflate.total_out() - out_before) as usize)
            } else {
                let count = input.len().min(out.len());
                if let (Some(to), Some(from)) = (out.get_mut(..count), input.get(..count)) {
                    to.copy_from_slice(from);
                }
                (count, count)
            };
            self.start += used;
            if let Some(left) = &mut self.member.left {
                *left -= used as u64;
            }
            if made > 0 {
                return Ok(made);
            }
            if used == 0 && !self.member.done {
                return Err(Refusal::Damaged);
            }
        }
        Ok(0)
    }

    /// Goes to the end of the current entry's data.
    fn finish_member(&mut self) -> Result<(), Refusal> {
        if let Some(left) = self.member.left.take() {
            self.member.done = true;
            self.member.left = Some(0);
            self.skip(left)?;
            if std::mem::take(&mut self.member.described) {
                return self.skip_descriptor();
            }
            return Ok(());
        }
        if self.member.inflate.is_none() {
            return self.find_descriptor();
        }
        let mut chunk = vec![0; 16 * 1024];
        loop {
            match self.read_member(&mut chunk)? {
                0 => break,
                read if self.budget.take_inflated(read as u64) => {}
                _ => return Err(Refusal::Budget),
            }
        }
        self.skip_descriptor()
    }

    /// Goes behind the data descriptor that stands here.
    fn skip_descriptor(&mut self) -> Result<(), Refusal> {
        // With and without signature, with sizes of 32 and of 64 bits (APPNOTE 4.3.9).
        self.fill(DESCRIPTOR_WINDOW)?;
        let rest = self.peek(DESCRIPTOR_WINDOW);
        let signed = rest.starts_with(DESCRIPTOR);
        let lengths = if signed { [16, 24] } else { [12, 20] };
        let fitting = |length: &&usize| rest.get(**length..).is_some_and(header_follows);
        let length = *lengths.iter().find(fitting).ok_or(Refusal::NoDirectory)?;
        self.member.left = Some(0);
        self.skip(length as u64)
    }

    fn skip(&mut self, mut count: u64) -> Result<(), Refusal> {
        while count > 0 {
            if !self.fill(1)? {
                return Err(Refusal::NoDirectory);
            }
            let step = count.min((self.end - self.start) as u64);
            self.start += step as usize;
            count -= step;
        }
        Ok(())
    }

    /// Goes behind the data descriptor of an entry of which nothing was read.
    fn find_descriptor(&mut self) -> Result<(), Refusal> {
        let finder = memmem::Finder::new(DESCRIPTOR);
        let mut passed: u64 = 0;
        loop {
            let full = self.fill(WINDOW)?;
            let window = self.peek(WINDOW);
            let mut found = None;
            for at in finder.find_iter(window) {
                let raw = passed + at as u64;
                let rest = window.get(at..).unwrap_or_default();
                let short =
                    u64::from(u32_at(rest, 8)) == raw && rest.get(16..).is_some_and(header_follows);
                let long = u64_at(rest, 8) == raw && rest.get(24..).is_some_and(header_follows);
                if short || long {
                    found = Some(at + if short { 16 } else { 24 });
                    break;
                }
            }
            if let Some(behind) = found {
                self.start += behind;
                self.member.left = Some(0);
                self.member.done = true;
                return Ok(());
            }
            if !full {
                return Err(Refusal::NoDirectory);
            }
            // What may be the start of a descriptor stays in the window.
            let step = (self.end - self.start).saturating_sub(DESCRIPTOR_WINDOW - 1);
            self.start += step;
            passed += step as u64;
        }
    }
}

/// Reads the content of a walk's current entry.
struct MemberReader<'w, 's> {
    walk: &'w mut Walk<'s>,
}

impl Read for MemberReader<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.walk
            .read_member(buffer)
            .map_err(|_| io::ErrorKind::InvalidData.into())
    }
}

/// Says whether what follows an entry begins here: the next one or the central directory.
fn header_follows(bytes: &[u8]) -> bool {
    bytes.starts_with(LOCAL_HEADER)
        || bytes.starts_with(b"PK\x01\x02")
        || bytes.starts_with(b"PK\x06\x08")
}

/// Replaces sizes that do not fit into 32 bits by those of the extra field (APPNOTE 4.5.3):
/// the uncompressed size, then the compressed one. Returns the compressed one first.
fn long_sizes(mut extra: &[u8], raw: u32, size: u32) -> (u64, u64) {
    let (short_raw, short_size) = (u64::from(raw), u64::from(size));
    if raw != u32::MAX && size != u32::MAX {
        return (short_raw, short_size);
    }
    while extra.len() >= 4 {
        let end = 4 + usize::from(u16_at(extra, 2));
        if u16_at(extra, 0) == 1 {
            let field = extra.get(4..end).unwrap_or_default();
            let long_size = if size == u32::MAX {
                u64_at(field, 0)
            } else {
                short_size
            };
            let at = if size == u32::MAX { 8 } else { 0 };
            let long_raw = if raw == u32::MAX {
                u64_at(field, at)
            } else {
                short_raw
            };
            return (long_raw, long_size);
        }
        extra = extra.get(end..).unwrap_or_default();
    }
    (short_raw, short_size)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    let field = bytes.get(at..).and_then(<[u8]>::first_chunk);
    field.map_or(0, |field| u16::from_le_bytes(*field))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let field = bytes.get(at..).and_then(<[u8]>::first_chunk);
    field.map_or(0, |field| u32::from_le_bytes(*field))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let field = bytes.get(at..).and_then(<[u8]>::first_chunk);
    field.map_or(0, |field| u64::from_le_bytes(*field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_as_large_as_the_archive_needs() {
        let budget = Budget::default();
        for (length, window) in [
            (10, FIRST_WINDOW),
            (3000, 4 * FIRST_WINDOW),
            (10 << 20, WINDOW),
        ] {
            let mut bytes = b"PK\x03\x04".to_vec();
            // Streamed, of a size that is never told.
            bytes.extend([20, 0, 8, 0, 8, 0]);
            bytes.resize(length, 0);
            let mut source = bytes.as_slice();
            let mut walk = Walk::new(&mut source, &budget);
            while let Ok(Some(_)) = walk.next_entry() {}
            assert_eq!(walk.window.len(), window, "{length}");
        }
    }
}
