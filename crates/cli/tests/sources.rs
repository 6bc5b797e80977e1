//! One image from every source gives the same report, byte for byte but for the reference and the
//! digests that a source itself changes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Place, Ran, without_source};
use plimsoll_testkit::components::{self, Access, Registry};
use plimsoll_testkit::{project_dir, skip};
use serde_json::Value;

/// The image: the checked-in one, in the two forms that loaders take.
struct Subject {
    layout: PathBuf,
    docker_archive: PathBuf,
    oci_archive: PathBuf,
}

/// Converts the checked-in image with skopeo, which keeps the bytes of its layers.
fn subject(test: &str, place: &Place) -> Option<Subject> {
    let layout = project_dir().join("examples/demo");
    let copy = |scheme: &str, name: &str| {
        let target = place.path(name);
        let output = Command::new("skopeo")
            .args(["--insecure-policy", "copy", "-q"])
            .arg(format!("oci:{}", layout.display()))
            .arg(format!(
                "{scheme}:{}:{}",
                target.display(),
                "plimsoll.test/demo:1"
            ))
            .output();
        match output {
            Ok(output) if output.status.success() => Some(target),
            Ok(output) => {
                panic!("skopeo: {}", String::from_utf8_lossy(&output.stderr));
            }
            Err(_) => {
                skip(test, "skopeo is not installed");
                None
            }
        }
    };
    Some(Subject {
        docker_archive: copy("docker-archive", "docker.tar")?,
        oci_archive: copy("oci-archive", "oci.tar")?,
        layout,
    })
}

fn scan(place: &Place, reference: &str, db: &str, environment: &[(&str, &str)]) -> Value {
    let run = |more: &[&str]| -> Ran {
        let mut words = vec!["scan", reference, "--db", db, "--format", "json"];
        words.extend(more);
        let mut command = place.command(&words);
        common::ran(command.envs(environment.iter().copied()).output().unwrap())
    };
    let first = run(&["--no-cache"]);
    assert_eq!(first.code, 0, "{reference}: {}", first.stderr);
    // From the cache too, and the second time from what the first left there.
    for _ in 0..2 {
        let cached = run(&[]);
        assert_eq!(cached.code, 0, "{reference}: {}", cached.stderr);
        assert!(
            cached.stdout == first.stdout,
            "{reference}: the cache changes the report"
        );
    }
    without_source(serde_json::from_str(&first.stdout).unwrap())
}

#[test]
fn one_image_from_every_source_gives_the_same_report() {
    let test = "one_image_from_every_source_gives_the_same_report";
    let place = Place::new();
    let db = place.starter();
    let Some(subject) = subject(test, &place) else {
        return;
    };
    let shown = |path: &Path| path.display().to_string();
    let expected = scan(
        &place,
        &format!("oci-dir:{}", shown(&subject.layout)),
        &db,
        &[],
    );
    for reference in [
        format!("docker-archive:{}", shown(&subject.docker_archive)),
        format!("oci-archive:{}", shown(&subject.oci_archive)),
    ] {
        assert_eq!(scan(&place, &reference, &db, &[]), expected, "{reference}");
    }

    match Registry::start(Access::Plain) {
        Ok(registry) => {
            let name = registry
                .push(&subject.layout, "latest", "shop/demo:1")
                .unwrap();
            let reference = format!("registry:{name}");
            assert_eq!(scan(&place, &reference, &db, &[]), expected, "{reference}");
            // Without a scheme: no daemon answers here, so the registry is asked.
            let nowhere = [("DOCKER_HOST", "unix:///nonexistent/docker.sock")];
            assert_eq!(scan(&place, &name, &db, &nowhere), expected, "{name}");
        }
        Err(why) => skip(test, &format!("registry: {why}")),
    }
    match components::docker() {
        Ok(docker) => {
            docker.load(&subject.docker_archive).unwrap();
            let address = docker.address();
            let environment = [("DOCKER_HOST", address.as_str())];
            for reference in ["docker:plimsoll.test/demo:1", "plimsoll.test/demo:1"] {
                assert_eq!(
                    scan(&place, reference, &db, &environment),
                    expected,
                    "{reference}"
                );
            }
        }
        Err(why) => skip(test, &format!("docker: {why}")),
    }
    match components::podman() {
        Ok(podman) => {
            podman.load(&subject.docker_archive).unwrap();
            let address = podman.address();
            let environment = [("CONTAINER_HOST", address.as_str())];
            let reference = "podman:plimsoll.test/demo:1";
            assert_eq!(
                scan(&place, reference, &db, &environment),
                expected,
                "{reference}"
            );
        }
        Err(why) => skip(test, &format!("podman: {why}")),
    }
    match components::Containerd::start() {
        Ok(containerd) => {
            for namespace in ["default", "k8s.io"] {
                containerd
                    .import(namespace, &subject.docker_archive, &[])
                    .unwrap();
            }
            let address = containerd.socket.display().to_string();
            let environment = [("CONTAINERD_ADDRESS", address.as_str())];
            for reference in [
                "containerd:plimsoll.test/demo:1",
                "containerd:k8s.io//plimsoll.test/demo:1",
            ] {
                assert_eq!(
                    scan(&place, reference, &db, &environment),
                    expected,
                    "{reference}"
                );
            }
        }
        Err(why) => skip(test, &format!("containerd: {why}")),
    }
}

#[test]
fn a_registry_with_a_password_needs_it() {
    let test = "a_registry_with_a_password_needs_it";
    let place = Place::new();
    let db = place.starter();
    let registry = match Registry::start(Access::Basic) {
        Ok(registry) => registry,
        Err(why) => return skip(test, &why),
    };
    let name = registry
        .push(
            &project_dir().join("examples/demo"),
            "latest",
            "shop/demo:1",
        )
        .unwrap();
    let reference = format!("registry:{name}");
    let refused = place.run(&["scan", &reference, "--db", &db]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("docker login"),
        "{}",
        refused.stderr
    );
    std::fs::create_dir(place.path(".docker")).unwrap();
    // tester:secret
    let config = format!(
        r#"{{"auths":{{"{}":{{"auth":"dGVzdGVyOnNlY3JldA=="}}}}}}"#,
        registry.host
    );
    std::fs::write(place.path(".docker/config.json"), config).unwrap();
    let ran = place.run(&["scan", &reference, "--db", &db]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("secret"));
}
