//! The `RustSec` advisory database, as a checkout: `crates/<crate>/RUSTSEC-….md`.
//!
//! Format (github.com/RustSec/advisory-db, "Advisory Format"): TOML between fences at the start of a
//! Markdown file, then a heading and prose. What neither `patched` nor `unaffected` allows is
//! affected. `informational` records (`unmaintained`, `unsound`, `notice`) are no vulnerabilities: their
//! names are kept, but they state nothing. Affected functions are kept; that they are confined to
//! versions of their own is not.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use plimsoll_model::advisory::{Advisory, Symbols};
use plimsoll_model::version::Scheme;
use serde::Deserialize;

use super::{
    About, Batch, Feed, Fetched, Level, Record, Remote, Statement, expressions, read_file,
    rpm_updates, title,
};
use crate::{ids, rating};

/// The largest record, in bytes.
const SIZE_LIMIT: usize = 4 << 20;
/// How many functions of a record are kept; with more of them, all of the crate counts as affected.
const FUNCTION_LIMIT: usize = 5000;

/// The feed.
pub struct RustSec;

impl Feed for RustSec {
    fn name(&self) -> &'static str {
        "rustsec"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "RustSec, with affected functions, as a checkout",
            addresses: &["https://github.com/RustSec/advisory-db"],
            format: "Markdown with TOML at its start (\"Advisory Format\" in the repository)",
            licence: "CC0-1.0; some records CC-BY-4.0",
            changes: "daily",
            files: "`crates/<crate>/RUSTSEC-….md`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        Vec::new()
    }

    fn rank(&self) -> u8 {
        2
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        matches!(parts, [.., "crates", _, file]
            if file.starts_with("RUSTSEC-") && file.strip_suffix(".md").is_some())
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        let file = parts.last().copied().unwrap_or("");
        Ok(parse(&read_file(path)?, file))
    }
}

/// Is what stands at the start of a file.
#[derive(Deserialize)]
struct Front {
    advisory: Head,
    #[serde(default)]
    affected: Affected,
    #[serde(default)]
    versions: Versions,
}

/// Is what a record says of itself.
#[derive(Deserialize)]
struct Head {
    id: String,
    package: String,
    #[serde(default)]
    date: Option<toml::Value>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    cvss: Option<String>,
    #[serde(default)]
    informational: Option<String>,
    #[serde(default)]
    withdrawn: Option<toml::Value>,
}

/// Is what of the crate is affected.
#[derive(Deserialize, Default)]
struct Affected {
    #[serde(default)]
    functions: BTreeMap<String, toml::Value>,
}

/// Is which versions are not affected.
#[derive(Deserialize, Default)]
struct Versions {
    #[serde(default)]
    patched: Vec<String>,
    #[serde(default)]
    unaffected: Vec<String>,
}

/// Reads a file; `file` is its name.
pub fn parse(bytes: &[u8], file: &str) -> Batch {
    let mut batch = Batch::new("rustsec");
    match read(bytes) {
        Ok(record) => {
            batch.read = 1;
            batch.records.push(record);
        }
        Err(why) => batch.damage(format!("{file}: {why}")),
    }
    batch
}

/// Reads a record.
fn read(bytes: &[u8]) -> Result<Record, String> {
    if bytes.len() > SIZE_LIMIT {
        return Err(format!("more than {SIZE_LIMIT} bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let rest = text
        .trim_start()
        .strip_prefix("```toml")
        .ok_or("no TOML at its start")?;
    let (front, prose) = rest.split_once("\n```").ok_or("TOML without end")?;
    let front: Front = toml::from_str(front).map_err(|error| error.message().to_owned())?;
    let head = front.advisory;
    if !ids::plausible(&head.id) || head.package.is_empty() || head.package.len() > 300 {
        return Err(format!(
            "`{}` of `{}`: no id or no package",
            head.id, head.package
        ));
    }
    let mut cves: Vec<String> = (head.aliases.iter())
        .filter(|alias| ids::is_cve(alias))
        .cloned()
        .collect();
    cves.sort();
    cves.dedup();
    let mut record = Record {
        level: if cves.len() > 1 {
            Level::Advisory
        } else {
            Level::Vulnerability
        },
        withdrawn: head.withdrawn.is_some(),
        ..Record::default()
    };
    if record.level == Level::Vulnerability {
        record.same = head
            .aliases
            .iter()
            .filter(|alias| ids::plausible(alias))
            .cloned()
            .collect();
        record.same.push(head.id.clone());
        record.same.sort();
        record.same.dedup();
    }
    record.vulnerabilities = if cves.is_empty() {
        vec![head.id.clone()]
    } else {
        cves
    };
    record.id.clone_from(&head.id);
    if record.withdrawn || head.informational.is_some_and(|word| !word.is_empty()) {
        return Ok(record);
    }
    let heading = prose.lines().find_map(|line| line.strip_prefix("# "));
    record.title = title(heading.unwrap_or(""), 160);
    record.published = head
        .date
        .map(|date| match date {
            toml::Value::String(date) => rpm_updates::date(&date),
            toml::Value::Datetime(date) => rpm_updates::date(&date.to_string()),
            _ => String::new(),
        })
        .unwrap_or_default();
    record.urls = vec![format!("https://rustsec.org/advisories/{}.html", head.id)];
    let url = head.url.filter(|url| {
        url.starts_with("https://")
            && url.len() <= 300
            && url.bytes().all(|byte| byte.is_ascii_graphic())
    });
    record.urls.extend(url);
    record
        .cvss
        .extend(head.cvss.and_then(|vector| rating::rate(&vector, "")));
    let allowed = front
        .versions
        .patched
        .iter()
        .chain(&front.versions.unaffected);
    let allowed = expressions::any_of(Scheme::Cargo, allowed.map(String::as_str))?;
    let ranges = expressions::ranges(&expressions::outside(Scheme::Cargo, allowed));
    let names: Vec<String> = front.affected.functions.into_keys().collect();
    let symbols = if names.is_empty() || names.len() > FUNCTION_LIMIT {
        Vec::new()
    } else {
        vec![Symbols {
            path: head.package.clone(),
            names,
        }]
    };
    record.statements.push(Statement {
        advisory: Advisory {
            id: head.id,
            ecosystem: "crates.io".to_owned(),
            package: head.package,
            fix: expressions::fix(&ranges),
            ranges,
            symbols,
            ..Advisory::default()
        },
        ..Statement::default()
    });
    Ok(record)
}

#[cfg(test)]
mod tests {
    use plimsoll_model::advisory::{FixState, Range};

    use super::*;

    /// A record as it stands, its prose shortened.
    const OPENSSL: &str = r#"```toml
[advisory]
id = "RUSTSEC-2025-0004"
package = "openssl"
date = "2025-02-02"
url = "https://github.com/sfackler/rust-openssl/security/advisories/GHSA-rpmj-rpgj-qmpm"
categories = ["memory-exposure"]
aliases = ["GHSA-rpmj-rpgj-qmpm"]

[affected.functions]
"openssl::ssl::select_next_proto" = [">= 0.10.0, < 0.10.70"]

[versions]
patched = [">= 0.10.70"]
unaffected = ["< 0.10.0"]
```

# ssl::select_next_proto use after free

Prose.
"#;

    #[test]
    fn what_is_neither_patched_nor_unaffected_is_affected() {
        let batch = parse(OPENSSL.as_bytes(), "RUSTSEC-2025-0004.md");
        assert_eq!((batch.read, batch.damaged), (1, 0), "{:?}", batch.notes);
        let record = &batch.records[0];
        assert_eq!(record.same, ["GHSA-rpmj-rpgj-qmpm", "RUSTSEC-2025-0004"]);
        assert_eq!(record.title, "ssl::select_next_proto use after free");
        assert_eq!(record.published, "2025-02-02T00:00:00Z");
        let stated = &record.statements[0].advisory;
        assert_eq!(
            stated.ranges,
            [Range {
                introduced: "0.10.0".into(),
                fixed: Some("0.10.70".into()),
                ..Range::default()
            }]
        );
        assert_eq!(stated.fix, FixState::Fixed);
        assert_eq!(stated.symbols[0].names, ["openssl::ssl::select_next_proto"]);
        let none = OPENSSL
            .replace(r#"[">= 0.10.70"]"#, "[]")
            .replace(r#"["< 0.10.0"]"#, "[]");
        let stated = parse(none.as_bytes(), "x").records[0].statements[0]
            .advisory
            .clone();
        assert_eq!(
            (stated.ranges.as_slice(), stated.fix),
            (&[Range::default()][..], FixState::NotFixed)
        );
    }

    #[test]
    fn notices_state_nothing_and_damage_is_said() {
        for line in [
            r#"informational = "unmaintained""#,
            r#"withdrawn = "2022-01-01""#,
            "withdrawn = 2022-01-01",
        ] {
            let text = OPENSSL.replace("categories", &format!("{line}\ncategories"));
            let batch = parse(text.as_bytes(), "x");
            assert_eq!(batch.damaged, 0, "{:?}", batch.notes);
            assert!(batch.records[0].statements.is_empty(), "{line}");
        }
        for end in 0..OPENSSL.find("# ssl").expect("a heading") - 5 {
            assert_eq!(
                parse(&OPENSSL.as_bytes()[..end], "x").damaged,
                1,
                "cut at {end}"
            );
        }
        let text = OPENSSL.replace(">= 0.10.70\"]\nun", "what\"]\nun");
        assert_eq!(parse(text.as_bytes(), "x").damaged, 1);
        assert!(RustSec.recognises(&["db", "crates", "openssl", "RUSTSEC-2025-0004.md"]));
    }
}
