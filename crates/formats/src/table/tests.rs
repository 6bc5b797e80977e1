use plimsoll_model::report::{Finding, Report};
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::testing::{self, golden};

fn at(width: usize) -> TableOptions {
    TableOptions {
        width,
        ..TableOptions::default()
    }
}

#[test]
fn reports_look_as_in_their_golden_files() {
    for (name, report) in testing::reports() {
        golden(
            &format!("table/testdata/{name}-80.txt"),
            &render(&report, &at(80)),
        );
    }
    for width in [60, 120, 160] {
        let got = render(&testing::many(), &at(width));
        golden(&format!("table/testdata/many-{width}.txt"), &got);
    }
}

#[test]
fn what_is_suppressed_is_listed_where_it_is_asked_for() {
    let options = TableOptions {
        show_suppressed: true,
        ..at(80)
    };
    let got = render(&testing::many(), &options);
    golden("table/testdata/many-80-suppressed.txt", &got);
    assert!(got.contains("1 finding is suppressed (distribution 1)\n"));
    let got = render(&testing::clean(), &options);
    assert!(!got.to_lowercase().contains("suppressed"), "{got}");
}

#[test]
fn colours_are_exactly_those_of_the_golden_file() {
    for (name, report) in testing::reports() {
        let plain = render(&report, &at(80));
        let color = render(
            &report,
            &TableOptions {
                color: true,
                ..at(80)
            },
        );
        assert!(!plain.contains('\u{1b}'), "{name}");
        assert_eq!(without_colours(&color), plain, "{name}");
        if name == "many" {
            golden(
                "table/testdata/many-80-color.txt",
                &color.replace('\u{1b}', "\\e"),
            );
        }
    }
}

/// Takes out `ESC [ … m` and nothing else.
fn without_colours(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let (codes, after) = after.split_once('m').unwrap();
        assert!(
            codes.bytes().all(|b| b.is_ascii_digit() || b == b';'),
            "{codes:?}"
        );
        rest = after;
    }
    out + rest
}

#[test]
fn every_line_fits_ends_cleanly_and_holds_no_control_character() {
    for (name, report) in testing::reports() {
        for width in [50, 60, 80, 120, 160, 1000] {
            for line in render(&report, &at(width)).split('\n') {
                assert!(line.width() <= width, "{name} at {width}: {line:?}");
                assert_eq!(line.trim_end(), line, "{name} at {width}");
                assert!(
                    !line.chars().any(|c| c.is_control()
                        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')),
                    "{name} at {width}: {line:?}"
                );
            }
        }
    }
}

#[test]
fn a_check_mark_is_never_shown_without_a_verdict() {
    type Spoil = fn(&mut Report);
    let spoils: [(&str, Spoil); 3] = [
        ("no feed", |report| *report = testing::undecided()),
        ("no database", |report| report.coverage.database = None),
        ("nothing compared", |report| {
            report.coverage.judged_packages = 0;
        }),
    ];
    assert!(
        render(&testing::clean(), &at(80))
            .contains("\n✓ Tested 1 dependency for known issues, no vulnerable paths found.\n")
    );
    for (name, spoil) in spoils {
        let mut report = testing::clean();
        spoil(&mut report);
        let got = render(&report, &at(80));
        assert!(
            !got.contains('✓') && !got.contains("no vulnerable paths"),
            "{name}:\n{got}"
        );
        assert!(
            got.contains("✗ This result supports no verdict"),
            "{name}:\n{got}"
        );
        assert!(got.contains("\n  Because "), "{name}:\n{got}");
    }
}

#[test]
fn what_is_not_shown_is_counted() {
    let report = testing::many();
    let all = issues::group(&report).len();
    let options = TableOptions {
        min_severity: Severity::High,
        ..at(80)
    };
    let got = render(&report, &options);
    assert!(
        got.contains("Tested 10 dependencies for known issues, found 3 issues."),
        "{got}"
    );
    assert!(
        got.contains(&format!("Not shown: {} issues (below high)", all - 3)),
        "{got}"
    );
    assert!(!got.contains("Low severity"), "{got}");

    let options = TableOptions {
        only_fixed: true,
        min_severity: Severity::Low,
        ..at(80)
    };
    let got = render(&report, &options);
    assert!(got.contains("found 4 issues."), "{got}");
    assert!(
        got.contains("(below low or without a fixed version)"),
        "{got}"
    );
    assert!(!got.contains("No fix"), "{got}");
}

#[test]
fn everything_hidden_is_no_all_clear() {
    let mut report = testing::many();
    report.findings.truncate(2);
    report.verdict = None;
    let options = TableOptions {
        min_severity: Severity::Critical,
        ..at(80)
    };
    let got = render(&report, &options);
    assert!(got.contains("found 0 issues."), "{got}");
    assert!(!got.contains('✓'), "{got}");
}

#[test]
fn the_worst_stands_last() {
    let got = render(&testing::many(), &at(80));
    let order: Vec<usize> = ["Unknown", "Negligible", "Low", "Medium", "High", "Critical"]
        .iter()
        .map(|word| {
            got.find(&format!("✗ {word} severity vulnerability found in"))
                .unwrap()
        })
        .collect();
    assert!(order.is_sorted(), "{order:?}");
    let last = got.rfind("severity vulnerability found in").unwrap();
    assert!(got[last..].starts_with("severity vulnerability found in curl\n  Known exploited"));
}

/// Quadratic work would make this test take minutes.
#[test]
fn a_report_of_many_thousand_findings_is_written() {
    let mut report = testing::many();
    let findings = report.findings.clone();
    for round in 0..2_000 {
        for Finding::Vulnerability(finding) in &findings {
            let mut finding = finding.clone();
            finding.id = format!("{}-{round}", finding.id);
            report.findings.push(Finding::Vulnerability(finding));
        }
    }
    let got = render(&report, &at(80));
    assert!(got.lines().count() > 150_000);
}

#[test]
fn numbers_and_dates_are_short() {
    assert_eq!(grouped(0), "0");
    assert_eq!(grouped(999), "999");
    assert_eq!(grouped(1_234_567), "1,234,567");
    assert_eq!(counted(1, "issue"), "1 issue");
    assert_eq!(date("2026-11-20T12:00:00Z"), "2026-11-20");
    assert_eq!(date("2026-11-20"), "2026-11-20");
    assert_eq!(date("someday"), "someday");
}

#[test]
fn a_gate_that_passes_says_what_nobody_has_rated() {
    let mut report = testing::many();
    let verdict = report.verdict.as_mut().unwrap();
    verdict.status = plimsoll_model::report::VerdictStatus::Pass;
    verdict.rules.clear();
    let sentence = "1 finding of unknown severity did not count; --fail-on unknown stops on";
    assert!(render(&report, &at(100)).contains(sentence));
    // What was left out for having no fix is not counted here either.
    let only_fixed = TableOptions {
        only_fixed: true,
        ..at(100)
    };
    assert!(!render(&report, &only_fixed).contains("did not count"));
    assert!(!render(&testing::many(), &at(100)).contains("did not count"));
}

#[test]
fn an_rpm_is_upgraded_from_the_version_with_its_epoch() {
    let mut report = testing::clean();
    let package = &mut report.packages[0].package;
    package.kind = plimsoll_model::ecosystem::PackageKind::Rpm;
    package.name = "nodejs".into();
    package.version = "1:18.12.1-1".into();
    package.source = Some(plimsoll_model::package::SourcePackage {
        name: "nodejs".into(),
        version: "18.12.1-1".into(),
    });
    let mut found = testing::many().findings[0].clone();
    let Finding::Vulnerability(v) = &mut found;
    v.package = 0;
    v.fix = plimsoll_model::advisory::FixState::Fixed;
    // The first is older than what is installed, though not than the version without its epoch.
    v.fixed_versions = vec!["1:16.20.1-1".into(), "1:18.20.6-1".into()];
    report.findings = vec![found];
    let text = render(&report, &at(100));
    let line = text
        .lines()
        .find(|line| line.starts_with("  nodejs "))
        .unwrap();
    let words: Vec<&str> = line.split_whitespace().take(3).collect();
    assert_eq!(words, ["nodejs", "1:18.12.1-1", "1:18.20.6-1"], "{text}");
}
