//! Reads feed files piece by piece: what is packed is unpacked on the way, and of a large JSON
//! document one element is in memory at a time.

use std::fmt;
use std::io::{BufRead, BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The largest size that a packed file may unpack to, in bytes.
const UNPACKED_LIMIT: u64 = 4 << 30;

/// How much memory an xz stream may ask for, in KiB: what its strongest preset takes, and more.
const XZ_MEMORY: u32 = 256 << 10;

/// Returns a reader of a file's content, unpacked where it is packed by gzip, zstd, bzip2 or xz; says
/// so where it is packed otherwise.
pub(super) fn unpacked(bytes: &[u8]) -> Result<Box<dyn BufRead + '_>, String> {
    let unpacker: Box<dyn Read + '_> = if bytes.starts_with(&[0x1f, 0x8b]) {
        Box::new(flate2::read::MultiGzDecoder::new(bytes))
    } else if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let decoder = zstd::stream::read::Decoder::with_buffer(bytes);
        Box::new(decoder.map_err(|error| format!("zstd: {error}"))?)
    } else if bytes.starts_with(b"BZh") {
        // Parallel compressors write several streams one after the other.
        Box::new(bzip2::read::MultiBzDecoder::new(bytes))
    } else if bytes.starts_with(&[0xfd, b'7', b'z', b'X', b'Z']) {
        Box::new(xz(bytes))
    } else if bytes.starts_with(b"\0ZCK1") {
        return Err("packed by zchunk, which is not read; unpack it first".to_owned());
    } else {
        return Ok(Box::new(bytes));
    };
    Ok(Box::new(BufReader::with_capacity(
        1 << 16,
        unpacker.take(UNPACKED_LIMIT),
    )))
}

/// Returns a reader of an xz stream, within bounded memory.
pub(super) fn xz<R: Read>(source: R) -> impl Read + use<R> {
    lzma_rust2::XzReader::new_mem_limit(source, true, XZ_MEMORY)
}

/// Is what is told of a document: a field of the top object by its key, or an element of a list.
pub(super) enum Part<'a> {
    /// A field that is not one of the lists.
    Field(&'a str, &'a RawValue),
    /// An element of one of the lists.
    Element(&'a RawValue),
}

/// Tells the parts of a document one by one: the elements of its lists under `lists`, or of itself
/// where it is a list, and its fields in `fields`. Everything else is passed over. What was told
/// before an error stands.
pub(super) fn parts(
    reader: impl Read,
    lists: &[&str],
    fields: &[&str],
    told: &mut dyn FnMut(Part<'_>),
) -> Result<(), String> {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let top = Top {
        lists,
        fields,
        told,
    };
    (top.deserialize(&mut deserializer))
        .and_then(|()| deserializer.end())
        .map_err(|error| error.to_string())
}

/// Reads the top of a document.
struct Top<'a> {
    lists: &'a [&'a str],
    fields: &'a [&'a str],
    told: &'a mut dyn FnMut(Part<'_>),
}

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if self.lists.contains(&key.as_str()) {
                map.next_value_seed(Elements(&mut *self.told))?;
            } else if self.fields.contains(&key.as_str()) {
                let value: Box<RawValue> = map.next_value()?;
                (self.told)(Part::Field(&key, &value));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        Elements(self.told).visit_seq(seq)
    }
}

/// Reads a list.
struct Elements<'a>(&'a mut dyn FnMut(Part<'_>));

impl<'de> DeserializeSeed<'de> for Elements<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element::<Box<RawValue>>()? {
            (self.0)(Part::Element(&element));
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn told(text: &str) -> (Vec<String>, bool) {
        let mut out = Vec::new();
        let whole = parts(text.as_bytes(), &["list"], &["field"], &mut |part| {
            out.push(match part {
                Part::Field(key, value) => format!("{key}={value}"),
                Part::Element(value) => value.get().to_owned(),
            });
        });
        (out, whole.is_ok())
    }

    #[test]
    fn parts_are_told_until_the_document_breaks_off() {
        let (out, whole) = told(r#"{"x": [9], "field": 1, "list": [{"a": 2}, 3], "y": null}"#);
        assert_eq!(
            (out, whole),
            (
                vec!["field=1".into(), r#"{"a": 2}"#.into(), "3".into()],
                true
            )
        );
        assert_eq!(told("[1, 2"), (vec!["1".into(), "2".into()], false));
        assert_eq!(told(r#"{"list": null}"#), (vec![], true));
        assert!(!told("7").1 && !told("").1 && !told(r#"{"list": 7}"#).1);
        let deep = format!("[{}]", "[".repeat(100_000));
        assert!(!told(&deep).1);
    }

    #[test]
    fn packed_files_are_unpacked_or_named() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(b"text").expect("written");
        let gzip = gzip.finish().expect("packed");
        let zstd = zstd::bulk::compress(b"text", 1).expect("packed");
        let text = |bytes: &[u8]| {
            let mut out = String::new();
            let read = unpacked(bytes).and_then(|mut reader| {
                (reader.read_to_string(&mut out)).map_err(|error| error.to_string())
            });
            read.map(|_| out)
        };
        for bytes in [&gzip[..], &zstd[..], b"text"] {
            assert_eq!(text(bytes).expect("unpacked"), "text");
        }
        assert!(text(&gzip[..gzip.len() - 9]).is_err());
        assert!(text(b"\0ZCK1").is_err_and(|error| error.contains("zchunk")));
        assert!(text(b"\xfd7zXZ\0").is_err() && text(b"BZh9").is_err());
    }
}
