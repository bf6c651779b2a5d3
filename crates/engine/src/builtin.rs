//! Activities that every server has: for pipelines written by hand, for trying things out, for measuring.

use activity::{Activity, AttemptFuture, Chunk, Context, EmitError, Items, Outcome, Registry, Success};
use model::{Failure, Item, WaitClass};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

/// Most items that `builtin.range` makes.
const MAX_RANGE: u64 = 100_000_000;

/// Items of one chunk.
const CHUNK: u64 = 2_000;

pub(crate) fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.add("builtin.noop", WaitClass::Io, Noop);
    registry.add("builtin.delay", WaitClass::Io, Delay);
    registry.add("builtin.range", WaitClass::Io, Range);
    registry.add("builtin.fail", WaitClass::Io, Fail);
    registry.add("builtin.log", WaitClass::Io, Log);
    registry
}

/// Does nothing, durably.
struct Noop;

impl Activity for Noop {
    fn run(self: Arc<Self>, _: Context) -> AttemptFuture {
        Box::pin(std::future::ready(Success::empty().into()))
    }
}

/// Waits for `ms` milliseconds; ends at once where it is cancelled.
struct Delay;

#[derive(Deserialize)]
struct DelayParams {
    ms: u64,
}

impl Activity for Delay {
    fn run(self: Arc<Self>, context: Context) -> AttemptFuture {
        Box::pin(async move {
            let DelayParams { ms } = match context.params() {
                Ok(params) => params,
                Err(error) => return bad_params("builtin.delay", &error),
            };
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(ms)) => Success::empty().into(),
                () = context.cancelled() => Outcome::Cancelled,
            }
        })
    }
}

/// Makes `count` items, from 0; `count` from the parameters, or from the input's `count`.
struct Range;

#[derive(Deserialize)]
struct RangeParams {
    count: Option<u64>,
}

impl Activity for Range {
    fn run(self: Arc<Self>, context: Context) -> AttemptFuture {
        Box::pin(async move {
            let asked = context.params::<RangeParams>().ok().and_then(|params| params.count);
            let from_input = || context.input::<RangeParams>().ok().and_then(|input| input.count);
            let Some(count) = asked.or_else(from_input).filter(|count| *count <= MAX_RANGE) else {
                let text = format!(
                    "builtin.range needs a `count` of at most {MAX_RANGE}, as parameter or in the input"
                );
                return Failure::permanent("bad_params", text).into();
            };
            emit_range(&context, count).await
        })
    }
}

async fn emit_range(context: &Context, count: u64) -> Outcome {
    let mut next = 0;
    while next < count {
        let upto = (next + CHUNK).min(count);
        let items: Result<Vec<Item>, _> = (next..upto).map(|n| Item::new(format!("{n:09}"), &n)).collect();
        let items = match items {
            Ok(items) => items,
            Err(error) => return Failure::permanent("not_json", error.to_string()).into(),
        };
        match context.emit(Chunk { items, ..Chunk::default() }).await {
            Ok(()) => {}
            Err(EmitError::Superseded) => return Outcome::Cancelled,
            Err(error @ EmitError::Refused(_)) => {
                return Failure::transient("chunk_refused", error.to_string()).into();
            }
        }
        next = upto;
        context.progress(next, count, "items made");
    }
    Outcome::Success(Success { items: Items::none(), ..Success::default() })
}

/// Fails until attempt number `until` (0: always), for trying out retries.
struct Fail;

#[derive(Deserialize, Default)]
struct FailParams {
    #[serde(default)]
    until: u32,
    #[serde(default)]
    permanent: bool,
}

impl Activity for Fail {
    fn run(self: Arc<Self>, context: Context) -> AttemptFuture {
        let params: FailParams = context.params().unwrap_or_default();
        let attempt = context.attempt().attempt;
        let outcome = if params.until > 0 && attempt >= params.until {
            Success::empty().into()
        } else if params.permanent {
            Failure::permanent("asked_to_fail", "the stage's parameters ask for this failure").into()
        } else {
            Failure::transient("asked_to_fail", "the stage's parameters ask for this failure").into()
        };
        Box::pin(std::future::ready(outcome))
    }
}

/// Writes `message` to the run's log.
struct Log;

#[derive(Deserialize)]
struct LogParams {
    message: String,
}

impl Activity for Log {
    fn run(self: Arc<Self>, context: Context) -> AttemptFuture {
        let outcome = match context.params::<LogParams>() {
            Ok(params) => {
                context.log("info", params.message);
                Success::empty().into()
            }
            Err(error) => bad_params("builtin.log", &error),
        };
        Box::pin(std::future::ready(outcome))
    }
}

fn bad_params(activity: &str, error: &serde_json::Error) -> Outcome {
    Failure::permanent("bad_params", format!("{activity}: {error}; see the activity's parameters")).into()
}
