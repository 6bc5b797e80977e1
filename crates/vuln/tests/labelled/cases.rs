//! The labelled set: packages of which someone has decided by reading the record whether an advisory
//! applies. Used by the test and by the benchmark, which prints precision and recall.

use std::fs;
use std::path::Path;

use plimsoll_model::distro::Distro;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, SourcePackage};
use plimsoll_model::report::CatalogPackage;
use plimsoll_vuln::db::{Database, build};
use plimsoll_vuln::matcher;

/// Is one package, one vulnerability and whether it applies.
pub(crate) struct Case {
    /// The distribution and its version (`debian:12`), or the ecosystem.
    pub(crate) place: String,
    package: Package,
    vulnerability: String,
    /// Whether it applies.
    pub(crate) applies: bool,
    reason: String,
}

impl Case {
    /// Names the case in a message.
    pub(crate) fn name(&self) -> String {
        let word = if self.applies {
            "applies"
        } else {
            "does not apply"
        };
        format!(
            "{} {} {}: {} {word} ({})",
            self.place, self.package.name, self.package.version, self.vulnerability, self.reason
        )
    }

    /// Returns the ecosystem without a release, for counts.
    pub(crate) fn ecosystem(&self) -> &str {
        self.place.split(':').next().unwrap_or_default()
    }
}

/// Reads the cases of a table: where, kind, package, version, source and its version, properties
/// (`name=value`), vulnerability, `yes` or `no`, and why, with tabs between.
pub(crate) fn read(table: &Path) -> Result<Vec<Case>, String> {
    let text = fs::read_to_string(table).map_err(|error| error.to_string())?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| case(line).ok_or_else(|| format!("no case: {line}")))
        .collect()
}

fn case(line: &str) -> Option<Case> {
    let mut fields = line.split('\t');
    let mut next = || fields.next();
    let place = next()?.to_owned();
    let mut package = Package::new(PackageKind::from_name(next()?)?, next()?, next()?);
    if let Some((name, version)) = next()?.split_once(' ') {
        package.source = Some(SourcePackage {
            name: name.to_owned(),
            version: version.to_owned(),
        });
    }
    if let Some((name, value)) = next()?.split_once('=') {
        package.properties.insert(name.to_owned(), value.to_owned());
    }
    let vulnerability = next()?.to_owned();
    let applies = match next()? {
        "yes" => true,
        "no" => false,
        _ => return None,
    };
    let reason = next().filter(|reason| !reason.is_empty())?.to_owned();
    Some(Case {
        place,
        package,
        vulnerability,
        applies,
        reason,
    })
}

/// Builds the database of the records that the cases are about.
pub(crate) fn database(records: &Path, folder: &Path) -> Result<Database, String> {
    let file = folder.join("labelled.db");
    build::build(records, &file, "2026-11-21T00:00:00Z", &|_| {})
        .map_err(|error| error.to_string())?;
    Database::open(&file).map_err(|error| error.to_string())
}

/// Says whether the matcher reports the vulnerability, under any of its names.
pub(crate) fn reported(database: &Database, case: &Case) -> bool {
    let distro = case.package.kind.is_os().then(|| {
        let (id, version) = case.place.split_once(':').unwrap_or((&case.place, ""));
        Distro {
            id: id.to_owned(),
            version_id: version.to_owned(),
            ..Distro::default()
        }
    });
    let packages = [CatalogPackage {
        package: case.package.clone(),
        layer: 0,
    }];
    let matches = matcher::find(database, &packages, distro.as_ref());
    matches.findings.iter().any(|finding| {
        finding.id == case.vulnerability || finding.aliases.contains(&case.vulnerability)
    })
}
