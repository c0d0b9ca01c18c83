//! `blockworm proposal`: its verbs and flags.

use super::{Signing, Target};
use blockworm_crypto::PublicKey;
use blockworm_ledger::{MemberId, OrganisationId};
use clap::{Args, Subcommand};
use std::net::SocketAddr;

#[derive(Debug, Subcommand)]
pub enum ProposalCommand {
    /// List the proposals of a ledger.
    List(ProposalListArgs),
    /// Ask the consortium for a change; your organisation approves by asking.
    Make(ProposalAskArgs),
    /// Vote for your organisation, once.
    Vote(ProposalVoteArgs),
}

#[derive(Args, Debug)]
pub struct ProposalListArgs {
    /// Only those that can still be voted on.
    #[arg(long)]
    pub open: bool,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct ProposalAskArgs {
    #[command(subcommand)]
    pub change: ProposalChange,
}

/// A change that only the consortium can make.
#[derive(Debug, Subcommand)]
pub enum ProposalChange {
    /// Give an organisation exactly these roles.
    Roles {
        /// Whose.
        organisation: OrganisationId,
        /// Such as bank or notary; none takes all away.
        roles: Vec<String>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Refuse transactions of all its members.
    Suspend {
        /// Whose.
        organisation: OrganisationId,
        #[command(flatten)]
        asking: Asking,
    },
    /// Take transactions of its members again.
    Reinstate {
        /// Whose.
        organisation: OrganisationId,
        #[command(flatten)]
        asking: Asking,
    },
    /// Trust the finality proofs of another ledger.
    Pin {
        /// What contracts call it here.
        name: OrganisationId,
        /// Its genesis: its file, or its digest (64 hex digits).
        genesis: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Let a node keep the ledger: it is sent every block and votes on none.
    AdmitNode {
        /// Whose.
        organisation: OrganisationId,
        /// Its consensus key, ed25519:<64 hex digits>.
        #[arg(value_name = "KEY")]
        consensus_key: PublicKey,
        /// Where the others reach it, such as 192.0.2.7:9000.
        address: SocketAddr,
        #[command(flatten)]
        asking: Asking,
    },
    /// Send a node that does not vote nothing any more.
    DismissNode {
        /// Its consensus key.
        #[arg(value_name = "KEY")]
        consensus_key: PublicKey,
        #[command(flatten)]
        asking: Asking,
    },
    /// Give a node that keeps the ledger a vote, from the next epoch on.
    AddValidator {
        /// Its consensus key.
        #[arg(value_name = "KEY")]
        consensus_key: PublicKey,
        #[command(flatten)]
        asking: Asking,
    },
    /// Take a node's vote, from the next epoch on.
    RemoveValidator {
        /// Its consensus key.
        #[arg(value_name = "KEY")]
        consensus_key: PublicKey,
        #[command(flatten)]
        asking: Asking,
    },
}

impl ProposalChange {
    /// Who asks, and where.
    pub const fn asking(&self) -> &Asking {
        match self {
            Self::Roles { asking, .. }
            | Self::Suspend { asking, .. }
            | Self::Reinstate { asking, .. }
            | Self::Pin { asking, .. }
            | Self::AdmitNode { asking, .. }
            | Self::DismissNode { asking, .. }
            | Self::AddValidator { asking, .. }
            | Self::RemoveValidator { asking, .. } => asking,
        }
    }
}

#[derive(Args, Debug)]
pub struct Asking {
    /// The admin who asks, such as bank/admin.
    #[arg(long = "as", value_name = "MEMBER")]
    pub member: MemberId,
    /// Hours for which it may be voted on, at most 30 days.
    #[arg(long, default_value_t = 72, value_parser = clap::value_parser!(u64).range(1..=720))]
    pub hours: u64,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct ProposalVoteArgs {
    /// The proposal's number.
    pub number: u64,
    /// Vote no; else yes.
    #[arg(long)]
    pub reject: bool,
    /// The admin who votes, such as court/admin.
    #[arg(long = "as", value_name = "MEMBER")]
    pub member: MemberId,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}
