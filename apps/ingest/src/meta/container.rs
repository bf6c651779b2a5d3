//! Image files as a whole: what format they are, where their metadata stands, and all of it read.

use std::{borrow::Cow, collections::HashSet};

use serde::{Deserialize, Serialize};

use super::{
    Error, Extracted, Part, Problem, charset,
    exif::{self, ExifInfo},
    generation::{self, Generation},
    iptc::{self, Iptc},
    moment::Moment,
    png_text::{self, PngText, Text},
    prompt::key_of,
    xmp::{self, Xmp},
};

mod gif;
mod jpeg;
mod webp;

/// Most captions kept.
pub const MAX_CAPTIONS: usize = 16;
/// Most tags kept.
pub const MAX_TAGS: usize = 512;
/// Most bytes of texts kept; a longer one leaves its place, with its length.
pub const MAX_KEPT_TEXT_BYTES: usize = 1 << 18;
/// Longest comment of a JPEG or GIF read, in bytes.
pub const MAX_COMMENT_BYTES: usize = 1 << 20;
/// Most comments read from one file.
pub const MAX_COMMENTS: usize = 64;

/// A file format, told by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
    /// GIF.
    Gif,
    /// MP4 and its kin.
    Mp4,
    /// QuickTime.
    Mov,
    /// WebM.
    Webm,
    /// Matroska.
    Mkv,
}

impl Format {
    /// The name that is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
            Self::Webm => "webm",
            Self::Mkv => "mkv",
        }
    }

    /// The media type for HTTP.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Mp4 => "video/mp4",
            Self::Mov => "video/quicktime",
            Self::Webm => "video/webm",
            Self::Mkv => "video/x-matroska",
        }
    }

    /// Whether it is a video, whose metadata [`video`](super::video) reads.
    #[must_use]
    pub fn is_video(self) -> bool {
        matches!(self, Self::Mp4 | Self::Mov | Self::Webm | Self::Mkv)
    }
}

/// How many bytes from the start of a file [`sniff`] looks at.
pub const SNIFF_BYTES: usize = 64;

/// Tells a format by the first [`SNIFF_BYTES`] bytes, never by a name. `None` for what is none of ours.
#[must_use]
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    let bytes = bytes.get(..SNIFF_BYTES).unwrap_or(bytes);
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Format::Png),
        [0xFF, 0xD8, 0xFF, ..] => Some(Format::Jpeg),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Format::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Format::Webp),
        [_, _, _, _, b'f', b't', b'y', b'p', b'q', b't', b' ', b' ', ..] => Some(Format::Mov),
        // Still pictures use the same boxes.
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => {
            let is_still = [&b"avif"[..], b"avis", b"heic", b"heix", b"heif", b"mif1", b"msf1", b"crx "];
            (brand.len() >= 4 && !is_still.iter().any(|still| brand.starts_with(still)))
                .then_some(Format::Mp4)
        }
        // QuickTime files from before `ftyp`.
        [_, _, _, _, b'm', b'o', b'o', b'v', ..] | [_, _, _, _, b'w', b'i', b'd', b'e', ..] => {
            Some(Format::Mov)
        }
        [0x1A, 0x45, 0xDF, 0xA3, header @ ..] => {
            let is_webm = memchr::memmem::find(header, b"webm").is_some();
            Some(if is_webm { Format::Webm } else { Format::Mkv })
        }
        _ => None,
    }
}

/// Everything that an image file says about itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageMetadata {
    /// The format by content; `None` for what is no image of ours.
    pub format: Option<Format>,
    /// EXIF, where there is any. The place of the picture is in its `private_gps`, which is not serialised.
    pub exif: Option<ExifInfo>,
    /// XMP, where there is any.
    pub xmp: Option<Xmp>,
    /// IPTC, where there is any.
    pub iptc: Option<Iptc>,
    /// Texts of a PNG, comments of a JPEG or GIF (under `comment`).
    pub texts: Vec<Text>,
    /// How the picture was generated, where it was.
    pub generation: Option<Generation>,
    /// Titles, descriptions and captions, each once, for keywords and search.
    pub captions: Vec<String>,
    /// Keywords given by people, each once.
    pub tags: Vec<String>,
    /// Stars: −1 (rejected, from XMP only) to 5. XMP comes before EXIF.
    pub rating: Option<i8>,
    /// When the picture was taken or made: EXIF, else XMP, else IPTC.
    pub created_at: Option<Moment>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

impl ImageMetadata {
    /// Whether anything was read: a file without metadata is not counted as one whose metadata was read.
    #[must_use]
    pub fn has_any(&self) -> bool {
        self.exif.is_some() || self.xmp.is_some() || self.iptc.is_some() || !self.texts.is_empty()
    }

    fn note(&mut self, part: Part, errors: &[Error]) {
        for error in errors {
            let problem = Problem::new(part, error);
            // A loop is met by every reader that walks into it; once is enough to know.
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }
}

/// The metadata blocks of a file, before they are read.
#[derive(Debug, Default)]
struct Blocks<'a> {
    exif: Option<Cow<'a, [u8]>>,
    xmp: Option<Vec<u8>>,
    /// Photoshop resource blocks, joined.
    photoshop: Vec<u8>,
    texts: Vec<Text>,
}

/// Reads all metadata of an image file. Total: what cannot be read is a [`Problem`], and the rest is still read.
#[must_use]
pub fn read_image_metadata(bytes: &[u8]) -> ImageMetadata {
    let mut out = ImageMetadata {
        format: sniff(bytes).filter(|format| !format.is_video()),
        ..ImageMetadata::default()
    };
    let (part, blocks) = match out.format {
        Some(Format::Png) => (Part::Text, png_blocks(bytes)),
        Some(Format::Jpeg) => (Part::Container, jpeg::blocks(bytes)),
        Some(Format::Webp) => (Part::Container, webp::blocks(bytes)),
        Some(Format::Gif) => (Part::Container, gif::blocks(bytes)),
        _ => {
            out.note(Part::Container, &[Error::malformed("the file", "it is not a PNG, JPEG, WebP or GIF")]);
            return out;
        }
    };
    out.note(part, &blocks.errors);
    let Blocks { exif, xmp, photoshop, texts } = blocks.value;
    if let Some(tiff) = exif {
        let read = exif::read(&tiff);
        out.note(Part::Exif, &read.errors);
        out.exif = Some(read.value).filter(|exif| *exif != ExifInfo::default());
    }
    if let Some(packet) = xmp {
        let read = xmp::read(&packet);
        out.note(Part::Xmp, &read.errors);
        out.xmp = Some(read.value).filter(|xmp| *xmp != Xmp::default());
    }
    if !photoshop.is_empty() {
        let read = iptc::read(&photoshop);
        out.note(Part::Iptc, &read.errors);
        out.iptc = Some(read.value).filter(|iptc| *iptc != Iptc::default());
    }
    out.texts = texts;
    out.generation = find_generation(&mut out);
    out.captions = captions(&out);
    out.tags = tags(&out);
    keep_texts(&mut out.texts);
    let exif = out.exif.as_ref();
    out.rating = out.xmp.as_ref().and_then(|xmp| xmp.rating).or(exif.and_then(|exif| exif.rating));
    out.created_at = exif
        .and_then(|exif| exif.taken_at)
        .or(out.xmp.as_ref().and_then(|xmp| xmp.created_at))
        .or(out.iptc.as_ref().and_then(|iptc| iptc.created_at));
    out
}

fn png_blocks(bytes: &[u8]) -> Extracted<Blocks<'_>> {
    let read = png_text::read(bytes);
    let PngText { texts, exif, xmp, photoshop } = read.value;
    let blocks = Blocks { exif, xmp, photoshop, texts };
    Extracted { value: blocks, errors: read.errors }
}

/// A form that generation parameters are written in.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// AUTOMATIC1111's text under its own name.
    Parameters,
    /// A text that may hold anything.
    Maybe,
    PromptGraph,
    Workflow,
}

/// Looks where programs put generation parameters, in the order of how much they say; the first that reads counts.
fn find_generation(out: &mut ImageMetadata) -> Option<Generation> {
    let mut places: Vec<(Form, &str)> = Vec::new();
    for (keyword, form) in [
        ("parameters", Form::Parameters),
        ("prompt", Form::PromptGraph),
        ("workflow", Form::Workflow),
        ("comment", Form::Maybe),
    ] {
        let texts = out.texts.iter().filter(|text| text.keyword.eq_ignore_ascii_case(keyword));
        places.extend(texts.map(|text| (form, text.value.as_str())));
    }
    if let Some(exif) = &out.exif {
        for text in [&exif.user_comment, &exif.description, &exif.comment].into_iter().flatten() {
            places.push((Form::Maybe, text));
        }
        // ComfyUI's WebP files keep `prompt:{…}` and `workflow:{…}` where the camera should be.
        for text in [&exif.model, &exif.make].into_iter().flatten() {
            places.extend(text.strip_prefix("prompt:").map(|json| (Form::PromptGraph, json)));
            places.extend(text.strip_prefix("workflow:").map(|json| (Form::Workflow, json)));
        }
    }
    places
        .extend(out.xmp.as_ref().and_then(|xmp| xmp.description.as_deref()).map(|text| (Form::Maybe, text)));
    let mut errors = Vec::new();
    let mut found = None;
    for (form, text) in places {
        let read = match form {
            Form::Maybe if !generation::looks_like_parameters(text) => Ok(None),
            Form::Parameters | Form::Maybe => generation::read_parameters(text),
            // Pictures from elsewhere have plain prompts under this name.
            Form::PromptGraph if !text.starts_with('{') => Ok(None),
            Form::PromptGraph => generation::read_prompt_graph(text),
            Form::Workflow => generation::read_workflow(text),
        };
        match read {
            Ok(Some(generation)) => {
                found = Some(generation);
                break;
            }
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    out.note(Part::Generation, &errors);
    if let Some(exif) = &mut out.exif {
        for camera in [&mut exif.make, &mut exif.model] {
            if camera
                .as_ref()
                .is_some_and(|text| text.starts_with("prompt:{") || text.starts_with("workflow:{"))
            {
                *camera = None;
            }
        }
    }
    found
}

/// Titles, descriptions and captions, but neither parameters nor JSON.
fn captions(out: &ImageMetadata) -> Vec<String> {
    let mut all: Vec<&str> = Vec::new();
    if let Some(xmp) = &out.xmp {
        all.extend([&xmp.title, &xmp.description].into_iter().flatten().map(String::as_str));
    }
    if let Some(iptc) = &out.iptc {
        all.extend(
            [&iptc.object_name, &iptc.headline, &iptc.caption].into_iter().flatten().map(String::as_str),
        );
    }
    if let Some(exif) = &out.exif {
        let texts = [&exif.title, &exif.description, &exif.comment, &exif.user_comment];
        all.extend(texts.into_iter().flatten().map(String::as_str));
    }
    // A JPEG's or GIF's comment names the program that wrote it: no caption.
    let png_captions =
        out.texts.iter().filter(|text| matches!(text.keyword.as_str(), "Title" | "Description" | "Comment"));
    all.extend(png_captions.map(|text| text.value.as_str()));
    let mut kept: Vec<String> = Vec::new();
    for text in all {
        let text = text.trim();
        let is_caption = !text.is_empty()
            && !text.starts_with(['{', '[', '<'])
            && !is_of_the_program(text)
            && !generation::looks_like_parameters(text);
        if is_caption && kept.len() < MAX_CAPTIONS && kept.iter().all(|known| known != text) {
            kept.push(text.to_owned());
        }
    }
    kept
}

/// What cameras and programs put where a caption belongs, on every picture: seen in the wallpapers of desktops.
fn is_of_the_program(text: &str) -> bool {
    let text = text.to_lowercase();
    matches!(text.as_str(), "x-default" | "binary comment")
        || text.ends_with("digital camera")
        || (text.starts_with("created with ") && text.lines().count() == 1)
}

/// Keeps each text once, up to [`MAX_KEPT_TEXT_BYTES`] together: programs write the same workflow into several chunks.
fn keep_texts(texts: &mut Vec<Text>) {
    let mut seen: HashSet<String> = HashSet::new();
    texts.retain(|text| seen.insert(text.value.clone()));
    let mut left = MAX_KEPT_TEXT_BYTES;
    for text in texts {
        match left.checked_sub(text.value.len()) {
            Some(rest) => left = rest,
            None => text.value = format!("({} bytes, not kept)", text.value.len()),
        }
    }
}

fn tags(out: &ImageMetadata) -> Vec<String> {
    let xmp = out.xmp.iter().flat_map(|xmp| &xmp.subjects);
    let iptc = out.iptc.iter().flat_map(|iptc| &iptc.keywords);
    let exif = out.exif.iter().flat_map(|exif| &exif.keywords);
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for tag in xmp.chain(iptc).chain(exif) {
        if kept.len() < MAX_TAGS && seen.insert(key_of(tag)) {
            kept.push(tag.clone());
        }
    }
    kept
}

/// Adds a comment of a JPEG or GIF to the texts.
fn push_comment(out: &mut Extracted<Blocks<'_>>, comment: &[u8]) {
    if comment.len() > MAX_COMMENT_BYTES {
        return out.note(Error::too_big("a comment", MAX_COMMENT_BYTES));
    }
    if out.value.texts.len() >= MAX_COMMENTS {
        let too_many = Error::TooMany { what: "comments", limit: MAX_COMMENTS };
        if !out.errors.contains(&too_many) {
            out.note(too_many);
        }
        return;
    }
    let value = charset::latin1_or_utf8(comment);
    if !value.is_empty() {
        out.value.texts.push(Text { keyword: "comment".to_owned(), value });
    }
}

#[cfg(test)]
mod tests;
