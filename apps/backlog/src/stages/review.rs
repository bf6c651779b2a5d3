//! Review: everything is written; each item becomes one to be staged once it is approved.

use super::no_answer;
use crate::{Params, tables::writing};
use activity::{Activity, AttemptFuture, Chunk, Context, EmitError, Items, Outcome, Success};
use model::{Failure, Item};
use serde::Serialize;
use std::sync::Arc;

/// Items of one chunk.
const CHUNK: u32 = 500;

pub(super) struct Review;

#[derive(Serialize)]
struct Listed<'a> {
    title: &'a str,
    kind: &'a str,
}

impl Activity for Review {
    fn run(self: Arc<Self>, context: Context) -> AttemptFuture {
        Box::pin(async move { review(&context).await.unwrap_or_else(|outcome| outcome) })
    }
}

async fn review(context: &Context) -> Result<Outcome, Outcome> {
    let params: Params = context.input().map_err(|error| super::unreadable("the run's input", &error))?;
    let mut success = Success { items: Items::none(), ..Success::default() };
    if params.to.is_none() {
        return Ok(success.into());
    }
    let mut place = String::new();
    loop {
        let page = writing::after(context.db(), context.attempt().run, &place, CHUNK).await;
        let (found, last) = page.map_err(|error| no_answer(&error))?;
        let Some(last) = last else { break };
        let item = |item: &writing::StoredItem| {
            let listed = Listed { title: &item.item.title, kind: item.item.kind.as_str() };
            Item::new(item.key.clone(), &listed).map_err(|error| super::unreadable("an item", &error))
        };
        let items = found.iter().map(item).collect::<Result<Vec<_>, _>>()?;
        if items.len() < CHUNK as usize {
            success.items = Items::These(items);
            break;
        }
        place = last;
        context.emit(Chunk { items, ..Chunk::default() }).await.map_err(|error| match error {
            EmitError::Superseded => Outcome::Cancelled,
            EmitError::Refused(_) => Outcome::from(Failure::transient("chunk_refused", error.to_string())),
        })?;
    }
    Ok(success.into())
}
