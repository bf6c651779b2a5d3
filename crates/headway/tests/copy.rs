//! A data folder moves to PostgreSQL: its runs and its library are there as they were, and work goes on.

mod place;

use place::Place;
use serde_json::Value;

/// The command's exit code, and its output.
fn run(place: &Place, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = place.headway(arguments).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn last_line(text: &str) -> Value {
    let line = text.lines().last().unwrap_or_else(|| panic!("nothing was said"));
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[test]
fn a_data_folder_is_copied_whole_and_work_goes_on() {
    let Some(database) = servers::database() else { return };
    let place = Place::new();
    let made = run(&place, &["sample", "photos", "--count", "12"]);
    assert_eq!(made.0, Some(0), "{}", made.2);
    let ingest = ["ingest", "photos", "--data", "data", "--yes", "--json"];
    let first = run(&place, &ingest);
    assert_eq!(first.0, Some(0), "{}", first.2);
    let (before, files) = (run(&place, &["runs", "--data", "data", "--json"]), last_line(&first.1));
    let copied = run(&place, &["copy", "--from", "data", "--to", &database.url, "--json"]);
    assert_eq!(copied.0, Some(0), "{}", copied.2);
    let copied = last_line(&copied.1);
    assert!(copied["tables"]["tasks"].as_u64() > Some(12), "{copied}");
    let on_server = |arguments: &[&str]| run(&place, &[arguments, &["--store", &database.url]].concat());
    let after = on_server(&["runs", "--data", "data", "--json"]);
    assert_eq!(after.1, before.1, "{}", after.2);
    // The library is known: nothing is processed again.
    let again = on_server(&ingest);
    assert_eq!(again.0, Some(0), "{}", again.2);
    let again = last_line(&again.1);
    assert_eq!(again["stats"]["skipped"], files["stats"]["discovered"], "{again}");
    assert_eq!(again["stats"]["processed"], 0, "{again}");
    let twice = run(&place, &["copy", "--from", "data", "--to", &database.url]);
    assert_ne!(twice.0, Some(0));
    assert!(twice.2.contains("not empty") || twice.2.contains("has rows"), "{}", twice.2);
}
