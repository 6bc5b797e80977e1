//! Reading the package lists that stand in for a database in Azure Linux' distroless images
//! (`/var/lib/rpmmanifest`).

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;

use super::header::source_of;
use super::{Collector, Installed, Parsed};
use crate::catalog::damage::text;

/// Reads `container-manifest-2`: one package per line, fields parted by tabs: name,
/// version-release, install time, build time, vendor, epoch or `(none)`, size, architecture, epoch
/// as a number, source package's file.
pub fn parse_manifest(bytes: &[u8]) -> Parsed {
    lines(bytes, |line| {
        let mut fields = line.split(|byte| *byte == b'\t').map(text);
        let name = fields.next().filter(|name| !name.is_empty())?;
        let version = fields.next().filter(|version| !version.is_empty())?;
        let vendor = fields.nth(2);
        let epoch = fields.next().unwrap_or_default();
        let arch = fields.nth(1);
        let source = fields.nth(1);
        let version = match epoch.parse::<u32>() {
            Ok(epoch) if epoch > 0 => format!("{epoch}:{version}"),
            _ => version,
        };
        let stated = |value: &String| !value.is_empty() && value != "(none)";
        let mut package = Package::new(PackageKind::Rpm, name, version);
        package.arch = arch.filter(stated);
        package.source = source.and_then(|file| source_of(&file));
        if let Some(vendor) = vendor.filter(stated) {
            package.properties.insert("vendor".to_owned(), vendor);
        }
        Some(package)
    })
}

/// Reads `container-manifest-1`: one `name-version-release.architecture` per line. It states no
/// epoch and no source; [`parse_manifest`]'s file is preferred where both are there.
pub fn parse_manifest_names(bytes: &[u8]) -> Parsed {
    lines(bytes, |line| {
        let line = text(line);
        let (rest, arch) = line.rsplit_once('.')?;
        let (rest, release) = rest.rsplit_once('-')?;
        let (name, version) = rest.rsplit_once('-')?;
        if name.is_empty() || version.is_empty() || release.is_empty() {
            return None;
        }
        let version = format!("{version}-{release}");
        let mut package = Package::new(PackageKind::Rpm, name, version);
        package.arch = (!arch.is_empty()).then(|| arch.to_owned());
        Some(package)
    })
}

fn lines(bytes: &[u8], parse: impl Fn(&[u8]) -> Option<Package>) -> Parsed {
    let mut collector = Collector::default();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        match parse(line) {
            Some(package) if package.name == "gpg-pubkey" => {}
            Some(package) => collector.keep(Installed {
                package,
                owned: None,
            }),
            None => collector
                .damage
                .note(|| format!("line {}: names no package", index + 1)),
        }
    }
    collector.finish()
}
