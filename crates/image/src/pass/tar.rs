//! Tar members, one after the other, with everything bounded: ustar, PAX (POSIX.1-2001 pax
//! interchange format) and GNU extensions (GNU tar manual, "Basic Tar Format").
//!
//! The fixed header is decoded by the `tar` crate; what surrounds it is read here, because a layer
//! is hostile: extension headers are bounded before they are kept, and nothing is ever unpacked.

use super::stream::LayerStream;

/// The size of a tar block in bytes.
pub(crate) const BLOCK: usize = 512;
/// The most bytes of one PAX header that are kept.
const MAX_PAX: u64 = 4 << 20;
/// The most bytes of a GNU long name that are kept.
const MAX_LONG_NAME: u64 = 64 << 10;
/// The most pieces of a sparse file.
const MAX_SPARSE_PIECES: usize = 100_000;
/// How many bytes of holes are handed to analyzers for one layer before they are left out.
const MAX_HOLES: u64 = 1 << 30;
/// The most bytes of extended attributes kept for one member.
const MAX_XATTR_BYTES: usize = 256 << 10;

/// Is the type of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum MemberKind {
    #[default]
    File,
    Directory,
    Symlink,
    HardLink,
    Device,
    Pipe,
    /// A type that names no file (volume labels and the like).
    Other,
}

/// Is a member's description. Its buffers are reused from member to member.
#[derive(Debug, Default)]
pub(super) struct Member {
    pub(super) path: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) kind: MemberKind,
    pub(super) mode: u32,
    pub(super) uid: u64,
    pub(super) gid: u64,
    /// The size of the file, holes included.
    pub(super) size: u64,
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// The pieces of a sparse file: offset and length.
    sparse: Option<Vec<(u64, u64)>>,
}

/// Is what comes next in the archive.
#[derive(Debug)]
pub(super) enum Next {
    /// A member, described in [`TarReader::member`].
    Member,
    /// The end.
    End,
    /// No end mark, but no damage either: the stream just stops at a member's border.
    EndWithoutMark,
    /// The archive cannot be read on; says why.
    Damaged(String),
}

/// Reads members.
pub(super) struct TarReader<'a> {
    stream: LayerStream<'a>,
    pub(super) member: Member,
    /// Bytes of the current member's content that are still in the stream, then its padding.
    content: u64,
    padding: u64,
    offset: u64,
    /// Bytes of holes that were handed out so far.
    holes: u64,
    notes: Vec<String>,
}

/// Is what extension headers say of the next member.
#[derive(Debug, Default)]
struct Pax {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    xattr_bytes: usize,
    sparse: SparsePax,
}

/// Is the sparse map as GNU tar writes it into PAX records (formats 0.0, 0.1 and 1.0).
#[derive(Debug, Default)]
struct SparsePax {
    major: Option<u64>,
    minor: Option<u64>,
    size: Option<u64>,
    real_size: Option<u64>,
    name: Option<Vec<u8>>,
    map: Vec<(u64, u64)>,
    pending_offset: Option<u64>,
}

impl<'a> TarReader<'a> {
    pub(super) fn new(stream: LayerStream<'a>) -> Self {
        Self {
            stream,
            member: Member::default(),
            content: 0,
            padding: 0,
            offset: 0,
            holes: 0,
            notes: Vec::new(),
        }
    }

    /// Gives the stream back, to finish its digests.
    pub(super) fn into_stream(self) -> LayerStream<'a> {
        self.stream
    }

    /// Takes what was odd about the archive without ending it.
    pub(super) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Goes to the next member; what is left of the current one's content is skipped.
    pub(super) fn next(&mut self) -> Next {
        let left = self.content.saturating_add(self.padding);
        if left > 0 && self.skip(left) < left {
            return self.truncated("inside a file's content");
        }
        self.content = 0;
        self.padding = 0;
        let mut pax: Option<Pax> = None;
        let mut long_name: Option<Vec<u8>> = None;
        let mut long_link: Option<Vec<u8>> = None;
        let mut extensions = 0_u32;
        loop {
            let header = match self.block() {
                Ok(Some(header)) => header,
                Ok(None) => {
                    return if pax.is_some() || long_name.is_some() {
                        self.truncated("after an extension header")
                    } else {
                        Next::EndWithoutMark
                    };
                }
                Err(()) => return self.truncated("inside a header"),
            };
            if header.iter().all(|byte| *byte == 0) {
                // Two zero blocks end an archive; a single one is skipped, as GNU tar does.
                let next = self.stream.peek(BLOCK);
                let ends = next.len() < BLOCK || next.iter().take(BLOCK).all(|byte| *byte == 0);
                if ends {
                    return Next::End;
                }
                self.note("a single zero block inside the archive was skipped");
                continue;
            }
            if !checksum_holds(&header) {
                return Next::Damaged(format!(
                    "header checksum does not hold at offset {}",
                    self.offset - BLOCK as u64
                ));
            }
            let view = tar::Header::from_byte_slice(&header);
            let Ok(stored) = view.entry_size() else {
                return Next::Damaged(format!(
                    "header at offset {} has no readable size",
                    self.offset - BLOCK as u64
                ));
            };
            let type_flag = header_byte(&header, 156);
            if matches!(type_flag, b'x' | b'X' | b'g' | b'L' | b'K') {
                extensions += 1;
                if extensions > 64 {
                    return Next::Damaged("more than 64 extension headers for one file".to_owned());
                }
                let limit = if matches!(type_flag, b'L' | b'K') {
                    MAX_LONG_NAME
                } else {
                    MAX_PAX
                };
                let Ok(body) = self.extension(stored, limit) else {
                    return self.truncated("inside an extension header");
                };
                match type_flag {
                    b'L' => long_name = body.map(until_nul).filter(|name| !name.is_empty()),
                    b'K' => long_link = body.map(until_nul).filter(|link| !link.is_empty()),
                    b'g' => {
                        // Container runtimes take a global header for a member of its own and skip
                        // it (Go's archive/tar): what it says must not rename a file here alone.
                        pax = None;
                        long_name = None;
                        long_link = None;
                    }
                    _ => {
                        if let Some(body) = body {
                            let mut local = Pax::default();
                            self.read_pax(&body, &mut local);
                            pax = Some(local);
                        }
                    }
                }
                continue;
            }
            let pax = pax.unwrap_or_default();
            return self.describe(
                &header,
                stored,
                pax,
                long_name.as_deref(),
                long_link.as_deref(),
            );
        }
    }

    /// Fills [`TarReader::member`] from a header and its extensions.
    fn describe(
        &mut self,
        header: &[u8; BLOCK],
        stored: u64,
        pax: Pax,
        long_name: Option<&[u8]>,
        long_link: Option<&[u8]>,
    ) -> Next {
        let view = tar::Header::from_byte_slice(header);
        let flag = header_byte(header, 156);
        let kind = match flag {
            b'0' | 0 | b'7' | b'S' => MemberKind::File,
            b'1' => MemberKind::HardLink,
            b'2' => MemberKind::Symlink,
            b'3' | b'4' => MemberKind::Device,
            b'5' => MemberKind::Directory,
            b'6' => MemberKind::Pipe,
            _ => MemberKind::Other,
        };
        let stored = pax.size.unwrap_or(stored);
        // Links, folders and devices hold no content, whatever size they state (POSIX ustar).
        let holds_content = matches!(kind, MemberKind::File | MemberKind::Other);
        let stored = if holds_content { stored } else { 0 };
        self.content = stored;
        self.padding = (BLOCK as u64 - stored % BLOCK as u64) % BLOCK as u64;
        let member = &mut self.member;
        member.kind = kind;
        member.mode = view.mode().unwrap_or(0) & 0o7777;
        member.uid = pax.uid.or_else(|| view.uid().ok()).unwrap_or(0);
        member.gid = pax.gid.or_else(|| view.gid().ok()).unwrap_or(0);
        member.size = stored;
        member.sparse = None;
        member.path.clear();
        let sparse = if flag == b'S' {
            None
        } else {
            pax.sparse.checked()
        };
        let sparse_name = sparse.as_ref().and_then(|sparse| sparse.name.as_deref());
        // Where several extensions name one file, they count in the order in which container
        // runtimes (Go's archive/tar) let them: else a file could have one name here, another there.
        match sparse_name.or(long_name).or(pax.path.as_deref()) {
            Some(path) => member.path.extend_from_slice(path),
            None => short_path(header, &mut member.path),
        }
        // Old archives mark folders only by a slash at the end (V7 format).
        if flag == 0 && member.path.ends_with(b"/") {
            member.kind = MemberKind::Directory;
        }
        member.link.clear();
        match long_link.or(pax.link.as_deref()) {
            Some(link) => member.link.extend_from_slice(link),
            None => {
                if let Some(link) = view.link_name_bytes() {
                    member.link.extend_from_slice(&link);
                }
            }
        }
        member.xattrs = pax.xattrs;
        if flag == b'S' {
            return self.old_sparse(header);
        }
        match sparse {
            Some(sparse) => self.pax_sparse(sparse),
            None => Next::Member,
        }
    }

    /// Reads the map of an old GNU sparse member: four pieces in the header, 21 in each extension.
    fn old_sparse(&mut self, header: &[u8; BLOCK]) -> Next {
        let mut map = Vec::new();
        read_pieces(header.get(386..482).unwrap_or_default(), &mut map);
        let real = number(header.get(483..495).unwrap_or_default()).unwrap_or(0);
        let mut more = header_byte(header, 482) != 0;
        while more {
            let Ok(Some(block)) = self.block() else {
                return self.truncated("inside a sparse map");
            };
            read_pieces(block.get(..504).unwrap_or_default(), &mut map);
            more = header_byte(&block, 504) != 0;
            if map.len() > MAX_SPARSE_PIECES {
                return Next::Damaged(format!(
                    "a sparse file of more than {MAX_SPARSE_PIECES} pieces"
                ));
            }
        }
        self.set_sparse(map, real)
    }

    /// Reads the map of a PAX sparse member; format 1.0 keeps it at the start of the content.
    fn pax_sparse(&mut self, sparse: SparsePax) -> Next {
        let real = sparse.size.or(sparse.real_size).unwrap_or(self.content);
        if sparse.major != Some(1) {
            return self.set_sparse(sparse.map, real);
        }
        let mut numbers: Vec<u64> = Vec::new();
        let mut wanted = 1_usize;
        let mut digits: Option<u64> = None;
        while numbers.len() < wanted {
            if self.content < BLOCK as u64 {
                return Next::Damaged("a sparse map that does not end".to_owned());
            }
            let Ok(Some(block)) = self.block() else {
                return self.truncated("inside a sparse map");
            };
            self.content -= BLOCK as u64;
            for byte in block {
                match byte {
                    b'0'..=b'9' => {
                        let value = digits.unwrap_or(0).checked_mul(10);
                        let Some(value) = value.and_then(|v| v.checked_add(u64::from(byte - b'0')))
                        else {
                            return Next::Damaged("a sparse map with a wild number".to_owned());
                        };
                        digits = Some(value);
                    }
                    b'\n' => {
                        let Some(value) = digits.take() else {
                            return Next::Damaged("a sparse map without a number".to_owned());
                        };
                        if numbers.is_empty() {
                            let pieces = usize::try_from(value).unwrap_or(usize::MAX);
                            if pieces > MAX_SPARSE_PIECES {
                                return Next::Damaged(format!(
                                    "a sparse file of more than {MAX_SPARSE_PIECES} pieces"
                                ));
                            }
                            wanted = 1 + pieces * 2;
                        }
                        numbers.push(value);
                    }
                    _ if numbers.len() >= wanted => break,
                    _ => return Next::Damaged("a sparse map that is not decimal".to_owned()),
                }
                if numbers.len() >= wanted {
                    break;
                }
            }
        }
        let map = numbers
            .get(1..)
            .unwrap_or_default()
            .chunks_exact(2)
            .filter_map(|pair| Some((*pair.first()?, *pair.last()?)))
            .collect();
        self.set_sparse(map, real)
    }

    fn set_sparse(&mut self, map: Vec<(u64, u64)>, real: u64) -> Next {
        let mut at = 0_u64;
        for (offset, length) in &map {
            let Some(end) = offset.checked_add(*length) else {
                return Next::Damaged("a sparse map with a wild offset".to_owned());
            };
            if *offset < at || end > real {
                return Next::Damaged("a sparse map that is out of order".to_owned());
            }
            at = end;
        }
        self.member.size = real;
        self.member.sparse = Some(map);
        Next::Member
    }

    /// Shows up to 512 bytes of the content's start; nothing for sparse files.
    pub(super) fn head(&mut self) -> &[u8] {
        if self.member.sparse.is_some() {
            return &[];
        }
        let want = BLOCK.min(usize::try_from(self.content).unwrap_or(BLOCK));
        let bytes = self.stream.peek(want);
        bytes.get(..want.min(bytes.len())).unwrap_or_default()
    }

    /// Hands the content over, chunk by chunk, holes as zeros. Returns whether it was whole.
    pub(super) fn content(&mut self, mut take: impl FnMut(&[u8])) -> bool {
        let Some(map) = self.member.sparse.take() else {
            let length = self.content;
            return self.piece(length, &mut take);
        };
        let mut at = 0_u64;
        let mut whole = true;
        for (offset, length) in map {
            whole &= zeros(offset - at, &mut self.holes, &mut take);
            if !self.piece(length, &mut take) {
                return false;
            }
            at = offset + length;
        }
        whole & zeros(self.member.size - at, &mut self.holes, &mut take)
    }

    fn piece(&mut self, length: u64, take: &mut impl FnMut(&[u8])) -> bool {
        let mut left = length.min(self.content);
        let whole = left == length;
        while left > 0 {
            let bytes = self.stream.peek(1);
            let step = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let Some(chunk) = bytes.get(..step).filter(|chunk| !chunk.is_empty()) else {
                return false;
            };
            take(chunk);
            self.stream.consume(step);
            self.offset += step as u64;
            self.content -= step as u64;
            left -= step as u64;
        }
        whole
    }

    /// Returns the next block; `None` at the end of the stream, an error inside a block.
    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, ()> {
        let bytes = self.stream.peek(BLOCK);
        if bytes.is_empty() {
            return Ok(None);
        }
        let block: [u8; BLOCK] = bytes
            .get(..BLOCK)
            .and_then(|b| b.try_into().ok())
            .ok_or(())?;
        self.stream.consume(BLOCK);
        self.offset += BLOCK as u64;
        Ok(Some(block))
    }

    /// Reads the body of an extension header; `None` when it is larger than `limit`.
    fn extension(&mut self, size: u64, limit: u64) -> Result<Option<Vec<u8>>, ()> {
        let padded = size.checked_next_multiple_of(BLOCK as u64).ok_or(())?;
        if size > limit {
            self.note("an extension header larger than its limit was left out");
            return if self.skip(padded) == padded {
                Ok(None)
            } else {
                Err(())
            };
        }
        let mut body = Vec::new();
        let mut left = usize::try_from(size).map_err(|_| ())?;
        while left > 0 {
            let bytes = self.stream.peek(1);
            let chunk = bytes.get(..bytes.len().min(left)).unwrap_or_default();
            if chunk.is_empty() {
                return Err(());
            }
            body.extend_from_slice(chunk);
            let step = chunk.len();
            left -= step;
            self.stream.consume(step);
            self.offset += step as u64;
        }
        let padding = padded - size;
        if self.skip(padding) == padding {
            Ok(Some(body))
        } else {
            Err(())
        }
    }

    fn skip(&mut self, count: u64) -> u64 {
        let skipped = self.stream.skip(count);
        self.offset += skipped;
        skipped
    }

    fn truncated(&self, place: &str) -> Next {
        Next::Damaged(format!("ends early, {place}, at offset {}", self.offset))
    }

    fn note(&mut self, text: &str) {
        if self.notes.len() < 100 {
            self.notes
                .push(format!("{text} (at offset {})", self.offset));
        }
    }

    /// Reads the records of a PAX header: `LENGTH KEY=VALUE\n`.
    fn read_pax(&mut self, body: &[u8], pax: &mut Pax) {
        let mut rest = body;
        while !rest.is_empty() {
            let Some((key, value, after)) = pax_record(rest) else {
                self.note("a damaged PAX record and those after it were left out");
                return;
            };
            pax.set(key, value);
            rest = after;
        }
    }
}

impl Pax {
    fn set(&mut self, key: &[u8], value: &[u8]) {
        if value.is_empty() {
            return self.unset(key);
        }
        let text = std::str::from_utf8(value).unwrap_or("").trim();
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = text.parse().ok().or(self.size),
            b"uid" => self.uid = text.parse().ok(),
            b"gid" => self.gid = text.parse().ok(),
            b"GNU.sparse.major" => self.sparse.major = text.parse().ok().or(Some(u64::MAX)),
            b"GNU.sparse.minor" => self.sparse.minor = text.parse().ok().or(Some(u64::MAX)),
            b"GNU.sparse.name" => self.sparse.name = Some(value.to_vec()),
            b"GNU.sparse.size" => self.sparse.size = text.parse().ok(),
            b"GNU.sparse.realsize" => self.sparse.real_size = text.parse().ok(),
            b"GNU.sparse.offset" => self.sparse.pending_offset = text.parse().ok(),
            b"GNU.sparse.numbytes" => {
                if let (Some(offset), Ok(length)) =
                    (self.sparse.pending_offset.take(), text.parse::<u64>())
                    && self.sparse.map.len() < MAX_SPARSE_PIECES
                {
                    self.sparse.map.push((offset, length));
                }
            }
            b"GNU.sparse.map" => {
                let numbers: Vec<u64> = text
                    .split(',')
                    .take(MAX_SPARSE_PIECES * 2)
                    .map_while(|n| n.parse().ok())
                    .collect();
                self.sparse.map = numbers
                    .chunks_exact(2)
                    .filter_map(|pair| Some((*pair.first()?, *pair.last()?)))
                    .collect();
            }
            _ => {
                let name = key
                    .strip_prefix(b"SCHILY.xattr.")
                    .or_else(|| key.strip_prefix(b"LIBARCHIVE.xattr."));
                if let Some(name) = name
                    && self.xattr_bytes + name.len() + value.len() <= MAX_XATTR_BYTES
                {
                    self.xattr_bytes += name.len() + value.len();
                    self.xattrs.push((name.to_vec(), value.to_vec()));
                }
            }
        }
    }
}

impl Pax {
    /// Takes back a record: an empty value leaves what the header itself says (POSIX.1-2001 pax).
    fn unset(&mut self, key: &[u8]) {
        match key {
            b"path" => self.path = None,
            b"linkpath" => self.link = None,
            b"size" => self.size = None,
            b"GNU.sparse.major" => self.sparse.major = None,
            b"GNU.sparse.minor" => self.sparse.minor = None,
            b"GNU.sparse.name" => self.sparse.name = None,
            b"GNU.sparse.size" => self.sparse.size = None,
            b"GNU.sparse.realsize" => self.sparse.real_size = None,
            b"GNU.sparse.map" => self.sparse.map.clear(),
            _ => {}
        }
    }
}

impl SparsePax {
    /// Returns the map where the records really make the file a sparse one: a known version, or a
    /// map without a version. Anything else is an ordinary file, as it is for container runtimes.
    fn checked(self) -> Option<Self> {
        let is = match (self.major, self.minor) {
            (Some(0), Some(0 | 1)) | (Some(1), Some(0)) => true,
            (None, None) => !self.map.is_empty(),
            _ => false,
        };
        is.then_some(self)
    }
}

/// Splits the first record off a PAX header's body.
pub(crate) fn pax_record(body: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = body.iter().take(20).position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(body.get(..space)?).ok()?.parse().ok()?;
    let record = body.get(..length)?;
    let inner = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = inner.iter().position(|byte| *byte == b'=')?;
    Some((
        inner.get(..equals)?,
        inner.get(equals + 1..)?,
        body.get(length..)?,
    ))
}

/// Hands out a hole; beyond the bound it is left out and false is returned.
fn zeros(length: u64, used: &mut u64, take: &mut impl FnMut(&[u8])) -> bool {
    static ZEROS: [u8; 64 << 10] = [0; 64 << 10];
    if used.saturating_add(length) > MAX_HOLES {
        return false;
    }
    *used += length;
    let mut left = length;
    while left > 0 {
        let step = left.min(ZEROS.len() as u64);
        take(
            ZEROS
                .get(..usize::try_from(step).unwrap_or(0))
                .unwrap_or_default(),
        );
        left -= step;
    }
    true
}

fn read_pieces(bytes: &[u8], map: &mut Vec<(u64, u64)>) {
    for piece in bytes.chunks_exact(24) {
        let (offset, length) = piece.split_at(12);
        if piece.first() == Some(&0) {
            break;
        }
        if let (Some(offset), Some(length)) = (number(offset), number(length)) {
            map.push((offset, length));
        }
    }
}

/// Reads a numeric field: octal digits, or base 256 when the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if field.first().is_some_and(|byte| byte & 0x80 != 0) {
        let tail = field.get(field.len().checked_sub(8)?..)?;
        return Some(u64::from_be_bytes(tail.try_into().ok()?));
    }
    let mut value = 0_u64;
    let mut any = false;
    for byte in field {
        match byte {
            b'0'..=b'7' => {
                value = value.checked_mul(8)?.checked_add(u64::from(byte - b'0'))?;
                any = true;
            }
            b' ' | 0 if !any => {}
            _ => break,
        }
    }
    any.then_some(value)
}

/// Checks the header's checksum, with bytes taken as unsigned and, as old tars did, as signed.
pub(crate) fn checksum_holds(header: &[u8; BLOCK]) -> bool {
    let Some(stated) = number(header.get(148..156).unwrap_or_default()) else {
        return false;
    };
    let mut unsigned = 0_u64;
    for byte in header {
        unsigned += u64::from(*byte);
    }
    let field: u64 = header
        .iter()
        .skip(148)
        .take(8)
        .map(|byte| u64::from(*byte))
        .sum();
    let unsigned = unsigned - field + 8 * u64::from(b' ');
    if unsigned == stated {
        return true;
    }
    let signed: i64 = header
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            if (148..156).contains(&at) {
                32
            } else {
                i64::from(byte.cast_signed())
            }
        })
        .sum();
    u64::try_from(signed) == Ok(stated)
}

/// Appends the name that the header itself holds: in ustar headers, whatever their version says, a
/// prefix comes before it (POSIX.1-1988; star's is shorter).
fn short_path(header: &[u8; BLOCK], out: &mut Vec<u8>) {
    let text = |from: usize, to: usize| {
        let field = header.get(from..to).unwrap_or_default();
        let end = field
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(field.len());
        field.get(..end).unwrap_or_default()
    };
    if header.get(257..263) == Some(b"ustar\0") {
        let star = header.get(508..512) == Some(b"tar\0");
        let prefix = text(345, if star { 476 } else { 500 });
        if !prefix.is_empty() {
            out.extend_from_slice(prefix);
            out.push(b'/');
        }
    }
    out.extend_from_slice(text(0, 100));
}

fn header_byte(header: &[u8; BLOCK], at: usize) -> u8 {
    header.get(at).copied().unwrap_or(0)
}

pub(crate) fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    bytes
}
