//! From what a document says of a component to the package.

use plimsoll_model::ecosystem::{PackageKind, TABLE};
use plimsoll_model::package::{Package, SourcePackage};
use plimsoll_model::purl::Purl;

use super::vendors;
use crate::sbom::fields::{self, Fields};

/// Is what a document says of a component, whatever its format.
#[derive(Clone, Debug, Default)]
pub(super) struct Stated {
    /// Its identifier in the document.
    pub(super) id: String,
    /// What the format calls it (`library`, `file`, `container`), lower case; may be empty.
    pub(super) role: String,
    /// What the tool calls its kind (`deb`, `go-module`); may be empty.
    pub(super) tool_kind: String,
    /// Its group.
    pub(super) group: String,
    /// Its name.
    pub(super) name: String,
    /// Its version.
    pub(super) version: String,
    /// Its purl as written.
    pub(super) purl: String,
    /// Its licences.
    pub(super) licenses: Vec<String>,
    /// The files that state it.
    pub(super) locations: Vec<String>,
    /// The digest of its layer.
    pub(super) layer: String,
    /// Properties, by name, of whatever tool.
    pub(super) fields: Fields,
}

/// Says why a component is no package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Skipped {
    /// It is a file, an operating system, the image itself.
    Other,
    /// It has no purl, so that nobody knows what it is.
    NoPurl,
    /// Its kind, the purl's type, is none that is known.
    Kind(String),
}

impl Stated {
    /// Returns the first property of a name.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Makes the package, and says which layer it is in where the document gives its index. Fields of
    /// our own count before the purl, the purl before those of other tools.
    pub(super) fn package(&self) -> Result<(Package, Option<usize>), Skipped> {
        let own = self.field("plimsoll:package:type");
        let other = matches!(
            self.role.as_str(),
            "file"
                | "operating-system"
                | "operating_system"
                | "operatingsystem"
                | "container"
                | "device"
                | "firmware"
                | "data"
                | "cryptographic-asset"
                | "platform"
        );
        // Trivy lists each lock file as an application, with the packages beside it.
        let lock_file = self.purl.is_empty() && self.field("aquasecurity:trivy:Type").is_some();
        if own.is_none() && (other || lock_file) {
            return Err(Skipped::Other);
        }
        let purl = self.purl.parse::<Purl>().ok();
        let kind = match (own.and_then(PackageKind::from_name), &purl) {
            (Some(kind), _) => kind,
            (None, Some(purl)) => kind_of(purl, self)?,
            (None, None) => return Err(Skipped::NoPurl),
        };
        let mut package = match &purl {
            Some(purl) => self.read_purl(kind, purl),
            None => Package::new(kind, self.name.clone(), self.version.clone()),
        };
        package.licenses.clone_from(&self.licenses);
        package.locations.clone_from(&self.locations);
        package.locations.sort();
        package.locations.dedup();
        let pairs = self
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        if own.is_some() {
            package.version.clone_from(&self.version);
            package.purl.clone_from(&self.purl);
            package.source = None;
            package.arch = None;
            package.properties.clear();
        } else {
            vendors::complete(&mut package, self);
        }
        let layer = fields::apply(&mut package, pairs);
        if package.name.is_empty() {
            return Err(Skipped::NoPurl);
        }
        Ok((package, layer))
    }

    fn read_purl(&self, kind: PackageKind, purl: &Purl) -> Package {
        let mut package = Package::new(kind, self.name_of(kind, purl), self.version_of(kind, purl));
        package.purl = purl.to_string();
        if kind == PackageKind::Bitnami
            && let Some((version, revision)) = bitnami_revision(&package.version)
        {
            let revision = revision.to_owned();
            package.version.truncate(version.len());
            package.properties.insert("revision".to_owned(), revision);
        }
        let upstream = purl.qualifier("upstream");
        if kind.is_os() {
            package.arch = known(purl.qualifier("arch"));
            package.source = match kind {
                PackageKind::Rpm => source_rpm(upstream),
                _ => Some(source(upstream, &package)),
            };
            if let Some(module) = known(purl.qualifier("rpmmod")) {
                let name = "modularity_label".to_owned();
                package.properties.insert(name, module);
            }
        } else {
            for (key, value) in &purl.qualifiers {
                if !matches!(key.as_str(), "package-id" | "upstream" | "checksum") {
                    package.properties.insert(key.clone(), value.clone());
                }
            }
        }
        package
    }

    /// Returns the name as its package manager writes it: the purl's, in the document's own spelling
    /// where that differs only by what the type normalises.
    fn name_of(&self, kind: PackageKind, purl: &Purl) -> String {
        let namespace = purl.namespace.join("/");
        let separator = if kind == PackageKind::Maven { ":" } else { "/" };
        let alone = kind.is_os() || kind == PackageKind::Cpan || namespace.is_empty();
        let joined = |group: &str, name: &str| format!("{group}{separator}{name}");
        let same = |group: &str, name: &str| {
            let spelled = Purl::new(&purl.kind, group, name, "");
            spelled.is_ok_and(|spelled| {
                spelled.name == purl.name && (alone || spelled.namespace == purl.namespace)
            })
        };
        if alone {
            if same("", &self.name) {
                return self.name.clone();
            }
            return purl.name.clone();
        }
        if same(&self.group, &self.name) {
            return joined(&self.group, &self.name);
        }
        if let Some((group, name)) = self.name.rsplit_once(separator)
            && same(group, name)
        {
            return self.name.clone();
        }
        joined(&namespace, &purl.name)
    }

    /// Returns the version with its epoch: from the qualifier, or from the document's own version.
    fn version_of(&self, kind: PackageKind, purl: &Purl) -> String {
        let version = if purl.version.is_empty() {
            &self.version
        } else {
            &purl.version
        };
        let with_epochs = matches!(kind, PackageKind::Deb | PackageKind::Rpm);
        if !with_epochs || version.contains(':') {
            return version.clone();
        }
        let epoch = purl.qualifier("epoch");
        if !matches!(epoch, "" | "0") && epoch.bytes().all(|byte| byte.is_ascii_digit()) {
            return format!("{epoch}:{version}");
        }
        match self.version.split_once(':') {
            Some((epoch, rest)) if rest == version && epoch != "0" => self.version.clone(),
            _ => version.clone(),
        }
    }
}

/// Returns the kind of a purl's type.
fn kind_of(purl: &Purl, stated: &Stated) -> Result<PackageKind, Skipped> {
    let by_tool = |name: &str| match name {
        "linux-kernel" => Some(PackageKind::LinuxKernel),
        "linux-kernel-module" => Some(PackageKind::LinuxModule),
        "wordpress-plugin" => Some(PackageKind::Wordpress),
        _ => None,
    };
    match purl.kind.as_str() {
        "generic" => Ok(match stated.role.as_str() {
            "machine-learning-model" => PackageKind::Model,
            _ => by_tool(&stated.tool_kind).unwrap_or(PackageKind::Binary),
        }),
        "alpine" => Ok(PackageKind::Apk),
        kind => TABLE
            .iter()
            .find(|row| row.purl == kind)
            .map(|row| row.kind)
            .ok_or_else(|| Skipped::Kind(kind.to_owned())),
    }
}

/// Parts `17.2.0-8` into the version and Bitnami's revision.
///
/// Bitnami's advisories are about versions,
/// and to their order (semantic versioning) `17.2.0-8` would be a release before 17.2.0.
pub fn bitnami_revision(version: &str) -> Option<(&str, &str)> {
    let (version, revision) = version.rsplit_once('-')?;
    let number = (1..=5).contains(&revision.len())
        && revision.bytes().all(|byte| byte.is_ascii_digit())
        && version.starts_with(|first: char| first.is_ascii_digit());
    number.then_some((version, revision))
}

/// Reads `name`, `name@version`, or nothing: then the package is its own source.
fn source(upstream: &str, package: &Package) -> SourcePackage {
    let (name, version) = match upstream.split_once('@') {
        Some((name, version)) => (name, version),
        None if upstream.is_empty() => (package.name.as_str(), package.version.as_str()),
        None => (upstream, package.version.as_str()),
    };
    SourcePackage {
        name: name.to_owned(),
        version: version.to_owned(),
    }
}

/// Reads the file name of a source package: `NAME-VERSION-RELEASE.src.rpm`.
pub(super) fn source_rpm(file: &str) -> Option<SourcePackage> {
    let stem = file
        .strip_suffix(".src.rpm")
        .or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    (!name.is_empty()).then(|| SourcePackage {
        name: name.to_owned(),
        version: format!("{version}-{release}"),
    })
}

fn known(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
