//! What an attempt answers.

use model::{Failure, Item, Retryability};
use serde_json::value::RawValue;
use std::sync::Arc;

/// What an attempt ended with.
#[derive(Debug)]
pub enum Outcome {
    /// It ended well.
    Success(Success),
    /// It failed.
    Failure(Failed),
    /// It stopped because it was told to. Nothing is written; the run is over, or the worker drains.
    Cancelled,
}

/// What a failed attempt answers.
#[derive(Debug)]
pub struct Failed {
    /// What went wrong, and whether another attempt could succeed.
    pub failure: Failure,
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self::Failure(Failed { failure })
    }
}

impl From<Success> for Outcome {
    fn from(success: Success) -> Self {
        Self::Success(success)
    }
}

/// What an attempt that ended well answers.
#[derive(Debug, Default)]
pub struct Success {
    /// Kept with the task, and the data of the item that flows on with [`Items::Same`].
    pub output: Option<Arc<RawValue>>,
    /// What flows to the stages fed by this one.
    pub items: Items,
    /// What is written with the outcome.
    pub effects: Effects,
}

impl Success {
    /// Ends well, with nothing to say.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Ends well with an output.
    ///
    /// # Errors
    /// Where `output` has no JSON form.
    pub fn with_output(output: &impl serde::Serialize) -> Result<Self, serde_json::Error> {
        let raw: Box<RawValue> = serde_json::value::to_raw_value(output)?;
        Ok(Self { output: Some(Arc::from(raw)), ..Self::default() })
    }
}

/// What flows from a task to the stages fed by its stage.
#[derive(Debug, Default)]
pub enum Items {
    /// One item: the task's own key, with its output (or its data, where it has no output) as data.
    #[default]
    Same,
    /// These, besides those already emitted while the attempt ran. Empty: nothing more.
    These(Vec<Item>),
}

impl Items {
    /// Nothing flows on.
    pub fn none() -> Self {
        Self::These(Vec::new())
    }
}

/// What is written together with an outcome, or with a chunk of emitted items.
#[derive(Debug, Default)]
pub struct Effects {
    /// Changes of the run's figures, such as `("keywords", 12)`.
    pub counters: Vec<(Arc<str>, i64)>,
    /// The application's own rows. They run once for each committed outcome, in order, after the engine's.
    pub statements: Vec<db::Statement>,
    /// Facts of the application, each an event `app.<name>`.
    pub notes: Vec<Note>,
    /// Messages to destinations outside. They are in the outbox when the outcome is durable, and not before.
    pub deliveries: Vec<model::NewDelivery>,
}

impl Effects {
    /// Adds to a figure of the run; nothing where `by` is 0.
    pub fn count(&mut self, name: &'static str, by: i64) {
        if by != 0 {
            self.counters.push((Arc::from(name), by));
        }
    }

    /// Adds a statement.
    pub fn write(&mut self, statement: db::Statement) {
        self.statements.push(statement);
    }

    /// Adds a fact. One that has no JSON form is a programmer's mistake and becomes a note that says so.
    pub fn note(&mut self, name: &'static str, data: &impl serde::Serialize) {
        let data = serde_json::value::to_raw_value(data)
            .or_else(|error| serde_json::value::to_raw_value(&error.to_string()))
            .map_or_else(|_| Arc::from(RawValue::NULL.to_owned()), Arc::from);
        self.notes.push(Note { name: Arc::from(name), data });
    }

    /// Stages a message to a destination.
    pub fn deliver(&mut self, delivery: model::NewDelivery) {
        self.deliveries.push(delivery);
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.counters.is_empty()
            && self.statements.is_empty()
            && self.notes.is_empty()
            && self.deliveries.is_empty()
    }
}

/// A fact of the application.
#[derive(Clone, Debug)]
pub struct Note {
    /// Its name, without the leading `app.`.
    pub name: Arc<str>,
    /// What it says.
    pub data: Arc<RawValue>,
}

/// The retryability of a failure, for code that asks often.
impl Failed {
    /// Whether another attempt could succeed.
    pub fn is_permanent(&self) -> bool {
        matches!(self.failure.retry, Retryability::Permanent)
    }
}
