//! Names of the GNU licences, of which there are too many spellings for a table: `GPL-2+`, `GPLv2+`,
//! `GPL (>= 2)`, `GNU General Public License v2 or later (GPLv2+)`.

/// The families: how they are abbreviated, and the version meant where none is stated. A program
/// that names no version is under any that was ever published (GPL-2.0 section 9, LGPL-2.1 section
/// 13).
const FAMILIES: &[(&str, &str)] = &[
    ("agpl", "3.0"),
    ("gfdl", "1.1"),
    ("lgpl", "2.0"),
    ("gpl", "1.0"),
];

/// Is a licence of the GNU family as a name states it.
#[derive(Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is one word of the name, seen or not"
)]
struct Stated {
    family: Option<&'static str>,
    version: Option<String>,
    later: bool,
    only: bool,
    no_invariants: bool,
    /// Whether the last word was `or` or `and`.
    joining: bool,
}

/// Reads a folded name. Every word must be understood.
pub(super) fn parse(folded: &str) -> Option<String> {
    let mut stated = Stated::default();
    let mut words = Words::default();
    for word in folded.split('-') {
        stated.take(word, &mut words)?;
    }
    if stated.joining {
        return None;
    }
    stated.family(words.family()?)?;
    let family = stated.family?;
    let (later, version) = match stated.version {
        Some(version) => (stated.later, version),
        None if stated.only => return None,
        None => {
            let first = FAMILIES.iter().find(|(name, _)| *name == family)?.1;
            (true, first.to_owned())
        }
    };
    let id = format!(
        "{}-{version}{}-{}",
        family.to_ascii_uppercase(),
        if stated.no_invariants {
            "-no-invariants"
        } else {
            ""
        },
        if later { "or-later" } else { "only" }
    );
    spdx::license_id(&id).map(|id| id.name.to_owned())
}

/// Notes which words of the long names were seen.
#[derive(Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is one word of the name, seen or not"
)]
struct Words {
    general: bool,
    lesser: bool,
    affero: bool,
    documentation: bool,
}

impl Words {
    /// Returns the family that the words name; `Some(None)` where they name none.
    #[allow(
        clippy::option_option,
        reason = "no name, or no family: both are answers"
    )]
    fn family(&self) -> Option<Option<&'static str>> {
        match (self.general, self.lesser, self.affero, self.documentation) {
            (false, false, false, false) => Some(None),
            (_, true, false, false) => Some(Some("lgpl")),
            (_, false, true, false) => Some(Some("agpl")),
            (true, false, false, false) => Some(Some("gpl")),
            (false, false, false, true) => Some(Some("gfdl")),
            _ => None,
        }
    }
}

impl Stated {
    /// Takes a word; `None` when it has no place in such a name, or contradicts another.
    fn take(&mut self, word: &str, words: &mut Words) -> Option<()> {
        // `or` and `and` only join `later` and the two names of the LGPL.
        let joins = matches!(
            word,
            "any" | "later" | "newer" | "higher" | "greater" | "above" | "lesser"
        );
        if std::mem::take(&mut self.joining) && !joins {
            return None;
        }
        match word {
            "or" | "and" => self.joining = true,
            "gnu" | "public" | "free" | "any" | "" | "==" | "=" => {}
            "general" => words.general = true,
            "lesser" | "library" => words.lesser = true,
            "affero" => words.affero = true,
            "documentation" | "fdl" => words.documentation = true,
            "later" | "newer" | "higher" | "greater" | "above" | "upwards" | ">=" | ">" | "+" => {
                self.later = true;
            }
            "only" => self.only = true,
            "niv" => self.no_invariants = true,
            _ => {
                let family = FAMILIES.iter().find(|(name, _)| word.starts_with(name));
                let rest = match family {
                    Some((name, _)) => {
                        self.family(Some(name))?;
                        word.strip_prefix(name)?
                    }
                    None => word,
                };
                return self.version(rest);
            }
        }
        Some(())
    }

    fn family(&mut self, family: Option<&'static str>) -> Option<()> {
        match (self.family, family) {
            (Some(held), Some(stated)) if held != stated => None,
            (None, Some(stated)) => {
                self.family = Some(stated);
                Some(())
            }
            _ => Some(()),
        }
    }

    /// Takes what follows a family (`v2+`, `3`, `+`) or a version that stands alone (`2.1`, `>=2`).
    fn version(&mut self, text: &str) -> Option<()> {
        let text = text.trim_start_matches('v');
        let digits = text.trim_start_matches(['>', '=']);
        self.later |= text.starts_with(">=");
        let bare = digits.trim_end_matches('+');
        self.later |= bare.len() < digits.len();
        if bare.is_empty() {
            return Some(());
        }
        if !bare
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
            || bare.len() > 5
        {
            return None;
        }
        let bare = bare.strip_suffix(".0.0").unwrap_or(bare);
        let version = if bare.contains('.') {
            bare.to_owned()
        } else {
            format!("{bare}.0")
        };
        match &self.version {
            Some(held) if *held != version => None,
            _ => {
                self.version = Some(version);
                Some(())
            }
        }
    }
}
