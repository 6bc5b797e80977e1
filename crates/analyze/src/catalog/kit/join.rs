//! Joining the packages of an ecosystem in which packages find each other by name and place.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::HashMap;

use plimsoll_model::analyzer::{Assembled, View};
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::path::ImagePath;

use super::version;
use crate::catalog::assembly::{Installed, collect_each, hand_over, set_dependencies, set_purls};

/// The most packages of one name that are looked at for one requirement.
const MAX_CANDIDATES: usize = 64;

/// The most bytes of paths and versions that are compared, over all requirements. An installation of
/// 50,000 packages with ten requirements each and three candidates compares some 400 million. Those
/// that fit nothing cost as much as others.
const MAX_COMPARED: u64 = 2_000_000_000;

/// Is a package with the file that states it.
pub(crate) type Placed<'a> = (&'a ImagePath, Installed<'a>);

/// Is how packages find each other.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// Returns the part of a file's path that packages which see each other first have in common:
    /// a library's folder, or the whole path of a lock file.
    pub(crate) scope: fn(&[u8]) -> &[u8],
    /// Whether packages of other scopes count where the own scope has none.
    pub(crate) beyond: bool,
}

/// Is the scope of files that each stand alone: lock files.
pub(crate) const ALONE: Rules = Rules {
    scope: |path| path,
    beyond: false,
};

/// Collects packages, finds what each depends on, and hands them out.
pub(crate) fn join(view: &View<'_>, out: &mut Assembled, rules: Rules) {
    finish(collect_each(view), view, out, rules);
}

/// Finds what packages depend on, and hands them out; see [`finish_with`].
pub(crate) fn finish(placed: Vec<Placed<'_>>, view: &View<'_>, out: &mut Assembled, rules: Rules) {
    finish_with(placed, &[], (view, out), rules);
}

/// Finds what packages depend on, and hands them out. `offers` are further names of packages by their
/// index, sorted.
///
/// Of a group of alternatives the first that a package is called or provides counts. Of several of
/// that name those win that fulfil the constraint, then those of the own scope, then those whose scope
/// has the most folders in common with it, then the highest version.
pub(crate) fn finish_with(
    placed: Vec<Placed<'_>>,
    offers: &[(usize, &str)],
    (view, out): (&View<'_>, &mut Assembled),
    rules: Rules,
) {
    finish_within(placed, offers, (view, out), rules, MAX_COMPARED);
}

/// Is [`finish_with`] within a bound of bytes that are compared.
fn finish_within(
    placed: Vec<Placed<'_>>,
    offers: &[(usize, &str)],
    (view, out): (&View<'_>, &mut Assembled),
    rules: Rules,
    most: u64,
) {
    let (paths, mut installed): (Vec<&ImagePath>, Vec<Installed<'_>>) = placed.into_iter().unzip();
    set_purls(&mut installed, view.distro);
    let scope = |at: usize| paths.get(at).map(|path| (rules.scope)(path.as_bytes()));
    let compared = Cell::new(0_u64);
    let found = {
        let mut near: HashMap<(&[u8], &str), Vec<usize>> = HashMap::new();
        let mut far: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, one) in installed.iter().enumerate() {
            let own = scope(at).unwrap_or_default();
            let provided = one.fact.provides.iter().map(|offer| offer.name.as_str());
            let from = offers.partition_point(|(package, _)| *package < at);
            let further = offers.get(from..).unwrap_or_default().iter();
            let further = further.take_while(|(package, _)| *package == at);
            let names = std::iter::once(one.package.name.as_str()).chain(provided);
            for name in names.chain(further.map(|(_, name)| *name)) {
                add(near.entry((own, name)).or_default(), at);
                if rules.beyond {
                    add(far.entry(name).or_default(), at);
                }
            }
        }
        let find = |at: usize, name: &str, constraint: &str| {
            let own = scope(at).unwrap_or_default();
            if compared.get() > most {
                return None;
            }
            let near = near.get(&(own, name)).map(Vec::as_slice);
            let far = far.get(name).map(Vec::as_slice);
            let best = |candidates: Option<&[usize]>, strict: bool| {
                let candidates = candidates.unwrap_or_default().iter().copied();
                candidates
                    .filter_map(|candidate| Some((candidate, installed.get(candidate)?)))
                    .filter(|(_, one)| {
                        // The version of what is merely provided is another one.
                        if !strict || one.package.name != name {
                            return true;
                        }
                        let version = &one.package.version;
                        // Versions are parsed, which costs more than comparing paths.
                        let cost = 64 + 4 * (constraint.len() + version.len()) as u64;
                        compared.set(compared.get() + cost);
                        version::fits(constraint, version)
                    })
                    .reduce(|held, next| {
                        let place = |at: usize| {
                            let other = scope(at).unwrap_or_default();
                            let cost = 32 + own.len() + 4 * held.1.package.version.len();
                            compared.set(compared.get() + cost as u64);
                            common(own, other)
                        };
                        let order = place(next.0).cmp(&place(held.0)).then_with(|| {
                            version::compare(&next.1.package.version, &held.1.package.version)
                        });
                        if order == Ordering::Greater {
                            next
                        } else {
                            held
                        }
                    })
                    .map(|(candidate, _)| candidate)
            };
            best(near, true)
                .or_else(|| best(far, true))
                .or_else(|| best(near, false))
                .or_else(|| best(far, false))
        };
        let found = installed.iter().enumerate().map(|(at, one)| {
            let groups = one.fact.requires.iter();
            groups
                .filter_map(|group| {
                    group
                        .iter()
                        .find_map(|wanted| find(at, &wanted.name, &wanted.constraint))
                })
                .collect::<Vec<usize>>()
        });
        found.collect::<Vec<_>>()
    };
    if compared.get() > most {
        let subject = installed
            .first()
            .map_or("", |one| one.package.kind.as_str());
        let detail = "more requirements than are looked for; dependencies are missing";
        let issue = Issue::new(IssueKind::Unsupported, subject, detail);
        out.issues.push(issue);
    }
    set_dependencies(&mut installed, found);
    hand_over(installed, out);
}

/// Counts the folders that two scopes have in common.
fn common(a: &[u8], b: &[u8]) -> usize {
    if a == b {
        return usize::MAX;
    }
    a.split(|byte| *byte == b'/')
        .zip(b.split(|byte| *byte == b'/'))
        .take_while(|(a, b)| a == b)
        .count()
}

fn add(candidates: &mut Vec<usize>, at: usize) {
    if candidates.len() < MAX_CANDIDATES && candidates.last() != Some(&at) {
        candidates.push(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::analyzer::{Fact, Located};
    use plimsoll_model::ecosystem::PackageKind;
    use plimsoll_model::package::{Package, Requirement};

    #[test]
    fn requirements_that_fit_nothing_are_bounded_too() {
        let mut packages: Vec<Package> = (0..64)
            .map(|version| Package::new(PackageKind::Gem, "a", version.to_string()))
            .collect();
        let mut asker = Package::new(PackageKind::Gem, "b", "1");
        let wanted = Requirement {
            name: "a".to_owned(),
            constraint: format!("{}= 99", ">= 0, ".repeat(500)),
        };
        asker.requires = vec![vec![wanted]; 100];
        packages.push(asker);
        let facts: Vec<(ImagePath, Fact)> = (0..)
            .zip(packages)
            .map(|(at, package)| {
                let path = ImagePath::from_normalized(format!("lib/{at}").into_bytes());
                (path, Fact::Package(Box::new(package)))
            })
            .collect();
        let located: Vec<Located<'_>> = facts
            .iter()
            .map(|(path, fact)| Located {
                path,
                layer: 0,
                introduced: 0,
                fact,
            })
            .collect();
        let view = View {
            facts: &located,
            distro: None,
            resolve: &|path| Some(path.clone()),
        };
        let rules = Rules {
            scope: |_| b"lib",
            beyond: false,
        };
        for (most, said) in [(1_000_000, 1), (MAX_COMPARED, 0)] {
            let mut out = Assembled::default();
            finish_within(collect_each(&view), &[], (&view, &mut out), rules, most);
            assert_eq!(out.packages.len(), 65);
            assert_eq!(out.issues.len(), said, "{:?}", out.issues);
        }
    }
}
