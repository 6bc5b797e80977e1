//! Which purl a package has: namespace, name and qualifiers by its kind and distribution.
//!
//! The grammar, the encoding and what each type asks of case are [`plimsoll_model::purl`]'s.

use std::collections::BTreeMap;

use plimsoll_model::distro::Distro;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use plimsoll_model::purl::Purl;

/// Writes the purl of a package; the empty text for one without a name.
///
/// For the operating system's packages the namespace is the distribution's id as the types `apk`,
/// `deb` and `rpm` define it (with `redhat` for `rhel` and `opensuse` for all of openSUSE, as Syft and
/// Trivy write them); it is left out when the distribution is unknown. Qualifiers: `arch`, `distro`
/// (`debian-12`), `epoch` (rpm), `rpmmod` (rpm modules) and `upstream`, the source as Syft writes it:
/// `name` or `name@version` where it differs from the binary's, and for rpm always the file name of the
/// source package.
///
/// For all others namespace and name are the package's name, parted as the type asks; [`qualifiers`]
/// says which properties become qualifiers. Bitnami's revision is part of the version there (type
/// `bitnami`).
pub fn purl(package: &Package, distro: Option<&Distro>) -> String {
    let kind = package.kind;
    if !kind.is_os() {
        let path = match kind {
            PackageKind::Maven => package.name.replacen(':', "/", 1),
            _ => package.name.clone(),
        };
        let path = path.trim_matches('/');
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        let given = language_qualifiers(package);
        let mut version = package.version.clone();
        if kind == PackageKind::Bitnami
            && let Some(revision) = package.properties.get("revision")
        {
            version = format!("{version}-{revision}");
        }
        return build(kind, namespace, name, &version, given);
    }
    let (epoch, version) = match (kind, package.version.split_once(':')) {
        (PackageKind::Rpm, Some((epoch, version))) => (epoch, version),
        _ => ("", package.version.as_str()),
    };
    let namespace = distro.map(|distro| namespace(kind, &distro.id));
    let module = package.properties.get("modularity_label");
    let given = [
        ("arch", package.arch.clone().unwrap_or_default()),
        ("distro", distro.map(distro_qualifier).unwrap_or_default()),
        ("epoch", epoch.to_owned()),
        (
            "rpmmod",
            module
                .filter(|_| kind == PackageKind::Rpm)
                .cloned()
                .unwrap_or_default(),
        ),
        ("upstream", upstream(package)),
    ];
    let namespace = namespace.unwrap_or_default();
    build(kind, &namespace, &package.name, version, given)
}

fn build<'a>(
    kind: PackageKind,
    namespace: &str,
    name: &str,
    version: &str,
    qualifiers: impl IntoIterator<Item = (&'a str, String)>,
) -> String {
    let Ok(mut purl) = Purl::new(kind.purl_type(), namespace, name, version) else {
        return String::new();
    };
    for (key, value) in qualifiers {
        // The keys are written here, and valid.
        let _ = purl.qualify(key, &value);
    }
    purl.to_string()
}

fn language_qualifiers(package: &Package) -> BTreeMap<&'static str, String> {
    qualifiers(package.kind)
        .iter()
        .filter_map(|(key, property)| Some((*key, package.properties.get(*property)?.clone())))
        .collect()
}

/// Returns which properties of a kind are qualifiers of its purl, as (qualifier, property), sorted.
pub fn qualifiers(kind: PackageKind) -> &'static [(&'static str, &'static str)] {
    match kind {
        PackageKind::Bitnami => &[("arch", "arch"), ("distro", "distro")],
        PackageKind::Conda => &[
            ("build", "build"),
            ("channel", "channel"),
            ("subdir", "subdir"),
            ("type", "type"),
        ],
        PackageKind::Gem => &[("platform", "platform")],
        PackageKind::Julia => &[("uuid", "uuid")],
        PackageKind::Maven => &[("classifier", "classifier"), ("type", "type")],
        PackageKind::Nix => &[
            ("drvpath", "drvpath"),
            ("output", "output"),
            ("outputhash", "outputhash"),
        ],
        PackageKind::Pypi => &[("vcs_url", "vcs_url")],
        _ => &[],
    }
}

fn namespace(kind: PackageKind, id: &str) -> String {
    let id = id.to_lowercase();
    match kind {
        PackageKind::Rpm if id == "rhel" => "redhat".to_owned(),
        PackageKind::Rpm if id.starts_with("opensuse") => "opensuse".to_owned(),
        _ => id,
    }
}

/// Returns `id-version`, with the code name for releases without number (Debian testing).
fn distro_qualifier(distro: &Distro) -> String {
    let version = if distro.version_id.is_empty() {
        &distro.codename
    } else {
        &distro.version_id
    };
    if distro.id.is_empty() || version.is_empty() {
        return distro.id.clone();
    }
    format!("{}-{version}", distro.id)
}

fn upstream(package: &Package) -> String {
    let Some(source) = &package.source else {
        return String::new();
    };
    match package.kind {
        PackageKind::Rpm => format!("{}-{}.src.rpm", source.name, source.version),
        PackageKind::Apk if source.name == package.name => String::new(),
        PackageKind::Apk => source.name.clone(),
        _ => match (
            source.name == package.name,
            source.version == package.version,
        ) {
            (true, true) => String::new(),
            (false, true) => source.name.clone(),
            (_, false) => format!("{}@{}", source.name, source.version),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::package::SourcePackage;

    fn distro(id: &str, version: &str) -> Distro {
        Distro {
            id: id.to_owned(),
            version_id: version.to_owned(),
            ..Distro::default()
        }
    }

    fn package(kind: PackageKind, name: &str, version: &str, arch: &str) -> Package {
        let mut package = Package::new(kind, name, version);
        package.arch = Some(arch.to_owned());
        package
    }

    fn source(name: &str, version: &str) -> SourcePackage {
        SourcePackage {
            name: name.to_owned(),
            version: version.to_owned(),
        }
    }

    #[test]
    fn purls_follow_the_specification() {
        let mut curl = package(PackageKind::Deb, "curl", "7.88.1-10+deb12u12", "amd64");
        curl.source = Some(source("curl", "7.88.1-10+deb12u12"));
        let mut stdcxx = package(PackageKind::Deb, "libstdc++6", "1:12.2.0-14+b1", "amd64");
        stdcxx.source = Some(source("gcc-12", "1:12.2.0-14"));
        let mut module = package(PackageKind::Rpm, "nodejs", "1:18.9.1-1.el9", "x86_64");
        module.source = Some(source("nodejs", "18.9.1-1.el9"));
        module
            .properties
            .insert("modularity_label".to_owned(), "nodejs:18:1:9".to_owned());
        let mut ssl = package(PackageKind::Apk, "ssl_client", "1.31.1-r9", "x86_64");
        ssl.source = Some(source("busybox", "1.31.1-r9"));
        let cases = [
            (
                purl(&curl, Some(&distro("debian", "12"))),
                "pkg:deb/debian/curl@7.88.1-10%2Bdeb12u12?arch=amd64&distro=debian-12",
            ),
            (
                purl(&stdcxx, Some(&distro("debian", "12"))),
                "pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14%2Bb1?arch=amd64&distro=debian-12&upstream=gcc-12%401:12.2.0-14",
            ),
            (
                purl(&module, Some(&distro("rhel", "9.4"))),
                "pkg:rpm/redhat/nodejs@18.9.1-1.el9?arch=x86_64&distro=rhel-9.4&epoch=1&rpmmod=nodejs:18:1:9&upstream=nodejs-18.9.1-1.el9.src.rpm",
            ),
            (
                purl(&ssl, Some(&distro("alpine", "3.11.3"))),
                "pkg:apk/alpine/ssl_client@1.31.1-r9?arch=x86_64&distro=alpine-3.11.3&upstream=busybox",
            ),
            (
                purl(&Package::new(PackageKind::Deb, "x y/ü", ""), None),
                "pkg:deb/x%20y%2F%C3%BC",
            ),
        ];
        for (got, want) in cases {
            assert_eq!(got, want);
        }
    }

    #[test]
    fn a_release_without_number_is_called_by_its_code_name() {
        let mut testing = distro("debian", "");
        testing.codename = "trixie".to_owned();
        let package = package(PackageKind::Deb, "a", "1", "all");
        assert_eq!(
            purl(&package, Some(&testing)),
            "pkg:deb/debian/a@1?arch=all&distro=debian-trixie"
        );
    }
}
