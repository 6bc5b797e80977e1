//! Times and identities of documents, which follow from arguments and content alone.

use sha2::{Digest as _, Sha256};

/// The first second of 1970: stands for a time that nobody knows where a format demands one.
pub(crate) const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// Returns the document's time as `YYYY-MM-DDThh:mm:ssZ`: the seconds since 1970 where they are given
/// (`SOURCE_DATE_EPOCH`), else the image's own time, brought to UTC and whole seconds.
pub(crate) fn time(epoch: Option<i64>, created: &str) -> Option<String> {
    let seconds = epoch.or_else(|| seconds(created))?;
    let days = seconds.div_euclid(86_400);
    let rest = seconds.rem_euclid(86_400);
    let (year, month, day) = date(days);
    (1970..=9999).contains(&year).then(|| {
        format!(
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
            rest / 3_600,
            rest / 60 % 60,
            rest % 60
        )
    })
}

/// Returns a time of RFC 3339 as `YYYY-MM-DDThh:mm:ssZ`.
pub(crate) fn utc(text: &str) -> Option<String> {
    time(None, text)
}

/// Reads RFC 3339 as seconds since 1970; fractions of a second are cut.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        let digits = text.get(range)?;
        let all = digits.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| digits.parse().ok()).flatten()
    };
    let mark = |at: usize, marks: &str| {
        let c = text.get(at..=at)?;
        marks.contains(c).then_some(())
    };
    for at in [4, 7] {
        mark(at, "-")?;
    }
    mark(10, "Tt ")?;
    for at in [13, 16] {
        mark(at, ":")?;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let good = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60;
    if !good || second > 60 {
        return None;
    }
    let zone = text
        .get(19..)?
        .trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match zone.as_bytes() {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let hours: i64 = zone.get(1..3)?.parse().ok()?;
            let minutes: i64 = zone.get(4..6)?.parse().ok()?;
            let offset = hours * 3_600 + minutes * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    Some(days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset)
}

/// Returns the day since 1970-01-01 of a date of the Gregorian calendar. Years are counted from March,
/// so that the leap day is a year's last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

/// Returns the date of a day since 1970-01-01, by trying the years around its estimate.
fn date(day: i64) -> (i64, i64, i64) {
    let mut year = 1970 + day.div_euclid(366);
    while days(year + 1, 1, 1) <= day {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days(year, month + 1, 1) <= day {
        month += 1;
    }
    (year, month, day - days(year, month, 1) + 1)
}

/// Returns a UUID that follows from a document's content: version 8, for values made another way than
/// by clock or chance (RFC 9562 section 5.8), of a SHA-256.
pub(crate) fn uuid(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    let mut hex = String::with_capacity(36);
    for (index, byte) in digest.iter().take(16).enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            hex.push('-');
        }
        let byte = match index {
            6 => byte & 0x0f | 0x80,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        hex.push_str(&hex_of(byte));
    }
    hex
}

/// Returns the first 16 hexadecimal digits of a text's SHA-256: enough to tell packages apart.
pub(crate) fn short_digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).map(|byte| hex_of(*byte)).collect()
}

fn hex_of(byte: u8) -> String {
    format!("{byte:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_in_utc_and_whole_seconds() {
        for (given, want) in [
            ("2026-11-02T10:00:00Z", Some("2026-11-02T10:00:00Z")),
            (
                "2024-02-29T23:59:59.123456789Z",
                Some("2024-02-29T23:59:59Z"),
            ),
            ("2024-03-01T01:30:00+02:00", Some("2024-02-29T23:30:00Z")),
            ("1999-12-31T20:00:00-04:30", Some("2000-01-01T00:30:00Z")),
            ("0001-01-01T00:00:00Z", None),
            ("2026-13-02T10:00:00Z", None),
            ("yesterday", None),
            ("", None),
            ("2026-11-02T10:00:00é", None),
        ] {
            assert_eq!(utc(given).as_deref(), want, "{given}");
        }
        assert_eq!(time(Some(0), "2026-11-02T10:00:00Z").unwrap(), NO_TIME);
        assert_eq!(
            time(Some(1_700_000_000), "").unwrap(),
            "2023-11-14T22:13:20Z"
        );
        for day in (-800_000..800_000).step_by(13) {
            let (year, month, of_month) = date(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }

    #[test]
    fn an_identity_follows_from_the_content() {
        assert_eq!(uuid(b"a"), uuid(b"a"));
        assert_ne!(uuid(b"a"), uuid(b"b"));
        let uuid = uuid(b"");
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "8"), "{uuid}");
    }
}
