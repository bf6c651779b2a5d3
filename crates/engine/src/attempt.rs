//! One attempt: perform the activity within its time, and report.

use crate::{
    clock,
    lease::{ChunkMessage, Lease, Lines, Message, Report},
    shared::Engine,
};
use activity::{CancelFlag, Chunk, Context, CpuActivity, EmitError, Link, Log, Outcome, Performer, Progress};
use futures_util::FutureExt as _;
use model::Failure;
use parking_lot::Mutex;
use std::{
    any::Any,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};
use store::write::Span;
use tokio::sync::{mpsc, oneshot};

/// Lines that an attempt's log may hold between two commits; more are counted and said.
const MAX_HELD_LINES: usize = 1_000;

/// Longest line of a log, in characters.
const MAX_LINE_CHARS: usize = 8_192;

/// Performs `lease`'s attempt and reports to its run's loop. The slot is given back when the loop has taken the report, so
/// that attempts never run far ahead of what is committed.
pub(crate) async fn perform(engine: Engine, lease: Arc<Lease>, inbox: mpsc::Sender<Message>) {
    let flag = CancelFlag::default();
    let began = std::time::Instant::now();
    let started_at = clock::now();
    let link = Arc::new(AttemptLink {
        engine: engine.clone(),
        lease: lease.clone(),
        inbox: inbox.clone(),
        held: Mutex::default(),
        beat_at: AtomicI64::new(started_at.0),
    });
    engine.attempts().begin(&lease, &flag);
    let context =
        Context::new(lease.attempt.clone(), flag.clone(), engine.store().db().clone(), link.clone());
    let outcome = within_its_time(&engine, &lease, &flag, &link, context).await;
    let (outcome, sent) = crate::relay::send(&engine, &lease, outcome).await;
    engine.attempts().end(&lease);
    let ended = crate::limits::Ended::of(&outcome);
    let lines = link.take_lines();
    let span = Span { started_at, ended_at: clock::now().max(started_at) };
    let report = Report { lease: lease.clone(), span, outcome, sent, lines };
    // The inbox is closed where the run is over: then nobody wants the outcome any more.
    let _ = inbox.send(Message::Report(report)).await;
    engine.dispatcher().finished(&engine, &lease, began.elapsed(), ended);
}

async fn within_its_time(
    engine: &Engine,
    lease: &Lease,
    flag: &CancelFlag,
    link: &AttemptLink,
    context: Context,
) -> Outcome {
    let work = &lease.work;
    let abandoned = Arc::new(AtomicBool::new(false));
    let performing = start(engine, work.performer.clone(), context, abandoned.clone());
    let outcome = if work.timeout_ms.is_none() && work.heartbeat_timeout_ms.is_none() {
        return performing.await;
    } else {
        tokio::select! {
            biased;
            outcome = performing => return outcome,
            failure = overdue(work.timeout_ms, work.heartbeat_timeout_ms, link) => failure,
        }
    };
    flag.raise();
    if matches!(work.performer, Performer::Cpu(_)) {
        abandoned.store(true, Ordering::Release);
        engine.threads().abandon();
    }
    Outcome::from(outcome)
}

/// Resolves when the attempt has overrun its time or been silent for too long.
async fn overdue(timeout_ms: Option<u64>, silence_ms: Option<u64>, link: &AttemptLink) -> Failure {
    let timeout = async {
        match timeout_ms {
            Some(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            None => std::future::pending().await,
        }
    };
    let silence = async {
        let Some(limit) = silence_ms else { return std::future::pending().await };
        loop {
            let quiet = clock::now().since(model::Timestamp(link.beat_at.load(Ordering::Acquire)));
            if quiet >= limit {
                return;
            }
            tokio::time::sleep(Duration::from_millis(limit - quiet)).await;
        }
    };
    tokio::select! {
        () = timeout => {
            let ms = timeout_ms.unwrap_or_default();
            Failure::transient("timeout", format!("the attempt took longer than {ms} ms"))
        }
        () = silence => {
            let ms = silence_ms.unwrap_or_default();
            Failure::transient("heartbeat_timeout", format!("the attempt was silent for {ms} ms"))
        }
    }
}

type Performing = Pin<Box<dyn Future<Output = Outcome> + Send>>;

fn start(engine: &Engine, performer: Performer, context: Context, abandoned: Arc<AtomicBool>) -> Performing {
    match performer {
        Performer::Async(activity, _) => {
            // An activity may panic when it is called as well as when it is polled.
            let called = std::panic::catch_unwind(AssertUnwindSafe(|| activity.run(context)));
            match called {
                Ok(future) => Box::pin(async move {
                    AssertUnwindSafe(future).catch_unwind().await.unwrap_or_else(|panic| panicked(&*panic))
                }),
                Err(panic) => Box::pin(std::future::ready(panicked(&*panic))),
            }
        }
        Performer::Cpu(activity) => on_a_thread(engine, activity, context, abandoned),
    }
}

fn on_a_thread(
    engine: &Engine,
    activity: Arc<dyn CpuActivity>,
    context: Context,
    abandoned: Arc<AtomicBool>,
) -> Performing {
    let (reply, answer) = oneshot::channel();
    let threads = engine.threads().clone();
    engine.threads().run(Box::new(move || {
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| activity.run(&context)))
            .unwrap_or_else(|panic| panicked(&*panic));
        if abandoned.load(Ordering::Acquire) {
            threads.returned();
        }
        // Nobody listens where the attempt overran its time.
        let _ = reply.send(outcome);
    }));
    Box::pin(async move {
        answer.await.unwrap_or_else(|_| {
            Outcome::from(Failure::transient(
                "thread_lost",
                "the thread of the attempt ended without an answer",
            ))
        })
    })
}

/// A panic is a fault in the activity's code: the same attempt would panic again.
fn panicked(panic: &(dyn Any + Send)) -> Outcome {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message");
    Outcome::from(Failure::permanent("panicked", format!("the activity panicked: {text}")))
}

/// What the engine does for a running attempt.
struct AttemptLink {
    engine: Engine,
    lease: Arc<Lease>,
    inbox: mpsc::Sender<Message>,
    held: Mutex<HeldLines>,
    beat_at: AtomicI64,
}

#[derive(Default)]
struct HeldLines {
    lines: Vec<Log>,
    dropped: u64,
}

impl AttemptLink {
    fn take_lines(&self) -> Vec<Log> {
        let mut held = self.held.lock();
        let mut lines = std::mem::take(&mut held.lines);
        if held.dropped > 0 {
            let message = format!("{} further lines came too fast and were dropped", held.dropped);
            lines.push(Log { level: "warn", message: Arc::from(message) });
            held.dropped = 0;
        }
        lines
    }

    fn message(&self, chunk: Chunk) -> (Message, oneshot::Receiver<Result<(), EmitError>>) {
        self.heartbeat();
        let (reply, answer) = oneshot::channel();
        let lines = self.take_lines();
        (Message::Chunk(ChunkMessage { lease: self.lease.clone(), chunk, lines, reply }), answer)
    }
}

impl Link for AttemptLink {
    fn emit(&self, chunk: Chunk) -> Pin<Box<dyn Future<Output = Result<(), EmitError>> + Send + '_>> {
        Box::pin(async move {
            let (message, answer) = self.message(chunk);
            self.inbox.send(message).await.map_err(|_| EmitError::Superseded)?;
            answer.await.unwrap_or(Err(EmitError::Superseded))
        })
    }

    fn emit_blocking(&self, chunk: Chunk) -> Result<(), EmitError> {
        let (message, answer) = self.message(chunk);
        self.inbox.blocking_send(message).map_err(|_| EmitError::Superseded)?;
        answer.blocking_recv().unwrap_or(Err(EmitError::Superseded))
    }

    fn progress(&self, progress: Progress) {
        self.heartbeat();
        let held = &self.lease.held;
        self.engine.hub().progress(
            held.run,
            stream::ItemProgress {
                stage: held.stage,
                key: held.key.clone(),
                attempt: self.lease.attempt.attempt,
                done: progress.done,
                total: progress.total,
                message: progress.message,
            },
        );
    }

    fn log(&self, mut line: Log) {
        self.heartbeat();
        if line.message.chars().count() > MAX_LINE_CHARS {
            let cut: String = line.message.chars().take(MAX_LINE_CHARS).collect();
            line.message = Arc::from(cut + "…");
        }
        {
            let mut held = self.held.lock();
            if held.lines.len() >= MAX_HELD_LINES {
                held.dropped += 1;
                return;
            }
            held.lines.push(line);
        }
        // Where the loop has no room, the lines go with the next message.
        if let Ok(permit) = self.inbox.try_reserve() {
            let lines = self.take_lines();
            permit.send(Message::Lines(Lines { lease: self.lease.clone(), lines }));
        }
    }

    fn pace(&self, hint: activity::connector::PaceHint) {
        self.engine.dispatcher().hear(&self.lease, hint);
    }

    fn heartbeat(&self) {
        self.beat_at.store(clock::now().0, Ordering::Release);
    }
}
