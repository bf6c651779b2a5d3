//! What goes wrong, and when.

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A way to misbehave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection ends before anything is done.
    DropBefore,
    /// All is done, then the connection ends without an answer.
    DropAfter,
    /// All is done; the connection ends in the middle of the answer's body.
    CutBody,
    /// All is done; the answer comes after so many milliseconds.
    Slow(u64),
    /// Nothing is done; this status is the answer, perhaps with `Retry-After`.
    Status(u16, Option<String>),
    /// All is done, but the answer is this status: as from a proxy that gave up waiting.
    StatusAfter(u16),
    /// Nothing is done; a page to sign in on is the answer, as Azure DevOps gives it to an expired token.
    SignInPage,
    /// Nothing is done; the answer is an endless body.
    Endless,
}

/// A fault, and what it strikes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rule {
    fault: Fault,
    /// The operation, such as `create`; `item` for single items within a batch, too.
    #[serde(default)]
    on: Option<String>,
    /// Text within the request's path or body.
    #[serde(default)]
    containing: Option<String>,
    /// How often; for ever where it is absent.
    #[serde(default)]
    times: Option<u32>,
    /// Requests that are let through first.
    #[serde(default)]
    after: u32,
    /// In how many of a thousand cases.
    #[serde(default = "always")]
    per_mille: u32,
}

fn always() -> u32 {
    1000
}

impl Rule {
    /// Strikes every request, until it is cleared.
    pub fn new(fault: Fault) -> Self {
        Self { fault, on: None, containing: None, times: None, after: 0, per_mille: always() }
    }

    /// Only this operation.
    #[must_use]
    pub fn on(mut self, operation: &str) -> Self {
        self.on = Some(operation.to_owned());
        self
    }

    /// Only requests (or items) with this text in them.
    #[must_use]
    pub fn containing(mut self, text: &str) -> Self {
        self.containing = Some(text.to_owned());
        self
    }

    /// Only so often.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Only after so many matching requests.
    #[must_use]
    pub fn after(mut self, requests: u32) -> Self {
        self.after = requests;
        self
    }

    /// Only in so many of a thousand cases, by the plan's seed.
    #[must_use]
    pub fn per_mille(mut self, rate: u32) -> Self {
        self.per_mille = rate;
        self
    }
}

/// The plan of a fake: rules that tests add and clear at any time.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

#[derive(Default)]
struct Plan {
    rules: Vec<Rule>,
    mixture: Vec<Fault>,
    per_mille: u32,
    random: u64,
    struck: u64,
}

impl Faults {
    /// Adds a rule. The first that fits strikes.
    pub fn add(&self, rule: Rule) {
        self.0.lock().rules.push(rule);
    }

    /// Strikes requests at random: so many of a thousand, with one of these faults, the same for the same seed and order.
    pub fn mixture(&self, seed: u64, per_mille: u32, faults: &[Fault]) {
        let mut plan = self.0.lock();
        plan.random = seed;
        plan.per_mille = per_mille;
        plan.mixture = faults.to_vec();
    }

    /// All is well again.
    pub fn clear(&self) {
        let mut plan = self.0.lock();
        plan.rules.clear();
        plan.mixture.clear();
    }

    /// How many faults have struck.
    pub fn struck(&self) -> u64 {
        self.0.lock().struck
    }

    /// Chooses what happens to a request; `text` is its path and body.
    pub(crate) fn choose(&self, operation: &str, text: &str) -> Option<Fault> {
        let mut plan = self.0.lock();
        let plan = &mut *plan;
        let mut chosen = None;
        for rule in &mut plan.rules {
            let fits = rule.on.as_deref().is_none_or(|on| on == operation)
                && rule.containing.as_deref().is_none_or(|part| text.contains(part))
                && rule.times != Some(0)
                // Items are struck by rules that name them only.
                && (operation != "item" || rule.on.is_some());
            if !fits {
                continue;
            }
            if rule.after > 0 {
                rule.after -= 1;
                continue;
            }
            if rule.per_mille < 1000 && next(&mut plan.random) % 1000 >= u64::from(rule.per_mille) {
                continue;
            }
            if let Some(times) = &mut rule.times {
                *times -= 1;
            }
            chosen = Some(rule.fault.clone());
            break;
        }
        if chosen.is_none() && !plan.mixture.is_empty() && operation != "item" {
            let strikes = next(&mut plan.random) % 1000 < u64::from(plan.per_mille);
            let index = next(&mut plan.random) as usize % plan.mixture.len();
            chosen = strikes.then(|| plan.mixture[index].clone());
        }
        plan.struck += u64::from(chosen.is_some());
        chosen
    }
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
