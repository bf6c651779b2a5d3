//! One run, followed: snapshot, then events, each once, in order, whatever happens in between.

#![expect(clippy::unwrap_used, reason = "a panic is a failed test")]

mod support;

use headway_stream::{
    Audience, Follow, HubOptions, ItemProgress, Opened, Position, Subjects, Topic, fixture::Made,
};
use model::{RunId, StageId};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use support::*;

#[tokio::test]
async fn a_stream_begins_with_padding_retry_and_a_snapshot_and_goes_on_with_events() {
    let (_folder, world) = world().await;
    let run = world.run().await.unwrap();
    let mut reader = Reader::new(follow(&world, run, None).await);
    let snapshot = reader.next().await;
    assert_eq!((snapshot.event.as_str(), snapshot.id.as_deref()), ("snapshot", Some("first.1")));
    assert_eq!(snapshot.data["run"]["id"], run.to_string());
    assert_eq!(snapshot.data["cursor"], "first.1");
    assert_eq!(snapshot.data["head"], 1);
    let (padding, rest) = reader.text().split_once("\n\n").unwrap();
    assert!(padding.starts_with(": ") && padding.len() >= 2_046, "{}", padding.len());
    let retry: u64 = rest.strip_prefix("retry: ").unwrap().split_once('\n').unwrap().0.parse().unwrap();
    assert!((500..=3_000).contains(&retry));

    world.append(run, vec![Made::log("hello"), Made::done("a")]).await.unwrap();
    let event = reader.next().await;
    assert_eq!((event.event.as_str(), event.id.as_deref()), ("event", Some("first.2")));
    assert_eq!(event.data["data"]["message"], "hello");
    assert_eq!(event.data["stage"], "work");
    let progress = reader.next().await;
    assert_eq!((progress.event.as_str(), progress.id), ("progress", None));
    assert_eq!(progress.data["item"], serde_json::Value::Null);
    assert_eq!((&progress.data["from"], &progress.data["to"]), (&2.into(), &3.into()));
    assert_eq!(progress.data["figures"]["done"], 1);

    world.append(run, vec![Made::completed()]).await.unwrap();
    assert_eq!(reader.next().await.data["kind"], "run.completed");
    let progress = reader.next().await;
    assert_eq!((&progress.data["state"], &progress.data["from"]), (&"completed".into(), &4.into()));
    assert_eq!(progress.data["figures"]["percent"], 100.0);
    let end = reader.next().await;
    assert_eq!((end.event.as_str(), &end.data["state"]), ("end", &"completed".into()));
    reader.step().await;
    assert!(reader.over);
    assert!(matches!(follow(&world, run, end.id.as_deref()).await, Opened::Over), "204 only after the end");
    drop(reader);
    assert_eq!(world.hub.followers(), 0);
}

#[tokio::test]
async fn what_ended_before_is_shown_and_ended() {
    let (_folder, world) = world().await;
    let run = world.run().await.unwrap();
    world.append(run, vec![Made::completed()]).await.unwrap();
    let frames = Reader::new(follow(&world, run, None).await).rest().await;
    let words: Vec<_> = frames.iter().map(|frame| frame.event.as_str()).collect();
    assert_eq!(words, ["snapshot", "end"]);
    let frames = Reader::new(follow(&world, run, Some("first.0")).await).rest().await;
    let words: Vec<_> = frames.iter().map(|frame| frame.event.as_str()).collect();
    assert_eq!(words, ["snapshot", "event", "event", "end"]);
    let unknown = world.hub.follow_run(RunId(77), Follow::default()).await;
    assert!(matches!(unknown, Err(headway_stream::Error::UnknownRun(RunId(77)))));
    assert_eq!(world.hub.stats().channels, 1, "asking for what is not there costs no memory");
}

/// The race between snapshot and attach, over and over: a writer commits all the time, readers open at any moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_between_snapshot_and_attach_are_neither_lost_nor_doubled() {
    let (_folder, world) = world().await;
    let world = Arc::new(world);
    let run = world.run().await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (world, stop) = (Arc::clone(&world), Arc::clone(&stop));
        async move {
            for n in 0_usize.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                world.append(run, logs(1 + n % 3)).await.unwrap();
                tokio::task::yield_now().await;
            }
            world.append(run, vec![Made::completed()]).await.unwrap();
        }
    });
    let mut readers = Vec::new();
    for _ in 0..200 {
        let world = Arc::clone(&world);
        let mut reader = Reader::new(follow(&world, run, None).await);
        readers.push(tokio::spawn(async move {
            let frames = reader.rest().await;
            let begin = frames[0].data["head"].as_i64().unwrap();
            assert_eq!(numbers(&frames), stored(&world, run, begin).await);
        }));
    }
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!(world.hub.followers(), 0);
}

/// Clients that are cut off anywhere, also before the first event and in the middle of a frame, and come back with
/// the last id they had.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_cuts_lose_nothing_and_double_nothing() {
    let (_folder, world) = world().await;
    let world = Arc::new(world);
    let run = world.run().await.unwrap();
    let mut clients = Vec::new();
    for seed in 0..12_u64 {
        let world = Arc::clone(&world);
        clients.push(tokio::spawn(async move {
            let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut cursor = Some("first.0".to_owned());
            let mut got = Vec::new();
            loop {
                let opened = follow(&world, run, cursor.as_deref()).await;
                if matches!(opened, Opened::Over) {
                    return got;
                }
                let mut reader = Reader::new(opened);
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                // The cut, in bytes: often within the padding or the first frames.
                let cut = 1_900 + (random % 9_000) as usize;
                while !reader.over && reader.text().len() < cut {
                    reader.step().await;
                }
                let text = &reader.text()[..cut.min(reader.text().len())];
                for frame in frames(text) {
                    if let Some(id) = frame.id {
                        cursor = Some(id);
                    }
                    if frame.event == "event" {
                        got.push(frame.data["feed_seq"].as_i64().unwrap());
                    }
                }
            }
        }));
    }
    for n in 0..150_usize {
        world.append(run, logs(1 + n % 5)).await.unwrap();
        world.append(run, vec![Made::done(format!("{n}"))]).await.unwrap();
    }
    world.append(run, vec![Made::completed()]).await.unwrap();
    let expect = stored(&world, run, 0).await;
    for client in clients {
        assert_eq!(client.await.unwrap(), expect);
    }
}

#[tokio::test]
async fn a_client_slower_than_the_ring_gets_the_latest_state_then_every_event_and_the_end() {
    let (_folder, world) = world().await;
    let run = world.run().await.unwrap();
    let mut reader = Reader::new(follow(&world, run, None).await);
    reader.next().await;
    // It does not read while far more than a ring happens.
    for _ in 0..20 {
        world.append(run, logs(100)).await.unwrap();
    }
    world.append(run, vec![Made::completed()]).await.unwrap();
    let frames = reader.rest().await;
    assert_eq!(numbers(&frames), stored(&world, run, 1).await);
    assert_eq!(numbers(&frames).len(), 2_001);
    let after: Vec<_> = frames.iter().skip(1).map(|frame| frame.event.as_str()).collect();
    assert_eq!((after[0], after[1]), ("progress", "event"), "the latest state comes first");
    assert_eq!(frames[1].data["to"], 2_002);
    assert_eq!(after.last(), Some(&"end"));
    assert!(world.hub.stats().lagged > 0);
}

#[tokio::test]
async fn every_event_on_request() {
    let (_folder, world) = world().await;
    let run = world.run().await.unwrap();
    let mut reader = Reader::new(follow_every(&world, run, Some("first.0")).await);
    for n in 0..700 {
        world.append(run, vec![Made::done(format!("{n}"))]).await.unwrap();
    }
    world.append(run, vec![Made::completed()]).await.unwrap();
    let frames = reader.rest().await;
    assert_eq!(numbers(&frames), (1..=702).collect::<Vec<_>>());
}

#[tokio::test]
async fn figures_come_at_most_ten_times_a_second_and_never_go_backwards() {
    let (_folder, world) = world().await;
    let world = Arc::new(world);
    let run = world.run().await.unwrap();
    let mut reader = Reader::new(follow(&world, run, None).await);
    let began = Instant::now();
    let writer = tokio::spawn({
        let world = Arc::clone(&world);
        async move {
            let mut random = 7_u64;
            for n in 0..400_u64 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let done = n + random % 50;
                let item = ItemProgress {
                    stage: StageId(0),
                    key: Arc::from("slow"),
                    attempt: 1,
                    // Out of order, as from many threads.
                    done: done.saturating_sub(random % 90),
                    total: 1_000,
                    message: Arc::from(""),
                };
                world.hub.progress(run, item);
                world.append(run, vec![Made::done(format!("{n}"))]).await.unwrap();
            }
            world.append(run, vec![Made::completed()]).await.unwrap();
        }
    });
    let frames = reader.rest().await;
    writer.await.unwrap();
    let most = 2 + began.elapsed().as_millis() / 100;
    let of_run: Vec<_> =
        frames.iter().filter(|f| f.event == "progress" && f.data["item"].is_null()).collect();
    let of_item: Vec<_> =
        frames.iter().filter(|f| f.event == "progress" && !f.data["item"].is_null()).collect();
    assert!(of_run.len() as u128 <= most && of_item.len() as u128 <= most, "{} {most}", of_run.len());
    assert!(!of_item.is_empty());
    let done: Vec<_> = of_run.iter().map(|frame| frame.data["figures"]["done"].as_u64().unwrap()).collect();
    assert!(done.is_sorted() && done.last() == Some(&400), "{done:?}");
    let item: Vec<_> = of_item.iter().map(|frame| frame.data["done"].as_u64().unwrap()).collect();
    assert!(item.is_sorted(), "{item:?}");
    // The ranges leave nothing out and overlap nowhere.
    let mut next = frames[0].data["run"]["run_seq"].as_u64().unwrap() + 1;
    for frame in of_run {
        assert_eq!(frame.data["from"].as_u64().unwrap(), next);
        next = frame.data["to"].as_u64().unwrap() + 1;
    }
    assert_eq!(next, 403);
}

#[tokio::test]
async fn a_new_attempt_begins_its_figures_anew() {
    let (_folder, world) = world().await;
    let run = world.run().await.unwrap();
    let mut reader = Reader::new(follow(&world, run, None).await);
    let item = |attempt, done| ItemProgress {
        stage: StageId(0),
        key: Arc::from("a"),
        attempt,
        done,
        total: 10,
        message: Arc::from("part"),
    };
    world.hub.progress(run, item(1, 9));
    let frame = reader.until(|frame| frame.event == "progress").await;
    assert_eq!((&frame.data["done"], &frame.data["attempt"]), (&9.into(), &1.into()));
    assert_eq!((&frame.data["item"], &frame.data["stage"]), (&"a".into(), &"work".into()));
    assert_eq!(frame.data["message"], "part");
    world.hub.progress(run, item(2, 1));
    world.hub.progress(run, item(1, 10));
    let frame = reader.until(|frame| frame.event == "progress").await;
    assert_eq!((&frame.data["done"], &frame.data["attempt"]), (&1.into(), &2.into()));
}

#[tokio::test]
async fn a_cursor_that_cannot_be_followed_is_reset_for_pages_and_refused_for_programs() {
    let (_folder, world) = world().await;
    let run = world.run().await.unwrap();
    world.append(run, logs(5)).await.unwrap();
    let batch = db::Batch::from(db::Statement::new("DELETE FROM events WHERE feed_seq <= 3"));
    world.store.db().execute(batch).await.unwrap();
    for (cursor, reason) in
        [("other.2", "epoch"), ("first.7", "future"), ("first.1", "gone"), ("rubbish", "invalid")]
    {
        let mut reader = Reader::new(follow(&world, run, Some(cursor)).await);
        let reset = reader.next().await;
        assert_eq!((reset.event.as_str(), &reset.data["reason"]), ("reset", &reason.into()));
        assert_eq!((&reset.data["earliest"], &reset.data["head"]), (&4.into(), &6.into()));
        assert_eq!(reset.id.as_deref(), Some(""), "the old cursor is forgotten");
        let snapshot = reader.next().await;
        assert_eq!((snapshot.event.as_str(), snapshot.id.as_deref()), ("snapshot", Some("first.6")));

        let position = Position::newer_of(Some(cursor), None);
        let program = Follow { position, audience: Audience::Program, ..Follow::default() };
        let Opened::Refused(reset) = world.hub.follow_run(run, program).await.unwrap() else { panic!() };
        assert_eq!(reset.reason.as_str(), reason);
    }
    for cursor in ["first.3", "first.6"] {
        let mut reader = Reader::new(follow(&world, run, Some(cursor)).await);
        assert_eq!(reader.next().await.event, "snapshot", "{cursor}");
    }
}

#[tokio::test]
async fn a_notification_that_never_comes_is_made_up_for_by_the_store() {
    let (_folder, world) = world().await;
    let run = world.run().await.unwrap();
    let mut reader = Reader::new(follow(&world, run, None).await);
    reader.next().await;
    // Lost in the middle: noticed by the gap in the numbers.
    drop(world.store_only(run, logs(2)).await.unwrap());
    world.append(run, logs(1)).await.unwrap();
    // Lost at the end: noticed by comparing with the store.
    drop(world.store_only(run, vec![Made::log("x"), Made::completed()]).await.unwrap());
    let frames = reader.rest().await;
    assert_eq!(numbers(&frames), [2, 3, 4, 5, 6]);
    assert_eq!(frames.last().unwrap().event, "end");
    assert_eq!(world.hub.stats().gaps, 2);
}

#[tokio::test]
async fn commits_told_out_of_order_leave_in_order() {
    let (_folder, world) = world().await;
    let (one, two) = (world.run().await.unwrap(), world.run().await.unwrap());
    let subjects = Subjects { runs: [one, two].into(), topics: [Topic::Runs].into() };
    let mut reader = Reader::new(world.hub.follow(&subjects, Follow::default()).await.unwrap());
    let snapshot = reader.next().await;
    assert_eq!(snapshot.data["runs"].as_array().unwrap().len(), 2);
    assert_eq!(snapshot.id.as_deref(), Some("first.2"));
    let mut commits = Vec::new();
    for n in 0..20 {
        commits.push(world.store_only(if n % 2 == 0 { one } else { two }, logs(1 + n % 3)).await.unwrap());
    }
    commits.push(world.store_only(one, vec![Made::completed()]).await.unwrap());
    let expect: Vec<i64> = (3..=world.store.head().await.unwrap().value).collect();
    commits.rotate_left(7);
    commits.reverse();
    for commit in commits {
        world.hub.commit(commit);
    }
    let last = format!("first.{}", expect.last().unwrap());
    reader.until(|frame| frame.id.as_deref() == Some(last.as_str())).await;
    assert_eq!(numbers(&reader.frames()), expect, "each once, though two channels show the end");
}

#[tokio::test]
async fn the_channel_of_all_runs_shows_beginnings_ends_and_figures() {
    let (_folder, world) = world().await;
    let old = world.run().await.unwrap();
    let subjects = Subjects { topics: [Topic::Runs, Topic::Limits].into(), ..Subjects::default() };
    let mut reader = Reader::new(world.hub.follow(&subjects, Follow::default()).await.unwrap());
    let snapshot = reader.next().await;
    assert_eq!(snapshot.data["runs"][0]["id"], old.to_string());
    assert_eq!(snapshot.data["limits"], serde_json::json!([]));
    assert_eq!(snapshot.data["runs"][0].get("input"), None);
    let new = world.run().await.unwrap();
    let event = reader.next().await;
    assert_eq!((&event.data["run"], &event.data["kind"]), (&new.to_string().into(), &"run.started".into()));
    world.append(old, vec![Made::done("a"), Made::log("not shown here")]).await.unwrap();
    let frame = reader.until(|frame| frame.data["run"] == old.to_string()).await;
    assert_eq!((frame.event.as_str(), &frame.data["figures"]["done"]), ("progress", &1.into()));
    assert_eq!(numbers(&reader.frames()), [2]);
}

#[tokio::test]
async fn an_idle_stream_has_a_heartbeat_each_second_with_the_head_as_id() {
    let (_folder, world) = world().await;
    let (run, other) = (world.run().await.unwrap(), world.run().await.unwrap());
    let mut reader = Reader::new(follow(&world, run, None).await);
    reader.next().await;
    world.append(other, logs(3)).await.unwrap();
    let mut times = Vec::new();
    while times.len() < 3 {
        let before = reader.frames().len();
        reader.step().await;
        let frames = reader.frames();
        assert_eq!((frames.len(), frames[before].event.as_str()), (before + 1, "hb"));
        assert_eq!(
            (frames[before].id.as_deref(), &frames[before].data["head"]),
            (Some("first.5"), &5.into())
        );
        times.push(Instant::now());
    }
    for pair in times.windows(2) {
        let gap = pair[1] - pair[0];
        assert!(gap > Duration::from_millis(800) && gap < Duration::from_millis(1_500), "{gap:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_says_good_bye_to_all_at_different_times() {
    let (_folder, world) = world().await;
    let run = world.run().await.unwrap();
    let mut readers = Vec::new();
    for _ in 0..500 {
        readers.push(Reader::new(follow(&world, run, None).await));
    }
    let began = Instant::now();
    world.hub.drain();
    let mut waits = std::collections::HashSet::new();
    for mut reader in readers {
        let frames = reader.rest().await;
        let bye = frames.last().unwrap();
        assert_eq!(bye.event, "bye");
        waits.insert(bye.data["retry_ms"].as_u64().unwrap());
    }
    assert!(began.elapsed() < Duration::from_secs(5) && waits.len() > 100);
    let frames = Reader::new(follow(&world, run, None).await).rest().await;
    assert_eq!(frames.last().unwrap().event, "bye", "also whoever comes late");
    assert_eq!(world.hub.followers(), 0);
}

#[tokio::test]
async fn who_may_no_longer_read_is_cut_off_within_a_second() {
    let (_folder, world) = world().await;
    let run = world.run().await.unwrap();
    let allowed = Arc::new(AtomicBool::new(true));
    let standing = Some(Arc::new({
        let allowed = Arc::clone(&allowed);
        move || allowed.load(Ordering::Relaxed)
    }) as headway_stream::Standing);
    let follow = Follow { standing, ..Follow::default() };
    let mut reader = Reader::new(world.hub.follow_run(run, follow).await.unwrap());
    reader.next().await;
    allowed.store(false, Ordering::Relaxed);
    let began = Instant::now();
    let frames = reader.rest().await;
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(frames.last().unwrap().event, "bye");
}

#[tokio::test]
async fn a_stream_with_nothing_but_heartbeats_ends_after_the_timeout() {
    let options = HubOptions { timeout: Duration::from_millis(1_500), ..HubOptions::default() };
    let (_folder, world) = world_with(options).await;
    let run = world.run().await.unwrap();
    let frames = Reader::new(follow(&world, run, None).await).rest().await;
    let words: Vec<_> = frames.iter().map(|frame| frame.event.as_str()).collect();
    assert_eq!(words, ["snapshot", "hb", "bye"]);
}

#[tokio::test]
async fn polling_answers_from_memory_and_waits_for_changes() {
    let (_folder, world) = world().await;
    let world = Arc::new(world);
    let run = world.run().await.unwrap();
    assert_eq!(world.hub.pulse(run), None);
    let first = world.hub.pulse_or_read(run).await.unwrap();
    assert_eq!((first.run_seq, world.hub.pulse(run)), (1, Some(first)));
    let waiting = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.hub.changed(run, 1, Duration::from_secs(20)).await.unwrap() }
    });
    tokio::task::yield_now().await;
    world.append(run, vec![Made::done("a")]).await.unwrap();
    let changed = tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap();
    assert_eq!((changed.run_seq, world.hub.pulse(run)), (2, Some(changed)));
    assert_eq!(world.hub.changed(run, 2, Duration::from_millis(20)).await.unwrap(), changed);
    let (pulse, json) = world.hub.progress_json(run, 1).await.unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!((pulse, &json["from"], &json["to"]), (changed, &2.into(), &2.into()));
    assert_eq!(json["figures"]["done"], 1);
}

/// Opening and closing leaves nothing behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connects_and_resets_return_to_the_base_line() {
    let (_folder, world) = world().await;
    let run = world.run().await.unwrap();
    for n in 0..3_000 {
        let mut reader = Reader::new(follow(&world, run, None).await);
        if n % 3 == 0 {
            reader.step().await;
        }
    }
    let stats = world.hub.stats();
    assert_eq!((stats.followers, stats.channels), (0, 1));
}

/// A run that nobody follows costs the engine next to nothing.
#[tokio::test]
async fn telling_of_runs_that_nobody_follows_is_cheap_and_holds_nothing() {
    let (_folder, world) = world().await;
    let run = world.run().await.unwrap();
    let mut commits = Vec::new();
    for n in 0..20 {
        let events = (0..512).map(|m| Made::done(format!("{n}-{m}"))).collect();
        commits.push(world.store_only(run, events).await.unwrap());
    }
    let began = Instant::now();
    for commit in commits {
        world.hub.commit(commit);
    }
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
    assert_eq!((world.hub.stats().channels, world.hub.head()), (0, 1 + 20 * 512));
}
