//! The types of the document, field by field as they are written. Named in `schemas/report-1.json`.

use std::collections::BTreeMap;

use plimsoll_model::digest::Digest;
use plimsoll_model::package::{Package, SourcePackage};
use plimsoll_model::report::{self as model, CatalogPackage, ImageFacts, Report};
use plimsoll_model::severity::Severity;
use serde::Serialize;

use super::Null;
use crate::issues::Counts;

/// Where something was introduced as long as nothing tells base from own layers.
const ORIGIN_UNKNOWN: &str = "unknown";

#[derive(Serialize)]
pub(super) struct Document<'a> {
    pub(super) schema: &'static str,
    pub(super) tool: Tool<'a>,
    pub(super) image: Image<'a>,
    pub(super) coverage: Coverage<'a>,
    pub(super) summary: Summary,
    pub(super) packages: Vec<PackageEntry<'a>>,
    pub(super) findings: Vec<VulnerabilityEntry<'a>>,
    pub(super) base_image: Option<Null>,
    pub(super) verdict: Option<Verdict<'a>>,
}

/// Is what `plimsoll sbom` writes, described in `schemas/sbom-1.json`.
#[derive(Serialize)]
pub(super) struct Inventory<'a> {
    pub(super) schema: &'static str,
    pub(super) tool: Tool<'a>,
    pub(super) image: Image<'a>,
    pub(super) coverage: Coverage<'a>,
    pub(super) packages: Vec<PackageEntry<'a>>,
}

#[derive(Serialize)]
pub(super) struct Tool<'a> {
    pub(super) name: &'static str,
    pub(super) version: &'a str,
}

impl<'a> Tool<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        Self {
            name: "plimsoll",
            version: &report.tool_version,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Image<'a> {
    reference: &'a str,
    digest: Option<&'a str>,
    config_digest: Option<&'a str>,
    platform: Option<&'a str>,
    distro: Option<Distro<'a>>,
    size_bytes: u64,
    user: &'a str,
    created: Option<&'a str>,
    layers: Vec<Layer<'a>>,
}

#[derive(Serialize)]
struct Distro<'a> {
    id: &'a str,
    version: Option<&'a str>,
    codename: Option<&'a str>,
    pretty_name: &'a str,
    end_of_life: Option<&'a str>,
}

#[derive(Serialize)]
struct Layer<'a> {
    index: usize,
    digest: Option<&'a str>,
    diff_id: Option<&'a str>,
    size_bytes: u64,
    created_by: &'a str,
    instruction: Null,
    origin: &'static str,
}

impl<'a> Image<'a> {
    pub(super) fn of(image: &'a ImageFacts) -> Self {
        Self {
            reference: &image.reference,
            digest: image.digest.as_ref().map(Digest::as_str),
            config_digest: image.config_digest.as_ref().map(Digest::as_str),
            platform: known(&image.platform),
            distro: image.distro.as_ref().map(|distro| Distro {
                id: &distro.id,
                version: known(&distro.version_id),
                codename: known(&distro.codename),
                pretty_name: &distro.pretty_name,
                end_of_life: image.end_of_life.as_deref(),
            }),
            size_bytes: image.size_bytes,
            user: &image.user,
            created: known(&image.created),
            layers: image
                .layers
                .iter()
                .enumerate()
                .map(|(index, layer)| Layer {
                    index,
                    digest: layer.digest.as_ref().map(Digest::as_str),
                    diff_id: layer.diff_id.as_ref().map(Digest::as_str),
                    size_bytes: layer.size_bytes,
                    created_by: &layer.created_by,
                    instruction: Null,
                    origin: ORIGIN_UNKNOWN,
                })
                .collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Coverage<'a> {
    complete: bool,
    undecided: bool,
    judged_packages: usize,
    not_judged: Vec<NotJudged<'a>>,
    database: Option<Database<'a>>,
    gaps: Vec<Gap<'a>>,
}

#[derive(Serialize)]
struct NotJudged<'a> {
    package: usize,
    reason: &'a str,
}

#[derive(Serialize)]
struct Database<'a> {
    built_at: Option<&'a str>,
    digest: Option<&'a str>,
    feeds: Vec<Feed<'a>>,
}

#[derive(Serialize)]
struct Feed<'a> {
    name: &'a str,
    fetched_at: Option<&'a str>,
    records: u64,
    damaged: u64,
    judged: bool,
}

#[derive(Serialize)]
struct Gap<'a> {
    kind: &'static str,
    subject: &'a str,
    detail: &'a str,
}

impl<'a> Coverage<'a> {
    pub(super) fn of(coverage: &'a model::Coverage) -> Self {
        Self {
            complete: coverage.complete(),
            undecided: coverage.undecided(),
            judged_packages: coverage.judged_packages,
            not_judged: coverage
                .not_judged
                .iter()
                .map(|(package, reason)| NotJudged {
                    package: *package,
                    reason,
                })
                .collect(),
            database: coverage.database.as_ref().map(|database| Database {
                built_at: known(&database.built_at),
                digest: known(&database.digest),
                feeds: database
                    .feeds
                    .iter()
                    .map(|feed| Feed {
                        name: &feed.name,
                        fetched_at: known(&feed.fetched_at),
                        records: feed.records,
                        damaged: feed.damaged,
                        judged: coverage.judged_by.contains(&feed.name),
                    })
                    .collect(),
            }),
            gaps: coverage
                .gaps
                .iter()
                .map(|gap| Gap {
                    kind: gap.kind.as_str(),
                    subject: &gap.subject,
                    detail: &gap.detail,
                })
                .collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Summary {
    pub(super) packages: usize,
    pub(super) findings: usize,
    pub(super) vulnerabilities: SeverityCounts,
    pub(super) fixable: usize,
    pub(super) known_exploited: usize,
    pub(super) unique_ids: usize,
    pub(super) issues: IssueCounts,
    pub(super) secrets: usize,
    pub(super) suppressed: usize,
    pub(super) left_out: usize,
}

#[derive(Serialize)]
pub(super) struct IssueCounts {
    pub(super) total: usize,
    #[serde(flatten)]
    pub(super) by_severity: SeverityCounts,
    pub(super) fixable: usize,
    pub(super) known_exploited: usize,
}

#[derive(Serialize)]
pub(super) struct SeverityCounts {
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    negligible: usize,
    unknown: usize,
}

impl SeverityCounts {
    pub(super) fn of(counts: &Counts) -> Self {
        let total = |severity| counts.get(severity).total;
        Self {
            critical: total(Severity::Critical),
            high: total(Severity::High),
            medium: total(Severity::Medium),
            low: total(Severity::Low),
            negligible: total(Severity::Negligible),
            unknown: total(Severity::Unknown),
        }
    }
}

#[derive(Serialize)]
struct NameVersion<'a> {
    name: &'a str,
    version: &'a str,
}

impl<'a> NameVersion<'a> {
    fn of(source: &'a SourcePackage) -> Self {
        Self {
            name: &source.name,
            version: &source.version,
        }
    }
}

#[derive(Serialize)]
pub(super) struct PackageEntry<'a> {
    name: &'a str,
    version: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    purl: &'a str,
    source: Option<NameVersion<'a>>,
    arch: Option<&'a str>,
    licenses: &'a [String],
    locations: &'a [String],
    layer: Option<usize>,
    origin: &'static str,
    instruction: Null,
    direct: Option<bool>,
    depends_on: &'a [String],
    owned_by: Option<&'a str>,
    properties: &'a BTreeMap<String, String>,
}

impl<'a> PackageEntry<'a> {
    pub(super) fn of(entry: &'a CatalogPackage, image: &ImageFacts) -> Self {
        let package = &entry.package;
        Self {
            name: &package.name,
            version: &package.version,
            kind: package.kind.as_str(),
            purl: &package.purl,
            source: package.source.as_ref().map(NameVersion::of),
            arch: package.arch.as_deref(),
            licenses: &package.licenses,
            locations: &package.locations,
            layer: layer(entry, image),
            origin: ORIGIN_UNKNOWN,
            instruction: Null,
            direct: package.requested,
            depends_on: &package.depends_on,
            owned_by: package.owned_by.as_deref(),
            properties: &package.properties,
        }
    }
}

#[derive(Serialize)]
pub(super) struct VulnerabilityEntry<'a> {
    kind: &'static str,
    id: &'a str,
    aliases: &'a [String],
    package: Option<PackageName<'a>>,
    severity: &'static str,
    severity_source: Option<&'a str>,
    cvss: Vec<Cvss<'a>>,
    epss: Option<Epss>,
    known_exploited: bool,
    risk: u8,
    fix: Fix<'a>,
    title: &'a str,
    urls: &'a [String],
    published: Option<&'a str>,
    origin: &'static str,
    layer: Option<usize>,
    instruction: Null,
    paths: &'a [Vec<String>],
    suppressed: Option<Suppressed<'a>>,
    #[serde(rename = "match")]
    evidence: Match<'a>,
}

#[derive(Serialize)]
struct PackageName<'a> {
    name: &'a str,
    version: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    purl: &'a str,
    source: Option<NameVersion<'a>>,
}

impl<'a> PackageName<'a> {
    fn of(package: &'a Package) -> Self {
        Self {
            name: &package.name,
            version: &package.version,
            kind: package.kind.as_str(),
            purl: &package.purl,
            source: package.source.as_ref().map(NameVersion::of),
        }
    }
}

#[derive(Serialize)]
struct Cvss<'a> {
    version: &'a str,
    vector: &'a str,
    /// Not a number becomes `null`.
    score: f64,
    source: &'a str,
}

#[derive(Serialize)]
struct Epss {
    score: f64,
    percentile: f64,
}

#[derive(Serialize)]
struct Suppressed<'a> {
    by: &'a str,
    reason: &'a str,
    expires: Option<&'a str>,
}

#[derive(Serialize)]
struct Fix<'a> {
    state: &'static str,
    versions: &'a [String],
}

#[derive(Serialize)]
struct Match<'a> {
    feed: &'a str,
    record: &'a str,
    comparison: &'a str,
}

impl<'a> VulnerabilityEntry<'a> {
    pub(super) fn of(finding: &'a model::VulnerabilityFinding, report: &'a Report) -> Self {
        let entry = report.packages.get(finding.package);
        Self {
            kind: "vulnerability",
            id: &finding.id,
            aliases: &finding.aliases,
            package: entry.map(|entry| PackageName::of(&entry.package)),
            severity: finding.severity.as_str(),
            severity_source: known(&finding.severity_source),
            cvss: finding
                .cvss
                .iter()
                .map(|cvss| Cvss {
                    version: &cvss.version,
                    vector: &cvss.vector,
                    score: cvss.score,
                    source: &cvss.source,
                })
                .collect(),
            epss: finding.epss.map(|epss| Epss {
                score: epss.score,
                percentile: epss.percentile,
            }),
            known_exploited: finding.known_exploited,
            risk: finding.risk(),
            fix: Fix {
                state: finding.fix.as_str(),
                versions: &finding.fixed_versions,
            },
            title: &finding.title,
            urls: &finding.urls,
            published: known(&finding.published),
            origin: ORIGIN_UNKNOWN,
            layer: entry.and_then(|entry| layer(entry, &report.image)),
            instruction: Null,
            paths: &finding.paths,
            suppressed: finding.suppressed.as_ref().map(|why| Suppressed {
                by: &why.by,
                reason: &why.reason,
                expires: known(&why.expires),
            }),
            evidence: Match {
                feed: &finding.evidence.feed,
                record: &finding.evidence.record,
                comparison: &finding.evidence.comparison,
            },
        }
    }
}

#[derive(Serialize)]
pub(super) struct Verdict<'a> {
    status: &'static str,
    reason: &'a str,
    policy: Null,
    stage: Null,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
struct Rule<'a> {
    id: &'a str,
    gate: Null,
    trigger: Null,
    action: Null,
    status: &'static str,
    reason: &'a str,
    findings: &'a [usize],
}

impl<'a> Verdict<'a> {
    pub(super) fn of(verdict: &'a model::Verdict) -> Self {
        Self {
            status: verdict.status.as_str(),
            reason: &verdict.reason,
            policy: Null,
            stage: Null,
            rules: verdict
                .rules
                .iter()
                .map(|rule| Rule {
                    id: &rule.id,
                    gate: Null,
                    trigger: Null,
                    action: Null,
                    status: rule.status.as_str(),
                    reason: &rule.reason,
                    findings: &rule.findings,
                })
                .collect(),
        }
    }
}

/// Returns a text, or `None` (`null`) for the empty one that stands for unknown.
fn known(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Returns the layer of a package when the image has such a layer: a root file system has none.
fn layer(entry: &CatalogPackage, image: &ImageFacts) -> Option<usize> {
    (entry.layer < image.layers.len()).then_some(entry.layer)
}
