//! Finds the user's credentials for a registry where Docker and Podman keep them: their
//! configuration files and the credential helpers that these name.
//!
//! Looked up only when a registry asks for credentials. Nothing is written and nothing is kept.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use plimsoll_model::text::escape;
use serde::Deserialize;

use crate::source::Environment;

/// The largest credential file and helper answer that is read, in bytes.
const MAX_BYTES: u64 = 4 << 20;
/// How long a credential helper may take; some ask the user or a cloud service.
const HELPER_TIMEOUT: Duration = Duration::from_secs(20);

/// Is what a user has for a registry.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credential {
    /// A user's name and password or access token.
    Basic {
        /// The name.
        user: String,
        /// The password.
        secret: String,
    },
    /// A refresh token for the registry's token service (`identitytoken`).
    Identity(String),
    /// A bearer token for the registry itself (`registrytoken`).
    Registry(String),
}

/// Is Docker's `config.json` and Podman's `auth.json`, as far as credentials go.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct File {
    auths: BTreeMap<String, Entry>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

/// Is one entry of `auths`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

/// Is what a helper answers to `get`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: String,
}

/// Is the outcome of a search: a credential, or none with what went wrong on the way.
#[derive(Default)]
pub(super) struct Found {
    /// The credential, when there is one.
    pub(super) credential: Option<Credential>,
    /// Files and helpers that could not be used.
    pub(super) problems: Vec<String>,
}

/// Looks for credentials for a repository. `host` is the registry as the user names it
/// (`docker.io`, not the host that is asked for it).
pub(super) fn find(host: &str, repository: &str, environment: &Environment) -> Found {
    let mut found = Found::default();
    for path in files(environment) {
        let file = match read(&path) {
            Ok(Some(file)) => file,
            Ok(None) => continue,
            Err(problem) => {
                found.problems.push(problem);
                continue;
            }
        };
        found.credential = search(&file, host, repository, environment, &mut found.problems);
        if found.credential.is_some() {
            break;
        }
    }
    found
}

/// Returns the files to look at, the most specific wish first (containers-auth.json(5), Docker's
/// configuration files).
fn files(environment: &Environment) -> Vec<PathBuf> {
    let mut files = Vec::new();
    files.extend(environment.path("REGISTRY_AUTH_FILE"));
    files.extend(
        environment
            .docker_config_dir()
            .map(|dir| dir.join("config.json")),
    );
    files.extend(
        environment
            .path("XDG_RUNTIME_DIR")
            .map(|dir| dir.join("containers/auth.json")),
    );
    let config = environment
        .path("XDG_CONFIG_HOME")
        .or_else(|| environment.path("HOME").map(|home| home.join(".config")));
    files.extend(config.map(|dir| dir.join("containers/auth.json")));
    files
}

fn read(path: &Path) -> Result<Option<File>, String> {
    let shown = path.display();
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{shown}: {error}")),
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("{shown}: {error}"))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("{shown}: larger than {MAX_BYTES} bytes"));
    }
    serde_json::from_slice(&bytes)
        .map(Some)
        // The message names line and column, never the content.
        .map_err(|error| format!("{shown}: not JSON of the expected shape ({error})"))
}

fn search(
    file: &File,
    host: &str,
    repository: &str,
    environment: &Environment,
    problems: &mut Vec<String>,
) -> Option<Credential> {
    let names = names(host);
    let helper = names
        .iter()
        .find_map(|name| file.cred_helpers.get(name))
        .or(file.creds_store.as_ref())
        .filter(|helper| !helper.is_empty());
    if let Some(helper) = helper {
        // Docker stores Docker Hub's under the historical address, others under the bare host.
        let asked = if is_docker_hub(host) {
            DOCKER_HUB_KEY
        } else {
            host
        };
        match ask_helper(helper, asked, environment) {
            Ok(Some(credential)) => return Some(credential),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    // Podman lets a key name a repository or a part of its path: the longest one wins.
    let mut path = repository;
    loop {
        for name in &names {
            if let Some(auth) = file.auths.get(&format!("{name}/{path}"))
                && let Some(credential) = from_auth(auth)
            {
                return Some(credential);
            }
        }
        match path.rsplit_once('/') {
            Some((parent, _)) => path = parent,
            None => break,
        }
    }
    file.auths
        .iter()
        .filter(|(key, _)| names.iter().any(|name| name == bare(key)))
        .find_map(|(_, auth)| from_auth(auth))
}

/// The key under which Docker keeps Docker Hub's credentials.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// Says whether a host is one of Docker Hub's names.
pub(super) fn is_docker_hub(host: &str) -> bool {
    matches!(
        host,
        "docker.io" | "index.docker.io" | "registry-1.docker.io"
    )
}

/// Returns the names under which a host's credentials may be kept.
fn names(host: &str) -> Vec<String> {
    if is_docker_hub(host) {
        ["index.docker.io", "docker.io", "registry-1.docker.io"]
            .map(str::to_owned)
            .to_vec()
    } else {
        vec![host.to_owned()]
    }
}

/// Returns a key of `auths` without scheme and API version: older tools wrote both.
fn bare(key: &str) -> &str {
    let key = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    let key = key.trim_end_matches('/');
    key.strip_suffix("/v1")
        .or_else(|| key.strip_suffix("/v2"))
        .unwrap_or(key)
}

fn from_auth(auth: &Entry) -> Option<Credential> {
    let filled = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
    if let Some(token) = filled(&auth.identitytoken) {
        return Some(Credential::Identity(token));
    }
    if let Some(token) = filled(&auth.registrytoken) {
        return Some(Credential::Registry(token));
    }
    if let Some(encoded) = filled(&auth.auth) {
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(encoded.trim())
            .ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (user, secret) = text.trim_end_matches('\0').split_once(':')?;
        return Some(basic(user, secret));
    }
    Some(basic(
        &filled(&auth.username)?,
        &filled(&auth.password).unwrap_or_default(),
    ))
}

/// Makes a credential of a name and a secret; the name `<token>` marks a refresh token (Docker's
/// credential helper protocol).
fn basic(user: &str, secret: &str) -> Credential {
    if user == "<token>" {
        Credential::Identity(secret.to_owned())
    } else {
        Credential::Basic {
            user: user.to_owned(),
            secret: secret.to_owned(),
        }
    }
}

/// Runs `docker-credential-NAME get`. `None` when it keeps nothing for the host.
fn ask_helper(
    name: &str,
    host: &str,
    environment: &Environment,
) -> Result<Option<Credential>, String> {
    let good = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !good {
        return Err(format!(
            "'{}' is no name of a credential helper",
            escape(name)
        ));
    }
    let program = format!("docker-credential-{name}");
    let mut command = Command::new(program_path(&program, environment));
    environment.apply(&mut command);
    let mut child = command
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot run {program}: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that does not read its input says so by its exit code.
        let _ = input.write_all(host.as_bytes());
    }
    // A thread reads, because a child of the helper may keep the pipe open after its end.
    let (sender, receiver) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let outcome = output.take(MAX_BYTES).read_to_end(&mut bytes);
            let _ = sender.send(outcome.map(|_| bytes));
        });
    }
    let started = Instant::now();
    let output = receiver.recv_timeout(HELPER_TIMEOUT);
    let mut status = None;
    while status.is_none() && started.elapsed() < HELPER_TIMEOUT {
        status = child.try_wait().map_err(|error| error.to_string())?;
        if status.is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    let Some(status) = status else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!(
            "{program} gave no answer within {} s",
            HELPER_TIMEOUT.as_secs()
        ));
    };
    let bytes = match output {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return Err(format!("{program}: {error}")),
        Err(_) => return Err(format!("{program} ended without closing its output")),
    };
    if !status.success() {
        let text = String::from_utf8_lossy(&bytes);
        // The protocol's fixed text for "nothing kept" (docker-credential-helpers, "errors").
        if text.contains("credentials not found") {
            return Ok(None);
        }
        let line: String = text
            .lines()
            .next()
            .unwrap_or("")
            .chars()
            .take(200)
            .collect();
        return Err(format!("{program} failed ({status}): {}", escape(&line)));
    }
    let answer: HelperAnswer = serde_json::from_slice(&bytes)
        .map_err(|_| format!("{program} did not answer with JSON of user name and secret"))?;
    if answer.username.is_empty() && answer.secret.is_empty() {
        return Ok(None);
    }
    Ok(Some(basic(&answer.username, &answer.secret)))
}

/// Finds a program on the environment's own `PATH`, which may differ from the process's.
fn program_path(program: &str, environment: &Environment) -> PathBuf {
    environment
        .get("PATH")
        .and_then(|path| {
            std::env::split_paths(&path)
                .filter(|dir| dir.is_absolute())
                .map(|dir| dir.join(program))
                .find(|file| file.is_file())
        })
        .unwrap_or_else(|| PathBuf::from(program))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(dir: &Path) -> Environment {
        let text = dir.display().to_string();
        Environment::default()
            .with("HOME", text.clone())
            .with("DOCKER_CONFIG", text.clone())
            .with("XDG_RUNTIME_DIR", text.clone())
            .with("PATH", format!("{text}:/usr/bin:/bin"))
            .without("XDG_CONFIG_HOME")
            .without("REGISTRY_AUTH_FILE")
    }

    fn show(found: &Found) -> String {
        match &found.credential {
            None => format!("none {:?}", found.problems),
            Some(Credential::Basic { user, secret }) => format!("basic {user} {secret}"),
            Some(Credential::Identity(token)) => format!("identity {token}"),
            Some(Credential::Registry(token)) => format!("registry {token}"),
        }
    }

    #[test]
    fn files_are_read_as_docker_and_podman_write_them() {
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let config = format!(
            r#"{{"auths": {{
                "https://index.docker.io/v1/": {{"auth": "{hub}"}},
                "one.example": {{"auth": "{one}"}},
                "https://two.example/v2/": {{"username": "u2", "password": "p2"}},
                "three.example": {{"identitytoken": "refresh", "auth": "{one}"}},
                "four.example/team/app": {{"auth": "{deep}"}},
                "four.example": {{"auth": "{one}"}},
                "five.example": {{"registrytoken": "bearer"}},
                "six.example": {{}},
                "seven.example": {{"auth": "{token}"}}
            }}}}"#,
            hub = encode("hub:pass:word"),
            one = encode("u1:p1"),
            deep = encode("deep:p"),
            token = encode("<token>:refresh7"),
        );
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.json"), config).unwrap();
        let cases = [
            ("docker.io", "library/debian", "basic hub pass:word"),
            ("one.example", "a", "basic u1 p1"),
            ("two.example", "a", "basic u2 p2"),
            ("three.example", "a", "identity refresh"),
            ("four.example", "team/app", "basic deep p"),
            ("four.example", "team/other", "basic u1 p1"),
            ("five.example", "a", "registry bearer"),
            ("six.example", "a", "none []"),
            ("seven.example", "a", "identity refresh7"),
            ("none.example", "a", "none []"),
        ];
        for (host, repository, want) in cases {
            let found = find(host, repository, &environment(dir.path()));
            assert_eq!(show(&found), want, "{host}/{repository}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn helpers_are_asked_and_their_failures_told() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let helper = |name: &str, script: &str| {
            let path = dir.path().join(format!("docker-credential-{name}"));
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        helper(
            "good",
            r#"read host; echo "{\"Username\":\"$1\",\"Secret\":\"$host\"}""#,
        );
        helper(
            "empty",
            "echo credentials not found in native keychain; exit 1",
        );
        helper("bad", "echo locked; exit 2");
        std::fs::write(
            dir.path().join("config.json"),
            r#"{"credsStore": "good", "credHelpers": {"b.example": "bad", "e.example": "empty",
                "p.example": "../evil", "m.example": "missing"}}"#,
        )
        .unwrap();
        let cases = [
            ("a.example", "basic get a.example"),
            ("docker.io", "basic get https://index.docker.io/v1/"),
            ("e.example", "none []"),
            (
                "b.example",
                "docker-credential-bad failed (exit status: 2): locked",
            ),
            ("p.example", "'../evil' is no name of a credential helper"),
            ("m.example", "cannot run docker-credential-missing"),
        ];
        for (host, want) in cases {
            let got = show(&find(host, "x", &environment(dir.path())));
            assert!(got.contains(want), "{host}: {got}");
        }
    }
}
