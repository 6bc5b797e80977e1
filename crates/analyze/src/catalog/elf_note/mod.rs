//! The package that a program or library says it came in: the ELF note `.note.package` (systemd,
//! "Package Metadata for Executable Files"; UAPI Group specification of the same name).

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use serde::Deserialize;

use super::damage::text;
use super::executable::{self, Executable, Format};

/// The smallest file that could hold a note, in bytes.
const MIN_BYTES: u64 = 1024;

/// The most of a note that is read, in bytes. Notes have some hundred.
const MAX_NOTE_BYTES: usize = 64 * 1024;

/// The note's owner and type.
const OWNER: &[u8] = b"FDO";
const TYPE: u32 = 0xcafe_1a7e;

/// Catalogs the packages that programs say they came in.
pub struct ElfNote;

impl Analyzer for ElfNote {
    fn name(&self) -> &'static str {
        "binary/elf-note"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: "ELF package notes",
            reads: &[(
                "ELF programs and libraries",
                "the package that the note .note.package names, with its type and system as properties",
            )],
            not_read: &[
                "Files of installed OS packages: the package manager's database is the better source.",
                "More than the first 256 MiB of a program.",
            ],
            certainty: "As sure as whoever built the file. Notes of OS packages (`deb`, `rpm`, `apk`) that no database knows are listed as `binary` with the property `package_type`: the file is there, but the package is not installed. The name is mostly that of the source package.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind == EntryKind::File
            && entry.size >= MIN_BYTES
            && executable::recognise(entry.head) == Some(Format::Elf)
        {
            Want::Program {
                limit: executable::MAX_BYTES,
            }
        } else {
            Want::Nothing
        }
    }

    fn read(&self, _entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let Some(executable) = Executable::open_one(content.bytes) else {
            return;
        };
        let note = executable
            .notes()
            .find(|(owner, kind, _)| *owner == OWNER && *kind == TYPE);
        // A note that cannot be read loses no package that is installed.
        let package = note.and_then(|(_, _, content)| parse(content));
        facts.extend(package.map(|one| Fact::Package(Box::new(one))));
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        executable::assemble_per_file(view, out);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    #[serde(default, rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    version: String,
    architecture: Option<String>,
    os_cpe: Option<String>,
    app_cpe: Option<String>,
    os: Option<String>,
    os_version: Option<String>,
    debug_info_url: Option<String>,
}

fn parse(content: &[u8]) -> Option<Package> {
    let content = content.get(..MAX_NOTE_BYTES).unwrap_or(content);
    let end = memchr::memchr(0, content).unwrap_or(content.len());
    let note: Note = serde_json::from_slice(content.get(..end)?).ok()?;
    let (name, version) = (text(note.name.as_bytes()), text(note.version.as_bytes()));
    if name.is_empty() {
        return None;
    }
    // A package of the system is no installed one for being named by a file.
    let kind = PackageKind::from_name(&note.kind).filter(|kind| !kind.is_os());
    let mut package = Package::new(kind.unwrap_or(PackageKind::Binary), name, version);
    package.arch = note.architecture.map(|value| text(value.as_bytes()));
    for (property, value) in [
        ("app_cpe", note.app_cpe),
        ("debug_info_url", note.debug_info_url),
        ("os", note.os),
        ("os_cpe", note.os_cpe),
        ("os_version", note.os_version),
        ("package_type", Some(note.kind)),
    ] {
        let value = value.map(|value| text(value.as_bytes()));
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            package.properties.insert(property.to_owned(), value);
        }
    }
    Some(package)
}
