//! The checkpoints that a node knows: the newest in memory, older ones in rows beside the state.
//!
//! Rows ride along with the next block's batch, so a crash loses at most what came in since the
//! last block; peers are asked for that again.

use super::thinning::{self, Merit};
use blockworm_crypto::{Digest, sha256};
use blockworm_ledger::{LedgerId, OrganisationId, checkpoint::Checkpoint};
use blockworm_state::{Column, Order, SideRow, State, StateError, Store};
use borsh::{BorshDeserialize, BorshSerialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Checkpoints that still take cosignatures.
pub const OPEN: usize = 128;
/// Most cosignatures of one checkpoint; a note has no more lines.
const LINES: usize = 256;
/// Most certificates' chains of one organisation that are remembered.
const CHAINS: usize = 64;
/// Most checkpoints that are kept whatever their age.
const PINS: usize = 8_192;
/// Rows read at a time when a node starts.
const PORTION: usize = 1_024;
const CHECKPOINT_PREFIX: u8 = b'c';
const CHAIN_PREFIX: u8 = b'k';
const PIN_PREFIX: u8 = b'i';

/// The first bytes of the digest of a certificate's chain.
pub type ChainId = [u8; 16];

/// A chain's id.
#[must_use]
pub fn chain_id(chain: &[u8]) -> ChainId {
    let mut id = ChainId::default();
    id.copy_from_slice(&sha256(&[chain]).0[..16]);
    id
}

/// A cosignature that was checked.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Line {
    /// The Ed25519 key that signed.
    pub key: [u8; 32],
    /// The chain of its certificate.
    pub chain: ChainId,
    /// When, in seconds since 1970, by the cosigner's clock.
    pub time_s: u64,
    /// The signature.
    pub signature: [u8; 64],
}

/// A checkpoint with its cosignatures.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Entry {
    /// The root of the tree.
    pub root: Digest,
    /// Time of its last block, milliseconds since 1970.
    pub time_ms: u64,
    /// Who cosigned, in the order of arrival; each key once.
    pub lines: Vec<Line>,
}

/// A certificate's chain and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Chain {
    /// The organisation.
    pub organisation: String,
    /// The chain, DER.
    pub der: Vec<u8>,
}

/// What became of a cosignature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is new.
    New,
    /// This key cosigned the checkpoint before.
    Known,
    /// The checkpoint takes no more, or is not there.
    Closed,
}

/// The checkpoints of one ledger.
#[derive(Default)]
pub struct CheckpointBook {
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    open: BTreeMap<u64, Entry>,
    kept: BTreeMap<u64, Merit>,
    pinned: BTreeSet<u64>,
    chains: BTreeMap<ChainId, Chain>,
    /// The order in which chains came.
    chain_order: Vec<ChainId>,
    dirty: BTreeSet<u64>,
    rows: Vec<SideRow>,
}

fn key(prefix: u8, rest: &[u8]) -> Vec<u8> {
    [&[prefix], rest].concat()
}

/// The key of a checkpoint's row.
#[must_use]
pub fn entry_key(size: u64) -> Vec<u8> {
    key(CHECKPOINT_PREFIX, &size.to_be_bytes())
}

fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    borsh::to_vec(value).expect("invariant: writing to memory does not fail")
}

/// A row's key without its prefix, and its value.
type Row = (Vec<u8>, Vec<u8>);

/// All rows of `Column::Meta` with this prefix and their keys without it. What is damaged is left out:
/// peers may still know it.
fn rows<S: Store>(state: &State<S>, prefix: u8) -> Result<Vec<Row>, StateError> {
    let (mut start, end) = (vec![prefix], [prefix + 1]);
    let mut rows = Vec::new();
    loop {
        let portion =
            state.side_range(Column::Meta, &start, Some(&end), Order::Ascending, PORTION)?;
        let full = portion.len() == PORTION;
        for (key, value) in portion {
            start = [&key[..], &[0]].concat();
            rows.push((key.get(1..).unwrap_or_default().to_vec(), value));
        }
        if !full {
            return Ok(rows);
        }
    }
}

fn size_of(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}

impl CheckpointBook {
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what the node kept before.
    ///
    /// # Errors
    /// When the store fails.
    pub fn restore<S: Store>(&self, state: &State<S>) -> Result<(), StateError> {
        let mut book = Book::default();
        for (key, value) in rows(state, CHAIN_PREFIX)? {
            if let (Ok(id), Ok(chain)) = (key.try_into(), borsh::from_slice(&value)) {
                book.chains.insert(id, chain);
                book.chain_order.push(id);
            }
        }
        for (key, _) in rows(state, PIN_PREFIX)? {
            book.pinned.extend(size_of(&key));
        }
        for (key, value) in rows(state, CHECKPOINT_PREFIX)? {
            if let (Some(size), Ok(entry)) = (size_of(&key), borsh::from_slice::<Entry>(&value)) {
                book.kept.insert(size, entry.merit());
                book.open.insert(size, entry);
                if book.open.len() > OPEN {
                    book.open.pop_first();
                }
            }
        }
        *self.lock() = book;
        Ok(())
    }

    /// Opens a checkpoint for cosignatures; the oldest open one is closed, and what is old is
    /// thinned. One that is known already stays as it is.
    pub fn begin(&self, size: u64, root: Digest, time_ms: u64) {
        let mut book = self.lock();
        if book.kept.contains_key(&size) {
            return;
        }
        let entry = Entry {
            root,
            time_ms,
            lines: Vec::new(),
        };
        book.kept.insert(size, entry.merit());
        book.open.insert(size, entry);
        book.close_surplus();
        let gone = thinning::surplus(&book.kept, &book.pinned, time_ms);
        for size in gone {
            book.kept.remove(&size);
            book.open.remove(&size);
            book.dirty.remove(&size);
            book.rows
                .push(SideRow::delete(Column::Meta, entry_key(size)));
        }
    }

    /// Takes in a cosignature that was checked, and the chain that shows whose it is.
    pub fn add(&self, size: u64, line: Line, organisation: &OrganisationId, chain: &[u8]) -> Taken {
        let mut book = self.lock();
        let Some(entry) = book.open.get_mut(&size) else {
            return Taken::Closed;
        };
        if entry.lines.iter().any(|known| known.key == line.key) {
            return Taken::Known;
        }
        if entry.lines.len() == LINES {
            return Taken::Closed;
        }
        let id = line.chain;
        entry.lines.push(line);
        let merit = entry.merit();
        book.kept.insert(size, merit);
        book.dirty.insert(size);
        book.remember(id, organisation, chain);
        Taken::New
    }

    /// An open checkpoint.
    #[must_use]
    pub fn open(&self, size: u64) -> Option<Entry> {
        self.lock().open.get(&size).cloned()
    }

    /// The newest sizes that are open, newest first.
    #[must_use]
    pub fn newest(&self, count: usize) -> Vec<u64> {
        self.lock().open.keys().rev().take(count).copied().collect()
    }

    /// How many cosigned the newest checkpoint but one: the newest is still being cosigned.
    #[must_use]
    pub fn cosigners_lately(&self) -> usize {
        let book = self.lock();
        let mut newest = book.open.values().rev();
        let first = newest.next().map_or(0, |entry| entry.lines.len());
        newest.next().map_or(first, |entry| entry.lines.len())
    }

    /// The first checkpoint of a size above `height` that `quorum` cosigned; where there is none,
    /// that with the most cosigners; where none is so large, the newest cosigned one.
    #[must_use]
    pub fn covering(&self, height: Option<u64>, quorum: usize) -> Option<u64> {
        let book = self.lock();
        let cosigned = |(_, merit): &(&u64, &Merit)| merit.cosigners > 0;
        let Some(height) = height else {
            let mut newest = book.kept.iter().rev().filter(cosigned).take(OPEN);
            let full = newest.clone().find(|(_, merit)| merit.cosigners >= quorum);
            return full.or_else(|| newest.next()).map(|(size, _)| *size);
        };
        let mut above = book.kept.range(height.saturating_add(1)..).filter(cosigned);
        let full = above.clone().find(|(_, merit)| merit.cosigners >= quorum);
        let best = above.clone().map(|(_, merit)| merit.cosigners).max();
        let found = full.or_else(|| above.find(|(_, merit)| Some(merit.cosigners) == best));
        let newest = || book.kept.iter().rev().find(cosigned);
        found.or_else(newest).map(|(size, _)| *size)
    }

    /// The chain of a cosigner's certificate.
    #[must_use]
    pub fn chain(&self, id: &ChainId) -> Option<Chain> {
        self.lock().chains.get(id).cloned()
    }

    /// Keeps a checkpoint whatever its age; false where it is not kept or too many are.
    pub fn pin(&self, size: u64) -> bool {
        let mut book = self.lock();
        if !book.kept.contains_key(&size) {
            return false;
        }
        if book.pinned.contains(&size) {
            return true;
        }
        if book.pinned.len() >= PINS {
            return false;
        }
        book.pinned.insert(size);
        let pin = key(PIN_PREFIX, &size.to_be_bytes());
        book.rows.push(SideRow::put(Column::Meta, pin, Vec::new()));
        true
    }

    /// What has changed since it was asked last, to be committed with the next block.
    #[must_use]
    pub fn take_rows(&self) -> Vec<SideRow> {
        let mut book = self.lock();
        let mut rows = std::mem::take(&mut book.rows);
        let dirty = std::mem::take(&mut book.dirty);
        let entries = dirty.iter().filter_map(|size| {
            let entry = book.open.get(size)?;
            Some(SideRow::put(Column::Meta, entry_key(*size), encode(entry)))
        });
        rows.extend(entries);
        rows
    }
}

impl Entry {
    fn merit(&self) -> Merit {
        Merit {
            time_ms: self.time_ms,
            cosigners: self.lines.len(),
        }
    }

    /// What was cosigned.
    #[must_use]
    pub const fn checkpoint(&self, ledger: LedgerId, size: u64) -> Checkpoint {
        Checkpoint {
            ledger,
            size,
            root: self.root,
        }
    }
}

impl Book {
    fn close_surplus(&mut self) {
        while self.open.len() > OPEN {
            let Some((size, entry)) = self.open.pop_first() else {
                return;
            };
            if self.dirty.remove(&size) {
                let row = SideRow::put(Column::Meta, entry_key(size), encode(&entry));
                self.rows.push(row);
            }
            if entry.lines.is_empty() {
                self.kept.remove(&size);
            }
        }
    }

    fn remember(&mut self, id: ChainId, organisation: &OrganisationId, der: &[u8]) {
        if self.chains.contains_key(&id) {
            return;
        }
        let own = |chain: &Chain| chain.organisation == organisation.as_str();
        if self.chains.values().filter(|chain| own(chain)).count() >= CHAINS {
            let oldest = self.chain_order.iter().position(|id| own(&self.chains[id]));
            if let Some(at) = oldest {
                let gone = self.chain_order.remove(at);
                self.chains.remove(&gone);
                let row = SideRow::delete(Column::Meta, key(CHAIN_PREFIX, &gone));
                self.rows.push(row);
            }
        }
        let chain = Chain {
            organisation: organisation.to_string(),
            der: der.to_vec(),
        };
        let row = SideRow::put(Column::Meta, key(CHAIN_PREFIX, &id), encode(&chain));
        self.rows.push(row);
        self.chains.insert(id, chain);
        self.chain_order.push(id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use blockworm_state::MemoryStore;

    const NOW_MS: u64 = 1_790_000_000_000;

    fn line(key: u8) -> Line {
        Line {
            key: [key; 32],
            chain: chain_id(&[key]),
            time_s: 5,
            signature: [key; 64],
        }
    }

    fn add(book: &CheckpointBook, size: u64, key: u8) -> Taken {
        book.add(size, line(key), &"bank".parse().unwrap(), &[key])
    }

    fn book(sizes: std::ops::RangeInclusive<u64>) -> CheckpointBook {
        let book = CheckpointBook::default();
        sizes.for_each(|size| book.begin(size, Digest::ZERO, NOW_MS + size * 1000));
        book
    }

    #[test]
    fn a_key_cosigns_a_checkpoint_once_and_only_while_it_is_open() {
        let book = book(1..=200);
        assert_eq!(add(&book, 200, 1), Taken::New);
        assert_eq!(add(&book, 200, 1), Taken::Known);
        assert_eq!(add(&book, 200, 2), Taken::New);
        assert_eq!(add(&book, 201, 1), Taken::Closed);
        assert_eq!(add(&book, 1, 1), Taken::Closed);
        assert_eq!(book.open(200).unwrap().lines.len(), 2);
    }

    #[test]
    fn the_first_that_enough_cosigned_covers_a_height_else_the_best() {
        let book = book(1..=9);
        assert_eq!(book.covering(None, 1), None, "nobody cosigned any");
        for (size, keys) in [(3, 1..=2), (5, 1..=3), (7, 1..=3), (9, 1..=1)] {
            keys.for_each(|key| assert_eq!(add(&book, size, key), Taken::New));
        }
        assert_eq!(book.covering(Some(1), 3), Some(5));
        assert_eq!(book.covering(Some(5), 3), Some(7));
        assert_eq!(book.covering(Some(1), 4), Some(5), "none has four");
        assert_eq!(book.covering(Some(7), 3), Some(9), "the only one above");
        assert_eq!(book.covering(Some(20), 3), Some(9), "none is so large");
        assert_eq!(book.covering(None, 3), Some(7));
        assert_eq!(book.covering(None, 4), Some(9));
    }

    #[test]
    fn rows_bring_everything_back() {
        let state = State::open(MemoryStore::new(), 4).unwrap();
        let first = book(1..=150);
        assert!(!first.pin(151) && !first.pin(5), "neither is kept");
        assert_eq!(add(&first, 140, 7), Taken::New);
        assert_eq!(add(&first, 150, 7), Taken::New);
        assert!(first.pin(140));
        state.stage(0, blockworm_state::Writes::default()).unwrap();
        state.commit(0, first.take_rows()).unwrap();
        assert_eq!(first.take_rows(), []);
        let second = CheckpointBook::default();
        second.restore(&state).unwrap();
        assert_eq!(second.open(150), first.open(150));
        assert_eq!(second.covering(Some(0), 1), Some(140));
        assert_eq!(second.chain(&chain_id(&[7])).unwrap().der, [7]);
        assert_eq!(second.lock().pinned, BTreeSet::from([140]));
        assert_eq!(add(&second, 150, 7), Taken::Known);
    }

    #[test]
    fn an_organisation_fills_no_memory_with_chains() {
        let book = book(1..=1);
        (0..200).for_each(|key| assert_eq!(add(&book, 1, key), Taken::New));
        assert_eq!(book.lock().chains.len(), CHAINS);
        assert!(book.chain(&chain_id(&[199])).is_some());
        assert!(book.chain(&chain_id(&[0])).is_none());
    }
}
