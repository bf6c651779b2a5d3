//! Deliveries in a plan: staging them with the outcome that made them, and settling them.

use super::{Origin, takes::Takes};
use crate::relay::{Sent, Settlement};
use db::{Batch, Statement};
use model::{DeliveryEnd, Input, NewDelivery, RunId, Timestamp};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};
use store::outbox::write::{self, SettledDeliveries, UnblockedDeliveries};

/// A delivery's place: destination and key.
pub(crate) type Place = (Arc<str>, Arc<str>);

/// What the loop has learnt about a run's deliveries.
#[derive(Default)]
pub(crate) struct DeliveryLessons {
    /// Places that the run has staged already, and whether staging them again revives a dead delivery. Looked up after a
    /// unique violation.
    pub(crate) known: Option<HashMap<Place, bool>>,
    /// Deliveries whose lease had passed on.
    pub(crate) superseded: HashSet<i64>,
}

/// What a commit does to deliveries.
#[derive(Default)]
pub(super) struct Outbox {
    new: Vec<NewDelivery>,
    again: Vec<NewDelivery>,
    seen: HashSet<Place>,
    settled: SettledDeliveries,
    settled_ids: Vec<i64>,
    unblocked: UnblockedDeliveries,
    direct: Vec<Statement>,
    /// Destinations that have something to do afterwards.
    woken: HashSet<Arc<str>>,
}

/// What a commit's deliveries come to, for the loop.
#[derive(Default)]
pub(crate) struct Woken {
    /// Destinations that have something to do.
    pub(crate) destinations: HashSet<Arc<str>>,
    /// Places that were staged as new.
    pub(crate) staged: Vec<Place>,
}

impl Outbox {
    /// Stages deliveries that came with a message which the core has taken.
    pub(super) fn stage(
        &mut self,
        machine: &mut Takes<'_>,
        deliveries: &[NewDelivery],
        lessons: &DeliveryLessons,
        now: Timestamp,
    ) {
        let mut fresh: BTreeMap<Arc<str>, u64> = BTreeMap::new();
        let mut revived = 0;
        for delivery in deliveries {
            let place = (delivery.destination.clone(), delivery.key.clone());
            let known = lessons.known.as_ref().and_then(|known| known.get(&place).copied());
            self.woken.insert(delivery.destination.clone());
            match known {
                Some(revives) => {
                    revived += u64::from(revives && self.seen.insert(place));
                    self.again.push(delivery.clone());
                }
                // The same place twice in one commit: the later content stands.
                None if !self.seen.insert(place) => self.again.push(delivery.clone()),
                None => {
                    *fresh.entry(delivery.destination.clone()).or_default() += 1;
                    self.new.push(delivery.clone());
                }
            }
        }
        // The core refuses neither: staging is legal wherever an attempt or a command is.
        for (destination, count) in fresh {
            let _ = machine.take(Input::Staged { destination, count }, now);
        }
        if revived > 0 {
            let _ = machine.take(Input::Replayed { count: revived, by: Arc::from("restage") }, now);
        }
    }

    /// Settles a delivery: its row, its children where it is done, the run's figures.
    pub(super) fn settle(
        &mut self,
        machine: &mut Takes<'_>,
        run: RunId,
        settlement: &Settlement,
        lessons: &DeliveryLessons,
        now: Timestamp,
    ) -> crate::Result<()> {
        let Settlement { destination, key, kind, update, end, .. } = settlement;
        if lessons.superseded.contains(&update.id) {
            return Ok(());
        }
        let input = Input::Settled {
            key: key.clone(),
            destination: destination.clone(),
            kind: kind.clone(),
            end: end.clone(),
        };
        if machine.take(input, now).is_err() {
            return Ok(());
        }
        self.settled.push(update, now)?;
        self.settled_ids.push(update.id);
        self.woken.insert(destination.clone());
        if let DeliveryEnd::Done { remote } = end {
            self.unblocked.push(run, destination, key, remote, now);
        }
        Ok(())
    }

    /// Writes deliveries that were sent at once, with the outcome of the attempt that sent them.
    pub(super) fn sent(
        &mut self,
        machine: &mut Takes<'_>,
        run: RunId,
        sent: &[Sent],
        now: Timestamp,
    ) -> crate::Result<()> {
        for Sent { delivery, end } in sent {
            let destination = delivery.destination.clone();
            let fact = match end {
                Ok(remote) => DeliveryEnd::Done { remote: remote.clone() },
                Err(error) => DeliveryEnd::Dead { error: error.clone() },
            };
            let staged = Input::Staged { destination: destination.clone(), count: 1 };
            let settled = Input::Settled {
                key: delivery.key.clone(),
                destination,
                kind: delivery.kind.clone(),
                end: fact,
            };
            if machine.take(staged, now).is_ok() && machine.take(settled, now).is_ok() {
                self.direct.push(write::sent(run, now, delivery, end)?);
            }
        }
        Ok(())
    }

    /// Puts the statements where they belong: leases end before anything else is written, and a child is unblocked after it
    /// was staged in the same commit.
    pub(super) fn put(
        self,
        run: RunId,
        now: Timestamp,
        batch: &mut Batch,
        origins: &mut Vec<Origin>,
    ) -> Woken {
        let mut put = |statement: Statement, origin: Origin| {
            batch.push(statement);
            origins.push(origin);
        };
        if !self.settled_ids.is_empty() {
            put(self.settled.into_statement(), Origin::Settled(self.settled_ids));
        }
        let mut staged = Vec::new();
        if !self.new.is_empty() {
            staged.extend(self.new.iter().map(|new| (new.destination.clone(), new.key.clone())));
            put(write::stage(run, now, &self.new), Origin::Deliveries);
        }
        for statement in self.direct {
            put(statement, Origin::Other);
        }
        for again in &self.again {
            put(write::restage(run, now, again), Origin::Other);
        }
        if let Some(statement) = self.unblocked.into_statement() {
            put(statement, Origin::Other);
        }
        Woken { destinations: self.woken, staged }
    }
}
