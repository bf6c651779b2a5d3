//! `headway serve`: the server, until Ctrl-C.

use crate::{
    args::{Global, Serve as Args},
    config::{Config, RawConfig},
    connect::owner,
    interrupt::Interrupt,
    local::{LocalServer, Purpose},
    output::{Output, Tone},
    problem::{Exit, Problem, Result},
};
use serde_json::json;

pub(super) async fn serve(global: &Global, args: Args, output: Output) -> Result<Exit> {
    let mut interrupt = Interrupt::listen()?;
    super::temporal::check(&args.engine)?;
    let flags = RawConfig {
        listen: args.listen.map(|address| address.to_string()),
        dev: args.dev.then_some(true),
        media_roots: (!args.media_roots.is_empty()).then_some(args.media_roots),
        ..RawConfig::default()
    };
    let config = Config::load(global, flags)?;
    crate::logging::start(&config.log)?;
    if let Some((file, _)) = owner(&config).await {
        let message = format!(
            "{} is served already, at {} by process {}",
            config.data.display(),
            file.address,
            file.pid
        );
        return Err(
            Problem::failed(message).hint("use that one, end it, or choose another folder with --data")
        );
    }
    let (dev, data) = (config.dev, config.data.clone());
    let server = LocalServer::start(config, Purpose::Serve).await?;
    let host = super::temporal::begin(&args.engine, server.engine())?;
    if output.json {
        output.object(&json!({ "address": server.address(), "data": data, "pid": std::process::id() }));
    } else {
        output.line(&format!("Headway is at {}", output.tone(Tone::Strong, server.address())));
        output.line(&format!("  data       {}", data.display()));
        if dev {
            output.line("  sign-in    none: whoever is on this machine is the admin (--dev)");
        }
        if let Some(code) = server.code() {
            output.line(&format!("  sign-in    with this code, once: {}", output.tone(Tone::Strong, code)));
        }
        output.line("  next       open it in a browser, or: headway ingest DIR");
        output.line("  end        Ctrl-C; runs go on where they were at the next start");
    }
    interrupt.asked().await;
    output.note("ending: attempts under way may finish; once more to end at once");
    host.end().await;
    server.end().await;
    Ok(Exit::Done)
}
