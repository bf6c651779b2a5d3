//! The nouns of Headway: ids, definitions, runs, tasks, inputs, events, signals.
//!
//! Plain data with serde and nothing else: no clock, no randomness, no IO. Every other crate speaks
//! in these types, so a word means the same in SQL, Rust, JSON and on the dashboard.

mod definition;
mod delivery;
mod event;
mod failure;
mod id;
mod input;
mod run;
mod task;
mod work_item;

pub use definition::{
    Definition, ForEach, MAX_CONDITION_BYTES, MAX_STAGES, OnFailure, PipelineDocument, Retry, Stage,
    StageDocument, StageId, WaitClass, Work,
};
pub use delivery::{
    Delivery, DeliveryEnd, DeliveryState, Destination, NewDelivery, Paused, Remote, delivery_reference,
};
pub use event::{Created, Deltas, Event, Fact, Redo, Reopened};
pub use failure::{Failure, Retryability, TaskError};
pub use id::{IdError, RunId, Timestamp};
pub use input::{EmittedItems, Input, TaskRef};
pub use run::{DeliveryCounts, Run, RunState, StageCounts, StageRun, StageState, WaitingFor};
pub use task::{Item, TaskState};
pub use work_item::{Section, TestStep, WorkItem, WorkItemKind};
