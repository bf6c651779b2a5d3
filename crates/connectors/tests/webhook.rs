//! Webhooks against a receiver that checks them as Standard Webhooks has it.

mod rig;

use activity::connector::{Answer, Guarantee, Lookup, Permanence};
use fakes::{Fault, Rule, webhook::FakeReceiver};
use headway_connectors::{Http, Reach, build};
use rig::{answer, arrives, parcel_of};
use serde_json::json;

fn parcel(key: &str) -> activity::connector::Parcel {
    parcel_of(json!({ "text": "a <b> & 🙂 \u{202e}", "n": 1 }), "note", "Title", key, None)
}

#[tokio::test]
async fn messages_are_signed_and_keep_their_id_on_retries() {
    let fake = FakeReceiver::start();
    let connector = rig::connector("webhook", fake.settings(), fake.secret());
    assert_eq!(connector.guarantee(), Guarantee::AtLeastOnce);
    let message = parcel("m1");
    fake.faults().add(Rule::new(Fault::DropAfter).times(1));
    assert!(matches!(answer(&*connector, &message).await, Answer::NoAnswer { .. }));
    assert_eq!(connector.look_up(std::slice::from_ref(&message)).await.answers, [Lookup::Absent]);
    let remote = arrives(&*connector, message.clone()).await;
    let messages = fake.messages();
    assert_eq!(messages.len(), 2, "at least once");
    assert_eq!((messages[0].id.as_str(), &messages[0].body), (messages[1].id.as_str(), &messages[1].body));
    assert_eq!(messages[0].id, *message.reference);
    assert_eq!(*remote.id, *message.reference);
    assert_eq!(messages[0].body["type"], "delivery.note");
    assert_eq!(messages[0].body["timestamp"], "2023-11-14T22:13:20Z");
    assert_eq!(messages[0].body["data"]["payload"]["text"], "a <b> & 🙂 \u{202e}");
}

#[tokio::test]
async fn answers_are_told_apart() {
    let fake = FakeReceiver::start();
    let connector = rig::connector("webhook", fake.settings(), fake.secret());
    let seen = |fault: Fault| {
        fake.faults().clear();
        fake.faults().add(Rule::new(fault));
        let connector = &*connector;
        async move { answer(connector, &parcel("m1")).await }
    };
    let gone = seen(Fault::Status(410, None)).await;
    let Answer::Refused { error, permanent: Permanence::Permanent } = gone else { panic!("{gone:?}") };
    assert!(error.message.contains("made-up failure 410") && error.help.is_some(), "{error:?}");
    assert!(matches!(
        seen(Fault::Status(404, None)).await,
        Answer::Refused { permanent: Permanence::MayChange, .. }
    ));
    assert!(matches!(
        seen(Fault::Status(302, None)).await,
        Answer::Refused { permanent: Permanence::Permanent, .. }
    ));
    assert!(matches!(seen(Fault::Status(401, None)).await, Answer::Unauthorized { .. }));
    let after = Some("1000000000".to_owned());
    assert!(matches!(
        seen(Fault::Status(429, after)).await,
        Answer::Throttled { after_ms: Some(1_000_000_000_000), .. }
    ));
    assert!(matches!(seen(Fault::Status(503, None)).await, Answer::Unavailable { .. }));
    assert!(matches!(seen(Fault::Status(500, None)).await, Answer::NoAnswer { .. }));
    // The status came: what follows takes nothing back.
    assert!(matches!(seen(Fault::Endless).await, Answer::Delivered(_)));
    assert!(matches!(seen(Fault::CutBody).await, Answer::Delivered(_)));
}

#[tokio::test]
async fn a_receiver_that_takes_too_long_gave_no_answer() {
    let fake = FakeReceiver::start();
    fake.faults().add(Rule::new(Fault::Slow(5_000)));
    let mut settings = fake.settings();
    settings["timeout_ms"] = json!(50);
    let connector = rig::connector("webhook", settings, fake.secret());
    let came = answer(&*connector, &parcel("m1")).await;
    assert!(matches!(&came, Answer::NoAnswer { error } if error.code == "timeout"), "{came:?}");
}

#[tokio::test]
async fn two_keys_both_sign() {
    let fake = FakeReceiver::start();
    let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let wrong = rig::connector("webhook", fake.settings(), other);
    assert!(matches!(answer(&*wrong, &parcel("m1")).await, Answer::Unauthorized { .. }));
    let both = rig::connector("webhook", fake.settings(), &format!("{other} {}", fake.secret()));
    arrives(&*both, parcel("m1")).await;
}

#[tokio::test]
async fn nothing_is_sent_by_a_test_and_no_secret_is_shown() {
    let fake = FakeReceiver::start();
    let mut settings = fake.settings();
    settings["url"] = json!(format!("{}?token=abcdef123", fake.url()));
    let connector = rig::connector("webhook", settings, fake.secret());
    assert!(connector.test().await.unwrap().contains("405"));
    assert!(fake.messages().is_empty());
    let preview = serde_json::to_string(&connector.preview(&parcel("m1")).unwrap()).unwrap();
    assert!(
        !preview.contains("whsec") && !preview.contains("abcdef123") && preview.contains("v1,***"),
        "{preview}"
    );
    fake.faults().add(Rule::new(Fault::Status(400, None)));
    let came = format!("{:?}", answer(&*connector, &parcel("m1")).await);
    assert!(!came.contains("abcdef123") && !came.contains("whsec"), "{came}");
}

#[tokio::test]
async fn settings_are_read_strictly() {
    let http = Http::new(Reach::Public).unwrap();
    let wrong = |settings, secret: Option<&str>| {
        build("webhook", &settings, secret.map(Into::into), &http).err().unwrap()
    };
    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    assert!(
        wrong(json!({ "url": "https://x.test", "timeout": 3 }), Some(key))
            .help
            .unwrap()
            .contains("timeout_ms")
    );
    assert_eq!(wrong(json!({ "url": "https://x.test" }), None).code, "secret_missing");
    assert!(wrong(json!({ "url": "https://x.test" }), Some("plain")).message.contains("whsec_"));
    assert!(wrong(json!({ "url": "file:///etc/passwd" }), Some(key)).message.contains("https://"));
    assert_eq!(build("pigeon", &json!({}), None, &http).err().unwrap().code, "unknown_kind");
    // Names that lead to an inner address are stopped at connecting.
    let inner = build("webhook", &json!({ "url": "http://localhost:9/" }), Some(key.into()), &http).unwrap();
    let came = answer(&*inner, &parcel("m1")).await;
    assert!(matches!(&came, Answer::NotSent { error } if error.code == "private_address"), "{came:?}");
}
