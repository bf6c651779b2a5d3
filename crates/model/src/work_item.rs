//! Work items: what a backlog is made of, whatever tracker it ends in.

use serde::{Deserialize, Serialize};

/// A piece of planned work, in no tracker's dialect. Text is plain, with blank lines between paragraphs and `- ` for
/// bullets; each connector escapes and formats it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkItem {
    /// What it is.
    pub kind: WorkItemKind,
    /// One line.
    pub title: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Given/When/Then, one each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acceptance_criteria: Vec<String>,
    /// Further sections, such as edge cases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<Section>,
    /// 1 (first) to 4 (last).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_value: Option<u32>,
    /// Story points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story_points: Option<f64>,
    /// Hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_hours: Option<f64>,
    /// Such as `backend`, `functional`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// `low`, `medium` or `high`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complexity: Option<String>,
    /// Steps of a test case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<TestStep>,
    /// Data that a test case needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_data: Option<String>,
    /// Whether a test case is worth automating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automation: Option<bool>,
}

/// Kinds of work items, from the root down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkItemKind {
    /// The largest.
    Epic,
    /// Part of an epic.
    Feature,
    /// Part of a feature.
    Story,
    /// Work on a story.
    Task,
    /// A test of a story.
    TestCase,
}

impl WorkItemKind {
    /// The word for it in JSON, SQL and on the dashboard.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Epic => "epic",
            Self::Feature => "feature",
            Self::Story => "story",
            Self::Task => "task",
            Self::TestCase => "test_case",
        }
    }

    /// Depth below the root: 0 for an epic, 3 for tasks and test cases.
    pub fn level(self) -> u32 {
        match self {
            Self::Epic => 0,
            Self::Feature => 1,
            Self::Story => 2,
            Self::Task | Self::TestCase => 3,
        }
    }
}

/// A headed part of a work item's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Its heading.
    pub heading: String,
    /// Its text.
    pub text: String,
}

/// A step of a test case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestStep {
    /// What the tester does.
    pub action: String,
    /// What must be seen then.
    pub expected: String,
}
