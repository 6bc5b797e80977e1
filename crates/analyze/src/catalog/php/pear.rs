//! Reading the records of PEAR's registry: a package's `package.xml`, as an array in PHP's serialized
//! form (PEAR manual, "package.xml").

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement};

use super::serialized::{Value, unserialize};
use crate::catalog::kit::{Found, license, property, requirement};

/// The channel that packages come from unless they say another.
const PEAR: &str = "pear.php.net";
const PECL: &str = "pecl.php.net";

/// Reads one record. `folder` is the channel that the file's folder names, or empty.
pub(super) fn read(bytes: &[u8], folder: &str, found: &mut Found) {
    let record = match unserialize(bytes) {
        Ok(record) => record,
        Err(problem) => return found.damage.note(|| problem),
    };
    let lossy = |keys: &[&str]| String::from_utf8_lossy(record.text(keys)).into_owned();
    // `package` and a plain `version` are of package.xml 1.0.
    let first = |texts: [String; 2]| texts.into_iter().find(|text| !text.is_empty());
    let name = first([lossy(&["name"]), lossy(&["package"])]);
    let version = first([lossy(&["version", "release"]), lossy(&["version"])]);
    let (Some(name), Some(version)) = (name, version) else {
        return found
            .damage
            .note(|| "the record has no name or no version".to_owned());
    };
    let channel = first([lossy(&["channel"]), folder.to_owned()]);
    let channel = channel.unwrap_or_else(|| PEAR.to_owned());
    let extension = [
        "extsrcrelease",
        "extbinrelease",
        "zendextsrcrelease",
        "providesextension",
    ]
    .iter()
    .any(|key| record.get(key).is_some());
    let kind = if extension || channel == PECL {
        PackageKind::Pecl
    } else {
        PackageKind::Pear
    };
    let stated = requirement(&name, &version);
    let mut package = Package::new(kind, stated.name, stated.constraint);
    license(&mut package, &lossy(&["license"]));
    license(&mut package, &lossy(&["license", "_content"]));
    package.requires = dependencies(&record);
    property(&mut package, "channel", &channel);
    property(&mut package, "stability", &lossy(&["stability", "release"]));
    property(&mut package, "extension", &lossy(&["providesextension"]));
    found.push(package);
}

/// Reads `dependencies/required/package`: one package, or a list of them.
fn dependencies(record: &Value<'_>) -> Vec<Vec<Requirement>> {
    let Some(packages) = record
        .get("dependencies")
        .and_then(|value| value.get("required"))
        .and_then(|value| value.get("package"))
    else {
        return Vec::new();
    };
    let one = |value: &Value<'_>| {
        let name = String::from_utf8_lossy(value.text(&["name"])).into_owned();
        let least = String::from_utf8_lossy(value.text(&["min"])).into_owned();
        let bound = match least.as_str() {
            "" => String::new(),
            least => format!(">= {least}"),
        };
        (!name.is_empty()).then(|| vec![requirement(&name, &bound)])
    };
    match packages {
        Value::Array(entries) if packages.get("name").is_none() => {
            entries.iter().filter_map(|(_, value)| one(value)).collect()
        }
        _ => one(packages).into_iter().collect(),
    }
}
