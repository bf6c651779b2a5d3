//! Text as files hold it (Latin-1, UTF-8, UTF-16, with NULs and control characters) made into clean Rust strings.

/// Byte order of two-byte text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

/// Decodes bytes that are declared Latin-1 but often are UTF-8.
///
/// Bytes that form valid UTF-8 are taken as such: a Latin-1 text that happens to be valid multi-byte UTF-8 is far rarer
/// than a tool that wrote UTF-8 where Latin-1 is asked for. Anything else is Latin-1, which every byte string is.
#[must_use]
pub fn latin1_or_utf8(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => clean(text),
        Err(_) => clean(&bytes.iter().map(|&b| char::from(b)).collect::<String>()),
    }
}

/// Decodes bytes that are declared UTF-8; broken sequences become U+FFFD.
#[must_use]
pub fn utf8(bytes: &[u8]) -> String {
    clean(&String::from_utf8_lossy(bytes))
}

/// Decodes UTF-16. A byte order mark wins over `order`; lone surrogates become U+FFFD, an odd last byte is dropped.
#[must_use]
pub fn utf16(bytes: &[u8], order: ByteOrder) -> String {
    let (bytes, order) = match bytes {
        [0xFE, 0xFF, rest @ ..] => (rest, ByteOrder::Big),
        [0xFF, 0xFE, rest @ ..] => (rest, ByteOrder::Little),
        _ => (bytes, order),
    };
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|&pair| match order {
        ByteOrder::Big => u16::from_be_bytes(pair),
        ByteOrder::Little => u16::from_le_bytes(pair),
    });
    clean(&char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>())
}

/// Guesses the byte order of UTF-16 text from where its zero bytes are; `fallback` where there are none on either side.
///
/// Needed because EXIF user comments are written in the byte order of the file by some tools, and always big-endian by
/// others.
#[must_use]
pub fn guess_utf16_order(bytes: &[u8], fallback: ByteOrder) -> ByteOrder {
    let (pairs, _) = bytes.as_chunks::<2>();
    let high_first = pairs.iter().filter(|pair| pair[0] == 0 && pair[1] != 0).count();
    let low_first = pairs.iter().filter(|pair| pair[1] == 0 && pair[0] != 0).count();
    match high_first.cmp(&low_first) {
        std::cmp::Ordering::Greater => ByteOrder::Big,
        std::cmp::Ordering::Less => ByteOrder::Little,
        std::cmp::Ordering::Equal => fallback,
    }
}

/// Takes out what no reader of the text wants: NULs and other control characters (terminals obey them, PostgreSQL
/// refuses NULs), carriage returns (a pair becomes one line feed), and white space at both ends.
#[must_use]
pub fn clean(text: &str) -> String {
    let text = text.trim_start_matches('\u{FEFF}');
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => out.push('\n'),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    let trimmed = out.trim();
    if trimmed.len() == out.len() { out } else { trimmed.to_owned() }
}

/// Cuts `text` to at most `max_bytes`, at a character boundary.
#[must_use]
pub fn cut(text: &str, max_bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(max_bytes)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin1_declared_text_that_is_utf8_is_read_as_utf8() {
        assert_eq!(latin1_or_utf8("Käse".as_bytes()), "Käse");
        assert_eq!(latin1_or_utf8(b"K\xE4se"), "Käse");
    }

    #[test]
    fn nul_escape_and_carriage_returns_are_taken_out() {
        assert_eq!(clean(" a\0b\x1b[31m\r\nc\rd\t"), "ab[31m\nc\nd");
        assert_eq!(clean("\u{FEFF}x"), "x");
    }

    #[test]
    fn utf16_order_is_guessed_and_a_mark_wins() {
        let little = [b'a', 0, b'b', 0];
        assert_eq!(utf16(&little, guess_utf16_order(&little, ByteOrder::Big)), "ab");
        assert_eq!(utf16(&[0xFE, 0xFF, 0, b'a'], ByteOrder::Little), "a");
        assert_eq!(utf16(&[0xD8, 0x00, 0, b'a', 0], ByteOrder::Big), "\u{FFFD}a", "lone surrogate, odd byte");
    }

    #[test]
    fn cutting_never_splits_a_character() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 9), "aé");
    }
}
