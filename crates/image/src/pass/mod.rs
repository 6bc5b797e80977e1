//! The one pass over a layer: bytes in, facts out. Every byte is read once.
//!
//! ```text
//! source ─► digest ─► decompress ─► diff-id ─► tar ─► Entry ─► analyzers ─► LayerFacts
//! ```
//!
//! Owns the bounds on what a layer may cost and the verification of its digests. Deliberately
//! absent: what facts mean, where layers come from, what a container sees of them (`overlay`).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read};
use std::sync::atomic::AtomicU64;

use plimsoll_model::analyzer::{Analyzer, Entry, EntryKind, Fact};
use plimsoll_model::digest::Digest;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::layer::{FileFact, FileList, LayerFacts, ListedFile, UnreadLink};
use plimsoll_model::path::{ImagePath, PathError};
use plimsoll_model::text::escape_bytes;
use thiserror::Error;

mod code;
mod offer;
mod stream;
pub(crate) mod tar;

pub(crate) use offer::Offer;
use offer::wait_for_turn;
use stream::{LayerStream, Stop};
use tar::{MemberKind, Next, TarReader};

/// Bounds what one layer may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The most decompressed bytes of a layer.
    pub layer_bytes: u64,
    /// From how many decompressed bytes on the ratio counts.
    pub bomb_floor_bytes: u64,
    /// The most that a layer may expand beyond [`Limits::bomb_floor_bytes`].
    pub bomb_ratio: u64,
    /// The most memory of a layer's packed file list, in bytes.
    pub list_bytes: usize,
    /// The most facts of one layer.
    pub facts: usize,
    /// The most bytes of the paths of a layer's facts and unread hard links: a path is kept with
    /// every fact.
    pub path_bytes: usize,
    /// The most memory of a layer's facts themselves, in bytes.
    pub fact_bytes: usize,
    /// The most bytes of content that are handed over again because hard links share it.
    pub shared_bytes: u64,
    /// The most issues of one layer; what is beyond is counted.
    pub issues: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            layer_bytes: 1 << 40,
            bomb_floor_bytes: 4 << 30,
            bomb_ratio: 400,
            list_bytes: 64 << 20,
            facts: 1_000_000,
            path_bytes: 24 << 20,
            fact_bytes: 128 << 20,
            shared_bytes: 512 << 20,
            issues: 100,
        }
    }
}

/// Marks a fact that a later entry of the same name replaced, until it is dropped.
const REPLACED: u16 = u16::MAX;

/// Says why a layer could not be read. Damage inside of it is no error but an issue.
#[derive(Debug, Error)]
pub enum PassError {
    /// The source failed.
    #[error("cannot read: {0}")]
    Source(io::Error),
    /// The bytes do not have the digest that the manifest gives.
    #[error("expected digest {expected}, got {got}; the image is damaged or was tampered with")]
    Digest {
        /// The digest that names the layer.
        expected: Digest,
        /// The digest of its bytes.
        got: Digest,
    },
    /// The decompressed bytes do not have the diff-id that the configuration gives.
    #[error(
        "expected diff-id {expected}, got {got}; the configuration does not belong to this layer"
    )]
    DiffId {
        /// The diff-id that the configuration claims.
        expected: Digest,
        /// The digest of the decompressed bytes.
        got: Digest,
    },
}

/// Is what the pass needs to know beside the bytes.
pub struct Pass<'a> {
    /// Who is handed the files.
    pub analyzers: &'a [&'a dyn Analyzer],
    /// What the layer may cost.
    pub limits: &'a Limits,
    /// Counts the bytes read from the source, for progress.
    pub progress: &'a AtomicU64,
}

/// Is a layer that was read, its digests verified.
pub struct ReadLayer {
    /// What was found.
    pub facts: LayerFacts,
    /// The digest of the bytes of the source.
    pub blob: Digest,
    /// Whether the layer was whole: only then its facts may be cached.
    pub whole: bool,
}

impl Pass<'_> {
    /// Reads a layer and verifies it: `digest` is what names the source's bytes (`None` where the
    /// source gives only the diff-id), `diff_id` what the configuration claims.
    ///
    /// # Errors
    /// When the source fails or a digest does not hold. Damage inside the layer is no error: what
    /// could be read is returned with an issue.
    pub fn layer(
        &self,
        reader: Box<dyn Read + Send>,
        digest: Option<&Digest>,
        diff_id: &Digest,
    ) -> Result<ReadLayer, PassError> {
        let stream =
            LayerStream::new(reader, self.limits, self.progress).map_err(PassError::Source)?;
        let mut walk = Walk::new(self, None);
        let stream = walk.run(stream);
        let (mut facts, digests) = walk.finish(stream);
        let subject = digest.unwrap_or(diff_id).as_str();
        let mut whole = digests.stop.is_none();
        let mut limited = false;
        match &digests.stop {
            Some(Stop::Damaged(problem)) => {
                facts.issues.push(Issue::new(
                    IssueKind::DamagedLayer,
                    subject,
                    format!("{problem}; what came before was read"),
                ));
            }
            Some(Stop::Limit(problem)) => {
                limited = true;
                facts
                    .issues
                    .push(Issue::new(IssueKind::LimitReached, subject, problem));
            }
            Some(Stop::Source(_)) | None => {}
        }
        let (blob, size) = (digests.blob.clone(), digests.size);
        whole &= verify(digests, limited, digest, diff_id)?;
        facts.diff_id = Some(diff_id.clone());
        facts.size_bytes = size;
        Ok(ReadLayer { facts, blob, whole })
    }

    /// Reads the layer once more for hard links whose content the first pass did not keep: each
    /// target's content is handed to the analyzers under the links' paths. `digest` and `diff_id`
    /// are held as in [`Pass::layer`]: a source could yield other bytes the second time.
    ///
    /// # Errors
    /// When the source fails or a digest does not hold.
    pub fn links(
        &self,
        reader: Box<dyn Read + Send>,
        digest: Option<&Digest>,
        diff_id: &Digest,
        links: &[UnreadLink],
    ) -> Result<Vec<FileFact>, PassError> {
        let mut targets = Targets::default();
        for link in links {
            let paths = targets.of.entry(link.target.as_bytes()).or_default();
            paths.push(link.path.as_bytes());
            targets.paths.insert(link.path.as_bytes());
        }
        let stream =
            LayerStream::new(reader, self.limits, self.progress).map_err(PassError::Source)?;
        let mut walk = Walk::new(self, Some(&targets));
        let stream = walk.run(stream);
        let (facts, digests) = walk.finish(stream);
        let limited = matches!(digests.stop, Some(Stop::Limit(_)));
        verify(digests, limited, digest, diff_id)?;
        Ok(facts.facts)
    }

    /// Hands one file that lies outside of any archive to the analyzers.
    ///
    /// `offer` is the same for all files of one folder, since it knows how much room is left.
    pub(crate) fn loose_file(
        &self,
        entry: &Entry<'_>,
        content: &mut dyn Read,
        offer: &mut Offer,
        out: &mut Vec<FileFact>,
    ) -> io::Result<()> {
        offer.ask(self.analyzers, entry);
        if offer.is_empty() {
            return Ok(());
        }
        let mut buffer = vec![0_u8; 64 << 10];
        let _turn = offer.turn(entry.size);
        let mut complete = true;
        let mut failure = None;
        loop {
            // A sparse file on disk may claim exabytes: nobody reads beyond what somebody wants.
            if offer.full() {
                break;
            }
            match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => offer.write(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    complete = false;
                    failure = Some(error);
                    break;
                }
            }
        }
        offer.finish(self.analyzers, entry, complete, out);
        failure.map_or(Ok(()), Err)
    }
}

/// Holds a layer to its digests; says whether both were there to be held.
fn verify(
    digests: stream::Digests,
    limited: bool,
    digest: Option<&Digest>,
    diff_id: &Digest,
) -> Result<bool, PassError> {
    if let Some(Stop::Source(error)) = digests.stop {
        return Err(PassError::Source(error));
    }
    if !limited
        && let Some(expected) = digest
        && *expected != digests.blob
    {
        return Err(PassError::Digest {
            expected: expected.clone(),
            got: digests.blob,
        });
    }
    match digests.diff_id {
        Some(got) if got != *diff_id => Err(PassError::DiffId {
            expected: diff_id.clone(),
            got,
        }),
        Some(_) => Ok(true),
        None => Ok(false),
    }
}

/// Is what the second pass looks for.
#[derive(Default)]
struct Targets<'a> {
    /// Whose content is wanted, and under which paths.
    of: BTreeMap<&'a [u8], Vec<&'a [u8]>>,
    /// All those paths.
    paths: HashSet<&'a [u8]>,
}

/// Is the walk over one layer's members.
struct Walk<'a> {
    pass: &'a Pass<'a>,
    /// Second pass only: which contents are wanted.
    targets: Option<&'a Targets<'a>>,
    files: FileList,
    facts: Vec<FileFact>,
    unread_links: Vec<Option<UnreadLink>>,
    issues: Vec<Issue>,
    more_issues: usize,
    /// Paths that have facts and which, to drop them when the same path comes again in this layer.
    told: HashMap<Vec<u8>, (usize, usize)>,
    /// How many facts are marked [`REPLACED`].
    replaced: usize,
    /// Paths with an unread hard link, and which.
    linked: HashMap<Vec<u8>, usize>,
    /// Second pass only: paths whose hard link was made; what comes of its file's name later is
    /// another file.
    made: HashSet<Vec<u8>>,
    /// How many bytes of shared content may still be handed over.
    shared_left: u64,
    path: Vec<u8>,
    link: Vec<u8>,
    offer: Offer,
    list_full: bool,
}

impl<'a> Walk<'a> {
    fn new(pass: &'a Pass<'a>, targets: Option<&'a Targets<'a>>) -> Self {
        Self {
            pass,
            targets,
            files: FileList::default(),
            facts: Vec::new(),
            unread_links: Vec::new(),
            issues: Vec::new(),
            more_issues: 0,
            told: HashMap::new(),
            replaced: 0,
            linked: HashMap::new(),
            made: HashSet::new(),
            shared_left: pass.limits.shared_bytes,
            path: Vec::new(),
            link: Vec::new(),
            offer: Offer::new(pass.limits),
            list_full: false,
        }
    }

    /// Walks to the archive's end.
    fn run<'s>(&mut self, stream: LayerStream<'s>) -> LayerStream<'s> {
        let mut reader = TarReader::new(stream);
        loop {
            match reader.next() {
                Next::Member => self.member(&mut reader),
                Next::End | Next::EndWithoutMark => break,
                Next::Damaged(problem) => {
                    self.issue(IssueKind::DamagedLayer, "layer", &problem);
                    break;
                }
            }
        }
        for note in reader.take_notes() {
            self.issue(IssueKind::LimitReached, "layer", &note);
        }
        reader.into_stream()
    }

    fn finish(self, stream: LayerStream<'_>) -> (LayerFacts, stream::Digests) {
        let digests = stream.finish();
        let mut files = self.files;
        files.seal();
        let mut issues = self.issues;
        if self.more_issues > 0 {
            issues.push(Issue::new(
                IssueKind::LimitReached,
                "layer",
                format!(
                    "{} further issues of this layer are not listed",
                    self.more_issues
                ),
            ));
        }
        let mut facts = self.facts;
        if self.replaced > 0 {
            facts.retain(|fact| fact.analyzer != REPLACED);
        }
        let facts = LayerFacts {
            diff_id: None,
            size_bytes: 0,
            files,
            facts,
            unread_links: self.unread_links.into_iter().flatten().collect(),
            issues,
        };
        (facts, digests)
    }

    fn issue(&mut self, kind: IssueKind, subject: &str, detail: &str) {
        if self.issues.len() < self.pass.limits.issues {
            self.issues.push(Issue::new(kind, subject, detail));
        } else {
            self.more_issues += 1;
        }
    }

    fn member(&mut self, reader: &mut TarReader<'_>) {
        let mut path = std::mem::take(&mut self.path);
        let mut link = std::mem::take(&mut self.link);
        self.described(reader, &mut path, &mut link);
        self.path = path;
        self.link = link;
    }

    fn described(&mut self, reader: &mut TarReader<'_>, path: &mut Vec<u8>, link: &mut Vec<u8>) {
        let kind = match reader.member.kind {
            MemberKind::File => EntryKind::File,
            MemberKind::Directory => EntryKind::Directory,
            MemberKind::Symlink => EntryKind::Symlink,
            MemberKind::HardLink => EntryKind::HardLink,
            MemberKind::Device => EntryKind::Device,
            MemberKind::Pipe => EntryKind::Pipe,
            MemberKind::Other => return,
        };
        if let Err(error) = ImagePath::normalize_into(&reader.member.path, path) {
            return self.refuse(&reader.member.path.clone(), error, "name");
        }
        if path.is_empty() {
            return; // The root itself.
        }
        link.clear();
        match kind {
            EntryKind::Symlink => link.extend_from_slice(&reader.member.link),
            EntryKind::HardLink => {
                if let Err(error) = ImagePath::normalize_into(&reader.member.link, link) {
                    return self.refuse(&reader.member.link.clone(), error, "hard link");
                }
            }
            _ => {}
        }
        if self.targets.is_none() {
            self.list(reader, kind, path, link);
            self.forget(path);
        }
        match (kind, self.targets) {
            (EntryKind::File, None) => self.content(reader, path),
            (EntryKind::File, Some(targets)) => {
                if let Some(links) = targets.of.get(path.as_slice()) {
                    self.shared_content(reader, links);
                }
            }
            (EntryKind::HardLink, None) => self.hard_link(reader, path, link),
            (EntryKind::HardLink, Some(targets)) if targets.paths.contains(path.as_slice()) => {
                self.made.insert(path.clone());
            }
            _ => {}
        }
    }

    /// Drops what an earlier entry of the same name stated: the later one takes its place.
    fn forget(&mut self, path: &[u8]) {
        if let Some(index) = self.linked.remove(path)
            && let Some(link) = self.unread_links.get_mut(index)
        {
            *link = None;
        }
        let Some((from, to)) = self.told.remove(path) else {
            return;
        };
        let told = self.facts.get(from..to).unwrap_or_default();
        self.offer.room.give_back(told);
        if to == self.facts.len() {
            self.facts.truncate(from);
            return;
        }
        for fact in self.facts.get_mut(from..to).unwrap_or_default() {
            fact.analyzer = REPLACED;
        }
        self.replaced += to - from;
        // Moving the rest up is paid for by as many facts that were dropped.
        if self.replaced > self.facts.len() / 2 {
            self.facts.retain(|fact| fact.analyzer != REPLACED);
            self.replaced = 0;
            let mut from = 0;
            for run in self.facts.chunk_by(|one, next| one.path == next.path) {
                let to = from + run.len();
                let path = run.first().map(|fact| fact.path.as_bytes());
                if let Some(range) = path.and_then(|path| self.told.get_mut(path)) {
                    *range = (from, to);
                }
                from = to;
            }
        }
    }

    /// Notes which facts a path has; says when some had to be left out.
    fn tell(&mut self, path: &[u8], before: usize) {
        if self.facts.len() > before {
            self.told.insert(path.to_vec(), (before, self.facts.len()));
        }
        if self.offer.take_cut() {
            self.facts_full(path);
        }
    }

    fn refuse(&mut self, raw: &[u8], error: PathError, what: &str) {
        let shown = escape_bytes(raw.get(..200).unwrap_or(raw)).into_owned();
        let (kind, problem) = match error {
            PathError::Escapes => (IssueKind::PathEscapes, "points outside of the image"),
            PathError::TooLong => (IssueKind::LimitReached, "is longer than is read"),
            PathError::Nul => (IssueKind::DamagedLayer, "holds a NUL byte"),
        };
        self.issue(
            kind,
            &shown,
            &format!("a {what} {problem}; the entry was left out"),
        );
    }

    fn list(&mut self, reader: &TarReader<'_>, kind: EntryKind, path: &[u8], link: &[u8]) {
        if self.list_full {
            return;
        }
        if self.files.packed_bytes() > self.pass.limits.list_bytes {
            self.list_full = true;
            let detail = format!(
                "has more entries than fit {} bytes; those after /{} are read but not listed, so \
                 what they replace may still be reported",
                self.pass.limits.list_bytes,
                escape_bytes(path)
            );
            return self.issue(IssueKind::LimitReached, "layer", &detail);
        }
        let member = &reader.member;
        self.files.push(&ListedFile {
            path,
            kind,
            mode: member.mode,
            size: member.size,
            link,
        });
    }

    /// Hands a file's content to those who want it.
    fn content(&mut self, reader: &mut TarReader<'_>, path: &[u8]) {
        if crate::overlay::is_whiteout(path) {
            return;
        }
        let mut head = [0_u8; plimsoll_model::analyzer::HEAD_BYTES];
        let length = {
            let shown = reader.head();
            let length = shown.len().min(head.len());
            if let (Some(to), Some(from)) = (head.get_mut(..length), shown.get(..length)) {
                to.copy_from_slice(from);
            }
            length
        };
        let xattrs = std::mem::take(&mut reader.member.xattrs);
        let entry = Entry {
            path,
            kind: EntryKind::File,
            mode: reader.member.mode,
            uid: reader.member.uid,
            gid: reader.member.gid,
            size: reader.member.size,
            link: &[],
            xattrs: &xattrs,
            head: head.get(..length).unwrap_or_default(),
        };
        self.offer.ask(self.pass.analyzers, &entry);
        if self.offer.is_empty() {
            return;
        }
        if self.facts.len() >= self.pass.limits.facts {
            return self.facts_full(path);
        }
        let before = self.facts.len();
        let _turn = self.offer.turn(entry.size);
        let offer = &mut self.offer;
        let complete = reader.content(|chunk| offer.write(chunk));
        offer.finish(self.pass.analyzers, &entry, complete, &mut self.facts);
        self.tell(path, before);
    }

    /// Second pass: hands one content over under each of the paths that share it.
    fn shared_content(&mut self, reader: &mut TarReader<'_>, links: &[&[u8]]) {
        let member = &reader.member;
        let (mode, uid, gid, size) = (member.mode, member.uid, member.gid, member.size);
        let entry_of = |path| Entry {
            path,
            kind: EntryKind::File,
            mode,
            uid,
            gid,
            size,
            link: &[],
            xattrs: &[],
            head: &[],
        };
        // Held once, as far as the one who wants most of it wants it.
        let mut keep = 0;
        for link in links {
            self.offer.ask(self.pass.analyzers, &entry_of(link));
            keep = keep.max(self.offer.keep);
        }
        let _turn = wait_for_turn(size.min(keep));
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        let mut kept: Vec<u8> = Vec::new();
        let mut seen = 0_u64;
        let complete = reader.content(|chunk| {
            seen += chunk.len() as u64;
            let room = keep.saturating_sub(kept.len()).min(chunk.len());
            kept.extend_from_slice(chunk.get(..room).unwrap_or_default());
        });
        for link in links {
            if self.made.contains(*link) {
                continue;
            }
            let entry = entry_of(link);
            self.offer.ask(self.pass.analyzers, &entry);
            // Streams have searched the content under its file's name.
            self.offer.streams.clear();
            let cost = self.offer.keep.min(kept.len() as u64);
            let left = self.shared_left.checked_sub(cost);
            let (Some(left), true) = (left, self.facts.len() < self.pass.limits.facts) else {
                return self.shared_full(link);
            };
            self.shared_left = left;
            self.forget(link);
            let before = self.facts.len();
            let offer = &mut self.offer;
            offer.seen = seen;
            std::mem::swap(&mut offer.kept, &mut kept);
            offer.finish(self.pass.analyzers, &entry, complete, &mut self.facts);
            std::mem::swap(&mut offer.kept, &mut kept);
            let cut = offer.take_cut();
            self.tell(link, before);
            if cut {
                return self.shared_full(link);
            }
        }
    }

    /// Says, as a fact beside the others, that not every hard link's content was looked at.
    fn shared_full(&mut self, path: &[u8]) {
        let limits = self.pass.limits;
        let detail = format!(
            "the layer's hard links share more than {} bytes, or have more than {} facts or {} \
             bytes of them; what is in this file and in others that share its content was left out",
            limits.shared_bytes, limits.facts, limits.fact_bytes
        );
        let issue = Issue::new(IssueKind::LimitReached, escape_bytes(path), detail);
        self.facts.push(FileFact {
            path: ImagePath::from_normalized(path),
            analyzer: 0,
            fact: Fact::Issue(issue),
        });
    }

    fn facts_full(&mut self, path: &[u8]) {
        let limits = self.pass.limits;
        let detail = format!(
            "more than {} facts in one layer, or more than {} bytes of their paths or {} bytes of \
             the facts themselves; what is in this file and in those after it was left out",
            limits.facts, limits.path_bytes, limits.fact_bytes
        );
        self.issue(IssueKind::LimitReached, &escape_bytes(path), &detail);
    }

    /// Notes a hard link that someone wants: its content comes in a second, targeted pass.
    fn hard_link(&mut self, reader: &TarReader<'_>, path: &[u8], target: &[u8]) {
        let entry = Entry {
            path,
            kind: EntryKind::File,
            mode: reader.member.mode,
            uid: reader.member.uid,
            gid: reader.member.gid,
            size: 0,
            link: &[],
            xattrs: &[],
            head: &[],
        };
        // Streams search contents, and the content is searched under its first name already.
        self.offer.ask(self.pass.analyzers, &entry);
        self.offer.streams.clear();
        if self.offer.is_empty() {
            return;
        }
        if self.offer.keep == 0 && self.facts.len() < self.pass.limits.facts {
            // The name alone says what is needed.
            let (before, analyzers) = (self.facts.len(), self.pass.analyzers);
            (self.offer).finish(analyzers, &entry, true, &mut self.facts);
            return self.tell(path, before);
        }
        let cost = 2 * path.len() + target.len();
        let few = self.unread_links.len() < self.pass.limits.facts;
        if !few || !self.offer.room.take(cost, 0) {
            return self.facts_full(path);
        }
        self.linked.insert(path.to_vec(), self.unread_links.len());
        self.unread_links.push(Some(UnreadLink {
            path: ImagePath::from_normalized(path),
            target: ImagePath::from_normalized(target),
        }));
    }
}
