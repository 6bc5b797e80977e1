//! One module per command; each is short and returns how it ended.

use std::path::{Path, PathBuf};

use clap::{CommandFactory, FromArgMatches};

use crate::args::{Cli, Command};
use crate::config;
use crate::exit::Exit;
use crate::output::{self, Failure};

mod db;
mod scan;
mod versions;

/// Reads the command line and the configuration file and runs the command.
pub(crate) fn run() -> Result<Exit, Failure> {
    let mut command = Cli::command();
    let named = named_config();
    if let Some(path) = config::find(named.as_deref()) {
        command = config::apply(command, &path)?;
    }
    let matches = command.get_matches();
    let cli = Cli::from_arg_matches(&matches).map_err(|error| Failure::new(error.to_string()))?;
    match cli.command {
        Command::Scan(args) => scan::run(&args),
        Command::Db(args) => db::run(&args.command),
        Command::Versions(args) => versions::run(&args),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "plimsoll", &mut text);
            output::print(&String::from_utf8_lossy(&text))?;
            Ok(Exit::Done)
        }
        Command::Man => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut text)
                .map_err(|error| Failure::new(format!("manual page: {error}")))?;
            output::print(&String::from_utf8_lossy(&text))?;
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
    std::env::var_os("PLIMSOLL_CONFIG").map(PathBuf::from)
}

/// Returns the database to use: the one named, else the one in the user's data folder when there is
/// one.
pub(crate) fn database_path(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = named {
        return Some(path.to_owned());
    }
    let path = user_folder("XDG_DATA_HOME", ".local/share")?.join("plimsoll/plimsoll.db");
    path.is_file().then_some(path)
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
