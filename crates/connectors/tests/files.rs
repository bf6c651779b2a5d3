//! Files in a directory: whole, once, through kills and full disks.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod rig;

use activity::connector::{Answer, Connector, Lookup, Parcel};
use headway_connectors::{Http, Reach, build};
use model::WorkItemKind::{Epic, Story, Task};
use rig::{answer, arrives, simple};
use serde_json::{Value, json};
use std::{fs, io::Write, path::Path, sync::Arc};

fn to(folder: &Path) -> Arc<dyn Connector> {
    let settings = json!({ "directory": folder, "formats": ["csv", "json", "markdown"] });
    build("files", &settings, None, &Http::new(Reach::Any).unwrap()).unwrap()
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(rig::RUN.to_string()).join(file)).unwrap()
}

#[tokio::test]
async fn a_backlog_becomes_files() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("out");
    let connector = to(&folder);
    assert!(connector.test().await.unwrap().contains("written"));
    let first = arrives(&*connector, simple(Epic, "e1", None)).await;
    let second = arrives(&*connector, simple(Epic, "e2", None)).await;
    let story = arrives(&*connector, simple(Story, "s1", Some(first))).await;
    arrives(&*connector, simple(Task, "t1", Some(story))).await;
    assert_eq!(&*second.id, "2");

    let items: Vec<Value> = serde_json::from_str(&read(&folder, "items.json")).unwrap();
    assert_eq!(items.len(), 4);
    assert_eq!(items[2]["parent"], "1");
    assert_eq!(items[2]["item"]["acceptance_criteria"][0], "Given a < b, when \"c\" & d, then 'e'");
    assert_eq!(read(&folder, "items.jsonl").lines().count(), 4);

    let csv = read(&folder, "items.csv");
    assert!(csv.starts_with("id,parent,kind,title,description,"), "{csv}");
    assert!(csv.contains("\n3,1,story,Title of s1,"), "{csv}");
    assert!(csv.contains("\"Given a < b, when \"\"c\"\" & d, then 'e'\""), "{csv}");

    let markdown = read(&folder, "items.md");
    let headings: Vec<&str> = markdown.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(
        headings,
        [
            "# 1. epic: Title of e1",
            "## 3. story: Title of s1",
            "### 4. task: Title of t1",
            "# 2. epic: Title of e2"
        ]
    );
}

#[tokio::test]
async fn nothing_is_written_twice() {
    let root = tempfile::tempdir().unwrap();
    let parcels: Vec<Parcel> = (0..20).map(|n| simple(Epic, &format!("e{n}"), None)).collect();
    let twice: Vec<Parcel> = parcels.iter().chain(&parcels).cloned().collect();
    to(root.path()).deliver(&twice).await;
    // Two that know nothing of each other, at once.
    let (a, b) = (to(root.path()), to(root.path()));
    let (x, y) = tokio::join!(a.deliver(&parcels), b.deliver(&parcels));
    assert_eq!(x.answers, y.answers);
    assert_eq!(read(root.path(), "items.jsonl").lines().count(), 20);
    let found = to(root.path()).look_up(&[parcels[7].clone(), simple(Epic, "never", None)]).await.answers;
    assert!(matches!(&found[0], Lookup::Found(remote) if &*remote.id == "8"), "{found:?}");
    assert_eq!(found[1], Lookup::Absent);
}

#[tokio::test]
async fn a_killed_write_leaves_nothing_or_all_of_an_item() {
    let root = tempfile::tempdir().unwrap();
    let connector = to(root.path());
    arrives(&*connector, simple(Epic, "e1", None)).await;
    arrives(&*connector, simple(Epic, "e2", None)).await;
    let journal = root.path().join(rig::RUN.to_string()).join("items.jsonl");
    let whole = fs::read(&journal).unwrap();
    let second = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    // As a kill after any number of bytes of the second line leaves it.
    for cut in [second, second + 1, whole.len() / 2 + second / 2, whole.len() - 1] {
        fs::write(&journal, &whole[..cut]).unwrap();
        let again = simple(Epic, "e2", None);
        let found = to(root.path()).look_up(std::slice::from_ref(&again)).await.answers.remove(0);
        assert_eq!(found, Lookup::Absent, "{cut}");
        arrives(&*connector, again).await;
        assert_eq!(fs::read(&journal).unwrap(), whole, "{cut}");
    }
    // Killed between the journal and the files made from it: looking up mends them.
    fs::remove_file(journal.with_file_name("items.csv")).unwrap();
    let found = to(root.path()).look_up(&[simple(Epic, "e2", None)]).await.answers.remove(0);
    assert!(matches!(found, Lookup::Found(_)), "{found:?}");
    assert_eq!(read(root.path(), "items.csv").matches("Title of e").count(), 2);
}

#[tokio::test]
async fn a_journal_that_someone_changed_is_not_overwritten() {
    let root = tempfile::tempdir().unwrap();
    let connector = to(root.path());
    arrives(&*connector, simple(Epic, "e1", None)).await;
    let journal = root.path().join(rig::RUN.to_string()).join("items.jsonl");
    fs::OpenOptions::new().append(true).open(&journal).unwrap().write_all(b"notes\n").unwrap();
    let before = fs::read(&journal).unwrap();
    let came = answer(&*connector, &simple(Epic, "e2", None)).await;
    assert!(matches!(&came, Answer::Refused { error, .. } if error.code == "damaged"), "{came:?}");
    assert_eq!(fs::read(&journal).unwrap(), before);
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_told() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "x").unwrap();
    let connector = to(&file);
    let came = answer(&*connector, &simple(Epic, "e1", None)).await;
    assert!(matches!(&came, Answer::Refused { .. } | Answer::Unavailable { .. }), "{came:?}");
    assert!(connector.test().await.is_err());
    // A link in the journal's place is not followed.
    let run = root.path().join(rig::RUN.to_string());
    fs::create_dir(&run).unwrap();
    std::os::unix::fs::symlink(&file, run.join("items.jsonl")).unwrap();
    let came = answer(&*to(root.path()), &simple(Epic, "e1", None)).await;
    assert!(!matches!(came, Answer::Delivered(_)), "{came:?}");
    assert_eq!(fs::read(&file).unwrap(), b"x");
}

#[tokio::test]
async fn hard_text_and_odd_payloads_stay_whole() {
    let root = tempfile::tempdir().unwrap();
    let connector = to(root.path());
    let mut epic = rig::item(Epic, "=cmd|' /C calc'!A0 \"x\", 🙂\u{202e}");
    epic.description = "<&\">".repeat(250_000);
    arrives(&*connector, rig::parcel(&epic, "e1", None)).await;
    arrives(&*connector, rig::parcel_of(json!(["no", "work item"]), "other", "Odd", "o1", None)).await;
    let items: Vec<Value> = serde_json::from_str(&read(root.path(), "items.json")).unwrap();
    assert_eq!(items[0]["item"]["description"], epic.description);
    assert_eq!(items[0]["title"], epic.title);
    let csv = read(root.path(), "items.csv");
    assert!(csv.contains(",\"'=cmd|' /C calc'!A0 \"\"x\"\", 🙂\u{202e}\","), "formulas are text");
    assert!(csv.contains("[\"\"no\"\",\"\"work item\"\"]"));
    let preview = connector.preview(&rig::parcel(&epic, "e1", None)).unwrap();
    assert!(preview.url.ends_with("items.jsonl"));
}

#[test]
fn settings_are_read_strictly() {
    let http = Http::new(Reach::Any).unwrap();
    let wrong = |settings| build("files", &settings, None, &http).err().unwrap().message;
    assert!(wrong(json!({ "directory": "out", "formats": ["csv"] })).contains("absolute"));
    assert!(wrong(json!({ "directory": "/x/../etc", "formats": ["csv"] })).contains("absolute"));
    assert!(wrong(json!({ "directory": "/x", "formats": [] })).contains("formats"));
    assert!(wrong(json!({ "directory": "/x", "formats": ["xls"] })).contains("xls"));
    assert!(wrong(json!({ "directory": "/x", "format": ["csv"] })).contains("`format`"));
}
