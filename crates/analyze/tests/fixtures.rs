//! Runs every fixture of every cataloger: `src/catalog/<eco>/testdata/*.txtar`.
//!
//! A fixture is a sentence of intent, the files of an image, and a section `expect`: what all
//! catalogers together make of it. `PATH -> TARGET` is a symbolic link, `PATH < NAME` takes its
//! content from the file NAME beside the fixture (binary databases), `PATH!/NAME` is a file inside the
//! zip archive PATH, which may lie in another one. Packages are joined with the licence files beside
//! them, as a scan does.

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests read their fixtures from files"
    )]

    use std::collections::BTreeMap;
    use std::fmt::Write as _;
    use std::path::Path;

    use plimsoll_analyze::catalog::{ALL, license_texts};
    use plimsoll_model::analyzer::{
        Analyzer, Assembled, Content, Entry, EntryKind, Fact, HEAD_BYTES, Located, View, Want,
    };
    use plimsoll_model::distro::Distro;
    use plimsoll_model::package::Package;
    use plimsoll_model::path::{ImagePath, parent};
    use plimsoll_testkit::txtar::{Archive, load_dir};
    use plimsoll_testkit::zip::{Method, Zip};

    /// Is a zip archive's files in order; a name with `!/` makes an archive within it.
    type Members = Vec<(String, Vec<u8>)>;

    /// Builds the zip archive of these files: stored, deflated and streamed in turn.
    fn zip(members: Members) -> Vec<u8> {
        let mut files: Members = Vec::new();
        let mut nested: Vec<(usize, Members)> = Vec::new();
        for (name, data) in members {
            let Some((outer, inner)) = name.split_once("!/") else {
                files.push((name, data));
                continue;
            };
            let at = files.iter().position(|(name, _)| name == outer);
            let at = at.unwrap_or_else(|| {
                files.push((outer.to_owned(), Vec::new()));
                files.len() - 1
            });
            match nested.iter_mut().find(|(index, _)| *index == at) {
                Some((_, members)) => members.push((inner.to_owned(), data)),
                None => nested.push((at, vec![(inner.to_owned(), data)])),
            }
        }
        for (at, members) in nested {
            files[at].1 = zip(members);
        }
        let methods = [Method::Stored, Method::Deflated, Method::Streamed];
        let methods = methods.iter().cycle();
        files
            .iter()
            .zip(methods)
            .fold(Zip::default(), |zip, ((name, data), method)| {
                zip.file(name, *method, data)
            })
            .build()
    }

    /// Is an image of one layer.
    #[derive(Default)]
    struct Image {
        files: BTreeMap<Vec<u8>, Vec<u8>>,
        links: BTreeMap<Vec<u8>, Vec<u8>>,
    }

    impl Image {
        fn of(archive: &Archive, folder: &Path) -> Self {
            let mut image = Self::default();
            let mut zips: BTreeMap<String, Members> = BTreeMap::new();
            for file in &archive.files {
                if file.name == "expect" {
                    continue;
                }
                if let Some((path, target)) = file.name.split_once(" -> ") {
                    image.links.insert(path.into(), target.into());
                } else if let Some((path, name)) = file.name.split_once(" < ") {
                    let content = std::fs::read(folder.join(name)).unwrap();
                    image.files.insert(path.into(), content);
                } else if let Some((path, name)) = file.name.split_once("!/") {
                    let member = (name.to_owned(), file.data.clone().into_bytes());
                    zips.entry(path.to_owned()).or_default().push(member);
                } else {
                    let content = file.data.clone().into_bytes();
                    image.files.insert(file.name.clone().into(), content);
                }
            }
            for (path, members) in zips {
                image.files.insert(path.into(), zip(members));
            }
            image
        }

        /// Follows links as a container would.
        fn resolve(&self, path: &ImagePath) -> Option<ImagePath> {
            let mut current = path.as_bytes().to_vec();
            for _ in 0..40 {
                let ends = current.iter().enumerate().filter(|(_, b)| **b == b'/');
                let mut ends: Vec<usize> = ends.map(|(at, _)| at).collect();
                ends.push(current.len());
                let link = ends
                    .iter()
                    .find_map(|end| Some((*end, self.links.get(&current[..*end])?)));
                let Some((end, target)) = link else {
                    let found = ImagePath::from_normalized(current);
                    return self.files.contains_key(found.as_bytes()).then_some(found);
                };
                let folder = parent(&current[..end]);
                let base = if target.starts_with(b"/") {
                    &[][..]
                } else {
                    folder
                };
                let raw = [base, b"/", target, &current[end..]].concat();
                current = ImagePath::normalize(&raw).ok()?.as_bytes().to_vec();
            }
            None
        }
    }

    fn read(analyzer: &dyn Analyzer, image: &Image) -> Vec<(ImagePath, Fact)> {
        let mut all = Vec::new();
        for (path, bytes) in &image.files {
            let entry = Entry {
                path,
                kind: EntryKind::File,
                mode: 0o644,
                uid: 0,
                gid: 0,
                size: bytes.len() as u64,
                link: &[],
                xattrs: &[],
                head: &bytes[..bytes.len().min(HEAD_BYTES)],
            };
            let (Want::Whole { limit } | Want::Program { limit }) = analyzer.wants(&entry) else {
                continue;
            };
            let kept = bytes.len().min(usize::try_from(limit).unwrap());
            let content = Content {
                bytes: &bytes[..kept],
                truncated: kept < bytes.len(),
            };
            let mut facts = Vec::new();
            analyzer.read(&entry, content, &mut facts);
            let path = ImagePath::from_normalized(path.clone());
            all.extend(facts.into_iter().map(|fact| (path.clone(), fact)));
        }
        all
    }

    fn assemble(
        analyzer: &dyn Analyzer,
        image: &Image,
        facts: &[(ImagePath, Fact)],
        distro: Option<&Distro>,
    ) -> Assembled {
        let located: Vec<Located<'_>> = facts
            .iter()
            .map(|(path, fact)| Located {
                path,
                layer: 0,
                introduced: 0,
                fact,
            })
            .collect();
        let mut out = Assembled::default();
        let resolve = |path: &ImagePath| image.resolve(path);
        let view = View {
            facts: &located,
            distro,
            resolve: &resolve,
        };
        analyzer.assemble(&view, &mut out);
        out
    }

    fn show_package(out: &mut String, package: &Package) {
        let _ = writeln!(out, "{}", package.purl);
        let mut line = |name: &str, value: String| {
            if !value.is_empty() {
                let _ = writeln!(out, "  {name}: {value}");
            }
        };
        line("version", package.version.clone());
        if package.name.is_empty() || !package.purl.contains(&package.name) {
            line("name", package.name.clone());
        }
        if let Some(source) = &package.source {
            line("source", format!("{} {}", source.name, source.version));
        }
        line("licenses", package.licenses.join("; "));
        line("locations", package.locations.join(" "));
        line(
            "requested",
            package.requested.map_or(String::new(), |r| r.to_string()),
        );
        for purl in &package.depends_on {
            line("depends on", purl.clone());
        }
        for (name, value) in &package.properties {
            line(name, value.clone());
        }
    }

    fn run(image: &Image) -> String {
        let mut out = String::new();
        let facts: Vec<_> = ALL.iter().map(|analyzer| read(*analyzer, image)).collect();
        let mut distro = None;
        for (analyzer, facts) in ALL.iter().zip(&facts) {
            if analyzer.name() == "os/release" {
                let found = assemble(*analyzer, image, facts, None);
                distro = found.distro;
                for issue in found.issues {
                    let kind = issue.kind.as_str();
                    let _ = writeln!(out, "issue {kind} {}: {}", issue.subject, issue.detail);
                }
            }
        }
        let text = distro.as_ref().map_or("unknown".to_owned(), |d| {
            format!(
                "{} {} {} ({})",
                d.id, d.version_id, d.codename, d.pretty_name
            )
        });
        let _ = writeln!(out, "distribution: {text}");
        let files = ALL.iter().zip(&facts);
        let files = files.filter(|(analyzer, _)| analyzer.name() == license_texts::NAME);
        let files: Vec<Located<'_>> = files
            .flat_map(|(_, facts)| facts)
            .map(|(path, fact)| Located {
                path,
                layer: 0,
                introduced: 0,
                fact,
            })
            .collect();
        let texts = license_texts::Texts::new(&files);
        for (analyzer, facts) in ALL.iter().zip(&facts) {
            if analyzer.name() == "os/release" {
                continue;
            }
            let mut found = assemble(*analyzer, image, facts, distro.as_ref());
            for (package, _) in &mut found.packages {
                texts.complete(package);
                show_package(&mut out, package);
            }
            for issue in found.issues {
                let kind = issue.kind.as_str();
                let _ = writeln!(out, "issue {kind} {}: {}", issue.subject, issue.detail);
            }
        }
        for (_, fact) in facts.iter().flatten() {
            let _ = match fact {
                Fact::Owns(owned) => {
                    let paths = String::from_utf8_lossy(&owned.paths).replace('\n', " ");
                    writeln!(out, "owns {}: {paths}", owned.package)
                }
                Fact::Issue(issue) => {
                    let kind = issue.kind.as_str();
                    writeln!(out, "issue {kind} {}: {}", issue.subject, issue.detail)
                }
                Fact::Note { key, value } => writeln!(out, "note {key}: {value}"),
                _ => Ok(()),
            };
        }
        out
    }

    #[test]
    fn fixtures_yield_what_they_expect() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalog");
        let mut failures = Vec::new();
        let mut count = 0;
        let mut folders: Vec<_> = std::fs::read_dir(&root)
            .unwrap()
            .map(|entry| entry.unwrap().path().join("testdata"))
            .filter(|folder| folder.is_dir())
            .collect();
        folders.sort();
        for folder in folders {
            for (path, archive) in load_dir(&folder).unwrap() {
                count += 1;
                assert!(
                    !archive.comment.trim().is_empty(),
                    "{path:?} says no intent"
                );
                let actual = run(&Image::of(&archive, &folder));
                failures.extend(archive.expect(&path, "expect", &actual).err());
            }
        }
        assert!(count > 10, "only {count} fixtures were found");
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }
}
