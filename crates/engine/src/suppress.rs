//! What is found and does not count, by the word of VEX documents and of exceptions.
//!
//! The newest VEX statement that is about a finding decides; where two are as new, one about the package
//! as a part of something over one about the package anywhere, then the later in the order of the
//! documents and in the document. Only `not_affected` and `fixed` suppress. Exceptions come
//! after VEX, and both after what the distribution says. Nothing is dropped: what is suppressed stays in
//! the report, with the reason.

use std::collections::{BTreeMap, HashMap};

use plimsoll_formats::vex::{Document, Name, Product, Statement};
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::purl::Purl;
use plimsoll_model::report::{
    CatalogPackage, ImageFacts, Suppression, VexStatus, VulnerabilityFinding,
};

use crate::exceptions::Exception;
use crate::paths::Dependents;

/// Is everything that the user states beside the image.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    /// VEX documents, in the order given.
    pub vex: Vec<Document>,
    /// Exceptions, in the file's order.
    pub exceptions: Vec<Exception>,
    /// The stage that the image is judged for.
    pub stage: Option<String>,
}

/// Is what statements are held against.
pub(crate) struct Subject<'a> {
    pub(crate) image: &'a ImageFacts,
    pub(crate) packages: &'a [CatalogPackage],
    pub(crate) dependents: &'a Dependents<'a>,
    /// Today, `YYYY-MM-DD`.
    pub(crate) today: &'a str,
}

/// Marks the findings that do not count; returns what is to be said of the documents.
pub(crate) fn apply(
    findings: &mut [VulnerabilityFinding],
    subject: &Subject<'_>,
    suppressions: &Suppressions,
) -> Vec<Issue> {
    let mut issues = Vec::new();
    for document in &suppressions.vex {
        unread(document, &mut issues);
    }
    if suppressions.vex.iter().any(|d| !d.statements.is_empty()) {
        apply_vex(findings, subject, &suppressions.vex);
    }
    if !suppressions.exceptions.is_empty() {
        apply_exceptions(findings, subject, suppressions, &mut issues);
    }
    issues
}

fn unread(document: &Document, issues: &mut Vec<Issue>) {
    let mut say = |count: usize, what: &str| {
        if count > 0 {
            let detail = format!("passed over: {count} {what}");
            issues.push(Issue::new(
                IssueKind::UnreadStatement,
                &document.name,
                detail,
            ));
        }
    };
    say(
        document.unknown_statuses,
        "of its statements, whose status is not known",
    );
    say(
        document.unknown_products,
        "of its products, which no package or image can be compared with",
    );
}

/// Is one statement with what decides between several.
struct Candidate<'a> {
    time: Option<i64>,
    /// The place among all statements of all documents.
    place: usize,
    statement: &'a Statement,
    document: &'a Document,
}

fn apply_vex(findings: &mut [VulnerabilityFinding], subject: &Subject<'_>, documents: &[Document]) {
    let mut by_id: HashMap<String, Vec<Candidate<'_>>> = HashMap::new();
    let all = documents
        .iter()
        .flat_map(|document| document.statements.iter().map(move |one| (document, one)));
    for (place, (document, statement)) in all.enumerate() {
        for id in &statement.ids {
            by_id.entry(folded(id)).or_default().push(Candidate {
                time: statement.time,
                place,
                statement,
                document,
            });
        }
    }
    for candidates in by_id.values_mut() {
        candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.time));
    }
    let mut index: Option<Index<'_>> = None;
    for finding in findings {
        if finding.suppressed.is_some() {
            continue;
        }
        let mut ids: Vec<String> = names(finding).collect();
        ids.sort();
        ids.dedup();
        let lists: Vec<&Vec<Candidate<'_>>> = ids.iter().filter_map(|id| by_id.get(id)).collect();
        if lists.is_empty() {
            continue;
        }
        let index = index.get_or_insert_with(|| Index::new(subject));
        let Some(Candidate {
            statement,
            document,
            ..
        }) = newest(&lists, index, finding.package)
        else {
            continue;
        };
        if matches!(statement.status, VexStatus::NotAffected | VexStatus::Fixed) {
            let separator = if statement.reason.is_empty() {
                ""
            } else {
                ", "
            };
            finding.suppressed = Some(Suppression {
                by: "vex".to_owned(),
                reason: format!(
                    "{}: {}{separator}{}",
                    document.name,
                    statement.status.as_str(),
                    statement.reason
                ),
                expires: String::new(),
                status: Some(statement.status),
            });
        }
    }
}

/// What decides between statements: the time, whether it is about a part, the place.
type Rank = (Option<i64>, bool, usize);

/// Returns the statement that decides about a package, of lists with the newest first.
fn newest<'a>(
    lists: &[&'a Vec<Candidate<'a>>],
    index: &Index<'_>,
    package: usize,
) -> Option<&'a Candidate<'a>> {
    let mut best: Option<(Rank, &Candidate<'_>)> = None;
    for list in lists {
        for candidate in *list {
            if best.is_some_and(|((time, ..), _)| candidate.time < time) {
                break;
            }
            let fitting = candidate.statement.products.iter();
            let as_part = fitting
                .filter(|product| index.applies(product, package))
                .map(|product| !product.parts.is_empty())
                .max();
            let Some(as_part) = as_part else { continue };
            let rank = (candidate.time, as_part, candidate.place);
            if best.is_none_or(|(of_best, _)| rank > of_best) {
                best = Some((rank, candidate));
            }
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn folded(id: &str) -> String {
    id.trim().to_ascii_lowercase()
}

fn names(finding: &VulnerabilityFinding) -> impl Iterator<Item = String> {
    std::iter::once(&finding.id)
        .chain(&finding.aliases)
        .map(|id| folded(id))
}

/// What versions and qualifiers do not change: type, namespace, name.
type Key = (String, Vec<String>, String);

/// Finds the packages that names fit.
struct Index<'a> {
    subject: &'a Subject<'a>,
    repository: Repository,
    purls: Vec<Option<Purl>>,
    by_key: HashMap<Key, Vec<usize>>,
    by_source: HashMap<&'a str, Vec<usize>>,
    by_name: HashMap<&'a str, Vec<usize>>,
    by_purl: HashMap<&'a str, usize>,
}

impl<'a> Index<'a> {
    fn new(subject: &'a Subject<'a>) -> Self {
        let mut index = Self {
            subject,
            repository: Repository::of(&subject.image.reference),
            purls: Vec::with_capacity(subject.packages.len()),
            by_key: HashMap::new(),
            by_source: HashMap::new(),
            by_name: HashMap::new(),
            by_purl: HashMap::new(),
        };
        for (place, entry) in subject.packages.iter().enumerate() {
            let package = &entry.package;
            let purl: Option<Purl> = package.purl.parse().ok();
            if let Some(purl) = &purl {
                index.by_key.entry(key(purl)).or_default().push(place);
            }
            index.purls.push(purl);
            index.by_name.entry(&package.name).or_default().push(place);
            index.by_purl.insert(&package.purl, place);
            if let Some(source) = &package.source {
                index.by_source.entry(&source.name).or_default().push(place);
            }
        }
        index
    }

    /// Says whether a product, or the part of it that is meant, is this package or holds it: the image,
    /// the package itself, or one that it is in the image for alone.
    fn applies(&self, product: &Product, package: usize) -> bool {
        let part = product.parts.iter().any(|names| {
            let mut names = names.iter();
            names.any(|name| self.fits(name, package))
        });
        if !product.parts.is_empty() && !part {
            return false;
        }
        if product.names.iter().any(|name| self.is_image(name)) {
            return true;
        }
        if product.parts.is_empty() && product.names.iter().any(|name| self.fits(name, package)) {
            return true;
        }
        let whole: Vec<usize> = product
            .names
            .iter()
            .flat_map(|name| self.packages(name))
            .collect();
        if whole.is_empty() {
            return false;
        }
        let owner = self.subject.packages.get(package);
        let owner = owner.and_then(|entry| entry.package.owned_by.as_deref());
        let owner = owner.and_then(|purl| self.by_purl.get(purl));
        owner.is_some_and(|owner| whole.contains(owner))
            || self.subject.dependents.only_through(package, &whole)
    }

    fn fits(&self, name: &Name, package: usize) -> bool {
        self.packages(name).contains(&package)
    }

    /// Returns the packages that a name fits.
    fn packages(&self, name: &Name) -> Vec<usize> {
        match name {
            Name::Digest(_) => Vec::new(),
            Name::Text(text) => {
                let Some((name, version)) = text.rsplit_once(['@', ' ']) else {
                    return Vec::new();
                };
                let named = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
                named
                    .iter()
                    .copied()
                    .filter(|place| {
                        let entry = self.subject.packages.get(*place);
                        entry.is_some_and(|entry| entry.package.version == version)
                    })
                    .collect()
            }
            Name::Purl(pattern) => {
                if matches!(pattern.qualifier("arch"), "source" | "src") {
                    return self.built_from(pattern);
                }
                let same = self
                    .by_key
                    .get(&key(pattern))
                    .map_or(&[][..], Vec::as_slice);
                same.iter()
                    .copied()
                    .filter(|place| {
                        let purl = self.purls.get(*place).and_then(Option::as_ref);
                        purl.is_some_and(|purl| same_package(pattern, purl))
                    })
                    .collect()
            }
        }
    }

    /// Returns the packages that were built from a source package: what distributions state of a
    /// source holds for all of them.
    fn built_from(&self, pattern: &Purl) -> Vec<usize> {
        let named = self.by_source.get(pattern.name.as_str());
        let itself = self.by_name.get(pattern.name.as_str());
        let all = named.into_iter().chain(itself).flatten().copied();
        all.filter(|place| {
            let entry = self.subject.packages.get(*place);
            let purl = self.purls.get(*place).and_then(Option::as_ref);
            let (Some(entry), Some(purl)) = (entry, purl) else {
                return false;
            };
            let package = &entry.package;
            let version = match &package.source {
                Some(source) if source.name == pattern.name => &source.version,
                Some(_) => return false,
                None => &package.version,
            };
            let mut qualifiers = pattern.qualifiers.iter().filter(|(key, _)| *key != "arch");
            pattern.kind == purl.kind
                && pattern.namespace == purl.namespace
                && (pattern.version.is_empty() || pattern.version == *version)
                && qualifiers.all(|(key, value)| purl.qualifier(key) == value)
        })
        .collect()
    }

    fn is_image(&self, name: &Name) -> bool {
        let image = self.subject.image;
        let is_digest = |digest: &str| {
            let own = [&image.digest, &image.config_digest];
            own.into_iter().flatten().any(|own| own.as_str() == digest)
                || (!digest.is_empty() && self.repository.digest == digest)
        };
        match name {
            Name::Digest(digest) => is_digest(digest),
            Name::Text(text) => self.repository.fits(&Repository::named(text)),
            Name::Purl(purl) if purl.kind == "oci" => {
                // A digest says all; without one it is every image of that name.
                if !purl.version.is_empty() {
                    return is_digest(&purl.version) && self.is_platform(purl);
                }
                let repository = purl.qualifier("repository_url");
                let wanted = Repository {
                    tag: purl.qualifier("tag").to_owned(),
                    ..Repository::named(repository)
                };
                let named = if repository.is_empty() {
                    self.repository.last() == purl.name && self.repository.tagged(&wanted.tag)
                } else {
                    self.repository.fits(&wanted)
                };
                named && self.is_platform(purl)
            }
            Name::Purl(purl) if purl.kind == "docker" => {
                if purl.version.starts_with("sha256:") {
                    return is_digest(&purl.version);
                }
                let mut path = purl.namespace.clone();
                path.push(purl.name.clone());
                let host = purl.qualifier("repository_url");
                let separator = if host.is_empty() { "" } else { "/" };
                let text = format!("{host}{separator}{}", path.join("/"));
                let wanted = Repository {
                    tag: purl.version.clone(),
                    ..Repository::named(&text)
                };
                self.repository.fits(&wanted)
            }
            Name::Purl(_) => false,
        }
    }

    fn is_platform(&self, purl: &Purl) -> bool {
        let arch = purl.qualifier("arch");
        let own = self.subject.image.platform.split('/').nth(1);
        arch.is_empty() || own == Some(arch)
    }
}

fn key(purl: &Purl) -> Key {
    (purl.kind.clone(), purl.namespace.clone(), purl.name.clone())
}

/// Says whether a purl is of the package that a pattern names: in any version where the pattern has
/// none, with at least the qualifiers of the pattern. Versions of Go are the same with and without `v`.
pub(crate) fn same_package(pattern: &Purl, purl: &Purl) -> bool {
    let version = |purl: &Purl| match (purl.kind.as_str(), purl.version.strip_prefix('v')) {
        ("golang", Some(rest)) => rest.to_owned(),
        _ => purl.version.clone(),
    };
    pattern.kind == purl.kind
        && pattern.namespace == purl.namespace
        && pattern.name == purl.name
        && (pattern.version.is_empty() || version(pattern) == version(purl))
        && (pattern.subpath.is_empty() || pattern.subpath == purl.subpath)
        && pattern
            .qualifiers
            .iter()
            .all(|(key, value)| purl.qualifier(key) == value)
}

/// Is a repository of images, with a tag or a digest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Repository {
    /// Host and path, as Docker Hub's own names in short; empty for none.
    name: String,
    tag: String,
    digest: String,
}

impl Repository {
    /// Returns the repository that a reference names; none for files.
    fn of(reference: &str) -> Self {
        let (scheme, rest) = reference.split_once(':').unwrap_or(("", reference));
        match scheme {
            "registry" | "docker" | "podman" => Self::named(rest),
            "containerd" => Self::named(rest.split_once("//").map_or(rest, |(_, name)| name)),
            "docker-archive" | "oci-archive" | "oci-dir" | "dir" | "sbom" => Self::default(),
            _ if reference.starts_with(['/', '.']) => Self::default(),
            _ => Self::named(reference),
        }
    }

    fn named(text: &str) -> Self {
        let (text, digest) = text.split_once('@').unwrap_or((text, ""));
        let (name, tag) = match text.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (text, ""),
        };
        let hub = ["docker.io/", "index.docker.io/", "registry-1.docker.io/"];
        let name = hub
            .iter()
            .find_map(|host| name.strip_prefix(host))
            .unwrap_or(name);
        Self {
            name: name
                .strip_prefix("library/")
                .unwrap_or(name)
                .to_ascii_lowercase(),
            tag: tag.to_owned(),
            digest: digest.to_owned(),
        }
    }

    /// Says whether this image is meant by what may name no tag.
    fn fits(&self, wanted: &Self) -> bool {
        !self.name.is_empty() && self.name == wanted.name && self.tagged(&wanted.tag)
    }

    fn tagged(&self, tag: &str) -> bool {
        let own = match self.tag.as_str() {
            "" if self.digest.is_empty() => "latest",
            tag => tag,
        };
        tag.is_empty() || tag == own
    }

    fn last(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or("")
    }
}

fn apply_exceptions(
    findings: &mut [VulnerabilityFinding],
    subject: &Subject<'_>,
    suppressions: &Suppressions,
    issues: &mut Vec<Issue>,
) {
    let stage = suppressions.stage.as_deref();
    let mut by_id: HashMap<String, Vec<usize>> = HashMap::new();
    let mut matched: BTreeMap<usize, usize> = BTreeMap::new();
    for (place, exception) in suppressions.exceptions.iter().enumerate() {
        if exception.holds_at(stage) {
            by_id.entry(folded(&exception.id)).or_default().push(place);
            matched.insert(place, 0);
        }
    }
    for finding in findings {
        let Some(entry) = subject.packages.get(finding.package) else {
            continue;
        };
        let mut places: Vec<usize> = names(finding)
            .filter_map(|id| by_id.get(&id))
            .flatten()
            .copied()
            .collect();
        places.sort_unstable();
        places.dedup();
        for place in places {
            let Some(exception) = suppressions.exceptions.get(place) else {
                continue;
            };
            if !exception.covers(&entry.package) {
                continue;
            }
            *matched.entry(place).or_default() += 1;
            let holds = exception.expires.as_str() >= subject.today;
            if holds && finding.suppressed.is_none() {
                finding.suppressed = Some(Suppression {
                    by: "exception".to_owned(),
                    reason: format!("{} (accepted by {})", exception.reason, exception.owner),
                    expires: exception.expires.clone(),
                    status: None,
                });
            }
        }
    }
    for (place, count) in matched {
        let Some(exception) = suppressions.exceptions.get(place) else {
            continue;
        };
        let expired = exception.expires.as_str() < subject.today;
        let (kind, detail) = match (expired, count) {
            (true, 0) => (
                IssueKind::ExpiredException,
                format!(
                    "the exception of {} ended on {}; nothing was found that it is for",
                    exception.owner, exception.expires
                ),
            ),
            (true, _) => (
                IssueKind::ExpiredException,
                format!(
                    "the exception of {} ended on {} and suppresses nothing any more: fix {} or \
                     accept the risk anew",
                    exception.owner, exception.expires, exception.id
                ),
            ),
            (false, 0) => (
                IssueKind::UnusedException,
                format!(
                    "nothing was found that the exception of {} until {} is for",
                    exception.owner, exception.expires
                ),
            ),
            (false, _) => continue,
        };
        issues.push(Issue::new(kind, &exception.id, detail));
    }
}

#[cfg(test)]
mod tests;
