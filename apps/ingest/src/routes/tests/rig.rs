//! A database in a folder of its own, runs that nothing works on, and a way to ask.

use crate::{
    files::Roots,
    fixture,
    routes::{KeywordCounts, RouteState, routes},
    tables,
};
use axum::{Router, body::Body};
use db::{Batch, Db, Options, Statement, params};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use model::{RunId, RunState};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use store::RunRecord;
use tower::ServiceExt as _;
use web::{Answer, ApiError, Authentication, NewRun, Principal, Role, RunHandle, RunVerbs};

/// All that a test needs.
pub(super) struct Rig {
    pub(super) db: Db,
    pub(super) runs: Arc<StubRuns>,
    /// The only media root.
    pub(super) root: PathBuf,
    pub(super) thumbnails: PathBuf,
    router: Router,
    /// Beside the root.
    pub(super) folder: tempfile::TempDir,
}

/// Runs that nothing works on: what was asked of them is kept.
#[derive(Default)]
pub(super) struct StubRuns {
    pub(super) record: Mutex<Option<RunRecord>>,
    pub(super) started: Mutex<Vec<NewRun>>,
    pub(super) signals: Mutex<Vec<String>>,
}

/// An answer.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{error} in {}: {}", self.status, String::from_utf8_lossy(&self.body))
        })
    }

    /// The code of a problem, with the places of its fields.
    pub(super) fn problem(&self) -> String {
        let problem = self.json();
        let fields = problem["fields"].as_array().cloned().unwrap_or_default();
        let fields: Vec<&str> = fields.iter().filter_map(|field| field["path"].as_str()).collect();
        format!("{} {} {fields:?}", self.status.as_u16(), problem["code"].as_str().unwrap_or("?"))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap_or("?"))
    }

    /// One field of each item of a list.
    pub(super) fn items(&self, field: &str) -> Vec<String> {
        let json = self.json();
        let items = json["items"].as_array().unwrap_or_else(|| panic!("no list: {json}"));
        let text = |item: &Value| item[field].as_str().map_or_else(|| item[field].to_string(), str::to_owned);
        items.iter().map(text).collect()
    }
}

impl Rig {
    /// An ingest in the preview, as one that may do everything.
    pub(super) fn new() -> Self {
        Self::of(RunState::Waiting, Role::Admin)
    }

    pub(super) fn of(state: RunState, role: Role) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap();
        let (root, thumbnails) = (real.join("media"), real.join("thumbnails"));
        std::fs::create_dir(&root).unwrap();
        std::fs::create_dir(&thumbnails).unwrap();
        let migrations = [store::MIGRATIONS, tables::MIGRATIONS].concat();
        let db = Db::open(Options::new(real.join("test.db")), &migrations).unwrap();
        let runs = Arc::new(StubRuns::default());
        let mut record = fixture::record(state);
        if state == RunState::Waiting {
            for name in ["discover", "read", "enrich", "classify", "preview"] {
                fixture::stage(&mut record, name).state = model::StageState::Closed;
            }
            fixture::stage(&mut record, "approve").state = model::StageState::Open;
        }
        *runs.record.lock().unwrap() = Some(record);
        let state = RouteState {
            db: db.clone(),
            roots: Roots::new([root.clone()]).unwrap(),
            thumbnails: thumbnails.clone(),
            models: real.join("models"),
            runs: runs.clone(),
            keywords: KeywordCounts::default(),
        };
        let who = Authentication::Known(Principal::local("anna", role));
        let router = routes(state).register().router.layer(axum::Extension(who));
        Self { db, runs, root, thumbnails, router, folder }
    }

    /// The id of the ingest.
    pub(super) fn run(&self) -> RunId {
        self.runs.record.lock().unwrap().as_ref().unwrap().run.id
    }

    /// Changes the run.
    pub(super) fn change(&self, change: impl FnOnce(&mut RunRecord)) {
        change(self.runs.record.lock().unwrap().as_mut().unwrap());
    }

    pub(super) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Body) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Reply { status: parts.status, headers: parts.headers, body }
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], Body::empty()).await
    }

    pub(super) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.ask("GET", path, headers, Body::empty()).await
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: Value) -> Reply {
        self.ask(method, path, &[("content-type", "application/json")], Body::from(body.to_string())).await
    }

    /// What is asked of the ingest.
    pub(super) async fn ingest(&self, rest: &str) -> Reply {
        self.get(&format!("/api/v1/ingest/{}{rest}", self.run())).await
    }

    pub(super) async fn tell(&self, rest: &str, body: Value) -> Reply {
        self.send("POST", &format!("/api/v1/ingest/{}{rest}", self.run()), body).await
    }

    /// All pages of a list, one field of each item.
    pub(super) async fn pages(&self, path: &str, limit: usize, field: &str) -> Vec<String> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        for _ in 0..1_000 {
            let reply = self.get(&format!("{path}limit={limit}{cursor}")).await;
            assert_eq!(reply.status, StatusCode::OK, "{}", String::from_utf8_lossy(&reply.body));
            let items = reply.items(field);
            assert!(items.len() <= limit);
            all.extend(items);
            match reply.json()["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
        panic!("the list does not end");
    }

    pub(super) fn execute(&self, statement: Statement) {
        self.db.execute_blocking(Batch::from(statement)).unwrap();
    }

    /// A file on the disk below the root.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.root.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl RunVerbs for StubRuns {
    fn start(&self, run: NewRun) -> Answer<'_, RunHandle> {
        let mut started = self.started.lock().unwrap();
        let known = |before: &NewRun| before.idempotency_key == run.idempotency_key;
        let existing = run.idempotency_key.is_some() && started.iter().any(known);
        if !existing {
            started.push(run);
        }
        Box::pin(async move { Ok(RunHandle { existing, ..self.handle()? }) })
    }

    fn find(&self, run: RunId) -> Answer<'_, RunHandle> {
        Box::pin(async move {
            let handle = self.handle()?;
            if handle.record.run.id == run { Ok(handle) } else { Err(ApiError::not_found("run", run)) }
        })
    }

    fn signal(&self, _: RunId, name: &str, _: Value, by: &Arc<str>) -> Answer<'_, RunHandle> {
        self.signals.lock().unwrap().push(format!("{name} by {by}"));
        Box::pin(async { self.handle() })
    }
}

impl StubRuns {
    fn handle(&self) -> Result<RunHandle, ApiError> {
        let record = self.record.lock().unwrap().clone().unwrap();
        let view = json!({ "id": record.run.id, "state": record.run.state });
        let view = serde_json::value::to_raw_value(&view).unwrap();
        let running = record.run.state == model::RunState::Running;
        let current = running.then(|| Arc::from("/media/a/cat.png"));
        Ok(RunHandle { record: Arc::new(record), view: Arc::from(view), existing: false, current })
    }
}

/// SHA-256 in hexadecimal digits.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file of an ingest, for a row of `ingest_files`.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) key: String,
    pub(super) sha256: String,
    pub(super) kind: &'static str,
    pub(super) created_at: Option<i64>,
    pub(super) state: &'static str,
    pub(super) excluded: bool,
    pub(super) metadata: Value,
    pub(super) prompt: String,
    pub(super) keywords: Vec<String>,
    pub(super) overall: Option<f64>,
    pub(super) phash: Option<i64>,
    pub(super) score: i64,
    pub(super) nsfw: &'static str,
    pub(super) nsfw_reason: Option<&'static str>,
    pub(super) duplicate_of: Option<String>,
    pub(super) near_group: Option<i64>,
}

impl File {
    pub(super) fn new(key: impl Into<String>) -> Self {
        let key = key.into();
        Self {
            sha256: sha256_hex(key.as_bytes()),
            key,
            kind: "image",
            created_at: None,
            state: "processed",
            excluded: false,
            metadata: json!({}),
            prompt: String::new(),
            keywords: Vec::new(),
            overall: None,
            phash: None,
            score: 0,
            nsfw: "safe",
            nsfw_reason: None,
            duplicate_of: None,
            near_group: None,
        }
    }

    fn name(&self) -> String {
        crate::files::display_name(Path::new(&self.key))
    }

    fn keywords_json(&self) -> String {
        let words = self.keywords.iter().map(|word| crate::meta::keywords::Keyword {
            keyword: word.to_lowercase(),
            label: word.clone(),
            kind: crate::meta::keywords::Kind::Prompt,
            weight: 1.0,
        });
        serde_json::to_string(&words.collect::<Vec<_>>()).unwrap()
    }

    fn generation(&self) -> Option<String> {
        (!self.prompt.is_empty()).then(|| json!({ "prompt": self.prompt }).to_string())
    }

    fn quality(&self) -> Option<String> {
        self.overall.map(|overall| json!({ "overall": overall }).to_string())
    }
}

impl Rig {
    /// Puts files into the ingest's preview.
    pub(super) fn staged(&self, files: &[File]) {
        let mut insert = Statement::new(
            "INSERT INTO ingest_files (run_id, key, path, name, size, mtime_ns, sha256, kind, format, created_at, state, \
             excluded, has_thumbnail, metadata, generation, quality, keywords, overall, phash, score, nsfw, nsfw_reason, \
             duplicate_of, near_group, words) \
             VALUES (?1, ?2, ?2, ?3, 10, 0, ?4, ?5, 'png', ?6, ?7, ?8, 1, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, \
             ?18, ?19, ?20)",
        );
        for file in files {
            let words =
                format!("{}\n{}\n{}\n", file.name(), file.prompt, file.keywords.join("\n")).to_lowercase();
            insert.push_row(params![
                self.run().0,
                file.key.as_str(),
                file.name(),
                file.sha256.as_str(),
                file.kind,
                file.created_at,
                file.state,
                file.excluded,
                file.metadata.to_string(),
                file.generation(),
                file.quality(),
                file.keywords_json(),
                file.overall,
                file.phash,
                file.score,
                file.nsfw,
                file.nsfw_reason,
                file.duplicate_of.as_deref(),
                file.near_group,
                words,
            ]);
        }
        self.execute(insert);
    }

    /// Puts files into the library, the first under id 1, each a millisecond after the one before.
    pub(super) fn committed(&self, files: &[File]) {
        let mut media = Statement::new(
            "INSERT INTO media (id, path, name, size, mtime_ns, sha256, kind, format, created_at, has_thumbnail, metadata, \
             generation, quality, keywords, overall, score, favourite, nsfw, run_id, added_at, orientation, model) \
             VALUES (?1, ?2, ?3, 10, 0, ?4, ?5, 'png', ?6, 1, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        );
        let mut words = Statement::new(include_str!("../../tables/sql/media_keyword.sql"));
        let mut text = Statement::new(include_str!("../../tables/sql/media_text.sql"));
        for (id, file) in (1i64..).zip(files) {
            media.push_row(params![
                id,
                file.key.as_str(),
                file.name(),
                file.sha256.as_str(),
                file.kind,
                file.created_at,
                file.metadata.to_string(),
                file.generation(),
                file.quality(),
                file.keywords_json(),
                file.overall,
                file.score,
                id % 2 == 0,
                file.nsfw,
                self.run().0,
                1_000 + id / 2,
                if id % 3 == 0 { "portrait" } else { "landscape" },
                Some("sdxl").filter(|_| id % 5 == 0),
            ]);
            for word in &file.keywords {
                words.push_row(params![id, word.to_lowercase(), "prompt", word.as_str(), 1.0]);
            }
            text.push_row(params![id, file.name(), file.prompt.as_str(), "", file.keywords.join("\n")]);
        }
        self.db.execute_blocking(Batch::from(vec![media, words, text])).unwrap();
    }

    /// Adds an error entry.
    pub(super) fn error(&self, stage: &'static str, key: &str, at: i64) {
        let insert = Statement::new(include_str!("../../tables/sql/error.sql"));
        self.execute(insert.row(params![self.run().0, stage, key, 0, at, key, "png_bad", "it is broken"]));
    }
}
