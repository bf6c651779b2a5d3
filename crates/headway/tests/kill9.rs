//! kill -9 against the real binary: a hundred times at random moments, and then exactly the library that an undisturbed
//! ingest gives.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

const KILLS: u32 = 100;
/// Files of the media folder: enough that a round takes several kills.
const FILES: &str = "40";
/// The bound on the whole.
const AT_MOST: Duration = Duration::from_secs(180);

fn headway() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headway"));
    command.env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

fn ingest(media: &Path, data: &Path) -> Command {
    let mut command = headway();
    command.arg("ingest").arg(media).arg("--data").arg(data).args(["--yes", "--json", "--resume"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What the ingest says in its last line.
fn summary(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    let said: Result<Value, _> = serde_json::from_str(last);
    said.unwrap_or_else(|_| panic!("no summary: {text}\n{}", String::from_utf8_lossy(&output.stderr)))
}

/// The data folder's database, as the binary opens it. A probe that the killed process was just starting may hold the
/// lock until it has become another program.
fn open(data: &Path) -> db::Db {
    let migrations = [store::MIGRATIONS, server::MIGRATIONS, ingest::tables::MIGRATIONS].concat();
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        match db::Db::open(db::Options::new(data.join("headway.db")), &migrations) {
            Err(db::Error::Locked { .. }) if Instant::now() < until => std::thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}

/// Whether the folder's run has ended.
fn is_over(data: &Path) -> bool {
    if !data.join("headway.db").exists() {
        return false;
    }
    let query = db::Query::new("SELECT COUNT(*) FROM runs WHERE ended_at IS NOT NULL");
    open(data).query_blocking(query).unwrap()[0].get::<i64>(0).unwrap() > 0
}

/// The library, row by row, without times of this ingest.
fn library(data: &Path) -> Vec<String> {
    let db = open(data);
    let of = |sql: &'static str| {
        let rows = db.query_blocking(db::Query::new(sql)).unwrap();
        rows.iter().map(|row| format!("{:?}", row.cells())).collect::<Vec<_>>()
    };
    let mut all = of("SELECT id, path, name, size, sha256, kind, format, width, height, score, favourite, keywords, quality,
                      phash, near_group, has_thumbnail, nsfw FROM media ORDER BY id");
    all.extend(of(
        "SELECT media_id, keyword, kind, weight FROM media_keywords ORDER BY media_id, keyword, kind",
    ));
    all.extend(of("SELECT rowid, name, prompt, captions, keywords FROM media_text ORDER BY rowid"));
    all.extend(of("SELECT stage, key, code FROM ingest_errors ORDER BY stage, key, n"));
    all
}

/// A run's numbers have no gap, and it ended once.
fn check_events(data: &Path) {
    let db = open(data);
    let one = |sql: &'static str| db.query_blocking(db::Query::new(sql)).unwrap()[0].get::<i64>(0).unwrap();
    assert_eq!(one("SELECT COUNT(*) FROM runs"), 1, "every start went on with the same run");
    assert_eq!(one("SELECT COUNT(*) FROM events WHERE kind = 'run.completed'"), 1, "the run ended once");
    assert_eq!(
        one("SELECT COUNT(*) - MAX(run_seq) FROM events WHERE run_id <> 0"),
        0,
        "no number is missing"
    );
    assert_eq!(one("SELECT COUNT(*) - (SELECT value FROM feed) FROM events"), 0, "the feed has no gap");
}

fn kill_after(child: &mut Child, delay: Duration) -> bool {
    let until = Instant::now() + delay;
    while Instant::now() < until {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    true
}

/// Spreads moments evenly and without a pattern: the fractional parts of the golden ratio's multiples.
fn share(n: u32) -> f64 {
    (f64::from(n) * 0.618_033_988_75).fract()
}

#[test]
fn a_hundred_kills_leave_exactly_the_library_of_an_undisturbed_ingest() {
    let begun = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let media: PathBuf = folder.path().join("media");
    let made = headway().arg("sample").arg(&media).args(["--count", FILES, "--broken"]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    let undisturbed = folder.path().join("undisturbed");
    let alone = Instant::now();
    let output = ingest(&media, &undisturbed).output().unwrap();
    let alone = alone.elapsed();
    let expected = summary(&output);
    assert_eq!(output.status.code(), Some(3), "a sample with broken files ends with errors");
    let library_expected = library(&undisturbed);
    assert!(!library_expected.is_empty());

    let mut kills = 0;
    let mut round = 0;
    while kills < KILLS {
        round += 1;
        let data = folder.path().join(format!("round-{round}"));
        loop {
            let mut child = ingest(&media, &data).spawn().unwrap();
            let wanted = kills < KILLS;
            if wanted && kill_after(&mut child, alone.mul_f64(0.05 + 0.75 * share(kills))) {
                kills += 1;
                child.wait().unwrap();
                // The kill may have come between the run's end and the process's.
                if is_over(&data) {
                    break;
                }
                continue;
            }
            let last = child.wait_with_output().unwrap();
            assert_eq!(last.status.code(), Some(3), "{}", String::from_utf8_lossy(&last.stderr));
            assert_eq!(summary(&last)["stats"], expected["stats"], "round {round}, after {kills} kills");
            break;
        }
        assert_eq!(library(&data), library_expected, "round {round}, after {kills} kills");
        check_events(&data);
    }
    eprintln!("{kills} kills in {round} rounds, {:?}", begun.elapsed());
    assert!(begun.elapsed() < AT_MOST, "it took {:?}", begun.elapsed());
}
