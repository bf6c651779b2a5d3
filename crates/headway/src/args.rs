//! The command line, as clap reads it. Raw: checked and completed in `config` and in the commands.

mod outbox;

pub(crate) use outbox::{
    Deliveries, DeliveryAction, DeliveryFilter, DestinationSettings, Destinations, Replay,
};

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use std::{net::SocketAddr, path::PathBuf};

/// Runs long multi-stage work durably, shows it live, delivers exactly once.
#[derive(Debug, Parser)]
#[command(name = "headway", version, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "First steps:\n  headway sample photos --count 60\n  headway ingest photos --yes\n  headway serve --dev\n\nExit codes and all commands: docs/cli.md. Settings: docs/configuration.md."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Global {
    /// Folder that holds everything Headway keeps
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) data: Option<PathBuf>,
    /// Database that several processes share, as postgres://user:password@host/database [default: SQLite in the data folder]
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) store: Option<String>,
    /// Configuration file [default: headway.toml here, or in the data folder, where there is one]
    #[arg(long, global = true, value_name = "FILE", env = "HEADWAY_CONFIG", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Talk to this server instead of the one of the data folder
    #[arg(long, global = true, value_name = "URL", env = "HEADWAY_SERVER", value_hint = ValueHint::Url)]
    pub(crate) server: Option<String>,
    /// File with the access token for --server [or the variable HEADWAY_TOKEN]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,
    /// Print JSON: one object a line, the result last
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colours (NO_COLOR is honoured)
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the server: dashboard, HTTP API, engine
    Serve(Serve),
    /// Work on the runs of a shared store, beside its servers
    Worker(Worker),
    /// Bring the schema of the store up to date, and end
    Migrate,
    /// Copy everything from a data folder into an empty shared store
    Copy(Copy),
    /// Start a run of a pipeline, from a file or by name
    Run(Run),
    /// Scan folders of images and videos into the library
    Ingest(Ingest),
    /// Turn a product vision into epics, features, stories, tasks and test cases, and deliver them
    Backlog(Backlog),
    /// List runs, or show one
    Runs(Runs),
    /// Follow a run until it ends
    Watch(Watch),
    /// End a run; what is under way is stopped
    Cancel(Cancel),
    /// Hold a run: attempts under way end, none begin
    Pause(OneRun),
    /// Let a paused run go on
    Resume(OneRun),
    /// Try failed tasks of a run again
    Retry(Retry),
    /// Send a signal to a run that waits for one
    Signal(Signal),
    /// List deliveries and why they have not arrived; replay dead ones; show what would be sent
    Deliveries(Deliveries),
    /// List, add, change, remove, pause, resume and test destinations
    #[command(subcommand)]
    Destinations(Destinations),
    /// Write a consistent copy of the database, while it is in use
    Backup(Backup),
    /// Put a backup in the place of the database; no server may be running
    Restore(Restore),
    /// Create, list and revoke access tokens
    #[command(subcommand)]
    Token(Token),
    /// Check this machine and the data folder, and say what to do
    Doctor(Doctor),
    /// Show the settings in force, or the reference of all settings
    Config(ConfigArgs),
    /// Make a folder of sample media to try `ingest` with
    Sample(Sample),
    /// Print a completion script for your shell
    Completions(Completions),
}

/// `headway serve`
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Sign in whoever is on this machine; only on a loopback address
    #[arg(long)]
    pub(crate) dev: bool,
    /// Folder that media may be ingested from; may be given more than once
    #[arg(long = "media-root", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) media_roots: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

/// Who drives runs, for `serve` and `worker`
#[derive(Args, Debug)]
pub(crate) struct EngineArgs {
    /// Who drives the runs that begin here; `temporal` is in builds with that feature
    #[arg(long, value_enum, value_name = "ENGINE", default_value_t = Driver::Native)]
    pub(crate) engine: Driver,
    /// The Temporal server, for --engine temporal
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) temporal_address: Option<String>,
    /// Its namespace
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) temporal_namespace: String,
    /// Makes this a versioned worker of that deployment, its build being Headway's version
    #[arg(long, value_name = "NAME")]
    pub(crate) temporal_deployment: Option<String>,
}

/// Who drives runs
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Driver {
    /// Headway itself
    #[default]
    Native,
    /// A Temporal cluster
    Temporal,
}

/// `headway worker`
#[derive(Args, Debug)]
pub(crate) struct Worker {
    /// Also answer here: health, readiness and figures, and everything else a server does
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Folder that media may be ingested from; may be given more than once
    #[arg(long = "media-root", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) media_roots: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

/// `headway copy`
#[derive(Args, Debug)]
pub(crate) struct Copy {
    /// Data folder to copy from; no server may be running on it
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) from: PathBuf,
    /// Empty database to copy into, as postgres://user:password@host/database
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) to: String,
}

/// `headway run`
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// A pipeline's YAML file, or the name of a registered pipeline
    #[arg(value_name = "FILE|NAME")]
    pub(crate) pipeline: String,
    /// The run's input: JSON, @FILE, or @- for standard input
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    pub(crate) input: String,
    /// What the run is called on the dashboard
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// A label; may be given more than once
    #[arg(long = "label", value_name = "KEY=VALUE")]
    pub(crate) labels: Vec<String>,
    /// Stay until the run ends (always so where no server is running)
    #[arg(long, short)]
    pub(crate) follow: bool,
}

/// `headway ingest`
#[derive(Args, Debug)]
pub(crate) struct Ingest {
    /// Folders to scan
    #[arg(value_name = "DIR", required = true, value_hint = ValueHint::DirPath)]
    pub(crate) directories: Vec<PathBuf>,
    /// Commit to the library without stopping at the preview
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Go on with the unfinished run of these folders, where there is one (the default)
    #[arg(long, conflicts_with = "fresh")]
    pub(crate) resume: bool,
    /// Start a new run even where an unfinished one exists
    #[arg(long)]
    pub(crate) fresh: bool,
    /// File name pattern such as '*.png'; may be given more than once [default: images and videos]
    #[arg(long = "pattern", value_name = "GLOB")]
    pub(crate) patterns: Vec<String>,
    /// Leave subfolders out
    #[arg(long)]
    pub(crate) no_recursive: bool,
    /// Stop after this many files
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_files: Option<u64>,
    /// Process files again that the library already has
    #[arg(long)]
    pub(crate) again: bool,
    /// Do not read metadata
    #[arg(long)]
    pub(crate) no_metadata: bool,
    /// Do not extract keywords
    #[arg(long)]
    pub(crate) no_keywords: bool,
    /// Do not import scores from sidecar files
    #[arg(long)]
    pub(crate) no_scores: bool,
    /// Do not classify
    #[arg(long)]
    pub(crate) no_nsfw: bool,
    /// Score from which a file counts as not safe for work, 0 to 1
    #[arg(long, value_name = "0..1", default_value_t = 0.5, value_parser = parse_share)]
    pub(crate) nsfw_threshold: f64,
}

fn parse_share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("not between 0 and 1".to_owned()) }
}

/// `headway backlog`
#[derive(Args, Debug)]
pub(crate) struct Backlog {
    /// The vision, in Markdown; - for standard input
    #[arg(value_name = "VISION.md", value_hint = ValueHint::FilePath)]
    pub(crate) vision: PathBuf,
    /// Where the items go: a destination's name, or azure-devops, github or files where there is one of that kind
    #[arg(long, value_name = "DESTINATION")]
    pub(crate) to: Option<String>,
    /// Folder for `--to files`, where there is no such destination yet
    #[arg(long, value_name = "DIR", default_value = "backlog", value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
    /// small, medium, large, or epics,features,stories,tasks,tests as numbers
    #[arg(long, default_value = "small")]
    pub(crate) size: String,
    /// outline (by rule, offline) or openai [default: openai where one is configured]
    #[arg(long)]
    pub(crate) author: Option<String>,
    /// What the model may cost, in US dollars
    #[arg(long, value_name = "USD")]
    pub(crate) budget: Option<f64>,
    /// What the run is called
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// Deliver without stopping for approval
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// `headway runs`
#[derive(Args, Debug)]
pub(crate) struct Runs {
    /// Show this run; list them where absent
    pub(crate) run: Option<String>,
    /// Only runs in this state; may be given more than once
    #[arg(long = "state", value_name = "STATE")]
    pub(crate) states: Vec<String>,
    /// Only runs of this pipeline
    #[arg(long, value_name = "NAME")]
    pub(crate) pipeline: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(crate) limit: u16,
}

/// `headway watch`
#[derive(Args, Debug)]
pub(crate) struct Watch {
    /// The run [default: the newest that has not ended]
    pub(crate) run: Option<String>,
}

/// A command on one run.
#[derive(Args, Debug)]
pub(crate) struct OneRun {
    /// The run's id
    pub(crate) run: String,
}

/// `headway cancel`
#[derive(Args, Debug)]
pub(crate) struct Cancel {
    /// The run's id
    pub(crate) run: String,
    /// Why, for those who read it later
    #[arg(long)]
    pub(crate) reason: Option<String>,
}

/// `headway retry`
#[derive(Args, Debug)]
pub(crate) struct Retry {
    /// The run's id
    pub(crate) run: String,
    /// Only tasks of this stage
    #[arg(long, conflicts_with = "from")]
    pub(crate) stage: Option<String>,
    /// Run this stage and all that follow it anew
    #[arg(long, value_name = "STAGE")]
    pub(crate) from: Option<String>,
    /// Only this item; may be given more than once
    #[arg(long = "key", value_name = "KEY", conflicts_with = "from")]
    pub(crate) keys: Vec<String>,
}

/// `headway signal`
#[derive(Args, Debug)]
pub(crate) struct Signal {
    /// The run's id
    pub(crate) run: String,
    /// The signal's name
    pub(crate) name: String,
    /// What it carries: JSON, @FILE, or @- for standard input
    #[arg(long, value_name = "JSON|@FILE")]
    pub(crate) payload: Option<String>,
    /// Only for this stage
    #[arg(long)]
    pub(crate) stage: Option<String>,
    /// Only for this item
    #[arg(long)]
    pub(crate) key: Option<String>,
}

/// `headway backup`
#[derive(Args, Debug)]
pub(crate) struct Backup {
    /// Where to put a copy of the backup, besides the data folder's
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) to: Option<PathBuf>,
}

/// `headway restore`
#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) from: PathBuf,
    /// Do it without asking; the database in place is kept beside the restored one
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// `headway token`
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Create a token and show it, once
    Create(TokenCreate),
    /// List tokens
    List,
    /// Make a token useless, at once
    Revoke(TokenRevoke),
}

/// `headway token create`
#[derive(Args, Debug)]
pub(crate) struct TokenCreate {
    /// What the token is for
    pub(crate) name: String,
    /// What it allows, such as runs:read,runs:write [default: all that its owner may do]
    #[arg(long, value_delimiter = ',', value_name = "SCOPE,…")]
    pub(crate) scopes: Vec<String>,
    /// How long it holds, such as 12h or 90d; 'never' for no end
    #[arg(long, value_name = "DURATION", default_value = "90d")]
    pub(crate) expires: String,
}

/// `headway token revoke`
#[derive(Args, Debug)]
pub(crate) struct TokenRevoke {
    /// The token's id, from `headway token list`
    pub(crate) id: String,
}

/// `headway doctor`
#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// Install a part that is missing
    #[arg(long, value_name = "WHAT")]
    pub(crate) install: Option<Installable>,
}

/// `headway config`
#[derive(Args, Debug)]
pub(crate) struct ConfigArgs {
    /// Print what each setting is, instead of its value
    #[arg(long)]
    pub(crate) reference: bool,
}

/// What `doctor --install` can install.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Installable {
    /// The model that marks images as not safe for work (24 MB, from the Python package index).
    Nsfw,
}

/// `headway sample`
#[derive(Args, Debug)]
pub(crate) struct Sample {
    /// Folder to write to; created where it does not exist
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) directory: PathBuf,
    /// How many files
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) count: u32,
    /// Put some broken files among them
    #[arg(long)]
    pub(crate) broken: bool,
    /// The same seed makes the same files
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// `headway completions`
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// Which shell
    pub(crate) shell: Shell,
}
