//! Where settings come from: the file, then the environment, then flags; the later wins.

use super::raw::{RawConfig, all, setting};
use crate::problem::{Problem, Result};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Longest configuration file, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// Variables of the environment that are no settings.
const NOT_SETTINGS: [&str; 5] =
    ["HEADWAY_SKIP", "HEADWAY_CONFIG", "HEADWAY_SERVER", "HEADWAY_TOKEN", "HEADWAY_ADMIN_CODE"];

/// The settings of the file at `path`, its relative paths made absolute by its folder.
pub(crate) fn from_file(path: &Path) -> Result<RawConfig> {
    let size = std::fs::metadata(path).map_err(|error| usage(Problem::io("read", path, &error)))?.len();
    if size > MAX_FILE_BYTES {
        return Err(Problem::usage(format!(
            "{} is larger than 1 MiB, which no configuration is",
            path.display()
        )));
    }
    let text = std::fs::read_to_string(path).map_err(|error| usage(Problem::io("read", path, &error)))?;
    let mut raw = from_text(&text, &path.display().to_string())?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let absolute = |path: PathBuf| folder.join(path);
    raw.data = raw.data.map(absolute);
    raw.media_roots = raw.media_roots.map(|roots| roots.into_iter().map(absolute).collect());
    Ok(raw)
}

fn usage(problem: Problem) -> Problem {
    Problem { exit: crate::problem::Exit::Usage, ..problem }
}

/// The settings of a file's text; `name` is for messages.
pub(crate) fn from_text(text: &str, name: &str) -> Result<RawConfig> {
    toml::from_str(text).map_err(|error| {
        let place = error.span().map(|span| place(text, span.start)).unwrap_or_default();
        let message = error.message().trim().lines().next().unwrap_or_default().to_owned();
        let problem = Problem::usage(format!("{name}{place}: {message}"));
        match unknown(&message) {
            Some(key) => problem.hint(suggestion(&key)),
            None => problem.hint("see docs/configuration.md for all settings"),
        }
    })
}

/// `:line:column` of a byte of `text`.
fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    format!(":{line}:{column}")
}

/// The key that a message of the TOML reader calls unknown.
fn unknown(message: &str) -> Option<String> {
    message.strip_prefix("unknown field `")?.split('`').next().map(str::to_owned)
}

fn suggestion(key: &str) -> String {
    let last = |key: &'static str| key.rsplit('.').next().unwrap_or(key);
    match closest(key, all().map(|s| s.key).chain(all().map(|s| last(s.key)))) {
        Some(near) => {
            let full = all().map(|s| s.key).find(|k| last(k) == near || *k == near).unwrap_or(near);
            format!("did you mean '{full}'? docs/configuration.md lists all settings")
        }
        None => "docs/configuration.md lists all settings".to_owned(),
    }
}

/// The settings of the environment.
pub(crate) fn from_environment(variables: impl Iterator<Item = (String, String)>) -> Result<RawConfig> {
    let known: BTreeMap<String, &'static str> = all().map(|s| (s.variable(), s.key)).collect();
    let mut table = toml::Table::new();
    for (name, value) in variables.filter(|(name, _)| name.starts_with("HEADWAY_")) {
        // Those of tests are for the programs that run them.
        if NOT_SETTINGS.contains(&name.as_str()) || name.starts_with("HEADWAY_TEST_") {
            continue;
        }
        let Some(setting) = known.get(&name).and_then(|key| setting(key)) else {
            let near = closest(&name, known.keys().map(String::as_str));
            let hint = near.map_or_else(
                || "unset it; docs/configuration.md lists all variables".to_owned(),
                |near| format!("did you mean {near}? docs/configuration.md lists all variables"),
            );
            return Err(Problem::usage(format!("the variable {name} is no setting")).hint(hint));
        };
        let value =
            setting.read(&value).map_err(|why| Problem::usage(format!("the variable {name}: {why}")))?;
        insert(&mut table, setting.key, value);
    }
    table.try_into().map_err(|error: toml::de::Error| {
        Problem::usage(format!("the environment's settings do not fit: {}", error.message()))
    })
}

fn insert(table: &mut toml::Table, key: &str, value: toml::Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, rest)) => {
            let part = table.entry(section).or_insert_with(|| toml::Table::new().into());
            if let Some(part) = part.as_table_mut() {
                insert(part, rest, value);
            }
        }
    }
}

/// The candidate that `name` was most likely meant to be.
fn closest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (candidate, strsim::damerau_levenshtein(name, candidate)))
        .min_by_key(|(_, distance)| *distance)
        .filter(|(candidate, distance)| *distance <= candidate.chars().count().max(3) / 3)
        .map(|(candidate, _)| candidate)
}
