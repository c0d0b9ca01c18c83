//! `blockworm checkpoint`: its verbs and flags.

use super::Target;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum CheckpointCommand {
    /// Show a checkpoint and who cosigned it; with a policy, whether that is enough.
    Show(CheckpointShowArgs),
    /// Write the proof that a block's header stands in a checkpoint's tree.
    History(CheckpointHistoryArgs),
    /// Write a policy from the nodes, roles and cosigners that the node knows; compare it before you pin it.
    Policy(CheckpointPolicyArgs),
}

#[derive(Args, Debug)]
pub struct CheckpointShowArgs {
    /// A height that it should cover; the newest unless given.
    #[arg(long, value_name = "HEIGHT")]
    pub covering: Option<u64>,
    /// The policy that you pinned; exit status 1 where the checkpoint does not meet it.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Write the note to a file.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct CheckpointHistoryArgs {
    /// The block's height.
    pub height: u64,
    /// The checkpoint's size; all that the node has unless given.
    #[arg(long)]
    pub size: Option<u64>,
    /// The file to write.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct CheckpointPolicyArgs {
    /// The file to write.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub target: Target,
}
