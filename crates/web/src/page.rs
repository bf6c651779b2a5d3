//! Pages of lists: a cursor is the sort key of the last item shown, opaque to clients.

use crate::{ApiError, Code};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

/// Items on a page where the request does not say.
pub const DEFAULT_LIMIT: u32 = 50;
/// Most items on a page.
pub const MAX_LIMIT: u32 = 500;

/// A page of a list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// All items at once.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }

    /// A page from `rows`, which were asked for one more than `limit`: the one too many tells that there are more.
    /// `key` gives the sort key of a row.
    pub fn of<R, K: Serialize>(
        mut rows: Vec<R>,
        limit: u32,
        key: impl Fn(&R) -> K,
        item: impl FnMut(R) -> T,
    ) -> Self {
        let limit = limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if more { rows.last().map(|row| Cursor::encode(&key(row))) } else { None };
        Self { items: rows.into_iter().map(item).collect(), next_cursor }
    }
}

/// How many items a page holds.
///
/// # Errors
/// [`Code::InvalidValue`] for 0.
pub fn limit(asked: Option<u32>) -> Result<u32, ApiError> {
    match asked {
        Some(0) => Err(ApiError::invalid("limit", "must be at least 1")),
        asked => Ok(asked.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT)),
    }
}

/// Sort keys as opaque text.
#[derive(Clone, Copy, Debug)]
pub struct Cursor;

impl Cursor {
    /// The text for a sort key.
    pub fn encode(key: &impl Serialize) -> String {
        // Keys are tuples of numbers and texts, which always have a JSON form.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
    }

    /// The sort key in a text.
    ///
    /// # Errors
    /// [`Code::BadCursor`] where it is not one.
    pub fn decode<K: DeserializeOwned>(text: &str) -> Result<K, ApiError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        bytes
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or_else(|| ApiError::new(Code::BadCursor, "the cursor was not made by this list"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_the_key_of_the_last_item_shown() {
        let page = Page::of(vec![(1, "a"), (2, "b"), (3, "c")], 2, |row| *row, |row| row.1);
        assert_eq!(page.items, ["a", "b"]);
        let cursor = page.next_cursor.expect("a third row was found");
        assert_eq!(Cursor::decode::<(i32, String)>(&cursor).ok(), Some((2, "b".to_owned())));
        assert_eq!(Page::of(vec![1, 2], 2, |row| *row, |row| row).next_cursor, None);
    }

    #[test]
    fn a_strange_cursor_is_refused() {
        for text in ["", "x", "!!!", "bnVsbA", &"A".repeat(5000)] {
            assert!(Cursor::decode::<(i64, String)>(text).is_err(), "{text:.10}");
        }
    }
}
