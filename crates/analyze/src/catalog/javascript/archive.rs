//! Archives of yarn's cache, which Plug'n'Play runs packages from: each a zip that holds one package
//! at `node_modules/NAME`.

use std::borrow::Cow;

use plimsoll_model::analyzer::Fact;
use plimsoll_model::issue::IssueKind;
use plimsoll_model::text::escape_bytes;

use super::super::damage::Damage;
use super::super::zip::{self, Budget, Refusal};
use super::installed::package;
use super::manifest::parse;
use super::place::{Place, folder_name, place};

/// The folders that hold such archives: of a project, and of a user for all projects.
const FOLDERS: [&[u8]; 2] = [b".yarn/cache", b".yarn/berry/cache"];

/// The most of one `package.json` that is inflated, in bytes.
const MANIFEST_LIMIT: u64 = 8 << 20;

/// The most entries of one archive. The largest packages hold some 20,000 files.
const MAX_ENTRIES: usize = 200_000;

/// Says whether a path is that of an archive in yarn's cache.
pub(super) fn is_cached(path: &[u8]) -> bool {
    path.ends_with(b".zip") && cache(path).is_some()
}

/// Returns the folder that an archive of yarn's cache lies in.
pub(super) fn cache(path: &[u8]) -> Option<&[u8]> {
    let folder = plimsoll_model::path::parent(path);
    FOLDERS
        .iter()
        .any(|name| {
            folder
                .strip_suffix(*name)
                .is_some_and(|before| matches!(before.last(), None | Some(b'/')))
        })
        .then_some(folder)
}

/// Reads the package that an archive holds.
pub(super) fn read(path: &[u8], bytes: &[u8], damage: &mut Damage, facts: &mut Vec<Fact>) {
    match find(bytes) {
        Ok(Some((name, manifest))) => {
            let manifest = parse(&manifest);
            let why = manifest.damage.clone();
            let folder = String::from_utf8_lossy(folder_name(
                name.strip_suffix(b"/package.json").unwrap_or(name),
            ))
            .into_owned();
            let first = facts.len();
            if !package(manifest, Some(&folder), facts)
                && let Some(why) = why
            {
                damage.note(|| format!("no package.json: {why}"));
            }
            for fact in facts.iter_mut().skip(first) {
                if let Fact::Package(package) = fact {
                    let path = format!("/{}", escape_bytes(path));
                    package.locations = vec![zip::inside(&path, name)];
                }
            }
        }
        Ok(None) => {}
        Err(why) if why.kind() == IssueKind::DamagedMetadata => damage.note(|| why.to_string()),
        Err(why) => damage.limit(|| why.to_string()),
    }
}

/// Is the name and the content of a file in an archive.
type Root<'a> = (&'a [u8], Cow<'a, [u8]>);

/// Returns the name and the content of the `package.json` of the package that an archive holds.
fn find(bytes: &[u8]) -> Result<Option<Root<'_>>, Refusal> {
    let budget = Budget::new(MAX_ENTRIES, MANIFEST_LIMIT, 0);
    let archive = zip::open(bytes, &budget)?;
    let root = archive.entries.iter().find(|entry| {
        // Right below, not in a package that this one bundles.
        place(entry.name) == Some(Place::Module)
            && memchr::memmem::rfind(entry.name, b"node_modules/") == Some(0)
    });
    match (root, archive.problem) {
        (Some(entry), _) => Ok(Some((entry.name, entry.data(MANIFEST_LIMIT, &budget)?))),
        (None, Some(problem)) => Err(problem),
        (None, None) => Ok(None),
    }
}
