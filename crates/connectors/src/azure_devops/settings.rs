//! Settings of an Azure DevOps destination, and what its process calls things.

use crate::settings::{base_url, plain, read, wrong};
use model::{TaskError, WorkItemKind};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

/// The kind's name.
pub const KIND: &str = "azure_devops";

const KEYS: [&str; 10] = [
    "base_url",
    "organization",
    "project",
    "process",
    "area_path",
    "iteration_path",
    "test_plans",
    "reference_field",
    "use_batch",
    "lookup_lag_ms",
];
/// Characters of an organisation's or project's name at most.
const NAME_CHARS: usize = 64;
/// Characters of a path, and levels of it, at most.
const PATH_CHARS: usize = 4_000;
const PATH_LEVELS: usize = 14;
/// Longest time that look-ups may be held back, in milliseconds.
const LAG_MS: u64 = 600_000;

#[derive(Deserialize)]
struct Raw {
    #[serde(default = "default_base")]
    base_url: String,
    organization: String,
    project: String,
    #[serde(default)]
    process: Process,
    area_path: Option<String>,
    iteration_path: Option<String>,
    #[serde(default = "yes")]
    test_plans: bool,
    reference_field: Option<String>,
    #[serde(default = "yes")]
    use_batch: bool,
    #[serde(default = "default_lag")]
    lookup_lag_ms: u64,
}

fn default_base() -> String {
    "https://dev.azure.com".to_owned()
}

fn yes() -> bool {
    true
}

fn default_lag() -> u64 {
    15_000
}

/// Settings, checked.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) base: Url,
    pub(super) organization: String,
    pub(super) project: String,
    pub(super) process: Process,
    /// Levels below the project; empty for the project itself.
    pub(super) area: Vec<String>,
    pub(super) iteration: Vec<String>,
    pub(super) test_plans: bool,
    pub(super) reference_field: Option<String>,
    pub(super) use_batch: bool,
    pub(super) lookup_lag_ms: u64,
}

impl Settings {
    pub(super) fn new(value: &Value) -> Result<Self, TaskError> {
        let raw: Raw = read(KIND, value, &KEYS)?;
        plain(KIND, "organization", &raw.organization, NAME_CHARS)?;
        plain(KIND, "project", &raw.project, NAME_CHARS)?;
        if let Some(field) = &raw.reference_field {
            let name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
            if !field.contains('.') || !field.chars().all(name) || field.len() > 128 {
                return Err(wrong(
                    KIND,
                    "`reference_field` must be a field's reference name, such as `Custom.Reference`",
                ));
            }
        }
        if raw.lookup_lag_ms > LAG_MS {
            return Err(wrong(KIND, &format!("`lookup_lag_ms` must be at most {LAG_MS}")));
        }
        Ok(Self {
            base: base_url(KIND, &raw.base_url)?,
            area: levels("area_path", raw.area_path.as_deref(), &raw.project)?,
            iteration: levels("iteration_path", raw.iteration_path.as_deref(), &raw.project)?,
            organization: raw.organization,
            project: raw.project,
            process: raw.process,
            test_plans: raw.test_plans,
            reference_field: raw.reference_field,
            use_batch: raw.use_batch,
            lookup_lag_ms: raw.lookup_lag_ms,
        })
    }

    /// A path as fields spell it, from the project down.
    pub(super) fn path(&self, levels: &[String]) -> String {
        let mut path = self.project.clone();
        for level in levels {
            path.push('\\');
            path.push_str(level);
        }
        path
    }
}

/// Levels of a path, which may begin with the project and be parted by either slash.
fn levels(key: &str, path: Option<&str>, project: &str) -> Result<Vec<String>, TaskError> {
    let Some(path) = path else { return Ok(Vec::new()) };
    plain(KIND, key, path, PATH_CHARS)?;
    let mut levels: Vec<String> =
        path.split(['\\', '/']).map(str::trim).filter(|level| !level.is_empty()).map(str::to_owned).collect();
    if levels.first().is_some_and(|level| level.eq_ignore_ascii_case(project)) {
        levels.remove(0);
    }
    let forbidden =
        |level: &String| level.contains(['$', '?', '*', '"', '<', '>', '|', '&', '#', '%', '+', ':']);
    if levels.len() > PATH_LEVELS
        || levels.iter().any(forbidden)
        || levels.iter().any(|level| level == "." || level == "..")
    {
        let text =
            format!("`{key}` must have at most {PATH_LEVELS} levels without any of $ ? * \" < > | & # % + :");
        return Err(wrong(KIND, &text));
    }
    Ok(levels)
}

/// The process that a project follows: it decides on types and fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Process {
    #[default]
    Agile,
    Scrum,
    Basic,
}

/// Fields that not every type has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    ValueArea,
    BusinessValue,
    AcceptanceCriteria,
    StoryPoints,
    Effort,
    OriginalEstimate,
    RemainingWork,
}

impl Field {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ValueArea => "Microsoft.VSTS.Common.ValueArea",
            Self::BusinessValue => "Microsoft.VSTS.Common.BusinessValue",
            Self::AcceptanceCriteria => "Microsoft.VSTS.Common.AcceptanceCriteria",
            Self::StoryPoints => "Microsoft.VSTS.Scheduling.StoryPoints",
            Self::Effort => "Microsoft.VSTS.Scheduling.Effort",
            Self::OriginalEstimate => "Microsoft.VSTS.Scheduling.OriginalEstimate",
            Self::RemainingWork => "Microsoft.VSTS.Scheduling.RemainingWork",
        }
    }
}

impl Process {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Agile => "agile",
            Self::Scrum => "scrum",
            Self::Basic => "basic",
        }
    }

    /// The type that stands for a kind. Basic knows neither features nor stories: both become issues, one below the other.
    pub(super) fn type_of(self, kind: WorkItemKind) -> &'static str {
        match (kind, self) {
            (WorkItemKind::Epic, _) => "Epic",
            (WorkItemKind::Feature | WorkItemKind::Story, Self::Basic) => "Issue",
            (WorkItemKind::Feature, _) => "Feature",
            (WorkItemKind::Story, Self::Agile) => "User Story",
            (WorkItemKind::Story, Self::Scrum) => "Product Backlog Item",
            (WorkItemKind::Task, _) => "Task",
            (WorkItemKind::TestCase, _) => "Test Case",
        }
    }

    /// Whether the type that stands for a kind has a field.
    pub(super) fn has(self, kind: WorkItemKind, field: Field) -> bool {
        use Field::{
            AcceptanceCriteria, BusinessValue, Effort, OriginalEstimate, RemainingWork, StoryPoints,
            ValueArea,
        };
        match (self, kind) {
            (Self::Agile | Self::Scrum, WorkItemKind::Epic | WorkItemKind::Feature) => {
                matches!(field, ValueArea | BusinessValue | Effort)
            }
            (Self::Agile, WorkItemKind::Story) => {
                matches!(field, ValueArea | StoryPoints | AcceptanceCriteria)
            }
            (Self::Scrum, WorkItemKind::Story) => {
                matches!(field, ValueArea | BusinessValue | Effort | AcceptanceCriteria)
            }
            (Self::Basic, WorkItemKind::Feature | WorkItemKind::Story) => field == Effort,
            (Self::Agile, WorkItemKind::Task) => matches!(field, OriginalEstimate | RemainingWork),
            (Self::Scrum | Self::Basic, WorkItemKind::Task) => field == RemainingWork,
            (Self::Basic, WorkItemKind::Epic) | (_, WorkItemKind::TestCase) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use serde_json::json;

    #[test]
    fn paths_are_read_in_all_spellings() {
        let of = |area: &str| {
            Settings::new(&json!({ "organization": "o", "project": "Shop", "area_path": area }))
                .map(|s| s.path(&s.area))
        };
        assert_eq!(of("Shop\\Team A\\Web").unwrap(), "Shop\\Team A\\Web");
        assert_eq!(of("/team A/").unwrap(), "Shop\\team A");
        assert_eq!(of("shop").unwrap(), "Shop");
        assert!(of("a:b").is_err() && of("..").is_err() && of("").is_err() && of("a\nb").is_err());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |value| Settings::new(&value).unwrap_err().message;
        assert!(wrong(json!({ "project": "p" })).contains("missing field `organization`"));
        assert!(wrong(json!({ "organization": "o", "project": "p", "process": "xp" })).contains("xp"));
        assert!(
            wrong(json!({ "organization": "o", "project": "p", "reference_field": "x y" }))
                .contains("reference_field")
        );
        assert!(
            wrong(json!({ "organization": "o", "project": "p", "base_url": "dev.azure.com" }))
                .contains("base_url")
        );
    }
}
