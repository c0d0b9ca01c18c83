//! The command line as clap reads it: verbs, flags, environment and defaults.

mod access;
mod asset;
mod checkpoint;
mod console_user;
mod evidence;
mod evidence_package;
mod financing;
mod hsm;
mod identity;
mod key_holder;
mod network;
mod node;
mod org;
mod proposal;
mod receivable;
mod timestamp;
mod tx;
mod verify;

pub use access::{ApiKeyCommand, ApiKeyCreateArgs, ApiKeyPlace, ApiKeyRevokeArgs, Credentials};
pub use asset::{
    Acting, AssetCommand, AssetDraftArgs, AssetOfferArgs, AssetOrderArgs, AssetPart, AssetShowArgs,
    AssetTitleArgs, VoucherBalanceArgs, VoucherCommand, VoucherGiveArgs, VoucherIssueArgs,
};
pub use checkpoint::{
    CheckpointCommand, CheckpointHistoryArgs, CheckpointPolicyArgs, CheckpointShowArgs,
};
pub use console_user::{
    ConsoleUserAddArgs, ConsoleUserCommand, ConsoleUserNamed, ConsoleUserPasswordArgs,
    PasswordSource,
};
pub use evidence::{
    EvidenceAttestArgs, EvidenceCommand, EvidenceDecideArgs, EvidenceDepositArgs,
    EvidenceDisputeArgs, EvidenceEraseArgs, EvidenceListArgs, EvidenceOrderArgs, EvidencePhaseArgs,
    EvidenceShowArgs, HowCaptured,
};
pub use evidence_package::{EvidenceExportArgs, EvidenceSampleArgs, EvidenceSealArgs};
pub use financing::{FinancingCheckArgs, FinancingCommand, HolderAddress};
pub use hsm::{HsmAuthorityArgs, HsmCommand, HsmGenerateArgs, HsmMemberArgs, HsmPlace};
pub use identity::{
    AuthorityAdoptArgs, AuthorityCommand, AuthorityRootArgs, CertificateCalendarArgs,
    CertificateCommand, CertificateCrlArgs, CertificateIssueArgs, CertificateListArgs,
    CertificateRenewArgs, ClockCommand, ClockMoveArgs, EnrolmentCommand, EnrolmentRequestArgs,
    EnrolmentTokenArgs, OfOrganisation,
};
pub use key_holder::{KeyHolderAuditArgs, KeyHolderCommand, KeyHolderPlace, KeyHolderPublishArgs};
pub use network::{LedgerArchiveArgs, LedgerCommand, LedgerJoinArgs, NetworkCommand};
pub use node::{
    NodeCommand, NodeInstallArgs, NodeJoinArgs, NodeLeaveArgs, NodeListArgs, NodeLogsArgs,
    NodePackageArgs, NodePingArgs, NodeRotateKeyArgs, NodeRunArgs, NodeStartArgs, NodeStopArgs,
    WhichNodes,
};
pub use org::{
    ConsortiumCommand, DraftArgs, DraftSignArgs, FoundArgs, NodeAddresses, OrgAcceptArgs,
    OrgAdmitArgs, OrgCommand, OrgInitArgs, OrgInviteArgs, OrgJoinArgs, OrgListArgs,
};
pub use proposal::{
    Asking, PolicyAct, ProposalAskArgs, ProposalChange, ProposalCommand, ProposalListArgs,
    ProposalShowArgs, ProposalVoteArgs,
};

pub use receivable::{
    Document, PartArgs, ReceivableActArgs, ReceivableAskArgs, ReceivableCaseArgs,
    ReceivableCommand, ReceivableCreditArgs, ReceivableDemandArgs, ReceivableFinanceArgs,
    ReceivableForgoArgs, ReceivableImportArgs, ReceivableSettleArgs, ReceivableShowArgs,
    RegistryActArgs, RegistryCommand, RegistryFollowArgs, RegistryMutationsArgs,
    RegistryReregisterArgs, RegistryReserveArgs, RegistryShowArgs, usual_buyer,
};
pub use timestamp::{
    TimestampCheckArgs, TimestampCommand, TimestampListArgs, TimestampRenewArgs,
    TimestampRequestArgs, TimestampShowArgs,
};
pub use verify::VerifyArgs;

pub use tx::{ProofCommand, ProofExportArgs, TxCommand, TxShowArgs, TxSubmitArgs};

use crate::{bench::BenchArgs, output::Format};
use blockworm_ledger::{ContractName, MemberId, OrganisationId};
use blockworm_service::network::local::NODE_COUNTS;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// A consortium ledger for finance and evidence.
///
/// Flags go over the environment, the environment over files. Results go to standard output,
/// progress to standard error. Exit status: 0 success, 1 failure, 64 wrong usage; `verify` says
/// more.
#[derive(Debug, Parser)]
#[command(
    name = "blockworm",
    version,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Cli {
    /// How results are written.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t = Format::Text,
        env = "BLOCKWORM_OUTPUT",
        hide_env = true
    )]
    pub output: Format,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a local consortium; found it first if the folder is empty.
    Up(UpArgs),
    /// Stop the nodes of a local consortium.
    Down(DownArgs),
    /// Show the nodes of a local consortium and how far each ledger is.
    Status(Place),
    /// Check folder, keys, certificates, ports, disk, clock and nodes; say what to do.
    Doctor(Place),
    /// One organisation's node.
    #[command(subcommand)]
    Node(NodeCommand),
    /// The ledgers that a node keeps.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Who keeps each ledger, who is heard, and how well each is doing.
    #[command(subcommand)]
    Network(NetworkCommand),
    /// Keys that let programs in at a node's API.
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// People who sign in at a node's console.
    #[command(subcommand)]
    ConsoleUser(ConsoleUserCommand),
    /// Transactions.
    #[command(subcommand)]
    Tx(TxCommand),
    /// Proofs for strangers.
    #[command(subcommand)]
    Proof(ProofCommand),
    /// Checkpoints of the history tree that the nodes cosign, and the policy that counts them.
    #[command(subcommand)]
    Checkpoint(CheckpointCommand),
    /// Check a proof or an evidence package offline: 0 valid, 1 broken, 2 consistent but unpinned.
    Verify(VerifyArgs),
    /// Members of an organisation.
    #[command(subcommand)]
    Member(MemberCommand),
    /// Keys in a hardware security module, and who signs with them.
    #[command(subcommand)]
    Hsm(HsmCommand),
    /// Certificates: how long they count, renewal, revocation lists.
    #[command(subcommand)]
    Certificate(CertificateCommand),
    /// Certifying somebody whose key stays on another machine.
    #[command(subcommand)]
    Enrolment(EnrolmentCommand),
    /// An organisation's certificate authorities.
    #[command(subcommand)]
    Authority(AuthorityCommand),
    /// The clock of a local consortium, for rehearsals.
    #[command(subcommand)]
    Clock(ClockCommand),
    /// Assets: classes, issuance, and holdings that change hands.
    #[command(subcommand)]
    Asset(AssetCommand),
    /// Settlement money, which banks issue.
    #[command(subcommand)]
    Voucher(VoucherCommand),
    /// Receivables: an invoice becomes an asset that one bank finances.
    #[command(subcommand)]
    Receivable(ReceivableCommand),
    /// Evidence: files kept encrypted here, commitments to them on the ledger.
    #[command(subcommand)]
    Evidence(EvidenceCommand),
    /// Claims on invoices, on the ledger that rival banks share.
    #[command(subcommand)]
    Registry(RegistryCommand),
    /// What a bank asks before it pays on a document.
    #[command(subcommand)]
    Financing(FinancingCommand),
    /// Keys by which an organisation evaluates fingerprints blindly for banks.
    #[command(subcommand)]
    KeyHolder(KeyHolderCommand),
    /// Trusted time: stamps of checkpoints, timestamps of files, their checking and renewal.
    #[command(subcommand)]
    Timestamp(TimestampCommand),
    /// An organisation: its own folder, invitations, joining.
    #[command(subcommand)]
    Org(OrgCommand),
    /// Several organisations found a ledger, each on its own machine.
    #[command(subcommand)]
    Consortium(ConsortiumCommand),
    /// What the consortium changes by vote.
    #[command(subcommand)]
    Proposal(ProposalCommand),
    /// Ask a contract; the question and the answer are JSON.
    Query(QueryArgs),
    /// Drive load and print figures.
    Bench(BenchArgs),
}

/// Which local consortium.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// The consortium's folder.
    #[arg(
        long,
        env = "BLOCKWORM_DIR",
        hide_env = true,
        default_value = "blockworm-data"
    )]
    pub dir: PathBuf,
}

/// Which node to speak with, about which ledger.
#[derive(Args, Clone, Debug)]
pub struct Target {
    #[command(flatten)]
    pub place: Place,
    /// The node's address, such as http://127.0.0.1:7001; else a running node of the folder.
    #[arg(long, env = "BLOCKWORM_API", hide_env = true)]
    pub api: Option<String>,
    /// The organisation whose node to ask; else the first that runs.
    #[arg(long)]
    pub node: Option<OrganisationId>,
    /// The ledger, by id or name; else the folder's first, or the node's only one.
    #[arg(long, alias = "channel")]
    pub ledger: Option<String>,
    #[command(flatten)]
    pub credentials: Credentials,
}

impl Target {
    /// A running node of the folder, whatever it is.
    pub fn of_folder(place: &Place) -> Self {
        Self {
            place: place.clone(),
            api: None,
            node: None,
            ledger: None,
            credentials: Credentials::default(),
        }
    }
}

/// With which key to sign.
#[derive(Args, Clone, Debug)]
pub struct SigningKey {
    /// Key file to sign with; else the member's in the folder.
    #[arg(long, requires = "passphrase_file")]
    pub key: Option<PathBuf>,
    /// File with the passphrase of --key.
    #[arg(long, env = "BLOCKWORM_PASSPHRASE_FILE", hide_env = true)]
    pub passphrase_file: Option<PathBuf>,
}

/// Who signs, and how long to wait for the receipt.
#[derive(Args, Clone, Debug)]
pub struct Signing {
    #[command(flatten)]
    pub key: SigningKey,
    /// Seconds to wait for the receipt.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=110))]
    pub wait_s: u64,
}

impl Signing {
    /// With the keys of the folder.
    pub const fn of_folder(wait_s: u64) -> Self {
        Self {
            key: SigningKey {
                key: None,
                passphrase_file: None,
            },
            wait_s,
        }
    }
}

#[derive(Args, Debug)]
pub struct UpArgs {
    #[command(flatten)]
    pub place: Place,
    /// Organisations that run a node: 1, 4 (the parties of the trade) or 5 (and a rival bank, which
    /// keeps the registry alone); 5 unless said otherwise.
    #[arg(long, value_parser = node_count, env = "BLOCKWORM_NODES", hide_env = true)]
    pub nodes: Option<usize>,
    /// Play the sample story on an invoice and verify its proof.
    #[arg(long)]
    pub sample: bool,
    /// Leave the nodes running and return.
    #[arg(long)]
    pub detach: bool,
    /// Found the consortium with certificates that count for so many hours only, to rehearse their
    /// end (roots excepted); years unless given.
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(1..=87_600))]
    pub certificate_hours: Option<u64>,
}

fn node_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if NODE_COUNTS.contains(&count) => Ok(count),
        _ => Err("a local consortium has 1, 4 or 5 nodes".to_owned()),
    }
}

#[derive(Args, Debug)]
pub struct DownArgs {
    #[command(flatten)]
    pub place: Place,
    /// Seconds to wait for each node to end.
    #[arg(long, default_value_t = 20)]
    pub wait_s: u64,
}

#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// Register a member: one that was enrolled by token, or one whose key and certificate are made
    /// here.
    Register(MemberRegisterArgs),
    /// Certify a member's key again, for as long as a new certificate lasts.
    Renew(MemberRenewArgs),
    /// Replace a member's key by a new one, on every ledger that its node keeps.
    RotateKey(MemberRotateArgs),
    /// Write what the consortium needs to register an admin by vote (`proposal make admin`).
    Present(MemberPresentArgs),
    /// End a member's rights from the next block on.
    Revoke(MemberRevokeArgs),
    /// List the members that the ledger knows.
    List(MemberListArgs),
}

#[derive(Args, Debug)]
pub struct MemberPresentArgs {
    /// The admin, whose key is in the folder, such as bank/admin.
    pub member: MemberId,
    /// The ledger, by id or name; else the folder's first.
    #[arg(long, alias = "channel")]
    pub ledger: Option<String>,
    /// The file to write.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Args, Debug)]
pub struct MemberRegisterArgs {
    /// The new member, such as bank/maker-3.
    pub member: MemberId,
    /// What the member may do: maker, checker, operator or admin; may be repeated. Of an enrolled
    /// member its certificate says it.
    #[arg(long = "function", value_name = "FUNCTION")]
    pub functions: Vec<String>,
    /// The admin who registers; else the organisation's `admin`.
    #[arg(long = "as", value_name = "MEMBER")]
    pub admin: Option<MemberId>,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct MemberRenewArgs {
    /// The member, whose key is in the folder.
    pub member: MemberId,
    /// What the member may do from now on; else what it could do before.
    #[arg(long = "function", value_name = "FUNCTION")]
    pub functions: Vec<String>,
    /// The admin who renews; else the member itself.
    #[arg(long = "as", value_name = "MEMBER")]
    pub admin: Option<MemberId>,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct MemberRotateArgs {
    /// The member, whose key is in the folder.
    pub member: MemberId,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct MemberRevokeArgs {
    /// The member.
    pub member: MemberId,
    /// Why, for the record.
    #[arg(long)]
    pub reason: String,
    /// The admin who revokes; else the organisation's `admin`.
    #[arg(long = "as", value_name = "MEMBER")]
    pub admin: Option<MemberId>,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct MemberListArgs {
    /// Only this organisation's.
    #[arg(long)]
    pub organisation: Option<OrganisationId>,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct QueryArgs {
    /// The contract.
    pub contract: ContractName,
    /// The question, JSON; @FILE reads a file.
    pub message: String,
    #[command(flatten)]
    pub target: Target,
}

#[cfg(test)]
mod tests {
    use super::receivable::{BUYER, SUPPLIER};
    use super::*;
    use blockworm_service::consortium;
    use clap::CommandFactory as _;

    #[test]
    fn clap_agrees_with_itself() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_default_members_exist_in_the_local_consortium() {
        assert_eq!(SUPPLIER, format!("platform/{}", consortium::SUPPLIER));
        assert_eq!(BUYER, format!("platform/{}", consortium::BUYER));
    }
}
