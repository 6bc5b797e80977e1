//! How the files of a layer become facts: the contract between the one-pass reader (`image`), which
//! drives, and the analyzers (`analyze`), which receive.
//!
//! # Conventions for implementors
//! - An analyzer opens nothing and walks nothing: it is handed entries. A second file is never
//!   fetched; what is needed from it is kept as a fact and joined in [`Analyzer::assemble`].
//! - Reading cannot fail. Damage becomes [`Fact::Issue`], and what could be read is kept.
//! - All input is hostile: time and memory are bounded by the size of the content handed over, and
//!   nothing panics.
//! - Same content, same facts, in the same order. No clock, no environment, no randomness.
//! - A change of what is found raises [`Analyzer::version`]: it is part of the cache's key.

use serde::{Deserialize, Serialize};

use crate::distro::Distro;
use crate::issue::Issue;
use crate::package::Package;
use crate::path::ImagePath;

/// The number of bytes from a file's start that [`Entry::head`] shows before anything is wanted.
pub const HEAD_BYTES: usize = 512;

/// Is the kind of an entry of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link; [`Entry::link`] holds where it points, as written.
    Symlink,
    /// A hard link; [`Entry::link`] holds the normalised path of the file it shares. Analyzers see
    /// hard links as [`EntryKind::File`] with the shared content.
    HardLink,
    /// A character or block device.
    Device,
    /// A named pipe or a socket.
    Pipe,
}

/// Is one entry of a layer, as its header describes it.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The normalised path (see [`ImagePath`]).
    pub path: &'a [u8],
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits, setuid, setgid and sticky included.
    pub mode: u32,
    /// The owner's user id.
    pub uid: u64,
    /// The owner's group id.
    pub gid: u64,
    /// The content's size in bytes, holes of a sparse file included.
    pub size: u64,
    /// Where a link points; empty for everything else.
    pub link: &'a [u8],
    /// Extended attributes: name and value, in the archive's order.
    pub xattrs: &'a [(Vec<u8>, Vec<u8>)],
    /// The first bytes of a file's content, at most [`HEAD_BYTES`].
    pub head: &'a [u8],
}

impl Entry<'_> {
    /// Returns the last component of the path.
    pub fn file_name(&self) -> &[u8] {
        crate::path::file_name(self.path)
    }
}

/// Is what an analyzer wants of an entry's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Nothing: the content is not kept for this analyzer.
    Nothing,
    /// The whole content at once, cut after `limit` bytes. For files that are parsed.
    Whole {
        /// The most that is kept, in bytes. Beyond it [`Content::truncated`] is set.
        limit: u64,
    },
    /// The whole content of a program at once, cut after `limit` bytes, of which long stretches of
    /// machine code may be left out: zeros stand for them. For what is read by sections and segments.
    Program {
        /// As for [`Want::Whole`].
        limit: u64,
    },
    /// The content as a stream of chunks; nothing is held in memory. For files that are searched.
    Stream,
}

/// Is the content of one file, held once and handed to every analyzer that wanted it whole.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// The bytes, all of them unless [`Content::truncated`].
    pub bytes: &'a [u8],
    /// Whether the file went on beyond the limit that the analyzer gave, or the layer ended early.
    pub truncated: bool,
}

/// Receives a file's content in order, chunk by chunk.
pub trait ContentSink {
    /// Takes the next bytes. Chunks are of any size but never empty.
    fn write(&mut self, chunk: &[u8]);
    /// Ends the stream. `complete` is false when the layer ended early.
    fn finish(self: Box<Self>, complete: bool, facts: &mut Vec<Fact>);
}

/// Says what the files that an analyzer reads prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// What they state is there.
    Installed,
    /// What they state is to be installed: lock files and manifests. They count in source trees,
    /// where nothing is installed yet, and never in images.
    Declared,
}

/// Is what an analyzer says of itself: one section of `docs/ecosystems.md`.
#[derive(Clone, Copy, Debug, Default)]
pub struct About {
    /// The section's title (`Python`). Analyzers of one title share a section.
    pub title: &'static str,
    /// The files that are read: a pattern of their paths, and what they yield, without full stop.
    pub reads: &'static [(&'static str, &'static str)],
    /// What is not read, each a sentence with its reason.
    pub not_read: &'static [&'static str],
    /// How sure what it states is, in a sentence or two: where names and versions come from, and
    /// when they may be wrong.
    pub certainty: &'static str,
}

/// Finds facts in the files of a layer.
pub trait Analyzer: Sync {
    /// Returns the stable name, `group/name` (`os/apk`).
    fn name(&self) -> &'static str;
    /// Returns the version of what it finds; part of the cache's key.
    fn version(&self) -> u32;
    /// Describes what it reads, for the documentation.
    fn about(&self) -> About {
        About::default()
    }
    /// Says what its files prove.
    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }
    /// Says what it wants of an entry. Called once for every entry of every layer: it must be cheap
    /// and must not allocate.
    fn wants(&self, entry: &Entry<'_>) -> Want;
    /// Reads a file that it wanted as [`Want::Whole`] or [`Want::Program`].
    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>);
    /// Starts reading a file that it wanted as [`Want::Stream`].
    fn stream(&self, _entry: &Entry<'_>) -> Option<Box<dyn ContentSink>> {
        None
    }
    /// Joins facts across files, after the layers were squashed. `out` receives packages with their
    /// final fields and what was found wanting.
    fn assemble(&self, _view: &View<'_>, _out: &mut Assembled) {}
}

/// Is one thing found in one file. Facts of damaged input come with [`Fact::Issue`] beside them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// An installed package.
    Package(Box<Package>),
    /// What an `os-release` or a release file of an older distribution says.
    Distro(Distro),
    /// The files that a package's database says it owns.
    Owns(Ownership),
    /// Names of packages that a person or a script asked for (apt `extended_states` turned round,
    /// apk `world`), or that came along automatically.
    Requested(RequestedState),
    /// Licences of a package that stand in a file of their own (Debian's `copyright`).
    Licenses {
        /// The package's name.
        package: String,
        /// The licences as written there, in order, without repeats.
        licenses: Vec<String>,
    },
    /// Something about a file that an analyzer of its own assembles (kind, value).
    Note {
        /// What kind of note it is; the analyzer's own vocabulary.
        key: String,
        /// The note.
        value: String,
    },
    /// Something that could not be read.
    Issue(Issue),
}

impl Fact {
    /// Returns about how many bytes of memory it takes, so that many facts can be bounded.
    pub fn held_bytes(&self) -> usize {
        let texts = |texts: &[String]| texts.iter().map(|text| held(text)).sum::<usize>();
        size_of::<Self>()
            + match self {
                Self::Package(package) => package.held_bytes(),
                Self::Distro(distro) => {
                    let [id, version] = [&distro.id, &distro.version_id].map(String::len);
                    let [name, title] = [&distro.codename, &distro.pretty_name].map(String::len);
                    id + version + name + title + distro.cpe.len() + texts(&distro.id_like)
                }
                Self::Owns(owned) => owned.package.len() + owned.paths.len(),
                Self::Requested(state) => texts(&state.names),
                Self::Licenses { package, licenses } => package.len() + texts(licenses),
                Self::Note { key, value } => key.len() + value.len(),
                Self::Issue(issue) => issue.subject.len() + issue.detail.len(),
            }
    }
}

/// Returns about how many bytes a text takes, itself included.
pub(crate) fn held(text: &str) -> usize {
    size_of::<String>() + text.len()
}

/// Is the list of files that one package owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    /// The package as its database calls it (`libc6:amd64`, `bash`).
    pub package: String,
    /// Normalised paths, `\n` between them, sorted, in one piece: there are hundreds of thousands.
    pub paths: Vec<u8>,
}

/// Says of packages, by name, whether they were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedState {
    /// Names as the database writes them (`name` or `name:arch`).
    pub names: Vec<String>,
    /// Whether these were asked for (apk `world`) or came along (`Auto-Installed: 1`).
    pub requested: bool,
}

/// Is one fact together with where it was found.
#[derive(Clone, Debug)]
pub struct Located<'a> {
    /// The file.
    pub path: &'a ImagePath,
    /// The index of the layer that holds this file, lowest first.
    pub layer: usize,
    /// The index of the layer since which this file has stated this fact without a break; the layer
    /// that introduced it.
    pub introduced: usize,
    /// The fact.
    pub fact: &'a Fact,
}

/// Is the squashed image as an analyzer's [`Analyzer::assemble`] sees it: only its own facts, only
/// those in files that a container would see.
pub struct View<'a> {
    /// The facts of this analyzer, sorted by path, then in the order in which they were found.
    pub facts: &'a [Located<'a>],
    /// The image's distribution, where one was recognised.
    pub distro: Option<&'a Distro>,
    /// Follows symbolic links: the path at which a container finds the file, or `None` when there
    /// is no such file or the links form a loop.
    pub resolve: &'a dyn Fn(&ImagePath) -> Option<ImagePath>,
}

/// Is what [`Analyzer::assemble`] makes of facts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assembled {
    /// The packages, with the index of the layer that introduced each.
    pub packages: Vec<(Package, usize)>,
    /// The distribution; only the analyzer of `os-release` states one.
    pub distro: Option<Distro>,
    /// What could not be read.
    pub issues: Vec<Issue>,
}
