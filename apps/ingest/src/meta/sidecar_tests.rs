use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn check(bytes: &[u8], expected: Expect) {
    let shown = match parse(bytes) {
        Ok(sidecar) => format!("{} {}", sidecar.score, sidecar.favourite),
        Err(error) => format!("{}: {error}", error.code()),
    };
    expected.assert_eq(&shown);
}

#[test]
fn every_score_of_the_scale_is_read() {
    for score in -1..=5 {
        let json = format!("{{\"score\": {score}, \"favourite\": true}}");
        assert_eq!(parse(json.as_bytes()), Ok(Sidecar { score, favourite: true }));
    }
}

#[test]
fn missing_keys_are_unrated_and_no_favourite() {
    check(b"{}", expect!["0 false"]);
    check(b"{\"favourite\": true}", expect!["0 true"]);
    check(b" {\"score\": 3}\n", expect!["3 false"]);
}

#[test]
fn keys_of_other_tools_are_no_error_and_not_kept() {
    check(
        br#"{"tool": {"score": 9, "deep": [1, {"favourite": 0}]}, "score": 2, "tool": 1, "SCORE": 7}"#,
        expect!["2 false"],
    );
}

#[test]
fn out_of_range_scores_are_typed_errors() {
    check(
        b"{\"score\": 6}",
        expect![
            "sidecar_out_of_range: the sidecar's `score` is 6; it must be -1 (reject), 0 (unrated) or 1 to 5"
        ],
    );
    check(
        b"{\"score\": -2}",
        expect![
            "sidecar_out_of_range: the sidecar's `score` is -2; it must be -1 (reject), 0 (unrated) or 1 to 5"
        ],
    );
    check(
        b"{\"score\": 300}",
        expect![
            "sidecar_out_of_range: the sidecar's `score` is 300; it must be -1 (reject), 0 (unrated) or 1 to 5"
        ],
    );
    check(
        b"{\"score\": 18446744073709551615}",
        expect![
            "sidecar_out_of_range: the sidecar's `score` is 18446744073709551615; it must be -1 (reject), 0 (unrated) or 1 to 5"
        ],
    );
}

#[test]
fn wrong_types_are_typed_errors() {
    check(
        b"{\"score\": \"3\"}",
        expect![[r#"sidecar_wrong_type: the sidecar's `score` must be a whole number, not "3""#]],
    );
    check(
        b"{\"score\": 3.5}",
        expect!["sidecar_wrong_type: the sidecar's `score` must be a whole number, not 3.5"],
    );
    check(
        b"{\"score\": null}",
        expect!["sidecar_wrong_type: the sidecar's `score` must be a whole number, not null"],
    );
    check(
        b"{\"score\": [3]}",
        expect!["sidecar_wrong_type: the sidecar's `score` must be a whole number, not a list"],
    );
    check(
        b"{\"score\": 1, \"favourite\": 1}",
        expect!["sidecar_wrong_type: the sidecar's `favourite` must be true or false, not 1"],
    );
    check(
        b"{\"score\": 1, \"favourite\": \"yes\"}",
        expect![[r#"sidecar_wrong_type: the sidecar's `favourite` must be true or false, not "yes""#]],
    );
    check(b"[1, 2]", expect!["sidecar_wrong_type: the sidecar's content must be an object, not a list"]);
    check(b"3", expect!["sidecar_wrong_type: the sidecar's content must be an object, not 3"]);
    check(
        b"\"\\u001b[31m\"",
        expect![[r#"sidecar_wrong_type: the sidecar's content must be an object, not "\u001b[31m""#]],
    );
    check(
        format!("{{\"score\": \"{}\"}}", "é".repeat(1000)).as_bytes(),
        expect![[
            r#"sidecar_wrong_type: the sidecar's `score` must be a whole number, not "ééééééééééééééééééé…"#
        ]],
    );
}

#[test]
fn half_written_json_says_so() {
    let whole = "{\"score\": 4, \"favourite\": true}";
    for end in 1..whole.len() {
        let error = parse(&whole.as_bytes()[..end]);
        assert!(matches!(error, Err(SidecarError::HalfWritten { .. })), "{end}: {error:?}");
    }
    check(
        b"{\"score\": 4,",
        expect![
            "sidecar_half_written: the sidecar's JSON breaks off at line 1, column 12; it may not have been written to the end"
        ],
    );
    check(b"", expect!["sidecar_empty: the sidecar is empty; it may not have been written to the end"]);
    check(b" \n", expect!["sidecar_empty: the sidecar is empty; it may not have been written to the end"]);
}

#[test]
fn bad_json_is_told_from_half_written() {
    check(b"{score: 4}", expect!["sidecar_bad_json: the sidecar is not JSON (line 1, column 2)"]);
    check(
        b"{\"score\": 4} {\"score\": 5}",
        expect!["sidecar_bad_json: the sidecar is not JSON (line 1, column 14)"],
    );
    check(b"{\"score\": 04}", expect!["sidecar_bad_json: the sidecar is not JSON (line 1, column 12)"]);
    check(b"{\"score\": 1e999}", expect!["sidecar_bad_json: the sidecar is not JSON (line 1, column 15)"]);
    check(
        "[".repeat(60_000).as_bytes(),
        expect![
            "sidecar_half_written: the sidecar's JSON breaks off at line 1, column 60000; it may not have been written to the end"
        ],
    );
}

#[test]
fn duplicate_keys_are_an_error_even_where_they_agree() {
    check(
        b"{\"score\": 4, \"score\": 4}",
        expect!["sidecar_duplicate_key: the sidecar has `score` twice; keep one"],
    );
    check(
        b"{\"favourite\": true, \"score\": 4, \"favourite\": false}",
        expect!["sidecar_duplicate_key: the sidecar has `favourite` twice; keep one"],
    );
    check(
        b"{\"score\": 4, \"sc\\u006fre\": 5}",
        expect!["sidecar_duplicate_key: the sidecar has `score` twice; keep one"],
    );
}

#[test]
fn byte_order_marks_other_encodings_and_large_files_are_errors() {
    check(
        b"\xEF\xBB\xBF{\"score\": 4}",
        expect![
            "sidecar_byte_order_mark: the sidecar starts with a byte order mark; save it as UTF-8 without one"
        ],
    );
    check(
        b"\xFF\xFE{\0}\0",
        expect![
            "sidecar_byte_order_mark: the sidecar starts with a byte order mark; save it as UTF-8 without one"
        ],
    );
    check(
        b"{\"score\": 4, \"by\": \"Andr\xE9\"}",
        expect!["sidecar_not_utf8: the sidecar is not UTF-8 (first broken byte at 24); save it as UTF-8"],
    );
    check(
        &vec![b' '; MAX_SIDECAR_BYTES + 1],
        expect!["sidecar_too_big: the sidecar is larger than 65536 bytes; it is not a score file"],
    );
}

#[test]
fn sidecars_are_found_by_the_whole_name() {
    assert_eq!(path_of(Path::new("/m/a.png")), Some(PathBuf::from("/m/.scores/a.png.json")));
    assert_eq!(path_of(Path::new("/m/a.jpg")), Some(PathBuf::from("/m/.scores/a.jpg.json")));
    assert_eq!(path_of(Path::new("/")), None);
    #[cfg(unix)]
    {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let path = path_of(&Path::new("/m").join(OsStr::from_bytes(b"\xFF.png")));
        assert_eq!(path, Some(Path::new("/m/.scores").join(OsStr::from_bytes(b"\xFF.png.json"))));
    }
}

proptest! {
    #[test]
    fn every_whole_number_is_in_range_or_a_typed_error(score in any::<i64>(), favourite in any::<bool>()) {
        let parsed = parse(format!("{{\"score\": {score}, \"favourite\": {favourite}}}").as_bytes());
        if (-1..=5).contains(&score) {
            prop_assert_eq!(parsed, Ok(Sidecar { score: score as i8, favourite }));
        } else {
            prop_assert_eq!(parsed, Err(SidecarError::OutOfRange { value: score.to_string() }));
        }
    }
}
