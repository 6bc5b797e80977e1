//! Reading what is literal in a gemspec, without executing it.
//!
//! `RubyGems` writes a gemspec of its own for every gem that it installs (`Gem::Specification#to_ruby`):
//! assignments of literal values, one per line, after a comment `# stub: NAME VERSION PLATFORM PATHS`.
//! Those are read in full. Of one that a person wrote, what is literal is read.

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;

use crate::catalog::kit::{license, looks_like_version, property, requirement};

/// The most tokens of one file that are looked at.
const MAX_TOKENS: usize = 500_000;

/// The most gems that one gem requires.
const MAX_DEPENDENCIES: usize = 1000;

/// Reads a gemspec. `stem` is the file's name without ending, `checkout` the folder of a repository
/// that bundler checked out. `None` when neither text nor name says what it is.
pub(super) fn read(bytes: &[u8], stem: &str, checkout: Option<&[u8]>) -> Option<Package> {
    let mut spec = Spec::default();
    let tokens = Tokens::new(bytes).take(MAX_TOKENS).collect::<Vec<_>>();
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        rest = after;
        if let (Token::Word(_), [Token::Mark(b'.'), Token::Word(name), value @ ..]) = (first, after)
        {
            spec.take(name, value);
        }
    }
    let stub = stub(bytes);
    let named = if checkout.is_none() {
        split_stem(stem)
    } else {
        None
    };
    let stated = |literal: &str, stub: Option<&str>, file: Option<&str>| {
        let literal = Some(literal).filter(|text| !text.is_empty());
        literal.or(stub).or(file).map(str::to_owned)
    };
    let field = |index: usize| stub.as_ref().and_then(|fields| fields.get(index).copied());
    let name = stated(&spec.name, field(0), named.map(|(name, _, _)| name));
    let version = stated(
        &spec.version,
        field(1),
        named.map(|(_, version, _)| version),
    );
    let platform = stated(
        &spec.platform,
        field(2),
        named.map(|(_, _, platform)| platform),
    );
    let (name, version) = match (name, version, checkout) {
        (Some(name), Some(version), _) => (name, version),
        (name, version, Some(_)) => (
            name.unwrap_or_else(|| stem.to_owned()),
            version.unwrap_or_default(),
        ),
        _ => return None,
    };
    let mut package = Package::new(PackageKind::Gem, "", "");
    let wanted = requirement(&name, &version);
    (package.name, package.version) = (wanted.name, wanted.constraint);
    for value in &spec.licenses {
        license(&mut package, value);
    }
    for (name, constraint) in &spec.dependencies {
        let wanted = vec![requirement(name, constraint)];
        if !package.requires.contains(&wanted) {
            package.requires.push(wanted);
        }
    }
    property(&mut package, "homepage", &spec.homepage);
    property(&mut package, "required_ruby_version", &spec.ruby);
    if let Some(platform) = platform.filter(|platform| platform != "ruby") {
        property(&mut package, "platform", &platform);
    }
    if let Some(folder) = checkout {
        let folder = String::from_utf8_lossy(folder);
        property(&mut package, "source", "git");
        if let Some((_, revision)) = folder.rsplit_once('-') {
            property(&mut package, "revision", revision);
        }
    }
    Some(package)
}

/// Is what was read of a gemspec.
#[derive(Default)]
struct Spec {
    name: String,
    version: String,
    platform: String,
    homepage: String,
    ruby: String,
    licenses: Vec<String>,
    dependencies: Vec<(String, String)>,
}

impl Spec {
    /// Takes an attribute `.NAME` and the tokens after it.
    fn take(&mut self, name: &str, after: &[Token<'_>]) {
        if matches!(name, "add_dependency" | "add_runtime_dependency") {
            let arguments = after.strip_prefix(&[Token::Mark(b'(')]).unwrap_or(after);
            if let Some([name, constraints @ ..]) = values(arguments).as_deref()
                && self.dependencies.len() < MAX_DEPENDENCIES
            {
                self.dependencies
                    .push((name.clone(), constraints.join(", ")));
            }
            return;
        }
        let [Token::Mark(b'='), value @ ..] = after else {
            return;
        };
        let Some(values) = values(value) else {
            return;
        };
        let first = || values.first().cloned().unwrap_or_default();
        match name {
            "name" => self.name = first(),
            "version" => self.version = first(),
            "platform" => self.platform = first(),
            "homepage" => self.homepage = first(),
            "required_ruby_version" => self.ruby = values.join(", "),
            "license" | "licenses" => self.licenses = values,
            _ => {}
        }
    }
}

/// Reads a literal: a text, a list, or either inside of `Gem::Version.new(…)` and the like; several
/// with commas between them (arguments). `None` for what would have to be executed.
fn values(tokens: &[Token<'_>]) -> Option<Vec<String>> {
    let mut out = Vec::new();
    let mut rest = tokens;
    loop {
        rest = match rest {
            [Token::Text(text), after @ ..] => {
                out.push(text.clone()?);
                after
            }
            [Token::Words(words), after @ ..] => {
                out.extend(words.iter().cloned());
                after
            }
            // `Gem::Version.new(` and `Gem::Requirement.new(`.
            [
                Token::Word("Gem"),
                Token::Mark(b':'),
                Token::Mark(b':'),
                Token::Word("Version" | "Requirement"),
                Token::Mark(b'.'),
                Token::Word("new"),
                Token::Mark(b'('),
                after @ ..,
            ]
            | [Token::Mark(b'['), after @ ..] => {
                rest = after;
                continue;
            }
            _ => return None,
        };
        while let [Token::Mark(b'.'), Token::Word("freeze"), after @ ..]
        | [Token::Mark(b']' | b')'), after @ ..] = rest
        {
            rest = after;
        }
        match rest {
            [Token::Mark(b','), Token::Line, after @ ..] | [Token::Mark(b','), after @ ..] => {
                rest = after;
            }
            []
            | [
                Token::Line | Token::Word("if" | "unless") | Token::Mark(b';' | b'}'),
                ..,
            ] => {
                return Some(out);
            }
            _ => return None,
        }
    }
}

/// Is one token of Ruby, as far as literals need it.
#[derive(Debug, PartialEq)]
enum Token<'a> {
    /// A name or number.
    Word(&'a str),
    /// A text; `None` when it holds what would have to be evaluated.
    Text(Option<String>),
    /// `%w[a b]`.
    Words(Vec<String>),
    /// Any other sign.
    Mark(u8),
    /// The end of a line.
    Line,
}

/// Walks the tokens of a file.
struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// Takes bytes as long as they fit.
    fn run(&mut self, fits: impl Fn(u8) -> bool) -> &'a [u8] {
        crate::catalog::kit::run(self.bytes, &mut self.at, fits)
    }

    /// Reads up to the closing delimiter; the opening one was taken. Returns the raw text and whether
    /// it is no plain one: it holds `#{`, or the file ends within it.
    fn quoted(&mut self, close: u8, open: Option<u8>) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        let mut depth = 0_usize;
        let mut evaluated = false;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\\' => {
                    let next = self.peek(0);
                    self.at += 1;
                    match next {
                        Some(next) if next == close || next == b'\\' => out.push(next),
                        // Other escapes (`\u00E9`) stand in texts that nobody needs.
                        Some(next) => out.extend([b'\\', next]),
                        None => {}
                    }
                    continue;
                }
                _ if byte == close && depth == 0 => return (out, evaluated),
                _ if byte == close => depth -= 1,
                _ if Some(byte) == open => depth += 1,
                b'#' if self.peek(0) == Some(b'{') => evaluated = true,
                _ => {}
            }
            out.push(byte);
        }
        (out, true)
    }

    /// Reads `%q<…>`, `%Q(…)`, `%w[…]` after the percent sign; `None` when it is none.
    fn percent(&mut self) -> Option<Token<'a>> {
        let (letter @ (b'q' | b'Q' | b'w' | b'W'), open) = (self.peek(0)?, self.peek(1)?) else {
            return None;
        };
        let close = match open {
            b'<' => b'>',
            b'(' => b')',
            b'[' => b']',
            b'{' => b'}',
            b'|' | b'!' | b'/' => open,
            _ => return None,
        };
        self.at += 2;
        let (raw, evaluated) = self.quoted(close, (open != close).then_some(open));
        if matches!(letter, b'w' | b'W') {
            let words = raw.split(u8::is_ascii_whitespace);
            let words = words.filter(|word| !word.is_empty());
            return Some(Token::Words(
                words
                    .map(|word| String::from_utf8_lossy(word).into_owned())
                    .collect(),
            ));
        }
        let literal = letter == b'q' || !evaluated;
        Some(Token::Text(
            literal.then(|| String::from_utf8_lossy(&raw).into_owned()),
        ))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.run(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
        let first = self.peek(0)?;
        if first == b'#' {
            self.run(|byte| byte != b'\n');
            return self.next_after_comment();
        }
        if first.is_ascii_alphanumeric() || first == b'_' || first >= 0x80 {
            let word = self.run(|b| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80);
            return Some(Token::Word(std::str::from_utf8(word).unwrap_or("?")));
        }
        self.at += 1;
        Some(match first {
            b'\n' => Token::Line,
            b'"' | b'\'' => {
                let (raw, evaluated) = self.quoted(first, None);
                let literal = first == b'\'' || !evaluated;
                Token::Text(literal.then(|| String::from_utf8_lossy(&raw).into_owned()))
            }
            b'%' => self.percent().unwrap_or(Token::Mark(b'%')),
            mark => Token::Mark(mark),
        })
    }
}

impl<'a> Tokens<'a> {
    /// Returns the line's end, which follows every comment but the last.
    fn next_after_comment(&mut self) -> Option<Token<'a>> {
        self.peek(0)?;
        self.at += 1;
        Some(Token::Line)
    }
}

/// Reads the comment `# stub: NAME VERSION PLATFORM PATHS` of the first lines.
fn stub(bytes: &[u8]) -> Option<[&str; 3]> {
    let line = bytes
        .split(|byte| *byte == b'\n')
        .take(4)
        .find_map(|line| line.strip_prefix(b"# stub: "))?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let fields = [words.next()?, words.next()?, words.next()?];
    fields
        .get(1)
        .is_some_and(|version| looks_like_version(version.as_bytes()))
        .then_some(fields)
}

/// Parts `NAME-VERSION` or `NAME-VERSION-PLATFORM`: the version is the last part that could be one.
fn split_stem(stem: &str) -> Option<(&str, &str, &str)> {
    let starts = stem.match_indices('-').rev().map(|(at, _)| at);
    for start in starts {
        let (name, rest) = (stem.get(..start)?, stem.get(start + 1..)?);
        let (version, platform) = rest.split_once('-').unwrap_or((rest, "ruby"));
        let well_formed = version.starts_with(|c: char| c.is_ascii_digit())
            && version.contains('.')
            && version
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '.');
        if well_formed && !name.is_empty() {
            return Some((name, version, platform));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_parted() {
        for (stem, want) in [
            ("rack-2.0.7", Some(("rack", "2.0.7", "ruby"))),
            (
                "nokogiri-1.15.4-x86_64-linux",
                Some(("nokogiri", "1.15.4", "x86_64-linux")),
            ),
            ("a-2-b-1.0.rc1", Some(("a-2-b", "1.0.rc1", "ruby"))),
            ("rack", None),
            ("-1.0", None),
        ] {
            assert_eq!(split_stem(stem), want, "{stem}");
        }
    }

    #[test]
    fn what_is_no_literal_is_not_read() {
        let text = br#"s.name = "a" + suffix
            s.version = "1.#{minor}"
            s.license = 'MIT' if true
            s.add_dependency "b", "~> 1", "< 1.5" # why
            s.add_dependency *LIST"#;
        let package = read(text, "x-9.9.9", None).unwrap();
        assert_eq!((&*package.name, &*package.version), ("x", "9.9.9"));
        assert_eq!(package.licenses, ["MIT"]);
        assert_eq!(package.requires, [[requirement("b", "~> 1, < 1.5")]]);
    }

    #[test]
    fn hostile_texts_end() {
        for text in [&b"%q"[..], b"\"", b"s.name = \"\\", b"%w[", b"s.name = ["] {
            assert!(read(text, "nothing", None).is_none());
        }
        let deep = b"%q(".repeat(100_000);
        assert!(read(&deep, "nothing", None).is_none());
    }
}
