//! Reading Debian's copyright files: machine-readable ones (DEP-5, "copyright-format/1.0") and prose.

use crate::catalog::damage::{Damage, text};
use crate::catalog::deb822::{Scanner, Stanza};
use crate::license::text::Squeezed;

/// The most different licences kept of one package.
const MAX_LICENSES: usize = 256;
/// From how many words on the first line of `License` may be the text itself.
const MAX_NAME_WORDS: usize = 8;
/// Where Debian keeps the texts to which copyright files refer (Debian policy 12.5).
const COMMON: &[u8] = b"/usr/share/common-licenses/";
/// The most references of one file that are read.
const MAX_REFERENCES: usize = 256;

/// Returns the licences under which a package's files stand, in order, without repeats.
///
/// A machine-readable file states them as short names: the first line of `License` of each stanza
/// with `Files`. The stanza of `debian/*` covers the packaging; its licence counts only where no
/// other is stated. Prose counts by what is unmistakable in it: references to the texts in
/// `/usr/share/common-licenses`, grants of the GNU licences with their version, licence texts.
pub fn parse_copyright(bytes: &[u8]) -> Vec<String> {
    // Prose around a stanza is no damage of the package's metadata: what is not a field is skipped.
    let mut damage = Damage::default();
    let mut scanner = Scanner::new(bytes);
    let mut stanza = Stanza::default();
    if !scanner.next(&mut stanza, &mut damage) || !is_machine_readable(&stanza) {
        return of_prose(bytes);
    }
    let header = license_of(&stanza);
    let mut licenses: Vec<String> = Vec::new();
    let mut packaging: Vec<String> = Vec::new();
    let mut standalone: Vec<String> = Vec::new();
    loop {
        let files = stanza.get("Files");
        let kept = if files.is_empty() {
            &mut standalone
        } else if files
            .split(u8::is_ascii_whitespace)
            .all(|file| file.starts_with(b"debian/"))
        {
            &mut packaging
        } else {
            &mut licenses
        };
        let name = license_of(&stanza);
        if !name.is_empty() && kept.len() < MAX_LICENSES && !kept.contains(&name) {
            kept.push(name);
        }
        if !scanner.next(&mut stanza, &mut damage) {
            break;
        }
    }
    // Files without a `License` of their own stand under the header's.
    let of_header: Vec<String> = Some(header).into_iter().filter(|h| !h.is_empty()).collect();
    [licenses, of_header, standalone, packaging]
        .into_iter()
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

/// Returns the short name in a stanza: the first line of its `License`. Where prose stands in its
/// place, the licence whose text it is.
fn license_of(stanza: &Stanza<'_>) -> String {
    let license = stanza.get("License");
    let first = license.split(|byte| *byte == b'\n').next();
    let name = text(first.unwrap_or_default());
    if name.split(' ').count() > MAX_NAME_WORDS
        && let [one] = Squeezed::new(license).texts().as_slice()
    {
        return (*one).to_owned();
    }
    name
}

/// Returns what prose states without doubt.
fn of_prose(bytes: &[u8]) -> Vec<String> {
    let squeezed = Squeezed::new(bytes);
    let mut found = squeezed.grants();
    for name in references(bytes) {
        let license = match name.as_str() {
            "BSD" => "BSD-3-Clause".to_owned(),
            // These links point to the newest version: they say nothing about which is meant.
            "GPL" | "LGPL" | "GFDL" => {
                let stated = format!("{name}-");
                if found.iter().any(|one| one.starts_with(&stated)) {
                    continue;
                }
                name
            }
            _ => name,
        };
        // A grant says whether later versions are meant; the reference beside it does not.
        let (family, version) = license.split_once('-').unwrap_or((&license, ""));
        let version = version.trim_end_matches(".0");
        let granted = found.iter().any(|one| {
            one.strip_prefix(family)
                .and_then(|rest| rest.strip_prefix('-'))
                .is_some_and(|rest| {
                    let stated = rest.split('-').next().unwrap_or(rest);
                    stated.trim_end_matches(".0") == version
                })
        });
        if !granted && !found.contains(&license) {
            found.push(license);
        }
    }
    for license in squeezed.texts() {
        if !found.iter().any(|one| one == license) {
            found.push(license.to_owned());
        }
    }
    found.truncate(MAX_LICENSES);
    found
}

/// Returns the names of the common licences that a text refers to, in order, without repeats.
fn references(bytes: &[u8]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for at in memchr::memmem::find_iter(bytes, COMMON).take(MAX_REFERENCES) {
        let rest = bytes.get(at + COMMON.len()..).unwrap_or_default();
        let end = rest
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'.'))
            .unwrap_or(rest.len());
        let name = rest.get(..end.min(32)).unwrap_or_default();
        let name = text(name);
        let name = name.trim_end_matches(['.', '-']);
        if !name.is_empty() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn is_machine_readable(header: &Stanza<'_>) -> bool {
    [header.get("Format"), header.get("Format-Specification")]
        .iter()
        .any(|format| {
            let format = format.to_ascii_lowercase();
            [
                &b"copyright-format"[..],
                b"dep5",
                b"dep-5",
                b"proposals/copyright",
            ]
            .iter()
            .any(|mark| format.windows(mark.len()).any(|window| window == *mark))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: &str =
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n";

    fn parse(rest: &str) -> Vec<String> {
        parse_copyright(format!("{FORMAT}{rest}").as_bytes())
    }

    #[test]
    fn short_names_of_the_files_stanzas_count() {
        let got = parse(
            "License: header-only\n\nFiles: *\nCopyright: x\nLicense: curl\n text\n .\n more\n\n\
             Files: a b\nLicense: BSD-3-Clause or GPL-2+\n\nFiles: c\nLicense: curl\n\n\
             Files: debian/*\nLicense: GPL-3+\n\nLicense: GPL-2+\n the text\n",
        );
        assert_eq!(got, ["curl", "BSD-3-Clause or GPL-2+"]);
    }

    #[test]
    fn what_else_a_machine_readable_file_states_counts_where_no_files_do() {
        assert_eq!(parse("License: MIT\n\nFiles: *\nCopyright: x\n"), ["MIT"]);
        assert_eq!(parse("\nFiles: debian/*\nLicense: GPL-3+\n"), ["GPL-3+"]);
        assert_eq!(parse("\nCopyright: x\nLicense: GPL-2\n text\n"), ["GPL-2"]);
        assert_eq!(parse("\nFiles: *\nLicense:\n\n"), Vec::<String>::new());
        let pasted = "\nFiles: *\nLicense: This is free and unencumbered software released into the\n \
            public domain.\n";
        assert_eq!(parse(pasted), ["Unlicense"]);
    }

    #[test]
    fn prose_counts_by_what_is_unmistakable() {
        let prose = |text: &[u8]| parse_copyright(text).join(" ");
        assert_eq!(
            prose(b"This package was debianized by X.\n\n under the terms of the GNU General Public\n\
                License as published by the Free Software Foundation; either version 2, or (at\n\
                your option) any later version.\n\nSee `/usr/share/common-licenses/GPL-2'.\n"),
            "GPL-2.0-or-later"
        );
        assert_eq!(
            prose(
                b"GNU Library General Public License, see /usr/share/common-licenses/LGPL-2.\n\
                /usr/share/common-licenses/Artistic /usr/share/common-licenses/BSD"
            ),
            "LGPL-2 Artistic BSD-3-Clause"
        );
        assert_eq!(prose(b"see /usr/share/common-licenses/GPL"), "GPL");
        assert_eq!(prose(b"Files: *\nLicense: something\n"), "");
        assert_eq!(prose(b""), "");
        assert_eq!(prose(&b"/usr/share/common-licenses/".repeat(40_000)), "");
    }
}
