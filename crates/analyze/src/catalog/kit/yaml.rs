//! Reading YAML within the bounds of its reader (events, levels, aliases), as the values of JSON.

use serde_json::Value;

use crate::catalog::damage::Damage;

/// Reads a document. `None`, with the reason noted, when it is none.
pub(crate) fn parse(bytes: &[u8], damage: &mut Damage) -> Option<Value> {
    let text = String::from_utf8_lossy(bytes);
    match serde_saphyr::from_str(&text) {
        Ok(value) => Some(value),
        Err(error) => {
            damage.note(|| {
                let message = error.to_string();
                let first = message.lines().next().unwrap_or_default();
                format!("is no valid YAML: {first}")
            });
            None
        }
    }
}
