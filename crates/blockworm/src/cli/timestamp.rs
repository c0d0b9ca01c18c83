//! `blockworm timestamp`: its verbs and flags.

use super::Target;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum TimestampCommand {
    /// List the stamps that a node keeps of a ledger, and how its stamping is doing.
    List(TimestampListArgs),
    /// Show the stamp that covers a block, and write its files for other programs.
    Show(TimestampShowArgs),
    /// Ask an authority for a timestamp of a file (RFC 3161), and check the answer.
    Request(TimestampRequestArgs),
    /// Check a token, an answer or an evidence record offline: 0 valid, 1 refused.
    Check(TimestampCheckArgs),
    /// Renew a token or an evidence record by another authority (RFC 4998).
    Renew(TimestampRenewArgs),
}

#[derive(Args, Debug)]
pub struct TimestampListArgs {
    /// How many, the newest.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub last: u16,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct TimestampShowArgs {
    /// The height that it must cover; else the newest stamp.
    #[arg(long, value_name = "HEIGHT")]
    pub covering: Option<u64>,
    /// Write checkpoint.txt, body.txt, token.tsr, record.ers and chain.pem into this folder.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct TimestampRequestArgs {
    /// The file to be stamped; its digest alone is sent.
    pub file: PathBuf,
    /// The authority.
    #[arg(long)]
    pub url: String,
    /// PEM file of the authority's root; may be repeated.
    #[arg(long = "root", value_name = "PEM", required = true)]
    pub roots: Vec<PathBuf>,
    /// sha256, sha384 or sha512.
    #[arg(long, default_value = "sha256")]
    pub hash: String,
    /// Where to write the token; else beside the file, with `.tsr` after its name.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct TimestampCheckArgs {
    /// The token, the authority's answer or the evidence record (DER).
    pub token: PathBuf,
    /// The file that it should be of.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// PEM file of the authority's root; may be repeated.
    #[arg(long = "root", value_name = "PEM", required = true)]
    pub roots: Vec<PathBuf>,
    /// List of revocations (DER); may be repeated.
    #[arg(long = "crl", value_name = "DER")]
    pub crls: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub struct TimestampRenewArgs {
    /// The token or evidence record (DER).
    pub record: PathBuf,
    /// The file that it is of.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// The authority that renews it.
    #[arg(long)]
    pub url: String,
    /// PEM file of a root: of the old authorities, whose tokens are checked first, and of the new
    /// one; may be repeated.
    #[arg(long = "root", value_name = "PEM", required = true)]
    pub roots: Vec<PathBuf>,
    /// Renew the hash function too: sha384 or sha512.
    #[arg(long)]
    pub hash: Option<String>,
    /// Where to write the longer record.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}
