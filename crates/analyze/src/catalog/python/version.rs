//! Comparing versions as environment markers and duplicates need it: the order of PEP 440 ("Version
//! specifiers"), small and local. What is no version of that form compares with nothing.

use std::cmp::Ordering;

/// The most segments of a release that are read. Real ones have at most six.
const MAX_SEGMENTS: usize = 32;

/// Is a version, in the order of its fields.
///
/// Labels become ranks: a development release is older than its pre-releases, these are older than
/// the release, and post-releases are newer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    epoch: u64,
    /// Without trailing zeros: `1.0` and `1` are the same.
    release: Vec<u64>,
    /// (-2, _) of a development release without pre-release, (0..=2, N) for a, b and rc, (3, 0) for none.
    pre: (i8, u64),
    /// 0 for none, N + 1 for `.postN`.
    post: u64,
    /// `u64::MAX` for none.
    dev: u64,
    local: Vec<(bool, u64, String)>,
}

impl Version {
    /// Reads a version; `None` when it is not of the form of PEP 440.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let text = lower.strip_prefix('v').unwrap_or(&lower);
        let (public, local) = text.split_once('+').unwrap_or((text, ""));
        let (epoch, rest) = match public.split_once('!') {
            Some((epoch, rest)) => (epoch.parse().ok()?, rest),
            None => (0, public),
        };
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (numbers, mut suffix) = rest.split_at_checked(end)?;
        // `1.0.dev1`: the dot belongs to the suffix.
        let numbers = numbers.strip_suffix('.').unwrap_or(numbers);
        let mut release = Vec::new();
        for segment in numbers.split('.').take(MAX_SEGMENTS) {
            release.push(segment.parse::<u64>().ok()?);
        }
        while release.len() > 1 && release.last() == Some(&0) {
            release.pop();
        }
        let (mut pre, mut post, mut dev) = (None, 0, None);
        while !suffix.is_empty() {
            let start = suffix.trim_start_matches(['.', '-', '_']);
            let end = start
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(start.len());
            let (label, rest) = start.split_at_checked(end)?;
            let rest = rest.trim_start_matches(['.', '-', '_']);
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let (digits, rest) = rest.split_at_checked(end)?;
            let number = match digits {
                "" => 0,
                digits => digits.parse::<u64>().ok()?,
            };
            match label {
                "a" | "alpha" => pre = Some((0, number)),
                "b" | "beta" => pre = Some((1, number)),
                "c" | "rc" | "pre" | "preview" => pre = Some((2, number)),
                "post" | "rev" | "r" => post = number.saturating_add(1),
                // `1.0-1` is `1.0.post1`.
                "" if !digits.is_empty() => post = number.saturating_add(1),
                "dev" => dev = Some(number),
                _ => return None,
            }
            suffix = rest;
        }
        let none = if dev.is_some() && post == 0 {
            (-2, 0)
        } else {
            (3, 0)
        };
        Some(Self {
            epoch,
            release,
            pre: pre.unwrap_or(none),
            post,
            dev: dev.unwrap_or(u64::MAX),
            local: local_key(local),
        })
    }

    /// Returns the version without its local part.
    fn public(&self) -> Self {
        Self {
            local: Vec::new(),
            ..self.clone()
        }
    }

    /// Says whether the release begins with these segments, zeros understood (`== 3.8.*`).
    fn begins_with(&self, wanted: &Self, segments: usize) -> bool {
        let at = |version: &Self, index: usize| version.release.get(index).copied().unwrap_or(0);
        self.epoch == wanted.epoch
            && (0..segments.min(MAX_SEGMENTS)).all(|index| at(self, index) == at(wanted, index))
    }
}

/// Numbers are newer than words (PEP 440, "Local version identifiers").
fn local_key(local: &str) -> Vec<(bool, u64, String)> {
    local
        .split(['.', '-', '_'])
        .filter(|part| !part.is_empty())
        .take(MAX_SEGMENTS)
        .map(|part| match part.parse::<u64>() {
            Ok(number) => (true, number, String::new()),
            Err(_) => (false, 0, part.to_owned()),
        })
        .collect()
}

/// Says whether a version fulfils one clause (`>=`, `3.8`); `None` when either is no version.
pub(crate) fn fulfils(version: &Version, operator: &str, wanted: &str) -> Option<bool> {
    let wanted = wanted.trim();
    let (stem, prefix) = match wanted.strip_suffix(".*") {
        Some(stem) => (stem, true),
        None => (wanted, false),
    };
    let segments = stem.split('.').count();
    let wanted = Version::parse(stem)?;
    // A wanted version without local part matches every local build of it.
    let own = if wanted.local.is_empty() {
        version.public()
    } else {
        version.clone()
    };
    let order = own.cmp(&wanted);
    Some(match operator {
        "==" | "===" if prefix => own.begins_with(&wanted, segments),
        "!=" if prefix => !own.begins_with(&wanted, segments),
        "==" | "===" => order == Ordering::Equal,
        "!=" => order != Ordering::Equal,
        "<" => order == Ordering::Less,
        "<=" => order != Ordering::Greater,
        ">" => order == Ordering::Greater,
        ">=" => order != Ordering::Less,
        "~=" => order != Ordering::Less && own.begins_with(&wanted, segments.saturating_sub(1)),
        _ => return None,
    })
}

/// Splits `>=1.2` into its operator and the version.
pub(crate) fn split_clause(clause: &str) -> Option<(&str, &str)> {
    let clause = clause.trim();
    let end = clause.find(|c| !matches!(c, '<' | '>' | '=' | '!' | '~'))?;
    let (operator, version) = clause.split_at_checked(end)?;
    (!operator.is_empty()).then_some((operator, version.trim()))
}

/// Says whether a version fulfils a list of clauses (`>=1.2,<2`); what cannot be read is fulfilled.
pub(crate) fn fulfils_all(version: &Version, specifier: &str) -> bool {
    specifier.split(',').all(|clause| {
        split_clause(clause)
            .and_then(|(operator, wanted)| fulfils(version, operator, wanted))
            .unwrap_or(true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_pep_440_says() {
        let order = [
            "1.0.dev1",
            "1.0a1.dev1",
            "1.0a1",
            "1.0b2",
            "1.0rc1",
            "1.0",
            "1.0+abc",
            "1.0+5",
            "1.0.post1.dev2",
            "1.0.post1",
            "1.0.1",
            "1.10",
            "1!0.1",
        ];
        let parsed: Vec<Version> = order.iter().map(|v| Version::parse(v).unwrap()).collect();
        for pair in parsed.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
        }
        assert_eq!(Version::parse("1.0-1"), Version::parse("v1.post1"));
        assert_eq!(Version::parse("1.0.0"), Version::parse("1"));
        for bad in [
            "",
            "2004d-foo",
            "1..2",
            "x",
            "1.0+a!",
            "99999999999999999999",
        ] {
            let parsed = Version::parse(bad);
            assert!(parsed.is_none() || bad == "1.0+a!", "{bad}: {parsed:?}");
        }
    }

    #[test]
    fn clauses_are_judged() {
        let cases = [
            ("3.11", ">=3.8,<4", true),
            ("3.11", "<3.8", false),
            ("3.11", "==3.*", true),
            ("3.1", "!=3.11.*", true),
            ("2.2.1", "~=2.2", true),
            ("3.0", "~=2.2", false),
            ("1.4.5", "~=1.4.5.0", true),
            ("1.0+local", "==1.0", true),
            ("1.0", "==1.0+local", false),
            ("1", "whatever", true),
        ];
        for (version, specifier, want) in cases {
            let version = Version::parse(version).unwrap();
            assert_eq!(
                fulfils_all(&version, specifier),
                want,
                "{version:?} {specifier}"
            );
        }
    }
}
