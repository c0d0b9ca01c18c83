//! `blockworm tx` and `blockworm proof`: their verbs and flags.

use super::{Signing, Target};
use blockworm_ledger::{ContractName, MemberId};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum TxCommand {
    /// Show a committed transaction and its receipt.
    Show(TxShowArgs),
    /// Sign a message to a contract, submit it and wait for the receipt.
    Submit(TxSubmitArgs),
}

#[derive(Args, Debug)]
pub struct TxShowArgs {
    /// The transaction's id, 64 hex digits.
    pub id: blockworm_ledger::TransactionId,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct TxSubmitArgs {
    /// The member who asks, such as bank/maker.
    #[arg(long = "as", value_name = "MEMBER")]
    pub member: MemberId,
    /// The contract that is asked.
    #[arg(long)]
    pub contract: ContractName,
    /// The message, JSON; @FILE reads a file.
    #[arg(long)]
    pub message: String,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Subcommand)]
pub enum ProofCommand {
    /// Write a transaction's proof to a file.
    Export(ProofExportArgs),
}

#[derive(Args, Debug)]
pub struct ProofExportArgs {
    /// The transaction's id, 64 hex digits.
    pub id: blockworm_ledger::TransactionId,
    /// The file to write.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub out: PathBuf,
    /// Seconds to wait until the proof can be made.
    #[arg(long, default_value_t = 30)]
    pub wait_s: u64,
    #[command(flatten)]
    pub target: Target,
}
