//! Builds a database from a folder of feeds.
//!
//! The result depends on the feeds' content and paths and on the given time only: files are read in
//! the order of their paths, and everything is sorted before it is written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use plimsoll_model::advisory::{Lifecycle, Symbols};
use plimsoll_model::report::FeedInfo;
use sha2::{Digest as _, Sha256};

use super::format::{
    BLOCK, CvssDisk, DIGEST, EPSS_PARTS, EcosystemMeta, FeedMeta, HEADER, HEADER_CRC, MAGIC, Meta,
    PackageDisk, ROW, RangeDisk, Section, StatementDisk, TABLE, VERSION, VulnerabilityDisk, id_key,
    package_key,
};
use super::join::{Join, Sourced, complete_advisories, join};
use super::{DbError, table};
use crate::feeds::{self, Level, Record, Scope, Statement};
use crate::ids;

/// How hard zstd tries: the file is built once and read often.
const ZSTD_LEVEL: i32 = 12;

/// Is what a build did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuildSummary {
    /// The feeds, by name.
    pub feeds: Vec<FeedInfo>,
    /// How many statements about packages there are.
    pub advisories: u64,
    /// How many vulnerabilities and updates there are.
    pub vulnerabilities: u64,
    /// The file's size in bytes.
    pub bytes: u64,
    /// Which files were left out or read in part, and why.
    pub skipped: Vec<(PathBuf, String)>,
}

/// Builds a database from the feeds below a folder.
///
/// `built_at` is RFC 3339. `progress` is told each file before it is read. The file appears under
/// its name only when it is complete and on the disk; a build that is broken off leaves at most a
/// temporary file beside it.
///
/// # Errors
/// When the folder cannot be read or holds no feed, or when the file cannot be written. Damage in a
/// feed is no error: see [`BuildSummary::skipped`] and [`FeedInfo::damaged`].
pub fn build(
    from: &Path,
    out: &Path,
    built_at: &str,
    progress: &dyn Fn(&str),
) -> Result<BuildSummary, DbError> {
    let gathered = gather(from, progress)?;
    progress("joining");
    let image = assemble(&gathered, built_at)?;
    progress("writing");
    write(out, &image.bytes)?;
    Ok(BuildSummary {
        feeds: gathered.feeds.iter().map(info).collect(),
        advisories: image.statements,
        vulnerabilities: image.vulnerabilities,
        bytes: image.bytes.len() as u64,
        skipped: gathered.skipped,
    })
}

/// Turns what is stored of a feed into what a report says.
pub(super) fn info(feed: &FeedMeta) -> FeedInfo {
    FeedInfo {
        name: feed.name.clone(),
        fetched_at: feed.fetched_at.clone(),
        records: feed.records,
        damaged: feed.damaged,
    }
}

/// Is everything that the feeds say.
struct Gathered {
    /// The feeds, by name.
    feeds: Vec<FeedMeta>,
    /// The records, by feed and id.
    records: Vec<Sourced>,
    /// The scopes by ecosystem.
    scopes: BTreeMap<String, BTreeSet<String>>,
    /// The lives of products, by name.
    lifecycles: BTreeMap<String, Lifecycle>,
    /// What was left out.
    skipped: Vec<(PathBuf, String)>,
}

/// Reads all feeds.
fn gather(from: &Path, progress: &dyn Fn(&str)) -> Result<Gathered, DbError> {
    let tree = feeds::walk(from).map_err(|error| DbError::read(from, error))?;
    if tree.found.is_empty() {
        return Err(DbError::NoFeeds {
            path: from.to_path_buf(),
        });
    }
    let mut skipped = tree.skipped;
    let mut metas: BTreeMap<String, FeedMeta> = BTreeMap::new();
    let mut records: Vec<(String, Record)> = Vec::new();
    let mut scopes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut lifecycles: BTreeMap<String, Lifecycle> = BTreeMap::new();
    for found in tree.found {
        let parts: Vec<&str> = found
            .relative
            .iter()
            .filter_map(|part| part.to_str())
            .collect();
        progress(&parts.join("/"));
        let batch = match found.feed.read(&found.path, &parts) {
            Ok(batch) => batch,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                skipped.push((found.relative, error.to_string()));
                continue;
            }
            Err(error) => return Err(DbError::read(&found.path, error)),
        };
        for note in batch.notes {
            skipped.push((found.relative.clone(), note));
        }
        if batch.name.is_empty() {
            continue;
        }
        for Scope {
            ecosystem,
            packages,
        } in found.scopes.iter().flat_map(|scopes| scopes.iter())
        {
            scopes
                .entry(ecosystem.clone())
                .or_default()
                .extend(packages.iter().cloned());
        }
        for lifecycle in batch.lifecycles {
            lifecycles.insert(lifecycle.product.clone(), lifecycle);
        }
        let meta = metas.entry(batch.name.clone()).or_insert_with(|| FeedMeta {
            name: batch.name.clone(),
            rank: found.feed.rank(),
            ..FeedMeta::default()
        });
        meta.records += batch.read;
        meta.damaged += batch.damaged;
        if batch.fetched_at > meta.fetched_at {
            meta.fetched_at = batch.fetched_at;
        }
        records.extend(
            batch
                .records
                .into_iter()
                .map(|record| (batch.name.clone(), record)),
        );
    }
    let feeds: Vec<FeedMeta> = metas.into_values().collect();
    if feeds.len() > usize::from(u16::MAX) {
        return Err(too_large("feeds"));
    }
    let number: HashMap<&str, u16> = feeds
        .iter()
        .zip(0_u16..)
        .map(|(feed, number)| (feed.name.as_str(), number))
        .collect();
    let mut records: Vec<Sourced> = records
        .into_iter()
        .filter_map(|(name, record)| {
            let feed = *number.get(name.as_str())?;
            Some(Sourced { feed, record })
        })
        .collect();
    // Stable: records of one feed with the same id keep the order of their files.
    records.sort_by(|a, b| (a.feed, &a.record.id).cmp(&(b.feed, &b.record.id)));
    let mut records = newest_copies(records, &feeds);
    complete_advisories(&mut records);
    Ok(Gathered {
        feeds,
        records,
        scopes,
        lifecycles,
        skipped,
    })
}

/// Keeps one copy of each record of the feeds that state a record in several files: OSV's archives
/// (`Debian` and `Debian:12`), and feeds with an archive and newer single files beside it. The one
/// changed last counts, also when it takes the record back.
fn newest_copies(records: Vec<Sourced>, feeds: &[FeedMeta]) -> Vec<Sourced> {
    // OSV's feeds share their records; any other feed is by itself.
    let group = |feed: u16| {
        let name = feeds.get(usize::from(feed)).map_or("", |meta| &meta.name);
        if feeds::osv_repositories::shares_records(name) {
            Some(u16::MAX)
        } else {
            feeds::WITH_COPIES.contains(&name).then_some(feed)
        }
    };
    let mut newest: HashMap<(u16, String), (usize, String)> = HashMap::new();
    for (index, Sourced { feed, record }) in records.iter().enumerate() {
        let Some(group) = group(*feed) else { continue };
        match newest.get_mut(&(group, record.id.clone())) {
            Some(best) if record.modified > best.1 => *best = (index, record.modified.clone()),
            Some(_) => {}
            None => {
                newest.insert((group, record.id.clone()), (index, record.modified.clone()));
            }
        }
    }
    records
        .into_iter()
        .enumerate()
        .filter(|(index, Sourced { feed, record })| {
            let kept = group(*feed).is_none_or(|group| {
                newest
                    .get(&(group, record.id.clone()))
                    .is_some_and(|best| best.0 == *index)
            });
            kept && !record.withdrawn
        })
        .map(|(_, sourced)| sourced)
        .collect()
}

/// Is a finished database in memory.
struct Image {
    /// The file's bytes.
    bytes: Vec<u8>,
    /// How many statements there are.
    statements: u64,
    /// How many vulnerabilities there are.
    vulnerabilities: u64,
}

/// Is a statement with where it comes from.
struct Placed<'a> {
    /// The feed's number.
    feed: u16,
    /// The record.
    record: &'a Record,
    /// The statement.
    statement: &'a Statement,
}

/// Joins and lays out everything.
fn assemble(gathered: &Gathered, built_at: &str) -> Result<Image, DbError> {
    let joined = join(&gathered.records);
    let mut packages: BTreeMap<(&str, &str), Vec<Placed<'_>>> = BTreeMap::new();
    for Sourced { feed, record } in &gathered.records {
        for statement in &record.statements {
            let key = (
                statement.advisory.package.as_str(),
                statement.advisory.ecosystem.as_str(),
            );
            packages.entry(key).or_default().push(Placed {
                feed: *feed,
                record,
                statement,
            });
        }
    }
    let mut numbers = Numbers::new(&joined);
    let mut package_table = table::Builder::default();
    let mut package_index = Vec::new();
    let mut statements = Vec::new();
    let mut count = 0_u64;
    let mut ecosystems: BTreeMap<String, EcosystemMeta> = BTreeMap::new();
    let mut blob = Vec::new();
    for (number, ((name, ecosystem), placed)) in (0_u32..).zip(&packages) {
        let disk = package(
            ecosystem,
            name,
            placed,
            number,
            &joined,
            &mut numbers,
            gathered,
        );
        count += disk.statements.len() as u64;
        blob.clear();
        blob = postcard::to_extend(&disk, blob).map_err(|_| too_large("statements"))?;
        let length = u32::try_from(blob.len()).map_err(|_| too_large("statements"))?;
        package_table.add(&package_key(ecosystem, name), &number.to_le_bytes());
        package_index.extend_from_slice(&(statements.len() as u64).to_le_bytes());
        package_index.extend_from_slice(&length.to_le_bytes());
        package_index.extend_from_slice(&crc32fast::hash(&blob).to_le_bytes());
        statements.extend_from_slice(&blob);
        let meta = ecosystems
            .entry((*ecosystem).to_owned())
            .or_insert_with(|| EcosystemMeta {
                name: (*ecosystem).to_owned(),
                ..EcosystemMeta::default()
            });
        for placed in placed {
            if let Err(at) = meta.feeds.binary_search(&placed.feed) {
                meta.feeds.insert(at, placed.feed);
            }
        }
    }
    for (ecosystem, scope) in &gathered.scopes {
        let meta = ecosystems.entry(ecosystem.clone()).or_default();
        meta.name.clone_from(ecosystem);
        meta.scope = Some(scope.iter().cloned().collect());
    }
    numbers.rest(&joined);
    let (vulnerability_index, vulnerabilities) = vulnerabilities(&joined, &numbers)?;
    let ids = id_table(&joined, &numbers, &gathered.records)?;
    let meta = Meta {
        built_at: built_at.to_owned(),
        feeds: gathered.feeds.clone(),
        ecosystems: ecosystems.into_values().collect(),
        packages: packages.len() as u64,
        statements: count,
        vulnerabilities: numbers.order.len() as u64,
    };
    let meta = postcard::to_stdvec(&meta).map_err(|_| too_large("feeds"))?;
    let packages = package_table
        .finish()
        .ok_or_else(|| too_large("packages"))?;
    let bytes = frame(&[
        meta,
        packages,
        package_index,
        vulnerability_index,
        ids,
        statements,
        vulnerabilities,
        lifecycle_table(&gathered.lifecycles)?,
    ]);
    Ok(Image {
        bytes,
        statements: count,
        vulnerabilities: numbers.order.len() as u64,
    })
}

/// Says of what there is too much.
fn too_large(what: &str) -> DbError {
    DbError::TooLarge {
        what: what.to_owned(),
    }
}

/// Numbers vulnerabilities in the order in which they are first mentioned.
struct Numbers {
    /// The number of each joined vulnerability, once it has one.
    of: Vec<Option<u32>>,
    /// The joined vulnerabilities in order.
    order: Vec<usize>,
    /// The packages of each, in order of numbers.
    packages: Vec<Vec<u32>>,
}

impl Numbers {
    /// Starts with none.
    fn new(join: &Join) -> Self {
        Self {
            of: vec![None; join.joined.len()],
            order: Vec::new(),
            packages: Vec::new(),
        }
    }

    /// Returns the number of a vulnerability, and notes the package that mentions it.
    fn number(&mut self, index: usize, package: Option<u32>) -> u32 {
        let next = u32::try_from(self.order.len()).unwrap_or(u32::MAX);
        let number = match self.of.get_mut(index) {
            Some(Some(number)) => *number,
            Some(slot) => {
                *slot = Some(next);
                self.order.push(index);
                self.packages.push(Vec::new());
                next
            }
            None => next,
        };
        if let Some(package) = package
            && let Some(packages) = self.packages.get_mut(number as usize)
            && packages.last() != Some(&package)
        {
            packages.push(package);
        }
        number
    }

    /// Numbers those that no package mentions, by id.
    fn rest(&mut self, join: &Join) {
        let mut rest: Vec<(&str, usize)> = join
            .joined
            .iter()
            .enumerate()
            .filter(|(index, _)| self.of.get(*index).is_some_and(Option::is_none))
            .map(|(index, entry)| (entry.id.as_str(), index))
            .collect();
        rest.sort_unstable();
        for (_, index) in rest {
            self.number(index, None);
        }
    }
}

/// Lays out what is stated about a package.
fn package<'a>(
    ecosystem: &'a str,
    name: &'a str,
    placed: &[Placed<'a>],
    number: u32,
    joined: &Join,
    numbers: &mut Numbers,
    gathered: &Gathered,
) -> PackageDisk<'a> {
    let mut placed: Vec<&Placed<'a>> = placed.iter().collect();
    placed.sort_by_key(|p| (p.record.level, p.feed, &p.record.id));
    let mut statements: Vec<StatementDisk<'a>> = placed
        .into_iter()
        .map(
            |Placed {
                 feed,
                 record,
                 statement,
             }| {
                let advisory = &statement.advisory;
                let is_update = record.level == Level::Advisory;
                let vulnerabilities = record
                    .vulnerabilities
                    .iter()
                    .filter_map(|id| joined.of(id))
                    .map(|index| numbers.number(index, Some(number)))
                    .collect();
                let own = joined
                    .of(&record.id)
                    .filter(|_| is_update)
                    .map(|index| numbers.number(index, Some(number)));
                StatementDisk {
                    advisory: is_update,
                    rank: gathered
                        .feeds
                        .get(usize::from(*feed))
                        .map_or(u8::MAX, |meta| meta.rank),
                    feed: *feed,
                    record: &record.id,
                    own,
                    vulnerabilities,
                    also: statement.also.iter().map(String::as_str).collect(),
                    ranges: advisory
                        .ranges
                        .iter()
                        .map(|range| RangeDisk {
                            introduced: &range.introduced,
                            exclusive: range.exclusive,
                            fixed: range.fixed.as_deref(),
                            last_affected: range.last_affected.as_deref(),
                        })
                        .collect(),
                    versions: advisory.versions.iter().map(String::as_str).collect(),
                    fix: advisory.fix,
                    severity: advisory.severity,
                    module: advisory.module.as_deref(),
                    arches: advisory.arches.iter().map(String::as_str).collect(),
                    repository: &statement.repository,
                    undecided: advisory.undecided,
                    symbols: advisory.symbols.iter().map(symbols).collect(),
                }
            },
        )
        .collect();
    statements.sort();
    statements.dedup();
    PackageDisk {
        ecosystem,
        name,
        statements,
    }
}

/// Lays out the symbols of one part of a package.
fn symbols(symbols: &Symbols) -> (&str, Vec<&str>) {
    let names = symbols.names.iter().map(String::as_str).collect();
    (&symbols.path, names)
}

/// Lays out the vulnerabilities: their index and their blocks.
fn vulnerabilities(join: &Join, numbers: &Numbers) -> Result<(Vec<u8>, Vec<u8>), DbError> {
    let mut index = Vec::new();
    let mut blocks = Vec::new();
    let entries: Vec<(usize, &Vec<u32>)> = numbers
        .order
        .iter()
        .copied()
        .zip(&numbers.packages)
        .collect();
    for chunk in entries.chunks(BLOCK) {
        let entries: Vec<Vec<u8>> = chunk
            .iter()
            .filter_map(|(index, packages)| {
                let entry = join.joined.get(*index)?;
                let disk = VulnerabilityDisk {
                    id: entry.id.clone(),
                    aliases: entry
                        .names
                        .iter()
                        .filter(|name| **name != entry.id && !ids::wraps_cve(name))
                        .cloned()
                        .collect(),
                    title: entry.title.clone(),
                    severities: entry.severities.clone(),
                    cvss: entry
                        .cvss
                        .iter()
                        .map(|(cvss, feed)| CvssDisk {
                            version: cvss.version.clone(),
                            vector: cvss.vector.clone(),
                            tenths: tenths(cvss.score),
                            feed: *feed,
                        })
                        .collect(),
                    known_exploited: entry.known_exploited,
                    epss: entry
                        .epss
                        .map(|epss| (parts(epss.score), parts(epss.percentile))),
                    published: entry.published.clone(),
                    urls: entry.urls.clone(),
                    packages: (*packages).clone(),
                };
                Some(postcard::to_stdvec(&disk).map_err(|_| too_large("vulnerabilities")))
            })
            .collect::<Result<_, _>>()?;
        let mut plain = Vec::new();
        let mut end = entries.len() * 4;
        for entry in &entries {
            end += entry.len();
            let end = u32::try_from(end).map_err(|_| too_large("vulnerabilities"))?;
            plain.extend_from_slice(&end.to_le_bytes());
        }
        for entry in &entries {
            plain.extend_from_slice(entry);
        }
        let packed =
            zstd::bulk::compress(&plain, ZSTD_LEVEL).map_err(|_| too_large("vulnerabilities"))?;
        let length = |bytes: &[u8]| {
            u32::try_from(bytes.len())
                .map(u32::to_le_bytes)
                .map_err(|_| too_large("vulnerabilities"))
        };
        index.extend_from_slice(&(blocks.len() as u64).to_le_bytes());
        index.extend_from_slice(&length(&packed)?);
        index.extend_from_slice(&crc32fast::hash(&packed).to_le_bytes());
        index.extend_from_slice(&length(&plain)?);
        blocks.extend_from_slice(&packed);
    }
    Ok((index, blocks))
}

/// Turns a score into tenths.
#[allow(
    clippy::cast_sign_loss,
    reason = "scores are 0.0 to 10.0; `rating` holds them to it"
)]
fn tenths(score: f64) -> u8 {
    (score * 10.0).round().clamp(0.0, 100.0) as u8
}

/// Turns a share into the parts that are stored.
#[allow(clippy::cast_sign_loss, reason = "clamped to 0.0 to 1.0")]
fn parts(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * EPSS_PARTS).round() as u32
}

/// Makes the table of lifecycles; of a product that several files tell of, the last counts.
fn lifecycle_table(lifecycles: &BTreeMap<String, Lifecycle>) -> Result<Vec<u8>, DbError> {
    let mut builder = table::Builder::default();
    for (product, lifecycle) in lifecycles {
        let value = postcard::to_stdvec(&lifecycle.cycles).map_err(|_| too_large("lifecycles"))?;
        builder.add(product.as_bytes(), &value);
    }
    builder.finish().ok_or_else(|| too_large("lifecycles"))
}

/// Makes the table of ids: every name, and for an update also what it covers.
fn id_table(join: &Join, numbers: &Numbers, records: &[Sourced]) -> Result<Vec<u8>, DbError> {
    let mut found: BTreeMap<Vec<u8>, BTreeSet<u32>> = BTreeMap::new();
    let number = |index: usize| numbers.of.get(index).copied().flatten();
    for (index, entry) in join.joined.iter().enumerate() {
        for name in &entry.names {
            found.entry(id_key(name)).or_default().extend(number(index));
        }
    }
    for Sourced { record, .. } in records {
        let covered = record
            .vulnerabilities
            .iter()
            .filter_map(|id| number(join.of(id)?));
        found.entry(id_key(&record.id)).or_default().extend(covered);
        for also in record
            .statements
            .iter()
            .flat_map(|statement| &statement.also)
        {
            let covered = record
                .vulnerabilities
                .iter()
                .filter_map(|id| number(join.of(id)?));
            found.entry(id_key(also)).or_default().extend(covered);
        }
    }
    let mut builder = table::Builder::default();
    for (key, numbers) in &found {
        let value = postcard::to_stdvec(numbers).map_err(|_| too_large("ids"))?;
        builder.add(key, &value);
    }
    builder.finish().ok_or_else(|| too_large("ids"))
}

/// Puts the header before the sections.
fn frame(sections: &[Vec<u8>; Section::ALL.len()]) -> Vec<u8> {
    let length = HEADER + sections.iter().map(Vec::len).sum::<usize>();
    let mut bytes = vec![0_u8; HEADER];
    bytes.reserve_exact(length - HEADER);
    let mut table = Vec::with_capacity(sections.len() * ROW);
    for content in sections {
        table.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        table.extend_from_slice(&(content.len() as u64).to_le_bytes());
        table.extend_from_slice(&crc32fast::hash(content).to_le_bytes());
        table.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(content);
    }
    let digest: [u8; 32] = Sha256::digest(bytes.get(HEADER..).unwrap_or(&[])).into();
    let mut put = |at: usize, part: &[u8]| {
        if let Some(slot) = bytes.get_mut(at..at + part.len()) {
            slot.copy_from_slice(part);
        }
    };
    put(0, &MAGIC);
    put(8, &VERSION.to_le_bytes());
    put(12, &(Section::ALL.len() as u32).to_le_bytes());
    put(16, &(length as u64).to_le_bytes());
    put(DIGEST, &digest);
    put(TABLE, &table);
    let crc = crc32fast::hash(bytes.get(..HEADER_CRC).unwrap_or(&[]));
    if let Some(slot) = bytes.get_mut(HEADER_CRC..HEADER) {
        slot.copy_from_slice(&crc.to_le_bytes());
    }
    bytes
}

/// Writes the file beside its name, makes sure that it is on the disk, and renames it.
fn write(out: &Path, bytes: &[u8]) -> Result<(), DbError> {
    let fail = |error: io::Error| DbError::write(out, error, bytes.len() as u64);
    let folder = match out.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(fail)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".plimsoll-db-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Readable for whoever the umask lets read, as a plainly created file would be.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(out).map_err(|error| fail(error.error))?;
    // The name, too, must survive a power cut. Not every file system can sync a folder.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}
