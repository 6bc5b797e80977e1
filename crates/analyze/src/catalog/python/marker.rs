//! Dependency specifiers and their environment markers (PEP 508, "Dependency specifiers").
//!
//! An image tells not everything that a marker may ask: the machine, the kernel. So markers are judged
//! in three values, and what cannot be told counts as possibly true.

use std::collections::BTreeSet;

use plimsoll_model::package::Requirement;

use super::name::{is_name, normalized};
use super::version::{Version, fulfils};

/// The deepest nesting of parentheses that is judged. Real markers have at most three.
const MAX_DEPTH: usize = 32;

/// The most extras of one specifier that are read.
const MAX_EXTRAS: usize = 256;

/// Is a dependency specifier in its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Specifier<'a> {
    /// The name as written.
    pub(crate) name: &'a str,
    /// The extras asked for, as written, between the brackets.
    pub(crate) extras: &'a str,
    /// Version clauses (`>=1,<2`) without parentheses; `@ URL` for a direct reference.
    pub(crate) versions: &'a str,
    /// The marker; empty for none.
    pub(crate) marker: &'a str,
}

impl<'a> Specifier<'a> {
    /// Splits `name[extra] (>=1) ; marker`. `None` when it begins with no name or goes on with what
    /// no specifier has.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let end = text
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(end)?;
        if !is_name(name) {
            return None;
        }
        let rest = rest.trim_start();
        let (extras, rest) = match rest.strip_prefix('[') {
            Some(inner) => inner.split_once(']')?,
            None => ("", rest),
        };
        let rest = rest.trim();
        // In a direct reference a `;` belongs to the URL unless a blank stands before it.
        let (versions, marker) = if rest.starts_with('@') {
            rest.split_once(" ;").unwrap_or((rest, ""))
        } else {
            rest.split_once(';').unwrap_or((rest, ""))
        };
        let versions = versions.trim();
        let versions = match versions.strip_prefix('(') {
            Some(inner) => inner.strip_suffix(')').unwrap_or(inner).trim(),
            None => versions,
        };
        versions
            .chars()
            .next()
            .is_none_or(|c| matches!(c, '<' | '>' | '=' | '!' | '~' | '@'))
            .then_some(Self {
                name,
                extras,
                versions,
                marker: marker.trim(),
            })
    }

    /// Returns the extras asked for, normalised.
    pub(crate) fn extras(&self) -> impl Iterator<Item = String> + use<'a> {
        self.extras
            .split(',')
            .map(str::trim)
            .filter(|extra| !extra.is_empty())
            .take(MAX_EXTRAS)
            .map(normalized)
    }

    /// Makes a requirement: the name with its extras, the rest as constraint.
    pub(crate) fn requirement(&self) -> Requirement {
        let mut name = self.name.to_owned();
        if !self.extras.trim().is_empty() {
            name = format!("{name}[{}]", self.extras.trim());
        }
        let mut constraint = self.versions.to_owned();
        if !self.marker.is_empty() {
            if !constraint.is_empty() {
                constraint.push(' ');
            }
            constraint.push_str("; ");
            constraint.push_str(self.marker);
        }
        Requirement { name, constraint }
    }
}

/// Is what is known of the interpreter that runs an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interpreter {
    /// Major and minor version (`3.11`); the major alone where no more is known.
    pub(crate) version: Option<(u64, Option<u64>)>,
    /// The full version (`3.11.7`), where it is stated.
    pub(crate) full: Option<String>,
    /// Whether it is `PyPy`.
    pub(crate) pypy: bool,
}

/// Says whether a marker is true (`Some(true)`), false, or cannot be told.
pub(crate) fn judge(
    marker: &str,
    interpreter: &Interpreter,
    extras: &BTreeSet<String>,
) -> Option<bool> {
    if marker.is_empty() {
        return Some(true);
    }
    let mut parser = Parser {
        rest: marker,
        interpreter,
        extras,
    };
    // A marker that cannot be read to its end tells nothing.
    match parser.either(0) {
        Ok(value) if parser.rest.trim().is_empty() => value,
        _ => None,
    }
}

/// Says that a marker is not of the form of PEP 508.
struct Malformed;

/// Is one side of a comparison.
enum Value<'a> {
    Literal(&'a str),
    Variable(&'a str),
}

struct Parser<'a> {
    rest: &'a str,
    interpreter: &'a Interpreter,
    extras: &'a BTreeSet<String>,
}

impl<'a> Parser<'a> {
    fn either(&mut self, depth: usize) -> Result<Option<bool>, Malformed> {
        let mut value = self.both(depth)?;
        while self.word("or") {
            let right = self.both(depth)?;
            value = match (value, right) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
        }
        Ok(value)
    }

    fn both(&mut self, depth: usize) -> Result<Option<bool>, Malformed> {
        let mut value = self.one(depth)?;
        while self.word("and") {
            let right = self.one(depth)?;
            value = match (value, right) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        Ok(value)
    }

    fn one(&mut self, depth: usize) -> Result<Option<bool>, Malformed> {
        self.rest = self.rest.trim_start();
        if let Some(inner) = self.rest.strip_prefix('(') {
            if depth >= MAX_DEPTH {
                return Err(Malformed);
            }
            self.rest = inner;
            let value = self.either(depth + 1)?;
            self.rest = self.rest.trim_start().strip_prefix(')').ok_or(Malformed)?;
            return Ok(value);
        }
        let left = self.value()?;
        let operator = self.operator()?;
        let right = self.value()?;
        Ok(self.compare(&left, operator, &right))
    }

    /// Takes a keyword if it comes next.
    fn word(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start();
        let Some(after) = rest.strip_prefix(word) else {
            return false;
        };
        if after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            return false;
        }
        self.rest = after;
        true
    }

    fn value(&mut self) -> Result<Value<'a>, Malformed> {
        let rest = self.rest.trim_start();
        for quote in ['"', '\''] {
            if let Some(inner) = rest.strip_prefix(quote) {
                let (literal, after) = inner.split_once(quote).ok_or(Malformed)?;
                self.rest = after;
                return Ok(Value::Literal(literal));
            }
        }
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.')))
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end).ok_or(Malformed)?;
        if name.is_empty() {
            return Err(Malformed);
        }
        self.rest = after;
        Ok(Value::Variable(name))
    }

    fn operator(&mut self) -> Result<&'static str, Malformed> {
        self.rest = self.rest.trim_start();
        // The longer before what it begins with.
        for operator in ["===", "==", "~=", "!=", "<=", ">=", "<", ">"] {
            if let Some(after) = self.rest.strip_prefix(operator) {
                self.rest = after;
                return Ok(operator);
            }
        }
        if self.word("in") {
            return Ok("in");
        }
        if self.word("not") && self.word("in") {
            return Ok("not in");
        }
        Err(Malformed)
    }

    fn compare(&self, left: &Value<'_>, operator: &'static str, right: &Value<'_>) -> Option<bool> {
        match (left, right) {
            (Value::Variable(name), Value::Literal(literal)) => self.test(name, operator, literal),
            (Value::Literal(literal), Value::Variable(name)) => match operator {
                // `"linux" in sys_platform`: the literal is what is looked for.
                "in" => self.text(name).map(|text| text.contains(literal)),
                "not in" => self.text(name).map(|text| !text.contains(literal)),
                operator => self.test(name, mirrored(operator), literal),
            },
            _ => None,
        }
    }

    /// Judges `variable operator literal`.
    fn test(&self, name: &str, operator: &str, literal: &str) -> Option<bool> {
        match name {
            // PEP 508 for one extra, PEP 751 for the set of them: here several may be active.
            "extra" | "extras" => {
                let asked = self.extras.contains(&normalized(literal));
                match operator {
                    "==" | "===" | "in" => Some(asked),
                    "!=" | "not in" => Some(!asked),
                    _ => None,
                }
            }
            "python_version" => {
                let (major, minor) = self.interpreter.version?;
                let Some(minor) = minor else {
                    return major_only(major, operator, literal);
                };
                let own = format!("{major}.{minor}");
                match operator {
                    "in" => Some(listed(&own, literal)),
                    "not in" => Some(!listed(&own, literal)),
                    _ => fulfils(&Version::parse(&own)?, operator, literal),
                }
            }
            "python_full_version" | "implementation_version" => {
                if name == "implementation_version" && self.interpreter.pypy {
                    return None;
                }
                if let Some(full) = &self.interpreter.full {
                    return fulfils(&Version::parse(full)?, operator, literal);
                }
                let (major, minor) = self.interpreter.version?;
                let Some(minor) = minor else {
                    return major_only(major, operator, literal);
                };
                // Known is the minor version: told is what holds for its first and its last patch.
                let at = |patch: &str| {
                    let own = Version::parse(&format!("{major}.{minor}.{patch}"))?;
                    fulfils(&own, operator, literal)
                };
                let (first, last) = (at("0")?, at("99999")?);
                let exact = matches!(operator, "==" | "===" | "!=") && !literal.ends_with('*');
                match (first == last, exact) {
                    (true, false) => Some(first),
                    // Equality may hold for one patch between the two: only another minor rules it out.
                    (true, true) => {
                        let near = format!("{major}.{minor}.*");
                        let same = fulfils(&Version::parse(literal)?, "==", &near)?;
                        (!same).then_some(first)
                    }
                    (false, _) => None,
                }
            }
            name => {
                let own = self.text(name)?;
                match operator {
                    "==" | "===" => Some(own == literal),
                    "!=" => Some(own != literal),
                    "in" => Some(literal.contains(own)),
                    "not in" => Some(!literal.contains(own)),
                    _ => None,
                }
            }
        }
    }

    /// Returns a variable's value in an image of Linux; `None` where it cannot be told.
    fn text(&self, name: &str) -> Option<&'static str> {
        let pypy = self.interpreter.pypy;
        Some(match name {
            "os_name" | "os.name" => "posix",
            "sys_platform" | "sys.platform" => "linux",
            "platform_system" => "Linux",
            "platform_python_implementation"
            | "python_implementation"
            | "platform.python_implementation" => {
                if pypy {
                    "PyPy"
                } else {
                    "CPython"
                }
            }
            "implementation_name" => {
                if pypy {
                    "pypy"
                } else {
                    "cpython"
                }
            }
            _ => return None,
        })
    }
}

/// Judges a version of Python when only the major one is known: what holds for its first and its
/// last minor version.
fn major_only(major: u64, operator: &str, literal: &str) -> Option<bool> {
    if !matches!(operator, "<" | "<=" | ">" | ">=") {
        return None;
    }
    let at = |minor: &str| {
        let own = Version::parse(&format!("{major}.{minor}"))?;
        fulfils(&own, operator, literal)
    };
    let (first, last) = (at("0")?, at("99999")?);
    (first == last).then_some(first)
}

/// Says whether a version stands in a list of words (`"2.7, 3.8"`). Substrings of words are meant by
/// nobody, though the text of PEP 508 would have them.
fn listed(own: &str, literal: &str) -> bool {
    literal
        .split(|c: char| c == ',' || c == '|' || c.is_whitespace())
        .any(|word| word == own)
}

/// Returns the operator that says the same with its sides exchanged.
fn mirrored(operator: &'static str) -> &'static str {
    match operator {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifiers_part() {
        let cases = [
            ("requests", "requests|||"),
            (
                "requests [socks,security] (>=2,<3) ; extra == 'x'",
                "requests|socks,security|>=2,<3|extra == 'x'",
            ),
            ("a.b>=1;python_version<'3'", "a.b||>=1|python_version<'3'"),
            (
                "pip @ https://h/p.zip;x ; os_name == 'nt'",
                "pip||@ https://h/p.zip;x|os_name == 'nt'",
            ),
        ];
        for (text, want) in cases {
            let s = Specifier::parse(text).unwrap();
            let got = format!("{}|{}|{}|{}", s.name, s.extras, s.versions, s.marker);
            assert_eq!(got, want);
        }
        for bad in ["", ">=1", "two words", "a[b", "-e ."] {
            assert_eq!(Specifier::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn markers_are_judged_in_three_values() {
        let interpreter = Interpreter {
            version: Some((3, Some(11))),
            full: None,
            pypy: false,
        };
        let extras: BTreeSet<String> = ["socks".to_owned()].into();
        let (yes, no, unknown) = (Some(true), Some(false), None);
        let cases = [
            ("", yes),
            ("python_version < '3.8'", no),
            ("'3.8' <= python_version", yes),
            ("python_version == '3.*'", yes),
            ("python_version in '2.7, 3.11'", yes),
            ("python_version not in '3.1'", yes),
            ("python_full_version >= '3.11.0a7'", yes),
            ("python_full_version < '3.11.4'", unknown),
            ("python_full_version == '3.11.4'", unknown),
            ("python_full_version != '3.10.4'", yes),
            ("sys_platform == \"win32\"", no),
            ("'linux' in sys_platform and extra == 'SOCKS'", yes),
            ("extra == 'other'", no),
            ("platform_machine == 'x86_64'", unknown),
            (
                "platform_machine == 'x86_64' and sys_platform == 'darwin'",
                no,
            ),
            ("platform_machine == 'x86_64' or os_name == 'posix'", yes),
            (
                "(os_name == 'nt' or os_name == 'posix') and extra == 'socks'",
                yes,
            ),
            ("platform_python_implementation == 'PyPy'", no),
            ("python_version <", unknown),
            ("os_name == 'posix' nonsense", unknown),
        ];
        for (marker, want) in cases {
            assert_eq!(judge(marker, &interpreter, &extras), want, "{marker}");
        }
        let deep = format!("{}os_name == 'nt'{}", "(".repeat(5000), ")".repeat(5000));
        assert_eq!(judge(&deep, &interpreter, &extras), None);
        let three = Interpreter {
            version: Some((3, None)),
            ..Interpreter::default()
        };
        assert_eq!(judge("python_version < '3'", &three, &extras), no);
        assert_eq!(judge("python_version < '3.8'", &three, &extras), unknown);
    }
}
