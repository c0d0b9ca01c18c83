//! The state as its specification says it, slow and obvious: what the real one is compared with.

#![allow(dead_code, reason = "each test uses its part")]

use blockworm_crypto::{Digest, sha256};
use blockworm_state::Writes;
use std::collections::BTreeMap;

/// All values, by state key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    pub values: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Reference {
    pub fn apply(&mut self, writes: &Writes) {
        for (key, value) in writes {
            match value {
                Some(value) => self.values.insert(key.clone(), value.clone()),
                None => self.values.remove(key),
            };
        }
    }

    /// The root from scratch, as docs/formats/state-root.md says.
    pub fn root(&self, bucket_bits: usize) -> Digest {
        let mut pairs: Vec<([u8; 32], [u8; 32])> = self
            .values
            .iter()
            .map(|(key, value)| (sha256(&[key]).0, sha256(&[value]).0))
            .collect();
        pairs.sort();
        node(&pairs, 0, bucket_bits)
    }
}

fn node(pairs: &[([u8; 32], [u8; 32])], depth: usize, bucket_bits: usize) -> Digest {
    if depth >= bucket_bits && pairs.len() <= 64 {
        let mut bytes = vec![0];
        for (key, value) in pairs {
            bytes.extend_from_slice(key);
            bytes.extend_from_slice(value);
        }
        return sha256(&[&bytes]);
    }
    let right = |key: &[u8; 32]| (key[depth / 8] >> (7 - depth % 8)) & 1 == 1;
    let middle = pairs
        .iter()
        .position(|(key, _)| right(key))
        .unwrap_or(pairs.len());
    let left = node(&pairs[..middle], depth + 1, bucket_bits);
    let right = node(&pairs[middle..], depth + 1, bucket_bits);
    sha256(&[&[1], &left.0, &right.0])
}

/// Writes that depend on nothing but the height: puts, overwrites and deletions.
pub fn writes_of(height: u64) -> Writes {
    let mut writes = Writes::new();
    for step in 0..40u64 {
        let number = height
            .wrapping_mul(7_919)
            .wrapping_add(step.wrapping_mul(104_729))
            % 600;
        let key = format!("key-{number:04}").into_bytes();
        let value = (step % 5 != 0).then(|| format!("{height}/{step}").into_bytes());
        writes.insert(key, value);
    }
    writes
}

/// The reference after the heights 0 to `height`.
pub fn reference_at(height: u64) -> Reference {
    let mut reference = Reference::default();
    (0..=height).for_each(|height| reference.apply(&writes_of(height)));
    reference
}
