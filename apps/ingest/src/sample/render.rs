//! From planned content to a file's bytes.

use image::codecs::gif::{GifEncoder, Repeat};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::{Delay, DynamicImage, Frame, ImageError, Rgb, RgbImage, RgbaImage};

use super::encode::container::{jpeg_with, webp_with};
use super::encode::exif::Exif;
use super::encode::iptc::Iptc;
use super::encode::text::{TextForm, chunk, insert_chunks, text_chunk};
use super::encode::xmp::Xmp;
use crate::pixels::encode_jpeg;

use super::plan::{Carried, Content, Edit, Form, Pixels, Place};
use super::random::mixed;

/// The bytes of an image (videos are ffmpeg's work).
pub(super) fn bytes(content: &Content) -> Result<Vec<u8>, ImageError> {
    let picture = picture(content, content.seed);
    match content.form {
        Form::Png(pixels) => Ok(insert_chunks(&png(&picture, pixels)?, &chunks(&content.carried))),
        Form::Jpeg(quality) => {
            let carried = &content.carried;
            let exif = carried.exif.as_ref().map(Exif::encode).unwrap_or_default();
            let xmp = carried.xmp.as_ref().map(Xmp::encode).unwrap_or_default();
            let iptc = carried.iptc.as_ref().map(Iptc::encode).unwrap_or_default();
            let plain = encode_jpeg(&picture, quality);
            Ok(jpeg_with(&plain, &exif, &xmp, &iptc))
        }
        Form::WebP => {
            let mut plain = Vec::new();
            picture.write_with_encoder(WebPEncoder::new_lossless(&mut plain))?;
            let exif = content.carried.exif.as_ref().map(Exif::encode).unwrap_or_default();
            if exif.is_empty() { Ok(plain) } else { Ok(webp_with(&plain, picture.dimensions(), &exif, "")) }
        }
        Form::Gif(frames) => gif(content, frames),
        Form::Video(_) => Ok(Vec::new()),
    }
}

/// The edited picture of a scene.
fn picture(content: &Content, seed: u64) -> RgbImage {
    let mut picture = content.scene.paint(seed, content.width, content.height);
    match content.edit {
        Edit::None => {}
        Edit::Brightened(levels) => {
            for value in picture.iter_mut() {
                *value = (i32::from(*value) + levels).clamp(0, 255) as u8;
            }
        }
        Edit::Grain(levels) => grain(&mut picture, seed, levels),
    }
    picture
}

/// Adds the same small noise to the three channels of each pixel.
fn grain(picture: &mut RgbImage, seed: u64, levels: u32) {
    let span = u64::from(levels * 2 + 1);
    for (number, pixels) in picture.chunks_mut(12).enumerate() {
        let mut noise = mixed(seed ^ number as u64);
        for pixel in pixels.chunks_mut(3) {
            let add = (noise & 0xFFFF) * span / 65_536;
            noise >>= 16;
            for value in pixel {
                *value = (i32::from(*value) + add as i32 - levels as i32).clamp(0, 255) as u8;
            }
        }
    }
}

/// Pixels as a PNG, compressed for speed.
pub(super) fn png(picture: &RgbImage, pixels: Pixels) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
    match pixels {
        Pixels::Rgb => picture.write_with_encoder(encoder)?,
        Pixels::Rgba => vignette(picture).write_with_encoder(encoder)?,
        Pixels::Grey => {
            DynamicImage::ImageRgb8(picture.clone()).to_luma8().write_with_encoder(encoder)?;
        }
        Pixels::Deep => {
            DynamicImage::ImageRgb8(picture.clone()).to_rgb16().write_with_encoder(encoder)?;
        }
    }
    Ok(bytes)
}

/// The picture cut out by an ellipse with a soft edge.
fn vignette(picture: &RgbImage) -> RgbaImage {
    let (width, height) = picture.dimensions();
    RgbaImage::from_fn(width, height, |x, y| {
        let (dx, dy) = (x as f32 / width as f32 - 0.5, y as f32 / height as f32 - 0.5);
        let alpha = ((0.5 - (dx * dx + dy * dy).sqrt()) * 12.0).clamp(0.0, 1.0);
        let Rgb([r, g, b]) = *picture.get_pixel(x, y);
        image::Rgba([r, g, b, (alpha * 255.0) as u8])
    })
}

fn chunks(carried: &Carried) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    match &carried.generation {
        Some((Place::Parameters(form), generation)) => {
            chunks.push(text_chunk(*form, "parameters", &generation.parameters()));
        }
        Some((Place::Comfy, generation)) => {
            let prompt = generation.comfy_prompt().to_string();
            let workflow = generation.comfy_workflow().to_string();
            chunks.push(text_chunk(TextForm::Latin, "prompt", &prompt));
            chunks.push(text_chunk(TextForm::Latin, "workflow", &workflow));
        }
        Some((Place::UserComment, _)) | None => {}
    }
    if let Some(xmp) = &carried.xmp {
        chunks.push(text_chunk(TextForm::Unicode, "XML:com.adobe.xmp", &xmp.encode()));
    }
    if let Some(exif) = &carried.exif {
        chunks.push(chunk(b"eXIf", &exif.encode()));
    }
    chunks
}

/// A GIF of `frames` brightening frames, in a fixed palette with ordered dithering: no search for
/// colours, and the same bytes everywhere.
fn gif(content: &Content, frames: u32) -> Result<Vec<u8>, ImageError> {
    let base = picture(content, content.seed);
    let mut bytes = Vec::new();
    {
        let mut encoder = GifEncoder::new_with_speed(&mut bytes, 30);
        if frames > 1 {
            encoder.set_repeat(Repeat::Infinite)?;
        }
        for number in 0..frames {
            let light = 256 - 14 * number as i32;
            let frame = RgbaImage::from_fn(base.width(), base.height(), |x, y| {
                let Rgb(colour) = *base.get_pixel(x, y);
                let [r, g, b] = colour.map(|c| dithered(i32::from(c) * light / 256, x, y));
                image::Rgba([r, g, b, 255])
            });
            let delay = Delay::from_numer_denom_ms(120, 1);
            encoder.encode_frame(Frame::from_parts(frame, 0, 0, delay))?;
        }
    }
    Ok(bytes)
}

/// One of six levels, by a 4×4 threshold map.
fn dithered(value: i32, x: u32, y: u32) -> u8 {
    const MAP: [[i32; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
    let threshold = MAP[(y % 4) as usize][(x % 4) as usize] * 51 / 16;
    ((value + threshold) / 51 * 51).clamp(0, 255) as u8
}
