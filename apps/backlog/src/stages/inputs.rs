//! Parameters and visions of runs under way, read once and not for every attempt.

use super::{no_answer, unreadable};
use crate::{Params, tables::writing, vision, vision::Vision};
use activity::{Context, Outcome};
use model::{Failure, RunId};
use parking_lot::Mutex;
use serde::Deserialize as _;
use std::{collections::VecDeque, sync::Arc};

/// Runs whose input is held.
const MAX_HELD: usize = 8;

/// What a run is about.
#[derive(Clone)]
pub(super) struct Input {
    /// What was asked for; its vision is whole.
    pub(super) params: Arc<Params>,
    /// The vision, read.
    pub(super) vision: Arc<Vision>,
}

/// Inputs of the runs that were asked for last.
#[derive(Default)]
pub(super) struct Inputs {
    held: Mutex<VecDeque<(RunId, Input)>>,
}

impl Inputs {
    /// The input of the context's run.
    pub(super) async fn of(&self, context: &Context) -> Result<Input, Outcome> {
        let run = context.attempt().run;
        if let Some((_, input)) = self.held.lock().iter().find(|(held, _)| *held == run) {
            return Ok(input.clone());
        }
        let mut params = Params::deserialize(&*context.attempt().input)
            .map_err(|error| unreadable("the run's input", &error))?;
        if let Some(hash) = params.vision_sha256.take() {
            let kept = writing::kept_vision(context.db(), &hash).await.map_err(|error| no_answer(&error))?;
            let gone =
                || Failure::permanent("vision_gone", format!("the vision {hash:.12} is no longer kept"));
            params.vision = kept.ok_or_else(gone)?;
        }
        // A run may have been started past the application's routes.
        let params = params.resolved().map_err(|error| {
            Failure::permanent("bad_input", format!("the run's input does not fit: {error}"))
        })?;
        let vision = vision::read(&params.vision, params.title.as_deref().unwrap_or("The product"));
        let input = Input { params: Arc::new(params), vision: Arc::new(vision) };
        let mut held = self.held.lock();
        held.truncate(MAX_HELD - 1);
        held.push_front((run, input.clone()));
        Ok(input)
    }
}
