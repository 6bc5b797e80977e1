//! Paid continuations of a release, whose fixes those who do not pay never get.
//!
//! | release | continuation | its word on a build counts |
//! |---|---|---|
//! | `Ubuntu:22.04:LTS` | `Ubuntu:Pro:22.04:LTS` | where the version carries `esm` |
//! | `Red Hat:8` | `Red Hat:8.6` (EUS, AUS, E4S, TUS) | where the build carries that minor release |
//! | `Red Hat:7` | `Red Hat:7-ELS` | always: it goes on where the main stream ended |
//! | `SUSE:Linux Enterprise Server 15 SP4` | `…-LTSS` | always, likewise |
//!
//! A package is judged by the release. The continuation adds three things: a build that it made and
//! that has its fix is not affected; where the release has no fix and the continuation has one, the
//! comparison names it and what it takes, while the finding stays without a fix; and what only the
//! continuation speaks of is found all the same.

use plimsoll_model::package::Package;

use super::flavour;

/// Is a paid continuation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extended {
    /// Its ecosystem.
    pub(super) ecosystem: String,
    /// What one needs to get its packages.
    pub(super) with: &'static str,
    /// Whether its word on this build counts before the release's.
    pub(super) counts: bool,
    /// Whether this build is its own for certain, so that its fixes are to be had.
    pub(super) own: bool,
}

/// Returns the continuations that may have made a package.
pub(super) fn of(ecosystem: &str, package: &Package) -> Vec<Extended> {
    let Some((base, release)) = ecosystem.split_once(':') else {
        return Vec::new();
    };
    let paid = |ecosystem: String, with| Extended {
        ecosystem,
        with,
        counts: true,
        own: false,
    };
    match base {
        "Ubuntu" if !release.starts_with("Pro:") => {
            let own = package.version.contains("esm");
            vec![Extended {
                counts: own,
                own,
                ..paid(format!("Ubuntu:Pro:{release}"), "Ubuntu Pro")
            }]
        }
        "Red Hat" => {
            let mut found = vec![paid(
                format!("Red Hat:{release}-ELS"),
                "Extended Life Cycle Support",
            )];
            if let Some((major, minor)) = flavour::minor(&package.version)
                && major.to_string() == release
            {
                found.push(paid(
                    format!("Red Hat:{major}.{minor}"),
                    "an extended update stream of that minor release",
                ));
            }
            found
        }
        "SUSE" if release.starts_with("Linux Enterprise Server ") => {
            let ecosystem = format!("{ecosystem}-LTSS");
            vec![paid(ecosystem, "Long Term Service Pack Support")]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::ecosystem::PackageKind;

    use super::*;

    #[test]
    fn releases_have_their_continuations() {
        for (ecosystem, version, expected) in [
            (
                "Ubuntu:22.04:LTS",
                "1.0-1ubuntu1",
                vec![("Ubuntu:Pro:22.04:LTS", false)],
            ),
            (
                "Ubuntu:16.04:LTS",
                "1.0-1ubuntu1+esm2",
                vec![("Ubuntu:Pro:16.04:LTS", true)],
            ),
            (
                "Red Hat:8",
                "1.0-1.el8_6",
                vec![("Red Hat:8-ELS", true), ("Red Hat:8.6", true)],
            ),
            ("Red Hat:9", "1.0-1.el8_6", vec![("Red Hat:9-ELS", true)]),
            (
                "SUSE:Linux Enterprise Server 15 SP4",
                "1-1",
                vec![("SUSE:Linux Enterprise Server 15 SP4-LTSS", true)],
            ),
            ("openSUSE:Leap 15.6", "1-1", vec![]),
            ("Wolfi", "1-r0", vec![]),
        ] {
            let package = Package::new(PackageKind::Rpm, "a", version);
            let found = of(ecosystem, &package);
            let got: Vec<_> = found
                .iter()
                .map(|e| (e.ecosystem.as_str(), e.counts))
                .collect();
            assert_eq!(got, expected, "{ecosystem} {version}");
        }
    }
}
