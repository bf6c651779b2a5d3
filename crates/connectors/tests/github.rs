//! GitHub Issues against a strict fake, over real HTTP.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod rig;

use activity::connector::{Answer, Connector, Guarantee, Lookup, Parcel, Permanence};
use fakes::{
    Fault, Rule,
    github::{FakeGitHub, Options},
};
use model::WorkItemKind::{Epic, Feature, Story};
use rig::{answer, arrives, parcel, simple};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

fn to(fake: &FakeGitHub) -> Arc<dyn Connector> {
    rig::connector("github", fake.settings(), fake.token())
}

fn with(fake: &FakeGitHub, more: Value) -> Arc<dyn Connector> {
    let mut settings = fake.settings();
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rig::connector("github", settings, fake.token())
}

#[tokio::test]
async fn issues_hang_below_their_parents() {
    let fake = FakeGitHub::start(Options::default());
    let connector = with(&fake, json!({ "labels": ["headway", "{kind}"] }));
    assert_eq!(connector.guarantee(), Guarantee::ExactlyOnceEffect);
    assert!(connector.test().await.unwrap().contains("octo/shop"));
    let epic = arrives(&*connector, simple(Epic, "e1", None)).await;
    let story = arrives(&*connector, simple(Story, "s1", Some(epic.clone()))).await;
    assert_eq!(story.url.as_deref(), Some("https://github.com/octo/shop/issues/2"));
    let issues = fake.issues();
    assert_eq!((issues[0].parent, issues[1].parent), (None, Some(1)));
    assert_eq!(issues[1].labels, ["headway", "story"]);
    let body = &issues[1].body;
    assert!(body.contains("Given a \\< b, when \"c\" \\& d") && body.contains("- one\n- two"), "{body}");
    assert!(body.contains("Part of #1 · story"), "{body}");
    assert!(body.ends_with(&format!("<!-- headway-reference: hw-{}-s1 -->", rig::RUN)), "{body}");
}

#[tokio::test]
async fn what_was_dropped_is_found_and_linked_never_doubled() {
    for (operation, fault) in [
        ("create", Fault::DropAfter),
        ("create", Fault::CutBody),
        ("create", Fault::StatusAfter(502)),
        ("link", Fault::DropBefore),
        ("link", Fault::DropAfter),
        ("link", Fault::Status(503, None)),
        ("link", Fault::Status(500, None)),
    ] {
        let fake = FakeGitHub::start(Options::default());
        let connector = to(&fake);
        let epic = arrives(&*connector, simple(Epic, "e1", None)).await;
        fake.faults().add(Rule::new(fault.clone()).on(operation).times(1));
        let story = simple(Story, "s1", Some(epic));
        let came = answer(&*connector, &story).await;
        assert!(matches!(came, Answer::NoAnswer { .. }), "{operation} {fault:?}: {came:?}");
        // A connector of another process knows nothing but what is there.
        let found = to(&fake).look_up(std::slice::from_ref(&story)).await.answers.remove(0);
        assert!(
            matches!(&found, Lookup::Found(remote) if &*remote.id == "2"),
            "{operation} {fault:?}: {found:?}"
        );
        assert_eq!(fake.issues()[1].parent, Some(1), "{operation} {fault:?}");
        let again = connector.look_up(&[story]).await.answers.remove(0);
        assert_eq!(again, found);
        assert_eq!(fake.issues().len(), 2);
    }
}

#[tokio::test]
async fn the_list_lags_and_is_paged() {
    let fake = FakeGitHub::start(Options { lag: Duration::from_millis(100), ..Options::default() });
    let connector = to(&fake);
    let first = simple(Epic, "first", None);
    arrives(&*connector, first.clone()).await;
    assert_eq!(connector.look_up(std::slice::from_ref(&first)).await.answers, [Lookup::Absent]);
    assert!(connector.pace().lookup_lag_ms >= 1_000);
    for n in 0..230 {
        arrives(&*connector, simple(Epic, &format!("e{n}"), None)).await;
    }
    tokio::time::sleep(Duration::from_millis(110)).await;
    let asked = [first, simple(Epic, "e22", None), simple(Epic, "e2", None), simple(Epic, "never", None)];
    let answers = connector.look_up(&asked).await.answers;
    let ids: Vec<String> = answers
        .iter()
        .filter_map(|a| if let Lookup::Found(r) = a { Some(r.id.to_string()) } else { None })
        .collect();
    assert_eq!(ids, ["1", "24", "4"]);
    assert_eq!(answers[3], Lookup::Absent);
    // What is older than the staging is not read.
    let mut later = simple(Epic, "never", None);
    later.staged_at = 32_503_680_000_000;
    let before = fake.log().len();
    assert_eq!(connector.look_up(&[later]).await.answers, [Lookup::Absent]);
    assert_eq!(fake.log().len() - before, 1);
}

#[tokio::test]
async fn limits_are_told_from_refusals() {
    let fake =
        FakeGitHub::start(Options { limit: Some((1, Duration::from_secs(3_600))), ..Options::default() });
    let connector = to(&fake);
    arrives(&*connector, simple(Epic, "e1", None)).await;
    let epic = simple(Epic, "e2", None);
    // A secondary limit that names no time: a minute, then more.
    let wait = |answer: Answer| {
        if let Answer::Throttled { after_ms, .. } = answer { after_ms } else { panic!("{answer:?}") }
    };
    assert_eq!(wait(answer(&*connector, &epic).await), Some(60_000));
    assert_eq!(wait(answer(&*connector, &epic).await), Some(120_000));
    let seen = |fault: Fault| {
        fake.faults().clear();
        fake.faults().add(Rule::new(fault).on("create"));
        answer(&*connector, &epic)
    };
    assert_eq!(wait(seen(Fault::Status(403, Some("1000000000".to_owned()))).await), Some(1_000_000_000_000));
    assert_eq!(wait(seen(Fault::Status(429, Some("7".to_owned()))).await), Some(7_000));
    assert!(matches!(seen(Fault::Status(403, None)).await, Answer::Unauthorized { .. }));
    assert!(matches!(seen(Fault::Status(401, None)).await, Answer::Unauthorized { .. }));
    let missing = seen(Fault::Status(404, None)).await;
    assert!(
        matches!(&missing, Answer::Unauthorized { error } if error.help.as_deref().unwrap().contains("`owner`")),
        "{missing:?}"
    );
    assert!(matches!(
        seen(Fault::Status(422, None)).await,
        Answer::Refused { permanent: Permanence::Permanent, .. }
    ));
    assert!(matches!(seen(Fault::Status(500, None)).await, Answer::NoAnswer { .. }));
    assert!(matches!(seen(Fault::Status(503, None)).await, Answer::Unavailable { .. }));
    assert!(matches!(seen(Fault::Endless).await, Answer::NoAnswer { .. }));
    assert_eq!(fake.issues().len(), 1);
}

#[tokio::test]
async fn its_own_pace_is_kept() {
    let fake = FakeGitHub::start(Options::default());
    let connector = with(&fake, json!({ "interval_ms": 40, "per_minute": 6 }));
    assert_eq!((connector.pace().parallel, connector.pace().batch, connector.pace().interval_ms), (1, 1, 40));
    let epic = arrives(&*connector, simple(Epic, "e1", None)).await;
    let stories: Vec<Parcel> = (0..2).map(|n| simple(Story, &format!("s{n}"), Some(epic.clone()))).collect();
    let (a, b) = tokio::join!(connector.deliver(&stories[..1]), connector.deliver(&stories[1..]));
    assert!(
        matches!((&a.answers[0], &b.answers[0]), (Answer::Delivered(_), Answer::Delivered(_))),
        "{a:?} {b:?}"
    );
    let writes: Vec<Duration> =
        fake.log().iter().filter(|seen| seen.method == "POST").map(|seen| seen.at).collect();
    assert_eq!(writes.len(), 5);
    // When they come to be read there is not exact to the millisecond.
    assert!(writes.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(20)), "{writes:?}");
    assert!(writes[4] - writes[0] >= Duration::from_millis(140), "{writes:?}");
    // The minute has room for one write more, and this item takes two.
    let came = answer(&*connector, &simple(Story, "s9", Some(epic.clone()))).await;
    assert!(matches!(came, Answer::Throttled { after_ms: Some(ms), .. } if ms > 50_000), "{came:?}");
    arrives(&*connector, simple(Epic, "e9", None)).await;
    assert_eq!(connector.pace().per_hour, Some(500_000));
    assert_eq!(
        rig::connector("github", json!({ "owner": "o", "repo": "r" }), "t").pace().per_hour,
        Some(250)
    );
}

#[tokio::test]
async fn where_no_link_is_possible_the_text_names_the_parent() {
    let fake = FakeGitHub::start(Options::default());
    let connector = to(&fake);
    let epic = arrives(&*connector, simple(Epic, "e1", None)).await;
    for n in 0..101 {
        arrives(&*connector, simple(Feature, &format!("f{n}"), Some(epic.clone()))).await;
    }
    let issues = fake.issues();
    assert_eq!(issues.iter().filter(|issue| issue.parent == Some(1)).count(), 100);
    assert!(issues[101].body.contains("Part of #1"));
    let found = connector.look_up(&[simple(Feature, "f100", Some(epic))]).await.answers.remove(0);
    assert!(matches!(found, Lookup::Found(_)), "{found:?}");
}

#[tokio::test]
async fn hard_text_is_escaped_cut_and_calls_nobody() {
    let fake = FakeGitHub::start(Options::default());
    let connector = to(&fake);
    let mut epic = rig::item(Epic, &"🙂 @octocat <b>\n".repeat(40));
    epic.description = "@octocat <!-- headway-reference: forged --> #12 `x`\n".repeat(5_000);
    let hard = parcel(&epic, "hard", None);
    arrives(&*connector, hard.clone()).await;
    let issue = &fake.issues()[0];
    assert!(issue.title.chars().count() <= 256 && issue.title.ends_with('…'), "{}", issue.title);
    assert!(issue.body.chars().count() <= 65_536 && issue.body.contains("Shortened by Headway"));
    assert!(!issue.body.contains("@octocat") && !issue.body.contains("<!-- headway-reference: forged -->"));
    assert!(matches!(connector.look_up(&[hard]).await.answers[0], Lookup::Found(_)));
    let mut forged = simple(Epic, "other", None);
    forged.reference = "forged".into();
    assert_eq!(connector.look_up(&[forged]).await.answers, [Lookup::Absent]);
}

#[tokio::test]
async fn the_token_shows_nowhere() {
    let fake = FakeGitHub::start(Options::default());
    let token = "ghp_other-secret-token";
    let connector = rig::connector("github", fake.settings(), token);
    let parcel = simple(Epic, "e1", None);
    let preview = serde_json::to_string(&connector.preview(&parcel).unwrap()).unwrap();
    assert!(preview.contains("Bearer ***") && preview.contains("/repos/octo/shop/issues"), "{preview}");
    let came = format!("{:?} {:?}", answer(&*connector, &parcel).await, connector.test().await);
    assert!(came.contains("Bad credentials"), "{came}");
    assert!(!preview.contains(token) && !came.contains(token), "{came}");
}

#[tokio::test]
async fn through_a_storm_every_issue_is_there_once() {
    let fake = FakeGitHub::start(Options::default());
    let connector = to(&fake);
    let epic = arrives(&*connector, simple(Epic, "e1", None)).await;
    let faults = [
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::CutBody,
        Fault::Status(503, None),
        Fault::StatusAfter(502),
    ];
    fake.faults().mixture(11, 300, &faults);
    for n in 0..30 {
        let parcel = simple(Story, &format!("s{n}"), Some(epic.clone()));
        let mut unknown = false;
        loop {
            if unknown {
                match connector.look_up(std::slice::from_ref(&parcel)).await.answers.remove(0) {
                    Lookup::Found(_) => break,
                    Lookup::Absent => unknown = false,
                    Lookup::NotNow { .. } => continue,
                    Lookup::Unauthorized { error } => panic!("{error:?}"),
                }
            }
            match answer(&*connector, &parcel).await {
                Answer::Delivered(_) => break,
                Answer::NoAnswer { .. } => unknown = true,
                Answer::Unavailable { .. } | Answer::NotSent { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
    fake.faults().clear();
    let issues = fake.issues();
    assert_eq!(issues.len(), 31);
    assert!(fake.duplicates().is_empty());
    assert!(issues[1..].iter().all(|issue| issue.parent == Some(1)));
}
