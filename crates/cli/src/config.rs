//! The configuration file: every option of a command can be set there, under the command's name or
//! at the top. What stands at the top reaches a command below a command (`db status`) only where it
//! is the same option, one with a `PLIMSOLL_*` variable: `format` and `output` mean other things there.
//!
//! ```toml
//! db = "/srv/plimsoll.db"
//! [scan]
//! fail-on = "high"
//! insecure-registry = ["registry.test:5000"]
//! ```

use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command};
use plimsoll_model::text::escape;

use crate::output::Failure;

/// The name that is looked for from the current folder upward.
const FILE_NAME: &str = "plimsoll.toml";
/// The largest configuration file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Finds the configuration file: the one named with `--config`, or the nearest upward.
pub(crate) fn find(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = named {
        return Some(path.to_owned());
    }
    let start = std::env::current_dir().ok()?;
    start
        .ancestors()
        .map(|folder| folder.join(FILE_NAME))
        .find(|path| path.is_file())
}

/// Sets the defaults of a command line from a configuration file.
pub(crate) fn apply(mut command: Command, path: &Path) -> Result<Command, Failure> {
    let shown = path.display();
    let fail = |problem: String| Failure::new(format!("{shown}: {problem}"));
    let length = std::fs::metadata(path)
        .map_err(|error| fail(format!("cannot read: {error}")))?
        .len();
    if length > MAX_BYTES {
        return Err(fail(format!(
            "{length} bytes, more than the {MAX_BYTES} that are read"
        )));
    }
    let text = std::fs::read_to_string(path).map_err(|e| fail(format!("cannot read: {e}")))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        Failure::new(format!(
            "{shown}:{}: {}",
            place(&text, error.span()),
            error.message()
        ))
    })?;
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for (key, value) in &table {
        if let toml::Value::Table(inner) = value {
            if !names.contains(key) {
                return Err(fail(format!("there is no command '{}'", escape(key))));
            }
            for (option, value) in inner {
                if !knows(&command, key, option, Reach::Section) {
                    return Err(fail(format!(
                        "'{}' is no option of 'plimsoll {key}'",
                        escape(option)
                    )));
                }
                let values = values(value).map_err(|p| fail(format!("{key}.{option}: {p}")))?;
                command = set(command, key, option, &values, Reach::Section);
            }
            continue;
        }
        let owners: Vec<&String> = names
            .iter()
            .filter(|name| knows(&command, name, key, Reach::Top))
            .collect();
        if owners.is_empty() {
            return Err(fail(format!(
                "'{}' is no option of any command",
                escape(key)
            )));
        }
        let values = values(value).map_err(|problem| fail(format!("{key}: {problem}")))?;
        for name in owners {
            // What stands under the command's name is nearer.
            let nearer = table
                .get(name)
                .and_then(|t| t.as_table())
                .is_some_and(|t| t.contains_key(key));
            if !nearer {
                command = set(command, name, key, &values, Reach::Top);
            }
        }
    }
    Ok(command)
}

/// Returns line and column, from one, of where something begins.
fn place(text: &str, span: Option<Range<usize>>) -> String {
    let before = span.and_then(|span| text.get(..span.start)).unwrap_or("");
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    format!("{line}:{column}")
}

/// Is where in the file an option stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// At the top.
    Top,
    /// Under a command's name.
    Section,
}

impl Reach {
    /// Says whether an option that stands here sets this one of a command below a command.
    fn covers(self, arg: &Arg) -> bool {
        !arg.is_required_set() && (self == Self::Section || arg.get_env().is_some())
    }
}

fn knows(command: &Command, name: &str, option: &str, reach: Reach) -> bool {
    option != "config"
        && command.find_subcommand(name).is_some_and(|sub| {
            named(sub, option).is_some()
                || sub
                    .get_subcommands()
                    .any(|inner| named(inner, option).is_some_and(|arg| reach.covers(arg)))
        })
}

fn named<'a>(command: &'a Command, option: &str) -> Option<&'a Arg> {
    command
        .get_arguments()
        .find(|arg| arg.get_long() == Some(option))
}

fn set(command: Command, name: &str, option: &str, values: &[String], reach: Reach) -> Command {
    let values = values.to_vec();
    let option = option.to_owned();
    command.mut_subcommand(name, move |sub| {
        set_one(sub, &option, &values, |_| true)
            .mut_subcommands(|inner| set_one(inner, &option, &values, |arg| reach.covers(arg)))
    })
}

fn set_one(
    command: Command,
    option: &str,
    values: &[String],
    covered: impl Fn(&Arg) -> bool,
) -> Command {
    let id = named(&command, option)
        .filter(|arg| covered(arg))
        .map(|arg| arg.get_id().clone());
    match id {
        Some(id) => command.mut_arg(id, |arg| match arg.get_action() {
            ArgAction::Append => arg.default_values(values.to_vec()),
            _ => arg.default_value(values.first().cloned().unwrap_or_default()),
        }),
        None => command,
    }
}

fn values(value: &toml::Value) -> Result<Vec<String>, String> {
    Ok(match value {
        toml::Value::String(text) => vec![text.clone()],
        toml::Value::Integer(number) => vec![number.to_string()],
        toml::Value::Boolean(flag) => vec![flag.to_string()],
        toml::Value::Array(items) => {
            let mut all = Vec::new();
            for item in items {
                all.extend(values(item)?);
            }
            all
        }
        other => return Err(format!("a {} is no value of an option", other.type_str())),
    })
}
