//! What the API answers about proposals, policies and calendars.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// One thing that a proposal would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DifferenceView {
    /// Which thing.
    pub what: String,
    /// As it was when the change was proposed.
    pub before: String,
    /// As the change makes it.
    pub after: String,
}

/// An organisation's vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoteView {
    /// Whose vote.
    pub organisation: String,
    /// The admin who cast it.
    pub member: String,
    /// Yes or no.
    pub approve: bool,
    /// In which block.
    pub height: u64,
}

/// A change that the consortium was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProposalView {
    /// Its number on the ledger.
    pub number: u64,
    /// The change, as the contract `proposals` takes it.
    #[schema(value_type = Object)]
    pub action: Value,
    /// SHA-256 of the change's canonical bytes, which every vote names.
    pub digest: String,
    /// What it would change, for people.
    pub differences: Vec<DifferenceView>,
    /// The block that proposed it.
    pub proposed_at: u64,
    /// Block time until which it may be voted on, milliseconds since 1970.
    pub expires_at_ms: u64,
    /// The votes, in order; the first is the proposer's.
    pub votes: Vec<VoteView>,
    /// `open`, `accepted`, `rejected` or `expired`.
    pub outcome: String,
    /// The block that decided it.
    pub decided_at: Option<u64>,
    /// Approvals that count now.
    pub approvals: usize,
    /// Rejections that count now.
    pub rejections: usize,
    /// Approvals with which it is accepted.
    pub needed: usize,
}

/// What the consortium decided about deciding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PoliciesView {
    /// Act (`issue`, `attest`, `freeze`, `upgrade`) → the roles that may do it; null where each
    /// contract has its own rule.
    pub policies: BTreeMap<String, Option<Vec<String>>>,
    /// Kind of change → `[n, d]`: more than n/d of the active organisations must approve.
    pub thresholds: BTreeMap<String, Vec<u16>>,
    /// The block that archived the ledger; null while it takes transactions.
    pub archived_at: Option<u64>,
}

/// A year of a calendar by which days count as business days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CalendarView {
    /// The calendar; debts fall due by `settlement`.
    pub calendar: String,
    /// The year.
    pub year: u16,
    /// Days that are no business days.
    pub holidays: Vec<String>,
    /// Saturdays and Sundays that are.
    pub workdays: Vec<String>,
}
