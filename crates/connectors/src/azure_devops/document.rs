//! The document that creates a work item: JSON Patch, with the link to its parent in it, so that an item and its place in
//! the tree come to be in one step.

use super::{
    html::{self, Html},
    settings::{Field, Settings},
};
use crate::settings::join;
use activity::connector::Parcel;
use model::{TaskError, WorkItem, WorkItemKind};
use serde_json::{Value, json};
use url::Url;

/// What the reference's line in a description begins with.
pub(super) const REFERENCE: &str = "Headway reference: ";
/// Characters of a title at most.
const TITLE_CHARS: usize = 255;
/// Names its child's parent: what hangs below an epic, a feature or a story.
const CHILD_OF: &str = "System.LinkTypes.Hierarchy-Reverse";
/// Names the story that a test case tests.
const TESTS: &str = "Microsoft.VSTS.Common.TestedBy-Reverse";

/// Which parent a document names.
#[derive(Clone, Copy)]
pub(super) enum Parent<'a> {
    /// None: a root.
    None,
    /// The item with this id.
    Id(u64),
    /// Text that stands for one that is not there yet.
    Placeholder(&'a str),
}

/// A parcel, read.
pub(super) struct Draft {
    /// The type's name, such as `User Story`.
    pub(super) type_name: &'static str,
    /// The operations.
    pub(super) document: Value,
}

/// The tag that all items of a run carry.
pub(super) fn tag(parcel: &Parcel) -> String {
    format!("headway:{}", parcel.run)
}

/// The parent's id.
pub(super) fn parent(parcel: &Parcel) -> Result<Parent<'static>, TaskError> {
    match &parcel.parent {
        None => Ok(Parent::None),
        Some(remote) => remote.id.parse().map(Parent::Id).map_err(|_| {
            let shown: String = remote.id.chars().take(40).collect();
            TaskError::new(
                "invalid_parent",
                format!("the parent's id `{shown}` is no number as Azure DevOps has them"),
            )
        }),
    }
}

/// Reads a parcel's payload.
pub(super) fn read(parcel: &Parcel) -> Result<WorkItem, TaskError> {
    let item: WorkItem = serde_json::from_str(parcel.payload.get()).map_err(|error| {
        let what: String = error.to_string().chars().take(200).collect();
        TaskError::new("invalid_payload", format!("this delivery holds no work item: {what}"))
    })?;
    if html::one_line(&item.title).is_empty() {
        return Err(TaskError::new("invalid_payload", "this work item has no title"));
    }
    Ok(item)
}

/// Makes the document of a parcel.
pub(super) fn draft(settings: &Settings, parcel: &Parcel, parent: Parent<'_>) -> Result<Draft, TaskError> {
    let item = read(parcel)?;
    let process = settings.process;
    let mut operations = Vec::with_capacity(16);
    let mut add =
        |path: String, value: Value| operations.push(json!({ "op": "add", "path": path, "value": value }));
    let mut set = |field: &str, value: Value| add(format!("/fields/{field}"), value);
    set("System.Title", json!(title(&item.title)));
    set("System.Description", json!(description(settings, &item, parcel)));
    // Without them Azure DevOps takes the project's own, however the project is named in the settings.
    if !settings.area.is_empty() {
        set("System.AreaPath", json!(settings.path(&settings.area)));
    }
    if !settings.iteration.is_empty() {
        set("System.IterationPath", json!(settings.path(&settings.iteration)));
    }
    set("System.Tags", json!(tag(parcel)));
    if let Some(field) = &settings.reference_field {
        set(field, json!(&*parcel.reference));
    }
    if let Some(priority) = item.priority {
        set("Microsoft.VSTS.Common.Priority", json!(priority.clamp(1, 4)));
    }
    for (field, value) in special(settings, &item) {
        if process.has(item.kind, field) {
            set(field.name(), value);
        }
    }
    if item.kind == WorkItemKind::TestCase {
        if !item.steps.is_empty() {
            set("Microsoft.VSTS.TCM.Steps", json!(html::steps(&item.steps)));
        }
        let planned = if item.automation == Some(true) { "Planned" } else { "Not Automated" };
        set("Microsoft.VSTS.TCM.AutomationStatus", json!(planned));
    }
    let url = match parent {
        Parent::None => None,
        Parent::Id(id) => Some(item_url(settings, &id.to_string()).to_string()),
        Parent::Placeholder(text) => Some(format!("{}{text}", item_url(settings, ""))),
    };
    if let Some(url) = url {
        let rel = if item.kind == WorkItemKind::TestCase { TESTS } else { CHILD_OF };
        add("/relations/-".to_owned(), json!({ "rel": rel, "url": url }));
    }
    Ok(Draft { type_name: process.type_of(item.kind), document: Value::Array(operations) })
}

/// Where the API has an item.
pub(super) fn item_url(settings: &Settings, id: &str) -> Url {
    join(&settings.base, &[&settings.organization, "_apis", "wit", "workItems", id])
}

/// Values for fields that not every type has.
fn special(settings: &Settings, item: &WorkItem) -> Vec<(Field, Value)> {
    let mut values = Vec::new();
    let technical = item.category.as_deref().is_some_and(|category| {
        ["technical", "architect", "infrastructure"].iter().any(|word| category.to_lowercase().contains(word))
    });
    values.push((Field::ValueArea, json!(if technical { "Architectural" } else { "Business" })));
    if let Some(value) = item.business_value {
        values.push((Field::BusinessValue, json!(value)));
    }
    if let Some(points) = item.story_points {
        let points_field = settings.process.has(item.kind, Field::StoryPoints);
        values.push((if points_field { Field::StoryPoints } else { Field::Effort }, json!(points)));
    }
    if let Some(hours) = item.estimate_hours {
        values.push((Field::OriginalEstimate, json!(hours)));
        values.push((Field::RemainingWork, json!(hours)));
    }
    if !item.acceptance_criteria.is_empty() {
        let mut html = Html::new();
        html.numbered(item.acceptance_criteria.iter().map(String::as_str));
        values.push((Field::AcceptanceCriteria, json!(html.finish(""))));
    }
    values
}

fn title(text: &str) -> String {
    let text = html::one_line(text);
    let mut size = 0;
    if text.chars().map(char::len_utf16).sum::<usize>() <= TITLE_CHARS {
        return text;
    }
    let mut short: String = text
        .chars()
        .take_while(|c| {
            size += c.len_utf16();
            size < TITLE_CHARS
        })
        .collect();
    short.push('…');
    short
}

/// All that an item says and no field of its type holds.
fn description(settings: &Settings, item: &WorkItem, parcel: &Parcel) -> String {
    let has = |field| settings.process.has(item.kind, field);
    let mut html = Html::new();
    let whole = html::one_line(&item.title);
    if title(&item.title) != whole {
        html.text(&format!("Whole title: {whole}"));
    }
    html.text(&item.description);
    if !item.acceptance_criteria.is_empty() && !has(Field::AcceptanceCriteria) {
        html.heading("Acceptance criteria");
        html.numbered(item.acceptance_criteria.iter().map(String::as_str));
    }
    for section in &item.sections {
        html.heading(&section.heading);
        html.text(&section.text);
    }
    if let Some(data) = &item.test_data {
        html.heading("Test data");
        html.text(data);
    }
    html.text(&facts(item, has));
    html.finish(&format!("{REFERENCE}{}", parcel.reference))
}

fn facts(item: &WorkItem, has: impl Fn(Field) -> bool) -> String {
    let mut facts = Vec::new();
    if let Some(category) = &item.category {
        facts.push(format!("Category: {}", html::one_line(category)));
    }
    if let Some(complexity) = &item.complexity {
        facts.push(format!("Complexity: {}", html::one_line(complexity)));
    }
    if let Some(value) = item.business_value.filter(|_| !has(Field::BusinessValue)) {
        facts.push(format!("Business value: {value}"));
    }
    if let Some(points) = item.story_points.filter(|_| !has(Field::StoryPoints) && !has(Field::Effort)) {
        facts.push(format!("Story points: {points}"));
    }
    if let Some(hours) =
        item.estimate_hours.filter(|_| !has(Field::OriginalEstimate) && !has(Field::RemainingWork))
    {
        facts.push(format!("Estimate: {hours} h"));
    }
    facts.join(" · ")
}

/// Whether `text` holds `reference` as a word of its own: `r-1` is not within `r-12`.
pub(super) fn mentions(text: &str, reference: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    !reference.is_empty()
        && text.match_indices(reference).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + reference.len()..].chars().next();
            !before.is_some_and(part) && !after.is_some_and(|c| part(c) || c == ':')
        })
}

#[cfg(test)]
mod tests {
    use super::{mentions, title};

    #[test]
    fn a_reference_is_a_word_of_its_own() {
        assert!(mentions("<p>Headway reference: r-1</p>", "r-1"));
        assert!(mentions("<p>Headway reference:&nbsp;r-1</p>", "r-1"));
        for text in ["Headway reference: r-12", "Headway reference: xr-1", "r-1-2", "", "r-"] {
            assert!(!mentions(text, "r-1"), "{text}");
        }
        assert!(!mentions("anything", ""));
    }

    #[test]
    fn a_long_title_is_cut_by_what_azure_counts() {
        assert_eq!(title("a\nb"), "a b");
        let cut = title(&"🙂".repeat(200));
        assert!(cut.ends_with('…') && cut.encode_utf16().count() <= 255, "{}", cut.encode_utf16().count());
        assert_eq!(title(&"x".repeat(255)).len(), 255);
    }
}
