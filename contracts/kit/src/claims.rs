//! What the registry and a trade's ledger read of each other: claims, pledges, where they are stored, and what share of a document is claimed.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::Uint128;
use cw_storage_plus::Map;

/// A whole document, in the parts that shares count: one is a part in 10^9.
pub const WHOLE: u32 = 1_000_000_000;

/// In the registry: number → claim. Numbers count from 0 over the whole registry. Claims are never
/// removed, so that what was claimed when stays provable later.
pub const CLAIMS: Map<u64, Claim> = Map::new("c");

/// On a trade's ledger: (the claim's number, the claiming bank) → pledge. Written once, ended at most
/// once, never removed. The bank is part of the key, so that what another bank writes under the same
/// number says nothing about this one's claim.
pub const PLEDGES: Map<(u64, &str), Pledge> = Map::new("p");

/// A bank's claim on a share of a document: an interval that is opened and closed, never removed.
#[cw_serde]
#[derive(Eq)]
pub struct Claim {
    /// The organisation that claimed.
    pub bank: String,
    /// What the registry calls the ledger on which the bank may finance.
    pub ledger: String,
    /// What the document is known by under each version of the key holders' keys, oldest first.
    pub documents: Vec<KnownAs>,
    /// The block that held the bank's commitment to it.
    pub committed_at: u64,
    /// The block that reserved it.
    pub reserved_at: u64,
    /// From the state after this block on no earlier commitment can displace it, and the bank may
    /// finance under it.
    pub firm_at: u64,
    /// From this time of the trade's ledger on nobody can finance under the claim, milliseconds
    /// since 1970.
    pub reserved_until_ms: u64,
    /// The block that made it a financing.
    pub financed_at: Option<u64>,
    /// The block that wrote its end down.
    pub ended_at: Option<u64>,
    /// How it ended.
    pub end: Option<End>,
}

/// A document under one version of the key holders' keys.
#[cw_serde]
#[derive(Eq)]
pub struct KnownAs {
    /// Of the keys, from 1.
    pub version: u32,
    /// Of the whole document, 64 lower-case hex digits.
    pub fingerprint: String,
    /// How much of it is claimed, in parts of [`WHOLE`]; the same under every version.
    pub share: u32,
}

/// How a claim ended.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum End {
    /// Its bank forwent it, or was paid.
    Released,
    /// Its time passed before anything was financed.
    Expired,
    /// A bank that had committed itself in an earlier block took its place before it was firm.
    Displaced,
}

/// What became of a bank's claim on the trade's ledger.
#[cw_serde]
#[derive(Eq)]
pub struct Pledge {
    /// The organisation.
    pub bank: String,
    /// Where it stands.
    pub state: PledgeState,
    /// The block that wrote it.
    pub height: u64,
    /// The block that ended it, where it has.
    pub ended_at: Option<u64>,
}

/// Where a pledge stands. It moves from `pledged` to `ended` and no other way.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum PledgeState {
    /// The bank has financed the document.
    Pledged,
    /// The debt was paid.
    Ended,
    /// The bank will never finance under this claim.
    Forgone,
}

/// The claim's key in the registry's state.
#[must_use]
pub fn claim_key(number: u64) -> Vec<u8> {
    CLAIMS.key(number).to_vec()
}

/// The pledge's key in the state of the trade's contract.
#[must_use]
pub fn pledge_key(number: u64, bank: &str) -> Vec<u8> {
    PLEDGES.key((number, bank)).to_vec()
}

/// How much of a document that is worth `whole` the part `amount` is, in parts of [`WHOLE`]: rounded
/// down, at least 1. `None` where there is no such part: `amount` is nothing or more than `whole`.
///
/// Rounded down, disjoint parts of one document add up to at most [`WHOLE`] and always fit beside each
/// other; what rounding loses is less than one part in 10^9 for each of them. A part below that counts
/// as one, so that no claim is for nothing: only such crumbs can be refused for want of room.
#[must_use]
pub fn share(amount: Uint128, whole: Uint128) -> Option<u32> {
    if amount.is_zero() || amount > whole {
        return None;
    }
    let parts = Uint128::from(WHOLE).multiply_ratio(amount, whole);
    u32::try_from(parts.u128()).ok().map(|parts| parts.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contracts of other ledgers ask for these very bytes.
    #[test]
    fn keys_are_where_the_rows_stand() {
        assert_eq!(claim_key(7), b"\x00\x01c\x00\x00\x00\x00\x00\x00\x00\x07");
        let key = pledge_key(7, "bank");
        assert_eq!(
            key,
            b"\x00\x01p\x00\x08\x00\x00\x00\x00\x00\x00\x00\x07bank"
        );
    }

    #[test]
    fn disjoint_parts_fit_beside_each_other() {
        let of = |amount: u128, whole: u128| share(Uint128::new(amount), Uint128::new(whole));
        assert_eq!(of(1, 1), Some(WHOLE));
        assert_eq!(of(u128::MAX, u128::MAX), Some(WHOLE));
        assert_eq!(of(1, 3), Some(333_333_333));
        assert_eq!(of(2, 3), Some(666_666_666));
        assert_eq!(of(1, u128::MAX), Some(1), "a crumb counts");
        assert_eq!(of(u128::MAX - 1, u128::MAX), Some(WHOLE - 1));
        for (amount, whole) in [(0, 1), (0, 0), (2, 1), (1, 0)] {
            assert_eq!(of(amount, whole), None);
        }
        for whole in [7u128, 1_000, 123_456_789_012, u128::MAX / 3] {
            let parts = [whole / 7, whole / 3, whole / 2 - whole / 3];
            let rest = whole - parts.iter().sum::<u128>();
            let shares = parts
                .iter()
                .chain([&rest])
                .filter_map(|part| of(*part, whole));
            let sum: u32 = shares.sum();
            assert!(sum <= WHOLE && sum + 4 > WHOLE, "{whole}: {sum}");
        }
    }
}
