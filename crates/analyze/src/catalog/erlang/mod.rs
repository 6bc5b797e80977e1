//! Erlang and Elixir: applications (`*.app`), the packages of Hex among them, and the lock files of
//! Mix and Rebar. Read [`term`] first.

use std::collections::{BTreeMap, HashSet};

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Evidence, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use plimsoll_model::path::file_name;

use super::assembly::collect_each;
use super::kit::join::{ALONE, Rules, finish, join};
use super::kit::{
    Found, MIB, above, component, license, property, requirement, without_credentials,
};
use super::purl::purl;

pub mod term;

use term::{Language, Term};

const TITLE: &str = "Erlang and Elixir";

/// The most applications that one requires.
const MAX_DEPENDENCIES: usize = 1000;

/// The applications that Elixir itself brings along.
const ELIXIR: &[&str] = &["eex", "elixir", "ex_unit", "iex", "logger", "mix"];

/// Catalogs applications and packages of Hex.
pub struct Erlang;

/// Catalogs the packages of Mix's and Rebar's lock files.
pub struct ErlangLocks;

impl Analyzer for Erlang {
    fn name(&self) -> &'static str {
        "language/erlang"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: TITLE,
            reads: &[
                (
                    "ebin/*.app",
                    "applications with version and what they require; those of Erlang/OTP and Elixir as kind \
                     otp, all others as kind hex",
                ),
                (
                    "hex_metadata.config",
                    "packages of Hex with licences and what they require; an application of the same name and \
                     version is that package",
                ),
            ],
            not_read: &[
                "Applications inside of escripts and *.ez archives.",
                "Version ranges of mix.exs and rebar.config: they are programs and are not executed.",
            ],
            certainty: "Name and version are certain. That an application comes from Hex is certain where its \
                        hex_metadata.config is there (the property `hex` says `stated`); in releases, which \
                        leave that out, it is assumed of all that neither Erlang/OTP nor Elixir bring along \
                        (`assumed`), so that an application of one's own is listed as hex too.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        let wanted = (entry.path.ends_with(b".app") && component(entry.path, 1) == Some(b"ebin"))
            || entry.path.ends_with(b"/hex_metadata.config");
        if wanted {
            return Want::Whole { limit: 4 * MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        let read = term::read(content.bytes, Language::Erlang);
        let package = if is_metadata(entry.path) {
            metadata(&read.terms)
        } else {
            application(&read.terms)
        };
        if package.is_none() && read.problem.is_none() {
            found.damage.note(|| "states no application".to_owned());
        }
        if let Some(problem) = read.problem {
            found.damage.note(|| problem);
        }
        if let Some(package) = package {
            found.push(package);
        }
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let (stated, mut placed): (Vec<_>, Vec<_>) = collect_each(view)
            .into_iter()
            .partition(|(path, _)| is_metadata(path.as_bytes()));
        // What Hex says of a package, by the name of its application and version.
        let mut packages: BTreeMap<(String, String), BTreeMap<&[u8], _>> = BTreeMap::new();
        for (path, one) in stated {
            let app = one.package.properties.get("app");
            let app = app.unwrap_or(&one.package.name).clone();
            let key = (app, one.package.version.clone());
            let folders = packages.entry(key).or_default();
            folders.insert(path.parent(), (path, one));
        }
        for (path, one) in &mut placed {
            let key = (one.package.name.clone(), one.package.version.clone());
            let Some(folders) = packages.get_mut(&key) else {
                continue;
            };
            let Some((_, (_, first))) = folders.first_key_value() else {
                continue;
            };
            let locations = std::mem::take(&mut one.package.locations);
            one.package = first.package.clone();
            one.package.locations = locations;
            // Beside the application's own folder the record only says the same again.
            let folder = above(path.as_bytes(), 2);
            if let Some((_, record)) = folders.get(folder) {
                let more = record.package.locations.iter().cloned();
                one.package.locations.extend(more);
                one.package.locations.sort();
                if folders.len() > 1 {
                    folders.remove(folder);
                }
            }
        }
        let applications: HashSet<String> = placed
            .iter()
            .map(|(_, one)| purl(&one.package, view.distro))
            .collect();
        // A record whose application was not built stands for itself.
        for (path, one) in packages.into_values().flat_map(BTreeMap::into_values) {
            if !applications.contains(&purl(&one.package, view.distro)) {
                placed.push((path, one));
            }
        }
        placed.sort_by_key(|(path, _)| *path);
        let rules = Rules {
            scope: |path| above(path, if is_metadata(path) { 2 } else { 3 }),
            beyond: true,
        };
        finish(placed, view, out, rules);
    }
}

fn is_metadata(path: &[u8]) -> bool {
    path.ends_with(b"hex_metadata.config")
}

/// Reads `{application, NAME, [PROPERTY…]}` (app(4) of Erlang/OTP).
fn application(terms: &[Term]) -> Option<Package> {
    let (name, properties) = terms.iter().find_map(|term| match term.items() {
        [Term::Atom(word), name, properties] if word == "application" => {
            Some((name.name()?, properties))
        }
        _ => None,
    })?;
    let text = |key: &str| properties.get(key).and_then(Term::name).unwrap_or_default();
    let stated = requirement(name, text("vsn"));
    if stated.name.is_empty() {
        return None;
    }
    // OTP's own name the versions that they run with, which nobody else does (app(4),
    // `runtime_dependencies`).
    let otp = properties.get("runtime_dependencies").is_some() || ELIXIR.contains(&name);
    let kind = if otp {
        PackageKind::Otp
    } else {
        PackageKind::Hex
    };
    let mut package = Package::new(kind, stated.name, stated.constraint);
    if !otp {
        property(&mut package, "hex", "assumed");
    }
    for one in properties
        .get("licenses")
        .map(Term::items)
        .unwrap_or_default()
    {
        license(&mut package, one.name().unwrap_or_default());
    }
    property(&mut package, "description", text("description"));
    for key in [
        "applications",
        "included_applications",
        "optional_applications",
    ] {
        let names = properties.get(key).map(Term::items).unwrap_or_default();
        for name in names.iter().filter_map(Term::name) {
            let wanted = vec![requirement(name, "")];
            if package.requires.len() < MAX_DEPENDENCIES && !package.requires.contains(&wanted) {
                package.requires.push(wanted);
            }
        }
    }
    Some(package)
}

/// Reads `{<<"name">>,<<"cowlib">>}.` and so on (Hex specifications, "package metadata").
fn metadata(terms: &[Term]) -> Option<Package> {
    let document = Term::List(terms.to_vec());
    let text = |key: &str| document.get(key).and_then(Term::name).unwrap_or_default();
    let stated = requirement(text("name"), text("version"));
    if stated.name.is_empty() || stated.constraint.is_empty() {
        return None;
    }
    let mut package = Package::new(PackageKind::Hex, stated.name, stated.constraint);
    for one in document
        .get("licenses")
        .map(Term::items)
        .unwrap_or_default()
    {
        license(&mut package, one.name().unwrap_or_default());
    }
    let wanted = document
        .get("requirements")
        .map(Term::items)
        .unwrap_or_default();
    for one in wanted.iter().take(MAX_DEPENDENCIES) {
        // `{NAME, [{<<"app">>, …}, …]}`, or the list alone with a name in it.
        let (name, fields) = match one.items() {
            [name, fields] if name.name().is_some() => (name.name(), fields),
            _ => (one.get("name").and_then(Term::name), one),
        };
        let Some(name) = name else {
            continue;
        };
        let app = fields.get("app").and_then(Term::name).unwrap_or(name);
        let range = fields
            .get("requirement")
            .and_then(Term::name)
            .unwrap_or_default();
        package
            .requires
            .push(vec![requirement(app, ""), requirement(name, range)]);
    }
    property(&mut package, "hex", "stated");
    let app = text("app");
    if app != package.name {
        property(&mut package, "app", app);
        package.provides.push(requirement(app, ""));
    }
    Some(package)
}

impl Analyzer for ErlangLocks {
    fn name(&self) -> &'static str {
        "language/erlang-locks"
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
                    "mix.lock",
                    "packages of Hex and repositories, and what they require",
                ),
                (
                    "rebar.lock",
                    "packages of Hex and repositories, and which were asked for",
                ),
            ],
            not_read: &["What mix.exs asks for: it is a program and is not executed."],
            certainty: "Certain: it is what Mix and Rebar install.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.path.ends_with(b".lock")
            && entry.kind == EntryKind::File
            && matches!(file_name(entry.path), b"mix.lock" | b"rebar.lock")
        {
            return Want::Whole { limit: 8 * MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        let mix = entry.file_name() == b"mix.lock";
        let language = if mix {
            Language::Elixir
        } else {
            Language::Erlang
        };
        let read = term::read(content.bytes, language);
        if let Some(problem) = read.problem {
            found.damage.note(|| problem);
        }
        match (mix, read.terms.first()) {
            (true, Some(map)) => mix_lock(map, &mut found),
            (false, Some(first)) => rebar_lock(first, &mut found),
            (_, None) => {}
        }
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        join(view, out, ALONE);
    }
}

/// Reads `%{"app": {:hex, :package, "version", "checksum", [managers], [dependencies], …}}` and
/// `{:git, "url", "revision", options}`.
fn mix_lock(map: &Term, found: &mut Found) {
    for pair in map.items() {
        let [app, value] = pair.items() else {
            continue;
        };
        let Some(app) = app.name() else {
            continue;
        };
        match value.items() {
            [Term::Atom(scm), name, version, rest @ ..] if scm == "hex" => {
                let (name, version) = (name.name(), version.name());
                let stated = requirement(name.unwrap_or(app), version.unwrap_or_default());
                let mut package = Package::new(PackageKind::Hex, stated.name, stated.constraint);
                let dependencies = rest.get(2).map(Term::items).unwrap_or_default();
                for one in dependencies.iter().take(MAX_DEPENDENCIES) {
                    let [name, range, ..] = one.items() else {
                        continue;
                    };
                    let Some(name) = name.name() else {
                        continue;
                    };
                    let range = range.name().unwrap_or_default();
                    package.requires.push(vec![requirement(name, range)]);
                }
                if app != package.name {
                    package.provides.push(requirement(app, ""));
                }
                found.push(package);
            }
            [Term::Atom(scm), url, revision, ..] if scm == "git" => {
                found.push(repository(app, url, revision));
            }
            _ => {}
        }
    }
}

/// Reads `{"1.2.0", [{<<"app">>, {pkg, <<"package">>, <<"version">>}, LEVEL}, …]}`, or the list alone.
fn rebar_lock(first: &Term, found: &mut Found) {
    let entries = match first {
        Term::Tuple(parts) => parts.get(1).map(Term::items).unwrap_or_default(),
        other => other.items(),
    };
    for entry in entries {
        let [app, source, level] = entry.items() else {
            continue;
        };
        let Some(app) = app.name() else {
            continue;
        };
        let mut package = match source.items() {
            [Term::Atom(scm), name, version, ..] if scm == "pkg" => {
                let (name, version) = (name.name(), version.name());
                let stated = requirement(name.unwrap_or(app), version.unwrap_or_default());
                Package::new(PackageKind::Hex, stated.name, stated.constraint)
            }
            [Term::Atom(scm), url, revision, ..] if scm == "git" => {
                repository(app, url, revision.items().get(1).unwrap_or(revision))
            }
            _ => continue,
        };
        if let Term::Number(level) = level {
            package.requested = Some(level == "0");
        }
        found.push(package);
    }
}

/// Makes a package of a repository, whose version is its revision.
fn repository(app: &str, url: &Term, revision: &Term) -> Package {
    let stated = requirement(app, revision.name().unwrap_or_default());
    let mut package = Package::new(PackageKind::Hex, stated.name, stated.constraint);
    let url = without_credentials(url.name().unwrap_or_default());
    property(&mut package, "source", &url);
    package
}
