//! What an application brings: activities, pipelines, tables.

use crate::{Activity, CpuActivity, Performer};
use model::{PipelineDocument, WaitClass};
use std::{collections::BTreeMap, sync::Arc};

/// An application: what it registers at start.
pub struct App {
    /// Its name: the prefix of its activities (`ingest.read`) and of its tables.
    pub name: &'static str,
    /// Its pipelines.
    pub pipelines: Vec<PipelineDocument>,
    /// Its tables.
    pub migrations: &'static [db::Migration],
    /// Adds its activities.
    pub activities: Registry,
}

/// Activities by name.
#[derive(Clone, Default)]
pub struct Registry {
    performers: BTreeMap<Arc<str>, Performer>,
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

    /// Takes over all activities of `other`.
    pub fn extend(&mut self, other: Self) {
        self.performers.extend(other.performers);
    }
}
