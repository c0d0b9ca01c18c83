//! A store in memory: for tests, simulation and throw-away ledgers.

use crate::{
    error::StoreError,
    store::{Order, Store, StoreView, Table, Visitor, Write},
};
use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, PoisonError, RwLock},
};

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;
type Tables = BTreeMap<Table, Arc<Rows>>;

/// Tables in memory. Clones share them, so a clone can be "reopened" after a simulated crash.
#[derive(Clone, Default)]
pub struct MemoryStore {
    tables: Arc<RwLock<Tables>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A picture of a [`MemoryStore`].
pub struct MemoryView {
    tables: Tables,
}

impl StoreView for MemoryView {
    fn read(
        &self,
        table: Table,
        key: &[u8],
        visit: &mut dyn FnMut(&[u8]),
    ) -> Result<(), StoreError> {
        if let Some(value) = self.tables.get(&table).and_then(|rows| rows.get(key)) {
            visit(value);
        }
        Ok(())
    }

    fn scan(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        visit: &mut Visitor<'_>,
    ) -> Result<(), StoreError> {
        let Some(rows) = self.tables.get(&table) else {
            return Ok(());
        };
        if end.is_some_and(|end| end <= start) {
            return Ok(());
        }
        let end = end.map_or(Bound::Unbounded, Bound::Excluded);
        let mut range = rows.range::<[u8], _>((Bound::Included(start), end));
        loop {
            let next = match order {
                Order::Ascending => range.next(),
                Order::Descending => range.next_back(),
            };
            match next {
                Some((key, value)) if visit(key, value) => {}
                _ => return Ok(()),
            }
        }
    }
}

impl Store for MemoryStore {
    type View = MemoryView;

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        Ok(tables.get(&table).and_then(|rows| rows.get(key)).cloned())
    }

    fn view(&self) -> MemoryView {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        MemoryView {
            tables: tables.clone(),
        }
    }

    fn write(&self, batch: &[Write<'_>]) -> Result<(), StoreError> {
        // Nothing between here and the end can fail, so a poisoned lock holds whole batches.
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        for Write { table, key, value } in batch {
            let rows = Arc::make_mut(tables.entry(*table).or_default());
            match value {
                Some(value) => rows.insert(key.to_vec(), value.to_vec()),
                None => rows.remove(*key),
            };
        }
        Ok(())
    }

    fn clear(&self, table: Table) -> Result<(), StoreError> {
        self.tables
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&table);
        Ok(())
    }
}
