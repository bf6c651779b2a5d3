//! Reading the store where rings no longer reach back.

use crate::{
    channel::{Channel, Figures, Topic},
    follower::TURN_BYTES,
    hub::Hub,
    ring::Taken,
    sse,
};
use std::sync::Arc;
use store::{EventPage, Kinds, Order, RunRecord, StoredEvent};

/// Events of a run read at once, before it is known how large they are.
pub(crate) const FIRST_PAGE: u32 = 16;
/// Fewest events of a run read at once.
const LEAST_PAGE: usize = 8;
/// Most events of a run read at once.
const MOST_PAGE: usize = 256;
/// How much of the feed, over all runs, is searched at once, in events.
const STRIDE: i64 = 20_000;

/// Where a follower stands in a channel, for reading on.
pub(crate) struct Place {
    pub(crate) channel: Arc<Channel>,
    /// Number within the run of the last event it got; unknown after a reconnect.
    pub(crate) run_seq: Option<u64>,
}

/// A part of what a follower has missed.
pub(crate) struct Replayed {
    /// In feed order.
    pub(crate) frames: Vec<Taken>,
    /// Nothing up to here is missing any more.
    pub(crate) position: i64,
    /// How many events to read next time: as many as one turn gives away, so that hundreds of clients that have
    /// stopped reading do not hold pages of which they take a line.
    pub(crate) page: u32,
}

/// Reads what comes after `position`, as much as one turn gives.
///
/// Everything up to the hub's head is on the disk, so what a page that is not full does not hold does not exist.
pub(crate) async fn replay(
    hub: Hub,
    places: Vec<Place>,
    position: i64,
    kinds: Kinds,
    page: u32,
) -> Result<Replayed, store::Error> {
    let store = &hub.inner.store;
    let mut until = hub.head().max(position);
    let mut found: Vec<(StoredEvent, Option<Arc<RunRecord>>)> = Vec::new();
    for place in &places {
        let topic = place.channel.topic;
        let events = match (topic, place.run_seq) {
            (Topic::Run(run), Some(after)) => {
                let kinds = kinds.clone();
                let events = EventPage { run, after: Some(after), kinds, order: Order::Up, limit: page };
                store.events(&events).await?
            }
            (Topic::Run(run), None) => store.events_since(run, position, &kinds, page).await?,
            _ => {
                until = until.min(position + STRIDE);
                store.feed(position, until, &topic.kinds(), page).await?
            }
        };
        if events.len() >= page as usize {
            until = until.min(events.last().map_or(until, |event| event.feed_seq));
        }
        let record = hub.record_of(&place.channel).await?;
        found.extend(events.into_iter().map(|event| (event, record.clone())));
    }
    found.retain(|(event, _)| event.feed_seq > position && event.feed_seq <= until);
    found.sort_by_key(|(event, _)| event.feed_seq);
    // The end of a run is shown both by its own channel and by that of all runs.
    found.dedup_by_key(|(event, _)| event.feed_seq);
    let mut frames: Vec<Taken> = Vec::with_capacity(found.len());
    let mut bytes = 0;
    for (event, record) in &found {
        if bytes >= TURN_BYTES {
            until = frames.last().map_or(position, |frame| frame.feed_seq);
            break;
        }
        let definition = record.as_ref().map(|record| &*record.definition);
        let frame = sse::event(hub.epoch(), event, definition);
        bytes += frame.len();
        frames.push(Taken { feed_seq: event.feed_seq, run_seq: event.run_seq, bytes: frame });
    }
    let fits = (TURN_BYTES * frames.len()).checked_div(bytes).unwrap_or(LEAST_PAGE);
    let page = u32::try_from(fits.clamp(LEAST_PAGE, MOST_PAGE)).unwrap_or(FIRST_PAGE);
    Ok(Replayed { frames, position: until, page })
}

impl Hub {
    /// The run of a channel, from memory or else from the store, which the channel then knows.
    pub(crate) async fn record_of(&self, channel: &Channel) -> Result<Option<Arc<RunRecord>>, store::Error> {
        let Topic::Run(run) = channel.topic else { return Ok(None) };
        if let Figures::Run(figures) = &channel.lock().figures
            && let Some(stand) = &figures.stand
        {
            return Ok(Some(Arc::clone(&stand.record)));
        }
        let (record, head) = self.inner.store.run_and_head(run).await?;
        let Some(record) = record.map(Arc::new) else { return Ok(None) };
        if let Figures::Run(figures) = &mut channel.lock().figures {
            figures.learn(crate::figures::Stand { record: Arc::clone(&record), feed_seq: head.value });
        }
        Ok(Some(record))
    }
}
