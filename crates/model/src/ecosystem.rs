//! The table of package kinds: what each is called, how its versions are ordered, its purl type.

use serde::{Deserialize, Serialize};

use crate::version::Scheme;

/// Is a kind of package. One row of [`TABLE`] each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PackageKind {
    /// Alpine, Wolfi and Chainguard packages.
    Apk,
    /// A program that no package manager installed, known by its own bytes.
    Binary,
    /// Components of Bitnami's images.
    Bitnami,
    /// Homebrew formulae and casks.
    Brew,
    /// Rust crates.
    Cargo,
    /// PHP packages of Composer.
    Composer,
    /// Conda packages.
    Conda,
    /// Perl distributions.
    Cpan,
    /// R packages.
    Cran,
    /// Debian and Ubuntu packages.
    Deb,
    /// Ruby gems.
    Gem,
    /// Go modules, and Go's standard library as `stdlib`.
    Golang,
    /// Haskell packages.
    Hackage,
    /// Elixir and Erlang packages of Hex.
    Hex,
    /// Julia packages.
    Julia,
    /// Linux kernels.
    LinuxKernel,
    /// Linux kernel modules.
    LinuxModule,
    /// Lua rocks.
    Luarocks,
    /// Java packages; the name is `group:artifact`, or the artifact alone where the group is unknown.
    Maven,
    /// Machine-learning models.
    Model,
    /// Derivations of the Nix store.
    Nix,
    /// JavaScript packages; the name holds the scope (`@babel/core`).
    Npm,
    /// .NET packages.
    Nuget,
    /// Applications of Erlang/OTP.
    Otp,
    /// PHP packages of PEAR.
    Pear,
    /// PHP extensions of PECL.
    Pecl,
    /// Dart packages.
    Pub,
    /// Python packages.
    Pypi,
    /// Packages of the Red Hat, SUSE, Amazon and Fedora families.
    Rpm,
    /// Swift packages; the name is the repository's path (`github.com/apple/swift-nio`).
    Swift,
    /// Plugins and themes of `WordPress`.
    Wordpress,
}

/// Is what is known of a kind of package.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The kind.
    pub kind: PackageKind,
    /// The name in reports.
    pub name: &'static str,
    /// The purl type (purl specification, "purl types").
    pub purl: &'static str,
    /// How its versions are ordered; `None` where no order is known.
    pub scheme: Option<Scheme>,
    /// Whether the operating system's package manager installs it.
    pub os: bool,
}

/// Writes a row of a kind that languages and others bring.
const fn row(kind: PackageKind, name: &'static str, scheme: Option<Scheme>) -> Row {
    Row {
        kind,
        name,
        purl: name,
        scheme,
        os: false,
    }
}

/// Writes a row of a kind that the operating system's package manager installs.
const fn os(kind: PackageKind, name: &'static str, scheme: Scheme) -> Row {
    Row {
        kind,
        name,
        purl: name,
        scheme: Some(scheme),
        os: true,
    }
}

/// Writes a row of a kind that has no purl type of its own.
const fn generic(kind: PackageKind, name: &'static str, scheme: Option<Scheme>) -> Row {
    Row {
        kind,
        name,
        purl: "generic",
        scheme,
        os: false,
    }
}

/// All kinds, by name.
pub static TABLE: &[Row] = &[
    os(PackageKind::Apk, "apk", Scheme::Apk),
    generic(PackageKind::Binary, "binary", Some(Scheme::Generic)),
    row(PackageKind::Bitnami, "bitnami", Some(Scheme::Bitnami)),
    row(PackageKind::Brew, "brew", Some(Scheme::Generic)),
    row(PackageKind::Cargo, "cargo", Some(Scheme::Cargo)),
    row(PackageKind::Composer, "composer", Some(Scheme::Composer)),
    row(PackageKind::Conda, "conda", Some(Scheme::Conda)),
    row(PackageKind::Cpan, "cpan", Some(Scheme::Cpan)),
    row(PackageKind::Cran, "cran", Some(Scheme::Cran)),
    os(PackageKind::Deb, "deb", Scheme::Deb),
    row(PackageKind::Gem, "gem", Some(Scheme::Gem)),
    row(PackageKind::Golang, "golang", Some(Scheme::Go)),
    row(PackageKind::Hackage, "hackage", Some(Scheme::Hackage)),
    row(PackageKind::Hex, "hex", Some(Scheme::Hex)),
    row(PackageKind::Julia, "julia", Some(Scheme::Julia)),
    generic(
        PackageKind::LinuxKernel,
        "linux-kernel",
        Some(Scheme::Generic),
    ),
    generic(PackageKind::LinuxModule, "linux-kernel-module", None),
    row(PackageKind::Luarocks, "luarocks", Some(Scheme::Luarocks)),
    row(PackageKind::Maven, "maven", Some(Scheme::Maven)),
    generic(PackageKind::Model, "model", None),
    row(PackageKind::Nix, "nix", Some(Scheme::Nix)),
    row(PackageKind::Npm, "npm", Some(Scheme::Npm)),
    row(PackageKind::Nuget, "nuget", Some(Scheme::Nuget)),
    row(PackageKind::Otp, "otp", Some(Scheme::Otp)),
    row(PackageKind::Pear, "pear", Some(Scheme::Pear)),
    row(PackageKind::Pecl, "pecl", Some(Scheme::Pear)),
    row(PackageKind::Pub, "pub", Some(Scheme::Pub)),
    row(PackageKind::Pypi, "pypi", Some(Scheme::Pypi)),
    os(PackageKind::Rpm, "rpm", Scheme::Rpm),
    row(PackageKind::Swift, "swift", Some(Scheme::Swift)),
    row(PackageKind::Wordpress, "wordpress", Some(Scheme::Pear)),
];

impl PackageKind {
    /// Returns the kind's row.
    pub fn row(self) -> &'static Row {
        TABLE
            .iter()
            .find(|row| row.kind == self)
            .unwrap_or(&FALLBACK)
    }

    /// Returns the kind's name in reports (`deb`).
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// Returns the kind's purl type.
    pub fn purl_type(self) -> &'static str {
        self.row().purl
    }

    /// Finds a kind by its name in reports.
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.kind)
    }

    /// Returns how its versions are ordered, where an order is known.
    pub fn scheme(self) -> Option<Scheme> {
        self.row().scheme
    }

    /// Says whether the operating system's package manager installs it.
    pub fn is_os(self) -> bool {
        self.row().os
    }
}

/// Never reached: a test holds that every kind has its row.
static FALLBACK: Row = generic(PackageKind::Binary, "binary", Some(Scheme::Generic));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_complete() {
        assert!(TABLE.windows(2).all(|pair| pair[0].name < pair[1].name));
        // The kinds are declared in the table's order, so the last one tells how many there are.
        assert_eq!(TABLE.len(), PackageKind::Wordpress as usize + 1);
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.kind as usize, index, "{}", row.name);
            assert_eq!(PackageKind::from_name(row.name), Some(row.kind));
        }
    }
}
