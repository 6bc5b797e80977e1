//! Project tasks: `cargo xtask NAME`.
//!
//! Owns what is needed around the code: to set a machine up, to run the demo, the tests, the fuzz
//! targets, and to renew golden files. Deliberately without dependencies, so that the first call in
//! a fresh clone compiles in seconds. Read [`ALL`] first; each task has a module of its own.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tasks talk to the developer at the terminal"
)]

use std::process::ExitCode;

mod bench;
mod compare;
mod demo;
mod fuzz;
mod golden;
mod images;
mod packages;
mod shell;
mod summary;
mod test;
mod tools;

/// Is one task of `cargo xtask`.
pub(crate) struct Task {
    /// The word that calls it.
    pub(crate) name: &'static str,
    /// What it does, in one line.
    pub(crate) summary: &'static str,
    /// Its help text: usage, arguments, what it needs.
    pub(crate) help: &'static str,
    /// Runs it with the arguments after its name.
    pub(crate) run: fn(&[String]) -> Outcome,
}

/// Is how a task ends: the error is one line for the developer.
pub(crate) type Outcome = Result<(), String>;

/// Every task, alphabetically.
static ALL: &[&Task] = &[
    &bench::TASK,
    &compare::TASK,
    &demo::TASK,
    &fuzz::TASK,
    &golden::TASK,
    &test::TASK,
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", &[][..]),
    };
    if matches!(name, "help" | "-h" | "--help") {
        print!("{}", overview());
        return ExitCode::SUCCESS;
    }
    let Some(task) = ALL.iter().find(|task| task.name == name) else {
        eprintln!("xtask: no task is called {name:?}\n\n{}", overview());
        return ExitCode::from(2);
    };
    // What follows `--` belongs to the tool that the task calls.
    let own = rest.iter().take_while(|argument| *argument != "--");
    if own
        .into_iter()
        .any(|argument| matches!(argument.as_str(), "-h" | "--help"))
    {
        println!("{}", task.help);
        return ExitCode::SUCCESS;
    }
    match (task.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {name}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the list of tasks.
fn overview() -> String {
    let tasks: Vec<String> = ALL
        .iter()
        .map(|task| format!("  {:<8} {}", task.name, task.summary))
        .collect();
    format!(
        "Usage: cargo xtask TASK [ARGUMENTS]\n\n{}\n\n`cargo xtask TASK --help` says more.\n",
        tasks.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_sorted_unique_and_described() {
        let names: Vec<&str> = ALL.iter().map(|task| task.name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
        for task in ALL {
            assert!(!task.summary.is_empty(), "{} has no summary", task.name);
            let usage = format!("Usage: cargo xtask {}", task.name);
            assert!(
                task.help.starts_with(&usage),
                "the help of {} opens with its usage",
                task.name
            );
        }
    }
}
