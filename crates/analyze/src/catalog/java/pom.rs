//! Reading Maven's project files: `pom.properties` and `pom.xml`.
//!
//! Deliberately absent: parents and imported lists of versions that lie in other files. Entities of a
//! document type are not expanded, so they cannot multiply (POM Reference, model 4.0.0).

use std::cell::Cell;
use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::catalog::damage::text;

/// The deepest element that is looked at. Nothing that counts is deeper than eight.
const MAX_DEPTH: usize = 16;

/// The most dependencies and properties of one project, each.
const MAX_ITEMS: usize = 10_000;

/// The most licences of one project.
const MAX_LICENSES: usize = 64;

/// The most variables of one project that are filled in. The largest lists of versions have some 10,000.
const MAX_FILLED: usize = 100_000;

/// The longest text that is kept, in bytes.
const MAX_TEXT: usize = 4096;

/// The deepest nesting of properties within properties.
const MAX_EXPANSION: usize = 8;

/// Is what names an artifact; empty where it is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Coordinates {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: String,
}

impl Coordinates {
    /// Returns `group:artifact`, or the artifact alone.
    pub(super) fn name(&self) -> String {
        if self.group.is_empty() {
            self.artifact.clone()
        } else {
            format!("{}:{}", self.group, self.artifact)
        }
    }

    /// Fills what is empty from others.
    pub(super) fn or(mut self, other: &Self) -> Self {
        for (own, others) in [
            (&mut self.group, &other.group),
            (&mut self.artifact, &other.artifact),
            (&mut self.version, &other.version),
        ] {
            if own.is_empty() {
                own.clone_from(others);
            }
        }
        self
    }
}

/// Says whether text may be a group's or an artifact's id (Maven's own rule).
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Returns the text if it may be an id, else nothing.
fn id(value: &[u8]) -> String {
    Some(text(value)).filter(|id| is_id(id)).unwrap_or_default()
}

/// Reads `pom.properties`: `groupId`, `artifactId` and `version` (java.util.Properties). What is no id
/// or an unfilled variable stays empty.
pub(super) fn parse_properties(bytes: &[u8]) -> Coordinates {
    let mut found = Coordinates::default();
    for line in bytes.split(|byte| matches!(byte, b'\n' | b'\r')) {
        let line = line.trim_ascii();
        let Some(at) = line.iter().position(|byte| matches!(byte, b'=' | b':')) else {
            continue;
        };
        let (key, value) = line.split_at(at);
        let value = value.get(1..).unwrap_or_default();
        match key.trim_ascii_end() {
            b"groupId" => found.group = id(value),
            b"artifactId" => found.artifact = id(value),
            b"version" => found.version = version(&text(value)),
            _ => {}
        }
    }
    found
}

fn version(text: &str) -> String {
    if text.contains("${") {
        String::new()
    } else {
        text.to_owned()
    }
}

/// Is a dependency as a project states it, variables filled in as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) coordinates: Coordinates,
    /// `compile`, `runtime`, `provided`, `test`, `system`, `import`; empty for the default.
    pub(super) scope: String,
    pub(super) optional: bool,
}

/// Is what a `pom.xml` states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Project {
    pub(super) own: Coordinates,
    pub(super) parent: Coordinates,
    pub(super) licenses: Vec<String>,
    pub(super) url: String,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) managed: Vec<Dependency>,
    properties: BTreeMap<String, String>,
    /// How many variables were filled in: a few bytes may ask for thousands.
    filled: Cell<usize>,
}

impl Project {
    /// Reads a `pom.xml`; the second says whether it ends early or is damaged.
    pub(super) fn parse(bytes: &[u8]) -> (Self, bool) {
        let mut project = Self::default();
        let damaged = project.read(bytes);
        project.own = project.own.clone().or(&Coordinates {
            artifact: String::new(),
            ..project.parent.clone()
        });
        let own = project.own.clone();
        project.own = project.fill(&own);
        for list in [true, false] {
            let mut all = std::mem::take(if list {
                &mut project.dependencies
            } else {
                &mut project.managed
            });
            for one in &mut all {
                one.coordinates = project.fill(&one.coordinates);
                one.scope = project.expand(&one.scope);
            }
            if list {
                project.dependencies = all;
            } else {
                project.managed = all;
            }
        }
        (project, damaged)
    }

    fn read(&mut self, bytes: &[u8]) -> bool {
        // Old projects are written in Latin-1: names and versions are ASCII in any case.
        let content = String::from_utf8_lossy(bytes);
        let mut reader = Reader::from_str(&content);
        reader.config_mut().check_end_names = false;
        // The names of the open elements, `/` between them; and where each begins.
        let mut path = String::new();
        let mut starts: Vec<usize> = Vec::new();
        let mut beyond = 0_usize;
        let mut value: Vec<u8> = Vec::new();
        let mut dependency = Dependency::default();
        loop {
            match reader.read_event() {
                Ok(Event::Start(start)) => {
                    value.clear();
                    if starts.len() >= MAX_DEPTH || beyond > 0 {
                        beyond += 1;
                        continue;
                    }
                    starts.push(path.len());
                    if !path.is_empty() {
                        path.push('/');
                    }
                    let name = text(start.local_name().as_ref().as_bytes());
                    path.push_str(&name);
                    if name == "dependency" {
                        dependency = Dependency::default();
                    }
                }
                Ok(Event::End(_)) => {
                    if beyond > 0 {
                        beyond -= 1;
                        continue;
                    }
                    self.close(&path, &value, &mut dependency);
                    value.clear();
                    path.truncate(starts.pop().unwrap_or_default());
                }
                Ok(Event::Text(part)) if beyond == 0 => append(&mut value, part.as_bytes()),
                Ok(Event::CData(part)) if beyond == 0 => append(&mut value, part.as_bytes()),
                Ok(Event::GeneralRef(reference)) if beyond == 0 => {
                    let mut buffer = [0; 4];
                    let known: &[u8] = match reference.as_ref() {
                        "amp" => b"&",
                        "lt" => b"<",
                        "gt" => b">",
                        "quot" => b"\"",
                        "apos" => b"'",
                        _ => match reference.resolve_char_ref() {
                            Ok(Some(c)) => c.encode_utf8(&mut buffer).as_bytes(),
                            _ => b"",
                        },
                    };
                    append(&mut value, known);
                }
                Ok(Event::Eof) => return !starts.is_empty(),
                Ok(_) => {}
                Err(_) => return true,
            }
        }
    }

    /// Takes an element that ended.
    fn close(&mut self, path: &str, value: &[u8], dependency: &mut Dependency) {
        let Some(path) = path.strip_prefix("project/") else {
            return;
        };
        let value = || text(value);
        match path {
            "groupId" => self.own.group = value(),
            "artifactId" => self.own.artifact = value(),
            "version" => self.own.version = value(),
            "parent/groupId" => self.parent.group = value(),
            "parent/artifactId" => self.parent.artifact = value(),
            "parent/version" => self.parent.version = value(),
            "url" => self.url = value(),
            "licenses/license/name" if self.licenses.len() < MAX_LICENSES => {
                let license = value();
                if !license.is_empty() && !self.licenses.contains(&license) {
                    self.licenses.push(license);
                }
            }
            "dependencies/dependency" => {
                if self.dependencies.len() < MAX_ITEMS {
                    self.dependencies.push(std::mem::take(dependency));
                }
            }
            "dependencyManagement/dependencies/dependency" => {
                if self.managed.len() < MAX_ITEMS {
                    self.managed.push(std::mem::take(dependency));
                }
            }
            _ => {
                let inner = path
                    .strip_prefix("dependencyManagement/")
                    .unwrap_or(path)
                    .strip_prefix("dependencies/dependency/");
                match (inner, path.strip_prefix("properties/")) {
                    (Some("groupId"), _) => dependency.coordinates.group = value(),
                    (Some("artifactId"), _) => dependency.coordinates.artifact = value(),
                    (Some("version"), _) => dependency.coordinates.version = value(),
                    (Some("scope"), _) => dependency.scope = value(),
                    (Some("optional"), _) => dependency.optional = value() == "true",
                    (None, Some(name)) if self.properties.len() < MAX_ITEMS => {
                        self.properties.insert(name.to_owned(), value());
                    }
                    _ => {}
                }
            }
        }
    }

    /// Fills the variables of coordinates; what stays unknown becomes empty.
    fn fill(&self, raw: &Coordinates) -> Coordinates {
        let known = |value: &str| version(&self.expand(value));
        let id = |value: &str| {
            Some(known(value))
                .filter(|id| is_id(id))
                .unwrap_or_default()
        };
        Coordinates {
            group: id(&raw.group),
            artifact: id(&raw.artifact),
            version: known(&raw.version),
        }
    }

    /// Fills the variables of a text as far as they are known, in bounded depth and length.
    fn expand(&self, raw: &str) -> String {
        let mut text = raw.to_owned();
        for _ in 0..MAX_EXPANSION {
            if !text.contains("${") {
                break;
            }
            let mut out = String::new();
            let mut rest = text.as_str();
            while let Some((before, after)) = rest.split_once("${") {
                out.push_str(before);
                let Some((name, behind)) = after.split_once('}') else {
                    out.push_str("${");
                    rest = after;
                    continue;
                };
                self.filled.set(self.filled.get() + 1);
                if self.filled.get() > MAX_FILLED {
                    return raw.to_owned();
                }
                if let Some(value) = self.variable(name) {
                    out.push_str(value);
                } else {
                    out.push_str("${");
                    out.push_str(name);
                    out.push('}');
                }
                rest = behind;
                if out.len() > MAX_TEXT {
                    return raw.to_owned();
                }
            }
            out.push_str(rest);
            if out == text {
                break;
            }
            text = out;
        }
        text
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let project = name
            .strip_prefix("project.")
            .or_else(|| name.strip_prefix("pom."))
            .unwrap_or(name);
        let found = match project {
            "groupId" => &self.own.group,
            "artifactId" => &self.own.artifact,
            "version" => &self.own.version,
            "parent.groupId" => &self.parent.group,
            "parent.version" => &self.parent.version,
            _ => self.properties.get(name)?,
        };
        (!found.is_empty()).then_some(found.as_str())
    }

    /// Returns the versions that the project's own list of versions gives artifacts, by group and
    /// artifact. Of several the first counts.
    pub(super) fn managed_versions(&self) -> BTreeMap<(&str, &str), &str> {
        let managed = self.managed.iter().rev().map(|one| &one.coordinates);
        managed
            .map(|one| {
                (
                    (one.group.as_str(), one.artifact.as_str()),
                    one.version.as_str(),
                )
            })
            .collect()
    }

    /// Leaves only what a package is described with: archives hold thousands of projects.
    pub(super) fn slim(mut self) -> Self {
        self.managed = Vec::new();
        self.properties = BTreeMap::new();
        self.dependencies.shrink_to_fit();
        self
    }
}

fn append(value: &mut Vec<u8>, more: &[u8]) {
    let room = MAX_TEXT.saturating_sub(value.len());
    value.extend_from_slice(more.get(..room.min(more.len())).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_multiply_cost_bounded_time() {
        let mut pom = "<project><artifactId>a</artifactId><properties>".to_owned();
        pom.push_str("<x>");
        pom.push_str(&"${y}".repeat(1000));
        pom.push_str("</x>");
        pom.push_str("<y>${z}</y></properties><version>1</version><dependencies>");
        let one = "<dependency><artifactId>${x}</artifactId><version>${x}</version></dependency>";
        pom.push_str(&one.repeat(MAX_ITEMS));
        pom.push_str("</dependencies>");
        pom.push_str(&"<licenses><license><name>l</name></license></licenses>".repeat(MAX_ITEMS));
        pom.push_str("</project>");
        let (project, damaged) = Project::parse(pom.as_bytes());
        assert!(!damaged);
        assert_eq!(
            (project.own.artifact.as_str(), project.own.version.as_str()),
            ("a", "1")
        );
        assert!(project.filled.get() < 2 * MAX_FILLED);
        assert!(
            project
                .dependencies
                .iter()
                .all(|one| one.coordinates.version.is_empty())
        );
    }

    #[test]
    fn entities_do_not_multiply_and_variables_do_not_loop() {
        let bomb = b"<!DOCTYPE p [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><project>\
            <artifactId>x&b;</artifactId><groupId>g&#46;h</groupId><version>${v}</version>\
            <properties><v>${w}</v><w>${v}${v}${v}</w></properties></project>";
        let (project, damaged) = Project::parse(bomb);
        assert!(!damaged);
        assert_eq!(project.own.name(), "g.h:x");
        assert_eq!(project.own.version, "");
    }

    #[test]
    fn depth_and_damage_are_borne() {
        let deep = "<project>".to_owned() + &"<a>".repeat(100_000);
        assert!(Project::parse(deep.as_bytes()).1);
        let cut = b"<project><groupId>g</groupId><artifactId>a</artifactId><dependencies><depen";
        let (project, damaged) = Project::parse(cut);
        assert!(damaged);
        assert_eq!(project.own.name(), "g:a");
    }
}
