//! Stage: one item into the outbox, in the transaction that ends its task.

use super::{no_answer, unreadable};
use crate::{delivery, tables::writing};
use activity::{Activity, AttemptFuture, Context, Outcome, Success};
use serde::Deserialize;
use std::sync::Arc;

pub(super) struct Stage;

/// What of the run's input matters here: an item must not cost a copy of the vision.
#[derive(Deserialize)]
struct Where {
    to: Option<String>,
}

impl Activity for Stage {
    fn run(self: Arc<Self>, context: Context) -> AttemptFuture {
        Box::pin(async move { stage(&context).await.unwrap_or_else(|outcome| outcome) })
    }
}

async fn stage(context: &Context) -> Result<Outcome, Outcome> {
    let attempt = context.attempt();
    let input: Where = context.input().map_err(|error| unreadable("the run's input", &error))?;
    let Some(to) = input.to else { return Ok(Success::empty().into()) };
    let path =
        writing::path(context.db(), attempt.run, &attempt.key).await.map_err(|error| no_answer(&error))?;
    let mut success = Success::empty();
    // What a person left out stays out, with all below it.
    let excluded = path.iter().any(|item| item.excluded);
    match path.last().filter(|item| item.key == attempt.key && !excluded) {
        Some(item) => {
            let delivery = delivery::of(item, &to).map_err(|error| unreadable("the item", &error))?;
            success.effects.deliver(delivery);
            success.effects.write(writing::staged(attempt.run, &item.key, item.version));
        }
        None => success.effects.count("left_out", 1),
    }
    Ok(success.into())
}
