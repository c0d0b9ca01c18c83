//! Names on a ledger: ledger ids, organisations, members and contracts, each a newtype with one rule.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// A ledger's id: the first 16 bytes of its genesis digest, shown as 32 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct LedgerId(pub [u8; 16]);

/// An organisation's voted slug: 1 to 32 of `a-z 0-9 -`, starting with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct OrganisationId(String);

/// A member: `organisation/name`, the name 1 to 48 of `a-z 0-9 - . _`. It is also the CosmWasm address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct MemberId(String);

/// A contract's name on a ledger: the same rule as an organisation's slug. Its CosmWasm address is the name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ContractName(String);
