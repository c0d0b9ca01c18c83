//! A receipt: what a committed transaction returns, with its events and a stable code.

use crate::{codes, json_bytes::base64_text, names::ContractName, transaction::TransactionId};
use blockworm_crypto::{Digest, merkle};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// The bytes are not a receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the receipt is malformed: {0}")]
pub struct ReceiptError(String);

impl ReceiptError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "receipt.malformed"
    }
}

/// What a contract tells the world: the read model's only input.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The contract that speaks.
    pub contract: ContractName,
    /// What happened, in the contract's own words: `financed`, `transferred`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The thing it happened to.
    pub subject: String,
    /// Details, in the order given by the contract.
    pub attributes: Vec<(String, String)>,
}

impl Event {
    /// The first attribute of this name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The outcome of one transaction in one block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Which transaction.
    pub transaction: TransactionId,
    /// The block that holds it.
    pub height: u64,
    /// Its place in the block, from 0.
    pub index: u32,
    /// `ok`, or a stable refusal code such as `receivable.already_financed`.
    pub code: String,
    /// The refusal in a sentence; empty when `ok`.
    pub message: String,
    /// What happened; empty unless `ok`.
    pub events: Vec<Event>,
    /// What the contract returned; empty unless `ok`.
    #[serde(with = "base64_text")]
    pub data: Vec<u8>,
    /// The price in units of work (docs/formats/receipt.md).
    pub cost: u64,
}

impl Receipt {
    /// Whether the transaction took effect.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.code == codes::OK
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("invariant: writing to memory does not fail")
    }

    /// Reads the canonical bytes; nothing may follow them.
    ///
    /// # Errors
    /// `receipt.malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReceiptError> {
        borsh::from_slice(bytes).map_err(|error| ReceiptError(error.to_string()))
    }

    /// The leaf hash of the receipts tree: RFC 6962 over the canonical bytes.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        receipt_leaf(&self.encode())
    }
}

/// The leaf hash of the receipts tree from an encoded receipt.
#[must_use]
pub fn receipt_leaf(encoded: &[u8]) -> Digest {
    merkle::leaf_hash(&[encoded])
}
