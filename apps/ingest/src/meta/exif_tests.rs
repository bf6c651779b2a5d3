use expect_test::{Expect, expect};

use super::*;
use crate::meta::fixtures::{Tiff, show_json, tiff, unicode_comment};

fn check(bytes: &[u8], expected: Expect) {
    let read = read(bytes);
    let errors: Vec<String> =
        read.errors.iter().map(|error| format!("\n! {}: {error}", error.code())).collect();
    expected.assert_eq(&format!("{}{}", show_json(&read.value), errors.concat()));
}

fn camera() -> Vec<u8> {
    tiff(&[
        (0x010F, Tiff::Ascii("Canon ")),
        (0x0110, Tiff::Ascii("EOS R5")),
        (0x010E, Tiff::Ascii("A walk")),
        (0x0112, Tiff::Short(6)),
        (0x0132, Tiff::Ascii("2024:06:01 00:00:00")),
        (0x4746, Tiff::Short(4)),
        (0x9C9E, Tiff::Bytes("lake; Bärensee ;;boat\0".encode_utf16().flat_map(u16::to_le_bytes).collect())),
        (0x9C9B, Tiff::Bytes("Morning\0".encode_utf16().flat_map(u16::to_le_bytes).collect())),
        (
            0x8769,
            Tiff::Directory(vec![
                (0x829A, Tiff::Rationals(vec![(1, 250)])),
                (0x829D, Tiff::Rationals(vec![(28, 10)])),
                (0x8827, Tiff::Short(400)),
                (0x9003, Tiff::Ascii("2024:05:01 12:30:45")),
                (0x9011, Tiff::Ascii("+02:00")),
                (0x9291, Tiff::Ascii("25")),
                (0x920A, Tiff::Rationals(vec![(50, 1)])),
                (0xA434, Tiff::Ascii("RF50mm F1.2")),
                (0x9286, Tiff::Undefined(unicode_comment("Käse and 猫"))),
            ]),
        ),
        (
            0x8825,
            Tiff::Directory(vec![
                (1, Tiff::Ascii("N")),
                (2, Tiff::Rationals(vec![(48, 1), (46, 1), (30, 1)])),
                (3, Tiff::Ascii("W")),
                (4, Tiff::Rationals(vec![(9, 1), (11, 1), (0, 1)])),
                (5, Tiff::Bytes(vec![1])),
                (6, Tiff::Rationals(vec![(12, 1)])),
            ]),
        ),
    ])
}

#[test]
fn a_camera_picture() {
    check(
        &camera(),
        expect![[r#"
        {
          "description": "A walk",
          "exposure": "1/250",
          "exposure_s": 0.004,
          "f_number": 2.8,
          "focal_length_mm": 50.0,
          "iso": 400,
          "keywords": [
            "lake",
            "Bärensee",
            "boat"
          ],
          "lens": "RF50mm F1.2",
          "make": "Canon",
          "model": "EOS R5",
          "orientation": 6,
          "rating": 4,
          "taken_at": {
            "civil": "2024-05-01T12:30:45.25",
            "offset_seconds": 7200
          },
          "title": "Morning",
          "user_comment": "Käse and 猫"
        }"#]],
    );
}

#[test]
fn the_place_is_read_but_never_serialised_or_shown_in_logs() {
    let info = read(&camera()).value;
    let gps = info.private_gps;
    assert_eq!(
        gps.map(|gps| (gps.latitude_deg, gps.longitude_deg, gps.altitude_m)),
        Some((48.775, -9.183333333333334, Some(-12.0)))
    );
    let json = show_json(&info);
    let debug = format!("{info:?}");
    assert!(!json.contains("48.7") && !json.contains("gps"), "{json}");
    assert!(!debug.contains("48.7") && debug.contains("Gps(private)"), "{debug}");
    assert!(show_json(&gps).contains("48.775"), "who asks for it gets it");
}

#[test]
fn zero_denominators_blank_dates_and_values_out_of_range_are_absent() {
    let exif = Tiff::Directory(vec![
        (0x829A, Tiff::Rationals(vec![(1, 0)])),
        (0x829D, Tiff::Rationals(vec![(0, 10)])),
        (0x920A, Tiff::Rationals(vec![])),
        (0x9003, Tiff::Ascii("    :  :     :  :  ")),
        (0x9286, Tiff::Undefined(b"JIS\0\0\0\0\0abc".to_vec())),
    ]);
    let gps = Tiff::Directory(vec![
        (2, Tiff::Rationals(vec![(480, 1), (0, 1), (0, 1)])),
        (4, Tiff::Rationals(vec![(9, 1), (0, 0), (0, 0)])),
    ]);
    check(
        &tiff(&[
            (0x0112, Tiff::Short(99)),
            (0x4746, Tiff::Short(9)),
            (0x010F, Tiff::Ascii("  ")),
            (0x8769, exif),
            (0x8825, gps),
        ]),
        expect![[r#"
            {}
            ! out_of_range: the EXIF rating is 9, which is outside 0 to 5; it was ignored"#]],
    );
}

#[test]
fn user_comments_in_every_encoding_tools_write() {
    for (name, bytes) in [
        ("big-endian in a little-endian file", unicode_comment("Steps: 20")),
        (
            "little-endian",
            [&b"UNICODE\0"[..], &"Steps: 20".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()]
                .concat(),
        ),
        ("ASCII", b"ASCII\0\0\0Steps: 20\0\0".to_vec()),
        ("undefined", b"\0\0\0\0\0\0\0\0Steps: 20".to_vec()),
        ("no encoding at all", b"Steps: 20".to_vec()),
    ] {
        let read = read(&tiff(&[(0x8769, Tiff::Directory(vec![(0x9286, Tiff::Undefined(bytes))]))]));
        assert_eq!(read.value.user_comment.as_deref(), Some("Steps: 20"), "{name}");
    }
}

#[test]
fn directories_without_a_pointer_behind_them_as_piexif_writes_are_no_problem() {
    let comment = unicode_comment("Steps: 20");
    let mut bytes = tiff(&[(0x8769, Tiff::Directory(vec![(0x9286, Tiff::Undefined(comment))]))]);
    // The pointer behind the inner directory becomes the value that would stand there.
    let (outer, inner) = (8, 8 + 2 + 12 + 4);
    bytes[inner + 2 + 12..][..4].copy_from_slice(b"UNIC");
    let read_inner = read(&bytes);
    assert_eq!((read_inner.value.user_comment.as_deref(), read_inner.errors.len()), (Some("Steps: 20"), 0));
    // The last directory ends with the block.
    let bytes = tiff(&[(0x0112, Tiff::Short(6))]);
    let read_last = read(&bytes[..outer + 2 + 12]);
    assert_eq!((read_last.value.orientation, read_last.errors.len()), (Some(6), 0));
}

#[test]
fn exif_loops_end_and_what_stands_outside_is_read() {
    // The EXIF directory's pointer points at the main directory.
    check(
        &tiff(&[(0x010F, Tiff::Ascii("Canon")), (0x8769, Tiff::Long(8))]),
        expect![[r#"
        {
          "make": "Canon"
        }
        ! loop: an EXIF directory contains itself or nests too deeply; what stands outside was read"#]],
    );
    // The main directory is its own successor.
    let mut own_next = tiff(&[(0x0112, Tiff::Short(3))]);
    let at = own_next.len() - 4;
    own_next[at..].copy_from_slice(&8_u32.to_le_bytes());
    check(
        &own_next,
        expect![[r#"
        {
          "orientation": 3
        }
        ! loop: an EXIF directory contains itself or nests too deeply; what stands outside was read"#]],
    );
}

#[test]
fn overlapping_directories_do_not_multiply() {
    // 5,000 GPS pointers, each to another place within the same entries.
    let entries: Vec<(u16, Tiff)> =
        (0..5000_u32).map(|n| (0x8825, Tiff::Long(10 + n * 12 % 50_000))).collect();
    check(
        &tiff(&entries),
        expect![[r#"
            {}
            ! too_many: there are more than 4096 EXIF entries; not all were read"#]],
    );
    // The same through pointers that stand away from their entries.
    let mut away = b"II\x2a\0\x08\0\0\0".to_vec();
    away.extend(4000_u16.to_le_bytes());
    for n in 0..4000_u32 {
        away.extend([0x25, 0x88, 4, 0, 2, 0, 0, 0]);
        away.extend((8 + 2 + 4000 * 12 + 4 + n * 4).to_le_bytes());
    }
    away.extend([0; 4]);
    away.extend((0..4001_u32).flat_map(|n| (10 + n * 12).to_le_bytes()));
    check(
        &away,
        expect![[r#"
            {}
            ! too_many: there are more than 4096 EXIF entries; not all were read"#]],
    );
}

#[test]
fn texts_of_nothing_but_nuls_do_not_multiply() {
    let nuls = vec![0; 1 << 19];
    let mut bytes = b"II\x2a\0\x08\0\0\0\x01\0\x0F\x01\x02\0".to_vec();
    bytes.extend(u32::try_from(nuls.len()).unwrap_or_default().to_le_bytes());
    bytes.extend(26_u32.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(nuls);
    check(
        &bytes,
        expect![[r#"
            {}
            ! too_many: there are more than 16384 NULs in EXIF texts; not all were read"#]],
    );
}

#[test]
fn huge_counts_and_offsets_outside_are_errors() {
    let mut bytes = b"II\x2a\0\x08\0\0\0\x02\0".to_vec();
    bytes.extend(b"\x0F\x01\x02\0\xFF\xFF\xFF\xFF\x08\0\0\0");
    bytes.extend(b"\x10\x01\x02\0\x03\0\0\0ok\0\0");
    bytes.extend([0; 4]);
    check(
        &bytes,
        expect![[r#"
        {
          "model": "ok"
        }
        ! malformed: the EXIF block is malformed: Truncated field value"#]],
    );
}

#[test]
fn no_tiff_too_short_and_too_big() {
    check(
        b"",
        expect![[r#"
        {}
        ! malformed: the EXIF block is malformed: Truncated TIFF header"#]],
    );
    check(
        b"II\x2a\0",
        expect![[r#"
        {}
        ! malformed: the EXIF block is malformed: Truncated TIFF header"#]],
    );
    check(
        b"XX\x2a\0\x08\0\0\0",
        expect![[r#"
        {}
        ! malformed: the EXIF block is malformed: Invalid TIFF byte order"#]],
    );
    check(
        b"II\x2a\0\xFF\xFF\xFF\xFF",
        expect![[r#"
        {}
        ! malformed: the EXIF block is malformed: Truncated IFD count"#]],
    );
    check(
        &vec![0; MAX_EXIF_BYTES + 1],
        expect![[r#"
        {}
        ! too_big: the EXIF block is larger than 1048576 bytes and was left out"#]],
    );
}

#[test]
fn exposures_are_shown_as_photographers_say_them() {
    assert_eq!(
        [0.004, 1.0 / 3000.0, 0.5, 1.0, 30.0].map(show_exposure),
        ["1/250", "1/3000", "0.5", "1", "30"]
    );
}
