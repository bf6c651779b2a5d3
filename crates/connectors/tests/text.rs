//! Language models behind an OpenAI-compatible server.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use activity::text::{TextModel, TextRequest, Usage};
use fakes::{
    Fault, Rule,
    openai::{FakeOpenAi, Options, Say, Streaming, UsageTold},
};
use headway_connectors::{Http, Reach, text};
use model::{Failure, Retryability};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use vault::Secret;

fn to(fake: &FakeOpenAi) -> Arc<dyn TextModel> {
    with(fake, json!({}))
}

fn with(fake: &FakeOpenAi, more: Value) -> Arc<dyn TextModel> {
    let mut settings = fake.settings();
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    text::build(&settings, Some(&Secret::from(fake.key())), &Http::new(Reach::Any).unwrap()).unwrap()
}

fn request() -> TextRequest {
    TextRequest {
        system: "You write epics.".to_owned(),
        prompt: "Write two epics.".to_owned(),
        schema_name: "epics".to_owned(),
        schema: json!({
            "type": "object",
            "required": ["epics"],
            "properties": { "epics": { "type": "array", "items": {
                "type": "object",
                "required": ["title"],
                "properties": { "title": { "type": "string" }, "priority": { "type": "integer", "minimum": 1 } },
            } } },
        }),
        max_tokens: 1_000,
        on_growth: None,
    }
}

const GOOD: &str = r#"{"epics":[{"title":"Eins 🙂 & <zwei>"}]}"#;

async fn failure(model: &dyn TextModel) -> (Failure, Usage) {
    let failed = model.generate(&request()).await.unwrap_err();
    (failed.failure, failed.usage)
}

#[tokio::test]
async fn an_answer_grows_and_is_counted() {
    let fake = FakeOpenAi::start(Options { pause: Duration::from_millis(1), ..Options::default() });
    let model = to(&fake);
    assert_eq!(model.name(), "fake-1");
    assert!(model.test().await.unwrap().contains("fake-1"));
    fake.say(Say::Text(GOOD.to_owned()));
    let grown = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&grown);
    let mut request = request();
    request.on_growth = Some(Arc::new(move |characters| seen.lock().unwrap().push(characters)));
    let answer = model.generate(&request).await.unwrap();
    assert_eq!(answer.value["epics"][0]["title"], "Eins 🙂 & <zwei>");
    let grown = grown.lock().unwrap().clone();
    assert!(grown.len() > 2 && grown.is_sorted(), "{grown:?}");
    assert_eq!(*grown.last().unwrap(), GOOD.chars().count());
    let Usage { prompt_tokens, completion_tokens, cost_micro_usd } = answer.usage;
    assert_eq!(completion_tokens, GOOD.chars().count().div_ceil(4) as u64);
    assert!(prompt_tokens > 50);
    assert_eq!(cost_micro_usd, prompt_tokens + 10 * completion_tokens);
    let question = &fake.questions()[0];
    assert_eq!(question["response_format"]["json_schema"]["name"], "epics");
    assert_eq!(question["max_completion_tokens"], 1_000);
}

#[tokio::test]
async fn made_up_answers_have_the_schemas_shape() {
    let fake = FakeOpenAi::start(Options::default());
    let answer = to(&fake).generate(&request()).await.unwrap();
    assert_eq!(answer.value["epics"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_server_is_spoken_to_in_its_dialect_and_it_is_remembered() {
    let old = Options {
        key: String::new(),
        formats: vec![],
        limit: "max_tokens",
        usage: UsageTold::Never,
        ..Options::default()
    };
    let fake = FakeOpenAi::start(old);
    let model = with(&fake, json!({ "temperature": 0.2 }));
    fake.say(Say::Text(format!("Here:\n```json\n{GOOD}\n```")));
    let answer = model.generate(&request()).await.unwrap();
    assert!(
        answer.usage.prompt_tokens > 20 && answer.usage.completion_tokens > 5,
        "estimated: {:?}",
        answer.usage
    );
    let asked = fake.questions().len();
    assert!(asked > 1, "it had to be found out");
    let last = fake.questions().pop().unwrap();
    assert!(
        last.get("response_format").is_none() && last["max_tokens"] == 1_000 && last["temperature"] == 0.2,
        "{last}"
    );
    assert!(last["messages"][1]["content"].as_str().unwrap().contains("JSON Schema"));
    fake.say(Say::Text(GOOD.to_owned()));
    model.generate(&request()).await.unwrap();
    assert_eq!(fake.questions().len(), asked + 1);

    let middle = FakeOpenAi::start(Options { formats: vec!["json_object"], ..Options::default() });
    middle.say(Say::Text(GOOD.to_owned()));
    to(&middle).generate(&request()).await.unwrap();
    assert_eq!(middle.questions()[1]["response_format"]["type"], "json_object");
}

#[tokio::test]
async fn servers_that_do_not_stream_are_read_too() {
    let fake = FakeOpenAi::start(Options { stream: Streaming::Whole, ..Options::default() });
    fake.say(Say::Text(GOOD.to_owned()));
    let answer = to(&fake).generate(&request()).await.unwrap();
    assert_eq!(answer.usage.completion_tokens, GOOD.chars().count().div_ceil(4) as u64);
    fake.say(Say::Refusal("I will not.".to_owned()));
    assert_eq!(failure(&*to(&fake)).await.0.error.code, "refused");
}

#[tokio::test]
async fn an_unusable_answer_is_asked_for_once_more() {
    let fake = FakeOpenAi::start(Options::default());
    let model = to(&fake);
    fake.say(Say::Text("Certainly! I would start with payments.".to_owned()));
    fake.say(Say::Text(GOOD.to_owned()));
    let answer = model.generate(&request()).await.unwrap();
    let questions = fake.questions();
    assert_eq!(questions.len(), 2);
    let again = questions[1]["messages"].as_array().unwrap();
    assert_eq!(again.len(), 4);
    assert!(again[3]["content"].as_str().unwrap().contains("no JSON"), "{again:?}");
    assert!(answer.usage.prompt_tokens > 100, "both are counted: {:?}", answer.usage);

    fake.say(Say::Text("{\"epics\":[{}]}".to_owned()));
    fake.say(Say::Text("{\"epics\":1}".to_owned()));
    let (failure, usage) = failure(&*model).await;
    assert_eq!((failure.error.code.as_str(), failure.retry), ("answer_unusable", Retryability::Transient));
    assert!(failure.error.message.contains("`epics` must be of type array"), "{failure:?}");
    assert!(usage.completion_tokens > 0);
    assert_eq!(fake.questions().len(), 4, "no third time");
}

#[tokio::test]
async fn an_answer_cut_at_the_limit_gets_more_room_once() {
    let fake = FakeOpenAi::start(Options::default());
    let model = to(&fake);
    fake.say(Say::Length(GOOD[..20].to_owned()));
    fake.say(Say::Text(GOOD.to_owned()));
    model.generate(&request()).await.unwrap();
    assert_eq!(fake.questions()[1]["max_completion_tokens"], 2_000);
    fake.say(Say::Length(GOOD[..20].to_owned()));
    fake.say(Say::Length(GOOD[..30].to_owned()));
    let (failure, _) = failure(&*model).await;
    assert_eq!((failure.error.code.as_str(), failure.retry), ("answer_too_long", Retryability::Permanent));
    // What happens to be whole is taken.
    fake.say(Say::Length(GOOD.to_owned()));
    model.generate(&request()).await.unwrap();
}

#[tokio::test]
async fn refusals_are_for_ever() {
    let fake = FakeOpenAi::start(Options::default());
    let model = to(&fake);
    for (say, code) in [
        (Say::Refusal("I cannot help with that.".to_owned()), "refused"),
        (Say::Filtered("{\"epics\":".to_owned()), "content_policy"),
    ] {
        fake.say(say);
        let (failure, usage) = failure(&*model).await;
        assert_eq!((failure.error.code.as_str(), failure.retry), (code, Retryability::Permanent));
        assert!(usage.prompt_tokens > 0);
    }
}

#[tokio::test]
async fn failures_say_whether_and_when_to_try_again() {
    let fake = FakeOpenAi::start(Options::default());
    let model = to(&fake);
    let seen = |fault: Fault| {
        fake.faults().clear();
        fake.faults().add(Rule::new(fault).on("chat"));
        let model = &*model;
        async move { failure(model).await.0 }
    };
    let after = |text: &str| Some(text.to_owned());
    assert_eq!(seen(Fault::Status(429, after("3"))).await.retry, Retryability::Throttled(3_000));
    assert_eq!(seen(Fault::Status(429, None)).await.retry, Retryability::Throttled(10_000));
    assert_eq!(
        seen(Fault::Status(429, after("1e9"))).await.retry,
        Retryability::Throttled(3_600_000),
        "capped"
    );
    assert_eq!(seen(Fault::Status(503, after("2"))).await.retry, Retryability::After(2_000));
    assert_eq!(seen(Fault::Status(500, None)).await.retry, Retryability::Transient);
    assert_eq!(seen(Fault::DropBefore).await.retry, Retryability::Transient);
    assert_eq!(seen(Fault::DropAfter).await.retry, Retryability::Transient);
    for status in [401, 402, 403, 404, 400, 413] {
        assert_eq!(seen(Fault::Status(status, None)).await.retry, Retryability::Permanent, "{status}");
    }
    fake.faults().clear();
    for say in [Say::Unfinished(GOOD[..20].to_owned()), Say::Broken(GOOD[..20].to_owned())] {
        fake.say(say.clone());
        let (failure, usage) = failure(&*model).await;
        assert_eq!(failure.retry, Retryability::Transient, "{say:?}");
        assert!(usage.completion_tokens >= 5, "what was written is counted: {usage:?}");
    }
    drop(fake);
    let (failure, usage) = failure(&*model).await;
    assert_eq!((failure.error.code.as_str(), usage), ("unreachable", Usage::default()));
}

#[tokio::test]
async fn time_and_size_are_bounded() {
    let fake = FakeOpenAi::start(Options { pause: Duration::from_millis(40), ..Options::default() });
    fake.say(Say::Text(GOOD.repeat(100)));
    let begin = Instant::now();
    let (slow, usage) = failure(&*with(&fake, json!({ "timeout_ms": 200 }))).await;
    assert!(begin.elapsed() < Duration::from_secs(3));
    assert_eq!((slow.error.code.as_str(), slow.retry), ("timeout", Retryability::Transient));
    assert!(usage.completion_tokens > 0);
    let quick = FakeOpenAi::start(Options { stream: Streaming::Whole, ..Options::default() });
    quick.faults().add(Rule::new(Fault::Endless).on("chat"));
    let (endless, _) = failure(&*to(&quick)).await;
    assert_eq!(endless.error.code, "answer_too_large");
    let wordy = FakeOpenAi::start(Options::default());
    wordy.say(Say::Text("x".repeat(3 << 20)));
    let (wordy, _) = failure(&*to(&wordy)).await;
    assert_eq!(wordy.error.code, "answer_too_large");
}

#[tokio::test]
async fn the_key_shows_nowhere_even_if_the_server_repeats_it() {
    let fake = FakeOpenAi::start(Options::default());
    let key = "sk-other-secret-key";
    let http = Http::new(Reach::Any).unwrap();
    let model = text::build(&fake.settings(), Some(&Secret::from(key)), &http).unwrap();
    let (failure, _) = failure(&*model).await;
    let tested = model.test().await.unwrap_err();
    assert_eq!((failure.error.code.as_str(), tested.code.as_str()), ("unauthorized", "unauthorized"));
    assert!(failure.error.message.contains("Bearer ***"), "{failure:?}");
    assert!(!format!("{failure:?} {tested:?}").contains(key));
}

#[test]
fn settings_are_read_strictly() {
    let http = Http::new(Reach::Any).unwrap();
    let wrong = |settings: Value| text::build(&settings, None, &http).err().unwrap().message;
    assert!(wrong(json!({})).contains("model"));
    assert!(wrong(json!({ "model": "m", "prompt_usd_per_million": -1.0 })).contains("prices"));
    assert!(wrong(json!({ "model": "m", "timeout_ms": 0 })).contains("timeout_ms"));
    assert!(wrong(json!({ "model": "m", "modell": 1 })).contains("modell"));
    assert!(text::build(&json!({ "model": "m", "base_url": "http://localhost:11434" }), None, &http).is_ok());
}
