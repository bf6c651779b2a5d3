//! Commands on deliveries and their destinations.

use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// `headway deliveries`
#[derive(Args, Debug)]
pub(crate) struct Deliveries {
    #[command(subcommand)]
    pub(crate) action: Option<DeliveryAction>,
    #[command(flatten)]
    pub(crate) filter: DeliveryFilter,
    /// In this state; may be given more than once
    #[arg(long = "state", value_name = "STATE")]
    pub(crate) states: Vec<String>,
    /// At most this many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(crate) limit: u16,
}

/// Which deliveries are meant.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct DeliveryFilter {
    /// Of this run
    #[arg(long)]
    pub(crate) run: Option<String>,
    /// For this destination
    #[arg(long)]
    pub(crate) destination: Option<String>,
}

/// What to do with deliveries.
#[derive(Debug, Subcommand)]
pub(crate) enum DeliveryAction {
    /// Send dead deliveries again
    Replay(Replay),
    /// Show exactly what would be sent for a delivery
    Preview {
        /// The delivery's id
        id: String,
    },
}

/// `headway deliveries replay`
#[derive(Args, Debug)]
pub(crate) struct Replay {
    /// These deliveries [default: all dead ones that the flags name]
    pub(crate) ids: Vec<String>,
    #[command(flatten)]
    pub(crate) filter: DeliveryFilter,
    /// This delivery and all that hang on it
    #[arg(long, value_name = "ID", conflicts_with = "ids")]
    pub(crate) subtree_of: Option<String>,
    /// Only say what would be sent again
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `headway destinations`
#[derive(Debug, Subcommand)]
pub(crate) enum Destinations {
    /// List destinations and how they do
    List,
    /// Add a destination
    Add(DestinationSettings),
    /// Give a destination other settings
    Set(DestinationSettings),
    /// Remove a destination to which nothing is to be delivered
    Remove(OneDestination),
    /// Send nothing more to a destination until it is resumed
    Pause(PauseDestination),
    /// Let a destination go on
    Resume(OneDestination),
    /// Try a destination's connection and credential
    Test(OneDestination),
}

/// A destination's settings.
#[derive(Args, Debug)]
pub(crate) struct DestinationSettings {
    /// The destination's name
    pub(crate) name: String,
    /// Which connector serves it: azure_devops, github, webhook or files
    #[arg(long)]
    pub(crate) kind: String,
    /// A setting of the connector; may be given more than once. VALUE is JSON, or text where it is none
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<String>,
    /// File with the secret that it signs in with; - for standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) secret_file: Option<PathBuf>,
}

/// A command on one destination.
#[derive(Args, Debug)]
pub(crate) struct OneDestination {
    /// The destination's name
    pub(crate) name: String,
}

/// `headway destinations pause`
#[derive(Args, Debug)]
pub(crate) struct PauseDestination {
    /// The destination's name
    pub(crate) name: String,
    /// Why, for those who read it later
    #[arg(long, default_value = "")]
    pub(crate) reason: String,
}
