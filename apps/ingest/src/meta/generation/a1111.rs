//! AUTOMATIC1111's text:
//!
//! ```text
//! a cat, (masterpiece:1.2)
//! on two lines
//! Negative prompt: blurry
//! Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x768, Lora hashes: "a: 12ab, b: 34cd", Version: v1.9.3
//! ```
//! Each of the three parts may be missing.

use super::{Generation, Hires, MAX_EXTRA, MAX_EXTRA_BYTES, Tool, check_size};
use crate::meta::{
    Error,
    charset::cut,
    prompt::{self, Lora, model_stem},
};

/// Most parameters read.
const MAX_PARAMETERS: usize = 256;
/// Most pieces between commas looked at in one line.
const MAX_SEGMENTS: usize = 1024;
/// Longest name of a parameter in bytes.
const MAX_NAME_BYTES: usize = 64;
/// What the line of the negative prompt starts with.
const NEGATIVE: &str = "Negative prompt:";

/// Whether a text that could be anything (a comment, a description) holds generation parameters.
#[must_use]
pub fn looks_like_parameters(text: &str) -> bool {
    parameter_line(text).is_some_and(|(_, line)| parameters(line).len() >= 2)
        || text.lines().any(|line| line.trim_start().starts_with(NEGATIVE))
}

/// Reads AUTOMATIC1111's text. `None` for an empty text and for JSON, which other programs write under the same name.
///
/// # Errors
/// [`Error::TooBig`] beyond [`MAX_GENERATION_BYTES`](super::MAX_GENERATION_BYTES).
pub fn read_parameters(text: &str) -> Result<Option<Generation>, Error> {
    check_size(text)?;
    let text = text.trim();
    let is_json = text.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    if text.is_empty() || is_json {
        return Ok(None);
    }
    let mut out = Generation { tool: Tool::Automatic1111, ..Generation::default() };
    let (prompts, settings) = match parameter_line(text) {
        Some((at, _)) => text.split_at(at),
        None => (text, ""),
    };
    (out.prompt, out.negative_prompt) = split_prompts(prompts);
    for lora in prompt::parse(&out.prompt).loras {
        out.add_lora(lora);
    }
    // Extensions write lines of their own after the parameters.
    let pairs = settings.lines().flat_map(parameters).take(MAX_PARAMETERS);
    for (name, value) in pairs {
        out.set(name, &value);
    }
    Ok(Some(out))
}

/// The line that holds the parameters, and its offset: the last one that starts with `Steps:`, or else the last line if
/// it has three parameters.
fn parameter_line(text: &str) -> Option<(usize, &str)> {
    let mut at = 0;
    let mut last = None;
    let mut steps = None;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("Steps:") {
            steps = Some((at, line));
        }
        if !line.trim().is_empty() {
            last = Some((at, line));
        }
        at += line.len();
    }
    let is_negative = |line: &str| line.trim_start().starts_with(NEGATIVE);
    steps.or_else(|| last.filter(|(_, line)| !is_negative(line) && parameters(line).len() >= 3))
}

fn split_prompts(text: &str) -> (String, String) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(negative) = line.trim_start().strip_prefix(NEGATIVE) {
            let (positive, _) = text.split_at(at);
            let rest = &text[at + line.len()..];
            return (positive.trim().to_owned(), format!("{negative}{rest}").trim().to_owned());
        }
        at += line.len();
    }
    (text.trim().to_owned(), String::new())
}

/// The `Name: value` pairs of a line. What has no name is passed over.
fn parameters(line: &str) -> Vec<(&str, String)> {
    let mut pairs = Vec::new();
    let mut rest = line;
    for _ in 0..MAX_SEGMENTS {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.is_empty() {
            break;
        }
        let comma = rest.find(',').unwrap_or(rest.len());
        let Some((name, after)) =
            rest[..comma].split_once(':').map(|(name, _)| (name, &rest[name.len() + 1..]))
        else {
            rest = &rest[comma..];
            continue;
        };
        let (value, after) = value(after.trim_start());
        if is_name(name.trim()) {
            pairs.push((name.trim(), value));
        }
        rest = after;
    }
    pairs
}

fn is_name(name: &str) -> bool {
    let is_name_char =
        |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '/' | '(' | ')' | '.' | '+');
    !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && name.starts_with(char::is_alphabetic)
        && name.chars().all(is_name_char)
}

/// A value, and what follows it: a JSON string, a JSON object or list, or all up to the next comma.
fn value(text: &str) -> (String, &str) {
    let structured = text.starts_with(['"', '{', '[']).then(|| {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
        let value = values.next()?.ok()?;
        Some((value, values.byte_offset()))
    });
    match structured.flatten() {
        Some((serde_json::Value::String(text_value), end)) => (text_value, &text[end..]),
        Some((value, end)) => (value.to_string(), &text[end..]),
        None => {
            let end = text.find(',').unwrap_or(text.len());
            (text[..end].trim().to_owned(), &text[end..])
        }
    }
}

impl Generation {
    fn set(&mut self, name: &str, value: &str) {
        match name {
            "Steps" => self.steps = value.parse().ok(),
            "Sampler" => self.sampler = text(value),
            "Schedule type" | "Scheduler" => self.scheduler = text(value),
            "CFG scale" => self.cfg = number(value),
            "Seed" => self.seed = value.parse().ok(),
            "Size" => {
                if let Some((width, height)) = value.split_once(['x', 'X', '×']) {
                    (self.width, self.height) = (width.trim().parse().ok(), height.trim().parse().ok());
                }
            }
            "Model" => self.model = Some(model_stem(value)).filter(|name| !name.is_empty()),
            "Model hash" => self.model_hash = text(value),
            "Denoising strength" => self.denoise = number(value),
            "Hires upscale" => self.hires().upscale = number(value),
            "Hires steps" => self.hires().steps = value.parse().ok(),
            "Hires upscaler" => self.hires().upscaler = text(value),
            "Lora hashes" => self.lora_hashes(value),
            "Version" => self.version = text(value),
            _ if self.extra.len() < MAX_EXTRA => {
                self.extra.insert(name.to_owned(), cut(value, MAX_EXTRA_BYTES).to_owned());
            }
            _ => {}
        }
    }

    fn hires(&mut self) -> &mut Hires {
        self.hires.get_or_insert_default()
    }

    /// `name: hash, name: hash`. Names that the prompt does not have were added by something else; their weight is not known.
    fn lora_hashes(&mut self, text: &str) {
        for (name, hash) in text.split(',').filter_map(|pair| pair.rsplit_once(':')) {
            let (name, hash) = (model_stem(name.trim()), hash.trim());
            if name.is_empty() || hash.is_empty() {
                continue;
            }
            let hash = Some(cut(hash, MAX_NAME_BYTES).to_owned());
            match self.loras.iter_mut().find(|lora| lora.name == name) {
                Some(lora) => lora.hash = hash,
                None => self.add_lora(Lora { name, weight: 1.0, hash }),
            }
        }
    }
}

fn text(value: &str) -> Option<String> {
    Some(cut(value, MAX_EXTRA_BYTES).to_owned()).filter(|text| !text.is_empty())
}

/// A finite number: JSON has no other, and `NaN` steps mean nothing.
fn number(value: &str) -> Option<f64> {
    value.parse().ok().filter(|number: &f64| number.is_finite())
}
