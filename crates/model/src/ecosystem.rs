//! The table of package kinds: what each is called, how its versions are ordered, its purl type.

use serde::{Deserialize, Serialize};

use crate::version::Scheme;

/// Is a kind of package. One row of [`TABLE`] each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PackageKind {
    /// Alpine, Wolfi and Chainguard packages.
    Apk,
    /// Debian and Ubuntu packages.
    Deb,
    /// Packages of the Red Hat, SUSE, Amazon and Fedora families.
    Rpm,
}

/// Is what is known of a kind of package.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The kind.
    pub kind: PackageKind,
    /// The name in reports and the purl type (purl specification, "purl types").
    pub name: &'static str,
    /// How its versions are ordered.
    pub scheme: Scheme,
    /// Whether the operating system's package manager installs it.
    pub os: bool,
}

/// All kinds, by name.
pub static TABLE: &[Row] = &[
    Row {
        kind: PackageKind::Apk,
        name: "apk",
        scheme: Scheme::Apk,
        os: true,
    },
    Row {
        kind: PackageKind::Deb,
        name: "deb",
        scheme: Scheme::Deb,
        os: true,
    },
    Row {
        kind: PackageKind::Rpm,
        name: "rpm",
        scheme: Scheme::Rpm,
        os: true,
    },
];

impl PackageKind {
    /// Returns the kind's row.
    pub fn row(self) -> &'static Row {
        TABLE
            .iter()
            .find(|row| row.kind == self)
            .unwrap_or(&FALLBACK)
    }

    /// Returns the kind's name (`deb`), which is its purl type too.
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// Returns how its versions are ordered.
    pub fn scheme(self) -> Scheme {
        self.row().scheme
    }
}

/// Never reached: a test holds that every kind has its row.
static FALLBACK: Row = Row {
    kind: PackageKind::Deb,
    name: "deb",
    scheme: Scheme::Deb,
    os: true,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_unique_and_complete() {
        assert!(TABLE.windows(2).all(|pair| pair[0].name < pair[1].name));
        for kind in [PackageKind::Apk, PackageKind::Deb, PackageKind::Rpm] {
            assert_eq!(kind.row().kind, kind);
        }
    }
}
