//! The document that creates an issue: a title, Markdown, labels.

use crate::markdown::{self, Reader};
use activity::connector::Parcel;
use model::{TaskError, WorkItem};
use serde_json::{Value, json};

/// Characters of a title and of a body at most.
const TITLE_CHARS: usize = 256;
const BODY_CHARS: usize = 65_536;

/// Makes the document of a parcel; `{kind}` in a label stands for its kind.
pub(super) fn of(parcel: &Parcel, labels: &[String]) -> Result<Value, TaskError> {
    let item: WorkItem = serde_json::from_str(parcel.payload.get()).map_err(|error| {
        let what: String = error.to_string().chars().take(200).collect();
        TaskError::new("invalid_payload", format!("this delivery holds no work item: {what}"))
    })?;
    // Titles are plain text at GitHub: nothing is escaped, and nobody is called by one.
    let title =
        item.title.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let title = title.collect::<Vec<_>>().join(" ");
    if title.is_empty() {
        return Err(TaskError::new("invalid_payload", "this work item has no title"));
    }
    let short = shorten(&title, TITLE_CHARS, "…");
    let mut body = markdown::body(&item, Reader::GitHub);
    if short != title {
        body = format!("Whole title: {}\n\n{body}", markdown::line(&title, Reader::GitHub));
    }
    let kind = item.kind.as_str().replace('_', " ");
    let mut last = match &parcel.parent {
        Some(parent) => {
            format!("\n\nPart of #{} · {kind}", parent.id.chars().take(20).collect::<String>())
        }
        None => String::new(),
    };
    last.push_str("\n\n");
    last.push_str(&mark(&parcel.reference));
    let room = BODY_CHARS - last.chars().count();
    body = shorten(
        &body,
        room,
        "\n\n**Shortened by Headway:** GitHub takes no longer text. The whole is in Headway.",
    );
    body.push_str(&last);
    let labels: Vec<String> = labels.iter().map(|label| label.replace("{kind}", &kind)).collect();
    Ok(json!({ "title": short, "body": body.trim_start(), "labels": labels }))
}

/// What an issue is found by: a comment that readers do not see.
pub(super) fn mark(reference: &str) -> String {
    format!("<!-- headway-reference: {reference} -->")
}

/// Text of at most so many characters, with a notice at its end where it was cut; the cut is between lines where there are
/// any, so that no mark-up is broken.
fn shorten(text: &str, most: usize, notice: &str) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(notice.chars().count());
    let end = text.char_indices().nth(room).map_or(text.len(), |(at, _)| at);
    let cut = &text[..end];
    let cut = cut.rfind('\n').filter(|at| *at > end / 2).map_or(cut, |at| &cut[..at]);
    // A lone backslash would escape what follows.
    format!("{}{notice}", cut.trim_end_matches('\\').trim_end())
}
