//! Decides what the statements about one package mean for one installed version.
//!
//! Statements about the same vulnerability are weighed: one about the vulnerability itself counts
//! before one of an update, a better-ranked feed before another. Among equals one "affected" is
//! enough. Two things that lower statements know are not lost:
//!
//! - Where the best statement knows no fixed version, an update that states one decides: the
//!   tracker's "open" was not taken back when the fix came.
//! - An update is a name of a vulnerability's finding only where the version that the finding asks
//!   for brings the update too. An update that applies and that no finding carries is reported under
//!   its own id: its vulnerabilities were judged by themselves, but the update is missing (a later
//!   update that repairs the first one, for instance).

use std::collections::{BTreeMap, HashMap};

use plimsoll_model::advisory::FixState;
use plimsoll_model::severity::Severity;
use plimsoll_model::version::Scheme;

use super::flavour;
use crate::db::format::{RangeDisk, RecordName, StatementDisk};
use crate::db::{Blob, Span};

/// Is an installed version and what else statements ask of a package.
#[derive(Clone, Debug)]
pub(super) struct Subject<'a> {
    /// How its versions are ordered.
    pub(super) scheme: Scheme,
    /// The version to compare.
    pub(super) version: &'a str,
    /// The architecture.
    pub(super) arch: Option<&'a str>,
    /// The module and stream that it was built in (`nodejs:18`), empty when it is modular but that
    /// is not known; `None` when it is not modular.
    pub(super) stream: Option<&'a str>,
    /// Whether epochs are left out of the comparison, because the version states none where one
    /// would belong.
    pub(super) without_epoch: bool,
}

/// Is a statement that hits, and how.
#[derive(Clone, Debug)]
pub(super) struct Hit<'d, 's> {
    /// The vulnerability's number.
    pub(super) vulnerability: u32,
    /// The statement that decided.
    pub(super) statement: &'s StatementDisk<'d>,
    /// The range that the version is in; `None` when it is listed by itself.
    pub(super) range: Option<RangeDisk<'d>>,
    /// What is known of a fix.
    pub(super) fix: FixState,
    /// The distribution's rating, and the number of the feed that states it.
    pub(super) severity: Option<(Severity, u16)>,
    /// Names of updates that apply.
    pub(super) aliases: Vec<RecordName<'d>>,
}

/// Is what a statement says about a version.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict<'d> {
    /// It is affected, by this range or by being listed.
    Affected(Option<RangeDisk<'d>>),
    /// It is not.
    NotAffected,
    /// The bound is no version of this scheme.
    NotComparable,
    /// The feed has not decided yet.
    Undecided,
}

/// Is what came of all statements about a package.
#[derive(Debug, Default)]
pub(super) struct Judged<'d, 's> {
    /// What hits, by vulnerability.
    pub(super) hits: Vec<Hit<'d, 's>>,
    /// The records whose bounds could not be compared.
    pub(super) not_comparable: Vec<RecordName<'d>>,
    /// The numbers of vulnerabilities of which the feed has not decided whether they apply.
    pub(super) undecided: Vec<u32>,
}

/// Weighs all statements about a package.
pub(super) fn judge<'d, 's>(
    statements: &'s [StatementDisk<'d>],
    subject: &Subject<'_>,
) -> Judged<'d, 's> {
    let verdicts: Vec<Option<Verdict<'d>>> = statements
        .iter()
        .map(|statement| concerns(statement, subject).then(|| verdict(statement.span, subject)))
        .collect();
    // Most statements say "not affected"; only what some statement does not say it of is weighed.
    let mut open: BTreeMap<u32, Vec<(&'s StatementDisk<'d>, Verdict<'d>)>> = BTreeMap::new();
    for (statement, verdict) in statements.iter().zip(&verdicts) {
        if verdict.is_some_and(|verdict| verdict != Verdict::NotAffected) {
            for vulnerability in &statement.vulnerabilities {
                open.entry(*vulnerability).or_default();
            }
        }
    }
    let mut judged = Judged::default();
    if open.is_empty() {
        return judged;
    }
    for (statement, verdict) in statements.iter().zip(&verdicts) {
        let Some(verdict) = verdict else { continue };
        for vulnerability in &statement.vulnerabilities {
            if let Some(stated) = open.get_mut(vulnerability) {
                stated.push((statement, *verdict));
            }
        }
    }
    for (vulnerability, stated) in &open {
        weigh(*vulnerability, stated, subject, &mut judged);
    }
    updates_left(statements, &verdicts, &mut judged);
    judged.not_comparable.sort_unstable();
    judged.not_comparable.dedup();
    judged
}

/// Weighs the statements about one vulnerability.
fn weigh<'d, 's>(
    vulnerability: u32,
    stated: &[(&'s StatementDisk<'d>, Verdict<'d>)],
    subject: &Subject<'_>,
    judged: &mut Judged<'d, 's>,
) {
    let weight = |statement: &StatementDisk<'_>| (statement.advisory, statement.rank);
    let Some(best) = stated.iter().map(|(statement, _)| weight(statement)).min() else {
        return;
    };
    let mut deciding: Vec<_> = stated
        .iter()
        .filter(|(statement, _)| weight(statement) == best)
        .copied()
        .collect();
    let unfixed = |(statement, verdict): &(&StatementDisk<'d>, Verdict<'d>)| {
        matches!(verdict, Verdict::Affected(_)) && statement.fix != FixState::Fixed
    };
    if deciding.iter().any(unfixed) && !deciding.iter().any(|(s, _)| s.fix == FixState::Fixed) {
        let updates: Vec<_> = stated
            .iter()
            .filter(|(statement, verdict)| {
                statement.advisory
                    && statement.fix == FixState::Fixed
                    && matches!(verdict, Verdict::Affected(_) | Verdict::NotAffected)
            })
            .copied()
            .collect();
        if !updates.is_empty() {
            deciding = updates;
        }
    }
    let affected: Vec<_> = deciding
        .iter()
        .filter_map(|(statement, verdict)| match verdict {
            Verdict::Affected(range) => Some((*statement, *range)),
            _ => None,
        })
        .collect();
    // The range whose end is highest: only that version is free of it for certain.
    let Some((statement, range)) = affected.iter().copied().reduce(|a, b| {
        let end = |range: Option<RangeDisk<'d>>| range.and_then(|range| range.fixed);
        match (end(a.1), end(b.1)) {
            (Some(x), Some(y)) if subject.scheme.sort_order(x, y).is_lt() => b,
            (None, Some(_)) => b,
            _ => a,
        }
    }) else {
        let of = |wanted| {
            deciding
                .iter()
                .filter(move |(_, verdict)| *verdict == wanted)
        };
        let incomparable = of(Verdict::NotComparable).map(|(statement, _)| statement.record);
        judged.not_comparable.extend(incomparable);
        if of(Verdict::Undecided).next().is_some() {
            judged.undecided.push(vulnerability);
        }
        return;
    };
    let mut rated = affected
        .iter()
        .map(|(statement, _)| *statement)
        .chain(stated.iter().map(|(statement, _)| *statement));
    let severity = rated.find_map(|statement| Some((statement.severity?, statement.feed)));
    let target = range.and_then(|range| range.fixed);
    let brings = |needed: Option<&str>| match (target, needed) {
        (Some(target), Some(needed)) => subject.scheme.sort_order(needed, target).is_le(),
        _ => true,
    };
    let mut aliases: Vec<RecordName<'d>> = Vec::new();
    for (statement, verdict) in stated {
        if let Verdict::Affected(range) = verdict {
            if statement.advisory && brings(range.and_then(|range| range.fixed)) {
                aliases.push(statement.record);
            }
            aliases.extend(statement.also.iter().map(|also| RecordName::Text(also)));
        }
    }
    aliases.sort_unstable();
    aliases.dedup();
    let has_fix = target.is_some();
    judged.hits.push(Hit {
        vulnerability,
        statement,
        range,
        fix: if has_fix {
            FixState::Fixed
        } else {
            unfixed_state(statement.fix)
        },
        severity,
        aliases,
    });
}

/// Returns the vulnerabilities that statements speak of with respect to a package, and of each
/// whether all of them say that it is not affected.
pub(super) fn spoken(
    statements: &[StatementDisk<'_>],
    subject: &Subject<'_>,
) -> HashMap<u32, bool> {
    let mut spoken = HashMap::new();
    for statement in statements {
        if concerns(statement, subject) {
            let clear = verdict(statement.span, subject) == Verdict::NotAffected;
            for vulnerability in &statement.vulnerabilities {
                *spoken.entry(*vulnerability).or_insert(true) &= clear;
            }
        }
    }
    spoken
}

/// Adds the updates that apply but that no hit carries.
fn updates_left<'d, 's>(
    statements: &'s [StatementDisk<'d>],
    verdicts: &[Option<Verdict<'d>>],
    judged: &mut Judged<'d, 's>,
) {
    for (statement, verdict) in statements.iter().zip(verdicts) {
        let (Some(own), Some(Verdict::Affected(range))) = (statement.own, verdict) else {
            continue;
        };
        if !statement.advisory || statement.vulnerabilities.contains(&own) {
            continue;
        }
        let carried = judged
            .hits
            .iter()
            .any(|hit| hit.vulnerability == own || hit.aliases.contains(&statement.record));
        if range.is_some_and(|range| range.fixed.is_some()) && !carried {
            judged.hits.push(Hit {
                vulnerability: own,
                statement,
                range: *range,
                fix: FixState::Fixed,
                severity: statement
                    .severity
                    .map(|severity| (severity, statement.feed)),
                aliases: Vec::new(),
            });
        }
    }
}

/// Corrects a state that belongs to another range of the same statement.
fn unfixed_state(fix: FixState) -> FixState {
    match fix {
        FixState::Fixed => FixState::NotFixed,
        other => other,
    }
}

/// Is what one statement by itself says of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It is affected.
    Affected,
    /// It is not.
    NotAffected,
    /// The statement is about another architecture or module.
    NotConcerned,
    /// The versions cannot be compared.
    NotComparable,
    /// The feed has not decided yet.
    Undecided,
}

/// Returns what one statement by itself says of a version.
pub(super) fn said(statement: &StatementDisk<'_>, subject: &Subject<'_>) -> Said {
    if !concerns(statement, subject) {
        return Said::NotConcerned;
    }
    if !subject.scheme.is_valid(subject.version) {
        return Said::NotComparable;
    }
    match verdict(statement.span, subject) {
        Verdict::Affected(_) => Said::Affected,
        Verdict::NotAffected => Said::NotAffected,
        Verdict::NotComparable => Said::NotComparable,
        Verdict::Undecided => Said::Undecided,
    }
}

/// Says whether a statement is about a package of this architecture and module at all.
fn concerns(statement: &StatementDisk<'_>, subject: &Subject<'_>) -> bool {
    if !statement.arches.is_empty()
        && let Some(arch) = subject.arch
        && !matches!(arch, "noarch" | "all" | "any")
        && !statement.arches.iter().any(|stated| stated == arch)
    {
        return false;
    }
    // Plain, in-memory patched and validated builds follow different lines.
    if subject.scheme == Scheme::Rpm && statement.span.ranges().next().is_some() {
        let own = flavour::of(subject.version);
        let like = |range: RangeDisk<'_>| range.fixed.is_none_or(|fixed| flavour::of(fixed) == own);
        if !statement.span.ranges().any(like) {
            return false;
        }
    }
    match (statement.module, subject.stream) {
        (None, None) => true,
        // A stream that either side does not name cannot be told apart; the version decides.
        (Some(streams), Some(stream)) => {
            stream.is_empty()
                || streams.is_empty()
                || streams.split(',').any(|candidate| candidate == stream)
        }
        // Modular and plain builds of the same name follow different lines.
        _ => subject.scheme != Scheme::Rpm,
    }
}

/// Says whether no statement about a package says anything but that a version is not affected: then
/// there is nothing to weigh, and most packages are up to date. `None` when that part of the database
/// is damaged.
pub(super) fn none_applies(blob: &Blob<'_>, subject: &Subject<'_>) -> Option<bool> {
    let mut none = true;
    blob.each_span(|span| {
        none = verdict(span, subject) == Verdict::NotAffected;
        !none
    })?;
    Some(none)
}

/// Compares a version with what a statement is about.
fn verdict<'d>(span: Span<'d>, subject: &Subject<'_>) -> Verdict<'d> {
    let bound = |text: &'d str| {
        if subject.without_epoch {
            strip_epoch(text)
        } else {
            text
        }
    };
    let version = subject.version;
    if span.undecided() {
        return Verdict::Undecided;
    }
    let mut doubtful = false;
    let mut hit: Option<RangeDisk<'d>> = None;
    let own_minor = own_minor(span, subject);
    for range in span.ranges() {
        if let (Scheme::Rpm, Some(fixed)) = (subject.scheme, range.fixed)
            && (flavour::of(fixed) != flavour::of(version)
                || (own_minor.is_some() && flavour::minor(fixed) != own_minor))
        {
            continue;
        }
        let range = RangeDisk {
            introduced: bound(range.introduced),
            exclusive: range.exclusive,
            fixed: range.fixed.map(bound),
            last_affected: range.last_affected.map(bound),
        };
        let bounds = [Some(range.introduced), range.fixed, range.last_affected];
        let known = bounds
            .into_iter()
            .flatten()
            .all(|text| text.is_empty() || text == version || subject.scheme.is_valid(text));
        if !known {
            doubtful = true;
        } else if within(subject.scheme, version, &range) {
            hit = Some(match hit {
                Some(other) if !later(subject.scheme, &range, &other) => other,
                _ => range,
            });
        }
    }
    if let Some(range) = hit {
        return Verdict::Affected(Some(range));
    }
    let scheme = subject.scheme;
    let listed = |one: &str| one == version || scheme.sort_order(one, version).is_eq();
    if span.versions().any(listed) {
        return Verdict::Affected(None);
    }
    if doubtful {
        Verdict::NotComparable
    } else {
        Verdict::NotAffected
    }
}

/// Says whether a range ends later than another: only what is past all of them is free of it.
fn later(scheme: Scheme, range: &RangeDisk<'_>, other: &RangeDisk<'_>) -> bool {
    match (range.fixed, other.fixed) {
        (Some(fixed), Some(other)) => scheme.sort_order(fixed, other).is_gt(),
        _ => false,
    }
}

/// Returns the minor release that a build was made for, where one of several fixes was made for it
/// too: that one decides, whatever later minor releases have.
fn own_minor(span: Span<'_>, subject: &Subject<'_>) -> Option<(u16, u16)> {
    if subject.scheme != Scheme::Rpm || span.ranges().nth(1).is_none() {
        return None;
    }
    let own = flavour::minor(subject.version)?;
    let mut fixes = span.ranges().filter_map(|range| range.fixed);
    fixes
        .any(|fixed| flavour::minor(fixed) == Some(own))
        .then_some(own)
}

/// Says whether a version is in a range: `introduced <= v < fixed`, or `v <= last_affected`; with
/// `exclusive`, `introduced < v`.
pub(super) fn within(scheme: Scheme, version: &str, range: &RangeDisk<'_>) -> bool {
    let from_start = range.introduced.is_empty() || range.introduced == "0";
    let since = || {
        let order = scheme.compare(version, range.introduced);
        order.is_gt() || (order.is_eq() && !range.exclusive)
    };
    (from_start || since())
        && (range.fixed).is_none_or(|fixed| scheme.compare(version, fixed).is_lt())
        && (range.last_affected).is_none_or(|last| up_to(scheme, version, last))
}

/// Says whether a version is not past the last affected one. Bitnami's records name upstream's
/// version, so every rebuild of it (`5.15.11-3`) is that version.
pub(super) fn up_to(scheme: Scheme, version: &str, last: &str) -> bool {
    let rebuilt = || {
        let revision = version.strip_prefix(last)?.strip_prefix('-')?;
        let digits = revision.bytes().all(|byte| byte.is_ascii_digit());
        Some(digits && !last.contains('-'))
    };
    scheme.compare(version, last).is_le()
        || (scheme == Scheme::Bitnami && rebuilt().unwrap_or(false))
}

/// Cuts the epoch off a version.
pub(super) fn strip_epoch(version: &str) -> &str {
    match version.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => version,
    }
}
