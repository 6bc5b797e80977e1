//! Joining packages that one file states together: requirements name neighbours of the same file by
//! name and exact version.

use std::collections::HashMap;

use plimsoll_model::analyzer::{Assembled, View};
use plimsoll_model::package::Package;
use plimsoll_model::path::ImagePath;

use super::super::assembly::{Installed, collect_each, hand_over, set_dependencies, set_purls};

/// The most packages of one name and version that are compared to find the same again.
const MAX_ALIKE: usize = 64;

/// Leaves out packages that stand there already.
pub(crate) fn distinct(all: Vec<Package>) -> Vec<Package> {
    let mut alike: HashMap<(String, String), Vec<usize>> = HashMap::new();
    let mut kept: Vec<Package> = Vec::with_capacity(all.len());
    for package in all {
        let key = (package.name.clone(), package.version.clone());
        let alike = alike.entry(key).or_default();
        if alike.iter().any(|at| kept.get(*at) == Some(&package)) {
            continue;
        }
        if alike.len() < MAX_ALIKE {
            alike.push(kept.len());
        }
        kept.push(package);
    }
    kept
}

/// Assembles packages whose requirements are answered by the same file. A requirement's constraint
/// is the version exactly as the neighbour states it.
pub(crate) fn assemble_per_file(view: &View<'_>, out: &mut Assembled) {
    assemble_neighbours(collect_each(view), view, out);
}

/// Does what [`assemble_per_file`] does, of these packages alone.
pub(crate) fn assemble_neighbours(
    found: Vec<(&ImagePath, Installed<'_>)>,
    view: &View<'_>,
    out: &mut Assembled,
) {
    let (paths, mut installed): (Vec<&ImagePath>, Vec<Installed<'_>>) = found.into_iter().unzip();
    set_purls(&mut installed, view.distro);
    let mut index: HashMap<(&ImagePath, &str, &str), usize> = HashMap::new();
    for (at, (path, one)) in paths.iter().zip(&installed).enumerate() {
        index
            .entry((*path, &one.fact.name, &one.fact.version))
            .or_insert(at);
    }
    let found = paths
        .iter()
        .zip(&installed)
        .map(|(path, one)| {
            let wanted = one.fact.requires.iter().flatten();
            wanted
                .filter_map(|wanted| {
                    let key = (*path, wanted.name.as_str(), wanted.constraint.as_str());
                    index.get(&key).copied()
                })
                .collect()
        })
        .collect();
    set_dependencies(&mut installed, found);
    hand_over(installed, out);
}
