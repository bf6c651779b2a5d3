//! Hints that something was committed, between processes: NOTIFY and LISTEN, outside of transactions and their way.
//!
//! A hint may be lost; whoever waits for one looks by itself from time to time. What is behind a pooler has none.

use super::{session::Session, settings::PgOptions};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Notify, watch};

/// The channel's name.
const CHANNEL: &str = "headway_feed";

/// Shortest time between two hints: a hint says "look", and one look finds all that came before it.
const PAUSE: Duration = Duration::from_millis(5);

/// How long a lost connection is left alone.
const AGAIN: Duration = Duration::from_millis(500);

/// Both ends of the hints of one process.
#[derive(Clone)]
pub(super) struct Hints(Arc<Inner>);

struct Inner {
    /// Names this process, which needs no hint of its own.
    own: String,
    wanted: Notify,
    heard: watch::Sender<u64>,
}

impl Hints {
    pub(super) fn new() -> Self {
        // Keys of hash maps are random: enough to tell processes apart.
        let random = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), std::process::id());
        let own = format!("{random:016x}");
        Self(Arc::new(Inner { own, wanted: Notify::new(), heard: watch::Sender::new(0) }))
    }

    /// Tells the other processes, soon.
    pub(super) fn tell(&self) {
        self.0.wanted.notify_one();
    }

    /// Changes with every hint of another process.
    pub(super) fn listen(&self) -> watch::Receiver<u64> {
        self.0.heard.subscribe()
    }

    pub(super) fn heard(&self, note: &tokio_postgres::Notification) {
        if note.channel() == CHANNEL && note.payload() != self.0.own {
            self.0.heard.send_modify(|count| *count += 1);
        }
    }

    /// Passes hints on in both directions, as long as the process lives.
    pub(super) async fn serve(self, options: PgOptions) {
        loop {
            if let Ok(session) = Session::open(&options, Some(self.clone())).await
                && session.client.batch_execute(&format!("LISTEN {CHANNEL}")).await.is_ok()
            {
                // What was told while nobody listened.
                self.0.heard.send_modify(|count| *count += 1);
                self.pass_on(&session).await;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn pass_on(&self, session: &Session) {
        let tell = format!("NOTIFY {CHANNEL}, '{}'", self.0.own);
        loop {
            tokio::select! {
                () = self.0.wanted.notified() => {
                    if session.client.batch_execute(&tell).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                () = tokio::time::sleep(AGAIN) => {
                    if session.client.is_closed() {
                        return;
                    }
                }
            }
        }
    }
}
