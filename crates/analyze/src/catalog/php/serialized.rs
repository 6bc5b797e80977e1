//! Reading values in PHP's serialized form (`serialize()`), texts and arrays only.
//!
//! Objects, references and anything with code behind it are refused: nothing is instantiated.

/// The most levels of arrays in arrays.
const MAX_DEPTH: usize = 64;

/// The most values of one document.
const MAX_VALUES: usize = 500_000;

/// Is a serialized value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A text, as raw bytes.
    Text(&'a [u8]),
    /// An array: keys (numbers as text) and values, in order.
    Array(Vec<(&'a [u8], Value<'a>)>),
    /// A number, boolean or nothing, as written.
    Other(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Returns the value at a key of an array.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        let Self::Array(entries) = self else {
            return None;
        };
        let found = entries.iter().find(|(name, _)| *name == key.as_bytes());
        found.map(|(_, value)| value)
    }

    /// Returns the text at a path of keys; empty where there is none.
    pub fn text(&self, keys: &[&str]) -> &'a [u8] {
        match keys.iter().try_fold(self, |value, key| value.get(key)) {
            Some(Self::Text(text)) => text,
            _ => &[],
        }
    }
}

/// Reads one value; what follows it is left out.
///
/// # Errors
/// A sentence that says at which byte what was expected.
pub fn unserialize(bytes: &[u8]) -> Result<Value<'_>, String> {
    let mut reader = Reader {
        bytes,
        at: 0,
        values: 0,
    };
    reader.value(0)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value<'a>, String> {
        self.values += 1;
        if depth > MAX_DEPTH || self.values > MAX_VALUES {
            return Err(format!("byte {}: holds more than is read", self.at));
        }
        let letter = self.bytes.get(self.at).copied();
        self.at += 1;
        match letter {
            Some(b'N') => {
                self.expect(b';')?;
                Ok(Value::Other(b""))
            }
            Some(b'i' | b'd' | b'b') => {
                self.expect(b':')?;
                Ok(Value::Other(self.until(b';')?))
            }
            Some(b's') => {
                self.expect(b':')?;
                let length = self.count()?;
                self.expect(b'"')?;
                let end = self.at.saturating_add(length);
                let Some(text) = self.bytes.get(self.at..end) else {
                    return Err(format!(
                        "byte {}: a text of {length} bytes goes beyond the end",
                        self.at
                    ));
                };
                self.at = end;
                self.expect(b'"')?;
                self.expect(b';')?;
                Ok(Value::Text(text))
            }
            Some(b'a') => {
                self.expect(b':')?;
                let count = self.count()?;
                self.expect(b'{')?;
                let mut entries = Vec::new();
                for _ in 0..count {
                    let key = match self.value(depth + 1)? {
                        Value::Text(key) | Value::Other(key) => key,
                        Value::Array(_) => {
                            return Err(format!("byte {}: an array as key", self.at));
                        }
                    };
                    entries.push((key, self.value(depth + 1)?));
                }
                self.expect(b'}')?;
                Ok(Value::Array(entries))
            }
            _ => Err(format!(
                "byte {}: expected a text, number or array",
                self.at - 1
            )),
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.bytes.get(self.at) != Some(&byte) {
            return Err(format!("byte {}: expected {:?}", self.at, char::from(byte)));
        }
        self.at += 1;
        Ok(())
    }

    fn until(&mut self, end: u8) -> Result<&'a [u8], String> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(length) = rest.iter().take(64).position(|byte| *byte == end) else {
            return Err(format!("byte {}: expected {:?}", self.at, char::from(end)));
        };
        self.at += length + 1;
        Ok(rest.get(..length).unwrap_or_default())
    }

    fn count(&mut self) -> Result<usize, String> {
        let at = self.at;
        let digits = std::str::from_utf8(self.until(b':')?).unwrap_or_default();
        digits
            .parse()
            .map_err(|_| format!("byte {at}: expected a number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read() {
        let text = br#"a:3:{s:4:"name";s:3:"a"b";i:7;a:1:{s:1:"x";b:1;}s:4:"none";N;}rest"#;
        let value = unserialize(text).unwrap();
        assert_eq!(value.text(&["name"]), b"a\"b");
        assert_eq!(
            value.get("7").unwrap().get("x"),
            Some(&Value::Other(&b"1"[..]))
        );
    }

    #[test]
    fn objects_and_hostile_input_are_refused() {
        for text in [
            &b"O:8:\"stdClass\":0:{}"[..],
            b"s:18446744073709551615:\"a\";",
            b"s:99:\"a\";",
            b"a:99999999:{",
            b"a:1:{a:0:{}i:1;}",
            b"R:1;",
            b"",
        ] {
            assert!(unserialize(text).is_err(), "{text:?}");
        }
        assert!(unserialize(&b"a:1:{i:0;".repeat(100_000)).is_err());
    }
}
