//! NVD's configurations to statements about `vendor:product`.
//!
//! A configuration is a set of nodes, joined by AND or OR; a node lists CPE names with ranges of
//! versions, each vulnerable or only there to say where the vulnerable one runs. What becomes a
//! statement:
//!
//! - Only applications (`cpe:2.3:a`): operating systems and hardware are not what a program file is.
//! - Only what is not confined to another system than Linux: a name's target software must be open
//!   or Linux; the statements of an AND with a platform stay when a part of the platform is Linux or
//!   an application, and name the platform as their repository (`on linux:linux_kernel`).
//! - The names of a negated node are not the vulnerable ones, so it states nothing; a platform that
//!   is negated is no platform to name.
//! - A name with the version `-` is not versioned, and equals no version of a file.
//!
//! Of an AND whose nodes each hold vulnerable applications every one is kept: which of them is at
//! fault is not said.

use std::collections::BTreeMap;

use plimsoll_model::advisory::{Advisory, FixState, Range};
use serde::Deserialize;

use super::cpe::Cpe;
use crate::feeds::Statement;

/// How many platforms a statement names.
const PLATFORM_LIMIT: usize = 3;
/// How many ranges and versions of a product one vulnerability may have. The kernel's largest has
/// some hundreds.
const RANGE_LIMIT: usize = 10_000;

/// Is a configuration.
#[derive(Deserialize)]
pub(super) struct Configuration {
    #[serde(default)]
    operator: Option<String>,
    #[serde(default)]
    negate: Option<bool>,
    #[serde(default)]
    nodes: Vec<Node>,
}

/// Is a node. Nodes in nodes were part of the format before 2.0.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    #[serde(default)]
    negate: Option<bool>,
    #[serde(default)]
    cpe_match: Vec<CpeMatch>,
}

/// Is a CPE name with a range of versions.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CpeMatch {
    #[serde(default)]
    vulnerable: bool,
    #[serde(default)]
    criteria: String,
    #[serde(default)]
    version_start_including: Option<String>,
    #[serde(default)]
    version_start_excluding: Option<String>,
    #[serde(default)]
    version_end_including: Option<String>,
    #[serde(default)]
    version_end_excluding: Option<String>,
}

/// Makes the statements of a vulnerability.
pub(super) fn statements(id: &str, configurations: &[Configuration]) -> Vec<Statement> {
    // By package and platform.
    let mut found: BTreeMap<(String, String), (Vec<Range>, Vec<String>)> = BTreeMap::new();
    for configuration in configurations {
        if configuration.negate == Some(true) {
            continue;
        }
        let Some(platform) = platform(configuration) else {
            continue;
        };
        let nodes = (configuration.nodes.iter()).filter(|node| node.negate != Some(true));
        for stated in nodes.flat_map(|node| &node.cpe_match) {
            let Some(cpe) = vulnerable(stated) else {
                continue;
            };
            let key = (cpe.package(), platform.clone());
            let (ranges, versions) = found.entry(key).or_default();
            if ranges.len() + versions.len() < RANGE_LIMIT {
                affected(stated, &cpe, ranges, versions);
            }
        }
    }
    found
        .into_iter()
        .filter(|(_, (ranges, versions))| !ranges.is_empty() || !versions.is_empty())
        .map(|((package, repository), (mut ranges, mut versions))| {
            versions.sort();
            versions.dedup();
            ranges.dedup();
            let fix = if ranges.iter().any(|range| range.fixed.is_some()) {
                FixState::Fixed
            } else {
                FixState::Unknown
            };
            Statement {
                advisory: Advisory {
                    id: id.to_owned(),
                    ecosystem: super::ECOSYSTEM.to_owned(),
                    package,
                    ranges,
                    versions,
                    fix,
                    ..Advisory::default()
                },
                repository,
                ..Statement::default()
            }
        })
        .collect()
}

/// Returns the platform that a configuration asks for, empty for none; `None` when it is one on
/// which no Linux program runs.
fn platform(configuration: &Configuration) -> Option<String> {
    if configuration.operator.as_deref() != Some("AND") {
        return Some(String::new());
    }
    let mut names = Vec::new();
    for node in &configuration.nodes {
        if node.negate == Some(true) || node.cpe_match.iter().any(|stated| stated.vulnerable) {
            continue;
        }
        let platforms = (node.cpe_match.iter()).filter_map(|stated| Cpe::parse(&stated.criteria));
        let fits: Vec<String> = platforms
            .filter(|cpe| cpe.part != 'o' || runs_linux(&cpe.product))
            .map(|cpe| cpe.package())
            .collect();
        if fits.is_empty() && !node.cpe_match.is_empty() {
            return None;
        }
        names.extend(fits);
    }
    names.sort();
    names.dedup();
    let more = names.len() > PLATFORM_LIMIT;
    names.truncate(PLATFORM_LIMIT);
    if names.is_empty() {
        return Some(String::new());
    }
    let more = if more { ", …" } else { "" };
    Some(format!("on {}{more}", names.join(", ")))
}

/// Says whether programs of Linux can run on an operating system, by the product's name: all but
/// those known to be others.
fn runs_linux(product: &str) -> bool {
    const OTHERS: [&str; 14] = [
        "windows",
        "macos",
        "mac_os",
        "iphone_os",
        "ipados",
        "ios",
        "ios_xe",
        "tvos",
        "watchos",
        "freebsd",
        "openbsd",
        "netbsd",
        "solaris",
        "aix",
    ];
    !OTHERS.iter().any(|other| {
        product.strip_prefix(other).is_some_and(|rest| {
            // `windows_server_2019`, `mac_os_x`; but not `iosevka`.
            rest.is_empty() || rest.starts_with(['_', '-', '.'])
        })
    })
}

/// Returns the name of a vulnerable application that can be a program of Linux.
fn vulnerable(stated: &CpeMatch) -> Option<Cpe> {
    let cpe = Cpe::parse(&stated.criteria).filter(|_| stated.vulnerable)?;
    let open = matches!(
        cpe.target.as_str(),
        "*" | "-" | "linux" | "linux_kernel" | "unix"
    );
    (cpe.part == 'a' && open).then_some(cpe)
}

/// Adds what one name says about versions.
fn affected(stated: &CpeMatch, cpe: &Cpe, ranges: &mut Vec<Range>, versions: &mut Vec<String>) {
    let text = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or("").trim();
        (!text.is_empty() && text.len() <= 200).then(|| text.to_owned())
    };
    let (including, excluding) = (
        text(&stated.version_start_including),
        text(&stated.version_start_excluding),
    );
    let (last, fixed) = (
        text(&stated.version_end_including),
        text(&stated.version_end_excluding),
    );
    match cpe.version.as_str() {
        "*" => ranges.push(Range {
            exclusive: including.is_none() && excluding.is_some(),
            introduced: including.or(excluding).unwrap_or_default(),
            last_affected: last.filter(|_| fixed.is_none()),
            fixed,
        }),
        "-" => {}
        version => match cpe.update.as_str() {
            "*" | "-" => versions.push(version.to_owned()),
            // Programs write it either way: `9.8p1`, `3.0.0-beta1`.
            update => {
                versions.push(format!("{version}{update}"));
                versions.push(format!("{version}-{update}"));
            }
        },
    }
}
