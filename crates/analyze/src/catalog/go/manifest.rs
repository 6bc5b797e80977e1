//! Go's manifests of source trees: `go.mod`, `go.sum` and `vendor/modules.txt` (Go Modules Reference,
//! "go.mod files", "go.sum files", "Vendoring").

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Evidence, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement};
use plimsoll_model::path::{ImagePath, file_name, parent};

use super::super::assembly::{Installed, collect_each, hand_over, set_dependencies, set_purls};
use super::super::budget::Budget;
use super::super::damage::{Damage, report, text};
use super::super::requirement::MAX_REQUIREMENTS;
use super::modules::{is_folder, standard_library};

const MIB: u64 = 1024 * 1024;

/// Is the key of the note that a `go.mod` leaves whose modules its author's Go did not list in full.
const PARTIAL_NOTE: &str = "partial";

/// Catalogs the modules that Go source trees want.
pub struct GoModules;

/// Is what a file of interest is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Manifest,
    Sums,
    Vendored,
}

impl Role {
    fn of(path: &[u8]) -> Option<Self> {
        match file_name(path) {
            b"go.mod" => Some(Self::Manifest),
            b"go.sum" => Some(Self::Sums),
            b"modules.txt" if file_name(parent(path)) == b"vendor" => Some(Self::Vendored),
            _ => None,
        }
    }

    /// Returns the folder of the module that a file belongs to.
    fn root(self, path: &ImagePath) -> &[u8] {
        match self {
            Self::Vendored => parent(path.parent()),
            _ => path.parent(),
        }
    }
}

impl Analyzer for GoModules {
    fn name(&self) -> &'static str {
        "language/go-modules"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: "Go",
            reads: &[
                (
                    "go.mod",
                    "required modules, replacements, the module itself, and the standard library where a toolchain is named",
                ),
                (
                    "go.sum",
                    "modules that a go.mod of Go before 1.17 does not list, each in its highest version",
                ),
                ("vendor/modules.txt", "modules copied into the source tree"),
            ],
            not_read: &[
                "The `go` line as the standard library's version: it names the oldest Go that will do.",
                "go.work: it lists folders, each with a go.mod of its own.",
                "Which module requires which: only the module's own direct requirements are stated.",
            ],
            certainty: "Certain for go.mod of Go 1.17 and later and for vendor/modules.txt. A go.sum may name modules that are no longer used.",
        }
    }

    fn evidence(&self) -> Evidence {
        Evidence::Declared
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File || !matches!(entry.path.last(), Some(b'd' | b'm' | b't')) {
            return Want::Nothing;
        }
        match Role::of(entry.path) {
            Some(_) => Want::Whole { limit: 16 * MIB },
            None => Want::Nothing,
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut damage = Damage::default();
        let found = match Role::of(entry.path) {
            Some(Role::Manifest) => {
                let manifest = Manifest::parse(content.bytes, &mut damage);
                if manifest.is_partial() {
                    facts.push(Fact::Note {
                        key: PARTIAL_NOTE.to_owned(),
                        value: manifest.go.clone(),
                    });
                }
                manifest.packages(&mut damage)
            }
            Some(Role::Sums) => parse_sums(content.bytes, &mut damage),
            Some(Role::Vendored) => parse_vendored(content.bytes, &mut damage),
            None => return,
        };
        facts.extend(found.into_iter().map(|one| Fact::Package(Box::new(one))));
        report(entry, content, damage.finish(), facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let mut manifests: BTreeSet<&[u8]> = BTreeSet::new();
        let mut partial: BTreeSet<&[u8]> = BTreeSet::new();
        let mut vendored: BTreeSet<&[u8]> = BTreeSet::new();
        for located in view.facts {
            let Some(role) = Role::of(located.path.as_bytes()) else {
                continue;
            };
            let root = role.root(located.path);
            match (role, located.fact) {
                (Role::Manifest, Fact::Note { key, .. }) if key == PARTIAL_NOTE => {
                    partial.insert(root);
                }
                (Role::Manifest, Fact::Package(_)) => {
                    manifests.insert(root);
                }
                (Role::Vendored, Fact::Package(_)) => {
                    vendored.insert(root);
                }
                _ => {}
            }
        }
        let all = collect_each(view);
        // What go.mod states itself. The other files complete it.
        let stated: BTreeSet<(&[u8], String)> = all
            .iter()
            .filter(|(path, _)| Role::of(path.as_bytes()) == Some(Role::Manifest))
            .map(|(path, one)| (path.parent(), one.fact.name.clone()))
            .collect();
        let mut roots: Vec<&[u8]> = Vec::new();
        let mut installed: Vec<Installed<'_>> = Vec::new();
        for (path, one) in all {
            let Some(role) = Role::of(path.as_bytes()) else {
                continue;
            };
            let root = role.root(path);
            let counts = match role {
                Role::Sums => partial.contains(root) && !vendored.contains(root),
                Role::Manifest | Role::Vendored => true,
            };
            let twice =
                || role != Role::Manifest && stated.contains(&(root, one.fact.name.clone()));
            if counts && !twice() {
                roots.push(root);
                installed.push(one);
            }
        }
        set_purls(&mut installed, view.distro);
        let mut index: BTreeMap<(&[u8], &str), usize> = BTreeMap::new();
        for (at, (root, one)) in roots.iter().zip(&installed).enumerate() {
            index.entry((root, &one.fact.name)).or_insert(at);
        }
        let found = roots.iter().zip(&installed).map(|(root, one)| {
            let wanted = one.fact.requires.iter().flatten();
            wanted
                .filter_map(|wanted| index.get(&(*root, wanted.name.as_str())).copied())
                .collect()
        });
        let found = found.collect();
        set_dependencies(&mut installed, found);
        hand_over(installed, out);
    }
}

/// Is what a `go.mod` says.
#[derive(Debug, Default)]
struct Manifest {
    module: String,
    go: String,
    toolchain: String,
    /// Path, version, whether it is required directly.
    required: Vec<(String, String, bool)>,
    /// Path, version or empty for all, and what replaces it: path, version or empty for a folder.
    replaced: Vec<(String, String, String, String)>,
}

impl Manifest {
    /// Reads the file: directives, one on a line or several in parentheses.
    fn parse(bytes: &[u8], damage: &mut Damage) -> Self {
        let mut all = Self::default();
        let mut block = String::new();
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let line = text(line);
            let (code, comment) = match line.find("//") {
                Some(at) => line.split_at_checked(at).unwrap_or((&line, "")),
                None => (line.as_str(), ""),
            };
            let mut words: Vec<&str> = code.split_whitespace().map(unquote).collect();
            if words.first() == Some(&")") {
                block.clear();
                continue;
            }
            if block.is_empty() {
                if words.last() == Some(&"(") {
                    block = words
                        .first()
                        .map_or(String::new(), |word| (*word).to_owned());
                    continue;
                }
            } else {
                words.insert(0, &block);
            }
            match words.as_slice() {
                ["module", path] => (*path).clone_into(&mut all.module),
                ["go", version] => (*version).clone_into(&mut all.go),
                ["toolchain", name] => (*name).clone_into(&mut all.toolchain),
                ["require", path, version] => {
                    let direct = !comment
                        .trim_start_matches('/')
                        .trim()
                        .starts_with("indirect");
                    let required = ((*path).to_owned(), (*version).to_owned(), direct);
                    all.required.push(required);
                }
                ["replace", rest @ ..] => {
                    let at = rest.iter().position(|word| *word == "=>");
                    let (old, new) = rest.split_at(at.unwrap_or(rest.len()));
                    let word = |words: &[&str], at: usize| {
                        words
                            .get(at)
                            .map_or(String::new(), |word| (*word).to_owned())
                    };
                    let replaced = (word(old, 0), word(old, 1), word(new, 1), word(new, 2));
                    if replaced.0.is_empty() || replaced.2.is_empty() {
                        damage.unsupported(|| format!("line {}: replaces nothing", index + 1));
                    } else {
                        all.replaced.push(replaced);
                    }
                }
                ["require", ..] => {
                    damage.unsupported(|| {
                        format!("line {}: expected a module and its version", index + 1)
                    });
                }
                _ => {}
            }
        }
        all
    }

    /// Says whether modules are missing that others require: Go before 1.17 listed only what the
    /// module itself requires.
    fn is_partial(&self) -> bool {
        let mut parts = self
            .go
            .split('.')
            .map(|part| part.parse::<u32>().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < (1, 17)
    }

    fn packages(self, damage: &mut Damage) -> Vec<Package> {
        let mut budget = Budget::default();
        let mut all = Vec::new();
        let mut direct = Vec::new();
        // The rule that names a version goes before the one for all.
        let mut replaced: BTreeMap<(&str, &str), (&str, &str)> = BTreeMap::new();
        for (path, version, new, new_version) in &self.replaced {
            replaced.insert((path, version), (new, new_version));
        }
        for (path, version, is_direct) in &self.required {
            let rule = replaced
                .get(&(path.as_str(), version.as_str()))
                .or_else(|| replaced.get(&(path.as_str(), "")));
            let mut package = module(path, version, rule.copied());
            package.requested = Some(*is_direct);
            if *is_direct && direct.len() < MAX_REQUIREMENTS {
                direct.push(package.name.clone());
            }
            if budget.admit(&mut package, damage) {
                all.push(package);
            }
        }
        if !self.toolchain.is_empty() && self.toolchain != "default" {
            all.push(standard_library(&self.toolchain));
        }
        if !self.module.is_empty() {
            let mut own = Package::new(PackageKind::Golang, self.module, "");
            own.requested = Some(true);
            let properties = &mut own.properties;
            properties.insert("main_module".to_owned(), "true".to_owned());
            if !self.go.is_empty() {
                properties.insert("go".to_owned(), self.go);
            }
            own.requires = direct.into_iter().map(|name| vec![any(name)]).collect();
            all.push(own);
        }
        all
    }
}

/// Makes the package of a module or, where it is replaced by another module, of that one.
fn module(path: &str, version: &str, replacement: Option<(&str, &str)>) -> Package {
    match replacement {
        Some((folder, _)) if is_folder(folder) => {
            let mut package = Package::new(PackageKind::Golang, path, version);
            let properties = &mut package.properties;
            properties.insert("replaced_by".to_owned(), folder.to_owned());
            package
        }
        Some((new, new_version)) => {
            let mut package = Package::new(PackageKind::Golang, new, new_version);
            let properties = &mut package.properties;
            properties.insert("replaces".to_owned(), format!("{path}@{version}"));
            package
        }
        None => Package::new(PackageKind::Golang, path, version),
    }
}

fn any(name: String) -> Requirement {
    Requirement {
        name,
        constraint: String::new(),
    }
}

fn unquote(word: &str) -> &str {
    for quote in ['"', '`'] {
        let inner = word
            .strip_prefix(quote)
            .and_then(|word| word.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    word
}

/// Reads a `go.sum`: the modules whose content has a sum, each in its highest version. A sum of a
/// `go.mod` alone does not mean that the module is used.
fn parse_sums(bytes: &[u8], damage: &mut Damage) -> Vec<Package> {
    let mut highest: BTreeMap<String, String> = BTreeMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = text(line);
        let mut words = line.split_whitespace();
        let (Some(path), Some(version), Some(_)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        if version.ends_with("/go.mod") {
            continue;
        }
        let held = highest.entry(path.to_owned()).or_default();
        if held.is_empty() || compare(version, held) == Ordering::Greater {
            version.clone_into(held);
        }
    }
    let mut budget = Budget::default();
    let mut all = Vec::new();
    for (path, version) in highest {
        let mut package = Package::new(PackageKind::Golang, path, version);
        package.requested = Some(false);
        if budget.admit(&mut package, damage) {
            all.push(package);
        }
    }
    all
}

/// Reads `vendor/modules.txt`: `# module version`, with `=> replacement` where there is one, each
/// followed by the packages that are used and by `## explicit` for what go.mod requires.
fn parse_vendored(bytes: &[u8], damage: &mut Damage) -> Vec<Package> {
    let mut budget = Budget::default();
    let mut all: Vec<Package> = Vec::new();
    // Modules of which nothing is used stand there for their replacement alone.
    let mut used = true;
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = text(line);
        if let Some(header) = line.strip_prefix("# ") {
            if !used {
                all.pop();
            }
            let words: Vec<&str> = header.split_whitespace().collect();
            let mut package = match words.as_slice() {
                [path, version] => module(path, version, None),
                [path, version, "=>", new] => module(path, version, Some((new, ""))),
                [path, version, "=>", new, new_version] => {
                    module(path, version, Some((new, new_version)))
                }
                // `# module => replacement`: a rule for all versions, repeated at the end.
                _ => {
                    used = true;
                    continue;
                }
            };
            package.requested = Some(false);
            used = !budget.admit(&mut package, damage);
            if !used {
                all.push(package);
            }
        } else if line.starts_with("## explicit") {
            if let Some(package) = all.last_mut() {
                package.requested = Some(true);
            }
        } else if !line.is_empty() {
            used = true;
        }
    }
    if !used {
        all.pop();
    }
    all
}

/// Orders versions as Go does: by number, then by what precedes the release (Semantic Versioning 2.0,
/// section 11).
fn compare(a: &str, b: &str) -> Ordering {
    fn parts(version: &str) -> (Vec<u64>, &str) {
        let version = version.strip_prefix('v').unwrap_or(version);
        let version = version.split('+').next().unwrap_or_default();
        let (numbers, pre) = version.split_once('-').unwrap_or((version, ""));
        let numbers = numbers.split('.').map(|part| part.parse().unwrap_or(0));
        (numbers.collect(), pre)
    }
    let ((left, left_pre), (right, right_pre)) = (parts(a), parts(b));
    let before = match (left_pre.is_empty(), right_pre.is_empty()) {
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        _ => identifiers(left_pre, right_pre),
    };
    left.cmp(&right).then(before)
}

fn identifiers(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(x), Some(y)) => match (x.parse::<u64>(), y.parse::<u64>()) {
                (Ok(x), Ok(y)) => x.cmp(&y),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => x.cmp(y),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}
