//! Fedora's updates from Bodhi: pages of `updates/?releases=F42&…`.
//!
//! Format: the JSON of Bodhi's API (bodhi.fedoraproject.org/docs, "Server API"). Builds are source
//! packages (`httpd-2.4.55-1.fc36`) with their epoch beside; the vulnerabilities are those that the
//! titles of the bugs, the update's own title and its notes name. Only stable security updates of rpm
//! packages are read: containers, flatpaks and modules are other things, and EPEL is not Fedora.

use std::io;
use std::path::Path;

use serde::Deserialize;

use super::rpm_updates::{self, Build, Update};
use super::stream::{self, Part};
use super::{About, Batch, Feed, Fetched, Remote, read_file};
use crate::ids;

/// Where Bodhi answers.
const ADDRESS: &str = "https://bodhi.fedoraproject.org";
/// How many pages of one release are fetched at most.
const PAGE_LIMIT: u32 = 200;
/// How many CVEs of one update are kept. Updates of the kernel may name some hundreds.
const CVE_LIMIT: usize = 2000;

/// The feed.
pub struct Fedora;

impl Feed for Fedora {
    fn name(&self) -> &'static str {
        "fedora"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "Security updates of Fedora",
            addresses: &[ADDRESS],
            format: "JSON of Bodhi's API (bodhi.fedoraproject.org/docs)",
            licence: "none stated; facts of updates",
            changes: "daily",
            files: "`bodhi/updates/<release>/<page>.json`",
        }
    }

    fn plan(&self, fetched: &Fetched<'_>) -> Vec<Remote> {
        let index = "bodhi/releases.json";
        let url = format!("{ADDRESS}/releases/?rows_per_page=100&state=current");
        let mut files = vec![Remote::index(url, index)];
        let releases: Releases =
            serde_json::from_slice(&fetched(index).unwrap_or_default()).unwrap_or_default();
        for Release {
            name, id_prefix, ..
        } in &releases.releases
        {
            let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if id_prefix != "FEDORA" || !plain {
                continue;
            }
            let page = |page: u32| {
                let query = format!("releases={name}&type=security&status=stable");
                Remote::new(
                    format!("{ADDRESS}/updates/?{query}&rows_per_page=100&page={page}"),
                    format!("bodhi/updates/{name}/{page}.json"),
                )
            };
            let first = page(1);
            let pages: Pages = fetched(&first.local)
                .and_then(|bytes| serde_json::from_slice(&bytes).ok())
                .unwrap_or_default();
            files.push(first);
            files.extend((2..=pages.pages.min(PAGE_LIMIT)).map(page));
        }
        files
    }

    fn rank(&self) -> u8 {
        1
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        matches!(parts, [.., "bodhi", "updates", _, file] if file.strip_suffix(".json").is_some())
    }

    fn read(&self, path: &Path, _parts: &[&str]) -> io::Result<Batch> {
        Ok(parse(&read_file(path)?))
    }
}

/// Is the list of releases.
#[derive(Deserialize, Default)]
struct Releases {
    #[serde(default)]
    releases: Vec<Release>,
}

/// Is how many pages there are.
#[derive(Deserialize, Default)]
struct Pages {
    #[serde(default)]
    pages: u32,
}

/// Is a release.
#[derive(Deserialize, Default)]
struct Release {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    id_prefix: String,
}

/// Is an update.
#[derive(Deserialize)]
struct BodhiUpdate {
    alias: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    notes: Option<String>,
    #[serde(default)]
    severity: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    date_stable: Option<String>,
    #[serde(default)]
    date_pushed: Option<String>,
    #[serde(default)]
    date_modified: Option<String>,
    release: Release,
    #[serde(default)]
    bugs: Vec<Bug>,
    #[serde(default)]
    builds: Vec<BodhiBuild>,
}

/// Is a bug that an update resolves.
#[derive(Deserialize)]
struct Bug {
    #[serde(default)]
    title: Option<String>,
}

/// Is a build.
#[derive(Deserialize)]
struct BodhiBuild {
    nvr: String,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    epoch: Option<u64>,
}

/// Reads a page, a list of updates, or one update.
pub fn parse(bytes: &[u8]) -> Batch {
    let mut batch = Batch::new("fedora");
    let reader = match stream::unpacked(bytes) {
        Ok(reader) => reader,
        Err(why) => {
            batch.damage(why);
            return batch;
        }
    };
    let mut one = None;
    let whole = stream::parts(reader, &["updates"], &["update"], &mut |part| match part {
        Part::Element(raw) => add(raw.get(), &mut batch),
        Part::Field(_, raw) => one = Some(raw.get().to_owned()),
    });
    if let Some(one) = one {
        add(&one, &mut batch);
    }
    if let Err(error) = whole {
        batch.damage(format!("breaks off: {error}"));
    }
    batch
}

/// Adds one update.
fn add(text: &str, batch: &mut Batch) {
    match serde_json::from_str::<BodhiUpdate>(text) {
        Ok(update) => {
            batch.read += 1;
            let (update, lost) = update_of(update);
            if lost > 0 {
                batch.damage(format!("{}: {lost} builds that are no package", update.id));
            }
            batch.dated(&rpm_updates::date(&update.issued));
            batch.records.extend(rpm_updates::record(update));
        }
        Err(error) => batch.damage(format!("an update: {error}")),
    }
}

/// Turns an update into ours; the number beside it is that of builds that could not be read.
fn update_of(from: BodhiUpdate) -> (Update, usize) {
    let text = Option::unwrap_or_default;
    let mut update = Update {
        kind: from.kind,
        severity: match text(from.severity) {
            urgent if urgent == "urgent" => "critical".to_owned(),
            other => other,
        },
        issued: from.date_stable.or(from.date_pushed).unwrap_or_default(),
        updated: text(from.date_modified),
        urls: vec![format!("{ADDRESS}/updates/{}", from.alias)],
        id: from.alias,
        ..Update::default()
    };
    let (title, display_name, notes) =
        (text(from.title), text(from.display_name), text(from.notes));
    let bugs = from.bugs.iter().filter_map(|bug| bug.title.as_deref());
    for text in bugs.chain([title.as_str(), &display_name, &notes]) {
        if update.cves.len() < CVE_LIMIT {
            update.cves.extend(ids::cves_in(text));
        }
    }
    update.title = if display_name.is_empty() {
        title
    } else {
        display_name
    };
    let release = &from.release;
    let number = !release.version.is_empty() && release.version.bytes().all(|b| b.is_ascii_digit());
    let stable = from.status.is_none_or(|status| status == "stable");
    let mut lost = 0;
    if release.id_prefix != "FEDORA" || !number || !stable || update.kind != "security" {
        update.kind.clear();
        update.cves.clear();
        return (update, lost);
    }
    for build in &from.builds {
        if build.kind.as_deref().is_some_and(|kind| kind != "rpm") {
            continue;
        }
        let Some((name, version, own)) = rpm_updates::split_nvr(&build.nvr) else {
            lost += 1;
            continue;
        };
        let epoch = build.epoch.unwrap_or(0).to_string();
        update.builds.push(Build {
            ecosystem: format!("Fedora:{}", release.version),
            name: name.to_owned(),
            version: Build::version(&epoch, version, own),
            ..Build::default()
        });
    }
    (update, lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"{"updates":[
      {"alias":"FEDORA-2023-6d4055d482","display_name":"","title":"httpd-2.4.55-1.fc36","notes":"new version 2.4.55","type":"security","status":"stable","severity":"medium",
       "date_submitted":"2023-01-25 20:12:03","date_modified":null,"date_stable":"2023-02-03 01:39:02","release":{"name":"F36","version":"36","id_prefix":"FEDORA"},
       "bugs":[{"bug_id":2162094,"security":true,"title":"CVE-2022-37436 httpd: mod_proxy: HTTP response splitting [fedora-all]"},
               {"bug_id":2162098,"security":true,"title":"CVE-2006-20001 httpd: mod_dav: out-of-bounds read/write of zero byte [fedora-all]"}],
       "builds":[{"nvr":"httpd-2.4.55-1.fc36","type":"rpm","epoch":0}]},
      {"alias":"FEDORA-2025-bbb2222222","display_name":"Fix CVE-2024-8176","title":"expat-2.7.0-1.fc40","notes":null,"type":"security","status":"stable","severity":"urgent",
       "date_stable":"2025-03-05 12:00:00","release":{"name":"F40","version":"40","id_prefix":"FEDORA"},"bugs":[],"builds":[{"nvr":"expat-2.7.0-1.fc40","type":"rpm","epoch":1},{"nvr":"odd"}]},
      {"alias":"FEDORA-EPEL-2014-4901","type":"security","status":"stable","release":{"name":"EPEL-7","version":"7","id_prefix":"FEDORA-EPEL"},"builds":[{"nvr":"a-1-1.el7","type":"rpm"}]},
      {"alias":"FEDORA-2025-ccc3333333","type":"bugfix","status":"stable","title":"CVE-2024-8176","release":{"name":"F40","version":"40","id_prefix":"FEDORA"},"builds":[{"nvr":"a-1-1.fc40","type":"rpm"}]},
      {"alias":"FEDORA-2025-ddd","type":"security","status":"testing","release":{"name":"F40","version":"40","id_prefix":"FEDORA"},"builds":[{"nvr":"a-1-1.fc40","type":"rpm"}]},
      {"alias":7}],"page":1,"pages":3,"rows_per_page":100,"total":201}"#;

    #[test]
    fn stable_security_updates_are_read() {
        let batch = parse(PAGE.as_bytes());
        assert_eq!((batch.read, batch.damaged), (5, 2), "{:?}", batch.notes);
        let shown: Vec<String> = (batch.records.iter())
            .map(|record| {
                let advisory = &record.statements[0].advisory;
                let fixed = advisory.ranges[0].fixed.as_deref().unwrap_or("");
                let cves = record.vulnerabilities.join(",");
                format!(
                    "{} {cves} {} {} {fixed}",
                    record.id, advisory.ecosystem, advisory.package
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "FEDORA-2023-6d4055d482 CVE-2006-20001,CVE-2022-37436 Fedora:36 httpd 2.4.55-1.fc36",
                "FEDORA-2025-bbb2222222 CVE-2024-8176 Fedora:40 expat 1:2.7.0-1.fc40",
            ]
        );
        assert_eq!(batch.fetched_at, "2025-03-05T12:00:00Z");
        for end in (0..PAGE.len() - 1).step_by(9) {
            assert!(parse(&PAGE.as_bytes()[..end]).damaged > 0, "cut at {end}");
        }
    }

    #[test]
    fn releases_and_their_pages_are_planned() {
        let releases = r#"{"releases":[{"name":"F42","version":"42","id_prefix":"FEDORA"},{"name":"EPEL-9","version":"9","id_prefix":"FEDORA-EPEL"},{"name":"../x","id_prefix":"FEDORA"}]}"#;
        let plan = Fedora.plan(&|path| match path {
            "bodhi/releases.json" => Some(releases.into()),
            "bodhi/updates/F42/1.json" => Some(PAGE.into()),
            _ => None,
        });
        let locals: Vec<&str> = plan.iter().map(|file| file.local.as_str()).collect();
        assert_eq!(
            locals,
            [
                "bodhi/releases.json",
                "bodhi/updates/F42/1.json",
                "bodhi/updates/F42/2.json",
                "bodhi/updates/F42/3.json"
            ]
        );
        assert!(Fedora.recognises(&["bodhi", "updates", "F42", "1.json"]));
    }
}
