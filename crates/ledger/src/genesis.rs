//! Genesis: what founders agree on and sign, and what every proof is pinned to.

use crate::names::{ContractName, MemberId, OrganisationId};
use blockworm_crypto::PublicKey;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// The first state of a ledger. Its digest is SHA-256 of its borsh encoding.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Genesis {
    /// Version of this layout: 1.
    pub version: u16,
    /// Execution rules at the start.
    pub protocol_version: u32,
    /// A name for people; the id is what counts.
    pub name: String,
    /// When the ledger begins, milliseconds since 1970.
    pub time_ms: u64,
    /// Numbers that all nodes share.
    pub parameters: Parameters,
    /// The founders, ordered by id.
    pub organisations: Vec<Organisation>,
    /// The first validators, ordered by key.
    pub validators: Vec<Validator>,
    /// Built-in contracts that exist from the start.
    pub contracts: Vec<GenesisContract>,
}

/// Numbers that all nodes of a ledger share; changed by vote.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Parameters {
    /// How many blocks later a header carries a block's roots (1 to 64).
    pub root_lag: u64,
    /// Blocks in an epoch.
    pub epoch_length: u64,
    /// The state tree has 2^bucket_bits buckets (1 to 24).
    pub bucket_bits: u8,
    /// Most bytes of transactions in a block.
    pub block_bytes: u32,
    /// Most transactions in a block.
    pub block_transactions: u32,
    /// Most bytes of one transaction.
    pub transaction_bytes: u32,
    /// How far ahead of block time an expiry may lie, milliseconds.
    pub expiry_window_ms: u64,
    /// An idle ledger makes an empty block this often, milliseconds; 0 for never.
    pub heartbeat_ms: u64,
    /// Most work units that one transaction may cost.
    pub transaction_cost: u64,
}

/// An organisation and the roles that the consortium grants it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Organisation {
    /// Its slug.
    pub id: OrganisationId,
    /// Its legal name.
    pub name: String,
    /// Roles by vote: `platform`, `bank`, `supplier`, `notary`, `court`, …; ordered.
    pub roles: Vec<String>,
    /// Its root certificate, DER.
    pub ca_certificate: Vec<u8>,
    /// Its first members, registered from the start: certificates, DER, ordered by member id.
    pub members: Vec<GenesisMember>,
}

/// A member registered at genesis.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct GenesisMember {
    /// `organisation/name`.
    pub id: MemberId,
    /// The end-entity certificate, DER.
    pub certificate: Vec<u8>,
}

/// A node that votes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Validator {
    /// Whose node it is.
    pub organisation: OrganisationId,
    /// Its consensus key; always Ed25519.
    pub key: PublicKey,
}

/// A built-in contract instantiated at genesis.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct GenesisContract {
    /// Its name on this ledger, also its address.
    pub name: ContractName,
    /// The code: `name@version`.
    pub code: String,
    /// The instantiate message, JSON text.
    pub init: String,
}
