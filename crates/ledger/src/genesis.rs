//! Genesis: what founders agree on and sign, and what every proof is pinned to.

use crate::{
    block::{HEADER_VERSION, Header},
    finality::validator_set_digest,
    json_bytes::base64_text,
    names::{ContractName, LedgerId, MemberId, OrganisationId},
};
use blockworm_crypto::{Digest, Namespace, PublicKey, sha256};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// The layout of genesis that this crate reads and writes.
pub const GENESIS_VERSION: u16 = 1;
/// Most bytes of a genesis in either form.
pub const GENESIS_MAX_BYTES: usize = 8 << 20;

/// The first state of a ledger. Its digest is SHA-256 of its borsh encoding.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its slug.
    pub id: OrganisationId,
    /// Its legal name.
    pub name: String,
    /// Roles by vote: `platform`, `bank`, `supplier`, `notary`, `court`, …; ordered.
    pub roles: Vec<String>,
    /// Its root certificate, DER.
    #[serde(with = "base64_text")]
    pub ca_certificate: Vec<u8>,
    /// Its first members, registered from the start: certificates, DER, ordered by member id.
    pub members: Vec<GenesisMember>,
}

/// A member registered at genesis.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisMember {
    /// `organisation/name`.
    pub id: MemberId,
    /// The end-entity certificate, DER.
    #[serde(with = "base64_text")]
    pub certificate: Vec<u8>,
}

/// A node that votes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validator {
    /// Whose node it is.
    pub organisation: OrganisationId,
    /// Its consensus key; always Ed25519.
    pub key: PublicKey,
}

/// A built-in contract instantiated at genesis.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisContract {
    /// Its name on this ledger, also its address.
    pub name: ContractName,
    /// The code: `name@version`.
    pub code: String,
    /// The instantiate message, JSON text.
    pub init: String,
}

/// The bytes or the text are not a genesis.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenesisDecodeError {
    /// More than 8 MiB.
    #[error("the genesis has {0} bytes; at most 8388608 are read")]
    Oversized(usize),
    /// Not the layout of docs/formats/genesis.md.
    #[error("the genesis is malformed: {0}")]
    Malformed(String),
}

impl GenesisDecodeError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Oversized(_) => "genesis.oversized",
            Self::Malformed(_) => "genesis.malformed",
        }
    }
}

impl Genesis {
    /// SHA-256 of the canonical bytes: what founders sign and proofs are pinned to.
    #[must_use]
    pub fn digest(&self) -> Digest {
        sha256(&[&self.encode()])
    }

    /// The first 16 bytes of the digest.
    #[must_use]
    pub fn ledger_id(&self) -> LedgerId {
        ledger_id(&self.digest())
    }

    /// The header of height 0: the parent is the genesis digest, every root is zero.
    #[must_use]
    pub fn header(&self) -> Header {
        let digest = self.digest();
        Header {
            version: HEADER_VERSION,
            protocol_version: self.protocol_version,
            ledger: ledger_id(&digest),
            height: 0,
            time_ms: self.time_ms,
            parent: digest,
            history_root: Digest::ZERO,
            transactions_root: Digest::ZERO,
            receipts_root: Digest::ZERO,
            state_root: Digest::ZERO,
            next_validators: validator_set_digest(&self.validators),
        }
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("invariant: writing to memory does not fail")
    }

    /// Reads the canonical bytes; nothing may follow them. `check` says whether they make sense.
    ///
    /// # Errors
    /// `genesis.oversized`, `genesis.malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self, GenesisDecodeError> {
        if bytes.len() > GENESIS_MAX_BYTES {
            return Err(GenesisDecodeError::Oversized(bytes.len()));
        }
        borsh::from_slice(bytes).map_err(|error| GenesisDecodeError::Malformed(error.to_string()))
    }

    /// The file form: JSON with indentation; certificates in base64.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("invariant: a genesis has text keys only");
        text.push('\n');
        text
    }

    /// Reads the file form; unknown fields are refused.
    ///
    /// # Errors
    /// `genesis.oversized`, `genesis.malformed`.
    pub fn from_json(text: &str) -> Result<Self, GenesisDecodeError> {
        if text.len() > GENESIS_MAX_BYTES {
            return Err(GenesisDecodeError::Oversized(text.len()));
        }
        serde_json::from_str(text).map_err(|error| GenesisDecodeError::Malformed(error.to_string()))
    }

    /// The organisation of this id.
    #[must_use]
    pub fn organisation(&self, id: &OrganisationId) -> Option<&Organisation> {
        self.organisations
            .iter()
            .find(|organisation| organisation.id == *id)
    }
}

/// The ledger id of a genesis digest: its first 16 bytes.
#[must_use]
pub fn ledger_id(genesis: &Digest) -> LedgerId {
    let mut id = [0; 16];
    id.copy_from_slice(&genesis.0[..16]);
    LedgerId(id)
}

/// What founders sign the genesis digest in, each on their own machine: `blockworm/genesis`.
#[must_use]
pub const fn genesis_namespace() -> Namespace {
    Namespace::from_static("blockworm/genesis")
}
