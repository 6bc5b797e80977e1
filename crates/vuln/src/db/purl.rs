//! Looking packages up by their package URL.

use plimsoll_model::advisory::Advisory;
use plimsoll_model::purl::Purl;

use super::{Database, DbError, Lookup};
use crate::feeds::scheme;
use crate::matcher;

impl Database {
    /// Finds what is stated about the package of a purl: with a version what applies to it, without
    /// one everything. Where the order of an ecosystem's versions is not known, or the version is
    /// none of that order, everything is found.
    ///
    /// # Errors
    /// When a part that is needed is damaged.
    pub fn lookup_purl(&self, purl: &Purl) -> Result<Lookup, DbError> {
        let (ecosystems, name) = names(purl);
        let version = match purl.qualifier("epoch") {
            "" | "0" => purl.version.clone(),
            epoch => format!("{epoch}:{}", purl.version),
        };
        let source = match purl.qualifier("upstream") {
            "" => None,
            source => Some(source.split('@').next().unwrap_or("").to_owned()),
        };
        let arch = purl.qualifier("arch");
        let keep = |advisory: &Advisory| applies(advisory, &version, arch);
        let mut all = Lookup::default();
        for ecosystem in &ecosystems {
            for name in [Some(name.clone()), source.clone()].into_iter().flatten() {
                let found = self.lookup_package(ecosystem, &name, &keep)?;
                all.stated.extend(found.stated);
                for vulnerability in found.vulnerabilities {
                    if !all.vulnerabilities.contains(&vulnerability) {
                        all.vulnerabilities.push(vulnerability);
                    }
                }
            }
        }
        all.vulnerabilities.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }
}

/// Says whether a statement applies to a version of an architecture.
fn applies(advisory: &Advisory, version: &str, arch: &str) -> bool {
    let elsewhere = !advisory.arches.is_empty()
        && !matches!(arch, "" | "noarch" | "all" | "any" | "src")
        && !advisory.arches.iter().any(|stated| stated == arch);
    if elsewhere {
        return false;
    }
    if version.is_empty() || advisory.versions.iter().any(|listed| listed == version) {
        return true;
    }
    match scheme(&advisory.ecosystem) {
        Some(scheme) if scheme.is_valid(version) => {
            let mut ranges = advisory.ranges.iter();
            ranges.any(|range| matcher::inside(scheme, version, range))
        }
        _ => true,
    }
}

/// Returns the ecosystems of a purl, and the package's name as their feeds write it (purl
/// specification, "types"; OSV schema, "affected[].package").
fn names(purl: &Purl) -> (Vec<String>, String) {
    let namespace = purl.namespace.join("/");
    let joined = |separator: &str| {
        let parts = purl.namespace.iter().chain([&purl.name]);
        parts
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(separator)
    };
    let of = |ecosystem: &str, name: String| (vec![ecosystem.to_owned()], name);
    match purl.kind.as_str() {
        "npm" => of("npm", joined("/")),
        "pypi" => of("PyPI", purl.name.clone()),
        "golang" => of("Go", joined("/")),
        "cargo" => of("crates.io", purl.name.clone()),
        "gem" => of("RubyGems", purl.name.clone()),
        "maven" => of("Maven", joined(":")),
        "nuget" => of("NuGet", purl.name.clone()),
        "composer" => of("Packagist", joined("/")),
        "pub" => of("Pub", purl.name.clone()),
        "hex" => of("Hex", joined("/")),
        "hackage" => of("Hackage", purl.name.clone()),
        "swift" => of("SwiftURL", joined("/")),
        "cran" => of("CRAN", purl.name.clone()),
        "conan" => of("ConanCenter", purl.name.clone()),
        "bitnami" => of("Bitnami", purl.name.clone()),
        "julia" => of("Julia", purl.name.clone()),
        "githubactions" => of("GitHub Actions", joined("/")),
        "deb" | "apk" | "rpm" => {
            let distributions: &[&str] = match namespace.as_str() {
                "debian" => &["Debian"],
                "ubuntu" => &["Ubuntu"],
                "alpine" => &["Alpine"],
                "wolfi" => &["Wolfi"],
                "chainguard" => &["Chainguard"],
                "redhat" | "rhel" => &["Red Hat"],
                "almalinux" => &["AlmaLinux"],
                "rocky" | "rockylinux" => &["Rocky Linux"],
                "suse" | "sles" => &["SUSE"],
                "opensuse" => &["openSUSE", "SUSE"],
                "openeuler" => &["openEuler"],
                "mageia" => &["Mageia"],
                "photon" => &["Photon OS"],
                "azurelinux" | "mariner" => &["Azure Linux"],
                _ => &[],
            };
            let release = purl.qualifier("distro");
            let release = release.rsplit_once('-').map_or("", |(_, release)| release);
            let ecosystems = distributions.iter().map(|base| match (*base, release) {
                ("Debian" | "AlmaLinux" | "Rocky Linux", release) if !release.is_empty() => {
                    let major = release.split('.').next().unwrap_or(release);
                    format!("{base}:{major}")
                }
                ("Alpine", release) if release.split('.').count() >= 2 => {
                    let mut parts = release.trim_start_matches('v').split('.');
                    let (major, minor) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
                    format!("Alpine:v{major}.{minor}")
                }
                _ => (*base).to_owned(),
            });
            (ecosystems.collect(), purl.name.clone())
        }
        _ => (Vec::new(), purl.name.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_name_packages_as_feeds_do() {
        for (purl, ecosystem, name) in [
            ("pkg:npm/%40babel/traverse@7.1.0", "npm", "@babel/traverse"),
            (
                "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
                "Maven",
                "org.apache.logging.log4j:log4j-core",
            ),
            (
                "pkg:golang/golang.org/x/net@v0.1.0",
                "Go",
                "golang.org/x/net",
            ),
            (
                "pkg:composer/symfony/http-kernel",
                "Packagist",
                "symfony/http-kernel",
            ),
            (
                "pkg:deb/debian/glibc@2.36-9?distro=debian-12.5",
                "Debian:12",
                "glibc",
            ),
            (
                "pkg:apk/alpine/busybox@1.31?distro=alpine-3.11.6",
                "Alpine:v3.11",
                "busybox",
            ),
            (
                "pkg:rpm/almalinux/openssl@3.0.7?distro=almalinux-9.4",
                "AlmaLinux:9",
                "openssl",
            ),
        ] {
            let purl: Purl = purl.parse().expect(purl);
            assert_eq!(names(&purl), (vec![ecosystem.to_owned()], name.to_owned()));
        }
    }

    #[test]
    fn a_version_is_compared_where_its_order_is_known() {
        let advisory = |ecosystem: &str| Advisory {
            ecosystem: ecosystem.to_owned(),
            ranges: vec![plimsoll_model::advisory::Range {
                fixed: Some("2.36-9".to_owned()),
                ..plimsoll_model::advisory::Range::default()
            }],
            arches: vec!["amd64".to_owned()],
            ..Advisory::default()
        };
        assert!(applies(&advisory("Debian:12"), "", ""));
        assert!(applies(&advisory("Debian:12"), "2.36-8", "amd64"));
        assert!(!applies(&advisory("Debian:12"), "2.36-8", "arm64"));
        assert!(!applies(&advisory("Debian:12"), "2.36-9", ""));
        assert!(applies(&advisory("Nowhere"), "2.36-9", ""));
    }
}
