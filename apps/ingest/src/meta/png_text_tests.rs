use expect_test::{Expect, expect};
use proptest::{prelude::*, test_runner::contextualize_config};

use super::*;
use crate::meta::fixtures::{chunk, compressed_text, international_text, packed, png, text};

fn check(bytes: &[u8], expected: Expect) {
    let read = read(bytes);
    let mut lines: Vec<String> = read
        .value
        .texts
        .iter()
        .map(|text| format!("{} = {}", text.keyword, charset::cut(&text.value, 60)))
        .collect();
    lines.extend(read.value.exif.map(|exif| format!("exif {} bytes", exif.len())));
    lines.extend(read.value.xmp.map(|xmp| format!("xmp {} bytes", xmp.len())));
    lines.extend(read.errors.iter().map(|error| format!("! {}: {error}", error.code())));
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn every_kind_of_text_in_file_order_with_duplicates() {
    let bytes = png(&[
        text("parameters", b"a cat\nSteps: 20"),
        compressed_text("Comment", b"packed"),
        international_text("Title", "Käse 猫"),
        chunk(b"iTXt", &[&b"Packed\0\x01\0de\0Titel\0"[..], &packed("größer".as_bytes())].concat()),
        text("Comment", b"second"),
    ]);
    check(
        &bytes,
        expect![[r#"
        parameters = a cat
        Steps: 20
        Comment = packed
        Title = Käse 猫
        Packed = größer
        Comment = second"#]],
    );
    assert_eq!(read(&bytes).value.get("Comment"), Some("packed"), "the first of two");
}

#[test]
fn latin1_and_utf8_are_told_apart_where_latin1_is_declared() {
    check(
        &png(&[
            text("Author", b"Andr\xE9"),
            text("Author", "André".as_bytes()),
            compressed_text("Author", b"J\xFCrgen"),
        ]),
        expect![[r#"
            Author = André
            Author = André
            Author = Jürgen"#]],
    );
}

#[test]
fn exif_and_xmp_stand_apart_and_the_first_counts() {
    check(
        &png(&[
            chunk(b"eXIf", b"II*\0"),
            chunk(b"eXIf", b"MM\0*later"),
            international_text("XML:com.adobe.xmp", "<x:xmpmeta/>"),
            international_text("XML:com.adobe.xmp", "<other-packet/>"),
        ]),
        expect![[r#"
            exif 4 bytes
            xmp 12 bytes"#]],
    );
}

#[test]
fn a_png_cut_within_a_text_keeps_the_start_of_it() {
    let whole = png(&[text("Title", b"kept"), text("parameters", b"a cat on a roof in the evening")]);
    let end = whole.len() - 12 - 4;
    check(
        &whole[..end - 10],
        expect![[r#"
        Title = kept
        parameters = a cat on a roof in t
        ! truncated: the PNG is cut short at byte 94; what stands before was read"#]],
    );
    check(
        &whole[..end + 2],
        expect![[r#"
        Title = kept
        parameters = a cat on a roof in the evening
        ! truncated: the PNG is cut short at byte 106; what stands before was read"#]],
    );
    check(&whole[..20], expect!["! truncated: the PNG is cut short at byte 20; what stands before was read"]);
}

#[test]
fn a_cut_compressed_text_keeps_what_unpacks() {
    let lines: String = (0..200).map(|n| format!("line {n} of the prompt\n")).collect();
    let whole = png(&[compressed_text("parameters", lines.as_bytes())]);
    check(
        &whole[..whole.len() - 100],
        expect![[r#"
        parameters = line 0 of the prompt
        line 1 of the prompt
        line 2 of the prom
        ! malformed: PNG text `parameters` is malformed: its compressed data is broken or cut short
        ! truncated: the PNG is cut short at byte 446; what stands before was read"#]],
    );
}

#[test]
fn a_wrong_checksum_is_an_error_and_the_text_is_kept() {
    let mut broken = text("Title", b"damaged?");
    let last = broken.len() - 1;
    broken[last] ^= 1;
    check(
        &png(&[broken, text("Next", b"goes on")]),
        expect![[r#"
        Title = damaged?
        Next = goes on
        ! checksum: the checksum of PNG chunk tEXt does not match; its text was kept, but may be damaged"#]],
    );
}

#[test]
fn a_zip_bomb_is_an_error_entry_and_the_rest_is_read() {
    let bomb = compressed_text("bomb", &vec![b'A'; 64 << 20]);
    assert!(bomb.len() < 80 << 10, "64 MiB in {} bytes", bomb.len());
    check(
        &png(&[bomb, text("Title", b"still here")]),
        expect![[r#"
        Title = still here
        ! bomb: PNG text `bomb` unpacks to more than 1048576 bytes and was left out"#]],
    );
}

#[test]
fn a_thousand_bombs_cost_no_more_than_the_total_limit() {
    let bomb = compressed_text("bomb", &vec![b'A'; 2 << 20]);
    let bytes = png(&vec![bomb; 1000]);
    let read = read(&bytes);
    assert!(read.value.texts.is_empty());
    assert!(read.errors.len() <= 17);
    assert!(read.errors.contains(&Error::Bomb { what: ALL_TEXTS.into(), limit_bytes: MAX_TOTAL_TEXT_BYTES }));
}

#[test]
fn a_text_larger_than_the_limit_is_left_out() {
    check(
        &png(&[text("big", &vec![b'x'; MAX_TEXT_BYTES + 1]), text("Title", b"small")]),
        expect![[r#"
        Title = small
        ! too_big: PNG text `big` is larger than 1048576 bytes and was left out"#]],
    );
}

#[test]
fn more_texts_than_the_limit_are_one_error() {
    let bytes = png(&vec![text("k", b"v"); MAX_TEXTS + 50]);
    let read = read(&bytes);
    assert_eq!(read.value.texts.len(), MAX_TEXTS);
    assert_eq!(read.errors, [Error::TooMany { what: "PNG texts", limit: MAX_TEXTS }]);
}

#[test]
fn malformed_chunks_cost_themselves() {
    check(
        &png(&[
            chunk(b"tEXt", b"no end of keyword"),
            chunk(b"tEXt", b"\0empty keyword"),
            text(&"k".repeat(80), b"keyword too long"),
            chunk(b"zTXt", b"method\0\x07abc"),
            chunk(b"zTXt", b"garbage\0\0not zlib at all"),
            chunk(b"iTXt", b"short\0"),
            chunk(b"iTXt", b"method\0\x01\x09\0\0x"),
            chunk(b"tEXt", b""),
            text("Title", b"still here"),
        ]),
        expect![[r#"
            Title = still here
            ! malformed: PNG chunk tEXt is malformed: its keyword does not end
            ! malformed: PNG chunk tEXt is malformed: its keyword is 0 bytes long, not 1 to 79
            ! malformed: PNG chunk tEXt is malformed: its keyword is 80 bytes long, not 1 to 79
            ! malformed: PNG text `method` is malformed: its compression method is unknown
            ! malformed: PNG text `garbage` is malformed: its compressed data is broken or cut short
            ! malformed: PNG text `short` is malformed: its language or translated keyword does not end
            ! malformed: PNG text `method` is malformed: its compression method is unknown
            ! malformed: PNG chunk tEXt is malformed: its keyword does not end"#]],
    );
}

#[test]
fn no_png_and_lost_chunks_and_huge_lengths() {
    check(b"GIF89a", expect!["! malformed: the PNG is malformed: it does not start with the PNG signature"]);
    check(SIGNATURE, expect!["! truncated: the PNG is cut short at byte 8; what stands before was read"]);
    check(
        &[&SIGNATURE[..], &[0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0]].concat(),
        expect!["! malformed: the PNG is malformed: there is no chunk at byte 8"],
    );
    check(
        &[&SIGNATURE[..], b"\xFF\xFF\xFF\xFFtEXtk\0v"].concat(),
        expect!["! malformed: the PNG is malformed: there is no chunk at byte 8"],
    );
    check(
        &[&SIGNATURE[..], b"\x7F\xFF\xFF\xFFtEXtk\0v"].concat(),
        expect![[r#"
        k = v
        ! truncated: the PNG is cut short at byte 19; what stands before was read"#]],
    );
}

#[test]
fn what_stands_behind_the_end_is_not_read() {
    check(&[png(&[]), text("hidden", b"x")].concat(), expect![[""]]);
}

#[test]
fn raw_profiles_are_blocks_and_no_texts() {
    let profile = |name: &str, digits: &str| {
        compressed_text(
            &format!("Raw profile type {name}"),
            format!("\n{name}\n {}\n{digits}", digits.len() / 2).as_bytes(),
        )
    };
    let bytes = png(&[
        profile("exif", "45786966000049492a00"),
        profile("iptc", "3842494d"),
        profile("icc", "00"),
        text("Title", b"kept"),
    ]);
    check(
        &bytes,
        expect![[r#"
        Title = kept
        exif 4 bytes"#]],
    );
    assert_eq!(read(&bytes).value.photoshop, b"8BIM");
}

proptest! {
    #![proptest_config(contextualize_config(ProptestConfig::with_cases(300)))]

    #[test]
    fn every_text_written_is_read_again(keyword in "[a-zA-Z]{1,79}", value in "[ -~äöü猫]{0,300}") {
        let trimmed = value.trim();
        for chunk in [compressed_text(&keyword, value.as_bytes()), international_text(&keyword, &value), text(&keyword, value.as_bytes())] {
            let bytes = png(&[chunk]);
            let read = read(&bytes);
            prop_assert_eq!(&read.errors, &[]);
            prop_assert_eq!(read.value.get(&keyword), Some(trimmed));
        }
    }

    #[test]
    fn every_cut_of_a_png_gives_a_prefix_and_an_error(cut in 0_usize..200) {
        let whole = png(&[text("Title", b"first"), compressed_text("Comment", b"second"), international_text("Author", "third")]);
        let read = read(&whole[..cut.min(whole.len() - 5)]);
        prop_assert!(!read.errors.is_empty());
        for text in &read.value.texts {
            prop_assert!(["first", "second", "third"].iter().any(|full| full.starts_with(&text.value)));
        }
    }
}
