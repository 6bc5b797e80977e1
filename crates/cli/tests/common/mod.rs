//! Running the program as a user does, with nothing of this machine's user around it.

#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "each test file uses a part of it; a helper of a test fails as the test does"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use plimsoll_testkit::project_dir;
use serde_json::Value;

/// A folder of its own for home, cache and work.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
}

/// What a run came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with an environment that holds nothing but a home folder in this place.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command
            .args(words)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TMPDIR", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        ran(self.command(words).output().unwrap())
    }

    /// Scans and returns the JSON report; asserts the exit code.
    pub(crate) fn report(&self, reference: &str, more: &[&str], code: i32) -> Value {
        let mut words = vec!["scan", reference, "--format", "json"];
        words.extend(more);
        let ran = self.run(&words);
        assert_eq!(ran.code, code, "{reference}: {}", ran.stderr);
        serde_json::from_str(&ran.stdout).unwrap()
    }

    /// Builds a database of feeds and returns its path.
    pub(crate) fn database(&self, feeds: &Path) -> String {
        let path = self.path("plimsoll.db");
        let out = path.to_str().unwrap();
        let ran = self.run(&["db", "build", "--from", feeds.to_str().unwrap(), "-o", out]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        out.to_owned()
    }

    /// Builds the database of the checked-in facts about the demo image.
    pub(crate) fn starter(&self) -> String {
        self.database(&project_dir().join("examples/starter-feeds"))
    }
}

pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The checked-in image.
pub(crate) fn demo() -> String {
    format!("oci-dir:{}", project_dir().join("examples/demo").display())
}

/// A real image as an OCI layout, where it was built; says so where it was not.
pub(crate) fn real(test: &str, name: &str) -> Option<PathBuf> {
    let path = plimsoll_testkit::images_dir().map(|folder| folder.join("oci").join(name));
    let path = path.filter(|path| path.join("index.json").exists());
    if path.is_none() {
        plimsoll_testkit::skip(test, &format!("the image {name} was not built"));
    }
    path
}

/// Names of packages as `name version arch`, sorted.
pub(crate) fn packages(report: &Value) -> Vec<String> {
    let mut all: Vec<String> = report["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| {
            format!(
                "{} {} {}",
                p["name"].as_str().unwrap(),
                p["version"].as_str().unwrap(),
                p["arch"].as_str().unwrap_or("")
            )
        })
        .collect();
    all.sort();
    all
}

/// Kinds of the gaps that a report states, sorted, without repeats.
pub(crate) fn gaps(report: &Value) -> Vec<String> {
    let mut kinds: Vec<String> = report["coverage"]["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| gap["kind"].as_str().unwrap().to_owned())
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// Drops what a source itself changes: the reference, and the digests of packed layers and of the
/// manifest.
pub(crate) fn without_source(mut report: Value) -> Value {
    for field in ["reference", "digest"] {
        report["image"][field] = Value::Null;
    }
    for layer in report["image"]["layers"].as_array_mut().unwrap() {
        layer["digest"] = Value::Null;
    }
    report
}
