//! The activities of a backlog.

mod inputs;
mod review;
mod stage;
mod write;

use crate::{
    AuthorName, StageWorkers,
    author::Author,
    openai::{Judgement, OpenAi},
    outline::Outline,
    pipeline::activity,
    tables::writing,
};
use activity::{Outcome, Registry, text::TextModel};
use inputs::Inputs;
use model::{Failure, WaitClass, WorkItemKind};
use std::{sync::Arc, time::SystemTime};
use write::Write;

/// What the application is set up with.
#[derive(Clone, Default)]
pub struct BacklogOptions {
    /// The language model, where one is configured.
    pub model: Option<Arc<dyn TextModel>>,
    /// Whether the model also judges what it wrote.
    pub judgement: Judgement,
    /// Fixes how many attempts of each stage run at once; adapts where absent.
    pub workers: Option<StageWorkers>,
}

/// The activities by name.
pub(crate) fn registry(options: &BacklogOptions) -> Registry {
    let mut registry = Registry::default();
    let inputs = Arc::new(Inputs::default());
    let outline: Arc<dyn Author> = Arc::new(Outline::default());
    let model: Arc<dyn Author> = Arc::new(OpenAi::new(options.model.clone(), options.judgement));
    // Runs of the model's pipeline find their activities even where no model is configured any more, and say so.
    let name = options.model.as_ref().map_or("none", |model| model.name());
    let bucket = WaitClass::Bucket(format!("text:{name}"));
    for (author, who, class) in
        [(outline, AuthorName::Outline, WaitClass::Io), (model, AuthorName::Openai, bucket)]
    {
        for (stage, kind) in [
            ("epics", WorkItemKind::Epic),
            ("features", WorkItemKind::Feature),
            ("stories", WorkItemKind::Story),
            ("tasks", WorkItemKind::Task),
            ("test_cases", WorkItemKind::TestCase),
        ] {
            let write = Write { kind, who, author: author.clone(), inputs: inputs.clone() };
            registry.add(&activity(who, stage), class.clone(), write);
        }
    }
    registry.add("backlog.review", WaitClass::Io, review::Review);
    registry.add("backlog.stage", WaitClass::Io, stage::Stage);
    registry.forgets(writing::forget);
    registry
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A value that cannot be read is a fault of another version's writer, or of whoever started the run.
fn unreadable(what: &str, error: &serde_json::Error) -> Outcome {
    Failure::permanent("bad_input", format!("{what} cannot be read: {error}")).into()
}

/// The store did not answer: another attempt may find it well.
fn no_answer(error: &db::Error) -> Outcome {
    Failure::transient(error.code(), format!("the store did not answer: {error}")).into()
}
