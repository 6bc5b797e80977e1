//! Where a Docker daemon or a Podman service listens: environment, Docker's contexts, usual sockets.

use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_model::digest::Digest;
use plimsoll_model::text::escape;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Identity};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::Engine;
use crate::source::remote::describe;
use crate::source::{Environment, OpenOptions, SourceError};

/// The largest configuration or key file that is read, in bytes.
const MAX_FILE: u64 = 4 << 20;

/// Is where an engine listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// The transport.
    pub(super) address: Address,
    /// What named it, for messages (`DOCKER_HOST`, `context 'remote'`).
    pub(super) origin: String,
}

/// Is a transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// A Unix socket.
    Unix(PathBuf),
    /// TCP; `tls` when it is encrypted.
    Tcp {
        /// `host:port`.
        host: String,
        /// The keys.
        tls: Option<Tls>,
    },
}

/// Is how a TCP endpoint is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tls {
    /// The folder with `ca.pem`, `cert.pem` and `key.pem`; those that are missing are not used.
    pub(super) keys: PathBuf,
    /// Whether the daemon's certificate is verified.
    pub(super) verify: bool,
}

/// Is `~/.docker/config.json`, as far as contexts go.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    current_context: String,
}

/// Is `meta.json` of a context.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ContextMeta {
    endpoints: Endpoints,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Endpoints {
    docker: DockerEndpoint,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DockerEndpoint {
    #[serde(rename = "Host")]
    host: String,
    #[serde(rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

/// Finds the engine. The order is that of the engines' own command lines.
pub(super) fn find(engine: Engine, environment: &Environment) -> Result<Endpoint, SourceError> {
    match engine {
        Engine::Docker => find_docker(environment),
        Engine::Podman => find_podman(environment),
    }
}

fn find_docker(environment: &Environment) -> Result<Endpoint, SourceError> {
    if let Some(host) = environment.get("DOCKER_HOST") {
        return parse(&host, "DOCKER_HOST", tls_of_environment(environment));
    }
    let dir = environment.docker_config_dir();
    let context = match environment.get("DOCKER_CONTEXT") {
        Some(name) => Some(name),
        None => dir
            .as_ref()
            .and_then(|dir| read(&dir.join("config.json")))
            .and_then(|bytes| serde_json::from_slice::<Config>(&bytes).ok())
            .map(|config| config.current_context),
    }
    .filter(|name| !name.is_empty() && name != "default");
    if let (Some(name), Some(dir)) = (context, dir) {
        return of_context(&dir, &name);
    }
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
    if let Some(runtime) = environment.path("XDG_RUNTIME_DIR") {
        sockets.push(runtime.join("docker.sock"));
    }
    if let Some(home) = environment.path("HOME") {
        sockets.push(home.join(".docker/run/docker.sock"));
    }
    usual(&sockets, "Docker", "start it or set DOCKER_HOST")
}

fn find_podman(environment: &Environment) -> Result<Endpoint, SourceError> {
    if let Some(host) = environment.get("CONTAINER_HOST") {
        return parse(&host, "CONTAINER_HOST", None);
    }
    let mut sockets = Vec::new();
    if let Some(runtime) = environment.path("XDG_RUNTIME_DIR") {
        sockets.push(runtime.join("podman/podman.sock"));
    }
    sockets.push(PathBuf::from("/run/podman/podman.sock"));
    usual(
        &sockets,
        "Podman",
        "start it with 'podman system service' or set CONTAINER_HOST",
    )
}

fn usual(sockets: &[PathBuf], engine: &str, advice: &str) -> Result<Endpoint, SourceError> {
    if let Some(found) = sockets.iter().find(|path| path.exists()) {
        return Ok(Endpoint {
            address: Address::Unix(found.clone()),
            origin: "the usual socket".to_owned(),
        });
    }
    let tried: Vec<String> = sockets
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    Err(SourceError::Peer {
        peer: engine.to_owned(),
        problem: format!("no service at {}; {advice}", tried.join(" or ")),
    })
}

/// Returns the keys that Docker's variables name (`DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`).
fn tls_of_environment(environment: &Environment) -> Option<Tls> {
    let verify = environment.get("DOCKER_TLS_VERIFY").is_some();
    if !verify && environment.get("DOCKER_TLS").is_none() {
        return None;
    }
    let keys = environment
        .path("DOCKER_CERT_PATH")
        .or_else(|| environment.docker_config_dir())?;
    Some(Tls { keys, verify })
}

fn of_context(dir: &Path, name: &str) -> Result<Endpoint, SourceError> {
    // Contexts lie in folders named by the SHA-256 of their names.
    let id = Digest::from_sha256(Sha256::digest(name.as_bytes()));
    let contexts = dir.join("contexts");
    let path = contexts.join("meta").join(id.hex()).join("meta.json");
    let origin = format!("context '{}'", escape(name));
    let bytes = read(&path).ok_or_else(|| SourceError::NotFound {
        what: format!("Docker {origin}"),
        detail: format!("{} cannot be read; see 'docker context ls'", path.display()),
    })?;
    let meta: ContextMeta =
        serde_json::from_slice(&bytes).map_err(|error| SourceError::Malformed {
            what: path.display().to_string(),
            problem: error.to_string(),
        })?;
    let endpoint = meta.endpoints.docker;
    let keys = contexts.join("tls").join(id.hex()).join("docker");
    let tls = keys.is_dir().then_some(Tls {
        keys,
        verify: !endpoint.skip_tls_verify,
    });
    parse(&endpoint.host, &origin, tls)
}

fn parse(text: &str, origin: &str, tls: Option<Tls>) -> Result<Endpoint, SourceError> {
    let unusable = |problem: &str| SourceError::Peer {
        peer: origin.to_owned(),
        problem: format!("'{}' {problem}", escape(text)),
    };
    let (scheme, rest) = text
        .split_once("://")
        .ok_or_else(|| unusable("is no address; expected unix:///path or tcp://host:port"))?;
    let address = match scheme {
        "unix" => Address::Unix(PathBuf::from(rest)),
        "tcp" | "http" | "https" => {
            let host = rest.trim_end_matches('/');
            if host.is_empty() || host.contains('/') || host.contains('@') {
                return Err(unusable("is no host and port"));
            }
            let tls = match (scheme, tls) {
                ("http", _) => None,
                ("https", None) => Some(Tls {
                    keys: PathBuf::new(),
                    verify: true,
                }),
                (_, tls) => tls,
            };
            let port = if tls.is_some() { 2376 } else { 2375 };
            let has_port = host
                .rsplit_once(':')
                .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            Address::Tcp {
                host: if has_port {
                    host.to_owned()
                } else {
                    format!("{host}:{port}")
                },
                tls,
            }
        }
        "ssh" => {
            return Err(unusable(
                "uses SSH, which is not supported; forward the socket with 'ssh -L' and name it \
                 with unix://",
            ));
        }
        _ => return Err(unusable("has a transport that is not supported")),
    };
    Ok(Endpoint {
        address,
        origin: origin.to_owned(),
    })
}

impl Endpoint {
    /// Returns what to call it in messages.
    pub(super) fn shown(&self) -> String {
        let address = match &self.address {
            Address::Unix(path) => format!("unix://{}", path.display()),
            Address::Tcp { host, .. } => format!("tcp://{host}"),
        };
        escape(&address).into_owned()
    }

    /// Returns the start of every request's address.
    pub(super) fn base(&self) -> String {
        match &self.address {
            Address::Unix(_) => "http://localhost".to_owned(),
            Address::Tcp { host, tls: None } => format!("http://{host}"),
            Address::Tcp { host, tls: Some(_) } => format!("https://{host}"),
        }
    }

    /// Builds a client for it.
    pub(super) fn client(&self, options: &OpenOptions) -> Result<Client, SourceError> {
        let mut builder = Client::builder()
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .http1_only()
            .no_proxy()
            .connect_timeout(options.stall_timeout.min(Duration::from_secs(10)));
        let failed = |problem: String| SourceError::Peer {
            peer: self.shown(),
            problem,
        };
        match &self.address {
            // No certificates: plain HTTP needs none, and reading the system's takes time.
            Address::Unix(path) => {
                builder = builder.unix_socket(path.as_path()).tls_certs_only([]);
            }
            Address::Tcp { tls: None, .. } => builder = builder.tls_certs_only([]),
            Address::Tcp { tls: Some(tls), .. } => {
                if tls.verify {
                    let mut trusted = super::super::registry::http::certificates(options)?;
                    if let Some(bytes) = read(&tls.keys.join("ca.pem")) {
                        // Docker trusts this authority alone where it is given.
                        trusted = Certificate::from_pem_bundle(&bytes)
                            .map_err(|error| failed(format!("ca.pem: {}", describe(&error))))?;
                    }
                    builder = builder.tls_certs_only(trusted);
                } else {
                    builder = builder.tls_danger_accept_invalid_certs(true);
                }
                let pair = (
                    read(&tls.keys.join("cert.pem")),
                    read(&tls.keys.join("key.pem")),
                );
                if let (Some(mut pem), Some(key)) = pair {
                    pem.push(b'\n');
                    pem.extend_from_slice(&key);
                    let identity = Identity::from_pem(&pem).map_err(|error| {
                        failed(format!("cert.pem and key.pem: {}", describe(&error)))
                    })?;
                    builder = builder.identity(identity);
                }
            }
        }
        builder.build().map_err(|error| failed(describe(&error)))
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .ok()?
        .take(MAX_FILE)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(dir: &Path) -> Environment {
        Environment::default()
            .with("HOME", dir.display().to_string())
            .with("DOCKER_CONFIG", dir.display().to_string())
            .without("DOCKER_HOST")
            .without("DOCKER_CONTEXT")
            .without("DOCKER_TLS_VERIFY")
            .without("DOCKER_TLS")
            .without("DOCKER_CERT_PATH")
            .without("CONTAINER_HOST")
    }

    #[test]
    fn docker_host_wins_over_contexts() {
        let dir = tempfile::tempdir().unwrap();
        // The context of the name "remote".
        let id = Digest::from_sha256(Sha256::digest(b"remote"));
        let meta = dir.path().join("contexts/meta").join(id.hex());
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(
            meta.join("meta.json"),
            r#"{"Name":"remote","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://build.example:2376","SkipTLSVerify":false}}}"#,
        )
        .unwrap();
        std::fs::create_dir_all(
            dir.path()
                .join("contexts/tls")
                .join(id.hex())
                .join("docker"),
        )
        .unwrap();
        std::fs::write(
            dir.path().join("config.json"),
            r#"{"currentContext":"remote"}"#,
        )
        .unwrap();
        let base = environment(dir.path());
        let find = |e: &Environment| find_docker(e).map(|e| (e.shown(), e.base(), e.origin));
        let (shown, url, origin) = find(&base).unwrap();
        assert_eq!(
            (shown.as_str(), url.as_str(), origin.as_str()),
            (
                "tcp://build.example:2376",
                "https://build.example:2376",
                "context 'remote'"
            )
        );
        let (shown, url, _) = find(&base.clone().with("DOCKER_HOST", "unix:///x.sock")).unwrap();
        assert_eq!(
            (shown.as_str(), url.as_str()),
            ("unix:///x.sock", "http://localhost")
        );
        let missing = find(&base.clone().with("DOCKER_CONTEXT", "gone")).unwrap_err();
        assert!(missing.to_string().contains("context 'gone'"), "{missing}");
        let tls = base
            .clone()
            .with("DOCKER_HOST", "tcp://d.example")
            .with("DOCKER_TLS_VERIFY", "1");
        assert_eq!(find(&tls).unwrap().1, "https://d.example:2376");
        let ssh = find(&base.with("DOCKER_HOST", "ssh://user@host")).unwrap_err();
        assert!(ssh.to_string().contains("ssh -L"), "{ssh}");
    }
}
