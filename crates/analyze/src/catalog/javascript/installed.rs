//! The analyzer of installed packages.

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, RequestedState, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement};
use plimsoll_model::path::parent;

use super::super::damage::{Damage, report};
use super::super::kit::without_credentials;
use super::manifest::{Manifest, parse};
use super::place::{Place, folder_name, place};
use super::{archive, clean_version, graph, is_name};

const MIB: u64 = 1024 * 1024;

/// The most of one `package.json` that is read. Old versions of npm wrote the whole readme into it.
const MANIFEST_LIMIT: u64 = 8 * MIB;

/// The most of one archive of yarn's cache that is read. That of TypeScript has 12 MB.
const ARCHIVE_LIMIT: u64 = 96 * MIB;

/// The key of the note that names what a package's archive brings along, parted by blanks; `*` for
/// everything that it depends on.
pub(super) const BUNDLES_NOTE: &str = "bundles";

/// The key of the note that a package came in the archive of another one.
pub(super) const IN_BUNDLE_NOTE: &str = "in-bundle";

/// The key of the note why the `package.json` of what may be an application is damaged.
pub(super) const DAMAGE_NOTE: &str = "damaged";

/// Catalogs packages that npm, pnpm, yarn, bun or Debian installed.
pub struct Installed;

impl Analyzer for Installed {
    fn name(&self) -> &'static str {
        "language/javascript"
    }

    fn version(&self) -> u32 {
        2
    }

    fn about(&self) -> About {
        About {
            title: "JavaScript (npm, pnpm, yarn, bun)",
            reads: &[
                (
                    "node_modules/**/package.json at the root of a package, pnpm's, yarn's and bun's stores",
                    "packages with licence, dependencies as Node finds them, and who bundled them",
                ),
                (
                    "usr/share/nodejs, usr/lib/nodejs, usr/lib/*/nodejs: package.json at the root of a package",
                    "packages that Debian installed",
                ),
                (
                    ".yarn/cache/*.zip, .yarn/berry/cache/*.zip",
                    "packages of yarn's Plug'n'Play",
                ),
                (
                    "package.json outside of node_modules",
                    "the application beside its node_modules and what it asks for, linked workspaces, and what lies in a folder of its name and version (yarn, corepack)",
                ),
            ],
            not_read: &[
                "package.json deeper inside a package, in folders of tests and in fixtures: these are no packages.",
                "Extensions of editors: they are no packages of npm; their node_modules are read.",
                "Bundled code (webpack, esbuild, asar archives of Electron): nothing in it names packages.",
                "npm's and bun's caches: what lies there is not installed.",
            ],
            certainty: "Certain where a package manager installed it. Name and version are those of \
                        package.json, which nothing keeps from being edited; where the folder has \
                        another name the property alias tells it.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        match entry.path.last() {
            Some(b'n') if place(entry.path).is_some() => Want::Whole {
                limit: MANIFEST_LIMIT,
            },
            Some(b'p') if archive::is_cached(entry.path) => Want::Whole {
                limit: ARCHIVE_LIMIT,
            },
            _ => Want::Nothing,
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut damage = Damage::default();
        if archive::is_cached(entry.path) {
            archive::read(entry.path, content.bytes, &mut damage, facts);
            report(entry, content, damage.finish(), facts);
            return;
        }
        let manifest = parse(content.bytes);
        let whole = Content {
            truncated: false,
            ..content
        };
        match place(entry.path) {
            Some(Place::Module | Place::Debian) => {
                let folder = String::from_utf8_lossy(folder_name(parent(entry.path)));
                let why = manifest.damage.clone();
                let found = package(manifest, Some(&folder), facts);
                match (found, why) {
                    (_, None) => {}
                    (true, Some(why)) => damage.unsupported(|| {
                        format!(
                            "could not be read to its end, its dependencies may be missing: {why}"
                        )
                    }),
                    // What was cut is said below.
                    (false, Some(_)) if content.truncated => {
                        report(entry, content, Vec::new(), facts);
                    }
                    (false, Some(why)) => damage.note(|| format!("no package.json: {why}")),
                }
            }
            Some(Place::Outside) => outside(manifest, facts),
            None => {}
        }
        report(entry, whole, damage.finish(), facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        graph::assemble(view, out);
    }
}

/// Adds the facts of the `package.json` of a package, whose folder in `node_modules` has the given
/// name; says whether there were any.
pub(super) fn package(manifest: Manifest, folder: Option<&str>, facts: &mut Vec<Fact>) -> bool {
    let stated = manifest.name.as_deref().filter(|name| is_name(name));
    let name = stated.or(folder.filter(|name| is_name(name)));
    let version = manifest.version.as_deref().and_then(clean_version);
    // Node loads what has no version all the same. What has no name either is a mark of a folder.
    let unversioned = stated.is_some() && folder.is_some() && manifest.damage.is_none();
    let (Some(name), Some(version)) = (name, version.or(unversioned.then_some(""))) else {
        return false;
    };
    let package = Package::new(PackageKind::Npm, name, version);
    push(package, manifest, facts);
    true
}

/// Adds the facts of a `package.json` outside of `node_modules`. It may have neither name nor
/// version; only what lies beside it shows whether it counts.
fn outside(mut manifest: Manifest, facts: &mut Vec<Fact>) {
    if let Some(why) = manifest.damage.take() {
        facts.push(Fact::Note {
            key: DAMAGE_NOTE.to_owned(),
            value: why,
        });
    }
    let name = manifest.name.as_deref().filter(|name| is_name(name));
    let version = manifest.version.as_deref().and_then(clean_version);
    let known = name.zip(version).filter(|_| !manifest.extension);
    let (name, version) = known.unwrap_or_default();
    let package = Package::new(PackageKind::Npm, name, version);
    let asked = [
        &manifest.dependencies,
        &manifest.optional,
        &manifest.peers,
        &manifest.development,
    ];
    let names: Vec<String> = asked
        .into_iter()
        .flatten()
        .map(|wanted| wanted.name.clone())
        .collect();
    if name.is_empty() && names.is_empty() {
        return;
    }
    push(package, manifest, facts);
    facts.push(Fact::Requested(RequestedState {
        names,
        requested: true,
    }));
}

fn push(mut package: Package, manifest: Manifest, facts: &mut Vec<Fact>) {
    if let Some(stated) = manifest.version.as_deref()
        && package.version.is_empty()
        && !stated.is_empty()
    {
        // No order understands it, and npm would not publish it; what is stated is kept.
        let stated: String = stated.chars().take(256).collect();
        let stated = plimsoll_model::text::escape(&stated).into_owned();
        package
            .properties
            .insert("stated_version".to_owned(), stated);
    }
    // Of a name that stands in several fields the first counts, as npm reads them.
    let mut all: Vec<Requirement> = manifest.optional;
    all.extend(manifest.dependencies);
    all.extend(manifest.peers);
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.dedup_by(|a, b| a.name == b.name);
    package.requires = all.into_iter().map(|wanted| vec![wanted]).collect();
    package.licenses = manifest.licenses;
    for (property, value) in [
        ("author", manifest.author),
        ("homepage", manifest.homepage),
        ("integrity", manifest.integrity),
        ("private", manifest.private.then(|| "true".to_owned())),
        (
            "resolved",
            manifest.resolved.as_deref().map(without_credentials),
        ),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            package.properties.insert(property.to_owned(), value);
        }
    }
    facts.push(Fact::Package(Box::new(package)));
    let bundles = if manifest.bundles.all {
        "*".to_owned()
    } else {
        manifest.bundles.names.join(" ")
    };
    if !bundles.is_empty() {
        facts.push(Fact::Note {
            key: BUNDLES_NOTE.to_owned(),
            value: bundles,
        });
    }
    if manifest.in_bundle {
        facts.push(Fact::Note {
            key: IN_BUNDLE_NOTE.to_owned(),
            value: "true".to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::issue::IssueKind;

    #[test]
    fn a_manifest_of_200_megabytes_is_cut_and_nothing_of_it_is_held() {
        let mut bytes = br#"{"name": "a", "version": "1.0.0", "readme": ""#.to_vec();
        bytes.resize(usize::try_from(MANIFEST_LIMIT).unwrap(), b'x');
        for path in ["node_modules/a/package.json", "app/package.json"] {
            let entry = Entry {
                path: path.as_bytes(),
                kind: EntryKind::File,
                mode: 0o644,
                uid: 0,
                gid: 0,
                size: 200 << 20,
                link: b"",
                xattrs: &[],
                head: &[],
            };
            let limit = MANIFEST_LIMIT;
            assert_eq!(Installed.wants(&entry), Want::Whole { limit });
            let content = Content {
                bytes: &bytes,
                truncated: true,
            };
            let mut facts = Vec::new();
            Installed.read(&entry, content, &mut facts);
            let packages = facts.iter().filter(|f| matches!(f, Fact::Package(_)));
            assert_eq!(packages.count(), 1, "{path}");
            for fact in &facts {
                if let Fact::Issue(issue) = fact {
                    assert_eq!(issue.kind, IssueKind::Unsupported, "{path}");
                }
            }
            assert!(format!("{facts:?}").len() < 4096, "{path}");
        }
    }
}
