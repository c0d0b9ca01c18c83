//! `blockworm receivable` and `blockworm registry`: their verbs and flags.

use super::{HolderAddress, Signing, SigningKey, Target};
use blockworm_crypto::Digest;
use blockworm_ledger::{Currency, MemberId};
use blockworm_service::consortium::TRADE;
use blockworm_workflows::fingerprint::check::WHOLE;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum ReceivableCommand {
    /// Check a UBL 2.1 invoice, or a table of invoices, and issue a receivable on each.
    Import(Box<ReceivableImportArgs>),
    /// Take a credit note off a receivable that the buyer has not confirmed: withdraw it, and issue it
    /// again over what is left.
    Credit(ReceivableCreditArgs),
    /// Confirm, as the named buyer, that the receivable is owed; it begins as an asset.
    Confirm(ReceivableActArgs),
    /// Say, as the named buyer, that nothing is owed.
    Refuse(ReceivableActArgs),
    /// Take back, as the seller, what the buyer has not confirmed.
    Withdraw(ReceivableActArgs),
    /// Make two parts out of one.
    Split(ReceivableSplitArgs),
    /// Give a part to another member who is no bank.
    Give(ReceivableGiveArgs),
    /// Say what a bank shall pay for your part.
    Ask(ReceivableAskArgs),
    /// Reserve, pay and confirm, as a bank, and become the one who is owed; run it again where it was
    /// interrupted.
    Finance(ReceivableFinanceArgs),
    /// Pay what is owed, as the buyer, to whoever holds each part.
    Settle(ReceivableSettleArgs),
    /// Put on record that the buyer was given notice of an overdue part.
    Notify(ReceivableNotifyArgs),
    /// Demand, as the bank that financed a part with recourse, that its seller takes it back.
    Demand(ReceivableDemandArgs),
    /// Take a part back from the bank for what it demanded.
    Repurchase(PartArgs),
    /// Write everything that the ledger says of a receivable to a folder, with proofs for strangers.
    Case(ReceivableCaseArgs),
    /// Never finance an invoice under your bank's reservation, so that it can be released at once.
    Forgo(ReceivableForgoArgs),
    /// Show a receivable and its parts.
    Show(ReceivableShowArgs),
}

#[derive(Args, Debug)]
pub struct ReceivableImportArgs {
    /// The invoice, UBL 2.1 XML; or a table of invoices, .csv or .xlsx.
    pub invoice: PathBuf,
    /// The member who issues.
    #[arg(long = "as", value_name = "MEMBER", default_value_t = default_member(SUPPLIER))]
    pub member: MemberId,
    /// The member who must confirm: for an invoice platform/buyer-c27e unless said otherwise; for a
    /// table needed where its rows name none in a column `buyer member`.
    #[arg(long, value_name = "MEMBER")]
    pub buyer: Option<MemberId>,
    /// What a bank shall pay for the whole; all that is owed unless said otherwise. Not for a table.
    #[arg(long)]
    pub price: Option<String>,
    /// Take it back from the bank if the buyer does not pay in time.
    #[arg(long)]
    pub recourse: bool,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
    // Last, since what follows would stand under its heading too.
    #[command(flatten)]
    pub table: TableArgs,
}

/// How a table is read.
#[derive(Args, Debug)]
#[command(next_help_heading = "Tables")]
pub struct TableArgs {
    /// The sheet to read, where a workbook has several tables of invoices.
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// The currency of rows that name none.
    #[arg(long, value_name = "CODE")]
    pub currency: Option<Currency>,
    /// The seller's tax identifier, where rows name none.
    #[arg(long, value_name = "ID")]
    pub seller_tax_id: Option<String>,
    /// Where the openings of the rows' commitments are appended, before each row is issued;
    /// TABLE.openings.jsonl unless said otherwise.
    #[arg(long, value_name = "FILE")]
    pub openings: Option<PathBuf>,
    /// Read and check the table, and issue nothing.
    #[arg(long)]
    pub check: bool,
}

#[derive(Args, Debug)]
pub struct ReceivableCreditArgs {
    /// The credit note, UBL 2.1 XML, which names the invoice that it credits.
    pub note: PathBuf,
    /// That invoice, UBL 2.1 XML: checked against the note. Needed where it names its seller by
    /// another identifier than the note.
    #[arg(long, value_name = "FILE")]
    pub invoice: Option<PathBuf>,
    /// The seller.
    #[arg(long = "as", value_name = "MEMBER", default_value_t = default_member(SUPPLIER))]
    pub member: MemberId,
    /// What a bank shall pay for what is left; all of it unless said otherwise.
    #[arg(long)]
    pub price: Option<String>,
    /// Take what is left back from the bank if the buyer does not pay in time.
    #[arg(long)]
    pub recourse: bool,
    /// The receivable is withdrawn already, by a run of this command that was interrupted: issue it
    /// again over what is left.
    #[arg(long)]
    pub resume: bool,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

/// One part of a receivable, and who asks.
#[derive(Args, Debug)]
pub struct PartArgs {
    /// The receivable's id.
    pub id: String,
    /// The part's number (`receivable show`).
    #[arg(long)]
    pub part: u64,
    /// The member who asks.
    #[arg(long = "as", value_name = "MEMBER", default_value_t = default_member(SUPPLIER))]
    pub member: MemberId,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct ReceivableSplitArgs {
    #[command(flatten)]
    pub part: PartArgs,
    /// How much the first of the two has.
    #[arg(long)]
    pub amount: String,
}

#[derive(Args, Debug)]
pub struct ReceivableGiveArgs {
    #[command(flatten)]
    pub part: PartArgs,
    /// Who gets it.
    #[arg(long)]
    pub to: MemberId,
}

#[derive(Args, Debug)]
pub struct ReceivableAskArgs {
    #[command(flatten)]
    pub part: PartArgs,
    /// The price; no bank is asked any more where it is left out.
    #[arg(long)]
    pub price: Option<String>,
    /// Take it back from the bank if the buyer does not pay in time.
    #[arg(long, requires = "price")]
    pub recourse: bool,
}

#[derive(Args, Debug)]
pub struct ReceivableNotifyArgs {
    #[command(flatten)]
    pub part: PartArgs,
    /// The notice's file; its SHA-256 goes on the ledger.
    #[arg(long, value_name = "FILE")]
    pub notice: PathBuf,
}

#[derive(Args, Debug)]
pub struct ReceivableDemandArgs {
    #[command(flatten)]
    pub part: PartArgs,
    /// How much: from the price that was paid up to what is owed.
    #[arg(long)]
    pub amount: String,
}

#[derive(Args, Debug)]
pub struct ReceivableSettleArgs {
    /// The receivable's id.
    pub id: String,
    /// One part alone; may be repeated.
    #[arg(long = "part")]
    pub parts: Vec<u64>,
    /// The buyer.
    #[arg(long = "as", value_name = "MEMBER", default_value_t = default_member(BUYER))]
    pub member: MemberId,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct ReceivableCaseArgs {
    /// The receivable's id.
    pub id: String,
    /// The folder to write, which must not exist.
    #[arg(short = 'o', long = "out", value_name = "DIR")]
    pub out: PathBuf,
    /// Discloses the invoice: the `opening` that `receivable import --output json` printed.
    #[arg(long, value_name = "FILE")]
    pub opening: Option<PathBuf>,
    /// Seconds to wait for each proof.
    #[arg(long, default_value_t = 30)]
    pub wait_s: u64,
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
    /// The part's number; the only one that is offered, unless said otherwise.
    #[arg(long)]
    pub part: Option<u64>,
    /// The bank's maker who reserves, pays and confirms.
    #[arg(long = "as", value_name = "MEMBER", default_value_t = default_member("bank/maker"))]
    pub member: MemberId,
    /// Minutes that a reservation made on the way lasts, at most a week.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=10_080))]
    pub minutes: u64,
    /// The invoice behind it, UBL 2.1 XML; needed to reserve it on a registry. Nothing of it leaves
    /// this machine but blinded elements and fingerprints.
    #[arg(long, value_name = "FILE")]
    pub invoice: Option<PathBuf>,
    #[command(flatten)]
    pub claim: Claiming,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

/// What is claimed, and who makes the fingerprints.
#[derive(Args, Clone, Debug)]
pub struct Claiming {
    /// How much of the order or of the goods that the invoice names it is, in percent; all of it
    /// unless said, and then nothing else of them can be financed.
    #[arg(long, value_name = "PERCENT", default_value = "100")]
    pub of_order: Percent,
    #[command(flatten)]
    pub holders: Holders,
}

/// Where the key holders answer.
#[derive(Args, Clone, Debug)]
pub struct Holders {
    /// A key holder and its node's address, such as `notary=https://notary.example:7443`; else the
    /// node in the folder. May be repeated.
    #[arg(long = "holder", value_name = "ORG=URL")]
    pub holders: Vec<HolderAddress>,
}

/// A share in percent, with up to seven decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(
    /// In parts of 10^9, above 0.
    pub u32,
);

impl std::str::FromStr for Percent {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "write a number above 0 and at most 100, such as 40 or 12.5";
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(decimals) || decimals.len() > 7 {
            return Err(wrong);
        }
        let parts: u64 = format!("{whole}{decimals:0<7}")
            .parse()
            .map_err(|_| wrong)?;
        match u32::try_from(parts) {
            Ok(parts) if (1..=WHOLE).contains(&parts) => Ok(Self(parts)),
            _ => Err(wrong),
        }
    }
}

#[derive(Args, Debug)]
pub struct ReceivableForgoArgs {
    #[command(flatten)]
    pub document: Document,
    /// The claim's number; else the bank's newest open one.
    #[arg(long)]
    pub claim: Option<u64>,
    /// The bank's maker who asks.
    #[arg(long = "as", value_name = "MEMBER", default_value_t = default_member("bank/maker"))]
    pub member: MemberId,
    #[command(flatten)]
    pub holders: Holders,
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
    /// Make your bank's open claim known under the key holders' new keys, after they changed them.
    Reregister(RegistryReregisterArgs),
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
    /// The invoice, UBL 2.1 XML; only blinded elements and fingerprints leave this machine.
    pub invoice: Option<PathBuf>,
    /// The whole document's fingerprint, 64 hex digits.
    #[arg(long)]
    pub fingerprint: Option<Digest>,
}

#[derive(Args, Debug)]
pub struct RegistryShowArgs {
    #[command(flatten)]
    pub document: Document,
    /// The bank's member who asks the key holders for the invoice's fingerprint.
    #[arg(long = "as", value_name = "MEMBER", default_value_t = default_member("bank/maker"))]
    pub member: MemberId,
    #[command(flatten)]
    pub holders: Holders,
    #[command(flatten)]
    pub key: SigningKey,
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
    /// How much of the order or of the goods that the invoice names it is, in percent; all of it
    /// unless said, and then nothing else of them can be financed.
    #[arg(long, value_name = "PERCENT", default_value = "100")]
    pub of_order: Percent,
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
    pub holders: Holders,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct RegistryReregisterArgs {
    /// The claim's number; else the bank's newest open one on the invoice.
    #[arg(long)]
    pub claim: Option<u64>,
    #[command(flatten)]
    pub act: RegistryActArgs,
}

#[derive(Args, Debug)]
pub struct RegistryFollowArgs {
    /// The trade's ledger's proof, a `blockworm-state` file that somebody handed over; else it is
    /// fetched from a node of that ledger.
    #[arg(long, value_name = "FILE")]
    pub proof: Option<PathBuf>,
    /// The claim's number; else the newest open one on the document.
    #[arg(long)]
    pub claim: Option<u64>,
    #[command(flatten)]
    pub act: RegistryActArgs,
}

pub(super) const SUPPLIER: &str = "platform/supplier-3f9a";
pub(super) const BUYER: &str = "platform/buyer-c27e";

/// Who must confirm, where nobody says who.
pub fn usual_buyer() -> MemberId {
    default_member(BUYER)
}

pub(super) fn default_member(text: &str) -> MemberId {
    text.parse()
        .expect("invariant: the local consortium's members are well formed")
}

#[cfg(test)]
mod tests {
    use super::Percent;

    #[test]
    fn a_percentage_is_exact_to_a_part_in_a_thousand_million() {
        let parts = |text: &str| text.parse::<Percent>().map(|percent| percent.0);
        assert_eq!(parts("100"), Ok(1_000_000_000));
        assert_eq!(parts("12.5"), Ok(125_000_000));
        assert_eq!(parts("0.0000001"), Ok(1));
        for wrong in [
            "",
            ".5",
            "0",
            "100.1",
            "-1",
            "1e1",
            "1.00000001",
            "4294967297",
        ] {
            assert!(parts(wrong).is_err(), "{wrong}");
        }
    }
}
