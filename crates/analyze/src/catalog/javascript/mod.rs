//! JavaScript packages: what npm, pnpm, yarn and bun installed, and what their lock files ask for.
//!
//! Read [`place`] first (which `package.json` is a package's root), then [`manifest`] (what is read
//! of one) and [`graph`] (how Node finds what a package requires). Lock files are a second analyzer,
//! in [`locks`]: they count only where nothing is installed yet.

mod archive;
mod graph;
mod installed;
mod locks;
mod manifest;
mod place;
pub(in crate::catalog) mod shape;

pub use installed::Installed;
pub use locks::Locks;

/// The longest name that npm accepts (npm's `validate-npm-package-name`), in bytes.
const MAX_NAME_BYTES: usize = 214;

/// Says whether a text can be the name of a package: `name` or `@scope/name`, no path, no blank,
/// nothing that would have to be escaped in a URL. Capitals are allowed: old packages have them.
fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| {
                byte.is_ascii_alphanumeric()
                    || matches!(
                        byte,
                        b'-' | b'_' | b'.' | b'~' | b'!' | b'*' | b'\'' | b'(' | b')'
                    )
            })
    };
    if name.len() > MAX_NAME_BYTES {
        return false;
    }
    match name.strip_prefix('@').map(|rest| rest.split_once('/')) {
        Some(Some((scope, name))) => part(scope) && part(name),
        Some(None) => false,
        None => part(name),
    }
}

/// Cleans a version as npm does when it publishes: without blanks and a leading `v` or `=`. `None`
/// for what is no version: empty, or a placeholder of a template (`{{version}}`, `$VERSION`).
fn clean_version(version: &str) -> Option<&str> {
    let version = version
        .trim()
        .trim_start_matches('=')
        .trim_start()
        .trim_start_matches(['v', 'V'])
        .trim_start();
    let fits = !version.is_empty()
        && version.len() <= 256
        && version.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b'_' | b'~' | b':')
        });
    fits.then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_and_no_paths() {
        for good in [
            "express",
            "@babel/core",
            "JSONStream",
            "_",
            "lodash.merge",
            "~x",
        ] {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "", ".", "../../x", "a/b", "@a", "@a/", "@/b", "@a/b/c", "a b", "{{n}}", "/a",
        ] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(!is_name(&"a".repeat(MAX_NAME_BYTES + 1)));
    }

    #[test]
    fn versions_are_cleaned_and_placeholders_refused() {
        for (raw, want) in [
            ("1.2.3", Some("1.2.3")),
            (" =v1.2.3-rc.1+b\n", Some("1.2.3-rc.1+b")),
            ("0.0.0-development", Some("0.0.0-development")),
            ("{{version}}", None),
            ("$VERSION", None),
            ("", None),
        ] {
            assert_eq!(clean_version(raw), want, "{raw:?}");
        }
    }
}
