//! Messages of the evidence contract.

use crate::state::RelationKind;
use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::Uint64;

/// Most deposits of one message.
pub const MAX_DEPOSITS: usize = 64;
/// Most organisations that a matter has as parties.
pub const MAX_PARTIES: usize = 16;
/// Most entries of a matter. With the limits below, all rows of a matter and of everyone named in it
/// fit one proof of the state.
pub const MAX_ENTRIES: u32 = 128;
/// Most attestations in a matter, withdrawn ones too.
pub const MAX_ATTESTATIONS: u32 = 64;
/// Most acts of a matter's parties (`dispute`, `retain`, `close`), and as many of courts and notaries
/// (`decide`, `hold`, `release`, `withdraw`): neither side can use up the other's. Each entry may be
/// erased besides.
pub const MAX_ACTS_A_SIDE: u32 = 64;
/// Most of those by one party, so that no party can use up the others' disputes.
pub const MAX_ACTS_A_PARTY: u32 = 16;
/// How far a capture may lie ahead of the block: clocks of devices and of validators differ.
pub const CAPTURE_TOLERANCE_MS: u64 = 60_000;
/// How far ahead a retention may end: a hundred years of 365.25 days.
pub const MAX_RETENTION_MS: u64 = 36_525 * 24 * 3_600_000;
/// Most rows of a page.
pub const MAX_PAGE: u32 = 100;

/// What the contract needs to begin: nothing.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct InstantiateMsg {}

/// One file of which the ledger shall remember that it was there.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub struct Deposit {
    /// The matter that it belongs to; opened by its first deposit: 1 to 64 of `a-z 0-9 -`.
    pub matter: String,
    /// Which phase of the matter it shows, `contract`, `delivery`, …: 1 to 32 of `a-z 0-9 -`.
    pub phase: String,
    /// What it is, `invoice`, `photo`, …: likewise.
    pub kind: String,
    /// How it came into the system, `upload`, `scan`, `export`, `camera`, …: likewise.
    pub method: String,
    /// Salted digest of the file, 64 lower-case hex digits.
    pub commitment: String,
    /// Bytes of the file, more than zero.
    pub size: Uint64,
    /// Salted digest of the capture record.
    pub capture: String,
    /// When it was captured, milliseconds since 1970.
    pub captured_ms: Uint64,
}

/// What a member may ask.
#[cw_serde]
#[derive(Eq)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum ExecuteMsg {
    /// Opens a matter for several parties; the caller's organisation is always one of them.
    Open {
        /// The matter: 1 to 64 of `a-z 0-9 -`.
        matter: String,
        /// Slugs of organisations; each may deposit.
        parties: Vec<String>,
    },
    /// Adds entries to matters, all of them or none. For parties.
    Deposit {
        /// 1 to [`MAX_DEPOSITS`].
        deposits: Vec<Deposit>,
    },
    /// A notary or a court says of an entry what it found.
    Attest {
        /// The matter.
        matter: String,
        /// The entry's number.
        entry: u32,
        /// What it says, `seen-original`, …: 1 to 32 of `a-z 0-9 -`.
        statement: String,
        /// Salted digest of its findings.
        findings: Option<String>,
    },
    /// The organisation that attested takes that back.
    Withdraw {
        /// The matter.
        matter: String,
        /// The attestation's number.
        attestation: u32,
    },
    /// A party says that an entry is not what it seems.
    Dispute {
        /// The matter.
        matter: String,
        /// The entry's number.
        entry: u32,
        /// Digest of its reasons.
        document: String,
    },
    /// A court decides a dispute.
    Decide {
        /// The matter.
        matter: String,
        /// The dispute's number among the acts.
        dispute: u32,
        /// `upheld`, `dismissed`, …: 1 to 32 of `a-z 0-9 -`.
        outcome: String,
        /// Digest of the decision.
        document: String,
    },
    /// A party lengthens how long originals are kept.
    Retain {
        /// The matter.
        matter: String,
        /// Until when, milliseconds since 1970.
        until_ms: Uint64,
    },
    /// A court or a notary forbids to erase anything.
    Hold {
        /// The matter.
        matter: String,
        /// Digest of the order.
        document: String,
    },
    /// A court lifts that.
    Release {
        /// The matter.
        matter: String,
        /// Digest of the order.
        document: String,
    },
    /// The depositor's organisation says that it destroyed the original. The entry stays.
    Erase {
        /// The matter.
        matter: String,
        /// The entry's number.
        entry: u32,
    },
    /// The organisation that opened the matter ends it: no more deposits.
    Close {
        /// The matter.
        matter: String,
    },
    /// The caller's organisation states its relation to another. For its admins.
    Declare {
        /// The other organisation's slug.
        to: String,
        /// What they are to each other.
        relation: RelationKind,
    },
}

/// What anybody on the ledger may read.
#[cw_serde]
#[derive(Eq, QueryResponses)]
#[serde(deny_unknown_fields)]
#[schemaifier(mute_warnings)]
pub enum QueryMsg {
    /// One matter, or `null`.
    #[returns(Option<crate::state::Matter>)]
    Matter {
        /// Its id.
        matter: String,
    },
    /// A page of matters in order of id.
    #[returns(Vec<crate::state::Matter>)]
    Matters {
        /// The last id of the page before.
        start_after: Option<String>,
        /// At most 100; 30 when left out.
        limit: Option<u32>,
    },
    /// A page of a matter's entries by number.
    #[returns(Vec<crate::state::Entry>)]
    Entries {
        /// The matter.
        matter: String,
        /// The number to begin with.
        from: Option<u32>,
        /// At most 100, which is also the default.
        limit: Option<u32>,
    },
    /// The entry of a matter that has this commitment, or `null`.
    #[returns(Option<crate::state::Entry>)]
    ByCommitment {
        /// The matter.
        matter: String,
        /// 64 lower-case hex digits.
        commitment: String,
    },
    /// A page of a matter's attestations by number.
    #[returns(Vec<crate::state::Attestation>)]
    Attestations {
        /// The matter.
        matter: String,
        /// The number to begin with.
        from: Option<u32>,
        /// At most 100, which is also the default.
        limit: Option<u32>,
    },
    /// A page of what else happened in a matter, by number.
    #[returns(Vec<crate::state::Act>)]
    Acts {
        /// The matter.
        matter: String,
        /// The number to begin with.
        from: Option<u32>,
        /// At most 100, which is also the default.
        limit: Option<u32>,
    },
    /// A page of what organisations say of their relations, in order of who says it and to whom.
    #[returns(Vec<crate::state::Relation>)]
    Relations {
        /// Of one organisation alone.
        organisation: Option<String>,
        /// Who spoke in the last row of the page before, and of whom.
        start_after: Option<(String, String)>,
        /// At most 100, which is also the default.
        limit: Option<u32>,
    },
}
