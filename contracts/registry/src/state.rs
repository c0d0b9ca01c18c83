//! All keys of the registry contract, beside the claims that contracts of other ledgers read too.

use crate::msg::{Standing, TradeLedger};
use blockworm_kit::claims::{CLAIMS, Claim};
use cosmwasm_std::{StdResult, Storage};
use cw_storage_plus::{Item, Map};

/// The ledgers on which reserved documents are financed.
pub const LEDGERS: Item<Vec<TradeLedger>> = Item::new("ledgers");

/// Fingerprint → how many claims were made on it. A claim's number is its place, from 0.
pub const COUNTS: Map<&str, u32> = Map::new("n");

/// Where a claim leaves its document. No clock of the registry decides it: a reservation stands
/// until the trade's ledger shows that nothing was or can be financed under it.
#[must_use]
pub const fn standing(claim: &Claim) -> Standing {
    match (claim.end, claim.financed_at) {
        (Some(_), _) => Standing::Free,
        (None, Some(_)) => Standing::Financed,
        (None, None) => Standing::Reserved,
    }
}

/// The newest claim on a document and its number.
pub fn newest(storage: &dyn Storage, fingerprint: &str) -> StdResult<Option<(u32, Claim)>> {
    let count = COUNTS.may_load(storage, fingerprint)?.unwrap_or(0);
    let Some(number) = count.checked_sub(1) else {
        return Ok(None);
    };
    let claim = CLAIMS.load(storage, (fingerprint, number))?;
    Ok(Some((number, claim)))
}
