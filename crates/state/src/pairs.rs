//! Pairs of digests, the places where they lie in the tree, and what a leaf hashes to.

use crate::{
    error::StateError,
    store::{StoreView, Table},
};
use blockworm_crypto::{Digest, sha256};
use std::sync::Arc;

/// SHA-256 of a state key ‖ SHA-256 of its value.
pub(crate) type Pair = [u8; 64];

/// The pairs of a leaf, ordered.
pub(crate) type Leaf = Arc<Vec<Pair>>;

/// What a pair becomes: the key's digest, and the value's or `None` when the key is deleted.
pub(crate) type Change = ([u8; 32], Option<[u8; 32]>);

/// A place in the tree: the first `bits` bits of the key digests below it, the rest zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    prefix: [u8; 32],
    bits: u16,
}

impl Place {
    /// The place of a bucket, the tree having `2^bits` of them.
    pub(crate) fn of_bucket(bucket: u32, bits: u8) -> Self {
        let mut prefix = [0; 32];
        prefix[..4].copy_from_slice(&(bucket << (32 - u32::from(bits))).to_be_bytes());
        Self {
            prefix,
            bits: u16::from(bits),
        }
    }

    /// How many bits lead here.
    pub(crate) const fn bits(&self) -> u16 {
        self.bits
    }

    /// One bit further down; `None` below the last bit of a digest.
    pub(crate) fn child(&self, right: bool) -> Option<Self> {
        if self.bits >= 256 {
            return None;
        }
        let mut prefix = self.prefix;
        if right {
            prefix[usize::from(self.bits / 8)] |= 0x80 >> (self.bits % 8);
        }
        Some(Self {
            prefix,
            bits: self.bits + 1,
        })
    }

    /// The key of this place's row in [`Table::Pairs`].
    pub(crate) fn row_key(&self) -> RowKey {
        let end = self
            .prefix
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |at| at + 1);
        RowKey {
            prefix: self.prefix,
            length: end.max(4),
        }
    }

    /// Reads the leaf at this place.
    pub(crate) fn read(&self, view: &impl StoreView) -> Result<Vec<Pair>, StateError> {
        let mut pairs = Ok(Vec::new());
        view.read(Table::Pairs, self.row_key().as_bytes(), &mut |row| {
            pairs = pairs_of_row(row).map(<[Pair]>::to_vec);
        })?;
        pairs
    }
}

/// The prefix of a place without its trailing zero bytes, four bytes at least.
///
/// Leaves divide the key digests among them, so no two begin alike, and rows are ordered like the
/// digests. A place and its left half share a row, which is what becomes of the row when a leaf
/// splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey {
    prefix: [u8; 32],
    length: usize,
}

impl RowKey {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.prefix[..self.length]
    }
}

/// The pairs in a row of [`Table::Pairs`].
pub(crate) fn pairs_of_row(row: &[u8]) -> Result<&[Pair], StateError> {
    let (pairs, rest) = row.as_chunks();
    if rest.is_empty() {
        Ok(pairs)
    } else {
        Err(StateError::RowMalformed {
            table: Table::Pairs,
            length: row.len(),
        })
    }
}

/// The bucket of a key digest with these first bytes, the tree having `2^bits` buckets.
pub(crate) fn bucket(first_bytes: [u8; 4], bits: u8) -> u32 {
    u32::from_be_bytes(first_bytes) >> (32 - u32::from(bits))
}

/// The bucket of a key digest, the tree having `2^bits` of them.
pub(crate) fn bucket_of(key_hash: &[u8; 32], bits: u8) -> u32 {
    let [a, b, c, d, ..] = *key_hash;
    bucket([a, b, c, d], bits)
}

/// Bit `index` of a key digest, the most significant first.
pub(crate) fn bit(key_hash: &[u8], index: u16) -> bool {
    key_hash[usize::from(index / 8)] & (0x80 >> (index % 8)) != 0
}

/// SHA-256(0x00 ‖ pairs).
pub(crate) fn leaf_digest(pairs: &[Pair]) -> Digest {
    sha256(&[&[0], pairs.as_flattened()])
}

/// `pairs` after `changes`; both ordered by key digest.
pub(crate) fn merge(pairs: &[Pair], changes: &[Change]) -> Vec<Pair> {
    let mut merged = Vec::with_capacity(pairs.len() + changes.len());
    let mut old = pairs.iter().peekable();
    for (key, value) in changes {
        while let Some(pair) = old.next_if(|pair| pair[..32] < key[..]) {
            merged.push(*pair);
        }
        let _ = old.next_if(|pair| pair[..32] == key[..]);
        if let Some(value) = value {
            let mut pair = [0; 64];
            pair[..32].copy_from_slice(key);
            pair[32..].copy_from_slice(value);
            merged.push(pair);
        }
    }
    merged.extend(old);
    merged
}

#[cfg(test)]
mod tests {
    use super::{Place, bit, bucket_of};

    #[test]
    fn rows_are_ordered_like_the_places_and_a_left_half_keeps_the_row() {
        let places = [0, 1, 0x100, 0x101, 0xf_ffff].map(|bucket| Place::of_bucket(bucket, 20));
        assert!(
            places
                .windows(2)
                .all(|two| two[0].row_key() < two[1].row_key())
        );
        let (left, right) = (places[1].child(false), places[1].child(true));
        assert_eq!(left.as_ref().map(Place::row_key), Some(places[1].row_key()));
        assert!(right.is_some_and(|right| {
            right.row_key() > places[1].row_key() && right.row_key() < places[2].row_key()
        }));
    }

    #[test]
    fn rows_of_deep_places_are_longer() {
        let mut place = Place::of_bucket(0, 24);
        for _ in 0..20 {
            place = place.child(true).unwrap_or(place);
        }
        assert_eq!(place.bits(), 44);
        assert_eq!(place.row_key().as_bytes(), [0, 0, 0, 0xff, 0xff, 0xf0]);
    }

    #[test]
    fn a_bucket_is_the_first_bits_of_the_digest() {
        let mut digest = [0; 32];
        digest[0] = 0b1010_0000;
        assert_eq!(bucket_of(&digest, 3), 0b101);
        assert_eq!(
            (bit(&digest, 0), bit(&digest, 1), bit(&digest, 2)),
            (true, false, true)
        );
    }
}
