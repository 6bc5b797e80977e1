//! Conda packages: the record of each in `conda-meta` of its environment, and what was asked for.
//!
//! conda, mamba, micromamba and pixi write one JSON document per installed package (conda
//! documentation, "Package metadata": `conda-meta/NAME-VERSION-BUILD.json`), with the package's index
//! record and the files that were linked. Read [`parse_record`] first.

use std::collections::{BTreeSet, HashMap, HashSet};

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, Ownership, RequestedState, View,
    Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement};
use plimsoll_model::path::{file_name, parent};
use serde::Deserialize;

use super::assembly::{collect_each, hand_over, set_dependencies, set_purls};
use super::budget::Budget;
use super::damage::{Damage, report, text};
use super::paths::PathList;
use super::purl::purl;
use super::requirement::MAX_REQUIREMENTS;

const MIB: u64 = 1024 * 1024;

/// The most of one record that is read. The largest packages list some 40,000 files, twice.
const RECORD_LIMIT: u64 = 64 * MIB;

/// The most of `history` that is read; every change of the environment adds its lines.
const HISTORY_LIMIT: u64 = 16 * MIB;

/// The most of the paths of one package's files, in bytes: each begins with that of its environment.
const MAX_OWNED_BYTES: usize = 64 * 1024 * 1024;

/// Catalogs packages of conda.
pub struct Conda;

/// Says whether a path is a record of `conda-meta`.
fn is_record(path: &[u8]) -> bool {
    path.ends_with(b".json") && file_name(parent(path)) == b"conda-meta"
}

/// Says whether a path is an environment's history.
fn is_history(path: &[u8]) -> bool {
    path.ends_with(b"conda-meta/history") && file_name(parent(path)) == b"conda-meta"
}

impl Analyzer for Conda {
    fn name(&self) -> &'static str {
        "language/conda"
    }

    fn version(&self) -> u32 {
        2
    }

    fn about(&self) -> About {
        About {
            title: "Conda",
            reads: &[
                (
                    "conda-meta/*.json",
                    "packages with build, channel, licence, files and dependencies",
                ),
                ("conda-meta/history", "which packages were asked for"),
            ],
            not_read: &[
                "The cache of unpacked packages (pkgs/): what it holds is not installed.",
                "environment.yml: it states wishes without versions.",
            ],
            certainty: "Certain: it is the package manager's own record. Python packages whose files \
                conda lists are listed too, as owned by the conda package.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        match entry.path.last() {
            Some(b'n') if is_record(entry.path) => Want::Whole {
                limit: RECORD_LIMIT,
            },
            Some(b'y') if is_history(entry.path) => Want::Whole {
                limit: HISTORY_LIMIT,
            },
            _ => Want::Nothing,
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut damage = Damage::default();
        if is_record(entry.path) {
            let prefix = parent(parent(entry.path));
            let mut read = Damage::default();
            if let Some((package, owned)) = parse_record(content.bytes, prefix, &mut read) {
                facts.push(Fact::Package(Box::new(package)));
                facts.extend(owned.map(Fact::Owns));
                damage = read;
            } else if let Some(package) = stem_of(entry.path) {
                // The package is not lost: its file's name tells which one it is.
                damage.unsupported(|| {
                    "the record could not be read; its file name tells name and version".to_owned()
                });
                facts.push(Fact::Package(Box::new(package)));
                report(
                    entry,
                    Content {
                        truncated: false,
                        ..content
                    },
                    damage.finish(),
                    facts,
                );
                return;
            } else {
                damage = read;
            }
        } else {
            facts.push(Fact::Requested(parse_history(content.bytes)));
        }
        report(entry, content, damage.finish(), facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let (folders, mut installed): (Vec<&[u8]>, Vec<_>) = collect_each(view)
            .into_iter()
            .map(|(path, one)| (parent(path.as_bytes()), one))
            .unzip();
        let mut asked: HashMap<&[u8], HashSet<&str>> = HashMap::new();
        for located in view.facts {
            if let Fact::Requested(state) = located.fact {
                let names = asked.entry(parent(located.path.as_bytes())).or_default();
                names.extend(state.names.iter().map(String::as_str));
            }
        }
        set_purls(&mut installed, view.distro);
        // Within one environment a name is installed once.
        let mut named: HashMap<(&[u8], String), usize> = HashMap::new();
        for (index, (folder, one)) in folders.iter().zip(&installed).enumerate() {
            let key = (*folder, one.fact.name.to_lowercase());
            named.entry(key).or_insert(index);
        }
        let mut found: Vec<Vec<usize>> = Vec::with_capacity(installed.len());
        for (folder, one) in folders.iter().zip(&mut installed) {
            if let Some(names) = asked.get(folder) {
                let name = one.fact.name.as_str();
                one.package.requested = Some(names.contains(name));
            }
            let targets: BTreeSet<usize> = one
                .fact
                .requires
                .iter()
                .flatten()
                .filter_map(|wanted| named.get(&(*folder, wanted.name.to_lowercase())).copied())
                .collect();
            found.push(targets.into_iter().collect());
        }
        set_dependencies(&mut installed, found);
        hand_over(installed, out);
    }
}

/// Is what a record holds that is read.
#[derive(Deserialize)]
struct Record {
    name: String,
    version: String,
    #[serde(default, alias = "build_string")]
    build: Option<String>,
    channel: Option<String>,
    schannel: Option<String>,
    subdir: Option<String>,
    #[serde(rename = "fn")]
    file: Option<String>,
    license: Option<String>,
    url: Option<String>,
    #[serde(default)]
    depends: Vec<String>,
    #[serde(default)]
    files: Vec<String>,
    requested_spec: Option<String>,
    #[serde(default)]
    requested_specs: Option<Vec<String>>,
}

/// Reads a record into a package and the files it owns, which are named relative to the environment
/// (`prefix`). The list bears the package's purl: names of conda packages are names of others, too.
fn parse_record(
    bytes: &[u8],
    prefix: &[u8],
    damage: &mut Damage,
) -> Option<(Package, Option<Ownership>)> {
    let record: Record = match serde_json::from_slice(bytes) {
        Ok(record) => record,
        Err(error) => {
            damage.note(|| format!("the record could not be read: {error}"));
            return None;
        }
    };
    let clean = |value: &str| text(value.as_bytes());
    let (name, version) = (clean(&record.name), clean(&record.version));
    if name.is_empty() || version.is_empty() {
        damage.note(|| "the record states no name or no version".to_owned());
        return None;
    }
    let mut package = Package::new(PackageKind::Conda, name, version);
    package.licenses = record
        .license
        .iter()
        .map(|license| clean(license))
        .filter(|license| !license.is_empty())
        .collect();
    package.requires = record
        .depends
        .iter()
        .take(MAX_REQUIREMENTS)
        .filter_map(|spec| Some(vec![requirement(&clean(spec))?]))
        .collect();
    let channel = record.schannel.or(record.channel).unwrap_or_default();
    let file = record.file.or_else(|| record.url.clone());
    let archive = file.as_deref().and_then(archive_type);
    for (property, value) in [
        ("build", record.build),
        ("channel", Some(channel_name(&channel))),
        ("subdir", record.subdir),
        ("type", archive.map(ToOwned::to_owned)),
        ("url", record.url.as_deref().map(without_token)),
    ] {
        let value = value.map(|value| clean(&value)).unwrap_or_default();
        if !value.is_empty() {
            package.properties.insert(property.to_owned(), value);
        }
    }
    package.arch = package.properties.get("subdir").cloned();
    let spec = record.requested_spec.as_deref();
    let specs = record.requested_specs.as_ref();
    package.requested = match (specs, spec) {
        (Some(specs), _) if !specs.is_empty() => Some(true),
        (_, Some(spec)) => Some(!matches!(spec, "" | "None")),
        (Some(_), None) => Some(false),
        (None, None) => None,
    };
    Budget::default().admit(&mut package, damage);
    let mut paths = PathList::default();
    let mut full = Vec::new();
    for file in &record.files {
        if paths.bytes() > MAX_OWNED_BYTES {
            damage.unsupported(|| "owns more files than are kept".to_owned());
            break;
        }
        // Names that leave the environment are no files of the package.
        if file.split('/').any(|part| part == "..") || file.starts_with('/') {
            continue;
        }
        full.clear();
        full.extend_from_slice(prefix);
        full.push(b'/');
        full.extend_from_slice(file.as_bytes());
        paths.add(&full);
    }
    let owner = purl(&package, None);
    Some((package, paths.finish(owner)))
}

/// Reads `NAME-VERSION-BUILD.json`, the name of a record that cannot be read.
fn stem_of(path: &[u8]) -> Option<Package> {
    let stem = std::str::from_utf8(file_name(path).strip_suffix(b".json")?).ok()?;
    let (rest, build) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    if name.is_empty() || !version.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let clean = |value: &str| text(value.as_bytes());
    let mut package = Package::new(PackageKind::Conda, clean(name), clean(version));
    let properties = &mut package.properties;
    properties.insert("build".to_owned(), clean(build));
    properties.insert("identity_from".to_owned(), "file name".to_owned());
    Some(package)
}

/// Reads a match specification (`python >=3.11,<3.12.0a0`, `conda-forge::numpy[version='1']`).
fn requirement(spec: &str) -> Option<Requirement> {
    let spec = spec.rsplit_once("::").map_or(spec, |(_, name)| name).trim();
    let end = spec
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(spec.len());
    let (name, constraint) = spec.split_at_checked(end)?;
    (!name.is_empty()).then(|| Requirement {
        name: name.to_owned(),
        constraint: constraint.trim().to_owned(),
    })
}

/// Returns the channel's name: the URL's path without the platform (`conda-forge`, `pkgs/main`), the
/// whole where it lies elsewhere than the public channels. Access tokens (`/t/TOKEN/`) are left out.
fn channel_name(channel: &str) -> String {
    let channel = without_token(channel);
    let Some((_, rest)) = channel.split_once("://") else {
        return channel;
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.trim_end_matches('/');
    let path = match path.rsplit_once('/') {
        Some((name, last)) if last == "noarch" || is_platform(last) => name,
        _ => path,
    };
    let public = matches!(host, "conda.anaconda.org" | "repo.anaconda.com");
    if public && !path.is_empty() {
        return path.to_owned();
    }
    format!("https://{host}/{path}")
}

fn is_platform(part: &str) -> bool {
    ["linux-", "osx-", "win-"]
        .iter()
        .any(|system| part.starts_with(system))
}

/// Returns a URL without user name, password and access token.
fn without_token(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let path = path.strip_prefix("t/").map_or(path, |after| {
        after.split_once('/').map_or("", |(_, path)| path)
    });
    format!("{scheme}://{host}/{path}")
}

/// Returns the kind of archive a package came as, a qualifier of its purl.
fn archive_type(file: &str) -> Option<&'static str> {
    [".tar.bz2", ".conda"]
        .iter()
        .find(|end| file.ends_with(**end))
        .map(|end| end.trim_start_matches('.'))
}

/// Reads the history: names of the specifications that were asked for and not taken back
/// (`# update specs: ['python=3.11', 'numpy']`, `# remove specs: […]`).
fn parse_history(bytes: &[u8]) -> RequestedState {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some(line) = line.strip_prefix(b"# ") else {
            continue;
        };
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let (action, specs) = line.split_at_checked(colon).unwrap_or_default();
        let remove = match action {
            b"update specs" | b"install specs" => false,
            b"remove specs" | b"uninstall specs" => true,
            _ => continue,
        };
        let specs = String::from_utf8_lossy(specs);
        for name in spec_names(&specs) {
            if remove {
                names.remove(&name);
            } else {
                names.insert(name);
            }
        }
    }
    RequestedState {
        names: names.into_iter().collect(),
        requested: true,
    }
}

/// Returns the names in a list as Python prints it: each text between quotes is one specification.
fn spec_names(list: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = list;
    while let Some(open) = rest.find(['\'', '"']) {
        let (quote, after) = match rest.get(open..open + 1) {
            Some(quote) => (quote, rest.get(open + 1..).unwrap_or_default()),
            None => break,
        };
        let Some((spec, after)) = after.split_once(quote) else {
            break;
        };
        found.extend(requirement(&text(spec.as_bytes())).map(|wanted| wanted.name));
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_lose_hosts_platforms_and_tokens() {
        let cases = [
            (
                "https://conda.anaconda.org/conda-forge/linux-64",
                "conda-forge",
            ),
            ("https://repo.anaconda.com/pkgs/main/noarch", "pkgs/main"),
            (
                "https://u:p@h.example/t/secret/own/linux-64",
                "https://h.example/own",
            ),
            ("conda-forge", "conda-forge"),
            ("", ""),
        ];
        for (channel, want) in cases {
            assert_eq!(channel_name(channel), want);
        }
    }

    #[test]
    fn history_adds_and_takes_back() {
        let state = parse_history(
            b"==> 2024 <==\n# cmd: conda install x\n# update specs: [\"conda-forge::python[version='3.11']\", 'numpy=1', 'a']\n+defaults::x\n# remove specs: ['a']\n",
        );
        assert_eq!(state.names, ["numpy", "python"]);
    }

    #[test]
    fn a_file_name_tells_what_a_damaged_record_does_not() {
        let package = stem_of(b"conda-meta/ca-certificates-2024.2.2-hbcca054_0.json").unwrap();
        assert_eq!(
            (package.name.as_str(), package.version.as_str()),
            ("ca-certificates", "2024.2.2")
        );
        assert!(stem_of(b"state.json").is_none());
    }
}
