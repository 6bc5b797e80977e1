//! A conversation with one registry about one repository.

use std::time::Duration;

use plimsoll_model::digest::Digest;
use reqwest::{Response, StatusCode, Url};
use sha2::{Digest as _, Sha256};

use super::auth::Auth;
use super::http::{self, Backoff, Failure, Http, Request};
use crate::source::remote::within;
use crate::source::{MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, OpenOptions, SourceError};

/// The kinds of manifests and indexes that are read. Schema 1 is named so that a registry that has
/// nothing else sends it and the error can say what it is.
const ACCEPT_MANIFEST: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.1";
/// How long a registry on loopback may take to answer over HTTPS before plain HTTP is tried.
const PROBE: Duration = Duration::from_secs(5);

/// Talks to a registry.
pub(super) struct Session {
    /// What sends.
    pub(super) http: Http,
    auth: Auth,
    base: Url,
    repository: String,
}

/// Is what is asked of the registry.
pub(super) struct Wanted<'a> {
    /// What is accepted; empty for anything.
    pub(super) accept: &'static str,
    /// The first byte that is wanted.
    pub(super) from: Option<u64>,
    /// What it is, for messages.
    pub(super) what: &'a str,
}

/// Is a document whose digest was computed.
pub(super) struct Fetched {
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// Their digest.
    pub(super) digest: Digest,
}

impl Session {
    /// Finds out how to talk to a registry. A host that may speak plain HTTP is asked over HTTPS
    /// first; others are not asked before the first request.
    pub(super) async fn start(
        host: &str,
        repository: &str,
        options: &OpenOptions,
    ) -> Result<Self, SourceError> {
        let asked = if super::credentials::is_docker_hub(host) {
            "registry-1.docker.io"
        } else {
            host
        };
        let parse = |scheme: &str| {
            format!("{scheme}://{asked}/v2/")
                .parse::<Url>()
                .map_err(|error| SourceError::BadReference {
                    reference: host.to_owned(),
                    problem: format!("not a host: {error}"),
                })
        };
        let http = Http::new(options);
        let mut base = parse("https")?;
        if http.allows_plain(&base) {
            let plain = parse("http")?;
            if let Some(error) = probe(&http, &base).await {
                match within(PROBE, http.send(&plain, Request::default())).await {
                    // A server that speaks TLS answers 400 to plain text.
                    Some(Ok((response, _))) if response.status() != StatusCode::BAD_REQUEST => {
                        base = plain;
                    }
                    _ => return Err(error),
                }
            }
        }
        Ok(Self {
            http,
            auth: Auth::new(host, repository),
            base,
            repository: repository.to_owned(),
        })
    }

    /// Returns the address of one of the repository's things (`blobs`, `manifests`).
    pub(super) fn url(&self, kind: &str, name: &str) -> Result<Url, SourceError> {
        self.base
            .join(&format!("{}/{kind}/{name}", self.repository))
            .map_err(|error| SourceError::BadReference {
                reference: format!("{}{}", self.base, self.repository),
                problem: error.to_string(),
            })
    }

    /// Fetches a manifest or an index by tag or digest. Without `expected`, the digest that the
    /// registry states must be that of the bytes.
    pub(super) async fn manifest(
        &self,
        name: &str,
        expected: Option<&Digest>,
        what: &str,
    ) -> Result<Fetched, SourceError> {
        let url = self.url("manifests", name)?;
        self.document(&url, ACCEPT_MANIFEST, (expected, MAX_MANIFEST_BYTES), what)
            .await
    }

    /// Fetches a configuration.
    pub(super) async fn config(&self, digest: &Digest, what: &str) -> Result<Fetched, SourceError> {
        let url = self.url("blobs", digest.as_str())?;
        self.document(&url, "", (Some(digest), MAX_CONFIG_BYTES), what)
            .await
    }

    async fn document(
        &self,
        url: &Url,
        accept: &'static str,
        (expected, cap): (Option<&Digest>, u64),
        what: &str,
    ) -> Result<Fetched, SourceError> {
        let wanted = Wanted {
            accept,
            from: None,
            what,
        };
        let mut backoff = Backoff::new(self.http.options().retries);
        let (bytes, stated) = loop {
            match self.attempt(url, &wanted, cap).await {
                Ok(found) => break found,
                Err(failure) => backoff.wait(failure).await?,
            }
        };
        let digest = Digest::from_sha256(Sha256::digest(&bytes));
        if let Some(expected) = expected.or(stated.as_ref())
            && *expected != digest
        {
            return Err(SourceError::DigestMismatch {
                what: what.to_owned(),
                expected: expected.to_string(),
                got: digest.to_string(),
            });
        }
        Ok(Fetched { bytes, digest })
    }

    async fn attempt(
        &self,
        url: &Url,
        wanted: &Wanted<'_>,
        cap: u64,
    ) -> Result<(Vec<u8>, Option<Digest>), Failure> {
        let (response, at) = self.request(url, wanted).await?;
        if http::is_html(response.headers()) {
            return Err(Failure::Final(SourceError::Peer {
                peer: http::shown(&at),
                problem:
                    "answered with an HTML page where JSON is expected; a proxy or login page \
                          may be in between, or this is no registry"
                        .to_owned(),
            }));
        }
        let stated = response
            .headers()
            .get("docker-content-digest")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse::<Digest>().ok());
        let bytes = self.http.body(response, &at, cap, wanted.what).await?;
        Ok((bytes, stated))
    }

    /// Sends a request once, answering a challenge, and returns an answer of 200 or 206.
    pub(super) async fn request(
        &self,
        url: &Url,
        wanted: &Wanted<'_>,
    ) -> Result<(Response, Url), Failure> {
        let mut request = Request {
            accept: wanted.accept,
            authorization: self.auth.current().await,
            from: wanted.from,
            form: None,
        };
        let (mut response, mut at) = self.http.send(url, request.clone()).await?;
        // Twice: what is kept may have expired in between, and so may what replaced it.
        for _ in 0..2 {
            if response.status() != StatusCode::UNAUTHORIZED || at.origin() != self.base.origin() {
                break;
            }
            let answer = self
                .auth
                .answer(
                    &self.http,
                    &self.base,
                    response.headers(),
                    request.authorization.as_ref(),
                )
                .await?;
            let Some(answer) = answer else { break };
            request.authorization = Some(answer);
            (response, at) = self.http.send(url, request.clone()).await?;
        }
        match response.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok((response, at)),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let failure = self.http.refuse(response, &at, wanted.what).await;
                let problems = self.auth.problems().await;
                Err(match failure {
                    Failure::Final(SourceError::Unauthorized { peer, problem })
                        if !problems.is_empty() =>
                    {
                        Failure::Final(SourceError::Unauthorized {
                            peer,
                            problem: format!("{problem} ({problems})"),
                        })
                    }
                    other => other,
                })
            }
            _ => Err(self.http.refuse(response, &at, wanted.what).await),
        }
    }
}

/// Asks a registry over HTTPS; `None` when it answers, whatever it says.
async fn probe(http: &Http, url: &Url) -> Option<SourceError> {
    match within(PROBE, http.send(url, Request::default())).await {
        Some(Ok(_)) => None,
        Some(Err(Failure::Transient { error, .. } | Failure::Final(error))) => Some(error),
        None => Some(SourceError::Peer {
            peer: http::shown(url),
            problem: format!("sent nothing for {} s", PROBE.as_secs()),
        }),
    }
}
