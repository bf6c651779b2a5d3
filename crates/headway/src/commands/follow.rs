//! Following a run to its end, over servers that come and go.

use crate::{
    client::{
        follow::{Follower, Update},
        http::Ignored,
        segment,
        view::{Event, Run},
    },
    connect::Session,
    interrupt::Interrupt,
    output::{Watcher, watcher},
    problem::{Exit, Problem, Result},
};
use serde_json::json;
use std::time::Duration;

/// How long a server's memory may be behind its store: looks, and the time between two.
const SETTLE_LOOKS: u32 = 40;
const SETTLE: Duration = Duration::from_millis(25);

/// What to do when the run waits for a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtWaiting {
    /// Say so and stay.
    Stay,
    /// Stop following.
    Stop,
    /// Commit the ingest, once, and stay.
    Commit,
}

/// How following ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    /// The run ended in this state.
    Ended(String),
    /// It waits for a signal.
    Waiting,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

/// Follows `run`. `on_event` sees each fact once, also over reconnections.
pub(super) async fn follow(
    session: &mut Session,
    interrupt: &mut Interrupt,
    run: &str,
    at_waiting: AtWaiting,
    mut on_event: impl FnMut(&Event),
) -> Result<Followed> {
    let mut watcher = watcher(session.output);
    let mut follower = Follower::new(session.client().clone(), run, 0, session.patience());
    let mut waiting = Waiting { at: at_waiting, handled: false };
    let followed = loop {
        let next = tokio::select! {
            next = follower.next() => next,
            () = interrupt.asked() => break Followed::Interrupted,
        };
        let update = match next {
            Ok(Some(update)) => update,
            Ok(None) => break Followed::Ended(final_state(session, run).await?),
            Err(problem) if problem.exit == Exit::Unreachable && problem.code.is_none() => {
                let told = follower.told();
                session.reopen(problem).await?;
                follower = Follower::new(session.client().clone(), run, told, session.patience());
                waiting.handled = false;
                continue;
            }
            Err(problem) => {
                watcher.finish();
                return Err(problem);
            }
        };
        watcher.show(&update);
        if let Update::Event(event) = &update {
            on_event(event);
        }
        if let Update::End { state } = &update {
            break Followed::Ended(state.clone());
        }
        if waiting.see(&update, session, run, watcher.as_mut()).await? {
            break Followed::Waiting;
        }
    };
    watcher.finish();
    Ok(followed)
}

struct Waiting {
    at: AtWaiting,
    handled: bool,
}

impl Waiting {
    /// Does what is to be done where `update` says that the run waits; true where following ends with it.
    async fn see(
        &mut self,
        update: &Update,
        session: &Session,
        run: &str,
        watcher: &mut dyn Watcher,
    ) -> Result<bool> {
        let state = match update {
            Update::Snapshot(run) => Some(run.state.clone()),
            Update::Progress(progress) if progress.item.is_none() => progress.state.clone(),
            Update::Event(event) => event.state_after(),
            _ => None,
        };
        let Some(state) = state else { return Ok(false) };
        if state != "waiting" {
            self.handled = false;
            return Ok(false);
        }
        if std::mem::replace(&mut self.handled, true) {
            return Ok(false);
        }
        match self.at {
            AtWaiting::Stop => Ok(true),
            AtWaiting::Stay => {
                let now: Run = session.client().get(&format!("/api/v1/runs/{}", segment(run))).await?;
                for waiting in &now.waiting_for {
                    watcher.remark(&format!("waits for a signal: headway signal {run} {}", waiting.signal));
                }
                Ok(false)
            }
            AtWaiting::Commit => commit(session, run).await.map(|()| false),
        }
    }
}

/// Commits the ingest; that somebody else did so first is as good.
async fn commit(session: &Session, run: &str) -> Result<()> {
    let path = format!("/api/v1/ingest/{}/commit", segment(run));
    match session.client().post::<Ignored>(&path, &json!({})).await {
        Ok(_) => Ok(()),
        Err(problem) if problem.code.as_deref().is_some_and(|code| code != "404" && code != "not_found") => {
            let now: Run = session.client().get(&format!("/api/v1/runs/{}", segment(run))).await?;
            if now.state == "waiting" { Err(problem) } else { Ok(()) }
        }
        Err(problem) => Err(problem),
    }
}

/// The run once it shows the end that the stream told of: the stream follows the store, which can be ahead of the
/// server's memory by a moment.
pub(super) async fn read_ended(session: &Session, run: &str) -> Result<Run> {
    for _ in 0..SETTLE_LOOKS {
        let now = read_run(session, run).await?;
        if now.is_over() {
            return Ok(now);
        }
        tokio::time::sleep(SETTLE).await;
    }
    read_run(session, run).await
}

async fn final_state(session: &Session, run: &str) -> Result<String> {
    let now: Run = session.client().get(&format!("/api/v1/runs/{}", segment(run))).await?;
    Ok(now.state)
}

/// What a command says and ends with after Ctrl-C.
pub(super) fn interrupted(session: &Session, run: &str, again: &str) -> Exit {
    let where_it_is = if session.is_local() {
        "it stops here and keeps what it has done"
    } else {
        "it goes on in the server"
    };
    session.output.note(&format!("run {run}: {where_it_is}; to go on: {again}"));
    Exit::Interrupted
}

/// The run, or a problem that says what a run's id looks like.
pub(super) async fn read_run(session: &Session, run: &str) -> Result<Run> {
    session.client().get(&format!("/api/v1/runs/{}", segment(run))).await.map_err(|problem: Problem| {
        match problem.code.as_deref() {
            Some("not_found" | "404") => problem.hint("`headway runs` lists runs and their ids"),
            _ => problem,
        }
    })
}
