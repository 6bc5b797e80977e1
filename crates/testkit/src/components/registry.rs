//! Debian's `docker-registry` (distribution 2.8) and a token service for it.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use tempfile::TempDir;

use super::process::{Process, free_port, run};
use super::scripted::{Reply, Request, ScriptedServer};

/// Is how a registry lets clients in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone, plain HTTP.
    Plain,
    /// User `tester` with the password `secret`, plain HTTP.
    Basic,
    /// Anyone, HTTPS with a certificate of an authority of its own.
    Tls,
    /// Bearer tokens of a [`TokenServer`], plain HTTP.
    Token,
}

/// Is a running registry.
pub struct Registry {
    /// `127.0.0.1:port`.
    pub host: String,
    /// The authority that signed its certificate, with [`Access::Tls`].
    pub authority: Option<PathBuf>,
    /// Its token service, with [`Access::Token`].
    pub tokens: Option<TokenServer>,
    access: Access,
    // Ended before its folder goes.
    _process: Process,
    _folder: TempDir,
}

impl Registry {
    /// Starts a registry with an empty store.
    pub fn start(access: Access) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = folder.path();
        let port = free_port()?;
        let host = format!("127.0.0.1:{port}");
        let mut config = format!(
            "version: 0.1\nlog: {{level: warn, accesslog: {{disabled: true}}}}\n\
             storage:\n  filesystem: {{rootdirectory: {path}/data}}\n  \
             cache: {{blobdescriptor: inmemory}}\nhealth:\n  storagedriver: {{enabled: false}}\n\
             http:\n  addr: {host}\n",
            path = path.display()
        );
        let (mut authority, mut tokens) = (None, None);
        match access {
            Access::Plain => {}
            Access::Basic => {
                let file = path.join("htpasswd").display().to_string();
                run("htpasswd", &["-Bbc", &file, "tester", "secret"])?;
                config.push_str(&format!(
                    "auth:\n  htpasswd: {{realm: test, path: {file}}}\n"
                ));
            }
            Access::Tls => {
                authority = Some(certificate_authority(path)?);
                config.push_str(&format!(
                    "  tls: {{certificate: {path}/server.pem, key: {path}/server.key}}\n",
                    path = path.display()
                ));
            }
            Access::Token => {
                let server = TokenServer::start(path)?;
                config.push_str(&format!(
                    "auth:\n  token: {{realm: \"http://{}/token\", service: test-registry, \
                     issuer: test-issuer, rootcertbundle: {}/token.pem}}\n",
                    server.server.host(),
                    path.display()
                ));
                tokens = Some(server);
            }
        }
        let file = path.join("config.yml");
        fs::write(&file, config).map_err(|error| error.to_string())?;
        let file = file.display().to_string();
        let mut process = Process::start("docker-registry", &["serve", &file], path)?;
        process.wait_for(|| TcpStream::connect(&host).is_ok())?;
        Ok(Self {
            host,
            authority,
            tokens,
            access,
            _process: process,
            _folder: folder,
        })
    }

    /// Pushes an image of an OCI layout with skopeo, digests kept; an index with all its platforms.
    /// Returns its reference, `host/name:tag`.
    pub fn push(&self, layout: &Path, layout_tag: &str, name: &str) -> Result<String, String> {
        let source = format!("oci:{}:{layout_tag}", layout.display());
        let reference = format!("{}/{name}", self.host);
        let target = format!("docker://{reference}");
        let mut arguments = vec![
            "--insecure-policy",
            "copy",
            "--quiet",
            "--all",
            "--preserve-digests",
            "--dest-tls-verify=false",
        ];
        if matches!(self.access, Access::Basic | Access::Token) {
            arguments.push("--dest-creds=tester:secret");
        }
        arguments.extend([source.as_str(), target.as_str()]);
        run("skopeo", &arguments)?;
        Ok(reference)
    }
}

/// Is a token service as the distribution project specifies it, with real signatures: the registry
/// verifies them. Takes user `tester` with `secret` and the refresh token `refresh-me`.
pub struct TokenServer {
    server: ScriptedServer,
}

impl TokenServer {
    /// Starts the service; its key and certificate (`token.pem`) go to `folder`.
    fn start(folder: &Path) -> Result<Self, String> {
        let key = folder.join("token.key");
        let certificate = folder.join("token.pem");
        run(
            "openssl",
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=token service of a test",
                "-keyout",
                &key.display().to_string(),
                "-out",
                &certificate.display().to_string(),
            ],
        )?;
        let pem = fs::read_to_string(&certificate).map_err(|error| error.to_string())?;
        let chain: String = pem
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect();
        let signer = Arc::new(Signer {
            key,
            chain,
            folder: folder.to_owned(),
        });
        let server = ScriptedServer::start(move |request, count| {
            token_reply(request, count, &signer).unwrap_or_else(|error| Reply::new(500).body(error))
        })?;
        Ok(Self { server })
    }

    /// Returns the requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }
}

struct Signer {
    key: PathBuf,
    chain: String,
    folder: PathBuf,
}

fn token_reply(request: &Request, count: usize, signer: &Signer) -> Result<Reply, String> {
    let query = if request.method == "POST" {
        String::from_utf8_lossy(&request.body).into_owned()
    } else {
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        query.to_owned()
    };
    let get = |name: &str| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| decode_percent(value))
            .unwrap_or_default()
    };
    let allowed = if request.method == "POST" {
        get("refresh_token") == "refresh-me" && get("grant_type") == "refresh_token"
    } else {
        request.header("authorization") == format!("Basic {}", base64(b"tester:secret"))
    };
    if !allowed {
        return Ok(Reply::new(401)
            .header("Content-Type", "application/json")
            .body(r#"{"errors":[{"code":"UNAUTHORIZED","message":"wrong user or password"}]}"#));
    }
    let scope = get("scope");
    let parts: Vec<&str> = scope.split(':').collect();
    let access = match parts.as_slice() {
        ["repository", name, actions] => json!([{
            "type": "repository", "name": name, "actions": actions.split(',').collect::<Vec<_>>(),
        }]),
        _ => json!([]),
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|error| error.to_string())?
        .as_secs();
    let header = json!({"typ": "JWT", "alg": "RS256", "x5c": [signer.chain]});
    let claims = json!({
        "iss": "test-issuer", "sub": "tester", "aud": "test-registry",
        "exp": now + 300, "nbf": now - 60, "iat": now, "jti": format!("{now}-{count}"),
        "access": access,
    });
    let unsigned = format!(
        "{}.{}",
        base64_url(header.to_string().as_bytes()),
        base64_url(claims.to_string().as_bytes())
    );
    let input = tempfile::NamedTempFile::new_in(&signer.folder).map_err(|e| e.to_string())?;
    fs::write(input.path(), &unsigned).map_err(|error| error.to_string())?;
    let signature = run(
        "openssl",
        &[
            "dgst",
            "-sha256",
            "-sign",
            &signer.key.display().to_string(),
            &input.path().display().to_string(),
        ],
    )?;
    let token = format!("{unsigned}.{}", base64_url(&signature));
    let field = if request.method == "POST" {
        "access_token"
    } else {
        "token"
    };
    Ok(Reply::new(200)
        .header("Content-Type", "application/json")
        .body(json!({field: token, "expires_in": 300}).to_string()))
}

/// Makes a certificate authority and a certificate for `127.0.0.1` and `localhost` signed by it:
/// `ca.pem`, `server.pem`, `server.key`. Returns the authority's path.
pub fn certificate_authority(folder: &Path) -> Result<PathBuf, String> {
    let path = |name: &str| folder.join(name).display().to_string();
    run(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=authority of a test",
            "-keyout",
            &path("ca.key"),
            "-out",
            &path("ca.pem"),
        ],
    )?;
    let names = "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n";
    sign(folder, "server.key", "server.pem", names)?;
    Ok(folder.join("ca.pem"))
}

/// Makes a key and a certificate signed by the authority in `folder`, with the given extensions.
pub(super) fn sign(
    folder: &Path,
    key: &str,
    certificate: &str,
    extensions: &str,
) -> Result<(), String> {
    let path = |name: &str| folder.join(name).display().to_string();
    let request = path("request.csr");
    let (key, certificate) = (path(key), path(certificate));
    let ask = [
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=localhost",
    ];
    run(
        "openssl",
        &[&ask[..], &["-keyout", &key, "-out", &request]].concat(),
    )?;
    let file = path("extensions");
    fs::write(&file, extensions).map_err(|error| error.to_string())?;
    let (authority, authority_key) = (path("ca.pem"), path("ca.key"));
    let answer = [
        "x509",
        "-req",
        "-days",
        "2",
        "-CAcreateserial",
        "-in",
        &request,
    ];
    let files = [
        "-CA",
        &authority,
        "-CAkey",
        &authority_key,
        "-extfile",
        &file,
        "-out",
        &certificate,
    ];
    run("openssl", &[&answer[..], &files[..]].concat()).map(drop)
}

fn decode_percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3);
        match (
            bytes[at],
            hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()),
        ) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let mut number = 0_usize;
        for index in 0..3 {
            number = number << 8 | usize::from(group.get(index).copied().unwrap_or(0));
        }
        for digit in 0..4 {
            if digit <= group.len() {
                out.push(char::from(DIGITS[number >> (18 - 6 * digit) & 63]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

fn base64_url(bytes: &[u8]) -> String {
    base64(bytes)
        .trim_end_matches('=')
        .replace('+', "-")
        .replace('/', "_")
}
