//! The remote sources against the real thing: docker-registry, Docker, Podman, containerd. Each
//! test is skipped with a message where its component cannot be started.

#![allow(
    clippy::assigning_clones,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_image::source::reference::RegistryReference;
use plimsoll_image::source::{
    Environment, Image, OpenOptions, SourceError, Standing, docker, registry,
};
use plimsoll_testkit::components::{self, Access, Registry};
use plimsoll_testkit::image::{Compression, LayerBuilder, TestImage, digest};
use plimsoll_testkit::skip;
use serde_json::json;
use tempfile::TempDir;

/// Makes an image of two small layers.
fn small_image() -> TestImage {
    TestImage::new(vec![
        LayerBuilder::new()
            .dir("etc")
            .file("etc/os-release", "ID=demo\n")
            .build(),
        LayerBuilder::new()
            .dir("app")
            .file("app/main", vec![b'x'; 200_000])
            .build(),
    ])
}

fn environment() -> Environment {
    [
        "DOCKER_CONFIG",
        "DOCKER_HOST",
        "DOCKER_CONTEXT",
        "CONTAINER_HOST",
        "REGISTRY_AUTH_FILE",
        "XDG_RUNTIME_DIR",
        "XDG_CONFIG_HOME",
        "CONTAINERD_NAMESPACE",
    ]
    .into_iter()
    .fold(
        Environment::default().with("HOME", "/nonexistent"),
        Environment::without,
    )
}

fn options() -> OpenOptions {
    OpenOptions {
        environment: environment(),
        retries: 1,
        ..OpenOptions::default()
    }
}

fn open(text: &str, options: &OpenOptions) -> Result<Vec<Image>, SourceError> {
    registry::open(
        &RegistryReference::parse(text)?,
        &format!("registry:{text}"),
        options,
    )
}

fn layer_bytes(image: &Image, layer: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    image
        .blobs
        .open(layer)
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

/// Checks that each layer's bytes are those that it states, and that the configuration arrived.
fn check(image: &Image, built: &TestImage) {
    assert_eq!(image.layers.len(), built.layers.len());
    assert_eq!(
        image.config_digest.as_ref().unwrap().as_str(),
        digest(&built.config())
    );
    let instructions: Vec<&str> = image
        .config
        .history
        .iter()
        .map(|entry| entry.created_by.as_str())
        .collect();
    assert_eq!(instructions, built.created_by);
    for (index, (layer, archive)) in image.layers.iter().zip(&built.layers).enumerate() {
        assert_eq!(layer.diff_id.as_str(), digest(archive));
        assert_eq!(image.blobs.standing(index), Standing::ByDigest);
        let bytes = layer_bytes(image, index);
        let got = digest(&bytes);
        match &layer.digest {
            Some(stated) => assert_eq!(stated.as_str(), got, "layer {index}"),
            None => assert_eq!(layer.diff_id.as_str(), got, "layer {index}"),
        }
    }
}

fn layout(built: &TestImage, compression: Compression) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let manifest = built.write_layout(folder.path(), compression);
    (folder, manifest)
}

/// Writes a layout whose tag `multi` is an index of amd64 and arm64 with an attestation.
fn multi_layout() -> (TempDir, TestImage, TestImage) {
    let folder = tempfile::tempdir().unwrap();
    let first = small_image();
    let mut second = small_image();
    second.architecture = "arm64".to_owned();
    first.write_layout(folder.path(), Compression::Gzip);
    let put = |bytes: &[u8]| {
        let hex = digest(bytes);
        let path = folder
            .path()
            .join("blobs/sha256")
            .join(hex.trim_start_matches("sha256:"));
        std::fs::write(path, bytes).unwrap();
    };
    let mut entries = Vec::new();
    for image in [&first, &second] {
        let manifest = image.write_blobs(folder.path(), Compression::Gzip);
        entries.push(json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": digest(&manifest), "size": manifest.len(),
            "platform": {"os": "linux", "architecture": image.architecture}}));
    }
    let statement = b"{}";
    put(statement);
    let attestation = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                   "digest": digest(statement), "size": 2},
        "layers": [{"mediaType": "application/vnd.in-toto+json",
                    "digest": digest(statement), "size": 2}]})
    .to_string();
    put(attestation.as_bytes());
    entries.push(json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": digest(attestation.as_bytes()), "size": attestation.len(),
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        "platform": {"os": "unknown", "architecture": "unknown"}}));
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": entries})
    .to_string();
    put(index.as_bytes());
    let top = json!({"schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": digest(index.as_bytes()), "size": index.len(),
        "annotations": {"org.opencontainers.image.ref.name": "multi"}}]});
    std::fs::write(folder.path().join("index.json"), top.to_string()).unwrap();
    (folder, first, second)
}

/// Starts a registry and pushes the small image as `team/app:1`.
fn registry_with_image(test: &str, access: Access) -> Option<(Registry, String, String)> {
    let (folder, manifest) = layout(&small_image(), Compression::Gzip);
    let started = Registry::start(access).and_then(|registry| {
        let reference = registry.push(folder.path(), "latest", "team/app:1")?;
        Ok((registry, reference, manifest))
    });
    match started {
        Ok(started) => Some(started),
        Err(why) => {
            skip(test, &why);
            None
        }
    }
}

fn log_in(host: &str, entry: &serde_json::Value) -> (TempDir, OpenOptions) {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({"auths": {host: entry}});
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let mut options = options();
    options.environment = options
        .environment
        .with("DOCKER_CONFIG", folder.path().display().to_string());
    (folder, options)
}

#[test]
fn a_plain_registry_serves_tags_and_pins() {
    let name = "a_plain_registry_serves_tags_and_pins";
    let Some((_registry, reference, manifest)) = registry_with_image(name, Access::Plain) else {
        return;
    };
    let by_tag = open(&reference, &options()).unwrap();
    assert_eq!(by_tag[0].digest.as_ref().unwrap().as_str(), manifest);
    assert_eq!(by_tag[0].reference, format!("registry:{reference}"));
    check(&by_tag[0], &small_image());
    let pinned = reference.replace(":1", &format!("@{manifest}"));
    check(&open(&pinned, &options()).unwrap()[0], &small_image());
    let missing = open(&reference.replace("app:1", "app:2"), &options())
        .err()
        .unwrap();
    assert!(matches!(missing, SourceError::NotFound { .. }), "{missing}");
    let other = OpenOptions {
        platform: Some("linux/s390x".to_owned()),
        ..options()
    };
    let error = open(&reference, &other).err().unwrap().to_string();
    assert!(error.contains("there is linux/amd64"), "{error}");
}

#[test]
fn an_index_gives_the_platform_that_is_asked_for() {
    let (folder, first, second) = multi_layout();
    let pushed = Registry::start(Access::Plain).and_then(|r| {
        r.push(folder.path(), "multi", "multi:1")
            .map(|text| (r, text))
    });
    let (_registry, reference) = match pushed {
        Ok(pushed) => pushed,
        Err(why) => return skip("an_index_gives_the_platform_that_is_asked_for", &why),
    };
    let arm = OpenOptions {
        platform: Some("linux/arm64".to_owned()),
        ..options()
    };
    check(&open(&reference, &arm).unwrap()[0], &second);
    let all = OpenOptions {
        all_platforms: true,
        ..options()
    };
    let images = open(&reference, &all).unwrap();
    assert_eq!(images.len(), 2, "the attestation is no image");
    check(&images[0], &first);
    check(&images[1], &second);
    let none = OpenOptions {
        platform: Some("windows/amd64".to_owned()),
        ..options()
    };
    let error = open(&reference, &none).err().unwrap().to_string();
    assert!(
        error.contains("there is linux/amd64, linux/arm64"),
        "{error}"
    );
}

#[test]
fn basic_authentication_takes_dockers_login() {
    let name = "basic_authentication_takes_dockers_login";
    let Some((registry, reference, _)) = registry_with_image(name, Access::Basic) else {
        return;
    };
    let error = open(&reference, &options()).err().unwrap();
    assert!(matches!(error, SourceError::Unauthorized { .. }), "{error}");
    assert!(
        error.to_string().contains("no credentials are kept"),
        "{error}"
    );
    let login = json!({"username": "tester", "password": "secret"});
    let (_folder, good) = log_in(&registry.host, &login);
    check(&open(&reference, &good).unwrap()[0], &small_image());
    let (_folder, bad) = log_in(
        &registry.host,
        &json!({"username": "tester", "password": "no"}),
    );
    let error = open(&reference, &bad).err().unwrap();
    assert!(matches!(error, SourceError::Unauthorized { .. }), "{error}");
}

#[test]
fn bearer_tokens_are_fetched_once_per_image() {
    let name = "bearer_tokens_are_fetched_once_per_image";
    let Some((registry, reference, _)) = registry_with_image(name, Access::Token) else {
        return;
    };
    let tokens = registry.tokens.as_ref().unwrap();
    let error = open(&reference, &options()).err().unwrap();
    assert!(matches!(error, SourceError::Unauthorized { .. }), "{error}");
    let before = tokens.requests().len();
    let login = json!({"username": "tester", "password": "secret"});
    let (_folder, good) = log_in(&registry.host, &login);
    check(&open(&reference, &good).unwrap()[0], &small_image());
    assert_eq!(
        tokens.requests().len(),
        before + 1,
        "one token serves manifest and layers"
    );
    let last = tokens.requests().pop().unwrap();
    assert!(
        last.path.contains("scope=repository%3Ateam%2Fapp%3Apull"),
        "{}",
        last.path
    );
    let (_folder, refresh) = log_in(&registry.host, &json!({"identitytoken": "refresh-me"}));
    check(&open(&reference, &refresh).unwrap()[0], &small_image());
    assert_eq!(tokens.requests().pop().unwrap().method, "POST");
}

#[test]
fn https_needs_a_trusted_authority() {
    let name = "https_needs_a_trusted_authority";
    let Some((registry, reference, _)) = registry_with_image(name, Access::Tls) else {
        return;
    };
    let authority = registry.authority.clone().unwrap();
    let error = open(&reference, &options()).err().unwrap().to_string();
    assert!(error.contains("does not trust"), "{error}");
    let trusting = OpenOptions {
        extra_ca: vec![authority.clone()],
        ..options()
    };
    check(&open(&reference, &trusting).unwrap()[0], &small_image());
    let mut by_variable = options();
    by_variable.environment = by_variable
        .environment
        .with("SSL_CERT_FILE", authority.display().to_string());
    check(&open(&reference, &by_variable).unwrap()[0], &small_image());
    let insecure = OpenOptions {
        insecure_registries: vec![registry.host.clone()],
        ..options()
    };
    check(&open(&reference, &insecure).unwrap()[0], &small_image());
}

#[test]
fn a_registry_that_is_not_there_is_told_quickly() {
    let port = components::free_port().unwrap();
    let start = Instant::now();
    let error = open(&format!("127.0.0.1:{port}/app:1"), &options())
        .err()
        .unwrap();
    assert!(matches!(error, SourceError::Peer { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// What Docker and Podman have in common: export on demand, configuration cache, errors.
fn check_daemon(
    daemon: &components::Daemon,
    variable: &str,
    open: fn(&str, &str, &OpenOptions) -> Result<Vec<Image>, SourceError>,
) {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("image.tar");
    let built = small_image();
    built.write_docker_archive(&archive, "demo/app:1");
    daemon.load(&archive).unwrap();
    let cache = folder.path().join("configs");
    let options = OpenOptions {
        environment: environment().with(variable, daemon.address()),
        config_cache: Some(cache.clone()),
        ..options()
    };
    let first = open("demo/app:1", "given", &options).unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].digest, None);
    check(&first[0], &built);
    let kept = std::fs::read_dir(&cache).unwrap().count();
    assert_eq!(kept, 1, "the configuration was kept");
    // With a full spool an export would fail: the second time there is none.
    let tight = OpenOptions {
        spool_limit: 1,
        ..options.clone()
    };
    let start = Instant::now();
    let second = open("demo/app:1", "given", &tight).unwrap();
    assert!(
        start.elapsed() < Duration::from_millis(500),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(second[0].config, first[0].config);
    assert_eq!(second[0].layers, first[0].layers);
    let error = second[0].blobs.open(0).err().unwrap().to_string();
    assert!(error.contains("larger than the 1 bytes"), "{error}");
    // Without the limit the layers come, although the image was opened from the cache.
    check(&open("demo/app:1", "given", &options).unwrap()[0], &built);
    let error = open("demo/none:1", "given", &options).err().unwrap();
    assert!(matches!(error, SourceError::NotFound { .. }), "{error}");
    let arm = OpenOptions {
        platform: Some("linux/arm64".to_owned()),
        ..options.clone()
    };
    let error = open("demo/app:1", "given", &arm).err().unwrap().to_string();
    assert!(error.contains("there is linux/amd64"), "{error}");
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2, "nothing was left behind");
}

#[test]
fn docker_gives_its_images() {
    match components::docker() {
        Ok(daemon) => {
            let options = OpenOptions {
                environment: environment().with("DOCKER_HOST", daemon.address()),
                ..options()
            };
            assert!(docker::answers(&options));
            check_daemon(&daemon, "DOCKER_HOST", docker::open);
        }
        Err(why) => skip("docker_gives_its_images", &why),
    }
}

#[test]
fn docker_is_reached_over_tcp_with_certificates() {
    let (daemon, address, keys) = match components::docker_with_tls() {
        Ok(started) => started,
        Err(why) => return skip("docker_is_reached_over_tcp_with_certificates", &why),
    };
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("image.tar");
    small_image().write_docker_archive(&archive, "demo/app:1");
    daemon.load(&archive).unwrap();
    let mut options = options();
    options.environment = options
        .environment
        .with("DOCKER_HOST", address)
        .with("DOCKER_TLS_VERIFY", "1")
        .with("DOCKER_CERT_PATH", keys.display().to_string());
    check(
        &docker::open("demo/app:1", "given", &options).unwrap()[0],
        &small_image(),
    );
    // Without the client's certificate the daemon refuses.
    let without = tempfile::tempdir().unwrap();
    std::fs::copy(keys.join("ca.pem"), without.path().join("ca.pem")).unwrap();
    options.environment = options
        .environment
        .with("DOCKER_CERT_PATH", without.path().display().to_string());
    assert!(!docker::answers(&options));
}

#[test]
fn podman_gives_its_images() {
    match components::podman() {
        Ok(daemon) => check_daemon(&daemon, "CONTAINER_HOST", docker::open_podman),
        Err(why) => skip("podman_gives_its_images", &why),
    }
}

#[test]
fn a_missing_daemon_is_told_with_what_to_do() {
    let mut options = options();
    options.environment = options
        .environment
        .with("DOCKER_HOST", "unix:///nonexistent/d.sock");
    assert!(!docker::answers(&options));
    let error = docker::open("demo", "docker:demo", &options)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("is it running?"), "{error}");
    let evil = docker::open("../containers/json?x=", "docker:x", &options)
        .err()
        .unwrap();
    assert!(matches!(evil, SourceError::BadReference { .. }), "{evil}");
}

mod containerd {
    use plimsoll_image::source::containerd;

    use super::*;

    fn archive_of(folder: &Path, layout: &Path) -> std::path::PathBuf {
        let archive = folder.join("layout.tar");
        components::run(
            "tar",
            &[
                "-C",
                &layout.display().to_string(),
                "-cf",
                &archive.display().to_string(),
                ".",
            ],
        )
        .unwrap();
        archive
    }

    #[test]
    fn containerd_gives_its_images() {
        let name = "containerd_gives_its_images";
        let daemon = match components::Containerd::start() {
            Ok(daemon) => daemon,
            Err(why) => return skip(name, &why),
        };
        let options = OpenOptions {
            environment: environment()
                .with("CONTAINERD_ADDRESS", daemon.socket.display().to_string()),
            ..options()
        };
        let folder = tempfile::tempdir().unwrap();
        let (single, manifest) = layout(&small_image(), Compression::Gzip);
        let archive = archive_of(folder.path(), single.path());
        let base = ["--base-name", "registry.example/app"];
        daemon.import("k8s.io", &archive, &base).unwrap();
        let full = "registry.example/app:latest";
        // Found in the second of the usual namespaces, by full and by short name.
        for text in [full, "registry.example/app"] {
            let images = containerd::open(None, text, "given", &options).unwrap();
            assert_eq!(images[0].digest.as_ref().unwrap().as_str(), manifest);
            check(&images[0], &small_image());
        }
        let error = containerd::open(Some("elsewhere"), full, "given", &options)
            .err()
            .unwrap();
        assert!(error.to_string().contains("containerd:k8s.io//"), "{error}");
        let error = containerd::open(None, "nothing", "given", &options)
            .err()
            .unwrap();
        assert!(matches!(error, SourceError::NotFound { .. }), "{error}");

        // An index of which one platform is there, as after a pull.
        let (multi, first, _) = multi_layout();
        let archive = archive_of(folder.path(), multi.path());
        let base = [
            "--base-name",
            "registry.example/multi",
            "--platform",
            "linux/amd64",
        ];
        daemon.import("default", &archive, &base).unwrap();
        let images = containerd::open(None, "registry.example/multi:multi", "given", &options);
        check(&images.unwrap()[0], &first);

        // A layer that was discarded after unpacking.
        let layer = digest(&plimsoll_testkit::image::compress(
            &small_image().layers[1],
            Compression::Gzip,
        ));
        daemon.ctr("k8s.io", &["content", "rm", &layer]).unwrap();
        let error = containerd::open(Some("k8s.io"), full, "given", &options)
            .err()
            .unwrap();
        assert!(
            error.to_string().contains("discard_unpacked_layers"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_containerd_is_told_with_what_to_do() {
        let mut options = options();
        options.environment = options
            .environment
            .with("CONTAINERD_ADDRESS", "/nonexistent/containerd.sock");
        let error = containerd::open(None, "app", "given", &options)
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("CONTAINERD_ADDRESS"), "{error}");
    }
}
