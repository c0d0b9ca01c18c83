//! The bucket tree over the state: its hashes, and proofs that a key has a value or has none.
//!
//! `docs/formats/state-root.md` is the specification; crates/state builds the tree with the same
//! functions, so that prover and verifier cannot drift apart.

use blockworm_crypto::{Digest, sha256};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// A bucket with more pairs than this splits by the next bit of the key hash.
pub const LEAF_PAIRS: usize = 64;
/// Bytes of a pair: key hash ‖ value hash.
pub const PAIR_BYTES: usize = 64;
/// Bits of a key hash, so also the deepest a path can be.
pub const MAX_DEPTH: usize = 256;

/// Why a state proof proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateProofError {
    /// A path of the wrong length, or pairs that cannot stand in this leaf.
    #[error("the state proof is malformed: {0}")]
    Malformed(&'static str),
    /// The path does not lead to the root.
    #[error("the path leads to {found}, not to the state root {expected}")]
    OtherRoot {
        /// What the path gives.
        found: Digest,
        /// What the header says.
        expected: Digest,
    },
    /// The leaf holds another value, or none.
    #[error("the state holds another value for this key, or none")]
    OtherValue,
    /// The leaf holds a value where none was claimed.
    #[error("the state holds a value for this key, so absence is not proved")]
    Present,
}

impl StateProofError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "state_proof.malformed",
            Self::OtherRoot { .. } => "state_proof.other_root",
            Self::OtherValue => "state_proof.other_value",
            Self::Present => "state_proof.present",
        }
    }
}

/// The full state key of a contract's key: u32 big-endian contract id ‖ key.
#[must_use]
pub fn state_key(contract: u32, key: &[u8]) -> Vec<u8> {
    let mut full = Vec::with_capacity(4 + key.len());
    full.extend_from_slice(&contract.to_be_bytes());
    full.extend_from_slice(key);
    full
}

/// Where a full state key lives: SHA-256 of it.
#[must_use]
pub fn key_hash(state_key: &[u8]) -> Digest {
    sha256(&[state_key])
}

/// What stands for a value: SHA-256 of it.
#[must_use]
pub fn value_hash(value: &[u8]) -> Digest {
    sha256(&[value])
}

/// An inner node: SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn inner(left: &Digest, right: &Digest) -> Digest {
    sha256(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The digest of the pairs below a node at `depth`: sorted 64-byte records, nothing between them.
/// Up to 64 pairs: SHA-256(0x00 ‖ pairs). More: an inner node over the halves by the next bit.
#[must_use]
pub fn bucket_digest(pairs: &[u8], depth: usize) -> Digest {
    if pairs.len() <= LEAF_PAIRS * PAIR_BYTES || depth >= MAX_DEPTH {
        return sha256(&[&[0], pairs]);
    }
    let (left, right) = split(pairs, depth);
    inner(
        &bucket_digest(left, depth + 1),
        &bucket_digest(right, depth + 1),
    )
}

/// Parts sorted pairs by bit `depth` of their key hash.
#[must_use]
pub fn split(pairs: &[u8], depth: usize) -> (&[u8], &[u8]) {
    let (mut low, mut high) = (0, pairs.len() / PAIR_BYTES);
    while low < high {
        let middle = low.midpoint(high);
        if bit(&pairs[middle * PAIR_BYTES..], depth) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    pairs.split_at(low * PAIR_BYTES)
}

/// Bit `index` of a key hash, counted from the most significant.
#[must_use]
pub fn bit(key_hash: &[u8], index: usize) -> bool {
    key_hash[index / 8] >> (7 - index % 8) & 1 == 1
}

/// A key hash and a value hash of the same entry.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct StatePair {
    /// SHA-256 of the full state key.
    pub key: Digest,
    /// SHA-256 of the value.
    pub value: Digest,
}

/// The leaf on a key's path with all its pairs, and the siblings from there up to the root: proof
/// of presence and of absence alike.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateProof {
    /// All entries of the leaf, ordered by key hash.
    pub pairs: Vec<StatePair>,
    /// The other child at each step, from the leaf up; as many as the leaf is deep.
    pub siblings: Vec<Digest>,
}

/// The part of a proof that lies inside one bucket, whose root is at `depth`. The caller appends the
/// upper tree's siblings, bottom-up.
#[must_use]
pub fn prove_bucket(pairs: &[u8], depth: usize, key_hash: &Digest) -> StateProof {
    let (mut pairs, mut depth) = (pairs, depth);
    let mut siblings = Vec::new();
    while pairs.len() > LEAF_PAIRS * PAIR_BYTES && depth < MAX_DEPTH {
        let (left, right) = split(pairs, depth);
        let (inside, outside) = if bit(key_hash.as_bytes(), depth) {
            (right, left)
        } else {
            (left, right)
        };
        depth += 1;
        siblings.push(bucket_digest(outside, depth));
        pairs = inside;
    }
    siblings.reverse();
    StateProof {
        pairs: pairs
            .chunks_exact(PAIR_BYTES)
            .map(StatePair::from_record)
            .collect(),
        siblings,
    }
}

impl StatePair {
    fn from_record(record: &[u8]) -> Self {
        let (mut key, mut value) = (Digest::ZERO, Digest::ZERO);
        key.0.copy_from_slice(&record[..32]);
        value.0.copy_from_slice(&record[32..]);
        Self { key, value }
    }
}

impl StateProof {
    /// How deep the leaf lies.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.siblings.len()
    }

    /// Checks that under `root`, the root of a tree of 2^`bucket_bits` buckets, the full state key
    /// has exactly `value`, or nothing when that is `None`.
    ///
    /// # Errors
    /// A fact that contradicts the claim.
    pub fn verify(
        &self,
        root: &Digest,
        bucket_bits: u8,
        state_key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), StateProofError> {
        let key = key_hash(state_key);
        self.check_shape(bucket_bits, &key)?;
        let found = self.root_for(&key);
        if found != *root {
            return Err(StateProofError::OtherRoot {
                found,
                expected: *root,
            });
        }
        let held = self
            .pairs
            .binary_search_by(|pair| pair.key.cmp(&key))
            .ok()
            .map(|at| self.pairs[at].value);
        match (held, value.map(value_hash)) {
            (None, None) => Ok(()),
            (Some(_), None) => Err(StateProofError::Present),
            (held, claimed) if held == claimed => Ok(()),
            _ => Err(StateProofError::OtherValue),
        }
    }

    fn check_shape(&self, bucket_bits: u8, key: &Digest) -> Result<(), StateProofError> {
        let depth = self.depth();
        if depth < usize::from(bucket_bits) || depth > MAX_DEPTH {
            return Err(StateProofError::Malformed("a path of impossible length"));
        }
        if self.pairs.len() > LEAF_PAIRS {
            return Err(StateProofError::Malformed("more than 64 pairs in a leaf"));
        }
        if self.pairs.windows(2).any(|two| two[0].key >= two[1].key) {
            return Err(StateProofError::Malformed("pairs out of order"));
        }
        let strays = |pair: &StatePair| {
            (0..depth).any(|index| bit(pair.key.as_bytes(), index) != bit(key.as_bytes(), index))
        };
        if self.pairs.iter().any(strays) {
            return Err(StateProofError::Malformed(
                "a pair that belongs to another leaf",
            ));
        }
        Ok(())
    }

    fn root_for(&self, key: &Digest) -> Digest {
        let mut records = Vec::with_capacity(self.pairs.len() * PAIR_BYTES);
        for pair in &self.pairs {
            records.extend_from_slice(pair.key.as_bytes());
            records.extend_from_slice(pair.value.as_bytes());
        }
        let leaf = sha256(&[&[0], &records]);
        let depths = (0..self.depth()).rev();
        self.siblings
            .iter()
            .zip(depths)
            .fold(leaf, |node, (sibling, depth)| {
                if bit(key.as_bytes(), depth) {
                    inner(sibling, &node)
                } else {
                    inner(&node, sibling)
                }
            })
    }
}
