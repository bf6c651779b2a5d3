//! The table of routes. A route is added with what it asks of its caller, or not at all.

use crate::{Access, ApiError, Authentication, Code, Decision, Permission, Problem, decide};
use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use utoipa::{
    PartialSchema as _,
    openapi::{
        Components, ContentBuilder, HttpMethod, OpenApi, PathItem, Ref, RefOr, ResponseBuilder,
        extensions::Extensions, path::Operation, security::SecurityRequirement,
    },
};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt as _};

/// Routes with what each asks of its caller, and their part of the OpenAPI document.
pub struct Routes<S = ()> {
    router: OpenApiRouter<S>,
    table: Vec<RouteEntry>,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteEntry {
    /// The method.
    pub method: http::Method,
    /// The path, with its variable parts in braces.
    pub path: String,
    /// What it asks for.
    pub access: Access,
}

/// What [`Routes`] come to: a router, the document, the table.
pub struct Registered {
    /// The router; each route checks its caller.
    pub router: Router,
    /// The OpenAPI document of the routes.
    pub document: OpenApi,
    /// What each route asks for.
    pub table: Vec<RouteEntry>,
}

/// What was decided about a request, left in the answer for the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What the route asks for.
    pub access: Access,
    /// What was decided.
    pub decision: Decision,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self { router: OpenApiRouter::new(), table: Vec::new() }
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds handlers of one path (`routes!(get_one, put_one)`) that need `permission`.
    #[must_use]
    pub fn with(self, permission: Permission, routes: UtoipaMethodRouter<S>) -> Self {
        self.add(Access::Needs(permission), routes)
    }

    /// Adds handlers of one path that anyone signed in may call.
    #[must_use]
    pub fn signed_in(self, routes: UtoipaMethodRouter<S>) -> Self {
        self.add(Access::SignedIn, routes)
    }

    /// Adds handlers of one path that anyone may call. Think twice.
    #[must_use]
    pub fn open(self, routes: UtoipaMethodRouter<S>) -> Self {
        self.add(Access::Open, routes)
    }

    /// Adds handlers of one path.
    #[must_use]
    pub fn add(mut self, access: Access, routes: UtoipaMethodRouter<S>) -> Self {
        let (schemas, mut paths, methods) = routes;
        for (path, item) in &mut paths.paths {
            for (method, operation) in operations(item) {
                describe(operation, access);
                self.table.push(RouteEntry { method, path: path.clone(), access });
            }
        }
        let guarded = (schemas, paths, methods)
            .map(|methods| methods.route_layer(middleware::from_fn_with_state(access, guard)));
        self.router = self.router.routes(guarded);
        self
    }

    /// Adds all of `other`.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.table.extend(other.table);
        self.router = self.router.merge(other.router);
        self
    }

    /// Gives the handlers their state.
    pub fn with_state<S2: Clone + Send + Sync + 'static>(self, state: S) -> Routes<S2> {
        Routes { router: self.router.with_state(state), table: self.table }
    }
}

impl Routes<()> {
    /// The router, the document and the table.
    pub fn register(self) -> Registered {
        let (router, mut document) = self.router.split_for_parts();
        let components = document.components.get_or_insert_with(Components::new);
        components.schemas.insert("Problem".to_owned(), Problem::schema());
        components.schemas.insert("FieldProblem".to_owned(), crate::FieldProblem::schema());
        Registered { router, document, table: self.table }
    }
}

async fn guard(State(access): State<Access>, request: Request, next: Next) -> Response {
    let anonymous = Authentication::Anonymous;
    let who = request.extensions().get::<Authentication>().unwrap_or(&anonymous);
    let decision = decide(who.principal().map(crate::Principal::grant), access);
    let mut response = match decision {
        Decision::Allow => next.run(request).await,
        Decision::SignIn => who.refusal().into_response(),
        Decision::Deny => {
            let detail = format!("this needs the permission {}", access.as_str());
            ApiError::new(Code::Forbidden, detail).into_response()
        }
    };
    response.extensions_mut().insert(Verdict { access, decision });
    response
}

/// Says in the document what the route asks for, and that it may answer with a problem.
fn describe(operation: &mut Operation, access: Access) {
    let extensions = operation.extensions.get_or_insert_with(Extensions::default);
    extensions.insert("x-permission".to_owned(), access.as_str().into());
    if access == Access::Open {
        operation.security = Some(vec![SecurityRequirement::default()]);
    }
    let problem = ResponseBuilder::new()
        .description("What went wrong; see /help/errors")
        .content(
            "application/problem+json",
            ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build(),
        )
        .build();
    operation.responses.responses.entry("default".to_owned()).or_insert(RefOr::T(problem));
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (http::Method, &mut Operation)> {
    let of = |method: HttpMethod| match method {
        HttpMethod::Get => http::Method::GET,
        HttpMethod::Put => http::Method::PUT,
        HttpMethod::Post => http::Method::POST,
        HttpMethod::Delete => http::Method::DELETE,
        HttpMethod::Options => http::Method::OPTIONS,
        HttpMethod::Head => http::Method::HEAD,
        HttpMethod::Patch => http::Method::PATCH,
        HttpMethod::Trace => http::Method::TRACE,
    };
    [
        (HttpMethod::Get, item.get.as_mut()),
        (HttpMethod::Put, item.put.as_mut()),
        (HttpMethod::Post, item.post.as_mut()),
        (HttpMethod::Delete, item.delete.as_mut()),
        (HttpMethod::Options, item.options.as_mut()),
        (HttpMethod::Head, item.head.as_mut()),
        (HttpMethod::Patch, item.patch.as_mut()),
        (HttpMethod::Trace, item.trace.as_mut()),
    ]
    .into_iter()
    .filter_map(move |(method, operation)| operation.map(|operation| (of(method), operation)))
}
