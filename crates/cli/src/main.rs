//! The `plimsoll` command line: reads what was typed, hands it to the engine, prints what it says.
//!
//! Owns options, files named by the user, the terminal and exit codes. Deliberately absent: every
//! judgement. Read `args` for the words, `commands` for what each does.

use std::process::ExitCode;

mod args;
mod commands;
mod config;
mod exit;
mod output;
mod progress;

fn main() -> ExitCode {
    match commands::run() {
        Ok(exit) => exit.code(),
        Err(error) => {
            output::error(&error);
            exit::Exit::Failed.code()
        }
    }
}
