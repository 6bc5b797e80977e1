//! `plimsoll versions`: holds our version orders against anyone's.

use std::cmp::Ordering;
use std::io::BufRead;

use plimsoll_model::text::escape;
use plimsoll_model::version::Scheme;

use crate::args::VersionsArgs;
use crate::exit::Exit;
use crate::output::{self, Failure};

pub(crate) fn run(args: &VersionsArgs) -> Result<Exit, Failure> {
    let scheme = Scheme::from_name(&args.ecosystem).ok_or_else(|| {
        let known: Vec<&str> = Scheme::ALL.iter().map(|scheme| scheme.as_str()).collect();
        Failure::new(format!(
            "no version order for '{}'; there is {}",
            escape(&args.ecosystem),
            known.join(", ")
        ))
    })?;
    let mut wrong = String::new();
    for (number, line) in (1..).zip(std::io::stdin().lock().lines()) {
        let line = line.map_err(|e| Failure::new(format!("standard input, line {number}: {e}")))?;
        if line.trim().is_empty() {
            continue;
        }
        let Some((a, relation, b)) = split(&line) else {
            return Err(Failure::new(format!(
                "standard input, line {number}: got '{}', expected 'A < B', 'A = B' or 'A > B'",
                escape(&line)
            )));
        };
        if scheme.sort_order(a, b) != relation {
            wrong.push_str(&line);
            wrong.push('\n');
        }
    }
    output::print(&wrong)?;
    Ok(if wrong.is_empty() {
        Exit::Done
    } else {
        Exit::Stopped
    })
}

fn split(line: &str) -> Option<(&str, Ordering, &str)> {
    let mut words = line.split_whitespace();
    let (a, sign, b) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    let relation = match sign {
        "<" => Ordering::Less,
        "=" | "==" => Ordering::Equal,
        ">" => Ordering::Greater,
        _ => return None,
    };
    Some((a, relation, b))
}
