//! OSV's range events to half-open ranges.
//!
//! Events may stand in any order (schema, "affected[].ranges[].events"): they are sorted by version
//! and read as switches. Where the model has no order for the ecosystem, events that already
//! alternate are taken as they stand, and only others are sorted, by a natural order of digits and
//! letters.

use std::cmp::Ordering;

use plimsoll_model::advisory::Range;
use plimsoll_model::version::Scheme;

/// Is one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Affected from here.
    Introduced(String),
    /// Not affected from here.
    Fixed(String),
    /// Not affected after this.
    LastAffected(String),
}

impl Event {
    /// Returns its version.
    fn version(&self) -> &str {
        match self {
            Self::Introduced(version) | Self::Fixed(version) | Self::LastAffected(version) => {
                version
            }
        }
    }

    /// Returns its place among events of the same version: what ends a range before it starts the
    /// next, but a last affected version after its own start.
    fn place(&self) -> u8 {
        match self {
            Self::Fixed(_) => 0,
            Self::Introduced(_) => 1,
            Self::LastAffected(_) => 2,
        }
    }
}

/// Writes a short crate version in full (`0.1` is `0.1.0`): Cargo has no short ones, but records of
/// people do.
fn in_full(version: &mut String, scheme: Option<Scheme>) {
    let Some(scheme) = scheme.filter(|scheme| *scheme == Scheme::Cargo) else {
        return;
    };
    if version == "0" || scheme.is_valid(version) {
        return;
    }
    for zeros in [".0", ".0.0"] {
        let full = format!("{version}{zeros}");
        if scheme.is_valid(&full) {
            *version = full;
            return;
        }
    }
}

/// Turns events into ranges.
pub(super) fn ranges(mut events: Vec<Event>, scheme: Option<Scheme>) -> Vec<Range> {
    for event in &mut events {
        let (Event::Introduced(version) | Event::Fixed(version) | Event::LastAffected(version)) =
            event;
        in_full(version, scheme);
    }
    if scheme.is_some() || !alternate(&events) {
        events.sort_by(|a, b| {
            order(a.version(), b.version(), scheme)
                .then(a.place().cmp(&b.place()))
                .then_with(|| a.version().cmp(b.version()))
        });
    }
    let mut ranges = Vec::new();
    let mut open: Option<String> = None;
    // The end that was passed while nothing was open: a start at the same version starts nothing.
    let mut ended: Option<String> = None;
    for event in events {
        match event {
            Event::Introduced(version) if ended.as_ref() == Some(&version) => {}
            Event::Introduced(version) => {
                open.get_or_insert(if version == "0" {
                    String::new()
                } else {
                    version
                });
            }
            Event::Fixed(version) => {
                if let Some(introduced) = open.take() {
                    ranges.push(Range {
                        introduced,
                        fixed: Some(version),
                        ..Range::default()
                    });
                } else {
                    ended = Some(version);
                }
            }
            Event::LastAffected(version) => {
                if let Some(introduced) = open.take() {
                    ranges.push(Range {
                        introduced,
                        last_affected: Some(version),
                        ..Range::default()
                    });
                }
            }
        }
    }
    if let Some(introduced) = open {
        ranges.push(Range {
            introduced,
            ..Range::default()
        });
    }
    // `introduced: 0, fixed: 0` is how "never affected" looks in a range.
    ranges.retain(|range| {
        range
            .fixed
            .as_deref()
            .is_none_or(|fixed| fixed != "0" && *fixed != range.introduced)
    });
    ranges
}

/// Says whether events alternate between a start and an end.
fn alternate(events: &[Event]) -> bool {
    events
        .iter()
        .enumerate()
        .all(|(index, event)| matches!(event, Event::Introduced(_)) == (index % 2 == 0))
}

/// Orders two versions; `0` is before everything.
fn order(a: &str, b: &str, scheme: Option<Scheme>) -> Ordering {
    match (a == "0", b == "0") {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => match scheme {
            Some(scheme) => scheme.sort_order(a, b),
            None => natural(a, b),
        },
    }
}

/// Orders text with its runs of digits by value.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        match (a.first(), b.first()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (left, rest_a) = digits(a);
                let (right, rest_b) = digits(b);
                let order = left.len().cmp(&right.len()).then_with(|| left.cmp(right));
                if order != Ordering::Equal {
                    return order;
                }
                (a, b) = (rest_a, rest_b);
            }
            (Some(x), Some(y)) => {
                if x != y {
                    return x.cmp(y);
                }
                (a, b) = (a.get(1..).unwrap_or(&[]), b.get(1..).unwrap_or(&[]));
            }
        }
    }
}

/// Splits the digits off the front, without leading zeros.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len());
    let (run, rest) = text.split_at(end);
    let zeros = run.iter().position(|b| *b != b'0').unwrap_or(run.len());
    (run.get(zeros..).unwrap_or(&[]), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(events: &str, scheme: Option<Scheme>) -> String {
        let events = events
            .split(' ')
            .map(|word| {
                let version = word[1..].to_owned();
                match word.as_bytes()[0] {
                    b'i' => Event::Introduced(version),
                    b'f' => Event::Fixed(version),
                    _ => Event::LastAffected(version),
                }
            })
            .collect();
        let mut shown = String::new();
        for range in ranges(events, scheme) {
            let end = match (&range.fixed, &range.last_affected) {
                (Some(fixed), _) => format!("<{fixed}"),
                (None, Some(last)) => format!("<={last}"),
                (None, None) => String::new(),
            };
            shown += "[";
            shown += &range.introduced;
            shown += &end;
            shown += "]";
        }
        shown
    }

    #[test]
    fn events_in_any_order_are_ranges() {
        let deb = Some(Scheme::Deb);
        for (events, scheme, expected) in [
            ("i0 f1.2", deb, "[<1.2]"),
            ("f1.2 i0", deb, "[<1.2]"),
            ("i0", deb, "[]"),
            ("i0 l1.2", deb, "[<=1.2]"),
            ("i1 i3 f2 f10", deb, "[1<2][3<10]"),
            ("f10 f2 i3 i1", None, "[1<2][3<10]"),
            ("i2.0 f2.0.5 i1.0 f1.9", None, "[2.0<2.0.5][1.0<1.9]"),
            ("i1.5 l1.5", deb, "[1.5<=1.5]"),
            ("i0 f1 i1 f2", deb, "[<1][1<2]"),
            ("i0 f0", deb, ""),
            ("f1", deb, ""),
            ("i0 f1~rc1 i1 f2", deb, "[<1~rc1][1<2]"),
            ("i0 f007 i7", None, "[<007][7]"),
        ] {
            assert_eq!(show(events, scheme), expected, "{events}");
        }
    }
}
