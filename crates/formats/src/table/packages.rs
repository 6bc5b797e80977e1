//! The table of packages: what `plimsoll sbom` prints for people.

use plimsoll_model::report::Report;

use super::labels::distro_name;
use super::writer::{Writer, clip, columns, pad, plain, styled};
use super::{BOLD, WARNING, counted};
use crate::Options;

/// The headings, with the columns that each may take at most: what is wider is cut.
const HEADINGS: [(&str, usize); 5] = [
    ("Name", 48),
    ("Version", 40),
    ("Type", 20),
    ("Licence", usize::MAX),
    ("Layer", 5),
];
/// The blanks between columns.
const GAP: usize = 2;
/// The columns that the licence takes at least.
const LICENCE: usize = 12;

/// Writes a line for the image, the packages, then what could not be read.
pub(super) fn render(report: &Report, options: &Options) -> String {
    let mut out = Writer::new(options.table.width, options.table.color);
    let image = &report.image;
    let distro = image.distro.as_ref().map(distro_name);
    let about = format!(
        ": {}{}",
        counted(report.packages.len(), "package"),
        distro.map(|name| format!(", {name}")).unwrap_or_default()
    );
    out.line("", 2, &[styled(&image.reference, BOLD), plain(&about)]);
    if !report.packages.is_empty() {
        out.blank();
        rows(&mut out, report);
    }
    if !report.coverage.complete() {
        out.blank();
        super::coverage::write_gaps(&mut out, &report.coverage);
    }
    if report.coverage.undecided() {
        out.blank();
        let text = "What is listed may not be everything.";
        out.line("", 0, &[styled(text, WARNING)]);
    }
    out.finish()
}

fn rows(out: &mut Writer, report: &Report) {
    let rows: Vec<[String; 5]> = report
        .packages
        .iter()
        .map(|entry| {
            let package = &entry.package;
            let known = report.image.layers.get(entry.layer).is_some();
            let layer = known.then(|| entry.layer.to_string());
            [
                package.name.clone(),
                package.version.clone(),
                package.kind.as_str().to_owned(),
                package.licenses.join(", "),
                layer.unwrap_or_default(),
            ]
        })
        .collect();
    let mut widths = HEADINGS.map(|(heading, _)| heading.len());
    for row in &rows {
        for ((width, cell), (_, most)) in widths.iter_mut().zip(row).zip(HEADINGS) {
            *width = (*width).max(columns(cell).min(most));
        }
    }
    let [name, version, kind, licence, layer] = &mut widths;
    // The widest give way until all fits.
    let room = out.width().saturating_sub(4 * GAP + *kind + *layer);
    *licence = (*licence).min(room.saturating_sub(*name + *version).max(LICENCE));
    let rest = room.saturating_sub(*licence);
    while *name + *version > rest && (*name).max(*version) > 8 {
        if name >= version {
            *name -= 1;
        } else {
            *version -= 1;
        }
    }
    let headings = HEADINGS.map(|(heading, _)| heading.to_owned());
    line(out, &headings, &widths, true);
    for row in &rows {
        line(out, row, &widths, false);
    }
}

fn line(out: &mut Writer, row: &[String; 5], widths: &[usize; 5], heading: bool) {
    let mut text = String::new();
    for (cell, width) in row.iter().zip(widths) {
        text.push_str(&pad(&fitting(cell, *width), width + GAP));
    }
    let text = text.trim_end();
    if heading {
        out.cells("", &[(styled(text, BOLD), 0)]);
    } else {
        out.cells("", &[(plain(text), 0)]);
    }
}

/// Cuts a text to columns: characters may be escaped, or take two.
fn fitting(text: &str, width: usize) -> String {
    let mut limit = width;
    let mut cut = clip(text, limit);
    while columns(&cut) > width && limit > 3 {
        limit -= 1;
        cut = clip(text, limit);
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::TableOptions;
    use crate::testing::{self, golden};

    #[test]
    fn the_table_looks_as_in_its_golden_files_and_fits() {
        for (name, report) in testing::reports() {
            let options = |width| Options {
                table: TableOptions {
                    width,
                    ..TableOptions::default()
                },
                ..Options::default()
            };
            golden(
                &format!("table/testdata/packages-{name}.txt"),
                &render(&report, &options(80)),
            );
            for width in [50, 64, 120] {
                for line in render(&report, &options(width)).lines() {
                    assert!(columns(line) <= width, "{name}: {line}");
                }
            }
        }
    }
}
