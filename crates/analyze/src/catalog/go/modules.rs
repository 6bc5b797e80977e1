//! The module text of a Go program: `path`, `mod`, `dep`, `=>` and `build` lines, as Go's
//! `runtime/debug.BuildInfo` writes them, and what they make of packages.

use std::collections::BTreeMap;

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement};

use super::super::budget::Budget;
use super::super::damage::{Damage, text};
use super::super::requirement::MAX_REQUIREMENTS;

/// The most modules that are kept of one text: more than [`Budget`] admits, which says so.
const MAX_MODULES: usize = 250_000;

/// Is the version that stands where none is known.
const DEVEL: &str = "(devel)";

/// Is what the text says.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// The path of the main package.
    pub(super) path: String,
    /// The main module: path and version.
    pub(super) main: Option<Module>,
    /// The modules that were built in.
    pub(super) dependencies: Vec<Module>,
    /// The settings of the build, by name.
    pub(super) settings: BTreeMap<String, String>,
}

/// Is one module as it is named, and what it was replaced with.
#[derive(Debug, Default)]
pub(super) struct Module {
    path: String,
    version: String,
    sum: String,
    replacement: Option<Box<Module>>,
}

impl Text {
    /// Reads the text.
    pub(super) fn parse(bytes: &[u8], damage: &mut Damage) -> Self {
        let mut all = Self::default();
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let (word, rest) = split(line, b'\t');
            match word {
                b"path" => all.path = text(rest),
                b"mod" => all.main = Some(Module::parse(rest)),
                b"dep" if all.dependencies.len() < MAX_MODULES => {
                    all.dependencies.push(Module::parse(rest));
                }
                b"=>" => {
                    let replaced = all.dependencies.last_mut().or(all.main.as_mut());
                    if let Some(replaced) = replaced {
                        replaced.replacement = Some(Box::new(Module::parse(rest)));
                    } else {
                        damage.note(|| {
                            let line = index + 1;
                            format!("line {line} of the build information replaces nothing")
                        });
                    }
                }
                b"build" => {
                    if let Some((key, value)) = setting(rest) {
                        all.settings.insert(key, value);
                    }
                }
                _ => {}
            }
        }
        all
    }

    /// Makes packages: the main module with the rest as its requirements, each module that was
    /// built in, and the standard library. `variable` is a version that a variable of the program
    /// holds; it is asked for only where nothing else states one.
    pub(super) fn packages(
        self,
        toolchain: &str,
        variable: impl FnOnce() -> Option<String>,
        damage: &mut Damage,
    ) -> Vec<Package> {
        let mut budget = Budget::default();
        let mut built_in: Vec<Package> = Vec::new();
        for module in self.dependencies {
            let mut package = module.package();
            if package.name.is_empty() {
                damage.note(|| "a module of the build information has no path".to_owned());
            } else if budget.admit(&mut package, damage) {
                built_in.push(package);
            }
        }
        let mut standard = standard_library(toolchain);
        let Some(main) = self.main.filter(|main| !main.path.is_empty()) else {
            // Built without modules: the path names a package, not the module that it belongs to.
            let properties = &mut standard.properties;
            if !self.path.is_empty() {
                properties.insert("main_package".to_owned(), self.path.clone());
            }
            if let Some(version) = super::version::of_flags(&self.settings, &self.path) {
                properties.insert("main_version".to_owned(), version);
            }
            built_in.push(standard);
            return built_in;
        };
        built_in.push(standard);
        let mut package = main.package();
        if package.version.is_empty() || package.version == DEVEL {
            let (version, source) =
                super::version::of_main(&package.name, &self.path, &self.settings, variable);
            package.version = version;
            let properties = &mut package.properties;
            properties.insert("version_source".to_owned(), source.to_owned());
        }
        package.requested = Some(true);
        package.requires = built_in
            .iter()
            .take(MAX_REQUIREMENTS)
            .map(|one| {
                vec![Requirement {
                    name: one.name.clone(),
                    constraint: one.version.clone(),
                }]
            })
            .collect();
        if !self.path.is_empty() && self.path != package.name {
            let properties = &mut package.properties;
            properties.insert("main_package".to_owned(), self.path);
        }
        for (setting, property) in [
            ("CGO_ENABLED", "cgo_enabled"),
            ("GOARCH", "goarch"),
            ("GOFIPS140", "gofips140"),
            ("GOOS", "goos"),
            ("-buildmode", "buildmode"),
            ("-ldflags", "ldflags"),
            ("-tags", "tags"),
            ("vcs.modified", "vcs_modified"),
            ("vcs.revision", "vcs_revision"),
            ("vcs.time", "vcs_time"),
        ] {
            if let Some(value) = self.settings.get(setting).filter(|value| !value.is_empty()) {
                let properties = &mut package.properties;
                properties.insert(property.to_owned(), value.clone());
            }
        }
        built_in.insert(0, package);
        built_in
    }
}

impl Module {
    fn parse(rest: &[u8]) -> Self {
        let (path, rest) = split(rest, b'\t');
        let (version, sum) = split(rest, b'\t');
        Self {
            path: text(path),
            version: text(version),
            sum: text(sum),
            replacement: None,
        }
    }

    /// Makes a package of what was built in: the replacement, where one is named. A folder that
    /// replaces a module has no version of its own: the module's stays, and the folder is a property.
    fn package(self) -> Package {
        let (mut found, replaced) = match self.replacement {
            Some(replacement) if is_folder(&replacement.path) => {
                let folder = replacement.path;
                let kept = Self {
                    replacement: None,
                    ..self
                };
                (kept, Some(("replaced_by", folder)))
            }
            Some(replacement) => {
                let original = format!("{}@{}", self.path, self.version);
                (*replacement, Some(("replaces", original)))
            }
            None => (self, None),
        };
        if found.version == DEVEL && replaced.is_some() {
            found.version.clear();
        }
        let mut package = Package::new(PackageKind::Golang, found.path, found.version);
        package.requested = Some(false);
        if !found.sum.is_empty() {
            package.properties.insert("h1".to_owned(), found.sum);
        }
        if let Some((property, value)) = replaced {
            package.properties.insert(property.to_owned(), value);
        }
        package
    }
}

/// Makes the package of Go's standard library of a toolchain (`go1.22.1 X:boringcrypto`).
pub(super) fn standard_library(toolchain: &str) -> Package {
    let version = super::version::of_toolchain(toolchain);
    let mut package = Package::new(PackageKind::Golang, "stdlib", version);
    package.requested = Some(false);
    package.licenses = vec!["BSD-3-Clause".to_owned()];
    let raw = toolchain.to_owned();
    package.properties.insert("toolchain".to_owned(), raw);
    package
}

/// Says whether a replacement is a folder rather than a module (`go help mod edit`).
pub(super) fn is_folder(path: &str) -> bool {
    matches!(path, "." | "..")
        || path.starts_with("./")
        || path.starts_with("../")
        || path.starts_with('/')
        || path.starts_with('\\')
        || path.as_bytes().get(1) == Some(&b':')
}

fn split(bytes: &[u8], separator: u8) -> (&[u8], &[u8]) {
    let at = memchr::memchr(separator, bytes).unwrap_or(bytes.len());
    let rest = bytes.get(at + 1..).unwrap_or_default();
    (bytes.get(..at).unwrap_or_default(), rest)
}

/// Reads `key=value`, either of which is quoted where it holds blanks or quotes.
fn setting(rest: &[u8]) -> Option<(String, String)> {
    let rest = std::str::from_utf8(rest).ok()?;
    let (key, rest) = if rest.starts_with(['"', '`']) {
        unquote(rest)?
    } else {
        let at = rest.find('=')?;
        let (key, rest) = rest.split_at_checked(at)?;
        (key.to_owned(), rest)
    };
    let value = rest.strip_prefix('=')?;
    let value = match value.chars().next() {
        Some('"' | '`') => unquote(value)?.0,
        _ => value.to_owned(),
    };
    Some((text(key.as_bytes()), text(value.as_bytes())))
}

/// Reads a Go string literal ("The Go Programming Language Specification", "String literals") and
/// returns what follows it.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    if let Some(raw) = quoted.strip_prefix('`') {
        let (value, rest) = raw.split_once('`')?;
        return Some((value.to_owned(), rest));
    }
    let mut value = String::new();
    let mut chars = quoted.strip_prefix('"')?.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Some((value, chars.as_str())),
            '\\' => {
                let digits = match chars.next()? {
                    'n' => {
                        value.push('\n');
                        continue;
                    }
                    't' => {
                        value.push('\t');
                        continue;
                    }
                    'r' => {
                        value.push('\r');
                        continue;
                    }
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    other => {
                        value.push(other);
                        continue;
                    }
                };
                let mut code = 0_u32;
                for _ in 0..digits {
                    code = code
                        .checked_mul(16)?
                        .checked_add(chars.next()?.to_digit(16)?)?;
                }
                value.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            c => value.push(c),
        }
    }
    None
}
