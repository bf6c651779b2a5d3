//! Figures: state, not fact. Conflated to the newest values, rendered once for all followers.

use crate::{
    conflate::{Conflated, Due},
    meter::Meter,
    sse,
    wire::{ItemProgressView, ProgressFigures, Rates, RunView, StageGauge},
};
use bytes::{Bytes, BytesMut};
use model::{RunId, StageId, Timestamp};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::{RunRecord, StoredEvent};

/// Most items of a run whose progress is held; beyond that the one longest unchanged goes.
pub(crate) const MAX_ITEMS: usize = 256;
/// Most runs whose figures the channel `runs` holds.
pub(crate) const MAX_RUNS: usize = 2_000;
/// How long a rendered snapshot serves while no event comes: rates change without one.
const SNAPSHOT_AGE: Duration = Duration::from_millis(500);

/// Where an attempt is: absolute figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemProgress {
    /// Its stage.
    pub stage: StageId,
    /// Its item.
    pub key: Arc<str>,
    /// The attempt, from 1.
    pub attempt: u32,
    /// Units done.
    pub done: u64,
    /// Units in all; 0 where unknown.
    pub total: u64,
    /// What it is at, such as a file's name; may be empty.
    pub message: Arc<str>,
}

/// A run as known at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Stand {
    pub(crate) record: Arc<RunRecord>,
    /// The state holds every event of the run up to this number over all runs.
    pub(crate) feed_seq: i64,
}

/// The moment, in the forms that rendering needs.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) instant: Instant,
    pub(crate) time: Timestamp,
    pub(crate) interval: Duration,
    pub(crate) gauges: Vec<StageGauge>,
}

/// The figures of one run.
pub(crate) struct RunFigures {
    pub(crate) stand: Option<Stand>,
    progress: RunProgress,
    pub(crate) items: Conflated<(StageId, Arc<str>), (ItemProgress, Timestamp)>,
    meter: Meter,
    current: Option<Arc<str>>,
    snapshot: Option<Snapshot>,
}

/// The run's own progress, rendered.
#[derive(Default)]
struct RunProgress {
    changed: bool,
    not_before: Option<Instant>,
    version: u64,
    from: u64,
    to: u64,
    tail: Bytes,
    frame: Bytes,
}

/// The run as JSON members, for the first frame of streams.
struct Snapshot {
    run_seq: u64,
    at: Instant,
    body: Bytes,
}

/// Which figures of a run a follower has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Version of the run's progress.
    pub(crate) progress: u64,
    /// Version of the items' (or, in the channel `runs`, the runs') table.
    pub(crate) table: u64,
    /// Last `run_seq` that the figures given so far cover.
    pub(crate) to: u64,
    /// In the channel `runs`: the snapshot held every event up to this number over all runs.
    pub(crate) begin: i64,
}

impl Default for RunFigures {
    fn default() -> Self {
        Self {
            stand: None,
            progress: RunProgress::default(),
            items: Conflated::new(MAX_ITEMS),
            meter: Meter::default(),
            current: None,
            snapshot: None,
        }
    }
}

impl RunFigures {
    /// Takes over what the store, or a commit, says; an older state changes nothing.
    pub(crate) fn learn(&mut self, stand: Stand) {
        let newer =
            self.stand.as_ref().is_none_or(|known| stand.record.run.run_seq >= known.record.run.run_seq);
        if newer {
            self.stand = Some(stand);
        }
    }

    /// Notes a commit for those who follow.
    pub(crate) fn commit(&mut self, events: &[Arc<StoredEvent>], now: Instant) -> Due {
        for event in events {
            let (Some(stage), Some(key)) = (event.stage, &event.key) else { continue };
            self.current = Some(Arc::clone(key));
            let ended = matches!(&*event.kind, "task.done" | "task.failed" | "task.retrying");
            if ended && !self.items.is_empty() {
                self.items.remove(&(StageId(stage), Arc::clone(key)));
            }
        }
        self.progress.changed = true;
        match self.progress.not_before {
            Some(time) if time > now => Due::At(time),
            _ => Due::Now,
        }
    }

    /// Notes where an attempt is. Figures of an earlier attempt, or an earlier moment of this one, are not shown.
    pub(crate) fn item(&mut self, item: ItemProgress, at: Timestamp, now: Instant) -> Option<Due> {
        let id = (item.stage, Arc::clone(&item.key));
        if let Some((known, _)) = self.items.get(&id) {
            let backwards = (item.attempt, item.done) < (known.attempt, known.done);
            if backwards || item == *known {
                return None;
            }
        }
        let said = if item.message.is_empty() { &item.key } else { &item.message };
        self.current = Some(Arc::clone(said));
        Some(self.items.put(id, (item, at), now))
    }

    /// What was last said to be under way.
    pub(crate) fn current(&self) -> Option<&Arc<str>> {
        self.current.as_ref()
    }

    /// When changed figures may be shown.
    pub(crate) fn next_due(&self, now: Instant) -> Option<Due> {
        let own = self.progress.changed.then(|| match self.progress.not_before {
            Some(time) if time > now => Due::At(time),
            _ => Due::Now,
        });
        let items = self.items.next_due(now);
        match (own, items) {
            (Some(Due::At(one)), Some(Due::At(other))) => Some(Due::At(one.min(other))),
            (Some(Due::Now), _) | (_, Some(Due::Now)) => Some(Due::Now),
            (one, other) => one.or(other),
        }
    }

    /// Renders what has changed and may be shown.
    pub(crate) fn render(&mut self, moment: &Moment) {
        let Some(stand) = &self.stand else { return };
        let record = &*stand.record;
        if self.progress.changed && self.progress.not_before.is_none_or(|time| time <= moment.instant) {
            let rates = rates(&mut self.meter, record, moment);
            let figures = ProgressFigures::of(record, &rates, self.current.clone(), moment.time);
            let progress = &mut self.progress;
            progress.changed = false;
            progress.not_before = Some(moment.instant + moment.interval);
            progress.version += 1;
            progress.from = progress.to + 1;
            progress.to = record.run.run_seq;
            progress.tail = sse::progress_tail(progress.to, &figures);
            progress.frame = sse::progress(record.run.id, progress.from, &progress.tail);
        }
        self.items.render(moment.instant, moment.interval, |_, (item, at)| {
            sse::item_progress(&ItemProgressView {
                run: record.run.id,
                item: Arc::clone(&item.key),
                stage: record.stage_name(item.stage).to_owned(),
                attempt: item.attempt,
                done: item.done,
                total: item.total,
                message: (!item.message.is_empty()).then(|| Arc::clone(&item.message)),
                at: *at,
            })
        });
    }

    /// Gives what a follower has not seen.
    pub(crate) fn take(&self, seen: &mut Seen, out: &mut Vec<Bytes>) {
        let progress = &self.progress;
        // A snapshot read from the store can be ahead of what the hub was told: never show older figures after it.
        if progress.version > seen.progress && progress.to >= seen.to && !progress.frame.is_empty() {
            let from = seen.to + 1;
            if from == progress.from || progress.to == seen.to {
                out.push(progress.frame.clone());
            } else if let Some(stand) = &self.stand {
                out.push(sse::progress(stand.record.run.id, from, &progress.tail));
            }
            seen.to = progress.to;
        }
        seen.progress = progress.version;
        out.extend(self.items.since(seen.table).map(|(_, _, bytes)| bytes.clone()));
        seen.table = self.items.version();
    }

    /// Whether the run is over and a follower at `position` has been given all of it.
    pub(crate) fn is_over(&self, position: i64, seen: &Seen) -> bool {
        self.stand.as_ref().is_some_and(|stand| {
            stand.record.run.state.is_final()
                && position >= stand.feed_seq
                && !self.progress.changed
                && seen.progress == self.progress.version
        })
    }

    /// What a follower that begins with the snapshot of `run_seq` has seen.
    pub(crate) fn seen_at(&self, run_seq: u64) -> Seen {
        let known = self.progress.to <= run_seq && !self.progress.changed;
        Seen { progress: if known { self.progress.version } else { 0 }, to: run_seq, ..Seen::default() }
    }

    /// The run as JSON members `"run":{…}`.
    pub(crate) fn snapshot(&mut self, moment: &Moment) -> Option<Bytes> {
        let stand = self.stand.as_ref()?;
        let run_seq = stand.record.run.run_seq;
        if let Some(snapshot) = &self.snapshot
            && snapshot.run_seq == run_seq
            && moment.instant.duration_since(snapshot.at) < SNAPSHOT_AGE
        {
            return Some(snapshot.body.clone());
        }
        let rates = rates(&mut self.meter, &stand.record, moment);
        let body = run_members(&stand.record, &rates);
        self.snapshot = Some(Snapshot { run_seq, at: moment.instant, body: body.clone() });
        Some(body)
    }

    /// The run's figures as JSON object, as covering `from` to the newest event.
    pub(crate) fn progress(&mut self, from: u64, moment: &Moment) -> Option<Bytes> {
        let stand = self.stand.as_ref()?;
        let rates = rates(&mut self.meter, &stand.record, moment);
        let view = crate::wire::ProgressView {
            run: stand.record.run.id,
            item: None,
            from,
            to: stand.record.run.run_seq,
            figures: ProgressFigures::of(&stand.record, &rates, self.current.clone(), moment.time),
        };
        let mut out = BytesMut::with_capacity(1_024);
        sse::json(&mut out, &view);
        Some(out.freeze())
    }

    /// Forgets what only followers need.
    pub(crate) fn forget(&mut self) {
        self.items.clear();
        self.snapshot = None;
        self.meter = Meter::default();
        self.progress.tail = Bytes::new();
        self.progress.frame = Bytes::new();
        self.progress.changed = false;
        // The next follower begins with a snapshot: nothing rendered before is for it.
        self.progress.to = self.stand.as_ref().map_or(self.progress.to, |stand| stand.record.run.run_seq);
    }
}

fn rates(meter: &mut Meter, record: &RunRecord, moment: &Moment) -> Rates {
    let mut rates = Rates::average(record, moment.time, moment.gauges.clone());
    if let Some(stages) = meter.observe(record, moment.time) {
        rates.per_s = stages.iter().sum();
        rates.stages_per_s = stages;
    }
    rates
}

/// The run as JSON members `"run":{…}`.
pub(crate) fn run_members(record: &RunRecord, rates: &Rates) -> Bytes {
    let mut out = BytesMut::with_capacity(2_048);
    out.extend_from_slice(br#""run":"#);
    sse::json(&mut out, &RunView::of(record, rates));
    Bytes::copy_from_slice(&out)
}

/// The figures of all active runs.
pub(crate) struct RunsFigures {
    pub(crate) table: Conflated<RunId, RunSlot>,
}

/// A run in the channel `runs`.
pub(crate) struct RunSlot {
    pub(crate) record: Arc<RunRecord>,
    feed_seq: i64,
    meter: Meter,
    shown_to: u64,
}

impl RunsFigures {
    /// Notes a commit.
    pub(crate) fn commit(&mut self, record: &Arc<RunRecord>, feed_seq: i64, now: Instant) -> Due {
        let first = || RunSlot { record: Arc::clone(record), feed_seq, meter: Meter::default(), shown_to: 0 };
        self.table.change(record.run.id, now, first, |slot| {
            slot.record = Arc::clone(record);
            slot.feed_seq = feed_seq;
        })
    }

    /// Gives what a follower has not seen, but for what its snapshot held.
    pub(crate) fn take(&self, seen: &mut Seen, out: &mut Vec<Bytes>) {
        let new = self.table.since(seen.table).filter(|(_, slot, _)| slot.feed_seq > seen.begin);
        out.extend(new.map(|(_, _, bytes)| bytes.clone()));
        seen.table = self.table.version();
    }

    /// Renders what has changed and may be shown.
    pub(crate) fn render(&mut self, moment: &Moment) {
        self.table.render(moment.instant, moment.interval, |run, slot| {
            let rates = rates(&mut slot.meter, &slot.record, moment);
            let figures = ProgressFigures::of(&slot.record, &rates, None, moment.time);
            let (from, to) = (slot.shown_to + 1, slot.record.run.run_seq);
            slot.shown_to = to;
            sse::progress(*run, from.min(to), &sse::progress_tail(to, &figures))
        });
    }
}
