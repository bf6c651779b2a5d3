//! IPTC: title, caption, keywords and place names from Photoshop's resource blocks in JPEG files.
//!
//! ```text
//! APP13 "Photoshop 3.0\0" { "8BIM" id name size data }…
//!                                  └─ id 0x0404: { 0x1C record dataset length data }…
//! ```

use serde::{Deserialize, Serialize};

use super::{Error, Extracted, charset, moment::Moment};

/// What a JPEG's APP13 segment starts with when it holds resource blocks.
pub const PHOTOSHOP_HEADER: &[u8] = b"Photoshop 3.0\0";
/// Largest sum of all resource blocks read, in bytes.
pub const MAX_IPTC_BYTES: usize = 1 << 20;
/// Most datasets read.
pub const MAX_IPTC_DATASETS: usize = 2048;
/// Most keywords read.
pub const MAX_IPTC_KEYWORDS: usize = 512;

/// What an IPTC block says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Iptc {
    /// 2:05, the title.
    pub object_name: Option<String>,
    /// 2:105.
    pub headline: Option<String>,
    /// 2:120, the caption.
    pub caption: Option<String>,
    /// 2:25, every one.
    pub keywords: Vec<String>,
    /// 2:80, who made it.
    pub byline: Option<String>,
    /// 2:116.
    pub copyright: Option<String>,
    /// 2:90.
    pub city: Option<String>,
    /// 2:95, state or province.
    pub state: Option<String>,
    /// 2:101.
    pub country: Option<String>,
    /// 2:55 and 2:60.
    pub created_at: Option<Moment>,
}

/// Reads Photoshop resource blocks: what follows [`PHOTOSHOP_HEADER`], joined over all segments.
///
/// Total: a block that breaks off gives what stood before.
#[must_use]
pub fn read(blocks: &[u8]) -> Extracted<Iptc> {
    let mut out = Extracted::default();
    if blocks.len() > MAX_IPTC_BYTES {
        out.note(Error::too_big("the IPTC block", MAX_IPTC_BYTES));
        return out;
    }
    let mut rest = blocks;
    while let Some(after_mark) = rest.strip_prefix(b"8BIM") {
        let Some(block) = resource(after_mark) else {
            out.note(Error::truncated("a Photoshop resource block", blocks.len()));
            break;
        };
        if block.id == 0x0404 {
            datasets(block.data, &mut out);
        }
        rest = block.rest;
    }
    out
}

struct Resource<'a> {
    id: u16,
    data: &'a [u8],
    rest: &'a [u8],
}

/// `id name size data`, where name and data are padded to even lengths.
fn resource(bytes: &[u8]) -> Option<Resource<'_>> {
    let (id, bytes) = bytes.split_first_chunk::<2>()?;
    let name_bytes = 1 + usize::from(*bytes.first()?);
    let bytes = bytes.get(name_bytes + name_bytes % 2..)?;
    let (size, bytes) = bytes.split_first_chunk::<4>()?;
    let size = u32::from_be_bytes(*size) as usize;
    let data = bytes.get(..size)?;
    // The padding of the last block is often missing.
    let rest = bytes.get(size + size % 2..).unwrap_or_default();
    Some(Resource { id: u16::from_be_bytes(*id), data, rest })
}

fn datasets(mut bytes: &[u8], out: &mut Extracted<Iptc>) {
    let mut is_utf8 = false;
    let (mut date, mut time) = (None, None);
    for _ in 0..MAX_IPTC_DATASETS {
        // Blocks are padded with zeros.
        let Some(0x1C) = bytes.first() else { break };
        let Some((record, dataset, data, rest)) = dataset(bytes) else {
            out.note(Error::truncated("the IPTC block", bytes.len()));
            break;
        };
        bytes = rest;
        let text = || {
            Some(if is_utf8 { charset::utf8(data) } else { charset::latin1_or_utf8(data) })
                .filter(|t| !t.is_empty())
        };
        let iptc = &mut out.value;
        match (record, dataset) {
            (1, 90) => is_utf8 = data == b"\x1b%G",
            (2, 5) => iptc.object_name = iptc.object_name.take().or_else(text),
            (2, 25) if iptc.keywords.len() < MAX_IPTC_KEYWORDS => iptc.keywords.extend(text()),
            (2, 25) => {
                let too_many = Error::TooMany { what: "IPTC keywords", limit: MAX_IPTC_KEYWORDS };
                if !out.errors.contains(&too_many) {
                    out.note(too_many);
                }
            }
            (2, 55) => date = date.or_else(text),
            (2, 60) => time = time.or_else(text),
            (2, 80) => iptc.byline = iptc.byline.take().or_else(text),
            (2, 90) => iptc.city = iptc.city.take().or_else(text),
            (2, 95) => iptc.state = iptc.state.take().or_else(text),
            (2, 101) => iptc.country = iptc.country.take().or_else(text),
            (2, 105) => iptc.headline = iptc.headline.take().or_else(text),
            (2, 116) => iptc.copyright = iptc.copyright.take().or_else(text),
            (2, 120) => iptc.caption = iptc.caption.take().or_else(text),
            _ => {}
        }
    }
    if bytes.first() == Some(&0x1C) && out.errors.is_empty() {
        out.note(Error::TooMany { what: "IPTC datasets", limit: MAX_IPTC_DATASETS });
    }
    if let Some(date) = date {
        out.value.created_at = out.value.created_at.or_else(|| Moment::from_iptc(&date, time.as_deref()));
    }
}

/// `0x1C record dataset length data`. A length with its top bit set says how many bytes the true length takes.
fn dataset(bytes: &[u8]) -> Option<(u8, u8, &[u8], &[u8])> {
    let ([_, record, dataset, high, low], rest) = bytes.split_first_chunk::<5>()?;
    let short = u16::from_be_bytes([*high, *low]);
    let (length, rest) = if short & 0x8000 == 0 {
        (usize::from(short), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(short & 0x7FFF))?;
        // More than four bytes would be larger than any file read here.
        let length = (digits.len() <= 4)
            .then(|| digits.iter().fold(0_usize, |n, &digit| n << 8 | usize::from(digit)))?;
        (length, rest)
    };
    let (data, rest) = rest.split_at_checked(length)?;
    Some((*record, *dataset, data, rest))
}

#[cfg(test)]
#[path = "iptc_tests.rs"]
mod tests;
