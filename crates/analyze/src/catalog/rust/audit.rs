//! The section `.dep-v0` that cargo auditable writes into a program: JSON under zlib
//! (cargo-auditable, `PARSING.md` and its JSON schema).

use std::io::Read as _;

use flate2::read::ZlibDecoder;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement};
use serde::Deserialize;

use super::super::budget::Budget;
use super::super::damage::{Damage, text};
use super::super::requirement::MAX_REQUIREMENTS;

/// The section's name in ELF, PE, Mach-O and WebAssembly.
pub(super) const SECTION: &[u8] = b".dep-v0";

/// The most of the list that is unpacked, in bytes. A program of a thousand crates has some 150 KiB.
const MAX_JSON_BYTES: u64 = 8 * 1024 * 1024;

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    packages: Vec<Crate>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    version: String,
    /// `crates.io`, `git`, `local`, `registry`; others may be added.
    #[serde(default)]
    source: String,
    /// `build` or `runtime`.
    #[serde(default)]
    kind: String,
    /// Indices into the list.
    #[serde(default)]
    dependencies: Vec<usize>,
    #[serde(default)]
    root: bool,
}

/// Reads a section: the crates with what they depend on.
pub(super) fn packages(section: &[u8], damage: &mut Damage) -> Vec<Package> {
    let mut json = Vec::new();
    let mut decoder = ZlibDecoder::new(section).take(MAX_JSON_BYTES + 1);
    if let Err(error) = decoder.read_to_end(&mut json) {
        damage.note(|| format!("the list of crates cannot be unpacked: {error}"));
        return Vec::new();
    }
    if json.len() as u64 > MAX_JSON_BYTES {
        damage.limit(|| format!("the list of crates is larger than {MAX_JSON_BYTES} bytes"));
        return Vec::new();
    }
    let list: List = match serde_json::from_slice(&json) {
        Ok(list) => list,
        Err(error) => {
            damage.note(|| format!("the list of crates is no such list: {error}"));
            return Vec::new();
        }
    };
    let named: Vec<(String, String)> = list
        .packages
        .iter()
        .map(|one| (text(one.name.as_bytes()), text(one.version.as_bytes())))
        .collect();
    let mut budget = Budget::default();
    let mut all = Vec::new();
    for (one, (name, version)) in list.packages.iter().zip(&named) {
        if name.is_empty() {
            damage.note(|| "a crate of the list has no name".to_owned());
            continue;
        }
        let mut package = Package::new(PackageKind::Cargo, name.as_str(), version.as_str());
        package.requested = Some(one.root);
        let found = one.dependencies.iter().take(MAX_REQUIREMENTS);
        let found = found.filter_map(|at| named.get(*at));
        package.requires = found
            .map(|(name, version)| {
                vec![Requirement {
                    name: name.clone(),
                    constraint: version.clone(),
                }]
            })
            .collect();
        let properties = &mut package.properties;
        if one.kind == "build" {
            properties.insert("scope".to_owned(), "build".to_owned());
        }
        let source = text(one.source.as_bytes());
        if !source.is_empty() {
            properties.insert("source".to_owned(), source);
        }
        if budget.admit(&mut package, damage) {
            all.push(package);
        }
    }
    all
}

/// Says whether a file is a WebAssembly module.
pub(super) fn is_wasm(head: &[u8]) -> bool {
    head.starts_with(b"\0asm\x01\0\0\0")
}

/// Returns the content of the custom section (WebAssembly Core Specification 2.0, section 5.5).
pub(super) fn wasm_section(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.get(8..)?;
    // Each round takes at least two bytes, so that it ends with the file.
    loop {
        let (id, after) = rest.split_first()?;
        let (size, after) = leb128(after)?;
        let (content, next) = after.split_at_checked(size)?;
        if *id == 0
            && let Some((length, name)) = leb128(content)
            && let Some((name, content)) = name.split_at_checked(length)
            && name == SECTION
        {
            return Some(content);
        }
        rest = next;
    }
}

fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u32;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= u32::from(byte & 0x7f).checked_shl(7 * u32::try_from(index).ok()?)?;
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, bytes.get(index + 1..)?));
        }
    }
    None
}
