//! Go: what programs say of the modules that were built into them, and what source trees say of the
//! modules that they want. Read [`build_info`] for where it lies, [`modules`] for what it says.

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, View, Want,
};
use plimsoll_model::package::Package;

use super::damage::{Damage, state, text};
use super::executable::{self, Executable};

mod build_info;
mod manifest;
mod modules;
mod version;

pub use manifest::GoModules;

use build_info::Missing;

/// The smallest file that could be a Go program, in bytes. The smallest that Go links has some
/// 700 KiB, packed some 300 KiB.
const MIN_BYTES: u64 = 64 * 1024;

/// Catalogs the modules of Go programs.
pub struct Go;

impl Analyzer for Go {
    fn name(&self) -> &'static str {
        "language/go"
    }

    fn version(&self) -> u32 {
        2
    }

    fn about(&self) -> About {
        About {
            title: "Go",
            reads: &[(
                "ELF, PE and Mach-O programs and libraries (stripped or not)",
                "the main module, the modules built in (what a replacement replaces is a property), settings of the build, and the standard library as `stdlib` with the toolchain's version",
            )],
            not_read: &[
                "Programs packed with UPX: they would have to be unpacked first; a gap in coverage says so.",
                "Modules of programs built without modules (GOPATH, before Go 1.12): the program does not name them; the standard library is listed, and a gap in coverage says so.",
                "Position-independent programs built with Go before 1.18: their build information is filled in when they are loaded.",
                "More than the first 256 MiB of a program.",
            ],
            certainty: "Certain for modules and the standard library: the linker wrote them. The main module's own version is taken, in this order, from the build information, from a version that the linker was told to write (`-X main.version=…`), from a variable of that name, from the revision that was built; the property `version_source` says which.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File || entry.size < MIN_BYTES {
            return Want::Nothing;
        }
        match executable::recognise(entry.head) {
            Some(_) => Want::Program {
                limit: executable::MAX_BYTES,
            },
            None => Want::Nothing,
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut damage = Damage::default();
        let mut found = Vec::new();
        let mut is_go = false;
        for one in Executable::open(content.bytes) {
            match build_info::find(&one) {
                Ok(info) => {
                    is_go = true;
                    found.extend(packages(&one, info, &mut damage));
                }
                Err(Missing::Unreadable) => {
                    is_go = true;
                    damage.unsupported(|| {
                        "its build information could not be read: its modules are not known"
                            .to_owned()
                    });
                }
                Err(Missing::NotGo) => {}
            }
        }
        if !is_go && executable::is_packed(content.bytes) {
            damage.unsupported(|| "packed with UPX: what it says of itself is not read".to_owned());
        }
        if !is_go && content.truncated {
            let kept = content.bytes.len();
            damage.unsupported(|| {
                format!("only the first {kept} bytes were searched for what was built into it")
            });
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

fn packages(
    executable: &Executable<'_>,
    info: build_info::BuildInfo<'_>,
    damage: &mut Damage,
) -> Vec<Package> {
    let toolchain = text(info.toolchain);
    let content = modules::Text::parse(info.modules, damage);
    if content.main.is_none() {
        damage.unsupported(|| {
            "a Go program built without modules: which it holds is not known".to_owned()
        });
    }
    let variable = || {
        let names: [&[u8]; 3] = [b"main.version", b"main.Version", b"main.VERSION"];
        build_info::variable(executable, names).map(text)
    };
    content.packages(&toolchain, variable, damage)
}
