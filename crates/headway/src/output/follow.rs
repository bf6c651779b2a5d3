//! A run being followed, on a terminal (bars), in a pipe (lines), or for programs (JSON lines).

use super::{
    Output, Tone,
    text::{cut, duration, grouped, rate, safe},
};
use crate::client::{
    follow::Update,
    view::{Deliveries, Event, Run, Stage, is_over},
};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Lines of figures in a pipe come at most this often.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Longest text of an event that is shown, in characters.
const MAX_TEXT: usize = 300;

/// Shows news of a run.
pub(crate) trait Watcher: Send {
    /// Shows one piece.
    fn show(&mut self, update: &Update);
    /// Shows a remark beside the news.
    fn remark(&mut self, line: &str);
    /// Clears what must not stay.
    fn finish(&mut self);
}

/// The right watcher for where the output goes.
pub(crate) fn watcher(output: Output) -> Box<dyn Watcher> {
    if output.json {
        Box::new(Silent(output))
    } else if output.bars {
        Box::new(Bars::new(output))
    } else {
        Box::new(Lines::new(output, LINE_EVERY))
    }
}

/// The newest state of a run, from snapshots and progress.
#[derive(Debug, Default)]
struct Model {
    run: Run,
    current: Option<String>,
}

impl Model {
    fn take(&mut self, update: &Update) {
        match update {
            Update::Snapshot(run) => self.run = (**run).clone(),
            Update::Progress(progress) if progress.item.is_none() => {
                if let Some(figures) = progress.figures {
                    self.run.figures = figures;
                }
                if !progress.stages.is_empty() {
                    self.run.stages.clone_from(&progress.stages);
                }
                if !progress.counters.is_empty() {
                    self.run.counters.clone_from(&progress.counters);
                }
                if let Some(deliveries) = progress.deliveries {
                    self.run.deliveries = deliveries;
                }
                if let Some(state) = &progress.state {
                    self.run.state.clone_from(state);
                }
                self.run.rate_per_s = progress.rate_per_s;
                self.run.eta_ms = progress.eta_ms;
                self.current = progress.current().or(self.current.take());
            }
            Update::Progress(_) => {}
            Update::Event(event) => {
                if let Some(state) = event.state_after() {
                    self.run.state = state;
                }
            }
            Update::End { state } => self.run.state.clone_from(state),
        }
    }

    /// `30 %: 12 of 40 tasks, 2 failed, 4.2/s, 7.0 s left`.
    fn figures(&self) -> String {
        let run = &self.run;
        let figures = run.figures;
        // The percentage weighs stages whose items are still being found, so it is no quotient of the counts.
        let mut parts = vec![format!(
            "{:.0} %: {} of {} tasks",
            figures.percent.floor(),
            grouped(figures.done as i64),
            grouped(figures.total as i64)
        )];
        if figures.failed > 0 {
            parts.push(format!("{} failed", grouped(figures.failed as i64)));
        }
        if run.deliveries.staged > 0 {
            let Deliveries { staged, done, dead, .. } = run.deliveries;
            let dead = if dead > 0 { format!(", {} dead", grouped(dead as i64)) } else { String::new() };
            parts.push(format!("{} of {} delivered{dead}", grouped(done as i64), grouped(staged as i64)));
        }
        parts.extend(Some(rate(run.rate_per_s)).filter(|rate| !rate.is_empty() && !is_over(&run.state)));
        if let Some(left) = run.eta_ms.filter(|_| !is_over(&run.state)) {
            parts.push(format!("{} left", duration(left)));
        }
        parts.join(", ")
    }

    /// The application's own figures: `keywords 311, scores 12`.
    fn counters(&self) -> String {
        let part = |(name, count): (&String, &i64)| format!("{} {}", safe(name), grouped(*count));
        self.run.counters.iter().map(part).collect::<Vec<_>>().join(", ")
    }
}

/// An event as a line, with its tone; `None` for those that figures show better.
fn line(event: &Event) -> Option<(Tone, String)> {
    let field = |name: &str| event.data.get(name).and_then(Value::as_str).unwrap_or_default();
    let error = |name: &str| {
        let error = event.data.get("error")?;
        error.get(name).and_then(Value::as_str).map(str::to_owned)
    };
    let place = [event.stage.as_deref(), event.key.as_deref().filter(|key| !key.is_empty())];
    let place = place.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let reason = || {
        let (code, message) = (error("code"), error("message"));
        format!("{} [{}]", message.unwrap_or_default(), code.unwrap_or_default())
    };
    let (tone, text) = match event.kind.as_str() {
        "stage.opened" => (Tone::Faint, format!("{place}: open")),
        "stage.closed" => (Tone::Good, format!("{place}: closed{}", counts(event.data.get("counts")))),
        "stage.skipped" => (Tone::Faint, format!("{place}: skipped ({})", field("reason"))),
        "task.failed" => (Tone::Bad, format!("{place}: failed: {}", reason())),
        "task.retrying" => (Tone::Warn, format!("{place}: will be tried again: {}", reason())),
        "task.lost" => (Tone::Warn, format!("{place}: a worker was lost; its tasks are ready again")),
        "run.failed" => (Tone::Bad, format!("the run failed: {}", reason())),
        "run.cancelled" => (Tone::Faint, format!("the run was cancelled by {}", field("by"))),
        "run.paused" => (Tone::Warn, "the run is paused".to_owned()),
        "run.resumed" => (Tone::Strong, "the run goes on".to_owned()),
        "run.retried" => (Tone::Strong, "failed tasks are tried again".to_owned()),
        "run.waiting" => (Tone::Warn, "the run waits for a signal".to_owned()),
        "delivery.dead" => (Tone::Bad, format!("{place}: not delivered: {}", reason())),
        "delivery.retrying" => (Tone::Warn, format!("{place}: delivery will be tried again: {}", reason())),
        "delivery.replayed" => (Tone::Strong, "dead deliveries go again".to_owned()),
        "signal.received" => (Tone::Good, format!("signal '{}' from {}", field("name"), field("by"))),
        "log" => {
            let tone = match field("level") {
                "error" => Tone::Bad,
                "warn" => Tone::Warn,
                _ => Tone::Faint,
            };
            (tone, format!("{place}: {}", field("message")))
        }
        // The event `task.failed` says it already.
        kind if kind.starts_with("app.") && event.data.get("failed") == Some(&Value::Bool(true)) => {
            return None;
        }
        kind if kind.starts_with("app.") && kind.ends_with("error") => {
            let file = [field("file"), field("key"), place.as_str()];
            let file = file.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
            (Tone::Bad, format!("{file}: {} [{}]", field("message"), field("code")))
        }
        _ => return None,
    };
    Some((tone, cut(&safe(&text), MAX_TEXT)))
}

fn counts(counts: Option<&Value>) -> String {
    let Some(Value::Object(counts)) = counts else { return String::new() };
    let part = |name: &str| {
        let count = counts.get(name).and_then(Value::as_i64).filter(|count| *count > 0)?;
        Some(format!("{} {name}", grouped(count)))
    };
    let parts: Vec<_> =
        ["done", "failed", "skipped", "cancelled"].iter().filter_map(|name| part(name)).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// For programs: nothing but what the command itself prints.
struct Silent(Output);

impl Watcher for Silent {
    fn show(&mut self, _update: &Update) {}

    fn remark(&mut self, line: &str) {
        self.0.note(&safe(line));
    }

    fn finish(&mut self) {}
}

/// In a pipe: facts as lines, figures now and then.
pub(crate) struct Lines {
    output: Output,
    model: Model,
    every: Duration,
    last: Option<(Instant, String)>,
}

impl Lines {
    /// Figures at most once in `every`.
    pub(crate) fn new(output: Output, every: Duration) -> Self {
        Self { output, model: Model::default(), every, last: None }
    }

    /// The lines that `update` gives, at `now`.
    pub(crate) fn lines(&mut self, update: &Update, now: Instant) -> Vec<String> {
        self.model.take(update);
        let mut lines = Vec::new();
        if let Update::Event(event) = update {
            lines.extend(line(event).map(|(_, text)| text));
        }
        let figures = self.model.figures();
        let due = match &self.last {
            None => true,
            Some((at, shown)) => now.duration_since(*at) >= self.every && *shown != figures,
        };
        let ended = matches!(update, Update::End { .. });
        if ended || (due && self.model.run.figures.total > 0) {
            let counters = self.model.counters();
            let tail = if counters.is_empty() { String::new() } else { format!("; {counters}") };
            lines.push(format!("{figures}{tail}"));
            self.last = Some((now, figures));
        }
        lines
    }
}

impl Watcher for Lines {
    fn show(&mut self, update: &Update) {
        for line in self.lines(update, Instant::now()) {
            self.output.note(&line);
        }
    }

    fn remark(&mut self, line: &str) {
        self.output.note(&safe(line));
    }

    fn finish(&mut self) {}
}

/// On a terminal: a bar for the run, one for each stage with several tasks, facts above.
struct Bars {
    output: Output,
    model: Model,
    all: MultiProgress,
    run: ProgressBar,
    stages: BTreeMap<String, ProgressBar>,
}

impl Bars {
    fn new(output: Output) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        let run = all.add(ProgressBar::new(0));
        run.set_style(style("{prefix:<12} [{bar:30}] {msg}"));
        run.set_prefix("run");
        Self { output, model: Model::default(), all, run, stages: BTreeMap::new() }
    }

    fn draw(&mut self) {
        let run = &self.model.run;
        let delivering = deliver_stage(run.deliveries);
        let stages = run.stages.iter().chain(&delivering);
        for stage in stages.filter(|stage| stage.total > 1) {
            let bar = self.stages.entry(stage.name.clone()).or_insert_with(|| {
                let bar = self.all.insert_before(&self.run, ProgressBar::new(0));
                bar.set_style(style("{prefix:<12.dim} [{bar:30}] {pos}/{len} {msg}"));
                bar.set_prefix(cut(&safe(stage.label()), 12));
                bar
            });
            bar.set_length(stage.total);
            bar.set_position(stage.ended());
            let failed = if stage.failed > 0 { format!("{} failed ", stage.failed) } else { String::new() };
            bar.set_message(format!("{failed}{}", rate(stage.rate_per_s)));
        }
        self.run.set_length(1000);
        // Only the end is 100 %.
        let most = if is_over(&run.state) { 1000.0 } else { 999.0 };
        self.run.set_position((run.figures.percent * 10.0).clamp(0.0, most) as u64);
        let mut parts = vec![self.model.figures()];
        parts.extend(Some(self.model.counters()).filter(|text| !text.is_empty()));
        if run.state == "waiting" || run.state == "paused" {
            parts.push(run.state.clone());
        } else {
            parts.extend(self.model.current.as_deref().map(|text| cut(&safe(text), 40)));
        }
        self.run.set_message(parts.join(" · "));
    }
}

/// Deliveries as the last bar: what people wait for after the stages.
fn deliver_stage(deliveries: Deliveries) -> Option<Stage> {
    let Deliveries { staged, done, dead, .. } = deliveries;
    (staged > 0).then(|| Stage {
        name: String::from("(deliveries)"),
        title: String::from("delivered"),
        total: staged,
        done,
        failed: dead,
        ..Stage::default()
    })
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸ ")
}

impl Watcher for Bars {
    fn show(&mut self, update: &Update) {
        self.model.take(update);
        if let Update::Event(event) = update
            && let Some((tone, text)) = line(event)
        {
            let _ = self.all.println(self.output.tone_err(tone, &text));
        }
        self.draw();
    }

    fn remark(&mut self, line: &str) {
        let _ = self.all.println(safe(line));
    }

    fn finish(&mut self) {
        self.draw();
        for bar in self.stages.values() {
            bar.abandon();
        }
        self.run.abandon();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        args::{ColorChoice, Global},
        output::Surroundings,
    };
    use expect_test::expect;
    use serde_json::json;

    fn event(value: Value) -> Update {
        Update::Event(Box::new(serde_json::from_value(value).expect("an event")))
    }

    #[test]
    fn a_pipe_gets_facts_at_once_and_figures_now_and_then() {
        let around = Surroundings { out_terminal: false, err_terminal: false, no_color: false, dumb: false };
        let global = Global { color: ColorChoice::Auto, ..Global::default() };
        let mut lines = Lines::new(Output::new(&global, around), Duration::from_secs(5));
        let run = json!({ "id": "0", "state": "running", "figures": { "done": 0, "total": 1200, "failed": 0, "percent": 0 } });
        let progress = |done: u64, failed: u64| {
            let figures =
                json!({ "done": done, "total": 1200, "failed": failed, "percent": done as f64 / 12.0 });
            let value = json!({ "run": "0", "item": null, "to": done, "state": "running", "figures": figures,
                "counters": { "keywords": done * 3 }, "rate_per_s": 12.5, "eta_ms": 61_000 });
            Update::Progress(Box::new(serde_json::from_value(value).expect("progress")))
        };
        let start = Instant::now();
        let updates = [
            (0, Update::Snapshot(Box::new(serde_json::from_value(run).expect("a run")))),
            (100, event(json!({ "kind": "stage.opened", "stage": "read" }))),
            (200, progress(10, 0)),
            (5200, progress(700, 1)),
            (5300, progress(701, 1)),
            (
                5400,
                event(json!({ "kind": "task.failed", "stage": "read", "key": "a\u{1b}[2J.png",
                "data": { "error": { "code": "truncated", "message": "the file ends early" } } })),
            ),
            (
                5500,
                event(
                    json!({ "kind": "app.ingest.error", "data": { "file": "b.png", "code": "bad_score", "message": "no number" } }),
                ),
            ),
            (5550, event(json!({ "kind": "task.done", "stage": "read", "key": "c.png" }))),
            (
                5600,
                event(
                    json!({ "kind": "stage.closed", "stage": "read", "data": { "counts": { "done": 1199, "failed": 1 } } }),
                ),
            ),
            (5700, progress(1200, 1)),
            (5800, Update::End { state: "completed_with_errors".to_owned() }),
        ];
        let mut text = String::new();
        for (millis, update) in &updates {
            for line in lines.lines(update, start + Duration::from_millis(*millis)) {
                text += &format!("{line}\n");
            }
        }
        expect![[r#"
            0 %: 0 of 1,200 tasks
            read: open
            58 %: 700 of 1,200 tasks, 1 failed, 12.5/s, 1m 01s left; keywords 2,100
            read a\u{1b}[2J.png: failed: the file ends early [truncated]
            b.png: no number [bad_score]
            read: closed (1,199 done, 1 failed)
            100 %: 1,200 of 1,200 tasks, 1 failed; keywords 3,600
        "#]]
        .assert_eq(&text);
    }
}
