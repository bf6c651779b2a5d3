//! ComfyUI's `workflow`: the graph as its editor keeps it. Read where there is no `prompt`.
//!
//! Nodes hold their values as a bare list, in the order of their widgets; the names are those of the common nodes, given
//! here. Links stand in a list of their own.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{
    Generation,
    comfy::{GRAPH, Graph, MAX_NODES, Node, generation, parse_json},
};
use crate::meta::Error;

/// Most links read.
const MAX_LINKS: usize = 16 << 10;

/// Names of the widgets of common nodes in order; `""` for those that are not read.
const WIDGETS: &[(&str, &[&str])] = &[
    ("KSampler", &["seed", "", "steps", "cfg", "sampler_name", "scheduler", "denoise"]),
    ("KSamplerAdvanced", &["", "noise_seed", "", "steps", "cfg", "sampler_name", "scheduler"]),
    ("SamplerCustom", &["", "noise_seed", "", "cfg"]),
    ("KSamplerSelect", &["sampler_name"]),
    ("BasicScheduler", &["scheduler", "steps", "denoise"]),
    ("RandomNoise", &["noise_seed"]),
    ("CFGGuider", &["cfg"]),
    ("CLIPTextEncode", &["text"]),
    ("CLIPTextEncodeFlux", &["clip_l", "t5xxl"]),
    ("CLIPTextEncodeSDXL", &["", "", "", "", "", "", "text_g", "text_l"]),
    ("CheckpointLoaderSimple", &["ckpt_name"]),
    ("CheckpointLoader", &["", "ckpt_name"]),
    ("UNETLoader", &["unet_name"]),
    ("UnetLoaderGGUF", &["unet_name"]),
    ("LoraLoader", &["lora_name", "strength_model"]),
    ("LoraLoaderModelOnly", &["lora_name", "strength_model"]),
    ("EmptyLatentImage", &["width", "height"]),
    ("EmptySD3LatentImage", &["width", "height"]),
    ("EmptyHunyuanLatentVideo", &["width", "height"]),
    ("LatentUpscale", &["upscale_method"]),
    ("LatentUpscaleBy", &["upscale_method", "scale_by"]),
    ("ImageScaleBy", &["upscale_method", "scale_by"]),
    ("UpscaleModelLoader", &["model_name"]),
];

/// Reads ComfyUI's `workflow` JSON. `None` where there is no sampler.
///
/// # Errors
/// [`Error::TooBig`], [`Error::TooMany`] for graphs beyond the limits; [`Error::Malformed`] for what is no workflow.
pub fn read_workflow(json: &str) -> Result<Option<Generation>, Error> {
    let mut workflow = parse_json(json)?;
    let Some(Value::Array(nodes)) = workflow.get_mut("nodes").map(Value::take) else {
        return Err(Error::malformed(GRAPH, "the workflow has no list of nodes"));
    };
    let links = workflow.get("links").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if nodes.len() > MAX_NODES {
        return Err(Error::TooMany { what: "ComfyUI nodes", limit: MAX_NODES });
    }
    if links.len() > MAX_LINKS {
        return Err(Error::TooMany { what: "ComfyUI links", limit: MAX_LINKS });
    }
    let sources: HashMap<u64, (String, u64)> = links.iter().filter_map(source).collect();
    let graph: Graph = nodes.into_iter().filter_map(|node| to_node(node, &sources)).collect();
    Ok(generation(&graph))
}

/// A link's id, and the node and output it comes from: a list, or an object in newer files.
fn source(link: &Value) -> Option<(u64, (String, u64))> {
    let part = |index: usize, name: &str| link.get(index).or_else(|| link.get(name));
    let (id, slot) = (part(0, "id")?.as_u64()?, part(2, "origin_slot")?.as_u64()?);
    Some((id, (id_text(part(1, "origin_id")?)?, slot)))
}

fn id_text(id: &Value) -> Option<String> {
    match id {
        Value::Number(id) => Some(id.to_string()),
        Value::String(id) => Some(id.clone()),
        _ => None,
    }
}

fn to_node(mut node: Value, sources: &HashMap<u64, (String, u64)>) -> Option<(String, Node)> {
    let id = id_text(node.get("id")?)?;
    let class = node.get("type")?.as_str()?.to_owned();
    // Muted and bypassed nodes do nothing, but a bypassed one still passes on what it is linked to.
    let is_off = matches!(node.get("mode").and_then(Value::as_u64), Some(2 | 4));
    let mut inputs = match node.get_mut("widgets_values").map(Value::take) {
        _ if is_off => Map::new(),
        Some(Value::Array(values)) => named_widgets(&class, values),
        Some(Value::Object(values)) => values,
        _ => Map::new(),
    };
    for input in node.get("inputs").and_then(Value::as_array).into_iter().flatten() {
        let name = input.get("name").and_then(Value::as_str).unwrap_or_default();
        let link = input.get("link").and_then(Value::as_u64).and_then(|link| sources.get(&link));
        if let Some((from, slot)) = link {
            inputs.insert(name.to_owned(), json!([from, slot]));
        }
    }
    Some((id, Node { class, inputs }))
}

fn named_widgets(class: &str, values: Vec<Value>) -> Map<String, Value> {
    let known = WIDGETS.iter().find(|(known, _)| *known == class).map(|(_, names)| *names);
    match known {
        Some(names) => names
            .iter()
            .zip(values)
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, value)| ((*name).to_owned(), value))
            .collect(),
        // Of an unknown node, the first plain value is what it holds, and objects speak for themselves.
        None => {
            let mut inputs = Map::new();
            for (index, value) in values.into_iter().enumerate() {
                if value.is_object() {
                    inputs.insert(format!("widget_{index}"), value);
                } else if !value.is_array() && !inputs.contains_key("value") {
                    inputs.insert("value".to_owned(), value);
                }
            }
            inputs
        }
    }
}
