//! The application's tables: what an ingest has read (`ingest_…`), and the library (`media…`).
//!
//! Statements are values: stages return them as effects, and the engine commits them with the outcome.

pub mod catalogue;
mod conditions;
mod library;
pub mod preview;
pub mod record;
pub mod search;
mod staging;

pub(crate) use library::{Staged, library_rows};
pub(crate) use staging::{
    FileRow, Material, Nsfw, classified, enriched, errors, file, files_forgotten, grouped, hashes, mended,
    rejected, stage_mended,
};

/// The application's schema, step by step.
pub const MIGRATIONS: &[db::Migration] = &[db::Migration {
    component: "ingest",
    version: 1,
    name: "staged files and the library",
    sql: include_str!("sql/schema_1.sql"),
    differs: &[],
}];
