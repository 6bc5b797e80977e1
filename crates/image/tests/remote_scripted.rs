//! Registries that misbehave: what a scan survives, what it refuses, and what it says.

#![allow(
    clippy::assigning_clones,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_image::source::reference::RegistryReference;
use plimsoll_image::source::remote::source_error;
use plimsoll_image::source::{Environment, Image, OpenOptions, SourceError, docker, registry};
use plimsoll_testkit::components::{Reply, Request, ScriptedServer};
use plimsoll_testkit::image::{Compression, LayerBuilder, TestImage, compress, digest};
use serde_json::json;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Is an image of one layer of about 300 kB, as a registry holds it.
struct Fixture {
    config: Vec<u8>,
    layer: Vec<u8>,
    manifest: Vec<u8>,
}

impl Fixture {
    fn new() -> Arc<Self> {
        // Content that does not compress, so that the layer has some size.
        let mut state = 1_u32;
        let content: Vec<u8> = (0..300_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_be_bytes()[0]
            })
            .collect();
        let image = TestImage::new(vec![LayerBuilder::new().file("data", content).build()]);
        let config = image.config();
        let layer = compress(&image.layers[0], Compression::Gzip);
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                       "digest": digest(&config), "size": config.len()},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                        "digest": digest(&layer), "size": layer.len()}],
        })
        .to_string()
        .into_bytes();
        Arc::new(Self {
            config,
            layer,
            manifest,
        })
    }

    fn layer_path(&self) -> String {
        format!("/v2/app/blobs/{}", digest(&self.layer))
    }

    /// Answers as a good registry does.
    fn good(&self, request: &Request) -> Reply {
        let path = request.path.as_str();
        let by_digest = format!("/v2/app/manifests/{}", digest(&self.manifest));
        if path == "/v2/" {
            Reply::new(200)
        } else if path == "/v2/app/manifests/latest" || path == by_digest {
            Reply::new(200)
                .header("Content-Type", MANIFEST)
                .body(self.manifest.clone())
        } else if path.ends_with(&digest(&self.config)) {
            Reply::new(200).body(self.config.clone())
        } else if path == self.layer_path() {
            self.part(request.range_start())
        } else {
            Reply::new(404).body(r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no such"}]}"#)
        }
    }

    fn part(&self, from: Option<usize>) -> Reply {
        let size = self.layer.len();
        match from {
            None => Reply::new(200).body(self.layer.clone()),
            Some(from) => Reply::new(206)
                .header(
                    "Content-Range",
                    &format!("bytes {from}-{}/{size}", size - 1),
                )
                .body(self.layer[from..].to_vec()),
        }
    }
}

fn options() -> OpenOptions {
    OpenOptions {
        stall_timeout: Duration::from_millis(400),
        retries: 3,
        environment: Environment::default()
            .with("HOME", "/nonexistent")
            .without("DOCKER_CONFIG")
            .without("REGISTRY_AUTH_FILE")
            .without("XDG_RUNTIME_DIR")
            .without("XDG_CONFIG_HOME"),
        ..OpenOptions::default()
    }
}

fn open(server: &ScriptedServer, options: &OpenOptions) -> Result<Image, SourceError> {
    let text = format!("{}/app:latest", server.host());
    let reference = RegistryReference::parse(&text)?;
    let mut images = registry::open(&reference, &format!("registry:{text}"), options)?;
    assert_eq!(images.len(), 1);
    Ok(images.remove(0))
}

fn read_layer(image: &Image) -> Result<Vec<u8>, SourceError> {
    let mut bytes = Vec::new();
    match image.blobs.open(0)?.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(source_error(error).expect("an error of the source")),
    }
}

/// Opens the image of a server whose answers to layer requests are scripted, and reads the layer.
fn layer_with(
    script: impl Fn(&Fixture, &Request, usize) -> Reply + Send + Sync + 'static,
) -> (Result<Vec<u8>, SourceError>, Vec<Request>, Arc<Fixture>) {
    let fixture = Fixture::new();
    let scripted = Arc::clone(&fixture);
    let server = ScriptedServer::start(move |request, count| {
        if request.path == scripted.layer_path() {
            script(&scripted, request, count)
        } else {
            scripted.good(request)
        }
    })
    .unwrap();
    let image = open(&server, &options()).unwrap();
    let outcome = read_layer(&image);
    let path = fixture.layer_path();
    let requests = server
        .requests()
        .into_iter()
        .filter(|r| r.path == path)
        .collect();
    (outcome, requests, fixture)
}

#[test]
fn a_cut_download_is_resumed_where_it_broke() {
    let (bytes, requests, fixture) = layer_with(|fixture, request, count| match count {
        0 => fixture.part(None).cut_after(100_000),
        1 => fixture.part(request.range_start()).cut_after(50_000),
        _ => fixture.part(request.range_start()),
    });
    assert!(bytes.unwrap() == fixture.layer, "the bytes differ");
    let starts: Vec<_> = requests.iter().map(Request::range_start).collect();
    assert_eq!(starts, [None, Some(100_000), Some(150_000)]);
}

#[test]
fn a_stalled_download_is_resumed() {
    let (bytes, requests, fixture) = layer_with(|fixture, request, count| match count {
        0 => fixture
            .part(None)
            .stall_after(70_000, Duration::from_secs(3)),
        _ => fixture.part(request.range_start()),
    });
    assert!(bytes.unwrap() == fixture.layer, "the bytes differ");
    assert_eq!(requests.len(), 2);
}

#[test]
fn a_server_without_ranges_sends_all_again_and_what_was_seen_is_skipped() {
    let (bytes, requests, fixture) = layer_with(|fixture, _, count| match count {
        0 => fixture.part(None).cut_after(100_000),
        _ => fixture.part(None),
    });
    assert!(bytes.unwrap() == fixture.layer, "the bytes differ");
    assert_eq!(requests.len(), 2);
}

#[test]
fn a_part_that_was_not_asked_for_is_not_used() {
    let (bytes, requests, fixture) = layer_with(|fixture, request, count| match count {
        0 => fixture.part(None).cut_after(100_000),
        // The bytes of the start, declared as such.
        1 => {
            let size = fixture.layer.len();
            Reply::new(206)
                .header("Content-Range", &format!("bytes 0-{}/{size}", size - 1))
                .body(fixture.layer.clone())
        }
        _ => fixture.part(request.range_start()),
    });
    assert!(bytes.unwrap() == fixture.layer, "the bytes differ");
    let starts: Vec<_> = requests.iter().map(Request::range_start).collect();
    assert_eq!(starts, [None, Some(100_000), None]);
}

#[test]
fn a_download_that_never_progresses_ends() {
    let (outcome, requests, _) = layer_with(|fixture, _, _| fixture.part(None).cut_after(0));
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("/v2/app/blobs/"), "{error}");
    assert_eq!(requests.len(), 4, "the first try and three more");
}

#[test]
fn bodies_of_another_size_than_the_manifest_states_are_refused() {
    let (outcome, _, _) = layer_with(|fixture, _, _| {
        let mut body = fixture.layer.clone();
        body.push(0);
        Reply::new(200).body(body)
    });
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("the manifest states"), "{error}");
    let (outcome, _, _) =
        layer_with(|fixture, _, _| Reply::new(200).body(fixture.layer[..1000].to_vec()));
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("the registry has 1000 bytes"), "{error}");
    let (outcome, _, _) = layer_with(|_, _, _| Reply::new(200).body(vec![7; 65_536]).endless());
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("sends more than"), "{error}");
}

#[test]
fn rate_limits_and_server_errors_are_waited_out() {
    let start = std::time::Instant::now();
    let (bytes, requests, fixture) = layer_with(|fixture, _, count| match count {
        0 => Reply::new(429).header("Retry-After", "1"),
        1 => Reply::new(503),
        2 => Reply::new(500),
        _ => fixture.part(None),
    });
    assert!(bytes.unwrap() == fixture.layer, "the bytes differ");
    assert_eq!(requests.len(), 4);
    assert!(
        start.elapsed() > Duration::from_secs(1),
        "Retry-After was not kept"
    );
}

#[test]
fn a_rate_limit_of_an_hour_ends_the_scan_with_advice() {
    let (outcome, requests, _) =
        layer_with(|_, _, _| Reply::new(429).header("Retry-After", "3600"));
    let error = outcome.unwrap_err().to_string();
    assert!(
        error.contains("3600 s") && error.contains("log in"),
        "{error}"
    );
    assert_eq!(requests.len(), 1);
}

#[test]
fn credentials_stay_with_the_registry_when_it_redirects() {
    let fixture = Fixture::new();
    let stored = Arc::clone(&fixture);
    let elsewhere = ScriptedServer::start(move |request, _| {
        if request.path == "/store?signature=x" {
            stored.part(request.range_start())
        } else {
            Reply::new(404)
        }
    })
    .unwrap();
    let target = format!("http://{}/store?signature=x", elsewhere.host());
    let scripted = Arc::clone(&fixture);
    let server = ScriptedServer::start(move |request, _| {
        if request.path != "/v2/" && request.header("authorization").is_empty() {
            Reply::new(401).header("WWW-Authenticate", "Basic realm=\"test\"")
        } else if request.path == scripted.layer_path() {
            Reply::new(307).header("Location", &target)
        } else {
            scripted.good(request)
        }
    })
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    // dGVzdGVyOnNlY3JldA== is tester:secret.
    let config = json!({"auths": {server.host(): {"auth": "dGVzdGVyOnNlY3JldA=="}}});
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let mut options = options();
    options.environment = options
        .environment
        .with("DOCKER_CONFIG", folder.path().display().to_string());
    let image = open(&server, &options).unwrap();
    assert!(
        read_layer(&image).unwrap() == fixture.layer,
        "the bytes differ"
    );
    let sent = server.requests();
    let last = sent.last().unwrap();
    assert_eq!(last.path, fixture.layer_path());
    assert_eq!(last.header("authorization"), "Basic dGVzdGVyOnNlY3JldA==");
    let reached = elsewhere.requests();
    assert_eq!(reached.len(), 1);
    assert_eq!(
        reached[0].header("authorization"),
        "",
        "the credentials left their host"
    );
}

#[test]
fn endless_redirects_end() {
    let (outcome, _, _) =
        layer_with(|_, request, _| Reply::new(307).header("Location", &request.path));
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("redirects more than 5 times"), "{error}");
}

/// Opens an image of a server whose every answer beside `/v2/` is scripted.
fn open_with(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> SourceError {
    let server = ScriptedServer::start(move |request, _| {
        if request.path == "/v2/" {
            Reply::new(200)
        } else {
            answer(request)
        }
    })
    .unwrap();
    match open(&server, &options()) {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

#[test]
fn documents_that_cannot_be_trusted_are_refused_with_the_reason() {
    let fixture = Fixture::new();
    let cases: Vec<(&str, Reply, &str)> = vec![
        (
            "a login page",
            Reply::new(200).header("Content-Type", "text/html; charset=utf-8").body("<html>"),
            "HTML page",
        ),
        (
            "an oversized manifest",
            Reply::new(200).body(vec![b' '; 64]).stated_length(100 << 20),
            "larger than the 4194304 bytes",
        ),
        ("an endless manifest", Reply::new(200).body(vec![b' '; 65_536]).endless(), "larger than"),
        (
            "a manifest that is not what the registry says",
            Reply::new(200)
                .header("Docker-Content-Digest", &digest(b"something else"))
                .body(fixture.manifest.clone()),
            "tampered",
        ),
        ("schema 1", Reply::new(200).body(r#"{"schemaVersion":1,"name":"app"}"#), "schema 1"),
        (
            "index and manifest at once",
            Reply::new(200).body(format!(
                r#"{{"schemaVersion":2,"manifests":[],"layers":[],"config":{{"digest":"{}"}}}}"#,
                digest(b"x")
            )),
            "ambiguous",
        ),
        (
            "a chart",
            Reply::new(200).body(format!(
                r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"{}"}},"layers":[]}}"#,
                digest(b"x")
            )),
            "artifact",
        ),
        ("a private image", Reply::new(403), "docker login"),
        ("no image", Reply::new(404), "not found"),
    ];
    for (name, reply, want) in cases {
        let error = open_with(move |_| reply.clone()).to_string();
        assert!(error.contains(want), "{name}: {error}");
    }
}

#[test]
fn a_wrong_configuration_is_refused() {
    let fixture = Fixture::new();
    let scripted = Arc::clone(&fixture);
    let error = open_with(move |request| {
        if request.path.ends_with(&digest(&scripted.config)) {
            Reply::new(200).body("{}")
        } else {
            scripted.good(request)
        }
    });
    assert!(
        matches!(error, SourceError::DigestMismatch { .. }),
        "{error}"
    );
}

#[test]
fn an_index_that_contains_itself_ends() {
    // Each index names the next; the digests are true, so nothing but the depth stops it.
    let mut documents = vec![Fixture::new().manifest.clone()];
    let mut media_type = MANIFEST;
    for _ in 0..8 {
        let inner = documents.last().unwrap();
        let index = json!({"schemaVersion": 2, "manifests": [
            {"mediaType": media_type, "digest": digest(inner), "size": inner.len()}]});
        media_type = "application/vnd.oci.image.index.v1+json";
        documents.push(index.to_string().into_bytes());
    }
    let error = open_with(move |request| {
        let found = documents
            .iter()
            .find(|d| request.path.ends_with(&digest(d)));
        let top = documents.last().unwrap();
        Reply::new(200).body(found.unwrap_or(top).clone())
    });
    assert!(error.to_string().contains("deep"), "{error}");
}

#[test]
fn a_foreign_layer_is_told() {
    let fixture = Fixture::new();
    let mut manifest: serde_json::Value = serde_json::from_slice(&fixture.manifest).unwrap();
    manifest["layers"][0]["mediaType"] =
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip".into();
    manifest["layers"][0]["urls"] = json!(["https://publisher.example/layer"]);
    let manifest = manifest.to_string();
    let scripted = Arc::clone(&fixture);
    let server = ScriptedServer::start(move |request, _| {
        if request.path.contains("/manifests/") {
            Reply::new(200).body(manifest.clone())
        } else if request.path == scripted.layer_path() {
            Reply::new(404)
        } else {
            scripted.good(request)
        }
    })
    .unwrap();
    let image = open(&server, &options()).unwrap();
    assert!(
        image.issues[0].detail.contains("publisher.example"),
        "{:?}",
        image.issues
    );
    let error = read_layer(&image).unwrap_err().to_string();
    assert!(error.contains("foreign layer"), "{error}");
}

#[test]
fn proxies_carry_what_is_not_loopback() {
    let proxy = ScriptedServer::start(|_, _| Reply::new(200).body("{}")).unwrap();
    let mut options = options();
    options.insecure_registries = vec!["registry.example".into()];
    options.environment = options
        .environment
        .with("HTTP_PROXY", format!("http://{}", proxy.host()))
        .with("http_proxy", format!("http://{}", proxy.host()))
        .with("https_proxy", format!("http://{}", proxy.host()))
        .without("NO_PROXY")
        .without("no_proxy");
    let reference = RegistryReference::parse("registry.example/app:1").unwrap();
    let outcome = registry::open(&reference, "registry:registry.example/app:1", &options);
    assert!(outcome.is_err());
    let asked: Vec<String> = proxy
        .requests()
        .iter()
        .map(|r| format!("{} {}", r.method, r.path))
        .collect();
    assert!(
        asked.iter().any(|a| a == "CONNECT registry.example:443"),
        "{asked:?}"
    );
    assert!(
        asked.iter().any(|a| a == "GET http://registry.example/v2/"),
        "{asked:?}"
    );
    // Loopback is asked directly.
    let fixture = Fixture::new();
    let server = ScriptedServer::start(move |request, _| fixture.good(request)).unwrap();
    open(&server, &options).unwrap();
}

#[test]
fn offline_asks_nobody() {
    let fixture = Fixture::new();
    let server = ScriptedServer::start(move |request, _| fixture.good(request)).unwrap();
    let options = OpenOptions {
        offline: true,
        ..options()
    };
    let error = open(&server, &options).err().unwrap();
    assert!(matches!(error, SourceError::Offline { .. }), "{error}");
    assert!(server.requests().is_empty());
}

/// Docker with the containerd image store: the id is the manifest's digest, and the export holds the
/// blobs as they were pulled.
#[test]
fn an_export_of_dockers_containerd_store_keeps_the_registrys_digests() {
    let built = TestImage::new(vec![LayerBuilder::new().file("data", "x").build()]);
    let folder = tempfile::tempdir().unwrap();
    let manifest = built.write_layout(folder.path(), Compression::Gzip);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let blob = |digest: &str| format!("blobs/sha256/{}", digest.trim_start_matches("sha256:"));
    let layer = digest(&compress(&built.layers[0], Compression::Gzip));
    let config = digest(&built.config());
    let list = json!([{"Config": blob(&config), "RepoTags": ["app:1"], "Layers": [blob(&layer)]}]);
    let mut archive = LayerBuilder::new();
    for digest in [&layer, &config, &manifest] {
        archive = archive.file(&blob(digest), read(&blob(digest)));
    }
    let archive = archive
        .file("index.json", read("index.json"))
        .file("oci-layout", read("oci-layout"))
        .file("manifest.json", list.to_string())
        .build();
    let inspect = json!({"Id": manifest, "Os": "linux", "Architecture": "amd64",
        "RootFS": {"Type": "layers", "Layers": [digest(&built.layers[0])]}})
    .to_string();
    let export_path = format!("/v1.41/images/{manifest}/get");
    let server = ScriptedServer::start(move |request, _| match request.path.as_str() {
        "/_ping" => Reply::new(200).header("Api-Version", "1.41").body("OK"),
        "/v1.41/images/app:1/json" => Reply::new(200).body(inspect.clone()),
        path if path == export_path => Reply::new(200).body(archive.clone()),
        _ => Reply::new(404).body(r#"{"message":"no such"}"#),
    })
    .unwrap();
    let cache = folder.path().join("configs");
    let mut options = options();
    options.config_cache = Some(cache.clone());
    options.environment = options
        .environment
        .with("DOCKER_HOST", format!("tcp://{}", server.host()));
    let image = docker::open("app:1", "docker:app:1", &options)
        .unwrap()
        .remove(0);
    assert_eq!(image.config_digest.as_ref().unwrap().as_str(), config);
    assert_eq!(image.layers[0].digest.as_ref().unwrap().as_str(), layer);
    assert_eq!(digest(&read_layer(&image).unwrap()), layer);
    assert!(
        !cache.exists(),
        "the id says nothing about the configuration, so it is not kept"
    );
}

/// A daemon that breaks off in the middle of an export.
#[test]
fn a_cut_export_is_an_error_and_not_a_short_image() {
    let built = TestImage::new(vec![LayerBuilder::new().file("data", "x").build()]);
    let id = digest(&built.config());
    let inspect = json!({"Id": id, "RootFS": {"Layers": [digest(&built.layers[0])]}}).to_string();
    let server = ScriptedServer::start(move |request, _| {
        if request.path.ends_with("/_ping") {
            Reply::new(200)
        } else if request.path.ends_with("/json") {
            Reply::new(200).body(inspect.clone())
        } else {
            Reply::new(200).body(vec![0; 10_240]).cut_after(1024)
        }
    })
    .unwrap();
    let mut options = options();
    options.environment = options
        .environment
        .with("DOCKER_HOST", format!("tcp://{}", server.host()));
    let error = docker::open("app:1", "docker:app:1", &options)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("export broke off"), "{error}");
}
