//! What image generators write about a picture: AUTOMATIC1111's parameters and ComfyUI's graphs.

use serde_json::{Value, json};

/// The settings behind one generated picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// What the picture shows, with weights and LoRA tags.
    pub prompt: String,
    /// What it should not show.
    pub negative: String,
    /// Sampling steps.
    pub steps: u32,
    /// Sampler as AUTOMATIC1111 names it.
    pub sampler: String,
    /// Scheduler.
    pub scheduler: String,
    /// CFG scale times ten.
    pub cfg_tenths: u32,
    /// Seed.
    pub seed: u64,
    /// Pixels.
    pub size: (u32, u32),
    /// Checkpoint name.
    pub model: String,
    /// First ten hex digits of the checkpoint's hash.
    pub model_hash: String,
    /// LoRA name and weight in hundredths.
    pub lora: Option<(String, u32)>,
    /// Second pass: upscale factor times ten, upscaler, denoise in hundredths.
    pub hires: Option<(u32, String, u32)>,
}

impl Generation {
    /// The text that AUTOMATIC1111 stores under `parameters`.
    #[must_use]
    pub fn parameters(&self) -> String {
        let mut text = format!("{}\nNegative prompt: {}\n", self.prompt, self.negative);
        text += &format!(
            "Steps: {}, Sampler: {}, Schedule type: {}, CFG scale: {}, Seed: {}, Size: {}x{}, Model hash: {}, Model: {}",
            self.steps,
            self.sampler,
            self.scheduler,
            tenths(self.cfg_tenths),
            self.seed,
            self.size.0,
            self.size.1,
            self.model_hash,
            self.model,
        );
        if let Some((factor, upscaler, denoise)) = &self.hires {
            text += &format!(
                ", Denoising strength: {}, Hires upscale: {}, Hires upscaler: {upscaler}",
                hundredths(*denoise),
                tenths(*factor),
            );
        }
        if let Some((name, _)) = &self.lora {
            text +=
                &format!(", Lora hashes: \"{name}: {}\"", &self.model_hash[..8.min(self.model_hash.len())]);
        }
        text + ", Version: v1.10.1"
    }

    /// ComfyUI's executed graph, stored under `prompt`.
    #[must_use]
    pub fn comfy_prompt(&self) -> Value {
        let model = if self.lora.is_some() { json!(["10", 0]) } else { json!(["4", 0]) };
        let mut graph = json!({
            "3": { "class_type": "KSampler", "inputs": {
                "seed": self.seed, "steps": self.steps, "cfg": f64::from(self.cfg_tenths) / 10.0,
                "sampler_name": "dpmpp_2m", "scheduler": self.scheduler.to_lowercase(), "denoise": 1.0,
                "model": model, "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0] } },
            "4": { "class_type": "CheckpointLoaderSimple",
                "inputs": { "ckpt_name": format!("{}.safetensors", self.model) } },
            "5": { "class_type": "EmptyLatentImage",
                "inputs": { "width": self.size.0, "height": self.size.1, "batch_size": 1 } },
            "6": { "class_type": "CLIPTextEncode", "inputs": { "text": self.prompt, "clip": ["4", 1] } },
            "7": { "class_type": "CLIPTextEncode", "inputs": { "text": self.negative, "clip": ["4", 1] } },
            "8": { "class_type": "VAEDecode", "inputs": { "samples": ["3", 0], "vae": ["4", 2] } },
            "9": { "class_type": "SaveImage",
                "inputs": { "filename_prefix": "ComfyUI", "images": ["8", 0] } },
        });
        if let Some((name, weight)) = &self.lora {
            let weight = f64::from(*weight) / 100.0;
            graph["10"] = json!({ "class_type": "LoraLoader", "inputs": {
                "lora_name": format!("{name}.safetensors"), "strength_model": weight,
                "strength_clip": weight, "model": ["4", 0], "clip": ["4", 1] } });
        }
        graph
    }

    /// ComfyUI's editor graph, stored under `workflow`: the same nodes with their widgets' values.
    #[must_use]
    pub fn comfy_workflow(&self) -> Value {
        json!({
            "last_node_id": 9, "last_link_id": 9, "version": 0.4, "groups": [], "config": {},
            "nodes": [
                { "id": 4, "type": "CheckpointLoaderSimple", "pos": [26, 474], "mode": 0,
                  "widgets_values": [format!("{}.safetensors", self.model)] },
                { "id": 6, "type": "CLIPTextEncode", "pos": [415, 186], "mode": 0,
                  "widgets_values": [self.prompt] },
                { "id": 7, "type": "CLIPTextEncode", "pos": [413, 389], "mode": 0,
                  "widgets_values": [self.negative] },
                { "id": 5, "type": "EmptyLatentImage", "pos": [473, 609], "mode": 0,
                  "widgets_values": [self.size.0, self.size.1, 1] },
                { "id": 3, "type": "KSampler", "pos": [863, 186], "mode": 0,
                  "widgets_values": [self.seed, "randomize", self.steps,
                      f64::from(self.cfg_tenths) / 10.0, "dpmpp_2m", self.scheduler.to_lowercase(), 1] },
            ],
            "links": [[1, 4, 0, 3, 0, "MODEL"], [4, 6, 0, 3, 1, "CONDITIONING"], [6, 7, 0, 3, 2, "CONDITIONING"]],
        })
    }
}

fn tenths(value: u32) -> String {
    if value.is_multiple_of(10) { (value / 10).to_string() } else { format!("{}.{}", value / 10, value % 10) }
}

fn hundredths(value: u32) -> String {
    format!("{}", f64::from(value) / 100.0)
}
