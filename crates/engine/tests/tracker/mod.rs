//! A destination in memory that does what it is told to do wrong.

use activity::connector::{
    Answer, Connector, ConnectorFuture, Connectors, Guarantee, Lookup, Pace, PaceHint, Parcel, Permanence,
    Preview, Reply,
};
use model::{Destination, Remote, TaskError};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use tokio::sync::Notify;

/// What is done wrong with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Refused for good.
    Refuse,
    /// Not taken for now.
    Unavailable,
    /// Taken, but no answer comes.
    TakeAndDrop,
    /// Not taken, and no answer comes, once.
    DropOnce,
    /// Taken, and the call never ends.
    TakeAndHang,
}

/// A destination in memory. Clones are one.
#[derive(Clone, Default)]
pub(crate) struct Tracker {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    items: Vec<Item>,
    sends: HashMap<String, usize>,
    faults: HashMap<String, Fault>,
    locked: bool,
    seen: Seen,
}

/// What the tracker has seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) calls: usize,
    pub(crate) unauthorized: usize,
    pub(crate) hanging: usize,
}

struct Item {
    reference: String,
    key: String,
    title: String,
    parent: Option<String>,
}

impl Tracker {
    pub(crate) fn fault(&self, key: &str, fault: Fault) {
        self.inner.state.lock().faults.insert(key.to_owned(), fault);
    }

    pub(crate) fn mend(&self, key: &str) {
        self.inner.state.lock().faults.remove(key);
    }

    pub(crate) fn lock(&self, locked: bool) {
        self.inner.state.lock().locked = locked;
    }

    pub(crate) fn sends(&self, key: &str) -> usize {
        self.inner.state.lock().sends.get(key).copied().unwrap_or_default()
    }

    pub(crate) fn calls(&self) -> usize {
        self.inner.state.lock().seen.calls
    }

    /// Waits until what was seen is enough.
    pub(crate) async fn until(&self, enough: impl Fn(Seen) -> bool) {
        loop {
            let changed = self.inner.changed.notified();
            if enough(self.inner.state.lock().seen) {
                return;
            }
            changed.await;
        }
    }

    /// Keys in the order of their arrival.
    pub(crate) fn arrived(&self) -> Vec<String> {
        self.inner.state.lock().items.iter().map(|item| item.key.clone()).collect()
    }

    /// Items with their parents, by key.
    pub(crate) fn parents(&self) -> Vec<(&'static str, &'static str)> {
        self.sorted(|item| item.parent.clone().unwrap_or_default())
    }

    /// Items with their titles, by key.
    pub(crate) fn titles(&self) -> Vec<(&'static str, &'static str)> {
        self.sorted(|item| item.title.clone())
    }

    fn sorted(&self, of: impl Fn(&Item) -> String) -> Vec<(&'static str, &'static str)> {
        let state = self.inner.state.lock();
        let pairs: BTreeMap<String, String> =
            state.items.iter().map(|item| (item.key.clone(), of(item))).collect();
        pairs.into_iter().map(|(key, value)| (&*key.leak(), &*value.leak())).collect()
    }

    /// References that arrived more than once.
    pub(crate) fn doubled(&self) -> Vec<String> {
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for item in &self.inner.state.lock().items {
            *count.entry(item.reference.clone()).or_default() += 1;
        }
        count.into_iter().filter(|(_, count)| *count > 1).map(|(reference, _)| reference).collect()
    }

    fn take(state: &mut State, parcel: &Parcel) -> Remote {
        state.items.push(Item {
            reference: parcel.reference.to_string(),
            key: parcel.key.to_string(),
            title: parcel.title.to_string(),
            parent: parcel.parent.as_ref().map(|parent| parent.id.to_string()),
        });
        Remote { id: parcel.key.clone(), url: None }
    }

    fn send(&self, parcel: &Parcel) -> (Answer, bool) {
        let mut state = self.inner.state.lock();
        let error = |code: &str| TaskError::new(code, format!("{code}: {}", parcel.key));
        if state.locked {
            state.seen.unauthorized += 1;
            return (Answer::Unauthorized { error: error("401") }, false);
        }
        *state.sends.entry(parcel.key.to_string()).or_default() += 1;
        let answer = match state.faults.get(&*parcel.key).copied() {
            Some(Fault::Refuse) => Answer::Refused { error: error("400"), permanent: Permanence::Permanent },
            Some(Fault::Unavailable) => Answer::Unavailable { after_ms: None, error: error("503") },
            Some(Fault::DropOnce) => {
                state.faults.remove(&*parcel.key);
                Answer::NoAnswer { error: error("dropped") }
            }
            Some(Fault::TakeAndDrop) => {
                Self::take(&mut state, parcel);
                Answer::NoAnswer { error: error("dropped") }
            }
            Some(Fault::TakeAndHang) => {
                Self::take(&mut state, parcel);
                state.seen.hanging += 1;
                return (Answer::NoAnswer { error: error("hangs") }, true);
            }
            None => Answer::Delivered(Self::take(&mut state, parcel)),
        };
        (answer, false)
    }

    fn called(&self) {
        self.inner.state.lock().seen.calls += 1;
        self.inner.changed.notify_waiters();
    }
}

impl Connectors for Tracker {
    fn connect<'a>(
        &'a self,
        _: &'a Destination,
    ) -> ConnectorFuture<'a, Result<Arc<dyn Connector>, TaskError>> {
        let connector: Arc<dyn Connector> = Arc::new(self.clone());
        Box::pin(async move { Ok(connector) })
    }
}

impl Connector for Tracker {
    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnceEffect
    }

    fn pace(&self) -> Pace {
        Pace { batch: 10, parallel: 2, ..Pace::default() }
    }

    fn deliver<'a>(&'a self, parcels: &'a [Parcel]) -> ConnectorFuture<'a, Reply<Answer>> {
        Box::pin(async move {
            let answered: Vec<(Answer, bool)> = parcels.iter().map(|parcel| self.send(parcel)).collect();
            self.called();
            if answered.iter().any(|(_, hangs)| *hangs) {
                std::future::pending::<()>().await;
            }
            let answers = answered.into_iter().map(|(answer, _)| answer).collect();
            Reply { answers, pace: PaceHint::default() }
        })
    }

    fn look_up<'a>(&'a self, parcels: &'a [Parcel]) -> ConnectorFuture<'a, Reply<Lookup>> {
        Box::pin(async move {
            let state = self.inner.state.lock();
            let look = |parcel: &Parcel| {
                let known = state.items.iter().find(|item| item.reference == *parcel.reference);
                known.map_or(Lookup::Absent, |item| {
                    Lookup::Found(Remote { id: Arc::from(item.key.as_str()), url: None })
                })
            };
            Reply { answers: parcels.iter().map(look).collect(), pace: PaceHint::default() }
        })
    }

    fn preview(&self, parcel: &Parcel) -> Result<Preview, TaskError> {
        Ok(Preview {
            method: String::from("PUT"),
            url: format!("memory:{}", parcel.key),
            headers: Vec::new(),
            body: serde_json::json!({ "title": &*parcel.title }),
        })
    }

    fn test(&self) -> ConnectorFuture<'_, Result<String, TaskError>> {
        Box::pin(async { Ok(String::from("it answers")) })
    }
}
