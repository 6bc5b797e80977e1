//! Which ecosystems a SUSE product is, by its name. OSV names them the same way, with the vendor
//! before a colon; here a release's modules and extensions are folded into its server product, since
//! an image of it installs from all of them.
//!
//! | product | ecosystem |
//! |---|---|
//! | `SUSE Linux Enterprise Server 15 SP5`, `… Module for Basesystem 15 SP5`, `SUSE Package Hub 15 SP5`, extensions, the development kit | `SUSE:Linux Enterprise Server 15 SP5` |
//! | `… Module for Containers 12`, which fits every service pack | `SUSE:Linux Enterprise Server 12` and its service packs 3 to 5 |
//! | `SUSE Linux Enterprise Server 15 SP4-LTSS` | `SUSE:Linux Enterprise Server 15 SP4-LTSS` |
//! | `SUSE Linux Enterprise Micro 5.3`, also for Rancher | `SUSE:Linux Enterprise Micro 5.3` |
//! | `SUSE Linux Micro 6.0` | `SUSE:Linux Micro 6.0` |
//! | `openSUSE Leap 15.6`, `openSUSE Tumbleweed` | `openSUSE:Leap 15.6`, `openSUSE:Tumbleweed` |
//! | anything else (Desktop, HPC, SAP, Manager, Liberty, ready-made images) | none: its packages come from the products above, or are other builds |

/// The parts of the server product whose names end with its release.
const PARTS: [&str; 8] = [
    "SUSE Linux Enterprise Module for ",
    "SUSE Linux Enterprise Software Development Kit ",
    "SUSE Linux Enterprise High Availability Extension ",
    "SUSE Linux Enterprise Live Patching ",
    "SUSE Linux Enterprise Real Time ",
    "SUSE Linux Enterprise Workstation Extension ",
    "SUSE Package Hub ",
    "SUSE Linux Enterprise Server LTSS Extended Security ",
];

/// Finds the ecosystems of a product by its name.
pub(in crate::feeds) fn ecosystems(name: &str) -> Vec<String> {
    let server = |release: &str| format!("SUSE:Linux Enterprise Server {release}");
    let one = |found: Option<String>| found.into_iter().collect();
    if let Some(rest) = name.strip_prefix("openSUSE ") {
        let known = rest == "Tumbleweed"
            || ["Leap ", "Leap Micro "].iter().any(|product| {
                rest.strip_prefix(product)
                    .is_some_and(|version| release(version) == Some(version))
            });
        return one(known.then(|| format!("openSUSE:{rest}")));
    }
    for (product, ecosystem) in [
        (
            "SUSE Linux Enterprise Micro for Rancher ",
            "SUSE:Linux Enterprise Micro",
        ),
        (
            "SUSE Linux Enterprise Micro ",
            "SUSE:Linux Enterprise Micro",
        ),
        ("SUSE Linux Micro ", "SUSE:Linux Micro"),
    ] {
        if let Some(version) = name.strip_prefix(product) {
            let whole = release(version) == Some(version);
            return one(whole.then(|| format!("{ecosystem} {version}")));
        }
    }
    if let Some(rest) = name.strip_prefix("SUSE Linux Enterprise Server ") {
        if let Some(rest) = rest.strip_prefix("LTSS Extended Security ") {
            let whole = release(rest) == Some(rest);
            return one(whole.then(|| format!("{}-LTSS", server(rest))));
        }
        let plain = rest.strip_suffix("-LTSS").unwrap_or(rest);
        return one((release(plain) == Some(plain)).then(|| server(rest)));
    }
    let Some(rest) = PARTS.iter().find_map(|part| name.strip_prefix(part)) else {
        return Vec::new();
    };
    match release(rest) {
        Some("12") => ["12", "12 SP3", "12 SP4", "12 SP5"].map(server).into(),
        Some(release) => vec![server(release)],
        None => Vec::new(),
    }
}

/// Returns the release that a product's name ends with: `15 SP5`, `12`, `16.0`.
fn release(text: &str) -> Option<&str> {
    let number = |word: &str| {
        !word.is_empty()
            && word.starts_with(|first: char| first.is_ascii_digit())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    let (rest, last) = text.rsplit_once(' ').unwrap_or(("", text));
    if last.strip_prefix("SP").is_some_and(number) {
        let (start, major) = rest.rsplit_once(' ').unwrap_or(("", rest));
        let at = if start.is_empty() { 0 } else { start.len() + 1 };
        return number(major).then(|| text.get(at..)).flatten();
    }
    number(last).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_folded_into_releases() {
        for (name, expected) in [
            (
                "SUSE Linux Enterprise Server 15 SP5",
                vec!["SUSE:Linux Enterprise Server 15 SP5"],
            ),
            (
                "SUSE Linux Enterprise Server 15",
                vec!["SUSE:Linux Enterprise Server 15"],
            ),
            (
                "SUSE Linux Enterprise Server 16.0",
                vec!["SUSE:Linux Enterprise Server 16.0"],
            ),
            (
                "SUSE Linux Enterprise Server 15 SP4-LTSS",
                vec!["SUSE:Linux Enterprise Server 15 SP4-LTSS"],
            ),
            (
                "SUSE Linux Enterprise Server LTSS Extended Security 12 SP5",
                vec!["SUSE:Linux Enterprise Server 12 SP5-LTSS"],
            ),
            (
                "SUSE Linux Enterprise Module for Basesystem 15 SP6",
                vec!["SUSE:Linux Enterprise Server 15 SP6"],
            ),
            (
                "SUSE Linux Enterprise Module for Python 3 15 SP5",
                vec!["SUSE:Linux Enterprise Server 15 SP5"],
            ),
            (
                "SUSE Package Hub 15 SP5",
                vec!["SUSE:Linux Enterprise Server 15 SP5"],
            ),
            (
                "SUSE Linux Enterprise Module for Containers 12",
                vec![
                    "SUSE:Linux Enterprise Server 12",
                    "SUSE:Linux Enterprise Server 12 SP3",
                    "SUSE:Linux Enterprise Server 12 SP4",
                    "SUSE:Linux Enterprise Server 12 SP5",
                ],
            ),
            (
                "SUSE Linux Enterprise Software Development Kit 12 SP5",
                vec!["SUSE:Linux Enterprise Server 12 SP5"],
            ),
            (
                "SUSE Linux Enterprise Micro 5.3",
                vec!["SUSE:Linux Enterprise Micro 5.3"],
            ),
            (
                "SUSE Linux Enterprise Micro for Rancher 5.3",
                vec!["SUSE:Linux Enterprise Micro 5.3"],
            ),
            ("SUSE Linux Micro 6.0", vec!["SUSE:Linux Micro 6.0"]),
            ("openSUSE Leap 15.6", vec!["openSUSE:Leap 15.6"]),
            ("openSUSE Leap Micro 5.3", vec!["openSUSE:Leap Micro 5.3"]),
            ("openSUSE Tumbleweed", vec!["openSUSE:Tumbleweed"]),
            (
                "SUSE Linux Enterprise Server for SAP Applications 15 SP5",
                vec![],
            ),
            ("SUSE Linux Enterprise Server 12 SP3-BCL", vec![]),
            (
                "SUSE Linux Enterprise High Performance Computing 15 SP4-ESPOS",
                vec![],
            ),
            ("SUSE Linux Enterprise Desktop 15 SP5", vec![]),
            ("SUSE Manager Server 4.3", vec![]),
            ("SUSE Liberty Linux 9", vec![]),
            ("Container suse/sle15:15.5", vec![]),
            ("SUSE Linux Enterprise Module for Nothing", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(ecosystems(name), expected, "{name}");
        }
    }
}
