//! Holds that what is checked in under `examples/` is what its sources give.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail as the test does"
)]

use std::process::Command;

use plimsoll_testkit::{project_dir, shared_dir, skip};

/// The most that each checked-in example may take, in bytes.
const SIZE: u64 = 300_000;

#[test]
fn demo_image_is_what_its_sources_give() {
    let script = project_dir().join("examples/build-demo.py");
    let run = Command::new("python3")
        .arg(&script)
        .arg("--check")
        .env_remove("SOURCE_DATE_EPOCH")
        .output();
    let Ok(run) = run else {
        return skip(
            "demo_image_is_what_its_sources_give",
            "python3 is not installed",
        );
    };
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(
        run.status.success(),
        "{said}\nrun examples/build-demo.py and commit what it writes"
    );
}

#[test]
fn starter_feeds_are_facts_without_prose() {
    for path in files(&project_dir().join("examples/starter-feeds")) {
        let text = std::fs::read_to_string(&path).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
        for field in [
            "description",
            "details",
            "summary",
            "shortDescription",
            "references",
        ] {
            assert!(
                !text.contains(&format!("\"{field}\"")),
                "{} has {field}",
                path.display()
            );
        }
    }
}

#[test]
fn examples_stay_small() {
    for name in ["demo", "starter-feeds"] {
        let files = files(&project_dir().join("examples").join(name));
        let size: u64 = files
            .iter()
            .map(|path| path.metadata().unwrap().len())
            .sum();
        assert!(
            size > 0 && size < SIZE,
            "examples/{name} takes {size} bytes"
        );
    }
}

#[test]
fn starter_feeds_keep_what_the_full_feeds_say() {
    let name = "starter_feeds_keep_what_the_full_feeds_say";
    let Some(full) = shared_dir().map(|folder| folder.join("feeds/debian/tracker/data/json"))
    else {
        return skip(name, "there is no shared folder with the full feeds");
    };
    let read = |path: &std::path::Path| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let full = read(&full);
    let excerpt = read(&project_dir().join("examples/starter-feeds/debian/tracker/data/json"));
    for (package, entries) in excerpt.as_object().unwrap() {
        let of_release = full[package].as_object().unwrap().iter();
        let of_release = of_release.filter(|(_, entry)| !entry["releases"]["bookworm"].is_null());
        let entries = entries.as_object().unwrap();
        assert_eq!(of_release.clone().count(), entries.len(), "{package}");
        for (cve, entry) in of_release {
            assert_eq!(
                entries[cve]["releases"]["bookworm"], entry["releases"]["bookworm"],
                "{package} {cve}"
            );
        }
    }
}

/// Returns the files below a folder.
fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}
