//! `blockworm financing`: its verbs and flags.

use super::{
    SigningKey, Target,
    receivable::{Holders, default_member},
};
use blockworm_ledger::{MemberId, OrganisationId};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum FinancingCommand {
    /// Ask whether a document, or one of the same trade, is claimed by any bank already: 0 nothing
    /// stands in the way, 2 something does.
    Check(FinancingCheckArgs),
}

#[derive(Args, Debug)]
pub struct FinancingCheckArgs {
    /// The invoice, UBL 2.1 XML; or the fields of any document as JSON, in a file that ends in .json.
    /// Nothing of it leaves this machine but blinded elements and fingerprints.
    pub document: PathBuf,
    /// The bank's member who asks.
    #[arg(long = "as", value_name = "MEMBER", default_value_t = default_member("bank/maker"))]
    pub member: MemberId,
    #[command(flatten)]
    pub holders: Holders,
    #[command(flatten)]
    pub key: SigningKey,
    #[command(flatten)]
    pub target: Target,
}

/// Where a key holder answers.
#[derive(Clone, Debug)]
pub struct HolderAddress {
    /// Whose key.
    pub organisation: OrganisationId,
    /// Its node's API.
    pub url: String,
}

impl std::str::FromStr for HolderAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('=');
        let (organisation, url) = parts.ok_or("write ORG=URL")?;
        Ok(Self {
            organisation: organisation.parse().map_err(|error| format!("{error}"))?,
            url: url.to_owned(),
        })
    }
}
