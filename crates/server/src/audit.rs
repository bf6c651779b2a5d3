//! The audit log: who did what, when, from where, and what became of it. Rows are only ever added; each one's hash
//! covers its content and the hash before it, so that a change or a gap shows.

use crate::{Error, Result, auth::hex};
use db::{Batch, Db, Query, Row, Statement, params};
use model::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};
use tokio::sync::{mpsc, oneshot};

/// Entries that wait for the writer before more denials are dropped and changes wait.
const QUEUE: usize = 1_024;
/// Entries written in one batch.
const BATCH: usize = 256;
/// Rows read at once when the log is checked or exported.
pub(crate) const PAGE: u32 = 1_000;

/// Something that was done, or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who: a user's name and credential, or `-` for nobody.
    pub who: String,
    /// What was asked for: the permission and the route.
    pub action: String,
    /// On what: the path.
    pub object: String,
    /// What became of it.
    pub result: AuditResult,
    /// The status that was answered.
    pub status: u16,
    /// From where.
    pub address: String,
    /// Finds the request in the log.
    pub trace: String,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditResult {
    /// It was done.
    Ok,
    /// It was not allowed.
    Denied,
    /// It was allowed, and failed.
    Failed,
}

impl AuditResult {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }

    fn parse(word: &str) -> Self {
        // The table's check knows no other words.
        [Self::Ok, Self::Denied].into_iter().find(|result| result.as_str() == word).unwrap_or(Self::Failed)
    }
}

/// An entry in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AuditRow {
    /// Its number, from 1, without gaps.
    pub seq: i64,
    /// When.
    #[schema(value_type = i64)]
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What was asked for.
    pub action: String,
    /// On what.
    pub object: String,
    /// What became of it.
    pub result: AuditResult,
    /// The status that was answered.
    pub status: u16,
    /// From where.
    pub address: String,
    /// Finds the request in the log.
    pub trace: String,
    /// Covers all of this and the hash of the row before, as SHA-256 in hex.
    pub hash: String,
}

/// Which rows a page shows, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Before this row.
    pub before: Option<i64>,
    /// With this text in who.
    pub who: Option<String>,
    /// With this text in the action.
    pub action: Option<String>,
    /// With this text in the object.
    pub object: Option<String>,
    /// With this result.
    pub result: Option<AuditResult>,
    /// At most this many.
    pub limit: u32,
}

/// The audit log. Cheap to clone; the writer ends when the last clone is dropped.
#[derive(Clone)]
pub struct Audit {
    db: Db,
    queue: mpsc::Sender<Queued>,
    dropped: Arc<AtomicU64>,
}

struct Queued {
    entry: Entry,
    done: Option<oneshot::Sender<()>>,
}

impl Audit {
    /// Opens the log in `db`, whose migrations have been run, and starts its writer.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn open(db: Db) -> Result<Self> {
        let (queue, inbox) = mpsc::channel(QUEUE);
        let writer = Writer { db: db.clone(), last: last(&db).await? };
        tokio::spawn(writer.run(inbox));
        Ok(Self { db, queue, dropped: Arc::default() })
    }

    /// Adds an entry; resolves when it is durable, or the database has refused it.
    pub async fn record(&self, entry: Entry) {
        let (done, written) = oneshot::channel();
        if self.queue.send(Queued { entry, done: Some(done) }).await.is_ok() {
            // An error means that the writer logged why.
            let _ = written.await;
        }
    }

    /// Adds an entry without waiting; counted and dropped where too many wait, so that a flood of refused requests
    /// cannot slow the others down.
    pub fn note(&self, entry: Entry) {
        if self.queue.try_send(Queued { entry, done: None }).is_err() {
            self.dropped.fetch_add(1, Relaxed);
        }
    }

    /// Entries dropped since the start.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// A page of the log, newest first.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn page(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
        let query = Query::new(include_str!("sql/audit_page.sql"))
            .bind(filter.before.unwrap_or(i64::MAX))
            .bind(filter.who.as_deref().map(anywhere))
            .bind(filter.action.as_deref().map(anywhere))
            .bind(filter.object.as_deref().map(anywhere))
            .bind(filter.result.map(AuditResult::as_str))
            .bind(filter.limit);
        self.db.query(query).await?.iter().map(AuditRow::from_row).collect()
    }

    /// Rows after number `seq`, oldest first: for export, a page at a time.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn after(&self, seq: i64) -> Result<Vec<AuditRow>> {
        let query = Query::new(include_str!("sql/audit_from.sql")).bind(seq).bind(PAGE);
        self.db.query(query).await?.iter().map(AuditRow::from_row).collect()
    }

    /// Checks the whole log; answers how many rows hold together.
    ///
    /// # Errors
    /// [`Error::AuditBroken`] with the first row that does not fit.
    pub async fn verify(&self) -> Result<u64> {
        let (mut seq, mut hash) = (0, String::new());
        loop {
            let rows = self.after(seq).await?;
            if rows.is_empty() {
                return Ok(u64::try_from(seq).unwrap_or(0));
            }
            for row in rows {
                let expected = hash_of(seq + 1, &hash, &row.entry());
                if row.seq != seq + 1 || row.hash != expected {
                    return Err(Error::AuditBroken { seq: seq + 1 });
                }
                (seq, hash) = (row.seq, row.hash);
            }
        }
    }
}

/// The only writer: it knows the last row.
struct Writer {
    db: Db,
    last: (i64, String),
}

impl Writer {
    async fn run(mut self, mut inbox: mpsc::Receiver<Queued>) {
        let mut batch = Vec::with_capacity(BATCH);
        while inbox.recv_many(&mut batch, BATCH).await > 0 {
            if let Err(error) = self.write(&batch).await {
                tracing::error!(%error, entries = batch.len(), "the audit log was not written");
            }
            for queued in batch.drain(..) {
                if let Some(done) = queued.done {
                    let _ = done.send(());
                }
            }
        }
    }

    async fn write(&mut self, queued: &[Queued]) -> Result<()> {
        let (mut seq, mut hash) = self.last.clone();
        let mut insert = Statement::new(include_str!("sql/audit_insert.sql")).expect_rows(1);
        for Queued { entry, .. } in queued {
            seq += 1;
            hash = hash_of(seq, &hash, entry);
            insert.push_row(params![
                seq,
                entry.at.0,
                entry.who.as_str(),
                entry.action.as_str(),
                entry.object.as_str(),
                entry.result.as_str(),
                entry.status,
                entry.address.as_str(),
                entry.trace.as_str(),
                hash.as_str()
            ]);
        }
        self.db.execute(Batch::from(insert)).await?;
        self.last = (seq, hash);
        Ok(())
    }
}

/// `text` as a pattern that matches it anywhere, in lower case, with the signs of LIKE taken literally.
fn anywhere(text: &str) -> String {
    let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

async fn last(db: &Db) -> Result<(i64, String)> {
    let rows = db.query(Query::new(include_str!("sql/audit_last.sql"))).await?;
    match rows.first() {
        Some(row) => Ok((row.get(0)?, row.get(1)?)),
        None => Ok((0, String::new())),
    }
}

fn hash_of(seq: i64, before: &str, entry: &Entry) -> String {
    let Entry { at, who, action, object, result, status, address, trace } = entry;
    // JSON keeps the borders between the texts; numbers and texts always have a JSON form.
    let content = serde_json::json!([before, seq, at, who, action, object, result, status, address, trace]);
    hex(&Sha256::digest(content.to_string().as_bytes()))
}

impl AuditRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            at: Timestamp(row.get(1)?),
            who: row.get(2)?,
            action: row.get(3)?,
            object: row.get(4)?,
            result: AuditResult::parse(row.get(5)?),
            status: row.get(6)?,
            address: row.get(7)?,
            trace: row.get(8)?,
            hash: row.get(9)?,
        })
    }

    fn entry(&self) -> Entry {
        Entry {
            at: self.at,
            who: self.who.clone(),
            action: self.action.clone(),
            object: self.object.clone(),
            result: self.result,
            status: self.status,
            address: self.address.clone(),
            trace: self.trace.clone(),
        }
    }
}
