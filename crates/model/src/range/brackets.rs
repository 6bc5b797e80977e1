//! Ranges in brackets: Maven (`VersionRange`, POM reference "Dependency Version Requirement
//! Specification") and `NuGet` ("Version ranges").

use super::{Interval, Malformed};
use crate::version::Scheme;

/// Reads `[a,b)`, `(,b]`, `[a]` and several of them joined by commas.
pub(super) fn parse(scheme: Scheme, text: &str) -> Result<Vec<Interval>, Malformed> {
    let malformed = |what| Malformed::new(what, text);
    let mut intervals = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let inclusive = match first {
            '[' => true,
            '(' => false,
            _ => return Err(malformed("no bracket")),
        };
        let inner = rest.get(1..).unwrap_or_default();
        let end = inner
            .find([']', ')'])
            .ok_or_else(|| malformed("an open bracket"))?;
        let (inner, after) = inner.split_at_checked(end).unwrap_or((inner, ""));
        let last = after.starts_with(']');
        let mut interval = Interval::all();
        match inner.split_once(',') {
            Some((lower, upper)) => {
                let (lower, upper) = (lower.trim(), upper.trim());
                if !lower.is_empty() {
                    interval.lower = Interval::from(lower, inclusive).lower;
                }
                if !upper.is_empty() {
                    interval.upper = Interval::to(upper, last).upper;
                }
            }
            None if inclusive && last => interval = Interval::only(inner.trim()),
            None => return Err(malformed("one version in round brackets")),
        }
        for bound in [&interval.lower, &interval.upper].into_iter().flatten() {
            if !scheme.is_valid(&bound.version) {
                return Err(Malformed::new("no version", &bound.version));
            }
        }
        intervals.push(interval);
        rest = after.get(1..).unwrap_or_default().trim_start();
        if let Some(more) = rest.strip_prefix(',') {
            rest = more.trim_start();
        }
    }
    if intervals.is_empty() {
        return Err(malformed("no range"));
    }
    Ok(intervals)
}
