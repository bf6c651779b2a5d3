//! Putting the parts together, and serving them.

use crate::{
    Audit, ListenOptions, MAX_BODY_BYTES, Proxy, Result, ServerOptions, ServerState, Streaming,
    auth::{Auth, Mode, SESSION_COOKIE},
    clock,
    edge::{self, Edge, hosts::Hosts},
    listen,
    metrics::Metrics,
    replies::{self, Replies},
    routes,
    state::{About, Inner, SecureCookies},
    streams, ui,
};
use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    middleware,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::{
    Components, Info, OpenApi,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};
use web::{ApiError, Authentication, Code, RouteEntry, Routes};

/// How often what has expired is removed.
const SWEEP: Duration = Duration::from_secs(300);

/// A server, ready to serve.
pub struct Server {
    router: Router,
    state: ServerState,
    table: Vec<RouteEntry>,
}

impl Server {
    /// Puts a server together.
    ///
    /// # Errors
    /// [`crate::Error::Db`] where the database does not answer.
    pub async fn new(options: ServerOptions) -> Result<Self> {
        let db = options.engine.store().db().clone();
        let auth = Auth::new(db.clone(), options.mode)?;
        let audit = Audit::open(db.clone()).await?;
        let hosts = match (options.mode, options.hosts) {
            (Mode::Development, hosts) => Hosts::Local(hosts),
            (Mode::Normal, hosts) if hosts.is_empty() => Hosts::Any,
            (Mode::Normal, hosts) => Hosts::Only(hosts),
        };
        let version = options.version.clone();
        let mut features = options.features;
        features.insert("sse".to_owned(), options.streaming == Streaming::On);
        let about = About {
            version: options.version,
            dev: options.mode == Mode::Development,
            features,
            apps: options.apps,
            settings: options.settings,
            vault: options.vault,
            backups: options.backups,
            secure_cookies: match options.proxy {
                Proxy::Declared => SecureCookies::Yes,
                Proxy::None => SecureCookies::No,
            },
        };
        let state = ServerState::new(Inner {
            engine: options.engine,
            hub: options.hub,
            auth,
            audit,
            metrics: Metrics::new(),
            edge: Edge::new(hosts, options.proxy, options.deadline, options.rate),
            about,
            replies: Replies::new(db),
            document: std::sync::OnceLock::new(),
        });
        let own = routes::all()
            .with_state(state.clone())
            .merge(streams::routes(state.hub().clone(), options.streaming));
        let all = options.app_routes.into_iter().fold(own, Routes::merge).register();
        let document = describe(all.document, &version);
        // A document of strings and numbers always has a JSON form.
        state.set_document(Bytes::from(serde_json::to_vec(&document).unwrap_or_default()));
        let router = layered(all.router, &state);
        Ok(Self { router, state, table: all.table })
    }

    /// What the handlers share.
    pub fn state(&self) -> &ServerState {
        &self.state
    }

    /// What each route asks of its caller.
    pub fn table(&self) -> &[RouteEntry] {
        &self.table
    }
}

/// Serves until `shutdown`, then ends streams and lets requests under way end; takes less than five seconds.
pub async fn serve(
    listener: TcpListener,
    server: Server,
    options: ListenOptions,
    shutdown: CancellationToken,
) {
    let sweeping = tokio::spawn(sweep(server.state.clone()));
    let hub = server.state.hub().clone();
    listen::serve(listener, server.router, options, shutdown.cancelled_owned(), || hub.drain()).await;
    sweeping.abort();
}

/// Removes what has expired, now and then.
async fn sweep(state: ServerState) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let now = clock::now();
        state.edge().sweep();
        for swept in [state.auth().sweep(now).await, state.replies().sweep(now).await] {
            if let Err(error) = swept {
                tracing::warn!(%error, "what has expired was not removed; trying again later");
            }
        }
    }
}

fn layered(router: Router, state: &ServerState) -> Router {
    router
        .fallback(unrouted)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(state.clone(), replies::pass))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(state.clone(), edge::pass))
}

/// What a route that exists answers to a method that it does not know.
async fn method_not_allowed(authentication: Option<Extension<Authentication>>) -> Response {
    match signed_in(authentication.as_deref()) {
        Ok(()) => {
            ApiError::new(Code::MethodNotAllowed, "the route exists, the method does not").into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// What no route took: those who are not signed in learn nothing of the routes there are.
async fn unrouted(
    authentication: Option<Extension<Authentication>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if !uri.path().starts_with("/api/") {
        return ui::serve(&method, &uri, &headers);
    }
    match signed_in(authentication.as_deref()) {
        Ok(()) => ui::unknown_route(&uri).into_response(),
        Err(error) => error.into_response(),
    }
}

fn signed_in(authentication: Option<&Authentication>) -> web::ApiResult<()> {
    let anonymous = Authentication::Anonymous;
    let authentication = authentication.unwrap_or(&anonymous);
    authentication.principal().map(|_| ()).ok_or_else(|| authentication.refusal())
}

/// Completes the document: what it is about, and how to sign in.
fn describe(mut document: OpenApi, version: &str) -> OpenApi {
    let mut info = Info::new("Headway", version);
    info.description = Some(
        "Runs long, multi-stage work durably, shows it moving, and delivers its results once.".to_owned(),
    );
    document.info = info;
    // Files of pages are no part of the API.
    document.paths.paths.retain(|path, _| !path.starts_with("/docs") && !path.starts_with("/help"));
    let components = document.components.get_or_insert_with(Components::new);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    let cookie = ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE));
    components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    let none: [String; 0] = [];
    document.security = Some(vec![
        SecurityRequirement::new("token", none.clone()),
        SecurityRequirement::new("session", none),
    ]);
    document
}
