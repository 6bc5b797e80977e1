//! The Nix store: every path `/nix/store/HASH-NAME-VERSION` is one package.
//!
//! Packages are known by the names of their files alone: nothing is read. Most paths hold a file in
//! their upper levels, so only those (and what outputs of documentation hold deeper) count.

use std::collections::BTreeMap;

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;

use super::kit::property;
use super::purl::purl;

const STORE: &[u8] = b"nix/store/";

/// The length of a path's hash in Nix's base 32.
const HASH_BYTES: usize = 32;

/// The most folders between a store path and a file that counts.
const UPPER_LEVELS: usize = 3;

/// The same for what commonly lies deeper: fonts, modules of Perl, manual pages.
const LOWER_LEVELS: usize = 6;

/// The names of outputs that end a store path's name (Nixpkgs manual, "Multiple-output packages").
const OUTPUTS: &[&str] = &[
    "bin", "data", "debug", "dev", "dist", "doc", "devdoc", "info", "lib", "man", "out", "static",
];

/// The key of the fact that a store path is there.
const STORE_NOTE: &str = "store";

/// Catalogs the paths of the Nix store.
pub struct Nix;

impl Analyzer for Nix {
    fn name(&self) -> &'static str {
        "language/nix"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: "Nix",
            reads: &[(
                "nix/store/HASH-NAME-VERSION/**",
                "packages with version and output, from the names of their paths",
            )],
            not_read: &[
                "Store paths without a version (configuration, wrappers, sources): their name says not what \
                 they are.",
                "Store paths that hold only links, or files only deep below: they state no file that counts.",
                "Nix's database and derivations (*.drv): who needs whom is not told by the paths.",
            ],
            certainty: "Name and version are parted as Nix does it, at the first dash that no letter follows; \
                        the hash is certain.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        let Some(rest) = entry.path.strip_prefix(STORE) else {
            return Want::Nothing;
        };
        if entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        let levels = memchr::memchr_iter(b'/', rest).count();
        let deep = [
            &b".pm"[..],
            b".ttf",
            b".otf",
            b".gz",
            b".md",
            b".html",
            b".mo",
            b".debug",
        ]
        .iter()
        .any(|ending| rest.ends_with(ending));
        let most = if deep { LOWER_LEVELS } else { UPPER_LEVELS };
        if (1..=most).contains(&levels) {
            // The name says all.
            return Want::Whole { limit: 0 };
        }
        Want::Nothing
    }

    fn read(&self, entry: &Entry<'_>, _content: Content<'_>, facts: &mut Vec<Fact>) {
        if store_path(entry.path).and_then(parts).is_some() {
            // The path that comes with every fact is all that is needed.
            facts.push(Fact::Note {
                key: STORE_NOTE.to_owned(),
                value: String::new(),
            });
        }
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let mut paths: BTreeMap<&[u8], usize> = BTreeMap::new();
        for located in view.facts {
            if let Some(path) = store_path(located.path.as_bytes()) {
                let first = paths.entry(path).or_insert(located.introduced);
                *first = located.introduced.min(*first);
            }
        }
        for (path, introduced) in paths {
            let Some(store) = parts(path) else {
                continue;
            };
            let mut package = Package::new(PackageKind::Nix, store.name, store.version);
            property(&mut package, "output", store.output);
            property(&mut package, "outputhash", store.hash);
            let text = String::from_utf8_lossy(path);
            package.locations = vec![format!("/{text}")];
            package.purl = purl(&package, view.distro);
            out.packages.push((package, introduced));
        }
    }
}

/// Returns the part of a path that names a path of the store.
fn store_path(path: &[u8]) -> Option<&[u8]> {
    let rest = path.strip_prefix(STORE)?;
    let end = rest.iter().position(|byte| *byte == b'/')?;
    path.get(..STORE.len() + end)
}

/// Is a store path's name in its parts.
#[derive(Debug, PartialEq)]
struct Parts<'a> {
    hash: &'a str,
    name: &'a str,
    version: &'a str,
    output: &'a str,
}

/// Parts `HASH-NAME-VERSION-OUTPUT`. The version begins after the first dash that no letter follows
/// (Nix manual, `builtins.parseDrvName`). `None` where there is no version.
fn parts(path: &[u8]) -> Option<Parts<'_>> {
    let full = std::str::from_utf8(path.strip_prefix(STORE)?).ok()?;
    let (hash, full) = full.split_at_checked(HASH_BYTES)?;
    let full = full.strip_prefix('-')?;
    // Nix allows no other signs in names (Nix manual, "Store path").
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-._?=".contains(c);
    if !hash.bytes().all(|byte| byte.is_ascii_alphanumeric()) || !full.chars().all(plain) {
        return None;
    }
    let (name, rest) = full.match_indices('-').find_map(|(at, _)| {
        let rest = full.get(at + 1..)?;
        let digit = rest.starts_with(|c: char| c.is_ascii_digit());
        digit.then_some((full.get(..at)?, rest))
    })?;
    let (version, output) = match rest.rsplit_once('-') {
        Some((version, output)) if OUTPUTS.contains(&output) => (version, output),
        _ => (rest, ""),
    };
    let source = [
        ".drv", ".patch", ".tar.gz", ".tar.xz", ".tar.bz2", ".zip", ".sh",
    ];
    if name.is_empty() || source.iter().any(|ending| rest.ends_with(ending)) {
        return None;
    }
    Some(Parts {
        hash,
        name,
        version,
        output,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_paths_are_parted_as_nix_does() {
        let hash = "0c5qzxhbjgrb6z6xg7xmvgx5d7cmy1xb";
        for (name, want) in [
            ("glibc-2.37-8", Some(("glibc", "2.37-8", ""))),
            ("openssl-3.0.10-bin", Some(("openssl", "3.0.10", "bin"))),
            (
                "python3.11-requests-2.31.0",
                Some(("python3.11-requests", "2.31.0", "")),
            ),
            (
                "perl5.36.0-JSON-4.10",
                Some(("perl5.36.0-JSON", "4.10", "")),
            ),
            ("system-path", None),
            ("hello-2.12.drv", None),
            ("a b-1", None),
        ] {
            let path = format!("nix/store/{hash}-{name}");
            let got = parts(path.as_bytes()).map(|parts| (parts.name, parts.version, parts.output));
            assert_eq!(got, want, "{name}");
        }
        assert_eq!(parts(b"nix/store/short"), None);
        assert_eq!(store_path(b"nix/store/file"), None);
    }
}
