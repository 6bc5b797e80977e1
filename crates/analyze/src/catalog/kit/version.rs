//! Ordering dotted versions as far as finding the right one of several installed needs it.
//!
//! This is `RubyGems`' order (`Gem::Version`): runs of digits are numbers, letters come before numbers,
//! missing places are zero. Other ecosystems of dotted versions agree on all but odd cases.

use std::cmp::Ordering;

/// The most places of a version that are compared.
const MAX_PLACES: usize = 32;

/// Is one place of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place<'a> {
    Letters(&'a str),
    /// Digits without leading zeros: longer is more.
    Number(&'a str),
}

impl Place<'_> {
    fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Letters(a), Self::Letters(b)) => a.cmp(b),
            (Self::Letters(_), Self::Number(_)) => Ordering::Less,
            (Self::Number(_), Self::Letters(_)) => Ordering::Greater,
            (Self::Number(a), Self::Number(b)) => (a.len(), a).cmp(&(b.len(), b)),
        }
    }
}

/// Orders two versions.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (places(a), places(b));
    loop {
        let (left, right) = (a.next(), b.next());
        if left.is_none() && right.is_none() {
            return Ordering::Equal;
        }
        let zero = Place::Number("");
        match left.unwrap_or(zero).order(right.unwrap_or(zero)) {
            Ordering::Equal => {}
            other => return other,
        }
    }
}

/// Says whether a version fulfils a constraint: clauses parted by commas, each an operator (`=`, `==`,
/// `!=`, `<`, `<=`, `>`, `>=`, `~>`) and a version. What is not understood is taken as fulfilled.
pub(crate) fn fits(constraint: &str, version: &str) -> bool {
    constraint.split(',').all(|clause| {
        let clause = clause.trim();
        let end = clause
            .find(|c: char| !matches!(c, '=' | '!' | '<' | '>' | '~'))
            .unwrap_or(clause.len());
        let (operator, bound) = clause.split_at(end);
        let bound = bound.trim();
        if !bound.starts_with(|c: char| c.is_ascii_digit()) {
            return true;
        }
        let order = compare(version, bound);
        match operator {
            "=" | "==" => order == Ordering::Equal,
            "!=" => order != Ordering::Equal,
            "<" => order == Ordering::Less,
            "<=" => order != Ordering::Greater,
            ">" => order == Ordering::Greater,
            ">=" => order != Ordering::Less,
            "~>" => order != Ordering::Less && below_next(version, bound),
            _ => true,
        }
    })
}

/// Says whether a version starts like a bound without its last number (`~> 1.2.3` allows `1.2.9`).
fn below_next(version: &str, bound: &str) -> bool {
    let numbers = |text| places(text).take_while(|place| matches!(place, Place::Number(_)));
    let kept = numbers(bound).count().saturating_sub(1).max(1);
    let mut version = numbers(version);
    numbers(bound)
        .take(kept)
        .all(|place| version.next().unwrap_or(Place::Number("")).order(place) == Ordering::Equal)
}

/// Parts a version into runs of digits and runs of letters.
fn places(version: &str) -> impl Iterator<Item = Place<'_>> {
    let mut rest = version.strip_prefix('v').unwrap_or(version);
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let first = rest.chars().next()?;
        let digits = first.is_ascii_digit();
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() || c.is_ascii_digit() != digits)
            .unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(if digits {
            Place::Number(run.trim_start_matches('0'))
        } else {
            Place::Letters(run)
        })
    })
    .take(MAX_PLACES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_rubygems_does() {
        for (a, b, want) in [
            ("1.0", "1.0.0", Ordering::Equal),
            ("1.10", "1.9", Ordering::Greater),
            ("1.0.a", "1.0", Ordering::Less),
            ("1.0.rc2", "1.0.rc10", Ordering::Less),
            ("v2", "2", Ordering::Equal),
            ("99999999999999999999999", "1", Ordering::Greater),
        ] {
            assert_eq!(compare(a, b), want, "{a} {b}");
        }
    }

    #[test]
    fn constraints_are_held() {
        for (constraint, version, want) in [
            ("~> 2.2, >= 2.2.2", "2.7.0", true),
            ("~> 2.2.1", "2.3.0", false),
            ("~> 2", "3.0", false),
            ("= 6.0.3.7", "6.0.3.7", true),
            ("!= 1.0", "1.0", false),
            ("^1.0", "7", true),
            ("", "1", true),
        ] {
            assert_eq!(fits(constraint, version), want, "{constraint} {version}");
        }
    }
}
