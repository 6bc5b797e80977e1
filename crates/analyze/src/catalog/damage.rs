//! Collecting what could not be read of one file, without letting a hostile file make a report of it.

use plimsoll_model::analyzer::{Content, Entry, Fact};
use plimsoll_model::issue::{Issue, IssueKind};
use plimsoll_model::text::escape_bytes;

/// The most issues kept of one file; further ones are counted.
const MAX_ISSUES: usize = 20;

/// The most of one issue's detail that is kept, in bytes. Messages of parsers may hold the text that they
/// refuse.
const MAX_DETAIL_BYTES: usize = 2 * MAX_TEXT_BYTES;

/// The most of one text field that is kept, in bytes. Names and versions are far shorter.
const MAX_TEXT_BYTES: usize = 4096;

/// Collects the issues of one file.
#[derive(Debug, Default)]
pub(crate) struct Damage {
    issues: Vec<Issue>,
    more: u64,
    /// Whether packages may be lost by what was counted only.
    more_undecided: bool,
}

impl Damage {
    /// Notes damage. The text is made only if it is kept.
    pub(crate) fn note(&mut self, detail: impl FnOnce() -> String) {
        self.push(IssueKind::DamagedMetadata, detail);
    }

    /// Notes that a bound was reached.
    pub(crate) fn limit(&mut self, detail: impl FnOnce() -> String) {
        self.push(IssueKind::LimitReached, detail);
    }

    /// Notes what is not read by design.
    pub(crate) fn unsupported(&mut self, detail: impl FnOnce() -> String) {
        self.push(IssueKind::Unsupported, detail);
    }

    /// Notes an issue of any kind.
    pub(crate) fn push(&mut self, kind: IssueKind, detail: impl FnOnce() -> String) {
        if self.issues.len() < MAX_ISSUES {
            let detail = detail();
            let end = detail.floor_char_boundary(MAX_DETAIL_BYTES);
            let detail = detail.get(..end).unwrap_or_default();
            self.issues.push(Issue::new(kind, "", detail));
        } else {
            self.more += 1;
            self.more_undecided |= kind.undecided();
        }
    }

    /// Returns the issues. Their subject is empty: what parses bytes knows no path;
    /// [`report`] fills it.
    pub(crate) fn finish(mut self) -> Vec<Issue> {
        if self.more > 0 {
            let detail = format!("{} further problems are not listed", self.more);
            let kind = if self.more_undecided {
                IssueKind::LimitReached
            } else {
                IssueKind::Unsupported
            };
            self.issues.push(Issue::new(kind, "", detail));
        }
        self.issues
    }
}

/// Adds the issues of a file to its facts, with the file's path as their subject, and says so if
/// the content was cut.
pub(crate) fn report(
    entry: &Entry<'_>,
    content: Content<'_>,
    issues: Vec<Issue>,
    facts: &mut Vec<Fact>,
) {
    if content.truncated {
        let subject = format!("/{}", escape_bytes(entry.path));
        let kept = content.bytes.len() as u64;
        let (kind, detail) = if entry.size > kept {
            (
                IssueKind::LimitReached,
                format!("only the first {kept} of {} bytes were read", entry.size),
            )
        } else {
            (
                IssueKind::DamagedMetadata,
                format!("the file ends early, after {kept} bytes"),
            )
        };
        facts.push(Fact::Issue(Issue {
            kind,
            subject,
            detail,
        }));
    }
    state(entry, issues, facts);
}

/// Adds the issues of a file to its facts, with the file's path as their subject. For files of which
/// only a part is looked for, so that a cut alone is no loss; [`report`] says a cut as well.
pub(crate) fn state(entry: &Entry<'_>, issues: Vec<Issue>, facts: &mut Vec<Fact>) {
    let subject = format!("/{}", escape_bytes(entry.path));
    facts.extend(issues.into_iter().map(|mut issue| {
        issue.subject.clone_from(&subject);
        Fact::Issue(issue)
    }));
}

/// Makes stored text of raw bytes: blanks around it removed, control characters and bytes that are
/// not UTF-8 escaped, cut at 4,096 bytes.
pub(crate) fn text(bytes: &[u8]) -> String {
    let bytes = bytes.trim_ascii();
    let kept = match bytes.get(..MAX_TEXT_BYTES) {
        Some(start) => start.utf8_chunks().next().map_or(start, |chunk| {
            // A character that the cut falls into is left out; text that is not UTF-8 is kept raw.
            if chunk.valid().len() + 4 > start.len() {
                chunk.valid().as_bytes()
            } else {
                start
            }
        }),
        None => bytes,
    };
    escape_bytes(kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issues_are_bounded_and_counted() {
        let mut damage = Damage::default();
        for line in 0..1000 {
            damage.note(|| format!("line {line}"));
        }
        let issues = damage.finish();
        assert_eq!(issues.len(), MAX_ISSUES + 1);
        assert_eq!(
            issues[MAX_ISSUES].detail,
            "980 further problems are not listed"
        );
    }

    #[test]
    fn what_is_only_counted_is_as_grave_as_it_would_be_listed() {
        for (kind, want) in [
            (IssueKind::Unsupported, IssueKind::Unsupported),
            (IssueKind::DamagedMetadata, IssueKind::LimitReached),
        ] {
            let mut damage = Damage::default();
            for _ in 0..MAX_ISSUES {
                damage.unsupported(|| "ü".repeat(1 << 20));
            }
            damage.push(kind, String::new);
            let issues = damage.finish();
            assert_eq!(issues[MAX_ISSUES].kind, want);
            assert_eq!(issues[0].detail.len(), MAX_DETAIL_BYTES);
        }
    }

    #[test]
    fn text_is_trimmed_escaped_and_cut_between_characters() {
        assert_eq!(text(b"  a\x1bb \n"), "a\\x1bb");
        assert_eq!(text(b"caf\xe9"), "caf\\xe9");
        let long = "ü".repeat(MAX_TEXT_BYTES);
        assert_eq!(text(long.as_bytes()), "ü".repeat(MAX_TEXT_BYTES / 2));
        let odd = format!("a{long}");
        assert_eq!(text(odd.as_bytes()).len(), MAX_TEXT_BYTES - 1);
    }
}
