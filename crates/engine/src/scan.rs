//! The main job, from a reference to reports.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::fs::File;
use std::hash::{DefaultHasher, Hasher};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use plimsoll_analyze::catalog::license_texts;
use plimsoll_analyze::license;
use plimsoll_formats::sbom::read::{self as sbom, NotAnSbom};
use plimsoll_image::cache::Cache;
use plimsoll_image::overlay::{PlacedFact, Squashed, squash};
use plimsoll_image::pass::{Limits, Pass, PassError};
use plimsoll_image::source::{self, Image, OpenOptions, Reference, SourceError};
use plimsoll_model::analyzer::{Analyzer, Assembled, Evidence, Fact, Located, View};
use plimsoll_model::distro::Distro;
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::layer::LayerFacts;
use plimsoll_model::path::ImagePath;
use plimsoll_model::report::{
    CatalogPackage, Coverage, Finding, ImageFacts, Inventory, LayerInfo, Report, Verdict,
};
use plimsoll_model::severity::Severity;
use plimsoll_vuln::db::Database;
use plimsoll_vuln::matcher;
use thiserror::Error;

use crate::gate;
use crate::inventory::{Progress, Reading, read_layers};
use crate::lifecycle;
use crate::ownership;
use crate::paths::Dependents;
use crate::suppress::{self, Suppressions};

/// Is how to scan.
pub struct ScanOptions<'a> {
    /// How sources are opened.
    pub open: OpenOptions,
    /// The version of the program, for the report.
    pub tool_version: String,
    /// Who is handed the files.
    pub analyzers: &'a [&'a dyn Analyzer],
    /// What a layer may cost.
    pub limits: Limits,
    /// Where layers' facts are kept; `None` for nowhere.
    pub cache: Option<Cache>,
    /// How many threads read layers.
    pub jobs: usize,
    /// The database; `None` when there is none, which the report then says.
    pub database: Option<&'a Database>,
    /// Whether the gate leaves findings without a fixed version out of account.
    pub only_fixed: bool,
    /// The gate.
    pub fail_on: Option<Severity>,
    /// Today's date, `YYYY-MM-DD`: what has reached its end of life depends on it.
    pub today: String,
    /// How old the database may be, in days; `None` for any age.
    pub max_database_days: Option<u32>,
    /// What the user states beside the image.
    pub suppressions: Suppressions,
}

/// Says why a scan could not be done.
#[derive(Debug, Error)]
pub enum ScanError {
    /// The source failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A layer could not be read or verified.
    #[error("layer {index} ({layer}): {source}")]
    Layer {
        /// Its index, lowest first, from 0.
        index: usize,
        /// Its digest.
        layer: String,
        /// Why.
        source: PassError,
    },
    /// The layers together are larger than is held in memory.
    #[error(
        "the image's layers list so many files that they take more than {bytes} bytes of memory; \
         no real image does, so it was not read on"
    )]
    TooLarge {
        /// The bound.
        bytes: usize,
    },
    /// A file that was to be read as an SBOM is none.
    #[error("{}: {source}", path.display())]
    NotAnSbom {
        /// The file.
        path: PathBuf,
        /// Why.
        source: NotAnSbom,
    },
    /// An SBOM is larger than is read.
    #[error("{}: larger than the {bytes} bytes that are read of an SBOM", path.display())]
    LargeDocument {
        /// The file.
        path: PathBuf,
        /// The bound.
        bytes: u64,
    },
    /// Reading was broken off because another layer failed.
    #[error("reading was broken off")]
    Interrupted,
}

/// Scans what a reference names: one report, or one per platform.
///
/// # Errors
/// When the image cannot be read. What is wrong with the image itself is in the report.
pub fn scan(
    given: &str,
    options: &ScanOptions<'_>,
    progress: &Progress,
) -> Result<Vec<Report>, ScanError> {
    let mut reports = Vec::new();
    let of_document = matches!(Reference::parse(given)?, Reference::Sbom(_));
    for mut inventory in take_inventory(given, options, progress)? {
        if of_document {
            // What was scanned is the document; a list of packages names what the document is about.
            given.clone_into(&mut inventory.image.reference);
        }
        reports.push(judge_inventory(inventory, options));
    }
    Ok(reports)
}

/// Finds out what is in what a reference names, and judges nothing: one inventory, or one per platform.
///
/// # Errors
/// When the image cannot be read.
pub fn take_inventory(
    given: &str,
    options: &ScanOptions<'_>,
    progress: &Progress,
) -> Result<Vec<Inventory>, ScanError> {
    let reference = Reference::parse(given)?;
    if let Reference::Dir(path) = &reference {
        return Ok(vec![of_folder(given, path, options, progress)?]);
    }
    if let Reference::Sbom(path) = &reference {
        return Ok(vec![of_document(path)?]);
    }
    let images = source::open(&reference, given, &options.open)?;
    let mut inventories = Vec::with_capacity(images.len());
    for image in images {
        inventories.push(of_image(&image, options, progress)?);
    }
    Ok(inventories)
}

fn of_image(
    image: &Image,
    options: &ScanOptions<'_>,
    progress: &Progress,
) -> Result<Inventory, ScanError> {
    let analyzers = installed(options.analyzers);
    let reading = Reading {
        analyzers: &analyzers,
        limits: &options.limits,
        cache: options.cache.as_ref(),
        jobs: options.jobs,
        progress,
    };
    let layers = read_layers(image, &reading)?;
    let mut instructions = image
        .config
        .history
        .iter()
        .filter(|entry| !entry.empty_layer)
        .map(|e| &e.created_by);
    let infos: Vec<LayerInfo> = image
        .layers
        .iter()
        .zip(&layers)
        .map(|(layer, facts)| LayerInfo {
            digest: layer.digest.clone().or_else(|| Some(layer.diff_id.clone())),
            diff_id: Some(layer.diff_id.clone()),
            size_bytes: facts.size_bytes,
            created_by: instructions.next().cloned().unwrap_or_default(),
        })
        .collect();
    let facts = ImageFacts {
        reference: image.reference.clone(),
        digest: image.digest.clone(),
        config_digest: image.config_digest.clone(),
        platform: source::platform::platform_of(&image.config),
        distro: None,
        end_of_life: None,
        size_bytes: layers
            .iter()
            .fold(0_u64, |sum, layer| sum.saturating_add(layer.size_bytes)),
        user: image.config.config.user.clone(),
        created: image.config.created.clone(),
        layers: infos,
    };
    let read = Read {
        layers: &layers,
        analyzers: &analyzers,
    };
    Ok(inventory(facts, &read, image.issues.clone()))
}

/// Are layers together with the analyzers whose indices their facts hold.
struct Read<'a> {
    layers: &'a [LayerFacts],
    analyzers: &'a [&'a dyn Analyzer],
}

/// Returns the analyzers of what is installed: in an image, lock files count for nothing.
fn installed<'a>(analyzers: &[&'a dyn Analyzer]) -> Vec<&'a dyn Analyzer> {
    analyzers
        .iter()
        .copied()
        .filter(|analyzer| analyzer.evidence() == Evidence::Installed)
        .collect()
}

/// Reads an SBOM. Packages of lock files count here: what the document lists is what there is.
fn of_document(path: &Path) -> Result<Inventory, ScanError> {
    let fail = |action, source| SourceError::File {
        path: path.to_owned(),
        action,
        source,
    };
    let file = File::open(path).map_err(|error| fail("open", error))?;
    let mut bytes = Vec::new();
    file.take(sbom::MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fail("read", error))?;
    if bytes.len() as u64 > sbom::MAX_BYTES {
        return Err(ScanError::LargeDocument {
            path: path.to_owned(),
            bytes: sbom::MAX_BYTES,
        });
    }
    let name = path.to_string_lossy();
    let read = sbom::read(&bytes, &name);
    let mut inventory = read.map_err(|source| ScanError::NotAnSbom {
        path: path.to_owned(),
        source,
    })?;
    for one in &mut inventory.packages {
        license::settle(&mut one.package);
    }
    Ok(inventory)
}

fn of_folder(
    given: &str,
    path: &Path,
    options: &ScanOptions<'_>,
    progress: &Progress,
) -> Result<Inventory, ScanError> {
    let pass = Pass {
        analyzers: options.analyzers,
        limits: &options.limits,
        progress: &progress.read,
    };
    let layer = source::rootfs::read(path, &pass)?;
    let facts = ImageFacts {
        reference: given.to_owned(),
        size_bytes: layer.size_bytes,
        layers: vec![LayerInfo {
            size_bytes: layer.size_bytes,
            ..LayerInfo::default()
        }],
        ..ImageFacts::default()
    };
    let read = Read {
        layers: &[layer],
        analyzers: options.analyzers,
    };
    Ok(inventory(facts, &read, Vec::new()))
}

/// Works out what is in an image whose layers were read.
fn inventory(mut image: ImageFacts, read: &Read<'_>, issues: Vec<Issue>) -> Inventory {
    let layers = read.layers;
    let squashed = squash(layers, package_key);
    let mut gaps = issues;
    gaps.extend(layers.iter().flat_map(|layer| layer.issues.iter().cloned()));
    if squashed.links_cut {
        gaps.push(Issue::new(
            IssueKind::LimitReached,
            &image.reference,
            "the image has more symbolic links than are followed; files behind the others may be \
             missed",
        ));
    }
    let catalog = assemble(&squashed, read, &mut gaps);
    image.distro = catalog.distro;
    if catalog.packages.is_empty() {
        gaps.push(Issue::new(
            IssueKind::NothingRecognized,
            &image.reference,
            "no package was recognised in the image, so nothing could be judged",
        ));
    }
    gaps.sort();
    gaps.dedup();
    Inventory {
        image,
        packages: catalog.packages,
        gaps,
    }
}

/// Judges what is in an image.
pub fn judge_inventory(inventory: Inventory, options: &ScanOptions<'_>) -> Report {
    let Inventory {
        mut image,
        packages,
        mut gaps,
    } = inventory;
    let mut coverage = Coverage::default();
    let mut findings = Vec::new();
    match options.database {
        Some(database) => {
            let info = database.info();
            lifecycle::freshness(&info, &options.today, options.max_database_days, &mut gaps);
            coverage.database = Some(info);
            let distro = image.distro.as_ref();
            image.end_of_life =
                lifecycle::judge(database, distro, &packages, &options.today, &mut gaps);
            let matches = matcher::find(database, &packages, image.distro.as_ref());
            coverage.judged_packages = matches.judged;
            coverage.judged_by = matches.judged_by;
            coverage.not_judged = matches.not_judged;
            gaps.extend(matches.gaps);
            findings = matches.findings;
            findings.extend(matches.suppressed);
        }
        None => gaps.push(Issue::new(
            IssueKind::NoDatabase,
            "database",
            "no vulnerability database, so nothing was judged; build one with 'plimsoll db build' \
             and pass it with --db",
        )),
    }
    findings.sort_by(|a, b| (a.package, &a.id).cmp(&(b.package, &b.id)));
    let dependents = Dependents::new(&packages);
    if options.database.is_some() {
        let subject = suppress::Subject {
            image: &image,
            packages: &packages,
            dependents: &dependents,
            today: &options.today,
        };
        let said = suppress::apply(&mut findings, &subject, &options.suppressions);
        gaps.extend(said);
    }
    gaps.sort();
    gaps.dedup();
    coverage.gaps = gaps;
    let mut last: Option<(usize, Vec<Vec<String>>)> = None;
    for finding in &mut findings {
        let paths = match last.take() {
            Some((package, paths)) if package == finding.package => paths,
            _ => dependents.paths_to(finding.package),
        };
        finding.paths.clone_from(&paths);
        last = Some((finding.package, paths));
    }
    let (suppressed, findings): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .map(|finding| Finding::Vulnerability(Box::new(finding)))
        .partition(|Finding::Vulnerability(finding)| finding.suppressed.is_some());
    let verdict = judge(&findings, &coverage, options);
    Report {
        tool_version: options.tool_version.clone(),
        image,
        coverage,
        packages,
        findings,
        suppressed,
        left_out: 0,
        verdict,
    }
}

/// Asks the gate, which does not count what `only_fixed` leaves out.
fn judge(findings: &[Finding], coverage: &Coverage, options: &ScanOptions<'_>) -> Option<Verdict> {
    options
        .fail_on
        .map(|level| gate::fail_on(level, options.only_fixed, findings, coverage))
}

/// Returns the report with only the findings that are at least so bad and, with `only_fixed`, have a
/// fixed version. The gate's word stays as it is.
pub fn select(mut report: Report, severity: Severity, only_fixed: bool) -> Report {
    let wanted = |Finding::Vulnerability(v): &Finding| {
        v.severity >= severity && !(only_fixed && v.fixed_versions.is_empty())
    };
    let mut new_index = Vec::with_capacity(report.findings.len());
    let mut kept = Vec::with_capacity(report.findings.len());
    report.suppressed.retain(wanted);
    for finding in report.findings {
        let keep = wanted(&finding);
        new_index.push(keep.then_some(kept.len()));
        if keep {
            kept.push(finding);
        }
    }
    for rule in report
        .verdict
        .iter_mut()
        .flat_map(|verdict| &mut verdict.rules)
    {
        rule.findings = rule
            .findings
            .iter()
            .filter_map(|index| new_index.get(*index).copied().flatten())
            .collect();
    }
    report.left_out += new_index.len() - kept.len();
    report.findings = kept;
    report
}

struct Catalog {
    packages: Vec<CatalogPackage>,
    distro: Option<Distro>,
}

/// Lets every analyzer join its facts: first those that may know the distribution, then the rest.
fn assemble(squashed: &Squashed<'_>, read: &Read<'_>, gaps: &mut Vec<Issue>) -> Catalog {
    let Read { layers, analyzers } = *read;
    let mut facts_of: Vec<Vec<Located<'_>>> = analyzers.iter().map(|_| Vec::new()).collect();
    for placed in &squashed.visible {
        if let Some(own) = facts_of.get_mut(usize::from(placed.analyzer)) {
            own.push(located(placed));
        }
    }
    let listed = Listed {
        layers,
        hashes: OnceCell::new(),
    };
    let resolve = |path: &ImagePath| {
        let found = squashed.resolve(path)?;
        listed.holds(&found).then_some(found)
    };
    let run = |index: usize, distro: Option<&Distro>| {
        let mut out = Assembled::default();
        if let (Some(analyzer), Some(facts)) = (analyzers.get(index), facts_of.get(index)) {
            analyzer.assemble(
                &View {
                    facts,
                    distro,
                    resolve: &resolve,
                },
                &mut out,
            );
        }
        out
    };
    let knows_distro = |index: &usize| {
        facts_of
            .get(*index)
            .is_some_and(|facts| facts.iter().any(|l| matches!(l.fact, Fact::Distro(_))))
    };
    let (first, rest): (Vec<usize>, Vec<usize>) = (0..analyzers.len()).partition(knows_distro);
    let mut distro = None;
    let mut packages = Vec::new();
    let take = |out: Assembled, packages: &mut Vec<CatalogPackage>, gaps: &mut Vec<Issue>| {
        gaps.extend(out.issues);
        packages.extend(
            out.packages
                .into_iter()
                .map(|(package, layer)| CatalogPackage { package, layer }),
        );
        out.distro
    };
    for index in first {
        let found = take(run(index, None), &mut packages, gaps);
        distro = distro.or(found);
    }
    let of_lock_files = |index: &usize| {
        let analyzer = analyzers.get(*index);
        analyzer.is_some_and(|analyzer| analyzer.evidence() == Evidence::Declared)
    };
    let (declared, rest): (Vec<usize>, Vec<usize>) = rest.into_iter().partition(of_lock_files);
    for index in rest {
        take(run(index, distro.as_ref()), &mut packages, gaps);
    }
    // A folder that holds a distribution is a root file system: what is installed counts there.
    let source_tree = distro.is_none() && !packages.iter().any(|one| one.package.kind.is_os());
    if source_tree {
        for index in &declared {
            take(run(*index, None), &mut packages, gaps);
        }
    }
    for placed in &squashed.visible {
        let left_out = !source_tree && declared.contains(&usize::from(placed.analyzer));
        if let Fact::Issue(issue) = placed.fact
            && !left_out
        {
            gaps.push(issue.clone());
        }
    }
    // Before packages are merged: licences that are written differently but mean the same are one.
    let texts = analyzers
        .iter()
        .position(|analyzer| analyzer.name() == license_texts::NAME)
        .and_then(|index| facts_of.get(index));
    let texts = license_texts::Texts::new(texts.map_or(&[], Vec::as_slice));
    for one in &mut packages {
        license::settle(&mut one.package);
        texts.complete(&mut one.package);
    }
    let mut packages = ownership::settle(packages, &squashed.visible, gaps);
    packages.sort_by(|a, b| {
        let key = |p: &CatalogPackage| {
            (
                p.package.kind.as_str(),
                p.package.name.clone(),
                p.package.version.clone(),
            )
        };
        key(a)
            .cmp(&key(b))
            .then_with(|| a.package.arch.cmp(&b.package.arch))
            .then_with(|| a.package.locations.cmp(&b.package.locations))
    });
    Catalog { packages, distro }
}

fn located<'a>(placed: &'a PlacedFact<'_>) -> Located<'a> {
    Located {
        path: &placed.path,
        layer: placed.layer,
        introduced: placed.introduced,
        fact: placed.fact,
    }
}

/// Answers whether any layer holds an entry at a path. The lists are walked once, at the first
/// question, and only hashes are kept: a wrong yes for one path in 2⁶⁴ would do no harm.
struct Listed<'a> {
    layers: &'a [LayerFacts],
    hashes: OnceCell<HashSet<u64>>,
}

impl Listed<'_> {
    fn holds(&self, path: &ImagePath) -> bool {
        let hash = |path: &[u8]| {
            let mut hasher = DefaultHasher::new();
            hasher.write(path);
            hasher.finish()
        };
        let hashes = self.hashes.get_or_init(|| {
            let mut hashes = HashSet::new();
            for layer in self.layers {
                layer.files.for_each(|file| {
                    hashes.insert(hash(file.path));
                });
                // What came through a link lies at another path than the list says.
                hashes.extend(layer.facts.iter().map(|fact| hash(fact.path.as_bytes())));
            }
            hashes
        });
        hashes.contains(&hash(path.as_bytes()))
    }
}

/// Names what a fact states, for the question which layer stated it first.
fn package_key(fact: &Fact) -> Option<String> {
    match fact {
        Fact::Package(package) => Some(format!(
            "{}\0{}\0{}\0{}",
            package.kind.as_str(),
            package.name,
            package.version,
            package.arch.as_deref().unwrap_or_default()
        )),
        _ => None,
    }
}
