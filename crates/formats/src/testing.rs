//! Hand-made reports and golden files for the tests of every format.
//!
//! A golden file holds what a format writes for one of the reports. `UPDATE_EXPECT=1 cargo test -p
//! plimsoll-formats` rewrites all of them; read the difference before it is committed.

use std::path::Path;

use plimsoll_model::advisory::{Epss, FixState};
use plimsoll_model::distro::Distro;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::package::{Package, SourcePackage};
use plimsoll_model::report::{
    CatalogPackage, Coverage, DatabaseInfo, Evidence, FeedInfo, Finding, ImageFacts, LayerInfo,
    Report, RuleResult, Suppression, Verdict, VerdictStatus, VexStatus, VulnerabilityFinding,
};
use plimsoll_model::severity::{Cvss, Severity};

/// Compares a text with a golden file beside the tests, or rewrites the file when `UPDATE_EXPECT` is set.
pub(crate) fn golden(file: &str, got: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, got).unwrap();
        return;
    }
    let want = std::fs::read_to_string(&path).unwrap_or_default();
    if want != got {
        let line = want
            .lines()
            .zip(got.lines())
            .take_while(|(a, b)| a == b)
            .count();
        panic!(
            "{file} differs at line {}:\n  want {:?}\n  got  {:?}\n(UPDATE_EXPECT=1 rewrites it)",
            line + 1,
            want.lines().nth(line),
            got.lines().nth(line)
        );
    }
}

/// Returns all hand-made reports by name.
pub(crate) fn reports() -> Vec<(&'static str, Report)> {
    vec![
        ("clean", clean()),
        ("gaps", gaps()),
        ("hostile", hostile()),
        ("many", many()),
        ("undecided", undecided()),
        ("undecided-findings", undecided_with_findings()),
    ]
}

fn deb(name: &str, version: &str, source: Option<(&str, &str)>, layer: usize) -> CatalogPackage {
    let mut package = Package::new(PackageKind::Deb, name, version);
    package.source = source.map(|(name, version)| SourcePackage {
        name: name.into(),
        version: version.into(),
    });
    package.arch = Some("amd64".into());
    package.locations = vec!["/var/lib/dpkg/status".into()];
    package.purl = format!("pkg:deb/debian/{name}@{version}?arch=amd64&distro=debian-12");
    CatalogPackage { package, layer }
}

fn finding(package: usize, id: &str, severity: Severity) -> VulnerabilityFinding {
    VulnerabilityFinding {
        id: id.into(),
        aliases: Vec::new(),
        package,
        severity,
        severity_source: "debian-tracker".into(),
        cvss: Vec::new(),
        known_exploited: false,
        epss: None,
        suppressed: None,
        fix: FixState::NotFixed,
        fixed_versions: Vec::new(),
        title: String::new(),
        urls: vec![format!("https://security-tracker.debian.org/tracker/{id}")],
        published: String::new(),
        paths: Vec::new(),
        evidence: Evidence {
            feed: "debian-tracker".into(),
            record: id.into(),
            comparison: String::new(),
        },
    }
}

fn fixed(mut finding: VulnerabilityFinding, version: &str) -> VulnerabilityFinding {
    finding.fix = FixState::Fixed;
    finding.fixed_versions = vec![version.into()];
    finding
}

fn titled(mut finding: VulnerabilityFinding, title: &str) -> VulnerabilityFinding {
    finding.title = title.into();
    finding
}

fn feed(name: &str, fetched_at: &str, records: u64) -> FeedInfo {
    FeedInfo {
        name: name.into(),
        fetched_at: fetched_at.into(),
        records,
        damaged: 0,
    }
}

fn layer(digit: char, created_by: &str) -> LayerInfo {
    let digest = format!("sha256:{}", digit.to_string().repeat(64));
    LayerInfo {
        digest: digest.parse().ok(),
        diff_id: digest.parse().ok(),
        size_bytes: 1_000_000,
        created_by: created_by.into(),
    }
}

/// An image of one package, compared completely, with nothing found.
pub(crate) fn clean() -> Report {
    Report {
        tool_version: "0.1.0".into(),
        image: ImageFacts {
            end_of_life: None,
            reference: "docker:team/blog:1.4".into(),
            digest: format!("sha256:{}", "a".repeat(64)).parse().ok(),
            config_digest: format!("sha256:{}", "b".repeat(64)).parse().ok(),
            platform: "linux/amd64".into(),
            distro: Some(Distro {
                id: "debian".into(),
                version_id: "12".into(),
                codename: "bookworm".into(),
                pretty_name: "Debian GNU/Linux 12 (bookworm)".into(),
                ..Distro::default()
            }),
            size_bytes: 2_000_000,
            user: "app".into(),
            created: "2026-11-02T10:00:00Z".into(),
            layers: vec![
                layer('1', "/bin/sh -c #(nop) ADD file:0a1b2c in / "),
                layer(
                    '2',
                    "RUN /bin/sh -c apt-get update && apt-get install -y git vim && rm -rf /var/lib/apt/lists/* # buildkit",
                ),
            ],
        },
        coverage: Coverage {
            database: Some(DatabaseInfo {
                built_at: "2026-11-21T06:00:00Z".into(),
                digest: format!("sha256:{}", "c".repeat(64)),
                feeds: vec![
                    feed("cisa-kev", "2026-11-20T00:00:00Z", 1_443),
                    feed("debian-tracker", "2026-11-21T03:12:00Z", 38_211),
                    feed("osv/AlmaLinux:9", "2026-08-21T15:39:17Z", 1_783),
                    feed("osv/PyPI", "2024-10-10T17:35:05Z", 2_665),
                ],
            }),
            gaps: Vec::new(),
            judged_packages: 1,
            judged_by: vec!["debian-tracker".into()],
            ..Coverage::default()
        },
        packages: vec![deb("bash", "5.2.15-2+b2", Some(("bash", "5.2.15-2")), 0)],
        findings: Vec::new(),
        suppressed: Vec::new(),
        left_out: 0,
        verdict: None,
    }
}

/// Every severity, every fix state, an exploited one, several binaries of a source, dependency
/// paths, a gate that stops.
pub(crate) fn many() -> Report {
    let mut report = clean();
    let glibc = Some(("glibc", "2.36-9+deb12u1"));
    let curl = Some(("curl", "7.88.1-10"));
    report.packages = vec![
        deb("bash", "5.2.15-2+b2", Some(("bash", "5.2.15-2")), 0),
        deb("bzip2", "1.0.8-5", None, 0),
        deb("curl", "7.88.1-10", curl, 1),
        deb("git", "1:2.39.2-1.1", Some(("git", "1:2.39.2-1.1")), 1),
        deb("libc-bin", "2.36-9+deb12u1", glibc, 0),
        deb("libc6", "2.36-9+deb12u1", glibc, 0),
        deb("libcurl3-gnutls", "7.88.1-10", curl, 1),
        deb("libcurl4", "7.88.1-10", curl, 1),
        deb("tar", "1.34+dfsg-1.2", None, 0),
        deb(
            "zlib1g",
            "1:1.2.13.dfsg-1",
            Some(("zlib", "1:1.2.13.dfsg-1")),
            0,
        ),
    ];
    let purl = |index: usize| report.packages[index].package.purl.clone();
    let curl_paths = vec![
        vec![purl(2), purl(7)],
        vec![purl(3), purl(6)],
        vec![purl(2), purl(3), purl(7)],
        vec![
            "pkg:deb/debian/cmake@3.25.1-1?arch=amd64".to_owned(),
            purl(7),
        ],
    ];
    let overflow = |package| {
        let mut finding = fixed(
            titled(
                finding(package, "CVE-2023-38545", Severity::Critical),
                "Heap buffer overflow in the SOCKS5 proxy handshake",
            ),
            "7.88.1-10+deb12u4",
        );
        finding.known_exploited = true;
        finding.epss = Some(Epss {
            score: 0.812_34,
            percentile: 0.992_01,
        });
        finding.aliases = vec!["DSA-5523-1".into()];
        finding.cvss = vec![Cvss {
            version: "3.1".into(),
            vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".into(),
            score: 9.8,
            source: "nvd".into(),
        }];
        finding.published = "2023-10-18T04:15:00Z".into();
        finding.paths = curl_paths.clone();
        finding.evidence.comparison = "curl 7.88.1-10 < 7.88.1-10+deb12u4 (deb)".into();
        finding
    };
    let looney = |package| {
        fixed(
            titled(
                finding(package, "CVE-2023-4911", Severity::High),
                "Buffer overflow in the dynamic loader's processing of GLIBC_TUNABLES",
            ),
            "2.36-9+deb12u3",
        )
    };
    let with_fix = |mut finding: VulnerabilityFinding, fix| {
        finding.fix = fix;
        finding
    };
    let findings = vec![
        with_fix(
            finding(0, "CVE-2022-3715", Severity::Low),
            FixState::Deferred,
        ),
        with_fix(
            finding(1, "CVE-2099-0001", Severity::Unknown),
            FixState::Unknown,
        ),
        overflow(2),
        {
            let mut cookie = fixed(
                finding(2, "CVE-2023-38546", Severity::Low),
                "7.88.1-10+deb12u4",
            );
            cookie.urls = vec!["https://curl.se/docs/a-page-that-does-not-name-it.html".into()];
            cookie
        },
        with_fix(
            finding(3, "CVE-2023-25652", Severity::Medium),
            FixState::WontFix,
        ),
        looney(4),
        titled(
            finding(4, "CVE-2010-4756", Severity::Negligible),
            "glob implementation can cause excessive CPU and memory consumption from crafted expressions in a path that goes on and on",
        ),
        looney(5),
        titled(
            finding(5, "CVE-2010-4756", Severity::Negligible),
            "glob implementation can cause excessive CPU and memory consumption from crafted expressions in a path that goes on and on",
        ),
        overflow(6),
        overflow(7),
        with_fix(
            finding(8, "CVE-2022-48303", Severity::Medium),
            FixState::EndOfLife,
        ),
        fixed(
            finding(9, "CVE-2023-45853", Severity::Critical),
            "1:1.2.13.dfsg-2",
        ),
    ];
    report.findings = findings
        .into_iter()
        .map(|f| Finding::Vulnerability(Box::new(f)))
        .collect();
    let mut twin = fixed(finding(9, "CVE-2016-9840", Severity::High), "1:1.2.13-1");
    twin.suppressed = Some(Suppression {
        by: "distribution".into(),
        reason: "it is judged under the package zlib1g".into(),
        expires: String::new(),
        status: Some(VexStatus::Fixed),
    });
    report.suppressed = vec![Finding::Vulnerability(Box::new(twin))];
    report.coverage.judged_packages = report.packages.len();
    report.verdict = Some(Verdict {
        status: VerdictStatus::Stop,
        reason: "4 findings are high or worse".into(),
        rules: vec![RuleResult {
            id: "fail-on".into(),
            status: VerdictStatus::Stop,
            reason: "severity at or above high".into(),
            findings: vec![2, 5, 7, 9, 10, 12],
        }],
    });
    report
}

/// Nothing found, yet one package could not be compared: no reason to withhold the verdict, but to say so.
pub(crate) fn gaps() -> Report {
    let mut report = clean();
    report.packages.push(deb("odd", "not a version", None, 1));
    report.coverage.gaps = vec![Issue::new(
        IssueKind::UnknownVersion,
        "odd",
        "version 'not a version' does not follow the rules of deb and was not compared",
    )];
    let reason = "its version is not understood".into();
    report.coverage.not_judged.insert(1, reason);
    report.coverage.judged_by.push("cisa-kev".into());
    report
}

/// Nothing found because the database holds no feed for the distribution.
pub(crate) fn undecided() -> Report {
    let mut report = clean();
    report.image.reference = "oci-archive:/srv/images/app.tar".into();
    report.image.distro = Some(Distro {
        id: "slackware".into(),
        version_id: "15.0".into(),
        ..Distro::default()
    });
    report.coverage.judged_packages = 0;
    report.coverage.judged_by.clear();
    report.coverage.gaps = vec![
        Issue::new(
            IssueKind::DamagedMetadata,
            "/var/lib/dpkg/status",
            "record 3 ends early; 2 packages were read",
        ),
        Issue::new(
            IssueKind::NoFeed,
            "slackware 15.0",
            "the database holds no feed for it; 'plimsoll db status' lists what it holds",
        ),
    ];
    report.verdict = Some(Verdict {
        status: VerdictStatus::Undecided,
        reason: "the data does not support a verdict".into(),
        rules: Vec::new(),
    });
    report
}

/// Something found, yet a layer is damaged: what was found counts, what was not found does not.
pub(crate) fn undecided_with_findings() -> Report {
    let mut report = many();
    report.verdict = None;
    report.coverage.gaps = vec![Issue::new(
        IssueKind::DamagedLayer,
        "layer 1",
        "the archive ends after 512 bytes, expected 1000000",
    )];
    report
}

/// Text that tries to draw on the terminal, to reverse what is read, and to be endless, in every field.
pub(crate) fn hostile() -> Report {
    let evil =
        "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\r\n✓ Tested 1 dependencies\u{202e}drowssap\u{200f}";
    let endless = "A".repeat(5_000);
    let mut report = clean();
    report.image.reference = format!("registry:host/{evil}:1");
    report.image.platform = format!("linux/{evil}");
    report.image.layers[0].created_by = format!("/bin/sh -c echo '{evil}' {endless}");
    if let Some(distro) = &mut report.image.distro {
        distro.pretty_name = evil.into();
    }
    report.packages = vec![
        deb(evil, evil, Some((&endless, evil)), 0),
        deb(&format!("名前{}", "名".repeat(200)), "1", None, 7),
        deb("e\u{301}\u{301}\u{301}", "1\u{a0}", None, 0),
    ];
    let mut first = fixed(
        titled(
            finding(0, evil, Severity::Critical),
            &format!("{evil}{endless}"),
        ),
        evil,
    );
    first.urls = vec![
        format!("javascript:{evil}"),
        format!("https://example.com/{evil}"),
        format!("https://example.com/{endless}"),
    ];
    first.aliases = vec![evil.into()];
    first.paths = vec![vec![evil.into(); 3], Vec::new(), vec![endless.clone()]];
    first.evidence.comparison = evil.into();
    let mut second = finding(1, &endless, Severity::Unknown);
    second.title = "   ".into();
    let third = finding(99, "CVE-2026-0001", Severity::Low);
    report.findings = [first, second, third]
        .into_iter()
        .map(|f| Finding::Vulnerability(Box::new(f)))
        .collect();
    // Not through `Issue::new`, which escapes.
    report.coverage.gaps = vec![Issue {
        kind: IssueKind::LimitReached,
        subject: evil.into(),
        detail: endless.clone(),
    }];
    report.coverage.judged_by.push(evil.into());
    if let Some(database) = &mut report.coverage.database {
        database.built_at = evil.into();
        database.digest = evil.into();
        database.feeds.push(feed(evil, evil, u64::MAX));
        database.feeds.push(feed("other", evil, u64::MAX));
    }
    report.verdict = Some(Verdict {
        status: VerdictStatus::Warn,
        reason: evil.into(),
        rules: vec![RuleResult {
            id: evil.into(),
            status: VerdictStatus::Warn,
            reason: endless,
            findings: vec![0],
        }],
    });
    report
}
