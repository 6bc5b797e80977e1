//! The order of Maven versions, as Maven's `ComparableVersion` decides it.
//!
//! Owns the reading of any text as nested lists of numbers and qualifiers (POM reference, "Version
//! Order Specification"): dots, hyphens and the border between digits and letters separate, a
//! hyphen and such a border open a list, and zeros and `final` at the end of a list do not count.
//! As each list is the last member of the one around it, a version is a line of items with
//! openings between; nothing is nested, nothing is allocated. This is Maven 3.8 and 3.9. Read
//! [`compare`] first; take [`sort_order`] for sorting.

use std::cmp::Ordering;

use super::{compare_ignoring_case, compare_numbers};

/// Orders two versions as `ComparableVersion.compareTo` does.
///
/// Item by item: a number is after a list, a list after a qualifier, and a qualifier or what is
/// missing by its place in `alpha`, `beta`, `milestone`, `rc`, `snapshot`, nothing, `sp`, any other.
/// This is no order to sort by: Maven contradicts itself where a qualifier stands between dots
/// (`1-alpha < 1 < 1.sp.1 < 1-alpha`).
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (Items::of(a), Items::of(b));
    loop {
        let (one, two) = (a.next(), b.next());
        let order = match (one, two) {
            (Item::End, Item::End) => return Ordering::Equal,
            (Item::End, item) => return b.sign_from(item).reverse(),
            (item, Item::End) => return a.sign_from(item),
            (one, two) => one.compare(two),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Orders two versions for sorting: a total preorder.
///
/// It differs from [`compare`] only where Maven contradicts itself: what is before the version
/// without it (a prerelease in whatever form) comes before what is after it.
pub fn sort_order(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (Items::of(a), Items::of(b));
    loop {
        let (one, two) = (a.next(), b.next());
        let order = a
            .sign_of_rest(one)
            .cmp(&b.sign_of_rest(two))
            .then_with(|| match (one, two) {
                (Item::End, Item::End) => Ordering::Equal,
                (one, two) => one.compare(two),
            });
        if order.is_ne() || matches!(one, Item::End) {
            return order;
        }
    }
}

/// Says whether a version starts with a number; Maven orders every text, but without one the order
/// means nothing.
pub fn is_valid(version: &str) -> bool {
    let version = version.strip_prefix(['v', 'V']).unwrap_or(version);
    version.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

/// Is an item of a version.
#[derive(Clone, Copy)]
enum Item<'a> {
    /// A number.
    Number(&'a [u8]),
    /// A qualifier, and whether a digit follows.
    Word(&'a [u8], bool),
    /// The beginning of a list.
    Open,
    /// Nothing more.
    End,
}

/// The place of no qualifier among qualifiers.
const RELEASE: u8 = 5;

/// The place of qualifiers that Maven does not know.
const UNKNOWN: u8 = 7;

impl Item<'_> {
    /// Orders two items of which neither is the end.
    fn compare(self, other: Item<'_>) -> Ordering {
        match (self, other) {
            (Self::Number(a), Item::Number(b)) => compare_numbers(a, b),
            (Self::Word(a, digit_a), Item::Word(b, digit_b)) => {
                let (place_a, place_b) = (place(a, digit_a), place(b, digit_b));
                place_a.cmp(&place_b).then_with(|| {
                    if place_a == UNKNOWN {
                        compare_ignoring_case(a, b)
                    } else {
                        Ordering::Equal
                    }
                })
            }
            (one, two) => one.rank().cmp(&two.rank()),
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::End => 0,
            Self::Word(..) => 1,
            Self::Open => 2,
            Self::Number(_) => 3,
        }
    }

    /// Orders an item against nothing.
    fn sign(self) -> Ordering {
        match self {
            Self::Number(number) if number.iter().any(|digit| *digit != b'0') => Ordering::Greater,
            Self::Word(word, digit) => place(word, digit).cmp(&RELEASE),
            _ => Ordering::Equal,
        }
    }
}

/// Returns the place of a qualifier.
fn place(word: &[u8], digit: bool) -> u8 {
    const KNOWN: [(&[u8], u8); 10] = [
        (b"alpha", 0),
        (b"beta", 1),
        (b"milestone", 2),
        (b"rc", 3),
        (b"cr", 3),
        (b"snapshot", 4),
        (b"ga", RELEASE),
        (b"final", RELEASE),
        (b"release", RELEASE),
        (b"sp", 6),
    ];
    if digit && word.len() == 1 {
        match word {
            b"a" | b"A" => return 0,
            b"b" | b"B" => return 1,
            b"m" | b"M" => return 2,
            _ => {}
        }
    }
    KNOWN
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word))
        .map_or(UNKNOWN, |(_, place)| *place)
}

/// Cuts a version into items as they stand, with the openings of lists.
#[derive(Clone, Copy)]
struct Raw<'a> {
    text: &'a [u8],
    /// Where the next item starts.
    at: usize,
    /// Whether the list has no item yet.
    empty: bool,
    /// Whether a list is to be opened before the next item.
    open: bool,
}

impl<'a> Raw<'a> {
    /// Returns the next item or opening.
    fn next(&mut self) -> Item<'a> {
        if self.open {
            self.open = false;
            self.empty = true;
            return Item::Open;
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(first) = rest.first() else {
            return Item::End;
        };
        let item = if matches!(first, b'.' | b'-') {
            Item::Number(b"0")
        } else {
            let digits = first.is_ascii_digit();
            let end = rest
                .iter()
                .position(|byte| matches!(byte, b'.' | b'-') || byte.is_ascii_digit() != digits);
            let end = end.unwrap_or(rest.len());
            let text = rest.get(..end).unwrap_or_default();
            let followed = rest.get(end).is_some_and(u8::is_ascii_digit);
            // A qualifier before a digit or at the very end has a list of its own.
            if !digits && !self.empty && (followed || end == rest.len()) {
                self.empty = true;
                return Item::Open;
            }
            self.at += end;
            if digits {
                Item::Number(text)
            } else {
                Item::Word(text, followed)
            }
        };
        self.empty = false;
        match self.text.get(self.at) {
            Some(b'.') => self.at += 1,
            Some(b'-') => {
                self.at += 1;
                self.open = true;
            }
            Some(_) => self.open = true,
            None => {}
        }
        item
    }
}

/// Gives the items that count.
struct Items<'a> {
    raw: Raw<'a>,
    /// Up to where items are known to be followed by one in their list that is not nothing.
    kept: usize,
    /// After which nothing counts any more.
    significant: usize,
    /// Up to where the sign of the rest is known, and which it is.
    signed: (usize, Ordering),
}

impl<'a> Items<'a> {
    fn of(version: &'a str) -> Self {
        let mut raw = Raw {
            text: version.as_bytes(),
            at: 0,
            empty: true,
            open: false,
        };
        let start = raw;
        let mut significant = 0;
        loop {
            match raw.next() {
                Item::End => break,
                item if item.sign().is_ne() => significant = raw.at,
                _ => {}
            }
        }
        Self {
            raw: start,
            kept: 0,
            significant,
            signed: (0, Ordering::Equal),
        }
    }

    /// Returns the next item that counts: without those at the end of a list that are nothing.
    fn next(&mut self) -> Item<'a> {
        loop {
            if self.raw.at >= self.significant {
                return Item::End;
            }
            let item = self.raw.next();
            if matches!(item, Item::Open | Item::End)
                || item.sign().is_ne()
                || self.raw.at <= self.kept
            {
                return item;
            }
            // Nothing by itself: it counts if its list goes on to something.
            let mut ahead = self.raw;
            loop {
                let before = ahead;
                match ahead.next() {
                    Item::End => return Item::End,
                    Item::Open => {
                        self.raw = before;
                        break;
                    }
                    next if next.sign().is_ne() => {
                        self.kept = ahead.at;
                        return item;
                    }
                    _ => {}
                }
            }
        }
    }

    /// Orders an item and all after it against nothing.
    fn sign_from(&mut self, item: Item<'a>) -> Ordering {
        let mut item = item;
        loop {
            if matches!(item, Item::End) || item.sign().is_ne() {
                return item.sign();
            }
            item = self.next();
        }
    }

    /// Orders an item and all after it against nothing, and stays where it is.
    fn sign_of_rest(&mut self, item: Item<'a>) -> Ordering {
        if item.sign().is_ne() || matches!(item, Item::End) {
            return item.sign();
        }
        if self.raw.at > self.signed.0 || self.signed.0 == 0 {
            let mut ahead = self.raw;
            loop {
                let next = ahead.next();
                if matches!(next, Item::End) || next.sign().is_ne() {
                    self.signed = (ahead.at, next.sign());
                    break;
                }
            }
        }
        self.signed.1
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn the_table_holds() {
        table::check(include_str!("../../testdata/versions/maven.txt"), compare);
    }

    #[test]
    fn sorting_puts_prereleases_first_where_maven_contradicts_itself() {
        assert_eq!(compare("1-alpha", "1"), Ordering::Less);
        assert_eq!(compare("1", "1.sp.1"), Ordering::Less);
        assert_eq!(compare("1.sp.1", "1-alpha"), Ordering::Less);
        assert_eq!(sort_order("1-alpha", "1.sp.1"), Ordering::Less);
    }
}
