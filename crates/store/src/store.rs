//! The store: a database with the engine's tables in it.

use crate::{Error, Result, write};
use db::{Batch, Db, Query};
use model::RunId;
use std::sync::Arc;

/// The engine's schema, step by step.
pub const MIGRATIONS: &[db::Migration] = &[
    db::Migration {
        component: "store",
        version: 1,
        name: "runs, tasks, events",
        sql: include_str!("sql/schema_1.sql"),
        differs: &[],
    },
    db::Migration {
        component: "store",
        version: 2,
        name: "deliveries, destinations, secrets",
        sql: include_str!("sql/schema_2.sql"),
        differs: &[],
    },
    db::Migration {
        component: "store",
        version: 3,
        name: "hosts of runs, chunks",
        sql: include_str!("sql/schema_3.sql"),
        differs: &[],
    },
];

/// The run under which facts of the system stand, such as changes of limits.
pub const SYSTEM_RUN: RunId = RunId(0);

/// A database with the engine's tables in it. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: Db,
    epoch: Arc<str>,
}

impl Store {
    /// The store in `db`, whose migrations have been run. `new_epoch` names the history of event numbers where the
    /// database is new: any text unlike that of other databases.
    ///
    /// # Errors
    /// [`Error::Db`] where the database does not answer.
    pub async fn open(db: Db, new_epoch: &str) -> Result<Self> {
        db.execute(Batch::from(write::epoch_begin(new_epoch))).await?;
        let rows = db.query(Query::new("SELECT epoch FROM feed WHERE id = 1")).await?;
        let row = rows.first().ok_or_else(|| Error::Corrupt {
            what: "feed",
            id: String::from("1"),
            source: None,
        })?;
        let epoch: Arc<str> = row.get(0)?;
        Ok(Self { db, epoch })
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The history that event numbers belong to. It changes when a backup is restored.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }
}
