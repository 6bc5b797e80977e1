//! .NET: what applications and assemblies say of the NuGet packages that they came from, and what
//! source trees want. Read [`deps`] for `*.deps.json`, [`resource`] for the version that an assembly
//! carries, [`locks`] for lock files and projects.

use std::collections::{HashMap, HashSet};

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, View, Want,
};
use plimsoll_model::path::{ImagePath, file_name, parent};
use plimsoll_model::text::escape_bytes;

use super::assembly::collect_each;
use super::damage::{Damage, report};
use super::executable::assemble_neighbours;

mod deps;
mod locks;
mod resource;

pub use locks::DotnetLocks;

const MIB: u64 = 1024 * 1024;

/// Is the key of the note that holds the files which a `*.deps.json` states, one on a line.
const FILES_NOTE: &str = "files";

/// The most folders above an assembly in which a `*.deps.json` is looked for.
const MAX_FOLDERS: usize = 64;

/// Catalogs the NuGet packages of .NET applications.
pub struct Dotnet;

impl Analyzer for Dotnet {
    fn name(&self) -> &'static str {
        "language/dotnet"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: ".NET",
            reads: &[
                (
                    "*.deps.json",
                    "the application, packages with files at run time, runtime packs and shared frameworks, with their dependencies",
                ),
                (
                    "*.dll, *.exe with managed code",
                    "name and version of an assembly that no *.deps.json states",
                ),
            ],
            not_read: &[
                "Packages of a *.deps.json without files at run time (analyzers, build tools, packages that only require others): nothing of them is there.",
                "Applications published as a single file: their assemblies and *.deps.json lie inside the program.",
                "Libraries of Windows without managed code: they are no NuGet packages.",
            ],
            certainty: "Certain for *.deps.json. The version resource of an assembly is written by whoever built it: the name is the assembly's, which mostly is the package's (property `evidence`).",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        match entry.path.last() {
            Some(b'n') if entry.path.ends_with(b".deps.json") => Want::Whole { limit: 32 * MIB },
            Some(b'l' | b'L' | b'e' | b'E')
                if is_assembly(entry.path) && resource::is_managed(entry.head) =>
            {
                Want::Whole { limit: 64 * MIB }
            }
            _ => Want::Nothing,
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        if entry.path.ends_with(b".deps.json") {
            let mut damage = Damage::default();
            let stated = deps::parse(content.bytes, &mut damage);
            if !stated.files.is_empty() {
                facts.push(Fact::Note {
                    key: FILES_NOTE.to_owned(),
                    value: stated.files.join("\n"),
                });
            }
            let packages = stated.packages.into_iter().map(Box::new);
            facts.extend(packages.map(Fact::Package));
            report(entry, content, damage.finish(), facts);
        } else if !content.truncated {
            // A resource that cannot be read names no package: many assemblies carry none.
            let found = resource::package(file_name(entry.path), content.bytes);
            facts.extend(found.map(|one| Fact::Package(Box::new(one))));
        }
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let mut stated: HashMap<&[u8], HashSet<&str>> = HashMap::new();
        for located in view.facts {
            if let Fact::Note { key, value } = located.fact
                && key == FILES_NOTE
            {
                let folder = stated.entry(located.path.parent()).or_default();
                folder.extend(value.lines());
            }
        }
        let is_stated = |path: &ImagePath| {
            let name = escape_bytes(path.file_name()).to_ascii_lowercase();
            let mut folder = path.parent();
            for _ in 0..MAX_FOLDERS {
                if stated
                    .get(folder)
                    .is_some_and(|files| files.contains(name.as_str()))
                {
                    return true;
                }
                if folder.is_empty() {
                    break;
                }
                folder = parent(folder);
            }
            false
        };
        let found = collect_each(view)
            .into_iter()
            .filter(|(path, _)| !is_assembly(path.as_bytes()) || !is_stated(path));
        assemble_neighbours(found.collect(), view, out);
    }
}

/// Says whether a file is named as an assembly; satellites hold nothing but translations.
fn is_assembly(path: &[u8]) -> bool {
    let Some((rest, end)) = path.split_last_chunk::<4>() else {
        return false;
    };
    let named = end.eq_ignore_ascii_case(b".dll") || end.eq_ignore_ascii_case(b".exe");
    named && !rest.ends_with(b".resources")
}
