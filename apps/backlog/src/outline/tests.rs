use super::*;
use crate::{gate, params::Size, vision};
use std::fmt::Write as _;

/// All items of a backlog, depth first, with their keys.
pub(super) fn whole(markdown: &str, size: Size) -> (Vec<(String, WorkItem)>, Vec<String>) {
    let vision = vision::read(markdown, "The product");
    let numbers = size.numbers();
    let plan = Plan::of(&vision, numbers);
    let writer = Writer::new(&vision, &plan);
    let mut items = Vec::new();
    let mut open = vec![(String::new(), vec![(WorkItemKind::Epic, numbers.epics)])];
    while let Some((parent, kinds)) = open.pop() {
        let mut below = Vec::new();
        for (kind, most) in kinds {
            for (position, item) in (1..).zip(children(&writer, &parent, kind, most)) {
                let key = keys::child(&parent, kind, position);
                let next = match kind {
                    WorkItemKind::Epic => vec![(WorkItemKind::Feature, numbers.features)],
                    WorkItemKind::Feature => vec![(WorkItemKind::Story, numbers.stories)],
                    WorkItemKind::Story => {
                        vec![(WorkItemKind::Task, numbers.tasks), (WorkItemKind::TestCase, numbers.tests)]
                    }
                    WorkItemKind::Task | WorkItemKind::TestCase => Vec::new(),
                };
                items.push((key.clone(), item));
                below.push((key, next));
            }
        }
        open.extend(below.into_iter().rev());
    }
    items.sort_by_key(|(key, item)| {
        let parent = keys::parent(key).unwrap_or("");
        let position = *keys::positions(key).unwrap().last().unwrap();
        keys::sort(parent, item.kind, position)
    });
    (items, plan.notes)
}

#[test]
#[ignore = "prints backlogs for people to judge"]
fn show() {
    let name = std::env::var("VISION").unwrap();
    let size: Size =
        serde_json::from_value(serde_json::Value::String(std::env::var("SIZE").unwrap())).unwrap();
    let full = std::env::var("FULL").is_ok();
    let text = std::fs::read_to_string(name).unwrap();
    let (items, notes) = whole(&text, size);
    let mut out = String::new();
    for note in notes {
        writeln!(out, "NOTE {note}").unwrap();
    }
    for (key, item) in items {
        let pad = "  ".repeat(item.kind.level() as usize);
        writeln!(
            out,
            "{pad}{key} {} p{:?} sp{:?} h{:?} v{:?} {:?} {:?}",
            item.title,
            item.priority.unwrap_or(0),
            item.story_points.unwrap_or(0.0),
            item.estimate_hours.unwrap_or(0.0),
            item.business_value.unwrap_or(0),
            item.category.as_deref().unwrap_or(""),
            item.complexity.as_deref().unwrap_or("")
        )
        .unwrap();
        if full || item.kind == WorkItemKind::Story {
            writeln!(out, "{pad}    {}", item.description.replace('\n', "\n        ")).unwrap();
        }
        if full {
            for c in &item.acceptance_criteria {
                writeln!(out, "{pad}    * {c}").unwrap();
            }
            for s in &item.sections {
                writeln!(out, "{pad}    [{}] {}", s.heading, s.text.replace('\n', " / ")).unwrap();
            }
            for s in &item.steps {
                writeln!(out, "{pad}    > {} => {}", s.action, s.expected).unwrap();
            }
        }
    }
    std::fs::write("/tmp/shown.txt", out).unwrap();
}
