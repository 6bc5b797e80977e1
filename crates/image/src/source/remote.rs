//! What the remote sources share: the small runtime that their asynchronous code runs on, and the
//! reader through which its bytes reach blocking code.
//!
//! Nothing asynchronous leaves the remote sources. Their functions block and must not be called
//! from a thread that drives another asynchronous runtime (`spawn_blocking` is fine).

use std::future::Future;
use std::io::{self, Read};
use std::sync::OnceLock;
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use super::SourceError;

/// How many chunks may wait between a download and its reader. A chunk is at most about 400 KiB
/// (hyper's largest read buffer), so a layer keeps less than 1 MiB in flight.
const CHUNKS_IN_FLIGHT: usize = 2;

/// Returns the runtime of the remote sources, started when first asked for.
pub(crate) fn runtime() -> Result<&'static Runtime, SourceError> {
    static RUNTIME: OnceLock<Result<Runtime, io::Error>> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            Builder::new_multi_thread()
                .worker_threads(2)
                .max_blocking_threads(4)
                .thread_name("plimsoll-remote")
                .enable_io()
                .enable_time()
                .build()
        })
        .as_ref()
        .map_err(|error| SourceError::Peer {
            peer: "network".to_owned(),
            problem: format!("cannot start the threads that talk to peers: {error}"),
        })
}

/// Runs a future to its end on the runtime of the remote sources.
pub(crate) fn block_on<T>(
    future: impl Future<Output = Result<T, SourceError>>,
) -> Result<T, SourceError> {
    runtime()?.block_on(future)
}

/// Is the sending side of a [`ChunkReader`]. An empty chunk is the end; without it, what was read
/// counts as cut.
pub(crate) type ChunkSender = mpsc::Sender<Result<Bytes, SourceError>>;

/// Reads, blocking, what an asynchronous task sends. An error of the task arrives as an
/// [`io::Error`] that carries the [`SourceError`]; [`source_error`] takes it out again.
pub(crate) struct ChunkReader {
    receiver: mpsc::Receiver<Result<Bytes, SourceError>>,
    current: Bytes,
    ended: bool,
}

impl ChunkReader {
    /// Starts the task that `make` builds around the sending side. Dropping the reader ends it.
    pub(crate) fn start<F>(make: impl FnOnce(ChunkSender) -> F) -> Result<Self, SourceError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
        runtime()?.spawn(make(sender));
        Ok(Self {
            receiver,
            current: Bytes::new(),
            ended: false,
        })
    }
}

impl Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            if self.ended || buffer.is_empty() {
                return Ok(0);
            }
            match self.receiver.blocking_recv() {
                Some(Ok(chunk)) if chunk.is_empty() => self.ended = true,
                Some(Ok(chunk)) => self.current = chunk,
                Some(Err(error)) => {
                    self.ended = true;
                    return Err(io::Error::other(error));
                }
                None => {
                    self.ended = true;
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the transfer ended without saying so",
                    ));
                }
            }
        }
        let count = self.current.len().min(buffer.len());
        if let Some(target) = buffer.get_mut(..count) {
            self.current.copy_to_slice(target);
        }
        Ok(count)
    }
}

/// Takes the source's error out of what a layer's reader returned, when it carries one.
pub fn source_error(error: io::Error) -> Result<SourceError, io::Error> {
    if !error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<SourceError>)
    {
        return Err(error);
    }
    match error
        .into_inner()
        .map(<dyn std::error::Error + Send + Sync>::downcast::<SourceError>)
    {
        Some(Ok(found)) => Ok(*found),
        Some(Err(other)) => Err(io::Error::other(other)),
        None => Err(io::Error::other("the cause was lost")),
    }
}

/// Waits for a future, but not longer than `limit`.
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, future).await.ok()
}

/// Says in one line why an error came about, causes included, without repeating a cause that the
/// text before already holds.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    // Bounded: a chain of causes is short, but its length is not ours to trust.
    for _ in 0..8 {
        let Some(inner) = cause else { break };
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    plimsoll_model::text::escape(&text).into_owned()
}
