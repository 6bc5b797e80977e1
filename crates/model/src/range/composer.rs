//! Constraints of Composer (composer/semver, `VersionParser::parseConstraints`).
//!
//! Composer lets a bound begin before the prereleases of its version: `>=1.0` takes `1.0-beta`, and
//! `<2.0` does not take `2.0-beta`; `-dev` is its least prerelease.

use super::{Interval, Malformed, all_of, compared, intersect};
use crate::version::Scheme;

/// Reads comparisons, `~`, `^`, `*` and hyphen ranges.
pub(super) fn parse(text: &str) -> Result<Vec<Interval>, Malformed> {
    if let Some((from, to)) = text.split_once(" - ") {
        let (from, to) = (from.trim(), to.trim());
        if !from.contains([' ', ',']) && !to.contains([' ', ',']) {
            let lower = meaning(">=", from)?;
            let upper = match numbers(to) {
                Some((numbers, "")) if numbers.len() < 3 => {
                    let last = numbers.len().saturating_sub(1);
                    vec![Interval::to(&after(&numbers, last), false)]
                }
                _ => meaning("<=", to)?,
            };
            return intersect(Scheme::Composer, &lower, &upper);
        }
    }
    all_of(Scheme::Composer, text, meaning)
}

fn meaning(operator: &str, version: &str) -> Result<Vec<Interval>, Malformed> {
    let malformed = || Malformed::new("no version", version);
    // A stability flag says what may be chosen, not what is meant.
    let version = version
        .split_once('@')
        .map_or(version, |(before, _)| before);
    if matches!(version, "*" | "x" | "X" | "" | "v*") && operator.is_empty() {
        return Ok(vec![Interval::all()]);
    }
    let wildcard = [".*", ".x", ".X"]
        .iter()
        .find_map(|end| version.strip_suffix(end));
    if let Some(stem) = wildcard.filter(|_| matches!(operator, "" | "=" | "==")) {
        let stem = [".*", ".x", ".X"]
            .iter()
            .fold(stem, |stem, end| stem.trim_end_matches(end));
        return match numbers(stem) {
            Some((numbers, "")) => {
                let last = numbers.len().saturating_sub(1);
                Ok(vec![Interval::between(
                    &format!("{stem}-dev"),
                    &after(&numbers, last),
                )])
            }
            _ => Err(malformed()),
        };
    }
    if !Scheme::Composer.is_valid(version) {
        return Err(malformed());
    }
    if let "~" | "~>" | "^" = operator {
        let (numbers, rest) = numbers(version).ok_or_else(malformed)?;
        let last = numbers.len().saturating_sub(1);
        let place = if operator == "^" {
            let first = numbers.iter().position(|number| *number != 0);
            first.unwrap_or(last).min(2)
        } else {
            last.saturating_sub(1)
        };
        let lower = if rest.is_empty() {
            format!("{version}-dev")
        } else {
            version.to_owned()
        };
        return Ok(vec![Interval::between(&lower, &after(&numbers, place))]);
    }
    let branch = version
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("dev-"));
    if matches!(operator, "<" | ">=")
        && !branch
        && numbers(version).is_some_and(|(_, rest)| rest.is_empty())
    {
        return compared(operator, &format!("{version}-dev"));
    }
    compared(operator, version)
}

/// Splits a version into its numbers and the rest.
fn numbers(version: &str) -> Option<(Vec<u64>, &str)> {
    let version = version.strip_prefix(['v', 'V']).unwrap_or(version);
    let version = version
        .split_once('+')
        .map_or(version, |(before, _)| before);
    let end = version
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(version.len());
    let (numbers, rest) = version.split_at_checked(end)?;
    let numbers: Result<Vec<u64>, _> = numbers
        .trim_end_matches('.')
        .split('.')
        .map(str::parse)
        .collect();
    numbers
        .ok()
        .filter(|numbers| numbers.len() <= 4)
        .map(|numbers| (numbers, rest))
}

/// Returns what comes after all versions with the same numbers up to a place.
fn after(numbers: &[u64], place: usize) -> String {
    let mut text = String::new();
    for (index, number) in numbers.iter().take(place + 1).enumerate() {
        if index > 0 {
            text.push('.');
        }
        let number = number.saturating_add(u64::from(index == place));
        text.push_str(&number.to_string());
    }
    text.push_str("-dev");
    text
}
