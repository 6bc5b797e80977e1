//! Lua rocks: the rockspecs that `LuaRocks` keeps of what it installed.

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;

use super::kit::join::{Rules, join};
use super::kit::{Found, MIB, above, component, license, property, requirement};

mod literal;

pub use literal::assignments;

/// The most rocks that one rock requires.
const MAX_DEPENDENCIES: usize = 1000;

/// Catalogs installed rocks.
pub struct Lua;

impl Analyzer for Lua {
    fn name(&self) -> &'static str {
        "language/lua"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: "Lua (LuaRocks)",
            reads: &[(
                "rocks*/NAME/VERSION/*.rockspec",
                "installed rocks with licence, source and what they require",
            )],
            not_read: &[
                "Rockspecs elsewhere, as in sources: they state nothing that is installed.",
                "Code of a rockspec: it is never executed, only literals are read.",
            ],
            certainty: "Certain: LuaRocks lays the rock's tree out by name and version, and these win over \
                        what the rockspec says.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.path.ends_with(b".rockspec")
            && entry.kind == EntryKind::File
            && component(entry.path, 3)
                .is_some_and(|tree| tree == b"rocks" || tree.starts_with(b"rocks-"))
        {
            return Want::Whole { limit: MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let (Some(name), Some(version)) = (component(entry.path, 2), component(entry.path, 1))
        else {
            return;
        };
        let mut found = Found::default();
        let spec = assignments(content.bytes);
        let stated = requirement(
            &String::from_utf8_lossy(name),
            &String::from_utf8_lossy(version),
        );
        let mut package = Package::new(PackageKind::Luarocks, stated.name, stated.constraint);
        license(&mut package, spec.text(&["description", "license"]));
        let homepage = spec.text(&["description", "homepage"]);
        property(&mut package, "homepage", homepage);
        property(&mut package, "source", spec.text(&["source", "url"]));
        let wanted = spec.get("dependencies").map(literal::Value::texts);
        for wanted in wanted.unwrap_or_default().iter().take(MAX_DEPENDENCIES) {
            let end = wanted.find([' ', '\t', '=', '<', '>', '~']);
            let (name, constraint) = wanted.split_at(end.unwrap_or(wanted.len()));
            // Lua itself is no rock.
            if !name.is_empty() && name != "lua" {
                package.requires.push(vec![requirement(name, constraint)]);
            }
        }
        found.push(package);
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let rules = Rules {
            scope: |path| above(path, 3),
            beyond: true,
        };
        join(view, out, rules);
    }
}
