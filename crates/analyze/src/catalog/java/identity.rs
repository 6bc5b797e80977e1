//! Finding out which artifact a jar is, and which others were shaded into it, from what it holds.
//!
//! What is stated first counts: `pom.properties`, `pom.xml`, the place in a repository, the file's
//! name, the manifest. Of several `pom.properties` the one that the file's name or the manifest
//! confirms is the jar itself; the others were shaded into it. Read [`packages`] first.

use std::collections::{BTreeSet, HashMap};

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement};

use crate::catalog::damage::text;
use crate::catalog::license_texts::{agreed, families, replace};
use crate::catalog::zip::inside;
use crate::license::normalize;

use super::file_name::{FileName, repository};
use super::groups::known;
use super::manifest::Manifest;
use super::pom::{Coordinates, Project, is_id};

/// The most folders of classes that are remembered of one jar.
const MAX_FOLDERS: usize = 256;

/// The requirement's name begins with it where a file is required, by its path in the image.
pub(super) const FILE: &str = "file:";

/// Is where an archive lies.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    /// The path in the image, safe to show; of nested archives with `!/`.
    pub(super) location: String,
    /// The archives around it.
    pub(super) depth: usize,
}

impl Origin {
    /// Returns the file's name without folder and ending.
    fn stem(&self) -> &str {
        let name = self.location.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }
}

/// Is one artifact's metadata below `META-INF/maven`.
#[derive(Clone, Debug, Default)]
pub(super) struct Pom {
    /// The folder of both files, as it is written in the archive.
    pub(super) folder: Vec<u8>,
    pub(super) properties: Option<Coordinates>,
    pub(super) project: Option<Project>,
}

impl Pom {
    /// Returns what it states and by what; `None` where that names no artifact.
    fn stated(&self) -> Option<(Coordinates, &'static str)> {
        let of_project = self.project.as_ref().map(|project| &project.own);
        let (stated, evidence) = match (&self.properties, of_project) {
            (Some(properties), Some(project))
                if properties.artifact.is_empty() || properties.artifact == project.artifact =>
            {
                (properties.clone().or(project), "pom.properties")
            }
            (Some(properties), _) => (properties.clone(), "pom.properties"),
            (None, Some(project)) => (project.clone(), "pom.xml"),
            (None, None) => return None,
        };
        // Both are named by their folder too: META-INF/maven/GROUP/ARTIFACT.
        let folder = text(&self.folder);
        let mut parts = folder.rsplit('/');
        let of_folder = Coordinates {
            artifact: parts
                .next()
                .filter(|id| is_id(id))
                .unwrap_or_default()
                .to_owned(),
            group: parts
                .next()
                .filter(|id| is_id(id))
                .unwrap_or_default()
                .to_owned(),
            version: String::new(),
        };
        let stated = if stated.artifact.is_empty() || stated.artifact == of_folder.artifact {
            stated.or(&of_folder)
        } else {
            stated
        };
        (!stated.artifact.is_empty()).then_some((stated, evidence))
    }
}

/// Is a licence file of an archive.
#[derive(Clone, Debug)]
pub(super) struct License {
    /// Its name in the archive, as it is written.
    pub(super) file: Vec<u8>,
    /// Which licence its text is; empty where that is not known.
    pub(super) known: String,
}

/// Is what was found in one archive.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    pub(super) manifest: Option<Manifest>,
    pub(super) poms: Vec<Pom>,
    pub(super) licenses: Vec<License>,
    /// Whether there are licence files that were not read.
    pub(super) unknown_license: bool,
    /// The projects by folder.
    by_folder: HashMap<Vec<u8>, usize>,
    /// Folders that hold classes, at most three levels deep.
    folders: BTreeSet<Vec<u8>>,
    /// The folder that all classes lie in; `None` before the first class.
    common: Option<Vec<u8>>,
}

impl Contents {
    /// Returns the metadata of a folder, made where there is none yet.
    pub(super) fn pom(&mut self, folder: &[u8]) -> &mut Pom {
        let at = self.by_folder.get(folder).copied().unwrap_or_else(|| {
            self.poms.push(Pom {
                folder: folder.to_vec(),
                ..Pom::default()
            });
            self.by_folder.insert(folder.to_vec(), self.poms.len() - 1);
            self.poms.len() - 1
        });
        // The index is one that was just found or made.
        #[expect(clippy::indexing_slicing, reason = "found or pushed just above")]
        &mut self.poms[at]
    }

    /// Takes the name of a class file.
    pub(super) fn class(&mut self, name: &[u8]) {
        let end = memchr::memrchr(b'/', name).unwrap_or_default();
        let folder = name.get(..end).unwrap_or_default();
        match &mut self.common {
            None => self.common = Some(folder.to_vec()),
            Some(common) => {
                let same = common
                    .iter()
                    .zip(folder)
                    .take_while(|(a, b)| a == b)
                    .count();
                let whole = |path: &[u8]| path.len() == same || path.get(same) == Some(&b'/');
                if whole(common) && whole(folder) {
                    common.truncate(same);
                } else {
                    let start = common.get(..same).unwrap_or_default();
                    common.truncate(memchr::memrchr(b'/', start).unwrap_or_default());
                }
            }
        }
        let third = folder
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'/')
            .nth(2);
        let folder = third.map_or(folder, |(at, _)| folder.get(..at).unwrap_or_default());
        if self.folders.len() < MAX_FOLDERS && !self.folders.contains(folder) {
            self.folders.insert(folder.to_vec());
        }
    }

    fn holds(&self, wanted: &str) -> bool {
        let wanted = wanted.as_bytes();
        self.folders.iter().any(|folder| {
            folder
                .strip_prefix(wanted)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        })
    }
}

/// Makes packages of what was found in an archive: the archive itself first, then what was shaded
/// into it.
pub(super) fn packages(contents: &Contents, origin: &Origin) -> Vec<Package> {
    let file = FileName::parse(origin.stem());
    let empty = Manifest::default();
    let manifest = contents.manifest.as_ref().unwrap_or(&empty);
    let stated: Vec<(usize, Coordinates, &'static str)> = contents
        .poms
        .iter()
        .enumerate()
        .filter_map(|(at, pom)| pom.stated().map(|(found, by)| (at, found, by)))
        .collect();
    let main = own_pom(&stated, &file, manifest, contents);
    // Of an archive that others were shaded into, nobody knows which of them brought the file.
    let alone = stated.len() == usize::from(main.is_some());
    let mut all = Vec::new();
    let own = match main.and_then(|at| stated.get(at)) {
        Some((at, found, evidence)) => {
            let mut found = found.clone();
            if found.version.is_empty() {
                found.version = stated_version(&file, manifest);
            }
            let mut package = package(&found, evidence);
            if let Some(project) = contents.poms.get(*at).and_then(|pom| pom.project.as_ref()) {
                describe(&mut package, project);
            }
            Some(package)
        }
        None => guess(contents, origin, &file, manifest, !stated.is_empty()),
    };
    if let Some(mut package) = own {
        package.locations = vec![origin.location.clone()];
        finish(&mut package, &file, manifest, origin);
        let pom = main.and_then(|at| stated.get(at));
        let pom = pom.and_then(|(at, ..)| contents.poms.get(*at));
        let folder = pom.map(|pom| pom.folder.as_slice());
        complete(&mut package, contents, origin, folder, alone);
        all.push(package);
    }
    // Where it is not known which of them the archive itself is, none is said to be shaded.
    let has_own = !all.is_empty();
    for (index, (at, found, evidence)) in stated.iter().enumerate() {
        let Some(pom) = contents.poms.get(*at).filter(|_| main != Some(index)) else {
            continue;
        };
        let mut package = package(found, evidence);
        package.locations = vec![inside(&origin.location, &pom.folder)];
        if has_own {
            let properties = &mut package.properties;
            properties.insert("shaded".to_owned(), "true".to_owned());
        }
        if let Some(project) = &pom.project {
            describe(&mut package, project);
        }
        complete(&mut package, contents, origin, Some(&pom.folder), false);
        all.push(package);
    }
    all
}

/// Gives a package that declares no licence the one of its licence files: those in the folder of its
/// project; of the archive itself, where it holds no other artifact, all of them. Several licences are
/// none, since nothing says how they go together.
fn complete(
    package: &mut Package,
    contents: &Contents,
    origin: &Origin,
    folder: Option<&[u8]>,
    alone: bool,
) {
    if contents.licenses.is_empty() || contents.unknown_license {
        return;
    }
    let Some(families) = families(&normalize(package.kind, &package.licenses)) else {
        return;
    };
    let beside = |file: &[u8]| {
        let of_file = file.get(..memchr::memrchr(b'/', file).unwrap_or_default());
        folder.is_some() && of_file == folder
    };
    let files = contents.licenses.iter();
    let files: Vec<&License> = files.filter(|one| alone || beside(&one.file)).collect();
    let texts = files.iter().map(|one| one.known.as_str());
    if let Some(found) = agreed(texts, &families).filter(|found| found.len() == 1) {
        let mut paths: Vec<String> = files
            .iter()
            .map(|one| inside(&origin.location, &one.file))
            .collect();
        paths.sort();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        replace(package, found, &paths);
    }
}

fn package(found: &Coordinates, evidence: &str) -> Package {
    let mut package = Package::new(PackageKind::Maven, found.name(), &found.version);
    let properties = &mut package.properties;
    properties.insert("evidence".to_owned(), evidence.to_owned());
    package
}

/// Adds licences and dependencies of the project's file.
pub(super) fn describe(package: &mut Package, project: &Project) {
    package.licenses.clone_from(&project.licenses);
    if !project.url.is_empty() && !project.url.contains("${") {
        let properties = &mut package.properties;
        properties.insert("homepage".to_owned(), project.url.clone());
    }
    package.requires = project
        .dependencies
        .iter()
        .filter(|one| matches!(one.scope.as_str(), "" | "compile" | "runtime") && !one.optional)
        .filter(|one| !one.coordinates.group.is_empty() && !one.coordinates.artifact.is_empty())
        .map(|one| {
            vec![Requirement {
                name: one.coordinates.name(),
                constraint: one.coordinates.version.clone(),
            }]
        })
        .collect();
}

/// Adds what only the archive as a whole has.
fn finish(package: &mut Package, file: &FileName, manifest: &Manifest, origin: &Origin) {
    if package.licenses.is_empty() {
        // Bundle-License is a list of `name;link=…` (`OSGi` Core 3.2.1.10).
        let value = manifest.get("bundle-license").unwrap_or_default();
        package.licenses = value
            .split(',')
            .map(|one| {
                one.split(';')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .trim_matches('"')
            })
            .filter(|one| !one.is_empty())
            .map(str::to_owned)
            .collect();
        package.licenses.dedup();
    }
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            package.properties.insert(name.to_owned(), value);
        }
    };
    set("classifier", Some(file.classifier.clone()));
    set("module", manifest.get("automatic-module-name"));
    set(
        "vendor",
        manifest.first(&[
            "implementation-vendor",
            "bundle-vendor",
            "specification-vendor",
        ]),
    );
    if package.requires.is_empty() && origin.depth == 0 {
        let folder = origin
            .location
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        package.requires = manifest
            .class_path()
            .into_iter()
            .filter(|path| !path.contains(':') && !path.starts_with('/'))
            .map(|path| {
                vec![Requirement {
                    name: format!("{FILE}{folder}/{path}"),
                    constraint: String::new(),
                }]
            })
            .collect();
    }
}

/// Finds which of several projects is the jar itself.
fn own_pom(
    stated: &[(usize, Coordinates, &'static str)],
    file: &FileName,
    manifest: &Manifest,
    contents: &Contents,
) -> Option<usize> {
    let named = |wanted: &str| {
        stated
            .iter()
            .position(|(_, found, _)| !wanted.is_empty() && found.artifact == wanted)
    };
    // The file's name, with and without what was taken for a version.
    let whole = if file.version.is_empty() {
        file.artifact.clone()
    } else {
        format!("{}-{}", file.artifact, file.version)
    };
    if let Some(found) = named(&file.artifact).or_else(|| {
        stated.iter().position(|(_, found, _)| {
            let rest = whole.strip_prefix(&found.artifact);
            !found.version.is_empty()
                && rest.is_some_and(|rest| {
                    rest.strip_prefix('-')
                        .is_some_and(|r| r.starts_with(&found.version))
                })
        })
    }) {
        return Some(found);
    }
    let version = manifest.first(&["implementation-version", "bundle-version"]);
    let agrees = |found: &Coordinates| {
        version.as_ref().is_none_or(|version| {
            let found = found.version.trim_end_matches("-SNAPSHOT");
            found.is_empty() || version.starts_with(found) || found.starts_with(version.as_str())
        })
    };
    let symbolic = manifest.symbolic_name().unwrap_or_default();
    let titles = [
        manifest.get("implementation-title").unwrap_or_default(),
        manifest.get("specification-title").unwrap_or_default(),
        manifest.get("bundle-name").unwrap_or_default(),
        symbolic.clone(),
    ];
    let by_manifest = stated.iter().position(|(_, found, _)| {
        let full = format!("{}.{}", found.group, found.artifact);
        agrees(found) && (titles.contains(&found.artifact) || symbolic == full)
    });
    if by_manifest.is_some() {
        return by_manifest;
    }
    // A single one is the jar itself, unless the file's name has a version that says otherwise.
    match stated {
        [(_, found, _)] => {
            let same = file.version.is_empty() || file.version == found.version;
            let program = contents.holds("org/springframework/boot/loader");
            (agrees(found) && same || program).then_some(0)
        }
        _ => None,
    }
}

/// Returns the version that the file's name or the manifest states; may be empty.
fn stated_version(file: &FileName, manifest: &Manifest) -> String {
    if !file.version.is_empty() {
        // `log4j-1.2-1.2.17`: the first number is part of a package's name.
        let stated = manifest.first(&["implementation-version", "bundle-version"]);
        let agreed = stated.filter(|stated| {
            let rest = file.version.strip_suffix(stated.as_str());
            rest.is_some_and(|rest| rest.ends_with('-'))
        });
        return agreed.unwrap_or_else(|| file.version.clone());
    }
    let found = manifest.first(&[
        "implementation-version",
        "bundle-version",
        "plugin-version",
        "specification-version",
        "version",
    ]);
    found
        .filter(|version| version.contains(|c: char| c.is_ascii_digit()))
        // "9.0.1 (build 7)", "1.0 2020-01-01".
        .and_then(|version| version.split_whitespace().next().map(str::to_owned))
        .unwrap_or_default()
}

/// Names an archive that holds no project of its own. Where others were shaded into it, only what is
/// sure of a version counts.
fn guess(
    contents: &Contents,
    origin: &Origin,
    file: &FileName,
    manifest: &Manifest,
    shades: bool,
) -> Option<Package> {
    if let Some(found) = repository(&origin.location) {
        return Some(package(&found, "repository path"));
    }
    let version = stated_version(file, manifest);
    if shades && version.is_empty() {
        return None;
    }
    let symbolic = manifest.symbolic_name().unwrap_or_default();
    let title = manifest.get("implementation-title").unwrap_or_default();
    let mut artifact = file.artifact.clone();
    if !is_id(&artifact) {
        let names = [title.as_str(), symbolic.as_str()];
        let name = names.iter().find(|name| is_id(name))?;
        artifact = String::from(*name);
    }
    // Distributions number files of several versions: `spring3-core.jar`, `commons-collections3.jar`.
    let plain = |word: &str| {
        word.trim_end_matches(|c: char| c.is_ascii_digit())
            .to_owned()
    };
    let plain: Vec<String> = artifact.split('-').map(plain).collect();
    let plain = plain.join("-");
    if plain != artifact
        && is_id(&plain)
        && (title == plain || manifest.get("extension-name").as_ref() == Some(&plain))
    {
        artifact = plain;
    }
    let evidence = if file.version.is_empty() && !version.is_empty() {
        "manifest"
    } else {
        "file name"
    };
    let (group, by, artifact) = group(contents, manifest, &artifact, &title, &symbolic);
    let found = Coordinates {
        group,
        artifact,
        version,
    };
    let mut package = package(&found, evidence);
    if !found.group.is_empty() {
        let properties = &mut package.properties;
        properties.insert("group_evidence".to_owned(), by.to_owned());
    }
    Some(package)
}

/// Finds the group of an artifact, by what it was found, and the artifact's name.
fn group(
    contents: &Contents,
    manifest: &Manifest,
    artifact: &str,
    title: &str,
    symbolic: &str,
) -> (String, &'static str, String) {
    if let Some((group, artifact)) = known(artifact, title, |folder| contents.holds(folder)) {
        return (group.to_owned(), "classes", artifact);
    }
    let own = artifact.to_owned();
    let reversed = |name: &str| is_id(name) && name.contains('.') && !name.starts_with('.');
    if let Some(vendor) = manifest
        .get("implementation-vendor-id")
        .filter(|id| reversed(id) && !is_house(id))
    {
        return (vendor, "manifest", own);
    }
    if let Some(group) = symbolic
        .strip_suffix(artifact)
        .and_then(|rest| rest.strip_suffix('.'))
        && reversed(group)
    {
        let group = if is_house(group) { symbolic } else { group };
        return (group.to_owned(), "manifest", own);
    }
    let common = text(contents.common.as_deref().unwrap_or_default()).replace('/', ".");
    if let Some((parent, last)) = common.rsplit_once('.')
        && is_id(&common)
    {
        // org.acme.tool in `tool` and `acme-tool`; org.acme in `acme-tool`.
        let ends = artifact == last
            || artifact
                .strip_suffix(last)
                .is_some_and(|rest| rest.ends_with('-'));
        if ends && is_house(parent) {
            return (common.clone(), "classes", own);
        }
        if ends && reversed(parent) {
            return (parent.to_owned(), "classes", own);
        }
        let begins = artifact
            .strip_prefix(last)
            .is_some_and(|rest| rest.starts_with('-'));
        if begins {
            return (common.clone(), "classes", own);
        }
    }
    (String::new(), "", own)
}

/// Says whether a name is that of a house that publishes under many groups, none of which is its
/// own name alone: `org.apache.ivy` is the group of ivy, not `org.apache`.
fn is_house(name: &str) -> bool {
    matches!(
        name,
        "com.github"
            | "com.google"
            | "com.oracle"
            | "com.sun"
            | "io.github"
            | "net.sf"
            | "org.apache"
            | "org.codehaus"
            | "org.eclipse"
    )
}
