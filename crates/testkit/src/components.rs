//! Real components for tests: registries, Docker, Podman, containerd; and a scripted HTTP server
//! that misbehaves on purpose.
//!
//! Each is started with its own data in a temporary folder, on loopback or on a socket of its own,
//! is waited for, and ends when its value is dropped. A component that cannot be had on this
//! machine is an `Err` with the reason, which a test hands to [`crate::skip`].

#![allow(
    clippy::format_push_string,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "development only: a test that cannot be set up is to fail at once"
)]

mod daemons;
mod process;
mod registry;
mod scripted;

pub use daemons::{Containerd, Daemon, docker, docker_with_tls, podman, unix_request};
pub use process::{free_port, run};
pub use registry::{Access, Registry, TokenServer, certificate_authority};
pub use scripted::{Reply, Request, ScriptedServer};
