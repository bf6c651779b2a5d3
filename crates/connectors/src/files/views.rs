//! The files that people and programs read: made whole from the journal and put in place at once, so that no reader ever
//! sees half of one.

use super::journal::{Entry, Journal, Line};
use crate::markdown::{self, Reader};
use model::WorkItem;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

/// Levels of headings that Markdown has.
const HEADINGS: usize = 6;
/// Levels of the tree that are followed.
const DEPTH: usize = 64;

/// A form that items are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    Csv,
    Json,
    Markdown,
}

impl Format {
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::Csv => "items.csv",
            Self::Json => "items.json",
            Self::Markdown => "items.md",
        }
    }
}

/// Makes a file from the journal.
pub(super) fn write(journal: &Journal, folder: &Path, format: Format) -> io::Result<()> {
    let temporary = folder.join(format!(".{}.new", format.file()));
    let mut out = BufWriter::new(File::create(&temporary)?);
    match format {
        Format::Csv => csv(journal, &mut out)?,
        Format::Json => json(journal, &mut out)?,
        Format::Markdown => tree(journal, &mut out)?,
    }
    out.flush()?;
    out.get_ref().sync_all()?;
    fs::rename(&temporary, folder.join(format.file()))
}

const COLUMNS: [&str; 18] = [
    "id",
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
    "key",
    "reference",
];

fn csv(journal: &Journal, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", COLUMNS.join(","))?;
    let mut buffer = Vec::new();
    for line in &journal.lines {
        let entry = journal.read(*line, &mut buffer)?;
        let cells: Vec<String> = cells(&entry).iter().map(|cell| quoted(cell)).collect();
        writeln!(out, "{}", cells.join(","))?;
    }
    Ok(())
}

fn cells(entry: &Entry<'_>) -> [String; 18] {
    let item: Option<WorkItem> = serde_json::from_str(entry.item.get()).ok();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    fn number<T: ToString>(value: &Option<T>) -> String {
        value.as_ref().map(T::to_string).unwrap_or_default()
    }
    // What is no work item is kept whole.
    let Some(item) = item else {
        let mut cells: [String; 18] = Default::default();
        cells[0] = entry.id.to_string();
        cells[1] = entry.parent.as_deref().unwrap_or_default().to_owned();
        cells[2] = entry.kind.to_string();
        cells[3] = entry.title.to_string();
        cells[4] = entry.item.get().to_owned();
        cells[16] = entry.key.to_string();
        cells[17] = entry.reference.to_string();
        return cells;
    };
    let steps = item
        .steps
        .iter()
        .enumerate()
        .map(|(at, step)| format!("{}. {} => {}", at + 1, step.action, step.expected));
    let sections = item.sections.iter().map(|section| format!("{}: {}", section.heading, section.text));
    [
        entry.id.to_string(),
        entry.parent.as_deref().unwrap_or_default().to_owned(),
        entry.kind.to_string(),
        item.title.clone(),
        item.description.clone(),
        item.acceptance_criteria.join("\n"),
        sections.collect::<Vec<_>>().join("\n"),
        number(&item.priority),
        number(&item.business_value),
        number(&item.story_points),
        number(&item.estimate_hours),
        text(&item.category),
        text(&item.complexity),
        steps.collect::<Vec<_>>().join("\n"),
        text(&item.test_data),
        number(&item.automation),
        entry.key.to_string(),
        entry.reference.to_string(),
    ]
}

/// A cell as RFC 4180 has it. What a spreadsheet would take for a formula is made text by a quote before it.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !formula && !cell.contains([',', '"', '\n', '\r']) {
        return cell.to_owned();
    }
    format!("\"{}{}\"", if formula { "'" } else { "" }, cell.replace('"', "\"\""))
}

fn json(journal: &Journal, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"[")?;
    let mut buffer = Vec::new();
    for (index, line) in journal.lines.iter().enumerate() {
        let entry = journal.read(*line, &mut buffer)?;
        out.write_all(if index > 0 { b",\n" } else { b"\n" })?;
        serde_json::to_writer(&mut *out, &entry)?;
    }
    out.write_all(b"\n]\n")
}

/// The items as a tree: parents before their children, in order of arrival.
fn tree(journal: &Journal, out: &mut impl Write) -> io::Result<()> {
    let mut children: BTreeMap<u64, Vec<(u64, Line)>> = BTreeMap::new();
    let mut buffer = Vec::new();
    for line in &journal.lines {
        let entry = journal.read(*line, &mut buffer)?;
        // A parent that is elsewhere, or would be its own child, makes a root.
        let parent =
            entry.parent.as_deref().and_then(|id| id.parse().ok()).filter(|id| *id < entry.id).unwrap_or(0);
        children.entry(parent).or_default().push((entry.id, *line));
    }
    let mut stack: Vec<(u64, Line, usize)> = Vec::new();
    let mut push = |stack: &mut Vec<_>, parent: u64, depth: usize| {
        let below = children.remove(&parent).unwrap_or_default();
        stack.extend(below.into_iter().rev().map(|(id, line)| (id, line, depth)));
    };
    push(&mut stack, 0, 1);
    while let Some((id, line, depth)) = stack.pop() {
        let entry = journal.read(line, &mut buffer)?;
        let level = "#".repeat(depth.min(HEADINGS));
        let kind = entry.kind.replace('_', " ");
        writeln!(
            out,
            "{level} {id}. {}: {}\n",
            markdown::line(&kind, Reader::Any),
            markdown::line(&entry.title, Reader::Any)
        )?;
        match serde_json::from_str::<WorkItem>(entry.item.get()) {
            Ok(item) => {
                let body = markdown::body(&item, Reader::Any);
                if !body.is_empty() {
                    writeln!(out, "{body}\n")?;
                }
            }
            Err(_) => writeln!(out, "    {}\n", entry.item.get().replace('\n', " "))?,
        }
        push(&mut stack, id, (depth + 1).min(DEPTH));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        assert_eq!(quoted("a b"), "a b");
        assert_eq!(quoted("a,\"b\"\nc"), "\"a,\"\"b\"\"\nc\"");
        assert_eq!(quoted("=cmd|x"), "\"'=cmd|x\"");
        assert_eq!(quoted("- one"), "\"'- one\"");
    }
}
