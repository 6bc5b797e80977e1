//! JSON that is safe to print: the same values, with everything that could harm a terminal escaped.
//!
//! JSON itself escapes only the characters below U+0020 (RFC 8259 section 7). An image can also carry
//! DEL, C1 controls and bidirectional controls; those become `\u` escapes, so nothing is lost.

use std::borrow::Cow;
use std::io::{Result, Write};

use plimsoll_model::text::escape;
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// Serializes a value with an indent of two and a line feed at the end.
pub(crate) fn to_string(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    let formatter = Safe {
        pretty: PrettyFormatter::new(),
    };
    let mut serializer = Serializer::with_formatter(&mut out, formatter);
    // Neither can fail: the target is memory, keys are strings, and serde_json writes UTF-8.
    let written = value.serialize(&mut serializer);
    debug_assert!(written.is_ok(), "a report serializes");
    out.push(b'\n');
    String::from_utf8(out).unwrap_or_default()
}

struct Safe {
    pretty: PrettyFormatter<'static>,
}

impl Formatter for Safe {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.pretty.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.pretty.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        self.pretty.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.pretty.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.pretty.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.pretty.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        self.pretty.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.pretty.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.pretty.end_object_value(writer)
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> Result<()> {
        if harmless(fragment) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut bytes = [0; 4];
        for c in fragment.chars() {
            let text: &str = c.encode_utf8(&mut bytes);
            if harmless(text) {
                writer.write_all(text.as_bytes())?;
            } else {
                for unit in text.encode_utf16() {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

/// Says whether a text may be shown as it is.
pub(crate) fn harmless(text: &str) -> bool {
    matches!(escape(text), Cow::Borrowed(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmful_characters_are_escaped_and_nothing_is_lost() {
        let text = "a\u{1b}[2J\u{9b}\u{7f}\u{202e}\u{2028}\n\"\\ü名";
        let json = to_string(&[text]);
        assert_eq!(
            json,
            "[\n  \"a\\u001b[2J\\u009b\\u007f\\u202e\\u2028\\n\\\"\\\\ü名\"\n]\n"
        );
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [text]);
    }
}
