//! The workflow: waits, asks [`Drive`] what to do, has it done.
#![expect(missing_docs, reason = "the macro makes a constant for each handler, and gives it no words")]

use crate::{
    activities::{Activities, GONE},
    drive::{Drive, Tuning},
    wire::{Ask, Asked, Awaited, Begin, Reply, SignalSent, Tell, temporal},
};
use engine::{ChunkAnswer, ChunkOrder, Command, Committed, Projection, Step};
use futures_util::{FutureExt as _, future::LocalBoxFuture};
use model::{Input, Run, RunState, Timestamp};
use std::{
    collections::{BTreeMap, VecDeque},
    future::poll_fn,
    sync::Arc,
    task::Poll,
    time::{Duration, UNIX_EPOCH},
};
use temporalio_common::RetryPolicy;
use temporalio_sdk::{
    ActivityCancellationType, ActivityExecutionError, ActivityOptions, ContinueAsNewOptions,
    SyncWorkflowContext, TimerOptions, WaitConditionOptions, WorkflowCancellationToken, WorkflowContext,
    WorkflowContextView, WorkflowResult, WorkflowTermination,
};
use temporalio_workflow::{workflow, workflow_methods};

/// Longest time of one try of an activity that only reads or writes rows: so long a worker's death in one goes unnoticed. Trying
/// again while the first is still at it does no harm.
const ROWS: Duration = Duration::from_secs(10);

/// How often a run of which only deliveries are left is looked at, should nobody say that it has ended.
const LOOK: Duration = Duration::from_secs(60);

/// Drives one run: holds its state, decides by the core, and has everything else done by activities.
#[workflow]
pub struct HeadwayRun {
    begin: Begin,
    told: VecDeque<Tell>,
    commands: VecDeque<(u64, Command)>,
    replies: BTreeMap<u64, Reply>,
    asked: u64,
    changed: bool,
    run: Option<Run>,
    awaited: Vec<Awaited>,
}

#[workflow_methods]
impl HeadwayRun {
    /// Begins with nothing known but the run's id.
    #[init]
    pub fn new(_ctx: &WorkflowContextView, begin: Begin) -> Self {
        Self {
            begin,
            told: VecDeque::new(),
            commands: VecDeque::new(),
            replies: BTreeMap::new(),
            asked: 0,
            changed: false,
            run: None,
            awaited: Vec::new(),
        }
    }

    /// Drives the run to its end.
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        drive(ctx).await
    }

    /// What a chunk under way has committed.
    #[signal]
    pub fn committed(&mut self, _ctx: &mut SyncWorkflowContext<Self>, tell: Tell) {
        self.told.push_back(tell);
    }

    /// The run's row has changed by another hand.
    #[signal]
    pub fn changed(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _nothing: ()) {
        self.changed = true;
    }

    /// Headway's signal, for those who are at the cluster.
    #[signal]
    pub fn signal(&mut self, _ctx: &mut SyncWorkflowContext<Self>, sent: SignalSent) {
        self.asked += 1;
        self.commands.push_back((self.asked, sent.into()));
    }

    /// A command: answered when it is on the disk, or refused.
    #[update]
    pub async fn command(ctx: &mut WorkflowContext<Self>, command: Command) -> Reply {
        let id = ctx.state_mut(|state| {
            state.asked += 1;
            let id = state.asked;
            state.commands.push_back((id, command));
            id
        });
        let options = apart();
        let _ = ctx.wait_condition_with_options(move |state| state.replies.contains_key(&id), options).await;
        let gone = Reply::Refused {
            code: String::from("not_answered"),
            message: String::from("the run ended before it could answer"),
        };
        ctx.state_mut(|state| state.replies.remove(&id)).unwrap_or(gone)
    }

    /// The run's state, without what it runs on; nothing before it was read.
    #[query]
    pub fn status(&self, _ctx: &WorkflowContextView) -> Option<Run> {
        self.run.clone()
    }

    /// The signals that the run waits for.
    #[query]
    pub fn awaited(&self, _ctx: &WorkflowContextView) -> Vec<Awaited> {
        self.awaited.clone()
    }
}

type Ctx = WorkflowContext<HeadwayRun>;

/// How an activity ended that nobody can do without.
enum Stop {
    /// The run was deleted: nothing is left to do.
    Gone,
    /// The SDK's own.
    Sdk(WorkflowTermination),
}

impl From<ActivityExecutionError> for Stop {
    fn from(error: ActivityExecutionError) -> Self {
        let of = error.failure().and_then(|failure| failure.cause.as_deref());
        let info = of.and_then(|cause| cause.maybe_application_failure());
        match info {
            Some(info) if info.r#type == GONE => Self::Gone,
            _ => Self::Sdk(error.into()),
        }
    }
}

impl From<WorkflowTermination> for Stop {
    fn from(end: WorkflowTermination) -> Self {
        Self::Sdk(end)
    }
}

async fn drive(ctx: &Ctx) -> WorkflowResult<String> {
    match drive_to_its_end(ctx).await {
        Ok(state) => Ok(state),
        Err(Stop::Gone) => Ok(String::from("gone")),
        Err(Stop::Sdk(end)) => Err(end),
    }
}

async fn drive_to_its_end(ctx: &Ctx) -> Result<String, Stop> {
    let begin = ctx.state(|state| state.begin.clone());
    let adopted = ctx.execute_activity(Activities::adopt, begin.run, rows()).await?;
    let mut host = Host {
        ctx,
        tuning: begin.tuning,
        drive: Drive::new(adopted, begin.tuning),
        chunks: Vec::new(),
        timer: None,
        done: 0,
        was_cancelled: false,
    };
    if host.drive.run().state == RunState::Queued {
        host.take(Input::Start).await?;
    }
    host.project().await?;
    loop {
        host.catch_up().await?;
        if host.is_finished() {
            return Ok(host.drive.run().state.as_str().to_owned());
        }
        if host.renews() {
            if host.chunks.is_empty() && ctx.all_handlers_finished() {
                ctx.continue_as_new(begin.clone(), ContinueAsNewOptions::default())?;
            }
        } else {
            host.begin_chunks();
        }
        host.wait().await?;
    }
}

/// A wait that goes on when the workflow is cancelled: the run's own cancellation ends it.
fn apart() -> WaitConditionOptions {
    WaitConditionOptions::builder().cancellation_token(WorkflowCancellationToken::new()).build()
}

/// Activities that only read or write rows: tried until the store answers, whatever becomes of the workflow.
fn rows() -> ActivityOptions {
    let retry = RetryPolicy::builder()
        .initial_interval(Duration::from_millis(100))
        .maximum_interval(Duration::from_secs(5))
        .build();
    ActivityOptions::with_start_to_close_timeout(ROWS)
        .cancellation_token(WorkflowCancellationToken::new())
        .retry_policy(retry)
        .build()
}

type Answer = Result<ChunkAnswer, ActivityExecutionError>;

/// A chunk under way.
struct Chunk<'a> {
    order: ChunkOrder,
    token: WorkflowCancellationToken,
    answer: LocalBoxFuture<'a, Answer>,
}

/// A timer under way.
struct Timer<'a> {
    at: Timestamp,
    token: WorkflowCancellationToken,
    fires: LocalBoxFuture<'a, ()>,
}

/// A run being driven by a workflow.
struct Host<'a> {
    ctx: &'a Ctx,
    tuning: Tuning,
    drive: Drive,
    chunks: Vec<Chunk<'a>>,
    timer: Option<Timer<'a>>,
    /// Chunks and projections of this execution.
    done: u32,
    was_cancelled: bool,
}

/// What the workflow waited for.
enum Woke {
    Chunk(usize, Box<Answer>),
    Timer,
    News,
    Cancelled,
}

impl<'a> Host<'a> {
    fn now(&self) -> Timestamp {
        let since = self.ctx.workflow_time().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Timestamp(since.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or_default())
    }

    /// Takes everything that has come in, and has it written.
    async fn catch_up(&mut self) -> Result<(), Stop> {
        loop {
            while let Some(tell) = self.ctx.state_mut(|state| state.told.pop_front()) {
                let flying = self.drive.flying(tell.lane).filter(|flying| flying.order.number == tell.number);
                if flying.is_some() {
                    self.fold(tell.lane, tell.number, tell.commits).await?;
                }
            }
            if let Some(stage) = self.drive.overdue(self.now()) {
                self.take(Input::SignalExpired { stage }).await?;
            }
            self.project().await?;
            if self.ctx.state_mut(|state| std::mem::take(&mut state.changed)) {
                let run = self.ctx.execute_activity(Activities::look, self.drive.run().id, rows()).await?;
                self.drive.adopt(run);
                self.show();
            }
            let Some((id, command)) = self.ctx.state_mut(|state| state.commands.pop_front()) else {
                if self.ctx.state(|state| state.told.is_empty()) {
                    return Ok(());
                }
                continue;
            };
            let reply = self.command(command).await?;
            self.ctx.state_mut(|state| state.replies.insert(id, reply));
        }
    }

    async fn fold(&mut self, lane: u32, number: i64, commits: Vec<Committed>) -> Result<(), Stop> {
        for commit in commits {
            if self.drive.is_fatal(&commit) {
                // What else is under way may have ended well, and counts before the run ends.
                self.collect_all(Some(lane)).await?;
            }
            self.drive.fold(lane, number, commit);
        }
        Ok(())
    }

    async fn take(&mut self, input: Input) -> Result<(), Stop> {
        let step = Step::of(self.now(), input);
        // The inputs that come this way are asked for by the run's own state.
        let _ = self.drive.take(step);
        Ok(())
    }

    /// Asks the store what a command means, lets the core take it, and has it written.
    async fn command(&mut self, command: Command) -> Result<Reply, Stop> {
        let is_end = matches!(command, Command::Cancel { .. });
        if is_end && !self.drive.is_over() {
            self.collect_all(None).await?;
            self.project().await?;
        }
        let ask = Ask { run: self.drive.run().id, command, at: self.now() };
        let step = match self.ctx.execute_activity(Activities::ask, ask, rows()).await? {
            Asked::Step(step) => *step,
            Asked::Refused { code, message } => return Ok(Reply::Refused { code, message }),
        };
        if let Err(refused) = self.drive.take(step) {
            let code = match refused {
                headway_core::Refused::NotAwaited(_) => "signal_not_awaited",
                headway_core::Refused::NothingToRetry => "nothing_to_retry",
                headway_core::Refused::NothingToRedo(_) => "nothing_to_redo",
                _ => "illegal_transition",
            };
            return Ok(Reply::Refused { code: code.to_owned(), message: refused.to_string() });
        }
        // Chunks of a paused run see it by its row.
        Ok(match self.project().await? {
            Some(message) => Reply::Refused { code: String::from("illegal_transition"), message },
            None => Reply::Done,
        })
    }

    /// Has what was folded written; why the last step was refused, if it was.
    async fn project(&mut self) -> Result<Option<String>, Stop> {
        if !self.drive.has_steps() {
            return Ok(None);
        }
        let (steps, folded) = self.drive.take_steps();
        let last = steps.len().saturating_sub(1);
        let projection = Projection { run: self.drive.run().id, number: self.drive.number(), steps, folded };
        self.done += 1;
        let projected = self.ctx.execute_activity(Activities::project, projection, rows()).await?;
        self.drive.adopt(projected.run);
        self.show();
        Ok(projected.refused.into_iter().find(|(index, _)| *index == last).map(|(_, why)| why))
    }

    /// Shows the state to those who query it.
    fn show(&self) {
        let (run, awaited) = (self.drive.run().clone(), self.drive.awaited());
        self.ctx.state_mut(|state| {
            state.run = Some(run);
            state.awaited = awaited;
        });
    }

    fn is_finished(&self) -> bool {
        self.drive.is_over() && self.chunks.is_empty() && self.ctx.all_handlers_finished()
    }

    fn renews(&self) -> bool {
        !self.drive.is_over()
            && (self.done >= self.tuning.renew_after || self.ctx.continue_as_new_suggested())
    }

    fn begin_chunks(&mut self) {
        for order in self.drive.begin_chunks(self.now()) {
            self.done += 1;
            let token = WorkflowCancellationToken::new();
            let retry = RetryPolicy::builder()
                .initial_interval(Duration::from_millis(100))
                .maximum_interval(Duration::from_secs(5))
                .build();
            let options =
                ActivityOptions::with_start_to_close_timeout(Duration::from_millis(self.tuning.chunk_ms))
                    .heartbeat_timeout(Duration::from_millis(self.tuning.silence_ms))
                    .cancellation_type(ActivityCancellationType::WaitCancellationCompleted)
                    .cancellation_token(token.clone())
                    .retry_policy(retry)
                    .build();
            let answer = self.ctx.execute_activity(Activities::chunk, order, options).boxed_local();
            self.chunks.push(Chunk { order, token, answer });
        }
    }

    /// Waits for whatever comes first.
    async fn wait(&mut self) -> Result<(), Stop> {
        self.set_timer();
        let over = self.drive.is_over();
        if over {
            self.chunks.iter().for_each(|chunk| chunk.token.cancel());
        }
        match self.woke(over || self.renews()).await {
            Woke::Chunk(index, answer) => {
                let chunk = self.chunks.remove(index);
                self.land(chunk.order, *answer).await?;
            }
            Woke::Timer => {
                self.timer = None;
                if self.drive.delivers() {
                    self.ctx.state_mut(|state| state.changed = true);
                }
            }
            Woke::News => {}
            Woke::Cancelled => {
                self.was_cancelled = true;
                let reason = self.ctx.cancellation_token().reason().unwrap_or_default();
                let command = Command::Cancel { by: temporal(), reason: Arc::from(reason) };
                self.ctx.state_mut(|state| {
                    state.asked += 1;
                    let id = state.asked;
                    state.commands.push_back((id, command));
                });
            }
        }
        Ok(())
    }

    /// `ends`: this execution begins nothing more.
    async fn woke(&mut self, ends: bool) -> Woke {
        let ctx = self.ctx;
        // What ends, or goes on as a new execution, waits for its last handler: that one's end is news.
        let idle = ends && self.chunks.is_empty();
        let has_news = |state: &HeadwayRun| {
            state.changed
                || !state.told.is_empty()
                || !state.commands.is_empty()
                || (idle && ctx.all_handlers_finished())
        };
        let mut news = std::pin::pin!(ctx.wait_condition_with_options(has_news, apart()));
        let mut cancelled = std::pin::pin!(ctx.cancelled());
        let (chunks, timer, was_cancelled) = (&mut self.chunks, &mut self.timer, self.was_cancelled);
        poll_fn(|cx| {
            for (index, chunk) in chunks.iter_mut().enumerate() {
                if let Poll::Ready(answer) = chunk.answer.poll_unpin(cx) {
                    return Poll::Ready(Woke::Chunk(index, Box::new(answer)));
                }
            }
            if let Some(timer) = timer.as_mut()
                && timer.fires.poll_unpin(cx).is_ready()
            {
                return Poll::Ready(Woke::Timer);
            }
            if news.as_mut().poll_unpin(cx).is_ready() {
                return Poll::Ready(Woke::News);
            }
            if !was_cancelled && cancelled.as_mut().poll_unpin(cx).is_ready() {
                return Poll::Ready(Woke::Cancelled);
            }
            Poll::Pending
        })
        .await
    }

    /// Keeps one timer: at the time that something is to be done without news.
    fn set_timer(&mut self) {
        let now = self.now();
        let look = self.drive.delivers().then(|| now.plus(LOOK.as_millis() as u64));
        let at = self.drive.next_at(now).into_iter().chain(look).min().filter(|_| !self.drive.is_over());
        let keeps = match (&self.timer, at) {
            (Some(timer), Some(at)) => timer.at <= at && timer.at > now,
            (None, None) => true,
            _ => false,
        };
        if keeps {
            return;
        }
        if let Some(timer) = self.timer.take() {
            timer.token.cancel();
        }
        let Some(at) = at else { return };
        let token = WorkflowCancellationToken::new();
        let wait = Duration::from_millis(at.since(now).max(1));
        let options = TimerOptions::builder(wait).cancellation_token(token.clone()).build();
        let fires = self.ctx.timer(options).map(|_| ()).boxed_local();
        self.timer = Some(Timer { at, token, fires });
    }

    /// A chunk ended: folds what it committed. Where nobody knows what became of it, the store does.
    async fn land(&mut self, order: ChunkOrder, answer: Answer) -> Result<(), Stop> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => match Stop::from(error) {
                Stop::Gone => return Err(Stop::Gone),
                Stop::Sdk(_) => self.ctx.execute_activity(Activities::recall, order, rows()).await?,
            },
        };
        self.fold(order.lane, order.number, answer.entries.clone()).await?;
        self.drive.landed(order.lane, Some(&answer), self.now());
        Ok(())
    }

    /// Stops all chunks but that of lane `but`, and folds what they committed.
    async fn collect_all(&mut self, but: Option<u32>) -> Result<(), Stop> {
        let (stopped, kept): (Vec<_>, Vec<_>) =
            self.chunks.drain(..).partition(|chunk| Some(chunk.order.lane) != but);
        self.chunks = kept;
        stopped.iter().for_each(|chunk| chunk.token.cancel());
        for chunk in stopped {
            let answer = match chunk.answer.await {
                Ok(answer) => answer,
                Err(_) => self.ctx.execute_activity(Activities::recall, chunk.order, rows()).await?,
            };
            self.keep(&chunk.order, &answer);
        }
        Ok(())
    }

    fn keep(&mut self, order: &ChunkOrder, answer: &ChunkAnswer) {
        for commit in answer.entries.iter().cloned() {
            self.drive.fold(order.lane, order.number, commit);
        }
        self.drive.landed(order.lane, Some(answer), self.now());
    }
}
