//! The services, over loopback HTTP: real requests, real waiting. What each costs and how it suffers is in its handler.

use super::work::Stage;
use anyhow::Result;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse as _, Response},
    routing::get,
};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// More at once than its capacity times this, and the collapsing service answers 503.
const BREAKS_AT: f64 = 3.0;

/// Share of two cores' time that the computing stage takes of the best makespan: the rest is for the services and the engine.
const CPU_SHARE: f64 = 0.5;

/// A world as a seed draws it.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// The steady service: each answer takes so long, and it works on so many at once; more wait.
    pub(super) steady_ms: f64,
    pub(super) steady_most: u32,
    /// The rate-limited service: time of an answer, calls a second, and calls that it lets gather.
    pub(super) limited_ms: f64,
    pub(super) rate: f64,
    pub(super) burst: f64,
    /// Callers that just stay below the rate.
    pub(super) callers: u32,
    /// The collapsing service: time of an answer, up to its capacity.
    pub(super) collapsing_ms: f64,
    pub(super) capacity: u32,
    /// How much of the best makespan each stage's work takes at best.
    pub(super) shares: [f64; 4],
    /// The order of the stages in the definition.
    pub(super) order: [usize; 4],
}

/// Numbers from a seed (SplitMix64).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn whole(&mut self, least: u32, most: u32) -> u32 {
        least + (self.next() % u64::from(most - least + 1)) as u32
    }
}

impl World {
    pub(super) fn drawn(seed: u64) -> Self {
        let mut draw = Draw(seed);
        let mut order = [0, 1, 2, 3];
        for place in (1..4).rev() {
            order.swap(place, draw.whole(0, place as u32) as usize);
        }
        let (limited_ms, callers) = (draw.between(40.0, 120.0), draw.whole(3, 8));
        let rate = f64::from(callers) * 1_000.0 / limited_ms * 1.02;
        Self {
            steady_ms: draw.between(40.0, 120.0),
            steady_most: draw.whole(48, 128),
            limited_ms,
            rate,
            burst: rate * draw.between(0.25, 1.0),
            callers,
            collapsing_ms: draw.between(30.0, 80.0),
            capacity: draw.whole(4, 24),
            shares: std::array::from_fn(|_| draw.between(0.8, 1.0)),
            order,
        }
    }

    /// The best for each stage, in the order of [`super::STAGES`].
    pub(super) fn tuned(&self) -> [u32; 4] {
        let cpus = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
        [cpus, self.steady_most, self.callers, self.capacity]
    }

    /// Tasks of each stage, for a makespan of `best_s` at best.
    pub(super) fn counts(&self, best_s: f64) -> [u64; 4] {
        let cpus = f64::from(self.tuned()[0]);
        let rates = [
            cpus * CPU_SHARE * 1_000.0 / Stage::SPIN_MS,
            f64::from(self.steady_most) * 1_000.0 / self.steady_ms,
            self.rate,
            f64::from(self.capacity) * 1_000.0 / self.collapsing_ms,
        ];
        std::array::from_fn(|stage| (rates[stage] * best_s * self.shares[stage]) as u64)
    }
}

impl std::fmt::Display for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "steady {} at once, {:.0} ms; limited {:.0}/s, burst {:.0}, {:.0} ms; collapsing {} at once, {:.0} ms",
            self.steady_most,
            self.steady_ms,
            self.rate,
            self.burst,
            self.limited_ms,
            self.capacity,
            self.collapsing_ms
        )
    }
}

/// The services, listening. They end when this is dropped.
pub(super) struct Site {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<tokio::runtime::Runtime>,
}

struct Shared {
    world: World,
    steady: Semaphore,
    bucket: Mutex<(f64, Instant)>,
    busy: AtomicU32,
    refused: AtomicU64,
    failed: AtomicU64,
}

impl Site {
    pub(super) fn open(world: &World) -> Result<Self> {
        let shared = Arc::new(Shared {
            steady: Semaphore::new(world.steady_most as usize),
            bucket: Mutex::new((world.burst, Instant::now())),
            world: world.clone(),
            busy: AtomicU32::new(0),
            refused: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        });
        let app = Router::new()
            .route("/steady", get(steady))
            .route("/limited", get(limited))
            .route("/collapsing", get(collapsing))
            .with_state(shared.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = std::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, app).await
        });
        Ok(Self { address, shared, runtime: Some(runtime) })
    }

    pub(super) fn url(&self, service: &str) -> String {
        format!("http://{}/{service}", self.address)
    }

    /// 429s answered.
    pub(super) fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }

    /// 503s answered.
    pub(super) fn failed(&self) -> u64 {
        self.shared.failed.load(Ordering::Relaxed)
    }

    /// Forgets what was counted so far, and fills the bucket.
    pub(super) fn forget(&self) {
        self.shared.refused.store(0, Ordering::Relaxed);
        self.shared.failed.store(0, Ordering::Relaxed);
        *self.shared.bucket.lock().unwrap_or_else(PoisonError::into_inner) =
            (self.shared.world.burst, Instant::now());
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn wait(ms: f64) {
    tokio::time::sleep(Duration::from_secs_f64(ms / 1_000.0)).await;
}

/// The same time for each, up to so many at once; more wait for their turn.
async fn steady(State(shared): State<Arc<Shared>>) -> StatusCode {
    let Ok(_permit) = shared.steady.acquire().await else { return StatusCode::INTERNAL_SERVER_ERROR };
    wait(shared.world.steady_ms).await;
    StatusCode::OK
}

/// A token bucket. A refusal comes at once, and asks for the shortest pause that `Retry-After` can say.
async fn limited(State(shared): State<Arc<Shared>>) -> Response {
    let granted = {
        let mut bucket = shared.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let gathered = now.duration_since(bucket.1).as_secs_f64() * shared.world.rate;
        let tokens = (bucket.0 + gathered).min(shared.world.burst.max(1.0));
        let granted = tokens >= 1.0;
        *bucket = (if granted { tokens - 1.0 } else { tokens }, now);
        granted
    };
    if !granted {
        shared.refused.fetch_add(1, Ordering::Relaxed);
        return (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "1")]).into_response();
    }
    wait(shared.world.limited_ms).await;
    StatusCode::OK.into_response()
}

/// Counts a caller for as long as it lives.
struct Busy(Arc<Shared>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The same time for each up to its capacity. Beyond, each takes longer by the square of the excess, so that less is done the
/// more ask; far beyond, it answers 503.
async fn collapsing(State(shared): State<Arc<Shared>>) -> StatusCode {
    let busy = f64::from(shared.busy.fetch_add(1, Ordering::AcqRel) + 1);
    let _busy = Busy(shared.clone());
    let over = (busy / f64::from(shared.world.capacity)).max(1.0);
    if over > BREAKS_AT {
        wait(shared.world.collapsing_ms).await;
        shared.failed.fetch_add(1, Ordering::Relaxed);
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    wait(shared.world.collapsing_ms * over * over).await;
    StatusCode::OK
}
