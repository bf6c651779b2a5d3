//! Which bytes of a file a request asks for (RFC 9110, section 14), and under which name a file is saved.

use std::ops::RangeInclusive;

/// What the header `Range` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The whole file: no range, several of them, or one that is none.
    Whole,
    /// These bytes, counted from 0, the last included.
    Part(RangeInclusive<u64>),
    /// Bytes that the file does not have.
    Beyond,
}

/// What `header` asks for of a file of `size` bytes.
pub(super) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some((unit, range)) = header.and_then(|header| header.trim().split_once('=')) else {
        return Wanted::Whole;
    };
    // Several ranges may be answered by the whole.
    let Some((first, last)) = range.split_once('-').filter(|_| !range.contains(',')) else {
        return Wanted::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    match (number(first.trim()), number(last.trim())) {
        (Some(Some(first)), Some(Some(last))) if first > last => Wanted::Whole,
        (Some(Some(first)), Some(_)) if first >= size => Wanted::Beyond,
        (Some(Some(first)), Some(last)) => {
            Wanted::Part(first..=last.map_or(size - 1, |last| last.min(size - 1)))
        }
        // The last so many bytes.
        (Some(None), Some(Some(count))) if count == 0 || size == 0 => Wanted::Beyond,
        (Some(None), Some(Some(count))) => Wanted::Part(size.saturating_sub(count)..=size - 1),
        _ => Wanted::Whole,
    }
}

/// A number, nothing, or (the outer `None`) neither. One that is too large is as large as can be.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

/// `Content-Disposition` for a file called `name`: a plain form for old programs, and the whole name for the others.
pub(super) fn disposition(kind: &str, name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' })
        .collect();
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{kind}; filename=\"{}\"; filename*=UTF-8''{encoded}", plain.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let check =
            |header: &str, expected: Wanted| assert_eq!(wanted(Some(header), 10), expected, "{header}");
        check("bytes=0-0", Wanted::Part(0..=0));
        check("bytes=2-5", Wanted::Part(2..=5));
        check("bytes=2-", Wanted::Part(2..=9));
        check("bytes=2-99999999999999999999999", Wanted::Part(2..=9));
        check("bytes=-3", Wanted::Part(7..=9));
        check("bytes=-99", Wanted::Part(0..=9));
        check(" Bytes = 1 - 2 ", Wanted::Part(1..=2));
        for beyond in ["bytes=10-", "bytes=10-12", "bytes=99999999999999999999999-", "bytes=-0"] {
            check(beyond, Wanted::Beyond);
        }
        for whole in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=1-2,4-5",
            "items=1-2",
            "bytes=--1",
        ] {
            check(whole, Wanted::Whole);
        }
        assert_eq!(wanted(None, 10), Wanted::Whole);
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Beyond);
        assert_eq!(wanted(Some("bytes=-1"), 0), Wanted::Beyond);
    }

    #[test]
    fn names_cannot_leave_their_header() {
        assert_eq!(
            disposition("attachment", "a\"; filename=\"x\r\nSet-Cookie: b.png"),
            "attachment; filename=\"a__ filename__x__Set-Cookie_ b.png\"; \
             filename*=UTF-8''a%22%3B%20filename%3D%22x%0D%0ASet-Cookie%3A%20b.png"
        );
        assert_eq!(
            disposition("inline", "Früh 🎉.png"),
            "inline; filename=\"Fr_h _.png\"; filename*=UTF-8''Fr%C3%BCh%20%F0%9F%8E%89.png"
        );
    }
}
