//! The digests over the buckets, in memory: a flat binary tree, and small trees under split buckets.

use crate::pairs::{Pair, Place, bit, leaf_digest};
use blockworm_crypto::Digest;
use blockworm_ledger::state_proof::{LEAF_PAIRS, inner as inner_digest};
use std::{collections::BTreeMap, sync::Arc};

/// A bucket, or a part of one that split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// What it hashes to.
    pub(crate) digest: Digest,
    /// How many pairs lie below it.
    pub(crate) count: u64,
    /// Its halves by the next bit, when it has split.
    pub(crate) halves: Option<Arc<[Node; 2]>>,
}

impl Node {
    /// Builds the node for all pairs below `place`, splitting where there are too many, and shows
    /// each leaf to `leaf`.
    pub(crate) fn build(
        place: Place,
        pairs: &[Pair],
        leaf: &mut impl FnMut(Place, &[Pair]),
    ) -> Self {
        // Below the last bit there is one key digest, so a place without children never splits.
        if let (Some(left), Some(right)) = (place.child(false), place.child(true))
            && pairs.len() > LEAF_PAIRS
        {
            let middle = pairs.partition_point(|pair| !bit(pair, place.bits()));
            let left = Self::build(left, &pairs[..middle], leaf);
            let right = Self::build(right, &pairs[middle..], leaf);
            return Self::inner(left, right);
        }
        leaf(place, pairs);
        Self {
            digest: leaf_digest(pairs),
            count: pairs.len() as u64,
            halves: None,
        }
    }

    /// The node over two halves.
    pub(crate) fn inner(left: Self, right: Self) -> Self {
        Self {
            digest: inner_digest(&left.digest, &right.digest),
            count: left.count + right.count,
            halves: Some(Arc::new([left, right])),
        }
    }
}

/// Digests that changed: per level, from the buckets (first) up to the root (last), the index in
/// the level and the new digest, ordered by index.
pub(crate) type Levels = Vec<Vec<(u32, Digest)>>;

/// All digests of a state.
pub(crate) struct Digests {
    bits: u8,
    /// A heap: the root is at 1, the children of `i` at `2i` and `2i + 1`, bucket `b` at `2^bits + b`.
    heap: Vec<Digest>,
    splits: BTreeMap<u32, Node>,
}

impl Digests {
    /// The digests of an empty state.
    pub(crate) fn empty(bits: u8) -> Self {
        let mut heap = vec![Digest::ZERO; 2 << bits];
        let mut digest = leaf_digest(&[]);
        for level in (0..=u32::from(bits)).rev() {
            let start = 1usize << level;
            heap[start..2 * start].fill(digest);
            digest = inner_digest(&digest, &digest);
        }
        Self {
            bits,
            heap,
            splits: BTreeMap::new(),
        }
    }

    /// How many bits lead to a bucket.
    pub(crate) const fn bits(&self) -> u8 {
        self.bits
    }

    /// The root.
    pub(crate) fn root(&self) -> Digest {
        self.heap[1]
    }

    /// The tree under a bucket, if it split.
    pub(crate) fn split(&self, bucket: u32) -> Option<&Node> {
        self.splits.get(&bucket)
    }

    /// Puts a bucket in place while the tree is built; [`Self::rebuild`] must follow.
    pub(crate) fn load(&mut self, bucket: u32, node: Node) {
        let at = (1usize << self.bits) + bucket as usize;
        self.heap[at] = node.digest;
        if node.halves.is_some() {
            self.splits.insert(bucket, node);
        }
    }

    /// Recomputes every digest above the buckets.
    pub(crate) fn rebuild(&mut self) {
        let mut empty = leaf_digest(&[]);
        for level in (0..u32::from(self.bits)).rev() {
            let above = inner_digest(&empty, &empty);
            for at in 1usize << level..2usize << level {
                let (left, right) = (self.heap[2 * at], self.heap[2 * at + 1]);
                // Most of a young state is empty: one comparison instead of a hash.
                self.heap[at] = if left == empty && right == empty {
                    above
                } else {
                    inner_digest(&left, &right)
                };
            }
            empty = above;
        }
    }

    /// The digests that follow from new bucket digests (ordered by bucket), given `pending` ones
    /// that are not applied yet. Nothing here changes.
    pub(crate) fn raise(&self, buckets: Vec<(u32, Digest)>, pending: &Levels) -> Levels {
        let mut levels = Vec::with_capacity(usize::from(self.bits) + 1);
        levels.push(buckets);
        for height in 0..usize::from(self.bits) {
            let below = &levels[height];
            let start = 1usize << (usize::from(self.bits) - height);
            let mut above: Vec<(u32, Digest)> = Vec::with_capacity(below.len());
            let mut next = below.iter().peekable();
            while let Some((index, digest)) = next.next() {
                let other = match next.next_if(|(other, _)| *other == index ^ 1) {
                    Some((_, other)) => *other,
                    None => pending_digest(pending, height, index ^ 1)
                        .unwrap_or(self.heap[start + (index ^ 1) as usize]),
                };
                let digest = if index & 1 == 0 {
                    inner_digest(digest, &other)
                } else {
                    inner_digest(&other, digest)
                };
                above.push((index >> 1, digest));
            }
            levels.push(above);
        }
        levels
    }

    /// Makes changed digests and changed split buckets (`None`: no longer split) the current ones.
    pub(crate) fn apply(&mut self, levels: &Levels, splits: BTreeMap<u32, Option<Node>>) {
        for (height, level) in levels.iter().enumerate() {
            let start = 1usize << (usize::from(self.bits) - height);
            for (index, digest) in level {
                self.heap[start + *index as usize] = *digest;
            }
        }
        for (bucket, node) in splits {
            match node {
                Some(node) => self.splits.insert(bucket, node),
                None => self.splits.remove(&bucket),
            };
        }
    }

    /// The digests beside the way from a bucket to the root, bottom-up.
    pub(crate) fn siblings(&self, bucket: u32) -> Vec<Digest> {
        let mut at = (1usize << self.bits) + bucket as usize;
        let mut siblings = Vec::with_capacity(usize::from(self.bits));
        while at > 1 {
            siblings.push(self.heap[at ^ 1]);
            at >>= 1;
        }
        siblings
    }
}

fn pending_digest(pending: &Levels, height: usize, index: u32) -> Option<Digest> {
    let level = pending.get(height)?;
    let at = level
        .binary_search_by_key(&index, |(index, _)| *index)
        .ok()?;
    Some(level[at].1)
}

/// Lays `newer` over `older`, level by level.
pub(crate) fn overlay(older: Levels, newer: Levels) -> Levels {
    if older.is_empty() {
        return newer;
    }
    older
        .into_iter()
        .zip(newer)
        .map(|(older, newer)| overlay_level(older, newer))
        .collect()
}

fn overlay_level(older: Vec<(u32, Digest)>, newer: Vec<(u32, Digest)>) -> Vec<(u32, Digest)> {
    let mut merged = Vec::with_capacity(older.len() + newer.len());
    let mut older = older.into_iter().peekable();
    for (index, digest) in newer {
        while let Some(kept) = older.next_if(|(old, _)| *old < index) {
            merged.push(kept);
        }
        let _ = older.next_if(|(old, _)| *old == index);
        merged.push((index, digest));
    }
    merged.extend(older);
    merged
}
