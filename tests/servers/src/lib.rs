//! Real servers for tests, each on a free port and in a throw-away folder.
//!
//! A test asks for a database of its own: [`database`]. It comes from the server that `HEADWAY_TEST_POSTGRES` names (one a
//! run of tests: `with-postgres COMMAND…` starts it), else from one that this process starts for itself. Where PostgreSQL
//! is not installed, the test fails and says so, unless `HEADWAY_SKIP` names it: `HEADWAY_SKIP=postgres`.

mod pgbouncer;
mod postgres;

pub use pgbouncer::PgBouncer;
pub use postgres::{Error, Postgres, SERVER};

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

/// The variable that lists what need not be tested, by commas.
pub const SKIP: &str = "HEADWAY_SKIP";

/// Whether people have said that tests of `what` are to be left out.
pub fn is_skipped(what: &str) -> bool {
    std::env::var(SKIP).is_ok_and(|list| list.split(',').any(|one| one.trim() == what))
}

/// A database of a test's own; it goes with the value.
pub struct Database {
    /// Its address.
    pub url: String,
    server: String,
    name: String,
}

/// A new, empty database. `None` where PostgreSQL is to be left out.
///
/// # Panics
/// Where PostgreSQL cannot be had: a test cannot go on.
pub fn database() -> Option<Database> {
    static OWN: OnceLock<Option<Postgres>> = OnceLock::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if is_skipped("postgres") {
        eprintln!("left out: HEADWAY_SKIP names postgres");
        return None;
    }
    let server = std::env::var(SERVER).ok().or_else(|| {
        let own = OWN.get_or_init(|| match Postgres::start() {
            Ok(server) => Some(server),
            Err(error) => panic!("{error}"),
        });
        own.as_ref().map(|server| server.url.clone())
    })?;
    let name = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    if let Err(error) = postgres::tool("createdb", &server, &[&name]) {
        panic!("{error}");
    }
    Some(Database { url: format!("{server}/{name}"), server, name })
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = postgres::tool("dropdb", &self.server, &["--force", "--if-exists", &self.name]) {
            eprintln!("{error}");
        }
    }
}

/// The variable that says which engine suites for both use: `postgres`, else SQLite.
pub const STORE: &str = "HEADWAY_TEST_STORE";

/// Whether suites for both engines run on PostgreSQL: a test of what only SQLite has is left out then.
pub fn is_shared() -> bool {
    std::env::var(STORE).as_deref() == Ok("postgres")
}

/// Where a suite for both engines keeps what belongs to `folder`: the address of a database, made where it is not there yet;
/// `None` for a SQLite file in the folder. The database goes with its server.
///
/// # Panics
/// Where PostgreSQL cannot be had.
pub fn shared(folder: &std::path::Path) -> Option<String> {
    if !is_shared() {
        return None;
    }
    let note = folder.join("postgres.url");
    if let Ok(known) = std::fs::read_to_string(&note) {
        return Some(known);
    }
    let database = database()?;
    if let Err(error) = std::fs::write(&note, &database.url) {
        panic!("cannot write {}: {error}", note.display());
    }
    let url = database.url.clone();
    // A test opens it again after a crash: it must outlive this value.
    std::mem::forget(database);
    Some(url)
}
