//! Reading TOML within bounds, and as much of a damaged file as stands before the damage.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::super::damage::Damage;

/// The most values of one file. A lock file of 1,000 packages with 60 wheels each has some 300,000.
const MAX_VALUES: usize = 2_000_000;

/// The most entries of one list or table of requirements that are read.
pub(super) const MAX_LISTED: usize = 32 * 1024;

/// Reads a TOML document and hands it to `take`. Levels are bounded by the parser.
///
/// A damaged one is read up to the last table (`[[…]]`) that ends before the damage, since the parser
/// gives nothing of a document that is no TOML as a whole.
pub(super) fn read(
    bytes: &[u8],
    damage: &mut Damage,
    take: impl FnOnce(&DeTable<'_>, &mut Damage),
) {
    let values = memchr::memchr3_iter(b',', b'[', b'=', bytes).count();
    if values > MAX_VALUES {
        damage.limit(|| format!("holds more than {MAX_VALUES} values and was not read"));
        return;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let chunk = bytes.utf8_chunks().next();
    let start = chunk.map_or("", |chunk| chunk.valid());
    let (at, reason) = if start.len() < bytes.len() {
        (start.len(), "it is no UTF-8".to_owned())
    } else {
        match DeTable::parse(start) {
            Ok(document) => return take(document.get_ref(), damage),
            Err(error) => {
                let reason = error.message().to_owned();
                // The parser does not say where keys become too deep.
                let Some(span) = error.span() else {
                    damage.note(|| format!("{reason}; nothing was read"));
                    return;
                };
                (span.start, reason)
            }
        }
    };
    let line =
        1 + memchr::memchr_iter(b'\n', start.as_bytes().get(..at).unwrap_or_default()).count();
    damage.note(|| format!("line {line}: {reason}; what follows is lost"));
    let before = start.get(..at).unwrap_or_default();
    let Some(end) = before.rfind("\n[[") else {
        return;
    };
    let sound = before.get(..=end).unwrap_or_default();
    if let Ok(document) = DeTable::parse(sound) {
        take(document.get_ref(), damage);
    }
}

/// Returns the value at a path of keys.
pub(super) fn at<'a, 'i>(table: &'a DeTable<'i>, keys: &[&str]) -> Option<&'a DeValue<'i>> {
    let (last, way) = keys.split_last()?;
    let table = way
        .iter()
        .try_fold(table, |table, key| table.get(*key)?.get_ref().as_table())?;
    table.get(*last).map(Spanned::get_ref)
}

/// Returns the text at a path of keys; empty where there is none.
pub(super) fn text_at<'a>(table: &'a DeTable<'_>, keys: &[&str]) -> &'a str {
    at(table, keys)
        .and_then(|value| value.as_str())
        .unwrap_or_default()
}

/// Returns the members of a list at a path of keys; none where it is no list.
pub(super) fn list_at<'a, 'i>(
    table: &'a DeTable<'i>,
    keys: &[&str],
) -> impl Iterator<Item = &'a DeValue<'i>> + use<'a, 'i> {
    let list = at(table, keys).and_then(|value| value.as_array());
    list.into_iter().flatten().map(Spanned::get_ref)
}

/// Returns the names and values of a table at a path of keys; none where it is no table.
pub(super) fn table_at<'a, 'i>(
    table: &'a DeTable<'i>,
    keys: &[&str],
) -> impl Iterator<Item = (&'a str, &'a DeValue<'i>)> + use<'a, 'i> {
    let table = at(table, keys).and_then(|value| value.as_table());
    table
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.get_ref().as_ref(), value.get_ref()))
}

/// Returns the texts of a list at a path of keys.
pub(super) fn texts_at<'a>(table: &'a DeTable<'_>, keys: &[&str]) -> Vec<&'a str> {
    list_at(table, keys)
        .filter_map(|value| value.as_str())
        .take(MAX_LISTED)
        .collect()
}

/// Says whether there is `true` at a path of keys.
pub(super) fn holds(table: &DeTable<'_>, keys: &[&str]) -> bool {
    at(table, keys).and_then(DeValue::as_bool) == Some(true)
}
