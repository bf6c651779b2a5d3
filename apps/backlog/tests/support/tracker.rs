//! A destination in memory. It takes what it is sent and remembers it.

use activity::connector::{
    Answer, Connector, ConnectorFuture, Connectors, Guarantee, Lookup, Pace, PaceHint, Parcel, Permanence,
    Preview, Reply,
};
use model::{Destination, Remote, TaskError, WorkItem};
use parking_lot::Mutex;
use std::{collections::HashSet, sync::Arc};

/// A destination in memory. Clones are one.
#[derive(Clone, Default)]
pub(crate) struct Tracker {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    taken: Vec<Taken>,
    refused: HashSet<String>,
}

/// What was taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) key: String,
    pub(crate) kind: String,
    pub(crate) parent: Option<String>,
    pub(crate) item: WorkItem,
}

impl Tracker {
    /// What was taken, in the order of its arrival.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.state.lock().taken.clone()
    }

    /// Refuses an item for good, or no longer.
    pub(crate) fn refuse(&self, key: &str, refuse: bool) {
        let mut state = self.state.lock();
        if refuse {
            state.refused.insert(key.to_owned())
        } else {
            state.refused.remove(key)
        };
    }

    fn send(&self, parcel: &Parcel) -> Answer {
        let mut state = self.state.lock();
        if state.refused.contains(&*parcel.key) {
            let error = TaskError::new("invalid_field", "the field Title is not valid");
            return Answer::Refused { error, permanent: Permanence::Permanent };
        }
        let item: WorkItem = serde_json::from_str(parcel.payload.get()).unwrap();
        state.taken.push(Taken {
            key: parcel.key.to_string(),
            kind: parcel.kind.to_string(),
            parent: parcel.parent.as_ref().map(|parent| parent.id.to_string()),
            item,
        });
        Answer::Delivered(Remote { id: Arc::from(format!("remote-{}", parcel.key)), url: None })
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
        Pace::default()
    }

    fn deliver<'a>(&'a self, parcels: &'a [Parcel]) -> ConnectorFuture<'a, Reply<Answer>> {
        let answers = parcels.iter().map(|parcel| self.send(parcel)).collect();
        Box::pin(async move { Reply { answers, pace: PaceHint::default() } })
    }

    fn look_up<'a>(&'a self, parcels: &'a [Parcel]) -> ConnectorFuture<'a, Reply<Lookup>> {
        let answers = parcels.iter().map(|_| Lookup::Absent).collect();
        Box::pin(async move { Reply { answers, pace: PaceHint::default() } })
    }

    fn preview(&self, parcel: &Parcel) -> Result<Preview, TaskError> {
        let body = serde_json::from_str(parcel.payload.get()).unwrap();
        Ok(Preview { method: "POST".to_owned(), url: "memory:".to_owned(), headers: Vec::new(), body })
    }

    fn test(&self) -> ConnectorFuture<'_, Result<String, TaskError>> {
        Box::pin(async { Ok("it is there".to_owned()) })
    }
}
