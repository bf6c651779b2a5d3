//! Backlog: from a product vision to work items in a tracker, nothing lost.
//!
//! ```text
//! epics ─▶ features ─▶ stories ─┬▶ tasks      ┐
//!                               └▶ test_cases ┴▶ review ─▶ approve ─▶ stage ─▶ outbox ─▶ destination
//! ```
//!
//! One backlog is one run. Each stage writes the children of one item to `backlog_items`, judged, and written again while
//! they are not good enough; an epic's features begin while other epics are still being written. Nothing is staged before
//! a person has approved, where the run asks for that.

mod author;
mod delivery;
mod english;
mod export;
mod gate;
mod keys;
mod openai;
mod outline;
pub mod params;
mod pipeline;
pub mod routes;
mod stages;
mod stats;
pub mod tables;
mod vision;
mod workers;

pub use delivery::{Previewed, Previews, Restage};
pub use openai::Judgement;
pub use params::{AuthorName, Numbers, Params, ParamsError, Size};
pub use pipeline::{APPROVE_SIGNAL, MODEL_PIPELINE, PIPELINE, pipeline, pipeline_of};
pub use routes::{RouteState, routes};
pub use stages::BacklogOptions;
pub use stats::{BacklogStats, Phase, phase, stats};
pub use workers::{StageWorkers, worker_formula};

use activity::App;

/// The application: its pipelines, tables and activities.
pub fn app(options: BacklogOptions) -> App {
    let mut pipelines = vec![pipeline(AuthorName::Outline, options.workers)];
    if options.model.is_some() {
        pipelines.push(pipeline(AuthorName::Openai, options.workers));
    }
    App { name: "backlog", pipelines, migrations: tables::MIGRATIONS, activities: stages::registry(&options) }
}
