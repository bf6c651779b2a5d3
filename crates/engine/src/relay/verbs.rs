//! What people ask of the outbox.

use super::{DestinationStatus, close_lane, lane, open_lane};
use crate::{Command, Error, Result, clock, node, shared::Engine};
use activity::connector::{Parcel, Preview};
use model::{
    Delivery, DeliveryState, Destination, NewDelivery, Paused, Remote, RunId, TaskError, Timestamp,
    delivery_reference,
};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc};
use store::{DeliveryFilter, DeliveryRecord, outbox::write};

/// Deliveries replayed in one commit.
const PIECE: usize = 500;

/// Most deliveries that one replay takes.
const MAX_REPLAY: usize = 100_000;

/// Deliveries shown of a replay.
const SAMPLE: usize = 100;

/// Which deliveries are replayed: those that all of it holds for.
#[derive(Clone, Debug, Default)]
pub struct ReplayFilter {
    /// These.
    pub ids: Option<Vec<i64>>,
    /// This one and all that hang on it.
    pub subtree_of: Option<i64>,
    /// Of a run, destination or time.
    pub filter: DeliveryFilter,
}

/// What a replay did, or would do.
#[derive(Clone, Debug, Default)]
pub struct Replayed {
    /// Dead deliveries that were meant.
    pub matched: usize,
    /// Those made pending.
    pub replayed: usize,
    /// The first of them.
    pub sample: Vec<DeliveryRecord>,
}

impl Engine {
    /// All destinations and how they do, by name.
    pub fn destinations(&self) -> Vec<DestinationStatus> {
        self.relay().all().iter().map(|lane| lane.status()).collect()
    }

    /// One destination and how it does.
    ///
    /// # Errors
    /// [`Error::UnknownDestination`].
    pub fn destination(&self, name: &str) -> Result<DestinationStatus> {
        Ok(self.lane(name)?.status())
    }

    fn lane(&self, name: &str) -> Result<Arc<lane::Lane>> {
        self.relay().lane(name).ok_or_else(|| Error::UnknownDestination(name.to_owned()))
    }

    /// Adds a destination. Its settings must make a connector.
    ///
    /// # Errors
    /// [`Error::Destination`] where the settings do not make one, [`Error::Db`] (a unique violation where the name is taken).
    pub async fn add_destination(&self, destination: Destination) -> Result<DestinationStatus> {
        self.check(&destination).await?;
        let insert = write::destination_insert(&destination, clock::now())?;
        self.store().db().execute(db::Batch::from(insert)).await?;
        let name = destination.name.clone();
        open_lane(self, destination);
        // Its status is complete from the start; what stands in the way is part of it.
        let _ = self.lane(&name)?.connected(self).await;
        self.destination(&name)
    }

    /// Gives a destination other settings; what is under way ends under the old ones.
    ///
    /// # Errors
    /// As [`Engine::add_destination`], and [`Error::UnknownDestination`].
    pub async fn change_destination(&self, mut destination: Destination) -> Result<DestinationStatus> {
        let lane = self.lane(&destination.name)?;
        self.check(&destination).await?;
        destination.paused = lane.destination().paused;
        let update = write::destination_update(&destination, clock::now())?;
        self.store().db().execute(db::Batch::from(update)).await?;
        lane.change(destination);
        Ok(lane.status())
    }

    /// Forgets a destination.
    ///
    /// # Errors
    /// [`Error::UnknownDestination`]; [`Error::Destination`] while something is to be delivered to it.
    pub async fn remove_destination(&self, name: &str) -> Result<()> {
        self.lane(name)?;
        match self.store().db().execute(db::Batch::from(write::destination_delete(name))).await {
            Ok(_) => {
                close_lane(self, name);
                Ok(())
            }
            Err(db::Error::Expectation { .. }) => {
                let error = TaskError::new("destination_in_use", "it has deliveries that are not done")
                    .with_help("Cancel their runs, or let them be delivered first.");
                Err(Error::Destination { name: name.to_owned(), error })
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn check(&self, destination: &Destination) -> Result<()> {
        let unusable = |error| Error::Destination { name: destination.name.to_string(), error };
        let connectors = self.relay().connectors.as_ref();
        let connectors = connectors
            .ok_or_else(|| unusable(TaskError::new("no_connectors", "this process sends nothing")))?;
        connectors.connect(destination).await.map(|_| ()).map_err(unusable)
    }

    /// Sends nothing more to a destination until it is resumed.
    ///
    /// # Errors
    /// [`Error::UnknownDestination`], [`Error::Db`].
    pub async fn pause_destination(&self, name: &str, by: &str, reason: &str) -> Result<DestinationStatus> {
        let lane = self.lane(name)?;
        let mut destination = lane.destination();
        if destination.paused.is_none() {
            let reason = if reason.is_empty() { format!("paused by {by}") } else { reason.to_owned() };
            let paused =
                Paused { code: Arc::from("by_user"), reason: Arc::from(reason.as_str()), at: clock::now() };
            self.store().db().execute(db::Batch::from(write::destination_pause(name, &paused))).await?;
            destination.paused = Some(paused);
            lane.change(destination);
            let data = json!({ "destination": name, "code": "by_user", "reason": reason, "by": by });
            node::note(self, "destination.paused", &data).await;
        }
        Ok(lane.status())
    }

    /// Lets a destination go on.
    ///
    /// # Errors
    /// As [`Engine::pause_destination`].
    pub async fn resume_destination(&self, name: &str, by: &str) -> Result<DestinationStatus> {
        let lane = self.lane(name)?;
        let mut destination = lane.destination();
        if destination.paused.is_some() {
            self.store().db().execute(db::Batch::from(write::destination_resume(name))).await?;
            destination.paused = None;
            lane.change(destination);
            node::note(self, "destination.resumed", &json!({ "destination": name, "by": by })).await;
        }
        // A credential may have been replaced meanwhile.
        lane.reconnect();
        Ok(lane.status())
    }

    /// Tries a destination's connection and credential; the answer says what was found.
    ///
    /// # Errors
    /// [`Error::UnknownDestination`]; the inner error is what the destination said.
    pub async fn test_destination(&self, name: &str) -> Result<std::result::Result<String, TaskError>> {
        let lane = self.lane(name)?;
        Ok(match lane.connected(self).await {
            Ok(connected) => connected.connector.test().await,
            Err(problem) => Err(problem),
        })
    }

    /// A secret has changed: destinations that use it connect anew.
    pub fn secret_changed(&self, name: &str) {
        for lane in self.relay().all() {
            if lane.destination().credential.as_deref() == Some(name) {
                lane.reconnect();
            }
        }
    }

    /// Exactly what would be sent for a staged delivery.
    ///
    /// # Errors
    /// [`Error::DeliveryNotFound`], [`Error::UnknownDestination`], [`Error::Destination`].
    pub async fn preview_delivery(&self, id: i64) -> Result<Preview> {
        let record = self.store().delivery(id).await?.ok_or(Error::DeliveryNotFound(id))?;
        let Delivery { run, message, staged_at, .. } = record.delivery;
        self.preview(run, &message, record.parent, staged_at).await
    }

    /// Exactly what would be sent for a message that is not staged, or not yet.
    ///
    /// # Errors
    /// As [`Engine::preview_delivery`].
    pub async fn preview(
        &self,
        run: RunId,
        message: &NewDelivery,
        parent: Option<Remote>,
        staged_at: Timestamp,
    ) -> Result<Preview> {
        let name = &*message.destination;
        let unusable = |error| Error::Destination { name: name.to_owned(), error };
        let connected = self.lane(name)?.connected(self).await.map_err(unusable)?;
        connected.connector.preview(&new_parcel(run, message, parent, staged_at)).map_err(unusable)
    }

    /// Asks the destination itself whether it would take a message; `None` where it cannot be asked.
    ///
    /// # Errors
    /// As [`Engine::preview_delivery`].
    pub async fn validate(
        &self,
        run: RunId,
        message: &NewDelivery,
    ) -> Result<Option<std::result::Result<(), TaskError>>> {
        let name = &*message.destination;
        let unusable = |error| Error::Destination { name: name.to_owned(), error };
        let connected = self.lane(name)?.connected(self).await.map_err(unusable)?;
        Ok(connected.connector.validate(&new_parcel(run, message, None, clock::now())).await)
    }

    /// Stages deliveries of a run outside an attempt. Known keys get the new content, unless they were sent.
    ///
    /// # Errors
    /// [`Error::RunNotFound`], [`Error::Store`].
    pub async fn stage(&self, run: RunId, deliveries: Vec<NewDelivery>) -> Result<()> {
        self.command(run, Command::Stage { deliveries }).await.map(|_| ())
    }

    /// Makes dead deliveries pending again, or says which would be.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn replay(&self, which: &ReplayFilter, by: &str, dry_run: DryRun) -> Result<Replayed> {
        let dead = self.dead(which).await?;
        let mut done = Replayed { matched: dead.len(), ..Replayed::default() };
        done.sample.extend(dead.iter().take(SAMPLE).cloned());
        if dry_run == DryRun::Yes {
            return Ok(done);
        }
        let mut by_run: BTreeMap<RunId, Vec<i64>> = BTreeMap::new();
        for record in &dead {
            by_run.entry(record.delivery.run).or_default().push(record.delivery.id);
        }
        for (run, ids) in by_run {
            for piece in ids.chunks(PIECE) {
                let command = Command::Replay { ids: piece.to_vec(), by: Arc::from(by) };
                match self.command(run, command).await {
                    Ok(_) => done.replayed += piece.len(),
                    // Somebody was faster.
                    Err(Error::NothingToReplay(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(done)
    }

    async fn dead(&self, which: &ReplayFilter) -> Result<Vec<DeliveryRecord>> {
        let is_meant = |record: &DeliveryRecord| {
            let Delivery { run, message, state, changed_at, .. } = &record.delivery;
            let filter = &which.filter;
            *state == DeliveryState::Dead
                && filter.run.is_none_or(|only| only == *run)
                && filter.destination.as_deref().is_none_or(|only| *only == *message.destination)
                && filter.from.is_none_or(|from| *changed_at >= from)
                && filter.to.is_none_or(|to| *changed_at <= to)
        };
        let named = match (&which.ids, which.subtree_of) {
            (Some(ids), _) => Some(ids.clone()),
            (None, Some(root)) => Some(self.store().delivery_subtree(root).await?),
            (None, None) => None,
        };
        let mut dead = Vec::new();
        if let Some(ids) = named {
            for id in ids {
                dead.extend(self.store().delivery(id).await?.filter(is_meant));
            }
            return Ok(dead);
        }
        let mut filter = which.filter.clone();
        filter.states = vec![DeliveryState::Dead];
        filter.limit = store::MAX_PAGE;
        while dead.len() < MAX_REPLAY {
            let page = self.store().deliveries(&filter).await?;
            let Some(last) = page.last() else { break };
            filter.after = Some(last.delivery.id);
            dead.extend(page);
        }
        Ok(dead)
    }
}

/// Whether a verb only says what it would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DryRun {
    /// It does.
    No,
    /// It only says.
    Yes,
}

pub(super) fn new_parcel(
    run: RunId,
    message: &NewDelivery,
    parent: Option<Remote>,
    staged_at: Timestamp,
) -> Parcel {
    Parcel {
        run,
        key: message.key.clone(),
        kind: message.kind.clone(),
        title: message.title.clone(),
        payload: message.payload.clone(),
        parent,
        reference: Arc::from(delivery_reference(run, &message.destination, &message.key)),
        staged_at: staged_at.0,
    }
}
