//! Which ecosystem of the feeds a distribution is.

use plimsoll_model::distro::Distro;
use plimsoll_model::ecosystem::PackageKind;

use crate::feeds::debian_advisories;

/// Is what a distribution is to the feeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judge {
    /// A distribution that feeds speak of.
    Feed {
        /// The ecosystem and release in OSV's spelling.
        ecosystem: String,
        /// The kind of its packages.
        kind: PackageKind,
    },
    /// A derivative: its packages are rebuilt or changed, so its parent's feed does not fit.
    Derivative {
        /// The parent, from `ID_LIKE`.
        parent: String,
    },
    /// Nothing that any feed speaks of.
    Unknown,
}

/// Finds the ecosystem of a distribution (os-release(5) fields; ecosystems as in the OSV schema,
/// "affected[].package").
pub fn judge(distro: &Distro) -> Judge {
    let version = distro.version_id.trim();
    let major = version.split('.').next().unwrap_or("");
    let feed = |ecosystem: String, kind| Judge::Feed { ecosystem, kind };
    match distro.id.as_str() {
        "debian" => {
            // Testing and unstable state no number; their code name stands for it.
            let ecosystem = if major.is_empty() {
                let codename = distro.codename.split('/').next().unwrap_or("");
                if codename.is_empty() {
                    return Judge::Unknown;
                }
                debian_advisories::ecosystem(codename)
            } else {
                format!("Debian:{major}")
            };
            feed(ecosystem, PackageKind::Deb)
        }
        "ubuntu" => {
            let (year, month) = version.split_once('.').unwrap_or((version, ""));
            let even = year.parse::<u32>().is_ok_and(|year| year.is_multiple_of(2));
            let month = month.split('.').next().unwrap_or("");
            let lts = if even && month == "04" { ":LTS" } else { "" };
            feed(format!("Ubuntu:{year}.{month}{lts}"), PackageKind::Deb)
        }
        "alpine" => {
            let mut parts = version.split('.');
            let (first, second) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            let numbers = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            // Edge calls itself by the release to come: `3.23.0_alpha20251016`.
            let ecosystem = if version.contains("_alpha") || version.is_empty() || version == "edge"
            {
                "Alpine:edge".to_owned()
            } else if numbers(first) && numbers(second) {
                format!("Alpine:v{first}.{second}")
            } else {
                return Judge::Unknown;
            };
            feed(ecosystem, PackageKind::Apk)
        }
        "wolfi" => feed("Wolfi".to_owned(), PackageKind::Apk),
        "chainguard" => feed("Chainguard".to_owned(), PackageKind::Apk),
        "almalinux" if !major.is_empty() => feed(format!("AlmaLinux:{major}"), PackageKind::Rpm),
        "rocky" if !major.is_empty() => feed(format!("Rocky Linux:{major}"), PackageKind::Rpm),
        // UBI calls itself `rhel`, which is what it is made of.
        "rhel" if !major.is_empty() => feed(format!("Red Hat:{major}"), PackageKind::Rpm),
        // CentOS Linux rebuilt the main stream and kept its versions. CentOS Stream is ahead of it:
        // its builds are no update's, so nothing says what they fix.
        "centos"
            if matches!(major, "5" | "6" | "7" | "8") && !distro.pretty_name.contains("Stream") =>
        {
            feed(format!("Red Hat:{major}"), PackageKind::Rpm)
        }
        "centos" => Judge::Derivative {
            parent: "Red Hat Enterprise Linux".to_owned(),
        },
        "ol" if !major.is_empty() => feed(format!("Oracle Linux:{major}"), PackageKind::Rpm),
        id if id.starts_with("sl") || id.starts_with("opensuse") => match suse(id, version) {
            Some(ecosystem) => feed(ecosystem, PackageKind::Rpm),
            None => Judge::Unknown,
        },
        // The first one counted by years and months: `2018.03`.
        "amzn" if major == "2018" || major == "2017" => {
            feed("Amazon Linux:1".to_owned(), PackageKind::Rpm)
        }
        "amzn" if !major.is_empty() => feed(format!("Amazon Linux:{major}"), PackageKind::Rpm),
        "fedora" if !major.is_empty() => feed(format!("Fedora:{major}"), PackageKind::Rpm),
        "photon" if !version.is_empty() => feed(format!("Photon OS:{version}"), PackageKind::Rpm),
        "azurelinux" | "mariner" if !major.is_empty() => {
            feed(format!("Azure Linux:{major}"), PackageKind::Rpm)
        }
        "mageia" if !major.is_empty() => feed(format!("Mageia:{major}"), PackageKind::Rpm),
        "openeuler" if !version.is_empty() => feed(open_euler(distro), PackageKind::Rpm),
        // Rolling: what they state as their version is the day of a build.
        "minimos" => feed("MinimOS".to_owned(), PackageKind::Apk),
        "echo" => feed("Echo".to_owned(), PackageKind::Deb),
        // `23`, `25` or `stream`.
        "alpaquita" if !version.is_empty() => {
            feed(format!("Alpaquita:{version}"), PackageKind::Apk)
        }
        "bellsoft-hardened-containers" if !version.is_empty() => feed(
            format!("BellSoft Hardened Containers:{version}"),
            PackageKind::Apk,
        ),
        _ => match distro.id_like.first() {
            Some(parent) => Judge::Derivative {
                parent: parent.clone(),
            },
            None => Judge::Unknown,
        },
    }
}

/// Names SUSE's products as OSV does, without the vendor before the product: the service pack is the
/// second number of 12 and 15, and a part of the version from 16 on.
fn suse(id: &str, version: &str) -> Option<String> {
    let (major, minor) = version.split_once('.').unwrap_or((version, ""));
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !number(major) && id != "opensuse-tumbleweed" {
        return None;
    }
    match id {
        "sles" | "sles_sap" | "sled" => {
            let release = match (major.parse::<u32>().ok()?, minor) {
                (..=15, "" | "0") => major.to_owned(),
                (..=15, pack) => format!("{major} SP{pack}"),
                _ => version.to_owned(),
            };
            Some(format!("SUSE:Linux Enterprise Server {release}"))
        }
        "sle-micro" | "sle-micro-rancher" | "suse-microos" => {
            Some(format!("SUSE:Linux Enterprise Micro {version}"))
        }
        "sl-micro" => Some(format!("SUSE:Linux Micro {version}")),
        "opensuse-leap" => Some(format!("openSUSE:Leap {version}")),
        "opensuse-leap-micro" => Some(format!("openSUSE:Leap Micro {version}")),
        "opensuse-tumbleweed" | "opensuse-microos" => Some("openSUSE:Tumbleweed".to_owned()),
        _ => None,
    }
}

/// Returns openEuler's ecosystem: its service packs stand only in the pretty name (`openEuler 22.03
/// (LTS-SP3)`), and the records name them (`openEuler:22.03-LTS-SP3`).
fn open_euler(distro: &Distro) -> String {
    let version = distro.version_id.trim();
    let pack = (distro.pretty_name.split_once('('))
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(pack, _)| pack.trim())
        .filter(|pack| !pack.is_empty());
    match pack {
        Some(pack) => format!("openEuler:{version}-{pack}"),
        None => format!("openEuler:{version}"),
    }
}

/// Says whether the records of an rpm distribution name source packages rather than binary ones.
pub(super) fn names_sources(ecosystem: &str) -> bool {
    let base = ecosystem.split(':').next().unwrap_or("");
    matches!(
        base,
        "Azure Linux" | "Fedora" | "Mageia" | "Photon OS" | "openEuler"
    )
}

/// Says whether a distribution's records leave out epochs, which its packages may have.
pub(super) fn states_no_epochs(ecosystem: &str) -> bool {
    ecosystem.starts_with("Photon OS:") || ecosystem.starts_with("Azure Linux:")
}

/// Returns the distribution's own page about an update.
pub(super) fn update_page(ecosystem: &str, record: &str) -> Option<String> {
    let (base, release) = ecosystem.split_once(':').unwrap_or((ecosystem, ""));
    match base {
        "AlmaLinux" if record.starts_with("AL") => Some(format!(
            "https://errata.almalinux.org/{release}/{}.html",
            record.replace(':', "-")
        )),
        "Red Hat" if record.starts_with("RH") => {
            Some(format!("https://access.redhat.com/errata/{record}"))
        }
        "Oracle Linux" if record.starts_with("EL") => {
            Some(format!("https://linux.oracle.com/errata/{record}.html"))
        }
        "SUSE" | "openSUSE" if record.starts_with("SUSE-") => Some(format!(
            "https://www.suse.com/support/update/announcement/{}/",
            suse_page(record)?
        )),
        "Rocky Linux" if record.starts_with("RL") => {
            Some(format!("https://errata.rockylinux.org/{record}"))
        }
        "Amazon Linux" if record.starts_with("ALAS") => Some(amazon_page(release, record)),
        "Fedora" if record.starts_with("FEDORA-") => {
            Some(format!("https://bodhi.fedoraproject.org/updates/{record}"))
        }
        "Debian" if record.starts_with("DSA-") || record.starts_with("DLA-") => Some(format!(
            "https://security-tracker.debian.org/tracker/{record}"
        )),
        _ => None,
    }
}

/// Returns the part of SUSE's address that names an update: `2024/suse-su-20240577-1`.
fn suse_page(record: &str) -> Option<String> {
    let (kind, rest) = record.split_once(':')?;
    let (kind, year) = kind.rsplit_once('-')?;
    Some(format!("{year}/{}-{year}{rest}", kind.to_ascii_lowercase()))
}

/// Returns Amazon's page about an update: those of extras (`ALAS2DOCKER-2023-031`) carry their
/// repository in the page's address.
fn amazon_page(release: &str, record: &str) -> String {
    const ADDRESS: &str = "https://alas.aws.amazon.com";
    match release {
        "1" => format!("{ADDRESS}/{record}.html"),
        "2" => format!("{ADDRESS}/AL2/{record}.html"),
        _ => format!("{ADDRESS}/AL{release}/{record}.html"),
    }
}

/// Returns the distribution's own page about a vulnerability.
pub(super) fn page(ecosystem: &str, id: &str) -> Option<String> {
    let base = ecosystem.split(':').next().unwrap_or("");
    let cve = id.starts_with("CVE-");
    match base {
        "Debian" => Some(format!("https://security-tracker.debian.org/tracker/{id}")),
        "Ubuntu" if cve => Some(format!("https://ubuntu.com/security/{id}")),
        "Red Hat" if cve => Some(format!("https://access.redhat.com/security/cve/{id}")),
        "Oracle Linux" if cve => Some(format!("https://linux.oracle.com/cve/{id}.html")),
        "SUSE" | "openSUSE" if cve => Some(format!("https://www.suse.com/security/cve/{id}.html")),
        "Alpine" if cve => Some(format!("https://security.alpinelinux.org/vuln/{id}")),
        "Amazon Linux" if cve => Some(format!("https://explore.alas.aws.amazon.com/{id}.html")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_have_their_ecosystems() {
        for (id, version, codename, expected) in [
            ("debian", "12", "bookworm", "Debian:12"),
            ("debian", "12.5", "", "Debian:12"),
            ("debian", "", "forky", "Debian:14"),
            ("debian", "", "sid", "Debian:sid"),
            ("ubuntu", "22.04", "jammy", "Ubuntu:22.04:LTS"),
            ("ubuntu", "24.10", "oracular", "Ubuntu:24.10"),
            ("ubuntu", "23.04", "lunar", "Ubuntu:23.04"),
            ("alpine", "3.11.3", "", "Alpine:v3.11"),
            ("alpine", "3.23.0_alpha20251016", "", "Alpine:edge"),
            ("almalinux", "9.4", "", "AlmaLinux:9"),
            ("rocky", "8.10", "", "Rocky Linux:8"),
            ("wolfi", "20230201", "", "Wolfi"),
            ("chainguard", "20230214", "", "Chainguard"),
            ("rhel", "8.10", "", "Red Hat:8"),
            ("centos", "7", "", "Red Hat:7"),
            ("ol", "9.4", "", "Oracle Linux:9"),
            ("sles", "15.5", "", "SUSE:Linux Enterprise Server 15 SP5"),
            ("sles", "15", "", "SUSE:Linux Enterprise Server 15"),
            ("sles", "12.5", "", "SUSE:Linux Enterprise Server 12 SP5"),
            ("sles", "16.0", "", "SUSE:Linux Enterprise Server 16.0"),
            ("sle-micro", "5.5", "", "SUSE:Linux Enterprise Micro 5.5"),
            ("sl-micro", "6.0", "", "SUSE:Linux Micro 6.0"),
            ("opensuse-leap", "15.6", "", "openSUSE:Leap 15.6"),
            ("opensuse-tumbleweed", "20240101", "", "openSUSE:Tumbleweed"),
            ("amzn", "2018.03", "", "Amazon Linux:1"),
            ("amzn", "2", "", "Amazon Linux:2"),
            ("amzn", "2023", "", "Amazon Linux:2023"),
            ("fedora", "40", "", "Fedora:40"),
            ("photon", "5.0", "", "Photon OS:5.0"),
            ("azurelinux", "3.0", "", "Azure Linux:3"),
            ("mariner", "2.0", "", "Azure Linux:2"),
            ("mageia", "9", "", "Mageia:9"),
            ("openeuler", "24.03", "", "openEuler:24.03"),
            ("minimos", "20241031", "", "MinimOS"),
            ("echo", "1", "", "Echo"),
            ("alpaquita", "stream", "", "Alpaquita:stream"),
            (
                "bellsoft-hardened-containers",
                "25",
                "",
                "BellSoft Hardened Containers:25",
            ),
        ] {
            let distro = Distro {
                id: id.to_owned(),
                version_id: version.to_owned(),
                codename: codename.to_owned(),
                ..Distro::default()
            };
            match judge(&distro) {
                Judge::Feed { ecosystem, .. } => assert_eq!(ecosystem, expected),
                other => panic!("{id} {version}: {other:?}"),
            }
        }
    }

    #[test]
    fn centos_stream_is_ahead_of_what_its_parent_says() {
        for (version, pretty) in [
            ("8", "CentOS Stream 8"),
            ("9", "CentOS Stream 9"),
            ("10", ""),
        ] {
            let distro = Distro {
                id: "centos".to_owned(),
                version_id: version.to_owned(),
                pretty_name: pretty.to_owned(),
                ..Distro::default()
            };
            assert!(
                matches!(judge(&distro), Judge::Derivative { .. }),
                "{version}"
            );
        }
    }

    #[test]
    fn updates_have_their_pages() {
        for (ecosystem, record, page) in [
            (
                "SUSE:Linux Enterprise Server 15 SP5",
                "SUSE-SU-2024:0577-1",
                "https://www.suse.com/support/update/announcement/2024/suse-su-20240577-1/",
            ),
            (
                "Red Hat:9",
                "RHSA-2023:6745",
                "https://access.redhat.com/errata/RHSA-2023:6745",
            ),
            (
                "Oracle Linux:8",
                "ELSA-2024-12842",
                "https://linux.oracle.com/errata/ELSA-2024-12842.html",
            ),
        ] {
            assert_eq!(update_page(ecosystem, record).as_deref(), Some(page));
        }
    }

    #[test]
    fn service_packs_of_openeuler_count() {
        let distro = Distro {
            id: "openeuler".to_owned(),
            version_id: "22.03".to_owned(),
            pretty_name: "openEuler 22.03 (LTS-SP3)".to_owned(),
            ..Distro::default()
        };
        let Judge::Feed { ecosystem, .. } = judge(&distro) else {
            panic!("a feed")
        };
        assert_eq!(ecosystem, "openEuler:22.03-LTS-SP3");
    }

    #[test]
    fn derivatives_are_not_their_parents() {
        let mint = Distro {
            id: "linuxmint".to_owned(),
            id_like: vec!["ubuntu".to_owned(), "debian".to_owned()],
            version_id: "21.3".to_owned(),
            ..Distro::default()
        };
        assert_eq!(
            judge(&mint),
            Judge::Derivative {
                parent: "ubuntu".to_owned()
            }
        );
        for (id, version) in [
            ("nixos", "24.05"),
            ("debian", ""),
            ("alpine", "x"),
            ("almalinux", ""),
        ] {
            let distro = Distro {
                id: id.to_owned(),
                version_id: version.to_owned(),
                ..Distro::default()
            };
            assert_eq!(judge(&distro), Judge::Unknown, "{id}");
        }
    }
}
