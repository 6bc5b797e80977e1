//! PHP: Composer's record of what it installed and its lock file, and PEAR's registry with the
//! extensions of PECL.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Evidence, Fact, View, Want,
};
use plimsoll_model::path::file_name;

use super::assembly::collect_each;
use super::kit::join::{ALONE, Placed, Rules, finish, join};
use super::kit::{Found, MIB, above, component};

mod composer;
mod pear;
mod serialized;

pub use serialized::unserialize;

const TITLE: &str = "PHP";

/// The key of the note that names what a project's own composer.json requires.
const REQUIRED_NOTE: &str = "required";

/// Catalogs the packages that Composer installed.
pub struct Composer;

/// Catalogs the packages of Composer's lock files.
pub struct ComposerLocks;

/// Catalogs the packages of PEAR and the extensions of PECL.
pub struct Pear;

/// Says whether a file is a project's own composer.json, not that of a package that it uses.
fn is_manifest(path: &[u8]) -> bool {
    path.ends_with(b"composer.json")
        && file_name(path) == b"composer.json"
        && !path
            .split(|byte| *byte == b'/')
            .any(|part| part == b"vendor")
}

/// Reads the names that a project's own composer.json requires.
fn read_manifest(content: Content<'_>, facts: &mut Vec<Fact>) {
    for value in composer::manifest(content.bytes) {
        facts.push(Fact::Note {
            key: REQUIRED_NOTE.to_owned(),
            value,
        });
    }
}

/// Marks the packages that the manifest of their project requires, where there is one. `project`
/// returns the project's folder of a file that states packages.
fn set_requested(view: &View<'_>, placed: &mut [Placed<'_>], project: fn(&[u8]) -> &[u8]) {
    let mut roots: BTreeMap<&[u8], BTreeSet<&str>> = BTreeMap::new();
    for located in view.facts {
        if let Fact::Note { key, value } = located.fact
            && key == REQUIRED_NOTE
        {
            let names = roots.entry(located.path.parent()).or_default();
            names.insert(value);
        }
    }
    for (path, one) in placed {
        if let Some(names) = roots.get(project(path.as_bytes())) {
            one.package.requested = Some(names.contains(one.package.name.as_str()));
        }
    }
}

impl Analyzer for Composer {
    fn name(&self) -> &'static str {
        "language/php"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: TITLE,
            reads: &[
                (
                    "vendor/composer/installed.json",
                    "packages with licences, source, what they require and what they replace; which are for \
                     development",
                ),
                (
                    "composer.json of a project",
                    "which packages were asked for; packages themselves never come from it",
                ),
            ],
            not_read: &[
                "Libraries that a distribution installs without Composer's record (Debian's \
                 /usr/share/php): the distribution's package stands for them.",
                "Composer's own phar file: it holds no record of packages that is read.",
            ],
            certainty: "Certain: it is Composer's own record.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.path.ends_with(b".json") && entry.kind == EntryKind::File {
            if entry.path.ends_with(b"/composer/installed.json") {
                return Want::Whole { limit: 32 * MIB };
            }
            if is_manifest(entry.path) {
                return Want::Whole { limit: MIB };
            }
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        if is_manifest(entry.path) {
            return read_manifest(content, facts);
        }
        let mut found = Found::default();
        composer::installed(content.bytes, &mut found);
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let mut placed = collect_each(view);
        set_requested(view, &mut placed, |path| above(path, 3));
        finish(placed, view, out, ALONE);
    }
}

impl Analyzer for ComposerLocks {
    fn name(&self) -> &'static str {
        "language/php-locks"
    }

    fn version(&self) -> u32 {
        1
    }

    fn evidence(&self) -> Evidence {
        Evidence::Declared
    }

    fn about(&self) -> About {
        About {
            title: TITLE,
            reads: &[
                (
                    "composer.lock",
                    "packages with licences, source and what they require; which are for development",
                ),
                (
                    "composer.json of a project",
                    "which packages were asked for",
                ),
            ],
            not_read: &[
                "Version ranges of composer.json: without a lock file it is unknown what they lead to.",
            ],
            certainty: "Certain: it is what Composer installs.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        if entry.path.ends_with(b"composer.lock") && file_name(entry.path) == b"composer.lock" {
            return Want::Whole { limit: 32 * MIB };
        }
        if is_manifest(entry.path) {
            return Want::Whole { limit: MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        if is_manifest(entry.path) {
            return read_manifest(content, facts);
        }
        let mut found = Found::default();
        composer::lock(content.bytes, &mut found);
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let mut placed = collect_each(view);
        set_requested(view, &mut placed, |path| above(path, 1));
        finish(placed, view, out, ALONE);
    }
}

impl Analyzer for Pear {
    fn name(&self) -> &'static str {
        "language/php-pear"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: TITLE,
            reads: &[(
                ".registry/*.reg, .registry/.channel.*/*.reg",
                "packages of PEAR and extensions of PECL with licence, channel and what they require",
            )],
            not_read: &[
                "Extensions (*.so) that stand in no registry: the files hold their version only in code, and \
                 those that PHP brings along have none of their own.",
            ],
            certainty: "Certain: it is PEAR's own record.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.path.ends_with(b".reg")
            && entry.kind == EntryKind::File
            && registry(entry.path).is_some()
        {
            return Want::Whole { limit: 4 * MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        let folder = component(entry.path, 1).unwrap_or_default();
        let channel = folder.strip_prefix(b".channel.").unwrap_or_default();
        pear::read(content.bytes, &String::from_utf8_lossy(channel), &mut found);
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let rules = Rules {
            scope: |path| registry(path).unwrap_or_default(),
            beyond: false,
        };
        join(view, out, rules);
    }
}

/// Returns the registry's folder of a package's file.
fn registry(path: &[u8]) -> Option<&[u8]> {
    match (component(path, 1)?, component(path, 2)) {
        (b".registry", _) => Some(above(path, 1)),
        (channel, Some(b".registry")) if channel.starts_with(b".channel.") => Some(above(path, 2)),
        _ => None,
    }
}
