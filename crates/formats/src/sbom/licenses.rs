//! What a declared licence is to SPDX: an identifier, an expression, or a text of its own.

use spdx::{Expression, license_id};

/// Is what a declared licence is to SPDX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Declared<'a> {
    /// An identifier of the SPDX licence list.
    Id(&'static str),
    /// A valid licence expression that names nothing beyond the list.
    Expression(&'a str),
    /// Something else: a name, a text, an expression with licences of its own.
    Text(&'a str),
}

/// Says what a declared licence is (SPDX specification 2.3, annex D).
pub(super) fn declared(text: &str) -> Declared<'_> {
    if let Some(id) = license_id(text).filter(|id| id.name == text) {
        return Declared::Id(id.name);
    }
    let own = ["LicenseRef-", "DocumentRef-", "AdditionRef-"];
    // An expression of thousands of terms helps nobody and costs every reader.
    let plain = text.trim() == text
        && text.len() <= 4_096
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        && !own.iter().any(|prefix| text.contains(prefix));
    if plain && Expression::parse(text).is_ok() {
        Declared::Expression(text)
    } else {
        Declared::Text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_told_apart() {
        assert_eq!(declared("MIT"), Declared::Id("MIT"));
        assert_eq!(
            declared("GPL-2.0-only WITH Classpath-exception-2.0 OR MIT"),
            Declared::Expression("GPL-2.0-only WITH Classpath-exception-2.0 OR MIT")
        );
        for text in [
            "mit",
            "GPL",
            "Public Domain",
            "",
            "MIT OR LicenseRef-x",
            "MIT\n",
        ] {
            assert_eq!(declared(text), Declared::Text(text), "{text}");
        }
    }
}
