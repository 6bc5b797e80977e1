//! As what the packages of languages, of vendors' bundles and of no package manager are compared.

use std::borrow::Cow;

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use plimsoll_model::version::{Scheme, gem};

/// The ecosystem of the statements that name a product by its CPE (vendor and product).
pub const CPE: &str = "CPE";

/// Which kind of package an ecosystem of the feeds is, in OSV's spelling (schema,
/// "affected[].package"); the first of a kind is the one that packages are compared with.
const ECOSYSTEMS: [(&str, PackageKind); 18] = [
    ("Bitnami", PackageKind::Bitnami),
    ("CRAN", PackageKind::Cran),
    ("Bioconductor", PackageKind::Cran),
    ("Go", PackageKind::Golang),
    ("Hackage", PackageKind::Hackage),
    ("GHC", PackageKind::Hackage),
    ("Hex", PackageKind::Hex),
    ("Julia", PackageKind::Julia),
    ("Maven", PackageKind::Maven),
    ("NuGet", PackageKind::Nuget),
    ("Packagist", PackageKind::Composer),
    ("Pub", PackageKind::Pub),
    ("PyPI", PackageKind::Pypi),
    ("RubyGems", PackageKind::Gem),
    ("SwiftURL", PackageKind::Swift),
    ("crates.io", PackageKind::Cargo),
    ("npm", PackageKind::Npm),
    (CPE, PackageKind::Binary),
];

/// Returns how versions of an ecosystem of languages are ordered.
pub fn scheme(ecosystem: &str) -> Option<Scheme> {
    let (_, kind) = ECOSYSTEMS.iter().find(|(name, _)| *name == ecosystem)?;
    kind.scheme()
}

/// Returns a package's name as statements of an ecosystem are kept under it: in one spelling, where
/// the ecosystem takes several for the same.
pub fn key<'n>(ecosystem: &str, name: &'n str) -> Cow<'n, str> {
    match ecosystem {
        "PyPI" => python(name),
        "NuGet" | "Packagist" | "Hex" | CPE => lower(name),
        "SwiftURL" => lower(repository(name)),
        _ => Cow::Borrowed(name),
    }
}

/// Returns a name in lower case.
fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// Returns a repository's address without what does not tell it from others.
fn repository(name: &str) -> &str {
    let name = name.split_once("://").map_or(name, |(_, rest)| rest);
    name.trim_end_matches('/').trim_end_matches(".git")
}

/// Normalises a name of Python's index (PEP 503: lower case, runs of `-`, `_` and `.` are one `-`).
fn python(name: &str) -> Cow<'_, str> {
    let separator = |byte: u8| matches!(byte, b'-' | b'_' | b'.');
    let bytes = name.as_bytes();
    let pairs = bytes.windows(2);
    let normal = bytes
        .iter()
        .all(|byte| !byte.is_ascii_uppercase() && !matches!(byte, b'_' | b'.'))
        && !pairs.into_iter().any(|pair| pair == b"--");
    if normal {
        return Cow::Borrowed(name);
    }
    let mut written = String::with_capacity(name.len());
    let mut after_separator = false;
    for character in name.chars() {
        let separates = u8::try_from(character).is_ok_and(separator);
        if separates && !after_separator {
            written.push('-');
        } else if !separates {
            written.push(character.to_ascii_lowercase());
        }
        after_separator = separates;
    }
    Cow::Owned(written)
}

/// Returns the prefix of the records that count before all others about the same vulnerability;
/// `None` where there are none. GitHub's records of Go modules often state versions that Go's own
/// database corrects.
pub(super) fn authority(ecosystem: &str) -> Option<&'static str> {
    (ecosystem == "Go").then_some("GO-")
}

/// Is what a package is compared as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Compared<'p> {
    /// The ecosystem.
    pub(super) ecosystem: &'static str,
    /// The name that statements are kept under.
    pub(super) name: Cow<'p, str>,
    /// The version to compare.
    pub(super) version: &'p str,
    /// How versions are ordered.
    pub(super) scheme: Scheme,
}

/// Says as what a package is compared, or why it is not.
pub(super) fn compared(package: &Package) -> Result<Compared<'_>, Cow<'static, str>> {
    let kind = package.kind;
    let known = ECOSYSTEMS.iter().find(|(_, known)| *known == kind);
    let (Some((ecosystem, _)), Some(scheme)) = (known, kind.scheme()) else {
        return Err(match kind {
            PackageKind::Conda => {
                Cow::Borrowed("no feed speaks of conda's packages, which are builds of their own")
            }
            _ => Cow::Owned(format!("no feed speaks of {} packages", kind.as_str())),
        });
    };
    let mut compared = Compared {
        ecosystem,
        name: key(ecosystem, &package.name),
        version: &package.version,
        scheme,
    };
    match kind {
        PackageKind::Maven if !package.name.contains(':') => {
            return Err(Cow::Borrowed(
                "feeds name Java packages by group and artifact, and the group is not known",
            ));
        }
        PackageKind::Gem => compared.version = gem::without_platform(compared.version),
        PackageKind::Binary => {
            let Some((vendor, product)) = package.properties.get("cpe").and_then(|cpe| named(cpe))
            else {
                return Err(Cow::Borrowed(
                    "feeds name programs by vendor and product, and these are not known",
                ));
            };
            compared.name = Cow::Owned(format!("{vendor}:{product}").to_ascii_lowercase());
            if matches!(product, "graalvm" | "java_se" | "jdk" | "jre" | "openjdk") {
                compared.scheme = Scheme::Jvm;
            }
        }
        _ => {}
    }
    Ok(compared)
}

/// Returns vendor and product of a CPE 2.3 (NISTIR 7695, section 6.2).
fn named(cpe: &str) -> Option<(&str, &str)> {
    let mut parts = cpe.strip_prefix("cpe:2.3:")?.split(':').skip(1);
    let (vendor, product) = (parts.next()?, parts.next()?);
    let stated = |part: &str| !matches!(part, "" | "*" | "-");
    (stated(vendor) && stated(product)).then_some((vendor, product))
}

#[cfg(test)]
mod tests {
    use PackageKind as K;

    use super::*;

    #[test]
    fn names_have_one_spelling() {
        for (ecosystem, name, expected) in [
            ("PyPI", "Flask", "flask"),
            ("PyPI", "zope.interface", "zope-interface"),
            ("PyPI", "a__b-.c", "a-b-c"),
            ("PyPI", "plain-name", "plain-name"),
            ("NuGet", "Newtonsoft.Json", "newtonsoft.json"),
            ("Packagist", "Symfony/HTTP-Kernel", "symfony/http-kernel"),
            (
                "SwiftURL",
                "https://github.com/Apple/swift-nio.git",
                "github.com/apple/swift-nio",
            ),
            ("npm", "JSONStream", "JSONStream"),
            ("Go", "github.com/Azure/go", "github.com/Azure/go"),
            ("Maven", "org.a:B", "org.a:B"),
        ] {
            assert_eq!(key(ecosystem, name), expected, "{ecosystem} {name}");
        }
    }

    #[test]
    fn what_is_compared_follows_the_kind() {
        let shown = |kind, name: &str, version: &str, cpe: &str| {
            let mut package = Package::new(kind, name, version);
            if !cpe.is_empty() {
                package.properties.insert("cpe".to_owned(), cpe.to_owned());
            }
            match compared(&package) {
                Ok(as_) => format!(
                    "{} {} {} {}",
                    as_.ecosystem,
                    as_.name,
                    as_.version,
                    as_.scheme.as_str()
                ),
                Err(reason) => reason.into_owned(),
            }
        };
        for (kind, name, version, cpe, expected) in [
            (K::Pypi, "Flask", "1.0", "", "PyPI flask 1.0 pypi"),
            (
                K::Gem,
                "nokogiri",
                "1.16.5-x86_64-linux",
                "",
                "RubyGems nokogiri 1.16.5 gem",
            ),
            (K::Gem, "a", "1.0-1", "", "RubyGems a 1.0-1 gem"),
            (K::Maven, "org.a:b", "1", "", "Maven org.a:b 1 maven"),
            (
                K::Maven,
                "b",
                "1",
                "",
                "feeds name Java packages by group and artifact, and the group is not known",
            ),
            (
                K::Conda,
                "b",
                "1",
                "",
                "no feed speaks of conda's packages, which are builds of their own",
            ),
            (K::Otp, "b", "1", "", "no feed speaks of otp packages"),
            (
                K::Binary,
                "nginx",
                "1.25.3",
                "cpe:2.3:a:f5:nginx:1.25.3:*:*:*:*:*:*:*",
                "CPE f5:nginx 1.25.3 generic",
            ),
            (
                K::Binary,
                "java",
                "8u392",
                "cpe:2.3:a:oracle:openjdk:8u392:*:*:*:*:*:*:*",
                "CPE oracle:openjdk 8u392 jvm",
            ),
            (
                K::Binary,
                "x",
                "1",
                "",
                "feeds name programs by vendor and product, and these are not known",
            ),
        ] {
            assert_eq!(shown(kind, name, version, cpe), expected);
        }
    }

    #[test]
    fn every_ecosystem_has_an_order() {
        for (ecosystem, _) in ECOSYSTEMS {
            assert!(scheme(ecosystem).is_some(), "{ecosystem}");
        }
    }
}
