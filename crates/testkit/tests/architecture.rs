//! Holds the invariants of ARCHITECTURE.md that the compiler cannot: which crate may know which, what
//! a crate's sources must not mention, where the registries are, how long a file may be.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers fail as the test does"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_testkit::{project_dir, skip};

/// The crates of the product and which of the others each may depend on. `bench` may use any of them.
const EDGES: &[(&str, &[&str])] = &[
    ("analyze", &["formats", "model"]),
    (
        "cli",
        &["analyze", "engine", "formats", "image", "model", "vuln"],
    ),
    ("engine", &["analyze", "formats", "image", "model", "vuln"]),
    ("formats", &["model"]),
    ("image", &["model"]),
    ("model", &[]),
    ("testkit", &[]),
    ("vuln", &["model"]),
];

/// The modules that hold a registry, and the type of its entries.
const REGISTRIES: &[&str] = &[
    "crates/analyze/src/catalog/mod.rs",
    "crates/formats/src/lib.rs",
    "crates/vuln/src/feeds/mod.rs",
];

/// What the sources of a crate must not mention outside of their tests, and why.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    (
        "image",
        &["model::package", "model::advisory", "model::report"],
        "`image` knows no packages",
    ),
    (
        "model",
        &[
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "SystemTime",
            "Instant::now",
        ],
        "`model` does no input or output and has no clock",
    ),
    (
        "analyze",
        &[
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "SystemTime",
            "Instant::now",
        ],
        "`analyze` is handed bytes: it opens nothing and has no clock",
    ),
    (
        "formats",
        &[
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "SystemTime",
            "Instant::now",
        ],
        "`formats` is handed a report and a writer: times are arguments",
    ),
];

/// The lines that a source file may have.
const LINES: usize = 800;

#[test]
fn crates_know_only_whom_they_may() {
    let packages = workspace();
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    for (name, dependencies) in &packages {
        let Some(name) = name
            .strip_prefix("plimsoll-")
            .filter(|name| *name != "bench")
        else {
            continue;
        };
        let allowed = allowed
            .get(name)
            .unwrap_or_else(|| panic!("crate {name:?} is not in EDGES: say whom it may know"));
        for (dependency, kind) in dependencies {
            let Some(dependency) = dependency.strip_prefix("plimsoll-") else {
                continue;
            };
            if kind == "dev" {
                assert_eq!(
                    dependency, "testkit",
                    "{name} uses {dependency} in its tests"
                );
            } else {
                assert!(
                    allowed.contains(&dependency),
                    "{name} must not know {dependency} ({kind})"
                );
            }
        }
    }
    for (name, _) in EDGES {
        assert!(
            packages.contains_key(&format!("plimsoll-{name}")),
            "there is no crate {name}"
        );
    }
}

#[test]
fn xtask_has_no_dependencies() {
    let packages = workspace();
    assert_eq!(
        packages["xtask"],
        BTreeSet::new(),
        "it must compile in seconds"
    );
}

#[test]
fn sources_keep_to_their_crate() {
    for (name, words, why) in FORBIDDEN {
        for path in sources(&project_dir().join("crates").join(name).join("src")) {
            let text = std::fs::read_to_string(&path).unwrap();
            for (number, line) in product_lines(&path, &text) {
                for word in *words {
                    assert!(
                        !line.contains(word),
                        "{}:{number}: {word}: {why}",
                        path.display()
                    );
                }
            }
        }
    }
}

#[test]
fn every_registry_is_one_list() {
    for path in REGISTRIES {
        let text = std::fs::read_to_string(project_dir().join(path)).unwrap();
        assert_eq!(
            text.matches("pub static ALL: &[&").count(),
            1,
            "{path} holds one list, ALL"
        );
    }
}

#[test]
fn every_crate_is_described() {
    let text = std::fs::read_to_string(project_dir().join("ARCHITECTURE.md")).unwrap();
    for (name, _) in EDGES {
        assert!(
            text.contains(&format!("`crates/{name}`")),
            "ARCHITECTURE.md misses crates/{name}"
        );
    }
    for name in ["xtask", "bench", "fuzz"] {
        let there = project_dir().join(name).join("Cargo.toml").is_file();
        assert!(
            !there || text.contains(&format!("`{name}`")),
            "ARCHITECTURE.md misses {name}"
        );
    }
}

#[test]
fn source_files_stay_readable() {
    for folder in ["bench", "crates", "fuzz/fuzz_targets", "xtask"] {
        for path in sources(&project_dir().join(folder)) {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            assert!(
                lines <= LINES,
                "{} has {lines} lines: divide it",
                path.display()
            );
        }
    }
}

#[test]
fn no_file_names_a_machine() {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(project_dir())
        .output()
        .ok()
        .filter(|output| output.status.success());
    let Some(listed) = listed else {
        return skip("no_file_names_a_machine", "this is not a git checkout");
    };
    // Written in two parts each, so that this file passes.
    let machine = [
        concat!("/wo", "rk/"),
        concat!("/fa", "rm/"),
        concat!("/var/tmp/plim", "soll"),
    ];
    for name in String::from_utf8(listed.stdout)
        .unwrap()
        .split_terminator('\0')
    {
        // A file that was deleted and is not committed yet, or a link, holds no text.
        let Ok(bytes) = std::fs::read(project_dir().join(name)) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        for path in machine {
            assert!(
                !text.contains(path),
                "{name} names the path {path} of one machine"
            );
        }
    }
}

/// Returns the packages of the workspace with their dependencies as (name, kind).
fn workspace() -> BTreeMap<String, BTreeSet<(String, String)>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(project_dir())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            let dependencies = dependencies
                .map(|entry| {
                    let kind = text(&entry["kind"]).unwrap_or_else(|| "normal".to_owned());
                    (text(&entry["name"]).unwrap(), kind)
                })
                .collect();
            (text(&package["name"]).unwrap(), dependencies)
        })
        .collect()
}

/// Returns the Rust sources below a folder, sorted; what cargo built is not among them.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Returns the lines of a source, numbered, without comments and without the test module that ends
/// it; nothing of a module that is for tests as a whole.
fn product_lines<'a>(path: &Path, text: &'a str) -> Vec<(usize, &'a str)> {
    let stem = path
        .file_stem()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    if matches!(stem, "tests" | "testing") {
        return Vec::new();
    }
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim_start()))
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]") && !line.starts_with("mod tests"))
        .filter(|(_, line)| !line.starts_with("//"))
        .collect()
}
