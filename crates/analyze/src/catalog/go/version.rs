//! What version a Go program has where its module states none: of the linker's flags, of a variable,
//! of the revision that it was built from; and what version a toolchain is.

use std::collections::BTreeMap;

/// Names of variables that hold a program's version, without case, the likeliest first.
const NAMES: &[&str] = &[
    "version",
    "gitversion",
    "buildversion",
    "appversion",
    "releaseversion",
    "programversion",
    "semver",
    "versionstring",
    "gittag",
    "tag",
    "release",
    "gitdescription",
    "gitdescribe",
    "buildtag",
];

/// Returns the version of a main module that states none, and where it comes from.
pub(super) fn of_main(
    module: &str,
    path: &str,
    settings: &BTreeMap<String, String>,
    variable: impl FnOnce() -> Option<String>,
) -> (String, &'static str) {
    if let Some(version) = of_flags(settings, module).or_else(|| of_flags(settings, path)) {
        return (version, "ldflags");
    }
    if let Some(version) = variable().as_deref().and_then(written) {
        return (version, "variable");
    }
    match pseudo(module, settings) {
        Some(version) => (version, "vcs"),
        None => (String::new(), "unknown"),
    }
}

/// Returns the version that the linker was told to write into a variable: `-X main.version=1.2.3`.
///
/// Variables count whose name is one of [`NAMES`] and whose value is a version; `main`'s before
/// those of the module's own packages before those of others, then by the names' order. Others'
/// (`github.com/prometheus/common/version.Version`) count because that is how shared version
/// packages are filled: the flag is given when the program is built, by whoever builds it.
pub(super) fn of_flags(settings: &BTreeMap<String, String>, module: &str) -> Option<String> {
    let flags = settings.get("-ldflags")?;
    let mut best: Option<((usize, usize), String)> = None;
    for (variable, value) in assignments(flags) {
        let Some((package, name)) = variable.rsplit_once('.') else {
            continue;
        };
        let name = name.to_ascii_lowercase();
        let Some(order) = NAMES.iter().position(|known| *known == name) else {
            continue;
        };
        let Some(version) = written(&value) else {
            continue;
        };
        let inside = package
            .strip_prefix(module)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let place = match package {
            "main" => 0,
            _ if inside => 1,
            _ => 2,
        };
        let rank = (place, order);
        if best.as_ref().is_none_or(|(held, _)| rank < *held) {
            best = Some((rank, version));
        }
    }
    best.map(|(_, version)| version)
}

/// Returns the `-X` assignments of linker flags, which are split as a shell does, less escapes
/// (`cmd/internal/quoted`).
fn assignments(flags: &str) -> Vec<(String, String)> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for c in flags.chars() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_ascii_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    let mut all = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let assignment = match word.trim_start_matches('-') {
            "X" => words.next(),
            flag => flag.strip_prefix("X=").map(str::to_owned),
        };
        if let Some((variable, value)) = assignment.as_deref().and_then(|one| one.split_once('=')) {
            all.push((variable.to_owned(), value.to_owned()));
        }
    }
    all
}

/// Returns a version as Go writes one, `v1.2.3`, of what programs call their version; `None` where
/// it is none (`dev`, `unknown`, a revision).
fn written(value: &str) -> Option<String> {
    let value = value.trim();
    let bare = value.strip_prefix(['v', 'V']).unwrap_or(value);
    let mut parts = bare.splitn(3, '.');
    let number = |part: Option<&str>| {
        part.is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let two = number(parts.next()) && number(parts.next().map(first_number));
    let fits = value.len() <= 128 && !value.contains(|c: char| c.is_whitespace() || c.is_control());
    (two && fits).then(|| format!("v{bare}"))
}

/// Returns the digits that a text starts with.
fn first_number(part: &str) -> &str {
    let end = part.bytes().take_while(u8::is_ascii_digit).count();
    part.get(..end).unwrap_or_default()
}

/// Writes the pseudo-version of the revision that the program was built from (Go Modules Reference,
/// "Pseudo-versions"): `v0.0.0-20240102030405-0123456789ab`.
fn pseudo(module: &str, settings: &BTreeMap<String, String>) -> Option<String> {
    let revision = settings.get("vcs.revision")?.get(..12)?;
    let time = settings.get("vcs.time")?.strip_suffix('Z')?;
    let time: String = time
        .chars()
        .filter(|c| !matches!(c, '-' | ':' | 'T'))
        .collect();
    let digits = time.len() == 14 && time.bytes().all(|b| b.is_ascii_digit());
    if !digits || !revision.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let suffix = module.rsplit_once("/v").map(|(_, major)| major);
    let suffix = suffix.or_else(|| {
        module
            .strip_prefix("gopkg.in/")?
            .rsplit_once(".v")
            .map(|p| p.1)
    });
    let major = suffix.filter(|major| {
        let digits = !major.is_empty() && major.bytes().all(|b| b.is_ascii_digit());
        digits && major.len() <= 6 && !major.starts_with('0')
    });
    Some(format!("v{}.0.0-{time}-{revision}", major.unwrap_or("0")))
}

/// Returns the version of a toolchain as the standard library's: without `go`, without experiments
/// (`X:boringcrypto`) and without what vendors append (`-google`, `b7` of the branch with `BoringCrypto`).
/// A development version has none but that of the release that it leads to.
pub(super) fn of_toolchain(toolchain: &str) -> String {
    let mut words = toolchain.split_ascii_whitespace();
    let mut word = words.next().unwrap_or_default();
    let development = word == "devel";
    if development {
        word = words.next().unwrap_or_default();
    }
    let Some(version) = word.strip_prefix("go") else {
        return String::new();
    };
    if development {
        return version.to_owned();
    }
    let version = version.split(['-', '+']).next().unwrap_or_default();
    // `go1.18.4b7`, but not `go1.18beta1`.
    match version.rsplit_once('b') {
        Some((release, number))
            if release.ends_with(|c: char| c.is_ascii_digit())
                && !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit()) =>
        {
            release.to_owned()
        }
        _ => version.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toolchains_lose_what_vendors_append() {
        for (toolchain, version) in [
            ("go1.22.1", "1.22.1"),
            ("go1.22.1 X:boringcrypto", "1.22.1"),
            ("go1.20.4-google", "1.20.4"),
            ("go1.18.4b7", "1.18.4"),
            ("go1.21rc2", "1.21rc2"),
            ("go1.18beta1", "1.18beta1"),
            ("go1.19.13 (Red Hat 1.19.13-2.el9)", "1.19.13"),
            ("devel go1.21-a1b2c3d Tue Feb 7", "1.21-a1b2c3d"),
            ("devel +85b4f9", ""),
        ] {
            assert_eq!(of_toolchain(toolchain), version, "{toolchain}");
        }
    }

    #[test]
    fn flags_name_the_version_of_the_program() {
        for (flags, version) in [
            ("-s -w -X main.version=1.2.3", Some("v1.2.3")),
            ("-X=main.Version=v1.2.3-rc1+dirty", Some("v1.2.3-rc1+dirty")),
            (
                "-X 'example.org/a/version.gitVersion=v1.20.2' -X other.org/b.Version=9.9.9",
                Some("v1.20.2"),
            ),
            ("-X other.org/b.Version=9.9.9", Some("v9.9.9")),
            ("-X \"main.version=2.0\"", Some("v2.0")),
            (
                "-X main.version=dev -X main.gitDescription=v3.1.4",
                Some("v3.1.4"),
            ),
            ("-X main.version=0123abcd", None),
            ("-X main.goVersion=1.2.3", None),
            ("-X main.version", None),
            ("-X", None),
        ] {
            let settings = BTreeMap::from([("-ldflags".to_owned(), flags.to_owned())]);
            assert_eq!(
                of_flags(&settings, "example.org/a").as_deref(),
                version,
                "{flags}"
            );
        }
    }

    #[test]
    fn revisions_make_pseudo_versions() {
        let settings = BTreeMap::from([
            (
                "vcs.revision".to_owned(),
                "0123456789abcdef0123456789abcdef01234567".to_owned(),
            ),
            ("vcs.time".to_owned(), "2024-01-02T03:04:05Z".to_owned()),
        ]);
        for (module, version) in [
            ("example.org/a", "v0.0.0-20240102030405-0123456789ab"),
            ("example.org/a/v3", "v3.0.0-20240102030405-0123456789ab"),
            ("gopkg.in/yaml.v2", "v2.0.0-20240102030405-0123456789ab"),
        ] {
            let found = of_main(module, "", &settings, || None);
            assert_eq!(found, (version.to_owned(), "vcs"));
        }
        assert_eq!(
            of_main("a", "", &BTreeMap::new(), || None),
            (String::new(), "unknown")
        );
    }
}
