//! Whole backlogs on a real engine: from the vision to the review, and into the outbox.

mod support;

use headway_backlog::{AuthorName, BacklogOptions, Params, Size};
use model::RunState;
use support::{CANTEEN, begin, column, open, when};

#[tokio::test(flavor = "multi_thread")]
async fn a_vision_becomes_a_reviewed_backlog() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), BacklogOptions::default()).await;
    let params = Params { vision: CANTEEN.to_owned(), size: Size::Small, ..Params::default() };
    let run = begin(&engine, AuthorName::Outline, &params).await;
    let record = when(&engine, run, |record| record.run.state == RunState::Waiting).await;
    for (name, count) in [("epics", 2), ("features", 6), ("stories", 24), ("tasks", 96), ("test_cases", 72)] {
        assert_eq!(record.run.counters.get(name), Some(&count), "{name}");
    }
    let keys = column(&engine, "SELECT key FROM backlog_items WHERE run_id = ?1 ORDER BY sort", run).await;
    assert_eq!(keys.len(), 200);
    assert_eq!(keys[..4], ["e1", "e1.f1", "e1.f1.s1", "e1.f1.s1.t1"]);
}
