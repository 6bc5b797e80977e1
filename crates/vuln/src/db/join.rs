//! Joins records that describe the same vulnerability under one id.
//!
//! Names that a record gives for itself are united. Two CVEs are never united: a chain of aliases
//! that would do so is cut where it first would, in the order of feeds and ids, because one wrong
//! alias in one feed must not merge two vulnerabilities everywhere.

use std::collections::{BTreeSet, HashMap};

use plimsoll_model::severity::{Cvss, Severity};

use super::store::{Body, Row, Store};
use crate::feeds::Level;
use crate::ids;
use crate::rating;

/// How many references a vulnerability keeps.
const URL_LIMIT: usize = 5;
/// How many CVSS ratings a vulnerability keeps.
const CVSS_LIMIT: usize = 8;
/// Stands for no entry.
const NONE: u32 = u32::MAX;

/// Is a vulnerability as joined.
#[derive(Default)]
pub(super) struct Joined<'s> {
    /// A short title.
    pub(super) title: &'s str,
    /// Ratings with the feed's number, best first.
    pub(super) severities: Vec<(Severity, u16)>,
    /// CVSS ratings (version, vector, tenths) with the feed's number.
    pub(super) cvss: Vec<((&'s str, &'s str, u8), u16)>,
    /// Whether it is exploited.
    pub(super) known_exploited: bool,
    /// How likely it is to be exploited, in parts.
    pub(super) epss: Option<(u32, u32)>,
    /// When it was published.
    pub(super) published: &'s str,
    /// References.
    pub(super) urls: Vec<&'s str>,
}

/// Is the result: the vulnerabilities and updates, which of them each name means, and which records
/// describe each.
pub(super) struct Join {
    /// The entry of each name, by the name's number.
    of: Vec<u32>,
    /// The name that each entry is reported under.
    pub(super) ids: Vec<u32>,
    /// The names of all entries behind each other, each entry's sorted by text.
    names: Vec<u32>,
    /// Where each entry's names end.
    name_ends: Vec<u32>,
    /// The records that describe each entry, the best first.
    describers: Vec<u32>,
    /// Where each entry's describers end.
    describer_ends: Vec<u32>,
}

impl Join {
    /// Returns the entry that a name means.
    pub(super) fn of(&self, name: u32) -> Option<u32> {
        let entry = *self.of.get(name as usize)?;
        (entry != NONE).then_some(entry)
    }

    /// Returns how many entries there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns the name that an entry is reported under.
    pub(super) fn id(&self, entry: u32) -> u32 {
        self.ids.get(entry as usize).copied().unwrap_or(0)
    }

    /// Returns every name of an entry, sorted.
    pub(super) fn names(&self, entry: u32) -> &[u32] {
        slice(&self.names, &self.name_ends, entry)
    }

    /// Returns the names that are shown beside its id: a mechanical wrapping of the CVE is none.
    pub(super) fn aliases<'s>(&self, store: &'s Store, entry: u32) -> Vec<&'s str> {
        let id = self.id(entry);
        let others = self.names(entry).iter().filter(|name| **name != id);
        let texts = others.map(|name| store.texts.text(*name));
        texts.filter(|name| !ids::wraps_cve(name)).collect()
    }

    /// Joins what the records say of an entry.
    pub(super) fn joined<'s>(&self, store: &'s Store, entry: u32) -> Joined<'s> {
        let mut joined = Joined::default();
        for record in slice(&self.describers, &self.describer_ends, entry) {
            let Some(row) = store.rows.get(*record as usize) else {
                continue;
            };
            let body = store.body(row);
            let is_own = row.level == Level::Vulnerability || self.of(row.id) == Some(entry);
            if is_own {
                describe(&mut joined, row.feed, &body);
            } else {
                let rates = store.vulnerabilities(row).len() == 1;
                let id = store.vulnerabilities(row).iter();
                let id = id.copied().find(|name| self.of(*name) == Some(entry));
                let id = id.map_or("", |name| store.texts.text(name));
                describe_by_update(&mut joined, row.feed, &body, id, rates);
            }
        }
        joined.urls.sort_unstable();
        joined
    }
}

/// Returns an entry's part of a list.
fn slice<'l>(list: &'l [u32], ends: &[u32], entry: u32) -> &'l [u32] {
    let at = entry as usize;
    let start = at.checked_sub(1).and_then(|before| ends.get(before));
    let start = start.copied().unwrap_or(0) as usize;
    let end = ends.get(at).copied().unwrap_or(0) as usize;
    list.get(start..end).unwrap_or(&[])
}

/// Gives updates that name no CVE the CVEs that another feed's record of the same id names.
pub(super) fn complete_advisories(store: &mut Store) {
    let mut known: HashMap<u32, BTreeSet<u32>> = HashMap::new();
    let mut lacking: Vec<usize> = Vec::new();
    for (index, row) in store.rows.iter().enumerate() {
        if row.level == Level::Advisory {
            let names = store.vulnerabilities(row);
            if names.iter().all(|name| *name == row.id) {
                lacking.push(index);
            } else {
                let cves = names.iter().filter(|name| **name != row.id);
                known.entry(row.id).or_default().extend(cves);
            }
        }
    }
    for index in lacking {
        let id = store.rows.get(index).map(|row| row.id);
        if let Some(cves) = id.and_then(|id| known.get(&id)) {
            let mut cves: Vec<u32> = cves.iter().copied().collect();
            cves.sort_unstable_by(|a, b| store.texts.get(*a).cmp(store.texts.get(*b)));
            store.set_vulnerabilities(index, &cves);
        }
    }
}

/// Joins records, which come in the order of their feeds and ids.
pub(super) fn join(store: &Store) -> Join {
    let mut nodes = Nodes::new(store);
    let mut is_advisory = vec![false; store.texts.len()];
    for row in &store.rows {
        if row.level == Level::Advisory
            && let Some(slot) = is_advisory.get_mut(row.id as usize)
        {
            *slot = true;
        }
    }
    for row in &store.rows {
        for name in store.vulnerabilities(row) {
            nodes.node(*name);
        }
        if row.level == Level::Advisory {
            nodes.node(row.id);
            continue;
        }
        if let [vulnerability] = store.vulnerabilities(row) {
            let vulnerability = nodes.node(*vulnerability);
            for name in store.same(row) {
                if is_advisory.get(*name as usize) == Some(&false) {
                    let name = nodes.node(*name);
                    nodes.unite(vulnerability, name);
                }
            }
        }
    }
    let mut join = nodes.finish();
    // The best describer first: a record of its own, then a catalogue, then restatements.
    let weight = |row: &Row| {
        let id = store.texts.text(row.id);
        let restates = store.vulnerabilities(row).first() != Some(&row.id) && ids::wraps_cve(id);
        let own = !ids::is_cve(id) && !restates;
        (row.level, !own, !store.body(row).known_exploited)
    };
    let mut order: Vec<((Level, bool, bool), u32)> =
        store.rows.iter().map(weight).zip(0..).collect();
    order.sort_unstable();
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    for (place, (_, record)) in (0_u32..).zip(&order) {
        let Some(row) = store.rows.get(*record as usize) else {
            continue;
        };
        let own = (row.level == Level::Advisory).then_some(row.id);
        let others = store.vulnerabilities(row).iter().copied();
        let others = others.filter(|name| Some(*name) != own);
        pairs.extend(
            own.into_iter()
                .chain(others)
                .filter_map(|name| Some((join.of(name)?, place))),
        );
    }
    pairs.sort_unstable();
    pairs.dedup();
    let mut ends = vec![0_u32; join.len()];
    for (entry, _) in &pairs {
        if let Some(end) = ends.get_mut(*entry as usize) {
            *end += 1;
        }
    }
    let mut total = 0;
    for end in &mut ends {
        total += *end;
        *end = total;
    }
    let record = |place: u32| order.get(place as usize).map_or(0, |(_, record)| *record);
    join.describers = pairs.iter().map(|(_, place)| record(*place)).collect();
    join.describer_ends = ends;
    join
}

/// Adds what an update says to one of the vulnerabilities that it fixes: its title is about the
/// package, its references are about all of them, and its ratings are its worst. What is certain of
/// this one is left: the references that name it, the date by which it was known, and the rating of
/// an update that fixes nothing else.
fn describe_by_update<'s>(
    entry: &mut Joined<'s>,
    feed: u16,
    body: &Body<'s>,
    id: &str,
    rates: bool,
) {
    let names_it = |url: &&str| {
        let url = url.to_ascii_uppercase();
        let after = url.find(id).and_then(|at| url.get(at + id.len()..));
        after.is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_digit()))
    };
    refer(entry, body.urls.iter().copied().filter(names_it));
    date_and_rate(entry, feed, body, rates);
}

/// Adds what a record says to the vulnerability that it describes.
fn describe<'s>(entry: &mut Joined<'s>, feed: u16, body: &Body<'s>) {
    if entry.title.is_empty() {
        entry.title = body.title;
    }
    refer(entry, body.urls.iter().copied());
    date_and_rate(entry, feed, body, true);
}

/// Adds references, up to a few.
fn refer<'s>(entry: &mut Joined<'s>, urls: impl Iterator<Item = &'s str>) {
    for url in urls {
        if entry.urls.len() < URL_LIMIT && !entry.urls.contains(&url) {
            entry.urls.push(url);
        }
    }
}

/// Adds dates and marks, and the ratings only where they are those of this vulnerability (`rates`).
fn date_and_rate<'s>(entry: &mut Joined<'s>, feed: u16, body: &Body<'s>, rates: bool) {
    let earlier = entry.published.is_empty() || body.published < entry.published;
    if !body.published.is_empty() && earlier {
        entry.published = body.published;
    }
    entry.known_exploited |= body.known_exploited;
    entry.epss = entry.epss.or(body.epss);
    if !rates {
        return;
    }
    for cvss in &body.cvss {
        let same = |(old, by): &((&str, &str, u8), u16)| *by == feed && old.1 == cvss.1;
        if !entry.cvss.iter().any(same) && entry.cvss.len() < CVSS_LIMIT {
            entry.cvss.push((*cvss, feed));
        }
    }
    let rating = body.severity.or_else(|| {
        let cvss: Vec<Cvss> = (body.cvss.iter())
            .map(|(version, vector, tenths)| Cvss {
                version: (*version).to_owned(),
                vector: (*vector).to_owned(),
                score: f64::from(*tenths) / 10.0,
                source: String::new(),
            })
            .collect();
        rating::best(cvss.iter()).map(|best| Severity::from_score(best.score))
    });
    if let Some(rating) = rating
        && !entry.severities.contains(&(rating, feed))
        && entry.severities.len() < CVSS_LIMIT
    {
        entry.severities.push((rating, feed));
    }
}

/// Is a union-find over names.
struct Nodes<'s> {
    /// The texts.
    store: &'s Store,
    /// The node of each name, by the name's number.
    numbers: Vec<u32>,
    /// The names of the nodes.
    names: Vec<u32>,
    /// The parents.
    parents: Vec<u32>,
    /// The CVE of each root, or [`NONE`].
    cves: Vec<u32>,
}

impl<'s> Nodes<'s> {
    /// Starts with no names.
    fn new(store: &'s Store) -> Self {
        Self {
            store,
            numbers: vec![NONE; store.texts.len()],
            names: Vec::new(),
            parents: Vec::new(),
            cves: Vec::new(),
        }
    }

    /// Returns the node of a name.
    fn node(&mut self, name: u32) -> u32 {
        let next = u32::try_from(self.names.len()).unwrap_or(NONE);
        let Some(slot) = self.numbers.get_mut(name as usize) else {
            return 0;
        };
        if *slot != NONE {
            return *slot;
        }
        *slot = next;
        self.names.push(name);
        self.parents.push(next);
        let is_cve = ids::is_cve(self.store.texts.text(name));
        self.cves.push(if is_cve { next } else { NONE });
        next
    }

    /// Returns the root of a node.
    fn root(&mut self, mut node: u32) -> u32 {
        while let Some(&parent) = self.parents.get(node as usize)
            && parent != node
        {
            let above = self.parents.get(parent as usize).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(node as usize) {
                *slot = above;
            }
            node = above;
        }
        node
    }

    /// Unites two nodes, unless that would unite two CVEs.
    fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        let cve = |root: u32| self.cves.get(root as usize).copied().unwrap_or(NONE);
        let cve = match (cve(a), cve(b)) {
            (NONE, cve) | (cve, NONE) => cve,
            (x, y) if x == y => x,
            _ => return,
        };
        if let Some(slot) = self.parents.get_mut(b as usize) {
            *slot = a;
        }
        if let Some(slot) = self.cves.get_mut(a as usize) {
            *slot = cve;
        }
    }

    /// Makes one entry per root.
    fn finish(mut self) -> Join {
        let count = u32::try_from(self.names.len()).unwrap_or(NONE);
        let mut entry_of_root = vec![NONE; self.names.len()];
        let mut of = vec![NONE; self.store.texts.len()];
        let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(self.names.len());
        let mut entries = 0_u32;
        for node in 0..count {
            let root = self.root(node) as usize;
            let Some(entry) = entry_of_root.get_mut(root) else {
                continue;
            };
            if *entry == NONE {
                *entry = entries;
                entries += 1;
            }
            let name = self.names.get(node as usize).copied().unwrap_or(0);
            pairs.push((*entry, name));
            if let Some(slot) = of.get_mut(name as usize) {
                *slot = *entry;
            }
        }
        let texts = &self.store.texts;
        pairs.sort_unstable_by(|a, b| {
            let by_text = || texts.get(a.1).cmp(texts.get(b.1));
            a.0.cmp(&b.0).then_with(by_text)
        });
        let mut ids = Vec::with_capacity(entries as usize);
        let mut name_ends = Vec::with_capacity(entries as usize);
        let mut end = 0;
        for group in pairs.chunk_by(|a, b| a.0 == b.0) {
            let preferred = |name: &u32| {
                let text = texts.text(*name);
                (!ids::is_cve(text), !text.starts_with("GHSA-"))
            };
            // Sorted already: the first of the best is the lowest.
            let best = group.iter().map(|(_, name)| *name).min_by_key(preferred);
            ids.push(best.unwrap_or(0));
            end += u32::try_from(group.len()).unwrap_or(0);
            name_ends.push(end);
        }
        Join {
            of,
            ids,
            names: pairs.into_iter().map(|(_, name)| name).collect(),
            name_ends,
            describers: Vec::new(),
            describer_ends: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::Record;

    fn record(id: &str, vulnerabilities: &[&str], same: &[&str]) -> Record {
        Record {
            id: id.to_owned(),
            level: if ids::is_advisory(id) {
                Level::Advisory
            } else {
                Level::Vulnerability
            },
            vulnerabilities: vulnerabilities.iter().map(|s| (*s).to_owned()).collect(),
            same: same.iter().map(|s| (*s).to_owned()).collect(),
            ..Record::default()
        }
    }

    fn store(records: &[Record]) -> Store {
        let mut store = Store::default();
        for record in records {
            store.add(0, record);
        }
        store
    }

    #[test]
    fn names_are_united_but_never_two_cves() {
        let store = store(&[
            record("GHSA-1", &["CVE-2020-0001"], &["GHSA-1", "PYSEC-1"]),
            record("GO-7", &["GO-7"], &["GHSA-7"]),
            record("PYSEC-1", &["CVE-2020-0001"], &["PYSEC-1"]),
            record("PYSEC-2", &["CVE-2020-0002"], &["GHSA-1", "PYSEC-2"]),
        ]);
        let join = join(&store);
        let id = |name: &str| {
            let name = store.texts.find(name.as_bytes()).expect(name);
            store.texts.text(join.id(join.of(name).expect("an entry")))
        };
        assert_eq!(id("GHSA-1"), "CVE-2020-0001");
        assert_eq!(id("PYSEC-1"), "CVE-2020-0001");
        assert_eq!(id("PYSEC-2"), "CVE-2020-0002");
        assert_eq!(id("GO-7"), "GHSA-7");
    }

    #[test]
    fn an_update_learns_its_cves_from_the_other_feed() {
        let mut store = store(&[
            record("DSA-1-1", &["CVE-2020-0001", "CVE-2020-0002"], &[]),
            record("DSA-1-1", &["DSA-1-1"], &[]),
            record("DSA-2-1", &["DSA-2-1"], &[]),
        ]);
        complete_advisories(&mut store);
        let names = |index: usize| -> Vec<&str> {
            let names = store.vulnerabilities(&store.rows[index]).iter();
            names.map(|name| store.texts.text(*name)).collect()
        };
        assert_eq!(names(1), ["CVE-2020-0001", "CVE-2020-0002"]);
        assert_eq!(names(2), ["DSA-2-1"]);
    }
}
