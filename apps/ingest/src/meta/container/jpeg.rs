//! JPEG: marker segments up to the picture's own data.

use std::borrow::Cow;

use super::{Blocks, Error, Extracted, push_comment};
use crate::meta::iptc::{MAX_IPTC_BYTES, PHOTOSHOP_HEADER};

const EXIF_HEADER: &[u8] = b"Exif\0\0";
const XMP_HEADER: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// Collects the metadata segments of a JPEG. Extended XMP (what does not fit into one segment) is left out: it holds
/// depth maps and histories, not titles.
pub(super) fn blocks(bytes: &[u8]) -> Extracted<Blocks<'_>> {
    let mut out: Extracted<Blocks<'_>> = Extracted::default();
    // Behind the start marker, which `sniff` has seen.
    let mut at = 2;
    loop {
        let Some(&first) = bytes.get(at) else { return truncated(out, bytes) };
        if first != 0xFF {
            out.note(Error::malformed("the JPEG", format!("there is no marker at byte {at}")));
            return out;
        }
        // Any number of fill bytes may stand before a marker.
        while bytes.get(at) == Some(&0xFF) {
            at += 1;
        }
        let Some(&marker) = bytes.get(at) else { return truncated(out, bytes) };
        at += 1;
        match marker {
            // The picture's data, or its end: nothing of ours stands behind.
            0xDA | 0xD9 => return out,
            // Markers without a segment.
            0x01 | 0xD0..=0xD8 => continue,
            _ => {}
        }
        let Some(length) = bytes.get(at..).and_then(|rest| rest.first_chunk::<2>()) else {
            return truncated(out, bytes);
        };
        let length = usize::from(u16::from_be_bytes(*length));
        if length < 2 {
            out.note(Error::malformed(
                "the JPEG",
                format!("the segment at byte {at} is shorter than its own length"),
            ));
            return out;
        }
        let Some(data) = bytes.get(at + 2..at + length) else { return truncated(out, bytes) };
        segment(marker, data, &mut out);
        at += length;
    }
}

fn truncated<'a>(mut out: Extracted<Blocks<'a>>, bytes: &[u8]) -> Extracted<Blocks<'a>> {
    out.note(Error::truncated("the JPEG", bytes.len()));
    out
}

fn segment<'a>(marker: u8, data: &'a [u8], out: &mut Extracted<Blocks<'a>>) {
    match marker {
        0xE1 => {
            if let Some(tiff) = data.strip_prefix(EXIF_HEADER) {
                out.value.exif.get_or_insert(Cow::Borrowed(tiff));
            } else if let Some(packet) = data.strip_prefix(XMP_HEADER) {
                out.value.xmp.get_or_insert_with(|| packet.to_vec());
            }
        }
        0xED => {
            if let Some(blocks) = data.strip_prefix(PHOTOSHOP_HEADER) {
                if out.value.photoshop.len() + blocks.len() <= MAX_IPTC_BYTES {
                    out.value.photoshop.extend_from_slice(blocks);
                } else {
                    let too_big = Error::too_big("the IPTC block", MAX_IPTC_BYTES);
                    if !out.errors.contains(&too_big) {
                        out.note(too_big);
                    }
                }
            }
        }
        0xFE => push_comment(out, data),
        _ => {}
    }
}
