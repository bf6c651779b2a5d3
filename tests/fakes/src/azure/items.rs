//! Work items: what types and fields there are, and what a document must be.

use super::{Options, State};
use crate::Response;
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, time::Instant};

/// Characters of a text field at most.
const TEXT: usize = 1_000_000;
const TITLE: usize = 255;
/// Links of one item at most.
const LINKS: usize = 1_000;
const TAGS: usize = 100;

const CHILD_OF: &str = "System.LinkTypes.Hierarchy-Reverse";
const PARENT_OF: &str = "System.LinkTypes.Hierarchy-Forward";
const TESTS: &str = "Microsoft.VSTS.Common.TestedBy-Reverse";
const TESTED_BY: &str = "Microsoft.VSTS.Common.TestedBy-Forward";

/// A work item.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its number.
    pub id: u64,
    /// Its type, such as `User Story`.
    pub kind: String,
    /// Its fields.
    pub fields: BTreeMap<String, Value>,
    /// Its parent in the hierarchy.
    pub parent: Option<u64>,
    /// The story that it tests.
    pub tests: Option<u64>,
    /// What stands behind `Headway reference: ` in its description.
    pub reference: Option<String>,
    /// When it was made.
    pub made: Instant,
}

impl Item {
    /// A field's text; empty where it is none.
    pub fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// Its title.
    pub fn title(&self) -> &str {
        self.text("System.Title")
    }

    pub(super) fn shown(&self) -> Value {
        json!({ "id": self.id, "type": self.kind, "fields": self.fields, "parent": self.parent, "tests": self.tests, "reference": self.reference })
    }
}

/// An error as Azure DevOps words it.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) key: String,
    pub(super) message: String,
    pub(super) retry_after: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: u16, key: &str, message: &str) -> Self {
        Self { status, key: key.to_owned(), message: message.to_owned(), retry_after: None }
    }

    /// For a fault: the key and words that go with a status.
    pub(super) fn made_up(status: u16) -> Self {
        let (key, message) = match status {
            400 => (
                "RuleValidationException",
                "TF401320: Rule Error for field Priority. Error code: InvalidListValue.",
            ),
            401 => (
                "UnauthorizedRequestException",
                "TF400813: The user is not authorized to access this resource.",
            ),
            403 => (
                "AccessCheckException",
                "TF50309: The following account does not have sufficient permissions.",
            ),
            409 => (
                "WorkItemRevisionMismatchException",
                "TF26071: This work item has been changed by someone else.",
            ),
            429 => ("RequestBlockedException", "Request was blocked due to exceeding usage of a resource."),
            503 => (
                "ServiceUnavailableException",
                "TF400898: An Internal Error Occurred. The service is unavailable.",
            ),
            _ => ("ServerException", "TF400898: An Internal Error Occurred. Activity Id: 00000000."),
        };
        Self::new(status, key, message)
    }

    pub(super) fn response(&self) -> Response {
        let body = json!({
            "$id": "1",
            "innerException": null,
            "message": self.message,
            "typeName": format!("Microsoft.TeamFoundation.{}, Microsoft.TeamFoundation", self.key),
            "typeKey": self.key,
            "errorCode": 0,
            "eventId": 3200,
        });
        let response = Response::json(self.status, &body);
        match &self.retry_after {
            Some(after) => response.with_header("retry-after", after),
            None => response,
        }
    }

    /// The body within a batch's part: worded otherwise there.
    pub(super) fn part_body(&self) -> Value {
        json!({ "count": 1, "value": { "Message": self.message, "TypeKey": self.key } })
    }
}

/// The types of a process.
pub(super) fn types(process: &str) -> &'static [&'static str] {
    match process {
        "scrum" => &[
            "Epic",
            "Feature",
            "Product Backlog Item",
            "Bug",
            "Task",
            "Impediment",
            "Test Case",
            "Test Plan",
            "Test Suite",
        ],
        "basic" => &["Epic", "Issue", "Task", "Test Case", "Test Plan", "Test Suite"],
        _ => {
            &["Epic", "Feature", "User Story", "Bug", "Task", "Issue", "Test Case", "Test Plan", "Test Suite"]
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Line,
    Html,
    Steps,
    Number,
    Priority,
    Tags,
    Area,
    Iteration,
    Choice(&'static [&'static str]),
}

fn shape(options: &Options, kind: &str, field: &str) -> Option<Shape> {
    const VALUE_AREA: &[&str] = &["Business", "Architectural"];
    const AUTOMATION: &[&str] = &["Not Automated", "Planned", "Automated"];
    let scrum = options.process == "scrum";
    let basic = options.process == "basic";
    let portfolio = matches!(kind, "Epic" | "Feature") && !basic;
    Some(match field {
        "System.Title" => Shape::Line,
        "System.Description" => Shape::Html,
        "System.AreaPath" => Shape::Area,
        "System.IterationPath" => Shape::Iteration,
        "System.Tags" => Shape::Tags,
        "Microsoft.VSTS.Common.Priority" => Shape::Priority,
        "Microsoft.VSTS.Common.ValueArea"
            if portfolio || matches!(kind, "User Story" | "Product Backlog Item") =>
        {
            Shape::Choice(VALUE_AREA)
        }
        "Microsoft.VSTS.Common.BusinessValue" if portfolio || kind == "Product Backlog Item" => Shape::Number,
        "Microsoft.VSTS.Common.AcceptanceCriteria"
            if matches!(kind, "User Story" | "Product Backlog Item") =>
        {
            Shape::Html
        }
        "Microsoft.VSTS.Scheduling.StoryPoints" if kind == "User Story" => Shape::Number,
        "Microsoft.VSTS.Scheduling.Effort"
            if portfolio || kind == "Product Backlog Item" || (basic && kind == "Issue") =>
        {
            Shape::Number
        }
        "Microsoft.VSTS.Scheduling.OriginalEstimate" if kind == "Task" && !scrum && !basic => Shape::Number,
        "Microsoft.VSTS.Scheduling.RemainingWork" if kind == "Task" => Shape::Number,
        "Microsoft.VSTS.TCM.Steps" if kind == "Test Case" => Shape::Steps,
        "Microsoft.VSTS.TCM.AutomationStatus" if kind == "Test Case" => Shape::Choice(AUTOMATION),
        other if options.custom_fields.iter().any(|custom| custom == other) => Shape::Line,
        _ => return None,
    })
}

impl State {
    /// Makes an item, or only says whether it could be made.
    pub(super) fn create(
        &mut self,
        options: &Options,
        kind: &str,
        document: &Value,
        validate: bool,
    ) -> Result<Value, Refusal> {
        if !types(options.process).contains(&kind) {
            let text = format!(
                "VS402323: Work item type {kind} does not exist in project Shop or you do not have permission to access it."
            );
            return Err(Refusal::new(404, "WorkItemTypeNotFoundException", &text));
        }
        let Some(operations) = document.as_array().filter(|operations| !operations.is_empty()) else {
            return Err(Refusal::new(
                400,
                "VssPropertyValidationException",
                "You must pass a valid patch document in the body of the request.",
            ));
        };
        let mut item = Item {
            id: 0,
            kind: kind.to_owned(),
            fields: BTreeMap::new(),
            parent: None,
            tests: None,
            reference: None,
            made: Instant::now(),
        };
        for operation in operations {
            self.apply(options, &mut item, operation)?;
        }
        if item.title().trim().is_empty() {
            let text = "TF401320: Rule Error for field Title. Error code: Required, InvalidEmpty.";
            return Err(Refusal::new(400, "RuleValidationException", text));
        }
        item.reference = reference(item.text("System.Description"));
        if !validate {
            item.id = self.id();
            self.items.insert(item.id, item.clone());
        }
        Ok(body(&item))
    }

    fn apply(&self, options: &Options, item: &mut Item, operation: &Value) -> Result<(), Refusal> {
        let invalid = |text: String| Refusal::new(400, "VssPropertyValidationException", &text);
        let known = ["op", "path", "value", "from"];
        let fields =
            operation.as_object().ok_or_else(|| invalid("An operation must be an object.".to_owned()))?;
        if let Some(odd) = fields.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(invalid(format!("Could not find member '{odd}' on an operation.")));
        }
        let path = operation["path"].as_str().unwrap_or_default();
        if operation["op"] != "add" {
            return Err(invalid(format!(
                "The operation {} is not supported when a work item is created.",
                operation["op"]
            )));
        }
        if path == "/relations/-" {
            return self.relate(item, &operation["value"]);
        }
        let Some(field) = path.strip_prefix("/fields/") else {
            return Err(invalid(format!("The path {path} is not supported.")));
        };
        let Some(shape) = shape(options, &item.kind, field) else {
            return Err(Refusal::new(
                400,
                "InvalidWorkItemFieldException",
                &format!("TF51535: Cannot find field {field}."),
            ));
        };
        self.check(shape, field, &operation["value"])?;
        item.fields.insert(field.to_owned(), operation["value"].clone());
        Ok(())
    }

    fn check(&self, shape: Shape, field: &str, value: &Value) -> Result<(), Refusal> {
        let rule = |what: &str| {
            Refusal::new(
                400,
                "RuleValidationException",
                &format!("TF401320: Rule Error for field {field}. Error code: {what}."),
            )
        };
        let text = value.as_str();
        let size = text.map(|text| text.encode_utf16().count()).unwrap_or_default();
        let fine = match shape {
            Shape::Number => value.as_f64().is_some_and(|number| number >= 0.0),
            Shape::Priority => value.as_u64().is_some_and(|number| (1..=4).contains(&number)),
            Shape::Line => size <= TITLE && text.is_some_and(|text| !text.contains(['\n', '\r'])),
            Shape::Html => size <= TEXT && text.is_some_and(|text| !text.contains('\0')),
            Shape::Steps => size <= TEXT && text.is_some_and(steps_are_sound),
            Shape::Tags => text.is_some_and(|text| text.split(';').count() <= TAGS && !text.contains(',')),
            Shape::Choice(allowed) => text.is_some_and(|text| allowed.contains(&text)),
            Shape::Area | Shape::Iteration => {
                let group = if shape == Shape::Area { "Areas" } else { "Iterations" };
                let known = text.is_some_and(|text| {
                    text.strip_prefix("Shop")
                        .is_some_and(|rest| rest.is_empty() || self.nodes.contains(&format!("{group}{rest}")))
                });
                if !known {
                    let text =
                        format!("TF401347: Invalid tree name given for work item -1, field '{field}'.");
                    return Err(Refusal::new(400, "RuleValidationException", &text));
                }
                true
            }
        };
        if fine { Ok(()) } else { Err(rule("InvalidValue, HasValues, LimitedToValues, TooLong")) }
    }

    fn relate(&self, item: &mut Item, value: &Value) -> Result<(), Refusal> {
        let rel = value["rel"].as_str().unwrap_or_default();
        let url = value["url"].as_str().unwrap_or_default();
        let id = url.rsplit_once("/org/_apis/wit/workItems/").and_then(|(_, id)| id.parse::<u64>().ok());
        let Some(target) = id.and_then(|id| self.items.get(&id)) else {
            let text = format!(
                "TF401232: Work item {} does not exist, or you do not have permissions to read it.",
                id.unwrap_or_default()
            );
            return Err(Refusal::new(404, "WorkItemUnauthorizedAccessException", &text));
        };
        let links =
            self.items.values().filter(|other| other.parent.or(other.tests) == Some(target.id)).count();
        let slot = match rel {
            CHILD_OF => &mut item.parent,
            TESTS if item.kind == "Test Case" => &mut item.tests,
            _ => {
                let text = format!("TF401019: Unrecognized resource link type {rel}.");
                return Err(Refusal::new(400, "WorkItemLinkInvalidException", &text));
            }
        };
        if slot.is_some() || links >= LINKS {
            let text = "TF201036: You cannot add a link because a work item can have only one Parent link, or too many links exist.";
            return Err(Refusal::new(400, "WorkItemLinkInvalidException", text));
        }
        *slot = Some(target.id);
        Ok(())
    }

    /// An item with its relations in both directions.
    pub(super) fn related(&self, item: &Item) -> Value {
        let link = |rel: &str, id: u64| json!({ "rel": rel, "url": format!("http://fake/org/_apis/wit/workItems/{id}"), "attributes": {} });
        let mut relations: Vec<Value> = item.parent.iter().map(|id| link(CHILD_OF, *id)).collect();
        relations.extend(item.tests.iter().map(|id| link(TESTS, *id)));
        for other in self.items.values() {
            if other.parent == Some(item.id) {
                relations.push(link(PARENT_OF, other.id));
            }
            if other.tests == Some(item.id) {
                relations.push(link(TESTED_BY, other.id));
            }
        }
        let mut shown = body(item);
        shown["relations"] = Value::Array(relations);
        shown
    }
}

/// An item as the API shows it.
pub(super) fn body(item: &Item) -> Value {
    let mut fields: Map<String, Value> = item.fields.clone().into_iter().collect();
    fields.insert("System.Id".to_owned(), json!(item.id));
    fields.insert("System.WorkItemType".to_owned(), json!(item.kind));
    json!({ "id": item.id, "rev": 1, "fields": fields, "url": format!("http://fake/org/_apis/wit/workItems/{}", item.id) })
}

fn reference(description: &str) -> Option<String> {
    let (_, rest) = description.rsplit_once("Headway reference: ")?;
    let reference: String = rest.chars().take_while(|c| *c != '<' && !c.is_whitespace()).collect();
    (!reference.is_empty()).then_some(reference)
}

/// Steps are XML, and the text within them is XML again.
fn steps_are_sound(text: &str) -> bool {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut depth = 0;
    let mut steps = 0;
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Start(tag)) => {
                depth += 1;
                steps += usize::from(tag.name().as_ref() == "step");
            }
            Ok(quick_xml::events::Event::End(_)) => depth -= 1,
            Ok(quick_xml::events::Event::Eof) => break depth == 0 && steps > 0,
            Ok(_) => {}
            Err(_) => break false,
        }
    }
}
