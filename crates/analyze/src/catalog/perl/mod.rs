//! Perl: the distributions that CPAN's clients installed, and Carton's snapshots.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Evidence, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use plimsoll_model::path::file_name;

use super::assembly::collect_each;
use super::kit::join::{ALONE, Rules, finish_with, join};
use super::kit::{
    Found, MIB, above, component, json, license, property, requirement, split_name_version,
};

const TITLE: &str = "Perl";

/// The key of the note with a module that a distribution provides.
const MODULE_NOTE: &str = "module";
/// The key of the note with a distribution and its version, as `perllocal.pod` says them.
const LOCAL_NOTE: &str = "local";

/// The most modules that one distribution requires or provides.
const MAX_MODULES: usize = 4000;

/// Catalogs installed distributions.
pub struct Perl;

/// Catalogs the distributions of Carton's snapshots.
pub struct PerlLocks;

/// Is what a file of interest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// `auto/A/B/.packlist`: the files of a distribution.
    PackList,
    /// `.meta/A-B-1.0/MYMETA.json`: what a distribution says of itself, as cpanm keeps it.
    Metadata,
    /// `.meta/A-B-1.0/install.json`: what cpanm installed.
    Install,
    /// `perllocal.pod`: the diary of installations.
    Diary,
}

impl Role {
    fn of(path: &[u8]) -> Option<Self> {
        match file_name(path) {
            b".packlist" if distribution(path).is_some() => Some(Self::PackList),
            b"MYMETA.json" if component(path, 2) == Some(b".meta") => Some(Self::Metadata),
            b"install.json" if component(path, 2) == Some(b".meta") => Some(Self::Install),
            b"perllocal.pod" => Some(Self::Diary),
            _ => None,
        }
    }
}

/// Returns the folder that holds `auto/` and the distribution's folders below it.
fn distribution(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let folder = above(path, 1);
    let at = memchr::memmem::rfind(folder, b"/auto/")?;
    Some((folder.get(..at)?, folder.get(at + 6..)?))
}

impl Analyzer for Perl {
    fn name(&self) -> &'static str {
        "language/perl"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: TITLE,
            reads: &[
                (
                    ".meta/NAME-VERSION/MYMETA.json, .meta/NAME-VERSION/install.json",
                    "distributions that cpanm installed, with licences, modules and what they require",
                ),
                (
                    "auto/**/.packlist",
                    "distributions that any client of CPAN installed",
                ),
                ("perllocal.pod", "the versions of those distributions"),
            ],
            not_read: &[
                "Modules (*.pm): a version in them is code, and which distribution they belong to is not said.",
                "The modules that Perl itself brings along: they are part of Perl, which is known by its own \
                 bytes.",
            ],
            certainty: "Certain for cpanm. A distribution that another client installed is named after its \
                        first module, and its version is unknown where perllocal.pod was removed or not written.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File || !matches!(entry.path.last(), Some(b't' | b'n' | b'd')) {
            return Want::Nothing;
        }
        match Role::of(entry.path) {
            // The name alone says what is needed.
            Some(Role::PackList) => Want::Whole { limit: 0 },
            Some(_) => Want::Whole { limit: 4 * MIB },
            None => Want::Nothing,
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        match Role::of(entry.path) {
            Some(Role::PackList) => {
                if let Some((_, folders)) = distribution(entry.path) {
                    let name = String::from_utf8_lossy(folders).replace('/', "-");
                    let stated = requirement(&name, "");
                    let package = Package::new(PackageKind::Cpan, stated.name, "");
                    facts.push(Fact::Package(Box::new(package)));
                }
                return;
            }
            Some(Role::Metadata) => metadata(entry.path, content.bytes, &mut found),
            Some(Role::Install) => {
                let Some(document) = json::parse(content.bytes, &mut found.damage) else {
                    return found.finish(entry, content, facts);
                };
                let provided = document.get("provides").and_then(|value| value.as_object());
                for (module, _) in provided.into_iter().flatten().take(MAX_MODULES) {
                    found.note(MODULE_NOTE, requirement(module, "").name);
                }
            }
            Some(Role::Diary) => diary(content.bytes, &mut found),
            None => return,
        }
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let mut modules: BTreeMap<&[u8], Vec<&str>> = BTreeMap::new();
        let mut versions: BTreeMap<&str, &str> = BTreeMap::new();
        for located in view.facts {
            match located.fact {
                Fact::Note { key, value } if key == MODULE_NOTE => {
                    let list = modules.entry(located.path.parent()).or_default();
                    list.push(value);
                }
                Fact::Note { key, value } if key == LOCAL_NOTE => {
                    if let Some((name, version)) = value.split_once(' ') {
                        versions.insert(name, version);
                    }
                }
                _ => {}
            }
        }
        let mut placed = collect_each(view);
        let stated: BTreeSet<String> = placed
            .iter()
            .filter(|(path, _)| Role::of(path.as_bytes()) == Some(Role::Metadata))
            .map(|(_, one)| one.package.name.clone())
            .collect();
        placed.retain_mut(|(path, one)| {
            if Role::of(path.as_bytes()) != Some(Role::PackList) {
                return true;
            }
            if let Some(version) = versions.get(one.package.name.as_str()) {
                (*version).clone_into(&mut one.package.version);
            }
            // cpanm's own record says the same and more.
            !stated.contains(&one.package.name)
        });
        let mut offers: Vec<(usize, String)> = Vec::new();
        for (at, (path, one)) in placed.iter().enumerate() {
            offers.push((at, one.package.name.replace('-', "::")));
            let listed = modules.get(path.parent()).map(Vec::as_slice);
            let listed = listed.unwrap_or_default().iter();
            offers.extend(listed.map(|module| (at, (*module).to_owned())));
        }
        let offers: Vec<(usize, &str)> = offers
            .iter()
            .map(|(at, name)| (*at, name.as_str()))
            .collect();
        let rules = Rules {
            scope: |path| match Role::of(path) {
                Some(Role::PackList) => distribution(path).map_or(path, |(root, _)| root),
                _ => above(path, 3),
            },
            beyond: true,
        };
        finish_with(placed, &offers, (view, out), rules);
    }
}

/// Reads MYMETA.json (`CPAN::Meta::Spec`, version 2). The folder's name is `NAME-VERSION`.
fn metadata(path: &[u8], bytes: &[u8], found: &mut Found) {
    let folder = String::from_utf8_lossy(component(path, 1).unwrap_or_default());
    let document = json::parse(bytes, &mut found.damage).unwrap_or_default();
    let named = split_name_version(&folder);
    let (mut name, mut version) = (
        json::text(&document, &["name"]),
        json::text(&document, &["version"]),
    );
    if let Some((folder_name, folder_version)) = named {
        if name.is_empty() {
            name = folder_name;
        }
        if version.is_empty() {
            version = folder_version;
        }
    }
    if name.is_empty() {
        return found
            .damage
            .note(|| "the distribution has no name".to_owned());
    }
    let stated = requirement(name, version);
    let mut package = Package::new(PackageKind::Cpan, stated.name, stated.constraint);
    let one = document.get("license").into_iter();
    for text in one.chain(json::list(&document, "license")) {
        // `unknown` says that nothing was declared.
        let text = text.as_str().filter(|text| *text != "unknown");
        license(&mut package, text.unwrap_or_default());
    }
    if let Some(runtime) = json::at(&document, &["prereqs", "runtime"]) {
        for (module, version) in json::map(runtime, "requires").take(MAX_MODULES) {
            let bound = match version {
                "" | "0" => String::new(),
                version if version.starts_with(['<', '>', '=', '!']) => version.to_owned(),
                version => format!(">= {version}"),
            };
            if module != "perl" {
                package.requires.push(vec![requirement(module, &bound)]);
            }
        }
    }
    let homepage = json::text(&document, &["resources", "homepage"]);
    property(&mut package, "homepage", homepage);
    found.push(package);
}

/// Reads `perllocal.pod` (`ExtUtils::Install`): a heading `C<Module> L<A::B|A::B>` each time that something
/// is installed, and an item `C<VERSION: 1.0>` below it.
fn diary(bytes: &[u8], found: &mut Found) {
    let text = String::from_utf8_lossy(bytes);
    let mut module = "";
    for line in text.lines() {
        if line.starts_with("=head") {
            let name = line.split_once("L<").map(|(_, rest)| rest);
            let name = name.and_then(|rest| rest.split(['|', '>']).next());
            module = name.unwrap_or_default();
        } else if let Some(rest) = line.trim().strip_prefix("C<VERSION: ") {
            let version = rest.trim_end_matches('>').trim();
            if !module.is_empty() && !version.is_empty() {
                let name = module.replace("::", "-");
                let stated = requirement(&name, version);
                found.note(LOCAL_NOTE, format!("{} {}", stated.name, stated.constraint));
            }
        }
    }
}

impl Analyzer for PerlLocks {
    fn name(&self) -> &'static str {
        "language/perl-locks"
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
                "cpanfile.snapshot",
                "distributions that Carton pinned, with modules and what they require",
            )],
            not_read: &[
                "cpanfile, META.json and META.yml of sources: they name ranges, not versions.",
            ],
            certainty: "Certain: it is what Carton installs.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.path.ends_with(b"cpanfile.snapshot") && entry.kind == EntryKind::File {
            return Want::Whole { limit: 16 * MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        snapshot(content.bytes, &mut found);
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        join(view, out, ALONE);
    }
}

/// Reads Carton's snapshot: two blanks before a distribution, four before a field, six before a module
/// and its version.
fn snapshot(bytes: &[u8], found: &mut Found) {
    let text = String::from_utf8_lossy(bytes);
    let mut current: Option<Package> = None;
    let mut section = "";
    for line in text.lines() {
        let content = line.trim_start_matches(' ');
        match line.len() - content.len() {
            2 => {
                if let Some(package) = current.take() {
                    found.push(package);
                }
                let content = content.trim_end();
                match content.rsplit_once('-') {
                    Some((name, version)) if !name.is_empty() => {
                        let version = version.strip_prefix('v').unwrap_or(version);
                        let stated = requirement(name, version);
                        current = Some(Package::new(
                            PackageKind::Cpan,
                            stated.name,
                            stated.constraint,
                        ));
                    }
                    _ => found
                        .damage
                        .note(|| format!("the distribution {content:?} has no version")),
                }
            }
            4 => section = content.trim_end().trim_end_matches(':'),
            6 => {
                let (module, version) = content.split_once(' ').unwrap_or((content, ""));
                let Some(package) = &mut current else {
                    continue;
                };
                match section {
                    "provides" if package.provides.len() < MAX_MODULES => {
                        package.provides.push(requirement(module, ""));
                    }
                    "requirements" if package.requires.len() < MAX_MODULES && module != "perl" => {
                        let bound = match version.trim() {
                            "" | "0" => String::new(),
                            version => format!(">= {version}"),
                        };
                        package.requires.push(vec![requirement(module, &bound)]);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    if let Some(package) = current {
        found.push(package);
    }
}
