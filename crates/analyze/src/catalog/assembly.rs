//! Joining the packages of a squashed image: one entry per package however many files state it, and
//! requirements resolved to the packages that fulfil them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_model::analyzer::{Assembled, Fact, Located, View};
use plimsoll_model::distro::Distro;
use plimsoll_model::package::{Package, Requirement};
use plimsoll_model::path::ImagePath;
use plimsoll_model::version::Scheme;

use super::purl::purl;
use super::requirement::satisfies;

/// The most packages looked at for one requirement. Keeps the work linear when ten thousand hostile
/// packages all provide the same thing.
const MAX_CANDIDATES: usize = 64;

/// Is an installed package on its way out.
#[derive(Debug)]
pub(crate) struct Installed<'a> {
    /// The fact it came from; holds what it requires and provides.
    pub(crate) fact: &'a Package,
    /// The package as it goes out. `requires` and `provides` stay behind: they are resolved here
    /// into `depends_on` and would be most of the memory.
    pub(crate) package: Package,
    /// The layer that introduced it.
    pub(crate) introduced: usize,
}

/// Returns the files whose facts count: where two paths lead to the same file (a symlinked folder),
/// the one written in the highest layer.
pub(crate) fn distinct_files<'a>(view: &View<'a>) -> BTreeSet<&'a ImagePath> {
    let mut chosen: BTreeMap<ImagePath, (usize, &'a ImagePath)> = BTreeMap::new();
    let mut last: Option<&ImagePath> = None;
    for located in view.facts {
        if last == Some(located.path) || !matches!(located.fact, Fact::Package(_)) {
            continue;
        }
        last = Some(located.path);
        let real = (view.resolve)(located.path).unwrap_or_else(|| located.path.clone());
        let candidate = (located.layer, located.path);
        chosen
            .entry(real)
            .and_modify(|held| *held = (*held).max(candidate))
            .or_insert(candidate);
    }
    chosen.into_values().map(|(_, path)| path).collect()
}

/// Collects the packages of the files that `keep` accepts (asked once per file), sorted by name, architecture and
/// version. A package that several files state is one, with all their paths.
pub(crate) fn collect<'a>(
    view: &View<'a>,
    mut keep: impl FnMut(&Located<'a>) -> bool,
) -> Vec<Installed<'a>> {
    let files = distinct_files(view);
    let mut seen: HashMap<(&str, &str, Option<&str>), usize> = HashMap::new();
    let mut all: Vec<Installed<'a>> = Vec::new();
    // Facts come sorted by path: what follows from the path is worked out once per file.
    let mut file: Option<(&ImagePath, Option<String>)> = None;
    for located in view.facts {
        let Fact::Package(fact) = located.fact else {
            continue;
        };
        let fact: &'a Package = fact;
        if file.as_ref().is_none_or(|(path, _)| *path != located.path) {
            let counts = files.contains(located.path) && keep(located);
            file = Some((located.path, counts.then(|| located.path.to_text())));
        }
        let Some((_, Some(location))) = &file else {
            continue;
        };
        let key = (
            fact.name.as_str(),
            fact.version.as_str(),
            fact.arch.as_deref(),
        );
        if let Some(held) = seen.get(&key).and_then(|index| all.get_mut(*index)) {
            // Facts come file by file: a file that states it twice has just been named.
            if held.package.locations.last() != Some(location) {
                held.package.locations.push(location.clone());
            }
            held.introduced = held.introduced.min(located.introduced);
            continue;
        }
        seen.insert(key, all.len());
        all.push(Installed {
            fact,
            package: bare(fact, location.clone()),
            introduced: located.introduced,
        });
    }
    for installed in &mut all {
        installed.package.locations.sort();
    }
    all.sort_by(|a, b| {
        let key = |i: &Installed<'a>| (&i.fact.name, &i.fact.arch, &i.fact.version);
        key(a).cmp(&key(b))
    });
    all
}

/// Collects packages one by one: a package that lies at several places is as many packages, since
/// each place has its own neighbours. Sorted by path, then in the order in which they were found.
///
/// Where several paths lead to the same file it counts once. Once dependencies are found, the engine
/// makes one of those that differ in nothing but their files.
pub(crate) fn collect_each<'a>(view: &View<'a>) -> Vec<(&'a ImagePath, Installed<'a>)> {
    let files = distinct_files(view);
    view.facts
        .iter()
        .filter(|located| files.contains(located.path))
        .filter_map(|located| {
            let Fact::Package(fact) = located.fact else {
                return None;
            };
            // A package inside an archive says itself where in the file it lies.
            let location = located.path.to_text();
            let mut package = bare(fact, location);
            if !fact.locations.is_empty() {
                package.locations.clone_from(&fact.locations);
            }
            let one = Installed {
                fact,
                package,
                introduced: located.introduced,
            };
            Some((located.path, one))
        })
        .collect()
}

/// Fills `depends_on` with the purls of the packages at these indices, which must have purls.
pub(crate) fn set_dependencies(installed: &mut [Installed<'_>], found: Vec<Vec<usize>>) {
    let purls: Vec<String> = installed.iter().map(|i| i.package.purl.clone()).collect();
    for (one, targets) in installed.iter_mut().zip(found) {
        one.package.depends_on = targets
            .into_iter()
            .filter_map(|target| purls.get(target).cloned())
            .filter(|purl| *purl != one.package.purl)
            .collect();
        one.package.depends_on.sort();
        one.package.depends_on.dedup();
    }
}

/// Hands packages over as they are.
pub(crate) fn hand_over<'a>(
    installed: impl IntoIterator<Item = Installed<'a>>,
    out: &mut Assembled,
) {
    out.packages.extend(
        installed
            .into_iter()
            .map(|one| (one.package, one.introduced)),
    );
}

/// Copies a package without its relations.
fn bare(fact: &Package, location: String) -> Package {
    Package {
        name: fact.name.clone(),
        version: fact.version.clone(),
        kind: fact.kind,
        source: fact.source.clone(),
        arch: fact.arch.clone(),
        licenses: fact.licenses.clone(),
        locations: vec![location],
        requires: Vec::new(),
        provides: Vec::new(),
        requested: fact.requested,
        depends_on: Vec::new(),
        purl: String::new(),
        owned_by: None,
        properties: fact.properties.clone(),
    }
}

/// Gives every package its purl.
pub(crate) fn set_purls(installed: &mut [Installed<'_>], distro: Option<&Distro>) {
    for one in installed {
        one.package.purl = purl(&one.package, distro);
    }
}

/// Resolves what packages require into the purls of those that fulfil it.
///
/// Of a group of alternatives the first that an installed package fulfils counts: by name before by
/// provision, of the same architecture before any other. A version that does not fit counts only
/// if nothing fits (forced installations). `files` maps required paths to their owners.
pub(crate) fn resolve_requirements(
    installed: &mut [Installed<'_>],
    scheme: Scheme,
    files: &HashMap<&str, usize>,
) {
    let index = Index::new(installed, scheme);
    let mut resolved: Vec<Vec<usize>> = Vec::with_capacity(installed.len());
    for (at, one) in installed.iter().enumerate() {
        let arch = one.fact.arch.as_deref();
        let mut found: Vec<usize> = one
            .fact
            .requires
            .iter()
            .filter_map(|group| {
                let fits = |strict: bool| {
                    group
                        .iter()
                        .find_map(|wanted| index.find(wanted, (at, arch), strict))
                };
                let file = || {
                    group
                        .iter()
                        .find_map(|w| files.get(w.name.as_str()).copied())
                };
                fits(true).or_else(file).or_else(|| fits(false))
            })
            .filter(|target| *target != at)
            .collect();
        found.sort_unstable();
        found.dedup();
        resolved.push(found);
    }
    set_dependencies(installed, resolved);
}

/// Is who is called what and who provides what.
struct Index<'a> {
    scheme: Scheme,
    named: HashMap<&'a str, Vec<Offer<'a>>>,
    provided: HashMap<&'a str, Vec<Offer<'a>>>,
}

/// Is a package under a name that it answers to.
#[derive(Clone, Copy)]
struct Offer<'a> {
    package: usize,
    arch: Option<&'a str>,
    /// The version it has under that name; empty where a provision states none.
    version: &'a str,
}

impl<'a> Index<'a> {
    fn new(installed: &[Installed<'a>], scheme: Scheme) -> Self {
        let mut named: HashMap<&'a str, Vec<Offer<'a>>> = HashMap::new();
        let mut provided: HashMap<&'a str, Vec<Offer<'a>>> = HashMap::new();
        for (package, one) in installed.iter().enumerate() {
            let fact: &'a Package = one.fact;
            let offer = Offer {
                package,
                arch: fact.arch.as_deref(),
                version: &fact.version,
            };
            add(&mut named, &fact.name, offer);
            for provision in &fact.provides {
                let version = super::requirement::split_constraint(&provision.constraint).1;
                add(&mut provided, &provision.name, Offer { version, ..offer });
            }
        }
        Self {
            scheme,
            named,
            provided,
        }
    }

    /// Finds the package that fulfils a requirement of another one (its index and architecture).
    fn find(
        &self,
        wanted: &Requirement,
        (at, arch): (usize, Option<&str>),
        strict: bool,
    ) -> Option<usize> {
        let (name, arch) = match (self.scheme, wanted.name.split_once(':')) {
            (Scheme::Deb, Some((name, "any" | "native"))) => (name, arch),
            (Scheme::Deb, Some((name, qualifier))) => (name, Some(qualifier)),
            _ => (wanted.name.as_str(), arch),
        };
        for offers in [self.named.get(name), self.provided.get(name)] {
            if let Some(found) = offers.and_then(|offers| {
                let fitting = |offer: &&Offer<'_>| !strict || self.fits(wanted, offer);
                // What a package provides itself needs no other. Offers are sorted by package.
                let own = offers.binary_search_by_key(&at, |offer| offer.package);
                let own = own.ok().and_then(|own| offers.get(own));
                own.filter(fitting)
                    .or_else(|| nearest(offers.iter().filter(fitting), arch))
            }) {
                return Some(found.package);
            }
        }
        None
    }

    fn fits(&self, wanted: &Requirement, offer: &Offer<'_>) -> bool {
        if wanted.constraint.is_empty() {
            return true;
        }
        // A provision without version fulfils no requirement that states one (Debian Policy 7.5).
        !offer.version.is_empty() && satisfies(self.scheme, &wanted.constraint, offer.version)
    }
}

/// Returns the first offer of the same architecture, else of all architectures, else any.
fn nearest<'a, 'b>(
    offers: impl Iterator<Item = &'b Offer<'a>>,
    arch: Option<&str>,
) -> Option<&'b Offer<'a>>
where
    'a: 'b,
{
    let (mut independent, mut other) = (None, None);
    for offer in offers {
        match offer.arch {
            own if own == arch => return Some(offer),
            Some("all" | "noarch") => independent = independent.or(Some(offer)),
            _ => other = other.or(Some(offer)),
        }
    }
    independent.or(other)
}

fn add<'a>(map: &mut HashMap<&'a str, Vec<Offer<'a>>>, name: &'a str, offer: Offer<'a>) {
    let offers = map.entry(name).or_default();
    if offers.len() < MAX_CANDIDATES {
        offers.push(offer);
    }
}
