//! What people type into a search box, turned into conditions.
//!
//! Their text is never syntax of the full-text index: each word becomes a string in quotes, in which quotes are doubled.
//! Words that the index cannot hold (emoji, signs) or would only find from their beginning (scripts that write without
//! spaces) are looked up letter by letter instead.

use db::{Conditions, Value, anywhere};

/// Longest text that is searched for, in characters.
pub const MAX_SEARCH_CHARS: usize = 500;
/// Most words that are searched for.
pub const MAX_SEARCH_WORDS: usize = 32;

/// Words that must all be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    words: Vec<String>,
}

/// Why a text is not searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// It is too long.
    #[error("must have at most {MAX_SEARCH_CHARS} characters")]
    TooLong,
    /// It has too many words.
    #[error("must have at most {MAX_SEARCH_WORDS} words")]
    TooManyWords,
}

impl Search {
    /// The words of a text, in lower case.
    ///
    /// # Errors
    /// [`SearchError`].
    pub fn parse(text: &str) -> Result<Self, SearchError> {
        if text.chars().count() > MAX_SEARCH_CHARS {
            return Err(SearchError::TooLong);
        }
        let between = |c: char| c.is_whitespace() || c.is_control();
        let words: Vec<String> =
            text.split(between).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
        if words.len() > MAX_SEARCH_WORDS {
            return Err(SearchError::TooManyWords);
        }
        Ok(Self { words })
    }

    /// The words.
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    /// Conditions on `media AS f`: the full-text index where it serves, the texts themselves where not.
    pub(super) fn conditions(&self, conditions: &mut Conditions) {
        let (indexed, literal): (Vec<&String>, Vec<&String>) =
            self.words.iter().partition(|word| is_indexed(word));
        if !indexed.is_empty() {
            // Strings side by side must all be there; the star finds words that begin so.
            let strings: Vec<String> =
                indexed.iter().map(|word| format!("\"{}\" *", word.replace('"', "\"\""))).collect();
            conditions.and_either(
                "f.id IN (SELECT t.rowid FROM media_text AS t WHERE t.media_text MATCH ?)",
                "f.id IN (SELECT t.rowid FROM media_text AS t WHERE t.document @@ media_words(?))",
                [Value::from(strings.join(" "))],
            );
        }
        for word in literal {
            conditions.and(
                "f.id IN (SELECT t.rowid FROM media_text AS t \
                 WHERE t.name || ' ' || t.prompt || ' ' || t.captions || ' ' || t.keywords LIKE ? ESCAPE '\\')",
                [anywhere(word)],
            );
        }
    }
}

/// Whether the index finds a word: it has letters or digits, of scripts that put spaces between words.
fn is_indexed(word: &str) -> bool {
    word.chars().any(char::is_alphanumeric) && !word.chars().any(is_written_without_spaces)
}

/// Letters of scripts that write without spaces: the index holds their sentences as single words.
fn is_written_without_spaces(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0EFF}' // Thai, Lao
        | '\u{1000}'..='\u{109F}' // Burmese
        | '\u{1780}'..='\u{17FF}' // Khmer
        | '\u{2E80}'..='\u{A4CF}' // Chinese, Japanese, Yi
        | '\u{AC00}'..='\u{D7AF}' // Korean
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FF66}'..='\u{FF9F}'
        | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let mut conditions = Conditions::new();
        Search::parse(text).map(|search| search.conditions(&mut conditions)).unwrap_or_default();
        expected.assert_eq(&format!("{:?}", conditions.query("", &[]).bind(0)));
    }

    #[test]
    fn text_never_becomes_syntax() {
        check(
            "Castle  \"golden hour\" OR * NEAR(a, 2)",
            expect![[
                r#"Query { sql: "", postgres: Some(""), params: [Text("\"castle\" * \"\"\"golden\" * \"hour\"\"\" * \"or\" * \"near(a,\" * \"2)\" *"), Text("%*%"), Int(0)] }"#
            ]],
        );
        check(
            "🎉 山水 a\u{0}b",
            expect![[
                r#"Query { sql: "", postgres: Some(""), params: [Text("\"a\" * \"b\" *"), Text("%🎉%"), Text("%山水%"), Int(0)] }"#
            ]],
        );
        check(" \t ", expect![[r#"Query { sql: "", postgres: None, params: [Int(0)] }"#]]);
    }

    #[test]
    fn long_texts_are_refused() {
        assert_eq!(Search::parse(&"a".repeat(501)), Err(SearchError::TooLong));
        assert_eq!(Search::parse(&"a ".repeat(33)), Err(SearchError::TooManyWords));
        assert_eq!(Search::parse(&"ä".repeat(500)).map(|search| search.words.len()), Ok(1));
    }
}
