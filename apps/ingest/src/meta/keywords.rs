//! Keywords of a file: what it can be found by.
//!
//! | kind | from | weight |
//! | --- | --- | --- |
//! | `prompt` | phrases of the prompt; sentences in it through RAKE | the phrase's weight |
//! | `caption` | captions and descriptions, through RAKE | RAKE's score |
//! | `tag` | keywords that people gave the file (IPTC, XMP, EXIF) | 1 |
//! | `model`, `shape`, `size` | model family, orientation, size class | 1 |
//!
//! Names of generation parameters (`Steps`, `Sampler` and the like) are never keywords.

use std::collections::{BTreeMap, btree_map::Entry};

use serde::{Deserialize, Serialize};

use super::{
    charset,
    prompt::{self, key_of},
    rake::rake,
};

/// Most keywords of one file.
pub const MAX_KEYWORDS: usize = 256;
/// Longest keyword in bytes; longer phrases are sentences and go through RAKE.
pub const MAX_KEYWORD_BYTES: usize = 80;
/// Longest phrase of a prompt that is a keyword as it stands, in words.
pub const MAX_KEYWORD_WORDS: usize = 6;
/// Most keywords from one caption.
pub const MAX_CAPTION_KEYWORDS: usize = 12;
/// Most captions read.
pub const MAX_CAPTIONS: usize = 16;
/// Most keywords from one sentence of a prompt.
const MAX_SENTENCE_KEYWORDS: usize = 8;
/// Most sentences of a prompt that go through RAKE.
const MAX_SENTENCES: usize = 32;
/// Sides that differ by less than this share of the longer one make a square.
const SQUARE_TOLERANCE: f64 = 0.03;

/// Where a keyword comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The prompt.
    Prompt,
    /// A caption or description.
    Caption,
    /// A keyword given by a person.
    Tag,
    /// The family of the model that made the picture.
    Model,
    /// The picture's orientation.
    Shape,
    /// The picture's size class.
    Size,
}

impl Kind {
    /// The name that is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Caption => "caption",
            Self::Tag => "tag",
            Self::Model => "model",
            Self::Shape => "shape",
            Self::Size => "size",
        }
    }
}

/// A keyword of a file, unique by `(keyword, kind)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Keyword {
    /// The keyword for searching: lower case, single spaces.
    pub keyword: String,
    /// The keyword as it was written.
    pub label: String,
    /// Where it comes from.
    pub kind: Kind,
    /// How much it counts; see the table above.
    pub weight: f64,
}

/// What keywords are made of. Everything may be missing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    /// The positive prompt.
    pub prompt: Option<&'a str>,
    /// Captions, titles and descriptions.
    pub captions: &'a [String],
    /// Keywords from IPTC, XMP and EXIF.
    pub tags: &'a [String],
    /// Name of the model.
    pub model: Option<&'a str>,
    /// Width and height in pixels, as the picture is shown (turned by its EXIF orientation).
    pub dimensions_px: Option<(u32, u32)>,
}

/// The keywords of a file: at most [`MAX_KEYWORDS`], in the order of the table above, each `(keyword, kind)` once.
///
/// What occurs several times keeps the weight of largest size, so that neither emphasis nor de-emphasis is lost to a
/// plain mention.
#[must_use]
pub fn keywords(sources: &Sources<'_>) -> Vec<Keyword> {
    let mut out = Collector::default();
    // Derived ones first: a prompt of a thousand phrases must not push them out.
    if let Some(family) = sources.model.and_then(model_family) {
        out.add(family, Kind::Model, 1.0);
    }
    if let Some((width_px, height_px)) =
        sources.dimensions_px.filter(|&(width, height)| width > 0 && height > 0)
    {
        out.add(shape(width_px, height_px), Kind::Shape, 1.0);
        out.add(size_class(width_px, height_px), Kind::Size, 1.0);
    }
    for tag in sources.tags {
        out.add(tag, Kind::Tag, 1.0);
    }
    if let Some(text) = sources.prompt {
        from_prompt(text, &mut out);
    }
    for caption in sources.captions.iter().take(MAX_CAPTIONS) {
        for phrase in rake(caption, MAX_CAPTION_KEYWORDS) {
            out.add(&phrase.text, Kind::Caption, phrase.score);
        }
    }
    out.finish()
}

fn from_prompt(text: &str, out: &mut Collector) {
    let mut sentences = 0;
    for phrase in prompt::parse(text).phrases {
        let is_short = phrase.text.len() <= MAX_KEYWORD_BYTES
            && phrase.text.split_whitespace().count() <= MAX_KEYWORD_WORDS;
        if is_short {
            out.add(&phrase.text, Kind::Prompt, phrase.weight);
        } else if sentences < MAX_SENTENCES && !is_parameter(&phrase.key) {
            sentences += 1;
            for part in rake(&phrase.text, MAX_SENTENCE_KEYWORDS) {
                out.add(&part.text, Kind::Prompt, phrase.weight);
            }
        }
    }
}

#[derive(Default)]
struct Collector {
    /// Index into `keywords` by kind and key.
    index: BTreeMap<(Kind, String), usize>,
    keywords: Vec<Keyword>,
}

impl Collector {
    fn add(&mut self, text: &str, kind: Kind, weight: f64) {
        let label = charset::clean(text);
        let label =
            label.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '“' | '”' | '{' | '}' | ';'));
        let keyword = key_of(label);
        let is_word = keyword.chars().any(char::is_alphabetic);
        if !is_word || label.len() > MAX_KEYWORD_BYTES || is_parameter(&keyword) {
            return;
        }
        match self.index.entry((kind, keyword.clone())) {
            Entry::Occupied(entry) => {
                if let Some(known) = self.keywords.get_mut(*entry.get())
                    && (weight - 1.0).abs() > (known.weight - 1.0).abs()
                {
                    known.weight = weight;
                }
            }
            Entry::Vacant(entry) if self.keywords.len() < MAX_KEYWORDS => {
                entry.insert(self.keywords.len());
                self.keywords.push(Keyword { keyword, label: label.to_owned(), kind, weight });
            }
            Entry::Vacant(_) => {}
        }
    }

    fn finish(mut self) -> Vec<Keyword> {
        // Stable: within a kind, the order in which they were met.
        self.keywords.sort_by_key(|keyword| keyword.kind);
        self.keywords
    }
}

/// Names of generation parameters that are no keywords, not even alone.
const PARAMETERS: &[&str] = &[
    "cfg",
    "cfg scale",
    "clip skip",
    "denoise",
    "denoising strength",
    "distilled cfg scale",
    "ensd",
    "eta",
    "guidance scale",
    "hires steps",
    "hires upscale",
    "hires upscaler",
    "hires resize",
    "lora hashes",
    "model hash",
    "negative prompt",
    "rng",
    "sampler",
    "sampler name",
    "sampling method",
    "sampling steps",
    "schedule type",
    "scheduler",
    "seed",
    "size",
    "steps",
    "ti hashes",
    "vae hash",
    "variation seed",
    "variation seed strength",
    "version",
];

/// Names that are parameters only with a value: alone they are words.
const PARAMETERS_WITH_VALUE: &[&str] = &["model", "vae", "prompt", "refiner", "lora", "template", "hashes"];

/// Whether a key is the name of a generation parameter, alone or with its value (`steps: 20`).
fn is_parameter(key: &str) -> bool {
    match key.split_once(':') {
        Some((name, _)) => PARAMETERS.contains(&name.trim()) || PARAMETERS_WITH_VALUE.contains(&name.trim()),
        None => PARAMETERS.contains(&key),
    }
}

/// The family of a model, from its name; `None` where the name does not say.
///
/// The narrower family comes first: Pony and Illustrious are SDXL models too, but prompted in their own way.
#[must_use]
pub fn model_family(model: &str) -> Option<&'static str> {
    let name = model.to_lowercase();
    let words: Vec<&str> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let joined = words.concat();
    let has = |part: &str| joined.contains(part);
    let has_word = |wanted: &str| words.contains(&wanted);
    // At the start only: everywhere else it is the version of some other model.
    let starts = |part: &str| joined.starts_with(part);
    if has("pony") {
        Some("pony")
    } else if has("noobai") {
        Some("noobai")
    } else if has("illustrious") || has_word("ilxl") {
        Some("illustrious")
    } else if has("flux") {
        Some("flux")
    } else if has("sdxl") || has("xlbase") || words.iter().any(|word| is_xl(word)) {
        Some("sdxl")
    } else if has("sd35") || has("sd3") || has("stablediffusion3") {
        Some("sd3")
    } else if has("stablecascade") {
        Some("cascade")
    } else if has("pixart") {
        Some("pixart")
    } else if has("qwenimage") {
        Some("qwen-image")
    } else if has("hidream") {
        Some("hidream")
    } else if has("hunyuan") {
        Some("hunyuan")
    } else if ["sd21", "sd20", "768vema", "stablediffusion2"].iter().any(|p| has(p))
        || starts("v21")
        || starts("v20")
    {
        Some("sd2")
    } else if ["sd15", "sd14", "sdv15", "sdv14", "stablediffusion1"].iter().any(|p| has(p))
        || starts("v15")
        || starts("v14")
    {
        Some("sd15")
    } else {
        None
    }
}

/// `xl` as a word, or at its end with a version behind it: `juggernautxl`, `dreamshaperxl10`.
fn is_xl(word: &str) -> bool {
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    stem.ends_with("xl") || stem.ends_with("xlv")
}

/// How a picture lies: `landscape`, `portrait` or `square`.
pub fn shape(width_px: u32, height_px: u32) -> &'static str {
    let (width, height) = (f64::from(width_px), f64::from(height_px));
    if (width - height).abs() <= width.max(height) * SQUARE_TOLERANCE {
        "square"
    } else if width > height {
        "landscape"
    } else {
        "portrait"
    }
}

/// Bounds in pixels: 0.1, 0.6, 2.2 and 9 megapixels, so that 512 × 768 is small, 1024 × 1024 and Full HD medium,
/// 4K large, and what cameras take huge.
fn size_class(width_px: u32, height_px: u32) -> &'static str {
    match u64::from(width_px) * u64::from(height_px) {
        0..100_000 => "thumbnail",
        100_000..600_000 => "small",
        600_000..2_200_000 => "medium",
        2_200_000..9_000_000 => "large",
        _ => "huge",
    }
}

#[cfg(test)]
#[path = "keywords_tests.rs"]
mod tests;
