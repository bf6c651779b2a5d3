//! One text for one definition, whatever its YAML looked like, and the hash over it.

use model::Definition;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// SHA-256 (64 hex characters) of the definition's canonical JSON, its own `hash` left out. Two documents that
/// compile to the same definition have the same hash.
///
/// # Errors
/// Where a parameter has no JSON form; definitions from [`crate::compile`] always have one.
pub fn hash(definition: &Definition) -> Result<String, serde_json::Error> {
    let mut value = serde_json::to_value(definition)?;
    if let Some(fields) = value.as_object_mut() {
        fields.remove("hash");
    }
    let mut text = String::new();
    canonical(&value, &mut text);
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    Ok(hex)
}

/// Keys sorted, no white space. Sorted here, since a feature of another crate can make JSON objects keep their order.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<_> = fields.iter().collect();
            keys.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, value)) in keys.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                let _ = write!(out, "{}:", Value::from(key.as_str()));
                canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                canonical(value, out);
            }
            out.push(']');
        }
        plain => {
            let _ = write!(out, "{plain}");
        }
    }
}
