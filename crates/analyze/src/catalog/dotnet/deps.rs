//! `*.deps.json`, which the host of .NET reads to find assemblies (dotnet/sdk,
//! "runtime-configuration-file.md").

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess};

use super::super::budget::Budget;
use super::super::damage::{Damage, text};
use super::super::javascript::shape::{Into, Loose, Receive, Take, Text};
use super::super::requirement::MAX_REQUIREMENTS;

/// The most steps that are taken through packages that are not there, for all packages together. An
/// application of 1,000 packages needs some 10,000.
const MAX_STEPS: usize = 200_000;

/// The most libraries, dependencies and files of one list that are kept, together. Large applications
/// have some 10,000.
const MAX_NAMES: usize = 200_000;

/// How many names a library counts for: it becomes a package.
const LIBRARY_NAMES: usize = 4;

/// The longest name of a library with its version that is kept, in bytes. NuGet allows 100 for the
/// name.
const MAX_NAME_BYTES: usize = 256;

/// Is what one file states.
#[derive(Debug, Default)]
pub(super) struct Stated {
    /// The packages.
    pub(super) packages: Vec<Package>,
    /// The names of the files of all libraries, in lower case, sorted.
    pub(super) files: Vec<String>,
}

/// Is what is read first: which target the application runs on.
#[derive(Default)]
struct Choice {
    /// The one that is named.
    named: Option<String>,
    /// The last one by name, for lists that name none or one that is not there.
    last: Option<String>,
}

impl Receive for &mut Choice {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            match key.as_deref() {
                // An object or, of the first .NET Core, a text.
                Some("runtimeTarget") => self.named = fields.next_value::<Loose<Named>>()?.0.0,
                Some("targets") => fields.next_value_seed(Into(Last(&mut self.last)))?,
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Is a text, or the field `name` of an object.
#[derive(Default)]
struct Named(Option<String>);

impl Take for Named {
    fn text(&mut self, value: &str) {
        self.0 = Some(text(value.as_bytes()));
    }

    fn fields<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            if key.as_deref() == Some("name") {
                self.0 = fields.next_value::<Loose<Text>>()?.0;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Keeps the greatest name of an object's fields.
struct Last<'n>(&'n mut Option<String>);

impl Receive for Last<'_> {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            fields.next_value::<IgnoredAny>()?;
            if key > *self.0 {
                *self.0 = key;
            }
        }
        Ok(())
    }
}

/// Is a library of the target.
#[derive(Default)]
struct Library {
    /// What it requires: `name/version`.
    dependencies: Vec<String>,
    /// Whether it has files. `_._` stands for none on purpose.
    has_files: bool,
}

/// Is what is read second: one target, and what the libraries are.
#[derive(Default)]
struct List {
    target: String,
    /// Whether the target is there.
    found: bool,
    libraries: BTreeMap<String, Library>,
    /// Kind and checksum.
    described: BTreeMap<String, (String, String)>,
    /// The names of files, in lower case.
    files: BTreeSet<String>,
    /// How many names were kept.
    names: usize,
    /// Whether a name was too long.
    long: bool,
}

impl List {
    /// Says whether so many more names may be kept.
    fn room(&mut self, names: usize) -> bool {
        self.names += names;
        self.names <= MAX_NAMES
    }

    /// Says whether a library's name may be kept, which counts for so many.
    fn admits(&mut self, key: &str, names: usize) -> bool {
        if key.len() > MAX_NAME_BYTES {
            self.long = true;
            return false;
        }
        self.room(names)
    }
}

impl Receive for &mut List {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            match key.as_deref() {
                Some("targets") => fields.next_value_seed(Into(Targets(self)))?,
                Some("libraries") => fields.next_value_seed(Into(Described(self)))?,
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Reads the one target.
struct Targets<'l>(&'l mut List);

impl Receive for Targets<'_> {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            if key.as_ref() == Some(&self.0.target) {
                self.0.found = true;
                fields.next_value_seed(Into(Libraries(self.0)))?;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Reads the libraries of the target.
struct Libraries<'l>(&'l mut List);

impl Receive for Libraries<'_> {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            let Some(key) = key.filter(|key| self.0.admits(key, LIBRARY_NAMES)) else {
                fields.next_value::<IgnoredAny>()?;
                continue;
            };
            let mut library = Library::default();
            fields.next_value_seed(Into(Parts(self.0, &mut library)))?;
            self.0.libraries.insert(key, library);
        }
        Ok(())
    }
}

/// Reads what one library requires and which files it has.
struct Parts<'l>(&'l mut List, &'l mut Library);

impl Receive for Parts<'_> {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            match key.as_deref() {
                Some("dependencies") => {
                    fields.next_value_seed(Into(Dependencies(self.0, self.1)))?;
                }
                Some("runtime" | "native" | "runtimeTargets" | "resources") => {
                    fields.next_value_seed(Into(Files(self.0, self.1)))?;
                }
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct Dependencies<'l>(&'l mut List, &'l mut Library);

impl Receive for Dependencies<'_> {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(name)) = fields.next_key::<Loose<Text>>()? {
            let Loose(version) = fields.next_value::<Loose<Text>>()?;
            if let (Some(name), Some(version)) = (name, version) {
                let key = format!("{name}/{version}");
                if self.0.admits(&key, 1) {
                    self.1.dependencies.push(key);
                }
            }
        }
        Ok(())
    }
}

struct Files<'l>(&'l mut List, &'l mut Library);

impl Receive for Files<'_> {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(path)) = fields.next_key::<Loose<Text>>()? {
            fields.next_value::<IgnoredAny>()?;
            let path = path.unwrap_or_default();
            let name = path.rsplit(['/', '\\']).next().unwrap_or(&path);
            if name != "_._" {
                self.1.has_files = true;
                let name = name.to_ascii_lowercase();
                if !self.0.files.contains(&name) && self.0.room(1) {
                    self.0.files.insert(name);
                }
            }
        }
        Ok(())
    }
}

/// Reads what the libraries are.
struct Described<'l>(&'l mut List);

impl Receive for Described<'_> {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            let Loose(one) = fields.next_value::<Loose<Description>>()?;
            if let Some(key) = key.filter(|key| self.0.admits(key, 1)) {
                self.0.described.insert(key, (one.kind, one.sha512));
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Description {
    kind: String,
    sha512: String,
}

impl Take for Description {
    fn fields<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            let field = match key.as_deref() {
                Some("type") => &mut self.kind,
                Some("sha512") => &mut self.sha512,
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *field = fields.next_value::<Loose<Text>>()?.0.unwrap_or_default();
        }
        Ok(())
    }
}

/// Hands the file's one object to who receives it.
fn each(bytes: &[u8], receiver: impl Receive) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    Into(receiver).deserialize(&mut reader)?;
    reader.end()
}

/// Reads the file: of the target that the application runs on, the projects and each package and
/// runtime pack with files. The file is gone through twice, so that of the other targets nothing is
/// kept.
pub(super) fn parse(bytes: &[u8], damage: &mut Damage) -> Stated {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut choice = Choice::default();
    if let Err(error) = each(bytes, &mut choice) {
        damage.note(|| format!("no list of dependencies: {error}"));
    }
    let mut list = List::default();
    for target in [choice.named, choice.last].into_iter().flatten() {
        list = List {
            target,
            ..List::default()
        };
        // What is damaged was said above.
        let _ = each(bytes, &mut list);
        if list.found {
            break;
        }
    }
    if list.names > MAX_NAMES {
        damage.limit(|| {
            format!(
                "more than {MAX_NAMES} libraries, dependencies and files; the rest was left out"
            )
        });
    }
    if list.long {
        damage.note(|| format!("a name of more than {MAX_NAME_BYTES} bytes was left out"));
    }
    if !list.found {
        return Stated::default();
    }
    packages(list, damage)
}

/// Makes packages of the list.
fn packages(list: List, damage: &mut Damage) -> Stated {
    let target = &list.libraries;
    // What stands in the graph without files is passed through to what it requires.
    let empty = ("package".to_owned(), String::new());
    let described = |key: &str| list.described.get(key).unwrap_or(&empty);
    let present: BTreeSet<&str> = target
        .iter()
        .filter(|(key, one)| described(key).0 == "project" || one.has_files)
        .map(|(key, _)| key.as_str())
        .collect();
    let mut budget = Budget::default();
    let mut steps = 0_usize;
    let mut stated = Stated::default();
    for key in &present {
        let (name, version) = split(key);
        if name.is_empty() {
            damage.note(|| "a library has no name".to_owned());
            continue;
        }
        let mut package = Package::new(PackageKind::Nuget, name, version);
        let (kind, sum) = described(key);
        package.requested = (kind == "project").then_some(true);
        let properties = &mut package.properties;
        if !matches!(kind.as_str(), "" | "package") {
            properties.insert("type".to_owned(), kind.clone());
        }
        if !sum.is_empty() {
            properties.insert("sha512".to_owned(), sum.clone());
        }
        let required = required(key, target, &present, &mut steps);
        package.requires = required.into_iter().map(|one| vec![one]).collect();
        if budget.admit(&mut package, damage) {
            stated.packages.push(package);
        }
    }
    if steps >= MAX_STEPS {
        damage.unsupported(|| "too many dependencies: some are left out".to_owned());
    }
    stated.files = list.files.into_iter().collect();
    stated
}

/// Returns what a library requires that is there, also through what is not.
fn required(
    key: &str,
    target: &BTreeMap<String, Library>,
    present: &BTreeSet<&str>,
    steps: &mut usize,
) -> BTreeSet<Requirement> {
    let mut found = BTreeSet::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut open = vec![key];
    while let Some(key) = open.pop() {
        let Some(one) = target.get(key) else {
            continue;
        };
        for next in &one.dependencies {
            *steps += 1;
            if *steps >= MAX_STEPS || found.len() >= MAX_REQUIREMENTS {
                return found;
            }
            if present.contains(next.as_str()) {
                let (name, constraint) = split(next);
                found.insert(Requirement { name, constraint });
            } else if seen.insert(next) {
                open.push(next);
            }
        }
    }
    found
}

/// Parts `name/version`. A runtime pack's name starts with what it is.
pub(super) fn split(key: &str) -> (String, String) {
    let (name, version) = key.rsplit_once('/').unwrap_or((key, ""));
    let name = name.strip_prefix("runtimepack.").unwrap_or(name);
    (text(name.as_bytes()), text(version.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::issue::IssueKind;

    fn read(json: &str) -> (Vec<String>, Vec<String>, Vec<IssueKind>) {
        let mut damage = Damage::default();
        let stated = parse(json.as_bytes(), &mut damage);
        let names = stated.packages.iter();
        let names = names.map(|one| format!("{} {}", one.name, one.version));
        let issues = damage.finish().iter().map(|one| one.kind).collect();
        (names.collect(), stated.files, issues)
    }

    #[test]
    fn the_named_target_counts_else_the_last_and_what_is_damaged_keeps_its_start() {
        let targets = r#""targets": {"a": {"A/1": {"native": {"x/a.so": {}}}},
            "b": {"B/2": {"runtime": {"B.dll": 0, "_._": 0}}, "C/3": {"native": {"_._": 0}}}}"#;
        for (rest, package, file) in [
            (r#""runtimeTarget": {"name": "a"}"#, "A 1", "a.so"),
            (r#""runtimeTarget": "a""#, "A 1", "a.so"),
            (r#""runtimeTarget": "gone""#, "B 2", "b.dll"),
            (r#""runtimeTarget": [7]"#, "B 2", "b.dll"),
        ] {
            for json in [
                format!("{{{rest}, {targets}}}"),
                format!("{{{targets}, {rest}}}"),
            ] {
                let want = (vec![package.to_owned()], vec![file.to_owned()], Vec::new());
                assert_eq!(read(&json), want, "{json}");
            }
        }
        let cut = r#"{"runtimeTarget": "a", "targets": {"a": {"A/1": {"native": {"a": 0}}, "B"#;
        let want = (
            vec!["A 1".to_owned()],
            vec!["a".to_owned()],
            vec![IssueKind::DamagedMetadata],
        );
        assert_eq!(read(cut), want);
        let odd = r#"{"targets": {"a": {"A/1": 7, "B/1": {"native": [1], "dependencies": "x"}}}}"#;
        assert_eq!(read(odd), (Vec::new(), Vec::new(), Vec::new()));
        assert_eq!(read("[]"), (Vec::new(), Vec::new(), Vec::new()));
    }

    #[test]
    fn what_is_kept_is_bounded_and_said() {
        let many = |one: &dyn Fn(usize) -> String| {
            let all: Vec<String> = (0..MAX_NAMES + 10).map(one).collect();
            all.join(",")
        };
        let libraries = many(&|at| format!(r#""{at}/1":{{"native":{{"a":0}}}}"#));
        let dependencies = many(&|at| format!(r#""{at}":"1""#));
        let files = many(&|at| format!(r#""{at}":0"#));
        for (json, packages, files) in [
            (libraries, MAX_NAMES / LIBRARY_NAMES - 1, 1),
            (
                format!(r#""a/1":{{"native":{{"a":0}},"dependencies":{{{dependencies}}}}}"#),
                1,
                1,
            ),
            (
                format!(r#""a/1":{{"native":{{{files}}}}}"#),
                1,
                MAX_NAMES - LIBRARY_NAMES,
            ),
        ] {
            let found = read(&format!(r#"{{"targets":{{"t":{{{json}}}}}}}"#));
            assert_eq!((found.0.len(), found.1.len()), (packages, files));
            assert_eq!(found.2, [IssueKind::LimitReached]);
        }
        let long = format!(r#"{{"targets":{{"t":{{"{}/1":{{}}}}}}}}"#, "n".repeat(300));
        assert_eq!(
            read(&long),
            (Vec::new(), Vec::new(), vec![IssueKind::DamagedMetadata])
        );
        let deep = format!(r#"{{"targets":{}"#, "[".repeat(1 << 20));
        assert_eq!(read(&deep).2, [IssueKind::DamagedMetadata]);
    }
}
