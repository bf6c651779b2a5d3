//! Backlogs as files: CSV (RFC 4180), JSON, Markdown.

use crate::{keys, tables::items::BacklogItem};
use model::{RunId, Section, TestStep, WorkItemKind};
use serde::{Deserialize, Serialize};

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// One line an item.
    Csv,
    /// One object with all items.
    Json,
    /// Headings, nested.
    Markdown,
}

/// Writes a file, item by item in tree order.
pub(crate) struct Writer {
    format: Format,
    out: String,
    items: usize,
    /// The item that is left out, with all below it.
    skipping: Option<String>,
}

/// Columns of the CSV.
const COLUMNS: &[&str] = &[
    "key",
    "parent",
    "kind",
    "title",
    "description",
    "acceptance_criteria",
    "sections",
    "priority",
    "business_value",
    "story_points",
    "estimate_hours",
    "category",
    "complexity",
    "steps",
    "test_data",
    "automation",
    "quality",
    "flagged",
    "excluded",
    "delivery",
    "remote_id",
    "remote_url",
];

#[derive(Serialize)]
struct Exported<'a> {
    key: &'a str,
    parent: Option<&'a str>,
    item: &'a model::WorkItem,
    quality: u32,
    problems: &'a [String],
    flagged: bool,
    excluded: bool,
    remote: Option<&'a model::Remote>,
}

impl Format {
    /// The ending of its files.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Markdown => "md",
        }
    }

    /// Its media type.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Json => "application/json",
            Self::Markdown => "text/markdown; charset=utf-8",
        }
    }
}

impl Writer {
    /// A file of a run.
    ///
    /// # Errors
    /// Where the title has no JSON form.
    pub(crate) fn new(format: Format, run: RunId, title: &str) -> Result<Self, serde_json::Error> {
        let out = match format {
            Format::Csv => format!("{}\r\n", COLUMNS.join(",")),
            Format::Json => {
                format!("{{\"run\":\"{run}\",\"title\":{},\"items\":[", serde_json::to_string(title)?)
            }
            Format::Markdown => format!("# {}\n", escaped(title)),
        };
        Ok(Self { format, out, items: 0, skipping: None })
    }

    /// Adds the next item.
    ///
    /// # Errors
    /// Where it has no JSON form.
    pub(crate) fn add(&mut self, item: &BacklogItem) -> Result<(), serde_json::Error> {
        match self.format {
            Format::Csv => self.line(item),
            Format::Json => {
                self.out.push_str(if self.items > 0 { ",\n" } else { "\n" });
                let remote = item.delivery.as_ref().and_then(|delivery| delivery.remote.as_ref());
                let exported = Exported {
                    key: &item.key,
                    parent: item.parent.as_deref(),
                    item: &item.item,
                    quality: item.quality.score,
                    problems: &item.quality.problems,
                    flagged: item.flagged,
                    excluded: item.excluded,
                    remote,
                };
                self.out.push_str(&serde_json::to_string(&exported)?);
            }
            Format::Markdown => self.section(item),
        }
        self.items += 1;
        Ok(())
    }

    /// The whole file.
    pub(crate) fn finish(mut self) -> String {
        if self.format == Format::Json {
            self.out.push_str("\n]}\n");
        }
        self.out
    }

    fn line(&mut self, item: &BacklogItem) {
        let work = &item.item;
        let number = |number: Option<f64>| number.map_or_else(String::new, |number| number.to_string());
        let delivery = item.delivery.as_ref();
        let remote = delivery.and_then(|delivery| delivery.remote.as_ref());
        let sections: Vec<String> =
            work.sections.iter().map(|Section { heading, text }| format!("{heading}: {text}")).collect();
        let steps: Vec<String> = (1..)
            .zip(&work.steps)
            .map(|(n, TestStep { action, expected })| format!("{n}. {action} → {expected}"))
            .collect();
        let cells = [
            item.key.clone(),
            item.parent.clone().unwrap_or_default(),
            work.kind.as_str().to_owned(),
            work.title.clone(),
            work.description.clone(),
            work.acceptance_criteria.join("\n"),
            sections.join("\n\n"),
            work.priority.map_or_else(String::new, |priority| priority.to_string()),
            work.business_value.map_or_else(String::new, |value| value.to_string()),
            number(work.story_points),
            number(work.estimate_hours),
            work.category.clone().unwrap_or_default(),
            work.complexity.clone().unwrap_or_default(),
            steps.join("\n"),
            work.test_data.clone().unwrap_or_default(),
            work.automation.map_or_else(String::new, |automation| automation.to_string()),
            item.quality.score.to_string(),
            item.flagged.to_string(),
            item.excluded.to_string(),
            delivery.map_or_else(String::new, |delivery| delivery.state.as_str().to_owned()),
            remote.map_or_else(String::new, |remote| remote.id.to_string()),
            remote.and_then(|remote| remote.url.as_deref()).unwrap_or_default().to_owned(),
        ];
        let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
        self.out.push_str(&cells.join(","));
        self.out.push_str("\r\n");
    }

    fn section(&mut self, item: &BacklogItem) {
        if let Some(skipped) = &self.skipping {
            if keys::path(&item.key).any(|key| key == skipped) {
                return;
            }
            self.skipping = None;
        }
        if item.excluded {
            self.skipping = Some(item.key.clone());
            return;
        }
        let work = &item.item;
        let marks = "#".repeat(2 + item.level as usize);
        let what = match work.kind {
            WorkItemKind::Epic => "Epic",
            WorkItemKind::Feature => "Feature",
            WorkItemKind::Story => "Story",
            WorkItemKind::Task => "Task",
            WorkItemKind::TestCase => "Test case",
        };
        self.out.push_str(&format!("\n{marks} {what} {}: {}\n", item.key, escaped(&work.title)));
        let figures = figures(work);
        if !figures.is_empty() {
            self.out.push_str(&format!("\n*{}*\n", figures.join(" · ")));
        }
        self.paragraphs(&work.description);
        if !work.acceptance_criteria.is_empty() {
            self.out.push_str("\n**Acceptance criteria**\n\n");
            for criterion in &work.acceptance_criteria {
                self.out.push_str(&format!("- {}\n", one_line(criterion)));
            }
        }
        for Section { heading, text } in &work.sections {
            self.out.push_str(&format!("\n**{}**\n", one_line(heading)));
            self.paragraphs(text);
        }
        if !work.steps.is_empty() {
            self.out.push('\n');
            for (n, TestStep { action, expected }) in (1..).zip(&work.steps) {
                self.out.push_str(&format!("{n}. {} → {}\n", one_line(action), one_line(expected)));
            }
        }
        if let Some(data) = &work.test_data {
            self.out.push_str(&format!("\nTest data: {}\n", one_line(data)));
        }
        if let Some(url) =
            item.delivery.as_ref().and_then(|delivery| delivery.remote.as_ref()?.url.as_deref())
        {
            self.out.push_str(&format!("\n<{}>\n", url.replace(['<', '>', ' ', '\n'], "")));
        }
    }

    /// Text with its paragraphs and bullets; everything else of it is no markup.
    fn paragraphs(&mut self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        self.out.push('\n');
        for line in text.lines() {
            match line.strip_prefix("- ") {
                Some(bullet) => self.out.push_str(&format!("- {}\n", escaped(bullet))),
                None => self.out.push_str(&format!("{}\n", escaped(line))),
            }
        }
    }
}

fn figures(work: &model::WorkItem) -> Vec<String> {
    let mut figures = Vec::new();
    if let Some(priority) = work.priority {
        figures.push(format!("priority {priority}"));
    }
    if let Some(points) = work.story_points {
        figures.push(format!("{points} points"));
    }
    if let Some(hours) = work.estimate_hours {
        figures.push(format!("{hours} h"));
    }
    if let Some(value) = work.business_value {
        figures.push(format!("value {value}"));
    }
    for word in [&work.category, &work.complexity].into_iter().flatten() {
        figures.push(escaped(word));
    }
    if work.automation == Some(true) {
        figures.push(String::from("worth automating"));
    }
    figures
}

/// A cell of a CSV: quoted where needed, and never a formula to a spreadsheet.
fn cell(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n");
    text.retain(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    if text.starts_with(['=', '+', '-', '@', '\t', '＝', '＋', '－', '＠']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"', '\n', '\r', '\'']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// Text as text within Markdown: no markup of its own, no HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for (index, c) in text.chars().enumerate() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' => {
                out.push('\\');
                out.push(c);
            }
            '#' | '>' | '+' | '-' | '=' | '~' if index == 0 => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push(' '),
            _ if c.is_control() => {}
            _ => out.push(c),
        }
    }
    // `1. ` at the beginning would be a list.
    let digits = out.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 && out[digits..].starts_with(['.', ')']) {
        out.insert(digits, '\\');
    }
    out
}

fn one_line(text: &str) -> String {
    escaped(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_computed() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\r\nlines", "\"two\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-2", "\"'-2\""),
            ("+49 30", "\"'+49 30\""),
            ("\u{0}\u{7}bell", "bell"),
            ("日本, 🍱", "\"日本, 🍱\""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }

    #[test]
    fn text_stays_text_within_markdown() {
        for (text, expected) in [
            ("# no heading", "\\# no heading"),
            ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
            ("a_b *c* [d](e)", "a\\_b \\*c\\* \\[d\\](e)"),
            ("1. first", "1\\. first"),
            ("- bullet", "\\- bullet"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
