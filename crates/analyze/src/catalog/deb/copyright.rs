//! Reading machine-readable copyright files (DEP-5, "copyright-format/1.0").

use crate::catalog::damage::{Damage, text};
use crate::catalog::deb822::{Scanner, Stanza};

/// The most different licences kept of one package.
const MAX_LICENSES: usize = 256;

/// Returns the short names of the licences under which a package's files stand: the first line of
/// `License` of each stanza with `Files`, in order, without repeats.
///
/// Free-form files (those whose first stanza has no `Format` that names the specification) yield
/// nothing: what they say is prose, and guessing would be wrong in both directions.
pub fn parse_copyright(bytes: &[u8]) -> Vec<String> {
    // Prose around a stanza is no damage of the package's metadata: what is not a field is skipped.
    let mut damage = Damage::default();
    let mut scanner = Scanner::new(bytes);
    let mut stanza = Stanza::default();
    let mut licenses: Vec<String> = Vec::new();
    if !scanner.next(&mut stanza, &mut damage) || !is_machine_readable(&stanza) {
        return licenses;
    }
    loop {
        if !stanza.get("Files").is_empty() {
            let license = stanza.get("License");
            let first = license.split(|byte| *byte == b'\n').next();
            let name = text(first.unwrap_or_default());
            if !name.is_empty() && licenses.len() < MAX_LICENSES && !licenses.contains(&name) {
                licenses.push(name);
            }
        }
        if !scanner.next(&mut stanza, &mut damage) {
            return licenses;
        }
    }
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

    #[test]
    fn short_names_of_the_files_stanzas_count() {
        let text = b"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
            License: header-only\n\nFiles: *\nCopyright: x\nLicense: curl\n text\n .\n more\n\n\
            Files: a b\nLicense: BSD-3-Clause or GPL-2+\n\nFiles: c\nLicense: curl\n\n\
            License: GPL-2+\n the text\n";
        assert_eq!(parse_copyright(text), ["curl", "BSD-3-Clause or GPL-2+"]);
    }

    #[test]
    fn prose_is_not_guessed_from() {
        let text = b"This package was debianized by X.\n\nFiles: *\nLicense: GPL-2\n";
        assert_eq!(parse_copyright(text), Vec::<String>::new());
        assert_eq!(parse_copyright(b""), Vec::<String>::new());
    }
}
