//! The application's tables: the items of backlogs (`backlog_items`), what people should know about them
//! (`backlog_notes`), and visions too large for a run's input (`backlog_visions`).
//!
//! Statements are values: stages return them as effects, and the engine commits them with the outcome.

pub mod items;
pub(crate) mod writing;

/// The application's schema, step by step.
pub const MIGRATIONS: &[db::Migration] = &[db::Migration {
    component: "backlog",
    version: 1,
    name: "items, notes and large visions",
    sql: include_str!("tables/sql/schema_1.sql"),
    differs: &[],
}];
