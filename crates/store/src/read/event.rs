//! Reading events: of one run, or over all of them in commit order.

use super::{MAX_PAGE, placeholders};
use crate::{Error, Result, Store, StoredEvent};
use db::{Query, Row, Value};
use model::{RunId, StageId};
use std::sync::Arc;

/// The word that cursors belong to; another one says that numbers may have been given twice.
pub type Epoch = Arc<str>;

/// Where the feed stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedHead {
    /// Number of the newest event; 0 before the first.
    pub value: i64,
    /// What cursors belong to.
    pub epoch: Epoch,
    /// Number of the oldest event kept; 0 where there is none.
    pub earliest: i64,
}

/// Which kinds of events are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kinds {
    /// Every one.
    #[default]
    All,
    /// All but `task.done`, `items.emitted` and `delivery.done`, which progress shows.
    Lossless,
    /// Those of runs themselves: `run.…`.
    Runs,
    /// These words. One that ends in `*` stands for all with that beginning.
    Only(Vec<String>),
}

/// In which direction a run's events are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    #[default]
    Up,
    /// Newest first.
    Down,
}

/// Which events of a run a page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// The run.
    pub run: RunId,
    /// Number (`run_seq`) of the last event of the page before; `None` for the first page.
    pub after: Option<u64>,
    /// Which kinds.
    pub kinds: Kinds,
    /// In which direction.
    pub order: Order,
    /// At most this many, up to [`MAX_PAGE`].
    pub limit: u32,
}

impl Store {
    /// Where the feed stands.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn head(&self) -> Result<FeedHead> {
        head_of(&self.db().query(Query::new(include_str!("../sql/read_feed_head.sql"))).await?)
    }

    /// A page of a run's events.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn events(&self, page: &EventPage) -> Result<Vec<StoredEvent>> {
        let (sql, start) = match page.order {
            Order::Up => (include_str!("../sql/read_events_up.sql"), page.after.unwrap_or(0)),
            Order::Down => (include_str!("../sql/read_events_down.sql"), page.after.unwrap_or(u64::MAX)),
        };
        let query = Query::new(page.kinds.fill(sql, 4))
            .bind(page.run.0)
            .bind(i64::try_from(start).unwrap_or(i64::MAX))
            .bind(page.limit.min(MAX_PAGE))
            .bind_all(page.kinds.values());
        self.events_of(query).await
    }

    /// Events of a run after number `after` of the feed, oldest first: what a follower that was away has missed.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn events_since(
        &self,
        run: RunId,
        after: i64,
        kinds: &Kinds,
        limit: u32,
    ) -> Result<Vec<StoredEvent>> {
        let query = Query::new(kinds.fill(include_str!("../sql/read_events_since.sql"), 4))
            .bind(run.0)
            .bind(after)
            .bind(limit.min(MAX_PAGE))
            .bind_all(kinds.values());
        self.events_of(query).await
    }

    /// Events over all runs after number `after` and up to `until`, in commit order.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn feed(&self, after: i64, until: i64, kinds: &Kinds, limit: u32) -> Result<Vec<StoredEvent>> {
        let query = Query::new(kinds.fill(include_str!("../sql/read_feed.sql"), 4))
            .bind(after)
            .bind(until)
            .bind(limit.min(MAX_PAGE))
            .bind_all(kinds.values());
        self.events_of(query).await
    }

    /// What happened to one item, oldest first, but for its good end, which its task tells.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub async fn events_of_item(&self, run: RunId, stage: StageId, key: &str) -> Result<Vec<StoredEvent>> {
        let query = Query::new(include_str!("../sql/read_events_item.sql"))
            .bind(run.0)
            .bind(stage.0)
            .bind(key)
            .bind(MAX_PAGE);
        self.events_of(query).await
    }

    async fn events_of(&self, query: Query) -> Result<Vec<StoredEvent>> {
        self.db().query(query).await?.iter().map(StoredEvent::from_row).collect()
    }
}

pub(super) fn head_of(rows: &[Row]) -> Result<FeedHead> {
    let row = rows.first().ok_or(Error::Corrupt { what: "feed", id: "1".to_owned(), source: None })?;
    Ok(FeedHead { value: row.get(0)?, epoch: row.get(1)?, earliest: row.get(2)? })
}

impl Kinds {
    /// Whether an event of `kind` is meant.
    pub fn contains(&self, kind: &str) -> bool {
        match self {
            Self::All => true,
            Self::Lossless => !matches!(kind, "task.done" | "items.emitted" | "delivery.done"),
            Self::Runs => kind.starts_with("run."),
            Self::Only(words) => words.iter().any(|word| match word.strip_suffix('*') {
                Some(beginning) => kind.starts_with(beginning),
                None => word == kind,
            }),
        }
    }

    /// `sql` with its place for kinds filled; parameters begin at `first`.
    fn fill(&self, sql: &str, first: usize) -> String {
        let condition = match self {
            Self::All => String::new(),
            Self::Lossless => "AND kind NOT IN ('task.done', 'items.emitted', 'delivery.done')".to_owned(),
            Self::Runs => "AND kind >= 'run.' AND kind < 'run/' AND kind <> 'task.done'".to_owned(),
            Self::Only(words) => only(words, first),
        };
        sql.replace("/*kinds*/\n", &format!("{condition}\n"))
    }

    fn values(&self) -> Vec<Value> {
        let Self::Only(words) = self else { return Vec::new() };
        let (beginnings, whole): (Vec<_>, Vec<_>) = words.iter().partition(|word| word.ends_with('*'));
        let mut values: Vec<Value> = whole.into_iter().map(|word| Value::from(word.as_str())).collect();
        for beginning in beginnings {
            let beginning = beginning.trim_end_matches('*');
            values.push(Value::from(beginning));
            values.push(Value::from(format!("{beginning}\u{10ffff}")));
        }
        values
    }
}

/// The condition for chosen words: whole ones first, then two bounds for each beginning.
fn only(words: &[String], first: usize) -> String {
    let beginnings = words.iter().filter(|word| word.ends_with('*')).count();
    let whole = words.len() - beginnings;
    let mut parts = Vec::with_capacity(1 + beginnings);
    if whole > 0 {
        parts.push(format!("kind IN ({})", placeholders(first, whole)));
    }
    for n in 0..beginnings {
        let low = first + whole + 2 * n;
        parts.push(format!("kind >= ?{low} AND kind < ?{}", low + 1));
    }
    // Said literally, so that the index that leaves them out can serve.
    let quick = if words.iter().any(|word| "task.done".starts_with(word.trim_end_matches('*'))) {
        ""
    } else {
        " AND kind <> 'task.done'"
    };
    if parts.is_empty() { "AND 1 = 0".to_owned() } else { format!("AND ({}){quick}", parts.join(" OR ")) }
}
