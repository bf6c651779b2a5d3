//! YAML as a tree that knows where each part stands, and the map from document paths to places.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::{Location, Spanned};
use std::{collections::BTreeMap, fmt};

/// A place in the text: line and column, from 1.
pub(crate) type Place = (u32, u32);

/// A value of the text, with its place.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) place: Option<Place>,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Plain(Value),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a map, with its place.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) place: Option<Place>,
}

impl Node {
    /// The word for what it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.kind {
            Kind::Plain(Value::Null) => "nothing",
            Kind::Plain(Value::Bool(_)) => "true or false",
            Kind::Plain(Value::Number(_)) => "a number",
            Kind::Plain(_) => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Plain(Value::Null))
    }

    /// As JSON, without places.
    pub(crate) fn into_value(self) -> Value {
        match self.kind {
            Kind::Plain(value) => value,
            Kind::List(nodes) => Value::Array(nodes.into_iter().map(Self::into_value).collect()),
            Kind::Map(fields) => {
                Value::Object(fields.into_iter().map(|(key, node)| (key.name, node.into_value())).collect())
            }
        }
    }
}

fn place(location: Location) -> Option<Place> {
    let number = |n: u64| u32::try_from(n).ok().filter(|n| *n > 0);
    Some((number(location.line())?, number(location.column())?))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Self { place: place(spanned.referenced), kind: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML that has a JSON form")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Plain(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Plain(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Plain(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Plain(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::Plain(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Kind, E> {
        match Number::from_f64(value) {
            Some(number) => Ok(Kind::Plain(Value::Number(number))),
            None => Err(E::custom("infinite and undefined numbers have no JSON form")),
        }
    }

    fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Plain(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Kind, E> {
        Ok(Kind::Plain(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Kind, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = access.next_element()? {
            nodes.push(node);
        }
        Ok(Kind::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Kind, A::Error> {
        let mut fields = Vec::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            fields.push((Key { name: key.value, place: place(key.referenced) }, access.next_value()?));
        }
        Ok(Kind::Map(fields))
    }
}

/// Where each path of a document stands in its text.
#[derive(Debug, Default)]
pub(crate) struct Places(BTreeMap<String, Place>);

impl Places {
    pub(crate) fn note(&mut self, path: &str, place: Option<Place>) {
        if let Some(place) = place {
            self.0.insert(path.to_owned(), place);
        }
    }

    /// The place of `path`, or of the closest part of the document around it.
    pub(crate) fn nearest(&self, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            if let Some(place) = self.0.get(path) {
                return Some(*place);
            }
            path = path.get(..path.rfind(['.', '['])?)?;
        }
    }
}
