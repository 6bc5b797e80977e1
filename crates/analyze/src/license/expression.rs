//! Rewriting what is declared into an SPDX expression (SPDX specification 2.3, annex D).
//!
//! The words between operators and parentheses are looked up as names; operators and parentheses
//! stay. Nothing recurses, and what comes out is parsed strictly by the `spdx` crate before it
//! counts.

/// The most bytes of an expression. The longest real ones (texlive, linux-firmware) have some 3,000.
pub(super) const MAX_BYTES: usize = 4096;
/// The most names and operators of an expression.
const MAX_PARTS: usize = 512;
/// The most levels of parentheses.
const MAX_DEPTH: usize = 32;
/// The most words of an unknown name that becomes a `LicenseRef` beside known ones. Longer ones are
/// prose.
const MAX_REF_WORDS: usize = 5;
/// The most bytes of such a name.
const MAX_REF_BYTES: usize = 64;

/// Is a piece of what comes out.
enum Part {
    Open,
    Close,
    And,
    Or,
    /// A name's meaning.
    Known(String),
    /// A name that nobody knows.
    Unknown(String),
}

/// Says whether a text is a valid SPDX expression, of current identifiers, at most 4,096 bytes long
/// and 32 levels deep.
pub fn is_expression(text: &str) -> bool {
    let mut depth = 0_usize;
    let shallow = text.bytes().all(|byte| {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth <= MAX_DEPTH
    });
    text.len() <= MAX_BYTES && shallow && spdx::Expression::parse(text).is_ok()
}

/// Rewrites a declaration whose names `lookup` knows. `None` when it is no expression, or when none
/// of its names is known.
pub(super) fn rewrite(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let text = without_option(text);
    let mut parts: Vec<Part> = Vec::new();
    let groups = split_groups(&text);
    let grouped = groups.len() > 1;
    for group in groups {
        let (operator, group) = leading_operator(group);
        if !parts.is_empty() {
            parts.push(operator.unwrap_or(Part::And));
        } else if operator.is_some() {
            return None;
        }
        let inner = read_group(group, lookup)?;
        let wrap = grouped && inner.len() > 1;
        if wrap {
            parts.push(Part::Open);
        }
        parts.extend(inner);
        if wrap {
            parts.push(Part::Close);
        }
        if parts.len() > MAX_PARTS {
            return None;
        }
    }
    if !parts.iter().any(|part| matches!(part, Part::Known(_))) {
        return None;
    }
    let written = write(&parts)?;
    let bare = without_outer(&written);
    [bare, &written]
        .into_iter()
        .find(|text| is_expression(text))
        .map(str::to_owned)
}

/// Removes what a grant says between version and `any later version`.
fn without_option(text: &str) -> String {
    let mut text = text.to_owned();
    for phrase in ["(at your option) ", "at your option "] {
        while let Some(at) = text.to_ascii_lowercase().find(phrase) {
            text.replace_range(at..at + phrase.len(), "");
        }
    }
    text
}

/// Splits at commas and semicolons outside parentheses. Unlike `or`, they bind loosest (Debian's
/// copyright format 1.0, "License specification"). A comma within a name (`License, Version 2.0`)
/// does not count.
fn split_groups(text: &str) -> Vec<&str> {
    let mut groups = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' | b';' if depth == 0 => {
                let after = text.get(at + 1..).unwrap_or_default().trim_start();
                if !continues_name(after) {
                    groups.push(text.get(start..at).unwrap_or_default());
                    start = at + 1;
                }
            }
            _ => {}
        }
    }
    groups.push(text.get(start..).unwrap_or_default());
    groups.retain(|group| !group.trim().is_empty());
    groups
}

/// Says whether what follows a comma still belongs to the name before it.
fn continues_name(after: &str) -> bool {
    let after = after.get(..8).unwrap_or(after).to_ascii_lowercase();
    after.starts_with("version")
        || after.starts_with("ver.")
        || after
            .trim_start_matches('v')
            .starts_with(|c: char| c.is_ascii_digit())
}

/// Takes the operator with which a group begins.
fn leading_operator(group: &str) -> (Option<Part>, &str) {
    let group = group.trim();
    let (first, rest) = group.split_once(char::is_whitespace).unwrap_or((group, ""));
    match operator(first) {
        Some(part) if !rest.is_empty() => (Some(part), rest),
        _ => (None, group),
    }
}

fn operator(word: &str) -> Option<Part> {
    match word.to_ascii_lowercase().as_str() {
        "and" | "&" | "&&" => Some(Part::And),
        "or" | "|" | "||" | "and/or" | "/" => Some(Part::Or),
        _ => None,
    }
}

/// Reads names, operators and parentheses.
fn read_group(group: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Option<Vec<Part>> {
    let words = split_words(group)?;
    let mut parts = Vec::new();
    let mut name = String::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(word) = words.get(at).copied() {
        at += 1;
        match word {
            "(" if name.is_empty() => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return None;
                }
                parts.push(Part::Open);
            }
            "(" => {
                // `GPL (>= 2)`: what stands in these parentheses belongs to the name.
                name.push_str(" (");
                let mut inner = 1_usize;
                while inner > 0 {
                    let word = words.get(at).copied()?;
                    at += 1;
                    match word {
                        "(" => inner += 1,
                        ")" => inner -= 1,
                        _ => {}
                    }
                    name.push_str(word);
                    name.push(' ');
                }
            }
            ")" => {
                take_name(&mut name, lookup, &mut parts);
                depth = depth.checked_sub(1)?;
                parts.push(Part::Close);
            }
            _ => match operator(word) {
                Some(_) if is_later(words.get(at..).unwrap_or_default()) && !name.is_empty() => {
                    name.push_str(" or later");
                    at += later_words(words.get(at..).unwrap_or_default());
                }
                Some(part) => {
                    take_name(&mut name, lookup, &mut parts);
                    parts.push(part);
                }
                None => {
                    if !name.is_empty() {
                        name.push(' ');
                    }
                    name.push_str(word);
                }
            },
        }
        if parts.len() > MAX_PARTS {
            return None;
        }
    }
    take_name(&mut name, lookup, &mut parts);
    (depth == 0).then_some(parts)
}

/// Splits into words; parentheses, `|`, `&` and the slashes between names are words of their own.
fn split_words(group: &str) -> Option<Vec<&str>> {
    let address = group.contains("://");
    let mut words = Vec::new();
    for chunk in group.split_whitespace() {
        let mut start = 0;
        let and_or = chunk.eq_ignore_ascii_case("and/or");
        for (at, byte) in chunk.bytes().enumerate() {
            let alone = match byte {
                b'(' | b')' | b'|' | b'&' => true,
                b'/' => !address && !and_or,
                b',' | b';' => at + 1 < chunk.len(),
                _ => false,
            };
            if alone {
                words.extend(chunk.get(start..at).filter(|word| !word.is_empty()));
                // `||` and `&&` are one operator.
                let one = chunk.get(at..=at)?;
                let twice =
                    matches!(byte, b'|' | b'&') && words.last() == Some(&one) && start == at;
                if !twice {
                    words.push(one);
                }
                start = at + 1;
            }
        }
        words.extend(chunk.get(start..).filter(|word| !word.is_empty()));
        if words.len() > 2 * MAX_PARTS {
            return None;
        }
    }
    Some(words)
}

fn is_later_word(word: &str) -> bool {
    ["later", "newer", "higher", "greater", "above", "upwards"]
        .iter()
        .any(|later| {
            word.trim_end_matches(['.', ','])
                .eq_ignore_ascii_case(later)
        })
}

/// Says whether these words go on with `later` or `any later version`.
fn is_later(words: &[&str]) -> bool {
    match words {
        [any, later, ..] if any.eq_ignore_ascii_case("any") => is_later_word(later),
        [later, ..] => is_later_word(later),
        [] => false,
    }
}

/// Counts the words of `later`, `any later version`.
fn later_words(words: &[&str]) -> usize {
    let any = words
        .first()
        .is_some_and(|word| word.eq_ignore_ascii_case("any"));
    let count = usize::from(any) + 1;
    let version = words
        .get(count)
        .is_some_and(|word| word.to_ascii_lowercase().starts_with("version"));
    count + usize::from(version)
}

/// Looks a name up and adds what it means.
fn take_name(name: &mut String, lookup: &dyn Fn(&str) -> Option<String>, parts: &mut Vec<Part>) {
    let taken = std::mem::take(name);
    let taken = taken.trim().trim_end_matches([',', ';']);
    if taken.is_empty() {
        return;
    }
    parts.push(match lookup(taken) {
        Some(meaning) => Part::Known(meaning),
        None => Part::Unknown(taken.to_owned()),
    });
}

/// Writes the parts. Unknown names become `LicenseRef-NAME`, so that what is known beside them is
/// not lost.
fn write(parts: &[Part]) -> Option<String> {
    let mut out = String::new();
    for part in parts {
        let text = match part {
            Part::Open => {
                out.push('(');
                continue;
            }
            Part::Close => {
                out.push(')');
                continue;
            }
            Part::And => " AND ".to_owned(),
            Part::Or => " OR ".to_owned(),
            Part::Known(meaning) if parts.len() > 1 => wrapped(meaning),
            Part::Known(meaning) => meaning.clone(),
            Part::Unknown(name) => reference(name)?,
        };
        out.push_str(&text);
        if out.len() > MAX_BYTES {
            return None;
        }
    }
    Some(out)
}

/// Puts an expression of several licences in parentheses.
pub(super) fn wrapped(expression: &str) -> String {
    if expression.contains(" OR ") || expression.contains(" AND ") {
        format!("({expression})")
    } else {
        expression.to_owned()
    }
}

/// Makes a `LicenseRef` of a name that nobody knows.
fn reference(name: &str) -> Option<String> {
    if name.len() > MAX_REF_BYTES || name.split_whitespace().count() > MAX_REF_WORDS {
        return None;
    }
    let mut slug = String::from("LicenseRef-");
    for c in name.chars() {
        let fits = c.is_ascii_alphanumeric() || c == '.';
        if fits {
            slug.push(c);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    (slug.len() > "LicenseRef".len()).then(|| slug.to_owned())
}

/// Removes the parentheses around a whole expression.
fn without_outer(text: &str) -> &str {
    let mut bare = text;
    while let Some(inner) = bare
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
    {
        let mut depth = 0_usize;
        for byte in inner.bytes() {
            match byte {
                b'(' => depth += 1,
                b')' => match depth.checked_sub(1) {
                    Some(less) => depth = less,
                    None => return bare,
                },
                _ => {}
            }
        }
        bare = inner;
    }
    bare
}
