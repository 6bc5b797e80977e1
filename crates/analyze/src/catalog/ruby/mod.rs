//! Ruby: the specifications of installed gems, and bundler's lock files. Read [`gemspec`] first.

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Evidence, Fact, View, Want,
};
use plimsoll_model::path::file_name;

use super::kit::join::{ALONE, Rules, join};
use super::kit::{Found, MIB, above, component};

mod gemspec;
mod lock;

const TITLE: &str = "Ruby";

/// Catalogs installed gems.
pub struct Gems;

/// Catalogs the gems of bundler's lock files.
pub struct GemLocks;

/// Is where a gemspec lies, which says what it proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// `specifications/`: `RubyGems` wrote it when it installed the gem.
    Installed,
    /// `specifications/default/`: it came with Ruby.
    Default,
    /// `bundler/gems/REPOSITORY-REVISION/`: bundler checked a repository out; a person wrote it.
    Checkout,
}

impl Place {
    fn of(path: &[u8]) -> Option<Self> {
        if !path.ends_with(b".gemspec") {
            return None;
        }
        match (component(path, 1)?, component(path, 2), component(path, 3)) {
            (b"specifications", _, _) => Some(Self::Installed),
            (b"default", Some(b"specifications"), _) => Some(Self::Default),
            (_, Some(b"gems"), Some(b"bundler")) => Some(Self::Checkout),
            _ => None,
        }
    }
}

impl Analyzer for Gems {
    fn name(&self) -> &'static str {
        "language/ruby"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: TITLE,
            reads: &[
                (
                    "specifications/*.gemspec, also below Debian's rubygems-integration and vendor/bundle",
                    "installed gems with platform, licences, home page and what they require",
                ),
                (
                    "specifications/default/*.gemspec",
                    "gems that came with Ruby; the property `default` says so",
                ),
                (
                    "bundler/gems/*/*.gemspec",
                    "gems that bundler checked out of a repository, with its revision",
                ),
            ],
            not_read: &[
                "Gemspecs elsewhere, as in a gem's own sources: they state nothing that is installed.",
                "Code of a gemspec: it is never executed, so a version that is computed stays unknown and is \
                 taken from the file's name where that holds one.",
            ],
            certainty: "Certain for gems that RubyGems installed: it wrote name and version itself. A gem \
                        checked out by bundler may have no version.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.path.ends_with(b".gemspec")
            && entry.kind == EntryKind::File
            && Place::of(entry.path).is_some()
        {
            return Want::Whole { limit: 4 * MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let Some(place) = Place::of(entry.path) else {
            return;
        };
        let mut found = Found::default();
        let stem = entry.file_name().strip_suffix(b".gemspec");
        let stem = String::from_utf8_lossy(stem.unwrap_or_default());
        let checkout = match place {
            Place::Checkout => component(entry.path, 1),
            Place::Installed | Place::Default => None,
        };
        match gemspec::read(content.bytes, &stem, checkout) {
            Some(mut package) => {
                if place == Place::Default {
                    let properties = &mut package.properties;
                    properties.insert("default".to_owned(), "true".to_owned());
                }
                found.push(package);
            }
            None => found
                .damage
                .note(|| "states no name and version, nor does the file's name".to_owned()),
        }
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        // Gems see those of their own folder first, then all on the search path.
        let rules = Rules {
            scope: |path| match Place::of(path) {
                Some(Place::Installed) => above(path, 2),
                _ => above(path, 3),
            },
            beyond: true,
        };
        join(view, out, rules);
    }
}

impl Analyzer for GemLocks {
    fn name(&self) -> &'static str {
        "language/ruby-locks"
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
            reads: &[(
                "Gemfile.lock, gems.locked",
                "gems of registries, repositories and folders, per platform; what they require, which were \
                 asked for, and the bundler that wrote the file",
            )],
            not_read: &["Gemfile and gemspecs of sources: they are programs and are not executed."],
            certainty: "Certain: it is what bundler installs.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind == EntryKind::File
            && entry
                .path
                .last()
                .is_some_and(|last| matches!(last, b'k' | b'd'))
            && matches!(file_name(entry.path), b"Gemfile.lock" | b"gems.locked")
        {
            return Want::Whole { limit: 16 * MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        lock::read(content.bytes, &mut found);
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        join(view, out, ALONE);
    }
}
