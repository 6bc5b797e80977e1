//! The block of labels: what was scanned.

use std::collections::BTreeSet;

use plimsoll_model::distro::Distro;
use plimsoll_model::report::{DatabaseInfo, Report};

use super::writer::{Writer, clip, plain};
use super::{counted, date};

/// The column, from zero, at which a label's value starts.
const VALUE: usize = 19;
/// How many characters of a value are shown.
const VALUE_LIMIT: usize = 400;

/// Writes the labels.
pub(super) fn write(out: &mut Writer, report: &Report) {
    let image = &report.image;
    let kinds: BTreeSet<&str> = report
        .packages
        .iter()
        .map(|p| p.package.kind.as_str())
        .collect();
    let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
    if !kinds.is_empty() {
        label(out, "Package manager:", &kinds);
    }
    label(
        out,
        "Project name:",
        &format!("docker-image|{}", project(&image.reference)),
    );
    label(out, "Docker image:", &image.reference);
    if !image.platform.is_empty() {
        label(out, "Platform:", &image.platform);
    }
    let distro = image
        .distro
        .as_ref()
        .map_or_else(|| "not recognised".to_owned(), distro_name);
    label(out, "Distribution:", &distro);
    let database = report.coverage.database.as_ref();
    label(
        out,
        "Database:",
        &database.map_or_else(|| "none".to_owned(), database_name),
    );
}

fn label(out: &mut Writer, name: &str, value: &str) {
    out.line(
        &format!("{name:<VALUE$}"),
        VALUE,
        &[plain(&clip(value, VALUE_LIMIT))],
    );
}

/// Names a distribution as it names itself.
pub(super) fn distro_name(distro: &Distro) -> String {
    if distro.pretty_name.trim().is_empty() {
        format!("{} {}", distro.id, distro.version_id)
            .trim()
            .to_owned()
    } else {
        distro.pretty_name.clone()
    }
}

fn database_name(database: &DatabaseInfo) -> String {
    let mut parts = Vec::new();
    if !database.built_at.is_empty() {
        parts.push(format!("built {}", date(&database.built_at)));
    }
    parts.push(counted(database.feeds.len(), "feed"));
    if !database.digest.is_empty() {
        // Enough to tell two databases apart; the whole digest is in the JSON report.
        let hex = database
            .digest
            .strip_prefix("sha256:")
            .unwrap_or(&database.digest);
        parts.push(hex.chars().take(12).collect());
    }
    parts.join(", ")
}

/// Returns the name of the image without scheme, tag and digest; of a file its name alone.
fn project(reference: &str) -> &str {
    let (scheme, rest) = match reference.split_once(':') {
        Some((
            scheme @ ("registry" | "docker" | "podman" | "containerd" | "docker-archive"
            | "oci-archive" | "oci-dir" | "dir" | "sbom"),
            rest,
        )) => (scheme, rest),
        // Without a scheme, what begins so can only be a path.
        _ if ["/", "./", "../"].iter().any(|s| reference.starts_with(s)) => ("dir", reference),
        _ => ("", reference),
    };
    match scheme {
        "docker-archive" | "oci-archive" | "oci-dir" | "dir" | "sbom" => {
            let path = rest.trim_end_matches('/');
            let name = path.rsplit('/').next().unwrap_or(path);
            if scheme == "oci-dir" {
                without_tag(name)
            } else {
                name
            }
        }
        _ => without_tag(rest.split('@').next().unwrap_or(rest)),
    }
}

fn without_tag(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_named_without_scheme_tag_and_digest() {
        for (reference, want) in [
            ("blog", "blog"),
            ("hello-python:slim", "hello-python"),
            ("docker:hello-python:slim", "hello-python"),
            (
                "registry:localhost:5000/team/app",
                "localhost:5000/team/app",
            ),
            (
                "registry:localhost:5000/team/app:1.2@sha256:00",
                "localhost:5000/team/app",
            ),
            ("docker-archive:/tmp/images/app.tar", "app.tar"),
            ("oci-dir:images/demo:latest", "demo"),
            ("oci-dir:images/demo/", "demo"),
            ("dir:/", ""),
            ("/var/images/demo", "demo"),
            ("./web:1.tar", "web:1.tar"),
            ("../images/demo/", "demo"),
        ] {
            assert_eq!(project(reference), want, "{reference}");
        }
    }
}
