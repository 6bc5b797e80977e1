//! Why packages of rpm are there: what dnf, yum and zypper keep beside rpm's own database.
//!
//! Read are dnf 4's history (`/var/lib/dnf/history.sqlite`, of microdnf too), dnf 5's state
//! (`/usr/lib/sysimage/libdnf5/packages.toml`), yum's notes (`/var/lib/yum/yumdb/*/*/reason`) and
//! zypper's list (`/var/lib/zypp/AutoInstalled`). They only say who asked for a package: damage costs no
//! package, so it makes no result undecided.

use std::collections::{BTreeMap, HashMap};

use plimsoll_model::analyzer::{Fact, RequestedState, View};
use plimsoll_model::path::{file_name, parent};
use serde::Deserialize;

use super::super::assembly::Installed;
use super::super::damage::text;
use super::Collector;
use super::sqlite::{Database, column, integer_column};

/// The most packages whose reason is kept, per file.
const MAX_NAMES: usize = 100_000;

/// Is a kind of file that says why packages are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    History,
    State,
    YumNote,
    AutoInstalled,
}

impl Source {
    /// Decides by the path.
    pub(super) fn of(path: &[u8]) -> Option<Self> {
        match path.first()? {
            b'v' => match path.strip_prefix(b"var/lib/")? {
                b"dnf/history.sqlite" => Some(Self::History),
                b"zypp/AutoInstalled" => Some(Self::AutoInstalled),
                rest if rest.starts_with(b"yum/yumdb/") && rest.ends_with(b"/reason") => {
                    Some(Self::YumNote)
                }
                _ => None,
            },
            b'u' if path == b"usr/lib/sysimage/libdnf5/packages.toml" => Some(Self::State),
            _ => None,
        }
    }

    /// Returns the most that is read, in bytes.
    pub(super) fn limit(self) -> u64 {
        match self {
            Self::History => 64 << 20,
            Self::State => 8 << 20,
            Self::AutoInstalled => 1 << 20,
            Self::YumNote => 64,
        }
    }

    /// Reads the file: whom it says were asked for, and who came along, as `name.architecture`.
    pub(super) fn read(self, path: &[u8], bytes: &[u8]) -> Vec<Fact> {
        let reasons = match self {
            Self::History => read_history(bytes),
            Self::State => read_state(bytes),
            Self::YumNote => read_yum_note(path, bytes),
            Self::AutoInstalled => read_auto_installed(bytes),
        };
        [true, false]
            .into_iter()
            .filter_map(|requested| {
                let names: Vec<String> = reasons
                    .iter()
                    .filter(|(_, asked)| **asked == requested)
                    .map(|(name, _)| name.clone())
                    .take(MAX_NAMES)
                    .collect();
                // An empty list of zypper says that nothing came along.
                let says = !names.is_empty() || (self == Self::AutoInstalled && !requested);
                says.then_some(Fact::Requested(RequestedState { names, requested }))
            })
            .collect()
    }
}

/// Marks packages as asked for or come along, as the files in the image say; dnf's state counts before
/// its history, and both before yum's notes. What no file names stays unknown, but with zypper's list,
/// which names all that came along.
pub(super) fn set_requested(view: &View<'_>, installed: &mut [Installed<'_>]) {
    let mut said: HashMap<&str, (u8, bool)> = HashMap::new();
    let mut zypper = false;
    for located in view.facts {
        let (Fact::Requested(state), Some(source)) =
            (located.fact, Source::of(located.path.as_bytes()))
        else {
            continue;
        };
        let rank = match source {
            Source::State => 3,
            Source::History => 2,
            Source::YumNote => 1,
            Source::AutoInstalled => {
                zypper = true;
                0
            }
        };
        for name in &state.names {
            let held = said.entry(name).or_insert((rank, state.requested));
            if held.0 <= rank {
                *held = (rank, state.requested);
            }
        }
    }
    for one in installed {
        let arch = one.fact.arch.as_deref().unwrap_or_default();
        let full = format!("{}.{arch}", one.fact.name);
        let found = said
            .get(full.as_str())
            .or_else(|| said.get(one.fact.name.as_str()));
        one.package.requested = found.map(|(_, asked)| *asked).or(zypper.then_some(true));
    }
}

/// Reads dnf 4's history: of each package's entries the last one counts. Tables and numbers as in
/// libdnf's `transaction` folder: `rpm(item_id, name, epoch, version, release, arch)`,
/// `trans_item(id, trans_id, item_id, repo_id, action, reason, state)`.
fn read_history(bytes: &[u8]) -> BTreeMap<String, bool> {
    let mut names: HashMap<u64, String> = HashMap::new();
    let mut last: BTreeMap<String, bool> = BTreeMap::new();
    let mut collector = Collector::default();
    let Ok(mut database) = Database::open(bytes) else {
        return last;
    };
    let [Some(rpm), Some(items)] = database.tables([b"rpm", b"trans_item"], &mut collector) else {
        return last;
    };
    database.walk(rpm, &mut collector, |_, record, _| {
        let item = integer_column(record, 0);
        let name = column(record, 1).map(text);
        let arch = column(record, 5).map(text);
        if let (Some(item), Some(name), Some(arch)) = (item, name, arch)
            && names.len() < MAX_NAMES
        {
            names.insert(item, format!("{name}.{arch}"));
        }
    });
    // Rows come by their keys, which grow with time.
    database.walk(items, &mut collector, |_, record, _| {
        let name = integer_column(record, 2).and_then(|item| names.get(&item));
        // dependency, user, clean, weak dependency, group (`TransactionItemReason`).
        let asked = match integer_column(record, 5) {
            Some(1 | 4) => false,
            Some(2 | 5) => true,
            _ => return,
        };
        if let Some(name) = name {
            last.insert(name.clone(), asked);
        }
    });
    last
}

/// Is dnf 5's `packages.toml`.
#[derive(Deserialize)]
struct State {
    #[serde(default)]
    packages: BTreeMap<String, StateOfPackage>,
}

#[derive(Deserialize)]
struct StateOfPackage {
    #[serde(default)]
    reason: String,
}

fn read_state(bytes: &[u8]) -> BTreeMap<String, bool> {
    let state = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| toml::from_str::<State>(text).ok());
    let packages = state.map(|state| state.packages).unwrap_or_default();
    packages
        .into_iter()
        .filter_map(|(name, package)| {
            let asked = match package.reason.as_str() {
                "User" | "External User" | "Group" => true,
                "Dependency" | "Weak Dependency" => false,
                _ => return None,
            };
            Some((text(name.as_bytes()), asked))
        })
        .collect()
}

/// Reads one note of yum: the folder is `CHECKSUM-NAME-VERSION-RELEASE-ARCHITECTURE`.
fn read_yum_note(path: &[u8], bytes: &[u8]) -> BTreeMap<String, bool> {
    let asked = match bytes.trim_ascii() {
        b"user" | b"group" => true,
        b"dep" => false,
        _ => return BTreeMap::new(),
    };
    let folder = text(file_name(parent(path)));
    let mut parts = folder.rsplitn(4, '-');
    let (arch, name) = (parts.next(), parts.nth(2));
    let name = name
        .and_then(|rest| rest.split_once('-'))
        .map(|(_, name)| name);
    match (name, arch) {
        (Some(name), Some(arch)) => BTreeMap::from([(format!("{name}.{arch}"), asked)]),
        _ => BTreeMap::new(),
    }
}

/// Reads zypper's list of what came along: a name per line.
fn read_auto_installed(bytes: &[u8]) -> BTreeMap<String, bool> {
    bytes
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty() && line.first() != Some(&b'#'))
        .take(MAX_NAMES)
        .map(|line| (text(line), false))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(source: Source, path: &str, bytes: &[u8]) -> Vec<(Vec<String>, bool)> {
        source
            .read(path.as_bytes(), bytes)
            .into_iter()
            .filter_map(|fact| match fact {
                Fact::Requested(state) => Some((state.names, state.requested)),
                _ => None,
            })
            .collect()
    }

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn each_tool_says_why_packages_are_there() {
        // Made with sqlite3 from libdnf's schema: bash by the user, its libraries came along, curl as
        // a dependency first and asked for later.
        let history = include_bytes!("testdata/history.sqlite");
        assert_eq!(
            said(Source::History, "", history),
            [
                (names(&["bash.x86_64", "curl.x86_64"]), true),
                (names(&["ncurses-libs.x86_64", "tzdata.noarch"]), false),
            ]
        );
        let state = b"version = '1.0'\n[packages.\"bash.x86_64\"]\nreason = 'External User'\n\
            [packages.\"zlib.x86_64\"]\nreason = 'Dependency'\n";
        assert_eq!(
            said(Source::State, "", state),
            [
                (names(&["bash.x86_64"]), true),
                (names(&["zlib.x86_64"]), false)
            ]
        );
        let path = "var/lib/yum/yumdb/p/0a1b2c-perl-Data-Dumper-2.145-3.el7-x86_64/reason";
        assert_eq!(Source::of(path.as_bytes()), Some(Source::YumNote));
        assert_eq!(
            said(Source::YumNote, path, b"dep"),
            [(names(&["perl-Data-Dumper.x86_64"]), false)]
        );
        assert_eq!(
            said(
                Source::AutoInstalled,
                "",
                b"# came along\nlibzypp\n\naaa_base\n"
            ),
            [(names(&["aaa_base", "libzypp"]), false)]
        );
        assert_eq!(said(Source::AutoInstalled, "", b""), [(Vec::new(), false)]);
    }

    #[test]
    fn damage_says_nothing_and_harms_nothing() {
        let history = include_bytes!("testdata/history.sqlite");
        for cut in (0..history.len()).step_by(97) {
            let _ = said(Source::History, "", &history[..cut]);
        }
        assert!(said(Source::State, "", b"[packages\xff").is_empty());
        assert!(said(Source::YumNote, "reason", b"user").is_empty());
    }
}
