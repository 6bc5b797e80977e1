//! Git repositories of OSV records, as their owners lay them out: the user's own checkout is read.
//!
//! | repository | layout |
//! |---|---|
//! | github/advisory-database | `advisories/github-reviewed/<year>/<month>/<id>/<id>.json` |
//! | golang/vulndb and its server | `data/osv/GO-….json`; `ID/GO-….json` with `index/*.json` |
//! | ossf/malicious-packages | `osv/malicious/<ecosystem>/<package>/MAL-….json`, and `osv/withdrawn/…` |
//! | pypa/advisory-database | `vulns/<package>/PYSEC-….yaml`: OSV in YAML |
//!
//! The same records stand in OSV's archives, from where they are fetched; of copies the one changed
//! last counts. GitHub's unreviewed advisories restate NVD, name no packages, and are not read.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{About, Batch, Feed, Fetched, Remote, osv, read_file, yaml};

/// The feeds whose records are those of OSV's archives.
const NAMES: [&str; 4] = [
    "github-advisories",
    "go-vulndb",
    "malicious-packages",
    "pypa",
];

/// Says whether the records of a feed also stand in others of OSV's family, by the feed's name in
/// the database.
pub(crate) fn shares_records(name: &str) -> bool {
    name.starts_with("osv/") || NAMES.contains(&name)
}

/// GitHub's reviewed advisories.
pub struct GithubAdvisories;

impl Feed for GithubAdvisories {
    fn name(&self) -> &'static str {
        "github-advisories"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "GitHub's advisory database, as a checkout",
            addresses: &["https://github.com/github/advisory-database"],
            format: "OSV records (ossf.github.io/osv-schema)",
            licence: "CC-BY-4.0",
            changes: "all the time",
            files: "`advisories/github-reviewed/<year>/<month>/<id>/<id>.json`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        Vec::new()
    }

    fn rank(&self) -> u8 {
        3
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        matches!(parts, [.., "advisories", "github-reviewed", _, _, id, file]
            if file.strip_suffix(".json") == Some(id))
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        json(self.name(), path, parts)
    }
}

/// The Go vulnerability database.
pub struct GoVulndb;

impl Feed for GoVulndb {
    fn name(&self) -> &'static str {
        "go-vulndb"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "The Go vulnerability database, with affected symbols, as a checkout or a copy of its server",
            addresses: &["https://vuln.go.dev", "https://github.com/golang/vulndb"],
            format: "OSV records (go.dev/doc/security/vuln/database)",
            licence: "CC-BY-4.0",
            changes: "on working days",
            files: "`ID/GO-….json`, `data/osv/GO-….json`; `index/db.json`, `index/modules.json`, `index/vulns.json`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        Vec::new()
    }

    fn rank(&self) -> u8 {
        3
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        match parts {
            [.., "ID", file] | [.., "data", "osv", file] => {
                file.starts_with("GO-") && file.strip_suffix(".json").is_some()
            }
            [.., "index", "db.json" | "modules.json" | "vulns.json"] => true,
            _ => false,
        }
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        match parts {
            [.., "index", "db.json"] => {
                let mut batch = Batch::new(self.name());
                let database: Database =
                    serde_json::from_slice(&read_file(path)?).unwrap_or_default();
                batch.dated(&database.modified);
                Ok(batch)
            }
            // Lists of names, which the files say as well.
            [.., "index", _] => Ok(Batch::default()),
            _ => json(self.name(), path, parts),
        }
    }
}

/// Is what `index/db.json` says.
#[derive(Deserialize, Default)]
struct Database {
    #[serde(default)]
    modified: String,
}

/// Packages that were published to do harm.
pub struct MaliciousPackages;

impl Feed for MaliciousPackages {
    fn name(&self) -> &'static str {
        "malicious-packages"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "OpenSSF's malicious packages, as a checkout",
            addresses: &["https://github.com/ossf/malicious-packages"],
            format: "OSV records (ossf.github.io/osv-schema)",
            licence: "Apache-2.0",
            changes: "all the time",
            files: "`osv/malicious/<ecosystem>/<package>/MAL-….json`, `osv/withdrawn/…`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        Vec::new()
    }

    fn rank(&self) -> u8 {
        3
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        let Some((file, folders)) = parts.split_last() else {
            return false;
        };
        // A package's own name may hold slashes, so its folder may be deeper.
        file.starts_with("MAL-")
            && file.strip_suffix(".json").is_some()
            && folders
                .windows(2)
                .any(|pair| matches!(pair, ["osv", "malicious" | "withdrawn"]))
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        json(self.name(), path, parts)
    }
}

/// The Python Packaging Authority's advisories.
pub struct Pypa;

impl Feed for Pypa {
    fn name(&self) -> &'static str {
        "pypa"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "The Python Packaging Authority's advisories, as a checkout",
            addresses: &["https://github.com/pypa/advisory-database"],
            format: "OSV records in YAML",
            licence: "CC-BY-4.0",
            changes: "daily",
            files: "`vulns/<package>/PYSEC-….yaml`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        Vec::new()
    }

    fn rank(&self) -> u8 {
        3
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        matches!(parts, [.., "vulns", _, file] if file.starts_with("PYSEC-") && file.strip_suffix(".yaml").is_some())
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        Ok(parse_yaml(
            &read_file(path)?,
            parts.last().copied().unwrap_or(""),
        ))
    }
}

/// Reads a file that is one record.
fn json(feed: &str, path: &Path, parts: &[&str]) -> io::Result<Batch> {
    let mut batch = Batch::new(feed);
    osv::add(
        parts.last().copied().unwrap_or(""),
        &read_file(path)?,
        &mut batch,
    );
    Ok(batch)
}

/// Is a record in YAML: its fields that OSV's reader uses. Scalars are text, so that a version
/// without quotes (`2.10`) stays what it is.
#[derive(Deserialize, Serialize)]
struct Record {
    id: String,
    #[serde(default)]
    modified: Option<String>,
    #[serde(default)]
    published: Option<String>,
    #[serde(default)]
    withdrawn: Option<String>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    aliases: Option<Vec<String>>,
    #[serde(default)]
    related: Option<Vec<String>>,
    #[serde(default)]
    upstream: Option<Vec<String>>,
    #[serde(default)]
    severity: Option<Vec<Fields>>,
    #[serde(default)]
    references: Option<Vec<Fields>>,
    #[serde(default)]
    affected: Option<Vec<Affected>>,
}

/// Is an object whose values are texts.
type Fields = BTreeMap<String, String>;

/// Is an affected package.
#[derive(Deserialize, Serialize)]
struct Affected {
    package: Fields,
    #[serde(default)]
    severity: Option<Vec<Fields>>,
    #[serde(default)]
    ranges: Option<Vec<Range>>,
    #[serde(default)]
    versions: Option<Vec<String>>,
    #[serde(default)]
    ecosystem_specific: Option<serde_json::Value>,
    #[serde(default)]
    database_specific: Option<serde_json::Value>,
}

/// Is a range.
#[derive(Deserialize, Serialize)]
struct Range {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Option<Vec<Fields>>,
}

/// Reads a record in YAML; `name` is the file's.
pub fn parse_yaml(bytes: &[u8], name: &str) -> Batch {
    let mut batch = Batch::new("pypa");
    let json = yaml::read::<Record>(bytes)
        .and_then(|record| serde_json::to_vec(&record).map_err(|error| error.to_string()));
    match json {
        Ok(json) => osv::add(name, &json, &mut batch),
        Err(error) => batch.damage(format!("{name}: {error}")),
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_in_yaml_is_that_in_json() {
        let batch = parse_yaml(
            b"id: PYSEC-2019-217\ndetails: In Pallets Jinja before 2.10.1, str.format_map allows a sandbox escape.\n\
              affected:\n- package:\n    name: jinja2\n    ecosystem: PyPI\n    purl: pkg:pypi:jinja2\n  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: \"0\"\n    - fixed: 2.10\n\
              \x20 versions:\n  - \"2.0\"\n  - 2.0rc1\n  - 2.10\nreferences:\n- type: WEB\n  url: https://usn.ubuntu.com/4011-1/\naliases:\n- CVE-2019-10906\nmodified: 2021-11-22T04:57:52.862665Z\npublished: \"2019-04-07T00:29:00Z\"\n",
            "PYSEC-2019-217.yaml",
        );
        assert_eq!((batch.read, batch.damaged), (1, 0), "{:?}", batch.notes);
        let (json, _) = osv::parse(
            br#"{"id":"PYSEC-2019-217","aliases":["CVE-2019-10906"],"modified":"2021-11-22T04:57:52.862665Z","published":"2019-04-07T00:29:00Z",
              "references":[{"type":"WEB","url":"https://usn.ubuntu.com/4011-1/"}],
              "affected":[{"package":{"name":"jinja2","ecosystem":"PyPI","purl":"pkg:pypi:jinja2"},"versions":["2.0","2.0rc1","2.10"],
                "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.10"}]}]}]}"#,
        )
        .expect("a record");
        assert_eq!(batch.records, [json]);
        assert_eq!(parse_yaml(b"id: [", "x").damaged, 1);
        assert_eq!(parse_yaml(b"id: PYSEC-1\naffected: 7", "x").damaged, 1);
    }

    #[test]
    fn each_layout_is_of_one_feed() {
        for (path, feed) in [
            (
                "x/advisories/github-reviewed/2021/12/GHSA-jfh8-c2jp-5v3q/GHSA-jfh8-c2jp-5v3q.json",
                "github-advisories",
            ),
            ("vulndb/ID/GO-2022-0969.json", "go-vulndb"),
            ("vulndb/data/osv/GO-2022-0969.json", "go-vulndb"),
            ("vulndb/index/modules.json", "go-vulndb"),
            (
                "osv/malicious/npm/@scope/name/MAL-2024-1.json",
                "malicious-packages",
            ),
            (
                "osv/withdrawn/pypi/name/MAL-2024-2.json",
                "malicious-packages",
            ),
            ("vulns/jinja2/PYSEC-2019-217.yaml", "pypa"),
        ] {
            let parts: Vec<&str> = path.split('/').collect();
            let by: Vec<&str> = (super::super::ALL.iter())
                .filter(|feed| feed.recognises(&parts))
                .map(|feed| feed.name())
                .collect();
            assert_eq!(by, [feed], "{path}");
        }
    }
}
