//! Text, EXIF and XMP of PNG files, read chunk by chunk without decoding an image.
//!
//! ```text
//! signature | length type data crc | length type data crc | … IEND
//! ```
//! Only `tEXt`, `zTXt`, `iTXt` and `eXIf` are looked into; other chunks are stepped over by their length, so the work is
//! linear in the number of chunks. A broken chunk costs itself; a broken length ends the walk, for what follows cannot
//! be found any more.

use std::borrow::Cow;

use flate2::{Crc, Decompress, FlushDecompress, Status};
use serde::{Deserialize, Serialize};

use super::{Error, Extracted, charset};

mod raw_profile;

use raw_profile::Profile;

/// The eight bytes every PNG starts with.
pub const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";
/// Largest text of one chunk, unpacked, in bytes.
pub const MAX_TEXT_BYTES: usize = 1 << 20;
/// Largest sum of all texts of a file, unpacked, in bytes. Texts that were unpacked and thrown away count too, so that a
/// thousand bombs cost no more than four.
pub const MAX_TOTAL_TEXT_BYTES: usize = 4 << 20;
/// Most text chunks read from one file.
pub const MAX_TEXTS: usize = 256;
/// Longest keyword the PNG standard allows, in bytes.
const MAX_KEYWORD_BYTES: usize = 79;
/// How much is unpacked at a time.
const INFLATE_BLOCK_BYTES: usize = 16 << 10;
/// What is too big when no single text is.
const ALL_TEXTS: &str = "the PNG's texts together";
/// Keyword of the `iTXt` chunk that holds an XMP packet.
const XMP_KEYWORD: &str = "XML:com.adobe.xmp";

/// One text of a file under its keyword.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// What the text is called, such as `parameters` or `Comment`. Not unique within a file.
    pub keyword: String,
    /// The text, cleaned of control characters.
    pub value: String,
}

/// The texts and metadata blocks of a PNG.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PngText<'a> {
    /// Every text in file order, duplicates kept; XMP is apart.
    pub texts: Vec<Text>,
    /// The EXIF block (a TIFF structure); the first one if there are several.
    pub exif: Option<Cow<'a, [u8]>>,
    /// The XMP packet; the first one if there are several.
    pub xmp: Option<Vec<u8>>,
    /// Photoshop resource blocks, in which IPTC stands; empty where there are none.
    pub photoshop: Vec<u8>,
}

impl PngText<'_> {
    /// The first text under `keyword`, which is case-sensitive as in the standard.
    #[must_use]
    pub fn get(&self, keyword: &str) -> Option<&str> {
        self.texts.iter().find(|text| text.keyword == keyword).map(|text| text.value.as_str())
    }
}

/// Reads the text chunks of a PNG.
///
/// Total: bytes that are no PNG give one error. A truncated file gives what stood before the cut.
#[must_use]
pub fn read(bytes: &[u8]) -> Extracted<PngText<'_>> {
    let mut reader = Reader { out: Extracted::default(), budget_bytes: MAX_TOTAL_TEXT_BYTES, seen_texts: 0 };
    match bytes.strip_prefix(SIGNATURE) {
        Some(chunks) => reader.walk(chunks, SIGNATURE.len()),
        None => reader.out.note(Error::malformed("the PNG", "it does not start with the PNG signature")),
    }
    reader.out
}

/// The chunk types that are looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text(Form),
    Exif,
}

/// The three ways a text is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Compressed,
    International,
}

impl Kind {
    fn of(chunk_type: [u8; 4]) -> Option<Self> {
        match &chunk_type {
            b"tEXt" => Some(Self::Text(Form::Plain)),
            b"zTXt" => Some(Self::Text(Form::Compressed)),
            b"iTXt" => Some(Self::Text(Form::International)),
            b"eXIf" => Some(Self::Exif),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Text(Form::Plain) => "tEXt",
            Self::Text(Form::Compressed) => "zTXt",
            Self::Text(Form::International) => "iTXt",
            Self::Exif => "eXIf",
        }
    }
}

struct Reader<'a> {
    out: Extracted<PngText<'a>>,
    budget_bytes: usize,
    seen_texts: usize,
}

impl<'a> Reader<'a> {
    fn walk(&mut self, mut rest: &'a [u8], mut at: usize) {
        loop {
            let Some((header, body)) = rest.split_first_chunk::<8>() else {
                return self.out.note(Error::truncated("the PNG", at + rest.len()));
            };
            let [l0, l1, l2, l3, chunk_type @ ..] = *header;
            let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
            if !chunk_type.iter().all(u8::is_ascii_alphabetic) || length > i32::MAX as usize {
                return self.out.note(Error::malformed("the PNG", format!("there is no chunk at byte {at}")));
            }
            if &chunk_type == b"IEND" {
                return;
            }
            let kind = Kind::of(chunk_type);
            let Some(data) = body.get(..length) else {
                // Read what is there: the start of a prompt is better than none.
                if let Some(kind) = kind {
                    self.chunk(kind, body);
                }
                return self.out.note(Error::truncated("the PNG", at + rest.len()));
            };
            let tail = &body[length..];
            let Some((crc, next)) = tail.split_first_chunk::<4>() else {
                if let Some(kind) = kind {
                    self.chunk(kind, data);
                }
                return self.out.note(Error::truncated("the PNG", at + rest.len()));
            };
            if let Some(kind) = kind {
                let mut actual = Crc::new();
                actual.update(&chunk_type);
                actual.update(data);
                if actual.sum() != u32::from_be_bytes(*crc) {
                    self.out.note(Error::Checksum { chunk: kind.name() });
                }
                self.chunk(kind, data);
            }
            at += 12 + length;
            rest = next;
        }
    }

    fn chunk(&mut self, kind: Kind, data: &'a [u8]) {
        let form = match kind {
            Kind::Text(form) => form,
            Kind::Exif => {
                self.out.value.exif.get_or_insert(Cow::Borrowed(data));
                return;
            }
        };
        // Every chunk counts, read or not: setting up to unpack one has its price.
        self.seen_texts += 1;
        if self.seen_texts > MAX_TEXTS {
            if self.seen_texts == MAX_TEXTS + 1 {
                self.out.note(Error::TooMany { what: "PNG texts", limit: MAX_TEXTS });
            }
            return;
        }
        let Some((keyword, rest)) = split_at_nul(data) else {
            return self
                .out
                .note(Error::malformed(format!("PNG chunk {}", kind.name()), "its keyword does not end"));
        };
        if keyword.is_empty() || keyword.len() > MAX_KEYWORD_BYTES {
            let reason = format!("its keyword is {} bytes long, not 1 to {MAX_KEYWORD_BYTES}", keyword.len());
            return self.out.note(Error::malformed(format!("PNG chunk {}", kind.name()), reason));
        }
        let keyword = charset::latin1_or_utf8(keyword);
        let what = format!("PNG text `{keyword}`");
        let raw = match form {
            Form::Plain => self.plain(rest, &what),
            Form::Compressed => match rest.split_first() {
                Some((0, packed)) => self.unpack(packed, &what),
                _ => return self.out.note(Error::malformed(what, "its compression method is unknown")),
            },
            Form::International => self.international(rest, &what),
        };
        let Some(raw) = raw else { return };
        if keyword == XMP_KEYWORD {
            self.out.value.xmp.get_or_insert_with(|| raw.into_owned());
            return;
        }
        if let Some(profile) = raw_profile::decode(&keyword, &raw) {
            let blocks = &mut self.out.value;
            match profile {
                Profile::Exif(tiff) => blocks.exif = blocks.exif.take().or(Some(Cow::Owned(tiff))),
                Profile::Xmp(packet) => blocks.xmp = blocks.xmp.take().or(Some(packet)),
                Profile::Photoshop(resources) if blocks.photoshop.is_empty() => blocks.photoshop = resources,
                Profile::Photoshop(_) | Profile::Other => {}
            }
            return;
        }
        let value = match form {
            Form::International => charset::utf8(&raw),
            Form::Plain | Form::Compressed => charset::latin1_or_utf8(&raw),
        };
        self.out.value.texts.push(Text { keyword, value });
    }

    /// `flag method language\0 translated-keyword\0 text`
    fn international(&mut self, data: &'a [u8], what: &str) -> Option<Cow<'a, [u8]>> {
        let parts = data.split_first_chunk::<2>().and_then(|(flags, rest)| {
            let (_language, rest) = split_at_nul(rest)?;
            let (_translated, text) = split_at_nul(rest)?;
            Some((*flags, text))
        });
        match parts {
            Some(([0, _], text)) => self.plain(text, what),
            Some(([1, 0], packed)) => self.unpack(packed, what),
            Some(_) => {
                self.out.note(Error::malformed(what.to_owned(), "its compression method is unknown"));
                None
            }
            None => {
                self.out.note(Error::malformed(
                    what.to_owned(),
                    "its language or translated keyword does not end",
                ));
                None
            }
        }
    }

    fn plain(&mut self, text: &'a [u8], what: &str) -> Option<Cow<'a, [u8]>> {
        if text.len() > MAX_TEXT_BYTES {
            self.out.note(Error::too_big(what.to_owned(), MAX_TEXT_BYTES));
        } else if text.len() > self.budget_bytes {
            self.out.note(Error::too_big(ALL_TEXTS, MAX_TOTAL_TEXT_BYTES));
        } else {
            self.budget_bytes -= text.len();
            return Some(Cow::Borrowed(text));
        }
        None
    }

    fn unpack(&mut self, packed: &[u8], what: &str) -> Option<Cow<'a, [u8]>> {
        let (text, end) = inflate(packed, MAX_TEXT_BYTES.min(self.budget_bytes));
        self.budget_bytes -= text.len();
        match end {
            InflateEnd::Complete => Some(Cow::Owned(text)),
            InflateEnd::TooBig if self.budget_bytes < INFLATE_BLOCK_BYTES => {
                self.out.note(Error::Bomb { what: ALL_TEXTS.into(), limit_bytes: MAX_TOTAL_TEXT_BYTES });
                None
            }
            InflateEnd::TooBig => {
                self.out.note(Error::Bomb { what: what.to_owned().into(), limit_bytes: MAX_TEXT_BYTES });
                None
            }
            InflateEnd::Broken => {
                self.out
                    .note(Error::malformed(what.to_owned(), "its compressed data is broken or cut short"));
                (!text.is_empty()).then_some(Cow::Owned(text))
            }
        }
    }
}

fn split_at_nul(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(0, data)?;
    Some((&data[..at], &data[at + 1..]))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InflateEnd {
    Complete,
    TooBig,
    Broken,
}

/// Unpacks a zlib stream to at most `limit` bytes, and says how it ended. Memory: `limit` and one block.
fn inflate(mut packed: &[u8], limit: usize) -> (Vec<u8>, InflateEnd) {
    let mut inflater = Decompress::new(true);
    let mut block = vec![0; INFLATE_BLOCK_BYTES];
    let mut out = Vec::new();
    loop {
        let (consumed_before, produced_before) = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(packed, &mut block, FlushDecompress::None);
        // Both are at most the lengths of the slices given, so they fit.
        let consumed = (inflater.total_in() - consumed_before) as usize;
        let produced = (inflater.total_out() - produced_before) as usize;
        if out.len() + produced > limit {
            return (out, InflateEnd::TooBig);
        }
        out.extend_from_slice(&block[..produced]);
        packed = &packed[consumed..];
        match status {
            Ok(Status::StreamEnd) => return (out, InflateEnd::Complete),
            Ok(Status::Ok | Status::BufError) if consumed > 0 || produced > 0 => {}
            Ok(_) | Err(_) => return (out, InflateEnd::Broken),
        }
    }
}

#[cfg(test)]
#[path = "png_text_tests.rs"]
mod tests;
