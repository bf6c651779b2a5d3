use expect_test::{Expect, expect};
use proptest::{prelude::*, test_runner::contextualize_config};

use super::*;
use crate::meta::fixtures::{
    Tiff, chunk, compressed_text, exif_segment, gif, international_text, iptc_datasets, jpeg,
    photoshop_segment, png, resource, show, text, tiff, unicode_comment, webp, xmp, xmp_segment,
};

const PARAMETERS: &str = "a cat <lora:l:0.5>\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, Seed: 5, Size: 512x512, Model: base";

fn check(bytes: &[u8], expected: Expect) {
    expected.assert_eq(&show(&read_image_metadata(bytes)));
}

#[test]
fn what_cameras_and_programs_write_on_every_picture_is_no_caption() {
    for said in ["OLYMPUS DIGITAL CAMERA", "x-default", "binary comment", "Created with GIMP"] {
        let read =
            read_image_metadata(&png(&[chunk(b"tEXt", &[b"Description\0", said.as_bytes()].concat())]));
        assert_eq!(read.captions, [""; 0], "{said}");
    }
    let read = read_image_metadata(&png(&[chunk(b"tEXt", b"Description\0An old digital camera on a desk")]));
    assert_eq!(read.captions, ["An old digital camera on a desk"]);
}

#[test]
fn formats_are_told_by_content() {
    let box_of = |kind: &[u8]| [b"\0\0\0\x18", kind, b"\0\0\0\0"].concat();
    for (bytes, format) in [
        (png(&[]), Some("png")),
        (jpeg(&[]), Some("jpeg")),
        (webp(&[]), Some("webp")),
        (gif(&[], ""), Some("gif")),
        (box_of(b"ftypisom"), Some("mp4")),
        (box_of(b"ftypqt  "), Some("mov")),
        (box_of(b"moov"), Some("mov")),
        (box_of(b"ftypavif"), None),
        (box_of(b"ftypheic"), None),
        (b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x84webm".to_vec(), Some("webm")),
        (b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x88matroska".to_vec(), Some("mkv")),
        (b"RIFF\0\0\0\0WAVE".to_vec(), None),
        (b"<img src=x>".to_vec(), None),
        (b"".to_vec(), None),
        (b"\x89PNG".to_vec(), None),
        (b"\0\0\0\x18ftyp".to_vec(), None),
    ] {
        assert_eq!(sniff(&bytes).map(Format::as_str), format, "{bytes:?}");
    }
}

#[test]
fn a_photo_with_exif_xmp_and_iptc() {
    let exif = tiff(&[
        (0x010F, Tiff::Ascii("Canon")),
        (0x010E, Tiff::Ascii("A boat")),
        (0x4746, Tiff::Short(2)),
        (0x9C9E, Tiff::Bytes("Lake;boat".encode_utf16().flat_map(u16::to_le_bytes).collect())),
        (0x8769, Tiff::Directory(vec![(0x9003, Tiff::Ascii("2024:05:01 12:30:45"))])),
    ]);
    let packet = xmp(
        "xmp:Rating=\"4\" xmp:CreateDate=\"2020-01-01\"",
        "<dc:title><rdf:Alt><rdf:li>A boat</rdf:li></rdf:Alt></dc:title><dc:subject><rdf:Bag><rdf:li>lake</rdf:li></rdf:Bag></dc:subject>",
    );
    // IPTC that is spread over two segments.
    let iptc = resource(0x0404, &iptc_datasets(&[(2, 25, b"Boat"), (2, 120, b"Early morning")]));
    let (first, second) = iptc.split_at(20);
    check(
        &jpeg(&[
            (0xE0, b"JFIF\0".to_vec()),
            exif_segment(&exif),
            xmp_segment(&packet),
            photoshop_segment(first),
            photoshop_segment(second),
            (0xFE, b"CREATOR: gd-jpeg".to_vec()),
        ]),
        expect![[r#"
            {
              "captions": [
                "A boat",
                "Early morning"
              ],
              "created_at": {
                "civil": "2024-05-01T12:30:45"
              },
              "exif": {
                "description": "A boat",
                "keywords": [
                  "Lake",
                  "boat"
                ],
                "make": "Canon",
                "rating": 2,
                "taken_at": {
                  "civil": "2024-05-01T12:30:45"
                }
              },
              "format": "jpeg",
              "iptc": {
                "caption": "Early morning",
                "keywords": [
                  "Boat"
                ]
              },
              "rating": 4,
              "tags": [
                "lake",
                "Boat"
              ],
              "texts": [
                {
                  "keyword": "comment",
                  "value": "CREATOR: gd-jpeg"
                }
              ],
              "xmp": {
                "created_at": {
                  "civil": "2020-01-01T00:00:00"
                },
                "rating": 4,
                "subjects": [
                  "lake"
                ],
                "title": "A boat"
              }
            }"#]],
    );
}

#[test]
fn generation_parameters_are_found_wherever_programs_put_them() {
    let comment =
        tiff(&[(0x8769, Tiff::Directory(vec![(0x9286, Tiff::Undefined(unicode_comment(PARAMETERS)))]))]);
    let description = xmp(
        "",
        &format!(
            "<dc:description><rdf:Alt><rdf:li>{}</rdf:li></rdf:Alt></dc:description>",
            PARAMETERS.replace('<', "&lt;")
        ),
    );
    for (place, bytes) in [
        ("PNG text", png(&[text("parameters", PARAMETERS.as_bytes())])),
        ("packed PNG text", png(&[compressed_text("parameters", PARAMETERS.as_bytes())])),
        ("international PNG text", png(&[international_text("parameters", PARAMETERS)])),
        ("PNG EXIF", png(&[chunk(b"eXIf", &comment)])),
        ("JPEG EXIF", jpeg(&[exif_segment(&comment)])),
        ("WebP EXIF", webp(&[(b"VP8 ", vec![0; 5]), (b"EXIF", comment.clone())])),
        ("WebP EXIF with the JPEG header", webp(&[(b"EXIF", [b"Exif\0\0", &comment[..]].concat())])),
        ("JPEG comment", jpeg(&[(0xFE, PARAMETERS.as_bytes().to_vec())])),
        ("GIF comment", gif(&[PARAMETERS.as_bytes()], "")),
        ("JPEG XMP", jpeg(&[xmp_segment(&description)])),
    ] {
        let read = read_image_metadata(&bytes);
        let found = read.generation.unwrap_or_default();
        assert_eq!(
            (found.prompt.as_str(), found.seed, found.loras.len()),
            ("a cat <lora:l:0.5>", Some(5), 1),
            "{place}"
        );
        assert_eq!(read.captions, [""; 0], "{place}: parameters are no caption");
        assert_eq!(read.problems, [], "{place}");
    }
}

#[test]
fn comfyui_in_png_text_and_in_webp_camera_fields() {
    let graph = r#"{"1": {"class_type": "KSampler", "inputs": {"seed": 7, "positive": ["2", 0]}}, "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox"}}}"#;
    let workflow = r#"{"nodes": [{"id": 1, "type": "KSampler", "widgets_values": [8]}]}"#;
    let camera: &'static str = String::leak(format!("prompt:{graph}"));
    for bytes in [
        png(&[text("workflow", workflow.as_bytes()), text("prompt", graph.as_bytes())]),
        png(&[text("prompt", b"{\"broken"), text("prompt", graph.as_bytes())]),
        webp(&[(b"EXIF", tiff(&[(0x010F, Tiff::Ascii("workflow:{}")), (0x0110, Tiff::Ascii(camera))]))]),
    ] {
        let read = read_image_metadata(&bytes);
        let found = read.generation.unwrap_or_default();
        assert_eq!((found.prompt.as_str(), found.seed), ("a fox", Some(7)));
        let camera = read.exif.unwrap_or_default();
        assert_eq!((camera.make, camera.model), (None, None), "a graph is no camera");
    }
    let only_workflow = read_image_metadata(&png(&[text("workflow", workflow.as_bytes())]));
    assert_eq!(only_workflow.generation.and_then(|found| found.seed), Some(8));
    let plain = read_image_metadata(&png(&[text("prompt", b"a plain prompt of some other program")]));
    assert_eq!((plain.generation, plain.problems), (None, vec![]));
}

#[test]
fn a_gif_with_comments_and_xmp() {
    let packet = xmp("xmp:Rating=\"5\" dc:title=\"Loop\"", "");
    let long = "word ".repeat(200);
    check(
        &gif(&[b"made by hand", long.as_bytes()], &packet),
        expect![[r#"
        {
          "captions": [
            "Loop"
          ],
          "format": "gif",
          "rating": 5,
          "texts": [
            {
              "keyword": "comment",
              "value": "made by hand"
            },
            {
              "keyword": "comment",
              "value": "word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word"
            }
          ],
          "xmp": {
            "rating": 5,
            "title": "Loop"
          }
        }"#]],
    );
}

#[test]
fn one_broken_block_does_not_cost_the_others() {
    check(
        &jpeg(&[
            exif_segment(b"II\x2a\0\xFF\0\0\0"),
            xmp_segment("<not closed"),
            photoshop_segment(b"8BIM\x04\x04"),
            (0xFE, b"kept".to_vec()),
        ]),
        expect![[r#"
            {
              "format": "jpeg",
              "problems": [
                {
                  "code": "malformed",
                  "message": "the EXIF block is malformed: Truncated IFD count",
                  "part": "exif"
                },
                {
                  "code": "malformed",
                  "message": "the XMP packet is malformed: syntax error: tag not closed: `>` not found before end of input",
                  "part": "xmp"
                },
                {
                  "code": "truncated",
                  "message": "a Photoshop resource block is cut short at byte 6; what stands before was read",
                  "part": "iptc"
                }
              ],
              "texts": [
                {
                  "keyword": "comment",
                  "value": "kept"
                }
              ]
            }"#]],
    );
    check(
        &png(&[
            chunk(b"eXIf", b"junk"),
            text("prompt", b"{\"1\": "),
            compressed_text("bomb", &vec![b'A'; 2 << 20]),
            text("Title", b"kept"),
        ]),
        expect![[r#"
            {
              "captions": [
                "kept"
              ],
              "format": "png",
              "problems": [
                {
                  "code": "bomb",
                  "message": "PNG text `bomb` unpacks to more than 1048576 bytes and was left out",
                  "part": "text"
                },
                {
                  "code": "malformed",
                  "message": "the EXIF block is malformed: Truncated TIFF header",
                  "part": "exif"
                },
                {
                  "code": "malformed",
                  "message": "the ComfyUI graph is malformed: it is not JSON (line 1, column 5)",
                  "part": "generation"
                }
              ],
              "texts": [
                {
                  "keyword": "prompt",
                  "value": "{\"1\":"
                },
                {
                  "keyword": "Title",
                  "value": "kept"
                }
              ]
            }"#]],
    );
}

#[test]
fn truncated_files_of_every_format_say_so() {
    let exif = tiff(&[(0x010F, Tiff::Ascii("Canon"))]);
    for whole in [
        png(&[chunk(b"eXIf", &exif)]),
        jpeg(&[exif_segment(&exif), (0xFE, b"comment".to_vec())]),
        webp(&[(b"EXIF", exif.clone()), (b"XMP ", b"<x/>".to_vec())]),
        gif(&[b"comment"], "<x/>"),
    ] {
        let read = read_image_metadata(&whole[..whole.len() - 7]);
        assert!(read.format.is_some());
        assert!(
            read.problems.iter().any(|problem| problem.code == "truncated"),
            "{:?}: {:?}",
            read.format,
            read.problems
        );
        assert_eq!(
            read_image_metadata(&whole).problems.iter().filter(|problem| problem.code == "truncated").count(),
            0,
            "{:?}",
            read.format
        );
    }
}

#[test]
fn broken_structure_is_named() {
    check(
        b"\xFF\xD8\xFF\xE1\0\x01",
        expect![[r#"
        {
          "format": "jpeg",
          "problems": [
            {
              "code": "malformed",
              "message": "the JPEG is malformed: the segment at byte 4 is shorter than its own length",
              "part": "container"
            }
          ]
        }"#]],
    );
    check(
        b"\xFF\xD8\xFF\xFE\0\x03xjunk",
        expect![[r#"
        {
          "format": "jpeg",
          "problems": [
            {
              "code": "malformed",
              "message": "the JPEG is malformed: there is no marker at byte 7",
              "part": "container"
            }
          ],
          "texts": [
            {
              "keyword": "comment",
              "value": "x"
            }
          ]
        }"#]],
    );
    check(
        b"RIFF\0\0\0\0WEBPEXIF\xFF\xFF\xFF\xFF",
        expect![[r#"
        {
          "format": "webp",
          "problems": [
            {
              "code": "truncated",
              "message": "the WebP is cut short at byte 20; what stands before was read",
              "part": "container"
            }
          ]
        }"#]],
    );
    check(
        b"GIF89a\x01\0\x01\0\0\0\0\x99",
        expect![[r#"
        {
          "format": "gif",
          "problems": [
            {
              "code": "malformed",
              "message": "the GIF is malformed: there is no block at byte 13",
              "part": "container"
            }
          ]
        }"#]],
    );
    check(
        b"no image",
        expect![[r#"
        {
          "problems": [
            {
              "code": "malformed",
              "message": "the file is malformed: it is not a PNG, JPEG, WebP or GIF",
              "part": "container"
            }
          ]
        }"#]],
    );
    check(
        b"\0\0\0\x18ftypisom",
        expect![[r#"
        {
          "problems": [
            {
              "code": "malformed",
              "message": "the file is malformed: it is not a PNG, JPEG, WebP or GIF",
              "part": "container"
            }
          ]
        }"#]],
    );
}

#[test]
fn comments_are_bounded() {
    let comments: Vec<String> = (0..500).map(|n| format!("comment {n}")).collect();
    let comments: Vec<&[u8]> = comments.iter().map(String::as_bytes).collect();
    let read = read_image_metadata(&gif(&comments, ""));
    assert_eq!(read.texts.len(), MAX_COMMENTS);
    assert_eq!(read.problems.len(), 1);
    let huge = vec![b'x'; MAX_COMMENT_BYTES + 1];
    let read = read_image_metadata(&gif(&[&huge], ""));
    assert_eq!((read.texts.len(), read.problems.len()), (0, 1));
}

#[test]
fn each_text_is_kept_once_and_all_together_are_bounded() {
    let graph = r#"{"1": {"class_type": "KSampler", "inputs": {"seed": 7, "positive": ["2", 0]}}, "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox"}}}"#;
    let large = format!("{{\"nodes\": [], \"x\": \"{}\"}}", "y".repeat(MAX_KEPT_TEXT_BYTES));
    let read = read_image_metadata(&png(&[
        text("prompt", graph.as_bytes()),
        text("prompt", graph.as_bytes()),
        text("workflow", large.as_bytes()),
        text("Title", b"A fox"),
    ]));
    assert_eq!(read.generation.map(|found| found.prompt).as_deref(), Some("a fox"));
    let kept: Vec<(&str, &str)> =
        read.texts.iter().map(|text| (text.keyword.as_str(), text.value.as_str())).collect();
    let left_out = format!("({} bytes, not kept)", large.len());
    assert_eq!(kept, [("prompt", graph), ("workflow", left_out.as_str()), ("Title", "A fox")]);
}

#[test]
fn a_loop_that_several_readers_meet_is_one_problem() {
    let mut out = ImageMetadata::default();
    let error = || Error::Loop { what: "an EXIF directory" };
    out.note(Part::Exif, &[error(), error()]);
    out.note(Part::Exif, &[error()]);
    out.note(Part::Xmp, &[error()]);
    assert_eq!(out.problems.len(), 2);
}

#[test]
fn what_was_read_survives_the_way_through_json_but_for_the_place() {
    let gps = Tiff::Directory(vec![(2, Tiff::Rationals(vec![(48, 1)])), (4, Tiff::Rationals(vec![(9, 1)]))]);
    let bytes = png(&[
        chunk(b"eXIf", &tiff(&[(0x010F, Tiff::Ascii("Canon")), (0x8825, gps)])),
        text("parameters", PARAMETERS.as_bytes()),
        chunk(b"tEXt", b"broken"),
    ]);
    let mut read = read_image_metadata(&bytes);
    let back: Option<ImageMetadata> =
        serde_json::to_string(&read).ok().and_then(|json| serde_json::from_str(&json).ok());
    assert!(read.exif.as_ref().is_some_and(|exif| exif.private_gps.is_some()));
    if let Some(exif) = &mut read.exif {
        exif.private_gps = None;
    }
    assert_eq!(back, Some(read));
}

proptest! {
    #![proptest_config(contextualize_config(ProptestConfig::with_cases(500)))]

    #[test]
    fn a_changed_byte_or_a_cut_never_panics(at in 0_usize..2000, byte in any::<u8>(), cut in 0_usize..2000, which in 0_usize..4) {
        let exif = tiff(&[
            (0x010F, Tiff::Ascii("Canon")),
            (0x8769, Tiff::Directory(vec![(0x9286, Tiff::Undefined(unicode_comment(PARAMETERS)))])),
        ]);
        let packet = xmp("xmp:Rating=\"4\"", "<dc:subject><rdf:Bag><rdf:li>lake</rdf:li></rdf:Bag></dc:subject>");
        let iptc = resource(0x0404, &iptc_datasets(&[(2, 25, b"Boat")]));
        let mut bytes = match which {
            0 => png(&[chunk(b"eXIf", &exif), international_text("XML:com.adobe.xmp", &packet), text("parameters", PARAMETERS.as_bytes())]),
            1 => jpeg(&[exif_segment(&exif), xmp_segment(&packet), photoshop_segment(&iptc)]),
            2 => webp(&[(b"EXIF", exif), (b"XMP ", packet.into_bytes())]),
            _ => gif(&[PARAMETERS.as_bytes()], &packet),
        };
        let at = at % bytes.len();
        bytes[at] = byte;
        bytes.truncate(bytes.len().max(cut));
        let _ = read_image_metadata(&bytes);
        bytes.truncate(cut);
        let _ = read_image_metadata(&bytes);
    }
}
