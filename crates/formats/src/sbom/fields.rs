//! Everything about a package, an image and its gaps as named texts: what the SBOM formats have no
//! field for goes into properties or annotations under these names, and comes back from there.
//!
//! A name may occur several times, for a list. `docs/sbom.md` lists the names.

use plimsoll_model::digest::Digest;
use plimsoll_model::distro::Distro;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::package::{Package, SourcePackage};
use plimsoll_model::report::{CatalogPackage, ImageFacts, LayerInfo};

/// Are named texts, in order.
pub(super) type Fields = Vec<(String, String)>;

/// Begins every name.
pub(super) const PREFIX: &str = "plimsoll:";

/// The most layers that are believed of a document.
const MAX_LAYERS: usize = 4_096;

/// Collects fields.
struct Writer(Fields);

impl Writer {
    fn put(&mut self, name: &str, value: &str) {
        self.0.push((format!("{PREFIX}{name}"), value.to_owned()));
    }

    /// Writes what is known.
    fn known(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.put(name, value);
        }
    }
}

/// Returns the fields of a package that no format has a place for. `places` says whether the files and
/// the licences as declared are among them.
pub(super) fn of_package(entry: &CatalogPackage, image: &ImageFacts, places: bool) -> Fields {
    let package = &entry.package;
    let mut out = Writer(Vec::new());
    out.put("package:type", package.kind.as_str());
    out.put("package:name", &package.name);
    // The formats' own fields hold these, but not every character everywhere.
    for (name, value) in [("version", &package.version), ("purl", &package.purl)] {
        if !plain(value) {
            out.put(&format!("package:{name}"), value);
        }
    }
    out.known("package:arch", package.arch.as_deref().unwrap_or_default());
    if let Some(source) = &package.source {
        out.put("package:source:name", &source.name);
        out.put("package:source:version", &source.version);
    }
    if let Some(layer) = image.layers.get(entry.layer) {
        out.put("package:layer", &entry.layer.to_string());
        let digest = |digest: &Option<Digest>| {
            digest
                .as_ref()
                .map(|digest| digest.as_str().to_owned())
                .unwrap_or_default()
        };
        out.known("package:layer:digest", &digest(&layer.digest));
        out.known("package:layer:diff_id", &digest(&layer.diff_id));
    }
    if let Some(requested) = package.requested {
        out.put("package:requested", &requested.to_string());
    }
    out.known(
        "package:owned_by",
        package.owned_by.as_deref().unwrap_or_default(),
    );
    if places {
        for location in &package.locations {
            out.put("package:location", location);
        }
        for license in &package.licenses {
            out.put("package:license", license);
        }
    }
    for (name, value) in &package.properties {
        out.put(&format!("package:property:{name}"), value);
    }
    out.0
}

/// Says whether every format keeps a text as it is.
fn plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'))
}

/// Sets what fields say of a package; returns its layer's index.
pub(super) fn apply<'a>(
    package: &mut Package,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Option<usize> {
    let mut layer = None;
    let mut source: Option<SourcePackage> = None;
    let (mut locations, mut licenses) = (Vec::new(), Vec::new());
    let text = |value: &str| value.to_owned();
    for (name, value) in fields {
        let Some(name) = name.strip_prefix("plimsoll:package:") else {
            continue;
        };
        match name {
            "type" => {
                if let Some(kind) = PackageKind::from_name(value) {
                    package.kind = kind;
                }
            }
            "name" => package.name = text(value),
            "version" => package.version = text(value),
            "purl" => package.purl = text(value),
            "arch" => package.arch = Some(text(value)),
            "source:name" | "source:version" => {
                let source = source.get_or_insert_with(|| SourcePackage {
                    name: String::new(),
                    version: String::new(),
                });
                if name == "source:name" {
                    source.name = text(value);
                } else {
                    source.version = text(value);
                }
            }
            "layer" => layer = value.parse().ok().filter(|index| *index < MAX_LAYERS),
            "requested" => package.requested = value.parse().ok(),
            "owned_by" => package.owned_by = Some(text(value)),
            "location" => locations.push(text(value)),
            "license" => licenses.push(text(value)),
            _ => {
                if let Some(name) = name.strip_prefix("property:") {
                    package.properties.insert(text(name), text(value));
                }
            }
        }
    }
    if source.is_some() {
        package.source = source;
    }
    if !locations.is_empty() {
        package.locations = locations;
    }
    if !licenses.is_empty() {
        package.licenses = licenses;
    }
    layer
}

/// Returns the fields of an image: everything but its distribution.
pub(super) fn of_image(image: &ImageFacts) -> Fields {
    let mut out = Writer(Vec::new());
    let digest = |digest: &Option<Digest>| {
        digest
            .as_ref()
            .map(|digest| digest.as_str().to_owned())
            .unwrap_or_default()
    };
    out.put("image:reference", &image.reference);
    out.known("image:digest", &digest(&image.digest));
    out.known("image:config_digest", &digest(&image.config_digest));
    out.known("image:platform", &image.platform);
    out.put("image:size_bytes", &image.size_bytes.to_string());
    out.known("image:user", &image.user);
    out.known("image:created", &image.created);
    for (index, layer) in image.layers.iter().enumerate() {
        let name = |field: &str| format!("image:layer:{index}:{field}");
        out.known(&name("digest"), &digest(&layer.digest));
        out.known(&name("diff_id"), &digest(&layer.diff_id));
        out.put(&name("size_bytes"), &layer.size_bytes.to_string());
        out.known(&name("created_by"), &layer.created_by);
    }
    out.0
}

/// Sets what fields say of an image.
pub(super) fn apply_image<'a>(
    image: &mut ImageFacts,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) {
    for (name, value) in fields {
        let Some(name) = name.strip_prefix("plimsoll:image:") else {
            continue;
        };
        match name {
            "reference" => value.clone_into(&mut image.reference),
            "digest" => image.digest = value.parse().ok(),
            "config_digest" => image.config_digest = value.parse().ok(),
            "platform" => value.clone_into(&mut image.platform),
            "size_bytes" => image.size_bytes = value.parse().unwrap_or_default(),
            "user" => value.clone_into(&mut image.user),
            "created" => value.clone_into(&mut image.created),
            _ => {
                let Some((index, field)) = name
                    .strip_prefix("layer:")
                    .and_then(|rest| rest.split_once(':'))
                else {
                    continue;
                };
                let Some(index) = index.parse().ok().filter(|i: &usize| *i < MAX_LAYERS) else {
                    continue;
                };
                if image.layers.len() <= index {
                    image.layers.resize_with(index + 1, LayerInfo::default);
                }
                let Some(layer) = image.layers.get_mut(index) else {
                    continue;
                };
                match field {
                    "digest" => layer.digest = value.parse().ok(),
                    "diff_id" => layer.diff_id = value.parse().ok(),
                    "size_bytes" => layer.size_bytes = value.parse().unwrap_or_default(),
                    "created_by" => value.clone_into(&mut layer.created_by),
                    _ => {}
                }
            }
        }
    }
}

/// Returns the fields of a distribution.
pub(super) fn of_distro(distro: &Distro) -> Fields {
    let mut out = Writer(Vec::new());
    out.put("distro:id", &distro.id);
    for parent in &distro.id_like {
        out.put("distro:id_like", parent);
    }
    out.known("distro:version_id", &distro.version_id);
    out.known("distro:codename", &distro.codename);
    out.known("distro:pretty_name", &distro.pretty_name);
    out.known("distro:cpe", &distro.cpe);
    out.0
}

/// Reads a distribution; `None` where no field speaks of one.
pub(super) fn distro<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Distro> {
    let mut distro = Distro::default();
    let mut found = false;
    for (name, value) in fields {
        let Some(name) = name.strip_prefix("plimsoll:distro:") else {
            continue;
        };
        found = true;
        let value = value.to_owned();
        match name {
            "id" => distro.id = value,
            "id_like" => distro.id_like.push(value),
            "version_id" => distro.version_id = value,
            "codename" => distro.codename = value,
            "pretty_name" => distro.pretty_name = value,
            "cpe" => distro.cpe = value,
            _ => {}
        }
    }
    found.then_some(distro)
}

/// Returns the fields of what could not be read or judged.
pub(super) fn of_gaps(gaps: &[Issue]) -> Fields {
    let mut out = Writer(Vec::new());
    for (index, gap) in gaps.iter().enumerate() {
        out.put(&format!("gap:{index}:kind"), gap.kind.as_str());
        out.put(&format!("gap:{index}:subject"), &gap.subject);
        out.put(&format!("gap:{index}:detail"), &gap.detail);
    }
    out.0
}

/// Reads what could not be read when the document was made. What could not be judged is left out: that
/// is found out anew.
pub(super) fn gaps<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Issue> {
    const OF_READING: [IssueKind; 7] = [
        IssueKind::DamagedLayer,
        IssueKind::DamagedMetadata,
        IssueKind::PathEscapes,
        IssueKind::LimitReached,
        IssueKind::Unsupported,
        IssueKind::NothingRecognized,
        IssueKind::NotJudged,
    ];
    let mut parts: std::collections::BTreeMap<&str, [&str; 3]> = std::collections::BTreeMap::new();
    for (name, value) in fields {
        let Some((index, part)) = name
            .strip_prefix("plimsoll:gap:")
            .and_then(|rest| rest.split_once(':'))
        else {
            continue;
        };
        let [kind, subject, detail] = parts.entry(index).or_default();
        match part {
            "kind" => *kind = value,
            "subject" => *subject = value,
            "detail" => *detail = value,
            _ => {}
        }
    }
    parts
        .into_values()
        .filter_map(|[kind, subject, detail]| {
            let kind = OF_READING.into_iter().find(|one| one.as_str() == kind)?;
            Some(Issue::new(kind, subject, detail))
        })
        .collect()
}
