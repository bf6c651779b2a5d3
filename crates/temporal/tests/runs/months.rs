//! Waits of months, on the server that skips them.

use crate::support::{DevServer, Site, begin, definition, is_skipped, over, tuning};
use model::RunState;
use serde_json::json;

/// In milliseconds.
const DAYS_90: u64 = 90 * 24 * 3_600_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_that_does_not_come_for_ninety_days_ends_its_wait() {
    if is_skipped() {
        return;
    }
    let server = DevServer::skipping().await;
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open(folder.path(), &server.address(), tuning()).await;
    let yaml = "
name: months
stages:
  - name: make
    activity: builtin.range
  - name: gate
    needs: [make]
    signal: approved
    timeout: 2160h
";
    let run = begin(&site.engine, &definition(yaml), json!({ "count": 3 })).await;
    let record = over(&site.engine, run).await;
    assert_eq!(record.run.state, RunState::Failed);
    assert_eq!(record.run.error.as_ref().map(|error| error.code.as_str()), Some("signal_expired"));
    let gate = &record.run.stages[1];
    let waited = record.run.ended_at.unwrap().since(gate.opened_at.unwrap());
    assert!(waited >= DAYS_90, "{waited} ms");
    site.close().await;
}
