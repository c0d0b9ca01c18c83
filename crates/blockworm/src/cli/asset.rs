//! `blockworm asset` and `blockworm voucher`: their verbs and flags.

use super::{Signing, Target, receivable::default_member};
use blockworm_crypto::Digest;
use blockworm_kit::assets::AssetId;
use blockworm_ledger::{Currency, MemberId};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum AssetCommand {
    /// Show an asset: its life, its units and who holds them.
    Show(AssetShowArgs),
    /// Show where a holding comes from, through every split and merger.
    Title(AssetTitleArgs),
    /// Define a class; it never changes.
    Define(AssetDefineArgs),
    /// Write a first draft on a document.
    Draft(AssetDraftArgs),
    /// Put a draft to those who must approve it.
    Propose(AssetArgs),
    /// Approve what is proposed, as a checker.
    Approve(AssetDecideArgs),
    /// Send what is proposed back, as a checker.
    Reject(AssetDecideArgs),
    /// Let an approved asset begin, with all its units at whoever drafted it.
    Activate(AssetArgs),
    /// Propose more units of a fungible asset.
    Mint(AssetMintArgs),
    /// End the time in which units can be added.
    Finalise(AssetArgs),
    /// Take units that are back with the issuer out of the world.
    Retire(AssetAmountArgs),
    /// End an asset that was paid and is back with its issuer.
    Redeem(AssetArgs),
    /// End an asset that nobody but the issuer holds any of.
    Cancel(AssetArgs),
    /// Stop an asset, a holding or a balance by a court's order.
    Freeze(AssetOrderArgs),
    /// Let it move again by a court's order.
    Lift(AssetOrderArgs),
    /// Give units or a holding to a member.
    Transfer(AssetTransferArgs),
    /// Make a holding out of units of a balance, to pledge, lock or offer it.
    SetAside(AssetAmountArgs),
    /// Make two holdings out of one.
    Split(AssetSplitArgs),
    /// Make one holding out of neighbours; of a fungible asset: put them into the balance.
    Merge(AssetMergeArgs),
    /// Pledge a holding to a member.
    Pledge(AssetPledgeArgs),
    /// End a pledge, as the pledgee.
    Release(AssetHoldingArgs),
    /// Lock a holding for a time.
    Lock(AssetLockArgs),
    /// End a lock before its time, as its keeper.
    Unlock(AssetHoldingArgs),
    /// Offer units or a holding, for units of another asset or for nothing.
    Offer(AssetOfferArgs),
    /// Take what is offered and give what is asked, both or none.
    Accept(AssetAcceptArgs),
    /// Take an offer back.
    Withdraw(AssetWithdrawArgs),
}

#[derive(Debug, Subcommand)]
pub enum VoucherCommand {
    /// Issue settlement money on a statement of the bank's account.
    Issue(VoucherIssueArgs),
    /// Give settlement money to a member.
    Give(VoucherGiveArgs),
    /// Show what a member or a contract has of each bank's money.
    Balance(VoucherBalanceArgs),
}

/// Who asks, and where.
#[derive(Args, Clone, Debug)]
pub struct Acting {
    /// The member who asks, such as bank/maker.
    #[arg(long = "as", value_name = "MEMBER")]
    pub member: MemberId,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct AssetArgs {
    /// The asset, CLASS/16 hex digits.
    #[arg(value_parser = asset_id)]
    pub asset: AssetId,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct AssetShowArgs {
    /// The asset.
    #[arg(value_parser = asset_id)]
    pub asset: AssetId,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct AssetTitleArgs {
    /// The asset.
    #[arg(value_parser = asset_id)]
    pub asset: AssetId,
    /// The holding's number.
    pub holding: u64,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct AssetDefineArgs {
    /// The class, JSON (docs/contracts/asset-issuance.md).
    pub file: PathBuf,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct AssetDraftArgs {
    /// The class's name.
    pub class: String,
    /// How much, in the class's currency: 1500.00.
    pub amount: String,
    /// The document that it stands on; its salted digest goes on the ledger.
    #[arg(long, value_name = "FILE")]
    pub backing: PathBuf,
    /// What the document is good for, where that is more than the amount.
    #[arg(long)]
    pub good_for: Option<String>,
    /// What is said of the asset, by the class's schema; may be repeated.
    #[arg(long = "field", value_name = "NAME=VALUE")]
    pub fields: Vec<String>,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct AssetDecideArgs {
    /// The asset.
    #[arg(value_parser = asset_id)]
    pub asset: AssetId,
    /// For which of the organisation's roles.
    #[arg(long)]
    pub role: String,
    /// The proposal that was read; else the newest.
    #[arg(long)]
    pub version: Option<u32>,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct AssetMintArgs {
    /// The asset.
    #[arg(value_parser = asset_id)]
    pub asset: AssetId,
    /// How much more.
    pub amount: String,
    /// A further document, where those before are not enough.
    #[arg(long, value_name = "FILE")]
    pub backing: Option<PathBuf>,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct AssetAmountArgs {
    /// The asset.
    #[arg(value_parser = asset_id)]
    pub asset: AssetId,
    /// How much, in its currency.
    pub amount: String,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct AssetOrderArgs {
    /// The asset.
    #[arg(value_parser = asset_id)]
    pub asset: AssetId,
    /// The order's file; its SHA-256 goes on the ledger.
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "digest",
        conflicts_with = "digest"
    )]
    pub order: Option<PathBuf>,
    /// The order's SHA-256 instead.
    #[arg(long)]
    pub digest: Option<Digest>,
    /// Of one holding alone.
    #[arg(long, conflicts_with = "balance")]
    pub holding: Option<u64>,
    /// Of one holder's balance alone.
    #[arg(long, value_name = "OWNER")]
    pub balance: Option<String>,
    #[command(flatten)]
    pub acting: Acting,
}

/// What of an asset.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct AssetPart {
    /// So much of a balance.
    #[arg(long, value_name = "AMOUNT")]
    pub units: Option<String>,
    /// A holding by its number.
    #[arg(long)]
    pub holding: Option<u64>,
}

#[derive(Args, Debug)]
pub struct AssetTransferArgs {
    /// The asset.
    #[arg(value_parser = asset_id)]
    pub asset: AssetId,
    /// The receiver.
    pub to: MemberId,
    #[command(flatten)]
    pub part: AssetPart,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct AssetHoldingArgs {
    /// The asset.
    #[arg(value_parser = asset_id)]
    pub asset: AssetId,
    /// The holding's number.
    pub holding: u64,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct AssetSplitArgs {
    /// The asset.
    #[arg(value_parser = asset_id)]
    pub asset: AssetId,
    /// The holding's number.
    pub holding: u64,
    /// How much the first of the two has.
    pub amount: String,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct AssetMergeArgs {
    /// The asset.
    #[arg(value_parser = asset_id)]
    pub asset: AssetId,
    /// The holdings, in order.
    #[arg(required = true)]
    pub holdings: Vec<u64>,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct AssetPledgeArgs {
    /// The asset.
    #[arg(value_parser = asset_id)]
    pub asset: AssetId,
    /// The holding's number.
    pub holding: u64,
    /// The pledgee.
    pub to: MemberId,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct AssetLockArgs {
    /// The asset.
    #[arg(value_parser = asset_id)]
    pub asset: AssetId,
    /// The holding's number.
    pub holding: u64,
    /// Who may unlock it before its time.
    pub keeper: MemberId,
    /// How long, in minutes.
    #[arg(long)]
    pub minutes: u64,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct AssetOfferArgs {
    /// The asset.
    #[arg(value_parser = asset_id)]
    pub asset: AssetId,
    #[command(flatten)]
    pub part: AssetPart,
    /// The asset that is asked for it; nothing where it is left out.
    #[arg(long, value_name = "ASSET", value_parser = asset_id, requires = "price")]
    pub want: Option<AssetId>,
    /// How much of that.
    #[arg(long, value_name = "AMOUNT", requires = "want")]
    pub price: Option<String>,
    /// To whom alone.
    #[arg(long)]
    pub to: Option<MemberId>,
    /// How long, in minutes.
    #[arg(long, default_value_t = 1_440)]
    pub minutes: u64,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct AssetAcceptArgs {
    /// The offer's number.
    pub offer: u64,
    /// The holding to give; else units of the balance.
    #[arg(long)]
    pub holding: Option<u64>,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct AssetWithdrawArgs {
    /// The offer's number.
    pub offer: u64,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct VoucherIssueArgs {
    /// How much: 1500000.00.
    pub amount: String,
    /// ISO 4217.
    pub currency: Currency,
    /// The statement that shows that it is there; its salted digest goes on the ledger.
    #[arg(long, value_name = "FILE")]
    pub statement: PathBuf,
    /// The bank's checker, where its key lies here too; else the checker approves apart.
    #[arg(long, value_name = "MEMBER")]
    pub checker: Option<MemberId>,
    /// The bank's maker, who receives it.
    #[arg(long = "as", value_name = "MEMBER", default_value_t = default_member("bank/maker"))]
    pub member: MemberId,
    #[command(flatten)]
    pub signing: Signing,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Args, Debug)]
pub struct VoucherGiveArgs {
    /// How much.
    pub amount: String,
    /// ISO 4217.
    pub currency: Currency,
    /// The receiver.
    pub to: MemberId,
    #[command(flatten)]
    pub acting: Acting,
}

#[derive(Args, Debug)]
pub struct VoucherBalanceArgs {
    /// The member, or the contract's name.
    pub owner: String,
    #[command(flatten)]
    pub target: Target,
}

fn asset_id(text: &str) -> Result<AssetId, String> {
    AssetId::parse(text).map_err(|error| error.to_string())
}
