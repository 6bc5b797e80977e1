//! Version orders, one per packaging system. Each is exact: it agrees with the native tool.
//!
//! A version that does not follow its system's grammar is still ordered (the native tools order
//! everything, or we put it before what they order); [`Scheme::is_valid`] says whether the order
//! means anything. Ranges of versions are in [`range`](crate::range).

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::ecosystem::PackageKind;

pub mod apk;
pub mod bitnami;
pub mod composer;
pub mod conda;
pub mod cpan;
pub mod dart;
pub mod deb;
pub mod gem;
pub mod generic;
pub mod go;
pub mod julia;
pub mod jvm;
pub mod lists;
pub mod luarocks;
pub mod maven;
pub mod nix;
pub mod npm;
pub mod nuget;
pub mod php;
pub mod pypi;
pub mod rpm;
pub mod semver;

/// Is a way to order versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scheme {
    /// apk-tools.
    Apk,
    /// dpkg.
    Deb,
    /// rpm.
    Rpm,
    /// Bitnami's components.
    Bitnami,
    /// Rust crates.
    Cargo,
    /// Composer's packages.
    Composer,
    /// conda's packages.
    Conda,
    /// Perl's distributions.
    Cpan,
    /// R's packages.
    Cran,
    /// Ruby's gems.
    Gem,
    /// What no package manager versions.
    Generic,
    /// Go's modules, and Go itself.
    Go,
    /// Haskell's packages.
    Hackage,
    /// Packages of Elixir and Erlang.
    Hex,
    /// Julia's packages.
    Julia,
    /// Java itself.
    Jvm,
    /// Lua's rocks.
    Luarocks,
    /// Java's packages.
    Maven,
    /// Nix's packages.
    Nix,
    /// JavaScript's packages.
    Npm,
    /// .NET's packages.
    Nuget,
    /// Erlang/OTP and its applications.
    Otp,
    /// PHP's `version_compare`: PEAR, PECL, `WordPress`.
    Pear,
    /// Dart's packages.
    Pub,
    /// Python's packages.
    Pypi,
    /// Semantic Versioning.
    Semver,
    /// Swift's packages.
    Swift,
}

impl Scheme {
    /// All schemes, by name.
    pub const ALL: [Self; 27] = [
        Self::Apk,
        Self::Bitnami,
        Self::Cargo,
        Self::Composer,
        Self::Conda,
        Self::Cpan,
        Self::Cran,
        Self::Deb,
        Self::Gem,
        Self::Generic,
        Self::Go,
        Self::Hackage,
        Self::Hex,
        Self::Julia,
        Self::Jvm,
        Self::Luarocks,
        Self::Maven,
        Self::Nix,
        Self::Npm,
        Self::Nuget,
        Self::Otp,
        Self::Pear,
        Self::Pub,
        Self::Pypi,
        Self::Rpm,
        Self::Semver,
        Self::Swift,
    ];

    /// Returns the name used by `plimsoll versions`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Bitnami => "bitnami",
            Self::Cargo => "cargo",
            Self::Composer => "composer",
            Self::Conda => "conda",
            Self::Cpan => "cpan",
            Self::Cran => "cran",
            Self::Deb => "deb",
            Self::Gem => "gem",
            Self::Generic => "generic",
            Self::Go => "go",
            Self::Hackage => "hackage",
            Self::Hex => "hex",
            Self::Julia => "julia",
            Self::Jvm => "jvm",
            Self::Luarocks => "luarocks",
            Self::Maven => "maven",
            Self::Nix => "nix",
            Self::Npm => "npm",
            Self::Nuget => "nuget",
            Self::Otp => "otp",
            Self::Pear => "pear",
            Self::Pub => "pub",
            Self::Pypi => "pypi",
            Self::Rpm => "rpm",
            Self::Semver => "semver",
            Self::Swift => "swift",
        }
    }

    /// Finds a scheme by its name, or by that of a kind of package that it orders (`golang`, `pecl`).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|scheme| scheme.as_str() == name)
            .or_else(|| PackageKind::from_name(name)?.scheme())
    }

    /// Orders two versions as an advisory's bound is held against a package.
    ///
    /// No order to sort by: an rpm version without a release equals every release of it, the same
    /// with the builds of Java and the revisions of rocks, and Maven contradicts itself. See
    /// [`Self::sort_order`].
    pub fn compare(self, a: &str, b: &str) -> Ordering {
        match self {
            Self::Apk => apk::compare(a, b),
            Self::Bitnami => bitnami::compare(a, b),
            Self::Cargo => semver::compare_cargo(a, b),
            Self::Composer => composer::compare(a, b),
            Self::Conda => conda::compare(a, b),
            Self::Cpan => cpan::compare(a, b),
            Self::Cran => lists::compare_cran(a, b),
            Self::Deb => deb::compare(a, b),
            Self::Gem => gem::compare(a, b),
            Self::Generic => generic::compare(a, b),
            Self::Go => go::compare(a, b),
            Self::Hackage => lists::compare_hackage(a, b),
            Self::Hex => semver::compare_hex(a, b),
            Self::Julia => julia::compare(a, b),
            Self::Jvm => jvm::compare(a, b),
            Self::Luarocks => luarocks::compare(a, b),
            Self::Maven => maven::compare(a, b),
            Self::Nix => nix::compare(a, b),
            Self::Npm => npm::compare(a, b),
            Self::Nuget => nuget::compare(a, b),
            Self::Otp => lists::compare_otp(a, b),
            Self::Pear => php::compare(a, b),
            Self::Pub => dart::compare(a, b),
            Self::Pypi => pypi::compare(a, b),
            Self::Rpm => rpm::compare(a, b),
            Self::Semver => semver::compare(a, b),
            Self::Swift => semver::compare_swift(a, b),
        }
    }

    /// Orders two versions for sorting: a total preorder for every scheme.
    ///
    /// Versions that look different can be equal (`1.0` and `1.00` in deb and rpm).
    pub fn sort_order(self, a: &str, b: &str) -> Ordering {
        match self {
            Self::Jvm => jvm::sort_order(a, b),
            Self::Luarocks => luarocks::sort_order(a, b),
            Self::Maven => maven::sort_order(a, b),
            Self::Rpm => rpm::compare_labels(a, b),
            _ => self.compare(a, b),
        }
    }

    /// Says whether a version follows the scheme's grammar.
    pub fn is_valid(self, version: &str) -> bool {
        match self {
            Self::Apk => apk::is_valid(version),
            Self::Bitnami => bitnami::is_valid(version),
            Self::Cargo => semver::is_valid_cargo(version),
            Self::Composer => composer::is_valid(version),
            Self::Conda => conda::is_valid(version),
            Self::Cpan => cpan::is_valid(version),
            Self::Cran => lists::is_valid_cran(version),
            Self::Deb => deb::is_valid(version),
            Self::Gem => gem::is_valid(version),
            Self::Generic => generic::is_valid(version),
            Self::Go => go::is_valid(version),
            Self::Hackage => lists::is_valid_hackage(version),
            Self::Hex => semver::is_valid_hex(version),
            Self::Julia => julia::is_valid(version),
            Self::Jvm => jvm::is_valid(version),
            Self::Luarocks => luarocks::is_valid(version),
            Self::Maven => maven::is_valid(version),
            Self::Nix => nix::is_valid(version),
            Self::Npm => npm::is_valid(version),
            Self::Nuget => nuget::is_valid(version),
            Self::Otp => lists::is_valid_otp(version),
            Self::Pear => php::is_valid(version),
            Self::Pub => dart::is_valid(version),
            Self::Pypi => pypi::is_valid(version),
            Self::Rpm => rpm::is_valid(version),
            Self::Semver => semver::is_valid(version),
            Self::Swift => semver::is_valid_swift(version),
        }
    }
}

/// Splits off the leading ASCII digits.
fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

/// Splits off the leading ASCII letters.
fn split_letters(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_alphabetic())
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

/// Returns a version's bytes without a leading `v`.
fn strip_v(version: &str) -> &[u8] {
    version.strip_prefix('v').unwrap_or(version).as_bytes()
}

/// Orders two texts without regard to the case of ASCII letters.
fn compare_ignoring_case(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (a.iter(), b.iter());
    a.map(u8::to_ascii_lowercase)
        .cmp(b.map(u8::to_ascii_lowercase))
}

/// Orders two versions of which some may not follow their grammar: those come first, among
/// themselves in natural order.
fn valid_last<T>(
    texts: (&str, &str),
    parsed: (Option<T>, Option<T>),
    order: impl Fn(&T, &T) -> Ordering,
) -> Ordering {
    valid_last_or(texts, parsed, order, natural)
}

/// Orders two versions of which some may not follow their grammar: those come first, among
/// themselves as `otherwise` says.
fn valid_last_or<T>(
    (a, b): (&str, &str),
    parsed: (Option<T>, Option<T>),
    order: impl Fn(&T, &T) -> Ordering,
    otherwise: impl Fn(&str, &str) -> Ordering,
) -> Ordering {
    match parsed {
        (Some(a), Some(b)) => order(&a, &b),
        (None, None) => otherwise(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// Orders two texts with their runs of digits by value.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        let order = match (a.first(), b.first()) {
            (Some(one), Some(two)) if one.is_ascii_digit() && two.is_ascii_digit() => {
                let (one, two);
                (one, a) = split_digits(a);
                (two, b) = split_digits(b);
                compare_numbers(one, two)
            }
            (Some(one), Some(two)) => {
                a = a.get(1..).unwrap_or_default();
                b = b.get(1..).unwrap_or_default();
                one.cmp(two)
            }
            (None, None) => return Ordering::Equal,
            (one, two) => one.is_some().cmp(&two.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Says whether a text holds nothing but ASCII digits; an empty one does.
fn digits_only(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

/// Orders two runs of digits by value, whatever their length; an empty one is 0.
fn compare_numbers(a: &[u8], b: &[u8]) -> Ordering {
    fn significant(digits: &[u8]) -> &[u8] {
        let start = digits
            .iter()
            .position(|digit| *digit != b'0')
            .unwrap_or(digits.len());
        digits.get(start..).unwrap_or_default()
    }
    let (a, b) = (significant(a), significant(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod table {
    //! Reads the tables of relations in `testdata/versions`.

    use std::cmp::Ordering;

    fn rows(text: &str) -> impl Iterator<Item = (usize, &str)> {
        text.lines()
            .enumerate()
            .map(|(index, line)| {
                (
                    index + 1,
                    line.split('#').next().unwrap_or_default().trim_end(),
                )
            })
            .filter(|(_, row)| !row.is_empty())
    }

    /// Checks every `A < B`, `A = B`, `A > B` in both directions.
    pub(super) fn check(text: &str, compare: fn(&str, &str) -> Ordering) {
        let mut count = 0;
        for (number, row) in rows(text) {
            let [a, sign, b] = row.split_whitespace().collect::<Vec<_>>()[..] else {
                panic!("line {number}: expected `A < B`, got `{row}`");
            };
            let expected = match sign {
                "<" => Ordering::Less,
                "=" => Ordering::Equal,
                ">" => Ordering::Greater,
                _ => panic!("line {number}: expected `<`, `=` or `>`, got `{sign}`"),
            };
            assert_eq!(compare(a, b), expected, "line {number}: {row}");
            assert_eq!(
                compare(b, a),
                expected.reverse(),
                "line {number}, reversed: {row}"
            );
            count += 1;
        }
        assert!(count > 20, "the table has {count} rows");
    }

    /// Checks that each version is valid, or not when it is written after `!`.
    pub(super) fn check_grammar(text: &str, is_valid: fn(&str) -> bool) {
        let mut count = 0;
        for (number, row) in rows(text) {
            let (version, expected) = match row.strip_prefix('!') {
                Some(version) => (version, false),
                None => (row, true),
            };
            assert_eq!(is_valid(version), expected, "line {number}: {row}");
            count += 1;
        }
        assert!(count > 10, "the table has {count} rows");
    }
}
