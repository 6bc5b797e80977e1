//! The version resource of a Windows executable: `VS_VERSIONINFO` (Microsoft, "Version Information
//! Reference"), of those with managed code (ECMA-335, II.25).

use std::collections::BTreeMap;

use memchr::memmem;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;

use super::super::damage::text;
use super::super::executable::Executable;

/// The most structures of one resource that are looked at. Resources have some twenty.
const MAX_PARTS: usize = 1024;

/// Says, by its first bytes, whether a file is an executable with managed code: one whose header
/// points to a header of the Common Language Runtime.
pub(super) fn is_managed(head: &[u8]) -> bool {
    let word = |at: usize| Some(u32::from_le_bytes(*head.get(at..)?.first_chunk()?));
    let managed = || {
        if !head.starts_with(b"MZ") {
            return None;
        }
        let at = usize::try_from(word(60)?).ok()?;
        if word(at)? != u32::from_le_bytes(*b"PE\0\0") {
            return None;
        }
        let optional = at.checked_add(24)?;
        // The directories of a PE32+ file lie 16 bytes further back; this is the fifteenth.
        let directories = match word(optional)? & 0xffff {
            0x10b => optional.checked_add(96)?,
            0x20b => optional.checked_add(112)?,
            _ => return None,
        };
        word(directories.checked_add(14 * 8)?)
    };
    managed().is_some_and(|address| address != 0)
}

/// Makes a package of an assembly: its name, and the version of its resource.
pub(super) fn package(file_name: &[u8], bytes: &[u8]) -> Option<Package> {
    let executable = Executable::open_one(bytes)?;
    let strings = strings(executable.section(b".rsrc")?);
    let field = |name: &str| strings.get(name).map_or("", String::as_str);
    let version = [field("ProductVersion"), field("FileVersion")]
        .into_iter()
        .find_map(version)?;
    let named = [field("InternalName"), field("OriginalFilename")]
        .into_iter()
        .find_map(stem);
    let name = match named {
        Some(name) => name.to_owned(),
        None => text(file_name.get(..file_name.len().checked_sub(4)?)?),
    };
    if name.is_empty() {
        return None;
    }
    let mut package = Package::new(PackageKind::Nuget, name, version);
    for (property, value) in [
        ("company", field("CompanyName")),
        ("evidence", "version-resource"),
        ("file_version", field("FileVersion")),
        ("product_name", field("ProductName")),
        ("product_version", field("ProductVersion")),
    ] {
        if !value.is_empty() {
            let properties = &mut package.properties;
            properties.insert(property.to_owned(), value.to_owned());
        }
    }
    Some(package)
}

/// Returns the name of an assembly without its ending; `None` where it names none.
fn stem(name: &str) -> Option<&str> {
    let at = name.len().checked_sub(4)?;
    let (stem, end) = name.split_at_checked(at)?;
    let named = end.eq_ignore_ascii_case(".dll") || end.eq_ignore_ascii_case(".exe");
    (named && !stem.is_empty() && !stem.contains(['/', '\\', ' '])).then_some(stem)
}

/// Returns the version that a text starts with, without the revision it was built from
/// (`8.0.1+5a4f`) and without remarks behind a blank.
fn version(value: &str) -> Option<String> {
    let end = value.find(['+', ' ', ',', '(', '@']).unwrap_or(value.len());
    let version = value.get(..end)?.trim();
    let digits = version.starts_with(|c: char| c.is_ascii_digit());
    let zero = version.chars().all(|c| matches!(c, '0' | '.'));
    (digits && !zero && version.contains('.')).then(|| version.to_owned())
}

/// Returns the texts of the first version resource of a section.
///
/// A resource is nested structures, each a length, the length and type of its value, a name in
/// UTF-16 that ends with NUL, a value and structures inside; all aligned to four bytes. Texts are
/// those of the third level, below `StringFileInfo` and a table for a language.
fn strings(section: &[u8]) -> BTreeMap<String, String> {
    const NAME: &[u8] = b"V\0S\0_\0V\0E\0R\0S\0I\0O\0N\0_\0I\0N\0F\0O\0\0\0";
    let mut found = BTreeMap::new();
    let start = memmem::find(section, NAME).and_then(|at| at.checked_sub(6));
    let Some(resource) = start.and_then(|at| section.get(at..)) else {
        return found;
    };
    let Some(root) = Part::read(resource) else {
        return found;
    };
    let mut left = MAX_PARTS;
    for info in root.inside(&mut left) {
        if info.name != "StringFileInfo" {
            continue;
        }
        for table in info.inside(&mut left) {
            for field in table.inside(&mut left) {
                found.entry(field.name.clone()).or_insert(field.text());
            }
        }
    }
    found
}

/// Is one structure of the resource.
struct Part<'a> {
    name: String,
    /// What follows the name, aligned.
    body: &'a [u8],
    /// The value's length, in bytes or, of texts, in characters.
    value: usize,
    is_text: bool,
    /// The length of all.
    length: usize,
}

impl<'a> Part<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let short = |at: usize| {
            let bytes = *bytes.get(at..)?.first_chunk()?;
            Some(usize::from(u16::from_le_bytes(bytes)))
        };
        let (length, value, kind) = (short(0)?, short(2)?, short(4)?);
        let all = bytes.get(..length)?;
        let (name, used) = utf16(all.get(6..)?);
        let start = (6 + used).next_multiple_of(4);
        Some(Self {
            name,
            body: all.get(start..).unwrap_or_default(),
            value,
            is_text: kind == 1,
            length,
        })
    }

    /// Returns the structures inside, which follow the value.
    fn inside(&self, left: &mut usize) -> Vec<Self> {
        let value = if self.is_text {
            self.value * 2
        } else {
            self.value
        };
        let start = value.next_multiple_of(4);
        let mut rest = self.body.get(start..).unwrap_or_default();
        let mut all = Vec::new();
        while *left > 0
            && let Some(part) = Self::read(rest)
            && part.length > 0
        {
            *left -= 1;
            let next = part.length.next_multiple_of(4);
            rest = rest.get(next..).unwrap_or_default();
            all.push(part);
        }
        all
    }

    /// Returns the value as text. Its length is not looked at: compilers disagree on its unit.
    fn text(&self) -> String {
        let (value, _) = utf16(self.body);
        text(value.as_bytes())
    }
}

/// Reads UTF-16 up to NUL or the end; returns it and the bytes that it took, NUL included.
fn utf16(bytes: &[u8]) -> (String, usize) {
    let units = bytes.chunks_exact(2).filter_map(|pair| pair.first_chunk());
    let units: Vec<u16> = units
        .map(|pair| u16::from_le_bytes(*pair))
        .take_while(|unit| *unit != 0)
        .collect();
    (String::from_utf16_lossy(&units), 2 * (units.len() + 1))
}
