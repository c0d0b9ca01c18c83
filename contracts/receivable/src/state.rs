//! All keys of the receivable contract.

use crate::{
    lifecycle::Status,
    msg::{Ask, Financing, HistoryEntry, InstantiateMsg, ReceivableResponse},
};
use blockworm_kit::{CivilDate, Currency, assets::AssetId};
use cosmwasm_schema::cw_serde;
use cosmwasm_std::Uint128;
use cw_storage_plus::{Item, Map};
use std::collections::BTreeMap;

/// What the contract began with. Pledges under the registry's reservations stand under
/// `blockworm_kit::claims::PLEDGES`.
pub const CONFIG: Item<InstantiateMsg> = Item::new("config");

/// Id → receivable; never removed.
pub const RECEIVABLES: Map<&str, Receivable> = Map::new("r");

/// Invoice digest → id, so that an invoice stands behind one receivable; removed when the buyer
/// refused or the seller withdrew it, never once it was confirmed.
pub const INVOICES: Map<&str, String> = Map::new("i");

/// (id, place) → what happened; written once.
pub const HISTORY: Map<(&str, u32), HistoryEntry> = Map::new("h");

/// (id, holding) → what its owner asks for it; removed when it is sold.
pub const ASKS: Map<(&str, u64), Ask> = Map::new("a");

/// (id, holding) → the newest sale to a bank.
pub const FINANCINGS: Map<(&str, u64), Financing> = Map::new("f");

/// A receivable as stored.
#[cw_serde]
#[derive(Eq)]
pub struct Receivable {
    /// The asset that it is.
    pub asset: AssetId,
    /// Where it stands; never `financed`.
    pub status: Status,
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
    /// Parts that banks hold and have paid for.
    pub financed_parts: u32,
    /// Who financed last.
    pub financier: Option<String>,
    /// Version of the registry's keys → the fingerprint under which parts of it were financed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub known: BTreeMap<u32, String>,
    /// How many entries its history has.
    pub steps: u32,
}

impl Receivable {
    /// Where it stands, for whoever asks.
    #[must_use]
    pub const fn shown(&self) -> Status {
        match self.status {
            Status::Confirmed if self.financed_parts > 0 => Status::Financed,
            status => status,
        }
    }

    /// Whether it is owed on a day after its due date; the business day on which it may still be
    /// paid is asked of the ledger's calendar.
    #[must_use]
    pub fn is_past_due(&self, today: CivilDate) -> bool {
        let owed = matches!(self.shown(), Status::Confirmed | Status::Financed);
        owed && today > self.due_date
    }

    /// With its id, as queries show it.
    #[must_use]
    pub fn response(self, id: String, overdue: bool) -> ReceivableResponse {
        ReceivableResponse {
            id,
            status: self.shown(),
            overdue,
            asset: self.asset,
            invoice_digest: self.invoice_digest,
            document_commitment: self.document_commitment,
            seller: self.seller,
            buyer: self.buyer,
            amount: self.amount,
            currency: self.currency,
            due_date: self.due_date,
            settled: self.settled,
            financier: self.financier,
        }
    }
}
