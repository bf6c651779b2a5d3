//! How a generated picture was made: prompt, sampler, seed, models.
//!
//! Two forms are read: the text that AUTOMATIC1111 and its relatives write (`a1111`), and the graphs of ComfyUI
//! (`comfy`). Both end as one [`Generation`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Error, prompt::Lora};

mod a1111;
mod comfy;
mod workflow;

pub use a1111::{looks_like_parameters, read_parameters};
pub use comfy::read_prompt_graph;
pub use workflow::read_workflow;

/// Longest parameters or graph read, in bytes.
pub const MAX_GENERATION_BYTES: usize = 1 << 20;
/// Most parameters kept that have no field of their own.
pub const MAX_EXTRA: usize = 128;
/// Longest value of a parameter kept, in bytes; longer ones are cut.
pub const MAX_EXTRA_BYTES: usize = 4096;

/// The program that made a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// AUTOMATIC1111's web UI, or one that writes its format (Forge, SD.Next and others).
    #[default]
    Automatic1111,
    /// ComfyUI.
    Comfyui,
}

/// A second pass at a higher resolution.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hires {
    /// Factor to the first pass's size.
    pub upscale: Option<f64>,
    /// Steps of the second pass; AUTOMATIC1111 leaves them out where they are those of the first.
    pub steps: Option<u32>,
    /// Name of the upscaler.
    pub upscaler: Option<String>,
}

/// How a picture was made. Everything but the tool may be missing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Generation {
    /// The program.
    pub tool: Tool,
    /// The prompt as written, LoRAs and weights included; empty where there is none.
    pub prompt: String,
    /// The negative prompt; empty where there is none.
    pub negative_prompt: String,
    /// Sampling steps.
    pub steps: Option<u32>,
    /// Sampler.
    pub sampler: Option<String>,
    /// Noise schedule.
    pub scheduler: Option<String>,
    /// Classifier-free guidance scale.
    pub cfg: Option<f64>,
    /// Seed. Takes all 64 bits, so it is text outside: numbers of JavaScript hold 53.
    #[serde(with = "seed")]
    pub seed: Option<u64>,
    /// Width of the (first) pass in pixels.
    pub width: Option<u32>,
    /// Height of the (first) pass in pixels.
    pub height: Option<u32>,
    /// Model, without folder and file extension.
    pub model: Option<String>,
    /// Short hash of the model.
    pub model_hash: Option<String>,
    /// Denoising strength, 0 to 1: of the second pass if there is one.
    pub denoise: Option<f64>,
    /// The second pass.
    pub hires: Option<Hires>,
    /// LoRAs with weights, each name once.
    pub loras: Vec<Lora>,
    /// Version of the program.
    pub version: Option<String>,
    /// Parameters without a field of their own, by name; at most [`MAX_EXTRA`].
    pub extra: BTreeMap<String, String>,
}

impl Generation {
    /// Adds a LoRA unless its name is there.
    fn add_lora(&mut self, lora: Lora) {
        if self.loras.len() < super::prompt::MAX_LORAS
            && self.loras.iter().all(|known| known.name != lora.name)
        {
            self.loras.push(lora);
        }
    }
}

/// A seed as text; numbers are read too.
mod seed {
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Seed {
        Number(u64),
        Text(String),
    }

    #[expect(clippy::ref_option, reason = "serde hands the field over so")]
    pub(super) fn serialize<S: Serializer>(seed: &Option<u64>, to: S) -> Result<S::Ok, S::Error> {
        match seed {
            Some(seed) => to.collect_str(seed),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
        let seed = Option::<Seed>::deserialize(from)?;
        Ok(seed.and_then(|seed| match seed {
            Seed::Number(seed) => Some(seed),
            Seed::Text(text) => text.parse().ok(),
        }))
    }
}

/// Refuses what is too long to be read.
fn check_size(text: &str) -> Result<(), Error> {
    if text.len() > MAX_GENERATION_BYTES {
        return Err(Error::too_big("the text of the generation parameters", MAX_GENERATION_BYTES));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
