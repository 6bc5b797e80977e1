//! From a reference to an image: asks the source that the reference names.

use plimsoll_model::text::escape;

use super::archive::{self, Flavour};
use super::reference::RegistryReference;
use super::{Image, OpenOptions, Reference, SourceError, containerd, docker, layout, registry};

/// Opens what a reference names: one image, or with [`OpenOptions::all_platforms`] one per platform.
/// `given` is the reference as typed; it is what reports show.
///
/// # Errors
/// When there is no such image, or it cannot be reached or trusted; see [`SourceError`].
pub fn open(
    reference: &Reference,
    given: &str,
    options: &OpenOptions,
) -> Result<Vec<Image>, SourceError> {
    match reference {
        Reference::DockerArchive(path) => archive::open(path, Flavour::Docker, given, options),
        Reference::OciArchive(path) => archive::open(path, Flavour::Oci, given, options),
        Reference::OciDir { path, tag } => layout::open(path, tag.as_deref(), given, options),
        Reference::Dir(_) => Err(SourceError::BadReference {
            reference: given.to_owned(),
            problem: "a root file system has no layers; it is read as a whole".to_owned(),
        }),
        Reference::Sbom(_) => Err(SourceError::BadReference {
            reference: given.to_owned(),
            problem: "an SBOM has no layers; it is read as a whole".to_owned(),
        }),
        Reference::Registry(inner) => registry::open(inner, given, options),
        Reference::Docker(name) => docker::open(name, given, options),
        Reference::Podman(name) => docker::open_podman(name, given, options),
        Reference::Containerd { namespace, name } => {
            containerd::open(namespace.as_deref(), name, given, options)
        }
        Reference::Name(name) => by_name(name, given, options),
    }
}

/// Opens a name without a scheme: the daemon's image when a daemon answers and has it, else the
/// registry's.
fn by_name(name: &str, given: &str, options: &OpenOptions) -> Result<Vec<Image>, SourceError> {
    if options.offline {
        return Err(SourceError::Offline {
            what: format!("'{}'", escape(given)),
        });
    }
    let in_daemon = docker::answers(options).then(|| docker::open(name, given, options));
    match in_daemon {
        Some(Ok(images)) => return Ok(images),
        Some(Err(SourceError::NotFound { .. })) | None => {}
        Some(Err(error)) => return Err(error),
    }
    registry::open(&RegistryReference::parse(name)?, given, options)
}
