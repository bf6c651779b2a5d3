//! What can go wrong between an asker and a run.

use headway_core::Refused;
use model::RunId;

/// This crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such run.
    #[error("there is no run {0}; it may have been deleted by retention")]
    RunNotFound(RunId),
    /// There is no pipeline of this name.
    #[error("there is no pipeline '{0}'; `GET /api/v1/pipelines` lists them")]
    UnknownPipeline(String),
    /// The pipeline names activities that nobody registered.
    #[error("pipeline '{pipeline}' uses activities that this server does not have: {}", activities.join(", "))]
    UnknownActivity {
        /// The pipeline.
        pipeline: String,
        /// The missing ones.
        activities: Vec<String>,
    },
    /// The run does not take this in its state.
    #[error("run {run}: it cannot take this now")]
    Refused {
        /// The run.
        run: RunId,
        /// Why.
        #[source]
        source: Refused,
    },
    /// The run has no stage of this name.
    #[error("run {run} has no stage '{stage}'")]
    UnknownStage {
        /// The run.
        run: RunId,
        /// What was asked for.
        stage: String,
    },
    /// The input is larger than a run may have.
    #[error("the input has {bytes} bytes; a run's input may have {limit}: put large data into files")]
    InputTooLarge {
        /// What came.
        bytes: usize,
        /// What may come.
        limit: usize,
    },
    /// A schedule's expression or zone is not one.
    #[error("schedule '{name}': {reason}")]
    BadSchedule {
        /// The schedule.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no such schedule.
    #[error("there is no schedule {0}")]
    ScheduleNotFound(i64),
    /// There is no such limit.
    #[error("there is no limit '{0}'; `GET /api/v1/limits` lists them")]
    UnknownLimit(String),
    /// None of the deliveries meant is dead.
    #[error("run {0} has no dead delivery among those asked for")]
    NothingToReplay(RunId),
    /// There is no such destination.
    #[error("there is no destination '{0}'; `GET /api/v1/destinations` lists them")]
    UnknownDestination(String),
    /// There is no such delivery.
    #[error("there is no delivery {0}; it may have been deleted with its run")]
    DeliveryNotFound(i64),
    /// The destination cannot be used as it is.
    #[error("destination '{name}': {}", error.message)]
    Destination {
        /// Its name.
        name: String,
        /// What is wrong.
        error: model::TaskError,
    },
    /// Every id that was tried for a new run is in use.
    #[error(
        "no free id was found for the run, in {0} tries; start it again, and look whether the machine's clock is right"
    )]
    NoFreeId(u32),
    /// The cluster that drives runs does not answer.
    #[error(
        "the cluster engine '{cluster}' does not answer, so no run can begin or take commands; those under way go on when it is back: {reason}"
    )]
    ClusterAway {
        /// Which.
        cluster: &'static str,
        /// What it said, or did not.
        reason: String,
    },
    /// A run's host refused a command.
    #[error("run {run}: {}", error.message)]
    Host {
        /// The run.
        run: RunId,
        /// The stable word, and why.
        error: model::TaskError,
    },
    /// The engine is ending and takes no new work.
    #[error("the server is ending and takes no new work; ask again when it is back")]
    Draining,
    /// The store refused.
    #[error("the store refused")]
    Store(#[from] store::Error),
    /// The database refused.
    #[error("the database refused")]
    Db(#[from] db::Error),
    /// A value has no JSON form.
    #[error("a value could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// The stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::RunNotFound(_) => "run_not_found",
            Self::UnknownPipeline(_) => "unknown_pipeline",
            Self::UnknownActivity { .. } => "unknown_activity",
            Self::Refused { source: Refused::NotAwaited(_), .. } => "signal_not_awaited",
            Self::Refused { source: Refused::NothingToRetry, .. } => "nothing_to_retry",
            Self::Refused { source: Refused::NothingToRedo(_), .. } => "nothing_to_redo",
            Self::Refused { .. } => "illegal_transition",
            Self::UnknownStage { .. } => "unknown_stage",
            Self::InputTooLarge { .. } => "input_too_large",
            Self::BadSchedule { .. } => "bad_schedule",
            Self::ScheduleNotFound(_) => "schedule_not_found",
            Self::UnknownLimit(_) => "unknown_limit",
            Self::NoFreeId(_) => "no_free_id",
            Self::NothingToReplay(_) => "nothing_to_replay",
            Self::UnknownDestination(_) => "unknown_destination",
            Self::DeliveryNotFound(_) => "delivery_not_found",
            Self::Destination { .. } => "destination_unusable",
            Self::ClusterAway { .. } => "cluster_away",
            Self::Host { .. } => "refused_by_host",
            Self::Draining => "draining",
            Self::Store(_) => "store_error",
            Self::Db(error) => error.code(),
            Self::Json(_) => "not_json",
        }
    }
}
