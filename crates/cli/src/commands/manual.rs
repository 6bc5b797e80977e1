//! `plimsoll man`: one page for the whole program.

use std::fmt::Write as _;
use std::io;

use clap::Command;
use clap_mangen::Man;

/// Writes the manual page with a section for each command, its options and examples among them.
pub(super) fn page(mut command: Command) -> io::Result<String> {
    command.build();
    let mut text = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    let mut page = String::from_utf8_lossy(&text).into_owned();
    for sub in command.get_subcommands().filter(|s| s.get_name() != "help") {
        section(&mut page, sub)?;
        for inner in sub.get_subcommands().filter(|s| s.get_name() != "help") {
            section(&mut page, inner)?;
        }
    }
    let mut text = Vec::new();
    man.render_extra_section(&mut text)?;
    man.render_version_section(&mut text)?;
    page.push_str(&headings(&text, ".SH"));
    Ok(page)
}

fn section(page: &mut String, command: &Command) -> io::Result<()> {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let _ = writeln!(page, ".SH \"{}\"", name.to_uppercase());
    if let Some(about) = command.get_about() {
        let _ = writeln!(page, "{about}");
    }
    let man = Man::new(command.clone());
    let mut text = Vec::new();
    man.render_synopsis_section(&mut text)?;
    man.render_options_section(&mut text)?;
    man.render_extra_section(&mut text)?;
    page.push_str(&headings(&text, ".SS"));
    Ok(())
}

/// Sets the level of the headings, leaves out the generator's preamble and names its last section for
/// what it holds.
fn headings(text: &[u8], level: &str) -> String {
    let mut out = String::new();
    let mut unfilled = false;
    for line in String::from_utf8_lossy(text).lines() {
        if line.starts_with(".ie ") || line.starts_with(".el ") {
            continue;
        }
        match line.strip_prefix(".SH ") {
            Some("EXTRA") => {
                // Set as it is: examples and tables lose their meaning when they are filled.
                out.push_str(level);
                out.push_str(" NOTES\n.nf");
                unfilled = true;
            }
            Some(title) => {
                if std::mem::take(&mut unfilled) {
                    out.push_str(".fi\n");
                }
                out.push_str(level);
                out.push(' ');
                out.push_str(title);
            }
            None => out.push_str(line),
        }
        out.push('\n');
    }
    if unfilled {
        out.push_str(".fi\n");
    }
    out
}
