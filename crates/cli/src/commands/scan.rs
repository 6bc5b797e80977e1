//! `plimsoll scan`: the main job.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_engine::inventory::Progress;
use plimsoll_engine::{ScanOptions, scan, scan::select};
use plimsoll_formats::Format;
use plimsoll_image::cache::Cache;
use plimsoll_image::pass::Limits;
use plimsoll_image::source::OpenOptions;
use plimsoll_model::report::{Report, VerdictStatus};
use plimsoll_model::severity::Severity;
use plimsoll_model::text::escape;
use plimsoll_vuln::db::Database;

use super::{database_path, user_folder};
use crate::args::ScanArgs;
use crate::exit::Exit;
use crate::output::{self, Failure};
use crate::progress::Drawing;

pub(crate) fn run(args: &ScanArgs) -> Result<Exit, Failure> {
    // Everything that the user named is checked before the long work starts.
    let format = find_format(&args.format)?;
    let files = output_files(&args.output)?;
    let database = match database_path(args.db.as_deref()) {
        Some(path) => Some(Database::open(&path)?),
        None => None,
    };
    let cache_folder = if args.no_cache {
        None
    } else {
        cache_folder(args)
    };
    let options = ScanOptions {
        open: open_options(args, cache_folder.as_deref()),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        analyzers: plimsoll_analyze::catalog::ALL,
        limits: Limits::default(),
        cache: cache_folder.map(|folder| {
            Cache::new(
                folder.join("layers"),
                args.cache_limit.saturating_mul(1_000_000),
            )
        }),
        jobs: args.jobs.map_or_else(default_jobs, usize::from),
        database: database.as_ref(),
        only_fixed: args.only_fixed,
        fail_on: args.fail_on.map(Severity::from),
    };
    let progress = Arc::new(Progress::default());
    let drawing = Drawing::start(&progress, !args.quiet && !args.no_progress);
    let reports = scan(&args.reference, &options, &progress);
    drop(drawing);
    let reports = reports?;
    for (format, path) in &files {
        let text = render(
            format,
            &reports,
            args,
            &Look {
                color: false,
                width: 100,
            },
        );
        output::write_file(path, &text)?;
    }
    if !args.quiet {
        let look = Look {
            color: output::colored(),
            width: output::width(),
        };
        output::print(&render(format, &reports, args, &look))?;
    }
    Ok(reports.iter().map(exit_of).max().unwrap_or(Exit::Undecided))
}

/// Is how a report for people looks.
struct Look {
    color: bool,
    width: usize,
}

/// Renders one report, or those of several platforms one after the other (JSON: as a list).
fn render(format: &Format, reports: &[Report], args: &ScanArgs, look: &Look) -> String {
    let severity = Severity::from(args.severity);
    let options = plimsoll_formats::Options {
        table: plimsoll_formats::table::TableOptions {
            color: look.color,
            width: look.width,
            min_severity: severity,
            only_fixed: args.only_fixed,
        },
    };
    // The table itself leaves out what is not asked for, and says how much that is.
    let for_people = format.name == "table";
    let texts: Vec<String> = reports
        .iter()
        .map(|report| {
            if for_people {
                (format.render)(report, &options)
            } else {
                (format.render)(&select(report.clone(), severity, args.only_fixed), &options)
            }
        })
        .collect();
    if format.name == "json" && texts.len() != 1 {
        let items: Vec<&str> = texts.iter().map(|text| text.trim_end()).collect();
        return format!("[\n{}\n]\n", items.join(",\n"));
    }
    texts.join("\n")
}

fn exit_of(report: &Report) -> Exit {
    match report.verdict.as_ref().map(|verdict| verdict.status) {
        Some(VerdictStatus::Stop) => Exit::Stopped,
        _ if report.coverage.undecided() => Exit::Undecided,
        _ => Exit::Done,
    }
}

fn find_format(name: &str) -> Result<&'static Format, Failure> {
    plimsoll_formats::by_name(name).ok_or_else(|| {
        let known: Vec<&str> = plimsoll_formats::ALL
            .iter()
            .map(|format| format.name)
            .collect();
        Failure::new(format!(
            "no format '{}'; there is {}",
            escape(name),
            known.join(", ")
        ))
    })
}

/// Reads what `--output` says, and says early when a file could not be written.
fn output_files(texts: &[String]) -> Result<Vec<(&'static Format, PathBuf)>, Failure> {
    let mut files: Vec<(&'static Format, PathBuf)> = Vec::new();
    for text in texts.iter().flat_map(|text| separate(text)) {
        let (format, path) = output_file(&text)?;
        if files.iter().any(|(_, other)| *other == path) {
            return Err(Failure::new(format!(
                "--output '{}': two reports cannot go to one file",
                escape(&text)
            )));
        }
        output::check_file(&path)?;
        files.push((format, path));
    }
    Ok(files)
}

/// Splits a list such as `PLIMSOLL_OUTPUT` holds (`json=a.json,table=b.txt`). A comma separates only
/// before a format's name: elsewhere it belongs to the file's name.
fn separate(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in text.split(',') {
        let begins = part
            .split_once('=')
            .is_some_and(|(name, _)| plimsoll_formats::by_name(name).is_some());
        match parts.last_mut() {
            Some(last) if !begins => {
                last.push(',');
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

fn output_file(text: &str) -> Result<(&'static Format, PathBuf), Failure> {
    let (format, path) = text.split_once('=').ok_or_else(|| {
        Failure::new(format!(
            "--output '{}': expected FORMAT=FILE, such as json=report.json",
            escape(text)
        ))
    })?;
    if path.is_empty() {
        return Err(Failure::new(format!(
            "--output '{}': the file's name is missing",
            escape(text)
        )));
    }
    if path == "-" {
        return Err(Failure::new(format!(
            "--output '{0}': it names a file; for standard output use --format {1}",
            escape(text),
            escape(format)
        )));
    }
    Ok((find_format(format)?, PathBuf::from(path)))
}

fn cache_folder(args: &ScanArgs) -> Option<PathBuf> {
    args.cache_dir
        .clone()
        .or_else(|| Some(user_folder("XDG_CACHE_HOME", ".cache")?.join("plimsoll")))
}

fn open_options(args: &ScanArgs, cache: Option<&Path>) -> OpenOptions {
    OpenOptions {
        platform: args.platform.clone(),
        all_platforms: args.all_platforms,
        insecure_registries: args.insecure_registry.clone(),
        extra_ca: args.ca_cert.clone(),
        offline: args.offline,
        config_cache: cache.map(|folder| folder.join("configs")),
        ..OpenOptions::default()
    }
}

fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}
