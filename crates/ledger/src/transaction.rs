//! A transaction: what one member asks of one contract, once, before it expires.

use crate::{
    json_bytes::hex_array,
    names::{ContractName, LedgerId, MemberId},
};
#[cfg(feature = "keys")]
use blockworm_crypto::SecretKey;
use blockworm_crypto::{Digest, Namespace, PublicKey, Signature, merkle, sha256};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

pub use crate::transaction_view::TransactionView;

/// SHA-256 of the encoded body; also the replay key.
pub type TransactionId = Digest;

/// Bytes of an encoded signature at the end of every transaction: one tag, then 64.
pub const SIGNATURE_BYTES: usize = 65;

/// Why bytes are not an acceptable transaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// The bytes do not follow docs/formats/transaction.md.
    #[error("the transaction is malformed: {0}")]
    Malformed(&'static str),
    /// More bytes than the ledger allows.
    #[error("the transaction has {bytes} bytes; this ledger takes {limit}")]
    Oversized {
        /// Its size.
        bytes: usize,
        /// The ledger's limit.
        limit: usize,
    },
    /// The signature is not the key's over this body.
    #[error("the signature does not belong to this transaction and key")]
    BadSignature,
}

impl TransactionError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => crate::codes::TRANSACTION_MALFORMED,
            Self::Oversized { .. } => crate::codes::TRANSACTION_OVERSIZED,
            Self::BadSignature => crate::codes::TRANSACTION_BAD_SIGNATURE,
        }
    }
}

/// The signed part. `id = SHA-256(borsh(body))`, and the signature is over the id in the namespace
/// `blockworm/<ledger id>/transaction`. The signer's key is inside, so a signature is checked
/// without any state, and execution only compares the key with the member's record.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    #[serde(with = "message_json")]
    pub message: Vec<u8>,
    /// Sixteen random bytes that tell equal requests apart.
    #[serde(with = "hex_array")]
    pub nonce: [u8; 16],
    /// Block time, in milliseconds since 1970, from which it counts no more; at most 120 s ahead.
    pub expires_at_ms: u64,
}

/// A signed transaction, as it travels and stands in a block: `borsh(body) ‖ borsh(signature)`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    /// What is asked.
    pub body: TransactionBody,
    /// By the holder of `body.key`.
    pub signature: Signature,
}

/// The namespace of transaction signatures on `ledger`.
#[must_use]
pub fn transaction_namespace(ledger: &LedgerId) -> Namespace {
    Namespace::new(&ledger.to_string(), "transaction")
}

impl TransactionBody {
    /// SHA-256 of the encoded body.
    #[must_use]
    pub fn id(&self) -> TransactionId {
        sha256(&[&encode(self)])
    }

    /// Signs the body. The signature verifies only when `key` is the secret half of `self.key`.
    #[must_use]
    #[cfg(feature = "keys")]
    pub fn sign(self, key: &SecretKey) -> Transaction {
        let signature = key.sign(&transaction_namespace(&self.ledger), &self.id());
        Transaction {
            body: self,
            signature,
        }
    }
}

impl Transaction {
    /// SHA-256 of the encoded body.
    #[must_use]
    pub fn id(&self) -> TransactionId {
        self.body.id()
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads the canonical bytes; nothing may follow them.
    ///
    /// # Errors
    /// `transaction.oversized` above `max_bytes`, `transaction.malformed` for any other defect.
    pub fn decode(bytes: &[u8], max_bytes: usize) -> Result<Self, TransactionError> {
        if bytes.len() > max_bytes {
            return Err(TransactionError::Oversized {
                bytes: bytes.len(),
                limit: max_bytes,
            });
        }
        Ok(TransactionView::parse(bytes)?.to_transaction())
    }

    /// Checks the signature against the key inside the body.
    ///
    /// # Errors
    /// `transaction.bad_signature`.
    pub fn check_signature(&self) -> Result<(), TransactionError> {
        self.body
            .key
            .verify(
                &transaction_namespace(&self.body.ledger),
                &self.id(),
                &self.signature,
            )
            .map_err(|_| TransactionError::BadSignature)
    }
}

/// The leaf hash of the transactions tree from an id and an encoded signature.
#[must_use]
pub fn transaction_leaf(id: &TransactionId, encoded_signature: &[u8]) -> Digest {
    merkle::leaf_hash(&[id.as_bytes(), encoded_signature])
}

fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    borsh::to_vec(value).expect("invariant: writing to memory does not fail")
}

/// The message in JSON: a JSON value when its compact form is the message byte for byte, otherwise
/// the exact text as a string.
mod message_json {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error as _};
    use serde_json::Value;

    pub fn serialize<S: Serializer>(message: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let text = std::str::from_utf8(message).map_err(S::Error::custom)?;
        match serde_json::from_str::<Value>(text) {
            Ok(value) if !value.is_string() && is_compact(&value, text) => {
                value.serialize(serializer)
            }
            _ => serializer.serialize_str(text),
        }
    }

    fn is_compact(value: &Value, text: &str) -> bool {
        serde_json::to_string(value).is_ok_and(|compact| compact == text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::String(text) => text.into_bytes(),
            value => value.to_string().into_bytes(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use blockworm_crypto::Algorithm;

    fn body(key: &SecretKey, message: &str) -> TransactionBody {
        TransactionBody {
            ledger: LedgerId([7; 16]),
            sender: "bank/clerk".try_into().unwrap(),
            key: key.public_key(),
            contract: "money".try_into().unwrap(),
            message: message.into(),
            nonce: [1; 16],
            expires_at_ms: 5,
        }
    }

    #[test]
    fn both_algorithms_sign_and_travel() {
        for algorithm in [Algorithm::Ed25519, Algorithm::P256] {
            let key = SecretKey::generate(algorithm).unwrap();
            let transaction = body(&key, "{}").sign(&key);
            transaction.check_signature().unwrap();
            let bytes = transaction.encode();
            let view = TransactionView::parse(&bytes).unwrap();
            view.check_signature().unwrap();
            assert_eq!((view.id(), view.organisation()), (transaction.id(), "bank"));
            assert_eq!(view.to_transaction(), transaction);
        }
    }

    #[test]
    fn a_signature_counts_for_one_ledger_and_one_key_only() {
        let key = SecretKey::from_ed25519_seed([1; 32]);
        let mut transaction = body(&key, "{}").sign(&key);
        transaction.body.ledger.0[0] ^= 1;
        assert_eq!(
            transaction.check_signature(),
            Err(TransactionError::BadSignature)
        );
        let other = SecretKey::from_ed25519_seed([2; 32]);
        let stolen = body(&key, "{}").sign(&other);
        assert_eq!(
            stolen.check_signature().unwrap_err().code(),
            "transaction.bad_signature"
        );
    }

    #[test]
    fn sizes_and_defects_have_their_codes() {
        let key = SecretKey::from_ed25519_seed([1; 32]);
        let bytes = body(&key, "{}").sign(&key).encode();
        let code = |bytes: &[u8], limit| Transaction::decode(bytes, limit).unwrap_err().code();
        assert_eq!(code(&bytes, bytes.len() - 1), "transaction.oversized");
        assert_eq!(code(&bytes[1..], 1000), "transaction.malformed");
        assert_eq!(
            code(&[&bytes[..], &[0]].concat(), 1000),
            "transaction.malformed"
        );
        let mut latin = body(&key, "").sign(&key);
        latin.body.message = vec![0xe9];
        assert_eq!(code(&latin.encode(), 1000), "transaction.malformed");
    }

    #[test]
    fn json_keeps_the_exact_message() {
        let key = SecretKey::from_ed25519_seed([1; 32]);
        let messages = [
            "{\"a\":1}",
            "{ \"a\": 1 }",
            "\"text\"",
            "not json",
            "",
            "1.0",
            "1e2",
            "{\"b\":1,\"a\":2}",
        ];
        for message in messages {
            let transaction = body(&key, message).sign(&key);
            let text = serde_json::to_string(&transaction).unwrap();
            let read: Transaction = serde_json::from_str(&text).unwrap();
            assert_eq!(read.body.message, message.as_bytes(), "{text}");
        }
        let shown = serde_json::to_value(body(&key, "{\"a\":1}")).unwrap();
        assert_eq!(
            shown["message"]["a"], 1,
            "a compact message is shown as JSON"
        );
    }
}
