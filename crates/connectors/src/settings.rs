//! Reading a destination's settings: unknown keys are named, with the known one that was probably meant.

use model::TaskError;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

/// Likeness from which a known key counts as meant.
const MEANT: f64 = 0.7;

/// Reads settings that may have these keys.
pub(crate) fn read<T: DeserializeOwned>(kind: &str, settings: &Value, keys: &[&str]) -> Result<T, TaskError> {
    let known = || format!("known keys: {}", keys.join(", "));
    let Value::Object(fields) = settings else {
        return Err(wrong(kind, "they are no JSON object").with_help(known()));
    };
    if let Some(unknown) = fields.keys().find(|key| !keys.contains(&key.as_str())) {
        let shown: String = unknown.chars().take(60).collect();
        let likest = keys
            .iter()
            .map(|key| (strsim::jaro_winkler(key, unknown), key))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let help = match likest {
            Some((likeness, key)) if likeness >= MEANT => format!("did you mean `{key}`? {}", known()),
            _ => known(),
        };
        return Err(wrong(kind, &format!("unknown key `{shown}`")).with_help(help));
    }
    T::deserialize(settings).map_err(|error| wrong(kind, &error.to_string()).with_help(known()))
}

/// The error of settings that build no connector.
pub(crate) fn wrong(kind: &str, what: &str) -> TaskError {
    let what: String = what.chars().take(300).collect();
    TaskError::new("invalid_settings", format!("the settings of this {kind} destination are wrong: {what}"))
}

/// Reads an address that paths are appended to: without query, fragment or credentials, and without a last slash.
pub(crate) fn base_url(kind: &str, text: &str) -> Result<Url, TaskError> {
    let url = Url::parse(text.trim_end_matches('/')).map_err(|_| wrong(kind, "`base_url` is no address"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong(kind, "`base_url` must begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(kind, "`base_url` must not hold credentials")
            .with_help("set them as the destination's secret"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong(kind, "`base_url` must end with its path"));
    }
    Ok(url)
}

/// Appends segments, each escaped, to a base address.
pub(crate) fn join(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// Refuses a setting that is empty, too long or holds control characters.
pub(crate) fn plain(kind: &str, key: &str, value: &str, most: usize) -> Result<(), TaskError> {
    if value.trim().is_empty() || value.chars().count() > most || value.chars().any(char::is_control) {
        return Err(wrong(kind, &format!("`{key}` must have 1 to {most} characters on one line")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;
    use url::Url;

    #[derive(Debug, Deserialize)]
    struct Some {
        organization: String,
    }

    #[test]
    fn unknown_keys_are_named_with_what_was_meant() {
        let read = |value| super::read::<Some>("azure_devops", &value, &["organization", "project"]);
        let error = read(json!({ "organisation": "x" })).unwrap_err();
        assert!(error.message.contains("unknown key `organisation`"), "{error:?}");
        assert!(error.help.unwrap().contains("did you mean `organization`?"));
        assert!(read(json!({ "organization": 1 })).unwrap_err().message.contains("expected a string"));
        assert!(read(json!([])).is_err());
        assert_eq!(read(json!({ "organization": "o" })).unwrap().organization, "o");
    }

    #[test]
    fn segments_are_escaped() {
        let base = Url::parse("https://x.test/tfs").unwrap();
        assert_eq!(
            super::join(&base, &["a b", "c/d?e#f", "$Task"]).as_str(),
            "https://x.test/tfs/a%20b/c%2Fd%3Fe%23f/$Task"
        );
        for wrong in ["ftp://x", "https://u:p@x", "https://x/?a=1", "x", ""] {
            assert!(super::base_url("github", wrong).is_err(), "{wrong}");
        }
    }
}
