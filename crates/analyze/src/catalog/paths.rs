//! Building the lists of files that packages own.

use plimsoll_model::analyzer::Ownership;
use plimsoll_model::path::ImagePath;

/// Collects the paths of one package, normalised, in one buffer.
#[derive(Debug, Default)]
pub(crate) struct PathList {
    buffer: Vec<u8>,
    spans: Vec<(usize, usize)>,
    scratch: Vec<u8>,
}

impl PathList {
    /// Adds a path as the database writes it. What names nothing inside the image, the root itself
    /// and names with a newline (the list's separator) are left out.
    pub(crate) fn add(&mut self, raw: &[u8]) {
        if ImagePath::normalize_into(raw, &mut self.scratch).is_err()
            || self.scratch.is_empty()
            || self.scratch.contains(&b'\n')
        {
            return;
        }
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&self.scratch);
        self.spans.push((start, self.buffer.len()));
    }

    /// Returns the number of bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Returns the list, sorted and without repeats; `None` when it is empty.
    pub(crate) fn finish(self, package: String) -> Option<Ownership> {
        let Self { buffer, spans, .. } = self;
        let mut names: Vec<&[u8]> = spans
            .iter()
            .filter_map(|(start, end)| buffer.get(*start..*end))
            .collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return None;
        }
        Some(Ownership {
            package,
            paths: names.join(&b'\n'),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_sorted_and_safe() {
        let mut list = PathList::default();
        for raw in [
            &b"/usr/bin/b"[..],
            b"/.",
            b"./usr/bin/a",
            b"/usr/bin/b",
            b"/../../etc/shadow",
            b"/a\nb",
        ] {
            list.add(raw);
        }
        let owned = list.finish("p".to_owned()).unwrap();
        assert_eq!(owned.paths, b"usr/bin/a\nusr/bin/b");
        assert!(PathList::default().finish("p".to_owned()).is_none());
    }
}
