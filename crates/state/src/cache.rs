//! A bounded cache of leaves, so that hot places are not read from the store.

use crate::pairs::{Leaf, Pair, Place};
use std::{collections::HashMap, sync::Arc};

/// What an entry costs beside its pairs: place, pointers, and room in the table.
const ENTRY_BYTES: usize = 112;

/// Two generations: what was not used while a generation filled up is forgotten with the next.
/// It costs one look-up and no lists, and is never iterated, so no order leaks out of it.
pub(crate) struct LeafCache {
    young: HashMap<Place, Leaf>,
    old: HashMap<Place, Leaf>,
    young_bytes: usize,
    generation_bytes: usize,
}

impl LeafCache {
    /// A cache that holds about `bytes` at most.
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            young_bytes: 0,
            generation_bytes: bytes / 2,
        }
    }

    /// The pairs at a place, if remembered.
    pub(crate) fn get(&mut self, place: &Place) -> Option<Leaf> {
        if let Some(pairs) = self.young.get(place) {
            return Some(Arc::clone(pairs));
        }
        let pairs = self.old.remove(place)?;
        self.insert(*place, Arc::clone(&pairs));
        Some(pairs)
    }

    /// Remembers the pairs at a place; what was remembered for it is replaced.
    pub(crate) fn insert(&mut self, place: Place, pairs: Leaf) {
        let bytes = ENTRY_BYTES + pairs.len() * size_of::<Pair>();
        match self.young.insert(place, pairs) {
            Some(replaced) => {
                self.young_bytes -= ENTRY_BYTES + replaced.len() * size_of::<Pair>();
            }
            None => {
                self.old.remove(&place);
            }
        }
        self.young_bytes += bytes;
        if self.young_bytes > self.generation_bytes {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.young = HashMap::new();
        self.old = HashMap::new();
        self.young_bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::LeafCache;
    use crate::pairs::{Leaf, Place};

    #[test]
    fn it_stays_within_its_bound_and_keeps_what_is_used() {
        let mut cache = LeafCache::new(64 * 1024);
        let hot = Place::of_bucket(0, 20);
        cache.insert(hot, Leaf::new(vec![[7; 64]; 4]));
        for bucket in 1..10_000 {
            cache.insert(Place::of_bucket(bucket, 20), Leaf::new(vec![[0; 64]; 16]));
            assert_eq!(cache.get(&hot).unwrap()[0], [7; 64]);
        }
        assert!(cache.young.len() + cache.old.len() <= 64);
        assert!(cache.get(&Place::of_bucket(1, 20)).is_none());
    }

    #[test]
    fn a_replaced_leaf_never_comes_back() {
        let mut cache = LeafCache::new(4 * 1024);
        let place = Place::of_bucket(0, 20);
        for round in 0..200u8 {
            cache.insert(place, Leaf::new(vec![[round; 64]]));
            cache.insert(
                Place::of_bucket(1 + u32::from(round), 20),
                Leaf::new(vec![[0; 64]; 8]),
            );
            if let Some(pairs) = cache.get(&place) {
                assert_eq!(pairs[0], [round; 64]);
            }
        }
    }
}
