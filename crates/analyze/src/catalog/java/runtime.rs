//! Reading the file `release` in the folder of a Java runtime: lines `NAME="value"` (`OpenJDK`,
//! make/ReleaseFile.gmk).

use std::collections::BTreeMap;

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;

use crate::catalog::damage::text;

/// The lines that become properties.
const PROPERTIES: &[(&str, &str)] = &[
    ("GRAALVM_VERSION", "graalvm_version"),
    ("IMAGE_TYPE", "image_type"),
    ("IMPLEMENTOR", "implementor"),
    ("IMPLEMENTOR_VERSION", "implementor_version"),
    ("JAVA_RUNTIME_VERSION", "runtime_version"),
    ("JVM_VARIANT", "jvm_variant"),
    ("LIBC", "libc"),
    ("SEMANTIC_VERSION", "semantic_version"),
    ("SOURCE", "source"),
];

/// Makes a package of a release file; `None` when it states no version.
pub(super) fn parse(bytes: &[u8]) -> Option<Package> {
    let mut lines: BTreeMap<String, String> = BTreeMap::new();
    for line in bytes.split(|byte| *byte == b'\n').take(100) {
        let Some(at) = memchr::memchr(b'=', line) else {
            continue;
        };
        let (name, value) = line.split_at(at);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let value = value
            .strip_prefix(b"\"")
            .and_then(|value| value.strip_suffix(b"\""))
            .unwrap_or(value);
        lines.insert(text(name), text(value));
    }
    let get = |name: &str| lines.get(name).filter(|value| !value.is_empty());
    let version = get("JAVA_VERSION")?;
    let modules = get("MODULES").map(String::as_str).unwrap_or_default();
    let compiles = modules.split(' ').any(|module| module == "jdk.compiler");
    let runtime_only = match get("IMAGE_TYPE") {
        Some(image) => image == "JRE",
        None => !modules.is_empty() && !compiles,
    };
    let name = if get("GRAALVM_VERSION").is_some() {
        "graalvm"
    } else if runtime_only {
        "jre"
    } else {
        "openjdk"
    };
    let mut package = Package::new(PackageKind::Binary, name, version);
    package.arch = get("OS_ARCH").cloned();
    for (line, property) in PROPERTIES {
        if let Some(value) = get(line) {
            package
                .properties
                .insert((*property).to_owned(), value.clone());
        }
    }
    Some(package)
}
