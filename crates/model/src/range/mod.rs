//! Ranges of versions as advisories and users write them, one syntax per system.
//!
//! An expression becomes intervals of the system's order: what a tool writes as `^1.2` or `~> 1.2.3`
//! is bounds here, alternatives are several intervals, and `!=` leaves a hole between two. Feeds that
//! state ranges as expressions (`RustSec`, ruby-advisory-db, `FriendsOfPHP`, gemnasium-db, Node.js's
//! security working group) are read so; [`version`](crate::version) owns the orders.
//!
//! Prereleases: package managers leave them out of ranges that do not name one, since nobody wants
//! to be given one. An advisory means what lies between its bounds, so here a prerelease is in a
//! range as any version is (node-semver calls this `includePrerelease`). An upper bound that an
//! operator implies (`^1.2` ends before 2) ends before the prereleases of that version too; one that
//! is written (`< 2.0.0`) ends before that version itself, and what precedes it is affected.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::version::Scheme;

mod brackets;
mod composer;
mod gem;
mod pypi;
mod semver;

/// The longest expression that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// The most intervals that an expression may have.
const MOST: usize = 256;

/// Is one end of an interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The version.
    pub version: String,
    /// Whether the version itself is inside.
    pub inclusive: bool,
}

/// Is a run of versions. Without a bound, it has no end on that side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// Where it begins.
    pub lower: Option<Bound>,
    /// Where it ends.
    pub upper: Option<Bound>,
}

/// Says why an expression is no range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong, for people; it holds no control characters.
    pub what: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)
    }
}

impl std::error::Error for Malformed {}

impl Malformed {
    fn new(what: &str, text: &str) -> Self {
        let shown = text.chars().take(80).collect::<String>();
        let what = format!("{what}: `{}`", crate::text::escape(&shown));
        Self { what }
    }
}

/// Reads an expression in the syntax of a scheme's package manager.
///
/// npm's for npm and plain Semantic Versioning; Cargo's; `RubyGems`' for gems and Elixir's for Hex;
/// Composer's; Maven's and `NuGet`'s brackets; PEP 440's; for all others comparisons joined by commas
/// or spaces. Everywhere, `||` joins alternatives, as gemnasium-db writes them, and comparisons are
/// understood. Intervals may overlap; those without a version are left out.
///
/// # Errors
///
/// The expression does not follow the syntax, is longer than 64 KiB, or has more than 256
/// intervals.
pub fn parse(scheme: Scheme, text: &str) -> Result<Vec<Interval>, Malformed> {
    if text.len() > LONGEST {
        return Err(Malformed::new("longer than 64 KiB", text));
    }
    let mut intervals = Vec::new();
    for alternative in alternatives(scheme, text) {
        let found = match scheme {
            Scheme::Npm | Scheme::Semver => semver::npm(scheme, alternative),
            Scheme::Cargo => semver::cargo(alternative),
            Scheme::Gem => gem::gem(alternative),
            Scheme::Hex => gem::hex(alternative),
            Scheme::Composer => composer::parse(alternative),
            Scheme::Maven | Scheme::Nuget if alternative.contains(['[', '(']) => {
                brackets::parse(scheme, alternative)
            }
            // A bare version is the least one to NuGet.
            Scheme::Nuget if scheme.is_valid(alternative.trim()) => {
                Ok(vec![Interval::from(alternative.trim(), true)])
            }
            Scheme::Pypi => pypi::parse(alternative),
            _ => plain(scheme, alternative),
        };
        intervals.extend(found?);
        if intervals.len() > MOST {
            return Err(Malformed::new("too many alternatives", text));
        }
    }
    intervals.retain(|interval| !interval.is_empty(scheme));
    Ok(intervals)
}

/// Says whether a version is in one of the intervals.
///
/// Python's local versions (`1.0+ubuntu1`) count only against bounds that state one, as in PEP 440.
pub fn contains(scheme: Scheme, intervals: &[Interval], version: &str) -> bool {
    intervals.iter().any(|interval| {
        let lower = interval.lower.as_ref().is_none_or(|bound| {
            let order = order(scheme, version, &bound.version);
            order.is_gt() || (order.is_eq() && bound.inclusive)
        });
        lower
            && interval.upper.as_ref().is_none_or(|bound| {
                let order = order(scheme, version, &bound.version);
                order.is_lt() || (order.is_eq() && bound.inclusive)
            })
    })
}

/// Orders a version against a bound.
fn order(scheme: Scheme, version: &str, bound: &str) -> Ordering {
    let version = match version.split_once('+') {
        Some((public, _)) if scheme == Scheme::Pypi && !bound.contains('+') => public,
        _ => version,
    };
    scheme.compare(version, bound)
}

/// Cuts an expression into its alternatives.
fn alternatives(scheme: Scheme, text: &str) -> impl Iterator<Item = &str> {
    let single = scheme == Scheme::Composer;
    text.split("||").flat_map(move |text| {
        // Composer takes one stroke, Elixir a word.
        let stroke = if single { "|" } else { "\0" };
        let word = if scheme == Scheme::Hex { " or " } else { "\0" };
        text.split(stroke).flat_map(move |text| text.split(word))
    })
}

impl Interval {
    /// Holds every version.
    fn all() -> Self {
        Self::default()
    }

    fn from(version: &str, inclusive: bool) -> Self {
        let version = version.to_owned();
        Self {
            lower: Some(Bound { version, inclusive }),
            upper: None,
        }
    }

    fn to(version: &str, inclusive: bool) -> Self {
        let version = version.to_owned();
        Self {
            lower: None,
            upper: Some(Bound { version, inclusive }),
        }
    }

    fn between(lower: &str, upper: &str) -> Self {
        Self {
            lower: Self::from(lower, true).lower,
            upper: Self::to(upper, false).upper,
        }
    }

    fn only(version: &str) -> Self {
        Self {
            lower: Self::from(version, true).lower,
            upper: Self::to(version, true).upper,
        }
    }

    fn is_empty(&self, scheme: Scheme) -> bool {
        match (&self.lower, &self.upper) {
            (Some(lower), Some(upper)) => match scheme.sort_order(&lower.version, &upper.version) {
                Ordering::Less => false,
                Ordering::Equal => !(lower.inclusive && upper.inclusive),
                Ordering::Greater => true,
            },
            _ => false,
        }
    }

    /// Returns what two intervals have in common.
    fn and(&self, other: &Self, scheme: Scheme) -> Self {
        let pick = |a: &Option<Bound>, b: &Option<Bound>, wanted: Ordering| match (a, b) {
            (Some(a), Some(b)) => {
                let order = scheme.sort_order(&a.version, &b.version);
                let first = order == wanted || (order.is_eq() && !a.inclusive);
                Some(if first { a.clone() } else { b.clone() })
            }
            (a, b) => a.clone().or_else(|| b.clone()),
        };
        Self {
            lower: pick(&self.lower, &other.lower, Ordering::Greater),
            upper: pick(&self.upper, &other.upper, Ordering::Less),
        }
    }
}

/// Returns what two lists of intervals have in common.
fn intersect(scheme: Scheme, a: &[Interval], b: &[Interval]) -> Result<Vec<Interval>, Malformed> {
    if a.len().saturating_mul(b.len()) > MOST {
        return Err(Malformed::new("too many conditions", ""));
    }
    let mut common = Vec::new();
    for one in a {
        common.extend(b.iter().map(|other| one.and(other, scheme)));
    }
    common.retain(|interval| !interval.is_empty(scheme));
    Ok(common)
}

/// Reads comparisons, and what each stands for.
fn all_of(
    scheme: Scheme,
    text: &str,
    meaning: impl Fn(&str, &str) -> Result<Vec<Interval>, Malformed>,
) -> Result<Vec<Interval>, Malformed> {
    let mut intervals = vec![Interval::all()];
    for (operator, version) in comparisons(text) {
        intervals = intersect(scheme, &intervals, &meaning(operator, version)?)?;
    }
    Ok(intervals)
}

/// Reads comparisons joined by commas or spaces.
fn plain(scheme: Scheme, text: &str) -> Result<Vec<Interval>, Malformed> {
    if text.trim().is_empty() {
        return Err(Malformed::new("no range", text));
    }
    all_of(scheme, text, |operator, version| {
        if matches!((operator, version), ("", "*")) {
            return Ok(vec![Interval::all()]);
        }
        if !scheme.is_valid(version) {
            return Err(Malformed::new("no version", version));
        }
        compared(operator, version)
    })
}

/// Returns what a comparison stands for.
fn compared(operator: &str, version: &str) -> Result<Vec<Interval>, Malformed> {
    Ok(match operator {
        "<" => vec![Interval::to(version, false)],
        "<=" => vec![Interval::to(version, true)],
        ">" => vec![Interval::from(version, false)],
        ">=" => vec![Interval::from(version, true)],
        "" | "=" | "==" | "===" => vec![Interval::only(version)],
        "!=" | "<>" => vec![Interval::to(version, false), Interval::from(version, false)],
        _ => return Err(Malformed::new("unknown operator", operator)),
    })
}

/// Cuts a text into operators and versions. A missing version is empty.
fn comparisons(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(|c| !"<>=!~^".contains(c)).unwrap_or(rest.len());
        let (operator, after) = rest.split_at_checked(end)?;
        let after = after.trim_start();
        let end = after
            .find(|c: char| c.is_whitespace() || ",<>^".contains(c))
            .unwrap_or(after.len());
        let (version, after) = after.split_at_checked(end)?;
        rest = after;
        Some((operator, version))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes intervals as mathematicians do.
    fn show(scheme: Scheme, text: &str) -> String {
        let intervals = match parse(scheme, text) {
            Ok(intervals) => intervals,
            Err(error) => return format!("error: {error}"),
        };
        let shown = intervals.iter().map(|interval| {
            let lower = interval.lower.as_ref().map_or("(".to_owned(), |bound| {
                format!(
                    "{}{}",
                    if bound.inclusive { '[' } else { '(' },
                    bound.version
                )
            });
            let upper = interval.upper.as_ref().map_or(")".to_owned(), |bound| {
                format!(
                    "{}{}",
                    bound.version,
                    if bound.inclusive { ']' } else { ')' }
                )
            });
            format!("{lower}, {upper}")
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn expressions_become_intervals() {
        let mut count = 0;
        for row in include_str!("../../testdata/ranges.txt").lines() {
            if row.is_empty() || row.starts_with('#') {
                continue;
            }
            let mut fields = row.split('\t');
            let mut field = || fields.next().unwrap_or_default();
            let (scheme, text, expected) = (field(), field(), field());
            let scheme = Scheme::from_name(scheme).unwrap();
            assert_eq!(show(scheme, text), expected, "{row}");
            count += 1;
        }
        assert!(count > 40, "the table has {count} rows");
    }

    #[test]
    fn what_is_too_much_is_refused() {
        assert!(parse(Scheme::Npm, &"1 ||".repeat(20_000)).is_err());
        assert!(parse(Scheme::Npm, &"1||".repeat(2_000)).is_err());
        assert!(parse(Scheme::Gem, &"!= 1,".repeat(5_000)).is_ok());
        let holes = (0..1_000).map(|n| format!("!= {n}"));
        let holes = holes.collect::<Vec<_>>().join(",");
        assert!(parse(Scheme::Gem, &holes).is_err());
    }

    #[test]
    fn local_versions_count_only_against_bounds_with_one() {
        let range = parse(Scheme::Pypi, "<=1.0").unwrap();
        assert!(contains(Scheme::Pypi, &range, "1.0+ubuntu1"));
        let range = parse(Scheme::Pypi, ">1.0").unwrap();
        assert!(!contains(Scheme::Pypi, &range, "1.0+ubuntu1"));
    }
}
