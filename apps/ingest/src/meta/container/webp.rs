//! WebP: RIFF chunks.

use std::borrow::Cow;

use super::{Blocks, Error, Extracted};

/// Collects the metadata chunks of a WebP.
pub(super) fn blocks(bytes: &[u8]) -> Extracted<Blocks<'_>> {
    let mut out: Extracted<Blocks<'_>> = Extracted::default();
    // Behind `RIFF size WEBP`, which `sniff` has seen.
    let mut at = 12;
    while at < bytes.len() {
        let Some(header) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) else {
            // One byte of padding at the end is none.
            if bytes.len() - at > 1 {
                out.note(Error::truncated("the WebP", bytes.len()));
            }
            break;
        };
        let [kind @ .., l0, l1, l2, l3] = *header;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let start = at + header.len();
        let Some(data) = start.checked_add(length).and_then(|end| bytes.get(start..end)) else {
            out.note(Error::truncated("the WebP", bytes.len()));
            break;
        };
        match &kind {
            // Some writers leave the header of JPEG segments in.
            b"EXIF" => {
                out.value.exif.get_or_insert(Cow::Borrowed(data.strip_prefix(b"Exif\0\0").unwrap_or(data)));
            }
            b"XMP " => {
                out.value.xmp.get_or_insert_with(|| data.get(..MAX_COPIED_BYTES).unwrap_or(data).to_vec());
            }
            _ => {}
        }
        at = start + length + length % 2;
    }
    out
}

/// One byte more than the XMP reader takes, so that it says that the packet is too big.
const MAX_COPIED_BYTES: usize = crate::meta::xmp::MAX_XMP_BYTES + 1;
