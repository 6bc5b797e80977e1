//! Reading what packages require and provide, and deciding whether a version satisfies it.

use std::cmp::Ordering;

use plimsoll_model::package::Requirement;
use plimsoll_model::version::Scheme;

use super::damage::text;

/// The most requirements (or provisions) of one package that are kept. Kernel packages of the Red
/// Hat family provide some 10,000 symbols.
pub(crate) const MAX_REQUIREMENTS: usize = 32 * 1024;

/// Reads a relationship field of Debian: groups parted by commas, alternatives by `|`
/// (deb-control(5), Debian Policy 7.1). An architecture qualifier (`python3:any`) stays in the name.
pub(crate) fn parse_deb(value: &[u8], into: &mut Vec<Vec<Requirement>>) {
    for group in value.split(|byte| *byte == b',') {
        if into.len() >= MAX_REQUIREMENTS {
            return;
        }
        let alternatives: Vec<Requirement> = group
            .split(|byte| *byte == b'|')
            .filter_map(parse_deb_one)
            .collect();
        if !alternatives.is_empty() {
            into.push(alternatives);
        }
    }
}

fn parse_deb_one(alternative: &[u8]) -> Option<Requirement> {
    let alternative = alternative.trim_ascii();
    let end = alternative
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'(' | b'[' | b'<'))
        .unwrap_or(alternative.len());
    let (name, rest) = alternative.split_at_checked(end)?;
    if name.is_empty() {
        return None;
    }
    let open = rest.iter().position(|byte| *byte == b'(');
    let close = rest.iter().position(|byte| *byte == b')');
    let constraint = match (open, close) {
        (Some(open), Some(close)) => rest.get(open + 1..close).unwrap_or_default(),
        _ => &[],
    };
    Some(Requirement {
        name: text(name),
        constraint: spaced(&text(constraint)),
    })
}

/// Reads one dependency or provision of apk: `name`, `name=1.2`, `name>=1`, `name~1.2`,
/// `name@repository` (apk-world(5)). `None` for conflicts (`!name`) and empty words.
pub(crate) fn parse_apk(word: &[u8]) -> Option<Requirement> {
    let end = word
        .iter()
        .position(|byte| matches!(byte, b'<' | b'>' | b'=' | b'~' | b'@'))
        .unwrap_or(word.len());
    let (name, rest) = word.split_at_checked(end)?;
    if name.is_empty() || name.first() == Some(&b'!') {
        return None;
    }
    let rest = if rest.first() == Some(&b'@') {
        &[]
    } else {
        rest
    };
    let rest = rest.split(|byte| *byte == b'@').next().unwrap_or_default();
    Some(Requirement {
        name: text(name),
        constraint: spaced(&text(rest)),
    })
}

/// Puts one blank between the relation and the version.
fn spaced(constraint: &str) -> String {
    let (relation, version) = split_constraint(constraint);
    if relation.is_empty() {
        return version.to_owned();
    }
    format!("{relation} {version}")
}

/// Splits `>= 1.2` into relation and version.
pub(crate) fn split_constraint(constraint: &str) -> (&str, &str) {
    let constraint = constraint.trim();
    let end = constraint
        .find(|c| !matches!(c, '<' | '>' | '=' | '~'))
        .unwrap_or(constraint.len());
    match constraint.split_at_checked(end) {
        Some((relation, version)) => (relation, version.trim()),
        None => ("", constraint),
    }
}

/// Says whether a version satisfies a constraint (`>= 1.2`; empty for any).
pub(crate) fn satisfies(scheme: Scheme, constraint: &str, version: &str) -> bool {
    let (relation, wanted) = split_constraint(constraint);
    if wanted.is_empty() {
        return true;
    }
    if scheme == Scheme::Apk && relation.contains('~') {
        // apk's fuzzy match: the same leading components.
        return version == wanted
            || version
                .strip_prefix(wanted)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
    }
    // rpm compares releases only where both sides state one.
    let version = if scheme == Scheme::Rpm && !wanted.contains('-') {
        version.split('-').next().unwrap_or(version)
    } else {
        version
    };
    let order = scheme.compare(version, wanted);
    match relation {
        // dpkg reads the obsolete bare `<` and `>` as `<=` and `>=`.
        "<" if scheme == Scheme::Deb => order != Ordering::Greater,
        ">" if scheme == Scheme::Deb => order != Ordering::Less,
        "<" | "<<" => order == Ordering::Less,
        "<=" => order != Ordering::Greater,
        "=" | "==" | "" => order == Ordering::Equal,
        ">=" => order != Ordering::Less,
        ">" | ">>" => order == Ordering::Greater,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(groups: &[Vec<Requirement>]) -> String {
        let one = |r: &Requirement| format!("{} {}", r.name, r.constraint).trim().to_owned();
        let groups = groups
            .iter()
            .map(|g| g.iter().map(one).collect::<Vec<_>>().join(" | "));
        groups.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn relationship_fields_of_debian_are_read() {
        let cases = [
            (
                "libc6 (>= 2.34), zlib1g(>=1:1.2)",
                "libc6 >= 2.34, zlib1g >= 1:1.2",
            ),
            ("a | b (<< 2) , ,\n c:any", "a | b << 2, c:any"),
            ("d [amd64] <!nocheck>, (= 1)", "d"),
            ("", ""),
        ];
        for (text, want) in cases {
            let mut groups = Vec::new();
            parse_deb(text.as_bytes(), &mut groups);
            assert_eq!(show(&groups), want, "{text}");
        }
    }

    #[test]
    fn words_of_apk_are_read() {
        let cases = [
            (
                "so:libc.musl-x86_64.so.1",
                Some(("so:libc.musl-x86_64.so.1", "")),
            ),
            ("cmd:x=1.2-r0", Some(("cmd:x", "= 1.2-r0"))),
            ("a>=1@edge", Some(("a", ">= 1"))),
            ("a@edge", Some(("a", ""))),
            ("a~3.11", Some(("a", "~ 3.11"))),
            ("!uclibc", None),
            ("", None),
        ];
        for (word, want) in cases {
            let got = parse_apk(word.as_bytes());
            let got = got
                .as_ref()
                .map(|r| (r.name.as_str(), r.constraint.as_str()));
            assert_eq!(got, want, "{word}");
        }
    }

    #[test]
    fn a_fuzzy_apk_version_matches_whole_components() {
        assert!(satisfies(Scheme::Apk, "~ 3.1", "3.1.4-r0"));
        assert!(!satisfies(Scheme::Apk, "~ 3.1", "3.11.4-r0"));
        assert!(satisfies(Scheme::Rpm, "", "1"));
        assert!(satisfies(Scheme::Rpm, "= 3.0.7", "3.0.7-27.el9"));
    }
}
