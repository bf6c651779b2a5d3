//! A database in a folder of its own with a backlog in it, a run that nothing works on, and a way to ask.

use crate::{
    AuthorName, MODEL_PIPELINE, PIPELINE, Params, Previewed, Previews, Restage, gate, pipeline,
    routes::{RouteState, routes},
    tables::{
        self,
        writing::{NewItem, insert},
    },
};
use activity::connector::Preview;
use axum::{Router, body::Body};
use db::{Batch, Db, Options, Statement, params};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use model::{NewDelivery, Run, RunId, RunState, StageState, TaskError, Timestamp, WorkItem, WorkItemKind};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use store::{RunMeta, RunRecord};
use tower::ServiceExt as _;
use web::{Answer, ApiError, Authentication, NewRun, Principal, Role, RunHandle, RunVerbs};

/// All that a test needs.
pub(super) struct Rig {
    pub(super) db: Db,
    pub(super) stub: Arc<Stub>,
    router: Router,
    _folder: tempfile::TempDir,
}

/// Runs and an outbox that nothing works on: what was asked of them is kept.
pub(super) struct Stub {
    pub(super) record: Mutex<RunRecord>,
    pub(super) started: Mutex<Vec<NewRun>>,
    pub(super) signals: Mutex<Vec<String>>,
    pub(super) staged: Mutex<Vec<NewDelivery>>,
}

/// An answer.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {}: {}", self.status, self.text))
    }

    /// The code of a problem, with the places of its fields.
    pub(super) fn problem(&self) -> String {
        let problem = self.json();
        let fields = problem["fields"].as_array().cloned().unwrap_or_default();
        let fields: Vec<&str> = fields.iter().filter_map(|field| field["path"].as_str()).collect();
        format!("{} {} {fields:?}", self.status.as_u16(), problem["code"].as_str().unwrap_or("?"))
    }

    /// One field of each item of a list.
    pub(super) fn items(&self, field: &str) -> Vec<String> {
        let json = self.json();
        let items = json["items"].as_array().unwrap_or_else(|| panic!("no list: {json}"));
        items
            .iter()
            .map(|item| item[field].as_str().map_or_else(|| item[field].to_string(), str::to_owned))
            .collect()
    }
}

/// A backlog in that state, with these parameters.
fn record(author: AuthorName, params: &Params) -> RunRecord {
    let definition = Arc::new(::pipeline::compile(pipeline(author, None)).unwrap());
    let run = Run {
        id: RunId::new(Timestamp(1_763_776_000_000), 1),
        definition: definition.hash.as_str().into(),
        state: RunState::Waiting,
        run_seq: 1,
        input: Arc::new(serde_json::to_value(params).unwrap()),
        stages: vec![model::StageRun::default(); definition.stages.len()],
        counters: BTreeMap::new(),
        deliveries: model::DeliveryCounts::default(),
        created_at: Timestamp(1_763_776_000_000),
        started_at: None,
        ended_at: None,
        error: None,
    };
    let pipeline = if author == AuthorName::Outline { PIPELINE } else { MODEL_PIPELINE };
    let meta = RunMeta {
        pipeline: pipeline.into(),
        app: "backlog".into(),
        title: "Tray <b>".into(),
        ..RunMeta::default()
    };
    RunRecord { run, definition, meta: Arc::new(meta) }
}

impl Rig {
    /// A backlog in its review, as one that may do everything.
    pub(super) fn new() -> Self {
        Self::of(
            Role::Admin,
            &Params {
                vision: "# Tray".to_owned(),
                to: Some("tracker".to_owned()),
                author: Some(AuthorName::Outline),
                ..Params::default()
            },
        )
    }

    pub(super) fn of(role: Role, params: &Params) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let migrations = [store::MIGRATIONS, tables::MIGRATIONS].concat();
        let db = Db::open(Options::new(folder.path().join("test.db")), &migrations).unwrap();
        let stub = Arc::new(Stub {
            record: Mutex::new(record(AuthorName::Outline, params)),
            started: Mutex::default(),
            signals: Mutex::default(),
            staged: Mutex::default(),
        });
        let state = RouteState {
            db: db.clone(),
            runs: stub.clone(),
            model: None,
            restage: stub.clone(),
            previews: stub.clone(),
        };
        let who = Authentication::Known(Principal::local("anna", role));
        let router = routes(state).register().router.layer(axum::Extension(who));
        let rig = Self { db, stub, router, _folder: folder };
        rig.fill();
        rig.at("approve");
        rig
    }

    /// Two epics with a feature and a story each, the first story with a task and a test case.
    fn fill(&self) {
        let item = |kind: WorkItemKind, title: &str| -> WorkItem {
            serde_json::from_value(
                json!({ "kind": kind, "title": title, "description": format!("About {title}") }),
            )
            .unwrap()
        };
        let mut items = Vec::new();
        let mut add = |parent: &str, position: u32, kind: WorkItemKind, title: &str, flagged: bool| {
            items.push(NewItem {
                parent: Arc::from(parent),
                position,
                item: item(kind, title),
                quality: gate::Quality { score: if flagged { 40 } else { 90 }, problems: Vec::new() },
                attempts: 1,
                flagged,
            });
        };
        add("", 1, WorkItemKind::Epic, "Ordering", false);
        add("e1", 1, WorkItemKind::Feature, "Order meals, \"quickly\"", false);
        add("e1.f1", 1, WorkItemKind::Story, "Order lunch 100%_", true);
        add("e1.f1.s1", 1, WorkItemKind::Task, "=SUM(A1)", false);
        add("e1.f1.s1", 1, WorkItemKind::TestCase, "Order twice", false);
        add("", 2, WorkItemKind::Epic, "Paying", false);
        add("e2", 1, WorkItemKind::Feature, "Pay by card", false);
        add("e2.f1", 1, WorkItemKind::Story, "Pay for lunch", false);
        let statement = insert(self.run(), &items).unwrap();
        self.db.execute_blocking(Batch::from(statement)).unwrap();
    }

    pub(super) fn run(&self) -> RunId {
        self.stub.record.lock().run.id
    }

    /// Puts the run where `stage` is open, and all before it closed.
    pub(super) fn at(&self, stage: &str) {
        let mut record = self.stub.record.lock();
        let names: Vec<String> = record.definition.stages.iter().map(|stage| stage.name.clone()).collect();
        let open = names.iter().position(|name| name == stage).unwrap_or(names.len());
        for (index, part) in record.run.stages.iter_mut().enumerate() {
            part.state = match index.cmp(&open) {
                std::cmp::Ordering::Less => StageState::Closed,
                std::cmp::Ordering::Equal => StageState::Open,
                std::cmp::Ordering::Greater => StageState::Pending,
            };
            if part.state == StageState::Closed {
                part.counts.done = 1;
            }
        }
        record.run.state = if stage == "end" { RunState::Completed } else { RunState::Running };
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut RunRecord)) {
        change(&mut self.stub.record.lock());
    }

    /// Puts a delivery of an item into the outbox, in that state.
    pub(super) fn deliver(&self, key: &str, state: model::DeliveryState) {
        let insert = Statement::new(
            "INSERT INTO deliveries (run_id, destination, key, kind, level, title, payload, state, attempts, worker, remote_id, \
             remote_url, error, staged_at, since_at, due_at, changed_at) \
             VALUES (?1, 'tracker', ?2, 'epic', 0, 'x', '{}', ?3, 2, ?4, ?5, ?6, ?7, 0, 0, 0, 0)",
        );
        let is = |wanted| state == wanted;
        let row = insert.row(params![
            self.run().0,
            key,
            state.number(),
            is(model::DeliveryState::Leased).then_some(1),
            is(model::DeliveryState::Done).then_some("4711"),
            is(model::DeliveryState::Done).then_some("https://tracker/4711"),
            is(model::DeliveryState::Dead).then_some("{\"code\":\"bad\",\"message\":\"no\"}"),
        ]);
        self.db.execute_blocking(Batch::from(row)).unwrap();
    }

    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// What is asked of the backlog.
    pub(super) async fn get(&self, rest: &str) -> Reply {
        self.ask("GET", &format!("/api/v1/backlog/{}{rest}", self.run()), &[], None).await
    }

    pub(super) async fn post(&self, rest: &str, body: Value) -> Reply {
        self.ask("POST", &format!("/api/v1/backlog/{}{rest}", self.run()), &[], Some(body)).await
    }

    pub(super) async fn patch(&self, key: &str, body: Value) -> Reply {
        let path = format!("/api/v1/backlog/{}/items/{key}", self.run());
        self.ask("PATCH", &path, &[], Some(body)).await
    }
}

impl Stub {
    fn handle(&self) -> Result<RunHandle, ApiError> {
        let record = self.record.lock().clone();
        let view = json!({ "id": record.run.id, "state": record.run.state });
        let view = serde_json::value::to_raw_value(&view).unwrap();
        Ok(RunHandle { record: Arc::new(record), view: Arc::from(view), current: None, existing: false })
    }
}

impl RunVerbs for Stub {
    fn start(&self, run: NewRun) -> Answer<'_, RunHandle> {
        self.started.lock().push(run);
        Box::pin(async { self.handle() })
    }

    fn find(&self, run: RunId) -> Answer<'_, RunHandle> {
        Box::pin(async move {
            let handle = self.handle()?;
            if handle.record.run.id == run { Ok(handle) } else { Err(ApiError::not_found("run", run)) }
        })
    }

    fn signal(&self, _: RunId, name: &str, _: Value, by: &Arc<str>) -> Answer<'_, RunHandle> {
        self.signals.lock().push(format!("{name} by {by}"));
        Box::pin(async { self.handle() })
    }
}

impl Restage for Stub {
    fn stage(&self, _: RunId, deliveries: Vec<NewDelivery>) -> Answer<'_, usize> {
        let count = deliveries.len();
        self.staged.lock().extend(deliveries);
        Box::pin(async move { Ok(count) })
    }
}

impl Previews for Stub {
    fn knows(&self, destination: &str) -> Answer<'_, bool> {
        let known = destination == "tracker";
        Box::pin(async move { Ok(known) })
    }

    fn preview(&self, _: RunId, deliveries: Vec<NewDelivery>) -> Answer<'_, Vec<Previewed>> {
        let previewed = |delivery: NewDelivery| {
            let body = serde_json::from_str(delivery.payload.get()).unwrap();
            let refused = delivery.title.starts_with('=');
            let preview = Preview {
                method: "POST".into(),
                url: format!("memory:{}", delivery.key),
                headers: Vec::new(),
                body,
            };
            Previewed {
                preview: if refused { Err(TaskError::new("bad_title", "no formulas")) } else { Ok(preview) },
                valid: None,
            }
        };
        Box::pin(async move { Ok(deliveries.into_iter().map(previewed).collect()) })
    }
}
