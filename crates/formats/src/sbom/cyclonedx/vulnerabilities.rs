//! Findings as CycloneDX states them: one entry for what is the same of all packages it affects.

use std::collections::BTreeMap;

use plimsoll_model::advisory::FixState;
use plimsoll_model::report::{Report, VulnerabilityFinding};
use plimsoll_model::severity::{Cvss, Severity};

use super::wire::{
    Advisory, Affected, AffectedVersion, Analysis, Property, Rating, Reference, Source,
    Vulnerability,
};
use super::{References, findings, known};
use crate::sbom::stamp;

/// Is what findings of one entry share.
type Key<'a> = (
    &'a str,
    Severity,
    &'a str,
    FixState,
    &'a [String],
    &'a str,
    &'a str,
);

/// Returns the entries, by id; `None` where nothing was judged.
pub(super) fn of(report: &Report, refs: &References<'_>) -> Option<Vec<Vulnerability>> {
    let mut groups: BTreeMap<Key<'_>, Vec<&VulnerabilityFinding>> = BTreeMap::new();
    for finding in findings(report) {
        let key = (
            finding.id.as_str(),
            finding.severity,
            finding.severity_source.as_str(),
            finding.fix,
            finding.fixed_versions.as_slice(),
            finding.evidence.feed.as_str(),
            finding.evidence.record.as_str(),
        );
        groups.entry(key).or_default().push(finding);
    }
    if groups.is_empty() && report.coverage.database.is_none() {
        return None;
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut out = Vec::with_capacity(groups.len());
    for group in groups.values() {
        let Some(first) = group.first() else { continue };
        let count = counts.entry(&first.id).or_insert(0);
        *count += 1;
        out.push(entry(report, refs, group, first, *count));
    }
    Some(out)
}

fn entry(
    report: &Report,
    refs: &References<'_>,
    group: &[&VulnerabilityFinding],
    first: &VulnerabilityFinding,
    count: usize,
) -> Vulnerability {
    let mut affects: BTreeMap<&str, String> = BTreeMap::new();
    for finding in group {
        if let Some(entry) = report.packages.get(finding.package) {
            affects.insert(
                refs.of_index(finding.package),
                entry.package.version.clone(),
            );
        }
    }
    let feed = &first.evidence.feed;
    let mut advisories: Vec<&String> = first.urls.iter().filter(|url| is_web(url)).collect();
    advisories.dedup();
    Vulnerability {
        bom_ref: format!("vulnerability:{}#{count}", first.id),
        id: first.id.clone(),
        source: source(feed),
        references: first
            .aliases
            .iter()
            .map(|alias| Reference {
                id: alias.clone(),
                source: source(authority(alias).unwrap_or(feed)),
            })
            .collect(),
        ratings: ratings(first),
        description: known(&first.title),
        recommendation: (!first.fixed_versions.is_empty())
            .then(|| format!("Upgrade to {}", first.fixed_versions.join(" or "))),
        advisories: advisories
            .into_iter()
            .map(|url| Advisory { url: url.clone() })
            .collect(),
        published: stamp::utc(&first.published),
        analysis: Analysis {
            state: "in_triage",
            response: match first.fix {
                FixState::Fixed => vec!["update"],
                FixState::WontFix | FixState::EndOfLife => vec!["will_not_fix"],
                FixState::NotFixed | FixState::Deferred | FixState::Unknown => Vec::new(),
            },
            detail: known(&first.evidence.comparison),
        },
        affects: affects
            .into_iter()
            .map(|(reference, version)| Affected {
                reference: reference.to_owned(),
                versions: vec![AffectedVersion {
                    version,
                    status: "affected",
                }],
            })
            .collect(),
        properties: [
            ("severity", first.severity.as_str()),
            (
                "known_exploited",
                if first.known_exploited {
                    "true"
                } else {
                    "false"
                },
            ),
            ("fix", first.fix.as_str()),
            ("feed", feed),
            ("record", &first.evidence.record),
        ]
        .into_iter()
        .map(|(name, value)| Property {
            name: format!("plimsoll:vulnerability:{name}"),
            value: value.to_owned(),
        })
        .collect(),
    }
}

/// Lists the rating that counts, then the CVSS ratings.
fn ratings(finding: &VulnerabilityFinding) -> Vec<Rating> {
    let mut out = vec![Rating {
        source: source(&finding.severity_source),
        score: None,
        severity: severity(finding.severity),
        method: None,
        vector: None,
    }];
    out.extend(finding.cvss.iter().map(|cvss: &Cvss| Rating {
        source: source(&cvss.source),
        score: cvss.score.is_finite().then_some(cvss.score),
        severity: severity(Severity::from_score(cvss.score)),
        method: Some(match cvss.version.as_str() {
            "2.0" => "CVSSv2",
            "3.0" => "CVSSv3",
            "3.1" => "CVSSv31",
            "4.0" => "CVSSv4",
            _ => "other",
        }),
        vector: known(&cvss.vector),
    }));
    out
}

fn source(name: &str) -> Source {
    Source {
        name: if name.is_empty() { "unknown" } else { name }.to_owned(),
    }
}

/// Returns who gives out ids of a form.
fn authority(id: &str) -> Option<&'static str> {
    let (prefix, _) = id.split_once('-')?;
    Some(match prefix {
        "CVE" => "CVE",
        "GHSA" => "GitHub",
        "DSA" | "DLA" => "Debian",
        "ALSA" | "ALBA" | "ALEA" => "AlmaLinux",
        "RLSA" | "RLBA" | "RLEA" | "RXSA" => "Rocky Linux",
        "PYSEC" => "PyPA",
        "RUSTSEC" => "RustSec",
        _ => return None,
    })
}

/// Names a severity as CycloneDX does, which knows no negligible.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Negligible => "info",
        other => other.as_str(),
    }
}

/// Says whether a text is an address of the web that is safe to write as one.
fn is_web(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://"))
        && url
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&byte))
}
