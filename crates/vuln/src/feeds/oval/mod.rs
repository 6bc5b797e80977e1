//! OVAL (oval.mitre.org, "OVAL Language Specification 5.11"): definitions with their metadata and
//! criteria, read as a stream.
//!
//! Only what the comments of criteria say is read, not the tests, objects and states that they stand
//! for: those who publish it make both from the same source, and the comments hold package, version,
//! architecture and module. That keeps one definition in memory at a time.
//!
//! Bounds hold against documents made to hurt: depth, criteria of a definition, length of a text.
//! Entities are never expanded beyond the predefined ones.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// How deep criteria may be nested. Upstream's are 6 deep.
const DEPTH_LIMIT: usize = 32;
/// How many criteria a definition may have. The largest upstream has some 20,000.
const CRITERIA_LIMIT: usize = 500_000;
/// How many bytes of a text are kept: titles are shorter, and nothing else is.
const TEXT_LIMIT: usize = 2_000;
/// How many references a definition may have. The largest upstream has some 2,000.
const REFERENCE_LIMIT: usize = 20_000;

/// Is a definition.
#[derive(Debug, Default)]
pub(super) struct Definition {
    /// Its id.
    pub(super) id: String,
    /// `patch`, `vulnerability`, `inventory`.
    pub(super) class: String,
    /// Its title.
    pub(super) title: String,
    /// The publisher's rating.
    pub(super) severity: String,
    /// The day of publication.
    pub(super) issued: String,
    /// Its references as `(source, id)`.
    pub(super) references: Vec<(String, String)>,
    /// The CVEs that the advisory lists.
    pub(super) cves: Vec<String>,
    /// Its criteria.
    pub(super) criteria: Criteria,
    /// Whether something of it was left out.
    pub(super) cut: bool,
}

/// Is a node of criteria.
#[derive(Debug, Default)]
pub(super) struct Criteria {
    /// Whether one is enough.
    pub(super) any: bool,
    /// The comments of its criterions.
    pub(super) comments: Vec<String>,
    /// The nodes below.
    pub(super) below: Vec<Criteria>,
}

/// Tells the definitions of a document one by one. `Err` says where it broke; what was told before
/// stands. The text returned otherwise is the document's time stamp.
pub(super) fn definitions(
    source: impl BufRead,
    told: &mut dyn FnMut(Definition),
) -> Result<String, String> {
    let mut reader = Reader::from_reader(source);
    reader.config_mut().check_end_names = false;
    let mut buffer = Vec::new();
    let mut timestamp = String::new();
    let mut open: Option<Open> = None;
    // The text since the last start or end of an element.
    let mut text = String::new();
    loop {
        buffer.clear();
        let event = reader
            .read_event_into(&mut buffer)
            .map_err(|error| error.to_string())?;
        match event {
            Event::Start(element) => {
                text.clear();
                match (element.local_name().as_ref(), &mut open) {
                    ("definition", None) => open = Some(Open::new(&element)),
                    (_, Some(open)) => open.start(&element, false),
                    _ => {}
                }
            }
            Event::Empty(element) => {
                if let Some(open) = &mut open {
                    open.start(&element, true);
                }
            }
            Event::Text(part) => append(&mut text, &part),
            Event::CData(part) => append(&mut text, &part),
            Event::GeneralRef(reference) => {
                let known = match reference.as_ref() {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    "apos" => "'",
                    _ => " ",
                };
                append(&mut text, known);
            }
            Event::End(element) => {
                match (element.local_name().as_ref(), open.take()) {
                    ("definition", Some(done)) => told(done.finish()),
                    (name, Some(mut still)) => {
                        still.end(name, &text);
                        open = Some(still);
                    }
                    ("timestamp", None) => text.trim().clone_into(&mut timestamp),
                    _ => {}
                }
                text.clear();
            }
            Event::Eof => {
                return if open.is_some() {
                    Err("it ends within a definition".to_owned())
                } else {
                    Ok(timestamp)
                };
            }
            _ => {}
        }
    }
}

/// Appends a part of a text within the bound.
fn append(text: &mut String, part: &str) {
    let left = TEXT_LIMIT.saturating_sub(text.len());
    text.extend(part.chars().take(left));
}

/// Returns an element's attribute.
fn attribute(element: &BytesStart<'_>, name: &str) -> String {
    let found = element
        .attributes()
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name);
    let mut value = String::new();
    if let Some(found) = found {
        append(&mut value, &found.value);
    }
    if value.contains('&') {
        for (entity, text) in [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", "\""),
            ("&apos;", "'"),
            ("&amp;", "&"),
        ] {
            value = value.replace(entity, text);
        }
    }
    value
}

/// Is a definition that is being read.
struct Open {
    /// What was read of it.
    definition: Definition,
    /// The open nodes of criteria, outermost first.
    nodes: Vec<Criteria>,
    /// How many nodes below the bound are open.
    beyond: usize,
    /// How many criteria were read.
    count: usize,
}

impl Open {
    /// Starts a definition.
    fn new(element: &BytesStart<'_>) -> Self {
        Self {
            definition: Definition {
                id: attribute(element, "id"),
                class: attribute(element, "class"),
                ..Definition::default()
            },
            nodes: Vec::new(),
            beyond: 0,
            count: 0,
        }
    }

    /// Takes the start of an element, or an empty one.
    fn start(&mut self, element: &BytesStart<'_>, empty: bool) {
        match element.local_name().as_ref() {
            "reference" if self.definition.references.len() < REFERENCE_LIMIT => {
                let reference = (attribute(element, "source"), attribute(element, "ref_id"));
                self.definition.references.push(reference);
            }
            "issued" => self.definition.issued = attribute(element, "date"),
            "criteria" if !empty => {
                self.count += 1;
                let full = self.nodes.len() >= DEPTH_LIMIT || self.count > CRITERIA_LIMIT;
                if self.beyond > 0 || full {
                    self.beyond += 1;
                    self.definition.cut = true;
                    return;
                }
                self.nodes.push(Criteria {
                    any: attribute(element, "operator").eq_ignore_ascii_case("OR"),
                    ..Criteria::default()
                });
            }
            "criterion" if self.beyond == 0 => {
                self.count += 1;
                if self.count > CRITERIA_LIMIT {
                    self.definition.cut = true;
                } else if let Some(node) = self.nodes.last_mut() {
                    // What is to be untrue is nothing that the readers ask for.
                    if attribute(element, "negate") != "true" {
                        node.comments.push(attribute(element, "comment"));
                    }
                }
            }
            _ => {}
        }
    }

    /// Takes the end of an element with the text right before it.
    fn end(&mut self, name: &str, text: &str) {
        let text = text.trim();
        let definition = &mut self.definition;
        match name {
            "title" if definition.title.is_empty() => text.clone_into(&mut definition.title),
            "severity" => text.clone_into(&mut definition.severity),
            "cve" if definition.cves.len() < REFERENCE_LIMIT => definition.cves.push(text.into()),
            "criteria" if self.beyond > 0 => self.beyond -= 1,
            "criteria" => self.close(),
            _ => {}
        }
    }

    /// Closes the innermost node.
    fn close(&mut self) {
        if let Some(node) = self.nodes.pop() {
            match self.nodes.last_mut() {
                Some(outer) => outer.below.push(node),
                None => self.definition.criteria = node,
            }
        }
    }

    /// Returns the definition.
    fn finish(mut self) -> Definition {
        while !self.nodes.is_empty() {
            self.close();
        }
        self.definition
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a document.
    fn read(text: &str) -> (Vec<Definition>, Result<String, String>) {
        let mut found = Vec::new();
        let end = definitions(text.as_bytes(), &mut |definition| found.push(definition));
        (found, end)
    }

    #[test]
    fn a_definition_is_read_whole() {
        let (found, end) = read(
            r#"<oval_definitions xmlns:oval="x"><generator><oval:timestamp>2021-09-09T12:49:02</oval:timestamp></generator><definitions>
            <definition id="d1" class="patch"><metadata><title> ELSA-1: a &amp; b </title><reference source="CVE" ref_id="CVE-2024-0001"/><description>long</description>
            <advisory><severity>LOW</severity><issued date="2024-01-02"/><cve href="x">CVE-2024-0001</cve></advisory></metadata>
            <criteria operator="AND"><criterion comment="A is installed"/><criterion comment="not" negate="true"/><criteria operator="OR"><criterion comment="b &lt; 1"></criterion></criteria></criteria></definition></definitions></oval_definitions>"#,
        );
        assert_eq!(end.as_deref(), Ok("2021-09-09T12:49:02"));
        let definition = &found[0];
        let names = (definition.id.as_str(), definition.class.as_str());
        assert_eq!(names, ("d1", "patch"));
        assert_eq!(definition.title, "ELSA-1: a & b");
        let words = (definition.severity.as_str(), definition.issued.as_str());
        assert_eq!(words, ("LOW", "2024-01-02"));
        let reference = ("CVE".to_owned(), "CVE-2024-0001".to_owned());
        assert_eq!(definition.references, [reference]);
        assert_eq!(definition.cves, ["CVE-2024-0001"]);
        assert!(!definition.criteria.any && definition.criteria.below[0].any);
        assert_eq!(definition.criteria.comments, ["A is installed"]);
        assert_eq!(definition.criteria.below[0].comments, ["b < 1"]);
        assert!(!definition.cut);
    }

    #[test]
    fn hostile_documents_are_bounded() {
        let deep = format!(
            "<definitions><definition id=\"d\">{}<criterion comment=\"x\"/>{}</definition></definitions>",
            "<criteria>".repeat(100_000),
            "</criteria>".repeat(100_000)
        );
        let (found, end) = read(&deep);
        assert!(end.is_ok() && found[0].cut);
        let bomb = r#"<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><definitions><definition id="d"><title>&c;&c;</title></definition></definitions>"#;
        let (found, end) = read(bomb);
        assert!(end.is_ok() && found[0].title.is_empty(), "{found:?}");
        let long = "x".repeat(1 << 20);
        let long = format!("<definition id=\"d\"><title>{long}</title></definition>");
        assert_eq!(read(&long).0[0].title.len(), TEXT_LIMIT);
        for text in [
            "<definition",
            "<a>&unclosed",
            "\u{0}",
            "<definition id=\"d\"><criteria></definition>",
        ] {
            let _ = read(text);
        }
        assert!(read("<definition id=\"d\"><criteria>").1.is_err());
    }
}
