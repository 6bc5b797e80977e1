//! CycloneDX XML in: the same components as in JSON, from elements.
//!
//! Document types are not read: no entity but the five predefined ones and numbers is known, and
//! nothing is looked up.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::collector::Collector;
use super::cyclonedx::{
    self, Component, Dependency, Evidence, License, LicenseChoice, Metadata, Occurrence, Property,
};
use super::{NotAnSbom, no};

/// How deeply elements may be nested: deeper ones are passed over.
const MAX_DEPTH: usize = 96;
/// The most elements that are kept of one component.
const MAX_NODES: usize = 2_000_000;

/// Is an element with what is in it.
#[derive(Default)]
struct Node {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Node>,
}

impl Node {
    fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| child.name == name)
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.children.iter().filter(move |child| child.name == name)
    }

    fn text_of(&self, name: &str) -> String {
        self.child(name)
            .map(|child| child.text.trim().to_owned())
            .unwrap_or_default()
    }

    fn attribute(&self, name: &str) -> String {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    }
}

/// Reads a document.
pub(super) fn read(text: &str, out: &mut Collector) -> Result<(), NotAnSbom> {
    let mut reader = Reader::from_str(text);
    let mut is_bom = false;
    // The open elements; from the third level on (a component, a dependency) they are kept.
    let mut open: Vec<Node> = Vec::new();
    let mut skipped = 0_usize;
    let mut nodes = 0_usize;
    let problem = loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => break Some(error.to_string()),
        };
        match event {
            Event::Start(start) => {
                nodes += 1;
                if skipped > 0 || open.len() >= MAX_DEPTH || nodes > MAX_NODES {
                    skipped += 1;
                    continue;
                }
                let node = node(&start);
                if open.is_empty() {
                    let space = node.attribute("xmlns");
                    is_bom = node.name == "bom" && space.contains("cyclonedx.org");
                    if !is_bom {
                        return Err(no(format!("XML of <{}>", node.name)));
                    }
                }
                open.push(node);
            }
            Event::Empty(start) if skipped == 0 && open.len() < MAX_DEPTH => {
                nodes += 1;
                if nodes <= MAX_NODES {
                    closed(node(&start), &mut open, &mut nodes, out);
                }
            }
            Event::End(_) if skipped > 0 => skipped -= 1,
            Event::End(_) => {
                if let Some(node) = open.pop() {
                    closed(node, &mut open, &mut nodes, out);
                }
            }
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
            Event::Eof => break (!open.is_empty()).then(|| "it breaks off".to_owned()),
            _ => {}
        }
        if nodes > MAX_NODES {
            break Some("one of its components is larger than is read".to_owned());
        }
    };
    if !is_bom {
        return Err(no(match problem {
            Some(problem) => format!("XML that cannot be read: {problem}"),
            None => "XML without an element".to_owned(),
        }));
    }
    if let Some(problem) = problem {
        out.damaged(format!(
            "the document cannot be read to its end, packages may be missing: {problem}"
        ));
    }
    Ok(())
}

fn node(start: &BytesStart<'_>) -> Node {
    Node {
        name: start.local_name().into_inner().to_owned(),
        attributes: start
            .attributes()
            .with_checks(false)
            .filter_map(Result::ok)
            .take(32)
            .map(|attribute| {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                let value = value.unwrap_or_default().into_owned();
                (attribute.key.into_inner().to_owned(), value)
            })
            .collect(),
        ..Node::default()
    }
}

/// Takes an element that is complete: hands on what stands right in the document's lists, and keeps
/// the rest with its parent.
fn closed(node: Node, open: &mut [Node], nodes: &mut usize, out: &mut Collector) {
    let names: Vec<&str> = open.iter().map(|node| node.name.as_str()).collect();
    let done = match (names.as_slice(), node.name.as_str()) {
        (["bom"], "metadata") => {
            cyclonedx::subject(metadata(&node), out);
            true
        }
        (["bom", "components"], "component") => {
            cyclonedx::component(component(&node, 0), out);
            true
        }
        (["bom", "dependencies"], "dependency") => {
            cyclonedx::dependency(&dependency(&node), out);
            true
        }
        (["bom"], _) => true,
        _ => false,
    };
    if done {
        *nodes = 0;
    } else if let Some(parent) = open.last_mut() {
        parent.children.push(node);
    }
}

fn metadata(node: &Node) -> Metadata {
    Metadata {
        component: node
            .child("component")
            .map(|node| component(node, 0))
            .unwrap_or_default(),
        properties: properties(node),
    }
}

fn component(node: &Node, depth: usize) -> Component {
    let nested = node.child("components").filter(|_| depth < MAX_DEPTH);
    let occurrences = node
        .child("evidence")
        .and_then(|evidence| evidence.child("occurrences"));
    Component {
        kind: node.attribute("type"),
        bom_ref: node.attribute("bom-ref"),
        group: node.text_of("group"),
        name: node.text_of("name"),
        version: node.text_of("version"),
        description: node.text_of("description"),
        purl: node.text_of("purl"),
        scope: node.text_of("scope"),
        licenses: node.child("licenses").map(licenses).unwrap_or_default(),
        evidence: Evidence {
            occurrences: occurrences
                .into_iter()
                .flat_map(|list| list.all("occurrence"))
                .map(|one| Occurrence {
                    location: one.text_of("location"),
                })
                .collect(),
        },
        properties: properties(node),
        components: nested
            .into_iter()
            .flat_map(|list| list.all("component"))
            .map(|inner| component(inner, depth + 1))
            .collect(),
    }
}

fn licenses(node: &Node) -> Vec<LicenseChoice> {
    node.children
        .iter()
        .map(|child| match child.name.as_str() {
            "expression" => LicenseChoice {
                expression: child.text.trim().to_owned(),
                ..LicenseChoice::default()
            },
            _ => LicenseChoice {
                license: License {
                    id: child.text_of("id"),
                    name: child.text_of("name"),
                },
                ..LicenseChoice::default()
            },
        })
        .collect()
}

fn properties(node: &Node) -> Vec<Property> {
    node.child("properties")
        .into_iter()
        .flat_map(|list| list.all("property"))
        .map(|property| Property {
            name: property.attribute("name"),
            value: property.text.clone(),
        })
        .collect()
}

fn dependency(node: &Node) -> Dependency {
    Dependency {
        reference: node.attribute("ref"),
        depends_on: node
            .all("dependency")
            .map(|inner| inner.attribute("ref"))
            .collect(),
    }
}
