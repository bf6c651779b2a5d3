//! The cluster goes away and comes back.

use crate::support::{
    DevServer, PATIENCE, Site, begin, definition, effects, is_skipped, over, start, tuning, when,
};
use engine::Error;
use model::RunState;
use serde_json::json;

const SLOW: &str = "
name: slow
stages:
  - name: make
    activity: builtin.range
  - name: wait
    for_each: make
    activity: builtin.delay
    params: { ms: 10 }
    concurrency: 4
  - name: step
    for_each: wait
    activity: test.step
";

#[tokio::test(flavor = "multi_thread")]
async fn while_the_cluster_is_away_starts_are_refused_and_nothing_is_lost() {
    if is_skipped() {
        return;
    }
    let mut server = DevServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let site = Site::open(folder.path(), &server.address(), tuning()).await;
    let definition = definition(SLOW);
    let run = begin(&site.engine, &definition, json!({ "count": 300 })).await;
    when(&site.engine, run, |record| record.run.stages[1].counts.done > 0).await;
    server.stop();
    let away = async {
        while site.engine.cluster_ready().is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, away).await.expect("it is noticed");
    let refused = site.engine.start(start(&definition, json!({ "count": 1 }))).await.unwrap_err();
    assert!(matches!(refused, Error::ClusterAway { .. }), "{refused:?}");
    assert_eq!(refused.code(), "cluster_away");
    server.again().await;
    let back = async {
        while site.engine.cluster_ready().is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, back).await.expect("it is noticed");
    let record = over(&site.engine, run).await;
    assert_eq!(record.run.state, RunState::Completed);
    assert_eq!(effects(&site.engine, run).await, 300);
    let second = begin(&site.engine, &definition, json!({ "count": 1 })).await;
    assert_eq!(over(&site.engine, second).await.run.state, RunState::Completed);
    site.close().await;
}
