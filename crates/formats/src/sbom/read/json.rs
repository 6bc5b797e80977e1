//! JSON documents in: read from front to back, so that a document that breaks off gives what came
//! before, and the lists of files that SBOMs carry cost no memory.

use std::fmt;

use base64::Engine as _;
use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::collector::Collector;
use super::spdx2::{self, Document};
use super::{NotAnSbom, cyclonedx, no, spdx3, syft};

/// How deeply wrappers (statements, envelopes) are opened.
const MAX_WRAPPERS: u8 = 4;
/// The most elements of one list that are kept until all is read.
const MAX_ELEMENTS: usize = 5_000_000;

/// Is what a document holds, of whatever form; which form it is shows only at the end.
#[derive(Default)]
struct Parts {
    form: Option<Form>,
    metadata: cyclonedx::Metadata,
    components: Vec<cyclonedx::Component>,
    dependencies: Vec<cyclonedx::Dependency>,
    spdx: Document,
    graph: Vec<spdx3::Element>,
    artifacts: Vec<syft::Artifact>,
    artifact_relationships: Vec<syft::Relationship>,
    source: syft::Source,
    distro: syft::Release,
    /// The payload of an envelope.
    payload: String,
    /// How many elements were of another type than expected.
    odd: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    CycloneDx,
    Spdx2,
    Spdx3,
    Syft,
}

/// Reads a document.
pub(super) fn read(bytes: &[u8], out: &mut Collector) -> Result<(), NotAnSbom> {
    let mut parts = Parts::default();
    let mut problem = parse(bytes, &mut parts);
    if parts.form.is_none() && !parts.payload.is_empty() {
        // A DSSE envelope: the statement is its payload.
        let engine = base64::engine::general_purpose::STANDARD;
        let payload = std::mem::take(&mut parts.payload);
        let inner = engine
            .decode(payload.as_bytes())
            .map_err(|_| no("an envelope whose payload is no base64"))?;
        problem = parse(&inner, &mut parts);
    }
    let Some(form) = parts.form else {
        return Err(no(match problem {
            Some(problem) => format!("JSON that cannot be read: {problem}"),
            None => "JSON without the marks of any of them".to_owned(),
        }));
    };
    if let Some(problem) = problem {
        out.damaged(format!(
            "the document cannot be read to its end, packages may be missing: {problem}"
        ));
    }
    if parts.odd > 0 {
        out.damaged(format!(
            "{} of its entries are not of the form that is expected and were left out",
            parts.odd
        ));
    }
    match form {
        Form::CycloneDx => {
            cyclonedx::subject(parts.metadata, out);
            for component in parts.components {
                cyclonedx::component(component, out);
            }
            for dependency in &parts.dependencies {
                cyclonedx::dependency(dependency, out);
            }
        }
        Form::Spdx2 => spdx2::take(parts.spdx, out),
        Form::Spdx3 => spdx3::take(parts.graph, out),
        Form::Syft => {
            syft::source(parts.source, out);
            syft::distro(parts.distro, out);
            for artifact in parts.artifacts {
                syft::artifact(artifact, out);
            }
            for relationship in &parts.artifact_relationships {
                syft::relationship(relationship, out);
            }
        }
    }
    Ok(())
}

/// Reads into the parts; returns what is wrong.
fn parse(bytes: &[u8], parts: &mut Parts) -> Option<String> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let top = Top { parts, depth: 0 };
    let read = top
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    read.err().map(|error| error.to_string())
}

/// Reads an object's known fields.
struct Top<'a> {
    parts: &'a mut Parts,
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let parts = self.parts;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "bomFormat" => {
                    if map.next_value::<Value>()? == "CycloneDX" {
                        parts.form = Some(Form::CycloneDx);
                    }
                }
                "spdxVersion" => {
                    let version = map.next_value::<Value>()?;
                    if version
                        .as_str()
                        .is_some_and(|text| text.starts_with("SPDX-2"))
                    {
                        parts.form = Some(Form::Spdx2);
                    }
                }
                "@context" => {
                    let context = map.next_value::<Value>()?.to_string();
                    if context.contains("spdx.org/rdf/3.") || context.contains("spdx-context") {
                        parts.form = Some(Form::Spdx3);
                    }
                }
                "metadata" => parts.metadata = value(&mut map)?,
                "components" => map.next_value_seed(each(&mut parts.components, &mut parts.odd))?,
                "dependencies" => {
                    map.next_value_seed(each(&mut parts.dependencies, &mut parts.odd))?;
                }
                "name" => parts.spdx.name = value(&mut map)?,
                "packages" => {
                    map.next_value_seed(each(&mut parts.spdx.packages, &mut parts.odd))?;
                }
                "relationships" => {
                    map.next_value_seed(each(&mut parts.spdx.relationships, &mut parts.odd))?;
                }
                "hasExtractedLicensingInfos" => {
                    map.next_value_seed(each(&mut parts.spdx.extracted, &mut parts.odd))?;
                }
                "annotations" => {
                    map.next_value_seed(each(&mut parts.spdx.annotations, &mut parts.odd))?;
                }
                "documentDescribes" => {
                    map.next_value_seed(each(&mut parts.spdx.describes, &mut parts.odd))?;
                }
                "@graph" => map.next_value_seed(each(&mut parts.graph, &mut parts.odd))?,
                "artifacts" => {
                    parts.form = parts.form.or(Some(Form::Syft));
                    map.next_value_seed(each(&mut parts.artifacts, &mut parts.odd))?;
                }
                "artifactRelationships" => {
                    map.next_value_seed(each(&mut parts.artifact_relationships, &mut parts.odd))?;
                }
                "source" => parts.source = value(&mut map)?,
                "distro" => parts.distro = value(&mut map)?,
                "payload" => parts.payload = value(&mut map)?,
                // The statement of an attestation, GitHub's wrapper, cosign's predicate.
                "predicate" | "sbom" | "Data" if self.depth < MAX_WRAPPERS => {
                    map.next_value_seed(Inner {
                        parts,
                        depth: self.depth + 1,
                    })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Reads a wrapped document; what is no object is passed over.
struct Inner<'a> {
    parts: &'a mut Parts,
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for Inner<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Inner<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        Top {
            parts: self.parts,
            depth: self.depth,
        }
        .visit_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Reads a list, one element at a time: each is kept as soon as it was read.
struct Each<'a, T> {
    into: &'a mut Vec<T>,
    odd: &'a mut usize,
}

fn each<'a, T>(into: &'a mut Vec<T>, odd: &'a mut usize) -> Each<'a, T> {
    Each { into, odd }
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Each<'_, T> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Each<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element::<Value>()? {
            match serde_json::from_value(element) {
                Ok(element) if self.into.len() < MAX_ELEMENTS => self.into.push(element),
                _ => *self.odd += 1,
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        *self.odd += 1;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        *self.odd += 1;
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        *self.odd += 1;
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        *self.odd += 1;
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        *self.odd += 1;
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        *self.odd += 1;
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Reads a value; one of another type than expected counts as absent.
fn value<'de, A, T>(map: &mut A) -> Result<T, A::Error>
where
    A: MapAccess<'de>,
    T: for<'a> Deserialize<'a> + Default,
{
    let value = map.next_value::<Value>()?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}
