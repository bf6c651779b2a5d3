//! EXIF: what the camera says about the picture, and where it was taken, which is kept apart.

use std::collections::{BTreeSet, VecDeque};

use exif::{Context, Field, In, Reader, Tag, Value};
use serde::{Deserialize, Serialize};

use super::{
    Error, Extracted,
    charset::{self, ByteOrder},
    moment::Moment,
};

/// Largest EXIF block read, in bytes. JPEG allows 64 KiB; PNG and WebP have no limit of their own.
pub const MAX_EXIF_BYTES: usize = 1 << 20;
/// Most directory entries in all directories together. Cameras write about a hundred; overlapping directories could
/// name millions in 64 KiB.
pub const MAX_EXIF_ENTRIES: usize = 4096;
/// Longest text kept from one field, in bytes.
pub const MAX_EXIF_TEXT_BYTES: usize = 256 << 10;
/// Most bytes of all texts together; directories may name the same bytes again and again.
const MAX_ALL_TEXT_BYTES: usize = 8 << 20;
/// Most NULs in all texts together; each makes a text of its own in the parser.
const MAX_NULS: usize = 16 << 10;
/// Most keywords read from `XPKeywords`.
pub const MAX_EXIF_KEYWORDS: usize = 256;

/// What an EXIF block says, without the place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExifInfo {
    /// Maker of the camera.
    pub make: Option<String>,
    /// Model of the camera.
    pub model: Option<String>,
    /// Model of the lens.
    pub lens: Option<String>,
    /// Program that wrote the file.
    pub software: Option<String>,
    /// Exposure time in seconds.
    pub exposure_s: Option<f64>,
    /// Exposure time as photographers say it, such as `1/250`, in seconds.
    pub exposure: Option<String>,
    /// Aperture as an f-number.
    pub f_number: Option<f64>,
    /// Sensitivity (ISO).
    pub iso: Option<u32>,
    /// Focal length in millimetres.
    pub focal_length_mm: Option<f64>,
    /// How the picture must be turned to stand upright: 1 (as it is) to 8, as EXIF numbers it.
    pub orientation: Option<u8>,
    /// When the picture was taken; failing that, digitised; failing that, last changed.
    pub taken_at: Option<Moment>,
    /// `ImageDescription`.
    pub description: Option<String>,
    /// `UserComment`, whatever its encoding was.
    pub user_comment: Option<String>,
    /// Windows' title.
    pub title: Option<String>,
    /// Windows' comment.
    pub comment: Option<String>,
    /// Windows' keywords.
    pub keywords: Vec<String>,
    /// Stars, 0 to 5.
    pub rating: Option<i8>,
    /// Where the picture was taken. **Private:** never serialised with the rest, and shown by `Debug` only as being
    /// there. Who is asked for it serialises this field itself.
    #[serde(skip)]
    pub private_gps: Option<Gps>,
}

/// Where a picture was taken. Private to the library's owner.
#[derive(Clone, Copy, PartialEq, Serialize)]
pub struct Gps {
    /// Degrees north of the equator, −90 to 90.
    pub latitude_deg: f64,
    /// Degrees east of Greenwich, −180 to 180.
    pub longitude_deg: f64,
    /// Metres above the sea.
    pub altitude_m: Option<f64>,
}

impl std::fmt::Debug for Gps {
    /// Logs are read by more people than the picture's owner.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gps(private)")
    }
}

/// Reads a TIFF structure as it stands in an EXIF block, without the `Exif\0\0` before it.
///
/// Total: fields that cannot be read are errors, the others are there.
#[must_use]
pub fn read(tiff: &[u8]) -> Extracted<ExifInfo> {
    let mut out = Extracted::default();
    if tiff.len() > MAX_EXIF_BYTES {
        out.note(Error::too_big("the EXIF block", MAX_EXIF_BYTES));
        return out;
    }
    if let Err(error) = check_directories(tiff) {
        out.note(error);
        return out;
    }
    let mut broken = Vec::new();
    let parsed = Reader::new()
        .continue_on_error(true)
        .read_raw(tiff.to_vec())
        .or_else(|error| error.distill_partial_result(|errors| broken = errors));
    for error in broken.iter().filter(|error| !is_harmless(error)) {
        out.note(foreign(error));
    }
    match parsed {
        Ok(exif) => {
            let fields = Fields { exif: &exif };
            out.value = fields.info();
            match fields.number(RATING) {
                None => {}
                Some(stars @ 0..=5) => out.value.rating = Some(stars as i8),
                Some(stars) => out.note(Error::OutOfRange {
                    field: "the EXIF rating",
                    value: stars.to_string(),
                    allowed: "0 to 5",
                }),
            }
        }
        Err(error) => out.note(foreign(&error)),
    }
    out
}

/// Errors after which nothing is left unread: piexif, which AUTOMATIC1111 and others write with, leaves out the pointer
/// behind a directory, so that whatever follows is taken for it.
fn is_harmless(error: &exif::Error) -> bool {
    matches!(error, exif::Error::InvalidFormat("Unexpected next IFD" | "Truncated next IFD offset"))
}

fn foreign(error: &exif::Error) -> Error {
    match error {
        exif::Error::InvalidFormat("Already visited IFD detected") => {
            Error::Loop { what: "an EXIF directory" }
        }
        exif::Error::InvalidFormat(reason) => Error::malformed("the EXIF block", *reason),
        other => Error::malformed("the EXIF block", other.to_string()),
    }
}

/// Walks the directories as the parser will, and weighs them before it makes room for them.
///
/// The parser guards against loops, but directories may overlap: 5,000 pointers to 5,000 places of one 64 KiB block make
/// 12 million entries. And it cuts texts at NULs, so that a text of NULs takes 24 times its size.
fn check_directories(tiff: &[u8]) -> Result<(), Error> {
    let data =
        Tiff { bytes: tiff, order: if tiff.starts_with(b"II") { ByteOrder::Little } else { ByteOrder::Big } };
    // Directories yet to visit, and whether they stand in the main chain, where one leads to the next.
    let mut queue: VecDeque<(usize, Chain)> =
        data.u32_at(4).map(|at| (at as usize, Chain::Main)).into_iter().collect();
    let mut seen = BTreeSet::new();
    let (mut entries, mut text_bytes, mut nuls) = (0, 0, 0);
    while let Some((directory, chain)) = queue.pop_front() {
        if directory == 0 || !seen.insert(directory) {
            continue;
        }
        let Some(count) = data.u16_at(directory) else { continue };
        for index in 0..usize::from(count) {
            let Some(entry) = data.entry(directory + 2 + index * 12) else { break };
            entries += 1;
            if entries > MAX_EXIF_ENTRIES {
                return Err(Error::TooMany { what: "EXIF entries", limit: MAX_EXIF_ENTRIES });
            }
            if entry.kind == KIND_ASCII {
                let text = entry
                    .at
                    .checked_add(entry.bytes)
                    .and_then(|end| tiff.get(entry.at..end))
                    .unwrap_or_default();
                text_bytes += text.len();
                if text_bytes > MAX_ALL_TEXT_BYTES {
                    return Err(Error::too_big("the sum of all EXIF texts", MAX_ALL_TEXT_BYTES));
                }
                nuls += memchr::memchr_iter(0, text).count();
                if nuls > MAX_NULS {
                    return Err(Error::TooMany { what: "NULs in EXIF texts", limit: MAX_NULS });
                }
            }
            if matches!(entry.tag, 0x8769 | 0x8825 | 0xA005) {
                queue.extend(data.pointer(&entry).map(|at| (at, Chain::Child)));
            }
        }
        if chain == Chain::Main {
            let next = data.u32_at(directory + 2 + usize::from(count) * 12);
            queue.extend(next.map(|at| (at as usize, Chain::Main)));
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chain {
    Main,
    Child,
}

/// TIFF's type of NUL-terminated text.
const KIND_ASCII: u16 = 2;

/// A directory entry, as far as weighing needs it.
struct Entry {
    tag: u16,
    kind: u16,
    /// Length of the value in bytes; 0 for unknown types.
    bytes: usize,
    /// Where the value stands.
    at: usize,
}

struct Tiff<'a> {
    bytes: &'a [u8],
    order: ByteOrder,
}

impl Tiff<'_> {
    fn u16_at(&self, at: usize) -> Option<u16> {
        let pair = *self.bytes.get(at..)?.first_chunk::<2>()?;
        Some(match self.order {
            ByteOrder::Little => u16::from_le_bytes(pair),
            ByteOrder::Big => u16::from_be_bytes(pair),
        })
    }

    fn u32_at(&self, at: usize) -> Option<u32> {
        let quad = *self.bytes.get(at..)?.first_chunk::<4>()?;
        Some(match self.order {
            ByteOrder::Little => u32::from_le_bytes(quad),
            ByteOrder::Big => u32::from_be_bytes(quad),
        })
    }

    fn entry(&self, at: usize) -> Option<Entry> {
        let (tag, kind, count) = (self.u16_at(at)?, self.u16_at(at + 2)?, self.u32_at(at + 4)?);
        let far = self.u32_at(at + 8)? as usize;
        let unit = match kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 => 4,
            5 | 10 | 12 => 8,
            _ => 0,
        };
        // A value of up to four bytes stands in the entry itself.
        let bytes = (count as usize).saturating_mul(unit);
        Some(Entry { tag, kind, bytes, at: if bytes <= 4 { at + 8 } else { far } })
    }

    /// Where a pointer entry points. The parser takes unsigned values of every width, so this does.
    fn pointer(&self, entry: &Entry) -> Option<usize> {
        match entry.kind {
            1 => self.bytes.get(entry.at).map(|&byte| usize::from(byte)),
            3 => self.u16_at(entry.at).map(usize::from),
            4 => self.u32_at(entry.at).map(|at| at as usize),
            _ => None,
        }
    }
}

const RATING: Tag = Tag(Context::Tiff, 0x4746);
const XP_TITLE: Tag = Tag(Context::Tiff, 0x9C9B);
const XP_COMMENT: Tag = Tag(Context::Tiff, 0x9C9C);
const XP_KEYWORDS: Tag = Tag(Context::Tiff, 0x9C9E);

/// The primary image's fields, by the kinds of value wanted.
struct Fields<'a> {
    exif: &'a exif::Exif,
}

impl Fields<'_> {
    fn info(&self) -> ExifInfo {
        let exposure = self.rational(Tag::ExposureTime).filter(|seconds| *seconds > 0.0);
        ExifInfo {
            make: self.text(Tag::Make),
            model: self.text(Tag::Model),
            lens: self.text(Tag::LensModel),
            software: self.text(Tag::Software),
            exposure_s: exposure,
            exposure: exposure.map(show_exposure),
            f_number: self.rational(Tag::FNumber).filter(|f| *f > 0.0),
            iso: self.number(Tag::PhotographicSensitivity).filter(|iso| *iso > 0),
            focal_length_mm: self.rational(Tag::FocalLength).filter(|mm| *mm > 0.0),
            orientation: self.number(Tag::Orientation).filter(|o| (1..=8).contains(o)).map(|o| o as u8),
            taken_at: self.taken_at(),
            description: self.text(Tag::ImageDescription),
            user_comment: self.user_comment(),
            title: self.windows_text(XP_TITLE),
            comment: self.windows_text(XP_COMMENT),
            keywords: self.windows_text(XP_KEYWORDS).map(|text| split_keywords(&text)).unwrap_or_default(),
            rating: None,
            private_gps: self.gps(),
        }
    }

    fn field(&self, tag: Tag) -> Option<&Field> {
        self.exif.get_field(tag, In::PRIMARY)
    }

    fn number(&self, tag: Tag) -> Option<u32> {
        self.field(tag)?.value.get_uint(0)
    }

    fn rational(&self, tag: Tag) -> Option<f64> {
        rationals(&self.field(tag)?.value).next().flatten()
    }

    fn bytes(&self, tag: Tag) -> Option<Vec<u8>> {
        let bytes = match &self.field(tag)?.value {
            Value::Byte(bytes) | Value::Undefined(bytes, _) => bytes.clone(),
            // Some tools write a comment as ASCII; the parser cuts it at NULs, which the code before it needs.
            Value::Ascii(parts) => parts.join(&0),
            _ => return None,
        };
        (bytes.len() <= MAX_EXIF_TEXT_BYTES).then_some(bytes)
    }

    fn text(&self, tag: Tag) -> Option<String> {
        non_empty(charset::latin1_or_utf8(&self.bytes(tag)?))
    }

    /// Windows' own fields: bytes of little-endian UTF-16, whatever the file's order is.
    fn windows_text(&self, tag: Tag) -> Option<String> {
        non_empty(charset::utf16(&self.bytes(tag)?, ByteOrder::Little))
    }

    /// Eight bytes of encoding name, then the text.
    fn user_comment(&self) -> Option<String> {
        let bytes = self.bytes(Tag::UserComment)?;
        let Some((code, text)) = bytes.split_first_chunk::<8>() else {
            return non_empty(charset::latin1_or_utf8(&bytes));
        };
        non_empty(match code {
            b"UNICODE\0" => {
                let order = if self.exif.little_endian() { ByteOrder::Little } else { ByteOrder::Big };
                charset::utf16(text, charset::guess_utf16_order(text, order))
            }
            b"ASCII\0\0\0" | b"\0\0\0\0\0\0\0\0" => charset::latin1_or_utf8(text),
            // JIS is decoded by nobody who writes prompts.
            b"JIS\0\0\0\0\0" => return None,
            _ => charset::latin1_or_utf8(&bytes),
        })
    }

    fn taken_at(&self) -> Option<Moment> {
        [
            (Tag::DateTimeOriginal, Tag::SubSecTimeOriginal, Tag::OffsetTimeOriginal),
            (Tag::DateTimeDigitized, Tag::SubSecTimeDigitized, Tag::OffsetTimeDigitized),
            (Tag::DateTime, Tag::SubSecTime, Tag::OffsetTime),
        ]
        .into_iter()
        .find_map(|(date, subsec, offset)| {
            let (subsec, offset) =
                (self.text(subsec), self.text(offset).or_else(|| self.text(Tag::OffsetTime)));
            Moment::from_exif(&self.text(date)?, subsec.as_deref(), offset.as_deref())
        })
    }

    fn gps(&self) -> Option<Gps> {
        let latitude = self.degrees(Tag::GPSLatitude, Tag::GPSLatitudeRef, "S")?;
        let longitude = self.degrees(Tag::GPSLongitude, Tag::GPSLongitudeRef, "W")?;
        if latitude.abs() > 90.0 || longitude.abs() > 180.0 {
            return None;
        }
        let below_sea = self.number(Tag::GPSAltitudeRef) == Some(1);
        let altitude_m =
            self.rational(Tag::GPSAltitude).map(|metres| if below_sea { -metres } else { metres });
        Some(Gps { latitude_deg: latitude, longitude_deg: longitude, altitude_m })
    }

    /// Degrees, minutes and seconds as one number, negative in the half that `negative` names.
    fn degrees(&self, tag: Tag, half: Tag, negative: &str) -> Option<f64> {
        let mut parts = rationals(&self.field(tag)?.value);
        let degrees = parts.next()??;
        let minutes = parts.next().flatten().unwrap_or(0.0);
        let seconds = parts.next().flatten().unwrap_or(0.0);
        let value = degrees + minutes / 60.0 + seconds / 3600.0;
        let is_negative = self.text(half).is_some_and(|half| half.eq_ignore_ascii_case(negative));
        Some(if is_negative { -value } else { value })
    }
}

/// The values as finite numbers; `None` where the denominator is 0.
fn rationals(value: &Value) -> impl Iterator<Item = Option<f64>> {
    let (unsigned, signed) = match value {
        Value::Rational(values) => (values.as_slice(), &[][..]),
        Value::SRational(values) => (&[][..], values.as_slice()),
        _ => (&[][..], &[][..]),
    };
    let unsigned = unsigned.iter().map(exif::Rational::to_f64);
    unsigned
        .chain(signed.iter().map(exif::SRational::to_f64))
        .map(|number| Some(number).filter(|n| n.is_finite()))
}

fn show_exposure(seconds: f64) -> String {
    if seconds >= 0.3 { format!("{seconds}") } else { format!("1/{}", (1.0 / seconds).round()) }
}

fn split_keywords(text: &str) -> Vec<String> {
    text.split(';').map(charset::clean).filter(|word| !word.is_empty()).take(MAX_EXIF_KEYWORDS).collect()
}

fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
#[path = "exif_tests.rs"]
mod tests;
