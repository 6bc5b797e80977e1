//! Which ecosystem a Red Hat product is, by its CPE.
//!
//! | CPE | ecosystem |
//! |---|---|
//! | `enterprise_linux:8`, with any repository (`::baseos`, `::appstream`, …); `enterprise_linux:10.1` | `Red Hat:8`, `Red Hat:10`: the main stream |
//! | `rhel_extras:7`, `rhel_extras_rt:7`; software collections and developer tools `::el7`, whose package names are their own | `Red Hat:7` |
//! | `rhel_eus:8.6`, `rhel_aus:…`, `rhel_e4s:…`, `rhel_tus:…`, `enterprise_linux_eus:10.0` | `Red Hat:8.6`: the paid streams of a minor release, which share their builds |
//! | `rhel_els:7` | `Red Hat:7-ELS`: the paid end of a major release |
//! | anything else | none: layered products (`openshift`, `satellite`, …) build packages of the same names from other sources |

/// Repositories that carry the distribution's CPE but hold a layered product.
const LAYERED: [&str; 2] = ["fastdatapath", "hypervisor"];

/// Finds the ecosystem of a product by its CPE (CPE 2.2 URI form).
pub(super) fn ecosystem(cpe: &str) -> Option<String> {
    let mut parts = cpe.strip_prefix("cpe:/")?.split(':');
    let (_part, vendor, product) = (parts.next()?, parts.next()?, parts.next()?);
    let version = parts.next().unwrap_or("");
    let _update = parts.next();
    let edition = parts.next().unwrap_or("");
    if vendor != "redhat" {
        return None;
    }
    let (major, minor) = match version.split_once('.') {
        Some((major, minor)) => (major, Some(minor)),
        None => (version, None),
    };
    let number = |text: &str| {
        (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    match product {
        "enterprise_linux" if number(major) && !LAYERED.contains(&edition) => {
            Some(format!("Red Hat:{major}"))
        }
        "rhel_extras" | "rhel_extras_rt" | "rhel_extras_sap" | "rhel_extras_sap_hana"
            if number(major) =>
        {
            Some(format!("Red Hat:{major}"))
        }
        "rhel_software_collections" | "devtools" | "rhel_dotnet" => {
            let major = edition.strip_prefix("el").filter(|major| number(major))?;
            Some(format!("Red Hat:{major}"))
        }
        "rhel_eus"
        | "rhel_aus"
        | "rhel_e4s"
        | "rhel_tus"
        | "rhel_eus_long_life"
        | "rhel_mission_critical"
        | "enterprise_linux_eus" => {
            let minor = minor.filter(|minor| number(minor) && number(major))?;
            Some(format!("Red Hat:{major}.{minor}"))
        }
        "rhel_els" if number(major) => Some(format!("Red Hat:{major}-ELS")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_told_apart() {
        for (cpe, expected) in [
            ("cpe:/o:redhat:enterprise_linux:8", Some("Red Hat:8")),
            (
                "cpe:/o:redhat:enterprise_linux:8::baseos",
                Some("Red Hat:8"),
            ),
            (
                "cpe:/a:redhat:enterprise_linux:9::appstream",
                Some("Red Hat:9"),
            ),
            ("cpe:/o:redhat:enterprise_linux:10.1", Some("Red Hat:10")),
            (
                "cpe:/o:redhat:enterprise_linux:7::server",
                Some("Red Hat:7"),
            ),
            ("cpe:/a:redhat:rhel_extras:7", Some("Red Hat:7")),
            (
                "cpe:/a:redhat:rhel_software_collections:3::el7",
                Some("Red Hat:7"),
            ),
            ("cpe:/o:redhat:rhel_eus:8.6::baseos", Some("Red Hat:8.6")),
            ("cpe:/a:redhat:rhel_aus:8.4::appstream", Some("Red Hat:8.4")),
            ("cpe:/a:redhat:rhel_e4s:9.0::appstream", Some("Red Hat:9.0")),
            ("cpe:/a:redhat:rhel_tus:8.6::appstream", Some("Red Hat:8.6")),
            (
                "cpe:/o:redhat:enterprise_linux_eus:10.0",
                Some("Red Hat:10.0"),
            ),
            ("cpe:/o:redhat:rhel_els:7", Some("Red Hat:7-ELS")),
            ("cpe:/o:redhat:enterprise_linux:8::fastdatapath", None),
            ("cpe:/a:redhat:openshift:4.16::el9", None),
            ("cpe:/a:redhat:satellite:6.14::el8", None),
            ("cpe:/a:redhat:jboss_core_services:1", None),
            ("cpe:/a:redhat:rhel_eus:8", None),
            ("cpe:/o:redhat:enterprise_linux", None),
            ("cpe:/o:other:enterprise_linux:8", None),
            ("cpe:2.3:o:redhat:enterprise_linux:8", None),
            ("", None),
        ] {
            assert_eq!(ecosystem(cpe).as_deref(), expected, "{cpe}");
        }
    }
}
