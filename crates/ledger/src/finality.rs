//! Finality: 2f+1 validators' signatures under a header's digest, checked without the engine.
//!
//! `docs/formats/finality.md` writes the signed bytes down one by one.

use crate::{genesis::Validator, names::LedgerId};
use blockworm_crypto::{Digest, PublicKey, Signature, sha256};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Most validators of a ledger, and so most signatures of a proof.
pub const MAX_VALIDATORS: usize = 256;

/// Why signatures do not make a block final.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FinalityError {
    /// Fewer signatures than the quorum.
    #[error("{found} signatures; final needs {needed} of {validators} validators")]
    NoQuorum {
        /// Signatures there are.
        found: usize,
        /// Signatures needed.
        needed: usize,
        /// Validators there are.
        validators: usize,
    },
    /// Signers must be listed once each, in ascending order.
    #[error("validator {0} is listed twice or out of order")]
    NotAscending(u32),
    /// A signer that is not in the set.
    #[error("there is no validator {0}")]
    UnknownSigner(u32),
    /// A signature that does not belong to its signer and these bytes.
    #[error("the signature of validator {0} does not match")]
    BadSignature(u32),
}

impl FinalityError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoQuorum { .. } => "finality.no_quorum",
            Self::NotAscending(_) => "finality.signers_not_ascending",
            Self::UnknownSigner(_) => "finality.unknown_signer",
            Self::BadSignature(_) => "finality.bad_signature",
        }
    }
}

/// Signatures needed among `validators`: n - f where f = (n - 1) / 3, rounded down.
#[must_use]
pub const fn quorum(validators: usize) -> usize {
    validators - validators.saturating_sub(1) / 3
}

/// What a header's `next_validators` commits to: SHA-256 of the borsh encoding of the ordered set.
#[must_use]
pub fn validator_set_digest(validators: &[Validator]) -> Digest {
    sha256(&[&borsh::to_vec(validators).expect("invariant: writing to memory does not fail")])
}

/// The namespace that the engine is configured with: `blockworm/<ledger id>/consensus`.
#[must_use]
pub fn consensus_namespace(ledger: &LedgerId) -> Vec<u8> {
    format!("blockworm/{ledger}/consensus").into_bytes()
}

/// What validators signed to make a block final, and their signatures.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinalityProof {
    /// The epoch of the vote.
    pub epoch: u64,
    /// The view of the vote.
    pub view: u64,
    /// The view of the parent proposal.
    pub parent_view: u64,
    /// The header digest that became final.
    pub payload: Digest,
    /// Place in the ordered validator set and Ed25519 signature, ascending by place.
    #[serde(with = "signatures_json")]
    pub signatures: Vec<(u32, [u8; 64])>,
}

impl FinalityProof {
    /// The bytes that every signer signed, by plain Ed25519 (RFC 8032).
    #[must_use]
    pub fn signed_bytes(&self, ledger: &LedgerId) -> Vec<u8> {
        let mut namespace = consensus_namespace(ledger);
        namespace.extend_from_slice(b"_FINALIZE");
        let mut bytes = Vec::with_capacity(1 + namespace.len() + 30 + 32);
        put_varint(&mut bytes, namespace.len() as u64);
        bytes.extend_from_slice(&namespace);
        put_varint(&mut bytes, self.epoch);
        put_varint(&mut bytes, self.view);
        put_varint(&mut bytes, self.parent_view);
        bytes.extend_from_slice(self.payload.as_bytes());
        bytes
    }

    /// Checks that a quorum of `validators`, ordered by key, signed. Every listed signature must be
    /// good; extra ones are not excused.
    ///
    /// # Errors
    /// The first fact that keeps the payload from being final.
    pub fn verify(&self, ledger: &LedgerId, validators: &[Validator]) -> Result<(), FinalityError> {
        let (found, needed) = (self.signatures.len(), quorum(validators.len()));
        if found < needed || needed == 0 {
            return Err(FinalityError::NoQuorum {
                found,
                needed,
                validators: validators.len(),
            });
        }
        if let Some(pair) = self.signatures.windows(2).find(|two| two[0].0 >= two[1].0) {
            return Err(FinalityError::NotAscending(pair[1].0));
        }
        let message = self.signed_bytes(ledger);
        for (signer, signature) in &self.signatures {
            let validator = validators
                .get(*signer as usize)
                .ok_or(FinalityError::UnknownSigner(*signer))?;
            check_signature(&validator.key, &message, signature)
                .map_err(|()| FinalityError::BadSignature(*signer))?;
        }
        Ok(())
    }
}

fn check_signature(key: &PublicKey, message: &[u8], signature: &[u8; 64]) -> Result<(), ()> {
    key.verify_message(message, &Signature::Ed25519(*signature))
        .map_err(|_| ())
}

/// Unsigned LEB128: seven bits a byte, the least significant first, the top bit set on all but the last.
fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Signatures in JSON: `[{"validator":0,"signature":"ed25519:…"}]`.
mod signatures_json {
    use blockworm_crypto::Signature;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Entry {
        validator: u32,
        signature: Signature,
    }

    pub fn serialize<S: Serializer>(
        list: &[(u32, [u8; 64])],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(list.iter().map(|(validator, bytes)| Entry {
            validator: *validator,
            signature: Signature::Ed25519(*bytes),
        }))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(u32, [u8; 64])>, D::Error> {
        Vec::<Entry>::deserialize(deserializer)?
            .into_iter()
            .map(|entry| match entry.signature {
                Signature::Ed25519(bytes) => Ok((entry.validator, bytes)),
                Signature::P256(_) => Err(D::Error::custom("validators sign with Ed25519")),
            })
            .collect()
    }
}
