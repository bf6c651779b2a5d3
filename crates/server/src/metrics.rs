//! Figures for Prometheus.

use http::{Method, StatusCode};
use parking_lot::Mutex;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, AtomicU64},
    time::Duration,
};

/// Upper bounds of the buckets of a request's time, in seconds.
const SECONDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];

/// All figures. Those of requests are counted as they end, the others set when someone asks.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram>,
    figures: Family<FigureLabels, Gauge<f64, AtomicU64>>,
    runs: Family<StateLabels, Gauge<i64, AtomicI64>>,
    limits: Family<LimitLabels, Gauge<f64, AtomicU64>>,
    deliveries: Family<DeliveryLabels, Gauge<i64, AtomicI64>>,
    nodes: Family<NodeLabels, Gauge<i64, AtomicI64>>,
    /// Families that are made anew are seen whole.
    whole: Mutex<()>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FigureLabels {
    of: &'static str,
    figure: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    class: String,
    figure: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    destination: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NodeLabels {
    state: String,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("headway");
        let requests = Family::default();
        let seconds = Family::<RouteLabels, Histogram>::new_with_constructor(|| {
            Histogram::new(SECONDS.iter().copied())
        });
        let (figures, runs, limits) = (Family::default(), Family::default(), Family::default());
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register_with_unit(
            "http_request",
            "Time until an answer began",
            Unit::Seconds,
            seconds.clone(),
        );
        registry.register(
            "figure",
            "Figures of the database, the engine, the streams and the audit log",
            figures.clone(),
        );
        registry.register("runs", "Runs by state", runs.clone());
        registry.register(
            "limit",
            "Limits by class: what is allowed at once, in use, and ends per second",
            limits.clone(),
        );
        let (deliveries, nodes) = (Family::default(), Family::default());
        registry.register("deliveries", "Deliveries by destination and state", deliveries.clone());
        registry.register("nodes", "Processes of the store by state, those of the last day", nodes.clone());
        Self {
            registry,
            requests,
            seconds,
            figures,
            runs,
            limits,
            deliveries,
            nodes,
            whole: Mutex::default(),
        }
    }

    /// Counts an answered request. `route` is the template, never the path: paths are without number.
    pub(crate) fn request(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let labels = RequestLabels { method: word(method), route: route.to_owned(), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.seconds.get_or_create(&RouteLabels { route: route.to_owned() }).observe(took.as_secs_f64());
    }

    /// Sets a figure of the database, the engine, the streams or the audit log.
    #[expect(clippy::cast_precision_loss, reason = "figures beyond 2^53 need not be exact")]
    pub(crate) fn set(&self, of: &'static str, figure: &'static str, value: u64) {
        self.figures.get_or_create(&FigureLabels { of, figure }).set(value as f64);
    }

    /// Sets how many runs are in each state; of two counts of one state the later stands.
    pub(crate) fn set_runs(&self, counts: impl IntoIterator<Item = (&'static str, u64)>) {
        for (state, count) in counts {
            let gauge = self.runs.get_or_create_owned(&StateLabels { state });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Sets how many deliveries of each destination are in each state.
    pub(crate) fn set_deliveries(&self, counts: impl IntoIterator<Item = (String, &'static str, u64)>) {
        let _whole = self.whole.lock();
        self.deliveries.clear();
        for (destination, state, count) in counts {
            let gauge = self.deliveries.get_or_create_owned(&DeliveryLabels { destination, state });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Sets how many processes are in each state.
    pub(crate) fn set_nodes(&self, states: impl IntoIterator<Item = String>) {
        let mut counts = BTreeMap::<String, i64>::new();
        for state in states {
            *counts.entry(state).or_default() += 1;
        }
        let _whole = self.whole.lock();
        self.nodes.clear();
        for (state, count) in counts {
            self.nodes.get_or_create_owned(&NodeLabels { state }).set(count);
        }
    }

    /// Sets a figure of a limit.
    pub(crate) fn set_limit(&self, class: &str, figure: &'static str, value: f64) {
        self.limits.get_or_create(&LimitLabels { class: class.to_owned(), figure }).set(value);
    }

    /// All figures in the text format.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let _whole = self.whole.lock();
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Methods are the client's text: only the usual ones get a label of their own.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
