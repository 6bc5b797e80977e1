//! Asks tools for their orders.

use std::cmp::Ordering;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::dice::Order;

/// Python with python3-rpm and python3-apt: the distribution's, not one that happens to be first.
pub(crate) const PYTHON: &str = "/usr/bin/python3";

/// Says whether a text can be a field of a line given to a tool.
pub(crate) fn fits_lines(version: &str) -> bool {
    !version.is_empty()
        && !version.starts_with('-')
        && !version
            .chars()
            .any(|character| character.is_whitespace() || character.is_control())
}

/// Says whether a version has a number that does not fit 64 bits.
pub(crate) fn has_huge_number(version: &str) -> bool {
    longest_number(version) > 19
}

/// Returns how many digits the longest number has; underscores may stand in one.
pub(crate) fn longest_number(version: &str) -> usize {
    version
        .split(|character: char| !character.is_ascii_digit() && character != '_')
        .map(str::len)
        .max()
        .unwrap_or(0)
}

pub(crate) fn answers(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a command in the plain locale, feeding it `input`, and returns what it prints.
pub(crate) fn run(command: &mut Command, input: &str) -> String {
    let mut child = command
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the tool starts");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("the tool ends");
    writer
        .join()
        .expect("the writer ends")
        .expect("the tool reads all its input");
    assert!(
        output.status.success(),
        "the tool failed: {}",
        output.status
    );
    String::from_utf8(output.stdout).expect("the tool prints UTF-8")
}

pub(crate) fn run_python(script: &str, pairs: &[(String, String)]) -> String {
    run(Command::new(PYTHON).args(["-c", script]), &as_lines(pairs))
}

pub(crate) fn as_lines(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(a, b)| format!("{a}\t{b}\n")).collect()
}

pub(crate) fn check_answers(pairs: &[(String, String)], compare: Order, answers: &str) {
    assert_eq!(answers.lines().count(), pairs.len(), "one answer per pair");
    let wrong = pairs
        .iter()
        .zip(answers.lines())
        .filter(|((a, b), answer)| {
            let ours = match compare(a, b) {
                Ordering::Less => "<",
                Ordering::Equal => "=",
                Ordering::Greater => ">",
            };
            ours != *answer
        })
        .map(|((a, b), answer)| format!("{a} {answer} {b}"));
    assert_none(wrong);
}

pub(crate) fn assert_none(wrong: impl Iterator<Item = impl std::fmt::Display>) {
    let wrong = wrong.map(|row| row.to_string()).collect::<Vec<_>>();
    let first = wrong
        .iter()
        .take(20)
        .fold(String::new(), |text, row| text + "\n  " + row);
    assert!(
        wrong.is_empty(),
        "{} disagreements, the tool says:{first}",
        wrong.len()
    );
}
