//! From a model's answer to items: what is missing is left out, what has another form and a plain meaning is taken.

use crate::{
    author::Brief,
    english::{article, lower_first, tidy_end},
    gate::{HOURS, POINTS},
    vision::plain,
};
use model::{Section, TestStep, WorkItem, WorkItemKind};
use serde_json::Value;

/// Longest text of a field, in bytes: what is beyond is a model that did not stop.
const MAX_TEXT_BYTES: usize = 16_000;
/// Most entries of a list.
const MAX_ENTRIES: usize = 40;

/// The items of an answer, at the places that were to be filled.
pub(super) fn items(brief: &Brief, answer: &Value) -> Vec<(u32, WorkItem)> {
    let list = list_in(answer);
    let items = list.iter().filter_map(|value| item(brief.kind, value));
    brief.positions.iter().copied().zip(items).collect()
}

/// The verdicts of an answer on `count` items; those that are missing say nothing.
pub(super) fn verdicts(count: usize, answer: &Value) -> Vec<(u32, Vec<String>)> {
    // An item that the model forgot keeps what the rules say: full marks from here.
    let mut verdicts: Vec<(u32, Vec<String>)> = vec![(100, Vec::new()); count];
    for (place, value) in list_in(answer).iter().enumerate() {
        let index = number(value, "index").map_or(place, |index| (index as usize).saturating_sub(1));
        let Some(slot) = verdicts.get_mut(index) else { continue };
        if let Some(score) = number(value, "score") {
            *slot = (score.clamp(0.0, 100.0) as u32, texts(value, "problems"));
        }
    }
    verdicts
}

/// The list in an answer: itself, its field `items`, its first list, or an only item.
fn list_in(answer: &Value) -> Vec<&Value> {
    let list = match answer {
        Value::Array(list) => list.iter().collect(),
        Value::Object(fields) => {
            match fields.get("items").or_else(|| fields.values().find(|value| is_list(value))) {
                Some(Value::Array(list)) => list.iter().collect(),
                _ => vec![answer],
            }
        }
        _ => Vec::new(),
    };
    list.into_iter().filter(|value| value.is_object()).collect()
}

fn is_list(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.first().is_some_and(Value::is_object))
}

fn item(kind: WorkItemKind, value: &Value) -> Option<WorkItem> {
    let title = plain(&text(value, "title")?);
    let mut item = WorkItem {
        kind,
        title: title.trim_end_matches('.').to_owned(),
        description: text(value, "description").unwrap_or_default(),
        acceptance_criteria: Vec::new(),
        sections: Vec::new(),
        priority: number(value, "priority").map(|priority| priority.clamp(1.0, 4.0) as u8),
        business_value: number(value, "business_value").map(|value| value.clamp(0.0, 100.0) as u32),
        story_points: number(value, "story_points").map(nearest_points),
        estimate_hours: number(value, "estimate_hours").map(half_hours),
        category: text(value, "category").map(|category| category.trim().to_lowercase()),
        complexity: text(value, "complexity").map(|complexity| complexity.trim().to_lowercase()),
        steps: steps(value),
        test_data: text(value, "test_data"),
        automation: value.get("automation").and_then(Value::as_bool),
    };
    match kind {
        WorkItemKind::Feature => {
            for (field, heading) in [("dependencies", "Dependencies"), ("edge_cases", "Edge cases")] {
                let entries = texts(value, field);
                let none = field == "dependencies" && entries.is_empty();
                let list = if none { String::from("None within this backlog") } else { bullets(&entries) };
                section(&mut item, heading, list);
            }
            section(&mut item, "Interface notes", text(value, "interface_notes").unwrap_or_default());
            section(&mut item, "Technical notes", text(value, "technical_notes").unwrap_or_default());
        }
        WorkItemKind::Story => {
            item.acceptance_criteria = texts(value, "acceptance_criteria");
            if let (Some(persona), Some(want)) = (text(value, "as_a"), text(value, "i_want")) {
                item.description = sentence(&persona, &want, text(value, "so_that").as_deref());
                if let Some(notes) = text(value, "notes") {
                    item.description.push_str("\n\n");
                    item.description.push_str(&notes);
                }
            }
        }
        WorkItemKind::Epic | WorkItemKind::Task | WorkItemKind::TestCase => {}
    }
    Some(item)
}

/// `As a guest, I want to order meals so that I save time.`
fn sentence(persona: &str, want: &str, so_that: Option<&str>) -> String {
    let persona = persona.trim();
    let lower = persona.to_lowercase();
    let persona = ["as an ", "as a ", "an ", "a ", "the "]
        .iter()
        .find_map(|lead| lower.starts_with(lead).then(|| persona.get(lead.len()..)).flatten())
        .unwrap_or(persona);
    let want = want.trim().trim_start_matches("I want ").trim_start_matches("to ");
    let mut out = format!(
        "As {} {}, I want to {}",
        article(persona),
        lower_first(persona),
        lower_first(&tidy_end(want.trim_end_matches('.')))
    );
    if let Some(good) =
        so_that.map(|good| good.trim().trim_start_matches("so that ")).filter(|good| !good.is_empty())
    {
        out.push_str(" so that ");
        out.push_str(&lower_first(good));
    }
    format!("{}.", out.trim_end_matches('.'))
}

fn steps(value: &Value) -> Vec<TestStep> {
    let list = value.get("steps").and_then(Value::as_array);
    let step = |step: &Value| {
        let action = text(step, "action")?;
        Some(TestStep { action, expected: text(step, "expected").unwrap_or_default() })
    };
    list.into_iter().flatten().take(MAX_ENTRIES).filter_map(step).collect()
}

fn section(item: &mut WorkItem, heading: &str, text: String) {
    if !text.is_empty() {
        item.sections.push(Section { heading: heading.to_owned(), text });
    }
}

fn bullets(entries: &[String]) -> String {
    entries.iter().map(|entry| format!("- {entry}")).collect::<Vec<_>>().join("\n")
}

/// A text without control characters, or nothing.
fn text(value: &Value, field: &str) -> Option<String> {
    let text = match value.get(field)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let clean: String = text.chars().filter(|c| !c.is_control() || *c == '\n').take(MAX_TEXT_BYTES).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

fn texts(value: &Value, field: &str) -> Vec<String> {
    match value.get(field) {
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(Value::as_str)
            .map(plain)
            .filter(|text| !text.is_empty())
            .take(MAX_ENTRIES)
            .collect(),
        Some(Value::String(one)) if !one.trim().is_empty() => vec![plain(one)],
        _ => Vec::new(),
    }
}

fn number(value: &Value, field: &str) -> Option<f64> {
    match value.get(field)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().trim_end_matches(['h', ' ']).parse().ok(),
        _ => None,
    }
    .filter(|number: &f64| number.is_finite())
}

fn nearest_points(points: f64) -> f64 {
    let distance = |of: &f64| (of - points).abs();
    POINTS.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(3.0)
}

fn half_hours(hours: f64) -> f64 {
    ((hours * 2.0).round() / 2.0).clamp(*HOURS.start(), *HOURS.end())
}
