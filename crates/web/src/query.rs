//! Strict reading of queries: every key is known, every value fits, lists may repeat their key.

use crate::{ApiError, Code, json::read_strictly};
use axum::{extract::FromRequestParts, http::request::Parts};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IntoDeserializer, Visitor, value::Error as ValueError},
    forward_to_deserialize_any,
};
use std::{borrow::Cow, fmt, marker::PhantomData};

/// Longest query that is read, in bytes.
const MAX_QUERY_BYTES: usize = 16 * 1024;

/// A query. Keys of lists may repeat; any other key stands once.
#[derive(Clone, Copy, Debug)]
pub struct QueryOf<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for QueryOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        read(parts.uri.query().unwrap_or("")).map(Self)
    }
}

/// Words separated by commas, in one value or in several: `a,b` and `a&…=b` mean the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommaList<T>(pub Vec<T>);

impl<T> Default for CommaList<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for CommaList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = Vec::<String>::deserialize(deserializer)?;
        let words =
            values.iter().flat_map(|value| value.split(',')).map(str::trim).filter(|word| !word.is_empty());
        let parsed = words.map(|word| {
            T::deserialize(word.into_deserializer())
                .map_err(|error: ValueError| serde::de::Error::custom(format!("{error}")))
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    if query.len() > MAX_QUERY_BYTES {
        return Err(ApiError::new(
            Code::BadRequest,
            format!("the query is longer than {MAX_QUERY_BYTES} bytes"),
        ));
    }
    let mut keys: Vec<(Cow<'_, str>, Values<'_>)> = Vec::new();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match keys.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.0.push(value),
            None => keys.push((key, Values(vec![value]))),
        }
    }
    let map = serde::de::value::MapDeserializer::<_, ValueError>::new(keys.into_iter());
    read_strictly(map, |_| true)
}

/// The values of one key.
struct Values<'q>(Vec<Cow<'q, str>>);

impl<'q> IntoDeserializer<'q, ValueError> for Values<'q> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl Values<'_> {
    fn one(&self) -> Result<&str, ValueError> {
        match self.0.as_slice() {
            [value] => Ok(value),
            _ => Err(serde::de::Error::custom("stands more than once")),
        }
    }

    fn number<T: std::str::FromStr>(&self) -> Result<T, ValueError> {
        let value = self.one()?;
        value.parse().map_err(|_| {
            serde::de::Error::custom(format_args!("expected a number, found '{}'", short(value)))
        })
    }
}

fn short(value: &str) -> String {
    value.chars().take(40).collect()
}

macro_rules! numbers {
    ($($method:ident $visit:ident $integer:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            visitor.$visit(self.number::<$integer>()?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Values<'de> {
    type Error = ValueError;

    numbers! {
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64, deserialize_f32 visit_f32 f32,
        deserialize_f64 visit_f64 f64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_str(self.one()?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.one()? {
            "true" | "1" => visitor.visit_bool(true),
            "false" | "0" => visitor.visit_bool(false),
            other => Err(serde::de::Error::custom(format_args!(
                "expected true or false, found '{}'",
                short(other)
            ))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        // `?q=` is how forms say that nothing was chosen.
        if self.0.iter().all(|value| value.is_empty()) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let each = self.0.into_iter().map(|value| Values(vec![value]));
        serde::de::value::SeqDeserializer::new(each).deserialize_seq(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        let value: Cow<'de, str> = Cow::Owned(self.one()?.to_owned());
        let words: serde::de::value::CowStrDeserializer<'_, ValueError> = value.into_deserializer();
        words.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

impl<T> fmt::Display for CommaList<T>
where
    T: fmt::Display,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&words.join(","))
    }
}

/// Shown in the OpenAPI document as a list of its words.
impl<T: utoipa::PartialSchema> utoipa::PartialSchema for CommaList<T> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let _: PhantomData<T> = PhantomData;
        utoipa::openapi::schema::ArrayBuilder::new().items(T::schema()).into()
    }
}

impl<T: utoipa::ToSchema> utoipa::ToSchema for CommaList<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Direction {
        Up,
        Down,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only shown")]
    struct Filter {
        #[serde(default)]
        state: CommaList<Direction>,
        #[serde(default)]
        keyword: Vec<String>,
        limit: Option<u32>,
        deep: Option<bool>,
        q: Option<String>,
    }

    fn check(query: &str, expected: Expect) {
        let shown = match read::<Filter>(query) {
            Ok(filter) => format!("{filter:?}"),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn values_are_read_by_their_type() {
        check("", expect!["Filter { state: CommaList([]), keyword: [], limit: None, deep: None, q: None }"]);
        check(
            "state=up,down&state=up&keyword=a,b&keyword=c%20d&limit=20&deep=true&q=x",
            expect![[
                r#"Filter { state: CommaList([Up, Down, Up]), keyword: ["a,b", "c d"], limit: Some(20), deep: Some(true), q: Some("x") }"#
            ]],
        );
        check(
            "q=&limit=",
            expect!["Filter { state: CommaList([]), keyword: [], limit: None, deep: None, q: None }"],
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        check("limt=3", expect!["unknown_field: unknown: limt"]);
        check("limit=many", expect!["invalid_value: limit: expected a number, found 'many'"]);
        check("limit=-1", expect!["invalid_value: limit: expected a number, found '-1'"]);
        check("limit=1&limit=2", expect!["invalid_value: limit: stands more than once"]);
        check("deep=yes", expect!["invalid_value: deep: expected true or false, found 'yes'"]);
        check("state=left", expect!["invalid_value: state: unknown variant `left`, expected `up` or `down`"]);
    }
}
