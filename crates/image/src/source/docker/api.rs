//! The few calls of the Docker Engine API that reading an image takes.

use std::fs::File;
use std::io::{self, Read, Write};
use std::time::Duration;

use bytes::Bytes;
use plimsoll_model::digest::Digest;
use plimsoll_model::text::escape;
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;

use super::endpoint::Endpoint;
use super::{Engine, endpoint};
use crate::source::remote::{ChunkReader, ChunkSender, block_on, describe, source_error, within};
use crate::source::{OpenOptions, SourceError};

/// The newest version of the API that these calls were written for; an older daemon is spoken to
/// in its own.
const NEWEST: (u32, u32) = (1, 51);
/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 16 << 20;
/// How much longer than between two pieces a daemon may take before the first byte of an export:
/// some copy all layers before they send any.
const EXPORT_PATIENCE: u32 = 20;

/// Talks to a daemon.
pub(super) struct Api {
    engine: Engine,
    endpoint: Endpoint,
    client: Client,
    options: OpenOptions,
    /// `/v1.41`.
    version: String,
}

/// Is what a daemon says of an image.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Inspect {
    /// The image's id: the configuration's digest, or with Docker's containerd store the digest of
    /// the manifest or index.
    pub(super) id: String,
    /// The layers.
    #[serde(rename = "RootFS")]
    pub(super) root_fs: InspectRootFs,
}

/// Is the list of layers of an image.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct InspectRootFs {
    /// The diff-ids.
    pub(super) layers: Option<Vec<Digest>>,
}

impl Api {
    /// Finds the daemon and agrees on a version.
    pub(super) fn connect(engine: Engine, options: &OpenOptions) -> Result<Self, SourceError> {
        let endpoint = endpoint::find(engine, &options.environment)?;
        let client = endpoint.client(options)?;
        let mut api = Self {
            engine,
            endpoint,
            client,
            options: options.clone(),
            version: String::new(),
        };
        let newest = block_on(api.ping(options.stall_timeout))?;
        let (major, minor) = newest.unwrap_or(NEWEST).min(NEWEST);
        api.version = format!("/v{major}.{minor}");
        Ok(api)
    }

    /// Says whether a daemon answers within `limit`.
    pub(super) fn answers(engine: Engine, options: &OpenOptions, limit: Duration) -> bool {
        let quick = OpenOptions {
            stall_timeout: options.stall_timeout.min(limit),
            ..options.clone()
        };
        Self::connect(engine, &quick).is_ok()
    }

    /// Returns what to call the daemon in messages.
    pub(super) fn shown(&self) -> String {
        format!(
            "{} at {} ({})",
            self.engine.name(),
            self.endpoint.shown(),
            self.endpoint.origin
        )
    }

    fn lost(&self, error: reqwest::Error) -> SourceError {
        let error = error.without_url();
        let text = describe(&error);
        let advice = if text.contains("Permission denied") {
            "; your user may not use its socket"
        } else if error.is_connect() {
            "; is it running?"
        } else {
            ""
        };
        SourceError::Peer {
            peer: self.shown(),
            problem: format!("{text}{advice}"),
        }
    }

    fn stalled(&self, limit: Duration) -> SourceError {
        SourceError::Peer {
            peer: self.shown(),
            problem: format!("sent nothing for {} s", limit.as_secs_f32()),
        }
    }

    async fn send(&self, path: &str, limit: Duration) -> Result<Response, SourceError> {
        let url = format!("{}{}{path}", self.endpoint.base(), self.version);
        within(limit, self.client.get(url).send())
            .await
            .ok_or_else(|| self.stalled(limit))?
            .map_err(|error| self.lost(error))
    }

    /// Returns the newest version that the daemon speaks.
    async fn ping(&self, limit: Duration) -> Result<Option<(u32, u32)>, SourceError> {
        let response = self.send("/_ping", limit).await?;
        if response.status() != StatusCode::OK {
            return Err(SourceError::Peer {
                peer: self.shown(),
                problem: format!("answered {} to a ping", response.status()),
            });
        }
        Ok(response
            .headers()
            .get("api-version")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.split_once('.'))
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?))))
    }

    /// Returns what the daemon says of an image.
    pub(super) fn inspect(&self, name: &str) -> Result<Inspect, SourceError> {
        block_on(async {
            let path = format!("/images/{name}/json");
            let response = self.send(&path, self.options.stall_timeout).await?;
            let response = self.accept(response, name).await?;
            let bytes = self.body(response).await?;
            serde_json::from_slice(&bytes).map_err(|error| SourceError::Malformed {
                what: format!("{}: image {}", self.shown(), escape(name)),
                problem: format!("the answer is not what the API describes: {error}"),
            })
        })
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, SourceError> {
        let mut bytes = Vec::new();
        let limit = self.options.stall_timeout;
        while let Some(chunk) = within(limit, response.chunk())
            .await
            .ok_or_else(|| self.stalled(limit))?
            .map_err(|error| self.lost(error))?
        {
            if bytes.len() + chunk.len() > MAX_ANSWER {
                return Err(SourceError::Peer {
                    peer: self.shown(),
                    problem: format!("answered with more than {MAX_ANSWER} bytes"),
                });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    async fn accept(&self, response: Response, name: &str) -> Result<Response, SourceError> {
        #[derive(Deserialize)]
        struct Answer {
            message: String,
        }
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(response);
        }
        if status == StatusCode::NOT_FOUND {
            let engine = self.engine;
            return Err(SourceError::NotFound {
                what: format!("image '{}'", escape(name)),
                detail: format!(
                    "{} has no such image; see '{} image ls', pull it with '{} pull', or read it \
                     from its registry with registry:",
                    self.shown(),
                    engine.command(),
                    engine.command()
                ),
            });
        }
        let bytes = self.body(response).await.unwrap_or_default();
        let message = serde_json::from_slice::<Answer>(&bytes)
            .map(|answer| answer.message)
            .unwrap_or_default();
        let message: String = message.chars().take(300).collect();
        Err(SourceError::Peer {
            peer: self.shown(),
            problem: format!("answered {status}: {}", escape(&message)),
        })
    }

    /// Writes an image's archive into an unnamed temporary file of at most `spool_limit` bytes.
    pub(super) fn export(&self, id: &str) -> Result<File, SourceError> {
        let response = block_on(async {
            let limit = self.options.stall_timeout.saturating_mul(EXPORT_PATIENCE);
            let response = self.send(&format!("/images/{id}/get"), limit).await?;
            self.accept(response, id).await
        })?;
        let spool = |action, source| SourceError::File {
            path: self.options.spool_dir.clone(),
            action,
            source,
        };
        let mut file = tempfile::tempfile_in(&self.options.spool_dir)
            .map_err(|source| spool("create a temporary file in", source))?;
        let stall = self.options.stall_timeout.saturating_mul(EXPORT_PATIENCE);
        let shown = self.shown();
        let mut reader = ChunkReader::start(move |sender| stream(response, sender, stall, shown))?;
        let mut left = self.options.spool_limit;
        let mut buffer = vec![0_u8; 128 << 10];
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => return Ok(file),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(
                        source_error(error).unwrap_or_else(|error| SourceError::Peer {
                            peer: self.shown(),
                            problem: error.to_string(),
                        }),
                    );
                }
            };
            left = left
                .checked_sub(count as u64)
                .ok_or_else(|| SourceError::Malformed {
                    what: format!("{}: image {}", self.shown(), escape(id)),
                    problem: format!(
                        "its export is larger than the {} bytes that may be written to {}",
                        self.options.spool_limit,
                        self.options.spool_dir.display()
                    ),
                })?;
            file.write_all(buffer.get(..count).unwrap_or_default())
                .map_err(|source| spool("write the image's export to", source))?;
        }
    }
}

async fn stream(mut response: Response, sender: ChunkSender, stall: Duration, shown: String) {
    loop {
        let item = match within(stall, response.chunk()).await {
            Some(Ok(Some(chunk))) if chunk.is_empty() => continue,
            Some(Ok(Some(chunk))) => Ok(chunk),
            Some(Ok(None)) => Ok(Bytes::new()),
            Some(Err(error)) => Err(SourceError::Peer {
                peer: shown.clone(),
                problem: format!("the export broke off: {}", describe(&error.without_url())),
            }),
            None => Err(SourceError::Peer {
                peer: shown.clone(),
                problem: format!("the export sent nothing for {} s", stall.as_secs_f32()),
            }),
        };
        let last = !matches!(&item, Ok(chunk) if !chunk.is_empty());
        if sender.send(item).await.is_err() || last {
            return;
        }
    }
}
