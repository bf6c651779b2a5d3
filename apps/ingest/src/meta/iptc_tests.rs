use expect_test::{Expect, expect};

use super::*;
use crate::meta::fixtures::{iptc_datasets, resource, show_json};

fn check(blocks: &[u8], expected: Expect) {
    let read = read(blocks);
    let errors: Vec<String> =
        read.errors.iter().map(|error| format!("\n! {}: {error}", error.code())).collect();
    expected.assert_eq(&format!("{}{}", show_json(&read.value), errors.concat()));
}

fn iim(datasets: &[(u8, u8, &[u8])]) -> Vec<u8> {
    resource(0x0404, &iptc_datasets(datasets))
}

#[test]
fn every_field_in_declared_utf8_among_other_resources() {
    let datasets = iim(&[
        (1, 90, b"\x1b%G"),
        (2, 0, b"\0\x04"),
        (2, 5, "Der See".as_bytes()),
        (2, 25, "Bär".as_bytes()),
        (2, 25, b"boat"),
        (2, 55, b"20240501"),
        (2, 60, b"123045+0200"),
        (2, 80, b"A. Person"),
        (2, 90, b"Stuttgart"),
        (2, 95, b"BW"),
        (2, 101, b"Germany"),
        (2, 105, b"Headline"),
        (2, 116, b"CC0"),
        (2, 120, b"A boat on the lake"),
    ]);
    check(
        &[resource(0x03ED, b"odd"), datasets, resource(0x0425, &[0; 16])].concat(),
        expect![[r#"
        {
          "byline": "A. Person",
          "caption": "A boat on the lake",
          "city": "Stuttgart",
          "copyright": "CC0",
          "country": "Germany",
          "created_at": {
            "civil": "2024-05-01T12:30:45",
            "offset_seconds": 7200
          },
          "headline": "Headline",
          "keywords": [
            "Bär",
            "boat"
          ],
          "object_name": "Der See",
          "state": "BW"
        }"#]],
    );
}

#[test]
fn without_a_declared_set_latin1_and_utf8_are_told_apart() {
    check(
        &iim(&[(2, 25, b"B\xE4r"), (2, 25, "Bär".as_bytes()), (2, 25, b"\0 \0")]),
        expect![[r#"
        {
          "keywords": [
            "Bär",
            "Bär"
          ]
        }"#]],
    );
}

#[test]
fn extended_lengths_are_read_and_absurd_ones_end_the_block() {
    let long = [&[0x1C, 2, 120, 0x80, 4, 0, 0, 0, 5][..], b"hello"].concat();
    check(
        &resource(0x0404, &long),
        expect![[r#"
        {
          "caption": "hello"
        }"#]],
    );
    for absurd in
        [&[0x1C, 2, 120, 0x80, 4, 0xFF, 0xFF, 0xFF, 0xFF][..], &[0x1C, 2, 120, 0xFF, 0xFF, 0], &[0x1C, 2]]
    {
        let block = [iptc_datasets(&[(2, 5, b"kept")]), absurd.to_vec()].concat();
        let read = read(&resource(0x0404, &block));
        assert_eq!(read.value.object_name.as_deref(), Some("kept"));
        assert_eq!(read.errors.iter().map(Error::code).collect::<Vec<_>>(), ["truncated"]);
    }
}

#[test]
fn a_block_that_breaks_off_and_other_bytes() {
    let whole = [iim(&[(2, 5, b"kept")]), iim(&[(2, 120, b"lost")])].concat();
    check(
        &whole[..whole.len() - 3],
        expect![[r#"
        {
          "object_name": "kept"
        }
        ! truncated: a Photoshop resource block is cut short at byte 41; what stands before was read"#]],
    );
    check(
        b"8BIM",
        expect![[r#"
        {}
        ! truncated: a Photoshop resource block is cut short at byte 4; what stands before was read"#]],
    );
    check(b"something else", expect!["{}"]);
}

#[test]
fn keywords_datasets_and_bytes_are_bounded() {
    let many: Vec<(u8, u8, &[u8])> = vec![(2, 25, b"k"); MAX_IPTC_KEYWORDS + 10];
    check_counts(&iim(&many), MAX_IPTC_KEYWORDS, &["too_many"]);
    let many: Vec<(u8, u8, &[u8])> = vec![(2, 240, b"k"); MAX_IPTC_DATASETS + 10];
    check_counts(&iim(&many), 0, &["too_many"]);
    check_counts(&vec![0; MAX_IPTC_BYTES + 1], 0, &["too_big"]);
}

fn check_counts(blocks: &[u8], keywords: usize, codes: &[&str]) {
    let read = read(blocks);
    assert_eq!(read.value.keywords.len(), keywords);
    assert_eq!(read.errors.iter().map(Error::code).collect::<Vec<_>>(), codes);
}
