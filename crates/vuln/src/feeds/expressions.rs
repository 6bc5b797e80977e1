//! Requirements on versions, as databases of languages write them, to ranges.

use std::cmp::Ordering;

use plimsoll_model::advisory::{FixState, Range};
use plimsoll_model::range::{self, Bound, Interval};
use plimsoll_model::version::Scheme;

/// Reads requirements of which one is enough, and returns what any of them allows.
pub(super) fn any_of<'a>(
    scheme: Scheme,
    requirements: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Interval>, String> {
    let mut found = Vec::new();
    for requirement in requirements {
        found.extend(range::parse(scheme, requirement).map_err(|error| error.to_string())?);
        if found.len() > INTERVAL_LIMIT {
            return Err(format!("more than {INTERVAL_LIMIT} requirements"));
        }
    }
    Ok(found)
}

/// How many intervals one record may state.
const INTERVAL_LIMIT: usize = 5000;

/// Returns what lies outside of intervals, in order.
pub(super) fn outside(scheme: Scheme, mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_by(|a, b| starts(scheme, a.lower.as_ref(), b.lower.as_ref()));
    let mut gaps = Vec::new();
    // From where on nothing was seen yet; without a bound from the beginning.
    let mut from: Option<Bound> = None;
    for interval in intervals {
        if let Some(lower) = &interval.lower {
            let gap = Interval {
                lower: from.clone(),
                upper: Some(Bound {
                    version: lower.version.clone(),
                    inclusive: !lower.inclusive,
                }),
            };
            if !is_empty(scheme, &gap) {
                gaps.push(gap);
            }
        }
        let Some(upper) = interval.upper else {
            return gaps;
        };
        let after = Bound {
            version: upper.version,
            inclusive: !upper.inclusive,
        };
        if starts(scheme, from.as_ref(), Some(&after)).is_lt() {
            from = Some(after);
        }
    }
    gaps.push(Interval {
        lower: from,
        upper: None,
    });
    gaps
}

/// Joins intervals that overlap or touch, and sorts them.
pub(super) fn joined(scheme: Scheme, intervals: Vec<Interval>) -> Vec<Interval> {
    if intervals.is_empty() {
        return intervals;
    }
    let gaps = outside(scheme, intervals);
    if gaps.is_empty() {
        return vec![Interval::default()];
    }
    outside(scheme, gaps)
}

/// Turns intervals into ranges of affected versions.
pub(super) fn ranges(intervals: &[Interval]) -> Vec<Range> {
    let range = |interval: &Interval| {
        let (lower, upper) = (interval.lower.as_ref(), interval.upper.as_ref());
        let end = |inclusive: bool| {
            let upper = upper.filter(|upper| upper.inclusive == inclusive);
            upper.map(|upper| upper.version.clone())
        };
        Range {
            introduced: lower.map(|lower| lower.version.clone()).unwrap_or_default(),
            exclusive: lower.is_some_and(|lower| !lower.inclusive),
            fixed: end(false),
            last_affected: end(true),
        }
    };
    intervals.iter().map(range).collect()
}

/// Returns what ranges say of a fix, where the record says nothing else.
pub(super) fn fix(ranges: &[Range]) -> FixState {
    if ranges.iter().any(|range| range.fixed.is_some()) {
        FixState::Fixed
    } else if ranges.iter().all(|range| range.last_affected.is_none()) && !ranges.is_empty() {
        FixState::NotFixed
    } else {
        FixState::Unknown
    }
}

/// Orders two starts of intervals; none is before all.
fn starts(scheme: Scheme, a: Option<&Bound>, b: Option<&Bound>) -> Ordering {
    match (a, b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (Some(a), Some(b)) => {
            (scheme.sort_order(&a.version, &b.version)).then_with(|| b.inclusive.cmp(&a.inclusive))
        }
    }
}

/// Says whether no version is inside.
fn is_empty(scheme: Scheme, interval: &Interval) -> bool {
    match (&interval.lower, &interval.upper) {
        (Some(lower), Some(upper)) => match scheme.sort_order(&lower.version, &upper.version) {
            Ordering::Less => false,
            Ordering::Equal => !(lower.inclusive && upper.inclusive),
            Ordering::Greater => true,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(intervals: &[Interval]) -> String {
        let shown: Vec<String> = (ranges(intervals).iter())
            .map(|range| {
                let open = if range.exclusive { "(" } else { "[" };
                let end = match (&range.fixed, &range.last_affected) {
                    (Some(fixed), _) => format!("<{fixed}"),
                    (None, Some(last)) => format!("<={last}"),
                    (None, None) => String::new(),
                };
                format!("{open}{}{end}", range.introduced)
            })
            .collect();
        shown.join(" ")
    }

    #[test]
    fn what_is_patched_leaves_what_is_affected() {
        for (patched, expected) in [
            (&[">= 1.2"][..], "[<1.2"),
            (&["~> 2.3.18", ">= 3.0.8"], "[<2.3.18 [2.4.A<3.0.8"),
            (&["< 1.0", ">= 1.6.7.1"], "[1.0<1.6.7.1"),
            (&["<= 1.0", ">= 1.6"], "(1.0<1.6"),
            (&["> 1.0"], "[<=1.0"),
            (&[], "["),
            (&[">= 0"], "[<0"),
            (&["< 2", ">= 1"], ""),
            (&[">= 2", ">= 1"], "[<1"),
            (&["= 1.5"], "[<1.5 (1.5"),
        ] {
            let intervals = any_of(Scheme::Gem, patched.iter().copied()).expect("requirements");
            assert_eq!(
                show(&outside(Scheme::Gem, intervals)),
                expected,
                "{patched:?}"
            );
        }
        assert!(any_of(Scheme::Gem, ["~> x"]).is_err());
    }

    #[test]
    fn what_touches_is_one() {
        let affected = |list: &[&str]| {
            let intervals = any_of(Scheme::Npm, list.iter().copied()).expect("requirements");
            show(&joined(Scheme::Npm, intervals))
        };
        assert_eq!(
            affected(&[">=2.1.0 <2.2.0", ">=2.0.0 <2.1.0"]),
            "[2.0.0<2.2.0"
        );
        assert_eq!(
            affected(&["<=1.0.0", ">1.0.0 <2.0.0", ">=3.0.0"]),
            "[<2.0.0 [3.0.0"
        );
        assert_eq!(affected(&["*"]), "[");
        assert_eq!(affected(&["<2.0.0", ">=1.0.0"]), "[");
        assert_eq!(affected(&[]), "");
    }
}
