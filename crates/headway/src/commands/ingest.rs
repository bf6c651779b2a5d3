//! `headway ingest`: one run over folders of media, started or continued.

use super::follow::{AtWaiting, Followed, follow, interrupted, read_ended};
use crate::{
    args::{Global, Ingest as Args},
    client::{
        http::Ignored,
        segment,
        view::{IngestView, Page, Run},
    },
    config::RawConfig,
    connect::Session,
    interrupt::Interrupt,
    local::Purpose,
    output::{
        Output, Tone,
        text::{duration, grouped, safe},
    },
    problem::{Exit, Problem, Result, reason},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Instant,
};

pub(super) async fn ingest(global: &Global, args: Args, output: Output) -> Result<Exit> {
    let folders = folders(&args.directories)?;
    let mut interrupt = Interrupt::listen()?;
    let start = Instant::now();
    let began_at = jiff::Timestamp::now().as_millisecond();
    // Whoever names a folder here may read it: it is a media root for this command's own server.
    let flags = RawConfig { media_roots: Some(roots(global, &folders)?), ..RawConfig::default() };
    let mut session = Session::open(global, flags, Purpose::Work, output).await?;
    let run = match unfinished(&session, &args, &folders, began_at).await? {
        Some(run) => carry_on(&session, run).await?,
        None => begin(&session, &args, &folders).await?,
    };
    let at_waiting = if args.yes { AtWaiting::Commit } else { AtWaiting::Stop };
    let followed = follow(&mut session, &mut interrupt, &run, at_waiting, |_| {}).await?;
    let exit = match followed {
        Followed::Interrupted => {
            let again = format!(
                "headway ingest {}{}",
                args.directories[0].display(),
                if args.yes { " --yes" } else { "" }
            );
            interrupted(&session, &run, &again)
        }
        Followed::Ended(_) => {
            read_ended(&session, &run).await?;
            report(&session, &args, &run, start).await?
        }
        Followed::Waiting => report(&session, &args, &run, start).await?,
    };
    session.close().await;
    Ok(exit)
}

/// The folders as absolute paths without links.
fn folders(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    named.iter().map(|named| folder(named)).collect()
}

fn folder(named: &Path) -> Result<PathBuf> {
    let refused = |why: &str| {
        Problem::usage(format!("cannot ingest {}: {why}", named.display()))
            .hint("name a folder with images or videos; `headway sample DIR` makes one to try")
    };
    let real = std::fs::canonicalize(named).map_err(|error| refused(&reason(&error)))?;
    if !real.is_dir() {
        return Err(refused("it is not a folder"));
    }
    std::fs::read_dir(&real).map_err(|error| refused(&reason(&error)))?;
    match real.to_str() {
        Some(_) => Ok(real),
        None => Err(refused("its path is not UTF-8, and so cannot be told to the server")),
    }
}

/// The configured media roots and the command's own folders.
fn roots(global: &Global, folders: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if global.server.is_some() {
        return Ok(Vec::new());
    }
    let mut roots = crate::config::Config::load(global, RawConfig::default())?.media_roots;
    roots.extend(folders.iter().cloned());
    Ok(roots)
}

fn texts(folders: &[PathBuf]) -> Vec<String> {
    folders.iter().map(|folder| folder.to_string_lossy().into_owned()).collect()
}

/// The newest run of the same folders that had not ended when this command began, at `began_at` (milliseconds since
/// 1970). The server goes on with it as soon as it is up, and may be done before anybody asks.
async fn unfinished(
    session: &Session,
    args: &Args,
    folders: &[PathBuf],
    began_at: i64,
) -> Result<Option<Run>> {
    if args.fresh {
        return Ok(None);
    }
    let wanted: BTreeSet<String> = texts(folders).into_iter().collect();
    let page: Page<Run> = session.client().get("/api/v1/runs?app=ingest&limit=100").await?;
    for summary in page.items.into_iter().filter(|run| run.ended_at.is_none_or(|at| at >= began_at)) {
        let run: Run = session.client().get(&format!("/api/v1/runs/{}", segment(&summary.id))).await?;
        let directories = run.input.get("directories").and_then(Value::as_array);
        let directories = directories.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        if directories.collect::<BTreeSet<_>>() == wanted {
            return Ok(Some(run));
        }
    }
    Ok(None)
}

async fn carry_on(session: &Session, run: Run) -> Result<String> {
    let done = format!("{} of {}", grouped(run.figures.done as i64), grouped(run.figures.total as i64));
    session.output.note(&format!(
        "going on with run {} of this folder ({}, {done}); --fresh starts a new one",
        run.id, run.state
    ));
    if run.state == "paused" {
        let _: Ignored =
            session.client().post(&format!("/api/v1/runs/{}/resume", segment(&run.id)), &json!({})).await?;
    }
    Ok(run.id)
}

async fn begin(session: &Session, args: &Args, folders: &[PathBuf]) -> Result<String> {
    let params = json!({
        "directories": texts(folders),
        "patterns": args.patterns,
        "recursive": !args.no_recursive,
        "max_files": args.max_files,
        "skip_existing": !args.again,
        "extract_metadata": !args.no_metadata,
        "extract_keywords": !args.no_keywords,
        "import_scores": !args.no_scores,
        "detect_nsfw": !args.no_nsfw,
        "nsfw_threshold": args.nsfw_threshold,
        "auto_commit": args.yes,
    });
    let started: Run = session.client().post("/api/v1/ingest", &params).await.map_err(|problem| {
        if session.is_local() || !problem.message.contains("root") {
            return problem;
        }
        problem.hint(
            "the running server has other media roots; start it with --media-root DIR, or set media_roots",
        )
    })?;
    if !session.output.json {
        session.output.note(&format!("run {} started", started.id));
    }
    Ok(started.id)
}

async fn report(session: &Session, args: &Args, run: &str, start: Instant) -> Result<Exit> {
    let view: IngestView = session.client().get(&format!("/api/v1/ingest/{}", segment(run))).await?;
    let output = session.output;
    let state = view.run.state.as_str();
    let elapsed = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
    for note in &view.notes {
        output.note(&safe(note));
    }
    if state == "waiting" {
        let folder = args.directories.first().map(|folder| folder.display().to_string()).unwrap_or_default();
        output.note(&format!(
            "nothing has reached the library yet. To commit: headway ingest {folder} --yes\n\
             To look first: headway serve --dev, then open /ingest/{run}"
        ));
    }
    if output.json {
        let result =
            json!({ "run": view.run.id, "state": state, "stats": view.stats, "elapsed_ms": elapsed });
        output.object(&result);
        return Ok(Exit::of_run(state));
    }
    let stats = view.stats;
    let shown = output.tone(Tone::of_state(state), &state.replace('_', " "));
    output.line(&format!("{} {shown} after {}", view.run.id, duration(elapsed)));
    for (label, count, about) in [
        ("discovered", stats.discovered, "files"),
        ("processed", stats.processed, "files"),
        ("skipped", stats.skipped, "files that the library has already"),
        ("failed", stats.failed, "files"),
        ("metadata", stats.metadata, "files whose metadata was read"),
        ("keywords", stats.keywords, "distinct keywords"),
        ("scores", stats.scores, "files with a score"),
        ("nsfw", stats.nsfw, "files over the threshold"),
        ("errors", stats.errors, ""),
    ] {
        output.line(format!("  {label:<11}{:>9}  {about}", grouped(count)).trim_end());
    }
    if let Some(error) = &view.run.error {
        output.line(&format!("  {} [{}]", safe(&error.message), safe(&error.code)));
    }
    if stats.failed > 0 {
        output.line(&format!(
            "  what failed and why: headway runs {run}, or the run's page; again: headway retry {run}"
        ));
    }
    Ok(Exit::of_run(state))
}
