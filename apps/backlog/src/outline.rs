//! The outline: an author that is rules alone. It plans a backlog from the vision's own words, and writes each item out
//! when its turn comes. The same vision gives the same backlog, on every machine and without a network.
//!
//! ```text
//! vision ─▶ plan: epics, features, stories (titles, subjects, facets) ─▶ items, tasks and test cases, stage by stage
//! ```

mod classify;
mod compose;
mod facets;
mod plan;
mod proof;
mod seeds;
mod subject;
mod work;

use crate::{
    author::{Again, Author, AuthorFuture, Brief, Written},
    english::clip,
    gate::title_limit,
    keys,
    params::Params,
    vision::Vision,
};
use activity::{Context, text::Usage};
use compose::Writer;
use model::{RunId, WorkItem, WorkItemKind};
use parking_lot::Mutex;
use plan::Plan;
use std::{collections::VecDeque, sync::Arc};

/// Plans that are held.
const MAX_HELD: usize = 8;

/// The author.
#[derive(Default)]
pub(crate) struct Outline {
    plans: Mutex<VecDeque<(RunId, Arc<Plan>)>>,
}

impl Outline {
    fn plan(&self, brief: &Brief) -> Arc<Plan> {
        if let Some((_, plan)) = self.plans.lock().iter().find(|(run, _)| *run == brief.run) {
            return plan.clone();
        }
        let plan = Arc::new(Plan::of(&brief.vision, brief.params.numbers()));
        let mut plans = self.plans.lock();
        plans.truncate(MAX_HELD - 1);
        plans.push_front((brief.run, plan.clone()));
        plan
    }
}

impl Author for Outline {
    fn write<'a>(&'a self, brief: &'a Brief, _: &'a Context) -> AuthorFuture<'a, Written> {
        Box::pin(async move {
            let plan = self.plan(brief);
            let most = brief.positions.iter().copied().max().unwrap_or(0);
            let all = children(&Writer::new(&brief.vision, &plan), &brief.parent, brief.kind, most);
            let chosen = brief.positions.iter().filter_map(|position| {
                let item = all.get(*position as usize - 1)?.clone();
                Some((*position, mended(item, brief)))
            });
            Ok(Written { items: chosen.collect(), usage: Usage::default() })
        })
    }

    fn notes(&self, params: &Params, vision: &Vision) -> Vec<String> {
        Plan::of(vision, params.numbers()).notes
    }
}

/// The first `most` children of an item, of one kind.
fn children(writer: &Writer<'_>, parent: &str, kind: WorkItemKind, most: u32) -> Vec<WorkItem> {
    let places: Vec<usize> =
        keys::positions(parent).unwrap_or_default().iter().map(|position| *position as usize - 1).collect();
    let most = most as usize;
    let items = match (kind, places.as_slice()) {
        (WorkItemKind::Epic, []) => writer.epics(),
        (WorkItemKind::Feature, [epic]) => writer.features(*epic),
        (WorkItemKind::Story, [epic, feature]) => writer.stories(*epic, *feature),
        (WorkItemKind::Task, [epic, feature, story]) => writer.tasks(*epic, *feature, *story, most),
        (WorkItemKind::TestCase, [epic, feature, story]) => writer.test_cases(*epic, *feature, *story, most),
        _ => Vec::new(),
    };
    items.into_iter().take(most).collect()
}

/// An item once more, with what rules can mend of its problems.
fn mended(mut item: WorkItem, brief: &Brief) -> WorkItem {
    let Some(Again { problems, attempts, .. }) = &brief.again else { return item };
    let has = |word: &str| problems.iter().any(|problem| problem.contains(word));
    if has("same title") || has("says the same") || has("too little") || has("any backlog") || has("no words")
    {
        let of = brief.path.last().map_or(brief.vision.title.as_str(), |parent| parent.title.as_str());
        let more = if *attempts > 1 { format!(" ({attempts})") } else { String::new() };
        let limit = title_limit(item.kind);
        let own = clip(&item.title, limit / 2);
        item.title =
            format!("{own} – {}{more}", clip(of, limit.saturating_sub(own.chars().count() + 3 + more.len())));
    }
    if has("says nothing that can be checked") {
        // Vague words come from what the vision says, word for word.
        let paragraphs: Vec<&str> =
            item.description.split("\n\n").filter(|text| !text.contains('“')).collect();
        item.description = paragraphs.join("\n\n");
    }
    item
}

#[cfg(test)]
mod tests;
