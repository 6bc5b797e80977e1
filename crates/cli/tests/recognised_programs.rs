//! Programs that are recognised by their bytes, from the image to the report: what a package of the
//! distribution owns is that package, the same bytes elsewhere are a program of their own.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

mod common;

use common::Place;
use plimsoll_testkit::image::{Compression, LayerBuilder, TestImage};

const STATUS: &str = "Package: redis-tools\nStatus: install ok installed\nArchitecture: amd64\n\
                      Version: 5:7.0.15-1~deb12u1\n\n";
const RELEASE: &str = "IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_VERSION=\"17.0.9\"\n\
                       JAVA_RUNTIME_VERSION=\"17.0.9+9\"\nMODULES=\"java.base java.logging\"\n";
const RABBIT: &str = "{application, 'rabbit', [\n\t{description, \"RabbitMQ\"},\n\t{vsn, \"3.10.8\"},\n\t\
                      {modules, []},\n\t{registered, []},\n\t{applications, ['kernel','stdlib']}\n]}.\n";

fn elf(bytes: &[u8]) -> Vec<u8> {
    let head = [
        &b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0"[..],
        &[0; 40],
    ]
    .concat();
    [&head, bytes, &[0; 64]].concat()
}

#[test]
fn what_a_package_owns_is_left_out_and_one_thing_is_listed_once() {
    let redis = elf(b"TLS Error: %s\n\x007.0.15\0 (git:%s\0-dirty\0");
    let java = elf(b"for linux-amd64 JRE (17.0.9+9), built on\0");
    let image = TestImage::new(vec![
        LayerBuilder::new()
            .file(
                "etc/os-release",
                "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian 12\"\n",
            )
            .file("var/lib/dpkg/status", STATUS)
            .file(
                "var/lib/dpkg/info/redis-tools.list",
                "/.\n/usr\n/usr/bin\n/usr/bin/redis-cli\n",
            )
            .file("usr/bin/redis-cli", &redis)
            .file("usr/local/bin/redis-cli", &redis)
            .file("opt/jre/release", RELEASE)
            .file("opt/jre/bin/java", &java)
            .file("opt/jre/lib/server/libjvm.so", &java)
            .file("opt/go/VERSION", "go1.21.3\ntime 2023-10-09T17:04:35Z\n")
            .file("opt/rabbitmq/plugins/rabbit-3.10.8/ebin/rabbit.app", RABBIT)
            .build(),
    ]);
    let place = Place::new();
    image.write_layout(&place.path("image"), Compression::Gzip);
    let report = place.report("oci-dir:image", &["--no-cache"], 3);
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let listed: Vec<String> = report["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let places: Vec<String> = package["locations"]
                .as_array()
                .unwrap()
                .iter()
                .map(word)
                .collect();
            let cpe = word(&package["properties"]["cpe"]);
            let cpe = cpe.split(':').nth(4).unwrap_or_default().to_owned();
            let purl = word(&package["purl"]);
            format!("{purl} at {} is {cpe:?}", places.join(" "))
        })
        .collect();
    assert_eq!(
        listed,
        [
            "pkg:generic/go@1.21.3 at /opt/go/VERSION is \"go\"",
            "pkg:generic/jre@17.0.9 at /opt/jre/bin/java /opt/jre/lib/server/libjvm.so \
             /opt/jre/release is \"openjdk\"",
            "pkg:generic/redis@7.0.15 at /usr/local/bin/redis-cli is \"redis\"",
            "pkg:deb/debian/redis-tools@5:7.0.15-1~deb12u1?arch=amd64&distro=debian-12 at \
             /var/lib/dpkg/status is \"\"",
            "pkg:hex/rabbit@3.10.8 at /opt/rabbitmq/plugins/rabbit-3.10.8/ebin/rabbit.app is \
             \"rabbitmq\"",
        ]
    );
}
