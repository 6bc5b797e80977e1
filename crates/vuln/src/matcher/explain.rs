//! Says of one vulnerability how every package that a feed connects with it was judged, also where
//! the answer is "not affected": enough to check the answer by hand.

use std::collections::BTreeSet;

use plimsoll_model::advisory::{Advisory, Range};
use plimsoll_model::distro::Distro;
use plimsoll_model::report::CatalogPackage;

use super::judge::{Said, said, up_to};
use super::run::Asked;
use super::{Judge, ecosystems};
use crate::db::{Database, DbError};

/// Is how one statement of a feed was held against one package.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The index of the package.
    pub package: usize,
    /// The feed that makes the statement.
    pub feed: String,
    /// The statement.
    pub advisory: Advisory,
    /// The name that the package was compared by.
    pub name: String,
    /// The version that was compared.
    pub version: String,
    /// What came of it.
    pub outcome: Outcome,
    /// What was compared with what, one line for each range.
    pub comparisons: Vec<String>,
}

/// Is what came of holding a statement against a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The package is affected by what the statement says.
    Affected,
    /// It is not.
    NotAffected,
    /// The statement is about another architecture or module.
    NotConcerned,
    /// A version in the statement or the package's own is not understood.
    NotComparable,
    /// The feed has not decided.
    Undecided,
}

impl Outcome {
    /// Returns the text form used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::NotAffected => "not_affected",
            Self::NotConcerned => "not_concerned",
            Self::NotComparable => "not_comparable",
            Self::Undecided => "undecided",
        }
    }
}

/// Holds every statement about an id (any name of the vulnerability) against the packages that it
/// names. Sorted by package, feed and record.
///
/// # Errors
/// When a part of the database that is needed is damaged.
pub fn explain(
    db: &Database,
    packages: &[CatalogPackage],
    distro: Option<&Distro>,
    id: &str,
) -> Result<Vec<Judgement>, DbError> {
    let numbers: BTreeSet<u32> = db.numbered(id)?.into_iter().collect();
    let mut judgements = Vec::new();
    if numbers.is_empty() {
        return Ok(judgements);
    }
    let judge = distro.map(ecosystems::judge);
    for (index, CatalogPackage { package, .. }) in packages.iter().enumerate() {
        let asked = match &judge {
            Some(Judge::Feed { ecosystem, kind }) if *kind == package.kind => {
                Asked::of_distribution(ecosystem, package)
            }
            _ if package.kind.is_os() => continue,
            _ => Asked::of_other(package).into_iter().collect(),
        };
        for asked in asked {
            let subject = asked.subject();
            db.stated(&asked.ecosystem, &asked.name, |statement, advisory| {
                let mut about = statement.vulnerabilities.iter().chain(&statement.own);
                if !about.any(|number| numbers.contains(number)) {
                    return;
                }
                let outcome = match said(statement, &subject) {
                    Said::Affected => Outcome::Affected,
                    Said::NotAffected => Outcome::NotAffected,
                    Said::NotConcerned => Outcome::NotConcerned,
                    Said::NotComparable => Outcome::NotComparable,
                    Said::Undecided => Outcome::Undecided,
                };
                let compare = |range: &Range| {
                    let one = |sign: &str, bound: &str| {
                        let order = subject.scheme.compare(asked.version, bound);
                        let holds = match sign {
                            "<" => order.is_lt(),
                            "<=" => up_to(subject.scheme, asked.version, bound),
                            ">" => order.is_gt(),
                            _ => order.is_ge(),
                        };
                        let word = if holds { "holds" } else { "does not hold" };
                        format!("{} {sign} {bound} {word}", asked.version)
                    };
                    let mut parts = Vec::new();
                    if !matches!(range.introduced.as_str(), "" | "0") {
                        let sign = if range.exclusive { ">" } else { ">=" };
                        parts.push(one(sign, &range.introduced));
                    }
                    parts.extend(range.fixed.iter().map(|fixed| one("<", fixed)));
                    parts.extend(range.last_affected.iter().map(|last| one("<=", last)));
                    if parts.is_empty() {
                        parts.push("every version is affected".to_owned());
                    }
                    format!("{} ({})", parts.join(", "), subject.scheme.as_str())
                };
                judgements.push(Judgement {
                    package: index,
                    feed: db.feed(statement.feed).to_owned(),
                    comparisons: advisory.ranges.iter().map(compare).collect(),
                    advisory,
                    name: asked.name.clone().into_owned(),
                    version: asked.version.to_owned(),
                    outcome,
                });
            })?;
        }
    }
    judgements.sort_by(|a, b| {
        (a.package, &a.feed, &a.advisory.id).cmp(&(b.package, &b.feed, &b.advisory.id))
    });
    Ok(judgements)
}
