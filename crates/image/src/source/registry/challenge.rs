//! Reads `WWW-Authenticate` headers (RFC 9110, section 11.6.1) as far as registries use them.

use std::collections::BTreeMap;

/// Is one challenge of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    /// The scheme, lower-case (`bearer`).
    pub(super) scheme: String,
    /// The parameters, names lower-case.
    pub(super) parameters: BTreeMap<String, String>,
}

/// Reads the challenges of a header's value; what follows damage is left out.
pub(super) fn parse(header: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let word_end = rest.find(|c: char| !is_token(c)).unwrap_or(rest.len());
        if word_end == 0 {
            return challenges;
        }
        let (word, after) = rest.split_at(word_end);
        let value = after.trim_start_matches([' ', '\t']).strip_prefix('=');
        match (value, challenges.last_mut()) {
            (Some(value), Some(challenge)) => {
                let value = value.trim_start_matches([' ', '\t']);
                let Some((text, after)) = read_value(value) else {
                    return challenges;
                };
                challenge
                    .parameters
                    .entry(word.to_ascii_lowercase())
                    .or_insert(text);
                rest = after;
            }
            (Some(_), None) => return challenges,
            (None, _) => {
                challenges.push(Challenge {
                    scheme: word.to_ascii_lowercase(),
                    parameters: BTreeMap::new(),
                });
                rest = after;
            }
        }
    }
}

/// Reads a token or a quoted string; `None` when a quote is not closed.
fn read_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text
            .find(|c: char| c == ',' || c.is_whitespace())
            .unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return Some((value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_told_apart() {
        type Shown<'a> = (&'a str, &'a [(&'a str, &'a str)]);
        let cases: &[(&str, &[Shown<'_>])] = &[
            (
                r#"Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull,push""#,
                &[(
                    "bearer",
                    &[
                        ("realm", "https://auth.example/token"),
                        ("scope", "repository:a/b:pull,push"),
                        ("service", "registry"),
                    ],
                )],
            ),
            (
                r#"basic Realm="a \"quoted\" one""#,
                &[("basic", &[("realm", "a \"quoted\" one")])],
            ),
            (
                r#"Negotiate, Basic realm=x, Bearer realm = "y""#,
                &[
                    ("negotiate", &[]),
                    ("basic", &[("realm", "x")]),
                    ("bearer", &[("realm", "y")]),
                ],
            ),
            (r#"Bearer realm="open"#, &[("bearer", &[])]),
            ("", &[]),
            ("=,=", &[]),
        ];
        for (header, want) in cases {
            let got = parse(header);
            let got: Vec<(&str, Vec<(&str, &str)>)> = got
                .iter()
                .map(|c| {
                    let parameters = c.parameters.iter().map(|(k, v)| (k.as_str(), v.as_str()));
                    (c.scheme.as_str(), parameters.collect())
                })
                .collect();
            let want: Vec<(&str, Vec<(&str, &str)>)> =
                want.iter().map(|(s, p)| (*s, p.to_vec())).collect();
            assert_eq!(got, want, "{header}");
        }
    }
}
