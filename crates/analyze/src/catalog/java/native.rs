//! Reading the bill of materials that `GraalVM`'s native-image embeds: `CycloneDX` as JSON,
//! compressed by gzip, at the symbol `sbom`, its length at the symbol `sbom_length` (`GraalVM`,
//! "Software Bill of Materials in Native Image").

use std::io::Read as _;

use flate2::read::GzDecoder;
use object::{Object, ObjectSection, ObjectSymbol};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;
use serde::Deserialize;

use crate::catalog::damage::{Damage, text};

/// The largest bill of materials, inflated, in bytes.
const MAX_INFLATED: u64 = 64 << 20;

/// The most objects in a bill of materials. Those of large programs hold some thousands.
const MAX_OBJECTS: usize = 500_000;

/// The symbols beyond which no more are looked at.
const MAX_SYMBOLS: usize = 2_000_000;

#[derive(Deserialize)]
struct Bom {
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(default)]
    group: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    purl: String,
}

/// Reads the components; `None` for a program that embeds no bill of materials.
pub(super) fn parse(bytes: &[u8], damage: &mut Damage) -> Option<Vec<Package>> {
    let file = object::File::parse(bytes).ok()?;
    // Most programs have no such name among their symbols' names, which one search tells.
    let named = [".dynstr", ".strtab"].iter().any(|name| {
        let section = file.section_by_name(name);
        let data = section.and_then(|section| section.data().ok());
        data.is_some_and(|data| memchr::memmem::find(data, b"\0sbom_length\0").is_some())
    });
    if !named {
        return None;
    }
    let (mut start, mut length) = (None, None);
    let symbols = file.dynamic_symbols().chain(file.symbols());
    for symbol in symbols
        .take(MAX_SYMBOLS)
        .filter(ObjectSymbol::is_definition)
    {
        match symbol.name_bytes() {
            Ok(b"sbom") => start = start.or(Some(symbol.address())),
            Ok(b"sbom_length") => length = length.or(Some(symbol.address())),
            _ => {}
        }
    }
    let at = |address: u64, size: u64| {
        file.sections().find_map(|section| {
            let data = section.data_range(address, size).ok()??;
            (data.len() as u64 == size).then_some(data)
        })
    };
    let found = (|| {
        let size = at(length?, 8)?;
        let size = u64::from_le_bytes(*size.first_chunk()?);
        at(start?, size)
    })();
    let Some(compressed) = found else {
        damage.note(|| "the embedded bill of materials lies outside of the program".to_owned());
        return None;
    };
    let packages = components(compressed);
    if packages.is_none() {
        damage.note(|| "the embedded bill of materials cannot be read".to_owned());
    }
    packages
}

/// Reads the components of a bill of materials that is compressed by gzip.
fn components(compressed: &[u8]) -> Option<Vec<Package>> {
    let mut json = Vec::new();
    let mut reader = GzDecoder::new(compressed).take(MAX_INFLATED);
    reader.read_to_end(&mut json).ok()?;
    // Bounds the memory before it is used: an empty component takes two bytes.
    if memchr::memchr_iter(b'{', &json).count() > MAX_OBJECTS {
        return None;
    }
    let bom: Bom = serde_json::from_slice(&json).ok()?;
    let found = bom.components.into_iter().filter_map(|component| {
        let mut name = text(component.name.as_bytes());
        let group = text(component.group.as_bytes());
        if name.is_empty() {
            return None;
        }
        // Components of the runtime itself have other types.
        let maven = component.purl.is_empty() || component.purl.starts_with("pkg:maven/");
        let kind = if maven {
            PackageKind::Maven
        } else {
            PackageKind::Binary
        };
        if maven && !group.is_empty() {
            name = format!("{group}:{name}");
        }
        let mut package = Package::new(kind, name, text(component.version.as_bytes()));
        let properties = &mut package.properties;
        properties.insert("evidence".to_owned(), "native-image sbom".to_owned());
        Some(package)
    });
    let mut all: Vec<Package> = found.collect();
    all.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Some(all)
}
