//! Committing: from staged blocks to one durable batch, and back to nothing when asked.

use crate::{
    cache::LeafCache,
    digests::Digests,
    error::StateError,
    overlay::{Staged, Writes},
    pairs::Change,
    session::{Outcome, Session},
    side::SideRow,
    state::{RECENT_ROOTS, State, Tip},
    store::{Store, Table, Write},
    system::{self, Head},
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
