//! `temporal_ratio`: tasks a second of a Headway run on Temporal, beside a bare Temporal worker that does the same no-op
//! activities one by one, on the same dev server. `ratio [TASKS] [BARE]`.

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../tests/runs/support.rs"]
mod support;

use headway_temporal::Tuning;
use serde_json::json;
use std::time::{Duration, Instant};
use support::{DevServer, Site, begin, definition};
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, Url, WorkflowGetResultOptions, WorkflowStartOptions,
};
use temporalio_sdk::{
    ActivityOptions, Runtime, Worker, WorkerOptions, WorkflowContext, WorkflowResult,
    activities::{ActivityContext, ActivityError, activities},
    runtime::PollerBehavior,
    workflows::join_all,
};
use temporalio_workflow::{workflow, workflow_methods};

/// Activities of the bare worker scheduled at once: far more than it has slots and pollers, so that these are never idle.
const AT_ONCE: u64 = 500;

/// Polls of the bare worker under way at once.
const POLLERS: usize = 40;

pub(crate) struct Bare;

#[activities]
impl Bare {
    /// Does nothing.
    #[activity]
    pub(crate) async fn noop(_ctx: ActivityContext, _number: u64) -> Result<u64, ActivityError> {
        Ok(0)
    }
}

/// Does nothing so many times, one activity each.
#[workflow]
#[derive(Default)]
pub(crate) struct BareRun;

#[workflow_methods]
impl BareRun {
    /// Lots of activities, one lot after the other.
    #[run]
    pub(crate) async fn run(ctx: &mut WorkflowContext<Self>, count: u64) -> WorkflowResult<u64> {
        let mut done = 0;
        while done < count {
            let lot = AT_ONCE.min(count - done);
            let options = || ActivityOptions::start_to_close_timeout(Duration::from_secs(30));
            let under_way: Vec<_> =
                (0..lot).map(|n| ctx.execute_activity(Bare::noop, n, options())).collect();
            for answer in join_all(under_way).await {
                answer?;
            }
            done += lot;
        }
        Ok(done)
    }
}

async fn bare(address: &str, count: u64) -> anyhow_free::Result<f64> {
    let target = Url::parse(&format!("http://{address}"))?;
    let connection =
        Connection::connect(ConnectionOptions::new(target).dns_load_balancing(None).build()).await?;
    let client = Client::new(connection, ClientOptions::new("default").build())?;
    let runtime = Runtime::from_current_tokio(Default::default())?;
    let options = WorkerOptions::new("bare")
        .activity_task_poller_behavior(PollerBehavior::SimpleMaximum(POLLERS))
        .register_activities(Bare)
        .register_workflow::<BareRun>()?
        .build();
    let mut worker = Worker::new(&runtime, client.clone(), options)?;
    let stop = worker.shutdown_handle();
    let measured = async {
        let began = Instant::now();
        let started = WorkflowStartOptions::new("bare", "bare").build();
        let handle = client.start_workflow(BareRun::run, count, started).await?;
        let done = handle.get_result(WorkflowGetResultOptions::default()).await?;
        let rate = done as f64 / began.elapsed().as_secs_f64();
        stop();
        anyhow_free::Result::Ok(rate)
    };
    let (ran, rate) = tokio::join!(worker.run(), measured);
    ran?;
    rate
}

/// A result of any error.
mod anyhow_free {
    pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
}

async fn headway(address: &str, count: u64) -> anyhow_free::Result<f64> {
    let folder = tempfile::tempdir()?;
    let site = Site::open(folder.path(), address, Tuning::default()).await;
    let yaml = "
name: noop
stages:
  - name: make
    activity: builtin.range
  - name: noop
    for_each: make
    activity: builtin.noop
";
    let began = Instant::now();
    let run = begin(&site.engine, &definition(yaml), json!({ "count": count })).await;
    let record = loop {
        let record = site.engine.record(run).await?.ok_or("the run is there")?;
        if record.run.state.is_final() {
            break record;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let rate = count as f64 / began.elapsed().as_secs_f64();
    assert_eq!(record.run.stages[1].counts.done, count);
    site.close().await;
    Ok(rate)
}

#[tokio::main]
async fn main() -> anyhow_free::Result<()> {
    let mut words = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let tasks = words.next().transpose()?.unwrap_or(100_000);
    let single = words.next().transpose()?.unwrap_or(2_000);
    let server = DevServer::in_memory().await;
    let bare = bare(&server.address(), single).await?;
    println!("temporal_bare_tasks_per_s {bare:.0} tasks/s");
    let headway = headway(&server.address(), tasks).await?;
    println!("temporal_tasks_per_s {headway:.0} tasks/s");
    println!("temporal_ratio {:.2} x", headway / bare);
    Ok(())
}
