//! From items to deliveries, and what the routes ask of the outbox.

use crate::{keys, tables::writing::StoredItem};
use activity::connector::Preview;
use model::{NewDelivery, RunId, TaskError};
use serde_json::value::RawValue;
use std::sync::Arc;
use web::Answer;

/// Stages deliveries outside of an attempt. The binary implements it on the engine.
pub trait Restage: Send + Sync + 'static {
    /// Stages deliveries of a run: a key that was staged before is replaced unless it was sent. Answers how many are to be
    /// sent now. Durable when it answers.
    fn stage(&self, run: RunId, deliveries: Vec<NewDelivery>) -> Answer<'_, usize>;
}

/// Shows what a destination would be sent. The binary implements it on the engine and the connectors.
pub trait Previews: Send + Sync + 'static {
    /// Whether there is a destination of that name.
    fn knows(&self, destination: &str) -> Answer<'_, bool>;

    /// What would be sent for each delivery, in their order, with the destination's own check where it has one. Nothing is
    /// staged.
    fn preview(&self, run: RunId, deliveries: Vec<NewDelivery>) -> Answer<'_, Vec<Previewed>>;
}

/// What would be sent for one delivery.
#[derive(Clone, Debug)]
pub struct Previewed {
    /// The request; an error where the item does not fit the destination.
    pub preview: Result<Preview, TaskError>,
    /// What the destination says of it; `None` where it was not asked, or cannot be.
    pub valid: Option<Result<(), TaskError>>,
}

/// The delivery of an item.
///
/// # Errors
/// Where the item has no JSON form.
pub(crate) fn of(item: &StoredItem, destination: &str) -> Result<NewDelivery, serde_json::Error> {
    Ok(NewDelivery {
        key: item.key.clone(),
        kind: Arc::from(item.item.kind.as_str()),
        level: item.item.kind.level(),
        title: Arc::from(item.item.title.as_str()),
        destination: Arc::from(destination),
        payload: Arc::<RawValue>::from(serde_json::value::to_raw_value(&item.item)?),
        parent: keys::parent(&item.key).map(Arc::from),
        order_key: None,
    })
}
