//! Identifiers and points in time, as values that cost eight bytes.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// A run's id: 63 bits, the upper 43 milliseconds since 1970 and the lower 20 random, so that ids sort by
/// creation and fit a `BIGINT`. Text form: 13 lower-case characters of Crockford's base 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// Crockford's alphabet, lower case: no `i`, `l`, `o`, `u`, which are misread or misspoken.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const ID_CHARS: usize = 13;
const RANDOM_BITS: u32 = 20;

impl RunId {
    /// An id for a run created at `now`; `random` fills its lower 20 bits. The store refuses a second run with
    /// the same id, so a clash (one in a million within one millisecond) is an error and never a mix-up.
    pub fn new(now: Timestamp, random: u32) -> Self {
        let low = i64::from(random & ((1 << RANDOM_BITS) - 1));
        Self(((now.0 << RANDOM_BITS) | low) & i64::MAX)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; ID_CHARS];
        let mut rest = self.0 as u64;
        for slot in text.iter_mut().rev() {
            *slot = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// The text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a run id: expected 13 characters of 0-9 and a-z without i, l, o, u")]
pub struct IdError(pub String);

impl FromStr for RunId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError(text.chars().take(40).collect());
        if text.len() != ID_CHARS {
            return Err(wrong());
        }
        let mut id: u64 = 0;
        for byte in text.bytes() {
            let digit = ALPHABET.iter().position(|c| *c == byte.to_ascii_lowercase()).ok_or_else(wrong)?;
            id = id.checked_mul(32).ok_or_else(wrong)? | digit as u64;
        }
        i64::try_from(id).map(Self).map_err(|_| wrong())
    }
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// Milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This time moved on by `millis`, held at the largest time instead of wrapping.
    pub fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(i64::try_from(millis).unwrap_or(i64::MAX)))
    }

    /// Milliseconds from `earlier` to this time; 0 where `earlier` is the later one.
    pub fn since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_form_and_sorts_by_time() {
        let early = RunId::new(Timestamp(1_763_776_000_000), 7);
        let late = RunId::new(Timestamp(1_763_776_000_001), 0);
        assert_eq!(early.to_string().parse(), Ok(early));
        assert!(early < late && early.to_string() < late.to_string());
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in ["", "abc", "iiiiiiiiiiiii", "zzzzzzzzzzzzz", "../../etc/pas"] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }
}
