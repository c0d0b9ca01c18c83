//! What lies behind a transaction: the block's earlier writes, hot values, the state.

use crate::merge::merge;
use blockworm_state::{Order, Row, State, StateError, StateView, Store, StoreView, Writes};
use std::{cell::RefCell, collections::HashMap};

/// Reads as of the moment before the transaction.
pub(crate) trait Base {
    /// The value under a state key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError>;

    /// At most `limit` rows with `start <= key < end`.
    fn scan(
        &self,
        start: &[u8],
        end: &[u8],
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, StateError>;
}

impl<S: Store> Base for State<S> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Self::get(self, key)
    }

    fn scan(
        &self,
        start: &[u8],
        end: &[u8],
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, StateError> {
        self.range(start, Some(end), order, limit)
    }
}

impl<V: StoreView> Base for StateView<V> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Self::get(self, key)
    }

    fn scan(
        &self,
        start: &[u8],
        end: &[u8],
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, StateError> {
        self.range(start, Some(end), order, limit)
    }
}

/// The state with the writes of the block that is being executed in front.
pub(crate) struct BlockBase<'a, S: Store> {
    state: &'a State<S>,
    cache: RefCell<&'a mut ValueCache>,
    writes: Writes,
}

impl<'a, S: Store> BlockBase<'a, S> {
    pub(crate) const fn new(state: &'a State<S>, cache: &'a mut ValueCache) -> Self {
        Self {
            state,
            cache: RefCell::new(cache),
            writes: Writes::new(),
        }
    }

    /// Takes a successful transaction's writes.
    pub(crate) fn apply(&mut self, writes: Writes) {
        let cache = self.cache.get_mut();
        for (key, value) in writes {
            cache.insert(key.clone(), value.clone());
            self.writes.insert(key, value);
        }
    }

    /// The block's writes.
    pub(crate) fn into_writes(self) -> Writes {
        self.writes
    }
}

impl<S: Store> Base for BlockBase<'_, S> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        if let Some(value) = self.cache.borrow_mut().get(key) {
            return Ok(value);
        }
        let value = match self.writes.get(key) {
            Some(value) => value.clone(),
            None => self.state.get(key)?,
        };
        self.cache.borrow_mut().insert(key.to_vec(), value.clone());
        Ok(value)
    }

    fn scan(
        &self,
        start: &[u8],
        end: &[u8],
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, StateError> {
        merge(
            &self.writes,
            (start, end),
            order,
            limit,
            &mut |start, end, limit| self.state.range(start, Some(end), order, limit),
        )
    }
}

/// Values read or written lately, absences too. Results never depend on what is in it: it always
/// holds the newest value, and whatever is missing is read from below.
pub(crate) struct ValueCache {
    young: HashMap<Vec<u8>, Option<Vec<u8>>>,
    old: HashMap<Vec<u8>, Option<Vec<u8>>>,
    young_bytes: usize,
    generation_bytes: usize,
}

/// What an entry takes beside its key and value.
const ENTRY_BYTES: usize = 96;

impl ValueCache {
    /// A cache of about `bytes`.
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            young_bytes: 0,
            generation_bytes: bytes / 2,
        }
    }

    fn get(&mut self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.insert(key, value.clone());
        Some(value)
    }

    fn insert(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let bytes = key.len() + value.as_ref().map_or(0, Vec::len) + ENTRY_BYTES;
        // The old generation may hold an older value, and a key overwritten here is counted twice:
        // both only make the generation end earlier.
        self.young.insert(key, value);
        self.young_bytes += bytes;
        if self.young_bytes > self.generation_bytes {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
        self.young_bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_bounded_and_never_stale() {
        let mut cache = ValueCache::new(64 * 1024);
        for round in 0..50u32 {
            for number in 0..1000u32 {
                let key = number.to_be_bytes().to_vec();
                if let Some(value) = cache.get(&key) {
                    assert_eq!(
                        value,
                        Some((round - 1).to_be_bytes().to_vec()),
                        "key {number}"
                    );
                }
                cache.insert(key, Some(round.to_be_bytes().to_vec()));
            }
            assert!(cache.young.len() + cache.old.len() <= 64 * 1024 / ENTRY_BYTES + 2);
        }
    }
}
