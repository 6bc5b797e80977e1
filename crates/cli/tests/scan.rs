//! The main job on images that stand in the project: what it prints, its exit codes, its cache.

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
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Place, demo, gaps, packages, without_source};
use plimsoll_testkit::image::{Compression, LayerBuilder, TestImage, digest};

const STATUS: &str = "Package: libc6\nStatus: install ok installed\nSource: glibc\n\
                      Architecture: amd64\nVersion: 2.36-9\n\n";
const OS_RELEASE: &str =
    "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nPRETTY_NAME=\"Debian 12\"\n";

fn debian() -> LayerBuilder {
    LayerBuilder::new()
        .file("etc/os-release", OS_RELEASE)
        .file("var/lib/dpkg/status", STATUS)
}

fn write(place: &Place, name: &str, layers: Vec<LayerBuilder>) -> String {
    let image = TestImage::new(layers.into_iter().map(LayerBuilder::build).collect());
    image.write_layout(&place.path(name), Compression::Gzip);
    format!("oci-dir:{}", place.path(name).display())
}

#[test]
fn the_demo_image_is_scanned_offline_with_the_starter_database() {
    let place = Place::new();
    let db = place.starter();
    let ran = place.run(&["scan", &demo(), "--db", &db, "--offline"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stderr, "");
    for part in [
        "glibc",
        "CVE-2023-4911",
        "2.36-9+deb12u3",
        "Tested ",
        "known issues, found ",
    ] {
        assert!(
            ran.stdout.contains(part),
            "{part} is missing:\n{}",
            ran.stdout
        );
    }
    assert!(!ran.stdout.contains('\x1b'), "no colours off a terminal");
    // Same input, same bytes: with a cold cache, a warm one and none, on one thread and on four.
    let json = |more: &[&str]| {
        let mut words = vec!["scan", "--format", "json", "--db", &db];
        let reference = demo();
        words.push(&reference);
        words.extend(more);
        place.run(&words).stdout
    };
    let first = json(&["--jobs", "1"]);
    for more in [
        &["--jobs", "4"][..],
        &["--no-cache"],
        &["--no-cache", "--jobs", "4"],
    ] {
        assert!(json(more) == first, "{more:?} changes the report");
    }
}

#[test]
fn every_file_form_gives_the_same_report() {
    let place = Place::new();
    let db = place.starter();
    let second = LayerBuilder::new().file(
        "var/lib/dpkg/status",
        format!(
            "{STATUS}Package: zlib1g\nStatus: install ok installed\nSource: zlib\n\
             Architecture: amd64\nVersion: 1:1.2.13.dfsg-1\nDepends: libc6\n\n"
        ),
    );
    let image = TestImage::new(vec![debian().build(), second.build()]);
    let at = |name: &str| place.path(name);
    image.write_layout(&at("gzip"), Compression::Gzip);
    image.write_layout(&at("zstd"), Compression::Zstd);
    image.write_layout(&at("plain"), Compression::None);
    image.write_docker_archive(&at("docker.tar"), "shop:1");
    image.write_oci_archive(&at("oci.tar"), Compression::Gzip);
    let packed =
        plimsoll_testkit::image::compress(&fs::read(at("docker.tar")).unwrap(), Compression::Gzip);
    fs::write(at("docker.tar.gz"), packed).unwrap();
    let references = [
        "oci-dir:gzip",
        "oci-dir:zstd:latest",
        "oci-dir:plain",
        "docker-archive:docker.tar",
        "docker-archive:docker.tar.gz",
        "oci-archive:oci.tar",
        "gzip",
        "docker.tar",
        "oci.tar",
    ];
    let reports: Vec<_> = references
        .iter()
        .map(|reference| without_source(place.report(reference, &["--db", &db, "--no-cache"], 0)))
        .collect();
    for (reference, report) in references.iter().zip(&reports) {
        assert_eq!(report, &reports[0], "{reference}");
    }
    assert_eq!(
        packages(&reports[0]),
        ["libc6 2.36-9 amd64", "zlib1g 1:1.2.13.dfsg-1 amd64"]
    );
    assert_eq!(
        reports[0]["packages"][1]["layer"], 1,
        "zlib1g came with the second layer"
    );
    assert_eq!(reports[0]["packages"][0]["layer"], 0);
}

#[test]
fn exit_codes_tell_what_happened() {
    let place = Place::new();
    let db = place.starter();
    let good = write(&place, "good", vec![debian()]);
    let empty = write(&place, "empty", vec![LayerBuilder::new().file("app", "x")]);
    let other = write(
        &place,
        "other",
        vec![
            LayerBuilder::new()
                .file("etc/os-release", "ID=debian\nVERSION_ID=\"7\"\n")
                .file("var/lib/dpkg/status", STATUS),
        ],
    );
    let cases: &[(&[&str], i32, &str)] = &[
        (&["scan", &good, "--db", &db], 0, ""),
        (&["scan", &good, "--db", &db, "--fail-on", "unknown"], 1, ""),
        (&["scan", &good], 3, ""),
        (&["scan", &good, "--fail-on", "critical"], 3, ""),
        (&["scan", &empty, "--db", &db], 3, ""),
        (&["scan", &other, "--db", &db], 3, ""),
        (&["scan", "oci-dir:nowhere", "--db", &db], 2, "nowhere"),
        (&["scan", &good, "--db", "nowhere.db"], 2, "nowhere.db"),
        (
            &["scan", &good, "--format", "yaml"],
            2,
            "cyclonedx, cyclonedx@1.7, json",
        ),
        (
            &["scan", &good, "--output", "report.json"],
            2,
            "FORMAT=FILE",
        ),
        (
            &["scan", &good, "--output", "json=no/such/folder/x"],
            2,
            "no/such/folder",
        ),
        (
            &["scan", &good, "--platform", "linux/arm64"],
            2,
            "there is linux/amd64",
        ),
        (
            &["scan", "registry:127.0.0.1:1/x", "--offline"],
            2,
            "--offline",
        ),
        (&["scan"], 2, "REF"),
        (&["frobnicate"], 2, "frobnicate"),
        (&["versions", "cobol"], 2, "pypi, rpm, semver"),
    ];
    for (words, code, part) in cases {
        let ran = place.run(words);
        assert_eq!(ran.code, *code, "{words:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(part), "{words:?}: {}", ran.stderr);
        if *code == 2 && words.len() > 1 {
            assert_eq!(ran.stdout, "", "{words:?}");
        }
    }
    // A silent zero is the worst failure: what could not be judged is said, in words.
    assert_eq!(
        gaps(&place.report(&empty, &["--db", &db], 3)),
        ["nothing-recognized"]
    );
    assert_eq!(gaps(&place.report(&good, &[], 3)), ["no-database"]);
    assert!(gaps(&place.report(&other, &["--db", &db], 3)).contains(&"no-feed".to_owned()));
}

#[test]
fn what_is_left_out_on_request_is_counted() {
    let place = Place::new();
    let db = place.starter();
    let all = place.report(&demo(), &["--db", &db], 0);
    let few = place.report(&demo(), &["--db", &db, "--severity", "critical"], 0);
    let count = |report: &serde_json::Value| report["findings"].as_array().unwrap().len();
    assert!(count(&few) > 0 && count(&few) < count(&all));
    assert_eq!(all["summary"]["left_out"], 0);
    assert_eq!(few["summary"]["left_out"], count(&all) - count(&few));
}

#[test]
fn reports_go_to_files_as_well_and_whole() {
    let place = Place::new();
    let db = place.starter();
    let good = write(&place, "good", vec![debian()]);
    let ran = place.run(&[
        "scan",
        &good,
        "--db",
        &db,
        "-q",
        "-o",
        "json=a.json",
        "-o",
        "table=a.txt",
    ]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(place.path("a.json")).unwrap()).unwrap();
    assert_eq!(json["schema"], "plimsoll/report/1");
    assert!(
        fs::read_to_string(place.path("a.txt"))
            .unwrap()
            .contains("Tested 1 dep")
    );
}

#[test]
fn options_come_from_the_file_and_the_environment_too() {
    let place = Place::new();
    let db = place.starter();
    let good = write(&place, "good", vec![debian()]);
    fs::write(
        place.path("plimsoll.toml"),
        format!("db = {db:?}\n[scan]\nfail-on = \"unknown\"\n"),
    )
    .unwrap();
    assert_eq!(
        place.run(&["scan", &good]).code,
        1,
        "both come from the file"
    );
    assert_eq!(
        place.run(&["scan", &good, "--fail-on", "critical"]).code,
        0,
        "typed wins"
    );
    let ran = common::ran(
        place
            .command(&["scan", &good])
            .env("PLIMSOLL_FAIL_ON", "critical")
            .output()
            .unwrap(),
    );
    assert_eq!(ran.code, 0, "the environment wins over the file");
    fs::write(
        place.path("plimsoll.toml"),
        "[scan]\nfail-upon = \"high\"\n",
    )
    .unwrap();
    let ran = place.run(&["scan", &good]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("fail-upon"), "{}", ran.stderr);
}

#[test]
fn a_mistake_is_told_in_one_line_with_the_way_to_the_help() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    for (words, parts) in [
        (&["scan"] as &[&str], ["<REF>", "'plimsoll scan --help'"]),
        (
            &["scan", "x", "--jobs", "0"],
            ["1..=256", "'plimsoll scan --help'"],
        ),
        (&["scan", "x", "--severity", "hgih"], ["'high'", "critical"]),
        (&["scna"], ["'scan'", "'plimsoll --help'"]),
        (
            &["db", "build"],
            ["--from <DIR>", "'plimsoll db build --help'"],
        ),
        (
            &["scan", "x", "--platform", "linux/amd64", "--all-platforms"],
            ["--platform", "exclude"],
        ),
    ] {
        let ran = place.run(words);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{words:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{words:?}: {}", ran.stderr);
        for part in parts {
            assert!(ran.stderr.contains(part), "{words:?}: {}", ran.stderr);
        }
    }
    let word = std::ffi::OsStr::from_bytes(b"\xff");
    let ran = common::ran(place.command(&["scan"]).arg(word).output().unwrap());
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("UTF-8"), "{}", ran.stderr);
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_the_scan() {
    let place = Place::new();
    fs::create_dir(place.path("folder")).unwrap();
    // The image does not exist: that is not reached.
    for (words, part) in [
        (
            &["-o", "json=no/such/x"] as &[&str],
            "no/such/x: cannot write",
        ),
        (&["-o", "json=folder"], "folder: cannot write"),
        (&["-o", "json=-"], "--format json"),
        (&["-o", "json=x", "-o", "table=x"], "two reports"),
        (&["-o", "xml=x"], "there is cyclonedx, "),
    ] {
        let mut all = vec!["scan", "oci-dir:nowhere"];
        all.extend(words);
        let ran = place.run(&all);
        assert_eq!(ran.code, 2, "{words:?}");
        assert!(ran.stderr.contains(part), "{words:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains(".plimsoll-"), "{}", ran.stderr);
    }
    assert_eq!(fs::read_dir(place.path("folder")).unwrap().count(), 0);
    assert!(!place.path("x").exists());
}

#[test]
fn a_list_of_outputs_may_hold_names_with_commas() {
    let place = Place::new();
    let db = place.starter();
    let good = write(&place, "good", vec![debian()]);
    let ran = common::ran(
        place
            .command(&["scan", &good, "--db", &db])
            .env("PLIMSOLL_OUTPUT", "json=a,b.json,table=c.txt")
            .env("PLIMSOLL_QUIET", "1")
            .env("PLIMSOLL_FORMAT", "")
            .output()
            .unwrap(),
    );
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    assert!(place.path("a,b.json").is_file());
    assert!(place.path("c.txt").is_file());
}

#[test]
fn of_two_options_that_disagree_the_nearer_one_counts() {
    let place = Place::new();
    let db = place.starter();
    let good = write(&place, "good", vec![debian()]);
    let scan = |more: &[&str], variable: (&str, &str)| {
        let mut words = vec!["scan", good.as_str(), "--db", db.as_str()];
        words.extend(more);
        let mut command = place.command(&words);
        common::ran(command.env(variable.0, variable.1).output().unwrap()).code
    };
    let arm = ("PLIMSOLL_PLATFORM", "linux/arm64");
    assert_eq!(scan(&[], arm), 2);
    assert_eq!(scan(&["--all-platforms"], arm), 0);
    let all = ("PLIMSOLL_ALL_PLATFORMS", "yes");
    assert_eq!(scan(&["--platform", "linux/arm64"], all), 2);
}

#[test]
fn the_file_reaches_commands_below_commands_and_never_hides_the_help() {
    let place = Place::new();
    let db = place.starter();
    let file = place.path("plimsoll.toml");
    fs::write(&file, format!("db = {db:?}\noutput = [\"json=x\"]\n")).unwrap();
    assert_eq!(place.run(&["db", "status"]).code, 0);
    fs::write(&file, format!("[db]\ndb = {db:?}\nformat = \"json\"\n")).unwrap();
    assert!(place.run(&["db", "status"]).stdout.starts_with('{'));
    fs::write(&file, "db = \"x\"\njobs = = 1\n").unwrap();
    let ran = place.run(&["db", "status"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("plimsoll.toml:2:8: "), "{}", ran.stderr);
    for words in [&["--help"] as &[&str], &["scan", "-h"], &["man"]] {
        assert_eq!(place.run(words).code, 0, "{words:?}");
    }
}

#[test]
fn a_clean_layer_in_the_cache_hides_no_bad_one() {
    let place = Place::new();
    let db = place.starter();
    let clean = TestImage::new(vec![
        LayerBuilder::new()
            .file("etc/os-release", OS_RELEASE)
            .build(),
    ]);
    clean.write_layout(&place.path("clean"), Compression::Gzip);
    place.report("oci-dir:clean", &["--db", &db], 3);
    // The same diff-ids are claimed for another layer, in every form.
    let mut liar = TestImage::new(vec![debian().build()]);
    liar.claimed_diff_ids = Some(vec![digest(&clean.layers[0])]);
    liar.write_layout(&place.path("liar"), Compression::Gzip);
    liar.write_layout(&place.path("liar-plain"), Compression::None);
    liar.write_docker_archive(&place.path("liar.tar"), "liar:1");
    for reference in [
        "oci-dir:liar",
        "oci-dir:liar-plain",
        "docker-archive:liar.tar",
    ] {
        let ran = place.run(&["scan", reference, "--db", &db]);
        assert_eq!(ran.code, 2, "{reference}: {}", ran.stdout);
        assert!(
            ran.stderr.contains("expected"),
            "{reference}: {}",
            ran.stderr
        );
    }
    // A blob that is replaced after it was scanned is not taken from the cache.
    let good = TestImage::new(vec![debian().build()]);
    good.write_layout(&place.path("good"), Compression::Gzip);
    place.report("oci-dir:good", &["--db", &db], 0);
    let blobs = place.path("good/blobs/sha256");
    let largest = fs::read_dir(&blobs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .max_by_key(|path| path.metadata().unwrap().len())
        .unwrap();
    for path in fs::read_dir(&blobs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        let mut bytes = fs::read(&path).unwrap();
        if bytes.starts_with(&[0x1f, 0x8b]) {
            bytes[20] ^= 1;
            fs::write(&path, bytes).unwrap();
        }
    }
    let ran = place.run(&["scan", "oci-dir:good", "--db", &db]);
    assert_eq!(ran.code, 2, "{largest:?}: {}", ran.stdout);
}

#[test]
fn many_scans_at_once_share_the_cache() {
    let place = Place::new();
    let db = place.starter();
    let reference = demo();
    let expected = place.run(&[
        "scan",
        &reference,
        "--db",
        &db,
        "--no-cache",
        "--format",
        "json",
    ]);
    let children: Vec<_> = (0..8)
        .map(|_| {
            place
                .command(&["scan", &reference, "--db", &db, "--format", "json"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let ran = common::ran(child.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(ran.stdout == expected.stdout);
    }
}

#[test]
fn a_killed_scan_leaves_the_cache_whole() {
    let place = Place::new();
    let db = place.starter();
    let reference = demo();
    let words = [
        "scan",
        reference.as_str(),
        "--db",
        db.as_str(),
        "--format",
        "json",
    ];
    let expected = place.run(&words).stdout;
    let _ = fs::remove_dir_all(place.path(".cache"));
    for wait in 0..25 {
        let mut child = place
            .command(&words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(wait * 400));
        let _ = child.kill();
        let _ = child.wait();
    }
    assert!(place.run(&words).stdout == expected);
    assert!(place.run(&words).stdout == expected);
}

#[test]
fn a_cache_that_cannot_be_written_is_done_without() {
    let place = Place::new();
    let db = place.starter();
    fs::write(place.path("file"), "not a folder").unwrap();
    let ran = place.run(&["scan", &demo(), "--db", &db, "--cache-dir", "file/x"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_second_scan_reads_no_layer_again() {
    let place = Place::new();
    let db = place.starter();
    let good = write(&place, "good", vec![debian()]);
    let first = place.report(&good, &["--db", &db], 0);
    // The layer's stamp counts only once the file has rested for a second.
    std::thread::sleep(Duration::from_millis(1100));
    place.report(&good, &["--db", &db], 0);
    let start = Instant::now();
    let third = place.report(&good, &["--db", &db], 0);
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(first, third);
}

#[test]
fn a_folder_is_scanned_as_a_root_file_system() {
    let place = Place::new();
    let db = place.starter();
    let root = place.path("root");
    for (name, text) in [
        ("etc/os-release", OS_RELEASE),
        ("var/lib/dpkg/status", STATUS),
    ] {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    // Links are listed, never followed out of the folder; a pipe is not waited for.
    std::os::unix::fs::symlink("/etc/passwd", root.join("usr-lib")).unwrap();
    fs::create_dir_all(root.join("usr/lib")).unwrap();
    std::os::unix::fs::symlink("/etc/os-release", root.join("usr/lib/os-release")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(root.join("pipe"))
        .status();
    assert!(made.is_ok_and(|status| status.success()));
    let report = place.report("dir:root", &["--db", &db], 0);
    assert_eq!(packages(&report), ["libc6 2.36-9 amd64"]);
    assert_eq!(report["image"]["distro"]["version"], "12");
    assert!(report["image"]["digest"].is_null());
}

#[test]
fn a_python_package_that_conda_installed_is_owned_by_condas_package() {
    let place = Place::new();
    let record = r#"{"name": "idna", "version": "3.6", "build": "pyhd8ed1ab_0", "channel": "conda-forge",
        "subdir": "noarch", "fn": "idna-3.6-pyhd8ed1ab_0.conda", "depends": [],
        "files": ["lib/python3.11/site-packages/idna-3.6.dist-info/METADATA"]}"#;
    let site = "opt/conda/lib/python3.11/site-packages";
    let metadata = |name: &str| format!("Metadata-Version: 2.1\nName: {name}\nVersion: 3.6\n");
    let layer = debian()
        .file("opt/conda/conda-meta/idna-3.6-pyhd8ed1ab_0.json", record)
        .file(
            &format!("{site}/idna-3.6.dist-info/METADATA"),
            metadata("idna"),
        )
        .file(
            &format!("{site}/other-3.6.dist-info/METADATA"),
            metadata("other"),
        );
    let report = place.report(&write(&place, "conda", vec![layer]), &["--offline"], 3);
    let owner = |purl: &str| {
        let all = report["packages"].as_array().unwrap();
        let mut named = all.iter().filter(|one| one["purl"] == purl);
        named.next().unwrap()["owned_by"].clone()
    };
    assert_eq!(
        owner("pkg:pypi/idna@3.6"),
        "pkg:conda/idna@3.6?build=pyhd8ed1ab_0&channel=conda-forge&subdir=noarch&type=conda"
    );
    assert!(owner("pkg:pypi/other@3.6").is_null());
}

#[test]
fn versions_prints_what_is_not_so() {
    let place = Place::new();
    let run = |input: &str, ecosystem: &str| {
        let file = place.path("in");
        fs::write(&file, input).unwrap();
        let mut command = place.command(&["versions", ecosystem]);
        common::ran(
            command
                .stdin(fs::File::open(&file).unwrap())
                .output()
                .unwrap(),
        )
    };
    let ran = run("1.0~rc1 < 1.0\n1:0 > 9\n\n", "deb");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    let ran = run("1.0~rc1 > 1.0\n1 = 1\n", "deb");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, "1.0~rc1 > 1.0\n"));
    let ran = run("1.0-alpha-1 < 1.0\n1.0.RELEASE = 1\n", "maven");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    let ran = run("go1.21rc2 < v1.21.0\n", "golang");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    // Every order that there is, is named in the help.
    let known = place.run(&["versions", "cobol"]).stderr;
    let known = known.split("there is ").nth(1).unwrap().trim();
    let help = place.run(&["versions", "--help"]).stdout.replace('\n', " ");
    for name in known.trim_end_matches('.').split(", ") {
        assert!(
            help.contains(&format!(" {name},")) || help.contains(&format!(" {name};")),
            "{name}"
        );
    }
    let ran = run("1.0 ? 2.0\n", "rpm");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("line 1"), "{}", ran.stderr);
}

#[test]
fn help_has_examples_and_completions_and_a_manual_come_out() {
    let place = Place::new();
    assert!(place.run(&["scan", "--help"]).stdout.contains("Examples:"));
    assert!(
        place
            .run(&["completions", "bash"])
            .stdout
            .contains("plimsoll")
    );
    let manual = place.run(&["man"]).stdout;
    for part in [
        ".TH plimsoll",
        "PLIMSOLL DB BUILD",
        "fail\\-on",
        "Examples:",
    ] {
        assert!(manual.contains(part), "{part}");
    }
    assert!(place.run(&["--version"]).stdout.starts_with("plimsoll 0."));
    assert!(Path::new(env!("CARGO_BIN_EXE_plimsoll")).exists());
}
