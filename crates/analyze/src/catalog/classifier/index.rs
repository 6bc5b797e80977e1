//! Says by a file's name which programs it may be, in a few nanoseconds.

use std::sync::LazyLock;

use super::ALL;
use super::program::{File, Form, Program};

/// Is the table's patterns by the byte at which names differ most.
pub(super) struct Index {
    /// Patterns by the first byte of the name, or the fourth where it starts with `lib`.
    plain: Vec<Vec<Pattern>>,
    libraries: Vec<Vec<Pattern>>,
}

/// Is one pattern of one program.
#[derive(Clone, Copy)]
struct Pattern {
    file: File,
    program: &'static Program,
}

/// The index of [`ALL`].
pub(super) static INDEX: LazyLock<Index> = LazyLock::new(Index::new);

impl Index {
    fn new() -> Self {
        let mut plain = vec![Vec::new(); 256];
        let mut libraries = vec![Vec::new(); 256];
        for program in ALL.iter().flat_map(|programs| programs.iter()) {
            for file in program.files {
                let start = file.start();
                let bucket = match start.strip_prefix(b"lib") {
                    Some(rest) => libraries.get_mut(first(rest)),
                    None => plain.get_mut(first(start)),
                };
                if let Some(bucket) = bucket {
                    bucket.push(Pattern {
                        file: *file,
                        program,
                    });
                }
            }
        }
        Self { plain, libraries }
    }

    /// Calls for each program that the file may be by its path and its first bytes.
    pub(super) fn candidates<'a>(
        &'a self,
        path: &'a [u8],
        head: &'a [u8],
    ) -> impl Iterator<Item = (&'static Program, File)> + 'a {
        let name = plimsoll_model::path::file_name(path);
        let bucket = match name.strip_prefix(b"lib") {
            Some(rest) => self.libraries.get(first(rest)),
            None => self.plain.get(first(name)),
        };
        bucket
            .into_iter()
            .flatten()
            .filter(move |pattern| pattern.file.fits(path, name))
            .filter(move |pattern| pattern.program.form.fits(head))
            .map(|pattern| (pattern.program, pattern.file))
    }
}

fn first(bytes: &[u8]) -> usize {
    bytes.first().copied().unwrap_or_default().into()
}

impl File {
    /// Returns what names that fit start with.
    fn start(self) -> &'static [u8] {
        match self {
            Self::Named(name) | Self::Versioned(name) | Self::Library(name) | Self::Jar(name) => {
                name.as_bytes()
            }
            Self::Path(path) => plimsoll_model::path::file_name(path.as_bytes()),
        }
    }

    /// Says whether a file fits, by its path and its name.
    fn fits(self, path: &[u8], name: &[u8]) -> bool {
        let Some(rest) = name.strip_prefix(self.start()) else {
            return false;
        };
        match self {
            Self::Named(_) => matches!(rest, b"" | b".exe"),
            Self::Versioned(_) => {
                let rest = rest.strip_suffix(b".exe").unwrap_or(rest);
                let rest = rest.strip_prefix(b"-").unwrap_or(rest);
                let numbered = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
                rest.iter().all(numbered) && rest.last() != Some(&b'.')
            }
            Self::Library(_) => is_library(rest),
            Self::Path(end) => {
                rest.is_empty()
                    && path
                        .strip_suffix(end.as_bytes())
                        .is_some_and(|before| matches!(before.last(), None | Some(b'/')))
            }
            Self::Jar(_) => {
                rest.first().is_some_and(u8::is_ascii_digit)
                    && (rest.ends_with(b".jar") || rest.ends_with(b".war"))
            }
        }
    }

    /// Returns the version that the file's name states, as far as it does.
    pub(super) fn hint(self, name: &[u8]) -> Vec<u8> {
        let rest = name.strip_prefix(self.start()).unwrap_or_default();
        match self {
            Self::Versioned(_) | Self::Library(_) => {
                let rest = rest.strip_prefix(b"-").unwrap_or(rest);
                let numbered = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
                let end = rest.iter().position(|byte| !numbered(byte));
                let end = end.unwrap_or(rest.len());
                let (stated, after) = rest.split_at_checked(end).unwrap_or_default();
                // What goes on with a letter is a digest, unless the library's ending follows.
                if after.first().is_some_and(|byte| *byte != b'-') && !after.starts_with(b"so") {
                    return Vec::new();
                }
                stated.strip_suffix(b".").unwrap_or(stated).to_vec()
            }
            Self::Jar(_) => rest
                .strip_suffix(b".jar")
                .or_else(|| rest.strip_suffix(b".war"))
                .unwrap_or(rest)
                .to_vec(),
            Self::Named(_) | Self::Path(_) => Vec::new(),
        }
    }

    /// Writes the pattern as the documentation shows it.
    pub(super) fn pattern(self) -> String {
        match self {
            Self::Named(name) => name.to_owned(),
            Self::Versioned(name) => format!("{name}[VERSION]"),
            Self::Library(name) => format!("{name}*.so*"),
            Self::Path(path) => path.to_owned(),
            Self::Jar(name) => format!("{name}VERSION.jar"),
        }
    }
}

/// Says whether what follows a library's stem is a version, a digest and the end of a library.
fn is_library(rest: &[u8]) -> bool {
    let middle = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b'-' | b'_');
    let Some(at) = memchr::memmem::find(rest, b".so") else {
        let dynamic = rest.strip_suffix(b".dylib").or(rest.strip_suffix(b".dll"));
        // `-x64` stands in names of Windows' libraries.
        let dynamic = dynamic.map(|rest| rest.strip_suffix(b"-x64").unwrap_or(rest));
        return dynamic.is_some_and(|rest| rest.iter().all(middle));
    };
    let (before, after) = rest.split_at(at);
    let after = after.get(3..).unwrap_or_default();
    let mut versions = after.split(|byte| *byte == b'.');
    // OpenSSL's releases have letters (`libssl.so.1.1.1k`).
    before.iter().all(middle)
        && versions.next() == Some(b"")
        && versions.all(|part| part.first().is_some_and(u8::is_ascii_digit))
}

impl Form {
    fn fits(self, head: &[u8]) -> bool {
        match self {
            Self::Native => is_native(head),
            Self::Text => !head.is_empty() && !is_native(head) && !head.starts_with(b"PK\x03\x04"),
            Self::Zip => head.starts_with(b"PK\x03\x04"),
            Self::Any => !head.is_empty(),
        }
    }
}

/// Says whether a file is ELF, PE or Mach-O by its first bytes.
fn is_native(head: &[u8]) -> bool {
    matches!(
        head,
        [0x7f, b'E', b'L', b'F', ..]
            | [b'M', b'Z', ..]
            | [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..]
            | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..]
            | [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, ..]
    )
}
