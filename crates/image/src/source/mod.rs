//! Where images come from: one module per source, one shape for all.
//!
//! A source finds the manifest and the configuration, verifies both against their digests, and
//! hands out each layer's bytes as a blocking reader. It does not decompress and does not verify
//! layers: the pass does, over the bytes that it reads anyway.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_model::digest::Digest;
use plimsoll_model::issue::Issue;

use crate::config::ImageConfig;

pub mod archive;
pub mod containerd;
pub mod docker;
pub mod environment;
pub mod error;
pub mod layout;
pub mod open;
pub mod platform;
pub mod reference;
pub mod registry;
pub mod remote;
pub mod rootfs;

pub use environment::Environment;
pub use error::SourceError;
pub use open::open;
pub use reference::Reference;

/// The largest manifest or index that is read, in bytes (the OCI distribution specification asks
/// registries to take 4 MiB).
pub const MAX_MANIFEST_BYTES: u64 = 4 << 20;
/// The largest configuration that is read, in bytes.
pub const MAX_CONFIG_BYTES: u64 = 8 << 20;
/// The most layers that an image may have. Overlay file systems stop at about 128 or 500.
pub const MAX_LAYERS: usize = 4096;

/// Is an image, ready to be read.
pub struct Image {
    /// The reference as it was given, scheme included (`oci-dir:examples/demo`).
    pub reference: String,
    /// The digest of the manifest of this platform; `None` where the source keeps none.
    pub digest: Option<Digest>,
    /// The digest of the configuration (the image id); `None` for a root file system.
    pub config_digest: Option<Digest>,
    /// The configuration.
    pub config: ImageConfig,
    /// The layers, lowest first; as many as the configuration has diff-ids.
    pub layers: Vec<Layer>,
    /// What hands out their bytes.
    pub blobs: Box<dyn Blobs>,
    /// What was odd about the image without being fatal.
    pub issues: Vec<Issue>,
}

/// Is one layer as the manifest and the configuration describe it; nothing is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The digest of the bytes that [`Blobs::open`] yields. `None` where the source re-makes the
    /// archive and states only the diff-id (daemons, old docker-archives).
    pub digest: Option<Digest>,
    /// The digest of the uncompressed archive, as the configuration claims.
    pub diff_id: Digest,
    /// The number of bytes that [`Blobs::open`] yields, as the manifest claims; 0 when unknown.
    pub size: u64,
    /// The media type; empty when unknown. The compression is told from the bytes, not from this.
    pub media_type: String,
}

/// Hands out the bytes of layers.
pub trait Blobs: Send + Sync {
    /// Opens a layer by its index. Called from several threads at once. The reader blocks, retries
    /// and resumes by itself; an error of it is final and carries the cause.
    fn open(&self, layer: usize) -> Result<Box<dyn Read + Send>, SourceError>;

    /// Says what stands for the layer's bytes before they are read; decides whether cached facts
    /// may be used.
    fn standing(&self, layer: usize) -> Standing;
}

/// Is what stands for a layer's bytes before they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The digest: it comes from a store that addresses by content and verified it itself, or that
    /// is verified whenever the bytes arrive (registry, containerd, Docker, Podman). Facts cached
    /// under it hold.
    ByDigest,
    /// A part of a local file that anyone may have changed since. The stamp tells a change.
    File(FileStamp),
    /// Nothing: the layer is read every time.
    Nothing,
}

/// Is the state of a part of a file: when any of it differs, the bytes may differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileStamp {
    /// The device.
    pub device: u64,
    /// The inode.
    pub inode: u64,
    /// The file's size in bytes.
    pub size: u64,
    /// When its content changed, nanoseconds since 1970.
    pub modified_ns: i128,
    /// When its inode changed, nanoseconds since 1970; cannot be set back by a user.
    pub changed_ns: i128,
    /// Where the part starts.
    pub offset: u64,
    /// How long the part is.
    pub length: u64,
}

/// Is how sources are to be opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The wanted platform, `os/architecture[/variant]`; `None` for this machine's architecture on
    /// Linux, else the first of the index that is an image.
    pub platform: Option<String>,
    /// Whether to yield every platform of an index.
    pub all_platforms: bool,
    /// Registries (`host[:port]`) that may be asked over plain HTTP or with an unverified
    /// certificate. Loopback is always allowed plain HTTP.
    pub insecure_registries: Vec<String>,
    /// PEM files of certificate authorities that are trusted beside the system's.
    pub extra_ca: Vec<PathBuf>,
    /// The folder for temporary files, deleted as soon as they are not needed.
    pub spool_dir: PathBuf,
    /// The most bytes that may be written to `spool_dir` for one image.
    pub spool_limit: u64,
    /// How long to wait for the next bytes of a peer.
    pub stall_timeout: Duration,
    /// How often a failed request is tried again.
    pub retries: u32,
    /// Whether only local files may be read: no registry, no daemon.
    pub offline: bool,
    /// The containerd namespace, where the reference gives none; `None` for `default`, then
    /// `k8s.io`, then `moby`.
    pub containerd_namespace: Option<String>,
    /// The folder that keeps configurations of daemons' images, so that a second scan need not
    /// export the image again; `None` keeps none. Files are named by digest and verified by it.
    pub config_cache: Option<PathBuf>,
    /// The environment variables that remote sources look at.
    pub environment: Environment,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            platform: None,
            all_platforms: false,
            insecure_registries: Vec::new(),
            extra_ca: Vec::new(),
            spool_dir: std::env::temp_dir(),
            spool_limit: 64 << 30,
            stall_timeout: Duration::from_secs(30),
            retries: 5,
            offline: false,
            containerd_namespace: None,
            config_cache: None,
            environment: Environment::default(),
        }
    }
}
