//! Goes over the packages: asks of each what the feeds state, and collects what could not be judged.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use plimsoll_model::advisory::FixState;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::package::Package;
use plimsoll_model::report::{CatalogPackage, Suppression, VexStatus, VulnerabilityFinding};
use plimsoll_model::version::Scheme;

use super::ecosystems;
use super::extended::{self, Extended};
use super::judge::{self, Hit, Judged, Subject};
use super::{Matches, by_source, compared_version, finding, languages, names, needs, some, stream};
use crate::db::format::{EcosystemMeta, PackageDisk, StatementDisk};
use crate::db::{Blob, Database, Reader};

/// Is a run over packages.
pub(super) struct Run<'d, 'p> {
    db: &'d Database,
    packages: &'p [CatalogPackage],
    reader: Reader<'d>,
    /// What is stated in the distribution's ecosystem, by name: many binaries have one source.
    blobs: HashMap<Cow<'p, str>, Option<Blob<'d>>>,
    /// What is stated, decoded, by ecosystem and name, where anything of it may apply.
    stated: HashMap<(String, String), Option<Rc<PackageDisk<'d>>>>,
    /// What feeds have not decided, by ecosystem: vulnerability and package.
    undecided: BTreeMap<String, BTreeSet<(u32, &'p str)>>,
    /// The packages of each gap.
    left: BTreeMap<Left<'p>, BTreeSet<&'p str>>,
    /// The packages that do not say which source they are built from, where the feed names sources.
    sourceless: BTreeSet<&'p str>,
    /// The ecosystem of the distribution.
    ecosystem: &'p str,
    /// The numbers of the feeds that packages were compared with.
    judged_by: BTreeSet<u16>,
    pub(super) matches: Matches,
}

/// Is a name and a version that a package is compared by.
pub(super) struct Asked<'p> {
    pub(super) ecosystem: Cow<'p, str>,
    pub(super) name: Cow<'p, str>,
    scheme: Scheme,
    pub(super) version: &'p str,
    arch: Option<&'p str>,
    stream: Option<String>,
    without_epoch: bool,
}

impl<'p> Asked<'p> {
    /// Says how a package of a distribution is compared: by one name or by several.
    pub(super) fn of_distribution(ecosystem: &'p str, package: &'p Package) -> Vec<Self> {
        let Some(scheme) = package.kind.scheme() else {
            return Vec::new();
        };
        let one = |(name, is_source): (&'p str, bool)| {
            let (mut version, mut without_epoch) = compared_version(package, scheme, is_source);
            if ecosystems::states_no_epochs(ecosystem) {
                (version, without_epoch) = (judge::strip_epoch(version), true);
            }
            Self {
                ecosystem: Cow::Borrowed(ecosystem),
                name: Cow::Borrowed(name),
                scheme,
                version,
                arch: package.arch.as_deref(),
                stream: stream(package),
                without_epoch,
            }
        };
        names(ecosystem, package).into_iter().map(one).collect()
    }

    /// Says how any other package is compared, or why it is not.
    pub(super) fn of_other(package: &'p Package) -> Result<Self, Cow<'static, str>> {
        let compared = languages::compared(package)?;
        Ok(Self {
            ecosystem: Cow::Borrowed(compared.ecosystem),
            name: compared.name,
            scheme: compared.scheme,
            version: compared.version,
            arch: None,
            stream: None,
            without_epoch: false,
        })
    }

    /// Returns what statements are held against.
    pub(super) fn subject(&self) -> Subject<'_> {
        Subject {
            scheme: self.scheme,
            version: self.version,
            arch: self.arch,
            stream: self.stream.as_deref(),
            without_epoch: self.without_epoch,
        }
    }
}

/// Is why packages were not compared: the gap's kind, its subject and the reason.
type Left<'p> = (IssueKind, Cow<'p, str>, Cow<'static, str>);

/// Is what came of comparing a package by its names so far.
#[derive(Default)]
struct Found {
    /// The findings, each with its vulnerability's number.
    findings: Vec<(u32, VulnerabilityFinding)>,
    /// The vulnerabilities that were decided under an earlier name.
    settled: HashMap<u32, bool>,
}

impl Found {
    fn holds(&self, vulnerability: u32) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|(number, _)| *number == vulnerability)
    }
}

impl<'d, 'p> Run<'d, 'p> {
    /// Starts.
    pub(super) fn new(db: &'d Database, packages: &'p [CatalogPackage]) -> Self {
        Self {
            db,
            packages,
            reader: Reader::new(db),
            blobs: HashMap::new(),
            stated: HashMap::new(),
            undecided: BTreeMap::new(),
            left: BTreeMap::new(),
            sourceless: BTreeSet::new(),
            ecosystem: "",
            judged_by: BTreeSet::new(),
            matches: Matches::default(),
        }
    }

    /// Compares the distribution's packages with the feed of its ecosystem.
    pub(super) fn distribution(&mut self, judge: Option<(&'p str, PackageKind)>) {
        let Some((ecosystem, kind)) = judge else {
            for (index, one) in self.packages.iter().enumerate() {
                if one.package.kind.is_os() {
                    let reason = Cow::Borrowed("no feed speaks of the image's distribution");
                    self.matches.not_judged.insert(index, reason);
                }
            }
            return;
        };
        self.ecosystem = ecosystem;
        let meta = self.db.ecosystem(ecosystem);
        for (index, CatalogPackage { package, .. }) in self.packages.iter().enumerate() {
            if package.kind != kind {
                continue;
            }
            let asked = Asked::of_distribution(ecosystem, package);
            if !asked.iter().any(|asked| in_scope(meta, &asked.name)) {
                self.outside(index, ecosystem, package);
                continue;
            }
            // What rpm keeps keys as is built from nothing.
            let built = package.name != "gpg-pubkey";
            if by_source(ecosystem) && package.source.is_none() && built {
                self.sourceless.insert(&package.name);
            }
            let mut streams = extended::of(ecosystem, package);
            streams.retain(|stream| self.db.ecosystem(&stream.ecosystem).is_some());
            if self.nothing_applies(&asked, &streams) {
                self.judged(true, meta);
                continue;
            }
            let mut found = Found::default();
            let mut compared = true;
            for asked in asked {
                compared &= self.compare((index, package), &asked, &streams, &mut found);
            }
            self.judged(compared, meta);
            let findings = found.findings.into_iter();
            (self.matches.findings).extend(findings.map(|(_, finding)| finding));
        }
    }

    /// Compares all others: packages of languages and programs. What the distribution's package
    /// manager installed follows the distribution's word.
    pub(super) fn others(&mut self, judge: Option<(&'p str, PackageKind)>) {
        let judged = judge.map(|(_, kind)| kind);
        let purls: HashMap<&str, &'p Package> = self
            .packages
            .iter()
            .filter(|one| Some(one.package.kind) == judged)
            .map(|one| (one.package.purl.as_str(), &one.package))
            .collect();
        for (index, CatalogPackage { package, .. }) in self.packages.iter().enumerate() {
            if Some(package.kind) == judged || (package.kind.is_os() && judged.is_none()) {
                continue;
            }
            let subject = || Cow::Owned(format!("{} packages", package.kind.as_str()));
            if package.kind.is_os() {
                let reason = "they are not of the distribution's kind";
                self.leave(
                    index,
                    package,
                    IssueKind::NotJudged,
                    subject(),
                    Cow::Borrowed(reason),
                );
                continue;
            }
            let owner = package.owned_by.as_deref();
            let owner = owner.and_then(|purl| purls.get(purl).copied());
            let asked = match Asked::of_other(package) {
                Ok(asked) => asked,
                Err(_) if owner.is_some() => continue,
                Err(reason) => {
                    self.leave(index, package, IssueKind::NotJudged, subject(), reason);
                    continue;
                }
            };
            let meta = self.db.ecosystem(&asked.ecosystem);
            if !meta.is_some_and(|meta| meta.covered) {
                if owner.is_none() {
                    let kind = match &*asked.ecosystem {
                        languages::CPE => IssueKind::NotJudged,
                        _ => IssueKind::NoFeed,
                    };
                    let reason = format!("the database holds no feed for {}", asked.ecosystem);
                    self.leave(index, package, kind, subject(), Cow::Owned(reason));
                }
                continue;
            }
            if !in_scope(meta, &asked.name) {
                self.outside(index, &asked.ecosystem, package);
                continue;
            }
            if self.nothing_applies(std::slice::from_ref(&asked), &[]) {
                self.judged(true, meta);
                continue;
            }
            let mut found = Found::default();
            let done = self.compare((index, package), &asked, &[], &mut found);
            self.judged(done, meta);
            for (number, mut finding) in found.findings {
                let word = match (owner, judge) {
                    (Some(owner), Some((ecosystem, _))) => self.word(ecosystem, owner, number),
                    _ => None,
                };
                if let Some((reason, status)) = word {
                    finding.suppressed = Some(Suppression {
                        by: "distribution".to_owned(),
                        reason,
                        expires: String::new(),
                        status: Some(status),
                    });
                    self.matches.suppressed.push(finding);
                } else {
                    self.matches.findings.push(finding);
                }
            }
        }
    }

    /// Returns what the distribution says of a vulnerability in its package, where it speaks of it.
    fn word(
        &mut self,
        ecosystem: &str,
        owner: &'p Package,
        number: u32,
    ) -> Option<(String, VexStatus)> {
        for (name, _) in names(ecosystem, owner) {
            let Some(stated) = self.stated(ecosystem, name) else {
                continue;
            };
            let mut about = stated.statements.iter();
            let Some(statement) = about.find(|one| one.vulnerabilities.contains(&number)) else {
                continue;
            };
            let span = statement.span;
            let bounded = span.ranges().next().is_some() || span.versions().next().is_some();
            let (says, status) = if span.undecided() {
                let says = "has not decided of it yet".to_owned();
                (says, VexStatus::UnderInvestigation)
            } else if !bounded {
                let says = "says that it is not affected".to_owned();
                (says, VexStatus::NotAffected)
            } else if let Some(fixed) = span.ranges().find_map(|range| range.fixed) {
                (format!("fixed it in {fixed}"), VexStatus::Fixed)
            } else {
                let fix = match statement.fix {
                    FixState::WontFix => "will not be fixed",
                    FixState::Deferred => "is put off",
                    FixState::EndOfLife => "gets no fix any more",
                    FixState::Fixed | FixState::NotFixed | FixState::Unknown => "has no fix yet",
                };
                let says = format!("judges it under that package: it {fix}");
                (says, VexStatus::Affected)
            };
            let reason = format!(
                "it is installed by {ecosystem}'s package {}, and {ecosystem} {says}",
                owner.name
            );
            return Some((reason, status));
        }
        None
    }

    /// Counts a package as judged, with the feeds of its ecosystem.
    fn judged(&mut self, compared: bool, meta: Option<&EcosystemMeta>) {
        if compared {
            self.matches.judged += 1;
            let feeds = meta.map_or(&[][..], |meta| meta.feeds.as_slice());
            self.judged_by.extend(feeds);
        }
    }

    /// Notes that a package is outside of what an excerpt covers.
    fn outside(&mut self, index: usize, ecosystem: &str, package: &'p Package) {
        let reason = "the database holds an excerpt of this feed that does not cover them";
        let subject = Cow::Owned(ecosystem.to_owned());
        self.leave(
            index,
            package,
            IssueKind::PartialFeed,
            subject,
            Cow::Borrowed(reason),
        );
    }

    /// Notes that a package was not compared.
    fn leave(
        &mut self,
        index: usize,
        package: &'p Package,
        kind: IssueKind,
        subject: Cow<'p, str>,
        reason: Cow<'static, str>,
    ) {
        self.matches.not_judged.insert(index, reason.clone());
        let packages = self.left.entry((kind, subject, reason)).or_default();
        packages.insert(&package.name);
    }

    /// Compares a package under one name; says whether that could be done. What is stated under an
    /// earlier name decides before; `streams` are the paid continuations that may have made it.
    fn compare(
        &mut self,
        (index, package): (usize, &'p Package),
        asked: &Asked<'_>,
        streams: &[Extended],
        found: &mut Found,
    ) -> bool {
        let subject = &asked.subject();
        if !subject.scheme.is_valid(subject.version) {
            self.not_understood(index, package, subject);
            return false;
        }
        let stated = self.stated(&asked.ecosystem, &asked.name);
        let statements = stated.as_ref().map_or(&[][..], |stated| &stated.statements);
        let mut judged = judge::judge(statements, subject);
        let settled = &found.settled;
        (judged.undecided).retain(|number| !settled.contains_key(number));
        self.note(package, asked, &judged);
        let paid: Vec<_> = streams
            .iter()
            .filter_map(|stream| Some((stream, self.stated(&stream.ecosystem, &asked.name)?)))
            .collect();
        let paid: Vec<_> = paid
            .iter()
            .map(|(stream, stated)| {
                let hits = judge::judge(&stated.statements, subject).hits;
                (*stream, hits, judge::spoken(&stated.statements, subject))
            })
            .collect();
        let further = by_source(&asked.ecosystem) || !paid.is_empty();
        let spoken = if further {
            judge::spoken(statements, subject)
        } else {
            HashMap::new()
        };
        for hit in &judged.hits {
            let number = hit.vulnerability;
            if found.settled.contains_key(&number) || found.holds(number) {
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
            if !clear {
                self.add(index, asked, (hit, hit.fix, note.as_deref()), found);
            }
        }
        // What only a continuation speaks of.
        for (stream, hits, _) in &paid {
            for hit in hits {
                let number = hit.vulnerability;
                let known = spoken.contains_key(&number) || found.settled.contains_key(&number);
                if known || found.holds(number) {
                    continue;
                }
                let note = needs(stream, hit).filter(|_| !stream.own);
                let fix = match note {
                    Some(_) => FixState::NotFixed,
                    None => hit.fix,
                };
                self.add(index, asked, (hit, fix, note.as_deref()), found);
            }
        }
        found.settled.extend(spoken);
        true
    }

    /// Adds the finding of a hit, with its fix and what else is to be said.
    fn add(
        &mut self,
        index: usize,
        asked: &Asked<'_>,
        (hit, fix, note): (&Hit<'_, '_>, FixState, Option<&str>),
        found: &mut Found,
    ) {
        let about = finding::About {
            db: self.db,
            ecosystem: &asked.ecosystem,
            name: &asked.name,
            subject: &asked.subject(),
        };
        let entry = self.reader.vulnerability(hit.vulnerability);
        let reader = &self.reader;
        match entry.and_then(|entry| about.finding(index, hit, (fix, note), entry, reader)) {
            Ok(finding) => found.findings.push((hit.vulnerability, finding)),
            Err(damage) => self.damaged(&damage.0),
        }
    }

    /// Notes that a package's version is not understood.
    fn not_understood(&mut self, index: usize, package: &Package, subject: &Subject<'_>) {
        let shown = if subject.version.is_empty() {
            "the package states no version; it was not compared".to_owned()
        } else {
            format!(
                "`{}` is no {} version; it was not compared",
                subject.version,
                subject.scheme.as_str()
            )
        };
        let reason = Cow::Borrowed("its version is not understood");
        self.matches.not_judged.insert(index, reason);
        let issue = Issue::new(IssueKind::UnknownVersion, &package.name, shown);
        self.matches.gaps.push(issue);
    }

    /// Notes what feeds state of a package that decides nothing.
    fn note(&mut self, package: &'p Package, asked: &Asked<'_>, judged: &Judged<'_, '_>) {
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
                    asked.scheme.as_str(),
                    some(records.iter().map(String::as_str))
                ),
            ));
        }
        if !judged.undecided.is_empty() {
            let ecosystem = asked.ecosystem.clone().into_owned();
            let undecided = judged.undecided.iter();
            let of = self.undecided.entry(ecosystem).or_default();
            of.extend(undecided.map(|number| (*number, package.name.as_str())));
        }
    }

    /// Returns what is stated about a name.
    fn stated(&mut self, ecosystem: &str, name: &str) -> Option<Rc<PackageDisk<'d>>> {
        let key = (ecosystem.to_owned(), name.to_owned());
        if let Some(known) = self.stated.get(&key) {
            return known.clone();
        }
        let db = self.db;
        let blob = db.package(ecosystem, name);
        let decode = |blob: Option<Blob<'d>>| blob.map(|blob| db.statements(&blob)).transpose();
        let mut stated = blob.and_then(decode);
        if let (Some(prefix), Ok(Some(stated))) = (languages::authority(ecosystem), &mut stated) {
            self.authority_first(prefix, stated);
        }
        let stated = match stated {
            Ok(stated) => stated.map(Rc::new),
            Err(damage) => {
                self.damaged(&damage.0);
                None
            }
        };
        self.stated.insert(key, stated.clone());
        stated
    }

    /// Drops the statements about vulnerabilities that a record of the authority speaks of, too.
    fn authority_first(&self, prefix: &str, stated: &mut PackageDisk<'d>) {
        let reader = &self.reader;
        let own = |statement: &StatementDisk<'_>| {
            let record = reader.record(statement.record);
            record.is_ok_and(|record| record.starts_with(prefix))
        };
        let spoken: BTreeSet<u32> = (stated.statements.iter())
            .filter(|statement| own(statement))
            .flat_map(|statement| statement.vulnerabilities.iter().copied())
            .collect();
        stated.statements.retain(|statement| {
            let mut about = statement.vulnerabilities.iter();
            own(statement) || !about.any(|number| spoken.contains(number))
        });
    }

    /// Says whether no statement under any of a package's names says anything but that its version
    /// is not affected: then there is nothing to weigh, and that is so for most packages. False when
    /// that cannot be said at once, as when a part of the database is damaged.
    fn nothing_applies(&mut self, asked: &[Asked<'p>], streams: &[Extended]) -> bool {
        let db = self.db;
        for asked in asked {
            let subject = asked.subject();
            if !subject.scheme.is_valid(subject.version) {
                return false;
            }
            let none = |blob: Option<Blob<'_>>| {
                blob.is_none_or(|blob| judge::none_applies(&blob, &subject) == Some(true))
            };
            // Those of languages are looked up once each.
            let kept = asked.ecosystem == self.ecosystem;
            let blob = match self.blobs.get(&*asked.name).filter(|_| kept) {
                Some(blob) => *blob,
                None => match db.package(&asked.ecosystem, &asked.name) {
                    Ok(blob) => blob,
                    Err(_) => return false,
                },
            };
            if kept {
                self.blobs.entry(asked.name.clone()).or_insert(blob);
            }
            let paid = |stream: &Extended| {
                let blob = db.package(&stream.ecosystem, &asked.name);
                blob.is_ok_and(none)
            };
            if !none(blob) || !streams.iter().all(paid) {
                return false;
            }
        }
        true
    }

    /// Notes that a part of the database is damaged: what it held is not known. Once: what else is
    /// damaged helps nobody.
    fn damaged(&mut self, what: &str) {
        let mut gaps = self.matches.gaps.iter();
        if gaps.any(|gap| gap.kind == IssueKind::NoDatabase) {
            return;
        }
        self.matches.gaps.push(Issue::new(
            IssueKind::NoDatabase,
            "database",
            format!("a part of the database is damaged ({what}); build or download it again"),
        ));
    }

    /// Says what feeds have not decided.
    fn say_undecided(&mut self) {
        for (ecosystem, undecided) in std::mem::take(&mut self.undecided) {
            let mut names: BTreeSet<String> = BTreeSet::new();
            for (number, package) in undecided {
                match self.reader.vulnerability(number) {
                    Ok(entry) => {
                        names.insert(format!("{} in {package}", entry.id));
                    }
                    Err(damage) => self.damaged(&damage.0),
                }
            }
            self.matches.gaps.push(Issue::new(
                IssueKind::NotJudged,
                ecosystem,
                format!(
                    "the feed has not decided yet whether these apply ({}): {}",
                    names.len(),
                    some(names.iter().map(String::as_str))
                ),
            ));
        }
    }

    /// Returns what came of it, sorted.
    pub(super) fn finish(mut self) -> Matches {
        self.say_undecided();
        let mut matches = self.matches;
        for ((kind, subject, reason), packages) in self.left {
            let detail = format!(
                "{} packages were not compared, since {reason}: {}",
                packages.len(),
                some(packages.into_iter())
            );
            matches.gaps.push(Issue::new(kind, subject, detail));
        }
        if !self.sourceless.is_empty() {
            matches.gaps.push(Issue::new(
                IssueKind::NotJudged,
                self.ecosystem,
                format!(
                    "the feed names source packages, and {} packages do not say theirs, so they \
                     were compared by their own names only: {}",
                    self.sourceless.len(),
                    some(self.sourceless.into_iter())
                ),
            ));
        }
        for list in [&mut matches.findings, &mut matches.suppressed] {
            list.sort_by(|a, b| {
                (a.package, &a.id, &a.evidence).cmp(&(b.package, &b.id, &b.evidence))
            });
        }
        let feeds = self.judged_by.iter();
        matches.judged_by = feeds.map(|feed| self.db.feed(*feed).to_owned()).collect();
        matches.judged_by.sort();
        matches.gaps.sort();
        matches.gaps.dedup();
        matches
    }
}

/// Says whether an ecosystem's feed is full, or an excerpt that covers a name.
fn in_scope(meta: Option<&EcosystemMeta>, name: &str) -> bool {
    let scope = meta.and_then(|meta| meta.scope.as_deref());
    scope.is_none_or(|scope| scope.binary_search_by(|one| one.as_str().cmp(name)).is_ok())
}
