//! Reading JSON within bounds.

use serde_json::Value;

use crate::catalog::damage::Damage;

/// The most values of one document. A lock file of 2,000 packages has some 100,000.
const MAX_VALUES: usize = 2_000_000;

/// Reads a document. `None`, with the reason noted, when it is none or holds more values than are
/// kept. Levels are bounded by `serde_json` at 128.
pub(crate) fn parse(bytes: &[u8], damage: &mut Damage) -> Option<Value> {
    // Each value but the first stands after one of these, so this bounds the memory before it is used.
    let values = memchr::memchr3_iter(b',', b'[', b'{', bytes).count();
    if values > MAX_VALUES {
        damage.limit(|| format!("holds more than {MAX_VALUES} values and was not read"));
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match serde_json::from_slice(bytes) {
        Ok(value) => Some(value),
        Err(error) => {
            damage.note(|| format!("is no valid JSON: {error}"));
            None
        }
    }
}

/// Returns the text at a path of keys; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, keys: &[&str]) -> &'a str {
    at(value, keys).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the value at a path of keys.
pub(crate) fn at<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().try_fold(value, |value, key| value.get(key))
}

/// Returns the members of a list at a key; none where it is no list.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    let list = value.get(key).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

/// Returns the names and texts of a map at a key, sorted by name. A value that is no text is empty.
pub(crate) fn map<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let map = value.get(key).and_then(Value::as_object);
    map.into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
}
