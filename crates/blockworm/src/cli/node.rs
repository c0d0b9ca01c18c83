//! `blockworm node`: its verbs and flags.

use super::{Place, Target};
use blockworm_ledger::OrganisationId;
use blockworm_service::network::{logs::Level, package::PackageKind};
use clap::{Args, Subcommand, ValueEnum};
use std::{net::SocketAddr, path::PathBuf};

#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// Run a node in this process until SIGTERM or Ctrl-C.
    Run(NodeRunArgs),
    /// Start nodes of the folder in the background and wait until they have caught up.
    Start(NodeStartArgs),
    /// Stop nodes of the folder in good order.
    Stop(NodeStopArgs),
    /// Restart nodes, one after another, each waiting until the one before votes again.
    Restart(NodeStartArgs),
    /// Show what a node wrote to its log.
    Logs(NodeLogsArgs),
    /// Ask whether a node's process answers; for health checks.
    Ping(NodePingArgs),
    /// Write what is needed to run an organisation's node on a host of its own.
    Package(NodePackageArgs),
    /// Set up a node from a join file, beside the organisation's own keys.
    Install(NodeInstallArgs),
    /// Give an organisation of a local consortium a node: voted in, caught up, voting.
    Join(NodeJoinArgs),
    /// Take the vote of an organisation's node in a local consortium.
    Leave(NodeLeaveArgs),
    /// Give a node another consensus key, by vote on every ledger that it keeps; run again, it goes on.
    RotateKey(NodeRotateKeyArgs),
    /// List who votes on a ledger and who watches.
    List(NodeListArgs),
}

/// Which nodes of the folder.
#[derive(Args, Debug)]
pub struct WhichNodes {
    /// Whose node.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub organisation: Option<OrganisationId>,
    /// All nodes of the folder.
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Args, Debug)]
pub struct NodeStartArgs {
    #[command(flatten)]
    pub which: WhichNodes,
    /// Seconds to wait for each node.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub wait_s: u64,
}

#[derive(Args, Debug)]
pub struct NodeStopArgs {
    #[command(flatten)]
    pub which: WhichNodes,
    /// Seconds to wait for each node to end.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub wait_s: u64,
}

/// How bad a line must be to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Trace => Self::Trace,
            LogLevel::Debug => Self::Debug,
            LogLevel::Info => Self::Info,
            LogLevel::Warn => Self::Warn,
            LogLevel::Error => Self::Error,
        }
    }
}

#[derive(Args, Debug)]
pub struct NodeLogsArgs {
    /// Whose node.
    pub organisation: OrganisationId,
    /// Go on with what is written from now on, until Ctrl-C.
    #[arg(long, short = 'f')]
    pub follow: bool,
    /// How many lines, the newest.
    #[arg(long, short = 'n', default_value_t = 50)]
    pub lines: usize,
    /// Only lines at least as bad as this.
    #[arg(long, value_enum, default_value = "trace")]
    pub level: LogLevel,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Args, Debug)]
pub struct NodePingArgs {
    /// The node's address, such as http://127.0.0.1:7001.
    #[arg(long, env = "BLOCKWORM_API", hide_env = true)]
    pub api: String,
    /// Ask also whether it has caught up on all its ledgers.
    #[arg(long)]
    pub ready: bool,
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PackageFor {
    /// A hardened unit of systemd, with settings and genesis files.
    Systemd,
    /// A Compose file and a Dockerfile.
    Compose,
    /// A Helm chart.
    Helm,
    /// The join file of a node elsewhere: genesis files and peers, no secret.
    Join,
}

impl PackageFor {
    /// As the service knows it; a join file is another matter.
    pub const fn kind(self) -> Option<PackageKind> {
        match self {
            Self::Systemd => Some(PackageKind::Systemd),
            Self::Compose => Some(PackageKind::Compose),
            Self::Helm => Some(PackageKind::Helm),
            Self::Join => None,
        }
    }
}

#[derive(Args, Debug)]
pub struct NodePackageArgs {
    /// Whose node.
    pub organisation: OrganisationId,
    /// What is wanted.
    #[arg(long = "for", value_enum, value_name = "WHAT")]
    pub target: PackageFor,
    /// The folder to write, new or empty; for `join` the file.
    #[arg(short = 'o', long = "out", value_name = "DIR|FILE")]
    pub out: PathBuf,
    /// Where the program will be on the host (systemd).
    #[arg(long, default_value = "/usr/local/bin/blockworm")]
    pub program: String,
    /// Only these ledgers, by name (join); else those whose genesis has the organisation.
    #[arg(long = "ledger", value_name = "NAME")]
    pub ledgers: Vec<String>,
    /// Where others reach a node of this folder that listens on all addresses (join): bank=192.0.2.7:7000.
    #[arg(long = "reached-at", value_name = "ORG=ADDRESS", value_parser = reached_at)]
    pub reached_at: Vec<(OrganisationId, SocketAddr)>,
    #[command(flatten)]
    pub place: Place,
}

fn reached_at(text: &str) -> Result<(OrganisationId, SocketAddr), String> {
    let (organisation, address) = text.split_once('=').ok_or("give it as ORG=ADDRESS:PORT")?;
    let organisation = organisation
        .parse()
        .map_err(|error| format!("{organisation}: {error}"))?;
    let address = address
        .parse()
        .map_err(|_| format!("{address} is not ADDRESS:PORT"))?;
    Ok((organisation, address))
}

#[derive(Args, Debug)]
pub struct NodeInstallArgs {
    /// The join file.
    pub file: PathBuf,
    /// Where to listen for other nodes; all addresses, port 7000, unless given.
    #[arg(long)]
    pub listen: Option<SocketAddr>,
    /// Where to serve people and programs on this host; loopback, port 7001, unless given.
    #[arg(long)]
    pub api: Option<SocketAddr>,
    /// A genesis digest that you have from elsewhere; may be repeated, and then no other is taken.
    #[arg(long = "genesis", value_name = "DIGEST")]
    pub digests: Vec<String>,
    #[command(flatten)]
    pub place: Place,
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
pub struct NodeRotateKeyArgs {
    /// Whose node.
    pub organisation: OrganisationId,
    /// Where other nodes find it, if no ledger knows and the folder does not say.
    #[arg(long)]
    pub address: Option<SocketAddr>,
    /// Ask again where the change was rejected or found too few votes in time.
    #[arg(long)]
    pub again: bool,
    /// Hours in which the others may vote.
    #[arg(long, default_value_t = 72, value_parser = clap::value_parser!(u64).range(1..=720))]
    pub hours: u64,
    /// Seconds to wait for each step that no vote decides.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub wait_s: u64,
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
    /// The consensus key, encrypted PKCS#8, instead of the file's `consensus_key_file`.
    #[arg(long, env = "BLOCKWORM_CONSENSUS_KEY_FILE", hide_env = true)]
    pub consensus_key_file: Option<PathBuf>,
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
