//! What other tools write beside the formats' own fields: Trivy's and Syft's properties, their names
//! of distributions.

use plimsoll_model::distro::Distro;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, SourcePackage};
use plimsoll_model::purl::Purl;

use super::stated::{Stated, source_rpm};

/// Begins the names of Trivy's properties.
const TRIVY: &str = "aquasecurity:trivy:";

/// Adds to a package what properties of other tools say of it.
pub(super) fn complete(package: &mut Package, stated: &Stated) {
    let trivy = |name: &str| stated.field(&format!("{TRIVY}{name}"));
    if let Some(name) = trivy("SrcName").filter(|_| package.kind.is_os()) {
        let mut version = trivy("SrcVersion").unwrap_or_default().to_owned();
        if let Some(release) = trivy("SrcRelease") {
            version = format!("{version}-{release}");
        }
        if let Some(epoch) = trivy("SrcEpoch").filter(|epoch| *epoch != "0") {
            version = format!("{epoch}:{version}");
        }
        package.source = Some(SourcePackage {
            name: name.to_owned(),
            version,
        });
    }
    let syft = |name: &str| stated.field(&format!("syft:metadata:{name}"));
    if package.kind == PackageKind::Rpm && package.source.is_none() {
        package.source = syft("sourceRpm").and_then(source_rpm);
    }
    let module = trivy("Modularitylabel").or_else(|| syft("modularityLabel"));
    if let (PackageKind::Rpm, Some(module)) = (package.kind, module) {
        package
            .properties
            .insert("modularity_label".to_owned(), module.to_owned());
    }
    for (name, value) in &stated.fields {
        let of_syft = name.starts_with("syft:location:") && name.ends_with(":path");
        if of_syft || name == "aquasecurity:trivy:FilePath" {
            let path = if value.starts_with('/') {
                value.clone()
            } else {
                format!("/{value}")
            };
            package.locations.push(path);
        }
    }
    package.locations.sort();
    package.locations.dedup();
}

/// Returns the digest of the layer that properties name.
pub(super) fn layer(fields: &[(String, String)]) -> String {
    let named = |wanted: &str| {
        fields
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.clone())
    };
    named("aquasecurity:trivy:LayerDiffID")
        .or_else(|| named("aquasecurity:trivy:LayerDigest"))
        .or_else(|| named("syft:location:0:layerID"))
        .unwrap_or_default()
}

/// Returns the distribution that a component which is one names.
pub(super) fn distro(
    name: &str,
    version: &str,
    pretty: &str,
    fields: &[(String, String)],
) -> Distro {
    let field = |wanted: &str| {
        fields
            .iter()
            .find(|(name, _)| name == wanted)
            .map_or("", |(_, value)| value.as_str())
    };
    let or = |first: &str, second: &str| if first.is_empty() { second } else { first }.to_owned();
    Distro {
        id: id(&or(field("syft:distro:id"), name)),
        id_like: fields
            .iter()
            .filter(|(name, _)| name.starts_with("syft:distro:idLike:"))
            .map(|(_, value)| value.clone())
            .collect(),
        version_id: or(field("syft:distro:versionID"), version),
        codename: field("syft:distro:versionCodename").to_owned(),
        pretty_name: or(field("syft:distro:prettyName"), pretty),
        cpe: field("syft:distro:cpeName").to_owned(),
    }
}

/// Returns the distribution's id as `os-release` states it, for a name that some tool uses.
fn id(name: &str) -> String {
    let name = name.trim().to_lowercase();
    match name.as_str() {
        "alma" => "almalinux",
        "redhat" => "rhel",
        "amazon" => "amzn",
        "oracle" => "ol",
        "opensuse.leap" => "opensuse-leap",
        "opensuse.tumbleweed" => "opensuse-tumbleweed",
        "suse linux enterprise server" => "sles",
        "cbl-mariner" => "mariner",
        other => other,
    }
    .to_owned()
}

/// Returns the distribution that the purl of one of its packages names: `distro=debian-12`, Trivy's
/// `distro=3.19.1` with the namespace before it, or the namespace alone.
pub(super) fn distro_of_purl(package: &Package) -> Option<Distro> {
    if !package.kind.is_os() {
        return None;
    }
    let purl = package.purl.parse::<Purl>().ok()?;
    let namespace = purl.namespace.first().map_or("", String::as_str);
    let stated = purl.qualifier("distro");
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let (name, version) = match stated.rsplit_once('-') {
        _ if digit(stated) => (namespace, stated),
        Some((name, version)) => (name, version),
        None if stated.is_empty() => (namespace, ""),
        None => (stated, ""),
    };
    if name.is_empty() {
        return None;
    }
    let mut distro = Distro {
        id: id(name),
        ..Distro::default()
    };
    if digit(version) || version == "edge" {
        version.clone_into(&mut distro.version_id);
    } else {
        version.clone_into(&mut distro.codename);
    }
    Some(distro)
}
