//! Licences: what packages declare, as SPDX expressions.
//!
//! Owns the names that ecosystems use (`names.rs`), the rewriting of declared expressions, and
//! the recognition of licence texts. What cannot be understood stays as text: the report says what
//! is declared, and guesses nothing. Read [`normalize`] first; the reasons are in `docs/licences.md`.

use std::collections::HashMap;
use std::sync::LazyLock;

use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;

mod expression;
mod gnu;
mod names;
#[cfg(test)]
mod tests;
pub(crate) mod text;

pub use expression::is_expression;

use expression::{MAX_BYTES, rewrite, wrapped};
use names::{ADDRESS_SITES, ADDRESSES, EXCEPTIONS, TABLES, VAGUE};

/// The most licences of one package. texlive's copyright file has some 120.
const MAX_LICENSES: usize = 256;
/// The most bytes of a declared text that are kept.
const MAX_TEXT_BYTES: usize = 4096;
/// From how many bytes on a declaration may be a whole licence text.
const MIN_PASTED_BYTES: usize = 80;
/// The most bytes of a declaration that only points to a licence.
const MAX_FIRST_LINE_BYTES: usize = 120;
/// The most bytes of the property that keeps what was declared.
const MAX_DECLARED_BYTES: usize = 1024;
/// The property under which a package keeps what it declared, where the report says it otherwise.
pub const DECLARED: &str = "declared_license";

/// Replaces a package's declared licences by their normal form, and keeps what was declared as the
/// property [`DECLARED`] where more than letter case changed.
pub fn settle(package: &mut Package) {
    if package.licenses.is_empty() {
        return;
    }
    let normal = normalize(package.kind, &package.licenses);
    let same = normal.len() == package.licenses.len()
        && normal
            .iter()
            .zip(&package.licenses)
            .all(|(new, old)| new.eq_ignore_ascii_case(bare(old)));
    if !same {
        let mut declared = String::new();
        for license in &package.licenses {
            if !declared.is_empty() {
                declared.push_str("; ");
            }
            declared.push_str(license);
            if declared.len() > MAX_DECLARED_BYTES {
                break;
            }
        }
        let kept = cut(&declared, MAX_DECLARED_BYTES).to_owned();
        package
            .properties
            .entry(DECLARED.to_owned())
            .or_insert(kept);
    }
    package.licenses = normal;
}

/// Returns where the tables of names have their names from; `docs/licences.md` lists them.
pub fn sources() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.source)
}

/// Removes blanks and one pair of parentheses around a declaration.
fn bare(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(text)
}

/// Cuts a text between characters.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Is what one declaration means.
enum Meaning {
    /// A valid SPDX expression.
    Expression(String),
    /// Text that is not understood.
    Text(String),
    /// No statement at all (`UNKNOWN`).
    Nothing,
}

/// Makes SPDX expressions of what a package declares; what is not understood stays as text, at most
/// 4,096 bytes of it. In order, without repeats.
///
/// Several declarations are several elements, except where the ecosystem lets the user choose one
/// (Composer, Maven, npm's old lists): there they become one expression with `OR`.
pub fn normalize(kind: PackageKind, declared: &[String]) -> Vec<String> {
    let mut out: Vec<(String, bool)> = Vec::new();
    for one in declared.iter().take(MAX_LICENSES) {
        let entry = match meaning(kind, one) {
            Meaning::Expression(text) => (text, true),
            Meaning::Text(text) => (text, false),
            Meaning::Nothing => continue,
        };
        if !out.iter().any(|(text, _)| *text == entry.0) {
            out.push(entry);
        }
    }
    drop_vague(&mut out);
    let choice = matches!(
        kind,
        PackageKind::Composer | PackageKind::Maven | PackageKind::Npm
    );
    if choice && out.len() > 1 && out.iter().all(|(_, expression)| *expression) {
        let all: Vec<String> = out.iter().map(|(text, _)| wrapped(text)).collect();
        let joined = all.join(" OR ");
        if is_expression(&joined) {
            return vec![joined];
        }
    }
    out.into_iter().map(|(text, _)| text).collect()
}

/// Leaves out text that names a mere family (`BSD`) where an expression says which of it.
fn drop_vague(out: &mut Vec<(String, bool)>) {
    if out.len() < 2 {
        return;
    }
    let expressions: Vec<String> = out
        .iter()
        .filter(|(_, expression)| *expression)
        .map(|(text, _)| text.clone())
        .collect();
    out.retain(|(text, expression)| {
        if *expression {
            return true;
        }
        let folded = fold(text.rsplit(" :: ").next().unwrap_or(text));
        !VAGUE.iter().any(|(name, family)| {
            *name == folded && expressions.iter().any(|known| known.contains(family))
        })
    });
}

/// Says whether a settled licence only points elsewhere (`SEE LICENSE IN x`, `BSD`): the beginning
/// that identifiers of the family that it names have in common, empty where it names none.
pub(crate) fn placeholder(license: &str) -> Option<&'static str> {
    if is_expression(license) {
        return None;
    }
    let folded = fold(license.rsplit(" :: ").next().unwrap_or(license));
    if let Some((_, family)) = VAGUE.iter().find(|(name, _)| *name == folded) {
        return Some(family);
    }
    let lower = license.trim().to_ascii_lowercase();
    let points = [
        "see license",
        "see licence",
        "see the license",
        "see file",
        "see copying",
        "file license",
        "file licence",
    ];
    let files = [
        "license",
        "licence",
        "license.txt",
        "license.md",
        "license.rst",
        "licence.txt",
        "copying",
    ];
    // A text of which only the first line was declared.
    let first_line = lower.starts_with("copyright ")
        && lower.len() <= MAX_FIRST_LINE_BYTES
        && !lower.contains('\n');
    let pointing = first_line
        || files.contains(&lower.as_str())
        || (lower.len() <= MAX_FIRST_LINE_BYTES
            && points.iter().any(|start| lower.starts_with(start)));
    pointing.then_some("")
}

fn meaning(kind: PackageKind, declared: &str) -> Meaning {
    let text = declared.trim();
    if text.is_empty() {
        return Meaning::Nothing;
    }
    // A trove classifier's last part is the name.
    let name = match text.strip_prefix("License ::") {
        Some(rest) => rest.rsplit(" :: ").next().unwrap_or(rest).trim(),
        None => text,
    };
    if let Some(known) = understand(kind, name) {
        return if known.is_empty() {
            Meaning::Nothing
        } else {
            Meaning::Expression(known)
        };
    }
    if (name.len() >= MIN_PASTED_BYTES || name.contains(['\n', '\\']))
        && let Some(known) = text::recognise(name)
    {
        return Meaning::Expression(known);
    }
    Meaning::Text(cut(text, MAX_TEXT_BYTES).to_owned())
}

/// Returns the expression that a declaration means; empty when it states nothing.
fn understand(kind: PackageKind, name: &str) -> Option<String> {
    if name.len() > MAX_BYTES {
        return None;
    }
    if is_expression(name) && !name.contains("NOASSERTION") {
        // Operators may be in lower case: the rewriting below makes them upper case.
        if !name.contains(' ') {
            return Some(name.to_owned());
        }
    }
    let prepared;
    let name = match kind {
        PackageKind::Cran => {
            prepared = without_file(name);
            prepared.trim()
        }
        _ => name,
    };
    if let Some(known) = lookup(kind, name) {
        return Some(known);
    }
    if name.contains("://") && !name.contains(char::is_whitespace) {
        return None;
    }
    let names = |name: &str| lookup(kind, name).filter(|known| !known.is_empty());
    rewrite(name, &names).or_else(|| match kind {
        PackageKind::Apk => listed(name, &names),
        _ => None,
    })
}

/// Reads Alpine's older form, names with blanks between them that all apply (`MIT BSD GPL2+`).
fn listed(text: &str, names: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let single = |word: &&str| !word.contains(['(', ')']);
    if words.len() < 2 || !words.iter().all(single) {
        return None;
    }
    rewrite(&words.join(" AND "), names)
}

/// Removes R's pointers to a file beside a known licence (`MIT + file LICENSE`).
fn without_file(text: &str) -> String {
    let parts = text.split('+').map(str::trim);
    let kept: Vec<&str> = parts
        .filter(|part| {
            let lower = part.to_ascii_lowercase();
            !matches!(lower.as_str(), "file license" | "file licence")
        })
        .collect();
    if kept.is_empty() {
        text.to_owned()
    } else {
        kept.join(" + ")
    }
}

/// Looks one name up.
fn lookup(kind: PackageKind, name: &str) -> Option<String> {
    let name = name.trim().trim_matches(['"', '\'', '`']);
    if name.starts_with("LicenseRef-") || name.starts_with("DocumentRef-") {
        return is_expression(name).then(|| name.to_owned());
    }
    if name.contains("://") || name.starts_with("www.") {
        return address(kind, name);
    }
    // Debian's authors tell texts of one licence apart by their holders (`BSD-3-clause~Google`).
    let name = match name.split_once('~') {
        Some((license, holder)) if kind == PackageKind::Deb && !holder.contains(' ') => license,
        _ => name,
    };
    if let Some(known) = lookup_name(kind, name) {
        return Some(known);
    }
    if let Some(known) = with_exception(kind, name) {
        return Some(known);
    }
    // `Mozilla Public License 2.0 (MPL 2.0)`: either says it, and both must agree.
    let (outside, rest) = name.split_once('(')?;
    let inside = rest.trim_end().strip_suffix(')')?;
    if outside.trim().is_empty() || inside.contains('(') {
        return None;
    }
    let said = |text: &str| match lookup_name(kind, text) {
        None if text.contains("://") => address(kind, text.trim()),
        known => known,
    };
    match (said(outside), said(inside)) {
        (Some(one), Some(other)) if one != other => None,
        (one, other) => one.or(other),
    }
}

fn lookup_name(kind: PackageKind, name: &str) -> Option<String> {
    let folded = fold(name);
    if folded.is_empty() {
        return None;
    }
    if let Some(known) = lookup_folded(kind, &folded) {
        return Some(known.to_owned());
    }
    if let Some(known) = gnu::parse(&folded) {
        return Some(known);
    }
    let base = folded
        .strip_suffix('+')
        .or_else(|| folded.strip_suffix("-or-later"))?;
    let known = lookup_folded(kind, base)?;
    let later = format!("{known}+");
    (!known.contains(' ') && is_expression(&later)).then_some(later)
}

/// Looks a folded name up, also with the `.0` that is often left out.
fn lookup_folded(kind: PackageKind, folded: &str) -> Option<&'static str> {
    lookup_exact(kind, folded).or_else(|| {
        let whole = folded.bytes().last()?.is_ascii_digit();
        if !whole {
            return None;
        }
        lookup_exact(kind, &format!("{folded}.0"))
    })
}

fn lookup_exact(kind: PackageKind, folded: &str) -> Option<&'static str> {
    let of_kind = TABLES
        .iter()
        .filter(|table| table.kinds.contains(&kind))
        .find_map(|table| table.rows.iter().find(|(name, _)| *name == folded));
    match of_kind {
        Some((_, known)) => Some(known),
        None => NAMES.get(folded).copied(),
    }
}

/// The names that hold for all kinds, and the identifiers and full names of the SPDX list.
static NAMES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    let current = || {
        let list = spdx::identifiers::LICENSES.iter();
        list.filter(|license| license.flags & spdx::flags::IS_DEPRECATED == 0)
    };
    let general = TABLES.iter().filter(|table| table.kinds.is_empty());
    for (name, known) in general.flat_map(|table| table.rows) {
        names.insert((*name).to_owned(), *known);
    }
    for license in current() {
        names.entry(fold(license.name)).or_insert(license.name);
    }
    for license in current() {
        names.entry(fold(license.full_name)).or_insert(license.name);
    }
    names
});

/// Reads `NAME with EXCEPTION`, also written `NAME-with-EXCEPTION`.
fn with_exception(kind: PackageKind, name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let (at, length) = [" with ", "-with-"]
        .iter()
        .find_map(|word| Some((lower.find(word)?, word.len())))?;
    let base = lookup_name(kind, name.get(..at)?)?;
    if base.contains(' ') {
        return None;
    }
    let said = name.get(at + length..)?.trim();
    let exact = spdx::identifiers::EXCEPTIONS.iter().find(|exception| {
        let current = exception.flags & spdx::flags::IS_DEPRECATED == 0;
        current && exception.name.eq_ignore_ascii_case(said)
    });
    let exception = if let Some(exception) = exact {
        exception.name
    } else {
        let folded = fold(said);
        let folded = folded.strip_suffix("-exception").unwrap_or(&folded);
        EXCEPTIONS.iter().find(|(name, _)| *name == folded)?.1
    };
    let whole = format!("{base} WITH {exception}");
    is_expression(&whole).then_some(whole)
}

/// Says for which licence an address stands.
fn address(kind: PackageKind, address: &str) -> Option<String> {
    let lower = address.to_ascii_lowercase();
    let path = lower
        .split_once("://")
        .map_or(lower.as_str(), |(_, rest)| rest);
    let path = path.strip_prefix("www.").unwrap_or(path);
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let path = path.trim_end_matches('/');
    let path = [".txt", ".html", ".php", ".htm", ".md"]
        .iter()
        .find_map(|ending| path.strip_suffix(ending))
        .unwrap_or(path)
        .trim_end_matches('/');
    if let Some((_, known)) = ADDRESSES.iter().find(|(known, _)| *known == path) {
        return Some((*known).to_owned());
    }
    let last = ADDRESS_SITES
        .iter()
        .find_map(|site| path.strip_prefix(site))?;
    let last = last
        .replace("%20", " ")
        .replace("%28", "(")
        .replace("%29", ")");
    if last.contains("://") {
        return None;
    }
    let names = |name: &str| lookup_name(kind, name).filter(|known| !known.is_empty());
    names(&last).or_else(|| rewrite(&last, &names))
}

/// Folds a name: lower case, words joined with `-`, words that tell nothing apart left out.
fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    let mut word = String::new();
    let bytes = name.as_bytes();
    for (at, c) in name.char_indices() {
        let next_digit = bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        let last_digit = at > 0 && bytes.get(at - 1).is_some_and(u8::is_ascii_digit);
        match c {
            // CPAN writes versions with underscores (`lgpl_2_1`).
            '_' if next_digit && last_digit => word.push('.'),
            'a'..='z' | '0'..='9' | '.' | '+' | '>' | '=' => word.push(c),
            'A'..='Z' => word.push(c.to_ascii_lowercase()),
            _ => take_word(&mut word, &mut folded),
        }
    }
    take_word(&mut word, &mut folded);
    folded
}

fn take_word(word: &mut String, folded: &mut String) {
    let taken = std::mem::take(word);
    let text = taken.trim_matches('.');
    let text = match text.strip_prefix('v') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => text,
    };
    let filler = matches!(
        text,
        "" | "the"
            | "license"
            | "licence"
            | "licenses"
            | "licences"
            | "licensed"
            | "version"
            | "ver"
            | "v"
    );
    if filler {
        return;
    }
    if !folded.is_empty() {
        folded.push('-');
    }
    folded.push_str(text);
}
