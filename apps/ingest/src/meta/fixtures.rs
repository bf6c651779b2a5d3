//! Small encoders for test files, so that no binary file stands in the repository.

use std::io::Write;

use flate2::{Compression, Crc, write::ZlibEncoder};

use super::{container::ImageMetadata, png_text::SIGNATURE};

/// zlib-packed bytes.
pub(crate) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A PNG chunk with the right checksum.
pub(crate) fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    let length = u32::try_from(data.len()).unwrap();
    [&length.to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
}

/// A PNG of a header, the given chunks and an end. No picture: the readers need none.
pub(crate) fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
    [&SIGNATURE[..], &header, &chunks.concat(), &chunk(b"IEND", &[])].concat()
}

/// `tEXt`.
pub(crate) fn text(keyword: &str, value: &[u8]) -> Vec<u8> {
    chunk(b"tEXt", &[keyword.as_bytes(), b"\0", value].concat())
}

/// `zTXt`.
pub(crate) fn compressed_text(keyword: &str, value: &[u8]) -> Vec<u8> {
    chunk(b"zTXt", &[keyword.as_bytes(), b"\0\0", &packed(value)].concat())
}

/// `iTXt`, not compressed.
pub(crate) fn international_text(keyword: &str, value: &str) -> Vec<u8> {
    chunk(b"iTXt", &[keyword.as_bytes(), b"\0\0\0en\0\0", value.as_bytes()].concat())
}

/// A value of a TIFF directory entry.
#[derive(Debug, Clone)]
pub(crate) enum Tiff {
    Ascii(&'static str),
    Bytes(Vec<u8>),
    Undefined(Vec<u8>),
    Short(u16),
    Long(u32),
    Rationals(Vec<(u32, u32)>),
    /// A directory of its own; the entry points to it.
    Directory(Vec<(u16, Tiff)>),
}

/// A little-endian TIFF structure with one main directory.
pub(crate) fn tiff(entries: &[(u16, Tiff)]) -> Vec<u8> {
    let mut out = b"II\x2a\0\x08\0\0\0".to_vec();
    directory(entries, &mut out);
    out
}

/// Writes a directory at the end of `out`, its values behind it.
fn directory(entries: &[(u16, Tiff)], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend(u16::try_from(entries.len()).unwrap().to_le_bytes());
    out.resize(start + 2 + entries.len() * 12 + 4, 0);
    for (index, (tag, value)) in entries.iter().enumerate() {
        let (kind, count, bytes) = match value {
            Tiff::Ascii(text) => (2_u16, text.len() + 1, [text.as_bytes(), b"\0"].concat()),
            Tiff::Bytes(bytes) => (1, bytes.len(), bytes.clone()),
            Tiff::Undefined(bytes) => (7, bytes.len(), bytes.clone()),
            Tiff::Short(number) => (3, 1, number.to_le_bytes().to_vec()),
            Tiff::Long(number) => (4, 1, number.to_le_bytes().to_vec()),
            Tiff::Rationals(all) => {
                let bytes =
                    all.iter().flat_map(|(a, b)| [a.to_le_bytes(), b.to_le_bytes()]).flatten().collect();
                (5, all.len(), bytes)
            }
            Tiff::Directory(entries) => {
                let at = u32::try_from(out.len()).unwrap();
                directory(entries, out);
                (4, 1, at.to_le_bytes().to_vec())
            }
        };
        let mut field = [0; 4];
        if bytes.len() <= 4 {
            field[..bytes.len()].copy_from_slice(&bytes);
        } else {
            field = u32::try_from(out.len()).unwrap().to_le_bytes();
            out.extend(&bytes);
        }
        let count = u32::try_from(count).unwrap().to_le_bytes();
        let entry = [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count, &field].concat();
        out[start + 2 + index * 12..][..12].copy_from_slice(&entry);
    }
}

/// `UserComment` as AUTOMATIC1111 writes it: big-endian UTF-16 in whatever file.
pub(crate) fn unicode_comment(text: &str) -> Vec<u8> {
    b"UNICODE\0".iter().copied().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect()
}

/// A JPEG of the given segments, and the start of its picture.
pub(crate) fn jpeg(segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8];
    for (marker, data) in segments {
        out.extend([0xFF, *marker]);
        out.extend(u16::try_from(data.len() + 2).unwrap().to_be_bytes());
        out.extend(data);
    }
    out.extend([0xFF, 0xDA, 0, 2, 0xFF, 0xD9]);
    out
}

/// An APP1 segment with EXIF.
pub(crate) fn exif_segment(tiff: &[u8]) -> (u8, Vec<u8>) {
    (0xE1, [b"Exif\0\0", tiff].concat())
}

/// An APP1 segment with XMP.
pub(crate) fn xmp_segment(packet: &str) -> (u8, Vec<u8>) {
    (0xE1, [b"http://ns.adobe.com/xap/1.0/\0", packet.as_bytes()].concat())
}

/// IPTC datasets `(record, dataset, data)`.
pub(crate) fn iptc_datasets(datasets: &[(u8, u8, &[u8])]) -> Vec<u8> {
    datasets
        .iter()
        .flat_map(|(record, dataset, data)| {
            let length = u16::try_from(data.len()).unwrap().to_be_bytes();
            [&[0x1C, *record, *dataset][..], &length, data].concat()
        })
        .collect()
}

/// A Photoshop resource block.
pub(crate) fn resource(id: u16, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    let padding = vec![0; data.len() % 2];
    [b"8BIM", &id.to_be_bytes()[..], &[0, 0], &length, data, &padding].concat()
}

/// An APP13 segment with resource blocks.
pub(crate) fn photoshop_segment(blocks: &[u8]) -> (u8, Vec<u8>) {
    (0xED, [b"Photoshop 3.0\0", blocks].concat())
}

/// A WebP of the given chunks; no picture.
pub(crate) fn webp(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (kind, data) in chunks {
        body.extend(*kind);
        body.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        body.extend(data);
        body.resize(body.len() + data.len() % 2, 0);
    }
    [b"RIFF", &u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
}

/// A GIF with a picture of one pixel, comments, and an XMP packet.
pub(crate) fn gif(comments: &[&[u8]], xmp: &str) -> Vec<u8> {
    let mut out = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
    for comment in comments {
        out.extend([0x21, 0xFE]);
        for block in comment.chunks(255) {
            out.push(u8::try_from(block.len()).unwrap());
            out.extend(block);
        }
        out.push(0);
    }
    if !xmp.is_empty() {
        out.extend(b"\x21\xFF\x0BXMP DataXMP");
        out.extend(xmp.as_bytes());
        out.push(1);
        out.extend((0..=255).rev());
        out.push(0);
    }
    out.extend(b"\x2C\0\0\0\0\x01\0\x01\0\0\x02\x02\x4C\x01\0\x3B");
    out
}

/// An XMP packet of an `rdf:Description` with the given attributes and children.
pub(crate) fn xmp(attributes: &str, children: &str) -> String {
    format!(
        r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" {attributes}>
{children}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"#
    )
}

/// What was read, a line each, for comparing.
pub(crate) fn show(read: &ImageMetadata) -> String {
    let mut value = serde_json::to_value(read).unwrap();
    strip(&mut value);
    serde_json::to_string_pretty(&value).unwrap()
}

/// A value as pretty JSON without what is empty.
pub(crate) fn show_json(value: &impl serde::Serialize) -> String {
    let mut value = serde_json::to_value(value).unwrap();
    strip(&mut value);
    serde_json::to_string_pretty(&value).unwrap()
}

fn strip(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(strip);
            fields.retain(|_, value| match value {
                Value::Null => false,
                Value::Array(items) => !items.is_empty(),
                Value::Object(fields) => !fields.is_empty(),
                Value::String(text) => !text.is_empty(),
                _ => true,
            });
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}
