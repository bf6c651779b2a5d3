//! Conditions of a read, put together from the filters that are in use. Values are bound, never written into the text.

use db::{Query, Value};

/// Conditions joined by AND, with what they are bound to.
#[derive(Clone, Debug)]
pub(super) struct Conditions {
    text: String,
    params: Vec<Value>,
}

impl Conditions {
    /// No condition yet.
    pub(super) fn new() -> Self {
        Self { text: String::from("1 = 1"), params: Vec::new() }
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

    /// `template` with its marks replaced: `/*where*/` by the conditions, the others as given.
    pub(super) fn query(&self, template: &str, marks: &[(&str, &str)]) -> Query {
        let filled = template.replace("/*where*/", &self.text);
        let filled = marks.iter().fold(filled, |sql, (mark, text)| sql.replace(mark, text));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_bound_in_the_order_of_the_marks() {
        let mut conditions = Conditions::new();
        conditions.and("a = ?", [Value::from(1)]);
        conditions.and("(b LIKE ? OR c LIKE ?)", [Value::from("x'; DROP"), Value::from("y")]);
        let query =
            conditions.query("SELECT 1 FROM t WHERE /*where*/ LIMIT /*limit*/", &[("/*limit*/", "7")]);
        assert_eq!(
            query.sql(),
            "SELECT 1 FROM t WHERE 1 = 1\n  AND a = ?1\n  AND (b LIKE ?2 OR c LIKE ?3) LIMIT 7"
        );
    }

    #[test]
    fn signs_of_like_are_taken_literally() {
        assert_eq!(anywhere("50%_a\\"), Value::from("%50\\%\\_a\\\\%"));
    }
}
