//! Feeds: files as upstream serves them, read into [`Record`]s.
//!
//! Each feed is one folder with one [`Feed`], listed in [`ALL`]. A feed recognises its files by
//! upstream's own layout at any depth under the folder it is given, so a mirror needs no
//! configuration. Reading never fails as a whole: a damaged record is counted and said, the rest is
//! kept; `Err` is for the disk.
//!
//! # Excerpts
//!
//! A folder may hold a file `scope.json`, either `{"ecosystem": "Debian:12", "packages": ["glibc"]}`
//! or a list of such objects. It says that the feed files in this folder and below are an excerpt,
//! complete only for these packages (source names for deb and apk); the nearest such file above a
//! feed file counts. The scopes of one ecosystem add up. An ecosystem that any scope names is
//! partial as a whole, also when another, full feed speaks of it: the matcher then reports every
//! package outside of the scope as not covered. Without any such file a feed is taken as full.
//!
//! Deliberately absent: fetching, and joining records of several feeds (see [`crate::db`]).

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use plimsoll_model::advisory::{Advisory, Epss, Lifecycle};
use plimsoll_model::severity::{Cvss, Severity};
use plimsoll_model::version::Scheme;

pub mod almalinux;
pub mod arch;
pub mod azure;
mod csaf;
pub mod debian_advisories;
pub mod debian_tracker;
pub mod endoflife;
pub mod epss;
mod expressions;
pub mod fedora;
pub mod friends_of_php;
pub mod gemnasium;
pub mod kev;
pub mod node_security;
pub mod nvd;
pub mod oracle;
pub mod osv;
pub mod osv_repositories;
mod oval;
mod packed;
pub mod photon;
pub mod redhat;
pub mod rocky;
mod rpm_updates;
pub mod ruby_advisories;
pub mod rustsec;
mod scope;
pub mod secdb;
mod stream;
pub mod suse;
pub mod ubuntu_vex;
pub mod updateinfo;
mod walk;
mod xml;
mod yaml;

pub use scope::{Scope, parse_scopes};
pub use walk::{Found, Tree, walk};

/// Every feed that can be read, by name.
pub static ALL: &[&dyn Feed] = &[
    &almalinux::AlmaLinux,
    &arch::Arch,
    &azure::Azure,
    &debian_advisories::DebianAdvisories,
    &debian_tracker::DebianTracker,
    &endoflife::EndOfLife,
    &epss::Epss,
    &fedora::Fedora,
    &friends_of_php::FriendsOfPhp,
    &gemnasium::Gemnasium,
    &osv_repositories::GithubAdvisories,
    &osv_repositories::GoVulndb,
    &kev::Kev,
    &osv_repositories::MaliciousPackages,
    &node_security::NodeSecurity,
    &nvd::Nvd,
    &oracle::Oracle,
    &osv::Osv,
    &photon::Photon,
    &osv_repositories::Pypa,
    &redhat::RedHat,
    &rocky::Rocky,
    &ruby_advisories::RubyAdvisories,
    &rustsec::RustSec,
    &secdb::Secdb,
    &suse::Suse,
    &ubuntu_vex::UbuntuVex,
    &updateinfo::UpdateInfo,
];

/// The feeds whose records stand in an archive and, where they changed since, in files of their own:
/// of the copies the one changed last counts.
pub const WITH_COPIES: [&str; 5] = ["oracle", "redhat", "suse", "suse-updates", "ubuntu-vex"];

/// The largest feed file that is read, in bytes. The largest upstream file is some 300 MB.
const FILE_LIMIT: u64 = 2 << 30;

/// How many notes on damage one file may leave; the rest is only counted.
const NOTE_LIMIT: usize = 5;

/// Is a kind of feed.
///
/// For implementors: [`Feed::recognises`] looks at the path only and must not claim what another
/// feed owns. [`Feed::read`] keeps what can be read, bounds what it allocates by the file's size,
/// and reports damage in the batch.
pub trait Feed: Sync {
    /// Returns its name, which is also the name of what it reads, or its first part (`osv`).
    fn name(&self) -> &'static str;

    /// Says what it reads and from where.
    fn about(&self) -> &'static About;

    /// Returns the files to fetch, by what was fetched already. Called again with what it asked for
    /// until it asks for nothing new: an index comes first, then what it names. Empty for a feed
    /// whose files cannot be fetched one by one (a git repository: the user's own checkout is read).
    fn plan(&self, fetched: &Fetched<'_>) -> Vec<Remote>;

    /// Returns how it ranks where several feeds state the same about the same package: the lowest
    /// wins. Distribution feeds come before aggregators of them.
    fn rank(&self) -> u8;

    /// Says whether a file is of this feed, by its path below the folder that is read.
    fn recognises(&self, parts: &[&str]) -> bool;

    /// Reads a file. `parts` is its path as [`Feed::recognises`] saw it.
    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch>;

    /// Reads a file and hands each record over as it comes, so that a large file's records need not
    /// be in memory together; the batch then holds none. For feeds with large files; the others
    /// are read whole. Stops when the sink says so.
    fn read_into(&self, path: &Path, parts: &[&str], sink: Sink<'_>) -> io::Result<Batch> {
        let mut batch = self.read(path, parts)?;
        for record in std::mem::take(&mut batch.records) {
            if !sink(record) {
                break;
            }
        }
        Ok(batch)
    }
}

/// Takes a record; says whether it takes more.
pub type Sink<'a> = &'a mut dyn FnMut(Record) -> bool;

/// Describes a feed: one row of `docs/feeds.md`.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// What it is, in a few words.
    pub title: &'static str,
    /// The addresses below which upstream serves it; a mirror replaces one by another.
    pub addresses: &'static [&'static str],
    /// The format, and where it is specified.
    pub format: &'static str,
    /// The licence of the data.
    pub licence: &'static str,
    /// How often it changes.
    pub changes: &'static str,
    /// What is recognised below a folder: patterns of paths, in words.
    pub files: &'static str,
}

/// Looks up a fetched file by its path below the folder ([`Remote::local`]).
pub type Fetched<'a> = dyn Fn(&str) -> Option<Vec<u8>> + 'a;

/// Is a file to fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remote {
    /// Its address, below one of [`About::addresses`], percent-encoded.
    pub url: String,
    /// Where it is kept, below the folder of feeds: as [`Feed::recognises`] expects it.
    pub local: String,
    /// The checksum that it must have, where upstream publishes one.
    pub checksum: Option<Checksum>,
    /// Whether it only names other files, and says nothing itself.
    pub index: bool,
}

/// Is how a fetched file is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// The SHA-256 in hexadecimal digits.
    Sha256(String),
    /// The SHA-256 is the first word of the file at this address.
    Sha256At(String),
}

impl Remote {
    /// Makes a file at an address, kept under a path below the folder of feeds.
    pub fn new(url: impl Into<String>, local: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            local: local.into(),
            ..Self::default()
        }
    }

    /// Makes an index: a file that only names others.
    pub fn index(url: impl Into<String>, local: impl Into<String>) -> Self {
        Self {
            index: true,
            ..Self::new(url, local)
        }
    }
}

/// Is what one file of a feed says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The feed's name in the database (`debian-tracker`, `osv/AlmaLinux:9`).
    pub name: String,
    /// The date of the data, RFC 3339; empty when it does not say.
    pub fetched_at: String,
    /// How many records were read, withdrawn ones included.
    pub read: u64,
    /// How many records could not be read in full.
    pub damaged: u64,
    /// What was damaged, one line each, the first few.
    pub notes: Vec<String>,
    /// The records.
    pub records: Vec<Record>,
    /// The lives of products.
    pub lifecycles: Vec<Lifecycle>,
}

/// Is one record of a feed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Its id in the feed.
    pub id: String,
    /// What it is about.
    pub level: Level,
    /// The vulnerabilities that it is about: CVE ids where there are any, else its own id.
    pub vulnerabilities: Vec<String>,
    /// Other names of the one vulnerability that it describes.
    pub same: Vec<String>,
    /// When it was last changed, RFC 3339; decides between copies of the same record.
    pub modified: String,
    /// Whether it was taken back: it then states nothing.
    pub withdrawn: bool,
    /// A short title; never a retelling.
    pub title: String,
    /// When it was published, RFC 3339; empty when unknown.
    pub published: String,
    /// References, the best first, a few.
    pub urls: Vec<String>,
    /// The rating that the record itself states in words.
    pub severity: Option<Severity>,
    /// CVSS ratings; the source is filled in when records are joined.
    pub cvss: Vec<Cvss>,
    /// Whether it says that the vulnerability is exploited.
    pub known_exploited: bool,
    /// How likely it says exploitation is.
    pub epss: Option<Epss>,
    /// What it says about packages.
    pub statements: Vec<Statement>,
}

/// Is what a record is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// One vulnerability: it can say "not affected" and "no fix yet".
    #[default]
    Vulnerability,
    /// An update that fixes any number of them.
    Advisory,
}

/// Is what a record says about one package.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    /// The statement. Its id is the record's.
    pub advisory: Advisory,
    /// Names of further advisories about the same (`XSA-254`), which are no aliases of the
    /// vulnerability.
    pub also: Vec<String>,
    /// The part of the distribution that it is about (`main`, `community`); may be empty.
    pub repository: String,
}

impl Batch {
    /// Makes an empty batch of a feed.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Counts a damaged record and keeps the first few reasons.
    pub fn damage(&mut self, what: impl AsRef<str>) {
        self.damaged += 1;
        if self.notes.len() < NOTE_LIMIT {
            self.notes
                .push(plimsoll_model::text::escape(what.as_ref()).into_owned());
        }
    }

    /// Makes the date of the data later, if a text is a date and later.
    pub fn dated(&mut self, date: &str) {
        if let Some(date) = timestamp(date)
            && date > self.fetched_at.as_str()
        {
            date.clone_into(&mut self.fetched_at);
        }
    }
}

/// Returns how versions of an ecosystem are ordered, where the model has that order.
pub fn scheme(ecosystem: &str) -> Option<Scheme> {
    let base = ecosystem
        .split_once(':')
        .map_or(ecosystem, |(base, _)| base);
    match base {
        "Debian" | "Ubuntu" | "Echo" => Some(Scheme::Deb),
        "Alpine"
        | "Alpaquita"
        | "BellSoft Hardened Containers"
        | "Chainguard"
        | "MinimOS"
        | "Wolfi" => Some(Scheme::Apk),
        "AlmaLinux" | "Amazon Linux" | "Azure Linux" | "Fedora" | "Mageia" | "Oracle Linux"
        | "Photon OS" | "Red Hat" | "Rocky Linux" | "SUSE" | "openEuler" | "openSUSE" => {
            Some(Scheme::Rpm)
        }
        _ => crate::matcher::languages::scheme(ecosystem),
    }
}

/// Says whether a feed is read as a whole for an ecosystem: what it does not state there is not so.
/// An archive of OSV speaks for the ecosystem that it is named after, with all its releases.
pub fn covers(feed: &str, ecosystem: &str) -> bool {
    match feed.strip_prefix("osv/") {
        Some(folder) => folder == ecosystem || ecosystem.split(':').next() == Some(folder),
        // These tell of some of an ecosystem's packages and leave the others to other feeds.
        None => !matches!(
            feed,
            "friends-of-php" | "malicious-packages" | "node-security"
        ),
    }
}

/// Returns a text if it has the shape of an RFC 3339 date and time in UTC.
fn timestamp(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let shape = bytes.len() >= 20
        && bytes.len() <= 40
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            4 | 7 => *byte == b'-',
            10 => *byte == b'T',
            13 | 16 => *byte == b':',
            0..=18 => byte.is_ascii_digit(),
            _ => byte.is_ascii_digit() || matches!(byte, b'.' | b'Z'),
        });
    (shape && text.ends_with('Z')).then_some(text)
}

/// Returns the first line of a text, cut to a number of characters, as a title.
fn title(text: &str, limit: usize) -> String {
    let line = text.trim().lines().next().unwrap_or("").trim();
    if line.chars().count() <= limit {
        return line.to_owned();
    }
    let cut: String = line.chars().take(limit.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

/// Reads a whole file; a file over the limit is `FileTooLarge`.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > FILE_LIMIT {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("{size} bytes, expected at most {FILE_LIMIT}"),
        ));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(FILE_LIMIT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns a path below a folder as text parts; `None` when a part is not UTF-8.
fn parts_of(path: &Path) -> Option<Vec<&str>> {
    path.iter().map(|part| part.to_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_unique_and_documented() {
        assert!(ALL.windows(2).all(|pair| pair[0].name() < pair[1].name()));
        for feed in ALL {
            let about = feed.about();
            let texts = [about.title, about.format, about.licence, about.changes];
            assert!(texts.iter().all(|text| !text.is_empty()), "{}", feed.name());
            assert!(!about.addresses.is_empty(), "{}", feed.name());
            for address in about.addresses {
                assert!(address.starts_with("https://") && !address.ends_with('/'));
            }
        }
    }

    #[test]
    fn what_is_fetched_is_recognised() {
        for feed in ALL {
            for remote in feed.plan(&|_| None) {
                let addresses = feed.about().addresses;
                let below = addresses.iter().any(|one| remote.url.starts_with(one));
                assert!(below, "{}", remote.url);
                let parts: Vec<&str> = remote.local.split('/').collect();
                assert!(!parts.iter().any(|part| matches!(*part, "" | "." | "..")));
                assert!(remote.index || feed.recognises(&parts), "{}", remote.local);
            }
        }
    }

    #[test]
    fn only_full_dates_in_utc_count() {
        assert!(timestamp("2026-08-21T12:56:10Z").is_some());
        assert!(timestamp("2026-08-21T12:56:10.25Z").is_some());
        for text in [
            "",
            "0",
            "2026-08-21",
            "2026-08-21T12:56:10+02:00",
            "9999999999999999999Z",
        ] {
            assert!(timestamp(text).is_none(), "{text}");
        }
    }

    #[test]
    fn titles_are_one_short_line() {
        assert_eq!(title(" one\ntwo", 10), "one");
        assert_eq!(title("0123456789", 5), "0123…");
    }
}
