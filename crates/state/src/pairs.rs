//! Pairs of digests, the places where they lie in the tree, and what a leaf hashes to.

use crate::{
    error::StateError,
    store::{Order, StoreView, Table},
};
use blockworm_crypto::{Digest, sha256};

/// SHA-256 of a state key ‖ SHA-256 of its value.
pub(crate) type Pair = [u8; 64];

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

    /// Where the rows of this place start and end (`None`: with the table).
    fn bounds(&self) -> ([u8; 32], Option<[u8; 32]>) {
        let mut end = self.prefix;
        for bit in (0..self.bits).rev() {
            let mask = 0x80 >> (bit % 8);
            let byte = &mut end[usize::from(bit / 8)];
            if *byte & mask == 0 {
                *byte |= mask;
                return (self.prefix, Some(end));
            }
            *byte &= !mask;
        }
        (self.prefix, None)
    }

    /// Reads the pairs below this place, in order.
    pub(crate) fn read(&self, view: &impl StoreView) -> Result<Vec<Pair>, StateError> {
        let (start, end) = self.bounds();
        let end = end.as_ref().map(<[u8; 32]>::as_slice);
        let mut pairs = Vec::new();
        let mut malformed = None;
        view.scan(
            Table::Pairs,
            &start,
            end,
            Order::Ascending,
            &mut |key, value| {
                match pair(key, value) {
                    Some(pair) => pairs.push(pair),
                    None => malformed = Some(key.len() + value.len()),
                }
                malformed.is_none()
            },
        )?;
        match malformed {
            Some(length) => Err(StateError::RowMalformed {
                table: Table::Pairs,
                length,
            }),
            None => Ok(pairs),
        }
    }
}

/// A pair from a row of [`Table::Pairs`].
pub(crate) fn pair(key: &[u8], value: &[u8]) -> Option<Pair> {
    let mut pair = [0; 64];
    if key.len() != 32 || value.len() != 32 {
        return None;
    }
    pair[..32].copy_from_slice(key);
    pair[32..].copy_from_slice(value);
    Some(pair)
}

/// The bucket of a key digest, the tree having `2^bits` of them.
pub(crate) fn bucket(key_hash: &[u8; 32], bits: u8) -> u32 {
    let [a, b, c, d, ..] = *key_hash;
    u32::from_be_bytes([a, b, c, d]) >> (32 - u32::from(bits))
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
    use super::{Place, bit, bucket};

    #[test]
    fn the_last_place_of_a_level_reaches_to_the_end_of_the_table() {
        let place = Place::of_bucket(0b111, 3);
        assert_eq!(place.bounds().0[0], 0b1110_0000);
        assert_eq!(place.bounds().1, None);
    }

    #[test]
    fn a_place_ends_where_its_right_neighbour_starts() {
        let left = Place::of_bucket(0b0111, 4);
        let right = Place::of_bucket(0b1000, 4);
        assert_eq!(left.bounds().1, Some(right.bounds().0));
        let child = right.child(false).and_then(|child| child.child(true));
        assert_eq!(child.map(|child| child.bounds().0[0]), Some(0b1000_0100));
    }

    #[test]
    fn a_bucket_is_the_first_bits_of_the_digest() {
        let mut digest = [0; 32];
        digest[0] = 0b1010_0000;
        assert_eq!(bucket(&digest, 3), 0b101);
        assert_eq!(
            (bit(&digest, 0), bit(&digest, 1), bit(&digest, 2)),
            (true, false, true)
        );
    }
}
