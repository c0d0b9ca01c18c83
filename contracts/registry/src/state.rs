//! All keys of the registry contract.

use crate::msg::{Claim, Standing};
use cosmwasm_std::{StdResult, Storage};
use cw_storage_plus::Map;

/// Fingerprint → how many claims were made on it. A claim's number is its place, from 0.
pub const COUNTS: Map<&str, u32> = Map::new("n");

/// (Fingerprint, number) → claim. Claims are never removed, so that "nobody claimed it then" stays
/// provable later.
pub const CLAIMS: Map<(&str, u32), Claim> = Map::new("c");

impl Claim {
    /// Where it leaves its document at this time: deadlines count when they are looked at.
    #[must_use]
    pub fn standing(&self, time_ms: u64) -> Standing {
        match (self.end, self.financed_at) {
            (Some(_), _) => Standing::Free,
            (None, Some(_)) => Standing::Financed,
            (None, None) if time_ms < self.reserved_until_ms => Standing::Reserved,
            (None, None) => Standing::Free,
        }
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
