//! State: staged blocks in front, the store behind, the root over what is committed.

use crate::{
    cache::LeafCache,
    digests::{Digests, Node},
    error::StateError,
    overlay::{Staged, Writes, staged_value},
    pairs::{Change, Pair, Place, bucket, pair},
    session::{Outcome, Session},
    side::{Column, SideRow},
    store::{Order, Row, Store, StoreView, Table, Write},
    system::{self, Head},
    view::StateView,
};
use blockworm_crypto::Digest;
use blockworm_ledger::state_proof::{key_hash, value_hash};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

/// The roots of this many heights are kept: more than the largest `root_lag`.
pub const RECENT_ROOTS: u64 = 128;

/// The longest state key, a limit of the store.
const KEY_LIMIT: usize = 65_535;

/// The state of one ledger. Clones share it.
///
/// One thread stages blocks and one commits them; any number read, and they wait for neither.
pub struct State<S: Store> {
    shared: Arc<Shared<S>>,
}

impl<S: Store> Clone for State<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

struct Shared<S> {
    store: S,
    /// Held from the first read of a commit to its last change in memory.
    committer: Mutex<LeafCache>,
    tip: RwLock<Tip>,
    staged: RwLock<Staged>,
}

/// What is committed.
pub(crate) struct Tip {
    pub(crate) digests: Digests,
    pub(crate) height: Option<u64>,
    roots: VecDeque<(u64, Digest)>,
}

/// What to keep in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateOptions {
    /// Leaves of the tree are remembered in about this many bytes.
    pub leaf_cache_bytes: usize,
}

impl Default for StateOptions {
    fn default() -> Self {
        Self {
            leaf_cache_bytes: 32 * 1024 * 1024,
        }
    }
}

impl<S: Store> State<S> {
    /// Opens the state in `store` with `2^bucket_bits` buckets, and checks its root.
    ///
    /// # Errors
    /// When the store fails, is damaged, or was made with other parameters.
    pub fn open(store: S, bucket_bits: u8) -> Result<Self, StateError> {
        Self::open_with(store, bucket_bits, StateOptions::default())
    }

    /// Opens the state with other limits than the usual.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(store: S, bucket_bits: u8, options: StateOptions) -> Result<Self, StateError> {
        if !(1..=24).contains(&bucket_bits) {
            return Err(StateError::BucketBitsOutOfRange(bucket_bits));
        }
        system::finish_reset(&store)?;
        let tip = Tip::load(&store, bucket_bits)?;
        let shared = Shared {
            store,
            committer: Mutex::new(LeafCache::new(options.leaf_cache_bytes)),
            tip: RwLock::new(tip),
            staged: RwLock::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// The newest value under a state key, staged or committed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let staged = self.staged();
        if let Some(value) = staged_value(&staged, key) {
            return Ok(value.map(<[u8]>::to_vec));
        }
        Ok(self.shared.store.get(Table::Values, key)?)
    }

    /// At most `limit` rows with `start <= key` and `key < end` (`None`: no upper bound), staged
    /// and committed, the smallest or the largest keys first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn range(
        &self,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, StateError> {
        self.view().range(start, end, order, limit)
    }

    /// State as it stands now, for several reads that must agree.
    #[must_use]
    pub fn view(&self) -> StateView<S::View> {
        let committed = self.height();
        // Nothing is committed that was not staged first, so under this lock the store holds
        // nothing newer than the staged blocks seen here.
        let staged = self
            .shared
            .staged
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let height = staged.last().map(|(height, _)| *height).max(committed);
        StateView::new(Arc::clone(&staged), self.shared.store.view(), height)
    }

    /// Shows a block's writes to readers. The first height may be any, then each follows the last.
    ///
    /// # Errors
    /// When the height is not the next, or a key is too long.
    pub fn stage(&self, height: u64, writes: Writes) -> Result<(), StateError> {
        if let Some(key) = writes.keys().find(|key| key.len() > KEY_LIMIT) {
            return Err(StateError::KeyTooLong {
                length: key.len(),
                limit: KEY_LIMIT,
            });
        }
        let committed = self.height();
        let mut staged = self.staged_mut();
        let last = staged.last().map(|(height, _)| *height).max(committed);
        match last.map(|last| last + 1) {
            Some(expected) if expected != height => Err(StateError::StageOutOfOrder {
                expected,
                got: height,
            }),
            _ => {
                Arc::make_mut(&mut staged).push((height, Arc::new(writes)));
                Ok(())
            }
        }
    }

    /// Commits the lowest staged height: one atomic, durable batch of values, pairs, `rows`,
    /// height and root. Returns the root.
    ///
    /// # Errors
    /// When the height is not the lowest staged one, or the store fails; then nothing changed in
    /// memory, and reopening shows all of the batch or none.
    pub fn commit(&self, height: u64, rows: Vec<SideRow>) -> Result<Digest, StateError> {
        let roots = self.commit_many(vec![(height, rows)])?;
        Ok(roots.last().map_or(Digest::ZERO, |(_, root)| *root))
    }

    /// Commits several staged heights, lowest first, as one batch, and returns the root of each.
    /// Keys written at several heights are written once.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn commit_many(
        &self,
        blocks: Vec<(u64, Vec<SideRow>)>,
    ) -> Result<Vec<(u64, Digest)>, StateError> {
        let mut cache = self.committer()?;
        let staged = self.staged();
        check_order(&blocks, &staged)?;
        let staged = &staged[..blocks.len()];
        let store = &self.shared.store;
        let (batch, roots, outcome) = {
            let tip = self.tip();
            let view = store.view();
            let mut session = Session::new(&tip.digests, &view, &mut cache);
            let mut roots = Vec::with_capacity(blocks.len());
            let mut pairs = BTreeMap::new();
            for (height, writes) in staged {
                let changes = changes(writes);
                roots.push((*height, session.apply(&changes)?));
                pairs.extend(changes);
            }
            let mut batch = Vec::new();
            value_rows(staged, &mut batch);
            batch.extend(
                pairs
                    .into_iter()
                    .map(|(key, value)| pair_row(&key, value.as_ref())),
            );
            system_rows(&tip, &roots, &mut batch);
            (batch, roots, session.finish())
        };
        let mut batch = batch;
        batch.extend(
            blocks
                .into_iter()
                .flat_map(|(_, rows)| rows)
                .map(Write::from),
        );
        store.write(batch)?;
        self.publish(&mut cache, &roots, outcome);
        Ok(roots)
    }

    /// Makes a durable batch the committed state.
    fn publish(&self, cache: &mut LeafCache, roots: &[(u64, Digest)], outcome: Outcome) {
        let mut tip = self.tip_mut();
        tip.digests.apply(&outcome.levels, outcome.splits);
        for (height, root) in roots {
            tip.height = Some(*height);
            tip.roots.push_back((*height, *root));
        }
        while tip.roots.len() as u64 > RECENT_ROOTS {
            tip.roots.pop_front();
        }
        drop(tip);
        for (place, pairs) in outcome.leaves {
            cache.insert(place, pairs);
        }
        let mut staged = self.staged_mut();
        Arc::make_mut(&mut staged).drain(..roots.len());
    }

    /// The committed height; `None` before the first commit.
    #[must_use]
    pub fn height(&self) -> Option<u64> {
        self.tip().height
    }

    /// The newest staged height, or the committed one when nothing is staged.
    #[must_use]
    pub fn staged_height(&self) -> Option<u64> {
        let committed = self.height();
        self.staged()
            .last()
            .map(|(height, _)| *height)
            .max(committed)
    }

    /// The committed root; of an empty state before the first commit.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.tip().digests.root()
    }

    /// The root of one of the last [`RECENT_ROOTS`] committed heights.
    #[must_use]
    pub fn root_at(&self, height: u64) -> Option<Digest> {
        let tip = self.tip();
        let at = tip
            .roots
            .binary_search_by_key(&height, |(height, _)| *height);
        at.ok().map(|at| tip.roots[at].1)
    }

    /// The number of bits that lead to a bucket.
    #[must_use]
    pub fn bucket_bits(&self) -> u8 {
        self.tip().digests.bits()
    }

    /// The store behind.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.shared.store
    }

    /// The row of a side column.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn side_get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.shared.store.get(column.table(), key)?)
    }

    /// At most `limit` rows of a side column with `start <= key` and `key < end`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn side_range(
        &self,
        column: Column,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, StateError> {
        let mut rows = Vec::new();
        if limit > 0 {
            let view = self.shared.store.view();
            view.scan(column.table(), start, end, order, &mut |key, value| {
                rows.push((key.to_vec(), value.to_vec()));
                rows.len() < limit
            })?;
        }
        Ok(rows)
    }

    /// Forgets everything, staged and committed, so that the state can be rebuilt from blocks.
    ///
    /// # Errors
    /// When the store fails; opening finishes the work.
    pub fn reset(&self) -> Result<(), StateError> {
        let mut cache = self.committer()?;
        let mut tip = self.tip_mut();
        let mut staged = self.staged_mut();
        system::reset(&self.shared.store)?;
        cache.clear();
        *staged = Staged::default();
        let digests = Digests::empty(tip.digests.bits());
        *tip = Tip {
            digests,
            height: None,
            roots: VecDeque::new(),
        };
        Ok(())
    }

    // What these locks guard is replaced whole or not at all, so a panic elsewhere leaves it valid.
    fn staged(&self) -> Staged {
        Arc::clone(
            &self
                .shared
                .staged
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn staged_mut(&self) -> RwLockWriteGuard<'_, Staged> {
        self.shared
            .staged
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tip(&self) -> RwLockReadGuard<'_, Tip> {
        self.shared
            .tip
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn tip_mut(&self) -> RwLockWriteGuard<'_, Tip> {
        self.shared
            .tip
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn committer(&self) -> Result<MutexGuard<'_, LeafCache>, StateError> {
        self.shared
            .committer
            .lock()
            .map_err(|_| StateError::Poisoned)
    }
}

impl Tip {
    fn load<S: Store>(store: &S, bits: u8) -> Result<Self, StateError> {
        let view = store.view();
        let mut digests = Digests::empty(bits);
        let Some(head) = Head::read(&view)? else {
            return Ok(Self {
                digests,
                height: None,
                roots: VecDeque::new(),
            });
        };
        if head.bits != bits {
            return Err(StateError::BucketBitsDiffer {
                stored: head.bits,
                asked: bits,
            });
        }
        load_buckets(&view, &mut digests)?;
        digests.rebuild();
        if digests.root() != head.root {
            return Err(StateError::RootMismatch {
                height: head.height,
                stored: head.root,
                computed: digests.root(),
            });
        }
        Ok(Self {
            digests,
            height: Some(head.height),
            roots: system::read_roots(&view)?,
        })
    }
}

/// Reads all pairs in order and puts the digest of each bucket in place.
fn load_buckets(view: &impl StoreView, digests: &mut Digests) -> Result<(), StateError> {
    let bits = digests.bits();
    let mut pairs: Vec<Pair> = Vec::new();
    let mut current = 0;
    let mut malformed = None;
    let mut finish = |index: u32, pairs: &mut Vec<Pair>| {
        if !pairs.is_empty() {
            let place = Place::of_bucket(index, bits);
            digests.load(index, Node::build(place, pairs, &mut |_, _| {}));
            pairs.clear();
        }
    };
    view.scan(
        Table::Pairs,
        &[],
        None,
        Order::Ascending,
        &mut |key, value| {
            let (Some(pair), Some(hash)) = (pair(key, value), key.first_chunk()) else {
                malformed = Some(key.len() + value.len());
                return false;
            };
            let index = bucket(hash, bits);
            if index != current {
                finish(current, &mut pairs);
                current = index;
            }
            pairs.push(pair);
            true
        },
    )?;
    finish(current, &mut pairs);
    match malformed {
        Some(length) => Err(StateError::RowMalformed {
            table: Table::Pairs,
            length,
        }),
        None => Ok(()),
    }
}

fn check_order(blocks: &[(u64, Vec<SideRow>)], staged: &Staged) -> Result<(), StateError> {
    for (at, (height, _)) in blocks.iter().enumerate() {
        let expected = staged.get(at).map(|(height, _)| *height);
        if expected != Some(*height) {
            return Err(StateError::CommitOutOfOrder {
                expected,
                got: *height,
            });
        }
    }
    Ok(())
}

/// A block's writes as digests, ordered by key digest.
fn changes(writes: &Writes) -> Vec<Change> {
    let mut changes: Vec<Change> = writes
        .iter()
        .map(|(key, value)| {
            (
                key_hash(key).0,
                value.as_ref().map(|value| value_hash(value).0),
            )
        })
        .collect();
    changes.sort_unstable_by_key(|(key, _)| *key);
    changes
}

/// The newest write of each key.
fn value_rows(staged: &[(u64, Arc<Writes>)], batch: &mut Vec<Write>) {
    let row = |key: &Vec<u8>, value: &Option<Vec<u8>>| Write {
        table: Table::Values,
        key: key.clone(),
        value: value.clone(),
    };
    if let [(_, writes)] = staged {
        batch.extend(writes.iter().map(|(key, value)| row(key, value)));
    } else {
        let mut newest = BTreeMap::new();
        for (_, writes) in staged {
            newest.extend(writes.iter());
        }
        batch.extend(newest.into_iter().map(|(key, value)| row(key, value)));
    }
}

fn pair_row(key: &[u8; 32], value: Option<&[u8; 32]>) -> Write {
    Write {
        table: Table::Pairs,
        key: key.to_vec(),
        value: value.map(|value| value.to_vec()),
    }
}

fn system_rows(tip: &Tip, roots: &[(u64, Digest)], batch: &mut Vec<Write>) {
    for (height, root) in roots {
        batch.push(system::root_row(*height, root));
        if let Some(old) = height.checked_sub(RECENT_ROOTS) {
            batch.push(system::forget_root(old));
        }
    }
    if let Some((height, root)) = roots.last() {
        batch.push(
            Head {
                bits: tip.digests.bits(),
                height: *height,
                root: *root,
            }
            .row(),
        );
    }
}
