//! `blockworm proposal`: its verbs and flags.

use super::{Signing, Target};
use blockworm_crypto::{Digest, PublicKey};
use blockworm_ledger::{MemberId, OrganisationId};
use clap::{Args, Subcommand, ValueEnum};
use std::{net::SocketAddr, path::PathBuf};

#[derive(Debug, Subcommand)]
pub enum ProposalCommand {
    /// List the proposals of a ledger.
    List(ProposalListArgs),
    /// Ask the consortium for a change; your organisation approves by asking.
    Make(ProposalAskArgs),
    /// Show one proposal: what it changes, and who voted how.
    Show(ProposalShowArgs),
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
pub struct ProposalShowArgs {
    /// The proposal's number.
    pub number: u64,
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
        /// Its certificate's chain, PEM: the node's, then the issuing authority's.
        #[arg(value_name = "CERTIFICATE")]
        certificate: PathBuf,
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
    /// Put another node of the same organisation in a node's place, with its vote.
    ReplaceNode {
        /// The consensus key of the old one.
        #[arg(value_name = "KEY")]
        consensus_key: PublicKey,
        /// The new one's certificate chain, PEM.
        #[arg(value_name = "CERTIFICATE")]
        certificate: PathBuf,
        /// Where the others reach the new one.
        address: SocketAddr,
        #[command(flatten)]
        asking: Asking,
    },
    /// End an organisation's part for good.
    Remove {
        /// Whose.
        organisation: OrganisationId,
        #[command(flatten)]
        asking: Asking,
    },
    /// Replace your organisation's root certificate; registered members stay.
    Authority {
        /// Whose; the admin's own.
        organisation: OrganisationId,
        /// The new root certificate, PEM.
        #[arg(value_name = "CERTIFICATE")]
        certificate: PathBuf,
        #[command(flatten)]
        asking: Asking,
    },
    /// Register an admin of an organisation whose own admins can act no more.
    Admin {
        /// What its machine wrote: `blockworm member present`.
        file: PathBuf,
        #[command(flatten)]
        asking: Asking,
    },
    /// Say which roles may do something on this ledger.
    Policy {
        /// What.
        #[arg(value_enum)]
        act: PolicyAct,
        /// Such as court or notary.
        #[arg(required = true)]
        roles: Vec<String>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Say how many approvals a kind of change needs.
    Threshold {
        /// Such as set_calendar; `blockworm query proposals '{"thresholds":{}}'` lists them.
        kind: String,
        /// More than this share, such as 2/3.
        #[arg(value_name = "N/D", value_parser = share)]
        more_than: [u16; 2],
        #[command(flatten)]
        asking: Asking,
    },
    /// Set a year of a calendar.
    Calendar {
        /// The calendar; debts fall due by `settlement`.
        name: OrganisationId,
        /// JSON: {"year": 2027, "holidays": ["2027-01-01"], "workdays": []}.
        file: PathBuf,
        #[command(flatten)]
        asking: Asking,
    },
    /// Take nothing more on this ledger but proposals and votes.
    Archive {
        #[command(flatten)]
        asking: Asking,
    },
    /// Take transactions again.
    Reopen {
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
            | Self::ReplaceNode { asking, .. }
            | Self::Remove { asking, .. }
            | Self::Authority { asking, .. }
            | Self::Admin { asking, .. }
            | Self::Policy { asking, .. }
            | Self::Threshold { asking, .. }
            | Self::Calendar { asking, .. }
            | Self::Archive { asking }
            | Self::Reopen { asking }
            | Self::RemoveValidator { asking, .. } => asking,
        }
    }
}

/// What a policy is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PolicyAct {
    /// Issue assets and receivables.
    Issue,
    /// Sign for what others rely on as evidence.
    Attest,
    /// Freeze holdings under an order, and lift that.
    Freeze,
    /// Replace a contract's code.
    Upgrade,
}

fn share(text: &str) -> Result<[u16; 2], String> {
    let parts = text.split_once('/');
    let parts = parts.and_then(|(n, d)| Some([n.parse().ok()?, d.parse().ok()?]));
    parts.ok_or_else(|| format!("`{text}` is no share such as 2/3"))
}

#[derive(Args, Clone, Debug)]
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
    /// The digest of the change that you were told, 64 hex digits; vote on nothing else.
    #[arg(long, value_name = "DIGEST")]
    pub digest: Option<Digest>,
    /// The admin who votes, such as court/admin.
    #[arg(long = "as", value_name = "MEMBER")]
    pub member: MemberId,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}
