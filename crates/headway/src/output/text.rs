//! Text for people: figures in human units, names made safe to print.

use jiff::{Timestamp, tz::TimeZone};

/// `text` with everything that could steer a terminal made visible: control characters and direction marks.
pub(crate) fn safe(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// `text` cut to `most` characters, with a mark where it was cut.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// 1234567 as `1,234,567`.
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    if number < 0 {
        out.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// 1536 as `1.5 KiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut size = count as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} B") } else { format!("{size:.1} {}", UNITS[unit]) }
}

/// 93_500 as `1m 33s`; what is under a minute with a decimal.
pub(crate) fn duration(millis: i64) -> String {
    let millis = millis.max(0);
    let seconds = millis / 1000;
    match seconds {
        0 if millis < 1000 => format!("{millis} ms"),
        0..60 => format!("{:.1} s", millis as f64 / 1000.0),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// A rate a second: `12.3/s`, `0.4/s`, or nothing where it is 0.
pub(crate) fn rate(per_second: f64) -> String {
    match per_second {
        r if r <= 0.0 || !r.is_finite() => String::new(),
        r if r < 100.0 => format!("{r:.1}/s"),
        r => format!("{}/s", grouped(r.round() as i64)),
    }
}

/// Unix milliseconds as local date and time; `-` for none.
pub(crate) fn time(millis: Option<i64>) -> String {
    match millis.and_then(|ms| Timestamp::from_millisecond(ms).ok()) {
        Some(at) => at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        None => "-".to_owned(),
    }
}

/// Rows under a head, each column as wide as its widest cell; the last one is not padded.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut out = String::new();
        for (index, cell) in cells.enumerate() {
            out.push_str(cell);
            if index + 1 < widths.len() {
                let pad = widths[index].saturating_sub(cell.chars().count()) + 2;
                out.extend(std::iter::repeat_n(' ', pad));
            }
        }
        out.trim_end().to_owned()
    };
    let mut lines = vec![line(&mut head.iter().copied())];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(safe("a\u{1b}[31mred\r\nb\u{202e}c"), "a\\u{1b}[31mred\\r\\nb\\u{202e}c");
        assert_eq!(safe("<img onerror=…>.png"), "<img onerror=…>.png");
    }

    #[test]
    fn figures_read_well() {
        let durations = [0, 999, 1000, 59_999, 60_000, 3_600_000, 90_000_000].map(duration).join(" · ");
        expect!["0 ms · 999 ms · 1.0 s · 60.0 s · 1m 00s · 1h 00m · 1d 01h"].assert_eq(&durations);
        let sizes = [0, 1023, 1024, 1536, 24_700_000, u64::MAX].map(bytes).join(" · ");
        expect!["0 B · 1023 B · 1.0 KiB · 1.5 KiB · 23.6 MiB · 16384.0 PiB"].assert_eq(&sizes);
        let numbers = [0, 999, 1000, -1_234_567].map(grouped).join(" · ");
        expect!["0 · 999 · 1,000 · -1,234,567"].assert_eq(&numbers);
        let rates = [0.0, 0.44, 12.34, 1234.0, f64::NAN].map(rate).join(" · ");
        expect![" · 0.4/s · 12.3/s · 1,234/s · "].assert_eq(&rates);
        assert_eq!(cut("abcdef", 4), "abc…");
    }

    #[test]
    fn tables_align() {
        let rows = [
            vec!["1".to_owned(), "größer".to_owned(), "x".to_owned()],
            vec!["22".to_owned(), "b".to_owned(), String::new()],
        ];
        expect![[r#"
            ID  NAME    LAST
            1   größer  x
            22  b"#]]
        .assert_eq(&table(&["ID", "NAME", "LAST"], &rows).join("\n"));
    }
}
