//! The fuzz targets on stable: random bytes, and pieces of each format in random order.

use proptest::{prelude::*, test_runner::contextualize_config};

use super::*;
use crate::meta::fixtures::{chunk, compressed_text, international_text, text, xmp};

/// Bytes that a reader gets further with than with noise: pieces of its format, shuffled, with noise between.
fn pieces(known: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => proptest::sample::select(known),
        1 => proptest::collection::vec(any::<u8>(), 0..12),
    ];
    prop_oneof![
        4 => proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat()),
        1 => proptest::collection::vec(any::<u8>(), 0..256),
    ]
}

fn texts(known: &[&str]) -> Vec<Vec<u8>> {
    known.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn prompt_pieces() -> Vec<Vec<u8>> {
    texts(&[
        "(", ")", "[", "]", ":", "|", ",", "\n", "\\", "1.3", "0.5", "a cat", " ", "AND", "BREAK", "<lora:",
        ">", "Steps", "sampler", "ß", "猫", "<", ".",
    ])
}

fn png_pieces() -> Vec<Vec<u8>> {
    let mut known = vec![
        text("parameters", b"a cat\nSteps: 20, Seed: 1, Size: 8x8"),
        text("prompt", br#"{"1": {"class_type": "KSampler", "inputs": {"positive": ["1", 0]}}}"#),
        compressed_text("Comment", b"packed"),
        compressed_text("bomb", &vec![0; 1 << 21]),
        international_text("XML:com.adobe.xmp", &xmp("xmp:Rating=\"3\"", "")),
        chunk(b"eXIf", b"II\x2a\0\x08\0\0\0\x01\0\x0F\x01\x02\0\x03\0\0\0ab\0\0\0\0\0\0"),
        chunk(b"tEXt", b"\0"),
        chunk(b"iTXt", b"k\0\x01\0\0\0x"),
    ];
    known.extend([b"\0\0\0\x08tEXt".to_vec(), b"\xFF\xFF\xFF\xFFzTXt".to_vec(), chunk(b"IEND", b"")]);
    known
}

fn xmp_pieces() -> Vec<Vec<u8>> {
    let mut known = texts(&[
        "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">",
        "<rdf:Description xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmp:Rating=\"3\">",
        "</rdf:Description>",
        "</rdf:RDF>",
        "<dc:title>",
        "</dc:title>",
        "<rdf:Alt>",
        "</rdf:Alt>",
        "<rdf:li xml:lang=\"x-default\">",
        "<rdf:li>",
        "</rdf:li>",
        "<dc:subject>",
        "</dc:subject>",
        "<xmp:Rating>",
        "</xmp:Rating>",
        "9",
        "-1",
        "&amp;",
        "&x;",
        "&#0;",
        "&#xFFFFFF;",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<!DOCTYPE x [<!ENTITY x \"y\">]>",
        "<?x",
        "?>",
        "text",
        "<",
        "\"",
        "\0",
    ]);
    known.push(xmp("dc:title=\"t\"", "<xmp:CreateDate>2024-05-01</xmp:CreateDate>").into_bytes());
    known
}

fn sidecar_pieces() -> Vec<Vec<u8>> {
    texts(&[
        "{",
        "}",
        "\"score\"",
        "\"favourite\"",
        ":",
        ",",
        "1",
        "-1",
        "5",
        "6",
        "true",
        "false",
        "null",
        "[",
        "]",
        "\"x\"",
        " ",
        "1.5",
        "1e9",
        "\u{FEFF}",
        "{\"score\": 3}",
    ])
}

fn exif_pieces() -> Vec<Vec<u8>> {
    let mut known: Vec<Vec<u8>> =
        [0x010F_u16, 0x0112, 0x4746, 0x8769, 0x8825, 0x829A, 0x9003, 0x9286, 0x9C9E, 0xA005, 2, 4]
            .iter()
            .flat_map(|tag| (1..=12_u16).map(|kind| [tag.to_le_bytes(), kind.to_le_bytes()].concat()))
            .collect();
    known.extend((0..8_u32).map(|n| (n * 6).to_le_bytes().to_vec()));
    known.extend([
        vec![0xFF; 4],
        vec![0; 4],
        vec![3, 0],
        vec![0, 3],
        b"UNICODE\0".to_vec(),
        b"2024:05:01 12:30:45\0".to_vec(),
    ]);
    known
}

fn generation_pieces() -> Vec<Vec<u8>> {
    texts(&[
        "a cat",
        "\n",
        "Negative prompt: ",
        "Steps: 20",
        ", ",
        "Seed: ",
        "Size: 5x6",
        "Lora hashes: \"a: b\"",
        "\"",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"1\": ",
        "{\"class_type\": \"KSampler\", \"inputs\": {\"positive\": [\"2\", 0], \"model\": [\"1\", 0]}}",
        "\"2\": ",
        "{\"class_type\": \"CLIPTextEncode\", \"inputs\": {\"text\": [\"2\", 0], \"prompt\": \"x\"}}",
        "NaN",
        "-Infinity",
        "\\",
        "{\"1\": {\"class_type\": \"KSampler\", \"inputs\": {\"seed\": 1e400}}}",
        "{\"nodes\": [{\"id\": 1, \"type\": \"KSampler\", \"inputs\": [{\"name\": \"\", \"link\": 1}], \"widgets_values\": [1, 2]}], \"links\": [[1, 1, 0]]}",
    ])
}

fn container_pieces() -> Vec<Vec<u8>> {
    let mut known = exif_pieces();
    known.extend([
        b"\xFF\xE1\0\x10Exif\0\0II\x2a\0\x08\0\0\0".to_vec(),
        b"\xFF\xED\0\x20Photoshop 3.0\0".to_vec(),
        b"8BIM\x04\x04\0\0\0\0\0\x08\x1C\x02\x19\0\x03abc".to_vec(),
        b"\xFF\xFE\0\x05abc".to_vec(),
        b"EXIF\x04\0\0\0".to_vec(),
        b"XMP \x10\0\0\0".to_vec(),
        b"\x21\xFE\x03abc\0".to_vec(),
        b"\x21\xFF\x0BXMP DataXMP".to_vec(),
        b"\x2C\0\0\0\0\x01\0\x01\0\0\x02\x02\x4C\x01\0".to_vec(),
        vec![0xFF, 0xDA],
        vec![0xFF],
    ]);
    known
}

proptest! {
    #![proptest_config(contextualize_config(ProptestConfig::with_cases(2000)))]

    #[test]
    fn prompt_on_stable(data in pieces(prompt_pieces())) {
        fuzz_prompt(&data);
    }

    #[test]
    fn xmp_on_stable(data in pieces(xmp_pieces())) {
        fuzz_xmp(&data);
    }

    #[test]
    fn sidecar_on_stable(data in pieces(sidecar_pieces())) {
        fuzz_sidecar(&data);
    }

    #[test]
    fn exif_on_stable(data in pieces(exif_pieces())) {
        fuzz_exif(&data);
    }

    #[test]
    fn generation_on_stable(data in pieces(generation_pieces())) {
        fuzz_generation(&data);
    }

    #[test]
    fn container_on_stable(data in pieces(container_pieces())) {
        fuzz_container(&data);
    }
}

proptest! {
    // Bombs that are unpacked to their limit take a while each.
    #![proptest_config(contextualize_config(ProptestConfig::with_cases(300)))]

    #[test]
    fn png_text_on_stable(data in pieces(png_pieces())) {
        fuzz_png_text(&data);
    }
}
