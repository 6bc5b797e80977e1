//! EPSS: `epss_scores-current.csv.gz` and the dated files beside it.
//!
//! Format (first.org/epss, "EPSS data and statistics"): a comment with the model and the day of the
//! scores, a heading `cve,epss,percentile`, one line per CVE.

use std::io::{self, BufRead as _};
use std::path::Path;

use plimsoll_model::advisory::Epss as Score;

use super::{About, Batch, Feed, Fetched, Record, Remote, read_file, stream};
use crate::ids;

/// Where the scores are served.
const ADDRESS: &str = "https://epss.empiricalsecurity.com";
/// The file's name.
const FILE: &str = "epss_scores-current.csv.gz";
/// The longest line that is read, in bytes.
const LINE_LIMIT: usize = 1 << 12;

/// The feed.
pub struct Epss;

impl Feed for Epss {
    fn name(&self) -> &'static str {
        "epss"
    }

    fn about(&self) -> &'static About {
        &About {
            title: "EPSS: how likely exploitation is",
            addresses: &[ADDRESS],
            format: "CSV, packed by gzip (first.org/epss/data_stats)",
            licence: "free to use with attribution to FIRST",
            changes: "daily",
            files: "`epss_scores-*.csv.gz`, also unpacked",
        }
    }

    fn plan(&self, _fetched: &Fetched<'_>) -> Vec<Remote> {
        vec![Remote::new(
            format!("{ADDRESS}/{FILE}"),
            format!("epss/{FILE}"),
        )]
    }

    fn rank(&self) -> u8 {
        5
    }

    fn recognises(&self, parts: &[&str]) -> bool {
        parts.last().is_some_and(|name| {
            name.strip_prefix("epss_scores-").is_some_and(|rest| {
                rest.strip_suffix(".csv.gz")
                    .or_else(|| rest.strip_suffix(".csv"))
                    .is_some()
            })
        })
    }

    fn read(&self, path: &Path, _parts: &[&str]) -> io::Result<Batch> {
        Ok(parse(&read_file(path)?))
    }
}

/// Reads the scores.
pub fn parse(bytes: &[u8]) -> Batch {
    let mut batch = Batch::new("epss");
    let mut reader = match stream::unpacked(bytes) {
        Ok(reader) => reader,
        Err(why) => {
            batch.damage(why);
            return batch;
        }
    };
    let mut line = Vec::new();
    loop {
        line.clear();
        match read_line(&mut reader, &mut line) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                batch.damage(format!("breaks off: {error}"));
                break;
            }
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if let Some(comment) = text.strip_prefix('#') {
            if let Some((_, date)) = comment.split_once("score_date:") {
                let date = date.split(',').next().unwrap_or("").trim();
                batch.dated(&date.replace("+0000", "Z"));
            }
        } else if !text.is_empty() && !text.starts_with("cve,") {
            match score(text) {
                Some((cve, epss)) => {
                    batch.read += 1;
                    batch.records.push(Record {
                        id: cve.to_owned(),
                        vulnerabilities: vec![cve.to_owned()],
                        epss: Some(epss),
                        ..Record::default()
                    });
                }
                None => batch.damage(format!("`{text}` is no score")),
            }
        }
    }
    batch
}

/// Reads a line without its end, up to the limit; `false` at the end of the file.
fn read_line(reader: &mut dyn io::BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    let read = io::Read::take(&mut *reader, LINE_LIMIT as u64).read_until(b'\n', line)?;
    if read == LINE_LIMIT && line.last() != Some(&b'\n') {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a line without end",
        ));
    }
    Ok(read > 0)
}

/// Reads one line.
fn score(line: &str) -> Option<(&str, Score)> {
    let mut cells = line.split(',').map(str::trim);
    let (cve, score, percentile) = (cells.next()?, cells.next()?, cells.next()?);
    let share = |text: &str| {
        let share: f64 = text.parse().ok()?;
        (0.0..=1.0).contains(&share).then_some(share)
    };
    ids::is_cve(cve).then_some(())?;
    let epss = Score {
        score: share(score)?,
        percentile: share(percentile)?,
    };
    Some((cve, epss))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_read_and_damaged_lines_counted() {
        let batch = parse(
            b"#model_version:v2026.06.15,score_date:2026-08-22T00:00:00+0000\ncve,epss,percentile\n\
              CVE-2002-0367,0.04919,0.91446\r\nCVE-2004-0210,1.5,0.9\nVU#1,0.1,0.1\nCVE-2004-0211,NaN,1\n",
        );
        assert_eq!(batch.fetched_at, "2026-08-22T00:00:00Z");
        assert_eq!((batch.read, batch.damaged), (1, 3));
        let epss = batch.records[0].epss.expect("a score");
        assert!((epss.score - 0.04919).abs() < 1e-9 && (epss.percentile - 0.91446).abs() < 1e-9);
        assert_eq!(parse(&[b'x'; 1 << 13]).damaged, 1);
        assert_eq!(parse(b"\x1f\x8b").damaged, 1);
        assert_eq!(parse(b"").damaged, 0);
    }
}
