//! Answers a registry's challenge: Basic, or a bearer token from the token service that it names
//! (distribution's "Token Authentication Specification" and its `OAuth2` variant).
//!
//! A token is kept for the life of one opened image and fetched anew when the registry no longer
//! takes it. Credentials are looked up only after a challenge.

use std::time::{Duration, Instant};

use base64::Engine as _;
use plimsoll_model::text::escape;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::challenge::{self, Challenge};
use super::credentials::{self, Credential, Found};
use super::http::{self, Backoff, Failure, Http, Request};
use crate::source::SourceError;

/// The largest answer of a token service that is read, in bytes.
const MAX_TOKEN_BYTES: u64 = 1 << 20;
/// How long a token holds that says nothing about it (token specification, `expires_in`).
const DEFAULT_LIFE: Duration = Duration::from_mins(1);

/// Keeps what a registry wants to see in `Authorization`.
pub(super) struct Auth {
    /// The registry as the user names it.
    host: String,
    repository: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What is sent, and until when it holds.
    current: Option<(HeaderValue, Option<Instant>)>,
    /// The user's credentials, once looked up.
    found: Option<Found>,
}

/// Is the answer of a token service.
#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Auth {
    /// Keeps nothing yet.
    pub(super) fn new(host: &str, repository: &str) -> Self {
        Self {
            host: host.to_owned(),
            repository: repository.to_owned(),
            state: Mutex::new(State::default()),
        }
    }

    /// Returns what to send, when something is known that still holds.
    pub(super) async fn current(&self) -> Option<HeaderValue> {
        let state = self.state.lock().await;
        match &state.current {
            Some((_, Some(until))) if *until <= Instant::now() => None,
            Some((value, _)) => Some(value.clone()),
            None => None,
        }
    }

    /// Answers the challenge of a 401 to a request that carried `used`. Returns what to send now;
    /// `None` when there is nothing better than what was sent.
    pub(super) async fn answer(
        &self,
        http: &Http,
        registry: &Url,
        headers: &HeaderMap,
        used: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, Failure> {
        let mut state = self.state.lock().await;
        // Several layers are read at once: another one may have fetched a new token meanwhile.
        if let Some((value, _)) = &state.current
            && Some(value) != used
        {
            return Ok(Some(value.clone()));
        }
        let challenges: Vec<Challenge> = headers
            .get_all(header::WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(challenge::parse)
            .collect();
        if state.found.is_none() {
            state.found = Some(self.look_up(http).await?);
        }
        let credential = state.found.as_ref().and_then(|f| f.credential.clone());
        if let Some(Credential::Registry(token)) = &credential {
            let value = secret_header(&format!("Bearer {token}"))?;
            return Ok(remember(&mut state, value, None, used));
        }
        let bearer = challenges
            .iter()
            .find(|c| c.scheme == "bearer" && c.parameters.contains_key("realm"));
        if let Some(bearer) = bearer {
            let (value, life) = self
                .token(http, registry, bearer, credential.as_ref())
                .await?;
            return Ok(remember(&mut state, value, Some(life), used));
        }
        if challenges.iter().any(|c| c.scheme == "basic")
            && let Some(Credential::Basic { user, secret }) = &credential
        {
            let value = secret_header(&basic(user, secret))?;
            return Ok(remember(&mut state, value, None, used));
        }
        Ok(None)
    }

    /// Returns what went wrong while credentials were looked up, for the error of a refusal.
    pub(super) async fn problems(&self) -> String {
        let state = self.state.lock().await;
        match &state.found {
            Some(found) if !found.problems.is_empty() => found.problems.join("; "),
            Some(found) if found.credential.is_none() => {
                format!("no credentials are kept for {}", self.host)
            }
            _ => String::new(),
        }
    }

    async fn look_up(&self, http: &Http) -> Result<Found, Failure> {
        let host = self.host.clone();
        let repository = self.repository.clone();
        let environment = http.options().environment.clone();
        // Files and helper programs block.
        tokio::task::spawn_blocking(move || credentials::find(&host, &repository, &environment))
            .await
            .map_err(|error| {
                Failure::Final(SourceError::Peer {
                    peer: self.host.clone(),
                    problem: format!("the search for credentials ended early: {error}"),
                })
            })
    }

    /// Fetches a token from the service that the challenge names.
    async fn token(
        &self,
        http: &Http,
        registry: &Url,
        challenge: &Challenge,
        credential: Option<&Credential>,
    ) -> Result<(HeaderValue, Duration), Failure> {
        let get = |name: &str| challenge.parameters.get(name).map(String::as_str);
        let realm = get("realm").unwrap_or_default();
        let mut url: Url = realm.parse().map_err(|_| {
            Failure::Final(SourceError::Peer {
                peer: http::shown(registry),
                problem: format!("names '{}' as token service, no address", escape(realm)),
            })
        })?;
        let plain_allowed = registry.scheme() == "http" || http.allows_plain(&url);
        if url.scheme() != "https" && !(url.scheme() == "http" && plain_allowed) {
            return Err(Failure::Final(SourceError::Peer {
                peer: http::shown(registry),
                problem: format!(
                    "names {} as token service; credentials are sent over HTTPS only",
                    http::shown(&url)
                ),
            }));
        }
        // The scope is what is needed, whatever the challenge asks for.
        let scope = format!("repository:{}:pull", self.repository);
        let mut request = Request {
            accept: "application/json",
            ..Request::default()
        };
        if let Some(Credential::Identity(token)) = credential {
            let mut form = url.clone();
            form.query_pairs_mut()
                .clear()
                .append_pair("grant_type", "refresh_token")
                .append_pair("client_id", "plimsoll")
                .append_pair("service", get("service").unwrap_or_default())
                .append_pair("scope", &scope)
                .append_pair("refresh_token", token);
            request.form = Some(form.query().unwrap_or_default().to_owned());
        } else {
            {
                let mut pairs = url.query_pairs_mut();
                if let Some(service) = get("service") {
                    pairs.append_pair("service", service);
                }
                pairs.append_pair("scope", &scope);
                if let Some(Credential::Basic { user, .. }) = credential {
                    pairs.append_pair("account", user);
                }
            }
            if let Some(Credential::Basic { user, secret }) = credential {
                request.authorization = Some(secret_header(&basic(user, secret))?);
            }
        }
        let mut backoff = Backoff::new(http.options().retries);
        loop {
            match fetch_token(http, &url, &request).await {
                Ok(found) => return Ok(found),
                Err(failure) => backoff.wait(failure).await?,
            }
        }
    }
}

/// Keeps what to send; returns it unless it is what was sent already.
fn remember(
    state: &mut State,
    value: HeaderValue,
    life: Option<Duration>,
    used: Option<&HeaderValue>,
) -> Option<HeaderValue> {
    let until = life.and_then(|life| Instant::now().checked_add(life));
    let same = used == Some(&value);
    state.current = Some((value.clone(), until));
    (!same).then_some(value)
}

async fn fetch_token(
    http: &Http,
    url: &Url,
    request: &Request,
) -> Result<(HeaderValue, Duration), Failure> {
    let (response, at) = http.send(url, request.clone()).await?;
    if response.status() != StatusCode::OK {
        return Err(http.refuse(response, &at, "token service").await);
    }
    let malformed = |problem: &str| {
        Failure::Final(SourceError::Malformed {
            what: format!("token service {}", http::shown(&at)),
            problem: problem.to_owned(),
        })
    };
    if http::is_html(response.headers()) {
        return Err(malformed(
            "answered with an HTML page where JSON is expected; a proxy or login page may be in \
             between",
        ));
    }
    let bytes = http
        .body(
            response,
            &at,
            MAX_TOKEN_BYTES,
            "answer of the token service",
        )
        .await?;
    // The parser's message could quote a part of a token.
    let token: TokenAnswer =
        serde_json::from_slice(&bytes).map_err(|_| malformed("did not answer with JSON"))?;
    let text = token
        .token
        .filter(|t| !t.is_empty())
        .or(token.access_token.filter(|t| !t.is_empty()))
        .ok_or_else(|| malformed("answered without a token"))?;
    let life = token
        .expires_in
        .map_or(DEFAULT_LIFE, Duration::from_secs)
        .clamp(Duration::from_secs(10), Duration::from_hours(24));
    Ok((secret_header(&format!("Bearer {text}"))?, life))
}

fn basic(user: &str, secret: &str) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{secret}"));
    format!("Basic {encoded}")
}

/// Makes a header's value that is not shown by debugging output.
fn secret_header(text: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Failure::Final(SourceError::Malformed {
            what: "credentials".to_owned(),
            problem: "hold a character that HTTP cannot carry".to_owned(),
        })
    })?;
    value.set_sensitive(true);
    Ok(value)
}
