//! `cargo xtask golden`: writes the expected results of golden tests anew.

use crate::shell::{cargo, run};
use crate::{Outcome, Task};

/// The task.
pub(crate) static TASK: Task = Task {
    name: "golden",
    summary: "run the tests and accept what they give as what they expect",
    help: "Usage: cargo xtask golden [CARGO TEST ARGUMENTS]

Runs `cargo test` with UPDATE_EXPECT=1 and INSTA_UPDATE=always, so that golden files and
snapshots hold what the code gives now. Read the difference with `git diff` before you
commit it: it is the review of the change.

    cargo xtask golden -p plimsoll-formats",
    run: golden,
};

fn golden(arguments: &[String]) -> Outcome {
    let mut command = cargo();
    command
        .env("UPDATE_EXPECT", "1")
        .env("INSTA_UPDATE", "always")
        .env("INSTA_FORCE_PASS", "1")
        .arg("test");
    if !arguments
        .iter()
        .any(|word| word == "-p" || word.starts_with("--package"))
    {
        command.arg("--workspace");
    }
    run(command.args(arguments))?;
    run(crate::shell::command("git").args(["status", "--short"]))
}
