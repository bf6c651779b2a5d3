//! `headway backup` and `headway restore`.

use crate::{
    args::{Backup, Global, Restore},
    client::view::BackupView,
    config::{Config, RawConfig},
    connect::Session,
    local::Purpose,
    output::{
        Output,
        text::{bytes, duration},
    },
    problem::{Exit, Problem, Result, chain},
};
use serde_json::json;
use std::path::Path;

pub(super) async fn backup(global: &Global, args: Backup, output: Output) -> Result<Exit> {
    if args.to.is_some() && global.server.is_some() {
        return Err(Problem::usage("a copy can be put here only from a server on this machine")
            .hint("leave FILE away: the backup stays in the server's data folder"));
    }
    if let Some(to) = args.to.as_deref().filter(|to| to.exists()) {
        return Err(Problem::usage(format!("{} exists already", to.display())).hint("name a new file"));
    }
    let session = Session::open(global, RawConfig::default(), Purpose::Verbs, output).await?;
    let mut done: BackupView = session.client().post("/api/v1/backup", &json!({})).await?;
    if let Some(to) = &args.to {
        copy(Path::new(&done.path), to)?;
        done.path = to.display().to_string();
    }
    if output.json {
        output.object(&done);
    } else {
        let took = duration(i64::try_from(done.took_ms).unwrap_or(i64::MAX));
        output.line(&format!("{} ({}, {took}, SHA-256 {})", done.path, bytes(done.bytes), done.sha256));
        output.note(&format!("to put it in place of the database: headway restore {}", done.path));
    }
    session.close().await;
    Ok(Exit::Done)
}

/// A copy that is whole or not there.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let draft = to.with_extension("part");
    std::fs::copy(from, &draft)
        .and_then(|_| std::fs::File::open(&draft)?.sync_all())
        .and_then(|()| std::fs::rename(&draft, to))
        .map_err(|error| Problem::io("write", to, &error))
}

pub(super) fn restore(global: &Global, args: Restore, output: Output) -> Result<Exit> {
    if global.server.is_some() {
        return Err(Problem::usage("restore works on a data folder, not on a server")
            .hint("stop the server and run this on its machine with --data"));
    }
    let config = Config::load(global, RawConfig::default())?;
    if !args.from.is_file() {
        return Err(Problem::usage(format!("there is no backup {}", args.from.display()))
            .hint(format!("backups are in {}", config.data.join("backups").display())));
    }
    let database = config.database();
    if !args.yes {
        return Err(Problem::usage(format!("{} would replace {}", args.from.display(), database.display()))
            .hint("add --yes to do it; the database in place is kept beside it"));
    }
    std::fs::create_dir_all(&config.data).map_err(|error| Problem::io("create", &config.data, &error))?;
    let report = db::Db::restore(&args.from, &database).map_err(|error| match error {
        db::Error::Locked { pid, .. } => {
            let who = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
            Problem::failed(format!("a server{who} has {} open", database.display())).hint("stop it first")
        }
        error => Problem::failed(chain(&error)),
    })?;
    let replaced = report.replaced.as_deref().map(|path| path.display().to_string());
    if output.json {
        output.object(&json!({ "path": report.path, "bytes": report.bytes, "replaced": replaced }));
    } else {
        output.line(&format!("{} restored ({})", report.path.display(), bytes(report.bytes)));
        if let Some(replaced) = replaced {
            output.note(&format!("what was in place is kept as {replaced}"));
        }
    }
    Ok(Exit::Done)
}
