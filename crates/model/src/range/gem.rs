//! Requirements of `RubyGems` (`Gem::Requirement`) and of Elixir (`Version`, "Requirements"), which
//! share `~>`.

use super::{Interval, Malformed, all_of, compared};
use crate::version::Scheme;

/// Reads comparisons and `~>` joined by commas.
pub(super) fn gem(text: &str) -> Result<Vec<Interval>, Malformed> {
    all_of(Scheme::Gem, text, |operator, version| {
        if version.is_empty() || !Scheme::Gem.is_valid(version) {
            return Err(Malformed::new("no version", version));
        }
        if operator != "~>" {
            return compared(operator, version);
        }
        // The release, without the texts; then its last number goes and the one before counts up.
        let release = version
            .split(|c: char| c.is_ascii_alphabetic() || c == '-')
            .next();
        let release = release.unwrap_or_default().trim_end_matches('.');
        let kept = release.rsplit_once('.').map_or(release, |(kept, _)| kept);
        // The least prerelease that anybody writes: what leads up to the end is outside.
        let end = format!("{}.A", count_up(kept)?);
        Ok(vec![Interval::between(version, &end)])
    })
}

/// Reads comparisons and `~>` joined by `and`.
pub(super) fn hex(text: &str) -> Result<Vec<Interval>, Malformed> {
    let joined = text.split(" and ").collect::<Vec<_>>().join(",");
    all_of(Scheme::Hex, &joined, |operator, version| {
        if operator != "~>" {
            if !Scheme::Hex.is_valid(version) {
                return Err(Malformed::new("no version", version));
            }
            return compared(operator, version);
        }
        let numbers = version.split(['-', '+']).next().unwrap_or_default();
        let whole = match numbers.split('.').count() {
            2 => version.replacen(numbers, &format!("{numbers}.0"), 1),
            _ => version.to_owned(),
        };
        if !Scheme::Hex.is_valid(&whole) {
            return Err(Malformed::new("no version", version));
        }
        let kept = numbers.rsplit_once('.').map_or(numbers, |(kept, _)| kept);
        let mut end = count_up(kept)?;
        while end.split('.').count() < 3 {
            end.push_str(".0");
        }
        Ok(vec![Interval::between(&whole, &format!("{end}-0"))])
    })
}

/// Adds one to the last number.
fn count_up(version: &str) -> Result<String, Malformed> {
    let (before, last) = match version.rsplit_once('.') {
        Some((before, last)) => (Some(before), last),
        None => (None, version),
    };
    let last: u64 = last
        .parse()
        .map_err(|_| Malformed::new("no number", version))?;
    let last = last.saturating_add(1);
    Ok(match before {
        Some(before) => format!("{before}.{last}"),
        None => last.to_string(),
    })
}
