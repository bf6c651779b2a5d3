//! One connection: transactions in one round trip.

use super::{
    convert::{self, Param},
    failure::{self, Spot},
    hints::Hints,
    prepared::{Made, Prepared, Ready, types},
    settings::PgOptions,
    sql::{Shape, changes_rows},
};
use crate::{Batch, Error, Expect, Outcome, Result, Statement, Value};
use std::{future::Future, pin::Pin, task::Poll};
use tokio_postgres::{
    Client,
    types::{ToSql, Type},
};

/// From this many parameter rows on, a statement takes them as arrays.
const SET_FROM: usize = 4;

/// How a writer's statements are planned. They find few rows by their keys in tables that grow by the thousand while figures
/// about them are old or none, so a plan that walks a table is never the better one. And plans are kept by shape: arrays of any
/// length are the same statement.
const WRITING: [&str; 5] = [
    "plan_cache_mode = force_generic_plan",
    "enable_seqscan = off",
    "enable_hashjoin = off",
    "enable_mergejoin = off",
    "enable_sort = off",
];

/// A connection with its prepared statements. Dropped, it closes.
pub(super) struct Session {
    pub(super) client: Client,
    prepared: Prepared,
    is_pooled: bool,
    begin: String,
}

/// How many parameter rows a statement takes at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// All at once, where it can.
    Together,
    /// One after the other: it then shows which one is refused.
    Apart,
}

/// Why a transaction failed; nothing of it is stored, unless the server went away at its end.
pub(super) struct Refusal {
    pub(super) error: Error,
    /// The same transaction may succeed at once.
    pub(super) is_race: bool,
    /// Which row was refused is not known.
    pub(super) is_vague: bool,
    /// The session is of no more use.
    pub(super) is_away: bool,
}

type Answer<'a> =
    Pin<Box<dyn Future<Output = std::result::Result<Outcome, tokio_postgres::Error>> + Send + 'a>>;

/// One message of a transaction, and the statement it belongs to.
struct Sent<'a> {
    batch: usize,
    spot: Spot,
    expected: u64,
    is_set: bool,
    answer: Answer<'a>,
}

impl Session {
    /// Connects. Notifications go to `hints`.
    pub(super) async fn open(options: &PgOptions, hints: Option<Hints>) -> Result<Self> {
        let connector = options.connector()?;
        let connecting = options.config.connect(connector);
        let failed = |source| failure::away(&options.place, source);
        let (client, mut connection) = connecting.await.map_err(|error| failed(described(error)))?;
        tokio::spawn(async move {
            loop {
                match std::future::poll_fn(|cx| connection.poll_message(cx)).await {
                    Some(Ok(tokio_postgres::AsyncMessage::Notification(note))) => {
                        if let Some(hints) = &hints {
                            hints.heard(&note);
                        }
                    }
                    Some(Ok(_)) => {}
                    // Whoever waits for an answer is told by the client.
                    Some(Err(_)) | None => return,
                }
            }
        });
        let timeout = format!("statement_timeout = {}", options.statement_timeout.as_millis());
        let settings = || WRITING.iter().copied().chain([timeout.as_str()]);
        let begin = match options.is_pooled {
            true => {
                settings().fold("BEGIN".to_owned(), |text, setting| format!("{text}; SET LOCAL {setting}"))
            }
            false => "BEGIN".to_owned(),
        };
        if !options.is_pooled {
            let text = settings().map(|setting| format!("SET {setting};")).collect::<String>();
            client.batch_execute(&text).await.map_err(|error| failed(described(error)))?;
        }
        Ok(Self { client, prepared: Prepared::default(), is_pooled: options.is_pooled, begin })
    }

    /// Executes batches in one transaction: all heads in order, then all tails.
    pub(super) async fn transact(
        &mut self,
        place: &str,
        batches: &[&Batch],
        rows: Rows,
    ) -> std::result::Result<Vec<Vec<Outcome>>, Refusal> {
        let refusal = |error: Error| {
            let is_away = matches!(error, Error::Away { .. });
            Refusal { error, is_race: false, is_vague: false, is_away }
        };
        let made = self.make(place, batches, rows).await.map_err(refusal)?;
        let client = &self.client;
        let mut sent = Vec::new();
        let whole = |text: &str| -> Answer<'_> {
            let text = text.to_owned();
            Box::pin(async move { client.batch_execute(&text).await.map(|()| Outcome::default()) })
        };
        let edge = |batch: usize, sql: &'static str| Spot {
            statement: batches[batch].statements.len(),
            row: 0,
            sql,
        };
        let last = batches.len().saturating_sub(1);
        sent.push(Sent {
            batch: 0,
            spot: edge(0, "BEGIN"),
            expected: 0,
            is_set: false,
            answer: whole(&self.begin),
        });
        for part in [Part::Head, Part::Tail] {
            for (index, batch) in batches.iter().enumerate() {
                for place in part.of(batch) {
                    let (statement, made) = (&batch.statements[place], &made[index][place]);
                    send(client, &mut sent, index, place, statement, made);
                }
            }
        }
        let end = |text: &'static str| Sent {
            batch: last,
            spot: edge(last, text),
            expected: 0,
            is_set: false,
            answer: whole(text),
        };
        gather(place, batches, sent, end).await
    }

    /// Prepares what the batches need and the session has not yet.
    async fn make(
        &mut self,
        place: &str,
        batches: &[&Batch],
        rows: Rows,
    ) -> Result<Vec<Vec<Option<Prepare>>>> {
        let mut all = Vec::with_capacity(batches.len());
        for batch in batches {
            let mut made = Vec::with_capacity(batch.statements.len());
            for (index, statement) in batch.statements.iter().enumerate() {
                let prepared = self.prepare(statement, rows).await;
                let prepared = prepared.map_err(|source| {
                    let spot = Spot { statement: index, row: 0, sql: statement.text() };
                    failure::in_batch(place, spot, 0, source)
                })?;
                check(index, statement, prepared.as_ref())?;
                made.push(prepared);
            }
            all.push(made);
        }
        Ok(all)
    }

    async fn prepare(
        &mut self,
        statement: &Statement,
        rows: Rows,
    ) -> std::result::Result<Option<Prepare>, tokio_postgres::Error> {
        let text = statement.text();
        let mut shape = Shape {
            is_set: statement.at_once && rows == Rows::Together && statement.rows >= SET_FROM,
            is_checked: matches!(statement.expect, Expect::Rows(_)),
            returns: statement.returning,
        };
        if shape.is_set
            && let Some(made) = self.prepared.get(&self.client, text, shape, self.is_pooled).await?
        {
            return Ok(Some(Prepare { made, shape }));
        }
        shape.is_set = false;
        let made = self.prepared.get(&self.client, text, shape, self.is_pooled).await?;
        Ok(made.map(|made| Prepare { made, shape }))
    }
}

/// A statement ready to be sent, and how.
#[derive(Clone)]
struct Prepare {
    made: Made,
    shape: Shape,
}

#[derive(Clone, Copy)]
enum Part {
    Head,
    Tail,
}

impl Part {
    fn of(self, batch: &Batch) -> std::ops::Range<usize> {
        let all = batch.statements.len();
        let tail = batch.tail.unwrap_or(all).min(all);
        match self {
            Self::Head => 0..tail,
            Self::Tail => tail..all,
        }
    }
}

fn check(index: usize, statement: &Statement, prepared: Option<&Prepare>) -> Result<()> {
    if let Some(Prepare { made, shape }) = prepared
        && made.has_rows()
        && !shape.is_checked
        && !shape.returns
    {
        let source = "it gives rows that nobody asked for".into();
        return Err(Error::Statement { statement: index, row: 0, sql: statement.text().to_owned(), source });
    }
    let expected = prepared.map_or(0, |prepared| prepared.made.parameters);
    let wrong = match statement.uneven {
        Some((row, found)) => Some((row, statement.arity, found)),
        None if statement.rows > 0 && statement.arity != expected => Some((0, expected, statement.arity)),
        None => None,
    };
    match wrong {
        Some((row, expected, found)) => Err(Error::Parameters {
            statement: index,
            row,
            expected,
            found,
            sql: statement.text().to_owned(),
        }),
        None => Ok(()),
    }
}

/// Puts a statement's messages in line.
fn send<'a>(
    client: &'a Client,
    sent: &mut Vec<Sent<'a>>,
    batch: usize,
    index: usize,
    statement: &'a Statement,
    prepared: &'a Option<Prepare>,
) {
    let Some(Prepare { made, shape }) = prepared else { return };
    let spot = |row| Spot { statement: index, row, sql: statement.text() };
    let each = match statement.expect {
        Expect::Rows(rows) => Some(rows),
        Expect::Any => None,
    };
    if shape.is_set {
        let expected = each.map(|each| each * statement.rows as u64);
        let columns = columns(statement);
        let answer = Box::pin(ask(client, made, *shape, statement, Input::Columns(columns), expected));
        sent.push(Sent { batch, spot: spot(0), expected: expected.unwrap_or(0), is_set: true, answer });
        return;
    }
    let times = if made.parameters == 0 { 1 } else { statement.rows };
    for row in 0..times {
        let values = statement.params(row).unwrap_or_default();
        let answer = Box::pin(ask(client, made, *shape, statement, Input::Row(values), each));
        sent.push(Sent { batch, spot: spot(row), expected: each.unwrap_or(0), is_set: false, answer });
    }
}

/// A statement's parameters.
enum Input<'a> {
    Row(&'a [Value]),
    Columns(Vec<Vec<Param<'a>>>),
}

fn columns(statement: &Statement) -> Vec<Vec<Param<'_>>> {
    let column =
        |index| statement.params.iter().skip(index).step_by(statement.arity.max(1)).map(Param).collect();
    (0..statement.arity).map(column).collect()
}

/// Sends one statement; the request leaves when this is first polled.
async fn ask(
    client: &Client,
    made: &Made,
    shape: Shape,
    statement: &Statement,
    input: Input<'_>,
    expected: Option<u64>,
) -> std::result::Result<Outcome, tokio_postgres::Error> {
    let expected_value = expected.map(|rows| Value::Int(i64::try_from(rows).unwrap_or(i64::MAX)));
    let expected_param = expected_value.as_ref().map(Param);
    let single: Vec<Param<'_>> = match &input {
        Input::Row(values) => values.iter().map(Param).collect(),
        Input::Columns(_) => Vec::new(),
    };
    let mut params: Vec<&(dyn ToSql + Sync)> = match &input {
        Input::Row(_) => single.iter().map(|param| param as &(dyn ToSql + Sync)).collect(),
        Input::Columns(columns) => columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect(),
    };
    if let Some(param) = &expected_param {
        params.push(param);
    }
    let collects = statement.returning;
    let rows = match &made.ready {
        Ready::Named(named) if collects => client.query(named, &params).await?,
        Ready::Named(named) => {
            let affected = client.execute(named, &params).await?;
            return Ok(counted(statement, shape, expected, affected));
        }
        Ready::Whole(text) => {
            let values: &[Value] = match &input {
                Input::Row(values) => values,
                Input::Columns(_) => &[],
            };
            let known = types(values).chain(expected.map(|_| Type::INT8));
            let typed: Vec<(&(dyn ToSql + Sync), Type)> = params.iter().copied().zip(known).collect();
            if !collects {
                let affected = client.execute_typed(text, &typed).await?;
                return Ok(counted(statement, shape, expected, affected));
            }
            client.query_typed(text, &typed).await?
        }
    };
    let rows = rows.iter().map(convert::row).collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(Outcome { affected: rows.len() as u64, rows })
}

fn counted(statement: &Statement, shape: Shape, expected: Option<u64>, affected: u64) -> Outcome {
    let affected = match expected {
        // The check counted them: the outer statement has one row.
        Some(expected) if shape.is_checked => expected,
        _ if changes_rows(statement.text()) => affected,
        _ => 0,
    };
    Outcome { affected, rows: Vec::new() }
}

/// Sends everything in order, then takes the answers in order.
async fn gather<'a>(
    place: &str,
    batches: &[&Batch],
    mut sent: Vec<Sent<'a>>,
    end: impl Fn(&'static str) -> Sent<'a>,
) -> std::result::Result<Vec<Vec<Outcome>>, Refusal> {
    let mut early = Vec::with_capacity(sent.len() + 1);
    std::future::poll_fn(|cx| {
        let mut poll = |one: &mut Sent<'a>| match one.answer.as_mut().poll(cx) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        };
        early.extend(sent.iter_mut().map(&mut poll));
        // A value that cannot be sent is known at once, and by this side alone: the server would commit the rest.
        let unsent = early.iter().any(|answer| matches!(answer, Some(Err(_))));
        let mut last = end(if unsent { "ROLLBACK" } else { "COMMIT" });
        early.push(poll(&mut last));
        sent.push(last);
        Poll::Ready(())
    })
    .await;
    let shape = batches.iter().map(|batch| vec![Outcome::default(); batch.statements.len()]);
    let mut outcomes: Vec<Vec<Outcome>> = shape.collect();
    let mut refusal: Option<Refusal> = None;
    for (one, early) in sent.into_iter().zip(early) {
        let answer = match early {
            Some(answer) => answer,
            None => one.answer.await,
        };
        match answer {
            Ok(outcome) => {
                if let Some(slot) = outcomes[one.batch].get_mut(one.spot.statement) {
                    slot.affected += outcome.affected;
                    slot.rows.extend(outcome.rows);
                }
            }
            Err(error) if refusal.is_none() && !failure::is_aftermath(&error) => {
                let (is_race, is_away) = (failure::is_race(&error), failure::is_away(&error));
                let error = failure::in_batch(place, one.spot, one.expected, error);
                refusal = Some(Refusal { error, is_race, is_vague: one.is_set, is_away });
            }
            Err(_) => {}
        }
    }
    match refusal {
        Some(refusal) => Err(refusal),
        None => Ok(outcomes),
    }
}

/// An error with its cause in one text: the driver says "error connecting to server" and hides why.
fn described(error: tokio_postgres::Error) -> crate::Source {
    match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}").into(),
        None => error.into(),
    }
}
