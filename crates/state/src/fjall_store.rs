//! The store on disk: one fjall database, one keyspace per table, one journal for all.

use crate::{
    error::StoreError,
    store::{Order, Store, StoreView, Table, Visitor, Write},
};
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode,
    Readable as _, Snapshot,
    compaction::Leveled,
    config::{BlockSizePolicy, CompressionPolicy},
};
use std::{path::Path, sync::Arc};

const MIB: u64 = 1024 * 1024;

/// How much memory and disk a [`FjallStore`] may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FjallOptions {
    /// Blocks read from disk are kept in this many bytes of memory.
    pub cache_bytes: u64,
    /// A large table gathers this many bytes in memory before they are written as a sorted file;
    /// small tables take a quarter. It holds for tables that do not exist yet.
    pub memtable_bytes: u64,
    /// Sealed journals beyond this many bytes (at least 64 MiB) make lagging tables flush.
    pub journal_bytes: u64,
    /// Threads that write sorted files and merge them. With two or more, one of them spins while
    /// all others merge, so more than one only pays on an otherwise idle machine.
    pub worker_threads: usize,
}

impl Default for FjallOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 32 * MIB,
            memtable_bytes: 8 * MIB,
            journal_bytes: 64 * MIB,
            worker_threads: 1,
        }
    }
}

/// Tables on disk. Clones share them.
#[derive(Clone)]
pub struct FjallStore {
    database: Database,
    tables: Arc<[Keyspace; Table::ALL.len()]>,
}

impl FjallStore {
    /// Opens the store in `path`, or creates it.
    ///
    /// # Errors
    /// When the folder cannot be read or written, or another process holds it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(path, FjallOptions::default())
    }

    /// Opens the store in `path` with other limits than the usual.
    ///
    /// # Errors
    /// When the folder cannot be read or written, or another process holds it.
    pub fn open_with(path: impl AsRef<Path>, options: FjallOptions) -> Result<Self, StoreError> {
        let fail = |source| StoreError::new("open", source);
        let database = Database::builder(path)
            .cache_size(options.cache_bytes)
            .max_journaling_size(options.journal_bytes.max(64 * MIB))
            .worker_threads(options.worker_threads.max(1))
            .open()
            .map_err(fail)?;
        let mut tables = Vec::with_capacity(Table::ALL.len());
        for table in Table::ALL {
            let keyspace = database
                .keyspace(name(table), || {
                    keyspace_options(table, options.memtable_bytes)
                })
                .map_err(fail)?;
            tables.push(keyspace);
        }
        let Ok(tables) = tables.try_into() else {
            unreachable!("one keyspace per table")
        };
        Ok(Self {
            database,
            tables: Arc::new(tables),
        })
    }

    /// Bytes on disk, journals included.
    ///
    /// # Errors
    /// When the journal cannot be measured.
    pub fn disk_bytes(&self) -> Result<u64, StoreError> {
        self.database
            .disk_space()
            .map_err(|source| StoreError::new("measure", source))
    }

    /// Bytes on disk of one table, journals left out.
    #[must_use]
    pub fn table_bytes(&self, table: Table) -> u64 {
        self.keyspace(table).disk_space()
    }

    /// Writes what memory still gathers into sorted files and merges them, so that
    /// [`Self::table_bytes`] counts every row once. It takes as long as reading and writing all of
    /// the store: for measuring and before archiving, not for a busy node.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn settle(&self) -> Result<(), StoreError> {
        let fail = |source| StoreError::new("settle", source);
        for keyspace in self.tables.iter() {
            keyspace.rotate_memtable_and_wait().map_err(fail)?;
            keyspace.major_compact().map_err(fail)?;
        }
        Ok(())
    }

    fn keyspace(&self, table: Table) -> &Keyspace {
        &self.tables[index(table)]
    }
}

const fn index(table: Table) -> usize {
    table as usize
}

const fn name(table: Table) -> &'static str {
    match table {
        Table::Values => "values",
        Table::Pairs => "pairs",
        Table::System => "system",
        Table::Receipts => "receipts",
        Table::TransactionIndex => "transaction_index",
        Table::RecentIds => "recent_ids",
        Table::Meta => "meta",
    }
}

fn keyspace_options(table: Table, memtable_bytes: u64) -> KeyspaceCreateOptions {
    // Small files keep a merge short: rows wait in memory meanwhile, and four waiting tables halt
    // the writer.
    let merging = Leveled::default().with_table_target_size(16 * MIB);
    let options = KeyspaceCreateOptions::default().compaction_strategy(Arc::new(merging));
    let lz4 = CompressionPolicy::new([CompressionType::None, CompressionType::Lz4]);
    match table {
        // Digests do not compress.
        Table::Pairs => options
            .max_memtable_size(memtable_bytes)
            .data_block_compression_policy(CompressionPolicy::disabled()),
        Table::Values | Table::TransactionIndex => options
            .max_memtable_size(memtable_bytes)
            .data_block_compression_policy(lz4),
        Table::Receipts => options
            .max_memtable_size(memtable_bytes)
            .data_block_size_policy(BlockSizePolicy::all(16 * 1024))
            .data_block_compression_policy(lz4),
        Table::RecentIds | Table::System | Table::Meta => options
            .max_memtable_size(memtable_bytes / 4)
            .data_block_compression_policy(lz4),
    }
}

/// A picture of a [`FjallStore`]; keep it short, old rows stay on disk meanwhile.
pub struct FjallView {
    snapshot: Snapshot,
    tables: Arc<[Keyspace; Table::ALL.len()]>,
}

impl StoreView for FjallView {
    fn read(
        &self,
        table: Table,
        key: &[u8],
        visit: &mut dyn FnMut(&[u8]),
    ) -> Result<(), StoreError> {
        let keyspace = &self.tables[index(table)];
        let value = self.snapshot.get(keyspace, key);
        if let Some(value) = value.map_err(|source| StoreError::new("read", source))? {
            visit(&value);
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
        let keyspace = &self.tables[index(table)];
        let mut rows = match end {
            Some(end) if end <= start => return Ok(()),
            Some(end) => self.snapshot.range(keyspace, start..end),
            None => self.snapshot.range(keyspace, start..),
        };
        loop {
            let next = match order {
                Order::Ascending => rows.next(),
                Order::Descending => rows.next_back(),
            };
            let Some(row) = next else { return Ok(()) };
            let (key, value) = row
                .into_inner()
                .map_err(|source| StoreError::new("read", source))?;
            if !visit(&key, &value) {
                return Ok(());
            }
        }
    }
}

impl Store for FjallStore {
    type View = FjallView;

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.keyspace(table)
            .get(key)
            .map(|value| value.map(|value| value.to_vec()))
            .map_err(|source| StoreError::new("read", source))
    }

    fn view(&self) -> FjallView {
        FjallView {
            snapshot: self.database.snapshot(),
            tables: Arc::clone(&self.tables),
        }
    }

    fn write(&self, batch: &[Write<'_>]) -> Result<(), StoreError> {
        // Without a mode a batch only reaches the operating system. fdatasync(2) also writes the
        // file's length, which is all that recovery needs of the metadata.
        let rows = OwnedWriteBatch::with_capacity(self.database.clone(), batch.len());
        let mut rows = rows.durability(Some(PersistMode::SyncData));
        for Write { table, key, value } in batch {
            match value {
                Some(value) => rows.insert(self.keyspace(*table), *key, *value),
                None => rows.remove(self.keyspace(*table), *key),
            }
        }
        rows.commit()
            .map_err(|source| StoreError::new("write", source))
    }

    fn clear(&self, table: Table) -> Result<(), StoreError> {
        self.keyspace(table)
            .clear()
            .map_err(|source| StoreError::new("clear", source))
    }
}
