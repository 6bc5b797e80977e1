//! `bun.lock` (bun's documentation, "Lockfile"): JSON with comments and trailing commas.
//!
//! Packages are called by their place: `a/b` is what `a` finds under the name `b`, before what lies
//! at the top.

use std::collections::HashMap;

use plimsoll_model::package::Requirement;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess};

use super::super::shape::{Into, Keyed, Loose, Ranges, Receive, Take, Text};
use super::lock::{Entry, Lock, Lookups, is_local, package, set_origin, split_at};
use crate::catalog::kit::{Found, property};

/// Is a project, or what a package needs.
#[derive(Default)]
struct Asks {
    name: Text,
    run: Vec<Requirement>,
    develop: Vec<Requirement>,
}

impl Take for Asks {
    fn fields<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            match key.as_deref().unwrap_or_default() {
                "name" => self.name = fields.next_value::<Loose<Text>>()?.0,
                "dependencies" | "optionalDependencies" | "peerDependencies" => {
                    self.run
                        .append(&mut fields.next_value::<Loose<Ranges>>()?.0.0);
                }
                "devDependencies" => {
                    self.develop = fields.next_value::<Loose<Ranges>>()?.0.0;
                }
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Is one entry: `[name@version, registry, {…}, digest]`, shorter for what is no package of a
/// registry.
#[derive(Default)]
struct Raw {
    identity: String,
    integrity: String,
    address: String,
    needs: Vec<Requirement>,
}

impl Take for Raw {
    fn list<'de, A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        let Some(Loose(first)) = list.next_element::<Loose<Text>>()? else {
            return Ok(());
        };
        self.identity = first.unwrap_or_default();
        while let Some(Loose(part)) = list.next_element::<Loose<Part>>()? {
            match part.text {
                Some(text) if text.contains("://") => self.address = text,
                Some(text) if text.starts_with("sha") => self.integrity = text,
                _ => self.needs.extend(part.asks.run),
            }
        }
        Ok(())
    }
}

/// Is a text or an object of an entry.
#[derive(Default)]
struct Part {
    text: Text,
    asks: Asks,
}

impl Take for Part {
    fn text(&mut self, value: &str) {
        self.text.text(value);
    }

    fn fields<'de, A: MapAccess<'de>>(&mut self, fields: A) -> Result<(), A::Error> {
        self.asks.fields(fields)
    }
}

/// Is the whole file.
#[derive(Default)]
struct File {
    workspaces: Vec<Asks>,
    packages: Vec<(String, Raw)>,
}

impl Receive for &mut File {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            match key.as_deref() {
                Some("workspaces") => {
                    fields.next_value_seed(Into(Workspaces(&mut self.workspaces)))?;
                }
                Some("packages") => fields.next_value_seed(Into(Keyed(&mut self.packages)))?,
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct Workspaces<'f>(&'f mut Vec<Asks>);

impl Receive for Workspaces<'_> {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(path)) = fields.next_key::<Loose<Text>>()? {
            let Loose(mut asks) = fields.next_value::<Loose<Asks>>()?;
            // What the root asks for lies at the top.
            if path.unwrap_or_default().is_empty() {
                asks.name = None;
            }
            self.0.push(asks);
        }
        Ok(())
    }
}

/// Reads a lock file.
pub(super) fn read(bytes: &[u8], found: &mut Found) {
    let json = plain(&String::from_utf8_lossy(bytes));
    let mut file = File::default();
    let mut deserializer = serde_json::Deserializer::from_str(&json);
    let read = Into(&mut file).deserialize(&mut deserializer);
    if let Err(error) = read.and_then(|()| deserializer.end()) {
        found
            .damage
            .note(|| format!("could not be read to its end, packages may be missing: {error}"));
    }
    let mut lock = Lock {
        parted: true,
        ..Lock::default()
    };
    let mut index: HashMap<String, usize> = HashMap::with_capacity(file.packages.len());
    let mut needs: Vec<(usize, String, Vec<Requirement>)> = Vec::new();
    for (key, raw) in file.packages {
        let Some(entry) = describe(&key, &raw, found) else {
            continue;
        };
        let at = lock.entries.len();
        lock.entries.push(entry);
        needs.push((at, key.clone(), raw.needs));
        index.insert(key, at);
    }
    let mut lookups = Lookups::default();
    for (at, key, needs) in needs {
        let targets = resolve(&key, &needs, &index, &mut lookups);
        // Who asks on behalf of a workspace stands among the workspaces.
        if let Some(entry) = lock.entries.get_mut(at).filter(|e| e.package.is_some()) {
            entry.targets = targets;
        }
    }
    for asks in file.workspaces {
        let from = asks.name.as_deref().unwrap_or_default();
        lock.entries.push(Entry {
            package: None,
            targets: resolve(from, &asks.run, &index, &mut lookups),
            develop: resolve(from, &asks.develop, &index, &mut lookups),
        });
    }
    lookups.finish(found);
    lock.finish(found);
}

/// Makes the entry of what was read.
fn describe(key: &str, raw: &Raw, found: &mut Found) -> Option<Entry> {
    let Some((name, version)) = split_at(&raw.identity) else {
        found
            .damage
            .note(|| "an entry does not say which package it is".to_owned());
        return None;
    };
    if is_local(version) {
        return Some(Entry::new(None));
    }
    let known = key.get(above(key).len()..).unwrap_or_default();
    let known = known.strip_prefix('/').unwrap_or(known);
    let mut package = package(name, version, found)?;
    if package.version.is_empty() {
        set_origin(&mut package, version);
    } else if !raw.address.is_empty() {
        set_origin(&mut package, &raw.address);
    }
    property(&mut package, "integrity", &raw.integrity);
    if known != name {
        property(&mut package, "alias", known);
    }
    Some(Entry::new(Some(package)))
}

/// Returns the place that a place lies in; a scope belongs to the name behind it.
fn above(key: &str) -> &str {
    let Some((before, _)) = key.rsplit_once('/') else {
        return "";
    };
    let last = before.rsplit_once('/').map_or(before, |(_, last)| last);
    if !last.starts_with('@') {
        return before;
    }
    before.rsplit_once('/').map_or("", |(before, _)| before)
}

/// Finds what names mean at a place.
fn resolve(
    key: &str,
    needs: &[Requirement],
    index: &HashMap<String, usize>,
    lookups: &mut Lookups,
) -> Vec<usize> {
    let one = |wanted: &Requirement| {
        let mut base = key;
        while !base.is_empty() {
            if let Some(found) = lookups.get(index, &[base, "/", &wanted.name]) {
                return Some(found);
            }
            base = above(base);
        }
        lookups.get(index, &[&wanted.name])
    };
    let mut found: Vec<usize> = needs.iter().filter_map(one).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Makes plain JSON: comments become blanks, commas before a closing bracket go.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Where the last comma stands, while only blanks followed it.
    let mut comma: Option<usize> = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            other => other.len_utf8(),
        };
        let (part, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = after;
        match first {
            '/' if length > 1 => {
                out.push(' ');
                continue;
            }
            ',' => comma = Some(out.len()),
            ']' | '}' => {
                if let Some(at) = comma.take() {
                    out.truncate(at);
                }
            }
            other if other.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        out.push_str(part);
    }
    out
}

/// Returns the length of a text with its quotes, or of all that is left where it does not end.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_go() {
        let text = "{ // c \"\n \"a\": [1, 2, /* x */ ], \"b,]//\\\"\": {\"c\": \"/*\",}, }";
        let value: serde_json::Value = serde_json::from_str(&plain(text)).unwrap();
        assert_eq!(value.to_string(), r#"{"a":[1,2],"b,]//\"":{"c":"/*"}}"#);
        for odd in ["\"", "/", "/*", "//", ",", "\"\\", "ü"] {
            plain(odd);
        }
    }

    #[test]
    fn places_lie_in_places() {
        for (key, want) in [
            ("a", ""),
            ("@s/a", ""),
            ("a/b", "a"),
            ("@s/a/@t/b", "@s/a"),
            ("a/@t/b", "a"),
        ] {
            assert_eq!(above(key), want, "{key}");
        }
    }
}
