//! Names of Python's projects: how they compare, and what folders and files of metadata tell of them.

/// Normalises a project's name so that spellings compare: lower case, runs of `-`, `_` and `.` are one
/// `-` (Python Packaging User Guide, "Names and normalization"; PEP 503).
pub(crate) fn normalized(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.trim().chars() {
        match c {
            '-' | '_' | '.' => {
                if !out.ends_with('-') {
                    out.push('-');
                }
            }
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// Says whether a name may name a project: ASCII letters, digits, `.`, `-` and `_`, with a letter or
/// digit at both ends ("Names and normalization").
pub(crate) fn is_name(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    name.chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        && edge(name.chars().next())
        && edge(name.chars().next_back())
}

/// Is what the name of a folder or file of metadata says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stem {
    /// The project's name as the folder writes it.
    pub(crate) name: String,
    /// The version; empty where the folder states none.
    pub(crate) version: String,
}

/// Reads `NAME-VERSION` ("Recording installed projects", "The .dist-info directory").
pub(crate) fn dist_info_stem(stem: &str) -> Option<Stem> {
    let (name, version) = match stem.rsplit_once('-') {
        Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            (name, version)
        }
        _ => (stem, ""),
    };
    is_name(name).then(|| Stem {
        name: name.to_owned(),
        // `-` and what is not allowed in file names is written `_` by older tools.
        version: version.replace('_', "-"),
    })
}

/// Reads `NAME[-VERSION[-pyX.Y[-PLATFORM]]]`, the name of eggs and of `.egg-info` (setuptools, "The
/// internal structure of Python eggs", "Filename-embedded metadata").
pub(crate) fn egg_stem(stem: &str) -> Option<Stem> {
    let tag = stem.match_indices("-py").find(|(at, _)| {
        let rest = stem.get(at + 3..).unwrap_or_default();
        rest.starts_with(|c: char| c.is_ascii_digit())
    });
    let stem = tag.map_or(stem, |(at, _)| stem.get(..at).unwrap_or(stem));
    dist_info_stem(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        for (name, want) in [
            ("Foo__Bar.-baz", "foo-bar-baz"),
            ("zope.interface", "zope-interface"),
            ("a", "a"),
        ] {
            assert_eq!(normalized(name), want);
        }
        assert!(is_name("ruamel.yaml") && !is_name("_x") && !is_name("a b") && !is_name(""));
    }

    #[test]
    fn folders_tell_names_and_versions() {
        let show = |stem: Option<Stem>| stem.map(|s| format!("{} {}", s.name, s.version));
        let dist = [
            ("zope_interface-8.7", Some("zope_interface 8.7")),
            ("foo-bar-1.0", Some("foo-bar 1.0")),
            ("foo-1.0_1", Some("foo 1.0-1")),
            ("foo", Some("foo ")),
            ("-1.0", None),
            ("{{ name }}-1", None),
        ];
        for (stem, want) in dist {
            assert_eq!(show(dist_info_stem(stem)).as_deref(), want, "{stem}");
        }
        let egg = [
            ("mercurial-6.3.2-py3.11", Some("mercurial 6.3.2")),
            ("a_b-1.0-py2.7-linux-x86_64", Some("a_b 1.0")),
            ("wsgiref", Some("wsgiref ")),
            ("foo-pytest-1.0", Some("foo-pytest 1.0")),
        ];
        for (stem, want) in egg {
            assert_eq!(show(egg_stem(stem)).as_deref(), want, "{stem}");
        }
    }
}
