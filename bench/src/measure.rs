//! Running a command and measuring it: wall time, and the peak of resident memory as the kernel
//! keeps it (`VmHWM`).

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Is one run of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// Seconds of wall time.
    pub(crate) seconds: f64,
    /// The peak of resident memory in megabytes (10^6 bytes).
    pub(crate) megabytes: f64,
    /// The exit code.
    pub(crate) code: i32,
}

/// Is what several runs came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Median {
    /// The median of the seconds.
    pub(crate) seconds: f64,
    /// The median of the megabytes.
    pub(crate) megabytes: f64,
}

/// Prints a line for whoever watches.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Runs a command once; its output goes nowhere.
pub(crate) fn run(words: &[String], environment: &[(&str, &str)]) -> Result<Run, String> {
    let (program, rest) = words.split_first().ok_or("nothing to run")?;
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(rest)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    let seconds;
    let code;
    loop {
        // The mark is a high-water mark: its last reading before the end counts.
        if let Ok(text) = std::fs::read_to_string(&status_file) {
            peak = peak.max(high_water(&text));
        }
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            seconds = start.elapsed().as_secs_f64();
            code = status.code().unwrap_or(-1);
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(Run {
        seconds,
        megabytes: peak,
        code,
    })
}

/// Reads `VmHWM` (kibibytes) as megabytes.
fn high_water(status: &str) -> f64 {
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok())
        .map_or(0.0, |kibibytes| kibibytes * 1024.0 / 1e6)
}

/// Returns the medians of some runs.
pub(crate) fn median(runs: &[Run]) -> Median {
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    };
    Median {
        seconds: middle(runs.iter().map(|run| run.seconds).collect()),
        megabytes: middle(runs.iter().map(|run| run.megabytes).collect()),
    }
}
