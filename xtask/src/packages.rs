//! The Debian packages that tests use: real registries, daemons and native tools to compare with.

use std::process::Command;

use crate::shell::{command, output, run};

/// The packages, each with what it is for. Without one, the tests that use it are skipped.
const PACKAGES: &[(&str, &str)] = &[
    ("apache2-utils", "registry with basic authentication"),
    ("arch-test", "real images (mmdebstrap)"),
    ("bc", "real images"),
    ("containerd", "the containerd source"),
    ("curl", "real components"),
    ("db5.3-util", "real images with a Berkeley DB rpm database"),
    (
        "default-jdk-headless",
        "the version orders of Maven and Java",
    ),
    ("docker-registry", "the registry source"),
    ("docker.io", "the docker source"),
    ("elixir", "the version order of Hex"),
    ("golang-go", "the distroless image, Go's own version order"),
    ("jq", "real images"),
    ("libmaven3-core-java", "Maven's own version order"),
    ("lua5.1", "the version order of Lua rocks"),
    ("luarocks", "the version order of Lua rocks"),
    ("mmdebstrap", "real images"),
    ("nix-bin", "the version order of Nix"),
    ("node-semver", "npm's own version order"),
    ("openssl", "registry with TLS"),
    ("perl", "Perl's own version order"),
    ("php-cli", "PHP's own version order"),
    ("php-composer-semver", "Composer's own version order"),
    ("podman", "the podman source"),
    ("python3", "the demo image's check, real images"),
    ("python3-rpm", "rpm's own version order"),
    ("r-base-core", "R's own version order"),
    ("rpm", "rpm databases"),
    ("ruby", "the version order of Ruby gems"),
    ("skopeo", "the same image from every source"),
    ("umoci", "real images, the same file tree as ours"),
];

/// Installs the missing packages where it can: on Debian and its derivatives, as root or with sudo
/// that asks for no password. Says what it does and, elsewhere, what is missing. Never fails: tests
/// that miss something skip and say so.
pub(crate) fn install() {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !is_debian(&release) {
        println!(
            "packages: this is not Debian or Ubuntu: tests that need {} skip where it is missing",
            names(PACKAGES).join(", ")
        );
        return;
    }
    let missing = missing(&installed());
    if missing.is_empty() {
        println!(
            "packages: all {} that the tests use are installed",
            PACKAGES.len()
        );
        return;
    }
    let Some(prefix) = root_prefix() else {
        println!("packages: not root, and sudo asks for a password: not installing");
        explain(&missing);
        println!(
            "to have them: sudo apt-get install {}",
            names(&missing).join(" ")
        );
        return;
    };
    println!("packages: installing with apt-get what the tests use and is missing");
    explain(&missing);
    let installed = run(apt(&prefix).args(["update", "-q"])).and_then(|()| {
        run(apt(&prefix)
            .args(["install", "-y", "-q", "--no-install-recommends"])
            .args(names(&missing)))
    });
    if let Err(error) = installed {
        println!("packages: {error}; tests that need them skip");
    }
}

/// Prints what each package is for.
fn explain(packages: &[(&str, &str)]) {
    for (name, purpose) in packages {
        println!("  {name:<16} {purpose}");
    }
}

/// Returns the words before a command that make it run as root, or nothing where that needs a password.
fn root_prefix() -> Option<Vec<&'static str>> {
    if is_root() {
        return Some(Vec::new());
    }
    output(command("sudo").args(["-n", "true"])).map(|_| vec!["sudo", "-n"])
}

/// Returns whether this process runs as root.
pub(crate) fn is_root() -> bool {
    output(command("id").arg("-u")).is_some_and(|text| text.trim() == "0")
}

/// Returns apt-get, run as root and without questions.
fn apt(prefix: &[&str]) -> Command {
    let words = [
        prefix,
        &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"],
    ]
    .concat();
    let (program, rest) = words
        .split_first()
        .map_or(("env", &[][..]), |(first, rest)| (*first, rest));
    let mut command = command(program);
    command.args(rest);
    command
}

/// Returns dpkg's list of packages, one `name status` a line.
fn installed() -> String {
    let format = "-f=${Package} ${db:Status-Status}\\n";
    output(command("dpkg-query").args(["-W", format])).unwrap_or_default()
}

/// Returns the packages that are not in dpkg's list as installed.
fn missing(installed: &str) -> Vec<(&'static str, &'static str)> {
    let have = |name: &str| {
        installed
            .lines()
            .any(|line| line == format!("{name} installed"))
    };
    PACKAGES
        .iter()
        .copied()
        .filter(|(name, _)| !have(name))
        .collect()
}

/// Returns the names alone.
fn names<'a>(packages: &[(&'a str, &str)]) -> Vec<&'a str> {
    packages.iter().map(|(name, _)| *name).collect()
}

/// Returns whether an os-release text is Debian's or that of a derivative of it.
fn is_debian(release: &str) -> bool {
    release
        .lines()
        .filter_map(|line| {
            line.strip_prefix("ID=")
                .or_else(|| line.strip_prefix("ID_LIKE="))
        })
        .flat_map(|value| value.trim_matches(['"', '\'']).split(' '))
        .any(|word| matches!(word, "debian" | "ubuntu"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_debian_and_its_derivatives() {
        for (release, expected) in [
            ("NAME=x\nID=debian\n", true),
            ("ID=\"linuxmint\"\nID_LIKE=\"ubuntu debian\"\n", true),
            ("ID=fedora\nVARIANT_ID=debian\n", false),
            ("", false),
        ] {
            assert_eq!(is_debian(release), expected, "{release:?}");
        }
    }

    #[test]
    fn installs_only_what_is_missing() {
        let listed: Vec<String> = names(PACKAGES)
            .iter()
            .map(|name| format!("{name} installed"))
            .collect();
        assert!(missing(&listed.join("\n")).is_empty());
        let text = listed
            .join("\n")
            .replace("umoci installed", "umoci config-files");
        assert_eq!(names(&missing(&text)), ["umoci"]);
    }

    #[test]
    fn packages_are_sorted_and_unique() {
        assert!(names(PACKAGES).is_sorted_by(|one, other| one < other));
    }
}
