//! `pnpm-lock.yaml`, versions 5, 6 and 9 (pnpm's specification of its lock file).
//!
//! Packages are called `/name/1.0.0_peer@1` in version 5, `/name@1.0.0(peer@1)` in version 6,
//! `name@1.0.0(peer@1)` in version 9, which parts what a package is (`packages`) from what it leads
//! to (`snapshots`). A package with different peers is several entries, and one package.

use std::collections::HashMap;

use plimsoll_model::package::Requirement;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess};
use serde_saphyr::{DuplicateKeyPolicy, Options};

use super::super::is_name;
use super::super::shape::{Into, Keyed, Loose, Ranges, Receive, Take, Text};
use super::lock::{Entry, Lock, Lookups, is_local, package, set_flag, set_origin, split_at};
use crate::catalog::kit::{Found, property};

/// The most values of a file. One of 10,000 packages has some 200,000.
const MAX_NODES: usize = 8_000_000;

/// The most levels. The deepest value is five levels deep.
const MAX_DEPTH: usize = 64;

/// The most documents. pnpm writes two at most.
const MAX_DOCUMENTS: usize = 8;

/// The most anchors and aliases. pnpm writes none.
const MAX_ANCHORS: usize = 1024;

/// The kinds of dependencies, and whether only developers need them.
const KINDS: [(&str, bool); 3] = [
    ("dependencies", false),
    ("optionalDependencies", false),
    ("devDependencies", true),
];

/// Is what a project asks for, with what was chosen.
#[derive(Default)]
struct Importer {
    run: Vec<Requirement>,
    develop: Vec<Requirement>,
}

impl Importer {
    fn field<'de, A: MapAccess<'de>>(&mut self, key: &str, fields: &mut A) -> Result<(), A::Error> {
        let kind = KINDS.iter().find(|(kind, _)| *kind == key);
        match kind {
            Some((_, false)) => self.run.extend(fields.next_value::<Loose<Chosen>>()?.0.0),
            Some((_, true)) => self
                .develop
                .extend(fields.next_value::<Loose<Chosen>>()?.0.0),
            None => {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl Take for Importer {
    fn fields<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            self.field(key.as_deref().unwrap_or_default(), &mut fields)?;
        }
        Ok(())
    }
}

/// Is names with what was chosen for them: a text, or the `version` of an object.
#[derive(Default)]
struct Chosen(Vec<Requirement>);

impl Take for Chosen {
    fn fields<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(name)) = fields.next_key::<Loose<Text>>()? {
            let Loose(Version(version)) = fields.next_value::<Loose<Version>>()?;
            if let (Some(name), Some(constraint)) = (name, version) {
                self.0.push(Requirement { name, constraint });
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Version(Text);

impl Take for Version {
    fn text(&mut self, value: &str) {
        self.0.text(value);
    }

    fn fields<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            if key.as_deref() == Some("version") {
                self.0 = fields.next_value::<Loose<Text>>()?.0;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Is one entry of `packages` or `snapshots`.
#[derive(Default)]
struct Raw {
    name: Text,
    version: Text,
    origin: Origin,
    needs: Vec<Requirement>,
    dev: bool,
    optional: bool,
}

impl Take for Raw {
    fn fields<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            match key.as_deref().unwrap_or_default() {
                "name" => self.name = fields.next_value::<Loose<Text>>()?.0,
                "version" => self.version = fields.next_value::<Loose<Text>>()?.0,
                "resolution" => self.origin = fields.next_value::<Loose<Origin>>()?.0,
                "dependencies" | "optionalDependencies" => {
                    self.needs
                        .append(&mut fields.next_value::<Loose<Ranges>>()?.0.0);
                }
                "dev" => self.dev = fields.next_value::<Loose<bool>>()?.0,
                "optional" => self.optional = fields.next_value::<Loose<bool>>()?.0,
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Is where a package comes from.
#[derive(Clone, Default)]
struct Origin {
    integrity: Text,
    tarball: Text,
    repository: Text,
    commit: Text,
    directory: bool,
}

impl Take for Origin {
    fn fields<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            let Loose(value) = fields.next_value::<Loose<Text>>()?;
            match key.as_deref().unwrap_or_default() {
                "integrity" => self.integrity = value,
                "tarball" => self.tarball = value,
                "repo" => self.repository = value,
                "commit" => self.commit = value,
                "directory" => self.directory = true,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Is the whole file.
#[derive(Default)]
struct File {
    form: Text,
    /// The one project of a file without workspaces.
    own: Importer,
    importers: Vec<Importer>,
    packages: Vec<(String, Raw)>,
    snapshots: Vec<(String, Raw)>,
}

impl Receive for &mut File {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            match key.as_deref().unwrap_or_default() {
                "lockfileVersion" => self.form = fields.next_value::<Loose<Text>>()?.0,
                "importers" => fields.next_value_seed(Into(Importers(&mut self.importers)))?,
                "packages" => fields.next_value_seed(Into(Keyed(&mut self.packages)))?,
                "snapshots" => fields.next_value_seed(Into(Keyed(&mut self.snapshots)))?,
                key => self.own.field(key, &mut fields)?,
            }
        }
        Ok(())
    }
}

struct Importers<'f>(&'f mut Vec<Importer>);

impl Receive for Importers<'_> {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while fields.next_key::<IgnoredAny>()?.is_some() {
            self.0.push(fields.next_value::<Loose<Importer>>()?.0);
        }
        Ok(())
    }
}

/// Returns how a file is read: no more values than a lock file has, and nothing that repeats them.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 2 * MAX_NODES,
            max_nodes: MAX_NODES,
            max_depth: MAX_DEPTH,
            max_anchors: MAX_ANCHORS,
            max_aliases: MAX_ANCHORS,
        },
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    }
}

/// Returns the documents of a file: since pnpm 11 the tools that run pnpm stand in one before the
/// project's.
fn documents(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let all = rest?;
        let end = all.find("\n---").filter(|end| {
            all.get(end + 4..)
                .is_some_and(|after| after.starts_with(['\n', '\r']))
        });
        let (one, after) = match end {
            Some(end) => (all.get(..end)?, all.get(end + 4..)),
            None => (all, None),
        };
        rest = after;
        Some(one)
    })
}

/// Reads a lock file.
pub(super) fn read(bytes: &[u8], found: &mut Found) {
    let text = String::from_utf8_lossy(bytes);
    for (number, document) in documents(&text).enumerate() {
        if number == MAX_DOCUMENTS {
            found
                .damage
                .limit(|| format!("more than {MAX_DOCUMENTS} documents; the rest was left out"));
            break;
        }
        let mut file = File::default();
        let read =
            serde_saphyr::with_deserializer_from_str_with_options(document, options(), |yaml| {
                Into(&mut file).deserialize(yaml)
            });
        if let Err(error) = read {
            found.damage.note(|| {
                let message = error.to_string();
                let first = message.lines().next().unwrap_or_default();
                format!("could not be read to its end, packages may be missing: {first}")
            });
        }
        join(file, found);
    }
}

/// Makes entries of what was read, and finds what each leads to.
fn join(file: File, found: &mut Found) {
    let fifth = !matches!(file.form.as_deref(), Some(form) if !form.starts_with('5'));
    let mut lock = Lock {
        parted: true,
        ..Lock::default()
    };
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut needs: Vec<(usize, Vec<Requirement>)> = Vec::new();
    // What a package is stands apart from what it leads to.
    let described: HashMap<&str, &Raw> = if file.snapshots.is_empty() {
        HashMap::new()
    } else {
        file.packages
            .iter()
            .map(|(key, raw)| (key.as_str(), raw))
            .collect()
    };
    // What a damaged file did not come to say more of is a package all the same.
    let known: std::collections::HashSet<&str> = file
        .snapshots
        .iter()
        .map(|(key, _)| without_peers(key))
        .collect();
    let alone = file
        .packages
        .iter()
        .filter(|(key, _)| known.is_empty() || !known.contains(without_peers(key)));
    for (key, raw) in file.snapshots.iter().chain(alone) {
        let what = described.get(without_peers(key)).copied();
        let Some(entry) = describe(key, raw, what.unwrap_or(raw), fifth, found) else {
            continue;
        };
        let at = lock.entries.len();
        lock.entries.push(entry);
        needs.push((at, raw.needs.clone()));
        index.insert(key.clone(), at);
    }
    let mut lookups = Lookups::default();
    let mut find = |all: &[Requirement]| -> Vec<usize> {
        let one = |wanted: &Requirement| {
            let (name, chosen) = (wanted.name.as_str(), wanted.constraint.as_str());
            let found = lookups.get(&index, &[name, "@", chosen]);
            let found = found.or_else(|| lookups.get(&index, &["/", name, "@", chosen]));
            let found = found.or_else(|| lookups.get(&index, &["/", name, "/", chosen]));
            found.or_else(|| lookups.get(&index, &[chosen]))
        };
        all.iter().filter_map(one).collect()
    };
    for (at, needs) in needs {
        let targets = find(&needs);
        if let Some(entry) = lock.entries.get_mut(at) {
            entry.targets = targets;
        }
    }
    let own = (!file.own.run.is_empty() || !file.own.develop.is_empty()).then_some(file.own);
    for importer in file.importers.into_iter().chain(own) {
        lock.entries.push(Entry {
            package: None,
            targets: find(&importer.run),
            develop: find(&importer.develop),
        });
    }
    lookups.finish(found);
    lock.finish(found);
}

/// Makes the entry that a key names, of what leads on and what describes it.
fn describe(key: &str, raw: &Raw, what: &Raw, fifth: bool, found: &mut Found) -> Option<Entry> {
    if what.origin.directory {
        return Some(Entry::new(None));
    }
    let (name, version) = identity(key, fifth);
    if is_local(version) && what.version.is_none() && version.starts_with("link:") {
        return Some(Entry::new(None));
    }
    let name = what.name.as_deref().unwrap_or(name);
    let version = what.version.as_deref().unwrap_or(version);
    let mut package = package(name, version, found)?;
    let origin = &what.origin;
    if package.version.is_empty() {
        set_origin(&mut package, version);
    }
    if let Some(tarball) = origin.tarball.as_ref().or(origin.repository.as_ref()) {
        set_origin(&mut package, tarball);
    }
    for (key, value) in [("integrity", &origin.integrity), ("commit", &origin.commit)] {
        property(&mut package, key, value.as_deref().unwrap_or_default());
    }
    set_flag(&mut package, "dev", raw.dev);
    set_flag(&mut package, "optional", raw.optional);
    Some(Entry::new(Some(package)))
}

/// Returns a key without the peers in parentheses.
fn without_peers(key: &str) -> &str {
    key.split_once('(').map_or(key, |(before, _)| before)
}

/// Parts a key into name and version.
fn identity(key: &str, fifth: bool) -> (&str, &str) {
    let key = without_peers(key);
    let own = key.strip_prefix('/').unwrap_or(key);
    if !fifth {
        return split_at(own).unwrap_or((own, ""));
    }
    // A key without the first slash starts with the registry's host.
    let path = if own.len() == key.len() {
        own.split_once('/').map_or(own, |(_, path)| path)
    } else {
        own
    };
    let (name, version) = path.rsplit_once('/').unwrap_or((path, ""));
    let version = version
        .split_once('_')
        .map_or(version, |(before, _)| before);
    // The peers of version 5 may hold slashes of their own: `/a/1.0.0_@s+b@2`, or none at all.
    if is_name(name) {
        (name, version)
    } else {
        (own, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_all_forms_are_parted() {
        for (key, fifth, name, version) in [
            ("/a/1.0.0", true, "a", "1.0.0"),
            ("/@s/a/1.0.0_b@2.0.0+@c+d@1", true, "@s/a", "1.0.0"),
            ("registry.example.com/@s/a/1.0.0", true, "@s/a", "1.0.0"),
            ("/a@1.0.0(@s/b@2.0.0(c@1))", false, "a", "1.0.0"),
            ("@s/a@1.0.0", false, "@s/a", "1.0.0"),
            (
                "a@https://example.com/a.tgz",
                false,
                "a",
                "https://example.com/a.tgz",
            ),
        ] {
            assert_eq!(identity(key, fifth), (name, version), "{key}");
        }
    }

    #[test]
    fn documents_are_parted() {
        assert_eq!(documents("a: 1\n---\nb: 2\n").count(), 2);
        assert_eq!(documents("---\na: 1\n").count(), 1);
        assert_eq!(documents("a: '\n---x'\n").count(), 1);
    }
}
