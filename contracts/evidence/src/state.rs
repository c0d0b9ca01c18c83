//! All keys of the evidence contract. Proofs show these rows to outsiders: docs/contracts/evidence.md draws them.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::Uint64;
use cw_storage_plus::Map;
use std::collections::BTreeMap;

/// Id → matter; never removed.
pub const MATTERS: Map<&str, Matter> = Map::new("matters");

/// (matter, number from 1) → entry; never removed, and nothing of it changes but `erased`, once.
pub const ENTRIES: Map<(&str, u32), Entry> = Map::new("entries");

/// (matter, number from 1) → attestation; never removed, and nothing of it changes but `withdrawn`, once.
pub const ATTESTATIONS: Map<(&str, u32), Attestation> = Map::new("attestations");

/// (matter, number from 1) → what else happened; written once.
pub const ACTS: Map<(&str, u32), Act> = Map::new("acts");

/// (who says it, of whom) → the newest statement.
pub const RELATIONS: Map<(&str, &str), Relation> = Map::new("relations");

/// (matter, commitment) → the entry's number.
pub const COMMITTED: Map<(&str, &[u8]), u32> = Map::new("c");

/// Matter → what is counted about its acts; absent before the first.
pub const TALLIES: Map<&str, Tally> = Map::new("t");

/// (matter, number of an act that is a dispute and undecided) → the entry that it is about; removed by the decision.
pub const OPEN_DISPUTES: Map<(&str, u32), u32> = Map::new("d");

/// What belongs together: a contract and what came of it.
#[cw_serde]
#[derive(Eq)]
pub struct Matter {
    /// Its id.
    pub id: String,
    /// The member who opened it.
    pub opened_by: String,
    /// Slugs of the organisations that may deposit, ordered; the opener's is among them.
    pub parties: Vec<String>,
    /// How many entries it has.
    pub entries: u32,
    /// How many attestations.
    pub attestations: u32,
    /// How many acts.
    pub acts: u32,
    /// The newest entry's link; 64 zeros before the first.
    pub head: String,
    /// Whether deposits have ended.
    pub closed: bool,
    /// Until when no original may be destroyed, milliseconds since 1970.
    pub retain_until_ms: Option<Uint64>,
    /// The act by which a court or a notary forbade to destroy anything, while it is in force.
    pub hold: Option<u32>,
    /// The block that opened it.
    pub height: u64,
    /// That block's time, milliseconds since 1970.
    pub time_ms: Uint64,
    /// The transaction that opened it, 64 hex digits.
    pub transaction: String,
}

/// A file of which the ledger remembers that it was there.
#[cw_serde]
#[derive(Eq)]
pub struct Entry {
    /// In its matter, from 1.
    pub number: u32,
    /// Which phase of the matter it shows.
    pub phase: String,
    /// What it is.
    pub kind: String,
    /// Salted digest of the file.
    pub commitment: String,
    /// Bytes of the file.
    pub size: Uint64,
    /// Salted digest of the capture record.
    pub capture: String,
    /// How it came into the system.
    pub method: String,
    /// When, by its depositor's own account, milliseconds since 1970.
    pub captured_ms: Uint64,
    /// The member who deposited it.
    pub by: String,
    /// That member's organisation.
    pub organisation: String,
    /// The block.
    pub height: u64,
    /// Its time, milliseconds since 1970.
    pub time_ms: Uint64,
    /// The transaction, 64 hex digits.
    pub transaction: String,
    /// What chains it to the entries before ([`crate::chain`]).
    pub link: String,
    /// The act by which its depositor said that the original was destroyed.
    pub erased: Option<u32>,
}

/// What a notary or a court says of an entry.
#[cw_serde]
#[derive(Eq)]
pub struct Attestation {
    /// In its matter, from 1.
    pub number: u32,
    /// The entry's number.
    pub entry: u32,
    /// What it says.
    pub statement: String,
    /// Salted digest of its findings.
    pub findings: Option<String>,
    /// The member.
    pub by: String,
    /// That member's organisation.
    pub organisation: String,
    /// The role by which it could.
    pub role: String,
    /// The block.
    pub height: u64,
    /// Its time, milliseconds since 1970.
    pub time_ms: Uint64,
    /// The transaction, 64 hex digits.
    pub transaction: String,
    /// The block in which the organisation took it back.
    pub withdrawn: Option<u64>,
}

/// Something else that happened in a matter.
#[cw_serde]
#[derive(Eq)]
pub struct Act {
    /// In its matter, from 1.
    pub number: u32,
    /// What.
    pub act: ActKind,
    /// The entry that it is about.
    pub entry: Option<u32>,
    /// The act, or for `withdraw` the attestation, that it is about.
    pub of: Option<u32>,
    /// How a dispute ended.
    pub outcome: Option<String>,
    /// Digest of what it rests on.
    pub document: Option<String>,
    /// Until when originals are kept, milliseconds since 1970.
    pub until_ms: Option<Uint64>,
    /// The member.
    pub by: String,
    /// That member's organisation.
    pub organisation: String,
    /// The block.
    pub height: u64,
    /// Its time, milliseconds since 1970.
    pub time_ms: Uint64,
    /// The transaction, 64 hex digits.
    pub transaction: String,
}

/// What an act is.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum ActKind {
    /// A party disputes an entry.
    Dispute,
    /// A court decides a dispute.
    Decide,
    /// Nothing may be erased.
    Hold,
    /// That is lifted.
    Release,
    /// Originals are kept longer.
    Retain,
    /// An original was destroyed.
    Erase,
    /// Deposits have ended.
    Close,
    /// An attestation was taken back.
    Withdraw,
}

impl ActKind {
    /// As messages, events and rows name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dispute => "dispute",
            Self::Decide => "decide",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Retain => "retain",
            Self::Erase => "erase",
            Self::Close => "close",
            Self::Withdraw => "withdraw",
        }
    }
}

/// What an organisation says that it is to another.
#[cw_serde]
#[derive(Eq)]
pub struct Relation {
    /// Who says it.
    pub organisation: String,
    /// Of whom.
    pub to: String,
    /// What.
    pub relation: RelationKind,
    /// The block.
    pub height: u64,
    /// Its time, milliseconds since 1970.
    pub time_ms: Uint64,
    /// The transaction, 64 hex digits.
    pub transaction: String,
    /// The member.
    pub by: String,
}

/// What the organisation that speaks is to the other.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum RelationKind {
    /// Nothing that would make it partial.
    None,
    /// It owns the other, or a part of it.
    Owner,
    /// The other owns it, or a part of it.
    Subsidiary,
    /// Somebody else owns both, or a part of both.
    Affiliate,
    /// It buys from the other.
    Customer,
    /// It sells to the other.
    Supplier,
    /// It employs the other, or its people.
    Employer,
    /// It works for the other.
    Contractor,
    /// Something else.
    Other,
}

impl RelationKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::None,
        Self::Owner,
        Self::Subsidiary,
        Self::Affiliate,
        Self::Customer,
        Self::Supplier,
        Self::Employer,
        Self::Contractor,
        Self::Other,
    ];

    /// As messages, events and rows name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Owner => "owner",
            Self::Subsidiary => "subsidiary",
            Self::Affiliate => "affiliate",
            Self::Customer => "customer",
            Self::Supplier => "supplier",
            Self::Employer => "employer",
            Self::Contractor => "contractor",
            Self::Other => "other",
        }
    }
}

/// What is counted about a matter's acts.
#[cw_serde]
#[derive(Eq, Default)]
pub struct Tally {
    /// By each party.
    pub parties: BTreeMap<String, u32>,
    /// By courts and notaries.
    pub officials: u32,
    /// Disputes that no court has decided.
    pub disputes: u32,
}
