//! The command line from outside: what it prints and how it ends, where no server is needed.

mod place;

use expect_test::expect;
use place::Place;
use std::process::Stdio;

#[test]
fn wrong_arguments_exit_2_and_say_what_to_do() {
    let place = Place::new();
    std::fs::write(place.path().join("file.png"), "x").expect("written");
    place.check(&["ingest", "nowhere"], &expect![]);
    place.check(&["ingest", "file.png", "--yes"], &expect![]);
    place.check(&["ingest", "file.png", "--json"], &expect![]);
    place.check(&["ingest"], &expect![]);
    place.check(&["ingest", ".", "--nsfw-threshold", "2"], &expect![]);
    place.check(&["runs", "--state", "runing"], &expect![]);
    place.check(&["run", "nowhere.yaml"], &expect![]);
    place.check(&["run", "hello", "--input", "{"], &expect![]);
    place.check(&["run", "hello", "--label", "x"], &expect![]);
    place.check(&["serve", "--listen", "0.0.0.0:0", "--dev"], &expect![]);
    place.check(&["restore", "nothing.db", "--data", "d"], &expect![]);
    place.check(&["runs", "--server", "example.org"], &expect![]);
    assert!(!place.path().join("d").exists() && !place.path().join(".local").exists(), "nothing was made");
}

#[test]
fn a_wrong_pipeline_is_shown_with_all_its_problems() {
    let place = Place::new();
    let yaml = "name: p\nstages:\n  - name: a\n    activty: x\n  - name: b\n    signal: s\n    needs: [c]\n";
    std::fs::write(place.path().join("p.yaml"), yaml).expect("written");
    place.check(&["run", "p.yaml"], &expect![]);
    std::fs::write(place.path().join("p.yaml"), yaml.replace("activty", "activity")).expect("written");
    place.check(&["run", "p.yaml"], &expect![]);
}

#[test]
fn configuration_is_checked_before_anything_is_done() {
    let place = Place::new();
    std::fs::write(place.path().join("headway.toml"), "[outbox]\nbatch = 3\n").expect("written");
    place.check(&["doctor"], &expect![]);
    std::fs::write(place.path().join("headway.toml"), "").expect("written");
    expect![].assert_eq(&place.told(place.headway(&["doctor"]).env("HEADWAY_DATTA", "x")));
}

#[test]
fn a_server_that_is_not_there_exits_5() {
    let place = Place::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    let told = place.told(&mut place.headway(&["runs", "--server", &format!("http://{address}")]));
    expect![].assert_eq(&told.replace(&address, "ADDRESS"));
}

/// `headway completions bash | head -1` must not end in a panic.
#[test]
fn a_closed_pipe_is_quiet() {
    let place = Place::new();
    let mut child = place
        .headway(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn doctor_reports_in_both_forms() {
    let place = Place::new();
    let output = place.headway(&["doctor", "--data", "data", "--json"]).output().expect("it runs");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let names: Vec<_> =
        report["checks"].as_array().expect("checks").iter().map(|c| c["name"].as_str()).collect();
    for name in [
        "server",
        "data folder",
        "free space",
        "SQLite",
        "fsync",
        "ffprobe",
        "open files",
        "hardware",
        "clock",
    ] {
        assert!(names.contains(&Some(name)), "{name} is missing in {names:?}");
    }
    let plain = place.headway(&["doctor", "--data", "data"]).output().expect("it runs");
    let text = String::from_utf8_lossy(&plain.stdout);
    assert!(!text.contains('\u{1b}'), "colours in a pipe: {text}");
    assert!(text.lines().any(|line| line.starts_with("ok   SQLite")), "{text}");
    assert!(!place.path().join("data").exists(), "looking makes nothing");
}
