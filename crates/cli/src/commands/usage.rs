//! What was typed: mistakes in it, told in one line, and what counts when two options disagree.

use std::cmp::Ordering;

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{ArgMatches, Command, CommandFactory};

use crate::args::{Cli, ReadArgs};
use crate::exit::Exit;
use crate::output::Failure;

/// Takes an empty `PLIMSOLL_*` variable as not set: CI systems export every variable they know.
pub(super) fn without_empty_variables(command: Command) -> Command {
    command
        .mut_args(|arg| {
            let empty = arg
                .get_env()
                .and_then(std::env::var_os)
                .is_some_and(|value| value.is_empty());
            if empty {
                arg.env(Resettable::Reset)
            } else {
                arg
            }
        })
        .mut_subcommands(without_empty_variables)
}

/// Prints help where it was asked for, and turns a mistake into the one line that an error takes.
pub(super) fn shown(error: &clap::Error) -> Result<Exit, Failure> {
    if !error.use_stderr() {
        // A closed pipe (`| head`) is no error here either.
        let _ = error.print();
        return Ok(Exit::Done);
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return Ok(Exit::Failed);
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let mut parts: Vec<String> = text
        .split("\n\n")
        .filter(|part| !part.starts_with("Usage:") && !part.starts_with("For more information"))
        .map(|part| part.lines().map(str::trim).collect::<Vec<_>>().join(" "))
        .map(|part| part.strip_prefix("tip: ").unwrap_or(&part).to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    parts.push(format!("see '{} --help'", command_typed()));
    Err(Failure::new(parts.join("; ")))
}

/// Returns the command whose help explains what was typed.
fn command_typed() -> String {
    let mut command = Cli::command();
    let mut names = command.get_name().to_owned();
    for word in std::env::args_os().skip(1) {
        let Some(inner) = command.find_subcommand(&word).cloned() else {
            break;
        };
        names.push(' ');
        names.push_str(inner.get_name());
        command = inner;
    }
    names
}

/// Decides between `--platform` and `--all-platforms` when both are set: the nearer one counts, typed
/// before the environment before the file. Two that are equally near are a mistake.
pub(super) fn settle_platform(args: &mut ReadArgs, matches: &ArgMatches) -> Result<(), Failure> {
    if args.platform.is_none() || !args.all_platforms {
        return Ok(());
    }
    let one = matches.value_source("platform");
    match one.cmp(&matches.value_source("all_platforms")) {
        Ordering::Greater => args.all_platforms = false,
        Ordering::Less => args.platform = None,
        Ordering::Equal => {
            return Err(Failure::new(
                "--platform and --all-platforms exclude each other; give one of them",
            ));
        }
    }
    Ok(())
}
