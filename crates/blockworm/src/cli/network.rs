//! `blockworm network` and `blockworm ledger`: their verbs and flags.

use super::{Place, Target};
use blockworm_ledger::{MemberId, OrganisationId};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum NetworkCommand {
    /// Show who votes and who watches on each ledger, who is heard and how far behind each is.
    Topology(Target),
    /// Say how well each ledger is doing and why; fails where one does not work.
    Health(Target),
}

#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// List the ledgers that a node keeps.
    List(Target),
    /// Make a node of the folder keep one more ledger.
    Join(LedgerJoinArgs),
    /// Propose that a ledger takes nothing new any more, or take an archived one out of a node.
    Archive(LedgerArchiveArgs),
}

#[derive(Args, Debug)]
pub struct LedgerJoinArgs {
    /// The ledger's genesis file, or a join file that was made for the organisation.
    pub file: PathBuf,
    /// Whose node, if the folder has several.
    #[arg(long)]
    pub as_org: Option<OrganisationId>,
    /// The genesis digest that you have from elsewhere; any other is refused.
    #[arg(long = "genesis", value_name = "DIGEST")]
    pub digests: Vec<String>,
    /// The node's key may have voted on this ledger before: a folder restored from a backup.
    #[arg(long)]
    pub has_voted: bool,
    /// Seconds to wait until the node has caught up.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub wait_s: u64,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Args, Debug)]
pub struct LedgerArchiveArgs {
    /// The ledger, by name or id.
    pub ledger: String,
    /// The ledger is archived: take it out of the settings of a node of the folder. Its files stay.
    #[arg(long, conflicts_with = "member")]
    pub drop: bool,
    /// Whose node drops it, if the folder has several.
    #[arg(long, requires = "drop")]
    pub as_org: Option<OrganisationId>,
    /// The admin who proposes to archive it, such as bank/admin.
    #[arg(long = "as", value_name = "MEMBER", required_unless_present = "drop")]
    pub member: Option<MemberId>,
    #[command(flatten)]
    pub signing: super::Signing,
    #[command(flatten)]
    pub place: Place,
}
