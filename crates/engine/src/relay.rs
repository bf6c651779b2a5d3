//! The outbox relay: what runs have staged reaches its destination.
//!
//! ```text
//! staged ─▶ lane of its destination ─claim─▶ Connector ─answers─▶ core::settle_delivery ─▶ run loop ─▶ one batch
//!              ▲    │                                                                       (row, children, figures)
//!              │    └─ pace, breaker: shared by destinations with one service and credential
//!              └─ woken by commits, by time, by people
//! ```
//!
//! One lane a destination: it claims what is due, hands it to the connector, and tells the run what came of it. The run's
//! loop settles, so a delivery's end, its children's release and the run's figures are one transaction.

mod call;
mod direct;
mod lane;
mod settle;
mod status;
mod throttle;
mod verbs;

pub use status::{BreakerStatus, DestinationStatus, LimiterStatus};
pub use verbs::{DryRun, ReplayFilter, Replayed};

pub(crate) use direct::{Sent, send};

use crate::{
    Dispatch, Result,
    holdings::{Holding, Holdings},
    shared::Engine,
};
use activity::connector::Connectors;
use lane::Lane;
use model::{DeliveryEnd, Destination};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use store::outbox::write::DeliveryUpdate;
use throttle::Throttles;

/// What became of an attempt at a delivery, for the run's loop.
pub(crate) struct Settlement {
    pub(crate) destination: Arc<str>,
    pub(crate) key: Arc<str>,
    pub(crate) kind: Arc<str>,
    pub(crate) update: DeliveryUpdate,
    pub(crate) end: DeliveryEnd,
    /// Kept until the settlement is committed.
    pub(crate) _holding: Option<Holding<(i64, i64)>>,
}

/// Lanes by destination.
pub(crate) struct Relay {
    connectors: Option<Arc<dyn Connectors>>,
    policy: headway_core::DeliveryPolicy,
    batch: Option<usize>,
    timeout_ms: Option<u64>,
    is_direct: bool,
    /// Whether lanes send, or only show and take commands.
    sends: AtomicBool,
    lanes: Mutex<BTreeMap<Arc<str>, Arc<Lane>>>,
    throttles: Throttles,
    /// Leases (number, fence) of deliveries that somebody in this process deals with.
    holdings: Holdings<(i64, i64)>,
}

/// How deliveries are sent.
#[derive(Clone, Default)]
pub struct RelayOptions {
    /// Makes connectors; without it nothing is sent.
    pub connectors: Option<Arc<dyn Connectors>>,
    /// How often and how long.
    pub policy: headway_core::DeliveryPolicy,
    /// Deliveries in one call at most, where the connector takes more.
    pub batch: Option<usize>,
    /// Sends deliveries at once instead of staging them: what is then interrupted is lost or sent twice.
    pub is_direct: bool,
    /// Longest wait for one answer, in milliseconds, where the connector asks for no longer one.
    pub timeout_ms: Option<u64>,
}

impl Relay {
    pub(crate) fn new(options: RelayOptions, is_shared: bool) -> Self {
        Self {
            connectors: options.connectors,
            policy: options.policy,
            batch: options.batch,
            timeout_ms: options.timeout_ms,
            is_direct: options.is_direct,
            sends: AtomicBool::new(false),
            lanes: Mutex::default(),
            throttles: Throttles::default(),
            holdings: Holdings::new(is_shared),
        }
    }

    /// Something may be due for a destination.
    pub(crate) fn wake(&self, destination: &str) {
        if let Some(lane) = self.lane(destination) {
            lane.wake();
        }
    }

    /// Something may be due anywhere: a run goes on.
    pub(crate) fn wake_all(&self) {
        self.lanes.lock().values().for_each(|lane| lane.wake());
    }

    pub(crate) fn lane(&self, destination: &str) -> Option<Arc<Lane>> {
        self.lanes.lock().get(destination).cloned()
    }

    /// Calls under way.
    pub(crate) fn in_flight(&self) -> usize {
        self.lanes.lock().values().map(|lane| lane.in_flight()).sum()
    }

    fn all(&self) -> Vec<Arc<Lane>> {
        self.lanes.lock().values().cloned().collect()
    }
}

/// Begins the lanes of all destinations. Where nothing is dispatched they can be looked at and commanded, and send nothing.
pub(crate) async fn begin(engine: &Engine, dispatch: Dispatch) -> Result<()> {
    engine.relay().sends.store(dispatch == Dispatch::All, Ordering::Release);
    for destination in engine.store().destinations().await? {
        open_lane(engine, destination);
    }
    Ok(())
}

/// Begins the lane of a destination, or gives the one there is its new settings.
fn open_lane(engine: &Engine, destination: Destination) {
    let relay = engine.relay();
    let name = destination.name.clone();
    let mut lanes = relay.lanes.lock();
    match lanes.get(&name) {
        Some(lane) => lane.change(destination),
        None => {
            let lane = Arc::new(Lane::new(destination));
            lanes.insert(name, lane.clone());
            if relay.connectors.is_some() && relay.sends.load(Ordering::Acquire) {
                tokio::spawn(lane::serve(engine.clone(), lane));
            }
        }
    }
}

/// Takes over what other processes changed of the destinations.
pub(crate) async fn refresh(engine: &Engine) -> Result<()> {
    let destinations = engine.store().destinations().await?;
    let gone = |lane: &Arc<Lane>| !destinations.iter().any(|known| known.name == lane.destination().name);
    let gone: Vec<Arc<Lane>> = engine.relay().all().into_iter().filter(gone).collect();
    for lane in gone {
        close_lane(engine, &lane.destination().name);
    }
    for destination in destinations {
        let known = engine.relay().lane(&destination.name);
        if known.is_none_or(|lane| lane.destination() != destination) {
            open_lane(engine, destination);
        }
    }
    Ok(())
}

fn close_lane(engine: &Engine, name: &str) {
    if let Some(lane) = engine.relay().lanes.lock().remove(name) {
        lane.close();
    }
}
