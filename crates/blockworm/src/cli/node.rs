//! `blockworm node`: its verbs and flags.

use super::{Place, Target};
use blockworm_ledger::OrganisationId;
use clap::{Args, Subcommand};
use std::{net::SocketAddr, path::PathBuf};

#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// Run a node in this process until SIGTERM or Ctrl-C.
    Run(NodeRunArgs),
    /// Give an organisation of a local consortium a node: voted in, caught up, voting.
    Join(NodeJoinArgs),
    /// Take the vote of an organisation's node in a local consortium.
    Leave(NodeLeaveArgs),
    /// List who votes on a ledger and who watches.
    List(NodeListArgs),
}

#[derive(Args, Debug)]
pub struct NodeJoinArgs {
    /// Whose node; it joins every ledger that the organisation keeps.
    pub organisation: OrganisationId,
    /// Keep the ledgers without a vote.
    #[arg(long)]
    pub watch: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Args, Debug)]
pub struct NodeLeaveArgs {
    /// Whose node.
    pub organisation: OrganisationId,
    /// Send it nothing any more either, and stop it.
    #[arg(long)]
    pub dismiss: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Args, Debug)]
pub struct NodeListArgs {
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct NodeRunArgs {
    /// The node's settings.
    #[arg(
        long,
        env = "BLOCKWORM_CONFIG",
        hide_env = true,
        default_value = "node.toml"
    )]
    pub config: PathBuf,
    /// Where to listen for other nodes, instead of the file's `listen`.
    #[arg(long, env = "BLOCKWORM_LISTEN", hide_env = true)]
    pub listen: Option<SocketAddr>,
    /// Where to serve people and programs, instead of the file's `api`.
    #[arg(long, env = "BLOCKWORM_API_ADDRESS", hide_env = true)]
    pub api: Option<SocketAddr>,
    /// File with the passphrase of the consensus key, instead of the file's.
    #[arg(long, env = "BLOCKWORM_PASSPHRASE_FILE", hide_env = true)]
    pub passphrase_file: Option<PathBuf>,
    /// Write the log here, at most two files of 16 MiB, instead of to standard error.
    #[arg(long, env = "BLOCKWORM_LOG_FILE", hide_env = true)]
    pub log: Option<PathBuf>,
    /// What to log: a level, or target=level pairs.
    #[arg(
        long,
        env = "BLOCKWORM_LOG",
        hide_env = true,
        default_value = "warn,blockworm=info"
    )]
    pub log_level: String,
}
