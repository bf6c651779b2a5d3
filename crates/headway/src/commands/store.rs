//! `headway migrate` and `headway copy`: the store itself.

use crate::{
    args::{Copy, Global},
    config::{Config, RawConfig, StoreAt},
    connect::owner,
    local,
    output::Output,
    problem::{Exit, Problem, Result},
};
use serde_json::json;

pub(super) async fn migrate(global: &Global, output: Output) -> Result<Exit> {
    let config = Config::load(global, RawConfig::default())?;
    local::migrate(&config).await?;
    let place = match &config.store {
        StoreAt::Folder => config.database().display().to_string(),
        StoreAt::Server { place, .. } => place.clone(),
    };
    if output.json {
        output.object(&json!({ "store": place, "migrated": true }));
    } else {
        output.line(&format!("the schema of {place} is up to date"));
    }
    Ok(Exit::Done)
}

pub(super) async fn copy(global: &Global, args: Copy, output: Output) -> Result<Exit> {
    let global = Global { data: Some(args.from), ..global.clone() };
    let config = Config::load(&global, RawConfig::default())?;
    if !config.database().is_file() {
        return Err(Problem::usage(format!("there is no database {}", config.database().display()))
            .hint("name the data folder with --from"));
    }
    if let Some((file, _)) = owner(&config).await {
        return Err(Problem::failed(format!("{} is served by process {}", config.data.display(), file.pid))
            .hint("end that server: what it writes meanwhile would be missing"));
    }
    let told = |table: &str, rows: u64| {
        if !output.json {
            output.line(&format!("  {table:<24} {rows}"));
        }
    };
    let copied = local::copy(&config, &args.to, told).await?;
    if output.json {
        output.object(&json!({ "rows": copied.rows(), "tables": copied.tables }));
    } else {
        output.line(&format!("{} rows copied", copied.rows()));
        output.note("thumbnails, models and the file secrets.key stay in the data folder: servers and workers need them, too");
    }
    Ok(Exit::Done)
}
