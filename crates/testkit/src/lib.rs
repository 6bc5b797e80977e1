//! Test helpers: txtar, image builder, real components (development only).

use std::io::Write as _;
use std::path::{Path, PathBuf};

pub mod components;
pub mod image;
pub mod txtar;
pub mod zip;

/// Returns the project's root folder.
pub fn project_dir() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Returns the folder with the real images that tests use, where there is one: `PLIMSOLL_IMAGES`,
/// else `target/images` of the project.
pub fn images_dir() -> Option<PathBuf> {
    existing("PLIMSOLL_IMAGES", || project_dir().join("target/images"))
}

/// Returns the folder with the large shared material (feeds, image scripts), where there is one:
/// `PLIMSOLL_SHARED`, else `shared` beside the project.
pub fn shared_dir() -> Option<PathBuf> {
    existing("PLIMSOLL_SHARED", || project_dir().join("../shared"))
}

/// Returns the folder with the tools from package registries that tests use (validators of SBOMs,
/// Syft), where there is one: `PLIMSOLL_TOOLS`, else `target/tools` of the project.
pub fn tools_dir() -> Option<PathBuf> {
    existing("PLIMSOLL_TOOLS", || project_dir().join("target/tools"))
}

/// Says that a test did not run, and why: on stderr, and as a line in the file that
/// `PLIMSOLL_SKIP_LOG` names, from which the run's summary counts.
#[expect(
    clippy::print_stderr,
    reason = "a skipped test must be seen; this is its one way to say so"
)]
pub fn skip(test: &str, why: &str) {
    eprintln!("skipped: {test}: {why}");
    let Some(log) = std::env::var_os("PLIMSOLL_SKIP_LOG") else {
        return;
    };
    let written = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&log)
        .and_then(|mut file| file.write_all(format!("skipped: {test}: {why}\n").as_bytes()));
    if let Err(error) = written {
        eprintln!("{}: cannot be written: {error}", log.display());
    }
}

/// Returns the folder that a variable names, or the default, if it is there.
fn existing(variable: &str, default: impl FnOnce() -> PathBuf) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map_or_else(default, PathBuf::from);
    folder.is_dir().then_some(folder)
}
