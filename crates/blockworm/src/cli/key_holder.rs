//! `blockworm key-holder`: its verbs and flags.

use super::{Place, Signing, Target};
use blockworm_ledger::{MemberId, OrganisationId};
use blockworm_service::consortium::REGISTRY;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum KeyHolderCommand {
    /// List the versions of an organisation's key, with their public keys.
    Show(KeyHolderPlace),
    /// Make the next version of the key; the node takes it up by itself, old ones stay.
    Rotate(KeyHolderPlace),
    /// Publish a version's public key on the registry's ledger.
    Publish(KeyHolderPublishArgs),
    /// List who asked last, when, for how many elements, and what became of it.
    Audit(KeyHolderAuditArgs),
}

/// Whose keys.
#[derive(Args, Clone, Debug)]
pub struct KeyHolderPlace {
    #[command(flatten)]
    pub place: Place,
    /// The organisation that holds the key.
    #[arg(long)]
    pub org: OrganisationId,
}

#[derive(Args, Debug)]
pub struct KeyHolderPublishArgs {
    /// The organisation that holds the key.
    #[arg(long)]
    pub org: OrganisationId,
    /// Which version; else the newest.
    #[arg(long, value_name = "VERSION", value_parser = clap::value_parser!(u32).range(1..))]
    pub key_version: Option<u32>,
    /// The admin who publishes; else the organisation's `admin`.
    #[arg(long = "as", value_name = "MEMBER")]
    pub admin: Option<MemberId>,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct KeyHolderAuditArgs {
    #[command(flatten)]
    pub of: KeyHolderPlace,
    /// The ledger of the registry, by id or name.
    #[arg(long, alias = "channel", default_value = REGISTRY)]
    pub ledger: String,
    /// How many rows, the newest.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub last: u16,
}
