//! Comparing with the native tools on the databases of real images.

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "these tests read images and run the tools that they compare with"
    )]

    use std::collections::BTreeMap;
    use std::fs::File;
    use std::io::Read;
    use std::path::Path;
    use std::process::Command;

    use plimsoll_analyze::catalog::{deb, rpm};
    use plimsoll_testkit::{images_dir, skip};

    type Parse = fn(&[u8]) -> rpm::Parsed;

    /// Returns the files of an OCI layout whose path is wanted, of all layers, upper ones winning.
    fn files(layout: &Path, wanted: impl Fn(&str) -> bool) -> BTreeMap<String, Vec<u8>> {
        let json = |path: &Path| -> serde_json::Value {
            serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
        };
        let blob = |descriptor: &serde_json::Value| {
            let digest = descriptor["digest"].as_str().unwrap();
            layout.join("blobs").join(digest.replace(':', "/"))
        };
        let index = json(&layout.join("index.json"));
        let manifest = json(&blob(&index["manifests"][0]));
        let mut found = BTreeMap::new();
        for layer in manifest["layers"].as_array().unwrap() {
            let packed = File::open(blob(layer)).unwrap();
            let mut archive = tar::Archive::new(flate2::read::MultiGzDecoder::new(packed));
            for entry in archive.entries().unwrap() {
                let mut entry = entry.unwrap();
                let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                let path = path.trim_start_matches("./").to_owned();
                if entry.header().entry_type().is_file() && wanted(&path) {
                    let mut content = Vec::new();
                    entry.read_to_end(&mut content).unwrap();
                    found.insert(path, content);
                }
            }
        }
        found
    }

    fn layout(test: &str, image: &str) -> Option<std::path::PathBuf> {
        let Some(folder) = images_dir().map(|dir| dir.join("oci").join(image)) else {
            skip(test, "there is no folder of images (PLIMSOLL_IMAGES)");
            return None;
        };
        if folder.is_dir() {
            return Some(folder);
        }
        skip(test, &format!("there is no image {image}"));
        None
    }

    fn output(test: &str, command: &mut Command) -> Option<String> {
        match command.output() {
            Ok(output) if output.status.success() => {
                Some(String::from_utf8(output.stdout).unwrap())
            }
            Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => {
                let tool = command.get_program().to_string_lossy().into_owned();
                skip(test, &format!("{tool} cannot be run: {error}"));
                None
            }
        }
    }

    #[test]
    fn packages_of_debian_equal_those_of_dpkg_query() {
        let test = "packages_of_debian_equal_those_of_dpkg_query";
        for image in [
            "debian-11-slim",
            "debian-12-slim",
            "debian-12-full",
            "debian-13-slim",
        ] {
            let Some(layout) = layout(test, image) else {
                continue;
            };
            let status = files(&layout, |path| path == "var/lib/dpkg/status")
                .remove("var/lib/dpkg/status")
                .unwrap();
            let root = tempfile::tempdir().unwrap();
            std::fs::write(root.path().join("status"), &status).unwrap();
            let Some(listed) = output(
                test,
                Command::new("dpkg-query").arg("--admindir").arg(root.path()).args([
                    "-W",
                    "-f",
                    "${Package}\t${Architecture}\t${Version}\t${source:Package}\t${source:Version}\t${db:Status-Status}\n",
                ]),
            ) else {
                return;
            };
            let mut want: Vec<&str> = listed
                .lines()
                .filter_map(|line| line.strip_suffix("\tinstalled"))
                .collect();
            want.sort_unstable();
            let (packages, issues) = deb::parse_status(&status);
            assert_eq!(issues, []);
            let mut got: Vec<String> = packages
                .iter()
                .map(|p| {
                    let source = p.source.as_ref().unwrap();
                    let arch = p.arch.as_deref().unwrap_or_default();
                    format!(
                        "{}\t{arch}\t{}\t{}\t{}",
                        p.name, p.version, source.name, source.version
                    )
                })
                .collect();
            got.sort_unstable();
            assert!(want.len() > 50, "{image}: {} packages", want.len());
            assert_eq!(got, want, "{image}");
        }
    }

    #[test]
    fn the_three_forms_of_rpm_databases_agree_with_each_other_and_with_rpm() {
        let test = "the_three_forms_of_rpm_databases_agree_with_each_other_and_with_rpm";
        let forms: [(&str, &str, Parse); 3] = [
            ("rpm-sqlite", "rpmdb.sqlite", rpm::parse_sqlite),
            ("rpm-ndb", "Packages.db", rpm::parse_ndb),
            ("rpm-bdb", "Packages", rpm::parse_bdb),
        ];
        let mut lists = Vec::new();
        for (image, name, parse) in forms {
            let Some(layout) = layout(test, image) else {
                continue;
            };
            let found = files(&layout, |path| path.ends_with(&format!("/rpm/{name}")));
            let bytes = found.values().next().unwrap();
            let (packages, issues) = parse(bytes);
            assert_eq!(issues, [], "{image}");
            if name == "rpmdb.sqlite" {
                compare_with_rpm(test, bytes, &packages);
            }
            lists.push((image, packages));
        }
        for pair in lists.windows(2) {
            let ((first, a), (second, b)) = (&pair[0], &pair[1]);
            assert_eq!(a, b, "{first} and {second}");
        }
    }

    fn compare_with_rpm(test: &str, database: &[u8], packages: &[rpm::Installed]) {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("rpmdb.sqlite"), database).unwrap();
        let Some(listed) = output(
            test,
            Command::new("rpm").arg("--dbpath").arg(root.path()).args([
                "-qa",
                "--qf",
                "%{NAME}\t%{ARCH}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%{SOURCERPM}\t%{MODULARITYLABEL}\n",
            ]),
        ) else {
            return;
        };
        let mut want: Vec<&str> = listed.lines().collect();
        want.sort_unstable();
        let mut got: Vec<String> = packages
            .iter()
            .map(|one| {
                let p = &one.package;
                let source = p.source.as_ref().unwrap();
                let module = p.properties.get("modularity_label");
                format!(
                    "{}\t{}\t{}\t{}-{}.src.rpm\t{}",
                    p.name,
                    p.arch.as_deref().unwrap_or_default(),
                    p.version,
                    source.name,
                    source.version,
                    module.map_or("(none)", String::as_str)
                )
            })
            .collect();
        got.sort_unstable();
        assert!(!got.is_empty());
        assert_eq!(got, want);
    }
}
