//! Ranges of npm (node-semver's README, "Ranges") and of Cargo (Cargo Book, "Specifying
//! Dependencies"), which differ in what a bare version means.

use super::{Interval, Malformed, all_of, compared, intersect};
use crate::version::Scheme;

/// Reads npm's comparators, `~`, `^`, `x` and hyphen ranges; nothing is every version.
pub(super) fn npm(scheme: Scheme, text: &str) -> Result<Vec<Interval>, Malformed> {
    if let Some((from, to)) = text.split_once(" - ")
        && !from.trim().contains(char::is_whitespace)
        && !to.trim().contains(char::is_whitespace)
    {
        let (from, to) = (
            Partial::of(scheme, from.trim())?,
            Partial::of(scheme, to.trim())?,
        );
        let lower = match (from.any, from.count == 3 && !from.pre) {
            (true, _) => Interval::all(),
            // npm begins before the prereleases here, and only here, of a whole version.
            (false, true) => Interval::from(&from.first(), true),
            (false, false) => Interval::from(&from.lowest(), true),
        };
        let upper = match (to.any, to.pre) {
            (true, _) => Interval::all(),
            (false, true) => Interval::to(&to.whole(), true),
            (false, false) => Interval::to(&to.next(), false),
        };
        return intersect(scheme, &[lower], &[upper]);
    }
    all_of(scheme, text, |operator, version| {
        meaning(scheme, operator, version, false)
    })
}

/// Reads Cargo's requirements: as npm's, except that a bare version is `^`.
pub(super) fn cargo(text: &str) -> Result<Vec<Interval>, Malformed> {
    all_of(Scheme::Cargo, text, |operator, version| {
        meaning(Scheme::Cargo, operator, version, true)
    })
}

fn meaning(
    scheme: Scheme,
    operator: &str,
    version: &str,
    caret: bool,
) -> Result<Vec<Interval>, Malformed> {
    let partial = Partial::of(scheme, version)?;
    let operator = match operator {
        "" if caret && !partial.wild => "^",
        "~>" => "~",
        operator => operator,
    };
    if partial.any {
        return Ok(match operator {
            // Nothing is before or after every version.
            "<" | ">" => Vec::new(),
            "" | "=" | "<=" | ">=" | "~" | "^" => vec![Interval::all()],
            _ => return Err(Malformed::new("unknown operator", operator)),
        });
    }
    let interval = match operator {
        "^" => Interval::between(&partial.lowest(), &partial.compatible()),
        "~" => Interval::between(&partial.lowest(), &partial.tilde()),
        _ if partial.count == 3 => return compared(operator, &partial.whole()),
        "" | "=" => Interval::between(&partial.lowest(), &partial.next()),
        "<" => Interval::to(&partial.lowest(), false),
        "<=" => Interval::to(&partial.next(), false),
        ">" => Interval::from(&partial.next(), true),
        ">=" => Interval::from(&partial.lowest(), true),
        _ => return Err(Malformed::new("unknown operator", operator)),
    };
    Ok(vec![interval])
}

/// Is a version of which the last numbers may be left out.
struct Partial<'a> {
    numbers: [u64; 3],
    /// How many numbers are there.
    count: usize,
    /// Whether not even the first is.
    any: bool,
    /// Whether `*` or `x` stands for one.
    wild: bool,
    /// What follows the numbers.
    rest: &'a str,
    /// Whether that is a prerelease.
    pre: bool,
}

impl<'a> Partial<'a> {
    fn of(scheme: Scheme, text: &'a str) -> Result<Self, Malformed> {
        let malformed = || Malformed::new("no version", text);
        let start = text.trim_start_matches(['v', '=']);
        let mut numbers = [0; 3];
        let (mut count, mut wild, mut rest) = (0, start.is_empty(), start);
        for (index, number) in numbers.iter_mut().enumerate() {
            if index > 0 {
                match rest.strip_prefix('.') {
                    Some(after) => rest = after,
                    None => break,
                }
            }
            if let Some(after) = rest.strip_prefix(['x', 'X', '*']) {
                wild = true;
                rest = after;
                continue;
            }
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let (digits, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            if digits.is_empty() && wild {
                break;
            }
            let value = digits.parse().map_err(|_| malformed())?;
            if !wild {
                *number = value;
                count = index + 1;
            }
            rest = after;
        }
        if count < 3 {
            // A prerelease means nothing where numbers are left out.
            let odd = rest.starts_with(['-', '+']) || rest.is_empty();
            return odd
                .then_some(Self {
                    numbers,
                    count,
                    any: count == 0,
                    wild,
                    rest: "",
                    pre: false,
                })
                .ok_or_else(malformed);
        }
        if !scheme.is_valid(start) {
            return Err(malformed());
        }
        Ok(Self {
            numbers,
            count,
            any: false,
            wild: false,
            rest,
            pre: !rest.is_empty() && !rest.starts_with('+'),
        })
    }

    /// Returns the version, with zeros for what is left out.
    fn whole(&self) -> String {
        let [major, minor, patch] = self.numbers;
        format!("{major}.{minor}.{patch}{}", self.rest)
    }

    /// Returns where the version begins: before its prereleases, unless it is one.
    fn lowest(&self) -> String {
        let whole = self.whole();
        if self.pre || self.count == 3 {
            whole
        } else {
            format!("{whole}-0")
        }
    }

    /// Returns the least prerelease of the version.
    fn first(&self) -> String {
        let [major, minor, patch] = self.numbers;
        format!("{major}.{minor}.{patch}-0")
    }

    /// Returns where the next version after all that this one stands for begins.
    fn next(&self) -> String {
        match self.count {
            0 | 1 => self.after(0),
            2 => self.after(1),
            _ => self.after(2),
        }
    }

    /// Returns where `~` ends.
    fn tilde(&self) -> String {
        self.after(usize::from(self.count > 1))
    }

    /// Returns where `^` ends: at the first number that is not 0, or the last that is there.
    fn compatible(&self) -> String {
        let first = self.numbers.iter().position(|number| *number != 0);
        let last = self.count.saturating_sub(1);
        self.after(first.unwrap_or(last).min(last))
    }

    /// Returns what comes after all versions with the same numbers up to a place.
    fn after(&self, place: usize) -> String {
        let mut numbers = self.numbers;
        for (index, number) in numbers.iter_mut().enumerate() {
            if index == place {
                *number = number.saturating_add(1);
            } else if index > place {
                *number = 0;
            }
        }
        let [major, minor, patch] = numbers;
        format!("{major}.{minor}.{patch}-0")
    }
}
