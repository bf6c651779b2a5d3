//! GIF: comments and the XMP application extension.

use super::{Blocks, Error, Extracted, MAX_COMMENT_BYTES, push_comment};
use crate::meta::xmp::MAX_XMP_BYTES;

/// The bytes behind an XMP packet that lead a reader of sub-blocks to its end: 01 FF FE … 01 00, and the final 00.
const XMP_TRAILER_BYTES: usize = 258;

/// Collects the comments and the XMP packet of a GIF.
pub(super) fn blocks(bytes: &[u8]) -> Extracted<Blocks<'_>> {
    let mut out: Extracted<Blocks<'_>> = Extracted::default();
    if walk(bytes, &mut out).is_none() {
        out.note(Error::truncated("the GIF", bytes.len()));
    }
    out
}

/// `None` where the file is cut short.
fn walk(bytes: &[u8], out: &mut Extracted<Blocks<'_>>) -> Option<()> {
    // Signature, size, flags, background, aspect; then the global colours.
    let mut at = 13 + colours_bytes(*bytes.get(10)?);
    loop {
        match bytes.get(at)? {
            0x3B => return Some(()),
            0x2C => {
                // Position, size, flags; then local colours, the code size, and the picture.
                let flags = *bytes.get(at + 9)?;
                at = skip_sub_blocks(bytes, at + 10 + colours_bytes(flags) + 1)?;
            }
            0x21 => {
                let label = *bytes.get(at + 1)?;
                let start = at + 2;
                let end = skip_sub_blocks(bytes, start)?;
                let data = bytes.get(start..end)?;
                match label {
                    0xFE => push_comment(out, &join_sub_blocks(data)),
                    0xFF => {
                        if let Some(packet) = data.strip_prefix(b"\x0BXMP DataXMP") {
                            let packet = packet
                                .get(..packet.len().saturating_sub(XMP_TRAILER_BYTES))
                                .unwrap_or_default();
                            let copied = packet.get(..=MAX_XMP_BYTES).unwrap_or(packet);
                            out.value.xmp.get_or_insert_with(|| copied.to_vec());
                        }
                    }
                    _ => {}
                }
                at = end;
            }
            _ => {
                out.note(Error::malformed("the GIF", format!("there is no block at byte {at}")));
                return Some(());
            }
        }
    }
}

fn colours_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// The offset behind the sub-blocks at `at`: each a length and that many bytes, the last one empty.
fn skip_sub_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

fn join_sub_blocks(mut data: &[u8]) -> Vec<u8> {
    let mut joined = Vec::new();
    while let Some((&length, rest)) = data.split_first() {
        let Some((block, rest)) = rest.split_at_checked(usize::from(length)) else { break };
        joined.extend_from_slice(block);
        if length == 0 || joined.len() > MAX_COMMENT_BYTES {
            break;
        }
        data = rest;
    }
    joined
}
