//! Ctrl-C and SIGTERM: the first asks the command to end well, the second ends the process.

use crate::problem::{Exit, Problem, Result};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Tells when the process was asked to end.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Listens from now on.
    pub(crate) fn listen() -> Result<Self> {
        let refused = |error: std::io::Error| Problem::failed(format!("cannot listen for signals: {error}"));
        let mut interrupts = signal(SignalKind::interrupt()).map_err(refused)?;
        let mut terminations = signal(SignalKind::terminate()).map_err(refused)?;
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupts.recv() => {}
                    _ = terminations.recv() => {}
                }
                if sender.send_replace(true) {
                    std::process::exit(Exit::Interrupted as i32);
                }
            }
        });
        Ok(Self(receiver))
    }

    /// Resolves once the process was asked to end.
    pub(crate) async fn asked(&mut self) {
        if self.0.wait_for(|asked| *asked).await.is_err() {
            std::future::pending().await
        }
    }
}
