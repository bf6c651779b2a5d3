//! Secrets: made from the system's randomness, stored as hashes, never shown twice.

use crate::{Error, Result};
use sha2::{Digest as _, Sha256};

/// What every API token begins with.
pub const TOKEN_PREFIX: &str = "hw_";
/// Characters of a token that lists show, its prefix included.
const SHOWN_CHARS: usize = 8;
/// Characters without the ones that are misread.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A secret's hash: what is stored and looked up. Secrets have 160 random bits, so a plain hash is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SecretHash([u8; 32]);

impl SecretHash {
    pub(crate) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    pub(crate) fn hex(self) -> String {
        hex(&self.0)
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A new API token.
pub(crate) fn token() -> Result<String> {
    Ok(format!("{TOKEN_PREFIX}{}", characters::<32>()?))
}

/// A new session's secret, or a token's id.
pub(crate) fn session() -> Result<String> {
    characters::<32>()
}

/// A new id for a token: not secret.
pub(crate) fn id() -> Result<String> {
    characters::<12>()
}

/// A new one-time code, in groups that can be read aloud.
pub(crate) fn one_time_code() -> Result<String> {
    let text = characters::<20>()?;
    let groups: Vec<&str> = (0..4).filter_map(|group| text.get(group * 5..group * 5 + 5)).collect();
    Ok(groups.join("-"))
}

/// What a list shows of a token.
pub(crate) fn shown(token: &str) -> String {
    token.chars().take(SHOWN_CHARS).collect()
}

fn characters<const N: usize>() -> Result<String> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    // 32 characters divide 256 evenly: each is as likely as any other.
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_unlike() {
        let (one, other) = (token().expect("random"), token().expect("random"));
        assert!(one != other && one.starts_with(TOKEN_PREFIX) && one.len() == 35);
        assert_eq!(one_time_code().expect("random").len(), 23);
        assert_eq!(SecretHash::of("abc").hex()[..8], *"ba7816bf");
    }
}
