//! Reading verbs of the outbox.

use crate::{Error, MAX_PAGE, Result, Store, read::anywhere};
use db::{Query, Row};
use model::{Delivery, DeliveryState, Destination, NewDelivery, Paused, Remote, RunId, TaskError, Timestamp};
use serde_json::value::RawValue;
use std::sync::Arc;

/// Keys asked for in one query (see `sql/outbox/known.sql`).
const KEYS_A_QUERY: usize = 8;

/// Most reasons that a summary holds.
const REASONS: u32 = 100;

/// A delivery under lease, with what sending it needs.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// Its number.
    pub id: i64,
    /// The run that staged it.
    pub run: RunId,
    /// Its key.
    pub key: Arc<str>,
    /// What the destination makes of it.
    pub kind: Arc<str>,
    /// What people call it.
    pub title: Arc<str>,
    /// What the connector reads.
    pub payload: Arc<RawValue>,
    /// What its parent became.
    pub parent: Option<Remote>,
    /// Whether it is to be looked up, not sent.
    pub probe: bool,
    /// Failures through its own fault.
    pub attempts: u32,
    /// Attempts that got nowhere in a row.
    pub stalls: u32,
    /// The lease's fence.
    pub fence: i64,
    /// When it was staged.
    pub staged_at: Timestamp,
    /// What the age bound counts from.
    pub since: Timestamp,
}

/// A delivery as people see it.
#[derive(Clone, Debug)]
pub struct DeliveryRecord {
    /// The delivery.
    pub delivery: Delivery,
    /// What its parent became.
    pub parent: Option<Remote>,
    /// The undelivered parent that it waits for: key, title, state.
    pub blocked_by: Option<(Arc<str>, Arc<str>, DeliveryState)>,
}

/// Which deliveries are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Of this run.
    pub run: Option<RunId>,
    /// For this destination.
    pub destination: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// In one of these states; in any where empty.
    pub states: Vec<DeliveryState>,
    /// Whose last error has this code.
    pub reason: Option<String>,
    /// With this text in title or key.
    pub text: Option<String>,
    /// Changed then or later.
    pub from: Option<Timestamp>,
    /// Changed then or before.
    pub to: Option<Timestamp>,
    /// After this one: the last of the page before.
    pub after: Option<i64>,
    /// At most this many, up to [`MAX_PAGE`].
    pub limit: u32,
}

/// How many deliveries of a destination are in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateCount {
    /// The destination.
    pub destination: Arc<str>,
    /// The state.
    pub state: DeliveryState,
    /// How many.
    pub count: u64,
}

/// Why deliveries have not arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByReason {
    /// The destination.
    pub destination: Arc<str>,
    /// The state they are in.
    pub state: DeliveryState,
    /// Why.
    pub error: TaskError,
    /// How many.
    pub count: u64,
}

/// A key that a run has staged for a destination already.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KnownDelivery {
    /// The destination.
    pub destination: Arc<str>,
    /// The key.
    pub key: Arc<str>,
    /// Whether it is dead and staging it again revives it.
    pub revives: bool,
}

/// Whether a run's deliveries can still move by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progressing {
    /// Waiting for a parent.
    pub blocked: u64,
    /// Whether any other is on its way.
    pub moving: bool,
}

/// A secret, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRecord {
    /// Its name.
    pub name: Arc<str>,
    /// When it was first kept.
    pub created_at: Timestamp,
    /// When it was last replaced.
    pub changed_at: Timestamp,
    /// Its sealed form.
    pub sealed: Arc<str>,
}

impl Store {
    /// A page of deliveries, in the order of their staging.
    ///
    /// # Errors
    /// [`Error::Db`], and [`Error::Corrupt`] where a stored column is not what was written.
    pub async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<DeliveryRecord>> {
        self.db().query(list_query(filter)).await?.iter().map(DeliveryRecord::from_row).collect()
    }

    /// One delivery.
    ///
    /// # Errors
    /// As [`Store::deliveries`].
    pub async fn delivery(&self, id: i64) -> Result<Option<DeliveryRecord>> {
        let query = Query::new(include_str!("../sql/outbox/read_one.sql")).bind(id);
        self.db().query(query).await?.first().map(DeliveryRecord::from_row).transpose()
    }

    /// A delivery and all that hang on it, as numbers.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn delivery_subtree(&self, id: i64) -> Result<Vec<i64>> {
        let query = Query::new(include_str!("../sql/outbox/read_subtree.sql")).bind(id);
        self.db().query(query).await?.iter().map(|row| Ok(row.get(0)?)).collect()
    }

    /// A run's deliveries of one key, one for each destination, as numbers.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn deliveries_of_key(&self, run: RunId, key: &str) -> Result<Vec<i64>> {
        let query = Query::new(include_str!("../sql/outbox/read_of_key.sql")).bind(run.0).bind(key);
        self.db().query(query).await?.iter().map(|row| Ok(row.get(0)?)).collect()
    }

    /// How many deliveries are in which state, of a run or destination or all.
    ///
    /// # Errors
    /// As [`Store::deliveries`].
    pub async fn delivery_counts(
        &self,
        run: Option<RunId>,
        destination: Option<&str>,
    ) -> Result<Vec<StateCount>> {
        let sql = include_str!("../sql/outbox/read_counts.sql");
        let query = Query::new(placed(sql, "", run.is_some(), destination.is_some(), ""))
            .bind(run.map(|run| run.0))
            .bind(destination);
        let count = |row: &Row| {
            Ok(StateCount { destination: row.get(0)?, state: state_of(row, 1)?, count: row.get(2)? })
        };
        self.db().query(query).await?.iter().map(count).collect()
    }

    /// Why deliveries have not arrived, the most frequent first.
    ///
    /// # Errors
    /// As [`Store::deliveries`].
    pub async fn delivery_reasons(
        &self,
        run: Option<RunId>,
        destination: Option<&str>,
    ) -> Result<Vec<ByReason>> {
        let sql = include_str!("../sql/outbox/read_reasons.sql");
        let query = Query::new(placed(sql, "", run.is_some(), destination.is_some(), ""))
            .bind(run.map(|run| run.0))
            .bind(destination)
            .bind(REASONS);
        let reason = |row: &Row| {
            let error = error_of(row, 2)?.unwrap_or_else(|| TaskError::new("unknown", "no reason is known"));
            Ok(ByReason { destination: row.get(0)?, state: state_of(row, 1)?, error, count: row.get(3)? })
        };
        self.db().query(query).await?.iter().map(reason).collect()
    }

    /// When a destination's next delivery is due.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn delivery_due(&self, destination: &str) -> Result<Option<Timestamp>> {
        let query = Query::new(include_str!("../sql/outbox/next_due.sql")).bind(destination);
        let rows = self.db().query(query).await?;
        let due: Option<i64> = rows.first().map(|row| row.get(0)).transpose()?.flatten();
        Ok(due.map(Timestamp))
    }

    /// Since when a destination's oldest undelivered delivery waits.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn delivery_oldest(&self, destination: &str) -> Result<Option<Timestamp>> {
        let query = Query::new(include_str!("../sql/outbox/read_oldest.sql")).bind(destination);
        let rows = self.db().query(query).await?;
        let oldest: Option<i64> = rows.first().map(|row| row.get(0)).transpose()?.flatten();
        Ok(oldest.map(Timestamp))
    }

    /// Whether a run's deliveries can still move by themselves.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn deliveries_progressing(&self, run: RunId) -> Result<Progressing> {
        let query = Query::new(include_str!("../sql/outbox/active.sql")).bind(run.0);
        let rows = self.db().query(query).await?;
        match rows.first() {
            Some(row) => Ok(Progressing { blocked: row.get(0)?, moving: row.get::<i64>(1)? != 0 }),
            None => Ok(Progressing { blocked: 0, moving: false }),
        }
    }

    /// Which of `places` (destination, key) a run has staged already.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn known_deliveries(
        &self,
        run: RunId,
        places: &[(Arc<str>, Arc<str>)],
    ) -> Result<Vec<KnownDelivery>> {
        let mut known = Vec::new();
        let mut sorted: Vec<_> = places.to_vec();
        sorted.sort();
        for same in sorted.chunk_by(|a, b| a.0 == b.0) {
            let destination = same[0].0.clone();
            for chunk in same.chunks(KEYS_A_QUERY) {
                let mut query =
                    Query::new(include_str!("../sql/outbox/known.sql")).bind(run.0).bind(destination.clone());
                for index in 0..KEYS_A_QUERY {
                    query = query.bind(chunk.get(index).map(|place| place.1.clone()));
                }
                for row in self.db().query(query).await? {
                    let revives = state_of(&row, 1)? == DeliveryState::Dead && row.get::<i64>(2)? == 0;
                    known.push(KnownDelivery { destination: destination.clone(), key: row.get(0)?, revives });
                }
            }
        }
        Ok(known)
    }

    /// All destinations, by name.
    ///
    /// # Errors
    /// As [`Store::deliveries`].
    pub async fn destinations(&self) -> Result<Vec<Destination>> {
        let rows = self.db().query(Query::new(include_str!("../sql/outbox/read_destinations.sql"))).await?;
        rows.iter().map(destination_of).collect()
    }

    /// All secrets, sealed, by name.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn secrets(&self) -> Result<Vec<SecretRecord>> {
        let rows = self.db().query(Query::new(include_str!("../sql/outbox/read_secrets.sql"))).await?;
        let secret = |row: &Row| {
            Ok(SecretRecord {
                name: row.get(0)?,
                created_at: Timestamp(row.get(1)?),
                changed_at: Timestamp(row.get(2)?),
                sealed: row.get(3)?,
            })
        };
        rows.iter().map(secret).collect()
    }
}

fn list_query(filter: &DeliveryFilter) -> Query {
    let sql = include_str!("../sql/outbox/read_list.sql");
    let states: Vec<String> = filter.states.iter().map(|state| state.number().to_string()).collect();
    let condition =
        if states.is_empty() { String::new() } else { format!(" AND d.state IN ({})", states.join(", ")) };
    // The code is the first field of the error's JSON.
    let reason = filter.reason.as_deref().map(|code| {
        let quoted = serde_json::Value::from(code).to_string();
        beginning(&format!("{{\"code\":{quoted},"))
    });
    Query::new(placed(sql, "d.", filter.run.is_some(), filter.destination.is_some(), &condition))
        .bind(filter.run.map(|run| run.0))
        .bind(filter.destination.as_deref())
        .bind(filter.kind.as_deref())
        .bind(reason)
        .bind(filter.text.as_deref().map(anywhere))
        .bind(filter.from.map(|at| at.0))
        .bind(filter.to.map(|at| at.0))
        .bind(filter.after)
        .bind(filter.limit.clamp(1, MAX_PAGE))
}

/// The query with its conditions on run and destination put in.
fn placed(sql: &str, table: &str, of_run: bool, of_destination: bool, more: &str) -> String {
    // A parameter that is not asked for still stands in the text: it is bound in any case.
    let mut conditions = match of_run {
        true => format!(" AND {table}run_id = ?1"),
        false => String::from(" AND CAST(?1 AS BIGINT) IS NULL"),
    };
    conditions.push_str(&match of_destination {
        true => format!(" AND {table}destination = ?2"),
        false => String::from(" AND CAST(?2 AS TEXT) IS NULL"),
    });
    conditions.push_str(more);
    sql.replace("  /*where*/\n", &format!("{conditions}\n"))
}

/// `text` as a pattern that it begins with, with the signs of LIKE taken literally.
fn beginning(text: &str) -> String {
    let mut pattern = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    pattern.push('%');
    pattern
}

impl ClaimedDelivery {
    /// Reads what [`write::claim`](super::write::claim) returns.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a column is not what was written.
    pub fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            run: RunId(row.get(1)?),
            key: row.get(2)?,
            kind: row.get(3)?,
            title: row.get(4)?,
            payload: payload_of(row, 5)?,
            parent: remote_of(row, 6)?,
            probe: row.get::<i64>(8)? != 0,
            attempts: row.get(9)?,
            stalls: row.get(10)?,
            fence: row.get(11)?,
            staged_at: Timestamp(row.get(12)?),
            since: Timestamp(row.get(13)?),
        })
    }
}

impl DeliveryRecord {
    fn from_row(row: &Row) -> Result<Self> {
        let message = NewDelivery {
            destination: row.get(2)?,
            key: row.get(3)?,
            kind: row.get(4)?,
            level: row.get(5)?,
            title: row.get(6)?,
            payload: payload_of(row, 7)?,
            parent: row.get(8)?,
            order_key: row.get(9)?,
        };
        let delivery = Delivery {
            id: row.get(0)?,
            run: RunId(row.get(1)?),
            message,
            state: state_of(row, 10)?,
            attempts: row.get(11)?,
            sent: row.get(12)?,
            remote: remote_of(row, 13)?,
            error: error_of(row, 15)?,
            staged_at: Timestamp(row.get(16)?),
            due_at: Timestamp(row.get(17)?),
            changed_at: Timestamp(row.get(18)?),
        };
        let blocked_by = match row.get::<Option<Arc<str>>>(21)? {
            Some(key) => Some((key, row.get(22)?, state_of(row, 23)?)),
            None => None,
        };
        Ok(Self { delivery, parent: remote_of(row, 19)?, blocked_by })
    }
}

fn destination_of(row: &Row) -> Result<Destination> {
    let name: Arc<str> = row.get(0)?;
    let settings = serde_json::from_str(row.get(2)?).map_err(|source| Error::Corrupt {
        what: "settings of the destination",
        id: name.to_string(),
        source: Some(source),
    })?;
    let paused = match row.get::<Option<Arc<str>>>(4)? {
        Some(code) => Some(Paused {
            code,
            reason: row.get::<Option<Arc<str>>>(5)?.unwrap_or_else(|| Arc::from("")),
            at: Timestamp(row.get::<Option<i64>>(6)?.unwrap_or_default()),
        }),
        None => None,
    };
    Ok(Destination { name, kind: row.get(1)?, settings, credential: row.get(3)?, paused })
}

fn payload_of(row: &Row, column: usize) -> Result<Arc<RawValue>> {
    let text: String = row.get::<&str>(column)?.to_owned();
    let raw = RawValue::from_string(text).map_err(|source| Error::Corrupt {
        what: "payload of the delivery",
        id: row.get::<i64>(0).unwrap_or_default().to_string(),
        source: Some(source),
    })?;
    Ok(Arc::from(raw))
}

fn remote_of(row: &Row, column: usize) -> Result<Option<Remote>> {
    let id: Option<Arc<str>> = row.get(column)?;
    let url: Option<Arc<str>> = row.get(column + 1)?;
    Ok(id.map(|id| Remote { id, url }))
}

fn error_of(row: &Row, column: usize) -> Result<Option<TaskError>> {
    let text: Option<&str> = row.get(column)?;
    let read = |text: &str| {
        serde_json::from_str(text).map_err(|source| Error::Corrupt {
            what: "error of the delivery",
            id: row.get::<i64>(0).unwrap_or_default().to_string(),
            source: Some(source),
        })
    };
    text.map(read).transpose()
}

fn state_of(row: &Row, column: usize) -> Result<DeliveryState> {
    let number: i64 = row.get(column)?;
    DeliveryState::from_number(number).ok_or_else(|| Error::Corrupt {
        what: "state of the delivery",
        id: number.to_string(),
        source: None,
    })
}
