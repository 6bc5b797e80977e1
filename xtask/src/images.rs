//! The real images that tests read: built once, by the scripts of the shared folder where it is there.

use std::path::{Path, PathBuf};

use crate::packages::is_root;
use crate::shell::{command, project_dir, run, target_dir};

/// The images that tests read; together they take about six minutes to build.
const IMAGES: &[&str] = &[
    "debian-12-slim",
    "debian-11-slim",
    "debian-13-slim",
    "debian-12-full",
    "python-app",
    "fs-tricks",
    "malicious",
    "hugepax",
    "distroless",
    "rpm-sqlite",
    "rpm-ndb",
    "rpm-bdb",
    "alpine-like",
    "bomb",
];

/// The images that only the benchmark and the comparison read.
const BENCHMARK: &[&str] = &[
    "zstd",
    "bad",
    "debian-12-patched",
    "java-app",
    "node-app",
    "ruby-app",
    "rust-app",
    "scratch-static",
];

/// The images of the project's own script, which only the benchmark and the comparison read.
const OWN: &[&str] = &["binaries", "languages-2000", "polyglot"];

/// Returns the folder that the images are in: `PLIMSOLL_IMAGES`, else `target/images`.
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("PLIMSOLL_IMAGES").map_or_else(
        || target_dir().join("images"),
        |folder| project_dir().join(folder),
    )
}

/// Builds the images that are not there yet, where it can, and says so where it cannot. Never
/// fails: tests that miss an image skip and say so.
pub(crate) fn build(all: bool) {
    let folder = folder();
    let wanted = if all {
        [IMAGES, BENCHMARK, OWN].concat()
    } else {
        IMAGES.to_vec()
    };
    let missing: Vec<&str> = wanted
        .iter()
        .copied()
        .filter(|name| !is_built(&folder, name))
        .collect();
    if missing.is_empty() {
        println!("images: all {} are built", wanted.len());
        return;
    }
    let shared = std::env::var_os("PLIMSOLL_SHARED")
        .map_or_else(|| project_dir().join("../shared"), PathBuf::from);
    let script = shared.join("images/build-images.sh");
    let (own, missing): (Vec<&str>, Vec<&str>) =
        missing.into_iter().partition(|name| OWN.contains(name));
    build_each(&project_dir().join("images/build.sh"), &folder, &own);
    if missing.is_empty() {
        return;
    }
    if !script.is_file() {
        println!("images: there is no script to build them with; tests that read them skip");
        return;
    }
    if !is_root() {
        println!(
            "images: building {} needs root; tests that read them skip",
            missing.join(", ")
        );
        return;
    }
    println!("images: building {}", missing.join(", "));
    build_each(&script, &folder, &missing);
}

/// Builds images with a script: one call each, so that one that fails does not take the others with it.
fn build_each(script: &Path, folder: &Path, names: &[&str]) {
    for name in names {
        if let Err(error) = run(command("bash").arg(script).arg(folder).arg(name)) {
            println!("images: {name} is not built: {error}");
        }
    }
}

/// Returns whether an image is there. Its index is written last, so a half-built one is not.
fn is_built(folder: &Path, name: &str) -> bool {
    folder.join("oci").join(name).join("index.json").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_its_index_is_built_again() {
        let folder = std::env::temp_dir().join(format!("plimsoll-xtask-{}", std::process::id()));
        let image = folder.join("oci/one");
        std::fs::create_dir_all(&image).unwrap();
        assert!(!is_built(&folder, "one"));
        std::fs::write(image.join("index.json"), "{}").unwrap();
        assert!(is_built(&folder, "one"));
        assert!(!is_built(&folder, "two"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
