//! The system's own records and where they stand in the state (docs/contracts/system.md).

use crate::{error::ExecutionError, session::state_key};
use blockworm_crypto::{Digest, PublicKey};
use blockworm_ledger::{Anchor, ContractName, OrganisationId};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::Serialize;

pub(crate) use blockworm_ledger::records::{
    MEMBERS, ORGANISATIONS, certificate_key, holder_key, member_key,
};
pub use blockworm_ledger::records::{MemberRecord, OrganisationRecord};

/// Contract id of `contracts`.
pub(crate) const CONTRACTS: u32 = 3;
/// Contract id of `ledger`.
pub(crate) const LEDGER: u32 = 4;
/// Contract id of `proposals`.
pub(crate) const PROPOSALS: u32 = 5;

/// Key of the genesis digest in `ledger`.
pub(crate) const GENESIS_KEY: &[u8] = b"genesis";
/// Key of the parameters in `ledger`.
pub(crate) const PARAMETERS_KEY: &[u8] = b"parameters";

/// What keys of decided validators start with, in `ledger`.
pub(crate) const VALIDATORS_PREFIX: &[u8] = b"validators/";
/// What keys of nodes start with, in `ledger`.
pub(crate) const NODES_PREFIX: &[u8] = b"nodes/";

/// Key of the block that archived the ledger, in `ledger`; absent while it takes transactions.
pub(crate) const ARCHIVED_KEY: &[u8] = b"archived";
/// What keys of calendars start with, in `ledger`.
pub(crate) const CALENDARS_PREFIX: &[u8] = b"calendar/";

/// Key of the next proposal's number in `proposals`.
pub(crate) const NEXT_PROPOSAL_KEY: &[u8] = b"next";

/// A year of a calendar, under `calendar/`, its name and the year in `ledger`.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub(crate) struct CalendarRecord {
    /// Days that are no business days, `YYYY-MM-DD`, ascending.
    pub(crate) holidays: Vec<String>,
    /// Saturdays and Sundays that are business days.
    pub(crate) workdays: Vec<String>,
}

/// A contract, under its name in `contracts`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ContractRecord {
    /// Prefix of its keys in the state.
    pub id: u32,
    /// `name@version`.
    pub code: String,
}

/// How another ledger is followed, under `anchor/` and its name in `ledger`. It counts only while
/// the pin of that name is the same.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AnchorRecord {
    /// The genesis digest that was pinned when it was followed.
    pub genesis: Digest,
    /// Who makes its blocks final, from which height on.
    pub anchor: Anchor,
    /// Its contracts with the numbers that prefix their keys.
    pub contracts: Vec<(ContractName, u32)>,
}

/// A node that a vote admitted or dismissed, under `nodes/` and its key in `ledger`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub(crate) struct NodeRecord {
    /// Whose it is.
    pub(crate) organisation: OrganisationId,
    /// Where the others reach it, `address:port`; empty for a founder's, known from outside.
    pub(crate) address: String,
    /// The block that admitted it; 0 for the genesis.
    pub(crate) admitted_at: u64,
    /// The block from which on it is sent nothing.
    pub(crate) dismissed_at: Option<u64>,
}

/// A number with leading zeros, so that keys and numbers have one order.
pub(crate) fn ordered_name(number: u64) -> String {
    format!("{number:020}")
}

/// Key of the validators that a block decided within `ledger`; height 0 holds the genesis's.
pub(crate) fn validators_key(height: u64) -> Vec<u8> {
    [VALIDATORS_PREFIX, ordered_name(height).as_bytes()].concat()
}

/// Key of a node within `ledger`.
pub(crate) fn node_key(key: &PublicKey) -> Vec<u8> {
    [NODES_PREFIX, key.to_string().as_bytes()].concat()
}

/// Key of a proposal within `proposals`.
pub(crate) fn proposal_key(number: u64) -> Vec<u8> {
    format!("p/{}", ordered_name(number)).into_bytes()
}

/// Key of the number of the proposal that holds an invitation within `proposals`.
pub(crate) fn invitation_key(id: &str) -> Vec<u8> {
    format!("invitation/{id}").into_bytes()
}

/// Key of a kind's threshold within `proposals`.
pub(crate) fn threshold_key(kind: &str) -> Vec<u8> {
    format!("threshold/{kind}").into_bytes()
}

/// Key of the roles that may do an act within `ledger`.
pub(crate) fn policy_key(act: &str) -> Vec<u8> {
    format!("policy/{act}").into_bytes()
}

/// Key of a calendar's year within `ledger`.
pub(crate) fn calendar_key(name: &str, year: u16) -> Vec<u8> {
    [CALENDARS_PREFIX, format!("{name}/{year:04}").as_bytes()].concat()
}

/// Key of another ledger's genesis digest within `ledger`.
pub(crate) fn pin_key(name: &str) -> Vec<u8> {
    [b"pin/", name.as_bytes()].concat()
}

/// Key of what is known of another ledger's validators within `ledger`.
pub(crate) fn anchor_key(name: &str) -> Vec<u8> {
    [b"anchor/", name.as_bytes()].concat()
}

/// The member whose record a state key is, if it is one.
pub(crate) fn member_of_state_key(key: &[u8]) -> Option<&str> {
    let prefix = state_key(MEMBERS, b"m/");
    std::str::from_utf8(key.strip_prefix(prefix.as_slice())?).ok()
}

/// Whether a state key is an organisation's record.
pub(crate) fn is_organisation_key(key: &[u8]) -> bool {
    key.starts_with(&ORGANISATIONS.to_be_bytes())
}

/// Reads a record of the system's own.
pub(crate) fn read<T: BorshDeserialize>(
    bytes: &[u8],
    what: &'static str,
) -> Result<T, ExecutionError> {
    T::try_from_slice(bytes).map_err(|_| ExecutionError::DamagedRecord { what })
}

/// The record's bytes.
pub(crate) fn write<T: BorshSerialize>(record: &T) -> Vec<u8> {
    borsh::to_vec(record).expect("invariant: writing to memory does not fail")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_members_key_is_told_from_its_certificate() {
        let record = state_key(MEMBERS, &member_key("bank/maker"));
        assert_eq!(member_of_state_key(&record), Some("bank/maker"));
        assert_eq!(
            member_of_state_key(&state_key(MEMBERS, &certificate_key("bank/maker"))),
            None
        );
        assert_eq!(
            member_of_state_key(&state_key(ORGANISATIONS, b"m/bank")),
            None
        );
        assert!(is_organisation_key(&state_key(ORGANISATIONS, b"bank")));
    }
}
