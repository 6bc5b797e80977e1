//! Reading JSON and YAML of which every value may be of the wrong type: what is not of the shape
//! that is taken is skipped, never an error, and no tree is built.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use plimsoll_model::package::Requirement;

use super::super::damage::text;

/// Takes what it understands of one value. Whatever is not overridden is skipped.
pub(in crate::catalog) trait Take: Default {
    /// Takes a text; numbers come as text.
    fn text(&mut self, _value: &str) {}

    /// Takes a truth value.
    fn flag(&mut self, _value: bool) {}

    /// Takes the elements of a list.
    fn list<'de, A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    /// Takes the fields of an object.
    fn fields<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// Is what was taken of one value of any type.
#[derive(Debug, Default)]
pub(in crate::catalog) struct Loose<T>(pub(in crate::catalog) T);

impl<'de, T: Take> Deserialize<'de> for Loose<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData)).map(Self)
    }
}

struct Any<T>(PhantomData<T>);

impl<'de, T: Take> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<T, E> {
        let mut taken = T::default();
        taken.text(value);
        Ok(taken)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<T, E> {
        let mut taken = T::default();
        taken.flag(value);
        Ok(taken)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_none<E: Error>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        let mut taken = T::default();
        taken.list(list)?;
        Ok(taken)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
        let mut taken = T::default();
        taken.fields(fields)?;
        Ok(taken)
    }
}

/// Receives the fields of an object one by one, so that those before damage are kept.
pub(in crate::catalog) trait Receive {
    /// Receives the fields.
    fn fields<'de, A: MapAccess<'de>>(self, fields: A) -> Result<(), A::Error>;
}

/// Keeps each field of an object with its name, in the object's order.
pub(in crate::catalog) struct Keyed<'f, T>(pub(in crate::catalog) &'f mut Vec<(String, T)>);

impl<T: Take> Receive for Keyed<'_, T> {
    fn fields<'de, A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            let Loose(value) = fields.next_value::<Loose<T>>()?;
            self.0.push((key.unwrap_or_default(), value));
        }
        Ok(())
    }
}

/// Hands an object to who receives it; any other value is skipped.
pub(in crate::catalog) struct Into<R>(pub(in crate::catalog) R);

impl<'de, R: Receive> DeserializeSeed<'de> for Into<R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: Receive> Visitor<'de> for Into<R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<(), A::Error> {
        self.0.fields(fields)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<(), E> {
        Ok(())
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Is a text, if the value is one or a number; safe to store.
pub(in crate::catalog) type Text = Option<String>;

impl Take for Text {
    fn text(&mut self, value: &str) {
        *self = Some(text(value.as_bytes()));
    }
}

/// Is a truth value; anything else is false.
impl Take for bool {
    fn flag(&mut self, value: bool) {
        *self = value;
    }
}

/// Is an object of texts, as `dependencies` are: names with what is asked of them, in the order in
/// which they stand. Values that are no texts are dropped.
#[derive(Debug, Default)]
pub(in crate::catalog) struct Ranges(pub(in crate::catalog) Vec<Requirement>);

/// The most dependencies of one kind that a package is believed to have.
const MAX_RANGES: usize = 16 * 1024;

impl Take for Ranges {
    fn fields<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key::<Loose<Text>>()? {
            let Loose(range) = fields.next_value::<Loose<Text>>()?;
            if let (Some(name), Some(constraint)) = (name.0, range)
                && self.0.len() < MAX_RANGES
            {
                self.0.push(Requirement { name, constraint });
            }
        }
        Ok(())
    }
}

/// Is a list of texts, or a truth value for all or none (`bundleDependencies`).
#[derive(Debug, Default)]
pub(in crate::catalog) struct Names {
    /// The texts.
    pub(in crate::catalog) names: Vec<String>,
    /// Whether the value was `true`.
    pub(in crate::catalog) all: bool,
}

impl Take for Names {
    fn flag(&mut self, value: bool) {
        self.all = value;
    }

    fn list<'de, A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(Loose(name)) = list.next_element::<Loose<Text>>()? {
            if self.names.len() < MAX_RANGES {
                self.names.extend(name);
            }
        }
        Ok(())
    }
}

/// Is a licence: a text, an object with a `type` (npm's old form), or a list of either.
#[derive(Debug, Default)]
pub(in crate::catalog) struct Licenses(pub(in crate::catalog) Vec<String>);

/// The most licences of one package that are kept.
const MAX_LICENSES: usize = 64;

impl Licenses {
    fn push(&mut self, license: String) {
        if !license.is_empty() && self.0.len() < MAX_LICENSES && !self.0.contains(&license) {
            self.0.push(license);
        }
    }
}

impl Take for Licenses {
    fn text(&mut self, value: &str) {
        self.push(text(value.as_bytes()));
    }

    fn list<'de, A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(Loose(one)) = list.next_element::<Loose<OneLicense>>()? {
            self.push(one.0);
        }
        Ok(())
    }

    fn fields<'de, A: MapAccess<'de>>(&mut self, fields: A) -> Result<(), A::Error> {
        let mut one = OneLicense::default();
        one.fields(fields)?;
        self.push(one.0);
        Ok(())
    }
}

/// Is one licence of a list. Lists in lists are dropped, which bounds the depth.
#[derive(Debug, Default)]
struct OneLicense(String);

impl Take for OneLicense {
    fn text(&mut self, value: &str) {
        self.0 = text(value.as_bytes());
    }

    fn fields<'de, A: MapAccess<'de>>(&mut self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Loose(key)) = fields.next_key::<Loose<Text>>()? {
            match key.as_deref() {
                Some("type") => self.0 = fields.next_value::<Loose<Text>>()?.0.unwrap_or_default(),
                Some("name") if self.0.is_empty() => {
                    self.0 = fields.next_value::<Loose<Text>>()?.0.unwrap_or_default();
                }
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}
