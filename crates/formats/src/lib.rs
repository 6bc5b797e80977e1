//! Documents out: what a scan says, as text for people and as JSON for programs.
//!
//! Owns the wire formats and the words of the reports: a model type leaves the program only through
//! here. Deliberately absent: where a document goes (the command line writes it), whether colours are
//! wanted (it decides), and any judgement: what is shown was decided before.
//!
//! Adding a format is one folder with a [`Format`] in it and its line in [`ALL`]. Read [`table`]
//! first, then [`json`].

use plimsoll_model::report::Report;

mod issues;
pub mod json;
pub mod table;
#[cfg(test)]
mod testing;

/// Is everything that the person who asked for a report can choose about how it looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How the terminal report looks.
    pub table: table::TableOptions,
}

/// Is one format that a report can be written in.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The name on the command line (`--format NAME`).
    pub name: &'static str,
    /// What it is for, one line, for the help text.
    pub description: &'static str,
    /// Writes the document, its last line ended.
    pub render: fn(&Report, &Options) -> String,
}

/// All formats, by name.
pub static ALL: &[&Format] = &[&json::FORMAT, &table::FORMAT];

/// Finds a format by its name.
pub fn by_name(name: &str) -> Option<&'static Format> {
    ALL.iter().copied().find(|format| format.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_sorted_unique_and_described() {
        assert!(ALL.windows(2).all(|pair| pair[0].name < pair[1].name));
        for format in ALL {
            assert!(!format.description.is_empty());
            assert!(!format.description.contains('\n'), "{}", format.name);
            assert!(!format.description.ends_with('.'), "{}", format.name);
            assert!(std::ptr::eq(by_name(format.name).unwrap(), *format));
        }
        assert!(by_name("Table").is_none());
    }

    #[test]
    fn every_format_ends_its_last_line_and_is_the_same_twice() {
        for format in ALL {
            for (name, report) in testing::reports() {
                let options = Options::default();
                let text = (format.render)(&report, &options);
                assert!(text.ends_with('\n'), "{} of {name}", format.name);
                assert!(!text.ends_with("\n\n"), "{} of {name}", format.name);
                assert_eq!(text, (format.render)(&report, &options));
            }
        }
    }
}
