//! `yarn.lock`: version 1 in a form of its own, that of yarn 2 and later in a small part of YAML
//! (yarn's documentation, "Lockfile"; `@yarnpkg/parsers`, `syml`).
//!
//! Both are lines: entries without indentation, fields with two blanks, dependencies with four. They
//! are read as such: what is damaged costs one entry, and YAML's anchors mean nothing.

use std::collections::HashMap;

use plimsoll_model::package::Requirement;

use super::lock::{Entry, Lock, Lookups, aliased, is_local, package, set_origin, split_at};
use crate::catalog::kit::{Found, property, requirement};

/// The most ranges of one entry. Those of the largest repositories have some thirty.
const MAX_RANGES: usize = 1024;

/// The most dependencies of one entry.
const MAX_DEPENDENCIES: usize = 16 * 1024;

/// Is one entry as written.
#[derive(Debug, Default)]
struct Raw {
    /// The number of its first line.
    line: u64,
    /// What it answers to: `name@range`.
    keys: Vec<String>,
    version: String,
    resolved: String,
    resolution: String,
    integrity: String,
    checksum: String,
    conditions: String,
    soft: bool,
    needs: Vec<(String, String)>,
}

/// Reads a lock file.
pub(super) fn read(bytes: &[u8], found: &mut Found) {
    let text = String::from_utf8_lossy(bytes);
    let mut entries: Vec<Raw> = Vec::new();
    let mut section = String::new();
    let mut explicit = false;
    let mut berry = false;
    for (number, line) in (1_u64..).zip(text.lines()) {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        let content = content.trim_end();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if ["<<<<<<<", ">>>>>>>", "=======", "|||||||"]
            .iter()
            .any(|mark| line.starts_with(mark))
        {
            found
                .damage
                .note(|| format!("line {number}: holds an unresolved merge conflict"));
            continue;
        }
        if indent == 0 {
            // A long key stands behind a question mark, and its colon in a line of its own.
            if content == ":" && explicit {
                explicit = false;
                continue;
            }
            section.clear();
            let long = content.strip_prefix("? ");
            explicit = long.is_some();
            let written = long.unwrap_or(content);
            if written == "__metadata:" {
                berry = true;
            }
            let keys = keys(written, berry);
            if keys.is_none() {
                found
                    .damage
                    .note(|| format!("line {number}: is no entry of a lock file"));
            }
            entries.push(Raw {
                line: number,
                keys: keys.unwrap_or_default(),
                ..Raw::default()
            });
            continue;
        }
        let (Some(entry), Some((key, value))) = (entries.last_mut(), field(content)) else {
            found
                .damage
                .note(|| format!("line {number}: is no field of a lock file"));
            continue;
        };
        match (indent, key.as_str()) {
            (2, _) if value.is_empty() => section = key,
            (2, "version") => entry.version = value,
            (2, "resolved") => entry.resolved = value,
            (2, "resolution") => entry.resolution = value,
            (2, "integrity") => entry.integrity = value,
            (2, "checksum") => entry.checksum = value,
            (2, "conditions") => entry.conditions = value,
            (2, "linkType") => entry.soft = value == "soft",
            (4, _)
                if matches!(section.as_str(), "dependencies" | "optionalDependencies")
                    && entry.needs.len() < MAX_DEPENDENCIES =>
            {
                entry.needs.push((key, value));
            }
            _ => {}
        }
    }
    join(entries, berry, found);
}

/// Reads the key of an entry: `name@range`, several parted by commas, in quotes where needed.
fn keys(written: &str, berry: bool) -> Option<Vec<String>> {
    let mut rest = written;
    let mut keys: Vec<String> = Vec::new();
    let mut add = |key: &str| {
        if keys.len() < MAX_RANGES && !key.is_empty() {
            keys.push(key.to_owned());
        }
    };
    loop {
        rest = rest.trim_start();
        if rest.starts_with('"') {
            let (key, after) = quoted(rest)?;
            if berry {
                key.split(',').map(str::trim).for_each(&mut add);
            } else {
                add(&key);
            }
            rest = after.trim_start();
        } else {
            let end = rest.find(", ").unwrap_or(rest.len());
            let (key, after) = rest.split_at_checked(end)?;
            if after.is_empty() {
                // What ends without its colon was cut, except behind a question mark.
                add(key.strip_suffix(':')?);
            } else {
                add(key);
            }
            rest = after;
        }
        match rest {
            "" | ":" => return Some(keys),
            _ => rest = rest.strip_prefix(',')?,
        }
    }
}

/// Reads a text in quotes; returns it and what stands behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })? + 2;
    let (whole, after) = text.split_at_checked(end)?;
    Some((serde_json::from_str(whole).ok()?, after))
}

/// Parts a field: `key value` of version 1, `key: value` of later ones.
fn field(content: &str) -> Option<(String, String)> {
    let (key, rest) = if content.starts_with('"') {
        quoted(content)?
    } else {
        let end = content.find([' ', ':'])?;
        let (key, rest) = content.split_at_checked(end)?;
        (key.to_owned(), rest)
    };
    let rest = rest.strip_prefix(':').unwrap_or(rest).trim();
    let value = if rest.starts_with('"') {
        quoted(rest)?.0
    } else {
        rest.to_owned()
    };
    Some((key, value))
}

/// Makes entries of what was read, and finds what each leads to by what it asks for.
fn join(raws: Vec<Raw>, berry: bool, found: &mut Found) {
    let mut lock = Lock {
        // Yarn 2 and later list their workspaces with all that they ask for.
        asked_elsewhere: !berry,
        ..Lock::default()
    };
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut needs: Vec<(usize, Vec<(String, String)>)> = Vec::new();
    for raw in raws {
        let Some(first) = raw.keys.first().filter(|key| *key != "__metadata") else {
            continue;
        };
        let Some(entry) = describe(first, &raw, berry, found) else {
            continue;
        };
        let at = lock.entries.len();
        lock.entries.push(entry);
        needs.push((at, raw.needs));
        for key in raw.keys {
            index.insert(key, at);
        }
    }
    let mut lookups = Lookups::default();
    for (at, needs) in needs {
        let mut one = |(name, range): &(String, String)| {
            let exact = lookups.get(&index, &[name, "@", range]);
            // Before version 8 of its form, yarn left out where a range is looked for.
            exact.or_else(|| lookups.get(&index, &[name, "@npm:", range]))
        };
        let targets = needs.iter().filter_map(&mut one).collect();
        if let Some(entry) = lock.entries.get_mut(at) {
            entry.targets = targets;
        }
    }
    lookups.finish(found);
    lock.finish(found);
}

/// Makes the entry of what was read.
fn describe(first: &str, raw: &Raw, berry: bool, found: &mut Found) -> Option<Entry> {
    let Some((known, range)) = split_at(first) else {
        let line = raw.line;
        found
            .damage
            .note(|| format!("line {line}: an entry has no range"));
        return None;
    };
    let (name, origin) = if berry {
        split_at(&raw.resolution).unwrap_or((known, range))
    } else {
        (aliased(range).map_or(known, |(name, _)| name), range)
    };
    if raw.soft || is_local(origin) {
        return Some(Entry::new(None));
    }
    if raw.version.is_empty() {
        let line = raw.line;
        found
            .damage
            .note(|| format!("line {line}: an entry has no version"));
    }
    let mut package = package(name, &raw.version, found)?;
    if name != known {
        property(&mut package, "alias", known);
    }
    set_origin(&mut package, &raw.resolved);
    if berry && !origin.starts_with("npm:") && !origin.starts_with("patch:") {
        set_origin(&mut package, origin);
    }
    for (key, value) in [
        ("integrity", &raw.integrity),
        ("checksum", &raw.checksum),
        ("conditions", &raw.conditions),
    ] {
        property(&mut package, key, value);
    }
    package.provides = offers(&raw.keys);
    Some(Entry::new(Some(package)))
}

/// Says what an entry answers to, for `package.json` to ask.
fn offers(keys: &[String]) -> Vec<Requirement> {
    keys.iter()
        .filter_map(|key| split_at(key))
        .map(|(name, range)| requirement(name, range))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_both_forms_are_read() {
        let cases: &[(&str, bool, &[&str])] = &[
            ("a@^1, b@^2:", false, &["a@^1", "b@^2"]),
            (
                r#""@s/a@^1", "b@>= 1, < 2":"#,
                false,
                &["@s/a@^1", "b@>= 1, < 2"],
            ),
            (r#""a@npm:^1, a@npm:^2":"#, true, &["a@npm:^1", "a@npm:^2"]),
            ("__metadata:", true, &["__metadata"]),
            (r#""a@npm:^1""#, true, &["a@npm:^1"]),
        ];
        for (written, berry, want) in cases {
            assert_eq!(keys(written, *berry).unwrap(), *want, "{written}");
        }
        assert_eq!(keys("\"a@1", false), None);
        assert_eq!(keys("a@1", false), None);
    }

    #[test]
    fn fields_of_both_forms_are_read() {
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(field("version \"1.0\""), pair("version", "1.0"));
        assert_eq!(field("version: 1.0"), pair("version", "1.0"));
        assert_eq!(field("\"@s/a\": \"npm:^1\""), pair("@s/a", "npm:^1"));
        assert_eq!(field("dependencies:"), pair("dependencies", ""));
        assert_eq!(field("\"a"), None);
    }
}
