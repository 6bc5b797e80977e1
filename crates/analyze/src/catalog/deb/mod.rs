//! Debian's packages: dpkg's databases, file lists, apt's record of what came along, copyright
//! files; also opkg's status file, which has the same form.
//!
//! Deliberately absent: chisel manifests. Read [`parse_status`] first.

use std::collections::{HashMap, HashSet};

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, Ownership, RequestedState, View,
    Want,
};
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::path::{ImagePath, file_name};
use plimsoll_model::text::escape_bytes;
use plimsoll_model::version::Scheme;

mod copyright;
mod status;

pub use copyright::parse_copyright;
pub use status::parse_status;

use super::assembly::{Installed, collect, hand_over, resolve_requirements, set_purls};
use super::damage::{Damage, report, text};
use super::deb822::{Scanner, Stanza};
use super::paths::PathList;

const MIB: u64 = 1024 * 1024;

/// Catalogs packages of dpkg and opkg.
pub struct Deb;

/// Is what a file of interest is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Status,
    StatusPart,
    FileList,
    Md5Sums,
    ExtendedStates,
    Copyright,
}

impl Role {
    /// Decides by the path. Called for every file of every layer.
    fn of(path: &[u8]) -> Option<Self> {
        if let Some(name) = path.strip_prefix(b"var/lib/dpkg/") {
            return Self::of_dpkg(name);
        }
        if let Some(rest) = path.strip_prefix(b"usr/share/doc/") {
            let package = rest.strip_suffix(b"/copyright")?;
            return (!package.is_empty() && !package.contains(&b'/')).then_some(Self::Copyright);
        }
        match path {
            b"var/lib/apt/extended_states" => Some(Self::ExtendedStates),
            b"usr/lib/opkg/status" | b"var/lib/opkg/status" => Some(Self::Status),
            _ => None,
        }
    }

    fn of_dpkg(name: &[u8]) -> Option<Self> {
        if name == b"status" {
            return Some(Self::Status);
        }
        let (folder, file) = name.split_at(name.iter().position(|byte| *byte == b'/')? + 1);
        if file.is_empty() || file.contains(&b'/') {
            return None;
        }
        let md5sums = file.ends_with(b".md5sums");
        match folder {
            b"info/" if file.ends_with(b".list") => Some(Self::FileList),
            b"info/" | b"status.d/" if md5sums => Some(Self::Md5Sums),
            b"status.d/" => Some(Self::StatusPart),
            _ => None,
        }
    }

    /// Returns the most bytes that are read. A status file of 10,000 packages has some 10 MB.
    fn limit(self) -> u64 {
        match self {
            Self::Status => 64 * MIB,
            Self::StatusPart | Self::Copyright => 2 * MIB,
            Self::FileList | Self::Md5Sums | Self::ExtendedStates => 16 * MIB,
        }
    }
}

impl Analyzer for Deb {
    fn name(&self) -> &'static str {
        "os/deb"
    }

    fn version(&self) -> u32 {
        2
    }

    fn about(&self) -> About {
        About {
            title: "Debian and Ubuntu (dpkg)",
            reads: &[
                (
                    "var/lib/dpkg/status, var/lib/dpkg/status.d/*, opkg's status",
                    "packages with source, dependencies and what they provide",
                ),
                (
                    "var/lib/dpkg/info/*.list, *.md5sums",
                    "which files a package owns",
                ),
                ("var/lib/apt/extended_states", "which packages came along"),
                ("usr/share/doc/*/copyright", "licences"),
            ],
            not_read: &[
                "Packages that are removed but not purged: only their settings are left.",
                "deb files that lie around: they are not installed.",
            ],
            certainty: "Certain: it is the package manager's own record.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        match Role::of(entry.path) {
            Some(role) => Want::Whole {
                limit: role.limit(),
            },
            None => Want::Nothing,
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let bytes = content.bytes;
        let mut issues = Vec::new();
        match Role::of(entry.path) {
            Some(role @ (Role::Status | Role::StatusPart)) => {
                let packages;
                (packages, issues) = parse_status(bytes);
                facts.extend(packages.into_iter().map(|p| Fact::Package(Box::new(p))));
                // dpkg ends every stanza with a newline; the parts are written by other tools.
                if role == Role::Status && bytes.last().is_some_and(|last| *last != b'\n') {
                    issues.push(Issue::new(
                        IssueKind::DamagedMetadata,
                        "",
                        "the file ends in the middle of a line; packages may be missing",
                    ));
                }
            }
            Some(Role::FileList) => {
                facts.extend(parse_list(&package_of(entry.path), bytes).map(Fact::Owns));
            }
            Some(Role::Md5Sums) => {
                let owned;
                (owned, issues) = parse_md5sums(&package_of(entry.path), bytes);
                facts.extend(owned.map(Fact::Owns));
            }
            Some(Role::ExtendedStates) => {
                let state;
                (state, issues) = parse_extended_states(bytes);
                facts.push(Fact::Requested(state));
            }
            Some(Role::Copyright) => {
                let licenses = parse_copyright(bytes);
                if !licenses.is_empty() {
                    let package = file_name(plimsoll_model::path::parent(entry.path));
                    facts.push(Fact::Licenses {
                        package: escape_bytes(package).into_owned(),
                        licenses,
                    });
                }
                // What lies beyond the limit are licence texts: no gap worth a line.
                return;
            }
            None => return,
        }
        report(entry, content, issues, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let mut installed = collect(view, |_| true);
        set_purls(&mut installed, view.distro);
        resolve_requirements(&mut installed, Scheme::Deb, &HashMap::new());
        set_requested(view, &mut installed);
        set_licenses(view, &mut installed);
        hand_over(installed, out);
    }
}

/// Reads a `*.list` file: one path per line. Folders are left out where a later line lies in them.
pub fn parse_list(package: &str, bytes: &[u8]) -> Option<Ownership> {
    let mut paths = PathList::default();
    let mut lines = bytes.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        // dpkg writes a folder right before what lies in it.
        let folder = lines
            .peek()
            .and_then(|next| next.strip_prefix(line))
            .is_some_and(|rest| rest.first() == Some(&b'/'));
        if !folder {
            paths.add(line);
        }
    }
    paths.finish(package.to_owned())
}

/// Reads a `*.md5sums` file: 32 hexadecimal digits, two blanks, a path relative to the root.
pub fn parse_md5sums(package: &str, bytes: &[u8]) -> (Option<Ownership>, Vec<Issue>) {
    let mut damage = Damage::default();
    let mut paths = PathList::default();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        match line.split_at_checked(32) {
            Some((digits, rest)) if digits.iter().all(u8::is_ascii_hexdigit) && rest.len() > 2 => {
                // Two blanks, or a blank and a star for binary mode (md5sum(1)).
                paths.add(rest.get(2..).unwrap_or_default());
            }
            _ => damage.note(|| format!("line {}: expected a checksum and a path", number + 1)),
        }
    }
    (paths.finish(package.to_owned()), damage.finish())
}

/// Reads apt's `extended_states`: the names (`name:arch`) of the packages that came along.
pub fn parse_extended_states(bytes: &[u8]) -> (RequestedState, Vec<Issue>) {
    let mut damage = Damage::default();
    let mut scanner = Scanner::new(bytes);
    let mut stanza = Stanza::default();
    let mut names = Vec::new();
    while scanner.next(&mut stanza, &mut damage) {
        let name = text(stanza.get("Package"));
        if name.is_empty() || stanza.get("Auto-Installed") != b"1" {
            continue;
        }
        let arch = text(stanza.get("Architecture"));
        names.push(if arch.is_empty() {
            name
        } else {
            format!("{name}:{arch}")
        });
    }
    names.sort();
    names.dedup();
    let state = RequestedState {
        names,
        requested: false,
    };
    (state, damage.finish())
}

/// Returns the package that a file of `info/` or `status.d/` is about: `libc6:amd64` of
/// `libc6:amd64.list`.
fn package_of(path: &[u8]) -> String {
    let name = file_name(path);
    let end = name.iter().rposition(|byte| *byte == b'.');
    escape_bytes(end.and_then(|end| name.get(..end)).unwrap_or(name)).into_owned()
}

/// Marks what was asked for. Without apt's record nothing is known of any package.
fn set_requested(view: &View<'_>, installed: &mut [Installed<'_>]) {
    let mut automatic: HashSet<&str> = HashSet::new();
    // apt records packages of all architectures under the system's own.
    let mut automatic_all: HashSet<&str> = HashSet::new();
    let mut known = false;
    for located in view.facts {
        if let Fact::Requested(state) = located.fact {
            known = true;
            for name in &state.names {
                automatic.insert(name);
                automatic_all.insert(name.split(':').next().unwrap_or(name));
            }
        }
    }
    if !known {
        return;
    }
    for one in installed {
        let package = &mut one.package;
        let came_along = match package.arch.as_deref() {
            Some("all") | None => automatic_all.contains(package.name.as_str()),
            Some(arch) => {
                automatic.contains(format!("{}:{arch}", package.name).as_str())
                    || automatic.contains(package.name.as_str())
            }
        };
        package.requested = Some(!came_along);
    }
}

/// Joins the licences of copyright files. Many packages share one: their documentation folder, or
/// the file in it, is a link to that of another package.
fn set_licenses(view: &View<'_>, installed: &mut [Installed<'_>]) {
    let by_path: HashMap<&ImagePath, &[String]> = view
        .facts
        .iter()
        .filter_map(|located| match located.fact {
            Fact::Licenses { licenses, .. } => Some((located.path, licenses.as_slice())),
            _ => None,
        })
        .collect();
    if by_path.is_empty() {
        return;
    }
    for one in installed {
        let raw = format!("usr/share/doc/{}/copyright", one.package.name);
        let Ok(path) = ImagePath::normalize(raw.as_bytes()) else {
            continue;
        };
        let found = by_path
            .get(&path)
            .or_else(|| by_path.get(&(view.resolve)(&path)?));
        if let Some(licenses) = found {
            one.package.licenses = licenses.to_vec();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_interest_are_wanted() {
        let wanted: &[&[u8]] = &[
            b"var/lib/dpkg/status",
            b"var/lib/dpkg/status.d/libc6",
            b"var/lib/dpkg/status.d/libc6.md5sums",
            b"var/lib/dpkg/info/libc6:amd64.list",
            b"var/lib/dpkg/info/bash.md5sums",
            b"var/lib/apt/extended_states",
            b"usr/share/doc/bash/copyright",
            b"usr/lib/opkg/status",
        ];
        for path in wanted {
            assert!(Role::of(path).is_some(), "{}", escape_bytes(path));
        }
        let others: &[&[u8]] = &[
            b"",
            b"var/lib/dpkg/",
            b"var/lib/dpkg/status-old",
            b"var/lib/dpkg/status.d/",
            b"var/lib/dpkg/status.d/a/b",
            b"var/lib/dpkg/info/bash.postinst",
            b"usr/share/doc/copyright",
            b"usr/share/doc/a/b/copyright",
            b"srv/var/lib/dpkg/status",
        ];
        for path in others {
            assert!(Role::of(path).is_none(), "{}", escape_bytes(path));
        }
    }

    #[test]
    fn file_lists_name_files_not_the_folders_above_them() {
        let list = parse_list(
            "a",
            b"/.\n/usr\n/usr/bin\n/usr/bin/a\n/usr/bin-x\n/var\n/var/empty\n",
        );
        assert_eq!(list.unwrap().paths, b"usr/bin-x\nusr/bin/a\nvar/empty");
        let sums = b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/a\nnot a sum\n";
        let (owned, issues) = parse_md5sums("a", sums);
        assert_eq!(owned.unwrap().paths, b"usr/bin/a");
        assert_eq!(issues[0].detail, "line 2: expected a checksum and a path");
    }
}
