//! Metadata blocks that ImageMagick and others write into PNG texts, as hexadecimal lines:
//!
//! ```text
//! Raw profile type exif = \nexif\n      38\n4578696600004d4d…\n…
//! ```
//! They are taken out of the texts: they are no text, and may hold the place of a picture, which is private.

/// What the keywords of such texts start with.
const PREFIX: &str = "Raw profile type ";

/// What kind of block a text holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Profile {
    /// A TIFF structure.
    Exif(Vec<u8>),
    /// An XMP packet.
    Xmp(Vec<u8>),
    /// Photoshop resource blocks.
    Photoshop(Vec<u8>),
    /// Anything else (colour profiles), or what is none of them although its name says so.
    Other,
}

/// The block that a text holds; `None` for an ordinary text.
pub(super) fn decode(keyword: &str, text: &[u8]) -> Option<Profile> {
    let kind = keyword.strip_prefix(PREFIX)?;
    let Some(bytes) = bytes(text) else { return Some(Profile::Other) };
    let after = |header: &[u8]| bytes.strip_prefix(header).map(<[u8]>::to_vec);
    Some(match kind {
        // An APP1 segment of a JPEG holds one or the other.
        "exif" | "APP1" | "app1" => match (after(b"Exif\0\0"), after(b"http://ns.adobe.com/xap/1.0/\0")) {
            (Some(tiff), _) => Profile::Exif(tiff),
            (None, Some(packet)) => Profile::Xmp(packet),
            (None, None) if bytes.starts_with(b"II") || bytes.starts_with(b"MM") => Profile::Exif(bytes),
            (None, None) => Profile::Other,
        },
        "xmp" => Profile::Xmp(bytes),
        "iptc" | "8bim" => Profile::Photoshop(after(b"Photoshop 3.0\0").unwrap_or(bytes)),
        _ => Profile::Other,
    })
}

/// A blank line, the name, the length in bytes, then hexadecimal digits in lines. The digits of a text that is cut
/// short are read as far as they go.
fn bytes(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?.trim_start();
    let (_name, rest) = text.split_once('\n')?;
    let (length, digits) = rest.split_once('\n')?;
    let length: usize = length.trim().parse().ok()?;
    let digits: Option<Vec<u8>> = digits
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect();
    let mut bytes: Vec<u8> = digits?.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect();
    bytes.truncate(length);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_told_by_name_and_content() {
        let text = |name: &str, bytes: &[u8]| {
            let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let lines: Vec<String> = digits.chunks(36).map(|line| line.concat()).collect();
            format!("\n{name}\n{:8}\n{}\n", bytes.len(), lines.join("\n")).into_bytes()
        };
        let decode_as =
            |name: &str, bytes: &[u8]| decode(&format!("Raw profile type {name}"), &text(name, bytes));
        assert_eq!(decode_as("exif", b"Exif\0\0II*\0"), Some(Profile::Exif(b"II*\0".to_vec())));
        assert_eq!(decode_as("exif", b"MM\0*"), Some(Profile::Exif(b"MM\0*".to_vec())));
        assert_eq!(decode_as("exif", b"junk"), Some(Profile::Other));
        assert_eq!(
            decode_as("APP1", b"http://ns.adobe.com/xap/1.0/\0<x/>"),
            Some(Profile::Xmp(b"<x/>".to_vec()))
        );
        assert_eq!(decode_as("xmp", &[b'x'; 100]), Some(Profile::Xmp(vec![b'x'; 100])));
        assert_eq!(decode_as("iptc", b"Photoshop 3.0\08BIM"), Some(Profile::Photoshop(b"8BIM".to_vec())));
        assert_eq!(decode_as("icc", b"colours"), Some(Profile::Other));
        assert_eq!(decode("Comment", b"\nexif\n4\n49492a00"), None);
    }

    #[test]
    fn broken_profiles_are_no_texts_either() {
        for text in [
            &b""[..],
            b"\nexif",
            b"\nexif\nmany\n00",
            b"\nexif\n4\nzz",
            b"\nexif\n4\n\xFF",
            b"\nexif\n99999999999999999999\n00",
        ] {
            assert_eq!(decode("Raw profile type exif", text), Some(Profile::Other), "{text:?}");
        }
        let cut = decode("Raw profile type xmp", b"\nxmp\n 400\n3c782f3");
        assert_eq!(cut, Some(Profile::Xmp(b"<x/".to_vec())));
    }
}
