//! Oracle's architectures and lines of builds.

use super::*;

const OVAL: &str = include_str!("../../../testdata/oracle/com.oracle.elsa-all.xml");

#[test]
fn architectures_have_fixes_of_their_own_and_ksplice_builds_theirs() {
    let db = database(&[("oracle/com.oracle.elsa-all.xml", OVAL)]);
    for (release, name, version, arch, fixed) in [
        (
            "7.9",
            "rsyslog",
            "8.24.0-57.el7_9.1",
            "x86_64",
            "8.24.0-57.0.1.el7_9.3",
        ),
        (
            "7.9",
            "rsyslog",
            "8.24.0-57.el7_9.1",
            "aarch64",
            "8.24.0-57.0.4.el7_9.3",
        ),
        ("7.9", "rsyslog", "8.24.0-57.0.1.el7_9.3", "x86_64", ""),
        (
            "7.9",
            "rsyslog",
            "8.24.0-57.0.1.el7_9.3",
            "aarch64",
            "8.24.0-57.0.4.el7_9.3",
        ),
        ("8.9", "osbuild", "110-1.el8", "x86_64", ""),
        ("8.9", "osbuild", "109-1.el8", "x86_64", "110-1.el8"),
        // The epoch of the ksplice line is higher, so every plain build would look older.
        ("8.9", "openssl-libs", "1:1.1.1k-9.el8_7", "x86_64", ""),
        (
            "8.9",
            "openssl-libs",
            "2:1.1.1g-12.ksplice1.el8_3",
            "x86_64",
            "2:1.1.1g-15.ksplice1.el8_3",
        ),
        (
            "8.9",
            "openssl-libs",
            "2:1.1.1k-6.ksplice1.el8_5",
            "x86_64",
            "",
        ),
    ] {
        let mut package = installed(PackageKind::Rpm, name, version, None);
        package.package.arch = Some(arch.to_owned());
        let matches = find(&db, &[package], Some(&distro("ol", release)));
        let mut got: Vec<_> = matches
            .findings
            .iter()
            .flat_map(|f| f.fixed_versions.clone())
            .collect();
        got.dedup();
        assert_eq!(got.join(","), fixed, "{name} {version} {arch}");
    }
}
