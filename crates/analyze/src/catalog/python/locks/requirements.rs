//! Requirements files of pip ("Requirements File Format"): pins, with what `pip-compile` and `uv pip
//! compile` note of who asked for them.

use std::collections::HashMap;

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::issue::IssueKind;
use plimsoll_model::package::Package;

use super::super::super::damage::text;
use super::super::super::kit::{Found, without_credentials};
use super::super::marker::Specifier;
use super::super::name::normalized;
use super::super::version::split_clause;
use super::entry::{Origin, required};

/// The most lines of one file that are read.
const MAX_LINES: usize = 1_000_000;

/// The most requirements of one file that are kept.
const MAX_KEPT: usize = 100_000;

/// The most names that are shown of requirements that leave the version open.
const MAX_SHOWN: usize = 5;

/// The most pins of one name that a note of who asks is added to.
const MAX_PINS: usize = 16;

/// Reads a requirements file.
pub(super) fn read(bytes: &[u8], found: &mut Found) {
    let Requirements {
        mut pins,
        open,
        cut,
    } = parse_requirements(bytes);
    if cut {
        found
            .damage
            .limit(|| format!("more than {MAX_KEPT} requirements; the rest was left out"));
    }
    if !open.is_empty() {
        found.damage.push(IssueKind::UnknownVersion, || {
            let more = if open.len() > MAX_SHOWN { ", …" } else { "" };
            let names: Vec<&str> = open.iter().map(String::as_str).take(MAX_SHOWN).collect();
            let names = names.join(", ");
            match open.len() {
                1 => format!("1 requirement leaves the version open: {names}"),
                count => format!("{count} requirements leave the version open: {names}{more}"),
            }
        });
    }
    let mut named: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, pin) in pins.iter().enumerate() {
        let list = named.entry(normalized(&pin.package.name)).or_default();
        if list.len() < MAX_PINS {
            list.push(at);
        }
    }
    let mut wanted = Vec::new();
    for pin in &mut pins {
        let Package { name, version, .. } = &pin.package;
        for asker in std::mem::take(&mut pin.via) {
            for at in named.get(&normalized(&asker)).into_iter().flatten() {
                let exact = format!("=={version}");
                wanted.push((*at, required(name, std::iter::empty(), &exact, "")));
            }
        }
    }
    for (at, wanted) in wanted {
        if let Some(pin) = pins.get_mut(at) {
            pin.package.requires.push(vec![wanted]);
        }
    }
    let mut entries = super::entry::Entries::default();
    for mut pin in pins {
        pin.package.requested = pin.direct;
        entries.push(pin.package);
    }
    entries.finish(found);
}

/// Returns the version that the file name of a wheel or a source archive states; empty for none
/// ("Binary distribution format", "Source distribution format").
pub(super) fn version_of(path: &str) -> &str {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let name = path.rsplit('/').next().unwrap_or(path);
    let version = if let Some(stem) = name.strip_suffix(".whl") {
        stem.split('-').nth(1)
    } else {
        let ends = [".tar.gz", ".zip", ".tar.bz2", ".tgz"];
        let stem = ends.iter().find_map(|end| name.strip_suffix(end));
        stem.and_then(|stem| stem.rsplit_once('-'))
            .map(|(_, version)| version)
    };
    let version = version.unwrap_or_default();
    if super::super::version::Version::parse(version).is_some() {
        version
    } else {
        ""
    }
}

/// Reads `@ URL` of a requirement: the version that it states and its origin. `None` where neither a
/// version nor a repository is stated.
fn reference(versions: &str) -> Option<(&str, Origin)> {
    let url = versions.strip_prefix('@')?.trim();
    let (kind, _) = url.split_once('+').unwrap_or_default();
    if !matches!(kind, "git" | "hg" | "svn" | "bzr") {
        let version = version_of(url);
        return (!version.is_empty()).then(|| (version, Origin::url(url)));
    }
    let url = &without_credentials(url);
    let (place, fragment) = url.split_once('#').unwrap_or((url, ""));
    let place = place.get(kind.len() + 1..)?;
    let mut pairs = fragment.split('&');
    let folder = pairs.find_map(|pair| pair.strip_prefix("subdirectory="));
    // An `@` before the path belongs to the user and password.
    let path = place.find("://").map_or(0, |at| at + 3);
    let path = path + place.get(path..)?.find('/')?;
    let (place, commit) = match place.get(path..)?.rfind('@') {
        Some(at) => (place.get(..path + at)?, place.get(path + at + 1..)?),
        None => (place, ""),
    };
    let origin = Origin::repository(kind, place, commit, folder.unwrap_or_default());
    Some(("", origin))
}

/// Is what a requirements file says.
#[derive(Debug, Default)]
pub(in super::super) struct Requirements {
    /// Requirements of exactly one version.
    pub(in super::super) pins: Vec<Pin>,
    /// Names of requirements that leave the version open.
    pub(in super::super) open: Vec<String>,
    /// Whether there are more than are kept.
    pub(in super::super) cut: bool,
}

/// Is one requirement of exactly one version.
#[derive(Debug)]
pub(in super::super) struct Pin {
    /// Name and version, with the marker as a property.
    pub(in super::super) package: Package,
    /// The distributions that ask for it, as the compiler of the file notes.
    pub(in super::super) via: Vec<String>,
    /// Whether a person asked for it: the note names a file. `None` without notes.
    pub(in super::super) direct: Option<bool>,
}

/// Reads a requirements file. Options, links to other files, URLs and what is no requirement are left
/// out; lines that end in `\` go on.
pub(in super::super) fn parse_requirements(bytes: &[u8]) -> Requirements {
    let mut found = Requirements::default();
    let mut logical: Vec<u8> = Vec::new();
    // Whether notes that follow belong to the last pin.
    let mut noted = false;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for line in bytes.split(|byte| *byte == b'\n').take(MAX_LINES) {
        let line = line.trim_ascii();
        if line.first() == Some(&b'#') {
            // A comment ends a line that was to go on.
            noted = take(&mut logical, &mut found).unwrap_or(noted);
            if noted && let Some(pin) = found.pins.last_mut() {
                pin.note(line.get(1..).unwrap_or_default());
            }
            continue;
        }
        if let Some(start) = line.strip_suffix(b"\\") {
            logical.extend_from_slice(start);
            logical.push(b' ');
            continue;
        }
        logical.extend_from_slice(line);
        if let Some(pinned) = take(&mut logical, &mut found) {
            noted = pinned;
        }
    }
    take(&mut logical, &mut found);
    found
}

/// Takes a logical line. Returns whether it is a pin; `None` for an empty line.
fn take(logical: &mut Vec<u8>, found: &mut Requirements) -> Option<bool> {
    let line = text(logical);
    logical.clear();
    if line.is_empty() {
        return None;
    }
    // A comment begins where a blank stands before the `#`.
    let (line, comment) = line.split_once(" #").unwrap_or((&line, ""));
    // Options of a requirement (`--hash=sha256:…`) follow it.
    let line = line.split(" --").next().unwrap_or(line).trim();
    let Some(specifier) = Specifier::parse(line) else {
        return Some(false);
    };
    if found.pins.len() + found.open.len() >= MAX_KEPT {
        found.cut = true;
        return Some(false);
    }
    let referred = reference(specifier.versions);
    let exact = match split_clause(specifier.versions) {
        Some(("==" | "===", version)) => {
            let plain = version.bytes().all(|b| {
                b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'!' | b'-' | b'_')
            });
            (plain && !version.is_empty()).then_some(version)
        }
        _ => referred.as_ref().map(|(version, _)| *version),
    };
    let Some(version) = exact else {
        found.open.push(specifier.name.to_owned());
        return Some(false);
    };
    let mut package = Package::new(PackageKind::Pypi, specifier.name, version);
    if !specifier.marker.is_empty() {
        let marker = specifier.marker.to_owned();
        package.properties.insert("marker".to_owned(), marker);
    }
    if let Some((_, origin)) = referred {
        origin.set(&mut package);
    }
    let mut pin = Pin {
        package,
        via: Vec::new(),
        direct: None,
    };
    pin.note(comment.as_bytes());
    found.pins.push(pin);
    Some(true)
}

impl Pin {
    /// Takes one line of notes: `via NAME`, `via -r FILE`, and further ones below a bare `via`.
    fn note(&mut self, comment: &[u8]) {
        let comment = text(comment);
        let (via, rest) = match comment.strip_prefix("via") {
            Some(rest) if rest.is_empty() || rest.starts_with(' ') => (true, rest.trim()),
            _ => (false, comment.as_str()),
        };
        if via {
            self.direct = Some(self.direct.unwrap_or(false));
        }
        // Anything but such a note is a person's comment.
        if self.direct.is_none() || rest.is_empty() {
            return;
        }
        for asker in rest.split(',').map(str::trim) {
            let file = asker.starts_with("-r ") || asker.starts_with("-c ");
            if file || asker.contains('(') {
                // `-c` names a file of constraints, which asks for nothing.
                if !asker.starts_with("-c ") {
                    self.direct = Some(true);
                }
            } else if super::super::name::is_name(asker) {
                self.via.push(asker.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_files_are_read() {
        let found = parse_requirements(
            b"\xef\xbb\xbf# made by hand\r\n-r other.txt\n--index-url https://x\nDjango==4.2 # loved\ncertifi==2024.2.2 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via requests\nidna[x]==3.6 ; python_version >= \"3\"\n    # via\n    #   -r requirements.in\n    #   requests\nflask>=2\nx==1.*\ny == 1.0, <2\nz===2004d\nsix @ https://h/six.whl\n-e git+https://h/r#egg=e\n./local\nfree text here\nlast==1 \\",
        );
        let pins: Vec<String> = found
            .pins
            .iter()
            .map(|pin| {
                let Package { name, version, .. } = &pin.package;
                format!("{name} {version} {} {:?}", pin.via.join(","), pin.direct)
            })
            .collect();
        assert_eq!(
            pins,
            [
                "Django 4.2  None",
                "certifi 2024.2.2 requests Some(false)",
                "idna 3.6 requests Some(true)",
                "z 2004d  None",
                "last 1  None",
            ]
        );
        assert_eq!(found.open, ["flask", "x", "y", "six"]);
    }
}
