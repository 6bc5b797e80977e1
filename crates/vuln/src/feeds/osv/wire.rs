//! OSV's wire format (ossf.github.io/osv-schema), tolerant: unknown fields are skipped, absent and
//! null lists are empty, scalars of the wrong kind are text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde_json::value::RawValue;

/// Is a record.
#[derive(serde::Deserialize)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow, default)]
    pub(super) summary: Text<'a>,
    #[serde(borrow, default)]
    pub(super) modified: Text<'a>,
    #[serde(borrow, default)]
    pub(super) published: Text<'a>,
    #[serde(borrow, default)]
    pub(super) withdrawn: Text<'a>,
    #[serde(borrow, default)]
    pub(super) aliases: List<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) related: List<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) upstream: List<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) severity: List<Severity<'a>>,
    /// Read one by one, so that a damaged one costs only itself.
    #[serde(borrow, default)]
    pub(super) affected: List<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) references: List<Reference<'a>>,
    #[serde(borrow, default)]
    pub(super) database_specific: Option<&'a RawValue>,
}

/// Is a rating.
#[derive(serde::Deserialize)]
pub(super) struct Severity<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) score: Text<'a>,
}

/// Is a reference.
#[derive(serde::Deserialize)]
pub(super) struct Reference<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) url: Text<'a>,
}

/// Is one affected package.
#[derive(serde::Deserialize)]
pub(super) struct Affected<'a> {
    #[serde(borrow)]
    pub(super) package: Option<Package<'a>>,
    #[serde(borrow, default)]
    pub(super) severity: List<Severity<'a>>,
    #[serde(borrow, default)]
    pub(super) ranges: List<Range<'a>>,
    #[serde(borrow, default)]
    pub(super) versions: List<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) ecosystem_specific: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) database_specific: Option<&'a RawValue>,
}

/// Is a package.
#[derive(serde::Deserialize)]
pub(super) struct Package<'a> {
    #[serde(borrow)]
    pub(super) ecosystem: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) purl: Text<'a>,
}

/// Is a range as events.
#[derive(serde::Deserialize)]
pub(super) struct Range<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) events: List<Event<'a>>,
}

/// Is one event; one of its fields is set.
#[derive(serde::Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    pub(super) introduced: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) fixed: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) last_affected: Option<Text<'a>>,
}

/// Is what one of the free-form parts may hold for us.
#[derive(serde::Deserialize, Default)]
pub(super) struct Specific<'a> {
    /// GitHub, Bitnami: a rating in words.
    #[serde(borrow, default)]
    pub(super) severity: Option<Text<'a>>,
    /// Debian: the rating of the distribution.
    #[serde(borrow, default)]
    pub(super) urgency: Option<Text<'a>>,
    /// `RustSec`: a vector.
    #[serde(borrow, default)]
    pub(super) cvss: Option<Text<'a>>,
    /// `RustSec`: why the record is no vulnerability.
    #[serde(borrow, default)]
    pub(super) informational: Option<Text<'a>>,
    /// Go: what is affected, a list of [`Import`]s.
    #[serde(borrow, default)]
    pub(super) imports: Option<&'a RawValue>,
    /// `RustSec`: what is affected, [`Affects`].
    #[serde(borrow, default)]
    pub(super) affects: Option<&'a RawValue>,
}

/// Is an affected part of a Go module (go.dev/doc/security/vuln/database, "`EcosystemSpecific`").
#[derive(serde::Deserialize)]
pub(super) struct Import<'a> {
    #[serde(borrow, default)]
    pub(super) path: Text<'a>,
    #[serde(borrow, default)]
    pub(super) symbols: List<Text<'a>>,
}

/// Is what of a crate is affected.
#[derive(serde::Deserialize)]
pub(super) struct Affects<'a> {
    #[serde(borrow, default)]
    pub(super) functions: List<Text<'a>>,
}

/// Is text, borrowed where it holds no escapes; numbers and truth values become their text, null
/// becomes empty.
#[derive(Default, Debug)]
pub(in crate::feeds) struct Text<'a>(pub(in crate::feeds) Cow<'a, str>);

impl Text<'_> {
    /// Returns the text.
    pub(in crate::feeds) fn get(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("text")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }

            fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(truth.to_string())))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// Is a list; null is empty.
#[derive(Debug)]
pub(in crate::feeds) struct List<T>(pub(in crate::feeds) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}
