//! The few calls of containerd's gRPC API that reading an image takes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use hyper_util::rt::TokioIo;
use plimsoll_model::digest::Digest;
use plimsoll_model::text::escape;
use prost::Message;
use tokio::net::UnixStream;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use super::proto;
use crate::source::platform::verify;
use crate::source::remote::{ChunkSender, describe, within};
use crate::source::{OpenOptions, SourceError};

/// The socket where containerd listens unless told otherwise.
const DEFAULT_SOCKET: &str = "/run/containerd/containerd.sock";
/// The largest message that is taken, in bytes; containerd sends content in pieces of up to 1 MiB.
const MAX_MESSAGE: usize = 4 << 20;

/// Talks to containerd.
#[derive(Clone)]
pub(super) struct Client {
    channel: Channel,
    socket: PathBuf,
    stall: Duration,
}

impl Client {
    /// Connects to the socket that `CONTAINERD_ADDRESS` names, else to the usual one.
    pub(super) async fn connect(options: &OpenOptions) -> Result<Self, SourceError> {
        let address = options.environment.get("CONTAINERD_ADDRESS");
        let socket = PathBuf::from(address.as_deref().map_or(DEFAULT_SOCKET, |address| {
            address.strip_prefix("unix://").unwrap_or(address)
        }));
        let failed = |problem: String| SourceError::Peer {
            peer: shown(&socket),
            problem,
        };
        let path = socket.clone();
        let connector = tower::service_fn(move |_| {
            let path = path.clone();
            async move { Ok::<_, std::io::Error>(TokioIo::new(UnixStream::connect(path).await?)) }
        });
        // The address is not used: the connector goes to the socket.
        let endpoint = Endpoint::from_static("http://containerd");
        let connecting = endpoint.connect_with_connector(connector);
        let channel = within(options.stall_timeout, connecting)
            .await
            .ok_or_else(|| failed("does not answer".to_owned()))?
            .map_err(|error| {
                failed(format!(
                    "{}; is containerd running, and may your user use its socket? \
                     CONTAINERD_ADDRESS names another one",
                    describe(&error)
                ))
            })?;
        Ok(Self {
            channel,
            socket,
            stall: options.stall_timeout,
        })
    }

    /// Returns what to call it in messages.
    pub(super) fn shown(&self) -> String {
        shown(&self.socket)
    }

    fn failed(&self, status: &Status) -> SourceError {
        SourceError::Peer {
            peer: self.shown(),
            problem: format!("{:?}: {}", status.code(), escape(status.message())),
        }
    }

    fn stalled(&self) -> SourceError {
        SourceError::Peer {
            peer: self.shown(),
            problem: format!("sent nothing for {} s", self.stall.as_secs_f32()),
        }
    }

    fn request<T>(namespace: &str, message: T) -> Result<Request<T>, SourceError> {
        let mut request = Request::new(message);
        if !namespace.is_empty() {
            let value =
                MetadataValue::try_from(namespace).map_err(|_| SourceError::BadReference {
                    reference: escape(namespace).into_owned(),
                    problem: "not the name of a containerd namespace".to_owned(),
                })?;
            request.metadata_mut().insert("containerd-namespace", value);
        }
        Ok(request)
    }

    async fn grpc(&self) -> Result<tonic::client::Grpc<Channel>, SourceError> {
        let mut grpc =
            tonic::client::Grpc::new(self.channel.clone()).max_decoding_message_size(MAX_MESSAGE);
        within(self.stall, grpc.ready())
            .await
            .ok_or_else(|| self.stalled())?
            .map_err(|error| SourceError::Peer {
                peer: self.shown(),
                problem: describe(&error),
            })?;
        Ok(grpc)
    }

    /// Calls a method; `None` when it answers that there is no such thing.
    async fn call<Q, A>(
        &self,
        namespace: &str,
        method: &'static str,
        message: Q,
    ) -> Result<Option<A>, SourceError>
    where
        Q: Message + Send + Sync + 'static,
        A: Message + Default + Send + Sync + 'static,
    {
        let mut grpc = self.grpc().await?;
        let request = Self::request(namespace, message)?;
        let codec: ProstCodec<Q, A> = ProstCodec::default();
        let answer = within(
            self.stall,
            grpc.unary(request, PathAndQuery::from_static(method), codec),
        )
        .await
        .ok_or_else(|| self.stalled())?;
        match answer {
            Ok(answer) => Ok(Some(answer.into_inner())),
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(self.failed(&status)),
        }
    }

    /// Returns what an image's name stands for.
    pub(super) async fn image(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<proto::Descriptor>, SourceError> {
        let answer: Option<proto::GetImageResponse> = self
            .call(
                namespace,
                "/containerd.services.images.v1.Images/Get",
                proto::GetImageRequest {
                    name: name.to_owned(),
                },
            )
            .await?;
        Ok(answer.and_then(|a| a.image).and_then(|image| image.target))
    }

    /// Returns the names of all namespaces.
    pub(super) async fn namespaces(&self) -> Result<Vec<String>, SourceError> {
        let answer: Option<proto::ListNamespacesResponse> = self
            .call(
                "",
                "/containerd.services.namespaces.v1.Namespaces/List",
                proto::ListNamespacesRequest::default(),
            )
            .await?;
        let mut names: Vec<String> = answer
            .map(|a| a.namespaces)
            .unwrap_or_default()
            .into_iter()
            .map(|namespace| namespace.name)
            .collect();
        names.sort();
        Ok(names)
    }

    /// Returns the size of a blob; `None` when the store does not have it.
    pub(super) async fn size(
        &self,
        namespace: &str,
        digest: &Digest,
    ) -> Result<Option<u64>, SourceError> {
        let answer: Option<proto::InfoResponse> = self
            .call(
                namespace,
                "/containerd.services.content.v1.Content/Info",
                proto::InfoRequest {
                    digest: digest.to_string(),
                },
            )
            .await?;
        Ok(answer
            .and_then(|a| a.info)
            .map(|info| u64::try_from(info.size).unwrap_or_default()))
    }

    async fn read(
        &self,
        namespace: &str,
        digest: &Digest,
    ) -> Result<Streaming<proto::ReadContentResponse>, SourceError> {
        let mut grpc = self.grpc().await?;
        let request = Self::request(
            namespace,
            proto::ReadContentRequest {
                digest: digest.to_string(),
                offset: 0,
                size: 0,
            },
        )?;
        let codec: ProstCodec<proto::ReadContentRequest, proto::ReadContentResponse> =
            ProstCodec::default();
        let path = PathAndQuery::from_static("/containerd.services.content.v1.Content/Read");
        within(self.stall, grpc.server_streaming(request, path, codec))
            .await
            .ok_or_else(|| self.stalled())?
            .map(tonic::Response::into_inner)
            .map_err(|status| match status.code() {
                Code::NotFound => SourceError::NotFound {
                    what: digest.to_string(),
                    detail: format!("{} does not have it any more", self.shown()),
                },
                _ => self.failed(&status),
            })
    }

    async fn next(
        &self,
        stream: &mut Streaming<proto::ReadContentResponse>,
        at: u64,
        what: &str,
    ) -> Result<Option<Bytes>, SourceError> {
        let piece = within(self.stall, stream.message())
            .await
            .ok_or_else(|| self.stalled())?
            .map_err(|status| self.failed(&status))?;
        let Some(piece) = piece else { return Ok(None) };
        if u64::try_from(piece.offset).ok() != Some(at) {
            return Err(SourceError::Malformed {
                what: what.to_owned(),
                problem: format!("{} sent the piece of another offset", self.shown()),
            });
        }
        Ok(Some(piece.data))
    }

    /// Reads a small blob and checks it against its digest.
    pub(super) async fn document(
        &self,
        namespace: &str,
        digest: &Digest,
        cap: u64,
        what: &str,
    ) -> Result<Vec<u8>, SourceError> {
        let mut stream = self.read(namespace, digest).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = self.next(&mut stream, bytes.len() as u64, what).await? {
            if bytes.len() as u64 + piece.len() as u64 > cap {
                return Err(SourceError::Malformed {
                    what: what.to_owned(),
                    problem: format!("larger than the {cap} bytes that are read"),
                });
            }
            bytes.extend_from_slice(&piece);
        }
        verify(&bytes, digest, what)?;
        Ok(bytes)
    }

    /// Streams a blob of `size` bytes.
    pub(super) async fn stream(
        self,
        namespace: String,
        (digest, size): (Digest, u64),
        what: String,
        sender: ChunkSender,
    ) {
        let run = async {
            let mut stream = self.read(&namespace, &digest).await?;
            let mut at = 0_u64;
            while let Some(piece) = self.next(&mut stream, at, &what).await? {
                at += piece.len() as u64;
                if at > size {
                    return Err(SourceError::Malformed {
                        what: what.clone(),
                        problem: format!("more than the {size} bytes that the manifest states"),
                    });
                }
                // An empty chunk is the end; only the reader's end stops the sending early.
                if !piece.is_empty() && sender.send(Ok(piece)).await.is_err() {
                    return Ok(());
                }
            }
            if at < size {
                return Err(SourceError::Malformed {
                    what: what.clone(),
                    problem: format!("ended after {at} of {size} bytes"),
                });
            }
            Ok(())
        };
        let end = run.await.map(|()| Bytes::new());
        let _ = sender.send(end).await;
    }
}

fn shown(socket: &Path) -> String {
    format!("containerd at {}", escape(&socket.display().to_string()))
}
