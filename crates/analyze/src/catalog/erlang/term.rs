//! Reading terms of Erlang (`*.app`, `rebar.lock`, `hex_metadata.config`) and literals of Elixir
//! (`mix.lock`). Nothing is evaluated.
//!
//! What cannot be read ends the reading; what came before is kept, so that a file of which the end is
//! damaged still says what it is.

/// The most levels of terms in terms.
const MAX_DEPTH: usize = 64;

/// The most terms of one file.
const MAX_TERMS: usize = 1_000_000;

/// Is a term.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// An atom or variable.
    Atom(String),
    /// A text: list of characters, binary or string.
    Text(String),
    /// A number, as written.
    Number(String),
    /// A tuple; a pair of a map or keyword list is one of two.
    Tuple(Vec<Term>),
    /// A list.
    List(Vec<Term>),
    /// A map: its pairs as tuples.
    Map(Vec<Term>),
}

impl Term {
    /// Returns the text of an atom or text.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Atom(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the members of a tuple, list or map.
    pub fn items(&self) -> &[Term] {
        match self {
            Self::Tuple(items) | Self::List(items) | Self::Map(items) => items,
            _ => &[],
        }
    }

    /// Returns the value of the first pair of a key among the members.
    pub fn get(&self, key: &str) -> Option<&Term> {
        self.items().iter().find_map(|item| match item {
            Self::Tuple(pair) => match pair.as_slice() {
                [name, value] if name.name() == Some(key) => Some(value),
                _ => None,
            },
            _ => None,
        })
    }
}

/// Is the language that terms are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `%` begins a comment, `'a'` is an atom, `.` ends a term.
    Erlang,
    /// `#` begins a comment, `%{` a map, `:a` is an atom.
    Elixir,
}

/// Is what was read.
#[derive(Debug, Default)]
pub struct Terms {
    /// The terms, the last perhaps in part.
    pub terms: Vec<Term>,
    /// What ended the reading early.
    pub problem: Option<String>,
}

/// Reads all terms of a file.
pub fn read(bytes: &[u8], language: Language) -> Terms {
    let mut reader = Reader {
        bytes,
        at: 0,
        count: 0,
        language,
        problem: None,
    };
    let mut terms = Vec::new();
    loop {
        reader.skip_blanks();
        if reader.at >= bytes.len() || reader.problem.is_some() {
            break;
        }
        if reader.peek(0) == Some(b'.') {
            reader.at += 1;
            continue;
        }
        terms.extend(reader.term(0));
    }
    Terms {
        terms,
        problem: reader.problem,
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    count: usize,
    language: Language,
    problem: Option<String>,
}

impl<'a> Reader<'a> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn fail(&mut self, expected: &str) {
        if self.problem.is_none() {
            self.problem = Some(format!("byte {}: expected {expected}", self.at));
        }
    }

    fn run(&mut self, fits: impl Fn(u8) -> bool) -> &'a [u8] {
        crate::catalog::kit::run(self.bytes, &mut self.at, fits)
    }

    fn skip_blanks(&mut self) {
        loop {
            self.run(|byte| byte.is_ascii_whitespace());
            let sign = match self.language {
                Language::Erlang => b'%',
                Language::Elixir => b'#',
            };
            let comment = self.peek(0) == Some(sign);
            if !comment {
                return;
            }
            self.run(|byte| byte != b'\n');
        }
    }

    fn term(&mut self, depth: usize) -> Option<Term> {
        self.count += 1;
        if depth > MAX_DEPTH || self.count > MAX_TERMS {
            self.fail("fewer or less nested terms");
            return None;
        }
        self.skip_blanks();
        match (self.peek(0), self.peek(1)) {
            (Some(b'{'), _) => Some(Term::Tuple(self.items(1, b'}', depth))),
            (Some(b'['), _) => Some(Term::List(self.items(1, b']', depth))),
            (Some(b'%' | b'#'), Some(b'{')) => Some(Term::Map(self.items(2, b'}', depth))),
            (Some(b'<'), Some(b'<')) => self.binary(),
            (Some(b'"'), _) => {
                let mut text = self.quoted(b'"');
                // Texts side by side are one.
                loop {
                    self.skip_blanks();
                    if self.peek(0) != Some(b'"') || self.problem.is_some() {
                        break;
                    }
                    text.push_str(&self.quoted(b'"'));
                }
                Some(Term::Text(text))
            }
            (Some(b'\''), _) => {
                let text = self.quoted(b'\'');
                Some(match self.language {
                    Language::Erlang => Term::Atom(text),
                    Language::Elixir => Term::Text(text),
                })
            }
            (Some(b':'), Some(b'"')) => {
                self.at += 1;
                Some(Term::Atom(self.quoted(b'"')))
            }
            (Some(b':'), Some(_)) => {
                self.at += 1;
                self.word()
            }
            (Some(b'$'), Some(_)) => {
                self.at += if self.peek(1) == Some(b'\\') { 3 } else { 2 };
                Some(Term::Number("$".to_owned()))
            }
            _ => self.word(),
        }
    }

    /// Reads an atom, a variable or a number.
    fn word(&mut self) -> Option<Term> {
        let first = self.peek(0);
        let negative = matches!(first, Some(b'-' | b'+'));
        let digit = if negative { self.peek(1) } else { first };
        if digit.is_some_and(|byte| byte.is_ascii_digit()) {
            let start = self.at;
            self.at += usize::from(negative);
            self.run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'#' | b'_'));
            let fraction = self.peek(1).is_some_and(|byte| byte.is_ascii_digit());
            if self.peek(0) == Some(b'.') && fraction {
                self.at += 1;
                self.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'_'));
            }
            let number = self.bytes.get(start..self.at).unwrap_or_default();
            return Some(Term::Number(String::from_utf8_lossy(number).into_owned()));
        }
        let word = self.run(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'@' | b'?' | b'!')
                || byte >= 0x80
        });
        if word.is_empty() {
            self.fail("a term");
            return None;
        }
        Some(Term::Atom(String::from_utf8_lossy(word).into_owned()))
    }

    /// Reads members up to the closing sign; the opening one is `open` bytes long.
    fn items(&mut self, open: usize, close: u8, depth: usize) -> Vec<Term> {
        self.at += open;
        let mut items = Vec::new();
        loop {
            self.skip_blanks();
            match self.peek(0) {
                Some(byte) if byte == close => {
                    self.at += 1;
                    return items;
                }
                Some(b',') if !items.is_empty() => self.at += 1,
                None => self.fail("a closing sign"),
                Some(_) => {
                    if let Some(item) = self.term(depth + 1) {
                        let item = self.pair(item, depth);
                        items.push(item);
                    }
                }
            }
            if self.problem.is_some() {
                return items;
            }
        }
    }

    /// Makes a pair of a term that `=>` or, in Elixir, a colon follows.
    fn pair(&mut self, key: Term, depth: usize) -> Term {
        if self.problem.is_some() {
            return key;
        }
        let colon = self.language == Language::Elixir && self.peek(0) == Some(b':');
        if colon {
            self.at += 1;
        } else {
            self.skip_blanks();
            if !self
                .bytes
                .get(self.at..)
                .unwrap_or_default()
                .starts_with(b"=>")
            {
                return key;
            }
            self.at += 2;
        }
        let value = self.term(depth + 1);
        Term::Tuple(std::iter::once(key).chain(value).collect())
    }

    /// Reads `<<"text">>` or `<<1, 2>>`; of the latter nothing is kept.
    fn binary(&mut self) -> Option<Term> {
        self.at += 2;
        let mut text = String::new();
        loop {
            self.skip_blanks();
            match (self.peek(0), self.peek(1)) {
                (Some(b'>'), Some(b'>')) => {
                    self.at += 2;
                    return Some(Term::Text(text));
                }
                (Some(b'"'), _) => text.push_str(&self.quoted(b'"')),
                (Some(_), Some(_)) => self.at += 1,
                _ => self.fail("the end of a binary"),
            }
            if self.problem.is_some() {
                return None;
            }
        }
    }

    /// Reads up to the closing quote; the next byte is the opening one.
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
                None => {
                    self.fail("a closing quote");
                    break;
                }
            }
        }
        String::from_utf8_lossy(&raw).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_of_both_languages_are_read() {
        let text = br#"%% comment
            {application, 'a b', [{vsn, "1." "2"}, {n, -1.5e3}, {c, $"}, {b, <<"x"/utf8>>}, {m, #{k => 16#ff}}]}."#;
        let found = read(text, Language::Erlang);
        assert_eq!(found.problem, None);
        let [Term::Tuple(parts)] = found.terms.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(parts[1].name(), Some("a b"));
        assert_eq!(parts[2].get("vsn"), Some(&Term::Text("1.2".to_owned())));
        assert_eq!(parts[2].get("b").unwrap().name(), Some("x"));
        assert_eq!(
            parts[2].get("m").unwrap().get("k"),
            Some(&Term::Number("16#ff".to_owned()))
        );

        let text = br#"# comment
            %{"a": {:hex, :a, "1.0", [hex: :a, optional: false]}, "b" => nil}"#;
        let found = read(text, Language::Elixir);
        assert_eq!(found.problem, None);
        let map = &found.terms[0];
        assert_eq!(
            map.get("a").unwrap().items()[3].get("hex").unwrap().name(),
            Some("a")
        );
        assert_eq!(map.get("b").unwrap().name(), Some("nil"));
    }

    #[test]
    fn damaged_and_hostile_terms_end_and_keep_what_came_before() {
        let found = read(b"{application, a, [{vsn, \"1.0\"}, {x, ", Language::Erlang);
        assert!(found.problem.is_some());
        assert_eq!(
            found.terms[0].items()[2].get("vsn").unwrap().name(),
            Some("1.0")
        );
        for text in [
            "{", "<<", "\"", "'", "$", ":", "%{", "#{a=>", ")", "a:", "[a|b]",
        ] {
            read(text.as_bytes(), Language::Erlang);
            read(text.as_bytes(), Language::Elixir);
        }
        let found = read(&b"[".repeat(1_000_000), Language::Erlang);
        assert!(found.problem.is_some());
    }
}
