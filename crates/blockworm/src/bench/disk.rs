//! What transactions cost on disk, split into blocks, receipts, state and indexes.

use super::network::Stopped;
use crate::failure::{Failure, Result};
use blockworm_state::{FjallStore, Table};
use serde::Serialize;
use std::{fs, io, os::unix::fs::MetadataExt as _, path::Path};

/// Bytes, of all nodes or for one transaction on one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bytes {
    /// Blocks with their certificates, and the validators' votes.
    pub blocks: f64,
    /// Receipts with their events.
    pub receipts: f64,
    /// Values and the tree that authenticates them.
    pub state: f64,
    /// Where transactions stand, and ids that must not come again.
    pub indexes: f64,
}

impl Bytes {
    /// All of them.
    pub fn total(self) -> f64 {
        self.blocks + self.receipts + self.state + self.indexes
    }

    /// For one of so many transactions on one of so many nodes.
    pub fn per_transaction(self, nodes: usize, transactions: u64) -> Self {
        let share = |bytes: f64| bytes / nodes.max(1) as f64 / transactions.max(1) as f64;
        Self {
            blocks: share(self.blocks),
            receipts: share(self.receipts),
            state: share(self.state),
            indexes: share(self.indexes),
        }
    }
}

/// Reads the disks of stopped nodes. Journals are written into their tables first: how much of them
/// waits at one moment says nothing about a transaction.
pub fn measure(network: &Stopped) -> Result<Bytes> {
    let mut sum = Bytes::default();
    for home in &network.homes {
        let ledgers = home.join("ledgers");
        let state = ledgers.join(network.ledger.to_string()).join("state");
        let allocated = |path: &Path| {
            allocated(path)
                .map_err(|error| Failure::of("bench.disk", &error).during(path.display()))
        };
        // The only ledger's folders hold the state, and for the rest blocks and votes.
        sum.blocks += allocated(&ledgers)?.saturating_sub(allocated(&state)?) as f64;
        let store = FjallStore::open(&state).map_err(|error| Failure::of("bench.disk", &error))?;
        store
            .settle()
            .map_err(|error| Failure::of("bench.disk", &error))?;
        let bytes = |tables: &[Table]| {
            tables
                .iter()
                .map(|table| store.table_bytes(*table))
                .sum::<u64>() as f64
        };
        sum.receipts += bytes(&[Table::Receipts]);
        sum.state += bytes(&[Table::Values, Table::Pairs, Table::System]);
        sum.indexes += bytes(&[Table::TransactionIndex, Table::RecentIds, Table::Meta]);
    }
    Ok(sum)
}

/// Bytes that the file system holds for a folder, as du(1) counts them; 0 for one that is not there.
fn allocated(path: &Path) -> io::Result<u64> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        metadata => metadata?,
    };
    let mut sum = metadata.blocks() * 512;
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            sum += allocated(&entry?.path())?;
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_folder_is_counted_with_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let before = allocated(folder.path()).unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        fs::write(folder.path().join("inner/file"), vec![1u8; 100_000]).unwrap();
        let after = allocated(folder.path()).unwrap();
        assert!(after >= before + 100_000, "{before} {after}");
        assert_eq!(allocated(&folder.path().join("absent")).unwrap(), 0);
    }

    #[test]
    fn bytes_are_shared_by_nodes_and_transactions() {
        let all = Bytes {
            blocks: 800.0,
            receipts: 400.0,
            state: 80.0,
            indexes: 8.0,
        };
        let one = all.per_transaction(4, 2);
        assert_eq!(
            one,
            Bytes {
                blocks: 100.0,
                receipts: 50.0,
                state: 10.0,
                indexes: 1.0
            }
        );
        assert!((one.total() - 161.0).abs() < 1e-9);
    }
}
