//! What the name and the place of a jar say of it.

use super::pom::{Coordinates, is_id};

/// The longest name that is parted, in bytes. File systems allow 255.
const MAX_NAME_BYTES: usize = 512;

/// Words behind a version that belong to it or tell variants apart; any other word in front of a
/// further number is part of the artifact's name (`log4j-1.2-api-2.17.1`).
const QUALIFIERS: &[&str] = &[
    "alpha",
    "android",
    "atlassian",
    "b",
    "beta",
    "build",
    "cr",
    "dev",
    "final",
    "ga",
    "hotfix",
    "incubating",
    "jakarta",
    "java",
    "jdk",
    "jre",
    "linux",
    "m",
    "milestone",
    "osx",
    "p",
    "patch",
    "pre",
    "preview",
    "r",
    "rc",
    "redhat",
    "release",
    "rev",
    "security",
    "snapshot",
    "sp",
    "v",
    "windows",
];

/// Words that tell one file of a release from another (Maven's classifiers).
const CLASSIFIERS: &[&str] = &[
    "all",
    "boot",
    "classes",
    "exec",
    "executable",
    "fat",
    "jar-with-dependencies",
    "javadoc",
    "linux-aarch_64",
    "linux-x86_64",
    "natives",
    "natives-linux",
    "natives-macos",
    "natives-windows",
    "no_aop",
    "noaop",
    "osx-aarch_64",
    "osx-x86_64",
    "shaded",
    "shadow",
    "sources",
    "standalone",
    "test-sources",
    "tests",
    "uber",
    "windows-x86_64",
    "with-dependencies",
];

/// Is what a file's name says: `artifact-version-classifier.jar`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FileName {
    /// The artifact; the whole name where no version is found in it.
    pub(super) artifact: String,
    /// The version; empty where there is none.
    pub(super) version: String,
    /// The classifier; empty where there is none.
    pub(super) classifier: String,
}

impl FileName {
    /// Parts the name of a file, without folder and ending, into artifact, version and classifier.
    pub(super) fn parse(stem: &str) -> Self {
        if stem.len() > MAX_NAME_BYTES {
            return Self {
                artifact: stem.to_owned(),
                ..Self::default()
            };
        }
        let tokens: Vec<&str> = stem.split('-').collect();
        if tokens.len() == 1
            && let Some((artifact, version)) = joined(stem)
        {
            return Self {
                artifact: artifact.to_owned(),
                version: version.to_owned(),
                classifier: String::new(),
            };
        }
        // OSGi's way: `org.eclipse.osgi_3.18.0.v2022.jar`.
        if tokens.len() == 1
            && let Some((artifact, version)) = stem.rsplit_once('_')
            && artifact.contains('.')
            && numbered(version)
        {
            return Self {
                artifact: artifact.to_owned(),
                version: version.to_owned(),
                classifier: String::new(),
            };
        }
        let Some(at) = (1..tokens.len()).find(|at| begins_version(&tokens, *at)) else {
            return Self {
                artifact: stem.to_owned(),
                ..Self::default()
            };
        };
        let artifact = tokens.get(..at).unwrap_or_default().join("-");
        let rest = tokens.get(at..).unwrap_or_default().join("-");
        let classifier = CLASSIFIERS.iter().find_map(|classifier| {
            let version = rest.strip_suffix(classifier)?.strip_suffix('-')?;
            (!version.is_empty()).then_some((version, *classifier))
        });
        let (version, classifier) = classifier.unwrap_or((&rest, ""));
        // `3.x` is a line of versions: the file is one of them, but not said which.
        let version = version.strip_suffix(".x").map_or(version, |_| "");
        Self {
            artifact,
            version: version.to_owned(),
            classifier: classifier.to_owned(),
        }
    }
}

/// Parts a name that has nothing between artifact and version: `py4j0.10.9.7`. Two numbers are not
/// enough, since they may be those of an interface (`servlet2.5`).
fn joined(stem: &str) -> Option<(&str, &str)> {
    let digits = |part: &str| part.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (first, rest) = stem.split_once('.')?;
    let numbers = |part: &str| !part.is_empty() && digits(part) == part.len();
    let (artifact, _) = first.split_at_checked(first.len() - digits(first))?;
    let version = stem.get(artifact.len()..)?;
    let parts = rest.split('.');
    (artifact.ends_with(|c: char| c.is_ascii_alphabetic())
        && numbered(version)
        && rest.contains('.')
        && parts.clone().all(numbers))
    .then_some((artifact, version))
}

fn numbered(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_digit())
}

/// Says whether the version begins at this part of the name.
fn begins_version(tokens: &[&str], at: usize) -> bool {
    let Some(token) = tokens.get(at) else {
        return false;
    };
    let release = |prefix: char| {
        token.strip_prefix(prefix).is_some_and(|rest| {
            rest.contains(|c: char| c.is_ascii_digit())
                && rest.chars().all(|c| c.is_ascii_digit() || c == '.')
        })
    };
    if !numbered(token) {
        return (release('r') || release('v')) && at + 1 == tokens.len();
    }
    // `2d` or `3rd` is a word, `4.1.50.Final` and `1.0b2` are versions.
    if !token.contains('.') && token.chars().any(|c| c.is_ascii_alphabetic()) && token.len() < 4 {
        return false;
    }
    // `log4j-1.2-api`: the number is that of an interface, and no version follows.
    if at + 2 == tokens.len() && matches!(tokens.last(), Some(&("api" | "core" | "impl" | "spec")))
    {
        return false;
    }
    let mut word = false;
    for later in tokens.get(at + 1..).unwrap_or_default() {
        if numbered(later) {
            if word && later.contains('.') {
                return false;
            }
            continue;
        }
        let letters = later.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        if !QUALIFIERS.contains(&letters.to_ascii_lowercase().as_str()) {
            word = true;
        }
    }
    true
}

/// Reads the coordinates from where a file lies in a Maven repository
/// (`…/repository/GROUP/ARTIFACT/VERSION/ARTIFACT-VERSION.jar`) or in Gradle's cache
/// (`…/files-2.1/GROUP/ARTIFACT/VERSION/HASH/FILE`).
pub(super) fn repository(path: &str) -> Option<Coordinates> {
    let parts: Vec<&str> = path.split('/').collect();
    let (file, folders) = parts.split_last()?;
    if let [.., "files-2.1", group, artifact, version, _] = folders
        && is_id(group)
        && is_id(artifact)
    {
        return Some(Coordinates {
            group: (*group).to_owned(),
            artifact: (*artifact).to_owned(),
            version: (*version).to_owned(),
        });
    }
    let [groups @ .., artifact, version] = folders else {
        return None;
    };
    let rest = file.strip_prefix(artifact)?.strip_prefix('-')?;
    if !rest.starts_with(version) || !numbered(version) || !is_id(artifact) {
        return None;
    }
    let root = groups.iter().rposition(|folder| {
        matches!(
            *folder,
            "repository" | "repo" | "maven-repo" | "maven2" | "m2" | ".m2" | "maven"
        )
    })?;
    let group = groups.get(root + 1..)?.join(".");
    is_id(&group).then(|| Coordinates {
        group,
        artifact: (*artifact).to_owned(),
        version: (*version).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parted_where_the_version_begins() {
        for (stem, want) in [
            ("spring-core-5.3.9", "spring-core 5.3.9 "),
            ("log4j-1.2-api-2.17.1", "log4j-1.2-api 2.17.1 "),
            ("log4j-1.2-api", "log4j-1.2-api  "),
            ("guava-31.1-jre", "guava 31.1-jre "),
            ("akka-actor_2.13-2.6.19", "akka-actor_2.13 2.6.19 "),
            (
                "netty-transport-native-epoll-4.1.50.Final-linux-x86_64",
                "netty-transport-native-epoll 4.1.50.Final linux-x86_64",
            ),
            ("a-1.0-20200101.120000-1", "a 1.0-20200101.120000-1 "),
            ("a-1.0-SNAPSHOT-sources", "a 1.0-SNAPSHOT sources"),
            (
                "org.eclipse.osgi_3.18.0.v2022",
                "org.eclipse.osgi 3.18.0.v2022 ",
            ),
            ("guava-r09", "guava r09 "),
            ("jsr305-3.0.2", "jsr305 3.0.2 "),
            ("java-2d-utils", "java-2d-utils  "),
            ("app", "app  "),
            ("spring3-core-3.x", "spring3-core  "),
            ("py4j0.10.9.7", "py4j 0.10.9.7 "),
            ("servlet2.5", "servlet2.5  "),
            ("kafka_2.13.1", "kafka_2.13.1  "),
            ("a1.0.0.Final", "a1.0.0.Final  "),
            ("a1..0", "a1..0  "),
            ("1.2.3", "1.2.3  "),
            ("ä1.2.3", "ä1.2.3  "),
            ("org.a1.2.3", "org.a1.2.3  "),
            (
                "jboss-servlet-api_3.1_spec-1.0.2.Final",
                "jboss-servlet-api_3.1_spec 1.0.2.Final ",
            ),
            ("", "  "),
            ("-1", " 1 "),
        ] {
            let got = FileName::parse(stem);
            let got = format!("{} {} {}", got.artifact, got.version, got.classifier);
            assert_eq!(got, want, "{stem}");
        }
    }

    #[test]
    fn a_name_longer_than_files_have_is_not_parted() {
        let long = "1-a".repeat(10_000);
        assert_eq!(FileName::parse(&long).artifact, long);
    }

    #[test]
    fn repositories_tell_the_group() {
        for (path, want) in [
            ("/root/.m2/repository/org/a/b/1.0/b-1.0.jar", "org.a:b 1.0"),
            ("/usr/share/maven-repo/org/a/b/1.0/b-1.0.jar", "org.a:b 1.0"),
            ("/g/files-2.1/org.a/b/1.0/0aff/b-1.0.jar", "org.a:b 1.0"),
        ] {
            let got = repository(path).unwrap();
            assert_eq!(format!("{} {}", got.name(), got.version), want);
        }
        assert_eq!(repository("/opt/b/1.0/b-1.0.jar"), None);
        assert_eq!(repository("/b-1.0.jar"), None);
    }
}
