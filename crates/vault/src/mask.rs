use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use serde_json::Value;
use std::{borrow::Cow, fmt::Write};
use zeroize::Zeroizing;

/// What stands where a secret was.
pub const MASK: &str = "***";
/// Bytes that a secret, or a line of one, must have to be masked: shorter ones turn up in any text by chance.
pub const MIN_MASKED_BYTES: usize = 4;
/// Bytes that a line of a secret of several lines must have to be masked by itself.
const MIN_LINE_BYTES: usize = 8;

/// Takes secrets out of text: as they are, JSON-escaped, URL-encoded, in hex, and in base64 at any alignment, as in
/// `Authorization: Basic`.
#[derive(Clone, Default)]
pub struct Mask {
    /// Longest first, so that a form within another does not break it up.
    forms: Vec<Zeroizing<String>>,
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mask({} forms)", self.forms.len())
    }
}

impl Mask {
    /// A mask of these secrets. Those shorter than [`MIN_MASKED_BYTES`] are left alone.
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let mut forms = Vec::new();
        for secret in secrets {
            let secret = secret.as_ref();
            add_forms(&mut forms, secret);
            let lines = secret.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            lines
                .filter(|line| line.len() >= MIN_LINE_BYTES && line.len() < secret.len())
                .for_each(|line| add_forms(&mut forms, line));
        }
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self { forms }
    }

    /// The text without them.
    pub fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut result = Cow::Borrowed(text);
        for form in &self.forms {
            if result.contains(form.as_str()) {
                result = Cow::Owned(result.replace(form.as_str(), MASK));
            }
        }
        result
    }

    /// Takes them out of all strings and keys of a JSON value.
    pub fn apply_json(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(masked) = self.apply(text) {
                    *text = masked;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.apply_json(value)),
            Value::Object(fields) => {
                let keys: Vec<String> =
                    fields.keys().filter(|key| matches!(self.apply(key), Cow::Owned(_))).cloned().collect();
                for key in keys {
                    if let Some(value) = fields.remove(&key) {
                        fields.insert(self.apply(&key).into_owned(), value);
                    }
                }
                fields.values_mut().for_each(|value| self.apply_json(value));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn add_forms(forms: &mut Vec<Zeroizing<String>>, secret: &[u8]) {
    if secret.len() < MIN_MASKED_BYTES {
        return;
    }
    let mut add = |form: String| {
        if form.len() >= MIN_MASKED_BYTES {
            forms.push(Zeroizing::new(form));
        }
    };
    if let Ok(text) = std::str::from_utf8(secret) {
        add(text.to_owned());
        if let Ok(quoted) = serde_json::to_string(text) {
            add(quoted[1..quoted.len() - 1].to_owned());
        }
    }
    let hex = |upper: bool| {
        secret.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = if upper { write!(text, "{byte:02X}") } else { write!(text, "{byte:02x}") };
            text
        })
    };
    add(hex(true));
    add(hex(false));
    for space in ["%20", "+"] {
        let encoded = url_encoded(secret, space);
        add(lower_escapes(&encoded));
        add(encoded);
    }
    for shift in 0..3 {
        add(aligned(&STANDARD_NO_PAD, secret, shift));
        add(aligned(&URL_SAFE_NO_PAD, secret, shift));
    }
}

/// The characters of base64 that depend on the secret alone, where `shift` bytes come before it in its group of three.
fn aligned(engine: &impl Engine, secret: &[u8], shift: usize) -> String {
    let mut bytes = Zeroizing::new(vec![0u8; shift]);
    bytes.extend_from_slice(secret);
    let text = engine.encode(bytes.as_slice());
    let first = [0, 2, 3][shift];
    // The last character of an unfinished group holds bits of what follows.
    let last = text.len() - usize::from(!bytes.len().is_multiple_of(3));
    text.get(first..last).unwrap_or_default().to_owned()
}

fn url_encoded(secret: &[u8], space: &str) -> String {
    secret.iter().fold(String::new(), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                text.push(char::from(*byte))
            }
            b' ' => text.push_str(space),
            // Writing to a string cannot fail.
            other => drop(write!(text, "%{other:02X}")),
        }
        text
    })
}

fn lower_escapes(text: &str) -> String {
    let mut rest = 0;
    text.chars()
        .map(|c| {
            rest = if c == '%' { 3 } else { usize::saturating_sub(rest, 1) };
            if rest > 0 { c.to_ascii_lowercase() } else { c }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{MASK, Mask};
    use base64::{Engine, engine::general_purpose};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn all_usual_forms_are_masked() {
        let secret = "p@ss wörd/+=&\"x";
        let mask = Mask::new([secret]);
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let forms = [
            secret.to_owned(),
            hex.to_uppercase(),
            hex,
            "p%40ss%20w%C3%B6rd%2F%2B%3D%26%22x".to_owned(),
            "p%40ss+w%c3%b6rd%2f%2b%3d%26%22x".to_owned(),
            "p@ss wörd/+=&\\\"x".to_owned(),
        ];
        for form in forms {
            assert_eq!(mask.apply(&format!("<{form}>")), format!("<{MASK}>"));
        }
        assert_eq!(mask.apply("nothing here"), "nothing here");
    }

    #[test]
    fn json_and_lines() {
        let mask = Mask::new(["first line\nsecond line\nx"]);
        assert_eq!(mask.apply("a second line b"), "a *** b");
        let mut value = json!({ "a": ["first line"], "first line": 1, "x": "x" });
        mask.apply_json(&mut value);
        assert_eq!(value, json!({ "a": ["***"], "***": 1, "x": "x" }));
    }

    #[test]
    fn short_secrets_do_not_eat_the_text() {
        assert_eq!(Mask::new(["abc", ""]).apply("abcabc"), "abcabc");
    }

    proptest! {
        /// Whatever stands around it before it is encoded, the secret does not come back out of base64.
        #[test]
        fn base64_at_any_alignment(before in "[ -~]{0,7}", after in "[ -~]{0,7}", secret in "[A-Za-z0-9]{12,40}") {
            let mask = Mask::new([&secret]);
            let whole = format!("{before}{secret}{after}");
            for engine in [&general_purpose::STANDARD, &general_purpose::URL_SAFE_NO_PAD] {
                let shown = mask.apply(&engine.encode(&whole)).into_owned();
                prop_assert!(shown.contains(MASK), "{}", shown);
                // All that is left of it are bits in the characters at its ends.
                let rest = engine.encode(before.clone() + &after).len();
                prop_assert!(shown.len() <= rest + MASK.len() + 8);
            }
        }
    }
}
