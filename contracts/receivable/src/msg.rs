//! Messages of the receivable contract.

pub use crate::lifecycle::Status;
use blockworm_kit::{
    CivilDate, Currency,
    assets::{AssetId, HeldView, ReceiveAssetMsg},
};
use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::{Binary, Uint128};

/// Most parts that one payment settles.
pub const MAX_SETTLED: usize = 16;

/// What the contract needs to begin.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct InstantiateMsg {
    /// The contract that issues assets. A class `<class>-<currency in small letters>` there names
    /// this contract as its manager, for each currency that can be owed.
    pub issuance: String,
    /// The contract that keeps their holdings.
    pub assets: String,
    /// First part of the classes' names.
    pub class: String,
    /// Classes of fungible assets that are settlement money here, whoever issued them.
    pub vouchers: Vec<String>,
    /// What clocks show where debts fall due, minutes east of UTC.
    pub utc_offset_minutes: i16,
    /// Where banks reserve a document before they finance it; `null` where no other ledger knows of
    /// this one's documents, and then financing asks for no proof.
    pub registry: Option<RegistryPlace>,
}

/// A registry on another ledger.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct RegistryPlace {
    /// What that ledger is pinned as here.
    pub ledger: String,
    /// The registry contract's name there.
    pub contract: String,
    /// What the registry calls this ledger.
    pub known_as: String,
}

/// What a member, or the assets' contract, may ask.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum ExecuteMsg {
    /// Records what a buyer owes the caller, as an asset that begins when the buyer confirms. For
    /// members of organisations with the role `platform` or `supplier`.
    Issue {
        /// The receivable's id: 1 to 64 of `A-Z a-z 0-9 - . _`.
        id: String,
        /// Digest of the invoice's identity, 64 lower-case hex digits: the same invoice has the
        /// same digest, whichever file it stands in.
        invoice_digest: String,
        /// Salted digest of the invoice's file, 64 lower-case hex digits.
        document_commitment: Option<String>,
        /// The member who owes.
        buyer: String,
        /// Minor units owed, more than zero.
        amount: Uint128,
        /// ISO 4217.
        currency: Currency,
        /// When the buyer must pay.
        due_date: CivilDate,
        /// What the caller asks a bank for the whole; `amount` when left out, never more.
        price: Option<Uint128>,
        /// Whether the caller takes it back from the bank if the buyer does not pay in time.
        #[serde(default)]
        recourse: bool,
    },
    /// The named buyer acknowledges the debt.
    Confirm {
        /// The receivable.
        id: String,
    },
    /// The named buyer denies the debt.
    Refuse {
        /// The receivable.
        id: String,
    },
    /// The seller takes back what the buyer has not confirmed.
    Withdraw {
        /// The receivable.
        id: String,
    },
    /// The owner of a part says what a bank shall pay for it.
    Ask {
        /// The receivable.
        id: String,
        /// The holding.
        holding: u64,
        /// Minor units, more than zero, at most the part's own; nothing is asked any more, where
        /// `null`.
        price: Option<Uint128>,
        /// Whether the owner takes it back if the buyer does not pay in time.
        #[serde(default)]
        recourse: bool,
    },
    /// The owner of a part has given the buyer notice that the debt is overdue.
    Notify {
        /// The receivable.
        id: String,
        /// The holding.
        holding: u64,
        /// The notice's digest, 64 lower-case hex digits.
        notice: String,
    },
    /// The bank that financed a part with recourse demands that its seller takes it back. For its
    /// makers, once the debt is overdue and it gave notice.
    Demand {
        /// The receivable.
        id: String,
        /// The holding.
        holding: u64,
        /// What it asks: at least the price that it paid, at most the part's own amount.
        amount: Uint128,
    },
    /// The caller's bank will never finance a document under this claim, so that the registry can
    /// free it before its time. For makers of organisations with the role `bank`.
    Forgo {
        /// The claim's number in the registry.
        claim: u64,
    },
    /// From the assets' contract alone: settlement money has arrived, with a [`Payload`].
    ReceiveAsset(ReceiveAssetMsg),
}

/// What a member who pays asks for.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum Payload {
    /// Buys a part at the price that its owner asks. For members of organisations with the role
    /// `bank`.
    Finance {
        /// The receivable.
        id: String,
        /// The holding.
        holding: u64,
        /// That the bank reserved the document; needed where there is a registry.
        reservation: Option<Reservation>,
    },
    /// Pays parts in full to whoever holds them. For the buyer.
    Settle {
        /// The receivable.
        id: String,
        /// The holdings, at most [`MAX_SETTLED`].
        holdings: Vec<u64>,
    },
    /// Takes a part back from the bank, for what it demanded. For whoever sold it.
    Repurchase {
        /// The receivable.
        id: String,
        /// The holding.
        holding: u64,
    },
}

/// A reservation on the registry, proved.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct Reservation {
    /// The claim's number there.
    pub claim: u64,
    /// Of the claim's row.
    pub proof: Binary,
}

/// What anybody on the ledger may read.
#[cw_serde]
#[derive(Eq, QueryResponses)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum QueryMsg {
    /// One receivable, or `null`.
    #[returns(Option<ReceivableResponse>)]
    Receivable {
        /// Its id.
        id: String,
    },
    /// The receivable of an invoice, or `null`.
    #[returns(Option<ReceivableResponse>)]
    ByInvoice {
        /// The invoice's digest.
        digest: String,
    },
    /// A page of receivables in order of id.
    #[returns(Vec<ReceivableResponse>)]
    List {
        /// The last id of the page before.
        start_after: Option<String>,
        /// At most 100; 30 when left out.
        limit: Option<u32>,
    },
    /// A page of a receivable's parts by number, ended ones too; empty until it is confirmed.
    #[returns(Vec<Part>)]
    Parts {
        /// Its id.
        id: String,
        /// The number to begin with.
        from: Option<u64>,
        /// At most 100, which is also the default.
        limit: Option<u32>,
    },
    /// What happened to a receivable, oldest first.
    #[returns(Vec<HistoryEntry>)]
    History {
        /// Its id.
        id: String,
        /// The place to begin with.
        from: Option<u32>,
        /// At most 100, which is also the default.
        limit: Option<u32>,
    },
    /// What the contract began with.
    #[returns(InstantiateMsg)]
    Config {},
}

/// A receivable with its id.
#[cw_serde]
#[derive(Eq)]
pub struct ReceivableResponse {
    /// Its id.
    pub id: String,
    /// The asset that it is.
    pub asset: AssetId,
    /// Where it stands.
    pub status: Status,
    /// Whether the buyer should have paid by now.
    pub overdue: bool,
    /// Digest of the invoice's identity.
    pub invoice_digest: String,
    /// Salted digest of the invoice's file.
    pub document_commitment: Option<String>,
    /// Who issued it.
    pub seller: String,
    /// Who owes.
    pub buyer: String,
    /// Minor units owed at the beginning.
    pub amount: Uint128,
    /// ISO 4217.
    pub currency: Currency,
    /// When the buyer must pay.
    pub due_date: CivilDate,
    /// Minor units that the buyer has paid.
    pub settled: Uint128,
    /// The member of a bank who financed last, once one has.
    pub financier: Option<String>,
}

/// A part of a receivable in one hand.
#[cw_serde]
#[derive(Eq)]
pub struct Part {
    /// The holding's number.
    pub holding: u64,
    /// Its units, and whose they are.
    pub held: HeldView,
    /// What its owner asks for it.
    pub ask: Option<Ask>,
    /// The newest sale to a bank.
    pub financing: Option<Financing>,
}

/// What an owner asks a bank for a part.
#[cw_serde]
#[derive(Eq)]
pub struct Ask {
    /// The owner who asks; when another owns the part, nothing is asked.
    pub by: String,
    /// Minor units.
    pub price: Uint128,
    /// Whether the owner takes it back if the buyer does not pay in time.
    pub recourse: bool,
}

/// A part's sale to a bank.
#[cw_serde]
#[derive(Eq)]
pub struct Financing {
    /// The bank's member who paid and holds it.
    pub bank: String,
    /// Who sold it.
    pub seller: String,
    /// Minor units paid for it.
    pub price: Uint128,
    /// Whether the seller takes it back if the buyer does not pay in time.
    pub recourse: bool,
    /// The registry's claim under which it was financed.
    pub claim: Option<u64>,
    /// The block.
    pub height: u64,
    /// Notices of overdue debt that its bank gave.
    pub notices: u32,
    /// What the bank demanded of the seller, once it has.
    pub demanded: Option<Uint128>,
    /// How it ended.
    pub end: Option<FinancingEnd>,
}

/// How a financing ended.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum FinancingEnd {
    /// The buyer paid.
    Settled,
    /// The seller took it back.
    Repurchased,
}

/// A step in a receivable's life.
#[cw_serde]
#[derive(Eq)]
pub struct HistoryEntry {
    /// What happened.
    pub step: Step,
    /// Who did it.
    pub by: String,
    /// The block.
    pub height: u64,
    /// The block's time, milliseconds since 1970.
    pub time_ms: u64,
    /// Of which part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holding: Option<u64>,
    /// What was owed, asked, paid or demanded, minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Uint128>,
    /// Of the notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// What can happen to a receivable. That its parts were split or changed hands without a bank
/// stands in the assets' contract.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum Step {
    /// The seller said that the buyer owes.
    Issued,
    /// The buyer said so too.
    Confirmed,
    /// The buyer denied it.
    Refused,
    /// The seller took it back.
    Withdrawn,
    /// An owner asked a price, or stopped asking.
    Asked,
    /// A bank bought a part.
    Financed,
    /// The buyer paid a part.
    Settled,
    /// An owner gave notice that the debt is overdue.
    Notified,
    /// A bank demanded that its seller takes a part back.
    Demanded,
    /// The seller took it back.
    Repurchased,
}
