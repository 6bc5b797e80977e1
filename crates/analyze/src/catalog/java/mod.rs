//! Java: archives and what was shaded into them, the runtime's own description, programs compiled
//! ahead of time; and what builds declare.
//!
//! `survey` goes through archives, `identity` says which artifact each is. Deliberately absent: an
//! index of checksums, which would be gigabytes; and recognising single classes that were moved
//! into another package without their metadata.

use std::collections::{BTreeMap, HashMap};

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, View, Want,
};
use plimsoll_model::package::Package;
use plimsoll_model::text::escape_bytes;

mod builds;
mod file_name;
mod groups;
mod identity;
mod manifest;
mod native;
mod pom;
mod runtime;
mod survey;

pub use builds::JavaBuilds;

use super::assembly::{collect_each, hand_over, set_dependencies, set_purls};
use super::damage::{Damage, report};
use super::executable;
use super::zip;
use identity::{FILE, Origin};
use survey::Survey;

/// The most that is read of an archive, in bytes.
const LIMIT: u64 = 1 << 30;

/// The most entries of all archives in one file; the largest archives of classes have some 200,000.
const MAX_ENTRIES: usize = 1_000_000;

/// How many times a file's size may be inflated of it. Only what says who an archive is is inflated, and
/// archives inside of archives: honest ones stay below ten.
const MAX_RATIO: u64 = 100;

/// What may be inflated of the smallest file beyond that, in bytes.
const LEAST_INFLATED: u64 = 256 << 10;

/// The most that is inflated of any file, in bytes.
const MAX_INFLATED: u64 = 4 << 30;

/// The most inflated archives that are held in memory at one time, in bytes.
const MAX_HELD: u64 = 64 << 20;

/// The most packages of one name that are looked at for one requirement.
const MAX_CANDIDATES: usize = 64;

/// Catalogs what is installed of Java.
pub struct Java;

/// Is what a file of interest is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Archive,
    Program,
    Properties,
    Runtime,
}

impl Role {
    /// Called for every file of every layer.
    fn of(entry: &Entry<'_>) -> Option<Self> {
        if entry.kind != EntryKind::File {
            return None;
        }
        if entry.head.starts_with(b"\x7fELF") {
            // Programs and shared objects of native-image are executable and large.
            let program = entry.mode & 0o111 != 0 && entry.size > 1 << 20;
            return program.then_some(Self::Program);
        }
        match entry.path.last()? {
            b'r' | b'R' | b'i' | b'I' | b'g' | b'G' => {
                let name = entry.file_name();
                let wanted = survey::is_archive(name)
                    && (!survey::is_ambiguous(name) || zip::begins_like_zip(entry.head));
                wanted.then_some(Self::Archive)
            }
            b'e' if entry.file_name() == b"release" => {
                let found = memchr::memmem::find(entry.head, b"JAVA_VERSION=");
                found.map(|_| Self::Runtime)
            }
            b's' if entry.path.ends_with(b"/pom.properties") => {
                let found = memchr::memmem::find(entry.path, b"META-INF/maven/");
                found.map(|_| Self::Properties)
            }
            _ => None,
        }
    }
}

impl Analyzer for Java {
    fn name(&self) -> &'static str {
        "language/java"
    }

    fn version(&self) -> u32 {
        3
    }

    fn about(&self) -> About {
        About {
            title: "Java",
            reads: &[
                (
                    "*.jar, *.war, *.ear, *.aar, *.hpi, *.jpi, *.kar, *.lpkg, *.nar, *.par, *.rar, *.sar",
                    "the artifact itself, the archives inside it to any depth up to 12, and artifacts shaded into it, with licences and dependencies",
                ),
                (
                    "LICENSE*, META-INF/LICENSE*, META-INF/maven/**/LICENSE* in an archive",
                    "the licence of the archive's own artifact where neither pom.xml nor manifest declares one",
                ),
                (
                    "META-INF/maven/**/pom.properties",
                    "artifacts of archives that were unpacked",
                ),
                (
                    "release in the folder of a Java runtime",
                    "the runtime and its version",
                ),
                (
                    "ELF programs",
                    "components that GraalVM's native-image embedded as a bill of materials",
                ),
            ],
            not_read: &[
                "Classes that were moved into an archive without their metadata: nothing in them tells the version.",
                "Licence files of an archive that other artifacts were shaded into, unless they lie beside an artifact's pom.properties: nothing tells which of them brought the file.",
                "An index of checksums: it would be gigabytes, and the same file is published under several names.",
            ],
            certainty: "Certain where pom.properties or pom.xml state it (property evidence); else name and version are the file's or the manifest's, and the group is told by the manifest or the packages of the classes (property group_evidence) or left out.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        match Role::of(entry) {
            Some(Role::Archive) => Want::Whole { limit: LIMIT },
            Some(Role::Program) => Want::Program {
                limit: executable::MAX_BYTES,
            },
            Some(_) => Want::Whole { limit: 64 << 10 },
            None => Want::Nothing,
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut damage = Damage::default();
        let mut packages: Vec<Package> = Vec::new();
        match Role::of(entry) {
            Some(Role::Archive) => {
                if entry.size == 0 {
                    return;
                }
                let size = content.bytes.len() as u64;
                let inflated = MAX_INFLATED.min(LEAST_INFLATED + size * MAX_RATIO);
                let budget = zip::Budget::new(MAX_ENTRIES, inflated, MAX_HELD);
                let mut survey = Survey::new(&budget);
                let origin = Origin {
                    location: format!("/{}", escape_bytes(entry.path)),
                    depth: 0,
                };
                survey.archive(content.bytes, &origin);
                (damage, packages) = (survey.damage, survey.packages);
            }
            Some(Role::Program) => match native::parse(content.bytes, &mut damage) {
                Some(found) => packages = found,
                None => return,
            },
            Some(Role::Properties) => packages.extend(loose(content.bytes)),
            Some(Role::Runtime) => packages.extend(runtime::parse(content.bytes)),
            None => return,
        }
        for package in packages {
            facts.push(Fact::Package(Box::new(package)));
        }
        report(entry, content, damage.finish(), facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let (_, mut installed): (Vec<_>, Vec<_>) = collect_each(view).into_iter().unzip();
        set_purls(&mut installed, view.distro);
        // Who is called what, and which archive lies where.
        let mut named: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut files: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, one) in installed.iter().enumerate() {
            let artifact = one.fact.name.rsplit(':').next().unwrap_or_default();
            for name in [one.fact.name.as_str(), artifact] {
                let held = named.entry(name).or_default();
                if held.len() < MAX_CANDIDATES && held.last() != Some(&at) {
                    held.push(at);
                }
            }
            for location in &one.fact.locations {
                files.entry(location).or_insert(at);
            }
        }
        let locations: Vec<&str> = installed
            .iter()
            .map(|one| one.package.locations.first().map_or("", String::as_str))
            .collect();
        let found = installed
            .iter()
            .zip(&locations)
            .map(|(one, from)| {
                let required = one.fact.requires.iter().flatten();
                required
                    .filter_map(|wanted| {
                        if let Some(path) = wanted.name.strip_prefix(FILE) {
                            return files.get(normal(path).as_str()).copied();
                        }
                        let full = named.get(wanted.name.as_str());
                        let artifact = wanted.name.rsplit(':').next().unwrap_or_default();
                        // An artifact whose group is not known may be the one.
                        let bare = named.get(artifact).into_iter().flatten().filter(|at| {
                            installed
                                .get(**at)
                                .is_some_and(|one| one.fact.name == artifact)
                        });
                        let all = full.into_iter().flatten().chain(bare);
                        nearest(all.copied(), from, &locations)
                    })
                    .collect()
            })
            .collect();
        set_dependencies(&mut installed, found);
        hand_over(installed, out);
    }
}

/// Returns the one that shares the longest part of its path: an application finds its own libraries.
fn nearest(all: impl Iterator<Item = usize>, from: &str, locations: &[&str]) -> Option<usize> {
    let shared = |at: usize| {
        let to = locations.get(at).copied().unwrap_or_default();
        let parts = from.split('/').zip(to.split('/'));
        parts.take_while(|(a, b)| a == b).count()
    };
    all.fold(None, |best: Option<(usize, usize)>, at| {
        let near = shared(at);
        match best {
            Some((most, _)) if most >= near => best,
            _ => Some((near, at)),
        }
    })
    .map(|(_, at)| at)
}

/// Resolves `.` and `..` in a path that a class path names.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Reads a `pom.properties` of an archive that was unpacked. Without all three it states nothing.
fn loose(bytes: &[u8]) -> Option<Package> {
    let found = pom::parse_properties(bytes);
    if found.group.is_empty() || found.artifact.is_empty() || found.version.is_empty() {
        return None;
    }
    let kind = plimsoll_model::ecosystem::PackageKind::Maven;
    let mut package = Package::new(kind, found.name(), &found.version);
    let properties = &mut package.properties;
    properties.insert("evidence".to_owned(), "pom.properties".to_owned());
    Some(package)
}
