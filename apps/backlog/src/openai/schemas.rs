//! Shapes of answers, as JSON Schemas in the strict form that all compatible servers take: every field required, none
//! besides.

use crate::gate::{CRITERIA, HOURS, TASK_CATEGORIES, TEST_CATEGORIES, title_limit};
use model::WorkItemKind;
use serde_json::{Value, json};

/// The shape of `count` items of a kind.
pub(super) fn items(kind: WorkItemKind, count: usize) -> Value {
    object(&[(
        "items",
        json!({ "type": "array", "minItems": 1, "maxItems": count.max(1), "items": item(kind) }),
    )])
}

/// The shape of a judgement.
pub(super) fn verdicts() -> Value {
    let verdict = object(&[
        ("index", json!({ "type": "integer", "description": "Place of the item in the list, from 1" })),
        ("score", json!({ "type": "integer", "minimum": 0, "maximum": 100 })),
        ("problems", texts("What has to be mended; empty where nothing has")),
    ]);
    object(&[("verdicts", json!({ "type": "array", "items": verdict }))])
}

fn item(kind: WorkItemKind) -> Value {
    let title =
        text(&format!("One line of at most {} characters, specific to the product", title_limit(kind)));
    let description = |what: &str| text(what);
    let priority = json!({ "type": "integer", "minimum": 1, "maximum": 4, "description": "1 is first" });
    let points = json!({ "type": "number", "enum": [1, 2, 3, 5, 8, 13, 21], "description": "Story points" });
    let complexity = json!({ "type": "string", "enum": ["low", "medium", "high"] });
    match kind {
        WorkItemKind::Epic => object(&[
            ("title", title),
            ("description", description("What it is for, for whom, what belongs to it and what does not")),
            ("priority", priority),
            ("complexity", complexity),
            ("category", text("One word, such as product, platform, operations")),
        ]),
        WorkItemKind::Feature => object(&[
            ("title", title),
            ("description", description("What one can do with it")),
            ("priority", priority),
            ("story_points", points),
            ("business_value", json!({ "type": "integer", "minimum": 1, "maximum": 100 })),
            ("dependencies", texts("What has to be there before")),
            ("edge_cases", texts("Cases that are easily forgotten")),
            ("interface_notes", text("What its interface has to show and to allow")),
            ("technical_notes", text("What matters when it is built")),
        ]),
        WorkItemKind::Story => object(&[
            ("title", title),
            ("as_a", text("The persona, without article")),
            ("i_want", text("What they want, beginning with a verb, without “to”")),
            ("so_that", text("What it is good for")),
            ("notes", text("Further notes; may be empty")),
            (
                "acceptance_criteria",
                json!({ "type": "array", "minItems": CRITERIA.start(), "maxItems": CRITERIA.end(),
                    "items": text("Given …, when …, then …") }),
            ),
            ("story_points", points),
            ("priority", priority),
        ]),
        WorkItemKind::Task => object(&[
            ("title", title),
            ("description", description("What is to be done, with technical details")),
            ("category", json!({ "type": "string", "enum": TASK_CATEGORIES })),
            ("estimate_hours", json!({ "type": "number", "minimum": HOURS.start(), "maximum": HOURS.end() })),
        ]),
        WorkItemKind::TestCase => object(&[
            ("title", title),
            ("description", description("What is proved")),
            ("category", json!({ "type": "string", "enum": TEST_CATEGORIES })),
            ("test_data", text("Data that the test needs")),
            (
                "automation",
                json!({ "type": "boolean", "description": "Whether automating it is worth while" }),
            ),
            (
                "steps",
                json!({ "type": "array", "minItems": 2, "items": object(&[
                    ("action", text("What the tester does")),
                    ("expected", text("What must be seen then")),
                ]) }),
            ),
            ("priority", priority),
        ]),
    }
}

fn object(fields: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let properties: serde_json::Map<String, Value> =
        fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": names, "additionalProperties": false })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn texts(description: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "description": description })
}
