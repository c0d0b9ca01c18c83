//! Which transactions a ledger has seen: ids inside the expiry window, bounded by it.
//!
//! A transaction's expiry is part of what is signed, so a replay carries the same expiry. Ids are
//! kept in slots by expiry, and a slot whose time has passed is dropped as a whole: whatever it
//! held is refused as expired before this set is asked. The first half of an id identifies it.

use crate::error::ExecutionError;
use blockworm_ledger::TransactionId;
use blockworm_state::{Column, Order, SideRow, State, Store};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::{BTreeMap, HashSet, VecDeque};

/// Expiry times in one slot, milliseconds.
const SLOT_MS: u64 = 2_000;

/// Rows read at once when the set is rebuilt.
const PORTION: usize = 256;

/// Half of a transaction id: enough, since finding two ids that share it takes 2^64 work and harms
/// only whoever does it.
pub(crate) type Mark = [u8; 16];

pub(crate) fn mark(id: &TransactionId) -> Mark {
    *id.0
        .first_chunk()
        .expect("invariant: a digest has 32 bytes")
}

/// One block's row in `Column::RecentIds`, under its height, big-endian.
#[derive(Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Seen {
    /// (mark, expiry) of each transaction that was taken.
    pub(crate) ids: Vec<(Mark, u64)>,
}

/// All ids inside the window.
#[derive(Default)]
pub(crate) struct Replay {
    slots: BTreeMap<u64, HashSet<Mark>>,
    /// Rows in the state: (height, latest expiry in it), oldest first.
    rows: VecDeque<(u64, u64)>,
}

impl Replay {
    /// Rebuilds the set from the committed rows.
    pub(crate) fn load<S: Store>(state: &State<S>) -> Result<Self, ExecutionError> {
        let mut replay = Self::default();
        let mut start = Vec::new();
        loop {
            let rows =
                state.side_range(Column::RecentIds, &start, None, Order::Ascending, PORTION)?;
            for (key, value) in &rows {
                let damaged = ExecutionError::DamagedRecord {
                    what: "recent transactions",
                };
                let height = key.as_slice().try_into().map(u64::from_be_bytes);
                let seen: Seen = crate::records::read(value, "recent transactions")?;
                replay.insert(height.map_err(|_| damaged)?, &seen);
            }
            match rows.last() {
                Some((key, _)) if rows.len() == PORTION => start = crate::merge::after(key),
                _ => return Ok(replay),
            }
        }
    }

    pub(crate) fn contains(&self, mark: &Mark, expires_at_ms: u64) -> bool {
        self.slots
            .get(&(expires_at_ms / SLOT_MS))
            .is_some_and(|slot| slot.contains(mark))
    }

    fn insert(&mut self, height: u64, seen: &Seen) {
        for (mark, expires_at_ms) in &seen.ids {
            self.slots
                .entry(expires_at_ms / SLOT_MS)
                .or_default()
                .insert(*mark);
        }
        if let Some(latest) = seen
            .ids
            .iter()
            .map(|(_, expires_at_ms)| *expires_at_ms)
            .max()
        {
            self.rows.push_back((height, latest));
        }
    }

    /// Takes a block's ids, forgets what has expired by its time, and says which rows to commit.
    pub(crate) fn block_executed(
        &mut self,
        height: u64,
        time_ms: u64,
        seen: &Seen,
    ) -> Vec<SideRow> {
        self.insert(height, seen);
        let mut rows = Vec::new();
        if !seen.ids.is_empty() {
            let value = crate::records::write(seen);
            rows.push(SideRow::put(Column::RecentIds, height.to_be_bytes(), value));
        }
        while let Some((height, _)) = self.rows.pop_front_if(|(_, latest)| *latest <= time_ms) {
            rows.push(SideRow::delete(Column::RecentIds, height.to_be_bytes()));
        }
        // An id counts until block time reaches its expiry; a slot ends where the next begins.
        self.slots = self.slots.split_off(&(time_ms / SLOT_MS));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blockworm_crypto::sha256;

    #[test]
    fn an_id_is_kept_until_its_expiry_and_then_forgotten() {
        let mut replay = Replay::default();
        let early = mark(&sha256(&[b"early"]));
        let late = mark(&sha256(&[b"late"]));
        let seen = Seen {
            ids: vec![(early, 3_000), (late, 9_000)],
        };
        assert_eq!(replay.block_executed(1, 1_000, &seen).len(), 1);
        assert!(replay.contains(&early, 3_000) && replay.contains(&late, 9_000));
        assert!(replay.block_executed(2, 5_000, &Seen::default()).is_empty());
        assert!(!replay.contains(&early, 3_000) && replay.contains(&late, 9_000));
        let rows = replay.block_executed(3, 10_001, &Seen::default());
        assert_eq!(
            rows,
            [SideRow::delete(Column::RecentIds, 1u64.to_be_bytes())]
        );
        assert!(replay.slots.is_empty() && replay.rows.is_empty());
    }
}
