//! `cargo xtask demo`: builds the program and scans the image under `examples/demo`, offline.

use std::process::Command;
use std::time::Instant;

use crate::shell::{cargo, command, project_dir, run, target_dir};
use crate::{Outcome, Task};

/// The task.
pub(crate) static TASK: Task = Task {
    name: "demo",
    summary: "build plimsoll and scan the checked-in image, offline",
    help: "Usage: cargo xtask demo

Builds the program, builds a database from the facts in examples/starter-feeds, and scans the
image in examples/demo with it. Prints the commands that it runs. Needs nothing but a Rust
toolchain, and the network only for cargo's first download of the dependencies. Everything
is written under target/.",
    run: demo,
};

fn demo(arguments: &[String]) -> Outcome {
    if let Some(word) = arguments.first() {
        return Err(format!(
            "{word:?} is not expected; the demo takes no arguments"
        ));
    }
    // The development profile: it compiles in half the time of the release profile, and the tests
    // reuse what it built.
    run(cargo().args(["build", "--package", "plimsoll-cli"]))?;
    let folder = target_dir().join("demo");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("{}: cannot be made: {error}", folder.display()))?;
    let database = folder.join("plimsoll.db");
    run(plimsoll()
        .args([
            "db",
            "build",
            "--quiet",
            "--from",
            "examples/starter-feeds",
            "-o",
        ])
        .arg(&database))?;
    let started = Instant::now();
    run(plimsoll()
        .args(["scan", "oci-dir:examples/demo", "--offline", "--db"])
        .arg(&database)
        .arg("--cache-dir")
        .arg(folder.join("cache")))?;
    println!(
        "\nscanned in {} ms (development build)",
        started.elapsed().as_millis()
    );
    Ok(())
}

/// Returns the program that was built, without the caller's own settings.
fn plimsoll() -> Command {
    let program = format!("debug/plimsoll{}", std::env::consts::EXE_SUFFIX);
    let mut command = command(target_dir().join(program));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PLIMSOLL_") {
            command.env_remove(name);
        }
    }
    command.current_dir(project_dir());
    command
}
