//! Why an image could not be opened or read.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Says why a source could not give an image. Every variant names the thing and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The reference's text cannot be read.
    #[error("reference '{reference}': {problem}; see 'plimsoll scan --help' for the forms")]
    BadReference {
        /// The reference as typed.
        reference: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A local file or folder could not be read.
    #[error("{}: cannot {action}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried (`open`, `read`, `write`).
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The image's own documents (manifest, index, configuration) are damaged or break a bound.
    #[error("{what}: {problem}")]
    Malformed {
        /// The document and where it came from.
        what: String,
        /// What is wrong, got and expected.
        problem: String,
    },
    /// Bytes do not have the digest that names them.
    #[error("{what}: expected {expected}, got {got}; the image is damaged or was tampered with")]
    DigestMismatch {
        /// What the bytes are.
        what: String,
        /// The digest that names them.
        expected: String,
        /// The digest that they have.
        got: String,
    },
    /// There is no such image, tag or platform.
    #[error("{what} not found: {detail}")]
    NotFound {
        /// What was looked for.
        what: String,
        /// Where, and what there is instead.
        detail: String,
    },
    /// A peer (registry, daemon) refused or failed.
    #[error("{peer}: {problem}")]
    Peer {
        /// The peer and the request.
        peer: String,
        /// What it answered, and what to do.
        problem: String,
    },
    /// The peer asks for credentials that are missing or wrong.
    #[error("{peer}: {problem}; log in with 'docker login' or check ~/.docker/config.json")]
    Unauthorized {
        /// The peer and the request.
        peer: String,
        /// What it answered.
        problem: String,
    },
    /// `--offline` forbids asking a peer.
    #[error("{what} needs the network or a daemon, which --offline forbids")]
    Offline {
        /// The reference.
        what: String,
    },
}
