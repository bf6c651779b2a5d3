//! Reading: each verb on rows that were written by hand, so that every text of SQL is prepared and answers.

use db::{Batch, Db, Statement, params};
use headway_store as store;
use model::{
    Definition, ForEach, OnFailure, Retry, Run, RunId, RunState, Stage, StageId, StageRun, TaskState,
    Timestamp, Work,
};
use std::sync::Arc;
use store::{EventPage, Kinds, Order, RunFilter, Store, TaskFilter};

type Tested = Result<(), Box<dyn std::error::Error>>;

/// A store with runs 1 to 4: the first two completed, the third failed, the last running.
async fn filled(folder: &std::path::Path) -> Result<Store, Box<dyn std::error::Error>> {
    let db = match servers::shared(folder) {
        Some(url) => Db::connect(db::PgOptions::parse(&url)?, store::MIGRATIONS).await?,
        None => Db::open(db::Options::new(folder.join("test.db")), store::MIGRATIONS)?,
    };
    let store = Store::open(db, "epoch").await?;
    let definition = definition();
    let mut batch = Batch::new();
    batch.push(
        Statement::new(
            "INSERT INTO definitions (hash, name, version, body, created_at) VALUES (?1, ?2, 1, ?3, 0)",
        )
        .row(params!["hash", "p", serde_json::to_string(&definition)?]),
    );
    let states = [RunState::Completed, RunState::Completed, RunState::Failed, RunState::Running];
    for (id, state) in (1_i64..).zip(states) {
        batch.push(run(id, state)?);
    }
    batch.push(tasks());
    batch.push(events());
    batch.push(Statement::new("UPDATE feed SET value = 6"));
    store.db().execute(batch).await?;
    Ok(store)
}

fn definition() -> Definition {
    let stage = |name: &str| Stage {
        name: name.to_owned(),
        title: name.to_owned(),
        needs: Vec::new(),
        for_each: ForEach::Once,
        when: None,
        work: Work::Signal { name: "go".to_owned() },
        retry: Retry::default(),
        timeout_ms: None,
        heartbeat_timeout_ms: None,
        concurrency: None,
        on_failure: OnFailure::Continue,
    };
    Definition {
        name: "p".to_owned(),
        version: 1,
        title: "P".to_owned(),
        hash: "hash".to_owned(),
        input_schema: None,
        stages: vec![stage("one"), stage("two")],
    }
}

fn run(id: i64, state: RunState) -> Result<Statement, serde_json::Error> {
    let ended_at = state.is_final().then_some(Timestamp(9));
    let run = Run {
        id: RunId(id),
        definition: Arc::from("hash"),
        state,
        run_seq: 3,
        input: Arc::new(serde_json::json!({ "n": id })),
        stages: vec![StageRun::default(); 2],
        counters: [("files".to_owned(), id)].into(),
        deliveries: model::DeliveryCounts::default(),
        created_at: Timestamp(id),
        started_at: None,
        ended_at,
        error: None,
    };
    let insert = "INSERT INTO runs (id, definition, pipeline, app, title, created_by, labels, input, state, run_seq, body, \
                  created_at, ended_at) VALUES (?1, 'hash', 'p', ?2, ?3, 'anna', ?4, '{}', ?5, 3, ?6, ?1, ?7)";
    let app = if id == 1 { "ingest" } else { "pipeline" };
    Ok(Statement::new(insert).row(params![
        id,
        app,
        format!("Run_{id} 50%"),
        r#"{"team":"Blue"}"#,
        state.as_str(),
        serde_json::to_string(&run)?,
        ended_at.map(|at| at.0)
    ]))
}

/// Tasks of run 1: in stage 0 one done, one leased; in stage 1 three failed of two causes.
fn tasks() -> Statement {
    let insert = "INSERT INTO tasks (run_id, stage, key, state, attempt, worker, created_at, due_at, started_at, ended_at, \
                  data, error) VALUES (1, ?1, ?2, ?3, 1, ?4, 0, 0, ?5, ?6, '{}', ?7)";
    let error = |code: &str| Some(format!(r#"{{"code":"{code}","message":"it {code}"}}"#));
    let mut statement = Statement::new(insert);
    for (stage, key, state, worker, begun, ended, error) in [
        (0, "a_b", TaskState::Done, None, Some(10_i64), Some(20_i64), None),
        (0, "aXb", TaskState::Leased, Some(7_i64), Some(12), None, None),
        (1, "c", TaskState::Failed, None, Some(5), Some(30), error("broke")),
        (1, "d", TaskState::Failed, None, Some(6), Some(40), error("broke")),
        (1, "e", TaskState::Failed, None, Some(7), Some(35), error("burnt")),
    ] {
        statement.push_row(params![stage, key, state.number(), worker, begun, ended, error]);
    }
    statement
}

fn events() -> Statement {
    let insert = "INSERT INTO events (feed_seq, run_id, run_seq, at, kind, stage, key, attempt, data) \
                  VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, 1, NULL)";
    let mut statement = Statement::new(insert);
    for (feed, run, seq, kind, key) in [
        (1_i64, 1_i64, 1_i64, "run.created", None),
        (2, 2, 1, "run.created", None),
        (3, 1, 2, "task.done", Some("a_b")),
        (4, 1, 3, "task.failed", Some("c")),
        (5, 0, 1, "limit.changed", None),
        (6, 1, 4, "app.error", Some("c")),
    ] {
        statement.push_row(params![feed, run, seq, kind, key.map(|_| 1_i64), key]);
    }
    statement
}

fn ids(records: &[store::RunRecord]) -> Vec<i64> {
    records.iter().map(|record| record.run.id.0).collect()
}

#[tokio::test]
async fn runs_come_with_their_definitions() -> Tested {
    let folder = tempfile::tempdir()?;
    let store = filled(folder.path()).await?;
    let (record, head) = store.run_and_head(RunId(3)).await?;
    let record = record.ok_or("there is a run 3")?;
    assert_eq!((record.run.state, record.stage_name(StageId(1))), (RunState::Failed, "two"));
    assert_eq!((&*record.meta.created_by, record.meta.labels["team"].as_str()), ("anna", "Blue"));
    assert_eq!((head.value, &*head.epoch, head.earliest), (6, "epoch", 1));
    assert_eq!(store.run(RunId(9)).await?, None);
    let (active, _) = store.active_runs().await?;
    assert_eq!(ids(&active), [4]);
    let mut counted = store.runs_counted().await?;
    counted.sort_by_key(|(state, _)| state.as_str());
    assert_eq!(counted, [(RunState::Completed, 2), (RunState::Failed, 1), (RunState::Running, 1)]);
    assert!(store.definition("hash").await?.is_some() && store.definition("none").await?.is_none());
    assert_eq!(store.newest_definition("p").await?.map(|found| found.title.clone()), Some("P".to_owned()));
    Ok(())
}

#[tokio::test]
async fn lists_of_runs_are_filtered() -> Tested {
    let folder = tempfile::tempdir()?;
    let store = filled(folder.path()).await?;
    let all = || RunFilter { limit: 10, ..RunFilter::default() };
    let text = |text: &str| RunFilter { text: Some(text.to_owned()), ..all() };
    for (filter, expected) in [
        (all(), vec![4, 3, 2, 1]),
        (RunFilter { limit: 2, before: Some(RunId(4)), ..all() }, vec![3, 2]),
        (RunFilter { states: vec![RunState::Completed], ..all() }, vec![2, 1]),
        (RunFilter { states: vec![RunState::Completed, RunState::Running], ..all() }, vec![4, 2, 1]),
        (RunFilter { app: Some("ingest".to_owned()), ..all() }, vec![1]),
        (RunFilter { pipeline: Some("q".to_owned()), ..all() }, vec![]),
        (text("run_2"), vec![2]),
        (text("50%"), vec![4, 3, 2, 1]),
        (text("5_%"), vec![]),
        (text("blue"), vec![4, 3, 2, 1]),
        (text(&RunId(2).to_string()), vec![2]),
    ] {
        assert_eq!(ids(&store.runs(&filter).await?), expected, "{filter:?}");
    }
    Ok(())
}

#[tokio::test]
async fn tasks_are_paged_grouped_and_timed() -> Tested {
    let folder = tempfile::tempdir()?;
    let store = filled(folder.path()).await?;
    let run = RunId(1);
    let all = || TaskFilter { limit: 10, ..TaskFilter::default() };
    for (filter, expected) in [
        (all(), "aXb a_b c d e"),
        (TaskFilter { after: Some((StageId(0), "a_b".to_owned())), limit: 2, ..all() }, "c d"),
        (TaskFilter { stage: Some(StageId(0)), ..all() }, "aXb a_b"),
        (TaskFilter { states: vec![TaskState::Failed], ..all() }, "c d e"),
        (TaskFilter { states: vec![TaskState::Leased], ..all() }, "aXb"),
        (TaskFilter { states: vec![TaskState::Done, TaskState::Leased], ..all() }, "aXb a_b"),
        (TaskFilter { text: Some("A_".to_owned()), ..all() }, "a_b"),
    ] {
        let tasks = store.tasks(run, &filter).await?;
        let keys: Vec<&str> = tasks.iter().map(|task| &*task.key).collect();
        assert_eq!(keys.join(" "), expected, "{filter:?}");
    }
    let task = store.task(run, StageId(1), "c").await?.ok_or("there is a task c")?;
    assert_eq!(task.error.map(|error| error.code), Some("broke".to_owned()));
    let errors = store.errors(run).await?;
    let shown: Vec<_> = errors.iter().map(|group| (group.code.as_str(), group.count, &*group.key)).collect();
    assert_eq!(shown, [("broke", 2, "c"), ("burnt", 1, "e")]);
    assert_eq!(errors[0].last_at, Some(Timestamp(40)));
    let timeline = store.timeline(run).await?;
    let keys: Vec<&str> = timeline.attempts.iter().map(|attempt| &*attempt.key).collect();
    assert_eq!((keys.join(" ").as_str(), timeline.truncated), ("c d e a_b aXb", false));
    Ok(())
}

#[tokio::test]
async fn events_are_read_by_run_and_over_all() -> Tested {
    let folder = tempfile::tempdir()?;
    let store = filled(folder.path()).await?;
    let run = RunId(1);
    let only = |words: &[&str]| Kinds::Only(words.iter().map(|word| (*word).to_owned()).collect());
    let numbers =
        |events: Vec<store::StoredEvent>| events.iter().map(|event| event.feed_seq).collect::<Vec<_>>();
    let page = |after, kinds, order| EventPage { run, after, kinds, order, limit: 10 };
    for (page, expected) in [
        (page(None, Kinds::All, Order::Up), vec![1, 3, 4, 6]),
        (page(Some(2), Kinds::All, Order::Up), vec![4, 6]),
        (page(None, Kinds::All, Order::Down), vec![6, 4, 3, 1]),
        (page(Some(4), Kinds::Lossless, Order::Down), vec![4, 1]),
        (page(None, Kinds::Lossless, Order::Up), vec![1, 4, 6]),
        (page(None, only(&["task.done", "app.*"]), Order::Up), vec![3, 6]),
        (page(None, only(&["task.*"]), Order::Up), vec![3, 4]),
        (page(None, only(&["run.created"]), Order::Up), vec![1]),
        (page(None, only(&["none"]), Order::Up), vec![]),
        (page(None, only(&[]), Order::Up), vec![]),
    ] {
        assert_eq!(numbers(store.events(&page).await?), expected, "{page:?}");
    }
    for (after, kinds, expected) in [
        (0, Kinds::All, vec![1, 3, 4, 6]),
        (2, Kinds::All, vec![3, 4, 6]),
        (3, Kinds::Lossless, vec![4, 6]),
        (6, Kinds::All, vec![]),
    ] {
        assert_eq!(numbers(store.events_since(run, after, &kinds, 10).await?), expected, "{after} {kinds:?}");
    }
    assert_eq!(numbers(store.feed(1, 5, &Kinds::All, 10).await?), [2, 3, 4, 5]);
    assert_eq!(numbers(store.feed(0, 6, &Kinds::Runs, 10).await?), [1, 2]);
    assert_eq!(numbers(store.events_of_item(run, StageId(1), "c").await?), [4, 6]);
    for kinds in [Kinds::All, Kinds::Lossless, Kinds::Runs, only(&["app.*", "task.failed"])] {
        // The condition in SQL and the one in memory are the same.
        let by_sql: Vec<_> =
            store.feed(0, 6, &kinds, 10).await?.iter().map(|event| event.kind.clone()).collect();
        let all = store.feed(0, 6, &Kinds::All, 10).await?;
        let by_code: Vec<_> =
            all.iter().map(|event| event.kind.clone()).filter(|kind| kinds.contains(kind)).collect();
        assert_eq!(by_sql, by_code, "{kinds:?}");
    }
    Ok(())
}

#[tokio::test]
async fn indices_serve_what_is_asked_often() -> Tested {
    if servers::is_shared() {
        // Plans there follow the figures of real tables.
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let store = filled(folder.path()).await?;
    let plan = async |sql: &str| -> Result<String, db::Error> {
        let rows = store.db().query(db::Query::new(format!("EXPLAIN QUERY PLAN {sql}"))).await?;
        let lines: Result<Vec<String>, db::Error> = rows.iter().map(|row| row.get(3)).collect();
        lines.map(|lines| lines.join("\n"))
    };
    let errors = include_str!("../src/sql/read_errors.sql").replace("?1", "1").replace("?2", "10");
    let found = plan(&errors).await?;
    assert!(
        found.contains("tasks_failed") && found.contains("PRIMARY KEY (run_id=? AND stage=? AND key=?)"),
        "{found}"
    );
    let since = include_str!("../src/sql/read_events_since.sql");
    let since = since.replace("?1", "1").replace("?2", "2").replace("?3", "3");
    let found = plan(&since).await?;
    assert!(found.contains("events_of_run") && !found.contains("SCAN"), "{found}");
    Ok(())
}

#[tokio::test]
async fn workers_and_schedules_are_read() -> Tested {
    let folder = tempfile::tempdir()?;
    let store = filled(folder.path()).await?;
    assert!(store.workers().await?.is_empty() && store.schedules().await?.is_empty());
    let mut batch = Batch::new();
    for (id, started) in [(7_i64, 10), (8, 20), (9, 30)] {
        let worker = store::write::NewWorker {
            id,
            name: format!("w{id}"),
            host: "h".to_owned(),
            pid: 42,
            version: "0".to_owned(),
        };
        batch.push(store::write::worker_insert(&worker, Timestamp(started), Timestamp(99)));
    }
    batch.push(store::write::worker_heartbeat(9, "ended", Timestamp(40), Timestamp(40)));
    store.db().execute(batch).await?;
    let workers = store.workers().await?;
    let mut told: Vec<_> = workers.iter().map(|worker| (worker.id, &*worker.state, worker.held)).collect();
    if servers::is_shared() {
        // By the server's clock both began in the same moment.
        told[..2].sort_by_key(|(id, ..)| std::cmp::Reverse(*id));
    }
    assert_eq!(
        told,
        [(8, "live", 0), (7, "live", 1), (9, "ended", 0)],
        "the living first, the youngest first"
    );
    Ok(())
}
