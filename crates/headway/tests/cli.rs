//! The command line from outside: what it prints and how it ends, where no server is needed.

mod place;

use expect_test::expect;
use place::Place;
use std::process::Stdio;

#[test]
fn wrong_arguments_exit_2_and_say_what_to_do() {
    let place = Place::new();
    std::fs::write(place.path().join("file.png"), "x").expect("written");
    place.check(
        &["ingest", "nowhere"],
        &expect![[r#"
        exit 2
        error: cannot ingest nowhere: no such file or directory
        hint: name a folder with images or videos; `headway sample DIR` makes one to try
    "#]],
    );
    place.check(
        &["ingest", "file.png", "--yes"],
        &expect![[r#"
        exit 2
        error: cannot ingest file.png: it is not a folder
        hint: name a folder with images or videos; `headway sample DIR` makes one to try
    "#]],
    );
    place.check(&["ingest", "file.png", "--json"], &expect![[r#"
        exit 2
        {"error":{"code":null,"exit":2,"hint":"name a folder with images or videos; `headway sample DIR` makes one to try","message":"cannot ingest file.png: it is not a folder"}}
    "#]]);
    place.check(
        &["ingest"],
        &expect![[r#"
        exit 2
        error: the following required arguments were not provided:
          <DIR>...

        Usage: headway ingest <DIR>...

        For more information, try '--help'.
    "#]],
    );
    place.check(
        &["ingest", ".", "--nsfw-threshold", "2"],
        &expect![[r#"
        exit 2
        error: invalid value '2' for '--nsfw-threshold <0..1>': not between 0 and 1

        For more information, try '--help'.
    "#]],
    );
    place.check(
        &["runs", "--state", "runing"],
        &expect![[r#"
        exit 2
        error: 'runing' is no state of a run
        hint: states: queued, running, waiting, paused, completed, completed_with_errors, failed, cancelled
    "#]],
    );
    place.check(
        &["run", "nowhere.yaml"],
        &expect![[r#"
        exit 2
        error: cannot read nowhere.yaml: no such file or directory
    "#]],
    );
    place.check(
        &["run", "hello", "--input", "{"],
        &expect![[r#"
        exit 2
        error: --input is not JSON: EOF while parsing an object at line 1 column 1
        hint: write --input '{"name": "value"}', or --input @file.json
    "#]],
    );
    place.check(
        &["run", "hello", "--label", "x"],
        &expect![[r#"
        exit 2
        error: the label 'x' has no value
        hint: write --label key=value
    "#]],
    );
    place.check(
        &["serve", "--listen", "0.0.0.0:0", "--dev"],
        &expect![[r#"
        exit 2
        error: the setting 'dev' cannot be used: it signs in whoever can reach 0.0.0.0:0
        hint: listen on 127.0.0.1, or leave --dev away and sign in
    "#]],
    );
    place.check(
        &["restore", "nothing.db", "--data", "d"],
        &expect![[r#"
        exit 2
        error: there is no backup nothing.db
        hint: backups are in d/backups
    "#]],
    );
    place.check(
        &["runs", "--server", "example.org"],
        &expect![[r#"
        exit 2
        error: 'example.org' is not the address of a server
        hint: write it as http://host:port; for a server behind TLS, forward its port (ssh -L)
    "#]],
    );
    assert!(!place.path().join("d").exists() && !place.path().join(".local").exists(), "nothing was made");
}

#[test]
fn a_wrong_pipeline_is_shown_with_all_its_problems() {
    let place = Place::new();
    let yaml = "name: p\nstages:\n  - name: a\n    activty: x\n  - name: b\n    signal: s\n    needs: [c]\n";
    std::fs::write(place.path().join("p.yaml"), yaml).expect("written");
    place.check(
        &["run", "p.yaml"],
        &expect![[r#"
            exit 2
            error: p.yaml is no pipeline: it has 2 problems
            hint: p.yaml:4:5: stages[0].activty: a stage has no key 'activty' (did you mean 'activity'?)
                  p.yaml:7:13: stages[1].needs[0]: there is no stage 'c' (the other stages are: a)
        "#]],
    );
    std::fs::write(place.path().join("p.yaml"), yaml.replace("activty", "activity")).expect("written");
    place.check(
        &["run", "p.yaml"],
        &expect![[r#"
            exit 2
            error: p.yaml is no pipeline: it has a problem
            hint: p.yaml:7:13: stages[1].needs[0]: there is no stage 'c' (the other stages are: a)
        "#]],
    );
}

#[test]
fn configuration_is_checked_before_anything_is_done() {
    let place = Place::new();
    std::fs::write(place.path().join("headway.toml"), "[outbox]\nbatch = 3\n").expect("written");
    place.check(&["doctor"], &expect![[r#"
        exit 2
        error: headway.toml:2:1: unknown field `batch`, expected one of `batch_size`, `retry_attempts`, `timeout_seconds`
        hint: docs/configuration.md lists all settings
    "#]]);
    std::fs::write(place.path().join("headway.toml"), "").expect("written");
    expect![[r#"
        exit 2
        error: the variable HEADWAY_DATTA is no setting
        hint: did you mean HEADWAY_DATA? docs/configuration.md lists all variables
    "#]]
    .assert_eq(&place.told(place.headway(&["doctor"]).env("HEADWAY_DATTA", "x")));
}

#[test]
fn a_server_that_is_not_there_exits_5() {
    let place = Place::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    let told = place.told(&mut place.headway(&["runs", "--server", &format!("http://{address}")]));
    expect![[r#"
        exit 5
        error: cannot reach the server at http://ADDRESS: connection refused
        hint: is it running? `headway serve` starts it
    "#]]
    .assert_eq(&told.replace(&address, "ADDRESS"));
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
