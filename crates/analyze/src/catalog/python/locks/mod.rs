//! What is asked for in exact versions: requirements files.

mod requirements;

use plimsoll_model::package::Package;

use requirements::parse_requirements;

/// Reads the pins of a list of vendored copies.
pub(super) fn pins(bytes: &[u8]) -> Vec<Package> {
    let pins = parse_requirements(bytes).pins.into_iter();
    pins.map(|pin| pin.package).collect()
}
