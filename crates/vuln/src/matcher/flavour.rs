//! What a build's version and release say of where it comes from, beside how new it is.
//!
//! Like is compared with like only. Oracle's `.ksplice1.` and `_fips` builds are lines of their own,
//! numbered beside the plain one: `1:1.1.1k-12.0.1_fips.el8` is neither newer nor older than
//! `1:1.1.1k-12.el8`. A Red Hat build carries the minor release that it was made for (`el9_2`,
//! `module+el8.6.0`), and each minor release has its own fix; a build without such a tag follows the
//! newest.

/// Is a line of builds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flavour {
    /// Whether it is patched in memory (`.ksplice1.`).
    ksplice: bool,
    /// Whether it holds the validated cryptographic module (`_fips`).
    fips: bool,
}

/// Returns the line of an rpm version.
pub(super) fn of(version: &str) -> Flavour {
    Flavour {
        ksplice: version.contains(".ksplice"),
        fips: version.contains("_fips"),
    }
}

/// Returns the major and minor release that a build's release names: `el9_2`, `module+el8.6.0+…`.
pub(super) fn minor(version: &str) -> Option<(u16, u16)> {
    let release = version.rsplit_once('-')?.1;
    let mut rest = release;
    while let Some(at) = rest.find("el") {
        let (before, from) = rest.split_at_checked(at)?;
        let from = from.get(2..)?;
        let bounded = before
            .bytes()
            .last()
            .is_none_or(|byte| !byte.is_ascii_alphanumeric());
        // `el8.6.0` names a release within a module's; a plain `el8.2` counts rebuilds.
        let separator: &[char] = if before.contains("module") {
            &['_', '.']
        } else {
            &['_']
        };
        if bounded
            && let Some((major, after)) = number(from)
            && let Some(after) = after.strip_prefix(separator)
            && let Some((minor, _)) = number(after)
        {
            return Some((major, minor));
        }
        rest = from;
    }
    None
}

/// Splits off a leading number.
fn number(text: &str) -> Option<(u16, &str)> {
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_name_their_minor_release() {
        for (version, expected) in [
            ("7.76.1-23.el9_2.4", Some((9, 2))),
            ("0:7.76.1-26.el9_3.2", Some((9, 3))),
            ("12.20-1.module+el8.10.0+22214+9beb89d6", Some((8, 10))),
            ("1:18.12.1-1.module_el9.1.0+16+91bc168f", Some((9, 1))),
            ("5.14.0-427.13.1.el9_4", Some((9, 4))),
            ("7.76.1-26.el9", None),
            ("3.10.0-1160.119.1.el7", None),
            ("1.8.23-10.el7_9.3", Some((7, 9))),
            ("2.4.6-99.el7.2", None),
            ("2.4.6-99.el7_9.2.0.1", Some((7, 9))),
            ("4.15.5-111.fc38", None),
            ("1.0-1.jewel9_2", None),
            ("noversion", None),
            ("1-el", None),
        ] {
            assert_eq!(minor(version), expected, "{version}");
        }
    }

    #[test]
    fn lines_are_told_apart() {
        assert_eq!(of("10:3.6.16-4.0.1.el8_fips"), of("10:3.6.16-5.el8_fips"));
        assert_ne!(of("1:1.1.1k-12.el8"), of("1:1.1.1k-12.0.1_fips.el8"));
        assert_ne!(of("2:2.28-151.0.1.ksplice1.el8"), of("2.28-151.0.1.el8"));
    }
}
