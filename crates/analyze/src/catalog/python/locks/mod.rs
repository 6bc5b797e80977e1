//! What Python projects want: lock files and requirements files ([`PythonLocks`]).
//!
//! One module per family of formats. All of them write what a package requires in one form
//! ([`entry::required`]); [`graph`] finds who that is, file by file.

mod document;
mod entry;
mod graph;
mod pdm;
mod pipenv;
mod poetry;
mod project;
mod requirements;
mod uv;

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Evidence, Fact, View, Want,
};
use plimsoll_model::package::Package;
use plimsoll_model::path::{file_name, parent};

use super::super::kit::Found;
use requirements::parse_requirements;

const MIB: u64 = 1024 * 1024;

/// Catalogs the packages that Python projects want.
pub struct PythonLocks;

/// Keys of notes that [`graph`] joins with packages.
mod note {
    use plimsoll_model::issue::IssueKind;
    use plimsoll_model::package::Requirement;

    use super::super::super::kit::Found;

    /// What was asked for is known of this file.
    pub(super) const MANIFEST: &str = "manifest";
    /// Is asked for: group, name with extras, constraint, with tabs between them.
    pub(super) const DIRECT: &str = "direct";

    /// Notes that something is asked for in a group; an empty one where groups do not matter.
    pub(super) fn direct(found: &mut Found, group: &str, wanted: &Requirement) {
        let Requirement { name, constraint } = wanted;
        let group = super::super::super::damage::text(group.as_bytes());
        found.note(DIRECT, format!("{group}\t{name}\t{constraint}"));
    }

    /// Says that a manifest could not be read, which loses no package.
    pub(super) fn unread(read: bool, found: &mut Found) {
        if !read {
            found.damage.push(IssueKind::Unsupported, || {
                "could not be read; which packages were asked for is not known".to_owned()
            });
        }
    }
}

/// Is what a file of interest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Requirements,
    Poetry,
    Uv,
    Pdm,
    PipenvLock,
    Pylock,
    Project,
    Pipfile,
}

impl Role {
    fn of(path: &[u8]) -> Option<Self> {
        // Most files end here.
        if !matches!(path.last(), Some(b't' | b'k' | b'l' | b'e')) {
            return None;
        }
        let name = file_name(path);
        Some(match name {
            b"poetry.lock" => Self::Poetry,
            b"uv.lock" => Self::Uv,
            b"pdm.lock" => Self::Pdm,
            b"Pipfile.lock" => Self::PipenvLock,
            b"Pipfile" => Self::Pipfile,
            b"pyproject.toml" => Self::Project,
            b"pylock.toml" => Self::Pylock,
            name if name.ends_with(b".py.lock") => Self::Uv,
            // `pylock.NAME.toml`, NAME without dots.
            name if name.starts_with(b"pylock.") && name.ends_with(b".toml") => Self::Pylock,
            name if name.ends_with(b".txt") && lists_requirements(path, name) => Self::Requirements,
            _ => return None,
        })
    }
}

/// Says whether a text file is called as files of requirements are: `requirements.txt`,
/// `requirements-dev.txt`, `dev-requirements.txt`, `requirements/base.txt`. Constraints ask for nothing.
fn lists_requirements(path: &[u8], name: &[u8]) -> bool {
    let contains = |word: &[u8]| memchr::memmem::find(name, word).is_some();
    let folder = || file_name(parent(path)) == b"requirements";
    (contains(b"requirements") || folder()) && !contains(b"constraint")
}

impl Analyzer for PythonLocks {
    fn name(&self) -> &'static str {
        "language/python-locks"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: "Python",
            reads: &[
                (
                    "uv.lock, *.py.lock",
                    "packages with their dependencies and groups; what the members of the workspace ask for",
                ),
                (
                    "poetry.lock (versions 1 and 2), pdm.lock",
                    "packages with their dependencies and groups",
                ),
                (
                    "pylock.toml, pylock.*.toml",
                    "packages, with their dependencies where the file states them",
                ),
                ("Pipfile.lock", "packages with their groups"),
                (
                    "*requirements*.txt, requirements/*.txt",
                    "requirements of one exact version, with the dependencies that pip-compile and uv note",
                ),
                (
                    "pyproject.toml, Pipfile",
                    "which of the packages were asked for",
                ),
            ],
            not_read: &[
                "Requirements that leave the version open: how many there are is said for each file.",
                "Files that a requirements file names with `-r` are read when they are called like one; `-c` and files of constraints ask for nothing.",
                "The project itself, members of its workspace, and folders that are installed in place (`-e`): they are the source tree.",
                "setup.py, setup.cfg and environment.yml: they state ranges of versions or are programs.",
            ],
            certainty: "Certain for lock files, but for all platforms and groups: fewer packages are \
                installed than are locked. The property `marker` says where a package counts, `dev` that \
                only groups for development ask for it. Of several locked versions of a package a \
                dependency leads to each that fits.",
        }
    }

    fn evidence(&self) -> Evidence {
        Evidence::Declared
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind == EntryKind::File && Role::of(entry.path).is_some() {
            return Want::Whole { limit: 32 * MIB };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        let bytes = content.bytes;
        match Role::of(entry.path) {
            None => return,
            Some(Role::Requirements) => requirements::read(bytes, &mut found),
            Some(Role::Poetry) => poetry::read(bytes, &mut found),
            Some(Role::Uv) => uv::read(bytes, &mut found),
            Some(Role::Pdm) => pdm::read_pdm(bytes, &mut found),
            Some(Role::Pylock) => pdm::read_pylock(bytes, &mut found),
            Some(Role::PipenvLock) => pipenv::read_lock(bytes, &mut found),
            Some(Role::Pipfile) => pipenv::read_pipfile(bytes, &mut found),
            Some(Role::Project) => project::read(bytes, &mut found),
        }
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        graph::assemble(view, out);
    }
}

/// Reads the pins of a list of vendored copies.
pub(super) fn pins(bytes: &[u8]) -> Vec<Package> {
    let pins = parse_requirements(bytes).pins.into_iter();
    let packages = pins.map(|pin| pin.package);
    packages
        .filter(|package| !package.version.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_names() {
        let cases = [
            ("requirements.txt", Some(Role::Requirements)),
            ("a/requirements-dev.txt", Some(Role::Requirements)),
            ("a/dev_requirements.txt", Some(Role::Requirements)),
            ("a/requirements/base.txt", Some(Role::Requirements)),
            ("a/requirements/constraints.txt", None),
            ("a/requirements_constraints.txt", None),
            ("a/requires.txt", None),
            ("a/requirements.in", None),
            ("uv.lock", Some(Role::Uv)),
            ("a/tool.py.lock", Some(Role::Uv)),
            ("pylock.dev.toml", Some(Role::Pylock)),
            ("pylock.toml", Some(Role::Pylock)),
            ("Cargo.lock", None),
            ("Cargo.toml", None),
            ("Pipfile", Some(Role::Pipfile)),
        ];
        for (path, want) in cases {
            assert_eq!(Role::of(path.as_bytes()), want, "{path}");
        }
    }
}
