//! Reads the versions of real advisories from the shared feeds.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use plimsoll_model::version::Scheme;

use crate::tools::fits_lines;

/// Returns every version that the shared feeds name for a scheme; nothing when they are absent.
pub(crate) fn feed_versions(scheme: Scheme) -> BTreeSet<String> {
    let Some(shared) = plimsoll_testkit::shared_dir() else {
        return BTreeSet::new();
    };
    let feeds = shared.join("feeds");
    let mut versions = BTreeSet::new();
    match scheme {
        Scheme::Deb => {
            let tracker = std::fs::read(feeds.join("debian/tracker/data/json"));
            if let Ok(value) = serde_json::from_slice(&tracker.unwrap_or_default()) {
                collect(&value, &|key| key == "fixed_version", &mut versions);
            }
            for name in ["osv/Debian", "osv/Ubuntu", "osv-derived/Debian"] {
                osv_versions(&feeds.join(name).join("all.zip"), &mut versions);
            }
        }
        Scheme::Rpm => {
            for name in ["AlmaLinux:8", "AlmaLinux:9", "AlmaLinux:10", "Rocky Linux"] {
                osv_versions(&feeds.join("osv").join(name).join("all.zip"), &mut versions);
            }
        }
        Scheme::Apk => {
            let releases = std::fs::read_dir(feeds.join("alpine/secdb"));
            for release in releases.into_iter().flatten().flatten() {
                for repository in ["main.json", "community.json"] {
                    let text = std::fs::read(release.path().join(repository)).unwrap_or_default();
                    let value = serde_json::from_slice(&text).unwrap_or_default();
                    secdb_versions(&value, &mut versions);
                }
            }
        }
        _ => {
            for name in names(scheme) {
                for folder in ["osv", "osv-derived"] {
                    osv_versions(
                        &feeds.join(folder).join(name).join("all.zip"),
                        &mut versions,
                    );
                }
            }
        }
    }
    // `0` stands for "from the beginning" in OSV's format; commits stand beside versions.
    let commit =
        |version: &str| version.len() == 40 && version.bytes().all(|b| b.is_ascii_hexdigit());
    versions.retain(|version| fits_lines(version) && version != "0" && !commit(version));
    versions
}

fn osv_versions(archive: &Path, versions: &mut BTreeSet<String>) {
    let Ok(file) = std::fs::File::open(archive) else {
        return;
    };
    let mut archive = zip::ZipArchive::new(file).expect("a feed is a zip archive");
    for index in 0..archive.len() {
        let mut text = Vec::new();
        let mut entry = archive.by_index(index).expect("an entry can be opened");
        entry.read_to_end(&mut text).expect("an entry can be read");
        let record = serde_json::from_slice(&text).expect("a record is JSON");
        let wanted = |key: &str| matches!(key, "introduced" | "fixed" | "last_affected");
        collect(&record, &wanted, versions);
    }
}

/// Collects the texts under the keys that are wanted, at any depth.
fn collect(
    value: &serde_json::Value,
    wanted: &dyn Fn(&str) -> bool,
    versions: &mut BTreeSet<String>,
) {
    match value {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                match value.as_str() {
                    Some(version) if wanted(key) => {
                        versions.insert(version.to_owned());
                    }
                    _ => collect(value, wanted, versions),
                }
            }
        }
        serde_json::Value::Array(values) => {
            for value in values {
                collect(value, wanted, versions);
            }
        }
        _ => {}
    }
}

fn secdb_versions(value: &serde_json::Value, versions: &mut BTreeSet<String>) {
    let packages = value.get("packages").and_then(serde_json::Value::as_array);
    for package in packages.into_iter().flatten() {
        let fixes = package
            .pointer("/pkg/secfixes")
            .and_then(serde_json::Value::as_object);
        versions.extend(
            fixes
                .into_iter()
                .flatten()
                .map(|(version, _)| version.clone()),
        );
    }
}

/// Returns the ecosystems of OSV whose versions a scheme orders.
fn names(scheme: Scheme) -> &'static [&'static str] {
    match scheme {
        Scheme::Bitnami => &["Bitnami"],
        Scheme::Cargo => &["crates.io"],
        Scheme::Composer => &["Packagist"],
        Scheme::Gem => &["RubyGems"],
        Scheme::Go => &["Go"],
        Scheme::Hackage => &["Hackage"],
        Scheme::Maven => &["Maven"],
        Scheme::Npm => &["npm"],
        Scheme::Nuget => &["NuGet"],
        Scheme::Pypi => &["PyPI"],
        Scheme::Swift => &["SwiftURL"],
        _ => &[],
    }
}
