//! Programs that no package manager installed, known by their own bytes: a `python` that was compiled
//! in the image, a `node` that was unpacked into `/usr/local`.
//!
//! What is recognised is a table, one entry per program, parted into files by theme. An entry says
//! which files may be the program, where its version stands in their bytes, and which bytes it must
//! recognise and which not. Adding a program touches one entry. Read [`program::Program`] first.
//!
//! Nothing is searched in files whose names no entry has, and no pattern runs over a file: literal
//! anchors are searched, and a small grammar reads the version beside them. Programs of a package
//! manager are recognised as well; what a package owns is left out afterwards, when all is known.

use std::sync::LazyLock;

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, ContentSink, Entry, EntryKind, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use plimsoll_model::path::file_name;

use super::assembly::collect_each;
use super::purl::purl;

mod cloud;
mod databases;
mod index;
mod languages;
mod libraries;
pub mod program;
mod scan;
mod tools;
pub mod version;
mod web;

use index::INDEX;
use program::{File, Place, Program, Rule};
use scan::Scan;

/// All programs, by theme, by name.
pub static ALL: &[&[Program]] = &[
    cloud::ALL,
    databases::ALL,
    languages::ALL,
    libraries::ALL,
    tools::ALL,
    web::ALL,
];

/// Files up to this size are handed over at once, larger ones are searched as they come.
const WHOLE_BYTES: u64 = 1024 * 1024;

/// Recognises programs by their bytes.
pub struct Classifier;

/// The rows of the documentation, made from the table.
static ROWS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let mut programs: Vec<&Program> = ALL.iter().flat_map(|programs| programs.iter()).collect();
    programs.sort_by_key(|program| program.name);
    let row = |program: &&Program| {
        let files: Vec<String> = program.files.iter().map(|file| file.pattern()).collect();
        let mut names = vec![program.name];
        for rule in program.rules {
            if !rule.name.is_empty() && !names.contains(&rule.name) {
                names.push(rule.name);
            }
        }
        let names = names.join(", ");
        let names = if program.met {
            names
        } else {
            format!("{names} (as documented, not met)")
        };
        (files.join(", "), names)
    };
    programs.iter().map(row).collect()
});

static READS: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let rows: &'static Vec<(String, String)> = &ROWS;
    rows.iter()
        .map(|(files, names)| (files.as_str(), names.as_str()))
        .collect()
});

impl Analyzer for Classifier {
    fn name(&self) -> &'static str {
        "binary/classifier"
    }

    fn version(&self) -> u32 {
        2
    }

    fn about(&self) -> About {
        About {
            title: "Programs without a package",
            reads: &READS,
            not_read: &[
                "Files under other names: what a file is called decides whether it is searched.",
                "Programs that a package manager lists as its own: they are that package.",
                "Constants of Go programs: they lie one after the other, without an end between them, \
                 so that the version of a podman or an etcd 3.4 that a distribution built cannot be \
                 told from the number behind it. The modules of such a program are listed as Go's.",
                "Programs that state no version at all, as dash and FreeType's library.",
            ],
            certainty: "The version is what the program says of itself; patches that a builder \
                        added to it do not show. A program that states no version in its bytes, or \
                        in an unknown form, is not found. A real program was read with each entry, \
                        and its version compared with that of the package it came from, unless \
                        the row says otherwise: those follow the program's sources and what others \
                        describe, and no such program was met. A program that another cataloger \
                        lists from the same file, or a Java runtime from its `release` file, in the \
                        same version, is listed once: as that package, with the program's name for \
                        vulnerability databases (`cpe`).",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File
            || INDEX.candidates(entry.path, entry.head).next().is_none()
        {
            return Want::Nothing;
        }
        if INDEX
            .candidates(entry.path, entry.head)
            .all(|(program, _)| program.in_name().is_some())
        {
            return Want::Whole { limit: 0 };
        }
        if entry.size <= WHOLE_BYTES {
            return Want::Whole { limit: WHOLE_BYTES };
        }
        Want::Stream
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut search = Search::new(entry);
        search.write(content.bytes);
        search.conclude(facts);
    }

    fn stream(&self, entry: &Entry<'_>) -> Option<Box<dyn ContentSink>> {
        Some(Box::new(Search::new(entry)))
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        // Each place is a package of its own until owners are known: a program that a package owns
        // must not hide another of the same version that none does.
        for (_, mut installed) in collect_each(view) {
            installed.package.purl = purl(&installed.package, view.distro);
            out.packages.push((installed.package, installed.introduced));
        }
    }
}

/// Is the search of one file.
struct Search {
    scan: Scan,
    /// What the file's name states alone.
    named: Vec<Fact>,
}

impl Search {
    fn new(entry: &Entry<'_>) -> Self {
        let name = file_name(entry.path);
        let candidates = || INDEX.candidates(entry.path, entry.head);
        let named = candidates().filter_map(|(program, file)| {
            let rule = program.in_name()?;
            let stated = file.hint(name);
            let File::Jar(_) = file else { return None };
            let version = String::from_utf8(rule.shape.all(&stated)?.to_vec()).ok()?;
            let matched = String::from_utf8_lossy(name).into_owned();
            Some(fact(program, rule, version, matched))
        });
        // Several patterns of one program may fit a file.
        let mut seen: Vec<&'static str> = Vec::new();
        let searched = candidates().filter(|(program, _)| {
            let new = !seen.contains(&program.name);
            seen.push(program.name);
            new
        });
        let searched: Vec<_> = searched
            .map(|(program, file)| (program, file.hint(name)))
            .collect();
        Self {
            named: named.collect(),
            scan: Scan::new(searched.into_iter()),
        }
    }

    fn conclude(self, facts: &mut Vec<Fact>) {
        facts.extend(self.named);
        for (program, found) in self.scan.finish() {
            // A program of that name whose bytes state nothing known is no damage: many share names.
            if let Some(found) = found {
                facts.push(fact(program, found.rule, found.version, found.matched));
            }
        }
    }
}

impl ContentSink for Search {
    fn write(&mut self, chunk: &[u8]) {
        self.scan.write(chunk);
    }

    fn finish(self: Box<Self>, _complete: bool, facts: &mut Vec<Fact>) {
        self.conclude(facts);
    }
}

impl Search {
    fn write(&mut self, bytes: &[u8]) {
        self.scan.write(bytes);
    }
}

impl Program {
    /// Returns the rule that reads the version from the file's name.
    fn in_name(&self) -> Option<&'static Rule> {
        self.rules.iter().find(|rule| rule.place == Place::Name)
    }
}

fn fact(program: &Program, rule: &Rule, version: String, matched: String) -> Fact {
    let (name, cpe) = if rule.name.is_empty() {
        (program.name, program.cpe)
    } else {
        (rule.name, rule.cpe)
    };
    let (version, build) = if program.name == "openjdk" {
        java_version(version)
    } else {
        (version, None)
    };
    let mut package = Package::new(PackageKind::Binary, name, version);
    if let Some(build) = build {
        package
            .properties
            .insert("runtime_version".to_owned(), build);
    }
    if !cpe.is_empty() {
        let version = cpe_version(&package.version);
        let cpe = format!("cpe:2.3:a:{cpe}:{version}:*:*:*:*:*:*:*");
        package.properties.insert("cpe".to_owned(), cpe);
    }
    package.properties.insert("matched".to_owned(), matched);
    Fact::Package(Box::new(package))
}

/// Takes the build off a version of Java (`17.0.9+9`, `1.8.0_392-b08`), so that it is the version of
/// the runtime's `release` file; returns the whole as well where there was a build.
fn java_version(version: String) -> (String, Option<String>) {
    match version.split_once(['+', '-']) {
        Some((short, _)) => (short.to_owned(), Some(version)),
        None => (version, None),
    }
}

/// Writes a version as a CPE's formatted string has it: what is neither letter, digit, `.`, `-` nor
/// `_` is quoted (NIST IR 7695, section 6.2.1).
fn cpe_version(version: &str) -> String {
    let mut out = String::with_capacity(version.len());
    for character in version.chars() {
        if !character.is_ascii_alphanumeric() && !matches!(character, '.' | '-' | '_') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests;
