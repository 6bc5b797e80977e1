//! `plimsoll db`: builds the vulnerability database and shows what is in it.

use std::fmt::Write as _;
use std::path::Path;

use plimsoll_model::purl::Purl;
use plimsoll_model::text::escape;
use plimsoll_vuln::db::build::Accept;
use plimsoll_vuln::db::transport::{self, Imported};
use plimsoll_vuln::db::{Database, Lookup, build};
use serde_json::json;

use super::{database_path, default_database, now};
use crate::args::{DbCommand, TextFormat};
use crate::exit::Exit;
use crate::output::{self, Failure};
use crate::progress::Step;

pub(crate) fn run(command: &DbCommand) -> Result<Exit, Failure> {
    match command {
        DbCommand::Build {
            from,
            output,
            accept_shrinking,
            quiet,
        } => make(from, output, accept_shrinking, *quiet),
        DbCommand::Status { db, format, verify } => status(db.as_deref(), *format, *verify),
        DbCommand::Export { output, db } => export(output, db.as_deref()),
        DbCommand::Import { file, db, force } => import(file, db.as_deref(), *force),
        DbCommand::Lookup { what, db, format } => lookup(what, db.as_deref(), *format),
    }
}

fn make(from: &Path, out: &Path, accept: &[String], quiet: bool) -> Result<Exit, Failure> {
    let built_at = now()?.to_string();
    let accept = if accept.iter().any(|feed| feed == "all") {
        Accept::All
    } else {
        Accept::Feeds(accept.to_vec())
    };
    let step = Step::start(!quiet);
    let summary = build::build_with(from, out, &built_at, &accept, &|text| step.show(text))?;
    drop(step);
    for (path, why) in &summary.skipped {
        output::note(&format!("left out: {}: {why}", path.display()));
    }
    if !quiet {
        let records: u64 = summary.feeds.iter().map(|feed| feed.records).sum();
        output::print(&format!(
            "{}: {} feeds, {records} records, {} vulnerabilities, {} statements about packages, \
             {}\n",
            escape(&out.display().to_string()),
            summary.feeds.len(),
            summary.vulnerabilities,
            summary.advisories,
            size(summary.bytes),
        ))?;
    }
    Ok(Exit::Done)
}

fn size(bytes: u64) -> String {
    if bytes < 1_000_000 {
        format!("{} kB", bytes.div_ceil(1000))
    } else {
        format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
    }
}

pub(super) fn open(named: Option<&Path>) -> Result<Database, Failure> {
    let path = database_path(named).ok_or_else(|| {
        Failure::new(
            "there is no database; name one with --db, or build one with 'plimsoll db build'",
        )
    })?;
    Ok(Database::open(&path)?)
}

fn export(out: &Path, named: Option<&Path>) -> Result<Exit, Failure> {
    let bytes = transport::export(&open(named)?, out)?;
    output::print(&format!(
        "{}: {}\n",
        escape(&out.display().to_string()),
        size(bytes)
    ))?;
    Ok(Exit::Done)
}

fn import(file: &Path, named: Option<&Path>, force: bool) -> Result<Exit, Failure> {
    let place = named.map(Path::to_owned).or_else(default_database);
    let place = place.ok_or_else(|| {
        Failure::new("there is no data folder, since HOME is not set; name the place with --db")
    })?;
    let done = match transport::import(file, &place, force)? {
        Imported::Done => "in use from now on",
        Imported::Same => "in use already",
    };
    let built_at = Database::open(&place)?.info().built_at;
    output::print(&format!(
        "{}: built at {}, {done}\n",
        escape(&place.display().to_string()),
        escape(&built_at)
    ))?;
    Ok(Exit::Done)
}

fn status(named: Option<&Path>, format: TextFormat, verify: bool) -> Result<Exit, Failure> {
    let database = open(named)?;
    if verify {
        database.verify()?;
    }
    let info = database.info();
    let (packages, statements, vulnerabilities) = database.counts();
    output::print(&match format {
        TextFormat::Table => status_table(&database),
        TextFormat::Json => pretty(&json!({
            "built_at": info.built_at,
            "digest": info.digest,
            "vulnerabilities": vulnerabilities,
            "packages": packages,
            "statements": statements,
            "ranges": database.ranges(),
            "bad_records": database.bad_records().into_iter().map(|(feed, file, why)| json!({
                "feed": feed, "file": file, "reason": why,
            })).collect::<Vec<_>>(),
            "feeds": info.feeds.iter().map(|feed| json!({
                "name": feed.name,
                "fetched_at": feed.fetched_at,
                "records": feed.records,
                "damaged": feed.damaged,
            })).collect::<Vec<_>>(),
        })),
    })?;
    Ok(Exit::Done)
}

fn status_table(database: &Database) -> String {
    let info = database.info();
    let (packages, statements, vulnerabilities) = database.counts();
    let mut out = format!(
        "Built at  {}\nDigest    {}\nHolds     {vulnerabilities} vulnerabilities, {statements} \
         statements about {packages} packages, {} ranges\n\n",
        escape(&info.built_at),
        info.digest,
        database.ranges()
    );
    let name_width = info
        .feeds
        .iter()
        .map(|feed| feed.name.chars().count())
        .max()
        .unwrap_or(4)
        .max(4);
    let _ = writeln!(
        out,
        "{:name_width$}  {:>9}  {:>7}  Data of",
        "Feed", "Records", "Damaged"
    );
    for feed in &info.feeds {
        let date = feed.fetched_at.get(..10).unwrap_or(&feed.fetched_at);
        let _ = writeln!(
            out,
            "{:name_width$}  {:>9}  {:>7}  {}",
            escape(&feed.name),
            feed.records,
            feed.damaged,
            if date.is_empty() {
                "not stated".into()
            } else {
                escape(date)
            }
        );
    }
    let bad = database.bad_records();
    if !bad.is_empty() {
        let _ = writeln!(
            out,
            "\nRecords left out or read in part, the first of each feed:"
        );
    }
    for (feed, file, why) in bad {
        let _ = writeln!(out, "  {}  {}: {}", escape(feed), escape(file), escape(why));
    }
    out
}

fn lookup(what: &str, named: Option<&Path>, format: TextFormat) -> Result<Exit, Failure> {
    let database = open(named)?;
    let purl = if what.trim().starts_with("pkg:") {
        let purl = what.trim().parse::<Purl>();
        Some(purl.map_err(|error| Failure::new(format!("'{}': {error}", escape(what))))?)
    } else {
        None
    };
    let found = match &purl {
        Some(purl) => database.lookup_purl(purl)?,
        None => database.lookup(what)?,
    };
    if let Some(purl) = &purl
        && found.stated.is_empty()
    {
        let name = escape(what);
        return Err(Failure::new(if purl.version.is_empty() {
            format!("'{name}': this database states nothing of that package")
        } else {
            format!("'{name}': this database states nothing that applies to that version")
        }));
    }
    if found.vulnerabilities.is_empty() && found.stated.is_empty() {
        return Err(Failure::new(format!(
            "'{}' is no vulnerability and no package in this database",
            escape(what)
        )));
    }
    output::print(&match format {
        TextFormat::Table => lookup_table(&found),
        TextFormat::Json => pretty(&lookup_json(&found)),
    })?;
    Ok(Exit::Done)
}

fn lookup_table(found: &Lookup) -> String {
    let mut out = String::new();
    for vulnerability in &found.vulnerabilities {
        let _ = writeln!(out, "{}", escape(&vulnerability.id));
        if !vulnerability.title.is_empty() {
            let _ = writeln!(out, "  Title      {}", escape(&vulnerability.title));
        }
        if !vulnerability.aliases.is_empty() {
            let _ = writeln!(
                out,
                "  Aliases    {}",
                escape(&vulnerability.aliases.join(", "))
            );
        }
        for (severity, source) in &vulnerability.severities {
            let _ = writeln!(
                out,
                "  Severity   {} ({})",
                severity.as_str(),
                escape(source)
            );
        }
        for cvss in &vulnerability.cvss {
            let _ = writeln!(
                out,
                "  CVSS {}   {} {} ({})",
                escape(&cvss.version),
                cvss.score,
                escape(&cvss.vector),
                escape(&cvss.source)
            );
        }
        if vulnerability.known_exploited {
            let _ = writeln!(out, "  Exploited  listed by CISA");
        }
        if !vulnerability.published.is_empty() {
            let _ = writeln!(out, "  Published  {}", escape(&vulnerability.published));
        }
        for url in &vulnerability.urls {
            let _ = writeln!(out, "  Info       {}", escape(url));
        }
    }
    if !found.stated.is_empty() {
        let _ = writeln!(out, "\nStated by feeds:");
    }
    for stated in &found.stated {
        let advisory = &stated.advisory;
        let mut ranges: Vec<String> = advisory
            .ranges
            .iter()
            .map(|range| {
                let from = match range.introduced.as_str() {
                    "" | "0" => String::new(),
                    introduced if range.exclusive => format!("> {introduced} "),
                    introduced => format!(">= {introduced} "),
                };
                match (&range.fixed, &range.last_affected) {
                    (Some(fixed), _) => format!("{from}< {fixed}"),
                    (None, Some(last)) => format!("{from}<= {last}"),
                    (None, None) if from.is_empty() => "every version".to_owned(),
                    (None, None) => from,
                }
            })
            .collect();
        ranges.extend(
            advisory
                .versions
                .iter()
                .take(10)
                .map(|version| format!("= {version}")),
        );
        if advisory.undecided {
            ranges.push("not decided yet".to_owned());
        } else if ranges.is_empty() {
            ranges.push("not affected".to_owned());
        }
        let _ = writeln!(
            out,
            "  {}  {}  {}  [{}]  {} ({})",
            escape(&advisory.ecosystem),
            escape(&advisory.package),
            escape(&ranges.join(", ")),
            advisory.fix.as_str(),
            escape(&advisory.id),
            escape(&stated.feed)
        );
    }
    out
}

fn lookup_json(found: &Lookup) -> serde_json::Value {
    let vulnerabilities: Vec<_> = found
        .vulnerabilities
        .iter()
        .map(|v| {
            json!({
                "id": v.id,
                "aliases": v.aliases,
                "title": v.title,
                "severities": v.severities.iter().map(|(severity, source)| {
                    json!({"severity": severity.as_str(), "source": source})
                }).collect::<Vec<_>>(),
                "cvss": v.cvss.iter().map(|c| json!({
                    "version": c.version, "vector": c.vector, "score": c.score, "source": c.source,
                })).collect::<Vec<_>>(),
                "known_exploited": v.known_exploited,
                "published": v.published,
                "urls": v.urls,
            })
        })
        .collect();
    let stated: Vec<_> = found
        .stated
        .iter()
        .map(|s| {
            json!({
                "feed": s.feed,
                "record": s.advisory.id,
                "vulnerabilities": s.vulnerabilities,
                "ecosystem": s.advisory.ecosystem,
                "package": s.advisory.package,
                "ranges": s.advisory.ranges.iter().map(|r| json!({
                    "introduced": r.introduced, "exclusive": r.exclusive, "fixed": r.fixed, "last_affected": r.last_affected,
                })).collect::<Vec<_>>(),
                "versions": s.advisory.versions,
                "fix": s.advisory.fix.as_str(),
                "severity": s.advisory.severity.map(plimsoll_model::severity::Severity::as_str),
                "module": s.advisory.module,
                "arches": s.advisory.arches,
                "undecided": s.advisory.undecided,
            })
        })
        .collect();
    json!({"vulnerabilities": vulnerabilities, "stated": stated})
}

fn pretty(value: &serde_json::Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
