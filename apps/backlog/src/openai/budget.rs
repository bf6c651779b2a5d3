//! Budgets: what a run may spend, and what calls under way may still come to.
//!
//! A call's price is known only after it. So each call reserves what the dearest call of its run has cost so far, and is
//! refused where spent and reserved together could exceed the budget. Until a run's first call has a price, its calls go
//! one by one: at most one call is made whose price nobody could foresee.

use activity::{
    Context,
    text::{TextFailure, Usage},
};
use db::Query;
use model::{Failure, RunId};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::{Mutex as Gate, OwnedMutexGuard};

/// Runs whose spending is held in memory.
const MAX_HELD: usize = 64;

/// What runs have spent.
#[derive(Default)]
pub(super) struct Budgets {
    runs: Mutex<HashMap<RunId, Arc<Spending>>>,
}

#[derive(Default)]
struct Spending {
    state: Mutex<State>,
    /// Held by the call whose price is the first to be known.
    first: Arc<Gate<()>>,
}

#[derive(Default)]
struct State {
    loaded: bool,
    spent: u64,
    reserved: u64,
    calls: u64,
    dearest: u64,
}

/// A call that may be made.
pub(super) struct Reserved {
    spending: Arc<Spending>,
    amount: u64,
    settled: bool,
    _first: Option<OwnedMutexGuard<()>>,
}

impl Budgets {
    /// Reserves what a call may cost, in millionths of a US dollar.
    ///
    /// # Errors
    /// `budget_spent` where it could exceed the budget.
    pub(super) async fn reserve(
        &self,
        run: RunId,
        budget: Option<u64>,
        context: &Context,
    ) -> Result<Reserved, TextFailure> {
        let spending = self.of(run);
        let Some(budget) = budget else {
            return Ok(Reserved { spending, amount: 0, settled: false, _first: None });
        };
        if !spending.state.lock().loaded {
            let spent = spent_before(run, context).await?;
            let mut state = spending.state.lock();
            if !state.loaded {
                *state = State { loaded: true, spent, ..State::default() };
            }
        }
        let mut first = None;
        if spending.state.lock().calls == 0 {
            let guard = spending.first.clone().lock_owned().await;
            first = (spending.state.lock().calls == 0).then_some(guard);
        }
        let mut state = spending.state.lock();
        let amount = state.dearest;
        let after = state.spent.saturating_add(state.reserved).saturating_add(amount);
        if after > budget || state.spent >= budget {
            let dollars = |micro: u64| micro as f64 / 1e6;
            let text = format!(
                "${:.4} of the budget of ${:.4} are spent; the next call could exceed it",
                dollars(state.spent),
                dollars(budget)
            );
            let mut failure = Failure::permanent("budget_spent", text);
            failure.error =
                failure.error.with_help("start a backlog with a larger budget, or a smaller size");
            return Err(failure.into());
        }
        state.reserved += amount;
        drop(state);
        Ok(Reserved { spending, amount, settled: false, _first: first })
    }

    fn of(&self, run: RunId) -> Arc<Spending> {
        let mut runs = self.runs.lock();
        if runs.len() >= MAX_HELD && !runs.contains_key(&run) {
            // Whoever has no call under way is read from the store again.
            runs.retain(|_, spending| Arc::strong_count(spending) > 1);
        }
        runs.entry(run).or_default().clone()
    }
}

impl Reserved {
    /// Says what the call came to.
    pub(super) fn settle(mut self, usage: Usage) {
        self.settled = true;
        let mut state = self.spending.state.lock();
        state.reserved = state.reserved.saturating_sub(self.amount);
        state.spent = state.spent.saturating_add(usage.cost_micro_usd);
        state.dearest = state.dearest.max(usage.cost_micro_usd);
        // A call that failed without a price says nothing about prices.
        state.calls += u64::from(usage != Usage::default());
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if !self.settled {
            let mut state = self.spending.state.lock();
            state.reserved = state.reserved.saturating_sub(self.amount);
        }
    }
}

/// What the run has spent so far, by its own figures: a restart forgets nothing.
async fn spent_before(run: RunId, context: &Context) -> Result<u64, TextFailure> {
    let query = Query::new("SELECT body FROM runs WHERE id = ?1").bind(run.0);
    let unknown = |error: String| {
        TextFailure::from(Failure::transient(
            "budget_unknown",
            format!("what the run has spent cannot be read: {error}"),
        ))
    };
    let rows = context.db().query(query).await.map_err(|error| unknown(error.to_string()))?;
    let Some(row) = rows.first() else { return Ok(0) };
    let body: &str = row.get(0).map_err(|error| unknown(error.to_string()))?;
    let run: model::Run = serde_json::from_str(body).map_err(|error| unknown(error.to_string()))?;
    Ok(run.counters.get("cost_micro_usd").map_or(0, |spent| u64::try_from(*spent).unwrap_or(0)))
}
