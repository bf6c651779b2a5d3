//! From document to definition: everything checked, stages in the order in which they may open.

use crate::{
    Diagnostic, Diagnostics, canonical,
    decode::closest,
    graph::{self, Edges},
};
use headway_core::condition::Condition;
use model::{Definition, ForEach, MAX_STAGES, PipelineDocument, Retry, Stage, StageDocument, StageId, Work};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Longest name of a pipeline, stage, activity or signal, in characters.
pub const MAX_NAME_CHARS: usize = 64;
/// Longest title, in characters.
pub const MAX_TITLE_CHARS: usize = 200;
/// Most attempts of a task.
pub const MAX_ATTEMPTS: u32 = 100;
/// Largest growth of the delay from one attempt to the next.
pub const MAX_FACTOR: f64 = 100.0;
/// Longest delay before another attempt, in milliseconds: a day.
pub const MAX_RETRY_DELAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Longest timeout, in milliseconds: 90 days, since a stage may wait for a person.
pub const MAX_TIMEOUT_MS: u64 = 90 * 24 * 60 * 60 * 1000;
/// Largest `concurrency` of a stage.
pub const MAX_CONCURRENCY: u32 = 10_000;

/// What `for_each` calls the run's input.
const INPUT: &str = "input";

/// Checks `document` and makes a definition of it, its stages in topological order and otherwise in the document's.
///
/// # Errors
/// All problems found: names, references, cycles, ranges, conditions.
pub fn compile(document: PipelineDocument) -> Result<Definition, Diagnostics> {
    let mut checker = Checker::new(&document);
    checker.pipeline(&document);
    for (index, stage) in document.stages.iter().enumerate() {
        checker.stage(index, stage);
    }
    let order = checker.order(&document);
    for (index, stage) in document.stages.iter().enumerate() {
        checker.condition(index, stage);
    }
    let Checker { problems, edges, .. } = checker;
    problems.or(())?;
    build(document, &edges, &order)
}

/// Puts a checked document together.
fn build(document: PipelineDocument, edges: &[Edges], order: &[usize]) -> Result<Definition, Diagnostics> {
    // At most MAX_STAGES, so they all fit.
    let id = |index: usize| {
        let at = order.iter().position(|placed| *placed == index).unwrap_or(0);
        StageId(u16::try_from(at).unwrap_or(u16::MAX))
    };
    let mut stages: Vec<Option<StageDocument>> = document.stages.into_iter().map(Some).collect();
    let mut built = Vec::with_capacity(stages.len());
    for index in order {
        let (Some(stage), Some(edges)) = (stages.get_mut(*index).and_then(Option::take), edges.get(*index))
        else {
            continue;
        };
        let mut needs: Vec<StageId> = edges.needs.iter().map(|before| id(*before)).collect();
        needs.sort_unstable();
        needs.dedup();
        let for_each = match (edges.feeds, stage.for_each.as_deref()) {
            (Some(source), _) => ForEach::Stage(id(source)),
            (None, Some(_)) => ForEach::Input,
            (None, None) => ForEach::Once,
        };
        built.push(finished(stage, needs, for_each));
    }
    let title = if document.title.is_empty() { document.name.clone() } else { document.title };
    let mut definition = Definition {
        name: document.name,
        version: document.version,
        title,
        hash: String::new(),
        input_schema: document.input_schema,
        stages: built,
    };
    definition.hash = canonical::hash(&definition)
        .map_err(|error| Diagnostics(vec![Diagnostic::new("wrong_value", "", error.to_string())]))?;
    Ok(definition)
}

fn finished(stage: StageDocument, needs: Vec<StageId>, for_each: ForEach) -> Stage {
    let work = match (stage.activity, stage.signal) {
        (Some(name), _) => Work::Activity { name, params: Value::Object(stage.params.into_iter().collect()) },
        (None, signal) => Work::Signal { name: signal.unwrap_or_default() },
    };
    Stage {
        title: if stage.title.is_empty() { stage.name.clone() } else { stage.title },
        name: stage.name,
        needs,
        for_each,
        when: stage.when,
        work,
        retry: stage.retry.unwrap_or_default(),
        timeout_ms: stage.timeout_ms,
        heartbeat_timeout_ms: stage.heartbeat_timeout_ms,
        concurrency: stage.concurrency,
        on_failure: stage.on_failure,
    }
}

struct Checker {
    problems: Diagnostics,
    /// The first stage of each name.
    names: BTreeMap<String, usize>,
    edges: Vec<Edges>,
}

impl Checker {
    fn new(document: &PipelineDocument) -> Self {
        let mut names = BTreeMap::new();
        for (index, stage) in document.stages.iter().enumerate() {
            names.entry(stage.name.clone()).or_insert(index);
        }
        let edges = vec![Edges::default(); document.stages.len()];
        Self { problems: Diagnostics::default(), names, edges }
    }

    fn pipeline(&mut self, document: &PipelineDocument) {
        self.name("name", &document.name, "-_.", "pipeline");
        self.title("title", &document.title);
        if document.version == 0 {
            self.problem("out_of_range", "version", "the version is 0; the first is 1");
        }
        if document.stages.is_empty() {
            self.problem("no_stages", "stages", "the pipeline has no stages; it needs one at least");
        }
        if document.stages.len() > MAX_STAGES {
            let message = format!(
                "the pipeline has {} stages; at most {MAX_STAGES} are allowed",
                document.stages.len()
            );
            self.problem("too_many_stages", "stages", message);
        }
        if let Some(schema) = &document.input_schema
            && !schema.is_object()
            && !schema.is_boolean()
        {
            self.problem("wrong_type", "input_schema", "the input schema is not a JSON Schema (a map)");
        }
    }

    fn stage(&mut self, index: usize, stage: &StageDocument) {
        let at = format!("stages[{index}]");
        self.name(&format!("{at}.name"), &stage.name, "-_", "stage");
        self.title(&format!("{at}.title"), &stage.title);
        if stage.name == INPUT {
            let message = "a stage cannot be called 'input': 'for_each: input' means the run's input";
            self.problem("reserved_name", format!("{at}.name"), message);
        }
        if let Some(first) = self.names.get(&stage.name).filter(|first| **first != index) {
            let message = format!("the name '{}' is taken by stages[{first}]", stage.name);
            self.problem("duplicate_name", format!("{at}.name"), message);
        }
        self.needs(index, stage, &at);
        self.source(index, stage, &at);
        self.work(stage, &at);
        self.limits(stage, &at);
        if let Some(retry) = &stage.retry {
            self.retry(retry, &format!("{at}.retry"));
        }
    }

    fn needs(&mut self, index: usize, stage: &StageDocument, at: &str) {
        let mut seen = BTreeSet::new();
        for (place, name) in stage.needs.iter().enumerate() {
            let path = format!("{at}.needs[{place}]");
            if !seen.insert(name) {
                self.problem("duplicate_need", path, format!("'{name}' is named twice"));
            } else if let Some(before) = self.find(&path, name, &stage.name) {
                self.edges[index].needs.push(before);
            }
        }
    }

    fn source(&mut self, index: usize, stage: &StageDocument, at: &str) {
        match stage.for_each.as_deref() {
            None | Some(INPUT) if stage.join_all => {
                let message = "'join_all' waits for the stage that 'for_each' names; there is none";
                self.problem("join_without_stage", format!("{at}.join_all"), message);
            }
            None | Some(INPUT) => {}
            Some(name) => {
                if let Some(source) = self.find(&format!("{at}.for_each"), name, &stage.name) {
                    self.edges[index].feeds = Some(source);
                    if stage.join_all {
                        self.edges[index].needs.push(source);
                    }
                }
            }
        }
    }

    /// The stage called `name`; itself is reported with the cycles.
    fn find(&mut self, path: &str, name: &str, own: &str) -> Option<usize> {
        if let Some(index) = self.names.get(name) {
            return Some(*index);
        }
        let message = format!("there is no stage '{name}'");
        let others = self.names.keys().map(String::as_str).filter(|other| *other != own);
        let help = match closest(name, others.clone()) {
            Some(near) => Some(format!("did you mean '{near}'?")),
            None if self.names.len() <= 12 => {
                let names: Vec<_> = others.collect();
                (!names.is_empty()).then(|| format!("the other stages are: {}", names.join(", ")))
            }
            None => None,
        };
        let mut problem = Diagnostic::new("unknown_stage", path, message);
        problem.help = help;
        self.problems.push(problem);
        None
    }

    fn work(&mut self, stage: &StageDocument, at: &str) {
        match (&stage.activity, &stage.signal) {
            (None, None) => {
                let problem = Diagnostic::new("no_work", at, "the stage has neither 'activity' nor 'signal'");
                self.problems
                    .push(problem.help("name the activity that does its work, or the signal it waits for"));
            }
            (Some(_), Some(_)) => {
                let message = "the stage has both 'activity' and 'signal'; it can have one";
                self.problem("two_works", format!("{at}.signal"), message);
            }
            (Some(activity), None) => {
                self.name(&format!("{at}.activity"), activity, "-_.", "activity");
            }
            (None, Some(signal)) => {
                self.name(&format!("{at}.signal"), signal, "-_.", "signal");
                let useless = [
                    ("params", !stage.params.is_empty()),
                    ("retry", stage.retry.is_some()),
                    ("heartbeat_timeout", stage.heartbeat_timeout_ms.is_some()),
                    ("concurrency", stage.concurrency.is_some()),
                ];
                for (key, _) in useless.into_iter().filter(|(_, given)| *given) {
                    let message =
                        format!("'{key}' does nothing on a stage that waits for a signal; remove it");
                    self.problem("no_effect", format!("{at}.{key}"), message);
                }
            }
        }
    }

    fn limits(&mut self, stage: &StageDocument, at: &str) {
        for (key, millis) in
            [("timeout", stage.timeout_ms), ("heartbeat_timeout", stage.heartbeat_timeout_ms)]
        {
            if millis.is_some_and(|millis| millis == 0 || millis > MAX_TIMEOUT_MS) {
                self.range(&format!("{at}.{key}"), "more than nothing and at most 90 days");
            }
        }
        if let (Some(timeout), Some(heartbeat)) = (stage.timeout_ms, stage.heartbeat_timeout_ms)
            && heartbeat > timeout
        {
            let message = "the heartbeat timeout is longer than the timeout, and so never comes into force";
            self.problem("no_effect", format!("{at}.heartbeat_timeout"), message);
        }
        if stage.concurrency.is_some_and(|most| most == 0 || most > MAX_CONCURRENCY) {
            self.range(&format!("{at}.concurrency"), "1 to 10000");
        }
    }

    fn retry(&mut self, retry: &Retry, at: &str) {
        if !(1..=MAX_ATTEMPTS).contains(&retry.max_attempts) {
            self.range(&format!("{at}.max_attempts"), "1 (no second attempt) to 100");
        }
        if !(1.0..=MAX_FACTOR).contains(&retry.factor) {
            self.range(&format!("{at}.factor"), "1 to 100");
        }
        if !(0.0..=1.0).contains(&retry.jitter) {
            self.range(&format!("{at}.jitter"), "0 (none) to 1 (all of the delay)");
        }
        if retry.max_ms > MAX_RETRY_DELAY_MS {
            self.range(&format!("{at}.max"), "at most a day");
        }
        if retry.initial_ms > retry.max_ms {
            let message = "the first delay is longer than the longest ('max')";
            self.problem("out_of_range", format!("{at}.initial"), message);
        }
    }

    fn order(&mut self, document: &PipelineDocument) -> Vec<usize> {
        let order = graph::order(&self.edges);
        let name = |index: &usize| document.stages.get(*index).map_or("", |stage| stage.name.as_str());
        let cycle = graph::cycle(&self.edges, &order);
        if let Some(first) = cycle.first() {
            let path = cycle.iter().map(name).collect::<Vec<_>>().join(" → ");
            let message = format!("stages wait for each other in a circle: {path}");
            let problem = Diagnostic::new("cycle", format!("stages[{first}]"), message);
            self.problems.push(problem.help("take one of these out of 'needs' or 'for_each'"));
        }
        order
    }

    fn condition(&mut self, index: usize, stage: &StageDocument) {
        let Some(source) = &stage.when else { return };
        let path = format!("stages[{index}].when");
        let condition = match Condition::compile(source) {
            Ok(condition) => condition,
            Err(error) => return self.problem("condition", path, error.to_string()),
        };
        let closed = graph::closed_before(&self.edges, index);
        for name in condition.stages() {
            if let Some(read) = self.find(&path, name, &stage.name)
                && !closed.contains(&read)
            {
                let message =
                    format!("the condition reads '{name}', which may still be running when it is decided");
                let problem = Diagnostic::new("condition", path.as_str(), message);
                self.problems.push(problem.help(format!("add '{name}' to the stage's 'needs'")));
            }
        }
    }

    fn name(&mut self, path: &str, name: &str, signs: &str, what: &str) {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let good = name.chars().count() <= MAX_NAME_CHARS
            && name.chars().next().is_some_and(fits)
            && name.chars().all(|c| fits(c) || signs.contains(c));
        if good {
            return;
        }
        if name.is_empty() {
            return self.problem("bad_name", path, format!("the {what} has no name"));
        }
        let shown: String = name.chars().take(MAX_NAME_CHARS).collect();
        let signs: Vec<String> = signs.chars().map(|c| format!("'{c}'")).collect();
        let help = format!(
            "use up to {MAX_NAME_CHARS} of a-z, 0-9, {}, with a letter or digit first",
            signs.join(", ")
        );
        let message = format!("'{}' is no name for a {what}", shown.escape_debug());
        self.problems.push(Diagnostic::new("bad_name", path, message).help(help));
    }

    fn title(&mut self, path: &str, title: &str) {
        if title.chars().count() > MAX_TITLE_CHARS || title.chars().any(char::is_control) {
            let message = format!("a title has up to {MAX_TITLE_CHARS} characters on one line");
            self.problem("bad_title", path, message);
        }
    }

    fn range(&mut self, path: &str, allowed: &str) {
        self.problem("out_of_range", path, format!("the value is out of range; allowed is {allowed}"));
    }

    fn problem(&mut self, code: &'static str, path: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Diagnostic::new(code, path, message));
    }
}
