//! The environment variables that the remote sources look at (`DOCKER_HOST`, `HTTPS_PROXY`, …),
//! behind one type so that a server or a test can give others than the process has.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Is the process's environment with some variables replaced or hidden.
#[derive(Clone, Default)]
pub struct Environment {
    replaced: BTreeMap<String, Option<String>>,
}

impl Environment {
    /// Returns the same environment with a variable set.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.replaced.insert(name.to_owned(), Some(value.into()));
        self
    }

    /// Returns the same environment with a variable hidden.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.replaced.insert(name.to_owned(), None);
        self
    }

    /// Returns a variable; an empty one counts as unset, as Docker and curl have it.
    pub fn get(&self, name: &str) -> Option<String> {
        match self.replaced.get(name) {
            Some(value) => value.clone(),
            None => std::env::var(name).ok(),
        }
        .filter(|value| !value.is_empty())
    }

    /// Returns the path that a variable holds.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// Returns the folder of Docker's client configuration: `$DOCKER_CONFIG`, else `~/.docker`.
    pub fn docker_config_dir(&self) -> Option<PathBuf> {
        self.path("DOCKER_CONFIG")
            .or_else(|| self.path("HOME").map(|home| home.join(".docker")))
    }

    /// Applies the replacements to a command that is about to be started.
    pub(crate) fn apply(&self, command: &mut std::process::Command) {
        for (name, value) in &self.replaced {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }
}

/// Shows the names only: values may hold passwords (`HTTPS_PROXY=http://user:secret@…`).
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.replaced.keys()).finish()
    }
}
