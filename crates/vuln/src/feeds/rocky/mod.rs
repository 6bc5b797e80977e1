//! Rocky Linux' errata from Apollo: pages of `api/v3/advisories/`.
//!
//! Format (apollo.build.resf.org/docs): updates with the file names of their packages
//! (`delve-0:1.25.2-1.el10_1.aarch64.rpm`), modules, products and rated CVEs.

use std::io;
use std::path::Path;

use serde::Deserialize;

use super::rpm_updates::{self, Build, Update};
use super::stream::{self, Part};
use super::{About, Batch, Feed, Fetched, Remote, read_file};
use crate::rating;

/// Where Apollo answers.
const ADDRESS: &str = "https://apollo.build.resf.org";
/// How many updates are asked for at once.
const PAGE: u64 = 100;
/// How many pages are fetched at most.
const PAGE_LIMIT: u64 = 500;

/// The feed.
pub struct Rocky;

impl Feed for Rocky {
    fn name(&self) -> &'static str {
        "rocky"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "Rocky Linux' errata",
            addresses: &[ADDRESS],
            format: "JSON of Apollo's API (apollo.build.resf.org/docs)",
            licence: "BSD-3-Clause",
            changes: "daily",
            files: "`apollo/advisories/<page>.json`",
        }
    }

    fn plan(&self, fetched: &Fetched<'_>) -> Vec<Remote> {
        let page = |page: u64| {
            let query = format!("page={page}&size={PAGE}");
            Remote::new(
                format!("{ADDRESS}/api/v3/advisories/?{query}"),
                format!("apollo/advisories/{page}.json"),
            )
        };
        let first = page(1);
        let total: Total = fetched(&first.local)
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let mut files = vec![first];
        files.extend((2..=total.total.div_ceil(PAGE).min(PAGE_LIMIT)).map(page));
        files
    }

    fn rank(&self) -> u8 {
        1
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        matches!(parts, [.., "apollo", "advisories", file] if file.strip_suffix(".json").is_some())
    }

    fn read(&self, path: &Path, _parts: &[&str]) -> io::Result<Batch> {
        Ok(parse(&read_file(path)?))
    }
}

/// Is how many updates there are.
#[derive(Deserialize, Default)]
struct Total {
    #[serde(default)]
    total: u64,
}

/// Is an update.
#[derive(Deserialize)]
struct Erratum {
    name: String,
    #[serde(default)]
    synopsis: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    severity: Option<String>,
    #[serde(default)]
    published_at: Option<String>,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    affected_products: Vec<Product>,
    #[serde(default)]
    cves: Vec<Cve>,
    #[serde(default)]
    packages: Vec<Package>,
}

/// Is a product.
#[derive(Deserialize)]
struct Product {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    major_version: Option<u64>,
}

/// Is a CVE.
#[derive(Deserialize)]
struct Cve {
    cve: String,
    #[serde(default)]
    cvss3_scoring_vector: Option<String>,
}

/// Is a package.
#[derive(Deserialize)]
struct Package {
    nevra: String,
    #[serde(default)]
    module_name: Option<String>,
    #[serde(default)]
    module_stream: Option<String>,
    #[serde(default)]
    product_name: Option<String>,
}

/// Reads a page.
pub fn parse(bytes: &[u8]) -> Batch {
    let mut batch = Batch::new("rocky");
    let whole = stream::parts(bytes, &["advisories"], &[], &mut |part| {
        let Part::Element(raw) = part else { return };
        match serde_json::from_str::<Erratum>(raw.get()) {
            Ok(erratum) => {
                batch.read += 1;
                let (update, lost) = update(erratum);
                if lost > 0 {
                    batch.damage(format!(
                        "{}: {lost} packages that could not be placed",
                        update.id
                    ));
                }
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

/// Turns an update into ours; the number beside it is that of packages that could not be placed.
fn update(erratum: Erratum) -> (Update, usize) {
    let synopsis = erratum.synopsis.unwrap_or_default();
    let mut update = Update {
        title: match synopsis.split_once(": ") {
            Some(("Critical" | "Important" | "Moderate" | "Low" | "None", rest)) => rest.to_owned(),
            _ => synopsis,
        },
        urls: vec![format!("https://errata.rockylinux.org/{}", erratum.name)],
        id: erratum.name,
        kind: erratum.kind.unwrap_or_default().to_ascii_lowercase(),
        severity: erratum.severity.unwrap_or_default(),
        issued: erratum.published_at.unwrap_or_default(),
        updated: erratum.updated_at.unwrap_or_default(),
        ..Update::default()
    };
    for cve in erratum.cves {
        let rated = cve
            .cvss3_scoring_vector
            .and_then(|vector| rating::rate(&vector, ""));
        // The ratings of several CVEs cannot be told apart once they are the update's.
        if update.cvss.len() < 8 {
            update.cvss.extend(rated);
        }
        update.cves.push(cve.cve);
    }
    let products = erratum.affected_products.iter().filter_map(|product| {
        let of_rocky = product
            .name
            .as_deref()
            .is_some_and(|name| name.starts_with("Rocky Linux"));
        product.major_version.filter(|_| of_rocky)
    });
    let mut majors: Vec<u64> = products.collect();
    majors.sort_unstable();
    majors.dedup();
    let mut lost = 0;
    for package in &erratum.packages {
        match build(package, &majors) {
            Some(build) => update.builds.push(build),
            None => lost += 1,
        }
    }
    (update, lost)
}

/// Reads a package; `majors` are the releases that the update is for.
fn build(package: &Package, majors: &[u64]) -> Option<Build> {
    let file = package.nevra.strip_suffix(".rpm").unwrap_or(&package.nevra);
    let (nevr, arch) = file.rsplit_once('.')?;
    let (name, version, release) = rpm_updates::split_nvr(nevr)?;
    let (epoch, version) = version.split_once(':').unwrap_or(("", version));
    // `Rocky Linux 10 aarch64`
    let product = package.product_name.as_deref().unwrap_or("");
    let stated = (product.strip_prefix("Rocky Linux "))
        .and_then(|rest| rest.split([' ', '.']).next())
        .filter(|major| !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit()));
    let major = match (stated, rpm_updates::dist_tag(release, "el"), majors) {
        (Some(major), ..) | (None, Some(major), _) => major.to_owned(),
        (None, None, [major]) => major.to_string(),
        _ => return None,
    };
    let stream = match (&package.module_name, &package.module_stream) {
        (Some(name), Some(stream)) if !name.is_empty() => format!("{name}:{stream}"),
        _ => String::new(),
    };
    Some(Build {
        ecosystem: format!("Rocky Linux:{major}"),
        name: name.to_owned(),
        version: Build::version(epoch, version, release),
        arch: arch.to_owned(),
        module: release.contains("module").then_some(stream),
        ..Build::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_apollo_are_read() {
        let page = br#"{"advisories":[{"id":8019,"updated_at":"2025-11-27T09:12:41.644151+00:00","published_at":"2025-11-27T09:11:22.820964+00:00","name":"RLSA-2025:21816","synopsis":"Moderate: delve and golang security update","kind":"Security","severity":"Moderate",
          "affected_products":[{"variant":"Rocky Linux","name":"Rocky Linux 10 aarch64","major_version":10,"minor_version":1,"arch":"aarch64"}],
          "cves":[{"id":19170,"cve":"CVE-2025-58183","cvss3_scoring_vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H","cvss3_base_score":"7.5"}],
          "packages":[
            {"nevra":"delve-0:1.25.2-1.el10_1.aarch64.rpm","module_name":null,"module_stream":null,"product_name":"Rocky Linux 10 aarch64"},
            {"nevra":"delve-0:1.25.2-1.el10_1.src.rpm","product_name":"Rocky Linux 10 aarch64"},
            {"nevra":"rubygem-abrt-1:0.3.0-4.module+el8.5.0+738+032c9c02.noarch.rpm","module_name":"ruby","module_stream":"2.6"},
            {"nevra":"odd"}]},
          {"name":"RLBA-2019:0973","kind":"Bug Fix","packages":[{"nevra":"a-0:1-1.el8.x86_64.rpm"}]}, {"name":7}],"total":201,"page":1,"size":100}"#;
        let batch = parse(page);
        assert_eq!((batch.read, batch.damaged), (2, 2), "{:?}", batch.notes);
        let [record] = batch.records.as_slice() else {
            panic!("one record")
        };
        assert_eq!(record.title, "delve and golang security update");
        assert_eq!(record.published, "2025-11-27T09:11:22.820964Z");
        assert_eq!(record.vulnerabilities, ["CVE-2025-58183"]);
        assert!((record.cvss[0].score - 7.5).abs() < 0.01);
        let shown: Vec<String> = (record.statements.iter())
            .map(|one| {
                let advisory = &one.advisory;
                let fixed = advisory.ranges[0].fixed.as_deref().unwrap_or("");
                format!(
                    "{} {} {fixed} {:?}",
                    advisory.ecosystem, advisory.package, advisory.module
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "Rocky Linux:10 delve 1.25.2-1.el10_1 None",
                "Rocky Linux:8 rubygem-abrt 1:0.3.0-4.module+el8.5.0+738+032c9c02 Some(\"ruby:2.6\")",
            ]
        );
        let plan = Rocky.plan(&|_| Some(page.to_vec()));
        assert_eq!(plan.len(), 3);
        assert!(Rocky.recognises(&["apollo", "advisories", "1.json"]));
        assert_eq!(parse(b"{\"advisories\":[{").damaged, 1);
    }
}
