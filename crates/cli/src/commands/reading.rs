//! What the commands that read images share: how one is read, and where reports go.

use std::path::{Path, PathBuf};

use plimsoll_engine::ScanOptions;
use plimsoll_engine::suppress::Suppressions;
use plimsoll_formats::table::TableOptions;
use plimsoll_formats::{Format, Options};
use plimsoll_image::cache::Cache;
use plimsoll_image::pass::Limits;
use plimsoll_image::source::OpenOptions;
use plimsoll_model::report::Report;
use plimsoll_model::text::escape;

use super::user_folder;
use crate::args::{ReadArgs, ReportArgs};
use crate::output::{self, Failure};

/// Returns how a format writes what a command has; `None` where it cannot.
pub(super) type Serves = fn(&Format) -> Option<fn(&Report, &Options) -> String>;

/// Is how a report for people looks.
pub(super) struct Look {
    color: bool,
    width: usize,
}

impl Look {
    /// Returns the options of a report that looks so.
    pub(super) fn options(&self) -> Options {
        Options {
            table: TableOptions {
                color: self.color,
                width: self.width,
                ..TableOptions::default()
            },
            source_date_epoch: std::env::var("SOURCE_DATE_EPOCH")
                .ok()
                .and_then(|text| text.trim().parse().ok()),
        }
    }
}

/// Are the reports that the user asked for: one on standard output, others in files.
pub(super) struct Formats {
    printed: &'static Format,
    files: Vec<(&'static Format, PathBuf)>,
}

impl Formats {
    /// Checks what the user named, before the long work starts.
    pub(super) fn of(args: &ReportArgs, serves: Serves) -> Result<Self, Failure> {
        Ok(Self {
            printed: find_format(&args.format, serves)?,
            files: output_files(&args.output, serves)?,
        })
    }

    /// Writes all of them.
    pub(super) fn write(
        &self,
        quiet: bool,
        render: impl Fn(&Format, &Look) -> String,
    ) -> Result<(), Failure> {
        for (format, path) in &self.files {
            let look = Look {
                color: false,
                width: 100,
            };
            output::write_file(path, &render(format, &look))?;
        }
        if quiet {
            return Ok(());
        }
        let look = Look {
            color: output::colored(),
            width: output::width(),
        };
        output::print(&render(self.printed, &look))
    }
}

/// Returns how an image is read, with nothing to judge it by.
pub(super) fn options(args: &ReadArgs) -> ScanOptions<'static> {
    let cache_folder = if args.no_cache {
        None
    } else {
        cache_folder(args)
    };
    ScanOptions {
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
        database: None,
        only_fixed: false,
        fail_on: None,
        today: String::new(),
        max_database_days: None,
        suppressions: Suppressions::default(),
    }
}

/// Finds a format that serves; names those that do where it does not.
fn find_format(name: &str, serves: Serves) -> Result<&'static Format, Failure> {
    let found = plimsoll_formats::by_name(name).filter(|format| serves(format).is_some());
    found.ok_or_else(|| {
        let known: Vec<&str> = plimsoll_formats::ALL
            .iter()
            .filter(|format| serves(format).is_some())
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
fn output_files(
    texts: &[String],
    serves: Serves,
) -> Result<Vec<(&'static Format, PathBuf)>, Failure> {
    let mut files: Vec<(&'static Format, PathBuf)> = Vec::new();
    for text in texts.iter().flat_map(|text| separate(text)) {
        let (format, path) = output_file(&text, serves)?;
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

fn output_file(text: &str, serves: Serves) -> Result<(&'static Format, PathBuf), Failure> {
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
    Ok((find_format(format, serves)?, PathBuf::from(path)))
}

fn cache_folder(args: &ReadArgs) -> Option<PathBuf> {
    args.cache_dir
        .clone()
        .or_else(|| Some(user_folder("XDG_CACHE_HOME", ".cache")?.join("plimsoll")))
}

fn open_options(args: &ReadArgs, cache: Option<&Path>) -> OpenOptions {
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
