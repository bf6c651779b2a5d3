//! A server for one test, and a client for it.

use engine::{Engine, EngineOptions, LimitOptions, Retention};
use reqwest::{Method, StatusCode, header};
use serde_json::Value;
use server::{ListenOptions, Server, ServerOptions, ServerState};
use std::{net::SocketAddr, sync::Arc};
use store::Store;
use stream::{Hub, HubOptions};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use web::RouteEntry;

/// A pipeline of one stage that ends at once.
pub(crate) const QUICK: &str = "name: quick\nstages:\n  - name: only\n    activity: builtin.noop\n";
/// Three items; one of a further stage's tasks for each, which fail for good.
pub(crate) const FAILING: &str = "name: failing\nstages:\n  - name: make\n    activity: builtin.range\n    params: { count: 3 }\n  - name: break\n    for_each: make\n    activity: builtin.fail\n    params: { permanent: true }\n    on_failure: continue\n";
/// Waits for the signal `go`.
pub(crate) const WAITING: &str = "name: waiting\nstages:\n  - name: ask\n    signal: go\n";

pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) state: ServerState,
    pub(crate) table: Vec<RouteEntry>,
    pub(crate) folder: tempfile::TempDir,
    client: reqwest::Client,
    stop: CancellationToken,
    served: Option<JoinHandle<()>>,
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: header::HeaderMap,
    pub(crate) text: String,
}

/// A request in the making.
pub(crate) struct Ask(reqwest::RequestBuilder);

impl Site {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut ServerOptions)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let migrations = [store::MIGRATIONS, server::MIGRATIONS].concat();
        let db = db::Db::open(db::Options::new(folder.path().join("test.db")), &migrations).unwrap();
        let store = Store::open(db, "epoch").await.unwrap();
        let hub = Hub::open(store.clone(), HubOptions::default()).await.unwrap();
        let pipelines = [QUICK, FAILING, WAITING]
            .map(|yaml| (pipeline::compile_yaml(yaml).unwrap(), "pipeline".to_owned()));
        let engine = Engine::open(EngineOptions {
            store,
            hub: hub.clone(),
            registry: activity::Registry::default(),
            pipelines: pipelines.to_vec(),
            name: "test".to_owned(),
            limits: LimitOptions::default(),
            retention: Retention::default(),
            lease: None,
            dispatch: engine::Dispatch::All,
            relay: engine::RelayOptions::default(),
        })
        .await
        .unwrap();
        let mut options = ServerOptions::new(engine, hub);
        change(&mut options);
        let server = Server::new(options).await.unwrap();
        let (state, table) = (server.state().clone(), server.table().to_vec());
        let listener = server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let served = tokio::spawn(server::serve(listener, server, ListenOptions::default(), stop.clone()));
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { address, state, table, folder, client, stop, served: Some(served) }
    }

    /// Stops the server and waits for its end.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        self.served.take().unwrap().await.unwrap();
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask {
        Ask(self.client.request(method, format!("http://{}{path}", self.address)))
    }

    pub(crate) fn get(&self, path: &str) -> Ask {
        self.ask(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Ask {
        self.ask(Method::POST, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Ask {
        self.ask(Method::DELETE, path)
    }

    /// A fresh one-time code.
    pub(crate) async fn code(&self) -> String {
        let code = self.state.auth().new_admin_code(None, now()).await.unwrap();
        code.reveal().to_owned()
    }

    /// Signs the admin in; the cookie's pair.
    pub(crate) async fn admin_cookie(&self) -> String {
        let code = self.code().await;
        let answer = self.post("/api/v1/session").json(&serde_json::json!({ "code": code })).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.cookie()
    }

    /// A token of the admin with these scopes.
    pub(crate) async fn token(&self, scopes: &[&str]) -> String {
        let cookie = self.admin_cookie().await;
        let body = serde_json::json!({ "name": "test", "scopes": scopes });
        let answer = self.post("/api/v1/tokens").cookie(&cookie).on_purpose().json(&body).send().await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// A token of the admin for everything.
    pub(crate) async fn admin(&self) -> String {
        self.token(&["*"]).await
    }

    /// Starts a run and answers its id.
    pub(crate) async fn run(&self, token: &str, pipeline: &str) -> String {
        let body = serde_json::json!({ "pipeline": pipeline });
        let answer = self.post("/api/v1/runs").token(token).json(&body).send().await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// Resolves when the run is over: its stream ends then.
    pub(crate) async fn ended(&self, token: &str, run: &str) {
        let answer = self.get(&format!("/api/v1/runs/{run}/stream")).token(token).send().await;
        assert!(
            answer.status == 204 || answer.text.contains("event: end"),
            "{} {}",
            answer.status,
            answer.text
        );
    }

    /// Sends bytes as they are and closes the connection at once.
    pub(crate) async fn send_and_leave(&self, request: &str) {
        let mut stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
    }

    /// Sends bytes as they are and reads the whole answer.
    pub(crate) async fn raw(&self, request: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Ask {
    pub(crate) fn token(self, token: &str) -> Self {
        Self(self.0.bearer_auth(token))
    }

    pub(crate) fn cookie(self, cookie: &str) -> Self {
        self.header("cookie", cookie)
    }

    /// Says that the request is meant.
    pub(crate) fn on_purpose(self) -> Self {
        self.header("x-headway", "1")
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        Self(self.0.json(body))
    }

    /// A body that claims to be JSON.
    pub(crate) fn body(self, body: impl Into<String>) -> Self {
        Self(self.0.header("content-type", "application/json").body(body.into()))
    }

    pub(crate) async fn send(self) -> Answer {
        let response = self.0.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap() }
    }

    /// The answer before its body has come.
    pub(crate) async fn begin(self) -> reqwest::Response {
        self.0.send().await.unwrap()
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    /// Status, type and body, with the trace masked.
    pub(crate) fn shown(&self) -> String {
        let mut body = self.json();
        if body.get("trace").is_some() {
            body["trace"] = Value::from("[trace]");
        }
        let kind = self.header("content-type");
        format!("{} {kind}\n{}", self.status, serde_json::to_string_pretty(&body).unwrap())
    }
}

pub(crate) fn now() -> model::Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    model::Timestamp(i64::try_from(since.as_millis()).unwrap())
}

/// Someone who was added with a role, as a token that may all that the role may.
pub(crate) async fn token_of(site: &Site, name: &str, role: web::Role) -> String {
    site.state.auth().add_user(name, role, None, now()).await.unwrap();
    let credential = web::Credential {
        id: Arc::from(format!("user:{name}")),
        user: Arc::from(name),
        grant: web::Grant { role, scopes: None },
        via: web::Via::Session,
        expires_at: None,
        revoked: CancellationToken::new(),
    };
    let owner = web::Principal::new(Arc::new(credential));
    let new = server::auth::NewToken { name: name.to_owned(), scopes: role.permissions(), expires_at: None };
    site.state.auth().new_token(&owner, new, now()).await.unwrap().1
}

impl Answer {
    /// The problem's code; empty for an answer that is none.
    pub(crate) fn code_or_empty(&self) -> String {
        let body: Option<Value> = serde_json::from_str(&self.text).ok();
        body.and_then(|body| body["code"].as_str().map(str::to_owned)).unwrap_or_default()
    }
}
