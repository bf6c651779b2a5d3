//! Following one run: its stream while there is one, polling where there is none, over reconnections.
//!
//! A stream that breaks is opened again after its last id, so no lossless event is missed or told twice. The server
//! sends a snapshot first; figures are absolute, so a repeated one does no harm.

use super::{
    http::{Client, segment},
    sse::{Frame, Parser},
    view::{Event, Progress, Run, is_over},
};
use crate::problem::{Exit, Problem, Result};
use serde::Deserialize;
use serde_json::Value;
use std::{collections::VecDeque, time::Duration};

/// Silence after which a stream counts as broken: it has a heartbeat each idle second.
const SILENCE: Duration = Duration::from_secs(15);
/// How often a follower tries to reconnect before the server counts as gone, and how long it waits in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Another server can be had on this machine: a quarter of a second in all.
    Little,
    /// There is only this one: some 20 s in all, spread so that a crowd does not come back at once.
    Much,
}

impl Patience {
    fn tries(self) -> u32 {
        match self {
            Self::Little => 3,
            Self::Much => 8,
        }
    }
}
/// Longest wait of one poll, in seconds.
const POLL_SECONDS: u32 = 20;

/// News of a run.
#[derive(Clone, Debug)]
pub(crate) enum Update {
    /// Its whole state: first, and after a gap.
    Snapshot(Box<Run>),
    /// A fact.
    Event(Box<Event>),
    /// Newer figures.
    Progress(Box<Progress>),
    /// It ended.
    End {
        /// As what.
        state: String,
    },
}

/// Follows one run.
pub(crate) struct Follower {
    client: Client,
    run: String,
    cursor: Option<String>,
    /// The highest `run_seq` of an event that was told; repeated ones are dropped.
    told: u64,
    source: Source,
    ready: VecDeque<Update>,
    failures: u32,
    retry: Duration,
    patience: Patience,
    over: bool,
}

enum Source {
    /// Open the stream next.
    Closed,
    Stream(Box<reqwest::Response>, Parser),
    /// The server has no streams: ask for progress and events.
    Poll,
}

#[derive(Deserialize)]
struct Snapshot {
    run: Run,
}

#[derive(Deserialize)]
struct End {
    state: String,
}

impl Follower {
    /// Follows `run` from its first event, or from after `told`.
    pub(crate) fn new(client: Client, run: &str, told: u64, patience: Patience) -> Self {
        Self {
            client,
            run: run.to_owned(),
            cursor: None,
            told,
            source: Source::Closed,
            ready: VecDeque::new(),
            failures: 0,
            retry: Duration::from_millis(500),
            patience,
            over: false,
        }
    }

    /// The highest `run_seq` of an event that was told.
    pub(crate) fn told(&self) -> u64 {
        self.told
    }

    /// The next piece of news; `None` after the run's end. May be dropped while it waits.
    ///
    /// # Errors
    /// Where the run does not exist, the token is refused, or the server stays away (`Exit::Unreachable`).
    pub(crate) async fn next(&mut self) -> Result<Option<Update>> {
        loop {
            if let Some(update) = self.ready.pop_front() {
                return Ok(Some(update));
            }
            if self.over {
                return Ok(None);
            }
            let step = match &mut self.source {
                Source::Closed => self.connect().await,
                Source::Stream(..) => self.read().await,
                Source::Poll => self.poll().await,
            };
            match step {
                Ok(()) => {}
                Err(problem) if problem.exit == Exit::Unreachable && problem.code.is_none() => {
                    self.source = Source::Closed;
                    self.failures += 1;
                    if self.failures > self.patience.tries() {
                        return Err(problem);
                    }
                    tokio::time::sleep(self.pause()).await;
                }
                Err(problem) => return Err(problem),
            }
        }
    }

    /// With much patience: full jitter over a delay that doubles, up to 5 s.
    fn pause(&self) -> Duration {
        if self.patience == Patience::Little {
            return Duration::from_millis(80);
        }
        let most = self.retry.saturating_mul(1 << self.failures.min(5)).min(Duration::from_secs(5));
        let mut random = [0u8; 4];
        let _ = getrandom::fill(&mut random);
        most.mul_f64(f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX))
            .max(Duration::from_millis(20))
    }

    async fn connect(&mut self) -> Result<()> {
        let path = format!("/api/v1/runs/{}/stream", segment(&self.run));
        match self.client.open(&path, self.cursor.as_deref()).await {
            Ok(response) if response.status() == reqwest::StatusCode::NO_CONTENT => self.poll().await,
            Ok(response) => {
                self.source = Source::Stream(Box::new(response), Parser::default());
                Ok(())
            }
            Err(problem) if streams_are_off(&problem) => {
                self.source = Source::Poll;
                Ok(())
            }
            Err(problem) => Err(problem),
        }
    }

    async fn read(&mut self) -> Result<()> {
        let Source::Stream(response, parser) = &mut self.source else { return Ok(()) };
        let broken = |why: &str| Err(Problem::unreachable(format!("the stream of the run {why}")));
        let chunk = match tokio::time::timeout(SILENCE, response.chunk()).await {
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None)) => return broken("ended early"),
            Ok(Err(_)) => return broken("broke off"),
            Err(_) => return broken("fell silent"),
        };
        let Ok(frames) = parser.push(&chunk) else { return broken("sent a frame that is too large") };
        for frame in frames {
            self.take(frame)?;
        }
        Ok(())
    }

    fn take(&mut self, frame: Frame) -> Result<()> {
        if let Some(millis) = frame.retry_ms {
            self.retry = Duration::from_millis(millis.clamp(50, 10_000));
        }
        if frame.id.is_some() {
            self.cursor = frame.id;
        }
        match frame.event.as_str() {
            "snapshot" => {
                let snapshot: Snapshot = read(&frame.data)?;
                self.failures = 0;
                self.ready.push_back(Update::Snapshot(Box::new(snapshot.run)));
            }
            "event" => {
                let event: Event = read(&frame.data)?;
                self.tell(event);
            }
            "progress" => self.ready.push_back(Update::Progress(Box::new(read(&frame.data)?))),
            "end" => self.end(read::<End>(&frame.data)?.state),
            "bye" => {
                let bye: Value = read(&frame.data)?;
                if let Some(millis) = bye.get("retry_ms").and_then(Value::as_u64) {
                    self.retry = Duration::from_millis(millis.clamp(50, 10_000));
                }
                self.source = Source::Closed;
            }
            // After a reset comes a snapshot; the old ids mean nothing any more.
            "reset" => self.cursor = None,
            _ => {}
        }
        Ok(())
    }

    fn tell(&mut self, event: Event) {
        if event.run_seq > self.told || event.run_seq == 0 {
            self.told = self.told.max(event.run_seq);
            self.ready.push_back(Update::Event(Box::new(event)));
        }
    }

    fn end(&mut self, state: String) {
        self.over = true;
        self.ready.push_back(Update::End { state });
    }

    /// One round without a stream: waits for something to change, then reads the events and the run.
    async fn poll(&mut self) -> Result<()> {
        let run = segment(&self.run);
        let wait = if self.told == 0 { 0 } else { POLL_SECONDS };
        let path = format!("/api/v1/runs/{run}/progress?after={}&wait={wait}", self.told);
        let _: Option<Value> = self.client.get(&path).await.or_else(unchanged)?;
        loop {
            let path = format!("/api/v1/runs/{run}/events?after={}&order=asc&limit=500", self.told);
            let page: super::view::Page<Event> = self.client.get(&path).await?;
            let more = page.next_cursor.is_some();
            for event in page.items {
                self.tell(event);
            }
            if !more {
                break;
            }
        }
        let now: Run = self.client.get(&format!("/api/v1/runs/{run}")).await?;
        self.failures = 0;
        let state = now.state.clone();
        // Without this, a run whose newest events are conflated away would be asked for without pause.
        self.told = self.told.max(now.run_seq);
        self.ready.push_back(Update::Snapshot(Box::new(now)));
        if is_over(&state) {
            self.end(state);
        }
        Ok(())
    }
}

fn streams_are_off(problem: &Problem) -> bool {
    matches!(problem.code.as_deref(), Some("streams_disabled" | "404" | "501" | "503"))
}

fn unchanged(problem: Problem) -> Result<Option<Value>> {
    if problem.code.as_deref() == Some("304") { Ok(None) } else { Err(problem) }
}

fn read<'a, T: Deserialize<'a>>(data: &'a str) -> Result<T> {
    serde_json::from_str(data).map_err(|error| {
        Problem::failed(format!("the stream sent something that cannot be read: {error}"))
            .hint("is the server another version of Headway? compare `headway --version` on both sides")
    })
}
