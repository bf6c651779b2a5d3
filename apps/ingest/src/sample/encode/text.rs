//! PNG chunks: tEXt, zTXt, iTXt, eXIf, and any other by name.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// A text chunk's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextForm {
    /// tEXt: Latin-1, plain. Characters beyond Latin-1 become `?`.
    Latin,
    /// zTXt: Latin-1, deflated.
    LatinDeflated,
    /// iTXt: UTF-8, plain.
    Unicode,
    /// iTXt: UTF-8, deflated.
    UnicodeDeflated,
}

/// One text chunk with its length and checksum.
#[must_use]
pub fn text_chunk(form: TextForm, keyword: &str, text: &str) -> Vec<u8> {
    let mut body = keyword.as_bytes().to_vec();
    body.push(0);
    match form {
        TextForm::Latin => body.extend(latin(text)),
        TextForm::LatinDeflated => {
            body.push(0);
            body.extend(deflated(&latin(text)));
        }
        // Compression flag and method, then an empty language and an empty translated keyword.
        TextForm::Unicode => {
            body.extend([0, 0, 0, 0]);
            body.extend(text.as_bytes());
        }
        TextForm::UnicodeDeflated => {
            body.extend([1, 0, 0, 0]);
            body.extend(deflated(text.as_bytes()));
        }
    }
    let name = match form {
        TextForm::Latin => b"tEXt",
        TextForm::LatinDeflated => b"zTXt",
        TextForm::Unicode | TextForm::UnicodeDeflated => b"iTXt",
    };
    chunk(name, &body)
}

/// A chunk: length, name, body, CRC-32 of name and body.
#[must_use]
pub fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len() + 12);
    bytes.extend((body.len() as u32).to_be_bytes());
    bytes.extend(name);
    bytes.extend(body);
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[4..]);
    bytes.extend(crc.sum().to_be_bytes());
    bytes
}

/// Puts chunks right behind a PNG's header chunk, where readers that stop at the pixels see them.
#[must_use]
pub fn insert_chunks(png: &[u8], chunks: &[Vec<u8>]) -> Vec<u8> {
    /// Signature (8) and IHDR (25).
    const HEADER: usize = 33;
    let (header, rest) = png.split_at(HEADER.min(png.len()));
    let mut bytes = Vec::with_capacity(png.len() + chunks.iter().map(Vec::len).sum::<usize>());
    bytes.extend(header);
    chunks.iter().for_each(|chunk| bytes.extend(chunk));
    bytes.extend(rest);
    bytes
}

/// `bytes` as a zlib stream.
#[must_use]
pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    // Into memory: writing cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}
