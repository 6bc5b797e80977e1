//! Running other programs: what was run is printed first, so that a developer can repeat it.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;

/// Returns the project's root folder.
pub(crate) fn project_dir() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Returns the folder that cargo builds into.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || project_dir().join("target"),
        |folder| project_dir().join(folder),
    )
}

/// Returns the cargo that runs this task, as a command in the project's root folder.
pub(crate) fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Returns a command in the project's root folder, without input.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(project_dir()).stdin(Stdio::null());
    command
}

/// Prints a command, runs it, and fails where it fails.
pub(crate) fn run(command: &mut Command) -> Outcome {
    println!("$ {}", shown(command));
    let status = command
        .status()
        .map_err(|error| cannot_start(command, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{}` failed: {status}", shown(command)))
    }
}

/// Prints a command, runs it, passes its standard output on and hands each line to `line`; returns
/// whether it succeeded.
pub(crate) fn follow(command: &mut Command, mut line: impl FnMut(&str)) -> Result<bool, String> {
    println!("$ {}", shown(command));
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| cannot_start(command, &error))?;
    if let Some(output) = child.stdout.take() {
        let mut reader = BufReader::new(output);
        let mut bytes = Vec::new();
        while reader
            .read_until(b'\n', &mut bytes)
            .is_ok_and(|count| count > 0)
        {
            // A closed terminal is no reason to stop the tests.
            let _ = std::io::stdout().write_all(&bytes);
            line(String::from_utf8_lossy(&bytes).trim_end());
            bytes.clear();
        }
    }
    let status = child
        .wait()
        .map_err(|error| format!("`{}`: {error}", shown(command)))?;
    Ok(status.success())
}

/// Returns the standard output of a command, or nothing where it cannot start or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Returns a command as it would be typed; paths in the project are shown from its root.
fn shown(command: &Command) -> String {
    let root = project_dir();
    let mut words: Vec<String> = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.display(), value?.display())))
        .collect();
    let program = Path::new(command.get_program());
    let program = match program.strip_prefix(&root) {
        Ok(inside) => inside.display().to_string(),
        Err(_) => program
            .file_name()
            .unwrap_or(program.as_os_str())
            .display()
            .to_string(),
    };
    words.push(program);
    words.extend(command.get_args().map(|word| {
        Path::new(word).strip_prefix(&root).map_or_else(
            |_| word.display().to_string(),
            |inside| inside.display().to_string(),
        )
    }));
    for word in &mut words {
        if word.is_empty() || word.contains(|letter: char| letter.is_whitespace() || letter == '\'')
        {
            *word = format!("'{}'", word.replace('\'', r"'\''"));
        }
    }
    words.join(" ")
}

/// Returns the error for a program that does not start.
fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    format!("`{}` does not start: {error}", shown(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_commands_as_they_are_typed() {
        let mut command = command("/usr/bin/env");
        command
            .env("LEVEL", "1 2")
            .arg(project_dir().join("target/x"))
            .args(["it's", ""]);
        assert_eq!(shown(&command), r"'LEVEL=1 2' env target/x 'it'\''s' ''");
    }

    #[test]
    fn follows_lines_and_says_how_it_ended() {
        let mut lines = Vec::new();
        let ended = follow(
            command("sh").args(["-c", "echo one; echo two; exit 3"]),
            |line| {
                lines.push(line.to_owned());
            },
        );
        assert_eq!(
            (ended, lines),
            (Ok(false), vec!["one".to_owned(), "two".to_owned()])
        );
    }

    #[test]
    fn a_missing_program_is_an_error_that_names_it() {
        let error = run(&mut command("plimsoll-no-such-program")).unwrap_err();
        assert!(
            error.starts_with("`plimsoll-no-such-program` does not start"),
            "{error}"
        );
    }
}
