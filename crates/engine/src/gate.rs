//! The gate without a policy file: stop when a finding is as bad as a given severity.

use plimsoll_model::report::{Coverage, Finding, RuleResult, Verdict, VerdictStatus};
use plimsoll_model::severity::Severity;

/// Judges findings against `--fail-on`; with `only_fixed`, only those that have a fix. A stop stands even when coverage is incomplete; a pass does
/// not: then the word is undecided.
pub fn fail_on(
    level: Severity,
    only_fixed: bool,
    findings: &[Finding],
    coverage: &Coverage,
) -> Verdict {
    let reached: Vec<usize> = findings
        .iter()
        .enumerate()
        .filter(|(_, finding)| match finding {
            Finding::Vulnerability(v) => {
                v.severity >= level && !(only_fixed && v.fixed_versions.is_empty())
            }
        })
        .map(|(index, _)| index)
        .collect();
    let (status, reason) = if !reached.is_empty() {
        let reason = format!(
            "{} {} of severity {} or worse",
            reached.len(),
            if reached.len() == 1 {
                "finding"
            } else {
                "findings"
            },
            level.as_str()
        );
        (VerdictStatus::Stop, reason)
    } else if coverage.undecided() {
        let reason = "nothing found, but the result does not support a verdict".to_owned();
        (VerdictStatus::Undecided, reason)
    } else {
        (
            VerdictStatus::Pass,
            format!("no finding of severity {} or worse", level.as_str()),
        )
    };
    Verdict {
        status,
        reason: reason.clone(),
        rules: vec![RuleResult {
            id: "fail-on".to_owned(),
            status,
            reason,
            findings: reached,
        }],
    }
}
