//! An image full of hostile package metadata of every language: what is sound in it is listed, the rest
//! costs bounded time and memory, nothing is executed and nothing panics.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

mod common;

use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use common::Place;
use plimsoll_testkit::image::{Compression, LayerBuilder, TestImage};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const OS_RELEASE: &str = "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian 12\"\n";
const STATUS: &str = "Package: libc6\nStatus: install ok installed\nSource: glibc\n\
                      Architecture: amd64\nVersion: 2.36-9\n\n";
const SITE: &str = "usr/local/lib/python3.11/site-packages";

fn archive(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, content) in files {
        archive.start_file(*name, options).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Makes an ELF header of 64 bits whose table of sections lies and is as large as can be said.
fn elf(section_offset: u64, section_count: u16, more: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    bytes.extend_from_slice(&[2, 0, 0x3e, 0, 1, 0, 0, 0]);
    bytes.extend_from_slice(&0x40_0000_u64.to_le_bytes());
    bytes.extend_from_slice(&64_u64.to_le_bytes());
    bytes.extend_from_slice(&section_offset.to_le_bytes());
    bytes.extend_from_slice(&[0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 64, 0]);
    bytes.extend_from_slice(&section_count.to_le_bytes());
    bytes.extend_from_slice(&[0xff, 0xff]);
    bytes.extend_from_slice(more);
    bytes.resize(bytes.len().max(4096), 0);
    bytes
}

fn hostile() -> TestImage {
    let good_jar = archive(
        &[(
            "META-INF/maven/org.example/good/pom.properties",
            b"groupId=org.example\nartifactId=good\nversion=1.2.3\n",
        )],
        CompressionMethod::Deflated,
    );
    // Twelve archives in one another, around as many zeros as fit a gigabyte of claims.
    let mut bomb = archive(
        &[("zeros.jar", &vec![0; 32 << 20])],
        CompressionMethod::Deflated,
    );
    for depth in 0..12 {
        bomb = archive(
            &[
                (&format!("{depth}.jar"), &bomb),
                ("again.jar", &bomb.clone()),
            ],
            CompressionMethod::Deflated,
        );
    }
    let tricks = archive(
        &[
            ("../../../etc/evil-1.0.jar", &good_jar),
            ("/abs!/x-2.0.jar", &good_jar),
            ("META-INF/MANIFEST.MF", &vec![b'M'; 10 << 20]),
        ],
        CompressionMethod::Deflated,
    );
    let cut = &good_jar[..good_jar.len() / 2];
    let mut lying = good_jar.clone();
    let end = lying.len();
    lying[end - 12..end - 4].fill(0xff);
    let deep = format!(
        "{{\"name\":\"deep\",\"version\":\"1.0.0\",\"x\":{}1{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let mut huge = br#"{"name":"huge","version":"1.0.0","description":""#.to_vec();
    huge.resize(200 << 20, b'a');
    huge.extend_from_slice(b"\"}");
    let gemspec = "Gem::Specification.new do |s|\n  s.name = \"good-gem\".freeze\n  s.version = \"1.0.0\"\n  \
                   system(\"touch /tmp/plimsoll-was-here\")\n  s.files = `rm -rf /`\nend\n";
    let build_info = [&b"\xff Go buildinf:\x08\x02"[..], &[0; 16], &[0xff; 64]].concat();
    let npm =
        |name: &str, version: &str| format!("{{\"name\":{name:?},\"version\":\"{version}\"}}");
    TestImage::new(vec![
        LayerBuilder::new()
            .file("etc/os-release", OS_RELEASE)
            .file("var/lib/dpkg/status", STATUS)
            .file(
                &format!("{SITE}/good-1.0.dist-info/METADATA"),
                "Metadata-Version: 2.1\nName: good\nVersion: 1.0\n\n",
            )
            .file(
                &format!("{SITE}/noise-1.dist-info/METADATA"),
                [0xff_u8; 5000],
            )
            .file(&format!("{SITE}/empty-1.dist-info/METADATA"), "")
            .file(
                &format!("{SITE}/endless-1.dist-info/METADATA"),
                format!("Name: endless\nVersion: {}\n\n", "9.".repeat(1 << 20)),
            )
            .file(
                &format!("{SITE}/../site-packages/good-1.0.dist-info/METADATA"),
                "Name: good\nVersion: 1.0\n\n",
            )
            .file("app/node_modules/good/package.json", npm("good", "2.0.0"))
            .file(
                "app/node_modules/good/node_modules/good/package.json",
                npm("good", "2.0.0"),
            )
            .file(
                "app/node_modules/path/package.json",
                npm("../../path", "1.0.0"),
            )
            .file(
                "app/node_modules/escape/package.json",
                npm("escape", "1.0.0\\u001b]0;owned\\u0007"),
            )
            .file(
                "app/node_modules/odd/package.json",
                npm("odd", "no version at all"),
            )
            .file("app/node_modules/deep/package.json", deep)
            .file("app/node_modules/huge/package.json", &huge)
            .file("app/node_modules/list/package.json", "[1,2,3]")
            .build(),
        LayerBuilder::new()
            .file("opt/good-1.2.3.jar", &good_jar)
            .file("opt/bomb-1.0.jar", &bomb)
            .file("opt/tricks-1.0.jar", &tricks)
            .file("opt/cut-1.0.jar", cut)
            .file("opt/lying-1.0.jar", &lying)
            .file("opt/..!/x;rm -rf.jar", &good_jar)
            .file("opt/text-1.0.jar", "this is no archive")
            .file("usr/local/bin/elf-far", elf(u64::MAX - 8, 0xffff, b""))
            .file("usr/local/bin/elf-zero", elf(64, 0, &[0xff; 256]))
            .file("usr/local/bin/go-info", elf(0, 0, &build_info))
            .file(
                "usr/local/bin/python3.11",
                elf(64, 3, b"Python 3.11.99999999999999999999"),
            )
            .file(
                "var/lib/gems/3.1.0/specifications/good-gem-1.0.0.gemspec",
                gemspec,
            )
            .file(
                "srv/vendor/composer/installed.json",
                "{\"packages\":[{},[],null,7]}",
            )
            .file(
                "srv/app.deps.json",
                format!("{{\"libraries\":{}", "{\"a\":".repeat(5000)),
            )
            .build(),
    ])
}

#[test]
fn hostile_metadata_costs_bounded_time_and_hides_nothing_that_is_sound() {
    let place = Place::new();
    let folder = place.path("hostile");
    hostile().write_layout(&folder, Compression::Gzip);
    let started = Instant::now();
    let ran = place.run(&["scan", "oci-dir:hostile", "--format", "json", "--no-cache"]);
    // No measurement: an optimised build takes two seconds; this only tells a hang.
    assert!(
        started.elapsed() < Duration::from_mins(2),
        "{:?}",
        started.elapsed()
    );
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let listed: Vec<(String, String)> = report["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (word(&package["name"]), word(&package["version"])))
        .collect();
    for (name, version) in [
        ("libc6", "2.36-9"),
        ("good", "1.0"),
        ("good", "2.0.0"),
        ("org.example:good", "1.2.3"),
        ("good-gem", "1.0.0"),
        ("odd", ""),
    ] {
        assert!(
            listed
                .iter()
                .any(|(n, v)| (n.as_str(), v.as_str()) == (name, version)),
            "{name} {version} is not among {listed:?}"
        );
    }
    assert!(
        ran.stdout
            .contains("\"stated_version\": \"no version at all\"")
    );
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stdout.contains('\u{7}'));
    assert!(!std::path::Path::new("/tmp/plimsoll-was-here").exists());
    // One entry for one package at one place, however often and under which names it is stated.
    let mut once = listed.clone();
    once.sort();
    once.dedup();
    assert!(listed.len() - once.len() <= 2, "{listed:?}");
    let table = place.run(&["scan", "oci-dir:hostile", "--no-cache"]);
    assert!(!table.stdout.contains("\u{1b}]0;"), "{}", table.stdout);
}

/// Makes an image that would cost hours if the work grew with the square of what is in it.
fn crowded() -> TestImage {
    const MANY: usize = 6_000;
    let mut python = LayerBuilder::new().file("etc/os-release", OS_RELEASE);
    let mut erlang = LayerBuilder::new();
    for at in 0..MANY {
        let site = format!("opt/e{at}/lib/python3.{}/site-packages", at % 90);
        // Environments that lie beside each other, and one that holds a name again and again.
        let text = format!("Name: a\nVersion: {at}\nRequires-Dist: a>=1\n\n");
        python = python
            .file(&format!("{site}/a-1.dist-info/METADATA"), text.as_str())
            .file(&format!("{site}/../__future__.py"), "")
            .file(&format!("{SITE}/a-{at}.dist-info/METADATA"), text.as_str());
        let metadata = format!(
            "{{<<\"name\">>,<<\"b\">>}}.\n{{<<\"version\">>,<<\"{}\">>}}.\n",
            at % 2
        );
        erlang = erlang
            .file(&format!("opt/l{at}/hex_metadata.config"), metadata.as_str())
            .file(
                &format!("opt/m{at}/ebin/b.app"),
                format!(
                    "{{application,b,[{{vsn,\"{}\"}},{{applications,[b,c]}}]}}.",
                    at % 2
                ),
            );
    }
    // Packages so deep that each look-up of a neighbour asks a thousand folders.
    let mut node = LayerBuilder::new();
    let deep = "srv/".to_owned() + &"d/".repeat(1500);
    let wanted: Vec<String> = (0..2000).map(|at| format!("\"n{at}\":\"1\"")).collect();
    let wanted = wanted.join(",");
    for at in 0..200 {
        node = node.file(
            &format!("{deep}node_modules/p{at}/package.json"),
            format!("{{\"name\":\"p{at}\",\"version\":\"1.0.0\",\"dependencies\":{{{wanted}}}}}"),
        );
    }
    // Names in an archive are as long as they like.
    let dashes = format!("{}.jar", "1-a-".repeat(1000));
    let empty = archive(&[], CompressionMethod::Stored);
    let names: Vec<String> = (0..500).map(|at| format!("{at}/{dashes}")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &*empty)).collect();
    let jar = archive(&files, CompressionMethod::Stored);
    let jars = LayerBuilder::new().file("opt/names-1.0.jar", &jar);
    TestImage::new(vec![
        python.build(),
        erlang.build(),
        node.build(),
        jars.build(),
    ])
}

#[test]
fn work_does_not_grow_with_the_square_of_what_is_there() {
    let place = Place::new();
    let folder = place.path("crowded");
    crowded().write_layout(&folder, Compression::Gzip);
    let started = Instant::now();
    let ran = place.run(&["scan", "oci-dir:crowded", "--format", "json", "--no-cache"]);
    assert!(
        started.elapsed() < Duration::from_mins(4),
        "{:?}",
        started.elapsed()
    );
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stdout.contains("\"p199\"") && ran.stdout.contains("pkg:hex/b@1"));
}
