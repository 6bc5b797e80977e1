//! The image's distribution: `os-release` in all its places and the release files of distributions
//! that are older than it.

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, View, Want,
};
use plimsoll_model::distro::Distro;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::path::ImagePath;

mod parse;

pub use parse::{
    parse_alpine_release, parse_debian_version, parse_lsb_release, parse_os_release,
    parse_redhat_release, parse_suse_release,
};

use super::damage::report;

/// The most that is read of a release file, in bytes.
const LIMIT: u64 = 64 * 1024;

/// Recognises the distribution.
///
/// `/etc/os-release` decides where a container finds it, followed through links inside the image;
/// without it `/usr/lib/os-release` does (os-release(5)); only an image with neither is judged by the
/// older files. An `os-release` that is there but says nothing, or a link to a file that is none, is
/// an unknown distribution: a guess from another file would be a claim that the image does not make.
pub struct Release;

type Parser = fn(&[u8]) -> Option<Distro>;

/// Release files of distributions without `os-release`, the most telling first: derivatives carry
/// the files of what they derive from.
const FALLBACKS: &[(&[u8], Parser)] = &[
    (b"etc/almalinux-release", parse_redhat_release),
    (b"etc/rocky-release", parse_redhat_release),
    (b"etc/oracle-release", parse_redhat_release),
    (b"etc/centos-release", parse_redhat_release),
    (b"etc/redhat-release", parse_redhat_release),
    (b"etc/system-release", parse_redhat_release),
    (b"etc/SuSE-release", parse_suse_release),
    (b"etc/alpine-release", parse_alpine_release),
    (b"etc/lsb-release", parse_lsb_release),
    (b"etc/debian_version", parse_debian_version),
];

/// Returns how a file is read, if it is of interest. Called for every file of every layer.
fn parser(path: &[u8]) -> Option<Parser> {
    if let Some(rest) = path.strip_prefix(b"etc/") {
        if rest == b"os-release" {
            return Some(parse_os_release);
        }
        let found = FALLBACKS.iter().find(|(fallback, _)| *fallback == path);
        return found.map(|(_, parser)| *parser);
    }
    // Where the links of Fedora and of NixOS lead.
    let named = path == b"usr/lib/os-release"
        || path.starts_with(b"usr/lib/os.release.d/")
        || (path.ends_with(b"-os-release") && path.starts_with(b"nix/store/"));
    named.then_some(parse_os_release as Parser)
}

impl Analyzer for Release {
    fn name(&self) -> &'static str {
        "os/release"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: "The distribution",
            reads: &[
                (
                    "etc/os-release, usr/lib/os-release",
                    "name, version, code name, what it is like",
                ),
                (
                    "etc/alpine-release, etc/debian_version, etc/redhat-release and others",
                    "the same, where there is no os-release",
                ),
            ],
            not_read: &[],
            certainty: "As sure as the image is honest: the file can be edited, and derived images often keep their base's.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind == EntryKind::File && parser(entry.path).is_some() {
            Want::Whole { limit: LIMIT }
        } else {
            Want::Nothing
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let found = parser(entry.path).and_then(|parse| parse(content.bytes));
        facts.extend(found.map(Fact::Distro));
        report(entry, content, Vec::new(), facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let stated = |path: &ImagePath| {
            view.facts.iter().find_map(|located| match located.fact {
                Fact::Distro(distro) if located.path == path => Some(distro.clone()),
                _ => None,
            })
        };
        for path in [&b"etc/os-release"[..], b"usr/lib/os-release"] {
            let path = ImagePath::from_normalized(path);
            let Some(real) = (view.resolve)(&path) else {
                continue;
            };
            out.distro = stated(&real);
            if out.distro.is_none() {
                let detail = if real == path {
                    "expected os-release with an ID, got none; the distribution is unknown".into()
                } else {
                    format!("leads to {real}, which is no os-release; the distribution is unknown")
                };
                let kind = IssueKind::UnknownDistribution;
                out.issues.push(Issue::new(kind, path.to_text(), detail));
            }
            return;
        }
        out.distro = FALLBACKS.iter().find_map(|(path, _)| {
            let path = ImagePath::from_normalized(*path);
            stated(&path).or_else(|| stated(&(view.resolve)(&path)?))
        });
    }
}
