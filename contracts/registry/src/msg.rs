//! Messages of the registry contract.

use blockworm_kit::claims::Claim;
use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::Binary;

/// Shortest time of a reservation, milliseconds: a second.
pub const MIN_RESERVATION_MS: u64 = 1_000;
/// Longest time that a bank may keep a document reserved without financing it, milliseconds: a week.
pub const MAX_RESERVATION_MS: u64 = 7 * 24 * 3_600 * 1_000;

/// What the contract needs to begin.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct InstantiateMsg {
    /// The ledgers on which reserved documents are financed. Their proofs count once the consortium
    /// has pinned them under these names and somebody follows them.
    pub ledgers: Vec<TradeLedger>,
}

/// A ledger on which banks finance.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct TradeLedger {
    /// What it is pinned as here.
    pub name: String,
    /// The contract there that holds the pledges.
    pub contract: String,
}

/// What a bank's maker may ask. A fingerprint is 64 lower-case hex digits; every bank that sees the
/// same document computes the same one, and who does not see the document learns nothing from it.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum ExecuteMsg {
    /// Keeps everybody else from financing a document for a while.
    Reserve {
        /// The document.
        fingerprint: String,
        /// The ledger on which the bank will finance it, as this registry calls it.
        ledger: String,
        /// For how long, milliseconds of block time: [`MIN_RESERVATION_MS`] to
        /// [`MAX_RESERVATION_MS`].
        for_ms: u64,
    },
    /// Makes the caller's bank's reservation a financing, by proof that the pledge under it stands on
    /// the trade's ledger. No time is too late for it.
    Confirm {
        /// The document.
        fingerprint: String,
        /// Of the pledge's row.
        proof: Binary,
    },
    /// Ends the open claim, whoever's it is, because the trade's ledger proves that nothing can be
    /// financed under it any more: its pledge has ended, its bank forwent it, or its time has passed
    /// there without a pledge.
    Release {
        /// The document.
        fingerprint: String,
        /// Of the pledge's row, or of its absence.
        proof: Binary,
    },
}

/// What anybody on the ledger may read.
#[cw_serde]
#[derive(Eq, QueryResponses)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum QueryMsg {
    /// Where a document stands.
    #[returns(StandingResponse)]
    Standing {
        /// The document.
        fingerprint: String,
    },
    /// The newest claim on a document with its number, or `null`.
    #[returns(Option<NumberedClaim>)]
    Newest {
        /// The document.
        fingerprint: String,
    },
    /// What the contract began with.
    #[returns(InstantiateMsg)]
    Config {},
    /// Every claim that was ever made on a document, oldest first.
    #[returns(Vec<Claim>)]
    History {
        /// The document.
        fingerprint: String,
    },
}

/// Where a document stands.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum Standing {
    /// Nobody claims it.
    Free,
    /// A bank keeps it, until the trade's ledger shows that it no longer can finance it.
    Reserved,
    /// A bank has financed it.
    Financed,
}

/// The answer to [`QueryMsg::Standing`].
#[cw_serde]
#[derive(Eq)]
pub struct StandingResponse {
    /// Where it stands.
    pub standing: Standing,
    /// Until when it can be financed under the reservation, milliseconds since 1970; afterwards a
    /// proof that it was not ends the reservation.
    pub reserved_until_ms: Option<u64>,
}

/// The answer to [`QueryMsg::Newest`].
#[cw_serde]
#[derive(Eq)]
pub struct NumberedClaim {
    /// Its place among the document's claims, from 0.
    pub number: u32,
    /// The claim.
    pub claim: Claim,
}
