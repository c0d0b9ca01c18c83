//! `blockworm evidence`: its verbs and flags.

use super::{
    Acting, Target,
    evidence_package::{EvidenceExportArgs, EvidenceSampleArgs, EvidenceSealArgs},
};
use blockworm_evidence::state::RelationKind;
use blockworm_ledger::{MemberId, OrganisationId};
use blockworm_workflows::evidence::import::parse_utc;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum EvidenceCommand {
    /// Open a matter for several parties; a matter of one party is opened by its first deposit.
    Open(EvidenceOpenArgs),
    /// Keep files encrypted here and put commitments to them on the ledger.
    Deposit(EvidenceDepositArgs),
    /// Deposit files of the next phase of a matter that there is.
    Phase(EvidencePhaseArgs),
    /// Say of an entry what was found; for notaries and courts.
    Attest(EvidenceAttestArgs),
    /// Take an attestation back.
    Withdraw(EvidenceWithdrawArgs),
    /// Dispute an entry, on a paper that gives the reasons.
    Dispute(EvidenceDisputeArgs),
    /// Decide a dispute; for courts.
    Decide(EvidenceDecideArgs),
    /// Forbid to destroy originals, on an order; for courts and notaries.
    Hold(EvidenceOrderArgs),
    /// Lift that, on an order; for courts.
    Release(EvidenceOrderArgs),
    /// Keep originals longer.
    Retain(EvidenceRetainArgs),
    /// Say on the ledger that an original is destroyed, and destroy it here.
    Erase(EvidenceEraseArgs),
    /// State what your organisation is to another; for admins.
    Declare(EvidenceDeclareArgs),
    /// End the deposits in a matter.
    Close(EvidenceCloseArgs),
    /// Show a matter and what is held of it here, or get an original back.
    Show(EvidenceShowArgs),
    /// List matters, or what organisations state of their relations.
    List(EvidenceListArgs),
    /// Write a matter as a package that a court checks without us.
    Export(Box<EvidenceExportArgs>),
    /// Check a package and seal it, as a notary or a court.
    Seal(EvidenceSealArgs),
    /// Play a sale from its contract to the court's decision on a local consortium, and export it.
    Sample(EvidenceSampleArgs),
}

#[derive(Args, Debug)]
pub struct EvidenceOpenArgs {
    /// The matter's id: 1 to 64 of a-z, 0-9 and '-'.
    pub matter: String,
    /// Another organisation that may deposit; may be repeated.
    #[arg(long = "party", value_name = "ORG")]
    pub parties: Vec<OrganisationId>,
    #[command(flatten)]
    pub acting: Acting,
}

/// How files came into the system.
#[derive(Args, Clone, Debug)]
pub struct HowCaptured {
    /// What they are: invoice, photo, ….
    #[arg(long, default_value = "document")]
    pub kind: String,
    /// How they came here: upload, scan, export, camera, ….
    #[arg(long, default_value = "upload")]
    pub method: String,
    /// When they were captured, as 2026-11-23T09:30:00Z; now unless said otherwise.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub captured: Option<u64>,
    /// From where: a scanner, a camera, an address of the web.
    #[arg(long)]
    pub source: Option<String>,
    /// What they are for programs, as application/pdf; else by their first bytes and names.
    #[arg(long, value_name = "TYPE")]
    pub media_type: Option<String>,
}

#[derive(Args, Debug)]
pub struct EvidenceDepositArgs {
    /// The matter; opened if there is none of this id.
    pub matter: String,
    /// The files, at most 64; all are deposited or none.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Which phase of the matter they show: contract, delivery, ….
    #[arg(long)]
    pub phase: String,
    #[command(flatten)]
    pub how: HowCaptured,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct EvidencePhaseArgs {
    /// The matter.
    pub matter: String,
    /// The phase: delivery, invoice, payment, ….
    pub phase: String,
    /// The files, at most 64; all are deposited or none.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub how: HowCaptured,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct EvidenceAttestArgs {
    /// The matter.
    pub matter: String,
    /// The entry's number.
    pub entry: u32,
    /// What is said: seen-original, ….
    pub statement: String,
    /// A file with the findings: kept encrypted here, committed to on the ledger.
    #[arg(long, value_name = "FILE")]
    pub findings: Option<PathBuf>,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct EvidenceWithdrawArgs {
    /// The matter.
    pub matter: String,
    /// The attestation's number.
    pub attestation: u32,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct EvidenceDisputeArgs {
    /// The matter.
    pub matter: String,
    /// The entry's number.
    pub entry: u32,
    /// A file with the reasons: kept encrypted here, its SHA-256 on the ledger.
    #[arg(long, value_name = "FILE")]
    pub document: PathBuf,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct EvidenceDecideArgs {
    /// The matter.
    pub matter: String,
    /// The dispute's number among the acts.
    pub dispute: u32,
    /// How it ends: upheld, dismissed, ….
    pub outcome: String,
    /// The decision: kept encrypted here, its SHA-256 on the ledger.
    #[arg(long, value_name = "FILE")]
    pub document: PathBuf,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct EvidenceOrderArgs {
    /// The matter.
    pub matter: String,
    /// The order: kept encrypted here, its SHA-256 on the ledger.
    #[arg(long, value_name = "FILE")]
    pub document: PathBuf,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct EvidenceRetainArgs {
    /// The matter.
    pub matter: String,
    /// Until when, as 2036-12-31T00:00:00Z: later than before.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub until: u64,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct EvidenceEraseArgs {
    /// The matter.
    pub matter: String,
    /// The entry's number.
    pub entry: u32,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct EvidenceDeclareArgs {
    /// The other organisation.
    pub to: OrganisationId,
    /// What yours is to it: none, owner, subsidiary, affiliate, customer, supplier, employer,
    /// contractor or other.
    #[arg(value_parser = relation)]
    pub relation: RelationKind,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct EvidenceCloseArgs {
    /// The matter.
    pub matter: String,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct EvidenceShowArgs {
    /// The matter.
    pub matter: String,
    /// Show what this organisation, whose keys are in the folder, holds of it.
    #[arg(long, value_name = "ORG")]
    pub org: Option<OrganisationId>,
    /// Decrypt this entry's original, which --org holds, into the file of --out.
    #[arg(long, value_name = "NUMBER", requires = "org", requires = "out")]
    pub original: Option<u32>,
    /// The file to write.
    #[arg(short = 'o', long = "out", value_name = "FILE", requires = "original")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct EvidenceListArgs {
    /// Only matters of this party.
    #[arg(long, value_name = "ORG")]
    pub party: Option<OrganisationId>,
    /// Begin after this matter; a thousand are listed at once.
    #[arg(long, value_name = "MATTER")]
    pub after: Option<String>,
    /// What organisations state of their relations to each other, instead of matters.
    #[arg(long, conflicts_with_all = ["party", "after"])]
    pub relations: bool,
    #[command(flatten)]
    pub target: Target,
}

impl Acting {
    /// The organisation of whoever asks.
    pub fn organisation(&self) -> OrganisationId {
        MemberId::organisation(&self.member)
    }
}

fn parse_time(text: &str) -> Result<u64, String> {
    let time = parse_utc(text);
    time.ok_or_else(|| "write a time in UTC as 2026-11-23T09:30:00Z".to_owned())
}

fn relation(text: &str) -> Result<RelationKind, String> {
    let known = RelationKind::ALL.iter().find(|kind| kind.name() == text);
    known.copied().ok_or_else(|| {
        let names = RelationKind::ALL.map(RelationKind::name);
        format!("one of {}", names.join(", "))
    })
}
