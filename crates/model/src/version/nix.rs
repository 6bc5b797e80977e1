//! The order of Nix packages' versions, as `builtins.compareVersions` decides it.
//!
//! Owns the reading of any text as components (Nix manual, `nix-env --upgrade`, "Versions"): dots,
//! hyphens and the border between digits and other characters separate. Nothing is allocated.

use std::cmp::Ordering;

use super::{compare_numbers, split_digits};

/// Orders two versions component by component: `pre`, the end, other words as text, numbers.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while !a.is_empty() || !b.is_empty() {
        let (one, two);
        (one, a) = component(a);
        (two, b) = component(b);
        let order = match (rank(one), rank(two)) {
            (3, 3) => compare_numbers(one, two),
            (x, y) => x.cmp(&y).then_with(|| one.cmp(two)),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// Says whether a version starts with a number, without which no order means anything.
pub fn is_valid(version: &str) -> bool {
    version.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

/// Splits off the next component; there is none at the end.
fn component(text: &[u8]) -> (&[u8], &[u8]) {
    let separator = |byte: &u8| matches!(byte, b'.' | b'-');
    let start = text
        .iter()
        .position(|byte| !separator(byte))
        .unwrap_or(text.len());
    let text = text.get(start..).unwrap_or_default();
    if text.first().is_some_and(u8::is_ascii_digit) {
        return split_digits(text);
    }
    let end = text
        .iter()
        .position(|byte| byte.is_ascii_digit() || separator(byte))
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

fn rank(component: &[u8]) -> u8 {
    match component {
        b"pre" => 0,
        [] => 1,
        [first, ..] if first.is_ascii_digit() => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/nix.txt"), compare);
    }
}
