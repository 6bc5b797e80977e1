//! Reading the literals of a Lua program (Lua reference manual, "Lexical conventions" and "Table
//! constructors") without executing it.

/// The most levels of tables in tables.
const MAX_DEPTH: usize = 32;

/// Is a literal.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A table: members with their keys, in order; members of a list have none.
    Table(Vec<(Option<String>, Value)>),
    /// Anything else: numbers, and what would have to be executed.
    Other,
}

impl Value {
    /// Returns the last member of a key: a later assignment replaces an earlier one.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let Self::Table(members) = self else {
            return None;
        };
        let found = members
            .iter()
            .rev()
            .find(|(name, _)| name.as_deref() == Some(key));
        found.map(|(_, value)| value)
    }

    /// Returns the text at a path of keys; empty where there is none.
    pub fn text(&self, keys: &[&str]) -> &str {
        match keys.iter().try_fold(self, |value, key| value.get(key)) {
            Some(Self::Text(text)) => text,
            _ => "",
        }
    }

    /// Returns the texts that are members of a list.
    pub fn texts(&self) -> Vec<&str> {
        let Self::Table(members) = self else {
            return Vec::new();
        };
        let texts = members
            .iter()
            .filter_map(|(key, value)| match (key, value) {
                (None, Value::Text(text)) => Some(text.as_str()),
                _ => None,
            });
        texts.collect()
    }
}

/// Reads the assignments of a program (`name = literal`) as one table. Assignments inside of functions
/// and conditions are read like the others: rockspecs have none.
pub fn assignments(bytes: &[u8]) -> Value {
    let mut reader = Reader { bytes, at: 0 };
    let mut members = Vec::new();
    let mut name: Option<String> = None;
    while let Some(token) = reader.token() {
        name = match (token, name) {
            (Token::Word(word), _) => Some(word),
            (Token::Mark(b'='), Some(name)) => {
                let value = reader.value(0);
                members.push((Some(name), value));
                None
            }
            _ => None,
        };
    }
    Value::Table(members)
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Mark(u8),
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn run(&mut self, fits: impl Fn(u8) -> bool) -> &'a [u8] {
        crate::catalog::kit::run(self.bytes, &mut self.at, fits)
    }

    /// Looks at the next token without taking it.
    fn ahead(&mut self) -> Option<Token> {
        let at = self.at;
        let token = self.token();
        self.at = at;
        token
    }

    fn token(&mut self) -> Option<Token> {
        loop {
            self.run(|byte| byte.is_ascii_whitespace());
            if (self.peek(0)?, self.peek(1)) != (b'-', Some(b'-')) {
                break;
            }
            self.at += 2;
            if self.long_bracket().is_none() {
                self.run(|byte| byte != b'\n');
            }
        }
        let first = self.peek(0)?;
        if first.is_ascii_alphanumeric() || first == b'_' {
            let word = self.run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
            return Some(Token::Word(String::from_utf8_lossy(word).into_owned()));
        }
        if matches!(first, b'"' | b'\'') {
            return Some(Token::Text(self.quoted(first)));
        }
        if first == b'['
            && let Some(text) = self.long_bracket()
        {
            return Some(Token::Text(text));
        }
        self.at += 1;
        Some(Token::Mark(first))
    }

    fn quoted(&mut self, quote: u8) -> String {
        self.at += 1;
        let mut raw = Vec::new();
        loop {
            raw.extend_from_slice(self.run(|byte| byte != quote && byte != b'\\'));
            match self.peek(0) {
                Some(b'\\') => {
                    raw.extend(self.peek(1));
                    self.at += 2;
                }
                Some(_) => {
                    self.at += 1;
                    break;
                }
                None => break,
            }
        }
        String::from_utf8_lossy(&raw).into_owned()
    }

    /// Reads `[[…]]` or `[==[…]==]`; leaves everything in place when there is none.
    fn long_bracket(&mut self) -> Option<String> {
        let rest = self.bytes.get(self.at..)?.strip_prefix(b"[")?;
        let level = rest.iter().take_while(|byte| **byte == b'=').count();
        let inner = rest.get(level..)?.strip_prefix(b"[")?;
        let close = [&b"]"[..], &b"=".repeat(level), b"]"].concat();
        let end = memchr::memmem::find(inner, &close);
        let text = inner.get(..end.unwrap_or(inner.len()))?;
        self.at += 2 + level + text.len() + end.map_or(0, |_| close.len());
        let text = text.strip_prefix(b"\n").unwrap_or(text);
        Some(String::from_utf8_lossy(text).into_owned())
    }

    /// Reads a value; what follows an operator makes it no literal.
    fn value(&mut self, depth: usize) -> Value {
        let value = match self.token() {
            Some(Token::Text(text)) => Value::Text(text),
            Some(Token::Mark(b'{')) if depth < MAX_DEPTH => self.table(depth),
            _ => Value::Other,
        };
        match self.ahead() {
            Some(Token::Mark(b'.' | b'+' | b'*' | b'/' | b'%' | b'(' | b':' | b'[')) => {
                Value::Other
            }
            _ => value,
        }
    }

    fn table(&mut self, depth: usize) -> Value {
        let mut members = Vec::new();
        loop {
            let at = self.at;
            let key = match self.token() {
                None | Some(Token::Mark(b'}')) => return Value::Table(members),
                Some(Token::Mark(b',' | b';')) => continue,
                Some(Token::Word(word)) if self.ahead() == Some(Token::Mark(b'=')) => {
                    self.token();
                    Some(word)
                }
                // `["key"] = value`
                Some(Token::Mark(b'[')) => match self.token() {
                    Some(Token::Text(key)) => {
                        self.token();
                        self.token();
                        Some(key)
                    }
                    _ => continue,
                },
                Some(_) => {
                    self.at = at;
                    None
                }
            };
            let value = self.value(depth + 1);
            members.push((key, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_and_nothing_else() {
        let spec = assignments(
            br#"-- comment package = "no"
            --[[ package = "no" ]]
            package = 'a\'b'
            version = "1." .. minor
            description = { summary = [==[ x ]] ]==], ["license"] = "MIT", n = 1 }
            dependencies = { "lua >= 5.1", "b ~> 1"; "c" .. d }"#,
        );
        assert_eq!(spec.text(&["package"]), "a'b");
        assert_eq!(spec.get("version"), Some(&Value::Other));
        assert_eq!(spec.text(&["description", "license"]), "MIT");
        assert_eq!(
            spec.get("dependencies").unwrap().texts()[..2],
            ["lua >= 5.1", "b ~> 1"]
        );
    }

    #[test]
    fn hostile_programs_end() {
        for text in [
            "a = {",
            "a = [[",
            "a = \"",
            "--[==[",
            "a = {[",
            "a = {[\"b\"",
            "\\",
        ] {
            assignments(text.as_bytes());
        }
        assignments(&b"a={".repeat(100_000));
        assignments(&b"{".repeat(1_000_000));
    }
}
