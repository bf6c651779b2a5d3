//! Work items as Markdown. Their text is plain, so all that Markdown or HTML would read into it is escaped.

use model::WorkItem;
use std::fmt::Write;

/// Who reads the Markdown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Any program.
    Any,
    /// GitHub, which notifies those whom `@name` names and links `#1`: both are kept from it.
    GitHub,
}

/// Text of one line.
pub(crate) fn line(text: &str, reader: Reader) -> String {
    let flat: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let flat = flat.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let mut out = String::with_capacity(flat.len() + 8);
    escape(&mut out, &flat, reader);
    out
}

/// Plain text of several paragraphs; `- ` begins a bullet.
pub(crate) fn text(text: &str, reader: Reader) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let line = line.trim_end();
        let inner = line.trim_start();
        // What is indented by four would be code.
        out.extend(std::iter::repeat_n(' ', (line.len() - inner.len()).min(3)));
        if let Some(item) = inner.strip_prefix("- ") {
            out.push_str("- ");
            escape_start(&mut out, item, reader);
        } else {
            escape_start(&mut out, inner, reader);
        }
    }
    out
}

/// All that an item says but its title. Empty lines part its sections; it ends without a line end.
pub(crate) fn body(item: &WorkItem, reader: Reader) -> String {
    let mut parts: Vec<String> = Vec::new();
    if !item.description.trim().is_empty() {
        parts.push(text(item.description.trim(), reader));
    }
    if !item.acceptance_criteria.is_empty() {
        parts.push(format!(
            "**Acceptance criteria**\n\n{}",
            numbered(item.acceptance_criteria.iter().map(|c| line(c, reader)))
        ));
    }
    for section in &item.sections {
        parts.push(format!(
            "**{}**\n\n{}",
            line(&section.heading, reader),
            text(section.text.trim(), reader)
        ));
    }
    if !item.steps.is_empty() {
        let steps = item.steps.iter().map(|step| {
            let (action, expected) = (line(&step.action, reader), line(&step.expected, reader));
            if expected.is_empty() { action } else { format!("{action}  \n   *Expected:* {expected}") }
        });
        parts.push(format!("**Steps**\n\n{}", numbered(steps)));
    }
    if let Some(data) = &item.test_data {
        parts.push(format!("**Test data**\n\n{}", text(data.trim(), reader)));
    }
    let facts = facts(item, reader);
    if !facts.is_empty() {
        parts.push(facts.join(" · "));
    }
    parts.join("\n\n")
}

fn facts(item: &WorkItem, reader: Reader) -> Vec<String> {
    let mut facts = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            facts.push(format!("{name}: {value}"));
        }
    };
    add("Priority", item.priority.map(|value| value.to_string()));
    add("Business value", item.business_value.map(|value| value.to_string()));
    add("Story points", item.story_points.map(|value| value.to_string()));
    add("Estimate", item.estimate_hours.map(|value| format!("{value} h")));
    add("Category", item.category.as_deref().map(|value| line(value, reader)));
    add("Complexity", item.complexity.as_deref().map(|value| line(value, reader)));
    add(
        "Automation",
        item.automation.map(|value| if value { "candidate".to_owned() } else { "no".to_owned() }),
    );
    facts
}

fn numbered(items: impl Iterator<Item = String>) -> String {
    items.enumerate().fold(String::new(), |mut out, (index, item)| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{}{}. {item}", if index > 0 { "\n" } else { "" }, index + 1);
        out
    })
}

/// Escapes a line, and what has a meaning only where a line begins: headings, bullets, numbers, rules.
fn escape_start(out: &mut String, line: &str, reader: Reader) {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 && line[digits..].starts_with(['.', ')']) {
        out.push_str(&line[..digits]);
        out.push('\\');
        return escape(out, &line[digits..], reader);
    }
    if line.starts_with(['-', '+', '=']) {
        out.push('\\');
    }
    escape(out, line, reader);
}

fn escape(out: &mut String, text: &str, reader: Reader) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_control() && c != '\t' {
            continue;
        }
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '|' | '#' | '$') {
            out.push('\\');
        }
        out.push(c);
        let next = chars.peek().copied().unwrap_or(' ');
        let names = (c == '@' && next.is_alphanumeric()) || (c == '#' && next.is_ascii_digit());
        if names && reader == Reader::GitHub {
            out.push('\u{200b}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, line, text};

    #[test]
    fn plain_text_stays_what_it_says() {
        assert_eq!(
            text("a *b* <i>c</i>\n- one_two\n- - x\n1. no list", Reader::Any),
            "a \\*b\\* \\<i\\>c\\</i\\>\n- one\\_two\n- \\- x\n1\\. no list"
        );
        assert_eq!(
            text("# no heading\n---\n=====\n        code?", Reader::Any),
            "\\# no heading\n\\---\n\\=====\n   code?"
        );
        assert_eq!(text("<!-- headway:x -->", Reader::Any), "\\<!-- headway:x --\\>");
        assert_eq!(line("a\r\n b `c`\u{1b}", Reader::Any), "a b \\`c\\`");
    }

    #[test]
    fn nobody_is_called_by_accident() {
        assert_eq!(
            line("ask @octocat about #12, a@b", Reader::GitHub),
            "ask @\u{200b}octocat about \\#\u{200b}12, a@\u{200b}b"
        );
        assert_eq!(line("@x #1", Reader::Any), "@x \\#1");
    }
}
