//! Java's archives, the runtime's description and what builds declare.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::java::{Java, JavaBuilds};
use plimsoll_fuzz::{analyze, analyze_files};

fuzz_target!(|bytes: &[u8]| {
    analyze_files(&Java, &[("a/b-1.0.jar", bytes)]);
    analyze(
        &Java,
        &["META-INF/maven/g/a/pom.properties", "release"],
        bytes,
    );
    analyze(
        &JavaBuilds,
        &["pom.xml", "gradle.lockfile", "libs.versions.toml"],
        bytes,
    );
});
