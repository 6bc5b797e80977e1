//! `scope.json`: says that a feed is an excerpt. See the parent module for what that means.

use serde::Deserialize;

/// Is the part of an ecosystem for which an excerpt is complete.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Scope {
    /// The ecosystem and release (`Debian:12`).
    pub ecosystem: String,
    /// The packages, source names for deb and apk.
    pub packages: Vec<String>,
}

/// Is either form of the file.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    /// A single scope.
    One(Scope),
    /// A list.
    Many(Vec<Scope>),
}

/// Reads a `scope.json`.
pub fn parse_scopes(bytes: &[u8]) -> Result<Vec<Scope>, serde_json::Error> {
    Ok(match serde_json::from_slice(bytes)? {
        OneOrMany::One(scope) => vec![scope],
        OneOrMany::Many(scopes) => scopes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many_are_read() {
        let one = br#"{"ecosystem": "Debian:12", "packages": ["glibc"]}"#;
        assert_eq!(parse_scopes(one).expect("valid").len(), 1);
        let many = br#"[{"ecosystem": "npm", "packages": []}, {"ecosystem": "PyPI", "packages": ["flask"]}]"#;
        assert_eq!(parse_scopes(many).expect("valid").len(), 2);
        assert!(parse_scopes(br#"{"packages": []}"#).is_err());
    }
}
