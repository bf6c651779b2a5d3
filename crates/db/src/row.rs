use std::sync::Arc;

use crate::{Error, Result, Value};

/// One row of a result, detached from the database.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    cells: Box<[Value]>,
}

impl Row {
    pub(crate) fn new(cells: Vec<Value>) -> Self {
        Self { cells: cells.into_boxed_slice() }
    }

    /// The cell at `index` (from 0, in the order of the SELECT), converted.
    ///
    /// # Errors
    /// [`Error::Column`] when there is no such column, or its value is not a `T` (a NULL is only an `Option`; a number
    /// beyond the range of `T` is not a `T`).
    pub fn get<'row, T: FromValue<'row>>(&'row self, index: usize) -> Result<T> {
        let cell =
            self.cells.get(index).ok_or(Error::Column { index, wanted: T::NAME, found: "no column" })?;
        T::from_value(cell).ok_or(Error::Column { index, wanted: T::NAME, found: cell.kind() })
    }

    /// All cells in order.
    #[must_use]
    pub fn cells(&self) -> &[Value] {
        &self.cells
    }
}

/// A type that a cell can be read as; see [`Row::get`].
pub trait FromValue<'row>: Sized {
    /// The type's name in error texts.
    const NAME: &'static str;

    /// The converted value; `None` when the value is of another kind or out of range.
    fn from_value(value: &'row Value) -> Option<Self>;
}

macro_rules! integer_from_value {
    ($($integer:ident),*) => {$(
        impl FromValue<'_> for $integer {
            const NAME: &'static str = stringify!($integer);

            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::Int(value) => $integer::try_from(*value).ok(),
                    _ => None,
                }
            }
        }
    )*};
}
integer_from_value!(i64, i32, i16, u64, u32, u16, u8, usize);

impl FromValue<'_> for bool {
    const NAME: &'static str = "bool";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl FromValue<'_> for f64 {
    const NAME: &'static str = "f64";

    #[expect(
        clippy::cast_precision_loss,
        reason = "SQLite stores 2.0 as the integer 2 in a REAL column's sums"
    )]
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Real(value) => Some(*value),
            Value::Int(value) => Some(*value as f64),
            _ => None,
        }
    }
}

impl<'row> FromValue<'row> for &'row str {
    const NAME: &'static str = "text";

    fn from_value(value: &'row Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl FromValue<'_> for String {
    const NAME: &'static str = "text";

    fn from_value(value: &Value) -> Option<Self> {
        <&str>::from_value(value).map(str::to_owned)
    }
}

impl FromValue<'_> for Arc<str> {
    const NAME: &'static str = "text";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(Arc::clone(text)),
            _ => None,
        }
    }
}

impl<'row> FromValue<'row> for &'row [u8] {
    const NAME: &'static str = "blob";

    fn from_value(value: &'row Value) -> Option<Self> {
        match value {
            Value::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl FromValue<'_> for Vec<u8> {
    const NAME: &'static str = "blob";

    fn from_value(value: &Value) -> Option<Self> {
        <&[u8]>::from_value(value).map(<[u8]>::to_vec)
    }
}

impl<'row> FromValue<'row> for Value {
    const NAME: &'static str = "value";

    fn from_value(value: &'row Value) -> Option<Self> {
        Some(value.clone())
    }
}

impl<'row, T: FromValue<'row>> FromValue<'row> for Option<T> {
    const NAME: &'static str = T::NAME;

    fn from_value(value: &'row Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}
