//! The explanation for people.

use std::fmt::Write as _;

use plimsoll_model::advisory::Vulnerability;
use plimsoll_model::report::{Report, VulnerabilityFinding};
use plimsoll_model::text::escape;
use plimsoll_vuln::matcher::explain::Judgement;

use super::{Conclusion, Explained, Explanation, counted};

/// The column at which values begin.
const VALUE: usize = 19;

/// Writes explanations, one after the other.
pub(super) fn write(explanations: &[Explanation<'_>]) -> String {
    let mut out = String::new();
    for (index, explanation) in explanations.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        one(&mut out, explanation);
    }
    out
}

/// Writes one line `name  value`, indented; nothing where there is no value.
fn line(out: &mut String, indent: usize, name: &str, value: &str) {
    if !value.is_empty() {
        let width = VALUE - indent;
        let _ = writeln!(out, "{:indent$}{name:<width$}{}", "", escape(value));
    }
}

fn one(out: &mut String, explanation: &Explanation<'_>) {
    for vulnerability in explanation.vulnerabilities {
        about(out, vulnerability);
        out.push('\n');
    }
    let report = explanation.report;
    let image = &report.image;
    line(out, 0, "Image", &image.reference);
    line(out, 0, "Platform", &image.platform);
    let distro = image.distro.as_ref().map(|distro| {
        let name = format!("{} {}", distro.id, distro.version_id);
        name.trim_end().to_owned()
    });
    line(out, 0, "Distribution", &distro.unwrap_or_default());
    if let Some(database) = &report.coverage.database {
        let text = format!("{}, built {}", database.digest, database.built_at);
        line(out, 0, "Database", &text);
    }
    if explanation.packages.is_empty() {
        let _ = writeln!(out, "\n{}.", escape(&explanation.nothing()));
    }
    for package in &explanation.packages {
        out.push('\n');
        explained(out, report, package);
    }
    for entry in &explanation.unnamed {
        let package = &entry.package;
        if !explanation.packages.is_empty() {
            let _ = writeln!(
                out,
                "\n{} {}: no statement names it.",
                escape(&package.name),
                escape(&package.version)
            );
        }
    }
    let mut gaps = report.coverage.gaps.iter();
    let gaps: Vec<_> = gaps.by_ref().filter(|gap| gap.kind.undecided()).collect();
    if !gaps.is_empty() {
        let _ = writeln!(out, "\nNot everything could be judged:");
        for gap in gaps {
            let text = format!("{}: {}", gap.subject, gap.detail);
            let _ = writeln!(out, "  {}", escape(&text));
        }
    }
}

fn about(out: &mut String, vulnerability: &Vulnerability) {
    let _ = writeln!(out, "{}", escape(&vulnerability.id));
    line(out, 2, "Also known as", &vulnerability.aliases.join(", "));
    line(out, 2, "Title", &vulnerability.title);
    for (severity, source) in &vulnerability.severities {
        let text = format!("{} ({source})", severity.as_str());
        line(out, 2, "Severity", &text);
    }
    for cvss in &vulnerability.cvss {
        let text = format!("{:.1} {} ({})", cvss.score, cvss.vector, cvss.source);
        line(out, 2, &format!("CVSS {}", escape(&cvss.version)), &text);
    }
    if let Some(epss) = vulnerability.epss {
        let text = format!(
            "{:.2} % within 30 days, at least as likely as {:.1} % of all",
            (epss.score * 10_000.0).floor() / 100.0,
            (epss.percentile * 1_000.0).floor() / 10.0
        );
        line(out, 2, "EPSS", &text);
    }
    if vulnerability.known_exploited {
        line(out, 2, "Known exploited", "listed by CISA");
    }
    line(out, 2, "Published", &vulnerability.published);
    for url in &vulnerability.urls {
        line(out, 2, "Reference", url);
    }
}

fn explained(out: &mut String, report: &Report, explained: &Explained<'_>) {
    let package = &explained.entry.package;
    let word = match explained.conclusion {
        Conclusion::Affected => "AFFECTED",
        Conclusion::Suppressed => "does not count",
        Conclusion::Undecided => "undecided",
        Conclusion::NotJudged => "not compared",
        Conclusion::NotAffected => "not affected",
    };
    let _ = writeln!(
        out,
        "{} {} ({}): {word}",
        escape(&package.name),
        escape(&package.version),
        package.kind.as_str()
    );
    line(out, 2, "Because", &explained.reason(report));
    line(out, 2, "Package URL", &package.purl);
    if let Some(source) = &package.source {
        let text = format!("{} {}", source.name, source.version);
        line(out, 2, "Source", text.trim_end());
    }
    line(
        out,
        2,
        "Installed by",
        package.owned_by.as_deref().unwrap_or(""),
    );
    for location in &package.locations {
        line(out, 2, "File", location);
    }
    if let Some(layer) = report.image.layers.get(explained.entry.layer) {
        let digest = layer.digest.as_ref().map(ToString::to_string);
        let text = format!("{} {}", explained.entry.layer, digest.unwrap_or_default());
        line(out, 2, "Layer", text.trim_end());
        line(out, 2, "Instruction", &layer.created_by);
    }
    for finding in &explained.findings {
        found(out, finding);
    }
    if !explained.statements.is_empty() {
        let count = counted(explained.statements.len(), "statement", "statements");
        let _ = writeln!(out, "  What feeds say ({count}):");
    }
    for judgement in &explained.statements {
        stated(out, judgement);
    }
    for path in &explained.paths {
        let text = match path.as_slice() {
            [_] => {
                "nothing else: it was asked for, or nothing that was found depends on it".to_owned()
            }
            path => path.join(" > "),
        };
        line(out, 2, "Through", &text);
    }
}

/// Writes what was found: the rating that counts and the fix.
fn found(out: &mut String, finding: &VulnerabilityFinding) {
    let source = if finding.severity_source.is_empty() {
        "nobody has rated it"
    } else {
        &finding.severity_source
    };
    let text = format!(
        "{}: {} ({source}), risk {} of 100",
        finding.id,
        finding.severity.as_str(),
        finding.risk()
    );
    line(out, 2, "Finding", &text);
    let fixed = if finding.fixed_versions.is_empty() {
        finding.fix.as_str().replace('_', " ")
    } else {
        format!("in {}", finding.fixed_versions.join(", "))
    };
    line(out, 2, "Fix", &fixed);
}

/// Writes what one statement says and how it was held against the package.
fn stated(out: &mut String, judgement: &Judgement) {
    let advisory = &judgement.advisory;
    let mut head = format!(
        "{}, {}: {} {}, {}",
        judgement.feed,
        advisory.id,
        advisory.ecosystem,
        judgement.name,
        judgement.outcome.as_str().replace('_', " ")
    );
    if let Some(severity) = advisory.severity {
        let _ = write!(head, ", rated {}", severity.as_str());
    }
    if let Some(module) = &advisory.module {
        let _ = write!(head, ", module {module}");
    }
    if !advisory.arches.is_empty() {
        let _ = write!(head, ", on {}", advisory.arches.join(", "));
    }
    let _ = writeln!(out, "    {}", escape(&head));
    for comparison in &judgement.comparisons {
        let _ = writeln!(out, "      {}", escape(comparison));
    }
    if !advisory.versions.is_empty() {
        let listed = advisory.versions.contains(&judgement.version);
        let word = if listed { "is" } else { "is not" };
        let text = format!(
            "{} {word} among {} single versions",
            judgement.version,
            advisory.versions.len()
        );
        let _ = writeln!(out, "      {}", escape(&text));
    } else if advisory.ranges.is_empty() {
        let text = if advisory.undecided {
            "whether it applies is not decided yet"
        } else {
            "stated not to be affected"
        };
        let _ = writeln!(out, "      {text}");
    }
}
