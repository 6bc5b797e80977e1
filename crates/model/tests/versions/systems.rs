//! Holds the orders of dpkg, rpm and apk against those tools.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::process::Command;

use plimsoll_model::version::{Scheme, apk, deb, rpm};
use plimsoll_testkit::skip;

use crate::dice::{generated_pairs, neighbours, sample, strangers, table_pairs};
use crate::feeds::feed_versions;
use crate::generators::{generate_apk, generate_deb, generate_rpm};
use crate::tools::{
    PYTHON, answers, as_lines, assert_none, check_answers, fits_lines, has_huge_number, run,
    run_python,
};

const TABLE_APK: &str = include_str!("../../testdata/versions/apk.txt");
const TABLE_DEB: &str = include_str!("../../testdata/versions/deb.txt");
const TABLE_RPM: &str = include_str!("../../testdata/versions/rpm.txt");

#[test]
fn deb_agrees_with_dpkg() {
    if !answers(Command::new("dpkg").arg("--version")) {
        return skip("deb_agrees_with_dpkg", "dpkg is not installed");
    }
    let mut pairs = table_pairs(TABLE_DEB);
    pairs.extend(generated_pairs(0xdeb, 5_000, generate_deb));
    pairs.extend(sample(
        neighbours(&feed_versions(Scheme::Deb), deb::compare),
        2_000,
    ));
    pairs.retain(|(a, b)| fits_lines(a) && fits_lines(b));
    // One process per pair is what dpkg offers; asked whether our answer holds, it needs only one.
    let lines = pairs
        .iter()
        .map(|(a, b)| {
            let relation = match deb::compare(a, b) {
                Ordering::Less => "lt",
                Ordering::Equal => "eq",
                Ordering::Greater => "gt",
            };
            format!("{a}\t{relation}\t{b}\n")
        })
        .collect::<String>();
    let output = run(
        Command::new("sh").arg("-c").arg(
            "while IFS='\t' read -r a relation b; do \
             dpkg --compare-versions \"$a\" \"$relation\" \"$b\" 2>/dev/null; echo $?; done",
        ),
        &lines,
    );
    let codes = output.lines().collect::<Vec<_>>();
    assert_eq!(codes.len(), pairs.len(), "one answer per pair");
    let refused = codes.iter().filter(|code| **code == "2").count();
    assert!(
        refused * 3 < codes.len(),
        "dpkg refused {refused} of {} pairs",
        codes.len()
    );
    let wrong = lines
        .lines()
        .zip(&codes)
        .filter(|(_, code)| **code == "1")
        .map(|(line, _)| line);
    assert_none(wrong);
}

#[test]
fn deb_grammar_agrees_with_dpkg() {
    let name = "deb_grammar_agrees_with_dpkg";
    if !answers(Command::new("dpkg").args(["--validate-version", "1.0"])) {
        return skip(name, "dpkg with --validate-version is not installed");
    }
    let versions = generated_pairs(0xdeb1, 1_500, generate_deb)
        .into_iter()
        .chain(table_pairs(TABLE_DEB))
        .flat_map(|(a, b)| [a, b])
        // dpkg reads epochs with strtol, which takes a sign; the policy does not.
        .filter(|version| fits_lines(version) && !version.starts_with('+'))
        .collect::<BTreeSet<_>>();
    let lines = versions
        .iter()
        .map(|version| format!("{version}\n"))
        .collect::<String>();
    let output = run(
        Command::new("sh").arg("-c").arg(
            "while IFS= read -r version; do \
             dpkg --validate-version \"$version\" 2>/dev/null; echo $?; done",
        ),
        &lines,
    );
    assert_eq!(
        output.lines().count(),
        versions.len(),
        "one answer per version"
    );
    let wrong = versions
        .iter()
        .zip(output.lines())
        .filter(|(version, code)| deb::is_valid(version) != (*code == "0"))
        .map(|(version, code)| format!("{version} (dpkg: {code})"));
    assert_none(wrong);
}

#[test]
fn deb_agrees_with_apt_on_every_version_of_the_feeds() {
    let name = "deb_agrees_with_apt_on_every_version_of_the_feeds";
    if !answers(Command::new(PYTHON).args(["-c", "import apt_pkg"])) {
        return skip(name, "python3-apt is not installed");
    }
    let versions = feed_versions(Scheme::Deb);
    if versions.is_empty() {
        return skip(name, "the shared feeds are not at hand");
    }
    // apt speaks for well-formed versions only.
    let mut pairs = neighbours(&versions, deb::compare);
    pairs.extend(strangers(&versions, 20_000));
    pairs.retain(|(a, b)| deb::is_valid(a) && deb::is_valid(b));
    let script = "
import apt_pkg, sys
apt_pkg.init_system()
for line in sys.stdin:
    a, b = line.rstrip('\\n').split('\\t')
    order = apt_pkg.version_compare(a, b)
    print('<' if order < 0 else '>' if order > 0 else '=')
";
    check_answers(&pairs, deb::compare, &run_python(script, &pairs));
}

#[test]
fn rpm_agrees_with_librpm() {
    let name = "rpm_agrees_with_librpm";
    if !answers(Command::new(PYTHON).args(["-c", "import rpm; rpm.ver; rpm.ds"])) {
        return skip(name, "python3-rpm 4.17 or newer is not installed");
    }
    let versions = feed_versions(Scheme::Rpm);
    let mut pairs = table_pairs(TABLE_RPM);
    pairs.extend(generated_pairs(0x0e4a, 60_000, generate_rpm));
    pairs.extend(neighbours(&versions, rpm::compare_labels));
    pairs.extend(strangers(&versions, 20_000));
    pairs.retain(|(a, b)| fits_lines(a) && fits_lines(b));

    // librpm parses and orders by itself; labelCompare, which takes no empty version, agrees.
    let script = "
import rpm, sys
for line in sys.stdin:
    a, b = (rpm.ver(evr) for evr in line.rstrip('\\n').split('\\t'))
    if a.v and b.v:
        order = rpm.labelCompare((a.e or '0', a.v, a.r), (b.e or '0', b.v, b.r))
        assert (a < b, a == b, a > b) == (order < 0, order == 0, order > 0), line
    print('<' if a < b else '>' if a > b else '=')
";
    check_answers(&pairs, rpm::compare_labels, &run_python(script, &pairs));

    // Dependencies: equal unless both have a release and these differ.
    let script = "
import rpm, sys
for line in sys.stdin:
    a, b = (rpm.ds(('p', rpm.RPMSENSE_EQUAL, evr), rpm.RPMTAG_PROVIDENAME)
            for evr in line.rstrip('\\n').split('\\t'))
    print('=' if a.Compare(b) else '!')
";
    let answers = run_python(script, &pairs);
    assert_eq!(answers.lines().count(), pairs.len(), "one answer per pair");
    let wrong = pairs
        .iter()
        .zip(answers.lines())
        .filter(|((a, b), answer)| (rpm::compare(a, b) == Ordering::Equal) != (*answer == "="))
        .map(|((a, b), answer)| format!("{a} {answer} {b}"));
    assert_none(wrong);
}

#[test]
fn apk_agrees_with_apk_tools() {
    let name = "apk_agrees_with_apk_tools";
    let Ok(banner) = Command::new("apk").arg("--version").output() else {
        return skip(name, "apk is not installed");
    };
    if !String::from_utf8_lossy(&banner.stdout).starts_with("apk-tools 3") {
        return skip(name, "apk is older than apk-tools 3, whose order this is");
    }
    let mut pairs = table_pairs(TABLE_APK);
    pairs.extend(generated_pairs(0x0a9c, 2_000, generate_apk));
    pairs.extend(sample(
        neighbours(&feed_versions(Scheme::Apk), apk::compare),
        2_000,
    ));
    // Numbers of more than 64 bits wrap around there.
    pairs.retain(|(a, b)| {
        [a, b]
            .iter()
            .all(|text| fits_lines(text) && !has_huge_number(text))
    });
    let answers = run(
        Command::new("sh")
            .arg("-c")
            .arg("while IFS='\t' read -r a b; do apk version -t \"$a\" \"$b\"; done"),
        &as_lines(&pairs),
    );
    check_answers(&pairs, apk::compare, &answers);
}

/// Nearly every real version must be taken for one, or the grammar is not the one in use.
#[test]
fn versions_of_the_feeds_follow_their_grammar() {
    let name = "versions_of_the_feeds_follow_their_grammar";
    let mut without = Vec::new();
    for scheme in Scheme::ALL {
        let versions = feed_versions(scheme);
        if versions.is_empty() {
            without.push(scheme.as_str());
            continue;
        }
        let damaged = versions
            .iter()
            .filter(|version| !scheme.is_valid(version))
            .collect::<Vec<_>>();
        assert!(
            damaged.len() * 50 < versions.len(),
            "{}: {} of {} are not valid: {damaged:?}",
            scheme.as_str(),
            damaged.len(),
            versions.len(),
        );
    }
    if without.len() > 20 {
        skip(name, "the shared feeds are not at hand");
    }
}
