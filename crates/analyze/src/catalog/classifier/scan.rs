//! Searches the anchors of programs in a file that comes in chunks, holding a bounded window of it.

use std::borrow::Cow;

use memchr::memmem::Finder;
use plimsoll_model::text::escape_bytes;

use super::program::{Place, Program, Rule};
use super::version::MAX_VERSION_BYTES;

/// How far around an anchor a rule may look, in bytes.
pub(super) const REACH: usize = 1024;

/// How far behind Go's own version the strings lie that its linker was told to set, in bytes.
const MAX_LINKED: usize = 400;

/// The most NUL bytes that are overlooked between an anchor and its version.
const MAX_PADDING: usize = 16;

/// How much is gathered before it is searched. Few and large searches are faster than many small ones.
const BLOCK: usize = 256 * 1024;

/// The most versions of one rule that are kept to be chosen from.
const MAX_CANDIDATES: usize = 16;

/// The most anchors looked at for one rule. Real programs hold a few hundred at most; what goes on
/// beyond it was made to waste time.
const MAX_ANCHORS: u32 = 100_000;

/// Is what was found of one program.
#[derive(Debug)]
pub(super) struct Found {
    /// The rule that found it.
    pub(super) rule: &'static Rule,
    /// The version.
    pub(super) version: String,
    /// The anchor and the version, as safe text.
    pub(super) matched: String,
}

/// Searches one file for the versions of the programs that it may be.
pub(super) struct Scan {
    searches: Vec<Search>,
    /// What of the file is held: [`REACH`] bytes that were searched, and what was not.
    held: Vec<u8>,
    /// How many of those bytes were searched for beginnings of anchors.
    searched: usize,
    /// Whether the file's end was reached.
    ended: bool,
}

/// Is the search for one program.
struct Search {
    program: &'static Program,
    /// The version that the file's name states (`3.11` of `python3.11`).
    hint: Vec<u8>,
    rules: Vec<Hunt>,
}

/// Is the search for one rule's anchor.
struct Hunt {
    rule: &'static Rule,
    finder: Finder<'static>,
    found: Vec<Found>,
    /// How many anchors were looked at.
    anchors: u32,
}

impl Search {
    /// Says whether nothing better can be found any more: the first rule has what it wants.
    fn settled(&self) -> bool {
        self.rules.first().is_some_and(|hunt| hunt.done(&self.hint))
    }
}

impl Hunt {
    /// Says whether the rule needs no further candidates.
    fn done(&self, hint: &[u8]) -> bool {
        match self.rule.place {
            Place::Alone if !hint.is_empty() => {
                self.found.len() >= MAX_CANDIDATES
                    || self.found.iter().any(|one| agrees(&one.version, hint))
            }
            _ => !self.found.is_empty(),
        }
    }
}

/// Says whether a version starts with the one that a file's name states.
fn agrees(version: &str, hint: &[u8]) -> bool {
    match version.as_bytes().strip_prefix(hint) {
        Some([]) => true,
        Some([next, ..]) => !next.is_ascii_digit(),
        None => false,
    }
}

impl Scan {
    /// Starts the search for programs, each with the version that the file's name states.
    pub(super) fn new(programs: impl Iterator<Item = (&'static Program, Vec<u8>)>) -> Self {
        let searches = programs.map(|(program, hint)| Search {
            program,
            hint,
            rules: program
                .rules
                .iter()
                .filter(|rule| !rule.anchor.is_empty())
                .map(|rule| Hunt {
                    rule,
                    finder: Finder::new(rule.anchor),
                    found: Vec::new(),
                    anchors: 0,
                })
                .collect(),
        });
        Self {
            searches: searches.collect(),
            held: Vec::new(),
            searched: 0,
            ended: false,
        }
    }

    /// Takes the next bytes of the file.
    pub(super) fn write(&mut self, mut chunk: &[u8]) {
        while !chunk.is_empty() && !self.settled() {
            let room = (REACH + BLOCK).saturating_sub(self.held.len()).max(1);
            let (now, later) = chunk.split_at(room.min(chunk.len()));
            self.held.extend_from_slice(now);
            chunk = later;
            if self.held.len() >= REACH + BLOCK {
                self.search();
                let gone = self.searched.saturating_sub(REACH);
                self.held.drain(..gone);
                self.searched -= gone;
            }
        }
    }

    /// Ends the file and returns what was found: one version for each program.
    pub(super) fn finish(mut self) -> Vec<(&'static Program, Option<Found>)> {
        self.ended = true;
        self.search();
        self.searches.into_iter().map(Search::choose).collect()
    }

    fn settled(&self) -> bool {
        self.searches.iter().all(Search::settled)
    }

    /// Searches what is held for anchors that begin in the part that was not searched yet and that
    /// have all they may reach to behind them.
    fn search(&mut self) {
        let end = if self.ended {
            self.held.len()
        } else {
            self.held.len().saturating_sub(REACH)
        };
        for search in &mut self.searches {
            let Search { hint, rules, .. } = search;
            for hunt in rules.iter_mut() {
                if !hunt.done(hint) && hunt.anchors <= MAX_ANCHORS {
                    hunt.search(&self.held, self.searched, end, hint);
                }
                // What comes after a rule that found something cannot win.
                if !hunt.found.is_empty() && hunt.done(hint) {
                    break;
                }
            }
        }
        self.searched = self.searched.max(end);
    }
}

impl Hunt {
    fn search(&mut self, held: &[u8], start: usize, end: usize, hint: &[u8]) {
        let length = self.rule.anchor.len();
        // An anchor that begins before the end may stretch beyond it.
        let stop = held.len().min(end + length - 1);
        let mut at = start;
        while let Some(part) = held.get(at..stop)
            && let Some(hit) = self.finder.find(part)
        {
            let anchor = at + hit;
            at = anchor + 1;
            self.anchors += 1;
            if self.anchors > MAX_ANCHORS {
                return;
            }
            let Some((version, from, to)) = self.rule.version(held, anchor) else {
                continue;
            };
            let version = String::from_utf8_lossy(&version).into_owned();
            if self.found.iter().all(|found| found.version != version) {
                let matched = held.get(from..to).unwrap_or_default();
                self.found.push(Found {
                    rule: self.rule,
                    version,
                    matched: escape_bytes(matched).into_owned(),
                });
            }
            if self.done(hint) {
                return;
            }
        }
    }
}

impl Search {
    /// Chooses the best of what was found: of the first rule that found anything, what agrees with
    /// the file's name, else the first.
    fn choose(self) -> (&'static Program, Option<Found>) {
        let best = self.rules.into_iter().find_map(|hunt| {
            let mut found = hunt.found;
            let fitting = found
                .iter()
                .position(|one| !self.hint.is_empty() && agrees(&one.version, &self.hint));
            match (fitting, hunt.rule.place) {
                (Some(at), _) => Some(found.swap_remove(at)),
                // Strings of their own are weak: they must not contradict the name.
                (None, Place::Alone) if !self.hint.is_empty() => None,
                (None, _) => (!found.is_empty()).then(|| found.swap_remove(0)),
            }
        });
        (self.program, best)
    }
}

impl Rule {
    /// Reads the version of the anchor at this place: its bytes, and from where to where they and
    /// the anchor stretch.
    fn version<'a>(&self, held: &'a [u8], anchor: usize) -> Option<(Cow<'a, [u8]>, usize, usize)> {
        if self.place == Place::Packed {
            let number = held.get(anchor..anchor + 5)?;
            let alone = held.get(anchor + 5) == Some(&0)
                && !held.get(..anchor)?.last().is_some_and(u8::is_ascii_digit);
            let text = std::str::from_utf8(number).ok().filter(|_| alone)?;
            let number: u32 = text.parse().ok()?;
            let (major, rest) = (number / 10_000, number % 10_000);
            let version = format!("{major}.{}.{}", rest / 100, rest % 100);
            return Some((Cow::Owned(version.into_bytes()), anchor, anchor + 5));
        }
        let (version, from, to) = self.written(held, anchor)?;
        Some((Cow::Borrowed(version), from, to))
    }

    /// Reads the version as it is written there.
    fn written<'a>(&self, held: &'a [u8], anchor: usize) -> Option<(&'a [u8], usize, usize)> {
        let behind = anchor + self.anchor.len();
        let text = held.get(behind..held.len().min(behind + REACH))?;
        let before = held.get(anchor.saturating_sub(REACH)..anchor)?;
        match self.place {
            Place::Name | Place::Packed => None,
            // Where less than the whole file is held, what is at its front was searched before.
            Place::First if anchor > 0 => None,
            Place::After | Place::First => {
                let padding = text.iter().take_while(|byte| **byte == 0).count();
                if padding > MAX_PADDING {
                    return None;
                }
                let text = text.get(padding..)?;
                let length = self.shape.read(text)?;
                let rest = text.get(length..)?;
                let fits = |beyond: &&[u8]| rest.starts_with(beyond);
                if !self.beyond.is_empty() && !self.beyond.iter().any(fits) {
                    return None;
                }
                let version = text.get(..length)?;
                Some((version, anchor, behind + padding + length))
            }
            Place::Before => {
                let padding = before.iter().rev().take_while(|byte| **byte == 0).count();
                if padding > MAX_PADDING {
                    return None;
                }
                let text = before.get(..before.len() - padding)?;
                let start = self.shape.read_back(text, self.beyond)?;
                let version = text.get(start..)?;
                Some((version, anchor - padding - version.len(), behind))
            }
            Place::Built => {
                let (text, time) = before.split_at_checked(before.len().checked_sub(10)?)?;
                if !time.iter().all(u8::is_ascii_digit) {
                    return None;
                }
                let text = match text.strip_suffix(b"-") {
                    Some(host) => without_host(host)?,
                    None => text,
                };
                let start = self.shape.read_back(text, self.beyond)?;
                let from = anchor - before.len() + start;
                Some((text.get(start..)?, from, behind))
            }
            Place::Row => {
                let mut strings = before.rsplit(|byte| *byte == 0);
                let mut version = None;
                let mut from = anchor + 1;
                while let Some(string) = strings.next()
                    && self.shape.is(string)
                {
                    version = Some(string);
                    from -= string.len() + 1;
                }
                Some((version?, from, behind))
            }
            Place::Linked => {
                let own = text
                    .iter()
                    .position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
                let text = text.get(own..text.len().min(MAX_LINKED))?;
                if text.first() != Some(&0) {
                    return None;
                }
                let mut strings = text.split(|byte| *byte == 0).map(strip);
                let version = strings.find_map(|string| self.shape.all(string))?;
                Some((version, anchor, behind + own))
            }
            Place::Alone => {
                // The anchor is a NUL, perhaps a `v`, and the version's first characters.
                let text = |byte: &u8| matches!(byte, b' '..=b'~');
                if self.anchor.first().is_some_and(u8::is_ascii_digit)
                    && before.last().is_some_and(text)
                {
                    return None;
                }
                let skipped = self
                    .anchor
                    .iter()
                    .take_while(|byte| !byte.is_ascii_digit())
                    .count();
                let text = held.get(anchor + skipped..)?;
                let text = text.get(..text.len().min(MAX_VERSION_BYTES + 1))?;
                let text = text.get(..text.iter().position(|byte| *byte == 0)?)?;
                let version = if self.beyond.is_empty() {
                    self.shape.all(text)?
                } else {
                    let (version, rest) = text.split_at_checked(self.shape.read(text)?)?;
                    let fits = |beyond: &&[u8]| rest.starts_with(beyond);
                    self.beyond.iter().any(fits).then_some(version)?
                };
                let from = anchor + skipped;
                Some((version, from, from + version.len()))
            }
            Place::Next(within) => {
                let text = text.get(..text.len().min(usize::from(within)))?;
                let mut strings = text.split(|byte| *byte == 0).map(strip);
                let version = strings.find_map(|string| self.shape.all(string))?;
                Some((version, anchor, behind))
            }
            Place::Previous(within) => {
                let start = before.len().saturating_sub(usize::from(within));
                let text = before.get(start..)?;
                let mut strings = text.rsplit(|byte| *byte == 0).map(strip);
                let version = strings.find_map(|string| self.shape.all(string))?;
                Some((version, anchor, behind))
            }
        }
    }
}

/// Takes the name of the host from the end of a build's number.
fn without_host(text: &[u8]) -> Option<&[u8]> {
    text.strip_suffix(b"buildkitsandbox").or_else(|| {
        let (text, host) = text.split_at_checked(text.len().checked_sub(12)?)?;
        host.iter().all(u8::is_ascii_hexdigit).then_some(text)
    })
}

/// Takes the `v` from a version's front.
fn strip(string: &[u8]) -> &[u8] {
    string.strip_prefix(b"v").unwrap_or(string)
}
