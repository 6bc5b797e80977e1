//! Lays out a database: joins what the feeds say, numbers it and writes the sections.
//!
//! What is numbered is numbered in the order in which packages mention it, and packages are sorted,
//! so the result depends on what the feeds say only.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_model::advisory::Lifecycle;

use super::DbError;
use super::codec::put;
use super::format::{EcosystemMeta, FeedMeta, Form, Meta, Section, Shape, id_key, split_key};
use super::intern::Interner;
use super::join::{Join, Joined, join};
use super::statements::{self, Plain};
use super::store::{Common, Extra, Row, Store};
use super::vulnerability::{self, Prefixes};
use super::{pool, table};
use crate::feeds::{self, Level};
use crate::ids;

/// Stands for a number that was not given yet.
const NONE: u32 = u32::MAX;

/// How many statements back a copy of a statement is looked for.
const COPIES: usize = 64;

/// Is everything that goes into a database.
pub(super) struct Gathered {
    /// The feeds, by name.
    pub(super) feeds: Vec<FeedMeta>,
    /// The records, by feed and id.
    pub(super) store: Store,
    /// The scopes by ecosystem.
    pub(super) scopes: BTreeMap<String, BTreeSet<String>>,
    /// The lives of products, by name.
    pub(super) lifecycles: BTreeMap<String, Lifecycle>,
}

/// Is a finished database in memory.
pub(super) struct Image {
    /// The sections, in order.
    pub(super) sections: [Vec<u8>; Section::COUNT],
    /// What is said once.
    pub(super) meta: Meta,
}

/// Says of what there is too much.
pub(super) fn too_large(what: &str) -> DbError {
    DbError::TooLarge {
        what: what.to_owned(),
    }
}

/// Lays out everything.
pub(super) fn assemble(mut gathered: Gathered, built_at: &str) -> Result<Image, DbError> {
    if let Some(what) = gathered.store.overflow() {
        return Err(too_large(what));
    }
    let joined = join(&gathered.store);
    let prefixes = Prefixes::new(&gathered.store);
    let entries = Entries::new(&gathered, &joined, &prefixes);
    let prefixes = prefixes
        .list
        .finish()
        .ok_or_else(|| too_large("references"))?;
    gathered.store.forget_bodies();
    let mut writer = Writer::new(&gathered, &joined, &entries);
    let placed = place(&gathered, &joined, &mut writer);
    let mut ecosystems: BTreeMap<String, EcosystemMeta> = BTreeMap::new();
    for group in placed.chunk_by(|a, b| a.package == b.package) {
        let ecosystem = writer.package(group)?;
        let meta = ecosystems.entry(ecosystem.0.clone()).or_default();
        meta.name = ecosystem.0;
        for feed in ecosystem.1 {
            if let Err(at) = meta.feeds.binary_search(&feed) {
                meta.feeds.insert(at, feed);
                let feed = gathered.feeds.get(usize::from(feed));
                meta.covered |= feed.is_some_and(|feed| feeds::covers(&feed.name, &meta.name));
            }
        }
    }
    drop(placed);
    for (ecosystem, scope) in &gathered.scopes {
        let meta = ecosystems.entry(ecosystem.clone()).or_default();
        meta.name.clone_from(ecosystem);
        meta.scope = Some(scope.iter().cloned().collect());
    }
    writer.rest();
    let meta = Meta {
        built_at: built_at.to_owned(),
        feeds: gathered.feeds.clone(),
        ecosystems: ecosystems.into_values().collect(),
        packages: (writer.hashes.len() / 4) as u64,
        statements: writer.count,
        vulnerabilities: writer.order.len() as u64,
        ranges: writer.ranges,
    };
    let ids = id_table(&gathered.store, &joined, &writer.numbers)?;
    let mut vulnerabilities = pool::Builder::default();
    for entry in &writer.order {
        vulnerabilities.add(entries.get(*entry));
    }
    let Writer {
        shapes,
        packages,
        statements,
        spans,
        extras,
        hashes,
        ..
    } = writer;
    let mut extra_list = pool::Builder::default();
    for number in 0..u32::try_from(extras.len()).unwrap_or(0) {
        extra_list.add(extras.get(number));
    }
    let sections = [
        serde_json::to_vec(&meta).map_err(|_| too_large("feeds"))?,
        postcard::to_stdvec(&shapes.list).map_err(|_| too_large("shapes"))?,
        packages.finish().ok_or_else(|| too_large("packages"))?,
        statements,
        spans.finish().ok_or_else(|| too_large("ranges"))?,
        extra_list.finish().ok_or_else(|| too_large("symbols"))?,
        (vulnerabilities.finish()).ok_or_else(|| too_large("vulnerabilities"))?,
        prefixes,
        ids,
        hashes,
        lifecycle_table(&gathered.lifecycles)?,
    ];
    Ok(Image { sections, meta })
}

/// Is every vulnerability and update as it is written.
struct Entries {
    /// All behind each other.
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    /// A hash of what a verdict hangs on, for each.
    hashes: Vec<u32>,
}

impl Entries {
    /// Joins and writes them all.
    fn new(gathered: &Gathered, joined: &Join, prefixes: &Prefixes<'_>) -> Self {
        let store = &gathered.store;
        let mut entries = Self {
            bytes: Vec::new(),
            ends: Vec::with_capacity(joined.len()),
            hashes: Vec::with_capacity(joined.len()),
        };
        for entry in 0..u32::try_from(joined.len()).unwrap_or(0) {
            let content = joined.joined(store, entry);
            let id = store.texts.text(joined.id(entry));
            let aliases = joined.aliases(store, entry);
            vulnerability::encode(&content, id, &aliases, prefixes, &mut entries.bytes);
            entries.ends.push(entries.bytes.len());
            entries
                .hashes
                .push(entry_hash(&content, id, &aliases, &gathered.feeds));
        }
        entries
    }

    /// Returns one as it is written.
    fn get(&self, entry: u32) -> &[u8] {
        let at = entry as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let end = self.ends.get(at).copied().unwrap_or(0);
        self.bytes
            .get(start.copied().unwrap_or(0)..end)
            .unwrap_or(&[])
    }
}

/// Hashes what a verdict hangs on: names and ratings. Title, dates and references do not count, nor
/// does EPSS, which changes for all every day.
fn entry_hash(joined: &Joined<'_>, id: &str, aliases: &[&str], feeds: &[FeedMeta]) -> u32 {
    let mut hash = Hash::default();
    hash.text(id);
    for alias in aliases {
        hash.text(alias);
    }
    let feed = |number: u16| {
        let feed = feeds.get(usize::from(number));
        feed.map_or("", |feed| feed.name.as_str())
    };
    for (severity, by) in &joined.severities {
        hash.text(severity.as_str());
        hash.text(feed(*by));
    }
    for ((version, vector, tenths), by) in &joined.cvss {
        hash.text(version);
        hash.text(vector);
        hash.number(u32::from(*tenths));
        hash.text(feed(*by));
    }
    hash.number(u32::from(joined.known_exploited));
    hash.0.finalize()
}

/// Hashes texts and numbers so that their borders count.
#[derive(Default)]
struct Hash(crc32fast::Hasher);

impl Hash {
    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
        self.number(u32::try_from(bytes.len()).unwrap_or(NONE));
    }

    fn number(&mut self, number: u32) {
        self.0.update(&number.to_le_bytes());
    }
}

/// Is a statement in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    /// The place of its package.
    package: u32,
    /// The place of its record, which is the same for records of one feed with one id.
    record: u32,
    /// The number of its shape, as first met.
    shape: u32,
    /// The statement.
    said: u32,
    /// The record.
    row: u32,
}

/// Sorts all statements: by package, and the best first.
fn place(gathered: &Gathered, joined: &Join, writer: &mut Writer<'_>) -> Vec<Placed> {
    let store = &gathered.store;
    let mut mentioned = vec![false; store.packages.len()];
    let mut count = 0;
    for row in &store.rows {
        for said in store.said(row) {
            count += 1;
            if let Some(slot) = mentioned.get_mut(said.package as usize) {
                *slot = true;
            }
        }
    }
    let mut places = vec![0_u32; store.packages.len()];
    for package in store.packages.sorted() {
        if mentioned.get(package as usize) == Some(&true) {
            let place = u32::try_from(writer.sorted.len()).unwrap_or(NONE);
            writer.sorted.push(package);
            if let Some(slot) = places.get_mut(package as usize) {
                *slot = place;
            }
        }
    }
    let rank = |row: &Row| {
        let feed = gathered.feeds.get(usize::from(row.feed));
        (row.level, feed.map_or(u8::MAX, |feed| feed.rank), row.feed)
    };
    let mut order: Vec<u32> = (0_u32..).take(store.rows.len()).collect();
    order.sort_by_key(|row| store.rows.get(*row as usize).map(rank));
    let mut sorted = Vec::with_capacity(count);
    let mut before: Option<(u16, u32)> = None;
    let mut record = 0;
    for number in order {
        let Some(row) = store.rows.get(number as usize) else {
            continue;
        };
        if before != Some((row.feed, row.id)) {
            record += 1;
            before = Some((row.feed, row.id));
        }
        let form = form(store, joined, row);
        for (said, place) in store.said(row).iter().zip(Store::said_from(row)..) {
            sorted.push(Placed {
                package: places.get(said.package as usize).copied().unwrap_or(0),
                record,
                shape: writer.shapes.meet(row, &form, said.common, said.extra),
                said: place,
                row: number,
            });
        }
    }
    writer.shapes.settle(store);
    sorted.sort_unstable();
    sorted
}

/// Is how a record's id follows, while it is laid out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct RowForm {
    /// How.
    form: Form,
    /// The place of the alias.
    alias: Option<u32>,
}

/// Says how a record's id follows from what it is about.
fn form(store: &Store, joined: &Join, row: &Row) -> RowForm {
    let plain = |form| RowForm { form, alias: None };
    if row.level == Level::Advisory {
        return plain(match joined.of(row.id) {
            Some(entry) if joined.id(entry) == row.id => Form::Same,
            _ => Form::Text,
        });
    }
    let first = store.vulnerabilities(row).first();
    let Some(entry) = first.and_then(|name| joined.of(*name)) else {
        return plain(Form::Text);
    };
    let (id, text) = (joined.id(entry), store.texts.text(row.id));
    if id == row.id {
        return plain(Form::Same);
    }
    if let Some(prefix) = text.strip_suffix(store.texts.text(id)) {
        return plain(Form::Prefixed(prefix.to_owned()));
    }
    let mut aliases = joined.aliases(store, entry).into_iter();
    match aliases.position(|alias| alias == text) {
        Some(place) => RowForm {
            form: Form::Alias,
            alias: u32::try_from(place).ok(),
        },
        None => plain(Form::Text),
    }
}

/// Is what tells shapes apart while they are gathered: the feed, the level, the form without the
/// alias's place, the number of what is common, and whether there is an extra.
type ShapeKey = (u16, bool, Form, u32, bool);

/// Gathers shapes.
#[derive(Default)]
struct Shapes {
    /// The numbers as first met.
    numbers: HashMap<ShapeKey, u32>,
    /// How often each was met.
    counts: Vec<u64>,
    /// The final numbers.
    finals: Vec<u32>,
    /// The shapes by final number.
    list: Vec<Shape>,
}

impl Shapes {
    /// Returns the number of a shape, as first met.
    fn meet(&mut self, row: &Row, form: &RowForm, common: u32, extra: u32) -> u32 {
        let is_update = row.level == Level::Advisory;
        let has_extra = extra != 0 || form.form == Form::Text;
        let key = (row.feed, is_update, form.form.clone(), common, has_extra);
        let next = u32::try_from(self.counts.len()).unwrap_or(NONE);
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.counts.push(0);
        }
        if let Some(count) = self.counts.get_mut(number as usize) {
            *count += 1;
        }
        number
    }

    /// Numbers the shapes anew, the most frequent first.
    fn settle(&mut self, store: &Store) {
        let mut all: Vec<(u64, Shape, u32)> = std::mem::take(&mut self.numbers)
            .into_iter()
            .map(|((feed, advisory, form, common, extra), number)| {
                let common: Common =
                    postcard::from_bytes(store.commons.get(common)).unwrap_or_default();
                let shape = Shape {
                    advisory,
                    feed,
                    form,
                    own: advisory,
                    extra,
                    fix: common.fix,
                    severity: common.severity,
                    module: common.module,
                    arches: common.arches,
                    repository: common.repository,
                };
                let count = self.counts.get(number as usize).copied().unwrap_or(0);
                (count, shape, number)
            })
            .collect();
        all.sort_unstable_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
        self.finals = vec![0; all.len()];
        for (place, (_, shape, number)) in (0_u32..).zip(all) {
            if let Some(slot) = self.finals.get_mut(number as usize) {
                *slot = place;
            }
            self.list.push(shape);
        }
    }
}

/// Writes packages, and numbers what they mention.
struct Writer<'g> {
    /// What goes in.
    gathered: &'g Gathered,
    /// What names mean.
    joined: &'g Join,
    /// The vulnerabilities.
    entries: &'g Entries,
    /// The packages in order.
    sorted: Vec<u32>,
    /// The shapes.
    shapes: Shapes,
    /// The table of packages.
    packages: table::Builder,
    /// The statements.
    statements: Vec<u8>,
    /// Where statements start that are written already, by their checksum and length.
    written: HashMap<(u32, usize), usize>,
    /// The list of spans.
    spans: pool::Builder,
    /// The number of each span.
    span_numbers: Vec<u32>,
    /// The extras.
    extras: Interner,
    /// The number of each vulnerability.
    numbers: Vec<u32>,
    /// The vulnerabilities in order.
    order: Vec<u32>,
    /// The hashes of what is stated.
    hashes: Vec<u8>,
    /// How many statements there are.
    count: u64,
    /// How many ranges and versions there are.
    ranges: u64,
}

impl<'g> Writer<'g> {
    /// Starts with nothing written.
    fn new(gathered: &'g Gathered, joined: &'g Join, entries: &'g Entries) -> Self {
        Self {
            gathered,
            joined,
            entries,
            sorted: Vec::new(),
            shapes: Shapes::default(),
            packages: table::Builder::default(),
            statements: Vec::new(),
            written: HashMap::new(),
            spans: pool::Builder::default(),
            span_numbers: vec![NONE; gathered.store.spans.len()],
            extras: Interner::default(),
            numbers: vec![NONE; joined.len()],
            order: Vec::new(),
            hashes: Vec::new(),
            count: 0,
            ranges: 0,
        }
    }

    /// Returns the number of a vulnerability.
    fn number(&mut self, entry: u32) -> u32 {
        let next = u32::try_from(self.order.len()).unwrap_or(NONE);
        match self.numbers.get_mut(entry as usize) {
            Some(number) if *number != NONE => *number,
            Some(number) => {
                *number = next;
                self.order.push(entry);
                next
            }
            None => 0,
        }
    }

    /// Writes a package; returns its ecosystem and the feeds that speak of it.
    fn package(&mut self, placed: &[Placed]) -> Result<(String, BTreeSet<u16>), DbError> {
        let gathered = self.gathered;
        let store = &gathered.store;
        let package = placed.first().map_or(0, |placed| placed.package) as usize;
        let package = self.sorted.get(package).copied().unwrap_or(0);
        let key = store.packages.get(package);
        let mut feeds = BTreeSet::new();
        let mut hash = Hash::default();
        let mut plain: Vec<Plain> = Vec::with_capacity(placed.len());
        let mut records: Vec<u32> = Vec::with_capacity(placed.len());
        for placed in placed {
            let row = store.rows.get(placed.row as usize);
            let said = store.said.get(placed.said as usize).copied();
            let (Some(row), Some(said)) = (row, said) else {
                continue;
            };
            let names = store.vulnerabilities(row);
            let own = (row.level == Level::Advisory).then_some(row.id);
            let entries = own.into_iter().chain(names.iter().copied());
            let entries: Vec<u32> = entries.filter_map(|name| self.joined.of(name)).collect();
            if entries.is_empty() {
                continue;
            }
            let shape = placed.shape as usize;
            let shape = self.shapes.finals.get(shape).copied().unwrap_or(0);
            let span = self.span(said.span);
            let form = self
                .shapes
                .list
                .get(shape as usize)
                .map(|shape| &shape.form);
            let alias = match form {
                Some(Form::Alias) => form_alias(store, self.joined, row),
                _ => None,
            };
            let extra = match form {
                Some(Form::Text) => Some(self.text_extra(said.extra, store.texts.text(row.id))),
                _ if said.extra != 0 => Some(self.extras.add(store.extras.get(said.extra))),
                _ => None,
            };
            let statement = Plain {
                shape,
                span,
                alias,
                extra,
                numbers: entries.iter().map(|entry| self.number(*entry)).collect(),
            };
            // Copies of a record say the same again.
            let again = plain.iter().zip(&records).rev().take(COPIES);
            let mut again = again.take_while(|(_, record)| **record == placed.record);
            if again.any(|(known, _)| *known == statement) {
                continue;
            }
            feeds.insert(row.feed);
            hash.bytes(store.texts.get(row.id));
            let feed = gathered.feeds.get(usize::from(row.feed));
            hash.text(feed.map_or("", |feed| feed.name.as_str()));
            hash.bytes(store.commons.get(said.common));
            hash.bytes(store.spans.get(said.span));
            hash.bytes(store.extras.get(said.extra));
            for entry in &entries {
                let entry = self.entries.hashes.get(*entry as usize).copied();
                hash.number(entry.unwrap_or(0));
            }
            self.ranges += ranges(store.spans.get(said.span));
            plain.push(statement);
            records.push(placed.record);
        }
        self.count += plain.len() as u64;
        let offset = self.write(&statements::encode(&plain));
        let mut value = Vec::new();
        put(&mut value, offset as u64);
        u32::try_from(offset).map_err(|_| too_large("statements"))?;
        self.packages.add(key, &value);
        self.hashes
            .extend_from_slice(&hash.0.finalize().to_le_bytes());
        Ok((split_key(key).0.to_owned(), feeds))
    }

    /// Writes statements, unless the same are written already: the binary packages of one source
    /// often have the same. Returns where they are.
    fn write(&mut self, blob: &[u8]) -> usize {
        let crc = crc32fast::hash(blob);
        let mut framed = Vec::with_capacity(blob.len() + 8);
        put(&mut framed, blob.len() as u64);
        framed.extend_from_slice(&crc.to_le_bytes());
        framed.extend_from_slice(blob);
        let key = (crc, framed.len());
        if let Some(&offset) = self.written.get(&key)
            && self.statements.get(offset..offset + framed.len()) == Some(&framed)
        {
            return offset;
        }
        let offset = self.statements.len();
        self.statements.append(&mut framed);
        self.written.insert(key, offset);
        offset
    }

    /// Returns the number of a span.
    fn span(&mut self, span: u32) -> u32 {
        match self.span_numbers.get_mut(span as usize) {
            Some(number) if *number != NONE => *number,
            Some(number) => {
                *number = self.spans.add(self.gathered.store.spans.get(span));
                *number
            }
            None => 0,
        }
    }

    /// Returns the number of an extra that names the record.
    fn text_extra(&mut self, extra: u32, record: &str) -> u32 {
        let bytes = self.gathered.store.extras.get(extra);
        let mut extra: Extra<'_> = postcard::from_bytes(bytes).unwrap_or_default();
        extra.record = Some(record);
        let bytes = postcard::to_stdvec(&extra).unwrap_or_default();
        self.extras.add(&bytes)
    }

    /// Numbers those vulnerabilities that no package mentions, by id.
    fn rest(&mut self) {
        let texts = &self.gathered.store.texts;
        let mut rest: Vec<u32> = (0_u32..)
            .zip(&self.numbers)
            .filter(|(_, number)| **number == NONE)
            .map(|(entry, _)| entry)
            .collect();
        rest.sort_unstable_by_key(|entry| texts.get(self.joined.id(*entry)));
        for entry in rest {
            self.number(entry);
        }
    }
}

/// Returns the place of the alias that is a record's id.
fn form_alias(store: &Store, joined: &Join, row: &Row) -> Option<u32> {
    form(store, joined, row).alias
}

/// Counts the ranges and versions of a span.
fn ranges(span: &[u8]) -> u64 {
    let span = super::span::Span::new(span);
    (span.ranges().count() + span.versions().count()) as u64
}

/// Makes the table of lifecycles; of a product that several files tell of, the last counts.
fn lifecycle_table(lifecycles: &BTreeMap<String, Lifecycle>) -> Result<Vec<u8>, DbError> {
    let mut builder = table::Builder::default();
    for (product, lifecycle) in lifecycles {
        let value = postcard::to_stdvec(&lifecycle.cycles).map_err(|_| too_large("lifecycles"))?;
        builder.add(product.as_bytes(), &value);
    }
    builder.finish().ok_or_else(|| too_large("lifecycles"))
}

/// Makes the table of ids: every name, and for an update also what it covers. Names that only wrap a
/// CVE are left out: they are looked up as that CVE.
fn id_table(store: &Store, joined: &Join, numbers: &[u32]) -> Result<Vec<u8>, DbError> {
    let number = |entry: u32| {
        let number = numbers.get(entry as usize).copied();
        number.filter(|number| *number != NONE)
    };
    let mut found: Vec<(u32, u32)> = Vec::new();
    for entry in 0..u32::try_from(joined.len()).unwrap_or(0) {
        let names = joined.names(entry).iter();
        found.extend(names.filter_map(|name| Some((*name, number(entry)?))));
    }
    for row in &store.rows {
        let covered = store.vulnerabilities(row).iter();
        found.extend(covered.filter_map(|name| Some((row.id, number(joined.of(*name)?)?))));
    }
    for (name, covered) in store.also() {
        let covered = covered.iter();
        found.extend(covered.filter_map(|id| Some((name, number(joined.of(*id)?)?))));
    }
    found.retain(|(name, number)| {
        let text = store.texts.text(*name);
        let Some(cve) = ids::trailing_cve(text).filter(|cve| cve.len() < text.len()) else {
            return true;
        };
        let cve = store.texts.find(cve.as_bytes());
        let of_cve = cve
            .and_then(|cve| joined.of(cve))
            .map(|entry| numbers.get(entry as usize));
        of_cve != Some(Some(number))
    });
    found.sort_unstable();
    found.dedup();
    let mut keyed: Vec<(Vec<u8>, u32)> = Vec::with_capacity(found.len());
    keyed
        .extend((found.into_iter()).map(|(name, number)| (id_key(store.texts.text(name)), number)));
    keyed.sort_unstable();
    keyed.dedup();
    let mut builder = table::Builder::default();
    let mut value = Vec::new();
    for group in keyed.chunk_by(|a, b| a.0 == b.0) {
        value.clear();
        for (_, number) in group {
            put(&mut value, u64::from(*number));
        }
        if let Some((key, _)) = group.first() {
            builder.add(key, &value);
        }
    }
    builder.finish().ok_or_else(|| too_large("ids"))
}
