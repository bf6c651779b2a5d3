//! Putting metadata into JPEG and WebP files.

/// A JPEG with APP segments for EXIF (a TIFF structure), XMP (a packet) and IPTC (an APP13 body)
/// right behind its start marker. Empty ones are left out; each must fit a segment (65,533 bytes).
#[must_use]
pub fn jpeg_with(jpeg: &[u8], exif: &[u8], xmp: &str, iptc: &[u8]) -> Vec<u8> {
    let (start, rest) = jpeg.split_at(2.min(jpeg.len()));
    let mut bytes = start.to_vec();
    if !exif.is_empty() {
        segment(&mut bytes, 0xE1, &[b"Exif\0\0", exif]);
    }
    if !xmp.is_empty() {
        segment(&mut bytes, 0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", xmp.as_bytes()]);
    }
    if !iptc.is_empty() {
        segment(&mut bytes, 0xED, &[iptc]);
    }
    bytes.extend(rest);
    bytes
}

fn segment(bytes: &mut Vec<u8>, marker: u8, parts: &[&[u8]]) {
    let length = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
    bytes.extend([0xFF, marker]);
    bytes.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
    parts.iter().for_each(|part| bytes.extend(*part));
}

/// A simple WebP as an extended one that holds EXIF (a TIFF structure) and XMP (a packet).
#[must_use]
pub fn webp_with(webp: &[u8], size: (u32, u32), exif: &[u8], xmp: &str) -> Vec<u8> {
    /// Alpha lies inside the lossless stream; the flag only announces it, and we write none.
    const EXIF: u8 = 0x08;
    const XMP: u8 = 0x04;
    let flags = if exif.is_empty() { 0 } else { EXIF } | if xmp.is_empty() { 0 } else { XMP };
    let mut extended = vec![flags, 0, 0, 0];
    extended.extend(&(size.0 - 1).to_le_bytes()[..3]);
    extended.extend(&(size.1 - 1).to_le_bytes()[..3]);
    let mut body = b"WEBP".to_vec();
    riff_chunk(&mut body, b"VP8X", &extended);
    body.extend(&webp[12.min(webp.len())..]);
    if !exif.is_empty() {
        riff_chunk(&mut body, b"EXIF", exif);
    }
    if !xmp.is_empty() {
        riff_chunk(&mut body, b"XMP ", xmp.as_bytes());
    }
    let mut bytes = Vec::with_capacity(body.len() + 8);
    riff_chunk(&mut bytes, b"RIFF", &body);
    bytes
}

fn riff_chunk(bytes: &mut Vec<u8>, name: &[u8; 4], body: &[u8]) {
    bytes.extend(name);
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend(body);
    bytes.resize(bytes.len() + body.len() % 2, 0);
}
