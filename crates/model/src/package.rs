//! An installed package.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::analyzer::held;
use crate::ecosystem::PackageKind;

/// Is an installed package: typed common fields and a flat map for what only one kind has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// The name as its package manager writes it.
    pub name: String,
    /// The full version as its package manager writes it: epoch and release included
    /// (`1:2.3-4+deb12u1`, `2:8.2.2637-20.el9_1`). An rpm epoch of 0 is left out.
    pub version: String,
    /// What kind of package it is.
    pub kind: PackageKind,
    /// The source package it was built from, where that is stated or follows from the name.
    pub source: Option<SourcePackage>,
    /// The architecture as the package manager writes it (`amd64`, `x86_64`, `all`, `noarch`).
    pub arch: Option<String>,
    /// Licences, in order, without repeats: in a fact as declared, in a report as SPDX expressions
    /// where what is declared can be understood as one.
    pub licenses: Vec<String>,
    /// The files that state it (`/var/lib/dpkg/status`), as safe text, sorted. A file inside an
    /// archive is named with `!/` (`/app/a.war!/WEB-INF/lib/b.jar`).
    pub locations: Vec<String>,
    /// What it requires, each as a group of alternatives. Resolved to `depends_on` in assembly.
    pub requires: Vec<Vec<Requirement>>,
    /// Capabilities that it provides beside its own name (virtual packages, `so:…`).
    pub provides: Vec<Requirement>,
    /// Whether someone asked for it (`Some(true)`) or it came along (`Some(false)`).
    pub requested: Option<bool>,
    /// The purls of the installed packages that it depends on, sorted; filled in assembly.
    pub depends_on: Vec<String>,
    /// The package URL; filled in assembly, when the distribution is known.
    pub purl: String,
    /// The purl of the installed package whose files these are: a Python package that Debian's
    /// package manager installed. Filled after assembly.
    pub owned_by: Option<String>,
    /// Fields that only one kind of package has, by name (`modularity_label`, `maintainer`).
    pub properties: BTreeMap<String, String>,
}

/// Is a source package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourcePackage {
    /// Its name.
    pub name: String,
    /// Its full version, epoch included where one is stated.
    pub version: String,
}

/// Is a required or provided capability.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Requirement {
    /// The capability's name (`libc6`, `so:libc.musl-x86_64.so.1`, `/bin/sh`).
    pub name: String,
    /// The relation and version as written (`>= 2.36`), empty for any.
    pub constraint: String,
}

impl Package {
    /// Makes a package with a name, a version and nothing else.
    pub fn new(kind: PackageKind, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            kind,
            source: None,
            arch: None,
            licenses: Vec::new(),
            locations: Vec::new(),
            requires: Vec::new(),
            provides: Vec::new(),
            requested: None,
            depends_on: Vec::new(),
            purl: String::new(),
            owned_by: None,
            properties: BTreeMap::new(),
        }
    }

    /// Returns about how many bytes of memory it takes.
    pub(crate) fn held_bytes(&self) -> usize {
        let texts = |texts: &[String]| texts.iter().map(|text| held(text)).sum::<usize>();
        let named = |all: &[Requirement]| {
            let each = all
                .iter()
                .map(|one| held(&one.name) + held(&one.constraint));
            each.sum::<usize>()
        };
        let requires = self.requires.iter().map(|group| 24 + named(group));
        let properties = self.properties.iter();
        let source = self.source.as_ref();
        size_of::<Self>()
            + self.name.len()
            + self.version.len()
            + source.map_or(0, |source| source.name.len() + source.version.len())
            + self.arch.as_ref().map_or(0, String::len)
            + texts(&self.licenses)
            + texts(&self.locations)
            + requires.sum::<usize>()
            + named(&self.provides)
            + texts(&self.depends_on)
            + self.purl.len()
            + self.owned_by.as_ref().map_or(0, String::len)
            + properties
                .map(|(key, value)| held(key) + held(value))
                .sum::<usize>()
    }

    /// Says whether two statements name the same installed package: kind, name, version, architecture.
    pub fn same_as(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.name == other.name
            && self.version == other.version
            && self.arch == other.arch
    }
}
