//! Joins records that describe the same vulnerability under one id.
//!
//! Names that a record gives for itself are united. Two CVEs are never united: a chain of aliases
//! that would do so is cut where it first would, in the order of feeds and ids, because one wrong
//! alias in one feed must not merge two vulnerabilities everywhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_model::advisory::Epss;
use plimsoll_model::severity::{Cvss, Severity};

use crate::feeds::{Level, Record};
use crate::ids;
use crate::rating;

/// How many references a vulnerability keeps.
const URL_LIMIT: usize = 5;
/// How many CVSS ratings a vulnerability keeps.
const CVSS_LIMIT: usize = 8;

/// Is a record with its feed.
pub(super) struct Sourced {
    /// The feed's number, in order of names.
    pub(super) feed: u16,
    /// The record.
    pub(super) record: Record,
}

/// Is a vulnerability as joined.
#[derive(Default)]
pub(super) struct Joined {
    /// The id it is reported under.
    pub(super) id: String,
    /// Every name of it, for look-ups.
    pub(super) names: BTreeSet<String>,
    /// A short title.
    pub(super) title: String,
    /// Ratings with the feed's number, best first.
    pub(super) severities: Vec<(Severity, u16)>,
    /// CVSS ratings with the feed's number.
    pub(super) cvss: Vec<(Cvss, u16)>,
    /// Whether it is exploited.
    pub(super) known_exploited: bool,
    /// How likely it is to be exploited.
    pub(super) epss: Option<Epss>,
    /// When it was published.
    pub(super) published: String,
    /// References.
    pub(super) urls: Vec<String>,
}

/// Is the result: the vulnerabilities, and which of them each name means.
pub(super) struct Join {
    /// The vulnerabilities and advisories.
    pub(super) joined: Vec<Joined>,
    /// The index of each name.
    names: HashMap<String, usize>,
}

impl Join {
    /// Returns the index of what a name means.
    pub(super) fn of(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }
}

/// Gives updates that name no CVE the CVEs that another feed's record of the same id names.
pub(super) fn complete_advisories(records: &mut [Sourced]) {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Sourced { record, .. } in records.iter() {
        if record.level == Level::Advisory {
            let cves = record.vulnerabilities.iter().filter(|id| **id != record.id);
            known
                .entry(record.id.clone())
                .or_default()
                .extend(cves.cloned());
        }
    }
    for Sourced { record, .. } in records {
        if record.level == Level::Advisory
            && record.vulnerabilities.iter().all(|id| *id == record.id)
            && let Some(cves) = known.get(&record.id)
            && !cves.is_empty()
        {
            record.vulnerabilities = cves.iter().cloned().collect();
        }
    }
}

/// Joins records, which come in the order of their feeds and ids.
pub(super) fn join(records: &[Sourced]) -> Join {
    let mut nodes = Nodes::default();
    let advisories: BTreeSet<&str> = records
        .iter()
        .filter(|sourced| sourced.record.level == Level::Advisory)
        .map(|sourced| sourced.record.id.as_str())
        .collect();
    for Sourced { record, .. } in records {
        for id in &record.vulnerabilities {
            nodes.node(id);
        }
        if record.level == Level::Advisory {
            nodes.node(&record.id);
            continue;
        }
        if let [vulnerability] = record.vulnerabilities.as_slice() {
            let vulnerability = nodes.node(vulnerability);
            for name in &record.same {
                if !advisories.contains(name.as_str()) {
                    let name = nodes.node(name);
                    nodes.unite(vulnerability, name);
                }
            }
        }
    }
    let (mut joined, names) = nodes.finish();
    // The best describer first: a record of its own, then a catalogue, then restatements.
    let mut order: Vec<&Sourced> = records.iter().collect();
    order.sort_by_key(|sourced| {
        let record = &sourced.record;
        let restates = record.id != record.vulnerabilities.first().map_or("", String::as_str)
            && ids::wraps_cve(&record.id);
        let own = !ids::is_cve(&record.id) && !restates;
        (record.level, !own, !record.known_exploited)
    });
    for sourced in order {
        let record = &sourced.record;
        match record.level {
            Level::Vulnerability => {
                for id in &record.vulnerabilities {
                    if let Some(entry) = names.get(id).and_then(|index| joined.get_mut(*index)) {
                        describe(entry, sourced);
                    }
                }
            }
            Level::Advisory => {
                if let Some(entry) = names.get(&record.id).and_then(|i| joined.get_mut(*i)) {
                    describe(entry, sourced);
                }
                for id in record.vulnerabilities.iter().filter(|id| **id != record.id) {
                    if let Some(entry) = names.get(id).and_then(|index| joined.get_mut(*index)) {
                        describe_by_update(entry, sourced, id);
                    }
                }
            }
        }
    }
    for entry in &mut joined {
        entry.urls.sort();
    }
    Join { joined, names }
}

/// Adds what an update says to one of the vulnerabilities that it fixes: its title is about the
/// package, its references are about all of them, and its ratings are its worst. What is certain of
/// this one is left: the references that name it, the date by which it was known, and the rating of
/// an update that fixes nothing else.
fn describe_by_update(entry: &mut Joined, sourced: &Sourced, id: &str) {
    let record = &sourced.record;
    let names_it = |url: &&String| {
        let url = url.to_ascii_uppercase();
        let after = url.find(id).and_then(|at| url.get(at + id.len()..));
        after.is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_digit()))
    };
    refer(entry, record.urls.iter().filter(names_it));
    date_and_rate(entry, sourced, record.vulnerabilities.len() == 1);
}

/// Adds what a record says to the vulnerability that it describes.
fn describe(entry: &mut Joined, sourced: &Sourced) {
    if entry.title.is_empty() {
        entry.title.clone_from(&sourced.record.title);
    }
    refer(entry, sourced.record.urls.iter());
    date_and_rate(entry, sourced, true);
}

/// Adds references, up to a few.
fn refer<'a>(entry: &mut Joined, urls: impl Iterator<Item = &'a String>) {
    for url in urls {
        if entry.urls.len() < URL_LIMIT && !entry.urls.contains(url) {
            entry.urls.push(url.clone());
        }
    }
}

/// Adds dates and marks, and the ratings only where they are those of this vulnerability (`rates`).
fn date_and_rate(entry: &mut Joined, sourced: &Sourced, rates: bool) {
    let (record, feed) = (&sourced.record, sourced.feed);
    let earlier = entry.published.is_empty() || record.published < entry.published;
    if !record.published.is_empty() && earlier {
        entry.published.clone_from(&record.published);
    }
    entry.known_exploited |= record.known_exploited;
    entry.epss = entry.epss.or(record.epss);
    if !rates {
        return;
    }
    for cvss in &record.cvss {
        let known = entry
            .cvss
            .iter()
            .any(|(old, by)| *by == feed && old.vector == cvss.vector);
        if !known && entry.cvss.len() < CVSS_LIMIT {
            entry.cvss.push((cvss.clone(), feed));
        }
    }
    let rating = record
        .severity
        .or_else(|| rating::best(record.cvss.iter()).map(|best| Severity::from_score(best.score)));
    if let Some(rating) = rating
        && !entry.severities.contains(&(rating, feed))
        && entry.severities.len() < CVSS_LIMIT
    {
        entry.severities.push((rating, feed));
    }
}

/// Is a union-find over names.
#[derive(Default)]
struct Nodes {
    /// The number of each name.
    numbers: HashMap<String, usize>,
    /// The names.
    names: Vec<String>,
    /// The parents.
    parents: Vec<usize>,
    /// The CVE of each root.
    cves: Vec<Option<usize>>,
}

impl Nodes {
    /// Returns the number of a name.
    fn node(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len();
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        self.parents.push(number);
        self.cves.push(ids::is_cve(name).then_some(number));
        number
    }

    /// Returns the root of a node.
    fn root(&mut self, mut node: usize) -> usize {
        while let Some(&parent) = self.parents.get(node)
            && parent != node
        {
            let above = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(node) {
                *slot = above;
            }
            node = above;
        }
        node
    }

    /// Unites two nodes, unless that would unite two CVEs.
    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        let cve = match (
            self.cves.get(a).copied().flatten(),
            self.cves.get(b).copied().flatten(),
        ) {
            (Some(x), Some(y)) if x != y => return,
            (x, y) => x.or(y),
        };
        if let Some(slot) = self.parents.get_mut(b) {
            *slot = a;
        }
        if let Some(slot) = self.cves.get_mut(a) {
            *slot = cve;
        }
    }

    /// Makes one vulnerability per root.
    fn finish(mut self) -> (Vec<Joined>, HashMap<String, usize>) {
        let mut joined: Vec<Joined> = Vec::new();
        let mut index_of: HashMap<usize, usize> = HashMap::new();
        let mut names = HashMap::with_capacity(self.names.len());
        for number in 0..self.names.len() {
            let root = self.root(number);
            let index = *index_of.entry(root).or_insert_with(|| {
                joined.push(Joined::default());
                joined.len() - 1
            });
            let Some(name) = self.names.get(number) else {
                continue;
            };
            if let Some(entry) = joined.get_mut(index) {
                entry.names.insert(name.clone());
            }
            names.insert(name.clone(), index);
        }
        for entry in &mut joined {
            let preferred = |name: &&String| {
                (
                    !ids::is_cve(name),
                    !name.starts_with("GHSA-"),
                    (*name).clone(),
                )
            };
            entry.id = entry
                .names
                .iter()
                .min_by_key(preferred)
                .cloned()
                .unwrap_or_default();
        }
        (joined, names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, vulnerabilities: &[&str], same: &[&str]) -> Sourced {
        Sourced {
            feed: 0,
            record: Record {
                id: id.to_owned(),
                level: if ids::is_advisory(id) {
                    Level::Advisory
                } else {
                    Level::Vulnerability
                },
                vulnerabilities: vulnerabilities.iter().map(|s| (*s).to_owned()).collect(),
                same: same.iter().map(|s| (*s).to_owned()).collect(),
                ..Record::default()
            },
        }
    }

    #[test]
    fn names_are_united_but_never_two_cves() {
        let join = join(&[
            record("GHSA-1", &["CVE-2020-0001"], &["GHSA-1", "PYSEC-1"]),
            record("GO-7", &["GO-7"], &["GHSA-7"]),
            record("PYSEC-1", &["CVE-2020-0001"], &["PYSEC-1"]),
            record("PYSEC-2", &["CVE-2020-0002"], &["GHSA-1", "PYSEC-2"]),
        ]);
        let id = |name: &str| join.joined[join.of(name).expect(name)].id.clone();
        assert_eq!(id("GHSA-1"), "CVE-2020-0001");
        assert_eq!(id("PYSEC-1"), "CVE-2020-0001");
        assert_eq!(id("PYSEC-2"), "CVE-2020-0002");
        assert_eq!(id("GO-7"), "GHSA-7");
    }

    #[test]
    fn an_update_learns_its_cves_from_the_other_feed() {
        let mut records = vec![
            record("DSA-1-1", &["CVE-2020-0001", "CVE-2020-0002"], &[]),
            record("DSA-1-1", &["DSA-1-1"], &[]),
            record("DSA-2-1", &["DSA-2-1"], &[]),
        ];
        complete_advisories(&mut records);
        assert_eq!(records[1].record.vulnerabilities.len(), 2);
        assert_eq!(records[2].record.vulnerabilities, ["DSA-2-1"]);
    }
}
