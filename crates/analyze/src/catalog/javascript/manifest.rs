//! What is read of one `package.json` (npm's documentation, "package.json").

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use plimsoll_model::package::Requirement;

use super::shape::{Licenses, Loose, Names, Ranges, Take, Text};

/// Is what one `package.json` states.
#[derive(Debug, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own; all combinations occur"
)]
pub(super) struct Manifest {
    /// The name as written.
    pub(super) name: Option<String>,
    /// The version as written.
    pub(super) version: Option<String>,
    /// Licences as declared.
    pub(super) licenses: Vec<String>,
    /// What it needs to run, in `dependencies`, `optionalDependencies` and `peerDependencies`.
    pub(super) dependencies: Vec<Requirement>,
    pub(super) optional: Vec<Requirement>,
    pub(super) peers: Vec<Requirement>,
    /// What its own developers need.
    pub(super) development: Vec<Requirement>,
    /// What its archive brings along.
    pub(super) bundles: Names,
    /// Whether npm noted that another package's archive brought it.
    pub(super) in_bundle: bool,
    /// Whether it names workspaces.
    pub(super) workspaces: bool,
    /// Whether it is never published.
    pub(super) private: bool,
    /// Whether it is an extension of an editor: it asks for the editor among its engines.
    pub(super) extension: bool,
    /// The home page.
    pub(super) homepage: Option<String>,
    /// The author: a text, or the name of an object.
    pub(super) author: Option<String>,
    /// Where npm up to version 6 noted that it came from, and the digest of its archive.
    pub(super) resolved: Option<String>,
    pub(super) integrity: Option<String>,
    /// Why it could not be read to its end.
    pub(super) damage: Option<String>,
}

/// Reads a `package.json`. What stood before damage is kept.
///
/// As Node and npm do: a byte order mark is skipped, bytes that are not UTF-8 are replaced, and of
/// a repeated key the last counts.
pub(super) fn parse(bytes: &[u8]) -> Manifest {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let manifest = parse_utf8(bytes);
    if manifest.damage.is_some()
        && let Cow::Owned(replaced) = String::from_utf8_lossy(bytes)
    {
        return parse_utf8(replaced.as_bytes());
    }
    manifest
}

fn parse_utf8(bytes: &[u8]) -> Manifest {
    let mut manifest = Manifest::default();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = Fields(&mut manifest).deserialize(&mut json);
    if let Err(error) = read.and_then(|()| json.end()) {
        manifest.damage = Some(error.to_string());
    }
    manifest
}

struct Fields<'m>(&'m mut Manifest);

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let manifest = self.0;
        while let Some(Key(key)) = fields.next_key()? {
            match key.as_ref() {
                "name" => manifest.name = value::<Text, A>(&mut fields)?,
                "version" => manifest.version = value::<Text, A>(&mut fields)?,
                "license" | "licence" | "licenses" => {
                    let found = value::<Licenses, A>(&mut fields)?.0;
                    // `licenses` is the older field: it never replaces the newer one.
                    if key == "license" || manifest.licenses.is_empty() {
                        manifest.licenses = found;
                    }
                }
                "dependencies" => manifest.dependencies = value::<Ranges, A>(&mut fields)?.0,
                "optionalDependencies" => manifest.optional = value::<Ranges, A>(&mut fields)?.0,
                "peerDependencies" => manifest.peers = value::<Ranges, A>(&mut fields)?.0,
                "devDependencies" => manifest.development = value::<Ranges, A>(&mut fields)?.0,
                "bundleDependencies" | "bundledDependencies" => {
                    manifest.bundles = value::<Names, A>(&mut fields)?;
                }
                "_inBundle" => manifest.in_bundle = value::<bool, A>(&mut fields)?,
                "workspaces" => manifest.workspaces = value::<Several, A>(&mut fields)?.0,
                "private" => manifest.private = value::<bool, A>(&mut fields)?,
                "engines" => manifest.extension = value::<Engines, A>(&mut fields)?.0,
                "homepage" => manifest.homepage = value::<Text, A>(&mut fields)?,
                "author" => manifest.author = value::<Person, A>(&mut fields)?.0,
                "_resolved" => manifest.resolved = value::<Text, A>(&mut fields)?,
                "_integrity" => manifest.integrity = value::<Text, A>(&mut fields)?,
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

fn value<'de, T: Take, A: MapAccess<'de>>(fields: &mut A) -> Result<T, A::Error> {
    fields.next_value::<Loose<T>>().map(|loose| loose.0)
}

/// Is a key, borrowed from the file where nothing in it is escaped.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrow)
    }
}

/// Is whether one of the engines is an editor's.
#[derive(Default)]
struct Engines(bool);

impl Take for Engines {
    fn fields<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = fields.next_key()? {
            self.0 |= matches!(key.as_ref(), "vscode" | "atom" | "theia");
            fields.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Is whether a value is a list or an object.
#[derive(Default)]
struct Several(bool);

impl Take for Several {
    fn list<'de, A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        self.0 = true;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn fields<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        self.0 = true;
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// Is a person: `Name <mail> (page)`, or an object of which the name and the mail are taken.
#[derive(Default)]
struct Person(Option<String>);

impl Take for Person {
    fn text(&mut self, value: &str) {
        self.0.text(value);
    }

    fn fields<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        let (mut name, mut mail) = (None, None);
        while let Some(Key(key)) = fields.next_key()? {
            match key.as_ref() {
                "name" => name = value::<Text, A>(&mut fields)?,
                "email" => mail = value::<Text, A>(&mut fields)?,
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        self.0 = match (name, mail) {
            (Some(name), Some(mail)) => Some(format!("{name} <{mail}>")),
            (name, mail) => name.or(mail),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_value_may_be_of_the_wrong_type() {
        let odd = parse(
            br#"{"name": 7, "version": 1, "license": {"type": "MIT"}, "dependencies": ["a"],
                "optionalDependencies": {"b": {"x": 1}, "c": "1"}, "engines": "node", "private": "x",
                "author": [1], "bundleDependencies": true}"#,
        );
        assert_eq!(odd.name.as_deref(), Some("7"));
        assert_eq!(odd.version.as_deref(), Some("1"));
        assert_eq!(odd.licenses, ["MIT"]);
        assert!(odd.dependencies.is_empty());
        assert_eq!(odd.optional.len(), 1);
        assert!(odd.bundles.all && odd.damage.is_none() && !odd.private);
    }

    #[test]
    fn depth_does_not_matter_where_nothing_is_read() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        let text = format!(r#"{{"x": {deep}, "name": "a", "license": [{deep}], "version": "1"}}"#);
        let read = parse(text.as_bytes());
        assert_eq!(read.name.as_deref(), Some("a"));
        let text = format!(r#"{{"name": "a", "version": "1", "author": {deep}"#);
        assert_eq!(parse(text.as_bytes()).version.as_deref(), Some("1"));
    }

    #[test]
    fn what_stands_before_damage_is_kept() {
        let cut = parse(b"\xef\xbb\xbf{\"name\": \"a\", \"version\": \"1.0.0\", \"depen");
        assert_eq!(cut.version.as_deref(), Some("1.0.0"));
        assert!(cut.damage.is_some());
        let raw = parse(b"{\"name\": \"a\", \"author\": \"Jos\xe9\", \"version\": \"2\"}");
        assert!(raw.damage.is_none());
        assert_eq!(raw.version.as_deref(), Some("2"));
    }
}
