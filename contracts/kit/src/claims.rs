//! What the registry and a trade's ledger read of each other: claims, pledges, where they are stored, and what a document is known by.

use cosmwasm_schema::cw_serde;
use cw_storage_plus::Map;
use sha2::{Digest as _, Sha256};

/// First part of what is hashed; a change of the form changes the number in it.
const DOMAIN: &[u8] = b"blockworm/registry-fingerprint/1";

/// In the registry: (fingerprint, number) → claim. A document's claims are numbered from 0. They
/// are never removed, so that "nobody claimed it then" stays provable later.
pub const CLAIMS: Map<(&str, u32), Claim> = Map::new("c");

/// On a trade's ledger: (fingerprint, the claim's number, the claiming bank) → pledge. Written
/// once, ended at most once, never removed. The bank is part of the key, so that what another bank
/// writes under the same number says nothing about this one's claim.
pub const PLEDGES: Map<(&str, u32, &str), Pledge> = Map::new("p");

/// A bank's claim on a document: an interval that is opened and closed, never removed.
#[cw_serde]
#[derive(Eq)]
pub struct Claim {
    /// The organisation that claimed.
    pub bank: String,
    /// What the registry calls the ledger on which the bank may finance.
    pub ledger: String,
    /// The block that reserved it.
    pub reserved_at: u64,
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

/// How a claim ended.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum End {
    /// Its bank forwent it, or was paid.
    Released,
    /// Its time passed before anything was financed.
    Expired,
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
pub fn claim_key(fingerprint: &str, number: u32) -> Vec<u8> {
    CLAIMS.key((fingerprint, number)).to_vec()
}

/// The pledge's key in the state of the trade's contract.
#[must_use]
pub fn pledge_key(fingerprint: &str, number: u32, bank: &str) -> Vec<u8> {
    PLEDGES.key((fingerprint, number, bank)).to_vec()
}

/// What the registry knows a document by: SHA-256 of `blockworm/registry-fingerprint/1` and the
/// digest of the document's identity. Everybody who holds the document computes the same; the value
/// differs from the digest on the trade's ledger, so that reading one does not index the other.
#[must_use]
pub fn fingerprint(identity: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update(identity);
    hash.finalize().into()
}

/// As [`fingerprint`], from and to 64 lower-case hex digits; `None` for any other text.
#[must_use]
pub fn fingerprint_text(identity: &str) -> Option<String> {
    if !crate::is_digest(identity) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(identity.as_bytes().chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    let digits = fingerprint(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contracts of other ledgers ask for these very bytes.
    #[test]
    fn keys_are_where_the_rows_stand() {
        let key = claim_key("ab", 7);
        assert_eq!(key, b"\x00\x01c\x00\x02ab\x00\x00\x00\x07");
        let key = pledge_key("ab", 7, "bank");
        assert_eq!(key, b"\x00\x01p\x00\x02ab\x00\x04\x00\x00\x00\x07bank");
    }

    /// `printf blockworm/registry-fingerprint/1 | cat - 32-zero-bytes | sha256sum`
    #[test]
    fn a_fingerprint_is_what_sha256sum_says() {
        let expected = "2bcaacacd3ee8f6ee937e897481d6f4aad0fbdd8352cdc040040a1807a47f586";
        assert_eq!(fingerprint_text(&"00".repeat(32)).unwrap(), expected);
        for bad in ["", "00", &"0G".repeat(32), &"AB".repeat(32)] {
            assert_eq!(fingerprint_text(bad), None);
        }
    }
}
