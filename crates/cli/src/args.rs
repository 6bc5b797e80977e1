//! The words of the command line. Names and meanings are a contract with scripts.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use plimsoll_model::severity::Severity;

/// Finds what is in a container image and what is wrong with it.
#[derive(Debug, Parser)]
#[command(
    name = "plimsoll",
    version,
    about = "Finds what is in a container image and what is wrong with it",
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done, 1 the gate failed, 2 it could not be done, 3 the result \
                  does not support a verdict.\n\nStart with: plimsoll scan IMAGE"
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Is what to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Scans an image: lists its packages, matches them with advisories, reports
    Scan(Box<ScanArgs>),
    /// Lists the packages of an image: a table, JSON, CycloneDX, SPDX
    Sbom(Box<SbomArgs>),
    /// Shows the evidence for one finding: what feeds say, what was compared, what leads to it
    Explain(Box<ExplainArgs>),
    /// Works with the vulnerability database
    #[command(after_help = "Start with: plimsoll db build --from FEEDS -o plimsoll.db")]
    Db(DbArgs),
    /// Compares version orders: reads lines such as 'A < B', prints those that are not so
    Versions(VersionsArgs),
    /// Prints completions for a shell
    #[command(after_help = "Example:
  plimsoll completions bash > ~/.local/share/bash-completion/completions/plimsoll")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Prints the manual page
    #[command(after_help = "Example:
  plimsoll man > ~/.local/share/man/man1/plimsoll.1")]
    Man,
}

/// Reads what a variable or the configuration file says of a switch: `1`, `true`, `yes`, `on` and
/// their opposites.
fn switch() -> BoolishValueParser {
    BoolishValueParser::new()
}

/// Is what `scan` takes.
#[derive(Debug, Args)]
#[command(after_help = "References:
  registry:HOST/NAME[:TAG][@sha256:…]   an image in a registry
  docker:NAME  podman:NAME              an image of a Docker or Podman service
  containerd:[NAMESPACE//]NAME          an image of containerd
  docker-archive:FILE                   what 'docker save' or 'podman save' wrote
  oci-archive:FILE  oci-dir:DIR[:TAG]   an OCI layout
  dir:DIR                               a root file system
  sbom:FILE                             an SBOM: CycloneDX, SPDX, Syft's JSON, attestations
Without a scheme: an existing file or folder, else the daemon when one answers, then the registry.

Examples:
  plimsoll scan debian:12
  plimsoll scan registry:registry.example.com/shop/web:1.4 --fail-on high
  plimsoll scan oci-dir:build/image --format json
  docker save shop | gzip > shop.tar.gz && plimsoll scan docker-archive:shop.tar.gz
  plimsoll scan web:1.4 -o json=report.json -o table=report.txt --quiet
  plimsoll scan web:1.4 --vex web.openvex.json --exceptions exceptions.toml --fail-on high
  plimsoll scan web:1.4 --vex vendor.csaf.json --show-suppressed

Exit codes: 0 done and the gate passed; 1 the gate failed; 2 it could not be done; 3 done, but the
result does not support a verdict (nothing recognised, no feed, no database).")]
pub(crate) struct ScanArgs {
    /// The image to scan, or its SBOM
    #[arg(value_name = "REF")]
    pub(crate) reference: String,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    /// Reports only findings that are at least this bad (the gate sees all)
    #[arg(
        long,
        value_name = "LEVEL",
        env = "PLIMSOLL_SEVERITY",
        default_value = "unknown"
    )]
    pub(crate) severity: Level,

    /// Leaves out findings that have no fixed version, for the gate too
    #[arg(long, env = "PLIMSOLL_ONLY_FIXED", value_parser = switch())]
    pub(crate) only_fixed: bool,

    /// Refuses a verdict (exit code 3) when the database is older than this many days
    #[arg(long, value_name = "DAYS", env = "PLIMSOLL_MAX_DB_AGE")]
    pub(crate) max_db_age: Option<u32>,

    /// Fails (exit code 1) when a finding is at least this bad
    #[arg(long, value_name = "LEVEL", env = "PLIMSOLL_FAIL_ON")]
    pub(crate) fail_on: Option<Level>,

    #[command(flatten)]
    pub(crate) suppress: SuppressArgs,

    /// The vulnerability database
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_DB")]
    pub(crate) db: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// Is what keeps findings from counting.
#[derive(Debug, Args)]
pub(crate) struct SuppressArgs {
    #[arg(
        long,
        value_name = "FILE",
        env = "PLIMSOLL_VEX",
        value_delimiter = ',',
        help = "Takes findings out of account that a VEX document (OpenVEX, CSAF, CycloneDX) says \
                are fixed or do not affect the image; may be repeated"
    )]
    pub(crate) vex: Vec<PathBuf>,

    /// Takes findings out of account whose risk is accepted for a time (docs/vex.md)
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_EXCEPTIONS")]
    pub(crate) exceptions: Option<PathBuf>,

    /// The stage that the image is for (build, test, production …): exceptions may hold at one only
    #[arg(long, value_name = "NAME", env = "PLIMSOLL_STAGE")]
    pub(crate) stage: Option<String>,

    /// Lists what does not count, with the reasons, in the table
    #[arg(long, env = "PLIMSOLL_SHOW_SUPPRESSED", value_parser = switch())]
    pub(crate) show_suppressed: bool,
}

/// Are the reports to write.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The form of the report on standard output
    #[arg(
        long,
        value_name = "F",
        default_value = "table",
        env = "PLIMSOLL_FORMAT"
    )]
    pub(crate) format: String,

    /// Writes a report to a file as well, in any format; may be repeated
    #[arg(short, long, value_name = "F=FILE", env = "PLIMSOLL_OUTPUT")]
    pub(crate) output: Vec<String>,
}

/// Is how an image is read: what every command that reads one takes.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    /// The platform to take from an index: os/architecture[/variant]
    #[arg(long, value_name = "PLATFORM", env = "PLIMSOLL_PLATFORM")]
    pub(crate) platform: Option<String>,

    /// Takes every platform of an index
    #[arg(long, env = "PLIMSOLL_ALL_PLATFORMS", value_parser = switch())]
    pub(crate) all_platforms: bool,

    /// Asks no registry and no daemon
    #[arg(long, env = "PLIMSOLL_OFFLINE", value_parser = switch())]
    pub(crate) offline: bool,

    /// Allows plain HTTP or an unverified certificate for a registry; may be repeated
    #[arg(
        long,
        value_name = "HOST",
        env = "PLIMSOLL_INSECURE_REGISTRY",
        value_delimiter = ','
    )]
    pub(crate) insecure_registry: Vec<String>,

    /// Trusts a certificate authority beside the system's; may be repeated
    #[arg(
        long,
        value_name = "PEM",
        env = "PLIMSOLL_CA_CERT",
        value_delimiter = ','
    )]
    pub(crate) ca_cert: Vec<PathBuf>,

    /// Keeps and uses no facts of layers that were read before
    #[arg(long, env = "PLIMSOLL_NO_CACHE", value_parser = switch())]
    pub(crate) no_cache: bool,

    /// The folder of the cache
    #[arg(long, value_name = "DIR", env = "PLIMSOLL_CACHE_DIR")]
    pub(crate) cache_dir: Option<PathBuf>,

    /// The most that the cache may hold, in megabytes
    #[arg(
        long,
        value_name = "MB",
        env = "PLIMSOLL_CACHE_LIMIT",
        default_value_t = 1024
    )]
    pub(crate) cache_limit: u64,

    /// How many layers are read at once [default: the number of processors]
    #[arg(
        long,
        value_name = "N",
        env = "PLIMSOLL_JOBS",
        value_parser = clap::value_parser!(u16).range(1..=256)
    )]
    pub(crate) jobs: Option<u16>,

    /// Prints no report on standard output (files are still written)
    #[arg(long, short, env = "PLIMSOLL_QUIET", value_parser = switch())]
    pub(crate) quiet: bool,

    /// Shows no progress
    #[arg(long, env = "PLIMSOLL_NO_PROGRESS", value_parser = switch())]
    pub(crate) no_progress: bool,

    /// The configuration file [default: plimsoll.toml, from the current folder upward]
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// Is what `sbom` takes.
#[derive(Debug, Args)]
#[command(after_help = "Formats:
  table            for people
  json             for programs (schemas/sbom-1.json)
  cyclonedx        CycloneDX 1.6; cyclonedx@1.7
  spdx             SPDX 2.3 as JSON; spdx-tag-value; spdx@3.0 as JSON-LD

Examples:
  plimsoll sbom debian:12
  plimsoll sbom web:1.4 --format cyclonedx > web.cdx.json
  plimsoll sbom registry:registry.example.com/shop/web:1.4 -q -o spdx=web.spdx.json -o json=web.json
  plimsoll sbom sbom:web.spdx.json --format cyclonedx

'plimsoll scan --help' lists the references. A document states SOURCE_DATE_EPOCH, else the image's own
time, so that the same image gives the same bytes.

Exit codes: 0 done; 2 it could not be done; 3 done, but something that may hold packages could not be
read, or nothing was recognised.")]
pub(crate) struct SbomArgs {
    /// The image whose packages to list, or an SBOM to convert
    #[arg(value_name = "REF")]
    pub(crate) reference: String,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// Is what `explain` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll explain CVE-2023-4911 debian:12
  plimsoll explain DSA-5514-1 oci-dir:build/image
  plimsoll explain CVE-2023-4911@libc6 registry:registry.example.com/shop/web:1.4
  plimsoll explain GHSA-29mw-wpgm-hmr9@lodash sbom:web.cdx.json --format json

Each package that a feed connects with the vulnerability is shown, also where the answer is that it
is not affected. 'plimsoll scan --help' lists the references.

Exit codes: 0 done, whatever the answer; 2 it could not be done, or the database does not know the
id; 3 done, but something that may change the answer could not be read or judged.")]
pub(crate) struct ExplainArgs {
    /// A vulnerability's or an update's id, or any other name of it, with @PACKAGE for one package
    #[arg(value_name = "FINDING")]
    pub(crate) finding: String,

    /// The image, or its SBOM
    #[arg(value_name = "REF")]
    pub(crate) reference: String,

    /// table or json
    #[arg(long, value_name = "F", default_value = "table")]
    pub(crate) format: TextFormat,

    /// The vulnerability database
    #[arg(long, value_name = "FILE", env = "PLIMSOLL_DB")]
    pub(crate) db: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// Is what `db` takes.
#[derive(Debug, Args)]
pub(crate) struct DbArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub(crate) command: DbCommand,
}

/// Is what to do with the database.
#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Builds a database from feed files laid out as their upstreams serve them
    #[command(after_help = "Recognised under DIR, at any depth:
  <Ecosystem>/all.zip                          OSV, one zip per ecosystem
  tracker/data/json, DSA/list, DLA/list        the Debian security tracker
  secdb/vX.Y/{main,community}.json             Alpine; security.json: Wolfi, Chainguard
  known_exploited_vulnerabilities.json         CISA's catalogue of exploited vulnerabilities

A database that is replaced is compared first: a feed that lost more than a fifth of its records is
refused until that is accepted, and the old database stays.

Examples:
  plimsoll db build --from feeds -o plimsoll.db
  plimsoll db build --from feeds -o plimsoll.db --accept-shrinking osv/npm")]
    Build {
        /// The folder with the feeds
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// The database file to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Accepts that this feed lost more than a fifth of its records, or that any did ('all')
        #[arg(long, value_name = "FEED|all")]
        accept_shrinking: Vec<String>,
        /// Prints only errors
        #[arg(long, short)]
        quiet: bool,
    },
    /// Shows which feeds a database holds, with how many records and of what date
    #[command(after_help = "Examples:
  plimsoll db status --db plimsoll.db
  plimsoll db status --db plimsoll.db --verify --format json")]
    Status {
        /// The database
        #[arg(long, value_name = "FILE", env = "PLIMSOLL_DB")]
        db: Option<PathBuf>,
        /// table or json
        #[arg(long, value_name = "F", default_value = "table")]
        format: TextFormat,
        /// Verifies every byte of the file against its digest
        #[arg(long)]
        verify: bool,
    },
    /// Writes a database into one compressed file, to be carried to where there is no network
    #[command(after_help = "The file is zstd; 'zstd -d' gives back the database.

Example:
  plimsoll db export plimsoll.db.zst --db plimsoll.db")]
    Export {
        /// The file to write
        #[arg(value_name = "FILE")]
        output: PathBuf,
        /// The database
        #[arg(long, value_name = "FILE", env = "PLIMSOLL_DB")]
        db: Option<PathBuf>,
    },
    /// Puts an exported database in place of the one in use
    #[command(
        after_help = "The file is checked as a whole before it replaces anything. Without --db the \
database is put into the data folder, where every command finds it.

Example:
  plimsoll db import plimsoll.db.zst"
    )]
    Import {
        /// The file that 'db export' wrote, or a database
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The database to replace or to make
        #[arg(long, value_name = "FILE", env = "PLIMSOLL_DB")]
        db: Option<PathBuf>,
        /// Takes a database that is older than the one in use
        #[arg(long)]
        force: bool,
    },
    /// Shows what a database says of a vulnerability or a package
    #[command(after_help = "Examples:
  plimsoll db lookup CVE-2023-4911
  plimsoll db lookup DSA-5514
  plimsoll db lookup glibc --format json
  plimsoll db lookup pkg:npm/lodash@4.17.20")]
    Lookup {
        /// A vulnerability's id (CVE-…, DSA-…, GHSA-…), a package's name, or its purl (with a version:
        /// only what applies to it)
        what: String,
        /// The database
        #[arg(long, value_name = "FILE", env = "PLIMSOLL_DB")]
        db: Option<PathBuf>,
        /// table or json
        #[arg(long, value_name = "F", default_value = "table")]
        format: TextFormat,
    },
}

/// Is a form for people or for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextFormat {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// Is what `versions` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Ecosystems: apk, bitnami, cargo, composer, conda, cpan, cran, deb, gem, generic, go, hackage,
hex, julia, jvm, luarocks, maven, nix, npm, nuget, otp, pear, pub, pypi, rpm, semver, swift;
the names of package kinds in reports (golang, pecl, binary, …) work too.

Examples:
  echo '1.0~rc1 < 1.0' | plimsoll versions deb
  echo '1.0-SNAPSHOT < 1.0' | plimsoll versions maven"
)]
pub(crate) struct VersionsArgs {
    /// Whose order: apk, deb, maven, npm, pypi …
    pub(crate) ecosystem: String,
}

/// Is a severity as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// Not rated.
    Unknown,
    /// No real problem.
    Negligible,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Unknown => Self::Unknown,
            Level::Negligible => Self::Negligible,
            Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High => Self::High,
            Level::Critical => Self::Critical,
        }
    }
}
