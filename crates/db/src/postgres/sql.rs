//! One SQL text, as PostgreSQL reads it.
//!
//! Statements are written once, for both engines. What differs by its spelling only is spelt anew here: parameters
//! (`?1` → `$1`), hints that there are none of (`INDEXED BY`), types of columns. What differs by its meaning stands side
//! by side where it is written ([`Statement::either`](crate::Statement::either), [`Migration::differs`](crate::Migration)).

use std::fmt::Write;

/// What of a text is SQL, and what is quoted or said aside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part<'s> {
    /// A word, a number, a sign or space.
    Code(&'s str),
    /// A text or name in quotes, or a comment.
    Verbatim(&'s str),
}

/// Splits a text; every byte of it is in one part.
fn parts(sql: &str) -> Vec<Part<'_>> {
    let (mut parts, mut rest) = (Vec::new(), sql);
    while let Some(first) = rest.chars().next() {
        let ends =
            |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
        let (length, verbatim) = match first {
            '\'' | '"' => (ends(&first.to_string(), 1), true),
            '-' if rest.starts_with("--") => (ends("\n", 2), true),
            '/' if rest.starts_with("/*") => (ends("*/", 2), true),
            c if is_word(c) => (rest.find(|c| !is_word(c)).unwrap_or(rest.len()), false),
            '?' => (1 + rest[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - 1), false),
            c => (c.len_utf8(), false),
        };
        let (part, after) = rest.split_at(length);
        parts.push(if verbatim { Part::Verbatim(part) } else { Part::Code(part) });
        rest = after;
    }
    parts
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// A statement with PostgreSQL's parameters, and how many it has. A bare `?` is the next after the highest so far.
pub(super) fn numbered(sql: &str) -> (String, usize) {
    let (mut text, mut highest) = (String::with_capacity(sql.len() + 8), 0);
    let mut skip = 0;
    let parts = parts(sql);
    for (index, part) in parts.iter().enumerate() {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        match part {
            Part::Code(code) if code.starts_with('?') => {
                let number = code[1..].parse().unwrap_or(highest + 1);
                highest = highest.max(number);
                let _ = write!(text, "${number}");
            }
            // INDEXED BY name: the planner here decides by figures.
            Part::Code(word) if word.eq_ignore_ascii_case("INDEXED") => match index_hint(&parts[index..]) {
                Some(length) => skip = length - 1,
                None => text.push_str(word),
            },
            Part::Code(code) => text.push_str(code),
            Part::Verbatim(comment) if comment.starts_with("--") => text.push('\n'),
            Part::Verbatim(quoted) => text.push_str(quoted),
        }
    }
    (text, highest)
}

/// A query with PostgreSQL's parameters, without gaps: which of its values they take, from 0, and how many values there are. A
/// condition that is left out leaves its value unused, which PostgreSQL has no type for.
pub(super) fn compact(sql: &str) -> (String, Vec<usize>, usize) {
    let (text, highest) = numbered(sql);
    let mut used = Vec::new();
    let mut compacted = String::with_capacity(text.len());
    for part in parts(&text) {
        match part {
            Part::Code(code) if code.starts_with('$') => {
                let value = code[1..].parse::<usize>().unwrap_or(1).saturating_sub(1);
                let place = used.iter().position(|known| *known == value).unwrap_or_else(|| {
                    used.push(value);
                    used.len() - 1
                });
                let _ = write!(compacted, "${}", place + 1);
            }
            Part::Code(code) | Part::Verbatim(code) => compacted.push_str(code),
        }
    }
    (compacted, used, highest)
}

/// How many parts `INDEXED BY name` takes.
fn index_hint(parts: &[Part<'_>]) -> Option<usize> {
    let mut words = parts.iter().enumerate().filter_map(|(index, part)| match part {
        Part::Code(word) if !word.trim().is_empty() => Some((index, *word)),
        _ => None,
    });
    let (_, by) = (words.next()?, words.next()?);
    let (last, _) = words.next()?;
    by.1.eq_ignore_ascii_case("BY").then_some(last + 1)
}

/// A schema with PostgreSQL's types: those that hold the same values.
pub(super) fn schema(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let parts = parts(sql);
    let mut rest = &parts[..];
    while let Some((part, after)) = rest.split_first() {
        rest = after;
        match part {
            Part::Code("INTEGER") => match after_words(rest, &["NOT", "NULL", "PRIMARY", "KEY"])
                .or_else(|| after_words(rest, &["PRIMARY", "KEY"]))
            {
                // SQLite numbers such rows by itself.
                Some(after) => {
                    text.push_str("BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY");
                    rest = after;
                }
                None => text.push_str("BIGINT"),
            },
            Part::Code("REAL") => text.push_str("DOUBLE PRECISION"),
            Part::Code("BLOB") => text.push_str("BYTEA"),
            Part::Code("WITHOUT") => rest = after_words(rest, &["ROWID"]).unwrap_or(rest),
            Part::Code("STRICT") => {}
            Part::Code(code) | Part::Verbatim(code) => text.push_str(code),
        }
    }
    text
}

/// What follows the words, where they come next.
fn after_words<'p, 's>(mut parts: &'p [Part<'s>], words: &[&str]) -> Option<&'p [Part<'s>]> {
    for word in words {
        let at =
            parts.iter().position(|part| !matches!(part, Part::Code(space) if space.trim().is_empty()))?;
        if parts[at] != Part::Code(word) {
            return None;
        }
        parts = &parts[at + 1..];
    }
    Some(parts)
}

/// What a statement must do beside what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    /// It takes all parameter rows at once, as arrays.
    pub(super) is_set: bool,
    /// It fails unless it affects as many rows as its last parameter says.
    pub(super) is_checked: bool,
    /// Its rows are wanted.
    pub(super) returns: bool,
}

/// The alias of the parameter rows of a statement that takes them at once, and the beginning of their columns' names.
const ROWS: &str = "headway_rows";

/// A statement (as [`numbered`] gives it, with `count` parameters) that takes all parameter rows at once: parameter `n` is an
/// array, with one element a row. `None` where it cannot be told how.
pub(super) fn set_based(sql: &str, count: usize) -> Option<String> {
    let pieces = parts(sql);
    let words = top_level(&pieces);
    let first = words.first()?.1.as_str();
    let find = |wanted: &str| words.iter().find(|(_, word)| *word == wanted).map(|(index, _)| *index);
    let arrays: Vec<String> = (1..=count).map(|number| format!("${number}")).collect();
    let columns: Vec<String> = (1..=count).map(|number| format!("p{number}")).collect();
    let source = format!("unnest({}) AS {ROWS} ({})", arrays.join(", "), columns.join(", "));
    match first {
        "INSERT" => match find("VALUES") {
            Some(values) => {
                let (open, close) = enclosed(&pieces, values + 1)?;
                let (head, inner) = (joined(&pieces[..values]), columns_of(&pieces[open + 1..close]));
                let tail = joined(&pieces[close + 1..]);
                // A second tuple would be lost.
                if tail.trim_start().starts_with(',') {
                    return None;
                }
                // `WHERE TRUE` keeps an ON CONFLICT behind it from being read as a join's.
                Some(format!("{head}SELECT {inner} FROM {source} WHERE TRUE{tail}"))
            }
            None => {
                let select = find("SELECT")?;
                let end = find("ON").filter(|on| joined(&pieces[*on..]).contains("CONFLICT"));
                let end = end.or_else(|| find("RETURNING")).unwrap_or(pieces.len());
                let (head, inner) = (joined(&pieces[..select]), columns_of(&pieces[select..end]));
                let tail = joined(&pieces[end..]);
                Some(format!(
                    "{head}SELECT made.* FROM {source} CROSS JOIN LATERAL ({inner}) AS made WHERE TRUE {tail}"
                ))
            }
        },
        "UPDATE" | "DELETE" => {
            let (clause, taken) =
                if first == "UPDATE" { ("FROM", find("FROM")) } else { ("USING", find("USING")) };
            let condition = find("WHERE")?;
            if taken.is_some() {
                return None;
            }
            let (head, tail) = (columns_of(&pieces[..condition]), columns_of(&pieces[condition..]));
            Some(format!("{head}{clause} {source} {tail}"))
        }
        _ => None,
    }
}

/// A statement that fails where it affects another number of rows than parameter `number`.
pub(super) fn checked(sql: &str, number: usize, returns: bool) -> String {
    let shown = if returns { "done.*" } else { "1" };
    let source = if returns { "expected LEFT JOIN done ON TRUE" } else { "expected" };
    let returning = if returns { "" } else { " RETURNING 1" };
    format!(
        "WITH done AS ({sql}{returning}), \
         expected AS (SELECT headway_expect((SELECT count(*) FROM done), ${number}) AS met) \
         SELECT {shown} FROM {source}"
    )
}

/// Whether a statement changes rows.
pub(super) fn changes_rows(sql: &str) -> bool {
    let pieces = parts(sql);
    let words = top_level(&pieces);
    words.first().is_some_and(|(_, word)| matches!(word.as_str(), "INSERT" | "UPDATE" | "DELETE" | "WITH"))
}

/// Whether a text asks for rows.
pub(super) fn selects(sql: &str) -> bool {
    let pieces = parts(sql);
    top_level(&pieces).first().is_some_and(|(_, word)| matches!(word.as_str(), "SELECT" | "VALUES"))
}

/// Whether a text only reads.
pub(super) fn only_reads(sql: &str) -> bool {
    let pieces = parts(sql);
    top_level(&pieces).iter().all(|(_, word)| !matches!(word.as_str(), "INSERT" | "UPDATE" | "DELETE"))
}

/// Words outside of parentheses, in capitals, with their places.
fn top_level(pieces: &[Part<'_>]) -> Vec<(usize, String)> {
    let mut depth = 0_usize;
    let mut words = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Part::Code("(") => depth += 1,
            Part::Code(")") => depth = depth.saturating_sub(1),
            Part::Code(word) if depth == 0 && word.starts_with(is_word) => {
                words.push((index, word.to_ascii_uppercase()));
            }
            _ => {}
        }
    }
    words
}

/// The parentheses that open after `from`.
fn enclosed(pieces: &[Part<'_>], from: usize) -> Option<(usize, usize)> {
    let open = from + pieces[from..].iter().position(|piece| *piece == Part::Code("("))?;
    let mut depth = 0_usize;
    for (index, piece) in pieces.iter().enumerate().skip(open) {
        match piece {
            Part::Code("(") => depth += 1,
            Part::Code(")") => {
                depth -= 1;
                if depth == 0 {
                    return Some((open, index));
                }
            }
            _ => {}
        }
    }
    None
}

fn joined(pieces: &[Part<'_>]) -> String {
    pieces.iter().map(|(Part::Code(text) | Part::Verbatim(text))| *text).collect()
}

/// The text with its parameters as columns of the parameter rows.
fn columns_of(pieces: &[Part<'_>]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Part::Code(code) if code.starts_with('$') => {
                let _ = write!(text, "{ROWS}.p{}", &code[1..]);
            }
            Part::Code(code) | Part::Verbatim(code) => text.push_str(code),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(sql: &str) -> Option<String> {
        let (text, count) = numbered(sql);
        set_based(&text, count).map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn parameters_are_numbered_and_hints_left_out() {
        let (text, count) =
            numbered("-- Why ?9.\nSELECT '?', \"a?1\" FROM t INDEXED BY t_x WHERE a = ?2 AND b = ? /* ?7 */");
        assert_eq!(text, "\nSELECT '?', \"a?1\" FROM t  WHERE a = $2 AND b = $3 /* ?7 */");
        assert_eq!(count, 3);
        assert_eq!(
            numbered("SELECT 'it''s ?1', indexed FROM t"),
            ("SELECT 'it''s ?1', indexed FROM t".into(), 0)
        );
    }

    #[test]
    fn values_without_a_use_are_not_sent() {
        let (text, used, count) = compact("SELECT a FROM t WHERE b = ?4 AND c = ?2 AND d = ?4");
        assert_eq!(text, "SELECT a FROM t WHERE b = $1 AND c = $2 AND d = $1");
        assert_eq!((used, count), (vec![3, 1], 4));
    }

    #[test]
    fn a_schema_gets_types_that_hold_the_same() {
        assert_eq!(
            schema(
                "CREATE TABLE a (i INTEGER  NOT NULL PRIMARY KEY, n INTEGER, r REAL NOT NULL) WITHOUT ROWID;"
            ),
            "CREATE TABLE a (i BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, n BIGINT, r DOUBLE PRECISION NOT NULL) ;"
        );
    }

    #[test]
    fn statements_take_their_rows_at_once() {
        assert_eq!(
            set("INSERT INTO t (a, b) VALUES ((SELECT max(x) FROM y) - ?1, ?2) ON CONFLICT (a) DO NOTHING")
                .unwrap(),
            "INSERT INTO t (a, b) SELECT (SELECT max(x) FROM y) - headway_rows.p1, headway_rows.p2 \
             FROM unnest($1, $2) AS headway_rows (p1, p2) WHERE TRUE ON CONFLICT (a) DO NOTHING"
        );
        assert_eq!(
            set("UPDATE t SET a = ?2 WHERE k = ?1 RETURNING a").unwrap(),
            "UPDATE t SET a = headway_rows.p2 FROM unnest($1, $2) AS headway_rows (p1, p2) \
             WHERE k = headway_rows.p1 RETURNING a"
        );
        assert_eq!(
            set("DELETE FROM t WHERE k = ?1").unwrap(),
            "DELETE FROM t USING unnest($1) AS headway_rows (p1) WHERE k = headway_rows.p1"
        );
        assert_eq!(
            set("INSERT INTO t (a) SELECT ?1 FROM (SELECT 1 AS one) AS r LEFT JOIN u ON u.k = ?1 ON CONFLICT DO NOTHING")
                .map(|text| text.contains("CROSS JOIN LATERAL (SELECT headway_rows.p1 FROM")),
            Some(true)
        );
        assert_eq!(set("INSERT INTO t (a) VALUES (?1), (?2)"), None);
        assert_eq!(set("UPDATE t SET a = u.b FROM u WHERE t.k = ?1"), None);
        assert_eq!(set("SELECT ?1"), None);
    }
}
