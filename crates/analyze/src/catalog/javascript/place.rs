//! Which `package.json` is a package's root, told by its path alone.
//!
//! Packages hold many files of that name which are no packages: `dist/esm/package.json` with
//! nothing but a type, fixtures of tests with made-up names. So inside of `node_modules` only the
//! folder right below counts (below the scope, or below an entry of a store), and a `node_modules`
//! deeper inside of a package only where no folder on the way is one of tests or examples.

/// Is where a `package.json` lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The root of a package: a folder of `node_modules` or of a store.
    Module,
    /// The root of a package that Debian installed, found by every package of Debian's.
    Debian,
    /// Outside of every `node_modules`: an application, a workspace, or anything else.
    Outside,
}

/// The folders of stores inside `node_modules`: pnpm, npm's linked strategy and yarn, bun, Deno,
/// rules of Bazel. Each holds folders that hold a `node_modules` of their own.
fn is_store(part: &[u8]) -> bool {
    matches!(
        part,
        b".pnpm" | b".store" | b".bun" | b".deno" | b".aspect_rules_js"
    )
}

/// Says whether a folder inside of a package holds what is there to be tested or shown, not run.
fn is_test(part: &[u8]) -> bool {
    matches!(
        part,
        b"test"
            | b"tests"
            | b"__tests__"
            | b"spec"
            | b"example"
            | b"examples"
            | b"bench"
            | b"benchmark"
            | b"benchmarks"
            | b"demo"
            | b"demos"
            | b"docs"
            | b"sample"
            | b"samples"
            | b"mocks"
            | b"__mocks__"
    ) || is_fixture(part)
}

/// Says whether a folder holds fixtures, wherever it lies.
fn is_fixture(part: &[u8]) -> bool {
    matches!(
        part,
        b"fixture" | b"fixtures" | b"__fixtures__" | b"testdata" | b"test-fixtures"
    )
}

/// Is the state while a path is read from the left.
#[derive(Clone, Copy)]
enum At {
    Outside,
    /// In a `node_modules`.
    Modules,
    /// In a scope of a `node_modules`.
    Scope,
    /// At the root of a package.
    Package,
    /// Deeper in a package.
    Inside,
    /// In a store.
    Store,
    /// In an entry of a store.
    StoreEntry,
}

/// Tells where a `package.json` lies; `None` for other files and where it says nothing.
pub(super) fn place(path: &[u8]) -> Option<Place> {
    let folder = match path.strip_suffix(b"package.json")? {
        [] => return Some(Place::Outside),
        [folder @ .., b'/'] => folder,
        _ => return None,
    };
    let debian = debian_root(folder);
    let (start, rest) = match debian.and_then(|end| folder.get(end + 1..)) {
        Some(rest) => (At::Modules, rest),
        None => (At::Outside, folder),
    };
    match walk(start, rest)? {
        At::Outside => Some(Place::Outside),
        At::Package if debian.is_some() => Some(Place::Debian),
        At::Package => Some(Place::Module),
        _ => None,
    }
}

/// Says whether a file lies outside of every `node_modules` and every folder of fixtures.
pub(super) fn is_outside(path: &[u8]) -> bool {
    let folder = plimsoll_model::path::parent(path);
    matches!(walk(At::Outside, folder), Some(At::Outside))
}

fn walk(start: At, folder: &[u8]) -> Option<At> {
    let mut at = start;
    for part in folder.split(|byte| *byte == b'/') {
        at = match (at, part) {
            (At::Modules | At::Scope, b"" | b"node_modules") => return None,
            (At::Modules, _) if is_store(part) => At::Store,
            (At::Modules | At::Scope, [b'.', ..]) => return None,
            (At::Modules, [b'@', ..]) => At::Scope,
            // yarn's linker keeps the package itself in a folder of this name.
            (At::Modules | At::Scope, _) | (At::StoreEntry, b"package") => At::Package,
            (_, b"node_modules") => At::Modules,
            (At::Outside, _) if is_fixture(part) => return None,
            (At::Outside, _) => At::Outside,
            (At::Package | At::Inside, _) if is_test(part) => return None,
            (At::Package | At::Inside, _) => At::Inside,
            (At::Store | At::StoreEntry, _) => At::StoreEntry,
        };
    }
    Some(at)
}

/// Returns the length of the path of the folder in which Debian keeps packages, for a folder below:
/// `usr/share/nodejs`, `usr/lib/nodejs`, `usr/lib/x86_64-linux-gnu/nodejs` (Debian's policy for
/// JavaScript).
pub(super) fn debian_root(folder: &[u8]) -> Option<usize> {
    let share = b"usr/share/nodejs";
    if folder.starts_with(share) && folder.get(share.len()) == Some(&b'/') {
        return Some(share.len());
    }
    let library = folder.strip_prefix(b"usr/lib/")?;
    let base = folder.len() - library.len();
    if library.starts_with(b"nodejs/") {
        return Some(base + b"nodejs".len());
    }
    let triplet = library.iter().position(|byte| *byte == b'/')?;
    let gnu = library
        .get(..triplet)?
        .windows(7)
        .any(|part| part == b"-linux-");
    (gnu && library.get(triplet + 1..)?.starts_with(b"nodejs/"))
        .then_some(base + triplet + b"/nodejs".len())
}

/// Returns the name under which `node_modules` holds a package: the last part of its folder, with
/// the scope before it.
pub(super) fn folder_name(folder: &[u8]) -> &[u8] {
    let Some(last) = folder.iter().rposition(|byte| *byte == b'/') else {
        return folder;
    };
    let before = folder.get(..last).unwrap_or_default();
    let scope = before
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |at| at + 1);
    let start = match before.get(scope) {
        Some(b'@') => scope,
        _ => last + 1,
    };
    folder.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_roots_of_packages_count() {
        let cases: &[(&str, Option<Place>)] = &[
            ("package.json", Some(Place::Outside)),
            ("app/package.json", Some(Place::Outside)),
            ("app/xpackage.json", None),
            ("app/package.json/x", None),
            ("app/test/fixtures/a/package.json", None),
            ("node_modules/a/package.json", Some(Place::Module)),
            ("app/node_modules/@s/a/package.json", Some(Place::Module)),
            ("app/node_modules/@s/package.json", None),
            ("app/node_modules/package.json", None),
            ("app/node_modules/.a-Xy12/package.json", None),
            ("app/node_modules/.cache/b/package.json", None),
            ("app/node_modules/a/dist/esm/package.json", None),
            (
                "app/node_modules/a/node_modules/b/package.json",
                Some(Place::Module),
            ),
            (
                "app/node_modules/a/dist/node_modules/b/package.json",
                Some(Place::Module),
            ),
            (
                "app/node_modules/a/test/x/node_modules/b/package.json",
                None,
            ),
            (
                "app/node_modules/.pnpm/a@1/node_modules/@s/a/package.json",
                Some(Place::Module),
            ),
            (
                "app/node_modules/.store/a-npm-1-x/package/package.json",
                Some(Place::Module),
            ),
            ("app/node_modules/.pnpm/package.json", None),
            ("usr/share/nodejs/a/package.json", Some(Place::Debian)),
            ("usr/share/nodejs/@s/a/package.json", Some(Place::Debian)),
            ("usr/share/nodejs/a/lib/package.json", None),
            (
                "usr/share/nodejs/a/node_modules/b/package.json",
                Some(Place::Debian),
            ),
            ("usr/lib/nodejs/a/package.json", Some(Place::Debian)),
            (
                "usr/lib/x86_64-linux-gnu/nodejs/a/package.json",
                Some(Place::Debian),
            ),
            ("usr/lib/node_modules/npm/package.json", Some(Place::Module)),
        ];
        for (path, want) in cases {
            assert_eq!(place(path.as_bytes()), *want, "{path}");
        }
    }

    #[test]
    fn folders_have_the_names_of_packages() {
        assert_eq!(folder_name(b"app/node_modules/@s/a"), b"@s/a");
        assert_eq!(folder_name(b"app/node_modules/a"), b"a");
        assert_eq!(folder_name(b"a"), b"a");
    }
}
