//! ComfyUI's `prompt`: the graph of nodes that was executed.
//!
//! ```json
//! { "3": { "class_type": "KSampler", "inputs": { "seed": 1, "model": ["4", 0], "positive": ["6", 0], … } }, … }
//! ```
//! An input is a literal or a link `[node, output]`. From the sampler of the first pass, links are followed back to the
//! texts, the models and the size. Every walk visits a node once and has a budget: cycles and huge graphs end.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::{Generation, Hires, MAX_EXTRA_BYTES, Tool, check_size};
use crate::meta::{
    Error,
    charset::{clean, cut},
    prompt::{self, Lora, MAX_WEIGHT, model_stem},
};

/// Most nodes of a graph.
pub(super) const MAX_NODES: usize = 4096;
/// Most nodes visited on one walk.
const MAX_VISITS: usize = 1024;
/// Most samplers looked at; from each, the graph is walked.
const MAX_SAMPLERS: usize = 16;
/// Most texts joined to one prompt.
const MAX_TEXTS: usize = 64;
/// Deepest chain of text nodes followed.
const MAX_TEXT_DEPTH: usize = 16;
/// Longest prompt put together, in bytes.
const MAX_PROMPT_BYTES: usize = 256 << 10;

/// A node of a graph.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) class: String,
    pub(super) inputs: Map<String, Value>,
}

/// A graph by node id.
pub(super) type Graph = BTreeMap<String, Node>;

/// Reads ComfyUI's `prompt` JSON. `None` where there is no sampler, so that nothing was generated.
///
/// # Errors
/// [`Error::TooBig`], [`Error::TooMany`] for graphs beyond the limits; [`Error::Malformed`] for what is no graph.
pub fn read_prompt_graph(json: &str) -> Result<Option<Generation>, Error> {
    let Value::Object(nodes) = parse_json(json)? else {
        return Err(Error::malformed(GRAPH, "it is not an object of nodes"));
    };
    if nodes.len() > MAX_NODES {
        return Err(Error::TooMany { what: "ComfyUI nodes", limit: MAX_NODES });
    }
    let graph: Graph = nodes
        .into_iter()
        .filter_map(|(id, mut node)| {
            let class = node.get("class_type")?.as_str()?.to_owned();
            let inputs = match node.get_mut("inputs").map(Value::take) {
                Some(Value::Object(inputs)) => inputs,
                _ => Map::new(),
            };
            Some((id, Node { class, inputs }))
        })
        .collect();
    if graph.is_empty() {
        return Err(Error::malformed(GRAPH, "none of its entries is a node"));
    }
    Ok(generation(&graph))
}

/// What errors call the graph.
pub(super) const GRAPH: &str = "the ComfyUI graph";

/// Parses JSON as Python writes it: `NaN` and `Infinity` are read as `null`.
pub(super) fn parse_json(json: &str) -> Result<Value, Error> {
    check_size(json)?;
    let error = match serde_json::from_str(json) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let repaired = (json.contains("NaN") || json.contains("Infinity")).then(|| without_not_numbers(json));
    repaired.and_then(|json| serde_json::from_str(&json).ok()).ok_or_else(|| {
        Error::malformed(GRAPH, format!("it is not JSON (line {}, column {})", error.line(), error.column()))
    })
}

fn without_not_numbers(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    let (mut is_string, mut is_escaped) = (false, false);
    while let Some(c) = rest.chars().next() {
        let literal =
            ["NaN", "-Infinity", "Infinity"].iter().find(|literal| !is_string && rest.starts_with(**literal));
        if let Some(literal) = literal {
            out.push_str("null");
            rest = &rest[literal.len()..];
            continue;
        }
        (is_string, is_escaped) = match c {
            '"' if !is_escaped => (!is_string, false),
            '\\' if is_string => (true, !is_escaped),
            _ => (is_string, false),
        };
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// What a graph generates; `None` without a sampler.
pub(super) fn generation(graph: &Graph) -> Option<Generation> {
    let samplers: Vec<&str> = graph
        .iter()
        .filter(|(_, node)| is_sampler(node))
        .map(|(id, _)| id.as_str())
        .take(MAX_SAMPLERS)
        .collect();
    let walk = Walk { graph };
    let before: Vec<(&str, HashSet<&str>)> =
        samplers.iter().map(|id| (*id, walk.samplers_before(id, &samplers))).collect();
    // The first pass starts from no other sampler. Of several, the one with the lowest number: editors count up.
    let first_passes = before.iter().filter(|(_, before)| before.is_empty()).map(|(id, _)| *id);
    let id = first_passes
        .min_by_key(|id| (id.parse::<u64>().unwrap_or(u64::MAX), *id))
        .or(samplers.first().copied())?;
    let second =
        before.iter().find(|(other, before)| *other != id && before.contains(id)).map(|(other, _)| *other);
    let mut out = Generation { tool: Tool::Comfyui, ..Generation::default() };
    walk.sampler(id, &mut out);
    if let Some(second) = second {
        walk.second_pass(second, id, &mut out);
    }
    for lora in prompt::parse(&out.prompt).loras {
        out.add_lora(lora);
    }
    Some(out)
}

fn is_sampler(node: &Node) -> bool {
    let has = |name: &str| node.inputs.contains_key(name);
    let is_named = node.class.contains("KSampler") && !node.class.contains("Select")
        || node.class.contains("SamplerCustom");
    is_named || has("positive") && has("negative") && has("steps") && (has("seed") || has("noise_seed"))
}

/// Which side of the guidance is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Positive,
    Negative,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Negative => "negative",
        }
    }
}

/// Inputs that lead away from the conditioning.
const NOT_CONDITIONING: &[&str] = &[
    "clip",
    "clip_vision",
    "clip_vision_output",
    "control_net",
    "image",
    "images",
    "latent",
    "latent_image",
    "mask",
    "model",
    "noise",
    "pixels",
    "samples",
    "sampler",
    "sigmas",
    "style_model",
    "vae",
];

/// Inputs of text encoders and text nodes that hold text, in the order in which they are joined.
const TEXT_INPUTS: &[&str] = &[
    "text",
    "text_g",
    "text_l",
    "clip_l",
    "clip_g",
    "t5xxl",
    "prompt",
    "populated_text",
    "string",
    "text1",
    "text2",
    "text3",
    "text4",
    "text_a",
    "text_b",
    "text_c",
    "text_d",
    "string_a",
    "string_b",
    "string1",
    "string2",
    "value",
    "positive",
    "wildcard_text",
    "opt_text",
    "any_01",
];

/// Texts found on one walk, and the nodes they were looked for in.
#[derive(Default)]
struct Texts<'a> {
    texts: Vec<&'a str>,
    visited: HashSet<&'a str>,
}

impl<'a> Texts<'a> {
    /// Adds a text; the same one only once, for encoders with two inputs often get it in both.
    fn push(&mut self, text: &'a str) {
        if self.texts.len() < MAX_TEXTS && !text.trim().is_empty() && !self.texts.contains(&text) {
            self.texts.push(text);
        }
    }
}

struct Walk<'a> {
    graph: &'a Graph,
}

impl<'a> Walk<'a> {
    fn node(&self, link: &Value) -> Option<(&'a str, &'a Node)> {
        let id = match link.as_array()?.first()? {
            Value::String(id) => id.clone(),
            Value::Number(id) => id.to_string(),
            _ => return None,
        };
        self.graph.get_key_value(&id).map(|(id, node)| (id.as_str(), node))
    }

    /// Every node from which `start` can be reached over inputs that `wants`, nearest first, `start` included.
    fn upstream(&self, start: &'a str, wants: impl Fn(&Node, &str) -> bool) -> Vec<(&'a str, &'a Node)> {
        let mut visited = HashSet::from([start]);
        let mut order: Vec<(&str, &Node)> =
            self.graph.get(start).map(|node| (start, node)).into_iter().collect();
        let mut next = 0;
        while let Some(&(_, node)) = order.get(next) {
            next += 1;
            for (name, value) in &node.inputs {
                if order.len() < MAX_VISITS
                    && wants(node, name)
                    && let Some((id, node)) = self.node(value)
                    && visited.insert(id)
                {
                    order.push((id, node));
                }
            }
        }
        order
    }

    /// Samplers whose picture `id` goes on from.
    fn samplers_before(&self, id: &'a str, samplers: &[&'a str]) -> HashSet<&'a str> {
        let carries_picture = |_: &Node, name: &str| {
            matches!(name, "latent_image" | "samples" | "latent" | "pixels" | "image" | "images" | "")
        };
        self.upstream(id, carries_picture)
            .into_iter()
            .skip(1)
            .map(|(id, _)| id)
            .filter(|id| samplers.contains(id))
            .collect()
    }

    fn sampler(&self, id: &'a str, out: &mut Generation) {
        let Some(node) = self.graph.get(id) else { return };
        // Samplers made of parts have their numbers in the parts.
        let is_setting =
            |_: &Node, name: &str| matches!(name, "sigmas" | "guider" | "noise" | "sampler" | "");
        let parts = self.upstream(id, is_setting);
        let literal = |names: &[&str]| {
            parts
                .iter()
                .find_map(|(_, node)| names.iter().find_map(|name| self.literal(node.inputs.get(*name)?)))
        };
        out.seed = literal(&["seed", "noise_seed"]).and_then(Value::as_u64);
        out.steps = literal(&["steps"]).and_then(Value::as_u64).and_then(|steps| steps.try_into().ok());
        out.cfg = literal(&["cfg"]).and_then(Value::as_f64);
        out.sampler = literal(&["sampler_name"]).and_then(short_text);
        out.scheduler = literal(&["scheduler"]).and_then(short_text);
        out.denoise = literal(&["denoise"]).and_then(Value::as_f64);
        let guide = |side: Side| {
            parts.iter().find_map(|(_, node)| {
                let start = node.inputs.get(side.name());
                // A guider without a negative side has one conditioning.
                start.or_else(|| node.inputs.get("conditioning").filter(|_| side == Side::Positive))
            })
        };
        for side in [Side::Positive, Side::Negative] {
            let text = guide(side).map(|link| self.prompt(link, side)).unwrap_or_default();
            match side {
                Side::Positive => out.prompt = text,
                Side::Negative => out.negative_prompt = text,
            }
        }
        // The scheduler's model is the guider's in all but odd graphs: one walk is enough.
        if let Some((start, _)) = parts.iter().find_map(|(_, part)| self.node(part.inputs.get("model")?)) {
            self.models(start, out);
        }
        if let Some((start, _)) = node.inputs.get("latent_image").and_then(|link| self.node(link)) {
            self.size(start, out);
        }
    }

    /// A literal, also behind nodes that only hold a value.
    fn literal(&self, value: &'a Value) -> Option<&'a Value> {
        let mut value = value;
        for _ in 0..MAX_TEXT_DEPTH {
            let Some((_, node)) = self.node(value) else { return Some(value) };
            value = ["value", "seed", "noise_seed", "int", "float", "number", ""]
                .iter()
                .find_map(|name| node.inputs.get(*name))?;
        }
        None
    }

    /// The texts behind a conditioning, joined in the order met.
    fn prompt(&self, link: &'a Value, side: Side) -> String {
        let Some((start, _)) = self.node(link) else { return String::new() };
        let leads_on = |node: &Node, name: &str| {
            // Nodes that carry both sides through lead from each to its own.
            let is_both = node.inputs.contains_key("positive") && node.inputs.contains_key("negative");
            let is_zero = node.class == "ConditioningZeroOut";
            !is_zero
                && !is_text(node)
                && if is_both { name == side.name() } else { !NOT_CONDITIONING.contains(&name) }
        };
        let mut found = Texts::default();
        for (id, node) in self.upstream(start, leads_on) {
            if is_text(node) {
                self.texts(id, node, 0, &mut found);
            } else if let Some(Value::String(text)) = node.inputs.get(side.name()) {
                // Loaders that hold both prompts themselves.
                found.push(text);
            }
        }
        let joined = clean(&found.texts.join(", "));
        cut(&joined, MAX_PROMPT_BYTES).to_owned()
    }

    /// Texts of a node in the order of [`TEXT_INPUTS`], followed through links.
    fn texts(&self, id: &'a str, node: &'a Node, depth: usize, found: &mut Texts<'a>) {
        if depth > MAX_TEXT_DEPTH || found.texts.len() >= MAX_TEXTS || !found.visited.insert(id) {
            return;
        }
        // A reroute has one nameless input; a text node has those of the list.
        for value in TEXT_INPUTS.iter().chain(&[""]).filter_map(|name| node.inputs.get(*name)) {
            if let Value::String(text) = value {
                found.push(text);
            } else if let Some((id, node)) = self.node(value) {
                self.texts(id, node, depth + 1, found);
            }
        }
    }

    fn models(&self, start: &'a str, out: &mut Generation) {
        for (_, node) in self.upstream(start, |_, name| matches!(name, "model" | "lora_stack" | "pipe" | ""))
        {
            let inputs = &node.inputs;
            for name in ["ckpt_name", "unet_name", "model_name", "base_ckpt_name"] {
                if let Some(Value::String(model)) = inputs.get(name).and_then(|value| self.literal(value)) {
                    out.model.get_or_insert_with(|| model_stem(cut(model, MAX_EXTRA_BYTES)));
                }
            }
            let strength =
                ["strength_model", "strength", "lora_strength"].iter().find_map(|name| inputs.get(*name));
            if let Some(Value::String(lora)) = inputs.get("lora_name") {
                add_lora(lora, strength, out);
            }
            // rgthree's loader holds objects: { "on": true, "lora": "x.safetensors", "strength": 0.8 }
            for entry in inputs.values().filter_map(Value::as_object) {
                if let (Some(Value::Bool(true)), Some(Value::String(lora))) =
                    (entry.get("on"), entry.get("lora"))
                {
                    add_lora(lora, entry.get("strength"), out);
                }
            }
        }
    }

    fn size(&self, start: &'a str, out: &mut Generation) {
        let leads_on = |_: &Node, name: &str| matches!(name, "samples" | "latent" | "latent_image" | "");
        for (_, node) in self.upstream(start, leads_on) {
            if node.class.contains("Empty") {
                let side = |name: &str| {
                    let pixels = self.literal(node.inputs.get(name)?)?.as_u64()?;
                    pixels.try_into().ok()
                };
                (out.width, out.height) = (side("width"), side("height"));
                return;
            }
        }
    }

    /// What a second sampler adds: its denoising, its steps and the upscaler between the two.
    fn second_pass(&self, second: &'a str, first: &str, out: &mut Generation) {
        let Some(node) = self.graph.get(second) else { return };
        let number = |name: &str| self.literal(node.inputs.get(name)?);
        out.denoise = number("denoise").and_then(Value::as_f64).or(out.denoise);
        let mut hires = Hires {
            steps: number("steps").and_then(Value::as_u64).and_then(|steps| steps.try_into().ok()),
            ..Hires::default()
        };
        let leads_on = |_: &Node, name: &str| {
            matches!(name, "latent_image" | "samples" | "pixels" | "image" | "upscale_model" | "")
        };
        for (id, node) in self.upstream(second, leads_on) {
            if id == first {
                break;
            }
            let input = |name: &str| self.literal(node.inputs.get(name)?);
            hires.upscale = hires.upscale.or_else(|| input("scale_by")?.as_f64());
            hires.upscaler = hires
                .upscaler
                .or_else(|| short_text(input("upscale_method").or_else(|| input("model_name"))?));
        }
        out.hires = Some(hires);
    }
}

/// Whether a node is where a text becomes a conditioning.
fn is_text(node: &Node) -> bool {
    node.class.contains("TextEncode")
        || node.inputs.contains_key("clip")
            && TEXT_INPUTS.iter().any(|name| *name != "positive" && node.inputs.contains_key(*name))
}

fn add_lora(name: &str, strength: Option<&Value>, out: &mut Generation) {
    let name = model_stem(cut(name, MAX_EXTRA_BYTES));
    if !name.is_empty() && name != "None" {
        let weight = strength.and_then(Value::as_f64).unwrap_or(1.0).clamp(-MAX_WEIGHT, MAX_WEIGHT);
        out.add_lora(Lora { name, weight, hash: None });
    }
}

fn short_text(value: &Value) -> Option<String> {
    let text = clean(cut(value.as_str()?, MAX_EXTRA_BYTES));
    (!text.is_empty()).then_some(text)
}
