//! The JSON report: everything that was found, for programs.
//!
//! Owns the wire types and their serialization; `schemas/report-1.json` describes them field by
//! field, and a test holds both together. The document is the same for the same report, byte for byte.
//! Deliberately absent: filters. What the terminal report leaves out by option is in here.

use plimsoll_model::report::{Finding, Report};
use serde::Serialize;

use crate::issues::{self, Counts};
use crate::{Format, Options};

pub(crate) mod safe;
mod wire;

use wire::{
    Coverage, Document, Image, Inventory, IssueCounts, PackageEntry, SeverityCounts, Summary, Tool,
    Verdict, VulnerabilityEntry,
};

/// The value of the document's `schema` field.
pub const SCHEMA: &str = "plimsoll/report/1";

/// Is the format for programs.
pub static FORMAT: Format = Format {
    name: "json",
    description: "Everything that was found, for programs (schemas/report-1.json)",
    aliases: &[],
    json: true,
    render: render_with,
    inventory: Some(inventory_with),
};

/// The value of the `schema` field of what `plimsoll sbom` writes.
pub const INVENTORY_SCHEMA: &str = "plimsoll/sbom/1";

/// Writes any value as JSON that is safe to print, indented, its last line ended.
pub fn text(value: &impl Serialize) -> String {
    safe::to_string(value)
}

fn render_with(report: &Report, _options: &Options) -> String {
    self::report(report)
}

fn inventory_with(report: &Report, _options: &Options) -> String {
    inventory(report)
}

/// Writes what is in an image and what could not be read, in the form of [`report`].
pub fn inventory(report: &Report) -> String {
    safe::to_string(&Inventory {
        schema: INVENTORY_SCHEMA,
        tool: Tool::of(report),
        image: Image::of(&report.image),
        coverage: Coverage::of(&report.coverage),
        packages: packages(report),
    })
}

fn packages(report: &Report) -> Vec<PackageEntry<'_>> {
    report
        .packages
        .iter()
        .map(|entry| PackageEntry::of(entry, &report.image))
        .collect()
}

/// Writes the JSON report: indented by two, fields in the schema's order, lists as the report sorts
/// them, a line feed at the end. Characters that could harm a terminal are written as `\u` escapes.
pub fn report(report: &Report) -> String {
    safe::to_string(&document(report))
}

fn document(report: &Report) -> Document<'_> {
    Document {
        schema: SCHEMA,
        tool: Tool::of(report),
        image: Image::of(&report.image),
        coverage: Coverage::of(&report.coverage),
        summary: summary(report),
        packages: packages(report),
        findings: report
            .findings
            .iter()
            .chain(&report.suppressed)
            .map(|Finding::Vulnerability(finding)| VulnerabilityEntry::of(finding, report))
            .collect(),
        base_image: None,
        verdict: report.verdict.as_ref().map(Verdict::of),
    }
}

fn summary(report: &Report) -> Summary {
    let findings = Counts::of_findings(&report.findings);
    let grouped = issues::group(report);
    let by_issue = Counts::of_issues(&grouped);
    Summary {
        packages: report.packages.len(),
        findings: report.findings.len(),
        vulnerabilities: SeverityCounts::of(&findings),
        fixable: findings.sum().fixable,
        known_exploited: findings.sum().known_exploited,
        unique_ids: issues::unique_ids(&report.findings),
        issues: IssueCounts {
            total: by_issue.sum().total,
            by_severity: SeverityCounts::of(&by_issue),
            fixable: by_issue.sum().fixable,
            known_exploited: by_issue.sum().known_exploited,
        },
        secrets: 0,
        suppressed: report.suppressed.len(),
        left_out: report.left_out,
    }
}

/// Serializes nothing but `null`: a field whose content is not produced yet, so that readers find it
/// in its place.
#[derive(Clone, Copy, Debug, Default)]
struct Null;

impl Serialize for Null {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

#[cfg(test)]
mod tests;
