//! Conditions of a read, put together from the filters that are in use.

use crate::{Query, Value};

/// Conditions joined by AND, with what they are bound to. Values are bound, never written into the text.
#[derive(Clone, Debug)]
pub struct Conditions {
    text: String,
    params: Vec<Value>,
    /// Pieces of the text, each with what PostgreSQL reads in its place.
    differs: Vec<(String, String)>,
}

impl Default for Conditions {
    fn default() -> Self {
        Self::new()
    }
}

impl Conditions {
    /// No condition yet.
    #[must_use]
    pub fn new() -> Self {
        Self::after([])
    }

    /// No condition yet; `bound` are the values that the template itself names as `?1`, `?2`, ….
    #[must_use]
    pub fn after(bound: impl IntoIterator<Item = Value>) -> Self {
        Self { text: String::from("1 = 1"), params: bound.into_iter().collect(), differs: Vec::new() }
    }

    /// Adds a condition, in whose text each `?` stands for the next of `values`.
    pub fn and(&mut self, condition: &'static str, values: impl IntoIterator<Item = Value>) {
        let first = self.params.len();
        self.params.extend(values);
        self.text.push_str("\n  AND ");
        self.text.push_str(&numbered(condition, first));
    }

    /// Adds a condition whose text must differ between the engines, with the same values in the same order.
    pub fn and_either(
        &mut self,
        sqlite: &'static str,
        postgres: &'static str,
        values: impl IntoIterator<Item = Value>,
    ) {
        let first = self.params.len();
        self.differs.push((numbered(sqlite, first), numbered(postgres, first)));
        self.and(sqlite, values);
    }

    /// `template` with its marks replaced: `/*where*/` by the conditions, the others as given.
    #[must_use]
    pub fn query(&self, template: &str, marks: &[(&str, &str)]) -> Query {
        let filled = template.replace("/*where*/", &self.text);
        let filled = marks.iter().fold(filled, |sql, (mark, text)| sql.replace(mark, text));
        let postgres = self.differs.iter().fold(filled.clone(), |sql, (own, other)| sql.replace(own, other));
        let query =
            if self.differs.is_empty() { Query::new(filled) } else { Query::either(filled, postgres) };
        query.bind_all(self.params.iter().cloned())
    }
}

/// The text with each `?` numbered, from the one after `first`.
fn numbered(condition: &str, first: usize) -> String {
    let mut text = String::with_capacity(condition.len() + 4);
    for (index, piece) in condition.split('?').enumerate() {
        if index > 0 {
            text.push('?');
            text.push_str(&(first + index).to_string());
        }
        text.push_str(piece);
    }
    text
}

/// `text` as a pattern of LIKE that matches it anywhere, with the signs of LIKE taken literally (`ESCAPE '\'`).
#[must_use]
pub fn anywhere(text: &str) -> Value {
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
    fn what_the_template_names_itself_comes_first() {
        let mut conditions = Conditions::after([Value::from(1), Value::from("to")]);
        conditions.and("b = ?", [Value::from(2)]);
        let query = conditions.query("SELECT 1 FROM t WHERE a = ?1 AND c = ?2 AND /*where*/", &[]);
        assert_eq!(query.sql(), "SELECT 1 FROM t WHERE a = ?1 AND c = ?2 AND 1 = 1\n  AND b = ?3");
    }

    #[test]
    fn what_differs_stands_in_the_other_text() {
        let mut conditions = Conditions::new();
        conditions.and_either("t MATCH ?", "t.words @@ words(?)", [Value::from("a")]);
        conditions.and("b = ?", [Value::from(2)]);
        let query = conditions.query("SELECT 1 FROM t WHERE /*where*/", &[]);
        assert_eq!(query.sql(), "SELECT 1 FROM t WHERE 1 = 1\n  AND t MATCH ?1\n  AND b = ?2");
        assert_eq!(query.text(), "SELECT 1 FROM t WHERE 1 = 1\n  AND t.words @@ words(?1)\n  AND b = ?2");
    }

    #[test]
    fn signs_of_like_are_taken_literally() {
        assert_eq!(anywhere("50%_a\\"), Value::from("%50\\%\\_a\\\\%"));
    }
}
