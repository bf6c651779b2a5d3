//! What `deploy/` and the guides name exists: metrics, commands and their flags, settings, routes, values, headings.
//! Needs no network and none of the tools that the files are for.

mod place;

use place::{
    Place,
    serving::{self, Server},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Variables that only the compose files and `make` read.
const NOT_SETTINGS: [&str; 5] =
    ["HEADWAY_IMAGE", "HEADWAY_PORT", "HEADWAY_MEDIA", "HEADWAY_SITE", "HEADWAY_SKIP"];
/// Guides whose commands and variables are checked.
const GUIDES: [&str; 5] = ["deploy.md", "scale.md", "backup.md", "upgrade.md", "troubleshoot.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below `deploy/`, by their path there.
fn files() -> BTreeMap<String, String> {
    let base = root().join("deploy");
    let (mut found, mut folders) = (BTreeMap::new(), vec![base.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&base).expect("below").to_str().expect("text").to_owned();
                found.insert(name, read(&path));
            }
        }
    }
    assert!(found.len() > 20, "deploy/ has {} files", found.len());
    found
}

fn guides() -> BTreeMap<String, String> {
    GUIDES.iter().map(|name| ((*name).to_owned(), read(&root().join("docs").join(name)))).collect()
}

fn yaml(name: &str, text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The runs of characters that `belongs` in `text`.
fn words(text: &str, belongs: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    text.split(move |character| !belongs(character)).filter(|word| !word.is_empty())
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

#[test]
fn documents_parse() {
    for (name, text) in &files() {
        if name.ends_with(".json") {
            serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        } else if name.ends_with(".yaml") && !name.contains("/templates/") {
            yaml(name, text);
        }
    }
}

/// Every expression of the dashboard and the alerts, with where it stands.
fn expressions(files: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(&files["grafana/headway.json"]).expect("JSON");
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let place = format!("panel '{}'", panel["title"].as_str().expect("a title"));
            found.push((place, target["expr"].as_str().expect("an expression").to_owned()));
        }
    }
    let rules = yaml("alerts", &files["prometheus/alerts.yaml"]);
    for rule in rules["groups"][0]["rules"].as_array().expect("rules") {
        let place = format!("alert {}", rule["alert"].as_str().expect("a name"));
        found.push((place, rule["expr"].as_str().expect("an expression").to_owned()));
    }
    assert!(found.len() > 30, "{} expressions", found.len());
    found
}

/// A metric, and what it is narrowed down to: the label, how that is written, its value.
struct Selector<'e> {
    metric: &'e str,
    labels: Vec<(&'e str, &'e str, &'e str)>,
}

/// The selectors of an expression.
fn selectors(expression: &str) -> Vec<Selector<'_>> {
    let mut found = Vec::new();
    for (at, _) in expression.match_indices("headway_") {
        let name = words(&expression[at..], is_name).next().expect("a name");
        let rest = &expression[at + name.len()..];
        let inner =
            rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(inner, _)| inner);
        let labels = inner.split(',').filter(|part| !part.is_empty()).map(|part| {
            let (label, value) = part.split_at(part.find(['=', '!']).expect("label=value"));
            (label, part, value.trim_start_matches(['=', '!', '~']).trim_matches('"'))
        });
        found.push(Selector { metric: name, labels: labels.collect() });
    }
    found
}

#[test]
fn metrics_exist() {
    let place = Place::new();
    let server = Server::start(&place);
    let client = serving::client();
    let body =
        serde_json::json!({ "document": "name: a\nstages:\n  - { name: a, activity: builtin.noop }\n" });
    let run = server.post(&client, "/runs", &body);
    let run = run["id"].as_str().expect("an id").to_owned();
    server.when(&client, &run, |shown| shown["state"] == "completed");
    let told = |path: &str| {
        let answer = client.get(format!("{}{path}", server.address())).send().expect("it answers");
        (answer.status().as_u16(), answer.text().expect("text"))
    };
    let (_, metrics) = told("/metrics");
    let lines = |name: &str| -> Vec<&str> {
        let here = |line: &&str| line.split(['{', ' ']).next() == Some(name);
        metrics.lines().filter(here).collect()
    };
    for (place, expression) in expressions(&files()) {
        for Selector { metric: name, labels } in selectors(&expression) {
            let lines = lines(name);
            assert!(!lines.is_empty(), "{place}: there is no metric {name}");
            // Prometheus adds the instance; the states of runs are checked below, those of requests come as they come.
            for (label, written, value) in labels.iter().filter(|(label, ..)| *label != "instance") {
                assert!(
                    lines.iter().any(|line| line.contains(&format!("{label}=\""))),
                    "{place}: {name} has no label {label}"
                );
                if matches!(*label, "of" | "figure") {
                    for value in value.split('|') {
                        let wanted = format!("{label}=\"{value}\"");
                        assert!(
                            lines.iter().any(|line| line.contains(&wanted)),
                            "{place}: no {name} has {written}"
                        );
                    }
                }
                if *label == "state" {
                    for value in value.split('|') {
                        let state = serde_json::from_value::<model::RunState>(value.into());
                        assert!(state.is_ok(), "{place}: runs have no state {value}");
                    }
                }
            }
        }
    }
    // The routes that probes ask; health.sh asks the first of them.
    let chart = &files()["helm/headway/templates/_helpers.tpl"];
    let probed: BTreeSet<&str> =
        chart.split("httpGet: { path: ").skip(1).filter_map(|rest| rest.split(',').next()).collect();
    assert_eq!(probed, BTreeSet::from(["/health", "/ready"]));
    for path in probed {
        assert_eq!(told(path), (200, "{\"status\":\"ok\"}".to_owned()), "{path}");
    }
}

#[test]
fn alerts_lead_to_their_headings() {
    let (files, guides) = (files(), guides());
    for (line, _) in files["prometheus/alerts.yaml"].match_indices("See \"") {
        let heading = files["prometheus/alerts.yaml"][line + 5..].split('"').next().expect("a heading");
        assert!(guides["troubleshoot.md"].contains(&format!("\n## {heading}\n")), "no heading '{heading}'");
    }
}

/// Command lines in a guide: of code blocks, and of code in a sentence.
fn told_commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    // A line that ends in a backslash goes on.
    for line in text.replace("\\\n", " ").lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            found.extend(
                line.split_once("headway ")
                    .filter(|(before, _)| begins(before))
                    .map(|(_, rest)| rest.to_owned()),
            );
        } else {
            let code = line.split('`').skip(1).step_by(2);
            found.extend(code.filter_map(|code| code.strip_prefix("headway ")).map(str::to_owned));
        }
    }
    found
}

/// Whether a command may stand after this.
fn begins(before: &str) -> bool {
    let before = before.trim_end();
    before.is_empty()
        || before.ends_with(['|', '(', '&', ';', '#', '$'])
        || before.ends_with("--")
        || before.ends_with("-u headway")
}

/// Command lines that the files themselves run.
fn run_commands(files: &BTreeMap<String, String>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in files {
        let text = text.replace("\\\n", " ");
        if name.starts_with("compose/") {
            let services = yaml(name, &text);
            for (service, spec) in services["services"].as_object().expect("services") {
                let ours = ["serve", "worker", "migrate"].contains(&service.as_str());
                let command = spec["command"].as_array().filter(|_| ours);
                let words = command.into_iter().flatten().map(|word| word.as_str().expect("text"));
                found.extend(ours.then(|| words.collect::<Vec<_>>().join(" ")));
            }
        }
        for line in text.lines() {
            if let Some((_, rest)) = line.split_once("ExecStart=/usr/local/bin/headway ") {
                found.push(rest.to_owned());
            } else if let Some((_, list)) = line.split_once("\"args\" (list ") {
                let list = list.split(')').next().expect("a list");
                found.push(list.replace('"', ""));
            } else if let Some((before, rest)) = line.split_once("headway ")
                && before.trim_end().ends_with('#')
            {
                found.push(rest.to_owned());
            }
        }
    }
    found
}

#[test]
fn commands_and_flags_exist() {
    let place = Place::new();
    let mut lines: Vec<(String, String)> = Vec::new();
    let files = files();
    lines.extend(run_commands(&files).into_iter().map(|line| ("deploy/".to_owned(), line)));
    for (name, text) in guides() {
        lines.extend(told_commands(&text).into_iter().map(|line| (format!("docs/{name}"), line)));
    }
    // Flags that the chart adds to both of its commands.
    let helpers = files["helm/headway/templates/_helpers.tpl"].lines();
    let added: Vec<&str> = helpers.filter_map(|line| line.trim().strip_prefix("- --")).collect();
    for command in ["serve", "worker"] {
        let flags = added.iter().map(|flag| format!(" --{flag}")).collect::<String>();
        lines.push(("deploy/helm".to_owned(), format!("{command}{flags}")));
    }
    assert!(lines.len() > 20 && !added.is_empty(), "{lines:?}");
    let mut helps: BTreeMap<Vec<String>, Option<String>> = BTreeMap::new();
    let mut wrong = BTreeSet::new();
    for (from, line) in &lines {
        let line = line.split(['|', ';', '&', '#', '>']).next().expect("a first part").trim();
        let is_word = |word: &&str| {
            word.starts_with(char::is_alphabetic) && !word.contains(|c: char| !c.is_ascii_lowercase())
        };
        // The command, and the one below it where it has such: `token create`.
        let path: Vec<String> =
            line.split_whitespace().take_while(is_word).take(2).map(str::to_owned).collect();
        let help = helps.entry(path.clone()).or_insert_with(|| {
            let arguments: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
            let output = place.headway(&arguments).output().expect("it runs");
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
        });
        let Some(help) = help.as_deref().filter(|_| !path.is_empty()) else {
            wrong.insert(format!("{from}: `headway {line}`: there is no such command"));
            continue;
        };
        let known: BTreeSet<&str> = words(help, |c| is_name(c) || c == '-').collect();
        for flag in line.split_whitespace().filter(|word| word.starts_with('-')) {
            let flag = flag.split('=').next().expect("a first part");
            if !known.contains(flag) {
                wrong.insert(format!("{from}: `headway {line}`: there is no flag {flag}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn variables_are_settings() {
    let reference = read(&root().join("docs/configuration.md"));
    let is_variable = |word: &&str| word.starts_with("HEADWAY_") && word.len() > "HEADWAY_".len();
    let known: BTreeSet<&str> = words(&reference, is_name).filter(is_variable).chain(NOT_SETTINGS).collect();
    let (files, guides) = (files(), guides());
    let named = files
        .iter()
        .chain(&guides)
        .flat_map(|(name, text)| words(text, is_name).filter(is_variable).map(move |word| (word, name)));
    let wrong: BTreeSet<_> = named.filter(|(word, _)| !known.contains(word)).collect();
    assert!(wrong.is_empty(), "there are no such settings: {wrong:?}");
}

#[test]
fn the_chart_names_values_and_templates_that_it_has() {
    let files = files();
    let values = yaml("values.yaml", &files["helm/headway/values.yaml"]);
    let templates = files.iter().filter(|(name, _)| name.starts_with("helm/headway/templates/"));
    let all: String = templates.clone().map(|(_, text)| text.as_str()).collect();
    let mut used = BTreeSet::new();
    for (name, text) in templates {
        assert_eq!(text.matches("{{").count(), text.matches("}}").count(), "{name}: unbalanced braces");
        for (at, _) in text.match_indices(".Values.") {
            let path = words(&text[at + 8..], |c| is_name(c) || c == '.').next().expect("a path");
            let pointer = format!("/{}", path.replace('.', "/"));
            assert!(values.pointer(&pointer).is_some(), "{name}: values.yaml has no {path}");
            used.insert(path.split('.').next().expect("a first part").to_owned());
        }
        for (at, _) in text.match_indices("include \"") {
            let template = text[at + 9..].split('"').next().expect("a name");
            assert!(
                all.contains(&format!("define \"{template}\"")),
                "{name}: there is no template {template}"
            );
        }
    }
    let given: BTreeSet<String> = values.as_object().expect("values").keys().cloned().collect();
    assert_eq!(given, used, "values that no template uses, or the other way round");
    let chart = yaml("Chart.yaml", &files["helm/headway/Chart.yaml"]);
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"), "the chart installs another version");
}
