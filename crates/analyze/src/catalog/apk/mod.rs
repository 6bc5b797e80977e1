//! Alpine's packages and those of its kin (Wolfi, Chainguard): apk's database, the world file, the
//! repositories. Read [`parse_installed`] first; the format is described in apk-tools' wiki page
//! "Apk spec" and in apk-package(5).

use std::collections::{HashMap, HashSet};

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, Ownership, RequestedState, View,
    Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::issue::Issue;
use plimsoll_model::package::{Package, Requirement, SourcePackage};
use plimsoll_model::version::Scheme;

use super::assembly::{Installed, collect, hand_over, resolve_requirements, set_purls};
use super::budget::Budget;
use super::damage::{Damage, report, text};
use super::paths::PathList;
use super::requirement::{MAX_REQUIREMENTS, parse_apk};

const MIB: u64 = 1024 * 1024;

/// The key of the note that holds one line of `/etc/apk/repositories`.
pub const REPOSITORY_NOTE: &str = "repository";

/// Catalogs packages of apk.
pub struct Apk;

/// Is what a file of interest is.
#[derive(Clone, Copy)]
enum Role {
    Installed,
    World,
    Repositories,
}

impl Role {
    fn of(path: &[u8]) -> Option<Self> {
        match path {
            b"lib/apk/db/installed" | b"usr/lib/apk/db/installed" => Some(Self::Installed),
            b"etc/apk/world" => Some(Self::World),
            b"etc/apk/repositories" => Some(Self::Repositories),
            _ => None,
        }
    }
}

impl Analyzer for Apk {
    fn name(&self) -> &'static str {
        "os/apk"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: "Alpine, Wolfi and Chainguard (apk)",
            reads: &[
                (
                    "lib/apk/db/installed, usr/lib/apk/db/installed",
                    "packages with origin, licence, files, dependencies and what they provide",
                ),
                ("etc/apk/world", "which packages were asked for"),
                ("etc/apk/repositories", "the branch that packages come from"),
            ],
            not_read: &["apk's cache and its scripts: they state nothing that is installed."],
            certainty: "Certain: it is the package manager's own record.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        match Role::of(entry.path) {
            Some(Role::Installed) => Want::Whole { limit: 64 * MIB },
            Some(_) => Want::Whole { limit: MIB },
            None => Want::Nothing,
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut issues = Vec::new();
        match Role::of(entry.path) {
            Some(Role::Installed) => {
                let installed;
                (installed, issues) = parse_installed(content.bytes);
                for (package, owned) in installed {
                    facts.push(Fact::Package(Box::new(package)));
                    facts.extend(owned.map(Fact::Owns));
                }
            }
            Some(Role::World) => facts.push(Fact::Requested(parse_world(content.bytes))),
            Some(Role::Repositories) => {
                facts.extend(parse_repositories(content.bytes).into_iter().map(|value| {
                    Fact::Note {
                        key: REPOSITORY_NOTE.to_owned(),
                        value,
                    }
                }));
            }
            None => return,
        }
        report(entry, content, issues, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let mut installed = collect(view, |_| true);
        set_purls(&mut installed, view.distro);
        resolve_requirements(&mut installed, Scheme::Apk, &HashMap::new());
        set_requested(view, &mut installed);
        if let Some(branch) = branch(view) {
            for one in &mut installed {
                let properties = &mut one.package.properties;
                properties.insert("repository_branch".to_owned(), branch.to_owned());
            }
        }
        hand_over(installed, out);
    }
}

/// Reads the database of installed packages: each with the files it owns, sorted by name, and what
/// could not be read (with an empty subject).
///
/// Lines are `X:value`, packages are parted by empty lines. Read are `P` name, `V` version, `A`
/// architecture, `o` origin, `L` licence, `D` dependencies, `p` provisions, `F` and `R` folder and
/// file, `U` and `m` home page and maintainer, `i` (installed when all of these are). The origin has
/// the binary's version: apk builds both from one APKBUILD.
pub fn parse_installed(bytes: &[u8]) -> (Vec<(Package, Option<Ownership>)>, Vec<Issue>) {
    let mut damage = Damage::default();
    let mut budget = Budget::default();
    let mut all = Vec::new();
    let mut current = Record::default();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let number = index as u64 + 1;
        if line.is_empty() {
            all.extend(std::mem::take(&mut current).finish(&mut budget, &mut damage));
            continue;
        }
        if current.line == 0 {
            current.line = number;
        }
        match line {
            _ if line.contains(&0) => {
                damage.note(|| format!("line {number}: holds NUL bytes and was left out"));
            }
            [field, b':', value @ ..] => current.take(*field, value),
            _ => damage.note(|| format!("line {number}: expected a letter and a colon")),
        }
    }
    all.extend(current.finish(&mut budget, &mut damage));
    if bytes.last().is_some_and(|last| *last != b'\n') {
        damage.note(|| "the file ends in the middle of a line; packages may be missing".to_owned());
    }
    all.sort_by(|(a, _), (b, _)| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    (all, damage.finish())
}

/// Reads the world file: names of packages (or of what they provide) that were asked for.
pub fn parse_world(bytes: &[u8]) -> RequestedState {
    let mut names: Vec<String> = bytes
        .split(u8::is_ascii_whitespace)
        .filter_map(parse_apk)
        .map(|wanted| wanted.name)
        .collect();
    names.sort();
    names.dedup();
    RequestedState {
        names,
        requested: true,
    }
}

/// Reads the repositories file: its lines in order, without comments. At most 256.
pub fn parse_repositories(bytes: &[u8]) -> Vec<String> {
    bytes
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty() && line.first() != Some(&b'#'))
        .take(256)
        .map(text)
        .collect()
}

/// Is one package while it is read.
#[derive(Default)]
struct Record<'a> {
    line: u64,
    name: &'a [u8],
    version: &'a [u8],
    arch: &'a [u8],
    origin: &'a [u8],
    license: &'a [u8],
    depends: &'a [u8],
    provides: &'a [u8],
    install_if: &'a [u8],
    url: &'a [u8],
    maintainer: &'a [u8],
    folder: &'a [u8],
    paths: PathList,
    path: Vec<u8>,
}

impl<'a> Record<'a> {
    fn take(&mut self, field: u8, value: &'a [u8]) {
        match field {
            b'P' => self.name = value,
            b'V' => self.version = value,
            b'A' => self.arch = value,
            b'o' => self.origin = value,
            b'L' => self.license = value,
            b'D' => self.depends = value,
            b'p' => self.provides = value,
            b'i' => self.install_if = value,
            b'U' => self.url = value,
            b'm' => self.maintainer = value,
            b'F' => self.folder = value,
            b'R' => {
                self.path.clear();
                self.path.extend_from_slice(self.folder);
                self.path.push(b'/');
                self.path.extend_from_slice(value);
                self.paths.add(&self.path);
            }
            _ => {}
        }
    }

    fn finish(
        self,
        budget: &mut Budget,
        damage: &mut Damage,
    ) -> Option<(Package, Option<Ownership>)> {
        let line = self.line;
        if line == 0 {
            return None;
        }
        let (name, version) = (text(self.name), text(self.version));
        if name.is_empty() || version.is_empty() {
            damage.note(|| {
                let missing = if name.is_empty() { "name" } else { "version" };
                format!("line {line}: the package {name:?} has no {missing}")
            });
            return None;
        }
        let optional = |value: &[u8]| Some(text(value)).filter(|value| !value.is_empty());
        let mut package = Package::new(PackageKind::Apk, name.clone(), version.clone());
        package.source = Some(SourcePackage {
            name: optional(self.origin).unwrap_or_else(|| name.clone()),
            version,
        });
        package.arch = optional(self.arch);
        package.licenses = optional(self.license).into_iter().collect();
        package.requires = words(self.depends).map(|wanted| vec![wanted]).collect();
        package.provides = words(self.provides).collect();
        for (property, value) in [
            ("homepage", self.url),
            ("install_if", self.install_if),
            ("maintainer", self.maintainer),
        ] {
            if let Some(value) = optional(value) {
                package.properties.insert(property.to_owned(), value);
            }
        }
        budget
            .admit(&mut package, damage)
            .then(|| (package, self.paths.finish(name)))
    }
}

fn words(value: &[u8]) -> impl Iterator<Item = Requirement> {
    value
        .split(u8::is_ascii_whitespace)
        .filter_map(parse_apk)
        .take(MAX_REQUIREMENTS)
}

/// Marks what was asked for: what stands in the world file, by name or by what it provides.
fn set_requested(view: &View<'_>, installed: &mut [Installed<'_>]) {
    let mut world: HashSet<&str> = HashSet::new();
    let mut known = false;
    for located in view.facts {
        if let Fact::Requested(state) = located.fact {
            known = true;
            world.extend(state.names.iter().map(String::as_str));
        }
    }
    if !known {
        return;
    }
    for one in installed {
        let provided = one.fact.provides.iter().map(|p| p.name.as_str());
        let asked = std::iter::once(one.fact.name.as_str())
            .chain(provided)
            .any(|name| world.contains(name));
        one.package.requested = Some(asked);
    }
}

/// Returns the branch of the first repository without tag (`edge`, `v3.20`): packages come from
/// there, whatever `os-release` calls the image. Repositories are `URL/BRANCH/main`.
fn branch<'a>(view: &View<'a>) -> Option<&'a str> {
    view.facts.iter().find_map(|located| match located.fact {
        Fact::Note { key, value } if key == REPOSITORY_NOTE && !value.starts_with('@') => {
            let mut parts = value.trim_end_matches('/').rsplit('/');
            match parts.next()? {
                "main" | "community" | "testing" => parts.next().filter(|branch| {
                    let numbered = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
                    *branch == "edge" || branch.strip_prefix('v').is_some_and(numbered)
                }),
                _ => None,
            }
        }
        _ => None,
    })
}
