//! The order of Go's versions: of modules, and of Go itself.
//!
//! Modules follow `golang.org/x/mod/semver` ("Module version numbers" in the Go Modules Reference),
//! with pseudo-versions (`v0.0.0-20240101120000-abcdef123456`) being prereleases and
//! `+incompatible` build metadata. The leading `v`, which advisories leave out, is optional here.
//!
//! Go itself is in the same order, since advisories state the standard library's versions as
//! `1.21.0-rc.2` and programs theirs as `go1.21rc2`: the toolchain's form ("Go Toolchains", "Version
//! syntax") is read as the module form that it stands for. What follows the version (`-custom`,
//! ` X:exp`, `-X:exp`) does not count. The language version `go1.21` comes before `go1.21rc1`, which
//! it does from 1.21 on; before that it is the release itself.

use std::cmp::Ordering;

use super::semver::{Parts, Rules, compare_pre};
use super::{compare_numbers, split_digits, strip_v, valid_last};

/// Orders two versions; what is none comes before every version.
pub fn compare(a: &str, b: &str) -> Ordering {
    valid_last((a, b), (Version::of(a), Version::of(b)), Version::compare)
}

/// Says whether a version is a module's or a toolchain's.
pub fn is_valid(version: &str) -> bool {
    Version::of(version).is_some()
}

/// Takes short forms, which Go allows without prerelease and build.
const RULES: Rules = Rules {
    v: true,
    least: 1,
    zeros: false,
    largest: None,
};

/// Is a version in either form.
struct Version<'a> {
    numbers: [&'a [u8]; 3],
    pre: Pre<'a>,
}

/// Is what tells a version from its release.
enum Pre<'a> {
    /// A language version, before every prerelease.
    Language,
    /// A module's prerelease.
    Module(&'a [u8]),
    /// A toolchain's: `rc` and its number.
    Toolchain(&'a [u8], &'a [u8]),
    /// Nothing.
    Release,
}

impl<'a> Version<'a> {
    fn of(version: &'a str) -> Option<Self> {
        if let Some(toolchain) = version.strip_prefix("go") {
            return Self::toolchain(toolchain.as_bytes(), true);
        }
        match Parts::of(version, &RULES) {
            Some(parts) => {
                let short = parts.numbers.iter().any(|number| number.is_empty());
                if short && (parts.pre.is_some() || parts.build.is_some()) {
                    return Self::toolchain(strip_v(version), false);
                }
                Some(Self {
                    numbers: parts.numbers,
                    pre: parts.pre.map_or(Pre::Release, Pre::Module),
                })
            }
            None => Self::toolchain(strip_v(version), false),
        }
    }

    /// Reads `1.21.3`, `1.21rc2`, `1.21`, with anything after a space, a hyphen or a plus sign.
    fn toolchain(text: &'a [u8], named: bool) -> Option<Self> {
        let end = text
            .iter()
            .position(|byte| matches!(byte, b' ' | b'-' | b'+'));
        let text = text.get(..end.unwrap_or(text.len()))?;
        let mut numbers: [&[u8]; 3] = [&[]; 3];
        let mut rest = text;
        for (index, number) in numbers.iter_mut().enumerate() {
            if index > 0 {
                match rest.strip_prefix(b".") {
                    Some(after) => rest = after,
                    None => break,
                }
            }
            (*number, rest) = split_digits(rest);
            if number.is_empty() || (number.len() > 1 && number.starts_with(b"0")) {
                return None;
            }
        }
        let [major, minor, patch] = numbers;
        let pre = if rest.is_empty() {
            let language = named
                && patch.is_empty()
                && compare_numbers(major, b"1")
                    .then_with(|| compare_numbers(minor, b"21"))
                    .is_ge();
            if language {
                Pre::Language
            } else {
                Pre::Release
            }
        } else {
            let word = ["alpha", "beta", "rc"]
                .into_iter()
                .find(|word| rest.starts_with(word.as_bytes()))?;
            let (word, number) = rest.split_at_checked(word.len())?;
            let (digits, after) = split_digits(number);
            if digits.is_empty() || !after.is_empty() {
                return None;
            }
            Pre::Toolchain(word, digits)
        };
        Some(Self { numbers, pre })
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.numbers
            .iter()
            .zip(&other.numbers)
            .map(|(a, b)| compare_numbers(a, b))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| self.pre.compare(&other.pre))
    }
}

impl Pre<'_> {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Module(a), Self::Module(b)) => compare_pre(Some(a), Some(b)),
            (Self::Toolchain(a, n), Self::Toolchain(b, m)) => {
                a.cmp(b).then_with(|| compare_numbers(n, m))
            }
            (Self::Toolchain(word, number), Self::Module(pre)) => {
                compare_toolchain(word, number, pre)
            }
            (Self::Module(pre), Self::Toolchain(word, number)) => {
                compare_toolchain(word, number, pre).reverse()
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Language => 0,
            Self::Module(_) | Self::Toolchain(..) => 1,
            Self::Release => 2,
        }
    }
}

/// Orders `rc2` against the prerelease of a module, as if it were `rc.2`.
fn compare_toolchain(word: &[u8], number: &[u8], pre: &[u8]) -> Ordering {
    let mut identifiers = pre.split(|byte| *byte == b'.');
    let first = compare_pre(Some(word), identifiers.next());
    first.then_with(|| match identifiers.next() {
        Some(second) => compare_pre(Some(number), Some(second)).then_with(|| {
            identifiers
                .next()
                .map_or(Ordering::Equal, |_| Ordering::Less)
        }),
        None => Ordering::Greater,
    })
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/go.txt"), compare);
    }
}
