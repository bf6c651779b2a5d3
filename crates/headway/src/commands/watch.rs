//! `headway watch`: follows a run that is under way.

use super::{
    follow::{AtWaiting, Followed, follow, interrupted, read_run},
    run::report,
};
use crate::{
    args::{Global, Watch as Args},
    client::view::{Page, Run},
    config::RawConfig,
    connect::Session,
    interrupt::Interrupt,
    local::Purpose,
    output::Output,
    problem::{Exit, Problem, Result},
};
use std::time::Instant;

pub(super) async fn watch(global: &Global, args: Args, output: Output) -> Result<Exit> {
    let mut interrupt = Interrupt::listen()?;
    let start = Instant::now();
    let mut session = Session::open(global, RawConfig::default(), Purpose::Work, output).await?;
    let run = match args.run {
        Some(run) => read_run(&session, &run).await?.id,
        None => newest(&session).await?,
    };
    let tell = |event: &crate::client::view::Event| {
        if output.json {
            output.object(event);
        }
    };
    let followed = follow(&mut session, &mut interrupt, &run, AtWaiting::Stay, tell).await?;
    let exit = match followed {
        Followed::Ended(_) => report(&session, &run, start).await?,
        _ => interrupted(&session, &run, &format!("headway watch {run}")),
    };
    session.close().await;
    Ok(exit)
}

async fn newest(session: &Session) -> Result<String> {
    let path = "/api/v1/runs?state=queued,running,waiting,paused&limit=1";
    let page: Page<Run> = session.client().get(path).await?;
    page.items.into_iter().next().map(|run| run.id).ok_or_else(|| {
        Problem::failed("there is no run under way").hint("`headway runs` lists those that have ended")
    })
}
