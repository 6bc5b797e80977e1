//! Recognising licence texts by their unmistakable sentences.
//!
//! A text is squeezed to lower-case words with one blank between them, so that line breaks, comment
//! signs and punctuation do not matter. Which licence a text is, is told by sentences that it has
//! and others that it lacks; nothing is compared by likeness, so a file that merely resembles a
//! licence is not taken for one.

use std::borrow::Cow;

/// The most bytes of a text that are looked at. The longest listed licence has 35,000.
const MAX_BYTES: usize = 128 * 1024;
/// How far from its first sentence the others of a licence are looked for, in bytes. The texts that
/// are told by several sentences are short.
const TEXT_BYTES: usize = 2000;
/// How many texts that begin alike are looked at in one file.
const MAX_REPEATS: usize = 64;
/// How many bytes after the name of a GNU licence its version is looked for in.
const GRANT_BYTES: usize = 320;
/// The most grants of GNU licences that are read in one text.
const MAX_GRANTS: usize = 256;

/// Is what tells one licence.
struct Sentence {
    id: &'static str,
    /// All of these are there.
    has: &'static [&'static str],
    /// None of these is there.
    lacks: &'static [&'static str],
}

const fn row(
    id: &'static str,
    has: &'static [&'static str],
    lacks: &'static [&'static str],
) -> Sentence {
    Sentence { id, has, lacks }
}

const MIT: &str = "permission is hereby granted free of charge to any person obtaining a copy of this software and associated documentation files the software to deal in the software without restriction";
const MIT_NOTICE: &str =
    "permission notice shall be included in all copies or substantial portions";
const BSD: &str = "redistribution and use in source and binary forms with or without modification are permitted provided that the following conditions are met";
const BSD_BINARY: &str = "redistributions in binary form must reproduce the above copyright notice";
const BSD_ADVERTISING: &str =
    "all advertising materials mentioning features or use of this software";
const BSD_ENDORSE: &str = "endorse or promote products derived from";
const BSD_NUCLEAR: &str = "or intended for use in the design construction operation or maintenance of any nuclear facility";
const EVIL: &str = "the software shall be used for good not evil";
const ISC_AND_OR: &str = "permission to use copy modify and or distribute this software for any purpose with or without fee is hereby granted";
const ISC_AND: &str = "permission to use copy modify and distribute this software for any purpose with or without fee is hereby granted";
const ISC_NOTICE: &str =
    "provided that the above copyright notice and this permission notice appear in all copies";
const X11_NAME: &str = "shall not be used in advertising or otherwise to promote the sale";

/// The licences, each by the sentences of its own text.
static TEXTS: &[Sentence] = &[
    row("MIT", &[MIT, MIT_NOTICE], &[X11_NAME, EVIL]),
    row("JSON", &[MIT, MIT_NOTICE, EVIL], &[]),
    row("X11", &[MIT, MIT_NOTICE, X11_NAME], &[]),
    row(
        "MIT-0",
        &[
            MIT,
            "sell copies of the software and to permit persons to whom the software is furnished to do so the software is provided as is",
        ],
        &[MIT_NOTICE],
    ),
    row(
        "NCSA",
        &[
            "to deal with the software without restriction",
            "redistributions of source code must retain the above copyright notice this list of conditions and the following disclaimers",
        ],
        &[],
    ),
    row(
        "BSD-2-Clause",
        &[BSD, BSD_BINARY],
        &[
            "endorse or promote",
            BSD_ADVERTISING,
            "hereby grants to those receiving rights under this license",
            "views and conclusions contained in the software",
            "the origin of this software must not be misrepresented",
            "the apache software license version 1.1",
            "openssl",
        ],
    ),
    row(
        "BSD-3-Clause",
        &[BSD, BSD_BINARY, BSD_ENDORSE],
        &[
            BSD_ADVERTISING,
            BSD_NUCLEAR,
            "the apache software license version 1.1",
            "openssl",
        ],
    ),
    row(
        "BSD-4-Clause",
        &[BSD, BSD_BINARY, BSD_ENDORSE, BSD_ADVERTISING],
        &["openssl", "the apache group"],
    ),
    row("ISC", &[ISC_AND_OR, ISC_NOTICE], &[]),
    row("ISC", &[ISC_AND, ISC_NOTICE], &[]),
    row(
        "0BSD",
        &[ISC_AND_OR],
        &["provided that the above copyright notice"],
    ),
    row(
        "Apache-2.0",
        &["apache license version 2.0 january 2004"],
        &[],
    ),
    row(
        "Apache-2.0",
        &["licensed under the apache license version 2.0"],
        &[],
    ),
    row(
        "Apache-1.1",
        &["the apache software license version 1.1"],
        &[],
    ),
    row(
        "MPL-2.0",
        &["mozilla public license version 2.0 1. definitions"],
        &[],
    ),
    row(
        "MPL-2.0",
        &["subject to the terms of the mozilla public license v. 2.0"],
        &[],
    ),
    row(
        "MPL-1.1",
        &["mozilla public license version 1.1"],
        &["mozilla public license version 2.0"],
    ),
    row(
        "EPL-1.0",
        &["eclipse public license v 1.0 the accompanying program is provided"],
        &[],
    ),
    row(
        "EPL-2.0",
        &["eclipse public license v 2.0 the accompanying program is provided"],
        &[],
    ),
    row(
        "CDDL-1.0",
        &["common development and distribution license cddl version 1.0"],
        &[],
    ),
    row(
        "CDDL-1.1",
        &["common development and distribution license cddl version 1.1"],
        &[],
    ),
    row("CC0-1.0", &["cc0 1.0 universal"], &[]),
    row(
        "Unlicense",
        &["this is free and unencumbered software released into the public domain"],
        &[],
    ),
    row(
        "Zlib",
        &[
            "the origin of this software must not be misrepresented",
            "altered source versions must be plainly marked as such",
        ],
        &[],
    ),
    row(
        "Unicode-3.0",
        &[
            "unicode license v3",
            "to any person obtaining a copy of data files and any associated documentation",
        ],
        &[],
    ),
    row("BSL-1.0", &["boost software license version 1.0"], &[]),
    row("PSF-2.0", &["psf license agreement for python"], &[]),
    row(
        "PSF-2.0",
        &["python software foundation license version 2"],
        &[],
    ),
    row("Artistic-2.0", &["the artistic license 2.0"], &[]),
    row(
        "Artistic-1.0-Perl",
        &["aggregation of this package with a commercial distribution is always permitted"],
        &[],
    ),
    row(
        "OFL-1.1",
        &["sil open font license version 1.1 26 february 2007"],
        &[],
    ),
    row(
        "WTFPL",
        &["do what the fuck you want to public license"],
        &[],
    ),
    row(
        "Ruby",
        &[
            "you may make and give away verbatim copies of the source form of the software without restriction provided that you duplicate all of the original copyright notices",
        ],
        &[],
    ),
    row(
        "BlueOak-1.0.0",
        &["blue oak model license version 1.0.0"],
        &[],
    ),
    row(
        "UPL-1.0",
        &["the universal permissive license upl version 1.0"],
        &[],
    ),
    row(
        "PostgreSQL",
        &[
            "permission to use copy modify and distribute this software and its documentation for any purpose without fee and without a written agreement is hereby granted",
        ],
        &[],
    ),
    row(
        "curl",
        &[
            "permission to use copy modify and distribute this software for any purpose with or without fee is hereby granted provided that the above copyright notice and this permission notice appear in all copies the software is provided as is without warranty of any kind express or implied including but not limited to the warranties of merchantability fitness for a particular purpose and noninfringement of third party rights",
        ],
        &[],
    ),
    row(
        "FSFAP",
        &[
            "copying and distribution of this file with or without modification are permitted in any medium without royalty provided the copyright notice and this notice are preserved",
        ],
        &[],
    ),
    row(
        "MIT-open-group",
        &[
            SELL,
            "the name of the open group shall not be used in advertising",
        ],
        &[],
    ),
    row(
        "HPND-sell-variant",
        &[SELL, "not be used in advertising or publicity"],
        &["the name of the open group"],
    ),
    row(
        "Info-ZIP",
        &["info zip retains the right to use the names info zip"],
        &[],
    ),
    row(
        "AGPL-3.0-only",
        &["gnu affero general public license version 3 19 november 2007"],
        &[],
    ),
    row(
        "GPL-2.0-only",
        &["gnu general public license version 2 june 1991"],
        &[],
    ),
    row(
        "GPL-3.0-only",
        &["gnu general public license version 3 29 june 2007"],
        &[],
    ),
    row(
        "GPL-1.0-only",
        &["gnu general public license version 1 february 1989"],
        &[],
    ),
    row(
        "GFDL-1.2-only",
        &["gnu free documentation license version 1.2 november 2002"],
        &[],
    ),
    row(
        "GFDL-1.3-only",
        &["gnu free documentation license version 1.3 3 november 2008"],
        &[],
    ),
    row(
        "LGPL-2.0-only",
        &["gnu library general public license version 2 june 1991"],
        &[],
    ),
    row(
        "LGPL-2.1-only",
        &["gnu lesser general public license version 2.1 february 1999"],
        &[],
    ),
    row(
        "LGPL-3.0-only",
        &["gnu lesser general public license version 3 29 june 2007"],
        &[],
    ),
];

const SELL: &str = "permission to use copy modify distribute and sell this software and its documentation for any purpose is hereby granted without fee";

/// The names of the GNU licences in grants, longest first.
static GRANTS: &[(&str, &str)] = &[
    ("gnu affero general public license", "AGPL"),
    ("gnu lesser general public license", "LGPL"),
    ("gnu library general public license", "LGPL"),
    ("gnu library or lesser general public license", "LGPL"),
    ("gnu free documentation license", "GFDL"),
    ("gnu general public license", "GPL"),
];

/// Is a text made ready to be searched.
pub(crate) struct Squeezed(String);

impl Squeezed {
    /// Keeps letters, digits and the dots inside words; what parts words becomes one blank.
    pub(crate) fn new(text: &[u8]) -> Self {
        let text = text.get(..MAX_BYTES).unwrap_or(text);
        let mut out = String::with_capacity(text.len());
        for (at, byte) in text.iter().enumerate() {
            let next = text.get(at + 1).copied().unwrap_or(b' ');
            match byte {
                byte if byte.is_ascii_alphanumeric() => {
                    out.push(char::from(byte.to_ascii_lowercase()));
                }
                b'.' if next.is_ascii_digit() && !out.ends_with(' ') => out.push('.'),
                b'.' if out.ends_with(|c: char| c.is_ascii_digit()) || out.ends_with(" v") => {
                    out.push('.');
                }
                _ if out.ends_with(' ') || out.is_empty() => {}
                _ => out.push(' '),
            }
        }
        Self(out)
    }

    /// Returns the licences whose texts it holds, in the order of the table.
    pub(crate) fn texts(&self) -> Vec<&'static str> {
        let mut found: Vec<&'static str> = Vec::new();
        for text in TEXTS {
            if !found.contains(&text.id) && self.place(text).is_some() {
                found.push(text.id);
            }
        }
        // The curl licence contains that of the ISC but for its last words.
        if found.contains(&"curl") {
            found.retain(|id| *id != "ISC");
        }
        found
    }

    /// Returns where a licence's sentences stand together: near its first one, before the next text
    /// that begins alike.
    fn place(&self, text: &Sentence) -> Option<usize> {
        let (first, more) = text.has.split_first()?;
        let words = self.0.as_bytes();
        let finder = memchr::memmem::Finder::new(first);
        let mut starts = finder.find_iter(words).take(MAX_REPEATS).peekable();
        while let Some(start) = starts.next() {
            let next = starts.peek().copied().unwrap_or(words.len());
            let end = next.min(start + first.len() + TEXT_BYTES).min(words.len());
            let near = words.get(start..end).unwrap_or_default();
            let has = |part: &&str| memchr::memmem::find(near, part.as_bytes()).is_some();
            if more.iter().all(has) && !text.lacks.iter().any(has) {
                return Some(start);
            }
        }
        None
    }

    /// Returns the GNU licences under which something is granted: their names, with a version and
    /// perhaps `or any later version` in what follows.
    pub(crate) fn grants(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut at = 0;
        for _ in 0..MAX_GRANTS {
            let Some(rest) = self.0.get(at..) else { break };
            let Some(start) = memchr::memmem::find(rest.as_bytes(), b"gnu ") else {
                break;
            };
            let begin = rest.get(start..).unwrap_or_default();
            at += start + 4;
            let Some((name, family)) = GRANTS.iter().find(|(name, _)| begin.starts_with(name))
            else {
                continue;
            };
            let after = begin.get(name.len()..).unwrap_or_default();
            let after = after
                .get(..GRANT_BYTES.min(after.len()))
                .unwrap_or_default();
            // The next licence's version is not this one's.
            let after = after.split("gnu ").next().unwrap_or(after);
            let Some(version) = version_in(after) else {
                continue;
            };
            let later = after.contains("any later version") || after.contains("or later");
            let id = format!(
                "{family}-{version}-{}",
                if later { "or-later" } else { "only" }
            );
            if spdx::license_id(&id).is_some() && !found.contains(&id) {
                found.push(id);
            }
        }
        // Beside `version 2 or any later`, a plain `version 2` says where the text is to be read.
        let granted: Vec<String> = found
            .iter()
            .filter_map(|id| id.strip_suffix("-or-later").map(str::to_owned))
            .collect();
        found.retain(|id| {
            let only = id.strip_suffix("-only");
            !only.is_some_and(|only| granted.iter().any(|one| one == only))
        });
        found
    }
}

/// Finds `version 2`, `v2` or ` 2` in the words right after a licence's name.
fn version_in(after: &str) -> Option<String> {
    let mut words = after.split(' ').filter(|word| !word.is_empty()).take(40);
    let mut first = true;
    while let Some(word) = words.next() {
        let stated = match word {
            "version" | "versions" => words.next()?,
            _ => match word.strip_prefix('v') {
                Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
                _ if first => word,
                _ => continue,
            },
        };
        first = false;
        let stated = stated.trim_end_matches('.');
        if let "1" | "2" | "3" | "1.0" | "2.0" | "2.1" | "3.0" | "1.1" | "1.2" | "1.3" = stated {
            return Some(if stated.contains('.') {
                stated.to_owned()
            } else {
                format!("{stated}.0")
            });
        }
    }
    None
}

/// Recognises a licence text that was pasted where a name belongs. Only one licence counts: of
/// several it is not known how they go together.
pub(super) fn recognise(text: &str) -> Option<String> {
    let squeezed = Squeezed::new(text.as_bytes());
    match squeezed.texts().as_slice() {
        [one] => Some((*one).to_owned()),
        [] => match squeezed.grants().as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// How far from a file's start the sentence that tells its licence stands, in bytes: a title, notes
/// on who holds the rights. What comes later is cited.
const PREFACE_BYTES: usize = 1500;
/// The most bytes of a file that holds one of the short licences. In a longer one more is said.
const SHORT_BYTES: usize = 3500;
/// The most bytes of a file that holds one of the long licences, GNU's apart.
const LONG_BYTES: usize = 24_000;
/// The most bytes of a file that grants a licence without its text.
const GRANT_FILE_BYTES: usize = 1500;

/// How far from a file's start the sentence of the Artistic License stands that tells its wordings
/// apart, in bytes: in its eighth clause.
const ARTISTIC_BYTES: usize = 6000;

/// The licences whose texts take pages, GNU's apart.
static LONG: &[&str] = &[
    "Apache-2.0",
    "Artistic-1.0-Perl",
    "Artistic-2.0",
    "CC0-1.0",
    "CDDL-1.0",
    "CDDL-1.1",
    "EPL-1.0",
    "EPL-2.0",
    "MPL-1.1",
    "MPL-2.0",
    "OFL-1.1",
    "PSF-2.0",
    "UPL-1.0",
];

/// What changes a licence that stands beside it: exceptions, conditions, a choice. Of such a file
/// nothing is said.
static QUALIFIERS: &[&str] = &[
    "classpath exception",
    "linking exception",
    "runtime library exception",
    "llvm exceptions",
    "commons clause",
    "dual licensed",
    "dual license",
    "multi licensed",
    "under either",
    "either of the following licenses",
    "third party software",
    "non commercial use",
    "non commercial purposes",
    "creative commons attribution",
    "cc by",
    "following licenses",
    "noncommercial",
    "as a special exception ",
];

/// What licences say themselves that reads as if it changed them: GNU's on the source code that is
/// offered and that comes with the system, the Mozilla Public License's notice for others to fill
/// in, the Free Documentation License's clause on wikis.
static OWN: &[&str] = &[
    "allowed only for noncommercial distribution",
    "noncommercially",
    "as a special exception the source code distributed",
    "as a special exception the materials to be",
    "as a special exception it need not include source code for modules",
    "under either the mpl or the license",
    "cc by sa means the creative commons attribution share alike 3.0 license",
    "republish an mmc contained in the site under cc by sa",
];

/// Recognises the licence that a file beside a package gives to the package. Stricter than
/// [`recognise`]: a file may cite licences of others, change one, or offer a choice, and of all these
/// nothing is said.
pub(crate) fn recognise_file(bytes: &[u8]) -> Option<String> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    let squeezed = Squeezed::new(bytes);
    let words = squeezed.0.as_bytes();
    let mut texts = squeezed.texts();
    // The lesser licence is the general one's text and more, and is often kept with it.
    if texts.contains(&"LGPL-3.0-only") {
        texts.retain(|id| *id != "GPL-3.0-only");
    }
    let found = match texts.as_slice() {
        [] if words.len() <= GRANT_FILE_BYTES => match squeezed.grants().as_slice() {
            [one] => one.clone(),
            _ => return None,
        },
        [one] => {
            let start = TEXTS
                .iter()
                .filter(|text| text.id == *one)
                .find_map(|text| squeezed.place(text))?;
            let artistic = *one == "Artistic-1.0-Perl"
                && memchr::memmem::find(words, b"the artistic license")
                    .is_some_and(|title| title <= PREFACE_BYTES);
            if start
                > if artistic {
                    ARTISTIC_BYTES
                } else {
                    PREFACE_BYTES
                }
            {
                return None;
            }
            squeezed.as_file(one, start)?
        }
        _ => return None,
    };
    (!squeezed.is_qualified()).then_some(found)
}

impl Squeezed {
    /// Says which licence a file gives that holds one text, at a place.
    fn as_file(&self, id: &str, start: usize) -> Option<String> {
        let gnu = id.contains("GPL-") || id.starts_with("GFDL-");
        if gnu {
            // A grant above the text says whether later versions will do.
            let before = Self(self.0.get(..start)?.to_owned());
            let family = id.strip_suffix("-only")?;
            return match before.grants().as_slice() {
                [] => Some(id.to_owned()),
                [one] if one.starts_with(family) => Some(one.clone()),
                _ => None,
            };
        }
        let long = LONG.contains(&id);
        if self.0.len() > if long { LONG_BYTES } else { SHORT_BYTES } {
            return None;
        }
        // Beside a short text, a GNU licence is another that applies or may be chosen.
        if !long && self.0.contains("gnu ") {
            return None;
        }
        // The licence of Python itself is the foundation's with those of its forerunners.
        if id == "PSF-2.0" && self.0.contains("beopen python open source license") {
            return Some("Python-2.0".to_owned());
        }
        Some(id.to_owned())
    }

    /// Says whether something changes the licence, but for what licences say themselves.
    fn is_qualified(&self) -> bool {
        let mut words = Cow::Borrowed(self.0.as_str());
        for own in OWN {
            if words.contains(own) {
                words = Cow::Owned(words.replace(own, ""));
            }
        }
        QUALIFIERS.iter().any(|part| words.contains(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Vec<&'static str>, Vec<String>) {
        let squeezed = Squeezed::new(text.as_bytes());
        (squeezed.texts(), squeezed.grants())
    }

    #[test]
    fn sentences_are_squeezed_and_identifiers_exist() {
        for text in TEXTS {
            assert!(spdx::license_id(text.id).is_some(), "{}", text.id);
            for part in text.has.iter().chain(text.lacks) {
                assert_eq!(Squeezed::new(part.as_bytes()).0, **part, "{}", text.id);
            }
        }
    }

    #[test]
    fn texts_are_told_apart_whatever_surrounds_their_words() {
        let mit = "/* Copyright (c) 2020 A\n * Permission is hereby granted, free of charge, to any \
            person\n * obtaining a copy of this software and associated documentation files (the \
            \"Software\"),\n * to deal in the Software without restriction ... The above copyright \
            notice and this permission\n * notice shall be included in all copies or substantial \
            portions of the Software.";
        assert_eq!(of(mit).0, ["MIT"]);
        let bsd = "Redistribution and use in source and binary forms, with or without\nmodification, \
            are permitted provided that the following conditions are met:\n1. x\n2. Redistributions \
            in binary form must reproduce the above copyright notice, x";
        assert_eq!(of(bsd).0, ["BSD-2-Clause"]);
        let three = format!(
            "{bsd}\n3. Neither name may be used to endorse or promote products \
            derived from\n   this software"
        );
        assert_eq!(of(&three).0, ["BSD-3-Clause"]);
        assert_eq!(
            of("Apache License\n  Version 2.0, January 2004\n").0,
            ["Apache-2.0"]
        );
        assert_eq!(of("a licence like MIT").0, Vec::<&str>::new());
    }

    #[test]
    fn grants_state_a_version_and_perhaps_later_ones() {
        let grants = |text: &str| of(text).1.join(" ");
        let gpl = "under the terms of the GNU General Public License as published by the Free \
            Software Foundation; either version 2, or (at your option) any later version.";
        assert_eq!(grants(gpl), "GPL-2.0-or-later");
        assert_eq!(
            grants("GNU Lesser General Public License version 2.1."),
            "LGPL-2.1-only"
        );
        assert_eq!(
            grants("the GNU General Public License v3 or later"),
            "GPL-3.0-or-later"
        );
        assert_eq!(grants("the GNU General Public License"), "");
        assert_eq!(
            grants("GNU General Public License, see GNU Library General Public License version 2"),
            "LGPL-2.0-only"
        );
    }

    #[test]
    fn files_give_one_licence_or_none() {
        let file = |text: &str| recognise_file(text.as_bytes()).unwrap_or_default();
        let mit = format!("MIT License\n\nCopyright (c) 2020 A\n\n{MIT} {MIT_NOTICE}");
        let apache = "Apache License\nVersion 2.0, January 2004\n";
        let gpl = "GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n";
        let grant = "under the GNU General Public License, either version 3, or any later version.";
        assert_eq!(file(&mit), "MIT");
        assert_eq!(file(apache), "Apache-2.0");
        assert_eq!(file(gpl), "GPL-3.0-only");
        assert_eq!(file(grant), "GPL-3.0-or-later");
        assert_eq!(file(&format!("{grant}\n{gpl}")), "GPL-3.0-or-later");
        assert_eq!(file(&format!("{mit} {EVIL}")), "JSON");
        for other in [
            format!("{mit}\n{apache}"),
            format!("{mit}\nor {grant}"),
            format!("Dual licensed.\n{mit}"),
            format!("{mit}\nThe logo is under CC-BY 4.0."),
            format!("{mit}\n{}", "More is said. ".repeat(400)),
            format!("{}\n{mit}", "All is mine. ".repeat(130)),
            format!("{apache}\n---- LLVM Exceptions to the Apache 2.0 License ----"),
            format!("{gpl}\nAs a special exception, you may link this."),
            "x".repeat(MAX_BYTES + 1),
        ] {
            assert_eq!(file(&other), "", "{other:.200}");
        }
    }

    #[test]
    fn hostile_text_takes_no_time() {
        for text in ["gnu general public license ", "a ", " ", "v2.", "\u{0}"] {
            let _ = of(&text.repeat(1_000_000 / text.len()));
        }
    }
}
