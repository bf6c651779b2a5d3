//! Conditions of a read, put together from the filters that are in use. Values are bound, never written into the text.

use db::{Query, Value};

/// Conditions joined by AND, with what they are bound to.
#[derive(Clone, Debug)]
pub(super) struct Conditions {
    text: String,
    params: Vec<Value>,
}

impl Conditions {
    /// No condition yet; `bound` are the values that the template itself names as `?1`, `?2`, ….
    pub(super) fn new(bound: Vec<Value>) -> Self {
        Self { text: String::from("1 = 1"), params: bound }
    }

    /// Adds a condition, in whose text each `?` stands for the next of `values`.
    pub(super) fn and(&mut self, condition: &'static str, values: impl IntoIterator<Item = Value>) {
        self.text.push_str("\n  AND ");
        let mut values = values.into_iter();
        for (index, piece) in condition.split('?').enumerate() {
            if index > 0 {
                // A `?` without a value is a mistake in this crate, which the database refuses in its tests.
                self.params.extend(values.next());
                self.text.push('?');
                self.text.push_str(&self.params.len().to_string());
            }
            self.text.push_str(piece);
        }
    }

    /// `template` with its marks replaced.
    pub(super) fn query(&self, template: &str, limit: u32) -> Query {
        let filled = template.replace("/*where*/", &self.text).replace("/*limit*/", &limit.to_string());
        Query::new(filled).bind_all(self.params.iter().cloned())
    }
}

/// `text` as a pattern of LIKE that matches it anywhere, with the signs of LIKE taken literally (`ESCAPE '\'`).
pub(super) fn anywhere(text: &str) -> Value {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    Value::from(pattern)
}
