//! What a user types to name an image, and what is meant by it.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use plimsoll_model::digest::Digest;

use super::SourceError;

/// Is a reference to an image with its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// `registry:HOST/NAME[:TAG][@DIGEST]`.
    Registry(RegistryReference),
    /// `docker:NAME`: an image of a Docker daemon.
    Docker(String),
    /// `podman:NAME`: an image of a Podman service.
    Podman(String),
    /// `containerd:NAME` or `containerd:NAMESPACE//NAME`.
    Containerd {
        /// The namespace, where one is given.
        namespace: Option<String>,
        /// The image's name in containerd's store.
        name: String,
    },
    /// `docker-archive:FILE`: what `docker save` writes, plain or gzip.
    DockerArchive(PathBuf),
    /// `oci-archive:FILE`: an OCI layout in a tar archive, plain or gzip.
    OciArchive(PathBuf),
    /// `oci-dir:DIR[:TAG]`: an OCI layout.
    OciDir {
        /// The folder.
        path: PathBuf,
        /// The tag (`org.opencontainers.image.ref.name`), where one is given.
        tag: Option<String>,
    },
    /// `dir:DIR`: a root file system.
    Dir(PathBuf),
    /// `sbom:FILE`: a document that lists what is in an image.
    Sbom(PathBuf),
    /// A name without a scheme that is no file: the daemon when one answers, then the registry.
    Name(String),
}

/// Is an image in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryReference {
    /// `host[:port]`, after Docker's defaults (`registry-1.docker.io` is asked for `docker.io`).
    pub host: String,
    /// The repository (`library/debian`).
    pub repository: String,
    /// The tag; `latest` where neither tag nor digest is given.
    pub tag: Option<String>,
    /// The digest, which pins the manifest.
    pub digest: Option<Digest>,
}

impl Reference {
    /// Reads a reference as typed. Without a scheme, an existing file or folder is recognised by
    /// its content (this looks at the file system); otherwise it is a [`Reference::Name`].
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        let fail = |problem: &str| SourceError::BadReference {
            reference: plimsoll_model::text::escape(text).into_owned(),
            problem: problem.to_owned(),
        };
        if text.is_empty() {
            return Err(fail("it is empty"));
        }
        if let Some((scheme, rest)) = text.split_once(':') {
            let known = matches!(
                scheme,
                "registry"
                    | "docker"
                    | "podman"
                    | "containerd"
                    | "docker-archive"
                    | "oci-archive"
                    | "oci-dir"
                    | "dir"
                    | "sbom"
            );
            if known && rest.is_empty() {
                return Err(fail("nothing follows the scheme"));
            }
            match scheme {
                "registry" => return RegistryReference::parse(rest).map(Self::Registry),
                "docker" if !rest.starts_with("//") => return Ok(Self::Docker(rest.to_owned())),
                "podman" => return Ok(Self::Podman(rest.to_owned())),
                "containerd" => {
                    return Ok(match rest.split_once("//") {
                        Some((namespace, name)) => Self::Containerd {
                            namespace: Some(namespace.to_owned()),
                            name: name.to_owned(),
                        },
                        None => Self::Containerd {
                            namespace: None,
                            name: rest.to_owned(),
                        },
                    });
                }
                "docker-archive" => return Ok(Self::DockerArchive(PathBuf::from(rest))),
                "oci-archive" => return Ok(Self::OciArchive(PathBuf::from(rest))),
                "oci-dir" => return Ok(oci_dir(rest)),
                "dir" => return Ok(Self::Dir(PathBuf::from(rest))),
                "sbom" => return Ok(Self::Sbom(PathBuf::from(rest))),
                _ => {}
            }
        }
        let path = Path::new(text);
        if path.is_dir() {
            return Ok(
                if path.join("oci-layout").exists() || path.join("index.json").exists() {
                    Self::OciDir {
                        path: path.to_owned(),
                        tag: None,
                    }
                } else {
                    Self::Dir(path.to_owned())
                },
            );
        }
        if path.is_file() {
            if looks_like_a_document(path) {
                return Ok(Self::Sbom(path.to_owned()));
            }
            // Both archive kinds are opened by one reader that looks for what is inside.
            return Ok(Self::DockerArchive(path.to_owned()));
        }
        if text.starts_with(['/', '.']) {
            return Err(SourceError::NotFound {
                what: format!("'{}'", plimsoll_model::text::escape(text)),
                detail: "no such file or folder".to_owned(),
            });
        }
        RegistryReference::parse(text)?;
        Ok(Self::Name(text.to_owned()))
    }
}

/// Says whether a file begins as an SBOM does: JSON, XML, or SPDX tag-value text. An archive holds
/// zero bytes in its first block, or begins with the mark of its compression.
fn looks_like_a_document(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(512).read_to_end(&mut head));
    if read.is_err() || head.contains(&0) {
        return false;
    }
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    let text = head.trim_ascii_start();
    [&b"{"[..], b"<", b"SPDXVersion:"]
        .iter()
        .any(|mark| text.starts_with(mark))
}

/// Splits `DIR[:TAG]`: a folder of that whole name wins over a tag.
fn oci_dir(rest: &str) -> Reference {
    if !Path::new(rest).is_dir()
        && let Some((path, tag)) = rest.rsplit_once(':')
        && !tag.contains('/')
    {
        return Reference::OciDir {
            path: PathBuf::from(path),
            tag: Some(tag.to_owned()),
        };
    }
    Reference::OciDir {
        path: PathBuf::from(rest),
        tag: None,
    }
}

impl RegistryReference {
    /// Reads `[HOST/]NAME[:TAG][@DIGEST]` (distribution's reference grammar): the first component is
    /// a host when it holds a dot or a colon or is `localhost`; else the host is `docker.io`, and a
    /// name of one component there lies in `library/`.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        let fail = |problem: String| SourceError::BadReference {
            reference: plimsoll_model::text::escape(text).into_owned(),
            problem,
        };
        if let Some((scheme, rest)) = text.split_once("://") {
            return Err(fail(format!(
                "'{}://' is no part of a reference; write registry:{}",
                plimsoll_model::text::escape(scheme),
                plimsoll_model::text::escape(rest)
            )));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                let digest = digest
                    .parse::<Digest>()
                    .map_err(|error| fail(error.to_string()))?;
                (rest, Some(digest))
            }
            None => (text, None),
        };
        let (host, path) = match rest.split_once('/') {
            Some((first, path))
                if first.contains(['.', ':']) || first == "localhost" || first.starts_with('[') =>
            {
                (first, path)
            }
            _ => ("docker.io", rest),
        };
        let (name, tag) = match path.rsplit_once(':') {
            Some((name, tag)) => (name, Some(tag)),
            None => (path, None),
        };
        if name.is_empty() {
            return Err(fail("the image's name is missing".to_owned()));
        }
        let good_name = name.split('/').all(|part| {
            part.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
                && part
                    .bytes()
                    .next()
                    .is_some_and(|b| b.is_ascii_alphanumeric())
                && part
                    .bytes()
                    .last()
                    .is_some_and(|b| b.is_ascii_alphanumeric())
        });
        if !good_name {
            return Err(fail(format!(
                "'{}' is no image name (lower-case letters, digits, '.', '_', '-', with '/' between)",
                plimsoll_model::text::escape(name)
            )));
        }
        if let Some(tag) = tag {
            let good = !tag.is_empty()
                && tag.len() <= 128
                && tag
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            if !good {
                return Err(fail(format!(
                    "'{}' is no tag",
                    plimsoll_model::text::escape(tag)
                )));
            }
        }
        let good_host = host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'));
        if !good_host {
            return Err(fail(format!(
                "'{}' is no host",
                plimsoll_model::text::escape(host)
            )));
        }
        let repository = if host == "docker.io" && !name.contains('/') {
            format!("library/{name}")
        } else {
            name.to_owned()
        };
        Ok(Self {
            host: host.to_owned(),
            repository,
            tag: match (tag, &digest) {
                (Some(tag), _) => Some(tag.to_owned()),
                (None, None) => Some("latest".to_owned()),
                (None, Some(_)) => None,
            },
            digest,
        })
    }
}

impl fmt::Display for RegistryReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_references_follow_dockers_defaults() {
        let hex = "a".repeat(64);
        let cases: &[(&str, Result<&str, ()>)] = &[
            ("debian", Ok("docker.io/library/debian:latest")),
            ("debian:12-slim", Ok("docker.io/library/debian:12-slim")),
            ("bitnami/redis", Ok("docker.io/bitnami/redis:latest")),
            ("localhost/x", Ok("localhost/x:latest")),
            ("127.0.0.1:5055/a/b:1", Ok("127.0.0.1:5055/a/b:1")),
            ("ghcr.io/a/b", Ok("ghcr.io/a/b:latest")),
            ("Debian", Err(())),
            ("a//b", Err(())),
            ("a:", Err(())),
            ("a@sha256:12", Err(())),
        ];
        for (text, want) in cases {
            let got = RegistryReference::parse(text)
                .map(|r| r.to_string())
                .map_err(|_| ());
            assert_eq!(got.as_deref().ok(), want.ok(), "{text}");
        }
        let pinned = RegistryReference::parse(&format!("a@sha256:{hex}")).unwrap();
        assert_eq!(
            pinned.to_string(),
            format!("docker.io/library/a@sha256:{hex}")
        );
    }

    #[test]
    fn schemes_name_sources() {
        assert_eq!(
            Reference::parse("docker:x:1").unwrap(),
            Reference::Docker("x:1".into())
        );
        assert_eq!(
            Reference::parse("containerd:k8s.io//docker.io/library/a:1").unwrap(),
            Reference::Containerd {
                namespace: Some("k8s.io".into()),
                name: "docker.io/library/a:1".into()
            }
        );
        assert_eq!(
            Reference::parse("oci-dir:/no/such:v1").unwrap(),
            Reference::OciDir {
                path: "/no/such".into(),
                tag: Some("v1".into())
            }
        );
        assert!(Reference::parse("docker:").is_err());
        assert!(Reference::parse("./no-such-file").is_err());
    }
}
