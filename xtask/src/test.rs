//! `cargo xtask test`: sets the machine up, runs every test, and says what was skipped and why.

use crate::shell::{cargo, follow, run, target_dir};
use crate::summary::Summary;
use crate::{Outcome, Task, images, packages, tools};

/// The task.
pub(crate) static TASK: Task = Task {
    name: "test",
    summary: "set the machine up, run the tests, say what was skipped",
    help: "Usage: cargo xtask test [--no-setup] [--all-images] [CARGO TEST ARGUMENTS]

Installs the Debian packages that the tests use (as root or with sudo that asks for no
password; it says which first) and, from PyPI into target/tools, validators of SBOMs, Syft
and version orders; builds the real images that are missing, builds the workspace and runs every test. What cannot be had is said, and the tests that need it
skip. The last line counts: `X passed, Y failed, Z skipped`.

    --no-setup     install nothing and build no images
    --all-images   build the images of the benchmark too

PLIMSOLL_IMAGES names the folder of the images (default: target/images), PLIMSOLL_SHARED
that of the shared material (default: ../shared), PLIMSOLL_TOOLS that of the tools from
PyPI (default: target/tools). Other arguments go to `cargo test`:

    cargo xtask test --no-setup -p plimsoll-vuln",
    run: test,
};

fn test(arguments: &[String]) -> Outcome {
    let flag = |name: &str| arguments.iter().any(|word| word == name);
    if !flag("--no-setup") {
        packages::install();
        tools::install();
        images::build(flag("--all-images"));
    }
    let rest: Vec<&String> = arguments
        .iter()
        .filter(|word| !matches!(word.as_str(), "--no-setup" | "--all-images"))
        .collect();
    let scope: &[&str] = if rest
        .iter()
        .any(|word| *word == "-p" || word.starts_with("--package"))
    {
        &[]
    } else {
        &["--workspace"]
    };
    if !scope.is_empty() {
        // The command line's tests run the program itself.
        run(cargo().args(["build", "--workspace"]))?;
    }

    let log = target_dir().join("skipped.log");
    // Tests append to it, so that it must be empty; it need not be there.
    if let Err(error) = std::fs::write(&log, "") {
        return Err(format!("{}: cannot be written: {error}", log.display()));
    }
    let mut summary = Summary::default();
    let mut command = cargo();
    command
        .env("PLIMSOLL_SKIP_LOG", &log)
        .env("PLIMSOLL_IMAGES", images::folder())
        .env("PLIMSOLL_TOOLS", tools::folder())
        .arg("test")
        .args(scope)
        .arg("--no-fail-fast")
        .args(rest);
    let succeeded = follow(&mut command, |line| summary.line(line))?;
    summary.skip_log(&std::fs::read_to_string(&log).unwrap_or_default());
    println!("\n{summary}");
    if succeeded {
        Ok(())
    } else if summary.failed() > 0 {
        Err(format!("{} tests failed", summary.failed()))
    } else {
        Err("`cargo test` failed: see its messages above".to_owned())
    }
}
