//! Gathers what a document says and makes the inventory of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_model::distro::Distro;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::package::Package;
use plimsoll_model::report::{CatalogPackage, ImageFacts, Inventory};

use super::stated::{Skipped, Stated};
use super::vendors;
use crate::sbom::fields;

/// The most packages that are read.
const MAX_PACKAGES: usize = 500_000;
/// The most statements of who needs whom that are read.
const MAX_EDGES: usize = 5_000_000;
/// How many names an issue lists.
const NAMES: usize = 5;

/// Gathers what a document says.
pub(super) struct Collector {
    /// What the document is called.
    name: String,
    /// The image, as far as the document tells.
    pub(super) image: ImageFacts,
    /// The distribution, as the document states it.
    pub(super) distro: Option<Distro>,
    /// The identifiers of what the document is about: no packages.
    pub(super) subjects: BTreeSet<String>,
    /// Whether the document lies beside what it describes: what it is about counts as a package
    /// where it can be one, and what it excludes does not.
    pub(super) embedded: bool,
    stated: Vec<Stated>,
    needs: Vec<(String, String)>,
    owners: Vec<(String, String)>,
    gaps: Vec<Issue>,
}

impl Collector {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            image: ImageFacts::default(),
            distro: None,
            subjects: BTreeSet::new(),
            embedded: false,
            stated: Vec::new(),
            needs: Vec::new(),
            owners: Vec::new(),
            gaps: Vec::new(),
        }
    }

    /// Notes that a part of the document could not be read.
    pub(super) fn damaged(&mut self, problem: impl AsRef<str>) {
        self.gap(IssueKind::DamagedMetadata, problem.as_ref());
    }

    fn gap(&mut self, kind: IssueKind, detail: &str) {
        let issue = Issue::new(kind, &self.name, detail);
        if !self.gaps.contains(&issue) {
            self.gaps.push(issue);
        }
    }

    /// Adds a component.
    pub(super) fn add(&mut self, stated: Stated) {
        if self.stated.len() < MAX_PACKAGES {
            self.stated.push(stated);
        } else {
            let detail =
                format!("it lists more than {MAX_PACKAGES} packages; the rest was not read");
            self.gap(IssueKind::LimitReached, &detail);
        }
    }

    /// Notes that one component needs another.
    pub(super) fn needs(&mut self, from: &str, to: &str) {
        if self.needs.len() < MAX_EDGES {
            self.needs.push((from.to_owned(), to.to_owned()));
        } else {
            self.gap(
                IssueKind::LimitReached,
                "it states more dependencies than are read",
            );
        }
    }

    /// Notes that the files of one component belong to another.
    pub(super) fn owns(&mut self, owner: &str, other: &str) {
        if self.owners.len() < MAX_EDGES {
            self.owners.push((owner.to_owned(), other.to_owned()));
        }
    }

    /// Takes what fields of our own say of the image, its distribution and what could not be read.
    pub(super) fn apply(&mut self, of: &[(String, String)]) {
        let pairs = || {
            of.iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
        };
        fields::apply_image(&mut self.image, pairs());
        if let Some(distro) = fields::distro(pairs()) {
            self.distro = Some(distro);
        }
        self.gaps.extend(fields::gaps(pairs()));
    }

    /// Makes the inventory.
    pub(super) fn finish(mut self) -> Inventory {
        let mut packages = Vec::with_capacity(self.stated.len());
        let mut by_id: HashMap<String, usize> = HashMap::new();
        let mut skipped: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut nameless: BTreeSet<String> = BTreeSet::new();
        let mut distros: BTreeMap<Distro, usize> = BTreeMap::new();
        let layers = layers_by_digest(&self.image);
        for stated in std::mem::take(&mut self.stated) {
            let subject = self.subjects.contains(&stated.id);
            if subject && !self.embedded {
                continue;
            }
            let (package, layer) = match stated.package() {
                Ok(made) => made,
                // It need not be a package: most documents are about an image or a project.
                Err(_) if subject => continue,
                Err(Skipped::Other) => continue,
                Err(Skipped::Kind(kind)) => {
                    skipped.entry(kind).or_default().insert(stated.name);
                    continue;
                }
                Err(Skipped::NoPurl) => {
                    let unnamed = stated.name.is_empty();
                    nameless.insert(if unnamed {
                        "(no name)".to_owned()
                    } else {
                        stated.name
                    });
                    continue;
                }
            };
            if let Some(distro) = vendors::distro_of_purl(&package) {
                *distros.entry(distro).or_default() += 1;
            }
            let layer = layer
                .or_else(|| layers.get(stated.layer.as_str()).copied())
                .unwrap_or_default();
            by_id.insert(stated.id, packages.len());
            packages.push(CatalogPackage { package, layer });
        }
        join(&mut packages, &by_id, &self.needs, &self.owners);
        sort(&mut packages);
        if self.distro.is_none() {
            let most = distros.into_iter().max_by_key(|(_, count)| *count);
            self.distro = most.map(|(distro, _)| distro);
        }
        for (kind, names) in &skipped {
            self.gaps.push(Issue::new(
                IssueKind::Unsupported,
                format!("{kind} packages"),
                format!(
                    "the SBOM lists {} of a kind that is not known here: {}",
                    names.len(),
                    some(names)
                ),
            ));
        }
        if !nameless.is_empty() {
            self.gaps.push(Issue::new(
                IssueKind::Unsupported,
                "components without a package URL",
                format!(
                    "the SBOM lists {}, whose kind is not known: {}",
                    nameless.len(),
                    some(&nameless)
                ),
            ));
        }
        if packages.is_empty() {
            self.gap(
                IssueKind::NothingRecognized,
                "no package was recognised in the SBOM, so nothing could be judged",
            );
        }
        self.gaps.sort();
        self.gaps.dedup();
        self.image.distro = self.distro;
        if self.image.reference.is_empty() {
            self.image.reference = self.name;
        }
        Inventory {
            image: self.image,
            packages,
            gaps: self.gaps,
        }
    }
}

fn layers_by_digest(image: &ImageFacts) -> HashMap<String, usize> {
    let mut found = HashMap::new();
    for (index, layer) in image.layers.iter().enumerate() {
        for digest in [&layer.digest, &layer.diff_id].into_iter().flatten() {
            found.entry(digest.as_str().to_owned()).or_insert(index);
        }
    }
    found
}

/// Sets who needs whom and whose files belong to whom.
fn join(
    packages: &mut [CatalogPackage],
    by_id: &HashMap<String, usize>,
    needs: &[(String, String)],
    owners: &[(String, String)],
) {
    let place = |id: &String| by_id.get(id).copied();
    for (from, to) in needs {
        let (Some(from), Some(to)) = (place(from), place(to)) else {
            continue;
        };
        let purl = packages.get(to).map(|entry| entry.package.purl.clone());
        if let (Some(purl), Some(entry)) = (purl, packages.get_mut(from))
            && !purl.is_empty()
            && from != to
        {
            entry.package.depends_on.push(purl);
        }
    }
    for (owner, other) in owners {
        let (Some(owner), Some(other)) = (place(owner), place(other)) else {
            continue;
        };
        // Only what the distribution installed is judged with its package.
        let purl = packages
            .get(owner)
            .filter(|entry| entry.package.kind.is_os())
            .map(|entry| entry.package.purl.clone());
        if let (Some(purl), Some(entry)) = (purl, packages.get_mut(other))
            && !entry.package.kind.is_os()
            && entry.package.owned_by.is_none()
        {
            entry.package.owned_by = Some(purl);
        }
    }
    for entry in packages {
        entry.package.depends_on.sort();
        entry.package.depends_on.dedup();
    }
}

/// Sorts packages as a scan does: by kind, name, version, architecture, places.
fn sort(packages: &mut [CatalogPackage]) {
    fn key(package: &Package) -> (&str, &str, &str, Option<&str>, &[String]) {
        (
            package.kind.as_str(),
            &package.name,
            &package.version,
            package.arch.as_deref(),
            &package.locations,
        )
    }
    packages.sort_by(|a, b| key(&a.package).cmp(&key(&b.package)));
}

fn some(names: &BTreeSet<String>) -> String {
    let mut shown: Vec<&str> = names.iter().take(NAMES).map(String::as_str).collect();
    if names.len() > NAMES {
        shown.push("…");
    }
    shown.join(", ")
}
