//! What an image file says about itself, read from its headers alone.
//!
//! Nothing here allocates by what a header claims: the figures are read first, held against
//! [`super::Limits`], and only then may a decoder start. The walk over a file's chunks also tells a
//! truncated file from a corrupt one, which decoders often cannot (a lenient JPEG decoder paints the
//! missing part grey and reports success).

use serde::{Deserialize, Serialize};

use super::decode::DecodeError;

/// The image formats that can be decoded, told by their first bytes and never by a file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Portable Network Graphics, APNG included.
    Png,
    /// JPEG (JFIF, EXIF or bare), baseline or progressive.
    Jpeg,
    /// WebP: lossy, lossless or extended.
    #[serde(rename = "webp")]
    WebP,
    /// GIF 87a or 89a; the first frame is the picture.
    Gif,
}

impl Format {
    /// The format of `bytes` by their magic, or `None` where they are none of ours.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(Self::WebP)
        } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
            Some(Self::Gif)
        } else {
            None
        }
    }

    /// The format's name as shown to people and stored: `png`, `jpeg`, `webp`, `gif`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::WebP => "webp",
            Self::Gif => "gif",
        }
    }
}

/// How a file stores its colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColourMode {
    /// One channel.
    Grey,
    /// One channel and alpha.
    GreyAlpha,
    /// Three channels.
    Rgb,
    /// Three channels and alpha.
    Rgba,
    /// A palette.
    Indexed,
    /// Four printing inks (JPEG only).
    Cmyk,
}

/// What is known of an image without decoding it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The format by magic.
    pub format: Format,
    /// Width in pixels; as shown, after orientation, where it comes from [`super::analyse`].
    pub width: u32,
    /// Height in pixels; like `width`.
    pub height: u32,
    /// How colours are stored.
    pub colour: ColourMode,
    /// Whether pixels can be transparent.
    pub alpha: bool,
    /// Bits per channel (per index for palettes).
    pub bit_depth: u8,
    /// Whether the file holds more than one frame.
    pub animated: bool,
    /// The number of frames (1 for a still image).
    pub frames: u32,
}

/// A file's headers: its facts and what decoding would take.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) facts: Facts,
    /// PNG: rows do not come in order.
    pub(super) interlaced: bool,
    /// Bytes that a decoder needs for the pixels it returns and for what it keeps meanwhile.
    pub(super) decoded_bytes: u64,
    /// Where the file breaks off, if it does.
    pub(super) truncated: Option<&'static str>,
}

/// Reads the headers of `bytes`. Reads, never allocates.
pub(super) fn read_header(bytes: &[u8]) -> Result<Header, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    let format = Format::sniff(bytes).ok_or_else(|| DecodeError::unknown_format(bytes))?;
    let missing = || DecodeError::Truncated { format, part: "header" };
    match format {
        Format::Png => png(bytes).ok_or_else(missing),
        Format::Jpeg => jpeg(bytes).ok_or_else(missing),
        Format::WebP => webp(bytes).ok_or_else(missing),
        Format::Gif => gif(bytes).ok_or_else(missing),
    }
}

fn be16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn le16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn area(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}

fn png(bytes: &[u8]) -> Option<Header> {
    if bytes.get(12..16)? != b"IHDR" {
        return None;
    }
    let (width, height) = (be32(bytes, 16)?, be32(bytes, 20)?);
    let (bit_depth, kind, interlace) = (*bytes.get(24)?, *bytes.get(25)?, *bytes.get(28)?);
    let (mut frames, mut transparency, mut truncated, mut at) = (1, false, None, 8_usize);
    loop {
        let Some(length) = be32(bytes, at) else {
            truncated = Some("image data");
            break;
        };
        let name = bytes.get(at + 4..at + 8);
        match name {
            Some(b"acTL") => frames = be32(bytes, at + 8).unwrap_or(1).max(1),
            Some(b"tRNS") => transparency = true,
            // With its length and checksum the end takes 12 bytes.
            Some(b"IEND") if at + 12 <= bytes.len() => break,
            Some(_) => {}
            None => {
                truncated = Some("image data");
                break;
            }
        }
        at = at.saturating_add(12).saturating_add(length as usize);
    }
    let (colour, channels) = match kind {
        0 => (ColourMode::Grey, 1),
        2 => (ColourMode::Rgb, 3),
        3 => (ColourMode::Indexed, 3),
        4 => (ColourMode::GreyAlpha, 2),
        _ => (ColourMode::Rgba, 4),
    };
    let alpha = transparency || matches!(kind, 4 | 6);
    // The decoder widens everything to 8 bits and adds alpha where tRNS is; 16-bit rows stay small.
    let out = channels + u64::from(transparency && channels % 2 == 1);
    Some(Header {
        facts: Facts {
            format: Format::Png,
            width,
            height,
            colour,
            alpha,
            bit_depth,
            animated: frames > 1,
            frames,
        },
        interlaced: interlace != 0,
        decoded_bytes: area(width, height) * out,
        truncated,
    })
}

fn jpeg(bytes: &[u8]) -> Option<Header> {
    let mut at = 2_usize;
    let mut frame = None;
    loop {
        // Stray bytes between segments and fill bytes before a marker are stepped over.
        at += memchr::memchr(0xFF, bytes.get(at..)?)?;
        while bytes.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        let marker = *bytes.get(at + 1)?;
        if marker == 0x01 || (0xD0..=0xD7).contains(&marker) {
            at += 2;
            continue;
        }
        let length = be16(bytes, at + 2)? as usize;
        match marker {
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                let progressive = matches!(marker & 3, 2);
                frame = Some((
                    *bytes.get(at + 4)?,
                    be16(bytes, at + 5)?,
                    be16(bytes, at + 7)?,
                    *bytes.get(at + 9)?,
                    progressive,
                ));
            }
            0xDA => break,
            0xD9 => return None,
            _ => {}
        }
        at += 2 + length.max(2);
    }
    let (bit_depth, height, width, components, progressive) = frame?;
    // A lenient decoder paints what is missing grey: a picture without its end marker is cut off.
    let end = memchr::memmem::rfind(bytes.get(at..)?, &[0xFF, 0xD9]);
    let (colour, channels) = match components {
        1 => (ColourMode::Grey, 1),
        4 => (ColourMode::Cmyk, 3),
        _ => (ColourMode::Rgb, 3),
    };
    // A progressive file keeps every coefficient as i16 until its last scan.
    let kept = if progressive { u64::from(components) * 2 } else { 0 };
    Some(Header {
        facts: Facts {
            format: Format::Jpeg,
            width,
            height,
            colour,
            alpha: false,
            bit_depth,
            animated: false,
            frames: 1,
        },
        interlaced: progressive,
        decoded_bytes: area(width, height) * (channels + kept),
        truncated: end.is_none().then_some("end of image"),
    })
}

fn webp(bytes: &[u8]) -> Option<Header> {
    let riff = le32(bytes, 4)? as usize;
    let mut truncated = (riff.saturating_add(8) > bytes.len()).then_some("image data");
    let (mut width, mut height, mut alpha, mut frames) = (0, 0, false, 0_u32);
    let mut at = 12_usize;
    while at + 8 <= bytes.len() {
        let length = le32(bytes, at + 4)? as usize;
        let body = at + 8;
        match &bytes[at..at + 4] {
            b"VP8X" => {
                alpha |= bytes.get(body)? & 0x10 != 0;
                width = (le32(bytes, body + 4)? & 0xFF_FFFF) + 1;
                height = (le32(bytes, body + 6)? >> 8) + 1;
            }
            b"VP8 " if width == 0 => {
                width = le16(bytes, body + 6)? & 0x3FFF;
                height = le16(bytes, body + 8)? & 0x3FFF;
            }
            b"VP8L" => {
                let packed = le32(bytes, body + 1)?;
                alpha |= packed & (1 << 28) != 0;
                if width == 0 {
                    width = (packed & 0x3FFF) + 1;
                    height = ((packed >> 14) & 0x3FFF) + 1;
                }
            }
            b"ALPH" => alpha = true,
            b"ANMF" => frames += 1,
            _ => {}
        }
        let next = body.saturating_add(length).saturating_add(length & 1);
        if body.saturating_add(length) > bytes.len() {
            truncated = Some("image data");
        }
        at = next;
    }
    let colour = if alpha { ColourMode::Rgba } else { ColourMode::Rgb };
    Some(Header {
        facts: Facts {
            format: Format::WebP,
            width,
            height,
            colour,
            alpha,
            bit_depth: 8,
            animated: frames > 1,
            frames: frames.max(1),
        },
        interlaced: false,
        // Lossless decodes through RGBA, lossy through three planes beside the result.
        decoded_bytes: area(width, height) * 8,
        truncated,
    })
}

fn gif(bytes: &[u8]) -> Option<Header> {
    let (width, height) = (le16(bytes, 6)?, le16(bytes, 8)?);
    let flags = *bytes.get(10)?;
    let bit_depth = (flags & 7) + 1;
    let table = |flags: u8| if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0_usize };
    let mut at = 13 + table(flags);
    let (mut frames, mut alpha) = (0_u32, false);
    let mut truncated = Some("image data");
    while let Some(&block) = bytes.get(at) {
        at = match block {
            0x21 => {
                if bytes.get(at + 1) == Some(&0xF9) {
                    alpha |= bytes.get(at + 3).is_some_and(|packed| packed & 1 != 0);
                }
                sub_blocks(bytes, at + 2)
            }
            0x2C => {
                frames = frames.saturating_add(1);
                let local = table(bytes.get(at + 9).copied().unwrap_or(0));
                sub_blocks(bytes, at + 11 + local)
            }
            0x3B => {
                truncated = None;
                break;
            }
            // Padding between blocks; anything else is the decoder's to judge.
            0x00 => Some(at + 1),
            _ => {
                truncated = None;
                break;
            }
        }
        .unwrap_or(usize::MAX);
    }
    Some(Header {
        facts: Facts {
            format: Format::Gif,
            width,
            height,
            colour: ColourMode::Indexed,
            alpha,
            bit_depth,
            animated: frames > 1,
            frames: frames.max(1),
        },
        interlaced: false,
        decoded_bytes: area(width, height) * 8,
        truncated,
    })
}

/// The position after a chain of length-prefixed blocks starting at `at`.
fn sub_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}
