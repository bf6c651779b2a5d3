//! The routes over a real database, filled by SQL, with made-up runs.

mod files;
mod library;
mod media;
mod places;
mod rig;
mod runs;
