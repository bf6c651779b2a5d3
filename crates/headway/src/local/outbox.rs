//! What the backlog's routes ask of the outbox, on the engine.

use activity::connector::Preview;
use backlog::{Previewed, Previews, Restage};
use engine::Engine;
use model::{NewDelivery, RunId, TaskError, Timestamp};
use web::{Answer, ApiError};

/// The outbox as applications' routes see it.
pub(super) struct Outbox(pub(super) Engine);

/// Messages that their destination itself is asked about for one page: each is a call over the network.
const VALIDATED: usize = 20;

impl Restage for Outbox {
    fn stage(&self, run: RunId, deliveries: Vec<NewDelivery>) -> Answer<'_, usize> {
        Box::pin(async move {
            let count = deliveries.len();
            self.0.stage(run, deliveries).await.map_err(server::problem)?;
            Ok(count)
        })
    }
}

impl Previews for Outbox {
    fn knows(&self, destination: &str) -> Answer<'_, bool> {
        let knows = self.0.destination(destination).is_ok();
        Box::pin(async move { Ok(knows) })
    }

    fn preview(&self, run: RunId, deliveries: Vec<NewDelivery>) -> Answer<'_, Vec<Previewed>> {
        Box::pin(async move {
            let mut shown = Vec::with_capacity(deliveries.len());
            for (index, delivery) in deliveries.iter().enumerate() {
                let preview = self.preview_one(run, delivery).await?;
                let valid = match &preview {
                    Ok(_) if index < VALIDATED => {
                        self.0.validate(run, delivery).await.map_err(server::problem)?
                    }
                    _ => None,
                };
                shown.push(Previewed { preview, valid });
            }
            Ok(shown)
        })
    }
}

impl Outbox {
    async fn preview_one(
        &self,
        run: RunId,
        delivery: &NewDelivery,
    ) -> Result<Result<Preview, TaskError>, ApiError> {
        match self.0.preview(run, delivery, None, Timestamp::default()).await {
            Ok(preview) => Ok(Ok(preview)),
            Err(engine::Error::Destination { error, .. }) => Ok(Err(error)),
            Err(error) => Err(server::problem(error)),
        }
    }
}
