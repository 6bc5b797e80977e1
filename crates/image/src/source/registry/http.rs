//! One HTTP exchange with a registry: clients, proxies, certificates, redirects by hand, retries.
//!
//! The client is `reqwest` with rustls (aws-lc-rs) and without its redirect, retry and decoding
//! layers: redirects are followed here so that credentials never reach another host, and retries
//! must know how many bytes of a layer have arrived. `oci-client` wraps the same library but has
//! no retries, no resumption and no answer to 429.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use plimsoll_model::text::escape;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, NoProxy, Proxy, Response, StatusCode, Url};

use crate::source::remote::{describe, within};
use crate::source::{OpenOptions, SourceError};

/// How many redirects of one request are followed.
const MAX_REDIRECTS: usize = 5;
/// The longest wait that a registry may ask for before the next try; beyond it the scan ends with
/// an error that says so.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(1);
/// The first pause between tries; it doubles up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause between tries that the registry did not ask for.
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// The largest error document that is read, in bytes.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// Is why an attempt failed.
pub(super) enum Failure {
    /// Trying again may help.
    Transient {
        /// What to report when it does not.
        error: SourceError,
        /// How long the peer asks to wait.
        retry_after: Option<Duration>,
        /// Whether not even a connection came about.
        connecting: bool,
    },
    /// Trying again does not help.
    Final(SourceError),
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self::Final(error)
    }
}

/// Counts failures and spaces out tries, without randomness: the same run behaves the same.
pub(super) struct Backoff {
    retries: u32,
    failures: u32,
}

impl Backoff {
    /// Allows `retries` tries after the first.
    pub(super) fn new(retries: u32) -> Self {
        Self {
            retries,
            failures: 0,
        }
    }

    /// Forgets the failures so far: the transfer made progress.
    pub(super) fn progressed(&mut self) {
        self.failures = 0;
    }

    /// Waits before the next try, or gives the error back when there is none.
    pub(super) async fn wait(&mut self, failure: Failure) -> Result<(), SourceError> {
        let (error, retry_after, connecting) = match failure {
            Failure::Final(error) => return Err(error),
            Failure::Transient {
                error,
                retry_after,
                connecting,
            } => (error, retry_after, connecting),
        };
        self.failures = self.failures.saturating_add(1);
        // A name that does not resolve or a closed port seldom opens within seconds.
        let allowed = if connecting {
            self.retries.min(1)
        } else {
            self.retries
        };
        if self.failures > allowed {
            return Err(error);
        }
        let pause = match retry_after {
            Some(asked) if asked > MAX_RETRY_AFTER => {
                return Err(SourceError::Peer {
                    peer: error.to_string(),
                    problem: format!(
                        "it asks to wait {} s, more than the {} s that a scan waits; try again \
                         later or log in for a higher limit",
                        asked.as_secs(),
                        MAX_RETRY_AFTER.as_secs()
                    ),
                });
            }
            Some(asked) => asked,
            None => FIRST_PAUSE
                .saturating_mul(1 << (self.failures - 1).min(10))
                .min(MAX_PAUSE),
        };
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// Sends requests to a registry and to where it redirects.
pub(super) struct Http {
    options: OpenOptions,
    /// The client that verifies certificates and the one that does not, made when first needed:
    /// reading the system's certificates takes some milliseconds.
    clients: [Mutex<Option<Client>>; 2],
}

/// Is what a request carries beside its address.
#[derive(Clone, Default)]
pub(super) struct Request {
    /// What is accepted (`Accept`), empty for anything.
    pub(super) accept: &'static str,
    /// The credentials; sent to the first host only.
    pub(super) authorization: Option<HeaderValue>,
    /// The first byte that is wanted (`Range`), when not the whole.
    pub(super) from: Option<u64>,
    /// The form to post; `None` for GET. A posted form is never sent on to another address.
    pub(super) form: Option<String>,
}

impl Http {
    /// Makes the sender; touches no network.
    pub(super) fn new(options: &OpenOptions) -> Self {
        Self {
            options: options.clone(),
            clients: [Mutex::new(None), Mutex::new(None)],
        }
    }

    /// Returns how sources are to be opened.
    pub(super) fn options(&self) -> &OpenOptions {
        &self.options
    }

    /// Says whether plain HTTP and unverified certificates are allowed for a host.
    pub(super) fn is_insecure(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        self.options.insecure_registries.iter().any(|allowed| {
            allowed == host
                || url.port_or_known_default().is_some_and(|port| {
                    allowed
                        .strip_prefix(host)
                        .and_then(|rest| rest.strip_prefix(':'))
                        .is_some_and(|rest| rest == port.to_string())
                })
        })
    }

    /// Says whether plain HTTP may be used for a host: it is loopback, or insecure by option.
    pub(super) fn allows_plain(&self, url: &Url) -> bool {
        is_loopback(url) || self.is_insecure(url)
    }

    fn client(&self, url: &Url) -> Result<Client, SourceError> {
        let verify = !self.is_insecure(url);
        let [first, second] = &self.clients;
        let slot = if verify { first } else { second };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = slot.as_ref() {
            return Ok(client.clone());
        }
        let client = build_client(&self.options, verify)?;
        *slot = Some(client.clone());
        Ok(client)
    }

    /// Sends a request and follows redirects until another answer comes. Returns it with the
    /// address that gave it.
    pub(super) async fn send(
        &self,
        url: &Url,
        mut request: Request,
    ) -> Result<(Response, Url), Failure> {
        let mut url = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send_once(&url, &request).await?;
            let status = response.status();
            let location = match status.as_u16() {
                301 | 302 | 303 | 307 | 308 => response.headers().get(header::LOCATION),
                _ => None,
            };
            let Some(location) = location else {
                return Ok((response, url));
            };
            let next = self.check_redirect(&url, location)?;
            if request.form.is_some() {
                return Err(Failure::Final(SourceError::Peer {
                    peer: shown(&url),
                    problem: format!(
                        "redirects a token request to {}, which is not followed; a token request \
                         carries credentials",
                        shown(&next)
                    ),
                }));
            }
            if next.origin() != url.origin() {
                request.authorization = None;
            }
            url = next;
        }
        Err(Failure::Final(SourceError::Peer {
            peer: shown(&url),
            problem: format!("redirects more than {MAX_REDIRECTS} times"),
        }))
    }

    fn check_redirect(&self, from: &Url, location: &HeaderValue) -> Result<Url, SourceError> {
        let refuse = |problem: String| SourceError::Peer {
            peer: shown(from),
            problem,
        };
        let text = location
            .to_str()
            .map_err(|_| refuse("redirects to an address that is no text".to_owned()))?;
        let next = from
            .join(text)
            .map_err(|error| refuse(format!("redirects to '{}': {error}", escape(text))))?;
        let plain_allowed =
            from.scheme() == "http" || (self.allows_plain(from) && self.allows_plain(&next));
        match next.scheme() {
            "https" => Ok(next),
            "http" if plain_allowed => Ok(next),
            "http" => Err(refuse(format!(
                "redirects from HTTPS to plain HTTP ({}), which is refused",
                shown(&next)
            ))),
            other => Err(refuse(format!("redirects to the scheme '{other}'"))),
        }
    }

    async fn send_once(&self, url: &Url, request: &Request) -> Result<Response, Failure> {
        let client = self.client(url)?;
        let mut builder = match &request.form {
            None => client.get(url.clone()),
            Some(form) => client
                .post(url.clone())
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.clone()),
        };
        if !request.accept.is_empty() {
            builder = builder.header(header::ACCEPT, request.accept);
        }
        if let Some(authorization) = &request.authorization {
            builder = builder.header(header::AUTHORIZATION, authorization.clone());
        }
        if let Some(from) = request.from {
            builder = builder.header(header::RANGE, format!("bytes={from}-"));
        }
        match within(self.options.stall_timeout, builder.send()).await {
            Some(Ok(response)) => Ok(response),
            Some(Err(error)) => Err(lost(url, error)),
            None => Err(stalled(url, self.options.stall_timeout)),
        }
    }

    /// Reads a body of at most `cap` bytes; `what` names it.
    pub(super) async fn body(
        &self,
        mut response: Response,
        url: &Url,
        cap: u64,
        what: &str,
    ) -> Result<Vec<u8>, Failure> {
        let too_large = || {
            Failure::Final(SourceError::Malformed {
                what: what.to_owned(),
                problem: format!("larger than the {cap} bytes that are read"),
            })
        };
        if response.content_length().is_some_and(|length| length > cap) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        let stall = self.options.stall_timeout;
        let read = async {
            while let Some(chunk) = within(stall, response.chunk())
                .await
                .ok_or_else(|| stalled(url, stall))?
                .map_err(|error| lost(url, error))?
            {
                if bytes.len() as u64 + chunk.len() as u64 > cap {
                    return Err(too_large());
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(())
        };
        // A document is small: one that trickles in is as good as stalled.
        let patience = stall.saturating_mul(4);
        within(patience, read)
            .await
            .ok_or_else(|| stalled(url, patience))??;
        Ok(bytes)
    }

    /// Turns an answer that is not the wanted one into a failure that says what it means.
    pub(super) async fn refuse(&self, response: Response, url: &Url, what: &str) -> Failure {
        let status = response.status();
        let retry_after = retry_after(response.headers(), SystemTime::now());
        let html = is_html(response.headers());
        let text = if html {
            String::new()
        } else {
            within(Duration::from_secs(5), error_text(response))
                .await
                .unwrap_or_default()
        };
        let problem = match (html, text.is_empty()) {
            (true, _) => format!("answered {status} with an HTML page"),
            (false, true) => format!("answered {status}"),
            (false, false) => format!("answered {status}: {text}"),
        };
        let peer = shown(url);
        let transient = |error| Failure::Transient {
            error,
            retry_after,
            connecting: false,
        };
        match status {
            StatusCode::TOO_MANY_REQUESTS => transient(SourceError::Peer {
                peer,
                problem: format!("{problem} (the registry limits how much is asked for)"),
            }),
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => transient(SourceError::Peer { peer, problem }),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Failure::Final(SourceError::Unauthorized { peer, problem })
            }
            StatusCode::NOT_FOUND => Failure::Final(SourceError::NotFound {
                what: what.to_owned(),
                detail: format!("{peer} {problem}; check the name, or log in if it is private"),
            }),
            _ => Failure::Final(SourceError::Peer { peer, problem }),
        }
    }
}

/// Builds a client: one connection pool, no automatic redirects, HTTP/1.1 (each layer has its own
/// connection, so that one that stalls does not hold up the others).
fn build_client(options: &OpenOptions, verify: bool) -> Result<Client, SourceError> {
    let failed = |problem: String| SourceError::Peer {
        peer: "TLS".to_owned(),
        problem,
    };
    let mut builder = Client::builder()
        .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .http1_only()
        .connect_timeout(options.stall_timeout.min(Duration::from_secs(15)))
        .tcp_keepalive(Duration::from_secs(30))
        .no_proxy();
    if verify {
        builder = builder.tls_certs_only(certificates(options)?);
    } else {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    for proxy in proxies(options)? {
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| failed(describe(&error)))
}

/// Collects the trusted authorities: the system's (`SSL_CERT_FILE` and `SSL_CERT_DIR` of the
/// process replace them, as with OpenSSL), those of the option, and those of `SSL_CERT_FILE`.
pub(in crate::source) fn certificates(
    options: &OpenOptions,
) -> Result<Vec<Certificate>, SourceError> {
    let mut certificates: Vec<Certificate> = rustls_native_certs::load_native_certs()
        .certs
        .iter()
        .filter_map(|certificate| Certificate::from_der(certificate).ok())
        .collect();
    let mut files = options.extra_ca.clone();
    files.extend(options.environment.path("SSL_CERT_FILE"));
    for path in files {
        let bytes = std::fs::read(&path).map_err(|source| SourceError::File {
            path: path.clone(),
            action: "read",
            source,
        })?;
        let bundle =
            Certificate::from_pem_bundle(&bytes).map_err(|error| SourceError::Malformed {
                what: format!("certificate file {}", path.display()),
                problem: format!("not PEM: {}", describe(&error)),
            })?;
        certificates.extend(bundle);
    }
    Ok(certificates)
}

/// Makes a proxy of an address.
type MakeProxy = fn(String) -> reqwest::Result<Proxy>;

/// Reads the proxy variables as curl does (lower-case names first). Loopback is never proxied.
fn proxies(options: &OpenOptions) -> Result<Vec<Proxy>, SourceError> {
    let get = |name: &str| {
        options
            .environment
            .get(&name.to_lowercase())
            .or_else(|| options.environment.get(name))
    };
    let except = format!(
        "localhost,127.0.0.0/8,::1,{}",
        get("NO_PROXY").unwrap_or_default()
    );
    let mut proxies = Vec::new();
    let kinds: [(&str, MakeProxy); 3] = [
        ("HTTP_PROXY", |url| Proxy::http(url)),
        ("HTTPS_PROXY", |url| Proxy::https(url)),
        ("ALL_PROXY", |url| Proxy::all(url)),
    ];
    for (name, make) in kinds {
        let Some(value) = get(name) else { continue };
        let address = if value.contains("://") {
            value
        } else {
            format!("http://{value}")
        };
        if !address.starts_with("http://") && !address.starts_with("https://") {
            return Err(SourceError::Peer {
                peer: name.to_owned(),
                problem: "only HTTP and HTTPS proxies are supported".to_owned(),
            });
        }
        let proxy = make(address).map_err(|error| SourceError::Peer {
            peer: name.to_owned(),
            // Without the address: it may hold a password.
            problem: format!("not a proxy address: {}", describe(&error.without_url())),
        })?;
        proxies.push(proxy.no_proxy(NoProxy::from_string(&except)));
    }
    Ok(proxies)
}

/// Says whether an address is on this machine's loopback (127.0.0.0/8, `::1`, `localhost`).
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Returns an address as it may be shown: without query and user, which may hold secrets.
pub(super) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}"));
    let text = format!(
        "{}://{}{}{}",
        url.scheme(),
        url.host_str().unwrap_or_default(),
        port.unwrap_or_default(),
        url.path()
    );
    escape(&text).into_owned()
}

/// Says whether an answer is a page for people.
pub(super) fn is_html(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value
                .trim_start()
                .to_ascii_lowercase()
                .starts_with("text/html")
        })
}

/// Makes the failure of a connection that could not be made or was lost.
pub(super) fn lost(url: &Url, error: reqwest::Error) -> Failure {
    let connecting = error.is_connect();
    let error = error.without_url();
    let text = describe(&error);
    let advice = if text.contains("UnknownIssuer") {
        "; its certificate is signed by an authority that this machine does not trust; name the \
         authority with --ca-cert"
    } else if connecting {
        "; check the host's name, the network and HTTPS_PROXY"
    } else {
        ""
    };
    // What failed inside is told; that a request was being sent is not news.
    let text = text
        .strip_prefix("error sending request: client error (Connect): ")
        .map_or_else(|| text.clone(), |inner| format!("cannot connect: {inner}"));
    Failure::Transient {
        error: SourceError::Peer {
            peer: shown(url),
            problem: format!("{text}{advice}"),
        },
        retry_after: None,
        connecting,
    }
}

/// Makes the failure of a peer that sends nothing.
pub(super) fn stalled(url: &Url, limit: Duration) -> Failure {
    Failure::Transient {
        error: SourceError::Peer {
            peer: shown(url),
            problem: format!("sent nothing for {} s", limit.as_secs_f32()),
        },
        retry_after: None,
        connecting: false,
    }
}

/// Reads what a registry says about an error (distribution specification 1.1, "Error Codes").
async fn error_text(mut response: Response) -> String {
    #[derive(serde::Deserialize)]
    struct Answer {
        errors: Vec<Entry>,
    }
    #[derive(serde::Deserialize)]
    struct Entry {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if bytes.len() + chunk.len() > MAX_ERROR_BYTES {
            return String::new();
        }
        bytes.extend_from_slice(&chunk);
    }
    let cut = |text: &str| {
        let text: String = text.chars().take(200).collect();
        escape(text.trim()).into_owned()
    };
    match serde_json::from_slice::<Answer>(&bytes) {
        Ok(answer) => answer.errors.first().map_or_else(String::new, |entry| {
            cut(&format!("{} {}", entry.code, entry.message))
        }),
        Err(_) => cut(&String::from_utf8_lossy(&bytes)),
    }
}

/// Reads `Retry-After`, seconds or an HTTP date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let when = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()?;
    let now = jiff::Timestamp::try_from(now).ok()?;
    // A date that has passed asks for no wait.
    Some(Duration::try_from(when.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let cases = [
            ("7", Some(7)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ];
        for (text, want) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(text));
            let got = retry_after(&headers, now);
            assert_eq!(got, want.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_and_named_hosts() {
        let options = OpenOptions {
            insecure_registries: vec!["plain.example".into(), "port.example:5000".into()],
            ..OpenOptions::default()
        };
        let http = Http::new(&options);
        let cases = [
            ("http://127.0.0.1:5000/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:80/", true),
            ("http://localhost/", true),
            ("http://plain.example:1234/", true),
            ("http://port.example:5000/", true),
            ("http://port.example:5001/", false),
            ("http://128.0.0.1/", false),
            ("http://localhost.example/", false),
        ];
        for (url, want) in cases {
            assert_eq!(http.allows_plain(&url.parse().unwrap()), want, "{url}");
        }
    }

    #[test]
    fn redirects_never_leave_https() {
        let http = Http::new(&OpenOptions::default());
        let cases = [
            ("https://a.example/x", "/y", Some("https://a.example/y")),
            (
                "https://a.example/x",
                "https://b.example/",
                Some("https://b.example/"),
            ),
            ("https://a.example/x", "http://a.example/", None),
            ("https://a.example/x", "http://127.0.0.1/", None),
            (
                "http://127.0.0.1/x",
                "http://127.0.0.1:1/",
                Some("http://127.0.0.1:1/"),
            ),
            ("https://a.example/x", "file:///etc/passwd", None),
        ];
        for (from, to, want) in cases {
            let got = http
                .check_redirect(&from.parse().unwrap(), &HeaderValue::from_static(to))
                .ok()
                .map(|url| url.to_string());
            assert_eq!(got.as_deref(), want, "{from} to {to}");
        }
    }
}
