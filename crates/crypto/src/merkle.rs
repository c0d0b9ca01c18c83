//! Merkle trees of RFC 6962: roots, inclusion proofs and the frontier of a growing tree.
//!
//! A leaf is SHA-256(`0x00 ‖ data`), a node SHA-256(`0x01 ‖ left ‖ right`), the empty tree
//! SHA-256 of nothing. A tree of n leaves splits at the largest power of two below n.

use crate::{Digest, sha256};
use borsh::{BorshDeserialize, BorshSerialize, io};
use serde::{Deserialize, Serialize};

/// A tree of 2⁶⁴ leaves is this deep: no path and no frontier is longer.
pub const MAX_DEPTH: usize = 64;

/// The hash of a leaf whose data is the concatenation of `parts`.
#[must_use]
pub fn leaf_hash(parts: &[&[u8]]) -> Digest {
    const TAG: &[u8] = &[0];
    match parts {
        [one] => sha256(&[TAG, one]),
        [first, second] => sha256(&[TAG, first, second]),
        _ => sha256(&[TAG, &parts.concat()]),
    }
}

/// The hash of an inner node.
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    sha256(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The root of the tree over these leaf hashes.
pub fn root(leaves: impl IntoIterator<Item = Digest>) -> Digest {
    let mut frontier = Frontier::default();
    leaves.into_iter().for_each(|leaf| frontier.push(leaf));
    frontier.root()
}

/// That one leaf stands at `index` in the tree of `size` leaves (RFC 6962, section 2.1.1).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, Serialize, Deserialize)]
pub struct InclusionProof {
    /// Position of the leaf, from 0.
    pub index: u64,
    /// Number of leaves in the tree.
    pub size: u64,
    /// Sibling hashes from the leaf upwards.
    pub path: Vec<Digest>,
}

/// The proof for the leaf at `index`; `None` when there is no such leaf.
#[must_use]
pub fn prove(leaves: &[Digest], index: usize) -> Option<InclusionProof> {
    if index >= leaves.len() {
        return None;
    }
    // One level at a time: a last node without a sibling moves up unchanged, which is the
    // same tree as splitting at powers of two.
    let mut level = leaves.to_vec();
    let (mut position, mut path) = (index, Vec::new());
    while level.len() > 1 {
        path.extend(level.get(position ^ 1));
        level = level
            .chunks(2)
            .map(|pair| {
                if let [left, right] = pair {
                    node_hash(left, right)
                } else {
                    pair[0]
                }
            })
            .collect();
        position /= 2;
    }
    Some(InclusionProof {
        index: index as u64,
        size: leaves.len() as u64,
        path,
    })
}

impl InclusionProof {
    /// Whether the proof leads from this leaf hash to this root.
    #[must_use]
    pub fn verify(&self, leaf: &Digest, root: &Digest) -> bool {
        self.computed_root(leaf)
            .is_some_and(|computed| computed == *root)
    }

    /// The root that the proof leads to; `None` when its path does not fit index and size
    /// (RFC 9162, section 2.1.3.2).
    #[must_use]
    pub fn computed_root(&self, leaf: &Digest) -> Option<Digest> {
        if self.index >= self.size {
            return None;
        }
        let (mut node, mut last, mut hash) = (self.index, self.size - 1, *leaf);
        for sibling in &self.path {
            if last == 0 {
                return None;
            }
            if node & 1 == 1 || node == last {
                hash = node_hash(sibling, &hash);
                while node & 1 == 0 && node != 0 {
                    node >>= 1;
                    last >>= 1;
                }
            } else {
                hash = node_hash(&hash, sibling);
            }
            node >>= 1;
            last >>= 1;
        }
        (last == 0).then_some(hash)
    }
}

impl BorshDeserialize for InclusionProof {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let index = u64::deserialize_reader(reader)?;
        let size = u64::deserialize_reader(reader)?;
        Ok(Self {
            index,
            size,
            path: bounded(reader)?,
        })
    }
}

/// The roots of the full subtrees of a growing tree, largest first: all that appending needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Digest>,
}

impl Frontier {
    /// Appends a leaf hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        // Each trailing one bit of the size is a full subtree that the new leaf completes.
        for _ in 0..self.size.trailing_ones() {
            let left = self
                .peaks
                .pop()
                .expect("invariant: one peak for each bit of the size");
            node = node_hash(&left, &node);
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root of the tree so far.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        let Some(&smallest) = peaks.next() else {
            return sha256(&[]);
        };
        peaks.fold(smallest, |right, left| node_hash(left, &right))
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }
}

impl BorshDeserialize for Frontier {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let size = u64::deserialize_reader(reader)?;
        let peaks = bounded(reader)?;
        if peaks.len() != size.count_ones() as usize {
            return Err(invalid("a frontier has one peak for each bit of its size"));
        }
        Ok(Self { size, peaks })
    }
}

fn bounded<R: io::Read>(reader: &mut R) -> io::Result<Vec<Digest>> {
    let length = u32::deserialize_reader(reader)? as usize;
    if length > MAX_DEPTH {
        return Err(invalid("more than 64 hashes"));
    }
    (0..length)
        .map(|_| Digest::deserialize_reader(reader))
        .collect()
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
