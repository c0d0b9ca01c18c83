//! All keys of the receivable contract.

use crate::msg::{HistoryEntry, ReceivableResponse, RegistryPlace, Status};
use blockworm_kit::{CivilDate, Currency};
use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Uint128};
use cw_storage_plus::{Item, Map};
use std::collections::BTreeMap;

/// Name of the money contract.
pub const MONEY: Item<Addr> = Item::new("money");

/// Where banks reserve documents; absent where there is no registry. Pledges under those
/// reservations stand under `blockworm_kit::claims::PLEDGES`.
pub const REGISTRY: Item<RegistryPlace> = Item::new("registry");

/// Id → receivable.
pub const RECEIVABLES: Map<&str, Receivable> = Map::new("r");

/// Invoice digest → id; never removed, so that an invoice is registered once for good.
pub const INVOICES: Map<&str, String> = Map::new("i");

/// A receivable as stored.
#[cw_serde]
#[derive(Eq)]
pub struct Receivable {
    /// Digest of the invoice's identity.
    pub invoice_digest: String,
    /// Salted digest of the invoice's file.
    pub document_commitment: Option<String>,
    /// Who issued it and is paid for it.
    pub seller: String,
    /// Who owes.
    pub buyer: String,
    /// Minor units owed.
    pub amount: Uint128,
    /// ISO 4217.
    pub currency: Currency,
    /// When the buyer must pay.
    pub due_date: CivilDate,
    /// What the seller asks of a financier.
    pub price: Uint128,
    /// The number of the registry's claim under which it was financed.
    pub claim: Option<u64>,
    /// What its invoice was known by there, by key version.
    pub documents: BTreeMap<u32, String>,
    /// Every step so far, at most one for each status.
    pub history: Vec<HistoryEntry>,
}

impl Receivable {
    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.history
            .last()
            .map_or(Status::Issued, |entry| entry.status)
    }

    /// Who bought it.
    #[must_use]
    pub fn financier(&self) -> Option<&str> {
        let bought = self
            .history
            .iter()
            .find(|entry| entry.status == Status::Financed);
        bought.map(|entry| entry.by.as_str())
    }

    /// Whom the buyer owes: the financier once there is one, else the seller.
    #[must_use]
    pub fn holder(&self) -> &str {
        self.financier().unwrap_or(&self.seller)
    }

    /// With its id, as queries show it.
    #[must_use]
    pub fn response(self, id: String) -> ReceivableResponse {
        let financier = self.financier().map(str::to_owned);
        ReceivableResponse {
            id,
            status: self.status(),
            holder: self.holder().to_owned(),
            financier,
            invoice_digest: self.invoice_digest,
            document_commitment: self.document_commitment,
            seller: self.seller,
            buyer: self.buyer,
            amount: self.amount,
            currency: self.currency,
            due_date: self.due_date,
            price: self.price,
        }
    }
}
