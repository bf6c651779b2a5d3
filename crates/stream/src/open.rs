//! Opening a stream: where it begins, and what its first frames are.
//!
//! 1. Join the channels: from now on their rings hold what comes.
//! 2. State and cursor: from the channel's memory, or in one read transaction of the store. Since the store is never
//!    behind what was handed out, nothing lies between the snapshot and the ring that the store does not hold.
//! 3. `snapshot`, whose id is where the stream goes on from: a reader that is cut off right after it loses nothing.
//! 4. The follower reads the store up to the ring, and then the ring.

use crate::{
    Error, Result,
    channel::{Figures, Topic},
    cursor::{Cursor, Position},
    figures::Seen,
    follower::{Fidelity, Follower, Start, Sub},
    hub::{Hub, timestamp},
    sse,
    waiter::{Interest, Standing, Waiter},
    wire::{Rates, ResetFrame, ResetReason, RunSummaryView},
};
use bytes::{Bytes, BytesMut};
use model::RunId;
use std::{collections::BTreeSet, sync::Arc};
use store::{Kinds, RunRecord};

/// Most runs that one stream follows by name.
pub const MAX_RUNS_A_STREAM: usize = 64;

/// Who reads: what can be done where a cursor cannot be followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// A page: it is told `reset`, gets a snapshot, and goes on.
    #[default]
    Page,
    /// A program: it is refused, and decides.
    Program,
}

/// How a stream is to be followed.
#[derive(Clone, Default)]
pub struct Follow {
    /// Where the reader stands.
    pub position: Position,
    /// Which events it gets one by one.
    pub fidelity: Fidelity,
    /// Who reads.
    pub audience: Audience,
    /// Asked again and again whether it may still read; the stream ends where not.
    pub standing: Option<Standing>,
}

/// What is followed: runs by name, and subjects over all runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// At most [`MAX_RUNS_A_STREAM`]; more are not followed.
    pub runs: BTreeSet<RunId>,
    /// Other than single runs.
    pub topics: BTreeSet<Topic>,
}

/// The answer to opening a stream.
pub enum Opened {
    /// Follow it.
    Stream(Box<Follower>),
    /// The run is over, and the reader has all of it: do not come back.
    Over,
    /// The cursor cannot be followed; for programs.
    Refused(ResetFrame),
}

impl Hub {
    /// Follows one run.
    ///
    /// # Errors
    /// [`Error::UnknownRun`], [`Error::Store`].
    pub async fn follow_run(&self, run: RunId, follow: Follow) -> Result<Opened> {
        let waiter = Arc::new(Waiter::new(follow.standing.clone(), self.now_ms()));
        let mut sub = self.join(Topic::Run(run), &waiter, follow.fidelity);
        let Some(record) = self.record_of(&sub.channel).await? else {
            drop(sub);
            self.discard(Topic::Run(run));
            return Err(Error::UnknownRun(run));
        };
        let begin = match self.begin(&follow, std::slice::from_ref(&sub)).await? {
            Begin::Refused(reset) => return Ok(Opened::Refused(reset)),
            begin => begin,
        };
        if let Begin::After(position) = begin
            && record.run.state.is_final()
            && self.inner.store.events_since(run, position, &Kinds::All, 1).await?.is_empty()
        {
            return Ok(Opened::Over);
        }
        let moment = self.moment(Some(&record));
        let (body, head) = {
            let mut state = sub.channel.lock();
            let Figures::Run(figures) = &mut state.figures else { return Err(Error::UnknownRun(run)) };
            let Some(stand) = figures.stand.clone() else { return Err(Error::UnknownRun(run)) };
            let body = figures.snapshot(&moment).unwrap_or_default();
            sub.seen = figures.seen_at(stand.record.run.run_seq);
            (body, stand.feed_seq)
        };
        let first = First { subs: vec![sub], begin, head, body };
        Ok(self.opened(waiter, follow.fidelity, first))
    }

    /// Follows several runs and subjects in one stream, in the order of commits. Runs that do not exist are left out.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn follow(&self, subjects: &Subjects, follow: Follow) -> Result<Opened> {
        let waiter = Arc::new(Waiter::new(follow.standing.clone(), self.now_ms()));
        let runs = subjects.runs.iter().take(MAX_RUNS_A_STREAM).map(|run| Topic::Run(*run));
        let topics: Vec<Topic> = runs.chain(subjects.topics.iter().copied()).collect();
        let mut subs: Vec<Sub> =
            topics.into_iter().map(|topic| self.join(topic, &waiter, follow.fidelity)).collect();
        let (active, head) = if subjects.topics.contains(&Topic::Runs) {
            self.inner.store.active_runs().await?
        } else {
            (Vec::new(), self.inner.store.head().await?)
        };
        let begin = match self.begin(&follow, &subs).await? {
            Begin::Refused(reset) => return Ok(Opened::Refused(reset)),
            begin => begin,
        };
        let mut shown: Vec<Arc<RunRecord>> = Vec::new();
        for sub in &mut subs {
            sub.seen = Seen { begin: head.value, ..Seen::default() };
            if let Some(record) = self.record_of(&sub.channel).await? {
                sub.seen = Seen { to: record.run.run_seq, ..sub.seen };
                shown.push(record);
            }
        }
        shown.extend(
            active.into_iter().filter(|record| !subjects.runs.contains(&record.run.id)).map(Arc::new),
        );
        let body = self.runs_members(&shown, subjects.topics.contains(&Topic::Limits));
        let first = First { subs, begin, head: head.value, body };
        Ok(self.opened(waiter, follow.fidelity, first))
    }

    fn join(&self, topic: Topic, waiter: &Arc<Waiter>, fidelity: Fidelity) -> Sub {
        let interest = match fidelity {
            Fidelity::Conflated => Interest::Frames,
            Fidelity::Every => Interest::Commits,
        };
        Sub::join(self.channel(topic), waiter, interest)
    }

    /// The first frames. The snapshot's id is the reader's own cursor where it has one that can be followed: the events
    /// up to `head` come after the snapshot, though its state holds them already.
    fn opened(&self, waiter: Arc<Waiter>, fidelity: Fidelity, first: First) -> Opened {
        let First { subs, begin, head, body } = first;
        let mut frames = vec![sse::padding_frame(), sse::retry(sse::random_retry_ms())];
        let position = match begin {
            Begin::After(position) => position,
            Begin::Fresh | Begin::Refused(_) => head,
            Begin::Reset(reset) => {
                frames.push(sse::reset(reset));
                head
            }
        };
        if self.is_draining() {
            waiter.raise(crate::waiter::DRAIN);
        }
        frames.push(sse::snapshot(self.epoch(), position, head, timestamp(), &body));
        let start = Start { waiter, subs, position, fidelity, frames };
        Opened::Stream(Box::new(Follower::new(self.clone(), start)))
    }

    /// Where the stream begins.
    async fn begin(&self, follow: &Follow, subs: &[Sub]) -> Result<Begin> {
        let reset = match &follow.position {
            Position::Fresh => return Ok(Begin::Fresh),
            Position::After(cursor) => match self.refusal(cursor, subs).await? {
                None => return Ok(Begin::After(cursor.feed_seq)),
                Some(reset) => reset,
            },
            Position::Invalid => self.reset_frame(ResetReason::Invalid).await?,
        };
        Ok(match follow.audience {
            Audience::Page => Begin::Reset(reset),
            Audience::Program => Begin::Refused(reset),
        })
    }

    /// Why a cursor cannot be followed, if so. Asks the store only where memory does not tell.
    async fn refusal(&self, cursor: &Cursor, subs: &[Sub]) -> Result<Option<ResetFrame>> {
        if cursor.epoch != self.inner.epoch {
            return Ok(Some(self.reset_frame(ResetReason::Epoch).await?));
        }
        let reached = |sub: &Sub| sub.channel.lock().ring.floor() <= cursor.feed_seq;
        if cursor.feed_seq <= self.head() && subs.iter().all(reached) {
            return Ok(None);
        }
        let head = self.inner.store.head().await?;
        let reason = if cursor.feed_seq > head.value {
            ResetReason::Future
        } else if cursor.feed_seq < head.value && (head.earliest == 0 || cursor.feed_seq + 1 < head.earliest)
        {
            ResetReason::Gone
        } else {
            return Ok(None);
        };
        Ok(Some(ResetFrame { reason, earliest: head.earliest, head: head.value }))
    }

    async fn reset_frame(&self, reason: ResetReason) -> Result<ResetFrame> {
        let head = self.inner.store.head().await?;
        Ok(ResetFrame { reason, earliest: head.earliest, head: head.value })
    }

    /// JSON members `"runs":[…]` and, where asked for, `"limits":[…]`.
    fn runs_members(&self, records: &[Arc<RunRecord>], limits: bool) -> Bytes {
        let mut out = BytesMut::with_capacity(1_024 + 1_024 * records.len());
        out.extend_from_slice(br#""runs":["#);
        for (index, record) in records.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b",");
            }
            let moment = self.moment(Some(record));
            let rates = Rates::average(record, moment.time, moment.gauges);
            sse::json(&mut out, &RunSummaryView::of(record, &rates));
        }
        out.extend_from_slice(b"]");
        if limits {
            out.extend_from_slice(br#","limits":"#);
            sse::json(&mut out, &*self.known_limits());
        }
        out.freeze()
    }
}

/// What a stream begins with.
struct First {
    subs: Vec<Sub>,
    begin: Begin,
    head: i64,
    /// JSON members of the snapshot.
    body: Bytes,
}

/// Where a stream begins.
enum Begin {
    Fresh,
    After(i64),
    Reset(ResetFrame),
    Refused(ResetFrame),
}
