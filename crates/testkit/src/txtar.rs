//! Text archives (txtar): many small files and a sentence of intent in one reviewable text.
//!
//! The format is that of Go's `golang.org/x/tools/txtar`: free text (the comment), then for each file
//! a line `-- name --` and its content up to the next such line. There is no escaping and there are
//! no errors: every text is an archive, and a content that does not end with a newline gets one.
//!
//! [`Archive::expect`] compares a section with what a test computed and, with `UPDATE_EXPECT=1` in
//! the environment, writes the computed text into the fixture instead.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

/// Is a text archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archive {
    /// The text before the first file: what the fixture is there to show.
    pub comment: String,
    /// The files in order.
    pub files: Vec<File>,
}

/// Is one file of a text archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The name between the dashes, without surrounding blanks.
    pub name: String,
    /// The content; empty or ending with a newline.
    pub data: String,
}

impl Archive {
    /// Reads an archive. Every text is one.
    pub fn parse(text: &str) -> Self {
        let mut archive = Self::default();
        for line in text.split_inclusive('\n') {
            if let Some(name) = marker(line) {
                archive.files.push(File {
                    name: name.to_owned(),
                    data: String::new(),
                });
                continue;
            }
            let into = match archive.files.last_mut() {
                Some(file) => &mut file.data,
                None => &mut archive.comment,
            };
            into.push_str(line);
            if !line.ends_with('\n') {
                into.push('\n');
            }
        }
        archive
    }

    /// Writes the archive; what [`Archive::parse`] reads back as an equal one.
    pub fn format(&self) -> String {
        let mut text = with_newline(&self.comment);
        for file in &self.files {
            let _ = writeln!(text, "-- {} --", file.name);
            text.push_str(&with_newline(&file.data));
        }
        text
    }

    /// Returns the content of the first file of a name.
    pub fn file(&self, name: &str) -> Option<&str> {
        self.files
            .iter()
            .find(|file| file.name == name)
            .map(|file| file.data.as_str())
    }

    /// Compares the file `name` with what was computed. With `UPDATE_EXPECT=1` the archive at
    /// `path` is rewritten to hold `actual` instead, and the comparison succeeds.
    ///
    /// # Errors
    /// What differs, as a text that shows the first differing line of each side; or why the
    /// fixture could not be rewritten.
    pub fn expect(&self, path: &Path, name: &str, actual: &str) -> Result<(), String> {
        let actual = with_newline(actual);
        let wanted = self.file(name).unwrap_or_default();
        if wanted == actual {
            return Ok(());
        }
        if update_wanted() {
            let mut changed = self.clone();
            match changed.files.iter_mut().find(|file| file.name == name) {
                Some(file) => file.data = actual,
                None => changed.files.push(File {
                    name: name.to_owned(),
                    data: actual,
                }),
            }
            return std::fs::write(path, changed.format())
                .map_err(|why| format!("{}: cannot be rewritten: {why}", path.display()));
        }
        Err(difference(path, name, wanted, &actual))
    }
}

/// Reads all `*.txtar` files of a folder, sorted by name.
///
/// # Errors
/// When the folder or one of the files cannot be read, or a file is not UTF-8.
pub fn load_dir(folder: &Path) -> io::Result<Vec<(PathBuf, Archive)>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "txtar")
        {
            paths.push(path);
        }
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path)?;
            Ok((path, Archive::parse(&text)))
        })
        .collect()
}

/// Says whether fixtures are to be rewritten: `UPDATE_EXPECT` is set to something but `0`.
pub fn update_wanted() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some_and(|value| !value.is_empty() && value != "0")
}

/// Returns the name in a marker line.
fn marker(line: &str) -> Option<&str> {
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let name = line.strip_prefix("-- ")?.strip_suffix(" --")?.trim();
    (!name.is_empty()).then_some(name)
}

fn with_newline(text: &str) -> String {
    let mut text = text.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Shows where two texts part.
fn difference(path: &Path, name: &str, wanted: &str, actual: &str) -> String {
    let mut line = 1;
    let mut left = wanted.lines();
    let mut right = actual.lines();
    let (expected, got) = loop {
        match (left.next(), right.next()) {
            (Some(a), Some(b)) if a == b => line += 1,
            (a, b) => break (a.unwrap_or("(end)"), b.unwrap_or("(end)")),
        }
    };
    format!(
        "{}: section {name} differs at its line {line}\n  expected: {expected}\n  got:      {got}\n\
         (UPDATE_EXPECT=1 rewrites it)\n--- all that was computed ---\n{actual}",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_read_and_written_back() {
        let text =
            "What it shows.\n\n-- a/b --\none\n-- not a marker\n--  spaced name  --\n-- empty --\n";
        let archive = Archive::parse(text);
        assert_eq!(archive.comment, "What it shows.\n\n");
        assert_eq!(archive.file("a/b"), Some("one\n-- not a marker\n"));
        assert_eq!(archive.file("spaced name"), Some(""));
        assert_eq!(archive.file("empty"), Some(""));
        assert_eq!(Archive::parse(&archive.format()), archive);
    }

    #[test]
    fn a_missing_last_newline_is_added() {
        let archive = Archive::parse("-- a --\nx");
        assert_eq!(archive.file("a"), Some("x\n"));
    }

    #[test]
    fn a_difference_names_the_line() {
        let archive = Archive::parse("-- want --\na\nb\n");
        assert!(archive.expect(Path::new("f"), "want", "a\nb").is_ok());
        let why = difference(Path::new("f.txtar"), "want", "a\nb\n", "a\nc\n");
        assert!(
            why.contains("f.txtar: section want differs at its line 2"),
            "{why}"
        );
        assert!(
            why.contains("expected: b") && why.contains("got:      c"),
            "{why}"
        );
    }
}
