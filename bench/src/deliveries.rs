//! Deliveries: how fast staged items reach a tracker that does not throttle, and what staging costs a run.

use crate::harness::{Bed, bed_delivering, definition_of, figure, over, start};
use activity::connector::{Connector, ConnectorFuture, Connectors};
use anyhow::{Context as _, Result};
use connectors::{Http, Reach};
use engine::RelayOptions;
use fakes::azure::{FakeAzure, Options};
use model::{Destination, RunState, TaskError};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use store::RunRecord;
use vault::Secret;

/// How often a run is looked at: well below what is measured.
const LOOK: Duration = Duration::from_millis(5);

/// Runs of which the quickest counts, with and without staging in turns.
const ROUNDS: usize = 3;

const VISION: &str = include_str!("../../apps/backlog/examples/visions/canteen.md");

/// The connectors of the binary, with the tracker's own token.
struct Tracker {
    http: Http,
    token: String,
}

impl Connectors for Tracker {
    fn connect<'a>(
        &'a self,
        destination: &'a Destination,
    ) -> ConnectorFuture<'a, Result<Arc<dyn Connector>, TaskError>> {
        let secret = Some(Secret::from(self.token.as_str()));
        let made = connectors::build(&destination.kind, &destination.settings, secret, &self.http);
        Box::pin(async move { made })
    }
}

/// Prints `deliveries_per_s` and `staging_share`.
pub(crate) async fn run() -> Result<()> {
    let fake = FakeAzure::start(Options::default());
    let connectors = Tracker { http: Http::new(Reach::Any)?, token: fake.token().to_owned() };
    let relay = RelayOptions { connectors: Some(Arc::new(connectors)), ..RelayOptions::default() };
    let bed = bed_delivering(vec![backlog::app(backlog::BacklogOptions::default())], relay).await?;
    let mut settings = fake.settings();
    settings["test_plans"] = json!(false);
    let destination = Destination {
        name: Arc::from("tracker"),
        kind: Arc::from("azure_devops"),
        settings,
        credential: None,
        paused: None,
    };
    bed.engine.add_destination(destination).await?;
    sending(&bed, &fake).await?;
    staging(&bed).await
}

/// Items a second, from the begin of staging to the last receipt.
async fn sending(bed: &Bed, fake: &FakeAzure) -> Result<()> {
    let size = json!({ "epics": 10, "features": 10, "stories": 9, "tasks": 10, "tests": 8 });
    let record = write(bed, Some("tracker"), &size).await?;
    let run = over(&bed.engine, record.run.id, LOOK).await?;
    let staged = run.run.deliveries.done;
    anyhow::ensure!(
        fake.items().len() as u64 == staged && fake.duplicates().is_empty(),
        "each item is there once"
    );
    let begun = staging_began(&run).context("it staged")?;
    let ms = run.run.ended_at.context("it ended")?.since(begun);
    figure("deliveries_per_s", staged as f64 * 1_000.0 / ms as f64, "/s");
    figure("deliveries_sent", staged as f64, "items");
    Ok(())
}

/// What staging adds to a run that writes a large backlog: the same backlog with and without, nothing sent.
async fn staging(bed: &Bed) -> Result<()> {
    bed.engine.pause_destination("tracker", "bench", "").await?;
    let size = json!("large");
    let (mut without, mut with) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        let plain = write(bed, None, &size).await?;
        let plain = over(&bed.engine, plain.run.id, LOOK).await?;
        without = without.min(took(&plain));
        let staged = write(bed, Some("tracker"), &size).await?;
        let staged = worked(bed, &staged).await?;
        with = with.min(took(&staged));
    }
    figure("staging_share", (with / without - 1.0) * 100.0, "% of the run's time");
    figure("staging_without_ms", without, "ms");
    Ok(())
}

async fn write(bed: &Bed, to: Option<&str>, size: &Value) -> Result<Arc<RunRecord>> {
    let input = json!({ "vision": VISION, "to": to, "size": size, "author": "outline", "review": false });
    let definition = definition_of(bed, backlog::PIPELINE)?;
    Ok(bed.engine.start(start(&definition, input)).await?.record)
}

/// The run once its stages are over, whatever is still to be delivered.
async fn worked(bed: &Bed, started: &RunRecord) -> Result<Arc<RunRecord>> {
    loop {
        let record = bed.engine.record(started.run.id).await?.context("the run is there")?;
        anyhow::ensure!(record.run.state != RunState::Failed, "the run failed: {:?}", record.run.error);
        if record.run.stages.iter().all(|stage| stage.state.is_over()) {
            return Ok(record);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn staging_began(record: &RunRecord) -> Option<model::Timestamp> {
    let stage = record.definition.find("stage")?;
    record.run.stages.get(stage.index())?.opened_at
}

/// From the run's begin to the end of its last stage, in milliseconds.
fn took(record: &RunRecord) -> f64 {
    let last = record.run.stages.iter().filter_map(|stage| stage.closed_at).max();
    let begun = record.run.started_at.unwrap_or(record.run.created_at);
    last.map_or(0.0, |last| last.since(begun) as f64)
}
