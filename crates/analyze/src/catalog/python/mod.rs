//! Python: installed distributions ([`Python`]), and what projects want ([`PythonLocks`]).
//!
//! A distribution leaves a folder of metadata beside its modules: `NAME-VERSION.dist-info` (wheels,
//! "Recording installed projects"), `.egg-info` (setuptools, distutils) or an egg. Read
//! `Python::read` first; who requires whom is worked out in `environment`, by the interpreter's
//! search path.

mod egg;
mod environment;
mod locks;
mod marker;
mod metadata;
mod name;
mod version;

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use plimsoll_model::path::{file_name, parent};

use super::damage::{Damage, report, text};
use super::kit::public_url;
pub use locks::PythonLocks;
use metadata::{headers_end, parse_metadata, parse_requires};
use name::{Stem, dist_info_stem, egg_stem};

const MIB: u64 = 1024 * 1024;

/// The most of one file of metadata that is read. Headers of some 100 KB are known, where the licence
/// is written out in them.
const METADATA_LIMIT: u64 = 2 * MIB;

/// The most of one small file (`INSTALLER`, `direct_url.json`).
const SMALL_LIMIT: u64 = 64 * 1024;

/// The most of one `RECORD` that is read. The largest packages list some 20,000 files.
const RECORD_LIMIT: u64 = 8 * MIB;

/// The largest egg whose archive is read; of a larger one the file name tells name and version.
const EGG_LIMIT: u64 = 64 * MIB;

/// The most vendored distributions and modules that are noted of one distribution.
const MAX_NOTED: usize = 256;

/// Catalogs installed distributions of Python.
pub struct Python;

/// Keys of notes that [`environment`] joins with packages.
mod note {
    /// `INSTALLER`: the tool that installed it.
    pub(super) const INSTALLER: &str = "installer";
    /// `REQUESTED`: whoever installed it asked for it by name.
    pub(super) const REQUESTED: &str = "requested";
    /// A folder of metadata, seen by a file other than the metadata itself.
    pub(super) const FOLDER: &str = "metadata-folder";
    /// `direct_url.json`: each value is `PROPERTY=VALUE`.
    pub(super) const ORIGIN: &str = "origin";
    /// A line of `requires.txt`.
    pub(super) const REQUIRES: &str = "requires";
    /// A module or package that `top_level.txt` names.
    pub(super) const MODULE: &str = "module";
    /// The path, relative to the environment, of metadata of another distribution that `RECORD` lists.
    pub(super) const CONTAINS: &str = "contains";
    /// A standard library: the version of Python.
    pub(super) const LIBRARY: &str = "standard-library";
    /// `pyvenv.cfg`: the version of Python, a blank, and `system` where system packages are seen.
    pub(super) const VIRTUAL: &str = "virtual-environment";
    /// `.egg-link`: the folder of sources that is installed in place.
    pub(super) const LINK: &str = "egg-link";
}

/// Is what a file of interest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Metadata,
    BareEggInfo,
    Egg,
    EggLink,
    Record,
    Installer,
    Requested,
    DirectUrl,
    Requires,
    TopLevel,
    Wheel,
    Virtual,
    Library,
    Vendored,
}

impl Role {
    fn of(path: &[u8]) -> Option<Self> {
        let name = file_name(path);
        let folder = || file_name(parent(path));
        let dist = || folder().ends_with(b".dist-info");
        let egg = || folder().ends_with(b".egg-info") || folder() == b"EGG-INFO";
        let role = match name {
            b"METADATA" if dist() => Self::Metadata,
            b"RECORD" if dist() => Self::Record,
            b"INSTALLER" if dist() => Self::Installer,
            b"REQUESTED" if dist() => Self::Requested,
            b"WHEEL" if dist() => Self::Wheel,
            b"direct_url.json" if dist() => Self::DirectUrl,
            b"PKG-INFO" if egg() => Self::Metadata,
            b"requires.txt" if egg() => Self::Requires,
            b"top_level.txt" if dist() || egg() => Self::TopLevel,
            b"pyvenv.cfg" => Self::Virtual,
            b"__future__.py" if environment::library(path).is_some() => Self::Library,
            b"vendor.txt" | b"vendored.txt" if folder() == b"_vendor" && inside(path) => {
                Self::Vendored
            }
            [.., b'o'] if name.ends_with(b".egg-info") => Self::BareEggInfo,
            [.., b'g'] if name.ends_with(b".egg") => Self::Egg,
            [.., b'k'] if name.ends_with(b".egg-link") => Self::EggLink,
            _ => return None,
        };
        Some(role)
    }
}

/// Says whether a path lies in a folder that an interpreter installs into.
fn inside(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/')
        .any(|part| matches!(part, b"site-packages" | b"dist-packages"))
}

/// Returns what the name of the folder (or file) of metadata says.
fn stem_of(path: &[u8]) -> Option<Stem> {
    let folder = file_name(parent(path));
    let as_text = |bytes| std::str::from_utf8(bytes).ok();
    if let Some(stem) = folder.strip_suffix(b".dist-info") {
        return dist_info_stem(as_text(stem)?);
    }
    let name = match folder {
        b"EGG-INFO" => file_name(parent(parent(path))),
        folder if folder.ends_with(b".egg-info") => folder,
        _ => file_name(path),
    };
    let stem = name
        .strip_suffix(b".egg-info")
        .or_else(|| name.strip_suffix(b".egg"))?;
    egg_stem(as_text(stem)?)
}

impl Analyzer for Python {
    fn name(&self) -> &'static str {
        "language/python"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: "Python",
            reads: &[
                (
                    "*.dist-info/METADATA",
                    "distributions with licences, home page and requirements",
                ),
                (
                    "*.dist-info/RECORD, WHEEL, top_level.txt",
                    "which distributions lie inside another, and distributions whose METADATA is gone",
                ),
                (
                    "*.dist-info/INSTALLER, REQUESTED, direct_url.json",
                    "who installed it, whether it was asked for, and the repository, archive or folder it came from",
                ),
                (
                    "*.egg-info, *.egg-info/PKG-INFO, EGG-INFO/PKG-INFO, requires.txt, *.egg, *.egg-link",
                    "the same of distributions that setuptools or distutils installed; eggs are looked into",
                ),
                (
                    "site-packages/**/_vendor/vendor.txt, vendored.txt",
                    "copies of other distributions that pip and setuptools carry",
                ),
                (
                    "pyvenv.cfg, lib/python*/__future__.py",
                    "virtual environments and the versions of interpreters, by which requirements are judged",
                ),
            ],
            not_read: &[
                "Wheels that lie around as files (*.whl): they are not installed until pip unpacks them.",
                "setup.py and setup.cfg: the first is a program, and neither states what is installed.",
                "Modules copied without their metadata: nothing in them states a version reliably.",
            ],
            certainty: "Certain where the metadata states name and version. Where it is damaged or gone \
                they come from the folder's name (property `identity_from`), which writes `-` as `_`. \
                Copies inside other distributions are real and carry the property `vendored`. Of \
                requirements, markers that an image cannot tell (the machine) count as true, and \
                extras count where an installed distribution asks for them: which ones a person asked \
                for is recorded nowhere.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        let limit = match Role::of(entry.path) {
            None => return Want::Nothing,
            Some(Role::Metadata | Role::BareEggInfo | Role::Requires) => METADATA_LIMIT,
            Some(Role::Record) => RECORD_LIMIT,
            Some(Role::Egg) => EGG_LIMIT,
            Some(_) => SMALL_LIMIT,
        };
        Want::Whole { limit }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let Some(role) = Role::of(entry.path) else {
            return;
        };
        let bytes = content.bytes;
        let mut push = |key: &str, value: String| {
            facts.push(Fact::Note {
                key: key.to_owned(),
                value,
            });
        };
        match role {
            Role::Metadata | Role::BareEggInfo => {
                read_metadata(entry, content, facts);
            }
            Role::Egg => read_archive(entry, content, facts),
            Role::Installer => push(note::INSTALLER, text(first_line(bytes))),
            Role::Requested => push(note::REQUESTED, String::new()),
            Role::Wheel => push(note::FOLDER, String::new()),
            Role::Record => {
                push(note::FOLDER, String::new());
                for path in contained(entry.path, bytes) {
                    push(note::CONTAINS, path);
                }
            }
            Role::DirectUrl => match parse_direct_url(bytes) {
                Some(found) => {
                    for (property, value) in found {
                        push(note::ORIGIN, format!("{property}={value}"));
                    }
                }
                None => push(note::FOLDER, String::new()),
            },
            Role::Requires => {
                for line in parse_requires(bytes) {
                    push(note::REQUIRES, line);
                }
            }
            Role::TopLevel => {
                let lines = bytes.split(|byte| *byte == b'\n').map(text);
                for line in lines.filter(|line| !line.is_empty()).take(MAX_NOTED) {
                    push(note::MODULE, line);
                }
            }
            Role::Virtual => push(note::VIRTUAL, parse_virtual(bytes)),
            Role::Library => {
                if let Some(version) = environment::library(entry.path) {
                    push(note::LIBRARY, version.to_owned());
                }
            }
            Role::EggLink => push(note::LINK, text(first_line(bytes))),
            Role::Vendored => {
                for package in locks::pins(bytes) {
                    facts.push(Fact::Package(Box::new(package)));
                }
            }
        }
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        environment::assemble(view, out);
    }
}

fn first_line(bytes: &[u8]) -> &[u8] {
    let line = bytes.trim_ascii_start();
    line.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

fn read_metadata(entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
    let stem = stem_of(entry.path);
    let (package, issues) = parse_metadata(content.bytes, stem.as_ref(), inside(entry.path));
    finish(entry, content, package, issues, facts);
}

/// Adds a package and its issues. A cut that loses no package is no loss of the result: of a cut in the
/// headers it is said that dependencies may be missing.
fn finish(
    entry: &Entry<'_>,
    content: Content<'_>,
    package: Option<Package>,
    mut issues: Vec<plimsoll_model::issue::Issue>,
    facts: &mut Vec<Fact>,
) {
    let listed = package.is_some();
    if listed && content.truncated && !headers_end(content.bytes) {
        let mut damage = Damage::default();
        damage.unsupported(|| "the headers were cut; requirements may be missing".to_owned());
        issues.extend(damage.finish());
    }
    facts.extend(package.map(|package| Fact::Package(Box::new(package))));
    let content = Content {
        truncated: content.truncated && !listed,
        ..content
    };
    report(entry, content, issues, facts);
}

fn read_archive(entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
    let stem = stem_of(entry.path);
    let whole = Content {
        truncated: false,
        ..content
    };
    let found = (!content.truncated)
        .then(|| egg::read_egg(content.bytes, METADATA_LIMIT))
        .flatten();
    if let Some(found) = found {
        let (mut package, issues) = parse_metadata(&found.metadata, stem.as_ref(), true);
        if let Some(package) = &mut package {
            if package.requires.is_empty() {
                package.requires = requirements(&parse_requires(&found.requires));
            }
            let file = format!("/{}", plimsoll_model::text::escape_bytes(entry.path));
            package.locations = vec![format!("{file}!/EGG-INFO/PKG-INFO")];
        }
        finish(entry, whole, package, issues, facts);
        return;
    }
    let mut damage = Damage::default();
    // Other tools call files `.egg` too: only what is an archive or lies where eggs lie is one.
    if !entry.head.starts_with(b"PK") && !inside(entry.path) {
        return;
    }
    let package = stem.filter(|stem| !stem.version.is_empty()).map(|stem| {
        let mut package = Package::new(PackageKind::Pypi, stem.name, stem.version);
        let properties = &mut package.properties;
        properties.insert("identity_from".to_owned(), "file name".to_owned());
        package
    });
    if package.is_some() {
        damage.unsupported(|| {
            "the egg is too large or damaged; its file name tells name and version".to_owned()
        });
    } else if inside(entry.path) {
        damage.note(|| "the egg's metadata could not be read".to_owned());
    }
    finish(entry, whole, package, damage.finish(), facts);
}

/// Makes requirements of lines of `Requires-Dist`.
fn requirements(lines: &[String]) -> Vec<Vec<plimsoll_model::package::Requirement>> {
    lines
        .iter()
        .filter_map(|line| Some(vec![marker::Specifier::parse(line)?.requirement()]))
        .collect()
}

/// Returns the metadata of other distributions that a `RECORD` lists ("Recording installed projects",
/// "The RECORD file": lines of `path,hash,size`, paths relative to the environment).
///
/// Absolute paths and those that leave the environment say nothing of what lies inside it.
fn contained(record: &[u8], bytes: &[u8]) -> Vec<String> {
    let own = file_name(parent(record));
    let mut found: Vec<String> = bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let path = line.split(|byte| *byte == b',').next()?;
            if !(path.ends_with(b".dist-info/METADATA") || path.ends_with(b".egg-info/PKG-INFO")) {
                return None;
            }
            let leaves = path
                .split(|byte| *byte == b'/')
                .any(|part| matches!(part, b"" | b"." | b".."));
            let first = path.split(|byte| *byte == b'/').next()?;
            (!leaves && first != own).then(|| text(path))
        })
        .take(MAX_NOTED)
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Reads `direct_url.json` ("Recording the Direct URL Origin of installed distributions") into
/// properties: `vcs_url` in the form that purls have (`git+https://…@COMMIT`), else `direct_url`;
/// `editable` and `local` where it is a folder.
fn parse_direct_url(bytes: &[u8]) -> Option<Vec<(&'static str, String)>> {
    #[derive(serde::Deserialize)]
    struct Document {
        url: String,
        vcs_info: Option<Vcs>,
        dir_info: Option<Folder>,
        subdirectory: Option<String>,
    }
    #[derive(serde::Deserialize)]
    struct Vcs {
        #[serde(default)]
        vcs: String,
        #[serde(default)]
        commit_id: String,
    }
    #[derive(serde::Deserialize)]
    struct Folder {
        #[serde(default)]
        editable: bool,
    }
    let document: Document = serde_json::from_slice(bytes).ok()?;
    let url = public_url(&text(document.url.as_bytes()));
    let mut found = Vec::new();
    if let Some(vcs) = document.vcs_info {
        let (kind, commit) = (text(vcs.vcs.as_bytes()), text(vcs.commit_id.as_bytes()));
        let at = if commit.is_empty() { "" } else { "@" };
        let mut value = format!("{kind}+{url}{at}{commit}");
        if let Some(folder) = document.subdirectory {
            value = format!("{value}#subdirectory={}", text(folder.as_bytes()));
        }
        found.push(("vcs_url", value));
        return Some(found);
    }
    if document.dir_info.as_ref().is_some_and(|dir| dir.editable) {
        found.push(("editable", "true".to_owned()));
    }
    if document.dir_info.is_some() || url.starts_with("file:") {
        found.push(("local", "true".to_owned()));
    }
    found.push(("direct_url", url));
    Some(found)
}

/// Reads `pyvenv.cfg` (module `site` of the standard library): the version as far as it is numbers,
/// and whether the system's packages are seen.
fn parse_virtual(bytes: &[u8]) -> String {
    let (mut version, mut system) = (String::new(), "");
    for line in bytes.split(|byte| *byte == b'\n').take(256) {
        let line = text(line);
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        match key.trim() {
            "version" | "version_info" => {
                let numbers: Vec<&str> = value
                    .trim()
                    .split('.')
                    .take_while(|part| part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty())
                    .take(3)
                    .collect();
                version = numbers.join(".");
            }
            "include-system-site-packages" if value.trim().eq_ignore_ascii_case("true") => {
                system = "system";
            }
            _ => {}
        }
    }
    format!("{version} {system}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::issue::IssueKind;

    #[test]
    fn files_of_interest_are_told_apart() {
        let cases = [
            ("a/x-1.dist-info/METADATA", Some(Role::Metadata)),
            ("a/x.egg-info/PKG-INFO", Some(Role::Metadata)),
            ("a/x.egg/EGG-INFO/PKG-INFO", Some(Role::Metadata)),
            ("a/x-1-py2.7.egg-info", Some(Role::BareEggInfo)),
            ("a/x.egg", Some(Role::Egg)),
            ("usr/lib/python3.11/__future__.py", Some(Role::Library)),
            ("usr/lib/foo/__future__.py", None),
            ("src/METADATA", None),
            ("x-1.0/PKG-INFO", None),
            (
                "p/site-packages/pip/_vendor/vendor.txt",
                Some(Role::Vendored),
            ),
            ("pip/_vendor/vendor.txt", None),
        ];
        for (path, want) in cases {
            assert_eq!(Role::of(path.as_bytes()), want, "{path}");
        }
    }

    #[test]
    fn origins_are_read_without_credentials() {
        let show = |json: &str| {
            let found = parse_direct_url(json.as_bytes())?;
            let pairs: Vec<String> = found.iter().map(|(k, v)| format!("{k}={v}")).collect();
            Some(pairs.join(" "))
        };
        let cases = [
            (
                r#"{"url":"https://u:p@h/r.git","vcs_info":{"vcs":"git","commit_id":"abc"},"subdirectory":"s"}"#,
                Some("vcs_url=git+https://h/r.git@abc#subdirectory=s"),
            ),
            (
                r#"{"url":"file:///src","dir_info":{"editable":true}}"#,
                Some("editable=true local=true direct_url=file:///src"),
            ),
            (
                r#"{"url":"https://u:p#q@h/a.whl?token=t#sha256=aa","archive_info":{}}"#,
                Some("direct_url=https://h/a.whl"),
            ),
            ("[1]", None),
            ("{", None),
        ];
        for (json, want) in cases {
            assert_eq!(show(json).as_deref(), want, "{json}");
        }
    }

    #[test]
    fn records_that_leave_their_environment_say_nothing() {
        let record = b"../../evil-1.dist-info/METADATA,,\n/abs-1.dist-info/METADATA,,\na-1.dist-info/METADATA,,\na/_vendor/b-2.dist-info/METADATA,sha256=x,5\n";
        assert_eq!(
            contained(b"lib/a-1.dist-info/RECORD", record),
            ["a/_vendor/b-2.dist-info/METADATA"]
        );
    }

    #[test]
    fn virtual_environments_tell_their_version() {
        assert_eq!(parse_virtual(b"version = 3.11.7\n"), "3.11.7 ");
        assert_eq!(
            parse_virtual(b"include-system-site-packages = true\nversion_info = 3.9.2.final.0\n"),
            "3.9.2 system"
        );
    }

    #[test]
    fn metadata_of_200_megabytes_is_cut_and_the_result_says_what_that_costs() {
        let limit = METADATA_LIMIT;
        let read = |path: &str, start: &str, filling: &str| {
            let mut bytes = start.as_bytes().to_vec();
            let held = usize::try_from(limit).unwrap();
            bytes.extend(filling.bytes().cycle().take(held - start.len()));
            let entry = Entry {
                path: path.as_bytes(),
                kind: EntryKind::File,
                mode: 0o644,
                uid: 0,
                gid: 0,
                size: 200 * MIB,
                link: b"",
                xattrs: &[],
                head: &[],
            };
            assert_eq!(Python.wants(&entry), Want::Whole { limit });
            let content = Content {
                bytes: &bytes,
                truncated: true,
            };
            let mut facts = Vec::new();
            Python.read(&entry, content, &mut facts);
            assert!(format!("{facts:?}").len() < 4 << 20, "{path}");
            let packages = facts.iter().filter(|f| matches!(f, Fact::Package(_)));
            let issues = facts.iter().filter_map(|fact| match fact {
                Fact::Issue(issue) => Some(issue.kind),
                _ => None,
            });
            (packages.count(), issues.collect::<Vec<_>>())
        };
        let folder = "lib/site-packages/a-1.dist-info/METADATA";
        let nameless = "lib/site-packages/PKG-INFO.egg-info/PKG-INFO";
        let named = "Metadata-Version: 2.1\nName: a\nVersion: 1\n";
        // A cut of the description loses nothing.
        assert_eq!(read(folder, &format!("{named}\n"), "text\n"), (1, vec![]));
        // One of the headers may lose requirements.
        let unsupported = vec![IssueKind::Unsupported];
        for filling in ["Requires-Dist: b\n", " folded\n", "x", "License: y\n"] {
            assert_eq!(read(folder, named, filling), (1, unsupported.clone()));
        }
        // One before the name and the version loses the package where no folder tells them.
        let (packages, issues) = read(nameless, "Metadata-Version: 2.1\n", "x: y\n");
        assert_eq!(packages, 0);
        assert!(issues.contains(&IssueKind::LimitReached), "{issues:?}");
    }
}
