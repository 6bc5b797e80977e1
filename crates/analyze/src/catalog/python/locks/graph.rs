//! Who requires whom in lock files: names within one file, versions, and extras that someone asks for.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use plimsoll_model::analyzer::{Assembled, Fact, View};
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::package::Requirement;
use plimsoll_model::path::ImagePath;

use super::super::super::assembly::{
    Installed, collect_each, hand_over, set_dependencies, set_purls,
};
use super::super::name::normalized;
use super::super::version::{Version, fulfils_all};
use super::{Role, note};

/// The most versions of one package in one file that are told apart.
const MAX_VERSIONS: usize = 16;

/// The most groups of one file that are followed.
const MAX_GROUPS: usize = 32;

/// The most rounds in which extras ask for extras.
const MAX_ROUNDS: usize = 8;

/// The most bytes of constraints that are judged where there are several versions of a package, over all
/// files and versions. A thousand lock files with a thousand such requirements each need some 80 million.
const MAX_JUDGED: usize = 100_000_000;

/// Is a requirement, or what a manifest asks for, in its parts.
#[derive(Clone, Copy, Debug)]
struct Wanted<'a> {
    /// The group that asks; empty where groups do not matter.
    group: &'a str,
    /// The normalised name.
    name: &'a str,
    /// Normalised extras, commas between them.
    extras: &'a str,
    versions: &'a str,
    marker: &'a str,
}

impl<'a> Wanted<'a> {
    fn new(group: &'a str, name: &'a str, constraint: &'a str) -> Self {
        let (name, extras) = name.split_once('[').unwrap_or((name, ""));
        let (versions, marker) = constraint.split_once(';').unwrap_or((constraint, ""));
        Self {
            group,
            name,
            extras: extras.strip_suffix(']').unwrap_or(extras),
            versions: versions.trim(),
            marker: marker.trim(),
        }
    }

    fn extras(self) -> impl Iterator<Item = &'a str> {
        self.extras.split(',').filter(|extra| !extra.is_empty())
    }

    /// Says whether it counts when these extras are asked for: its marker names one of them, or none
    /// at all.
    fn counts(self, asked: Option<&BTreeSet<&'a str>>) -> bool {
        let mut named = named_extras(self.marker).peekable();
        named.peek().is_none()
            || named.any(|extra| asked.is_some_and(|asked| asked.contains(extra.as_ref())))
    }
}

impl<'a> From<&'a Requirement> for Wanted<'a> {
    fn from(wanted: &'a Requirement) -> Self {
        Self::new("", &wanted.name, &wanted.constraint)
    }
}

/// Returns the extras that a marker names: `extra == 'NAME'`, normalised.
fn named_extras(marker: &str) -> impl Iterator<Item = Cow<'_, str>> {
    marker.match_indices("extra").filter_map(|(at, word)| {
        let rest = marker.get(at + word.len()..)?.trim_start();
        let rest = rest.strip_prefix("==")?.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (name, _) = rest.get(1..)?.split_once(quote)?;
        let plain = name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        Some(if plain {
            Cow::Borrowed(name)
        } else {
            Cow::Owned(normalized(name))
        })
    })
}

/// Is what is asked for, by the file that says it.
#[derive(Default)]
struct Asked<'a> {
    by_file: BTreeMap<&'a ImagePath, Vec<Wanted<'a>>>,
}

impl<'a> Asked<'a> {
    fn new(view: &View<'a>) -> Self {
        let mut asked = Self::default();
        for located in view.facts {
            let Fact::Note { key, value } = located.fact else {
                continue;
            };
            let list = asked.by_file.entry(located.path).or_default();
            let mut parts = value.splitn(3, '\t');
            if key == note::DIRECT
                && let (Some(group), Some(name), Some(constraint)) =
                    (parts.next(), parts.next(), parts.next())
            {
                list.push(Wanted::new(group, name, constraint));
            }
        }
        asked
    }

    /// Returns what is asked for of a lock file; `None` where that is not known.
    fn of(&self, lock: &ImagePath) -> Option<&[Wanted<'a>]> {
        let beside = |name: &[u8]| {
            let folder = lock.parent();
            let raw = [folder, b"/", name].concat();
            let path = ImagePath::normalize(&raw).ok()?;
            self.by_file.get(&path).map(Vec::as_slice)
        };
        match Role::of(lock.as_bytes())? {
            Role::Uv => self.by_file.get(lock).map(Vec::as_slice),
            Role::Poetry | Role::Pdm | Role::Pylock => beside(b"pyproject.toml"),
            Role::PipenvLock => beside(b"Pipfile"),
            _ => None,
        }
    }
}

/// Joins the packages of each file and hands them out.
pub(super) fn assemble(view: &View<'_>, out: &mut Assembled) {
    let asked = Asked::new(view);
    let (paths, mut installed): (Vec<&ImagePath>, Vec<Installed<'_>>) =
        collect_each(view).into_iter().unzip();
    set_purls(&mut installed, view.distro);
    let mut found = Vec::with_capacity(installed.len());
    let judged = Cell::new(0);
    let mut start = 0;
    // Packages come sorted by file.
    for of_file in paths.chunk_by(|a, b| a == b) {
        let end = start + of_file.len();
        if let (Some(path), Some(all)) = (of_file.first(), installed.get_mut(start..end)) {
            let asked = asked.of(path);
            let file = File::new(all, asked.unwrap_or_default(), &judged);
            let edges = file.edges();
            let (requested, groups) = file.reached(&edges);
            for (at, one) in all.iter_mut().enumerate() {
                if asked.is_some() {
                    one.package.requested = Some(requested.contains(&at));
                }
                if let Some(groups) = groups.get(at).filter(|groups| !groups.is_empty()) {
                    let names: Vec<&str> = groups.iter().copied().collect();
                    let properties = &mut one.package.properties;
                    properties.insert("groups".to_owned(), names.join(","));
                    let needed = |group: &&str| *group == "main" || group.starts_with("extra:");
                    if !names.iter().any(needed) {
                        properties.insert("dev".to_owned(), "true".to_owned());
                    }
                }
            }
            found.extend(edges.into_iter().map(|targets| {
                targets
                    .into_iter()
                    .map(|target| start + target)
                    .collect::<Vec<usize>>()
            }));
        }
        start = end;
    }
    if judged.get() > MAX_JUDGED {
        out.issues.push(Issue::new(
            IssueKind::Unsupported,
            "Python",
            "more requirements than are judged in lock files; dependencies are missing",
        ));
    }
    set_dependencies(&mut installed, found);
    hand_over(installed, out);
}

/// Is one lock file.
struct File<'a> {
    by_name: HashMap<String, Vec<(usize, Option<Version>)>>,
    wanted: Vec<Vec<Wanted<'a>>>,
    names: Vec<String>,
    asked: &'a [Wanted<'a>],
    /// What judging constraints has cost so far, in all files.
    judged: &'a Cell<usize>,
}

impl<'a> File<'a> {
    fn new(installed: &[Installed<'a>], asked: &'a [Wanted<'a>], judged: &'a Cell<usize>) -> Self {
        let mut by_name: HashMap<String, Vec<(usize, Option<Version>)>> = HashMap::new();
        let names: Vec<String> = installed
            .iter()
            .map(|one| normalized(&one.package.name))
            .collect();
        for (at, (one, name)) in installed.iter().zip(&names).enumerate() {
            let versions = by_name.entry(name.clone()).or_default();
            if versions.len() < MAX_VERSIONS {
                versions.push((at, Version::parse(&one.package.version)));
            }
        }
        let wanted = installed.iter().map(|one| {
            let fact: &'a plimsoll_model::package::Package = one.fact;
            fact.requires.iter().flatten().map(Wanted::from).collect()
        });
        Self {
            wanted: wanted.collect(),
            by_name,
            names,
            asked,
            judged,
        }
    }

    /// Returns the packages that a requirement leads to: those whose version fits; all of that name
    /// where none does, since a lock file may be older than its manifest.
    fn find(&self, wanted: Wanted<'_>) -> impl Iterator<Item = usize> {
        let all = self.by_name.get(wanted.name).map(Vec::as_slice);
        let mut all = all.unwrap_or_default();
        if all.len() > 1 {
            let cost = all.len() * (16 + wanted.versions.len());
            self.judged.set(self.judged.get() + cost);
            if self.judged.get() > MAX_JUDGED {
                all = &[];
            }
        }
        let one = |version: &Option<Version>| {
            let version = version.as_ref();
            version.is_none_or(|version| fits(version, wanted.versions))
        };
        let fitting: Vec<usize> = match all {
            [(at, _)] => vec![*at],
            all => {
                let fitting = all.iter().filter(|(_, version)| one(version));
                fitting.map(|(at, _)| *at).collect()
            }
        };
        let rest = if fitting.is_empty() { all } else { &[] };
        fitting.into_iter().chain(rest.iter().map(|(at, _)| *at))
    }

    /// Finds who requires whom.
    fn edges(&self) -> Vec<Vec<usize>> {
        let ask = |extras: &mut HashMap<&'a str, BTreeSet<&'a str>>, wanted: Wanted<'a>| {
            let mut more = false;
            for extra in wanted.extras() {
                more |= extras.entry(wanted.name).or_default().insert(extra);
            }
            more
        };
        let mut extras_of: HashMap<&'a str, BTreeSet<&'a str>> = HashMap::new();
        for wanted in self.asked {
            ask(&mut extras_of, *wanted);
        }
        for _ in 0..MAX_ROUNDS {
            let mut more = false;
            for (name, list) in self.names.iter().zip(&self.wanted) {
                for wanted in list.iter().filter(|wanted| !wanted.extras.is_empty()) {
                    if wanted.counts(extras_of.get(name.as_str())) {
                        more |= ask(&mut extras_of, *wanted);
                    }
                }
            }
            if !more {
                break;
            }
        }
        let edges = self.names.iter().zip(&self.wanted).map(|(name, list)| {
            let asked = extras_of.get(name.as_str());
            let counting = list.iter().filter(|wanted| wanted.counts(asked));
            let mut targets: Vec<usize> = counting.flat_map(|wanted| self.find(*wanted)).collect();
            targets.sort_unstable();
            targets.dedup();
            targets
        });
        edges.collect()
    }

    /// Returns who is asked for, and the groups in which each package is, for files that state groups
    /// only of what is asked for.
    fn reached(&self, edges: &[Vec<usize>]) -> (HashSet<usize>, Vec<BTreeSet<&'a str>>) {
        let mut requested = HashSet::new();
        let mut seeds: BTreeMap<&'a str, Vec<usize>> = BTreeMap::new();
        for wanted in self.asked {
            for target in self.find(*wanted) {
                requested.insert(target);
                if !wanted.group.is_empty() {
                    seeds.entry(wanted.group).or_default().push(target);
                }
            }
        }
        let mut groups = vec![BTreeSet::new(); edges.len()];
        for (group, mut open) in seeds.into_iter().take(MAX_GROUPS) {
            while let Some(at) = open.pop() {
                if groups.get_mut(at).is_some_and(|set| set.insert(group)) {
                    open.extend(edges.get(at).into_iter().flatten());
                }
            }
        }
        (requested, groups)
    }
}

/// Says whether a version fulfils a constraint as PEP 440 or Poetry writes it: `||` parts alternatives,
/// `^1.2` and `~1.2` are ranges, a bare version is that one, `*` any.
fn fits(version: &Version, constraint: &str) -> bool {
    constraint.split("||").any(|all| {
        all.split(',').map(str::trim).all(|clause| {
            if let Some(bound) = clause.strip_prefix('^') {
                let mut places = bound.split('.');
                // The first place that is not zero must stay.
                let zeros = places.clone().take_while(|place| *place == "0").count();
                let fixed: Vec<&str> = places.by_ref().take(zeros + 1).collect();
                fulfils_all(version, &format!(">={bound},=={}.*", fixed.join(".")))
            } else if let Some(bound) = clause.strip_prefix('~').filter(|b| !b.starts_with('=')) {
                let fixed: Vec<&str> = bound.split('.').take(2).collect();
                fulfils_all(version, &format!(">={bound},=={}.*", fixed.join(".")))
            } else if clause.starts_with(|c: char| c.is_ascii_digit()) {
                fulfils_all(version, &format!("=={clause}"))
            } else {
                fulfils_all(version, clause)
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_of_poetry_are_judged() {
        let cases = [
            ("1.2.3", "^1.2", true),
            ("2.0", "^1.2", false),
            ("0.3.1", "^0.3", true),
            ("0.4", "^0.3", false),
            ("1.2.9", "~1.2.3", true),
            ("1.3", "~1.2.3", false),
            ("1.3", "*", true),
            ("1.3", "1.3", true),
            ("1.4", "1.3", false),
            ("1.6", ">=1.5,<1.5.7 || >1.5.7", true),
            ("1.5.7", ">=1.5,<1.5.7 || >1.5.7", false),
        ];
        for (version, constraint, want) in cases {
            let parsed = Version::parse(version).unwrap();
            assert_eq!(fits(&parsed, constraint), want, "{version} {constraint}");
        }
    }

    #[test]
    fn markers_name_extras() {
        let found: Vec<_> = named_extras(
            "os_name == 'nt' and (extra == \"Fast_1\" or extra=='b') and 'x' == extra",
        )
        .collect();
        assert_eq!(found, ["fast-1", "b"]);
    }
}
