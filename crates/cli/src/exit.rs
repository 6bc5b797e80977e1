//! Exit codes: a contract with scripts.

use std::process::ExitCode;

/// Is how a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Done; the gate, if any, passed.
    Done,
    /// Done, but the result does not support a verdict.
    Undecided,
    /// Done; the gate failed.
    Stopped,
    /// It could not be done.
    Failed,
}

impl Exit {
    /// Returns the code that the shell sees.
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Done => 0,
            Self::Stopped => 1,
            Self::Failed => 2,
            Self::Undecided => 3,
        })
    }
}
