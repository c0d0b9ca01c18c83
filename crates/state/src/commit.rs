//! Committing: from staged blocks to one durable batch, and back to nothing when asked.

use crate::{
    cache::LeafCache,
    digests::Digests,
    error::StateError,
    overlay::{Staged, Writes},
    pairs::{Change, Pair, RowKey},
    session::{Outcome, Session},
    side::SideRow,
    state::{RECENT_ROOTS, State, Tip},
    store::{Store, Table, Write},
    system::{self, Head, SystemRow},
};
use blockworm_crypto::Digest;
use blockworm_ledger::state_proof::{key_hash, value_hash};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

impl<S: Store> State<S> {
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
        let store = self.store();
        let (roots, outcome, own) = {
            let tip = self.tip();
            let view = store.view();
            let mut session = Session::new(&tip.digests, &view, &mut cache);
            let mut roots = Vec::with_capacity(blocks.len());
            for (height, writes) in staged {
                roots.push((*height, session.apply(&changes(writes))?));
            }
            let own = system_rows(tip.digests.bits(), &roots);
            (roots, session.finish(), own)
        };
        let mut batch = Vec::new();
        value_rows(staged, &mut batch);
        batch.extend(
            outcome
                .rows
                .iter()
                .map(|(key, pairs)| pairs_row(key, pairs)),
        );
        batch.extend(own.iter().map(system::write));
        batch.extend(blocks.iter().flat_map(|(_, rows)| rows).map(Write::from));
        store.write(&batch)?;
        drop(batch);
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

    /// Forgets everything, staged and committed, so that the state can be rebuilt from blocks.
    ///
    /// # Errors
    /// When the store fails; opening finishes the work.
    pub fn reset(&self) -> Result<(), StateError> {
        let mut cache = self.committer()?;
        let mut staged = self.staged_mut();
        let mut tip = self.tip_mut();
        system::reset(self.store())?;
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
fn value_rows<'a>(staged: &'a [(u64, Arc<Writes>)], batch: &mut Vec<Write<'a>>) {
    let row = |(key, value): (&'a Vec<u8>, &'a Option<Vec<u8>>)| Write {
        table: Table::Values,
        key,
        value: value.as_deref(),
    };
    if let [(_, writes)] = staged {
        batch.extend(writes.iter().map(row));
    } else {
        let mut newest = BTreeMap::new();
        for (_, writes) in staged {
            newest.extend(writes.iter());
        }
        batch.extend(newest.into_iter().map(row));
    }
}

fn pairs_row<'a>(key: &'a RowKey, pairs: &'a [Pair]) -> Write<'a> {
    let value = (!pairs.is_empty()).then_some(pairs.as_flattened());
    Write {
        table: Table::Pairs,
        key: key.as_bytes(),
        value,
    }
}

fn system_rows(bits: u8, roots: &[(u64, Digest)]) -> Vec<SystemRow> {
    let mut rows = Vec::new();
    for (height, root) in roots {
        rows.push(system::root_row(*height, root));
        rows.extend(height.checked_sub(RECENT_ROOTS).map(system::forget_root));
    }
    rows.extend(roots.last().map(|(height, root)| {
        let (height, root) = (*height, *root);
        Head { bits, height, root }.row()
    }));
    rows
}
