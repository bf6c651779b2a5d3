use crate::{Diagnostics, compile, compile_yaml, parse, to_yaml};
use expect_test::{Expect, expect};
use model::{ForEach, MAX_STAGES, OnFailure, PipelineDocument, StageDocument, StageId, Work};

const GOOD: &str = "\
name: nightly
title: Nightly build
stages:
  - name: publish
    needs: [approve]
    when: stages.test.failed == 0 and input.publish
    activity: job.publish
    params: { target: stable, tries: [1, 2.5, null, yes] }
  - name: fetch
    activity: git.fetch
    timeout: 5m
    heartbeat_timeout: 30s
    retry: { max_attempts: 5, initial: 500ms, max: 1m30s }
  - name: test
    for_each: fetch
    join_all: true
    activity: job.test
    concurrency: 4
    on_failure: continue
  - name: approve
    needs: test
    signal: approve
    timeout: 2d
";

fn problems(yaml: &str, expected: &Expect) {
    let found = compile_yaml(yaml).err().map(|problems| problems.to_string()).unwrap_or_default();
    expected.assert_eq(&found);
}

#[test]
fn a_pipeline_compiles_into_topological_order() -> Result<(), Diagnostics> {
    let definition = compile_yaml(GOOD)?;
    let names: Vec<_> = definition.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["fetch", "test", "approve", "publish"]);
    let [fetch, test, approve, publish] = definition.stages.as_slice() else { panic!("four stages") };
    assert_eq!((fetch.timeout_ms, fetch.heartbeat_timeout_ms), (Some(300_000), Some(30_000)));
    assert_eq!((fetch.retry.initial_ms, fetch.retry.max_ms, fetch.retry.max_attempts), (500, 90_000, 5));
    assert_eq!((test.for_each, test.needs.as_slice()), (ForEach::Stage(StageId(0)), &[StageId(0)][..]));
    assert_eq!(test.on_failure, OnFailure::Continue);
    assert_eq!(approve.work, Work::Signal { name: "approve".to_owned() });
    assert_eq!(approve.title, "approve");
    let params = serde_json::json!({ "target": "stable", "tries": [1, 2.5, null, "yes"] });
    assert_eq!(publish.work, Work::Activity { name: "job.publish".to_owned(), params });
    Ok(())
}

#[test]
fn the_order_is_the_documents_where_nothing_forces_another() -> Result<(), Diagnostics> {
    let stage = |name: &str| StageDocument {
        name: name.to_owned(),
        activity: Some("a".to_owned()),
        ..StageDocument::default()
    };
    let document = PipelineDocument {
        name: "p".to_owned(),
        version: 1,
        title: String::new(),
        input_schema: None,
        stages: ["c", "a", "b"].map(stage).to_vec(),
    };
    let names: Vec<_> = compile(document)?.stages.into_iter().map(|stage| stage.name).collect();
    assert_eq!(names, ["c", "a", "b"]);
    Ok(())
}

#[test]
fn unknown_keys_are_placed_and_guessed_all_at_once() {
    let yaml = "\
name: p
titel: x
stages:
  - name: a
    activty: x
    retry: { max_attempt: 3, whatever: 1 }
    timeout: 30
  - nmae: b
    signal: s
    timeout: soon
    timeout_ms: 5
    concurrency: many
";
    problems(
        yaml,
        &expect![[r#"
        2:1: titel: a pipeline has no key 'titel' (did you mean 'title'?)
        5:5: stages[0].activty: a stage has no key 'activty' (did you mean 'activity'?)
        6:14: stages[0].retry.max_attempt: retry has no key 'max_attempt' (did you mean 'max_attempts'?)
        6:30: stages[0].retry.whatever: retry has no key 'whatever' (retry has: max_attempts, initial, initial_ms, factor, max, max_ms, jitter)
        7:14: stages[0].timeout: expected a duration, found 30 (write a number with its unit: 500ms, 30s, 5m, 2h, 1d)
        8:5: stages[1].nmae: a stage has no key 'nmae' (did you mean 'name'?)
        10:14: stages[1].timeout: expected a duration, found "soon" (write a number with its unit: 500ms, 30s, 5m, 2h, 1d)
        11:17: stages[1].timeout_ms: the same duration is given twice, with and without '_ms'
        12:18: stages[1].concurrency: expected a whole number, 0 or more, found "many" (write digits only)"#]],
    );
}

#[test]
fn a_stage_that_cannot_be_read_does_not_hide_the_others() {
    let yaml = "name: p\nstages:\n  - name: first\n    activty: x\n  - name: second\n    signal: s\n    needs: [frist]\n";
    problems(
        yaml,
        &expect![[r#"
        4:5: stages[0].activty: a stage has no key 'activty' (did you mean 'activity'?)
        7:13: stages[1].needs[0]: there is no stage 'frist' (did you mean 'first'?)"#]],
    );
    problems(
        &yaml.replace("name: first", "nmae: first"),
        &expect![[r#"
        3:5: stages[0].nmae: a stage has no key 'nmae' (did you mean 'name'?)
        4:5: stages[0].activty: a stage has no key 'activty' (did you mean 'activity'?)"#]],
    );
}

#[test]
fn names_references_ranges_and_work_are_checked_all_at_once() {
    let yaml = "\
name: Nightly Build
version: 0
stages:
  - name: input
    activity: x
    for_each: fetsh
  - name: fetch
    activity: x
    signal: y
  - name: fetch
    needs: [fetch, nowhere, nowhere]
  - name: slow
    signal: go
    params: { a: 1 }
    concurrency: 3
  - name: tune
    activity: x
    join_all: true
    concurrency: 0
    timeout: 91d
    heartbeat_timeout_ms: 0
    retry: { max_attempts: 0, factor: 0.5, jitter: 2, initial: 5m, max: 1s }
    when: stages.fetch.failed == 0 and stages.fetched.done > 1
";
    problems(
        yaml,
        &expect![[r#"
            1:7: name: 'Nightly Build' is no name for a pipeline (use up to 64 of a-z, 0-9, '-', '_', '.', with a letter or digit first)
            2:10: version: the version is 0; the first is 1
            4:11: stages[0].name: a stage cannot be called 'input': 'for_each: input' means the run's input
            6:15: stages[0].for_each: there is no stage 'fetsh' (did you mean 'fetch'?)
            9:13: stages[1].signal: the stage has both 'activity' and 'signal'; it can have one
            10:5: stages[2]: the stage has neither 'activity' nor 'signal' (name the activity that does its work, or the signal it waits for)
            10:11: stages[2].name: the name 'fetch' is taken by stages[1]
            11:20: stages[2].needs[1]: there is no stage 'nowhere' (the other stages are: input, slow, tune)
            11:29: stages[2].needs[2]: 'nowhere' is named twice
            14:13: stages[3].params: 'params' does nothing on a stage that waits for a signal; remove it
            15:18: stages[3].concurrency: 'concurrency' does nothing on a stage that waits for a signal; remove it
            18:15: stages[4].join_all: 'join_all' waits for the stage that 'for_each' names; there is none
            19:18: stages[4].concurrency: the value is out of range; allowed is 1 to 10000
            20:14: stages[4].timeout: the value is out of range; allowed is more than nothing and at most 90 days
            21:27: stages[4].heartbeat_timeout: the value is out of range; allowed is more than nothing and at most 90 days
            22:28: stages[4].retry.max_attempts: the value is out of range; allowed is 1 (no second attempt) to 100
            22:39: stages[4].retry.factor: the value is out of range; allowed is 1 to 100
            22:52: stages[4].retry.jitter: the value is out of range; allowed is 0 (none) to 1 (all of the delay)
            22:64: stages[4].retry.initial: the first delay is longer than the longest ('max')
            23:11: stages[4].when: the condition reads 'fetch', which may still be running when it is decided (add 'fetch' to the stage's 'needs')
            23:11: stages[4].when: there is no stage 'fetched' (the other stages are: fetch, input, slow)"#]],
    );
}

#[test]
fn a_cycle_is_named_once() {
    let stage = |name: &str, needs: &str| format!("  - {{ name: {name}, activity: x, {needs} }}\n");
    let yaml = format!(
        "name: p\nstages:\n{}{}{}{}",
        stage("start", ""),
        stage("a", "needs: [start, c]"),
        stage("b", "for_each: a"),
        stage("c", "needs: b")
    );
    problems(
        &yaml,
        &expect![
            "4:5: stages[1]: stages wait for each other in a circle: a → c → b → a (take one of these out of 'needs' or 'for_each')"
        ],
    );
    problems(
        "name: p\nstages: [{ name: a, needs: a, activity: x }]",
        &expect![
            "2:10: stages[0]: stages wait for each other in a circle: a → a (take one of these out of 'needs' or 'for_each')"
        ],
    );
}

#[test]
fn conditions_must_compile_and_read_closed_stages_only() {
    let yaml = |when: &str, needs: &str| {
        format!(
            "name: p\nstages:\n  - {{ name: a, activity: x }}\n  - {{ name: b, activity: x, for_each: a }}\n  \
             - {{ name: c, activity: x, needs: [{needs}], when: \"{when}\" }}\n"
        )
    };
    problems(&yaml("stages.a.failed == 0", "b"), &expect![""]);
    problems(
        &yaml("stages.b.failed == 0", "a"),
        &expect![
            "5:47: stages[2].when: the condition reads 'b', which may still be running when it is decided (add 'b' to the stage's 'needs')"
        ],
    );
    problems(
        &yaml("input.x ==", "b"),
        &expect![
            "5:47: stages[2].when: the condition is not an expression: unexpected end of input, expected expression"
        ],
    );
}

#[test]
fn the_hash_is_the_definitions_and_not_the_texts() -> Result<(), Diagnostics> {
    let hash = |yaml: &str| compile_yaml(yaml).map(|definition| definition.hash);
    let first = hash(GOOD)?;
    assert_eq!(first.len(), 64);
    let same = GOOD.replace("5m", "300s").replace("needs: test", "needs: [\"test\"]   # a comment");
    assert_ne!(same, GOOD);
    assert_eq!(hash(&same)?, first);
    assert_eq!(hash(&to_yaml(&parse(GOOD)?)?)?, first);
    assert_ne!(hash(&GOOD.replace("5m", "6m"))?, first);
    assert_ne!(hash(&GOOD.replace("tries: [1,", "tries: [2,"))?, first);
    Ok(())
}

#[test]
fn yaml_survives_a_round_trip() -> Result<(), Diagnostics> {
    let document = parse(GOOD)?;
    let yaml = to_yaml(&document)?;
    assert_eq!(parse(&yaml)?, document, "{yaml}");
    expect![[r#"
        name: nightly
        version: 1
        title: Nightly build
        stages:
        - name: publish
          needs:
          - approve
          when: stages.test.failed == 0 and input.publish
          activity: job.publish
          params:
            target: stable
            tries:
            - 1
            - 2.5
            - null
            - "yes"
        - name: fetch
          activity: git.fetch
          retry:
            max_attempts: 5
            initial: 500ms
            factor: 2.0
            max: 90s
            jitter: 0.5
          timeout: 5m
          heartbeat_timeout: 30s
        - name: test
          for_each: fetch
          join_all: true
          activity: job.test
          concurrency: 4
          on_failure: continue
        - name: approve
          needs:
          - test
          signal: approve
          timeout: 2d
    "#]]
    .assert_eq(&yaml);
    Ok(())
}

#[test]
fn anchors_serve_and_cannot_multiply() {
    let shared = "name: p\nstages:\n  - { name: a, activity: x, retry: &r { max_attempts: 7 } }\n  \
                  - { name: b, activity: x, retry: *r }\n";
    let retries: Vec<_> =
        compile_yaml(shared).expect("compiles").stages.iter().map(|s| s.retry.max_attempts).collect();
    assert_eq!(retries, [7, 7]);

    let mut laughs = "name: p\nstages: []\ninput_schema:\n  a0: &a0 [lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..40 {
        let from = format!("*a{}", level - 1);
        laughs +=
            &format!("  a{level}: &a{level} [{from}, {from}, {from}, {from}, {from}, {from}, {from}]\n");
    }
    let problems = parse(&laughs).expect_err("too many");
    assert_eq!(problems.0[0].code, "yaml");
    assert!(problems.0[0].line.is_some(), "{problems}");
}

#[test]
fn hostile_texts_end_in_problems() {
    let deep =
        |open: &str, close: &str, n: usize| format!("name: p\nstages: {}{}", open.repeat(n), close.repeat(n));
    let indented: String = (0..2000).map(|level| format!("{}a:\n", " ".repeat(level.min(120)))).collect();
    let many: String = (0..=MAX_STAGES).map(|n| format!("  - {{ name: s{n}, activity: x }}\n")).collect();
    let cases = [
        (String::new(), "wrong_type"),
        ("[1, 2]".to_owned(), "wrong_type"),
        ("{}".to_owned(), "missing_key"),
        ("name: p\nstages: []".to_owned(), "no_stages"),
        ("name: p\nname: q\nstages: []".to_owned(), "yaml"),
        ("name: p\n---\nname: q".to_owned(), "yaml"),
        ("name: [p\nstages: ]".to_owned(), "yaml"),
        ("name: p\nstages: [*nowhere]".to_owned(), "yaml"),
        ("name: p\ninput_schema: .nan\nstages: []".to_owned(), "yaml"),
        (deep("[", "]", 5000), "yaml"),
        (deep("{a: ", "}", 5000), "yaml"),
        (indented, "yaml"),
        (format!("name: p\nstages:\n{many}"), "too_many_stages"),
        (format!("name: {}\nstages: []", "x".repeat(300 * 1024)), "too_large"),
        ("name: \"a\\u001b[31m\"\nstages: [{ name: a, activity: x }]".to_owned(), "bad_name"),
    ];
    for (yaml, code) in cases {
        let start: String = yaml.chars().take(60).collect();
        let problems = compile_yaml(&yaml).expect_err(&start);
        assert!(problems.0.iter().any(|p| p.code == code), "{start}: {problems}");
        assert!(!problems.to_string().contains('\u{1b}'));
    }
}

/// A build without optimisation needs about 50 KB of stack a level; a server's worker thread has 2 MB.
#[test]
fn the_deepest_text_allowed_fits_a_small_stack() {
    let yaml = format!("name: p\nstages: []\ninput_schema: {}{}", "{a: ".repeat(18), "}".repeat(18));
    let deeper = format!("name: p\nstages: []\ninput_schema: {}{}", "{a: ".repeat(24), "}".repeat(24));
    let small = std::thread::Builder::new().stack_size(1536 * 1024);
    let parsed = small.spawn(move || (parse(&yaml).is_ok(), parse(&deeper).is_ok()));
    assert_eq!(parsed.expect("a thread").join().expect("no overflow"), (true, false));
}
