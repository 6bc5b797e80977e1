//! Going through archives and the archives inside them, inflating only what says who they are.
//!
//! A nested archive that is stored is a slice of the one around it. One that is compressed is
//! inflated into memory while the budget for that lasts, else it is walked over as a stream. So
//! memory does not grow with depth.

use std::io::Read;

use plimsoll_model::issue::IssueKind;
use plimsoll_model::package::Package;

use crate::catalog::budget;
use crate::catalog::damage::Damage;
use crate::catalog::license_texts::{MAX_FILE_BYTES, is_license_name};
use crate::catalog::zip::{self, Refusal, Walk, inside};
use crate::license::text::recognise_file;

use super::identity::{Contents, License, Origin, packages};
use super::manifest::Manifest;
use super::pom::{Project, parse_properties};

/// The deepest nesting of archives. Honest ones have three: ear, war, jar.
const MAX_DEPTH: usize = 12;

/// The largest manifest, in bytes. Those of signed archives list every file.
const MAX_MANIFEST: u64 = 16 << 20;

/// The largest project file, in bytes.
const MAX_PROJECT: u64 = 2 << 20;

/// The most projects of one archive. The largest shaded archives hold some 500.
const MAX_POMS: usize = 5_000;

/// The most dependencies of all projects of one file of the image. Beyond it projects are kept without.
const MAX_DEPENDENCIES: usize = 500_000;

/// The most licence files of one archive that are read. An archive with more holds those of others.
const MAX_LICENSES: usize = 4;

/// The most bytes of licence files that are read of one file of the image. The largest collections of
/// archives hold some 20 MiB of them.
const MAX_LICENSE_BYTES: u64 = 64 << 20;

/// The endings of archives of Java, without the dot.
const ENDINGS: &[&[u8]] = &[
    b"aar", b"ear", b"hpi", b"jar", b"jpi", b"kar", b"lpkg", b"nar", b"par", b"rar", b"sar", b"war",
];

/// Says whether a file's name ends as those of Java's archives do. No allocation.
pub(super) fn is_archive(name: &[u8]) -> bool {
    match name {
        // `.jar`, `.war`, `.ear`: most files are ruled out by their last byte.
        [_, .., b'.', a, b, c] => ENDINGS.contains(
            &[
                a.to_ascii_lowercase(),
                b.to_ascii_lowercase(),
                c.to_ascii_lowercase(),
            ]
            .as_slice(),
        ),
        [
            _,
            ..,
            b'.',
            b'l' | b'L',
            b'p' | b'P',
            b'k' | b'K',
            b'g' | b'G',
        ] => true,
        _ => false,
    }
}

/// Says whether only the content tells: other formats use these endings too.
pub(super) fn is_ambiguous(name: &[u8]) -> bool {
    let end = name.get(name.len().saturating_sub(4)..).unwrap_or_default();
    [&b".rar"[..], b".nar", b".par", b".sar", b".kar"]
        .iter()
        .any(|ending| end.eq_ignore_ascii_case(ending))
}

/// Is what a file inside an archive says of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Manifest,
    Properties,
    Project,
    License,
    Archive,
    Class,
    Nothing,
}

impl Role {
    fn of(name: &[u8]) -> Self {
        if name.ends_with(b".class") {
            let outside = name.starts_with(b"META-INF/")
                || name.starts_with(b"BOOT-INF/")
                || name.starts_with(b"WEB-INF/")
                || !name.contains(&b'/');
            return if outside { Self::Nothing } else { Self::Class };
        }
        if is_archive(name) {
            return Self::Archive;
        }
        if name.eq_ignore_ascii_case(b"META-INF/MANIFEST.MF") {
            return Self::Manifest;
        }
        let maven = |name: &[u8]| memchr::memmem::find(name, b"META-INF/maven/").is_some();
        match name.strip_suffix(b"/pom.properties") {
            Some(folder) if maven(folder) => return Self::Properties,
            _ => {}
        }
        match name.strip_suffix(b"/pom.xml") {
            Some(folder) if maven(folder) => return Self::Project,
            _ => {}
        }
        // Beside the classes, beside the manifest, or beside the project's own files.
        let (folder, file) = match memchr::memrchr(b'/', name) {
            Some(at) => (
                name.get(..at).unwrap_or_default(),
                name.get(at + 1..).unwrap_or_default(),
            ),
            None => (&b""[..], name),
        };
        let beside = folder.is_empty()
            || folder.eq_ignore_ascii_case(b"META-INF")
            || folder.starts_with(b"META-INF/maven/");
        if beside && is_license_name(file) {
            Self::License
        } else {
            Self::Nothing
        }
    }

    /// Returns the most that is read of it, in bytes.
    fn limit(self) -> u64 {
        match self {
            Self::Manifest => MAX_MANIFEST,
            Self::Properties => 64 << 10,
            Self::Project => MAX_PROJECT,
            Self::License => MAX_FILE_BYTES,
            _ => 0,
        }
    }
}

/// Goes through one file of the image.
pub(super) struct Survey<'b> {
    budget: &'b zip::Budget,
    kept: budget::Budget,
    dependencies: usize,
    /// How many bytes of licence files may still be read.
    license_bytes: u64,
    pub(super) damage: Damage,
    pub(super) packages: Vec<Package>,
}

impl<'b> Survey<'b> {
    pub(super) fn new(budget: &'b zip::Budget) -> Self {
        Self {
            budget,
            kept: budget::Budget::default(),
            dependencies: 0,
            license_bytes: MAX_LICENSE_BYTES,
            damage: Damage::default(),
            packages: Vec::new(),
        }
    }

    /// Goes through an archive in memory.
    pub(super) fn archive(&mut self, bytes: &[u8], origin: &Origin) {
        let budget = self.budget;
        let archive = match zip::open(bytes, budget) {
            Ok(archive) => archive,
            Err(Refusal::NotZip) => {
                if !bytes.is_empty() {
                    let location = &origin.location;
                    self.damage.unsupported(|| {
                        format!("{location}: named like a Java archive, but no zip archive")
                    });
                }
                return;
            }
            Err(refusal) => {
                self.refused(refusal, &origin.location);
                let mut source = bytes;
                self.walk(&mut source, origin);
                return;
            }
        };
        if let Some(refusal) = archive.problem {
            self.refused(refusal, &origin.location);
        }
        let mut contents = Contents::default();
        for entry in archive.entries.iter().filter(|entry| entry.is_file) {
            let role = Role::of(entry.name);
            match role {
                Role::Nothing => {}
                Role::Class => contents.class(entry.name),
                Role::Archive => {
                    let Some(inner) = self.nested(origin, entry.name) else {
                        continue;
                    };
                    if let Some(bytes) = entry.stored() {
                        self.archive(bytes, &inner);
                    } else if let Some(_held) = budget.hold(entry.size) {
                        match entry.data(entry.size, budget) {
                            Ok(bytes) => self.archive(&bytes, &inner),
                            Err(refusal) => self.refused(refusal, &inner.location),
                        }
                    } else {
                        match entry.reader() {
                            Ok(mut reader) => self.walk(&mut reader, &inner),
                            Err(refusal) => self.refused(refusal, &inner.location),
                        }
                    }
                }
                Role::License => {
                    if self.reads_license(entry.size, &mut contents) {
                        let text = entry.data(role.limit(), budget);
                        self.license(entry.name, text.as_deref(), &mut contents);
                    }
                }
                _ => match entry.data(role.limit(), budget) {
                    Ok(bytes) => self.take(role, entry.name, &bytes, &mut contents),
                    Err(refusal) => self.refused(refusal, &inside(&origin.location, entry.name)),
                },
            }
        }
        self.keep(&contents, origin);
    }

    /// Walks over an archive that comes as a stream.
    fn walk(&mut self, source: &mut dyn Read, origin: &Origin) {
        let budget = self.budget;
        let mut walk = Walk::new(source, budget);
        let mut contents = Contents::default();
        loop {
            let header = match walk.next_entry() {
                Ok(Some(header)) => header,
                Ok(None) => break,
                Err(refusal) => {
                    self.refused(refusal, &origin.location);
                    break;
                }
            };
            let role = Role::of(&header.name);
            match role {
                _ if !header.is_file => {}
                Role::Nothing => {}
                Role::Class => contents.class(&header.name),
                Role::Archive => {
                    let Some(inner) = self.nested(origin, &header.name) else {
                        continue;
                    };
                    let held = header
                        .size
                        .and_then(|size| Some((size, budget.hold(size)?)));
                    let done = if let Some((size, _held)) = held {
                        walk.data(&header, size)
                            .map(|bytes| self.archive(&bytes, &inner))
                    } else {
                        walk.reader(&header)
                            .map(|mut reader| self.walk(&mut reader, &inner))
                    };
                    if let Err(refusal) = done {
                        self.refused(refusal, &inner.location);
                    }
                }
                Role::License => {
                    if self.reads_license(header.size.unwrap_or_default(), &mut contents) {
                        let text = walk.data(&header, role.limit());
                        self.license(&header.name, text.as_deref(), &mut contents);
                    }
                }
                _ => match walk.data(&header, role.limit()) {
                    Ok(bytes) => self.take(role, &header.name, &bytes, &mut contents),
                    Err(refusal) => self.refused(refusal, &inside(&origin.location, &header.name)),
                },
            }
        }
        self.keep(&contents, origin);
    }

    /// Returns where a nested archive lies; `None` beyond the bound on depth.
    fn nested(&mut self, origin: &Origin, name: &[u8]) -> Option<Origin> {
        let location = inside(&origin.location, name);
        if origin.depth + 1 >= MAX_DEPTH {
            self.damage.limit(|| {
                format!("{location}: nested in more than {MAX_DEPTH} archives; not read")
            });
            return None;
        }
        Some(Origin {
            location,
            depth: origin.depth + 1,
        })
    }

    /// Says whether a licence file is read; one that is not is kept as unknown, for it may say more.
    fn reads_license(&mut self, size: u64, contents: &mut Contents) -> bool {
        let room = contents.licenses.len() < MAX_LICENSES;
        if room && size <= MAX_FILE_BYTES && self.license_bytes > 0 {
            return true;
        }
        if room && size <= MAX_FILE_BYTES {
            self.damage.unsupported(|| {
                format!(
                    "licence files of more than {MAX_LICENSE_BYTES} bytes; the rest was left out"
                )
            });
        }
        contents.unknown_license = true;
        false
    }

    /// Takes a licence file. One that cannot be read says nothing: no package is lost with it.
    fn license(&mut self, name: &[u8], text: Result<&[u8], &Refusal>, contents: &mut Contents) {
        let text = text.unwrap_or_default();
        self.license_bytes = self.license_bytes.saturating_sub(text.len() as u64);
        contents.licenses.push(License {
            file: name.to_vec(),
            known: recognise_file(text).unwrap_or_default(),
        });
    }

    /// Takes a file that says who the archive is.
    fn take(&mut self, role: Role, name: &[u8], bytes: &[u8], contents: &mut Contents) {
        let folder = name.get(..memchr::memrchr(b'/', name).unwrap_or_default());
        let folder = folder.unwrap_or_default();
        if role == Role::Manifest {
            contents
                .manifest
                .get_or_insert_with(|| Manifest::parse(bytes));
            return;
        }
        if contents.poms.len() >= MAX_POMS {
            self.damage
                .limit(|| format!("more than {MAX_POMS} projects; the rest was left out"));
            return;
        }
        let pom = contents.pom(folder);
        if role == Role::Properties {
            pom.properties = Some(parse_properties(bytes));
        } else {
            let mut project = Project::parse(bytes).0.slim();
            if self.dependencies > MAX_DEPENDENCIES {
                project.dependencies = Vec::new();
            } else {
                self.dependencies += project.dependencies.len();
                if self.dependencies > MAX_DEPENDENCIES {
                    self.damage.unsupported(|| {
                        format!("more than {MAX_DEPENDENCIES} dependencies; the rest was left out")
                    });
                }
            }
            pom.project = Some(project);
        }
    }

    fn keep(&mut self, contents: &Contents, origin: &Origin) {
        for mut package in packages(contents, origin) {
            if self.kept.admit(&mut package, &mut self.damage) {
                self.packages.push(package);
            }
        }
    }

    fn refused(&mut self, refusal: Refusal, location: &str) {
        let kind = match refusal {
            Refusal::NotZip => IssueKind::Unsupported,
            other => other.kind(),
        };
        self.damage.push(kind, || format!("{location}: {refusal}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_testkit::zip::{Method, Zip};

    const ALL: [Method; 3] = [Method::Stored, Method::Deflated, Method::Streamed];

    fn jar() -> Vec<u8> {
        let properties = b"groupId=g\nartifactId=a\nversion=1\n";
        Zip::default()
            .file("x/Y.class", Method::Streamed, &[7; 5000])
            .file(
                "META-INF/maven/g/a/pom.properties",
                Method::Streamed,
                properties,
            )
            .file("z/Z.class", Method::Deflated, &[8; 5000])
            .build()
    }

    /// Wraps an archive in others, so many deep.
    fn wrap(mut inner: Vec<u8>, depth: usize, method: Method) -> Vec<u8> {
        for _ in 0..depth {
            inner = Zip::default()
                .file("lib/a.jar", method, &inner)
                .file("META-INF/MANIFEST.MF", Method::Streamed, b"a: b\n")
                .build();
        }
        inner
    }

    fn survey(bytes: &[u8], budget: &zip::Budget) -> (Vec<Package>, Vec<IssueKind>) {
        let mut survey = Survey::new(budget);
        let origin = Origin {
            location: "/app.jar".to_owned(),
            depth: 0,
        };
        survey.archive(bytes, &origin);
        let issues = survey.damage.finish();
        let kinds = issues.iter().map(|issue| issue.kind).collect();
        (survey.packages, kinds)
    }

    #[test]
    fn a_stream_tells_what_memory_tells() {
        for method in ALL {
            let ear = wrap(jar(), 3, method);
            let (held, none) = survey(&ear, &zip::Budget::default());
            assert_eq!((held.len(), none.len()), (4, 0));
            assert_eq!(held[0].name, "g:a");
            let streamed = survey(&ear, &zip::Budget::new(1000, 1 << 20, 0));
            assert_eq!(streamed, (held, Vec::new()), "{method:?}");
        }
    }

    #[test]
    fn depth_is_bounded_and_said() {
        let deep = wrap(jar(), 100, Method::Stored);
        for held in [0, 1 << 20] {
            let budget = zip::Budget::new(10_000, 1 << 24, held);
            let (packages, issues) = survey(&deep, &budget);
            assert_eq!(packages.len(), MAX_DEPTH);
            assert_eq!(issues, [IssueKind::LimitReached]);
        }
    }

    #[test]
    fn bombs_cost_what_the_budget_allows() {
        let zeros = vec![0; 20 << 20];
        let bomb = Zip::default()
            .file("a.jar", Method::Deflated, &zeros)
            .file("b.jar", Method::Streamed, &zeros)
            .file("META-INF/MANIFEST.MF", Method::Deflated, &zeros)
            .build();
        let (packages, issues) = survey(&bomb, &zip::Budget::new(100, 1 << 20, 1 << 30));
        assert_eq!(packages.len(), 1);
        assert_eq!(issues, [IssueKind::LimitReached; 3]);
        // Claims of nearly 4 GiB, of entries without such data.
        let mut lies = Zip::default().file("a.jar", Method::Deflated, b"a").file(
            "META-INF/MANIFEST.MF",
            Method::Streamed,
            b"a",
        );
        for record in &mut lies.records {
            record.size = u32::MAX - 1;
        }
        let (_, issues) = survey(&lies.build(), &zip::Budget::default());
        assert_eq!(issues, [IssueKind::DamagedMetadata; 2]);
    }

    #[test]
    fn many_entries_and_cut_archives_are_borne() {
        let many = (0..100_000).fold(Zip::default(), |zip, number| {
            zip.file(format!("p/C{number}.class"), Method::Stored, b"")
        });
        let (packages, issues) = survey(&many.build(), &zip::Budget::default());
        assert_eq!((packages.len(), issues.len()), (1, 0));
        let whole = wrap(jar(), 1, Method::Stored);
        let (packages, issues) = survey(&whole[..whole.len() - 40], &zip::Budget::default());
        assert_eq!(packages[0].name, "g:a");
        assert_eq!(issues, [IssueKind::DamagedMetadata]);
    }

    #[test]
    fn many_broken_archives_are_borne() {
        let many = (0..100_000).fold(Zip::default(), |zip, number| {
            zip.file(format!("{number}.jar"), Method::Stored, b"PK\x03\x04broken")
        });
        let (packages, issues) = survey(&many.build(), &zip::Budget::new(200_000, 1 << 22, 0));
        assert_eq!(packages.len(), 100_001);
        assert!(issues.contains(&IssueKind::DamagedMetadata));
    }

    #[test]
    fn licence_files_lose_nothing_and_end() {
        let mit = "Permission is hereby granted, free of charge, to any person obtaining a copy of \
            this software and associated documentation files (the \"Software\"), to deal in the \
            Software without restriction. This permission notice shall be included in all copies \
            or substantial portions of the Software.";
        for method in ALL {
            let jar = Zip::default()
                .file("META-INF/LICENSE", method, mit.as_bytes())
                .build();
            for held in [0, 1 << 20] {
                let outer = wrap(jar.clone(), 1, method);
                let (packages, issues) = survey(&outer, &zip::Budget::new(100, 1 << 20, held));
                assert_eq!(packages[0].licenses, ["MIT"], "{method:?}");
                assert_eq!(issues, []);
            }
        }
        // Damaged, and larger than is read.
        let mut jar = Zip::default().file("LICENSE", Method::Deflated, mit.as_bytes());
        jar.records[0].crc ^= 1;
        let long = mit.repeat(500);
        let long = Zip::default().file("LICENSE", Method::Deflated, long.as_bytes());
        for jar in [jar, long] {
            let (packages, issues) = survey(&jar.build(), &zip::Budget::default());
            assert_eq!((packages.len(), issues.len()), (1, 0));
            assert_eq!(packages[0].licenses, Vec::<String>::new());
        }
        // Some 80 MiB of licences in archives that would fill four times as many.
        let text = "gnu general public license version ".repeat(3740);
        let jar = (0..4).fold(Zip::default(), |zip, number| {
            zip.file(
                format!("LICENSE-{}", ["MIT", "BSD", "ISC", "MPL"][number]),
                Method::Deflated,
                text.as_bytes(),
            )
        });
        let jar = jar.build();
        let many = (0..150).fold(Zip::default(), |zip, number| {
            zip.file(format!("{number}.jar"), Method::Stored, &jar)
        });
        let (packages, issues) = survey(&many.build(), &zip::Budget::default());
        assert_eq!(packages.len(), 151);
        assert_eq!(issues.last(), Some(&IssueKind::Unsupported));
    }
}
