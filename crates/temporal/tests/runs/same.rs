//! The same pipelines on both hosts: the same final state, the same rows of tasks, the same events but for their times and the
//! order of what went on side by side.

use crate::support::{DevServer, Site, begin, definition, effects, is_skipped, open, over, tuning};
use engine::{Engine, RelayOptions};
use model::{Run, RunId, RunState};
use serde_json::{Value, json};
use store::RunRecord;

/// What of an event hangs on time: how long, until when, and how far one stage was when another opened.
const OF_TIME: [&str; 4] = ["ms", "due_at", "released", "created"];

/// The run without its times and names.
fn state(record: &RunRecord) -> Value {
    let Run { state, stages, counters, deliveries, error, .. } = &record.run;
    let stages: Vec<Value> = stages
        .iter()
        .map(|stage| json!({ "state": stage.state, "counts": stage.counts, "counters": stage.counters, "round": stage.round }))
        .collect();
    json!({ "state": state, "stages": stages, "counters": counters, "deliveries": deliveries, "error": error })
}

async fn rows(engine: &Engine, sql: &'static str, run: RunId, columns: usize) -> Vec<Vec<String>> {
    let rows = engine.store().db().query(db::Query::new(sql).bind(run.0)).await.expect("rows");
    let text = |row: &db::Row, column: usize| {
        row.get::<Option<String>>(column).expect("a text column").unwrap_or_else(|| String::from("-"))
    };
    rows.iter().map(|row| (0..columns).map(|column| text(row, column)).collect()).collect()
}

async fn tasks(engine: &Engine, run: RunId) -> Vec<Vec<String>> {
    let sql =
        "SELECT CAST(stage AS TEXT), key, CAST(state AS TEXT), CAST(attempt AS TEXT), data, output, error
               FROM tasks WHERE run_id = ?1 ORDER BY stage, key";
    rows(engine, sql, run, 7).await
}

/// Events, sorted, without what hangs on time.
async fn events(engine: &Engine, run: RunId) -> Vec<Vec<String>> {
    let sql = "SELECT kind, CAST(stage AS TEXT), key, CAST(attempt AS TEXT), data FROM events
               WHERE run_id = ?1 ORDER BY run_seq";
    let mut rows = rows(engine, sql, run, 5).await;
    for row in &mut rows {
        let Some(Ok(Value::Object(mut data))) = row.last().map(|data| serde_json::from_str(data)) else {
            continue;
        };
        if row[0] == "stage.opened" {
            OF_TIME.iter().for_each(|name| {
                data.remove(*name);
            });
        }
        data.remove("ms");
        data.remove("due_at");
        row[4] = Value::Object(data).to_string();
    }
    rows.sort();
    rows
}

/// Runs a pipeline on both hosts.
async fn both(yaml: &str, input: Value) -> (Value, i64) {
    let definition = definition(yaml);
    let folder = tempfile::tempdir().expect("a folder");
    let native = open(folder.path(), RelayOptions::default()).await;
    let run = begin(&native, &definition, input.clone()).await;
    let expected = over(&native, run).await;
    let expected_tasks = tasks(&native, run).await;
    let expected_events = events(&native, run).await;
    let expected_effects = effects(&native, run).await;

    let server = DevServer::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let site = Site::open(folder.path(), &server.address(), tuning()).await;
    let run = begin(&site.engine, &definition, input).await;
    let record = over(&site.engine, run).await;
    assert_eq!(record.meta.host, store::RunHost::Temporal);
    pretty_assert(&state(&record), &state(&expected));
    assert_eq!(effects(&site.engine, run).await, expected_effects, "each effect is there once");
    let found = tasks(&site.engine, run).await;
    for (found, expected) in found.iter().zip(&expected_tasks) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected_tasks.len());
    let found = events(&site.engine, run).await;
    for (found, expected) in found.iter().zip(&expected_events) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected_events.len());
    let answer = (state(&record), expected_effects);
    site.close().await;
    answer
}

fn pretty_assert(found: &Value, expected: &Value) {
    let text = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    assert_eq!(text(found), text(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn streaming_stages_retries_and_failures_come_to_the_same() {
    if is_skipped() {
        return;
    }
    let yaml = "
name: chain
stages:
  - name: make
    activity: builtin.range
  - name: first
    for_each: make
    activity: test.flaky
    on_failure: continue
    retry: { max_attempts: 3, initial: 50ms, jitter: 0 }
  - name: second
    for_each: first
    activity: test.step
  - name: last
    needs: [second]
    activity: builtin.noop
";
    let (state, effects) = both(yaml, json!({ "count": 1_500 })).await;
    assert_eq!(state["state"], json!(RunState::CompletedWithErrors));
    assert_eq!(effects, 2 * 1_470);
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_and_items_of_the_input_come_to_the_same() {
    if is_skipped() {
        return;
    }
    let yaml = "
name: choice
stages:
  - name: each
    for_each: input
    activity: test.step
  - name: never
    needs: [each]
    when: input.wanted == true
    activity: test.step
  - name: always
    needs: [never]
    activity: test.step
";
    let (state, effects) = both(yaml, json!({ "items": [1, 2, {"key": "three"}], "wanted": false })).await;
    assert_eq!(state["state"], json!(RunState::Completed));
    assert_eq!(effects, 4);
}
