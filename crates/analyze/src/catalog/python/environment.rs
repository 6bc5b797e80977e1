//! Joining distributions with what lies beside them, and finding out who requires whom.
//!
//! An environment is a folder that distributions are installed into. Which others its interpreter
//! searches follows from the paths (`PREFIX/lib/python3.11/site-packages`), from `pyvenv.cfg` and
//! from where standard libraries lie (module `site` of the standard library; Debian Python Policy,
//! "Module path").

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use plimsoll_model::analyzer::{Assembled, Fact, View};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::package::{Package, Requirement};
use plimsoll_model::path::{ImagePath, file_name, parent};

use super::super::assembly::{Installed, collect_each, hand_over, set_dependencies, set_purls};
use super::marker::{Interpreter, Specifier, judge};
use super::name::{dist_info_stem, normalized};
use super::version::{Version, fulfils_all};
use super::{note, requirements};

/// The most environments that one searches. Real interpreters search some four.
const MAX_PEERS: usize = 16;

/// The most environments of a kind that are looked at for those that one searches.
const MAX_SEARCHED: usize = 256;

/// The most distributions of one name in one environment that are looked at for one requirement.
const MAX_CANDIDATES: usize = 64;

/// The most folders above a vendored copy that are looked at for the environment it lies in.
const MAX_ANCESTORS: usize = 64;

/// The most requirements that are judged, each time counted that an extra becomes active, and for each
/// candidate where there are several. An image of 10,000 distributions needs some 500,000.
const MAX_JUDGED: usize = 4_000_000;

/// Returns the version of Python whose standard library holds a file (`usr/lib/python3.11/x.py`).
pub(super) fn library(path: &[u8]) -> Option<&str> {
    let folder = file_name(parent(path));
    let version = folder
        .strip_prefix(b"python")
        .or_else(|| folder.strip_prefix(b"pypy"))?;
    let numbers = !version.is_empty()
        && version.contains(&b'.')
        && version.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    std::str::from_utf8(version).ok().filter(|_| numbers)
}

/// Joins everything and appends the packages to `out`, sorted by path.
pub(super) fn assemble(view: &View<'_>, out: &mut Assembled) {
    let notes = Notes::of(view);
    let gone = without_metadata(view, &notes);
    let mut found: Vec<(&ImagePath, Installed<'_>)> = collect_each(view);
    for (path, package, introduced) in &gone {
        let mut listed = package.clone();
        listed.locations = vec![path.to_text()];
        found.push((
            *path,
            Installed {
                fact: package,
                package: listed,
                introduced: *introduced,
            },
        ));
    }
    found.sort_by_key(|(path, _)| *path);
    let (paths, mut installed): (Vec<&ImagePath>, Vec<Installed<'_>>) = found.into_iter().unzip();
    let places: Vec<Place<'_>> = paths
        .iter()
        .map(|path| Place::of(path.as_bytes()))
        .collect();
    let environments = Environments::of(&places, &installed, &notes);
    describe(&places, &mut installed, &notes, &environments);
    set_purls(&mut installed, view.distro);
    let required: Vec<Vec<Vec<Requirement>>> = places
        .iter()
        .zip(&installed)
        .map(|(place, one)| own_requirements(place, one, &notes))
        .collect();
    let (resolved, complete) = resolve(&places, &installed, &required, &environments);
    if !complete {
        out.issues.push(Issue::new(
            IssueKind::Unsupported,
            "Python",
            format!("only {MAX_JUDGED} requirements were judged; dependencies are missing"),
        ));
    }
    set_dependencies(&mut installed, resolved);
    hand_over(installed, out);
}

/// Is everything that was noted, by folder.
#[derive(Default)]
struct Notes<'a> {
    /// By folder of metadata: key and value.
    beside: BTreeMap<&'a [u8], Vec<(&'a str, &'a str)>>,
    /// Folders of metadata: a file that proves it, and the layer that introduced that file.
    folders: BTreeMap<&'a [u8], (&'a ImagePath, usize)>,
    /// Prefixes of interpreters with their versions (`usr`: 3.11).
    libraries: BTreeSet<(&'a [u8], &'a str)>,
    /// Prefixes of virtual environments: the version and whether system packages are seen.
    virtuals: BTreeMap<&'a [u8], (&'a str, bool)>,
    /// Folders of sources that are installed in place: the environment's folder.
    links: BTreeMap<Vec<u8>, &'a [u8]>,
    /// Metadata that the `RECORD` in another folder lists: that folder.
    contains: BTreeMap<Vec<u8>, &'a [u8]>,
}

impl<'a> Notes<'a> {
    fn of(view: &View<'a>) -> Self {
        let mut notes = Self::default();
        for located in view.facts {
            let Fact::Note { key, value } = located.fact else {
                continue;
            };
            let path = located.path.as_bytes();
            let folder = parent(path);
            match key.as_str() {
                note::LIBRARY => {
                    notes.libraries.insert((parent(parent(folder)), value));
                }
                note::VIRTUAL => {
                    let (version, system) = value.split_once(' ').unwrap_or((value, ""));
                    notes.virtuals.insert(folder, (version, !system.is_empty()));
                }
                note::LINK => {
                    if let Ok(target) = ImagePath::normalize(value.as_bytes()) {
                        notes.links.insert(target.as_bytes().to_vec(), folder);
                    }
                }
                note::CONTAINS => {
                    let full = [parent(folder), b"/", value.as_bytes()].concat();
                    notes.contains.insert(full, folder);
                }
                key => {
                    if file_name(folder).ends_with(b".dist-info") {
                        let place = (located.path, located.introduced);
                        notes.folders.entry(folder).or_insert(place);
                    }
                    let beside = notes.beside.entry(folder).or_default();
                    beside.push((key, value));
                }
            }
        }
        notes
    }

    /// Returns what was noted under a key beside a package's metadata.
    fn get(&self, folder: &[u8], key: &str) -> impl Iterator<Item = &'a str> {
        self.beside
            .get(folder)
            .into_iter()
            .flatten()
            .filter(move |(own, _)| *own == key)
            .map(|(_, value)| *value)
    }
}

/// Makes packages of `.dist-info` folders that hold no `METADATA`, by the folder's name.
fn without_metadata<'a>(
    view: &View<'a>,
    notes: &Notes<'a>,
) -> Vec<(&'a ImagePath, Package, usize)> {
    let stated: BTreeSet<&[u8]> = view
        .facts
        .iter()
        .filter(|located| matches!(located.fact, Fact::Package(_)))
        .map(|located| parent(located.path.as_bytes()))
        .collect();
    notes
        .folders
        .iter()
        .filter(|(folder, _)| !stated.contains(*folder))
        .filter_map(|(folder, (path, introduced))| {
            let stem = file_name(folder).strip_suffix(b".dist-info")?;
            let stem = dist_info_stem(std::str::from_utf8(stem).ok()?)?;
            if stem.version.is_empty() {
                return None;
            }
            let mut package = Package::new(PackageKind::Pypi, stem.name, stem.version);
            let properties = &mut package.properties;
            properties.insert("identity_from".to_owned(), "folder name".to_owned());
            Some((*path, package, *introduced))
        })
        .collect()
}

/// Is where a distribution lies.
struct Place<'a> {
    /// The folder of its metadata, or the file's own folder where there is none.
    folder: &'a [u8],
    /// The metadata file.
    path: &'a [u8],
    /// The environment: the folder that holds the folder of metadata.
    home: &'a [u8],
}

impl<'a> Place<'a> {
    fn of(path: &'a [u8]) -> Self {
        let folder = parent(path);
        let name = file_name(folder);
        let home = if name == b"EGG-INFO" {
            parent(parent(folder))
        } else if name.ends_with(b".dist-info") || name.ends_with(b".egg-info") {
            parent(folder)
        } else {
            folder
        };
        Self { folder, path, home }
    }
}

/// Is a folder that distributions are installed into.
struct Environment<'a> {
    /// `PREFIX/lib/python3.11/site-packages` in its parts; `None` for any other folder.
    layout: Option<Layout<'a>>,
    interpreter: Interpreter,
    /// Whether it is one that an interpreter of the system installs into.
    system: bool,
    /// Distributions by normalised name.
    named: HashMap<String, Vec<usize>>,
    /// The folders searched after this one, in order.
    peers: Vec<&'a [u8]>,
}

/// Is a folder of an interpreter, in its parts.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Layout<'a> {
    prefix: &'a [u8],
    /// `site-packages` or, where Debian patched it, `dist-packages`.
    leaf: &'a [u8],
    major: u64,
    /// Unknown for Debian's `python3`.
    minor: Option<u64>,
    pypy: bool,
}

impl<'a> Layout<'a> {
    fn of(folder: &'a [u8]) -> Option<Self> {
        let leaf = file_name(folder);
        if !matches!(leaf, b"site-packages" | b"dist-packages") {
            return None;
        }
        let python = parent(folder);
        let name = std::str::from_utf8(file_name(python)).ok()?;
        let (version, pypy) = match name.strip_prefix("python") {
            Some(version) => (version, false),
            None => (name.strip_prefix("pypy")?, true),
        };
        let version = version.trim_end_matches('t');
        let (major, minor) = match version.split_once('.') {
            Some((major, minor)) => (major, Some(minor.parse().ok()?)),
            None => (version, None),
        };
        let lib = parent(python);
        matches!(file_name(lib), b"lib" | b"lib64").then_some(())?;
        Some(Self {
            prefix: parent(lib),
            leaf,
            major: major.parse().ok()?,
            minor,
            pypy,
        })
    }

    /// Says whether both belong to one version of an interpreter, as far as is known.
    fn agrees(&self, version: Option<(u64, Option<u64>)>, pypy: bool) -> bool {
        let Some((major, minor)) = version else {
            return false;
        };
        let minors = match (self.minor, minor) {
            (Some(own), Some(other)) => own == other,
            _ => true,
        };
        self.major == major && self.pypy == pypy && minors
    }
}

/// Is all environments of an image, by folder.
struct Environments<'a>(BTreeMap<&'a [u8], Environment<'a>>);

impl<'a> Environments<'a> {
    fn of(places: &[Place<'a>], installed: &[Installed<'_>], notes: &Notes<'a>) -> Self {
        let mut all: BTreeMap<&'a [u8], Environment<'a>> = BTreeMap::new();
        let only = only_version(notes);
        for (index, (place, one)) in places.iter().zip(installed).enumerate() {
            // Sources that are installed in place belong to the environment that links to them.
            let linked = notes.links.get(place.home).copied();
            for folder in std::iter::once(place.home).chain(linked) {
                let environment = all
                    .entry(folder)
                    .or_insert_with(|| Environment::new(folder, notes, only));
                let name = normalized(&one.package.name);
                let named = environment.named.entry(name).or_default();
                if named.len() < MAX_CANDIDATES {
                    named.push(index);
                }
            }
        }
        let mut environments = Self(all);
        let folders: Vec<&'a [u8]> = environments.0.keys().copied().collect();
        let searched = Searched::of(&environments);
        let peers: Vec<Vec<&'a [u8]>> = folders
            .iter()
            .map(|folder| environments.peers(folder, notes, &searched))
            .collect();
        for (folder, peers) in folders.iter().zip(peers) {
            // A copy inside a package runs under the interpreter of the environment around it.
            let around = peers.first().and_then(|peer| environments.0.get(peer));
            let interpreter = around.map(|around| around.interpreter.clone());
            if let Some(environment) = environments.0.get_mut(folder) {
                if let (None, Some(interpreter)) = (environment.layout, interpreter) {
                    environment.interpreter = interpreter;
                }
                environment.peers = peers;
            }
        }
        environments
    }

    /// Returns the folders that are searched after this one, nearest first.
    fn peers(&self, folder: &'a [u8], notes: &Notes<'a>, searched: &Searched<'a>) -> Vec<&'a [u8]> {
        let Some(own) = self.0.get(folder) else {
            return Vec::new();
        };
        let mut found: Vec<&'a [u8]> = Vec::new();
        let around = self.around(folder);
        if own.layout.is_none()
            && let Some((around, _)) = around
        {
            found.push(around);
        }
        let version = own.interpreter.version;
        let venv = own.layout.and_then(|own| notes.virtuals.get(own.prefix));
        let sees_system = venv.is_none_or(|(_, system)| *system);
        // Later folders first: Debian searches /usr/local before /usr.
        for other in searched.from(own.layout) {
            let Some((other, environment)) = self.0.get_key_value(other) else {
                continue;
            };
            let Some(layout) = environment.layout else {
                continue;
            };
            if *other == folder || !layout.agrees(version, own.interpreter.pypy) {
                continue;
            }
            let belongs = match own.layout {
                Some(own) if own.prefix == layout.prefix && own.leaf == layout.leaf => true,
                Some(own) => {
                    let shared = |prefix: &[u8]| matches!(prefix, b"usr" | b"usr/local");
                    let both = shared(own.prefix) && shared(layout.prefix);
                    let foreign = !shared(own.prefix) && environment.system && sees_system;
                    let user = own.prefix.ends_with(b".local") || venv.is_some();
                    (both && own.leaf == layout.leaf) || (foreign && user)
                }
                None => environment.system,
            };
            if belongs && !found.contains(other) {
                found.push(other);
            }
            if found.len() >= MAX_PEERS {
                break;
            }
        }
        found
    }

    /// Returns the nearest environment that a folder lies in.
    fn around(&self, folder: &[u8]) -> Option<(&'a [u8], &Environment<'a>)> {
        let mut folder = folder;
        for _ in 0..MAX_ANCESTORS {
            if folder.is_empty() {
                return None;
            }
            folder = parent(folder);
            if let Some((key, environment)) = self.0.get_key_value(folder) {
                return Some((*key, environment));
            }
        }
        None
    }
}

/// Is what other environments may search: looking at all of them would take the square of their number.
struct Searched<'a> {
    /// Environments of the system, the last first. Real images have a handful.
    system: Vec<&'a [u8]>,
    /// Environments by prefix and leaf, the last first: those of several versions of Python.
    beside: HashMap<[&'a [u8]; 2], Vec<&'a [u8]>>,
}

impl<'a> Searched<'a> {
    fn of(environments: &Environments<'a>) -> Self {
        let mut found = Self {
            system: Vec::new(),
            beside: HashMap::new(),
        };
        for (folder, environment) in environments.0.iter().rev() {
            let Some(layout) = environment.layout else {
                continue;
            };
            if environment.system && found.system.len() < MAX_SEARCHED {
                found.system.push(folder);
            }
            let beside = found
                .beside
                .entry([layout.prefix, layout.leaf])
                .or_default();
            if beside.len() < MAX_SEARCHED {
                beside.push(folder);
            }
        }
        found
    }

    /// Returns what an environment of this layout may search, the last first.
    fn from(&self, layout: Option<Layout<'a>>) -> Vec<&'a [u8]> {
        let beside = layout.and_then(|own| self.beside.get(&[own.prefix, own.leaf]));
        let mut all: Vec<&'a [u8]> = beside.into_iter().flatten().copied().collect();
        all.extend(&self.system);
        all.sort_unstable_by(|a, b| b.cmp(a));
        all.dedup();
        all
    }
}

impl<'a> Environment<'a> {
    fn new(folder: &'a [u8], notes: &Notes<'a>, only: Option<(u64, u64)>) -> Self {
        let layout = Layout::of(folder);
        let mut interpreter = Interpreter {
            version: only.map(|(major, minor)| (major, Some(minor))),
            ..Interpreter::default()
        };
        let mut system = false;
        if let Some(layout) = layout {
            let minor = layout
                .minor
                .or_else(|| only_minor(notes, layout.major, layout.prefix));
            interpreter.version = Some((layout.major, minor));
            interpreter.pypy = layout.pypy;
            let library = libraries_at(notes, layout.prefix).next().is_some();
            let local = layout.prefix.ends_with(b".local");
            let venv = notes.virtuals.get(layout.prefix);
            let usual = matches!(layout.prefix, b"usr" | b"usr/local");
            system = venv.is_none() && !local && (usual || library);
            let full = venv.map(|(version, _)| *version);
            interpreter.full = full
                .filter(|full| full.split('.').count() == 3)
                .map(ToOwned::to_owned);
        }
        Self {
            layout,
            interpreter,
            system,
            named: HashMap::new(),
            peers: Vec::new(),
        }
    }
}

/// Returns the version of Python if all standard libraries of the image are of one.
fn only_version(notes: &Notes<'_>) -> Option<(u64, u64)> {
    let versions: BTreeSet<&str> = notes
        .libraries
        .iter()
        .map(|(_, version)| *version)
        .collect();
    let mut versions = versions.into_iter();
    match (versions.next(), versions.next()) {
        (Some(only), None) => minor_of(only),
        _ => None,
    }
}

/// Returns the versions of the standard libraries at a prefix.
fn libraries_at<'n>(notes: &'n Notes<'_>, prefix: &'n [u8]) -> impl Iterator<Item = &'n str> {
    notes
        .libraries
        .range((prefix, "")..)
        .take_while(move |(own, _)| *own == prefix)
        .map(|(_, version)| *version)
}

/// Returns the minor version if the standard libraries of a major one at this prefix are of one.
fn only_minor(notes: &Notes<'_>, major: u64, prefix: &[u8]) -> Option<u64> {
    let mut minors: Vec<u64> = libraries_at(notes, prefix)
        .take(MAX_SEARCHED)
        .filter_map(minor_of)
        .filter(|(own, _)| *own == major)
        .map(|(_, minor)| minor)
        .collect();
    minors.dedup();
    match minors.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

fn minor_of(version: &str) -> Option<(u64, u64)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Fills what follows from the files beside the metadata and from the place.
fn describe(
    places: &[Place<'_>],
    installed: &mut [Installed<'_>],
    notes: &Notes<'_>,
    environments: &Environments<'_>,
) {
    let recorded: BTreeSet<&[u8]> = places
        .iter()
        .filter(|place| notes.get(place.folder, note::REQUESTED).next().is_some())
        .map(|place| place.home)
        .collect();
    let modules = module_owners(places, installed, notes);
    let names: HashMap<&[u8], String> = places
        .iter()
        .zip(&*installed)
        .map(|(place, one)| (place.folder, one.package.name.clone()))
        .collect();
    for (place, one) in places.iter().zip(installed) {
        let mut set = |property: &str, value: &str| {
            let properties = &mut one.package.properties;
            properties.insert(property.to_owned(), value.to_owned());
        };
        for origin in notes.get(place.folder, note::ORIGIN) {
            if let Some((property, value)) = origin.split_once('=') {
                set(property, value);
            }
        }
        if notes.links.contains_key(place.home) {
            set("editable", "true");
        }
        let tool = notes.get(place.folder, note::INSTALLER).next();
        if let Some(name) = tool.filter(|name| !name.is_empty()) {
            set("installer", name);
        }
        let around = environments.around(place.home);
        let own = environments.0.get(place.home);
        let nested = own.is_some_and(|own| own.layout.is_none())
            && around.is_some_and(|(_, around)| around.layout.is_some());
        let vendor = place
            .home
            .split(|byte| *byte == b'/')
            .any(|part| part == b"_vendor");
        if nested || vendor {
            set("vendored", "true");
            let listed = notes.contains.get(place.path);
            let by = listed
                .and_then(|folder| names.get(folder))
                .or_else(|| {
                    let (folder, _) = around?;
                    let inside = place.home.get(folder.len()..)?;
                    let mut parts = inside.split(|byte| *byte == b'/');
                    let first = parts.find(|part| !part.is_empty())?;
                    modules.get(&(folder, first.to_ascii_lowercase()))
                })
                .filter(|by| **by != one.package.name);
            if let Some(by) = by {
                set("vendored_by", by);
            }
        } else if seeded(&one.package.name) {
            set("seeded", "true");
        }
        one.package.requested = match tool {
            // uv writes REQUESTED for everything that it installs.
            Some("uv") => None,
            _ if notes.get(place.folder, note::REQUESTED).next().is_some() => Some(true),
            Some("pip") if recorded.contains(place.home) => Some(false),
            _ => None,
        };
    }
}

/// Says whether the interpreter or the maker of a virtual environment puts a distribution there
/// unasked: `ensurepip`, `virtualenv`, and the metadata that Python 2 carries of its own parts.
fn seeded(name: &str) -> bool {
    matches!(
        name,
        "pip" | "setuptools" | "wheel" | "Python" | "argparse" | "wsgiref"
    )
}

/// Maps environment and module to the distribution that brings the module.
fn module_owners<'a>(
    places: &[Place<'a>],
    installed: &[Installed<'_>],
    notes: &Notes<'_>,
) -> HashMap<(&'a [u8], Vec<u8>), String> {
    let mut owners = HashMap::new();
    for (place, one) in places.iter().zip(installed) {
        let name = &one.package.name;
        // Most distributions are called as their module.
        let own = normalized(name).replace('-', "_");
        let stated = notes.get(place.folder, note::MODULE).map(str::to_lowercase);
        for module in std::iter::once(own).chain(stated) {
            owners
                .entry((place.home, module.into_bytes()))
                .or_insert_with(|| name.clone());
        }
    }
    owners
}

/// Returns what a package requires: as its metadata states it, else as its `requires.txt` does.
fn own_requirements(
    place: &Place<'_>,
    one: &Installed<'_>,
    notes: &Notes<'_>,
) -> Vec<Vec<Requirement>> {
    if !one.fact.requires.is_empty() {
        return one.fact.requires.clone();
    }
    let lines: Vec<String> = notes
        .get(place.folder, note::REQUIRES)
        .map(ToOwned::to_owned)
        .collect();
    requirements(&lines)
}

/// Resolves requirements to indices of packages. The second value is false when the bound was reached.
///
/// A requirement counts when its marker may be true; one of an extra when an installed distribution
/// asks for that extra, which may make further ones count: the work goes on until nothing changes.
fn resolve(
    places: &[Place<'_>],
    installed: &[Installed<'_>],
    required: &[Vec<Vec<Requirement>>],
    environments: &Environments<'_>,
) -> (Vec<Vec<usize>>, bool) {
    let versions: Vec<Option<Version>> = installed
        .iter()
        .map(|one| Version::parse(&one.package.version))
        .collect();
    let mut found: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); installed.len()];
    let mut extras: Vec<BTreeSet<String>> = vec![BTreeSet::new(); installed.len()];
    let mut queue: VecDeque<usize> = (0..installed.len()).collect();
    let mut queued = vec![true; installed.len()];
    let mut judged = 0;
    while let Some(at) = queue.pop_front() {
        let (Some(place), Some(groups)) = (places.get(at), required.get(at)) else {
            continue;
        };
        if let Some(flag) = queued.get_mut(at) {
            *flag = false;
        }
        let Some(environment) = environments.0.get(place.home) else {
            continue;
        };
        let active = extras.get(at).cloned().unwrap_or_default();
        judged += active.len();
        for requirement in groups.iter().flatten() {
            // Long markers count for more: they cost more.
            judged += 1 + (requirement.name.len() + requirement.constraint.len()) / 256;
            if judged > MAX_JUDGED {
                return (sorted(found), false);
            }
            let line = format!("{}{}", requirement.name, requirement.constraint);
            let Some(specifier) = Specifier::parse(&line) else {
                continue;
            };
            if judge(specifier.marker, &environment.interpreter, &active) == Some(false) {
                continue;
            }
            let target = find(
                &specifier,
                environment,
                environments,
                &versions,
                &mut judged,
            );
            let Some(target) = target else {
                continue;
            };
            if target != at
                && let Some(found) = found.get_mut(at)
            {
                found.insert(target);
            }
            let Some(known) = extras.get_mut(target) else {
                continue;
            };
            let before = known.len();
            known.extend(specifier.extras());
            if known.len() > before
                && let Some(flag) = queued.get_mut(target)
                && !*flag
            {
                *flag = true;
                queue.push_back(target);
            }
        }
    }
    (sorted(found), true)
}

fn sorted(found: Vec<BTreeSet<usize>>) -> Vec<Vec<usize>> {
    found
        .into_iter()
        .map(|set| set.into_iter().collect())
        .collect()
}

/// Finds the distribution that a requirement means: in its own environment, then in those searched
/// after it. Of several in one environment the newest that fulfils the versions, else the newest. What
/// that cost is added to `judged`.
fn find(
    specifier: &Specifier<'_>,
    environment: &Environment<'_>,
    environments: &Environments<'_>,
    versions: &[Option<Version>],
    judged: &mut usize,
) -> Option<usize> {
    let name = normalized(specifier.name);
    let peers = environment.peers.iter();
    let peers = peers.filter_map(|folder| environments.0.get(folder));
    let candidates = std::iter::once(environment)
        .chain(peers)
        .find_map(|environment| environment.named.get(&name))?;
    if let [only] = candidates.as_slice() {
        return Some(*only);
    }
    *judged += candidates.len() * (1 + specifier.versions.len() / 64);
    candidates.iter().copied().max_by_key(|index| {
        let version = versions.get(*index).and_then(Option::as_ref);
        let fits = version.is_some_and(|v| fulfils_all(v, specifier.versions));
        (fits, version, std::cmp::Reverse(*index))
    })
}
