//! Rust: the crates that `cargo auditable` names in a program, and `Cargo.lock`. Read [`audit`] for
//! the section in the program and [`lock`] for the lock file.

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, View, Want,
};

use super::damage::{Damage, state};
use super::executable::{self, Executable};

mod audit;
mod lock;

pub use lock::RustLocks;

/// The smallest file that could be a Rust program, in bytes.
const MIN_BYTES: u64 = 4 * 1024;

/// Catalogs the crates of Rust programs.
pub struct Rust;

impl Analyzer for Rust {
    fn name(&self) -> &'static str {
        "language/rust"
    }

    fn version(&self) -> u32 {
        2
    }

    fn about(&self) -> About {
        About {
            title: "Rust",
            reads: &[(
                "ELF, PE and Mach-O programs and libraries, WebAssembly modules",
                "the crates built in, with their dependencies, from the section `.dep-v0` that cargo auditable writes",
            )],
            not_read: &[
                "Programs that were built without cargo auditable: they do not name their crates.",
                "The standard library's version: the section does not state it.",
                "More than the first 256 MiB of a program.",
            ],
            certainty: "Certain: cargo itself resolved what was built in. Crates that ran only while the program was built are marked with the property `scope: build`.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File || entry.size < MIN_BYTES {
            return Want::Nothing;
        }
        let found = executable::recognise(entry.head).is_some() || audit::is_wasm(entry.head);
        if found {
            Want::Program {
                limit: executable::MAX_BYTES,
            }
        } else {
            Want::Nothing
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut damage = Damage::default();
        let mut found = Vec::new();
        let sections: Vec<&[u8]> = if audit::is_wasm(content.bytes) {
            audit::wasm_section(content.bytes).into_iter().collect()
        } else {
            let all = Executable::open(content.bytes);
            let named =
                |one: &Executable<'_>| one.sections.iter().any(|s| s.name == audit::SECTION);
            // A section that lies beyond the end of a cut file is there, and empty.
            if content.truncated && all.iter().any(named) {
                damage.unsupported(|| {
                    "too large: the list of its crates may lie beyond what was read".to_owned()
                });
            }
            let bytes = all.iter().filter_map(|one| one.section(audit::SECTION));
            bytes.filter(|bytes| !bytes.is_empty()).collect()
        };
        for section in sections {
            found.extend(audit::packages(section, &mut damage));
        }
        // Several architectures in one file mostly hold the same.
        let found = executable::distinct(found).into_iter();
        facts.extend(found.map(|one| Fact::Package(Box::new(one))));
        state(entry, damage.finish(), facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        executable::assemble_per_file(view, out);
    }
}
