//! Documents out: what a scan says, as text for people and as JSON for programs. SBOMs and VEX in as
//! well.
//!
//! Owns the wire formats and the words of the reports: a model type leaves the program only through
//! here. Deliberately absent: where a document goes (the command line writes it), whether colours are
//! wanted (it decides), and any judgement: what is shown was decided before.
//!
//! Adding a format is one folder with a [`Format`] in it and its line in [`ALL`]. Read [`table`]
//! first, then [`json`], then [`sbom`], then [`vex`].

use plimsoll_model::report::Report;

mod issues;
pub mod json;
pub mod sbom;
pub mod table;
#[cfg(test)]
mod testing;
pub mod vex;

/// Is everything that the person who asked for a report can choose about how it looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How the terminal report looks.
    pub table: table::TableOptions,
    /// The time that documents state, in seconds since 1970 (`SOURCE_DATE_EPOCH`); `None` for the
    /// image's own.
    pub source_date_epoch: Option<i64>,
}

/// Is one format that a report can be written in.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The name on the command line (`--format NAME`).
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// What it is for, one line, for the help text.
    pub description: &'static str,
    /// Whether it is JSON, so that several documents make a list.
    pub json: bool,
    /// Writes the document, its last line ended.
    pub render: fn(&Report, &Options) -> String,
    /// Writes what is in an image, of a report that judges nothing; `None` where the format has no
    /// place for packages.
    pub inventory: Option<fn(&Report, &Options) -> String>,
}

/// All formats, by name.
pub static ALL: &[&Format] = &[
    &sbom::cyclonedx::FORMAT,
    &sbom::cyclonedx::FORMAT_1_7,
    &json::FORMAT,
    &vex::write::FORMAT,
    &sbom::spdx2::FORMAT,
    &sbom::spdx2::TAG_VALUE,
    &sbom::spdx3::FORMAT,
    &table::FORMAT,
];

/// Finds a format by its name or another name for it.
pub fn by_name(name: &str) -> Option<&'static Format> {
    ALL.iter()
        .copied()
        .find(|format| format.name == name || format.aliases.contains(&name))
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
            for name in format.aliases.iter().chain([&format.name]) {
                assert!(std::ptr::eq(by_name(name).unwrap(), *format), "{name}");
            }
        }
        assert!(by_name("Table").is_none());
    }

    #[test]
    fn every_format_ends_its_last_line_and_is_the_same_twice() {
        for format in ALL {
            for (name, report) in testing::reports() {
                let options = Options::default();
                for render in [Some(format.render), format.inventory]
                    .into_iter()
                    .flatten()
                {
                    let text = render(&report, &options);
                    assert!(text.ends_with('\n'), "{} of {name}", format.name);
                    assert!(!text.ends_with("\n\n"), "{} of {name}", format.name);
                    assert_eq!(text, render(&report, &options));
                    assert_eq!(
                        serde_json::from_str::<serde_json::Value>(&text).is_ok(),
                        format.json,
                        "{} of {name}",
                        format.name
                    );
                }
            }
        }
    }
}
