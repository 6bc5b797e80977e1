//! AlmaLinux' errata: `errata.full.json` of each release.
//!
//! Format (errata.almalinux.org, "errata.full.json"): `data` lists updates with packages, modules and
//! references; dates are seconds since 1970. A package states its module as
//! `name:stream:version:context:arch`. OSV's records of the same updates leave modules and
//! architectures out.

use std::io;
use std::path::Path;

use serde::Deserialize;

use super::rpm_updates::{self, Build, Update};
use super::stream::{self, Part};
use super::{About, Batch, Feed, Fetched, Remote, read_file};
use crate::ids;

/// Where the errata are served.
const ADDRESS: &str = "https://errata.almalinux.org";

/// The feed.
pub struct AlmaLinux;

impl Feed for AlmaLinux {
    fn name(&self) -> &'static str {
        "almalinux"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "AlmaLinux' errata",
            addresses: &[ADDRESS],
            format: "JSON by update (wiki.almalinux.org, \"AlmaLinux Errata\")",
            licence: "MIT",
            changes: "daily",
            files: "`<release>/errata.full.json`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        ["8", "9", "10"]
            .map(|release| {
                let path = format!("{release}/errata.full.json");
                Remote::new(format!("{ADDRESS}/{path}"), format!("almalinux/{path}"))
            })
            .to_vec()
    }

    fn rank(&self) -> u8 {
        1
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        matches!(parts, [.., release, "errata.full.json"]
            if release.bytes().all(|byte| byte.is_ascii_digit()))
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        let release = parts.iter().rev().nth(1).copied().unwrap_or("");
        Ok(parse(&read_file(path)?, release))
    }
}

/// Is an update.
#[derive(Deserialize)]
struct Erratum {
    id: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    severity: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    issued_date: Option<serde_json::Number>,
    #[serde(default)]
    updated_date: Option<serde_json::Number>,
    #[serde(default)]
    packages: Vec<Package>,
    #[serde(default)]
    references: Vec<Reference>,
}

/// Is a package.
#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    epoch: Option<String>,
    version: String,
    release: String,
    #[serde(default)]
    arch: String,
    #[serde(default)]
    module: Option<String>,
}

/// Is a reference.
#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    id: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    href: Option<String>,
}

/// Reads the errata of a release.
pub fn parse(bytes: &[u8], release: &str) -> Batch {
    let mut batch = Batch::new("almalinux");
    let reader = match stream::unpacked(bytes) {
        Ok(reader) => reader,
        Err(why) => {
            batch.damage(why);
            return batch;
        }
    };
    let whole = stream::parts(reader, &["data"], &[], &mut |part| {
        let Part::Element(raw) = part else { return };
        match serde_json::from_str::<Erratum>(raw.get()) {
            Ok(erratum) => {
                batch.read += 1;
                let update = update(erratum, release);
                batch.dated(&rpm_updates::date(&update.updated));
                batch.records.extend(rpm_updates::record(update));
            }
            Err(error) => batch.damage(format!("an update: {error}")),
        }
    });
    if let Err(error) = whole {
        batch.damage(format!("breaks off: {error}"));
    }
    batch
}

/// Turns an update into ours.
fn update(erratum: Erratum, release: &str) -> Update {
    let seconds =
        |date: Option<serde_json::Number>| date.map(|date| date.to_string()).unwrap_or_default();
    let title = erratum.title.unwrap_or_default();
    let mut update = Update {
        title: match title.split_once(": ") {
            Some(("Critical" | "Important" | "Moderate" | "Low" | "None", rest)) => rest.to_owned(),
            _ => title,
        },
        id: erratum.id,
        kind: erratum.kind,
        severity: erratum.severity.unwrap_or_default(),
        issued: seconds(erratum.issued_date),
        updated: seconds(erratum.updated_date),
        ..Update::default()
    };
    for reference in erratum.references {
        let id = reference.id.unwrap_or_default();
        update.cves.extend(ids::cves_in(&id));
        if reference.kind.as_deref() == Some("self") {
            update.urls.extend(reference.href);
        }
    }
    for package in erratum.packages {
        let module = package
            .module
            .as_deref()
            .filter(|module| !module.is_empty());
        let stream = module.map(|module| {
            let mut parts = module.split(':');
            let (name, stream) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            format!("{name}:{stream}")
        });
        let modular = package.release.contains("module");
        let epoch = package.epoch.unwrap_or_default();
        update.builds.push(Build {
            ecosystem: format!("AlmaLinux:{release}"),
            version: Build::version(&epoch, &package.version, &package.release),
            name: package.name,
            arch: package.arch,
            module: modular.then(|| stream.unwrap_or_default()),
            ..Build::default()
        });
    }
    update
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_keep_modules_and_architectures() {
        let batch = parse(
            br#"{"schema_version": "1.0", "data": [
              {"id": "ALBA-2021:3049", "issued_date": 1628589283, "updated_date": 1628589276, "severity": "None", "title": "pcsc-lite bug fix and enhancement update", "type": "bugfix",
               "packages": [{"name": "pcsc-lite-ccid", "epoch": "0", "version": "1.4.29", "release": "5.1.el8_4", "arch": "x86_64"}], "modules": [],
               "references": [{"id": "ALBA-2021-3049", "type": "self", "href": "https://errata.almalinux.org/8/ALBA-2021-3049.html"}]},
              {"id": "ALSA-2019:3708", "issued_date": 1572983623, "updated_date": 1651142818, "severity": "Moderate", "title": "Moderate: mariadb:10.3 security and bug fix update", "type": "security",
               "packages": [
                {"name": "Judy", "epoch": "0", "version": "1.0.5", "release": "18.module_el8.5.0+2632+14ced695", "arch": "x86_64", "module": "mariadb:10.3:8050020220427075058:c5368500:x86_64"},
                {"name": "Judy", "epoch": "0", "version": "1.0.5", "release": "18.module_el8.3.0+2028+5e3224e9", "arch": "i686", "module": "mariadb-devel:10.3:8030020210324132345:229f0a1c:x86_64"},
                {"name": "Judy", "epoch": "0", "version": "1.0.5", "release": "18.module_el8.6.0+2761+593e5e59", "arch": "aarch64", "module": "mariadb:10.5:8060020220420124706:9edba152:aarch64"}],
               "references": [{"id": "CVE-2019-2510", "type": "cve", "href": "https://vulners.com/cve/CVE-2019-2510"}]}, {"id": 7}]}"#,
            "8",
        );
        assert_eq!((batch.read, batch.damaged), (2, 1), "{:?}", batch.notes);
        let [record] = batch.records.as_slice() else {
            panic!("one record")
        };
        assert_eq!(
            (record.id.as_str(), record.published.as_str()),
            ("ALSA-2019:3708", "2019-11-05T19:53:43Z")
        );
        assert_eq!(record.title, "mariadb:10.3 security and bug fix update");
        let shown: Vec<String> = (record.statements.iter())
            .map(|one| {
                let advisory = &one.advisory;
                let fixed = advisory.ranges[0].fixed.as_deref().unwrap_or("");
                format!(
                    "{} {} {:?} {fixed}",
                    advisory.ecosystem, advisory.package, advisory.module
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "AlmaLinux:8 Judy Some(\"mariadb-devel:10.3\") 1.0.5-18.module_el8.3.0+2028+5e3224e9",
                "AlmaLinux:8 Judy Some(\"mariadb:10.3\") 1.0.5-18.module_el8.5.0+2632+14ced695",
                "AlmaLinux:8 Judy Some(\"mariadb:10.5\") 1.0.5-18.module_el8.6.0+2761+593e5e59",
            ]
        );
        assert_eq!(parse(br#"{"data": [{"#, "8").damaged, 1);
    }
}
