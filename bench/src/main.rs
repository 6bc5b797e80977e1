//! Benchmarks: the same images, in the same run, read by the floor, by Plimsoll and by a peer.
//!
//! `plimsoll-bench run` measures and writes the table; `cargo xtask bench` calls it. The other words
//! are what is measured, each as a process of its own so that its peak of memory is its own:
//! `floor` decompresses and hashes every layer and does nothing else; `inventory` is Plimsoll's
//! reading with all its analyzers and no cache; `without` leaves those out whose names start so;
//! `content` and `touch` have one more, which takes a
//! SHA-256 or a CRC-32 of the content of every file.

use std::path::PathBuf;
use std::process::ExitCode;

mod fat_jar;
mod floor;
mod images;
mod labelled;
mod matching;
mod measure;
mod reading;
mod scale;
mod synthetic;
mod table;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["floor", image, jobs] => floor::run(image, jobs.parse().unwrap_or(2)),
        ["inventory", image, jobs] => reading::run(image, jobs.parse().unwrap_or(2), None, ""),
        ["without", names, image, jobs] => {
            reading::run(image, jobs.parse().unwrap_or(2), None, names)
        }
        ["content", image, jobs] => {
            reading::run(image, jobs.parse().unwrap_or(2), Some(reading::Content::Sha256), "")
        }
        ["touch", image, jobs] => {
            reading::run(image, jobs.parse().unwrap_or(2), Some(reading::Content::Crc32), "")
        }
        ["hash", file] => floor::hash_file(&PathBuf::from(file)),
        ["match", db] => {
            let mut out = String::new();
            let done = matching::table(&PathBuf::from(db), &mut out);
            measure::say(&out);
            done
        }
        ["scale", work, plimsoll] => {
            let mut out = String::new();
            let done = scale::table(&PathBuf::from(work), &PathBuf::from(plimsoll), &mut out);
            measure::say(&out);
            done
        }
        ["labelled", folder] => {
            let mut out = String::new();
            let done = labelled::table(&PathBuf::from(folder), &mut out);
            measure::say(&out);
            done
        }
        ["make", "feeds", folder] => synthetic::make(&PathBuf::from(folder)).map(|(records, ranges)| {
            measure::say(&format!("{records} records, {ranges} ranges"));
        }),
        ["make", "fat-jar", folder] => fat_jar::make(&PathBuf::from(folder)),
        ["make", kind, folder] => images::make(kind, &PathBuf::from(folder)),
        ["run", rest @ ..] => table::run(rest),
        _ => Err("usage: plimsoll-bench run [--runs N] [--images DIR] [--work DIR] [--plimsoll FILE] \
                  [--db FILE] [--syft FILE] [--out FILE]\n   or: floor|inventory|content|touch IMAGE JOBS, without NAME IMAGE JOBS, match DB, scale DIR PLIMSOLL\n   \
                  or: make 200mb|2gb|million|fat-jar|feeds DIR"
            .to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            measure::say(&format!("plimsoll-bench: {problem}"));
            ExitCode::FAILURE
        }
    }
}
