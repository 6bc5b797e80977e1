//! Streams one blob, resuming where a connection broke.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{self, HeaderMap};
use reqwest::{StatusCode, Url};

use super::http::{self, Backoff, Failure};
use super::session::{Session, Wanted};
use crate::source::SourceError;
use crate::source::remote::{ChunkSender, within};

/// How many bytes must have arrived since the last failure for it to be forgotten. Without a
/// floor, a peer that sends one byte per connection would be asked for ever.
const PROGRESS: u64 = 1 << 20;

/// Is a blob on its way.
pub(super) struct Download {
    /// Where to ask.
    pub(super) session: Arc<Session>,
    /// The blob's address at the registry.
    pub(super) url: Url,
    /// How many bytes it has by its descriptor.
    pub(super) size: u64,
    /// What it is, for messages.
    pub(super) what: String,
    /// What to add when the registry does not have it.
    pub(super) advice: String,
}

/// Is how far a download is.
struct Position {
    /// How many bytes were handed on.
    sent: u64,
    /// Whether ranges are asked for; off after a server answered one wrongly.
    ranges: bool,
}

impl Download {
    /// Sends the blob's bytes, then the end; or an error.
    pub(super) async fn run(self, sender: ChunkSender) {
        let mut position = Position {
            sent: 0,
            ranges: true,
        };
        let mut backoff = Backoff::new(self.session.http.options().retries);
        let mut mark = 0;
        loop {
            let failure = match self.attempt(&mut position, &sender).await {
                Ok(()) => {
                    // The reader may be gone, which ends the download as well.
                    let _ = sender.send(Ok(Bytes::new())).await;
                    return;
                }
                Err(failure) => failure,
            };
            if sender.is_closed() {
                return;
            }
            if position.sent.saturating_sub(mark) >= PROGRESS {
                backoff.progressed();
                mark = position.sent;
            }
            if let Err(error) = backoff.wait(failure).await {
                let _ = sender.send(Err(self.advise(error))).await;
                return;
            }
        }
    }

    fn advise(&self, error: SourceError) -> SourceError {
        match error {
            SourceError::NotFound { what, detail } if !self.advice.is_empty() => {
                SourceError::NotFound {
                    what,
                    detail: format!("{detail}; {}", self.advice),
                }
            }
            other => other,
        }
    }

    /// Asks once and hands on what comes; `position` says afterwards how far it came.
    async fn attempt(&self, position: &mut Position, sender: &ChunkSender) -> Result<(), Failure> {
        if position.sent >= self.size && self.size > 0 {
            return Ok(());
        }
        let from = (position.sent > 0 && position.ranges).then_some(position.sent);
        let wanted = Wanted {
            accept: "",
            from,
            what: &self.what,
        };
        let (mut response, url) = self.session.request(&self.url, &wanted).await?;
        if http::is_html(response.headers()) && from.is_none() && position.sent == 0 {
            return Err(Failure::Final(SourceError::Peer {
                peer: http::shown(&url),
                problem: "answered with an HTML page where a layer is expected; a proxy or login \
                          page may be in between"
                    .to_owned(),
            }));
        }
        let mut skip = match (response.status(), from) {
            (StatusCode::PARTIAL_CONTENT, Some(from)) => {
                if let Err(got) = check_range(response.headers(), from, self.size) {
                    position.ranges = false;
                    return Err(transient(
                        &url,
                        format!(
                            "asked for bytes from {from} of {}, it answered '{got}'",
                            self.size
                        ),
                    ));
                }
                0
            }
            (StatusCode::PARTIAL_CONTENT, None) => {
                return Err(Failure::Final(SourceError::Peer {
                    peer: http::shown(&url),
                    problem: "answered with a part that was not asked for".to_owned(),
                }));
            }
            _ => position.sent,
        };
        let expected = self.size - position.sent + skip;
        if let Some(length) = response.content_length()
            && length != expected
        {
            return Err(Failure::Final(
                self.wrong_size(length + position.sent - skip),
            ));
        }
        let stall = self.session.http.options().stall_timeout;
        loop {
            let complete = position.sent == self.size;
            // All bytes are there: what is left is to see that there are no more. The digest
            // decides; a peer that does not close is not waited for.
            let patience = if complete {
                stall.min(Duration::from_secs(2))
            } else {
                stall
            };
            let mut chunk = match within(patience, response.chunk()).await {
                None | Some(Ok(None) | Err(_)) if complete => return Ok(()),
                None => return Err(http::stalled(&url, stall)),
                Some(Ok(Some(chunk))) => chunk,
                Some(Ok(None)) => {
                    return Err(transient(
                        &url,
                        format!("ended after {} of {} bytes", position.sent, self.size),
                    ));
                }
                Some(Err(error)) => return Err(http::lost(&url, error)),
            };
            if skip > 0 {
                let seen = skip.min(chunk.len() as u64);
                skip -= seen;
                chunk = chunk.split_off(seen as usize);
            }
            let room = self.size - position.sent;
            if chunk.len() as u64 > room {
                return Err(Failure::Final(SourceError::Malformed {
                    what: self.what.clone(),
                    problem: format!(
                        "{} sends more than the {} bytes that the manifest states",
                        http::shown(&url),
                        self.size
                    ),
                }));
            }
            if !chunk.is_empty() {
                position.sent += chunk.len() as u64;
                if sender.send(Ok(chunk)).await.is_err() {
                    return Ok(());
                }
            }
        }
    }

    fn wrong_size(&self, got: u64) -> SourceError {
        SourceError::Malformed {
            what: self.what.clone(),
            problem: format!(
                "the registry has {got} bytes, the manifest states {}",
                self.size
            ),
        }
    }
}

fn transient(url: &Url, problem: String) -> Failure {
    Failure::Transient {
        error: SourceError::Peer {
            peer: http::shown(url),
            problem,
        },
        retry_after: None,
        connecting: false,
    }
}

/// Checks that a part starts where it was asked to (`bytes FIRST-LAST/TOTAL`, RFC 9110, section
/// 14.4); gives the header's text back when it does not.
fn check_range(headers: &HeaderMap, from: u64, size: u64) -> Result<(), String> {
    let text = headers
        .get(header::CONTENT_RANGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("(no Content-Range)");
    let parsed = text.trim().strip_prefix("bytes ").and_then(|rest| {
        let (range, total) = rest.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let total = match total.trim() {
            "*" => size,
            number => number.parse::<u64>().ok()?,
        };
        Some((
            first.trim().parse::<u64>().ok()?,
            last.trim().parse::<u64>().ok()?,
            total,
        ))
    });
    match parsed {
        Some((first, last, total))
            if first == from && last.checked_add(1) == Some(size) && total == size =>
        {
            Ok(())
        }
        _ => Err(plimsoll_model::text::escape(text).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn a_part_must_be_the_one_asked_for() {
        let cases = [
            ("bytes 10-99/100", true),
            ("bytes 10-99/*", true),
            ("bytes 0-99/100", false),
            ("bytes 10-98/100", false),
            ("bytes 10-99/200", false),
            ("bytes */100", false),
            ("10-99/100", false),
            ("bytes 10-18446744073709551615/*", false),
        ];
        for (text, want) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_RANGE, HeaderValue::from_static(text));
            assert_eq!(check_range(&headers, 10, 100).is_ok(), want, "{text}");
        }
        assert!(check_range(&HeaderMap::new(), 10, 100).is_err());
    }
}
