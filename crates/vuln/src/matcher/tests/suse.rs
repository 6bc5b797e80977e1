//! SUSE's service packs and their paid continuation.

use super::*;

const VEX: &str = include_str!("../../../testdata/suse/csaf-vex/cve-2023-47627.json");
const UPDATE: &str = include_str!("../../../testdata/suse/csaf/suse-su-2024_0577-1.json");

#[test]
fn service_packs_are_judged_by_themselves() {
    let db = database(&[
        ("suse/csaf-vex/cve-2023-47627.json", VEX),
        ("suse/csaf/suse-su-2024_0577-1.json", UPDATE),
    ]);
    let source = |version: &'static str| Some(("python-aiohttp", version));
    let old = "3.8.5-150400.10.8.1";
    let packages = [
        installed(PackageKind::Rpm, "python311-aiohttp", old, source(old)),
        installed(
            PackageKind::Rpm,
            "python311-aiohttp",
            "3.9.3-150400.10.14.1",
            source("3.9.3-150400.10.14.1"),
        ),
        // Another version of the same source package, of which SUSE says nothing here.
        installed(
            PackageKind::Rpm,
            "python3-aiohttp",
            "3.6.0-150100.1",
            source("3.6.0-150100.1"),
        ),
    ];
    let matches = find(&db, &packages, Some(&distro("sles", "15.5")));
    let cve =
        "python311-aiohttp CVE-2023-47627 fixed 3.9.3-150400.10.14.1 medium SUSE-SU-2024:0577-1";
    let found = show(&matches, &packages);
    assert_eq!(found.first().map(String::as_str), Some(cve));
    assert_eq!(found.len(), 4, "the update's other CVEs: {found:?}");
    assert!(matches.findings.iter().all(|finding| finding.package == 0));

    let db = database(&[("suse/csaf-vex/cve-2023-47627.json", VEX)]);
    let matches = find(&db, &packages, Some(&distro("sles", "15.4")));
    let comparisons: Vec<_> = matches
        .findings
        .iter()
        .map(|f| (f.package, f.fix.as_str(), f.evidence.comparison.as_str()))
        .collect();
    assert_eq!(
        comparisons,
        [
            (
                0,
                "wont_fix",
                "python311-aiohttp 3.8.5-150400.10.8.1, no fixed version is stated (rpm); 3.9.3-150400.10.14.1 fixes it with Long Term Service Pack Support"
            ),
            // The source package is named as affected, and the binary is not spoken of.
            (
                2,
                "wont_fix",
                "python-aiohttp 3.6.0-150100.1, no fixed version is stated (rpm)"
            ),
        ]
    );
}
