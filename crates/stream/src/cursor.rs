//! Cursors: where a reader stands in the history of events.

use std::{fmt, str::FromStr, sync::Arc};

/// Longest text taken for a cursor, in bytes.
const MAX_CURSOR_BYTES: usize = 128;

/// Where a reader stands: everything up to event number `feed_seq` of the history `epoch` has been given to it.
/// Text form: `<epoch>.<feed_seq>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The history; another one says that numbers may have been given twice.
    pub epoch: Arc<str>,
    /// Number over all runs; 0 stands before the first event.
    pub feed_seq: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.feed_seq)
    }
}

/// The text is not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor: expected `<epoch>.<number>` as given in the `id` of a frame")]
pub struct CursorError;

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (epoch, number) = text.rsplit_once('.').ok_or(CursorError)?;
        let plain = number.bytes().all(|b| b.is_ascii_digit());
        if text.len() > MAX_CURSOR_BYTES || epoch.is_empty() || !plain {
            return Err(CursorError);
        }
        let feed_seq = number.parse().map_err(|_| CursorError)?;
        Ok(Self { epoch: Arc::from(epoch), feed_seq })
    }
}

/// What a reader says about where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Position {
    /// Nothing: it begins now.
    #[default]
    Fresh,
    /// After this cursor.
    After(Cursor),
    /// Something that is not a cursor.
    Invalid,
}

impl Position {
    /// What `?cursor=` and `Last-Event-ID` say together: the newer wins. A browser repeats the address it began with,
    /// and so an old `?cursor=`, at every reconnect; between epochs the header is the one that is newer.
    pub fn newer_of(query: Option<&str>, header: Option<&str>) -> Self {
        let parse = |text: Option<&str>| match text {
            None | Some("") => Self::Fresh,
            Some(text) => text.parse().map_or(Self::Invalid, Self::After),
        };
        match (parse(query), parse(header)) {
            (Self::After(query), Self::After(header)) => {
                let query_is_newer = query.epoch == header.epoch && query.feed_seq > header.feed_seq;
                Self::After(if query_is_newer { query } else { header })
            }
            (after @ Self::After(_), _) | (_, after @ Self::After(_)) => after,
            (Self::Invalid, _) | (_, Self::Invalid) => Self::Invalid,
            (Self::Fresh, Self::Fresh) => Self::Fresh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str) -> Position {
        Position::After(text.parse().unwrap())
    }

    #[test]
    fn a_cursor_survives_its_text_form() {
        let cursor: Cursor = "e.1-x.42".parse().unwrap();
        assert_eq!((&*cursor.epoch, cursor.feed_seq), ("e.1-x", 42));
        assert_eq!(cursor.to_string(), "e.1-x.42");
        for text in ["", "a", ".5", "a.", "a.-1", "a.+1", "a.99999999999999999999", &"x".repeat(200)] {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text}");
        }
    }

    #[test]
    fn the_newer_of_query_and_header_wins() {
        let check = |query, header, expect| assert_eq!(Position::newer_of(query, header), expect);
        check(None, None, Position::Fresh);
        check(Some("a.5"), None, after("a.5"));
        check(Some("a.5"), Some("a.9"), after("a.9"));
        check(Some("a.9"), Some("a.5"), after("a.9"));
        check(Some("old.9"), Some("new.5"), after("new.5"));
        check(Some("rubbish"), Some("a.5"), after("a.5"));
        check(Some("rubbish"), None, Position::Invalid);
        check(Some(""), Some(""), Position::Fresh);
    }
}
