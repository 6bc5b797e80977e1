//! One issue's block.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use plimsoll_model::advisory::FixState;
use plimsoll_model::package::Package;
use plimsoll_model::report::{CatalogPackage, Report};
use plimsoll_model::text::escape;

use super::writer::{Writer, clip, columns, plain, styled};
use super::{BAD, BOLD, FAINT, GOOD, severity_name, severity_style};
use crate::issues::{Source, SourceIssue};

/// How many dependency paths are shown.
const PATHS_SHOWN: usize = 3;
/// How many packages `Introduced through` names.
const NAMES_SHOWN: usize = 8;
/// How many characters of a title are shown; feeds' titles are shorter.
const TITLE_LIMIT: usize = 300;
/// How many characters of a layer's command are shown.
const COMMAND_LIMIT: usize = 160;
/// How many characters of one package's name and version are shown.
const PACKAGE_LIMIT: usize = 200;

/// Finds packages by purl, to show dependency paths with the names that people know.
pub(super) struct Paths<'a> {
    by_purl: HashMap<&'a str, &'a Package>,
}

impl<'a> Paths<'a> {
    /// Indexes the packages of a report.
    pub(super) fn new(report: &'a Report) -> Self {
        let mut by_purl = HashMap::with_capacity(report.packages.len());
        for package in &report.packages {
            by_purl
                .entry(package.package.purl.as_str())
                .or_insert(&package.package);
        }
        Self { by_purl }
    }

    fn name(&self, purl: &str) -> String {
        match self.by_purl.get(purl) {
            Some(package) => display_name(package),
            None => purl_name(purl),
        }
    }
}

/// Writes the block of one issue.
pub(super) fn write(out: &mut Writer, report: &Report, paths: &Paths<'_>, issue: &SourceIssue<'_>) {
    let style = severity_style(issue.severity);
    let heading = format!(
        "✗ {} severity vulnerability found in ",
        severity_name(issue.severity)
    );
    out.line(
        "",
        4,
        &[styled(&heading, style), styled(&subject(issue), BOLD)],
    );
    if issue.known_exploited {
        out.line("  ", 4, &[styled("Known exploited (CISA KEV)", BAD)]);
    }
    let title = issue
        .affected
        .iter()
        .map(|(_, f)| f.title.trim())
        .find(|title| !title.is_empty());
    let description = clip(title.unwrap_or(issue.id), TITLE_LIMIT);
    out.line("  ", 4, &[plain("Description: "), plain(&description)]);
    let info = info(out.width(), issue);
    if info != description {
        out.line("  ", 4, &[plain("Info: "), plain(&info)]);
    }

    let ways = ways(paths, issue);
    let mut names: Vec<&str> = Vec::new();
    let affected: Vec<String> = issue
        .affected
        .iter()
        .filter_map(|(p, _)| *p)
        .map(|p| display_name(&p.package))
        .collect();
    // One affected package is named by the heading; then only where it comes in matters.
    let affected_named = if affected.len() > 1 {
        affected.as_slice()
    } else {
        &[]
    };
    let mut seen = BTreeSet::new();
    for name in affected_named
        .iter()
        .chain(ways.iter().filter_map(|way| way.first()))
    {
        if seen.insert(name.as_str()) {
            names.push(name);
        }
    }
    if !names.is_empty() {
        let mut through = names
            .iter()
            .take(NAMES_SHOWN)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        if names.len() > NAMES_SHOWN {
            let _ = write!(through, " and {} more...", names.len() - NAMES_SHOWN);
        }
        out.line("  ", 4, &[plain("Introduced through: "), plain(&through)]);
    }
    for way in ways.iter().take(PATHS_SHOWN) {
        out.line("  ", 4, &[plain("From: "), plain(&way.join(" > "))]);
    }
    if ways.len() > PATHS_SHOWN {
        let more = format!("and {} more...", ways.len() - PATHS_SHOWN);
        out.line("  ", 4, &[styled(&more, FAINT)]);
    }
    write_layers(out, report, issue);
    write_fix(out, issue);
}

/// Names what is affected: the source package, and its binary package when it is only one with
/// another name.
fn subject(issue: &SourceIssue<'_>) -> String {
    let mut names = issue
        .affected
        .iter()
        .filter_map(|(p, _)| *p)
        .map(|p| p.package.name.as_str());
    let first = names.next();
    match first {
        Some(name) if name != issue.source.name && names.all(|other| other == name) => {
            format!(
                "{}/{}",
                clip(issue.source.name, PACKAGE_LIMIT),
                clip(name, PACKAGE_LIMIT)
            )
        }
        _ => clip(issue.source.name, PACKAGE_LIMIT),
    }
}

/// Returns the reference that names the vulnerability, with the id where the reference does not
/// hold it; the id alone when there is none that fits on a line (a broken address is of no use).
fn info(width: usize, issue: &SourceIssue<'_>) -> String {
    let urls = || {
        issue
            .affected
            .iter()
            .flat_map(|(_, finding)| &finding.urls)
            .map(String::as_str)
            .filter(|url| url.starts_with("https://") || url.starts_with("http://"))
            .filter(|url| columns(url) + "  Info: ".len() <= width)
    };
    if let Some(url) = urls().find(|url| url.contains(issue.id)) {
        return url.to_owned();
    }
    let id = clip(issue.id, PACKAGE_LIMIT);
    match urls().next() {
        Some(url) => format!("{id} {url}"),
        None => id,
    }
}

/// Returns the dependency paths to all affected packages, shortest first, without repeats. A package
/// without a known path stands for itself.
fn ways(paths: &Paths<'_>, issue: &SourceIssue<'_>) -> Vec<Vec<String>> {
    let mut ways = BTreeSet::new();
    for (package, finding) in &issue.affected {
        for path in &finding.paths {
            let way: Vec<String> = path.iter().map(|purl| paths.name(purl)).collect();
            if !way.is_empty() {
                ways.insert((way.len(), way));
            }
        }
        if let (true, Some(package)) = (finding.paths.is_empty(), package) {
            ways.insert((1, vec![display_name(&package.package)]));
        }
    }
    ways.into_iter().map(|(_, way)| way).collect()
}

fn write_layers(out: &mut Writer, report: &Report, issue: &SourceIssue<'_>) {
    let indices: BTreeSet<usize> = issue
        .affected
        .iter()
        .filter_map(|(p, _)| *p)
        .map(|p: &CatalogPackage| p.layer)
        .collect();
    let known = indices
        .iter()
        .filter_map(|i| report.image.layers.get(*i).map(|layer| (i, layer)));
    for (index, layer) in known.take(PATHS_SHOWN) {
        let command = command(&layer.created_by);
        let text = if command.is_empty() {
            format!("{} of {}", index + 1, report.image.layers.len())
        } else {
            format!("'{}'", clip(&command, COMMAND_LIMIT))
        };
        out.line("  ", 4, &[plain("Image layer: "), plain(&text)]);
    }
}

/// Returns a layer's command as the author of the Dockerfile knows it: without the shell that the
/// builder put before it.
fn command(created_by: &str) -> String {
    let text = escape(created_by.trim())
        .replace("\\n", " ")
        .replace("\\t", " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.strip_suffix("# buildkit").unwrap_or(&text).trim_end();
    if let Some(instruction) = text.strip_prefix("/bin/sh -c #(nop) ") {
        return instruction.trim_start().to_owned();
    }
    for prefix in ["/bin/sh -c ", "RUN /bin/sh -c "] {
        if let Some(shell) = text.strip_prefix(prefix) {
            return format!("RUN {shell}");
        }
    }
    text.to_owned()
}

fn write_fix(out: &mut Writer, issue: &SourceIssue<'_>) {
    let without = match issue.fix {
        FixState::Fixed => {
            let versions = issue.fixed_versions.join(", ");
            let versions = if versions.is_empty() {
                "a later version"
            } else {
                &versions
            };
            out.line(
                "  ",
                4,
                &[
                    plain("Fixed in: "),
                    styled(&clip(versions, TITLE_LIMIT), GOOD),
                ],
            );
            return;
        }
        FixState::NotFixed => "No fix yet",
        FixState::WontFix => "No fix: the distribution will not fix it",
        FixState::Deferred => "No fix: put off by the distribution",
        FixState::EndOfLife => "No fix: it gets no updates any more (end of life)",
        FixState::Unknown => "No fix known",
    };
    out.line("  ", 4, &[styled(without, FAINT)]);
}

/// Names a package as `source/binary@version`, or `name@version` when both names are the same.
fn display_name(package: &Package) -> String {
    let source = Source::of(Some(package)).name;
    let name = clip(&package.name, PACKAGE_LIMIT);
    let version = clip(&package.version, PACKAGE_LIMIT);
    if source == package.name {
        format!("{name}@{version}")
    } else {
        format!("{}/{name}@{version}", clip(source, PACKAGE_LIMIT))
    }
}

/// Reads name and version out of a purl that names no package of the report.
fn purl_name(purl: &str) -> String {
    let path = purl.split(['?', '#']).next().unwrap_or(purl);
    let name = path.rsplit('/').next().unwrap_or(path);
    clip(name, PACKAGE_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_read_as_in_the_dockerfile() {
        for (created_by, want) in [
            (
                "/bin/sh -c #(nop) ADD file:ab12 in / ",
                "ADD file:ab12 in /",
            ),
            ("/bin/sh -c #(nop)  CMD [\"bash\"]", "CMD [\"bash\"]"),
            (
                "/bin/sh -c apt-get update &&     apt-get install -y git",
                "RUN apt-get update && apt-get install -y git",
            ),
            (
                "RUN /bin/sh -c pip install x # buildkit",
                "RUN pip install x",
            ),
            ("COPY . . # buildkit", "COPY . ."),
            (
                "RUN |1 A=b /bin/sh -c echo $A # buildkit",
                "RUN |1 A=b /bin/sh -c echo $A",
            ),
            ("RUN set -e;\n\tmake", "RUN set -e; make"),
            ("", ""),
        ] {
            assert_eq!(command(created_by), want, "{created_by}");
        }
    }

    #[test]
    fn purls_without_a_package_still_have_a_name() {
        assert_eq!(
            purl_name("pkg:deb/debian/curl@7.52.1-5?arch=amd64"),
            "curl@7.52.1-5"
        );
        assert_eq!(purl_name("nonsense"), "nonsense");
        assert_eq!(purl_name(""), "");
    }
}
