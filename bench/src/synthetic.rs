//! Feeds of the size of everything that OSV serves, made up: the same bytes every time.
//!
//! Six hundred thousand records in OSV's layout, one `all.zip` per ecosystem, with more than 5 million
//! ranges.
//! What a database's size hangs on is modelled on the real feeds: few projects have most of the
//! vulnerabilities, a fixed version is shared by the vulnerabilities of one update, a release
//! carries its own line of versions, one update names the same binary packages as the one before,
//! and identifiers, commits and titles hardly repeat.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// How many projects distributions carry.
const PROJECTS: usize = 12_000;
/// How many vulnerabilities these projects have.
const VULNERABILITIES: usize = 75_000;

/// Is a generator of numbers: xorshift, the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Returns a number below a bound.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound.max(1)
    }

    /// Returns a number below a bound; low ones are by far the most frequent.
    fn skewed(&mut self, bound: usize) -> usize {
        #[allow(clippy::cast_precision_loss, reason = "53 bits")]
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        #[allow(
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of the bound"
        )]
        let at = ((bound as f64 + 1.0).powf(share) - 1.0) as usize;
        at.min(bound.saturating_sub(1))
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from.get(self.below(from.len())).copied().unwrap_or("")
    }

    /// Returns hexadecimal digits.
    fn hex(&mut self, digits: usize) -> String {
        (0..digits)
            .filter_map(|_| char::from_digit(u32::try_from(self.below(16)).ok()?, 16))
            .collect()
    }

    /// Returns a GHSA id.
    fn ghsa(&mut self) -> String {
        let letters = b"23456789cfghjmpqrvwx";
        let mut id = String::from("GHSA");
        for place in 0..12 {
            if place % 4 == 0 {
                id.push('-');
            }
            let letter = letters.get(self.below(letters.len())).copied();
            id.push(char::from(letter.unwrap_or(b'x')));
        }
        id
    }
}

const SYLLABLES: [&str; 40] = [
    "ra", "lo", "min", "tek", "vel", "so", "kar", "ni", "pu", "gra", "ex", "on", "ul", "bit",
    "mar", "ze", "qu", "ti", "fen", "dor", "ha", "ly", "co", "net", "web", "lib", "py", "js", "go",
    "xml", "db", "sys", "io", "ser", "par", "log", "sec", "gen", "map", "kit",
];
const WEAKNESSES: [&str; 16] = [
    "A use-after-free flaw",
    "A heap-based buffer overflow",
    "An out-of-bounds read",
    "A NULL pointer dereference",
    "Improper input validation",
    "Cross-site scripting",
    "SQL injection",
    "Path traversal",
    "An integer overflow",
    "A race condition",
    "Uncontrolled resource consumption",
    "Improper access control",
    "Deserialization of untrusted data",
    "Server-side request forgery",
    "A memory leak",
    "Incorrect permission assignment",
];
const EFFECTS: [&str; 8] = [
    "execute arbitrary code",
    "cause a denial of service",
    "read sensitive information",
    "bypass authentication",
    "escalate privileges",
    "inject commands",
    "crash the application",
    "corrupt memory",
];
const ACTORS: [&str; 5] = [
    "remote attackers",
    "local users",
    "an authenticated user",
    "context-dependent attackers",
    "a malicious server",
];
const LEVELS: [&str; 4] = ["Low", "Moderate", "Important", "Critical"];

fn word(random: &mut Random, syllables: usize) -> String {
    (0..syllables).map(|_| random.pick(&SYLLABLES)).collect()
}

/// Is a project as distributions carry it.
struct Project {
    name: String,
    /// The binary packages that it is built into.
    binaries: Vec<String>,
    /// The major and minor version at which its line starts.
    base: (usize, usize),
    /// Its vulnerabilities, in order.
    vulnerabilities: Vec<usize>,
}

/// Is the world that the feeds tell of.
struct World {
    projects: Vec<Project>,
    /// The CVE id and the date of each vulnerability.
    cves: Vec<(String, String)>,
}

impl World {
    fn new(random: &mut Random) -> Self {
        let mut projects: Vec<Project> = (0..PROJECTS)
            .map(|number| {
                let syllables = 2 + random.below(3);
                let stem = word(random, syllables);
                let name = match random.below(5) {
                    0 => format!("lib{stem}"),
                    1 => format!("{stem}-{}", word(random, 2)),
                    2 => format!("python-{stem}{number}"),
                    _ => format!("{stem}{}", number % 97),
                };
                let count = if number < 300 {
                    4 + random.below(24)
                } else {
                    1 + random.below(6)
                };
                let parts = [
                    "devel", "libs", "doc", "common", "utils", "debug", "core", "tools",
                ];
                let binaries = (0..count)
                    .map(|part| match part {
                        0 => name.clone(),
                        1..=8 => format!("{name}-{}", parts.get(part - 1).unwrap_or(&"x")),
                        _ => format!("{name}-{}", word(random, 2)),
                    })
                    .collect();
                Project {
                    name,
                    binaries,
                    base: (1 + random.below(12), random.below(40)),
                    vulnerabilities: Vec::new(),
                }
            })
            .collect();
        let mut cves = Vec::with_capacity(VULNERABILITIES);
        let mut number = 1000;
        let mut year = 2005;
        for index in 0..VULNERABILITIES {
            let of_year = 2005 + (index * 21) / VULNERABILITIES;
            if of_year != year {
                (year, number) = (of_year, 1000);
            }
            number += 1 + random.below(14);
            let date = format!(
                "{year}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                1 + random.below(12),
                1 + random.below(28),
                random.below(24),
                random.below(60),
                random.below(60)
            );
            cves.push((format!("CVE-{year}-{number:04}"), date));
            let project = random.skewed(PROJECTS);
            if let Some(project) = projects.get_mut(project) {
                project.vulnerabilities.push(index);
            }
        }
        Self { projects, cves }
    }

    fn cve(&self, index: usize) -> (&str, &str) {
        self.cves
            .get(index)
            .map_or(("", ""), |(id, date)| (id.as_str(), date.as_str()))
    }
}

/// Writes one ecosystem's archive.
struct Archive {
    zip: ZipWriter<BufWriter<File>>,
    totals: (u64, u64),
}

impl Archive {
    fn new(folder: &Path, ecosystem: &str) -> Result<Self, String> {
        let place = folder.join(ecosystem);
        let fail = |error: &dyn std::fmt::Display| format!("{}: {error}", place.display());
        fs::create_dir_all(&place).map_err(|error| fail(&error))?;
        let file = File::create(place.join("all.zip")).map_err(|error| fail(&error))?;
        Ok(Self {
            zip: ZipWriter::new(BufWriter::new(file)),
            totals: (0, 0),
        })
    }

    fn add(&mut self, id: &str, record: &Record<'_>) -> Result<(), String> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(1));
        let name = format!("{id}.json");
        let done = self
            .zip
            .start_file(name, options)
            .map_err(|error| error.to_string());
        done?;
        self.totals.0 += 1;
        self.totals.1 += record.ranges;
        let text = record.json(id);
        self.zip
            .write_all(text.as_bytes())
            .map_err(|error| error.to_string())
    }

    fn finish(self) -> Result<(u64, u64), String> {
        let mut inner = self.zip.finish().map_err(|error| error.to_string())?;
        inner.flush().map_err(|error| error.to_string())?;
        Ok(self.totals)
    }
}

/// Is a record in the making.
#[derive(Default)]
struct Record<'a> {
    date: &'a str,
    summary: String,
    aliases: Vec<String>,
    upstream: Vec<&'a str>,
    related: Vec<&'a str>,
    vectors: Vec<String>,
    urls: Vec<String>,
    affected: String,
    ranges: u64,
}

impl Record<'_> {
    /// Adds an affected package with its ranges: introduced and fixed version.
    fn affects(&mut self, ecosystem: &str, package: &str, ranges: &[(&str, Option<&str>)]) {
        if !self.affected.is_empty() {
            self.affected.push(',');
        }
        let _ = write!(
            self.affected,
            r#"{{"package":{{"ecosystem":"{ecosystem}","name":"{package}"}},"ranges":[{{"type":"ECOSYSTEM","events":["#
        );
        for (index, (introduced, fixed)) in ranges.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(self.affected, r#"{comma}{{"introduced":"{introduced}"}}"#);
            if let Some(fixed) = fixed {
                let _ = write!(self.affected, r#",{{"fixed":"{fixed}"}}"#);
            }
            self.ranges += 1;
        }
        self.affected.push_str("]}]}");
    }

    fn json(&self, id: &str) -> String {
        let date = self.date;
        let mut out = format!(
            r#"{{"schema_version":"1.7.0","id":"{id}","modified":"{date}","published":"{date}""#
        );
        if !self.summary.is_empty() {
            let _ = write!(out, r#","summary":"{}""#, self.summary);
        }
        for (name, list) in [
            ("aliases", self.aliases.iter().map(String::as_str).collect()),
            ("upstream", self.upstream.clone()),
            ("related", self.related.clone()),
        ] {
            if !list.is_empty() {
                let _ = write!(out, r#","{name}":["{}"]"#, list.join("\",\""));
            }
        }
        let vectors: Vec<String> = self
            .vectors
            .iter()
            .map(|vector| format!(r#"{{"type":"CVSS_V3","score":"{vector}"}}"#))
            .collect();
        let urls: Vec<String> = self
            .urls
            .iter()
            .map(|url| format!(r#"{{"type":"WEB","url":"{url}"}}"#))
            .collect();
        let _ = write!(
            out,
            r#","severity":[{}],"references":[{}],"affected":[{}]}}"#,
            vectors.join(","),
            urls.join(","),
            self.affected
        );
        out
    }
}

fn vector(random: &mut Random) -> String {
    let mut out = String::from("CVSS:3.1");
    for (metric, values) in [
        ("AV", ["N", "N", "L", "A"].as_slice()),
        ("AC", &["L", "L", "H"]),
        ("PR", &["N", "L", "N", "H"]),
        ("UI", &["N", "R"]),
        ("S", &["U", "U", "C"]),
        ("C", &["H", "N", "L"]),
        ("I", &["H", "N", "L"]),
        ("A", &["H", "N", "L"]),
    ] {
        let _ = write!(out, "/{metric}:{}", random.pick(values));
    }
    out
}

/// Makes a sentence as descriptions begin with.
fn sentence(random: &mut Random, project: &str) -> String {
    let mut out = format!(
        "{} in {}_{}() of {project} before {}.{}.{} allows {} to {} via a crafted",
        random.pick(&WEAKNESSES),
        word(random, 2),
        word(random, 2),
        random.below(10),
        random.below(30),
        random.below(20),
        random.pick(&ACTORS),
        random.pick(&EFFECTS),
    );
    for _ in 0..=random.below(3) {
        out.push(' ');
        out.push_str(&word(random, 2));
    }
    out
}

fn commit(random: &mut Random, project: &str) -> String {
    format!(
        "https://github.com/{project}/{project}/commit/{}",
        random.hex(40)
    )
}

/// Is how a distribution writes versions.
type Style = fn(&Project, usize, usize) -> String;

fn deb(project: &Project, release: usize, step: usize) -> String {
    format!(
        "{}.{}.{}+dfsg-{}+deb{}u{}",
        project.base.0,
        project.base.1 + release,
        step / 7,
        1 + release % 3,
        9 + release,
        1 + step % 7
    )
}

fn ubuntu(project: &Project, release: usize, step: usize) -> String {
    format!(
        "{}.{}.{}-{}ubuntu{}.{}",
        project.base.0,
        project.base.1 + release,
        step / 9,
        1 + release,
        1 + release % 4,
        1 + step % 9
    )
}

fn rpm(project: &Project, release: usize, step: usize) -> String {
    format!(
        "{}:{}.{}.{}-{}.el{}_{}.{}",
        project.base.1 % 2,
        project.base.0,
        project.base.1 + release,
        step / 5,
        40 + step * 3,
        7 + release,
        release % 10,
        1 + step % 5
    )
}

fn apk(project: &Project, release: usize, step: usize) -> String {
    format!(
        "{}.{}.{}-r{}",
        project.base.0,
        project.base.1 + release / 2,
        step,
        (step + release) % 6
    )
}

/// A distribution that states each vulnerability: `PREFIX-CVE-…`.
fn by_vulnerability(
    folder: &Path,
    world: &World,
    (ecosystem, prefix, releases): (&str, &str, &[&str]),
    style: Style,
    (every, flavours, described): (usize, usize, bool),
    random: &mut Random,
) -> Result<(u64, u64), String> {
    let mut archive = Archive::new(folder, ecosystem)?;
    for (rank, project) in world.projects.iter().enumerate() {
        let mut step = 0;
        for vulnerability in &project.vulnerabilities {
            step += usize::from(random.below(5) < 2);
            if every > 1 && (vulnerability * 7 + rank) % every == 0 {
                continue;
            }
            let (cve, date) = world.cve(*vulnerability);
            let mut record = Record {
                date,
                upstream: vec![cve],
                ..Record::default()
            };
            if described {
                record.summary = sentence(random, &project.name);
                record.vectors.push(vector(random));
                record.urls = vec![
                    format!("https://ubuntu.com/security/{cve}"),
                    commit(random, &project.name),
                    format!("https://www.cve.org/CVERecord?id={cve}"),
                ];
            }
            // The kernel is built in flavours, each with its own line.
            let builds = if rank < 3 { flavours } else { 1 };
            for (number, release) in releases.iter().enumerate() {
                for build in 0..builds {
                    let name = if build == 0 {
                        project.name.clone()
                    } else {
                        format!("{}-{}", project.name, SYLLABLES.get(build).unwrap_or(&"x"))
                    };
                    let version = style(project, number + build, step + build * 3);
                    // What has no fix yet is mostly new.
                    let is_old = *vulnerability < VULNERABILITIES / 10 * 9;
                    let fixed = (is_old || random.below(4) > 0).then_some(version.as_str());
                    record.affects(release, &name, &[("0", fixed)]);
                }
            }
            archive.add(&format!("{prefix}-{cve}"), &record)?;
        }
    }
    archive.finish()
}

/// A distribution that states updates, each of which fixes several vulnerabilities in all the binary
/// packages of a project.
fn by_update(
    folder: &Path,
    world: &World,
    (ecosystem, prefix, releases): (&str, &str, &[&str]),
    every: usize,
    random: &mut Random,
) -> Result<(u64, u64), String> {
    let mut archive = Archive::new(folder, ecosystem)?;
    let mut number = 100;
    for (rank, project) in world.projects.iter().enumerate() {
        if every > 1 && rank % every != 0 {
            continue;
        }
        for (release, title) in releases.iter().enumerate() {
            let mut left = project.vulnerabilities.as_slice();
            let mut step = 0;
            while !left.is_empty() {
                let take = (1 + random.below(5)).min(left.len());
                let (now, rest) = left.split_at(take);
                left = rest;
                step += 1;
                number += 1 + random.below(3);
                let cves: Vec<&str> = now.iter().map(|index| world.cve(*index).0).collect();
                let date = world.cve(now.last().copied().unwrap_or(0)).1;
                let year = date.get(..4).unwrap_or("2020");
                let id = format!("{prefix}-{year}:{number}");
                let mut record = Record {
                    date,
                    summary: format!("{}: {} security update", random.pick(&LEVELS), project.name),
                    urls: vec![format!("https://access.example.org/errata/{id}")],
                    ..Record::default()
                };
                if ["ALSA", "RLSA"].contains(&prefix) {
                    record.related = cves;
                } else {
                    record.upstream = cves;
                }
                let fixed = rpm(project, release, step);
                for (part, binary) in project.binaries.iter().enumerate() {
                    // Packages are split off later, and now and then an update leaves one out.
                    let since = match (rank * 31 + part * 7) % 10 {
                        0..=5 => 0,
                        late => (late + part) % 14,
                    };
                    if part == 0 || (step > since && random.below(33) > 0) {
                        record.affects(title, binary, &[("0", Some(&fixed))]);
                    }
                }
                archive.add(&id, &record)?;
            }
        }
    }
    archive.finish()
}

/// An ecosystem of a language: `advisories` reviewed ones, `malicious` packages.
fn language(
    folder: &Path,
    world: &World,
    (ecosystem, advisories, malicious): (&str, usize, usize),
    random: &mut Random,
) -> Result<(u64, u64), String> {
    let mut archive = Archive::new(folder, ecosystem)?;
    let names: Vec<String> = (0..(advisories / 3).max(10))
        .map(|_| match (ecosystem, random.below(3)) {
            ("Maven", _) => format!(
                "org.{}:{}-{}",
                word(random, 2),
                word(random, 2),
                word(random, 1)
            ),
            ("Go", _) => format!("github.com/{}/{}", word(random, 3), word(random, 3)),
            ("npm", 0) => format!("@{}/{}", word(random, 2), word(random, 3)),
            _ => format!("{}-{}", word(random, 2), word(random, 2)),
        })
        .collect();
    for _ in 0..advisories {
        let name = names
            .get(random.skewed(names.len()))
            .map_or("", String::as_str);
        let (cve, date) = world.cve(random.below(VULNERABILITIES));
        let id = random.ghsa();
        let mut record = Record {
            date,
            summary: sentence(random, name),
            vectors: vec![vector(random)],
            urls: vec![
                format!("https://github.com/{name}/security/advisories/{id}"),
                format!("https://nvd.nist.gov/vuln/detail/{cve}"),
                commit(random, name.rsplit('/').next().unwrap_or("")),
            ],
            ..Record::default()
        };
        if random.below(4) > 0 {
            record.aliases.push(cve.to_owned());
        }
        let mut versions = Vec::new();
        for line in 0..=random.below(3) {
            let major = line + random.below(3);
            versions.push((
                format!("{major}.{}.0", random.below(4)),
                format!("{major}.{}.{}", 4 + random.below(12), random.below(15)),
            ));
        }
        let ranges: Vec<(&str, Option<&str>)> = versions
            .iter()
            .map(|(from, to)| (from.as_str(), Some(to.as_str())))
            .collect();
        record.affects(ecosystem, name, &ranges);
        archive.add(&id, &record)?;
    }
    for number in 0..malicious {
        let id = format!(
            "MAL-{}-{}",
            2022 + number * 4 / malicious.max(1),
            number + 1
        );
        let syllables = 3 + random.below(3);
        let name = format!("{}{}", word(random, syllables), random.below(1000));
        let (_, date) = world.cve(VULNERABILITIES - 1 - random.below(VULNERABILITIES / 6));
        let mut record = Record {
            date,
            summary: format!("Malicious code in {name} ({ecosystem})"),
            ..Record::default()
        };
        record.affects(ecosystem, &name, &[("0", None)]);
        archive.add(&id, &record)?;
    }
    archive.finish()
}

/// Writes the feeds into a folder; says how many records and ranges there are.
pub(crate) fn make(folder: &Path) -> Result<(u64, u64), String> {
    let random = &mut Random(0x9e37_79b9_7f4a_7c15);
    let world = World::new(random);
    let mut totals = (0, 0);
    let mut count = |(records, ranges): (u64, u64)| {
        totals.0 += records;
        totals.1 += ranges;
    };
    count(by_vulnerability(
        folder,
        &world,
        (
            "Ubuntu",
            "UBUNTU",
            &[
                "Ubuntu:14.04:LTS",
                "Ubuntu:16.04:LTS",
                "Ubuntu:18.04:LTS",
                "Ubuntu:20.04:LTS",
                "Ubuntu:22.04:LTS",
                "Ubuntu:24.04:LTS",
                "Ubuntu:25.04",
                "Ubuntu:25.10",
            ],
        ),
        ubuntu,
        (5, 16, true),
        random,
    )?);
    count(by_vulnerability(
        folder,
        &world,
        (
            "Debian",
            "DEBIAN",
            &["Debian:11", "Debian:12", "Debian:13", "Debian:14"],
        ),
        deb,
        (8, 1, false),
        random,
    )?);
    let alpine: Vec<String> = (10..23).map(|minor| format!("Alpine:v3.{minor}")).collect();
    let alpine: Vec<&str> = alpine.iter().map(String::as_str).collect();
    count(by_vulnerability(
        folder,
        &world,
        ("Alpine", "ALPINE", &alpine),
        apk,
        (2, 1, false),
        random,
    )?);
    for (ecosystem, prefix, releases, every) in [
        (
            "Red Hat",
            "RHSA",
            [
                "Red Hat:enterprise_linux:7",
                "Red Hat:enterprise_linux:8::baseos",
                "Red Hat:enterprise_linux:9::appstream",
                "Red Hat:rhel_eus:8.6::baseos",
                "Red Hat:rhel_eus:9.2::appstream",
            ]
            .as_slice(),
            1,
        ),
        (
            "SUSE",
            "SUSE-SU",
            &[
                "SUSE:Linux Enterprise Server 12 SP5",
                "SUSE:Linux Enterprise Server 15 SP5",
                "SUSE:Linux Enterprise Server 15 SP6",
            ],
            1,
        ),
        ("openSUSE", "openSUSE-SU", &["openSUSE:Leap 15.6"], 1),
        (
            "openEuler",
            "OESA",
            &["openEuler:20.03-LTS", "openEuler:22.03-LTS"],
            2,
        ),
        ("AlmaLinux", "ALSA", &["AlmaLinux:8", "AlmaLinux:9"], 2),
        (
            "Rocky Linux",
            "RLSA",
            &["Rocky Linux:8", "Rocky Linux:9"],
            2,
        ),
        ("Mageia", "MGASA", &["Mageia:9"], 2),
    ] {
        count(by_update(
            folder,
            &world,
            (ecosystem, prefix, releases),
            every,
            random,
        )?);
    }
    for (ecosystem, advisories, malicious) in [
        ("npm", 6_000, 40_000),
        ("PyPI", 8_000, 10_000),
        ("Maven", 7_000, 0),
        ("Go", 6_000, 0),
        ("Packagist", 5_000, 0),
        ("RubyGems", 1_500, 800),
        ("NuGet", 1_200, 700),
        ("crates.io", 1_500, 0),
        ("Bitnami", 7_000, 0),
        ("Hex", 100, 0),
        ("Pub", 60, 0),
    ] {
        count(language(
            folder,
            &world,
            (ecosystem, advisories, malicious),
            random,
        )?);
    }
    Ok(totals)
}
