//! From YAML to a document: every key checked, every problem placed.

use crate::{
    Diagnostic, Diagnostics,
    node::{Key, Kind, Node, Places},
    parse_millis,
};
use model::{OnFailure, PipelineDocument, Retry, StageDocument};
use serde_json::Value;
use std::collections::BTreeMap;

/// Longest YAML of a pipeline, in bytes.
pub const MAX_SOURCE_BYTES: usize = 256 * 1024;
/// Deepest nesting of maps and lists in it. Reading recurses, with about 50 KB of stack a level in a debug build.
const MAX_DEPTH: usize = 20;
/// Most values in it, those repeated by aliases included.
const MAX_NODES: usize = 50_000;
/// Most values that aliases may add: enough for shared `retry` blocks, too few for a billion laughs.
const MAX_ALIASED: usize = 10_000;

const PIPELINE_KEYS: &[&str] = &["name", "version", "title", "input_schema", "stages"];
const STAGE_KEYS: &[&str] = &[
    "name",
    "title",
    "needs",
    "for_each",
    "join_all",
    "when",
    "activity",
    "signal",
    "params",
    "retry",
    "timeout",
    "timeout_ms",
    "heartbeat_timeout",
    "heartbeat_timeout_ms",
    "concurrency",
    "on_failure",
];
const RETRY_KEYS: &[&str] = &["max_attempts", "initial", "initial_ms", "factor", "max", "max_ms", "jitter"];

/// A document, where its parts stand, and what could not be read of it.
pub(crate) struct Located {
    pub(crate) document: PipelineDocument,
    pub(crate) places: Places,
    pub(crate) problems: Diagnostics,
}

/// Reads `yaml`; what is wrong in places is told beside what could be read. An error where nothing could be.
pub(crate) fn decode(yaml: &str) -> Result<Located, Diagnostics> {
    let root = read(yaml).map_err(|problem| Diagnostics(vec![problem]))?;
    let mut decoder = Decoder::default();
    let document = decoder.pipeline(root);
    let Decoder { problems, places } = decoder;
    let problems = problems.placed(&places);
    Ok(Located { document, places, problems })
}

fn read(yaml: &str) -> Result<Node, Diagnostic> {
    if yaml.len() > MAX_SOURCE_BYTES {
        let message =
            format!("the pipeline has {} bytes; at most {MAX_SOURCE_BYTES} are allowed", yaml.len());
        return Err(Diagnostic::new("too_large", "", message));
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: MAX_NODES * 4,
            max_documents: 1,
            max_aliases: 1000,
            max_anchors: 200,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_ALIASED,
            max_replay_stack_depth: 8,
        },
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(yaml, options).map_err(|error| {
        let error = error.without_snippet();
        let number = |n: u64| u32::try_from(n).ok().filter(|n| *n > 0);
        let place = error.location().and_then(|at| Some((number(at.line())?, number(at.column())?)));
        let text = error.to_string();
        // The place is told apart; the library appends it to its text too.
        let text = text.split(" at line ").next().unwrap_or(&text).trim_end_matches(',').to_owned();
        Diagnostic::new("yaml", "", text).at(place)
    })
}

#[derive(Default)]
struct Decoder {
    problems: Diagnostics,
    places: Places,
}

impl Decoder {
    fn pipeline(&mut self, root: Node) -> PipelineDocument {
        let mut document = PipelineDocument {
            name: String::new(),
            version: 1,
            title: String::new(),
            input_schema: None,
            stages: Vec::new(),
        };
        self.places.note("", root.place);
        let Some(fields) = self.map("", root, "a pipeline") else { return document };
        let (mut named, mut staged) = (false, false);
        for (key, node) in fields {
            let path = self.enter("", &key, &node);
            match key.name.as_str() {
                "name" => {
                    named = true;
                    document.name = self.text(&path, node).unwrap_or_default();
                }
                "version" => document.version = self.number(&path, node).unwrap_or(1),
                "title" => document.title = self.text(&path, node).unwrap_or_default(),
                "input_schema" if node.is_null() => {}
                "input_schema" => document.input_schema = Some(node.into_value()),
                "stages" => {
                    staged = true;
                    document.stages = self.stages(node);
                }
                _ => self.unknown(&path, &key, PIPELINE_KEYS, "a pipeline"),
            }
        }
        for (there, key) in [(named, "name"), (staged, "stages")] {
            if !there {
                self.problem("missing_key", "", &format!("the pipeline has no '{key}'"));
            }
        }
        document
    }

    fn stages(&mut self, node: Node) -> Vec<StageDocument> {
        let Some(nodes) = self.list("stages", node) else { return Vec::new() };
        let mut stages = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.into_iter().enumerate() {
            let path = format!("stages[{index}]");
            self.places.note(&path, node.place);
            stages.push(self.stage(&path, node));
        }
        stages
    }

    fn stage(&mut self, at: &str, node: Node) -> StageDocument {
        let mut stage = StageDocument::default();
        let Some(fields) = self.map(at, node, "a stage") else { return stage };
        let (mut timeout, mut heartbeat) = (Twice::default(), Twice::default());
        for (key, node) in fields {
            let path = self.enter(at, &key, &node);
            if node.is_null() && key.name != "name" && STAGE_KEYS.contains(&key.name.as_str()) {
                continue;
            }
            match key.name.as_str() {
                "name" => stage.name = self.text(&path, node).unwrap_or_default(),
                "title" => stage.title = self.text(&path, node).unwrap_or_default(),
                "needs" => stage.needs = self.names(&path, node),
                "for_each" => stage.for_each = self.text(&path, node),
                "join_all" => stage.join_all = self.flag(&path, &node).unwrap_or(false),
                "when" => stage.when = self.condition(&path, node),
                "activity" => stage.activity = self.text(&path, node),
                "signal" => stage.signal = self.text(&path, node),
                "params" => stage.params = self.params(&path, node),
                "retry" => stage.retry = self.retry(&path, node),
                "timeout" => timeout.set(self, &path, Self::duration, node),
                "timeout_ms" => timeout.set(self, &path, Self::number, node),
                "heartbeat_timeout" => heartbeat.set(self, &path, Self::duration, node),
                "heartbeat_timeout_ms" => heartbeat.set(self, &path, Self::number, node),
                "concurrency" => stage.concurrency = self.number(&path, node),
                "on_failure" => stage.on_failure = self.on_failure(&path, node),
                _ => self.unknown(&path, &key, STAGE_KEYS, "a stage"),
            }
        }
        stage.timeout_ms = timeout.value;
        stage.heartbeat_timeout_ms = heartbeat.value;
        stage
    }

    fn retry(&mut self, at: &str, node: Node) -> Option<Retry> {
        let fields = self.map(at, node, "retry")?;
        let mut retry = Retry::default();
        let (mut initial, mut max) = (Twice::default(), Twice::default());
        for (key, node) in fields {
            let path = self.enter(at, &key, &node);
            match key.name.as_str() {
                "max_attempts" => retry.max_attempts = self.number(&path, node).unwrap_or(retry.max_attempts),
                "initial" => initial.set(self, &path, Self::duration, node),
                "initial_ms" => initial.set(self, &path, Self::number, node),
                "factor" => retry.factor = self.real(&path, &node).unwrap_or(retry.factor),
                "max" => max.set(self, &path, Self::duration, node),
                "max_ms" => max.set(self, &path, Self::number, node),
                "jitter" => retry.jitter = self.real(&path, &node).unwrap_or(retry.jitter),
                _ => self.unknown(&path, &key, RETRY_KEYS, "retry"),
            }
        }
        retry.initial_ms = initial.value.unwrap_or(retry.initial_ms);
        // Whoever asks for a long first delay need not say that the longest is at least as long.
        retry.max_ms = max.value.unwrap_or(retry.max_ms.max(retry.initial_ms));
        Some(retry)
    }

    fn on_failure(&mut self, at: &str, node: Node) -> OnFailure {
        match self.text(at, node).as_deref() {
            Some("fail_run") | None => OnFailure::FailRun,
            Some("continue") => OnFailure::Continue,
            Some(other) => {
                let message = format!("'{other}' is not 'fail_run' or 'continue'");
                self.problem("wrong_value", at, &message);
                OnFailure::FailRun
            }
        }
    }

    fn params(&mut self, at: &str, node: Node) -> BTreeMap<String, Value> {
        let Some(fields) = self.map(at, node, "params") else { return BTreeMap::new() };
        fields.into_iter().map(|(key, node)| (key.name, node.into_value())).collect()
    }

    fn names(&mut self, at: &str, node: Node) -> Vec<String> {
        if let Kind::Plain(Value::String(name)) = node.kind {
            return vec![name];
        }
        let Some(nodes) = self.list(at, node) else { return Vec::new() };
        let mut names = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.into_iter().enumerate() {
            let path = format!("{at}[{index}]");
            self.places.note(&path, node.place);
            names.extend(self.text(&path, node));
        }
        names
    }

    /// A condition: text, or a plain `true` or `false`.
    fn condition(&mut self, at: &str, node: Node) -> Option<String> {
        match node.kind {
            Kind::Plain(Value::Bool(flag)) => Some(flag.to_string()),
            _ => self.text(at, node),
        }
    }

    fn text(&mut self, at: &str, node: Node) -> Option<String> {
        match node.kind {
            Kind::Plain(Value::String(text)) => Some(text),
            _ => self.wrong(at, &node, "text", "put it in quotes"),
        }
    }

    fn flag(&mut self, at: &str, node: &Node) -> Option<bool> {
        match node.kind {
            Kind::Plain(Value::Bool(flag)) => Some(flag),
            _ => self.wrong(at, node, "true or false", "write true or false without quotes"),
        }
    }

    fn number<N: TryFrom<u64>>(&mut self, at: &str, node: Node) -> Option<N> {
        let number = match &node.kind {
            Kind::Plain(Value::Number(number)) => number.as_u64().and_then(|n| N::try_from(n).ok()),
            _ => None,
        };
        number.or_else(|| self.wrong(at, &node, "a whole number, 0 or more", "write digits only"))
    }

    fn real(&mut self, at: &str, node: &Node) -> Option<f64> {
        let number = match &node.kind {
            Kind::Plain(Value::Number(number)) => number.as_f64(),
            _ => None,
        };
        number.or_else(|| self.wrong(at, node, "a number", "write it as 2 or 0.5"))
    }

    fn duration(&mut self, at: &str, node: Node) -> Option<u64> {
        let millis = match &node.kind {
            Kind::Plain(Value::String(text)) => parse_millis(text),
            _ => None,
        };
        let help = "write a number with its unit: 500ms, 30s, 5m, 2h, 1d";
        millis.or_else(|| self.wrong(at, &node, "a duration", help))
    }

    fn map(&mut self, at: &str, node: Node, what: &str) -> Option<Vec<(Key, Node)>> {
        match node.kind {
            Kind::Map(fields) => Some(fields),
            _ => self.wrong(at, &node, "a map", &format!("{what} is written as 'key: value' lines")),
        }
    }

    fn list(&mut self, at: &str, node: Node) -> Option<Vec<Node>> {
        match node.kind {
            Kind::List(nodes) => Some(nodes),
            _ => self.wrong(at, &node, "a list", "write each entry on a line that begins with '- '"),
        }
    }

    fn enter(&mut self, at: &str, key: &Key, node: &Node) -> String {
        let path = if at.is_empty() { key.name.clone() } else { format!("{at}.{}", key.name) };
        self.places.note(&path, node.place.or(key.place));
        // `timeout` and `timeout_ms` are one thing; problems name it without the unit.
        if let Some(short) = path.strip_suffix("_ms") {
            self.places.note(short, node.place.or(key.place));
        }
        path
    }

    fn wrong<T>(&mut self, at: &str, node: &Node, wanted: &str, help: &str) -> Option<T> {
        let message = match &node.kind {
            Kind::Plain(value @ (Value::Number(_) | Value::String(_))) => {
                let value: String = value.to_string().chars().take(60).collect();
                format!("expected {wanted}, found {value}")
            }
            _ => format!("expected {wanted}, found {}", node.kind()),
        };
        self.problems.push(Diagnostic::new("wrong_type", at, message).at(node.place).help(help));
        None
    }

    fn unknown(&mut self, path: &str, key: &Key, known: &[&str], what: &str) {
        let help = match closest(&key.name, known.iter().copied()) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("{what} has: {}", known.join(", ")),
        };
        let message = format!("{what} has no key '{}'", key.name);
        self.problems.push(Diagnostic::new("unknown_key", path, message).at(key.place).help(help));
    }

    fn problem(&mut self, code: &'static str, path: &str, message: &str) {
        self.problems.push(Diagnostic::new(code, path, message));
    }
}

/// A duration that may be given as text or in milliseconds, but once.
#[derive(Default)]
struct Twice {
    value: Option<u64>,
    given: bool,
}

impl Twice {
    fn set(
        &mut self,
        decoder: &mut Decoder,
        path: &str,
        read: fn(&mut Decoder, &str, Node) -> Option<u64>,
        node: Node,
    ) {
        if self.given {
            decoder.problem("given_twice", path, "the same duration is given twice, with and without '_ms'");
        }
        self.given = true;
        self.value = read(decoder, path, node);
    }
}

/// The candidate that `name` was most likely meant to be: at most a third of its letters differ.
pub(crate) fn closest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name: String = name.chars().take(64).collect::<String>().to_lowercase();
    let (near, distance) =
        candidates.map(|c| (c, strsim::damerau_levenshtein(&name, c))).min_by_key(|(_, d)| *d)?;
    let letters = near.chars().count();
    (distance <= letters.max(3) / 3 && distance < letters).then_some(near)
}
