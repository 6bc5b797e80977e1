//! The run: every measurement several times, interleaved, and the table of medians and ratios.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::images;
use crate::measure::{Median, Run, median, run as run_once, say};

/// Is how the benchmark is run.
struct Options {
    runs: usize,
    images: PathBuf,
    work: PathBuf,
    plimsoll: PathBuf,
    db: Option<PathBuf>,
    syft: Option<PathBuf>,
    out: Option<PathBuf>,
    jobs: usize,
}

/// Runs the benchmark.
pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    let options = parse(words)?;
    let mut out = String::new();
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let own = own.display().to_string();
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |rest| rest.trim_start_matches([':', '\t', ' ']));
    let _ = writeln!(
        out,
        "Medians of {} runs, interleaved, on {} threads of {cpu}; page cache warm; peak memory is \
         the kernel's high-water mark of the process.\n",
        options.runs, options.jobs
    );
    let full_layout = options.images.join("oci/debian-12-full");
    let full_archive = options.images.join("docker/debian-12-full.tar");
    let languages = options.images.join("oci/languages-2000");
    let binaries = options.images.join("oci/binaries");
    let zstd = options.images.join("oci/zstd");
    let slim = options.images.join("docker/debian-12-slim.tar");
    let mut any = false;
    for (title, path, scheme) in [
        (
            "debian-12-full, OCI layout, gzip layers (359 MB packed, 959 MB)",
            &full_layout,
            "oci-dir",
        ),
        (
            "debian-12-full, docker-archive, plain layers (959 MB)",
            &full_archive,
            "docker-archive",
        ),
        (
            "languages-2000, OCI layout, gzip layers: 2,000 packages of languages",
            &languages,
            "oci-dir",
        ),
        (
            "binaries, OCI layout, gzip layers: programs that no package owns",
            &binaries,
            "oci-dir",
        ),
        (
            "python-app, OCI layout, zstd layers (300 MB)",
            &zstd,
            "oci-dir",
        ),
        (
            "debian-12-slim, docker-archive (78 MB)",
            &slim,
            "docker-archive",
        ),
    ] {
        if path.exists() {
            any = true;
            compare(
                &options,
                &own,
                title,
                &format!("{scheme}:{}", path.display()),
                &mut out,
            )?;
        } else {
            say(&format!(
                "skipped: {title}: {} is not there",
                path.display()
            ));
        }
    }
    memory(&options, &own, &mut out)?;
    fat_jar(&options, &own, &mut out)?;
    if let Some(db) = &options.db {
        crate::matching::table(db, &mut out)?;
    }
    crate::labelled::table(&options.work, &mut out)?;
    crate::scale::table(&options.work, &options.plimsoll, &mut out)?;
    if !any {
        say("no real image was measured; build them with ../shared/images/build-images.sh");
    }
    if let Some(path) = &options.out {
        return write_between_marks(path, &out);
    }
    std::io::Write::write_all(&mut std::io::stdout(), out.as_bytes())
        .map_err(|error| error.to_string())
}

fn parse(words: &[&str]) -> Result<Options, String> {
    let mut options = Options {
        runs: 5,
        images: PathBuf::from("target/images"),
        work: PathBuf::from("target/bench"),
        plimsoll: PathBuf::from("target/release/plimsoll"),
        db: None,
        syft: None,
        out: None,
        jobs: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words
            .next()
            .ok_or_else(|| format!("{word}: a value is missing"))?;
        match *word {
            "--runs" => options.runs = value.parse().map_err(|_| format!("--runs {value}"))?,
            "--jobs" => options.jobs = value.parse().map_err(|_| format!("--jobs {value}"))?,
            "--images" => options.images = value.into(),
            "--work" => options.work = value.into(),
            "--plimsoll" => options.plimsoll = value.into(),
            "--db" => options.db = Some(value.into()),
            "--syft" => options.syft = Some(value.into()),
            "--out" => options.out = Some(value.into()),
            _ => return Err(format!("no option {word}")),
        }
    }
    Ok(options)
}

/// Is one thing to measure.
struct Contender {
    name: String,
    words: Vec<String>,
    /// Exit codes that count as done.
    good: Vec<i32>,
    runs: Vec<Run>,
}

fn contender(name: &str, words: &[&str], good: &[i32]) -> Contender {
    Contender {
        name: name.to_owned(),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        good: good.to_vec(),
        runs: Vec::new(),
    }
}

/// Measures contenders in turn, `runs` times each.
fn measure(contenders: &mut [Contender], runs: usize) -> Result<(), String> {
    let environment = [("SYFT_CHECK_FOR_APP_UPDATE", "false")];
    for round in 0..=runs {
        for contender in &mut *contenders {
            let run = run_once(&contender.words, &environment)?;
            if !contender.good.contains(&run.code) {
                return Err(format!(
                    "{}: exit code {}",
                    contender.words.join(" "),
                    run.code
                ));
            }
            // The first round warms the page cache and does not count.
            if round > 0 {
                contender.runs.push(run);
            }
        }
    }
    Ok(())
}

fn compare(
    options: &Options,
    own: &str,
    title: &str,
    reference: &str,
    out: &mut String,
) -> Result<(), String> {
    say(&format!("measuring {title}"));
    let jobs = options.jobs.to_string();
    let plimsoll = options.plimsoll.display().to_string();
    let cache = options.work.join("cache");
    let _ = fs::remove_dir_all(&cache);
    let cache = cache.display().to_string();
    let db = options.db.as_ref().map(|path| path.display().to_string());
    let scan = |cached: bool| {
        let mut words = vec![
            plimsoll.as_str(),
            "scan",
            reference,
            "--jobs",
            jobs.as_str(),
            "--format",
            "json",
        ];
        if cached {
            words.extend(["--cache-dir", cache.as_str()]);
        } else {
            words.push("--no-cache");
        }
        if let Some(db) = &db {
            words.extend(["--db", db.as_str()]);
        }
        words
    };
    let mut all = vec![
        contender(
            "floor: decompress and SHA-256 every layer",
            &[own, "floor", reference, &jobs],
            &[0],
        ),
        contender(
            "inventory, all analyzers",
            &[own, "inventory", reference, &jobs],
            &[0],
        ),
        contender(
            "inventory without the classifiers of binaries",
            &[own, "without", "binary/classifier", reference, &jobs],
            &[0],
        ),
        contender(
            "inventory of the system's packages only",
            &[
                own,
                "without",
                "binary/,language/,license/",
                reference,
                &jobs,
            ],
            &[0],
        ),
        contender(
            "inventory and CRC-32 of every file's content",
            &[own, "touch", reference, &jobs],
            &[0],
        ),
        contender(
            "inventory and SHA-256 of every file's content",
            &[own, "content", reference, &jobs],
            &[0],
        ),
        contender("`plimsoll scan`, no cache", &scan(false), &[0, 3]),
        contender("`plimsoll scan`, second time", &scan(true), &[0, 3]),
    ];
    if let Some(syft) = &options.syft {
        let syft = syft.display().to_string();
        all.push(contender(
            "Syft 1.18.1 (peer)",
            &[&syft, "scan", reference, "-q", "-o", "json"],
            &[0],
        ));
    }
    measure(&mut all, options.runs)?;
    let medians: Vec<Median> = all
        .iter()
        .map(|contender| median(&contender.runs))
        .collect();
    let floor = medians.first().map_or(1.0, |m| m.seconds);
    let peer = options
        .syft
        .is_some()
        .then(|| medians.last().copied())
        .flatten();
    let _ = writeln!(out, "### {title}\n");
    let _ = writeln!(out, "| | wall s | × floor | × peer | peak MB | × peer |");
    let _ = writeln!(out, "|---|--:|--:|--:|--:|--:|");
    for (contender, m) in all.iter().zip(&medians) {
        let against = |value: f64, of: Option<f64>| {
            of.map_or_else(|| "–".to_owned(), |of| format!("{:.3}", value / of))
        };
        let _ = writeln!(
            out,
            "| {} | {:.3} | {:.2} | {} | {:.1} | {} |",
            contender.name,
            m.seconds,
            m.seconds / floor,
            against(m.seconds, peer.map(|p| p.seconds)),
            m.megabytes,
            against(m.megabytes, peer.map(|p| p.megabytes)),
        );
    }
    out.push('\n');
    Ok(())
}

/// Measures how memory and time grow with the image.
fn memory(options: &Options, own: &str, out: &mut String) -> Result<(), String> {
    let jobs = options.jobs.to_string();
    let plimsoll = options.plimsoll.display().to_string();
    let _ = writeln!(
        out,
        "### Memory and time by size (made-up images, gzip layers)\n"
    );
    let _ = writeln!(out, "| | wall s | × floor | peak MB |");
    let _ = writeln!(out, "|---|--:|--:|--:|");
    for (kind, title) in [
        ("200mb", "200 MB in 6,000 files"),
        ("2gb", "2 GB in 60,000 files"),
        ("million", "a million files of 10 bytes in one layer"),
    ] {
        let folder = options.work.join(kind);
        if !folder.join("oci-layout").exists() {
            say(&format!("making the image: {title}"));
            fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
            images::make(kind, &folder)?;
        }
        say(&format!("measuring {title}"));
        let reference = format!("oci-dir:{}", folder.display());
        let mut words = vec![
            plimsoll.as_str(),
            "scan",
            &reference,
            "--no-cache",
            "--jobs",
            &jobs,
            "--format",
            "json",
        ];
        // As a user scans: the mapped database counts too.
        let db = options.db.as_ref().map(|path| path.display().to_string());
        if let Some(db) = &db {
            words.extend(["--db", db]);
        }
        let mut all = vec![
            contender("floor", &[own, "floor", &reference, &jobs], &[0]),
            contender("scan", &words, &[0, 3]),
        ];
        measure(&mut all, options.runs.min(3))?;
        let medians: Vec<Median> = all
            .iter()
            .map(|contender| median(&contender.runs))
            .collect();
        if let [floor, scan] = medians.as_slice() {
            let _ = writeln!(
                out,
                "| `plimsoll scan`, {title} | {:.3} | {:.2} | {:.1} |",
                scan.seconds,
                scan.seconds / floor.seconds,
                scan.megabytes
            );
        }
    }
    out.push('\n');
    Ok(())
}

/// Measures a large Java archive in an archive in an archive.
fn fat_jar(options: &Options, own: &str, out: &mut String) -> Result<(), String> {
    let folder = options.work.join("fat-jar");
    if !folder.join("deflated/opt").exists() {
        say("making the fat jars");
        crate::fat_jar::make(&folder)?;
    }
    let plimsoll = options.plimsoll.display().to_string();
    let places = ["stored", "deflated"].map(|name| {
        let place = folder.join(name);
        let archive = place.join("opt/shop-2.1.0.ear").display().to_string();
        (name, format!("dir:{}", place.display()), archive)
    });
    let mut all = Vec::new();
    for (name, reference, archive) in &places {
        say(&format!("measuring a fat jar, {name}"));
        all.push(contender(
            &format!("SHA-256 of the file, {name}"),
            &[own, "hash", archive],
            &[0],
        ));
        all.push(contender(
            &format!("`plimsoll scan dir:`, {name}"),
            &[&plimsoll, "scan", reference, "--format", "json"],
            &[0, 3],
        ));
    }
    measure(&mut all, options.runs)?;
    let _ = writeln!(
        out,
        "### A jar of 100 MB in a war in an ear, the inner ones stored or deflated\n"
    );
    let _ = writeln!(out, "| | wall s | peak MB |\n|---|--:|--:|");
    for contender in &all {
        let m = median(&contender.runs);
        let _ = writeln!(
            out,
            "| {} | {:.3} | {:.1} |",
            contender.name, m.seconds, m.megabytes
        );
    }
    out.push('\n');
    Ok(())
}

/// Puts the table between the marks of a document.
fn write_between_marks(path: &Path, table: &str) -> Result<(), String> {
    const START: &str = "<!-- measured -->\n";
    const END: &str = "<!-- /measured -->";
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let (before, rest) = text
        .split_once(START)
        .ok_or("the document has no start mark")?;
    let (_, after) = rest.split_once(END).ok_or("the document has no end mark")?;
    let text = format!("{before}{START}{table}{END}{after}");
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
