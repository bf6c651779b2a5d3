use super::{RawConfig, raw, resolve, sources};
use crate::problem::{Exit, Problem};
use expect_test::{Expect, expect, expect_file};
use std::{collections::BTreeSet, path::PathBuf};

fn config(text: &str) -> Result<super::Config, Problem> {
    resolve(sources::from_text(text, "headway.toml")?, PathBuf::from("/data"))
}

fn refused(text: &str, expected: &Expect) {
    let problem = config(text).expect_err("is refused");
    assert_eq!(problem.exit, Exit::Usage);
    expected.assert_eq(&format!("{problem}\n{}", problem.hint.as_deref().unwrap_or_default()));
}

#[test]
fn the_reference_is_current() {
    expect_file!["../../../../docs/configuration.md"].assert_eq(&super::reference());
}

#[test]
fn every_key_of_the_reference_is_read_and_no_other_exists() {
    // A file that sets every setting to its default is read whole, and means what an empty one means.
    let mut text = String::new();
    for section in raw::SECTIONS {
        if !section.name.is_empty() {
            text += &format!("[{}]\n", section.name);
        }
        for setting in section.settings {
            let key = setting.key.rsplit('.').next().expect("a key");
            let value = match setting.kind {
                super::Kind::Flag | super::Kind::Number(..) => setting.default.to_owned(),
                super::Kind::Paths | super::Kind::Texts => "[]".to_owned(),
                super::Kind::Path => "'/data'".to_owned(),
                super::Kind::Text | super::Kind::Word(_) => format!("'{}'", setting.default),
            };
            text += &format!("{key} = {value}\n");
        }
    }
    assert_eq!(config(&text).expect("is read"), config("").expect("is read"));
    let keys: BTreeSet<_> = raw::all().map(|setting| setting.variable()).collect();
    assert_eq!(keys.len(), raw::all().count(), "two settings share a variable");
}

#[test]
fn later_sources_win() {
    let file = sources::from_text("listen = '127.0.0.1:1'\ndev = true\n[sse]\ntimeout_minutes = 3", "f")
        .expect("reads");
    let variables = [
        ("HEADWAY_LISTEN", "127.0.0.1:2"),
        ("HEADWAY_OUTBOX_BATCH_SIZE", "7"),
        ("HEADWAY_MEDIA_ROOTS", "/a, /b"),
        ("HEADWAY_USE_OUTBOX_PATTERN", "off"),
        ("HEADWAY_TOKEN", "not a setting"),
        ("PATH", "/bin"),
    ];
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let environment = sources::from_environment(variables).expect("reads");
    let flags = RawConfig { listen: Some("127.0.0.1:3".to_owned()), ..RawConfig::default() };
    let config = resolve(flags.over(environment).over(file), PathBuf::from("/data")).expect("resolves");
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.outbox.batch_size, 7);
    assert_eq!(config.media_roots, [PathBuf::from("/a"), PathBuf::from("/b")]);
    assert!(config.dev && !config.use_outbox_pattern && config.use_hardware_scaling);
    assert_eq!(config.sse.timeout_minutes, 3);
}

#[test]
fn what_is_wrong_is_placed_and_guessed() {
    refused(
        "listn = 'x'",
        &expect![[r#"
            headway.toml:1:1: unknown field `listn`, expected one of `data`, `store`, `listen`, `dev`, `media_roots`, `use_outbox_pattern`, `use_hardware_scaling`, `enable_sse_progress`, `server`, `outbox`, `text`, `hardware_scaling`, `sse`, `retention`, `workers`, `log`
            did you mean 'listen'? docs/configuration.md lists all settings"#]],
    );
    refused(
        "dev = true\n[outbox]\nbatch_size = 5\nretry_atempts = 1",
        &expect![[r#"
        headway.toml:4:1: unknown field `retry_atempts`, expected one of `batch_size`, `retry_attempts`, `timeout_seconds`
        did you mean 'outbox.retry_attempts'? docs/configuration.md lists all settings"#]],
    );
    refused(
        "[sse]\nupdate_interval_ms = 'quick'",
        &expect![[r#"
        headway.toml:2:22: invalid type: string "quick", expected u64
        see docs/configuration.md for all settings"#]],
    );
    refused(
        "[outbox]\nbatch_size = 0",
        &expect![[r#"
        the setting 'outbox.batch_size' cannot be used: 0 is not between 1 and 1000
    "#]],
    );
    refused(
        "[hardware_scaling]\nmin_workers = 4\nmax_workers = 2",
        &expect![[r#"
        the setting 'hardware_scaling.max_workers' cannot be used: it is less than hardware_scaling.min_workers
    "#]],
    );
    refused(
        "listen = '8080'",
        &expect![[r#"
        the setting 'listen' cannot be used: '8080' is not an address and port, such as 127.0.0.1:8080 or [::1]:8080
    "#]],
    );
    refused(
        "listen = '0.0.0.0:80'\ndev = true",
        &expect![[r#"
        the setting 'dev' cannot be used: it signs in whoever can reach 0.0.0.0:80
        listen on 127.0.0.1, or leave --dev away and sign in"#]],
    );
    refused(
        "[log]\nformat = 'xml'",
        &expect![[r#"
        the setting 'log.format' cannot be used: 'xml' is not one of: text, json
    "#]],
    );
    refused(
        "= 3",
        &expect![[r#"
        headway.toml:1:1: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`
        see docs/configuration.md for all settings"#]],
    );
}

#[test]
fn the_environment_is_checked_too() {
    let read = |name: &str, value: &str| {
        let problem = sources::from_environment([(name.to_owned(), value.to_owned())].into_iter())
            .expect_err("refused");
        format!("{problem} ({})", problem.hint.clone().unwrap_or_default())
    };
    expect!["the variable HEADWAY_LISTN is no setting (did you mean HEADWAY_LISTEN? docs/configuration.md lists all variables)"]
        .assert_eq(&read("HEADWAY_LISTN", "x"));
    expect!["the variable HEADWAY_DEV: 'perhaps' is not true or false ()"]
        .assert_eq(&read("HEADWAY_DEV", "perhaps"));
    expect!["the variable HEADWAY_SSE_TIMEOUT_MINUTES: 'ten' is not a whole number ()"]
        .assert_eq(&read("HEADWAY_SSE_TIMEOUT_MINUTES", "ten"));
}
