//! Scanning stanzas of `Name: value` fields (deb822(5)): the form of dpkg's and apt's databases and
//! of machine-readable copyright files.
//!
//! Nothing is copied: names and values are slices of the input. A value is everything after the
//! colon, continuation lines included, as written. Line ends may be `\n` or `\r\n`.

use super::damage::Damage;

/// The most fields of one stanza that are kept. dpkg's own have some 30.
const MAX_FIELDS: usize = 1024;

/// Is one field of a stanza.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    /// The name as written; compared without regard to case.
    pub(crate) name: &'a [u8],
    /// The value, blanks around it removed. Holds line ends when the field is folded.
    pub(crate) value: &'a [u8],
}

/// Is one stanza.
#[derive(Debug, Default)]
pub(crate) struct Stanza<'a> {
    /// The line of its first field, counted from 1.
    pub(crate) line: u64,
    /// Its fields in order.
    pub(crate) fields: Vec<Field<'a>>,
}

impl<'a> Stanza<'a> {
    /// Returns the value of the first field of a name; empty when there is none.
    pub(crate) fn get(&self, name: &str) -> &'a [u8] {
        self.fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))
            .map_or(&[], |field| field.value)
    }
}

/// Walks the stanzas of a file.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Scanner<'a> {
    /// Starts at the first byte of a file.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes: bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes),
            at: 0,
            line: 0,
        }
    }

    /// Reads the next stanza into `stanza`, whose buffer is used again. Returns `false` at the end.
    ///
    /// Lines that are no field (no colon, a continuation of nothing, NUL bytes) are noted and left
    /// out; the stanza goes on with the next line.
    pub(crate) fn next(&mut self, stanza: &mut Stanza<'a>, damage: &mut Damage) -> bool {
        stanza.fields.clear();
        let mut started = false;
        // Where the value of the field begins that a continuation line continues.
        let mut value_start = None;
        while let Some((start, line)) = self.take_line() {
            let number = self.line;
            if line.is_empty() {
                if started {
                    return true;
                }
                continue;
            }
            if !started {
                started = true;
                stanza.line = number;
            }
            if matches!(line.first(), Some(b' ' | b'\t')) && !line.contains(&0) {
                match (value_start, stanza.fields.last_mut()) {
                    (Some(from), Some(field)) => {
                        let end = start + line.len();
                        field.value = self.bytes.get(from..end).unwrap_or_default().trim_ascii();
                    }
                    _ if line.trim_ascii().is_empty() => {}
                    _ => damage.note(|| format!("line {number}: continues no field")),
                }
                continue;
            }
            if line.first() == Some(&b'#') {
                continue;
            }
            value_start = None;
            if line.contains(&0) {
                damage.note(|| format!("line {number}: holds NUL bytes and was left out"));
                continue;
            }
            let colon = line.iter().position(|byte| *byte == b':');
            let Some((name, value)) = colon.and_then(|colon| line.split_at_checked(colon)) else {
                damage.note(|| format!("line {number}: expected `Name: value`, got no colon"));
                continue;
            };
            let name_bytes = name.len();
            let name = name.trim_ascii();
            if name.is_empty() {
                damage.note(|| format!("line {number}: expected a field name before the colon"));
                continue;
            }
            if stanza.fields.len() >= MAX_FIELDS {
                damage.limit(|| {
                    format!("line {number}: the stanza has more than {MAX_FIELDS} fields")
                });
                continue;
            }
            stanza.fields.push(Field {
                name,
                value: value.get(1..).unwrap_or_default().trim_ascii(),
            });
            value_start = Some(start + name_bytes + 1);
        }
        started
    }

    /// Takes a line; returns where it begins and the line without its end.
    fn take_line(&mut self) -> Option<(usize, &'a [u8])> {
        let start = self.at;
        let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(rest.len());
        self.at = start + length + 1;
        self.line += 1;
        let line = rest.get(..length)?;
        Some((start, line.strip_suffix(b"\r").unwrap_or(line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &[u8]) -> (Vec<Vec<(String, String)>>, Vec<String>) {
        let mut damage = Damage::default();
        let mut scanner = Scanner::new(text);
        let mut stanza = Stanza::default();
        let mut all = Vec::new();
        let owned = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        while scanner.next(&mut stanza, &mut damage) {
            let fields = stanza.fields.iter();
            all.push(fields.map(|f| (owned(f.name), owned(f.value))).collect());
        }
        let details = damage.finish().into_iter().map(|issue| issue.detail);
        (all, details.collect())
    }

    #[test]
    fn fields_fold_and_stanzas_part() {
        let (stanzas, issues) = scan(b"\n\nA: 1\r\nB:\r\n x\r\n .\r\n y\r\n\r\n\nC:3");
        assert_eq!(issues, Vec::<String>::new());
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            stanzas,
            [
                vec![pair("A", "1"), pair("B", "x\r\n .\r\n y")],
                vec![pair("C", "3")]
            ]
        );
    }

    #[test]
    fn damage_is_noted_with_its_line_and_the_rest_is_read() {
        let (stanzas, issues) = scan(b" lost\nA: 1\nno colon\n: x\nB: 2\0\n after\nC: 3\n");
        assert_eq!(stanzas.len(), 1);
        assert_eq!(stanzas[0].len(), 2);
        assert_eq!(
            issues,
            [
                "line 1: continues no field",
                "line 3: expected `Name: value`, got no colon",
                "line 4: expected a field name before the colon",
                "line 5: holds NUL bytes and was left out",
                "line 6: continues no field",
            ]
        );
    }
}
