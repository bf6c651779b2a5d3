//! Values on their way to and from the server.

use crate::{Row, Value};
use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A value as the type that the server inferred for its parameter.
#[derive(Debug)]
pub(super) struct Param<'v>(pub(super) &'v Value);

impl ToSql for Param<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Int(value) => integer(*value, kind, out)?,
            Value::Real(value) => match *kind {
                #[expect(clippy::cast_possible_truncation, reason = "the column is as narrow")]
                Type::FLOAT4 => out.put_f32(*value as f32),
                Type::FLOAT8 => out.put_f64(*value),
                _ => return Err(misfit(self.0, kind)),
            },
            Value::Text(text) => match *kind {
                Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
                    out.put_slice(text.as_bytes());
                }
                _ => return Err(misfit(self.0, kind)),
            },
            Value::Blob(bytes) => match *kind {
                Type::BYTEA => out.put_slice(bytes),
                _ => return Err(misfit(self.0, kind)),
            },
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn integer(value: i64, kind: &Type, out: &mut BytesMut) -> Result<(), Failure> {
    match *kind {
        Type::INT2 => out.put_i16(i16::try_from(value)?),
        Type::INT4 => out.put_i32(i32::try_from(value)?),
        Type::INT8 => out.put_i64(value),
        #[expect(clippy::cast_precision_loss, reason = "a column of doubles holds no more")]
        Type::FLOAT8 => out.put_f64(value as f64),
        Type::BOOL => out.put_u8(u8::from(value != 0)),
        Type::TEXT | Type::VARCHAR | Type::UNKNOWN => out.put_slice(value.to_string().as_bytes()),
        _ => return Err(misfit(&Value::Int(value), kind)),
    }
    Ok(())
}

fn misfit(value: &Value, kind: &Type) -> Failure {
    format!("a value of kind {} for a parameter of type {kind}", value.kind()).into()
}

/// The type of a value that is sent without asking the server: what it cannot say, the server infers.
pub(super) fn type_of(value: &Value) -> Type {
    match value {
        Value::Null => Type::UNKNOWN,
        Value::Int(_) => Type::INT8,
        Value::Real(_) => Type::FLOAT8,
        Value::Text(_) => Type::TEXT,
        Value::Blob(_) => Type::BYTEA,
    }
}

/// The array type of an element type; `None` for one that no column here has.
pub(super) fn array_of(element: &Type) -> Option<Type> {
    Some(match *element {
        Type::INT2 => Type::INT2_ARRAY,
        Type::INT4 => Type::INT4_ARRAY,
        Type::INT8 => Type::INT8_ARRAY,
        Type::FLOAT4 => Type::FLOAT4_ARRAY,
        Type::FLOAT8 => Type::FLOAT8_ARRAY,
        Type::TEXT => Type::TEXT_ARRAY,
        Type::VARCHAR => Type::VARCHAR_ARRAY,
        Type::BYTEA => Type::BYTEA_ARRAY,
        Type::BOOL => Type::BOOL_ARRAY,
        _ => return None,
    })
}

/// A row of the port.
pub(super) fn row(row: &tokio_postgres::Row) -> Result<Row, tokio_postgres::Error> {
    let cells = (0..row.len()).map(|column| row.try_get::<_, Cell>(column).map(|cell| cell.0));
    Ok(Row::new(cells.collect::<Result<_, _>>()?))
}

/// A value as the server sends it.
struct Cell(Value);

impl<'r> FromSql<'r> for Cell {
    fn from_sql(kind: &Type, raw: &'r [u8]) -> Result<Self, Failure> {
        Ok(Self(match *kind {
            Type::INT2 => Value::Int(i64::from(i16::from_sql(kind, raw)?)),
            Type::INT4 => Value::Int(i64::from(i32::from_sql(kind, raw)?)),
            Type::INT8 => Value::Int(i64::from_sql(kind, raw)?),
            Type::BOOL => Value::Int(i64::from(bool::from_sql(kind, raw)?)),
            Type::FLOAT4 => Value::Real(f64::from(f32::from_sql(kind, raw)?)),
            Type::FLOAT8 => Value::Real(f64::from_sql(kind, raw)?),
            Type::NUMERIC => numeric(raw)?,
            Type::BYTEA => Value::Blob(raw.into()),
            // Of no declared type (a bare NULL or text) and all kinds of text.
            _ => Value::Text(std::str::from_utf8(raw)?.into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Self(Value::Null))
    }

    fn accepts(kind: &Type) -> bool {
        const TEXTS: [Type; 5] = [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME, Type::UNKNOWN];
        const NUMBERS: [Type; 6] =
            [Type::INT2, Type::INT4, Type::INT8, Type::FLOAT4, Type::FLOAT8, Type::NUMERIC];
        TEXTS.contains(kind) || NUMBERS.contains(kind) || [Type::BOOL, Type::BYTEA].contains(kind)
    }
}

/// Sums of large integers come as decimals: whole ones are integers here as on the other engine.
///
/// The format: digit count, weight of the first digit, sign, scale, then digits to the base of 10,000.
fn numeric(raw: &[u8]) -> Result<Value, Failure> {
    let field = |index: usize| -> Result<i16, Failure> {
        let bytes = raw.get(index * 2..index * 2 + 2).ok_or("a number that ends early")?;
        Ok(i16::from_be_bytes([bytes[0], bytes[1]]))
    };
    let (digits, weight, sign) = (field(0)?, field(1)?, field(2)?);
    let negative = match sign {
        0 => false,
        0x4000 => true,
        _ => return Err("a number that is none".into()),
    };
    let (mut whole, mut real) = (Some(0_i64), 0.0_f64);
    for index in 0..digits.max(0) {
        let digit = field(4 + usize::try_from(index)?)?;
        let place = weight - index;
        real += f64::from(digit) * 10_000_f64.powi(i32::from(place));
        whole = match u32::try_from(place) {
            Ok(place) => whole.and_then(|whole| {
                10_000_i64.checked_pow(place)?.checked_mul(i64::from(digit))?.checked_add(whole)
            }),
            Err(_) if digit == 0 => whole,
            Err(_) => None,
        };
    }
    Ok(match whole {
        Some(whole) => Value::Int(if negative { -whole } else { whole }),
        None => Value::Real(if negative { -real } else { real }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(fields: &[i16]) -> Value {
        let raw: Vec<u8> = fields.iter().flat_map(|field| field.to_be_bytes()).collect();
        numeric(&raw).unwrap()
    }

    #[test]
    fn whole_decimals_are_integers() {
        assert_eq!(decimal(&[0, 0, 0, 0]), Value::Int(0));
        assert_eq!(decimal(&[2, 1, 0, 0, 12, 345]), Value::Int(120_345));
        assert_eq!(decimal(&[1, 2, 0x4000, 0, 7]), Value::Int(-700_000_000));
        assert_eq!(decimal(&[2, 0, 0, 1, 2, 5_000]), Value::Real(2.5));
        assert!(numeric(&[0]).is_err());
    }
}
