//! Makes findings of hits: what is known of the vulnerability, and the evidence in words.

use plimsoll_model::advisory::FixState;
use plimsoll_model::report::{Evidence, VulnerabilityFinding};
use plimsoll_model::severity::Severity;

use super::ecosystems;
use super::judge::{Hit, Subject};
use crate::db::format::VulnerabilityDisk;
use crate::db::{Damage, Database, Reader};
use crate::rating;

/// How many references a finding shows.
const URL_LIMIT: usize = 6;

/// Is what all findings of one comparison share.
pub(super) struct About<'a> {
    /// The database.
    pub(super) db: &'a Database,
    /// The ecosystem.
    pub(super) ecosystem: &'a str,
    /// The name that the package was compared by.
    pub(super) name: &'a str,
    /// The version and what else was compared.
    pub(super) subject: &'a Subject<'a>,
}

impl About<'_> {
    /// Makes the finding of a hit in the package of an index; a note is added to the comparison.
    ///
    /// # Errors
    /// When the part of the database that names the record is damaged.
    pub(super) fn finding(
        &self,
        index: usize,
        hit: &Hit<'_, '_>,
        (fix, note): (FixState, Option<&str>),
        mut entry: VulnerabilityDisk,
        reader: &Reader<'_>,
    ) -> Result<VulnerabilityFinding, Damage> {
        let record = reader.record(hit.statement.record)?;
        let feed = self.db.feed(hit.statement.feed);
        let cvss = self.db.cvss(std::mem::take(&mut entry.cvss));
        let (severity, severity_source) = match hit.severity {
            Some((severity, feed)) => (severity, self.db.feed(feed).to_owned()),
            None => match rating::best(cvss.iter().filter(|cvss| cvss.source == feed)) {
                Some(cvss) => (Severity::from_score(cvss.score), feed.to_owned()),
                None => entry.severities.first().map_or_else(
                    || (Severity::Unknown, String::new()),
                    |(severity, feed)| (*severity, self.db.feed(*feed).to_owned()),
                ),
            },
        };
        let mut aliases = std::mem::take(&mut entry.aliases);
        for alias in &hit.aliases {
            aliases.push(reader.record(*alias)?);
        }
        aliases.retain(|alias| *alias != entry.id);
        aliases.sort();
        aliases.dedup();
        let update = ecosystems::update_page(self.ecosystem, &record);
        let own = ecosystems::page(self.ecosystem, &entry.id).into_iter();
        let mut urls: Vec<String> = own.chain(update).collect();
        urls.dedup();
        for url in std::mem::take(&mut entry.urls) {
            if urls.len() < URL_LIMIT && !urls.contains(&url) {
                urls.push(url);
            }
        }
        urls.sort();
        let fixed = hit.range.and_then(|range| range.fixed);
        let fixed = fixed.filter(|_| fix == FixState::Fixed);
        Ok(VulnerabilityFinding {
            epss: entry.epss(),
            id: entry.id,
            aliases,
            package: index,
            severity,
            severity_source,
            cvss,
            known_exploited: entry.known_exploited,
            fix,
            fixed_versions: fixed.map(str::to_owned).into_iter().collect(),
            title: entry.title,
            urls,
            published: entry.published,
            paths: Vec::new(),
            evidence: Evidence {
                feed: feed.to_owned(),
                record,
                comparison: self.comparison(hit) + note.unwrap_or_default(),
            },
            suppressed: None,
        })
    }

    /// Says in words what was compared with what.
    fn comparison(&self, hit: &Hit<'_, '_>) -> String {
        let (name, version) = (self.name, self.subject.version);
        let scheme = self.subject.scheme.as_str();
        let Some(range) = hit.range else {
            return format!("{name} {version} is listed ({scheme})");
        };
        let from = match (range.introduced, range.exclusive) {
            ("", _) => String::new(),
            (introduced, false) => format!("{introduced} <= "),
            (introduced, true) => format!("{introduced} < "),
        };
        match (range.fixed, range.last_affected) {
            (Some(fixed), _) => format!("{from}{name} {version} < {fixed} ({scheme})"),
            (None, Some(last)) => format!("{from}{name} {version} <= {last} ({scheme})"),
            (None, None) => {
                format!("{from}{name} {version}, no fixed version is stated ({scheme})")
            }
        }
    }
}
