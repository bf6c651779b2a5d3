use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::*;
use crate::meta::fixtures::{show_json, xmp};

fn check(packet: &[u8], expected: Expect) {
    let read = read(packet);
    let errors: Vec<String> =
        read.errors.iter().map(|error| format!("\n! {}: {error}", error.code())).collect();
    expected.assert_eq(&format!("{}{}", show_json(&read.value), errors.concat()));
}

#[test]
fn elements_with_language_alternatives_take_the_default_first() {
    let packet = xmp(
        "",
        r#"<dc:title><rdf:Alt><rdf:li xml:lang="de">Der See</rdf:li><rdf:li xml:lang="x-default">The lake</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="de">Ein See &amp; ein Boot</rdf:li><rdf:li xml:lang="en">A lake</rdf:li></rdf:Alt></dc:description>
<dc:subject><rdf:Bag><rdf:li>lake</rdf:li><rdf:li> </rdf:li><rdf:li>B&#228;r</rdf:li><rdf:li><![CDATA[a < b]]></rdf:li></rdf:Bag></dc:subject>
<xmp:Rating>4</xmp:Rating><xmp:CreateDate>2024-05-01T12:30:45+02:00</xmp:CreateDate><xmp:CreatorTool>darktable 4.6</xmp:CreatorTool>"#,
    );
    check(
        packet.as_bytes(),
        expect![[r#"
        {
          "created_at": {
            "civil": "2024-05-01T12:30:45",
            "offset_seconds": 7200
          },
          "creator_tool": "darktable 4.6",
          "description": "Ein See & ein Boot",
          "rating": 4,
          "subjects": [
            "lake",
            "Bär",
            "a < b"
          ],
          "title": "The lake"
        }"#]],
    );
}

#[test]
fn attributes_are_the_same_as_elements() {
    let packet = xmp(
        r#"xmp:Rating="-1" xmp:CreatorTool="a &lt;b&gt;" photoshop:DateCreated="2024-05-01" dc:title="Short""#,
        "",
    );
    check(
        packet.as_bytes(),
        expect![[r#"
        {
          "created_at": {
            "civil": "2024-05-01T00:00:00"
          },
          "creator_tool": "a <b>",
          "rating": -1,
          "title": "Short"
        }"#]],
    );
}

#[test]
fn namespaces_count_by_uri_not_by_prefix() {
    check(
        br#"<q:RDF xmlns:q="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><q:Description xmlns:a="http://ns.adobe.com/xap/1.0/" xmlns:xmp="urn:other" a:Rating="5" xmp:Rating="1" Rating="2" nope:Rating="3"/></q:RDF>"#,
        expect![[r#"
            {
              "rating": 5
            }"#]],
    );
    check(
        br#"<RDF xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><Description><Rating xmlns="http://ns.adobe.com/xap/1.0/">3.0</Rating></Description></RDF>"#,
        expect![[r#"
            {
              "rating": 3
            }"#]],
    );
}

#[test]
fn the_history_and_ingredients_of_a_picture_are_not_the_picture() {
    let packet = xmp(
        r#"xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/""#,
        r#"<xmpMM:Pantry><rdf:Bag><rdf:li><rdf:Description xmp:Rating="2"><dc:title><rdf:Alt><rdf:li>other</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:li></rdf:Bag></xmpMM:Pantry><xmp:Rating>1</xmp:Rating>"#,
    );
    check(
        packet.as_bytes(),
        expect![[r#"
        {
          "rating": 1
        }"#]],
    );
}

#[test]
fn ratings_out_of_range_are_errors() {
    for rating in ["6", "-2", "NaN", "five", "1e300"] {
        let read = read(xmp(&format!("xmp:Rating=\"{rating}\""), "").as_bytes());
        assert_eq!(read.value.rating, None, "{rating}");
        assert_eq!(read.errors.iter().map(Error::code).collect::<Vec<_>>(), ["out_of_range"], "{rating}");
    }
}

#[test]
fn entities_and_document_types_are_not_expanded() {
    let mut bomb = String::from("<!DOCTYPE x [<!ENTITY a \"ha\">");
    for n in 0..20 {
        write!(bomb, "<!ENTITY b{n} \"&a;&a;&a;&a;&a;&a;&a;&a;\">").ok();
    }
    bomb.push_str("<!ENTITY file SYSTEM \"file:///etc/passwd\">]>");
    let packet = xmp(
        "xmp:CreatorTool=\"&b1;\"",
        "<dc:title><rdf:Alt><rdf:li>x&b19;&file;y</rdf:li></rdf:Alt></dc:title>",
    );
    check(
        format!("{bomb}{packet}").as_bytes(),
        expect![[r#"
        {
          "title": "xy"
        }
        ! entity: the XMP packet has a document type or entities of its own; they were ignored
        ! entity: the XMP packet has a document type or entities of its own; they were ignored"#]],
    );
}

#[test]
fn a_packet_that_breaks_off_keeps_what_stood_before() {
    let packet = xmp(
        "xmp:Rating=\"3\"",
        "<dc:title><rdf:Alt><rdf:li>whole</rdf:li></rdf:Alt></dc:title><dc:description><rdf:Alt><rdf:li>half",
    );
    let cut = packet.find("half").unwrap_or_default() + 4;
    check(
        &packet.as_bytes()[..cut],
        expect![[r#"
        {
          "rating": 3,
          "title": "whole"
        }
        ! truncated: the XMP packet is cut short at byte 436; what stands before was read"#]],
    );
    check(
        &packet.as_bytes()[..cut - 7],
        expect![[r#"
        {
          "rating": 3,
          "title": "whole"
        }
        ! malformed: the XMP packet is malformed: syntax error: tag not closed: `>` not found before end of input"#]],
    );
}

#[test]
fn nesting_and_namespaces_are_bounded() {
    check(
        "<a>".repeat(10_000).as_bytes(),
        expect![[r#"
        {}
        ! loop: an XMP element contains itself or nests too deeply; what stands outside was read"#]],
    );
    let bindings: String = (0..1000).map(|n| format!(" xmlns:n{n}=\"urn:{n}\"")).collect();
    check(
        format!("<a{bindings}/>").as_bytes(),
        expect![[r#"
            {}
            ! too_many: there are more than 64 XMP namespaces; not all were read"#]],
    );
    check(
        &vec![b' '; MAX_XMP_BYTES + 1],
        expect![[r#"
        {}
        ! too_big: the XMP packet is larger than 1048576 bytes and was left out"#]],
    );
}

#[test]
fn a_hundred_thousand_attributes_and_keywords_are_read_in_linear_time() {
    let attributes: String = (0..60_000).map(|n| format!(" a{n}=\"\"")).collect();
    let read_attributes = read(xmp(&attributes, "").as_bytes());
    assert_eq!(read_attributes.errors, []);
    let items = "<rdf:li>k</rdf:li>".repeat(50_000);
    let read_items =
        read(xmp("", &format!("<dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject>")).as_bytes());
    assert_eq!(read_items.value.subjects.len(), MAX_XMP_SUBJECTS);
    assert_eq!(read_items.errors, [Error::TooMany { what: "XMP keywords", limit: MAX_XMP_SUBJECTS }]);
}

#[test]
fn utf16_packets_and_broken_utf8_are_read() {
    let packet = xmp("dc:title=\"Bär\" xmp:Rating=\"2\"", "");
    for bytes in [
        packet.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>(),
        [vec![0xFF, 0xFE], packet.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat(),
        [&b"\xEF\xBB\xBF"[..], packet.as_bytes()].concat(),
    ] {
        let read = read(&bytes).value;
        assert_eq!((read.title.as_deref(), read.rating), (Some("Bär"), Some(2)));
    }
    let latin1: Vec<u8> = packet.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
    assert_eq!(read(&latin1).value.title.as_deref(), Some("B\u{FFFD}r"));
}

#[test]
fn an_error_does_not_repeat_a_name_of_any_length() {
    let name = "n".repeat(10_000);
    let read = read(format!("<{name}></other>").as_bytes());
    assert_eq!(read.errors.iter().map(Error::code).collect::<Vec<_>>(), ["malformed"]);
    assert!(read.errors.iter().all(|error| error.to_string().len() < 300));
}
