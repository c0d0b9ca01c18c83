//! Messages of the registry contract.

use cosmwasm_schema::{QueryResponses, cw_serde};

/// Longest time that a bank may keep a document reserved without financing it, milliseconds: a week.
pub const MAX_RESERVATION_MS: u64 = 7 * 24 * 3_600 * 1_000;

/// What the contract needs to begin: nothing.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct InstantiateMsg {}

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
        /// For how long, milliseconds of block time: 1 to [`MAX_RESERVATION_MS`].
        for_ms: u64,
    },
    /// Makes the caller's bank's reservation a financing, which ends only by its release.
    Confirm {
        /// The document.
        fingerprint: String,
    },
    /// Ends the caller's bank's reservation or financing.
    Release {
        /// The document.
        fingerprint: String,
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
    /// A bank keeps it until its reservation ends.
    Reserved,
    /// A bank has financed it.
    Financed,
}

/// The answer to [`QueryMsg::Standing`].
#[cw_serde]
#[derive(Eq)]
pub struct StandingResponse {
    /// Where it stands at the block's time.
    pub standing: Standing,
    /// When the reservation ends, milliseconds since 1970.
    pub reserved_until_ms: Option<u64>,
}

/// How a claim ended.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum End {
    /// Its bank gave it up, or was paid.
    Released,
    /// Its time passed before it was financed.
    Expired,
}

/// A bank's claim on a document: an interval that is opened and closed, never removed.
#[cw_serde]
#[derive(Eq)]
pub struct Claim {
    /// The organisation that claimed.
    pub bank: String,
    /// The block that reserved it.
    pub reserved_at: u64,
    /// When the reservation ends unless it is financed, milliseconds since 1970.
    pub reserved_until_ms: u64,
    /// The block that made it a financing.
    pub financed_at: Option<u64>,
    /// The block that wrote its end down.
    pub ended_at: Option<u64>,
    /// How it ended.
    pub end: Option<End>,
}
