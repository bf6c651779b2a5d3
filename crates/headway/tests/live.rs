//! The binary with its server: runs that end, wait, survive; commands that share a server or bring their own.

mod place;

use place::Place;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
};

const QUICK: &str = "name: quick\nstages:\n  - { name: work, activity: builtin.delay, params: { ms: 20 } }\n";
const GATED: &str = "name: gated\nstages:\n  - { name: work, activity: builtin.noop }\n  \
                     - { name: approve, needs: work, signal: approve }\n";
const BROKEN: &str =
    "name: broken\nstages:\n  - { name: work, activity: builtin.fail, retry: { max_attempts: 1 } }\n";

impl Place {
    fn yaml(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("written");
    }

    /// The command's exit code and the last line of its output as JSON.
    fn result(&self, arguments: &[&str]) -> (i32, Value) {
        result(&self.headway(arguments).output().expect("it runs"))
    }

    fn sample(&self, count: u32) {
        let count = count.to_string();
        let made = self.headway(&["sample", "photos", "--count", &count]).output().expect("it runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}

fn result(output: &Output) -> (i32, Value) {
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text
        .lines()
        .last()
        .unwrap_or_else(|| panic!("no result: {}", String::from_utf8_lossy(&output.stderr)));
    (
        output.status.code().unwrap_or(-1),
        serde_json::from_str(last).unwrap_or_else(|_| panic!("no JSON: {text}")),
    )
}

/// A server that is killed when a test ends early.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(place: &Place, more: &[&str]) -> Self {
        let mut arguments = vec!["serve", "--data", "data", "--listen", "127.0.0.1:0", "--json"];
        arguments.extend(more);
        let mut child = place.headway(&arguments).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("it answers");
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no address: {line:?}"));
        Self { child, address: said["address"].as_str().expect("an address").to_owned() }
    }

    fn terminate(mut self) -> Option<i32> {
        let killed =
            Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(killed.success());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn without_a_server_a_run_is_followed_to_its_end() {
    let place = Place::new();
    place.yaml("quick.yaml", QUICK);
    place.yaml("broken.yaml", BROKEN);
    let (exit, result) = place.result(&["run", "quick.yaml", "--data", "data", "--json"]);
    assert_eq!((exit, &result["state"]), (0, &json!("completed")), "{result}");
    let (exit, failed) = place.result(&["run", "broken.yaml", "--data", "data", "--json"]);
    assert_eq!((exit, &failed["state"]), (1, &json!("failed")), "{failed}");
    let listed = place.headway(&["runs", "--data", "data", "--json"]).output().expect("it runs");
    let runs = String::from_utf8_lossy(&listed.stdout).lines().count();
    assert_eq!(runs, 2);
    assert!(!place.path().join("data/server.json").exists(), "the command's server left its file");
}

#[test]
fn a_command_that_changes_a_run_works_on_nothing() {
    let place = Place::new();
    place.yaml("broken.yaml", BROKEN);
    let (_, failed) = place.result(&["run", "broken.yaml", "--data", "data", "--json"]);
    let run = failed["run"].as_str().expect("an id");
    let nowhere = ["retry", run, "--from", "nowhere", "--data", "data", "--json"];
    let nowhere = place.headway(&nowhere).output().expect("it runs");
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("has no stage 'nowhere'"));
    let (exit, again) = place.result(&["retry", run, "--from", "work", "--data", "data", "--json"]);
    assert_eq!((exit, &again["state"]), (0, &json!("running")), "{again}");
    // Its task would fail within a millisecond of being begun.
    let (exit, shown) = place.result(&["runs", run, "--data", "data", "--json"]);
    assert_eq!((exit, &shown["state"]), (0, &json!("running")), "{shown}");
    assert_eq!(shown["stages"][0]["pending"], 1, "{shown}");
    let (exit, ended) = place.result(&["watch", run, "--data", "data", "--json"]);
    assert_eq!((exit, &ended["state"]), (1, &json!("failed")), "{ended}");
}

#[test]
fn a_server_without_streams_is_polled() {
    let place = Place::new();
    place.yaml("quick.yaml", QUICK);
    let mut run = place.headway(&["run", "quick.yaml", "--data", "data", "--json"]);
    let (exit, done) = result(&run.env("HEADWAY_ENABLE_SSE_PROGRESS", "false").output().expect("it runs"));
    assert_eq!((exit, &done["state"]), (0, &json!("completed")), "{done}");
}

#[test]
fn commands_share_the_server_of_their_data_folder() {
    let place = Place::new();
    place.yaml("gated.yaml", GATED);
    let server = Server::start(&place, &["--dev"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = std::fs::metadata(place.path().join("data/server.json")).expect("advertised");
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
    let (exit, started) = place.result(&["run", "gated.yaml", "--data", "data", "--json"]);
    assert_eq!(exit, 0);
    let run = started["run"].as_str().expect("an id");
    let watch = place
        .headway(&["watch", run, "--data", "data", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let (exit, paused) = place.result(&["pause", run, "--data", "data", "--json"]);
    assert_eq!((exit, &paused["state"]), (0, &json!("paused")), "{paused}");
    let (exit, _) = place.result(&["resume", run, "--data", "data", "--json"]);
    assert_eq!(exit, 0);
    let (exit, _) =
        place.result(&["signal", run, "approve", "--payload", "{\"ok\":true}", "--data", "data", "--json"]);
    assert_eq!(exit, 0);
    let (exit, ended) = result(&watch.wait_with_output().expect("it ends"));
    assert_eq!((exit, &ended["state"]), (0, &json!("completed")), "{ended}");

    let another =
        place.headway(&["serve", "--data", "data", "--listen", "127.0.0.1:0"]).output().expect("it runs");
    assert_eq!(another.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&another.stderr)
            .contains(&format!("is served already, at {}", server.address))
    );

    let (_, second) = place.result(&["run", "gated.yaml", "--data", "data", "--json"]);
    let second = second["run"].as_str().expect("an id");
    let (exit, _) = place.result(&["cancel", second, "--reason", "a test", "--data", "data", "--json"]);
    assert_eq!(exit, 0);
    let (exit, cancelled) = place.result(&["watch", second, "--data", "data", "--json"]);
    assert_eq!((exit, &cancelled["state"]), (4, &json!("cancelled")));

    assert_eq!(server.terminate(), Some(0));
    assert!(!place.path().join("data/server.json").exists());
}

#[test]
fn tokens_open_a_server_elsewhere_until_they_are_revoked() {
    let place = Place::new();
    let server = Server::start(&place, &[]);
    let made = place
        .headway(&["token", "create", "ci", "--scopes", "runs:read", "--data", "data"])
        .output()
        .expect("runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let token = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    let elsewhere = |token: &str| {
        let mut command = place.headway(&["runs", "--json", "--server", &server.address]);
        command.env("HEADWAY_TOKEN", token).output().expect("it runs").status.code()
    };
    assert_eq!(elsewhere(""), Some(5));
    assert_eq!(elsewhere(&token), Some(0));
    let listed = place.headway(&["token", "list", "--data", "data", "--json"]).output().expect("it runs");
    let tokens = String::from_utf8_lossy(&listed.stdout).into_owned();
    let tokens: Vec<Value> = tokens.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let id = tokens
        .iter()
        .find(|token| token["name"] == "ci")
        .and_then(|token| token["id"].as_str())
        .expect("listed");
    let (exit, _) = place.result(&["token", "revoke", id, "--data", "data", "--json"]);
    assert_eq!(exit, 0);
    assert_eq!(elsewhere(&token), Some(5));
}

#[test]
fn an_ingest_stops_at_the_preview_and_goes_on_from_it() {
    let place = Place::new();
    place.sample(14);
    let (exit, preview) = place.result(&["ingest", "photos", "--data", "data", "--no-nsfw", "--json"]);
    assert_eq!((exit, &preview["state"]), (0, &json!("waiting")), "{preview}");
    let (exit, done) = place.result(&["ingest", "photos", "--data", "data", "--yes", "--json", "--resume"]);
    assert_eq!((exit, &done["state"]), (0, &json!("completed")), "{done}");
    assert_eq!(done["run"], preview["run"], "the same run went on");
    let figure = |name: &str| done["stats"][name].as_i64().unwrap_or_else(|| panic!("no {name}: {done}"));
    assert!(figure("discovered") >= 14);
    assert_eq!(figure("processed") + figure("failed") + figure("skipped"), figure("discovered"));
    for name in ["metadata", "keywords", "scores", "nsfw", "errors"] {
        figure(name);
    }
    assert!(done["elapsed_ms"].is_u64());
    // The library has them now: another ingest skips them all.
    let (exit, again) = place.result(&["ingest", "photos", "--data", "data", "--yes", "--no-nsfw", "--json"]);
    assert_eq!(exit, 0, "{again}");
    assert_ne!(again["run"], done["run"]);
    assert_eq!(again["stats"]["skipped"], again["stats"]["discovered"], "{again}");
}

#[test]
fn a_file_that_is_mended_and_retried_leaves_no_error_entry() {
    let place = Place::new();
    place.sample(14);
    let picture = std::fs::read_dir(place.path().join("photos")).expect("sampled").find_map(|entry| {
        let path = entry.expect("read").path();
        path.extension().is_some_and(|kind| kind == "png").then_some(path)
    });
    let good = std::fs::read(picture.expect("a PNG")).expect("read");
    let broken = place.path().join("photos/broken.png");
    std::fs::write(&broken, &good[..good.len() / 3]).expect("written");
    let arguments = ["ingest", "photos", "--data", "data", "--no-nsfw", "--no-keywords", "--json"];
    let (exit, preview) = place.result(&arguments);
    assert_eq!((exit, &preview["stats"]["failed"]), (0, &json!(1)), "{preview}");
    let run = preview["run"].as_str().expect("an id");
    let count = |sql: &'static str| {
        let migrations = [store::MIGRATIONS, server::MIGRATIONS, ingest::tables::MIGRATIONS].concat();
        let options = db::Options::new(place.path().join("data/headway.db"));
        let db = db::Db::open(options, &migrations).expect("it opens");
        db.query_blocking(db::Query::new(sql)).expect("it answers")[0].get::<i64>(0).expect("a count")
    };
    const ENTRIES: &str = "SELECT COUNT(*) FROM ingest_errors WHERE file LIKE '%broken.png'";
    assert_eq!(count(ENTRIES), 1);
    // Mended under its name, with bytes of its own.
    std::fs::write(&broken, [&good[..], b"mended"].concat()).expect("written");
    assert_eq!(place.result(&["retry", run, "--data", "data", "--json"]).0, 0);
    let (exit, done) = place.result(&["ingest", "photos", "--data", "data", "--yes", "--json", "--resume"]);
    assert_eq!((exit, &done["run"]), (0, &json!(run)), "{done}");
    assert_eq!((&done["stats"]["failed"], &done["stats"]["errors"]), (&json!(0), &json!(0)), "{done}");
    assert_eq!(count(ENTRIES), 0);
    let lie = "SELECT COUNT(*) FROM media WHERE kind = 'image' AND orientation IS NULL";
    assert_eq!(count(lie), 0, "how a picture lies is known without keywords");
    // The whole of it again from a stage on: the same figures, and nothing twice in the library.
    let library = count("SELECT COUNT(*) FROM media");
    let (exit, retried) = place.result(&["retry", run, "--from", "enrich", "--data", "data", "--json"]);
    assert_eq!((exit, &retried["state"]), (0, &json!("running")), "{retried}");
    let (_, again) = place.result(&["ingest", "photos", "--data", "data", "--yes", "--json", "--resume"]);
    assert_eq!((&again["run"], &again["state"]), (&json!(run), &done["state"]), "{again}");
    assert_eq!(again["stats"], done["stats"], "what ran again is counted once");
    assert_eq!(count("SELECT COUNT(*) FROM media"), library);
}

#[test]
fn a_killed_server_costs_nothing() {
    let place = Place::new();
    place.sample(60);
    let server = Server::start(&place, &["--dev", "--media-root", "photos"]);
    let ingest = place
        .headway(&["ingest", "photos", "--data", "data", "--yes", "--no-nsfw"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut ingest = ingest;
    let mut told = BufReader::new(ingest.stderr.take().expect("piped"));
    let mut line = String::new();
    // Once there are figures, work is under way.
    while !line.contains(" %: ") {
        line.clear();
        assert!(told.read_line(&mut line).expect("it tells") > 0, "it ended early");
    }
    drop(server);
    // The command brings a server of its own, and goes on with the same run.
    std::thread::spawn(move || std::io::copy(&mut told, &mut std::io::sink()));
    assert_eq!(ingest.wait().expect("it ends").code(), Some(0));
    let listed = place.headway(&["runs", "--data", "data", "--json"]).output().expect("it runs");
    let runs: Vec<Value> = String::from_utf8_lossy(&listed.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(runs.len(), 1, "one run, before and after");
    assert_eq!(runs[0]["state"], "completed");
    let counters = &runs[0]["counters"];
    let figure = |name: &str| counters[name].as_i64().unwrap_or(0);
    assert_eq!(
        figure("processed") + figure("failed") + figure("skipped"),
        figure("discovered"),
        "{counters}"
    );
}

#[test]
fn a_backup_brings_back_what_was_there() {
    let place = Place::new();
    place.yaml("quick.yaml", QUICK);
    let runs = || {
        let listed = place.headway(&["runs", "--data", "data", "--json"]).output().expect("it runs");
        String::from_utf8_lossy(&listed.stdout).lines().count()
    };
    assert_eq!(place.result(&["run", "quick.yaml", "--data", "data", "--json"]).0, 0);
    let (exit, backup) = place.result(&["backup", "copy.db", "--data", "data", "--json"]);
    assert_eq!((exit, &backup["path"]), (0, &json!("copy.db")), "{backup}");
    assert_eq!(place.result(&["run", "quick.yaml", "--data", "data", "--json"]).0, 0);
    assert_eq!(runs(), 2);
    let refused = place.headway(&["restore", "copy.db", "--data", "data"]).output().expect("it runs");
    assert_eq!(refused.status.code(), Some(2));
    let (exit, restored) = place.result(&["restore", "copy.db", "--data", "data", "--yes", "--json"]);
    assert_eq!(exit, 0, "{restored}");
    assert_eq!(runs(), 1);
}
