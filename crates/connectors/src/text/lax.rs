//! Reading what models write: JSON with fences, thoughts and words around it, trailing commas, raw line ends in strings. Only
//! what is whole is taken: an answer that ends too early is never completed by guessing.

use serde_json::{Map, Value, json};

/// Begins of JSON that are tried at most, in an answer of many braces.
const TRIES: usize = 50;
/// Levels of a schema that are checked.
const DEPTH: usize = 16;

/// Reads an answer, and checks it against the schema.
///
/// # Errors
/// What is wrong with it, fit to be told to the model.
pub(super) fn read(text: &str, schema: &Value) -> Result<Value, String> {
    let text = without_thoughts(text);
    if !text.contains(['{', '[', '"']) {
        return Err("it holds no JSON".to_owned());
    }
    let mut problem = String::new();
    for candidate in candidates(text) {
        match parse(candidate) {
            Ok(value) => match fits(&wrapped(value, schema), schema, "the answer", DEPTH) {
                Ok(()) => return parse(candidate).map(|value| wrapped(value, schema)),
                Err(what) => problem = what,
            },
            Err(what) => problem = what,
        }
    }
    Err(problem)
}

/// What comes after a model's thoughts.
fn without_thoughts(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}');
    text.rsplit_once("</think>").map_or(text, |(_, rest)| rest).trim()
}

/// Parts of a text that may be the JSON, likeliest first.
fn candidates(text: &str) -> Vec<&str> {
    let mut found = vec![text];
    for (at, _) in text.match_indices("```").step_by(2) {
        let inner = &text[at + 3..];
        let inner = inner.split_once('\n').map_or(inner, |(_, rest)| rest);
        if let Some((block, _)) = inner.split_once("```") {
            found.push(block.trim());
        }
    }
    let begins = text.char_indices().filter(|(_, c)| matches!(c, '{' | '[')).map(|(at, _)| at);
    let mut end = 0;
    for begin in begins.take(TRIES) {
        // Within a part that was taken as a whole, there is nothing more to find.
        if begin < end {
            continue;
        }
        // What never ends was cut off: a whole part within it is not the answer.
        let Some(length) = balanced(&text[begin..]) else { break };
        end = begin + length;
        found.push(&text[begin..end]);
    }
    found
}

/// Length of the JSON value that a text begins with, by its brackets; `None` where it does not end.
fn balanced(text: &str) -> Option<usize> {
    let (mut depth, mut string, mut escaped) = (0usize, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if string => escaped = true,
            '"' => string = !string,
            _ if string => {}
            '{' | '[' => depth += 1,
            '}' | ']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn parse(text: &str) -> Result<Value, String> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) => {
            serde_json::from_str(&mended(text)).map_err(|error| format!("it is no valid JSON: {error}"))?
        }
    };
    if value.is_object() || value.is_array() { Ok(value) } else { Err("it is no JSON object".to_owned()) }
}

/// Without trailing commas, and with control characters in strings escaped.
fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut string, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if string => escaped = true,
            '"' => string = !string,
            '\n' if string => {
                out.push_str("\\n");
                continue;
            }
            '\t' if string => {
                out.push_str("\\t");
                continue;
            }
            '\r' if string => continue,
            ',' if !string => {
                let rest = text[at + 1..].trim_start();
                if rest.starts_with(['}', ']']) {
                    continue;
                }
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

/// A bare list where an object with one list was asked for becomes that object.
fn wrapped(value: Value, schema: &Value) -> Value {
    let properties = schema["properties"].as_object();
    if let (Value::Array(_), Some(properties)) = (&value, properties)
        && schema["type"] == "object"
        && let Some((name, _)) =
            properties.iter().next().filter(|(_, only)| properties.len() == 1 && only["type"] == "array")
    {
        let mut object = Map::new();
        object.insert(name.clone(), value);
        return Value::Object(object);
    }
    value
}

/// Whether a value has the schema's shape: types, required keys, choices, lists' items. Bounds of numbers and lengths are the
/// application's to judge.
fn fits(value: &Value, schema: &Value, place: &str, depth: usize) -> Result<(), String> {
    if depth == 0 {
        return Ok(());
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|name| is(value, name)) {
        return Err(format!("{place} must be of type {}", types.join(" or ")));
    }
    if let Some(choices) = schema["enum"].as_array().filter(|choices| !choices.contains(value)) {
        return Err(format!("{place} must be one of {}", json!(choices)));
    }
    if let Value::Object(fields) = value {
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        if let Some(missing) = required.into_iter().find(|name| !fields.contains_key(*name)) {
            return Err(format!("{place} lacks `{missing}`"));
        }
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(field) = fields.get(name) {
                fits(field, inner, &format!("`{name}`"), depth - 1)?;
            }
        }
    }
    if let (Value::Array(items), Some(inner)) = (value, schema.get("items")) {
        items.iter().try_for_each(|item| fits(item, inner, &format!("each item of {place}"), depth - 1))?;
    }
    Ok(())
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn schema() -> Value {
        json!({ "type": "object", "required": ["items"], "properties": { "items": { "type": "array", "items": { "type": "object", "required": ["title"] } } } })
    }

    #[test]
    fn answers_in_all_their_dresses() {
        let expected = json!({ "items": [{ "title": "a, } b" }] });
        for text in [
            r#"{"items":[{"title":"a, } b"}]}"#,
            "```json\n{\"items\":[{\"title\":\"a, } b\"}]}\n```",
            "Sure! Here you go:\n```\n{\"items\": [{\"title\": \"a, } b\",},],}\n```\nAnything else?",
            "<think>maybe {\"items\": []}?</think>\n{\"items\":[{\"title\":\"a, } b\"}]}",
            "The answer is {\"items\":[{\"title\":\"a, } b\"}]} as asked.",
            "\u{feff} [{\"title\": \"a, } b\"}]",
            "An example: {\"x\": 1}. And the answer: {\"items\":[{\"title\":\"a, } b\"}]}",
        ] {
            assert_eq!(read(text, &schema()).as_ref(), Ok(&expected), "{text}");
        }
        let lines = "{\"items\":[{\"title\":\"a\nb\tc\"}]}";
        assert_eq!(read(lines, &schema()).unwrap()["items"][0]["title"], "a\nb\tc");
    }

    #[test]
    fn what_is_not_whole_or_not_asked_for_is_refused() {
        for (text, words) in [
            ("", "no JSON"),
            ("I cannot do that.", "no JSON"),
            ("{\"items\":[{\"title\":\"a\"}", "no valid JSON"),
            ("[{\"items\":[{\"title\":\"a\"}]}, {\"items\":[", "no valid JSON"),
            ("{\"items\":[{}]}", "lacks `title`"),
            ("{\"other\":[]}", "lacks `items`"),
            ("{\"items\":{}}", "must be of type array"),
            ("\"text\"", "no JSON object"),
        ] {
            let error = read(text, &schema()).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
        let choice = json!({ "type": "object", "properties": { "p": { "enum": ["low", "high"] } } });
        assert!(read("{\"p\":\"mid\"}", &choice).unwrap_err().contains("one of"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}\",:`\\\\a-z0-9 \n<>/é🙂]{0,200}") {
            let _ = read(&text, &schema());
        }
    }
}
