//! The distribution of an image, as its `os-release` states it.

use serde::{Deserialize, Serialize};

/// Is a distribution (os-release(5)).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Distro {
    /// `ID`: `debian`, `alpine`, `almalinux`, `wolfi`; lower case.
    pub id: String,
    /// `ID_LIKE`, split.
    pub id_like: Vec<String>,
    /// `VERSION_ID`: `12`, `3.11.3`, `9.4`; empty for rolling releases and Debian testing.
    pub version_id: String,
    /// `VERSION_CODENAME`: `bookworm`; may be empty.
    pub codename: String,
    /// `PRETTY_NAME`.
    pub pretty_name: String,
    /// `CPE_NAME`, where stated.
    pub cpe: String,
}
