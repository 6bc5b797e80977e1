//! Dependency paths: from a package that was asked for, or that nobody depends on, down to a given
//! one.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use plimsoll_model::report::CatalogPackage;

/// The most paths kept for one package.
pub const MAX_PATHS: usize = 20;
/// The longest path that is followed, in packages: an image may hold a chain of a hundred thousand,
/// and every package of it a finding.
pub const MAX_PATH_LENGTH: usize = 64;

/// Is who depends on whom, turned round.
pub struct Dependents<'a> {
    packages: &'a [CatalogPackage],
    /// For each package, the indices of those that depend on it, ascending.
    dependents: Vec<Vec<usize>>,
}

impl<'a> Dependents<'a> {
    /// Turns the packages' `depends_on` round.
    pub fn new(packages: &'a [CatalogPackage]) -> Self {
        let by_purl: HashMap<&str, usize> = packages
            .iter()
            .enumerate()
            .map(|(index, package)| (package.package.purl.as_str(), index))
            .collect();
        let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); packages.len()];
        for (index, package) in packages.iter().enumerate() {
            for purl in &package.package.depends_on {
                if let Some(target) = by_purl.get(purl.as_str())
                    && *target != index
                    && let Some(list) = dependents.get_mut(*target)
                    && list.last() != Some(&index)
                {
                    list.push(index);
                }
            }
        }
        Self {
            packages,
            dependents,
        }
    }

    /// Returns the shortest path from each root down to a package, as purls; shortest first, then
    /// by name; at most [`MAX_PATHS`]. A root is a package that was asked for or that nobody
    /// depends on, or that stands [`MAX_PATH_LENGTH`] above. Where every way up is a circle, the
    /// package stands alone.
    pub fn paths_to(&self, package: usize) -> Vec<Vec<String>> {
        // Breadth first, upwards; `toward` says the next step down to the package.
        let mut toward: BTreeMap<usize, usize> = BTreeMap::new();
        let mut queue = VecDeque::from([(package, 1)]);
        let mut roots: Vec<usize> = Vec::new();
        toward.insert(package, package);
        while let Some((at, length)) = queue.pop_front() {
            if self.is_root(at) || length >= MAX_PATH_LENGTH {
                roots.push(at);
                if roots.len() >= MAX_PATHS * 4 {
                    break;
                }
                if at != package {
                    continue;
                }
            }
            for above in self.dependents.get(at).map_or(&[][..], Vec::as_slice) {
                if let std::collections::btree_map::Entry::Vacant(slot) = toward.entry(*above) {
                    slot.insert(at);
                    queue.push_back((*above, length + 1));
                }
            }
        }
        if roots.is_empty() {
            roots.push(package);
        }
        let mut paths: Vec<Vec<String>> = roots
            .iter()
            .map(|root| {
                let mut path = Vec::new();
                let mut at = *root;
                loop {
                    path.push(self.purl(at));
                    let below = toward.get(&at).copied().unwrap_or(at);
                    if below == at {
                        return path;
                    }
                    at = below;
                }
            })
            .collect();
        paths.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        paths.truncate(MAX_PATHS);
        paths
    }

    /// Says whether a package is in the image only because of these others: every way up from it meets
    /// one of them before it ends.
    pub(crate) fn only_through(&self, package: usize, others: &[usize]) -> bool {
        let mut seen = HashSet::from([package]);
        let mut open = vec![package];
        let mut met = false;
        while let Some(at) = open.pop() {
            if self.is_root(at) {
                return false;
            }
            for above in self.dependents.get(at).map_or(&[][..], Vec::as_slice) {
                if others.contains(above) {
                    met = true;
                } else if seen.insert(*above) {
                    open.push(*above);
                }
            }
        }
        met
    }

    fn is_root(&self, index: usize) -> bool {
        let requested = self
            .packages
            .get(index)
            .is_some_and(|p| p.package.requested == Some(true));
        requested || self.dependents.get(index).is_none_or(Vec::is_empty)
    }

    fn purl(&self, index: usize) -> String {
        self.packages
            .get(index)
            .map_or_else(String::new, |p| p.package.purl.clone())
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::ecosystem::PackageKind;
    use plimsoll_model::package::Package;

    use super::*;

    fn packages(spec: &[(&str, &[&str], Option<bool>)]) -> Vec<CatalogPackage> {
        spec.iter()
            .map(|(name, depends, requested)| {
                let mut package = Package::new(PackageKind::Deb, *name, "1");
                package.purl = (*name).to_owned();
                package.depends_on = depends.iter().map(|d| (*d).to_owned()).collect();
                package.requested = *requested;
                CatalogPackage { package, layer: 0 }
            })
            .collect()
    }

    fn shown(packages: &[CatalogPackage], index: usize) -> Vec<String> {
        Dependents::new(packages)
            .paths_to(index)
            .iter()
            .map(|p| p.join(" > "))
            .collect()
    }

    #[test]
    fn every_root_gives_its_shortest_path() {
        let graph = packages(&[
            ("libc", &[], None),
            ("zlib", &["libc"], None),
            ("curl", &["zlib", "libc"], None),
            ("git", &["zlib"], None),
        ]);
        assert_eq!(shown(&graph, 0), ["curl > libc", "git > zlib > libc"]);
        assert_eq!(shown(&graph, 2), ["curl"]);
    }

    #[test]
    fn what_was_asked_for_is_a_root_even_when_others_need_it() {
        let graph = packages(&[
            ("ssl", &[], Some(false)),
            ("curl", &["ssl"], Some(true)),
            ("git", &["curl"], Some(true)),
        ]);
        assert_eq!(shown(&graph, 0), ["curl > ssl"]);
        assert_eq!(shown(&graph, 1), ["curl", "git > curl"]);
    }

    #[test]
    fn circles_end() {
        let graph = packages(&[("a", &["b"], None), ("b", &["a"], None)]);
        assert_eq!(shown(&graph, 0), ["a"]);
    }

    #[test]
    fn a_chain_of_any_length_gives_a_path_of_a_bounded_one() {
        let names: Vec<String> = (0..1000).map(|n| format!("p{n}")).collect();
        let above: Vec<[&str; 1]> = names.iter().map(|name| [name.as_str()]).collect();
        let spec: Vec<(&str, &[&str], Option<bool>)> = (0..1000)
            .map(|n| {
                let depends: &[&str] = if n == 0 { &[] } else { &above[n - 1] };
                (names[n].as_str(), depends, None)
            })
            .collect();
        let graph = packages(&spec);
        let paths = Dependents::new(&graph).paths_to(0);
        assert_eq!((paths.len(), paths[0].len()), (1, MAX_PATH_LENGTH));
    }
}
