//! Counting what a test run said: cargo's own result lines, and the file of skipped tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Is the sum of a test run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    passed: usize,
    failed: usize,
    ignored: usize,
    failures: Vec<String>,
    skipped: BTreeMap<String, BTreeSet<String>>,
}

impl Summary {
    /// Takes one line of cargo's output.
    pub(crate) fn line(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            for part in counts.split(['.', ';']) {
                let mut words = part.split_whitespace();
                let (Some(number), Some(what)) = (words.next(), words.next()) else {
                    continue;
                };
                let Ok(number) = number.parse::<usize>() else {
                    continue;
                };
                match what {
                    "passed" => self.passed += number,
                    "failed" => self.failed += number,
                    "ignored" => self.ignored += number,
                    _ => {}
                }
            }
        } else if let Some(name) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.failures.push(name.to_owned());
        }
    }

    /// Takes the file that tests append their `skipped: TEST: WHY` lines to.
    pub(crate) fn skip_log(&mut self, log: &str) {
        for line in log.lines() {
            let Some((test, why)) = line
                .strip_prefix("skipped: ")
                .and_then(|rest| rest.split_once(": "))
            else {
                continue;
            };
            self.skipped
                .entry(why.to_owned())
                .or_default()
                .insert(test.to_owned());
        }
    }

    /// Returns how many tests failed.
    pub(crate) fn failed(&self) -> usize {
        self.failed
    }

    /// Returns how many tests, by name, said that they did not run.
    fn skipped_tests(&self) -> usize {
        self.skipped
            .values()
            .flatten()
            .collect::<BTreeSet<_>>()
            .len()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.failures {
            writeln!(f, "failed: {name}")?;
        }
        for (why, tests) in &self.skipped {
            let names: Vec<&str> = tests.iter().map(String::as_str).collect();
            writeln!(f, "skipped {}: {why} ({})", tests.len(), names.join(", "))?;
        }
        if self.ignored > 0 {
            writeln!(
                f,
                "ignored {}: marked #[ignore] in the sources",
                self.ignored
            )?;
        }
        // The harness counts a test that says "skipped" as passed; this summary does not.
        let skipped = self.skipped_tests();
        let passed = self.passed.saturating_sub(skipped);
        let (failed, skipped) = (self.failed, skipped + self.ignored);
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_up_what_cargo_and_the_tests_said() {
        let mut summary = Summary::default();
        for line in [
            "running 3 tests",
            "test reads_a_status ... ok",
            "test feed::reads ... FAILED",
            "test result: FAILED. 4 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: ok. 6 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out; finished in 1.25s",
            "thread 'x' said: test result: nonsense",
        ] {
            summary.line(line);
        }
        summary.skip_log(
            "skipped: pulls: docker-registry is not installed\n\
             skipped: pushes: docker-registry is not installed\n\
             skipped: pulls: docker-registry is not installed\n\
             garbage\n\
             skipped: reads feeds: no shared folder: ../shared\n",
        );
        assert_eq!(
            summary.to_string(),
            "failed: feed::reads\n\
             skipped 2: docker-registry is not installed (pulls, pushes)\n\
             skipped 1: no shared folder: ../shared (reads feeds)\n\
             ignored 1: marked #[ignore] in the sources\n\
             7 passed, 1 failed, 4 skipped"
        );
        assert_eq!(summary.failed(), 1);
    }
}
