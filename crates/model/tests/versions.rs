//! Holds the version orders against the tools that define them, and against the laws of orders.
//!
//! dpkg and librpm answer for thousands of pairs: generated ones (fixed seed, from realistic and
//! from hostile pieces), every row of the tables in `testdata/versions`, and neighbours among the
//! versions of real advisories where the shared feeds are at hand. A test whose tool is missing
//! says so and passes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::format_collect,
    reason = "the helpers of a test fail and speak as the test itself does"
)]

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll_model::version::{Scheme, apk, deb, rpm};
use proptest::prelude::*;

const TABLE_APK: &str = include_str!("../testdata/versions/apk.txt");
const TABLE_DEB: &str = include_str!("../testdata/versions/deb.txt");
const TABLE_RPM: &str = include_str!("../testdata/versions/rpm.txt");

/// Python with python3-rpm and python3-apt: the distribution's, not one that happens to be first.
const PYTHON: &str = "/usr/bin/python3";

// ------------------------------------------------------------------------------------- with tools

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
    for scheme in Scheme::ALL {
        let versions = feed_versions(scheme);
        if versions.is_empty() {
            skip(
                name,
                &format!("no {} versions in the shared feeds", scheme.as_str()),
            );
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
}

// -------------------------------------------------------------------------------------------- laws

/// Is an order of two versions.
type Order = fn(&str, &str) -> Ordering;

/// The orders that must be fit for sorting.
const ORDERS: [(&str, Order); 4] = [
    ("deb", deb::compare),
    ("rpm", rpm::compare_labels),
    ("rpm with releases", compare_released),
    ("apk", apk::compare),
];

/// Orders what always has a release, where the order for advisories is one for sorting too.
fn compare_released(a: &str, b: &str) -> Ordering {
    rpm::compare(&format!("{a}-1"), &format!("{b}-1"))
}

/// Gives texts that often share beginnings and meet the special cases of each grammar, and some
/// that are anything at all.
fn version() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-2]{0,2}:?[0-2]{1,2}[0-2a.~^_r+-]{0,8}",
        "[0-2](\\.0?[0-2]){0,2}[ab]?(_(alpha|rc|git|p)[0-2]?){0,2}(~[0a])?(-r[0-2])?",
        "[0-1a~^.:+é-]{0,6}",
        ".{0,12}",
    ]
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 4_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_version_equals_itself(a in version()) {
        for (name, compare) in ORDERS {
            prop_assert_eq!(compare(&a, &a), Ordering::Equal, "{}", name);
        }
        prop_assert_eq!(rpm::compare(&a, &a), Ordering::Equal);
        prop_assert_eq!(rpm::compare_ignoring_epoch(&a, &a), Ordering::Equal);
    }

    #[test]
    fn turning_a_pair_around_turns_the_answer_around(a in version(), b in version()) {
        for (name, compare) in ORDERS {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse(), "{}", name);
        }
        prop_assert_eq!(rpm::compare(&a, &b), rpm::compare(&b, &a).reverse());
        let (ab, ba) = (rpm::compare_ignoring_epoch(&a, &b), rpm::compare_ignoring_epoch(&b, &a));
        prop_assert_eq!(ab, ba.reverse());
    }

    #[test]
    fn three_versions_stand_in_a_line(a in version(), b in version(), c in version()) {
        for (name, compare) in ORDERS {
            let (ab, bc, ac) = (compare(&a, &b), compare(&b, &c), compare(&a, &c));
            if ab == bc {
                prop_assert_eq!(ac, ab, "{}", name);
            }
            // Equal versions are interchangeable.
            if ab == Ordering::Equal {
                prop_assert_eq!(ac, bc, "{}", name);
            }
        }
    }

    #[test]
    fn the_two_rpm_orders_differ_only_where_one_release_is_missing(a in version(), b in version()) {
        let (for_bounds, for_sorting) = (rpm::compare(&a, &b), rpm::compare_labels(&a, &b));
        prop_assert!(for_bounds == for_sorting || for_bounds == Ordering::Equal);
        if !a.contains('-') && !b.contains('-') {
            prop_assert_eq!(for_bounds, for_sorting);
        }
    }

    #[test]
    fn a_rebuild_is_newer_and_stripping_it_gives_the_source_back(
        a in "[0-9][0-9a.+~-]{0,7}[0-9a.+~]",
        n in 0u32..100,
    ) {
        let rebuilt = format!("{a}+b{n}");
        prop_assert_eq!(deb::without_binnmu(&rebuilt), a.as_str());
        prop_assert_eq!(deb::compare(&a, &rebuilt), Ordering::Less);
    }

    #[test]
    fn grammars_answer_for_any_text(a in any::<String>()) {
        for scheme in Scheme::ALL {
            let _ = scheme.is_valid(&a);
        }
        prop_assert!(a.starts_with(deb::without_binnmu(&a)));
    }
}

// -------------------------------------------------------------------------------------- generators

/// Is a small generator (splitmix64) whose numbers are the same on every machine and every day.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit as u64) as usize
    }

    fn one_in(&mut self, chance: usize) -> bool {
        self.below(chance) == 0
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn number(&mut self) -> String {
        match self.below(12) {
            0 => "0".to_owned(),
            1 => format!("0{}", self.below(12)),
            2 => format!("00{}", self.below(3)),
            3 => self.below(100_000_000).to_string(),
            4 if self.one_in(4) => "9".repeat(1 + self.below(60)),
            _ => self.below(13).to_string(),
        }
    }

    /// Joins one to four pieces, each a number or one of `words`, with one of `joints` between.
    fn chain(&mut self, words: &[&str], joints: &[&str]) -> String {
        let mut text = self.number();
        for _ in 0..self.below(4) {
            text.push_str(self.pick(joints));
            if self.one_in(3) {
                text.push_str(self.pick(words));
            } else {
                text.push_str(&self.number());
            }
        }
        text
    }

    /// Makes text of printable ASCII, most of it meaningful in some grammar.
    fn noise(&mut self) -> String {
        const COMMON: &[u8] = b"00119aabzAZ~~^..--++__:r";
        (0..=self.below(8))
            .map(|_| {
                let byte = if self.one_in(6) {
                    b'!' + self.below(94) as u8
                } else {
                    COMMON[self.below(COMMON.len())]
                };
                char::from(byte)
            })
            .collect()
    }

    /// Changes one character: dropped, doubled, replaced, or the rest cut off.
    fn mutate(&mut self, text: &str) -> String {
        let mut characters = text.chars().collect::<Vec<_>>();
        let place = self.below(characters.len().max(1));
        match self.below(4) {
            _ if characters.is_empty() => return self.noise(),
            0 => drop(characters.remove(place)),
            1 => characters.insert(place, characters[place]),
            2 => characters.truncate(place),
            _ => characters[place] = self.noise().chars().next().unwrap_or('0'),
        }
        characters.into_iter().collect()
    }
}

fn generate_deb(dice: &mut Dice) -> String {
    const WORDS: &[&str] = &[
        "dfsg", "deb12u", "ubuntu2.", "bpo", "git", "rc", "b", "nmu", "beta", "a", "Z", "ds", "rpi",
    ];
    const JOINTS: &[&str] = &[".", ".", ".", "~", "+", "-", "", "~~", "..", "+~"];
    if dice.one_in(8) {
        return dice.noise();
    }
    let mut version = String::new();
    if dice.one_in(4) {
        version = format!(
            "{}:",
            dice.pick(&["0", "1", "2", "00", "01", "10", "2147483647"])
        );
    }
    version.push_str(&dice.chain(WORDS, JOINTS));
    if !dice.one_in(3) {
        version.push('-');
        version.push_str(&dice.chain(WORDS, &[".", "+", "~", ""]));
    }
    version
}

fn generate_rpm(dice: &mut Dice) -> String {
    const WORDS: &[&str] = &[
        "el9",
        "el8_4",
        "fc39",
        "module+el8",
        "git",
        "rc",
        "a",
        "b",
        "Z",
        "beta",
        "amzn2023",
    ];
    const JOINTS: &[&str] = &[".", ".", ".", "~", "^", "_", "+", "", "..", "^~"];
    if dice.one_in(6) {
        return dice.noise();
    }
    let mut version = String::new();
    if dice.one_in(4) {
        version = format!(
            "{}:",
            dice.pick(&["", "0", "1", "2", "01", "10", "4294967295", "x"])
        );
    }
    version.push_str(&dice.chain(WORDS, JOINTS));
    if !dice.one_in(3) {
        version.push('-');
        version.push_str(&dice.chain(WORDS, JOINTS));
    }
    version
}

fn generate_apk(dice: &mut Dice) -> String {
    const SUFFIXES: &[&str] = &[
        "_alpha", "_beta", "_pre", "_rc", "_cvs", "_svn", "_git", "_hg", "_p", "_foo", "_",
    ];
    if dice.one_in(6) {
        return dice.noise();
    }
    let mut version = dice.number();
    for _ in 0..dice.below(4) {
        version = format!("{version}.{}", dice.number());
    }
    if dice.one_in(4) {
        version.push_str(dice.pick(&["a", "b", "k", "z", "ab"]));
    }
    for _ in 0..dice.below(3) {
        version.push_str(dice.pick(SUFFIXES));
        if dice.one_in(2) {
            version.push_str(&dice.number());
        }
    }
    if dice.one_in(6) {
        version.push_str(dice.pick(&["~0", "~12ab", "~ff", "~", "~g"]));
    }
    if !dice.one_in(3) {
        version = format!("{version}-r{}", dice.number());
    }
    version
}

/// Pairs a version with a neighbour of it, or with one that has nothing to do with it.
fn generated_pairs(
    seed: u64,
    count: usize,
    generate: fn(&mut Dice) -> String,
) -> Vec<(String, String)> {
    let mut dice = Dice(seed);
    (0..count)
        .map(|_| {
            let a = generate(&mut dice);
            let b = match dice.below(3) {
                0 => generate(&mut dice),
                _ => dice.mutate(&a),
            };
            (a, b)
        })
        .collect()
}

fn table_pairs(table: &str) -> Vec<(String, String)> {
    table
        .lines()
        .filter_map(|line| {
            let words = line
                .split('#')
                .next()?
                .split_whitespace()
                .collect::<Vec<_>>();
            match words[..] {
                [a, _, b] => Some((a.to_owned(), b.to_owned())),
                _ => None,
            }
        })
        .collect()
}

/// Pairs each version with the one that follows it in our order: where an order goes wrong, some
/// neighbours stand the wrong way round.
fn neighbours(versions: &BTreeSet<String>, compare: Order) -> Vec<(String, String)> {
    let mut sorted = versions.iter().collect::<Vec<_>>();
    sorted.sort_by(|a, b| compare(a, b));
    sorted
        .windows(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect()
}

fn strangers(versions: &BTreeSet<String>, count: usize) -> Vec<(String, String)> {
    let versions = versions.iter().collect::<Vec<_>>();
    if versions.is_empty() {
        return Vec::new();
    }
    let mut dice = Dice(7);
    (0..count)
        .map(|_| {
            let (a, b) = (dice.below(versions.len()), dice.below(versions.len()));
            (versions[a].clone(), versions[b].clone())
        })
        .collect()
}

fn sample(pairs: Vec<(String, String)>, count: usize) -> Vec<(String, String)> {
    let step = pairs.len().div_ceil(count).max(1);
    pairs.into_iter().step_by(step).collect()
}

// ------------------------------------------------------------------------------------------- feeds

/// Returns every version that the shared feeds name for a scheme; nothing when they are absent.
fn feed_versions(scheme: Scheme) -> BTreeSet<String> {
    let shared = std::env::var_os("PLIMSOLL_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let feeds = shared.join("feeds");
    let mut versions = BTreeSet::new();
    match scheme {
        Scheme::Deb => {
            let tracker = std::fs::read(feeds.join("debian/tracker/data/json"));
            if let Ok(value) = serde_json::from_slice(&tracker.unwrap_or_default()) {
                collect(&value, &|key| key == "fixed_version", &mut versions);
            }
            for name in ["osv/Debian", "osv/Ubuntu", "osv-derived/Debian"] {
                osv_versions(&feeds.join(name).join("all.zip"), &mut versions);
            }
        }
        Scheme::Rpm => {
            for name in ["AlmaLinux:8", "AlmaLinux:9", "AlmaLinux:10", "Rocky Linux"] {
                osv_versions(&feeds.join("osv").join(name).join("all.zip"), &mut versions);
            }
        }
        Scheme::Apk => {
            let releases = std::fs::read_dir(feeds.join("alpine/secdb"));
            for release in releases.into_iter().flatten().flatten() {
                for repository in ["main.json", "community.json"] {
                    let text = std::fs::read(release.path().join(repository)).unwrap_or_default();
                    let value = serde_json::from_slice(&text).unwrap_or_default();
                    secdb_versions(&value, &mut versions);
                }
            }
        }
    }
    versions.retain(|version| fits_lines(version));
    versions
}

fn osv_versions(archive: &Path, versions: &mut BTreeSet<String>) {
    let Ok(file) = std::fs::File::open(archive) else {
        return;
    };
    let mut archive = zip::ZipArchive::new(file).expect("a feed is a zip archive");
    for index in 0..archive.len() {
        let mut text = Vec::new();
        let mut entry = archive.by_index(index).expect("an entry can be opened");
        entry.read_to_end(&mut text).expect("an entry can be read");
        let record = serde_json::from_slice(&text).expect("a record is JSON");
        let wanted = |key: &str| matches!(key, "introduced" | "fixed" | "last_affected");
        collect(&record, &wanted, versions);
    }
}

/// Collects the texts under the keys that are wanted, at any depth.
fn collect(
    value: &serde_json::Value,
    wanted: &dyn Fn(&str) -> bool,
    versions: &mut BTreeSet<String>,
) {
    match value {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                match value.as_str() {
                    Some(version) if wanted(key) => {
                        versions.insert(version.to_owned());
                    }
                    _ => collect(value, wanted, versions),
                }
            }
        }
        serde_json::Value::Array(values) => {
            for value in values {
                collect(value, wanted, versions);
            }
        }
        _ => {}
    }
}

fn secdb_versions(value: &serde_json::Value, versions: &mut BTreeSet<String>) {
    let packages = value.get("packages").and_then(serde_json::Value::as_array);
    for package in packages.into_iter().flatten() {
        let fixes = package
            .pointer("/pkg/secfixes")
            .and_then(serde_json::Value::as_object);
        versions.extend(
            fixes
                .into_iter()
                .flatten()
                .map(|(version, _)| version.clone()),
        );
    }
}

// ------------------------------------------------------------------------------------------- tools

fn skip(test: &str, why: &str) {
    eprintln!("skipped: {test}: {why}");
}

/// Says whether a text can be a field of a line given to a tool.
fn fits_lines(version: &str) -> bool {
    !version.is_empty()
        && !version.starts_with('-')
        && !version
            .chars()
            .any(|character| character.is_whitespace() || character.is_control())
}

fn has_huge_number(version: &str) -> bool {
    version
        .split(|character: char| !character.is_ascii_digit())
        .any(|digits| digits.len() > 19)
}

fn answers(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a command in the plain locale, feeding it `input`, and returns what it prints.
fn run(command: &mut Command, input: &str) -> String {
    let mut child = command
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the tool starts");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("the tool ends");
    writer
        .join()
        .expect("the writer ends")
        .expect("the tool reads all its input");
    assert!(
        output.status.success(),
        "the tool failed: {}",
        output.status
    );
    String::from_utf8(output.stdout).expect("the tool prints UTF-8")
}

fn run_python(script: &str, pairs: &[(String, String)]) -> String {
    run(Command::new(PYTHON).args(["-c", script]), &as_lines(pairs))
}

fn as_lines(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(a, b)| format!("{a}\t{b}\n")).collect()
}

fn check_answers(pairs: &[(String, String)], compare: Order, answers: &str) {
    assert_eq!(answers.lines().count(), pairs.len(), "one answer per pair");
    let wrong = pairs
        .iter()
        .zip(answers.lines())
        .filter(|((a, b), answer)| {
            let ours = match compare(a, b) {
                Ordering::Less => "<",
                Ordering::Equal => "=",
                Ordering::Greater => ">",
            };
            ours != *answer
        })
        .map(|((a, b), answer)| format!("{a} {answer} {b}"));
    assert_none(wrong);
}

fn assert_none(wrong: impl Iterator<Item = impl std::fmt::Display>) {
    let wrong = wrong.map(|row| row.to_string()).collect::<Vec<_>>();
    let first = wrong
        .iter()
        .take(20)
        .fold(String::new(), |text, row| text + "\n  " + row);
    assert!(
        wrong.is_empty(),
        "{} disagreements, the tool says:{first}",
        wrong.len()
    );
}
