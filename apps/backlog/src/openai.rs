//! The model's author: asks a language model, stage by stage, with the parents as context.
//!
//! Answers are JSON of a schema for each kind. What the model leaves out or gets wrong in form is mended where the meaning
//! is plain; all else is for the quality gate. Before each call the run's budget is asked.

mod budget;
mod prompts;
mod reading;
mod schemas;

use crate::{
    author::{Author, AuthorFuture, Brief, Judged, Written},
    params::Params,
    vision::Vision,
};
use activity::{
    Context,
    text::{TextAnswer, TextFailure, TextModel, TextRequest},
};
use budget::Budgets;
use model::{Failure, WorkItem};
use std::sync::Arc;

/// Whether the model also judges what it wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Judgement {
    /// Rules alone.
    #[default]
    Rules,
    /// Rules, and one more call for each set of siblings.
    RulesAndModel,
}

/// The author.
pub(crate) struct OpenAi {
    model: Option<Arc<dyn TextModel>>,
    judgement: Judgement,
    budgets: Budgets,
}

impl OpenAi {
    /// An author that asks `model`; without one, it says so.
    pub(crate) fn new(model: Option<Arc<dyn TextModel>>, judgement: Judgement) -> Self {
        Self { model, judgement, budgets: Budgets::default() }
    }

    /// Asks the model within the run's budget.
    async fn ask(
        &self,
        brief: &Brief,
        request: TextRequest,
        context: &Context,
    ) -> Result<TextAnswer, TextFailure> {
        let Some(model) = &self.model else {
            let text =
                "no text model is configured: set one up, or start the backlog with the author outline";
            return Err(Failure::permanent("no_text_model", text).into());
        };
        let reserved = self.budgets.reserve(brief.run, brief.params.budget_micro_usd(), context).await?;
        let answer = model.generate(&request).await;
        let usage = answer.as_ref().map_or_else(|failure| failure.usage, |answer| answer.usage);
        reserved.settle(usage);
        answer
    }
}

impl Author for OpenAi {
    fn write<'a>(&'a self, brief: &'a Brief, context: &'a Context) -> AuthorFuture<'a, Written> {
        Box::pin(async move {
            let mut request = prompts::write(brief);
            let told = context.clone();
            let about = prompts::about(brief);
            request.on_growth =
                Some(Arc::new(move |characters| told.progress(characters as u64, 0, about.as_str())));
            let answer = self.ask(brief, request, context).await?;
            let items = reading::items(brief, &answer.value);
            if items.is_empty() {
                let text = "the model's answer holds no item of the shape that was asked for";
                let failure = Failure::transient("unusable_answer", text);
                return Err(TextFailure { failure, usage: answer.usage });
            }
            Ok(Written { items, usage: answer.usage })
        })
    }

    fn judge<'a>(
        &'a self,
        brief: &'a Brief,
        items: &'a [WorkItem],
        context: &'a Context,
    ) -> AuthorFuture<'a, Option<Judged>> {
        Box::pin(async move {
            if self.judgement == Judgement::Rules || items.is_empty() {
                return Ok(None);
            }
            let answer = self.ask(brief, prompts::judge(brief, items), context).await?;
            Ok(Some(Judged { verdicts: reading::verdicts(items.len(), &answer.value), usage: answer.usage }))
        })
    }

    fn notes(&self, params: &Params, _: &Vision) -> Vec<String> {
        let name = self.model.as_ref().map_or("a model", |model| model.name());
        let mut notes = vec![format!(
            "Written by the model {name}: read it as a draft by somebody who does not know you"
        )];
        if let Some(budget) = params.budget_usd {
            notes.push(format!(
                "The budget of ${budget} is counted by the configured prices; writing stops before a call that could exceed it"
            ));
        }
        notes
    }
}

#[cfg(test)]
mod tests;
