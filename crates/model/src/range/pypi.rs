//! Version specifiers of Python (version specifiers specification, "Version specifiers").
//!
//! Two of their rules serve the choice of a version and not advisories, and are left out: that `<2.0`
//! leaves out the prereleases of 2.0, and that `>1.0` leaves out the post-releases of 1.0.

use super::{Interval, Malformed, all_of, compared};
use crate::version::Scheme;

/// Reads comparisons, `~=` and `.*`.
pub(super) fn parse(text: &str) -> Result<Vec<Interval>, Malformed> {
    all_of(Scheme::Pypi, text, |operator, version| {
        if matches!((operator, version), ("", "*")) {
            return Ok(vec![Interval::all()]);
        }
        if let Some(stem) = version.strip_suffix(".*") {
            let prefix = series(stem).ok_or_else(|| Malformed::new("no version", version))?;
            return match operator {
                "==" | "=" | "" => Ok(vec![Interval::between(&prefix.0, &prefix.1)]),
                "!=" => Ok(vec![
                    Interval::to(&prefix.0, false),
                    Interval::from(&prefix.1, true),
                ]),
                _ => Err(Malformed::new("`.*` after this operator", operator)),
            };
        }
        if !Scheme::Pypi.is_valid(version) {
            return Err(Malformed::new("no version", version));
        }
        if operator != "~=" {
            return compared(operator, version);
        }
        let stem = release(version).rsplit_once('.').map(|(stem, _)| stem);
        let end = stem.and_then(series).map(|(_, end)| end);
        let end = end.ok_or_else(|| Malformed::new("`~=` with one number", version))?;
        Ok(vec![Interval::between(version, &end)])
    })
}

/// Returns the epoch and the numbers of a version.
fn release(version: &str) -> &str {
    let start = version.trim_start_matches(['v', 'V']);
    let end = start
        .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '!')
        .unwrap_or(start.len());
    start.get(..end).unwrap_or(start).trim_end_matches('.')
}

/// Returns where a series of versions begins, and the next one.
fn series(stem: &str) -> Option<(String, String)> {
    let stem = stem.trim_start_matches(['v', 'V']);
    if release(stem) != stem || !Scheme::Pypi.is_valid(stem) {
        return None;
    }
    let place = stem.rfind(['.', '!']).map_or(0, |place| place + 1);
    let (before, last) = stem.split_at_checked(place)?;
    let next = last.parse::<u64>().ok()?.checked_add(1)?;
    Some((format!("{stem}.dev0"), format!("{before}{next}.dev0")))
}
