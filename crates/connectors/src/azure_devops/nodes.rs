//! Areas and iterations: made where they are missing, once for each connector.

use super::api::{Api, Round};
use activity::connector::Answer;
use serde_json::json;
use tokio::sync::Mutex;

/// Which nodes are known to be there.
#[derive(Default)]
pub(super) struct Nodes {
    ready: Mutex<bool>,
}

impl Nodes {
    /// Sees to it that the configured area and iteration exist.
    pub(super) async fn ensure(&self, api: &Api, round: &Round) -> Result<(), Answer> {
        let mut ready = self.ready.lock().await;
        if *ready {
            return Ok(());
        }
        ensure(api, round, "Areas", &api.settings.area).await?;
        ensure(api, round, "Iterations", &api.settings.iteration).await?;
        *ready = true;
        Ok(())
    }

    /// Forgets what is there: it was refused.
    pub(super) async fn forget(&self) {
        *self.ready.lock().await = false;
    }
}

async fn ensure(api: &Api, round: &Round, group: &str, levels: &[String]) -> Result<(), Answer> {
    if levels.is_empty() {
        return Ok(());
    }
    let url = |depth: usize| {
        let mut segments = vec!["_apis", "wit", "classificationnodes", group];
        segments.extend(levels[..depth].iter().map(String::as_str));
        api.project(&segments)
    };
    match api.get(round, url(levels.len())).await {
        Ok(_) => return Ok(()),
        Err(Answer::Refused { .. }) => {}
        Err(other) => return Err(other),
    }
    for (depth, level) in levels.iter().enumerate() {
        match api.post(round, url(depth), json!({ "name": level })).await {
            Ok(_) => {}
            Err(Answer::Refused { error, .. }) if exists(&error.code) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// Codes of "there is one already": a 409, however it is typed.
fn exists(code: &str) -> bool {
    code == "http_409" || code.contains("duplicate") || code.contains("already_exists")
}
