//! Decoding under hard limits, with panics held in.
//!
//! The order matters: magic → header figures against [`Limits`] → structure (is the end there?) →
//! decoder. A header that claims 50,000×50,000 pixels is refused before anything is allocated, and
//! with the figures in the error, so that its user knows what to do.
//!
//! A decoder is other people's code on hostile bytes. Its panic is caught here and becomes
//! [`DecodeError::DecoderPanicked`]: one failed file. The process-wide panic hook is wrapped once by
//! one that stays silent only for threads that are inside [`guarded`]; every other panic is reported
//! as before.

use std::cell::{Cell, RefCell};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError};

use super::facts::{Facts, Format, Header, read_header};

#[cfg(panic = "abort")]
compile_error!("a panicking decoder must cost one file, not the process: build with panic = \"unwind\"");

/// Pixels of the largest image that is decoded: 100 megapixels.
pub const MAX_PIXELS: u64 = 100_000_000;
/// Pixels of the longest side that is decoded.
pub const MAX_SIDE: u32 = 30_000;
/// Bytes that decoding one image may take: 512 MiB.
pub const MAX_ALLOC: u64 = 512 * 1024 * 1024;

/// What decoding one image may take. Checked against the header, before allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Width × height, in pixels.
    pub max_pixels: u64,
    /// The longer side, in pixels.
    pub max_side: u32,
    /// Decoded pixels and what the decoder keeps beside them, in bytes.
    pub max_alloc: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_pixels: MAX_PIXELS, max_side: MAX_SIDE, max_alloc: MAX_ALLOC }
    }
}

/// Why an image could not be decoded. None of these is worth a retry on the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The file has no bytes.
    #[error("the file is empty (0 bytes)")]
    Empty,
    /// The first bytes are no known image format's.
    #[error("not a PNG, JPEG, WebP or GIF image: the file begins with {begins}")]
    UnknownFormat {
        /// The first bytes, printable or in hex.
        begins: String,
    },
    /// The header claims more than the limits allow.
    #[error(
        "{width}×{height} pixels are too large: {what} is {value}, the limit is {limit}; shrink the image or raise the limit"
    )]
    TooLarge {
        /// Claimed width in pixels.
        width: u32,
        /// Claimed height in pixels.
        height: u32,
        /// Which figure is over: `pixel count`, `longest side`, `memory to decode (bytes)`.
        what: &'static str,
        /// The figure.
        value: u64,
        /// The limit it breaks.
        limit: u64,
    },
    /// The file ends too early.
    #[error("the {} file is truncated: its {part} is missing", format.name())]
    Truncated {
        /// The format by magic.
        format: Format,
        /// What is missing.
        part: &'static str,
    },
    /// The bytes are not what the format demands.
    #[error("the {} file is corrupt: {reason}", format.name())]
    Corrupt {
        /// The format by magic.
        format: Format,
        /// The decoder's words.
        reason: String,
    },
    /// A valid file of a kind that the decoder does not know.
    #[error("this kind of {} is not supported: {reason}", format.name())]
    Unsupported {
        /// The format by magic.
        format: Format,
        /// The decoder's words.
        reason: String,
    },
    /// The decoder panicked; the panic was caught.
    #[error("the image decoder panicked on this file: {reason}")]
    DecoderPanicked {
        /// The panic's message and place.
        reason: String,
    },
}

impl DecodeError {
    /// A stable word for the kind of error, for events, tables and help pages.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_file",
            Self::UnknownFormat { .. } => "unknown_format",
            Self::TooLarge { .. } => "too_large",
            Self::Truncated { .. } => "truncated",
            Self::Corrupt { .. } => "corrupt",
            Self::Unsupported { .. } => "unsupported",
            Self::DecoderPanicked { .. } => "decoder_panicked",
        }
    }

    pub(super) fn unknown_format(bytes: &[u8]) -> Self {
        let head = &bytes[..bytes.len().min(12)];
        let begins = if head.iter().all(|b| b.is_ascii_graphic() || *b == b' ') {
            format!("“{}”", String::from_utf8_lossy(head))
        } else {
            head.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ")
        };
        Self::UnknownFormat { begins }
    }
}

/// A decoded image: its facts as stored (not turned) and its pixels.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// The header's facts, width and height as stored.
    pub facts: Facts,
    /// The pixels as stored, 8 bits a channel for PNG.
    pub pixels: DynamicImage,
}

impl Decoded {
    /// The pixels as they are to be shown, by the EXIF `orientation` (1–8; anything else: as stored).
    #[must_use]
    pub fn oriented(mut self, orientation: u16) -> DynamicImage {
        self.pixels.apply_orientation(orientation_of(orientation));
        self.pixels
    }
}

/// Decodes PNG, JPEG, WebP or GIF (first frame) by magic, under `limits`.
///
/// # Errors
/// Every [`DecodeError`]; a panicking decoder included.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, DecodeError> {
    guarded(|| {
        let header = checked_header(bytes, limits)?;
        let pixels = match header.facts.format {
            Format::Png => png_pixels(bytes, limits)?,
            format => image_pixels(bytes, format, limits)?,
        };
        Ok(Decoded { facts: header.facts, pixels })
    })
}

/// Reads the facts of `bytes` without decoding; the limits are not applied.
///
/// # Errors
/// [`DecodeError::Empty`], [`DecodeError::UnknownFormat`] or [`DecodeError::Truncated`] (header only).
pub fn facts(bytes: &[u8]) -> Result<Facts, DecodeError> {
    read_header(bytes).map(|header| header.facts)
}

/// The header of `bytes`, held against the limits first and for completeness second.
pub(super) fn checked_header(bytes: &[u8], limits: &Limits) -> Result<Header, DecodeError> {
    let header = read_header(bytes)?;
    let Facts { width, height, format, .. } = header.facts;
    let pixels = u64::from(width) * u64::from(height);
    let side = u64::from(width.max(height));
    let checks = [
        ("pixel count", pixels, limits.max_pixels),
        ("longest side", side, u64::from(limits.max_side)),
        ("memory to decode (bytes)", header.decoded_bytes, limits.max_alloc),
    ];
    for (what, value, limit) in checks {
        if value > limit {
            return Err(DecodeError::TooLarge { width, height, what, value, limit });
        }
    }
    if pixels == 0 {
        return Err(DecodeError::Corrupt { format, reason: format!("{width}×{height} pixels") });
    }
    if let Some(part) = header.truncated {
        return Err(DecodeError::Truncated { format, part });
    }
    Ok(header)
}

/// A PNG decoder that gives 8-bit rows and skips text and colour profiles, which are read elsewhere
/// under limits of their own.
pub(super) fn png_reader<'a>(
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<png::Reader<Cursor<&'a [u8]>>, DecodeError> {
    let budget = usize::try_from(limits.max_alloc).unwrap_or(usize::MAX);
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: budget });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    decoder.read_info().map_err(|error| png_error(&error))
}

pub(super) fn png_error(error: &png::DecodingError) -> DecodeError {
    let format = Format::Png;
    match error {
        png::DecodingError::IoError(_) => DecodeError::Truncated { format, part: "image data" },
        other => DecodeError::Corrupt { format, reason: other.to_string() },
    }
}

fn png_pixels(bytes: &[u8], limits: &Limits) -> Result<DynamicImage, DecodeError> {
    let mut reader = png_reader(bytes, limits)?;
    let (width, height) = reader.info().size();
    let corrupt = || DecodeError::Corrupt { format: Format::Png, reason: "impossible size".into() };
    let mut pixels = vec![0; reader.output_buffer_size().ok_or_else(corrupt)?];
    reader.next_frame(&mut pixels).map_err(|error| png_error(&error))?;
    let image = match reader.output_color_type().0 {
        png::ColorType::Grayscale => {
            image::GrayImage::from_raw(width, height, pixels).map(DynamicImage::from)
        }
        png::ColorType::GrayscaleAlpha => {
            image::GrayAlphaImage::from_raw(width, height, pixels).map(DynamicImage::from)
        }
        png::ColorType::Rgba => image::RgbaImage::from_raw(width, height, pixels).map(DynamicImage::from),
        _ => image::RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
    };
    image.ok_or_else(corrupt)
}

/// JPEG, WebP and GIF through the `image` crate.
pub(super) fn image_pixels(
    bytes: &[u8],
    format: Format,
    limits: &Limits,
) -> Result<DynamicImage, DecodeError> {
    fn run(mut decoder: impl ImageDecoder, limits: &Limits) -> Result<DynamicImage, ImageError> {
        let mut bounds = image::Limits::no_limits();
        bounds.max_alloc = Some(limits.max_alloc);
        decoder.set_limits(bounds)?;
        DynamicImage::from_decoder(decoder)
    }
    let data = Cursor::new(bytes);
    match format {
        Format::Jpeg => image::codecs::jpeg::JpegDecoder::new(data).and_then(|d| run(d, limits)),
        Format::WebP => image::codecs::webp::WebPDecoder::new(data).and_then(|d| run(d, limits)),
        Format::Gif => image::codecs::gif::GifDecoder::new(data).and_then(|d| run(d, limits)),
        Format::Png => image::codecs::png::PngDecoder::new(data).and_then(|d| run(d, limits)),
    }
    .map_err(|error| image_error(format, &error))
}

fn image_error(format: Format, error: &ImageError) -> DecodeError {
    match error {
        ImageError::IoError(_) => DecodeError::Truncated { format, part: "image data" },
        ImageError::Unsupported(why) => DecodeError::Unsupported { format, reason: why.to_string() },
        other => DecodeError::Corrupt { format, reason: other.to_string() },
    }
}

/// The turn that an EXIF orientation asks for; out of range means none.
pub(super) fn orientation_of(exif: u16) -> Orientation {
    u8::try_from(exif).ok().and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `work`; its panic becomes [`DecodeError::DecoderPanicked`] and prints nothing.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, DecodeError>) -> Result<T, DecodeError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if GUARDED.get() {
                let place = panic.location().map(ToString::to_string).unwrap_or_default();
                let text = panic.payload_as_str().unwrap_or("no message");
                LAST_PANIC.set(Some(format!("{text} ({place})")));
            } else {
                others(panic);
            }
        }));
    });
    let outer = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    result.unwrap_or_else(|_| {
        let reason = LAST_PANIC.take().unwrap_or_else(|| "no message".to_owned());
        Err(DecodeError::DecoderPanicked { reason })
    })
}
