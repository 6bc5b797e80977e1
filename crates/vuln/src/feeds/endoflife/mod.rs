//! endoflife.date: until when the releases of distributions and runtimes get fixes.
//!
//! Files: `api/v1/products/full/index.json` (everything in one file), `api/v1/products/<product>`,
//! and the older `api/<product>.json`. Format: endoflife.date/docs/api/v1. In the old form `eol` and
//! its like are a day or a truth value; the new form has one field of each kind.

use std::io;
use std::path::Path;

use plimsoll_model::advisory::{Cycle, Lifecycle};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::stream::{self, Part};
use super::{About, Batch, Feed, Fetched, Remote, read_file};

/// Where it is served.
const ADDRESS: &str = "https://endoflife.date";
/// How many releases of a product are kept.
const CYCLE_LIMIT: usize = 2000;

/// The feed.
pub struct EndOfLife;

impl Feed for EndOfLife {
    fn name(&self) -> &'static str {
        "endoflife"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "endoflife.date: until when distributions and runtimes get fixes",
            addresses: &[ADDRESS],
            format: "JSON (endoflife.date/docs/api/v1)",
            licence: "MIT",
            changes: "several times a day",
            files: "`api/v1/products/full/index.json`, `api/v1/products/<product>`, `api/<product>.json`",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        vec![Remote::new(
            format!("{ADDRESS}/api/v1/products/full"),
            "endoflife/api/v1/products/full/index.json",
        )]
    }

    fn rank(&self) -> u8 {
        5
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        match parts {
            [.., "api", "v1", "products", _, "index.json"] => true,
            [.., "api", "v1", "products", file] => file
                .strip_suffix(".json")
                .unwrap_or(file)
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
            [.., "api", file] => file
                .strip_suffix(".json")
                .is_some_and(|product| !product.is_empty()),
            _ => false,
        }
    }

    fn read(&self, path: &Path, parts: &[&str]) -> io::Result<Batch> {
        let name = parts.last().copied().unwrap_or("");
        Ok(parse(&read_file(path)?, name))
    }
}

/// Is a product in the new form.
#[derive(Deserialize)]
struct Product<'a> {
    /// Its name.
    name: String,
    /// Its releases; absent in a list of names.
    #[serde(borrow, default)]
    releases: Option<Vec<&'a RawValue>>,
}

/// Is a release in the new form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Release {
    name: String,
    #[serde(default)]
    codename: Option<String>,
    #[serde(default)]
    is_eol: Option<bool>,
    #[serde(default)]
    eol_from: Option<String>,
    #[serde(default)]
    eoes_from: Option<String>,
    #[serde(default)]
    latest: Option<Latest>,
}

/// Is the newest version of a release.
#[derive(Deserialize)]
struct Latest {
    #[serde(default)]
    name: Option<String>,
}

/// Is a release in the old form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldCycle {
    cycle: Scalar,
    #[serde(default)]
    codename: Scalar,
    #[serde(default)]
    eol: Scalar,
    #[serde(default)]
    extended_support: Scalar,
    #[serde(default)]
    latest: Scalar,
}

/// Is a text, a number, a truth value or nothing.
#[derive(Deserialize, Default)]
#[serde(untagged)]
enum Scalar {
    /// A text.
    Text(String),
    /// A truth value.
    Truth(bool),
    /// A number: cycles were numbers once.
    Number(serde_json::Number),
    /// Nothing.
    #[default]
    Nothing,
}

impl Scalar {
    /// Returns the text; that of a truth value is empty.
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Truth(_) | Self::Nothing => String::new(),
        }
    }

    /// Returns the truth value.
    fn truth(&self) -> Option<bool> {
        match self {
            Self::Truth(truth) => Some(*truth),
            _ => None,
        }
    }
}

/// Reads a file; `file` is its name, which names the product in the old form.
pub fn parse(bytes: &[u8], file: &str) -> Batch {
    let mut batch = Batch::new("endoflife");
    let product = file.strip_suffix(".json").unwrap_or(file);
    let mut old = Vec::new();
    let mut damaged = Vec::new();
    let mut dates = Vec::new();
    let mut lifecycles = Vec::new();
    let fields = ["generated_at", "last_modified", "result"];
    let whole = stream::parts(bytes, &[], &fields, &mut |part| match part {
        Part::Field("result", raw) => results(raw, &mut lifecycles, &mut damaged),
        Part::Field(_, raw) => dates.extend(serde_json::from_str::<String>(raw.get()).ok()),
        // A list at the top: the old form, or `all.json`, which is a list of names.
        Part::Element(raw) if raw.get().starts_with('"') => {}
        Part::Element(raw) => match serde_json::from_str::<OldCycle>(raw.get()) {
            Ok(cycle) => old.push(Cycle {
                name: cycle.cycle.text(),
                codename: cycle.codename.text(),
                end_of_life: day(&cycle.eol.text()),
                ended: cycle.eol.truth(),
                extended_end: day(&cycle.extended_support.text()),
                latest: cycle.latest.text(),
            }),
            Err(error) => damaged.push(format!("{product}: {error}")),
        },
    });
    if let Err(error) = whole {
        damaged.push(format!("{file}: {error}"));
    }
    if !old.is_empty() {
        lifecycles.push(Lifecycle {
            product: product.to_owned(),
            cycles: old,
        });
    }
    for note in damaged {
        batch.damage(note);
    }
    for date in dates {
        batch.dated(&date.replace("+00:00", "Z"));
    }
    for mut lifecycle in lifecycles {
        lifecycle.cycles.retain(|cycle| !cycle.name.is_empty());
        lifecycle.cycles.truncate(CYCLE_LIMIT);
        let fits = !lifecycle.product.is_empty() && lifecycle.product.len() <= 200;
        if fits && !lifecycle.cycles.is_empty() {
            batch.read += 1;
            batch.lifecycles.push(lifecycle);
        }
    }
    batch
}

/// Reads `result`: one product or a list of them.
fn results(raw: &RawValue, lifecycles: &mut Vec<Lifecycle>, damaged: &mut Vec<String>) {
    let mut one = |raw: &RawValue| match serde_json::from_str::<Product<'_>>(raw.get()) {
        Ok(product) => {
            let mut cycles = Vec::new();
            for raw in product.releases.unwrap_or_default() {
                match serde_json::from_str::<Release>(raw.get()) {
                    Ok(release) => cycles.push(cycle(release)),
                    Err(error) => damaged.push(format!("{}: {error}", product.name)),
                }
            }
            lifecycles.push(Lifecycle {
                product: product.name,
                cycles,
            });
        }
        Err(error) => damaged.push(format!("a product: {error}")),
    };
    match serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
        Ok(products) => products.into_iter().for_each(one),
        Err(_) => one(raw),
    }
}

/// Turns a release of the new form into ours.
fn cycle(release: Release) -> Cycle {
    let end_of_life = day(&release.eol_from.unwrap_or_default());
    Cycle {
        name: release.name,
        codename: release.codename.unwrap_or_default(),
        ended: release.is_eol.filter(|_| end_of_life.is_empty()),
        end_of_life,
        extended_end: day(&release.eoes_from.unwrap_or_default()),
        latest: release
            .latest
            .and_then(|latest| latest.name)
            .unwrap_or_default(),
    }
}

/// Returns a text if it is a day (`YYYY-MM-DD`), else nothing.
fn day(text: &str) -> String {
    let day = text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if day { text.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let new = parse(
            br#"{"schema_version": "1.2.1", "generated_at": "2026-08-22T09:00:00+00:00", "total": 1, "result": [
              {"name": "debian", "aliases": [], "releases": [
                {"name": "12", "codename": "Bookworm", "isEol": true, "eolFrom": "2026-07-11", "isEoes": false, "eoesFrom": "2028-06-30", "latest": {"name": "12.15", "date": "2026-07-11"}},
                {"name": "1", "codename": null, "isEol": true, "eolFrom": null, "latest": null}, {"name": 7}]}]}"#,
            "index.json",
        );
        let old = parse(
            br#"[{"cycle": "12", "codename": "Bookworm", "eol": "2026-07-11", "latest": "12.15", "lts": false, "extendedSupport": "2028-06-30"},
                {"cycle": 1, "eol": true}, {}]"#,
            "debian.json",
        );
        assert_eq!(new.fetched_at, "2026-08-22T09:00:00Z");
        assert_eq!((new.damaged, old.damaged), (1, 1));
        assert_eq!(new.lifecycles, old.lifecycles);
        let [twelve, one] = new.lifecycles[0].cycles.as_slice() else {
            panic!("two cycles")
        };
        assert_eq!(
            (twelve.end_of_life.as_str(), twelve.ended),
            ("2026-07-11", None)
        );
        assert_eq!((one.end_of_life.as_str(), one.ended), ("", Some(true)));
        let single = parse(
            br#"{"last_modified": "2026-08-22T09:00:00Z", "result": {"name": "go", "releases": [{"name": "1.25", "isEol": false}]}}"#,
            "go",
        );
        assert_eq!(single.lifecycles[0].cycles[0].ended, Some(false));
        assert_eq!(parse(br#"["debian", "go"]"#, "all.json").read, 0);
        assert_eq!(parse(b"[", "x.json").damaged, 1);
    }
}
