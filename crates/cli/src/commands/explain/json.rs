//! The explanation for programs (docs/explain.md).

use plimsoll_model::advisory::{Range, Vulnerability};
use plimsoll_model::report::VulnerabilityFinding;
use plimsoll_model::severity::{Cvss, Severity};
use plimsoll_vuln::matcher::explain::Judgement;
use serde_json::{Value, json};

use super::{Explained, Explanation};

/// The value of the document's `schema` field.
const SCHEMA: &str = "plimsoll/explanation/1";

/// Writes one document, or a list of those of several platforms.
pub(super) fn write(explanations: &[Explanation<'_>]) -> String {
    let all: Vec<Value> = explanations.iter().map(document).collect();
    match all.as_slice() {
        [one] => plimsoll_formats::json::text(one),
        all => plimsoll_formats::json::text(&all),
    }
}

fn document(explanation: &Explanation<'_>) -> Value {
    let report = explanation.report;
    let image = &report.image;
    let coverage = &report.coverage;
    let vulnerabilities = explanation.vulnerabilities.iter().map(vulnerability);
    let packages = explanation
        .packages
        .iter()
        .map(|package| explained(explanation, package));
    json!({
        "schema": SCHEMA,
        "tool": {"name": "plimsoll", "version": report.tool_version},
        "image": {
            "reference": image.reference,
            "digest": image.digest.as_ref().map(ToString::to_string),
            "platform": image.platform,
            "distro": image.distro.as_ref().map(|distro| json!({
                "id": distro.id, "version": distro.version_id,
            })),
        },
        "coverage": {
            "complete": coverage.complete(),
            "database": coverage.database.as_ref().map(|database| json!({
                "built_at": database.built_at, "digest": database.digest,
            })),
            "gaps": coverage.gaps.iter().map(|gap| json!({
                "kind": gap.kind.as_str(), "subject": gap.subject, "detail": gap.detail,
            })).collect::<Vec<_>>(),
        },
        "finding": {"id": explanation.id, "package": explanation.only},
        "vulnerabilities": vulnerabilities.collect::<Vec<_>>(),
        "packages": packages.collect::<Vec<_>>(),
        "nothing": explanation.packages.is_empty().then(|| explanation.nothing()),
    })
}

fn ratings(cvss: &[Cvss]) -> Vec<Value> {
    cvss.iter()
        .map(|one| {
            json!({
                "version": one.version, "vector": one.vector, "score": one.score,
                "source": one.source,
            })
        })
        .collect()
}

fn vulnerability(vulnerability: &Vulnerability) -> Value {
    json!({
        "id": vulnerability.id,
        "aliases": vulnerability.aliases,
        "title": vulnerability.title,
        "severities": vulnerability.severities.iter().map(|(severity, source)| json!({
            "severity": severity.as_str(), "source": source,
        })).collect::<Vec<_>>(),
        "cvss": ratings(&vulnerability.cvss),
        "epss": vulnerability.epss.map(|epss| json!({
            "score": epss.score, "percentile": epss.percentile,
        })),
        "known_exploited": vulnerability.known_exploited,
        "published": vulnerability.published,
        "urls": vulnerability.urls,
    })
}

fn explained(explanation: &Explanation<'_>, explained: &Explained<'_>) -> Value {
    let report = explanation.report;
    let package = &explained.entry.package;
    let layer = report.image.layers.get(explained.entry.layer);
    json!({
        "name": package.name,
        "version": package.version,
        "type": package.kind.as_str(),
        "purl": package.purl,
        "source": package.source.as_ref().map(|source| json!({
            "name": source.name, "version": source.version,
        })),
        "owned_by": package.owned_by,
        "locations": package.locations,
        "layer": layer.map(|layer| json!({
            "index": explained.entry.layer,
            "digest": layer.digest.as_ref().map(ToString::to_string),
            "created_by": layer.created_by,
        })),
        "conclusion": explained.conclusion.as_str(),
        "reason": explained.reason(report),
        "paths": explained.paths,
        "findings": explained.findings.iter().map(|one| finding(one)).collect::<Vec<_>>(),
        "statements": explained.statements.iter().map(statement).collect::<Vec<_>>(),
    })
}

fn finding(finding: &VulnerabilityFinding) -> Value {
    json!({
        "id": finding.id,
        "severity": finding.severity.as_str(),
        "severity_source": finding.severity_source,
        "risk": finding.risk(),
        "fix": {"state": finding.fix.as_str(), "versions": finding.fixed_versions},
        "match": {
            "feed": finding.evidence.feed,
            "record": finding.evidence.record,
            "comparison": finding.evidence.comparison,
        },
        "suppressed": finding.suppressed.as_ref().map(|word| json!({
            "by": word.by,
            "reason": word.reason,
            "expires": (!word.expires.is_empty()).then_some(&word.expires),
        })),
    })
}

fn statement(judgement: &Judgement) -> Value {
    let advisory = &judgement.advisory;
    let range = |range: &Range| {
        json!({
            "introduced": range.introduced, "exclusive": range.exclusive,
            "fixed": range.fixed, "last_affected": range.last_affected,
        })
    };
    json!({
        "feed": judgement.feed,
        "record": advisory.id,
        "ecosystem": advisory.ecosystem,
        "package": judgement.name,
        "version": judgement.version,
        "outcome": judgement.outcome.as_str(),
        "comparisons": judgement.comparisons,
        "ranges": advisory.ranges.iter().map(range).collect::<Vec<_>>(),
        "versions": advisory.versions,
        "fix": advisory.fix.as_str(),
        "severity": advisory.severity.map(Severity::as_str),
        "module": advisory.module,
        "arches": advisory.arches,
        "undecided": advisory.undecided,
    })
}
