//! SBOMs that lie in an image: those of Python's wheels (PEP 770), of Bitnami's components, and of
//! whoever puts one beside what it describes.
//!
//! Owns what counts of such a document. How the formats are read is `plimsoll_formats`'. A document is a
//! statement of somebody else: it adds what nothing else finds, and decides nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use memchr::memmem;
use plimsoll_formats::sbom::read;
use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::package::Package;
use plimsoll_model::path::{file_name, parent};

use super::assembly::collect_each;
use super::damage::text;
use super::kit::{Found, MIB, json, property, requirement};
use super::purl::purl;

/// The largest document that is read, in bytes.
const LIMIT: u64 = 64 * MIB;
/// The property that names the document which lists a package.
pub const PROPERTY: &str = "embedded_sbom";
/// The note that keeps which packages of operating systems a document lists.
const OF_SYSTEMS: &str = "os-packages";
/// How many names an issue lists.
const NAMES: usize = 5;

/// Catalogs what SBOMs in the image list.
pub struct EmbeddedSbom;

impl Analyzer for EmbeddedSbom {
    fn name(&self) -> &'static str {
        "sbom/embedded"
    }

    fn version(&self) -> u32 {
        2
    }

    fn about(&self) -> About {
        About {
            title: "SBOMs in images",
            reads: &[
                (
                    "*.dist-info/sboms/*.json",
                    "what a Python wheel has within it (PEP 770): crates, bundled libraries",
                ),
                (
                    "/opt/bitnami/**/.spdx-*.spdx",
                    "components of Bitnami with licences, their revision apart from the version as Bitnami's advisories want it, and what is built into them",
                ),
                (
                    "/opt/bitnami/.bitnami_components.json",
                    "components of Bitnami's older images",
                ),
                (
                    "*.spdx.json, *.cdx.json, *.cyclonedx.json, *.syft.json, *.spdx",
                    "packages with licences and what they depend on; CycloneDX, SPDX 2 and 3, Syft's own",
                ),
                (
                    "bom.json, *.bom.json, sbom.json, *.sbom.json with the marks of CycloneDX or SPDX at the beginning",
                    "the same",
                ),
            ],
            not_read: &[
                "Packages of operating systems that such a document lists: what is installed stands in the package database. Where there is none, and where a wheel brings copies of their files, the report says that they were not judged.",
                "A package that is found by itself in the image, in whatever layer, is not listed again because a document names it too.",
                "Documents below folders for tests, fixtures, examples, samples and templates: what they list is not there.",
                "Which files belong to a component of Bitnami: its document names none, so that programs in its folder are listed beside it.",
                "Components that a CycloneDX document marks as `excluded`: only the build or the tests used them.",
                "SBOMs within archives: packages in archives are found by themselves.",
            ],
            certainty: "As certain as the document, which nobody checked against the files; packages known from it alone have the property `embedded_sbom`. Bitnami's documents are its package database.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if !matches!(entry.path.last(), Some(b'n' | b'x')) || entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        match Place::of(entry.path) {
            Some(Place::Unsure) if !marked(entry.head) => Want::Nothing,
            Some(_) => Want::Whole { limit: LIMIT },
            None => Want::Nothing,
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let Some(place) = Place::of(entry.path) else {
            return;
        };
        let mut found = Found::default();
        match place {
            Place::BitnamiList => {
                read_components(content.bytes, &mut found);
                return found.finish(entry, content, facts);
            }
            _ => read_document(place, entry, content, &mut found),
        }
        // Everything that is wrong was noted: a document cut at the limit does not end as JSON does.
        let whole = Content {
            truncated: content.truncated && place == Place::Bitnami,
            ..content
        };
        found.finish(entry, whole, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let mut at: BTreeMap<String, usize> = BTreeMap::new();
        let mut edges: Vec<(usize, &str)> = Vec::new();
        for (path, one) in collect_each(view) {
            let mut package = one.package;
            package.purl = purl(&package, None);
            if package.kind != PackageKind::Bitnami {
                property(&mut package, PROPERTY, &path.to_text());
            }
            let next = out.packages.len();
            let index = *at.entry(package.purl.clone()).or_insert(next);
            edges.extend(
                one.fact
                    .requires
                    .iter()
                    .flatten()
                    .map(|needed| (index, needed.name.as_str())),
            );
            if index == next {
                out.packages.push((package, one.introduced));
            } else if let Some((held, introduced)) = out.packages.get_mut(index) {
                join(held, package);
                *introduced = one.introduced.min(*introduced);
            }
        }
        for (from, to) in edges {
            if at.get(to).is_some_and(|index| *index != from)
                && let Some((package, _)) = out.packages.get_mut(from)
            {
                package.depends_on.push(to.to_owned());
            }
        }
        for (package, _) in &mut out.packages {
            package.depends_on.sort();
            package.depends_on.dedup();
        }
        for located in view.facts {
            let Fact::Note { key, value } = located.fact else {
                continue;
            };
            // With a distribution they are those of the image, except for the copies of a wheel.
            let copies = Place::of(located.path.as_bytes()) == Some(Place::Wheel);
            if key == OF_SYSTEMS && (copies || view.distro.is_none()) {
                let issue = Issue::new(IssueKind::Unsupported, located.path.to_text(), value);
                out.issues.push(issue);
            }
        }
    }
}

/// Is what the place of a file says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It is the document of a component of Bitnami.
    Bitnami,
    /// It is the list of components in Bitnami's older images.
    BitnamiList,
    /// It is the document of a Python wheel.
    Wheel,
    /// It is called as only SBOMs are.
    Named,
    /// It may be one.
    Unsure,
}

impl Place {
    fn of(path: &[u8]) -> Option<Self> {
        let name = file_name(path);
        if path.starts_with(b"opt/bitnami/") {
            if name == b".bitnami_components.json" {
                return Some(Self::BitnamiList);
            }
            if name.starts_with(b".spdx-") && name.ends_with(b".spdx") {
                return Some(Self::Bitnami);
            }
        }
        let json = name.ends_with(b".json");
        if json && parent(path).ends_with(b".dist-info/sboms") {
            return Some(Self::Wheel);
        }
        let is = |endings: &[&[u8]]| endings.iter().any(|ending| name.ends_with(ending));
        let place = if !json {
            name.ends_with(b".spdx").then_some(Self::Unsure)?
        } else if is(&[
            b".spdx.json",
            b".cdx.json",
            b".cyclonedx.json",
            b".syft.json",
        ]) {
            Self::Named
        } else if is(&[b".bom.json", b".sbom.json"]) || matches!(name, b"bom.json" | b"sbom.json") {
            Self::Unsure
        } else {
            return None;
        };
        let aside = path.split(|byte| *byte == b'/').any(|folder| {
            matches!(
                folder,
                b"test"
                    | b"tests"
                    | b"testdata"
                    | b"test-fixtures"
                    | b"__tests__"
                    | b"fixtures"
                    | b"example"
                    | b"examples"
                    | b"samples"
                    | b"template"
                    | b"templates"
            )
        });
        (!aside).then_some(place)
    }
}

/// Says whether a file begins as an SBOM does.
fn marked(head: &[u8]) -> bool {
    [
        &b"bomFormat"[..],
        b"spdxVersion",
        b"SPDXVersion:",
        b"cyclonedx.org/schema",
        b"spdx.org/rdf/3",
    ]
    .iter()
    .any(|mark| memmem::find(head, mark).is_some())
}

fn read_document(place: Place, entry: &Entry<'_>, content: Content<'_>, found: &mut Found) {
    // What happens to Bitnami's documents happens to its package database.
    let lost = if place == Place::Bitnami {
        IssueKind::DamagedMetadata
    } else {
        IssueKind::Unsupported
    };
    let inventory = match read::read_embedded(content.bytes, "") {
        Ok(inventory) => inventory,
        Err(problem) => {
            if place == Place::Bitnami {
                found.damage.push(lost, || problem.to_string());
            }
            return;
        }
    };
    if inventory.packages.is_empty() && templated(content.bytes) {
        return;
    }
    let mut canonical: HashMap<String, String> = HashMap::new();
    let mut kept: BTreeMap<String, Package> = BTreeMap::new();
    let mut of_systems: BTreeSet<String> = BTreeSet::new();
    for one in inventory.packages {
        let mut package = one.package;
        if package.kind.is_os() {
            of_systems.insert(format!("{} {}", package.name, package.version));
            continue;
        }
        if templated(package.name.as_bytes()) || templated(package.version.as_bytes()) {
            continue;
        }
        let stated = std::mem::take(&mut package.purl);
        clean(&mut package);
        // Without what tells files and parts of it apart (`file_name`, a subpath): they are the package.
        let own = purl(&package, None);
        if own.is_empty() {
            continue;
        }
        canonical.insert(stated, own.clone());
        match kept.get_mut(&own) {
            Some(held) => join(held, package),
            None => {
                kept.insert(own, package);
            }
        }
    }
    for package in kept.into_values() {
        let mut package = package;
        let needed = std::mem::take(&mut package.depends_on);
        let needed = needed.iter().filter_map(|purl| canonical.get(purl));
        let needed: BTreeSet<&String> = needed.collect();
        package.requires = needed
            .into_iter()
            .map(|purl| vec![requirement(purl, "")])
            .collect();
        found.push(package);
    }
    if !of_systems.is_empty() {
        let detail = format!(
            "not judged of what the SBOM lists: {} of an operating system: {}",
            packages(of_systems.len()),
            some(&of_systems)
        );
        found.note(OF_SYSTEMS, detail);
    }
    for gap in inventory.gaps {
        let about = match gap.kind {
            IssueKind::DamagedMetadata | IssueKind::LimitReached => lost,
            IssueKind::Unsupported => IssueKind::Unsupported,
            _ => continue,
        };
        found.damage.push(about, || {
            if gap.subject.is_empty() {
                gap.detail
            } else {
                format!("{}: {}", gap.subject, gap.detail)
            }
        });
    }
    if content.truncated && place != Place::Bitnami {
        let (kept, all) = (content.bytes.len(), entry.size);
        found
            .damage
            .push(lost, || format!("only {kept} of {all} bytes were read"));
    }
}

/// Makes a package that a document states one of this image: its places and layers are not those of
/// the document's author, and texts are bounded.
fn clean(package: &mut Package) {
    package.locations = Vec::new();
    package.owned_by = None;
    package.name = text(package.name.as_bytes());
    package.version = text(package.version.as_bytes());
    for license in &mut package.licenses {
        *license = text(license.as_bytes());
    }
    package.properties = std::mem::take(&mut package.properties)
        .into_iter()
        .map(|(name, value)| (text(name.as_bytes()), text(value.as_bytes())))
        // It is what a jar is anyway, and Maven's packages are named without it.
        .filter(|(name, value)| !(name == "type" && value == "jar"))
        .collect();
}

/// Adds what another statement of the same package says.
fn join(held: &mut Package, more: Package) {
    held.locations.extend(more.locations);
    held.locations.sort();
    held.locations.dedup();
    held.depends_on.extend(more.depends_on);
    for license in more.licenses {
        if !held.licenses.contains(&license) {
            held.licenses.push(license);
        }
    }
    for (name, value) in more.properties {
        held.properties.entry(name).or_insert(value);
    }
}

/// Says whether a text holds what a template is yet to be filled with.
fn templated(text: &[u8]) -> bool {
    [&b"{{"[..], b"{%", b"${", b"<%"]
        .iter()
        .any(|mark| memmem::find(text, mark).is_some())
}

/// Reads the list of components in Bitnami's older images: by name, `version` with its revision,
/// `arch` and `distro`.
fn read_components(bytes: &[u8], found: &mut Found) {
    let Some(document) = json::parse(bytes, &mut found.damage) else {
        return;
    };
    let Some(components) = document.as_object() else {
        return found.damage.note(|| "is no list of components".to_owned());
    };
    for (name, value) in components {
        let stated = requirement(name, json::text(value, &["version"]));
        if stated.name.is_empty() || stated.constraint.is_empty() {
            found
                .damage
                .note(|| format!("the component {name:?} has no version"));
            continue;
        }
        let (version, revision) =
            read::bitnami_revision(&stated.constraint).unwrap_or((stated.constraint.as_str(), ""));
        let mut package = Package::new(PackageKind::Bitnami, stated.name, version);
        property(&mut package, "revision", revision);
        property(&mut package, "arch", json::text(value, &["arch"]));
        property(&mut package, "distro", json::text(value, &["distro"]));
        found.push(package);
    }
}

fn packages(count: usize) -> String {
    match count {
        1 => "1 package".to_owned(),
        _ => format!("{count} packages"),
    }
}

fn some(names: &BTreeSet<String>) -> String {
    let mut shown: Vec<&str> = names.iter().take(NAMES).map(String::as_str).collect();
    if names.len() > NAMES {
        shown.push("…");
    }
    shown.join(", ")
}
