//! The arrows between crates: who may import whom, and which outside crates stay where. Holds the table in
//! CONTRIBUTING.md against `cargo metadata` and the sources.

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::{Path, PathBuf},
    process::Command,
};

/// Each of our crates with its layer.
const LAYERS: &[(&str, u8)] = &[
    ("headway-model", 0),
    ("headway-core", 1),
    ("headway-pipeline", 1),
    ("headway-db", 1),
    ("headway-store", 2),
    ("headway-activity", 2),
    ("headway-stream", 2),
    ("headway-vault", 2),
    ("headway-connectors", 3),
    ("headway-engine", 3),
    ("headway-temporal", 3),
    ("headway-web", 3),
    ("headway-server", 3),
    ("headway-ingest", 3),
    ("headway-backlog", 3),
    ("headway", 4),
    ("headway-bench", 4),
    ("headway-fakes", 4),
    ("headway-servers", 4),
];

/// Arrows within a layer that are allowed, with the reason.
const WITHIN: &[(&str, &str, &str)] = &[
    ("headway-pipeline", "headway-core", "compiling checks conditions"),
    ("headway-stream", "headway-store", "what goes outside is made from what is stored"),
    ("headway-stream", "headway-activity", "progress of an attempt is the activity's type"),
    ("headway-server", "headway-web", "the server's routes are made of web's parts"),
    ("headway-ingest", "headway-web", "the application's routes are made of web's parts"),
    ("headway-backlog", "headway-web", "the application's routes are made of web's parts"),
    ("headway-server", "headway-engine", "routes call the engine's verbs"),
    (
        "headway-temporal",
        "headway-engine",
        "attempts, limits and rows of tasks are the engine's on every host",
    ),
    ("headway-bench", "headway-servers", "the benchmarks run on a real PostgreSQL"),
    ("headway-bench", "headway-fakes", "what is sent is measured against a fake of where it goes"),
];

/// Crates that know no runtime, SQL, HTTP, clock or randomness, at any depth.
const PURE: &[&str] = &["headway-model", "headway-core", "headway-pipeline"];
const IMPURE: &[&str] =
    &["tokio", "rusqlite", "libsqlite3-sys", "hyper", "axum", "reqwest", "jiff", "getrandom", "rand"];

/// Outside crates with the only ones of ours that may name them.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("rusqlite", &["headway-db", "headway-bench"]),
    ("tokio-postgres", &["headway-db", "headway-bench"]),
    ("axum", &["headway-web", "headway-server", "headway-ingest", "headway-backlog", "headway-bench"]),
    ("utoipa-axum", &["headway-web", "headway-server", "headway-ingest", "headway-backlog"]),
    ("clap", &["headway"]),
    ("temporalio-sdk", &["headway-temporal"]),
    ("temporalio-client", &["headway-temporal"]),
    ("indicatif", &["headway"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn metadata() -> Value {
    let platform = if cfg!(target_os = "macos") { "apple-darwin" } else { "unknown-linux-gnu" };
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform"])
        .arg(format!("{}-{platform}", std::env::consts::ARCH))
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("metadata is JSON")
}

/// What each of our crates names in its manifest: normal and build dependencies, not those of tests.
fn named(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let members: BTreeSet<&str> =
        metadata["workspace_members"].as_array().expect("members").iter().filter_map(Value::as_str).collect();
    let packages = metadata["packages"].as_array().expect("packages");
    let ours =
        packages.iter().filter(|package| package["id"].as_str().is_some_and(|id| members.contains(id)));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    ours.map(|package| {
        let dependencies = package["dependencies"].as_array().expect("dependencies");
        let lasting = dependencies.iter().filter(|dependency| dependency["kind"] != "dev");
        (text(&package["name"]), lasting.map(|dependency| text(&dependency["name"])).collect())
    })
    .collect()
}

#[test]
fn crates_import_only_lower_layers() {
    let layers: BTreeMap<&str, u8> = LAYERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (name, dependencies) in named(&metadata()) {
        let Some(layer) = layers.get(name.as_str()) else {
            wrong.push(format!("{name} has no layer: add it to LAYERS and to CONTRIBUTING.md"));
            continue;
        };
        for dependency in &dependencies {
            let allowed = match layers.get(dependency.as_str()) {
                None => true,
                Some(other) if other < layer => true,
                Some(_) => WITHIN.iter().any(|(from, to, _)| *from == name && to == dependency),
            };
            if !allowed {
                wrong.push(format!("{name} must not import {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn outside_crates_stay_where_they_belong() {
    let named = named(&metadata());
    let mut wrong = Vec::new();
    for (outside, allowed) in ONLY_IN {
        for (name, dependencies) in &named {
            if dependencies.contains(*outside) && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{name} must not import {outside}: only {} may", allowed.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_core_is_pure_at_any_depth() {
    let metadata = metadata();
    let nodes = metadata["resolve"]["nodes"].as_array().expect("nodes");
    let packages = metadata["packages"].as_array().expect("packages");
    let names: BTreeMap<&str, &str> =
        packages.iter().filter_map(|p| Some((p["id"].as_str()?, p["name"].as_str()?))).collect();
    let edges: BTreeMap<&str, Vec<&str>> =
        nodes.iter().filter_map(|n| Some((n["id"].as_str()?, lasting(n)))).collect();
    let mut wrong = Vec::new();
    for pure in PURE {
        let start = names.iter().find(|(_, name)| *name == pure).map(|(id, _)| *id).expect("a package");
        let mut seen = BTreeSet::from([start]);
        let mut queue = VecDeque::from([start]);
        while let Some(id) = queue.pop_front() {
            let name = names.get(id).copied().unwrap_or_default();
            if IMPURE.contains(&name) {
                wrong.push(format!("{pure} depends on {name}"));
            }
            queue.extend(edges.get(id).into_iter().flatten().copied().filter(|next| seen.insert(next)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Ids of a node's dependencies that end up in the program.
fn lasting(node: &Value) -> Vec<&str> {
    let normal = |dependency: &&Value| {
        dependency["dep_kinds"]
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
    };
    node["deps"].as_array().into_iter().flatten().filter(normal).filter_map(|d| d["pkg"].as_str()).collect()
}

/// An application computes in its modules and speaks HTTP in one.
#[test]
fn applications_speak_http_only_in_their_routes() {
    let mut wrong = Vec::new();
    let mut files = 0;
    let mut folders = vec![root().join("apps")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("readable").flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                if name != "routes" && name != "tests" && name != "target" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") && name != "routes.rs" {
                files += 1;
                let text = std::fs::read_to_string(&path).expect("readable");
                if text.contains("axum::") || text.contains("utoipa_axum::") {
                    wrong.push(path.display().to_string());
                }
            }
        }
    }
    assert!(files > 10, "the applications' sources were not found");
    assert!(wrong.is_empty(), "axum outside of a routes module: {}", wrong.join(", "));
}

/// Progress notes, scratch files and data belong elsewhere.
#[test]
fn the_root_stays_tidy() {
    let allowed: BTreeSet<&str> = [
        ".ci",
        ".config",
        ".git",
        ".github",
        ".gitignore",
        ".headway",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "Makefile",
        "README.md",
        "SECURITY.md",
        "STYLE.md",
        "apps",
        "bench",
        "clippy.toml",
        "crates",
        "deny.toml",
        "deploy",
        "docs",
        "examples",
        "fuzz",
        "rustfmt.toml",
        "scripts",
        "sdk",
        "target",
        "tests",
        "ui",
    ]
    .into();
    let strange: Vec<String> = std::fs::read_dir(root())
        .expect("readable")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !allowed.contains(name.as_str()))
        .collect();
    assert!(strange.is_empty(), "the root folder has: {}", strange.join(", "));
}
