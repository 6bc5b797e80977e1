//! Ubuntu's free releases and Ubuntu Pro.

use super::*;

/// `vips` is open in the release and fixed in Pro (a real record, cut to the release).
const VIPS: &str = r#"{"id":"UBUNTU-CVE-2025-29769","upstream":["CVE-2025-29769"],"severity":[{"type":"Ubuntu","score":"medium"}],"affected":[
  {"package":{"name":"vips","ecosystem":"Ubuntu:22.04:LTS","purl":"pkg:deb/ubuntu/vips?arch=source&distro=jammy"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}],"versions":["8.12.1-1"]},
  {"package":{"name":"vips","ecosystem":"Ubuntu:Pro:22.04:LTS","purl":"pkg:deb/ubuntu/vips?arch=source&distro=esm-apps%2Fjammy"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"8.12.1-1ubuntu0.1~esm1"}]}]}]}"#;
/// `netty` is named in Pro only, which is how a fix for subscribers alone is published.
const NETTY: &str = r#"{"id":"UBUNTU-CVE-2022-24823","upstream":["CVE-2022-24823"],"related":["USN-7284-1"],"severity":[{"type":"Ubuntu","score":"low"}],"affected":[
  {"package":{"ecosystem":"Ubuntu:Pro:22.04:LTS","name":"netty","purl":"pkg:deb/ubuntu/netty@1:4.1.48-4+deb11u2ubuntu0.1~esm1?arch=source&distro=esm-apps/jammy"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1:4.1.48-4+deb11u2ubuntu0.1~esm1"}]}]}]}"#;
/// `wayland` is fixed for everyone.
const WAYLAND: &str = r#"{"id":"UBUNTU-CVE-2021-3782","upstream":["CVE-2021-3782"],"related":["USN-5614-1"],"severity":[{"type":"Ubuntu","score":"medium"}],"affected":[
  {"package":{"ecosystem":"Ubuntu:22.04:LTS","name":"wayland"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.20.0-1ubuntu0.1"}]}]}]}"#;

/// Judges one package on 22.04.
fn judge(db: &Database, name: &str, version: &str) -> (Vec<String>, Matches) {
    let packages = [installed(PackageKind::Deb, name, version, None)];
    let matches = find(db, &packages, Some(&distro("ubuntu", "22.04")));
    let found = matches.findings.iter();
    let shown = found
        .map(|f| {
            let fixed = f.fixed_versions.join(",");
            format!(
                "{} {} {fixed} {} | {}",
                f.id,
                f.fix.as_str(),
                f.severity.as_str(),
                f.evidence.comparison
            )
        })
        .collect();
    (shown, matches)
}

#[test]
fn fixes_of_ubuntu_pro_are_named_but_are_no_fix_without_it() {
    let db = database(&[
        ("osv/Ubuntu/a.json", VIPS),
        ("osv/Ubuntu/b.json", NETTY),
        ("osv/Ubuntu/c.json", WAYLAND),
    ]);
    for (name, version, expected) in [
        (
            "vips",
            "8.12.1-1build1",
            vec![
                "CVE-2025-29769 not_fixed  medium | vips 8.12.1-1build1, no fixed version is stated (deb); 8.12.1-1ubuntu0.1~esm1 fixes it with Ubuntu Pro",
            ],
        ),
        // Pro's own build has the fix.
        ("vips", "8.12.1-1ubuntu0.1~esm1", vec![]),
        (
            "netty",
            "1:4.1.48-4+deb11u2",
            vec![
                "CVE-2022-24823 not_fixed  low | netty 1:4.1.48-4+deb11u2 < 1:4.1.48-4+deb11u2ubuntu0.1~esm1 (deb); 1:4.1.48-4+deb11u2ubuntu0.1~esm1 fixes it with Ubuntu Pro",
            ],
        ),
        ("netty", "1:4.1.48-4+deb11u2ubuntu0.1~esm1", vec![]),
        // A build of Pro that is older than its fix: the fix is to be had.
        (
            "netty",
            "1:4.1.48-4+deb11u1ubuntu0.1~esm1",
            vec![
                "CVE-2022-24823 fixed 1:4.1.48-4+deb11u2ubuntu0.1~esm1 low | netty 1:4.1.48-4+deb11u1ubuntu0.1~esm1 < 1:4.1.48-4+deb11u2ubuntu0.1~esm1 (deb)",
            ],
        ),
        (
            "wayland",
            "1.20.0-1",
            vec![
                "CVE-2021-3782 fixed 1.20.0-1ubuntu0.1 medium | wayland 1.20.0-1 < 1.20.0-1ubuntu0.1 (deb)",
            ],
        ),
        ("wayland", "1.20.0-1ubuntu0.1", vec![]),
    ] {
        assert_eq!(judge(&db, name, version).0, expected, "{name} {version}");
    }
}

#[test]
fn canonicals_vex_tells_apart_what_osv_runs_together() {
    let claim = |status: &str, note: &str| {
        format!(
            r#"{{"metadata":{{}},"statements":[{{"vulnerability":{{"name":"CVE-2025-29769"}},"products":[{{"@id":"pkg:deb/ubuntu/vips@8.12.1-1build1?arch=source&distro=jammy"}}],"status":"{status}",{note}}}]}}"#
        )
    };
    for (status, note, expected) in [
        (
            "affected",
            r#""action_statement":"The Ubuntu Security Team decided to not fix it.""#,
            Some("wont_fix"),
        ),
        (
            "under_investigation",
            r#""status_notes":"remediation is deferred""#,
            Some("deferred"),
        ),
        (
            "under_investigation",
            r#""status_notes":"needs to be evaluated""#,
            None,
        ),
        (
            "not_affected",
            r#""justification":"vulnerable_code_not_present""#,
            None,
        ),
        ("fixed", r#""status_notes":"published""#, Some("not_fixed")),
    ] {
        let vex = claim(status, note);
        let db = database(&[
            ("osv/Ubuntu/a.json", VIPS),
            ("vex/cve/2025/CVE-2025-29769.json", vex.as_str()),
        ]);
        let (_, matches) = judge(&db, "vips", "8.12.1-1build1");
        let fix = matches.findings.first().map(|finding| finding.fix.as_str());
        assert_eq!(fix, expected, "{status} {note}");
        if let Some(finding) = matches.findings.first() {
            assert_eq!(finding.severity, Severity::Medium, "the priority is OSV's");
        }
        assert_eq!(
            matches.gaps.len(),
            usize::from(note.contains("evaluated")),
            "{:?}",
            matches.gaps
        );
    }
}
