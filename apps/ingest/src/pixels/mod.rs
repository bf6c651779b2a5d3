//! Everything that needs an image's pixels: decoding under limits, facts, technical quality, the
//! perceptual hash, the thumbnail, and what the NSFW classifier looks at.
//!
//! All of it is synchronous, CPU-bound and pure over bytes (but [`store_thumbnail`], the classifier's
//! model and [`frames`], which runs ffmpeg): call it on the engine's CPU threads, never on the async
//! runtime. [`analyse`] does the whole of it in one pass over the decoded pixels.

mod decode;
mod facts;
pub mod frames;
pub mod install;
mod jpeg;
pub mod nsfw;
mod phash;
mod process;
mod quality;
mod thumbnail;
mod working;

use self::decode::{checked_header, guarded, image_pixels, png_error, png_reader};
use self::working::{Builder, Channels};

pub use self::decode::{DecodeError, Decoded, Limits, MAX_ALLOC, MAX_PIXELS, MAX_SIDE, decode, facts};
pub use self::facts::{ColourMode, Facts, Format};
pub use self::phash::{DEFAULT_DISTANCE, MAX_DISTANCE, distance, group_near};
pub use self::quality::Quality;
pub use self::thumbnail::{
    MAX_THUMBNAIL_SIDE, THUMBNAIL_QUALITY, ThumbnailError, encode as encode_thumbnail, store_thumbnail,
    thumbnail_path,
};
pub use self::working::{MAX_WORKING_SIDE, NEUTRAL_GREY, WorkingCopy};

/// What [`analyse`] may take and is to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// The limits of decoding.
    pub limits: Limits,
    /// Whether a thumbnail is made.
    pub thumbnail: Thumbnail,
}

/// Whether a thumbnail is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Thumbnail {
    /// One is encoded.
    #[default]
    Make,
    /// None: `Analysis::thumbnail` stays empty.
    Skip,
}

/// What the pixels of one image say.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// Header facts; width and height as shown, after orientation.
    pub facts: Facts,
    /// Technical quality, 0–100 each.
    pub quality: Quality,
    /// The perceptual hash; `None` for a picture without structure (one flat colour).
    pub phash: Option<u64>,
    /// The thumbnail's JPEG bytes; empty with [`Thumbnail::Skip`].
    pub thumbnail: Vec<u8>,
    /// The small upright copy that [`nsfw::Classifier::score`] takes.
    pub working: WorkingCopy,
}

/// Decodes `bytes` and derives everything from one small copy of the picture.
///
/// `orientation` is EXIF's (1–8; anything else counts as 1, upright). A PNG is taken row by row as it
/// is inflated and never stands in memory as a whole.
///
/// # Errors
/// Every [`DecodeError`]: the file is then a failed file with that reason, and nothing else is lost.
pub fn analyse(bytes: &[u8], orientation: u16, options: &Options) -> Result<Analysis, DecodeError> {
    guarded(|| {
        let header = checked_header(bytes, &options.limits)?;
        let mut facts = header.facts;
        let working = if facts.format == Format::Png && !header.interlaced {
            png_working(bytes, orientation, &options.limits)?
        } else {
            decoded_working(bytes, facts.format, orientation, &options.limits)?
        };
        if matches!(orientation, 5..=8) {
            std::mem::swap(&mut facts.width, &mut facts.height);
        }
        let quality = quality::measure(&working, facts.width, facts.height);
        let thumbnail = match options.thumbnail {
            Thumbnail::Make => thumbnail::encode(&working),
            Thumbnail::Skip => Vec::new(),
        };
        Ok(Analysis { facts, quality, phash: phash::hash(&working), thumbnail, working })
    })
}

/// A picture (at most 16,384 pixels a side) as JPEG at quality 1–95, without metadata.
pub(crate) fn encode_jpeg(picture: &image::RgbImage, quality: u8) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    jpeg::encode(picture.as_raw(), &working::luma_of(picture), width, height, quality)
}

/// A PNG, row by row.
fn png_working(bytes: &[u8], orientation: u16, limits: &Limits) -> Result<WorkingCopy, DecodeError> {
    let mut reader = png_reader(bytes, limits)?;
    let channels = match reader.output_color_type().0 {
        png::ColorType::Grayscale => Channels::Grey,
        png::ColorType::GrayscaleAlpha => Channels::GreyAlpha,
        png::ColorType::Rgba => Channels::Rgba,
        _ => Channels::Rgb,
    };
    let (width, height) = reader.info().size();
    let mut builder = Builder::new(width, height, channels);
    for _ in 0..height {
        match reader.next_row().map_err(|error| png_error(&error))? {
            Some(row) => builder.push_row(row.data()),
            None => return Err(DecodeError::Truncated { format: Format::Png, part: "image data" }),
        }
    }
    Ok(builder.finish(orientation))
}

/// Any other image, from its decoder's buffer.
fn decoded_working(
    bytes: &[u8],
    format: Format,
    orientation: u16,
    limits: &Limits,
) -> Result<WorkingCopy, DecodeError> {
    use image::DynamicImage::{ImageLuma8, ImageLumaA8, ImageRgb8, ImageRgba8};
    let pixels = image_pixels(bytes, format, limits)?;
    let (width, height) = (pixels.width(), pixels.height());
    let (channels, bytes_per_pixel, data) = match &pixels {
        ImageLuma8(image) => (Channels::Grey, 1, image.as_raw()),
        ImageLumaA8(image) => (Channels::GreyAlpha, 2, image.as_raw()),
        ImageRgb8(image) => (Channels::Rgb, 3, image.as_raw()),
        ImageRgba8(image) => (Channels::Rgba, 4, image.as_raw()),
        // Deeper channels: rare, and worth one conversion.
        other => {
            let narrow = image::DynamicImage::ImageRgba8(other.to_rgba8());
            return Ok(copy_rows(narrow.as_bytes(), width, height, Channels::Rgba, 4, orientation));
        }
    };
    Ok(copy_rows(data, width, height, channels, bytes_per_pixel, orientation))
}

fn copy_rows(
    data: &[u8],
    width: u32,
    height: u32,
    channels: Channels,
    bytes_per_pixel: usize,
    orientation: u16,
) -> WorkingCopy {
    let mut builder = Builder::new(width, height, channels);
    for row in data.chunks_exact((width as usize * bytes_per_pixel).max(1)) {
        builder.push_row(row);
    }
    builder.finish(orientation)
}

#[cfg(test)]
mod tests;
