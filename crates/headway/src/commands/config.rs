//! `headway config`: the settings in force.

use crate::{
    args::{ConfigArgs, Global},
    config::{Config, RawConfig, reference},
    output::Output,
    problem::{Exit, Problem, Result},
};

pub(super) fn config(global: &Global, args: &ConfigArgs, output: Output) -> Result<Exit> {
    if args.reference {
        output.line(reference().trim_end());
        return Ok(Exit::Done);
    }
    let config = Config::load(global, RawConfig::default())?;
    if output.json {
        output.object(&config);
        return Ok(Exit::Done);
    }
    let text = toml::to_string(&config)
        .map_err(|error| Problem::failed(format!("the settings have no TOML form: {error}")))?;
    output.line(text.trim_end());
    Ok(Exit::Done)
}
