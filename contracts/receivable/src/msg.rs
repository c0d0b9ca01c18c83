//! Messages of the receivable contract.

use blockworm_kit::{CivilDate, Currency, ReceiveMsg};
use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::{Binary, Uint128};

/// What the contract needs to begin.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct InstantiateMsg {
    /// Name of the money contract whose units pay for receivables.
    pub money: String,
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

/// What a member, or the money contract, may ask.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum ExecuteMsg {
    /// Records what a buyer owes the caller. For members of organisations with the role `platform`
    /// or `supplier`.
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
        /// What the caller asks of a financier; `amount` when left out, never more.
        price: Option<Uint128>,
    },
    /// The named buyer acknowledges the debt.
    Confirm {
        /// The receivable.
        id: String,
    },
    /// The caller's bank will never finance anything under this claim, so that the registry can
    /// free it before its time. For makers of organisations with the role `bank`.
    Forgo {
        /// The claim's number in the registry.
        claim: u64,
    },
    /// From the money contract alone: money has arrived, with a [`Payload`].
    Receive(ReceiveMsg),
}

/// What a member who pays asks for.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum Payload {
    /// Buys the receivable at its price. For members of organisations with the role `bank`.
    Finance {
        /// The receivable.
        id: String,
        /// That the bank reserved the document; needed where there is a registry.
        reservation: Option<Reservation>,
    },
    /// Pays the amount owed to whoever holds the receivable. For the buyer.
    Settle {
        /// The receivable.
        id: String,
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

/// The messages that this contract sends to the money contract.
#[cw_serde]
#[derive(Eq)]
pub enum OutgoingMsg {
    /// Pays the seller or the holder.
    Transfer {
        /// Whom.
        to: String,
        /// Minor units.
        amount: Uint128,
        /// ISO 4217.
        currency: Currency,
    },
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
    /// What happened to a receivable, oldest first; empty when there is none.
    #[returns(Vec<HistoryEntry>)]
    History {
        /// Its id.
        id: String,
    },
    /// What the contract began with.
    #[returns(InstantiateMsg)]
    Config {},
}

/// Where a receivable stands.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum Status {
    /// The seller says that the buyer owes.
    Issued,
    /// The buyer says so too.
    Confirmed,
    /// A bank has bought it.
    Financed,
    /// The buyer has paid.
    Settled,
}

/// A receivable with its id.
#[cw_serde]
#[derive(Eq)]
pub struct ReceivableResponse {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub status: Status,
    /// Digest of the invoice's identity.
    pub invoice_digest: String,
    /// Salted digest of the invoice's file.
    pub document_commitment: Option<String>,
    /// Who issued it and is paid for it.
    pub seller: String,
    /// Who owes.
    pub buyer: String,
    /// Whom the buyer owes now, or has paid: the seller, then the financier.
    pub holder: String,
    /// Minor units owed.
    pub amount: Uint128,
    /// ISO 4217.
    pub currency: Currency,
    /// When the buyer must pay.
    pub due_date: CivilDate,
    /// What the seller asks of a financier.
    pub price: Uint128,
    /// Who bought it, once somebody has.
    pub financier: Option<String>,
}

/// A step in a receivable's life.
#[cw_serde]
#[derive(Eq)]
pub struct HistoryEntry {
    /// Where the receivable stood after it.
    pub status: Status,
    /// Who took it.
    pub by: String,
    /// The block.
    pub height: u64,
    /// The block's time, milliseconds since 1970.
    pub time_ms: u64,
}
