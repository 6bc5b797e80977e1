//! Version orders, one per packaging system. Each is exact: it agrees with the native tool.
//!
//! A version that does not follow its system's grammar is still ordered (the native tools order
//! everything); [`Scheme::is_valid`] says whether the order means anything.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

pub mod apk;
pub mod deb;
pub mod rpm;

/// Is a way to order versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scheme {
    /// apk-tools.
    Apk,
    /// dpkg.
    Deb,
    /// rpm.
    Rpm,
}

impl Scheme {
    /// All schemes, by name.
    pub const ALL: [Self; 3] = [Self::Apk, Self::Deb, Self::Rpm];

    /// Returns the name used by `plimsoll versions`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Deb => "deb",
            Self::Rpm => "rpm",
        }
    }

    /// Finds a scheme by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == name)
    }

    /// Orders two versions.
    pub fn compare(self, a: &str, b: &str) -> Ordering {
        match self {
            Self::Apk => apk::compare(a, b),
            Self::Deb => deb::compare(a, b),
            Self::Rpm => rpm::compare(a, b),
        }
    }

    /// Says whether a version follows the scheme's grammar.
    pub fn is_valid(self, version: &str) -> bool {
        match self {
            Self::Apk => apk::is_valid(version),
            Self::Deb => deb::is_valid(version),
            Self::Rpm => rpm::is_valid(version),
        }
    }
}
