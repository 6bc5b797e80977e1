//! Joining packages into a graph: what each requires is looked for where Node would look
//! (Node's documentation, "Loading from `node_modules` folders"), through the links that pnpm and
//! workspaces make; who asked for them; who bundled them.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_model::analyzer::{Assembled, Fact, View};
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::path::{ImagePath, file_name, parent};

use super::super::assembly::{Installed, collect_each, set_dependencies, set_purls};
use super::archive::cache;
use super::installed::{BUNDLES_NOTE, DAMAGE_NOTE, IN_BUNDLE_NOTE};
use super::is_name;
use super::place::{Place, debian_root, folder_name, place};

/// The most bytes of paths looked up for all requirements together. An installation of 50,000 packages
/// with ten requirements each, four folders deep, asks two million times for some 100 bytes. Paths may be
/// sixteen thousand bytes long, so that a count of look-ups would bound nothing.
const MAX_LOOKED_UP_BYTES: u64 = 2_000_000_000;

/// The most steps from package to package that are taken to find what was bundled by whom.
const MAX_STEPS: usize = 20_000_000;

/// Is a package with where it lies.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own; all combinations occur"
)]
struct Node<'a> {
    /// Its folder, with all links followed; the cache's folder for an archive of yarn's.
    folder: Vec<u8>,
    /// Whether it is an archive of yarn's cache.
    archived: bool,
    place: Option<Place>,
    /// Whether it goes out as a package.
    listed: bool,
    /// Whether it lies outside of `node_modules` but a link in one leads to it.
    linked: bool,
    /// Whether it lies beside its own `node_modules`, and no link leads to it.
    application: bool,
    facts: &'a Beside<'a>,
}

/// Is what a file states beside its package.
#[derive(Default)]
struct Beside<'a> {
    bundles: Option<&'a str>,
    in_bundle: bool,
    damage: Option<&'a str>,
    /// Who asks for what, where the package is a project.
    asked: Option<&'a [String]>,
}

/// Joins the packages of the image.
pub(super) fn assemble(view: &View<'_>, out: &mut Assembled) {
    let beside = beside(view);
    let nothing = Beside::default();
    let mut files: Vec<&ImagePath> = Vec::new();
    let mut installed: Vec<Installed<'_>> = Vec::new();
    for (path, one) in collect_each(view) {
        files.push(path);
        installed.push(one);
    }
    let nodes: Vec<Node<'_>> = files
        .iter()
        .zip(&installed)
        .map(|(path, one)| {
            let archived = cache(path.as_bytes());
            let real = (view.resolve)(path).unwrap_or_else(|| (*path).clone());
            let place = place(real.as_bytes()).or_else(|| place(path.as_bytes()));
            Node {
                folder: archived.unwrap_or(real.parent()).to_vec(),
                archived: archived.is_some(),
                place,
                listed: !one.fact.name.is_empty()
                    && (archived.is_some() || place != Some(Place::Outside)),
                linked: false,
                application: false,
                facts: beside.get(path).unwrap_or(&nothing),
            }
        })
        .collect();
    let mut graph = Graph::new(view, nodes, &installed);
    graph.list_projects(&installed, out);
    set_purls(&mut installed, view.distro);
    let edges = graph.edges(&mut installed);
    graph.set_requested(&mut installed, &edges);
    graph.set_bundled(&mut installed, &edges);
    // What is not listed is nobody's dependency.
    let edges = edges
        .into_iter()
        .map(|targets| {
            let listed = |target: &usize| graph.nodes.get(*target).is_some_and(|n| n.listed);
            targets.into_iter().filter(listed).collect()
        })
        .collect();
    set_dependencies(&mut installed, edges);
    out.packages.extend(
        installed
            .into_iter()
            .zip(&graph.nodes)
            .filter(|(_, node)| node.listed)
            .map(|(one, _)| (one.package, one.introduced)),
    );
}

fn beside<'a>(view: &View<'a>) -> BTreeMap<&'a ImagePath, Beside<'a>> {
    let mut all: BTreeMap<&ImagePath, Beside<'_>> = BTreeMap::new();
    for located in view.facts {
        match located.fact {
            Fact::Requested(state) => {
                all.entry(located.path).or_default().asked = Some(&state.names);
            }
            Fact::Note { key, value } => {
                let held = all.entry(located.path).or_default();
                match key.as_str() {
                    BUNDLES_NOTE => held.bundles = Some(value),
                    IN_BUNDLE_NOTE => held.in_bundle = true,
                    DAMAGE_NOTE => held.damage = Some(value),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    all
}

struct Graph<'v, 'a> {
    view: &'v View<'a>,
    nodes: Vec<Node<'v>>,
    by_folder: HashMap<Vec<u8>, usize>,
    /// Archives of yarn's cache by folder and name; `None` where there are several versions.
    archived: HashMap<(Vec<u8>, &'v str), Option<usize>>,
    looked_up: Cell<u64>,
}

impl<'v, 'a> Graph<'v, 'a> {
    fn new(view: &'v View<'a>, nodes: Vec<Node<'v>>, installed: &[Installed<'v>]) -> Self {
        let mut by_folder = HashMap::with_capacity(nodes.len());
        let mut archived = HashMap::new();
        for (index, (node, one)) in nodes.iter().zip(installed).enumerate() {
            let fact: &'v plimsoll_model::package::Package = one.fact;
            if node.archived {
                archived
                    .entry((node.folder.clone(), fact.name.as_str()))
                    .and_modify(|held| *held = None)
                    .or_insert(Some(index));
            } else {
                by_folder.insert(node.folder.clone(), index);
            }
        }
        Self {
            view,
            nodes,
            by_folder,
            archived,
            looked_up: Cell::new(0),
        }
    }

    /// Finds what Node loads for a name from a folder.
    fn find(&self, from: &[u8], name: &str) -> Option<usize> {
        if !is_name(name) {
            return None;
        }
        let mut at = from;
        loop {
            if file_name(at) != b"node_modules" {
                match self.look(at, b"node_modules", name) {
                    Look::Found(index) => return Some(index),
                    Look::Unknown => return None,
                    Look::Nothing => {}
                }
            }
            if !self.archived.is_empty() && self.may_look_up(at) {
                let base = if at.is_empty() { &[][..] } else { b"/" };
                let cache = [at, base, b".yarn/cache"].concat();
                if let Some(found) = self.archived.get(&(cache, name)) {
                    return *found;
                }
            }
            if at.is_empty() {
                break;
            }
            at = parent(at);
        }
        debian_root(from)?;
        // Debian's Node looks here for whatever is not found otherwise.
        [&b"usr/share"[..], b"usr/lib"]
            .into_iter()
            .find_map(|base| match self.look(base, b"nodejs", name) {
                Look::Found(index) => Some(index),
                _ => None,
            })
    }

    /// Says whether one more look-up, below this folder, is within the bound.
    fn may_look_up(&self, base: &[u8]) -> bool {
        let cost = base.len() as u64 + 64;
        self.looked_up.set(self.looked_up.get() + cost);
        self.looked_up.get() <= MAX_LOOKED_UP_BYTES
    }

    /// Looks for a package right below a folder's folder of packages.
    fn look(&self, base: &[u8], modules: &[u8], name: &str) -> Look {
        if !self.may_look_up(base) {
            return Look::Unknown;
        }
        let mut folder = Vec::with_capacity(base.len() + modules.len() + name.len() + 16);
        if !base.is_empty() {
            folder.extend_from_slice(base);
            folder.push(b'/');
        }
        folder.extend_from_slice(modules);
        folder.push(b'/');
        folder.extend_from_slice(name.as_bytes());
        if let Some(index) = self.by_folder.get(&folder) {
            return Look::Found(*index);
        }
        folder.extend_from_slice(b"/package.json");
        match (self.view.resolve)(&ImagePath::from_normalized(folder)) {
            None => Look::Nothing,
            Some(real) => match self.by_folder.get(real.parent()) {
                Some(index) => Look::Found(*index),
                None => Look::Unknown,
            },
        }
    }

    /// Finds what an archive of yarn's cache requires: the only one of this name in the same cache.
    fn find_archived(&self, folder: &[u8], name: &str) -> Option<usize> {
        self.archived
            .get(&(folder.to_vec(), name))
            .copied()
            .flatten()
    }

    /// Lists what lies outside of `node_modules` and is a package all the same: projects beside
    /// their `node_modules`, workspaces that a link leads to, what lies in a folder of its name and
    /// version.
    fn list_projects(&mut self, installed: &[Installed<'_>], out: &mut Assembled) {
        let mut projects: BTreeSet<&[u8]> = BTreeSet::new();
        for node in &self.nodes {
            if let Some(project) = node.archived.then(|| strip(&node.folder, b".yarn/cache")) {
                projects.extend(project);
            }
            projects.extend(project(&node.folder));
        }
        let mut verdicts = Vec::new();
        for (index, (node, one)) in self.nodes.iter().zip(installed).enumerate() {
            if node.place != Some(Place::Outside) || node.archived {
                continue;
            }
            let (name, version) = (one.fact.name.as_str(), one.fact.version.as_str());
            let linked = !name.is_empty() && self.is_linked(index, name);
            let beside = projects.contains(node.folder.as_slice())
                || one.fact.requires.iter().flatten().take(64).any(|wanted| {
                    is_name(&wanted.name)
                        && !matches!(
                            self.look(&node.folder, b"node_modules", &wanted.name),
                            Look::Nothing
                        )
                });
            if beside && let Some(why) = node.facts.damage {
                let path = one.package.locations.first().map_or("", String::as_str);
                let detail = format!("could not be read to its end: {why}");
                out.issues
                    .push(Issue::new(IssueKind::Unsupported, path, detail));
            }
            if beside || linked || (!name.is_empty() && is_unpacked(&node.folder, name, version)) {
                verdicts.push((index, (linked, beside && !linked), !name.is_empty()));
            }
        }
        let mut kept = vec![false; self.nodes.len()];
        for (index, (linked, application), listed) in verdicts {
            if let Some((node, kept)) = self.nodes.get_mut(index).zip(kept.get_mut(index)) {
                (node.linked, node.application) = (linked, application);
                (node.listed, *kept) = (listed, true);
            }
        }
        // What does not count asks for nothing.
        let nothing: &'v Beside<'v> = &NOTHING;
        for (node, kept) in self.nodes.iter_mut().zip(kept) {
            if node.place == Some(Place::Outside) && !kept {
                node.facts = nothing;
            }
        }
    }

    /// Says whether a `node_modules` above, or one of the global ones, links to a project.
    fn is_linked(&self, index: usize, name: &str) -> bool {
        let Some(node) = self.nodes.get(index) else {
            return false;
        };
        let leads = |base: &[u8]| matches!(self.look(base, b"node_modules", name), Look::Found(found) if found == index);
        let mut at = parent(&node.folder);
        loop {
            if leads(at) {
                return true;
            }
            if at.is_empty() {
                break;
            }
            at = parent(at);
        }
        leads(b"usr/lib") || leads(b"usr/local/lib")
    }

    /// Resolves what each package requires; notes the names under which aliased ones are known.
    fn edges(&self, installed: &mut [Installed<'_>]) -> Vec<Vec<usize>> {
        let mut aliases: BTreeMap<usize, String> = BTreeMap::new();
        let mut edges: Vec<Vec<usize>> = Vec::with_capacity(installed.len());
        for (node, one) in self.nodes.iter().zip(installed.iter()) {
            let asked = node.facts.asked.unwrap_or_default();
            let wanted = one.fact.requires.iter().flatten().map(|w| &w.name);
            let mut found: Vec<usize> = Vec::new();
            for name in wanted.chain(asked) {
                let target = if node.archived {
                    self.find_archived(&node.folder, name)
                } else {
                    self.find(&node.folder, name)
                };
                let Some(target) = target else {
                    continue;
                };
                found.push(target);
                let known = installed.get(target).map(|t| t.fact.name.as_str());
                if known.is_some_and(|known| !known.is_empty() && known != name) {
                    aliases.entry(target).or_insert_with(|| name.clone());
                }
            }
            found.sort_unstable();
            found.dedup();
            edges.push(found);
        }
        for (index, (node, one)) in self.nodes.iter().zip(installed).enumerate() {
            let folder = folder_name(&node.folder);
            let own = node.place == Some(Place::Module)
                && !node.archived
                && folder != b"package"
                && !folder.starts_with(b"_")
                && folder != one.fact.name.as_bytes();
            let alias = aliases
                .remove(&index)
                .or_else(|| own.then(|| String::from_utf8_lossy(folder).into_owned()))
                .filter(|alias| is_name(alias));
            if let Some(alias) = alias {
                one.package.properties.insert("alias".to_owned(), alias);
            }
        }
        edges
    }

    /// Says of packages whether a project asks for them, and which only its developers need.
    fn set_requested(&self, installed: &mut [Installed<'_>], edges: &[Vec<usize>]) {
        let mut asked: BTreeSet<usize> = BTreeSet::new();
        let (mut run, mut develop) = (Vec::new(), Vec::new());
        let mut owners: BTreeSet<&[u8]> = BTreeSet::new();
        for (node, one) in self.nodes.iter().zip(installed.iter()) {
            let Some(names) = node.facts.asked else {
                continue;
            };
            owners.insert(&node.folder);
            let needed: BTreeSet<&str> = one
                .fact
                .requires
                .iter()
                .flatten()
                .map(|wanted| wanted.name.as_str())
                .collect();
            for name in names {
                let Some(target) = self.find(&node.folder, name) else {
                    continue;
                };
                asked.insert(target);
                if needed.contains(name.as_str()) {
                    run.push(target);
                } else {
                    develop.push(target);
                }
            }
        }
        let owned = |node: &Node<'_>| {
            let of = if node.archived {
                strip(&node.folder, b".yarn/cache")
            } else {
                project(&node.folder)
            };
            of.is_some_and(|of| owners.contains(of))
        };
        // What no project accounts for is there to run.
        run.extend((0..).zip(&self.nodes).filter_map(|(index, node)| {
            (node.place != Some(Place::Outside) && !owned(node)).then_some(index)
        }));
        let mut any = usize::MAX;
        let run = reach(edges, run, |_| true, &mut any);
        let develop = reach(edges, develop, |_| true, &mut any);
        for (index, (node, one)) in self.nodes.iter().zip(installed).enumerate() {
            let owned = owned(node);
            one.package.requested = if asked.contains(&index) || node.linked {
                Some(true)
            } else if owned || inner(&node.folder) {
                Some(false)
            } else {
                // What lies in npm's folder for global packages was asked for, except what came
                // with Node itself.
                let global = project(&node.folder).is_some_and(|of| file_name(of) == b"lib");
                (global && !matches!(one.fact.name.as_str(), "npm" | "corepack")).then_some(true)
            };
            if owned && develop.contains(&index) && !run.contains(&index) {
                let properties = &mut one.package.properties;
                properties.insert("dev".to_owned(), "true".to_owned());
            }
            if node.application {
                let properties = &mut one.package.properties;
                properties.insert("application".to_owned(), "true".to_owned());
            }
        }
    }

    /// Says of packages that came in the archive of another one which that is.
    fn set_bundled(&self, installed: &mut [Installed<'_>], edges: &[Vec<usize>]) {
        let mut bundlers: Vec<usize> =
            (0..).zip(&self.nodes).fold(Vec::new(), |mut all, (i, n)| {
                if n.facts.bundles.is_some() && n.place != Some(Place::Outside) {
                    all.push(i);
                }
                all
            });
        // The outermost first: it brought what the inner ones bundle.
        bundlers.sort_by_key(|index| self.nodes.get(*index).map_or(0, |node| node.folder.len()));
        let mut by: HashMap<usize, usize> = HashMap::new();
        let mut steps = MAX_STEPS;
        for bundler in bundlers {
            let (Some(node), Some(one)) = (self.nodes.get(bundler), installed.get(bundler)) else {
                continue;
            };
            let all = one.fact.requires.iter().flatten().map(|w| w.name.as_str());
            let names: Vec<&str> = match node.facts.bundles {
                Some("*") => all.collect(),
                names => names.unwrap_or_default().split(' ').collect(),
            };
            let within = [&node.folder[..], b"/node_modules/"].concat();
            let inside = |index: usize| {
                let node = self.nodes.get(index);
                node.is_some_and(|node| node.folder.starts_with(&within))
            };
            let first = names
                .into_iter()
                .filter_map(|name| self.find(&node.folder, name))
                .filter(|index| inside(*index))
                .collect();
            for index in reach(edges, first, inside, &mut steps) {
                by.entry(index).or_insert(bundler);
            }
        }
        for (index, node) in self.nodes.iter().enumerate() {
            if node.place != Some(Place::Module) || node.archived || by.contains_key(&index) {
                continue;
            }
            let above = parent(trim_scope(&node.folder));
            // A node_modules deeper in a package than its root came in its archive.
            let of = parent(above);
            let deeper = file_name(above) == b"node_modules"
                && !self.by_folder.contains_key(of)
                && inner(&node.folder);
            if deeper || node.facts.in_bundle {
                let found = self.enclosing(of);
                by.extend(found.map(|bundler| (index, bundler)));
            }
        }
        let purls: HashMap<usize, String> = by
            .values()
            .filter_map(|bundler| Some((*bundler, installed.get(*bundler)?.package.purl.clone())))
            .collect();
        for (index, one) in installed.iter_mut().enumerate() {
            if let Some(purl) = by.get(&index).and_then(|bundler| purls.get(bundler)) {
                let properties = &mut one.package.properties;
                properties.insert("bundled_by".to_owned(), purl.clone());
            }
        }
    }

    /// Returns the innermost package that a folder lies in.
    fn enclosing(&self, folder: &[u8]) -> Option<usize> {
        let mut at = folder;
        while !at.is_empty() && self.may_look_up(at) {
            if let Some(index) = self.by_folder.get(at)
                && self.nodes.get(*index)?.place != Some(Place::Outside)
            {
                return Some(*index);
            }
            at = parent(at);
        }
        None
    }
}

/// Is what a folder of packages holds under a name.
enum Look {
    /// A package that was read.
    Found(usize),
    /// Something that is no package by name and version; Node would load it and look no further.
    Unknown,
    Nothing,
}

static NOTHING: Beside<'static> = Beside {
    bundles: None,
    in_bundle: false,
    damage: None,
    asked: None,
};

/// Returns what can be reached, the start included, in so many steps as are left.
fn reach(
    edges: &[Vec<usize>],
    start: Vec<usize>,
    allowed: impl Fn(usize) -> bool,
    steps: &mut usize,
) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open = start;
    while let Some(index) = open.pop() {
        if seen.insert(index) {
            let targets = edges.get(index).map(Vec::as_slice).unwrap_or_default();
            let Some(left) = steps.checked_sub(targets.len() + 1) else {
                break;
            };
            *steps = left;
            let next = targets.iter().copied();
            open.extend(next.filter(|target| allowed(*target)));
        }
    }
    seen
}

/// Returns the folder beside whose outermost `node_modules` a package lies.
fn project(folder: &[u8]) -> Option<&[u8]> {
    if folder.starts_with(b"node_modules/") {
        return Some(&[]);
    }
    let at = memchr::memmem::find(folder, b"/node_modules/")?;
    folder.get(..at)
}

/// Says whether a package lies in the `node_modules` of another one, or in one of a store.
fn inner(folder: &[u8]) -> bool {
    let last = memchr::memmem::rfind(folder, b"node_modules/");
    last.is_some_and(|last| {
        let before = folder.get(..last).unwrap_or_default();
        project(before).is_some()
    })
}

fn strip<'f>(folder: &'f [u8], end: &[u8]) -> Option<&'f [u8]> {
    let before = folder.strip_suffix(end)?;
    Some(before.strip_suffix(b"/").unwrap_or(before))
}

/// Returns a package's folder, or that of its scope.
fn trim_scope(folder: &[u8]) -> &[u8] {
    let above = parent(folder);
    if file_name(above).starts_with(b"@") {
        above
    } else {
        folder
    }
}

/// Says whether a folder has the name and the version of what lies in it: `yarn-v1.22.22`,
/// `pnpm/9.1.0` of corepack.
fn is_unpacked(folder: &[u8], name: &str, version: &str) -> bool {
    let Some(before) = folder.strip_suffix(version.as_bytes()) else {
        return false;
    };
    [&b"/"[..], b"-v", b"-", b"@"].iter().any(|separator| {
        before
            .strip_suffix(*separator)
            .and_then(|before| before.strip_suffix(name.as_bytes()))
            .is_some_and(|before| matches!(before.last(), None | Some(b'/')))
    })
}
