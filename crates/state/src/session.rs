//! One commit's work on the tree: reads the leaves that change, computes roots, changes nothing
//! that others see until the batch is durable.

use crate::{
    cache::LeafCache,
    digests::{Digests, Levels, Node, overlay},
    error::StateError,
    pairs::{Change, Leaf, Pair, Place, RowKey, bit, bucket_of, merge},
    store::StoreView,
};
use blockworm_crypto::Digest;
use blockworm_ledger::state_proof::LEAF_PAIRS;
use std::collections::BTreeMap;

/// The tree as it will be, seen from the tree as it is.
pub(crate) struct Session<'a, V: StoreView> {
    digests: &'a Digests,
    leaves: Leaves<'a, V>,
    levels: Levels,
    splits: BTreeMap<u32, Option<Node>>,
}

/// What a session leaves behind for the time after the batch is durable.
pub(crate) struct Outcome {
    pub(crate) levels: Levels,
    pub(crate) splits: BTreeMap<u32, Option<Node>>,
    pub(crate) leaves: BTreeMap<Place, Leaf>,
    pub(crate) rows: Rows,
}

/// Rows of the pairs' table that changed, by row key; empty ones are deleted.
pub(crate) type Rows = BTreeMap<RowKey, Leaf>;

impl<'a, V: StoreView> Session<'a, V> {
    pub(crate) fn new(digests: &'a Digests, view: &'a V, cache: &'a mut LeafCache) -> Self {
        let leaves = Leaves {
            view,
            cache,
            changed: BTreeMap::new(),
            rows: Rows::new(),
        };
        Self {
            digests,
            leaves,
            levels: Levels::new(),
            splits: BTreeMap::new(),
        }
    }

    /// Applies one height's changes, ordered by key digest and unique, and returns its root.
    pub(crate) fn apply(&mut self, changes: &[Change]) -> Result<Digest, StateError> {
        let bits = self.digests.bits();
        let mut buckets = Vec::new();
        for changes in changes.chunk_by(|a, b| bucket_of(&a.0, bits) == bucket_of(&b.0, bits)) {
            let index = bucket_of(&changes[0].0, bits);
            let place = Place::of_bucket(index, bits);
            let split = match self.splits.get(&index) {
                Some(node) => node.as_ref(),
                None => self.digests.split(index),
            };
            let was_split = split.is_some();
            let node = self.leaves.update(place, split, changes)?;
            buckets.push((index, node.digest));
            if was_split || node.halves.is_some() {
                self.splits
                    .insert(index, node.halves.is_some().then_some(node));
            }
        }
        if !buckets.is_empty() {
            let levels = self.digests.raise(buckets, &self.levels);
            self.levels = overlay(std::mem::take(&mut self.levels), levels);
        }
        let root = self.levels.last().and_then(|level| level.first());
        Ok(root.map_or_else(|| self.digests.root(), |(_, root)| *root))
    }

    pub(crate) fn finish(self) -> Outcome {
        Outcome {
            levels: self.levels,
            splits: self.splits,
            leaves: self.leaves.changed,
            rows: self.leaves.rows,
        }
    }
}

/// Leaves: as this session changed them, else as remembered, else as stored.
struct Leaves<'a, V: StoreView> {
    view: &'a V,
    cache: &'a mut LeafCache,
    changed: BTreeMap<Place, Leaf>,
    rows: Rows,
}

impl<V: StoreView> Leaves<'_, V> {
    fn load(&mut self, place: &Place) -> Result<Leaf, StateError> {
        if let Some(pairs) = self.changed.get(place) {
            return Ok(Leaf::clone(pairs));
        }
        if let Some(pairs) = self.cache.get(place) {
            return Ok(pairs);
        }
        Ok(Leaf::new(place.read(self.view)?))
    }

    /// The node at `place` after `changes`; `node` is what was there, `None` for a plain leaf.
    fn update(
        &mut self,
        place: Place,
        node: Option<&Node>,
        changes: &[Change],
    ) -> Result<Node, StateError> {
        let Some(halves) = node.and_then(|node| node.halves.as_ref()) else {
            let pairs = merge(&self.load(&place)?, changes);
            return Ok(self.replace(place, &pairs));
        };
        let (Some(left_place), Some(right_place)) = (place.child(false), place.child(true)) else {
            unreachable!("a digest has no bit below which a place could split");
        };
        let middle = changes.partition_point(|(key, _)| !bit(key, place.bits()));
        let left = self.update_half(left_place, &halves[0], &changes[..middle])?;
        let right = self.update_half(right_place, &halves[1], &changes[middle..])?;
        if left.count + right.count > LEAF_PAIRS as u64 {
            return Ok(Node::inner(left, right));
        }
        let mut pairs = Vec::with_capacity(LEAF_PAIRS);
        self.gather(left_place, &left, &mut pairs)?;
        self.gather(right_place, &right, &mut pairs)?;
        Ok(self.replace(place, &pairs))
    }

    fn update_half(
        &mut self,
        place: Place,
        half: &Node,
        changes: &[Change],
    ) -> Result<Node, StateError> {
        if changes.is_empty() {
            Ok(half.clone())
        } else {
            self.update(place, Some(half), changes)
        }
    }

    /// Appends the pairs below a node, in order, and gives up the rows that held them.
    fn gather(
        &mut self,
        place: Place,
        node: &Node,
        into: &mut Vec<Pair>,
    ) -> Result<(), StateError> {
        match (&node.halves, place.child(false), place.child(true)) {
            (Some(halves), Some(left), Some(right)) => {
                self.gather(left, &halves[0], into)?;
                self.gather(right, &halves[1], into)
            }
            _ => {
                into.extend_from_slice(&self.load(&place)?);
                self.rows.insert(place.row_key(), Leaf::default());
                Ok(())
            }
        }
    }

    fn replace(&mut self, place: Place, pairs: &[Pair]) -> Node {
        Node::build(place, pairs, &mut |place, pairs| {
            let pairs = Leaf::new(pairs.to_vec());
            self.rows.insert(place.row_key(), Leaf::clone(&pairs));
            self.changed.insert(place, pairs);
        })
    }
}
