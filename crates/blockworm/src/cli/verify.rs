//! `blockworm verify`: a file and what its reader trusts.

use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The proof, or the evidence package: the zip file, or the folder after unzipping.
    pub file: PathBuf,
    /// The genesis that you trust: its file, or its digest (64 hex digits).
    #[arg(
        long,
        value_name = "FILE|DIGEST",
        env = "BLOCKWORM_GENESIS",
        hide_env = true
    )]
    pub genesis: Option<String>,
    /// The policy that you trust: which cosigners of a package's checkpoints count.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// A root of a timestamp authority that you trust, PEM; may be given again.
    #[arg(long, value_name = "FILE")]
    pub tsa_root: Vec<PathBuf>,
}
