//! Compiled programs and libraries: ELF, PE and Mach-O, recognised by their first bytes, with their
//! sections by name, their segments by address and their notes.
//!
//! Owns where things lie in the file, not what they mean. Built on the low-level readers of the
//! `object` crate, which look at nothing but what is asked for. All tables are hostile: what points
//! outside of the file is left out, counts are bounded, and nothing is searched twice. The formats:
//! "Tool Interface Standard: Executable and Linking Format", Microsoft's "PE Format", Apple's
//! `mach-o/loader.h` and `mach-o/fat.h`.

use object::macho::{MachHeader32, MachHeader64};
use object::pe::{ImageDosHeader, ImageNtHeaders32, ImageNtHeaders64};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, Sym};
use object::read::macho::{FatArch, MachHeader, MachOFatFile32, MachOFatFile64, Section as _};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader};
use object::{Endian, Endianness, elf, macho, pe};

mod neighbours;

pub(crate) use neighbours::{assemble_neighbours, assemble_per_file, distinct};

const MIB: u64 = 1024 * 1024;

/// The most of an executable that is looked at, in bytes. The largest Go programs have some 200 MiB;
/// what is looked for lies in front of their debugging information.
pub(crate) const MAX_BYTES: u64 = 256 * MIB;

/// The most sections and segments of one file that are looked at. Executables have some forty,
/// kernel modules some hundreds.
const MAX_PARTS: usize = 16 * 1024;

/// The most symbols that are looked at. Chromium with all its symbols has some 1,500,000.
const MAX_SYMBOLS: usize = 4_000_000;

/// The most architectures of one fat Mach-O file. A Java class file starts with the same four bytes;
/// its version, 45 or more, stands where the count does.
const MAX_ARCHITECTURES: u32 = 44;

/// Is the format of an executable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Linux and the other Unixes.
    Elf,
    /// Windows, and managed assemblies of .NET on every system.
    Pe,
    /// macOS and its kin.
    MachO,
    /// Several Mach-O files in one.
    Fat,
}

/// Recognises a linked program or library by its first bytes; object files and core dumps are none.
pub(crate) fn recognise(head: &[u8]) -> Option<Format> {
    match head {
        [0x7f, b'E', b'L', b'F', ..] => {
            let little = head.get(5) == Some(&1);
            let kind = match (head.get(16), head.get(17)) {
                (Some(low), Some(high)) if little => u16::from_le_bytes([*low, *high]),
                (Some(high), Some(low)) => u16::from_be_bytes([*high, *low]),
                _ => 0,
            };
            // ET_EXEC, ET_DYN
            matches!(kind, 2 | 3).then_some(Format::Elf)
        }
        [b'M', b'Z', ..] => Some(Format::Pe),
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => {
            Some(Format::MachO)
        }
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, a, b, c, d, ..] => {
            let count = u32::from_be_bytes([*a, *b, *c, *d]);
            (1..=MAX_ARCHITECTURES)
                .contains(&count)
                .then_some(Format::Fat)
        }
        _ => None,
    }
}

/// Says whether a program was packed with UPX, by the mark that its loader carries near the start.
pub(crate) fn is_packed(bytes: &[u8]) -> bool {
    let start = bytes.get(..4096).unwrap_or(bytes);
    memchr::memmem::find(start, b"UPX!").is_some()
}

/// Is a part of the file with a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section<'a> {
    /// The name, without the segment's for Mach-O.
    pub(crate) name: &'a [u8],
    /// The content; empty where it lies outside of the file.
    pub(crate) bytes: &'a [u8],
    /// Whether it is an ELF note.
    pub(crate) is_note: bool,
}

/// Is a part of the file that is loaded at an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    /// The virtual address of the first byte.
    pub(crate) address: u64,
    /// What is loaded there; empty where it lies outside of the file.
    pub(crate) bytes: &'a [u8],
    /// Whether the program may write there.
    pub(crate) writable: bool,
}

/// Is an executable of one architecture.
#[derive(Clone, Debug)]
pub(crate) struct Executable<'a> {
    /// The whole of it: one architecture of a fat file.
    pub(crate) bytes: &'a [u8],
    /// Its format, never [`Format::Fat`].
    pub(crate) format: Format,
    /// Whether numbers are stored with their highest byte first.
    pub(crate) big_endian: bool,
    /// Whether addresses have 64 bits.
    pub(crate) wide: bool,
    /// Its sections, in the file's order.
    pub(crate) sections: Vec<Section<'a>>,
    /// Its segments, in the file's order.
    pub(crate) segments: Vec<Segment<'a>>,
}

impl<'a> Executable<'a> {
    /// Opens a file: one executable, or each of a fat Mach-O. Empty where it is none.
    pub(crate) fn open(bytes: &'a [u8]) -> Vec<Self> {
        match recognise(bytes) {
            Some(Format::Fat) => fat(bytes),
            _ => Self::open_one(bytes).into_iter().collect(),
        }
    }

    /// Opens an executable or, what [`recognise`] leaves out, an ELF object file (a kernel module).
    pub(crate) fn open_one(bytes: &'a [u8]) -> Option<Self> {
        match bytes {
            [0x7f, b'E', b'L', b'F', 1, ..] => elf::<elf::FileHeader32<Endianness>>(bytes, false),
            [0x7f, b'E', b'L', b'F', 2, ..] => elf::<elf::FileHeader64<Endianness>>(bytes, true),
            [b'M', b'Z', ..] => {
                pe::<ImageNtHeaders64>(bytes, true).or_else(|| pe::<ImageNtHeaders32>(bytes, false))
            }
            [0xfe, 0xed, 0xfa, 0xce, ..] | [0xce, 0xfa, 0xed, 0xfe, ..] => {
                macho::<MachHeader32<Endianness>>(bytes, false)
            }
            [0xfe, 0xed, 0xfa, 0xcf, ..] | [0xcf, 0xfa, 0xed, 0xfe, ..] => {
                macho::<MachHeader64<Endianness>>(bytes, true)
            }
            _ => None,
        }
    }

    /// Returns the first section of a name.
    pub(crate) fn section(&self, name: &[u8]) -> Option<&'a [u8]> {
        let found = self.sections.iter().find(|section| section.name == name)?;
        Some(found.bytes)
    }

    /// Returns what is loaded at an address, from there to the end of its segment.
    pub(crate) fn loaded_at(&self, address: u64) -> Option<&'a [u8]> {
        self.segments.iter().find_map(|segment| {
            let offset = usize::try_from(address.checked_sub(segment.address)?).ok()?;
            let rest = segment.bytes.get(offset..)?;
            (!rest.is_empty()).then_some(rest)
        })
    }

    /// Reads the address that stands at the start of these bytes.
    pub(crate) fn pointer(&self, bytes: &[u8]) -> Option<u64> {
        match (self.wide, self.big_endian) {
            (true, false) => Some(u64::from_le_bytes(*bytes.first_chunk()?)),
            (true, true) => Some(u64::from_be_bytes(*bytes.first_chunk()?)),
            (false, false) => Some(u32::from_le_bytes(*bytes.first_chunk()?).into()),
            (false, true) => Some(u32::from_be_bytes(*bytes.first_chunk()?).into()),
        }
    }

    /// Returns the size of an address in bytes.
    pub(crate) fn pointer_bytes(&self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    /// Finds the addresses of symbols by name, in the order of `names`. ELF only: elsewhere nothing
    /// is found.
    pub(crate) fn symbols<const N: usize>(&self, names: [&[u8]; N]) -> [Option<u64>; N] {
        match (self.format, self.wide) {
            (Format::Elf, true) => {
                elf_symbols::<elf::FileHeader64<Endianness>, N>(self.bytes, names)
            }
            (Format::Elf, false) => {
                elf_symbols::<elf::FileHeader32<Endianness>, N>(self.bytes, names)
            }
            _ => None,
        }
        .unwrap_or([None; N])
    }

    /// Returns the notes of its note sections: owner, type, content.
    pub(crate) fn notes(&self) -> impl Iterator<Item = (&'a [u8], u32, &'a [u8])> {
        let big_endian = self.big_endian;
        let notes = self.sections.iter().filter(|section| section.is_note);
        notes.flat_map(move |section| Notes {
            rest: section.bytes,
            big_endian,
        })
    }
}

/// Walks the notes of one section. Owner and content are padded to four bytes; the one note that is
/// padded to eight (`NT_GNU_PROPERTY_TYPE_0`) stands alone in its section.
struct Notes<'a> {
    rest: &'a [u8],
    big_endian: bool,
}

impl<'a> Iterator for Notes<'a> {
    type Item = (&'a [u8], u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let word = |at: usize| {
            let bytes = *self.rest.get(at..)?.first_chunk()?;
            Some(if self.big_endian {
                u32::from_be_bytes(bytes)
            } else {
                u32::from_le_bytes(bytes)
            })
        };
        let (name, size, kind) = (word(0)? as usize, word(4)? as usize, word(8)?);
        let start = 12_usize.checked_add(name)?.checked_next_multiple_of(4)?;
        let end = start.checked_add(size)?;
        let owner = self.rest.get(12..12_usize.checked_add(name)?)?;
        let content = self.rest.get(start..end)?;
        let next = end.checked_next_multiple_of(4)?;
        self.rest = self.rest.get(next..).unwrap_or_default();
        let owner = owner.strip_suffix(b"\0").unwrap_or(owner);
        Some((owner, kind, content))
    }
}

/// Returns a range of the file; empty where any of it lies outside.
fn range(bytes: &[u8], offset: u64, size: u64) -> &[u8] {
    let found = usize::try_from(offset).ok().and_then(|start| {
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        bytes.get(start..end)
    });
    found.unwrap_or_default()
}

/// Returns a range of the file, or as much of it as there is: a segment of a cut file.
fn range_up_to(bytes: &[u8], offset: u64, size: u64) -> &[u8] {
    let rest = usize::try_from(offset)
        .ok()
        .and_then(|start| bytes.get(start..));
    let rest = rest.unwrap_or_default();
    usize::try_from(size)
        .ok()
        .and_then(|size| rest.get(..size))
        .unwrap_or(rest)
}

fn elf<Header: FileHeader<Endian = Endianness>>(
    bytes: &[u8],
    wide: bool,
) -> Option<Executable<'_>> {
    let header = Header::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, bytes).unwrap_or_default();
    let segments = segments.iter().take(MAX_PARTS);
    let segments = segments.filter(|one| one.p_type(endian) == elf::PT_LOAD);
    let segments = segments.map(|one| Segment {
        address: one.p_vaddr(endian).into(),
        bytes: range_up_to(
            bytes,
            one.p_offset(endian).into(),
            one.p_filesz(endian).into(),
        ),
        writable: one.p_flags(endian).contains(elf::PF_W),
    });
    let sections = header.sections(endian, bytes).unwrap_or_default();
    let named = sections.iter().take(MAX_PARTS).map(|one| Section {
        name: sections.section_name(endian, one).unwrap_or_default(),
        bytes: one
            .file_range(endian)
            .map_or(&[], |(offset, size)| range(bytes, offset, size)),
        is_note: one.sh_type(endian) == elf::SHT_NOTE,
    });
    Some(Executable {
        bytes,
        format: Format::Elf,
        big_endian: endian.is_big_endian(),
        wide,
        segments: segments.collect(),
        sections: named.collect(),
    })
}

fn elf_symbols<Header: FileHeader<Endian = Endianness>, const N: usize>(
    bytes: &[u8],
    names: [&[u8]; N],
) -> Option<[Option<u64>; N]> {
    let header = Header::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, bytes).ok()?;
    let symbols = sections.symbols(endian, bytes, elf::SHT_SYMTAB).ok()?;
    let mut found = [None; N];
    let mut missing = N;
    for symbol in symbols.iter().take(MAX_SYMBOLS) {
        if missing == 0 {
            break;
        }
        let Ok(name) = symbol.name(endian, symbols.strings()) else {
            continue;
        };
        for (wanted, slot) in names.iter().zip(&mut found) {
            if slot.is_none() && *wanted == name {
                *slot = Some(symbol.st_value(endian).into());
                missing -= 1;
            }
        }
    }
    Some(found)
}

fn pe<Headers: ImageNtHeaders>(bytes: &[u8], wide: bool) -> Option<Executable<'_>> {
    let dos = ImageDosHeader::parse(bytes).ok()?;
    let mut offset = dos.nt_headers_offset().into();
    let (headers, _) = Headers::parse(bytes, &mut offset).ok()?;
    let table = headers.sections(bytes, offset).ok()?;
    let base = headers.optional_header().image_base();
    let mut sections = Vec::new();
    let mut segments = Vec::new();
    for one in table.iter().take(MAX_PARTS) {
        let (offset, size) = one.pe_file_range();
        let flags = one.characteristics.get(object::LittleEndian);
        sections.push(Section {
            name: one.raw_name(),
            bytes: range(bytes, offset.into(), size.into()),
            is_note: false,
        });
        segments.push(Segment {
            address: base.wrapping_add(one.virtual_address.get(object::LittleEndian).into()),
            bytes: range_up_to(bytes, offset.into(), size.into()),
            writable: flags.contains(pe::IMAGE_SCN_MEM_WRITE),
        });
    }
    Some(Executable {
        bytes,
        format: Format::Pe,
        big_endian: false,
        wide,
        sections,
        segments,
    })
}

fn macho<Header: MachHeader<Endian = Endianness>>(
    bytes: &[u8],
    wide: bool,
) -> Option<Executable<'_>> {
    let header = Header::parse(bytes, 0).ok()?;
    let endian = header.endian().ok()?;
    let mut executable = Executable {
        bytes,
        format: Format::MachO,
        big_endian: endian.is_big_endian(),
        wide,
        sections: Vec::new(),
        segments: Vec::new(),
    };
    let mut commands = header.load_commands(endian, bytes, 0).ok()?;
    let mut left = MAX_PARTS;
    while let Ok(Some(command)) = commands.next() {
        left = left.saturating_sub(1);
        if left == 0 {
            break;
        }
        if let Ok(Some((segment, sections))) = command.segment_64() {
            add_macho_segment(&mut executable, segment, sections, endian);
        } else if let Ok(Some((segment, sections))) = command.segment_32() {
            add_macho_segment(&mut executable, segment, sections, endian);
        }
    }
    Some(executable)
}

fn add_macho_segment<'a, Segment: object::read::macho::Segment<Endian = Endianness>>(
    executable: &mut Executable<'a>,
    segment: &'a Segment,
    sections: &'a [u8],
    endian: Endianness,
) {
    let (offset, size) = segment.file_range(endian);
    executable.segments.push(self::Segment {
        address: segment.vmaddr(endian).into(),
        bytes: range_up_to(executable.bytes, offset, size),
        writable: segment.initprot(endian).contains(macho::VM_PROT_WRITE),
    });
    let sections = segment.sections(endian, sections).unwrap_or_default();
    let room = MAX_PARTS.saturating_sub(executable.sections.len());
    for (one, offset) in segment
        .section_offsets(endian, sections)
        .flatten()
        .take(room)
    {
        let content = one.file_range(endian, offset);
        executable.sections.push(Section {
            name: one.name(),
            bytes: content.map_or(&[], |(offset, size)| range(executable.bytes, offset, size)),
            is_note: false,
        });
    }
}

fn fat(bytes: &[u8]) -> Vec<Executable<'_>> {
    let open = |offset: u64, size: u64| Executable::open_one(range_up_to(bytes, offset, size));
    if bytes.get(3) == Some(&0xbf) {
        let Ok(file) = MachOFatFile64::parse(bytes) else {
            return Vec::new();
        };
        let all = file.arches().iter().map(FatArch::file_range);
        all.filter_map(|(offset, size)| open(offset, size))
            .collect()
    } else {
        let Ok(file) = MachOFatFile32::parse(bytes) else {
            return Vec::new();
        };
        let all = file.arches().iter().map(FatArch::file_range);
        all.filter_map(|(offset, size)| open(offset, size))
            .collect()
    }
}
