//! Reads XML element by element: of a large document one element is in memory at a time.
//!
//! Document types are not read: no entity but the five predefined ones and numbers is known, and
//! nothing is looked up or expanded.

use std::io::BufRead;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// How deeply elements may be nested; deeper ones are passed over.
const DEPTH_LIMIT: usize = 64;
/// How many elements one told element may hold.
const NODE_LIMIT: usize = 1_000_000;

/// Is an element with what is in it. Names are without their prefix.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Its name.
    pub(super) name: String,
    /// Its attributes.
    attributes: Vec<(String, String)>,
    /// Its text, that of its children not included.
    text: String,
    /// What is in it.
    pub(super) children: Vec<Node>,
}

impl Node {
    /// Returns the first child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Returns the children of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Returns the element itself and all below it, in order.
    pub(super) fn walk(&self) -> impl Iterator<Item = &Node> {
        let mut left = vec![self];
        std::iter::from_fn(move || {
            let node = left.pop()?;
            left.extend(node.children.iter().rev());
            Some(node)
        })
    }

    /// Returns its text.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// Returns the text of the first child of a name, empty without one.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", Node::text)
    }

    /// Returns an attribute, empty without it.
    pub(super) fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }
}

/// Tells every element of the names in `wanted` with what is in it, but without the elements of the
/// names in `passed`. What was told before an error stands.
pub(super) fn elements(
    reader: impl BufRead,
    wanted: &[&str],
    passed: &[&str],
    told: &mut dyn FnMut(Node),
) -> Result<(), String> {
    let mut reader = Reader::from_reader(reader);
    let mut buffer = Vec::new();
    // The open elements of the one that is to be told.
    let mut open: Vec<Node> = Vec::new();
    let mut skipped = 0_usize;
    let mut outside = 0_usize;
    let mut seen = false;
    let mut nodes = 0_usize;
    let mut oversized = 0_usize;
    loop {
        buffer.clear();
        let event = reader
            .read_event_into(&mut buffer)
            .map_err(|error| error.to_string())?;
        match event {
            Event::Start(start) => {
                seen = true;
                if skipped > 0 {
                    skipped += 1;
                    continue;
                }
                let node = node(&start);
                if open.is_empty() {
                    if wanted.contains(&node.name.as_str()) {
                        nodes = 1;
                        open.push(node);
                    } else {
                        outside += 1;
                    }
                    continue;
                }
                nodes += 1;
                if nodes > NODE_LIMIT
                    || open.len() >= DEPTH_LIMIT
                    || passed.contains(&node.name.as_str())
                {
                    oversized += usize::from(nodes == NODE_LIMIT + 1);
                    skipped = 1;
                } else {
                    open.push(node);
                }
            }
            Event::Empty(start) if skipped == 0 => {
                seen = true;
                let node = node(&start);
                nodes += 1;
                match open.last_mut() {
                    Some(parent) if nodes <= NODE_LIMIT => parent.children.push(node),
                    Some(_) => oversized += usize::from(nodes == NODE_LIMIT + 1),
                    None if wanted.contains(&node.name.as_str()) => told(node),
                    None => {}
                }
            }
            Event::End(_) if skipped > 0 => skipped -= 1,
            Event::End(_) => match open.pop() {
                Some(node) => match open.last_mut() {
                    Some(parent) => parent.children.push(node),
                    None => told(node),
                },
                None => outside = outside.saturating_sub(1),
            },
            Event::Text(text) if skipped == 0 => {
                if let Some(node) = open.last_mut() {
                    node.text.push_str(&text.xml10_content());
                }
            }
            Event::CData(text) if skipped == 0 => {
                if let Some(node) = open.last_mut() {
                    node.text.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(entity) if skipped == 0 => {
                if let Some(node) = open.last_mut() {
                    if let Ok(Some(c)) = entity.resolve_char_ref() {
                        node.text.push(c);
                    } else if let Some(text) = resolve_predefined_entity(&entity) {
                        node.text.push_str(text);
                    }
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !seen || outside > 0 || !open.is_empty() || skipped > 0 {
        return Err("the document breaks off".to_owned());
    }
    if oversized > 0 {
        return Err(format!(
            "{oversized} elements hold more than {NODE_LIMIT} others"
        ));
    }
    Ok(())
}

/// Makes an element of its start.
fn node(start: &BytesStart<'_>) -> Node {
    Node {
        name: start.local_name().into_inner().to_owned(),
        attributes: start
            .attributes()
            .filter_map(Result::ok)
            .filter_map(|attribute| {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
                let key = attribute.key.local_name().into_inner().to_owned();
                Some((key, value.into_owned()))
            })
            .collect(),
        ..Node::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (Vec<String>, bool) {
        let mut out = Vec::new();
        let whole = elements(text.as_bytes(), &["a", "e"], &["p"], &mut |node| {
            let names: Vec<&str> = node.walk().map(|node| node.name.as_str()).collect();
            out.push(format!(
                "{} {} {}",
                names.join("/"),
                node.attribute("k"),
                node.text()
            ));
        });
        (out, whole.is_ok())
    }

    #[test]
    fn wanted_elements_are_told_until_the_document_breaks_off() {
        let (out, whole) = told(
            "<?xml version='1.0'?><r xmlns:x='y'><x:a x:k='1 &amp; 2'>&lt;t&#62;<b/><p>no<a/></p><c>n</c></x:a><e k='3'/><d/></r>",
        );
        assert_eq!(
            (out, whole),
            (vec!["a/b/c 1 & 2 <t>".into(), "e 3 ".into()], true)
        );
        let (out, whole) = told("<r><a>x</a><a>");
        assert_eq!((out.len(), whole), (1, false));
        for bad in ["", "text", "<r><a></r>", "<r>", "{}"] {
            assert!(!told(bad).1, "{bad}");
        }
    }

    #[test]
    fn bombs_are_no_trouble() {
        let deep = format!("<r>{}{}</r>", "<a>".repeat(100_000), "</a>".repeat(100_000));
        assert!(told(&deep).1);
        let entities =
            "<!DOCTYPE r [<!ENTITY a 'xxxxxxxxxx'><!ENTITY b '&a;&a;&a;'>]><r><a>&b;</a></r>";
        assert_eq!(told(entities).0, ["a  "]);
    }
}
