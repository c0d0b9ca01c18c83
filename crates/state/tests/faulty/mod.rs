//! A store that breaks at a chosen point, to see what is left behind.

use blockworm_state::{MemoryStore, Store, StoreError, Table, Write};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// How the store breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing reaches the disk, and the caller is told.
    Lost,
    /// Everything reaches the disk, yet the caller is told that it failed.
    Unacknowledged,
    /// The process dies before anything reaches the disk.
    DiesBefore,
    /// The process dies with everything on the disk.
    DiesAfter,
}

impl Fault {
    pub const ALL: [Self; 4] = [
        Self::Lost,
        Self::Unacknowledged,
        Self::DiesBefore,
        Self::DiesAfter,
    ];
}

/// Breaks at the write or clear number `left`, counted from 0, and at each one after it.
#[derive(Clone)]
pub struct FaultyStore {
    inner: MemoryStore,
    fault: Fault,
    left: Arc<AtomicI64>,
}

impl FaultyStore {
    pub fn new(inner: MemoryStore, fault: Fault, point: i64) -> Self {
        Self {
            inner,
            fault,
            left: Arc::new(AtomicI64::new(point)),
        }
    }

    /// The disk is fine again.
    pub fn repair(&self) {
        self.left.store(i64::MAX, Ordering::SeqCst);
    }

    fn act(&self, act: impl FnOnce() -> Result<(), StoreError>) -> Result<(), StoreError> {
        if self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return act();
        }
        match self.fault {
            Fault::Lost => {}
            Fault::Unacknowledged => act()?,
            Fault::DiesBefore => panic!("died before the write"),
            Fault::DiesAfter => {
                act()?;
                panic!("died after the write");
            }
        }
        Err(StoreError {
            action: "write",
            source: "no space left on device".into(),
        })
    }
}

impl Store for FaultyStore {
    type View = <MemoryStore as Store>::View;

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(table, key)
    }

    fn view(&self) -> Self::View {
        self.inner.view()
    }

    fn write(&self, batch: &[Write<'_>]) -> Result<(), StoreError> {
        self.act(|| self.inner.write(batch))
    }

    fn clear(&self, table: Table) -> Result<(), StoreError> {
        self.act(|| self.inner.clear(table))
    }
}
