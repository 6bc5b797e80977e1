//! Exceptions: risks that somebody accepts, with an owner, a reason and a last day.
//!
//! ```toml
//! [[exception]]
//! id = "CVE-2023-45853"
//! owner = "payments@example.com"
//! reason = "minizip is not used"
//! expires = 2027-03-31
//! package = "zlib1g"        # scope: a name or a purl; an asterisk at its end stands for any rest
//! path = "/usr/**"          # scope: where the package is stated
//! stage = "production"      # scope: only with --stage production
//! ```
//!
//! Owns the file's form and what an exception covers. Deliberately absent: the clock and the gate.

use std::ops::Range;

use plimsoll_model::package::Package;
use plimsoll_model::purl::Purl;
use plimsoll_model::text::escape;
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;
use toml::value::Datetime;

/// The largest file of exceptions that is read, in bytes.
pub const MAX_BYTES: u64 = 8 << 20;

/// Says why a file holds no exceptions.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}, column {column}: {problem}")]
pub struct NotExceptions {
    line: usize,
    column: usize,
    problem: String,
}

/// Is one exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The vulnerability, by any of its names.
    pub id: String,
    /// Who answers for it.
    pub owner: String,
    /// Why the risk is accepted.
    pub reason: String,
    /// The last day on which it holds, `YYYY-MM-DD`.
    pub expires: String,
    /// The packages that it is for; `None` for every package.
    pub package: Option<PackagePattern>,
    /// The places that it is for, as a glob; `None` for every place.
    pub path: Option<String>,
    /// The stage that it is for; `None` for every stage.
    pub stage: Option<String>,
}

/// Says which packages are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackagePattern {
    /// The package, or its source package, has this name.
    Name(String),
    /// The name, or the source package's, begins so.
    NameBegins(String),
    /// The purl names the same package; where the pattern has no version, in any version.
    Purl(Box<Purl>),
    /// The purl begins so, as text.
    PurlBegins(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    exception: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Option<String>,
    owner: Option<String>,
    reason: Option<String>,
    expires: Option<Date>,
    package: Option<String>,
    path: Option<String>,
    stage: Option<String>,
}

/// Is a day: as a date of TOML or as text.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expires is a date, such as 2027-03-31")]
enum Date {
    Date(Datetime),
    Text(String),
}

/// Reads a file of exceptions.
///
/// # Errors
/// When it is no such file: another form, an unknown field, a missing one, a day that does not exist.
pub fn read(text: &str) -> Result<Vec<Exception>, NotExceptions> {
    let file: File =
        toml::from_str(text).map_err(|error| fail(text, error.span(), error.message()))?;
    file.exception
        .into_iter()
        .map(|entry| {
            let span = entry.span();
            let entry = entry.into_inner();
            let name = entry.id.clone().unwrap_or_default();
            exception(entry).map_err(|problem| {
                let of = if name.is_empty() {
                    String::new()
                } else {
                    format!(" of {}", escape(&name))
                };
                fail(text, Some(span), &format!("the exception{of} {problem}"))
            })
        })
        .collect()
}

fn exception(entry: Entry) -> Result<Exception, String> {
    let needed = |value: Option<String>, name: &str, what: &str| {
        value
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| format!("has no '{name}': {what}"))
    };
    let id = needed(entry.id, "id", "the vulnerability, such as CVE-2023-45853")?;
    let owner = needed(entry.owner, "owner", "who answers for it")?;
    let reason = needed(entry.reason, "reason", "why the risk is accepted")?;
    let expires = match entry.expires {
        None => {
            return Err(
                "has no 'expires': the last day on which it holds, such as 2027-03-31; a risk is \
                 accepted for a time"
                    .to_owned(),
            );
        }
        Some(Date::Date(date)) => date.to_string(),
        Some(Date::Text(text)) => text,
    };
    if !is_day(&expires) {
        return Err(format!(
            "expires '{}', which is no day; expected YYYY-MM-DD",
            escape(&expires)
        ));
    }
    let package = match entry.package {
        Some(text) => Some(PackagePattern::read(&text)?),
        None => None,
    };
    let given = |text: Option<String>, name: &str| match text {
        Some(text) if text.is_empty() => Err(format!("has an empty '{name}': leave it out")),
        text => Ok(text),
    };
    Ok(Exception {
        id,
        owner,
        reason,
        expires,
        package,
        path: given(entry.path, "path")?,
        stage: given(entry.stage, "stage")?,
    })
}

fn fail(text: &str, span: Option<Range<usize>>, problem: &str) -> NotExceptions {
    let before = span.and_then(|span| text.get(..span.start)).unwrap_or("");
    NotExceptions {
        line: before.matches('\n').count() + 1,
        column: before.chars().rev().take_while(|&c| c != '\n').count() + 1,
        problem: problem.replace('\n', "; "),
    }
}

/// Says whether a text is a day of the calendar.
fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let number = |text: &str, digits: usize| -> Option<u32> {
        let good = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        good.then(|| text.parse().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2))
    else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

impl PackagePattern {
    fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let purl = text.starts_with("pkg:");
        let pattern = match text.strip_suffix('*') {
            Some(begin) if begin.contains('*') => None,
            Some(begin) if purl => Some(Self::PurlBegins(begin.to_owned())),
            Some(begin) => Some(Self::NameBegins(begin.to_owned())),
            None if text.is_empty() || text.contains('*') => None,
            None if purl => {
                let read = text
                    .parse()
                    .map_err(|error| format!("has the package '{}': {error}", escape(text)))?;
                Some(Self::Purl(Box::new(read)))
            }
            None => Some(Self::Name(text.to_owned())),
        };
        pattern.ok_or_else(|| {
            format!(
                "has the package '{}'; expected a name or a purl, with at most one asterisk, at its \
                 end",
                escape(text)
            )
        })
    }

    fn covers(&self, package: &Package) -> bool {
        let named = |fits: &dyn Fn(&str) -> bool| {
            fits(&package.name)
                || package
                    .source
                    .as_ref()
                    .is_some_and(|source| fits(&source.name))
        };
        match self {
            Self::Name(name) => named(&|text| text == name),
            Self::NameBegins(begin) => named(&|text| text.starts_with(begin.as_str())),
            Self::Purl(pattern) => package
                .purl
                .parse()
                .is_ok_and(|purl| crate::suppress::same_package(pattern, &purl)),
            Self::PurlBegins(begin) => package.purl.starts_with(begin.as_str()),
        }
    }
}

impl Exception {
    /// Says whether it is for a package, whatever the vulnerability.
    pub(crate) fn covers(&self, package: &Package) -> bool {
        self.package
            .as_ref()
            .is_none_or(|pattern| pattern.covers(package))
            && self.path.as_ref().is_none_or(|glob| {
                let glob = Glob::new(glob);
                package.locations.iter().any(|place| glob.fits(place))
            })
    }

    /// Says whether it holds at a stage.
    pub(crate) fn holds_at(&self, stage: Option<&str>) -> bool {
        self.stage.is_none() || self.stage.as_deref() == stage
    }
}

/// Is a pattern of paths: `*` stands for any characters but `/`, `**` for any, `**/` for any folders or
/// none, `?` for one character but `/`.
struct Glob(Vec<Token>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Char(char),
    One,
    Star,
    Deep,
    /// Before the first folder, where the pattern may go on at once (past the next token).
    Folders,
    /// Within the name of a folder.
    Folder,
}

impl Glob {
    fn new(text: &str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("**/") {
                tokens.extend([Token::Folders, Token::Folder]);
                rest = after;
            } else if let Some(after) = rest.strip_prefix("**") {
                tokens.push(Token::Deep);
                rest = after;
            } else {
                tokens.push(match c {
                    '*' => Token::Star,
                    '?' => Token::One,
                    c => Token::Char(c),
                });
                rest = rest.get(c.len_utf8()..).unwrap_or("");
            }
        }
        Self(tokens)
    }

    /// Follows all ways through the pattern at once, so that the time is bounded by both lengths.
    fn fits(&self, path: &str) -> bool {
        let mut at = vec![false; self.0.len() + 1];
        enter(&mut at, 0, &self.0);
        for c in path.chars() {
            let mut next = vec![false; at.len()];
            for (place, token) in self.0.iter().enumerate() {
                if at.get(place) != Some(&true) {
                    continue;
                }
                match token {
                    Token::Char(want) if *want == c => enter(&mut next, place + 1, &self.0),
                    Token::One if c != '/' => enter(&mut next, place + 1, &self.0),
                    Token::Star if c != '/' => enter(&mut next, place, &self.0),
                    Token::Folder if c == '/' => {
                        enter(&mut next, place, &self.0);
                        enter(&mut next, place + 1, &self.0);
                    }
                    Token::Deep | Token::Folder => enter(&mut next, place, &self.0),
                    Token::Folders if c == '/' => enter(&mut next, place, &self.0),
                    Token::Folders => enter(&mut next, place + 1, &self.0),
                    Token::Char(_) | Token::One | Token::Star => {}
                }
            }
            at = next;
        }
        at.last() == Some(&true)
    }
}

/// Marks a place in a pattern as reached, with those that follow without a character.
fn enter(at: &mut [bool], place: usize, tokens: &[Token]) {
    let mut place = place;
    loop {
        if let Some(reached) = at.get_mut(place) {
            *reached = true;
        }
        place += match tokens.get(place) {
            Some(Token::Star | Token::Deep) => 1,
            Some(Token::Folders) => 2,
            _ => return,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::ecosystem::PackageKind;

    const GOOD: &str = "[[exception]]\nid = \"CVE-1\"\nowner = \"me\"\nreason = \"why\"\n\
                        expires = 2027-03-31\n";

    #[test]
    fn a_file_says_what_is_wrong_with_it_and_where() {
        assert_eq!(read("").unwrap(), []);
        assert_eq!(read(GOOD).unwrap()[0].expires, "2027-03-31");
        let quoted = GOOD.replace("2027-03-31", "'2028-02-29'");
        assert_eq!(read(&quoted).unwrap()[0].expires, "2028-02-29");
        for (from, to, want) in [
            (
                "expires = 2027-03-31\n",
                "",
                "line 1, column 1: the exception of CVE-1 has no 'expires'",
            ),
            ("owner = \"me\"\n", "", "has no 'owner'"),
            ("reason = \"why\"", "reason = ' '", "has no 'reason'"),
            ("id = \"CVE-1\"\n", "", "the exception has no 'id'"),
            (
                "2027-03-31",
                "'2027-02-29'",
                "'2027-02-29', which is no day",
            ),
            ("2027-03-31", "2027-03-31T10:00:00Z", "which is no day"),
            ("2027-03-31", "'soon'", "'soon', which is no day"),
            ("2027-03-31", "7", "expires is a date"),
            ("owner", "ovner", "line 3, column 1: unknown field `ovner`"),
            ("id =", "package = 'a*b'\nid =", "at most one asterisk"),
            (
                "id =",
                "package = 'pkg:/x'\nid =",
                "has the package 'pkg:/x'",
            ),
            ("id =", "path = ''\nid =", "empty 'path'"),
            ("[[exception]]", "[exception", "line 1, column"),
            (
                "[[exception]]",
                "[[exceptions]]",
                "unknown field `exceptions`",
            ),
        ] {
            let said = read(&GOOD.replace(from, to)).unwrap_err().to_string();
            assert!(said.contains(want), "{said}");
            assert!(!said.contains('\n'), "{said}");
        }
    }

    #[test]
    fn globs_follow_folders() {
        for (glob, yes, no) in [
            ("/app/*.jar", "/app/a.jar", "/app/lib/a.jar"),
            ("/app/**", "/app/lib/a.jar", "/srv/a.jar"),
            ("/app/**/a.jar", "/app/a.jar", "/app/ba.jar"),
            ("/app/**/a.jar", "/app/x/y/a.jar", "/app/x/ya.jar"),
            ("**/a.jar", "/x/a.jar", "/x/b.jar"),
            ("/a?c", "/abc", "/a/c"),
            ("/app/a", "/app/a", "/app/ab"),
            ("**", "", "\u{0}never"),
        ] {
            assert!(Glob::new(glob).fits(yes), "{glob} {yes}");
            assert!(glob == "**" || !Glob::new(glob).fits(no), "{glob} {no}");
        }
        let hard = "*a".repeat(200);
        assert!(!Glob::new(&hard).fits(&"a".repeat(5000).replace("aaaa", "/aaa")));
    }

    #[test]
    fn a_scope_names_packages() {
        let mut package = Package::new(PackageKind::Deb, "libc6", "2.36-9");
        package.purl = "pkg:deb/debian/libc6@2.36-9?arch=amd64".to_owned();
        package.source = Some(plimsoll_model::package::SourcePackage {
            name: "glibc".to_owned(),
            version: "2.36-9".to_owned(),
        });
        for (pattern, covers) in [
            ("libc6", true),
            ("glibc", true),
            ("libc", false),
            ("libc*", true),
            ("*", true),
            ("pkg:deb/debian/libc6", true),
            ("pkg:deb/debian/libc6@2.36-9", true),
            ("pkg:deb/debian/libc6@2.36-10", false),
            ("pkg:deb/debian/libc6?arch=arm64", false),
            ("pkg:deb/debian/*", true),
            ("pkg:deb/ubuntu/*", false),
        ] {
            let read = PackagePattern::read(pattern).unwrap();
            assert_eq!(read.covers(&package), covers, "{pattern}");
        }
    }
}
