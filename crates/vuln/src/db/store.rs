//! Everything that the feeds say, while a database is built: a compact form of [`Record`]s.
//!
//! Records come by the hundred thousand and their statements by the million, and nearly all of what
//! they hold repeats. So each record is taken apart as it comes: texts, ranges, packages and the
//! rest of a statement are kept once each and known by number, which leaves four numbers per
//! statement.

use plimsoll_model::advisory::Epss;
use plimsoll_model::severity::{Cvss, Severity};
use serde::{Deserialize, Serialize};

use super::codec::{put, put_length, put_text, split_url};
use super::format::EPSS_PARTS;
use super::intern::Interner;
use crate::feeds::{Level, Record, Statement};
use crate::matcher::languages;

/// Is all that was read.
#[derive(Default)]
pub(super) struct Store {
    /// Ids, dates and other texts.
    pub(super) texts: Interner,
    /// The packages: ecosystem, NUL, name.
    pub(super) packages: Interner,
    /// What versions a statement is about, as it is written (see [`super::span`]).
    pub(super) spans: Interner,
    /// What else statements have in common: [`Common`], postcard.
    pub(super) commons: Interner,
    /// What few statements have: [`Extra`], postcard; the first is empty.
    pub(super) extras: Interner,
    /// What references begin with, and how often.
    pub(super) prefixes: Interner,
    /// How often each prefix was seen.
    pub(super) prefix_counts: Vec<u32>,
    /// The records; sorted by [`Store::settle`].
    pub(super) rows: Vec<Row>,
    /// What the records say about packages.
    pub(super) said: Vec<Said>,
    /// The numbers of the names that records give.
    names: Vec<u32>,
    /// Names of further advisories, each with the vulnerabilities that its record is about.
    also: Vec<(u32, Part)>,
    /// What records say of vulnerabilities: [`Body`], postcard.
    bodies: Vec<u8>,
}

/// Is a part of a list: where it starts, and its length.
type Part = (u32, u32);

/// Is a record.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The feed's number.
    pub(super) feed: u16,
    /// What it is about.
    pub(super) level: Level,
    /// Whether it was taken back.
    pub(super) withdrawn: bool,
    /// Its id.
    pub(super) id: u32,
    /// When it was last changed.
    pub(super) modified: u32,
    /// The vulnerabilities that it is about.
    vulnerabilities: Part,
    /// Other names of the one vulnerability that it is about.
    same: Part,
    /// What it says about packages.
    said: Part,
    /// Where its [`Body`] is.
    body: (usize, u32),
}

/// Is a statement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    /// The package.
    pub(super) package: u32,
    /// The versions.
    pub(super) span: u32,
    /// What it has in common with others.
    pub(super) common: u32,
    /// What few have; 0 for none.
    pub(super) extra: u32,
}

/// Is what a statement has in common with many others.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Common {
    /// What is known of a fix.
    pub(super) fix: plimsoll_model::advisory::FixState,
    /// The distribution's rating.
    pub(super) severity: Option<Severity>,
    /// The module streams.
    pub(super) module: Option<String>,
    /// The architectures.
    pub(super) arches: Vec<String>,
    /// The part of the distribution.
    pub(super) repository: String,
}

/// Is what few statements have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Extra<'a> {
    /// The record's id, where it does not follow from what the record is about.
    pub(super) record: Option<&'a str>,
    /// Names of further advisories.
    #[serde(borrow)]
    pub(super) also: Vec<&'a str>,
    /// The affected parts of the package, each with its symbols.
    #[serde(borrow)]
    pub(super) symbols: Vec<(&'a str, Vec<&'a str>)>,
}

/// Is what a record says of a vulnerability.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Body<'a> {
    /// A title.
    pub(super) title: &'a str,
    /// When it was published.
    pub(super) published: &'a str,
    /// References.
    #[serde(borrow)]
    pub(super) urls: Vec<&'a str>,
    /// A rating in words.
    pub(super) severity: Option<Severity>,
    /// CVSS ratings: version, vector, tenths.
    #[serde(borrow)]
    pub(super) cvss: Vec<(&'a str, &'a str, u8)>,
    /// Whether it is exploited.
    pub(super) known_exploited: bool,
    /// EPSS' score and percentile in parts.
    pub(super) epss: Option<(u32, u32)>,
}

impl Store {
    /// Takes a record apart.
    pub(super) fn add(&mut self, feed: u16, record: &Record) {
        let mut row = Row {
            feed,
            level: record.level,
            withdrawn: record.withdrawn,
            id: self.texts.add(record.id.as_bytes()),
            modified: self.texts.add(record.modified.as_bytes()),
            vulnerabilities: (0, 0),
            same: (0, 0),
            said: (u32::try_from(self.said.len()).unwrap_or(u32::MAX), 0),
            body: (self.bodies.len(), 0),
        };
        if record.withdrawn {
            self.rows.push(row);
            return;
        }
        row.vulnerabilities = self.name_list(&record.vulnerabilities);
        row.same = self.name_list(&record.same);
        for statement in &record.statements {
            let said = self.statement(statement);
            for also in &statement.also {
                let also = self.texts.add(also.as_bytes());
                self.also.push((also, row.vulnerabilities));
            }
            self.said.push(said);
            row.said.1 += 1;
        }
        let body = Body {
            title: &record.title,
            published: &record.published,
            urls: record.urls.iter().map(String::as_str).collect(),
            severity: record.severity,
            cvss: (record.cvss.iter())
                .map(|cvss| (cvss.version.as_str(), cvss.vector.as_str(), tenths(cvss)))
                .collect(),
            known_exploited: record.known_exploited,
            epss: record.epss.map(parts),
        };
        for url in &record.urls {
            let prefix = self.prefixes.add(split_url(url).0.as_bytes()) as usize;
            if self.prefix_counts.len() <= prefix {
                self.prefix_counts.resize(prefix + 1, 0);
            }
            if let Some(count) = self.prefix_counts.get_mut(prefix) {
                *count = count.saturating_add(1);
            }
        }
        let before = self.bodies.len();
        // Writing to memory does not fail.
        if let Ok(bodies) = postcard::to_extend(&body, std::mem::take(&mut self.bodies)) {
            self.bodies = bodies;
        }
        row.body = (
            before,
            u32::try_from(self.bodies.len() - before).unwrap_or(0),
        );
        self.rows.push(row);
    }

    /// Keeps a list of names.
    fn name_list(&mut self, names: &[String]) -> Part {
        let start = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        for name in names {
            let number = self.texts.add(name.as_bytes());
            self.names.push(number);
        }
        (start, u32::try_from(names.len()).unwrap_or(0))
    }

    /// Takes a statement apart.
    fn statement(&mut self, statement: &Statement) -> Said {
        let advisory = &statement.advisory;
        let name = languages::key(&advisory.ecosystem, &advisory.package);
        let key = super::format::package_key(&advisory.ecosystem, &name);
        let common = Common {
            fix: advisory.fix,
            severity: advisory.severity,
            module: advisory.module.clone(),
            arches: advisory.arches.clone(),
            repository: statement.repository.clone(),
        };
        let extra = Extra {
            record: None,
            also: statement.also.iter().map(String::as_str).collect(),
            symbols: (advisory.symbols.iter())
                .map(|symbols| {
                    let names = symbols.names.iter().map(String::as_str).collect();
                    (symbols.path.as_str(), names)
                })
                .collect(),
        };
        if self.extras.len() == 0 {
            self.extras.add(&[]);
        }
        let extra = if extra == Extra::default() {
            0
        } else {
            let bytes = postcard::to_stdvec(&extra).unwrap_or_default();
            self.extras.add(&bytes)
        };
        let common = postcard::to_stdvec(&common).unwrap_or_default();
        Said {
            package: self.packages.add(&key),
            span: self.spans.add(&span(advisory)),
            common: self.commons.add(&common),
            extra,
        }
    }

    /// Gives feeds their final numbers and sorts the records by feed and id; those of one feed with
    /// the same id keep the order in which they came.
    pub(super) fn settle(&mut self, feeds: &[u16]) {
        for row in &mut self.rows {
            row.feed = feeds
                .get(usize::from(row.feed))
                .copied()
                .unwrap_or(row.feed);
        }
        let texts = &self.texts;
        self.rows
            .sort_by(|a, b| (a.feed, texts.get(a.id)).cmp(&(b.feed, texts.get(b.id))));
    }

    /// Returns the names of the vulnerabilities that a record is about.
    pub(super) fn vulnerabilities(&self, row: &Row) -> &[u32] {
        part(&self.names, row.vulnerabilities)
    }

    /// Returns the other names that a record gives.
    pub(super) fn same(&self, row: &Row) -> &[u32] {
        part(&self.names, row.same)
    }

    /// Returns what a record says about packages.
    pub(super) fn said(&self, row: &Row) -> &[Said] {
        part(&self.said, row.said)
    }

    /// Returns the number of the first of them.
    pub(super) fn said_from(row: &Row) -> u32 {
        row.said.0
    }

    /// Returns what a record says of a vulnerability.
    pub(super) fn body(&self, row: &Row) -> Body<'_> {
        let (start, length) = row.body;
        let bytes = self.bodies.get(start..start + length as usize);
        bytes
            .and_then(|bytes| postcard::from_bytes(bytes).ok())
            .unwrap_or_default()
    }

    /// Returns the names of further advisories, each with the vulnerabilities that it is about.
    pub(super) fn also(&self) -> impl Iterator<Item = (u32, &[u32])> {
        let also = self.also.iter();
        also.map(|(name, about)| (*name, part(&self.names, *about)))
    }

    /// Says that a record is about other vulnerabilities.
    pub(super) fn set_vulnerabilities(&mut self, row: usize, names: &[u32]) {
        let start = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.extend_from_slice(names);
        if let Some(row) = self.rows.get_mut(row) {
            row.vulnerabilities = (start, u32::try_from(names.len()).unwrap_or(0));
        }
    }

    /// Forgets what vulnerabilities are called, once they are written.
    pub(super) fn forget_bodies(&mut self) {
        self.bodies = Vec::new();
    }

    /// Says of what there is more than numbers reach; `None` when all fits.
    pub(super) fn overflow(&self) -> Option<&'static str> {
        let interners = [
            (&self.texts, "texts"),
            (&self.packages, "packages"),
            (&self.spans, "ranges"),
            (&self.extras, "symbols"),
        ];
        let full = interners.iter().find(|(interner, _)| interner.full());
        let counts = [self.said.len(), self.names.len(), self.rows.len()];
        full.map(|(_, what)| *what).or_else(|| {
            let over = counts.iter().any(|count| *count > (1 << 31));
            over.then_some("statements")
        })
    }
}

/// Returns a part of a list.
fn part<T>(list: &[T], (start, length): Part) -> &[T] {
    let start = start as usize;
    list.get(start..start + length as usize).unwrap_or(&[])
}

/// Turns a score into tenths.
#[allow(
    clippy::cast_sign_loss,
    reason = "scores are 0.0 to 10.0; `rating` holds them to it"
)]
fn tenths(cvss: &Cvss) -> u8 {
    (cvss.score * 10.0).round().clamp(0.0, 100.0) as u8
}

/// Turns the shares of EPSS into the parts that are stored.
#[allow(clippy::cast_sign_loss, reason = "clamped to 0.0 to 1.0")]
fn parts(epss: Epss) -> (u32, u32) {
    let parts = |share: f64| (share.clamp(0.0, 1.0) * EPSS_PARTS).round() as u32;
    (parts(epss.score), parts(epss.percentile))
}

/// Writes what versions a statement is about, as [`super::span`] reads it.
fn span(advisory: &plimsoll_model::advisory::Advisory) -> Vec<u8> {
    let mut out = Vec::new();
    let versions = u64::from(!advisory.versions.is_empty());
    put(
        &mut out,
        (advisory.ranges.len() as u64) << 2 | versions << 1 | u64::from(advisory.undecided),
    );
    for range in &advisory.ranges {
        let introduced = Some(range.introduced.as_str()).filter(|text| !text.is_empty());
        out.push(
            u8::from(introduced.is_some())
                | u8::from(range.exclusive) << 1
                | u8::from(range.fixed.is_some()) << 2
                | u8::from(range.last_affected.is_some()) << 3,
        );
        let ends = [range.fixed.as_deref(), range.last_affected.as_deref()];
        for text in introduced.into_iter().chain(ends.into_iter().flatten()) {
            put_text(&mut out, text);
        }
    }
    if versions == 1 {
        put_length(&mut out, advisory.versions.len());
        for version in &advisory.versions {
            put_text(&mut out, version);
        }
    }
    out
}
