//! Real images against the native tools: the package list is dpkg's and rpm's, the findings are what
//! the feed says by dpkg's own comparison.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Place, gaps, packages, real};
use plimsoll_testkit::{shared_dir, skip};
use serde_json::Value;

/// Unpacks an image with umoci and returns its root file system.
fn unpack(test: &str, place: &Place, layout: &Path) -> Option<PathBuf> {
    let bundle = place.path("bundle");
    let output = Command::new("umoci")
        .args(["unpack", "--image", &format!("{}:latest", layout.display())])
        .arg(&bundle)
        .output();
    match output {
        Ok(output) if output.status.success() => Some(bundle.join("rootfs")),
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            skip(test, &format!("umoci cannot unpack here: {}", why.trim()));
            None
        }
        Err(_) => {
            skip(test, "umoci is not installed");
            None
        }
    }
}

/// Leaves packages of languages and programs without a package out: they are no business of dpkg.
fn of_dpkg(mut report: Value) -> Value {
    let listed = report["packages"].as_array_mut().unwrap();
    listed.retain(|package| package["type"] == "deb");
    report
}

#[test]
fn the_package_list_of_debian_images_is_dpkgs() {
    let name_of_test = "the_package_list_of_debian_images_is_dpkgs";
    for name in [
        "debian-11-slim",
        "debian-12-slim",
        "python-app",
        "debian-12-full",
    ] {
        let Some(layout) = real(name_of_test, name) else {
            continue;
        };
        let place = Place::new();
        let Some(root) = unpack(name_of_test, &place, &layout) else {
            return;
        };
        let output = Command::new("dpkg-query")
            .arg(format!("--admindir={}", root.join("var/lib/dpkg").display()))
            .args(["-W", "-f", "${db:Status-Status}\t${Package} ${Version} ${Architecture}\t${source:Package} ${source:Version}\n"])
            .output();
        let Ok(output) = output else {
            return skip(name_of_test, "dpkg-query is not installed");
        };
        let text = String::from_utf8(output.stdout).unwrap();
        let mut expected: Vec<String> = Vec::new();
        let mut sources: BTreeSet<String> = BTreeSet::new();
        for line in text.lines() {
            let parts: Vec<&str> = line.split('\t').collect();
            if parts[0] == "installed" {
                expected.push(parts[1].to_owned());
                sources.insert(format!("{} <- {}", parts[1], parts[2]));
            }
        }
        expected.sort();
        let report = of_dpkg(place.report(&format!("oci-dir:{}", layout.display()), &[], 3));
        assert_eq!(packages(&report), expected, "{name}");
        let ours: BTreeSet<String> = report["packages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| {
                let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
                format!(
                    "{} {} {} <- {} {}",
                    text(&p["name"]),
                    text(&p["version"]),
                    text(&p["arch"]),
                    text(&p["source"]["name"]),
                    text(&p["source"]["version"])
                )
            })
            .collect();
        assert_eq!(ours, sources, "{name}");
        // The root file system in a folder gives the same list.
        let folder = of_dpkg(place.report(&format!("dir:{}", root.display()), &[], 3));
        assert_eq!(packages(&folder), expected, "{name} as a folder");
    }
}

#[test]
fn the_findings_of_debian_images_are_what_the_feed_says() {
    let name_of_test = "the_findings_of_debian_images_are_what_the_feed_says";
    let Some(feeds) = shared_dir().map(|shared| shared.join("feeds")) else {
        return skip(name_of_test, "the large feeds are not here");
    };
    if Command::new("dpkg").arg("--version").output().is_err() {
        return skip(name_of_test, "dpkg is not installed");
    }
    let place = Place::new();
    let db = place.database(&feeds);
    let tracker: Value =
        serde_json::from_slice(&fs::read(feeds.join("debian/tracker/data/json")).unwrap()).unwrap();
    for (name, release, end) in [
        ("debian-11-slim", "bullseye", "2024-08-14"),
        ("debian-12-slim", "bookworm", "2026-07-11"),
    ] {
        let Some(layout) = real(name_of_test, name) else {
            continue;
        };
        let report = place.report(&format!("oci-dir:{}", layout.display()), &["--db", &db], 0);
        // Whether that day has come depends on when the test runs.
        let gaps: Vec<String> = gaps(&report)
            .into_iter()
            .filter(|gap| gap != "end-of-life")
            .collect();
        assert_eq!(gaps, Vec::<String>::new(), "{name}");
        assert_eq!(report["image"]["distro"]["end_of_life"], end, "{name}");
        let mut expected: BTreeSet<(String, String, String)> = BTreeSet::new();
        let mut sources: BTreeMap<String, String> = BTreeMap::new();
        for package in report["packages"].as_array().unwrap() {
            let source = &package["source"];
            sources.insert(
                source["name"].as_str().unwrap().to_owned(),
                source["version"].as_str().unwrap().to_owned(),
            );
        }
        for (source, version) in &sources {
            let Some(entries) = tracker[source].as_object() else {
                continue;
            };
            for (id, entry) in entries {
                let entry = &entry["releases"][release];
                let fixed = entry["fixed_version"].as_str();
                match (entry["status"].as_str(), fixed) {
                    (Some("resolved"), Some("0")) | (None | Some("undetermined"), _) => {}
                    (Some("resolved"), Some(fixed)) => {
                        if less(version, fixed) {
                            expected.insert((source.clone(), id.clone(), fixed.to_owned()));
                        }
                    }
                    (Some("open"), _) => {
                        expected.insert((source.clone(), id.clone(), String::new()));
                    }
                    other => panic!("{source} {id}: {other:?}"),
                }
            }
        }
        let mut found: BTreeSet<(String, String, String)> = BTreeSet::new();
        for finding in report["findings"].as_array().unwrap() {
            let source = source_of(&report, finding);
            let fixed = finding["fix"]["versions"][0].as_str().unwrap_or_default();
            found.insert((
                source.to_owned(),
                finding["id"].as_str().unwrap().to_owned(),
                fixed.to_owned(),
            ));
        }
        let of_tracker: BTreeSet<_> = found
            .iter()
            .filter(|(source, id, _)| !tracker[source][id].is_null())
            .cloned()
            .collect();
        assert_eq!(of_tracker, expected, "{name}");
        assert!(
            !expected.is_empty(),
            "{name}: the feed says something of it"
        );
    }
}

#[test]
fn advisories_of_the_lists_apply_by_dpkgs_comparison() {
    let name_of_test = "advisories_of_the_lists_apply_by_dpkgs_comparison";
    let Some(feeds) = shared_dir().map(|shared| shared.join("feeds")) else {
        return skip(name_of_test, "the large feeds are not here");
    };
    let Some(layout) = real(name_of_test, "debian-11-slim") else {
        return;
    };
    if Command::new("dpkg").arg("--version").output().is_err() {
        return skip(name_of_test, "dpkg is not installed");
    }
    let place = Place::new();
    let db = place.database(&feeds);
    // The same root with every package set back to the first version of its source: then most
    // advisories of bullseye apply.
    let Some(root) = unpack(name_of_test, &place, &layout) else {
        return;
    };
    let status = root.join("var/lib/dpkg/status");
    let old: String = fs::read_to_string(&status)
        .unwrap()
        .lines()
        .map(|line| match line.strip_prefix("Version: ") {
            Some(version) => format!("Version: {}\n", set_back(version)),
            None => format!("{line}\n"),
        })
        .collect();
    fs::write(&status, old).unwrap();
    let report = place.report(&format!("dir:{}", root.display()), &["--db", &db], 0);
    let mut sources: BTreeMap<String, String> = BTreeMap::new();
    for package in report["packages"].as_array().unwrap() {
        let source = &package["source"];
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        sources.insert(text(&source["name"]), text(&source["version"]));
    }
    let mut expected: BTreeMap<(String, String), String> = BTreeMap::new();
    for list in ["DSA", "DLA"] {
        let text = fs::read_to_string(feeds.join(format!("debian/data/{list}/list"))).unwrap();
        let mut id = String::new();
        for line in text.lines() {
            if line.starts_with('[') {
                id = line
                    .split_whitespace()
                    .find(|w| w.starts_with(list))
                    .unwrap_or("")
                    .to_owned();
            } else if let Some(rest) = line.trim_start().strip_prefix("[bullseye] - ") {
                let mut words = rest.split_whitespace();
                let (Some(source), Some(fixed)) = (words.next(), words.next()) else {
                    continue;
                };
                if let Some(version) = sources.get(source)
                    && !fixed.starts_with('<')
                    && less(version, fixed)
                {
                    expected.insert((source.to_owned(), id.clone()), fixed.to_owned());
                }
            }
        }
    }
    assert!(expected.len() >= 10, "{expected:?}");
    let mut found: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        let source = source_of(&report, finding);
        let names = finding["aliases"]
            .as_array()
            .unwrap()
            .iter()
            .chain([&finding["id"]]);
        for name in names.filter_map(Value::as_str) {
            if name.starts_with("DSA-") || name.starts_with("DLA-") {
                let fixes = found
                    .entry((source.to_owned(), name.to_owned()))
                    .or_default();
                fixes.insert(
                    finding["fix"]["versions"][0]
                        .as_str()
                        .unwrap_or("")
                        .to_owned(),
                );
            }
        }
    }
    let missing: Vec<_> = expected
        .keys()
        .filter(|key| !found.contains_key(*key))
        .collect();
    assert_eq!(
        missing,
        Vec::<&(String, String)>::new(),
        "advisories that were not reported"
    );
    let wrong: Vec<_> = found
        .keys()
        .filter(|key| !expected.contains_key(*key))
        .collect();
    assert_eq!(
        wrong,
        Vec::<&(String, String)>::new(),
        "advisories that do not apply"
    );
    for (key, fixed) in &expected {
        assert!(
            found[key].contains(fixed),
            "{key:?}: expected {fixed}, found {:?}",
            found[key]
        );
    }
}

/// Returns the source package of a finding's package.
fn source_of<'r>(report: &'r Value, finding: &Value) -> &'r str {
    let purl = &finding["package"]["purl"];
    let mut packages = report["packages"].as_array().unwrap().iter();
    let package = packages.find(|p| &p["purl"] == purl).unwrap();
    package["source"]["name"].as_str().unwrap()
}

/// Cuts a version's Debian update (`+deb11u3`, `-10+deb11u1`), so that it is what the release began
/// with, or a little older.
fn set_back(version: &str) -> String {
    let cut = version.split("+deb11u").next().unwrap_or(version);
    format!("{cut}~")
}

fn less(a: &str, b: &str) -> bool {
    Command::new("dpkg")
        .args(["--compare-versions", a, "lt", b])
        .status()
        .unwrap()
        .success()
}

#[test]
fn the_three_rpm_databases_give_the_same_list() {
    let name_of_test = "the_three_rpm_databases_give_the_same_list";
    let place = Place::new();
    let mut lists = Vec::new();
    for name in ["rpm-sqlite", "rpm-ndb", "rpm-bdb"] {
        let Some(layout) = real(name_of_test, name) else {
            return;
        };
        let report = place.report(&format!("oci-dir:{}", layout.display()), &[], 3);
        lists.push(packages(&report));
        if name == "rpm-sqlite" {
            let Some(root) = unpack(name_of_test, &place, &layout) else {
                continue;
            };
            let output = Command::new("rpm")
                .args(["--dbpath"])
                .arg(root.join("var/lib/rpm"))
                .args([
                    "-qa",
                    "--qf",
                    "%{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE} %{ARCH}\n",
                ])
                .output();
            let Ok(output) = output else {
                skip(name_of_test, "rpm is not installed");
                continue;
            };
            let mut expected: Vec<String> = String::from_utf8(output.stdout)
                .unwrap()
                .lines()
                .map(|line| line.replace(" 0:", " "))
                .collect();
            expected.sort();
            assert_eq!(lists[0], expected);
        }
    }
    assert!(lists[0].len() > 40);
    assert!(lists.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn the_tricky_file_system_is_seen_as_a_container_sees_it() {
    let name_of_test = "the_tricky_file_system_is_seen_as_a_container_sees_it";
    let Some(layout) = real(name_of_test, "fs-tricks") else {
        return;
    };
    let place = Place::new();
    let report = place.report(&format!("oci-dir:{}", layout.display()), &[], 3);
    let names: Vec<String> = packages(&report);
    let has = |name: &str| names.iter().any(|n| n.starts_with(&format!("{name} ")));
    assert!(
        has("curl") && has("file") && !has("jq"),
        "jq was purged in the second layer"
    );
    let layer_of = |name: &str| {
        let all = report["packages"].as_array().unwrap();
        all.iter().find(|p| p["name"] == name).unwrap()["layer"]
            .as_u64()
            .unwrap()
    };
    assert_eq!((layer_of("libc6"), layer_of("curl")), (0, 1));
}

#[test]
fn a_distroless_image_is_read_from_status_d() {
    let name_of_test = "a_distroless_image_is_read_from_status_d";
    let Some(layout) = real(name_of_test, "distroless") else {
        return;
    };
    let place = Place::new();
    let report = place.report(&format!("oci-dir:{}", layout.display()), &[], 3);
    let names: Vec<String> = packages(&report)
        .iter()
        .map(|p| p.split(' ').next().unwrap().to_owned())
        .collect();
    for name in [
        "base-files",
        "libc6",
        "libssl3",
        "openssl",
        "tzdata",
        "zlib1g",
    ] {
        assert!(names.contains(&name.to_owned()), "{name}: {names:?}");
    }
    assert_eq!(report["image"]["distro"]["id"], "debian");
}

#[test]
fn an_alpine_image_matches_its_secdb() {
    let name_of_test = "an_alpine_image_matches_its_secdb";
    let Some(layout) = real(name_of_test, "alpine-like") else {
        return;
    };
    let Some(feeds) = shared_dir().map(|shared| shared.join("feeds")) else {
        return skip(name_of_test, "the large feeds are not here");
    };
    let place = Place::new();
    let db = place.database(&feeds);
    let report = place.report(&format!("oci-dir:{}", layout.display()), &["--db", &db], 0);
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.len() > 20, "{}", findings.len());
    // The subpackage is matched by its origin.
    assert!(
        findings
            .iter()
            .any(|f| f["package"]["name"] == "libcrypto1.1")
    );
    assert!(findings.iter().all(|f| f["fix"]["state"] == "fixed"));
}
