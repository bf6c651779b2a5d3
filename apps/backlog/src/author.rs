//! Who writes items: the port that the stages write through.

use crate::{params::Params, vision::Vision};
use activity::{
    Context,
    text::{TextFailure, Usage},
};
use model::{RunId, WorkItem, WorkItemKind};
use std::{future::Future, pin::Pin, sync::Arc};

/// A future of an author's.
pub(crate) type AuthorFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, TextFailure>> + Send + 'a>>;

/// What is to be written: children of one parent, of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Brief {
    /// The run.
    pub(crate) run: RunId,
    /// What was asked for.
    pub(crate) params: Arc<Params>,
    /// What is to be built.
    pub(crate) vision: Arc<Vision>,
    /// What the items are.
    pub(crate) kind: WorkItemKind,
    /// Key of their parent; empty for epics.
    pub(crate) parent: Arc<str>,
    /// The items from the root down to the parent.
    pub(crate) path: Vec<WorkItem>,
    /// Siblings that are written already.
    pub(crate) siblings: Vec<WorkItem>,
    /// The places to fill, from 1.
    pub(crate) positions: Vec<u32>,
    /// What was wrong with an earlier version, where these are written again.
    pub(crate) again: Option<Again>,
}

/// An item that has to become better.
#[derive(Clone, Debug)]
pub(crate) struct Again {
    /// As it was.
    pub(crate) item: WorkItem,
    /// What was wrong with it.
    pub(crate) problems: Vec<String>,
    /// How often it was written.
    pub(crate) attempts: u32,
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    /// Items with their places; fewer than asked for where there is no more to say.
    pub(crate) items: Vec<(u32, WorkItem)>,
    /// What it took.
    pub(crate) usage: Usage,
}

/// Someone who writes items.
pub(crate) trait Author: Send + Sync + 'static {
    /// Writes what `brief` asks for. `context` is told of progress.
    fn write<'a>(&'a self, brief: &'a Brief, context: &'a Context) -> AuthorFuture<'a, Written>;

    /// Judges items beyond what rules can see; `None` where it does not judge. One score (0 to 100) with problems each.
    fn judge<'a>(
        &'a self,
        _brief: &'a Brief,
        _items: &'a [WorkItem],
        _context: &'a Context,
    ) -> AuthorFuture<'a, Option<Judged>> {
        Box::pin(async { Ok(None) })
    }

    /// What people should know of the backlog as a whole.
    fn notes(&self, params: &Params, vision: &Vision) -> Vec<String>;
}

/// What came of a judgement.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judged {
    /// One for each item, in their order.
    pub(crate) verdicts: Vec<(u32, Vec<String>)>,
    /// What it took.
    pub(crate) usage: Usage,
}
