//! What an application brings: activities, pipelines, tables.

use crate::{Activity, CpuActivity, Performer};
use db::Statement;
use model::{PipelineDocument, RunId, WaitClass};
use std::{collections::BTreeMap, sync::Arc};

/// An application: what it registers at start.
pub struct App {
    /// Its name: the prefix of its activities (`ingest.read`) and of its tables.
    pub name: &'static str,
    /// Its pipelines.
    pub pipelines: Vec<PipelineDocument>,
    /// Its tables.
    pub migrations: &'static [db::Migration],
    /// Adds its activities, and what forgets its rows.
    pub activities: Registry,
}

/// What deletes an application's rows of a run that is forgotten: statements that delete at most so many rows each. They are
/// executed again until none of them finds any more; the run itself goes last.
pub type Forget = fn(RunId, usize) -> Vec<Statement>;

/// Activities by name, and what forgets what they wrote.
#[derive(Clone, Default)]
pub struct Registry {
    performers: BTreeMap<Arc<str>, Performer>,
    forgets: Vec<Forget>,
}

impl Registry {
    /// Adds an activity that waits under the limit of `class`. A name registered twice keeps the later.
    pub fn add(&mut self, name: &str, class: WaitClass, activity: impl Activity) -> &mut Self {
        self.performers.insert(Arc::from(name), Performer::Async(Arc::new(activity), class));
        self
    }

    /// Adds an activity that computes.
    pub fn add_cpu(&mut self, name: &str, activity: impl CpuActivity) -> &mut Self {
        self.performers.insert(Arc::from(name), Performer::Cpu(Arc::new(activity)));
        self
    }

    /// The activity called `name`.
    pub fn get(&self, name: &str) -> Option<&Performer> {
        self.performers.get(name)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.performers.keys().map(|name| &**name)
    }

    /// Names what deletes the application's rows of a run that is forgotten.
    pub fn forgets(&mut self, forget: Forget) -> &mut Self {
        self.forgets.push(forget);
        self
    }

    /// Statements that delete applications' rows of a run, at most `most` each.
    pub fn forget(&self, run: RunId, most: usize) -> Vec<Statement> {
        self.forgets.iter().flat_map(|forget| forget(run, most)).collect()
    }

    /// Takes over all activities of `other`, and what forgets their rows.
    pub fn extend(&mut self, other: Self) {
        self.performers.extend(other.performers);
        self.forgets.extend(other.forgets);
    }
}
