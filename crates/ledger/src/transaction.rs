//! A transaction: what one member asks of one contract, once, before it expires.

use crate::names::{ContractName, LedgerId, MemberId};
use blockworm_crypto::{Digest, PublicKey, Signature};
use borsh::{BorshDeserialize, BorshSerialize};

/// SHA-256 of the encoded body; also the replay key.
pub type TransactionId = Digest;

/// The signed part. `id = SHA-256(borsh(body))`, and the signature is over the id in the namespace
/// `blockworm/<ledger id>/transaction`. The signer's key is inside, so a signature is checked
/// without any state, and execution only compares the key with the member's record.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TransactionBody {
    /// The only ledger that may accept it.
    pub ledger: LedgerId,
    /// Who asks.
    pub sender: MemberId,
    /// The key that signs, compared with the sender's registered key.
    pub key: PublicKey,
    /// Which contract is asked.
    pub contract: ContractName,
    /// The contract's message, JSON in UTF-8.
    pub message: Vec<u8>,
    /// Sixteen random bytes that tell equal requests apart.
    pub nonce: [u8; 16],
    /// Block time, in milliseconds since 1970, from which it counts no more; at most 120 s ahead.
    pub expires_at_ms: u64,
}

/// A signed transaction, as it travels and stands in a block: `borsh(body) ‖ borsh(signature)`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transaction {
    /// What is asked.
    pub body: TransactionBody,
    /// By the holder of `body.key`.
    pub signature: Signature,
}
