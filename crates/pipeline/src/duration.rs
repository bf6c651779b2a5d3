//! Durations as people write them: `500ms`, `30s`, `5m`, `2h`, `1d`, and sums such as `1m30s`.

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Milliseconds of a duration such as `30s`; `None` where it is none, or does not fit 64 bits.
pub fn parse_millis(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut total = 0u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = rest.get(..letters)?;
        rest = rest.get(letters..)?.trim_start();
        let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.checked_mul(*millis)?)?;
    }
    Some(total)
}

/// The shortest single-unit text for `millis`: `90s`, `2m`, `500ms`.
pub fn format_millis(millis: u64) -> String {
    let fits = |unit: &&(&str, u64)| millis.is_multiple_of(unit.1) && (millis > 0 || unit.1 == 1);
    let (name, size) = UNITS.iter().rev().find(fits).copied().unwrap_or(("ms", 1));
    format!("{}{name}", millis / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_write() {
        for (text, millis) in
            [("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("1d", 86_400_000), ("0ms", 0)]
        {
            assert_eq!(parse_millis(text), Some(millis), "{text}");
            assert_eq!(format_millis(millis), text);
        }
        assert_eq!(parse_millis("1m 30s"), Some(90_000));
        for text in
            ["", "30", "s", "-5s", "1.5s", "5 s", "5y", "99999999999999999999s", "999999999999d", "5s,"]
        {
            assert_eq!(parse_millis(text), None, "{text}");
        }
    }
}
