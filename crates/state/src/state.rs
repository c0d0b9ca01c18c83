//! State: staged blocks in front, the store behind, the root over what is committed.

use crate::{
    cache::LeafCache,
    digests::Digests,
    error::StateError,
    overlay::{Staged, Writes, staged_value},
    side::Column,
    store::{Order, Row, Store, StoreView, Table},
    system,
    view::StateView,
};
use blockworm_crypto::Digest;
use std::{
    collections::VecDeque,
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
    pub(crate) roots: VecDeque<(u64, Digest)>,
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
            leaf_cache_bytes: 16 * 1024 * 1024,
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
        // Nothing is committed that was not staged first, so under this lock the store holds
        // nothing newer than the staged blocks seen here.
        let staged = self
            .shared
            .staged
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let height = newest(&staged, self.height());
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
        // The staged blocks first: a commit moves a height from here to there, never back.
        let mut staged = self.staged_mut();
        let last = newest(&staged, self.height());
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

    /// The committed height; `None` before the first commit.
    #[must_use]
    pub fn height(&self) -> Option<u64> {
        self.tip().height
    }

    /// The newest staged height, or the committed one when nothing is staged.
    #[must_use]
    pub fn staged_height(&self) -> Option<u64> {
        newest(&self.staged(), self.height())
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

    // What these locks guard is replaced whole or not at all, so a panic elsewhere leaves it valid.
    pub(crate) fn staged(&self) -> Staged {
        Arc::clone(
            &self
                .shared
                .staged
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    pub(crate) fn staged_mut(&self) -> RwLockWriteGuard<'_, Staged> {
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

    pub(crate) fn tip_mut(&self) -> RwLockWriteGuard<'_, Tip> {
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

fn newest(staged: &Staged, committed: Option<u64>) -> Option<u64> {
    staged.last().map(|(height, _)| *height).max(committed)
}
