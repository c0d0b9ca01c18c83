//! `blockworm evidence export|seal|sample`: packages for courts.

use super::{Place, Target};
use blockworm_ledger::OrganisationId;
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct EvidenceExportArgs {
    /// The matter; with --asset the receivable's own one unless another is named.
    #[arg(required_unless_present = "asset")]
    pub matter: Option<String>,
    /// Put the case file of this receivable into the package.
    #[arg(long, value_name = "RECEIVABLE")]
    pub asset: Option<String>,
    /// The package to write, which must not exist.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub out: PathBuf,
    /// The organisation that exports, whose originals go into the package.
    #[arg(long = "as", value_name = "ORGANISATION")]
    pub organisation: OrganisationId,
    /// Further organisations of this folder whose originals go into it.
    #[arg(long = "originals-of", value_name = "ORGANISATION")]
    pub also: Vec<OrganisationId>,
    /// The notary or court that signs the report and seals the package, with its documents key in
    /// this folder.
    #[arg(long, value_name = "ORGANISATION")]
    pub sealed_by: Option<OrganisationId>,
    /// Put originals into it as they lie: encrypted to the key of whoever deposited them.
    #[arg(long, conflicts_with = "without_originals")]
    pub encrypted: bool,
    /// Leave originals out.
    #[arg(long)]
    pub without_originals: bool,
    /// Seconds to wait for proofs, cosignatures and a timestamp.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub wait_s: u64,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct EvidenceSealArgs {
    /// The package.
    pub package: PathBuf,
    /// The notary or court that seals it.
    #[arg(long = "as", value_name = "ORGANISATION")]
    pub organisation: OrganisationId,
    /// The genesis that it trusts: its file, or its digest.
    #[arg(long, value_name = "FILE|DIGEST")]
    pub genesis: String,
    /// The policy that says whose cosignatures count.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The sealed package to write; over the old one unless named.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Args, Debug)]
pub struct EvidenceSampleArgs {
    /// The package to write at the end.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub target: Target,
}
