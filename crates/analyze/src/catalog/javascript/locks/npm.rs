//! `package-lock.json` and `npm-shrinkwrap.json` (npm's documentation, "package-lock.json").
//!
//! Versions 2 and 3 list packages by their path (`node_modules/a/node_modules/b`). Version 1 nests
//! them; their paths are made up here, so that both are resolved as Node does.

use std::collections::HashMap;

use plimsoll_model::package::{Package, Requirement};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess};

use super::super::shape::{Into, Licenses, Loose, Ranges, Receive, Take, Text};
use super::lock::{Entry, Lock, Lookups, aliased, is_local, package, set_flag, set_origin};
use crate::catalog::kit::{Found, property};

/// The longest path of a package, in bytes; as Linux allows.
const MAX_PATH_BYTES: usize = 4096;

/// The folder in which Node looks.
const MODULES: &str = "node_modules/";

/// Is one entry as written.
#[derive(Default)]
struct Raw {
    name: Text,
    version: Text,
    resolved: Text,
    integrity: Text,
    licenses: Licenses,
    /// What it needs: `dependencies`, `optionalDependencies` and `peerDependencies`, or `requires`.
    needs: Vec<Requirement>,
    develops: Vec<Requirement>,
    /// The properties that are `true`.
    flags: Vec<&'static str>,
    link: bool,
}

impl Raw {
    /// Reads one field; says whether it was one.
    fn field<'de, A: MapAccess<'de>>(&mut self, key: &str, fields: &mut A) -> Result<(), A::Error> {
        let flag = match key {
            "dev" => "dev",
            "optional" => "optional",
            "devOptional" => "dev_optional",
            "peer" => "peer",
            "inBundle" | "bundled" => "bundled",
            "extraneous" => "extraneous",
            _ => "",
        };
        match key {
            _ if !flag.is_empty() => {
                if fields.next_value::<Loose<bool>>()?.0 {
                    self.flags.push(flag);
                }
            }
            "name" => self.name = fields.next_value::<Loose<Text>>()?.0,
            "version" => self.version = fields.next_value::<Loose<Text>>()?.0,
            "resolved" => self.resolved = fields.next_value::<Loose<Text>>()?.0,
            "integrity" => self.integrity = fields.next_value::<Loose<Text>>()?.0,
            "license" => self.licenses = fields.next_value::<Loose<Licenses>>()?.0,
            "link" => self.link = fields.next_value::<Loose<bool>>()?.0,
            "dependencies" | "optionalDependencies" | "peerDependencies" | "requires" => {
                self.needs
                    .append(&mut fields.next_value::<Loose<Ranges>>()?.0.0);
            }
            "devDependencies" => self.develops = fields.next_value::<Loose<Ranges>>()?.0.0,
            _ => {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl Take for Raw {
    fn fields<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            self.field(key.as_deref().unwrap_or_default(), &mut fields)?;
        }
        Ok(())
    }
}

/// Is the whole file.
#[derive(Default)]
struct File {
    /// By path; of a repeated path the last counts, as in JSON.
    packages: Vec<(String, Raw)>,
    nested: Vec<(String, Raw)>,
}

impl Receive for &mut File {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            match key.as_deref() {
                Some("packages") => fields.next_value_seed(Into(Packages(&mut self.packages)))?,
                Some("dependencies") => fields.next_value_seed(Into(Nested {
                    within: "",
                    all: &mut self.nested,
                }))?,
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct Packages<'f>(&'f mut Vec<(String, Raw)>);

impl Receive for Packages<'_> {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(path)) = fields.next_key::<Loose<Text>>()? {
            let Loose(raw) = fields.next_value::<Loose<Raw>>()?;
            self.0.push((path.unwrap_or_default(), raw));
        }
        Ok(())
    }
}

/// Is the `dependencies` of version 1.
struct Nested<'f> {
    within: &'f str,
    all: &'f mut Vec<(String, Raw)>,
}

impl Receive for Nested<'_> {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(name)) = fields.next_key::<Loose<Text>>()? {
            let name = name.unwrap_or_default();
            let separator = if self.within.is_empty() { "" } else { "/" };
            let path = format!("{}{separator}{MODULES}{name}", self.within);
            // Each level repeats the path of those above.
            if path.len() > MAX_PATH_BYTES {
                fields.next_value::<IgnoredAny>()?;
                self.all.push((path, Raw::default()));
                continue;
            }
            fields.next_value_seed(Into(One {
                path,
                all: &mut *self.all,
            }))?;
        }
        Ok(())
    }
}

/// Is one entry of version 1 with those in it.
struct One<'f> {
    path: String,
    all: &'f mut Vec<(String, Raw)>,
}

impl Receive for One<'_> {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let index = self.all.len();
        self.all.push((self.path.clone(), Raw::default()));
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            match key.as_deref() {
                Some("dependencies") => fields.next_value_seed(Into(Nested {
                    within: &self.path,
                    all: &mut *self.all,
                }))?,
                key => {
                    let mut unknown = Raw::default();
                    let raw = self.all.get_mut(index).map_or(&mut unknown, |(_, raw)| raw);
                    raw.field(key.unwrap_or_default(), &mut fields)?;
                }
            }
        }
        Ok(())
    }
}

/// Reads a lock file.
pub(super) fn read(bytes: &[u8], found: &mut Found) {
    let text = String::from_utf8_lossy(bytes);
    let mut file = File::default();
    let mut json = serde_json::Deserializer::from_str(&text);
    let read = Into(&mut file).deserialize(&mut json);
    if let Err(error) = read.and_then(|()| json.end()) {
        found
            .damage
            .note(|| format!("could not be read to its end, packages may be missing: {error}"));
    }
    let first_form = file.packages.is_empty();
    let all = if first_form {
        file.nested
    } else {
        file.packages
    };
    let mut lock = Lock {
        asked_elsewhere: first_form,
        ..Lock::default()
    };
    // Where what lies at a path is: nowhere for a link.
    let mut index: HashMap<String, Option<usize>> = HashMap::with_capacity(all.len());
    let mut needs: Vec<(usize, String, Vec<Requirement>, Vec<Requirement>)> = Vec::new();
    for (path, raw) in all {
        if path.len() > MAX_PATH_BYTES {
            found
                .damage
                .note(|| "a package's path is longer than any file's".to_owned());
            continue;
        }
        if raw.link {
            index.insert(path, None);
            continue;
        }
        let project = if first_form {
            raw.version.as_deref().is_some_and(is_local)
        } else {
            !is_module(&path)
        };
        let mut entry = Entry::new(None);
        if !project {
            let Some(package) = describe(&path, &raw, found) else {
                continue;
            };
            entry.package = Some(package);
            if first_form && let Some(name) = path.strip_prefix(MODULES).filter(|n| !is_module(n)) {
                // package.json beside the file says who of these was asked for.
                let own = Requirement {
                    name: name.to_owned(),
                    constraint: String::new(),
                };
                entry
                    .package
                    .iter_mut()
                    .for_each(|package| package.provides.push(own.clone()));
            }
        }
        let develops = if project { raw.develops } else { Vec::new() };
        let at = lock.entries.len();
        lock.entries.push(entry);
        needs.push((at, path.clone(), raw.needs, develops));
        index.insert(path, Some(at));
    }
    let mut lookups = Lookups::default();
    for (at, path, needs, develops) in needs {
        let targets = resolve(&path, &needs, &index, &mut lookups);
        let develop = resolve(&path, &develops, &index, &mut lookups);
        if let Some(entry) = lock.entries.get_mut(at) {
            (entry.targets, entry.develop) = (targets, develop);
        }
    }
    lookups.finish(found);
    lock.finish(found);
}

/// Says whether a path leads into a `node_modules`.
fn is_module(path: &str) -> bool {
    path.starts_with(MODULES) || path.contains("/node_modules/")
}

/// Makes the package of an entry.
fn describe(path: &str, raw: &Raw, found: &mut Found) -> Option<Package> {
    let folder = path
        .rfind(MODULES)
        .and_then(|at| path.get(at + MODULES.len()..))
        .unwrap_or(path);
    let version = raw.version.as_deref().unwrap_or_default();
    let (alias, version) = aliased(version).map_or((None, version), |(n, v)| (Some(n), v));
    let name = alias.or(raw.name.as_deref()).unwrap_or(folder);
    let mut package = package(name, version, found)?;
    if name != folder {
        property(&mut package, "alias", folder);
    }
    if package.version.is_empty() {
        // Version 1 has the place of origin there.
        set_origin(&mut package, version);
    }
    if let Some(resolved) = &raw.resolved {
        set_origin(&mut package, resolved);
    }
    property(
        &mut package,
        "integrity",
        raw.integrity.as_deref().unwrap_or_default(),
    );
    package.licenses.clone_from(&raw.licenses.0);
    for flag in &raw.flags {
        set_flag(&mut package, flag, true);
    }
    Some(package)
}

/// Finds what Node loads for names, from the folder of a package.
fn resolve(
    path: &str,
    needs: &[Requirement],
    index: &HashMap<String, Option<usize>>,
    lookups: &mut Lookups,
) -> Vec<usize> {
    let one = |wanted: &Requirement| {
        let mut base = path;
        loop {
            let separator = if base.is_empty() { "" } else { "/" };
            let parts = [base, separator, MODULES, &wanted.name];
            if let Some(found) = lookups.get(index, &parts) {
                return found;
            }
            if base.is_empty() {
                return None;
            }
            base = base.rsplit_once('/').map_or("", |(above, _)| above);
            base = base.strip_suffix("node_modules").unwrap_or(base);
            base = base.strip_suffix('/').unwrap_or(base);
        }
    };
    let mut found: Vec<usize> = needs.iter().filter_map(one).collect();
    found.sort_unstable();
    found.dedup();
    found
}
