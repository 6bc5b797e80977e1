//! The small encodings of a database: numbers, texts, ids, dates, vectors and references.
//!
//! Each has one short form for what nearly all records hold and a literal form for the rest; the
//! short form is taken only where it gives back the same text, byte for byte. Reading checks every
//! access: damaged bytes give `None`, never a panic.

/// How an id or the end of a reference is written.
mod tag {
    pub(super) const LITERAL: u8 = 0;
    pub(super) const CVE: u8 = 1;
    pub(super) const GHSA: u8 = 2;
    pub(super) const OWN: u8 = 3;
    pub(super) const HEX40: u8 = 4;
    /// This and the tags above it: the alias of that number.
    pub(super) const ALIAS: u8 = 8;
}

/// The year that CVE ids count from here.
const FIRST_YEAR: u64 = 1980;
/// The letters of a GHSA id.
const GHSA_LETTERS: &[u8; 20] = b"23456789cfghjmpqrvwx";
/// The prefix of a GHSA id.
const GHSA: &str = "GHSA";

/// Appends a number as LEB128.
pub(super) fn put(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Appends a length.
pub(super) fn put_length(out: &mut Vec<u8>, length: usize) {
    put(out, length as u64);
}

/// Appends a text with its length.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_length(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// Folds a signed number so that small ones of both signs are small.
pub(super) fn fold(number: i64) -> u64 {
    (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned()
}

/// Undoes [`fold`].
pub(super) fn unfold(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Reads bytes from the front.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    /// Takes a byte.
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// Takes a number.
    #[inline]
    pub(super) fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        if first < 0x80 {
            return Some(u64::from(first));
        }
        let mut number = u64::from(first & 0x7f);
        for shift in (7..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// Takes a number that is 32 bits long.
    #[inline]
    pub(super) fn short(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    /// Takes a number that counts things of which each takes at least a byte of what is left, so
    /// that a damaged one allocates nothing large.
    pub(super) fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len()).then_some(count)
    }

    /// Takes a number of bytes.
    pub(super) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(front)
    }

    /// Takes a text with its length.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        std::str::from_utf8(self.bytes(length)?).ok()
    }
}

/// Appends an id.
pub(super) fn put_id(out: &mut Vec<u8>, id: &str) {
    if let Some((year, number)) = cve(id) {
        out.push(tag::CVE);
        out.push(year);
        put(out, number);
    } else if let Some(packed) = ghsa(id) {
        out.push(tag::GHSA);
        out.extend_from_slice(packed.to_le_bytes().get(..7).unwrap_or(&[]));
    } else {
        out.push(tag::LITERAL);
        put_text(out, id);
    }
}

/// Takes an id.
pub(super) fn take_id(bytes: &mut Cursor<'_>) -> Option<String> {
    let tag = bytes.byte()?;
    take_tagged(tag, bytes)
}

/// Takes what follows a tag that is no reference to an id elsewhere.
fn take_tagged(tag: u8, bytes: &mut Cursor<'_>) -> Option<String> {
    match tag {
        tag::LITERAL => bytes.text().map(str::to_owned),
        tag::CVE => {
            let year = FIRST_YEAR + u64::from(bytes.byte()?);
            Some(format!("CVE-{year}-{:04}", bytes.number()?))
        }
        tag::GHSA => {
            let mut packed = [0; 8];
            packed.get_mut(..7)?.copy_from_slice(bytes.bytes(7)?);
            Some(unpack_ghsa(u64::from_le_bytes(packed)))
        }
        tag::HEX40 => {
            let digit = |half: u8| char::from_digit(u32::from(half), 16);
            let digits = bytes.bytes(20)?.iter();
            digits
                .flat_map(|b| [digit(b >> 4), digit(b & 15)])
                .collect()
        }
        _ => None,
    }
}

/// Splits a CVE id whose short form gives it back.
fn cve(id: &str) -> Option<(u8, u64)> {
    let (year, digits) = id.strip_prefix("CVE-")?.split_once('-')?;
    let number: u64 = digits.parse().ok()?;
    let years: u64 = year.parse::<u64>().ok()?.checked_sub(FIRST_YEAR)?;
    let years = u8::try_from(years).ok()?;
    let same = digits.len() <= 16
        && format!("{:04}", u64::from(years) + FIRST_YEAR) == year
        && format!("{number:04}") == digits;
    same.then_some((years, number))
}

/// Packs a GHSA id.
fn ghsa(id: &str) -> Option<u64> {
    let mut parts = id.split('-');
    if parts.next() != Some(GHSA) {
        return None;
    }
    let mut packed = 0_u64;
    for _ in 0..3 {
        let part = parts.next()?;
        if part.len() != 4 {
            return None;
        }
        for letter in part.bytes() {
            let place = GHSA_LETTERS.iter().position(|l| *l == letter)?;
            packed = packed * 20 + place as u64;
        }
    }
    parts.next().is_none().then_some(packed)
}

/// Undoes [`ghsa`].
fn unpack_ghsa(mut packed: u64) -> String {
    let mut letters = [b'2'; 12];
    for letter in letters.iter_mut().rev() {
        *letter = GHSA_LETTERS
            .get((packed % 20) as usize)
            .copied()
            .unwrap_or(b'2');
        packed /= 20;
    }
    let mut id = String::with_capacity(19);
    id.push_str(GHSA);
    for part in letters.chunks(4) {
        id.push('-');
        id.extend(part.iter().map(|letter| char::from(*letter)));
    }
    id
}

/// Splits a reference after its last `/` or `=`, behind which the id or the commit stands.
pub(super) fn split_url(url: &str) -> (&str, &str) {
    let at = url.rfind(['/', '=']).map_or(0, |at| at + 1);
    url.split_at(at)
}

/// Appends the end of a reference of what goes by an id and aliases.
pub(super) fn put_tail(out: &mut Vec<u8>, tail: &str, id: &str, aliases: &[&str]) {
    let alias = aliases.iter().position(|alias| *alias == tail);
    let alias = alias.and_then(|at| u8::try_from(at).ok()?.checked_add(tag::ALIAS));
    if tail == id {
        out.push(tag::OWN);
    } else if let Some(tag) = alias {
        out.push(tag);
    } else if let Some(digits) = hex40(tail) {
        out.push(tag::HEX40);
        out.extend_from_slice(&digits);
    } else {
        put_id(out, tail);
    }
}

/// Takes the end of a reference.
pub(super) fn take_tail(bytes: &mut Cursor<'_>, id: &str, aliases: &[String]) -> Option<String> {
    match bytes.byte()? {
        tag::OWN => Some(id.to_owned()),
        tag if tag >= tag::ALIAS => aliases.get(usize::from(tag - tag::ALIAS)).cloned(),
        tag => take_tagged(tag, bytes),
    }
}

/// Packs 40 lower-case hexadecimal digits: a commit.
fn hex40(text: &str) -> Option<[u8; 20]> {
    if text.len() != 40 || text.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let mut packed = [0; 20];
    let mut digits = text.chars().map(|digit| digit.to_digit(16));
    for slot in &mut packed {
        let pair = digits.next()?? << 4 | digits.next()??;
        *slot = u8::try_from(pair).ok()?;
    }
    Some(packed)
}

/// Appends an RFC 3339 time in UTC.
pub(super) fn put_time(out: &mut Vec<u8>, text: &str) {
    match seconds(text) {
        _ if text.is_empty() => out.push(0),
        Some(seconds) if seconds % DAY == 0 => {
            out.push(1);
            put(out, seconds / DAY);
        }
        Some(seconds) => {
            out.push(2);
            put(out, seconds);
        }
        None => {
            out.push(3);
            put_text(out, text);
        }
    }
}

/// Takes a time.
pub(super) fn take_time(bytes: &mut Cursor<'_>) -> Option<String> {
    match bytes.byte()? {
        0 => Some(String::new()),
        1 => Some(time(bytes.number()?.checked_mul(DAY)?)),
        2 => Some(time(bytes.number()?)),
        3 => bytes.text().map(str::to_owned),
        _ => None,
    }
}

/// A day in seconds.
const DAY: u64 = 86_400;

/// Returns the seconds since 1970 of a time whose short form gives it back.
fn seconds(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let clock = number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    // Days from the civil date, with years that begin in March (H. Hinnant, "date algorithms").
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (shifted / 400, shifted % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.checked_sub(1)?;
    let days = (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year)
        .checked_sub(719_468)?;
    let seconds = days * DAY + clock;
    (time(seconds) == text).then_some(seconds)
}

/// Writes seconds since 1970 as RFC 3339.
fn time(seconds: u64) -> String {
    let (days, clock) = (seconds / DAY % 100_000_000 + 719_468, seconds % DAY);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = era * 400 + year + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        clock / 3600,
        clock / 60 % 60,
        clock % 60
    )
}

/// The metrics of a version of CVSS, each with its values, in the order of a base vector.
type Metrics = &'static [(&'static str, &'static str)];

/// The versions with the text before their metrics.
const CVSS: [(&str, &str, Metrics); 4] = [
    (
        "2.0",
        "",
        &[
            ("AV", "LAN"),
            ("AC", "HML"),
            ("Au", "MSN"),
            ("C", "NPC"),
            ("I", "NPC"),
            ("A", "NPC"),
        ],
    ),
    ("3.0", "CVSS:3.0", THREE),
    ("3.1", "CVSS:3.1", THREE),
    (
        "4.0",
        "CVSS:4.0",
        &[
            ("AV", "NALP"),
            ("AC", "LH"),
            ("AT", "NP"),
            ("PR", "NLH"),
            ("UI", "NPA"),
            ("VC", "HLN"),
            ("VI", "HLN"),
            ("VA", "HLN"),
            ("SC", "HLN"),
            ("SI", "HLN"),
            ("SA", "HLN"),
        ],
    ),
];

/// The metrics of CVSS 3.
const THREE: Metrics = &[
    ("AV", "NALP"),
    ("AC", "LH"),
    ("PR", "NLH"),
    ("UI", "NR"),
    ("S", "UC"),
    ("C", "HLN"),
    ("I", "HLN"),
    ("A", "HLN"),
];

/// Appends a version of CVSS and its vector.
pub(super) fn put_vector(out: &mut Vec<u8>, version: &str, vector: &str) {
    for (number, (known, prefix, metrics)) in (1_u8..).zip(&CVSS) {
        if *known == version
            && let Some(packed) = pack(vector, prefix, metrics)
        {
            out.push(number);
            put(out, packed);
            return;
        }
    }
    out.push(0);
    put_text(out, version);
    put_text(out, vector);
}

/// Takes a version of CVSS and its vector.
pub(super) fn take_vector(bytes: &mut Cursor<'_>) -> Option<(String, String)> {
    let number = bytes.byte()?;
    let Some(at) = usize::from(number).checked_sub(1) else {
        return Some((bytes.text()?.to_owned(), bytes.text()?.to_owned()));
    };
    let (version, prefix, metrics) = CVSS.get(at)?;
    Some((
        (*version).to_owned(),
        unpack(bytes.number()?, prefix, metrics)?,
    ))
}

/// Packs a vector that has exactly the base metrics, in order.
fn pack(vector: &str, prefix: &str, metrics: Metrics) -> Option<u64> {
    let mut rest = vector.strip_prefix(prefix)?;
    let mut packed = 0_u64;
    for (index, (name, values)) in metrics.iter().enumerate() {
        if index > 0 || !prefix.is_empty() {
            rest = rest.strip_prefix('/')?;
        }
        rest = rest.strip_prefix(name)?.strip_prefix(':')?;
        let value = rest.chars().next()?;
        rest = rest.get(value.len_utf8()..)?;
        packed = packed * values.len() as u64 + values.find(value)? as u64;
    }
    rest.is_empty().then_some(packed)
}

/// Undoes [`pack`].
fn unpack(mut packed: u64, prefix: &str, metrics: Metrics) -> Option<String> {
    let mut values = Vec::with_capacity(metrics.len());
    for (_, letters) in metrics.iter().rev() {
        let length = letters.len() as u64;
        values.push(letters.chars().nth((packed % length) as usize)?);
        packed /= length;
    }
    let mut vector = String::with_capacity(48);
    vector.push_str(prefix);
    for ((name, _), value) in metrics.iter().zip(values.iter().rev()) {
        if !vector.is_empty() {
            vector.push('/');
        }
        vector.push_str(name);
        vector.push(':');
        vector.push(*value);
    }
    Some(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_as_they_were() {
        for (id, length) in [
            ("CVE-2023-4911", 4),
            ("CVE-1999-0001", 3),
            ("CVE-2021-1234567", 5),
            ("CVE-2021-01234", 16),
            ("CVE-0000-1234", 15),
            ("CVE-2021-", 11),
            ("GHSA-29mw-wpgm-hmr9", 8),
            ("GHSA-29mw-wpgm-hmra", 21),
            ("GHSA-29mw-wpgm", 16),
            ("DSA-5514-1", 12),
            ("", 2),
        ] {
            let mut out = Vec::new();
            put_id(&mut out, id);
            assert_eq!(out.len(), length, "{id}");
            assert_eq!(take_id(&mut Cursor(&out)).as_deref(), Some(id));
        }
    }

    #[test]
    fn times_come_back_as_they_were() {
        for (text, length) in [
            ("", 1),
            ("2023-10-03T00:00:00Z", 4),
            ("2024-02-29T23:59:59Z", 6),
            ("1970-01-01T00:00:00Z", 2),
            ("2023-02-30T00:00:00Z", 22),
            ("2023-10-03T18:15:10.463Z", 26),
            ("0001-01-01T00:00:00Z", 22),
            ("soon", 6),
        ] {
            let mut out = Vec::new();
            put_time(&mut out, text);
            assert_eq!(out.len(), length, "{text}");
            assert_eq!(take_time(&mut Cursor(&out)).as_deref(), Some(text));
        }
    }

    #[test]
    fn vectors_come_back_as_they_were() {
        for (version, vector, length) in [
            ("3.1", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 2),
            ("3.0", "CVSS:3.0/AV:P/AC:H/PR:H/UI:R/S:C/C:N/I:N/A:N", 3),
            ("2.0", "AV:N/AC:L/Au:N/C:P/I:P/A:P", 3),
            (
                "4.0",
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
                2,
            ),
            ("3.1", "CVSS:3.1/AC:L/AV:N/PR:N/UI:N/S:U/C:H/I:H/A:H", 50),
            (
                "3.1",
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P",
                54,
            ),
        ] {
            let mut out = Vec::new();
            put_vector(&mut out, version, vector);
            assert_eq!(out.len(), length, "{vector}");
            let back = take_vector(&mut Cursor(&out));
            assert_eq!(back, Some((version.to_owned(), vector.to_owned())));
        }
    }

    #[test]
    fn references_refer_to_ids() {
        let aliases = ["GHSA-29mw-wpgm-hmr9"];
        let owned = aliases.map(str::to_owned);
        for (url, length) in [
            ("https://nvd.nist.gov/vuln/detail/CVE-2023-4911", 1),
            ("https://example.org/?id=GHSA-29mw-wpgm-hmr9", 1),
            (
                "https://example.org/c/0123456789abcdef0123456789abcdef01234567",
                21,
            ),
            (
                "https://example.org/c/0123456789ABCDEF0123456789abcdef01234567",
                42,
            ),
            ("https://example.org/CVE-2000-1", 12),
            ("https://example.org/", 2),
            ("no address", 12),
        ] {
            let (prefix, tail) = split_url(url);
            let mut out = Vec::new();
            put_tail(&mut out, tail, "CVE-2023-4911", &aliases);
            assert_eq!(out.len(), length, "{url}");
            let back = take_tail(&mut Cursor(&out), "CVE-2023-4911", &owned);
            assert_eq!(
                back.map(|tail| format!("{prefix}{tail}")).as_deref(),
                Some(url)
            );
        }
    }

    #[test]
    fn numbers_come_back_and_damage_is_no_number() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), 1 << 60] {
            let mut out = Vec::new();
            put(&mut out, number);
            assert_eq!(Cursor(&out).number(), Some(number));
            assert_eq!(unfold(fold(number.cast_signed())), number.cast_signed());
            assert_eq!(unfold(fold(-number.cast_signed())), -number.cast_signed());
        }
        assert_eq!(Cursor(&[0xff; 20]).number(), None);
        assert_eq!(Cursor(&[9, b'a']).text(), None);
        assert_eq!(Cursor(&[0x80]).number(), None);
    }
}
