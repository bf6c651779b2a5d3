//! Writing: the children of one item, judged, and written again while they are not good enough.
//!
//! What is there already stays: an attempt that is made again after a crash asks only for what is missing. What each call
//! of a model took is on record before its result is looked at.

use super::{inputs::Inputs, no_answer, unreadable};
use crate::{
    AuthorName, Numbers,
    author::{Again, Author, Brief, Written},
    gate::{self, Quality},
    keys,
    tables::writing::{self, NewItem},
};
use activity::{
    Activity, AttemptFuture, Chunk, Context, Effects, EmitError, Items, Outcome, Success,
    text::{TextFailure, Usage},
};
use model::{Failure, Item, WorkItem, WorkItemKind};
use serde::Serialize;
use std::sync::Arc;

/// Notes that the writing of epics may leave.
pub(crate) const MAX_NOTES: usize = 50;

pub(super) struct Write {
    pub(super) kind: WorkItemKind,
    pub(super) who: AuthorName,
    pub(super) author: Arc<dyn Author>,
    pub(super) inputs: Arc<Inputs>,
}

/// An item on its way to the next stage; all else is in `backlog_items`.
#[derive(Serialize)]
struct Passed<'a> {
    title: &'a str,
}

/// One version of an item, judged.
struct Draft {
    position: u32,
    item: WorkItem,
    quality: Quality,
    attempts: u32,
}

impl Activity for Write {
    fn run(self: Arc<Self>, context: Context) -> AttemptFuture {
        Box::pin(async move { self.write(&context).await.unwrap_or_else(|outcome| outcome) })
    }
}

impl Write {
    async fn write(&self, context: &Context) -> Result<Outcome, Outcome> {
        let attempt = context.attempt();
        let input = self.inputs.of(context).await?;
        if input.params.author.is_some_and(|asked| asked != self.who) {
            let text =
                format!("this pipeline's author is {}: start it by POST /api/v1/backlog", self.who.as_str());
            return Err(Failure::permanent("wrong_author", text).into());
        }
        let parent = attempt.key.clone();
        let wanted = self.wanted(input.params.numbers());
        let path =
            writing::path(context.db(), attempt.run, &parent).await.map_err(|error| no_answer(&error))?;
        let there = writing::children(context.db(), attempt.run, &parent, self.kind).await;
        let there = there.map_err(|error| no_answer(&error))?;
        let positions: Vec<u32> =
            (1..=wanted).filter(|position| there.iter().all(|item| item.position != *position)).collect();
        let mut items = Vec::new();
        let mut figures = Figures::default();
        for item in &there {
            items.push(passed(&item.key, &item.item)?);
            figures.add(item.attempts, item.flagged);
        }
        let mut success = Success::empty();
        if !positions.is_empty() {
            let brief = Brief {
                run: attempt.run,
                params: input.params.clone(),
                vision: input.vision.clone(),
                kind: self.kind,
                parent,
                path: path.into_iter().map(|item| item.item).collect(),
                siblings: there.into_iter().map(|item| item.item).collect(),
                positions,
                again: None,
            };
            let kept = self.drafts(brief, context).await?;
            items.extend(kept.items);
            success.effects = kept.effects;
            figures.merge(kept.figures);
        }
        // All children count when their task ends, and only then: a crash before, and a stage that runs again, count right.
        success.effects.count(counter(self.kind), figures.written);
        success.effects.count("regenerated", figures.regenerated);
        success.effects.count("flagged", figures.flagged);
        if self.kind == WorkItemKind::Epic {
            let mut notes = self.author.notes(&input.params, &input.vision);
            notes.truncate(MAX_NOTES);
            success.effects.write(writing::notes(attempt.run, 0, &notes));
        }
        // Nothing follows tasks and test cases.
        let leaf = matches!(self.kind, WorkItemKind::Task | WorkItemKind::TestCase);
        success.items = if leaf { Items::none() } else { Items::These(items) };
        Ok(success.into())
    }

    fn wanted(&self, numbers: Numbers) -> u32 {
        match self.kind {
            WorkItemKind::Epic => numbers.epics,
            WorkItemKind::Feature => numbers.features,
            WorkItemKind::Story => numbers.stories,
            WorkItemKind::Task => numbers.tasks,
            WorkItemKind::TestCase => numbers.tests,
        }
    }

    /// Writes what the brief asks for, until each item is good enough or was tried often enough.
    async fn drafts(&self, mut brief: Brief, context: &Context) -> Result<Kept, Outcome> {
        let params = brief.params.clone();
        let written = self.ask(&brief, context).await?;
        if written.items.is_empty() && brief.siblings.is_empty() {
            return Err(Failure::transient("nothing_written", "the author wrote nothing").into());
        }
        let mut kept = Kept::default();
        let mut poor = Vec::new();
        for draft in self.judged(&brief, written, 1, context).await? {
            if draft.quality.score >= params.quality_threshold {
                brief.siblings.push(draft.item.clone());
                kept.add(&brief, draft, false)?;
            } else {
                poor.push(draft);
            }
        }
        if !poor.is_empty() && self.who == AuthorName::Openai {
            // What is good flows on while the rest is written again.
            kept.emit(context).await?;
        }
        for draft in poor {
            let draft = self.mend(&mut brief, draft, context).await?;
            let flagged = draft.quality.score < params.quality_threshold;
            brief.siblings.push(draft.item.clone());
            kept.add(&brief, draft, flagged)?;
        }
        Ok(kept)
    }

    /// Writes one item again, with its problems as a hint. The best version is kept.
    async fn mend(&self, brief: &mut Brief, draft: Draft, context: &Context) -> Result<Draft, Outcome> {
        let params = brief.params.clone();
        let mut best = draft;
        let mut attempts = 1;
        while best.quality.score < params.quality_threshold && attempts <= params.max_regenerations {
            if context.is_cancelled() {
                return Err(Outcome::Cancelled);
            }
            brief.positions = vec![best.position];
            brief.again =
                Some(Again { item: best.item.clone(), problems: best.quality.problems.clone(), attempts });
            let written = self.ask(brief, context).await?;
            attempts += 1;
            let next = self.judged(brief, written, attempts, context).await?.into_iter().next();
            match next {
                Some(next) if next.quality.score > best.quality.score => best = next,
                Some(_) | None => best.attempts = attempts,
            }
        }
        brief.again = None;
        Ok(Draft { attempts, ..best })
    }

    async fn ask(&self, brief: &Brief, context: &Context) -> Result<Written, Outcome> {
        let mut written = match self.author.write(brief, context).await {
            Ok(written) => written,
            Err(failure) => return Err(self.failed(failure, context).await),
        };
        spent(context, written.usage).await?;
        written.items.retain(|(position, item)| brief.positions.contains(position) && item.kind == self.kind);
        written.items.sort_by_key(|(position, _)| *position);
        written.items.dedup_by_key(|(position, _)| *position);
        Ok(written)
    }

    /// Judges items, each beside those before it.
    async fn judged(
        &self,
        brief: &Brief,
        written: Written,
        attempts: u32,
        context: &Context,
    ) -> Result<Vec<Draft>, Outcome> {
        let items: Vec<WorkItem> = written.items.iter().map(|(_, item)| item.clone()).collect();
        let judged = match self.author.judge(brief, &items, context).await {
            Ok(judged) => judged,
            Err(failure) => return Err(self.failed(failure, context).await),
        };
        let mut verdicts = Vec::new();
        if let Some(judged) = judged {
            spent(context, judged.usage).await?;
            verdicts = judged.verdicts;
        }
        let mut verdicts = verdicts.into_iter();
        let drafts = written.items.into_iter().enumerate().map(|(index, (position, item))| {
            let siblings = brief.siblings.iter().chain(&items[..index]);
            let quality = gate::judge(&item, siblings);
            let quality = match verdicts.next() {
                Some(verdict) => gate::together(quality, verdict),
                None => quality,
            };
            Draft { position, item, quality, attempts }
        });
        Ok(drafts.collect())
    }

    async fn failed(&self, failure: TextFailure, context: &Context) -> Outcome {
        match spent(context, failure.usage).await {
            Ok(()) => failure.failure.into(),
            Err(outcome) => outcome,
        }
    }
}

/// What will be committed with the outcome, and what flows on.
#[derive(Default)]
struct Kept {
    items: Vec<Item>,
    effects: Effects,
    figures: Figures,
}

/// What is counted of a parent's children.
#[derive(Default)]
struct Figures {
    written: i64,
    regenerated: i64,
    flagged: i64,
}

impl Figures {
    fn add(&mut self, attempts: u32, flagged: bool) {
        self.written += 1;
        self.regenerated += i64::from(attempts.saturating_sub(1));
        self.flagged += i64::from(flagged);
    }

    fn merge(&mut self, other: Self) {
        self.written += other.written;
        self.regenerated += other.regenerated;
        self.flagged += other.flagged;
    }
}

impl Kept {
    fn add(&mut self, brief: &Brief, draft: Draft, flagged: bool) -> Result<(), Outcome> {
        let Draft { position, item, quality, attempts } = draft;
        let new = NewItem { parent: brief.parent.clone(), position, item, quality, attempts, flagged };
        self.items.push(passed(&new.key(), &new.item)?);
        self.figures.add(new.attempts, new.flagged);
        let insert = writing::insert(brief.run, std::slice::from_ref(&new));
        self.effects.write(insert.map_err(|error| unreadable("an item", &error))?);
        Ok(())
    }

    /// Commits what is there now.
    async fn emit(&mut self, context: &Context) -> Result<(), Outcome> {
        let leaf = self.items.first().is_none_or(|item| is_leaf(&item.key));
        // Emitted once more with the outcome, where they add nothing.
        let items = if leaf { Vec::new() } else { self.items.clone() };
        let chunk = Chunk { items, effects: std::mem::take(&mut self.effects) };
        context.emit(chunk).await.map_err(refused)
    }
}

fn is_leaf(key: &str) -> bool {
    keys::positions(key).is_some_and(|positions| positions.len() > 3)
}

fn counter(kind: WorkItemKind) -> &'static str {
    match kind {
        WorkItemKind::Epic => "epics",
        WorkItemKind::Feature => "features",
        WorkItemKind::Story => "stories",
        WorkItemKind::Task => "tasks",
        WorkItemKind::TestCase => "test_cases",
    }
}

fn passed(key: &str, item: &WorkItem) -> Result<Item, Outcome> {
    Item::new(key, &Passed { title: &item.title }).map_err(|error| unreadable("an item", &error))
}

/// Puts what a call took on record now: the money is spent, whatever comes of the attempt.
async fn spent(context: &Context, usage: Usage) -> Result<(), Outcome> {
    if usage == Usage::default() {
        return Ok(());
    }
    let mut effects = Effects::default();
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    effects.count("prompt_tokens", count(usage.prompt_tokens));
    effects.count("completion_tokens", count(usage.completion_tokens));
    effects.count("cost_micro_usd", count(usage.cost_micro_usd));
    context.emit(Chunk { items: Vec::new(), effects }).await.map_err(refused)
}

fn refused(error: EmitError) -> Outcome {
    match error {
        EmitError::Superseded => Outcome::Cancelled,
        EmitError::Refused(_) => Failure::transient("chunk_refused", error.to_string()).into(),
    }
}
