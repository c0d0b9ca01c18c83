//! The history tree: an RFC 6962 tree over the digests of all headers, from height 0.

use crate::block::Header;
use blockworm_crypto::{
    Digest,
    merkle::{Frontier, InclusionProof, node_hash},
};
use borsh::{BorshDeserialize, BorshSerialize};

/// A header that does not follow the last one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("history ends before height {next}; header {found} cannot be appended")]
pub struct HistoryGap {
    /// The height that comes next.
    pub next: u64,
    /// The height that was offered.
    pub found: u64,
}

impl HistoryGap {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "history.gap"
    }
}

/// The right edge of the history tree: all that is needed to append headers and to know the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct History {
    frontier: Frontier,
}

impl History {
    /// A history that begins with the header of height 0.
    #[must_use]
    pub fn new(genesis: &Header) -> Self {
        let mut history = Self::default();
        history.frontier.push(genesis.history_leaf());
        history
    }

    /// The height of the header that comes next; the root is this header's `history_root`.
    #[must_use]
    pub fn next_height(&self) -> u64 {
        self.frontier.size()
    }

    /// The root over all headers below `next_height`.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.frontier.root()
    }

    /// The full subtrees of two headers and more that appending this header would complete,
    /// smallest first: the nodes of levels 1, 2, … whose last leaf it is.
    #[must_use]
    pub fn completed_by(&self, header: &Header) -> Vec<Digest> {
        self.frontier.completed_by(header.history_leaf())
    }

    /// Appends the next header.
    ///
    /// # Errors
    /// When it is not the next one.
    pub fn push(&mut self, header: &Header) -> Result<(), HistoryGap> {
        if header.height != self.next_height() {
            return Err(HistoryGap {
                next: self.next_height(),
                found: header.height,
            });
        }
        self.frontier.push(header.history_leaf());
        Ok(())
    }
}

/// The root over the first `size` leaves, from full subtrees: `node(level, index)` is the one over
/// the 2^level leaves from `index` × 2^level on. O(log size) of them are asked for.
///
/// # Errors
/// The first that `node` gives.
pub fn root_of<E>(
    size: u64,
    mut node: impl FnMut(u32, u64) -> Result<Digest, E>,
) -> Result<Digest, E> {
    range(0, size, &mut node)
}

/// The proof that leaf `index` stands in the tree of the first `size` leaves; `None` when it does
/// not. O(log size) full subtrees are asked for, as in [`root_of`].
///
/// # Errors
/// The first that `node` gives.
pub fn prove<E>(
    index: u64,
    size: u64,
    mut node: impl FnMut(u32, u64) -> Result<Digest, E>,
) -> Result<Option<InclusionProof>, E> {
    if index >= size {
        return Ok(None);
    }
    // From the root downwards: the half that the leaf is not in is a sibling.
    let (mut first, mut leaves, mut path) = (0, size, Vec::new());
    while leaves > 1 {
        let left = split(leaves);
        if index - first < left {
            path.push(range(first + left, leaves - left, &mut node)?);
            leaves = left;
        } else {
            path.push(range(first, left, &mut node)?);
            first += left;
            leaves -= left;
        }
    }
    path.reverse();
    Ok(Some(InclusionProof { index, size, path }))
}

/// The largest power of two below a number of leaves, at least 2.
const fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// The subtree over `leaves` leaves from `first` on, where a larger tree has one.
fn range<E>(
    first: u64,
    leaves: u64,
    node: &mut impl FnMut(u32, u64) -> Result<Digest, E>,
) -> Result<Digest, E> {
    if leaves == 0 {
        return Ok(blockworm_crypto::sha256(&[]));
    }
    if leaves.is_power_of_two() {
        let level = leaves.ilog2();
        return node(level, first >> level);
    }
    let left = split(leaves);
    let right = range(first + left, leaves - left, node)?;
    Ok(node_hash(&range(first, left, node)?, &right))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use blockworm_crypto::merkle::{self, leaf_hash};
    use std::{collections::BTreeMap, convert::Infallible};

    #[test]
    fn every_proof_from_full_subtrees_is_the_trees_own_and_asks_for_few() {
        let leaves: Vec<_> = (0..300u32)
            .map(|leaf| leaf_hash(&[&leaf.to_be_bytes()]))
            .collect();
        let mut nodes = BTreeMap::new();
        let mut frontier = Frontier::default();
        for (index, leaf) in (0u64..).zip(&leaves) {
            nodes.insert((0, index), *leaf);
            for (level, node) in (1u32..).zip(frontier.completed_by(*leaf)) {
                nodes.insert((level, index >> level), node);
            }
            frontier.push(*leaf);
        }
        assert!(nodes.len() < 2 * leaves.len(), "one node a leaf, no more");
        for size in 1..=leaves.len() {
            let root = merkle::root(leaves[..size].iter().copied());
            let mut asked = 0;
            let mut node = |level, index| {
                asked += 1;
                Ok::<_, Infallible>(nodes[&(level, index)])
            };
            assert_eq!(root_of(size as u64, &mut node).unwrap(), root);
            for index in [0, 1, size / 3, size / 2, size - 1] {
                let proved = prove(index as u64, size as u64, &mut node).unwrap();
                assert_eq!(proved, merkle::prove(&leaves[..size], index));
            }
            assert_eq!(prove(size as u64, size as u64, &mut node).unwrap(), None);
            assert!(asked <= 6 * 2 * 9, "{asked} reads at {size}");
        }
    }
}
