//! What the user states beside an image, as a user does: VEX documents and exceptions in, the gate, the
//! reports, `OpenVEX` out. The examples are those of `docs/vex.md`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

mod common;

use std::fs;

use common::{Place, gaps, ran};
use plimsoll_testkit::image::{Compression, LayerBuilder, TestImage};
use plimsoll_testkit::project_dir;
use serde_json::Value;

const STATUS: &str = "Package: libc6\nStatus: install ok installed\nSource: glibc\n\
                      Architecture: amd64\nVersion: 2.36-9\n\nPackage: python3-idna\nStatus: install \
                      ok installed\nSource: python-idna\nArchitecture: all\nVersion: 3.3-1\n\n";
const OS_RELEASE: &str = "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n";
const INFO: &str = "/usr/lib/python3/dist-packages/idna-3.3.dist-info";

/// An image with a Debian package that has two vulnerabilities, and another that owns a library of
/// Python whose vulnerability Debian says does not affect it.
fn prepared() -> (Place, String, String) {
    let place = Place::new();
    let write = |name: &str, text: &str| {
        let path = place.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let release = |status: &str, fixed: &str| {
        format!(
            "{{\"releases\": {{\"bookworm\": {{\"status\": \"{status}\", \"repositories\": \
             {{\"bookworm\": \"1\"}}, {fixed} \"urgency\": \"not yet assigned\"}}}}}}"
        )
    };
    let open = release("open", "");
    write(
        "feeds/tracker/data/json",
        &format!(
            "{{\"glibc\": {{\"CVE-2023-4911\": {open}, \"CVE-2024-2961\": {open}}}, \"python-idna\": \
             {{\"CVE-2024-3651\": {}}}}}",
            release("resolved", "\"fixed_version\": \"0\",")
        ),
    );
    write(
        "osv/GHSA-jjg7-2v4v-x38h.json",
        "{\"id\": \"GHSA-jjg7-2v4v-x38h\", \"aliases\": [\"CVE-2024-3651\"], \"modified\": \
         \"2024-04-11T21:32:40Z\", \"affected\": [{\"package\": {\"ecosystem\": \"PyPI\", \"name\": \
         \"idna\"}, \"ranges\": [{\"type\": \"ECOSYSTEM\", \"events\": [{\"introduced\": \"0\"}, \
         {\"fixed\": \"3.7\"}]}]}]}",
    );
    let zip = place.path("feeds/osv/PyPI/all.zip");
    fs::create_dir_all(zip.parent().unwrap()).unwrap();
    let mut writer = zip::ZipWriter::new(fs::File::create(zip).unwrap());
    writer
        .start_file(
            "GHSA-jjg7-2v4v-x38h.json",
            zip::write::SimpleFileOptions::default(),
        )
        .unwrap();
    let record = fs::read(place.path("osv/GHSA-jjg7-2v4v-x38h.json")).unwrap();
    std::io::Write::write_all(&mut writer, &record).unwrap();
    writer.finish().unwrap();
    let layer = LayerBuilder::new()
        .file("etc/os-release", OS_RELEASE)
        .file("var/lib/dpkg/status", STATUS)
        .file(
            "var/lib/dpkg/info/python3-idna.list",
            format!("{INFO}\n{INFO}/METADATA\n"),
        )
        .file(
            &format!("{}/METADATA", &INFO[1..]),
            "Metadata-Version: 2.1\nName: idna\nVersion: 3.3\n",
        );
    let image = TestImage::new(vec![layer.build()]);
    image.write_docker_archive(&place.path("web.tar"), "web:1.4");
    image.write_layout(&place.path("web"), Compression::Gzip);
    let db = place.database(&place.path("feeds"));
    (place, db, "oci-dir:web".to_owned())
}

/// The examples of the documentation in a language, in order.
fn examples(language: &str) -> Vec<String> {
    let text = fs::read_to_string(project_dir().join("docs/vex.md")).unwrap();
    let mut blocks = text.split("```").skip(1).step_by(2);
    let mut found = Vec::new();
    for block in &mut blocks {
        if let Some(body) = block.strip_prefix(&format!("{language}\n")) {
            found.push(body.to_owned());
        }
    }
    found
}

/// Findings as `ID PACKAGE`, with who suppresses them.
fn findings(report: &Value) -> Vec<String> {
    let all = report["findings"].as_array().unwrap().iter();
    all.map(|finding| {
        let id = finding["id"].as_str().unwrap();
        let package = finding["package"]["name"].as_str().unwrap();
        match finding["suppressed"]["by"].as_str() {
            Some(by) => format!("{id} {package} ({by})"),
            None => format!("{id} {package}"),
        }
    })
    .collect()
}

#[test]
fn without_documents_only_the_distributions_word_suppresses() {
    let (place, db, image) = prepared();
    let report = place.report(&image, &["--db", &db], 0);
    assert_eq!(
        findings(&report),
        [
            "CVE-2023-4911 libc6",
            "CVE-2024-2961 libc6",
            "CVE-2024-3651 idna (distribution)"
        ]
    );
}

#[test]
fn the_vex_example_of_the_documentation_suppresses_what_it_says() {
    let (place, db, image) = prepared();
    let [example] = &examples("json")[..] else {
        panic!("docs/vex.md has one example in JSON");
    };
    fs::write(place.path("web.openvex.json"), example).unwrap();
    let more = ["--db", &db, "--vex", "web.openvex.json"];
    let report = place.report(&image, &more, 0);
    assert_eq!(
        findings(&report),
        [
            "CVE-2024-2961 libc6",
            "CVE-2023-4911 libc6 (vex)",
            "CVE-2024-3651 idna (distribution)"
        ]
    );
    assert_eq!(
        report["findings"][1]["suppressed"]["reason"],
        "web.openvex.json: not_affected, vulnerable_code_not_in_execute_path, No set-user-id program \
         is in the image."
    );
    assert_eq!(report["summary"]["suppressed"], 2);
    assert_eq!(report["summary"]["findings"], 1);
    // The table counts them, and lists them where it is asked to; the variable and the file work too.
    let words = ["scan", &image, "--db", &db];
    let ran = ran(place
        .command(&words)
        .env("PLIMSOLL_VEX", "web.openvex.json")
        .output()
        .unwrap());
    let line = "2 findings are suppressed (distribution 1, vex 1); --show-suppressed lists them\n";
    assert!(ran.stdout.contains(line), "{}{}", ran.stdout, ran.stderr);
    fs::write(
        place.path("plimsoll.toml"),
        "[scan]\nvex = ['web.openvex.json']\nshow-suppressed = true\n",
    )
    .unwrap();
    let ran = place.run(&words);
    for part in [
        "2 findings are suppressed (distribution 1, vex 1)\n",
        "  CVE-2023-4911 in libc6 2.36-9 (unknown)\n    vex: web.openvex.json: not_affected, vuln",
        "  CVE-2024-3651 in idna 3.3 (",
        "    distribution: it is installed by Debian:12's package python3-idna, and",
    ] {
        assert!(ran.stdout.contains(part), "{part}\n{}", ran.stdout);
    }
}

#[test]
fn the_exception_of_the_documentation_holds_at_its_stage_until_its_day() {
    let (place, db, image) = prepared();
    let [example] = &examples("toml")[..] else {
        panic!("docs/vex.md has one example in TOML");
    };
    let other = "[[exception]]\nid = 'CVE-1999-0001'\nowner = 'me'\nreason = 'why'\nexpires = \
                 2026-12-31\n";
    fs::write(place.path("x.toml"), format!("{example}\n{other}")).unwrap();
    let run = |more: &[&str], day: &str| {
        let mut words = vec!["scan", &image, "--db", &db, "--format", "json"];
        words.extend(["--exceptions", "x.toml", "--fail-on", "unknown"]);
        words.extend(more);
        let output = place
            .command(&words)
            .env("SOURCE_DATE_EPOCH", day)
            .output()
            .unwrap();
        let ran = ran(output);
        let report: Value = serde_json::from_str(&ran.stdout).expect(&ran.stderr);
        (ran.code, findings(&report), report)
    };
    // 2026-11-21, and the day after the exception's last.
    let (today, later) = ("1795219200", "1806537600");
    let (code, found, report) = run(&["--stage", "production"], today);
    assert_eq!(code, 1, "one finding is left");
    assert_eq!(
        found,
        [
            "CVE-2024-2961 libc6",
            "CVE-2023-4911 libc6 (exception)",
            "CVE-2024-3651 idna (distribution)"
        ]
    );
    assert_eq!(report["findings"][1]["suppressed"]["expires"], "2027-03-31");
    assert!(gaps(&report).contains(&"unused-exception".to_owned()));
    let (_, found, _) = run(&[], today);
    assert_eq!(found[0], "CVE-2023-4911 libc6", "no stage was named");
    let (_, found, report) = run(&["--stage", "production"], later);
    assert_eq!(found[0], "CVE-2023-4911 libc6", "it ended");
    assert!(gaps(&report).contains(&"expired-exception".to_owned()));
}

#[test]
fn what_is_suppressed_does_not_stop_the_gate() {
    let (place, db, image) = prepared();
    let statement = |id: &str| {
        format!(
            "{{\"vulnerability\": {{\"name\": \"{id}\"}}, \"products\": [{{\"@id\": \
             \"pkg:deb/debian/libc6\"}}], \"status\": \"fixed\"}}"
        )
    };
    let text = format!(
        "{{\"@context\": \"https://openvex.dev/ns/v0.2.0\", \"statements\": [{}, {}]}}",
        statement("CVE-2023-4911"),
        statement("cve-2024-2961")
    );
    fs::write(place.path("all.json"), text).unwrap();
    let gate = ["--db", &db, "--fail-on", "unknown"];
    place.report(&image, &gate, 1);
    place.report(&image, &[&gate[..], &["--vex", "all.json"]].concat(), 0);
}

#[test]
fn a_damaged_file_is_named_with_what_is_wrong() {
    let (place, db, image) = prepared();
    fs::write(place.path("cut.json"), "{\"document\": {\"title\"").unwrap();
    fs::write(place.path("other.json"), "{\"a\": 1}").unwrap();
    fs::write(
        place.path("x.toml"),
        "[[exception]]\nid = 'CVE-2023-4911'\n",
    )
    .unwrap();
    for (words, want) in [
        (
            ["--vex", "cut.json"],
            "error: cut.json: cannot be read as VEX: EOF while parsing",
        ),
        (
            ["--vex", "other.json"],
            "without the marks of any of them; expected OpenVEX, CSAF",
        ),
        (
            ["--vex", "gone.json"],
            "error: gone.json: cannot read: No such file",
        ),
        (["--vex", "web"], "error: web: cannot read: Is a directory"),
        (
            ["--exceptions", "x.toml"],
            "error: x.toml: line 1, column 1: the exception of CVE-2023-4911 has no 'owner'",
        ),
        (
            ["--exceptions", "gone.toml"],
            "error: gone.toml: cannot read: No such file",
        ),
    ] {
        let ran = place.run(&[&["scan", &image, "--db", &db][..], &words].concat());
        assert_eq!(ran.code, 2, "{words:?}");
        assert!(ran.stderr.contains(want), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn what_is_written_as_openvex_says_the_same_to_the_next_scan() {
    let (place, db, image) = prepared();
    let words = ["scan", &image, "--db", &db, "--format", "openvex"];
    let text = place.run(&words).stdout;
    assert_eq!(text, place.run(&words).stdout, "the same bytes");
    let document: Value = serde_json::from_str(&text).unwrap();
    let statements = document["statements"].as_array().unwrap();
    assert_eq!(statements.len(), 1, "{text}");
    assert_eq!(statements[0]["vulnerability"]["name"], "CVE-2024-3651");
    assert_eq!(statements[0]["status"], "not_affected");
    fs::write(place.path("own.json"), &text).unwrap();
    // Where the database does not hold the distribution's word, the document brings it.
    let tracker = place.path("feeds/tracker/data/json");
    let silent = fs::read_to_string(&tracker).unwrap();
    fs::write(&tracker, silent.replace("CVE-2024-3651", "CVE-2024-0000")).unwrap();
    let db = place.database(&place.path("feeds"));
    let of_idna = |more: &[&str]| {
        let report = place.report(&image, &[&["--db", &db][..], more].concat(), 0);
        assert!(!gaps(&report).contains(&"unread-statement".to_owned()));
        let found = findings(&report);
        let idna = found.iter().find(|text| text.contains(" idna"));
        idna.unwrap().clone()
    };
    assert_eq!(of_idna(&[]), "CVE-2024-3651 idna");
    assert_eq!(of_idna(&["--vex", "own.json"]), "CVE-2024-3651 idna (vex)");
}
