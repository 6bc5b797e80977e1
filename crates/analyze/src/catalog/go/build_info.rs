//! Finding Go's build information in an executable: the toolchain's version and the text that names
//! the modules. The form is that of Go's `debug/buildinfo` and `cmd/link` (`data.go`, `buildinfo`).

use memchr::memmem;

use super::super::executable::{Executable, Format};

/// Starts the information; aligned to 16 bytes.
const MAGIC: &[u8] = b"\xff Go buildinf:";

/// The size of the header, and its alignment's multiple.
const HEADER_BYTES: usize = 32;

/// Guards the module text on both ends.
const GUARD_BYTES: usize = 16;

/// The most of the version and of the module text that is kept, in bytes. Programs of a thousand
/// modules have some 100 KiB.
const MAX_STRING_BYTES: u64 = 16 * 1024 * 1024;

/// The most marks that are tried: programs that look for the mark hold it themselves.
const MAX_TRIES: usize = 64;

/// Is the build information of an executable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BuildInfo<'a> {
    /// The toolchain (`go1.22.1 X:boringcrypto`).
    pub(super) toolchain: &'a [u8],
    /// The module text; empty where the program was built without modules.
    pub(super) modules: &'a [u8],
}

/// Says why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// It is no Go program.
    NotGo,
    /// It is one, and its information points to nothing: position-independent programs of Go before
    /// 1.18, whose pointers are filled in when they are loaded, or damage.
    Unreadable,
}

/// Finds the build information: in the section of its name, else at the start of the data that the
/// program writes to.
pub(super) fn find<'a>(executable: &Executable<'a>) -> Result<BuildInfo<'a>, Missing> {
    let name: &[u8] = match executable.format {
        Format::Elf => b".go.buildinfo",
        _ => b"__go_buildinfo",
    };
    let named = executable.section(name).filter(|bytes| !bytes.is_empty());
    let mut missing = Missing::NotGo;
    let places = named.into_iter().chain(data(executable));
    for place in places {
        for at in memmem::find_iter(place, MAGIC).take(MAX_TRIES) {
            let Some(blob) = place.get(at..).filter(|_| at.is_multiple_of(16)) else {
                continue;
            };
            if let Some(found) = read(executable, blob) {
                return Ok(found);
            }
            missing = Missing::Unreadable;
        }
        if missing == Missing::Unreadable {
            break;
        }
    }
    if missing == Missing::NotGo
        && let Some(toolchain) = by_symbol(executable)
    {
        return Ok(BuildInfo {
            toolchain,
            modules: &[],
        });
    }
    Err(missing)
}

/// Returns what the program writes to: the information lies there, also where sections have no names.
fn data<'a>(executable: &Executable<'a>) -> impl Iterator<Item = &'a [u8]> {
    let segments = executable.segments.iter();
    segments.filter(|one| one.writable).map(|one| one.bytes)
}

fn read<'a>(executable: &Executable<'a>, blob: &'a [u8]) -> Option<BuildInfo<'a>> {
    let pointer_bytes = usize::from(*blob.get(14)?);
    let flags = *blob.get(15)?;
    let (toolchain, modules) = if flags & 2 != 0 {
        // Since Go 1.18: both texts follow the header, each behind its length.
        let (toolchain, rest) = inline(blob.get(HEADER_BYTES..)?)?;
        let (modules, _) = inline(rest)?;
        (toolchain, modules)
    } else {
        // Before: pointers to two Go strings, each a pointer and a length.
        let layout = Executable {
            big_endian: flags & 1 != 0,
            wide: pointer_bytes == 8,
            ..executable.clone()
        };
        if !matches!(pointer_bytes, 4 | 8) {
            return None;
        }
        let string = |at: usize| {
            let header = layout.loaded_at(layout.pointer(blob.get(at..)?)?)?;
            go_string(&layout, header)
        };
        let toolchain = string(16)?;
        (toolchain, string(16 + pointer_bytes).unwrap_or_default())
    };
    if !(toolchain.starts_with(b"go") || toolchain.starts_with(b"devel")) {
        return None;
    }
    let end = modules.len().saturating_sub(GUARD_BYTES);
    let text = modules.get(GUARD_BYTES..end).unwrap_or_default();
    let modules = if text.ends_with(b"\n") { text } else { &[] };
    Some(BuildInfo { toolchain, modules })
}

/// Reads a Go string: an address and a length.
fn go_string<'a>(executable: &Executable<'a>, header: &[u8]) -> Option<&'a [u8]> {
    let address = executable.pointer(header)?;
    let length = executable.pointer(header.get(executable.pointer_bytes()..)?)?;
    if length == 0 || length > MAX_STRING_BYTES {
        return None;
    }
    executable
        .loaded_at(address)?
        .get(..usize::try_from(length).ok()?)
}

/// Reads a text behind its length, a varint of at most ten bytes; returns it and what follows.
fn inline(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        length |= u64::from(byte & 0x7f).checked_shl(7 * u32::try_from(index).ok()?)?;
        if byte & 0x80 == 0 {
            if length > MAX_STRING_BYTES {
                return None;
            }
            return bytes
                .get(index + 1..)?
                .split_at_checked(usize::try_from(length).ok()?);
        }
    }
    None
}

/// Reads the toolchain of a program of Go before 1.13, which has no build information, by the name
/// of the variable that holds it.
fn by_symbol<'a>(executable: &Executable<'a>) -> Option<&'a [u8]> {
    let go = [&b".gopclntab"[..], b".note.go.buildid"];
    if !go.iter().any(|name| executable.section(name).is_some()) {
        return None;
    }
    let toolchain = variable(executable, [b"runtime.buildVersion"])?;
    toolchain.starts_with(b"go1").then_some(toolchain)
}

/// Reads the first of these variables that exists and is a text: programs with symbols (ELF).
pub(super) fn variable<'a, const N: usize>(
    executable: &Executable<'a>,
    names: [&[u8]; N],
) -> Option<&'a [u8]> {
    let found = executable.symbols(names);
    found.into_iter().flatten().find_map(|address| {
        let header = executable.loaded_at(address)?;
        go_string(executable, header)
    })
}
