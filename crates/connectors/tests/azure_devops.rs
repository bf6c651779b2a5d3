//! Azure DevOps against a strict fake, over real HTTP.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod rig;

use activity::connector::{Answer, Connector, Guarantee, Lookup, Parcel, Permanence};
use fakes::{
    Fault, Rule,
    azure::{FakeAzure, Licence, Options, Throttle},
};
use headway_connectors::{Http, Reach, build};
use model::{Remote, WorkItemKind};
use rig::{answer, arrives, bare, item, parcel, simple};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

use WorkItemKind::{Epic, Feature, Story, Task, TestCase};

fn to(fake: &FakeAzure) -> Arc<dyn Connector> {
    rig::connector("azure_devops", fake.settings(), fake.token())
}

fn with(fake: &FakeAzure, more: Value) -> Arc<dyn Connector> {
    let mut settings = fake.settings();
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rig::connector("azure_devops", settings, fake.token())
}

/// Epic, feature and story, one below the other.
async fn story(connector: &dyn Connector) -> Remote {
    let epic = arrives(connector, simple(Epic, "e1", None)).await;
    let feature = arrives(connector, simple(Feature, "f1", Some(epic))).await;
    arrives(connector, simple(Story, "s1", Some(feature))).await
}

#[tokio::test]
async fn a_backlog_arrives_with_parents_fields_and_tests() {
    let fake = FakeAzure::start(Options::default());
    let connector = with(&fake, json!({ "area_path": "Team A\\Web", "iteration_path": "Sprint 1" }));
    assert_eq!(connector.guarantee(), Guarantee::ExactlyOnceEffect);
    assert_eq!(connector.service(), Some(format!("{}/org", fake.url().trim_start_matches("http://"))));
    let story = story(&*connector).await;
    let batch = [
        simple(Task, "t1", Some(story.clone())),
        simple(TestCase, "c1", Some(story.clone())),
        simple(TestCase, "c2", Some(story.clone())),
    ];
    let reply = connector.deliver(&batch).await;
    assert!(reply.answers.iter().all(|answer| matches!(answer, Answer::Delivered(_))), "{:?}", reply.answers);

    let items = fake.items();
    let of = |kind: &str| items.iter().find(|item| item.kind == kind).unwrap();
    assert_eq!(items.len(), 6);
    assert_eq!(of("Feature").parent, Some(of("Epic").id));
    assert_eq!(of("User Story").parent, Some(of("Feature").id));
    assert_eq!(of("Task").parent, Some(of("User Story").id));
    assert_eq!((of("Test Case").parent, of("Test Case").tests), (None, Some(of("User Story").id)));
    let number = |kind: &str, field: &str| of(kind).fields[field].as_f64();
    assert_eq!(number("User Story", "Microsoft.VSTS.Scheduling.StoryPoints"), Some(5.0));
    assert_eq!(number("Feature", "Microsoft.VSTS.Scheduling.Effort"), Some(5.0));
    assert_eq!(number("Epic", "Microsoft.VSTS.Common.BusinessValue"), Some(40.0));
    assert_eq!(number("Task", "Microsoft.VSTS.Scheduling.OriginalEstimate"), Some(3.5));
    let criteria = of("User Story").text("Microsoft.VSTS.Common.AcceptanceCriteria");
    assert_eq!(criteria, "<ol><li>Given a &lt; b, when &quot;c&quot; &amp; d, then &#39;e&#39;</li></ol>");
    let text = of("Epic").text("System.Description");
    assert!(
        text.contains("<ul><li>one</li><li>two</li></ul>") && text.contains("Acceptance criteria"),
        "{text}"
    );
    assert!(items.iter().all(|item| item.text("System.Tags") == format!("headway:{}", rig::RUN)));
    assert!(items.iter().all(|item| item.text("System.AreaPath") == "Shop\\Team A\\Web"));
    assert_eq!(fake.nodes(), ["Areas\\Team A", "Areas\\Team A\\Web", "Iterations\\Sprint 1"]);

    let plans = fake.plans();
    assert_eq!(plans.len(), 1);
    assert_eq!(plans[0].name, format!("Title of e1 (#{})", of("Epic").id));
    assert_eq!(plans[0].suites.len(), 1);
    assert_eq!(plans[0].suites[0].requirement, of("User Story").id);
    assert_eq!(plans[0].suites[0].cases.len(), 2);
    assert!(fake.orphans().is_empty() && fake.duplicates().is_empty());
    let url = story.url.unwrap();
    assert_eq!(&*url, format!("{}/org/Shop/_workitems/edit/{}", fake.url(), story.id));
}

#[tokio::test]
async fn processes_have_types_and_fields_of_their_own() {
    for process in ["scrum", "basic"] {
        let fake = FakeAzure::start(Options { process, ..Options::default() });
        let connector = to(&fake);
        assert!(connector.test().await.unwrap().contains(process));
        let story = story(&*connector).await;
        for parcel in [simple(Task, "t1", Some(story.clone())), simple(TestCase, "c1", Some(story.clone()))] {
            arrives(&*connector, parcel).await;
        }
        assert_eq!(fake.items().len(), 5);
        assert_eq!(fake.plans()[0].suites[0].cases.len(), 1);
    }
}

#[tokio::test]
async fn hard_text_arrives_whole_or_says_that_it_was_cut() {
    let fake = FakeAzure::start(Options::default());
    let connector = to(&fake);
    let mut epic = item(Epic, "<b>&amp; \"quoted\" 🙂 עברית\u{202e}\nsecond line\u{7}");
    epic.description =
        "a < b && c > d \"e\" 'f' 🙂\u{0}\u{1b}[31m\n\n- <script>alert(1)</script>\n\nשלום".to_owned();
    arrives(&*connector, parcel(&epic, "hard", None)).await;
    let items = fake.items();
    assert_eq!(items[0].title(), "<b>&amp; \"quoted\" 🙂 עברית\u{202e} second line");
    let text = items[0].text("System.Description");
    assert!(text.contains("a &lt; b &amp;&amp; c &gt; d &quot;e&quot; &#39;f&#39; 🙂[31m"), "{text}");
    assert!(text.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !text.contains("<script>"), "{text}");

    let mut long = item(TestCase, &"🙂 long ".repeat(200));
    long.description = "<&>".repeat(1_000_000);
    long.steps = vec![long.steps[0].clone(); 20_000];
    let parcel = parcel(&long, "long", None);
    let remote = arrives(&*connector, parcel.clone()).await;
    let items = fake.items();
    let stored = items.iter().find(|item| item.id.to_string() == *remote.id).unwrap();
    let text = stored.text("System.Description");
    assert!(text.contains("Shortened by Headway") && text.contains("Whole title: "));
    assert!(stored.text("Microsoft.VSTS.TCM.Steps").contains("Shortened by Headway"));
    assert!(stored.title().ends_with('…'));
    let found = connector.look_up(&[parcel]).await.answers.remove(0);
    assert_eq!(found, Lookup::Found(remote), "what was cut still has its reference");
}

#[tokio::test]
async fn what_was_dropped_after_it_was_taken_is_found_and_not_sent_again() {
    for fault in [
        Fault::DropAfter,
        Fault::CutBody,
        Fault::StatusAfter(502),
        Fault::StatusAfter(504),
        Fault::StatusAfter(500),
    ] {
        let fake = FakeAzure::start(Options { lag: Duration::from_millis(150), ..Options::default() });
        let connector = to(&fake);
        fake.faults().add(Rule::new(fault.clone()).on("create").times(1));
        let epic = simple(Epic, "e1", None);
        let came = answer(&*connector, &epic).await;
        assert!(matches!(came, Answer::NoAnswer { .. }), "{fault:?}: {came:?}");
        let made = fake.items()[0].made;
        let early = connector.look_up(std::slice::from_ref(&epic)).await.answers.remove(0);
        // The query lags: asked too early it says that nothing is there. `lookup_lag_ms` is why the relay waits.
        assert!(early == Lookup::Absent || made.elapsed() >= Duration::from_millis(150), "{early:?}");
        assert_eq!(connector.pace().lookup_lag_ms, 150);
        tokio::time::sleep(Duration::from_millis(160).saturating_sub(made.elapsed())).await;
        let found = connector.look_up(std::slice::from_ref(&epic)).await.answers.remove(0);
        assert!(matches!(found, Lookup::Found(_)), "{fault:?}: {found:?}");
        assert_eq!(fake.items().len(), 1);
    }
}

#[tokio::test]
async fn a_child_is_found_below_its_parent_before_the_query_knows_it() {
    let fake = FakeAzure::start(Options { lag: Duration::from_secs(300), ..Options::default() });
    let connector = to(&fake);
    let story = story(&*connector).await;
    fake.faults().add(Rule::new(Fault::DropAfter).on("batch"));
    let batch: Vec<Parcel> = (0..4).map(|n| simple(Task, &format!("t{n}"), Some(story.clone()))).collect();
    let reply = connector.deliver(&batch).await;
    assert!(
        reply.answers.iter().all(|answer| matches!(answer, Answer::NoAnswer { .. })),
        "{:?}",
        reply.answers
    );
    let reply = connector.look_up(&batch).await;
    assert!(reply.answers.iter().all(|answer| matches!(answer, Lookup::Found(_))), "{:?}", reply.answers);
    let never = simple(Task, "t", Some(story));
    assert_eq!(connector.look_up(&[never]).await.answers, [Lookup::Absent], "t is not t0");
}

#[tokio::test]
async fn look_ups_read_on_over_many_pages() {
    let fake = FakeAzure::start(Options::default());
    let connector = with(&fake, json!({ "test_plans": false }));
    let epics: Vec<Parcel> =
        (0..1_250).map(|n| parcel(&bare(Epic, "Same title"), &format!("e{n}"), None)).collect();
    for batch in epics.chunks(50) {
        connector.deliver(batch).await;
    }
    assert_eq!(fake.items().len(), 1_250);
    let wanted = [epics[0].clone(), epics[1].clone(), epics[1_249].clone(), simple(Epic, "never", None)];
    let answers = connector.look_up(&wanted).await.answers;
    let ids: Vec<String> = answers
        .iter()
        .filter_map(|a| if let Lookup::Found(r) = a { Some(r.id.to_string()) } else { None })
        .collect();
    assert_eq!(ids, ["1", "2", "1250"]);
    assert_eq!(answers[3], Lookup::Absent);
    let queries = fake.log().iter().filter(|seen| seen.operation == "wiql").count();
    assert_eq!(queries, 2);
}

#[tokio::test]
async fn a_reference_field_is_queried_directly() {
    let fake =
        FakeAzure::start(Options { custom_fields: vec!["Custom.Headway".to_owned()], ..Options::default() });
    let connector = with(&fake, json!({ "reference_field": "Custom.Headway" }));
    assert!(connector.test().await.is_ok());
    let epic = simple(Epic, "e'1", None);
    let remote = arrives(&*connector, epic.clone()).await;
    assert_eq!(
        connector.look_up(&[epic, simple(Epic, "e2", None)]).await.answers,
        [Lookup::Found(remote), Lookup::Absent]
    );
    let wrong = with(&fake, json!({ "reference_field": "Custom.Other" }));
    assert!(wrong.test().await.unwrap_err().message.contains("TF51535"));
}

#[tokio::test]
async fn parts_of_a_batch_fail_apart() {
    let fake = FakeAzure::start(Options::default());
    let connector = to(&fake);
    fake.faults().add(Rule::new(Fault::Status(503, None)).on("item").containing("Title of busy"));
    fake.faults().add(Rule::new(Fault::Status(400, None)).on("item").containing("Title of bad"));
    fake.faults().add(Rule::new(Fault::Status(409, None)).on("item").containing("Title of clash"));
    let gone = Remote { id: "999".into(), url: None };
    let mut untitled = simple(Epic, "untitled", None);
    untitled.payload =
        serde_json::value::to_raw_value(&json!({ "kind": "epic", "title": " " })).unwrap().into();
    let odd_parent = simple(Task, "odd", Some(Remote { id: "1?x=y".into(), url: None }));
    let batch = [
        simple(Epic, "good", None),
        simple(Epic, "busy", None),
        simple(Epic, "bad", None),
        simple(Epic, "clash", None),
        simple(Task, "orphan", Some(gone)),
        untitled,
        odd_parent,
        simple(Epic, "last", None),
    ];
    let answers = connector.deliver(&batch).await.answers;
    let permanent = |at: usize, code: &str| match &answers[at] {
        Answer::Refused { error, permanent: Permanence::Permanent } => {
            assert_eq!(error.code, code, "{error:?}")
        }
        other => panic!("{other:?}"),
    };
    assert!(
        matches!(&answers[0], Answer::Delivered(_)) && matches!(&answers[7], Answer::Delivered(_)),
        "{answers:?}"
    );
    assert!(matches!(&answers[1], Answer::Unavailable { .. }), "{:?}", answers[1]);
    permanent(2, "rule_validation");
    assert!(
        matches!(&answers[3], Answer::Refused { permanent: Permanence::MayChange, .. }),
        "{:?}",
        answers[3]
    );
    permanent(4, "work_item_unauthorized_access");
    permanent(5, "invalid_payload");
    permanent(6, "invalid_parent");
    assert_eq!(fake.items().len(), 2);
    fake.faults().clear();
    let again = connector.deliver(&batch[1..4]).await.answers;
    assert!(again.iter().all(|answer| matches!(answer, Answer::Delivered(_))), "{again:?}");
}

#[tokio::test]
async fn statuses_are_told_apart() {
    let fake = FakeAzure::start(Options::default());
    let connector = to(&fake);
    let epic = simple(Epic, "e1", None);
    let seen = |fault: Fault| {
        fake.faults().clear();
        fake.faults().add(Rule::new(fault).on("create"));
        answer(&*connector, &epic)
    };
    let after = |text: &str| Some(text.to_owned());
    assert!(matches!(
        seen(Fault::Status(429, after("1e9"))).await,
        Answer::Throttled { after_ms: Some(1_000_000_000_000), .. }
    ));
    assert!(matches!(seen(Fault::Status(429, None)).await, Answer::Throttled { after_ms: None, .. }));
    assert!(matches!(
        seen(Fault::Status(403, after("5"))).await,
        Answer::Throttled { after_ms: Some(5_000), .. }
    ));
    assert!(matches!(
        seen(Fault::Status(503, after("7"))).await,
        Answer::Unavailable { after_ms: Some(7_000), .. }
    ));
    assert!(matches!(seen(Fault::Status(401, None)).await, Answer::Unauthorized { .. }));
    assert!(matches!(seen(Fault::Status(403, None)).await, Answer::Unauthorized { .. }));
    assert!(matches!(seen(Fault::SignInPage).await, Answer::Unauthorized { .. }));
    assert!(matches!(seen(Fault::Status(500, None)).await, Answer::NoAnswer { .. }));
    assert!(matches!(seen(Fault::DropBefore).await, Answer::NoAnswer { .. }), "it cannot be known");
    assert!(matches!(seen(Fault::Endless).await, Answer::NoAnswer { .. }));
    assert!(matches!(
        seen(Fault::Status(412, None)).await,
        Answer::Refused { permanent: Permanence::MayChange, .. }
    ));
    assert!(matches!(
        seen(Fault::Status(413, None)).await,
        Answer::Refused { permanent: Permanence::Permanent, .. }
    ));
    assert!(matches!(
        seen(Fault::Status(301, None)).await,
        Answer::Refused { permanent: Permanence::Permanent, .. }
    ));
    assert!(fake.items().is_empty());
    let closed = fake.settings();
    drop(fake);
    let connector = rig::connector("azure_devops", closed, "token");
    let came = answer(&*connector, &epic).await;
    assert!(matches!(&came, Answer::NotSent { error } if error.code == "unreachable"), "{came:?}");
    let lookup = connector.look_up(&[epic]).await.answers.remove(0);
    assert!(matches!(lookup, Lookup::NotNow { .. }), "{lookup:?}");
}

#[tokio::test]
async fn throttling_is_told_while_it_is_only_a_delay() {
    let throttle = Throttle {
        free: 2,
        delayed: 2,
        delay: Duration::from_millis(5),
        window: Duration::from_secs(60),
        retry_after: 3,
    };
    let fake = FakeAzure::start(Options { throttle: Some(throttle), ..Options::default() });
    let connector = to(&fake);
    let mut last = None;
    for n in 0..5 {
        last = Some(connector.deliver(&[simple(Epic, &format!("e{n}"), None)]).await);
        let reply = last.as_ref().unwrap();
        match n {
            0 | 1 => assert_eq!(reply.pace.pause_ms, None),
            2 | 3 => {
                assert!(matches!(reply.answers[0], Answer::Delivered(_)));
                assert_eq!((reply.pace.pause_ms, reply.pace.remaining), (Some(3_000), Some(3 - n)));
            }
            _ => assert!(
                matches!(reply.answers[0], Answer::Throttled { after_ms: Some(3_000), .. }),
                "{reply:?}"
            ),
        }
    }
    assert_eq!(last.unwrap().pace.pause_ms, Some(3_000));
    assert_eq!(fake.items().len(), 4);
}

#[tokio::test]
async fn a_test_case_is_done_only_in_its_suite() {
    let fake = FakeAzure::start(Options::default());
    let connector = to(&fake);
    let story = story(&*connector).await;
    fake.faults().add(Rule::new(Fault::Status(503, None)).on("cases"));
    let case = simple(TestCase, "c1", Some(story.clone()));
    let came = answer(&*connector, &case).await;
    assert!(
        matches!(&came, Answer::NoAnswer { error } if error.message.contains("not in its suite")),
        "{came:?}"
    );
    let lookup = connector.look_up(std::slice::from_ref(&case)).await.answers.remove(0);
    assert!(matches!(lookup, Lookup::NotNow { .. }), "found, but not placed: {lookup:?}");
    fake.faults().clear();
    let lookup = connector.look_up(std::slice::from_ref(&case)).await.answers.remove(0);
    assert!(matches!(lookup, Lookup::Found(_)), "{lookup:?}");
    assert_eq!(fake.plans()[0].suites[0].cases.len(), 1);

    // Cut off after the suite had taken it: looking again adds nothing.
    fake.faults().add(Rule::new(Fault::DropAfter).on("cases").after(1).times(1));
    let other = simple(TestCase, "c2", Some(story));
    assert!(matches!(answer(&*connector, &other).await, Answer::NoAnswer { .. }));
    assert!(matches!(connector.look_up(std::slice::from_ref(&other)).await.answers[0], Lookup::Found(_)));
    assert_eq!(fake.plans()[0].suites[0].cases.len(), 2);
    assert_eq!(fake.items().len(), 5);
}

#[tokio::test]
async fn plans_and_suites_are_made_once() {
    let fake = FakeAzure::start(Options::default());
    let connector = to(&fake);
    let story = story(&*connector).await;
    // Each creation is cut off once after it was done; who tries again finds it.
    for operation in ["plans", "suites"] {
        fake.faults().add(Rule::new(Fault::DropAfter).on(operation).after(1).times(1));
    }
    let case = simple(TestCase, "c1", Some(story.clone()));
    for _ in 0..2 {
        assert!(matches!(answer(&*connector, &case).await, Answer::NotSent { .. }));
    }
    arrives(&*connector, case).await;
    let others: Vec<Parcel> =
        (2..9).map(|n| simple(TestCase, &format!("c{n}"), Some(story.clone()))).collect();
    let calls = others.iter().map(|case| connector.deliver(std::slice::from_ref(case)));
    let replies = futures_util::future::join_all(calls).await;
    assert!(replies.iter().all(|reply| matches!(reply.answers[0], Answer::Delivered(_))), "{replies:?}");
    // A connector that knows nothing yet finds them, too.
    arrives(&*to(&fake), simple(TestCase, "c9", Some(story))).await;
    let plans = fake.plans();
    assert_eq!((plans.len(), plans[0].suites.len(), plans[0].suites[0].cases.len()), (1, 1, 9));
}

#[tokio::test]
async fn without_a_licence_for_test_plans_the_test_cases_alone_are_refused() {
    let fake = FakeAzure::start(Options { test_plans: Licence::Missing, ..Options::default() });
    let connector = to(&fake);
    let story = story(&*connector).await;
    let batch = [simple(Task, "t1", Some(story.clone())), simple(TestCase, "c1", Some(story.clone()))];
    let answers = connector.deliver(&batch).await.answers;
    assert!(matches!(answers[0], Answer::Delivered(_)), "{answers:?}");
    let Answer::Refused { error, permanent: Permanence::Permanent } = &answers[1] else {
        panic!("{answers:?}")
    };
    assert!(error.help.as_deref().unwrap().contains("test_plans"), "{error:?}");
    let without = with(&fake, json!({ "test_plans": false }));
    arrives(&*without, simple(TestCase, "c1", Some(story))).await;
    assert!(fake.plans().is_empty());
}

#[tokio::test]
async fn nodes_that_exist_are_no_error() {
    let fake = FakeAzure::start(Options::default());
    let area = json!({ "area_path": "Shop/Team/Web" });
    fake.faults().add(Rule::new(Fault::Status(409, None)).on("nodes").after(1).times(1));
    fake.faults().add(Rule::new(Fault::DropAfter).on("nodes").after(2).times(1));
    let connector = with(&fake, area.clone());
    // The first try meets a conflict and a lost answer: nothing was sent.
    let came = answer(&*connector, &simple(Epic, "e1", None)).await;
    assert!(matches!(came, Answer::NotSent { .. } | Answer::Refused { .. }), "{came:?}");
    fake.faults().clear();
    arrives(&*connector, simple(Epic, "e1", None)).await;
    arrives(&*with(&fake, area), simple(Epic, "e2", None)).await;
    assert_eq!(fake.nodes(), ["Areas\\Team", "Areas\\Team\\Web"]);
}

#[tokio::test]
async fn validating_creates_nothing() {
    let fake = FakeAzure::start(Options::default());
    let connector = to(&fake);
    assert_eq!(connector.validate(&simple(Epic, "e1", None)).await, Some(Ok(())));
    fake.faults().add(Rule::new(Fault::Status(400, None)).on("item").containing("bad"));
    let refused = connector.validate(&simple(Epic, "bad", None)).await.unwrap().unwrap_err();
    assert!(refused.message.contains("TF401320"), "{refused:?}");
    assert!(fake.items().is_empty());
}

#[tokio::test]
async fn singly_sent_parcels_stop_at_the_first_sign_of_trouble() {
    let fake = FakeAzure::start(Options::default());
    let connector = with(&fake, json!({ "use_batch": false }));
    assert_eq!(connector.pace().batch, 1);
    fake.faults().add(Rule::new(Fault::Status(503, None)).on("create").after(1));
    let batch: Vec<Parcel> = (0..4).map(|n| simple(Epic, &format!("e{n}"), None)).collect();
    let answers = connector.deliver(&batch).await.answers;
    assert!(
        matches!(answers[0], Answer::Delivered(_)) && matches!(answers[1], Answer::Unavailable { .. }),
        "{answers:?}"
    );
    assert!(
        answers[2..].iter().all(|a| matches!(a, Answer::NotSent { error } if error.code == "held_back")),
        "{answers:?}"
    );
    assert_eq!(fake.log().len(), 2);
}

#[tokio::test]
async fn a_batch_that_is_refused_as_such_is_sent_in_parts() {
    let fake = FakeAzure::start(Options::default());
    let connector = to(&fake);
    fake.faults().add(Rule::new(Fault::Status(405, None)).on("batch"));
    let batch: Vec<Parcel> = (0..3).map(|n| simple(Epic, &format!("e{n}"), None)).collect();
    let answers = connector.deliver(&batch).await.answers;
    assert!(answers.iter().all(|answer| matches!(answer, Answer::Delivered(_))), "{answers:?}");
}

#[tokio::test]
async fn the_token_shows_nowhere() {
    let token = "secret-token-xyz";
    let fake = FakeAzure::start(Options { token: "another".to_owned(), ..Options::default() });
    let connector = rig::connector("azure_devops", fake.settings(), token);
    let child = simple(Story, "s1", None);
    let preview = connector.preview(&child).unwrap();
    assert_eq!(preview.method, "POST");
    assert!(
        preview.url.ends_with("/org/Shop/_apis/wit/workitems/$User%20Story?api-version=7.1"),
        "{}",
        preview.url
    );
    let text = serde_json::to_string(&preview).unwrap();
    assert!(text.contains("Basic ***") && text.contains("workItems/{parent}"), "{text}");
    let came = answer(&*connector, &child).await;
    let Answer::Unauthorized { error } = came else { panic!("{came:?}") };
    for shown in [text, format!("{error:?}"), format!("{:?}", connector.test().await)] {
        assert!(!shown.contains(token) && !shown.contains("c2VjcmV0"), "{shown}");
    }
}

#[tokio::test]
async fn inner_addresses_are_out_of_reach_for_what_users_set() {
    let fake = FakeAzure::start(Options::default());
    let http = Http::new(Reach::Public).unwrap();
    for base in [
        fake.url(),
        fake.url().replace("127.0.0.1", "localhost"),
        fake.url().replace("127.0.0.1", "[::ffff:127.0.0.1]"),
    ] {
        let mut settings = fake.settings();
        settings["base_url"] = json!(base);
        let connector = build("azure_devops", &settings, Some("x".into()), &http).unwrap();
        let came = answer(&*connector, &simple(Epic, "e1", None)).await;
        assert!(
            matches!(&came, Answer::NotSent { error } if error.code == "private_address"),
            "{base}: {came:?}"
        );
    }
    assert!(fake.log().is_empty());
}

#[tokio::test]
async fn a_project_of_another_process_is_noticed() {
    let fake = FakeAzure::start(Options { process: "scrum", ..Options::default() });
    let connector = with(&fake, json!({ "process": "agile" }));
    let error = connector.test().await.unwrap_err();
    assert_eq!(error.code, "wrong_process");
    assert!(error.message.contains("User Story"), "{error:?}");
}

#[tokio::test]
async fn through_a_storm_everything_arrives_once() {
    let fake = FakeAzure::start(Options::default());
    let connector = to(&fake);
    let faults = [
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::CutBody,
        Fault::Status(503, None),
        Fault::Status(429, Some("0".to_owned())),
        Fault::StatusAfter(502),
        Fault::Slow(3),
    ];
    fake.faults().mixture(7, 300, &faults);
    let mut level: Vec<Option<Remote>> = vec![None];
    for (kind, each) in [(Epic, 3), (Feature, 3), (Story, 3), (TestCase, 2)] {
        let mut parcels = Vec::new();
        for (at, parent) in level.iter().enumerate() {
            parcels.extend(
                (0..each).map(|n| simple(kind, &format!("{}{at}-{n}", kind.as_str()), parent.clone())),
            );
        }
        level = settle(&*connector, parcels).await.into_iter().map(Some).collect();
    }
    fake.faults().clear();
    assert_eq!(fake.items().len(), 3 + 9 + 27 + 54);
    assert!(fake.duplicates().is_empty(), "{:?}", fake.duplicates());
    assert!(fake.orphans().is_empty());
    let plans = fake.plans();
    assert_eq!(plans.len(), 3);
    assert!(
        plans
            .iter()
            .all(|plan| plan.suites.len() == 9 && plan.suites.iter().all(|suite| suite.cases.len() == 2))
    );
    assert!(fake.faults().struck() > 30);
}

/// What a relay does: sends, looks up what is unknown, sends again what is not there.
async fn settle(connector: &dyn Connector, parcels: Vec<Parcel>) -> Vec<Remote> {
    let mut done: Vec<Option<Remote>> = vec![None; parcels.len()];
    let mut unknown = vec![false; parcels.len()];
    for _ in 0..2_000 {
        let open: Vec<usize> = (0..parcels.len()).filter(|at| done[*at].is_none()).take(7).collect();
        if open.is_empty() {
            return done.into_iter().map(Option::unwrap).collect();
        }
        let (ask, send): (Vec<usize>, Vec<usize>) = open.into_iter().partition(|at| unknown[*at]);
        let asked: Vec<Parcel> = ask.iter().map(|at| parcels[*at].clone()).collect();
        if !asked.is_empty() {
            for (at, answer) in ask.iter().zip(connector.look_up(&asked).await.answers) {
                match answer {
                    Lookup::Found(remote) => done[*at] = Some(remote),
                    Lookup::Absent => unknown[*at] = false,
                    Lookup::NotNow { .. } => {}
                    Lookup::Unauthorized { error } => panic!("{error:?}"),
                }
            }
        }
        let sent: Vec<Parcel> = send.iter().map(|at| parcels[*at].clone()).collect();
        if !sent.is_empty() {
            for (at, answer) in send.iter().zip(connector.deliver(&sent).await.answers) {
                match answer {
                    Answer::Delivered(remote) => done[*at] = Some(remote),
                    Answer::NoAnswer { .. } => unknown[*at] = true,
                    Answer::Throttled { .. } | Answer::Unavailable { .. } | Answer::NotSent { .. } => {}
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    panic!("it never settles");
}
