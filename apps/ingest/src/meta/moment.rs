//! Dates as files hold them: often without an offset, sometimes without a time.

use jiff::{Timestamp, civil, tz::Offset};
use serde::{Deserialize, Serialize};

/// A date and time as a camera or tool wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The clock's reading where it was taken.
    pub civil: civil::DateTime,
    /// Seconds east of UTC; `None` where the file does not say.
    pub offset_seconds: Option<i32>,
}

impl Moment {
    /// The instant. Without a known offset the reading is taken as UTC, so it can be up to 14 hours off.
    ///
    /// `None` at the far ends of the calendar, where an offset leads outside it.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        let offset = Offset::from_seconds(self.offset_seconds.unwrap_or(0)).ok()?;
        offset.to_timestamp(self.civil).ok()
    }

    /// Reads EXIF's `YYYY:MM:DD hh:mm:ss`, with sub-seconds and an offset (`+02:00`, `Z`) from their own fields.
    ///
    /// `None` for blanks, zero dates and dates that are none. `-` and `/` between the date's parts are tolerated, for
    /// there are cameras that write them.
    #[must_use]
    pub fn from_exif(date: &str, subsec: Option<&str>, offset: Option<&str>) -> Option<Self> {
        let date = date.trim();
        let (day, clock) = match date.split_once([' ', 'T']) {
            Some((day, clock)) => (day, clock.trim()),
            None => (date, ""),
        };
        let fraction =
            subsec.map(str::trim).filter(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit()));
        let (clock, inline_offset) = split_offset(clock);
        let civil = parse_day(day)?.to_datetime(parse_clock(clock, fraction)?);
        let offset_seconds = offset.and_then(parse_offset).or_else(|| inline_offset.and_then(parse_offset));
        Some(Self { civil, offset_seconds })
    }

    /// Reads the ISO 8601 forms that XMP and media containers use, from `2024` to `2024-05-01T12:30:45.25+02:00`.
    #[must_use]
    pub fn from_iso(text: &str) -> Option<Self> {
        let text = text.trim();
        let (day, clock) = match text.split_once(['T', ' ']) {
            Some((day, clock)) => (day, clock.trim()),
            None => (text, ""),
        };
        let (clock, offset) = split_offset(clock);
        let civil = parse_day(day)?.to_datetime(parse_clock(clock, None)?);
        Some(Self { civil, offset_seconds: offset.and_then(parse_offset) })
    }

    /// Reads IPTC's `CCYYMMDD` and `HHMMSS±HHMM`.
    #[must_use]
    pub fn from_iptc(date: &str, time: Option<&str>) -> Option<Self> {
        let date = date.trim();
        let day = date_from(date.get(0..4)?, date.get(4..6)?, date.get(6..8)?)?;
        let time = time.map(str::trim).unwrap_or_default();
        let (clock, offset) = split_offset(time);
        let clock = match (clock.get(0..2), clock.get(2..4), clock.get(4..6)) {
            (Some(h), Some(m), Some(s)) => civil::Time::new(number(h)?, number(m)?, number(s)?, 0).ok()?,
            _ => civil::Time::midnight(),
        };
        Some(Self { civil: day.to_datetime(clock), offset_seconds: offset.and_then(parse_offset) })
    }
}

fn parse_day(text: &str) -> Option<civil::Date> {
    let mut parts = text.split(['-', ':', '/']);
    let year = parts.next().filter(|year| year.len() == 4)?;
    let (month, day) = (parts.next().unwrap_or("01"), parts.next().unwrap_or("01"));
    if parts.next().is_some() { None } else { date_from(year, month, day) }
}

fn date_from(year: &str, month: &str, day: &str) -> Option<civil::Date> {
    // Cameras whose clock was never set write year 0; it is no date.
    let year = number(year).filter(|&year: &i16| year > 0)?;
    civil::Date::new(year, number(month)?, number(day)?).ok()
}

fn parse_clock(text: &str, fraction: Option<&str>) -> Option<civil::Time> {
    if text.is_empty() {
        return Some(civil::Time::midnight());
    }
    let (text, inline) =
        text.split_once(['.', ',']).map_or((text, None), |(clock, rest)| (clock, Some(rest)));
    let mut parts = text.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next().unwrap_or("00"))?);
    // A leap second is the last second of its minute for us.
    let second = number::<i8>(parts.next().unwrap_or("00"))?.min(59);
    let nanoseconds = fraction.or(inline).map_or(0, nanoseconds);
    civil::Time::new(hour, minute, second, nanoseconds).ok()
}

fn nanoseconds(fraction: &str) -> i32 {
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).chain(std::iter::repeat(b'0')).take(9);
    digits.fold(0, |n, digit| n * 10 + i32::from(digit - b'0'))
}

fn split_offset(clock: &str) -> (&str, Option<&str>) {
    match clock.find(['Z', '+', '-']) {
        Some(at) => (clock[..at].trim_end(), Some(&clock[at..])),
        None => (clock, None),
    }
}

fn parse_offset(text: &str) -> Option<i32> {
    let text = text.trim();
    if text == "Z" {
        return Some(0);
    }
    let sign = match text.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) =
        (number::<i32>(digits.get(0..2)?)?, number::<i32>(digits.get(2..4).unwrap_or("00"))?);
    // The widest offsets in use are -12:00 and +14:00; what is beyond is a broken field.
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// A number of digits only: `str::parse` alone would take a sign, and white space is wanted nowhere here.
fn number<T: std::str::FromStr>(digits: &str) -> Option<T> {
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(moment: Option<Moment>) -> String {
        moment.map_or("none".to_owned(), |m| {
            let instant = m.timestamp().map_or("-".to_owned(), |t| t.to_string());
            format!("{} {:?} {instant}", m.civil, m.offset_seconds)
        })
    }

    #[test]
    fn exif_dates_with_and_without_offset() {
        assert_eq!(
            show(Moment::from_exif("2024:05:01 12:30:45", Some("25"), Some("+02:00"))),
            "2024-05-01T12:30:45.25 Some(7200) 2024-05-01T10:30:45.25Z"
        );
        assert_eq!(
            show(Moment::from_exif("2024:05:01 12:30:45", None, Some("   :  "))),
            "2024-05-01T12:30:45 None 2024-05-01T12:30:45Z"
        );
        for blank in [
            "0000:00:00 00:00:00",
            "    :  :     :  :  ",
            "",
            "2024:13:01 00:00:00",
            "2024:02:30 00:00:00",
            "é:",
        ] {
            assert_eq!(Moment::from_exif(blank, None, None), None, "{blank:?}");
        }
    }

    #[test]
    fn iso_dates_of_every_precision() {
        for (text, expected) in [
            ("2024", "2024-01-01T00:00:00 None 2024-01-01T00:00:00Z"),
            ("2024-05", "2024-05-01T00:00:00 None 2024-05-01T00:00:00Z"),
            ("2024-05-01T12:30Z", "2024-05-01T12:30:00 Some(0) 2024-05-01T12:30:00Z"),
            (
                "2024-05-01T12:30:45.123456789123-05:30",
                "2024-05-01T12:30:45.123456789 Some(-19800) 2024-05-01T18:00:45.123456789Z",
            ),
            ("2024-05-01T23:59:60Z", "2024-05-01T23:59:59 Some(0) 2024-05-01T23:59:59Z"),
            ("yesterday", "none"),
            ("2024-05-01T25:00:00Z", "none"),
            ("9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59 Some(-43200) -"),
        ] {
            assert_eq!(show(Moment::from_iso(text)), expected, "{text}");
        }
    }

    #[test]
    fn iptc_dates() {
        assert_eq!(
            show(Moment::from_iptc("20240501", Some("123045+0200"))),
            "2024-05-01T12:30:45 Some(7200) 2024-05-01T10:30:45Z"
        );
        assert_eq!(
            show(Moment::from_iptc("20240501", None)),
            "2024-05-01T00:00:00 None 2024-05-01T00:00:00Z"
        );
        assert_eq!(show(Moment::from_iptc("2024é501", None)), "none");
    }
}
