//! Writing to the terminal and to files.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use plimsoll_formats::Format;
use plimsoll_model::text::escape;

/// Is an error at the edge: one message that says what, where and what to do.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// Makes a failure of a message.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !message.contains(&cause_text) {
                message.push_str(": ");
                message.push_str(&cause_text);
            }
            source = cause.source();
        }
        Self(message)
    }
}

/// Prints the one error of a run to standard error, escaped.
pub(crate) fn error(failure: &Failure) {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let text: Vec<_> = failure.0.lines().map(escape).collect();
    let _ = writeln!(
        anstream::stderr(),
        "{red}error{red:#}: {}",
        text.join("\n  ")
    );
}

/// Prints a note to standard error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(anstream::stderr(), "{}", escape(text));
}

/// Joins the documents of several platforms: as a list where they are JSON, else one after the other.
pub(crate) fn joined(format: &Format, texts: &[String]) -> String {
    if format.json && texts.len() != 1 {
        let items: Vec<&str> = texts.iter().map(|text| text.trim_end()).collect();
        return format!("[\n{}\n]\n", items.join(",\n"));
    }
    texts.join("\n")
}

/// Writes a report to standard output. A closed pipe (`| head`) is no error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(format!(
            "standard output: cannot write: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Says early, before the long work, when a file could not be written at its end.
pub(crate) fn check_file(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Err(cannot_write(
            path,
            &io::Error::from(io::ErrorKind::IsADirectory),
        ));
    }
    if path.exists() && !path.is_file() {
        // A pipe is not opened: that would wait for its reader.
        return Ok(());
    }
    beside(path).map(drop)
}

/// Writes a file whole or not at all.
pub(crate) fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    let fail = |error: io::Error| cannot_write(path, &error);
    // A device or a pipe (`/dev/stdout`) is written to, not replaced.
    if path.exists() && !path.is_file() {
        return std::fs::write(path, text).map_err(fail);
    }
    let mut file = beside(path)?;
    file.write_all(text.as_bytes()).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}

/// Makes the temporary file that becomes the file named.
fn beside(path: &Path) -> Result<tempfile::NamedTempFile, Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    tempfile::Builder::new()
        .prefix(".plimsoll-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(&folder)
        .map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    // The name of a temporary file, which the error may end with, tells the user nothing.
    let text = error.to_string();
    let problem = text.split(" at path ").next().unwrap_or(&text);
    Failure::new(format!(
        "{}: cannot write the report: {problem}; name a file in a folder that exists and that you \
         may write to",
        path.display()
    ))
}

/// Says whether standard output takes colours: a terminal, and `NO_COLOR` is not set.
pub(crate) fn colored() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Returns the width that tables may take.
pub(crate) fn width() -> usize {
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse::<usize>().ok());
    let terminal = || {
        io::stdout()
            .is_terminal()
            .then(terminal_size::terminal_size)
            .flatten()
            .map(|(width, _)| usize::from(width.0))
    };
    terminal().or(columns).unwrap_or(100).clamp(40, 200)
}
