//! A small grammar of versions, read forwards or backwards from a place in a program's bytes.

/// The longest version that is taken for one, in bytes.
pub(super) const MAX_VERSION_BYTES: usize = 64;

/// The most digits of one number: dates (`20230101`) and builds (`1701234567`) fit.
const MAX_DIGITS: usize = 10;

/// Words that may follow a version's numbers as a pre-release or patch.
const WORDS: &[&[u8]] = &[
    b"preview", b"alpha", b"beta", b"patch", b"dev", b"pre", b"rc", b"RC", b"git", b"p", b"a", b"b",
];

/// Is what a version looks like: numbers with dots between them, and perhaps something after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The fewest numbers.
    pub min: u8,
    /// The most numbers.
    pub max: u8,
    /// What may follow the numbers.
    pub suffix: Suffix,
}

/// Says what may follow a version's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suffix {
    /// Nothing.
    None,
    /// Up to two lower-case letters (`1.1.1w`, `1.0.2zg`), or a pre-release.
    Letters,
    /// A pre-release or patch (`-rc1`, `beta2`, `p221`, `-dev`).
    Pre,
    /// Anything of letters, digits, `.`, `-`, `_`, `+` and `~`.
    Any,
}

/// Writes a shape of so many numbers, with nothing after them.
pub(super) const fn numbers(min: u8, max: u8) -> Shape {
    Shape {
        min,
        max,
        suffix: Suffix::None,
    }
}

/// Three numbers and perhaps a pre-release.
pub(super) const THREE: Shape = numbers(3, 3).pre();
/// Two or three numbers and perhaps a pre-release.
pub(super) const TWO_OR_THREE: Shape = numbers(2, 3).pre();

impl Shape {
    pub(super) const fn letters(mut self) -> Self {
        self.suffix = Suffix::Letters;
        self
    }

    pub(super) const fn pre(mut self) -> Self {
        self.suffix = Suffix::Pre;
        self
    }

    pub(super) const fn any(mut self) -> Self {
        self.suffix = Suffix::Any;
        self
    }

    /// Reads a version from the start of bytes: its length, or `None`.
    ///
    /// What follows must not go on with it: no letter or digit, no dot with a digit after it.
    pub(super) fn read(self, bytes: &[u8]) -> Option<usize> {
        let length = self.loose(bytes)?;
        let rest = bytes.get(length..).unwrap_or_default();
        (!goes_on(rest)).then_some(length)
    }

    /// Reads a version from the start of bytes whatever follows it.
    fn loose(self, bytes: &[u8]) -> Option<usize> {
        let mut at = digits(bytes)?;
        let mut count = 1;
        while count < self.max
            && let Some([b'.', rest @ ..]) = bytes.get(at..)
            && let Some(more) = digits(rest)
        {
            at += 1 + more;
            count += 1;
        }
        if count < self.min {
            return None;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        at += match self.suffix {
            Suffix::None => 0,
            Suffix::Pre => pre_release(rest),
            Suffix::Letters => letters(rest),
            Suffix::Any => {
                let all = rest
                    .iter()
                    .take_while(|byte| is_version_byte(**byte))
                    .count();
                let suffix = rest.get(..all).unwrap_or_default();
                if suffix.first().is_some_and(u8::is_ascii_alphanumeric) {
                    let word = pre_release(suffix);
                    let more = suffix
                        .get(word)
                        .is_some_and(|byte| !byte.is_ascii_alphanumeric());
                    if word > 0 && more { all } else { word }
                } else if suffix.first() == Some(&b'.') || is_repacked(suffix) {
                    0
                } else {
                    all
                }
            }
        };
        (at <= MAX_VERSION_BYTES).then_some(at)
    }

    /// Says whether all of the bytes are one version.
    pub(super) fn is(self, bytes: &[u8]) -> bool {
        self.read(bytes) == Some(bytes.len())
    }

    /// Reads a version that is all of the bytes, apart from what a distribution writes behind it.
    pub(super) fn all(self, bytes: &[u8]) -> Option<&[u8]> {
        let (version, rest) = bytes.split_at_checked(self.read(bytes)?)?;
        (rest.is_empty() || is_repacked(rest)).then_some(version)
    }

    /// Reads a version that ends where the bytes end: where it starts, or `None`. The longest one
    /// counts. Any of `lead` must stand before it; where that is empty, anything that does not
    /// belong to it.
    pub(super) fn read_back(self, bytes: &[u8], lead: &[&[u8]]) -> Option<usize> {
        let mut start = bytes.len();
        let mut found = None;
        while let Some(byte) = start.checked_sub(1).and_then(|at| bytes.get(at))
            && is_version_byte(*byte)
        {
            start -= 1;
            if bytes.len() - start > MAX_VERSION_BYTES {
                return None;
            }
            let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
            let before = bytes.get(..start).unwrap_or_default();
            let allowed = if lead.is_empty() {
                !before.last().is_some_and(belongs)
            } else {
                lead.iter().any(|lead| before.ends_with(lead))
            };
            if byte.is_ascii_digit()
                && allowed
                && bytes.get(start..).is_some_and(|tail| self.is(tail))
            {
                found = Some(start);
            }
        }
        found
    }
}

fn is_version_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+' | b'~')
}

/// Says whether a distribution's mark for sources without some files follows (`+dfsg1`, `~ds1`).
fn is_repacked(rest: &[u8]) -> bool {
    [&b"+dfsg"[..], b"+ds", b"~dfsg", b"~ds", b"-ds"]
        .iter()
        .any(|mark| rest.starts_with(mark))
}

fn goes_on(rest: &[u8]) -> bool {
    match rest {
        [b'.', next, ..] => next.is_ascii_digit(),
        [next, ..] => next.is_ascii_alphanumeric(),
        [] => false,
    }
}

/// Returns how many digits stand at the start: at least one, at most [`MAX_DIGITS`].
fn digits(bytes: &[u8]) -> Option<usize> {
    let seen = bytes.iter().take(MAX_DIGITS + 1);
    let count = seen.take_while(|byte| byte.is_ascii_digit()).count();
    (1..=MAX_DIGITS).contains(&count).then_some(count)
}

/// Returns the length of a pre-release or patch at the start, 0 where there is none.
fn pre_release(bytes: &[u8]) -> usize {
    let mark = usize::from(matches!(
        bytes.first(),
        Some(b'-' | b'~' | b'.' | b'_' | b'+')
    ));
    let rest = bytes.get(mark..).unwrap_or_default();
    let Some(word) = WORDS.iter().find(|word| rest.starts_with(word)) else {
        return 0;
    };
    let mut length = mark + word.len();
    let rest = rest.get(word.len()..).unwrap_or_default();
    if let Some(number) = digits(rest) {
        length += number;
    } else if let [b'.' | b'-', rest @ ..] = rest
        && let Some(number) = digits(rest)
    {
        length += 1 + number;
    }
    length
}

fn letters(bytes: &[u8]) -> usize {
    let count = bytes
        .iter()
        .take(3)
        .take_while(|byte| byte.is_ascii_lowercase())
        .count();
    if matches!(count, 1 | 2) {
        count
    } else {
        pre_release(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_forwards() {
        let read = |shape: Shape, text: &str| {
            let length = shape.read(text.as_bytes())?;
            Some(text[..length].to_owned())
        };
        for (shape, text, expected) in [
            (THREE, "1.2.3", "1.2.3"),
            (THREE, "1.2.3-rc1 x", "1.2.3-rc1"),
            (THREE, "1.2.3p221 (2022", "1.2.3p221"),
            (THREE, "1.2.3-beta.0\0", "1.2.3-beta.0"),
            (THREE, "1.2.3-Debian", "1.2.3"),
            (THREE, "1.2.3. Next sentence", "1.2.3"),
            (THREE, "1.2", ""),
            (THREE, "1.2.3.4", ""),
            (THREE, "1.2.3x", ""),
            (THREE, "12345678901.2.3", ""),
            (THREE.letters(), "1.1.1w  11 Sep 2023", "1.1.1w"),
            (THREE.letters(), "1.0.2zg-fips", "1.0.2zg"),
            (THREE.letters(), "3.0.0-alpha5", "3.0.0-alpha5"),
            (TWO_OR_THREE, "15beta4", ""),
            (numbers(1, 3).pre(), "15beta4 (", "15beta4"),
            (numbers(3, 3).any(), "1.2.3+k3s1\0", "1.2.3+k3s1"),
            (THREE, "", ""),
        ] {
            assert_eq!(read(shape, text).unwrap_or_default(), expected, "{text}");
        }
        let long = format!("1.2.3-{}", "a".repeat(100));
        assert_eq!(read(THREE.any(), &long), None);
    }

    #[test]
    fn versions_are_read_backwards() {
        let read = |shape: Shape, text: &str| {
            let start = shape.read_back(text.as_bytes(), &[])?;
            Some(text[start..].to_owned())
        };
        for (shape, text, expected) in [
            (THREE, "\u{0}10.6.15", "10.6.15"),
            (THREE, "x 10.6.15-rc1", "10.6.15-rc1"),
            (THREE, "5.5.5-10.6.15", "10.6.15"),
            (THREE, "v10.6.15", ""),
            (THREE, "1.10.6.15", ""),
            (THREE, "10.6", ""),
            (THREE, "", ""),
        ] {
            assert_eq!(read(shape, text).unwrap_or_default(), expected, "{text}");
        }
        assert_eq!(read(THREE, &"1".repeat(500)), None);
        assert_eq!(THREE.read_back(b"go1.2.3", &[b"\0", b"go"]), Some(2));
        assert_eq!(THREE.read_back(b"no1.2.3", &[b"go"]), None);
    }
}
