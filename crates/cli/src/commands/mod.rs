//! One module per command; each is short and returns how it ended.

use std::path::{Path, PathBuf};

use clap::{CommandFactory, FromArgMatches};
use plimsoll_model::text::escape;

use crate::args::{Cli, Command};
use crate::config;
use crate::exit::Exit;
use crate::output::{self, Failure};

mod db;
mod explain;
mod manual;
mod reading;
mod sbom;
mod scan;
mod suppressions;
mod usage;
mod versions;

/// Reads the command line and the configuration file and runs the command.
pub(crate) fn run() -> Result<Exit, Failure> {
    // Help, completions and the manual come out whatever the configuration file holds.
    let plain = Cli::command().try_get_matches();
    let needs_no_file = match &plain {
        Err(error) => !error.use_stderr(),
        Ok(matches) => matches!(
            matches.subcommand_name(),
            Some("completions" | "man" | "versions")
        ),
    };
    let mut command = usage::without_empty_variables(Cli::command());
    if !needs_no_file && let Some(path) = config::find(named_config().as_deref()) {
        command = config::apply(command, &path)?;
    }
    let matches = match command.try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return usage::shown(&error),
    };
    let mut cli =
        Cli::from_arg_matches(&matches).map_err(|error| Failure::new(error.to_string()))?;
    if let Some((_, typed)) = matches.subcommand() {
        match &mut cli.command {
            Command::Scan(args) => usage::settle_platform(&mut args.read, typed)?,
            Command::Sbom(args) => usage::settle_platform(&mut args.read, typed)?,
            Command::Explain(args) => usage::settle_platform(&mut args.read, typed)?,
            _ => {}
        }
    }
    match cli.command {
        Command::Scan(args) => scan::run(&args),
        Command::Sbom(args) => sbom::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Db(args) => db::run(&args.command),
        Command::Versions(args) => versions::run(&args),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "plimsoll", &mut text);
            output::print(&String::from_utf8_lossy(&text))?;
            Ok(Exit::Done)
        }
        Command::Man => {
            let text = manual::page(Cli::command())
                .map_err(|error| Failure::new(format!("manual page: {error}")))?;
            output::print(&text)?;
            Ok(Exit::Done)
        }
    }
}

/// Looks for `--config` before everything else is read: the file decides the defaults of the rest.
fn named_config() -> Option<PathBuf> {
    let mut words = std::env::args_os().skip(1);
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if text == "--" {
            break;
        }
        if text == "--config" {
            return words.next().map(PathBuf::from);
        }
        if let Some(path) = text.strip_prefix("--config=") {
            return Some(PathBuf::from(path));
        }
    }
    std::env::var_os("PLIMSOLL_CONFIG")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

/// Returns the database to use: the one named, else the one in the user's data folder when there is
/// one.
pub(crate) fn database_path(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = named {
        return Some(path.to_owned());
    }
    default_database().filter(|path| path.is_file())
}

/// Returns where the user's own database is, or would be.
pub(crate) fn default_database() -> Option<PathBuf> {
    Some(user_folder("XDG_DATA_HOME", ".local/share")?.join("plimsoll/plimsoll.db"))
}

/// Returns a folder of the user by the XDG base directory specification.
pub(crate) fn user_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let set = std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    set.or_else(|| {
        std::env::var_os("HOME")
            .filter(|home| !home.is_empty())
            .map(|home| Path::new(&home).join(below_home))
    })
}

/// Returns the time: `SOURCE_DATE_EPOCH`, so that a run can be repeated, or now, in whole seconds.
fn now() -> Result<jiff::Timestamp, Failure> {
    let Ok(text) = std::env::var("SOURCE_DATE_EPOCH") else {
        let seconds = jiff::Timestamp::now().as_second();
        return Ok(jiff::Timestamp::from_second(seconds)?);
    };
    let seconds = text.trim().parse().ok();
    let time = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.ok_or_else(|| {
        Failure::new(format!(
            "SOURCE_DATE_EPOCH: got '{}', expected seconds since 1970",
            escape(&text)
        ))
    })
}
