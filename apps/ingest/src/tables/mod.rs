//! The application's tables: what an ingest has read (`ingest_…`), and the library (`media…`).
//!
//! Statements are values: stages return them as effects, and the engine commits them with the outcome.

pub mod catalogue;
mod library;
pub mod preview;
pub mod record;
pub mod search;
mod staging;

pub(crate) use library::{Staged, library_rows};
pub(crate) use staging::{
    FileRow, Material, Nsfw, classified, enriched, errors, file, files_forgotten, forget, grouped, hashes,
    mended, rejected, stage_mended,
};

/// The full-text index as the schema has it.
const FTS5: &str = "CREATE VIRTUAL TABLE media_text USING fts5 (name, prompt, captions, keywords, tokenize = 'unicode61 remove_diacritics 2',
                                            prefix = '1 2 3');";

/// The full-text index: an FTS5 table here, a column of words with an index of its own there. `media_words` reads what is
/// written for FTS5: strings in quotes, each with a star, which must all begin a word.
const FULL_TEXT: (&str, &str) = (FTS5, include_str!("sql/schema_1_media_text.sql"));

/// The application's schema, step by step.
pub const MIGRATIONS: &[db::Migration] = &[db::Migration {
    component: "ingest",
    version: 1,
    name: "staged files and the library",
    sql: include_str!("sql/schema_1.sql"),
    differs: &[FULL_TEXT],
}];
