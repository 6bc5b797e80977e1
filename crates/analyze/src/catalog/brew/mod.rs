//! Homebrew: formulae and casks in its cellar.

use std::collections::BTreeMap;

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;

use super::assembly::collect_each;
use super::kit::join::{Rules, finish};
use super::kit::{Found, MIB, above, component, json, property, requirement};

/// The most formulae that one formula requires.
const MAX_DEPENDENCIES: usize = 1000;

/// The key of the note with the licence of a formula's own file.
const LICENSE_NOTE: &str = "license";

/// Catalogs formulae and casks of Homebrew.
pub struct Brew;

/// Is what a file of interest is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// `Cellar/NAME/VERSION/INSTALL_RECEIPT.json`.
    Receipt,
    /// `Cellar/NAME/VERSION/.brew/NAME.rb`.
    Formula,
    /// `Caskroom/NAME/.metadata/VERSION/TIME/Casks/NAME.rb` or `.json`.
    Cask,
}

impl Role {
    fn of(path: &[u8]) -> Option<Self> {
        let at = |back| component(path, back);
        match at(0)? {
            b"INSTALL_RECEIPT.json" if at(3) == Some(b"Cellar") => Some(Self::Receipt),
            name if name.ends_with(b".rb")
                && at(1) == Some(b".brew")
                && at(4) == Some(b"Cellar") =>
            {
                Some(Self::Formula)
            }
            _ if at(1) == Some(b"Casks")
                && at(4) == Some(b".metadata")
                && at(6) == Some(b"Caskroom") =>
            {
                Some(Self::Cask)
            }
            _ => None,
        }
    }
}

impl Analyzer for Brew {
    fn name(&self) -> &'static str {
        "language/brew"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: "Homebrew",
            reads: &[
                (
                    "Cellar/NAME/VERSION/INSTALL_RECEIPT.json",
                    "formulae with tap, architecture, what they require and whether they were asked for",
                ),
                (
                    "Cellar/NAME/VERSION/.brew/NAME.rb",
                    "their licence, where it is a literal",
                ),
                (
                    "Caskroom/NAME/.metadata/VERSION/*/Casks/*",
                    "casks, from the names of folders",
                ),
            ],
            not_read: &["Code of formulae: it is never executed."],
            certainty: "Certain: Homebrew lays its cellar out by name and version.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if !matches!(entry.path.last(), Some(b'n' | b'b')) || entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        match Role::of(entry.path) {
            Some(Role::Cask) => Want::Whole { limit: 0 },
            Some(_) => Want::Whole { limit: MIB },
            None => Want::Nothing,
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let folder = |back| {
            let bytes = component(entry.path, back).unwrap_or_default();
            String::from_utf8_lossy(bytes).into_owned()
        };
        let mut found = Found::default();
        match Role::of(entry.path) {
            Some(Role::Receipt) => {
                let stated = requirement(&folder(2), &folder(1));
                let mut package = Package::new(PackageKind::Brew, stated.name, stated.constraint);
                let receipt = json::parse(content.bytes, &mut found.damage).unwrap_or_default();
                let dependencies = json::list(&receipt, "runtime_dependencies").iter();
                for one in dependencies.take(MAX_DEPENDENCIES) {
                    let name = json::text(one, &["full_name"]);
                    // The name is that of the tap, a slash and the formula's.
                    let name = name.rsplit('/').next().unwrap_or(name);
                    if !name.is_empty() {
                        package.requires.push(vec![requirement(name, "")]);
                    }
                }
                package.requested = receipt
                    .get("installed_on_request")
                    .and_then(serde_json::Value::as_bool);
                let arch = requirement(json::text(&receipt, &["arch"]), "").name;
                package.arch = Some(arch).filter(|arch| !arch.is_empty());
                property(
                    &mut package,
                    "tap",
                    json::text(&receipt, &["source", "tap"]),
                );
                found.push(package);
            }
            Some(Role::Formula) => {
                let text = String::from_utf8_lossy(content.bytes);
                let stated = text.lines().find_map(|line| {
                    let rest = line.trim().strip_prefix("license \"")?;
                    rest.strip_suffix('"')
                });
                if let Some(stated) = stated {
                    found.note(LICENSE_NOTE, requirement(stated, "").name);
                }
            }
            Some(Role::Cask) => {
                let stated = requirement(&folder(5), &folder(3));
                let mut package = Package::new(PackageKind::Brew, stated.name, stated.constraint);
                property(&mut package, "type", "cask");
                facts.push(Fact::Package(Box::new(package)));
                return;
            }
            None => return,
        }
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let mut licenses: BTreeMap<&[u8], &str> = BTreeMap::new();
        for located in view.facts {
            if let Fact::Note { key, value } = located.fact
                && key == LICENSE_NOTE
            {
                licenses.insert(above(located.path.as_bytes(), 2), value);
            }
        }
        let mut placed = collect_each(view);
        for (path, one) in &mut placed {
            if let Some(text) = licenses.get(path.parent()) {
                one.package.licenses = vec![(*text).to_owned()];
            }
        }
        let rules = Rules {
            scope: |path| above(path, 3),
            beyond: true,
        };
        finish(placed, view, out, rules);
    }
}
