//! Joining lock files with the `package.json` beside them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_model::analyzer::{Assembled, Fact, View};
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::path::{ImagePath, file_name, parent};

use super::lock::set_flag;
use super::{ASKS_NOTE, BINARY_NOTE, WORKSPACES_NOTE};
use crate::catalog::assembly::{Installed, collect_each, hand_over, set_dependencies, set_purls};

/// Is what the `package.json` of a folder says.
#[derive(Default)]
struct Project<'a> {
    asks: &'a str,
    workspaces: bool,
}

/// Is what projects lead to: to run, and for developers.
#[derive(Default)]
struct Asked {
    run: Vec<usize>,
    develop: Vec<usize>,
}

/// Joins the packages of all lock files, each file for itself.
pub(super) fn assemble(view: &View<'_>, out: &mut Assembled) {
    let (paths, mut installed): (Vec<&ImagePath>, Vec<Installed<'_>>) =
        collect_each(view).into_iter().unzip();
    set_purls(&mut installed, view.distro);
    let projects = projects(view);
    let owners = owners(&paths, &installed, &projects);
    report_binary(view, &paths, out);
    let mut edges: Vec<Vec<usize>> = Vec::with_capacity(installed.len());
    let mut marks: Vec<(usize, bool, bool)> = Vec::new();
    let mut start = 0;
    // Packages of a file stand together.
    while let Some(path) = paths.get(start) {
        let count = paths.iter().skip(start).take_while(|p| *p == path).count();
        let here = installed.get(start..start + count).unwrap_or_default();
        let own = edges_of(here);
        if let Some(owners) = owners.get(path) {
            let asked = asked(here, owners);
            if !asked.run.is_empty() || !asked.develop.is_empty() {
                let direct: BTreeSet<usize> =
                    asked.run.iter().chain(&asked.develop).copied().collect();
                let run = reach(&own, asked.run);
                let develop = reach(&own, asked.develop);
                let is = |all: &[bool], at: usize| all.get(at).copied().unwrap_or_default();
                marks.extend((0..count).map(|at| {
                    let dev = is(&develop, at) && !is(&run, at);
                    (start + at, direct.contains(&at), dev)
                }));
            }
        }
        let shifted = own
            .into_iter()
            .map(|targets| targets.into_iter().map(|target| start + target).collect());
        edges.extend(shifted);
        start += count;
    }
    for (at, direct, dev) in marks {
        if let Some(one) = installed.get_mut(at) {
            let held = one.package.requested.unwrap_or_default();
            one.package.requested = Some(held || direct);
            set_flag(&mut one.package, "dev", dev);
        }
    }
    set_dependencies(&mut installed, edges);
    hand_over(installed, out);
}

/// Collects what `package.json` files say, by folder.
fn projects<'a>(view: &View<'a>) -> BTreeMap<&'a [u8], Project<'a>> {
    let mut all: BTreeMap<&[u8], Project<'_>> = BTreeMap::new();
    for located in view.facts {
        let Fact::Note { key, value } = located.fact else {
            continue;
        };
        match key.as_str() {
            ASKS_NOTE => all.entry(located.path.parent()).or_default().asks = value,
            WORKSPACES_NOTE => {
                all.entry(located.path.parent()).or_default().workspaces = true;
            }
            _ => {}
        }
    }
    all
}

/// Finds the projects that each lock file is for, where it leaves it to them to say what they ask for:
/// the one beside it, and those in folders below where that one has workspaces and no lock file is
/// nearer.
fn owners<'a>(
    paths: &[&'a ImagePath],
    installed: &[Installed<'_>],
    projects: &BTreeMap<&'a [u8], Project<'a>>,
) -> BTreeMap<&'a ImagePath, Vec<&'a str>> {
    let mut asking: HashMap<&[u8], BTreeSet<&'a ImagePath>> = HashMap::new();
    for (path, one) in paths.iter().zip(installed) {
        if !one.fact.provides.is_empty() {
            asking.entry(path.parent()).or_default().insert(path);
        }
    }
    let mut owners: BTreeMap<&ImagePath, Vec<&str>> = BTreeMap::new();
    for (folder, project) in projects {
        let mut at = *folder;
        let locks = loop {
            match asking.get(at) {
                Some(locks) => break Some(locks),
                None if at.is_empty() => break None,
                None => at = parent(at),
            }
        };
        let part = at == *folder || projects.get(at).is_some_and(|root| root.workspaces);
        for lock in locks.into_iter().flatten().filter(|_| part) {
            owners.entry(lock).or_default().push(project.asks);
        }
    }
    owners
}

/// Resolves what the packages of one file require.
fn edges_of(here: &[Installed<'_>]) -> Vec<Vec<usize>> {
    let index: HashMap<(&str, &str), usize> = here
        .iter()
        .enumerate()
        .map(|(at, one)| ((one.fact.name.as_str(), one.fact.version.as_str()), at))
        .collect();
    here.iter()
        .map(|one| {
            let wanted = one.fact.requires.iter().flatten();
            wanted
                .filter_map(|wanted| {
                    let key = (wanted.name.as_str(), wanted.constraint.as_str());
                    index.get(&key).copied()
                })
                .collect()
        })
        .collect()
}

/// Finds what projects ask for among the packages of one file.
fn asked(here: &[Installed<'_>], owners: &[&str]) -> Asked {
    let mut offers: HashMap<(&str, &str), usize> = HashMap::new();
    for (at, one) in here.iter().enumerate() {
        for offer in &one.fact.provides {
            offers.insert((&offer.name, &offer.constraint), at);
        }
    }
    let mut asked = Asked::default();
    for line in owners.iter().flat_map(|asks| asks.lines()) {
        let mut fields = line.split('\t');
        let (Some(mark), Some(name), Some(range)) = (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let get = |range: &str| offers.get(&(name, range)).copied();
        let found = get(range)
            .or_else(|| get(&format!("npm:{range}")))
            // The first form of npm's lock file has one package of a name at the top.
            .or_else(|| get(""));
        match (found, mark) {
            (Some(found), "d") => asked.develop.push(found),
            (Some(found), _) => asked.run.push(found),
            (None, _) => {}
        }
    }
    asked
}

/// Marks what can be reached, the start included.
fn reach(edges: &[Vec<usize>], start: Vec<usize>) -> Vec<bool> {
    let mut seen = vec![false; edges.len()];
    let mut open = start;
    while let Some(index) = open.pop() {
        if let Some(seen) = seen.get_mut(index).filter(|seen| !**seen) {
            *seen = true;
            open.extend(edges.get(index).into_iter().flatten());
        }
    }
    seen
}

/// Says of bun's binary lock files what to do, where no readable one lies beside them.
fn report_binary(view: &View<'_>, paths: &[&ImagePath], out: &mut Assembled) {
    let readable: BTreeSet<&[u8]> = paths
        .iter()
        .filter(|path| file_name(path.as_bytes()) == b"bun.lock")
        .map(|path| path.parent())
        .collect();
    for located in view.facts {
        let binary = matches!(located.fact, Fact::Note { key, .. } if key == BINARY_NOTE);
        if binary && !readable.contains(located.path.parent()) {
            out.issues.push(Issue::new(
                IssueKind::Unsupported,
                located.path.to_text(),
                "is bun's binary lock file, which is not read: \
                 `bun install --save-text-lockfile` writes one that is",
            ));
        }
    }
}
