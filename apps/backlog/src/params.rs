//! What a backlog is asked for.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use utoipa::ToSchema;

/// Largest vision, in bytes.
pub const MAX_VISION_BYTES: usize = 256 * 1024;
/// Largest further context, in bytes.
pub const MAX_CONTEXT_BYTES: usize = 64 * 1024;
/// Longest title, in characters.
pub const MAX_TITLE_CHARS: usize = 120;
/// Longest name of a destination, in characters.
pub const MAX_NAME_CHARS: usize = 100;
/// Most items below one parent.
pub const MAX_PER_LEVEL: u32 = 20;
/// Most items of one backlog.
pub const MAX_ITEMS: u64 = 20_000;
/// Most times that an item is written again.
pub const MAX_REGENERATIONS: u32 = 10;
/// Largest budget, in US dollars.
pub const MAX_BUDGET_USD: f64 = 100_000.0;

/// A backlog's parameters: the run's input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = BacklogParams)]
pub struct Params {
    /// The vision, in Markdown.
    pub vision: String,
    /// What people call the run; the vision's own title where absent.
    pub title: Option<String>,
    /// Name of the destination that the items are delivered to; nothing is sent where absent.
    pub to: Option<String>,
    /// How many items each level has.
    #[schema(value_type = SizeSchema)]
    pub size: Size,
    /// Who writes; `openai` where a model is configured, else `outline`.
    pub author: Option<AuthorName>,
    /// Whether a person approves before anything is sent.
    pub review: bool,
    /// Items with a lower score are written again, 0 to 100.
    pub quality_threshold: u32,
    /// How often an item is written again at most.
    pub max_regenerations: u32,
    /// What the model may cost; without limit where absent.
    pub budget_usd: Option<f64>,
    /// What the author should know besides the vision, such as the technology in use.
    pub context: Option<String>,
    /// Where a vision too large for a run's input is kept: its hash. Set by the application, never by a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub vision_sha256: Option<String>,
}

/// Who writes the items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BacklogAuthorName)]
pub enum AuthorName {
    /// Rules: no model, no network.
    Outline,
    /// A language model.
    Openai,
}

/// How many items each level has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// 2 epics, 3 features each, 4 stories, 4 tasks, 3 test cases.
    #[default]
    Small,
    /// 3, 4, 5, 5, 4.
    Medium,
    /// 5, 6, 6, 6, 5.
    Large,
    /// As given.
    Given(Numbers),
}

/// Items for each parent, level by level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BacklogNumbers)]
pub struct Numbers {
    /// Epics.
    pub epics: u32,
    /// Features of an epic.
    pub features: u32,
    /// Stories of a feature.
    pub stories: u32,
    /// Tasks of a story.
    pub tasks: u32,
    /// Test cases of a story.
    pub tests: u32,
}

/// How [`Size`] looks in JSON.
#[derive(ToSchema)]
#[schema(as = BacklogSize)]
#[expect(dead_code, reason = "only shown in the API's document")]
pub(crate) enum SizeSchema {
    /// 2/3/4/4/3.
    #[schema(rename = "small")]
    Small,
    /// 3/4/5/5/4.
    #[schema(rename = "medium")]
    Medium,
    /// 5/6/6/6/5.
    #[schema(rename = "large")]
    Large,
    /// As given.
    #[schema(rename = "given")]
    Given(Numbers),
}

/// What is wrong with parameters.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct ParamsError {
    /// The field, as a path into the parameters.
    pub field: &'static str,
    /// What is wrong with it, and what it has to be.
    pub problem: String,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            vision: String::new(),
            title: None,
            to: None,
            size: Size::default(),
            author: None,
            review: true,
            quality_threshold: 75,
            max_regenerations: 5,
            budget_usd: None,
            context: None,
            vision_sha256: None,
        }
    }
}

impl Params {
    /// The same parameters, checked: empty texts are absent ones.
    ///
    /// # Errors
    /// [`ParamsError`] names the first field that does not fit.
    pub fn resolved(mut self) -> Result<Self, ParamsError> {
        let wrong = |field, problem: String| Err(ParamsError { field, problem });
        if self.vision_sha256.is_some() {
            return wrong(
                "vision_sha256",
                String::from("is set by the application; send the text as vision"),
            );
        }
        if self.vision.len() > MAX_VISION_BYTES {
            let found = self.vision.len();
            return wrong("vision", format!("has {found} bytes; at most {MAX_VISION_BYTES} are read"));
        }
        if !self.vision.chars().any(char::is_alphanumeric) {
            return wrong("vision", String::from("is blank: describe the product in Markdown"));
        }
        self.title = self.title.take().map(|title| title.trim().to_owned()).filter(|title| !title.is_empty());
        if self.title.as_ref().is_some_and(|title| !is_line(title, MAX_TITLE_CHARS)) {
            return wrong("title", format!("must be one line of at most {MAX_TITLE_CHARS} characters"));
        }
        if self.to.as_ref().is_some_and(|to| to.is_empty() || !is_line(to, MAX_NAME_CHARS)) {
            let problem =
                format!("must be a destination's name of 1 to {MAX_NAME_CHARS} characters, or null");
            return wrong("to", problem);
        }
        self.numbers().check()?;
        if self.quality_threshold > 100 {
            return wrong("quality_threshold", String::from("must be 0 to 100"));
        }
        if self.max_regenerations > MAX_REGENERATIONS {
            return wrong("max_regenerations", format!("must be 0 to {MAX_REGENERATIONS}"));
        }
        if self.budget_usd.is_some_and(|budget| !(budget > 0.0 && budget <= MAX_BUDGET_USD)) {
            return wrong("budget_usd", format!("must be more than 0 and at most {MAX_BUDGET_USD}, or null"));
        }
        if self.context.as_ref().is_some_and(|context| context.len() > MAX_CONTEXT_BYTES) {
            return wrong("context", format!("may have {MAX_CONTEXT_BYTES} bytes"));
        }
        self.context = self.context.take().filter(|context| !context.trim().is_empty());
        Ok(self)
    }

    /// How many items each level has.
    pub fn numbers(&self) -> Numbers {
        self.size.numbers()
    }

    /// The budget in millionths of a US dollar.
    pub fn budget_micro_usd(&self) -> Option<u64> {
        // Checked to be positive and at most MAX_BUDGET_USD, so it fits.
        self.budget_usd.map(|budget| (budget * 1e6).round().clamp(0.0, 1e15) as u64)
    }
}

fn is_line(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(char::is_control)
}

impl AuthorName {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Outline => "outline",
            Self::Openai => "openai",
        }
    }
}

impl Size {
    /// How many items each level has.
    pub fn numbers(self) -> Numbers {
        let [epics, features, stories, tasks, tests] = match self {
            Self::Small => [2, 3, 4, 4, 3],
            Self::Medium => [3, 4, 5, 5, 4],
            Self::Large => [5, 6, 6, 6, 5],
            Self::Given(numbers) => return numbers,
        };
        Numbers { epics, features, stories, tasks, tests }
    }
}

impl Numbers {
    /// Items in all, where every parent gets as many as it may have.
    pub fn total(self) -> u64 {
        let [epics, features, stories, tasks, tests] =
            [self.epics, self.features, self.stories, self.tasks, self.tests].map(u64::from);
        let features = epics * features;
        let stories = features * stories;
        epics + features + stories + stories * (tasks + tests)
    }

    fn check(self) -> Result<(), ParamsError> {
        let fields = [
            ("size.epics", self.epics, 1),
            ("size.features", self.features, 1),
            ("size.stories", self.stories, 1),
            ("size.tasks", self.tasks, 0),
            ("size.tests", self.tests, 0),
        ];
        for (field, number, least) in fields {
            if !(least..=MAX_PER_LEVEL).contains(&number) {
                return Err(ParamsError { field, problem: format!("must be {least} to {MAX_PER_LEVEL}") });
            }
        }
        let total = self.total();
        if total > MAX_ITEMS {
            let problem = format!("makes {total} items; a backlog may have {MAX_ITEMS}");
            return Err(ParamsError { field: "size", problem });
        }
        Ok(())
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Small => serializer.serialize_str("small"),
            Self::Medium => serializer.serialize_str("medium"),
            Self::Large => serializer.serialize_str("large"),
            Self::Given(numbers) => numbers.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("small, medium, large, or {epics, features, stories, tasks, tests}")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Size, E> {
                match word {
                    "small" => Ok(Size::Small),
                    "medium" => Ok(Size::Medium),
                    "large" => Ok(Size::Large),
                    other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
                }
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Size, A::Error> {
                Numbers::deserialize(de::value::MapAccessDeserializer::new(map)).map(Size::Given)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: serde_json::Value) -> Result<Params, String> {
        let params: Params = serde_json::from_value(value).map_err(|error| error.to_string())?;
        params.resolved().map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_absent_has_its_default() {
        let params = read(json!({ "vision": "# Shop" })).unwrap();
        assert_eq!(params, Params { vision: "# Shop".to_owned(), ..Params::default() });
        assert_eq!((params.review, params.quality_threshold, params.max_regenerations), (true, 75, 5));
        assert_eq!(params.numbers().total(), 2 + 6 + 24 + 24 * 7);
    }

    #[test]
    fn sizes_are_words_or_numbers_and_come_back_as_they_were() {
        for size in [json!("small"), json!("medium"), json!("large")] {
            let params = read(json!({ "vision": "x", "size": size })).unwrap();
            assert_eq!(serde_json::to_value(params.size).unwrap(), size);
        }
        let numbers = json!({ "epics": 1, "features": 2, "stories": 3, "tasks": 0, "tests": 20 });
        let params = read(json!({ "vision": "x", "size": numbers })).unwrap();
        assert_eq!(serde_json::to_value(params.size).unwrap(), numbers);
        assert_eq!(params.numbers().total(), 1 + 2 + 6 + 6 * 20);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let size = |epics: u32, tests: u32| json!({ "vision": "x", "size": { "epics": epics, "features": 20, "stories": 20, "tasks": 5, "tests": tests } });
        for (value, expected) in [
            (json!({ "vision": " \n\t# - \n" }), "vision: is blank"),
            (json!({ "vision": "x".repeat(MAX_VISION_BYTES + 1) }), "vision: has 262145 bytes"),
            (json!({ "vision": "x", "to": "" }), "to: must be"),
            (json!({ "vision": "x", "to": "a\nb" }), "to: must be"),
            (json!({ "vision": "x", "title": "x".repeat(121) }), "title: must be one line"),
            (json!({ "vision": "x", "quality_threshold": 101 }), "quality_threshold: must be 0 to 100"),
            (json!({ "vision": "x", "max_regenerations": 11 }), "max_regenerations: must be 0 to 10"),
            (json!({ "vision": "x", "budget_usd": 0.0 }), "budget_usd: must be more than 0"),
            (json!({ "vision": "x", "budget_usd": 1e9 }), "budget_usd: must be more than 0"),
            (json!({ "vision": "x", "vision_sha256": "00" }), "vision_sha256: is set by the application"),
            (size(21, 3), "size.epics: must be 1 to 20"),
            (size(0, 3), "size.epics: must be 1 to 20"),
            (size(20, 3), "size: makes 72420 items; a backlog may have 20000"),
            (
                json!({ "vision": "x", "size": "huge" }),
                "invalid value: string \"huge\", expected small, medium",
            ),
            (json!({ "vision": "x", "size": { "epics": 1 } }), "missing field `features`"),
            (json!({ "vision": "x", "sizes": "small" }), "unknown field `sizes`"),
            (json!({ "vision": "x", "author": "poet" }), "unknown variant `poet`"),
        ] {
            let found = read(value).unwrap_err();
            assert!(found.starts_with(expected), "{found:.200} instead of {expected}");
        }
    }
}
