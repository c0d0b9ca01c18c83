//! Messages of the registry contract.

use blockworm_kit::claims::Claim;
use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::Binary;

/// Shortest time of a reservation, milliseconds: a second.
pub const MIN_RESERVATION_MS: u64 = 1_000;
/// Longest time that a bank may keep a document reserved without financing it, milliseconds: a week.
pub const MAX_RESERVATION_MS: u64 = 7 * 24 * 3_600 * 1_000;
/// How long a commitment counts, milliseconds of block time: ten minutes.
pub const COMMITMENT_LIFE_MS: u64 = 600_000;
/// Most blocks in which an earlier commitment may displace a claim.
pub const MAX_SETTLE_BLOCKS: u64 = 64;
/// So many blocks beyond `settle_blocks` a commitment must be old before a set is added under it.
pub const REREGISTER_BLOCKS: u64 = 2;
/// Most versions of the keys under which one claim is made.
pub const MAX_SETS: usize = 8;
/// Most fingerprints of one set.
pub const MAX_PARTS: usize = 64;
/// Most open claims with a share of one fingerprint.
pub const MAX_CLAIMS: usize = 64;
/// Most fingerprints of one question.
pub const MAX_CHECKED: usize = 128;
/// Most claims of one answer.
pub const MAX_PAGE: u32 = 100;

/// What the contract needs to begin.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct InstantiateMsg {
    /// The ledgers on which reserved documents are financed. Their proofs count once the consortium
    /// has pinned them under these names and somebody follows them.
    pub ledgers: Vec<TradeLedger>,
    /// The two organisations whose keys make the fingerprints, the first holder first.
    pub holders: (String, String),
    /// For how many blocks after a reservation an earlier commitment may still displace it: at least
    /// one more than the validators that may fail, at most [`MAX_SETTLE_BLOCKS`].
    pub settle_blocks: u64,
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

/// What one version of the keys makes of a document, and how much of it is claimed.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct DocumentSet {
    /// Of both holders' keys, from 1.
    pub version: u32,
    /// The fingerprint of the whole document; one of `parts`, with the claim's share.
    pub document: String,
    /// The claim's share of the document: 1 to [`blockworm_kit::claims::WHOLE`].
    pub share: u32,
    /// At most [`MAX_PARTS`], each fingerprint once.
    pub parts: Vec<Part>,
}

/// One of a document's fingerprints.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct Part {
    /// 64 lower-case hex digits.
    pub fingerprint: String,
    /// Above 0 a cap: the shares of all open claims add up to at most
    /// [`blockworm_kit::claims::WHOLE`]. 0 a mark, which is found and never refuses.
    pub share: u32,
}

/// What a bank's maker may ask, and a key holder's admin.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum ExecuteMsg {
    /// A key holder's next public key. Once both have published theirs, the version is in force. For
    /// admins of the two holders.
    PublishKey {
        /// The newest in force and one more.
        version: u32,
        /// 64 lower-case hex digits.
        public_key: String,
    },
    /// The bank is about to claim something that nobody learns from this.
    Commit {
        /// [`crate::commitment`], 64 lower-case hex digits.
        commitment: String,
    },
    /// Opens what was committed to in an earlier block, at most [`COMMITMENT_LIFE_MS`] ago, and
    /// reserves it.
    Reserve {
        /// Of the commitment, 64 lower-case hex digits.
        nonce: String,
        /// The ledger on which the bank will finance it, as this registry calls it.
        ledger: String,
        /// For how long, milliseconds of block time: [`MIN_RESERVATION_MS`] to
        /// [`MAX_RESERVATION_MS`].
        for_ms: u64,
        /// One for each version that [`QueryMsg::Keys`] requires, the oldest first.
        sets: Vec<DocumentSet>,
    },
    /// Adds what newer keys make of the document to the bank's open claim; also committed to, at
    /// least `settle_blocks` and [`REREGISTER_BLOCKS`] blocks before.
    Reregister {
        /// The claim.
        claim: u64,
        /// Of the commitment.
        nonce: String,
        /// One for each required version that the claim lacks.
        sets: Vec<DocumentSet>,
    },
    /// Makes the caller's bank's reservation a financing, by proof that the pledge under it stands on
    /// the trade's ledger. No time is too late for it.
    Confirm {
        /// The claim.
        claim: u64,
        /// Of the pledge's row.
        proof: Binary,
    },
    /// Ends an open claim, whoever's it is, because the trade's ledger proves that nothing can be
    /// financed under it any more: its pledge has ended, its bank forwent it, or its time has passed
    /// there without a pledge.
    Release {
        /// The claim.
        claim: u64,
        /// Of the pledge's row, or of its absence.
        proof: Binary,
    },
    /// Frees what a displaced claim left behind: its marks, and entries that nobody has come across.
    Clear {
        /// The claim.
        claim: u64,
    },
}

/// What anybody on the ledger may read.
#[cw_serde]
#[derive(Eq, QueryResponses)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum QueryMsg {
    /// Where each of at most [`MAX_CHECKED`] fingerprints stands, in their order.
    #[returns(Vec<Checked>)]
    Check {
        /// 64 lower-case hex digits each.
        fingerprints: Vec<String>,
    },
    /// Whose keys make the fingerprints, and under which versions a document must be known now.
    #[returns(KeysResponse)]
    Keys {},
    /// One claim, or `null`.
    #[returns(Option<Claim>)]
    Claim {
        /// Its number.
        claim: u64,
    },
    /// What a claim is made on; empty where there is none.
    #[returns(Vec<DocumentSet>)]
    Parts {
        /// The claim's number.
        claim: u64,
    },
    /// Every claim that was ever made on a share of a fingerprint, newest first.
    #[returns(Vec<NumberedClaim>)]
    Claims {
        /// 64 lower-case hex digits.
        fingerprint: String,
        /// The last number of the page before.
        start_before: Option<u64>,
        /// At most [`MAX_PAGE`], which it is when left out.
        limit: Option<u32>,
    },
    /// A bank's newest open claim on a share of a fingerprint, or `null`.
    #[returns(Option<NumberedClaim>)]
    Open {
        /// The organisation.
        bank: String,
        /// 64 lower-case hex digits.
        fingerprint: String,
    },
    /// What the contract began with.
    #[returns(InstantiateMsg)]
    Config {},
}

/// Where a fingerprint stands.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum Standing {
    /// Nobody claims a share of it.
    Free,
    /// Somebody does, until the trade's ledger shows that it no longer can finance it.
    Reserved,
    /// Somebody has financed a share of it.
    Financed,
}

/// What is said of one fingerprint: never whose the claims are.
#[cw_serde]
#[derive(Eq)]
pub struct Checked {
    /// Where it stands.
    pub standing: Standing,
    /// What the open claims' shares add up to.
    pub taken: u32,
    /// Whether an open claim bears it as a mark.
    pub marked: bool,
    /// Until when the reserved shares can be financed, milliseconds since 1970; from then on each is
    /// financed or can be released by proof.
    pub reserved_until_ms: Option<u64>,
}

/// The answer to [`QueryMsg::Keys`].
#[cw_serde]
#[derive(Eq)]
pub struct KeysResponse {
    /// The two organisations, the first holder first.
    pub holders: (String, String),
    /// Every version that is or was in force, the oldest first.
    pub in_force: Vec<KeyPair>,
    /// The next version, as far as it is published.
    pub pending: (Option<String>, Option<String>),
    /// The versions under which a document must be known to be claimed, the oldest first.
    pub required: Vec<u32>,
}

/// One version of the keys.
#[cw_serde]
#[derive(Eq)]
pub struct KeyPair {
    /// From 1.
    pub version: u32,
    /// The first holder's and the second's.
    pub public_keys: (String, String),
}

/// A claim with its number.
#[cw_serde]
#[derive(Eq)]
pub struct NumberedClaim {
    /// Its place among all claims of the registry, from 0.
    pub number: u64,
    /// The claim.
    pub claim: Claim,
}
