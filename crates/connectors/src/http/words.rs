//! What answers say beside their body: pace, and the class of a status.

use activity::connector::{Answer, Lookup, PaceHint, Permanence};
use http::HeaderMap;
use model::TaskError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Numbers above this are moments (seconds since 1970), below it durations: the year 2001, or thirty years.
const MOMENT_FROM: f64 = 1e9;
/// Characters of the other side's words that are kept.
const WORDS: usize = 600;

/// How long `Retry-After` asks to wait, in milliseconds: seconds (also fractions) or a date. Passed on as it is, however
/// long: the cap is the relay's.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<u64> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return milliseconds(seconds);
    }
    let moment = httpdate::parse_http_date(text).ok()?;
    let wait = moment.duration_since(now).unwrap_or(Duration::ZERO);
    u64::try_from(wait.as_millis()).ok()
}

/// What the headers say of the pace, in any of the spellings in use.
pub(crate) fn pace(headers: &HeaderMap, now: SystemTime) -> PaceHint {
    let number = |names: [&str; 2]| {
        let value = names.iter().find_map(|name| headers.get(*name))?.to_str().ok()?.trim();
        value.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0)
    };
    let remaining = number(["x-ratelimit-remaining", "ratelimit-remaining"]).map(|number| number as u64);
    let reset = number(["x-ratelimit-reset", "ratelimit-reset"]).and_then(|number| {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64();
        milliseconds(if number > MOMENT_FROM { (number - since).max(0.0) } else { number })
    });
    PaceHint { pause_ms: retry_after(headers, now), remaining, reset_ms: reset }
}

/// The stricter of two hints.
pub(crate) fn stricter(a: PaceHint, b: PaceHint) -> PaceHint {
    let fewer = match (a.remaining, b.remaining) {
        (Some(x), Some(y)) => Some(x.min(y)),
        (x, y) => x.or(y),
    };
    PaceHint { pause_ms: a.pause_ms.max(b.pause_ms), remaining: fewer, reset_ms: a.reset_ms.max(b.reset_ms) }
}

fn milliseconds(seconds: f64) -> Option<u64> {
    // The conversion saturates.
    (seconds.is_finite() && seconds >= 0.0).then_some((seconds * 1000.0).ceil() as u64)
}

/// What an answer other than a success means for a message, by its status alone. A connector with more to go by looks at
/// that first.
pub(crate) fn answer(status: u16, headers: &HeaderMap, error: TaskError) -> Answer {
    let after_ms = retry_after(headers, SystemTime::now());
    match status {
        401 | 403 => Answer::Unauthorized { error },
        408 => Answer::NoAnswer { error },
        409 | 412 | 423 | 425 => Answer::Refused { error, permanent: Permanence::MayChange },
        429 => Answer::Throttled { after_ms, error },
        503 => Answer::Unavailable { after_ms, error },
        300..=499 => Answer::Refused { error, permanent: Permanence::Permanent },
        _ => Answer::NoAnswer { error },
    }
}

/// What an answer means for a call that changes nothing of the message: one that prepares for it, or asks about it.
pub(crate) fn before_sending(answer: Answer) -> Answer {
    match answer {
        Answer::NoAnswer { error } => Answer::NotSent { error },
        other => other,
    }
}

/// The same for a look-up.
pub(crate) fn not_now(answer: Answer) -> Lookup {
    match answer {
        Answer::Unauthorized { error } => Lookup::Unauthorized { error },
        Answer::Throttled { after_ms, error } | Answer::Unavailable { after_ms, error } => {
            Lookup::NotNow { after_ms, error }
        }
        Answer::Refused { error, .. } | Answer::NoAnswer { error } | Answer::NotSent { error } => {
            Lookup::NotNow { after_ms: None, error }
        }
        Answer::Delivered(_) => {
            Lookup::NotNow { after_ms: None, error: TaskError::new("no_answer", "no answer to read") }
        }
    }
}

/// The error within an answer.
pub(crate) fn error_of(answer: Answer) -> TaskError {
    match answer {
        Answer::Refused { error, .. }
        | Answer::Throttled { error, .. }
        | Answer::Unavailable { error, .. }
        | Answer::Unauthorized { error }
        | Answer::NoAnswer { error }
        | Answer::NotSent { error } => error,
        Answer::Delivered(_) => TaskError::new("no_answer", "no answer to read"),
    }
}

/// The other side's words, fit to be shown: one line, no controls, not endless.
pub(crate) fn tidy(text: &str) -> String {
    let spaced = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = String::new();
    for word in spaced {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > WORDS {
            let cut: String = line.chars().take(WORDS).collect();
            return format!("{cut}…");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{pace, retry_after, tidy};
    use http::{HeaderMap, HeaderName, HeaderValue};
    use std::time::{Duration, UNIX_EPOCH};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_str(v).unwrap())).collect()
    }

    #[test]
    fn retry_after_in_all_its_forms() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        let after = |text: &str| retry_after(&headers(&[("retry-after", text)]), now);
        assert_eq!(after("120"), Some(120_000));
        assert_eq!(after("0.5"), Some(500));
        assert_eq!(after("1000000000"), Some(1_000_000_000_000));
        assert_eq!(after("1e9"), Some(1_000_000_000_000));
        assert_eq!(after("1e300"), Some(u64::MAX));
        assert_eq!(after("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60_000));
        assert_eq!(after("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0), "a past date");
        for odd in ["", "-5", "soon", "NaN", "inf", "-inf"] {
            assert_eq!(after(odd), None, "{odd}");
        }
    }

    #[test]
    fn rate_headers_as_moment_and_as_duration() {
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let hint =
            pace(&headers(&[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "1700000030")]), now);
        assert_eq!((hint.remaining, hint.reset_ms, hint.pause_ms), (Some(3), Some(30_000), None));
        let hint = pace(&headers(&[("ratelimit-reset", "30"), ("retry-after", "2")]), now);
        assert_eq!((hint.reset_ms, hint.pause_ms), (Some(30_000), Some(2_000)));
    }

    #[test]
    fn words_are_one_short_line() {
        assert_eq!(tidy("a\n\tb\u{1b}[31m c"), "a b [31m c");
        assert!(tidy(&"x ".repeat(10_000)).chars().count() <= super::WORDS + 1);
    }
}
