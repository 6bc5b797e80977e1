//! The tools from `PyPI` that tests use: official validators of SBOMs, Syft to read them back, and
//! version orders of Python and conda.

use std::path::PathBuf;

use crate::bench;
use crate::shell::{command, run, target_dir};

/// The validators, each of a fixed version: CycloneDX's JSON schemas, SPDX 2.3, SPDX 3.0.
const VALIDATORS: &[&str] = &[
    "cyclonedx-python-lib[validation]==11.12.0",
    "spdx-tools==0.8.5",
    "spdx-python-model==0.0.6",
];

/// The libraries that order versions: Python's, the last one that also orders what is no version, and
/// conda's.
const ORDERS: &[&str] = &["packaging==21.3", "py-rattler==0.28.0"];

/// Returns the folder that the tools are in: `PLIMSOLL_TOOLS`, else `target/tools`.
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("PLIMSOLL_TOOLS").map_or_else(|| target_dir().join("tools"), PathBuf::from)
}

/// Installs the tools that are missing, each in a Python environment of its own. Never fails: tests
/// that miss one skip and say so.
pub(crate) fn install() {
    if let Err(error) = environment("sbom", "the validators of SBOMs", VALIDATORS) {
        println!("tools: {error}; tests of SBOMs against the official schemas skip");
    }
    if let Err(error) = environment("versions", "the version orders of Python", ORDERS) {
        println!("tools: {error}; tests of the version orders of Python and conda skip");
    }
    if let Err(error) = bench::peer() {
        println!("tools: {error}; tests that use Syft skip");
    }
}

/// Makes a Python environment with the libraries that are wanted, if it is not there.
fn environment(name: &str, what: &str, libraries: &[&str]) -> Result<(), String> {
    let folder = folder().join(name);
    let done = folder.join("installed");
    let wanted = libraries.join("\n");
    if std::fs::read_to_string(&done).is_ok_and(|text| text == wanted) {
        println!("tools: {what} are installed");
        return Ok(());
    }
    run(command("python3").args(["-m", "venv"]).arg(&folder))?;
    run(command(folder.join("bin/pip"))
        .args(["install", "--quiet", "--disable-pip-version-check"])
        .args(libraries))?;
    std::fs::write(&done, wanted).map_err(|error| format!("{}: {error}", done.display()))
}
