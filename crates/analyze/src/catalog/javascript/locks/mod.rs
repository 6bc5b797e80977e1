//! Lock files: what is to be installed.
//!
//! Each format is read by a module of its own into a [`Lock`]: packages and projects with what each
//! of them leads to, found as the format's own tool finds it. [`assemble`] joins what stands in
//! other files: `yarn.lock` and the first form of `package-lock.json` leave it to `package.json` who
//! asked.

mod assemble;
mod bun;
mod lock;
mod npm;
mod pnpm;
mod yarn;

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Evidence, Fact, View, Want,
};

use super::manifest::{self, Manifest};
use super::place::is_outside;
use crate::catalog::damage::text;
use crate::catalog::kit::{Found, MIB};

/// The most of one lock file that is read. Those of the largest repositories have some 10 MiB.
const LOCK_LIMIT: u64 = 64 * MIB;

/// The most of one `package.json` that is read.
const MANIFEST_LIMIT: u64 = 8 * MIB;

/// The key of the note of a `package.json` that lists who asks for what: per line `r` (to run) or
/// `d` (for developers), the name and the range, parted by tabs.
const ASKS_NOTE: &str = "asks";

/// The key of the note that a `package.json` names workspaces.
const WORKSPACES_NOTE: &str = "workspaces";

/// The key of the note that a lock file of bun's binary form lies there.
const BINARY_NOTE: &str = "binary";

/// Catalogs the packages that lock files of npm, yarn, pnpm and bun list.
pub struct Locks;

/// Is the format of a file, told by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Npm,
    Yarn,
    Pnpm,
    Bun,
    BunBinary,
    Manifest,
}

fn format(path: &[u8]) -> Option<Format> {
    // The last bytes tell most files apart before the path is looked through.
    let format = match path.last()? {
        b'n' if path.ends_with(b"package-lock.json") || path.ends_with(b"npm-shrinkwrap.json") => {
            Format::Npm
        }
        b'n' if path.ends_with(b"package.json") => Format::Manifest,
        b'l' if path.ends_with(b"pnpm-lock.yaml") => Format::Pnpm,
        b'k' if path.ends_with(b"yarn.lock") => Format::Yarn,
        b'k' if path.ends_with(b"bun.lock") => Format::Bun,
        b'b' if path.ends_with(b"bun.lockb") => Format::BunBinary,
        _ => return None,
    };
    let name: &[u8] = match (format, plimsoll_model::path::file_name(path)) {
        (Format::Npm, name @ (b"package-lock.json" | b"npm-shrinkwrap.json")) => name,
        (Format::Npm, _) => return None,
        (Format::Yarn, _) => b"yarn.lock",
        (Format::Pnpm, _) => b"pnpm-lock.yaml",
        (Format::Bun, _) => b"bun.lock",
        (Format::BunBinary, _) => b"bun.lockb",
        (Format::Manifest, _) => b"package.json",
    };
    (plimsoll_model::path::file_name(path) == name && is_outside(path)).then_some(format)
}

impl Analyzer for Locks {
    fn name(&self) -> &'static str {
        "language/javascript-locks"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: "JavaScript (npm, pnpm, yarn, bun)",
            reads: &[
                (
                    "package-lock.json, npm-shrinkwrap.json (versions 1 to 3)",
                    "packages with their place of origin, digest, licence (versions 2 and 3), dependencies as Node finds them, and the properties dev, optional, dev_optional, peer and bundled",
                ),
                (
                    "yarn.lock (version 1, and that of yarn 2 and later)",
                    "packages with their digest and dependencies; who asked for them stands in package.json beside it and in its workspaces",
                ),
                (
                    "pnpm-lock.yaml (versions 5, 6 and 9)",
                    "packages with their digest and dependencies, peers included",
                ),
                (
                    "bun.lock",
                    "packages with their digest and dependencies as Node finds them",
                ),
            ],
            not_read: &[
                "bun.lockb: it is binary and its form changes between versions; `bun install --save-text-lockfile` writes bun.lock.",
                "package.json alone: ranges are no versions.",
                "Lock files in node_modules and in folders of fixtures: they are not this project's.",
                "Peers in yarn.lock: it does not say which package fulfils them.",
                "Workspaces and linked folders: they are the project itself.",
            ],
            certainty: "Certain, but for all platforms: less is installed than a lock file lists. Nothing \
                        says whether the lock file is the one that was used.",
        }
    }

    fn evidence(&self) -> Evidence {
        Evidence::Declared
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        match format(entry.path) {
            None => Want::Nothing,
            Some(Format::Manifest) => Want::Whole {
                limit: MANIFEST_LIMIT,
            },
            // Only that it lies there counts.
            Some(Format::BunBinary) => Want::Whole { limit: 64 },
            Some(_) => Want::Whole { limit: LOCK_LIMIT },
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        let bytes = content.bytes;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match format(entry.path) {
            Some(Format::Manifest) => return asks(&manifest::parse(bytes), facts),
            Some(Format::BunBinary) => {
                return facts.push(Fact::Note {
                    key: BINARY_NOTE.to_owned(),
                    value: String::new(),
                });
            }
            // An empty file is nothing: yarn takes one for a mark of the project's root.
            _ if bytes.trim_ascii().is_empty() => {}
            Some(Format::Npm) => npm::read(bytes, &mut found),
            Some(Format::Yarn) => yarn::read(bytes, &mut found),
            Some(Format::Pnpm) => pnpm::read(bytes, &mut found),
            Some(Format::Bun) => bun::read(bytes, &mut found),
            None => {}
        }
        found.finish(entry, content, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        assemble::assemble(view, out);
    }
}

/// Notes who a project asks for. A damaged `package.json` is reported where packages are installed;
/// here it only makes it unknown who asked.
fn asks(manifest: &Manifest, facts: &mut Vec<Fact>) {
    let mut note = |key: &str, value: String| {
        facts.push(Fact::Note {
            key: key.to_owned(),
            value,
        });
    };
    if manifest.workspaces {
        note(WORKSPACES_NOTE, String::new());
    }
    let mut lines = String::new();
    for (mark, all) in [
        ('r', &manifest.dependencies),
        ('r', &manifest.optional),
        ('r', &manifest.peers),
        ('d', &manifest.development),
    ] {
        for wanted in all {
            if !lines.is_empty() {
                lines.push('\n');
            }
            lines.push(mark);
            for part in [&wanted.name, &wanted.constraint] {
                lines.push('\t');
                lines.push_str(&text(part.as_bytes()));
            }
        }
    }
    if !lines.is_empty() {
        note(ASKS_NOTE, lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> (usize, usize) {
        let entry = Entry {
            path: path.as_bytes(),
            kind: EntryKind::File,
            mode: 0o644,
            uid: 0,
            gid: 0,
            size: text.len() as u64,
            link: b"",
            xattrs: &[],
            head: &[],
        };
        let content = Content {
            bytes: text.as_bytes(),
            truncated: false,
        };
        let mut facts = Vec::new();
        Locks.read(&entry, content, &mut facts);
        let packages = facts.iter().filter(|f| matches!(f, Fact::Package(_)));
        let issues = facts.iter().filter(|f| matches!(f, Fact::Issue(_)));
        (packages.count(), issues.count())
    }

    #[test]
    fn depth_and_breadth_cost_bounded_time() {
        let nested = "{\"dependencies\":{\"a\":".repeat(10_000);
        assert_eq!(read("package-lock.json", &nested).1, 1);
        let lists = format!("{{\"packages\":{{\"a\":{}", "[".repeat(10_000));
        assert_eq!(read("bun.lock", &lists), (0, 1));
        let flow = format!("packages: {}", "[".repeat(10_000));
        assert_eq!(read("pnpm-lock.yaml", &flow), (0, 1));
        let anchors: Vec<String> = (0..5000).map(|i| format!("a{i}: &a{i} 1\n")).collect();
        let anchors = anchors.concat();
        assert_eq!(read("pnpm-lock.yaml", &anchors), (0, 1));
        let documents = "a: 1\n---\n".repeat(1000);
        assert_eq!(read("pnpm-lock.yaml", &documents), (0, 1));
        let keys = vec!["a@1"; 100_000].join(", ");
        let yarn = format!("{keys}:\n  version \"1.0.0\"\n");
        assert_eq!(read("yarn.lock", &yarn), (1, 0));
    }

    #[test]
    fn lock_files_are_told_by_their_names() {
        for (path, want) in [
            ("package-lock.json", Some(Format::Npm)),
            ("a/npm-shrinkwrap.json", Some(Format::Npm)),
            ("a/node_modules/.package-lock.json", None),
            ("a/.package-lock.json", None),
            ("a/my-yarn.lock", None),
            ("a/yarn.lock", Some(Format::Yarn)),
            ("a/node_modules/b/yarn.lock", None),
            ("a/fixtures/pnpm-lock.yaml", None),
            ("pnpm-lock.yaml", Some(Format::Pnpm)),
            ("bun.lock", Some(Format::Bun)),
            ("bun.lockb", Some(Format::BunBinary)),
        ] {
            assert_eq!(format(path.as_bytes()), want, "{path}");
        }
    }
}
