//! `updateinfo.xml`, the announcements of updates in rpm repositories: Amazon Linux (core and extras),
//! Fedora, Rocky Linux, AlmaLinux.
//!
//! Format: an `update` per announcement with references, packages and modules (`createrepo_c`,
//! "updateinfo"; written for yum by Fedora's Bodhi). The distribution is told by the id's prefix, the
//! release by the id (Amazon: `ALAS2…` is Amazon Linux 2, `ALAS-…` the first) or by the packages' own
//! release (`.fc40`, `.el9`). Packages are binary ones. A collection that names a module confines its
//! packages to it, but only those whose version is modular: others stand in it by mistake.
//!
//! Extras of Amazon Linux 2 bring other lines of a package beside the core's (kernel 4.14 in the core,
//! 5.10 and 5.15 in extras; PHP 7.4 and 8.0), under the same name. An announcement of such a topic
//! (`ALAS2KERNEL-5.10-2022-001`) is confined to its line: its range starts at the topic's number
//! where the fixed version starts with it.

use std::io;
use std::path::Path;

use super::rpm_updates::{self, Build, Update};
use super::xml::{self, Node};
use super::{About, Batch, Checksum, Feed, Fetched, Remote, read_file, stream};

/// Where Amazon Linux is served.
const AMAZON: &str = "https://cdn.amazonlinux.com";
/// Where Rocky Linux is served.
const ROCKY: &str = "https://dl.rockylinux.org/pub/rocky";
/// The lists of mirrors of Amazon Linux, below [`AMAZON`].
const AMAZON_LISTS: [&str; 4] = [
    "2/core/latest/x86_64/mirror.list",
    "al2023/core/mirrors/latest/x86_64/mirror.list",
    "al2023/kernel-livepatch/mirrors/latest/x86_64/mirror.list",
    "al2023/nvidia/mirrors/latest/x86_64/mirror.list",
];
/// The extras of Amazon Linux 2 whose packages are met in images. Their catalogue is not served over
/// TLS, so it is not asked.
const AMAZON_EXTRAS: [&str; 36] = [
    "ansible2",
    "aws-nitro-enclaves-cli",
    "corretto8",
    "docker",
    "emacs",
    "firefox",
    "golang1.11",
    "golang1.19",
    "golang1.9",
    "haproxy2",
    "java-openjdk11",
    "kernel-5.10",
    "kernel-5.15",
    "kernel-5.4",
    "libreoffice",
    "livepatch",
    "lynis",
    "mariadb10.5",
    "memcached1.5",
    "nginx1",
    "nginx1.12",
    "php7.3",
    "php7.4",
    "php8.0",
    "php8.1",
    "php8.2",
    "postgresql12",
    "postgresql13",
    "postgresql14",
    "python3.8",
    "redis4.0",
    "redis6",
    "ruby2.6",
    "ruby3.0",
    "squid4",
    "tomcat9",
];
/// The releases and repositories of Rocky Linux.
const ROCKY_REPOSITORIES: [(&str, &[&str]); 3] = [
    ("8", &["AppStream", "BaseOS", "PowerTools", "extras"]),
    ("9", &["AppStream", "BaseOS", "CRB", "extras"]),
    ("10", &["AppStream", "BaseOS", "CRB", "extras"]),
];

/// The feed.
pub struct UpdateInfo;

impl Feed for UpdateInfo {
    fn name(&self) -> &'static str {
        "updateinfo"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "Updates of Amazon Linux, Rocky Linux, AlmaLinux and Fedora, from their package repositories",
            addresses: &[AMAZON, ROCKY],
            format: "updateinfo.xml of rpm repositories (createrepo_c)",
            licence: "Amazon Linux: none stated; Rocky Linux: BSD-3-Clause; AlmaLinux: MIT; Fedora: MIT",
            changes: "several times a week",
            files: "`*updateinfo.xml`, plain or packed by gzip or zstd",
        }
    }

    fn plan(&self, fetched: &Fetched<'_>) -> Vec<Remote> {
        let mut files = Vec::new();
        let extras = AMAZON_EXTRAS.map(|name| format!("2/extras/{name}/latest/x86_64/mirror.list"));
        let lists = AMAZON_LISTS.iter().map(|list| (*list).to_owned());
        for list in lists.chain(extras) {
            let local = format!("amazon/{list}");
            let folder = local.strip_suffix("/mirror.list").unwrap_or("").to_owned();
            files.push(Remote::index(format!("{AMAZON}/{list}"), &local));
            let mirrors = fetched(&local).unwrap_or_default();
            let mirrors = String::from_utf8_lossy(&mirrors);
            let mirror = mirrors.lines().map(str::trim).find(|mirror| {
                mirror
                    .strip_prefix(AMAZON)
                    .is_some_and(|rest| rest.starts_with('/'))
            });
            if let Some(mirror) = mirror {
                repository(mirror.trim_end_matches('/'), &folder, fetched, &mut files);
            }
        }
        for (release, names) in ROCKY_REPOSITORIES {
            for name in names {
                let path = format!("{release}/{name}/x86_64/os");
                let (base, folder) = (format!("{ROCKY}/{path}"), format!("rocky/{path}"));
                repository(&base, &folder, fetched, &mut files);
            }
        }
        files
    }

    fn rank(&self) -> u8 {
        1
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        parts.last().is_some_and(|file| {
            let (_, end) = file.split_once("updateinfo.xml").unwrap_or(("", "?"));
            matches!(end, "" | ".gz" | ".zst" | ".xz" | ".zck" | ".bz2")
        })
    }

    fn read(&self, path: &Path, _parts: &[&str]) -> io::Result<Batch> {
        Ok(parse(&read_file(path)?))
    }
}

/// Plans the description of a repository, and the updates that it names.
fn repository(base: &str, folder: &str, fetched: &Fetched<'_>, files: &mut Vec<Remote>) {
    let name = "repodata/repomd.xml";
    let index = format!("{folder}/{name}");
    files.push(Remote::index(format!("{base}/{name}"), &index));
    let Some(description) = fetched(&index) else {
        return;
    };
    let mut found = None;
    // What is read before it breaks off stands; a cut description is fetched again anyway.
    let _ = xml::elements(&description[..], &["data"], &[], &mut |data| {
        if data.attribute("type") == "updateinfo" && found.is_none() {
            let location = data
                .child("location")
                .map(|node| node.attribute("href").to_owned());
            let sum = data
                .child("checksum")
                .filter(|sum| sum.attribute("type") == "sha256");
            found = location.map(|location| (location, sum.map(|sum| sum.text().to_owned())));
        }
    });
    if let Some((location, sum)) = found
        && let Some(file) = location.strip_prefix("repodata/")
        && file.contains("updateinfo.xml")
        && file.len() < 200
        && file
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    {
        files.push(Remote {
            checksum: sum.map(Checksum::Sha256),
            ..Remote::new(format!("{base}/{location}"), format!("{folder}/{location}"))
        });
    }
}

/// Is a distribution that announces updates this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Distribution {
    Amazon,
    AlmaLinux,
    Fedora,
    Rocky,
}

impl Distribution {
    /// Tells the distribution by an update's id.
    fn of(id: &str) -> Option<Self> {
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| id.starts_with(prefix));
        if starts(&["ALAS"]) {
            Some(Self::Amazon)
        } else if starts(&["ALSA-", "ALBA-", "ALEA-"]) {
            Some(Self::AlmaLinux)
        } else if starts(&["RLSA-", "RLBA-", "RLEA-", "RXSA-"]) {
            Some(Self::Rocky)
        } else if starts(&["FEDORA-"]) && !starts(&["FEDORA-EPEL"]) {
            Some(Self::Fedora)
        } else {
            None
        }
    }

    /// Returns the name of what it states in the database.
    fn name(self) -> &'static str {
        match self {
            Self::Amazon => "updateinfo/amazon",
            Self::AlmaLinux => "updateinfo/almalinux",
            Self::Fedora => "updateinfo/fedora",
            Self::Rocky => "updateinfo/rocky",
        }
    }

    /// Returns the ecosystem of a package of an update.
    fn ecosystem(self, id: &str, release: &str) -> Option<String> {
        let tagged =
            |name: &str, tag| Some(format!("{name}:{}", rpm_updates::dist_tag(release, tag)?));
        match self {
            Self::Amazon => {
                let rest = id.strip_prefix("ALAS")?;
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                match rest.get(..digits)? {
                    // The first ones of Amazon Linux 2 had no number either.
                    "" => tagged("Amazon Linux", "amzn").or_else(|| Some("Amazon Linux:1".into())),
                    release => Some(format!("Amazon Linux:{release}")),
                }
            }
            Self::AlmaLinux => tagged("AlmaLinux", "el"),
            Self::Fedora => tagged("Fedora", "fc"),
            Self::Rocky => tagged("Rocky Linux", "el"),
        }
    }
}

/// Reads a file.
pub fn parse(bytes: &[u8]) -> Batch {
    let mut batch = Batch::new("updateinfo");
    let reader = match stream::unpacked(bytes) {
        Ok(reader) => reader,
        Err(why) => {
            batch.damage(why);
            return batch;
        }
    };
    let mut others = 0_u64;
    let mut name = None;
    let passed = [
        "description",
        "summary",
        "rights",
        "sum",
        "filename",
        "solution",
    ];
    let whole = xml::elements(reader, &["update"], &passed, &mut |node| {
        let id = node.text_of("id");
        let Some(distribution) = Distribution::of(id) else {
            if id.is_empty() {
                batch.damage("an update without an id");
            } else {
                others += 1;
            }
            return;
        };
        batch.read += 1;
        name.get_or_insert(distribution.name());
        let (update, lost) = update(&node, distribution);
        if lost > 0 {
            batch.damage(format!(
                "{id}: {lost} packages without a name, version or release of the distribution"
            ));
        }
        batch.dated(&rpm_updates::date(&update.issued));
        batch.dated(&rpm_updates::date(&update.updated));
        batch.records.extend(rpm_updates::record(update));
    });
    if let Err(error) = whole {
        batch.damage(error);
    }
    if let Some(name) = name {
        name.clone_into(&mut batch.name);
    }
    if others > 0 {
        batch.damage(format!(
            "{others} updates of other distributions, which are not read"
        ));
    }
    batch
}

/// Reads an update; the number beside it is that of packages that could not be placed.
fn update(node: &Node, distribution: Distribution) -> (Update, usize) {
    let id = node.text_of("id");
    let date = |name: &str| node.child(name).map_or("", |node| node.attribute("date"));
    let mut update = Update {
        id: id.to_owned(),
        kind: node.attribute("type").to_owned(),
        title: short_title(node.text_of("title"), id).to_owned(),
        severity: node.text_of("severity").to_owned(),
        issued: date("issued").to_owned(),
        updated: date("updated").to_owned(),
        ..Update::default()
    };
    let mut own = Vec::new();
    let references = node.child("references");
    for reference in references.iter().flat_map(|node| node.all("reference")) {
        let (kind, href) = (reference.attribute("type"), reference.attribute("href"));
        for text in [reference.attribute("id"), reference.attribute("title")] {
            update.cves.extend(crate::ids::cves_in(text));
        }
        if kind == "self" {
            own.push(href.to_owned());
        } else {
            update.urls.push(href.to_owned());
        }
    }
    own.append(&mut update.urls);
    update.urls = own;
    let mut lost = 0;
    let lists = node.child("pkglist");
    for collection in lists.iter().flat_map(|node| node.all("collection")) {
        let module = collection.child("module").map(|module| {
            format!(
                "{}:{}",
                module.attribute("name"),
                module.attribute("stream")
            )
        });
        for package in collection.all("package") {
            let (name, version) = (package.attribute("name"), package.attribute("version"));
            let release = package.attribute("release");
            match distribution.ecosystem(id, release) {
                Some(ecosystem) if !name.is_empty() && !version.is_empty() => {
                    let modular = release.contains("module");
                    let epoch = package.attribute("epoch");
                    update.builds.push(Build {
                        introduced: line(id, version)
                            .map(|line| Build::version(epoch, line, ""))
                            .unwrap_or_default(),
                        ecosystem,
                        name: name.to_owned(),
                        version: Build::version(epoch, version, release),
                        arch: package.attribute("arch").to_owned(),
                        module: modular.then(|| module.clone().unwrap_or_default()),
                    });
                }
                _ => lost += 1,
            }
        }
    }
    (update, lost)
}

/// Returns the line that an announcement of Amazon's extras is of (`5.10` of
/// `ALAS2KERNEL-5.10-2022-001`), where a fixed version is of that line.
fn line<'a>(id: &'a str, version: &str) -> Option<&'a str> {
    let topic = id.strip_prefix("ALAS2")?.rsplitn(3, '-').nth(2)?;
    let name = topic.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let line = topic.get(name.len()..)?.trim_start_matches('.');
    let rest = version.strip_prefix(line)?;
    // Releases of Amazon Linux itself (`ALAS2023-2023-001`) have no name of a topic.
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic());
    (named && !line.is_empty() && (rest.is_empty() || rest.starts_with('.'))).then_some(line)
}

/// Cuts what a title repeats of the update off it (`Amazon Linux 2 - ALAS2-2018-939: critical priority
/// package update for kernel`, `Moderate: lz4 security update`).
fn short_title<'a>(title: &'a str, id: &str) -> &'a str {
    let title = title.split_once(id).map_or(title, |(_, rest)| rest);
    let title = title.trim_start_matches([':', ' ']);
    match title.split_once(": ") {
        Some(("Critical" | "Important" | "Moderate" | "Low" | "None", rest)) => rest,
        _ => title,
    }
}

#[cfg(test)]
mod tests;
