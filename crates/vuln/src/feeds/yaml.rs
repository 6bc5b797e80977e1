//! Reads YAML within bounds: events, levels, aliases.

use serde::de::DeserializeOwned;
use serde_saphyr::{DuplicateKeyPolicy, Options};

/// The largest document, in bytes. The largest record upstream is below 1 MB.
const SIZE_LIMIT: usize = 16 << 20;
/// How many values a document may hold.
const NODE_LIMIT: usize = 1_000_000;

/// Reads one document. Scalars that become text stay as they are written: `2.10` is no number.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    if bytes.len() > SIZE_LIMIT {
        return Err(format!("more than {SIZE_LIMIT} bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
        let message = error.to_string();
        message.lines().next().unwrap_or_default().to_owned()
    })
}

/// Returns how documents are read.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 2 * NODE_LIMIT,
            max_nodes: NODE_LIMIT,
            max_depth: 64,
            max_anchors: 1000,
            max_aliases: 1000,
        },
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    #[test]
    fn scalars_stay_as_written_and_bombs_are_refused() {
        let read = |text: &str| super::read::<BTreeMap<String, Vec<String>>>(text.as_bytes());
        let versions = read("a: [2.10, '2.0', 1.0.0, 0x10, 1e3]").expect("read");
        assert_eq!(versions["a"], ["2.10", "2.0", "1.0.0", "0x10", "1e3"]);
        let mut bomb = String::from("a: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let alias = format!("*a{}, ", level - 1).repeat(9);
            bomb.extend(["b: &a", &level.to_string(), " [", &alias, "]\n"]);
        }
        assert!(super::read::<serde_json::Value>(bomb.as_bytes()).is_err());
        assert!(super::read::<serde_json::Value>("[".repeat(10_000).as_bytes()).is_err());
        assert!(read("a: [").is_err());
    }
}
