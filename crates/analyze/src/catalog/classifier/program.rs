//! What an entry of the table says: which files may be a program, and where its version stands in
//! their bytes.

use super::version::{Shape, numbers};

/// Is one program of the table.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The name of the package, and of its purl (`pkg:generic/NAME@VERSION`).
    pub name: &'static str,
    /// Vendor and product as the CPE dictionary has them (`haxx:curl`); empty where it has none.
    pub cpe: &'static str,
    /// Whether a real program was read with this entry and its version compared with that of the
    /// package it came from. Where not, the entry is as the program's sources and other scanners'
    /// descriptions have it; in the documentation such a program is marked.
    pub met: bool,
    /// Which files may be it.
    pub files: &'static [File],
    /// What the first bytes of those files must be.
    pub form: Form,
    /// Where the version stands, the surest first: what an earlier rule finds wins over a later one.
    pub rules: &'static [Rule],
    /// Bytes that must be recognised, and bytes that must not.
    pub samples: &'static [Sample],
}

/// Is a pattern of file names. `.exe` at a name's end is overlooked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// Exactly this name (`nginx`).
    Named(&'static str),
    /// This name, alone or followed by a version (`python`, `python3`, `python3.11`, `gcc-12`).
    Versioned(&'static str),
    /// A shared library: this stem, perhaps a version or the digest that bundlers put there, and
    /// `.so`, `.so.3`, `.dylib` or `.dll` (`libssl.so.3`, `libssl-81ffa89e.so.1.1`).
    Library(&'static str),
    /// The end of the path, whole components of it (`wp-includes/version.php`).
    Path(&'static str),
    /// An archive with its version in the name: what stands before the version (`kafka_2.13-`).
    Jar(&'static str),
}

/// Is the form that a file's first bytes must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// ELF, PE or Mach-O.
    Native,
    /// Anything that is not [`Form::Native`] and not an archive: scripts and text.
    Text,
    /// A ZIP archive.
    Zip,
    /// Anything: several of the above.
    Any,
}

/// Says where a version stands.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The literal bytes that are searched. Empty with [`Place::Name`].
    pub anchor: &'static [u8],
    /// Where the version stands, seen from the anchor.
    pub place: Place,
    /// What the version looks like.
    pub shape: Shape,
    /// What must stand at the version's other side: after it, or before it with
    /// [`Place::Before`]. Any of these; empty for anything that does not go on with the version.
    pub beyond: &'static [&'static [u8]],
    /// The program's name where it is another one than the entry's (`libressl` in `openssl`).
    pub name: &'static str,
    /// Vendor and product of that other program.
    pub cpe: &'static str,
}

/// Says where a version stands, seen from its anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Right after it; NUL bytes between them are overlooked.
    After,
    /// Right before it; NUL bytes between them are overlooked.
    Before,
    /// The first string between NUL bytes that is a version, at most this many bytes after it.
    Next(u16),
    /// The last string between NUL bytes that is a version, at most this many bytes before it.
    Previous(u16),
    /// Before what builds number themselves by: a host's name (`buildkitsandbox`, twelve
    /// hexadecimal digits) and a dash, or neither, ten digits of the time, and the anchor
    /// (`4.0.11841ce7054bd9-1542359302000000000`).
    Built,
    /// The first of the strings right before the anchor that are versions one after the other.
    Row,
    /// The anchor is the beginning of Go's own version, NUL bytes end it, and the first string after
    /// that which is a version counts: there the linker puts the strings that it is told to set.
    Linked,
    /// The anchor is the version's own beginning, and the version a whole string between NUL bytes.
    /// An anchor that starts with a digit follows anything that is no text.
    /// Of several in a file, the one that agrees with the version in the file's name counts.
    Alone,
    /// The anchor is the beginning of a version of five digits, the last four of them two numbers
    /// (`20914` is 2.9.14), and a NUL follows.
    Packed,
    /// Right after the anchor, which is the file's beginning.
    First,
    /// In the file's name.
    Name,
}

/// Is a file's content that tests the entry: the bytes around the anchor, out of a real program or
/// written as its sources and other scanners' descriptions have it. [`Program::met`] says whether a
/// real program was read.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Where the file lies.
    pub path: &'static str,
    /// Its bytes. Tests put a head of the entry's form before them.
    pub bytes: &'static [u8],
    /// Name and version that are found (`curl 8.5.0`); empty where nothing must be.
    pub found: &'static str,
}

/// Writes a rule: the version stands right after the anchor.
pub(super) const fn after(anchor: &'static [u8], shape: Shape) -> Rule {
    rule(anchor, Place::After, shape)
}

/// Writes a rule: the version stands right before the anchor.
pub(super) const fn before(anchor: &'static [u8], shape: Shape) -> Rule {
    rule(anchor, Place::Before, shape)
}

/// Writes a rule: the version is the next string of that shape after the anchor.
pub(super) const fn next(anchor: &'static [u8], within: u16, shape: Shape) -> Rule {
    rule(anchor, Place::Next(within), shape)
}

/// Writes a rule: the version is the last string of that shape before the anchor.
pub(super) const fn previous(anchor: &'static [u8], within: u16, shape: Shape) -> Rule {
    rule(anchor, Place::Previous(within), shape)
}

/// Writes a rule: the version is a string of its own that starts with the anchor.
pub(super) const fn alone(anchor: &'static [u8], shape: Shape) -> Rule {
    rule(anchor, Place::Alone, shape)
}

/// Writes a rule: the version stands before the name of the host that built it, and the time.
pub(super) const fn built(anchor: &'static [u8], shape: Shape) -> Rule {
    rule(anchor, Place::Built, shape)
}

/// Writes a rule: the version is the first of several right before the anchor.
pub(super) const fn row(anchor: &'static [u8], shape: Shape) -> Rule {
    rule(anchor, Place::Row, shape)
}

/// Writes a rule: the version was set by Go's linker.
pub(super) const fn linked() -> Rule {
    rule(b"go1.", Place::Linked, numbers(3, 3).any())
}

/// Writes a rule: the version is written as one number of five digits that starts with the anchor.
pub(super) const fn packed(anchor: &'static [u8]) -> Rule {
    rule(anchor, Place::Packed, numbers(3, 3))
}

/// Writes a rule: the file starts with the anchor, and the version stands right after it.
pub(super) const fn first(anchor: &'static [u8], shape: Shape) -> Rule {
    rule(anchor, Place::First, shape)
}

/// Writes a rule: the version stands in the file's name.
pub(super) const fn in_name(shape: Shape) -> Rule {
    rule(b"", Place::Name, shape)
}

const fn rule(anchor: &'static [u8], place: Place, shape: Shape) -> Rule {
    Rule {
        anchor,
        place,
        shape,
        beyond: &[],
        name: "",
        cpe: "",
    }
}

impl Rule {
    /// Asks for what must stand at the version's other side.
    pub(super) const fn beyond(mut self, beyond: &'static [&'static [u8]]) -> Self {
        self.beyond = beyond;
        self
    }

    /// States another program than the entry's.
    pub(super) const fn names(mut self, name: &'static str, cpe: &'static str) -> Self {
        self.name = name;
        self.cpe = cpe;
        self
    }
}

/// Writes a sample that must be recognised.
pub(super) const fn hit(path: &'static str, bytes: &'static [u8], found: &'static str) -> Sample {
    Sample { path, bytes, found }
}

/// Writes a sample that must not be recognised.
pub(super) const fn miss(path: &'static str, bytes: &'static [u8]) -> Sample {
    Sample {
        path,
        bytes,
        found: "",
    }
}
