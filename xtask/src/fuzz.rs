//! `cargo xtask fuzz`: runs the fuzz targets under `fuzz/` for a bounded time each.

use std::path::Path;

use crate::shell::{command, output, project_dir, run};
use crate::{Outcome, Task};

/// The task.
pub(crate) static TASK: Task = Task {
    name: "fuzz",
    summary: "run fuzz targets for some seconds each",
    help: "Usage: cargo xtask fuzz [TARGET…] [--seconds N]

Runs the named targets of fuzz/fuzz_targets (all of them by default) for N seconds each
(60 by default) with cargo-fuzz. What breaks one is left under fuzz/artifacts/TARGET.
Needs a nightly toolchain and cargo-fuzz:

    rustup toolchain install nightly --profile minimal
    cargo install cargo-fuzz --locked",
    run: fuzz,
};

/// The seconds that a target runs for where none are named.
const SECONDS: u64 = 60;

fn fuzz(arguments: &[String]) -> Outcome {
    let (named, seconds) = parse(arguments)?;
    let folder = project_dir().join("fuzz/fuzz_targets");
    let all = targets(&folder)?;
    let chosen = if named.is_empty() { all.clone() } else { named };
    if let Some(unknown) = chosen.iter().find(|name| !all.contains(name)) {
        return Err(format!(
            "no fuzz target is called {unknown:?}: there are {}",
            all.join(", ")
        ));
    }
    if output(command("cargo").args(["+nightly", "--version"])).is_none() {
        return Err("fuzzing needs a nightly toolchain: \
             run `rustup toolchain install nightly --profile minimal`"
            .to_owned());
    }
    if output(command("cargo").args(["fuzz", "--version"])).is_none() {
        return Err("fuzzing needs cargo-fuzz: run `cargo install cargo-fuzz --locked`".to_owned());
    }
    let mut broken = Vec::new();
    for target in &chosen {
        let mut words = command("cargo");
        // `RUSTUP_TOOLCHAIN` of the running cargo would win over `+nightly`.
        words
            .env_remove("RUSTUP_TOOLCHAIN")
            .args(["+nightly", "fuzz", "run", target]);
        let corpus = project_dir().join("fuzz/corpus").join(target);
        std::fs::create_dir_all(&corpus)
            .map_err(|error| format!("{}: cannot be made: {error}", corpus.display()))?;
        words.arg(&corpus);
        let seeds = project_dir().join("fuzz/seeds").join(target);
        if seeds.is_dir() {
            words.arg(&seeds);
        }
        words
            .arg("--")
            .arg(format!("-max_total_time={seconds}"))
            .args(["-timeout=10", "-rss_limit_mb=1024"]);
        if let Err(error) = run(&mut words) {
            eprintln!("{error}");
            broken.push(target.as_str());
        }
    }
    if broken.is_empty() {
        println!(
            "{} targets ran for {seconds} s each, nothing found",
            chosen.len()
        );
        Ok(())
    } else {
        Err(format!(
            "found something in {}: see fuzz/artifacts",
            broken.join(", ")
        ))
    }
}

/// Returns the targets named and the seconds for each.
fn parse(arguments: &[String]) -> Result<(Vec<String>, u64), String> {
    let (mut named, mut seconds) = (Vec::new(), SECONDS);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--seconds") {
            Some("") => words.next().map(String::as_str),
            Some(rest) if rest.starts_with('=') => rest.strip_prefix('='),
            _ if word.starts_with('-') => return Err(format!("no option is called {word:?}")),
            _ => {
                named.push(word.clone());
                continue;
            }
        };
        seconds = value
            .and_then(|text| text.parse().ok())
            .filter(|number| *number > 0)
            .ok_or("--seconds takes a whole number above 0")?;
    }
    Ok((named, seconds))
}

/// Returns the names of the fuzz targets, sorted.
fn targets(folder: &Path) -> Result<Vec<String>, String> {
    let entries =
        std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn takes_targets_and_seconds_in_any_order() {
        assert_eq!(parse(&words("")), Ok((vec![], SECONDS)));
        assert_eq!(
            parse(&words("tar --seconds 5 dpkg")),
            Ok((words("tar dpkg"), 5))
        );
        assert_eq!(parse(&words("--seconds=7")), Ok((vec![], 7)));
        for wrong in ["--seconds", "--seconds 0", "--seconds=x", "--second 3"] {
            assert!(parse(&words(wrong)).is_err(), "{wrong}");
        }
    }
}
