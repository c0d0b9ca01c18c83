//! `blockworm receivable` and `blockworm registry`: their verbs and flags.

use super::{Signing, Target};
use blockworm_crypto::Digest;
use blockworm_ledger::MemberId;
use blockworm_service::consortium::TRADE;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum ReceivableCommand {
    /// Check a UBL 2.1 invoice and issue a receivable on it.
    Import(ReceivableImportArgs),
    /// Confirm, as the named buyer, that the receivable is owed.
    Confirm(ReceivableActArgs),
    /// Reserve, pay and confirm, as a bank, and become the one who is owed; run it again where it was
    /// interrupted.
    Finance(ReceivableFinanceArgs),
    /// Pay what is owed, as the buyer, to whoever holds it.
    Settle(ReceivableActArgs),
    /// Never finance an invoice under your bank's reservation, so that it can be released at once.
    Forgo(ReceivableForgoArgs),
    /// Show a receivable.
    Show(ReceivableShowArgs),
}

#[derive(Args, Debug)]
pub struct ReceivableImportArgs {
    /// The invoice, UBL 2.1 XML.
    pub invoice: PathBuf,
    /// The member who issues.
    #[arg(long = "as", value_name = "MEMBER", default_value_t = default_member(SUPPLIER))]
    pub member: MemberId,
    /// The member who must confirm.
    #[arg(long, value_name = "MEMBER", default_value_t = default_member(BUYER))]
    pub buyer: MemberId,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct ReceivableActArgs {
    /// The receivable's id.
    pub id: String,
    /// The member who asks.
    #[arg(long = "as", value_name = "MEMBER", default_value_t = default_member(BUYER))]
    pub member: MemberId,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct ReceivableFinanceArgs {
    /// The receivable's id.
    pub id: String,
    /// The bank's maker who reserves, pays and confirms.
    #[arg(long = "as", value_name = "MEMBER", default_value_t = default_member("bank/maker"))]
    pub member: MemberId,
    /// Minutes that a reservation made on the way lasts, at most a week.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=10_080))]
    pub minutes: u64,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct ReceivableForgoArgs {
    #[command(flatten)]
    pub document: Document,
    /// The claim's number; else the bank's open one.
    #[arg(long)]
    pub claim: Option<u32>,
    /// The bank's maker who asks.
    #[arg(long = "as", value_name = "MEMBER", default_value_t = default_member("bank/maker"))]
    pub member: MemberId,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct ReceivableShowArgs {
    /// The receivable's id.
    pub id: String,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Subcommand)]
pub enum RegistryCommand {
    /// Show whether an invoice is free, reserved or financed, and every claim on it.
    Show(RegistryShowArgs),
    /// Keep an invoice from being financed by others for a while.
    Reserve(RegistryReserveArgs),
    /// Register a reserved invoice as financed, by proof of the pledge on the trade's ledger.
    Confirm(RegistryFollowArgs),
    /// End a claim, whoever's it is, by proof that it was paid, forgone or never used in its time.
    Release(RegistryFollowArgs),
    /// Present invoices again in every way that fraud and carelessness know, and count what the
    /// keyed fingerprints find. Asks no node; fails when a goal is missed.
    Mutations(RegistryMutationsArgs),
}

#[derive(Args, Debug)]
pub struct RegistryMutationsArgs {
    /// Invoices to try beside the generated ones, UBL 2.1 XML; else the sample that ships.
    pub invoices: Vec<PathBuf>,
    /// How many invoices to generate.
    #[arg(long, default_value_t = 1_200, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub generated: u32,
    /// What they are generated from: the same seed gives the same invoices.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Which invoice.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct Document {
    /// The invoice, UBL 2.1 XML; only its fingerprint leaves this machine.
    pub invoice: Option<PathBuf>,
    /// Its fingerprint, 64 hex digits.
    #[arg(long)]
    pub fingerprint: Option<Digest>,
}

#[derive(Args, Debug)]
pub struct RegistryShowArgs {
    #[command(flatten)]
    pub document: Document,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct RegistryReserveArgs {
    /// Minutes that the reservation lasts, at most a week.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=10_080))]
    pub minutes: u64,
    /// Seconds instead, for trying things out.
    #[arg(long, conflicts_with = "minutes", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub seconds: Option<u64>,
    /// What the registry calls the ledger on which the invoice will be financed.
    #[arg(long, default_value = TRADE)]
    pub trade: String,
    #[command(flatten)]
    pub act: RegistryActArgs,
}

#[derive(Args, Debug)]
pub struct RegistryActArgs {
    #[command(flatten)]
    pub document: Document,
    /// The bank's maker who asks.
    #[arg(long = "as", value_name = "MEMBER", default_value_t = default_member("bank/maker"))]
    pub member: MemberId,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct RegistryFollowArgs {
    /// The trade's ledger's proof, a `blockworm-state` file that somebody handed over; else it is
    /// fetched from a node of that ledger.
    #[arg(long, value_name = "FILE")]
    pub proof: Option<PathBuf>,
    #[command(flatten)]
    pub act: RegistryActArgs,
}

pub(super) const SUPPLIER: &str = "platform/supplier-3f9a";
pub(super) const BUYER: &str = "platform/buyer-c27e";

pub(super) fn default_member(text: &str) -> MemberId {
    text.parse()
        .expect("invariant: the local consortium's members are well formed")
}
