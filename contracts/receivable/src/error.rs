//! Refusals of the receivable contract, in order of precedence.

use blockworm_kit::{CallerError, CivilDate, Currency, assets::AssetId};
use cosmwasm_std::{StdError, Uint128};

/// Why a message was refused.
#[derive(Debug, thiserror::Error)]
pub enum ReceivableError {
    /// The host failed, or stored bytes are not what this contract wrote.
    #[error("{0}")]
    Std(#[from] StdError),
    /// `receive_asset` came from somebody else than the assets' contract.
    #[error("receivable.not_the_asset_contract: {sender} cannot tell that money has arrived")]
    NotTheAssetContract {
        /// Who called.
        sender: String,
    },
    /// What arrived is not what settles debts here.
    #[error("receivable.not_money: {asset} is no settlement money of this ledger")]
    NotMoney {
        /// What arrived.
        asset: AssetId,
    },
    /// The payload of a payment is not one.
    #[error("receivable.bad_payload: the payment does not say what it is for")]
    BadPayload,
    /// The caller is not who may ask this.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// The id breaks its rule.
    #[error("receivable.bad_id: an id is 1 to 64 letters, digits, '-', '.' or '_'")]
    BadId,
    /// A digest is not one.
    #[error("receivable.bad_digest: a digest is 64 lower-case hex digits")]
    BadDigest,
    /// Nothing is owed.
    #[error("receivable.zero_amount: the amount must be more than zero")]
    ZeroAmount,
    /// The price is zero or more than what is owed.
    #[error("receivable.bad_price: the price must be more than zero and at most the amount")]
    BadPrice,
    /// Nobody owes himself.
    #[error("receivable.buyer_is_seller: seller and buyer must differ")]
    BuyerIsSeller,
    /// The buyer could never confirm.
    #[error("receivable.unknown_buyer: {buyer} is not an active member of this ledger")]
    UnknownBuyer {
        /// Who should owe.
        buyer: String,
    },
    /// The id is taken.
    #[error("receivable.already_exists: there is a receivable {id}")]
    AlreadyExists {
        /// The id.
        id: String,
    },
    /// The invoice stands behind another receivable.
    #[error("receivable.invoice_already_registered: the invoice stands behind the receivable {id}")]
    InvoiceAlreadyRegistered {
        /// That receivable.
        id: String,
    },
    /// The host gave no transaction id to name the asset by.
    #[error(
        "receivable.no_transaction: the asset would be named by its transaction, and there is none"
    )]
    NoTransaction,
    /// No such receivable.
    #[error("receivable.not_found: there is no receivable {id}")]
    NotFound {
        /// The id asked for.
        id: String,
    },
    /// Somebody else owes.
    #[error("receivable.not_the_buyer: only {buyer}, who owes {id}, can confirm or settle it")]
    NotTheBuyer {
        /// The receivable.
        id: String,
        /// Who owes.
        buyer: String,
    },
    /// Somebody else issued or sold it.
    #[error("receivable.not_the_seller: of {id}, or this part of it, the seller is {seller}")]
    NotTheSeller {
        /// The receivable.
        id: String,
        /// Who sold.
        seller: String,
    },
    /// It was confirmed before.
    #[error("receivable.already_confirmed: the buyer confirmed {id} before")]
    AlreadyConfirmed {
        /// The receivable.
        id: String,
    },
    /// Somebody bought it before.
    #[error("receivable.already_financed: {id} was financed by {financier} in block {height}")]
    AlreadyFinanced {
        /// The receivable.
        id: String,
        /// Who bought it.
        financier: String,
        /// When.
        height: u64,
    },
    /// It was paid before.
    #[error("receivable.already_settled: every unit of {id} was paid")]
    AlreadySettled {
        /// The receivable.
        id: String,
    },
    /// The buyer refused or the seller withdrew it.
    #[error("receivable.cancelled: {id} was refused or withdrawn; issue another")]
    Cancelled {
        /// The receivable.
        id: String,
    },
    /// The buyer has not acknowledged the debt.
    #[error("receivable.not_confirmed: the buyer has not confirmed {id}")]
    NotConfirmed {
        /// The receivable.
        id: String,
    },
    /// A payment of another sum than what is asked, owed or demanded.
    #[error(
        "receivable.wrong_amount: for {id} {wanted} {currency} are to be paid, not {paid} {paid_in}"
    )]
    WrongAmount {
        /// The receivable.
        id: String,
        /// Minor units to be paid.
        wanted: Uint128,
        /// Of which currency.
        currency: Currency,
        /// Minor units paid.
        paid: Uint128,
        /// Of which currency.
        paid_in: Currency,
    },
    /// No part of that number is left.
    #[error(
        "receivable.no_part: the receivable has no part {holding}, or it was split, merged or paid"
    )]
    NoPart {
        /// The holding.
        holding: u64,
    },
    /// Somebody else's part.
    #[error("receivable.not_the_owner: the part {holding} belongs to {owner}")]
    NotTheOwner {
        /// The holding.
        holding: u64,
        /// Whose it is.
        owner: String,
    },
    /// Its owner asks no price.
    #[error("receivable.not_offered: the owner of the part {holding} asks no price for it")]
    NotOffered {
        /// The holding.
        holding: u64,
    },
    /// No parts, too many, or one twice.
    #[error("receivable.bad_parts: a payment is for 1 to {most} parts, each named once")]
    BadParts {
        /// The most.
        most: usize,
    },
    /// No bank has bought the part.
    #[error("receivable.not_financed: no bank has financed the part {holding}")]
    NotFinanced {
        /// The holding.
        holding: u64,
    },
    /// The debt is not overdue.
    #[error(
        "receivable.not_overdue: {id} is due on {due_date}, and nothing is overdue before the day after"
    )]
    NotOverdue {
        /// The receivable.
        id: String,
        /// When the buyer must pay.
        due_date: CivilDate,
    },
    /// Sold for good.
    #[error("receivable.no_recourse: the part {holding} was sold without recourse")]
    NoRecourse {
        /// The holding.
        holding: u64,
    },
    /// The buyer was not told.
    #[error("receivable.no_notice: give the buyer notice of the part {holding} first")]
    NoNotice {
        /// The holding.
        holding: u64,
    },
    /// Too little or too much.
    #[error("receivable.bad_demand: a demand is for {least} to {most}")]
    BadDemand {
        /// The price that was paid.
        least: Uint128,
        /// The part's own amount.
        most: Uint128,
    },
    /// The bank has demanded nothing.
    #[error(
        "receivable.not_demanded: its bank has not demanded that the part {holding} is taken back"
    )]
    NotDemanded {
        /// The holding.
        holding: u64,
    },
    /// More than can be counted.
    #[error("receivable.overflow: an amount or a number is more than can be counted")]
    Overflow,
    /// This ledger has no registry, so there are no claims to speak of.
    #[error("receivable.no_registry: this ledger knows no registry, so there is no claim to forgo")]
    NoRegistry,
    /// Nothing shows that the bank reserved the document.
    #[error(
        "receivable.reservation_missing: reserve the document on {registry} first and finance with a proof of it"
    )]
    ReservationMissing {
        /// What the registry's ledger is called here.
        registry: String,
    },
    /// The registry had no such claim.
    #[error(
        "receivable.not_reserved: block {height} of the registry had no claim {claim} on the document"
    )]
    NotReserved {
        /// The claim's number.
        claim: u64,
        /// Of the registry's ledger.
        height: u64,
    },
    /// What stands at the claim's key is none.
    #[error("receivable.unreadable_claim: what the proof shows is not a claim")]
    UnreadableClaim,
    /// Somebody else reserved it.
    #[error("receivable.other_bank: claim {claim} on the document is not of {bank}")]
    OtherBank {
        /// The claim's number.
        claim: u64,
        /// Who pays.
        bank: String,
    },
    /// Reserved for another ledger.
    #[error(
        "receivable.other_ledger: claim {claim} is for financing on {ledger}, not on this ledger, {here}"
    )]
    OtherLedger {
        /// The claim's number.
        claim: u64,
        /// As the registry calls it.
        ledger: String,
        /// What the registry calls this one.
        here: String,
    },
    /// The claim is over.
    #[error("receivable.reservation_ended: claim {claim} on the document has ended; reserve again")]
    ReservationEnded {
        /// The claim's number.
        claim: u64,
    },
    /// An earlier commitment may still take its place.
    #[error(
        "receivable.reservation_not_firm: claim {claim} is firm after block {firm_at} of the registry; prove it from then on"
    )]
    ReservationNotFirm {
        /// The claim's number.
        claim: u64,
        /// The registry's block.
        firm_at: u64,
    },
    /// Its time is over.
    #[error(
        "receivable.reservation_expired: claim {claim} could be used until {until_ms}; release it by proof and reserve again"
    )]
    ReservationExpired {
        /// The claim's number.
        claim: u64,
        /// Milliseconds since 1970.
        until_ms: u64,
    },
    /// More would be financed than is reserved.
    #[error(
        "receivable.share_too_small: claim {claim} is on {share} of 1000000000 parts of the document, this takes {least}"
    )]
    ShareTooSmall {
        /// The claim's number.
        claim: u64,
        /// Reserved, in parts of 10^9.
        share: u32,
        /// What the amount is of the whole debt.
        least: u32,
    },
    /// Another document stands behind the earlier financings.
    #[error(
        "receivable.other_document: claim {claim} is on another document under key version {version} than the financings before; fingerprint the invoice of this receivable"
    )]
    OtherDocument {
        /// The claim's number.
        claim: u64,
        /// Of the key holders' keys.
        version: u32,
    },
    /// The claim was used.
    #[error("receivable.claim_used: claim {claim} was pledged or forgone in block {height}")]
    ClaimUsed {
        /// The claim's number.
        claim: u64,
        /// When.
        height: u64,
    },
}
