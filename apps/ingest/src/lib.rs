//! Ingest: scan a media library, show every file go by, preview, commit.
//!
//! ```text
//! discover ─▶ read ─┬▶ enrich  (keywords, scores)          ┐
//!                   ├▶ classify (NSFW)                     ├▶ preview ─▶ approve ─▶ commit ─▶ library
//!                   └──────────── held until approved ─────┘
//! ```
//!
//! One ingest is one run. `read`, `enrich` and `classify` write what they found to `ingest_files`; nothing reaches the
//! library (`media`) before `commit`, file by file.

pub mod files;
pub mod meta;
pub mod params;
mod pipeline;
pub mod pixels;
pub mod routes;
pub mod sample;
mod stages;
mod stats;
pub mod tables;

#[cfg(test)]
mod fixture;

pub use params::{Params, ParamsError};
pub use pipeline::{APPROVE_SIGNAL, PIPELINE, pipeline};
pub use stages::IngestOptions;
pub use stats::{IngestStats, Phase, phase, stats};

use activity::App;

/// The application: its pipeline, tables and activities.
pub fn app(options: IngestOptions) -> App {
    App {
        name: "ingest",
        pipelines: vec![pipeline()],
        migrations: tables::MIGRATIONS,
        activities: stages::registry(options),
    }
}
