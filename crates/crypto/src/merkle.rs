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

    /// The full subtrees of two leaves and more that appending this leaf would complete, smallest
    /// first. Together with the leaves they are all the nodes that proofs ever need.
    #[must_use]
    pub fn completed_by(&self, leaf: Digest) -> Vec<Digest> {
        let full = self.size.trailing_ones() as usize;
        let mut node = leaf;
        let lefts = self.peaks.iter().rev().take(full);
        lefts
            .map(|left| {
                node = node_hash(left, &node);
                node
            })
            .collect()
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    /// The leaves and roots of the test tree of Certificate Transparency's reference code.
    const LEAVES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn test_tree() -> Vec<Digest> {
        LEAVES
            .iter()
            .map(|data| leaf_hash(&[&hex::decode(data).unwrap()]))
            .collect()
    }

    fn leaves(count: usize) -> Vec<Digest> {
        (0..count)
            .map(|index| leaf_hash(&[&index.to_be_bytes()]))
            .collect()
    }

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let leaves = test_tree();
        for (size, expected) in ROOTS.iter().enumerate() {
            assert_eq!(root(leaves[..size].iter().copied()).to_string(), *expected);
        }
    }

    #[test]
    fn the_path_of_leaf_five_is_that_of_certificate_transparency() {
        let proof = prove(&test_tree(), 5).unwrap();
        let path: Vec<_> = proof.path.iter().map(Digest::to_string).collect();
        assert_eq!(
            path,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        );
    }

    #[test]
    fn a_leaf_is_hashed_over_its_parts_joined() {
        let whole = leaf_hash(&[b"abcdef"]);
        assert_eq!(leaf_hash(&[b"abc", b"def"]), whole);
        assert_eq!(leaf_hash(&[b"a", b"bc", b"def"]), whole);
        assert_eq!(leaf_hash(&[]), leaf_hash(&[b""]));
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_proved_and_no_other() {
        for size in 1..40 {
            let leaves = leaves(size);
            let root = root(leaves.iter().copied());
            for index in 0..size {
                let proof = prove(&leaves, index).unwrap();
                for (other, leaf) in leaves.iter().enumerate() {
                    assert_eq!(
                        proof.verify(leaf, &root),
                        other == index,
                        "{index} of {size}"
                    );
                }
            }
            assert_eq!(prove(&leaves, size), None);
        }
    }

    #[test]
    fn a_hostile_length_is_refused_before_anything_is_read() {
        let mut bytes = [0; 20];
        bytes[16..].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(borsh::from_slice::<InclusionProof>(&bytes).is_err());
    }

    #[test]
    fn a_frontier_with_the_wrong_number_of_peaks_is_refused() {
        let mut frontier = Frontier::default();
        leaves(6).into_iter().for_each(|leaf| frontier.push(leaf));
        let mut bytes = borsh::to_vec(&frontier).unwrap();
        assert_eq!(borsh::from_slice::<Frontier>(&bytes).unwrap(), frontier);
        bytes[0] = 7;
        assert!(borsh::from_slice::<Frontier>(&bytes).is_err());
    }

    proptest! {
        #[test]
        fn an_altered_proof_never_verifies(
            size in 1usize..300, pick in any::<prop::sample::Index>(),
            level in any::<prop::sample::Index>(), bit in 0usize..256, kind in 0..4,
        ) {
            let leaves = leaves(size);
            let root = root(leaves.iter().copied());
            let index = pick.index(size);
            let mut proof = prove(&leaves, index).unwrap();
            prop_assert!(proof.verify(&leaves[index], &root));
            prop_assert_eq!(proof.computed_root(&leaves[index]), Some(root));
            match kind {
                0 if !proof.path.is_empty() => {
                    let level = level.index(proof.path.len());
                    proof.path[level].0[bit / 8] ^= 1 << (bit % 8);
                }
                1 => proof.path.push(Digest::ZERO),
                2 if !proof.path.is_empty() => drop(proof.path.pop()),
                _ => proof.index = proof.size,
            }
            prop_assert!(!proof.verify(&leaves[index], &root));
        }

        #[test]
        fn no_bytes_make_the_decoders_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..300), leaf in any::<[u8; 32]>(),
        ) {
            if let Ok(proof) = borsh::from_slice::<InclusionProof>(&bytes) {
                let _ = proof.verify(&Digest(leaf), &Digest::ZERO);
            }
            if let Ok(mut frontier) = borsh::from_slice::<Frontier>(&bytes) {
                frontier.push(Digest(leaf));
                let _ = frontier.root();
            }
        }

        #[test]
        fn no_path_and_no_position_make_verification_panic(
            index in any::<u64>(), size in any::<u64>(),
            path in prop::collection::vec(any::<[u8; 32]>(), 0..70),
        ) {
            let path = path.into_iter().map(Digest).collect();
            let proof = InclusionProof { index, size, path };
            prop_assert!(!proof.verify(&Digest::ZERO, &Digest::ZERO));
        }
    }
}
