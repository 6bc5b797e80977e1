//! Compares installed packages with a database.
//!
//! Pure: the same packages, distribution and database give the same findings. What cannot be judged
//! is never silent; it is a gap. The rules:
//!
//! | packages | are compared by | with the version |
//! |---|---|---|
//! | deb | source package | source version, without a binary rebuild's `+bN` |
//! | apk | origin | the package's own |
//! | rpm, AlmaLinux, Amazon Linux | binary package | epoch, version, release; the module stream must agree |
//! | rpm, Rocky Linux | binary package and source package, which is what its records name | for the source its own version, epochs left out where it states none |
//! | rpm, Red Hat and SUSE | binary package, then source package for what is not stated of the binary | likewise; see `flavour` and `extended` for builds of minor releases and paid streams |
//! | rpm; Azure Linux, Fedora, Mageia, Photon OS, openEuler | source package, then binary package | the same |
//!
//! A derivative is not judged with its parent's feed: its packages are other builds, and a match
//! would prove nothing. Severity is the distribution's own rating of the package first, then the
//! CVSS score of the same feed, then what other records of the same vulnerability say.
//!
//! Read [`find`] first, then `judge` (what the statements about one package come to).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_model::advisory::{FixState, Range};
use plimsoll_model::distro::Distro;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::package::Package;
use plimsoll_model::report::{CatalogPackage, Evidence, VulnerabilityFinding};
use plimsoll_model::severity::Severity;
use plimsoll_model::version::Scheme;

use crate::db::format::{PackageDisk, RangeDisk, VulnerabilityDisk};
use crate::db::{Blob, Damage, Database, Reader};
use crate::rating;

pub mod ecosystems;
mod extended;
mod flavour;
mod judge;

use ecosystems::Judge;
use extended::Extended;
use judge::{Hit, Subject};

/// How many names a gap lists.
const NAMES: usize = 5;
/// How many references a finding shows.
const URL_LIMIT: usize = 6;

/// Is the result of matching.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matches {
    /// The findings, by package index and id; their dependency paths are empty.
    pub findings: Vec<VulnerabilityFinding>,
    /// What could not be judged, sorted, without repeats.
    pub gaps: Vec<Issue>,
    /// How many packages were compared with at least one feed.
    pub judged: usize,
    /// The names of the feeds that they were compared with, sorted.
    pub judged_by: Vec<String>,
}

/// Compares packages with a database. `distro` is what the image states.
pub fn find(db: &Database, packages: &[CatalogPackage], distro: Option<&Distro>) -> Matches {
    let mut matches = Matches::default();
    let judge = ecosystem(db, packages, distro, &mut matches.gaps);
    let judged_kind = judge.as_ref().map(|(_, kind)| *kind);
    matches.gaps.extend(not_compared(packages, judged_kind));
    let Some((ecosystem, kind)) = judge else {
        matches.gaps.sort();
        return matches;
    };
    let mut run = Run {
        db,
        ecosystem: &ecosystem,
        reader: Reader::new(db),
        stated: HashMap::new(),
        blobs: HashMap::new(),
        outside: BTreeSet::new(),
        sourceless: BTreeSet::new(),
        undecided: BTreeSet::new(),
        matches,
    };
    let meta = db.ecosystem(&ecosystem);
    let scope = meta.and_then(|meta| meta.scope.as_deref());
    for (index, CatalogPackage { package, .. }) in packages.iter().enumerate() {
        if package.kind != kind {
            continue;
        }
        let covered = scope.is_none_or(|scope| {
            names(&ecosystem, package)
                .iter()
                .any(|(name, _)| scope.binary_search_by(|s| s.as_str().cmp(name)).is_ok())
        });
        if covered {
            run.package(index, package);
        } else {
            run.outside.insert(&package.name);
        }
    }
    run.say_undecided();
    let Run {
        outside,
        sourceless,
        mut matches,
        ..
    } = run;
    if !outside.is_empty() {
        matches.gaps.push(Issue::new(
            IssueKind::PartialFeed,
            &ecosystem,
            format!(
                "the database holds an excerpt of this feed that does not cover {} packages: {}",
                outside.len(),
                some(outside.iter().copied())
            ),
        ));
    }
    if !sourceless.is_empty() {
        matches.gaps.push(Issue::new(
            IssueKind::NotJudged,
            &ecosystem,
            format!(
                "the feed names source packages, and {} packages do not say theirs, so they were \
                 compared by their own names only: {}",
                sourceless.len(),
                some(sourceless.iter().copied())
            ),
        ));
    }
    matches
        .findings
        .sort_by(|a, b| (a.package, &a.id, &a.evidence).cmp(&(b.package, &b.id, &b.evidence)));
    if matches.judged > 0 {
        let feeds = meta.map_or(&[][..], |meta| meta.feeds.as_slice());
        matches.judged_by = feeds.iter().map(|feed| db.feed(*feed).to_owned()).collect();
        matches.judged_by.sort();
    }
    matches.gaps.sort();
    matches.gaps.dedup();
    matches
}

/// Says which packages no feed was asked about: those of languages, and those of a package manager
/// that is not the distribution's. A distribution without a feed is said elsewhere.
fn not_compared(
    packages: &[CatalogPackage],
    judged: Option<PackageKind>,
) -> impl Iterator<Item = Issue> {
    let mut others: BTreeMap<&'static str, (bool, BTreeSet<&str>)> = BTreeMap::new();
    for CatalogPackage { package, .. } in packages {
        let os = package.kind.is_os();
        if judged == Some(package.kind) || (os && judged.is_none()) || package.owned_by.is_some() {
            continue;
        }
        let (_, names) = others
            .entry(package.kind.as_str())
            .or_insert_with(|| (os, BTreeSet::new()));
        names.insert(&package.name);
    }
    others.into_iter().map(|(kind, (os, names))| {
        let (count, shown) = (names.len(), some(names.iter().copied()));
        let detail = if os {
            format!(
                "{count} packages are not of the distribution's kind and were not compared: {shown}"
            )
        } else {
            format!(
                "{count} packages are listed but were not compared, since only the distribution's \
                 packages are matched: {shown}"
            )
        };
        Issue::new(IssueKind::NotJudged, format!("{kind} packages"), detail)
    })
}

/// Says whether a version is in a range.
pub(crate) fn inside(scheme: Scheme, version: &str, range: &Range) -> bool {
    let range = RangeDisk {
        introduced: &range.introduced,
        exclusive: range.exclusive,
        fixed: range.fixed.as_deref(),
        last_affected: range.last_affected.as_deref(),
    };
    judge::within(scheme, version, &range)
}

/// Finds the ecosystem to compare with; leaves a gap when there is none.
fn ecosystem(
    db: &Database,
    packages: &[CatalogPackage],
    distro: Option<&Distro>,
    gaps: &mut Vec<Issue>,
) -> Option<(String, PackageKind)> {
    let count = packages
        .iter()
        .filter(|package| package.package.kind.is_os())
        .count();
    let Some(distro) = distro else {
        if count > 0 {
            gaps.push(Issue::new(
                IssueKind::UnknownDistribution,
                "os-release",
                format!(
                    "the distribution is not stated, so {count} of its packages were not compared"
                ),
            ));
        }
        return None;
    };
    let name = format!("{} {}", distro.id, distro.version_id);
    let name = name.trim();
    match ecosystems::judge(distro) {
        Judge::Feed { ecosystem, kind } if db.ecosystem(&ecosystem).is_some() => {
            return Some((ecosystem, kind));
        }
        Judge::Feed { ecosystem, .. } => gaps.push(Issue::new(
            IssueKind::NoFeed,
            name,
            format!("the database holds no feed for {ecosystem}; {count} packages were not compared"),
        )),
        Judge::Derivative { parent } => gaps.push(Issue::new(
            IssueKind::NoFeed,
            name,
            format!(
                "a derivative of {parent} without a feed of its own; its packages are other builds, so {count} were not compared with {parent}'s feed"
            ),
        )),
        Judge::Unknown => gaps.push(Issue::new(
            IssueKind::NoFeed,
            name,
            format!("no feed speaks of this distribution; {count} packages were not compared"),
        )),
    }
    None
}

/// Lists the first few names.
fn some<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names = names.peekable();
    let mut shown: Vec<&str> = names.by_ref().take(NAMES).collect();
    if names.peek().is_some() {
        shown.push("…");
    }
    shown.join(", ")
}

/// Returns the names that a package is looked up by, and whether each is that of its source.
fn names<'p>(ecosystem: &str, package: &'p Package) -> Vec<(&'p str, bool)> {
    let source = package.source.as_ref().map(|source| source.name.as_str());
    match package.kind {
        PackageKind::Deb | PackageKind::Apk => match source {
            Some(source) => vec![(source, true)],
            None => vec![(&package.name, false)],
        },
        PackageKind::Rpm if ecosystems::names_sources(ecosystem) => {
            let mut names: Vec<(&str, bool)> =
                source.map(|source| (source, true)).into_iter().collect();
            if source != Some(&package.name) {
                names.push((&package.name, false));
            }
            names
        }
        _ => {
            let mut names = vec![(package.name.as_str(), false)];
            if by_source(ecosystem)
                && let Some(source) = source
                && source != package.name
            {
                names.push((source, true));
            }
            names
        }
    }
}

/// Says whether an ecosystem's records name source packages beside binary ones.
fn by_source(ecosystem: &str) -> bool {
    ["Rocky Linux", "Red Hat", "SUSE", "openSUSE"]
        .iter()
        .any(|base| ecosystem.starts_with(base))
}

/// Returns a package's module and stream: from its label (`name:stream:version:context`), empty when
/// only its version says that it is modular.
fn stream(package: &Package) -> Option<String> {
    let label = package
        .properties
        .get("modularity_label")
        .map_or("", String::as_str);
    let mut parts = label.split(':');
    match (parts.next(), parts.next()) {
        (Some(name), Some(stream)) if !name.is_empty() && !stream.is_empty() => {
            Some(format!("{name}:{stream}"))
        }
        _ => package.version.contains(".module").then(String::new),
    }
}

/// Cuts the suffix of a binary-only rebuild (`+b1`) off a deb version.
fn without_rebuild(version: &str) -> &str {
    match version.rsplit_once("+b") {
        Some((source, digits))
            if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            source
        }
        _ => version,
    }
}

/// Is a run over packages.
struct Run<'d, 'p> {
    /// The database.
    db: &'d Database,
    /// The ecosystem.
    ecosystem: &'p str,
    /// Reads vulnerabilities.
    reader: Reader<'d>,
    /// What is stated, by name: many binaries have one source.
    blobs: HashMap<&'p str, Option<Blob<'d>>>,
    /// The same, decoded, by name and ecosystem, where anything of it may apply.
    stated: HashMap<String, Option<std::rc::Rc<PackageDisk<'d>>>>,
    /// The packages that an excerpt does not cover.
    outside: BTreeSet<&'p str>,
    /// The packages that do not say which source they are built from, where the feed names sources.
    sourceless: BTreeSet<&'p str>,
    /// The vulnerabilities that the feed has not decided of, by package.
    undecided: BTreeSet<(u32, &'p str)>,
    /// What came of it.
    matches: Matches,
}

impl<'d, 'p> Run<'d, 'p> {
    /// Judges one package.
    fn package(&mut self, index: usize, package: &'p Package) {
        let Some(scheme) = package.kind.scheme() else {
            return;
        };
        self.matches.judged += 1;
        // What rpm keeps keys as is built from nothing.
        if by_source(self.ecosystem) && package.source.is_none() && package.name != "gpg-pubkey" {
            self.sourceless.insert(&package.name);
        }
        let stream = stream(package);
        let mut streams = extended::of(self.ecosystem, package);
        streams.retain(|stream| self.db.ecosystem(&stream.ecosystem).is_some());
        if self.nothing_applies(package, scheme, stream.as_deref(), &streams) {
            return;
        }
        let mut seen: BTreeSet<u32> = BTreeSet::new();
        // What is stated of the binary package decides before what is stated of its source.
        let mut settled: HashMap<u32, bool> = HashMap::new();
        for (name, is_source) in names(self.ecosystem, package) {
            let (mut version, mut without_epoch) = compared_version(package, scheme, is_source);
            if ecosystems::states_no_epochs(self.ecosystem) {
                (version, without_epoch) = (judge::strip_epoch(version), true);
            }
            if !scheme.is_valid(version) {
                self.matches.judged = self.matches.judged.saturating_sub(1);
                self.matches.gaps.push(Issue::new(
                    IssueKind::UnknownVersion,
                    &package.name,
                    format!(
                        "`{version}` is no {} version; it was not compared",
                        scheme.as_str()
                    ),
                ));
                return;
            }
            let subject = Subject {
                scheme,
                version,
                arch: package.arch.as_deref(),
                stream: stream.as_deref(),
                without_epoch,
            };
            let found = Found {
                index,
                package,
                name,
                subject: &subject,
                settled: &settled,
            };
            let spoken = self.name(&found, &streams, &mut seen);
            settled.extend(spoken);
        }
    }

    /// Says whether no statement under any of a package's names says anything but that its version
    /// is not affected: then there is nothing to weigh, and that is so for most packages. False when
    /// that cannot be said at once, as when a part of the database is damaged.
    fn nothing_applies(
        &mut self,
        package: &'p Package,
        scheme: Scheme,
        stream: Option<&str>,
        streams: &[Extended],
    ) -> bool {
        let (db, ecosystem) = (self.db, self.ecosystem);
        for (name, is_source) in names(ecosystem, package) {
            let (version, without_epoch) = compared_version(package, scheme, is_source);
            if !scheme.is_valid(version) {
                return false;
            }
            let subject = Subject {
                scheme,
                version,
                arch: package.arch.as_deref(),
                stream,
                without_epoch,
            };
            let none = |blob: Option<Blob<'_>>| {
                blob.is_none_or(|blob| judge::none_applies(&blob, &subject) == Some(true))
            };
            let blob = match self.blobs.get(name) {
                Some(blob) => *blob,
                None => match db.package(ecosystem, name) {
                    Ok(blob) => *self.blobs.entry(name).or_insert(blob),
                    Err(_) => return false,
                },
            };
            let paid = |stream: &Extended| db.package(&stream.ecosystem, name).is_ok_and(none);
            if !none(blob) || !streams.iter().all(paid) {
                return false;
            }
        }
        true
    }

    /// Judges a package by one of its names. Returns what was said of it under that name, where a
    /// further name asks for that.
    fn name(
        &mut self,
        found: &Found<'_, 'p>,
        streams: &[Extended],
        seen: &mut BTreeSet<u32>,
    ) -> HashMap<u32, bool> {
        let (package, subject) = (found.package, found.subject);
        let stated = self.stated(self.ecosystem, found.name);
        let statements = stated.as_ref().map_or(&[][..], |stated| &stated.statements);
        let paid: Vec<_> = streams
            .iter()
            .filter_map(|stream| Some((stream, self.stated(&stream.ecosystem, found.name)?)))
            .collect();
        let judged = judge::judge(statements, subject);
        if !judged.not_comparable.is_empty() {
            let records = judged.not_comparable.iter();
            let records: Vec<String> = records
                .filter_map(|record| self.reader.record(*record).ok())
                .collect();
            self.matches.gaps.push(Issue::new(
                IssueKind::UnknownVersion,
                &package.name,
                format!(
                    "{} records state no {} version and were not compared: {}",
                    judged.not_comparable.len(),
                    subject.scheme.as_str(),
                    some(records.iter().map(String::as_str))
                ),
            ));
        }
        let undecided = judged.undecided.iter();
        (self.undecided).extend(undecided.map(|number| (*number, package.name.as_str())));
        let paid: Vec<_> = paid
            .iter()
            .map(|(stream, stated)| {
                let spoken = judge::spoken(&stated.statements, subject);
                (
                    *stream,
                    judge::judge(&stated.statements, subject).hits,
                    spoken,
                )
            })
            .collect();
        let further = by_source(self.ecosystem) || !paid.is_empty();
        let spoken = if further {
            judge::spoken(statements, subject)
        } else {
            HashMap::new()
        };
        for hit in &judged.hits {
            let number = hit.vulnerability;
            if found.settled.contains_key(&number) {
                continue;
            }
            let mut note = None;
            let mut hit = hit;
            let mut clear = false;
            for (stream, hits, spoken) in &paid {
                clear |= stream.counts && spoken.get(&number) == Some(&true);
                let Some(theirs) = hits.iter().find(|hit| hit.vulnerability == number) else {
                    continue;
                };
                if stream.own {
                    hit = theirs;
                } else if hit.fix != FixState::Fixed {
                    note = note.or_else(|| needs(stream, theirs));
                }
            }
            if !clear && seen.insert(number) {
                self.add(found, hit, hit.fix, note.as_deref());
            }
        }
        // What only a continuation speaks of.
        for (stream, hits, _) in &paid {
            for hit in hits {
                let number = hit.vulnerability;
                let known = spoken.contains_key(&number) || found.settled.contains_key(&number);
                if known || !seen.insert(number) {
                    continue;
                }
                let note = needs(stream, hit).filter(|_| !stream.own);
                let fix = match note {
                    Some(_) => FixState::NotFixed,
                    None => hit.fix,
                };
                self.add(found, hit, fix, note.as_deref());
            }
        }
        spoken
    }

    /// Adds the finding of a hit.
    fn add(&mut self, found: &Found<'_, 'p>, hit: &Hit<'_, '_>, fix: FixState, note: Option<&str>) {
        let entry = self.reader.vulnerability(hit.vulnerability);
        let finding = entry.and_then(|entry| self.finding(found, hit, fix, note, &entry));
        match finding {
            Ok(finding) => self.matches.findings.push(finding),
            Err(damage) => self.damaged(&damage.0),
        }
    }

    /// Says what the feed has not decided.
    fn say_undecided(&mut self) {
        let mut names: BTreeSet<String> = BTreeSet::new();
        for (number, package) in std::mem::take(&mut self.undecided) {
            match self.reader.vulnerability(number) {
                Ok(entry) => {
                    names.insert(format!("{} in {package}", entry.id));
                }
                Err(damage) => self.damaged(&damage.0),
            }
        }
        if !names.is_empty() {
            self.matches.gaps.push(Issue::new(
                IssueKind::NotJudged,
                self.ecosystem,
                format!(
                    "the feed has not decided yet whether {} vulnerabilities apply: {}",
                    names.len(),
                    some(names.iter().map(String::as_str))
                ),
            ));
        }
    }

    /// Returns what is stated about a name.
    fn stated(&mut self, ecosystem: &str, name: &str) -> Option<std::rc::Rc<PackageDisk<'d>>> {
        let key = format!("{name}\0{ecosystem}");
        if let Some(known) = self.stated.get(&key) {
            return known.clone();
        }
        let db = self.db;
        let blob = db.package(ecosystem, name);
        let decode = |blob: Option<Blob<'d>>| blob.map(|blob| db.statements(&blob)).transpose();
        let stated = match blob.and_then(decode) {
            Ok(stated) => stated.map(std::rc::Rc::new),
            Err(damage) => {
                self.damaged(&damage.0);
                None
            }
        };
        self.stated.insert(key, stated.clone());
        stated
    }

    /// Notes that a part of the database is damaged: what it held is not known. Once: what else is
    /// damaged helps nobody.
    fn damaged(&mut self, what: &str) {
        if self
            .matches
            .gaps
            .iter()
            .any(|gap| gap.kind == IssueKind::NoDatabase)
        {
            return;
        }
        self.matches.gaps.push(Issue::new(
            IssueKind::NoDatabase,
            "database",
            format!("a part of the database is damaged ({what}); build or download it again"),
        ));
    }

    /// Makes the finding of a hit.
    fn finding(
        &self,
        found: &Found<'_, 'p>,
        hit: &Hit<'_, '_>,
        fix: FixState,
        note: Option<&str>,
        entry: &VulnerabilityDisk,
    ) -> Result<VulnerabilityFinding, Damage> {
        let record = self.reader.record(hit.statement.record)?;
        let feed = self.db.feed(hit.statement.feed);
        let cvss = self.db.cvss(entry);
        let (severity, severity_source) = match hit.severity {
            Some((severity, feed)) => (severity, self.db.feed(feed).to_owned()),
            None => match rating::best(cvss.iter().filter(|cvss| cvss.source == feed)) {
                Some(cvss) => (Severity::from_score(cvss.score), feed.to_owned()),
                None => entry.severities.first().map_or_else(
                    || (Severity::Unknown, String::new()),
                    |(severity, feed)| (*severity, self.db.feed(*feed).to_owned()),
                ),
            },
        };
        let mut aliases = entry.aliases.clone();
        for alias in &hit.aliases {
            aliases.push(self.reader.record(*alias)?);
        }
        aliases.retain(|alias| *alias != entry.id);
        aliases.sort();
        aliases.dedup();
        let mut urls: Vec<String> = ecosystems::page(self.ecosystem, &entry.id)
            .into_iter()
            .chain(ecosystems::update_page(self.ecosystem, &record))
            .collect();
        urls.dedup();
        for url in &entry.urls {
            if urls.len() < URL_LIMIT && !urls.contains(url) {
                urls.push(url.clone());
            }
        }
        urls.sort();
        let fixed = hit.range.and_then(|range| range.fixed);
        Ok(VulnerabilityFinding {
            id: entry.id.clone(),
            aliases,
            package: found.index,
            severity,
            severity_source,
            cvss,
            known_exploited: entry.known_exploited,
            epss: entry.epss(),
            fix,
            fixed_versions: fixed
                .filter(|_| fix == FixState::Fixed)
                .map(str::to_owned)
                .into_iter()
                .collect(),
            title: entry.title.clone(),
            urls,
            published: entry.published.clone(),
            paths: Vec::new(),
            evidence: Evidence {
                feed: feed.to_owned(),
                record,
                comparison: comparison(found.name, found.subject, hit) + note.unwrap_or(""),
            },
        })
    }
}

/// Is a package as it is looked up by one of its names.
struct Found<'f, 'p> {
    /// Its index.
    index: usize,
    /// The package.
    package: &'p Package,
    /// The name.
    name: &'p str,
    /// What is compared.
    subject: &'f Subject<'f>,
    /// The vulnerabilities that were decided under an earlier name.
    settled: &'f HashMap<u32, bool>,
}

/// Returns the version of a package that is compared under one of its names, and whether epochs are
/// left out because it states none where one would belong.
fn compared_version(package: &Package, scheme: Scheme, is_source: bool) -> (&str, bool) {
    let own = package.version.as_str();
    let source = package.source.as_ref().filter(|_| is_source);
    let version = source.map_or("", |source| source.version.as_str());
    match package.kind {
        PackageKind::Apk => (own, false),
        PackageKind::Deb if version.is_empty() => (without_rebuild(own), false),
        PackageKind::Deb => (without_rebuild(version), false),
        // An rpm's source is named by its file, which holds no epoch; the package's own version
        // does, and mostly is the same otherwise.
        _ if version.is_empty() || judge::strip_epoch(own) == version => (own, false),
        _ => (version, scheme == Scheme::Rpm && !version.contains(':')),
    }
}

/// Says what it takes to get a continuation's fix; `None` when it has none.
fn needs(stream: &Extended, hit: &Hit<'_, '_>) -> Option<String> {
    let fixed = hit.range.and_then(|range| range.fixed)?;
    Some(format!("; {fixed} fixes it with {}", stream.with))
}

/// Says in words what was compared with what.
fn comparison(name: &str, subject: &Subject<'_>, hit: &Hit<'_, '_>) -> String {
    let (version, scheme) = (subject.version, subject.scheme.as_str());
    let Some(range) = hit.range else {
        return format!("{name} {version} is listed ({scheme})");
    };
    let from = match (range.introduced, range.exclusive) {
        ("", _) => String::new(),
        (introduced, false) => format!("{introduced} <= "),
        (introduced, true) => format!("{introduced} < "),
    };
    match (range.fixed, range.last_affected) {
        (Some(fixed), _) => format!("{from}{name} {version} < {fixed} ({scheme})"),
        (None, Some(last)) => format!("{from}{name} {version} <= {last} ({scheme})"),
        (None, None) => format!("{from}{name} {version}, no fixed version is stated ({scheme})"),
    }
}

#[cfg(test)]
mod tests;
